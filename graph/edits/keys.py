"""Keys given and taken by hand: a wrong claim, a changed address, an ended subscription, a logout."""

from collections.abc import Callable, Iterable
from typing import Any

from graph.clock import Clock, IdSource, RandomIds, to_datetime
from graph.edits.preview import preview
from graph.errors import BadInput, ClashError, FieldError, NotFound
from graph.explore.contacts import Document, documents, redirected
from graph.identity.decision import Limits
from graph.identity.keys import DEFAULT_BLOCK_LIST, BlockList, InvalidKey, normalise
from graph.identity.living import living_contact
from graph.identity.working_set import Contact, WorkingSet
from graph.identity.working_set.write import write_working_set
from graph.model import KeyName
from graph.store.changes import acting
from graph.store.database import RECEIPT, Database, Transaction


class KeyEdits:
    """Gives keys to contacts and takes them away; each is the other's undoing, and both are in the journal."""

    def __init__(
        self,
        database: Database,
        *,
        limits: Limits | None = None,
        block_list: Callable[[], BlockList] = lambda: DEFAULT_BLOCK_LIST,
        id_source: IdSource | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._database = database
        self._limits = limits or Limits()
        self._block_list = block_list
        self._id_source = id_source or RandomIds()
        self._clock = clock or Clock()

    def give(self, contact_id: str, key: KeyName, value: str) -> Document:
        """Give a contact a key, and give the contact as it is then.

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
        normal = self._usable(key, value)
        return self._database.write(
            lambda tx: self._shown(tx, contact_id, self._give(tx, contact_id, key, normal)), committed=RECEIPT
        )

    def take(self, contact_id: str, key: KeyName, value: str) -> Document:
        """Take a key from a contact, and give the contact as it is then.

        Without its last person key a contact is anonymous; its history stays. A lost primary tracker is
        replaced by the next, or by a minted one.

        Raises
        ------
        NotFound
            When no contact ever had this id, or this contact does not own the key.
        """
        normal = self._readable(key, value)
        return self._database.write(
            lambda tx: self._shown(tx, contact_id, self._take(tx, contact_id, key, normal)), committed=RECEIPT
        )

    def preview_give(self, contact_id: str, key: KeyName, value: str) -> list[Document]:
        """Say field by field what giving a key would change; nothing is written."""
        normal = self._usable(key, value)
        return self._preview(contact_id, lambda tx: self._give(tx, contact_id, key, normal, lock=False))

    def preview_take(self, contact_id: str, key: KeyName, value: str) -> list[Document]:
        """Say field by field what taking a key would change; nothing is written."""
        normal = self._readable(key, value)
        return self._preview(contact_id, lambda tx: self._take(tx, contact_id, key, normal, lock=False))

    def _preview(self, contact_id: str, operation: Any) -> list[Document]:
        def work(tx: Transaction) -> Iterable[str]:
            return (operation(tx),)

        living = self._database.read(lambda tx: living_contact(tx, contact_id))
        return preview(self._database, (living,), work)

    def _usable(self, key: KeyName, value: str) -> str:
        if self._block_list().blocks(key, value.strip()):
            raise BadInput([FieldError(key, "blocked", "this value is on the block list: it names nobody")])
        normal = self._readable(key, value)
        if self._block_list().suppresses(key, normal):
            raise BadInput([FieldError(key, "suppressed", "its owner was erased; it can be allowed to come back")])
        return normal

    def _readable(self, key: KeyName, value: str) -> str:
        try:
            return normalise(key, value)
        except InvalidKey as error:
            raise BadInput([FieldError(key, "invalid", str(error))]) from error

    def _open(
        self, tx: Transaction, contact_id: str, key: KeyName, value: str, *, lock: bool
    ) -> tuple[WorkingSet, Contact]:
        living = living_contact(tx, contact_id)
        working_set = WorkingSet(tx.run, self._id_source, lock=lock)
        wanted: dict[KeyName, list[str]] = {"email": [], "user_id": [], "tracker_id": [], "subscription": []}
        wanted[key].append(value)
        working_set.load(
            emails=wanted["email"],
            user_ids=wanted["user_id"],
            trackers=wanted["tracker_id"],
            subscriptions=wanted["subscription"],
            contacts=[living],
        )
        return working_set, working_set.contacts[living]

    def _give(self, tx: Transaction, contact_id: str, key: KeyName, value: str, *, lock: bool = True) -> str:
        working_set, contact = self._open(tx, contact_id, key, value, lock=lock)
        owners = working_set.owners(key, value)
        if contact in owners and key != "email":
            return contact.id
        if contact in owners:
            # An email given by hand becomes the contact's `email`, also one that it owned before.
            working_set.need_keys(contact)
            working_set.unlink(contact, working_set.key(key, value))
            owners = []
        if owners and key != "subscription":
            raise ClashError(
                f"The {key} {value!r} is contact {owners[0].id}'s: take it there first, or fold the two contacts.",
                owner=owners[0].id,
                key=key,
            )
        if key == "tracker_id" and contact.trackers >= self._limits.max_trackers:
            raise ClashError(f"A contact owns at most {self._limits.max_trackers} trackers.", limited=True)
        if key == "subscription" and len(contact.subscriptions) >= self._limits.max_subscriptions:
            raise ClashError(f"A contact owns at most {self._limits.max_subscriptions} subscriptions.", limited=True)
        at = self._clock.next(after=max(contact.seen, max((owner.seen for owner in owners), default=0)))
        working_set.own(contact, key, value, at)
        working_set.note("key_given", at, contact.id, key=key, by=acting())
        if owners:
            working_set.note("shared", at, contact.id, other=owners[0].id, owners=len(owners) + 1, by=acting())
        self._finish(tx, working_set, contact, "given", key, value, at)
        return contact.id

    def _take(self, tx: Transaction, contact_id: str, key: KeyName, value: str, *, lock: bool = True) -> str:
        working_set, contact = self._open(tx, contact_id, key, value, lock=lock)
        if contact not in working_set.owners(key, value):
            raise NotFound(f"Contact {contact.id} does not own the {key} {value!r}.", key=key)
        at = self._clock.next(after=contact.seen)
        working_set.disown(contact, key, value, at)
        working_set.note("key_taken", at, contact.id, key=key, by=acting())
        self._finish(tx, working_set, contact, "taken", key, value, at)
        return contact.id

    def _finish(
        self, tx: Transaction, working_set: WorkingSet, contact: Contact, action: str, key: KeyName, value: str, at: int
    ) -> None:
        write_working_set(working_set)
        tx.run(
            "union.note_key_change",
            contact_id=contact.id,
            change={
                "id": self._id_source.time_ordered(),
                "action": action,
                "key": key,
                "value": value,
                "at": to_datetime(at),
            },
        )

    def _shown(self, tx: Transaction, asked: str, living: str) -> Document:
        (document,) = documents(tx, [living])
        return redirected(document, asked)
