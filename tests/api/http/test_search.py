"""GET /v1/search, the groups of GET /v1/contacts/{id}/graph, and activity on one tracker."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]

KEYS = {"email": "ana@example.com", "tracker_id": "t1", "subscription": "s1", "user_id": "42"}


@pytest.fixture
def ana(resolve: Resolve) -> str:
    return str(resolve(**KEYS)["contact"]["id"])


def found(client: TestClient, text: str, **more: Any) -> dict[str, Any]:
    response = client.get("/v1/search", params={"q": text, **more})
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    assert page.keys() == {"items", "next", "similar"}
    return page


@pytest.mark.parametrize(("key", "value"), KEYS.items())
def test_each_key_leads_to_its_owner_and_is_named(client: TestClient, ana: str, key: str, value: str) -> None:
    page = found(client, f"  {value} ")
    assert [(item["found_by"], item["contact"]["id"]) for item in page["items"]] == [([key], ana)]


def test_an_email_is_found_however_it_is_written(client: TestClient, ana: str) -> None:
    assert found(client, "ANA@Example.com")["items"][0]["found_by"] == ["email"]


def test_an_id_leads_to_its_contact_and_a_folded_one_to_its_survivor(
    client: TestClient, resolve: Resolve, ana: str
) -> None:
    folded = resolve(tracker_id="t2")["contact"]["id"]
    resolve(email="ana@example.com", tracker_id="t2")
    (item,) = found(client, folded)["items"]
    assert (item["found_by"], item["contact"]["id"]) == (["id"], ana)
    assert item["contact"]["redirected_from"] == folded
    (item,) = found(client, ana)["items"]
    assert "redirected_from" not in item["contact"]


def test_one_value_that_is_several_keys_finds_all_of_their_owners_page_by_page(
    client: TestClient, resolve: Resolve
) -> None:
    one = resolve(user_id="same")["contact"]["id"]
    other = resolve(tracker_id="same")["contact"]["id"]
    first = found(client, "same", limit=1)
    rest = found(client, "same", limit=1, cursor=first["next"])
    assert {first["items"][0]["contact"]["id"], rest["items"][0]["contact"]["id"]} == {one, other}
    assert rest["next"] is None


def test_when_nobody_is_found_keys_that_begin_so_are_named(client: TestClient, ana: str) -> None:
    assert found(client, "ANA@")["similar"] == [{"key": "email", "value": "ana@example.com", "contacts": 1}]
    assert found(client, "t1")["similar"] == []
    assert found(client, "nobody") == {"items": [], "next": None, "similar": []}


def test_a_key_that_nobody_owns_any_more_is_not_named(client: TestClient, resolve: Resolve, ana: str) -> None:
    client.post(f"/v1/contacts/{ana}/keys/remove", json={"email": "ana@example.com"})
    assert found(client, "ana@")["similar"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [("", "q"), ("?q=", "q"), ("?q=%20", "q"), (f"?q={'x' * 1025}", "q"), ("?q=ana&cursor=x", "cursor")],
)
def test_a_bad_search_names_the_field(client: TestClient, query: str, field: str) -> None:
    errors = refused(client.get(f"/v1/search{query}"), 422, "bad_input")
    assert [error["field"] for error in errors] == [field]


@pytest.fixture
def crowd(client: TestClient, resolve: Resolve) -> str:
    """A contact with seven trackers, four of which came by unions, and one shared subscription."""
    for turn in range(4):
        resolve(tracker_id=f"union-{turn}")
        resolve(email="ana@example.com", tracker_id=f"union-{turn}")
    for turn in range(3):
        resolve(email="ana@example.com", tracker_id=f"own-{turn}")
    for turn in range(3):
        resolve(email="ana@example.com", subscription=f"push-{turn}")
    resolve(email="bo@example.com", subscription="push-2")
    contact: str = client.get("/v1/contacts", params={"email": "ana@example.com"}).json()["items"][0]["id"]
    return contact


def graph(client: TestClient, contact: str, **params: Any) -> dict[str, Any]:
    response = client.get(f"/v1/contacts/{contact}/graph", params=params)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    ids = {node["id"] for node in document["nodes"]}
    assert all({edge["source"], edge["target"]} <= ids for edge in document["edges"]), "every edge has both its ends"
    return document


def test_groups_say_how_much_there_is_and_their_pages_make_the_whole(client: TestClient, crowd: str) -> None:
    whole = graph(client, crowd)
    assert all(group["next"] is None and group["shown"] == group["total"] for group in whole["groups"])
    for name in ("email", "user_id", "tracker_id", "subscription", "folded"):
        expected = [node["id"] for node in whole["nodes"] if node["type"] == name]
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = graph(client, crowd, group=name, limit=2, **cursor)
            (group,) = page["groups"]
            assert (group["group"], group["total"]) == (name, len(expected))
            ids = [node["id"] for node in page["nodes"] if node["type"] == name]
            assert len(ids) == group["shown"] <= 2
            seen += ids
            if group["next"] is None:
                break
            cursor = {"cursor": group["next"]}
        assert seen == expected


def test_a_limited_graph_shows_shared_keys_first(client: TestClient, crowd: str) -> None:
    document = graph(client, crowd, limit=1)
    shown = {node["type"]: node["label"] for node in document["nodes"] if node["type"] != "contact"}
    assert shown["subscription"] == "push-2"
    assert {node["title"] for node in document["nodes"] if node["type"] == "contact"} == {
        "ana@example.com",
        "bo@example.com",
    }
    totals = {group["group"]: (group["total"], group["shown"]) for group in document["groups"]}
    assert totals["tracker_id"][0] >= 7
    assert totals["tracker_id"][1] == 1
    assert totals["user_id"] == (0, 0)


def test_the_way_between_two_keys_is_there_whatever_the_limit(client: TestClient, crowd: str) -> None:
    ends = {"from": "tracker_id:union-3", "to": "tracker_id:own-2"}
    document = graph(client, crowd, limit=1, **ends)
    assert {"tracker_id:union-3", "tracker_id:own-2"} <= {node["id"] for node in document["nodes"] if node["on_path"]}
    assert any(node["type"] == "folded" and node["on_path"] for node in document["nodes"])
    assert document["path"] == graph(client, crowd, **ends)["path"]


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("group=nothing", "group"), ("cursor=x", "cursor"), ("group=email&cursor=x", "cursor")],
)
def test_a_bad_page_of_the_graph_names_the_field(client: TestClient, crowd: str, query: str, field: str) -> None:
    errors = refused(client.get(f"/v1/contacts/{crowd}/graph?{query}"), 422, "bad_input")
    assert [error["field"] for error in errors] == [field]


def test_activity_is_read_on_one_tracker(client: TestClient, crowd: str) -> None:
    path = f"/v1/contacts/{crowd}/activity"
    items = client.get(path, params={"tracker_id": "own-1"}).json()["items"]
    assert [item["tracker_id"] for item in items] == ["own-1"]
    assert client.get(path, params={"tracker_id": "nobody"}).json() == {"items": [], "next": None}
