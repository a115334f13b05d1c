"""Pairs of contacts that are probably one person."""

from typing import Any

from pydantic import BaseModel, Field

from api.http.schemas.examples import CONTACT, FOLDED, with_example
from graph.model import KeyName

_PREVIEW: dict[str, Any] = {
    "source": FOLDED,
    "target": CONTACT,
    "keys": {"email": ["ana@example.com", "ana+shop@example.com"], "tracker_id": ["t1", "t2"]},
    "properties": {"_name": "Ana"},
}
_SUGGESTION: dict[str, Any] = {
    "id": "5d3c1f0a9b8e7d6c5b4a3f2e",
    "contacts": [FOLDED, CONTACT],
    "probability": 0.93,
    "reasons": [{"code": "plus_tag", "words": "one address is the other's but for a plus tag or dots", "weight": 4.5}],
    "preview": _PREVIEW,
}


class Reason(BaseModel):
    """What speaks for it, or against."""

    code: str
    words: str
    weight: float = Field(description="How much it counts, as log-odds; below 0 it speaks against.")


class UnionPreview(BaseModel):
    """What the union would leave."""

    source: str = Field(description="Who would be folded.")
    target: str
    keys: dict[KeyName, list[str]]
    properties: dict[str, Any]


class Suggestion(BaseModel):
    """Two contacts that are probably one person."""

    model_config = with_example(_SUGGESTION)

    id: str
    contacts: list[str]
    probability: float
    reasons: list[Reason]
    preview: UnionPreview | None


class SuggestionList(BaseModel):
    """Suggestions, the most probable first, a page of them."""

    items: list[Suggestion]
    next: str | None
