"""Unions and splits in random order, all undone in another random order: everybody is as if there had been none."""

import random
from typing import Any

import pytest

from graph.edits.splits import Wanted
from graph.errors import ClashError
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.store.database import Database
from tests.graph.identity.test_properties_always import check_invariants

PEOPLE = 5
ACTS = 9


def shown(kinfold: Kinfold, contact: str) -> dict[str, Any]:
    """Return all that a contact shows and holds, without the journals."""
    export = kinfold.exports.document(contact)
    made = {part["contact"] for split in kinfold.splits.page()[0] for part in split["parts"]}
    export["contact"]["merged_from"] = [one for one in export["contact"]["merged_from"] if one not in made]
    export["folded"] = [one for one in export["folded"] if one["split"] is None]
    kept = ("contact", "keys", "periods", "properties", "activity", "folded", "lists")
    return {name: export[name] for name in kept}


def somebody(kinfold: Kinfold, number: int, dice: random.Random) -> str:
    """Make a contact with two addresses, two trackers, and what may be a shared subscription."""
    address = f"p{number}@example.com"
    event: dict[str, Any] = {"email": address, "tracker_id": f"t{number}", "properties": {"n": number, "a": "x"}}
    if dice.random() < 0.7:
        event["subscription"] = f"s{number % 2}"
    (answer,) = kinfold.resolver.resolve([read_event(event)])
    assert answer.contact
    assert answer.contact.id
    contact = answer.contact.id
    kinfold.keys.give(contact, "email", f"q{number}@example.com")
    kinfold.resolver.resolve(
        [
            read_event({"email": f"q{number}@example.com", "tracker_id": f"u{number}", "properties": {"q": number}}),
            read_event({"email": f"q{number}@example.com", "tracker_id": f"t{number}", "event": "view"}),
        ]
    )
    return contact


@pytest.mark.parametrize("seed", [*range(8), 9, 22, 29, 38])
def test_whatever_is_undone_in_whichever_order_leaves_no_trace(seed: int, kinfold: Kinfold) -> None:
    dice = random.Random(seed)
    people = [somebody(kinfold, number, dice) for number in range(PEOPLE)]
    before = {contact: shown(kinfold, contact) for contact in people}
    done: list[tuple[str, str]] = []
    alive = list(people)
    for _ in range(ACTS):
        contact = dice.choice(alive)
        if dice.random() < 0.5 and len(alive) > 2:
            target = dice.choice([one for one in alive if one != contact])
            done.append(("union", kinfold.unions.merge(contact, target)["id"]))
            alive.remove(contact)
            continue
        document = kinfold.contacts.get(contact)
        keys = [(name, value) for name, values in document["keys"].items() for value in values]
        part = tuple(dice.sample(keys, dice.randint(1, max(1, len(keys) - 1))))
        entry = kinfold.splits.split(contact, Wanted((part,)))
        done.append(("split", entry["id"]))
        alive.append(entry["parts"][0]["contact"])
    while done:
        dice.shuffle(done)
        for what, id_ in list(done):
            try:
                if what == "union":
                    kinfold.unions.undo(id_)
                else:
                    kinfold.splits.undo(id_)
            except ClashError as error:
                assert error.extra["covering"]
                continue
            done.remove((what, id_))
            break
        else:
            pytest.fail(f"nothing of {done} can be undone")
    for contact in people:
        after = shown(kinfold, contact)
        for name, value in before[contact].items():
            assert after[name] == value, (contact, name)


