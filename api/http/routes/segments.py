"""Segments: static lists, and conditions whose members follow from them."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from api.http.bodies import MAX_BODY_BYTES, EmptyBody, SegmentBody, documented, read_as
from api.http.problems import responses
from api.http.query import MemberPageQuery, NothingQuery, PageQuery, page_of
from api.http.requests import as_json, in_thread, kinfold_of, nothing
from api.http.schemas.contacts import Contact
from api.http.schemas.segments import MemberList, Segment, SegmentList
from graph.errors import NotFound
from graph.kinfold import Kinfold
from graph.segments.segments import Segments

router = APIRouter(tags=["segments"])


@router.get(
    "/segments",
    summary="List segments",
    operation_id="list_segments",
    responses={200: {"model": SegmentList}, **responses(422, 503)},
)
async def list_segments(request: Request, page: PageQuery) -> Response:
    """List segments by name."""
    return as_json(page_of(await in_thread(kinfold_of(request).segments.list), page, "name"))


@router.put(
    "/segments/{name}",
    summary="Create or update a segment",
    operation_id="put_segment",
    responses={
        200: {"model": Segment, "description": "It was there and is now this."},
        201: {"model": Segment, "description": "It is new."},
        **responses(413, 422, 503),
    },
    openapi_extra=documented(SegmentBody),
)
async def put_segment(request: Request, name: str, _: NothingQuery) -> Response:
    """Create or update a segment; membership is correct at once, mistakes are named by place (`where.all[1].is`)."""
    body = await read_as(SegmentBody, request, MAX_BODY_BYTES)
    new, segment = await in_thread(partial(_define, kinfold_of(request).segments, name, body))
    return as_json(segment, 201 if new else 200)


@router.get(
    "/segments/{name}",
    summary="Get a segment",
    operation_id="get_segment",
    responses={200: {"model": Segment}, **responses(404, 422, 503)},
)
async def get_segment(request: Request, name: str, _: NothingQuery) -> Response:
    """Return the kind and condition of a segment."""
    return as_json(await in_thread(partial(kinfold_of(request).segments.get, name)))


@router.delete(
    "/segments/{name}",
    summary="Delete a segment",
    operation_id="delete_segment",
    status_code=204,
    responses=responses(404, 422, 503),
)
async def delete_segment(request: Request, name: str, _: NothingQuery) -> Response:
    """Delete a segment with its list of members."""
    await in_thread(partial(kinfold_of(request).segments.remove, name))
    return nothing()


@router.get(
    "/segments/{name}/members",
    summary="List the members of a segment",
    operation_id="list_members",
    responses={200: {"model": MemberList}, **responses(404, 422, 503)},
)
async def list_members(request: Request, name: str, page: MemberPageQuery) -> Response:
    """List members by id, as of `as_of`.

    With `at`: who was on the list then, or met the condition that the segment has now.
    """
    kinfold = kinfold_of(request)
    if page.at is None:
        look = partial(kinfold.segments.members, name, limit=page.limit, cursor=page.cursor)
    else:
        look = partial(kinfold.past.members, name, page.at, limit=page.limit, cursor=page.cursor)
    members = await in_thread(look)
    kinfold.audit.read("members", None, segment=name)
    return as_json(members)


@router.put(
    "/segments/{name}/members/{contact}",
    summary="Add a contact to a static segment",
    operation_id="put_member",
    responses={200: {"model": Contact}, **responses(404, 409, 410, 413, 422, 503)},
    openapi_extra=documented(EmptyBody),
)
async def put_member(request: Request, name: str, contact: str, _: NothingQuery) -> Response:
    """Add a contact and return it, whether or not it was a member; 409 when the segment is not static."""
    await read_as(EmptyBody, request)
    return as_json(await in_thread(partial(_put_member, kinfold_of(request), name, contact)))


@router.delete(
    "/segments/{name}/members/{contact}",
    summary="Remove a contact from a static segment",
    operation_id="delete_member",
    status_code=204,
    responses=responses(404, 409, 410, 422, 503),
)
async def delete_member(request: Request, name: str, contact: str, _: NothingQuery) -> Response:
    """Remove a contact, whether or not it was a member; 409 when the segment is not static."""
    await in_thread(partial(kinfold_of(request).segments.drop_member, name, contact))
    return nothing()


def _define(segments: Segments, name: str, body: SegmentBody) -> tuple[bool, dict[str, Any]]:
    try:
        segments.get(name)
        new = False
    except NotFound:
        new = True
    return new, segments.define(name, body.kind, body.where, watch=body.watch, on_union=body.on_union)


def _put_member(kinfold: Kinfold, name: str, contact: str) -> dict[str, Any]:
    kinfold.segments.put_member(name, contact)
    return kinfold.contacts.get(contact)
