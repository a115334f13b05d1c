"""Keys given and taken by hand: a wrong claim, a changed address, an ended subscription, a logout."""

from collections.abc import Callable, Iterable
from typing import Any

from graph.clock import to_datetime
from graph.edits.judgements import Judgements
from graph.edits.preview import preview
from graph.errors import BadInput, ClashError, FieldError, NotFound
from graph.explore.contacts import Document, documents, redirected
from graph.identity.keys import DEFAULT_BLOCK_LIST, BlockList, read_key
from graph.identity.living import living_contact
from graph.identity.normal_forms import said
from graph.identity.working_set import Contact, WorkingSet
from graph.identity.working_set.write import write_working_set
from graph.identity.write_context import WriteContext
from graph.model import TRACKER, KeyName, KeyRef
from graph.store.changes import acting
from graph.store.database import RECEIPT, Transaction

SHOWN_ALONE = "email"
"""The namespace of which a contact shows its first key by itself."""


class KeyEdits:
    """Gives keys to contacts and takes them away; each is the other's undoing, and both are in the journal."""

    def __init__(
        self, context: WriteContext, *, block_list: Callable[[], BlockList] = lambda: DEFAULT_BLOCK_LIST
    ) -> None:
        self._context, self._database = context, context.database
        self._block_list = block_list
        self._judgements = Judgements(context)

    def give(self, contact_id: str, key: KeyName, value: str) -> Document:
        """Give a contact a key, and return the contact as it is then.

        An email becomes the contact's ``email``; a person key makes it known; a subscription that others own
        is shared. A key that it owns already changes nothing, save that an email becomes its ``email``.

        Raises
        ------
        BadInput
            When the value is invalid or blocked.
        NotFound
            When no contact ever had this id.
        ClashError
            When another contact owns the key (``owner`` names it), or a limit would be exceeded.
        """
        ref = self._usable(key, value)
        return self._database.write(
            lambda tx: self._shown(tx, contact_id, self._give(tx, contact_id, ref)), committed=RECEIPT
        )

    def give_again(self, contact_id: str, ref: KeyRef) -> None:
        """Give a contact a key that nobody owns, because other rules hold now.

        Raises
        ------
        NotFound, ClashError
            As `give` does.
        """
        self._database.write(lambda tx: self._give(tx, contact_id, ref, again=True), committed=RECEIPT)

    def take(self, contact_id: str, key: KeyName, value: str, *, stay_away: bool = False) -> Document:
        """Take a key from a contact, and return the contact as it is then.

        Without its last person key a contact is anonymous; its history stays. A lost primary tracker is
        replaced by the next, or by a minted one.

        Parameters
        ----------
        stay_away
            Judge that the key is not this contact's, so that no event gives it back.

        Raises
        ------
        NotFound
            When no contact ever had this id, or this contact does not own the key.
        """
        ref = read_key(key, value, self._context.namespaces, key)

        def work(tx: Transaction) -> Document:
            living = self._take(tx, contact_id, ref)
            if stay_away:
                self._judgements.add_from_key(tx, living, ref)
            return self._shown(tx, contact_id, living)

        return self._database.write(work, committed=RECEIPT)

    def preview_give(self, contact_id: str, key: KeyName, value: str) -> list[Document]:
        """Describe field by field what giving a key would change; nothing is written."""
        ref = self._usable(key, value)
        return self._preview(contact_id, lambda tx: self._give(tx, contact_id, ref))

    def preview_take(self, contact_id: str, key: KeyName, value: str) -> list[Document]:
        """Describe field by field what taking a key would change; nothing is written."""
        ref = read_key(key, value, self._context.namespaces, key)
        return self._preview(contact_id, lambda tx: self._take(tx, contact_id, ref))

    def _preview(self, contact_id: str, operation: Any) -> list[Document]:
        def work(tx: Transaction) -> Iterable[str]:
            return (operation(tx),)

        living = self._database.read(lambda tx: living_contact(tx, contact_id))
        return preview(self._context, (living,), work)

    def _usable(self, key: KeyName, value: str) -> KeyRef:
        if self._block_list().blocks(key, said(self._context.namespaces[key], value)):
            raise BadInput([FieldError(key, "blocked", "this value is on the block list: it names nobody")])
        ref = read_key(key, value, self._context.namespaces, key)
        if self._block_list().suppresses(*ref):
            raise BadInput([FieldError(key, "suppressed", "its owner was erased; it can be allowed to come back")])
        return ref

    def _open(self, tx: Transaction, contact_id: str, key: KeyRef) -> tuple[WorkingSet, Contact]:
        living = living_contact(tx, contact_id)
        working_set = self._context.working_set(tx)
        working_set.load(keys=[key, *working_set.hashes_of(key)], contacts=[living])
        return working_set, working_set.contacts[living]

    def _give(self, tx: Transaction, contact_id: str, key: KeyRef, *, again: bool = False) -> str:
        working_set, contact = self._open(tx, contact_id, key)
        namespace = self._context.namespaces[key.namespace]
        owners = working_set.owners(key)
        if contact in owners and key.namespace != SHOWN_ALONE:
            return contact.id
        if contact in owners:
            # An email given by hand becomes the contact's `email`, also one that it owned before.
            working_set.need_keys(contact)
            working_set.unlink(contact, working_set.key(key))
            owners = []
        if owners and not namespace.is_subscription:
            raise ClashError(
                f"The {key.namespace} {key.value!r} is contact {owners[0].id}'s: take it there first, or fold the two "
                "contacts.",
                owner=owners[0].id,
                key=key.namespace,
            )
        if key.namespace == TRACKER and contact.counts.get(TRACKER, 0) >= self._context.limits.max_trackers:
            raise ClashError(f"A contact owns at most {self._context.limits.max_trackers} trackers.", limited=True)
        if namespace.is_subscription and len(contact.subscriptions) >= self._context.limits.max_subscriptions:
            raise ClashError(
                f"A contact owns at most {self._context.limits.max_subscriptions} subscriptions.", limited=True
            )
        at = self._context.clock.next(after=max(contact.seen, max((owner.seen for owner in owners), default=0)))
        working_set.own(contact, key, at)
        for hashed in working_set.hashes_of(key):
            if not working_set.owners(hashed):
                working_set.own(contact, hashed, at, derived=True)
        working_set.note("key_given", at, contact.id, key=key.namespace, by=acting())
        if owners:
            working_set.note("shared", at, contact.id, other=owners[0].id, owners=len(owners) + 1, by=acting())
        self._finish(tx, working_set, contact, "given", key, at, again=again)
        return contact.id

    def _take(self, tx: Transaction, contact_id: str, key: KeyRef) -> str:
        working_set, contact = self._open(tx, contact_id, key)
        if contact not in working_set.owners(key):
            raise NotFound(f"Contact {contact.id} does not own the {key.namespace} {key.value!r}.", key=key.namespace)
        at = self._context.clock.next(after=contact.seen)
        working_set.disown(contact, key, at)
        working_set.note("key_taken", at, contact.id, key=key.namespace, by=acting())
        self._finish(tx, working_set, contact, "taken", key, at)
        return contact.id

    def _finish(
        self,
        tx: Transaction,
        working_set: WorkingSet,
        contact: Contact,
        action: str,
        key: KeyRef,
        at: int,
        *,
        again: bool = False,
    ) -> None:
        write_working_set(working_set, tx.defer)
        tx.run(
            "union.note_key_change",
            contact_id=contact.id,
            change={
                "id": self._context.id_source.time_ordered(),
                "action": action,
                "key": key.namespace,
                "value": key.value,
                "at": to_datetime(at),
                "reidentified": again or None,
            },
        )

    def _shown(self, tx: Transaction, asked: str, living: str) -> Document:
        (document,) = documents(tx, [living], self._context.namespaces)
        return redirected(document, asked)
