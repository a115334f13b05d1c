"""What the benchmarks share: a throw-away database, callers, figures beside their reference, and how they are shown."""

import json
import os
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import psutil
from rich.console import Console
from rich.table import Table

from api.command import logs
from graph.embedded import stop
from graph.identity.events import Event
from graph.kinfold import Kinfold, open_kinfold
from graph.model import Answer
from graph.settings import Settings

Result = TypeVar("Result")

OUT = Path(__file__).parent / "out"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: what was measured, beside what, and what it should come to.

    ``ratio`` is ours through the reference; it should be at least ``target``, or at most where ``at_most`` is set.
    Without a target it is reported only.
    """

    name: str
    unit: str
    ours: float
    reference: float | None = None
    beside: str = ""
    target: float | None = None
    at_most: bool = False
    samples: dict[str, list[float]] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return None if not self.reference else self.ours / self.reference

    @property
    def reached(self) -> bool | None:
        if self.ratio is None or self.target is None:
            return None
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target


@contextmanager
def throw_away(**changes: Any) -> Iterator[Kinfold]:
    """Open an embedded database with the product's default settings, in a folder that goes with it."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kinfold-bench-"))) / "home"
        settings = Settings(neo4j_uri=None).model_copy(update={"home": home, **changes})
        # Before its folder goes, the database must be down, not only without a lease.
        stack.callback(stop, settings)
        yield stack.enter_context(open_kinfold(settings))


def resolve_log(kinfold: Kinfold, stream: BinaryIO, size: int) -> list[Answer]:
    """Resolve a log by the path of ``kinfold resolve``, the writing of its answers included; return them."""
    answers: list[Answer] = []

    def keeping(events: Sequence[Event]) -> list[Answer]:
        answered = kinfold.resolver.resolve(events)
        answers.extend(answered)
        return answered

    for batch in logs.batches(logs.lines(stream), size):
        logs.dump(logs.answer_lines(keeping, batch))
    return answers


def at_once(callers: int, works: Sequence[Callable[[], object]]) -> float:
    """Share works among so many threads; return the seconds it took."""
    left = iter(works)
    lock = threading.Lock()
    failed: list[BaseException] = []

    def run() -> None:
        while not failed:
            with lock:
                work = next(left, None)
            if work is None:
                return
            try:
                work()
            except BaseException as error:
                failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(callers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if failed:
        raise failed[0]
    return took


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """Return what work returns, and the seconds that it took."""
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class Weight:
    """What some work took: seconds, and the highest resident memory above what was held before, in MiB."""

    seconds: float
    peak_mib: float


def weighed(work: Callable[[], Result]) -> tuple[Result, Weight]:
    """Return what work returns, and what it took in time and memory."""
    process, over = psutil.Process(), threading.Event()
    before = process.memory_info().rss
    peak = before

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.05):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        result, seconds = timed(work)
    finally:
        over.set()
        watcher.join()
    return result, Weight(seconds, (max(peak, process.memory_info().rss) - before) / 2**20)


def median(samples: Sequence[float]) -> float:
    return statistics.median(samples)


def where() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def show(figures: Sequence[Figure], title: str) -> None:
    table = Table(title=title)
    for heading in ("figure", "Kinfold", "reference", "beside", "ratio", "to reach", ""):
        table.add_column(
            heading, justify="right" if heading in ("Kinfold", "reference", "ratio", "to reach") else "left"
        )
    for one in figures:
        sign = "≤" if one.at_most else "≥"
        table.add_row(
            one.name,
            f"{_number(one.ours)} {one.unit}",
            "" if one.reference is None else f"{_number(one.reference)} {one.unit}",
            one.beside,
            "" if one.ratio is None else f"{one.ratio:.2f}",
            "" if one.target is None else f"{sign} {one.target:g}",
            {True: "reached", False: "missed", None: ""}[one.reached],
        )
    Console(width=150).print(table)


def save(name: str, figures: Sequence[Figure], **more: Any) -> None:
    """Write figures as JSON, and as a picture of the ratios."""
    OUT.mkdir(parents=True, exist_ok=True)
    rows = [asdict(one) | {"ratio": one.ratio, "reached": one.reached} for one in figures]
    (OUT / f"{name}.json").write_text(
        json.dumps({"benchmark": name, **where(), **more, "figures": rows}, indent=1) + "\n"
    )
    _draw(name, [one for one in figures if one.target is not None and one.ratio is not None])


def _draw(name: str, figures: Sequence[Figure]) -> None:
    if not figures:
        return
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    labels = [f"{one.name}\nbeside {one.beside}" for one in figures]
    # Read in one direction: right of the line is better than what was to be reached.
    shares = [
        (one.target / one.ratio if one.at_most else one.ratio / one.target) if one.target and one.ratio else 0.0
        for one in figures
    ]
    chart, axes = pyplot.subplots(figsize=(10, 0.62 * len(figures) + 1.4), layout="constrained")
    colours = ["#2a7f62" if share >= 1 else "#c2553d" for share in shares]
    bars = axes.barh(labels, shares, color=colours)
    for bar, one in zip(bars, figures, strict=True):
        sign = "≤" if one.at_most else "≥"
        axes.annotate(
            f" {one.ratio:.2f} (to reach {sign} {one.target:g})",
            (bar.get_width(), bar.get_y() + bar.get_height() / 2),
            va="center",
            fontsize=8,
        )
    axes.axvline(1, color="#444", linewidth=1)
    axes.invert_yaxis()
    axes.set_xlim(0, max([*shares, 1]) * 1.35)
    axes.set_xlabel("share of the target that was reached (1 is the target)")
    axes.tick_params(axis="y", labelsize=8)
    chart.savefig(OUT / f"{name}.png", dpi=130)
    pyplot.close(chart)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
