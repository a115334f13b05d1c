"""Who may call what, with access keys and without."""

import base64
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.api.conftest import open_client
from tests.api.pinned import refused

SCOPES = {
    ("GET", "/"): None,
    ("GET", "/health"): None,
    ("GET", "/ready"): None,
    ("GET", "/openapi.json"): None,
    ("GET", "/docs"): None,
    ("GET", "/metrics"): "read",
    ("GET", "/tag.js"): None,
    ("POST", "/v1/resolve"): "write",
    ("POST", "/v1/resolve/batch"): "write",
    ("POST", "/v1/identify"): "write",
    ("POST", "/v1/track"): "write",
    ("POST", "/v1/page"): "write",
    ("POST", "/v1/screen"): "write",
    ("POST", "/v1/group"): "write",
    ("POST", "/v1/alias"): "write",
    ("POST", "/v1/batch"): "write",
    ("POST", "/v1/cookie"): "write",
    ("POST", "/v1/subscriptions/gone"): "write",
    ("POST", "/v1/subscriptions/sleep"): "steward",
    ("POST", "/v1/subscriptions/wake"): "steward",
    ("POST", "/v1/deliveries/check"): "read",
    ("GET", "/v1/contacts"): "read",
    ("GET", "/v1/search"): "read",
    ("GET", "/v1/overview"): "read",
    ("GET", "/v1/contacts/{id}"): "read",
    ("PATCH", "/v1/contacts/{id}"): "admin",
    ("POST", "/v1/contacts/{id}/keys"): "steward",
    ("POST", "/v1/contacts/{id}/keys/remove"): "steward",
    ("GET", "/v1/contacts/{id}/activity"): "read",
    ("GET", "/v1/contacts/{id}/activity/days"): "read",
    ("GET", "/v1/contacts/{id}/history"): "read",
    ("GET", "/v1/contacts/{id}/graph"): "read",
    ("POST", "/v1/merges"): "steward",
    ("GET", "/v1/merges"): "read",
    ("GET", "/v1/merges/{id}"): "read",
    ("POST", "/v1/merges/{id}/undo"): "steward",
    ("POST", "/v1/contacts/{id}/split"): "steward",
    ("GET", "/v1/splits"): "read",
    ("GET", "/v1/splits/{id}"): "read",
    ("POST", "/v1/splits/{id}/undo"): "steward",
    ("GET", "/v1/suggestions"): "read",
    ("GET", "/v1/suggestions/{id}"): "read",
    ("POST", "/v1/suggestions/{id}/accept"): "steward",
    ("POST", "/v1/suggestions/{id}/refuse"): "steward",
    ("POST", "/v1/suggestions/{id}/later"): "analyst",
    ("GET", "/v1/judgements"): "read",
    ("POST", "/v1/judgements"): "steward",
    ("DELETE", "/v1/judgements"): "steward",
    ("GET", "/v1/judgements/{id}"): "read",
    ("DELETE", "/v1/judgements/{id}"): "steward",
    ("GET", "/v1/segments"): "read",
    ("PUT", "/v1/segments/{name}"): "admin",
    ("GET", "/v1/segments/{name}"): "read",
    ("DELETE", "/v1/segments/{name}"): "admin",
    ("GET", "/v1/segments/{name}/members"): "read",
    ("PUT", "/v1/segments/{name}/members/{contact}"): "steward",
    ("DELETE", "/v1/segments/{name}/members/{contact}"): "steward",
    ("GET", "/v1/workflows"): "read",
    ("GET", "/v1/workflows/{name}/contacts"): "read",
    ("PUT", "/v1/workflows/{name}"): "admin",
    ("GET", "/v1/workflows/{name}"): "read",
    ("PUT", "/v1/workflows/{name}/contacts/{id}"): "admin",
    ("GET", "/v1/workflows/{name}/contacts/{id}"): "read",
    ("POST", "/v1/workflows/{name}/contacts/{id}/runs"): "admin",
    ("GET", "/v1/environments"): "read",
    ("PUT", "/v1/environments/{env}"): "admin",
    ("DELETE", "/v1/environments/{env}"): "admin",
    ("GET", "/v1/environments/{env}"): "read",
    ("GET", "/v1/environments/{env}/visitors"): "read",
    ("GET", "/v1/environments/{env}/history"): "read",
    ("GET", "/v1/environments/{env}/report"): "read",
    ("GET", "/v1/environments/{env}/rules"): "read",
    ("PUT", "/v1/environments/{env}/rules/{name}"): "admin",
    ("DELETE", "/v1/environments/{env}/rules/{name}"): "admin",
    ("GET", "/v1/environments/{env}/rules/{name}"): "read",
    ("GET", "/v1/environments/{env}/categories"): "read",
    ("PUT", "/v1/environments/{env}/categories/{path}"): "admin",
    ("DELETE", "/v1/environments/{env}/categories/{path}"): "admin",
    ("GET", "/v1/environments/{env}/categories/{path}"): "read",
    ("GET", "/v1/environments/{env}/offers"): "read",
    ("PUT", "/v1/environments/{env}/offers/{name}"): "admin",
    ("DELETE", "/v1/environments/{env}/offers/{name}"): "admin",
    ("GET", "/v1/environments/{env}/offers/{name}"): "read",
    ("GET", "/v1/environments/{env}/spaces"): "read",
    ("PUT", "/v1/environments/{env}/spaces/{name}"): "admin",
    ("DELETE", "/v1/environments/{env}/spaces/{name}"): "admin",
    ("GET", "/v1/environments/{env}/spaces/{name}"): "read",
    ("POST", "/v1/environments/{env}/propositions"): "write",
    ("POST", "/v1/environments/{env}/offers"): "write",
    ("POST", "/v1/environments/{env}/spaces/{space}/propositions"): "write",
    ("POST", "/v1/environments/{env}/spaces/{space}/offers"): "write",
    ("POST", "/v1/propositions/{id}/outcome"): "write",
    ("GET", "/v1/contacts/{id}/propositions"): "read",
    ("GET", "/v1/anomalies"): "read",
    ("GET", "/v1/anomalies/{id}"): "read",
    ("GET", "/v1/anomalies/{id}/graph"): "read",
    ("GET", "/v1/graph"): "read",
    ("POST", "/v1/anomalies/{id}/act"): "analyst",
    ("POST", "/v1/anomalies/{id}/dismiss"): "analyst",
    ("POST", "/v1/anomalies/{id}/reopen"): "analyst",
    ("POST", "/v1/anomalies/{id}/undismiss"): "analyst",
    ("GET", "/v1/clusters"): "read",
    ("GET", "/v1/clusters/{id}"): "read",
    ("GET", "/v1/clusters/{id}/graph"): "read",
    ("POST", "/v1/analyses"): "steward",
    ("GET", "/v1/contacts/{id}/export"): "read",
    ("GET", "/v1/export"): "read",
    ("DELETE", "/v1/contacts"): "admin",
    ("DELETE", "/v1/contacts/{id}"): "admin",
    ("GET", "/v1/erasures/{id}"): "read",
    ("GET", "/v1/suppressed"): "read",
    ("DELETE", "/v1/suppressed/{kind}/{value}"): "admin",
    ("GET", "/v1/audit"): "admin",
    ("POST", "/v1/simulations"): "read",
    ("POST", "/v1/environments/{env}/simulation"): "read",
    ("POST", "/v1/contacts/names"): "read",
    ("GET", "/v1/access"): "read",
    ("GET", "/v1/access-keys"): "admin",
    ("POST", "/v1/access-keys"): "admin",
    ("DELETE", "/v1/access-keys/{id}"): "admin",
    ("GET", "/v1/namespaces"): "read",
    ("GET", "/v1/changes"): "read",
    ("GET", "/v1/webhooks"): "read",
    ("PUT", "/v1/webhooks/{name}"): "admin",
    ("GET", "/v1/webhooks/{name}"): "read",
    ("DELETE", "/v1/webhooks/{name}"): "admin",
    ("GET", "/v1/webhooks/{name}/dead"): "read",
    ("POST", "/v1/webhooks/{name}/replay"): "admin",
    ("GET", "/v1/blocked"): "read",
    ("PUT", "/v1/blocked/{kind}/{value}"): "steward",
    ("DELETE", "/v1/blocked/{kind}/{value}"): "steward",
}
"""Every call with the narrowest scope that it takes; None is open."""

