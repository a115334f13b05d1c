"""Unions by hand, the journal, and un-merge."""

from collections.abc import Iterable
from typing import Any

from graph.clock import END_OF_TIME, to_datetime, to_text
from graph.edits.judgements import Judgements
from graph.edits.preview import preview
from graph.errors import ClashError, NotFound
from graph.explore.contacts import Document, occurred_text
from graph.identity.folding import JournalEntry, fold, unfold
from graph.identity.keys import InvalidKey, normalise
from graph.identity.living import check_not_erased, living_contact
from graph.identity.namespaces import KeyClass
from graph.identity.union_rules import AnyRules
from graph.identity.working_set.write import write_working_set
from graph.identity.write_context import WriteContext
from graph.model import TRACKER, KeyName
from graph.paging import cut_page, read_cursor
from graph.store.database import RECEIPT, Row, Transaction

_FOLDED_FOR = {KeyClass.PERSON: ("3",), KeyClass.DEVICE: (), KeyClass.SUBSCRIPTION: ("4.2",)}
"""By class of a key: the rules that fold the device's owner into whoever has the key."""


class Unions:
    """Folds contacts by hand, lists what was folded, and takes any union back."""

    def __init__(self, context: WriteContext) -> None:
        self._context, self._database = context, context.database
        self._judgements = Judgements(context)

    def merge(self, source: str, target: str) -> Document:
        """Fold one contact into another, known or not, and return the journal entry.

        Raises
        ------
        NotFound
            When an id never was a contact's.
        ClashError
            When both ids lead to one contact, a judgement keeps them apart (``judgement`` names it), or the survivor
            would own more keys than the limits allow.
        """
        merge_id = self._database.write(
            lambda tx: self._merge(tx, source, target),
            committed=RECEIPT,
        )
        return self.get(merge_id)

    def merge_again(self, source: str, target: str, rules: AnyRules) -> Document:
        """Fold one contact into another because other rules hold now, and return the journal entry.

        Parameters
        ----------
        rules
            What becomes of properties, by name (`graph.identity.union_rules.united`).

        Raises
        ------
        NotFound, ClashError
            As `merge` does.
        """

        def work(tx: Transaction) -> str:
            merge_id = self._merge(tx, source, target, rules=rules)
            tx.run("reidentify.mark", id=merge_id)
            return merge_id

        return self.get(self._database.write(work, committed=RECEIPT))

    def preview_merge(self, source: str, target: str) -> list[Document]:
        """Describe field by field what folding one contact into another would change; nothing is written."""

        def operation(tx: Transaction) -> Iterable[str]:
            self._merge(tx, source, target)
            return ()

        return preview(self._context, self._living(source, target), operation)

    def undo(self, merge_id: str, *, cascade: bool = False, keep_apart: bool = False) -> list[Document]:
        """Take a union back exactly; return the journal entries that were undone, in that order.

        Parameters
        ----------
        cascade
            When the survivor has been folded since, undo those unions first.
        keep_apart
            Judge that both contacts are two persons, so that no event folds them again.

        Raises
        ------
        NotFound
            When the journal has no such entry.
        Gone
            When one of its contacts was erased.
        ClashError
            When it was undone before, or (without ``cascade``) other unions cover it: ``covering`` names them.
        """

        def work(tx: Transaction) -> list[str]:
            undone = self._undo(tx, merge_id, cascade=cascade)
            if keep_apart:
                (row,) = tx.run("union.merge", merge_id=merge_id)
                self._judgements.add_apart(tx, row["source"], row["target"])
            return undone

        undone = self._database.write(work, committed=RECEIPT)
        return [self.get(one) for one in undone]

    def preview_undo(self, merge_id: str, *, cascade: bool = False) -> list[Document]:
        """Describe field by field what taking a union back would change; nothing is written."""
        touched: list[str] = []

        def operation(tx: Transaction) -> Iterable[str]:
            for one in self._undo(tx, merge_id, cascade=cascade):
                (row,) = tx.run("union.merge", merge_id=one)
                touched.extend((row["source"], row["target"]))
            return touched

        entry = self.get(merge_id)
        return preview(self._context, self._living(entry["target"]), operation)

    def get(self, merge_id: str) -> Document:
        """Return one journal entry.

        Raises
        ------
        NotFound
            When there is none of this id.
        Gone
            When one of its contacts was erased.
        """

        def work(tx: Transaction) -> Row:
            rows = tx.run("union.merge", merge_id=merge_id)
            if not rows:
                check_not_erased(tx, merge_id)
                raise NotFound(f"No union has the id {merge_id!r}.")
            return rows[0]

        return _entry(self._database.read(work))

    def page(self, *, limit: int = 100, cursor: str | None = None) -> tuple[list[Document], str | None]:
        """Return one page of the journal, newest first, and the cursor of the next.

        Raises
        ------
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        before, before_id = read_cursor(cursor, (int, str)) if cursor else (END_OF_TIME, "")
        rows = self._database.read(
            lambda tx: tx.run("union.merges", before=to_datetime(before), before_id=before_id, limit=limit + 1)
        )
        page, following = cut_page(rows, limit, "at", "id")
        return [_entry(row) for row in page], following

    def of_key(self, key: KeyName, value: str) -> Iterable[Document]:
        """List the unions, not undone, that a key went along with or made: what it has tied together so far."""
        try:
            normal = normalise(key, value, self._context.namespaces)
        except InvalidKey:
            normal = value.strip()
        namespaces = self._context.namespaces
        asked = {"rules": list(_FOLDED_FOR[namespaces[key].key_class]), "devices": list(namespaces.devices)}
        rows = self._database.read(lambda tx: tx.run("union.merges_of_key", name=key, value=normal, **asked))
        return [_entry(row) for row in rows]

    def _living(self, *contact_ids: str) -> tuple[str, ...]:
        return self._database.read(lambda tx: tuple(living_contact(tx, one) for one in contact_ids))

    def _merge(self, tx: Transaction, source: str, target: str, *, rules: AnyRules | None = None) -> str:
        living = [living_contact(tx, one) for one in (source, target)]
        working_set = self._context.working_set(tx)
        if rules is not None:
            working_set.union_rules = rules
        working_set.load(contacts=living)
        a, b = (working_set.contacts[one] for one in living)
        if a is b:
            raise ClashError(f"Both ids lead to one contact, {b.id}.", contact=b.id)
        if a.judged and b.judged and (judgement := self._judgements.between(tx, a.id, b.id)):
            raise ClashError(
                f"Judgement {judgement} keeps contacts {a.id} and {b.id} apart. Take it back first.",
                judgement=judgement,
            )
        trackers = a.counts.get(TRACKER, 0) + b.counts.get(TRACKER, 0)
        subscriptions = len(a.subscriptions | b.subscriptions)
        limits = self._context.limits
        if not limits.hold(trackers, subscriptions):
            raise ClashError(
                f"Together they would own {trackers} trackers and {subscriptions} subscriptions; a contact owns at "
                f"most {limits.max_trackers} and {limits.max_subscriptions}.",
                limited=True,
            )
        at = self._context.clock.next(after=max(a.seen, b.seen))
        merge = fold(working_set, a, b, at, rule=None, message_id=None)
        write_working_set(working_set, tx.defer)
        return merge.id

    def _undo(self, tx: Transaction, merge_id: str, *, cascade: bool) -> list[str]:
        covering = [row["id"] for row in tx.run("union.covering", merge_id=merge_id)]
        undone: list[str] = []
        if covering and not cascade:
            self._entry(tx, merge_id)
            raise ClashError(
                f"The contact that survived union {merge_id} has itself been folded since. Undo first, in this "
                f"order: {', '.join(covering)}; or ask for cascade.",
                covering=covering,
            )
        for one in [*covering, merge_id]:
            entry = self._entry(tx, one)
            working_set = self._context.working_set(tx)
            working_set.load(contacts=[entry.target])
            seen = max((timeline.last for timeline in working_set.timelines.values()), default=0)
            unfold(
                working_set, entry, self._context.clock.next(after=max(seen, working_set.contacts[entry.target].seen))
            )
            write_working_set(working_set, tx.defer)
            undone.append(one)
        return undone

    def _entry(self, tx: Transaction, merge_id: str) -> JournalEntry:
        rows = tx.run("union.entry", merge_id=merge_id)
        if not rows:
            check_not_erased(tx, merge_id)
            raise NotFound(f"No union has the id {merge_id!r}.")
        if rows[0]["undone"]:
            raise ClashError(f"Union {merge_id} was undone before.", merge=merge_id)
        return JournalEntry.of(rows[0])


def _entry(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "source": row["source"],
        "target": row["target"],
        "rule": row["rule"],
        "message_id": row["message_id"],
        "at": to_text(row["at"]),
        "occurred_at": occurred_text(row["occurred"], row["at"], row["message_id"]),
        "undone_at": None if row["undone_at"] is None else to_text(row["undone_at"]),
    }
