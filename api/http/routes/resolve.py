"""Events in, answers out."""

import asyncio
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from api.http.access import Held, check_may_look, held_by, received
from api.http.answers import told
from api.http.batch import MAX_BATCH, Read, looks_like_lines, read_envelope, read_lines, read_one, resolve_read
from api.http.bodies import MAX_BODY_BYTES, SimulationBody, documented, read_as
from api.http.problems import as_problem, responses
from api.http.query import Flags, FlagsQuery, NothingQuery
from api.http.requests import as_json, commit_queue_of, in_thread, kinfold_of, read_body
from api.http.schemas.resolve import Answer as AnswerSchema
from api.http.schemas.resolve import Results, Simulated
from graph.errors import KinfoldError
from graph.explore.simulated import drawing
from graph.identity.events import MAX_EVENT_BYTES, read_event
from graph.identity.namespaces import Namespaces
from graph.identity.working_set import WorkingSet
from graph.kinfold import Kinfold
from graph.model import Answer, KeyRef
from graph.opening import resolver_on

MAX_BATCH_BYTES = 40 * 1024 * 1024
LINE_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")

router = APIRouter(tags=["resolve"])

_EVENT = {"$ref": "#/components/schemas/Event"}
_FIRST = {"tracker_id": "t1", "event": "page_view", "event_properties": {"url": "/"}, "message_id": "m1"}
_SECOND = {"tracker_id": "t1", "email": "ana@example.com", "properties": {"_name": "Ana"}, "message_id": "m2"}
_ONE = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _EVENT,
                "examples": {
                    "visitor": {"summary": "A browser nobody knows yet", "value": _FIRST},
                    "login": {"summary": "The same browser, now with an email", "value": _SECOND},
                },
            }
        },
    }
}
_MANY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["events"],
                    "additionalProperties": False,
                    "properties": {"events": {"type": "array", "maxItems": MAX_BATCH, "items": _EVENT}},
                },
                "example": {"events": [_FIRST, _SECOND]},
            },
            LINE_TYPES[0]: {
                "schema": {"type": "string", "description": "One event a line."},
                "example": '{"tracker_id": "t1"}\n{"tracker_id": "t1", "email": "ana@example.com"}\n',
            },
        },
    }
}


@router.post(
    "/resolve",
    summary="Resolve one event",
    operation_id="resolve",
    responses={200: {"model": AnswerSchema}, **responses(413, 422, 503)},
    openapi_extra=_ONE,
)
async def resolve(request: Request, flags: FlagsQuery) -> Response:
    """Resolve an event and answer after the commit; a write key may use neither flag."""
    return await _resolve(request, flags)


async def _resolve(request: Request, flags: Flags) -> Response:
    check_may_look(request, dry_run=flags.dry_run, explain=flags.explain)
    namespaces = kinfold_of(request).namespaces
    raw = await read_body(request, MAX_EVENT_BYTES, "an event")
    event = received(held_by(request), read_event(raw, namespaces=namespaces))
    if flags.dry_run:
        resolver = kinfold_of(request).resolver
        [answer] = await in_thread(partial(resolver.resolve, [event], dry_run=True, explain=flags.explain))
    else:
        answer = await asyncio.wrap_future(commit_queue_of(request).submit(event, explain=flags.explain))
    return as_json(told(held_by(request), event, answer, namespaces))


class Unadorned(Route):
    """The way of an event without a query, past FastAPI's own handling of a call.

    That handling (a dependency, three flags, an exit stack or two) took longer than the rest of the call;
    docs/performance.md has the profile. With a query, the call goes on to the documented route above.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Fit nothing that carries a query."""
        if scope["type"] == "http" and scope["query_string"]:
            return Match.NONE, {}
        match, child = super().matches(scope)
        return match, {**child, "route": self}


async def _resolve_unadorned(request: Request) -> Response:
    return await _resolve(request, _NO_FLAGS)


