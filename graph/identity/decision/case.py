"""One event before the table: what it carries, and whom its keys name."""

from dataclasses import dataclass
from enum import Enum, auto

from graph.identity.decision.facts import ContactFacts, EventKeysLike, Facts, Limits
from graph.identity.decision.policy import Policy
from graph.model import KeyRef


class Carries(Enum):
    """What an event carries, as far as it chooses among the rows: each event is of one of these."""

    NO_KEY = auto()
    OWNED_PERSON_KEY = auto()
    NEW_PERSON_KEY = auto()
    SUBSCRIPTION = auto()
    """A subscription, with or without a tracker, and no person key."""
    TRACKER = auto()
    """A tracker alone."""


@dataclass(frozen=True, slots=True)
class Case:
    """One event before the table: its keys, the facts, the policy, and what the walks of its keys found.

    Attributes
    ----------
    person
        E: the contact that the event's person keys name.
    tracker
        T: the owner of the first device key that somebody owns.
    subscription
        The subscription that the rows speak of; the others follow.
    kept_from_person
        The keys because of which the walk of the person keys passed over an owner: a judgement keeps them from it.
    """

    keys: EventKeysLike
    facts: Facts
    policy: Policy
    limits: Limits
    person: ContactFacts | None
    tracker: ContactFacts | None
    subscription: KeyRef | None
    kept_from_person: tuple[KeyRef, ...] = ()

    @property
    def carries(self) -> Carries:
        if self.person is not None:
            return Carries.OWNED_PERSON_KEY
        if self.keys.persons:
            return Carries.NEW_PERSON_KEY
        if self.subscription is not None:
            return Carries.SUBSCRIPTION
        return Carries.TRACKER if self.keys.devices else Carries.NO_KEY

    @property
    def names_person(self) -> bool:
        return bool(self.keys.persons)

    @property
    def kept_from_tracker_owner(self) -> tuple[KeyRef, ...]:
        """The person keys of the event that would become T's, were they not kept from it by a judgement."""
        if self.tracker is None or not self.tracker.barred:
            return ()
        given = (key for key in self.keys.persons if key not in self.keys.derived and self.facts.owner(key) is None)
        return tuple(key for key in given if key in self.tracker.barred)

    @property
    def owners(self) -> tuple[ContactFacts, ...]:
        return () if self.subscription is None else self.facts.owners.get(self.subscription, ())

    @property
    def others(self) -> tuple[ContactFacts, ...]:
        """Every S: the owners of the event's subscription that are not T."""
        return tuple(owner for owner in self.owners if self.tracker is None or owner.id != self.tracker.id)

    @property
    def tracker_owner_has_subscription(self) -> bool:
        return len(self.others) < len(self.owners)

    @property
    def conflict_contact(self) -> ContactFacts | None:
        """The contact that the conflict (T, subscription) made before."""
        return None if self.subscription is None else self.facts.conflict_contacts.get(self.subscription)