KEYS = {"write": "w-1", "read": "r-1", "analyst": "n-1", "steward": "s-1", "admin": "a-1"}
OPENERS = {
    "write": {"write", "admin"},
    "read": {"read", "analyst", "steward", "admin"},
    "analyst": {"analyst", "steward", "admin"},
    "steward": {"steward", "admin"},
    "admin": {"admin"},
}


@pytest.fixture
def guarded(kinfold: Kinfold, server: Settings) -> Iterator[TestClient]:
    """A client of an application with keys, which sends none by itself."""
    given = {"write": "w-1, w-2", "read": "r-1", "analyst": "n-1", "steward": "s-1", "admin": "a-1,schlüssel"}
    keys = Settings(**{f"{scope}_key": key for scope, key in given.items()})  # type: ignore[arg-type]
    update = {f"{scope}_key": getattr(keys, f"{scope}_key") for scope in given}
    with open_client(Kinfold.on(kinfold.database, server.model_copy(update=update))) as client:
        yield client


def bearer(key: str) -> dict[str, Any]:
    return {"Authorization": f"Bearer {key}".encode()}


def test_every_route_is_in_the_table_of_scopes(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    shown = {(method.upper(), path) for path, calls in document["paths"].items() for method in calls}
    assert shown | {("GET", "/"), ("GET", "/openapi.json"), ("GET", "/docs")} == set(SCOPES)


@pytest.mark.parametrize(("method", "path"), SCOPES)
def test_each_route_opens_to_its_scope_and_to_those_above_and_to_nobody_else(
    guarded: TestClient, method: str, path: str
) -> None:
    address = re.sub(r"\{\w+\}", "nothing", path)
    scope = SCOPES[method, path]

    def status(**headers: Any) -> int:
        return guarded.request(method, address, headers=headers, content=b"{").status_code

    for name, key in KEYS.items():
        answered = status(**bearer(key))
        if scope is None or name in OPENERS[scope]:
            assert answered not in (401, 403), name
        else:
            assert answered == 403, name
    assert (status() == 401) is (scope is not None)
    assert (status(**bearer("wrong")) == 401) is (scope is not None)


def test_what_is_no_route_is_a_404_for_everybody(guarded: TestClient) -> None:
    for path in ("/v1/nothing", "/v1", "//v1/contacts", "/V1/resolve", "/v1/contacts/"):
        for headers in ({}, bearer("wrong"), *map(bearer, KEYS.values())):
            for method in ("GET", "POST", "PUT"):
                response = guarded.request(method, f"http://127.0.0.1:8000{path}", headers=headers)
                refused(response, 404, "no_route")


def test_a_method_that_is_not_taken_is_a_405_for_everybody(guarded: TestClient) -> None:
    for headers in ({}, bearer("wrong"), *map(bearer, KEYS.values())):
        response = guarded.put("/v1/track", headers=headers)
        refused(response, 405, "method_not_allowed")
        assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(("method", "path"), [call for call in SCOPES if "{" in call[1]])
def test_a_route_is_found_whatever_characters_its_names_have(guarded: TestClient, method: str, path: str) -> None:
    address = re.sub(r"\{\w+\}", "%5C%F3%99%9C%8F%0A%19", path)
    refused(guarded.request(method, address), 401, "unauthorized")


def test_the_page_and_what_it_loads_are_open(guarded: TestClient) -> None:
    assert guarded.get("/").status_code == 200
    assert guarded.get("/static/app.js").status_code == 200
    assert guarded.head("/health").status_code == 200


def test_a_refusal_says_how_to_send_a_key_and_carries_every_header(guarded: TestClient) -> None:
    response = guarded.post("/v1/resolve", json={})
    refused(response, 401, "unauthorized")
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.headers["cache-control"] == "no-store"
    forbidden = guarded.get("/v1/contacts?email=ana@example.com", headers=bearer("w-1"))
    refused(forbidden, 403, "forbidden")
    assert "read" in forbidden.json()["detail"]


@pytest.mark.parametrize("key", ["w-1", "w-2", "a-1", "schlüssel"])
def test_a_key_comes_as_bearer_or_as_basic_with_an_empty_password(guarded: TestClient, key: str) -> None:
    basic = base64.b64encode(f"{key}:".encode()).decode()
    for sent in (f"Bearer {key}", f"bearer  {key}", f"Basic {basic}", f"basic {basic}"):
        response = guarded.post("/v1/resolve", json={"tracker_id": "t1"}, headers={"Authorization": sent.encode()})  # type: ignore[dict-item]
        assert response.status_code == 200, sent


@pytest.mark.parametrize(
    "sent",
    [
        "w-1",
        "Bearer",
        "Bearer ",
        "Bearer w-1, w-2",
        "Bearer w-",
        "Bearer ,",
        "Digest w-1",
        "Basic w-1",
        "Basic " + base64.b64encode(b"w-1:password").decode(),
        "Basic " + base64.b64encode(b"w-1").decode(),
        "Basic " + base64.b64encode(b":").decode(),
        "Basic äöü",
    ],
)
def test_what_is_not_a_key_is_a_401(guarded: TestClient, sent: str) -> None:
    response = guarded.post("/v1/resolve", json={}, headers={"Authorization": sent.encode("latin-1")})  # type: ignore[dict-item]
    refused(response, 401, "unauthorized")


def test_two_keys_at_once_are_none(guarded: TestClient) -> None:
    headers = [("Authorization", "Bearer w-1"), ("Authorization", "Bearer a-1")]
    refused(guarded.post("/v1/resolve", json={}, headers=headers), 401, "unauthorized")


@pytest.mark.parametrize("path", ["/v1/resolve", "/v1/resolve/batch", "/v1/track", "/v1/batch"])
def test_a_page_that_is_left_may_send_its_write_key_in_the_address_and_no_other_key(
    guarded: TestClient, path: str
) -> None:
    body: dict[str, Any] = {"events": []} if path == "/v1/resolve/batch" else {"batch": []} if "batch" in path else {}

    def status(query: str, **headers: Any) -> int:
        return guarded.post(f"{path}?{query}", json=body, headers=headers).status_code

    assert status("write_key=w-1") == 200
    assert status("write_key=a-1") == status("write_key=r-1") == status("write_key=x") == status("write_key=") == 401
    assert status("write_key=w-1&write_key=w-2") == 401
    assert status("write_key=w-1", **bearer("x")) == 401


def test_a_key_in_the_address_opens_nothing_but_what_takes_events(guarded: TestClient) -> None:
    for key in ("w-1", "r-1", "a-1"):
        refused(guarded.get(f"/v1/contacts?email=ana@example.com&write_key={key}"), 401, "unauthorized")
        refused(guarded.post(f"/v1/merges?write_key={key}", json={}), 401, "unauthorized")


def test_a_write_key_learns_the_answer_and_no_explanation(guarded: TestClient) -> None:
    event = {"tracker_id": "t1"}
    for path, body in (("/v1/resolve", event), ("/v1/resolve/batch", {"events": [event]})):
        assert guarded.post(path, json=body, headers=bearer("w-1")).status_code == 200
        refused(guarded.post(f"{path}?dry_run=true", json=body, headers=bearer("w-1")), 403, "forbidden")
        assert guarded.post(f"{path}?dry_run=true", json=body, headers=bearer("a-1")).status_code == 200
        refused(guarded.post(f"{path}?explain=true", json=body, headers=bearer("w-1")), 403, "forbidden")
        assert "trace" in guarded.post(f"{path}?explain=true", json=body, headers=bearer("a-1")).text


def test_a_read_key_rehearses_and_writes_nothing(guarded: TestClient) -> None:
    ids = [
        guarded.post("/v1/resolve", json={"email": f"{name}@example.com"}, headers=bearer("a-1")).json()["contact"][
            "id"
        ]
        for name in ("ana", "bo")
    ]
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/resolve", {"email": "new@example.com"}),
        ("POST", "/v1/resolve/batch", {"events": [{"email": "new@example.com"}]}),
        ("POST", "/v1/merges", {"source": ids[0], "target": ids[1]}),
        ("POST", f"/v1/contacts/{ids[0]}/keys", {"user_id": "42"}),
        ("POST", f"/v1/contacts/{ids[0]}/keys/remove", {"email": "ana@example.com"}),
        ("PATCH", f"/v1/contacts/{ids[0]}", {"properties": {"a": 1}}),
        ("PUT", "/v1/environments/north", {"kind": "anonymous"}),
    ]
    before = [guarded.get(f"/v1/contacts/{one}", headers=bearer("r-1")).json() for one in ids]
    for method, path, body in calls:
        assert guarded.request(method, f"{path}?dry_run=true", json=body, headers=bearer("r-1")).status_code == 200, (
            path
        )
        for query in ("", "?dry_run=false", "?dry_run=true&dry_run=false", "?dry_run=false&dry_run=true", "?dry_run=1"):
            refused(guarded.request(method, f"{path}{query}", json=body, headers=bearer("r-1")), 403, "forbidden")
        assert guarded.request(method, f"{path}?dry_run=true", json=body, headers=bearer("w-1")).status_code == 403
    assert [guarded.get(f"/v1/contacts/{one}", headers=bearer("r-1")).json() for one in ids] == before
    for method, path in (("POST", "/v1/analyses"), ("DELETE", f"/v1/contacts/{ids[0]}"), ("PUT", "/v1/workflows/w")):
        answer = guarded.request(method, f"{path}?dry_run=true", json={}, headers=bearer("r-1"))
        refused(answer, 403, "forbidden")


