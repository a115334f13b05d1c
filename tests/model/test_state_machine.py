"""Every kind of operation in any order, on a real database and on the model; all that can be read is compared.

KINFOLD_EXAMPLES sets how many runs are made (each up to KINFOLD_STEPS operations).
"""

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from graph.database import Database
from graph.settings import Settings
from tests.model.conftest import RUN
from tests.model.side_by_side import DAY, YEAR_2020, SideBySide

EXAMPLES = int(os.environ.get("KINFOLD_EXAMPLES", "60"))
STEPS = int(os.environ.get("KINFOLD_STEPS", "30"))
PHASES = [phase for phase in Phase if phase is not Phase.explain]
if os.environ.get("KINFOLD_SHRINK") == "0":
    PHASES.remove(Phase.shrink)

EMAILS = ["ana@example.com", "bob@example.com", "eve@example.com"]
VALUES = {
    "email": EMAILS,
    "user_id": ["u1", "u2"],
    "tracker_id": ["t1", "t2", "t3", "t4"],
    "subscription": ["s1", "s2", "s3"],
}
DAYS = st.sampled_from([YEAR_2020 + day * DAY for day in range(4)])
PROPERTY_VALUES = st.sampled_from(["FR", "DE", 1, 1.5, True, None, ["a", "b"], [1, 2], -(2**60), ""])
PROPERTIES = st.dictionaries(st.sampled_from(["country", "age", "it's `odd`"]), PROPERTY_VALUES, max_size=2)

event_fields: dict[str, st.SearchStrategy[Any]] = {
    **{key: st.sampled_from(values) for key, values in VALUES.items()},
    "properties": PROPERTIES,
    "event": st.sampled_from(["buy", "view"]),
    "event_properties": st.just({"price": 9.5, "sku": "x"}),
    "occurred_at": DAYS,
}
EVENTS = st.fixed_dictionaries({}, optional=event_fields)
ODD_EVENTS = st.fixed_dictionaries(
    {},
    optional={
        **event_fields,
        "email": st.sampled_from(["null", "not an address", EMAILS[0]]),
        "tracker_id": st.sampled_from(["unknown", "t1"]),
        "user_id": st.just("0"),
    },
)
KEYS = st.sampled_from([(key, value) for key, values in VALUES.items() for value in values])
ANY = st.integers(0, 7)
"""A contact, or a journal entry: the so-manieth, counted round."""

CONDITIONS = [
    {"property": "country", "is": "FR"},
    {"property": "age", "greater_than": 0},
    {"property": "age", "exists": False},
    {"not": {"property": "country", "contains": "a"}},
    {"all": [{"kind": "known"}, {"key": "email", "exists": False}]},
    {"any": [{"key": "subscription", "exists": True}, {"kind": "anonymous"}]},
]
ACTIVITY_CONDITIONS = [
    {"event": "buy", "at_least": 2},
    {"event": "view", "at_least": 1, "within": "P30D"},
    {"any": [{"event": "identify", "at_least": 1, "within": "PT1H"}, {"property": "country", "in": ["FR", "DE"]}]},
]
LISTS = st.sampled_from(["list 1", "list 2"])
WORKFLOWS = st.sampled_from(["welcome", "basket"])


