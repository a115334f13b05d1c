"""Bulk loads, each beside a plain UNWIND that leaves the same nodes, edges and properties.

Run with ``python -m bench.load [--rows 20000]``. The rows are new customers with a user id, an email, a tracker, a
subscription and two properties, as CSV. The plain side reads the same CSV and sends batches of the same size; it
checks, looks up, locks and decides nothing.

Run with ``python -m bench.load --history [--rows 50000]``, a log of the benchmarks' crowd (`bench.traffic`) is loaded
as a history, by one process and by two, beside what ``kinfold resolve`` does with it and beside the plain UNWIND of
ready-made rows of `bench.throughput`. What the processes take to start is part of the load.

Everything goes into a throw-away embedded database; all sides take turns, and what they leave is counted and compared.
"""

import argparse
import csv
import json
import tempfile
import time
import uuid
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from bench import raw
from bench.harness import resolve_log, throw_away, where
from bench.traffic import Crowd
from graph.clock import Clock, to_pair
from graph.kinfold import Kinfold
from graph.loads.loads import ROWS_AT_ONCE
from graph.model import Answer
from graph.opening import rarely_collect
from graph.store.database import REPEATABLE, Database

OUT = Path(__file__).parent / "out"
COLUMNS = ("user_id", "email", "tracker_id", "subscription", "properties.country", "properties.plan", "created_at")
CREATED = [1_577_934_245, 0]

PLAIN = """\
UNWIND $rows AS row
WITH row, datetime({epochSeconds: row.at[0], nanosecond: row.at[1]}) AS at,
  datetime({epochSeconds: row.created[0], nanosecond: row.created[1]}) AS created
CREATE (c:Contact {id: row.id, kind: 'known', split: false, emails: 1, user_ids: 1, trackers: 1, subscriptions: 1,
    tracker_id: row.tracker, timeline_id: row.timeline, created_at: at, last_seen_at: at}),
  (c)-[:OWNS {since: at, position: 0, message_id: row.message}]->(:UserId {value: row.user}),
  (c)-[:OWNS {since: at, position: 0, message_id: row.message}]->(:Email {value: row.email}),
  (c)-[:OWNS {since: at, position: 0, message_id: row.message}]->(:Subscription {value: row.subscription}),
  (c)-[:OWNS {since: at, position: 0, message_id: row.message}]->(t:Tracker {value: row.tracker}),
  (c)-[:HAS]->(p:Timeline {id: row.timeline, started_at: at, last_at: at})-[:OF]->(t),
  (a:Activity {message_id: row.message, event: 'loaded', rule: '2.1', outcome: 'created', tracker_id: row.tracker,
    email: row.email, user_id: row.user, subscription: row.subscription, occurred_at: created, received_at: at})
    -[:ON]->(p),
  (c)-[:HAS_PROPERTY]->(:Property {name: 'country', value: row.country, message_id: row.message, position: 0,
    shown: true, occurred_at: created, arrived_at: at}),
  (c)-[:HAS_PROPERTY]->(:Property {name: 'plan', value: row.plan, message_id: row.message, position: 0,
    shown: true, occurred_at: created, arrived_at: at}),
  (:Change {kind: 'created', contact: row.id, fresh: row.fresh, place: 0, rule: '2.1', message_id: row.message,
    contact_kind: 'known'})
"""
CENSUS = """\
CALL () { MATCH (n) WHERE NOT n:Load AND NOT n:Receipt RETURN labels(n)[0] AS what, count(*) AS times
  UNION ALL MATCH ()-[r]->() RETURN type(r) AS what, count(*) AS times }
RETURN what, times
"""


def write(path: Path, prefix: str, rows: int) -> None:
    with path.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for number in range(rows):
            name = f"{prefix}{number:08}"
            writer.writerow(
                [f"u{name}", f"p{name}@example.com", f"t{name}", f"s{name}", "FR", "gold", "2020-01-02T03:04:05Z"]
            )


def plain(database: Database, path: Path, clock: Clock) -> None:
    with path.open(newline="") as text:
        reader = csv.reader(text)
        next(reader)
        while chunk := list(islice(reader, ROWS_AT_ONCE)):
            first = clock.next(len(chunk))
            rows = [
                {
                    "id": str(uuid.uuid4()),
                    "timeline": str(uuid.uuid4()),
                    "message": f"row:{uuid.uuid4().hex}",
                    "user": values[0],
                    "email": values[1],
                    "tracker": values[2],
                    "subscription": values[3],
                    "country": values[4],
                    "plan": values[5],
                    "at": to_pair(first + place),
                    "fresh": first + place,
                    "created": CREATED,
                }
                for place, values in enumerate(chunk)
            ]
            database.write(lambda tx, rows=rows: tx.run_text(PLAIN, rows=rows), committed=REPEATABLE)


