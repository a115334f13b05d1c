"""What a statement costs does not grow with the graph: no plan scans, and locks come before what they protect."""

from collections.abc import Iterator
from typing import Any

import pytest

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import REPEATABLE, Database, Transaction
from graph.store.migrations import load_migrations
from graph.store.statements import KEEP_PLAN, Statement, load_statements
from tests.conftest import empty

Plan = dict[str, Any]

MAY_SCAN = {
    # A handful of nodes, one for each migration file; read once at start.
    "migration.applied": {"NodeByLabelScan"},
    # What operators block: the whole list is what is asked for, and it is short.
    "blocking.rules": {"NodeByLabelScan"},
    # The namespaces of a deployment: all of them are asked for, and they are a few dozen.
    "namespaces.stored": {"NodeByLabelScan", "NodeIndexScan"},
    "namespaces.declared": {"NodeByLabelScan", "NodeIndexScan"},
    "namespaces.declare": {"NodeByLabelScan", "NodeIndexScan"},
    # How far keys have got their hashes: a node for each namespace of hashes.
    "namespaces.hashing": {"NodeByLabelScan"},
    "namespaces.hashed": {"NodeByLabelScan"},
    # Empties a graph that was made to be thrown away: everything in it is what is asked for.
    "scratch.empty": {"NodeByLabelScan", "AllNodesScan"},
    # Run once for a whole copy of the graph, on a database that nobody else uses.
    "copy.highest": {"AllNodesScan", "DirectedAllRelationshipsScan"},
    # A step of an erasure: the findings that the feed still tells of, which are few.
    "privacy.clear_finding_changes": {"NodeByLabelScan"},
    # A list of findings: those that events raised, as far as the feed still tells of them.
    "anomalies.raised": {"NodeByLabelScan"},
    # The receipts: before a backup and after a copy, all of them are what is asked for.
    "privacy.uncompacted": {"NodeByLabelScan"},
    "privacy.compacted": {"NodeByLabelScan"},
    # Once an erasure, and only the entries that hold a text: a key may stand anywhere in it.
    "audit.naming": {"NodeByLabelScan"},
    # Lists of all people in an order of their own, and how many of each kind there are. An index of when each was seen
    # last would cost every event more than the list costs who reads it (decision 26).
    "explore.people": {"NodeByLabelScan"},
    "explore.people_in": {"NodeByLabelScan"},
    "explore.people_holding": {"NodeByLabelScan"},
    # Where activities are few to a contact, of whom the statement before would look at all.
    "explore.people_who_did": {"NodeByLabelScan"},
    "explore.latest_times": {"NodeByLabelScan"},
    "explore.kinds_of_contacts": {"NodeByLabelScan"},
    # The workflows of a deployment: all of them are asked for, and they are few.
    "workflows.definitions": {"NodeByLabelScan"},
    # Beside the whole graph, from which suggestions are computed: what people said to them, and what they judged.
    "suggestions.states": {"NodeByLabelScan"},
}
"""Statements that scan on purpose, with the operators that each may use."""

MAY_SCAN_NOTHING = {"copy.edges": {"DirectedAllRelationshipsScan"}}
"""Statements that seek, but scan a graph without edges, where the planner takes any way for free."""

each_statement = pytest.mark.parametrize("statement", load_statements().values(), ids=lambda statement: statement.name)


def explained(database: Database, text: str) -> tuple[list[str], Plan]:
    """Return columns and plan of a statement, planned for the graph as it is now: a cached plan is no news of it."""

    def explain(tx: Transaction) -> tuple[list[str], Plan]:
        result = tx._bolt.run(f"CYPHER replan=force EXPLAIN {text.removeprefix(KEEP_PLAN)}")
        columns = list(result.keys())
        plan = result.consume().plan
        assert plan is not None
        return columns, plan

    return database.write(explain, committed=REPEATABLE)


def plan_of(database: Database, text: str) -> Plan:
    return explained(database, text)[1]


def in_order(plan: Plan) -> Iterator[Plan]:
    """Yield operators in the order in which they begin to give rows: left to right, from the leaves."""
    for child in plan.get("children", []):
        yield from in_order(child)
    yield plan


def operator(plan: Plan) -> str:
    """Return the operator's bare name: 'NodeUniqueIndexSeek(Locking)@neo4j' is 'NodeUniqueIndexSeek'."""
    return plan["operatorType"].partition("@")[0].partition("(")[0]


def scans(plan: Plan) -> set[str]:
    # Every operator that reads without a place to begin is called a scan, over nodes, relationships or an index.
    return {operator(step) for step in in_order(plan) if operator(step).endswith(("Scan", "ByElementIdScan"))}


