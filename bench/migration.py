"""A graph of before keys were data, migrated: a process killed in the middle, and another that goes on where it was.

Run with ``python -m bench.migration [--keys 1000000]``. Half of the keys are trackers, the others addresses; each
belongs to a contact.
"""

import argparse
import os
import signal
import subprocess
import sys
import time

from bench.harness import Figure, save, show, throw_away, timed
from graph.embedded import status
from graph.kinfold import Kinfold
from graph.store.database import REPEATABLE, Database, Row
from graph.store.migrations import migrate

KEYS_BECOME_DATA = 12
"""The migration that is measured."""
BATCH = 50_000
OTHER_PROCESS = """\
from graph.opening import open_database
from graph.settings import Settings
from graph.store.migrations import migrate
with open_database(Settings()) as database:
    migrate(database)
"""
LOAD = """\
UNWIND range($first, $first + $many - 1) AS number
CREATE (c:Contact {id: 'c' + number})-[:OWNS]->(t:Tracker {value: 't' + number}),
  (c)-[:OWNS]->(e:Email {value: 'n' + number + '@example.com'})
"""
DONE = "MATCH (k:Key) RETURN count(k) AS done"


def run(database: Database, text: str, **parameters: int) -> list[Row]:
    return database.write(lambda tx: tx.run_text(text, **parameters), committed=REPEATABLE)


def keys_done(database: Database) -> int:
    done: int = database.read(lambda tx: tx.run_text(DONE))[0]["done"]
    return done


def measure(kinfold: Kinfold, keys: int) -> list[Figure]:
    database = kinfold.database
    for first in range(0, keys // 2, BATCH):
        run(database, LOAD, first=first, many=min(BATCH, keys // 2 - first))
    run(database, f"MATCH (m:Migration {{version: {KEYS_BECOME_DATA}}}) DELETE m")
    running = status(kinfold.settings)
    assert running is not None
    environment = os.environ | {"NEO4J_URI": running.uri, "NEO4J_PASSWORD": running.password}
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", OTHER_PROCESS], env=environment) as other:
        while keys_done(database) < keys // 3:
            assert other.poll() is None, "it was done, or failed, before it could be killed"
            time.sleep(0.05)
        other.send_signal(signal.SIGKILL)
    before = time.perf_counter() - began
    there = keys_done(database)
    assert keys // 3 <= there < keys
    applied, after = timed(lambda: migrate(database))
    assert len(applied) == 1
    assert keys_done(database) == keys
    return [
        Figure(f"{there:,} keys, until the process was killed", "s", before),
        Figure(f"{keys - there:,} keys, by the one that went on", "s", after),
        Figure(f"{keys:,} keys in all", "s", before + after),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.migration", description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=1_000_000, help="keys of before (default 1,000,000)")
    arguments = parser.parse_args()
    with throw_away() as kinfold:
        figures = measure(kinfold, arguments.keys)
    show(figures, "a graph of before keys were data")
    save("migration", figures, keys=arguments.keys)


if __name__ == "__main__":
    main()