def census(database: Database) -> dict[str, int]:
    return {row["what"]: row["times"] for row in database.read(lambda tx: tx.run_text(CENSUS))}


def load_customers(kinfold: Kinfold, folder: Path, rows: int, turn: int) -> dict[str, float]:
    """Load new customers and send a plain UNWIND of as many, in an order that changes; give rows a second."""
    clock = Clock()
    rates: dict[str, float] = {}
    left: dict[str, dict[str, int]] = {}
    for side in (CUSTOMERS, PLAIN_SIDE) if turn % 2 else (PLAIN_SIDE, CUSTOMERS):
        path = folder / f"{turn}.csv"
        write(path, f"{'k' if side == CUSTOMERS else 'r'}{turn}-", rows)
        before = census(kinfold.database)
        began = time.perf_counter()
        if side == CUSTOMERS:
            kinfold.loads.load(path)
        else:
            plain(kinfold.database, path, clock)
        rates[side] = rows / (time.perf_counter() - began)
        after = census(kinfold.database)
        left[side] = {what: times - before.get(what, 0) for what, times in after.items()}
    assert left[CUSTOMERS] == left[PLAIN_SIDE], left
    return rates


def load_history(kinfold: Kinfold, folder: Path, events: int, turn: int) -> dict[str, float]:
    """Resolve a log, load it as a history, and send the rows that leave the same; give events a second."""
    rates: dict[str, float] = {}
    left: dict[str, dict[str, int]] = {}
    answers: list[Answer] = []

    def resolve(path: Path) -> None:
        with path.open("rb") as stream:
            answers.extend(resolve_log(kinfold, stream, ROWS_AT_ONCE))

    def load(path: Path, workers: int) -> None:
        loaded = kinfold.histories.load(path, workers=workers, work=folder)
        assert loaded.loaded == events

    sides: list[tuple[str, Callable[[Path], None]]] = [
        (RESOLVE, resolve),
        (ONE, lambda path: load(path, 1)),
        (TWO, lambda path: load(path, 2)),
    ]
    for number in range(len(sides)):
        side, work = sides[(number + turn) % len(sides)]
        prefix = f"h{turn}{number}-"
        path = folder / f"{prefix}.ndjson"
        log = list(islice(Crowd(turn, prefix=prefix), events))
        path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in log))
        began = time.perf_counter()
        work(path)
        rates[side] = events / (time.perf_counter() - began)
        left[side] = raw.census(kinfold.database, prefix)
        if side == RESOLVE:
            shadow = raw.Shadow(prefix, f"r{turn}-")
            rows = [shadow.rows(event, answer) for event, answer in zip(log, answers, strict=True)]
            began = time.perf_counter()
            for chunk in raw.chunks(rows, ROWS_AT_ONCE):
                raw.write(kinfold.database, [row for of_event in chunk for row in of_event])
            rates[PLAIN_SIDE] = events / (time.perf_counter() - began)
            left[PLAIN_SIDE] = raw.census(kinfold.database, f"r{turn}-")
        path.unlink()
    assert all(one == left[RESOLVE] for one in left.values()), left
    return rates


CUSTOMERS, PLAIN_SIDE = "kinfold load", "plain UNWIND"
RESOLVE, ONE, TWO = "kinfold resolve", "load --history, one process", "load --history, two processes"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__.splitlines()[0])
    parser.add_argument("--history", action="store_true", help="a log of events instead of customers")
    parser.add_argument("--rows", type=int, help="a side in each round (default 20000, of a history 50000)")
    parser.add_argument("--rounds", type=int, default=3, help="after one to warm up (default 3)")
    arguments = parser.parse_args()
    rows = arguments.rows or (50_000 if arguments.history else 20_000)
    measure = load_history if arguments.history else load_customers
    began = where()
    rounds: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="kinfold-bench-") as folder, throw_away() as kinfold:
        rarely_collect()
        measure(kinfold, Path(folder), min(rows, 10_000), 0)
        for turn in range(1, arguments.rounds + 1):
            rounds.append(measure(kinfold, Path(folder), rows, turn))
    noun = "events" if arguments.history else "rows"
    sides = sorted(rounds[0], key=lambda side: side == PLAIN_SIDE)
    table = Table(title=f"{rows:,} {noun} a side; {noun} a second, and the share of the plain UNWIND")
    for column in ("round", *sides):
        table.add_column(column, justify="right")
    for number, rates in enumerate(rounds, start=1):
        shares = [f"{rates[side]:,.0f}  {rates[side] / rates[PLAIN_SIDE]:.2f}" for side in sides]
        table.add_row(str(number), *shares)
    Console(width=130).print(table)
    OUT.mkdir(parents=True, exist_ok=True)
    name = "load-history" if arguments.history else "load"
    document = {"benchmark": name, **began, "rows": rows, "rounds": rounds}
    (OUT / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
