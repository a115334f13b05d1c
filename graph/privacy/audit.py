"""The audit: who did what by hand, who read and exported whom, and the reason they gave.

What is written by hand is noted in the transaction that does it. Reads are kept in memory and written by a thread of
the server every second, so that nobody who only looks waits for a write; a server that is killed loses that second of
them.
"""

import logging
import re
import threading
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from graph.clock import END_OF_TIME, Clock, Micros, to_micros, to_text
from graph.errors import Unavailable
from graph.paging import cut_page, read_cursor
from graph.store.audit import AuditRow, audit_row
from graph.store.changes import acting
from graph.store.database import RECEIPT, REPEATABLE, Database, Row, Transaction

log = logging.getLogger("kinfold.audit")

Document = dict[str, Any]

KEPT_SECONDS = 1.0
"""How often a server writes down the reads that are kept."""
MOST_KEPT = 100_000
"""Reads that are kept at most; a read beyond that, while nothing can be written, is refused."""
AT_ONCE = 1_000
"""Reads that are written in one transaction."""
_CORE = ("id", "at", "by", "what", "contact", "other", "why")
_TEXTS = ("why", "value", "changed")
"""Members in which a key of somebody may stand."""


class Audit:
    """Notes exports and reads of persons, and lists the audit."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._kept: list[AuditRow] = []

    def exported(self, contact: str) -> None:
        """Note an export before anything of it is sent.

        Raises
        ------
        Unavailable
            When the database cannot be reached: what leaves no trace is not exported.
        """
        row = audit_row("exported", self._clock.next(), acting(), contact)
        self._database.write(lambda tx: tx.run("audit.append", rows=[row]), committed=RECEIPT)

    def read(self, call: str, *contacts: str | None, **details: Any) -> None:
        """Note that somebody read persons; nothing is written here, see `flush`.

        Parameters
        ----------
        call
            What was asked for, such as ``history``.
        contacts
            Each gets an entry; None stands for a list of persons that is told by its details.

        Raises
        ------
        Unavailable
            When too many reads wait to be written, because nothing can be written.
        """
        by = acting()
        rows = [audit_row("read", self._clock.next(), by, one, call=call, **details) for one in contacts]
        with self._lock:
            if len(self._kept) + len(rows) > MOST_KEPT:
                raise Unavailable("Reads of persons cannot be noted at the moment; nobody is read without a trace.")
            self._kept += rows

    def flush(self) -> None:
        """Write down the reads that are kept; while the database cannot be reached they stay."""
        with self._writing:
            while rows := self._kept[:AT_ONCE]:
                try:
                    self._database.write(partial(_append_reads, rows), committed=REPEATABLE)
                except Unavailable:
                    log.warning("reads are noted later: the database cannot be reached")
                    return
                with self._lock:
                    del self._kept[: len(rows)]

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
        filters = {
            "by": by or "",
            "what": what or "",
            "from": _micros(since, 0),
            "until": _micros(until, END_OF_TIME),
            "before": before,
            "before_id": before_id,
            "limit": limit + 1,
        }

        def work(tx: Transaction) -> list[Row]:
            if contact is None:
                return tx.run("audit.page", **filters)
            return tx.run("audit.page_of", contact=contact, **filters)

        rows = self._database.read(work)
        entries, following = cut_page([row["entry"] for row in rows], limit, "at", "id")
        return [_document(entry) for entry in entries], following


def _append_reads(rows: list[AuditRow], tx: Transaction) -> None:
    tx.run("audit.append_reads", rows=rows)


def redact(tx: Transaction, values: Sequence[str], instead: str) -> None:
    """Replace keys that go with who is erased wherever a text of the audit holds one as a whole word."""
    # What was changed stands there as JSON, in which some characters are written otherwise.
    forms = {form for value in values if value for form in (value, orjson.dumps(value).decode()[1:-1])}
    if not forms:
        return
    marks = sorted(map(re.escape, forms), key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(marks)})(?!\w)", re.IGNORECASE)
    found = tx.run("audit.naming", values=[form.lower() for form in sorted(forms)])
    texts = [
        {name: None if row[name] is None else pattern.sub(lambda _: instead, row[name]) for name in _TEXTS}
        for row in found
    ]
    changed = [
        {"id": row["id"], **text}
        for row, text in zip(found, texts, strict=True)
        if any(row[name] != text[name] for name in _TEXTS)
    ]
    if changed:
        tx.run("audit.redact", rows=changed)


def _micros(moment: datetime | None, otherwise: Micros) -> Micros:
    return otherwise if moment is None else to_micros(moment)


def _document(entry: dict[str, Any]) -> Document:
    core = {name: entry.get(name) for name in _CORE}
    details = {name: value for name, value in sorted(entry.items()) if name not in _CORE}
    if "changed" in details:
        details["changed"] = orjson.loads(details["changed"])
    return {**core, "at": to_text(entry["at"]), "details": details}
