"""Judgements: which contacts are two persons, whatever events say, and which key is not a contact's.

A judgement hangs on the contacts of which it was made. Unions, un-merges and splits leave it there, so that it follows
each of them wherever its id leads; the resolver reads it as one more fact of the decision table.
"""

from typing import Any

from graph.clock import END_OF_TIME, to_datetime, to_text
from graph.errors import ClashError, NotFound
from graph.identity.keys import read_named_key
from graph.identity.living import living_contact
from graph.identity.write_context import WriteContext
from graph.model import KeyName, KeyRef
from graph.paging import cut_page, read_cursor
from graph.store.audit import acting_because, because
from graph.store.changes import acting, append, change_row
from graph.store.database import RECEIPT, Row, Transaction

APART = "apart"
"""The verdict that is kept as a judgement; that two contacts are one is a union in the journal."""

Document = dict[str, Any]


class Judgements:
    """Keeps contacts apart from each other and from keys, and takes such judgements back."""

    def __init__(self, context: WriteContext) -> None:
        self._context, self._database = context, context.database

    def apart(self, first: str, second: str, *, why: str | None = None) -> tuple[Document, bool]:
        """Keep two contacts apart, and return the judgement and whether it is new.

        Raises
        ------
        NotFound
            When an id never was a contact's.
        ClashError
            When both ids lead to one contact.
        """
        with acting_because(why or because()):
            judgement, new = self._database.write(lambda tx: self.add_apart(tx, first, second), committed=RECEIPT)
        return self.get(judgement), new

    def apart_from_key(
        self, contact_id: str, key: KeyName, value: str, *, why: str | None = None
    ) -> tuple[Document, bool]:
        """Keep a key from a contact, and return the judgement and whether it is new; the key may be anybody's.

        Raises
        ------
        BadInput
            When there is no such namespace, or the value is not a key of it.
        NotFound
            When the id never was a contact's.
        """
        ref = read_named_key(key, value, self._context.namespaces, "key")
        with acting_because(why or because()):
            judgement, new = self._database.write(lambda tx: self.add_from_key(tx, contact_id, ref), committed=RECEIPT)
        return self.get(judgement), new

    def add_apart(self, tx: Transaction, first: str, second: str) -> tuple[str, bool]:
        """Keep two contacts apart in a transaction of the caller; see `apart`."""
        one, other = self._living(tx, first, second)
        if one == other:
            raise ClashError(f"Both ids lead to one contact, {one}: split it, or undo the union.", contact=one)
        for row in tx.run("judgements.between", contact_id=one, other_id=other, namespace=None, value=None):
            return row["id"], False
        return self._add(tx, [one, other], None), True

    def add_from_key(self, tx: Transaction, contact_id: str, key: KeyRef) -> tuple[str, bool]:
        """Keep a key from a contact in a transaction of the caller; see `apart_from_key`."""
        (one,) = self._living(tx, contact_id)
        for row in tx.run("judgements.between", contact_id=one, other_id=None, namespace=key[0], value=key[1]):
            return row["id"], False
        return self._add(tx, [one], key), True

    def between(self, tx: Transaction, first: str, second: str) -> str | None:
        """Return the judgement that keeps two living contacts apart, if there is one."""
        rows = tx.run("judgements.between", contact_id=first, other_id=second, namespace=None, value=None)
        return rows[0]["id"] if rows else None

    def take_back(self, judgement_id: str) -> None:
        """Delete a judgement: what it kept apart may come together again.

        Raises
        ------
        NotFound
            When there is none of this id.
        """

        def work(tx: Transaction) -> None:
            rows = tx.run("judgements.one", id=judgement_id)
            if not rows:
                raise NotFound(f"There is no judgement {judgement_id!r}.")
            shown = _shown(rows[0])
            tx.run("judgements.take_back", id=judgement_id)
            contacts = [*shown["contacts"], None, None]
            details: dict[str, Any] = {"other": contacts[1], "judgement": judgement_id, "key": _name_of(shown["key"])}
            append(
                tx, change_row("judgement_taken_back", self._context.clock.next(), contacts[0], **details, by=acting())
            )

        self._database.write(work, committed=RECEIPT)

    def get(self, judgement_id: str) -> Document:
        """Return one judgement.

        Raises
        ------
        NotFound
            When there is none of this id.
        """
        rows = self._database.read(lambda tx: tx.run("judgements.one", id=judgement_id))
        if not rows:
            raise NotFound(f"There is no judgement {judgement_id!r}.")
        return _shown(rows[0])

    def find(self, first: str, second: str | None, key: tuple[KeyName, str] | None) -> str:
        """Return the id of the judgement about two contacts, or a contact and a key.

        Raises
        ------
        BadInput
            When there is no such namespace, or the value is not a key of it.
        NotFound
            When there is none.
        """
        namespace, value = (None, None) if key is None else read_named_key(*key, self._context.namespaces, "key")

        def work(tx: Transaction) -> list[Row]:
            one = living_contact(tx, first)
            other = None if second is None else living_contact(tx, second)
            return tx.run("judgements.between", contact_id=one, other_id=other, namespace=namespace, value=value)

        rows = self._database.read(work)
        if not rows:
            raise NotFound("No judgement keeps them apart.")
        found: str = rows[0]["id"]
        return found

    def page(
        self, *, contact_id: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Document], str | None]:
        """Return one page of the judgements, newest first, and the cursor of the next.

        Raises
        ------
        BadInput
            When the cursor is not one that an earlier page gave.
        NotFound
            When ``contact_id`` never was a contact's.
        """
        before, before_id = read_cursor(cursor, (int, str)) if cursor else (END_OF_TIME, "")

        def work(tx: Transaction) -> list[Row]:
            living = None if contact_id is None else living_contact(tx, contact_id)
            place = {"before": to_datetime(before), "before_id": before_id}
            return tx.run("judgements.page", contact_id=living, **place, limit=limit + 1)

        rows = self._database.read(work)
        page, following = cut_page(rows, limit, "at", "id")
        return [_shown(row) for row in page], following

    def _living(self, tx: Transaction, *contact_ids: str) -> list[str]:
        living = [living_contact(tx, one) for one in contact_ids]
        # Events that are under way with them come first, or see the judgement.
        self._context.working_set(tx).load(contacts=living)
        return living

    def _add(self, tx: Transaction, contacts: list[str], key: KeyRef | None) -> str:
        identifier, at = self._context.id_source.time_ordered(), self._context.clock.next()
        tx.run(
            "judgements.add",
            judgement={
                "id": identifier,
                "verdict": APART,
                "why": because(),
                "by": acting(),
                "at": to_datetime(at),
            },
            contacts=contacts,
            keys=[]
            if key is None
            else [{"namespace": key[0], "value": key[1], "label": self._context.namespaces.labels[key[0]]}],
        )
        other = contacts[1] if len(contacts) > 1 else None
        details: dict[str, Any] = {"other": other, "judgement": identifier, "key": None if key is None else key[0]}
        append(tx, change_row("judged_apart", at, contacts[0], **details, by=acting()))
        return identifier


def _name_of(key: dict[KeyName, str] | None) -> KeyName | None:
    return next(iter(key)) if key else None


def _shown(row: Row) -> Document:
    # A split puts the parts beside the contact that they were: all of them stand on its side.
    sides = sorted({(side, contact) for side, contact in row["contacts"]})
    first = [contact for side, contact in sides if side == 0]
    second = [contact for side, contact in sides if side == 1]
    return {
        "id": row["id"],
        "verdict": row["verdict"],
        "contacts": [*first[:1], *second[:1], *first[1:], *second[1:]],
        "key": None if row["key"] is None else {row["key"][0]: row["key"][1]},
        "why": row["why"],
        "by": row["by"],
        "at": to_text(row["at"]),
    }
