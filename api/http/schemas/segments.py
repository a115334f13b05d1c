"""Segments and their members."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.http.schemas.examples import with_example
from graph.model import Kind
from graph.segments.condition_schema import DocumentedCondition

_SEGMENT: dict[str, Any] = {
    "name": "french",
    "kind": "dynamic",
    "where": {"property": "country", "is": "FR"},
    "watch": False,
    "on_union": None,
    "changed_at": "2026-11-22T10:00:00Z",
}


class Segment(BaseModel):
    """A static list, or a condition."""

    model_config = with_example(_SEGMENT)

    name: str
    kind: Literal["static", "dynamic", "dynamic_plus"]
    where: Annotated[Any, DocumentedCondition]
    watch: bool = Field(description="Whether the change feed reports who joins and who leaves.")
    on_union: Literal["survivor", "either"] | None = Field(description="Of a static one: who is in after a union.")
    changed_at: str


class SegmentList(BaseModel):
    """Segments by name, a page of them."""

    items: list[Segment]
    next: str | None


class Member(BaseModel):
    """A contact in a segment."""

    id: str
    kind: Kind


class MemberList(BaseModel):
    """Who is in a segment, by id, a page of them."""

    items: list[Member]
    next: str | None
    as_of: str
