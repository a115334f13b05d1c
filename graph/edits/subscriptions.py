"""Subscriptions by hand: those that a push service refused, and who is not to be reached by one."""

from collections.abc import Iterable, Sequence
from functools import partial

from graph.edits.preview import preview
from graph.errors import NotFound
from graph.explore.contacts import Document
from graph.identity.keys import read_key, valid_key
from graph.identity.living import living_contact
from graph.identity.subscriptions import end, fall_asleep, wake
from graph.identity.working_set import Contact, WorkingSet
from graph.identity.working_set.write import write_working_set
from graph.identity.write_context import WriteContext
from graph.model import KeyName, KeyRef
from graph.store.database import RECEIPT, Transaction


class SubscriptionEdits:
    """Takes subscriptions that are gone from whoever owned them; lets owners fall asleep on one, and wakes them."""

    def __init__(self, context: WriteContext) -> None:
        self._context, self._database = context, context.database

    def gone(self, subscriptions: Sequence[tuple[KeyName, str]]) -> int:
        """Make subscriptions nobody's, in one transaction; return how many of them somebody owned.

        Parameters
        ----------
        subscriptions
            Each with the name of its namespace, as it was sent. One that is invalid, or nobody's, is passed over; one
            that comes again later is a new key.
        """
        refs = dict.fromkeys(
            ref for name, raw in subscriptions if (ref := valid_key(name, raw, self._context.namespaces)) is not None
        )
        if not refs:
            return 0
        return self._database.write(lambda tx: self._end(tx, list(refs)), committed=RECEIPT)

    def sleep(
        self, key: KeyName, value: str, *, contacts: Sequence[str] | None = None, but: str | None = None
    ) -> list[str]:
        """Let owners fall asleep on a subscription, as a log-out does; return those who were awake.

        Parameters
        ----------
        key, value
            The subscription, by its namespace.
        contacts
            Whom; all owners when it is None.
        but
            An owner who is left as it is.

        Raises
        ------
        BadInput
            When the value cannot be a subscription.
        NotFound
            When nobody owns it, or one of the contacts does not.
        """
        ref = read_key(key, value, self._context.namespaces, key)
        work = partial(self._turn, ref=ref, contacts=contacts, but=but, asleep=True)
        return self._database.write(work, committed=RECEIPT)

    def wake(self, key: KeyName, value: str, *, contacts: Sequence[str] | None = None) -> list[str]:
        """Make owners of a subscription awake on it, as an event that carries it does; return those who were asleep.

        Raises
        ------
        BadInput, NotFound
            As `sleep` does.
        """
        ref = read_key(key, value, self._context.namespaces, key)
        work = partial(self._turn, ref=ref, contacts=contacts, but=None, asleep=False)
        return self._database.write(work, committed=RECEIPT)

    def preview_sleep(
        self, key: KeyName, value: str, *, contacts: Sequence[str] | None = None, but: str | None = None
    ) -> list[Document]:
        """Describe field by field whom it would let fall asleep; nothing is written."""
        ref = read_key(key, value, self._context.namespaces, key)
        return self._preview(ref, partial(self._turn, ref=ref, contacts=contacts, but=but, asleep=True))

    def preview_wake(self, key: KeyName, value: str, *, contacts: Sequence[str] | None = None) -> list[Document]:
        """Describe field by field whom it would wake; nothing is written."""
        ref = read_key(key, value, self._context.namespaces, key)
        return self._preview(ref, partial(self._turn, ref=ref, contacts=contacts, but=None, asleep=False))

    def _preview(self, ref: KeyRef, operation: partial[list[str]]) -> list[Document]:
        def owners(tx: Transaction) -> list[str]:
            working_set = self._context.working_set(tx)
            working_set.load(keys=[ref])
            return sorted(contact.id for contact in working_set.owners(ref))

        return preview(self._context, self._database.rehearse(owners), operation)

    def _turn(
        self,
        tx: Transaction,
        *,
        ref: KeyRef,
        contacts: Sequence[str] | None,
        but: str | None,
        asleep: bool,
    ) -> list[str]:
        named = None if contacts is None else [living_contact(tx, one) for one in contacts]
        spared = None if but is None else living_contact(tx, but)
        working_set = self._context.working_set(tx)
        working_set.load(keys=[ref])
        wanted = [one for one in self._owners(working_set, ref, named, spared) if one.id != spared]
        turned = [one for one in wanted if working_set.key(ref).owners[one.id].sleep.asleep != asleep]
        at = self._context.clock.next(after=max((one.seen for one in turned), default=0))
        for one in turned:
            (fall_asleep if asleep else wake)(working_set, one, ref, at, None)
        write_working_set(working_set, tx.defer)
        return [one.id for one in turned]

    @staticmethod
    def _owners(working_set: WorkingSet, ref: KeyRef, named: Iterable[str] | None, spared: str | None) -> list[Contact]:
        owners = {contact.id: contact for contact in working_set.owners(ref)}
        if not owners:
            raise NotFound(f"Nobody owns the {ref.namespace} {ref.value!r}.", key=ref.namespace)
        wanted = sorted(owners) if named is None else list(dict.fromkeys(named))
        for one in [*wanted, *([] if spared is None else [spared])]:
            if one not in owners:
                raise NotFound(f"Contact {one} does not own the {ref.namespace} {ref.value!r}.", key=ref.namespace)
        return [owners[one] for one in wanted]

    def _end(self, tx: Transaction, refs: Sequence[KeyRef]) -> int:
        working_set = self._context.working_set(tx)
        working_set.load(keys=refs)
        at = self._context.clock.next(after=working_set.last_seen)
        there = sum(end(working_set, ref, at) for ref in refs)
        write_working_set(working_set, tx.defer)
        return there
