"""The figures of the whole graph: who is in it, what came in, what was folded."""

import threading
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta

from graph.clock import rfc3339
from graph.explore.contacts import Document
from graph.identity.namespaces import BUILT_IN, DEFAULT_NAMESPACES, Namespaces
from graph.model import PLURALS
from graph.store.database import Database, Row, Transaction

DAYS = 30
"""How many days the figures of days go back, today among them."""
_DAY = 86_400
_SETTLED_SECONDS = 120
"""How long after its end a day may still get events: they are stamped on arrival and committed after that."""
_RATIO_DIGITS = 3


class Overview:
    """Counts what the home page shows; days that are over are counted once."""

    def __init__(self, database: Database, namespaces: Namespaces = DEFAULT_NAMESPACES) -> None:
        self._database = database
        self._namespaces = namespaces
        self._over: dict[int, Counter[str]] = {}
        self._counting = threading.Lock()

    def figures(self) -> Document:
        """Return contacts by kind, keys, deduplication, and events, unions and rules of the last `DAYS` days."""
        now = time.time()
        today = int(now) // _DAY
        days = range(today - DAYS + 1, today + 1)

        def work(tx: Transaction) -> tuple[list[Row], Row, dict[str, int], list[Row]]:
            declared = [name for name in self._namespaces.names if name not in PLURALS]
            return (
                tx.run("explore.kinds_of_contacts"),
                tx.run("explore.totals")[0],
                {row["name"]: row["keys"] for row in tx.run("namespaces.keys", names=declared)} if declared else {},
                tx.run("explore.unions_of_days", since=_start(days[0])),
            )

        kinds, totals, keys, unions = self._database.read(work)
        events = self._events(days, now)
        by_kind = {"known": 0, "anonymous": 0} | {row["kind"]: row["contacts"] for row in kinds}
        contacts = sum(by_kind.values())
        unions_of = {row["day"]: row for row in unions}
        rules = sum(events.values(), Counter[str]())
        return {
            "as_of": rfc3339(datetime.fromtimestamp(now, UTC)),
            "contacts": {"total": contacts, **by_kind},
            "keys": {
                "total": totals["owned"],
                "by_namespace": {one.name: totals[PLURALS[one.name]] for one in BUILT_IN} | keys,
            },
            "deduplication": {
                "keys_a_contact": _ratio(totals["owned"], contacts),
                "folded": totals["folded"],
                "contacts_ever": contacts + totals["folded"],
                "folded_share": _ratio(totals["folded"], contacts + totals["folded"]),
            },
            "events": {"total": totals["events"], "in_days": rules.total()},
            "unions": {
                "total": totals["unions"],
                "in_days": sum(row["unions"] for row in unions),
                "undone_in_days": sum(row["undone"] for row in unions),
            },
            "days": [
                {
                    "day": (date(1970, 1, 1) + timedelta(days=day)).isoformat(),
                    "events": events[day].total(),
                    "unions": unions_of[day]["unions"] if day in unions_of else 0,
                }
                for day in days
            ],
            "rules": [{"rule": rule, "events": rules[rule]} for rule in sorted(rules)],
        }

    def _events(self, days: range, now: float) -> dict[int, Counter[str]]:
        """Count the events of each day by rule, reading no day again that is over."""
        with self._counting:
            over = {day: counted for day, counted in self._over.items() if day in days}
            first = next((day for day in days if day not in over), days[-1])
            rows = self._database.read(
                lambda tx: tx.run("explore.events_of_days", since=_start(first), until=_start(days[-1] + 1))
            )
            found: dict[int, Counter[str]] = {day: Counter() for day in days} | over
            for day in range(first, days[-1] + 1):
                found[day] = Counter({row["rule"]: row["events"] for row in rows if row["day"] == day})
            self._over = {day: found[day] for day in days if (day + 1) * _DAY + _SETTLED_SECONDS < now}
            return found


def _start(day: int) -> datetime:
    return datetime.fromtimestamp(day * _DAY, UTC)


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, _RATIO_DIGITS) if whole else None
