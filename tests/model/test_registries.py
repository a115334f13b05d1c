"""Random registries and random events: the product's table against a reading of the specification."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.identity.decision import Limits
from graph.identity.events import read_event
from graph.identity.keys import BlockList, read_keys
from graph.identity.namespaces import KeyClass, Namespace, Namespaces
from graph.identity.resolver import EventResolution, Prepared, Resolver
from graph.identity.working_set import WorkingSet
from graph.model import KeyRef
from tests.model.registries import ALWAYS, Declared, Reading

NAMES = ("card", "phone", "member", "install", "beacon", "app_push")


class Ids:
    """Gives contacts and trackers the names that the reading gives them."""

    def __init__(self) -> None:
        self.made = self.minted = self.others = 0

    def contact(self) -> str:
        self.made += 1
        return f"c{self.made:04}"

    def tracker(self) -> str:
        self.minted += 1
        return f"minted-{self.minted}"

    def time_ordered(self) -> str:
        self.others += 1
        return f"other-{self.others}"


@st.composite
def registries(draw: st.DrawFn) -> tuple[Declared, ...]:
    found = list(ALWAYS)
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5)):
        of = draw(st.sampled_from(["person", "person", "device", "subscription"]))
        hashed = draw(st.sampled_from([None, None, "email", "user_id"])) if of == "person" else None
        found.append(
            Declared(
                name,
                of,
                draw(st.sampled_from([5, 10, 15, 20, 100])),
                draw(st.sampled_from([None, 1, 2])),
                hashed,
            )
        )
    return tuple(found)


def namespaces_of(registry: tuple[Declared, ...]) -> Namespaces:
    return Namespaces.of(
        Namespace(one.name, KeyClass(one.of), one.priority, one.at_most, hash_of=one.hash_of)
        for one in registry[len(ALWAYS) :]
    )


def values_of(one: Declared) -> st.SearchStrategy[str]:
    import hashlib

    addresses = [f"{letter}@example.com" for letter in "abc"]
    if one.name == "email":
        return st.sampled_from(addresses)
    if one.hash_of is not None:
        plain = addresses if one.hash_of == "email" else ["v1", "v2", "v3"]
        return st.sampled_from([hashlib.sha256(value.encode()).hexdigest() for value in plain])
    return st.sampled_from(["v1", "v2", "v3"])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[tuple[Declared, ...], str, list[list[KeyRef]]]:
    registry = draw(registries())
    key = st.sampled_from(registry).flatmap(lambda one: values_of(one).map(lambda value: KeyRef(one.name, value)))
    events = draw(st.lists(st.lists(key, max_size=6), min_size=1, max_size=25))
    return (
        registry,
        draw(st.sampled_from(["strict", "continuity", "last_login"])),
        [_one_each(event) for event in events],
    )


def _one_each(event: list[KeyRef]) -> list[KeyRef]:
    """An event carries one tracker and one subscription, and nothing twice."""
    kept: list[KeyRef] = []
    for key in event:
        single = key.namespace in ("tracker_id", "subscription") and any(one.namespace == key.namespace for one in kept)
        if key not in kept and not single:
            kept.append(key)
    return kept


def no_database(name: str, **_: Any) -> list[dict[str, Any]]:
    raise AssertionError(f"{name}: every contact of this world was made in it")


@settings(max_examples=400, report_multiple_bugs=False)
@given(worlds())
def test_the_table_answers_as_the_specification_reads(
    world: tuple[tuple[Declared, ...], str, list[list[KeyRef]]],
) -> None:
    registry, policy, events = world
    namespaces = namespaces_of(registry)
    reading = Reading(registry, policy)
    working_set = WorkingSet(no_database, Ids(), namespaces=namespaces)
    limits = Limits(at_most=namespaces.at_most)
    resolver = Resolver(None, policy=policy, limits=limits, namespaces=namespaces)  # type: ignore[arg-type]
    block_list = BlockList.of(namespaces=namespaces)
    for number, keys in enumerate(events, start=1):
        said: dict[str, list[str]] = {}
        for key in keys:
            said.setdefault(key.namespace, []).append(key.value)
        event = read_event({"keys": said}, namespaces=namespaces)
        item = Prepared(event, read_keys(event, block_list), f"m{number}")
        answer = EventResolution(resolver, working_set, item, number, explain=True).answer()
        told = reading.resolve([tuple(key) for key in keys])  # type: ignore[misc]
        assert answer.contact is not None
        assert (answer.contact.id, answer.rule, answer.outcome) == (told.contact, told.rule, told.outcome), answer.trace
        assert answer.merged == told.merged, answer.trace
        assert [(one.key, one.value, one.from_) for one in answer.moved] == told.moved, answer.trace
        assert [(one.key, one.owner) for one in answer.conflicts] == told.conflicts, answer.trace
        assert all((one.reason is not None) == (one.owner is None) for one in answer.conflicts)
        assert answer.limited == told.limited, answer.trace
        assert answer.shared_with == told.shared_with, answer.trace
        living = {one.id: one for one in working_set.contacts.values() if one.folded_into is None}
        assert {
            one.id: ({key.ref: edge.derived for key, edge in one.keys.items()}, one.kind.value)
            for one in living.values()
        } == {one.id: (one.keys, "known" if reading.known(one) else "anonymous") for one in reading.everybody}, (
            answer.trace
        )
        assert (answer.tracker_id or "") in [
            value for name, value in reading.everybody_keys(told.contact) if name == "tracker_id"
        ]


@settings(max_examples=200)
@given(registries())
def test_a_registry_asks_keys_by_priority_and_then_by_declaration(registry: tuple[Declared, ...]) -> None:
    namespaces = namespaces_of(registry)
    for of, asked in (
        ("person", namespaces.persons),
        ("device", namespaces.devices),
        ("subscription", namespaces.subscriptions),
    ):
        mine = [one for one in registry if one.of == of]
        assert list(asked) == [one.name for one in sorted(mine, key=lambda one: one.priority)]


def test_the_reading_knows_its_own_words() -> None:
    with pytest.raises(AssertionError, match="no_such"):
        no_database("no_such")
