"""Webhooks and their dead letters."""

from pydantic import BaseModel, Field

from api.http.schemas.feed import FeedChange
from graph.store.changes import ChangeKind


class Webhook(BaseModel):
    """Where changes are delivered, without the secret."""

    name: str
    url: str
    kinds: list[ChangeKind] = Field(description="Empty for all kinds.")
    position: str = Field(description="The id of the last change delivered or given up.")
    created_at: str
    delivered_at: str | None
    failing_since: str | None
    next_try_at: str | None
    error: str | None


class WebhookList(BaseModel):
    """Webhooks by name, a page of them."""

    items: list[Webhook]
    next: str | None


class DeadLetter(BaseModel):
    """A change that a webhook did not take."""

    change: FeedChange
    error: str | None
    died_at: str
    replay: bool = Field(description="Whether it will be sent again.")


class DeadLetterList(BaseModel):
    """Dead letters, the oldest change first, a page of them."""

    items: list[DeadLetter]
    next: str | None


class Replayed(BaseModel):
    """How many dead letters are sent again."""

    replayed: int
