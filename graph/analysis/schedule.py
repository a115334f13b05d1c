"""Analysing a large graph now and then, by one server of several."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from graph.analysis.anomalies import Anomalies
from graph.clock import to_datetime
from graph.store.database import REPEATABLE, Database

log = logging.getLogger("kinfold.analysis")

LEASE = "analysis"
LEASE_SECONDS = 3_600
"""How long a server that died in the middle of an analysis keeps the others from making it."""
LOOK_SECONDS = 60.0
"""Between two looks whether an analysis is due."""


@dataclass(slots=True)
class AnalysisSchedule:
    """Analyses the graph when the last analysis is older than ``hours`` and the graph has changed since.

    A small graph is left alone: it is analysed when somebody looks at it.
    """

    database: Database
    anomalies: Anomalies
    hours: float
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    holder: str = field(default_factory=lambda: uuid4().hex)

    def turn(self) -> bool:
        """Analyse when that is due and no other server does it; return whether it was done.

        Raises
        ------
        Unavailable
            When the database cannot be reached.
        """
        if not self._due() or not self._hold():
            return False
        try:
            # Another server may have made it between the look and the lease.
            if not self._due():
                return False
            log.info("analysing the graph")
            self.anomalies.refresh()
            return True
        finally:
            self.database.write(
                lambda tx: tx.run("webhooks.release", name=LEASE, holder=self.holder), committed=REPEATABLE
            )

    def _due(self) -> bool:
        if not self.hours or self.anomalies.small():
            return False
        at = self.anomalies.last_at()
        if at is None:
            return True
        return self.now() - to_datetime(at) >= timedelta(hours=self.hours) and not self.anomalies.current()

    def _hold(self) -> bool:
        rows = self.database.write(
            lambda tx: tx.run("webhooks.lease", name=LEASE, holder=self.holder, seconds=LEASE_SECONDS),
            committed=REPEATABLE,
        )
        return bool(rows[0]["holder"] == self.holder)
