"""/v1/workflows, who is in them, and runs of their nodes."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]


@pytest.fixture
def ana(client: TestClient, resolve: Resolve) -> str:
    client.put("/v1/workflows/welcome")
    contact: str = resolve(email="ana@example.com", tracker_id="t-ana")["contact"]["id"]
    return contact


def test_a_workflow_is_made_with_201_and_again_with_200(client: TestClient) -> None:
    made, again = client.put("/v1/workflows/welcome"), client.put("/v1/workflows/welcome", json={})
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == again.json() == client.get("/v1/workflows/welcome").json()
    assert made.json()["name"] == "welcome"


def test_a_contact_is_enrolled_runs_through_nodes_and_is_done(client: TestClient, ana: str) -> None:
    path = f"/v1/workflows/welcome/contacts/{ana}"
    enrolled = client.put(path, json={"status": "active"})
    assert (enrolled.status_code, enrolled.json()) == (201, {"status": "active", "nodes": {}})
    run = {"node": "mail", "ran_at": "2026-11-22T11:00:00+01:00", "data": {"opened": True, "subject": "Hello"}}
    ran = client.post(f"{path}/runs", json=run)
    mail = {"ran_at": "2026-11-22T10:00:00Z", "data": {"opened": True, "subject": "Hello"}}
    assert (ran.status_code, ran.json()) == (201, {"status": "active", "nodes": {"mail": mail}})
    earlier = {"node": "mail", "ran_at": "2026-11-21T10:00:00Z", "data": {"opened": False, "variant": 2}}
    client.post(f"{path}/runs", json=earlier)
    mail["data"]["variant"] = 2  # type: ignore[index]
    done = client.put(path, json={"status": "done"})
    assert (done.status_code, done.json()) == (200, {"status": "done", "nodes": {"mail": mail}})
    assert client.get(path).json() == done.json()
    assert client.get(f"/v1/contacts/{ana}").json()["workflows"] == {"welcome": done.json()}


def test_a_run_without_a_time_ran_now(client: TestClient, ana: str) -> None:
    path = f"/v1/workflows/welcome/contacts/{ana}"
    client.put(path, json={"status": "active"})
    state = client.post(f"{path}/runs", json={"node": "mail"}).json()
    assert state["nodes"]["mail"]["ran_at"].endswith("Z")


def test_a_union_brings_the_workflows_along(client: TestClient, resolve: Resolve, ana: str) -> None:
    ben = resolve(email="ben@example.com", tracker_id="t-ben")["contact"]["id"]
    client.put(f"/v1/workflows/welcome/contacts/{ana}", json={"status": "active"})
    client.post("/v1/merges", json={"source": ana, "target": ben})
    assert client.get(f"/v1/workflows/welcome/contacts/{ben}").json()["status"] == "active"
    assert client.put(f"/v1/workflows/welcome/contacts/{ana}", json={"status": "done"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/none", None),
        ("GET", "/none/contacts/{ana}", None),
        ("PUT", "/none/contacts/{ana}", {"status": "active"}),
        ("POST", "/none/contacts/{ana}/runs", {"node": "mail"}),
        ("GET", "/welcome/contacts/nobody", None),
        ("PUT", "/welcome/contacts/nobody", {"status": "active"}),
        ("POST", "/welcome/contacts/nobody/runs", {"node": "mail"}),
        ("GET", "/welcome/contacts/{ana}", None),
        ("POST", "/welcome/contacts/{ana}/runs", {"node": "mail"}),
    ],
)
def test_what_is_not_there_is_a_404(client: TestClient, ana: str, method: str, path: str, body: Any) -> None:
    refused(client.request(method, f"/v1/workflows{path.replace('{ana}', ana)}", json=body), 404, "not_found")
    refused(client.get(f"/v1/workflows/welcome/contacts/{ana}"), 404, "not_found")


@pytest.mark.parametrize("body", [{}, {"status": "paused"}, {"status": None}, {"status": ["active"]}])
def test_a_status_is_active_or_done(client: TestClient, ana: str, body: dict[str, Any]) -> None:
    errors = refused(client.put(f"/v1/workflows/welcome/contacts/{ana}", json=body), 422, "bad_input")
    assert [error["field"] for error in errors] == ["status"]


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        ({}, "node", "missing"),
        ({"node": ""}, "node", "length"),
        ({"node": "n" * 256}, "node", "length"),
        ({"node": 7}, "node", "type"),
        ({"node": "mail", "ran_at": 7}, "ran_at", "time"),
        ({"node": "mail", "ran_at": "2026-11-22T10:00:00"}, "ran_at", "time"),
        ({"node": "mail", "data": {"a": {}}}, "data.a", "value"),
        ({"node": "mail", "data": {"": 1}}, "data.", "name_length"),
        ({"node": "mail", "status": "done"}, "status", "unknown_field"),
    ],
)
def test_a_bad_run_is_refused_with_its_place(
    client: TestClient, ana: str, body: dict[str, Any], field: str, rule: str
) -> None:
    client.put(f"/v1/workflows/welcome/contacts/{ana}", json={"status": "active"})
    errors = refused(client.post(f"/v1/workflows/welcome/contacts/{ana}/runs", json=body), 422, "bad_input")
    assert [(error["field"], error["rule"]) for error in errors] == [(field, rule)]
    assert client.get(f"/v1/workflows/welcome/contacts/{ana}").json()["nodes"] == {}


def test_a_name_is_bounded(client: TestClient) -> None:
    refused(client.put(f"/v1/workflows/{'n' * 256}"), 422, "bad_input")
    errors = refused(client.put("/v1/workflows/welcome", json={"nodes": []}), 422, "bad_input")
    assert errors[0]["field"] == "nodes"


def test_workflows_are_listed_with_who_is_in_them(client: TestClient, resolve: Resolve) -> None:
    for name in ("welcome", "basket"):
        client.put(f"/v1/workflows/{name}", json={})
    ana, bo, cy = (resolve(tracker_id=tracker)["contact"]["id"] for tracker in ("t1", "t2", "t3"))
    for contact in (ana, bo):
        client.put(f"/v1/workflows/welcome/contacts/{contact}", json={"status": "active"})
    client.post("/v1/merges", json={"source": ana, "target": cy})
    listed = client.get("/v1/workflows").json()
    assert [(item["name"], item["enrolments"]) for item in listed["items"]] == [("basket", 0), ("welcome", 2)]
    first = client.get("/v1/workflows/welcome/contacts?limit=1").json()
    rest = client.get("/v1/workflows/welcome/contacts", params={"limit": 1, "cursor": first["next"]}).json()
    found = [*first["items"], *rest["items"]]
    assert ([item["id"] for item in found], rest["next"]) == (sorted((bo, cy)), None)
    assert {item["status"] for item in found} == {"active"}
    assert client.get("/v1/workflows/basket/contacts").json() == {"items": [], "next": None}
    refused(client.get("/v1/workflows/none/contacts"), 404, "not_found")
