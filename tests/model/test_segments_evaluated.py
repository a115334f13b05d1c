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
MOMENTS = [
    "2026-11-22T10:00:00Z",
    "2026-11-22T11:00:00+02:00",
    "2026-11-22t10:00:00.000z",
    "2026-11-22 12:30:00.5+02:00",
    "2026-11-22",
    "2026-11-23",
    "2024-02-29",
    "2096-02-29T23:59:59-11:30",
    "0001-01-01T00:00:00Z",
    "9999-12-31",
]
NEARLY_MOMENTS = [
    "2026-02-29",
    "2100-02-29T00:00:00Z",
    "2026-11-31T10:00:00Z",
    "2026-13-01",
    "2026-11-22T24:00:00Z",
    "2026-11-22T10:00:60Z",
    "2026-11-22T10:00:00",
    "2026-11-22T10:00Z",
    "2026-11-2",
    "20261122",
    "0000-01-01",
    "2026-11-22Z",
    "\u0662026-11-22",
]
TEXTS = st.one_of(
    st.sampled_from(["FR", "DE", "fr", "", "F", *SPLICED]),
    st.text(max_size=3),
    st.sampled_from([*MOMENTS, *NEARLY_MOMENTS]),
)
PERIODS = ["P30D", "PT12H", "P2D", "P500D"]
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
    st.fixed_dictionaries(
        {
            "property": NAMES,
            "is_before": st.sampled_from([*PERIODS, *(f"-{period}" for period in PERIODS), *MOMENTS]),
        }
    ),
    st.fixed_dictionaries(
        {
            "property": NAMES,
            "is_after": st.sampled_from([*PERIODS, *(f"-{period}" for period in PERIODS), *MOMENTS]),
        }
    ),
    st.fixed_dictionaries({"property": NAMES, "older_than": st.sampled_from(PERIODS)}),
)
OTHER_LEAVES = st.one_of(
    st.fixed_dictionaries(
        {"key": st.sampled_from(["email", "user_id", "tracker_id", "subscription"]), "exists": st.booleans()}
    ),
    st.fixed_dictionaries({"kind": st.sampled_from(["known", "anonymous"])}),
)
EVENT_NAMES = ["purchase", "view", "identify", "it's `done`"]


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


EVENT_LEAVES = st.fixed_dictionaries(
    {"event": st.sampled_from(EVENT_NAMES), "at_least": st.integers(1, 3)},
    optional={"within": st.sampled_from(PERIODS), "where": trees(PROPERTY_LEAVES)},
)
DYNAMIC = trees(st.one_of(PROPERTY_LEAVES, PROPERTY_LEAVES, OTHER_LEAVES))
HOUR = 3600_000_000
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
            "event_properties": st.dictionaries(NAMES, st.one_of(VALUES, st.none()), max_size=4),
            "age": AGES,
            "moved": st.tuples(NAMES, AGES, st.booleans()),
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
    """Resolve events, of which some are of a certain age, and return the ids of the contacts there are."""
    sent = []
    for event in events:
        fields = {name: value for name, value in event.items() if name not in ("age", "moved")}
        if "moved" in event:
            name, by, ahead = event["moved"]
            fields["properties"] = fields.get("properties", {}) | {name: as_text(now() + (by if ahead else -by) + HOUR)}
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
    """Return who meets a condition, by what the product shows of the contacts."""
    found = []
    for contact in contacts:
        activities, _ = kinfold.contacts.activity(contact, limit=1000)
        events = [(item["event"], as_micros(item["occurred_at"]), item["event_properties"]) for item in activities]
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


