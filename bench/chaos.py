"""What goes wrong, again and again and under load, over HTTP: what was sent, acknowledged, and found afterwards.

Run with ``python -m bench.chaos``. Callers send events one after the other to real ``kinfold serve`` processes, each
event with a ``message_id``, and send again what was not answered with 200, as an SDK does. Meanwhile processes are
killed or told to stop, the disk fills up, the network is cut, the database is stopped or backed up. In the end every
acknowledged event must be there, on the contact that was answered, and nothing twice.

``--kills N`` is how often server and database are killed, ``--only server-kill,disk-full`` runs a part; the results of
the other parts stay in ``bench/out/chaos.json`` and in the table. Told to stop (Ctrl-C, SIGTERM), it ends the part that
is under way where it is, counts it, and runs no other.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from bench.harness import OUT, where
from bench.small_disk import SmallDisk, small_disk
from graph import embedded
from graph.deployment.migrated import put_migrated
from graph.embedded import backup as backups
from graph.settings import Settings
from graph.store.database import Database

ROOT = Path(__file__).parents[1]
KINFOLD = (sys.executable, "-c", "from api.command.program import main; main()")
HOST = "127.0.0.1"

WARM = 100
"""Events that are acknowledged before anything goes wrong, and once more after all is well again."""
BETWEEN = 20
"""Events that are acknowledged between two times that the same thing goes wrong."""
PATIENCE = 300.0
"""Seconds after which what should have happened will not."""

_told_to_stop = threading.Event()

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
    returns: list[float] = field(default_factory=list)
    """For each time that something went wrong, seconds to the next event that was acknowledged: from the kill, or from
    the end of what was done to mend it."""
    found: int = 0
    """Activities in the graph."""
    lost: int = 0
    """Acknowledged events that are not there, or with another contact than was answered."""
    doubled: int = 0
    """Activities beyond one an event, and contacts beyond one a person."""


class Caller(threading.Thread):
    """Sends its events one after the other, each until it is acknowledged, with a pause in seconds before it."""

    def __init__(self, number: int, urls: Sequence[str], enough: threading.Event, pause: float) -> None:
        super().__init__(daemon=True)
        self.answered: dict[str, str] = {}
        self.latest = 0.0
        self.persons: set[str] = set()
        self.sent = self.refused = self.broken = 0
        self.others: Counter[str] = Counter()
        self.longest = 0.0
        self.given_up: list[str] = []
        self._number = number
        self._urls = urls
        self._turn = number
        self._enough = enough
        self._pause = pause

    def run(self) -> None:
        with httpx.Client(timeout=PATIENCE) as client:
            count = 0
            while not self._enough.wait(self._pause):
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
            self.answered[event["message_id"]] = response.json()["contact"]["id"]
            self.latest = time.monotonic()
            return None
        if response.status_code == 503 and "retry-after" in response.headers:
            self.refused += 1
            return float(response.headers["retry-after"])
        self.others[str(response.status_code)] += 1
        return 0.5


class Crowd:
    """Callers at work."""

    def __init__(self, many: int, urls: Sequence[str], pause: float) -> None:
        self._enough = threading.Event()
        self.callers = [Caller(number, urls, self._enough, pause) for number in range(many)]
        for caller in self.callers:
            caller.start()

    def acknowledged(self) -> int:
        return sum(len(caller.answered) for caller in self.callers)

    def refused(self) -> int:
        return sum(caller.refused for caller in self.callers)

    def broken(self) -> int:
        return sum(caller.broken for caller in self.callers)

    def await_more(self, events: int = WARM) -> None:
        """Wait until so many more events were acknowledged."""
        enough = self.acknowledged() + events
        until(lambda: self.acknowledged() >= enough)

    def end(self) -> None:
        """Let everybody deliver what is under way, and stop."""
        self._enough.set()
        for caller in self.callers:
            caller.join(PATIENCE)

    def await_answer(self, since: float) -> float:
        """Wait for the next event that is acknowledged; return the seconds from ``since`` to it."""
        until(lambda: any(caller.latest > since for caller in self.callers))
        return min(at for caller in self.callers for at in (caller.latest,) if at > since) - since

    def tally(self, outage: str, returns: Sequence[float], database: Database) -> Tally:
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
            broken=self.broken(),
            others=dict(sum((caller.others for caller in self.callers), Counter())),
            longest=max(caller.longest for caller in self.callers),
            returns=list(returns),
            found=len(rows),
            lost=sum(kept.get(message) != contact for message, contact in answered.items()),
            doubled=len(rows) - len(kept) + persons["contacts"] - expected,
        )


class Running(Protocol):
    """A process, as far as it is asked for here."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...


