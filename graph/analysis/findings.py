"""What an analysis finds: one shape for every kind."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import quote

from graph.clock import to_text
from graph.identity.alerts import finding_id
from graph.identity.decision.facts import Limits
from graph.model import KeyName

SubjectType = str
"""``contact``, ``cluster``, ``tracker`` for a tracker_id, or the name of another namespace."""
Kind = Literal[
    "shared_subscription",
    "many_emails",
    "many_trackers",
    "fusing_value",
    "limit",
    "merge_burst",
    "far_devices",
    "several_keys",
    "shared_device",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
TOLD_BY_FILES: Kind = "several_keys"
"""The kind that no analysis finds: a load tells it of the file."""
RAISED_ONLY: Kind = "shared_device"
"""The kind that no analysis finds: an event raises it (`graph.identity.alerts`)."""

SUBJECT_OF: dict[KeyName, SubjectType] = {
    "tracker_id": "tracker",
    "subscription": "subscription",
    "email": "email",
    "user_id": "user_id",
}
KEY_OF: dict[str, KeyName] = {subject: name for name, subject in SUBJECT_OF.items()}


def subject_of(name: KeyName) -> SubjectType:
    """Return what a finding calls a key of a namespace."""
    return SUBJECT_OF.get(name, name)


def key_of(subject: SubjectType) -> KeyName | None:
    """Return the namespace of a finding's subject; None when it is no key."""
    return None if subject in ("contact", "cluster") else KEY_OF.get(subject, subject)


SPLIT_BY: frozenset[Kind] = frozenset(("fusing_value", "many_emails", "several_keys"))
"""Kinds that are about a key by which several people may have become one contact."""
NEAR_LIMIT = 0.8
"""How much of a limit a contact uses from which it is near to it."""
WORTH_ACTING = 0.5
"""Score below which a finding proposes nothing but a look: most of those are ordinary people."""
_LEAST_TOLD = 0.2
"""The score of a key with two of another kind, which most often is a change of address."""
NAMED = 20
"""How many contacts, keys or unions evidence names at most; it always says how many there are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that looks wrong.

    Attributes
    ----------
    kind
        Which rule of the catalogue found it; docs/analysis.md says what each means.
    subject
        ``{"type", "value"}``: a contact by id, or a key by value.
    score
        From 0 to 1; its parts stand in ``evidence["detail"]``.
    reason
        Why, in a sentence or two.
    evidence
        Figures and names behind the reason. ``contacts``, where it is there, lists ids.
    actions
        What can be done: ``{"action": "block" | "unmerge" | "dismiss", "method", "path", ...}``; a split is added
        when it is read.
    """

    kind: Kind
    subject: dict[str, str]
    score: float
    reason: str
    evidence: dict[str, Any]
    actions: tuple[dict[str, Any], ...]

    @property
    def id(self) -> str:
        """Name the finding the same in every run: a hash of its kind and its subject."""
        return identity(self.kind, self.subject["type"], self.subject["value"])

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "subject": dict(self.subject),
            "score": self.score,
            "reason": self.reason,
            "evidence": self.evidence,
            "actions": [dict(action) for action in self.actions],
        }


identity = finding_id
"""Names a finding or a cluster."""


def finding(
    kind: Kind,
    subject: tuple[SubjectType, str],
    score: float,
    reason: str,
    evidence: dict[str, Any],
    *,
    block: bool = False,
    unmerge: Iterable[str] = (),
) -> Finding:
    """Make a finding with what can be done about it.

    Parameters
    ----------
    block
        Whether blocking the subject is one of the actions.
    unmerge
        Ids of unions to take back, those to be undone first in front.

    Neither is proposed below `WORTH_ACTING`.
    """
    type_, value = subject
    score = round(min(1.0, max(0.0, score)), 3)
    actions: list[dict[str, Any]] = []
    if score >= WORTH_ACTING:
        if block:
            actions.append(blocking(value))
        actions += unmerging(unmerge)
    name = identity(kind, type_, value)
    actions.append({"action": "dismiss", "method": "POST", "path": f"/v1/anomalies/{name}/dismiss"})
    return Finding(kind, {"type": type_, "value": value}, score, reason, evidence, tuple(actions))


