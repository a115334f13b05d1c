"""One event on graphs of 10,000, 100,000 and 1,000,000 contacts, and what the largest costs in disk and start time.

Run with ``python -m bench.growth``. The graphs stand side by side, each in a database of its own, and take turns.
"""

import argparse
import time
from contextlib import ExitStack
from itertools import islice
from typing import Any

from bench import raw
from bench.harness import Figure, median, save, show, throw_away, timed
from graph.clock import to_pair
from graph.embedded import lease, stop
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.store.database import Database

SIZES = (10_000, 100_000, 1_000_000)
ROWS = 2000


def fill(database: Database, contacts: int) -> None:
    """Put so many visitors into the graph, each with a browser and one visit, every fifth with an address."""
    at = to_pair(1_767_225_600_000_000)
    rows = (_visitor(number, at) for number in range(contacts))
    while chunk := list(islice(rows, ROWS)):
        raw.write(database, [row for of_one in chunk for row in of_one])


def _visitor(number: int, at: list[int]) -> list[tuple[str, raw.Row]]:
    tracker, message = f"g-t{number}", f"g-m{number}"
    edge = {"position": 0, "message_id": message}
    contact = {
        "id": f"g-c{number}",
        "kind": "anonymous",
        "split": False,
        "emails": 0,
        "user_ids": 0,
        "trackers": 1,
        "subscriptions": 0,
        "tracker_id": tracker,
        "timeline_id": f"g-p{number}",
    }
    activity = {
        "message_id": message,
        "event": "page_view",
        "rule": "5",
        "outcome": "created",
        "tracker_id": tracker,
        "property_names": ["url"],
        "property_values": ['"/"'],
        "trace": ["rule: row 5 fits: tracker; tracker unknown (policy strict)"],
    }
    made: list[tuple[str, raw.Row]] = [
        (
            "created",
            {
                "tracker": tracker,
                "timeline": f"g-p{number}",
                "contact": contact,
                "edge": edge,
                "activity": activity,
                "at": at,
                "occurred": at,
            },
        )
    ]
    if number % 5 == 0:
        made.append(("emails", {"tracker": tracker, "value": f"g-{number}@example.com", "edge": edge, "at": at}))
    return made


def one_event(kinfold: Kinfold, number: int, contacts: int) -> float:
    """Resolve one event, four in five of a visitor who is somewhere in the graph."""
    # A prime step walks all over the graph, so that no page of it is better known than another.
    visitor = number * 7_919 % contacts if number % 5 else contacts + number
    event: dict[str, Any] = {"tracker_id": f"g-t{visitor}", "event": "page_view", "message_id": f"again {number}"}
    began = time.perf_counter()
    kinfold.resolver.resolve([read_event(event)])
    return time.perf_counter() - began


def measure(sizes: tuple[int, ...], events: int) -> list[Figure]:
    times: dict[int, list[float]] = {size: [] for size in sizes}
    figures: list[Figure] = []
    with ExitStack() as stack:
        opened = {size: stack.enter_context(throw_away()) for size in sizes}
        for size, kinfold in opened.items():
            fill(kinfold.database, size)
        warm = 500
        for number in range(warm + events):
            for size, kinfold in opened.items():
                took = one_event(kinfold, number, size)
                if number >= warm:
                    times[size].append(took * 1000)
        smallest = median(times[sizes[0]])
        for size in sizes[1:]:
            figures.append(
                Figure(f"one event at {size:,} contacts, p50", "ms", median(times[size]), smallest,
                       f"itself at {sizes[0]:,}", 1.3, True)
            )  # fmt: skip
        figures += disk_and_start(opened[sizes[-1]], sizes[-1])
    return figures


def disk_and_start(kinfold: Kinfold, contacts: int) -> list[Figure]:
    """Stop the database, weigh what it left, and time its start until it answers."""
    settings = kinfold.settings
    kinfold.database.close()
    stop(settings)
    assert settings.home is not None
    disk = sum(file.stat().st_size for file in settings.home.rglob("*") if file.is_file()) / 2**20
    with ExitStack() as stack:
        _, took = timed(lambda: stack.enter_context(lease(settings)))
    return [
        Figure(f"{contacts:,} contacts: disk, transaction log included", "MiB", disk),
        Figure(f"{contacts:,} contacts: start until it answers", "s", took),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    parser.add_argument("--events", type=int, default=1000)
    arguments = parser.parse_args()
    sizes = (*(size for size in SIZES if size < arguments.largest), arguments.largest)
    figures = measure(sizes, arguments.events)
    show(figures, "growth")
    save("growth", figures)


if __name__ == "__main__":
    main()
