"""The feed: changes in one order that no reader can miss a part of, page by page.

Transactions write their changes without a number, so that none waits for another. Numbers are given afterwards, under
a lock on one node, by whoever reads the feed: only what is committed gets one, each later than every number that was
given before. See docs/decisions/0013-change-feed.md for why this order is complete and what it promises.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from graph.clock import END_OF_TIME, Micros, to_micros, to_text
from graph.errors import BadInput, FieldError, Gone
from graph.paging import make_cursor, read_cursor
from graph.store.changes import ChangeKind
from graph.store.database import REPEATABLE, Database, Row, Transaction

Document = dict[str, Any]

FEED = "changes"
"""The name of the feed's node."""
BATCH = 1_000
"""How many changes are numbered at once."""
LOOK_SECONDS = 3.0
"""How long a look for the lag may take: it stands before every scrape."""
LOOKS = 20
"""How often unnumbered changes are looked at for two looks that agree, before numbering is left to the next reader."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change with its number."""

    seq: int
    kind: ChangeKind
    at: Micros
    document: Document
    """As the feed shows it."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind the readers are that this deployment knows: numbering, and the slowest webhook."""

    last: int
    unnumbered_seconds: float
    """The age of the oldest change that has no number yet; 0 when there is none."""
    undelivered: int
    """Numbers between the webhook that is furthest behind and the end of the feed."""
    undelivered_seconds: float
    dead_letters: int


class Feed:
    """Reads the feed, numbering what is new, and sweeps what is old."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, *, after: str | None = None, limit: int = 100) -> tuple[list[Document], str | None]:
        """Return the changes after a place, oldest first, and the cursor after the last of them.

        Parameters
        ----------
        after
            The cursor of an earlier page, or a change's id; None begins with the oldest change that is kept.

        Returns
        -------
        tuple
            The changes, and where to go on; None, keep the cursor you have, when there is nothing new.

        Raises
        ------
        BadInput
            When that is no cursor and no id.
        Gone
            When changes after this place were swept away already.
        """
        place = None if after is None else _place(after)
        changes = self.after(place or 0, limit=limit, given=place is not None)
        return [change.document for change in changes], make_cursor(changes[-1].seq) if changes else None

    def after(self, place: int, *, limit: int, given: bool = False) -> list[Change]:
        """Return the changes after a number; ``given`` is whether a reader relies on having read up to there.

        Raises
        ------
        Gone
            When ``given`` and changes after this number were swept away already.
        """

        def work(tx: Transaction) -> list[Row]:
            state = lock(tx)
            if given and place < state["swept"]:
                raise Gone(
                    f"Changes up to {state['swept']} were removed from the feed, some after the given cursor. Read "
                    "what you keep anew, then the feed without a cursor."
                )
            last: int = state["last"]
            rows = tx.run("feed.page", after=place, limit=limit)
            if len(rows) < limit and (numbered := _number(tx, last)):
                last += numbered
                rows = tx.run("feed.page", after=place, limit=limit)
            if given and place > last:
                raise BadInput([FieldError("after", "cursor", "the feed has not come so far: this is no cursor of it")])
            return rows

        return [change_of(row) for row in self._database.write(work, committed=REPEATABLE)]

    def end(self, tx: Transaction) -> int:
        """Give a number to everything that is committed, in the given transaction, and return the last one."""
        last: int = lock(tx)["last"]
        while numbered := _number(tx, last):
            last += numbered
        return last

    def sweep(
        self, *, days: int, until: int | None = None, held: Callable[[Transaction], bool] = lambda _: True
    ) -> int:
        """Delete changes that are older; tell how many.

        Parameters
        ----------
        days
            How long changes are kept; 0 keeps them for ever.
        until
            The number up to which every webhook has its changes; None when there is no webhook.
        held
            Asked in every transaction whether to go on: who lost the lease leaves the rest to its new holder.
        """
        if not days:
            return 0
        before = datetime.now(UTC) - timedelta(days=days)

        def work(tx: Transaction) -> int:
            state = lock(tx)
            if not held(tx):
                return 0
            rows = tx.run(
                "feed.sweep", name=FEED, until=state["last"] if until is None else until, before=before, limit=BATCH
            )
            return rows[0]["swept"] if rows else 0

        total = 0
        while swept := self._database.write(work, committed=REPEATABLE):
            total += swept

        def sweep_letters(tx: Transaction) -> int:
            state = lock(tx)
            if not held(tx):
                return 0
            gone: int = tx.run("webhooks.sweep", until=state["swept"], limit=BATCH)[0]["swept"]
            return gone

        while self._database.write(sweep_letters, committed=REPEATABLE):
            pass
        return total

    def number(self) -> None:
        """Give numbers to what is new, if anything, in transactions of bounded size."""
        while self._database.read(lambda tx: tx.run("feed.fresh", until=END_OF_TIME, limit=1)):
            if not self._database.write(lambda tx: _number(tx, lock(tx)["last"]), committed=REPEATABLE):
                break

    def last(self) -> int:
        """Return the highest number that was given so far."""
        rows = self._database.read(lambda tx: tx.run("feed.state", name=FEED))
        return rows[0]["last"] if rows else 0

    def lag(self) -> Lag:
        """Return how far behind things are.

        Raises
        ------
        Unavailable
            When the database does not answer within three seconds.
        """
        row = self._database.read(lambda tx: tx.run("feed.lag", name=FEED), retry_seconds=LOOK_SECONDS)[0]
        now = to_micros(datetime.now(UTC))

        def age(since: Micros | None) -> float:
            return 0.0 if since is None else max(0.0, (now - since) / 1_000_000)

        behind = row["last"] - min(row["webhooks"]) if row["webhooks"] else 0
        waiting = [since for since in (row["waiting_since"], row["fresh_since"] if row["webhooks"] else None) if since]
        return Lag(row["last"], age(row["fresh_since"]), behind, age(min(waiting, default=None)), row["dead"])


def lock(tx: Transaction) -> Row:
    """Take the feed's lock for the rest of a transaction and read its state."""
    tx.run("feed.lock", name=FEED)
    return tx.run("feed.state", name=FEED)[0]


