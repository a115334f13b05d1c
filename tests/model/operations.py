"""Operations as data, so that a sequence of them can be done twice, cut and shown."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.model.side_by_side import DAY, YEAR_2020, SideBySide

EMAILS = ["ana@example.com", "bob@example.com", "eve@example.com"]
VALUES = {
    "email": EMAILS,
    "user_id": ["u1", EMAILS[0]],
    "tracker_id": ["t1", "t2", "u1", EMAILS[0]],
    "subscription": ["s1", "t1", EMAILS[0]],
}
"""Kinds of key share texts: the same text as another kind of key is another key."""
DAYS = st.sampled_from([YEAR_2020 + day * DAY for day in range(4)])
PROPERTY_VALUES = st.sampled_from(["FR", "DE", 1, 1.5, True, None, ["a", "b"], [1, 2], -(2**60), ""])
PROPERTIES = st.dictionaries(st.sampled_from(["country", "age", "it's `odd`"]), PROPERTY_VALUES, max_size=2)

EVENT_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    **{key: st.sampled_from(values) for key, values in VALUES.items()},
    "properties": PROPERTIES,
    "event": st.sampled_from(["buy", "view"]),
    "event_properties": st.just({"price": 9.5, "sku": "x"}),
    "occurred_at": DAYS,
    "logout": st.sampled_from([True, True, False]),
}
EVENTS = st.fixed_dictionaries({}, optional=EVENT_FIELDS)
ROTATIONS = st.tuples(
    st.sampled_from(VALUES["subscription"]),
    st.sampled_from(["s2", "s3"]),
    st.fixed_dictionaries({}, optional=EVENT_FIELDS),
).map(lambda drawn: {**drawn[2], "subscription": drawn[1], "replaces": {"subscription": drawn[0]}})
"""Events of a browser whose subscription was replaced."""
ODD_EVENTS = st.fixed_dictionaries(
    {},
    optional={
        **EVENT_FIELDS,
        "email": st.sampled_from(["null", "not an address", EMAILS[0]]),
        "tracker_id": st.sampled_from(["unknown", "t1"]),
        "user_id": st.just("0"),
    },
)
KEYS = st.sampled_from([(key, value) for key, values in VALUES.items() for value in values])
ANY = st.integers(0, 7)
"""Of the contacts, or of the journal's entries, the so-manieth, counted round."""

LISTS = st.sampled_from(["list 1", "list 2"])
WORKFLOWS = st.sampled_from(["welcome", "basket"])
STATUSES = st.sampled_from(["active", "done"])
NODES = st.sampled_from(["mail", "wait"])
DATA = st.dictionaries(st.sampled_from(["opened", "score"]), st.sampled_from([1, 2, "x", True]), max_size=2)


@dataclass(frozen=True)
class Operation:
    """One thing to do, its contacts and unions given by number."""

    name: str
    arguments: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"{self.name}{self.arguments!r}"

    def do(self, world: SideBySide) -> None:
        people, unions = list(world.model.people), world.model.unions

        def contact(which: int) -> str:
            return people[which % len(people)]

        if self.name == "events":
            world.events(self.arguments[0])
            return
        if self.name == "born":
            world.born()
            return
        if not people or (self.name == "undo" and not unions):
            return
        first, *others = self.arguments
        match self.name:
            case "merge":
                world.merge(contact(first), contact(*others))
            case "undo":
                merge_id = unions[first % len(unions)].id
                assert merge_id
                world.undo(merge_id, cascade=others[0])
            case "give":
                world.give(contact(first), *others[0])
            case "take":
                living = world.model.find(contact(first))
                owned = [(key, value) for key in VALUES for value in world.model.keys(living, key)]
                world.take(living.id, *owned[others[0] % len(owned)])
            case "gone":
                world.gone(*self.arguments)
            case "patch":
                world.patch(contact(first), *others)
            case "list_member":
                world.list_member(others[0], contact(first), put=others[1])
            case "set_status":
                world.set_status(others[0], contact(first), others[1])
            case "run":
                world.run(others[0], contact(first), *others[1:])


def operation(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Operation]:
    return st.tuples(*arguments).map(lambda given: Operation(name, given))


EVENT = operation("events", st.lists(EVENTS, min_size=1, max_size=3))
WRITES = [
    EVENT,
    operation("give", ANY, KEYS),
    operation("take", ANY, ANY),
    operation("gone", st.sampled_from(VALUES["subscription"])),
    operation("patch", ANY, PROPERTIES),
    operation("list_member", ANY, LISTS, st.sampled_from([True, True, False])),
    operation("set_status", ANY, WORKFLOWS, STATUSES),
    operation("run", ANY, WORKFLOWS, NODES, DAYS, DATA),
]
BORN = st.just(Operation("born", ()))
PERSON_KEYS = st.sampled_from([(key, value) for key in ("email", "user_id") for value in VALUES[key]])
UNIONS = [operation("merge", ANY, ANY), operation("undo", ANY, st.booleans())]
OPERATIONS = st.one_of(EVENT, EVENT, *WRITES, *UNIONS)


def prepared(world: SideBySide) -> SideBySide:
    """Define the segments and workflows that the operations speak of."""
    for name in ("list 1", "list 2"):
        world.define_segment(name, "static")
    for name in ("welcome", "basket"):
        world.define_workflow(name)
    world.define_segment("known ones", "dynamic", {"kind": "known"})
    world.define_segment("from France", "dynamic", {"property": "country", "is": "FR"})
    world.define_segment("buyers", "dynamic_plus", {"event": "buy", "at_least": 2, "within": "P30D"})
    return world
