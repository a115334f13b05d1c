"""What holds after any sequence of events, cut into any batches, under any policy and any limits."""

import copy
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from graph.clock import Clock, Micros
from graph.identity.decision import Limits
from graph.identity.events import Event, read_event
from graph.identity.resolver import Resolver
from graph.model import Answer, Outcome
from graph.store.database import REPEATABLE, Database, Transaction
from graph.store.statements import load_statements
from tests.conftest import empty

pytestmark = pytest.mark.calendar

# --- what always holds ---------------------------------------------------------------------------------------

INVARIANTS = {
    "a tracker, an email and a user id have at most one owner": """
        MATCH (k:Tracker|Email|UserId)
        WITH k, COUNT { (k)<-[:OWNS]-() } AS owners WHERE owners > 1
        RETURN k.value AS offender, owners AS detail
    """,
    "a contact owns a key once": """
        MATCH (c:Contact)-[o:OWNS]->(k)
        WITH c, k, count(o) AS edges WHERE edges > 1
        RETURN c.id AS offender, k.value AS detail
    """,
    "only living contacts own keys and hold periods": """
        MATCH (n)-[r:OWNS|HAS]->(m) WHERE NOT n:Contact
        RETURN n.id AS offender, type(r) + ' ' + coalesce(m.value, m.id) AS detail
    """,
    "a contact owns at least one tracker": """
        MATCH (c:Contact) WHERE NOT EXISTS { (c)-[:OWNS]->(:Tracker) }
        RETURN c.id AS offender, c.tracker_id AS detail
    """,
    "a redirect has one way, which leads to one living contact": """
        MATCH (r:Redirect)
        WITH r, COUNT { (r)-[:TO]->() } AS ways, COLLECT { MATCH (r)-[:TO*]->(c:Contact) RETURN c.id } AS living
        WHERE ways <> 1 OR size(living) <> 1 OR r:Contact
        RETURN r.id AS offender, [ways, living] AS detail
    """,
    "the counters of a contact are the numbers of its keys": """
        MATCH (c:Contact)
        WITH c, [c.emails, c.user_ids, c.trackers, c.subscriptions] AS kept, [
          COUNT { (c)-[:OWNS]->(:Email) }, COUNT { (c)-[:OWNS]->(:UserId) },
          COUNT { (c)-[:OWNS]->(:Tracker) }, COUNT { (c)-[:OWNS]->(:Subscription) }
        ] AS counted
        WHERE kept <> counted
        RETURN c.id AS offender, [kept, counted] AS detail
    """,
    "the primary tracker is the one that came first, with its open period": """
        MATCH (c:Contact)
        WITH c, head(COLLECT {
          MATCH (c)-[o:OWNS]->(t:Tracker) RETURN t.value ORDER BY o.since, o.position, t.value
        }) AS first
        WHERE first <> c.tracker_id
          OR NOT EXISTS { (c)-[:HAS]->(:Timeline {id: c.timeline_id})-[:OF]->(:Tracker {value: c.tracker_id}) }
        RETURN c.id AS offender, [first, c.tracker_id, c.timeline_id] AS detail
    """,
    "an owned tracker has one open period, held by its owner": """
        MATCH (owner)-[:OWNS]->(t:Tracker)
        WITH t, owner, COLLECT { MATCH (t)<-[:OF]-(p:Timeline)<-[:HAS]-(holder) RETURN holder.id } AS holders
        WHERE holders <> [owner.id] OR COUNT { (t)<-[:OF]-() } <> 1
        RETURN t.value AS offender, [owner.id, holders] AS detail
    """,
    "nobody's tracker has no open period": """
        MATCH (t:Tracker)<-[:OF]-(p) WHERE NOT EXISTS { (t)<-[:OWNS]-() }
        RETURN t.value AS offender, p.id AS detail
    """,
    "a period is one contact's and of one tracker, and has an end when it is over": """
        MATCH (p:Timeline)
        WITH p, COUNT { (p)<-[:HAS]-(:Contact) } AS holders, COUNT { (p)-[:OF]->(:Tracker) } AS open,
          COUNT { (p)-[:WAS_OF]->(:Tracker) } AS over
        WHERE holders <> 1 OR open + over <> 1 OR (over = 1) <> (p.ended_at IS NOT NULL)
        RETURN p.id AS offender, [holders, open, over] AS detail
    """,
    "an activity is reached from exactly one contact": """
        MATCH (a:Activity)
        WITH a, COUNT { (a)-[:ON]->() } AS periods, COUNT { (a)-[:ON]->(:Timeline)<-[:HAS]-(:Contact) } AS contacts
        WHERE periods <> 1 OR contacts <> 1
        RETURN a.message_id AS offender, [periods, contacts] AS detail
    """,
    "of the entries of a property one is shown": """
        MATCH (c:Contact)-[:HAS_PROPERTY]->(p:Property)
        WITH c, p.name AS name, sum(CASE WHEN p.shown THEN 1 ELSE 0 END) AS shown WHERE shown <> 1
        RETURN c.id AS offender, [name, toString(shown)] AS detail
    """,
    "an entry is one contact's": """
        MATCH (p:Property) WHERE COUNT { (p)<-[:HAS_PROPERTY]-() } + COUNT { (p)<-[:KEEPS]-(:Separation) } <> 1
        RETURN p.name AS offender, p.message_id AS detail
    """,
    "an anonymous contact has no person key": """
        MATCH (c:Contact {kind: 'anonymous'}) WHERE c.emails + c.user_ids > 0
        RETURN c.id AS offender, c.emails + c.user_ids AS detail
    """,
    "a known contact has a person key, was born of 4.3.3, or took in one that was": """
        MATCH (c:Contact {kind: 'known'})
        WHERE c.emails + c.user_ids = 0 AND NOT EXISTS { (c)<-[:TO*0..]-({split: true}) }
        RETURN c.id AS offender, c.kind AS detail
    """,
    "a conflict of 4.3.3 names its three sides": """
        MATCH (s:Split)
        WITH s, [COUNT { (s)-[:BETWEEN]->() }, COUNT { (s)-[:ON]->(:Subscription) }, COUNT { (s)-[:MADE]->() }]
          AS sides
        WHERE sides <> [1, 1, 1]
        RETURN s.at AS offender, sides AS detail
    """,
    "a union names the redirect it left and where that went": """
        MATCH (m:Merge)
        WHERE NOT EXISTS { (m)-[:FOLDED]->({id: m.source})-[:TO]->({id: m.target})<-[:INTO]-(m) }
          AND m.undone_at IS NULL
        RETURN m.id AS offender, [m.source, m.target] AS detail
    """,
}
"""Each gives its offenders, so none when it holds."""

