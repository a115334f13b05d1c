"""Environments and what their catalogues hold: typology rules, categories, offers and spaces.

The four are listed, put, got and deleted alike, so that their routes are made once, from the words that differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from api.http.bodies import MAX_BODY_BYTES, documented, read_as
from api.http.problems import responses
from api.http.query import CatalogueHistoryQuery, Check, CheckQuery, NothingQuery, PageQuery, page_of
from api.http.requests import as_json, in_thread, kinfold_of, nothing
from api.http.schemas.offers import (
    CatalogueChangeList,
    Category,
    CategoryList,
    Environment,
    EnvironmentList,
    Offer,
    OfferList,
    Rule,
    RuleList,
    Space,
    SpaceList,
)
from graph.identity.events import MAX_EVENT_BYTES
from graph.offers.definitions import CategoryBody, EnvironmentBody, OfferBody, RuleBody, SpaceBody

router = APIRouter(tags=["offers"])

_PUT = "It was there and is now this."
_NEW = "It is new."


def _made(model: type[BaseModel], *statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"model": model, "description": _PUT},
        201: {"model": model, "description": _NEW},
        **responses(*statuses, 413, 422, 503),
    }


async def _put(work: Callable[..., tuple[bool, dict[str, Any]]], query: Check) -> Response:
    new, document = await in_thread(partial(work, dry_run=query.dry_run))
    return as_json(document, 201 if new and not query.dry_run else 200)


@router.get(
    "/environments",
    summary="List environments",
    operation_id="list_environments",
    responses={200: {"model": EnvironmentList}, **responses(422, 503)},
)
async def list_environments(request: Request, page: PageQuery) -> Response:
    """List environments by name."""
    return as_json(page_of(await in_thread(kinfold_of(request).catalogues.environments), page, "name"))


@router.put(
    "/environments/{env}",
    summary="Create or update an environment",
    operation_id="put_environment",
    responses=_made(Environment),
    openapi_extra=documented(EnvironmentBody),
)
async def put_environment(request: Request, env: str, query: CheckQuery) -> Response:
    """Create or update an environment; an anonymous one has its own folder of visitors."""
    body = await read_as(EnvironmentBody, request)
    return await _put(partial(kinfold_of(request).catalogues.put_environment, env, body), query)


@router.get(
    "/environments/{env}",
    summary="Get an environment",
    operation_id="get_environment",
    responses={200: {"model": Environment}, **responses(404, 422, 503)},
)
async def get_environment(request: Request, env: str, _: NothingQuery) -> Response:
    """Return an environment without its categories, offers and spaces."""
    return as_json(await in_thread(partial(kinfold_of(request).catalogues.environment, env)))


@router.delete(
    "/environments/{env}",
    summary="Delete an environment",
    operation_id="delete_environment",
    status_code=204,
    responses=responses(404, 409, 422, 503),
)
async def delete_environment(request: Request, env: str, _: NothingQuery) -> Response:
    """Delete an empty environment; 409 names what it holds (`hanging`). Its visitors remain contacts."""
    await in_thread(partial(kinfold_of(request).catalogues.remove_environment, env))
    return nothing()


@router.get(
    "/environments/{env}/history",
    summary="List the changes of an environment",
    operation_id="list_catalogue_changes",
    responses={200: {"model": CatalogueChangeList}, **responses(404, 422, 503)},
)
async def list_catalogue_changes(request: Request, env: str, query: CatalogueHistoryQuery) -> Response:
    """List who changed what of an environment and what is in it, when and why, newest first.

    `part` and `name` together ask for one thing's own history, which it keeps when it is gone.
    """
    history = partial(
        kinfold_of(request).catalogue_history.of,
        env,
        part=query.part,
        name=query.name,
        limit=query.limit,
        cursor=query.cursor,
    )
    items, following = await in_thread(history)
    return as_json({"items": items, "next": following})


@dataclass(frozen=True, slots=True)
class _Part:
    """One kind of thing in an environment's catalogue, and what the documentation of its routes says.

    Attributes
    ----------
    plural, singular
        What it is called in paths and in the ids of operations.
    noun
        What it is called in sentences.
    body, shown, listed
        What is put, what is answered, and a page of these.
    lists, puts, gets, deletes
        What each route does.
    by
        What tells one from another; a path may have slashes.
    limit
        How large a body may be, in bytes.
    kept
        What a deletion answers that does not delete.
    """

    plural: Literal["rules", "categories", "offers", "spaces"]
    singular: str
    noun: str
    body: type[BaseModel]
    shown: type[BaseModel]
    listed: type[BaseModel]
    lists: str
    puts: str
    gets: str
    deletes: str
    by: Literal["name", "path"] = "name"
    limit: int = MAX_EVENT_BYTES
    kept: str | None = None

    @property
    def one(self) -> str:
        """The noun with its article."""
        return f"{'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun}"

    @property
    def many(self) -> str:
        """The noun's plural."""
        return f"{self.noun.removesuffix(self.singular)}{self.plural}"


