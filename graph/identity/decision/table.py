"""The decision table, row by row as the specification has it.

Rows are read from top to bottom; the first that fits decides. Each row has a predicate over the case and an
action that notes effects in a plan. What cuts across the rows is settled after them: further keys of the device, and
the subscriptions that the rows do not speak of.

The rows speak of classes of keys. E is found by the walk of the event's person keys, T by that of its device keys, and
one subscription is the table's; which namespaces there are, and in which order their keys are asked, is settled before.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from graph.identity.decision.facts import ContactFacts, EventKeysLike, Facts, Limits
from graph.identity.decision.policy import (
    STRICT,
    DisputedSubscription,
    KnownTracker,
    OwnerlessSubscription,
    Policy,
    SubscriptionWithPerson,
)
from graph.model import TRACKER, Conflict, ConflictReason, KeyRef, Kind, Outcome, TraceStep

DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Own:
    """The current contact gets a key; a ``derived`` one is the hash of another and counts towards no limit."""

    key: KeyRef
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """The current contact gets a key that ``owner`` loses."""

    key: KeyRef
    owner: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Contact ``source`` is folded into the current contact."""

    source: str


@dataclass(frozen=True, slots=True)
class Split:
    """The conflict (tracker's owner, subscription) made the current contact (row 4.3.3)."""

    tracker_owner: str
    subscription: KeyRef


Effect = Own | Take | Fold | Split


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
    """

    rule: str
    outcome: Outcome
    current: str | None
    kind: Kind
    effects: tuple[Effect, ...]
    conflicts: tuple[Conflict, ...]
    limited: bool
    row: "Row"
    case: "Case"

    def trace(self) -> list[TraceStep]:
        """Explain the decision: which fact led where."""
        return list(_explain(self))

    @property
    def evident(self) -> bool:
        """Whether `retell` can say as much from the activity alone."""
        return self.row.evident and not self.effects and len(self.case.keys.devices) == 1 and self.case.tracker_comes


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
    """

    keys: EventKeysLike
    facts: Facts
    policy: Policy
    limits: Limits
    person: ContactFacts | None
    tracker: ContactFacts | None
    subscription: KeyRef | None

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
    def tracker_comes(self) -> bool:
        """Whether the event carries a tracker among its device keys."""
        return any(key.namespace == TRACKER for key in self.keys.devices)

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
    def split_contact(self) -> ContactFacts | None:
        """The contact that the conflict (T, subscription) made before."""
        return None if self.subscription is None else self.facts.split_contacts.get(self.subscription)


