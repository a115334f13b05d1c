"""The block list."""

from typing import Literal

from pydantic import BaseModel

from api.http.schemas.examples import with_example


class Rule(BaseModel):
    """What is blocked or let through."""

    model_config = with_example(
        {"kind": "value", "namespace": None, "value": "shared-kiosk", "at": "2026-11-22T10:00:00Z"}
    )

    kind: Literal["value", "pattern", "allow"]
    namespace: str | None
    value: str
    at: str


class RuleList(BaseModel):
    """Rules by kind and value, a page of them."""

    items: list[Rule]
    next: str | None
