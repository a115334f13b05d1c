"""Unions in the journal."""

from typing import Any

from pydantic import BaseModel, Field

from api.http.schemas.examples import CONTACT, FOLDED, with_example

_MERGE: dict[str, Any] = {
    "id": "01936f31-1d2e-7c40-b6a1-0f9e8d7c6b5a",
    "source": FOLDED,
    "target": CONTACT,
    "rule": None,
    "message_id": None,
    "at": "2026-11-22T10:05:00Z",
    "occurred_at": "2026-11-22T10:05:00Z",
    "undone_at": None,
}

_TAKEN_BACK = _MERGE | {"undone_at": "2026-11-23T09:00:00Z"}

_UNDONE: dict[str, Any] = _TAKEN_BACK | {"undone": [_TAKEN_BACK]}


class Merge(BaseModel):
    """One union in the journal."""

    model_config = with_example(_MERGE)

    id: str
    source: str = Field(description="The contact that was merged into the other.")
    target: str = Field(description="The contact that survives.")
    rule: str | None = Field(description="The row of the decision table; null by hand.")
    message_id: str | None = Field(description="The event; null by hand.")
    at: str = Field(description="When it was made.")
    occurred_at: str | None = Field(description="When its event happened; null when that is no longer kept.")
    undone_at: str | None


class MergeList(BaseModel):
    """Unions, newest first, a page of them."""

    items: list[Merge]
    next: str | None


class Undone(Merge):
    """A union that was taken back, with all that were for its sake."""

    model_config = with_example(_UNDONE)

    undone: list[Merge] = Field(description="All merges undone by this call, in order; this one last.")