@dataclass(slots=True)
class Plan:
    """What a row does, noted down: the current contact and the effects, within the limits."""

    case: Case
    outcome: Outcome = Outcome.FOUND
    current: ContactFacts | None = None
    kind: Kind = Kind.ANONYMOUS
    effects: list[Effect] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    limited: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    subscriptions: set[KeyRef] = field(default_factory=set)
    folded: set[str] = field(default_factory=set)

    def found(self, contact: ContactFacts, outcome: Outcome = Outcome.FOUND) -> None:
        self.current, self.kind, self.outcome = contact, contact.kind, outcome
        self.counts, self.subscriptions = dict(contact.counts), set(contact.subscriptions)

    def created(self, kind: Kind, outcome: Outcome = Outcome.CREATED) -> None:
        self.current, self.kind, self.outcome = None, kind, outcome

    def has(self, contact: ContactFacts) -> bool:
        """Return whether a contact is the current one, or is folded into it."""
        return contact.id in self.folded or (self.current is not None and contact.id == self.current.id)

    def own_person_keys(self) -> None:
        """Every person key of the event that is nobody's becomes the current contact's, as far as it has room."""
        keys, mine = self.case.keys, set[KeyRef]()
        for key in keys.persons:
            if key in keys.derived:
                continue
            owner = self.case.facts.owner(key)
            if owner is not None and not self.has(owner):
                self.conflicts.append(Conflict(key.namespace, owner.id))
                continue
            if owner is None and not self._takes(key):
                self.conflicts.append(Conflict(key.namespace, None, ConflictReason.FULL))
                continue
            mine.add(key)
            if owner is None:
                self.effects.append(Own(key))
                self.kind = Kind.KNOWN
        # A hash is owned along with what it is of: one of a key that stays elsewhere is left alone.
        for key in keys.persons if keys.derived else ():
            if keys.derived.get(key) not in mine:
                continue
            owner = self.case.facts.owner(key)
            if owner is None:
                self.effects.append(Own(key, derived=True))
            elif not self.has(owner):
                self.conflicts.append(Conflict(key.namespace, owner.id))

    def own_device_keys(self) -> None:
        """The event's device keys become the current contact's: those that are nobody's, and T's."""
        for key in self.case.keys.devices:
            owner = self.case.facts.owner(key)
            if owner is None or owner is self.case.tracker:
                self.own_device_key(key, owner)

    def own_device_key(self, key: KeyRef, owner: ContactFacts | None) -> None:
        """A device key becomes the current contact's, from whoever has it."""
        if self._takes(key):
            self.effects.append(Own(key) if owner is None else Take(key, owner.id))
        else:
            self.limited = True

    def own_subscription(self, key: KeyRef, *leaving: ContactFacts) -> bool:
        """A subscription becomes the current contact's; those that are ``leaving`` lose it."""
        if key not in self.subscriptions:
            same = sum(one.namespace == key.namespace for one in self.subscriptions)
            limits = self.case.limits
            if len(self.subscriptions) >= limits.max_subscriptions or not limits.room(key.namespace, same):
                self.limited = True
                return False
            self.subscriptions.add(key)
            if not leaving:
                self.effects.append(Own(key))
        self.effects += [Take(key, owner.id) for owner in leaving]
        return True

    def _takes(self, key: KeyRef) -> bool:
        """Count one more key of a namespace, when the contact has room for it."""
        count = self.counts.get(key.namespace, 0)
        if not self.case.limits.room(key.namespace, count):
            return False
        self.counts[key.namespace] = count + 1
        return True

    def fold(self, source: ContactFacts) -> bool:
        """Fold ``source`` into the current contact, unless that would have too many keys then."""
        limits = self.case.limits
        trackers = self.counts.get(TRACKER, 0) + source.counts.get(TRACKER, 0)
        subscriptions = self.subscriptions | source.subscriptions
        if trackers > limits.max_trackers or len(subscriptions) > limits.max_subscriptions:
            self.limited = True
            return False
        for namespace, count in source.counts.items():
            self.counts[namespace] = self.counts.get(namespace, 0) + count
        self.subscriptions = subscriptions
        self.effects.append(Fold(source.id))
        self.folded.add(source.id)
        return True

    def merge_from(self, *sources: ContactFacts) -> None:
        """Fold each source and answer ``merged``, or ``found`` when the limits let none through."""
        folded = [self.fold(source) for source in sources]
        self.outcome = Outcome.MERGED if any(folded) else Outcome.FOUND


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes
    ----------
    rule
        The rule number of the specification.
    of
        What an event carries that the row is for.
    carries, state
        The row's conditions in words, as the specification has them.
    fits
        The same conditions as a predicate.
    act
        The row's effect.
    evident
        The row says all there is to say: that the key was the contact's. Most traffic is of this kind, so its
        explanation is not kept with the activity but told again from it (`retell`).
    """

    rule: str
    of: Carries
    carries: str
    state: str
    fits: Callable[[Case], bool]
    act: Callable[[Case, Plan], None]
    evident: bool = False


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
    case = Case(
        keys,
        facts,
        policy,
        limits,
        _person_named(keys, facts, limits),
        _tracker_owner(keys, facts),
        _subscription_of_the_table(keys, facts),
    )
    for row in _ROWS[case.carries]:
        if row.fits(case):
            break
    plan = Plan(case)
    row.act(case, plan)
    if plan.current is None and not any(
        isinstance(one, Own | Take) and one.key.namespace == TRACKER for one in plan.effects
    ):
        plan.counts[TRACKER] = plan.counts.get(TRACKER, 0) + 1  # the one that is minted for it
    _settle_device_keys(case, plan)
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
    )


# --- the walks: whom the keys of an event name ----------------------------------------------------------------


def _person_named(keys: EventKeysLike, facts: Facts, limits: Limits) -> ContactFacts | None:
    """Find E: the owner of the first person key that somebody owns, who can take every key asked before it.

    Who cannot is passed over, and with him everybody after him: his key is nobody's no more.
    """
    asked_before: list[KeyRef] = []
    for key in keys.persons:
        owner = facts.owner(key)
        if owner is not None:
            return owner if _has_room_for(owner, asked_before, limits) else None
        if key not in keys.derived:
            asked_before.append(key)
    return None


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


# --- rules 1 to 3: no key, or a person key -----------------------------------------------------------------


def _new_anonymous(case: Case, plan: Plan) -> None:
    plan.created(Kind.ANONYMOUS)


def _person_found(case: Case, plan: Plan) -> None:
    assert case.person
    plan.found(case.person)
    plan.own_person_keys()


def _person_found_on_unknown_device(case: Case, plan: Plan) -> None:
    _person_found(case, plan)
    plan.own_device_keys()


def _person_absorbs_tracker_owner(case: Case, plan: Plan) -> None:
    assert case.tracker
    _person_found(case, plan)
    plan.merge_from(case.tracker)


def _person_found_on_known_tracker(case: Case, plan: Plan) -> None:
    _person_found(case, plan)
    if case.policy.known_tracker is KnownTracker.MOVES:
        plan.own_device_keys()


def _new_known(case: Case, plan: Plan) -> None:
    plan.created(Kind.KNOWN)
    plan.own_person_keys()


def _new_known_with_tracker(case: Case, plan: Plan) -> None:
    _new_known(case, plan)
    plan.own_device_keys()


def _claim(case: Case, plan: Plan) -> None:
    assert case.tracker
    plan.found(case.tracker, Outcome.CLAIMED)
    plan.own_person_keys()


def _new_known_on_known_tracker(case: Case, plan: Plan) -> None:
    _new_known(case, plan)
    if case.policy.known_tracker is KnownTracker.MOVES:
        plan.own_device_keys()


# --- rule 4: a subscription without a person key, rule 5: a tracker alone ----------------------------------


def _subscription_owner_found(case: Case, plan: Plan) -> None:
    plan.found(case.owners[0])
    plan.own_device_keys()


def _subscription_makes_contact(case: Case, plan: Plan) -> None:
    plan.created(Kind.ANONYMOUS)
    plan.own_device_keys()
    assert case.subscription
    plan.own_subscription(case.subscription)


def _tracker_owner_found(case: Case, plan: Plan) -> None:
    assert case.tracker
    plan.found(case.tracker)


def _subscription_owner_absorbs_tracker_owner(case: Case, plan: Plan) -> None:
    assert case.tracker
    plan.found(case.others[0])
    plan.merge_from(case.tracker)


def _ownerless_subscription(case: Case, plan: Plan) -> None:
    if case.policy.ownerless_subscription is OwnerlessSubscription.NEW_CONTACT:
        plan.created(Kind.ANONYMOUS)
    else:
        _tracker_owner_found(case, plan)
    assert case.subscription
    plan.own_subscription(case.subscription)


def _split_contact_found(case: Case, plan: Plan) -> None:
    assert case.split_contact
    plan.found(case.split_contact)


def _disputed_subscription(case: Case, plan: Plan) -> None:
    assert case.tracker
    assert case.subscription
    match case.policy.disputed_subscription:
        case DisputedSubscription.NEW_CONTACT:
            plan.created(Kind.KNOWN, Outcome.SHARED)
            plan.own_subscription(case.subscription)
            plan.effects.append(Split(case.tracker.id, case.subscription))
        case DisputedSubscription.SHARED:
            plan.found(case.tracker)
            if plan.own_subscription(case.subscription):
                plan.outcome = Outcome.SHARED
        case DisputedSubscription.TAKEN:
            plan.found(case.tracker)
            plan.own_subscription(case.subscription, *case.others)


def _tracker_owner_absorbs_subscription_owners(case: Case, plan: Plan) -> None:
    assert case.tracker
    plan.found(case.tracker)
    plan.merge_from(*case.others)


def _new_anonymous_with_tracker(case: Case, plan: Plan) -> None:
    plan.created(Kind.ANONYMOUS)
    plan.own_device_keys()


# --- the conditions, in the words of the table --------------------------------------------------------------


def _no_tracker(case: Case) -> bool:
    return not case.keys.devices


def _tracker_unknown(case: Case) -> bool:
    return bool(case.keys.devices) and case.tracker is None


def _tracker_is_persons(case: Case) -> bool:
    return case.tracker is not None and case.person is not None and case.tracker.id == case.person.id


def _tracker_anonymous(case: Case) -> bool:
    return case.tracker is not None and not case.tracker.known


def _tracker_known(case: Case) -> bool:
    return case.tracker is not None and case.tracker.known


def _tracker_known_without_person_key(case: Case) -> bool:
    return case.tracker is not None and case.tracker.known and not case.tracker.has_person_key


def _owned_by_tracker_owner(case: Case) -> bool:
    return case.tracker_owner_has_subscription


def _somebody_owns(case: Case) -> bool:
    return bool(case.owners)


def _nobody_owns(case: Case) -> bool:
    return not case.owners


def _known_other(case: Case) -> bool:
    return any(other.known for other in case.others)


def _split_before(case: Case) -> bool:
    return case.split_contact is not None


def _every(*conditions: Callable[[Case], bool]) -> Callable[[Case], bool]:
    def fits(case: Case) -> bool:
        for condition in conditions:  # noqa: SIM110 a generator costs twice the conditions, for every row of every event
            if not condition(case):
                return False
        return True

    return fits


def _always(case: Case) -> bool:
    return True


TABLE: tuple[Row, ...] = (
    Row("1", Carries.NO_KEY, "no key", "", _always, _new_anonymous),
    # a person key that somebody owns
    Row(
        "2",
        Carries.OWNED_PERSON_KEY,
        "person key",
        "its owner exists; no tracker, or the owner's",
        lambda case: _no_tracker(case) or _tracker_is_persons(case),
        _person_found,
    ),
    Row(
        "2",
        Carries.OWNED_PERSON_KEY,
        "person key + tracker",
        "its owner exists; tracker unknown",
        _tracker_unknown,
        _person_found_on_unknown_device,
    ),
    Row(
        "3",
        Carries.OWNED_PERSON_KEY,
        "person key + tracker",
        "its owner exists; the tracker's owner is anonymous",
        _tracker_anonymous,
        _person_absorbs_tracker_owner,
    ),
    Row(
        "3",
        Carries.OWNED_PERSON_KEY,
        "person key + tracker",
        "its owner exists; the tracker's owner is another known contact",
        _tracker_known,
        _person_found_on_known_tracker,
    ),
    # a person key that nobody owns
    Row(
        "2",
        Carries.NEW_PERSON_KEY,
        "person key",
        "nobody owns it; no tracker",
        _no_tracker,
        _new_known,
    ),
    Row(
        "2.1",
        Carries.NEW_PERSON_KEY,
        "person key + tracker",
        "nobody owns it; tracker unknown",
        _tracker_unknown,
        _new_known_with_tracker,
    ),
    Row(
        "2.2",
        Carries.NEW_PERSON_KEY,
        "person key + tracker",
        "nobody owns it; the tracker's owner is anonymous",
        _tracker_anonymous,
        _claim,
    ),
    Row(
        "2.2",
        Carries.NEW_PERSON_KEY,
        "person key + tracker",
        "nobody owns it; the tracker's owner is known without any person key",
        _tracker_known_without_person_key,
        _claim,
    ),
    Row(
        "2.3",
        Carries.NEW_PERSON_KEY,
        "person key + tracker",
        "nobody owns it; the tracker's owner is known by another person key",
        _tracker_known,
        _new_known_on_known_tracker,
    ),
    # a subscription without a person key
    Row(
        "4.1",
        Carries.SUBSCRIPTION,
        "subscription, no tracker or an unknown one",
        "somebody owns it",
        _every(lambda case: case.tracker is None, _somebody_owns),
        _subscription_owner_found,
    ),
    Row(
        "4.1",
        Carries.SUBSCRIPTION,
        "subscription, no tracker or an unknown one",
        "nobody owns it",
        lambda case: case.tracker is None,
        _subscription_makes_contact,
    ),
    Row(
        "4.2",
        Carries.SUBSCRIPTION,
        "subscription + tracker",
        "the tracker's owner is anonymous and owns the subscription",
        _every(_tracker_anonymous, _owned_by_tracker_owner),
        _tracker_owner_found,
    ),
    Row(
        "4.2",
        Carries.SUBSCRIPTION,
        "subscription + tracker",
        "the tracker's owner is anonymous, somebody else owns the subscription",
        _every(_tracker_anonymous, _somebody_owns),
        _subscription_owner_absorbs_tracker_owner,
    ),
    Row(
        "4.2",
        Carries.SUBSCRIPTION,
        "subscription + tracker",
        "the tracker's owner is anonymous, nobody owns the subscription",
        _tracker_anonymous,
        _ownerless_subscription,
    ),
    Row(
        "4.3",
        Carries.SUBSCRIPTION,
        "subscription + tracker",
        "the tracker's owner is known and owns the subscription",
        _every(_tracker_known, _owned_by_tracker_owner),
        _tracker_owner_found,
    ),
    Row(
        "4.3.1",
        Carries.SUBSCRIPTION,
        "subscription + tracker",
        "the tracker's owner is known, nobody owns the subscription",
        _every(_tracker_known, _nobody_owns),
        _ownerless_subscription,
    ),
    Row(
        "4.3.3",
        Carries.SUBSCRIPTION,
        "subscription + tracker",
        "the tracker's owner is known, so is an owner of the subscription, and this conflict made a contact before",
        _every(_tracker_known, _known_other, _split_before),
        _split_contact_found,
    ),
    Row(
        "4.3.3",
        Carries.SUBSCRIPTION,
        "subscription + tracker",
        "the tracker's owner is known, so is an owner of the subscription",
        _every(_tracker_known, _known_other),
        _disputed_subscription,
    ),
    Row(
        "4.3.2",
        Carries.SUBSCRIPTION,
        "subscription + tracker",
        "the tracker's owner is known, every owner of the subscription is anonymous",
        _tracker_known,
        _tracker_owner_absorbs_subscription_owners,
    ),
    # a tracker alone
    Row(
        "5",
        Carries.TRACKER,
        "tracker",
        "somebody owns it",
        lambda case: case.tracker is not None,
        _tracker_owner_found,
        evident=True,
    ),
    Row("5", Carries.TRACKER, "tracker", "tracker unknown", _always, _new_anonymous_with_tracker),
)
"""The table: of the rows for what an event carries, the first that fits decides."""

_ROWS = {carries: tuple(row for row in TABLE if row.of is carries) for carries in Carries}


def _settle_device_keys(case: Case, plan: Plan) -> None:
    """Settle the device keys of an event whose device is the current contact's: T is, or was folded into it.

    Nobody's becomes the current contact's; an anonymous owner of another one is folded; a known one keeps it or,
    under some policies, loses it.
    """
    if case.tracker is None or not plan.has(case.tracker):
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


# --- explanation --------------------------------------------------------------------------------------------


def _explain(decision: Decision) -> Iterator[TraceStep]:
    case, keys, facts = decision.case, decision.case.keys, decision.case.facts
    for key in (*keys.persons, *keys.devices, *keys.subscriptions):
        names = ", ".join(_name(owner) for owner in facts.owners.get(key, ())) or "nobody"
        of = " (a hash of another key)" if key in keys.derived else ""
        yield TraceStep("fact", f"{key.namespace} {key.value!r}{of} belongs to {names}")
    if case.split_contact and decision.rule == "4.3.3":
        yield TraceStep("fact", f"this conflict made {_name(case.split_contact)} before")
    for conflict in decision.conflicts:
        if conflict.reason is ConflictReason.FULL:
            most = case.limits.at_most[conflict.key]
            yield TraceStep("fact", f"events may give a contact at most {most} {conflict.key}: this one has no room")
        else:
            yield TraceStep("fact", f"{conflict.key} is contact {conflict.owner}'s and stays there")
    row = decision.row
    state = f"; {row.state}" if row.state else ""
    yield TraceStep("rule", f"row {row.rule} fits: {row.carries}{state} (policy {case.policy.name})")
    current = "a new contact" if decision.current is None else f"contact {decision.current}"
    yield TraceStep("decision", f"{decision.outcome}: the event is {current}'s, {decision.kind} afterwards")
    for effect in decision.effects:
        yield TraceStep("effect", _effect_in_words(effect))
    if decision.limited:
        limits = case.limits
        yield TraceStep(
            "limit",
            f"a contact owns at most {limits.max_trackers} trackers and {limits.max_subscriptions} "
            "subscriptions: something was left undone",
        )


def retell(rule: str, outcome: str, tracker_id: str) -> list[TraceStep]:
    """Explain an activity whose decision was evident, from what stands on it.

    Parameters
    ----------
    rule, outcome
        The row that decided.
    tracker_id
        The tracker on whose period of ownership the activity hangs.
    """
    row = next(row for row in TABLE if row.evident and row.rule == rule)
    return [
        TraceStep("fact", f"tracker_id {tracker_id!r} belonged to this contact"),
        TraceStep("rule", f"row {row.rule} fits: {row.carries}; {row.state}"),
        TraceStep("decision", f"{outcome}: the event is this contact's"),
    ]


def _name(contact: ContactFacts | None) -> str:
    return "nobody" if contact is None else f"{contact.kind} contact {contact.id}"


def _effect_in_words(effect: Effect) -> str:
    match effect:
        case Own(key):
            return f"{key.namespace} {key.value!r} becomes the contact's"
        case Take(key, owner):
            return f"{key.namespace} {key.value!r} leaves contact {owner} and becomes the contact's"
        case Fold(source):
            return f"contact {source} is folded into it"
        case Split(owner, subscription):
            return f"it is remembered as made by the conflict of contact {owner} and {subscription.value!r}"