_PARTS = (
    _Part(
        plural="rules",
        singular="rule",
        noun="typology rule",
        body=RuleBody,
        shown=Rule,
        listed=RuleList,
        lists="List typology rules by name.",
        puts="Create or update a typology rule, which binds every offer and category that names it.",
        gets="Return a typology rule with its condition and its limit.",
        deletes="Delete a typology rule; 409 names the categories and offers that name it (`hanging`).",
    ),
    _Part(
        plural="categories",
        singular="category",
        noun="category",
        body=CategoryBody,
        shown=Category,
        listed=CategoryList,
        lists="List categories by path.",
        puts="Create or update a category; a path such as `winter/boots` creates `winter` too.",
        gets="Return a category with its parent, its limit and what it excludes.",
        deletes="Delete a category; 409 names the categories within or excluding it, and its offers (`hanging`).",
        by="path",
    ),
    _Part(
        plural="offers",
        singular="offer",
        noun="offer",
        body=OfferBody,
        shown=Offer,
        listed=OfferList,
        lists="List offers by name, including drafts.",
        puts="Create or update an offer; a live one must have the content that its spaces require.",
        gets="Return an offer with its content, condition, dates and limits.",
        deletes="Delete an offer; one that was proposed before ends now instead and is returned with 200.",
        limit=MAX_BODY_BYTES,
        kept="It was proposed before: it ends now.",
    ),
    _Part(
        plural="spaces",
        singular="space",
        noun="space",
        body=SpaceBody,
        shown=Space,
        listed=SpaceList,
        lists="List spaces by name.",
        puts="Create or update a space; it can fall back only to a space of an anonymous environment.",
        gets="Return a space with its flags and the content that it requires.",
        deletes="Delete a space; 409 names the spaces that fall back to it, and the offers that name it (`hanging`).",
    ),
)


def _serve(part: _Part) -> None:
    """Make the four routes of a part."""
    every = f"/environments/{{env}}/{part.plural}"
    single = f"{every}/{{{'path:rest' if part.by == 'path' else 'name'}}}"

    @router.get(
        every,
        summary=f"List {part.many}",
        description=part.lists,
        operation_id=f"list_{part.plural}",
        responses={200: {"model": part.listed}, **responses(404, 422, 503)},
    )
    async def list_them(request: Request, env: str, page: PageQuery) -> Response:
        listed = partial(kinfold_of(request).catalogues.listed, env, part.plural)
        return as_json(page_of(await in_thread(listed), page, part.by))

    @router.put(
        single,
        summary=f"Create or update {part.one}",
        description=part.puts,
        operation_id=f"put_{part.singular}",
        responses=_made(part.shown, 404),
        openapi_extra=documented(part.body),
    )
    async def put(request: Request, env: str, query: CheckQuery, name: str = Path(alias=part.by)) -> Response:
        body = await read_as(part.body, request, part.limit)
        return await _put(partial(kinfold_of(request).catalogues.put_part, env, part.plural, name, body), query)

    @router.get(
        single,
        summary=f"Get {part.one}",
        description=part.gets,
        operation_id=f"get_{part.singular}",
        responses={200: {"model": part.shown}, **responses(404, 422, 503)},
    )
    async def get(request: Request, env: str, _: NothingQuery, name: str = Path(alias=part.by)) -> Response:
        return as_json(await in_thread(partial(kinfold_of(request).catalogues.part, env, part.plural, name)))

    kept: dict[int | str, dict[str, Any]] = (
        {} if part.kept is None else {200: {"model": part.shown, "description": part.kept}}
    )

    @router.delete(
        single,
        summary=f"Delete {part.one}",
        description=part.deletes,
        operation_id=f"delete_{part.singular}",
        status_code=204,
        responses={**kept, **responses(404, 409, 422, 503)},
    )
    async def delete(request: Request, env: str, _: NothingQuery, name: str = Path(alias=part.by)) -> Response:
        ended = await in_thread(partial(kinfold_of(request).catalogues.remove_part, env, part.plural, name))
        return nothing() if ended is None else as_json(ended)


for _part in _PARTS:
    _serve(_part)
