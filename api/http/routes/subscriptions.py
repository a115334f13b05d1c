"""Subscriptions: those that a push service refused, who is not to be reached by one, whether a push may go out."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.access import check_may_be_told
from api.http.bodies import MAX_CHECKS_BYTES, ChecksBody, GoneBody, SleepBody, WakeBody, documented, read_as
from api.http.problems import responses
from api.http.query import DryRunQuery, NothingQuery
from api.http.requests import as_json, in_thread, kinfold_of, rehearsed
from api.http.schemas.preview import Rehearsal
from api.http.schemas.subscriptions import DeliveryVerdicts, Gone, Turned

router = APIRouter(tags=["subscriptions"])


@router.post(
    "/subscriptions/gone",
    summary="Say that the push service knows subscriptions no more",
    operation_id="end_subscriptions",
    responses={200: {"model": Gone}, **responses(403, 413, 422, 503)},
    openapi_extra=documented(GoneBody),
)
async def end_subscriptions(request: Request, _: NothingQuery) -> Response:
    """For answers 404 and 410 of a push service. They are nobody's from then on; one that comes again is a new key."""
    check_may_be_told(request)
    body = await read_as(GoneBody, request, MAX_CHECKS_BYTES)
    kinfold = kinfold_of(request)
    gone = body.keys(kinfold.namespaces)
    return as_json({"gone": await in_thread(partial(kinfold.subscriptions.gone, gone))})


@router.post(
    "/subscriptions/sleep",
    summary="Let owners fall asleep on a subscription",
    operation_id="let_subscription_sleep",
    responses={200: {"model": Turned | Rehearsal}, **responses(404, 410, 413, 422, 503)},
    openapi_extra=documented(SleepBody),
)
async def let_subscription_sleep(request: Request, query: DryRunQuery) -> Response:
    """Leave it theirs, and not to be used to reach them until they bring it again or are woken.

    All owners, or the `contacts` that are named; the one of `but` is left as it is.
    """
    body = await read_as(SleepBody, request, MAX_CHECKS_BYTES)
    kinfold = kinfold_of(request)
    key = body.key(kinfold.namespaces)
    edits, contacts, but = kinfold.subscriptions, body.contacts, body.but
    if query.dry_run:
        return rehearsed(await in_thread(partial(edits.preview_sleep, *key, contacts=contacts, but=but)))
    return as_json({"contacts": await in_thread(partial(edits.sleep, *key, contacts=contacts, but=but))})


@router.post(
    "/subscriptions/wake",
    summary="Make owners awake on a subscription",
    operation_id="wake_subscription",
    responses={200: {"model": Turned | Rehearsal}, **responses(404, 410, 413, 422, 503)},
    openapi_extra=documented(WakeBody),
)
async def wake_subscription(request: Request, query: DryRunQuery) -> Response:
    """Take back what let them fall asleep: it may be used again to reach them."""
    body = await read_as(WakeBody, request, MAX_CHECKS_BYTES)
    kinfold = kinfold_of(request)
    key = body.key(kinfold.namespaces)
    if query.dry_run:
        return rehearsed(await in_thread(partial(kinfold.subscriptions.preview_wake, *key, contacts=body.contacts)))
    return as_json({"contacts": await in_thread(partial(kinfold.subscriptions.wake, *key, contacts=body.contacts))})


@router.post(
    "/deliveries/check",
    summary="Ask whether pushes may go out",
    operation_id="check_deliveries",
    responses={200: {"model": DeliveryVerdicts}, **responses(413, 422, 503)},
    openapi_extra=documented(ChecksBody),
)
async def check_deliveries(request: Request, _: NothingQuery) -> Response:
    """For each pair, in order: `deliver`, `hold` (it would reach somebody else, or nobody) or `doubt`, and why.

    Nothing is written.
    """
    body = await read_as(ChecksBody, request, MAX_CHECKS_BYTES)
    kinfold = kinfold_of(request)
    checks = body.read(kinfold.namespaces)
    return as_json({"results": await in_thread(partial(kinfold.deliveries.check, checks))})
