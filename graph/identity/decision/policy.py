"""Policies: each is a small named difference from the decision table."""

from dataclasses import dataclass
from enum import StrEnum


class OwnerlessSubscription(StrEnum):
    """Rows 4.2 and 4.3.1: a tracker somebody owns comes with a subscription nobody owns."""

    NEW_CONTACT = "new_contact"
    BECOMES_TRACKER_OWNERS = "becomes_tracker_owners"


class DisputedSubscription(StrEnum):
    """Row 4.3.3: a known contact's tracker comes with another known contact's subscription."""

    NEW_CONTACT = "new_contact"
    SHARED = "shared"
    TAKEN = "taken"


class SubscriptionWithPerson(StrEnum):
    """A subscription that known contacts own comes with somebody else's person key."""

    SHARED = "shared"
    TAKEN = "taken"


class KnownTracker(StrEnum):
    """Rows 3 and 2.3: a person key comes with a tracker of another known contact."""

    STAYS = "stays"
    MOVES = "moves"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a deployment chooses where the table leaves a choice; the defaults are the seeds to the letter."""

    name: str
    ownerless_subscription: OwnerlessSubscription = OwnerlessSubscription.NEW_CONTACT
    disputed_subscription: DisputedSubscription = DisputedSubscription.NEW_CONTACT
    subscription_with_person: SubscriptionWithPerson = SubscriptionWithPerson.SHARED
    known_tracker: KnownTracker = KnownTracker.STAYS


STRICT = Policy("strict")

CONTINUITY = Policy(
    "continuity",
    ownerless_subscription=OwnerlessSubscription.BECOMES_TRACKER_OWNERS,
    disputed_subscription=DisputedSubscription.SHARED,
)

LAST_LOGIN = Policy(
    "last_login",
    ownerless_subscription=OwnerlessSubscription.BECOMES_TRACKER_OWNERS,
    disputed_subscription=DisputedSubscription.TAKEN,
    subscription_with_person=SubscriptionWithPerson.TAKEN,
    known_tracker=KnownTracker.MOVES,
)

POLICIES: dict[str, Policy] = {policy.name: policy for policy in (STRICT, CONTINUITY, LAST_LOGIN)}
