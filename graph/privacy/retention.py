"""Retention: activity older than a deployment keeps is dropped, batch by batch."""

from datetime import UTC, datetime, timedelta
from functools import partial

from graph.store.database import RECEIPT, REPEATABLE, Database, Transaction

PERIODS = 500
"""How many periods of ownership are looked at in one statement."""
BATCH = 2_000
"""How much activity, or how many replaced values of properties, one transaction drops."""


class Retention:
    """Drops activity that occurred, or was received, more than so many days ago, and values replaced before that.

    What follows from it is not taken back: contacts keep their keys, properties and unions. What counts activity (a
    segment's condition, a history) counts what is left. A ``message_id`` that was dropped is not known any more.

    Parameters
    ----------
    days
        How long activity is kept; None for good.
    """

    def __init__(self, database: Database, days: int | None) -> None:
        self._database = database
        self.days = days

    def sweep(self, now: datetime | None = None) -> int:
        """Drop what is too old by now; return how much it was.

        It may be interrupted and run again, by several processes too.
        """
        if self.days is None:
            return 0
        cutoff = (now or datetime.now(UTC)) - timedelta(days=self.days)
        dropped, after = 0, ""
        while page := self._database.read(
            lambda tx, after=after: tx.run("privacy.periods_page", after=after, limit=PERIODS, cutoff=cutoff)  # type: ignore[misc]
        ):
            after = page[-1]["id"]
            expired = [row["id"] for row in page if row["expired"]]
            while expired:
                gone: int = self._database.write(
                    lambda tx, expired=expired: tx.run("privacy.expire", periods=expired, cutoff=cutoff, limit=BATCH),  # type: ignore[misc]
                    committed=RECEIPT,
                )[0]["expired"]
                dropped += gone
                if gone < BATCH:
                    break
        while self._database.write(partial(_expire_properties, cutoff), committed=REPEATABLE) == BATCH:
            pass
        return dropped


def _expire_properties(cutoff: datetime, tx: Transaction) -> int:
    """Delete some values of properties that were replaced before a time."""
    expired: int = tx.run("privacy.expire_properties", cutoff=cutoff, limit=BATCH)[0]["expired"]
    return expired
