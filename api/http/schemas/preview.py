"""What a dry run answers."""

from typing import Any

from pydantic import BaseModel, Field

from api.http.schemas.examples import CONTACT, with_example

_REHEARSAL: dict[str, Any] = {
    "dry_run": True,
    "changes": [
        {
            "contact": CONTACT,
            "exists_before": True,
            "exists_after": True,
            "changes": [{"field": "kind", "before": "anonymous", "after": "known"}],
        }
    ],
}


class Change(BaseModel):
    """A field of a contact that would change."""

    field: str
    before: Any
    after: Any


class ContactChanges(BaseModel):
    """What would change of one contact."""

    contact: str
    exists_before: bool
    exists_after: bool
    changes: list[Change]


class Rehearsal(BaseModel):
    """What a dry run answers; contacts that would stay as they are are left out."""

    model_config = with_example(_REHEARSAL)

    dry_run: bool = Field(description="Always true.")
    changes: list[ContactChanges]
