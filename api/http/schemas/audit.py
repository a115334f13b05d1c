"""Who did what."""

from typing import Any

from pydantic import BaseModel, Field

from api.http.schemas.examples import CONTACT, with_example


class AuditEntry(BaseModel):
    """Who did what, to whom, and why."""

    model_config = with_example(
        {
            "id": "01a2155c-6162-76eb-ab54-31c988d89e8e",
            "at": "2026-11-22T10:00:00Z",
            "by": "8d0c1c53c3f1",
            "what": "exported",
            "contact": CONTACT,
            "other": None,
            "why": "request of 20 November",
            "details": {},
        }
    )

    id: str
    at: str
    by: str | None = Field(description="An access key's id, `environment`, `local`, or `command`.")
    what: str = Field(description="What was done: a value of the table in docs/privacy.md.")
    contact: str | None
    other: str | None = Field(description="The second contact of a manual merge.")
    why: str | None = Field(description="The reason that came with the call.")
    details: dict[str, Any]


class AuditList(BaseModel):
    """The audit, newest first, a page of it."""

    items: list[AuditEntry]
    next: str | None
