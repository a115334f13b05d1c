"""Erasing a person: nothing of them stays but tombstones, counts and, unless told otherwise, keyed hashes.

The first transaction makes the contact, all that were folded into it, and the visitors that stand for its browsers
where a space may not recognise them, unreachable, and deletes everything whose
size does not grow with what they did. Their activity goes in the same transaction when there is little of it, else in
batches that a sweep takes up again after a crash. The erasure's node knows the way to what is left until it is done.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from urllib.parse import quote

import orjson

from graph.analysis.findings import KINDS, identity, subject_of
from graph.blocking.suppression import Suppression
from graph.clock import to_text
from graph.errors import NotFound, TryAgain
from graph.explore.contacts import Document
from graph.identity.living import living_contact
from graph.identity.write_context import WriteContext
from graph.model import PLURALS, KeyRef
from graph.offers.visitors import stand_ins
from graph.privacy.audit import redact
from graph.store.changes import acting, append, change_row
from graph.store.database import RECEIPT, Row, Transaction

AT_ONCE = 2_000
"""Up to so many activities a person is erased in one transaction; beyond, this is the size of a batch."""

INSTEAD = "erased: this named somebody who was erased since"
IN_THE_AUDIT = "[erased]"
"""Stands in reasons for the keys of who was erased."""
"""What stands in a trace in place of a line that named the erased."""

OTHER_KEYS = "other_keys"
"""By which keys of further namespaces are counted."""

_COUNTED = (
    "contacts",
    *PLURALS.values(),
    OTHER_KEYS,
    "properties",
    "activities",
    "periods",
    "unions",
    "splits",
    "key_changes",
    "judgements",
    "separations",
    "lists",
    "enrolments",
    "runs",
    "findings",
    "changes",
    "redacted",
)

OF_CONTACTS: tuple[str, ...] = ("privacy.clear_changes",)
"""Further statements to run for what other capabilities keep on a contact: each takes ``ids`` (the contact's and those
folded into it) and ``limit``, deletes some and returns one row with the one column by whose name it is counted."""


class Erasures:
    """Erases persons, finishes what a crash interrupted, and reads receipts.

    Parameters
    ----------
    suppression
        Keeps the erased person's emails and user ids from coming back.
    suppressed
        Called once the keys of an erased person are suppressed.
    before
        Called before an erasure begins, to write down what is still to be written about anybody.
    """

    def __init__(
        self,
        context: WriteContext,
        suppression: Suppression,
        *,
        suppressed: Callable[[], None] = lambda: None,
        before: Callable[[], None] = lambda: None,
        at_once: int = AT_ONCE,
    ) -> None:
        self._context, self._database = context, context.database
        self._suppression = suppression
        self._suppressed = suppressed
        self._before = before
        self._at_once = at_once

    def erase(self, contact_id: str, *, allow_return: bool = False) -> Document:
        """Erase a person and give the receipt; the id of a folded contact erases its survivor, the same person.

        Parameters
        ----------
        allow_return
            Do not suppress the emails and user ids: a late event may bring them back.

        Returns
        -------
        dict
            ``{receipt, contact, redirected_from, erased_at, done, suppressed, removed}``; ``removed`` counts what was
            deleted of each kind, ``redacted`` the activity of others that had named the person.

        Raises
        ------
        NotFound
            When no contact ever had this id.
        Gone
            When it was erased before.
        """
        receipt = self._context.id_source.time_ordered()

        def begin(tx: Transaction) -> str:
            living = self._begin(tx, contact_id, receipt, allow_return=allow_return)
            self._step(tx, receipt)
            return living

        self._before()
        living = self._database.write(begin, committed=RECEIPT)
        self._suppressed()
        self.finish(receipt)
        redirected = {} if living == contact_id else {"redirected_from": contact_id}
        return {"contact": living, **redirected, **self.receipt(receipt)}

    def finish(self, receipt: str) -> None:
        """Go on with an erasure until nothing is left; that it is done already is no error."""
        while not self._database.write(lambda tx: self._step(tx, receipt), committed=RECEIPT):
            pass

    def sweep(self) -> int:
        """Finish every erasure that was interrupted; return how many there were."""
        found = [row["id"] for row in self._database.read(lambda tx: tx.run("privacy.pending"))]
        for receipt in found:
            self.finish(receipt)
        return len(found)

    def receipt(self, receipt: str) -> Document:
        """Return the receipt of an erasure; it names nobody.

        Raises
        ------
        NotFound
            When there is none of this id.
        """
        rows = self._database.read(lambda tx: tx.run("privacy.erasure", erasure=receipt))
        if not rows:
            raise NotFound(f"There is no receipt {receipt!r}.")
        [row] = rows
        return {
            "receipt": receipt,
            "erased_at": to_text(row["at"]),
            "done": not row["pending"],
            "suppressed": row["counts"].get("suppressed", 0),
            "removed": {name: row["counts"].get(name, 0) for name in _COUNTED},
        }

    def _begin(self, tx: Transaction, contact_id: str, receipt: str, *, allow_return: bool) -> str:
        living = living_contact(tx, contact_id)
        working_set = self._context.working_set(tx)
        # As every writer does: the contact's lock, then those of its keys. Who waits for one finds nobody behind it.
        working_set.load(contacts=[living])
        working_set.need_keys(working_set.contacts[living])
        # Under that lock: who makes another visitor of a browser of theirs waits for it.
        visitors = {one.contact for one in stand_ins(tx, living, self._context.namespaces)} - {living}
        working_set.load(contacts=sorted(visitors))
        working_set.need_keys(*(working_set.contacts[visitor] for visitor in visitors))
        at = datetime.now(UTC)
        rows = tx.run("privacy.begin", contact_ids=[living, *sorted(visitors)], erasure=receipt, at=at)
        if not rows:
            raise TryAgain
        [row] = rows
        moment = self._context.clock.next()
        append(
            tx, *(change_row("erased", moment, one, place=place, by=acting()) for place, one in enumerate(row["ids"]))
        )
        counts: dict[str, int] = {"contacts": len(row["ids"])}
        if not allow_return:
            owned = [KeyRef(*key) for key in row["keys"]]
            hashes = [one for key in owned for one in working_set.hashes_of(key)]
            counts["suppressed"] = self._suppression.add(tx, dict.fromkeys((*owned, *hashes)))
        [journal] = tx.run("privacy.clear_journal", erasure=receipt, at=at)
        [record] = tx.run("privacy.clear_record", erasure=receipt)
        tx.run("privacy.note", erasure=receipt, counts={**counts, **journal, **record})
        return living

    def _step(self, tx: Transaction, receipt: str) -> bool:
        """Remove one batch of what is left; tell whether that was the last."""
        rows = tx.run("privacy.holders", erasure=receipt)
        if not rows:
            return True
        ids: list[str] = rows[0]["ids"]
        counts: dict[str, int] = defaultdict(int, {name: rows[0]["counts"].get(name, 0) for name in _COUNTED})
        done = self._clear(tx, receipt, ids, counts)
        tx.run("privacy.note", erasure=receipt, counts=dict(counts))
        if done:
            tx.run("privacy.finish", erasure=receipt, at=datetime.now(UTC))
        return done

    def _clear(self, tx: Transaction, receipt: str, ids: list[str], counts: dict[str, int]) -> bool:
        limit = self._at_once

        def counted(rows: list[Row]) -> bool:
            """Count what went; tell whether there may be more of it."""
            for row in rows:
                for name, number in row.items():
                    counts[name] += number
            return any(number >= limit for row in rows for number in row.values())

        if counted(tx.run("privacy.clear_activity", erasure=receipt, limit=limit)):
            return False
        for statement in OF_CONTACTS:
            if counted(tx.run(statement, ids=ids, limit=limit)):
                return False
        counted(tx.run("privacy.clear_periods", erasure=receipt))
        tied: list[KeyRef] = []
        keys: list[KeyRef] = []
        persons = list(self._context.namespaces.persons)
        for row in tx.run("privacy.keys", erasure=receipt, persons=persons):
            tied.append(KeyRef(row["namespace"], row["value"]))
            if row["doomed"]:
                keys.append(tied[-1])
        values = [value for _, value in keys]
        if counted(
            tx.run(
                "privacy.redact",
                tied=[list(key) for key in tied],
                **{group: [key.value for key in tied if key.namespace == name] for name, group in PLURALS.items()},
                **{
                    f"gone_{group}": [key.value for key in keys if key.namespace == name]
                    for name, group in PLURALS.items()
                },
                # Traces quote values as Python writes strings, and name contacts by id.
                marks=[*ids, *(repr(value) for value in values)],
                instead=INSTEAD,
                limit=limit,
            )
        ):
            return False
        counted(
            tx.run(
                "privacy.clear_findings",
                marks=[text for value in (*ids, *values) for text in _in_documents(value)],
                dismissals=list(_findings_about(ids, keys)),
            )
        )
        counted(tx.run("privacy.clear_finding_changes", ids=ids, values=values))
        redact(tx, values, IN_THE_AUDIT)
        changes = [{"key": key.namespace, "value": key.value} for key in keys]
        gone = tx.run("privacy.clear_keys", keys=[list(key) for key in keys], persons=persons, changes=changes)
        for row in gone:
            counts[PLURALS.get(row["namespace"], OTHER_KEYS)] += row["removed"]
        return True


def _in_documents(value: str) -> Iterable[str]:
    """Return the forms in which a finding's document quotes a value: as JSON, and in the addresses of calls."""
    yield orjson.dumps(value).decode()
    yield f'/{quote(value, safe="")}"'


def _findings_about(ids: Iterable[str], keys: Iterable[tuple[str, str]]) -> Iterable[str]:
    """Name every finding that there could be about these contacts and keys, for what was dismissed of them."""
    subjects = [("contact", one) for one in ids] + [(subject_of(name), value) for name, value in keys]
    return (identity(kind, *subject) for kind in KINDS for subject in subjects)
