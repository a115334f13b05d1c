"""Outages under load, over HTTP: what was sent, what was acknowledged, and what is found afterwards.

Run with ``python -m bench.outage``. Callers send events one after the other to real ``kinfold serve`` processes, each
event with a ``message_id``, and send again what was not answered with 200, as an SDK does. Meanwhile the database is
stopped, or a process is killed. In the end every acknowledged event must be there, on the contact that was answered,
and nothing twice.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from bench.harness import OUT, where
from graph import embedded
from graph.settings import Settings
from graph.store.database import Database

ROOT = Path(__file__).parents[1]
KINFOLD = (sys.executable, "-c", "from api.command.program import main; main()", "serve")
HOST = "127.0.0.1"

WARM = 100
"""Events that are acknowledged before anything goes wrong, and once more after all is well again."""
PATIENCE = 300.0
"""Seconds after which what should have happened will not."""

FOUND = """
MATCH (a:Activity)-[:ON]->(:Timeline)<-[:HAS]-(c:Contact)
RETURN a.message_id AS message, c.id AS contact
"""
PERSONS = "MATCH (c:Contact) RETURN count(c) AS contacts"


@dataclass
class Tally:
    """What an outage came to."""

    outage: str
    sent: int = 0
    """Calls of ``POST /v1/resolve``, those that sent an event again included."""
    events: int = 0
    """Events, each with its own ``message_id``."""
    acknowledged: int = 0
    """Events answered with 200."""
    refused: int = 0
    """Calls answered with 503 and Retry-After."""
    broken: int = 0
    """Calls whose connection was refused or broke: nobody was there to answer."""
    others: dict[str, int] = field(default_factory=dict)
    """Calls answered in any other way."""
    longest: float = 0.0
    """Seconds that one call took at most, to whatever answer."""
    away: float = 0.0
    """Seconds from the beginning of the outage to the end of what was done to mend it."""
    resumed: float = 0.0
    """Seconds from then to the next event that was acknowledged."""
    found: int = 0
    """Activities in the graph."""
    lost: int = 0
    """Acknowledged events that are not there, or with another contact than was answered."""
    doubled: int = 0
    """Activities beyond one an event, and contacts beyond one a person."""


class Caller(threading.Thread):
    """Sends its events one after the other, each until it is acknowledged."""

    def __init__(self, number: int, urls: Sequence[str], enough: threading.Event) -> None:
        super().__init__(daemon=True)
        self.answered: dict[str, tuple[str, float]] = {}
        self.persons: set[str] = set()
        self.sent = self.refused = self.broken = 0
        self.others: Counter[str] = Counter()
        self.longest = 0.0
        self.given_up: list[str] = []
        self._number = number
        self._urls = urls
        self._turn = number
        self._enough = enough

    def run(self) -> None:
        with httpx.Client(timeout=PATIENCE) as client:
            count = 0
            while not self._enough.is_set():
                person = f"p{self._number}-{count // 5}@example.com"
                self.persons.add(person)
                event = {
                    "email": person,
                    "tracker_id": f"t{self._number}-{count}",
                    "event": "visit",
                    "message_id": f"m{self._number}-{count}",
                }
                self._deliver(client, event)
                count += 1

    def _deliver(self, client: httpx.Client, event: Mapping[str, str]) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            pause = self._send(client, event)
            if pause is None:
                return
            time.sleep(pause)
        self.given_up.append(event["message_id"])

    def _send(self, client: httpx.Client, event: Mapping[str, str]) -> float | None:
        """Send once; None when it was acknowledged, else the seconds to wait before it is sent again."""
        self.sent += 1
        began = time.monotonic()
        try:
            response = client.post(f"{self._urls[self._turn % len(self._urls)]}/v1/resolve", json=event)
        except httpx.TransportError:
            self.broken += 1
            self._turn += 1
            return 0.1
        finally:
            self.longest = max(self.longest, time.monotonic() - began)
        if response.status_code == 200:
            self.answered[event["message_id"]] = (response.json()["contact"]["id"], time.monotonic())
            return None
        if response.status_code == 503 and "retry-after" in response.headers:
            self.refused += 1
            return float(response.headers["retry-after"])
        self.others[str(response.status_code)] += 1
        return 0.5


class Crowd:
    """Callers at work."""

    def __init__(self, many: int, urls: Sequence[str]) -> None:
        self._enough = threading.Event()
        self.callers = [Caller(number, urls, self._enough) for number in range(many)]
        for caller in self.callers:
            caller.start()

    def acknowledged(self) -> int:
        return sum(len(caller.answered) for caller in self.callers)

    def refused(self) -> int:
        return sum(caller.refused for caller in self.callers)

    def await_more(self, events: int = WARM) -> None:
        """Wait until so many more events were acknowledged."""
        enough = self.acknowledged() + events
        until(lambda: self.acknowledged() >= enough)

    def end(self) -> None:
        """Let everybody deliver what is under way, and stop."""
        self._enough.set()
        for caller in self.callers:
            caller.join(PATIENCE)

    def tally(self, outage: str, began: float, mended: float, database: Database) -> Tally:
        """Count what was sent, and hold what was acknowledged against the graph."""
        assert not [caller for caller in self.callers if caller.is_alive() or caller.given_up]
        answered = {message: one for caller in self.callers for message, one in caller.answered.items()}
        rows = database.read(lambda tx: tx.run_text(FOUND))
        [persons] = database.read(lambda tx: tx.run_text(PERSONS))
        kept = {row["message"]: row["contact"] for row in rows}
        expected = len(set().union(*(caller.persons for caller in self.callers)))
        return Tally(
            outage,
            sent=sum(caller.sent for caller in self.callers),
            events=len(answered),
            acknowledged=len(answered),
            refused=self.refused(),
            broken=sum(caller.broken for caller in self.callers),
            others=dict(sum((caller.others for caller in self.callers), Counter())),
            longest=max(caller.longest for caller in self.callers),
            away=mended - began,
            resumed=min(at for _, at in answered.values() if at > mended) - mended,
            found=len(rows),
            lost=sum(kept.get(message) != contact for message, (contact, _) in answered.items()),
            doubled=len(rows) - len(kept) + persons["contacts"] - expected,
        )


class Served:
    """A ``kinfold serve`` process, always on the same port."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self._environment = {**os.environ, **environment}
        self._log = log
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*KINFOLD, "--port", str(self.port)], env=self._environment, cwd=ROOT, stdout=log, stderr=log
            )
        until(self._is_ready)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()
        try:
            return httpx.get(f"{self.url}/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Tell it to stop; give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@dataclass
class Stage:
    """A database, servers on it, and callers."""

    settings: Settings
    servers: list[Served]
    crowd: Crowd


@contextmanager
def stage(callers: int, servers: int, *, outside: bool, retry_seconds: float) -> Iterator[Stage]:
    """Set everything up, the load included.

    ``outside`` has the servers use the database by ``NEO4J_URI``, so that none of them starts or stops it; else they
    share it as the embedded one of their home.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kinfold-outage-")))
        settings = Settings(neo4j_uri=None).model_copy(update={"home": folder / "home"})
        stack.callback(embedded.stop, settings)
        environment = {"KINFOLD_HOME": str(settings.home), "KINFOLD_RETRY_SECONDS": str(retry_seconds)}
        database = embedded.start(settings) if outside else stack.enter_context(embedded.lease(settings))
        if outside:
            # Routed, as to a cluster.
            uri = database.uri.replace("bolt://", "neo4j://")
            environment |= {"NEO4J_URI": uri, "NEO4J_PASSWORD": database.password}
        started: list[Served] = []
        stack.callback(lambda: [server.kill() for server in started])
        for number in range(servers):
            started.append(Served(environment, folder / f"server-{number}.log"))
        crowd = Crowd(callers, [server.url for server in started])
        stack.callback(crowd.end)
        yield Stage(settings, started, crowd)


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    with (
        embedded.lease(settings) as server,
        Database.connect(server.uri, server.user, server.password, settings) as database,
    ):
        yield database


def observe(on: Stage, outage: str, wrong: Callable[[], object], right: Callable[[], object], seconds: float) -> Tally:
    """Have something go wrong under load for a while, mend it, and count."""
    on.crowd.await_more()
    began = time.monotonic()
    wrong()
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    right()
    mended = time.monotonic()
    on.crowd.await_more()
    on.crowd.end()
    with open_database(on.settings) as database:
        tally = on.crowd.tally(outage, began, mended, database)
    assert [server.end() for server in on.servers] == [0] * len(on.servers)
    return tally


def database_stopped(*, seconds: float, callers: int, servers: int, retry_seconds: float) -> Tally:
    """Stop the database, which none of the servers started, and start it again."""
    with stage(callers, servers, outside=True, retry_seconds=retry_seconds) as on:
        name = f"database stopped for {seconds:g} s, {servers} servers, KINFOLD_RETRY_SECONDS={retry_seconds:g}"
        return observe(on, name, partial(embedded.stop, on.settings), partial(embedded.start, on.settings), seconds)


def server_killed(*, seconds: float, callers: int, servers: int, retry_seconds: float = 30) -> Tally:
    """Kill one of the servers, and start it again."""
    with stage(callers, servers, outside=False, retry_seconds=retry_seconds) as on:
        name = f"1 of {servers} servers killed for {seconds:g} s" if servers > 1 else f"server killed for {seconds:g} s"
        return observe(on, name, on.servers[0].kill, on.servers[0].start, seconds)


def database_killed(*, callers: int, servers: int, retry_seconds: float = 30) -> Tally:
    """Kill the embedded database under its servers, which bring it back themselves."""
    with stage(callers, servers, outside=False, retry_seconds=retry_seconds) as on:

        def kill() -> None:
            running = embedded.status(on.settings)
            assert running is not None
            psutil.Process(running.pid).kill()
            until(lambda: embedded.status(on.settings) is None)

        def await_return() -> None:
            until(lambda: embedded.status(on.settings) is not None)

        return observe(on, f"embedded database killed under {servers} servers", kill, await_return, 0)


def until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < deadline, "this did not happen in time"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


COLUMNS: dict[str, Callable[[Tally], str]] = {
    "outage": lambda one: one.outage,
    "calls sent": lambda one: f"{one.sent:,}",
    "refused with 503": lambda one: f"{one.refused:,}",
    "connection broke": lambda one: f"{one.broken:,}",
    "any other answer": lambda one: str(sum(one.others.values())),
    "acknowledged": lambda one: f"{one.acknowledged:,}",
    "found": lambda one: f"{one.found:,}",
    "lost": lambda one: str(one.lost),
    "doubled": lambda one: str(one.doubled),
    "longest call": lambda one: f"{one.longest:.1f} s",
    "resumed after": lambda one: f"{one.resumed:.1f} s",
}


def show(tallies: Sequence[Tally]) -> None:
    table = Table()
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "outage" else "right")
    for one in tallies:
        table.add_row(*(shown(one) for shown in COLUMNS.values()))
    Console(width=170).print(table)


def save(tallies: Sequence[Tally]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {"benchmark": "outage", **where(), "outages": [asdict(one) for one in tallies]}
    (OUT / "outage.json").write_text(json.dumps(content, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.outage", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="how long the database is stopped")
    parser.add_argument("--callers", type=int, default=16)
    options = parser.parse_args()
    tallies: list[Tally] = []
    for measure in (
        partial(database_stopped, seconds=options.seconds, servers=2, retry_seconds=5),
        partial(database_stopped, seconds=options.seconds, servers=2, retry_seconds=30),
        partial(server_killed, seconds=5, servers=1),
        partial(server_killed, seconds=5, servers=2),
        partial(database_killed, servers=2),
    ):
        tallies.append(measure(callers=options.callers))
        show(tallies[-1:])
    show(tallies)
    save(tallies)
    if any(one.lost or one.doubled or one.others or one.found != one.events for one in tallies):
        sys.exit(1)


if __name__ == "__main__":
    main()