@pytest.mark.parametrize("state", ["awake", "asleep"])
def test_what_an_event_said_of_a_subscription_since_stays(state: str, kinfold: Kinfold) -> None:
    event = {"email": "p@example.com", "tracker_id": "t", "subscription": "s", "logout": state == "awake"}
    (answer,) = kinfold.resolver.resolve([read_event(event)])
    assert answer.contact
    assert answer.contact.id
    contact = answer.contact.id
    kinfold.keys.give(contact, "email", "q@example.com")
    split = kinfold.splits.split(contact, Wanted(((("email", "p@example.com"), ("subscription", "s")),)))
    kinfold.resolver.resolve([read_event({"email": "p@example.com", "subscription": "s", "logout": state == "asleep"})])
    kinfold.splits.undo(split["id"])
    assert kinfold.contacts.get(contact)["subscriptions"] == [{"id": "s", "shared_with": [], "state": state}]


def fused_by_a_device(kinfold: Kinfold) -> str:
    """Make a contact of two people whom one tablet fused, each with a browser of their own."""
    (answer,) = kinfold.resolver.resolve([read_event({"email": "ana@example.com", "tracker_id": "t-ana"})])
    assert answer.contact
    contact = answer.contact.id
    kinfold.keys.give(contact, "email", "bob@example.com")
    events = (
        {"email": "ana@example.com", "tracker_id": "tablet", "properties": {"name": "Ana"}},
        {"email": "bob@example.com", "tracker_id": "t-bob"},
        {"email": "bob@example.com", "tracker_id": "tablet", "properties": {"name": "Bob"}},
        {"tracker_id": "tablet", "event": "view"},
    )
    kinfold.resolver.resolve([read_event(event) for event in events])
    return contact


@pytest.mark.parametrize("used", [False, True])
def test_a_device_that_fused_two_is_nobodys_and_comes_back_unless_somebody_has_it(
    used: bool, kinfold: Kinfold, shared_database: Database
) -> None:
    whole = fused_by_a_device(kinfold)
    before = shown(kinfold, whole)
    assert "tablet" in before["contact"]["trackers"]
    entry = kinfold.splits.split(whole, Wanted(around=("tracker_id", "tablet")))
    assert entry["taken"] == {"tracker_id": ["tablet"]}
    assert kinfold.contacts.owners("tracker_id", "tablet") == []
    check_invariants(shared_database, by_hand=True)
    if used:
        kinfold.resolver.resolve([read_event({"tracker_id": "tablet"})])
        (owner,) = (one["id"] for one in kinfold.contacts.owners("tracker_id", "tablet"))
        assert owner not in (whole, *(part["contact"] for part in entry["parts"]))
    kinfold.splits.undo(entry["id"])
    check_invariants(shared_database, by_hand=True)
    after = shown(kinfold, whole)
    if used:
        assert [one["id"] for one in kinfold.contacts.owners("tracker_id", "tablet")] == [owner]
        assert "tablet" not in after["contact"]["trackers"]
        assert after["activity"] == before["activity"]
    else:
        assert after == before


@pytest.mark.parametrize("first", ["ana", "bob"])
def test_of_two_values_of_one_time_a_part_shows_the_later_arrival_whichever_a_union_brought(
    first: str, kinfold: Kinfold
) -> None:
    contacts, last = {}, {"ana": "bob", "bob": "ana"}[first]
    for name in (first, last):
        event = {"email": f"{name}@example.com", "tracker_id": name, "properties": {"said": name}}
        (answer,) = kinfold.resolver.resolve([read_event({**event, "occurred_at": "2020-01-01T00:00:00Z"})])
        assert answer.contact
        contacts[name] = answer.contact.id
    kinfold.unions.merge(contacts["bob"], contacts["ana"])
    assert kinfold.contacts.get(contacts["ana"])["properties"] == {"said": "ana"}
    keys: list[Any] = [("email", "ana@example.com"), ("email", "bob@example.com")]
    entry = kinfold.splits.split(contacts["ana"], Wanted((tuple(keys),)))
    (part,) = entry["parts"]
    assert kinfold.contacts.get(part["contact"])["properties"] == {"said": last}
    kinfold.splits.undo(entry["id"])
    assert kinfold.contacts.get(contacts["ana"])["properties"] == {"said": "ana"}
