"""How long ``GET /health`` takes while a server works on what nobody should send.

Run with ``python -m bench.health``. Every call of ``tests/cases/hostile.csv``, and every value of ``costly_values.csv``
at every door of ``costly_doors.csv``, goes to a real ``kinfold serve`` whose operators block by patterns; until each is
answered, ``/health`` is asked again and again on a connection of its own. Told to stop (Ctrl-C, SIGTERM), it shows what
came so far.
"""

import argparse
import gzip
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from bench.chaos import KINFOLD, ROOT, free_port, until
from bench.harness import Figure, save, show, throw_away
from tests.api.http.test_costly import DOORS, PATTERNS, VALUES, written
from tests.api.http.test_costly import body as costly_body
from tests.api.http.test_costly import path as costly_path
from tests.api.http.test_hostile import CASES
from tests.api.http.test_hostile import written as as_bytes

BOUND = 1.0
"""Seconds within which it is to answer."""
PATIENCE = 60.0
"""Seconds after which an answer does not come any more."""
EMPTY = 200
"""How often it is asked while nobody asks anything else."""

_told_to_stop = threading.Event()


@dataclass(frozen=True)
class Message:
    """A call that nobody should make."""

    name: str
    method: str
    path: str
    headers: dict[str, str]
    content: bytes


@dataclass(frozen=True)
class Beside:
    """What was seen while a message was worked on."""

    status: int
    """Of the message's answer."""
    health: list[int]
    """Statuses of `/health`, the last one of a call that began before the answer or with it."""
    waits: list[float]
    """Seconds that each of these took."""


def refused_messages(contact: str) -> Iterator[Message]:
    """Yield the calls of ``hostile.csv``."""
    for case in CASES:
        headers = {"Content-Type": case["type"]} if case["type"] else {}
        path = case["path"].replace("{ana}", contact)
        yield Message(case["case"], case["method"], path, headers, as_bytes(case["body"]))


def costly_messages(contact: str, door: dict[str, str], values: list[dict[str, str]] = VALUES) -> Iterator[Message]:
    """Yield the values of ``costly_values.csv`` at a door of ``costly_doors.csv``."""
    for value in values:
        text = written(value, int(door["size"]))
        content = costly_body(door, text)
        headers = {"Content-Type": door["type"]} if content else {}
        if door["type"] == "gzip":
            content = gzip.compress(content, 1)
            headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        yield Message(
            f"{door['door']}: {value['value']}", door["method"], costly_path(door, text, contact), headers, content
        )


def health_beside(sender: httpx.Client, asker: httpx.Client, message: Message) -> Beside:
    """Send a message, and ask for health until it is answered."""
    request = sender.build_request(message.method, message.path, headers=message.headers, content=message.content)
    answers: list[httpx.Response] = []
    worker = threading.Thread(target=lambda: answers.append(sender.send(request)))
    health: list[int] = []
    waits: list[float] = []
    worker.start()
    while worker.is_alive() or not health:
        began = time.perf_counter()
        health.append(asker.get("/health").status_code)
        waits.append(time.perf_counter() - began)
    worker.join()
    assert answers, f"{message.name} was not answered"
    return Beside(answers[0].status_code, health, waits)


@contextmanager
def serving(environment: Mapping[str, str]) -> Iterator[str]:
    """Run ``kinfold serve`` with patterns that an engine with backtracking takes for ever to try; yield its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [*KINFOLD, "serve", "--port", str(port)],
        env={**os.environ, **environment, "KINFOLD_BLOCK_PATTERNS": "\n".join(PATTERNS)},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def is_ready() -> bool:
        assert process.poll() is None, "the server did not come up"
        try:
            return httpx.get(f"{address}/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    try:
        until(is_ready)
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE)


def prepare(client: httpx.Client) -> str:
    """Make what the calls of the tables are about; return Ana's id."""
    answer = client.post("/v1/resolve", json={"email": "ana@example.com", "tracker_id": "t1"}).raise_for_status().json()
    client.put("/v1/workflows/w", json={}).raise_for_status()
    client.put("/v1/environments/e", json={"kind": "anonymous", "visitors_folder": "v"}).raise_for_status()
    client.put("/v1/environments/e/spaces/s", json={}).raise_for_status()
    contact: str = answer["contact"]["id"]
    return contact


def tables(contact: str, values: list[dict[str, str]]) -> Iterator[tuple[str, Message]]:
    """Yield the messages of the tables, each value at all doors before the next one."""
    yield from (("hostile.csv", message) for message in refused_messages(contact))
    for value in values:
        for door in DOORS:
            yield from (("costly_doors.csv", message) for message in costly_messages(contact, door, [value]))


def measure(values: list[dict[str, str]]) -> list[Figure]:
    worst: dict[str, tuple[float, str]] = {}
    waits: dict[str, list[float]] = {}
    messages: Counter[str] = Counter()
    with (
        throw_away() as kinfold,
        serving({"KINFOLD_HOME": str(kinfold.settings.home)}) as address,
        httpx.Client(base_url=address, timeout=PATIENCE) as sender,
        httpx.Client(base_url=address, timeout=PATIENCE) as asker,
    ):
        contact = prepare(sender)
        alone: list[float] = []
        for _ in range(EMPTY):
            began = time.perf_counter()
            asker.get("/health").raise_for_status()
            alone.append(time.perf_counter() - began)
        for table, message in tables(contact, values):
            if _told_to_stop.is_set():
                break
            beside = health_beside(sender, asker, message)
            assert set(beside.health) == {200}, message.name
            assert beside.status < 500, f"{message.name}: {beside.status}"
            messages[table] += 1
            waits.setdefault(table, []).extend(beside.waits)
            worst[table] = max(worst.get(table, (0.0, "")), (max(beside.waits), message.name))
        # Before the database is stopped, which takes its time.
        for table, (wait, name) in worst.items():
            said = f"{messages[table]} messages, {len(waits[table])} calls of /health"
            usual = statistics.median(waits[table]) * 1000
            print(
                f"{table}: {said}, median {usual:.0f} ms, longest {wait * 1000:.0f} ms, beside {name}", file=sys.stderr
            )
    return [
        Figure("/health alone, median", "ms", statistics.median(alone) * 1000),
        Figure("/health alone, longest", "ms", max(alone) * 1000),
        *(
            Figure(
                f"/health beside {table}, {what}",
                "ms",
                figure(waits[table]) * 1000,
                BOUND * 1000,
                "a second",
                1.0,
                True,
            )
            for table in waits
            for what, figure in (("median", statistics.median), ("longest", max))
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.health", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--value", action="append", help="a value of costly_values.csv by its name; all of them if none"
    )
    only = parser.parse_args().value
    values = [value for value in VALUES if not only or value["value"] in only]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: _told_to_stop.set())
    figures = measure(values)
    show(figures, "health")
    save("health", figures)


if __name__ == "__main__":
    main()
