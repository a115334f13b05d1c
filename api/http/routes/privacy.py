"""What a person may ask for: everything held on them, and to be forgotten; and which keys do not come back."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from api.http.problems import responses
from api.http.query import AuditPageQuery, EraseByKeyQuery, EraseQuery, NothingQuery, OneKeyQuery, PageQuery
from api.http.requests import as_json, in_thread, kinfold_of, nothing
from api.http.schemas.audit import AuditList
from api.http.schemas.privacy import Export, Receipt, StoredReceipt, SuppressedList
from graph.kinfold import Kinfold
from graph.model import KeyName
from graph.privacy.export import the_one_owner

router = APIRouter(tags=["privacy"])

Kind = Annotated[str, Path(description="email or user_id.", examples=["email"])]
Value = Annotated[str, Path(description="Percent-encoded; slashes may stand as they are.", examples=["a@example.com"])]


@router.get(
    "/contacts/{id}/export",
    summary="Export a person",
    operation_id="export_contact",
    responses={200: {"model": Export}, **responses(404, 410, 422, 503)},
)
async def export_contact(request: Request, id: str, _: NothingQuery) -> Response:
    """Stream everything held on a person as one JSON document, including contacts merged into it."""
    return await _exported(kinfold_of(request), id)


@router.get(
    "/export",
    summary="Export the owner of a key",
    operation_id="export_by_key",
    responses={200: {"model": Export}, **responses(404, 409, 410, 422, 503)},
)
async def export_by_key(request: Request, query: OneKeyQuery) -> Response:
    """Exactly one key, of any namespace. 409 when several contacts own a subscription: `owners` names them."""
    kinfold = kinfold_of(request)
    return await _exported(kinfold, await in_thread(partial(_owner, kinfold, *query.key(kinfold.namespaces))))


@router.delete(
    "/contacts/{id}",
    summary="Erase a person",
    operation_id="erase_contact",
    responses={200: {"model": Receipt}, **responses(404, 410, 422, 503)},
)
async def erase_contact(request: Request, id: str, query: EraseQuery) -> Response:
    """Erase keys, properties, activity, journal and mentions in the records of others; its ids answer 410 afterwards.

    A merged id erases its survivor, which is the same person: `redirected_from`. Unions that it took part in cannot
    be undone any more. Keys of persons do not come back by late events, unless allow_return=true.
    """
    erasures = kinfold_of(request).erasures
    return as_json(await in_thread(partial(erasures.erase, id, allow_return=query.allow_return)))


@router.delete(
    "/contacts",
    summary="Erase the owner of a key",
    operation_id="erase_by_key",
    responses={200: {"model": Receipt}, **responses(404, 409, 410, 422, 503)},
)
async def erase_by_key(request: Request, query: EraseByKeyQuery) -> Response:
    """Exactly one key, of any namespace. 409 when several contacts own a subscription: `owners` names them."""
    kinfold = kinfold_of(request)
    owner = await in_thread(partial(_owner, kinfold, *query.key(kinfold.namespaces)))
    return as_json(await in_thread(partial(kinfold.erasures.erase, owner, allow_return=query.allow_return)))


@router.get(
    "/erasures/{id}",
    summary="Get the receipt of an erasure",
    operation_id="get_receipt",
    responses={200: {"model": StoredReceipt}, **responses(404, 422, 503)},
)
async def get_receipt(request: Request, id: str, _: NothingQuery) -> Response:
    """Return when it was and how many of each kind were removed; a receipt names nobody."""
    return as_json(await in_thread(partial(kinfold_of(request).erasures.receipt, id)))


@router.get(
    "/suppressed",
    summary="List suppressed keys",
    operation_id="list_suppressed",
    responses={200: {"model": SuppressedList}, **responses(422, 503)},
)
async def list_suppressed(request: Request, page: PageQuery) -> Response:
    """List suppressed keys by digest; the values themselves are not kept."""
    suppression = kinfold_of(request).suppression
    items, after = await in_thread(partial(suppression.page, limit=page.limit, cursor=page.cursor))
    return as_json({"items": items, "next": after})


@router.delete(
    "/suppressed/{kind}/{value:rest}",
    summary="Allow a suppressed key",
    operation_id="allow_suppressed",
    status_code=204,
    responses=responses(404, 422, 503),
)
async def allow_suppressed(request: Request, kind: Kind, value: Value, _: NothingQuery) -> Response:
    """Allow a key again, on every server within two seconds; what was erased stays erased."""
    kinfold = kinfold_of(request)
    await in_thread(partial(kinfold.suppression.allow, kind, value))
    kinfold.blocking.forget()
    return nothing()


@router.get(
    "/audit",
    summary="List the audit",
    operation_id="list_audit",
    responses={200: {"model": AuditList}, **responses(422, 503)},
)
async def list_audit(request: Request, page: AuditPageQuery) -> Response:
    """List manual changes, erasures, exports and reads of persons, newest first.

    The reason is what came with the call as the header `Kinfold-Reason` or as `?why=`.
    """
    audit = kinfold_of(request).audit
    items, after = await in_thread(
        partial(
            audit.page,
            by=page.by,
            what=page.what,
            contact=page.contact,
            since=page.from_,
            until=page.to,
            limit=page.limit,
            cursor=page.cursor,
        )
    )
    return as_json({"items": items, "next": after})


def _owner(kinfold: Kinfold, key: KeyName, value: str) -> str:
    return the_one_owner(kinfold.contacts.owners(key, value), key, value)


async def _exported(kinfold: Kinfold, contact_id: str) -> Response:
    # Before anything of it is sent.
    living = (await in_thread(partial(kinfold.contacts.get, contact_id)))["id"]
    await in_thread(partial(kinfold.audit.exported, living))
    pieces = await in_thread(partial(kinfold.exports.of, contact_id))
    return StreamingResponse(pieces, media_type="application/json")
