"""Suggestions: pairs of contacts that are probably one person, and what is said to them."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.bodies import EmptyBody, documented, read_as
from api.http.problems import responses
from api.http.query import NothingQuery, SuggestionPageQuery
from api.http.requests import as_json, in_thread, kinfold_of
from api.http.schemas.judgements import Judgement
from api.http.schemas.merges import Merge
from api.http.schemas.suggestions import Suggestion, SuggestionList

router = APIRouter(tags=["suggestions"])


@router.get(
    "/suggestions",
    summary="List suggestions",
    operation_id="list_suggestions",
    responses={200: {"model": SuggestionList}, **responses(404, 410, 422, 503)},
)
async def list_suggestions(request: Request, query: SuggestionPageQuery) -> Response:
    """List pairs that are probably one person, with reasons and a preview of the merge; nothing is merged."""
    suggestions = kinfold_of(request).suggestions
    page = partial(suggestions.page, contact_id=query.contact, least=query.min, limit=query.limit, cursor=query.cursor)
    items, after = await in_thread(page)
    kinfold_of(request).audit.read("suggestions", *dict.fromkeys(one for item in items for one in item["contacts"]))
    return as_json({"items": items, "next": after})


@router.get(
    "/suggestions/{id}",
    summary="Get a suggestion",
    operation_id="get_suggestion",
    responses={200: {"model": Suggestion}, **responses(404, 422, 503)},
)
async def get_suggestion(request: Request, id: str, _: NothingQuery) -> Response:
    """Return a suggestion while it is open."""
    item = await in_thread(partial(kinfold_of(request).suggestions.get, id))
    kinfold_of(request).audit.read("suggestions", *item["contacts"])
    return as_json(item)


@router.post(
    "/suggestions/{id}/accept",
    summary="Accept a suggestion",
    operation_id="accept_suggestion",
    status_code=201,
    responses={201: {"model": Merge}, **responses(404, 409, 410, 413, 422, 503)},
    openapi_extra=documented(EmptyBody),
)
async def accept_suggestion(request: Request, id: str, _: NothingQuery) -> Response:
    """Merge the two contacts as by hand and return the merge, which /v1/merges/{id}/undo undoes."""
    await read_as(EmptyBody, request)
    union = await in_thread(partial(kinfold_of(request).suggestions.accept, id))
    return as_json(union, 201, location=f"/v1/merges/{union['id']}")


@router.post(
    "/suggestions/{id}/refuse",
    summary="Refuse a suggestion",
    operation_id="refuse_suggestion",
    status_code=201,
    responses={201: {"model": Judgement}, **responses(404, 409, 410, 413, 422, 503)},
    openapi_extra=documented(EmptyBody),
)
async def refuse_suggestion(request: Request, id: str, _: NothingQuery) -> Response:
    """Keep the two apart and return the judgement; only other evidence brings the pair back."""
    await read_as(EmptyBody, request)
    judgement = await in_thread(partial(kinfold_of(request).suggestions.refuse, id))
    return as_json(judgement, 201, location=f"/v1/judgements/{judgement['id']}")


@router.post(
    "/suggestions/{id}/later",
    summary="Postpone a suggestion",
    operation_id="put_suggestion_off",
    responses={200: {"model": Suggestion}, **responses(404, 413, 422, 503)},
    openapi_extra=documented(EmptyBody),
)
async def put_suggestion_off(request: Request, id: str, _: NothingQuery) -> Response:
    """Postpone a suggestion for 30 days, or until its evidence changes."""
    await read_as(EmptyBody, request)
    return as_json(await in_thread(partial(kinfold_of(request).suggestions.later, id)))
