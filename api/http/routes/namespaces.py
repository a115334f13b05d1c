"""Which namespaces of keys a deployment has."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.problems import responses
from api.http.query import NothingQuery
from api.http.requests import as_json, in_thread, kinfold_of
from api.http.schemas.namespaces import NamespaceList
from graph.identity.declared_namespaces import counted

router = APIRouter(tags=["namespaces"])


@router.get(
    "/namespaces",
    summary="List namespaces",
    operation_id="list_namespaces",
    responses={200: {"model": NamespaceList}, **responses(422, 503)},
)
async def list_namespaces(request: Request, _: NothingQuery) -> Response:
    """List the namespaces with their settings and numbers of keys: built-in ones first, then as declared."""
    kinfold = kinfold_of(request)
    items = await in_thread(partial(counted, kinfold.database, kinfold.namespaces))
    return as_json({"items": items, "next": None})