OWNED_KEYS = {
    "an event leaves no key without an owner": """
        MATCH (k:Tracker|Email|UserId|Subscription) WHERE NOT EXISTS { (k)<-[:OWNS]-(:Contact) }
        RETURN k.value AS offender, head(labels(k)) AS detail
    """,
}
"""Holds as long as no key was taken away by hand."""


def broken_invariants(database: Database, *, by_hand: bool = False) -> dict[str, list[dict[str, Any]]]:
    invariants = INVARIANTS if by_hand else INVARIANTS | OWNED_KEYS

    def ask(tx: Transaction) -> dict[str, list[dict[str, Any]]]:
        found = {name: tx.run_text(text) for name, text in invariants.items()}
        return {name: rows for name, rows in found.items() if rows}

    return database.read(ask)


def check_invariants(database: Database, *, by_hand: bool = False) -> None:
    """Hold the graph against everything that is always so; ``by_hand`` when keys were taken away by hand."""
    broken = broken_invariants(database, by_hand=by_hand)
    assert not broken, "\n".join(f"{name}: {rows[:5]}" for name, rows in broken.items())


def count_activities(database: Database) -> int:
    rows = database.read(lambda tx: tx.run_text("MATCH (a:Activity) RETURN count(a) AS activities"))
    return int(rows[0]["activities"])


