"""The audit: who did what by hand, who read and exported whom, and the reason they gave.

What is written by hand is noted in the transaction that does it. Reads are kept for up to a second before they are
written, so that nobody who only looks waits for a write; a server that is killed loses that second of them.
"""

import logging
import threading
import time
from datetime import datetime
from typing import Any

from graph.clock import END_OF_TIME, Clock, Micros, to_micros, to_text
from graph.errors import Unavailable
from graph.paging import make_cursor, read_cursor
from graph.store.audit import AuditRow, audit_row
from graph.store.changes import acting
from graph.store.database import RECEIPT, Database

log = logging.getLogger("kinfold.audit")

Document = dict[str, Any]

KEPT_SECONDS = 1.0
"""How long a read is kept before it is written."""
MOST_KEPT = 500
"""Reads from which they are written at once."""
_CORE = ("id", "at", "by", "what", "contact", "other", "why")


class Audit:
    """Notes exports and reads of persons, and lists the audit."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._kept: list[AuditRow] = []
        self._since = 0.0

    def exported(self, contact: str) -> None:
        """Note an export before anything of it is sent.

        Raises
        ------
        Unavailable
            When the database cannot be reached: what leaves no trace is not exported.
        """
        row = audit_row("exported", self._clock.next(), acting(), contact)
        self._database.write(lambda tx: tx.run("audit.append", rows=[row]), committed=RECEIPT)

    def read(self, what: str, *contacts: str) -> None:
        """Note that somebody read persons; ``what`` names the call."""
        now = time.monotonic()
        rows = [audit_row("read", self._clock.next(), acting(), contact, call=what) for contact in contacts]
        with self._lock:
            if not self._kept:
                self._since = now
            self._kept += rows
            due = len(self._kept) >= MOST_KEPT or now - self._since >= KEPT_SECONDS
        if due:
            self.flush()

    def flush(self) -> None:
        """Write down the reads that are kept; while the database cannot be reached they stay."""
        with self._lock:
            rows, self._kept = self._kept, []
        if not rows:
            return
        try:
            self._database.write(lambda tx: tx.run("audit.append", rows=rows), committed=RECEIPT)
        except Unavailable:
            log.warning("reads are noted later: the database cannot be reached")
            with self._lock:
                self._kept = rows + self._kept

    def page(
        self,
        *,
        by: str | None = None,
        what: str | None = None,
        contact: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[list[Document], str | None]:
        """Return one page of the audit, newest first, and the cursor of the next.

        Raises
        ------
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        self.flush()
        before, before_id = read_cursor(cursor, (int, str)) if cursor else (END_OF_TIME, "")
        rows = self._database.read(
            lambda tx: tx.run(
                "audit.page",
                **{
                    "by": by or "",
                    "what": what or "",
                    "contact": contact or "",
                    "from": _micros(since, 0),
                    "until": _micros(until, END_OF_TIME),
                    "before": before,
                    "before_id": before_id,
                    "limit": limit + 1,
                },
            )
        )
        entries = [row["entry"] for row in rows[:limit]]
        following = make_cursor(entries[-1]["at"], entries[-1]["id"]) if len(rows) > limit else None
        return [_document(entry) for entry in entries], following


def _micros(moment: datetime | None, otherwise: Micros) -> Micros:
    return otherwise if moment is None else to_micros(moment)


def _document(entry: dict[str, Any]) -> Document:
    core = {name: entry.get(name) for name in _CORE}
    details = {name: value for name, value in sorted(entry.items()) if name not in _CORE}
    return {**core, "at": to_text(entry["at"]), "details": details}