@pytest.mark.parametrize(
    ("days", "test", "inside"),
    [
        (10, {"is_before": "P30D"}, True),
        (40, {"is_before": "P30D"}, False),
        (-400, {"is_before": "P30D"}, True),
        (-40, {"is_before": "-P30D"}, True),
        (-10, {"is_before": "-P30D"}, False),
        (40, {"is_after": "P30D"}, True),
        (10, {"is_after": "P30D"}, False),
        (-10, {"is_after": "-P30D"}, True),
        (-40, {"is_after": "-P30D"}, False),
        (400, {"is_after": "-P30D"}, True),
        (-40, {"older_than": "P30D"}, True),
        (-10, {"older_than": "P30D"}, False),
        (40, {"older_than": "P30D"}, False),
        (-1, {"is_before": "PT0S"}, True),
        (1, {"is_after": "-PT0S"}, True),
        (1, {"is_before": "P9999999Y"}, True),
        (1, {"is_after": "-P9999999Y"}, True),
        (1, {"is_before": "2000-01-01"}, False),
        (1, {"is_after": "2000-01-01T00:00:00+01:00"}, True),
    ],
    ids=repr,
)
def test_a_time_is_before_or_after_one_that_now_is_counted_from(
    kinfold: Kinfold, days: int, test: dict[str, str], inside: bool
) -> None:
    renews = as_text(now() + days * DAY)
    (contact,) = resolve(
        kinfold,
        [{"tracker_id": "t1", "event": "renewal", "properties": {"at": renews}, "event_properties": {"at": renews}}],
    )
    kinfold.segments.define("contacts", "dynamic", {"property": "at", **test})
    kinfold.segments.define("events", "dynamic_plus", {"event": "renewal", "where": {"property": "at", **test}})
    assert members(kinfold, "contacts") == [contact] * inside
    assert members(kinfold, "events") == [contact] * inside


@pytest.mark.parametrize(
    ("value", "test", "inside"),
    [
        ("2026-11-22T11:00:00+02:00", {"less_than": "2026-11-22T10:00:00Z"}, True),
        ("2026-11-22T11:00:00+02:00", {"greater_than": "2026-11-22T10:00:00Z"}, False),
        ("2026-11-22T12:00:00+02:00", {"greater_than": "2026-11-22T10:00:00Z"}, False),
        ("2026-11-22T12:00:00+02:00", {"less_than": "2026-11-22T10:00:00Z"}, False),
        ("2026-11-22T10:00:00.5Z", {"greater_than": "2026-11-22T10:00:00Z"}, True),
        ("2026-11-22", {"less_than": "2026-11-22T01:00:00+02:00"}, False),
        ("2026-11-22", {"greater_than": "2026-11-22T01:00:00+02:00"}, True),
        ("2026-02-30", {"greater_than": "2026-02-28T00:00:00Z"}, True),
        ("2026-02-30", {"is_after": "2000-01-01"}, False),
        ("soon", {"is_after": "2000-01-01"}, False),
        (20261122, {"is_after": "2000-01-01"}, False),
        (["2026-11-22"], {"is_after": "2000-01-01"}, False),
    ],
    ids=repr,
)
def test_texts_that_are_times_compare_as_times(
    kinfold: Kinfold, value: Any, test: dict[str, str], inside: bool
) -> None:
    (contact,) = resolve(
        kinfold,
        [{"tracker_id": "t1", "event": "seen", "properties": {"at": value}, "event_properties": {"at": value}}],
    )
    kinfold.segments.define("contacts", "dynamic", {"property": "at", **test})
    kinfold.segments.define("events", "dynamic_plus", {"event": "seen", "where": {"property": "at", **test}})
    assert members(kinfold, "contacts") == [contact] * inside
    assert members(kinfold, "events") == [contact] * inside


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        "",
        'say "so"',
        'ends with ",',
        '","',
        "\\",
        "\\n",
        "\n",
        "\\u0001",
        "\u0001\u0002\x00\x1f\x7f",
        '\\\\"\\',
        "a/b\t\r\b\f",
        "\U0001d4b3\u2028é",
        2**53 + 1,
        -(2**63),
        1e300,
        -0.5,
        1e-7,
        True,
        False,
        ['"', "\\", ",", '","', "", "\n"],
        [""],
        [1, -2],
        [0.5, 2.0],
        [True, False],
    ],
    ids=repr,
)
def test_a_value_of_an_event_is_read_back_as_it_was_sent(kinfold: Kinfold, value: Any) -> None:
    (contact,) = resolve(kinfold, [{"tracker_id": "t1", "event": "seen", "event_properties": {"it": value, "no": 3}}])
    kinfold.segments.define("same", "dynamic_plus", {"event": "seen", "where": {"property": "it", "is": value}})
    assert members(kinfold, "same") == [contact]
    for item in value if isinstance(value, list) else [value]:
        kinfold.segments.define("one", "dynamic_plus", {"event": "seen", "where": {"property": "it", "is": item}})
        assert members(kinfold, "one") == [contact], item
        other = f"{item} " if isinstance(item, str) else "text"
        kinfold.segments.define("other", "dynamic_plus", {"event": "seen", "where": {"property": "it", "is": other}})
        assert members(kinfold, "other") == [], other


