"""What a union and its undoing cost, with 10 activities and with 100,000 behind the contact that is folded.

Run with ``python -m bench.union_cost [--long 100000] [--rounds 20]``. Contacts with a short and with a long history
take turns in one run. Without NEO4J_URI a throw-away embedded database is started.
"""

import argparse
import json
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from graph.embedded import stop
from graph.events import Event
from graph.kinfold import Kinfold, open_kinfold
from graph.settings import Settings

OUT = Path(__file__).parent / "out" / "union_cost.json"
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with ExitStack() as stack:
        settings = Settings()
        if not settings.neo4j_uri:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "home"
            settings = settings.model_copy(update={"home": home})
            stack.callback(stop, settings)
        kinfold = stack.enter_context(open_kinfold(settings))
        target = history(kinfold, "survivor", 1)
        sources = {length: history(kinfold, f"history-{length}", length) for length in (SHORT, options.long)}
        for source in sources.values():  # plans and caches are warm before anything counts
            for _ in range(5):
                fold_and_unfold(kinfold, source, target)
        seconds: dict[int, list[tuple[float, float]]] = {length: [] for length in sources}
        for _ in range(options.rounds):
            for length, source in sources.items():
                seconds[length].append(fold_and_unfold(kinfold, source, target))
    medians = {
        length: [statistics.median(values) * 1000 for values in zip(*rounds, strict=True)]
        for length, rounds in seconds.items()
    }
    table = Table("activities", "union p50 ms", "undo p50 ms")
    for length, (union, undo) in medians.items():
        table.add_row(f"{length:,}", f"{union:.1f}", f"{undo:.1f}")
    ratios = [long / short for long, short in zip(medians[options.long], medians[SHORT], strict=True)]
    table.add_row("ratio", *(f"{ratio:.2f}" for ratio in ratios))
    Console().print(table)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"rounds": options.rounds, "p50_ms": medians, "ratio": ratios}, indent=1) + "\n")


if __name__ == "__main__":
    main()
