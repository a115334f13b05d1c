"""How much memory ``kinfold resolve`` takes on a log of 100,000 and on one of 1,000,000 events.

Run with ``python -m bench.memory``. The database is started beforehand, so that only the command is weighed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import orjson

from bench.harness import Figure, save, show, throw_away
from bench.traffic import Crowd
from graph.kinfold import Kinfold

SIZES = (100_000, 1_000_000)


def weigh(kinfold: Kinfold, log: Path) -> tuple[float, float]:
    """Give the peak of resident memory in MiB, and the seconds, of resolving a log."""
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    arguments = parser.parse_args()
    figures = measure((SIZES[0], arguments.largest))
    show(figures, "memory")
    save("memory", figures)


if __name__ == "__main__":
    main()
