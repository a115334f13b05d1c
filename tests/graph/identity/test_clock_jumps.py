"""The clock of a server is set: what arrives later still comes later."""

import time

import pytest

from graph.clock import Clock
from graph.identity.events import read_event
from graph.identity.resolver import Resolver
from graph.kinfold import Kinfold

DAY = 86_400


@pytest.mark.parametrize("jump", [-DAY, DAY])
def test_after_a_jump_and_a_restart_later_events_are_later_and_repeated_ones_are_known(
    jump: int, kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time_ns()
    times = {"shift": 0}
    monkeypatch.setattr("graph.clock.time.time_ns", lambda: now + times["shift"] * 1_000_000_000)

    def send(message: str, city: str) -> tuple[str, bool]:
        # A server of its own each time: nothing of the one before is remembered but what is in the graph.
        event = {"email": "ana@example.com", "event": "visit", "properties": {"city": city}, "message_id": message}
        [answer] = Resolver(kinfold.database, clock=Clock()).resolve([read_event(event)])
        assert answer.contact
        return answer.contact.id, answer.duplicate

    contact, _ = send("before", "Bonn")
    times["shift"] = jump
    assert send("after", "Celle") == (contact, False)
    assert send("before", "Bonn") == (contact, True)
    times["shift"] = 0
    assert send("at last", "Dessau") == (contact, False)

    assert kinfold.contacts.get(contact)["properties"] == {"city": "Dessau"}
    activity, _ = kinfold.contacts.activity(contact)
    assert [item["message_id"] for item in activity] == ["at last", "after", "before"]
