"""Environments with their catalogues of offers, and propositions to people who may or may not be known."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from api.http.access import check_may_be_told, check_may_look
from api.http.bodies import (
    MAX_BODY_BYTES,
    OfferSimulationBody,
    OutcomeBody,
    PageOffersBody,
    PageOffersOfSpacesBody,
    PropositionBody,
    PropositionsBody,
    documented,
    read_as,
)
from api.http.problems import responses
from api.http.query import (
    CatalogueHistoryQuery,
    Check,
    CheckQuery,
    FromPageQuery,
    NothingQuery,
    PageQuery,
    ProposeFlagsQuery,
    ReportQuery,
    page_of,
)
from api.http.requests import as_json, in_thread, kinfold_of, nothing
from api.http.schemas.offers import (
    CatalogueChangeList,
    Category,
    CategoryList,
    Environment,
    EnvironmentList,
    NotedOutcome,
    Offer,
    OfferList,
    OfferReport,
    OfferSimulation,
    PageOffers,
    PageOffersOfSpaces,
    Proposition,
    PropositionList,
    Propositions,
    Rule,
    RuleList,
    Space,
    SpaceList,
    VisitorList,
)
from api.http.tables import csv_table
from graph.identity.events import MAX_EVENT_BYTES, Event, read_event
from graph.offers.definitions import CategoryBody, EnvironmentBody, OfferBody, RuleBody, SpaceBody
from graph.offers.reports import COUNTS
from graph.offers.simulation import COLUMNS

router = APIRouter(tags=["offers"])

_CSV = {
    "text/csv": {
        "schema": {"type": "string"},
        "example": "offer,proposed,presented,clicked,accepted,refused\r\nboots-20,12,10,4,2,1\r\n",
    }
}
_SIMULATION_CSV = {
    "text/csv": {
        "schema": {"type": "string"},
        "example": "contact,kind,space,answered_by,position,offer,weight\r\n01a2,known,home,shop/home,1,boots,20\r\n",
    }
}
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


async def _remove(request: Request, env: str, part: str, name: str) -> Response:
    ended = await in_thread(partial(kinfold_of(request).catalogues.remove_part, env, part, name))
    return nothing() if ended is None else as_json(ended)


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


@router.get(
    "/environments/{env}/visitors",
    summary="List the visitors of an environment",
    operation_id="list_visitors",
    responses={200: {"model": VisitorList}, **responses(404, 422, 503)},
)
async def list_visitors(request: Request, env: str, page: PageQuery) -> Response:
    """List visitors by id; an identified environment has none."""
    visitors = partial(kinfold_of(request).propositions.visitors, env, limit=page.limit, cursor=page.cursor)
    items, following = await in_thread(visitors)
    kinfold_of(request).audit.read("visitors", None, environment=env)
    return as_json({"items": items, "next": following})


@router.get(
    "/environments/{env}/report",
    summary="Report on the propositions of an environment",
    operation_id="report_offers",
    responses={200: {"model": OfferReport, "content": _CSV}, **responses(404, 422, 503)},
)
async def report_offers(request: Request, env: str, query: ReportQuery) -> Response:
    """Count what was proposed, presented, clicked, accepted and refused, by offer, by space or by day.

    `Accept: text/csv` answers with a table of all of it.
    """
    of = partial(kinfold_of(request).reports.of, env, query.by, since=query.from_, until=query.to)
    rows = await in_thread(of)
    if "text/csv" in request.headers.get("accept", ""):
        headers = {"Content-Disposition": 'attachment; filename="offers.csv"'}
        return Response(csv_table([query.by, *COUNTS], rows), media_type="text/csv; charset=utf-8", headers=headers)
    return as_json(page_of(rows, query, query.by))


@router.post(
    "/environments/{env}/simulation",
    summary="Try a catalogue on a segment",
    operation_id="simulate_offers",
    responses={200: {"model": OfferSimulation, "content": _SIMULATION_CSV}, **responses(404, 413, 422, 503)},
    openapi_extra=documented(OfferSimulationBody),
)
async def simulate_offers(request: Request, env: str, _: NothingQuery) -> Response:
    """Return who would get what at a time, and which offers nobody would get and why. Writes nothing.

    Contacts are as they are today. `Accept: text/csv` answers with a table of what each would get at each space.
    """
    body = await read_as(OfferSimulationBody, request)
    plan = body.plan()
    simulations = kinfold_of(request).offer_simulations
    kinfold_of(request).audit.read("offer_simulation", None, environment=env)
    if "text/csv" in request.headers.get("accept", ""):
        text = await in_thread(lambda: csv_table(COLUMNS, simulations.rows(env, plan)))
        headers = {"Content-Disposition": 'attachment; filename="simulation.csv"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
    return as_json(await in_thread(partial(simulations.run, env, plan, listed=body.listed)))


@router.get(
    "/environments/{env}/rules",
    summary="List typology rules",
    operation_id="list_rules",
    responses={200: {"model": RuleList}, **responses(404, 422, 503)},
)
async def list_rules(request: Request, env: str, page: PageQuery) -> Response:
    """List typology rules by name."""
    return as_json(page_of(await in_thread(partial(_list, request, env, "rules")), page, "name"))


@router.put(
    "/environments/{env}/rules/{name}",
    summary="Create or update a typology rule",
    operation_id="put_rule",
    responses=_made(Rule, 404),
    openapi_extra=documented(RuleBody),
)
async def put_rule(request: Request, env: str, name: str, query: CheckQuery) -> Response:
    """Create or update a typology rule, which binds every offer and category that names it."""
    body = await read_as(RuleBody, request)
    return await _put(partial(kinfold_of(request).catalogues.put_rule, env, name, body), query)


@router.get(
    "/environments/{env}/rules/{name}",
    summary="Get a typology rule",
    operation_id="get_rule",
    responses={200: {"model": Rule}, **responses(404, 422, 503)},
)
async def get_rule(request: Request, env: str, name: str, _: NothingQuery) -> Response:
    """Return a typology rule with its condition and its limit."""
    return as_json(await in_thread(partial(kinfold_of(request).catalogues.part, env, "rules", name)))


@router.delete(
    "/environments/{env}/rules/{name}",
    summary="Delete a typology rule",
    operation_id="delete_rule",
    status_code=204,
    responses={**responses(404, 409, 422, 503)},
)
async def delete_rule(request: Request, env: str, name: str, _: NothingQuery) -> Response:
    """Delete a typology rule; 409 names the categories and offers that name it (`hanging`)."""
    return await _remove(request, env, "rules", name)


@router.get(
    "/environments/{env}/categories",
    summary="List categories",
    operation_id="list_categories",
    responses={200: {"model": CategoryList}, **responses(404, 422, 503)},
)
async def list_categories(request: Request, env: str, page: PageQuery) -> Response:
    """List categories by path."""
    return as_json(page_of(await in_thread(partial(_list, request, env, "categories")), page, "path"))


@router.put(
    "/environments/{env}/categories/{path:rest}",
    summary="Create or update a category",
    operation_id="put_category",
    responses=_made(Category, 404),
    openapi_extra=documented(CategoryBody),
)
async def put_category(request: Request, env: str, path: str, query: CheckQuery) -> Response:
    """Create or update a category; a path such as `winter/boots` creates `winter` too."""
    body = await read_as(CategoryBody, request)
    return await _put(partial(kinfold_of(request).catalogues.put_category, env, path, body), query)


@router.get(
    "/environments/{env}/categories/{path:rest}",
    summary="Get a category",
    operation_id="get_category",
    responses={200: {"model": Category}, **responses(404, 422, 503)},
)
async def get_category(request: Request, env: str, path: str, _: NothingQuery) -> Response:
    """Return a category with its parent, its limit and what it excludes."""
    return as_json(await in_thread(partial(kinfold_of(request).catalogues.part, env, "categories", path)))


@router.delete(
    "/environments/{env}/categories/{path:rest}",
    summary="Delete a category",
    operation_id="delete_category",
    status_code=204,
    responses={**responses(404, 409, 422, 503)},
)
async def delete_category(request: Request, env: str, path: str, _: NothingQuery) -> Response:
    """Delete a category; 409 names the categories within or excluding it, and its offers (`hanging`)."""
    return await _remove(request, env, "categories", path)


@router.get(
    "/environments/{env}/offers",
    summary="List offers",
    operation_id="list_offers",
    responses={200: {"model": OfferList}, **responses(404, 422, 503)},
)
async def list_offers(request: Request, env: str, page: PageQuery) -> Response:
    """List offers by name, including drafts."""
    return as_json(page_of(await in_thread(partial(_list, request, env, "offers")), page, "name"))


@router.put(
    "/environments/{env}/offers/{name}",
    summary="Create or update an offer",
    operation_id="put_offer",
    responses=_made(Offer, 404),
    openapi_extra=documented(OfferBody),
)
async def put_offer(request: Request, env: str, name: str, query: CheckQuery) -> Response:
    """Create or update an offer; a live one must have the content that its spaces require."""
    body = await read_as(OfferBody, request, MAX_BODY_BYTES)
    return await _put(partial(kinfold_of(request).catalogues.put_offer, env, name, body), query)


@router.get(
    "/environments/{env}/offers/{name}",
    summary="Get an offer",
    operation_id="get_offer",
    responses={200: {"model": Offer}, **responses(404, 422, 503)},
)
async def get_offer(request: Request, env: str, name: str, _: NothingQuery) -> Response:
    """Return an offer with its content, condition, dates and limits."""
    return as_json(await in_thread(partial(kinfold_of(request).catalogues.part, env, "offers", name)))


@router.delete(
    "/environments/{env}/offers/{name}",
    summary="Delete an offer",
    operation_id="delete_offer",
    status_code=204,
    responses={
        200: {"model": Offer, "description": "It was proposed before: it ends now."},
        **responses(404, 409, 422, 503),
    },
)
async def delete_offer(request: Request, env: str, name: str, _: NothingQuery) -> Response:
    """Delete an offer; one that was proposed before ends now instead and is returned with 200."""
    return await _remove(request, env, "offers", name)


@router.get(
    "/environments/{env}/spaces",
    summary="List spaces",
    operation_id="list_spaces",
    responses={200: {"model": SpaceList}, **responses(404, 422, 503)},
)
async def list_spaces(request: Request, env: str, page: PageQuery) -> Response:
    """List spaces by name."""
    return as_json(page_of(await in_thread(partial(_list, request, env, "spaces")), page, "name"))


@router.put(
    "/environments/{env}/spaces/{name}",
    summary="Create or update a space",
    operation_id="put_space",
    responses=_made(Space, 404),
    openapi_extra=documented(SpaceBody),
)
async def put_space(request: Request, env: str, name: str, query: CheckQuery) -> Response:
    """Create or update a space; it can fall back only to a space of an anonymous environment."""
    body = await read_as(SpaceBody, request)
    return await _put(partial(kinfold_of(request).catalogues.put_space, env, name, body), query)


@router.get(
    "/environments/{env}/spaces/{name}",
    summary="Get a space",
    operation_id="get_space",
    responses={200: {"model": Space}, **responses(404, 422, 503)},
)
async def get_space(request: Request, env: str, name: str, _: NothingQuery) -> Response:
    """Return a space with its flags and the content that it requires."""
    return as_json(await in_thread(partial(kinfold_of(request).catalogues.part, env, "spaces", name)))


@router.delete(
    "/environments/{env}/spaces/{name}",
    summary="Delete a space",
    operation_id="delete_space",
    status_code=204,
    responses={**responses(404, 409, 422, 503)},
)
async def delete_space(request: Request, env: str, name: str, _: NothingQuery) -> Response:
    """Delete a space; 409 names the spaces that fall back to it, and the offers that name it (`hanging`)."""
    return await _remove(request, env, "spaces", name)


@router.post(
    "/environments/{env}/spaces/{space}/propositions",
    summary="Propose offers",
    operation_id="propose",
    responses={200: {"model": Proposition}, **responses(404, 413, 422, 503)},
    openapi_extra=documented(PropositionBody),
)
async def propose(request: Request, env: str, space: str, flags: ProposeFlagsQuery) -> Response:
    """Resolve the keys as those of an event, and return the offers after recording them.

    A write key may ask for neither of the flags, and one with minimal answers for no offers.
    """
    check_may_look(request, dry_run=flags.dry_run, explain=flags.explain)
    check_may_be_told(request)
    body = await read_as(PropositionBody, request, MAX_EVENT_BYTES)
    answer = partial(
        kinfold_of(request).propositions.propose,
        env,
        space,
        _event_of(request, body),
        limit=body.limit,
        explain=flags.explain,
        dry_run=flags.dry_run,
        drafts=flags.drafts,
        context=body.context,
    )
    return as_json(await in_thread(answer))


def _event_of(request: Request, body: PropositionBody) -> Event:
    said = {name: getattr(body, name) for name in ("email", "tracker_id", "subscription", "user_id", "keys")}
    given = {name: value for name, value in said.items() if value}
    return read_event(given, namespaces=kinfold_of(request).namespaces)


@router.post(
    "/environments/{env}/propositions",
    summary="Propose offers for several spaces",
    operation_id="propose_for_spaces",
    responses={200: {"model": Propositions}, **responses(404, 413, 422, 503)},
    openapi_extra=documented(PropositionsBody),
)
async def propose_for_spaces(request: Request, env: str, flags: ProposeFlagsQuery) -> Response:
    """Answer for several spaces of an environment in one call: as one call a space would, in the order given.

    What one space is given counts against the limits for those after it. An unknown space is a 404 before anything is
    proposed.
    """
    check_may_look(request, dry_run=flags.dry_run, explain=flags.explain)
    check_may_be_told(request)
    body = await read_as(PropositionsBody, request, MAX_EVENT_BYTES)
    answers = partial(
        kinfold_of(request).propositions.propose_for_spaces,
        env,
        body.spaces,
        _event_of(request, body),
        limit=body.limit,
        explain=flags.explain,
        dry_run=flags.dry_run,
        drafts=flags.drafts,
        context=body.context,
    )
    return as_json({"results": await in_thread(answers)})


@router.post(
    "/environments/{env}/spaces/{space}/offers",
    summary="Ask for offers from a page",
    operation_id="offers_for_page",
    responses={200: {"model": PageOffers}, **responses(404, 409, 413, 422, 503)},
    openapi_extra=documented(PageOffersBody),
)
async def offers_for_page(request: Request, env: str, space: str, _: FromPageQuery) -> Response:
    """Return the offers for this browser's own visitor; a page's key may ask, one with minimal answers too.

    Only of a space that recognises nobody: one of an anonymous environment without implicit identification. Any other
    is a 409: ask it for propositions from the site's server.
    """
    body = await read_as(PageOffersBody, request, MAX_EVENT_BYTES)
    propose = kinfold_of(request).propositions.propose
    answer = await in_thread(
        partial(propose, env, space, _visitor_of(body), limit=body.limit, from_page=True, context=body.context)
    )
    return as_json({name: answer[name] for name in ("tracker_id", "offers", "proposition_id")})


def _visitor_of(body: PageOffersBody) -> Event:
    return read_event({"tracker_id": body.tracker_id} if body.tracker_id is not None else {})


@router.post(
    "/environments/{env}/offers",
    summary="Ask for offers for several spaces from a page",
    operation_id="offers_of_spaces_for_page",
    responses={200: {"model": PageOffersOfSpaces}, **responses(404, 409, 413, 422, 503)},
    openapi_extra=documented(PageOffersOfSpacesBody),
)
async def offers_of_spaces_for_page(request: Request, env: str, _: FromPageQuery) -> Response:
    """Return the offers of several spaces for this browser's own visitor, each as one call a space would.

    Every one of them must be a space that recognises nobody; with any other the whole call is a 409.
    """
    body = await read_as(PageOffersOfSpacesBody, request, MAX_EVENT_BYTES)
    propose = kinfold_of(request).propositions.propose_for_spaces
    answers = await in_thread(
        partial(propose, env, body.spaces, _visitor_of(body), limit=body.limit, from_page=True, context=body.context)
    )
    shown = [
        {"space": space, "offers": answer["offers"], "proposition_id": answer["proposition_id"]}
        for space, answer in zip(body.spaces, answers, strict=True)
    ]
    return as_json({"tracker_id": answers[0]["tracker_id"], "spaces": shown})


@router.post(
    "/propositions/{id}/outcome",
    summary="Record the outcome of a proposition",
    operation_id="note_outcome",
    responses={200: {"model": NotedOutcome}, **responses(404, 413, 422, 503)},
    openapi_extra=documented(OutcomeBody),
)
async def note_outcome(request: Request, id: str, _: FromPageQuery) -> Response:
    """Record the outcome of all offers of a proposition, or of one; the last outcome recorded counts."""
    body = await read_as(OutcomeBody, request)
    return as_json(
        await in_thread(partial(kinfold_of(request).propositions.note_outcome, id, body.outcome, body.offer))
    )


@router.get(
    "/contacts/{id}/propositions",
    summary="List the propositions of a contact",
    operation_id="list_propositions",
    responses={200: {"model": PropositionList}, **responses(404, 410, 422, 503)},
)
async def list_propositions(request: Request, id: str, page: PageQuery) -> Response:
    """List propositions with their outcomes, newest first, including those of contacts merged into this one."""
    of_contact = partial(kinfold_of(request).propositions.of_contact, id, limit=page.limit, cursor=page.cursor)
    items, following = await in_thread(of_contact)
    kinfold_of(request).audit.read("propositions", id)
    return as_json({"items": items, "next": following})


def _list(request: Request, environment: str, part: str) -> list[dict[str, Any]]:
    return kinfold_of(request).catalogues.listed(environment, part)
