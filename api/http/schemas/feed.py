"""The change feed."""

from pydantic import BaseModel, ConfigDict, Field

from api.http.schemas.examples import CONTACT, FOLDED
from graph.store.changes import ChangeKind


class FeedChange(BaseModel):
    """One thing that was done; which further members there are depends on its kind."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "id": "42",
                    "kind": "merged",
                    "at": "2026-11-22T10:00:00Z",
                    "contact": CONTACT,
                    "other": FOLDED,
                    "merge": "01936f31-1d2e-7c40-b6a1-0f9e8d7c6b5a",
                    "rule": "3",
                    "message_id": "m1",
                }
            ]
        },
    )

    id: str = Field(description="Its number in the feed; `after` accepts it.")
    kind: ChangeKind
    at: str
    contact: str | None = Field(description="The contact that it is about; null for settings and definitions.")


class FeedChangeList(BaseModel):
    """Changes, oldest first, a page of them."""

    items: list[FeedChange]
    next: str | None = Field(
        description="Where to continue, even when there is nothing more yet; null on an empty page."
    )
