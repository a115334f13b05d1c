"""Devices and subscriptions of declared namespaces are looked at as trackers and push subscriptions are."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.identity.declared_namespaces import apply
from graph.identity.events import read_event
from graph.identity.namespaces import KeyClass, Namespace, Namespaces
from graph.kinfold import Kinfold
from tests.graph.analysis.test_sharing import under

BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
DECLARED = Namespaces.of(
    [
        Namespace("card", KeyClass.PERSON),
        Namespace("app_install", KeyClass.DEVICE),
        Namespace("app_push", KeyClass.SUBSCRIPTION),
    ]
)


def with_app(kinfold: Kinfold, events: Iterable[dict[str, Any]], policy: str = "strict") -> Kinfold:
    """Resolve events an hour apart, on a deployment with an app."""
    apply(kinfold.database, DECLARED)
    kinfold = under(kinfold, policy)
    timed = [
        {"occurred_at": (BEGAN + timedelta(hours=hour)).isoformat(), "message_id": f"m{hour:05}", **event}
        for hour, event in enumerate(events)
    ]
    for start in range(0, len(timed), 100):
        kinfold.resolver.resolve(
            [read_event(event, namespaces=kinfold.namespaces) for event in timed[start : start + 100]]
        )
    kinfold.anomalies.refresh()
    return kinfold


def found(kinfold: Kinfold, kind: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(item["subject"]["type"], item["subject"]["value"]): item for item in kinfold.anomalies.page(kind)[0]}


def person(number: int) -> dict[str, Any]:
    return {"card": f"c{number}"}


@pytest.mark.parametrize("policy", ["strict", "last_login"])
def test_a_kiosk_without_a_tracker_is_found_by_its_installation(kinfold: Kinfold, policy: str) -> None:
    events = [{"keys": {"app_install": "kiosk", **person(number % 9)}} for number in range(27)]
    kinfold = with_app(kinfold, events, policy)
    item = found(kinfold, "many_emails")["app_install", "kiosk"]
    assert item["score"] > 0.5
    assert item["evidence"]["persons"] == 9
    assert item["evidence"]["named"] == ["kiosk"]
    [cluster] = kinfold.anomalies.clusters()[0]
    assert {"type": "app_install", "value": "kiosk"} in cluster["articulation_points"]


def test_a_push_token_of_an_app_that_strangers_name_themselves_with_is_found(kinfold: Kinfold) -> None:
    events = [
        {"tracker_id": f"t{number % 8}", "subscription": f"own{number % 8}"}
        | {"keys": {"app_push": "token", **person(number % 8)}}
        for number in range(24)
    ]
    kinfold = with_app(kinfold, events)
    shared = found(kinfold, "shared_subscription")
    assert {*shared} == {("app_push", "token")}
    assert shared["app_push", "token"]["evidence"]["persons"] == 8
    assert shared["app_push", "token"]["score"] > 0.5
    assert shared["app_push", "token"]["evidence"]["uses"] == 24


def test_a_device_that_went_to_somebody_else_is_found_by_its_push_token(kinfold: Kinfold) -> None:
    events = [
        {"keys": {"app_install": "phone", "app_push": "token", "card": ("ana", "bob")[day >= 6]}}
        | {"occurred_at": (BEGAN + timedelta(days=day)).isoformat()}
        for day in range(12)
    ]
    kinfold = with_app(kinfold, events)
    item = found(kinfold, "shared_subscription")["app_push", "token"]
    assert item["evidence"]["detail"]["handed_on"] >= 0.5
    assert "gone to somebody else" in item["reason"]


def test_an_address_on_many_installations_in_use_at_once_is_found(kinfold: Kinfold) -> None:
    events = [
        {"keys": {"app_install": f"i{number % 30}", "email": "ana@example.com"}}
        | {"event_properties": {"device_type": "phone"}, "occurred_at": f"2026-03-01T{number // 30:02}:10:00Z"}
        for number in range(90)
    ]
    kinfold = with_app(kinfold, events)
    item = found(kinfold, "many_trackers")["email", "ana@example.com"]
    assert item["score"] > 0.5
    assert item["reason"].startswith("It came on 30 devices")
    assert ("email", "ana@example.com") in found(kinfold, "fusing_value")


def test_an_installation_that_folds_visitors_together_is_found_with_its_unions(kinfold: Kinfold) -> None:
    events: list[dict[str, Any]] = [{"tracker_id": f"t{number}"} for number in range(12)]
    events += [{"tracker_id": "t0", "keys": {"app_install": "bogus"}}]
    events += [{"tracker_id": f"t{number}", "keys": {"app_install": "bogus"}} for number in range(1, 12)]
    kinfold = with_app(kinfold, events)
    item = found(kinfold, "fusing_value")["app_install", "bogus"]
    assert item["evidence"]["unions"] == 11
    assert item["evidence"]["command"] == "kinfold unmerge --key app_install=bogus --dry-run"


def test_an_installation_that_gathers_trackers_nobody_had_is_found_though_nothing_was_folded(kinfold: Kinfold) -> None:
    events: list[dict[str, Any]] = [
        {"tracker_id": f"t{number % 30}", "keys": {"app_install": "bogus"}}
        | {"event_properties": {"device_type": "phone"}, "occurred_at": f"2026-03-01T{number // 30:02}:10:00Z"}
        for number in range(60)
    ]
    events += [{"tracker_id": f"own{number % 8}", "keys": {"app_install": f"i{number % 8}"}} for number in range(16)]
    kinfold = with_app(kinfold, events)
    assert kinfold.unions.page()[0] == []
    assert {*found(kinfold, "many_trackers")} == {("app_install", "bogus")}
    item = found(kinfold, "many_trackers")["app_install", "bogus"]
    assert item["score"] > 0.5
    assert item["evidence"]["trackers"] == 30
    assert item["reason"].startswith("It came on 30 trackers, where 1 is usual")
    [owner] = kinfold.contacts.owners("app_install", "bogus")
    assert item["evidence"]["contacts"] == [owner["id"]]
    assert len(owner["trackers"]) == 30
    assert item["actions"][0]["action"] == "block"


def test_an_installation_on_a_device_that_people_hand_around_is_that_devices_finding_alone(kinfold: Kinfold) -> None:
    events: list[dict[str, Any]] = [{"tracker_id": "t", "keys": {"app_install": "kiosk", **person(0)}}]
    kinfold = with_app(kinfold, events)
    tracker = "t"
    for number in range(1, 27):
        event = {"tracker_id": tracker, "message_id": f"n{number}", "keys": {"app_install": "kiosk", **person(number)}}
        [answer] = kinfold.resolver.resolve([read_event(event, namespaces=kinfold.namespaces)])
        tracker = str(answer.tracker_id)
    kinfold.anomalies.refresh()
    assert len(found(kinfold, "many_emails")) == 1
    assert found(kinfold, "many_trackers") == {}


def test_an_event_with_tracker_and_installation_came_on_one_device(kinfold: Kinfold) -> None:
    events = [
        {"tracker_id": f"t{number % 12}", "keys": {"app_install": f"i{number % 12}", "card": "c"}}
        for number in range(24)
    ]
    kinfold = with_app(kinfold, events)
    assert found(kinfold, "many_trackers")["card", "c"]["evidence"]["trackers"] == 12


def test_findings_are_tied_to_the_keys_of_declared_namespaces_that_they_name(kinfold: Kinfold) -> None:
    names = [{"email": "ana@example.org"}, *map(person, range(8))]
    events = [{"keys": {"app_install": "kiosk", **names[number % 9]}} for number in range(27)]
    kinfold = with_app(kinfold, events)
    rows = kinfold.database.read(
        lambda tx: tx.run_text("MATCH (:Finding {kind: 'many_emails'})-[:ABOUT]->(k:Key) RETURN k.namespace AS name")
    )
    assert {row["name"] for row in rows} == {"app_install", "card", "email"}


def test_what_only_declared_namespaces_of_persons_fused_can_be_split(kinfold: Kinfold) -> None:
    apply(kinfold.database, Namespaces.of([*DECLARED, Namespace("phone", KeyClass.PERSON)]))
    kinfold = Kinfold.on(kinfold.database, kinfold.settings)
    events = [
        {"tracker_id": f"t{number}", "message_id": f"m{number}", "keys": {"card": "bogus", "phone": f"06{number % 5}"}}
        | {"event_properties": {"device_type": "phone"}, "occurred_at": "2026-03-01T10:00:00Z"}
        for number in range(30)
    ]
    kinfold.resolver.resolve([read_event(event, namespaces=kinfold.namespaces) for event in events])
    kinfold.anomalies.refresh()
    actions = found(kinfold, "fusing_value")["card", "bogus"]["actions"]
    assert [action["action"] for action in actions][:2] == ["split", "block"]
