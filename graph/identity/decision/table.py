"""The decision table, row by row as the specification has it.

Rows are read from top to bottom; the first that fits decides. Each row has a predicate over the case and an
action that notes effects in a plan.

The rows speak of classes of keys. E is found by the walk of the event's person keys, T by that of its device keys, and
one subscription is the table's; which namespaces there are, and in which order their keys are asked, is settled before.
"""

from collections.abc import Callable
from dataclasses import dataclass

from graph.identity.decision.case import Carries, Case
from graph.identity.decision.effects import ConflictContact
from graph.identity.decision.plan import Plan
from graph.identity.decision.policy import DisputedSubscription, KnownTracker, OwnerlessSubscription
from graph.model import KeptApart, Kind, Outcome


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
    if not _tracker_known_by_person_key(case):
        for key in case.kept_from_tracker_owner:
            plan.keep_apart(KeptApart(key=key.namespace))
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


def _conflict_contact_found(case: Case, plan: Plan) -> None:
    assert case.conflict_contact
    plan.found(case.conflict_contact)


def _disputed_subscription(case: Case, plan: Plan) -> None:
    assert case.tracker
    assert case.subscription
    match case.policy.disputed_subscription:
        case DisputedSubscription.NEW_CONTACT:
            plan.created(Kind.KNOWN, Outcome.SHARED)
            plan.own_subscription(case.subscription)
            plan.effects.append(ConflictContact(case.tracker.id, case.subscription))
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


def _tracker_known_by_person_key(case: Case) -> bool:
    return _tracker_known(case) and not _tracker_known_without_person_key(case)


def _tracker_owner_may_be_named(case: Case) -> bool:
    return not case.kept_from_tracker_owner


def _owned_by_tracker_owner(case: Case) -> bool:
    return case.tracker_owner_has_subscription


def _somebody_owns(case: Case) -> bool:
    return bool(case.owners)


def _nobody_owns(case: Case) -> bool:
    return not case.owners


def _known_other(case: Case) -> bool:
    return any(other.known for other in case.others)


def _conflict_before(case: Case) -> bool:
    return case.conflict_contact is not None


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
        _every(_tracker_anonymous, _tracker_owner_may_be_named),
        _claim,
    ),
    Row(
        "2.2",
        Carries.NEW_PERSON_KEY,
        "person key + tracker",
        "nobody owns it; the tracker's owner is known without any person key",
        _every(_tracker_known_without_person_key, _tracker_owner_may_be_named),
        _claim,
    ),
    Row(
        "2.3",
        Carries.NEW_PERSON_KEY,
        "person key + tracker",
        "nobody owns it; the tracker's owner is known by another person key, or a judgement keeps it from the owner",
        _always,
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
        _every(_tracker_known, _known_other, _conflict_before),
        _conflict_contact_found,
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

ROWS = {carries: tuple(row for row in TABLE if row.of is carries) for carries in Carries}