def populate(kinfold: Kinfold) -> None:
    """Resolve a few hundred events, so that the planner has numbers to go by."""
    for start in range(0, 600, 200):
        kinfold.resolver.resolve(
            [
                read_event(
                    {
                        "tracker_id": f"t{turn}",
                        **({"email": f"p{turn % 40}@example.com"} if turn % 3 == 0 else {}),
                        **({"subscription": f"s{turn % 30}"} if turn % 4 == 0 else {}),
                        **({"user_id": f"u{turn % 20}"} if turn % 7 == 0 else {}),
                        "properties": {"turn": turn},
                        "message_id": f"m{turn}",
                    }
                )
                for turn in range(start, start + 200)
            ]
        )


@pytest.mark.calendar
@each_statement
def test_the_database_understands_a_statement_gives_its_columns_and_scans_no_empty_graph(
    statement: Statement, database: Database
) -> None:
    columns, plan = explained(database, statement.text)
    assert columns == list(statement.columns)
    allowed = MAY_SCAN.get(statement.name, set()) | MAY_SCAN_NOTHING.get(statement.name, set())
    assert scans(plan) <= allowed


@pytest.fixture(scope="module")
def populated(shared_database: Database) -> Database:
    empty(shared_database)
    populate(Kinfold.on(shared_database, Settings()))
    # Counts of what the indexes hold come in the background; here they are there.
    shared_database.read(lambda tx: tx.run_text("CALL db.prepareForReplanning(60)"))
    return shared_database


@pytest.mark.calendar
@each_statement
def test_no_statement_scans_a_graph_with_people_in_it(statement: Statement, populated: Database) -> None:
    assert scans(plan_of(populated, statement.text)) <= MAY_SCAN.get(statement.name, set())


@pytest.fixture(scope="module")
def just_filled(shared_database: Database) -> dict[str, Plan]:
    """Plan every statement on a graph whose first events have just come in.

    The database counts the values of an index in the background, some seconds later: until then its planner
    believes that the indexes are empty, and that to read one from end to end costs nothing.
    """
    empty(shared_database)
    schema = shared_database.read(lambda tx: tx.run_text("SHOW CONSTRAINTS YIELD name"))
    for row in schema:
        if row["name"] != "migration_version":
            shared_database.write(
                lambda tx, name=row["name"]: tx.run_text(f"DROP CONSTRAINT `{name}`"), committed=REPEATABLE
            )
    for migration in load_migrations():
        for text in migration.statements:
            shared_database.write(lambda tx, text=text: tx.run_text(text), committed=REPEATABLE)
    shared_database.read(lambda tx: tx.run("migration.await_indexes"))
    populate(Kinfold.on(shared_database, Settings()))
    return {
        name: plan_of(shared_database, statement.text)
        for name, statement in sorted(load_statements().items(), key=lambda item: not item[1].writes)
    }


@pytest.mark.calendar
@each_statement
def test_no_statement_scans_a_graph_that_was_filled_a_moment_ago(
    statement: Statement, just_filled: dict[str, Plan]
) -> None:
    assert scans(just_filled[statement.name]) <= MAY_SCAN.get(statement.name, set())


def test_every_permission_to_scan_is_of_a_statement_that_scans(populated: Database) -> None:
    statements = load_statements()
    for name, allowed in MAY_SCAN.items():
        assert scans(plan_of(populated, statements[name].text)) & allowed, name


@pytest.mark.parametrize(
    "text",
    [
        "MATCH (n) RETURN n",
        "MATCH (c:Contact) RETURN c",
        "MATCH (c:Contact) WHERE c.kind = 'known' RETURN c",
        "MATCH (c:Contact) WHERE c.id CONTAINS 'a' RETURN c",
        "MATCH ()-[o:OWNS]->() RETURN o",
    ],
)
def test_a_scan_is_told_from_a_seek(text: str, populated: Database) -> None:
    assert scans(plan_of(populated, text))
    seek = "MATCH (c:Contact {id: $id})-[:OWNS]->(k) USING INDEX SEEK c:Contact(id) RETURN k"
    assert not scans(plan_of(populated, seek))


@pytest.mark.calendar
@pytest.mark.parametrize("filled", [False, True], ids=["empty graph", "graph with people"])
def test_keys_are_locked_before_anything_that_hangs_on_them_is_read(filled: bool, kinfold: Kinfold) -> None:
    if filled:
        populate(kinfold)
    text = load_statements()["resolution.facts"].text
    steps = [(operator(step), step["args"].get("Details", "")) for step in in_order(plan_of(kinfold.database, text))]
    lock = next(place for place, (name, details) in enumerate(steps) if name == "Foreach" and "k._lock" in details)
    before = {name for name, _ in steps[:lock]}
    assert before <= {"Unwind", "NodeUniqueIndexSeek", "Apply", "Projection", "Union", "Argument"}, (
        "who owns a key, who sent a message and what was split is only settled under the key's lock"
    )
    contact = next(place for place, (name, details) in enumerate(steps) if name == "Foreach" and "c._lock" in details)
    read_early = [details for _, details in steps[:contact] if "c.kind" in details or "c.trackers" in details]
    assert not read_early, "what a contact is must be read under its lock"
