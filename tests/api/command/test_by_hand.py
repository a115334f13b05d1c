"""What people write to a contact: PATCH /v1/contacts/{id}, /keys and /keys/remove, and what they read of it after."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]


@pytest.fixture
def ana(resolve: Resolve) -> str:
    contact: str = resolve(email="ana@example.com", tracker_id="t-ana", properties={"city": "Lyon"})["contact"]["id"]
    return contact


@pytest.fixture
def ben(resolve: Resolve) -> str:
    contact: str = resolve(email="ben@example.com", tracker_id="t-ben")["contact"]["id"]
    return contact


def test_properties_are_written_and_removed_and_the_contact_is_answered(client: TestClient, ana: str) -> None:
    body = {"properties": {"city": None, "age": 30, "tags": ["a", "b"], "vip": True}}
    response = client.patch(f"/v1/contacts/{ana}", json=body)
    assert response.status_code == 200
    assert response.json()["properties"] == {"age": 30, "tags": ["a", "b"], "vip": True}
    assert response.json() == client.get(f"/v1/contacts/{ana}").json()


def test_a_dry_run_of_properties_says_field_by_field_what_would_change(client: TestClient, ana: str) -> None:
    response = client.patch(f"/v1/contacts/{ana}?dry_run=true", json={"properties": {"city": "Paris", "age": 30}})
    assert response.status_code == 200
    rehearsal = response.json()
    assert rehearsal["dry_run"] is True
    [contact] = rehearsal["changes"]
    assert (contact["contact"], contact["exists_before"], contact["exists_after"]) == (ana, True, True)
    assert {(change["field"], change["before"], change["after"]) for change in contact["changes"]} == {
        ("properties.city", "Lyon", "Paris"),
        ("properties.age", None, 30),
    }
    assert client.get(f"/v1/contacts/{ana}").json()["properties"] == {"city": "Lyon"}


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        (b"{", "", "json"),
        (b"[]", "", "type"),
        (b"{}", "properties", "missing"),
        (b'{"properties": {}, "email": "ana@example.com"}', "email", "unknown_field"),
        (b'{"properties": {"a": {"b": 1}}}', "properties.a", "value"),
        (b'{"properties": {"a": [1, "b"]}}', "properties.a", "value"),
        (b'{"properties": {"": 1}}', "properties.", "name_length"),
        (b'{"properties": []}', "properties", "type"),
    ],
)
def test_bad_properties_are_refused_as_those_of_an_event(
    client: TestClient, ana: str, body: bytes, field: str, rule: str
) -> None:
    errors = refused(client.patch(f"/v1/contacts/{ana}", content=body), 422, "bad_input")
    assert [(error["field"], error["rule"]) for error in errors] == [(field, rule)]
    assert client.get(f"/v1/contacts/{ana}").json()["properties"] == {"city": "Lyon"}


def test_too_many_properties_at_once_are_refused(client: TestClient, ana: str) -> None:
    body = {"properties": {"a": "x" * 40_000}}
    refused(client.patch(f"/v1/contacts/{ana}", json=body), 413, "too_large")


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("email", "Ana@Work.example", "emails"),
        ("user_id", "42", "user_ids"),
        ("tracker_id", "t-new", "trackers"),
    ],
)
def test_a_key_is_given_and_taken(client: TestClient, ana: str, key: str, value: str, where: str) -> None:
    before = client.get(f"/v1/contacts/{ana}").json()[where]
    given = client.post(f"/v1/contacts/{ana}/keys", json={key: value})
    assert given.status_code == 200
    assert len(given.json()[where]) == len(before) + 1
    taken = client.post(f"/v1/contacts/{ana}/keys/remove", json={key: value})
    assert taken.status_code == 200
    assert taken.json()[where] == before


def test_an_email_given_by_hand_is_the_contacts_email(client: TestClient, ana: str) -> None:
    contact = client.post(f"/v1/contacts/{ana}/keys", json={"email": "ana@work.example"}).json()
    assert (contact["email"], len(contact["emails"])) == ("ana@work.example", 2)


def test_taking_the_last_person_key_makes_a_contact_anonymous(client: TestClient, ana: str) -> None:
    contact = client.post(f"/v1/contacts/{ana}/keys/remove", json={"email": "ana@example.com"}).json()
    assert (contact["id"], contact["kind"], contact["email"]) == (ana, "anonymous", None)


def test_a_key_of_somebody_else_is_a_409_that_names_the_owner(client: TestClient, ana: str, ben: str) -> None:
    for query in ("", "?dry_run=true"):
        response = client.post(f"/v1/contacts/{ben}/keys{query}", json={"email": "ana@example.com"})
        refused(response, 409, "conflict")
        assert response.json()["owner"] == ana


def test_a_subscription_of_somebody_else_is_shared(client: TestClient, ana: str, ben: str) -> None:
    for contact in (ana, ben):
        shown = client.post(f"/v1/contacts/{contact}/keys", json={"subscription": "s1"}).json()
    assert shown["subscriptions"] == [{"id": "s1", "shared_with": [ana], "state": "awake"}]


def test_a_dry_run_of_keys_says_what_would_change_and_changes_nothing(client: TestClient, ana: str) -> None:
    before = client.get(f"/v1/contacts/{ana}").json()
    for path, body in (("keys", {"user_id": "42"}), ("keys/remove", {"email": "ana@example.com"})):
        rehearsal = client.post(f"/v1/contacts/{ana}/{path}?dry_run=true", json=body).json()
        assert rehearsal["dry_run"] is True
        assert rehearsal["changes"][0]["changes"]
    assert client.get(f"/v1/contacts/{ana}").json() == before


@pytest.mark.parametrize("path", ["keys", "keys/remove"])
@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({}, "exactly_one"),
        ({"email": "a@example.com", "user_id": "1"}, "exactly_one"),
        ({"cookie": "t1"}, "unknown_field"),
        ({"tracker_id": 7}, "type"),
        ({"email": "not an address"}, "invalid"),
        ({"tracker_id": " "}, "invalid"),
    ],
)
def test_exactly_one_valid_key_is_to_be_given(
    client: TestClient, ana: str, path: str, body: dict[str, Any], rule: str
) -> None:
    errors = refused(client.post(f"/v1/contacts/{ana}/{path}", json=body), 422, "bad_input")
    assert [error["rule"] for error in errors] == [rule]


def test_a_blocked_value_is_given_to_nobody(client: TestClient, ana: str) -> None:
    errors = refused(client.post(f"/v1/contacts/{ana}/keys", json={"tracker_id": "undefined"}), 422, "bad_input")
    assert errors[0]["rule"] == "blocked"


def test_a_key_that_the_contact_does_not_own_cannot_be_taken(client: TestClient, ana: str, ben: str) -> None:
    response = client.post(f"/v1/contacts/{ana}/keys/remove", json={"email": "ben@example.com"})
    refused(response, 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"properties": {}}),
        ("POST", "/keys", {"user_id": "1"}),
        ("POST", "/keys/remove", {"user_id": "1"}),
        ("GET", "/history", None),
        ("GET", "/graph", None),
    ],
)
@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_nobody_is_a_404(client: TestClient, method: str, path: str, body: Any, query: str) -> None:
    if method != "GET" or not query:
        refused(client.request(method, f"/v1/contacts/nobody{path}{query}", json=body), 404, "not_found")


def test_history_tells_in_words_what_happened_newest_first_and_in_pages(
    client: TestClient, resolve: Resolve, ana: str
) -> None:
    resolve(tracker_id="t-old", message_id="m-old")
    resolve(tracker_id="t-old", email="ana@example.com", message_id="m-merge")
    client.post(f"/v1/contacts/{ana}/keys", json={"user_id": "42"})
    client.post(f"/v1/contacts/{ana}/keys/remove", json={"user_id": "42"})
    path = f"/v1/contacts/{ana}/history"
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get(path, params={"limit": 2, **cursor}).json()
        items += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert items == client.get(path).json()["items"]
    assert [item["what"] for item in items][:2] == ["taken", "given"]
    assert {"folded", "created"} <= {item["what"] for item in items}
    folded = next(item for item in items if item["what"] == "folded")
    assert "by rule 3, event m-merge" in folded["words"]
    assert client.get(f"/v1/merges/{folded['merge']}").json()["message_id"] == "m-merge"
    assert sorted((item["at"] for item in items), reverse=True) == [item["at"] for item in items]


@pytest.mark.parametrize("path", ["history", "activity"])
def test_a_made_up_cursor_is_refused(client: TestClient, ana: str, path: str) -> None:
    refused(client.get(f"/v1/contacts/{ana}/{path}?cursor=made-up"), 422, "bad_input")


def test_the_graph_shows_what_is_around_a_contact(client: TestClient, ana: str) -> None:
    graph = client.get(f"/v1/contacts/{ana}/graph").json()
    assert (graph["contact"], graph["path"]) == (ana, None)
    assert {node["id"] for node in graph["nodes"]} == {ana, "email:ana@example.com", "tracker_id:t-ana"}
    assert {(edge["type"], edge["source"]) for edge in graph["edges"]} == {("owns", ana)}


def test_the_graph_marks_what_ties_two_keys_and_says_it_in_words(
    client: TestClient, resolve: Resolve, ana: str
) -> None:
    old = resolve(tracker_id="t-old")["contact"]["id"]
    resolve(tracker_id="t-old", email="ana@example.com", message_id="m-merge")
    ends = {"from": "tracker_id:t-old", "to": "email:Ana@Example.com"}
    graph = client.get(f"/v1/contacts/{ana}/graph", params=ends).json()
    assert [step["words"].split()[0] for step in graph["path"]] == ["The", "Contact", "The"]
    assert "m-merge" in graph["path"][1]["words"]
    marked = {node["id"] for node in graph["nodes"] if node["on_path"]}
    assert marked == {"tracker_id:t-old", "email:ana@example.com", ana, old}


@pytest.mark.parametrize(
    ("ends", "field", "rule"),
    [
        ({"from": "tracker_id:t-ana"}, "to", "both_or_none"),
        ({"to": "tracker_id:t-ana"}, "from", "both_or_none"),
        ({"from": "cookie:1", "to": "tracker_id:t-ana"}, "from", "key"),
        ({"from": "tracker_id:t-ana", "to": "email:nobody"}, "to", "invalid"),
        ({"from": "", "to": "tracker_id:t-ana"}, "from", "length"),
        ({"from_": "tracker_id:t-ana", "to": "tracker_id:t-ana"}, "from_", "unknown_parameter"),
    ],
)
def test_two_ends_are_to_be_given_or_none(
    client: TestClient, ana: str, ends: dict[str, str], field: str, rule: str
) -> None:
    errors = refused(client.get(f"/v1/contacts/{ana}/graph", params=ends), 422, "bad_input")
    assert (errors[0]["field"], errors[0]["rule"]) == (field, rule)


def test_a_path_to_a_key_of_somebody_else_is_a_404(client: TestClient, ana: str, ben: str) -> None:
    ends = {"from": "tracker_id:t-ana", "to": "tracker_id:t-ben"}
    refused(client.get(f"/v1/contacts/{ana}/graph", params=ends), 404, "not_found")
