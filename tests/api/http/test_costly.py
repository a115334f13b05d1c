"""What is made to be expensive: no door may take much more processor time for it than for a plain event."""

import csv
import gzip
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pytest
from fastapi.testclient import TestClient

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import Database
from tests.api.conftest import open_client

CASES = Path(__file__).parents[2] / "cases"
DOORS = list(csv.DictReader((CASES / "costly_doors.csv").open(encoding="utf-8", newline="")))
VALUES = list(csv.DictReader((CASES / "costly_values.csv").open(encoding="utf-8", newline="")))

PATTERNS = [r".*bot.*@.*\.example", r"(a+)+b", r"(x|xx)*y", r".*.*.*.*=.*"]
"""What operators may block by, and an engine with backtracking takes for ever to try."""

TIMES = 20
"""How many times a plain event's processor time a value may take, and that of merely parsing its body."""


def written(value: dict[str, str], size: int) -> str:
    """A value of the table, so long that its JSON has about so many bytes."""
    begin, repeated, end = (value[part].encode().decode("unicode_escape") for part in ("begin", "repeated", "end"))
    room = size - len(orjson.dumps(begin + end))
    return begin + repeated * (room // (len(orjson.dumps(repeated)) - 2)) + end


def path(row: dict[str, str], value: str, ana: str) -> str:
    found = row["path"].replace("{ana}", ana)
    return found.replace("VALUE", quote(value, safe="")) if "VALUE" in found else found


def body(row: dict[str, str], value: str) -> bytes:
    return row["body"].replace("\\n", "\n").replace("VALUE", orjson.dumps(value).decode()).encode()


@dataclass(frozen=True)
class Door:
    """One way in, for one value at a time."""

    client: TestClient
    ana: str
    row: dict[str, str]

    def ask(self, value: str) -> httpx.Request:
        """Write the request beforehand, so that only what it takes to answer is measured."""
        content = self.body(value)
        headers = {"Content-Type": self.row["type"]} if content else {}
        if self.row["type"] == "gzip":
            content = gzip.compress(content, 1)
            headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return self.client.build_request(
            self.row["method"], path(self.row, value, self.ana), content=content, headers=headers
        )

    def body(self, value: str) -> bytes:
        return body(self.row, value)

    def cost(self, value: str) -> float:
        """Processor seconds of the whole process, whatever else the machine does meanwhile."""
        request = self.ask(value)
        started = time.process_time()
        response = self.client.send(request)
        spent = time.process_time() - started
        assert response.status_code < 500, response.text[:500]
        return spent


def least(work: Callable[[], object], times: int = 5) -> float:
    """The least processor time that some work took."""

    def once() -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    return min(once() for _ in range(times))


def parse(body: bytes) -> object:
    return [orjson.loads(line) for line in body.split(b"\n") if line]


@pytest.fixture
def guarded(database: Database, server: Settings) -> Kinfold:
    """A deployment whose operators block by patterns."""
    return Kinfold.on(database, server.model_copy(update={"block_patterns": PATTERNS}))


@pytest.fixture
def door(guarded: Kinfold) -> Iterator[tuple[TestClient, str]]:
    [answer] = guarded.resolver.resolve([read_event({"email": "ana@example.com", "tracker_id": "t1"})])
    assert answer.contact
    assert answer.contact.id
    with open_client(guarded) as client:
        client.put("/v1/workflows/w", json={})
        client.put("/v1/environments/e", json={"kind": "anonymous", "visitors_folder": "v"})
        client.put("/v1/environments/e/spaces/s", json={})
        yield client, answer.contact.id


@pytest.mark.parametrize("row", DOORS, ids=lambda row: row["door"])
def test_no_value_takes_much_more_processor_time_than_a_plain_event(
    door: tuple[TestClient, str], row: dict[str, str]
) -> None:
    here = Door(*door, row)
    here.cost("plain")
    plain = min(here.cost(f"plain{number}@example.com") for number in range(5))
    too_much: list[Any] = []
    for value in VALUES:
        hostile = written(value, int(row["size"]))
        content = here.body(hostile)
        allowed = TIMES * (plain + (least(lambda content=content: parse(content), 2) if content else 0.0))  # type: ignore[misc]
        if (spent := here.cost(hostile)) > allowed:
            # A second look: what else this process had to do at that moment, such as to collect garbage, is not meant.
            spent = min(spent, here.cost(hostile))
        if spent > allowed:
            too_much.append((value["value"], f"{spent * 1000:.0f} ms, allowed {allowed * 1000:.0f} ms"))
    assert not too_much
