"""Judgements: who is kept apart from whom, and from which key, whatever events say."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.bodies import JudgementBody, documented, read_as
from api.http.problems import responses
from api.http.query import NothingQuery, PageOfContactQuery
from api.http.requests import as_json, in_thread, kinfold_of, nothing
from api.http.schemas.judgements import Judgement, JudgementList

router = APIRouter(tags=["judgements"])


@router.get(
    "/judgements",
    summary="List judgements",
    operation_id="list_judgements",
    responses={200: {"model": JudgementList}, **responses(404, 410, 422, 503)},
)
async def list_judgements(request: Request, query: PageOfContactQuery) -> Response:
    """List judgements, newest first; with `contact`, those about it and the contacts merged into it."""
    judgements = kinfold_of(request).judgements
    page = partial(judgements.page, contact_id=query.contact, limit=query.limit, cursor=query.cursor)
    items, after = await in_thread(page)
    kinfold_of(request).audit.read("judgements", *dict.fromkeys(one for item in items for one in item["contacts"]))
    return as_json({"items": items, "next": after})


@router.post(
    "/judgements",
    summary="Keep two contacts, or a contact and a key, apart",
    operation_id="judge",
    status_code=201,
    responses={
        201: {"model": Judgement, "headers": {"Location": {"schema": {"type": "string"}}}},
        200: {"model": Judgement, "description": "They were kept apart before."},
        **responses(404, 409, 410, 413, 422, 503),
    },
    openapi_extra=documented(JudgementBody),
)
async def judge(request: Request, _: NothingQuery) -> Response:
    """Keep two contacts, or a contact and a key, apart: no event merges them until the judgement is removed.

    A union of the two by hand is refused. The judgement follows both through unions, un-merges and splits.
    """
    body = await read_as(JudgementBody, request)
    first, second, key = body.pair()
    kinfold = kinfold_of(request)
    if second is not None:
        work = partial(kinfold.judgements.apart, first, second, why=body.why)
    else:
        assert key is not None
        work = partial(kinfold.judgements.apart_from_key, first, *key, why=body.why)
    judgement, new = await in_thread(work)
    return as_json(judgement, 201 if new else 200, location=f"/v1/judgements/{judgement['id']}")


@router.get(
    "/judgements/{id}",
    summary="Get a judgement",
    operation_id="get_judgement",
    responses={200: {"model": Judgement}, **responses(404, 422, 503)},
)
async def get_judgement(request: Request, id: str, _: NothingQuery) -> Response:
    """Return a judgement with the contacts as they are now."""
    judgement = await in_thread(partial(kinfold_of(request).judgements.get, id))
    kinfold_of(request).audit.read("judgements", *judgement["contacts"])
    return as_json(judgement)


@router.delete(
    "/judgements/{id}",
    summary="Remove a judgement",
    operation_id="take_judgement_back",
    status_code=204,
    responses={204: {"description": "Taken back."}, **responses(404, 422, 503)},
)
async def take_judgement_back(request: Request, id: str, _: NothingQuery) -> Response:
    """Remove a judgement; what it kept apart may be merged again."""
    await in_thread(partial(kinfold_of(request).judgements.take_back, id))
    return nothing()


@router.delete(
    "/judgements",
    summary="Remove the judgement about two contacts, or a contact and a key",
    operation_id="take_judgement_of_back",
    status_code=204,
    responses={204: {"description": "Taken back."}, **responses(404, 410, 413, 422, 503)},
    openapi_extra=documented(JudgementBody),
)
async def take_judgement_of_back(request: Request, _: NothingQuery) -> Response:
    """Remove a judgement by the body it was made with, when its id is unknown."""
    first, second, key = (await read_as(JudgementBody, request)).pair()
    kinfold = kinfold_of(request)

    def work() -> None:
        kinfold.judgements.take_back(kinfold.judgements.find(first, second, key))

    await in_thread(work)
    return nothing()
