"""Workers of one load: this process alone, or several beside it, each with connections of its own.

Resolving takes an interpreter as much as it takes the database, and a process has one interpreter.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from graph.embedded.home import FileLock
from graph.errors import KinfoldError
from graph.loads.worker import Worker
from graph.opening import open_database, rarely_collect, resolver_on
from graph.settings import Settings

LOOK_SECONDS = 0.2
"""How often it is looked how far the processes are."""


class WorkerPool:
    """Runs pieces of work, each a method of `Worker` with its arguments.

    Parameters
    ----------
    worker
        Does the work where there is no other process.
    settings
        With which other processes open the database.
    workers
        How many processes; 1 is this one alone.
    lock
        A file that the other processes hold together as long as they are there.
    """

    def __init__(self, worker: Worker, settings: Settings, workers: int, lock: Path) -> None:
        self.workers = max(workers, 1)
        self.on_progress: Any = lambda what, done: None
        """Told what is done, and how much of it since the pieces were given."""
        self._worker = worker
        self._settings = settings
        self._lock = lock
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "WorkerPool":
        if self.workers > 1:
            spawn = multiprocessing.get_context("spawn")
            self._stop, self._done = spawn.Event(), spawn.Value("q", 0)
            given = (self._settings, self._lock, self._stop, self._done)
            self._pool = ProcessPoolExecutor(self.workers, spawn, initializer=_begin, initargs=given)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._pool is not None:
            # Whoever is in the middle of a partition stops behind the batch that is under way.
            self._stop.set()
            self._pool.shutdown(cancel_futures=True)

    def run(self, what: str, pieces: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Do pieces of work side by side; return what they came to, in their order.

        Raises
        ------
        KinfoldError
            What the first one raised that failed, or that a process is gone.
        """
        if self._pool is None:
            done = 0

            def tell(more: int) -> None:
                nonlocal done
                done += more
                self.on_progress(what, done)

            self._worker.told = tell
            return [getattr(self._worker, what)(*piece) for piece in pieces]
        with self._done.get_lock():
            self._done.value = 0
        futures = [self._pool.submit(_work, what, piece) for piece in pieces]
        left: Any = futures
        try:
            while left:
                finished, left = wait(left, LOOK_SECONDS, FIRST_EXCEPTION)
                for future in finished:
                    future.result()
                self.on_progress(what, self._done.value)
        except BrokenProcessPool as error:
            raise KinfoldError("A process of this load was ended. The same command carries the load on.") from error
        return [future.result() for future in futures]


_here: Worker | None = None
"""In a process of a pool: who works."""
_opened = ExitStack()
_held: list[FileLock] = []


def _begin(settings: Settings, lock: Path, stop: Any, done: Any) -> None:
    """Open what a worker needs, in its process."""
    global _here  # noqa: PLW0603 a process has one worker
    _held.append(FileLock(lock))
    _held[0].acquire(shared=True)
    # The process that leads decides when to stop; when it is gone, nobody may go on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    leader = multiprocessing.parent_process()
    assert leader is not None
    threading.Thread(target=_end_after, args=(leader,), name="kinfold-leader", daemon=True).start()
    database = _opened.enter_context(open_database(settings))
    rarely_collect()

    def tell(more: int) -> None:
        with done.get_lock():
            done.value += more

    _here = Worker(database, resolver_on(database, settings))
    _here.told, _here.stopped = tell, stop.is_set


def _end_after(leader: Any) -> None:
    leader.join()
    os._exit(1)


def _work(what: str, piece: tuple[Any, ...]) -> Any:
    assert _here is not None
    try:
        return getattr(_here, what)(*piece)
    except (KinfoldError, OSError):
        raise
    except Exception as error:
        # Not every error of a library can be sent to another process.
        raise KinfoldError(f"A process of this load failed ({type(error).__name__}: {error}).") from None
