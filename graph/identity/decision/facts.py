"""Facts that the decision table reads: who owns the keys of one event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from graph.model import TRACKER, KeyName, KeyRef, Kind


class EventKeysLike(Protocol):
    """The keys of an event that count, by class: valid, not blocked, in their normal form, in the order asked."""

    @property
    def persons(self) -> tuple[KeyRef, ...]: ...
    @property
    def devices(self) -> tuple[KeyRef, ...]: ...
    @property
    def subscriptions(self) -> tuple[KeyRef, ...]: ...
    @property
    def derived(self) -> Mapping[KeyRef, KeyRef]:
        """Person keys that the event does not say itself, hashes, by what they are of; they count towards no limit."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How many keys a contact may own, and how many names of properties it may have.

    Attributes
    ----------
    max_trackers, max_subscriptions
        Before attachments and unions are refused.
    at_most
        How many values of a namespace events may give one contact, for the namespaces that say so.
    """

    max_trackers: int = 500
    max_subscriptions: int = 50
    max_properties: int = 1_000
    at_most: Mapping[KeyName, int] = field(default_factory=lambda: {"user_id": 1})

    def room(self, namespace: KeyName, count: int) -> bool:
        """Return whether events may give one more key of a namespace to a contact that has so many."""
        if namespace == TRACKER and count >= self.max_trackers:
            return False
        most = self.at_most.get(namespace)
        return most is None or count < most

    def hold(self, trackers: int, subscriptions: int) -> bool:
        """Return whether a union may leave one contact with so many."""
        return trackers <= self.max_trackers and subscriptions <= self.max_subscriptions


NOT_APART: Mapping[str, KeyRef | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What the table may know of a contact.

    Attributes
    ----------
    has_person_key
        Whether a person key names it; a known contact born of 4.3.3 has none.
    counts
        How many keys of each namespace it owns, without derived ones.
    subscriptions
        The keys of class subscription that it owns.
    apart
        The contacts that no event folds with it, because a judgement says so, or, with the key, because one of both
        owns what a judgement keeps from the other.
    barred
        The keys that a judgement keeps from it: no event gives it one of them.
    """

    id: str
    kind: Kind
    has_person_key: bool = False
    counts: Mapping[KeyName, int] = field(default_factory=dict)
    subscriptions: frozenset[KeyRef] = frozenset()
    apart: Mapping[str, KeyRef | None] = field(default_factory=lambda: NOT_APART)
    barred: frozenset[KeyRef] = frozenset()

    @property
    def known(self) -> bool:
        """Whether we know who it is."""
        return self.kind is Kind.KNOWN


NOBODY: tuple[ContactFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """The owners of the keys of one event, as they are when its turn comes.

    Attributes
    ----------
    owners
        Every owner of each key that somebody owns: known before anonymous, then most recently seen, then smallest
        id. Only subscriptions have several.
    conflict_contacts
        By subscription: the contact that the conflict (T, subscription) made before, or its survivor, when that
        still owns the subscription (row 4.3.3).
    """

    owners: Mapping[KeyRef, tuple[ContactFacts, ...]] = field(default_factory=dict)
    conflict_contacts: Mapping[KeyRef, ContactFacts] = field(default_factory=dict)

    def owner(self, key: KeyRef) -> ContactFacts | None:
        """Return the first owner of a key."""
        for owner in self.owners.get(key, NOBODY):
            return owner
        return None
