"""``?at=``: contacts, graphs and segments as they were at a time of arrival."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]


def moment() -> str:
    """A time after everything that arrived, and before whatever arrives next."""
    return datetime.now(UTC).isoformat()


def as_it_was(client: TestClient, contact: str, at: str) -> dict[str, Any]:
    response = client.get(f"/v1/contacts/{contact}", params={"at": at})
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


def now(client: TestClient, contact: str) -> dict[str, Any]:
    document: dict[str, Any] = client.get(f"/v1/contacts/{contact}").json()
    return document


def same(then: dict[str, Any], before: dict[str, Any]) -> None:
    assert {name: then[name] for name in before} == before


def test_everything_that_happened_can_be_looked_at_before_and_after(client: TestClient, resolve: Resolve) -> None:
    client.put("/v1/workflows/welcome", json={})
    client.put("/v1/segments/paying", json={"kind": "dynamic", "where": {"property": "plan", "in": ["paid", "gold"]}})
    client.put("/v1/segments/named", json={"kind": "dynamic", "where": {"key": "email", "exists": True}})
    twice = {"event": "identify", "at_least": 2, "within": "P30D"}
    client.put("/v1/segments/twice", json={"kind": "dynamic_plus", "where": twice})
    client.put("/v1/segments/list", json={"kind": "static"})
    ana = resolve(email="ana@example.com", tracker_id="t1", properties={"name": "Ana", "plan": "free"})["contact"]["id"]
    visitor = resolve(tracker_id="t2", properties={"plan": "paid", "city": "Porto"})["contact"]["id"]
    client.put(f"/v1/workflows/welcome/contacts/{visitor}", json={"status": "active"})
    steps: list[Callable[[], Any]] = [
        lambda: resolve(email="ana@example.com", tracker_id="t2", properties={"seen": 1}),
        lambda: resolve(email="ana@example.com", subscription="s1", properties={"plan": None}),
        lambda: client.post(f"/v1/contacts/{ana}/keys", json={"user_id": "42"}),
        lambda: resolve(email="bo@example.com", tracker_id="t9", subscription="s1"),
        lambda: client.post(f"/v1/contacts/{ana}/keys/remove", json={"email": "ana@example.com"}),
        lambda: client.post(f"/v1/contacts/{ana}/keys/remove", json={"user_id": "42"}),
        lambda: client.post(f"/v1/merges/{client.get('/v1/merges').json()['items'][0]['id']}/undo", json={}),
        lambda: client.patch(f"/v1/contacts/{visitor}", json={"properties": {"plan": "gold"}}),
        lambda: client.put(f"/v1/segments/list/members/{ana}"),
        lambda: client.delete(f"/v1/segments/list/members/{ana}"),
    ]
    segments = ("paying", "named", "twice", "list")
    seen: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    members = []
    for step in (lambda: None, *steps):
        step()
        members.append([client.get(f"/v1/segments/{name}/members").json()["items"] for name in segments])
        seen.append((moment(), now(client, ana), now(client, visitor)))
    assert len({str(before) for _, before, _ in seen}) > 6
    for at, *before in seen:
        for contact, document in zip((ana, visitor), before, strict=True):
            same(as_it_was(client, contact, at), document)
    for (at, *_), listed in zip(seen, members, strict=True):
        pages = [client.get(f"/v1/segments/{name}/members", params={"at": at}).json() for name in segments]
        assert [page["items"] for page in pages] == listed


def test_members_of_a_time_come_in_pages(client: TestClient, resolve: Resolve) -> None:
    client.put("/v1/segments/all", json={"kind": "dynamic", "where": {"kind": "anonymous"}})
    first = sorted(resolve(tracker_id=f"t{number}")["contact"]["id"] for number in range(3))
    at = moment()
    resolve(tracker_id="t9")
    page = client.get("/v1/segments/all/members", params={"at": at, "limit": 2}).json()
    rest = client.get("/v1/segments/all/members", params={"at": at, "limit": 2, "cursor": page["next"]}).json()
    assert [item["id"] for item in (*page["items"], *rest["items"])] == first
    assert rest["next"] is None
    refused(client.get("/v1/segments/none/members", params={"at": at}), 404, "not_found")


def test_who_was_folded_stands_for_the_survivor_of_that_time(client: TestClient, resolve: Resolve) -> None:
    a, b, c = (resolve(tracker_id=f"t{name}")["contact"]["id"] for name in "abc")
    apart = moment()
    client.post("/v1/merges", json={"source": a, "target": b})
    first = moment()
    client.post("/v1/merges", json={"source": b, "target": c})
    assert [as_it_was(client, a, at)["id"] for at in (apart, first, moment())] == [a, b, c]
    assert as_it_was(client, a, first)["redirected_from"] == a
    assert as_it_was(client, a, first)["merged_from"] == [a]
    assert as_it_was(client, b, first)["trackers"] == ["tb", "ta"]
    assert as_it_was(client, c, moment())["trackers"] == ["tc", "tb", "ta"]
    assert as_it_was(client, c, first)["merged_from"] == []


def test_each_value_of_a_property_is_shown_at_its_time(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", properties={"plan": "free"})["contact"]["id"]
    seen = []
    for value in ("free", "paid", "paid", None, True, 1, "free"):
        resolve(email="ana@example.com", properties={"plan": value})
        seen.append((value, moment()))
    for value, at in seen:
        shown = as_it_was(client, ana, at)["properties"].get("plan")
        assert (shown, type(shown)) == (value, type(value))
    exported = client.get(f"/v1/contacts/{ana}/export").json()
    assert [entry["value"] for entry in exported["properties"]] == ["free", "paid", None, True, 1, "free"]
    receipt = client.delete(f"/v1/contacts/{ana}").json()
    assert "paid" not in str(receipt)


def test_who_was_not_there_yet_is_not_found(client: TestClient, resolve: Resolve) -> None:
    before = moment()
    ana = resolve(email="ana@example.com")["contact"]["id"]
    refused(client.get(f"/v1/contacts/{ana}", params={"at": before}), 404, "not_found")
    refused(client.get(f"/v1/contacts/{ana}/graph", params={"at": before}), 404, "not_found")
    refused(client.get("/v1/contacts/nobody", params={"at": before}), 404, "not_found")


def test_who_was_erased_stays_erased(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", tracker_id="t1", subscription="s1")["contact"]["id"]
    bo = resolve(email="bo@example.com", tracker_id="t2", subscription="s1")["contact"]["id"]
    folded = resolve(tracker_id="t3")["contact"]["id"]
    resolve(tracker_id="t3", email="ana@example.com")
    at = moment()
    assert as_it_was(client, bo, at)["subscriptions"] == [{"id": "s1", "shared_with": [ana], "state": "awake"}]
    client.delete(f"/v1/contacts/{ana}")
    for contact in (ana, folded):
        for path in (f"/v1/contacts/{contact}", f"/v1/contacts/{contact}/graph"):
            refused(client.get(path, params={"at": at}), 410, "gone")
    assert as_it_was(client, bo, at)["subscriptions"] == [{"id": "s1", "shared_with": [], "state": "awake"}]
    assert "ana" not in client.get(f"/v1/contacts/{bo}/graph", params={"at": at}).text


@pytest.mark.parametrize("at", ["yesterday", "2026-11-22", "1700000000", "2026-11-22T10:00:00"])
def test_a_time_is_written_with_its_offset(client: TestClient, resolve: Resolve, at: str) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    for path in (f"/v1/contacts/{ana}", f"/v1/contacts/{ana}/graph"):
        errors = refused(client.get(path, params={"at": at}), 422, "bad_input")
        assert [error["field"] for error in errors] == ["at"]


def drawn(client: TestClient, contact: str, **query: str) -> dict[str, Any]:
    graph: dict[str, Any] = client.get(f"/v1/contacts/{contact}/graph", params=query).json()
    for item in (*graph["nodes"], *graph["edges"]):
        item.pop("occurred_at", None)
    graph.pop("at", None)
    return graph


def test_the_graph_is_drawn_as_it_was(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", tracker_id="t1", subscription="s1")["contact"]["id"]
    resolve(email="bo@example.com", tracker_id="t2", subscription="s1")
    resolve(tracker_id="t3")
    resolve(tracker_id="t3", email="ana@example.com")
    at, before = moment(), drawn(client, ana, **{"from": "email:ana@example.com", "to": "tracker_id:t3"})
    [union] = client.get("/v1/merges").json()["items"]
    client.post(f"/v1/merges/{union['id']}/undo", json={})
    client.post(f"/v1/contacts/{ana}/keys", json={"user_id": "42"})
    resolve(email="cy@example.com", tracker_id="t4", subscription="s1")
    assert drawn(client, ana)["nodes"] != before["nodes"]
    assert drawn(client, ana, **{"from": "email:ana@example.com", "to": "tracker_id:t3"}, at=at) == before


def test_a_split_that_was_undone_is_as_if_it_had_never_been(client: TestClient, resolve: Resolve) -> None:
    for name in ("ana", "bob"):
        whole = resolve(user_id="bogus", email=f"{name}@example.com", tracker_id=f"t-{name}")["contact"]["id"]
    zoe = resolve(email="zoe@example.com")["contact"]["id"]
    client.post("/v1/merges", json={"source": zoe, "target": whole})
    before, shown = moment(), now(client, whole)
    entry = client.post(f"/v1/contacts/{whole}/split", json={"around": {"user_id": "bogus"}}).json()
    parts = [part["contact"] for part in entry["parts"]]
    client.post(f"/v1/splits/{entry['id']}/undo")
    after, shown_after = moment(), now(client, whole)
    assert shown_after["merged_from"] == sorted([zoe, *parts])
    same(as_it_was(client, whole, before), shown)
    refused(client.get(f"/v1/contacts/{parts[0]}", params={"at": before}), 404, "not_found")
    for one in (whole, *parts):
        same(as_it_was(client, one, after), shown_after)
    assert as_it_was(client, parts[0], after)["redirected_from"] == parts[0]

    def folded(**at: str) -> set[tuple[str, str, str | None]]:
        edges = client.get(f"/v1/contacts/{whole}/graph", params=at).json()["edges"]
        return {(one["source"], one["target"], one["split"]) for one in edges if one["type"] == "folded_into"}

    assert folded(at=before) == {(zoe, whole, None)}
    assert folded(at=after) == folded() == {(zoe, whole, None), *((part, whole, entry["id"]) for part in parts)}
