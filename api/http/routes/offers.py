"""Propositions to people who may or may not be known, what became of them, and a catalogue tried on a segment."""

from functools import partial

from fastapi import APIRouter, Request, Response

from api.http.access import check_may_be_told, check_may_look
from api.http.bodies import (
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
    FromPageQuery,
    NothingQuery,
    PageQuery,
    ProposeFlagsQuery,
    ReportQuery,
    page_of,
)
from api.http.requests import as_json, in_thread, kinfold_of
from api.http.schemas.offers import (
    NotedOutcome,
    OfferReport,
    OfferSimulation,
    PageOffers,
    PageOffersOfSpaces,
    Proposition,
    PropositionList,
    Propositions,
    VisitorList,
)
from api.http.tables import csv_table
from graph.identity.events import MAX_EVENT_BYTES, Event, read_event
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
