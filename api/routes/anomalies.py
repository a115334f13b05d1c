"""What looks wrong in the graph."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api import schemas
from api.http import as_json, in_thread, kinfold_of
from api.problems import responses
from api.query import AnomalyPageQuery

router = APIRouter(tags=["anomalies"])


@router.get(
    "/anomalies",
    summary="What looks wrong",
    operation_id="list_anomalies",
    responses={200: {"model": schemas.AnomalyList}, **responses(422, 503)},
)
async def list_anomalies(request: Request, page: AnomalyPageQuery) -> Response:
    """Newest first, each with its subject, a score and the reason in words. So far: what a limit left undone."""
    anomalies = kinfold_of(request).anomalies
    items, after = await in_thread(partial(anomalies.page, page.kind, limit=page.limit, cursor=page.cursor))
    return as_json({"items": items, "next": after})
