"""The words of the product as types: what an event carries, what an answer says.

This module imports nothing of the house, so that the decision table can be read with it alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

KeyName = str
"""A namespace of keys as events and answers name it."""


TRACKER: KeyName = "tracker_id"
"""The namespace that answers name, that is minted and that has periods of ownership."""

PLURALS: dict[KeyName, str] = {
    "email": "emails",
    "user_id": "user_ids",
    TRACKER: "trackers",
    "subscription": "subscriptions",
}
"""What the keys of the namespaces that every deployment has are called together: in documents, counts and nodes."""


class KeyRef(NamedTuple):
    """A key: a value, in its normal form, in a namespace."""

    namespace: KeyName
    value: str


MAX_NAME = 255
"""Characters of a property's or an event's name."""

Scalar = str | int | float | bool
PropertyValue = Scalar | list[str] | list[int] | list[float] | list[bool] | None
"""What a property can hold; None removes it."""


class Kind(StrEnum):
    """Whether we know who a contact is."""

    ANONYMOUS = "anonymous"
    KNOWN = "known"


class Outcome(StrEnum):
    """What came of an event."""

    CREATED = "created"
    """A contact was made for it."""
    FOUND = "found"
    """It belongs to a contact that was there."""
    CLAIMED = "claimed"
    """A contact that was there got its first person key by it."""
    MERGED = "merged"
    """It proved that two contacts are one person."""
    SHARED = "shared"
    """A subscription of a known contact came with another known contact's tracker."""
    IGNORED = "ignored"
    """Every key that it carried is blocked: nothing was written."""


class IgnoredReason(StrEnum):
    """Why a key of an event was set aside."""

    INVALID = "invalid"
    BLOCKED = "blocked"
    SUPPRESSED = "suppressed"
    """Its owner was erased."""


@dataclass(frozen=True, slots=True)
class IgnoredKey:
    """A key that the event carried and that counts as absent."""

    key: KeyName
    reason: IgnoredReason


class ConflictReason(StrEnum):
    """Why a key of an event did not become the current contact's, when it is nobody else's."""

    FULL = "full"
    """The contact has as many of that namespace as events may give it."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A key of the event that is somebody else's and stays there, or that the current contact cannot take.

    ``owner`` is None for the second, and in a dry run for an owner that exists only in it.
    """

    key: KeyName
    owner: str | None
    reason: ConflictReason | None = None

    def to_dict(self) -> dict[str, Any]:
        """As answers show it."""
        shown: dict[str, Any] = {"key": self.key, "owner": self.owner}
        return shown if self.reason is None else shown | {"reason": self.reason}


@dataclass(frozen=True, slots=True)
class MovedKey:
    """A key that changed hands by this event, or that another one replaced."""

    key: KeyName
    value: str
    from_: str | None
    replaced_by: str | None = None
    """The value that took its place at the same contact; None when it went to another contact."""

    def to_dict(self) -> dict[str, Any]:
        """As answers show it."""
        shown: dict[str, Any] = {"key": self.key, "value": self.value, "from": self.from_}
        return shown if self.replaced_by is None else shown | {"replaced_by": self.replaced_by}


@dataclass(frozen=True, slots=True)
class KeptApart:
    """A contact that was not folded, or a key that was not given, because a judgement keeps it apart.

    Exactly one of both is said; in a dry run ``contact`` may be None for one that exists only in it.
    """

    contact: str | None = None
    key: KeyName | None = None

    def shown(self) -> str | dict[str, Any] | None:
        """Return it as answers show it: a contact by its id, a key by its namespace."""
        return self.contact if self.key is None else {"key": self.key}


@dataclass(frozen=True, slots=True)
class ContactRef:
    """The contact an answer names; without an id where a dry run would create it."""

    id: str | None
    kind: Kind


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One step of the explanation: a fact or a rule, and where it led."""

    step: str
    detail: str


@dataclass(slots=True)
class Answer:
    """Who is behind an event, and what the event changed.

    Attributes
    ----------
    contact
        The current contact; None when the event was ignored.
    tracker_id
        A tracker that the contact owns; a browser stores it and sends it with the next event.
    rule, outcome
        The row of the decision table that decided; rule is None when the event was ignored.
    merged
        Contacts folded into the current one by this call.
    shared_with
        The other owners of the event's subscription afterwards.
    kept_apart
        Contacts and keys that a judgement kept from the current contact.
    duplicate
        The ``message_id`` had been seen; nothing was written.
    limited
        A limit kept an attachment or a union from being carried out.
    trace
        The steps of the decision, when they were asked for.
    """

    contact: ContactRef | None
    tracker_id: str | None
    rule: str | None
    outcome: Outcome
    merged: list[str | None] = field(default_factory=list)
    shared_with: list[str | None] = field(default_factory=list)
    moved: list[MovedKey] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    ignored: list[IgnoredKey] = field(default_factory=list)
    kept_apart: list[KeptApart] = field(default_factory=list)
    duplicate: bool = False
    limited: bool = False
    trace: list[TraceStep] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the doors answer it, ready for orjson."""
        shown: dict[str, Any] = {
            "contact": self.contact,
            "tracker_id": self.tracker_id,
            "rule": self.rule,
            "outcome": self.outcome,
            "merged": self.merged,
            "shared_with": self.shared_with,
            "moved": [moved.to_dict() for moved in self.moved],
            "conflicts": [conflict.to_dict() for conflict in self.conflicts],
            "ignored": self.ignored,
            "kept_apart": [kept.shown() for kept in self.kept_apart],
            "duplicate": self.duplicate,
            "limited": self.limited,
        }
        if self.trace is not None:
            shown["trace"] = self.trace
        return shown


Properties = Mapping[str, PropertyValue]
