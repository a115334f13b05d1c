"""Unions by hand, the journal of all unions, and un-merge."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from api.http.bodies import EmptyBody, MergeBody, documented, read_as
from api.http.problems import responses
from api.http.query import DryRunQuery, KeyFilter, KeyFilterQuery, NothingQuery, UndoQuery, page_of, the_one_key
from api.http.requests import as_json, in_thread, kinfold_of, rehearsed
from api.http.schemas.merges import Merge, MergeList, Undone
from api.http.schemas.preview import Rehearsal
from graph.edits.unions import Unions
from graph.identity.namespaces import Namespaces

router = APIRouter(tags=["merges"])


@router.post(
    "/merges",
    summary="Merge one contact into another",
    operation_id="merge",
    status_code=201,
    responses={
        201: {"model": Merge, "headers": {"Location": {"schema": {"type": "string"}}}},
        200: {"model": Rehearsal, "description": "With dry_run=true."},
        **responses(404, 409, 410, 413, 422, 503),
    },
    openapi_extra=documented(MergeBody),
)
async def merge(request: Request, query: DryRunQuery) -> Response:
    """Merge any two contacts, known or not; the id of the source leads to the target until the merge is undone."""
    body = await read_as(MergeBody, request)
    unions = kinfold_of(request).unions
    if query.dry_run:
        return rehearsed(await in_thread(partial(unions.preview_merge, body.source, body.target)))
    entry = await in_thread(partial(unions.merge, body.source, body.target))
    return as_json(entry, 201, location=f"/v1/merges/{entry['id']}")


@router.get(
    "/merges",
    summary="List merges",
    operation_id="list_merges",
    responses={200: {"model": MergeList}, **responses(422, 503)},
)
async def list_merges(request: Request, query: KeyFilterQuery) -> Response:
    """List merges, newest first; with a key, those that moved it and are not undone."""
    return as_json(await in_thread(partial(_page, kinfold_of(request).unions, query, kinfold_of(request).namespaces)))


@router.get(
    "/merges/{id}",
    summary="Get a merge",
    operation_id="get_merge",
    responses={200: {"model": Merge}, **responses(404, 410, 422, 503)},
)
async def get_merge(request: Request, id: str, _: NothingQuery) -> Response:
    """Return one entry of the journal, which keeps undone merges too."""
    return as_json(await in_thread(partial(kinfold_of(request).unions.get, id)))


@router.post(
    "/merges/{id}/undo",
    summary="Undo a merge",
    operation_id="undo_merge",
    responses={200: {"model": Undone | Rehearsal}, **responses(404, 409, 410, 413, 422, 503)},
    openapi_extra=documented(EmptyBody),
)
async def undo_merge(request: Request, id: str, query: UndoQuery) -> Response:
    """Undo a merge exactly; 409 when it is undone already, or when its survivor was merged since (see `covering`).

    410 when one of its contacts was erased. With cascade=true those are undone first; `undone` lists all that were,
    in that order.
    """
    await read_as(EmptyBody, request)
    unions = kinfold_of(request).unions
    if query.dry_run:
        return rehearsed(await in_thread(partial(unions.preview_undo, id, cascade=query.cascade)))
    undone = await in_thread(partial(unions.undo, id, cascade=query.cascade, keep_apart=query.keep_apart))
    return as_json({**undone[-1], "undone": undone})


def _page(unions: Unions, query: KeyFilter, namespaces: Namespaces) -> dict[str, Any]:
    if given := query.given(namespaces):
        return page_of(list(unions.of_key(*the_one_key(given, "query", namespaces))), query, "id")
    items, after = unions.page(limit=query.limit, cursor=query.cursor)
    return {"items": items, "next": after}
