"""Decisions in words: which fact led where."""

from collections.abc import Iterator

from graph.identity.decision.decide import Decision
from graph.identity.decision.effects import ConflictContact, Effect, Fold, Own, Take
from graph.identity.decision.facts import ContactFacts
from graph.identity.decision.table import TABLE
from graph.model import ConflictReason, TraceStep


def explain(decision: Decision) -> Iterator[TraceStep]:
    """Yield the steps of a decision in words: the facts, the row, what was decided, the effects."""
    case, keys, facts = decision.case, decision.case.keys, decision.case.facts
    for key in (*keys.persons, *keys.devices, *keys.subscriptions):
        names = ", ".join(_name(owner) for owner in facts.owners.get(key, ())) or "nobody"
        of = " (a hash of another key)" if key in keys.derived else ""
        yield TraceStep("fact", f"{key.namespace} {key.value!r}{of} belongs to {names}")
    if case.conflict_contact and decision.rule == "4.3.3":
        yield TraceStep("fact", f"this conflict made {_name(case.conflict_contact)} before")
    for conflict in decision.conflicts:
        if conflict.reason is ConflictReason.FULL:
            most = case.limits.at_most[conflict.key]
            yield TraceStep("fact", f"events may give a contact at most {most} {conflict.key}: this one has no room")
        else:
            yield TraceStep("fact", f"{conflict.key} is contact {conflict.owner}'s and stays there")
    for kept in decision.kept_apart:
        if kept.key is None:
            yield TraceStep("fact", f"a judgement keeps contact {kept.contact} apart: it is not folded")
        else:
            yield TraceStep("fact", f"a judgement keeps this {kept.key} and the contact apart")
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
        case ConflictContact(owner, subscription):
            return f"it is remembered as made by the conflict of contact {owner} and {subscription.value!r}"
