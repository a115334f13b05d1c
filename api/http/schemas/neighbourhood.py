"""Nodes and edges around a contact."""

from pydantic import BaseModel, ConfigDict, Field


class _Drawn(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: str
    on_path: bool | None = Field(None, description="With `from` and `to`: whether it lies on the path between them.")


class GraphNode(_Drawn):
    """A contact, one that was folded, or a key."""

    type: str = Field(description="contact, folded, or a key's name.")
    label: str


class GraphEdge(_Drawn):
    """Who owns what, and who was folded into whom: by a union (`merge`), or by the undoing of a `split`."""

    type: str = Field(
        description="owns or folded_into; in drawings of clusters, findings and keys also met (seen with it) and "
        "split (a conflict of row 4.3.3), joined with + where a tie is both."
    )
    source: str
    target: str
    occurred_at: str | None = Field(
        None,
        description="When the event behind it happened (around a key: the last that carried it); `since` or `at` is "
        "when it arrived.",
    )
    asleep: bool | None = Field(
        None, description="true where an owner is asleep on a subscription now: not to be reached by it."
    )


class PathStep(BaseModel):
    """One step of the way from a key to another."""

    words: str
    key: str | None
    contact: str
    message_id: str | None
    merge: str | None


class GraphGroup(BaseModel):
    """How much of one kind there is around a contact."""

    group: str = Field(description="A namespace of keys, or `folded`.")
    total: int
    shown: int = Field(description="On this page; what the path needs comes on top.")
    next: str | None


class Graph(BaseModel):
    """What is around a contact."""

    contact: str
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    groups: list[GraphGroup]
    path: list[PathStep] | None = Field(description="With `from` and `to`: why both belong to one person.")


class Meeting(BaseModel):
    """A key and everybody around it: owners first, then known contacts, the last seen first; at most 1,000."""

    root: str = Field(description="The id of the node at the centre.")
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    left_out: int = Field(description="How many contacts are not drawn.")
