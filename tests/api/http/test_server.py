"""What every call has in common: health, headers, the page, the OpenAPI document, errors of HTTP."""

import pkgutil
import re
import threading
from importlib import import_module
from typing import Any
from unittest.mock import patch

import networkx as nx
import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from api.http import app, schemas
from api.http.bodies import BODIES
from graph.errors import Unavailable
from graph.kinfold import Kinfold
from tests.api.http.test_access import SCOPES
from tests.api.pinned import PINNED, refused


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_a_server_with_its_database_is_alive_and_ready(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200
    assert client.head(path).content == b""


def test_without_its_database_it_is_alive_but_not_ready(client: TestClient, kinfold: Kinfold) -> None:
    with patch.object(type(kinfold), "ready", side_effect=Unavailable("The database is away.")):
        assert client.get("/health").status_code == 200
        response = client.get("/ready")
    refused(response, 503, "unavailable")
    assert response.headers["retry-after"]


def test_an_application_made_for_its_document_alone_leaves_no_thread(kinfold: Kinfold) -> None:
    before = set(threading.enumerate())
    assert app.create_app(kinfold).openapi()["paths"]
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("path", ["/nothing", "/v1/nothing", "/v1/contacts/", "/static/nothing.js", "/redoc"])
def test_an_address_that_is_none_is_a_404_problem(client: TestClient, path: str) -> None:
    refused(client.get(path), 404, "no_route")


def test_a_method_that_is_not_taken_is_a_405_problem_that_names_those_that_are(client: TestClient) -> None:
    response = client.get("/v1/resolve")
    refused(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"
    for method, path, taken in (
        ("PUT", "/v1/contacts/nobody", "GET, PATCH, DELETE"),
        ("POST", "/v1/segments/nothing", "GET, PUT, DELETE"),
        ("DELETE", "/v1/merges?limit=1", "GET, POST"),
        ("POST", "/health", "GET, HEAD"),
        ("PUT", "/static/app.js", "GET, HEAD"),
    ):
        refusal = client.request(method, path)
        refused(refusal, 405, "method_not_allowed")
        assert refusal.headers["allow"] == taken, path


def test_the_page_runs_under_a_strict_policy(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?! src)", page.text)
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_the_page_has_everything_that_it_asks_for(client: TestClient) -> None:
    for address in re.findall(r'(?:href|src)="(/[^"]*)"', client.get("/").text):
        response = client.get(address)
        assert response.status_code == 200, address
        assert response.headers["x-content-type-options"] == "nosniff"


def test_the_parts_of_the_page_find_each_other_and_go_in_no_circle(client: TestClient) -> None:
    folder = app.STATIC
    parts = sorted(folder.glob("*.js"))
    assert parts
    uses: nx.DiGraph[str] = nx.DiGraph()
    for part in parts:
        response = client.get(f"/static/{part.name}")
        assert response.headers["content-type"].startswith("text/javascript")
        for names, other in re.findall(r"import \{([^}]*)\} from \"\./([^\"]+)\"", response.text):
            exported = set(
                re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", (folder / other).read_text(), re.M)
            )
            assert {name.strip() for name in names.split(",")} <= exported, (part.name, other)
            uses.add_edge(part.name, other)
    assert nx.is_directed_acyclic_graph(uses)


def test_answers_about_people_are_kept_by_no_cache(client: TestClient) -> None:
    assert client.get("/v1/contacts?email=ana@example.com").headers["cache-control"] == "no-store"


def test_the_document_shows_every_call_with_its_request_and_its_refusals(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    shown = {(method, path) for path, calls in document["paths"].items() for method in calls}
    assert shown == {(method.lower(), path) for method, path in SCOPES} - {
        ("get", one) for one in ("/", "/docs", "/openapi.json")
    }
    body = document["paths"]["/v1/resolve"]["post"]["requestBody"]["content"]["application/json"]
    assert body["examples"]
    event = document["components"]["schemas"]["Event"]
    assert event["additionalProperties"] is False
    assert event["examples"]
    assert document["components"]["schemas"]["Problem"]["properties"].keys() == PINNED


def test_every_reference_of_the_document_leads_somewhere(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    names = document["components"]["schemas"].keys()
    assert {reference.rpartition("/")[2] for reference in references(document)} <= names
    assert "HTTPValidationError" not in str(document["paths"])


def test_every_body_and_answer_of_the_document_has_an_example(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    known = document["components"]["schemas"]
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            for media in call.get("requestBody", {}).get("content", {}).values():
                name = media["schema"].get("$ref", "").rpartition("/")[2]
                shown = "example" in media or "examples" in media or known.get(name, {}).get("examples")
                assert shown or name == "EmptyBody", (method, path)


def test_every_example_of_the_document_is_what_its_schema_says() -> None:
    seen = 0
    for model in (*models_of_answers(), *BODIES):
        extra: Any = model.model_config.get("json_schema_extra") or {}
        for example in extra.get("examples", []):
            model.model_validate(example)
            seen += 1
    assert seen >= len(BODIES)


def models_of_answers() -> set[type[BaseModel]]:
    """Return every schema of an answer, from all modules of the package."""
    modules = [import_module(f"{schemas.__name__}.{module.name}") for module in pkgutil.iter_modules(schemas.__path__)]
    assert len(modules) > 10
    found = {model for module in modules for model in vars(module).values() if isinstance(model, type)}
    return {model for model in found if issubclass(model, BaseModel)} - {BaseModel}


def references(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    found = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return found.union(*map(references, node.values()))
