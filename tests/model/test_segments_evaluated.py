"""A condition means the same to the database as to a few lines of Python written from the contract."""

import os
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from graph.errors import BadInput
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.store.database import Database
from tests.conftest import empty
from tests.model.conftest import RUN
from tests.model.reference import meets
from tests.model.side_by_side import DAY, as_micros, as_text

EXAMPLES = int(os.environ.get("KINFOLD_EXAMPLES", "60"))

SPLICED = [
    "it's",
    'say "so"',
    "`name`",
    "') RETURN 1 //",
    "`) MATCH (n) DETACH DELETE n //",
    "$value",
    "\\' OR true OR \\'",
    "{name: 1}",
    "a\u0001b",
    "café",
    "cafe\u0301",
    "\U0001d4b3",
    " ",
    "null",
]
NAMES = st.sampled_from(["country", "age", "score", "tags", *SPLICED[:8]])
TEXTS = st.one_of(st.sampled_from(["FR", "DE", "fr", "", "F", *SPLICED]), st.text(max_size=3))
NUMBERS = st.one_of(
    st.integers(-2, 3),
    st.sampled_from([2**53, 2**53 + 1, -(2**63), 2**63 - 1, 0.5, -0.0, 1.0, 2.5, 1e300, float(2**53)]),
)
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans())
LISTS = st.one_of(
    st.lists(st.sampled_from(["FR", "DE", *SPLICED[:5]]), max_size=3),
    st.lists(st.integers(-1, 2), max_size=3),
    st.lists(st.booleans(), max_size=2),
    st.lists(st.sampled_from([0.5, 1.0, 2.5]), max_size=2),
)
VALUES = st.one_of(SCALARS, SCALARS, LISTS)

PROPERTY_LEAVES = st.one_of(
    st.fixed_dictionaries({"property": NAMES, "is": VALUES}),
    st.fixed_dictionaries({"property": NAMES, "is_not": VALUES}),
    st.fixed_dictionaries({"property": NAMES, "in": st.lists(SCALARS, min_size=1, max_size=4)}),
    st.fixed_dictionaries({"property": NAMES, "contains": SCALARS}),
    st.fixed_dictionaries({"property": NAMES, "greater_than": st.one_of(TEXTS, NUMBERS)}),
    st.fixed_dictionaries({"property": NAMES, "less_than": st.one_of(TEXTS, NUMBERS)}),
    st.fixed_dictionaries({"property": NAMES, "exists": st.booleans()}),
)
OTHER_LEAVES = st.one_of(
    st.fixed_dictionaries(
        {"key": st.sampled_from(["email", "user_id", "tracker_id", "subscription"]), "exists": st.booleans()}
    ),
    st.fixed_dictionaries({"kind": st.sampled_from(["known", "anonymous"])}),
)
EVENT_NAMES = ["purchase", "view", "identify", "it's `done`"]
EVENT_LEAVES = st.fixed_dictionaries(
    {"event": st.sampled_from(EVENT_NAMES), "at_least": st.integers(1, 3)},
    optional={"within": st.sampled_from(["P30D", "PT12H", "P2D", "P500D"])},
)


def trees(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            st.fixed_dictionaries({"all": st.lists(parts, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"any": st.lists(parts, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"not": parts}),
        ),
        max_leaves=6,
    )


DYNAMIC = trees(st.one_of(PROPERTY_LEAVES, PROPERTY_LEAVES, OTHER_LEAVES))
DYNAMIC_PLUS = trees(st.one_of(PROPERTY_LEAVES, OTHER_LEAVES, EVENT_LEAVES, EVENT_LEAVES))

AGES = st.sampled_from([0, 3600_000_000, DAY, 10 * DAY, 40 * DAY, 400 * DAY, 1000 * DAY])
EVENTS = st.lists(
    st.fixed_dictionaries(
        {"tracker_id": st.sampled_from(["t1", "t2", "t3"])},
        optional={
            "email": st.sampled_from(["ana@example.com", "bob@example.com"]),
            "user_id": st.just("u1"),
            "subscription": st.sampled_from(["s1", "s2"]),
            "properties": st.dictionaries(NAMES, VALUES, max_size=4),
            "event": st.sampled_from(EVENT_NAMES),
            "age": AGES,
        },
    ),
    min_size=1,
    max_size=8,
)
PHASES = [phase for phase in Phase if phase is not Phase.explain]
if os.environ.get("KINFOLD_SHRINK") == "0":
    PHASES.remove(Phase.shrink)
SETTINGS = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES, print_blob=True
)


def now() -> int:
    return time.time_ns() // 1000