# --- the whole graph as a value ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Snapshot:
    """Every node and every edge, with ids of our own making that do not depend on the batches."""

    nodes: Counter[str]
    edges: Counter[str]
    contacts: frozenset[str]
    trackers: frozenset[str]


def nodes_and_edges(database: Database) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Read all that events leave, as it is in the database."""

    def read(tx: Transaction) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        nodes = tx.run_text(
            "MATCH (n) WHERE NOT n:Migration AND NOT n:Schema AND NOT n:Feed AND NOT n:Lease AND NOT n:Receipt "
            "RETURN elementId(n) AS element, labels(n) AS labels, properties(n) AS properties"
        )
        edges = tx.run_text(
            "MATCH (a)-[r]->(b) RETURN elementId(a) AS start, type(r) AS type, properties(r) AS properties, "
            "elementId(b) AS end"
        )
        for node in nodes:
            node["properties"].pop("commit", None)  # by chance, and on one activity of each transaction
        return nodes, edges

    return database.read(read)


def snapshot(database: Database) -> Snapshot:
    nodes, edges = nodes_and_edges(database)
    for node in nodes:
        if "Change" in node["labels"]:
            # A server on this database may give it its number at any time.
            for numbering in ("fresh", "place", "seq", "at"):
                node["properties"].pop(numbering, None)
    by_element = {node["element"]: node for node in nodes}
    # An event without a message_id gets one before the batch, a period, a union or a key's change within it: the same
    # things have other names when the batches are others.
    names: dict[str, str] = {}
    for edge in edges:
        if edge["type"] in ("OF", "WAS_OF"):
            period = by_element[edge["start"]]["properties"]
            tracker = by_element[edge["end"]]["properties"]["value"]
            names[period["id"]] = f"period of {tracker} since {period['started_at']}"
    for node in nodes:
        properties = node["properties"]
        if "Merge" in node["labels"]:
            names[properties["id"]] = f"union of {properties['source']} at {properties['at']}"
        elif "KeyChange" in node["labels"]:
            names[properties["id"]] = f"change of {properties['key']} {properties['value']} at {properties['at']}"
        elif "Activity" in node["labels"] and properties["message_id"].startswith("o-"):
            names[properties["message_id"]] = f"event of {properties['received_at']}"

    def shown(properties: dict[str, Any]) -> str:
        return ", ".join(
            f"{name}={names.get(value, value)!r}" if isinstance(value, str) else f"{name}={value!r}"
            for name, value in sorted(properties.items())
        )

    described = {
        element: f"{':'.join(sorted(node['labels']))} {shown(node['properties'])}"
        for element, node in by_element.items()
    }
    return Snapshot(
        Counter(described.values()),
        Counter(
            f"({described[edge['start']]}) {edge['type']} {{{shown(edge['properties'])}}} ({described[edge['end']]})"
            for edge in edges
        ),
        frozenset(node["properties"]["id"] for node in nodes if {"Contact", "Redirect"} & set(node["labels"])),
        frozenset(node["properties"]["value"] for node in nodes if "Tracker" in node["labels"]),
    )


def assert_same_graph(found: Snapshot, wanted: Snapshot) -> None:
    differences = [
        *(f"only here: {item}" for item in (found.nodes - wanted.nodes) + (found.edges - wanted.edges)),
        *(f"only there: {item}" for item in (wanted.nodes - found.nodes) + (wanted.edges - found.edges)),
    ]
    assert not differences, "\n".join(differences)


# --- a world that repeats itself -----------------------------------------------------------------------------


class CountingClock(Clock):
    """Arrival times from a fixed start, one microsecond apart."""

    def __init__(self, start: Micros = 1_800_000_000_000_000) -> None:
        super().__init__()
        self._now = start

    def next(self, count: int = 1, *, after: Micros = 0) -> Micros:
        first = max(self._now + 1, after + 1)
        self._now = first + count - 1
        return first


class CountingIds:
    """Ids by number: the same requests get the same ids."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def _next(self, prefix: str) -> str:
        self._counts[prefix] += 1
        return f"{prefix}-{self._counts[prefix]:04d}"

    def contact(self) -> str:
        return self._next("c")

    def tracker(self) -> str:
        return self._next("kf")

    def time_ordered(self) -> str:
        return self._next("o")


