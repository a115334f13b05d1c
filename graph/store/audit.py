"""Entries of the audit as transactions write them: who acts here, and why they say that they do."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import uuid_utils

from graph.clock import Micros

MAX_WHY = 500
"""Characters of a reason that are kept."""

AuditRow = dict[str, Any]

_WHY: ContextVar[str | None] = ContextVar("kinfold_why", default=None)
_NOT_TOLD = frozenset({"kind", "fresh", "place", "by", "contact", "other"})


def because() -> str | None:
    """Return the reason that was given for what is done here, if any."""
    return _WHY.get()


@contextmanager
def acting_because(why: str | None) -> Iterator[None]:
    """Keep a reason with everything that is done within this context."""
    kept = "".join(character for character in why or "" if character.isprintable()).strip()[:MAX_WHY]
    token = _WHY.set(kept or None)
    try:
        yield
    finally:
        _WHY.reset(token)


def audit_row(what: str, at: Micros, by: str | None, contact: str | None = None, **more: Any) -> AuditRow:
    """Make an entry; members that are None are left out."""
    row = {"id": str(uuid_utils.uuid7()), "what": what, "at": at, "by": by, "contact": contact, "why": because()}
    return {name: value for name, value in {**row, **more}.items() if value is not None}


def rows_of_changes(changes: Iterable[dict[str, Any]]) -> list[AuditRow]:
    """Return an entry for each change that somebody made by hand: those that say by whom."""
    return [
        audit_row(
            change["kind"],
            change["fresh"],
            change["by"],
            change.get("contact"),
            other=change.get("other"),
            **{name: value for name, value in change.items() if name not in _NOT_TOLD},
        )
        for change in changes
        if change.get("by") is not None
    ]
