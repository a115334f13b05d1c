"""One home of an embedded database: its files, its locks and what is known to run there."""

import errno
import json
import os
import secrets
import shutil
import socket
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

try:
    import fcntl
except ImportError:  # Windows, which is refused before any lock is taken
    fcntl = None  # type: ignore[assignment]

USER = "neo4j"
ADDRESS = "127.0.0.1"

_PORTS = range(20000, 32000)
"""Below the ports that systems hand out to clients, so that one stays free between two starts."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


ROOM = 64 << 20
"""Bytes that must be free on the disk of a home for its server to be started, or started again."""


class EmbeddedError(RuntimeError):
    """The embedded database cannot be had; the message says why."""


class FileLock:
    """A lock on a file between processes; the kernel drops it when its holder dies.

    Parameters
    ----------
    path
        The file, made when missing and never removed: two processes must lock the same one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self, *, shared: bool = False, timeout: float = 0.0) -> bool:
        """Take the lock.

        Parameters
        ----------
        shared
            Whether others may share it.
        timeout
            Seconds to wait for those who hold it.

        Returns
        -------
        bool
            Whether it was taken.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EINTR):
                    os.close(descriptor)
                    raise
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    return False
                time.sleep(0.05)
            else:
                self._descriptor = descriptor
                return True

    def release(self) -> None:
        """Release the lock, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_free(self) -> bool:
        """Return whether nobody holds the lock alone.

        Returns
        -------
        bool
            False while another process has it.
        """
        # Asked for as a shared one: two who ask at once must not see each other.
        probe = FileLock(self._path)
        free = probe.acquire(shared=True)
        probe.release()
        return free


@dataclass(frozen=True)
class Process:
    """A process that may be gone, or whose number may be another's by now."""

    pid: int
    born: str
    """Which of all that had this number it is."""

    @classmethod
    def of(cls, pid: int) -> "Process":
        """Describe a process that runs.

        Parameters
        ----------
        pid
            Its number.

        Returns
        -------
        Process
            With its birth.
        """
        return cls(pid, _birth(pid))

    def find(self) -> psutil.Process | None:
        """Look the process up.

        Returns
        -------
        psutil.Process or None
            None when it is gone, or when another process got its number.
        """
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if self.born and _birth(self.pid) == self.born and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def end(self, bound: float) -> bool:
        """End the process.

        Parameters
        ----------
        bound
            Seconds it has to end by itself once it was asked to.

        Returns
        -------
        bool
            False when it was gone already.
        """
        process = self.find()
        if process is None:
            return False
        with suppress(psutil.NoSuchProcess):
            process.terminate()
            # Not psutil's own wait: without an init that buries its dead, a process that ended stays as a zombie.
            deadline = time.monotonic() + bound
            while self.find() is not None:
                if time.monotonic() > deadline:
                    process.kill()
                time.sleep(0.1)
        return True


@dataclass(frozen=True)
class State:
    """What the supervisor of a home says about its database."""

    phase: Literal["starting", "ready", "failed"]
    port: int
    supervisor: Process
    java: Process
    error: str = ""


@dataclass(frozen=True)
class Launch:
    """What a supervisor is told."""

    java: str
    jars: tuple[str, ...]
    heap: str
    pagecache: str
    tx_log: str
    classes: str
    """Folder of the archive of classes."""
    conf: str = ""
    """More lines of its configuration."""