def rarely(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), st.none(), strategy)


def often(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy, strategy)


# Kinds of key share texts: the same text as another kind of key is another key.
EMAILS = st.sampled_from(["ana@example.com", "bo@example.com", "cy@example.com"] * 4 + ["no address", "test@test.com"])
USER_IDS = st.sampled_from(["u1", "t1", "ana@example.com"] * 4 + ["undefined", "u\x07"])
TRACKERS = st.sampled_from(["t1", "t2", "u1", "ana@example.com"] * 4 + ["0000-0000", "\x07"])
SUBSCRIPTIONS = st.sampled_from(["s1", "t1", "ana@example.com"] * 4 + ["null", " "])
VALUES = st.sampled_from(["x", "y", 1, 1.0, True, None, [], ["x"], [1, 2]])
TIMES = st.sampled_from([f"2026-0{month}-01T00:00:00Z" for month in (1, 2, 3)])

EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "email": rarely(EMAILS),
        "user_id": rarely(USER_IDS),
        "tracker_id": often(TRACKERS),
        "subscription": rarely(SUBSCRIPTIONS),
        "properties": st.dictionaries(st.sampled_from(["a", "b"]), VALUES, max_size=2),
        "occurred_at": rarely(TIMES),
        "message_id": rarely(st.sampled_from(["m1", "m2", "m3"])),
    },
).map(read_event)

POLICIES = st.sampled_from(["strict", "continuity", "last_login"])
LIMITS = st.one_of(
    st.just(Limits()),
    st.just(Limits()),
    st.builds(Limits, max_trackers=st.integers(1, 3), max_subscriptions=st.integers(1, 2)),
)


@dataclass(frozen=True)
class Story:
    """Events in order of arrival, the batches they come in, and the deployment they come to."""

    events: list[Event]
    cuts: list[int]
    policy: str
    limits: Limits

    def resolver(self, database: Database) -> Resolver:
        return Resolver(
            database, policy=self.policy, limits=self.limits, id_source=CountingIds(), clock=CountingClock()
        )

    def batches(self) -> Iterator[list[Event]]:
        edges = [0, *self.cuts, len(self.events)]
        for start, end in pairwise(edges):
            if start < end:
                yield self.events[start:end]


@st.composite
def stories(draw: st.DrawFn, *, shortest: int = 1, longest: int = 14) -> Story:
    events = draw(st.lists(EVENTS, min_size=shortest, max_size=longest))
    cuts = sorted(draw(st.sets(st.integers(0, len(events)), max_size=4)))
    return Story(events, cuts, draw(POLICIES), draw(LIMITS))


EXAMPLES = int(os.environ.get("KINFOLD_TEST_EXAMPLES", "100"))
always = settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def resolve_all(resolver: Resolver, batches: Iterable[Sequence[Event]]) -> list[Answer]:
    return [answer for batch in batches for answer in resolver.resolve(batch)]


