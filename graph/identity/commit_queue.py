"""The queue before the resolver: callers that come at the same time share a commit.

While one commit is under way the next events gather, and go into the next one together. When nobody waits, an
event goes at once: there is no timer. One worker takes the batches, so answers keep the order of arrival within a
process; between processes the database's locks do.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from graph import tracing
from graph.callbacks import notify
from graph.errors import KinfoldError, Unavailable
from graph.identity.events import Event
from graph.identity.resolver import resolve_each
from graph.model import Answer

log = logging.getLogger("kinfold.commit_queue")

LARGEST_BATCH = 256
"""Events a commit: an answer waits for the whole batch, so one that is larger makes its first caller wait longer."""
LONGEST_LINE = 4096
"""Events that wait; one more is refused, so that memory is bounded."""


class ResolveMany(Protocol):
    """What `graph.identity.resolver.Resolver.resolve` does."""

    def __call__(self, events: Sequence[Event], *, explain: bool = ...) -> list[Answer]: ...


@dataclass(slots=True)
class _Waiting:
    event: Event
    explain: bool
    span: Any
    answer: "Future[Answer]" = field(default_factory=Future)


class CommitQueue:
    """Gathers single events into batches.

    Its thread is started by the first event, so that an application that is only made leaves none behind.

    Parameters
    ----------
    resolve
        Resolves a batch in one committed transaction.
    largest, longest
        Events a batch, events that may wait.
    """

    def __init__(self, resolve: ResolveMany, *, largest: int = LARGEST_BATCH, longest: int = LONGEST_LINE) -> None:
        self._resolve = resolve
        self._largest = largest
        self._longest = longest
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.sizes: Callable[[int], None] = lambda _: None
        """Told the size of every batch; for metrics."""
        self._worker: threading.Thread | None = None

    def submit(self, event: Event, *, explain: bool = False) -> "Future[Answer]":
        """Put an event in the queue; the future has its answer after the commit.

        Raises
        ------
        Unavailable
            When the queue is full, or the server is shutting down; sending again later is safe.
        """
        item = _Waiting(event, explain, tracing.here())
        with self._changed:
            if self._closed:
                raise Unavailable("The server is shutting down. Nothing was written; send this again.")
            if len(self._waiting) >= self._longest:
                raise Unavailable(f"{self._longest} events are waiting already. Nothing was written; send this again.")
            self._waiting.append(item)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="kinfold-commits", daemon=True)
                self._worker.start()
            self._changed.notify()
        return item.answer

    def __len__(self) -> int:
        return len(self._waiting)

    def close(self) -> None:
        """Refuse further events, resolve those that wait, and return when all have their answers."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            worker = self._worker
        if worker is not None:
            worker.join()

    def __enter__(self) -> "CommitQueue":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        while batch := self._next_batch():
            notify(self.sizes, len(batch))
            try:
                self._answer(batch)
            except Exception as error:
                # Everybody who comes waits for this one thread: no fault ends it.
                log.exception("a batch failed outside the resolver")
                for item in batch:
                    if not item.answer.done():
                        item.answer.set_exception(error)

    def _next_batch(self) -> list[_Waiting]:
        """Wait for events and take some; none when the queue is closed and empty."""
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._largest))]
            # A caller that went away before its turn is not resolved; one that goes later is.
            live = [item for item in taken if item.answer.set_running_or_notify_cancel()]
            if live or not taken:
                return live

    def _everybody(self) -> list[_Waiting]:
        with self._changed:
            taken = list(self._waiting)
            self._waiting.clear()
        return [item for item in taken if item.answer.set_running_or_notify_cancel()]

    def _answer(self, batch: list[_Waiting]) -> None:
        explain = any(item.explain for item in batch)
        try:
            with tracing.span("batch", {"events": len(batch)}, links=[item.span for item in batch]):
                results = resolve_each(partial(self._resolve, explain=explain), [item.event for item in batch])
        except Unavailable as error:
            results = [error] * len(batch)
        for item, result in zip(batch, results, strict=True):
            if isinstance(result, KinfoldError):
                item.answer.set_exception(result)
                continue
            if not item.explain:
                result.trace = None
            item.answer.set_result(result)
        away = next((result for result in results if isinstance(result, Unavailable)), None)
        if away:
            # Those who came meanwhile have waited as long: none of them waits another time for the same outage.
            for item in self._everybody():
                item.answer.set_exception(away)