def test_only_events_whose_properties_meet_their_condition_count(kinfold: Kinfold) -> None:
    where = {"event": "purchase", "where": {"property": "amount", "greater_than": 100}, "at_least": 2, "within": "P30D"}
    kinfold.segments.define("big spenders", "dynamic_plus", where)
    big = {"tracker_id": "t1", "event": "purchase", "event_properties": {"amount": 150, "currency": "EUR"}}
    (contact,) = resolve(kinfold, [big, big | {"event_properties": {"amount": 99.5}}, big | {"age": 31 * DAY}])
    assert members(kinfold, "big spenders") == []
    resolve(kinfold, [big | {"event": "refund"}, big | {"event_properties": {}}])
    assert members(kinfold, "big spenders") == []
    resolve(kinfold, [big | {"age": 29 * DAY}])
    assert members(kinfold, "big spenders") == [contact]
    assert kinfold.contacts.get(contact)["segments"] == ["big spenders"]


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
        ({"property": "at", "is_before": 30}, ["where.is_before"]),
        ({"property": "at", "is_before": "30 days"}, ["where.is_before"]),
        ({"property": "at", "is_before": "--P30D"}, ["where.is_before"]),
        ({"property": "at", "is_after": "2026-02-30"}, ["where.is_after"]),
        ({"property": "at", "is_after": "-P"}, ["where.is_after"]),
        ({"property": "at", "older_than": "-P30D"}, ["where.older_than"]),
        ({"property": "at", "older_than": "2026-01-01"}, ["where.older_than"]),
        ({"property": "at", "is_before": "P1D", "is_after": "-P1D"}, ["where"]),
        ({"event": "purchase", "where": None}, ["where.where"]),
        ({"event": "purchase", "where": {"all": []}}, ["where.where.all"]),
        ({"event": "purchase", "where": {"all": [LEAF, {"kind": "known"}]}}, ["where.where.all[1]"]),
        ({"event": "purchase", "where": {"key": "email", "exists": True}}, ["where.where"]),
        ({"event": "purchase", "where": {"not": {"event": "purchase"}}}, ["where.where.not"]),
        ({"event": "purchase", "where": {"property": "amount", "more_than": 1}}, ["where.where.more_than"]),
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


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ({"event": "purchase", "where": {"any": [LEAF] * 200}}, "where.where.any[199]"),
        (
            {"all": [*[LEAF] * 100, {"event": "purchase", "where": {"any": [LEAF] * 100}}]},
            "where.all[100].where.any[99]",
        ),
        ({"all": [{"event": "purchase", "where": {"any": [LEAF] * 100}}, *[LEAF] * 100]}, "where.all[100]"),
    ],
    ids=["one", "after", "before"],
)
def test_the_leaves_of_an_event_count_against_the_size_of_its_condition(
    kinfold: Kinfold, where: dict[str, Any], place: str
) -> None:
    with pytest.raises(BadInput) as refused:
        kinfold.segments.define("s", "dynamic_plus", where)
    assert [(error.field, error.rule) for error in refused.value.errors] == [(place, "size")]


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