def shown(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    return [answer.to_dict() for answer in answers]


def told(policy: str, cuts: list[int], *events: dict[str, Any]) -> Story:
    return Story([read_event(event) for event in events], cuts, policy, Limits())


FILLED_AND_WRITTEN_AT_ONCE = told(
    "strict",
    [],
    {"tracker_id": "t1", "properties": {"a": "x"}, "occurred_at": "2026-03-01T00:00:00Z"},
    {"email": "ana@example.com"},
    {"email": "ana@example.com", "tracker_id": "t1", "properties": {"a": "y"}, "occurred_at": "2026-02-01T00:00:00Z"},
    {"email": "ana@example.com", "properties": {"a": 1}, "occurred_at": "2026-01-01T00:00:00Z"},
)
"""The event that folds t1's contact also writes the property that the union fills in."""

REPEATED_AFTER_ITS_TRACKER_CAME_BACK = told(
    "last_login",
    [4],
    {"email": "ana@example.com", "tracker_id": "t1"},
    {"email": "ana@example.com", "tracker_id": "t2", "message_id": "m1"},
    {"email": "bo@example.com", "tracker_id": "t2"},
    {"email": "ana@example.com", "tracker_id": "t2"},
    {"message_id": "m1"},
    {"tracker_id": "t2"},
)
"""The message hangs on a period that is over, of a tracker that its contact owns again."""


# --- the laws ------------------------------------------------------------------------------------------------


@always
@example(story=REPEATED_AFTER_ITS_TRACKER_CAME_BACK)
@given(story=stories())
def test_any_batches_give_the_answers_and_the_graph_of_one_event_at_a_time(
    story: Story, shared_database: Database
) -> None:
    empty(shared_database)
    singly = resolve_all(story.resolver(shared_database), ([event] for event in story.events))
    graph = snapshot(shared_database)
    empty(shared_database)
    assert shown(resolve_all(story.resolver(shared_database), story.batches())) == shown(singly)
    assert_same_graph(snapshot(shared_database), graph)
    empty(shared_database)
    assert shown(story.resolver(shared_database).resolve(story.events)) == shown(singly)
    assert_same_graph(snapshot(shared_database), graph)


@always
@example(story=FILLED_AND_WRITTEN_AT_ONCE)
@given(story=stories())
def test_the_order_in_which_the_database_gives_rows_makes_no_difference(
    story: Story, shared_database: Database
) -> None:
    empty(shared_database)
    singly = resolve_all(story.resolver(shared_database), ([event] for event in story.events))
    graph = snapshot(shared_database)
    run = Transaction.run

    def reversing(self: Transaction, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        rows = run(self, name, **parameters)
        if name == "resolution.facts":
            # One row of lists that nothing sorts.
            return [{column: value[::-1] for column, value in row.items()} for row in rows]
        return rows[::-1] if "ORDER BY" not in load_statements()[name].text else rows

    empty(shared_database)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Transaction, "run", reversing)
        assert shown(resolve_all(story.resolver(shared_database), ([event] for event in story.events))) == shown(singly)
    assert_same_graph(snapshot(shared_database), graph)


@always
@given(story=stories(longest=20))
def test_the_invariants_hold_after_any_events(story: Story, shared_database: Database) -> None:
    empty(shared_database)
    resolver = story.resolver(shared_database)
    noted = 0
    for batch in story.batches():
        answers = resolver.resolve(batch)
        noted += sum(not answer.duplicate and answer.outcome is not Outcome.IGNORED for answer in answers)
        check_invariants(shared_database)
        assert count_activities(shared_database) == noted


@always
@given(story=stories(longest=20))
def test_an_answer_names_a_living_contact_and_a_tracker_of_its_own(story: Story, shared_database: Database) -> None:
    empty(shared_database)
    resolver = story.resolver(shared_database)
    for event in story.events:
        (answer,) = resolver.resolve([event])
        if answer.outcome is Outcome.IGNORED:
            assert (answer.contact, answer.tracker_id, answer.rule) == (None, None, None)
            continue
        assert answer.contact is not None
        (row,) = shared_database.read(
            lambda tx, answer=answer: tx.run_text(
                "MATCH (c:Contact {id: $id}) RETURN c.kind AS kind, "
                "EXISTS { (c)-[:OWNS]->(:Tracker {value: $tracker}) } AS owned",
                id=answer.contact.id,
                tracker=answer.tracker_id,
            )
        )
        assert row == {"kind": answer.contact.kind.value, "owned": True}


def masked(answers: Iterable[Answer], before: Snapshot, said: Iterable[Event]) -> list[dict[str, Any]]:
    """Hide the ids that the answers' own call made, as a dry run does."""
    carried = {event.tracker_id.strip() for event in said if event.tracker_id}

    def known(contact: str | None) -> str | None:
        return contact if contact in before.contacts else None

    hidden = []
    for answer in answers:
        one = answer.to_dict()
        if answer.contact is not None:
            one["contact"] = {"id": known(answer.contact.id), "kind": answer.contact.kind}
        if answer.tracker_id not in before.trackers | carried:
            one["tracker_id"] = None
        one["merged"] = [known(contact) for contact in answer.merged]
        one["shared_with"] = [known(contact) for contact in answer.shared_with]
        one["moved"] = [item | {"from": known(item["from"])} for item in one["moved"]]
        one["conflicts"] = [(conflict.key, known(conflict.owner)) for conflict in answer.conflicts]
        hidden.append(one)
    return hidden


@always
@given(story=stories(shortest=2), data=st.data())
def test_a_dry_run_answers_as_the_real_one_and_leaves_the_graph_as_it_is(
    story: Story, data: st.DataObject, shared_database: Database
) -> None:
    past = data.draw(st.integers(0, len(story.events) - 1), label="events of the past")
    story, history = (
        Story(story.events[past:], [cut - past for cut in story.cuts if cut > past], story.policy, story.limits),
        story.events[:past],
    )
    empty(shared_database)
    resolver = story.resolver(shared_database)
    if history:
        resolver.resolve(history)
    before = snapshot(shared_database)
    # Each run has its own copy of the mint: ties between contacts are broken by their ids.
    id_source, clock_at = resolver.id_source, resolver.clock._now  # type: ignore[attr-defined]

    def afresh() -> Resolver:
        resolver.id_source, resolver.clock = copy.deepcopy(id_source), CountingClock(clock_at)
        return resolver

    rehearsed = afresh().resolve(story.events, dry_run=True)
    assert_same_graph(snapshot(shared_database), before)
    with afresh().rehearsal() as rehearse:
        in_batches = [answer for batch in story.batches() for answer in rehearse(batch)]
    assert_same_graph(snapshot(shared_database), before)
    real = afresh().resolve(story.events)
    assert masked(rehearsed, before, story.events) == masked(real, before, story.events)
    assert masked(in_batches, before, story.events) == masked(real, before, story.events)
    for answer in [*rehearsed, *in_batches]:
        assert answer.contact is None or answer.contact.id is None or answer.contact.id in before.contacts
        assert answer.tracker_id is None or not (
            answer.tracker_id.startswith("kf-") and answer.tracker_id not in before.trackers
        )


@always
@given(story=stories(), again=st.sampled_from(["singly", "in batches", "at once"]))
def test_the_same_messages_again_change_nothing_and_are_answered_as_duplicates(
    story: Story, again: str, shared_database: Database
) -> None:
    events = [
        event if event.message_id else event.model_copy(update={"message_id": f"message {number}"})
        for number, event in enumerate(story.events)
    ]
    story = Story(events, story.cuts, story.policy, story.limits)
    empty(shared_database)
    resolver = story.resolver(shared_database)
    first = resolve_all(resolver, story.batches())
    before = snapshot(shared_database)
    batches = {"singly": [[event] for event in events], "in batches": story.batches(), "at once": [events]}[again]
    second = resolve_all(resolver, batches)
    assert_same_graph(snapshot(shared_database), before)
    owners = {
        row["message"]: row["owner"]
        for row in shared_database.read(
            lambda tx: tx.run_text(
                "MATCH (a:Activity)-[:ON]->()<-[:HAS]-(c) RETURN a.message_id AS message, c.id AS owner"
            )
        )
    }
    for event, earlier, later in zip(events, first, second, strict=True):
        assert (later.rule, later.outcome) == (earlier.rule, earlier.outcome)
        assert later.duplicate == (later.outcome is not Outcome.IGNORED)
        if later.contact is not None:
            assert later.contact.id == owners[event.message_id]
        assert not (later.merged or later.moved)


# --- the checks can fail -------------------------------------------------------------------------------------

DAMAGE = {
    "a tracker, an email and a user id have at most one owner": "MATCH (c:Contact {id: $b}), (k:Email) "
    "CREATE (c)-[:OWNS]->(k)",
    "a contact owns a key once": "MATCH (c:Contact {id: $a})-[:OWNS]->(k:Subscription) CREATE (c)-[:OWNS]->(k)",
    "only living contacts own keys and hold periods": "MATCH (r:Redirect), (s:Subscription) CREATE (r)-[:OWNS]->(s)",
    "a contact owns at least one tracker": "MATCH (:Contact {id: $b})-[o:OWNS]->(:Tracker) DELETE o",
    "a redirect has one way, which leads to one living contact": "MATCH (:Redirect)-[t:TO]->() DELETE t",
    "the counters of a contact are the numbers of its keys": "MATCH (c:Contact {id: $a}) SET c.trackers = 7",
    "the primary tracker is the one that came first, with its open period": "MATCH (c:Contact {id: $a}) "
    "SET c.tracker_id = 'other'",
    "an owned tracker has one open period, held by its owner": "MATCH (c:Contact {id: $b})-[h:HAS]->(p), "
    "(d:Contact {id: $a}) CREATE (d)-[:HAS]->(p) DELETE h",
    "nobody's tracker has no open period": "MATCH (:Contact {id: $b})-[o:OWNS]->(:Tracker) DELETE o",
    "a period is one contact's and of one tracker, and has an end when it is over": "MATCH (p:Timeline) "
    "SET p.ended_at = datetime()",
    "an activity is reached from exactly one contact": "MATCH (:Activity)-[o:ON]->() DELETE o",
    "of the entries of a property one is shown": "MATCH (p:Property) SET p.shown = false",
    "an entry is one contact's": "MATCH (p:Property), (c:Contact {id: $b}) CREATE (c)-[:HAS_PROPERTY]->(p)",
    "an anonymous contact has no person key": "MATCH (c:Contact {id: $a}) SET c.kind = 'anonymous'",
    "a known contact has a person key, was born of 4.3.3, or took in one that was": "MATCH (c:Contact {id: $b}) "
    "SET c.kind = 'known'",
    "a conflict of 4.3.3 names its three sides": "CREATE (:Split)",
    "a union names the redirect it left and where that went": "MATCH (:Merge)-[i:INTO]->() DELETE i",
    "an event leaves no key without an owner": "MATCH (:Subscription)<-[o:OWNS]-() DELETE o",
}


@pytest.mark.parametrize("invariant", [*INVARIANTS, *OWNED_KEYS])
def test_a_damaged_graph_breaks_the_invariant(invariant: str, database: Database) -> None:
    resolver = Resolver(database, id_source=CountingIds(), clock=CountingClock())
    resolver.resolve(
        [
            read_event({"tracker_id": "t1", "properties": {"name": "Ana"}}),
            read_event({"email": "ana@example.com", "subscription": "s1"}),
            read_event({"email": "ana@example.com", "tracker_id": "t1"}),
            read_event({"tracker_id": "t2"}),
        ]
    )
    check_invariants(database)
    database.write(lambda tx: tx.run_text(DAMAGE[invariant], **{"a": "c-0002", "b": "c-0003"}), committed=REPEATABLE)
    assert invariant in broken_invariants(database)
