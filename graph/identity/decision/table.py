"""The decision table, row by row as the specification has it.

Rows are read from top to bottom; the first that fits decides. Each row has a predicate over the case and an
action that notes effects in a plan. The subscription that comes with a person key cuts across the rows and is
settled after them.
"""

from collections.abc import Callable, Iterator
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
from graph.model import Conflict, KeyName, Kind, Outcome, TraceStep

DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Own:
    """The current contact gets a key."""

    key: KeyName
    value: str


@dataclass(frozen=True, slots=True)
class Take:
    """The current contact gets a key that ``owner`` loses."""

    key: KeyName
    value: str
    owner: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Contact ``source`` is folded into the current contact."""

    source: str


@dataclass(frozen=True, slots=True)
class Split:
    """The conflict (tracker's owner, subscription) made the current contact (row 4.3.3)."""

    tracker_owner: str
    subscription: str


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
        Keys of the event that stay with somebody else.
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
        return self.row.evident


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
    """One event before the table: its keys, the facts, the policy, and whom its person keys name.

    Attributes
    ----------
    person
        The contact that the event's person keys name (E, or U in E's place).
    new_person_keys
        Person keys of the event that become the current contact's.
    """

    keys: EventKeysLike
    facts: Facts
    policy: Policy
    limits: Limits
    person: ContactFacts | None
    new_person_keys: tuple[Own, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def carries(self) -> Carries:
        if self.person is not None:
            return Carries.OWNED_PERSON_KEY
        if self.new_person_keys:
            return Carries.NEW_PERSON_KEY
        if self.keys.subscription is not None:
            return Carries.SUBSCRIPTION
        return Carries.NO_KEY if self.keys.tracker_id is None else Carries.TRACKER

    @property
    def names_person(self) -> bool:
        return self.person is not None or bool(self.new_person_keys)

    @property
    def tracker(self) -> ContactFacts | None:
        """T: the owner of the event's tracker."""
        return self.facts.tracker_owner

    @property
    def owners(self) -> tuple[ContactFacts, ...]:
        return self.facts.subscription_owners

    @property
    def others(self) -> tuple[ContactFacts, ...]:
        """Every S: the owners of the event's subscription that are not T."""
        return tuple(owner for owner in self.owners if self.tracker is None or owner.id != self.tracker.id)

    @property
    def tracker_owner_has_subscription(self) -> bool:
        return len(self.others) < len(self.owners)


@dataclass(slots=True)
class Plan:
    """What a row does, noted down: the current contact and the effects, within the limits."""

    case: Case
    outcome: Outcome = Outcome.FOUND
    current: ContactFacts | None = None
    kind: Kind = Kind.ANONYMOUS
    effects: list[Effect] = field(default_factory=list)
    limited: bool = False
    trackers: int = 0
    subscriptions: set[str] = field(default_factory=set)
    folded: set[str] = field(default_factory=set)

    def found(self, contact: ContactFacts, outcome: Outcome = Outcome.FOUND) -> None:
        self.current, self.kind, self.outcome = contact, contact.kind, outcome
        self.trackers, self.subscriptions = contact.trackers, set(contact.subscriptions)

    def created(self, kind: Kind, outcome: Outcome = Outcome.CREATED) -> None:
        self.current, self.kind, self.outcome = None, kind, outcome

    def own_person_keys(self) -> None:
        if self.case.new_person_keys:
            self.effects += self.case.new_person_keys
            self.kind = Kind.KNOWN

    def own_tracker(self) -> None:
        """The event's tracker becomes the current contact's, from whoever has it."""
        value = self.case.keys.tracker_id
        if value is None:
            return
        if self.trackers >= self.case.limits.max_trackers:
            self.limited = True
            return
        owner = self.case.tracker
        self.effects.append(Own("tracker_id", value) if owner is None else Take("tracker_id", value, owner.id))
        self.trackers += 1

    def own_subscription(self, *leaving: ContactFacts) -> bool:
        """The event's subscription becomes the current contact's; those that are ``leaving`` lose it."""
        value = self.case.keys.subscription
        if value is None:
            return False
        if value not in self.subscriptions:
            if len(self.subscriptions) >= self.case.limits.max_subscriptions:
                self.limited = True
                return False
            self.subscriptions.add(value)
            if not leaving:
                self.effects.append(Own("subscription", value))
        self.effects += [Take("subscription", value, owner.id) for owner in leaving]
        return True

    def fold(self, source: ContactFacts) -> bool:
        """Fold ``source`` into the current contact, unless that would have too many keys then."""
        limits = self.case.limits
        trackers = self.trackers + source.trackers
        subscriptions = self.subscriptions | source.subscriptions
        if trackers > limits.max_trackers or len(subscriptions) > limits.max_subscriptions:
            self.limited = True
            return False
        self.trackers, self.subscriptions = trackers, subscriptions
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
    case = _read_case(keys, facts, policy, limits)
    for row in _ROWS[case.carries]:
        if row.fits(case):
            break
    plan = Plan(case)
    row.act(case, plan)
    if plan.current is None and not any(
        isinstance(one, Own | Take) and one.key == "tracker_id" for one in plan.effects
    ):
        plan.trackers += 1  # the one that is minted for it
    if case.names_person:
        _settle_subscription(case, plan)
    return Decision(
        rule=row.rule,
        outcome=plan.outcome,
        current=plan.current.id if plan.current else None,
        kind=plan.kind,
        effects=tuple(plan.effects),
        conflicts=case.conflicts,
        limited=plan.limited,
        row=row,
        case=case,
    )


def _read_case(keys: EventKeysLike, facts: Facts, policy: Policy, limits: Limits) -> Case:
    """Find out whom the person keys name (section "user_id", beyond the seeds)."""
    by_email, by_user = facts.email_owner, facts.user_owner
    person: ContactFacts | None = None
    new: list[Own] = []
    conflicts: list[Conflict] = []
    email = Own("email", keys.email) if keys.email is not None else None
    user = Own("user_id", keys.user_id) if keys.user_id is not None else None

    if user and by_user:  # U exists: it stands in E's place
        person = by_user
        if email and by_email is None:
            new.append(email)
        elif by_email and by_email.id != by_user.id:
            conflicts.append(Conflict("email", by_email.id))
    elif user and by_email and by_email.user_ids:  # another user's address: as if the event had no email
        new.append(user)
        conflicts.append(Conflict("email", by_email.id))
    elif by_email:
        person = by_email
        if user:
            new.append(user)
    else:
        new += [key for key in (email, user) if key]
    return Case(keys, facts, policy, limits, person, tuple(new), tuple(conflicts))


# --- rules 1 to 3: no key, or a person key -----------------------------------------------------------------


def _new_anonymous(case: Case, plan: Plan) -> None:
    plan.created(Kind.ANONYMOUS)


def _person_found(case: Case, plan: Plan) -> None:
    assert case.person
    plan.found(case.person)
    plan.own_person_keys()


def _person_found_with_new_tracker(case: Case, plan: Plan) -> None:
    _person_found(case, plan)
    plan.own_tracker()


def _person_absorbs_tracker_owner(case: Case, plan: Plan) -> None:
    assert case.tracker
    _person_found(case, plan)
    plan.merge_from(case.tracker)


def _person_found_on_known_tracker(case: Case, plan: Plan) -> None:
    _person_found(case, plan)
    if case.policy.known_tracker is KnownTracker.MOVES:
        plan.own_tracker()


def _new_known(case: Case, plan: Plan) -> None:
    plan.created(Kind.KNOWN)
    plan.own_person_keys()


def _new_known_with_tracker(case: Case, plan: Plan) -> None:
    _new_known(case, plan)
    plan.own_tracker()


def _claim(case: Case, plan: Plan) -> None:
    assert case.tracker
    plan.found(case.tracker, Outcome.CLAIMED)
    plan.own_person_keys()


def _new_known_on_known_tracker(case: Case, plan: Plan) -> None:
    _new_known(case, plan)
    if case.policy.known_tracker is KnownTracker.MOVES:
        plan.own_tracker()


# --- rule 4: a subscription without a person key, rule 5: a tracker alone ----------------------------------


def _subscription_owner_found(case: Case, plan: Plan) -> None:
    plan.found(case.owners[0])
    plan.own_tracker()


def _subscription_makes_contact(case: Case, plan: Plan) -> None:
    plan.created(Kind.ANONYMOUS)
    plan.own_tracker()
    plan.own_subscription()


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
    plan.own_subscription()


def _split_contact_found(case: Case, plan: Plan) -> None:
    assert case.facts.split_contact
    plan.found(case.facts.split_contact)


def _disputed_subscription(case: Case, plan: Plan) -> None:
    assert case.tracker
    assert case.keys.subscription is not None
    match case.policy.disputed_subscription:
        case DisputedSubscription.NEW_CONTACT:
            plan.created(Kind.KNOWN, Outcome.SHARED)
            plan.own_subscription()
            plan.effects.append(Split(case.tracker.id, case.keys.subscription))
        case DisputedSubscription.SHARED:
            plan.found(case.tracker)
            if plan.own_subscription():
                plan.outcome = Outcome.SHARED
        case DisputedSubscription.TAKEN:
            plan.found(case.tracker)
            plan.own_subscription(*case.others)


def _tracker_owner_absorbs_subscription_owners(case: Case, plan: Plan) -> None:
    assert case.tracker
    plan.found(case.tracker)
    plan.merge_from(*case.others)


def _new_anonymous_with_tracker(case: Case, plan: Plan) -> None:
    plan.created(Kind.ANONYMOUS)
    plan.own_tracker()


# --- the conditions, in the words of the table --------------------------------------------------------------


def _no_tracker(case: Case) -> bool:
    return case.keys.tracker_id is None


def _tracker_unknown(case: Case) -> bool:
    return case.keys.tracker_id is not None and case.tracker is None


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
    return case.facts.split_contact is not None


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
    # a person key that somebody owns (E, or U in E's place)
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
        _person_found_with_new_tracker,
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


def _settle_subscription(case: Case, plan: Plan) -> None:
    """Settle the subscription of an event that named a person: the person key decided, this follows.

    Nobody's becomes the current contact's; anonymous owners are folded (as 4.3.2 does); known owners share it
    (as 4.3.3 does) or, under some policies, lose it.
    """
    if case.keys.subscription is None:
        return
    others = [
        owner
        for owner in case.owners
        if owner.id not in plan.folded and (plan.current is None or owner.id != plan.current.id)
    ]
    if not others:
        plan.own_subscription()
        return
    for owner in others:
        if not owner.known:
            plan.fold(owner)
    known = [owner for owner in others if owner.known]
    if known and case.policy.subscription_with_person is SubscriptionWithPerson.TAKEN:
        plan.own_subscription(*known)
    elif known:
        plan.own_subscription()


# --- explanation --------------------------------------------------------------------------------------------


def _explain(decision: Decision) -> Iterator[TraceStep]:
    case, keys, facts = decision.case, decision.case.keys, decision.case.facts
    for name, value, owner in (
        ("user_id", keys.user_id, facts.user_owner),
        ("email", keys.email, facts.email_owner),
        ("tracker_id", keys.tracker_id, facts.tracker_owner),
    ):
        if value is not None:
            yield TraceStep("fact", f"{name} {value!r} belongs to {_name(owner)}")
    if keys.subscription is not None:
        names = ", ".join(_name(owner) for owner in case.owners) or "nobody"
        yield TraceStep("fact", f"subscription {keys.subscription!r} belongs to {names}")
    if facts.split_contact and decision.rule == "4.3.3":
        yield TraceStep("fact", f"this conflict made {_name(facts.split_contact)} before")
    for conflict in decision.conflicts:
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
        case Own(key, value):
            return f"{key} {value!r} becomes the contact's"
        case Take(key, value, owner):
            return f"{key} {value!r} leaves contact {owner} and becomes the contact's"
        case Fold(source):
            return f"contact {source} is folded into it"
        case Split(owner, subscription):
            return f"it is remembered as made by the conflict of contact {owner} and {subscription!r}"
