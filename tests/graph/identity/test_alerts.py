"""Findings at the event: many persons who named themselves with one subscription or one device."""

from typing import Any

import pytest

from graph.feed.feed import Feed
from graph.identity.events import read_event
from graph.identity.resolver import Resolver
from graph.store.database import Database

POLICIES = ("strict", "continuity", "last_login")
KINDS = (("subscription", "shared_subscription", "subscription"), ("tracker_id", "shared_device", "tracker"))


def _raised(database: Database) -> list[dict[str, Any]]:
    changes, _ = Feed(database).page(limit=1000)
    return [change for change in changes if change["kind"] == "finding_raised"]


def _name(resolver: Resolver, *people: int, **keys: str) -> list[str]:
    events = [read_event({"email": f"p{person}@example.com", **keys}) for person in people]
    return [answer.contact.id or "" for event in events for answer in resolver.resolve([event]) if answer.contact]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("key", "kind", "subject"), KINDS)
def test_the_fifth_person_raises_a_finding_whoever_owns_the_key(
    database: Database, policy: str, key: str, kind: str, subject: str
):
    resolver = Resolver(database, policy=policy, alert_persons=5)
    people = _name(resolver, 1, 2, 3, 4, **{key: "k1"})
    assert _raised(database) == []
    people += _name(resolver, 5, **{key: "k1"})
    (found,) = _raised(database)
    assert found["finding_kind"] == kind
    assert found["subject"] == {"type": subject, "value": "k1"}
    assert found["persons"] == sorted(people)
    assert found["persons_total"] == 5
    assert found["reason"].startswith("5 persons named themselves with this")
    actions = ["keep", "sleep", "block"] if key == "subscription" else ["keep", "block"]
    assert [action["action"] for action in found["actions"]] == actions


@pytest.mark.parametrize("policy", POLICIES)
def test_it_is_raised_again_only_past_the_next_step(database: Database, policy: str):
    resolver = Resolver(database, policy=policy, alert_persons=3)
    _name(resolver, *range(5), *range(5), tracker_id="t1", subscription="s1")
    assert [change["persons_total"] for change in _raised(database)] == [3, 3]
    _name(resolver, 5, tracker_id="t1", subscription="s1")
    assert [change["persons_total"] for change in _raised(database)] == [3, 3, 6, 6]


def test_contacts_without_a_name_are_no_persons(database: Database):
    resolver = Resolver(database, policy="strict", alert_persons=3)
    _name(resolver, 1, subscription="s1")
    made = set()
    for visitor in range(4):
        _name(resolver, 10 + visitor, tracker_id=f"t{visitor}")
        (answer,) = resolver.resolve([read_event({"tracker_id": f"t{visitor}", "subscription": "s1"})])
        assert answer.contact
        made.add(answer.contact.id)
    assert len(made) == 4
    assert _raised(database) == []


def test_people_who_are_one_count_once(database: Database):
    resolver = Resolver(database, policy="strict", alert_persons=3)
    _name(resolver, 1, 2, tracker_id="t1")
    resolver.resolve([read_event({"user_id": "u1", "email": "p1@example.com", "tracker_id": "t1"})])
    _name(resolver, 1, 2, 2, 1, tracker_id="t1")
    assert _raised(database) == []


def test_a_batch_raises_what_its_events_would(database: Database):
    resolver = Resolver(database, policy="strict", alert_persons=3)
    resolver.resolve([read_event({"email": f"p{one}@example.com", "subscription": "s1"}) for one in range(3)])
    assert [change["persons_total"] for change in _raised(database)] == [3]


def test_nothing_is_raised_where_nobody_asked(database: Database):
    _name(Resolver(database, policy="strict"), *range(8), subscription="s1", tracker_id="t1")
    assert _raised(database) == []