def test_the_document_says_which_key_a_call_takes(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for (method, path), scope in SCOPES.items():
        if call := paths.get(path, {}).get(method.lower()):
            assert ("security" in call) is (scope is not None)
            assert scope is None or f"{scope}" in call["description"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost", "localhost:1", "[::1]", "[::1]:8000"])
def test_without_keys_a_server_answers_to_its_own_names(client: TestClient, host: str) -> None:
    assert client.get("/ready", headers={"Host": host}).status_code == 200
    assert client.post("/v1/resolve", json={}, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "", "["],
)
def test_without_keys_a_name_that_is_pointed_at_this_machine_is_refused(client: TestClient, host: str) -> None:
    for path in ("/", "/health", "/v1/contacts?email=ana@example.com"):
        refused(client.get(path, headers={"Host": host}), 403, "forbidden")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://10.0.0.1"])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/resolve"), ("PUT", "/v1/workflows/w"), ("DELETE", "/v1/segments/s")]
)
def test_without_keys_a_page_of_another_site_may_not_write(
    client: TestClient, method: str, path: str, origin: str
) -> None:
    refused(client.request(method, path, content=b"{}", headers={"Origin": origin}), 403, "forbidden")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "http://localhost:3000", "http://[::1]:8000"])
def test_without_keys_a_page_of_this_machine_may_write(client: TestClient, origin: str) -> None:
    assert client.post("/v1/resolve", json={}, headers={"Origin": origin}).status_code == 200


