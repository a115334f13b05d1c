"""What the resolver answers to an event or a batch."""

from typing import Any

from pydantic import BaseModel, Field

from api.http.schemas.examples import CONTACT, with_example
from api.http.schemas.neighbourhood import GraphEdge, GraphNode
from api.http.schemas.problems import Problem
from graph.model import ConflictReason, IgnoredReason, KeyName, Kind, Outcome
from graph.settings import PolicyName

_ANSWER: dict[str, Any] = {
    "contact": {"id": CONTACT, "kind": "known"},
    "tracker_id": "t1",
    "rule": "2.2",
    "outcome": "claimed",
    "merged": [],
    "shared_with": [],
    "moved": [],
    "conflicts": [],
    "ignored": [],
    "kept_apart": [],
    "duplicate": False,
    "limited": False,
}


class ContactRef(BaseModel):
    """The contact an answer names."""

    id: str | None = Field(description="Null where a dry run would create one.")
    kind: Kind


class MovedKey(BaseModel):
    """A key that changed hands."""

    key: KeyName
    value: str
    from_: str | None = Field(alias="from")
    replaced_by: str | None = Field(None, description="Of a subscription: the new one that took its place there.")


class Conflict(BaseModel):
    """A key of the event that is somebody else's and stays there, or that the contact has no room for."""

    key: KeyName
    owner: str | None = Field(description="Null when nobody owns it, and for a contact that exists only in a dry run.")
    reason: ConflictReason | None = Field(
        None, description="`full`: the contact has as many of this namespace as events may give it."
    )


class IgnoredKey(BaseModel):
    """A key of the event that counts as absent."""

    key: KeyName
    reason: IgnoredReason


class KeptKey(BaseModel):
    """A key that a judgement kept from the contact."""

    key: KeyName


class TraceStep(BaseModel):
    """A fact or a rule, and where it led."""

    step: str
    detail: str


class Answer(BaseModel):
    """Who is behind an event, and what the event changed."""

    model_config = with_example(_ANSWER)

    contact: ContactRef | None = Field(description="Null when every key is blocked, and in a minimal answer.")
    tracker_id: str | None = Field(description="A tracker of the contact; a browser stores it.")
    rule: str | None = Field(description="The row of the decision table that decided.")
    outcome: Outcome | None = Field(description="Null in the minimal answer to a write key.")
    merged: list[str | None] = Field(description="Contacts merged into this one by this call.")
    shared_with: list[str | None] = Field(description="The other owners of the subscription.")
    moved: list[MovedKey]
    conflicts: list[Conflict]
    ignored: list[IgnoredKey]
    kept_apart: list[str | KeptKey | None] = Field(
        description="Contacts, by id, and keys that a judgement kept from this one; null: one of a dry run."
    )
    duplicate: bool = Field(description="Whether the message_id was seen before; nothing was written then.")
    limited: bool = Field(description="Whether a limit prevented a key, a merge or a property.")
    trace: list[TraceStep] | None = Field(None, description="With explain=true.")


class Refused(BaseModel):
    """What a batch answers for an event that was not resolved."""

    error: Problem


class Results(BaseModel):
    """The answers of a batch, in the order of its events."""

    results: list[Answer | Refused]


class SimulatedDrawing(BaseModel):
    """Contacts, their keys, and who was folded; what exists only in the simulation is `new`."""

    root: str | None = Field(description="The contact with most keys; null where nobody would have any.")
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    left_out: int


class Simulated(BaseModel):
    """What events would come to under each policy, in the order of the events."""

    policy: PolicyName = Field(description="The policy of the deployment.")
    results: dict[PolicyName, list[Answer | Refused]]
    drawings: dict[PolicyName, SimulatedDrawing] | None = Field(
        None, description="With `drawing`: what the events leave under each policy."
    )
