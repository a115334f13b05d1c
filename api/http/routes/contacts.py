"""Who owns a key, what is known of a contact, and what is written to it by hand."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api.http.bodies import KeyBody, NamesBody, PropertiesBody, TakenKeyBody, documented, read_as
from api.http.problems import responses
from api.http.query import (
    ActivityDaysQuery,
    ActivityQuery,
    DryRunQuery,
    EndsQuery,
    NothingQuery,
    OneKeyQuery,
    PageQuery,
    PeopleQuery,
    SearchQuery,
    ThenQuery,
    page_of,
)
from api.http.requests import as_json, in_thread, kinfold_of, rehearsed
from api.http.schemas.contacts import ActivityDays, ActivityList, Contact, ContactList, ContactNames, Found, HistoryList
from api.http.schemas.neighbourhood import Graph, Meeting
from api.http.schemas.preview import Rehearsal
from api.http.tables import csv_head, csv_rows
from graph.kinfold import Kinfold

router = APIRouter(tags=["contacts"])


_CSV = {
    "text/csv": {
        "schema": {"type": "string"},
        "example": "id,name,kind,email,keys,unions,created_at,last_seen_at,…,keys.email,keys.tracker_id\r\n",
    }
}


@router.get(
    "/contacts",
    summary="List contacts, or find the owners of a key",
    operation_id="find_contacts",
    responses={200: {"model": ContactList, "content": _CSV}, **responses(422, 503)},
)
async def find_contacts(request: Request, query: PeopleQuery) -> Response:
    """List contacts by words and filters, or with exactly one key those who own it.

    `Accept: text/csv` answers with a table: of all people of the list, unless a limit is given.
    """
    kinfold = kinfold_of(request)
    key = query.owned(kinfold.namespaces)
    if key is not None:
        owners = await in_thread(partial(kinfold.contacts.owners, *key))
        page = page_of(owners, query, "id")
    elif "text/csv" in request.headers.get("accept", "") and "limit" not in query.model_fields_set:
        return await _all_as_csv(kinfold, query.filters())
    else:
        items, after = await in_thread(
            partial(kinfold.people.page, **query.filters(), limit=query.limit, cursor=query.cursor)
        )
        page = {"items": items, "next": after}
    kinfold.audit.read("contacts", *(one["id"] for one in page["items"]))
    if "text/csv" in request.headers.get("accept", ""):
        names = kinfold.namespaces.names
        return _as_csv([csv_head(names) + csv_rows(page["items"], names)], page["next"])
    return as_json(page)


async def _all_as_csv(kinfold: Kinfold, filters: dict[str, Any]) -> Response:
    pages = kinfold.people.all(**filters)
    # A refusal is answered before the first byte is sent.
    first = await in_thread(partial(next, pages))

    def written() -> Iterator[str]:
        yield csv_head(kinfold.namespaces.names)
        for page in chain([first], pages):
            kinfold.audit.read("contacts", *(one["id"] for one in page))
            kinfold.audit.flush()
            yield csv_rows(page, kinfold.namespaces.names)

    return _as_csv(written(), None)


def _as_csv(parts: Iterable[str], after: str | None) -> Response:
    headers = {"Content-Disposition": 'attachment; filename="people.csv"'}
    if after is not None:
        headers["Kinfold-Next"] = after
    return StreamingResponse(iter(parts), media_type="text/csv; charset=utf-8", headers=headers)


@router.post(
    "/contacts/names",
    summary="Ask what contacts are called",
    operation_id="name_contacts",
    responses={200: {"model": ContactNames}, **responses(413, 422, 503)},
    openapi_extra=documented(NamesBody),
)
async def name_contacts(request: Request, _: NothingQuery) -> Response:
    """Return the names of up to 200 contacts by their ids, for lists that have ids only; it counts as reading them."""
    body = await read_as(NamesBody, request)
    kinfold = kinfold_of(request)
    names = await in_thread(partial(kinfold.contacts.names, list(dict.fromkeys(body.contacts))))
    kinfold.audit.read("names", *names)
    return as_json({"names": names})


@router.get(
    "/search",
    summary="Search contacts",
    operation_id="search",
    responses={200: {"model": Found}, **responses(422, 503)},
)
async def search(request: Request, query: SearchQuery) -> Response:
    """Find contacts by id or by any key; when nobody is found, `similar` lists keys that begin with the text."""
    found = partial(kinfold_of(request).search.find, query.q, limit=query.limit, cursor=query.cursor)
    items, after, similar = await in_thread(found)
    # Keys that begin so are somebody's.
    read = [item["contact"]["id"] for item in items] or ([None] if similar else [])
    kinfold_of(request).audit.read("search", *read)
    return as_json({"items": items, "next": after, "similar": similar})


@router.get(
    "/contacts/{id}",
    summary="Get a contact",
    operation_id="get_contact",
    responses={200: {"model": Contact}, **responses(404, 410, 422, 503)},
)
async def get_contact(request: Request, id: str, query: ThenQuery) -> Response:
    """Return a contact; a merged id returns its survivor with `redirected_from`, an erased one 410.

    With `at`: as it was then, with what was undone since and without what came later; 404 where it came later itself.
    """
    kinfold = kinfold_of(request)
    if query.at is None:
        document = await in_thread(partial(kinfold.contacts.get, id))
    else:
        document = await in_thread(partial(kinfold.past.contact, id, query.at))
    kinfold.audit.read("contact", document["id"])
    return as_json(document)


@router.patch(
    "/contacts/{id}",
    summary="Update the properties of a contact",
    operation_id="patch_contact",
    responses={200: {"model": Contact | Rehearsal}, **responses(404, 410, 413, 422, 503)},
    openapi_extra=documented(PropertiesBody),
)
async def patch_contact(request: Request, id: str, query: DryRunQuery) -> Response:
    """Write properties as an event sent now would, and return the contact; null removes one, omitted ones stay."""
    body = await read_as(PropertiesBody, request)
    properties = kinfold_of(request).properties
    if query.dry_run:
        return rehearsed(await in_thread(partial(properties.preview, id, body.properties)))
    return as_json(await in_thread(partial(properties.write, id, body.properties)))


@router.post(
    "/contacts/{id}/keys",
    summary="Add a key to a contact",
    operation_id="give_key",
    responses={200: {"model": Contact | Rehearsal}, **responses(404, 409, 410, 413, 422, 503)},
    openapi_extra=documented(KeyBody),
)
async def give_key(request: Request, id: str, query: DryRunQuery) -> Response:
    """Add a key; a subscription that others own is shared, any other key of another contact is a 409 with its owner."""
    key, value = (await read_as(KeyBody, request)).key(kinfold_of(request).namespaces)
    keys = kinfold_of(request).keys
    if query.dry_run:
        return rehearsed(await in_thread(partial(keys.preview_give, id, key, value)))
    return as_json(await in_thread(partial(keys.give, id, key, value)))


@router.post(
    "/contacts/{id}/keys/remove",
    summary="Remove a key from a contact",
    operation_id="take_key",
    responses={200: {"model": Contact | Rehearsal}, **responses(404, 410, 413, 422, 503)},
    openapi_extra=documented(TakenKeyBody),
)
async def take_key(request: Request, id: str, query: DryRunQuery) -> Response:
    """Remove a key; a contact without a person key becomes anonymous. With `stay_away` no event gives the key back."""
    body = await read_as(TakenKeyBody, request)
    key, value = body.key(kinfold_of(request).namespaces)
    keys = kinfold_of(request).keys
    if query.dry_run:
        return rehearsed(await in_thread(partial(keys.preview_take, id, key, value)))
    return as_json(await in_thread(partial(keys.take, id, key, value, stay_away=body.stay_away)))


@router.get(
    "/contacts/{id}/activity",
    summary="List the activity of a contact",
    operation_id="get_activity",
    responses={200: {"model": ActivityList}, **responses(404, 410, 422, 503)},
)
async def get_activity(request: Request, id: str, page: ActivityQuery) -> Response:
    """List what a contact did, newest first: on one tracker or on all, of one event or of all, in a time."""
    contacts = kinfold_of(request).contacts
    items, after = await in_thread(
        partial(
            contacts.activity,
            id,
            tracker_id=page.tracker_id,
            event=page.event,
            since=page.from_,
            until=page.to,
            limit=page.limit,
            cursor=page.cursor,
        )
    )
    kinfold_of(request).audit.read("activity", id)
    return as_json({"items": items, "next": after})


@router.get(
    "/contacts/{id}/activity/days",
    summary="Count the activity of a contact by day",
    operation_id="get_activity_days",
    responses={200: {"model": ActivityDays}, **responses(404, 410, 422, 503)},
)
async def get_activity_days(request: Request, id: str, query: ActivityDaysQuery) -> Response:
    """Return how much there was on each day (UTC) with any, and which events there are, the most frequent first."""
    contacts = kinfold_of(request).contacts
    counted = await in_thread(partial(contacts.activity_days, id, tracker_id=query.tracker_id, event=query.event))
    kinfold_of(request).audit.read("activity", id)
    return as_json(counted)


@router.get(
    "/contacts/{id}/history",
    summary="List the history of a contact",
    operation_id="get_history",
    responses={200: {"model": HistoryList}, **responses(404, 410, 422, 503)},
)
async def get_history(request: Request, id: str, page: PageQuery) -> Response:
    """List what happened to a contact in words, newest first, with the event and rule; `merge` can be undone."""
    history = kinfold_of(request).history
    items, after = await in_thread(partial(history.page, id, limit=page.limit, cursor=page.cursor))
    kinfold_of(request).audit.read("history", id)
    return as_json({"items": items, "next": after})


@router.get(
    "/graph",
    summary="Get the graph around a key",
    operation_id="get_graph_of_key",
    responses={200: {"model": Meeting}, **responses(422, 503)},
)
async def get_graph_of_key(request: Request, query: OneKeyQuery) -> Response:
    """Return exactly one key, of any namespace, with who owns it, who was seen with it and who was folded along."""
    kinfold = kinfold_of(request)
    drawn = await in_thread(partial(kinfold.meetings.of, *query.key(kinfold.namespaces)))
    kinfold.audit.read("graph", *(node["id"] for node in drawn["nodes"] if node["type"] == "contact"))
    return as_json(drawn)


@router.get(
    "/contacts/{id}/graph",
    summary="Get the graph around a contact",
    operation_id="get_graph",
    responses={200: {"model": Graph}, **responses(404, 410, 422, 503)},
)
async def get_graph(request: Request, id: str, ends: EndsQuery) -> Response:
    """Return nodes and edges; with `from` and `to`, two keys such as `email:ana@example.com`, the path between them.

    With `limit`, so many nodes of each group, and `groups` says how many there are; `group` and `cursor` fetch more.
    With `at`: as it was at a time of arrival.
    """
    kinfold = kinfold_of(request)
    path = ends.path(kinfold.namespaces)
    around = partial(
        kinfold.neighbourhood.of,
        id,
        path=path,
        limit=ends.limit,
        group=ends.group,
        cursor=ends.cursor,
        at=ends.at,
    )
    drawn = await in_thread(around)
    kinfold.audit.read("graph", drawn["contact"])
    return as_json(drawn)
