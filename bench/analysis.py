"""The analysis of a large graph, beside what it cannot do without.

Run with ``python -m bench.analysis [--contacts 20000]``. So many contacts with three keys each are loaded into a
throw-away embedded database. Measured are the time and memory to read them out, beside a plain paged read of the
same ownerships with ids and values alone, and those of finding who is tied to whom, beside scipy's connected
components on the edge list of all ownerships.
"""

import argparse
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from api.terminal import fetching
from bench.harness import Figure, Weight, save, show, throw_away, timed, weighed
from graph.analysis.components import components, tie
from graph.analysis.reading import Progress, read_graph, read_splits
from graph.analysis.run import analyse_reading
from graph.kinfold import Kinfold
from graph.store.database import REPEATABLE, Database

Result = TypeVar("Result")

PAGE = 5_000

LOAD = """\
UNWIND range($start, $end - 1) AS number
WITH number, right('000000000' + toString(number), 9) AS name, datetime({epochSeconds: 1700000000 + number}) AS at
CREATE (c:Contact {id: 'c' + name, kind: 'known', created_at: at, last_seen_at: at, trackers: 1, emails: 1,
  subscriptions: 1, user_ids: 0, split: false})
CREATE (c)-[:OWNS {since: at, position: 0}]->(:Tracker {value: 'tracker-' + name})
CREATE (c)-[:OWNS {since: at, position: 1}]->(:Email {value: 'person-' + name + '@example.com'})
WITH c, at, name, number
WHERE NOT $shares[number - $start]
CREATE (c)-[:OWNS {since: at, position: 2}]->(:Subscription {value: 'push-' + name})
"""
LOAD_SHARED = """\
UNWIND $shares AS share
MATCH (c:Contact {id: 'c' + right('000000000' + toString(share[0]), 9)}) USING INDEX SEEK c:Contact(id)
MATCH (s:Subscription {value: 'push-' + right('000000000' + toString(share[1]), 9)})
  USING INDEX SEEK s:Subscription(value)
CREATE (c)-[:OWNS {since: c.created_at, position: 2}]->(s)
"""
PLAIN_READ = """\
MATCH (c:Contact) USING INDEX SEEK c:Contact(id)
WHERE c.id > $after
WITH c ORDER BY c.id LIMIT $limit
MATCH (c)-[:OWNS]->(k)
RETURN collect([c.id, k.value])
"""


def load(database: Database, contacts: int, seed: int, tell: Progress) -> None:
    """Give every contact a tracker, an email and a subscription; a tenth of the subscriptions is shared."""
    random = np.random.default_rng(seed)
    own = np.arange(contacts)
    # Households of up to four, and one contact in a hundred thousand on a bogus subscription.
    shared = random.random(contacts) < 0.1
    own[shared] = own[shared] // 4 * 4
    own[random.random(contacts) < 1e-5] = 0
    shares = own != np.arange(contacts)
    # Whose subscription others share has it, so that every one of them is there when it is shared.
    shares[own[shares]] = False
    for start in range(0, contacts, PAGE):
        end = min(start + PAGE, contacts)
        page = shares[start:end].tolist()
        database.write(
            lambda tx, s=start, e=end, page=page: tx.run_text(LOAD, start=s, end=e, shares=page), committed=REPEATABLE
        )
        tell("loading", end, contacts)
    pairs = np.column_stack((np.flatnonzero(shares), own[shares])).tolist()
    for start in range(0, len(pairs), PAGE):
        rows = pairs[start : start + PAGE]
        database.write(lambda tx, rows=rows: tx.run_text(LOAD_SHARED, shares=rows), committed=REPEATABLE)
        tell("sharing", start + len(rows), len(pairs))


def plain_read(database: Database) -> int:
    """Read ids and values in pages and let them go; a page is one row of lists, which is the fastest way to get it."""
    after, read = "", 0
    while True:
        page = database.read(lambda tx, after=after: tx._bolt.run(PLAIN_READ, after=after, limit=PAGE).value()[0])
        if not page:
            return read
        read += len(page)
        after = page[-1][0]


def measure(kinfold: Kinfold, tell: Progress) -> tuple[list[Figure], dict[str, Any]]:
    database = kinfold.database

    def step(name: str, work: Callable[[], Result]) -> tuple[Result, Weight]:
        tell(name, 0, 0)
        return weighed(work)

    # Once before: neither side pays for cold caches.
    tell("warming up", 0, 0)
    plain_read(database)
    read_graph(database, tell)
    _, plain = step("plain paged read", lambda: plain_read(database))
    reading, read = step("read_graph", lambda: read_graph(database, tell))
    splits, _ = step("read_splits", lambda: read_splits(database, sorted(reading.people.shared)))
    people = reading.people
    contacts = len(people.contacts)
    nodes = contacts + len(people.keys)
    label, scipys = step("scipy components", lambda: components(nodes, people.owner, people.key + contacts))
    ties, own = step("own components", lambda: tie(reading, splits))
    analysis, whole = step("analysis", lambda: analyse_reading(reading, splits, on_progress=tell))
    if not same_partition(label[:contacts], ties.label[:contacts]):
        raise AssertionError("scipy puts other contacts together")
    size = f"{contacts:,} contacts"
    beside_scipy = "scipy's connected components of the same ownerships"
    figures = [
        Figure(f"{size}: reading into arrays", "s", read.seconds, plain.seconds, "plain paged read", 2.0, True),
        Figure(f"{size}: reading into arrays, memory", "MiB", read.peak_mib),
        Figure(f"{size}: who is tied to whom", "s", own.seconds, scipys.seconds, beside_scipy, 1.0, True),
        Figure(f"{size}: who is tied to whom, memory", "MiB", own.peak_mib, scipys.peak_mib, beside_scipy),
        Figure(f"{size}: kinds and clusters", "s", whole.seconds),
        Figure(f"{size}: kinds and clusters, memory", "MiB", whole.peak_mib),
    ]
    return figures, analysis.totals


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two labellings put the same contacts together."""
    pairs = len(np.unique(one.astype(np.int64) << 32 | other.astype(np.int64)))
    return pairs == len(np.unique(one)) == len(np.unique(other))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.analysis", description=__doc__.splitlines()[0])
    parser.add_argument("--contacts", type=int, default=20_000, help="each with three keys (default 20000)")
    parser.add_argument("--seed", type=int, default=7, help="for who shares what (default 7)")
    arguments = parser.parse_args()
    with throw_away() as kinfold, fetching() as tell:
        _, loading = timed(lambda: load(kinfold.database, arguments.contacts, arguments.seed, tell))
        figures, totals = measure(kinfold, tell)
    show(figures, "analysis")
    save("analysis", figures, contacts=arguments.contacts, load_seconds=round(loading, 1), totals=totals)


if __name__ == "__main__":
    main()
