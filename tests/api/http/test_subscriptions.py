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


def states(client: TestClient, who: str) -> dict[str, str]:
    return {one["id"]: one["state"] for one in state(client, email=f"{who}@example.com")}


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


def test_owners_fall_asleep_by_hand_and_are_woken_again(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", tracker_id="t1", subscription="s1")["contact"]["id"]
    bob = resolve(email="bob@example.com", tracker_id="t2")["contact"]["id"]
    client.post(f"/v1/contacts/{bob}/keys", json={"subscription": "s1"})
    tried = client.post("/v1/subscriptions/sleep?dry_run=true", json={"subscription": "s1", "but": ana}).json()
    assert [(one["contact"], [field["field"] for field in one["changes"]]) for one in tried["changes"]] == [
        (bob, ["subscriptions"])
    ]
    assert states(client, "bob") == {"s1": "awake"}

    assert client.post("/v1/subscriptions/sleep", json={"subscription": "s1", "but": ana}).json() == {"contacts": [bob]}
    assert states(client, "bob") == {"s1": "asleep"}
    assert states(client, "ana") == {"s1": "awake"}
    drawn = client.get("/v1/graph?subscription=s1").json()["edges"]
    assert {edge["source"]: edge.get("asleep") for edge in drawn} == {ana: None, bob: True}
    around = client.get(f"/v1/contacts/{ana}/graph").json()["edges"]
    assert [edge["source"] for edge in around if edge.get("asleep")] == [bob]
    check = client.post("/v1/deliveries/check", json={"checks": [{"contact": bob, "subscription": "s1"}]}).json()
    assert check["results"][0]["verdict"] == "hold"

    # Again changes nobody, and what is taken back is exactly what was done.
    assert client.post("/v1/subscriptions/sleep", json={"subscription": "s1"}).json() == {"contacts": [ana]}
    assert client.post("/v1/subscriptions/wake", json={"subscription": "s1", "contacts": [ana]}).json() == {
        "contacts": [ana]
    }
    assert client.post("/v1/subscriptions/wake?dry_run=true", json={"subscription": "s1"}).json()["dry_run"] is True
    assert client.post("/v1/subscriptions/wake", json={"subscription": "s1"}).json() == {"contacts": [bob]}
    assert kinds(client)[-4:] == ["slept", "slept", "woke", "woke"]
    told = client.get(f"/v1/contacts/{bob}/history").json()["items"]
    assert [item["what"] for item in told[:2]] == ["woke", "slept"]


def test_only_an_owner_is_let_sleep(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", subscription="s1")["contact"]["id"]
    bob = resolve(email="bob@example.com")["contact"]["id"]
    for word in ("sleep", "wake"):
        for body in (
            {"subscription": "nobody's"},
            {"subscription": "s1", "contacts": [bob]},
            {"subscription": "s1", "contacts": [ana, "nobody"]},
        ):
            refused(client.post(f"/v1/subscriptions/{word}", json=body), 404, "not_found")
        refused(client.post(f"/v1/subscriptions/{word}", json={"subscription": 7}), 422, "bad_input")
        refused(
            client.post(f"/v1/subscriptions/{word}", json={"subscription": {"email": "x@y.example"}}), 422, "bad_input"
        )
    refused(client.post("/v1/subscriptions/sleep", json={"subscription": "s1", "but": bob}), 404, "not_found")
    assert states(client, "ana") == {"s1": "awake"}


def test_what_a_hand_let_sleep_a_union_and_its_undo_keep(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", subscription="s1")["contact"]["id"]
    bob = resolve(email="bob@example.com", subscription="s2")["contact"]["id"]
    client.post("/v1/subscriptions/sleep", json={"subscription": "s2"})
    union = client.post("/v1/merges", json={"source": bob, "target": ana}).json()["id"]
    assert states(client, "ana") == {"s1": "awake", "s2": "asleep"}
    assert client.post("/v1/subscriptions/wake", json={"subscription": "s2", "contacts": [bob]}).json() == {
        "contacts": [ana]
    }
    client.post(f"/v1/merges/{union}/undo")
    assert states(client, "bob") == {"s2": "awake"}


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
