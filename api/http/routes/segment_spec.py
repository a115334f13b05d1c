"""The Segment HTTP tracking specification: what people's SDKs already speak."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from api.http.access import Held, held_by, received
from api.http.batch import Read, resolve_read
from api.http.problems import as_problem, responses
from api.http.requests import as_json, commit_queue_of, in_thread, kinfold_of, read_body
from api.http.schemas.segment_spec import Taken
from api.segment_spec.messages import (
    BATCH_PATHS,
    MAX_MESSAGES,
    MAX_REQUEST_BYTES,
    MESSAGE_PATHS,
    METRICS_PATH,
    parse,
    read_batch,
    read_message,
    unpack,
    with_and_without_slash,
)
from graph.errors import KinfoldError, Unavailable
from graph.identity.events import TrackedEvent
from graph.kinfold import Kinfold

log = logging.getLogger(__name__)

router = APIRouter(tags=["tracking"])
"""Every address is spelled out, since not all of them begin alike."""

_MESSAGE = {
    "type": "object",
    "description": "A message of the Segment tracking specification.",
    "additionalProperties": True,
}
_EXAMPLES: dict[str, dict[str, Any]] = {
    "identify": {"userId": "42", "anonymousId": "t1", "traits": {"email": "ana@example.com", "plan": "pro"}},
    "track": {"anonymousId": "t1", "event": "Order Completed", "properties": {"revenue": 39.9}},
    "page": {"anonymousId": "t1", "name": "Home", "properties": {"url": "https://shop.example/"}},
    "screen": {"anonymousId": "t1", "name": "Basket", "context": {"device": {"token": "s1"}}},
    "group": {"userId": "42", "groupId": "acme", "traits": {"employees": 7}},
    "alias": {"previousId": "t1", "userId": "42"},
}


def _body(schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def _add(path: str, kind: str) -> None:
    async def take(request: Request) -> Response:
        packed, kinfold = await _packed(request), kinfold_of(request)
        read = partial(_read_one, kinfold, held_by(request), kind, packed, _encoding(request), datetime.now(UTC))
        await asyncio.wrap_future(commit_queue_of(request).submit(await in_thread(read)))
        return as_json({"success": True})

    short = next(other for other, same in MESSAGE_PATHS.items() if same == kind and other != path)
    take.__doc__ = f"Committed before the answer. The same messageId again changes nothing. Also at `{short}`."
    _add_spellings(
        path,
        take,
        hidden=path != f"/v1/{kind}",
        summary=f"A message of Segment's {kind} call",
        operation_id=f"segment_{kind}",
        responses={200: {"model": Taken}, **responses(400, 413, 415, 503)},
        openapi_extra=_body(_MESSAGE, _EXAMPLES[kind]),
    )


def _add_spellings(path: str, take: Callable[..., Awaitable[Response]], *, hidden: bool, **documented: Any) -> None:
    for spelling in with_and_without_slash(path):
        shown = not hidden and spelling == path
        more = documented if shown else {}
        router.add_api_route(spelling, take, methods=["POST"], include_in_schema=shown, **more)


for _path, _kind in MESSAGE_PATHS.items():
    _add(_path, _kind)


async def batch(request: Request) -> Response:
    """In order, committed before the answer. What cannot be read is named in `rejected`; the others go on.

    Also at `/v1/import`, `/v1/b` and `/beacon/v1/batch`. SDKs drop a batch that is answered with 400, so one bad
    message is no reason for it.
    """
    packed = await _packed(request)
    take = partial(_take_batch, kinfold_of(request), held_by(request), packed, _encoding(request), datetime.now(UTC))
    return await in_thread(take)


async def metrics() -> Response:
    """Answer an SDK that tells how it fares itself; nothing of it is read or kept."""
    return as_json({"success": True})


for _path in BATCH_PATHS:
    _add_spellings(
        _path,
        batch,
        hidden=_path != "/v1/batch",
        summary="Messages of Segment's calls, as SDKs gather them",
        operation_id="segment_batch",
        responses={200: {"model": Taken}, **responses(400, 413, 415, 503)},
        openapi_extra=_body(
            {
                "type": "object",
                "required": ["batch"],
                "additionalProperties": True,
                "properties": {
                    "batch": {"type": "array", "maxItems": MAX_MESSAGES, "items": _MESSAGE},
                    "sentAt": {"description": "When it was sent, by the sender's clock.", "type": "string"},
                    "context": {
                        "description": "What every message's context has in common.",
                        "type": "object",
                        "additionalProperties": True,
                    },
                },
            },
            {
                "batch": [{"type": kind, **message} for kind, message in _EXAMPLES.items()],
                "sentAt": "2026-11-22T10:00:00Z",
            },
        ),
    )
_add_spellings(METRICS_PATH, metrics, hidden=True)


async def _packed(request: Request) -> bytes:
    return await read_body(request, MAX_REQUEST_BYTES, "a body")


def _encoding(request: Request) -> str:
    return ",".join(request.headers.getlist("content-encoding"))


def _read_one(
    kinfold: Kinfold, held: Held | None, kind: str, packed: bytes, encoding: str, received_at: datetime
) -> TrackedEvent:
    message = parse(unpack(packed, encoding))
    return _from(kinfold, held, read_message(kind, message, received_at, namespaces=kinfold.namespaces))


def _from(kinfold: Kinfold, held: Held | None, event: TrackedEvent) -> TrackedEvent:
    """Return the event as the key of its call may send it: one that stands in a page makes no two persons one.

    An event whose name means so to the deployment is a log-out.
    """
    if event.event is not None and event.event.strip().casefold() in kinfold.settings.logout_names:
        event = event.model_copy(update={"logout": True})
    event = event.model_copy(update={"may_unite": False}) if held is not None and held.minimal else event
    return received(held, event)


def _take_batch(kinfold: Kinfold, held: Held | None, packed: bytes, encoding: str, received_at: datetime) -> Response:
    messages = read_batch(parse(unpack(packed, encoding)), received_at, kinfold.namespaces)
    read = [item if isinstance(item, KinfoldError) else _from(kinfold, held, item) for item in messages]
    size = kinfold.settings.batch_size
    rejected: list[dict[str, Any]] = [
        {"index": start + place, "error": as_problem(result)}
        for start in range(0, len(read), size)
        for place, result in enumerate(_resolve(kinfold, read[start : start + size]))
        if isinstance(result, KinfoldError)
    ]
    if not rejected:
        return as_json({"success": True})
    first = rejected[0]
    log.warning(
        "%d of %d messages of a batch were rejected; the first, at %d: %s",
        len(rejected),
        len(read),
        first["index"],
        first["error"]["detail"],
    )
    return as_json({"success": True, "rejected": rejected})


def _resolve(kinfold: Kinfold, read: Sequence[Read]) -> list[Any]:
    results = resolve_read(kinfold.resolver.resolve, read)
    for result in results:
        if isinstance(result, Unavailable):
            raise result  # the SDK sends the batch again, and what was resolved is known by its messageId
    return results
