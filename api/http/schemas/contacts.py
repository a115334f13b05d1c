"""Contacts, what they did and what happened to them."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.http.schemas.examples import CONTACT, FOLDED, with_example
from api.http.schemas.resolve import TraceStep
from api.http.schemas.workflows import Enrolment
from graph.model import KeyName, Kind, Outcome

_DOCUMENT: dict[str, Any] = {
    "id": CONTACT,
    "name": "Ana",
    "kind": "known",
    "email": "ana@example.com",
    "emails": ["ana@example.com"],
    "user_ids": ["42"],
    "trackers": ["t1"],
    "subscriptions": [{"id": "s1", "shared_with": [], "state": "awake"}],
    "keys": {"email": ["ana@example.com"], "subscription": ["s1"], "tracker_id": ["t1"], "user_id": ["42"]},
    "properties": {"_name": "Ana"},
    "segments": ["newsletter"],
    "workflows": {"welcome": {"status": "active", "nodes": {"mail": {"ran_at": "2026-11-22T10:00:00Z", "data": {}}}}},
    "merged_from": [FOLDED],
    "first_occurred_at": "2026-11-20T08:00:00Z",
    "last_occurred_at": "2026-11-22T10:05:00Z",
    "created_at": "2026-11-22T10:00:00Z",
    "last_seen_at": "2026-11-22T10:05:00Z",
}


class OwnedSubscription(BaseModel):
    """A key of class subscription, who else owns it, and whether it may be used to reach this contact."""

    id: str
    namespace: KeyName = Field(
        default="subscription", description="The declared namespace that it is of; left out for `subscription`."
    )
    shared_with: list[str]
    state: Literal["awake", "asleep"] = Field(
        description="`asleep` after a log-out, or when somebody else named themselves with it."
    )


class Contact(BaseModel):
    """One person as we know them."""

    model_config = with_example(_DOCUMENT)

    id: str
    name: str = Field(description="What to call it: its name by its properties, else its email, another key, its id.")
    kind: Kind
    email: str | None
    emails: list[str]
    user_ids: list[str]
    trackers: list[str]
    subscriptions: list[OwnedSubscription]
    keys: dict[KeyName, list[str]] = Field(description="Every key, by the name of its namespace.")
    properties: dict[str, Any]
    segments: list[str]
    workflows: dict[str, Enrolment] = Field(description="By name: what the contact shows of it.")
    merged_from: list[str] = Field(description="Every id that leads here.")
    first_occurred_at: str | None = Field(description="When its first event happened; null without any.")
    last_occurred_at: str | None = Field(description="When its last event happened; null without any.")
    created_at: str = Field(description="When its first event arrived.")
    last_seen_at: str | None = Field(description="When its last event arrived.")
    redirected_from: str | None = Field(None, description="The merged id that was asked for.")
    at: str | None = Field(None, description="The time of arrival as of which it is, where one was asked for.")


class ContactList(BaseModel):
    """Contacts, a page of them."""

    items: list[Contact]
    next: str | None


class FoundContact(BaseModel):
    """A contact, and what of it the text is."""

    found_by: list[str] = Field(description="`id`, or the namespace of a key.")
    contact: Contact


class SimilarKey(BaseModel):
    """A key that begins with the text."""

    key: KeyName
    value: str
    contacts: int = Field(description="How many own it.")


class Found(BaseModel):
    """Who was found, a page of them."""

    items: list[FoundContact]
    next: str | None
    similar: list[SimilarKey] = Field(
        description="When nobody was found: some keys of each kind that begin with the text."
    )


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
    limited: bool = Field(description="Whether a limit prevented part of it.")
    trace: list[TraceStep] = Field(description="How it was decided at the time.")


class ActivityList(BaseModel):
    """Activity, newest first, a page of it."""

    items: list[Activity]
    next: str | None


class ActivityDay(BaseModel):
    """How much there was on one day."""

    day: str = Field(description="In UTC.", examples=["2026-11-22"])
    activities: int


class ActivityEvent(BaseModel):
    """How often one event came."""

    event: str
    activities: int


class ActivityDays(BaseModel):
    """A contact's activity by day and by event."""

    activities: int
    days: list[ActivityDay] = Field(description="Days on which there was some, in their order.")
    events: list[ActivityEvent] = Field(description="The most frequent first, whatever `event` says.")


_HISTORY: dict[str, Any] = {
    "at": "2026-11-22T10:00:00Z",
    "occurred_at": "2026-11-20T08:00:00Z",
    "what": "claimed",
    "words": "This contact became known by rule 2.2: event 'identify' came with email ana@example.com, tracker_id t1.",
    "contact": None,
    "rule": "2.2",
    "message_id": "m2",
    "merge": None,
}


class HistoryItem(BaseModel):
    """One thing that happened to a contact, or to one that was folded into it."""

    model_config = with_example(_HISTORY)

    at: str = Field(description="When it arrived here.")
    occurred_at: str | None = Field(description="When it happened; null when the event is no longer kept.")
    what: str = Field(
        description="created, claimed, merged, shared, limited, folded, unmerged, given or taken; more may come."
    )
    words: str
    contact: str | None = Field(description="The other contact that it is about, if any.")
    rule: str | None
    message_id: str | None = Field(description="The event; null by hand.")
    merge: str | None = Field(description="The union, for /v1/merges/{id}/undo.")


class HistoryList(BaseModel):
    """History, newest first, a page of it."""

    items: list[HistoryItem]
    next: str | None


class ContactName(BaseModel):
    """What a contact is called."""

    name: str
    kind: Kind


class ContactNames(BaseModel):
    """What contacts are called, by their ids; whoever was folded, erased or never there is left out."""

    model_config = with_example({"names": {"01936f2e-7c1a-7d10-9a3c-5b1f0c2d4e6f": {"name": "Ana", "kind": "known"}}})

    names: dict[str, ContactName]
