"""Golden cases of unions, keys by hand and undo (tests/cases/unions.csv), on the product and on the model at once."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from graph.settings import Settings
from graph.store.database import Database
from tests.graph.identity.test_properties_always import check_invariants
from tests.model.reference import PLURAL
from tests.model.side_by_side import SideBySide

KEYS = {"email": "email", "user": "user_id", "tracker": "tracker_id", "subscription": "subscription"}

with (Path(__file__).parents[1] / "cases" / "unions.csv").open(encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file))


def keys_in(text: str) -> list[tuple[str, str]]:
    """Read ``email=… user=… tracker=… subscription=…``."""
    pairs = [item.split("=", 1) for item in text.split()]
    return [(KEYS[name], value) for name, value in pairs]


class Stage:
    """The contacts of one case by their letters."""

    def __init__(self, world: SideBySide) -> None:
        self.world = world
        self.contacts: dict[str, str] = {}

    def do(self, step: str) -> None:
        world, contacts = self.world, self.contacts
        match step.split(maxsplit=3):
            case [letter, "born"]:
                contacts[letter] = world.born()
            case [letter, "<-", *keys]:
                contacts[letter] = world.event(**dict(keys_in(" ".join(keys))))
            case ["fold", source, target]:
                assert world.merge(contacts[source], contacts[target])
            case ["undo", source, target, *cascade]:
                (union,) = (
                    union
                    for union in world.model.unions
                    if (union.source.id, union.target.id) == (contacts[source], contacts[target]) and not union.undone
                )
                assert world.undo(str(union.id), cascade=cascade == ["cascade"])
            case [("give" | "take") as action, letter, key]:
                getattr(world, action)(contacts[letter], *keys_in(key)[0])
            case _:
                raise AssertionError(f"what is this step? {step!r}")

    def check(self, expected: str) -> None:
        letter, kind, keys = re.fullmatch(r"(\w+) (in \w+|known|anonymous)(?::\s*(.*))?", expected).groups()  # type: ignore[union-attr]
        shown: dict[str, Any] = self.world.product.contacts.get(self.contacts[letter])
        if kind.startswith("in "):
            assert shown["id"] == self.contacts[kind.removeprefix("in ")], expected
            return
        assert (shown["id"], shown["kind"]) == (self.contacts[letter], kind), expected
        if keys is not None:
            owned = [
                (key, value["id"] if isinstance(value, dict) else value)
                for key in PLURAL
                for value in shown[PLURAL[key]]
            ]
            told = {("subscription", self.world.conflicted)}
            assert sorted(
                (key, value) for key, value in owned if not value.startswith("kf-") and (key, value) not in told
            ) == sorted(keys_in(keys)), expected


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_golden_case_of_unions(case: dict[str, str], shared_database: Database, server: Settings) -> None:
    world = SideBySide(shared_database, server)
    stage = Stage(world)
    for step in case["steps"].split("; "):
        stage.do(step)
    for expected in case["after"].split("; "):
        stage.check(expected)
    world.compare()
    world.compare_owners()
    check_invariants(shared_database, by_hand=True)
