"""Many events: a log, 64 callers in the library and over HTTP, a hot contact; each beside raw Bolt in the same run.

Run with ``python -m bench.throughput``. Both sides take turns, a round each; figures are medians over the rounds.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from bench import raw
from bench.harness import Figure, at_once, median, resolve_log, save, show, throw_away, timed
from bench.traffic import Crowd
from graph.identity.commit_queue import CommitQueue
from graph.identity.events import Event, read_event
from graph.kinfold import Kinfold
from graph.model import Answer
from graph.opening import rarely_collect

ROWS = 1000
"""Events a transaction of a log, and rows of the plain UNWIND."""
CALLERS = 64
CONNECTIONS = (2, 4, 8, 16, 32)
"""Raw Bolt is run with each; what serves it best is the reference."""


class Both:
    """A crowd that both sides see: Kinfold first, the reference with rows made of its answers."""

    def __init__(self, kinfold: Kinfold, seed: int) -> None:
        self.kinfold = kinfold
        self._crowd = iter(Crowd(seed, prefix="k-"))
        self._shadow = raw.Shadow("k-", "r-")

    def draw(self, count: int) -> list[dict[str, Any]]:
        return list(islice(self._crowd, count))

    def rows(self, events: Sequence[dict[str, Any]], answers: Sequence[Answer]) -> list[list[tuple[str, raw.Row]]]:
        """Make the rows of each event for the reference; none of this is timed."""
        return [self._shadow.rows(event, answer) for event, answer in zip(events, answers, strict=True)]

    def log(self, events: Sequence[dict[str, Any]]) -> list[Answer]:
        """Resolve a log as ``kinfold resolve`` does: lines are read ahead, and answers written."""
        lines = b"".join(orjson.dumps(event) + b"\n" for event in events)
        return resolve_log(self.kinfold, BytesIO(lines), ROWS)

    def unwind(self, rows: Sequence[list[tuple[str, raw.Row]]]) -> None:
        for chunk in raw.chunks(rows, ROWS):
            raw.write(self.kinfold.database, [row for of_event in chunk for row in of_event])

    def one_by_one(self, events: Sequence[dict[str, Any]]) -> list[Answer]:
        return [answer for event in events for answer in self.kinfold.resolver.resolve([read_event(event)])]

    def raw_one_by_one(self, rows: Sequence[list[tuple[str, raw.Row]]]) -> None:
        for of_event in rows:
            raw.write(self.kinfold.database, of_event)

    def check(self) -> dict[str, int]:
        """Hold what both sides left against each other."""
        ours, theirs = raw.census(self.kinfold.database, "k-"), raw.census(self.kinfold.database, "r-")
        assert ours == theirs, f"the reference left another graph: {ours} {theirs}"
        return ours


def log_import(both: Both, rounds: int, size: int) -> list[Figure]:
    """Measure a log beside a plain UNWIND of the same rows, and beside one transaction an event."""
    ours: list[float] = []
    unwind: list[float] = []
    alone: list[float] = []
    raw_alone: list[float] = []
    few = size // 8
    for _ in range(rounds):
        events = both.draw(size)
        answers, took = timed(partial(both.log, events))
        ours.append(size / took)
        unwind.append(size / timed(partial(both.unwind, both.rows(events, answers)))[1])
        events = both.draw(few)
        answers, took = timed(partial(both.one_by_one, events))
        alone.append(few / took)
        raw_alone.append(few / timed(partial(both.raw_one_by_one, both.rows(events, answers)))[1])
    return [
        Figure("log import", "events/s", median(ours), median(unwind), "UNWIND of 1,000 rows", 0.5, False,
               {"ours": ours, "reference": unwind}),
        Figure("log import", "events/s", median(ours), median(alone), "one transaction an event", 10, False,
               {"ours": ours, "reference": alone}),
        Figure("log import", "events/s", median(ours), median(raw_alone), "raw Bolt, one transaction an event", None,
               False, {"ours": ours, "reference": raw_alone}),
    ]  # fmt: skip


def callers(both: Both, rounds: int, size: int) -> tuple[list[Figure], float]:
    """Measure 64 callers in the library beside raw Bolt at its best; also give that best, for HTTP."""
    ours: list[float] = []
    theirs: dict[int, list[float]] = {connections: [] for connections in CONNECTIONS}
    sizes: list[int] = []
    with CommitQueue(both.kinfold.resolver.resolve) as line:
        line.sizes = sizes.append
        for _ in range(rounds):
            events = both.draw(size)
            answers: list[Any] = [None] * size

            def call(number: int, events: Sequence[dict[str, Any]] = events, answers: list[Any] = answers) -> None:
                answers[number] = line.submit(read_event(events[number])).result()

            ours.append(size / at_once(CALLERS, [lambda number=number: call(number) for number in range(size)]))
            rows = both.rows(events, answers)
            part = size // len(CONNECTIONS)
            for turn, connections in enumerate(CONNECTIONS):
                some = rows[turn * part : (turn + 1) * part]
                works = [lambda row=row: raw.write(both.kinfold.database, row) for row in some]
                theirs[connections].append(len(some) / at_once(connections, works))
    best = max(theirs, key=lambda connections: median(theirs[connections]))
    reference = median(theirs[best])
    beside = f"raw Bolt, one transaction an event, {best} connections"
    samples = {"ours": ours, "batch": [sum(sizes) / len(sizes)]} | {f"raw {n}": rates for n, rates in theirs.items()}
    return [Figure("64 callers, library", "events/s", median(ours), reference, beside, 4, False, samples)], reference


def hot_contact(kinfold: Kinfold, rounds: int, size: int, who: int = 16) -> list[Figure]:
    """Measure 16 callers that all send the same tracker beside 16 whose events spread."""
    hot: list[float] = []
    spread: list[float] = []
    with CommitQueue(kinfold.resolver.resolve) as line:
        for turn in range(rounds):
            for rates, trackers in ((hot, ["hot"] * size), (spread, [f"spread {n % 997}" for n in range(size)])):
                events = [
                    Event(tracker_id=tracker, message_id=f"{tracker} {turn} {n}") for n, tracker in enumerate(trackers)
                ]
                works = [lambda event=event: line.submit(event).result() for event in events]
                took = at_once(who, works)
                if turn:  # the first round makes the contacts
                    rates.append(size / took)
    return [
        Figure("a hot contact, 16 callers", "events/s", median(hot), median(spread), "spread-out load", 0.7, False,
               {"ours": hot, "reference": spread})
    ]  # fmt: skip


def over_http(kinfold: Kinfold, rounds: int, size: int, reference: float) -> list[Figure]:
    """Measure ``POST /v1/resolve`` with 64 connections of a compiled load generator (wrk)."""
    if shutil.which("wrk") is None:
        print("wrk is not installed: 64 callers over HTTP are left out (apt install wrk)", file=sys.stderr)
        return []
    rates: list[float] = []
    crowd = iter(Crowd(99, prefix="h-"))
    with tempfile.TemporaryDirectory() as folder, served(kinfold) as url:
        for turn in range(rounds + 1):
            log = Path(folder) / "log.ndjson"
            log.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in islice(crowd, size)))
            script = str(Path(__file__).with_name("crowd.lua"))
            seconds = 5 if turn else 3
            command = ["wrk", "-t1", f"-c{CALLERS}", f"-d{seconds}s", "-s", script, url, "--", str(log)]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
            assert refused is None, said
            done = int(re.search(r"(\d+) requests in", said)[1])  # type: ignore[index]
            assert done < size, "the log was too short for the time"
            if turn:
                rates.append(float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]))  # type: ignore[index]
    return [
        Figure("64 callers, HTTP", "events/s", median(rates), reference, "raw Bolt, as for the library", 1.5, False,
               {"ours": rates})
    ]  # fmt: skip


@contextmanager
def served(kinfold: Kinfold) -> Iterator[str]:
    """Run ``kinfold serve`` beside us on the same database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "KINFOLD_HOME": str(kinfold.settings.home)}
    command = [sys.executable, "-c", "from api.command.program import main; main()", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"{url}/ready", timeout=2).close()
                    break
                except OSError:
                    time.sleep(0.2)
            yield url
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def measure(rounds: int, size: int) -> list[Figure]:
    with throw_away(pool_size=CALLERS + 6) as kinfold:
        rarely_collect()  # as the commands do
        both = Both(kinfold, 7)
        log_import(both, 3, size)  # the server's code is compiled while it runs: nothing is measured cold
        # Later, connections side by side may write a row before the one that it matches.
        both.check()
        callers(both, 1, size)
        figures = log_import(both, rounds, size)
        library, reference = callers(both, rounds, size)
        figures += library
        figures += over_http(kinfold, rounds, 40_000, reference)
        figures += hot_contact(kinfold, rounds + 1, size // 2)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.throughput", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=8000, help="events a round (default 8000)")
    arguments = parser.parse_args()
    figures = measure(arguments.rounds, arguments.size)
    show(figures, "many events")
    save("throughput", figures)


if __name__ == "__main__":
    main()
