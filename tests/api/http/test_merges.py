"""POST and GET /v1/merges, and undo."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from graph.paging import make_cursor
from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]
Make = Callable[[str], str]

ENTRY = {"id", "source", "target", "rule", "at", "undone_at"}


@pytest.fixture
def known(resolve: Resolve) -> Make:
    def known(name: str) -> str:
        answer = resolve(email=f"{name}@example.com", tracker_id=f"t-{name}", properties={"name": name, name: 1})
        contact: str = answer["contact"]["id"]
        return contact

    return known


def merge(client: TestClient, source: str, target: str) -> dict[str, Any]:
    response = client.post("/v1/merges", json={"source": source, "target": target})
    assert response.status_code == 201, response.text
    entry: dict[str, Any] = response.json()
    return entry


def test_two_known_contacts_are_folded_by_hand_and_the_journal_says_so(client: TestClient, known: Make) -> None:
    ana, ben = known("ana"), known("ben")
    response = client.post("/v1/merges", json={"source": ana, "target": ben})
    entry = response.json()
    assert response.status_code == 201
    assert entry.keys() >= ENTRY
    assert (entry["source"], entry["target"], entry["rule"], entry["undone_at"]) == (ana, ben, None, None)
    assert response.headers["location"] == f"/v1/merges/{entry['id']}"
    assert client.get(response.headers["location"]).json() == entry
    assert client.get("/v1/merges").json() == {"items": [entry], "next": None}
    contact = client.get(f"/v1/contacts/{ana}").json()
    assert (contact["id"], contact["redirected_from"]) == (ben, ana)
    assert contact["emails"] == ["ben@example.com", "ana@example.com"]
    assert contact["properties"] == {"name": "ben", "ana": 1, "ben": 1}


def test_a_dry_run_of_a_union_shows_both_contacts_and_folds_none(client: TestClient, known: Make) -> None:
    ana, ben = known("ana"), known("ben")
    response = client.post("/v1/merges?dry_run=true", json={"source": ana, "target": ben})
    assert response.status_code == 200
    shown = {change["contact"]: change for change in response.json()["changes"]}
    assert (shown[ana]["exists_before"], shown[ana]["exists_after"]) == (True, False)
    assert shown[ben]["exists_after"] is True
    assert "properties.ana" in {change["field"] for change in shown[ben]["changes"]}
    assert client.get("/v1/merges").json()["items"] == []
    assert client.get(f"/v1/contacts/{ana}").json()["id"] == ana


def test_a_contact_is_not_folded_into_itself(client: TestClient, known: Make) -> None:
    ana, ben = known("ana"), known("ben")
    merge(client, ana, ben)
    for source, target in ((ana, ana), (ana, ben), (ben, ana)):
        for query in ("", "?dry_run=true"):
            response = client.post(f"/v1/merges{query}", json={"source": source, "target": target})
            refused(response, 409, "conflict")


def test_nobody_is_not_folded(client: TestClient, known: Make) -> None:
    ana = known("ana")
    refused(client.post("/v1/merges", json={"source": ana, "target": "nobody"}), 404, "not_found")
    refused(client.post("/v1/merges?dry_run=true", json={"source": "nobody", "target": ana}), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        ({"source": "a"}, "target", "missing"),
        ({"source": "a", "target": 1}, "target", "type"),
        ({"source": "a", "target": "b", "why": "because"}, "why", "unknown_field"),
    ],
)
def test_a_union_names_its_two_contacts_and_nothing_else(
    client: TestClient, body: dict[str, Any], field: str, rule: str
) -> None:
    errors = refused(client.post("/v1/merges", json=body), 422, "bad_input")
    assert [(error["field"], error["rule"]) for error in errors] == [(field, rule)]


def test_undoing_a_union_brings_the_contact_back_as_it_was(client: TestClient, known: Make) -> None:
    ana, ben = known("ana"), known("ben")
    before = [client.get(f"/v1/contacts/{contact}").json() for contact in (ana, ben)]
    entry = merge(client, ana, ben)
    response = client.post(f"/v1/merges/{entry['id']}/undo")
    assert response.status_code == 200
    undone = response.json()
    assert (undone["id"], undone["source"]) == (entry["id"], ana)
    assert undone["undone_at"] is not None
    assert [one["id"] for one in undone["undone"]] == [entry["id"]]
    assert [client.get(f"/v1/contacts/{contact}").json() for contact in (ana, ben)] == before
    assert client.get(f"/v1/merges/{entry['id']}").json()["undone_at"] == undone["undone_at"]


def test_a_dry_run_of_an_undo_says_who_would_come_back_and_undoes_nothing(client: TestClient, known: Make) -> None:
    ana, ben = known("ana"), known("ben")
    entry = merge(client, ana, ben)
    shown = client.post(f"/v1/merges/{entry['id']}/undo?dry_run=true").json()
    assert shown["dry_run"] is True
    came = {change["contact"]: (change["exists_before"], change["exists_after"]) for change in shown["changes"]}
    assert came == {ana: (False, True), ben: (True, True)}
    assert client.get(f"/v1/merges/{entry['id']}").json()["undone_at"] is None


def test_a_union_is_undone_once(client: TestClient, known: Make) -> None:
    entry = merge(client, known("ana"), known("ben"))
    client.post(f"/v1/merges/{entry['id']}/undo")
    for query in ("", "?dry_run=true", "?cascade=true"):
        refused(client.post(f"/v1/merges/{entry['id']}/undo{query}"), 409, "conflict")


def test_covering_unions_are_named_and_undone_first_when_asked_to(client: TestClient, known: Make) -> None:
    ana, ben, cleo = known("ana"), known("ben"), known("cleo")
    first, second = merge(client, ana, ben), merge(client, ben, cleo)
    for query in ("", "?dry_run=true"):
        response = client.post(f"/v1/merges/{first['id']}/undo{query}")
        refused(response, 409, "conflict")
        assert response.json()["covering"] == [second["id"]]
    shown = client.post(f"/v1/merges/{first['id']}/undo?cascade=true&dry_run=true").json()
    assert {change["contact"] for change in shown["changes"]} == {ana, ben, cleo}
    undone = client.post(f"/v1/merges/{first['id']}/undo?cascade=true").json()
    assert undone["id"] == first["id"]
    assert [one["id"] for one in undone["undone"]] == [second["id"], first["id"]]


def test_an_undo_takes_its_options_in_the_query_and_not_in_a_body(client: TestClient, known: Make) -> None:
    entry = merge(client, known("ana"), known("ben"))
    errors = refused(client.post(f"/v1/merges/{entry['id']}/undo", json={"cascade": True}), 422, "bad_input")
    assert errors[0]["field"] == "cascade"
    assert client.post(f"/v1/merges/{entry['id']}/undo", json={}).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/undo"), ("POST", "/undo?dry_run=true")])
def test_a_union_that_never_was_is_a_404(client: TestClient, method: str, path: str) -> None:
    refused(client.request(method, f"/v1/merges/never{path}"), 404, "not_found")


def test_the_journal_comes_newest_first_and_in_pages(client: TestClient, known: Make) -> None:
    target = known("ana")
    made = [merge(client, known(name), target)["id"] for name in ("ben", "cleo", "dan")]
    first = client.get("/v1/merges?limit=2").json()
    second = client.get("/v1/merges", params={"limit": 2, "cursor": first["next"]}).json()
    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


def test_the_unions_that_a_key_went_along_with_are_found_by_it(client: TestClient, known: Make) -> None:
    ana, ben, cleo = known("ana"), known("ben"), known("cleo")
    first, second = merge(client, ana, ben), merge(client, ben, cleo)
    assert client.get("/v1/merges?tracker_id=t-ana").json() == {"items": [second, first], "next": None}
    assert client.get("/v1/merges?email=Ben@Example.com").json()["items"] == [second]
    assert client.get("/v1/merges?user_id=nobody").json() == {"items": [], "next": None}
    page = client.get("/v1/merges?tracker_id=t-ana&limit=1").json()
    assert page["items"] == [second]
    following = client.get("/v1/merges", params={"tracker_id": "t-ana", "limit": 1, "cursor": page["next"]}).json()
    assert following == {"items": [first], "next": None}


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ({"email": "a@example.com", "tracker_id": "t"}, "exactly_one"),
        ({"cursor": "made-up"}, "cursor"),
        ({"cursor": make_cursor("x"), "tracker_id": "t"}, "cursor"),
        ({"source": "x"}, "unknown_parameter"),
    ],
)
def test_a_bad_question_to_the_journal_is_refused(client: TestClient, query: dict[str, str], rule: str) -> None:
    errors = refused(client.get("/v1/merges", params=query), 422, "bad_input")
    assert [error["rule"] for error in errors] == [rule]