def change_of(row: Row) -> Change:
    """Read a numbered change as a page of the feed gives it."""
    members = {name: value for name, value in row["change"].items() if value is not None and name != "seq"}
    kind, contact = members.pop("kind"), members.pop("contact", None)
    if "subject_type" in members:
        members["subject"] = {"type": members.pop("subject_type"), "value": members.pop("subject_value")}
    if "actions" in members:
        members["actions"] = [orjson.loads(action) for action in members["actions"]]
    document = {"id": str(row["seq"]), "kind": kind, "at": to_text(row["at"]), "contact": contact, **members}
    return Change(row["seq"], kind, row["at"], document)


def _number(tx: Transaction, last: int) -> int:
    """Give numbers to the oldest changes that have none, under the feed's lock; return how many.

    A change is numbered only once two looks in a row found the same ones up to its time. What it follows from was
    committed before the first of these looks was over, has an earlier time, and is therefore among them.
    """
    found = tx.run("feed.fresh", until=END_OF_TIME, limit=BATCH)
    if not found:
        return 0
    until = found[-1]["fresh"]
    before = {row["element"] for row in found}
    for _ in range(LOOKS):
        again = tx.run("feed.fresh", until=until, limit=10 * BATCH)
        elements = {row["element"] for row in again}
        if elements == before:
            rows = [{"element": row["element"], "seq": last + 1 + turn} for turn, row in enumerate(again)]
            tx.run("feed.number", name=FEED, last=last + len(rows), rows=rows)
            return len(rows)
        before = elements
    return 0


def _place(after: str) -> int:
    if after.isascii() and after.isdigit() and len(after) < 19:
        return int(after)
    try:
        (seq,) = read_cursor(after, (int,))
    except BadInput as error:
        raise BadInput(
            [FieldError("after", "cursor", "this is neither a cursor of the feed nor a change's id")]
        ) from error
    return int(seq)
