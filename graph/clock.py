"""Times: microseconds since the epoch inside, UTC datetimes at the edges; ids that nobody has used before."""

import re
import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import uuid_utils

Micros = int
"""Microseconds since 1970-01-01T00:00:00Z."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> Micros:
    """Turn an aware datetime into microseconds since the epoch."""
    return (moment - _EPOCH) // _MICROSECOND


END_OF_TIME: Micros = to_micros(datetime(9999, 12, 31, tzinfo=UTC))
"""Later than anything that has happened: where a list begins that shows the newest first."""


def to_datetime(micros: Micros) -> datetime:
    """Turn microseconds since the epoch into a UTC datetime."""
    return _EPOCH + timedelta(microseconds=micros)


def to_pair(micros: Micros) -> list[int]:
    """Turn microseconds into seconds since the epoch and nanoseconds after them, as statements take times.

    The driver packs datetimes slowly, and tuples slower than lists; a time before 1970 is no special case.
    """
    seconds, rest = divmod(micros, 1_000_000)
    return [seconds, rest * 1000]


def to_text(micros: Micros) -> str:
    """Write a time as answers show it: RFC 3339 in UTC."""
    return rfc3339(to_datetime(micros))


def rfc3339(at: datetime) -> str:
    """Write a time as RFC 3339 in UTC, such as ``2026-11-22T10:00:00Z``; one without a zone is UTC."""
    in_utc = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return in_utc.isoformat().replace("+00:00", "Z")


class Clock:
    """Arrival times that never repeat and never go back within a process."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self, count: int = 1, *, after: Micros = 0) -> Micros:
        """Reserve ``count`` consecutive arrival times later than ``after`` and return the first.

        ``after`` carries what another machine's clock has already stamped on the same contacts: the order in
        which transactions got their locks is the order of arrival, whatever the clocks say.
        """
        with self._lock:
            first = max(time.time_ns() // 1000, self._last + 1, after + 1)
            self._last = first + count - 1
            return first


class IdSource(Protocol):
    """Where new ids come from."""

    def contact(self) -> str: ...
    def tracker(self) -> str: ...
    def time_ordered(self) -> str: ...


MINTED = "kf-"
"""How trackers of our own making begin."""
_MINTED_FORM = re.compile(MINTED + r"[A-Za-z0-9_-]{24}")


def is_minted(tracker: str) -> bool:
    """Return whether a tracker looks like one of our own making."""
    return _MINTED_FORM.fullmatch(tracker) is not None


class RandomIds:
    """Contacts and journal entries in order of time (they sit side by side in the index), trackers unguessable."""

    def contact(self) -> str:
        """Mint a contact's id."""
        return str(uuid_utils.uuid7())

    def tracker(self) -> str:
        """Mint a tracker: whoever holds it is taken for its owner, so it must not be guessed."""
        return MINTED + secrets.token_urlsafe(18)

    def time_ordered(self) -> str:
        """Mint the id of a period of ownership, a union, or an event that came without one."""
        return str(uuid_utils.uuid7())
