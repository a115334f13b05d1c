"""What nobody should send, one row a case: refused with its place and its rule, and nothing is changed by it."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.store.database import Database
from tests.api.conftest import open_client
from tests.api.pinned import refused

TABLE = Path(__file__).parents[2] / "cases" / "hostile.csv"
CASES = list(csv.DictReader(TABLE.open(encoding="utf-8", newline="")))

_REPEATED = re.compile(r"(\{\"not\": |\]|\}|\[|\{\}\\x0a|.)\*(\d+)")
_BYTE = re.compile(rb"\\x([0-9a-f]{2})")


def written(cell: str) -> bytes:
    """A cell as bytes: repetitions first, then bytes by their code."""
    longer = _REPEATED.sub(lambda found: found[1] * int(found[2]), cell)
    return _BYTE.sub(lambda found: bytes([int(found[1], 16)]), longer.encode())


def everything(database: Database) -> list[str]:
    """All that the graph holds."""
    nodes = "MATCH (n) RETURN labels(n) AS what, properties(n) AS held"
    edges = "MATCH ()-[r]->() RETURN type(r) AS what, properties(r) AS held"
    rows = database.read(lambda tx: tx.run_text(nodes) + tx.run_text(edges))
    return sorted(repr(row) for row in rows)


@pytest.fixture
def door(kinfold: Kinfold) -> Iterator[tuple[TestClient, str]]:
    [answer] = kinfold.resolver.resolve([read_event({"email": "ana@example.com", "tracker_id": "t1"})])
    assert answer.contact
    assert answer.contact.id
    with open_client(kinfold) as client:
        yield client, answer.contact.id


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case["case"] for case in CASES}) == len(CASES) > 50


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_it_is_refused_with_its_place_and_changes_nothing(
    door: tuple[TestClient, str], database: Database, case: dict[str, str]
) -> None:
    client, ana = door
    before = everything(database)
    headers = {"Content-Type": case["type"]} if case["type"] else {}
    response = client.request(
        case["method"], case["path"].replace("{ana}", ana), content=written(case["body"]), headers=headers
    )
    errors = refused(response, int(case["status"]), case["code"])
    place = written(case["field"]).decode()
    assert [error["field"] for error in errors] == ([place] if case["rule"] or place else [])
    assert not case["rule"] or errors[0]["rule"] == case["rule"]
    assert everything(database) == before
