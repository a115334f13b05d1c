"""How many names a contact's properties may have, and that an event reads no others than those that it writes."""

from typing import Any
from unittest.mock import patch

import pytest

from graph.errors import BadInput
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import Database, Transaction


@pytest.fixture
def small(database: Database, server: Settings) -> Kinfold:
    return Kinfold.on(database, server.model_copy(update={"max_properties": 3}))


def send(kinfold: Kinfold, **event: Any) -> Any:
    return kinfold.resolver.resolve([read_event(event)])[0]


def properties(kinfold: Kinfold, tracker: str) -> dict[str, Any]:
    [contact] = kinfold.contacts.owners("tracker_id", tracker)
    found: dict[str, Any] = contact["properties"]
    return found


def test_an_event_beyond_the_limit_writes_what_fits_and_says_limited(small: Kinfold) -> None:
    first = send(small, tracker_id="t1", properties={"a": 1, "b": 2})
    assert not first.limited
    second = send(small, tracker_id="t1", properties={"c": 3, "d": 4, "a": 5})
    assert second.limited
    assert second.contact == first.contact
    assert properties(small, "t1") == {"a": 5, "b": 2, "c": 3}
    activity, _ = small.contacts.activity(first.contact.id)
    assert [item["limited"] for item in activity] == [True, False]


def test_names_that_are_there_are_written_and_removed_at_the_limit(small: Kinfold) -> None:
    send(small, tracker_id="t1", properties={"a": 1, "b": 2, "c": 3})
    assert not send(small, tracker_id="t1", properties={"a": 2, "b": None, "nobody": None}).limited
    assert properties(small, "t1") == {"a": 2, "c": 3}
    assert send(small, tracker_id="t1", properties={"d": 1}).limited, "a removed name counts: its removal is kept"
    assert not send(small, tracker_id="t1", properties={"b": 3}).limited


def test_the_limit_counts_over_the_events_of_a_batch_and_in_a_dry_run(small: Kinfold) -> None:
    events = [read_event({"tracker_id": "t1", "properties": {f"p{number}": 1}}) for number in range(5)]
    limited = [False, False, False, True, True]
    assert [answer.limited for answer in small.resolver.resolve(events, dry_run=True)] == limited
    assert [answer.limited for answer in small.resolver.resolve(events)] == limited
    assert set(properties(small, "t1")) == {"p0", "p1", "p2"}


def test_a_union_brings_what_it_brings_and_is_taken_back_exactly(small: Kinfold) -> None:
    send(small, email="ana@example.com", tracker_id="t1", properties={"a": 1, "b": 2})
    send(small, tracker_id="t2", properties={"c": 3, "d": 4})
    answer = send(small, email="ana@example.com", tracker_id="t2", properties={"e": 5, "a": 6})
    assert answer.limited
    assert properties(small, "t1") == {"a": 6, "b": 2, "c": 3, "d": 4}
    [entry], _ = small.unions.page()
    small.unions.undo(entry["id"])
    assert properties(small, "t1") == {"a": 6, "b": 2}
    assert properties(small, "t2") == {"c": 3, "d": 4}


def test_by_hand_nothing_is_written_beyond_the_limit(small: Kinfold) -> None:
    contact = send(small, tracker_id="t1", properties={"a": 1}).contact.id
    with pytest.raises(BadInput, match="at most 3 names"):
        small.properties.write(contact, {"b": 1, "c": 1, "d": 1})
    assert properties(small, "t1") == {"a": 1}
    assert small.properties.write(contact, {"b": 1, "c": 1})["properties"] == {"a": 1, "b": 1, "c": 1}


def test_an_event_that_writes_one_property_reads_that_one(kinfold: Kinfold) -> None:
    for start in range(0, 900, 300):
        send(kinfold, tracker_id="t1", properties={f"p{number}": 1 for number in range(start, start + 300)})
    read: list[int] = []
    run = Transaction.run

    def counting(self: Transaction, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        rows = run(self, name, **parameters)
        if name == "properties.entries":
            read.append(sum(len(row["entries"]) for row in rows))
        return rows

    with patch.object(Transaction, "run", counting):
        send(kinfold, tracker_id="t1", properties={"p7": 2, "new": 1})
    assert read == [1]
    assert len(properties(kinfold, "t1")) == 901
