"""Undo, after any sequence of operations: exact, in any order, through any number of unions."""

import itertools
import os
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from graph.settings import Settings
from graph.store.database import Database
from tests.model.conftest import RUN
from tests.model.operations import ANY, OPERATIONS, PROPERTIES, WRITES, Operation, operation, prepared
from tests.model.side_by_side import SideBySide

EXAMPLES = int(os.environ.get("KINFOLD_EXAMPLES", "25"))
PHASES = [phase for phase in Phase if phase is not Phase.explain]
if os.environ.get("KINFOLD_SHRINK") == "0":
    PHASES.remove(Phase.shrink)
SETTINGS = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES, print_blob=True
)
POLICIES = st.sampled_from(["strict", "continuity", "last_login"])
BEFORE = st.lists(OPERATIONS, min_size=2, max_size=12)


class CountingIds:
    """The same ids for the same operations."""

    def __init__(self) -> None:
        self.counted = 0

    def _next(self, what: str) -> str:
        self.counted += 1
        return f"{what}-{self.counted:05}"

    def contact(self) -> str:
        return self._next("contact")

    def tracker(self) -> str:
        return self._next("kf")

    def time_ordered(self) -> str:
        return self._next("other")


def done(world: SideBySide, operations: Sequence[Operation]) -> SideBySide:
    for each in operations:
        each.do(world)
        world.compare()
    world.compare(whole=True)
    RUN["undo examples"] += 1
    return world


def alive_at_least(many: int, world: SideBySide) -> list[str]:
    """The living contacts; where the operations left too few, strangers come."""
    while len(alive := [person.id for person in world.model.alive()]) < many:
        world.event(tracker_id=f"stranger-{len(alive)}", properties={"country": "FR"})
    return alive


def exports(world: SideBySide) -> dict[str, dict[str, Any]]:
    return {person.id: world.export(person.id) for person in world.model.alive()}


@SETTINGS
@given(policy=POLICIES, before=BEFORE, which=st.tuples(ANY, ANY))
def test_undo_directly_after_a_union_restores_everything_exactly(
    shared_database: Database, server: Settings, policy: str, before: list[Operation], which: tuple[int, int]
) -> None:
    world = done(prepared(SideBySide(shared_database, server, policy=policy)), before)
    alive = alive_at_least(2, world)
    source = alive.pop(which[0] % len(alive))
    target = alive[which[1] % len(alive)]
    was = exports(world)
    preview = world.product.unions.preview_merge(source, target)
    assert exports(world) == was, "a preview changes nothing"
    merge = world.merge(source, target)
    assert merge
    for entry in preview:
        if entry["exists_after"]:
            shown = world.product.contacts.get(entry["contact"])
            for change in entry["changes"]:
                name, _, inner = change["field"].partition(".")
                value = shown[name].get(inner) if inner else shown[name]
                assert change["after"] == value, change
    world.product.unions.preview_undo(merge)
    assert source not in exports(world)
    world.undo(merge)
    assert exports(world) == was


@SETTINGS
@given(policy=POLICIES, before=BEFORE, chain=st.permutations(range(4)))
def test_cascade_restores_every_link_of_a_chain_exactly(
    shared_database: Database,
    server: Settings,
    policy: str,
    before: list[Operation],
    chain: list[int],
) -> None:
    world = done(prepared(SideBySide(shared_database, server, policy=policy)), before)
    alive = alive_at_least(3, world)
    links = [alive[place] for place in chain if place < len(alive)]
    was = exports(world)
    merges = [world.merge(source, target) for source, target in itertools.pairwise(links)]
    assert all(merges)
    assert world.undo(str(merges[0])) is None, "the unions that cover it are named"
    assert world.undo(str(merges[0]), cascade=True) == merges[::-1]
    assert exports(world) == was


SINCE = st.lists(
    st.one_of(
        operation(
            "events",
            st.lists(
                st.fixed_dictionaries(
                    {"tracker_id": st.sampled_from(["t1", "t2", "t3"])}, optional={"properties": PROPERTIES}
                ),
                min_size=1,
                max_size=2,
            ),
        ),
        *WRITES,
    ),
    max_size=6,
)


@SETTINGS
@given(policy=POLICIES, before=BEFORE, since=SINCE, order=st.permutations(range(4)), into=ANY)
def test_unions_into_one_contact_undone_in_any_order_leave_the_same(
    shared_database: Database,
    server: Settings,
    policy: str,
    before: list[Operation],
    since: list[Operation],
    order: list[int],
    into: int,
) -> None:
    left = []
    for reverse in (False, True):
        world = prepared(SideBySide(shared_database, server, policy=policy, id_source=CountingIds()))
        done(world, before)
        alive = alive_at_least(3, world)
        target = alive[into % len(alive)]
        sources = [contact for contact in alive if contact != target][:4]
        merges = {place: world.merge(source, target) for place, source in enumerate(sources)}
        world.compare()
        for each in since:
            each.do(world)
            world.compare()
        named = set(world.minted)
        for place in order[::-1] if reverse else order:
            merge = merges.get(place)
            if merge and not next(union for union in world.model.unions if union.id == merge).undone:
                world.undo(merge, cascade=True)
                world.compare()
        world.compare(whole=True)
        left.append({contact: canonical(export, named) for contact, export in exports(world).items()})
    assert left[0] == left[1]


def canonical(export: dict[str, Any], named: set[str]) -> dict[str, Any]:
    """Leave out times, which are another run's, and the names of trackers that were minted on the way back."""
    kept = {name: value for name, value in export.items() if not name.endswith("_at")}
    trackers = export["trackers"]
    minted = {
        value: f"minted {place}"
        for place, value in enumerate(trackers)
        if value.startswith("kf-") and value not in named
    }
    kept["name"] = minted.get(export["name"], export["name"])
    kept["trackers"] = [minted.get(value, value) for value in trackers]
    kept["keys"] = {key: [minted.get(value, value) for value in values] for key, values in export["keys"].items()}
    kept["activity"] = sorted(
        (activity["message_id"], activity["tracker_id"], activity["rule"], str(activity["outcome"]))
        for activity in export["activity"]
    )
    return kept


def test_a_tracker_that_came_by_hand_is_no_sight_of_the_contact(shared_database: Database, server: Settings) -> None:
    world = SideBySide(shared_database, server)
    one, other = world.event(), world.event()
    world.give(one, "tracker_id", "t1")
    world.compare()
    seen = {contact: world.product.contacts.get(contact)["last_seen_at"] for contact in (one, other)}
    merge = world.merge(other, one)
    assert merge
    world.undo(merge)
    assert {contact: world.product.contacts.get(contact)["last_seen_at"] for contact in seen} == seen
