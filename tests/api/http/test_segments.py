"""/v1/segments and their members."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]

FRENCH = {"kind": "dynamic", "where": {"property": "country", "is": "FR"}}


@pytest.fixture
def ana(resolve: Resolve) -> str:
    contact: str = resolve(email="ana@example.com", properties={"country": "FR"})["contact"]["id"]
    return contact


def members(client: TestClient, name: str) -> list[str]:
    page = client.get(f"/v1/segments/{name}/members").json()
    assert page.keys() == {"items", "next", "as_of"}
    return [item["id"] for item in page["items"]]


def test_a_segment_is_made_with_201_and_changed_with_200(client: TestClient) -> None:
    made = client.put("/v1/segments/french", json=FRENCH)
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["kind"], made.json()["where"]) == ("french", "dynamic", FRENCH["where"])
    changed = client.put("/v1/segments/french", json={"kind": "static"})
    assert (changed.status_code, changed.json()["kind"], changed.json()["where"]) == (200, "static", None)
    assert client.get("/v1/segments/french").json() == changed.json()


def test_segments_are_listed_by_name_and_in_pages(client: TestClient) -> None:
    for name in ("b", "a", "c"):
        client.put(f"/v1/segments/{name}", json={"kind": "static"})
    first = client.get("/v1/segments?limit=2").json()
    second = client.get("/v1/segments", params={"limit": 2, "cursor": first["next"]}).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["a", "b", "c"]
    assert second["next"] is None


def test_a_dynamic_segment_has_those_who_meet_its_condition_at_once(client: TestClient, ana: str) -> None:
    client.put("/v1/segments/french", json=FRENCH)
    assert members(client, "french") == [ana]
    assert client.get(f"/v1/contacts/{ana}").json()["segments"] == ["french"]
    client.patch(f"/v1/contacts/{ana}", json={"properties": {"country": "BE"}})
    assert members(client, "french") == []


def test_a_dynamic_plus_segment_speaks_of_events(client: TestClient, resolve: Resolve, ana: str) -> None:
    where = {"event": "purchase", "at_least": 2, "within": "P30D"}
    client.put("/v1/segments/buyers", json={"kind": "dynamic_plus", "where": where})
    resolve(email="ana@example.com", event="purchase")
    assert members(client, "buyers") == []
    resolve(email="ana@example.com", event="purchase")
    assert members(client, "buyers") == [ana]


def test_a_static_segment_is_edited_by_hand(client: TestClient, ana: str) -> None:
    client.put("/v1/segments/vip", json={"kind": "static"})
    for _ in range(2):
        put = client.put(f"/v1/segments/vip/members/{ana}")
        assert (put.status_code, put.json()["id"], put.json()["segments"]) == (200, ana, ["vip"])
    assert members(client, "vip") == [ana]
    for _ in range(2):
        dropped = client.delete(f"/v1/segments/vip/members/{ana}")
        assert (dropped.status_code, dropped.content) == (204, b"")
    assert members(client, "vip") == []


def test_members_come_in_pages(client: TestClient, resolve: Resolve) -> None:
    client.put("/v1/segments/all", json={"kind": "dynamic", "where": {"kind": "anonymous"}})
    made = sorted(resolve(tracker_id=f"t{number}")["contact"]["id"] for number in range(3))
    first = client.get("/v1/segments/all/members?limit=2").json()
    second = client.get("/v1/segments/all/members", params={"limit": 2, "cursor": first["next"]}).json()
    assert [item["id"] for item in first["items"] + second["items"]] == made
    assert second["next"] is None


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_members_of_a_dynamic_segment_are_never_edited(client: TestClient, ana: str, method: str) -> None:
    client.put("/v1/segments/french", json=FRENCH)
    refused(client.request(method, f"/v1/segments/french/members/{ana}"), 409, "conflict")


def test_a_removed_segment_is_gone(client: TestClient, ana: str) -> None:
    client.put("/v1/segments/french", json=FRENCH)
    removed = client.delete("/v1/segments/french")
    assert (removed.status_code, removed.content) == (204, b"")
    refused(client.get("/v1/segments/french"), 404, "not_found")
    assert client.get(f"/v1/contacts/{ana}").json()["segments"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/none"),
        ("DELETE", "/none"),
        ("GET", "/none/members"),
        ("PUT", "/none/members/nobody"),
        ("DELETE", "/none/members/nobody"),
        ("PUT", "/vip/members/nobody"),
        ("DELETE", "/vip/members/nobody"),
    ],
)
def test_what_is_not_there_is_a_404(client: TestClient, method: str, path: str) -> None:
    client.put("/v1/segments/vip", json={"kind": "static"})
    refused(client.request(method, f"/v1/segments{path}"), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "fluid"}, "kind"),
        ({"kind": ["static"]}, "kind"),
        ({"kind": "static", "where": {"kind": "known"}}, "where"),
        ({"kind": "dynamic"}, "where"),
        ({"kind": "dynamic", "where": []}, "where"),
        ({"kind": "dynamic", "where": {"all": []}}, "where.all"),
        ({"kind": "dynamic", "where": {"all": [{"kind": "known"}, {"property": "a", "is": {}}]}}, "where.all[1].is"),
        ({"kind": "dynamic", "where": {"event": "purchase"}}, "where.event"),
        ({"kind": "static", "members": []}, "members"),
    ],
)
def test_a_bad_definition_is_refused_with_the_place_and_makes_nothing(
    client: TestClient, body: dict[str, Any], field: str
) -> None:
    errors = refused(client.put("/v1/segments/bad", json=body), 422, "bad_input")
    assert [error["field"] for error in errors] == [field]
    refused(client.get("/v1/segments/bad"), 404, "not_found")


def test_a_name_is_bounded_and_may_hold_anything_but_a_slash(client: TestClient) -> None:
    refused(client.put(f"/v1/segments/{'n' * 256}", json={"kind": "static"}), 422, "bad_input")
    assert client.put("/v1/segments/J%C3%BCrgen%20%3F%23", json={"kind": "static"}).json()["name"] == "Jürgen ?#"
    assert client.get("/v1/segments/J%C3%BCrgen%20%3F%23").status_code == 200
