"""Subscriptions over HTTP: their life, those that are gone, and the gate before a push."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]


def state(client: TestClient, **key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/contacts", params=key).json()["items"][0]["subscriptions"]
    return found


def kinds(client: TestClient) -> list[str]:
    return [change["kind"] for change in client.get("/v1/changes").json()["items"]]


def test_a_log_out_shows_in_the_contact_the_feed_and_the_history(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", tracker_id="t1", subscription="s1")["contact"]["id"]
    resolve(tracker_id="t1", logout=True, message_id="out")
    assert state(client, email="ana@example.com") == [{"id": "s1", "shared_with": [], "state": "asleep"}]
    assert kinds(client)[-1] == "slept"
    told = client.get(f"/v1/contacts/{ana}/history").json()["items"][0]
    assert (told["what"], told["message_id"]) == ("slept", "out")
    assert "s1" in told["words"]


def test_an_export_says_since_when_and_an_erasure_leaves_nothing(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", tracker_id="t1", subscription="s1")["contact"]["id"]
    resolve(subscription="s2", replaces={"subscription": "s1"})
    resolve(tracker_id="t1", subscription="s2", logout=True)
    exported = client.get(f"/v1/contacts/{ana}/export").json()
    assert [key["asleep_since"] is not None for key in exported["keys"] if key["key"] == "subscription"] == [True]
    assert [(one["action"], one["value"], one["replaced_by"]) for one in exported["key_changes"]] == [
        ("replaced", "s1", "s2"),
        ("slept", "s2", None),
    ]
    receipt = client.delete(f"/v1/contacts/{ana}").json()
    assert receipt["done"]
    assert client.post("/v1/subscriptions/gone", json={"subscriptions": ["s1", "s2"]}).json() == {"gone": 0}


def test_a_replacement_is_named_in_the_answer(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", tracker_id="t1", subscription="s1")["contact"]["id"]
    answer = resolve(subscription="s2", replaces={"subscription": "s1"})
    assert answer["moved"] == [{"key": "subscription", "value": "s1", "from": ana, "replaced_by": "s2"}]
    assert answer["contact"]["id"] == ana


def test_what_is_gone_is_counted(client: TestClient, resolve: Resolve) -> None:
    resolve(email="ana@example.com", subscription="s1")
    body = {"subscriptions": ["s1", "never", {"subscription": "s1"}]}
    assert client.post("/v1/subscriptions/gone", json=body).json() == {"gone": 1}
    assert state(client, email="ana@example.com") == []
    assert kinds(client)[-1] == "gone"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("subscriptions/gone", {}, "subscriptions"),
        ("subscriptions/gone", {"subscriptions": []}, "subscriptions"),
        ("subscriptions/gone", {"subscriptions": ["s1", 7]}, "subscriptions[1]"),
        ("subscriptions/gone", {"subscriptions": [{"email": "ana@example.com"}]}, "subscriptions[0]"),
        ("deliveries/check", {"checks": []}, "checks"),
        ("deliveries/check", {"checks": [{"contact": "c"}]}, "checks[0].subscription"),
        ("deliveries/check", {"checks": [{"subscription": "s1"}]}, "checks[0]"),
        ("deliveries/check", {"checks": [{"nowhere": "x", "subscription": "s1"}]}, "checks[0].nowhere"),
        (
            "deliveries/check",
            {"checks": [{"contact": "c", "email": "a@b.example", "subscription": "s1"}]},
            "checks[0].contact",
        ),
    ],
)
def test_what_is_wrong_with_a_list_is_named(client: TestClient, path: str, body: Any, field: str) -> None:
    errors = refused(client.post(f"/v1/{path}", json=body), 422, "bad_input")
    assert [error["field"] for error in errors] == [field]


def test_the_gate_takes_a_person_by_id_or_by_any_key_and_writes_nothing(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", tracker_id="t1", subscription="s1")["contact"]["id"]
    before = kinds(client)
    whom = [
        {"contact": ana},
        {"contact": {"email": "ana@example.com"}},
        {"email": "ana@example.com"},
        {"tracker_id": "t1"},
    ]
    body = {"checks": [{**one, "subscription": "s1"} for one in whom]}
    results = client.post("/v1/deliveries/check", json=body).json()["results"]
    assert [one["verdict"] for one in results] == ["deliver"] * 4
    assert all(reason["code"] and reason["words"] for one in results for reason in one["reasons"])
    assert kinds(client) == before


@pytest.mark.parametrize("name", ["Signed Out", "Logged Out", "logged out"])
def test_a_log_out_comes_through_the_sdks(client: TestClient, resolve: Resolve, name: str) -> None:
    resolve(email="ana@example.com", tracker_id="t1", subscription="s1")
    client.post("/v1/track", json={"anonymousId": "t1", "event": "Order Completed"})
    assert state(client, email="ana@example.com")[0]["state"] == "awake"
    assert client.post("/v1/batch", json={"batch": [{"type": "track", "anonymousId": "t1", "event": name}]}).is_success
    assert state(client, email="ana@example.com")[0]["state"] == "asleep"