def limit_finding(
    contact: str, trackers: int, subscriptions: int, limits: Limits, events: list[dict[str, object]]
) -> Finding:
    """Describe a contact near or over its limits; ``events`` are those that a limit held back, newest first."""
    full = max(trackers / limits.max_trackers, subscriptions / limits.max_subscriptions)
    owns = (
        f"It owns {trackers} trackers of {limits.max_trackers} and {subscriptions} subscriptions of "
        f"{limits.max_subscriptions} that a contact may own"
    )
    if events:
        held = f"{len(events)} event{'s' if len(events) > 1 else ''}"
        reason = (
            f"{held} would have left a contact with more than {limits.max_trackers} trackers, "
            f"{limits.max_subscriptions} subscriptions or {limits.max_properties} properties: resolved, and what was "
            f"beyond that was left undone. {owns}."
        )
        reason = reason[0].upper() + reason[1:]
    else:
        reason = f"{owns}: beyond that, nothing more is attached to it."
    evidence: dict[str, object] = {"trackers": trackers, "subscriptions": subscriptions, "contacts": [contact]}
    if events:
        evidence |= {**events[0], "held_back": len(events), "events": events[:NAMED]}
    evidence["detail"] = {"fullness": round(full, 3), "held_back": len(events)}
    return finding("limit", ("contact", contact), max(full, NEAR_LIMIT if events else 0.0), reason, evidence)


def several_keys_finding(key: KeyName, value: str, other: KeyName, count: int, file: str) -> Finding:
    """Describe a person key that came with several of another kind in one file."""
    names = f"{count:,} values of {other}"
    if key == "user_id":
        why = "somebody who changed them, or an id that names nobody and makes one person of many"
    else:
        why = "one person under several names, or a value that people share: it goes to the first of them"
    reason = f"In {file} this {key} comes with {names}: {why}."
    evidence: dict[str, object] = {"other": other, "count": count, "file": file, "contacts": []}
    evidence["detail"] = {"count": count}
    score = max(_LEAST_TOLD, 1 - 2 / count)
    return finding(TOLD_BY_FILES, (subject_of(key), value), score, reason, evidence, block=True)


def alert_finding(row: Mapping[str, Any]) -> Finding:
    """Describe what an event raised (`graph.identity.alerts`), as ``anomalies.raised`` returns it."""
    actions: list[dict[str, Any]] = [json.loads(action) for action in row["actions"] or ()]
    for action in actions:
        if action["action"] == "block":
            action["value"] = row["subject_value"]
    actions.append({"action": "dismiss", "method": "POST", "path": f"/v1/anomalies/{row['id']}/dismiss"})
    evidence = {
        "persons": row["persons_total"],
        "contacts": list(row["persons"]),
        "message_id": row["message_id"],
        "raised_at": to_text(row["at"]),
    }
    subject = {"type": row["subject_type"], "value": row["subject_value"]}
    return Finding(row["kind"], subject, row["score"], row["reason"], evidence, tuple(actions))


def blocking(value: str) -> dict[str, Any]:
    """Describe how a value is blocked."""
    return {"action": "block", "method": "PUT", "path": f"/v1/blocked/value/{quote(value, safe='')}", "value": value}


def splitting(contact: str, name: KeyName, value: str) -> dict[str, Any]:
    """Describe how a contact is split around a key that fused people."""
    return {
        "action": "split",
        "method": "POST",
        "path": f"/v1/contacts/{quote(contact, safe='')}/split",
        "body": {"around": {name: value}, "block": True},
        "contact": contact,
    }


def unmerging(merges: Iterable[str]) -> list[dict[str, Any]]:
    """Describe how unions are taken back, the first `NAMED` of them."""
    return [
        {"action": "unmerge", "method": "POST", "path": f"/v1/merges/{quote(merge, safe='')}/undo", "merge": merge}
        for merge in list(merges)[:NAMED]
    ]


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Order findings by score, the highest first, and equal ones by id."""
    return sorted(findings, key=lambda item: (-item.score, item.id))


def named(values: Iterable[str]) -> list[str]:
    """Take the first `NAMED` of some names, in order."""
    return sorted(values)[:NAMED]