def resolve(kinfold: Kinfold, events: list[dict[str, Any]]) -> list[str]:
    """Resolve events, of which some are of a certain age, and give the ids of the contacts there are."""
    sent = []
    for event in events:
        fields = {name: value for name, value in event.items() if name != "age"}
        if "age" in event:
            fields["occurred_at"] = as_text(now() - event["age"])
        sent.append(read_event(fields))
    answers = kinfold.resolver.resolve(sent)
    return sorted({kinfold.contacts.get(answer.contact.id)["id"] for answer in answers if answer.contact})


def members(kinfold: Kinfold, name: str) -> list[str]:
    page = kinfold.segments.members(name)
    assert page["next"] is None
    assert abs(as_micros(page["as_of"]) - now()) < 60_000_000 if "as_of" in page else True
    return [item["id"] if isinstance(item, dict) else item for item in page["items"]]


def evaluated(kinfold: Kinfold, contacts: list[str], where: dict[str, Any]) -> list[str]:
    """Tell who meets a condition, by what the product shows of the contacts."""
    found = []
    for contact in contacts:
        activities, _ = kinfold.contacts.activity(contact, limit=1000)
        events = [(item["event"], as_micros(item["occurred_at"])) for item in activities]
        if meets(where, kinfold.contacts.get(contact), events, now()):
            found.append(contact)
    return found


@SETTINGS
@given(
    events=EVENTS,
    dynamic=st.lists(DYNAMIC, min_size=1, max_size=4),
    dynamic_plus=st.lists(DYNAMIC_PLUS, min_size=1, max_size=3),
)
def test_the_database_finds_whom_a_few_lines_of_python_find(
    shared_database: Database,
    server: Any,
    events: list[dict[str, Any]],
    dynamic: list[dict[str, Any]],
    dynamic_plus: list[dict[str, Any]],
) -> None:
    empty(shared_database)
    kinfold = Kinfold.on(shared_database, server)
    RUN["segment examples"] += 1
    contacts = resolve(kinfold, events)
    in_any: dict[str, list[str]] = {contact: [] for contact in contacts}
    for number, where in enumerate([*dynamic, *dynamic_plus]):
        RUN["conditions"] += 1
        name = f"{number} {SPLICED[number]}"
        kinfold.segments.define(name, "dynamic" if number < len(dynamic) else "dynamic_plus", where)
        assert kinfold.segments.get(name)["where"] == where
        expected = evaluated(kinfold, contacts, where)
        assert members(kinfold, name) == expected, where
        for contact in expected:
            in_any[contact].append(name)
    for contact, names in in_any.items():
        assert kinfold.contacts.get(contact)["segments"] == sorted(names)


@pytest.mark.parametrize(
    ("age", "within", "inside"),
    [
        (DAY, "P2D", True),
        (3 * DAY, "P2D", False),
        (3 * DAY, "P1W", True),
        (8 * DAY, "P1W", False),
        (3600_000_000, "PT2H", True),
        (3 * 3600_000_000, "PT2H", False),
        (20 * DAY, "P1M", True),
        (32 * DAY, "P1M", False),
        (300 * DAY, "P1Y", True),
        (370 * DAY, "P1Y", False),
        (30 * 60_000_000, "PT45M", True),
        (36 * 3600_000_000, "P1DT13H", True),
    ],
)
def test_an_event_counts_within_its_period(kinfold: Kinfold, age: int, within: str, inside: bool) -> None:
    (contact,) = resolve(kinfold, [{"tracker_id": "t1", "event": "purchase", "age": age}])
    kinfold.segments.define("buyers", "dynamic_plus", {"event": "purchase", "at_least": 1, "within": within})
    assert members(kinfold, "buyers") == [contact] * inside


def test_membership_ends_when_only_time_has_passed(kinfold: Kinfold) -> None:
    (contact,) = resolve(kinfold, [{"tracker_id": "t1", "event": "purchase"}])
    kinfold.segments.define("just now", "dynamic_plus", {"event": "purchase", "at_least": 1, "within": "PT2S"})
    kinfold.segments.define("not now", "dynamic_plus", {"not": {"event": "purchase", "within": "PT2S"}})
    assert members(kinfold, "just now") == [contact]
    assert kinfold.contacts.get(contact)["segments"] == ["just now"]
    time.sleep(2.1)
    assert members(kinfold, "just now") == []
    assert kinfold.contacts.get(contact)["segments"] == ["not now"]


def test_events_are_counted_across_all_periods_of_ownership_and_unions(kinfold: Kinfold) -> None:
    kinfold.segments.define("twice", "dynamic_plus", {"event": "purchase", "at_least": 2})
    (one,) = resolve(kinfold, [{"tracker_id": "t1", "event": "purchase"}])
    (other,) = resolve(kinfold, [{"tracker_id": "t2", "event": "purchase"}])
    assert members(kinfold, "twice") == []
    merge = kinfold.unions.merge(one, other)
    assert members(kinfold, "twice") == [other]
    kinfold.unions.undo(merge["id"])
    assert members(kinfold, "twice") == []
    resolve(kinfold, [{"tracker_id": "t1", "event": "purchase"}])
    kinfold.keys.take(one, "tracker_id", "t1")
    assert members(kinfold, "twice") == [one]


