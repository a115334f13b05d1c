"""One event through the library, beside the cheapest transaction that could leave the same nodes and edges.

Run with ``python -m bench.single_event [--events 1000]``. Both sides use one driver and take turns (A B A B), so
that whatever else the machine does falls on both. Without NEO4J_URI a throw-away embedded database is started.
"""

import argparse
import json
import os
import platform
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

from neo4j import WRITE_ACCESS
from rich.console import Console
from rich.table import Table

from graph.database import Database
from graph.embedded import stop
from graph.events import read_event
from graph.kinfold import Kinfold, open_kinfold
from graph.settings import Settings

VISITORS = 501
"""Who comes back; an odd number, so that each of them is met by both sides."""

OUT = Path(__file__).parent / "out" / "single_event.json"

RAW_NEW = """\
CREATE (c:Contact)-[:OWNS {since: $now, position: 0}]->(t:Tracker {value: $tracker}),
  (c)-[:HAS]->(p:Timeline {id: $timeline, started_at: $now})-[:OF]->(t),
  (:Activity {message_id: $message, event: 'page_view', occurred_at: $now, received_at: $now, rule: '5',
    outcome: 'created', tracker_id: $tracker})-[:ON]->(p)
SET c = $contact
"""

RAW_FOUND = """\
MATCH (:Tracker {value: $tracker})<-[:OF]-(p:Timeline)<-[:HAS]-(c:Contact)
CREATE (:Activity {message_id: $message, event: 'page_view', occurred_at: $now, received_at: $now, rule: '5',
  outcome: 'found', tracker_id: $tracker})-[:ON]->(p)
SET c.last_seen_at = $now
"""

CLEAR = """\
MATCH (t:Tracker) WHERE t.value STARTS WITH $prefix
WITH t LIMIT 2000
MATCH (t)<-[:OF]-(p:Timeline)<-[:HAS]-(c:Contact)
OPTIONAL MATCH (a:Activity)-[:ON]->(p)
DETACH DELETE a, p, c, t
RETURN count(DISTINCT t) AS cleared
"""


class Sides:
    """The two ways to write an event, A and B, with ids that nobody else has."""

    def __init__(self, kinfold: Kinfold, prefix: str) -> None:
        self._resolver = kinfold.resolver
        self._database = kinfold.database
        self._prefix = prefix
        self._count = 0

    def tracker(self) -> str:
        self._count += 1
        return f"{self._prefix}{self._count}"

    def library(self, tracker: str) -> float:
        """Resolve one event that carries a tracker; reading the event is part of it."""
        raw = {"tracker_id": tracker, "event": "page_view", "message_id": f"{tracker} {time.monotonic_ns()}"}
        began = time.perf_counter()
        (answer,) = self._resolver.resolve([read_event(raw)])
        took = time.perf_counter() - began
        assert answer.tracker_id == tracker
        assert not answer.duplicate
        return took

    def raw_new(self, tracker: str) -> float:
        now = datetime.now(UTC)
        contact = {
            "id": f"{tracker} contact",
            "kind": "anonymous",
            "split": False,
            "emails": 0,
            "user_ids": 0,
            "trackers": 1,
            "subscriptions": 0,
            "tracker_id": tracker,
            "timeline_id": f"{tracker} timeline",
            "created_at": now,
            "last_seen_at": now,
        }
        message = f"{tracker} {time.monotonic_ns()}"
        return self._raw(
            RAW_NEW, tracker=tracker, timeline=f"{tracker} timeline", message=message, now=now, contact=contact
        )

    def raw_found(self, tracker: str) -> float:
        message = f"{tracker} {time.monotonic_ns()}"
        return self._raw(RAW_FOUND, tracker=tracker, message=message, now=datetime.now(UTC))

    def _raw(self, text: str, **parameters: Any) -> float:
        began = time.perf_counter()
        with self._database._session(WRITE_ACCESS) as session, session.begin_transaction() as bolt:
            bolt.run(text, parameters)
            bolt.commit()
        return time.perf_counter() - began


def take_turns(count: int, ours: Callable[[], float], raw: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Run both sides ``count`` times, each first in every other round."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(count):
        order = (0, 1) if turn % 2 == 0 else (1, 0)
        for side in order:
            times[side].append((ours, raw)[side]())
    return times


def summary(name: str, ours: list[float], raw: list[float]) -> dict[str, Any]:
    def milliseconds(times: list[float], percent: int) -> float:
        return round(statistics.quantiles(times, n=100)[percent - 1] * 1000, 3)

    row: dict[str, Any] = {"event": name, "events": len(ours)}
    for percent in (50, 95):
        row[f"library_p{percent}_ms"] = milliseconds(ours, percent)
        row[f"raw_p{percent}_ms"] = milliseconds(raw, percent)
        row[f"ratio_p{percent}"] = round(row[f"library_p{percent}_ms"] / row[f"raw_p{percent}_ms"], 2)
    return row


def measure(kinfold: Kinfold, events: int, warm_up: int) -> list[dict[str, Any]]:
    prefix = f"bench {secrets.token_hex(4)} "
    sides = Sides(kinfold, prefix)
    try:
        known = cycle([sides.tracker() for _ in range(VISITORS)])
        for _ in range(VISITORS):
            sides.library(next(known))
        cases: dict[str, tuple[Callable[[], float], Callable[[], float]]] = {
            "new visitor": (lambda: sides.library(sides.tracker()), lambda: sides.raw_new(sides.tracker())),
            "found": (lambda: sides.library(next(known)), lambda: sides.raw_found(next(known))),
        }
        for ours, raw in cases.values():
            take_turns(warm_up, ours, raw)
        return [summary(name, *take_turns(events, ours, raw)) for name, (ours, raw) in cases.items()]
    finally:
        clear(kinfold.database, prefix)


def clear(database: Database, prefix: str) -> None:
    while database.write(lambda tx: tx.run_text(CLEAR, prefix=prefix)[0]["cleared"]):
        pass


def server_version(database: Database) -> str:
    rows = database.read(
        lambda tx: tx.run_text("CALL dbms.components() YIELD name, versions, edition RETURN versions[0] AS version")
    )
    return str(rows[0]["version"])


def show(rows: list[dict[str, Any]], where: dict[str, Any]) -> None:
    table = Table(title=f"one event, milliseconds; Neo4j {where['neo4j']}, {where['cpus']} CPUs")
    table.add_column("event")
    for heading in ("library p50", "raw p50", "ratio", "library p95", "raw p95", "ratio"):
        table.add_column(heading, justify="right")
    for row in rows:
        cells = [
            f"{row[f'{name}_p{percent}{unit}']:.2f}"
            for percent in (50, 95)
            for name, unit in (("library", "_ms"), ("raw", "_ms"), ("ratio", ""))
        ]
        table.add_row(row["event"], *cells)
    Console(width=110).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.single_event", description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1000, help="rounds of each kind of event (default 1000)")
    parser.add_argument("--warm-up", type=int, default=300, help="rounds before anything is measured (default 300)")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        settings = Settings()
        if not settings.neo4j_uri:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kinfold-bench-"))) / "home"
            settings = settings.model_copy(update={"home": home})
            # Before its folder goes, the database must be down, not only without a lease.
            stack.callback(stop, settings)
        kinfold = stack.enter_context(open_kinfold(settings))
        rows = measure(kinfold, arguments.events, arguments.warm_up)
        where = {
            "neo4j": server_version(kinfold.database),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "cpus": os.cpu_count(),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    show(rows, where)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"benchmark": "single_event", **where, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
