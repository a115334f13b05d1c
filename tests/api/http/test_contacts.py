"""GET /v1/contacts, /v1/contacts/{id} and its activity."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]

DOCUMENT = {
    "id",
    "kind",
    "email",
    "emails",
    "user_ids",
    "trackers",
    "subscriptions",
    "properties",
    "segments",
    "workflows",
    "merged_from",
    "created_at",
    "last_seen_at",
}
ACTIVITY = {
    "message_id",
    "event",
    "event_properties",
    "tracker_id",
    "occurred_at",
    "received_at",
    "rule",
    "outcome",
}


@pytest.mark.parametrize(
    ("key", "value"), [("email", "ana@example.com"), ("tracker_id", "t1"), ("subscription", "s1"), ("user_id", "42")]
)
def test_a_contact_is_found_by_each_of_its_keys(client: TestClient, resolve: Resolve, key: str, value: str) -> None:
    answer = resolve(email="ana@example.com", tracker_id="t1", subscription="s1", user_id="42")
    page = client.get("/v1/contacts", params={key: value}).json()
    assert page.keys() == {"items", "next"}
    assert [item["id"] for item in page["items"]] == [answer["contact"]["id"]]
    assert page["next"] is None


def test_a_key_that_nobody_owns_leads_to_nobody_and_makes_nobody(client: TestClient) -> None:
    for _ in range(2):
        assert client.get("/v1/contacts", params={"email": "ana@example.com"}).json() == {"items": [], "next": None}


def test_exactly_one_key_is_to_be_given(client: TestClient) -> None:
    errors = refused(client.get("/v1/contacts?email=ana@example.com&tracker_id=t1"), 422, "bad_input")
    assert [error["rule"] for error in errors] == ["exactly_one"]


@pytest.mark.parametrize(
    ("query", "field", "rule"),
    [
        ("mail=ana@example.com", "mail", "unknown_parameter"),
        ("email=", "email", "length"),
        ("email=a@example.com&email=b@example.com", "email", "duplicate_parameter"),
        ("email=a@example.com&limit=0", "limit", "limit"),
        ("email=a@example.com&limit=ten", "limit", "limit"),
        ("email=a@example.com&limit=1001", "limit", "limit"),
        ("email=a@example.com&cursor=nowhere", "cursor", "cursor"),
    ],
)
def test_a_bad_query_is_refused_with_its_parameter(client: TestClient, query: str, field: str, rule: str) -> None:
    errors = refused(client.get(f"/v1/contacts?{query}"), 422, "bad_input")
    assert [(error["field"], error["rule"]) for error in errors] == [(field, rule)]


def test_owners_of_a_shared_subscription_come_in_pages(client: TestClient, resolve: Resolve) -> None:
    resolve(email="ana@example.com", tracker_id="t1", subscription="s1")
    resolve(email="ben@example.com", tracker_id="t2", subscription="s1")
    whole = client.get("/v1/contacts?subscription=s1").json()["items"]
    assert len(whole) == 2
    first = client.get("/v1/contacts?subscription=s1&limit=1").json()
    second = client.get("/v1/contacts", params={"subscription": "s1", "limit": 1, "cursor": first["next"]}).json()
    assert first["items"] + second["items"] == whole
    assert second["next"] is None


def test_a_contact_has_every_field_of_the_contract(client: TestClient, resolve: Resolve) -> None:
    answer = resolve(email="ana@example.com", tracker_id="t1", subscription="s1", properties={"_name": "Ana"})
    contact = client.get(f"/v1/contacts/{answer['contact']['id']}").json()
    assert contact.keys() >= DOCUMENT
    assert contact["email"] == "ana@example.com"
    assert contact["subscriptions"] == [{"id": "s1", "shared_with": [], "state": "awake"}]
    assert contact["properties"] == {"_name": "Ana"}
    assert contact["created_at"].endswith("Z")


def test_a_merged_id_leads_to_its_survivor(client: TestClient, resolve: Resolve) -> None:
    survivor = resolve(email="ana@example.com", tracker_id="t1")["contact"]["id"]
    folded = resolve(tracker_id="t2")["contact"]["id"]
    assert resolve(email="ana@example.com", tracker_id="t2")["merged"] == [folded]
    contact = client.get(f"/v1/contacts/{folded}").json()
    assert (contact["id"], contact["redirected_from"]) == (survivor, folded)
    assert contact["merged_from"] == [folded]
    assert "redirected_from" not in client.get(f"/v1/contacts/{survivor}").json()
    assert len(client.get(f"/v1/contacts/{folded}/activity").json()["items"]) == 3


@pytest.mark.parametrize("path", ["", "/activity", "/activity/days"])
def test_an_unknown_contact_is_a_404(client: TestClient, path: str) -> None:
    refused(client.get(f"/v1/contacts/nobody{path}"), 404, "not_found")


def test_a_call_that_takes_no_parameters_refuses_them_by_name(client: TestClient) -> None:
    errors = refused(client.get("/v1/contacts/nobody?deep=true"), 422, "bad_input")
    assert errors[0]["field"] == "deep"


def test_activity_comes_newest_first_and_in_pages(client: TestClient, resolve: Resolve) -> None:
    for day in range(1, 6):
        answer = resolve(
            tracker_id="t1",
            event=f"visit {day}",
            event_properties={"day": day},
            message_id=f"m{day}",
            occurred_at=f"2026-11-0{day}T10:00:00Z",
        )
    path = f"/v1/contacts/{answer['contact']['id']}/activity"
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get(path, params={"limit": 2, **cursor}).json()
        assert all(item.keys() >= ACTIVITY for item in page["items"])
        pages.append([item["event"] for item in page["items"]])
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert pages == [["visit 5", "visit 4"], ["visit 3", "visit 2"], ["visit 1"]]


@pytest.fixture
def busy(client: TestClient, resolve: Resolve) -> str:
    """A contact with six activities of two events, on two devices, on four days."""
    days = ("01T10", "01T11", "02T10", "02T23", "04T09", "05T09")
    for turn, day in enumerate(days):
        answer = resolve(
            email="ana@example.com",
            tracker_id="t1" if turn < 4 else "t2",
            event="visit" if turn % 2 else "click",
            message_id=f"m{turn}",
            occurred_at=f"2026-11-{day}:00:00Z",
        )
    return f"/v1/contacts/{answer['contact']['id']}/activity"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"event": "visit"}, ["m5", "m3", "m1"]),
        ({"event": "visit", "tracker_id": "t1"}, ["m3", "m1"]),
        ({"from": "2026-11-02T10:00:00Z"}, ["m5", "m4", "m3", "m2"]),
        ({"to": "2026-11-02T10:00:00Z"}, ["m1", "m0"]),
        ({"from": "2026-11-02T11:00:00+01:00", "to": "2026-11-04T10:00:00+01:00"}, ["m3", "m2"]),
        ({"event": "none"}, []),
    ],
)
def test_activity_is_filtered_by_event_device_and_time_over_all_pages(
    client: TestClient, busy: str, asked: dict[str, str], expected: list[str]
) -> None:
    found: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = client.get(busy, params={**asked, "limit": 2, **more}).json()
        found += [item["message_id"] for item in page["items"]]
        if page["next"] is None:
            break
        more = {"cursor": page["next"]}
    assert found == expected


def test_activity_is_counted_by_day_and_by_event(client: TestClient, busy: str) -> None:
    days = [("2026-11-01", 2), ("2026-11-02", 2), ("2026-11-04", 1), ("2026-11-05", 1)]
    counted = client.get(f"{busy}/days").json()
    assert counted == {
        "activities": 6,
        "days": [{"day": day, "activities": count} for day, count in days],
        "events": [{"event": "click", "activities": 3}, {"event": "visit", "activities": 3}],
    }
    visits = client.get(f"{busy}/days?event=visit&tracker_id=t2").json()
    assert visits["days"] == [{"day": "2026-11-05", "activities": 1}]
    assert [one["event"] for one in visits["events"]] == ["click", "visit"]
    refused(client.get(f"{busy}?from=yesterday"), 422, "bad_input")
    refused(client.get(f"{busy}/days?from=2026-11-02T10:00:00Z"), 422, "bad_input")


def test_a_cursor_that_nobody_gave_is_refused(client: TestClient, resolve: Resolve) -> None:
    contact = resolve(tracker_id="t1")["contact"]["id"]
    refused(client.get(f"/v1/contacts/{contact}/activity?cursor=made-up"), 422, "bad_input")


def test_contacts_are_named_by_their_ids(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", tracker_id="t1", properties={"_name": "Ana"})["contact"]["id"]
    folded = resolve(tracker_id="t2")["contact"]["id"]
    resolve(email="ana@example.com", tracker_id="t2")
    answer = client.post("/v1/contacts/names", json={"contacts": [ana, ana, folded, "nobody"]})
    assert answer.json() == {"names": {ana: {"name": "Ana", "kind": "known"}}}
    for contacts in ([], ["x"] * 201, [7], None):
        refused(client.post("/v1/contacts/names", json={"contacts": contacts}), 422, "bad_input")
    read = client.get("/v1/audit?what=read").json()["items"]
    assert [(one["contact"], one["details"]["call"]) for one in read] == [(ana, "names")]
