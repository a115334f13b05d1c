"""Brings the jars of a release into the cache, checked against its lock."""

import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from graph.embedded.home import EmbeddedError, FileLock
from graph.embedded.lock import PARALLEL, Jar, Lock, maven, sha256
from graph.embedded.signatures import write_unsigned

Progress = Callable[[str, int, int], None]

ATTEMPTS = 6
"""How often one file is tried; a busy registry answers again after a moment."""
PAUSE = 0.5
"""Seconds before the second attempt, doubled each time."""
_WAIT = 1800.0


def fetch(
    lock: Lock,
    cache: Path,
    on_progress: Progress | None = None,
    *,
    attempts: int = ATTEMPTS,
    pause: float = PAUSE,
) -> list[Path]:
    """Make sure that every jar of a lock is in the cache.

    Parameters
    ----------
    lock
        What is needed.
    cache
        Folder shared by every home and every process of this user.
    on_progress
        Called with ``"fetch"``, the bytes there are and the bytes there will be.
    attempts
        How often one file is tried.
    pause
        Seconds before the second attempt.

    Returns
    -------
    list of Path
        The jars in the order of the lock; for those that are signed, their copies without a signature.

    Raises
    ------
    EmbeddedError
        When a file cannot be had, or is not the one in the lock.

    Notes
    -----
    A file whose size and time of change stand in the marker is not read again, so a start
    costs one ``stat`` a jar. Finished files are kept when a fetch is interrupted.
    """
    jars = cache.absolute() / "jars"
    paths = [jars / (jar.unsigned_path if jar.signed else jar.path) for jar in lock.jars]
    marked = _marked(jars)
    if marked >= _stamps(jars, lock):
        return paths
    if marked >= _stamps_as_fetched(jars, lock) and not os.access(jars, os.W_OK):
        # Filled by somebody else, who made no copies: with their signatures the jars do as well, only slower.
        return [jars / jar.path for jar in lock.jars]
    jars.mkdir(parents=True, exist_ok=True)
    guard = FileLock(jars / ".lock")
    if not guard.acquire(timeout=_WAIT):
        raise EmbeddedError("another process has been fetching the database server for too long")
    try:
        # Whoever held the guard before is done or dead: its unfinished files are of no use.
        partial = jars / ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        marked = _marked(jars)
        missing = [jar for jar in lock.jars if not _present(jars, jar, marked)]
        if missing:
            _fetch_all(lock, missing, jars, partial, on_progress, attempts, pause)
        for jar in lock.jars:
            if jar.signed and _stamp_of_copy(jars, jar) not in marked:
                write_unsigned(jars / jar.path, partial / jar.name)
                (partial / jar.name).replace(jars / jar.unsigned_path)
        _mark(jars, marked | _stamps(jars, lock))
        shutil.rmtree(partial, ignore_errors=True)
    finally:
        guard.release()
    return paths


def _fetch_all(
    lock: Lock,
    missing: list[Jar],
    jars: Path,
    partial: Path,
    on_progress: Progress | None,
    attempts: int,
    pause: float,
) -> None:
    done = lock.size - sum(jar.size for jar in missing)
    if on_progress:
        on_progress("fetch", done, lock.size)
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="fetch") as pool:
        running: dict[Future[None], Jar] = {
            pool.submit(_fetch_one, jar, jars, partial, attempts, pause): jar for jar in missing
        }
        try:
            for finished in as_completed(running):
                finished.result()
                done += running[finished].size
                if on_progress:
                    on_progress("fetch", done, lock.size)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch_one(jar: Jar, jars: Path, partial: Path, attempts: int, pause: float) -> None:
    reason = ""
    for attempt in range(attempts):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1) * random.uniform(0.75, 1.25))  # noqa: S311
        # A folder for each attempt: the library takes a file that is there for a whole one.
        with tempfile.TemporaryDirectory(dir=partial) as folder:
            try:
                project = maven(Path(folder)).project(jar.group, jar.artifact)
                path: Path = project.at_version(jar.version).artifact(jar.classifier, jar.packaging).resolve()
            except Exception as error:  # the library lets those of its HTTP client through
                reason = f"it could not be fetched: {error}"
                continue
            size, digest = path.stat().st_size, sha256(path)
            if (size, digest) != (jar.size, jar.sha256):
                reason = (
                    f"it is not the one in the lock: {size} bytes with SHA-256 {digest}, "
                    f"expected {jar.size} bytes with {jar.sha256}"
                )
                continue
            target = jars / jar.path
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
            return
    raise EmbeddedError(f"{jar.name} ({jar.group}) of the database server: {reason}")


def _present(jars: Path, jar: Jar, marked: set[tuple[str, int, int]]) -> bool:
    path = jars / jar.path
    stamp = _stamp(path, jar.sha256)
    if stamp in marked:
        return True
    if stamp[1] == jar.size and sha256(path) == jar.sha256:
        return True
    path.unlink(missing_ok=True)
    return False


def _stamp(path: Path, digest: str) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return digest, -1, -1  # of a missing file: never marked
    return digest, stat.st_size, stat.st_mtime_ns


def _stamp_of_copy(jars: Path, jar: Jar) -> tuple[str, int, int]:
    return _stamp(jars / jar.unsigned_path, f"{jar.sha256}, unsigned")


def _stamps(jars: Path, lock: Lock) -> set[tuple[str, int, int]]:
    return _stamps_as_fetched(jars, lock) | {_stamp_of_copy(jars, jar) for jar in lock.jars if jar.signed}


def _stamps_as_fetched(jars: Path, lock: Lock) -> set[tuple[str, int, int]]:
    return {_stamp(jars / jar.path, jar.sha256) for jar in lock.jars}


def _marked(jars: Path) -> set[tuple[str, int, int]]:
    try:
        return {(digest, size, time_ns) for digest, size, time_ns in json.loads((jars / ".verified").read_text())}
    except (OSError, ValueError):
        return set()


def _mark(jars: Path, stamps: set[tuple[str, int, int]]) -> None:
    temporary = jars / ".verified.new"
    temporary.write_text(json.dumps(sorted(stamps)))
    os.replace(temporary, jars / ".verified")
