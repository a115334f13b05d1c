"""Subscriptions: those that a push service refused, and whether a push may go out."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.access import check_may_be_told
from api.http.bodies import MAX_CHECKS_BYTES, ChecksBody, GoneBody, documented, read_as
from api.http.problems import responses
from api.http.query import NothingQuery
from api.http.requests import as_json, in_thread, kinfold_of
from api.http.schemas.subscriptions import DeliveryVerdicts, Gone

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