READS = ["/v1/contacts?email=ana@example.com", "/v1/search?q=ana", "/v1/merges", "/v1/changes", "/metrics"]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize(("mode", "purpose"), [("no-cors", "prefetch"), ("no-cors", ""), ("navigate", "")])
def test_without_keys_a_page_of_another_site_learns_nothing_from_how_a_read_is_answered(
    client: TestClient, path: str, mode: str, purpose: str
) -> None:
    client.post("/v1/resolve", json={"email": "ana@example.com"})
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Purpose": purpose}
    known = client.get(path, headers=headers)
    refused(known, 403, "forbidden")
    assert known.content == client.get(path.replace("ana", "nobody"), headers=headers).content


@pytest.mark.parametrize("path", ["/", "/tag.js", "/health", "/openapi.json"])
def test_without_keys_a_link_from_another_site_opens_what_is_about_nobody(client: TestClient, path: str) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:3000"},
    ],
)
def test_without_keys_this_machines_own_programs_and_pages_may_read(
    client: TestClient, headers: dict[str, str]
) -> None:
    assert client.get("/v1/contacts?email=ana@example.com", headers=headers).status_code == 200


def test_with_keys_any_name_and_any_page_may_ask(guarded: TestClient) -> None:
    headers = {"Host": "kinfold.example", "Origin": "https://shop.example", **bearer("w-1")}
    assert guarded.post("/v1/resolve", json={}, headers=headers).status_code == 200
