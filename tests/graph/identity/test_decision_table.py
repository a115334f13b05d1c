"""The golden cases of tests/cases/, held against the table in memory and against a real Neo4j."""

from typing import Any

import pytest

from graph.clock import Clock
from graph.edits.judgements import Judgements
from graph.identity.decision import POLICIES, TABLE
from graph.identity.keys import BlockList, InvalidKey, normalise, read_keys
from graph.identity.resolver import EventResolution, Prepared, Resolver
from graph.identity.working_set import WorkingSet
from graph.identity.working_set.entities import tracker_order
from graph.identity.working_set.write import write_working_set
from graph.identity.write_context import WriteContext
from graph.kinfold import Kinfold
from graph.model import Kind
from graph.store.database import REPEATABLE, Database, Transaction
from tests.graph.identity.case_table import (
    DECLARED,
    Case,
    LetterIds,
    build,
    expected,
    key_name,
    observed,
    parse_case,
    read_cases,
)

ROWS = read_cases()
FURTHER = read_cases("namespaces.csv")
JUDGED = read_cases("judgements.csv")
CASES = [parse_case(row) for row in (*ROWS, *JUDGED)] + [parse_case(row, DECLARED) for row in FURTHER]
each_case = pytest.mark.parametrize("case", CASES, ids=[case.row["case"] for case in CASES])


def no_database(*_: Any, **__: Any) -> list[dict[str, Any]]:
    raise AssertionError("the golden cases are decided without a database")


@each_case
def test_the_table_decides_every_golden_case_without_a_database(case: Case) -> None:
    id_source = LetterIds([given.letter for given in case.contacts])
    world = WorkingSet(no_database, id_source, namespaces=case.namespaces)
    build(case, world)
    policy = case.row["policy"]
    resolver = Resolver(None, policy=policy, limits=case.limits, id_source=id_source)  # type: ignore[arg-type]
    event = case.event
    prepared = Prepared(event, read_keys(event, case.block_list), "m1")
    answer = EventResolution(resolver, world, prepared, 3_000_000, explain=True).answer()
    after = {}
    for contact in world.contacts.values():
        trackers = [(tracker_order(own), key.value) for key, own in contact.keys.items() if key.name == "tracker_id"]
        after[contact.id] = {
            "kind": contact.kind.value,
            "folded": contact.folded_into is not None,
            "trackers": [value for _, value in sorted(trackers)],
            "others": [key.value for key in contact.keys if key.name != "tracker_id"],
        }
    assert observed(answer, after) == expected(case)
    assert answer.trace


@pytest.mark.calendar
@each_case
def test_a_real_database_holds_every_golden_case(case: Case, database: Database) -> None:
    id_source = LetterIds([given.letter for given in case.contacts])

    def seed(tx: Transaction) -> None:
        world = WorkingSet(tx.run, id_source, namespaces=case.namespaces)
        build(case, world)
        write_working_set(world, tx.defer)

    database.write(seed, committed=REPEATABLE)
    judgements = Judgements(WriteContext(database, case.namespaces))
    for letter, other in case.apart:
        if other in [given.letter for given in case.contacts]:
            judgements.apart(letter, other)
        else:
            judgements.apart_from_key(letter, key_name(other), other)
    resolver = Resolver(
        database,
        policy=case.row["policy"],
        limits=case.limits,
        block_list=case.block_list,
        id_source=id_source,
        clock=Clock(),
        namespaces=case.namespaces,
    )
    (rehearsed,) = resolver.resolve([case.event], dry_run=True)
    id_source = resolver.id_source = LetterIds([])
    (answer,) = resolver.resolve([case.event])
    contacts = Kinfold.on(database, database_settings()).contacts
    after = {}
    ids = [given.letter for given in case.contacts]
    if answer.contact and answer.contact.id == "new":
        ids.append("new")
    for contact_id in ids:
        document = contacts.get(contact_id)
        after[contact_id] = {
            "kind": document["kind"],
            "folded": "redirected_from" in document,
            "trackers": document["trackers"],
            "others": [value for name, values in document["keys"].items() if name != "tracker_id" for value in values],
        }
    assert observed(answer, after) == expected(case)
    assert (rehearsed.rule, rehearsed.outcome, rehearsed.limited) == (answer.rule, answer.outcome, answer.limited)


def database_settings() -> Any:
    from graph.settings import Settings

    return Settings()


def test_every_row_of_the_table_decides_some_golden_case() -> None:
    decided = set()
    for row in ROWS:
        case = parse_case(row)
        world = WorkingSet(no_database, LetterIds([given.letter for given in case.contacts]))
        build(case, world)
        keys = read_keys(case.event)
        if keys.all_blocked:
            continue
        from graph.identity.decision import decide

        decided.add(decide(keys, world.facts(keys), POLICIES[row["policy"]], case.limits).row)
    assert {id(row) for row in TABLE} == {id(row) for row in decided}


KEY_ROWS = read_cases("keys.csv")


def readable(raw: str) -> str:
    """Read the notation of keys.csv: ``\\u0007`` escapes and ``a*1025`` repetitions."""
    import re

    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), raw)
    return re.sub(r"(.)\*(\d+)", lambda match: match[1] * int(match[2]), text)


@pytest.mark.parametrize("row", KEY_ROWS, ids=[f"{row['key']} {row['raw']} {row['why']}" for row in KEY_ROWS])
def test_a_raw_value_becomes_a_key_or_is_set_aside(row: dict[str, str]) -> None:
    from graph.identity.events import Event

    keys = read_keys(Event(**{row["key"]: readable(row["raw"])}))
    assert [item.reason.value for item in keys.ignored] == ([row["reason"]] if row["reason"] else [])
    assert (keys.first(row["key"]) or "") == readable(row["normalised"])


def test_an_operator_adds_and_removes_values_and_patterns() -> None:
    block_list = BlockList.of(added=["Kiosk-1"], removed=["guest"], patterns=["bot-.*"])
    assert block_list.blocks("tracker_id", "KIOSK-1")
    assert block_list.blocks("user_id", "bot-77")
    assert not block_list.blocks("user_id", "Guest")
    assert not block_list.blocks("user_id", "robot-77")


def test_a_key_says_why_it_is_invalid() -> None:
    with pytest.raises(InvalidKey, match="control"):
        normalise("tracker_id", "a\x07b")


def test_the_kinds_of_the_notation_are_told_by_their_looks() -> None:
    assert [key_name(value) for value in ("a@b.example", "t1", "s1", "u1")] == [
        "email",
        "tracker_id",
        "subscription",
        "user_id",
    ]
    assert Kind("known") is Kind.KNOWN
