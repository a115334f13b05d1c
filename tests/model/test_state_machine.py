"""Every kind of operation in any order, on a real database and on the model; all that can be read is compared.

KINFOLD_EXAMPLES sets how many runs are made (each up to KINFOLD_STEPS operations), or KINFOLD_ALL_STEPS how many
operations in all: ``KINFOLD_ALL_STEPS=50000 pytest tests/model/test_state_machine.py``.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from graph.errors import ClashError, NotFound
from graph.settings import Settings
from graph.store.database import Database
from tests.graph.identity.test_properties_always import check_invariants
from tests.model.conftest import RUN
from tests.model.operations import (
    ANY,
    DATA,
    DAYS,
    EVENTS,
    KEYS,
    LISTS,
    NODES,
    ODD_EVENTS,
    PROPERTIES,
    ROTATIONS,
    STATUSES,
    VALUES,
    WORKFLOWS,
)
from tests.model.reference import PERSON
from tests.model.side_by_side import SideBySide

STEPS = int(os.environ.get("KINFOLD_STEPS", "30"))
ALL_STEPS = int(os.environ.get("KINFOLD_ALL_STEPS", "0"))
EXAMPLES = -(-ALL_STEPS // STEPS) or int(os.environ.get("KINFOLD_EXAMPLES", "60"))
MOST_CONFLICTS = 6
"""In one run: each makes three contacts, and all that is read takes longer with every one."""
PHASES = [phase for phase in Phase if phase is not Phase.explain]
if os.environ.get("KINFOLD_SHRINK") == "0":
    PHASES.remove(Phase.shrink)

CONDITIONS = [
    {"property": "country", "is": "FR"},
    {"property": "age", "greater_than": 0},
    {"property": "age", "exists": False},
    {"not": {"property": "country", "contains": "a"}},
    {"all": [{"kind": "known"}, {"key": "email", "exists": False}]},
    {"any": [{"key": "subscription", "exists": True}, {"kind": "anonymous"}]},
]
UNION_RULES = [
    {},
    {},
    {},
    {"age": "sum", "country": "newest", "it's `odd`": "false_wins"},
    {"age": "max", "country": "collect", "it's `odd`": "true_wins"},
    {"age": "collect", "country": "min", "it's `odd`": "oldest"},
]
"""Splits are made where there are none: a value that a union reckoned came with no event."""
ACTIVITY_CONDITIONS = [
    {"event": "buy", "at_least": 2},
    {"event": "view", "at_least": 1, "within": "P30D"},
    {"any": [{"event": "identify", "at_least": 1, "within": "PT1H"}, {"property": "country", "in": ["FR", "DE"]}]},
]


class ProductAndModel(RuleBasedStateMachine):
    """One run under one policy and one set of limits."""

    database: Database
    deployment: Settings

    @initialize(
        policy=st.sampled_from(["strict", "continuity", "last_login"]),
        limits=st.sampled_from([(500, 50), (500, 50), (500, 50), (3, 2), (2, 1)]),
        union_rules=st.sampled_from(UNION_RULES),
        events=st.lists(EVENTS, min_size=3, max_size=6),
    )
    def begin(
        self, policy: str, limits: tuple[int, int], union_rules: dict[str, str], events: list[dict[str, Any]]
    ) -> None:
        RUN["examples"] += 1
        self.world = SideBySide(
            self.database,
            self.deployment,
            policy=policy,
            max_trackers=limits[0],
            max_subscriptions=limits[1],
            union_rules=union_rules,
        )
        for name in ("welcome", "basket"):
            self.world.define_workflow(name)
        self.world.events(events)

    # --- events ----------------------------------------------------------------------------------------------

    @rule(event=EVENTS, rehearse=st.booleans())
    def resolve(self, event: dict[str, Any], rehearse: bool) -> None:
        self.world.events([event], rehearse=rehearse)

    @rule(event=EVENTS)
    def resolve_another(self, event: dict[str, Any]) -> None:
        self.world.events([event])

    @rule(event=ODD_EVENTS)
    def resolve_odd(self, event: dict[str, Any]) -> None:
        self.world.events([event])

    @rule(events=st.lists(EVENTS, min_size=2, max_size=5))
    def resolve_batch(self, events: list[dict[str, Any]]) -> None:
        self.world.events(events)

    @precondition(lambda self: self.world.conflicts < MOST_CONFLICTS)
    @rule()
    def conflict(self) -> None:
        self.world.born()

    @rule(event=EVENTS, which=ANY)
    def resolve_again(self, event: dict[str, Any], which: int) -> None:
        seen = list(self.world.model.activities)
        self.world.events([{**event, "message_id": seen[which % len(seen)]}])

    # --- by hand ---------------------------------------------------------------------------------------------

    def contact(self, which: int) -> str:
        people = list(self.world.model.people)
        return people[which % len(people)]

    def merge_living(self, folded: int, into: int) -> None:
        """Fold one living contact into another one."""
        alive = [person.id for person in self.world.model.alive()]
        if len(alive) > 1:
            target = alive.pop(into % len(alive))
            self.world.merge(alive[folded % len(alive)], target)

    @rule(folded=ANY, into=ANY)
    def merge(self, folded: int, into: int) -> None:
        self.merge_living(folded, into)

    @rule(first=ANY, second=ANY, into=st.just(0))
    def merge_two(self, first: int, second: int, into: int) -> None:
        self.merge_living(first, into)
        self.merge_living(second, into)

    @rule(folded=ANY, into=ANY)
    def merge_any(self, folded: int, into: int) -> None:
        self.world.merge(self.contact(folded), self.contact(into))

    def undo_one_of(self, which: int, cascade: bool, *, undone: bool) -> None:
        unions = [union for union in self.world.model.unions if undone or not union.undone]
        if unions:
            merge_id = unions[which % len(unions)].id
            assert merge_id
            self.world.undo(merge_id, cascade=cascade)

    @precondition(lambda self: any(not union.undone for union in self.world.model.unions))
    @rule(which=ANY)
    def undo(self, which: int) -> None:
        self.undo_one_of(which, cascade=False, undone=False)

    @precondition(lambda self: any(not union.undone for union in self.world.model.unions))
    @rule(which=ANY)
    def undo_with_what_covers_it(self, which: int) -> None:
        self.undo_one_of(which, cascade=True, undone=False)

    @precondition(lambda self: self.world.model.unions)
    @rule(which=ANY, cascade=st.booleans())
    def undo_any(self, which: int, cascade: bool) -> None:
        self.undo_one_of(which, cascade, undone=True)

    @rule(one=ANY, other=ANY)
    def judge_apart(self, one: int, other: int) -> None:
        self.world.judge(self.contact(one), self.contact(other))

    @rule(one=ANY, key=KEYS)
    def judge_a_key_apart(self, one: int, key: tuple[str, str]) -> None:
        self.world.judge(self.contact(one), key)

    @precondition(lambda self: self.world.model.judgements)
    @rule(which=ANY)
    def take_a_judgement_back(self, which: int) -> None:
        self.world.take_judgement_back(which)

    @precondition(lambda self: not self.world.model.rules)
    @rule(contact=ANY, which=st.lists(st.tuples(ANY, st.integers(0, 1)), min_size=1, max_size=4))
    def split(self, contact: int, which: list[tuple[int, int]]) -> None:
        self.split_of(self.contact(contact), which)

    @precondition(lambda self: not self.world.model.rules)
    @rule(which=st.lists(st.tuples(ANY, st.integers(0, 1)), min_size=1, max_size=4))
    def split_who_has_most_keys(self, which: list[tuple[int, int]]) -> None:
        model = self.world.model
        richest = max(model.alive(), key=lambda person: sum(len(model.keys(person, key)) for key in VALUES))
        self.split_of(richest.id, which)

    @precondition(lambda self: not self.world.model.rules)
    @rule(which=ANY)
    def split_around_a_key(self, which: int) -> None:
        """Split somebody with several person keys, if there is one."""
        model = self.world.model
        somebody = max(model.alive(), key=lambda person: sum(len(model.keys(person, key)) for key in PERSON))
        owned = [(key, value) for key in VALUES for value in model.keys(somebody, key)]
        self.world.split_around(somebody.id, owned[which % len(owned)])

    @precondition(lambda self: not self.world.model.rules)
    @rule(contact=ANY, key=KEYS)
    def split_around_any(self, contact: int, key: tuple[str, str]) -> None:
        self.world.split_around(self.contact(contact), key)

    def split_of(self, contact_id: str, which: list[tuple[int, int]]) -> None:
        """Split a contact into one or two parts, by keys given by number."""
        living = self.world.model.find(contact_id)
        owned = [(key, value) for key in VALUES for value in self.world.model.keys(living, key)]
        chosen = {owned[one % len(owned)]: part for one, part in which}
        parts = [[key for key, part in chosen.items() if part == number] for number in (0, 1)]
        self.world.split(contact_id, [part for part in parts if part])

    @precondition(lambda self: any(not split.undone for split in self.world.model.splits))
    @rule(which=ANY)
    def undo_a_split(self, which: int) -> None:
        splits = [split for split in self.world.model.splits if not split.undone]
        split_id = splits[which % len(splits)].id
        assert split_id
        self.world.undo_split(split_id)

    @rule(contact=ANY, key=KEYS)
    def give(self, contact: int, key: tuple[str, str]) -> None:
        self.world.give(self.contact(contact), *key)

    @rule(contact=ANY, which=ANY)
    def take(self, contact: int, which: int) -> None:
        contact_id = self.contact(contact)
        living = self.world.model.find(contact_id)
        owned = [(key, value) for key in VALUES for value in self.world.model.keys(living, key)]
        self.world.take(contact_id, *owned[which % len(owned)])

    @rule(event=ROTATIONS)
    def replace_subscription(self, event: dict[str, Any]) -> None:
        self.world.events([event])

    @rule(subscriptions=st.lists(st.sampled_from([*VALUES["subscription"], "s2"]), min_size=1, max_size=2))
    def refuse_subscriptions(self, subscriptions: list[str]) -> None:
        self.world.gone(*subscriptions)

    @rule(contact=ANY, key=KEYS)
    def take_any(self, contact: int, key: tuple[str, str]) -> None:
        self.world.take(self.contact(contact), *key)

    @rule(contact=ANY, values=PROPERTIES)
    def patch(self, contact: int, values: dict[str, Any]) -> None:
        self.world.patch(self.contact(contact), values)

    @rule(one=ANY, other=ANY, key=KEYS, values=PROPERTIES)
    def preview(self, one: int, other: int, key: tuple[Any, str], values: dict[str, Any]) -> None:
        """Ask what would change: nothing does, and a preview is refused as the operation would be."""
        product, unions = self.world.product, self.world.model.unions
        first, second = self.contact(one), self.contact(other)
        asked: list[Callable[[], Any]] = [
            lambda: product.unions.preview_merge(first, second),
            lambda: product.keys.preview_give(first, *key),
            lambda: product.keys.preview_take(first, *key),
            lambda: product.properties.preview(first, values),
        ]
        if unions:
            merge_id = unions[one % len(unions)].id
            asked.append(lambda: product.unions.preview_undo(str(merge_id), cascade=bool(other % 2)))
        for ask in asked:
            with suppress(NotFound, ClashError):
                ask()

    # --- segments and workflows ------------------------------------------------------------------------------

    @rule(name=LISTS)
    def define_list(self, name: str) -> None:
        self.world.define_segment(name, "static", on_union="either" if name == "list 2" else None)

    @rule(name=st.sampled_from(["by data", 'it\'s "dynamic"']), where=st.sampled_from(CONDITIONS))
    def define_dynamic(self, name: str, where: dict[str, Any]) -> None:
        self.world.define_segment(name, "dynamic", where)

    @rule(where=st.sampled_from(CONDITIONS + ACTIVITY_CONDITIONS))
    def define_dynamic_plus(self, where: dict[str, Any]) -> None:
        self.world.define_segment("by activity", "dynamic_plus", where)

    @rule(name=st.sampled_from(["list 1", "by data"]))
    def remove_segment(self, name: str) -> None:
        self.world.remove_segment(name)

    @rule(name=LISTS, contact=ANY, put=st.sampled_from([True, True, False]))
    def list_member(self, name: str, contact: int, put: bool) -> None:
        self.world.list_member(name, self.contact(contact), put=put)

    @rule(workflow=WORKFLOWS, contact=ANY, status=STATUSES)
    def set_status(self, workflow: str, contact: int, status: str) -> None:
        self.world.set_status(workflow, self.contact(contact), status)

    @rule(
        workflow=WORKFLOWS,
        contact=ANY,
        node=NODES,
        ran=DAYS,
        data=DATA,
    )
    def run_node(self, workflow: str, contact: int, node: str, ran: int, data: dict[str, Any]) -> None:
        self.world.run(workflow, self.contact(contact), node, ran, data)

    # --- and then --------------------------------------------------------------------------------------------

    @invariant()
    def everything_is_the_same(self) -> None:
        RUN["steps"] += 1
        self.world.compare()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.compare(whole=True)
            self.world.compare_owners()
            self.world.compare_segments()
            check_invariants(self.database, by_hand=True)
            for contact in self.world.model.people:
                self.world.product.history.page(contact)
            RUN["unions"] += len(self.world.model.unions)
            RUN["splits"] += len(self.world.model.splits)
            RUN["un-merges"] += sum(union.undone for union in self.world.model.unions)


def test_the_product_does_what_the_model_does(shared_database: Database, server: Settings) -> None:
    class Machine(ProductAndModel):
        database = shared_database

    Machine.deployment = server
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            report_multiple_bugs=False,
            phases=PHASES,
        ),
    )


# --- what the machine found ----------------------------------------------------------------------------------


def test_a_minted_tracker_counts_for_the_limit_of_a_union_by_the_same_event(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server, max_trackers=2)
    other, owner = world.event(), world.event(subscription="s1")
    world.merge(other, owner)
    world.compare()
    made = world.event(user_id="u1", subscription="s1")
    assert len(world.product.contacts.get(made)["trackers"]) == 1
    world.compare()


def test_a_contact_without_a_key_of_its_own_is_as_if_the_union_had_never_been(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server)
    world.event(email="ana@example.com", tracker_id="t1")
    world.event(email="bob@example.com", subscription="s1")
    born = world.event(tracker_id="t1", subscription="s1")
    world.compare()
    (tracker,) = world.product.contacts.get(born)["trackers"]
    world.event(tracker_id=tracker, email="eve@example.com")
    merge = world.merge(world.event(user_id="u1"), born)
    world.take(born, "email", "eve@example.com")
    world.compare()
    assert merge
    world.undo(merge)
    # Without the union that was its last person key.
    assert world.product.contacts.get(born)["kind"] == "anonymous"
    world.compare()


def test_a_device_that_a_limit_kept_away_is_forgotten_though_a_user_id_reads_the_same(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server, max_trackers=1)
    world.event(user_id="u1")
    world.event(email="ana@example.com", tracker_id="t1")
    ana = world.event(email="ana@example.com", tracker_id="u1", subscription="s1")
    world.event(email="eve@example.com", tracker_id="u1", logout=True)
    assert [item["state"] for item in world.product.contacts.get(ana)["subscriptions"]] == ["awake"]
    world.compare()


def test_a_subscription_that_a_limit_kept_away_was_brought_by_nobody(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server, max_subscriptions=1)
    world.event(email="ana@example.com", subscription="s2")
    world.event(email="ana@example.com", subscription="s1", tracker_id="u1")
    bob = world.event(email="bob@example.com")
    world.event(email="bob@example.com", subscription="s1")
    world.event(email="eve@example.com", tracker_id="u1", logout=True)
    assert [item["state"] for item in world.product.contacts.get(bob)["subscriptions"]] == ["awake"]
    world.compare()


def test_who_loses_the_last_person_key_by_a_split_is_anonymous_though_a_conflict_had_made_it_known(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server)
    ana = world.event(email="ana@example.com", tracker_id="t1")
    born = world.born()
    union = world.merge(born, ana)
    world.split(ana, [[("email", "ana@example.com")]])
    assert world.product.contacts.get(ana)["kind"] == "anonymous"
    world.compare(whole=True)
    world.undo_split(str(world.model.splits[-1].id))
    world.take(ana, "email", "ana@example.com")
    assert world.product.contacts.get(ana)["kind"] == "anonymous"
    world.compare(whole=True)
    assert union
    world.undo(union)
    assert world.product.contacts.get(born)["kind"] == "known"
    world.compare(whole=True)


def test_a_part_that_took_in_who_a_conflict_made_known_brings_that_along_when_the_split_is_undone(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server)
    ana = world.event(email="ana@example.com", tracker_id="t1")
    world.give(ana, "email", "eve@example.com")
    world.give(ana, "tracker_id", "t2")
    world.split(ana, [[("tracker_id", "t2")]])
    split = world.model.splits[-1]
    world.merge(world.born(), split.parts[0].id)
    world.compare(whole=True)
    world.undo_split(str(split.id))
    world.compare(whole=True)
    world.take(ana, "email", "ana@example.com")
    world.take(ana, "email", "eve@example.com")
    world.compare(whole=True)


def test_what_a_part_lost_last_was_not_the_last_of_whom_it_belongs_to_again(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server)
    ana = world.event(email="ana@example.com", tracker_id="t1")
    world.give(ana, "email", "eve@example.com")
    world.merge(world.born(), ana)
    world.split(ana, [[("email", "eve@example.com")]])
    split = world.model.splits[-1]
    world.take(split.parts[0].id, "email", "eve@example.com")
    world.take(ana, "email", "ana@example.com")
    world.compare(whole=True)
    world.undo_split(str(split.id))
    world.compare(whole=True)


def test_activity_that_left_and_came_back_with_a_later_union_stays_when_the_earlier_one_is_undone(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server)
    ana = world.event(user_id="u1", email="ana@example.com", tracker_id="t1")
    world.split(ana, [[("user_id", "u1")]])
    first = world.merge(world.model.splits[0].parts[0].id, ana)
    world.split(ana, [[("tracker_id", "t1")]])
    world.merge(world.model.splits[1].parts[0].id, ana)
    assert first
    world.undo(first)
    assert len(world.product.contacts.activity(ana, limit=10)[0]) == 1
    world.compare(whole=True)


def test_activity_that_returns_to_a_tracker_which_was_split_off_meanwhile_says_when_its_owner_was_seen(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server)
    bob = world.event(email="bob@example.com", tracker_id="t1")
    world.split(bob, [[("email", "bob@example.com")]])
    world.split(bob, [[("tracker_id", "t1")]])
    part = world.model.splits[1].parts[0].id
    world.undo_split(str(world.model.splits[0].id))
    (activity,) = world.product.contacts.activity(part, limit=10)[0]
    assert world.product.contacts.get(part)["last_seen_at"] == activity["received_at"]
    world.compare(whole=True)


@pytest.mark.parametrize("first", ["ana", "ben"])
def test_each_part_and_the_whole_show_the_newest_that_their_own_activity_brought(
    shared_database: Database, server: Settings, first: str
) -> None:
    world = SideBySide(shared_database, server)
    ana = {"email": "ana@example.com", "tracker_id": "t1", "user_id": "u1"}
    ben = {"email": "ben@example.com", "tracker_id": "t2", "user_id": "u1"}
    people = {"ana": ana, "ben": ben}
    last = people[first]
    other = ben if first == "ana" else ana
    whole = world.event(**other, properties={"country": "FR", "age": 1})
    world.event(**last, properties={"country": "DE"})
    world.event(**other, properties={"age": 2})
    world.event(**last, properties={"country": "IT", "age": 3})
    world.split(whole, [[("email", last["email"]), ("tracker_id", last["tracker_id"])]])
    part = world.model.splits[0].parts[0].id
    assert world.product.contacts.get(part)["properties"] == {"country": "IT", "age": 3}
    assert world.product.contacts.get(whole)["properties"] == {"country": "FR", "age": 2}
    world.compare(whole=True)
    world.undo_split(str(world.model.splits[0].id))
    assert world.product.contacts.get(whole)["properties"] == {"country": "IT", "age": 3}
    world.compare(whole=True)
    world.split(whole, [[("email", other["email"]), ("tracker_id", other["tracker_id"])]])
    part = world.model.splits[1].parts[0].id
    assert world.product.contacts.get(part)["properties"] == {"country": "FR", "age": 2}
    world.compare(whole=True)


def test_a_tracker_that_one_split_minted_and_another_took_goes_when_both_are_undone(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server)
    ana = world.event(tracker_id="t1")
    world.split(ana, [[("tracker_id", "t1")]])
    world.compare()
    (minted,) = world.product.contacts.get(ana)["trackers"]
    world.split(ana, [[("tracker_id", minted)]])
    for split in world.model.splits:
        world.undo_split(str(split.id))
    assert world.product.contacts.get(ana)["trackers"] == ["t1"]
    world.compare(whole=True)


def test_a_device_that_a_limit_kept_away_is_forgotten_within_a_batch_too(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server, max_trackers=1)
    ana = world.event(user_id="u1", tracker_id="t1")
    world.events(
        [{"user_id": "u1", "tracker_id": "t2", "subscription": "s1"}, {"tracker_id": "t2", "logout": True}],
    )
    assert [item["state"] for item in world.product.contacts.get(ana)["subscriptions"]] == ["awake"]
    world.compare(whole=True)


@pytest.mark.parametrize("union_first", [True, False])
def test_a_name_that_a_union_brought_and_a_part_lost_is_the_last_only_while_the_union_stands(
    shared_database: Database, server: Settings, union_first: bool
) -> None:
    world = SideBySide(shared_database, server)
    ana = world.event(email="ana@example.com", tracker_id="t1")
    born = world.born()
    union = world.merge(ana, born)
    world.split(born, [[("email", "ana@example.com")]])
    split = world.model.splits[0]
    world.take(split.parts[0].id, "email", "ana@example.com")
    assert union
    if union_first:
        world.undo(union)
        world.undo_split(str(split.id))
    else:
        world.undo_split(str(split.id))
        world.undo(union)
    assert world.product.contacts.get(born)["kind"] == "known"
    world.compare(whole=True)


def test_a_key_that_is_somebody_elses_without_the_split_keeps_nobody_known(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server)
    born = world.born()
    world.give(born, "user_id", "u1")
    ana = world.event(email="ana@example.com", tracker_id="t1")
    union = world.merge(ana, born)
    world.split(born, [[("email", "ana@example.com")]])
    assert union
    world.undo(union)
    world.take(born, "user_id", "u1")
    assert world.product.contacts.get(born)["kind"] == "anonymous"
    world.undo_split(str(world.model.splits[0].id))
    assert world.product.contacts.get(born)["kind"] == "anonymous"
    world.compare(whole=True)


def test_activity_on_a_device_that_a_split_takes_from_everybody_returns_with_the_union_that_had_brought_it(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server)
    visitor = world.event(tracker_id="t1")
    ana = world.event(email="ana@example.com")
    world.give(ana, "user_id", "u1")
    union = world.merge(visitor, ana)
    world.split_around(ana, ("tracker_id", "t1"))
    world.compare(whole=True)
    assert union
    world.undo(union)
    assert len(world.product.contacts.activity(visitor, limit=10)[0]) == 1
    world.compare(whole=True)
    world.undo_split(str(world.model.splits[0].id))
    assert world.product.contacts.get(visitor)["trackers"] == ["t1"]
    world.compare(whole=True)


def test_who_woke_on_a_subscription_as_a_part_is_awake_on_it_as_the_whole(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server, policy="continuity")
    ana = world.event(email="ana@example.com", tracker_id="t1")
    world.give(ana, "user_id", "u1")
    world.split(ana, [[("email", "ana@example.com"), ("tracker_id", "t1")]])
    world.event(user_id="u1", subscription="s1", logout=True)
    world.event(tracker_id="t1", subscription="s2", replaces={"subscription": "s1"})
    world.undo_split(str(world.model.splits[0].id))
    assert [item["state"] for item in world.product.contacts.get(ana)["subscriptions"]] == ["awake"]
    world.compare(whole=True)


def test_what_left_with_a_part_and_came_back_leaves_again_with_its_device(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server)
    ana = world.event(user_id="u1", tracker_id="t1", properties={"country": "FR"})
    world.split(ana, [[("user_id", "u1")]])
    world.merge(world.model.splits[0].parts[0].id, ana)
    visitor = world.event(tracker_id="t2")
    world.merge(ana, visitor)
    assert world.product.contacts.get(visitor)["properties"] == {"country": "FR"}
    world.split(visitor, [[("tracker_id", "t1")]])
    assert world.product.contacts.get(world.model.splits[1].parts[0].id)["properties"] == {"country": "FR"}
    assert world.product.contacts.get(visitor)["properties"] == {}
    world.compare(whole=True)


def test_who_was_left_by_the_event_that_made_it_was_seen_with_who_has_that_event_now(
    shared_database: Database, server: Settings
) -> None:
    world = SideBySide(shared_database, server)
    ana = world.event(email="ana@example.com", user_id="u1", subscription="s1")
    world.event(email="bob@example.com", subscription="s1")
    world.split(ana, [[("email", "ana@example.com")]])
    part = world.model.splits[0].parts[0].id
    world.give(part, "subscription", "s1")
    owners = [owner["id"] for owner in world.product.contacts.owners("subscription", "s1")]
    assert owners[1:] == sorted([ana, part])
    world.compare(whole=True)
    world.compare_owners()
