"""Whose processor an event takes, by the size of batches and the number of processes that send them.

Run with ``python -m bench.processes``. Each process resolves a crowd of its own, batch after batch. Told apart is the
processor time of the database, which is one leader's, and that of the processes, of which there may be any number on
any machines. Processor time depends less on what else the machine does than events a second do.
"""

import argparse
import multiprocessing
import time
from dataclasses import dataclass
from itertools import islice
from typing import Any

import psutil

from bench.harness import Figure, save, show, throw_away
from bench.traffic import Crowd
from graph import embedded
from graph.identity.events import read_event
from graph.identity.resolver import Resolver
from graph.kinfold import Kinfold
from graph.opening import rarely_collect
from graph.settings import Settings
from graph.store.database import Database

PATTERN = ((1, 32), (2, 32), (1, 256), (2, 256), (1, 1000))
"""How many processes, and how many events they put into a batch."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a round came to."""

    events: int
    seconds: float
    database: float
    """Processor seconds of the database's process."""
    processes: float
    """Processor seconds of those that send, together."""


def resolve(server: tuple[str, str, str], name: str, batches: int, size: int, together: Any) -> float:
    """Resolve so many batches once everybody is ready; return the processor seconds that it took."""
    uri, user, password = server
    with Database.connect(uri, user, password, Settings(neo4j_uri=uri)) as database:
        resolver = Resolver(database)
        crowd = (read_event(event) for event in Crowd(7, prefix=name))
        work = [list(islice(crowd, size)) for _ in range(batches)]
        resolver.resolve(list(islice(crowd, size)))
        rarely_collect()
        together.wait()
        began = time.process_time()
        for batch in work:
            resolver.resolve(batch)
        spent = time.process_time() - began
        together.wait()
        return spent


def measure(kinfold: Kinfold, processes: int, size: int, events: int, turn: int) -> Spent:
    running = embedded.status(kinfold.settings)
    assert running is not None
    java = psutil.Process(running.pid)
    batches = events // processes // size
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager, spawn.Pool(processes) as pool:
        together = manager.Barrier(processes + 1)
        server = (running.uri, running.user, running.password)
        works = [(server, f"{turn}-{number}-", batches, size, together) for number in range(processes)]
        started = pool.starmap_async(resolve, works)
        together.wait()
        before, began = sum(java.cpu_times()[:2]), time.perf_counter()
        together.wait()
        took, database = time.perf_counter() - began, sum(java.cpu_times()[:2]) - before
        return Spent(batches * size * processes, took, database, sum(started.get()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.processes", description=__doc__)
    parser.add_argument("--events", type=int, default=24_000, help="in each round")
    parser.add_argument("--warm", type=int, default=24_000, help="before the first: the database compiles what it runs")
    options = parser.parse_args()
    figures: list[Figure] = []
    with throw_away() as kinfold:
        measure(kinfold, 1, 256, options.warm, 0)
        for turn, (processes, size) in enumerate(PATTERN, 1):
            spent = measure(kinfold, processes, size, options.events, turn)
            name = f"{processes} process{'es' * (processes > 1)}, batches of {size}"
            for what, seconds in (("database", spent.database), ("processes", spent.processes)):
                figures.append(Figure(f"{name}: {what}", "ms/1,000 events", seconds / spent.events * 1e6))
            figures.append(Figure(f"{name}: together", "events/s", spent.events / spent.seconds))
    show(figures, "Whose processor an event takes")
    save("processes", figures)


if __name__ == "__main__":
    main()
