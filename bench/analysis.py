"""The analysis of a large graph, beside what it cannot do without.

Run with ``python -m bench.analysis [--contacts 20000]``. So many contacts with three keys each are loaded into a
throw-away embedded database by plain UNWIND (without NEO4J_URI; an own database is refused, since it would be
filled). Measured are the time to read them out, beside a plain paged read of the same ownerships with ids and
values alone, and the time and memory of the analysis, beside scipy's connected components on the same edge list.
"""

import argparse
import json
import os
import platform
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from bench.single_event import server_version
from graph.analysis.components import components, tie
from graph.analysis.reading import read_graph, read_splits
from graph.analysis.run import analyse_reading
from graph.database import Database
from graph.embedded import stop
from graph.kinfold import Kinfold, open_kinfold
from graph.settings import Settings

OUT = Path(__file__).parent / "out" / "analysis.json"
PAGE = 5_000

LOAD = """\
UNWIND range($start, $end - 1) AS number
WITH number, right('000000000' + toString(number), 9) AS name, datetime({epochSeconds: 1700000000 + number}) AS at
CREATE (c:Contact {id: 'c' + name, kind: 'known', created_at: at, last_seen_at: at, trackers: 1, emails: 1,
  subscriptions: 1, user_ids: 0, split: false})
CREATE (c)-[:OWNS {since: at, position: 0}]->(:Tracker {value: 'tracker-' + name})
CREATE (c)-[:OWNS {since: at, position: 1}]->(:Email {value: 'person-' + name + '@example.com'})
"""
LOAD_SHARED = """\
UNWIND range($start, $end - 1) AS number
MATCH (c:Contact {id: 'c' + right('000000000' + toString(number), 9)}) USING INDEX SEEK c:Contact(id)
MERGE (s:Subscription {value: 'push-' + right('000000000' + toString($of[number - $start]), 9)})
CREATE (c)-[:OWNS {since: c.created_at, position: 2}]->(s)
"""
PLAIN_READ = """\
MATCH (c:Contact) USING INDEX SEEK c:Contact(id)
WHERE c.id > $after
WITH c ORDER BY c.id LIMIT $limit
MATCH (c)-[o:OWNS]->(k)
RETURN c.id, k.value
ORDER BY c.id
"""


def load(database: Database, contacts: int, seed: int) -> None:
    """Give every contact a tracker, an email and a subscription; a tenth of the subscriptions is shared."""
    random = np.random.default_rng(seed)
    own = np.arange(contacts)
    # Households of up to four, and one contact in a hundred thousand on a bogus subscription.
    shared = random.random(contacts) < 0.1
    own[shared] = own[shared] // 4 * 4
    own[random.random(contacts) < 1e-5] = 0
    for start in range(0, contacts, PAGE):
        end = min(start + PAGE, contacts)
        database.write(lambda tx, s=start, e=end: tx.run_text(LOAD, start=s, end=e))
        of = own[start:end].tolist()
        database.write(lambda tx, s=start, e=end, of=of: tx.run_text(LOAD_SHARED, start=s, end=e, of=of))


def plain_read(database: Database) -> int:
    """Read ids and values in pages and let them go."""
    after, read = "", 0
    while True:
        rows = database.read(lambda tx, after=after: tx._bolt.run(PLAIN_READ, after=after, limit=PAGE).values())
        if not rows:
            return read
        read += len(rows)
        after = rows[-1][0]


@contextmanager
def watched(row: dict[str, Any]) -> Iterator[None]:
    """Note the seconds, and the highest memory above what was held before, in MiB."""
    process, over = psutil.Process(), threading.Event()
    before = process.memory_info().rss
    peak = before

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.05):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    began = time.perf_counter()
    try:
        yield
    finally:
        row["seconds"] = round(time.perf_counter() - began, 2)
        over.set()
        watcher.join()
        row["peak_mib"] = round((max(peak, process.memory_info().rss) - before) / 2**20, 1)


def measure(kinfold: Kinfold) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    database = kinfold.database

    def step(name: str, work: Callable[[], Any]) -> Any:
        row: dict[str, Any] = {"step": name}
        rows.append(row)
        with watched(row):
            return work()

    # Once before: neither side pays for cold caches.
    plain_read(database)
    step("plain paged read", lambda: plain_read(database))
    reading = step("read_graph", lambda: read_graph(database))
    splits = step("read_splits", lambda: read_splits(database, sorted(reading.people.shared)))
    people = reading.people
    contacts = len(people.contacts)
    nodes = contacts + len(people.keys)
    label = step("scipy components", lambda: components(nodes, people.owner, people.key + contacts))
    ties = step("own components", lambda: tie(reading, splits))
    analysis = step("whole analysis", lambda: analyse_reading(reading, splits))
    assert same_partition(label[:contacts], ties.label[:contacts])
    rows.append({"step": "found", **analysis.totals})
    return rows


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two labellings put the same contacts together."""
    pairs = len(np.unique(one.astype(np.int64) << 32 | other.astype(np.int64)))
    return pairs == len(np.unique(one)) == len(np.unique(other))


def show(rows: list[dict[str, Any]], where: dict[str, Any]) -> None:
    table = Table(title=f"{where['contacts']:,} contacts; Neo4j {where['neo4j']}, {where['cpus']} CPUs")
    table.add_column("step")
    table.add_column("seconds", justify="right")
    table.add_column("memory above before, MiB", justify="right")
    for row in rows[:-1]:
        table.add_row(row["step"], f"{row['seconds']:.2f}", f"{row['peak_mib']:.0f}")
    console = Console(width=110)
    console.print(table)
    console.print({name: value for name, value in rows[-1].items() if name != "step"})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.analysis", description=__doc__.splitlines()[0])
    parser.add_argument("--contacts", type=int, default=20_000, help="each with three keys (default 20000)")
    parser.add_argument("--seed", type=int, default=7, help="for who shares what (default 7)")
    arguments = parser.parse_args()
    settings = Settings()
    if settings.neo4j_uri:
        parser.error("NEO4J_URI is set: this fills a database with invented people, so it takes a throw-away one")
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kinfold-bench-"))) / "home"
        settings = settings.model_copy(update={"home": home})
        # Before its folder goes, the database must be down, not only without a lease.
        stack.callback(stop, settings)
        kinfold = stack.enter_context(open_kinfold(settings))
        began = time.perf_counter()
        load(kinfold.database, arguments.contacts, arguments.seed)
        loaded = round(time.perf_counter() - began, 1)
        rows = measure(kinfold)
        where = {
            "contacts": arguments.contacts,
            "load_seconds": loaded,
            "neo4j": server_version(kinfold.database),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "cpus": os.cpu_count(),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    show(rows, where)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"benchmark": "analysis", **where, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
