"""The process that owns one embedded server: starts it, watches its leases, stops it.

Run as ``python -m graph.embedded.supervise HOME`` by a client that holds the start lock.
"""

import ctypes
import errno
import importlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import psutil

from graph.embedded.classes import Archive
from graph.embedded.home import ADDRESS, USER, EmbeddedError, Home, Launch, Process, State

if TYPE_CHECKING:
    from graph.driver import Driver

POLL = 0.5
"""Seconds between two looks at the leases."""
START_BOUND = 900.0
"""Seconds a start may take; after a crash it includes the recovery of the store."""
STOP_BOUND = 180.0
"""Seconds a clean shutdown may take before it is cut off."""
LOOK = 5.0
"""Seconds between two looks whether the server still takes transactions."""
LINGER = 40.0
"""Seconds for which a server waits for somebody new after its last user was killed: who is started again in that time
finds it running."""
_ANSWER = 20.0
"""Seconds to wait for one answer of a server that starts."""
_VERDICT = 10.0
"""Seconds to wait for the answer to such a look."""

_FIRST_PASSWORD = "neo4j"  # noqa: S105 - of every new store
_BROKEN_OFF = "Neo.DatabaseError.Transaction.TransactionStartFailed"
"""What a server answers that could not write its log: it must be restarted and says nothing else any more."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_ENTRY_POINT = "META-INF/services/org.neo4j.server.startup.EntryPoint"
_PR_SET_PDEATHSIG = 1

_JVM = (
    "-XX:+UseG1GC",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "-Dlog4j2.disable.jmx=true",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
)

_CONF = """\
server.default_listen_address={address}
server.bolt.enabled=true
server.bolt.listen_address={address}:{port}
server.bolt.advertised_address={address}:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size={pagecache}
db.tx_log.rotation.retention_policy={tx_log}
db.logs.query.enabled=OFF
db.logs.query.transaction.enabled=OFF
dbms.usage_report.enabled=false
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
db.index.fulltext.eventually_consistent_refresh_interval=10s
"""


_JVM_OPTION = re.compile(r"^\s*server\.jvm\.additional\s*=\s*(\S.*?)\s*$", re.MULTILINE)
"""A line of the configuration that is meant for Java, which Neo4j's own way to start reads as well."""


class _Taken(Exception):
    """The chosen port was taken by somebody else before the server had it."""


class _Outcome(Enum):
    READY = auto()
    DIED = auto()
    LEFT = auto()
    LATE = auto()