def launch(arguments: Sequence[str], environment: Mapping[str, str], log: int) -> Running:
    """Run a command in an interpreter of its own, as people do.

    Tests, which start many servers, put another in its place, which forks them from a process that has loaded the
    product.
    """
    return subprocess.Popen([*KINFOLD, *arguments], env=environment, cwd=ROOT, stdout=log, stderr=log)


class Served:
    """A ``kinfold serve`` process, always on the same port."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self._environment = {**os.environ, **environment}
        self._log = log
        self.start()

    def start(self) -> None:
        self.spawn()
        self.await_ready()

    def spawn(self) -> None:
        with self._log.open("ab") as log:
            self.process = launch(["serve", "--port", str(self.port)], self._environment, log.fileno())

    def await_ready(self) -> None:
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
        """Stop it, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


class Cable:
    """The network between servers and a database: it can fall silent, and be cut."""

    def __init__(self, port: int) -> None:
        self._database = port
        self._ends: set[socket.socket] = set()
        self._flows = threading.Event()
        self._flows.set()
        self._is_cut = False
        self._listening = socket.create_server((HOST, 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def fall_silent(self) -> None:
        """Hand nothing on, and close nothing."""
        self._flows.clear()

    def cut(self) -> None:
        """Close every connection, and take no other."""
        self._is_cut = True
        self._flows.set()
        for end in list(self._ends):
            self._close(end)

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self.cut()
        self._close(self._listening)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                if self._is_cut:
                    self._close(near)
                    continue
                far = socket.create_connection((HOST, self._database))
                self._ends |= {near, far}
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._hand_on, args=(source, target), daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flows.wait()
                target.sendall(data)
        self._close(source)
        self._close(target)

    def _close(self, end: socket.socket) -> None:
        self._ends.discard(end)
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@dataclass
class Stage:
    """A database, servers on it, and callers."""

    settings: Settings
    servers: list[Served]
    crowd: Crowd
    folder: Path
    environment: dict[str, str]
    cable: Cable | None
    disk: SmallDisk | None


@contextmanager
def stage(
    callers: int,
    servers: int,
    *,
    outside: bool = False,
    cabled: bool = False,
    on_small_disk: bool = False,
    retry_seconds: float = 30,
    pause: float = 0.0,
) -> Iterator[Stage]:
    """Set everything up, the load included; ``pause`` is what each caller waits between two events, in seconds.

    ``outside`` has the servers use the database by ``NEO4J_URI``, so that none of them starts or stops it; else they
    share it as the embedded one of their home. ``cabled`` is outside too, over a network that can be cut.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kinfold-chaos-")))
        disk = stack.enter_context(small_disk(folder / "disk")) if on_small_disk else None
        home = (disk.folder if disk else folder) / "home"
        settings = Settings(neo4j_uri=None).model_copy(update={"home": home})
        put_migrated(settings)
        stack.callback(embedded.stop, settings)
        environment = {"KINFOLD_HOME": str(home), "KINFOLD_RETRY_SECONDS": str(retry_seconds)}
        cable = None
        if outside or cabled:
            database = embedded.start(settings)
            # Routed, as to a cluster; a routed driver would go around the cable.
            uri = database.uri.replace("bolt://", "neo4j://")
            if cabled:
                cable = Cable(int(database.uri.rpartition(":")[2]))
                stack.callback(cable.close)
                uri = f"bolt://{HOST}:{cable.port}"
            environment |= {"NEO4J_URI": uri, "NEO4J_PASSWORD": database.password}
        started: list[Served] = []
        stack.callback(lambda: [server.kill() for server in started])
        for number in range(servers):
            started.append(Served(environment, folder / f"server-{number}.log"))
        crowd = Crowd(callers, [server.url for server in started], pause)
        stack.callback(crowd.end)
        yield Stage(settings, started, crowd, folder, environment, cable, disk)


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    with (
        embedded.lease(settings) as server,
        Database.connect(server.uri, server.user, server.password, settings) as database,
    ):
        yield database


Strike = Callable[[], float]
"""Has something go wrong, and returns the moment from which the next answer is waited for."""


def observe(on: Stage, outage: str, *strikes: Strike) -> Tally:
    """Have things go wrong under load, one after the other, and count."""
    returns: list[float] = []
    times = len(strikes)
    on.crowd.await_more(WARM)
    for turn, strike in enumerate(strikes, 1):
        since = strike()
        returns.append(on.crowd.await_answer(since))
        print(f"{outage} {turn}/{times}: next answer after {returns[-1]:.1f} s", file=sys.stderr, flush=True)
        if _told_to_stop.is_set():
            break
        on.crowd.await_more(BETWEEN if turn < times else WARM)
    on.crowd.end()
    with open_database(on.settings) as database:
        tally = on.crowd.tally(outage, returns, database)
    # One that was started again a moment ago has no say yet in how it ends.
    for server in on.servers:
        server.await_ready()
    assert [server.end() for server in on.servers] == [0] * len(on.servers)
    return tally


def database_stopped(*, seconds: float, callers: int, servers: int, retry_seconds: float, pause: float = 0.0) -> Tally:
    """Stop the database, which none of the servers started, and start it again."""
    with stage(callers, servers, outside=True, retry_seconds=retry_seconds, pause=pause) as on:

        def strike() -> float:
            began = time.monotonic()
            embedded.stop(on.settings)
            time.sleep(max(0.0, began + seconds - time.monotonic()))
            embedded.start(on.settings)
            return time.monotonic()

        name = f"database stopped for {seconds:g} s, {servers} servers, KINFOLD_RETRY_SECONDS={retry_seconds:g}"
        return observe(on, name, strike)


def kill_server(on: Stage) -> float:
    """Kill the first of the servers, and start it again at once, as what supervises it would."""
    on.servers[0].kill()
    killed = time.monotonic()
    time.sleep(0.05)  # what it answered before is read
    on.servers[0].spawn()
    return killed + 0.05


def kill_database(on: Stage) -> float:
    """Kill the embedded database under its servers, which bring it back themselves."""
    running = embedded.status(on.settings)
    assert running is not None
    java = psutil.Process(running.pid)
    java.kill()
    until(lambda: embedded.status(on.settings) is None)
    killed = time.monotonic()
    time.sleep(0.05)
    return killed + 0.05


def back_up(on: Stage) -> float:
    """Back the database up under its servers; the backup must be whole."""
    file = on.folder / f"{time.monotonic()}.backup"
    command = [*KINFOLD, "db", "backup", str(file)]
    subprocess.run(command, env={**os.environ, **on.environment}, cwd=ROOT, check=True, capture_output=True)
    backups.verify(file)
    return time.monotonic()


def server_killed(*, callers: int, servers: int, times: int = 1) -> Tally:
    with stage(callers, servers) as on:
        name = "the only server killed" if servers == 1 else f"1 of {servers} servers killed"
        return observe(on, name, *[partial(kill_server, on)] * times)


def database_killed(*, callers: int, servers: int, times: int = 1) -> Tally:
    with stage(callers, servers) as on:
        name = f"database killed under {servers} server{'s' * (servers > 1)}"
        return observe(on, name, *[partial(kill_database, on)] * times)


def server_told_to_stop(*, callers: int, times: int = 1) -> Tally:
    """Ask one of two servers to stop, wait for it to end well, and start it again."""
    with stage(callers, 2) as on:

        def strike() -> float:
            on.servers[0].await_ready()  # the other one answers meanwhile, also the events that are waited for
            assert on.servers[0].end() == 0
            ended = time.monotonic()
            on.servers[0].spawn()
            return ended

        return observe(on, "1 of 2 servers told to stop", *[strike] * times)


def disk_full(*, callers: int, seconds: float, times: int = 1) -> Tally:
    """Fill the disk of the embedded database up, and make room again."""
    with stage(callers, 1, on_small_disk=True) as on:
        disk = on.disk
        assert disk is not None

        def strike() -> float:
            refused = on.crowd.refused()
            disk.fill(on.settings)
            until(lambda: on.crowd.refused() > refused)
            time.sleep(seconds)
            disk.empty(on.settings)
            return time.monotonic()

        return observe(on, f"disk full for {seconds:g} s", *[strike] * times)


def network_cut(*, callers: int, seconds: float, times: int = 1, pause: float = 0.0) -> Tally:
    """Have the network to the database fall silent, then cut it, then mend it."""
    with stage(callers, 2, cabled=True, pause=pause) as on:
        cable = on.cable
        assert cable is not None

        def strike() -> float:
            cable.fall_silent()
            time.sleep(seconds / 2)
            cable.cut()
            time.sleep(seconds / 2)
            cable.mend()
            return time.monotonic()

        name = f"network silent for {seconds / 2:g} s, then cut for {seconds / 2:g} s"
        return observe(on, name, *[strike] * times)


def backed_up(*, callers: int, times: int = 1) -> Tally:
    with stage(callers, 2) as on:
        return observe(on, "backup under 2 servers", *[partial(back_up, on)] * times)


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
    "what went wrong": lambda one: one.outage,
    "times": lambda one: str(len(one.returns)),
    "calls sent": lambda one: f"{one.sent:,}",
    "refused with 503": lambda one: f"{one.refused:,}",
    "connection broke": lambda one: f"{one.broken:,}",
    "any other answer": lambda one: str(sum(one.others.values())),
    "acknowledged": lambda one: f"{one.acknowledged:,}",
    "found once": lambda one: f"{one.found - one.doubled:,}",
    "lost": lambda one: str(one.lost),
    "twice": lambda one: str(one.doubled),
    "next answer, median": lambda one: f"{statistics.median(one.returns):.1f} s",
    "worst": lambda one: f"{max(one.returns):.1f} s",
    "longest call": lambda one: f"{one.longest:.1f} s",
}


def show(tallies: Sequence[Tally]) -> None:
    table = Table()
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "what went wrong" else "right")
    for one in tallies:
        table.add_row(*(shown(one) for shown in COLUMNS.values()))
    Console(width=190).print(table)


def load() -> dict[str, Tally]:
    """Read what earlier runs came to, by the name of the part."""
    with suppress(FileNotFoundError):
        return {name: Tally(**one) for name, one in json.loads(RESULTS.read_text())["parts"].items()}
    return {}


def save(tallies: Mapping[str, Tally]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {
        "benchmark": "chaos",
        **where(),
        "parts": {name: asdict(one) for name, one in tallies.items()},
    }
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")


RESULTS = OUT / "chaos.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how often server and database are killed")
    parser.add_argument("--seconds", type=float, default=20, help="how long database, disk or network is away")
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--only", help="parts to run, with commas")
    options = parser.parse_args()
    few = max(1, options.kills // 20)
    parts: dict[str, Callable[..., Tally]] = {
        "server-kill": partial(server_killed, servers=1, times=options.kills),
        "database-kill": partial(database_killed, servers=1, times=options.kills),
        "server-kill-of-2": partial(server_killed, servers=2, times=few),
        "database-kill-under-2": partial(database_killed, servers=2, times=few),
        "sigterm": partial(server_told_to_stop, times=few),
        "disk-full": partial(disk_full, seconds=options.seconds, times=min(few, 3)),
        "network-cut": partial(network_cut, seconds=options.seconds, times=min(few, 3)),
        "database-stopped": partial(database_stopped, seconds=options.seconds, servers=2, retry_seconds=5),
        "backup": partial(backed_up, times=min(few, 3)),
    }
    wanted = options.only.split(",") if options.only else list(parts)
    if unknown := set(wanted) - parts.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: _told_to_stop.set())
    tallies = load()
    for name in wanted:
        if _told_to_stop.is_set():
            break
        tallies[name] = parts[name](callers=options.callers)
        save(tallies)
        show([tallies[name]])
    show([tallies[name] for name in parts if name in tallies])
    if any(one.lost or one.doubled or one.others or one.found != one.events for one in map(tallies.get, wanted) if one):
        sys.exit(1)


if __name__ == "__main__":
    main()
