"""Splits: a contact that several people were fused into comes apart, and back."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.bodies import MAX_BODY_BYTES, EmptyBody, SplitBody, documented, read_as
from api.http.problems import responses
from api.http.query import DryRunQuery, NothingQuery, PageOfContactQuery
from api.http.requests import as_json, in_thread, kinfold_of
from api.http.schemas.splits import Split, SplitList, SplitPreview

router = APIRouter(tags=["splits"])


@router.post(
    "/contacts/{id}/split",
    summary="Split a contact into several",
    operation_id="split_contact",
    status_code=201,
    responses={
        201: {"model": Split, "headers": {"Location": {"schema": {"type": "string"}}}},
        200: {"model": SplitPreview, "description": "With dry_run=true."},
        **responses(404, 409, 410, 413, 422, 503),
    },
    openapi_extra=documented(SplitBody),
)
async def split_contact(request: Request, id: str, query: DryRunQuery) -> Response:
    """Move the named keys to new contacts, with their periods and activity; segments and workflows stay.

    Activity on what stays goes to the part whose person key it carried, properties go by the event that brought them.
    With `around`, the parts are worked out: one for each other person key, each device with the one that most of its
    activity carried, the key itself taken and, with `block`, blocked. /undo takes it back.
    """
    body = await read_as(SplitBody, request, MAX_BODY_BYTES)
    wanted, splits = body.wanted(), kinfold_of(request).splits
    if query.dry_run:
        return as_json(await in_thread(partial(splits.preview, id, wanted)))
    entry = await in_thread(partial(splits.split, id, wanted))
    return as_json(entry, 201, location=f"/v1/splits/{entry['id']}")


@router.get(
    "/splits",
    summary="List splits",
    operation_id="list_splits",
    responses={200: {"model": SplitList}, **responses(404, 410, 422, 503)},
)
async def list_splits(request: Request, query: PageOfContactQuery) -> Response:
    """List splits, newest first; with `contact`, those of one contact and those that made it."""
    splits = kinfold_of(request).splits
    page = partial(splits.page, contact_id=query.contact, limit=query.limit, cursor=query.cursor)
    items, after = await in_thread(page)
    kinfold_of(request).audit.read("splits", *dict.fromkeys(item["contact"] for item in items))
    return as_json({"items": items, "next": after})


@router.get(
    "/splits/{id}",
    summary="Get a split",
    operation_id="get_split",
    responses={200: {"model": Split}, **responses(404, 410, 422, 503)},
)
async def get_split(request: Request, id: str, _: NothingQuery) -> Response:
    """Return one entry of the journal, which keeps undone splits too."""
    entry = await in_thread(partial(kinfold_of(request).splits.get, id))
    kinfold_of(request).audit.read("splits", entry["contact"])
    return as_json(entry)


@router.post(
    "/splits/{id}/undo",
    summary="Undo a split",
    operation_id="undo_split",
    responses={200: {"model": Split}, **responses(404, 409, 410, 413, 422, 503)},
    openapi_extra=documented(EmptyBody),
)
async def undo_split(request: Request, id: str, _: NothingQuery) -> Response:
    """Undo a split exactly: what the parts own, including what came since, returns, and their ids lead to the contact.

    409 when it was undone before, or when one of its contacts was folded or split since: `covering` names by what.
    410 when one of them was erased.
    """
    await read_as(EmptyBody, request)
    return as_json(await in_thread(partial(kinfold_of(request).splits.undo, id)))
