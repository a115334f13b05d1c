"""The figures of the whole graph."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.problems import responses
from api.http.query import NothingQuery
from api.http.requests import as_json, in_thread, kinfold_of
from api.http.schemas.overview import Overview

router = APIRouter(tags=["overview"])


@router.get(
    "/overview",
    summary="Get figures of the whole graph",
    operation_id="get_overview",
    responses={200: {"model": Overview}, **responses(422, 503)},
)
async def get_overview(request: Request, _: NothingQuery) -> Response:
    """Return contacts by kind, keys and deduplication; events, merges and rules of the last 30 days; open findings.

    Days are UTC days of arrival, the first of the list the oldest. What was erased or has expired is counted no more,
    save in days that are over, which a server counts once.
    """
    kinfold = kinfold_of(request)
    figures = await in_thread(kinfold.overview.figures)
    findings, as_of = await in_thread(partial(kinfold.anomalies.open_by_kind))
    open_ones = {"open": sum(findings.values()), "by_kind": dict(sorted(findings.items())), "as_of": as_of}
    return as_json({**figures, "findings": open_ones})
