"""Facts that the decision table reads: who owns the keys of one event."""

from dataclasses import dataclass
from typing import Protocol

from graph.model import Kind


class EventKeysLike(Protocol):
    """The keys of an event that count: valid, not blocked, in their normal form."""

    @property
    def email(self) -> str | None: ...
    @property
    def tracker_id(self) -> str | None: ...
    @property
    def subscription(self) -> str | None: ...
    @property
    def user_id(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How many keys a contact may own before attachments and unions are refused, and how many names of properties."""

    max_trackers: int = 500
    max_subscriptions: int = 50
    max_properties: int = 1_000


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What the table may know of a contact.

    Attributes
    ----------
    emails, user_ids, trackers
        How many of each key it owns.
    subscriptions
        The subscriptions it owns.
    """

    id: str
    kind: Kind
    emails: int = 0
    user_ids: int = 0
    trackers: int = 1
    subscriptions: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        """Whether we know who it is."""
        return self.kind is Kind.KNOWN

    @property
    def has_person_key(self) -> bool:
        """Whether an email or a user id names it; a known contact born of 4.3.3 has none."""
        return self.emails + self.user_ids > 0


@dataclass(frozen=True, slots=True)
class Facts:
    """The owners of the keys of one event, as they are when its turn comes.

    Attributes
    ----------
    email_owner, user_owner, tracker_owner
        E, U and T of the specification.
    subscription_owners
        Every owner of the subscription: known before anonymous, then most recently seen, then smallest id.
    split_contact
        The contact that the conflict (T, subscription) made before, or its survivor, when that still owns
        the subscription (row 4.3.3).
    """

    email_owner: ContactFacts | None = None
    user_owner: ContactFacts | None = None
    tracker_owner: ContactFacts | None = None
    subscription_owners: tuple[ContactFacts, ...] = ()
    split_contact: ContactFacts | None = None