@dataclass(frozen=True)
class Home:
    """The folder of one database.

    Parameters
    ----------
    path
        Absolute.
    """

    path: Path

    @property
    def data(self) -> Path:
        """Stores and transaction logs."""
        return self.path / "data"

    @property
    def conf(self) -> Path:
        """Configuration, written at each start."""
        return self.path / "conf"

    @property
    def logs(self) -> Path:
        """Logs of the server and of its supervisor."""
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """What is only of use while a server runs."""
        return self.path / "run"

    @property
    def keep(self) -> Path:
        """Mark of a database that stays without leases."""
        return self.run / "keep"

    @property
    def users(self) -> Path:
        """Folder of a file for each process that holds a lease; one that is killed leaves its own behind."""
        return self.run / "users"

    @property
    def leases(self) -> FileLock:
        """Shared by those who use the database; held alone by a supervisor that stops it."""
        return FileLock(self.run / "leases.lock")

    @property
    def starting(self) -> FileLock:
        """Held by the one who starts or stops the database."""
        return FileLock(self.run / "start.lock")

    @property
    def supervising(self) -> FileLock:
        """Held by the supervisor as long as it lives."""
        return FileLock(self.run / "supervisor.lock")

    @property
    def has_stores(self) -> bool:
        """Whether a database was ever started here."""
        return (self.data / "databases").exists()

    @property
    def aside(self) -> Path:
        """Stores that are set aside while others are put in their place."""
        return self.path / "data.before-restore"

    @property
    def is_replaced(self) -> bool:
        """Whether stores are set aside."""
        return self.aside.exists()

    @property
    def scratch(self) -> tuple[Path, Path]:
        """Two homes of databases that nobody else knows of: one on the stores that are set aside, one on new ones."""
        return self.path / "compaction" / "old", self.path / "compaction" / "new"

    def clear_scratch(self) -> None:
        """Remove the homes that nobody else knows of."""
        for folder in self.scratch:
            # What is on the other side of this link is not ours to remove.
            if (folder / "data").is_symlink():
                (folder / "data").unlink()
        shutil.rmtree(self.path / "compaction", ignore_errors=True)

    def take_password(self, other: "Home") -> None:
        """Have the same password as another home, for stores that will be its own."""
        path = self.path / "password"
        path.touch(mode=0o600)
        path.write_text(other.password() + "\n", "ascii")

    def set_aside(self) -> None:
        """Put the stores aside, and an empty folder in their place."""
        self.data.mkdir(exist_ok=True)
        self.data.rename(self.aside)
        self.data.mkdir()

    def take_back(self) -> None:
        """Put the stores that were set aside back, in the place of what is there."""
        if self.data.exists():
            shutil.rmtree(self.data)
        self.aside.rename(self.data)

    def forget(self) -> None:
        """Remove the stores that were set aside."""
        # Renamed first: from here on those in their place are the ones that count, however far the removal gets.
        gone = self.path / "data.replaced"
        shutil.rmtree(gone, ignore_errors=True)
        self.aside.rename(gone)
        shutil.rmtree(gone)

    def shortage(self) -> str | None:
        """Describe in a sentence what the disk lacks; None when it has `ROOM`.

        Returns
        -------
        str or None
            Without the place of the home: callers over HTTP read it.
        """
        free = shutil.disk_usage(self.path).free
        if free >= ROOM:
            return None
        return (
            f"The disk of the database is full: {free / 1e6:.0f} MB are free, and it needs {ROOM / 1e6:.0f} MB. "
            "It comes back by itself when there is room."
        )

    def make(self) -> None:
        """Make the folders."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.conf, self.logs, self.run, self.users):
            folder.mkdir(exist_ok=True)

    def claim(self, release: str) -> None:
        """Bind this home to a release line at its first start.

        Parameters
        ----------
        release
            ``lts`` or ``calendar``.

        Raises
        ------
        EmbeddedError
            When its store was made by the other line.
        """
        made_by = self._identity().get("release")
        if made_by is None:
            self._write("kinfold.json", self._identity() | {"release": release})
        elif made_by != release:
            raise EmbeddedError(
                f"the database in {self.path} was made by the {made_by} release of Neo4j and cannot be opened "
                f"by the {release} one: set KINFOLD_NEO4J_RELEASE={made_by} or choose another KINFOLD_HOME"
            )

    @property
    def release(self) -> str:
        """The release line of this home."""
        return str(self._identity().get("release", ""))

    def password(self) -> str:
        """Read the password, made when there is none.

        Returns
        -------
        str
            The password of the only user.
        """
        path = self.path / "password"
        with suppress(FileNotFoundError):
            if password := path.read_text("ascii").strip():
                return password
        password = secrets.token_urlsafe(24)
        temporary = self.path / "password.new"
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(password + "\n")
            file.flush()
            os.fsync(descriptor)
        # On disk before any store knows it: a start that is cut off in between takes it up again.
        os.replace(temporary, path)
        return password

    def port(self, *, again: bool = False) -> int:
        """Choose the port, the one of the last start when it is free.

        Parameters
        ----------
        again
            Whether the last one proved to be taken.

        Returns
        -------
        int
            A port on loopback that was free a moment ago.
        """
        last = self._identity().get("port")
        if isinstance(last, int) and not again and _is_free(last):
            return last
        port = next((port for port in (secrets.choice(_PORTS) for _ in range(100)) if _is_free(port)), 0)
        if not port:
            raise EmbeddedError(f"no free port on {ADDRESS}")
        self._write("kinfold.json", self._identity() | {"port": port})
        return port

    def state(self) -> State | None:
        """Read what the supervisor wrote last.

        Returns
        -------
        State or None
            None when it wrote nothing, or nothing that can be read.
        """
        try:
            content: dict[str, Any] = json.loads((self.run / "state.json").read_text("utf-8"))
            for name in ("supervisor", "java"):
                content[name] = Process(**content[name])
            return State(**content)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def tell(self, state: State | None) -> None:
        """Write what clients read.

        Parameters
        ----------
        state
            None when nothing runs any more.
        """
        if state is None:
            (self.run / "state.json").unlink(missing_ok=True)
        else:
            self._write("run/state.json", asdict(state))

    def launch(self) -> Launch:
        """Read what the supervisor is told.

        Returns
        -------
        Launch
            As the client wrote it.
        """
        content = json.loads((self.run / "launch.json").read_text("utf-8"))
        return Launch(**content | {"jars": tuple(content["jars"])})

    def order(self, launch: Launch) -> None:
        """Write what the supervisor is told.

        Parameters
        ----------
        launch
            Read by the next supervisor.
        """
        self._write("run/launch.json", asdict(launch))

    def length(self, log: str) -> int:
        """Measure a log.

        Parameters
        ----------
        log
            Name below the folder of logs.

        Returns
        -------
        int
            Bytes it has now.
        """
        try:
            return (self.logs / log).stat().st_size
        except OSError:
            return 0

    def last_words(self, log: str, *, after: int = 0) -> str:
        """Quote the end of a log, without the frames of its stack traces.

        Parameters
        ----------
        log
            Name below the folder of logs.
        after
            Bytes at its beginning to leave out.

        Returns
        -------
        str
            Up to twenty lines below a headline, or nothing.
        """
        try:
            content = (self.logs / log).read_bytes()[after:].decode("utf-8", "replace")
        except OSError:
            return ""
        lines = [line for line in content.splitlines() if line.strip() and not line.startswith(("\tat ", "\t... "))]
        return "\n".join([f"\nlast lines of {self.logs / log}:", *lines[-20:]]) if lines else ""

    def _identity(self) -> dict[str, Any]:
        try:
            content = json.loads((self.path / "kinfold.json").read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise EmbeddedError(f"{self.path / 'kinfold.json'} is damaged: {error}") from error
        return content if isinstance(content, dict) else {}

    def _write(self, name: str, content: dict[str, Any]) -> None:
        path = self.path / name
        temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
        temporary.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        os.replace(temporary, path)


def listens(port: int) -> bool:
    """Return whether somebody takes connections.

    Parameters
    ----------
    port
        On loopback.

    Returns
    -------
    bool
        Whether a connection was made.
    """
    try:
        socket.create_connection((ADDRESS, port), timeout=2).close()
    except OSError:
        return False
    return True


def _birth(pid: int) -> str:
    """Return when a process was born, in words that stay the same for as long as it lives; empty when there is none.

    The kernel counts from its own start. The time of day, which psutil makes of that, is another after the clock was
    set, and a server that could not be told from a stranger would be left running.
    """
    with suppress(OSError, IndexError):
        # The name, in parentheses, may hold anything.
        ticks = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
        return f"{_BOOT.read_text('ascii').strip()} {ticks}"
    with suppress(psutil.Error):
        return str(psutil.Process(pid).create_time())
    return ""


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
    return True
