"""Webhooks: where the change feed is delivered."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.bodies import EmptyBody, WebhookBody, documented, read_as
from api.http.problems import responses
from api.http.query import NothingQuery, PageQuery, page_of
from api.http.requests import as_json, in_thread, kinfold_of, nothing
from api.http.schemas.webhooks import DeadLetterList, Replayed, Webhook, WebhookList

router = APIRouter(tags=["change feed"])


@router.get(
    "/webhooks",
    summary="List webhooks",
    operation_id="list_webhooks",
    responses={200: {"model": WebhookList}, **responses(422, 503)},
)
async def list_webhooks(request: Request, page: PageQuery) -> Response:
    """List webhooks by name, without their secrets."""
    return as_json(page_of(await in_thread(kinfold_of(request).webhooks.listed), page, "name"))


@router.put(
    "/webhooks/{name}",
    summary="Create or update a webhook",
    operation_id="put_webhook",
    responses={
        200: {"model": Webhook, "description": "It was there and is now this."},
        201: {"model": Webhook, "description": "It is new, and gets every change from now on."},
        **responses(413, 422, 503),
    },
    openapi_extra=documented(WebhookBody),
)
async def put_webhook(request: Request, name: str, _: NothingQuery) -> Response:
    """Deliver changes in order, one a request, signed as Standard Webhooks specifies and retried for 24 hours.

    Addresses inside the server's network are refused unless KINFOLD_WEBHOOKS_ALLOW_INTERNAL is set.
    """
    body = await read_as(WebhookBody, request)
    define = kinfold_of(request).webhooks.define
    new, webhook = await in_thread(partial(define, name, body.url, body.secret, body.kinds))
    return as_json(webhook, 201 if new else 200)


@router.get(
    "/webhooks/{name}",
    summary="Get a webhook",
    operation_id="get_webhook",
    responses={200: {"model": Webhook}, **responses(404, 422, 503)},
)
async def get_webhook(request: Request, name: str, _: NothingQuery) -> Response:
    """Return the address, position and last error of a webhook, without its secret."""
    return as_json(await in_thread(partial(kinfold_of(request).webhooks.get, name)))


@router.delete(
    "/webhooks/{name}",
    summary="Delete a webhook",
    operation_id="delete_webhook",
    status_code=204,
    responses=responses(404, 422, 503),
)
async def delete_webhook(request: Request, name: str, _: NothingQuery) -> Response:
    """Delete a webhook and its dead letters."""
    await in_thread(partial(kinfold_of(request).webhooks.remove, name))
    return nothing()


@router.get(
    "/webhooks/{name}/dead",
    summary="List dead letters",
    operation_id="list_dead_letters",
    responses={200: {"model": DeadLetterList}, **responses(404, 422, 503)},
)
async def list_dead_letters(request: Request, name: str, page: PageQuery) -> Response:
    """List changes that could not be delivered within 24 hours, oldest first, as long as the feed keeps them."""
    dead = kinfold_of(request).webhooks.dead
    items, after = await in_thread(partial(dead, name, limit=page.limit, cursor=page.cursor))
    return as_json({"items": items, "next": after})


@router.post(
    "/webhooks/{name}/replay",
    summary="Replay dead letters",
    operation_id="replay_webhook",
    status_code=202,
    responses={202: {"model": Replayed}, **responses(404, 413, 422, 503)},
    openapi_extra=documented(EmptyBody),
)
async def replay_webhook(request: Request, name: str, _: NothingQuery) -> Response:
    """Send each dead letter once more, before new changes; those that fail again return to the list."""
    await read_as(EmptyBody, request)
    return as_json({"replayed": await in_thread(partial(kinfold_of(request).webhooks.replay, name))}, 202)
