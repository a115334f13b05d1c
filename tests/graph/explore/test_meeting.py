"""The graph around a key."""

from typing import Any

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from tests.graph.analysis import worlds


def ties(drawn: dict[str, Any]) -> dict[str, str]:
    names = {node["id"]: node.get("title") or node["label"] for node in drawn["nodes"]}
    return {names[edge["source"]]: edge["type"] for edge in drawn["edges"]}


def test_a_device_is_drawn_with_its_owner_and_with_everybody_who_logged_in_there(kinfold: Kinfold) -> None:
    worlds.send(kinfold, worlds.kiosk(30))
    drawn = kinfold.meetings.of("tracker_id", "kiosk")
    assert drawn["root"] == "tracker_id:kiosk"
    assert drawn["nodes"][0]["shared"] is False
    found = ties(drawn)
    assert sorted(found) == sorted(f"reader{n}@example.com" for n in range(30))
    assert list(found.values()).count("owns") == 1
    assert set(list(found.values())[1:]) == {"met"}
    assert drawn["left_out"] == 0


def test_a_shared_key_is_drawn_with_those_who_share_it(kinfold: Kinfold) -> None:
    worlds.send(kinfold, worlds.shared_subscription(5))
    drawn = kinfold.meetings.of("subscription", "push-x")
    assert drawn["nodes"][0]["shared"] is True
    assert ties(drawn) == {f"share{n}@example.com": "owns" for n in range(5)}


def test_who_was_folded_along_with_a_key_stands_beside_the_survivor(kinfold: Kinfold) -> None:
    for event in (
        {"tracker_id": "t1", "subscription": "s1"},
        {"tracker_id": "t2", "email": "ana@example.com"},
        {"tracker_id": "t1", "email": "ana@example.com"},
    ):
        answer = kinfold.resolver.resolve([read_event(event)])[0]
    [ghost] = answer.merged
    drawn = kinfold.meetings.of("subscription", "s1")
    [fold] = [edge for edge in drawn["edges"] if edge["type"] == "folded_into"]
    assert answer.contact
    assert (fold["source"], fold["target"]) == (ghost, answer.contact.id)
    assert fold["merge"] == kinfold.unions.page(limit=1)[0][0]["id"]


def test_others_are_drawn_with_the_key_by_any_id_that_leads_to_them(kinfold: Kinfold) -> None:
    first = kinfold.resolver.resolve([read_event({"email": "ana@example.com"})])[0]
    second = kinfold.resolver.resolve([read_event({"email": "bo@example.com"})])[0]
    assert first.contact
    assert second.contact
    kinfold.unions.merge(second.contact.id, first.contact.id)
    drawn = kinfold.meetings.of("tracker_id", "nobody's", contacts=[second.contact.id])
    assert ties(drawn) == {"ana@example.com": "met"}


def test_more_people_than_are_drawn_are_counted(kinfold: Kinfold, monkeypatch: Any) -> None:
    monkeypatch.setattr("graph.explore.meeting.MOST_PEOPLE", 3)
    worlds.send(kinfold, worlds.shared_subscription(5))
    drawn = kinfold.meetings.of("subscription", "push-x")
    assert len(drawn["nodes"]) == 4
    assert drawn["left_out"] == 2
