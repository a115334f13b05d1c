"""What looks wrong in the graph. So far: what the limits on a contact's keys kept from being carried out."""

from datetime import UTC, datetime
from typing import Any

from graph.clock import to_micros, to_pair, to_text
from graph.database import Database, Row
from graph.decision import Limits
from graph.errors import BadInput, FieldError
from graph.paging import make_cursor, read_cursor

KINDS = ("limit",)
_END_OF_TIME = to_micros(datetime(9999, 12, 31, tzinfo=UTC))


class Anomalies:
    """Lists findings, each with its subject, a score from 0 to 1, and the reason in words."""

    def __init__(self, database: Database, limits: Limits | None = None) -> None:
        self._database = database
        self._limits = limits or Limits()

    def page(
        self, kind: str | None = None, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Give one page of findings, newest first, and the cursor of the next.

        Raises
        ------
        BadInput
            When there is no such kind, or the cursor is not one that an earlier page gave.
        """
        if kind is not None and kind not in KINDS:
            raise BadInput([FieldError("kind", "kind", f"a kind is one of {', '.join(KINDS)}")])
        before, before_id = read_cursor(cursor, (int, str)) if cursor else (_END_OF_TIME, "")
        rows = self._database.read(
            lambda tx: tx.run("anomalies.limited", before=to_pair(before), before_id=before_id, limit=limit + 1)
        )
        page = rows[:limit]
        following = make_cursor(page[-1]["at"], page[-1]["message_id"]) if len(rows) > limit else None
        return [self._limited(row) for row in page], following

    def _limited(self, row: Row) -> dict[str, Any]:
        limits = self._limits
        fullness = max(row["trackers"] / limits.max_trackers, row["subscriptions"] / limits.max_subscriptions)
        return {
            "kind": "limit",
            "subject": row["contact"],
            "score": round(min(1.0, fullness), 3),
            "reason": (
                f"Event {row['message_id']} (rule {row['rule']}) would have left a contact with more than "
                f"{limits.max_trackers} trackers or {limits.max_subscriptions} subscriptions: it was resolved, and the "
                "attachment or union was left undone."
            ),
            "evidence": {
                "message_id": row["message_id"],
                "rule": row["rule"],
                "tracker_id": row["tracker_id"],
                "subscription": row["subscription"],
                "trackers": row["trackers"],
                "subscriptions": row["subscriptions"],
                "at": to_text(row["at"]),
            },
        }
