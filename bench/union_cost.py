"""What a union and its undoing cost, with 10 activities and with 100,000 behind the contact that is folded.

Run with ``python -m bench.union_cost [--long 100000] [--rounds 20]``. Contacts with a short and with a long history
take turns in one run.
"""

import argparse
import time

from bench.harness import Figure, median, save, show, throw_away
from graph.identity.events import Event
from graph.kinfold import Kinfold

SHORT = 10


def history(kinfold: Kinfold, tracker: str, length: int) -> str:
    """Give a new anonymous contact that many activities on one tracker, and return its id."""
    contact = ""
    for start in range(0, length, 1000):
        events = [Event(tracker_id=tracker, event="page_view") for _ in range(min(1000, length - start))]
        reference = kinfold.resolver.resolve(events)[-1].contact
        assert reference
        assert reference.id
        contact = reference.id
    return contact


def fold_and_unfold(kinfold: Kinfold, source: str, target: str) -> tuple[float, float]:
    """Fold and take back, and return how many seconds each took."""
    began = time.perf_counter()
    merge = kinfold.unions.merge(source, target)
    folded = time.perf_counter()
    kinfold.unions.undo(merge["id"])
    return folded - began, time.perf_counter() - folded


def measure(kinfold: Kinfold, long: int, rounds: int) -> list[Figure]:
    target = history(kinfold, "survivor", 1)
    sources = {length: history(kinfold, f"history-{length}", length) for length in (SHORT, long)}
    for source in sources.values():  # plans and caches are warm before anything counts
        for _ in range(5):
            fold_and_unfold(kinfold, source, target)
    seconds: dict[int, list[tuple[float, float]]] = {length: [] for length in sources}
    for _ in range(rounds):
        for length, source in sources.items():
            seconds[length].append(fold_and_unfold(kinfold, source, target))
    figures = []
    for name, side in (("a union", 0), ("its undoing", 1)):
        ours, reference = (1000 * median([pair[side] for pair in seconds[length]]) for length in (long, SHORT))
        figures.append(Figure(f"{name}, {long:,} activities, p50", "ms", ours, reference, f"itself with {SHORT}"))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.union_cost", description=__doc__.splitlines()[0])
    parser.add_argument("--long", type=int, default=100_000, help="activities of the long history (default 100,000)")
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    with throw_away() as kinfold:
        figures = measure(kinfold, arguments.long, arguments.rounds)
    show(figures, "unions")
    save("union_cost", figures, rounds=arguments.rounds)


if __name__ == "__main__":
    main()
