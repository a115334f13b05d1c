"""What the calls answer, as the OpenAPI document shows it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from graph.model import IgnoredReason, KeyName, Kind, Outcome

_CONTACT = "01936f2e-7c1a-7d10-9a3c-5b1f0c2d4e6f"
_FOLDED = "01936f2e-7b02-7aa1-8e7d-2f6a9c0b1d3e"

_ANSWER: dict[str, Any] = {
    "contact": {"id": _CONTACT, "kind": "known"},
    "tracker_id": "t1",
    "rule": "2.2",
    "outcome": "claimed",
    "merged": [],
    "shared_with": [],
    "moved": [],
    "conflicts": [],
    "ignored": [],
    "duplicate": False,
    "limited": False,
}
_PROBLEM: dict[str, Any] = {
    "type": "urn:kinfold:problem:bad_input",
    "title": "The request breaks a rule",
    "status": 422,
    "detail": "e_mail: there is no such field",
    "code": "bad_input",
    "errors": [{"field": "e_mail", "rule": "unknown_field", "message": "there is no such field"}],
}
_DOCUMENT: dict[str, Any] = {
    "id": _CONTACT,
    "kind": "known",
    "email": "ana@example.com",
    "emails": ["ana@example.com"],
    "user_ids": ["42"],
    "trackers": ["t1"],
    "subscriptions": [{"id": "s1", "shared_with": []}],
    "properties": {"_name": "Ana"},
    "segments": [],
    "workflows": [],
    "merged_from": [_FOLDED],
    "created_at": "2026-11-22T10:00:00Z",
    "last_seen_at": "2026-11-22T10:05:00Z",
}


def _shown(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class FieldProblem(BaseModel):
    """One thing that is wrong: where, which rule, in words."""

    field: str = Field(description="The place, dotted; empty when it is the whole request.")
    rule: str
    message: str


class Problem(BaseModel):
    """Every error, as RFC 9457 problem+json. Some carry further members, such as `line` or `owner`."""

    model_config = _shown(_PROBLEM)

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable, for programs; title and detail are for people.")
    errors: list[FieldProblem]


class ContactRef(BaseModel):
    """The contact an answer names."""

    id: str | None = Field(description="Null where a dry run would create one.")
    kind: Kind


class MovedKey(BaseModel):
    """A key that changed hands."""

    key: KeyName
    value: str
    from_: str | None = Field(alias="from")


class Conflict(BaseModel):
    """A key of the event that is somebody else's and stays there."""

    key: KeyName
    owner: str | None


class IgnoredKey(BaseModel):
    """A key of the event that counts as absent."""

    key: KeyName
    reason: IgnoredReason


class TraceStep(BaseModel):
    """A fact or a rule, and where it led."""

    step: str
    detail: str


class Answer(BaseModel):
    """Who is behind an event, and what the event changed."""

    model_config = _shown(_ANSWER)

    contact: ContactRef | None = Field(description="Null when every key of the event is blocked.")
    tracker_id: str | None = Field(description="A tracker of the contact; a browser stores it.")
    rule: str | None = Field(description="The row of the decision table that decided.")
    outcome: Outcome
    merged: list[str | None] = Field(description="Contacts folded into this one by this call.")
    shared_with: list[str | None] = Field(description="The other owners of the subscription.")
    moved: list[MovedKey]
    conflicts: list[Conflict]
    ignored: list[IgnoredKey]
    duplicate: bool = Field(description="The message_id had been seen; nothing was written.")
    limited: bool = Field(description="A limit kept a key or a union from being carried out.")
    trace: list[TraceStep] | None = Field(None, description="With explain=true.")


class Refused(BaseModel):
    """What a batch answers for an event that was not resolved."""

    error: Problem


class Results(BaseModel):
    """The answers of a batch, in the order of its events."""

    results: list[Answer | Refused]


class OwnedSubscription(BaseModel):
    """A push subscription, and who else owns it."""

    id: str
    shared_with: list[str]


class Contact(BaseModel):
    """One person as we know them."""

    model_config = _shown(_DOCUMENT)

    id: str
    kind: Kind
    email: str | None
    emails: list[str]
    user_ids: list[str]
    trackers: list[str]
    subscriptions: list[OwnedSubscription]
    properties: dict[str, Any]
    segments: list[str]
    workflows: list[Any]
    merged_from: list[str] = Field(description="Every id that leads here.")
    created_at: str
    last_seen_at: str | None
    redirected_from: str | None = Field(None, description="The merged id that was asked for.")


class ContactList(BaseModel):
    """Contacts, a page of them."""

    items: list[Contact]
    next: str | None


class Activity(BaseModel):
    """One thing that a contact did, and how its event was resolved."""

    message_id: str | None
    event: str
    event_properties: dict[str, Any]
    tracker_id: str | None
    occurred_at: str
    received_at: str
    rule: str | None
    outcome: Outcome


class ActivityList(BaseModel):
    """Activity, newest first, a page of it."""

    items: list[Activity]
    next: str | None


class Status(BaseModel):
    """The state of this server."""

    status: str
    version: str