class ProductAndModel(RuleBasedStateMachine):
    """One run under one policy and one set of limits."""

    database: Database
    deployment: Settings

    @initialize(
        policy=st.sampled_from(["strict", "continuity", "last_login"]),
        limits=st.sampled_from([(500, 50), (500, 50), (500, 50), (3, 2), (2, 1)][:int(os.environ.get("XLIM","5"))]),
    )
    def begin(self, policy: str, limits: tuple[int, int]) -> None:
        RUN["examples"] += 1
        self.world = SideBySide(
            self.database, self.deployment, policy=policy, max_trackers=limits[0], max_subscriptions=limits[1]
        )
        for name in ("welcome", "basket"):
            self.world.define_workflow(name)

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

    @precondition(lambda self: self.world.model.activities)
    @rule(event=EVENTS, which=ANY)
    def resolve_again(self, event: dict[str, Any], which: int) -> None:
        seen = list(self.world.model.activities)
        self.world.events([{**event, "message_id": seen[which % len(seen)]}])

    # --- by hand ---------------------------------------------------------------------------------------------

    def contact(self, which: int) -> str:
        people = list(self.world.model.people)
        return people[which % len(people)]

    @precondition(lambda self: len(self.world.model.people) > 1)
    @rule(folded=ANY, into=ANY)
    def merge(self, folded: int, into: int) -> None:
        self.world.merge(self.contact(folded), self.contact(into))

    @precondition(lambda self: self.world.model.unions)
    @rule(which=ANY, cascade=st.booleans())
    def undo(self, which: int, cascade: bool) -> None:
        unions = self.world.model.unions
        merge_id = unions[which % len(unions)].id
        assert merge_id
        self.world.undo(merge_id, cascade=cascade)

    @precondition(lambda self: self.world.model.people)
    @rule(contact=ANY, key=KEYS)
    def give(self, contact: int, key: tuple[str, str]) -> None:
        self.world.give(self.contact(contact), *key)

    @precondition(lambda self: self.world.model.people)
    @rule(contact=ANY, which=ANY)
    def take(self, contact: int, which: int) -> None:
        contact_id = self.contact(contact)
        living = self.world.model.find(contact_id)
        owned = [(key, value) for key in VALUES for value in self.world.model.keys(living, key)]
        self.world.take(contact_id, *owned[which % len(owned)])

    @precondition(lambda self: self.world.model.people)
    @rule(contact=ANY, key=KEYS)
    def take_any(self, contact: int, key: tuple[str, str]) -> None:
        self.world.take(self.contact(contact), *key)

    @precondition(lambda self: self.world.model.people)
    @rule(contact=ANY, values=PROPERTIES)
    def patch(self, contact: int, values: dict[str, Any]) -> None:
        self.world.patch(self.contact(contact), values)

    # --- segments and workflows ------------------------------------------------------------------------------

    @rule(name=LISTS)
    def define_list(self, name: str) -> None:
        self.world.define_segment(name, "static")

    @rule(name=st.sampled_from(["by data", "it's \"dynamic\""]), where=st.sampled_from(CONDITIONS))
    def define_dynamic(self, name: str, where: dict[str, Any]) -> None:
        self.world.define_segment(name, "dynamic", where)

    @rule(where=st.sampled_from(CONDITIONS + ACTIVITY_CONDITIONS))
    def define_dynamic_plus(self, where: dict[str, Any]) -> None:
        self.world.define_segment("by activity", "dynamic_plus", where)

    @rule(name=st.sampled_from(["list 1", "by data"]))
    def remove_segment(self, name: str) -> None:
        self.world.remove_segment(name)

    @precondition(lambda self: self.world.model.people)
    @rule(name=LISTS, contact=ANY, put=st.sampled_from([True, True, False]))
    def list_member(self, name: str, contact: int, put: bool) -> None:
        self.world.list_member(name, self.contact(contact), put=put)

    @precondition(lambda self: self.world.model.people)
    @rule(workflow=WORKFLOWS, contact=ANY, status=st.sampled_from(["active", "done"]))
    def set_status(self, workflow: str, contact: int, status: str) -> None:
        self.world.set_status(workflow, self.contact(contact), status)

    @precondition(lambda self: self.world.model.people)
    @rule(
        workflow=WORKFLOWS,
        contact=ANY,
        node=st.sampled_from(["mail", "wait"]),
        ran=DAYS,
        data=st.dictionaries(st.sampled_from(["opened", "score"]), st.sampled_from([1, 2, "x", True]), max_size=2),
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
            self.world.compare_owners()
            self.world.compare_segments()


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
