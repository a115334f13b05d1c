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
    summary="Every segment",
    operation_id="list_segments",
    responses={200: {"model": SegmentList}, **responses(422, 503)},
)
async def list_segments(request: Request, page: PageQuery) -> Response:
    """By name."""
    return as_json(page_of(await in_thread(kinfold_of(request).segments.list), page, "name"))


@router.put(
    "/segments/{name}",
    summary="Make a segment, or change it",
    operation_id="put_segment",
    responses={
        200: {"model": Segment, "description": "It was there and is now this."},
        201: {"model": Segment, "description": "It is new."},
        **responses(413, 422, 503),
    },
    openapi_extra=documented(SegmentBody),
)
async def put_segment(request: Request, name: str, _: NothingQuery) -> Response:
    """Membership is right at once. A condition's mistakes are named with their places, such as `where.all[1].is`."""
    body = await read_as(SegmentBody, request, MAX_BODY_BYTES)
    new, segment = await in_thread(partial(_define, kinfold_of(request).segments, name, body))
    return as_json(segment, 201 if new else 200)


@router.get(
    "/segments/{name}",
    summary="One segment",
    operation_id="get_segment",
    responses={200: {"model": Segment}, **responses(404, 422, 503)},
)
async def get_segment(request: Request, name: str, _: NothingQuery) -> Response:
    """Its kind and its condition; who is in it is another call."""
    return as_json(await in_thread(partial(kinfold_of(request).segments.get, name)))


@router.delete(
    "/segments/{name}",
    summary="Remove a segment",
    operation_id="delete_segment",
    status_code=204,
    responses=responses(404, 422, 503),
)
async def delete_segment(request: Request, name: str, _: NothingQuery) -> Response:
    """Nobody is in it any more."""
    await in_thread(partial(kinfold_of(request).segments.remove, name))
    return nothing()


@router.get(
    "/segments/{name}/members",
    summary="Who is in a segment",
    operation_id="list_members",
    responses={200: {"model": MemberList}, **responses(404, 422, 503)},
)
async def list_members(request: Request, name: str, page: MemberPageQuery) -> Response:
    """By id, as of `as_of`.

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
    summary="Put a contact on a static segment's list",
    operation_id="put_member",
    responses={200: {"model": Contact}, **responses(404, 409, 410, 413, 422, 503)},
    openapi_extra=documented(EmptyBody),
)
async def put_member(request: Request, name: str, contact: str, _: NothingQuery) -> Response:
    """Answers with the contact, whether it is new on the list or not; 409 when the segment is not static."""
    await read_as(EmptyBody, request)
    return as_json(await in_thread(partial(_put_member, kinfold_of(request), name, contact)))


@router.delete(
    "/segments/{name}/members/{contact}",
    summary="Take a contact off a static segment's list",
    operation_id="delete_member",
    status_code=204,
    responses=responses(404, 409, 410, 422, 503),
)
async def delete_member(request: Request, name: str, contact: str, _: NothingQuery) -> Response:
    """That it is not on the list is no error; 409 when the segment is not static."""
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
