"""Who owns a key, and what is known of a contact."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from api import schemas
from api.http import as_json, in_thread, kinfold_of
from api.problems import responses
from api.query import KeyPage, KeyPageQuery, NothingQuery, PageQuery
from graph.errors import BadInput, FieldError

router = APIRouter(tags=["contacts"])


@router.get(
    "/contacts",
    summary="Who owns this key",
    operation_id="find_contacts",
    responses={200: {"model": schemas.ContactList}, **responses(422, 503)},
)
async def find_contacts(request: Request, query: KeyPageQuery) -> Response:
    """Exactly one of email, tracker_id, subscription and user_id; writes nothing."""
    key, value = query.key()
    owners = await in_thread(partial(kinfold_of(request).contacts.owners, key, value))
    return as_json(_page(owners, query))


@router.get(
    "/contacts/{id}",
    summary="One contact",
    operation_id="get_contact",
    responses={200: {"model": schemas.Contact}, **responses(404, 410, 422, 503)},
)
async def get_contact(request: Request, id: str, _: NothingQuery) -> Response:
    """A merged id answers with its survivor and `redirected_from`; an erased one with 410."""
    return as_json(await in_thread(partial(kinfold_of(request).contacts.get, id)))


@router.get(
    "/contacts/{id}/activity",
    summary="What a contact did",
    operation_id="get_activity",
    responses={200: {"model": schemas.ActivityList}, **responses(404, 410, 422, 503)},
)
async def get_activity(request: Request, id: str, page: PageQuery) -> Response:
    """Newest first."""
    contacts = kinfold_of(request).contacts
    items, after = await in_thread(partial(contacts.activity, id, limit=page.limit, cursor=page.cursor))
    return as_json({"items": items, "next": after})


def _page(owners: list[dict[str, Any]], query: KeyPage) -> dict[str, Any]:
    start = 0
    if query.cursor is not None:
        ids = [owner["id"] for owner in owners]
        if query.cursor not in ids:
            raise BadInput([FieldError("cursor", "cursor", "this cursor leads nowhere; start without one")])
        start = ids.index(query.cursor) + 1
    items = owners[start : start + query.limit]
    more = start + query.limit < len(owners)
    return {"items": items, "next": items[-1]["id"] if more else None}
