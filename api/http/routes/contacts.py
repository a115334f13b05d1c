"""Who owns a key, what is known of a contact, and what is written to it by hand."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.bodies import KeyBody, PropertiesBody, documented, read_as
from api.http.problems import responses
from api.http.query import (
    ActivityQuery,
    DryRunQuery,
    EndsQuery,
    KeyPageQuery,
    NothingQuery,
    PageQuery,
    SearchQuery,
    page_of,
)
from api.http.requests import as_json, in_thread, kinfold_of, rehearsed
from api.http.schemas.contacts import ActivityList, Contact, ContactList, Found, HistoryList
from api.http.schemas.neighbourhood import Graph
from api.http.schemas.preview import Rehearsal

router = APIRouter(tags=["contacts"])


@router.get(
    "/contacts",
    summary="Who owns this key",
    operation_id="find_contacts",
    responses={200: {"model": ContactList}, **responses(422, 503)},
)
async def find_contacts(request: Request, query: KeyPageQuery) -> Response:
    """Exactly one key: email, tracker_id, subscription, user_id, or any namespace that is declared; writes nothing."""
    key, value = query.key(kinfold_of(request).namespaces)
    owners = await in_thread(partial(kinfold_of(request).contacts.owners, key, value))
    page = page_of(owners, query, "id")
    kinfold_of(request).audit.read("contacts", *(one["id"] for one in page["items"]))
    return as_json(page)


@router.get(
    "/search",
    summary="Who is behind whatever was typed",
    operation_id="search",
    responses={200: {"model": Found}, **responses(422, 503)},
)
async def search(request: Request, query: SearchQuery) -> Response:
    """Tries a contact's id and every kind of key. When nobody is found, `similar` has keys that begin so."""
    found = partial(kinfold_of(request).search.find, query.q, limit=query.limit, cursor=query.cursor)
    items, after, similar = await in_thread(found)
    # Keys that begin so are somebody's.
    read = [item["contact"]["id"] for item in items] or ([None] if similar else [])
    kinfold_of(request).audit.read("search", *read)
    return as_json({"items": items, "next": after, "similar": similar})


@router.get(
    "/contacts/{id}",
    summary="One contact",
    operation_id="get_contact",
    responses={200: {"model": Contact}, **responses(404, 410, 422, 503)},
)
async def get_contact(request: Request, id: str, _: NothingQuery) -> Response:
    """A merged id answers with its survivor and `redirected_from`; an erased one with 410."""
    kinfold = kinfold_of(request)
    document = await in_thread(partial(kinfold.contacts.get, id))
    kinfold.audit.read("contact", document["id"])
    return as_json(document)


@router.patch(
    "/contacts/{id}",
    summary="Write properties to a contact",
    operation_id="patch_contact",
    responses={200: {"model": Contact | Rehearsal}, **responses(404, 410, 413, 422, 503)},
    openapi_extra=documented(PropertiesBody),
)
async def patch_contact(request: Request, id: str, query: DryRunQuery) -> Response:
    """As an event of this moment would: null removes a property, those left out stay. Answers with the contact."""
    body = await read_as(PropertiesBody, request)
    properties = kinfold_of(request).properties
    if query.dry_run:
        return rehearsed(await in_thread(partial(properties.preview, id, body.properties)))
    return as_json(await in_thread(partial(properties.write, id, body.properties)))


@router.post(
    "/contacts/{id}/keys",
    summary="Give a contact a key",
    operation_id="give_key",
    responses={200: {"model": Contact | Rehearsal}, **responses(404, 409, 410, 413, 422, 503)},
    openapi_extra=documented(KeyBody),
)
async def give_key(request: Request, id: str, query: DryRunQuery) -> Response:
    """A subscription that others own is shared; any other key that is somebody else's is a 409 that names the owner."""
    key, value = (await read_as(KeyBody, request)).key(kinfold_of(request).namespaces)
    keys = kinfold_of(request).keys
    if query.dry_run:
        return rehearsed(await in_thread(partial(keys.preview_give, id, key, value)))
    return as_json(await in_thread(partial(keys.give, id, key, value)))


@router.post(
    "/contacts/{id}/keys/remove",
    summary="Take a key from a contact",
    operation_id="take_key",
    responses={200: {"model": Contact | Rehearsal}, **responses(404, 410, 413, 422, 503)},
    openapi_extra=documented(KeyBody),
)
async def take_key(request: Request, id: str, query: DryRunQuery) -> Response:
    """Without its last person key a contact is anonymous; its history stays."""
    key, value = (await read_as(KeyBody, request)).key(kinfold_of(request).namespaces)
    keys = kinfold_of(request).keys
    if query.dry_run:
        return rehearsed(await in_thread(partial(keys.preview_take, id, key, value)))
    return as_json(await in_thread(partial(keys.take, id, key, value)))


@router.get(
    "/contacts/{id}/activity",
    summary="What a contact did",
    operation_id="get_activity",
    responses={200: {"model": ActivityList}, **responses(404, 410, 422, 503)},
)
async def get_activity(request: Request, id: str, page: ActivityQuery) -> Response:
    """Newest first, on one tracker or on all."""
    contacts = kinfold_of(request).contacts
    items, after = await in_thread(
        partial(contacts.activity, id, tracker_id=page.tracker_id, limit=page.limit, cursor=page.cursor)
    )
    kinfold_of(request).audit.read("activity", id)
    return as_json({"items": items, "next": after})


@router.get(
    "/contacts/{id}/history",
    summary="What happened to a contact",
    operation_id="get_history",
    responses={200: {"model": HistoryList}, **responses(404, 410, 422, 503)},
)
async def get_history(request: Request, id: str, page: PageQuery) -> Response:
    """In words, newest first: by which event and rule, or by hand; `merge` names what can be undone."""
    history = kinfold_of(request).history
    items, after = await in_thread(partial(history.page, id, limit=page.limit, cursor=page.cursor))
    kinfold_of(request).audit.read("history", id)
    return as_json({"items": items, "next": after})


@router.get(
    "/contacts/{id}/graph",
    summary="The graph around a contact",
    operation_id="get_graph",
    responses={200: {"model": Graph}, **responses(404, 410, 422, 503)},
)
async def get_graph(request: Request, id: str, ends: EndsQuery) -> Response:
    """With `from` and `to`, two keys such as `email:ana@example.com`: what ties them, marked and step by step.

    With `limit`, so many nodes of each group, and `groups` says how many there are; `group` and `cursor` fetch more.
    """
    kinfold = kinfold_of(request)
    path = ends.path(kinfold.namespaces)
    around = partial(kinfold.neighbourhood.of, id, path=path, limit=ends.limit, group=ends.group, cursor=ends.cursor)
    drawn = await in_thread(around)
    kinfold.audit.read("graph", drawn["contact"])
    return as_json(drawn)