LEAF = {"property": "country", "is": "FR"}


@pytest.mark.parametrize(
    ("where", "places"),
    [
        (None, ["where"]),
        ([], ["where"]),
        ({}, ["where"]),
        ({"all": []}, ["where.all"]),
        ({"all": LEAF}, ["where.all"]),
        ({"any": [LEAF, 1]}, ["where.any[1]"]),
        ({"not": []}, ["where.not"]),
        ({"all": [LEAF, {"any": [LEAF, {"property": "age"}]}]}, ["where.all[1].any[1]"]),
        ({"all": [LEAF, {"property": "age", "greater_than": True}]}, ["where.all[1].greater_than"]),
        ({"not": {"property": "age", "in": []}}, ["where.not.in"]),
        ({"not": {"property": "age", "in": "FR"}}, ["where.not.in"]),
        ({"property": "age", "exists": 1}, ["where.exists"]),
        ({"property": "age", "is": None}, ["where.is"]),
        ({"property": "age", "is": {"a": 1}}, ["where.is"]),
        ({"property": "age", "is": 2**63}, ["where.is"]),
        ({"property": "", "is": 1}, ["where.property"]),
        ({"property": "a" * 256, "is": 1}, ["where.property"]),
        ({"property": 1, "is": 1}, ["where.property"]),
        ({"property": "age", "equals": 1}, ["where.equals"]),
        ({"key": "phone", "exists": True}, ["where.key"]),
        ({"key": ["email"], "exists": True}, ["where.key"]),
        ({"key": "email"}, ["where.exists"]),
        ({"kind": "human"}, ["where.kind"]),
        ({"kind": {}}, ["where.kind"]),
        ({"event": "purchase", "at_least": 0}, ["where.at_least"]),
        ({"event": "purchase", "at_least": True}, ["where.at_least"]),
        ({"event": "purchase", "at_least": 1, "within": "30 days"}, ["where.within"]),
        ({"event": "purchase", "at_least": 1, "within": "P"}, ["where.within"]),
        ({"event": "purchase", "at_least": 1, "within": "PT"}, ["where.within"]),
        ({"event": "purchase", "at_least": 1, "within": "P99999999999999999999D"}, ["where.within"]),
        ({"event": "purchase", "at_least": 1, "within": "P999999999999D"}, ["where.within"]),
        ({"all": [LEAF], "any": [LEAF]}, ["where"]),
        (
            {"all": [{"kind": "x"}, {"not": {"key": "y", "exists": True}}]},
            ["where.all[0].kind", "where.all[1].not.key"],
        ),
    ],
    ids=repr,
)
def test_a_mistake_is_named_by_its_place(kinfold: Kinfold, where: Any, places: list[str]) -> None:
    kinfold.segments.define("kept", "dynamic_plus", LEAF)
    (contact,) = resolve(kinfold, [{"tracker_id": "t1", "event": "purchase"}])
    with pytest.raises(BadInput) as refused:
        kinfold.segments.define("kept", "dynamic_plus", where)
        kinfold.contacts.get(contact)  # a condition that is accepted can be evaluated
    named = [error.field for error in refused.value.errors]
    assert [place for place in places if place not in named] == [], named
    assert kinfold.segments.get("kept")["where"] == LEAF, "a bad request changes nothing"


def test_only_dynamic_plus_speaks_of_events(kinfold: Kinfold) -> None:
    with pytest.raises(BadInput) as refused:
        kinfold.segments.define("s", "dynamic", {"all": [LEAF, {"event": "purchase", "at_least": 1}]})
    assert refused.value.errors[0].field.startswith("where.all[1]")


@pytest.mark.parametrize("text", SPLICED)
def test_what_looks_like_a_statement_is_a_value(kinfold: Kinfold, text: str) -> None:
    one, other = resolve(
        kinfold,
        [
            {"tracker_id": "t1", "properties": {text: text}, "event": text},
            {"tracker_id": "t2", "properties": {text: "something else"}},
        ],
    )
    if kinfold.contacts.get(one)["trackers"] != ["t1"]:
        one, other = other, one
    kinfold.segments.define(text, "dynamic_plus", {"all": [{"property": text, "is": text}, {"event": text}]})
    kinfold.segments.define(f"not {text}", "dynamic", {"property": text, "is_not": text})
    kinfold.segments.define(f"list {text}", "static")
    kinfold.segments.put_member(f"list {text}", one)
    assert members(kinfold, text) == [one]
    assert members(kinfold, f"not {text}") == [other]
    assert kinfold.contacts.get(one)["segments"] == sorted([text, f"list {text}"])
    assert kinfold.contacts.get(one)["properties"] == {text: text}
