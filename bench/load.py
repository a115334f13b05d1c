"""A bulk load, beside a plain UNWIND that leaves the same nodes, edges and properties.

Run with ``python -m bench.load [--rows 20000]``. The rows are new customers with a user id, an email, a tracker, a
subscription and two properties, as CSV; they are loaded into a throw-away embedded database (without NEO4J_URI; an own
database is refused, since it would be filled). The plain side reads the same CSV and sends batches of the same size;
it checks, looks up, locks and decides nothing. Both take turns, and what they leave is counted and compared.
"""

import argparse
import csv
import json
import os
import platform
import tempfile
import time
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.single_event import server_version
from graph.clock import Clock, to_pair
from graph.database import Database
from graph.embedded import stop
from graph.kinfold import open_kinfold
from graph.offline.load import ROWS_AT_ONCE
from graph.settings import Settings

OUT = Path(__file__).parent / "out" / "load.json"
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
CALL () { MATCH (n) WHERE NOT n:Load RETURN labels(n)[0] AS what, count(*) AS times
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
            database.write(lambda tx, rows=rows: tx.run_text(PLAIN, rows=rows))


def census(database: Database) -> dict[str, int]:
    return {row["what"]: row["times"] for row in database.read(lambda tx: tx.run_text(CENSUS))}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000, help="a side in each round (default 20000)")
    parser.add_argument("--rounds", type=int, default=3, help="after one to warm up (default 3)")
    arguments = parser.parse_args()
    settings = Settings()
    if settings.neo4j_uri:
        parser.error("NEO4J_URI is set: this fills a database with invented people, so it takes a throw-away one")
    rounds: list[dict[str, Any]] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kinfold-bench-")))
        settings = settings.model_copy(update={"home": folder / "home"})
        stack.callback(stop, settings)
        kinfold = stack.enter_context(open_kinfold(settings))
        clock = Clock()
        for turn in range(arguments.rounds + 1):
            rows = min(arguments.rows, 5_000) if turn == 0 else arguments.rows
            took: dict[str, float] = {}
            left: dict[str, dict[str, int]] = {}
            for side in ("load", "plain") if turn % 2 else ("plain", "load"):
                path = folder / f"{side}-{turn}.csv"
                write(path, f"{side[0]}{turn}-", rows)
                before = census(kinfold.database)
                began = time.perf_counter()
                if side == "load":
                    kinfold.loads.load(path)
                else:
                    plain(kinfold.database, path, clock)
                took[side] = time.perf_counter() - began
                after = census(kinfold.database)
                left[side] = {what: times - before.get(what, 0) for what, times in after.items()}
            assert left["load"] == left["plain"], left
            if turn:
                rounds.append({side: round(rows / seconds) for side, seconds in took.items()})
        release = server_version(kinfold.database)
    where = {
        "rows": arguments.rows,
        "neo4j": release,
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    table = Table(title=f"{arguments.rows:,} rows a round; Neo4j {release}, {where['cpus']} CPUs")
    for column in ("round", "kinfold load, rows/s", "plain UNWIND, rows/s", "share"):
        table.add_column(column, justify="right")
    for number, row in enumerate(rounds, start=1):
        table.add_row(str(number), f"{row['load']:,}", f"{row['plain']:,}", f"{row['load'] / row['plain']:.0%}")
    Console(width=100).print(table)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"benchmark": "load", **where, "rounds": rounds}, indent=1) + "\n")


if __name__ == "__main__":
    main()
