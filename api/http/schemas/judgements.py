"""What people judged to be apart."""

from typing import Any

from pydantic import BaseModel, Field

from api.http.schemas.examples import CONTACT, FOLDED, with_example

_JUDGEMENT: dict[str, Any] = {
    "id": "01936f31-2a10-7c40-b6a1-0f9e8d7c6b5a",
    "verdict": "apart",
    "contacts": [FOLDED, CONTACT],
    "key": None,
    "why": "mother and daughter on one phone",
    "by": "local",
    "at": "2026-11-22T10:05:00Z",
}


class Judgement(BaseModel):
    """Two contacts, or a contact and a key, that no event brings together."""

    model_config = with_example(_JUDGEMENT)

    id: str
    verdict: str = Field(description="Always apart: that two contacts are one is a union.")
    contacts: list[str] = Field(description="The contacts as they are now: two, or one with a key.")
    key: dict[str, str] | None = Field(description="The key by its namespace; null between two contacts.")
    why: str | None
    by: str | None = Field(description="Who judged: an access key's id, environment, local or command.")
    at: str


class JudgementList(BaseModel):
    """Judgements, newest first, a page of them."""

    items: list[Judgement]
    next: str | None
