"""Workflows: who is in them, and what their nodes did."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from api.http.bodies import EmptyBody, RunBody, StatusBody, documented, read_as
from api.http.problems import responses
from api.http.query import NothingQuery, PageQuery, page_of
from api.http.requests import as_json, in_thread, kinfold_of
from api.http.schemas.workflows import EnrolledList, Enrolment, Workflow, WorkflowList
from graph.errors import NotFound
from graph.workflows.workflows import Workflows

router = APIRouter(tags=["workflows"])


@router.get(
    "/workflows",
    summary="Every workflow",
    operation_id="list_workflows",
    responses={200: {"model": WorkflowList}, **responses(422, 503)},
)
async def list_workflows(request: Request, page: PageQuery) -> Response:
    """By name, with how many contacts were enrolled in each."""
    return as_json(page_of(await in_thread(kinfold_of(request).workflows.list), page, "name"))


@router.get(
    "/workflows/{name}/contacts",
    summary="Who is in a workflow",
    operation_id="list_enrolled",
    responses={200: {"model": EnrolledList}, **responses(404, 422, 503)},
)
async def list_enrolled(request: Request, name: str, page: PageQuery) -> Response:
    """By id, each with what it shows of the workflow; who was folded into another is in it as that one."""
    kinfold = kinfold_of(request)
    items, after = await in_thread(partial(kinfold.workflows.members, name, limit=page.limit, cursor=page.cursor))
    kinfold.audit.read("enrolled", None, workflow=name)
    return as_json({"items": items, "next": after})


@router.put(
    "/workflows/{name}",
    summary="Create a workflow",
    operation_id="put_workflow",
    responses={
        200: {"model": Workflow, "description": "It was there."},
        201: {"model": Workflow, "description": "It is new."},
        **responses(413, 422, 503),
    },
    openapi_extra=documented(EmptyBody),
)
async def put_workflow(request: Request, name: str, _: NothingQuery) -> Response:
    """Create a workflow; creating it again changes nothing."""
    await read_as(EmptyBody, request)
    new, workflow = await in_thread(partial(_define, kinfold_of(request).workflows, name))
    return as_json(workflow, 201 if new else 200)


@router.get(
    "/workflows/{name}",
    summary="Get a workflow",
    operation_id="get_workflow",
    responses={200: {"model": Workflow}, **responses(404, 422, 503)},
)
async def get_workflow(request: Request, name: str, _: NothingQuery) -> Response:
    """Return the name of a workflow and when it was created."""
    return as_json(await in_thread(partial(kinfold_of(request).workflows.get, name)))


@router.put(
    "/workflows/{name}/contacts/{id}",
    summary="Enrol a contact or set its status",
    operation_id="put_enrolment",
    responses={
        200: {"model": Enrolment, "description": "It was in the workflow before."},
        201: {"model": Enrolment, "description": "It is in the workflow from now on."},
        **responses(404, 410, 413, 422, 503),
    },
    openapi_extra=documented(StatusBody),
)
async def put_enrolment(request: Request, name: str, id: str, _: NothingQuery) -> Response:
    """Set the status and return the enrolment, which after a merge combines those of both contacts."""
    body = await read_as(StatusBody, request)
    new, state = await in_thread(partial(_enrol, kinfold_of(request).workflows, name, id, body.status))
    return as_json(state, 201 if new else 200)


@router.get(
    "/workflows/{name}/contacts/{id}",
    summary="Get the enrolment of a contact",
    operation_id="get_enrolment",
    responses={200: {"model": Enrolment}, **responses(404, 410, 422, 503)},
)
async def get_enrolment(request: Request, name: str, id: str, _: NothingQuery) -> Response:
    """Return the status, and for each node its last run and data."""
    kinfold = kinfold_of(request)
    state = await in_thread(partial(kinfold.workflows.state, name, id))
    kinfold.audit.read("workflow", id, workflow=name)
    return as_json(state)


@router.post(
    "/workflows/{name}/contacts/{id}/runs",
    summary="Record the run of a node",
    operation_id="add_run",
    status_code=201,
    responses={201: {"model": Enrolment}, **responses(404, 410, 413, 422, 503)},
    openapi_extra=documented(RunBody),
)
async def add_run(request: Request, name: str, id: str, _: NothingQuery) -> Response:
    """Record a run; for each node and field the value of the latest run counts, in whatever order runs arrive."""
    body = await read_as(RunBody, request)
    run = kinfold_of(request).workflows.run
    return as_json(await in_thread(partial(run, name, id, body.node, body.ran_at, body.data)), 201)


def _define(workflows: Workflows, name: str) -> tuple[bool, dict[str, Any]]:
    try:
        workflows.get(name)
        new = False
    except NotFound:
        new = True
    return new, workflows.define(name)


def _enrol(workflows: Workflows, name: str, contact: str, status: Any) -> tuple[bool, dict[str, Any]]:
    try:
        workflows.state(name, contact)
        new = False
    except NotFound:
        new = True
    return new, workflows.set_status(name, contact, status)
