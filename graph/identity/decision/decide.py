"""Decide one event: walk its keys, find the row that fits, settle what cuts across the rows.

What cuts across them is settled after the row: further keys of the device, and the subscriptions that the rows do not
speak of.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from graph.identity.decision.case import Case
from graph.identity.decision.effects import Effect
from graph.identity.decision.facts import ContactFacts, EventKeysLike, Facts, Limits
from graph.identity.decision.plan import Plan
from graph.identity.decision.policy import STRICT, KnownTracker, Policy, SubscriptionWithPerson
from graph.identity.decision.table import ROWS, Row
from graph.model import TRACKER, Conflict, KeptApart, KeyRef, Kind, Outcome

DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Decision:
    """What the table says of one event.

    Attributes
    ----------
    rule, outcome
        The row that decided and what came of it.
    current
        The contact that was found; None when one is created.
    kind
        What the current contact is afterwards.
    effects
        What changes, in order. A contact that is created without a tracker gets a minted one.
    conflicts
        Keys of the event that stay with somebody else, or that the contact has no room for.
    limited
        A limit kept an effect from being carried out.
    kept_apart
        Contacts and keys that a judgement kept from the current contact.
    """

    rule: str
    outcome: Outcome
    current: str | None
    kind: Kind
    effects: tuple[Effect, ...]
    conflicts: tuple[Conflict, ...]
    limited: bool
    row: Row
    case: Case
    kept_apart: tuple[KeptApart, ...] = ()

    @property
    def evident(self) -> bool:
        """Whether `retell` can say as much from the activity alone."""
        devices = self.case.keys.devices
        return self.row.evident and not self.effects and len(devices) == 1 and devices[0].namespace == TRACKER


def decide(keys: EventKeysLike, facts: Facts, policy: Policy = STRICT, limits: Limits = DEFAULT_LIMITS) -> Decision:
    """Decide which contact an event belongs to and what it changes.

    A pure function: it reads nothing but its arguments and changes nothing.

    Parameters
    ----------
    keys
        The event's keys that count.
    facts
        Who owns them.
    policy
        What the deployment chose where the table leaves a choice.
    limits
        How many keys a contact may own.
    """
    person, kept_from_person = _person_named(keys, facts, limits)
    case = Case(
        keys,
        facts,
        policy,
        limits,
        person,
        _tracker_owner(keys, facts),
        _subscription_of_the_table(keys, facts),
        kept_from_person,
    )
    for row in ROWS[case.carries]:
        if row.fits(case):
            break
    plan = Plan(case)
    for key in kept_from_person:
        plan.keep_apart(KeptApart(key=key.namespace))
    row.act(case, plan)
    if plan.current is None and TRACKER not in plan.counts:
        plan.count(TRACKER, 1)  # the one that is minted for it
    _settle_device_keys(case, plan)
    if keys.subscriptions:
        _settle_subscriptions(case, plan)
    return Decision(
        rule=row.rule,
        outcome=plan.outcome,
        current=plan.current.id if plan.current else None,
        kind=plan.kind,
        effects=tuple(plan.effects),
        conflicts=tuple(plan.conflicts),
        limited=plan.limited,
        row=row,
        case=case,
        kept_apart=tuple(plan.kept_apart),
    )


# --- the walks: whom the keys of an event name ----------------------------------------------------------------


def _person_named(keys: EventKeysLike, facts: Facts, limits: Limits) -> tuple[ContactFacts | None, tuple[KeyRef, ...]]:
    """Find E: the owner of the first person key that somebody owns, who can take every key asked before it.

    Who cannot is passed over, and with him everybody after him: his key is nobody's no more. Beside E stand the keys
    that a judgement keeps from the one who was passed over.
    """
    asked_before: list[KeyRef] = []
    for key in keys.persons:
        owner = facts.owner(key)
        if owner is not None:
            kept = tuple(one for one in asked_before if one in owner.barred) if owner.barred else ()
            return (owner if not kept and _has_room_for(owner, asked_before, limits) else None), kept
        if key not in keys.derived:
            asked_before.append(key)
    return None, ()


def _has_room_for(contact: ContactFacts, keys: Sequence[KeyRef], limits: Limits) -> bool:
    counts = dict(contact.counts)
    for key in keys:
        count = counts.get(key.namespace, 0)
        if not limits.room(key.namespace, count):
            return False
        counts[key.namespace] = count + 1
    return True


def _tracker_owner(keys: EventKeysLike, facts: Facts) -> ContactFacts | None:
    """Find T: the owner of the first device key that somebody owns."""
    for key in keys.devices:
        if (owner := facts.owner(key)) is not None:
            return owner
    return None


def _subscription_of_the_table(keys: EventKeysLike, facts: Facts) -> KeyRef | None:
    """Choose the first subscription that somebody owns, else the first."""
    for key in keys.subscriptions:
        if facts.owner(key) is not None:
            return key
    return keys.subscriptions[0] if keys.subscriptions else None


# --- what cuts across the rows ---------------------------------------------------------------------------------


def _settle_device_keys(case: Case, plan: Plan) -> None:
    """Settle the device keys of an event whose device is the current contact's: T is, or was folded into it.

    Nobody's becomes the current contact's; an anonymous owner of another one is folded; a known one keeps it or,
    under some policies, loses it.
    """
    if len(case.keys.devices) < 2 or case.tracker is None or not plan.has(case.tracker):
        return
    for key in case.keys.devices:
        owner = case.facts.owner(key)
        if owner is None:
            plan.own_device_key(key, None)
        elif plan.has(owner):
            continue
        elif not owner.known:
            plan.fold(owner)
        elif case.policy.known_tracker is KnownTracker.MOVES:
            plan.own_device_key(key, owner)


def _settle_subscriptions(case: Case, plan: Plan) -> None:
    """Settle the subscriptions that the row did not: all of an event that named a person, else all but the table's."""
    if case.subscription is not None and case.names_person:
        _settle_subscription(case, plan, case.subscription)
    for key in case.keys.subscriptions:
        if key != case.subscription:
            _settle_subscription(case, plan, key)


def _settle_subscription(case: Case, plan: Plan, key: KeyRef) -> None:
    """Settle a subscription after the current contact is decided.

    Nobody's becomes the current contact's; anonymous owners are folded (as 4.3.2 does); known owners share it
    (as 4.3.3 does) or, under some policies, lose it.
    """
    others = [owner for owner in case.facts.owners.get(key, ()) if not plan.has(owner)]
    if not others:
        if not any(plan.has(owner) for owner in case.facts.owners.get(key, ())):
            plan.own_subscription(key)
        return
    for owner in others:
        if not owner.known:
            plan.fold(owner)
    known = [owner for owner in others if owner.known]
    if known and case.policy.subscription_with_person is SubscriptionWithPerson.TAKEN:
        plan.own_subscription(key, *known)
    elif known:
        plan.own_subscription(key)
