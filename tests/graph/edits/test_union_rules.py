"""What a union makes of properties and lists where a deployment says so, and that undoing it is exact."""

import csv
import json
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from graph.identity.events import read_event
from graph.identity.union_rules import united
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import Database

with (Path(__file__).parents[2] / "cases" / "union_rules.csv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file, strict=True))


def values(row: dict[str, str]) -> tuple[tuple[Any, int], tuple[Any, int]]:
    mine, theirs = json.loads(row["mine"]), json.loads(row["theirs"])
    return (mine[0], mine[1]), (theirs[0], theirs[1])


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"{row['rule']} {row['mine']} {row['theirs']}")
def test_two_values_come_to_what_the_table_says(row: dict[str, str]) -> None:
    found = united(row["rule"], *values(row))
    assert (type(found), found) == (type(json.loads(row["united"])), json.loads(row["united"]))


Make = Callable[..., str]


@pytest.fixture
def ruled(database: Database, server: Settings) -> Kinfold:
    rules = Settings(union_rules="visits=sum, consent=false_wins,tags:collect, said=newest").union_rules  # type: ignore[arg-type]
    assert rules == {"visits": "sum", "consent": "false_wins", "tags": "collect", "said": "newest"}
    return Kinfold.on(database, server.model_copy(update={"union_rules": rules}))


@pytest.fixture
def make(ruled: Kinfold) -> Iterator[Make]:
    def make(email: str, **properties: Any) -> str:
        (answer,) = ruled.resolver.resolve([read_event({"email": f"{email}@example.com", "properties": properties})])
        assert answer.contact
        assert answer.contact.id
        return answer.contact.id

    yield make


def shown(kinfold: Kinfold, contact: str) -> dict[str, Any]:
    properties: dict[str, Any] = kinfold.contacts.get(contact)["properties"]
    return properties


def test_every_order_of_undoing_leaves_what_the_unions_that_stand_come_to(ruled: Kinfold, make: Make) -> None:
    people = {name: make(name, visits=visits, tags=[name]) for name, visits in (("a", 1), ("b", 10), ("c", 100))}
    survivor = make("s", visits=1000)
    for order in permutations(people):
        merges = {name: ruled.unions.merge(people[name], survivor)["id"] for name in people}
        assert shown(ruled, survivor) == {"visits": 1111, "tags": ["a", "b", "c"]}
        left = dict(people)
        for name in order:
            ruled.unions.undo(merges[name])
            left.pop(name)
            visits = 1000 + sum({"a": 1, "b": 10, "c": 100}[one] for one in left)
            assert shown(ruled, survivor) == {"visits": visits} | ({"tags": sorted(left)} if left else {})
            assert shown(ruled, people[name])["tags"] == [name]


def test_what_is_written_since_a_union_stays_and_undoing_takes_nothing_else(ruled: Kinfold, make: Make) -> None:
    source, survivor = make("a", visits=2, consent=False), make("s", visits=3, consent=True)
    merge = ruled.unions.merge(source, survivor)["id"]
    assert shown(ruled, survivor) == {"visits": 5, "consent": False}
    make("s", visits=9)
    assert shown(ruled, survivor) == {"visits": 9, "consent": False}
    ruled.unions.undo(merge)
    assert shown(ruled, survivor) == {"visits": 9, "consent": True}
    assert shown(ruled, source) == {"visits": 2, "consent": False}


def test_a_union_of_a_union_brings_what_both_come_to(ruled: Kinfold, make: Make) -> None:
    first, second, third = make("a", visits=1), make("b", visits=10), make("c", visits=100)
    inner = ruled.unions.merge(first, second)["id"]
    ruled.unions.merge(second, third)
    assert shown(ruled, third) == {"visits": 111}
    ruled.unions.undo(inner, cascade=True)
    assert [shown(ruled, one)["visits"] for one in (first, second, third)] == [1, 10, 100]


def test_an_event_folds_by_the_same_rules(ruled: Kinfold, make: Make) -> None:
    survivor = make("s", visits=3)
    ruled.resolver.resolve([read_event({"tracker_id": "t1", "properties": {"visits": 4}})])
    ruled.resolver.resolve([read_event({"tracker_id": "t1", "email": "s@example.com"})])
    assert shown(ruled, survivor)["visits"] == 7


def test_a_list_that_says_either_keeps_whoever_was_on_it(ruled: Kinfold, make: Make) -> None:
    first, second, survivor = make("a"), make("b"), make("s")
    ruled.segments.define("stop", "static", on_union="either")
    ruled.segments.define("prize", "static")
    for name in ("stop", "prize"):
        ruled.segments.put_member(name, first)
    ruled.segments.put_member("stop", second)

    def members(name: str) -> list[str]:
        return [item["id"] for item in ruled.segments.members(name)["items"]]

    one, other = ruled.unions.merge(first, survivor)["id"], ruled.unions.merge(second, survivor)["id"]
    assert (members("stop"), members("prize")) == ([survivor], [])
    assert ruled.contacts.get(survivor)["segments"] == ["stop"]
    ruled.unions.undo(one)
    assert sorted(members("stop")) == sorted([first, survivor]), "the second union brought it too"
    ruled.unions.undo(other)
    assert sorted(members("stop")) == sorted([first, second])
    again = ruled.unions.merge(first, survivor)["id"]
    ruled.segments.put_member("stop", survivor)
    ruled.unions.undo(again)
    assert sorted(members("stop")) == sorted([first, second, survivor]), "put there by hand, it stays"
