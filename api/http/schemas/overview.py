"""The figures of the whole graph."""

from typing import Any

from pydantic import BaseModel, Field

from api.http.schemas.examples import with_example
from graph.model import KeyName

_FIGURES: dict[str, Any] = {
    "as_of": "2026-11-22T10:05:00Z",
    "contacts": {"total": 3, "known": 2, "anonymous": 1},
    "keys": {"total": 6, "by_namespace": {"email": 2, "user_id": 0, "tracker_id": 3, "subscription": 1}},
    "deduplication": {"keys_a_contact": 2.0, "folded": 1, "contacts_ever": 4, "folded_share": 0.25},
    "events": {"total": 9, "in_days": 9},
    "unions": {"total": 1, "in_days": 1, "undone_in_days": 0},
    "days": [{"day": "2026-11-22", "events": 9, "unions": 1}],
    "rules": [{"rule": "3", "events": 1}, {"rule": "5", "events": 8}],
    "findings": {"open": 1, "by_kind": {"shared_browser": 1}, "as_of": "2026-11-22T10:00:00Z"},
}


class ContactFigures(BaseModel):
    """How many contacts there are."""

    total: int
    known: int
    anonymous: int


class KeyFigures(BaseModel):
    """How many keys contacts own; one that several own counts for each."""

    total: int
    by_namespace: dict[KeyName, int]


class Deduplication(BaseModel):
    """How far keys were brought together."""

    keys_a_contact: float | None = Field(description="Null while there is no contact.")
    folded: int = Field(description="Contacts that were folded into others.")
    contacts_ever: int = Field(description="Contacts there would be without unions.")
    folded_share: float | None


class EventFigures(BaseModel):
    """How many events are kept."""

    total: int
    in_days: int = Field(description="Of the days that are listed.")


class UnionFigures(BaseModel):
    """How many unions there were."""

    total: int
    in_days: int = Field(description="Of the days that are listed.")
    undone_in_days: int = Field(description="Of these, how many were undone since.")


class Day(BaseModel):
    """One day, in UTC, by arrival."""

    day: str
    events: int
    unions: int


class RuleFigures(BaseModel):
    """How many events of the days that are listed a rule decided."""

    rule: str
    events: int


class OpenFindings(BaseModel):
    """What looks wrong and was not dismissed."""

    open: int
    by_kind: dict[str, int]
    as_of: str | None = Field(description="When the last analysis was; null without any.")


class Overview(BaseModel):
    """What the home page shows."""

    model_config = with_example(_FIGURES)

    as_of: str
    contacts: ContactFigures
    keys: KeyFigures
    deduplication: Deduplication
    events: EventFigures
    unions: UnionFigures
    days: list[Day]
    rules: list[RuleFigures]
    findings: OpenFindings
