"""Splits in the journal."""

from typing import Any

from pydantic import BaseModel, Field

from api.http.schemas.examples import CONTACT, FOLDED, with_example
from api.http.schemas.preview import Rehearsal
from graph.model import KeyName

_PART: dict[str, Any] = {
    "contact": FOLDED,
    "keys": {"email": ["bob@example.com"], "tracker_id": ["t2"]},
    "activities": 12,
    "properties": ["_name"],
}
_SPLIT: dict[str, Any] = {
    "id": "01936f31-3b20-7c40-b6a1-0f9e8d7c6b5a",
    "contact": CONTACT,
    "around": {"user_id": "user_id"},
    "blocked": True,
    "taken": {"user_id": ["user_id"]},
    "parts": [_PART],
    "by": "local",
    "why": None,
    "at": "2026-11-22T10:05:00Z",
    "undone_at": None,
}

_PREVIEW: dict[str, Any] = {
    "dry_run": True,
    "contact": CONTACT,
    "around": {"user_id": "user_id"},
    "taken": {"user_id": ["user_id"]},
    "parts": [_PART | {"contact": None}],
    "stays": {
        "contact": CONTACT,
        "keys": {"email": ["ana@example.com"], "tracker_id": ["t1"]},
        "properties": ["_name"],
    },
    "changes": [],
}


class Part(BaseModel):
    """What one part of a contact got."""

    contact: str | None = Field(description="The part's id; null in a dry run.")
    keys: dict[KeyName, list[str]]
    activities: int
    properties: list[str] = Field(description="Names of the properties that its events had brought.")


class Rest(BaseModel):
    """What stays with the contact."""

    contact: str
    keys: dict[KeyName, list[str]]
    properties: list[str]


class Split(BaseModel):
    """One split in the journal."""

    model_config = with_example(_SPLIT)

    id: str
    contact: str = Field(description="The contact that came apart; it keeps its id.")
    around: dict[KeyName, str] | None = Field(description="The key around which the parts were worked out.")
    blocked: bool = Field(description="Whether that key was blocked by the same act.")
    taken: dict[KeyName, list[str]] = Field(description="Keys that nobody got.")
    parts: list[Part]
    by: str | None
    why: str | None
    at: str
    undone_at: str | None
    stays: Rest | None = Field(None, description="In the answer to the split itself.")


class SplitPreview(Rehearsal):
    """What a split would do."""

    model_config = with_example(_PREVIEW)

    contact: str
    around: dict[KeyName, str] | None
    taken: dict[KeyName, list[str]]
    parts: list[Part]
    stays: Rest


class SplitList(BaseModel):
    """Splits, newest first, a page of them."""

    items: list[Split]
    next: str | None
