"""How much memory ``kinfold resolve`` takes on a log of 100,000 and on one of 1,000,000 events.

Run with ``python -m bench.memory``. The database is started beforehand, so that only the command is weighed.

With ``--server``: how much a server holds after 50,000 and after 200,000 events, and a process that delivers changes
after 1,000 and after 5,000 deliveries that failed.
"""

import argparse
import gc
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from unittest.mock import patch

import httpx
import orjson
import psutil

from bench.harness import Figure, save, show, throw_away
from bench.traffic import Crowd
from graph.feed.delivery import Deliveries
from graph.identity.events import read_event
from graph.kinfold import Kinfold

SIZES = (100_000, 1_000_000)
SERVED = 200_000
"""Events that a server takes in the end; it is weighed after a quarter of them too."""
BATCH = 1_000
TOLD = 10_000
"""Events after which it is weighed and told in between."""
FAILURES = 5_000
"""Deliveries that fail in the end; the process is weighed after a fifth of them too."""


def weigh(kinfold: Kinfold, log: Path) -> tuple[float, float]:
    """Return the peak of resident memory in MiB, and the seconds, of resolving a log."""
    command = [sys.executable, "-c", "from api.command.program import main; main()", "resolve", str(log)]
    environment = {**os.environ, "KINFOLD_HOME": str(kinfold.settings.home)}
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    return usage.ru_maxrss / 1024, time.perf_counter() - began


def measure(sizes: tuple[int, ...]) -> list[Figure]:
    peaks: dict[int, float] = {}
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, throw_away() as kinfold:
        for size in sizes:
            log = Path(folder) / f"{size}.ndjson"
            with log.open("wb") as out:
                for event in islice(Crowd(7, prefix=f"{size}-"), size):
                    out.write(orjson.dumps(event) + b"\n")
            peaks[size], took = weigh(kinfold, log)
            figures.append(Figure(f"kinfold resolve, {size:,} events", "events/s", size / took))
    smallest, largest = sizes[0], sizes[-1]
    return [
        Figure(f"memory of kinfold resolve, {largest:,} events", "MiB", peaks[largest], peaks[smallest],
               f"itself at {smallest:,}", 1.2, True),
        *figures,
    ]  # fmt: skip


@contextmanager
def serving(kinfold: Kinfold) -> Iterator[tuple[str, psutil.Process]]:
    """Run ``kinfold serve`` on this Kinfold's home; return its address and its process."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-c", "from api.command.program import main; main()", "serve", "--port", str(port)]
    environment = {**os.environ, "KINFOLD_HOME": str(kinfold.settings.home)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while True:
                try:
                    httpx.get(f"http://127.0.0.1:{port}/ready").raise_for_status()
                    break
                except httpx.HTTPError:
                    assert process.poll() is None, "the server did not come up"
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
        finally:
            process.terminate()


def resident(process: psutil.Process) -> float:
    """Return the resident memory of a process in MiB."""
    return float(process.memory_info().rss) / 2**20


def weigh_server(kinfold: Kinfold, counts: tuple[int, int]) -> dict[int, float]:
    """Return what a server holds after so many events."""
    held: dict[int, float] = {}
    crowd = iter(Crowd(7, prefix="served-"))
    with serving(kinfold) as (address, process), httpx.Client(base_url=address, timeout=120) as client:
        for sent in range(BATCH, counts[-1] + 1, BATCH):
            body = orjson.dumps({"events": list(islice(crowd, BATCH))})
            client.post("/v1/resolve/batch", content=body).raise_for_status()
            if sent in counts or not sent % TOLD:
                held[sent] = resident(process)
                print(f"{sent:,} events: {held[sent]:.0f} MiB", file=sys.stderr, flush=True)
    return held


def weigh_deliveries(kinfold: Kinfold, counts: tuple[int, int]) -> dict[int, float]:
    """Return what this process holds after so many deliveries that failed, on a clock that runs ahead."""
    held: dict[int, float] = {}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    internal = Kinfold.on(kinfold.database, kinfold.settings.model_copy(update={"webhooks_allow_internal": True}))
    internal.webhooks.define("away", f"http://127.0.0.1:{closed}/", "a secret", ["created"])
    internal.resolver.resolve([read_event({"tracker_id": f"told-{number}"}) for number in range(100)])
    now = [datetime.now(UTC)]
    failed = 0
    sending = Deliveries(internal.database, internal.feed, internal.webhooks, allow_internal=True, now=lambda: now[0])
    with sending, patch("graph.feed.delivery.GIVE_UP", timedelta(days=10_000)):
        while failed < counts[-1]:
            failed += sending.round().failed
            now[0] += timedelta(hours=2)
            if failed in counts:
                gc.collect()
                held[failed] = resident(psutil.Process())
                print(f"{failed:,} deliveries failed: {held[failed]:.0f} MiB", file=sys.stderr, flush=True)
        sending.release()
    internal.webhooks.remove("away")
    return held


def measure_server(events: tuple[int, int], deliveries: tuple[int, int]) -> list[Figure]:
    with throw_away() as kinfold:
        served = weigh_server(kinfold, events)
        failures = weigh_deliveries(kinfold, deliveries)
    return [
        Figure(f"memory of {what}, {counts[1]:,} {unit}", "MiB", held[counts[1]], held[counts[0]],
               f"itself at {counts[0]:,}", 1.2, True)
        for what, unit, counts, held in (
            ("kinfold serve", "events", events, served),
            ("deliveries", "that failed", deliveries, failures),
        )
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, help="events of the longer log, or that the server takes in the end")
    parser.add_argument("--failures", type=int, default=FAILURES, help="deliveries that fail in the end")
    parser.add_argument("--server", action="store_true", help="weigh a server and failing deliveries instead")
    arguments = parser.parse_args()
    name = "memory-server" if arguments.server else "memory"
    if arguments.server:
        events = arguments.largest or SERVED
        figures = measure_server((events // 4, events), (arguments.failures // 5, arguments.failures))
    else:
        figures = measure((SIZES[0], arguments.largest or SIZES[-1]))
    show(figures, name)
    save(name, figures)


if __name__ == "__main__":
    main()
