"""The change feed: what was done, in order."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.problems import responses
from api.http.query import FeedPageQuery
from api.http.requests import as_json, in_thread, kinfold_of
from api.http.schemas.feed import FeedChangeList

router = APIRouter(tags=["change feed"])


@router.get(
    "/changes",
    summary="List changes",
    operation_id="list_changes",
    responses={200: {"model": FeedChangeList}, **responses(410, 422, 503)},
)
async def list_changes(request: Request, page: FeedPageQuery) -> Response:
    """List changes, oldest first; the feed holds every change that was committed before this call.

    `next` is the place after the last change of the page, also at the end of the feed: keep it, and ask again with it
    for what is new. A page without changes has none; ask again with the cursor you have. 410 when changes after the
    cursor were removed, which are older than KINFOLD_FEED_DAYS.
    """
    items, after = await in_thread(partial(kinfold_of(request).feed.page, after=page.place(), limit=page.limit))
    return as_json({"items": items, "next": after})
