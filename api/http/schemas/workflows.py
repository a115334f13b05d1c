"""Workflows, and what a contact shows of them."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.http.schemas.examples import CONTACT, with_example
from graph.model import Kind

_ENROLMENT: dict[str, Any] = {
    "status": "active",
    "nodes": {"welcome": {"ran_at": "2026-11-22T10:00:00Z", "data": {"opened": True}}},
}


class NodeState(BaseModel):
    """What counts of a node's runs."""

    ran_at: str = Field(description="When it last ran.")
    data: dict[str, Any] = Field(description="For each field the value of the latest run that has it.")


class Enrolment(BaseModel):
    """What a contact shows of a workflow."""

    model_config = with_example(_ENROLMENT)

    status: Literal["active", "done"]
    nodes: dict[str, NodeState]


class Workflow(BaseModel):
    """A workflow that contacts can be in."""

    model_config = with_example({"name": "welcome", "created_at": "2026-11-22T10:00:00Z"})

    name: str
    created_at: str


class ListedWorkflow(Workflow):
    """A workflow in a list."""

    model_config = with_example({"name": "welcome", "created_at": "2026-11-22T10:00:00Z", "enrolments": 3})

    enrolments: int = Field(description="How many contacts were enrolled in it, folded ones too.")


class WorkflowList(BaseModel):
    """Workflows, a page of them."""

    items: list[ListedWorkflow]
    next: str | None


class Enrolled(Enrolment):
    """A contact in a workflow, with what it shows of it."""

    model_config = with_example({"id": CONTACT, "kind": "known", **_ENROLMENT})

    id: str
    kind: Kind


class EnrolledList(BaseModel):
    """Contacts in a workflow, a page of them."""

    items: list[Enrolled]
    next: str | None
