"""Access keys: what the one of a call may, and which there are."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.access import held_by
from api.http.bodies import AccessKeyBody, documented, read_as
from api.http.problems import responses
from api.http.query import NothingQuery, PageQuery, page_of
from api.http.requests import as_json, in_thread, kinfold_of, nothing
from api.http.schemas.access_keys import Access, AccessKeyList, NewAccessKey
from graph.access.access_keys import KeyScope

router = APIRouter(tags=["access"])


@router.get(
    "/access",
    summary="Say what the key of this call may",
    operation_id="get_access",
    responses={200: {"model": Access}, **responses(422, 503)},
)
async def get_access(request: Request, _: NothingQuery) -> Response:
    """Return which scopes' calls the access key opens: all of them on a server without keys."""
    held = held_by(request)
    scopes = {KeyScope.ADMIN} if held is None else held.scopes
    may = {opened for scope in scopes for opened in scope.opens}
    return as_json({"name": "local" if held is None else held.name, "scopes": sorted(scopes), "may": sorted(may)})


@router.get(
    "/access-keys",
    summary="List access keys",
    operation_id="list_access_keys",
    responses={200: {"model": AccessKeyList}, **responses(422, 503)},
)
async def list_access_keys(request: Request, page: PageQuery) -> Response:
    """List the keys that were made, also revoked ones, oldest first; those of the environment are not listed."""
    return as_json(page_of(await in_thread(kinfold_of(request).access_keys.list), page, "id"))


@router.post(
    "/access-keys",
    summary="Make an access key",
    operation_id="create_access_key",
    status_code=201,
    responses={201: {"model": NewAccessKey}, **responses(413, 422, 503)},
    openapi_extra=documented(AccessKeyBody),
)
async def create_access_key(request: Request, _: NothingQuery) -> Response:
    """Make a key; the answer alone has it, since only its digest is kept.

    With the first one the server asks every caller for a key, within two seconds.
    """
    body = await read_as(AccessKeyBody, request)
    keys = kinfold_of(request).access_keys
    identifier, key = await in_thread(partial(keys.create, body.scope, name=body.name, answer=body.answer))
    [made] = [one for one in await in_thread(keys.list) if one["id"] == identifier]
    return as_json({**made, "key": key}, 201)


@router.delete(
    "/access-keys/{id}",
    summary="Revoke an access key",
    operation_id="revoke_access_key",
    status_code=204,
    responses={204: {"description": "Revoked."}, **responses(404, 422, 503)},
)
async def revoke_access_key(request: Request, id: str, _: NothingQuery) -> Response:
    """Revoke a key: every server refuses it within about five seconds. It stays on the list."""
    await in_thread(partial(kinfold_of(request).access_keys.revoke, id))
    return nothing()