class Supervisor:
    """Owner of the server of one home.

    Parameters
    ----------
    home
        Whose supervisor lock is held by this process.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._leases = home.leases
        self._told_to_stop = False
        self._java: subprocess.Popen[bytes] | None = None
        self._archive: Archive | None = None
        self._deserted: float | None = None
        self._woken, self._alarm = socket.socketpair()

    def run(self) -> None:
        """Start the server and stay until it dies, is told to stop or has no lease left."""
        self._woken.setblocking(False)
        self._alarm.setblocking(False)
        signal.set_wakeup_fd(self._alarm.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        try:
            state = self._start_when_possible()
            while state is not None and self._is_broken_off(state):
                state = self._start_when_possible()
        except Exception as error:
            message = str(error) if isinstance(error, EmbeddedError) else repr(error)
            nobody = Process(0, "")
            self._end(State("failed", 0, nobody, nobody, message))
            if not isinstance(error, EmbeddedError):
                raise
            return
        self._end(None)

    def _start_when_possible(self) -> State | None:
        """Start the server, as soon as there is room for it; None when it is not wanted any more."""
        while True:
            try:
                state = self._start()
                if state is not None:
                    self._home.tell(state)
                return state
            except (OSError, EmbeddedError) as error:
                if not (self._home.shortage() or (isinstance(error, OSError) and error.errno in _FULL)):
                    raise
            self._cut_off()
            if not self._await_room():
                return None

    def _is_broken_off(self, state: State) -> bool:
        """Watch the server; true when it must be started again, false when it is gone or not wanted any more.

        A server that could not write its log, as on a full disk, takes no transaction until it is restarted. It is
        killed and not asked to stop: a shutdown would write the torn end of its log once more, and with room again
        that would go through and leave a log that cannot be recovered. What was committed is on disk.
        """
        looked = time.monotonic()
        while self._runs() and not self._told_to_stop and not self._abandoned():
            if time.monotonic() - looked >= (POLL if self._home.shortage() else LOOK):
                if self._takes_nothing(state.port):
                    self._cut_off()
                    return self._await_room()
                looked = time.monotonic()
            self._nap(POLL)
        return False

    def _await_room(self) -> bool:
        """Wait until the disk has room; false when nobody waits for the server any more."""
        while self._home.shortage():
            if self._told_to_stop or self._abandoned():
                return False
            self._nap(POLL)
        return True

    def _takes_nothing(self, port: int) -> bool:
        """Ask the server whether it takes transactions, in a process of its own that may be kept waiting."""
        child = os.fork()
        if not child:
            verdict = 0
            try:
                verdict = _is_broken_off(port, self._home.password())
            finally:
                os._exit(verdict)
        deadline = time.monotonic() + _VERDICT
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
            self._nap(0.05)
        return os.waitstatus_to_exitcode(ended[1]) == 1

    def _cut_off(self) -> None:
        if self._java is not None:
            self._java.kill()
            self._java.wait()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_stop = True

    def _runs(self) -> bool:
        return self._java is not None and self._java.poll() is None

    def _nap(self, seconds: float) -> None:
        """Wait, but not past the end of the server or a signal to stop."""
        if select.select([self._woken], [], [], seconds)[0]:
            self._woken.recv(4096)

    def _abandoned(self) -> bool:
        """Take the leases when nobody holds one, so that nobody gets a new one while the server stops."""
        if not self._leases.acquire():
            self._deserted = None
            return False
        # A client marks the home while it still holds its lease: the mark is seen here or was never made.
        if self._home.keep.exists() or self._is_lingering():
            self._leases.release()
            return False
        return True

    def _is_lingering(self) -> bool:
        """Return whether the last user was killed so lately that somebody may come in its place."""
        left = list(self._home.users.iterdir()) if self._runs() else []
        if left and self._deserted is None:
            self._deserted = time.monotonic()
        if self._deserted is not None and time.monotonic() - self._deserted < LINGER:
            return True
        for user in left:
            user.unlink(missing_ok=True)
        return False

    def _start(self) -> State | None:
        launch = self._home.launch()
        password = self._home.password()
        for attempt in range(3):
            try:
                return self._start_on(self._home.port(again=attempt > 0), launch, password)
            except _Taken:
                continue
        raise EmbeddedError("every port that was tried was taken before the server had it")

    def _start_on(self, port: int, launch: Launch, password: str) -> State | None:
        logged = self._home.length("neo4j.log")
        self._java = self._spawn(port, launch)
        me, java = Process.of(os.getpid()), Process.of(self._java.pid)
        self._home.tell(State("starting", port, me, java))
        outcome = self._await(port, password)
        if outcome is _Outcome.READY:
            return State("ready", port, me, java)
        if outcome is _Outcome.LEFT:
            return None
        words = self._home.last_words("java.log") + self._home.last_words("neo4j.log", after=logged)
        if outcome is _Outcome.LATE:
            raise EmbeddedError(f"the server did not answer within {START_BOUND:.0f} seconds{words}")
        if "Address already in use" in words:
            raise _Taken
        raise EmbeddedError(f"the server ended while starting with exit code {self._java.returncode}{words}")

    def _spawn(self, port: int, launch: Launch) -> subprocess.Popen[bytes]:
        home = self._home
        (home.conf / "neo4j.conf").write_text(
            _CONF.format(address=ADDRESS, port=port, pagecache=launch.pagecache, tx_log=launch.tx_log)
            + f"{launch.conf}\n",
            "utf-8",
        )
        self._archive = Archive(Path(launch.classes))
        arguments = [
            *self._archive.options(),
            f"-Xms{launch.heap}",
            f"-Xmx{launch.heap}",
            f"-XX:ErrorFile={home.logs / 'crash-%p.log'}",
            *_JVM,
            *_JVM_OPTION.findall(launch.conf),
            "-cp",
            os.pathsep.join(launch.jars),
            _entry_point(Path(launch.jars[0])),
            f"--home-dir={home.path}",
            f"--config-dir={home.conf}",
        ]
        file = home.run / "java.arguments"
        file.write_text("".join(f"{_quoted(argument)}\n" for argument in arguments), "utf-8")
        log = home.logs / "java.log"
        if log.exists():
            log.replace(home.logs / "java.log.1")
        # What a user set for other Java programs is not meant for this one.
        others = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")
        with log.open("wb") as output:
            return subprocess.Popen(  # noqa: S603
                [launch.java, f"@{file}"],
                cwd=home.path,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={name: value for name, value in os.environ.items() if name not in others},
                start_new_session=True,
                preexec_fn=_end_with_parent(),  # noqa: PLW1509 - this process has no threads
            )

    def _await(self, port: int, password: str) -> _Outcome:
        importlib.import_module("graph.driver")  # takes a moment, better spent while the server starts
        deadline = time.monotonic() + START_BOUND
        looked = time.monotonic()
        while time.monotonic() < deadline:
            if not self._runs():
                return _Outcome.DIED
            if self._told_to_stop:
                return _Outcome.LEFT
            if time.monotonic() - looked >= POLL:
                looked = time.monotonic()
                if self._abandoned():
                    return _Outcome.LEFT
            if self._java is not None and _owns(self._java.pid, port) and _is_ready(port, password):
                return _Outcome.READY
            self._nap(0.1)
        return _Outcome.LATE

    def _end(self, state: State | None) -> None:
        if self._java is not None and self._runs():
            known = self._home.state()
            if known is not None and known.phase == "ready" and self._takes_nothing(known.port):
                self._java.kill()
            self._java.terminate()
            try:
                self._java.wait(STOP_BOUND)
            except subprocess.TimeoutExpired:
                self._java.kill()
                self._java.wait()
        if self._told_to_stop:
            # After a crash the mark stays: who asked for a database that stays gets it back with the next start.
            self._home.keep.unlink(missing_ok=True)
        if self._archive is not None and self._java is not None:
            self._archive.take_over(whole=self._java.returncode == 0)
        with suppress(OSError):  # a full disk: what stands there names processes that are gone
            self._home.tell(state)


def _owns(pid: int, port: int) -> bool:
    """Return whether it is this process that listens: a stranger on the port must not be told the password."""
    with suppress(psutil.Error):
        sockets = psutil.Process(pid).net_connections("tcp")
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in sockets)
    return False


def _is_ready(port: int, password: str) -> bool:
    """Ask the database for an answer, with the password of this home or after setting it."""
    from graph.driver import AuthError, Driver, DriverError, GraphDatabase, Neo4jError

    def connect(secret: str) -> Driver:
        return GraphDatabase.driver(
            f"bolt://{ADDRESS}:{port}",
            auth=(USER, secret),
            connection_acquisition_timeout=_ANSWER,
            max_transaction_retry_time=0,
            telemetry_disabled=True,
        )

    try:
        with connect(password) as driver:
            driver.execute_query(_statement("ready"), database_="neo4j")
        return True
    except AuthError:
        pass
    except Neo4jError:
        _check_database(lambda: connect(password))
        return False
    except (DriverError, OSError):
        return False
    try:
        with connect(_FIRST_PASSWORD) as driver:
            driver.execute_query(_statement("password"), {"old": _FIRST_PASSWORD, "new": password}, database_="system")
    except AuthError as error:
        raise EmbeddedError("the password file of this home does not open its database") from error
    except (DriverError, Neo4jError, OSError):
        pass
    return False


def _check_database(connect: Callable[[], "Driver"]) -> None:
    """Raise when the server has given up starting the database, as when its files are damaged."""
    from graph.driver import DriverError, Neo4jError

    rows = []
    with suppress(DriverError, Neo4jError, OSError), connect() as driver:
        rows = driver.execute_query(_statement("condition"), database_="system").records
    for row in rows:
        if row["status"] in ("offline", "dirty", "quarantined") and row["message"]:
            raise EmbeddedError(
                f"the server runs, but its database does not start: {row['message']} logs/debug.log says why"
            )


def _is_broken_off(port: int, password: str) -> bool:
    """Return whether the server refuses transactions until a restart; one that does not answer has not said so."""
    from graph.driver import DriverError, GraphDatabase, Neo4jError

    try:
        with GraphDatabase.driver(
            f"bolt://{ADDRESS}:{port}", auth=(USER, password), max_transaction_retry_time=0, telemetry_disabled=True
        ) as driver:
            driver.execute_query(_statement("ready"), database_="neo4j")
    except Neo4jError as error:
        return error.code == _BROKEN_OFF
    except (DriverError, OSError):
        pass
    return False


def _statement(name: str) -> str:
    return Path(__file__).with_name(f"{name}.cypher").read_text("utf-8")


def _entry_point(server: Path) -> str:
    with zipfile.ZipFile(server) as jar:
        lines = jar.read(_ENTRY_POINT).decode().splitlines()
    return next(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _quoted(argument: str) -> str:
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _end_with_parent() -> Callable[[], None] | None:
    """Have the kernel end the server when its supervisor dies, where the kernel can."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        # The parent may have died before the kernel was told.
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def main() -> int:
    """Become the supervisor of a home.

    Returns
    -------
    int
        Exit code; 1 when the home has another supervisor.
    """
    home = Home(Path(sys.argv[1]))
    supervising = home.supervising
    if not supervising.acquire(timeout=5):
        return 1
    # The lock goes on in the child; its client waits for this process alone and is left no zombie.
    if os.fork():
        os._exit(0)
    Supervisor(home).run()
    supervising.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