_NO_FLAGS = Flags.model_validate({})
unadorned = Unadorned("/v1/resolve", _resolve_unadorned, methods=["POST"])
"""Asked before the application's other routes."""


@router.post(
    "/resolve/batch",
    summary="Resolve up to 1,000 events",
    operation_id="resolve_batch",
    responses={200: {"model": Results}, **responses(413, 422, 503)},
    openapi_extra=_MANY,
)
async def resolve_batch(request: Request, flags: FlagsQuery) -> Response:
    """Resolve events and answer in their order; an invalid event becomes an error in its place."""
    check_may_look(request, dry_run=flags.dry_run, explain=flags.explain)
    body = await read_body(request, MAX_BATCH_BYTES, "a batch")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    as_lines = kind in LINE_TYPES or (kind != "application/json" and looks_like_lines(body))
    return await in_thread(partial(_answer_batch, kinfold_of(request), held_by(request), body, as_lines, flags))


def _answer_batch(kinfold: Kinfold, held: Held | None, body: bytes, as_lines: bool, flags: Flags) -> Response:
    raws = read_lines(body) if as_lines else read_envelope(body)
    events = [_received(held, read_one(raw, kinfold.namespaces)) for raw in raws]
    resolve = partial(kinfold.resolver.resolve, dry_run=flags.dry_run, explain=flags.explain)
    results = resolve_read(resolve, events)
    return as_json({"results": [_shown(held, *pair, kinfold.namespaces) for pair in zip(events, results, strict=True)]})


def _received(held: Held | None, read: Read) -> Read:
    return read if isinstance(read, KinfoldError) else received(held, read)


def _shown(held: Held | None, read: Read, result: Answer | KinfoldError, namespaces: Namespaces) -> dict[str, Any]:
    if isinstance(read, KinfoldError):
        return {"error": as_problem(read)}
    if isinstance(result, KinfoldError):
        return {"error": as_problem(result)}
    return told(held, read, result, namespaces)


@router.post(
    "/simulations",
    summary="Play events through under several policies",
    operation_id="simulate",
    responses={200: {"model": Simulated}, **responses(413, 422, 503)},
    openapi_extra=documented(SimulationBody),
)
async def simulate(request: Request, _: NothingQuery) -> Response:
    """Resolve up to 100 events as a dry run, explained, once for each policy; nothing is written.

    With `namespaces` the events are read by others than the deployment's.

    Contacts that exist only in it are called `new-1`, `new-2` and so on. An invalid event is an error in its place.
    """
    body = await read_as(SimulationBody, request, MAX_BODY_BYTES)
    return as_json(await in_thread(partial(_simulated, kinfold_of(request), body)))


def _simulated(kinfold: Kinfold, body: SimulationBody) -> dict[str, Any]:
    declared = body.declared()
    namespaces = declared or kinfold.namespaces
    resolver = kinfold.resolver
    if declared is not None:
        # Contacts that are there may have keys of others; events may not.
        others = [one for one in kinfold.namespaces if one.name not in declared]
        both = Namespaces.of([*declared, *others])
        resolver = resolver_on(kinfold.database, kinfold.settings, namespaces=both)
    events = [read_one(event, namespaces) for event in body.events]
    results: dict[str, Any] = {}
    drawings: dict[str, Any] = {}
    for policy in dict.fromkeys(body.policies or [kinfold.settings.policy]):

        def seen(working_set: WorkingSet, keys: list[KeyRef], numbers: dict[str, str], policy: str = policy) -> None:
            drawings[policy] = drawing(working_set, keys, numbers)

        with resolver.under(policy).rehearsal(
            explain=True, numbered=True, seen=seen if body.drawing else None
        ) as rehearse:
            answers = resolve_read(rehearse, events, alone=False)
        results[policy] = [_shown(None, *pair, namespaces) for pair in zip(events, answers, strict=True)]
    answer = {"policy": kinfold.settings.policy, "results": results}
    return answer | {"drawings": drawings} if body.drawing else answer
