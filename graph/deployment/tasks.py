"""What a server does for the feed beside answering: numbering, deliveries, watched segments, sweeping what is old."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from graph.analysis.schedule import LOOK_SECONDS, AnalysisSchedule
from graph.errors import Unavailable
from graph.feed.delivery import Deliveries
from graph.kinfold import Kinfold
from graph.privacy.audit import KEPT_SECONDS

log = logging.getLogger("kinfold.feed")

PAUSE_SECONDS = 1.0
"""Between two looks at the feed when nothing is due."""
OTHER_SECONDS = 10.0
"""Between two looks at the lease while another process holds it."""
SWEEP_SECONDS = 3_600.0
STOP_SECONDS = 15.0
"""How long a stopping server waits for a delivery that is under way; the next server sends it again."""


@dataclass(slots=True)
class FeedTasks:
    """The background work of one server; of several servers one does it at a time, who holds the lease."""

    kinfold: Kinfold
    deliveries: Deliveries
    stopped: Callable[[], bool] = lambda: False
    monotonic: Callable[[], float] = time.monotonic
    _watched_at: float | None = field(default=None, init=False)
    _swept_at: float | None = field(default=None, init=False)

    def turn(self) -> float:
        """Do what is due now; tell in how many seconds to look again.

        Raises
        ------
        Unavailable
            When the database cannot be reached.
        """
        if not self.deliveries.hold():
            return OTHER_SECONDS
        kinfold, settings = self.kinfold, self.kinfold.settings
        came = self.deliveries.round()
        if self._due(self._watched_at, settings.watch_seconds):
            kinfold.segments.sweep(stopped=self.stopped, held=self.deliveries.held)
            self._watched_at = self.monotonic()
        if self._due(self._swept_at, SWEEP_SECONDS):
            positions = [webhook.position for webhook in kinfold.webhooks.all()]
            kinfold.feed.sweep(days=settings.feed_days, until=min(positions, default=None), held=self.deliveries.held)
            self._swept_at = self.monotonic()
        return 0.0 if came.taken or came.passed else PAUSE_SECONDS

    def _due(self, last: float | None, seconds: float) -> bool:
        return last is None or self.monotonic() - last >= seconds


@contextmanager
def feed_tasks(kinfold: Kinfold) -> Iterator[None]:
    """Do the background work in a thread while this context lasts."""
    stop = threading.Event()

    def work() -> None:
        with Deliveries(
            kinfold.database,
            kinfold.feed,
            kinfold.webhooks,
            allow_internal=kinfold.settings.webhooks_allow_internal,
            stopped=stop.is_set,
        ) as deliveries:
            tasks = FeedTasks(kinfold, deliveries, stopped=stop.is_set)
            while not stop.is_set():
                pause = PAUSE_SECONDS
                try:
                    pause = tasks.turn()
                except Unavailable:
                    log.warning("the feed waits: the database cannot be reached")
                except Exception:
                    # A fault here must not end deliveries for as long as the server runs.
                    log.exception("the feed's background work failed; it goes on")
                stop.wait(pause)
            try:
                deliveries.release()
            except Unavailable:
                log.info("the lease of deliveries runs out by itself")
            except Exception:
                log.exception("the lease of deliveries could not be given back; it runs out by itself")

    def note_reads() -> None:
        stopping = False
        while not stopping:
            stopping = stop.wait(KEPT_SECONDS)
            try:
                kinfold.audit.flush()
            except Exception:
                log.exception("reads could not be noted; it is tried again")

    def analyse() -> None:
        schedule = AnalysisSchedule(kinfold.database, kinfold.anomalies, kinfold.settings.analyse_every)
        while not stop.wait(LOOK_SECONDS):
            try:
                schedule.turn()
            except Unavailable:
                log.warning("the analysis waits: the database cannot be reached")
            except Exception:
                log.exception("the analysis failed; it is tried again")

    thread = threading.Thread(target=work, name="kinfold-feed", daemon=True)
    thread.start()
    # Beside the feed, since it takes minutes; a server that stops does not wait for it.
    notes = threading.Thread(target=note_reads, name="kinfold-audit", daemon=True)
    notes.start()
    threading.Thread(target=analyse, name="kinfold-analysis", daemon=True).start()
    try:
        yield
    finally:
        stop.set()
        notes.join(STOP_SECONDS)
        thread.join(STOP_SECONDS)
