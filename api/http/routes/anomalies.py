"""What looks wrong in the graph: findings, clusters, and what is done about them."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from api.http.bodies import EmptyBody, NoteBody, documented, read_as
from api.http.problems import responses
from api.http.query import AnomalyPageQuery, NothingQuery, PageQuery
from api.http.requests import as_json, in_thread, kinfold_of
from api.http.schemas.anomalies import (
    AnalysisMade,
    Anomaly,
    AnomalyList,
    ClusterGraph,
    ClusterList,
    FindingGraph,
    OneAnomaly,
    OneCluster,
    Undismissed,
)
from graph.analysis.findings import key_of
from graph.kinfold import Kinfold

router = APIRouter(tags=["anomalies"])


@router.get(
    "/anomalies",
    summary="List anomalies",
    operation_id="list_anomalies",
    responses={200: {"model": AnomalyList}, **responses(422, 503)},
)
async def list_anomalies(request: Request, page: AnomalyPageQuery) -> Response:
    """List the findings of the last analysis by score, each with its subject, reason, evidence and possible actions.

    Of the last analysis, `as_of`; a small graph that has changed since is analysed anew. What limits hold back is
    listed as it is now.
    """
    anomalies = kinfold_of(request).anomalies
    items, after, as_of = await in_thread(
        partial(anomalies.page, page.kind, states=page.states, limit=page.limit, cursor=page.cursor)
    )
    current = await in_thread(anomalies.current)
    return as_json({"items": items, "next": after, "as_of": as_of, "current": current})


@router.get(
    "/anomalies/{id}",
    summary="Get an anomaly",
    operation_id="get_anomaly",
    responses={200: {"model": OneAnomaly}, **responses(404, 422, 503)},
)
async def get_anomaly(request: Request, id: str, _: NothingQuery) -> Response:
    """Return one finding of the last analysis, dismissed or not."""
    return as_json(await in_thread(partial(kinfold_of(request).anomalies.get, id)))


@router.get(
    "/anomalies/{id}/graph",
    summary="Get the graph of an anomaly",
    operation_id="get_anomaly_graph",
    responses={200: {"model": FindingGraph}, **responses(404, 410, 422, 503)},
)
async def get_anomaly_graph(request: Request, id: str, _: NothingQuery) -> Response:
    """Return what a finding is about, and everybody around it, as it is now.

    Of a key: who owns it, who was seen with it, and who was folded along with it. Of a contact: what is around it, ten
    nodes of each kind.
    """
    kinfold = kinfold_of(request)
    item = await in_thread(partial(kinfold.anomalies.get, id))
    drawn = await in_thread(partial(_drawn, kinfold, item))
    kinfold.audit.read("finding", *(node["id"] for node in drawn["nodes"] if node["type"] == "contact"))
    return as_json({"finding": id, **drawn})


def _drawn(kinfold: Kinfold, item: dict[str, Any]) -> dict[str, Any]:
    subject, evidence = item["subject"], item["evidence"]
    if subject["type"] == "contact":
        around = kinfold.neighbourhood.of(subject["value"], limit=10)
        left = sum(group["total"] - group["shown"] for group in around["groups"])
        return {"root": around["contact"], "nodes": around["nodes"], "edges": around["edges"], "left_out": left}
    # A shared device wanders from tracker to tracker: the evidence has those that it was seen with.
    devices = evidence.get("named", ()) if subject["type"] == "tracker" else ()
    key = key_of(subject["type"])
    assert key is not None
    return kinfold.meetings.of(key, subject["value"], devices=devices, contacts=evidence.get("contacts", ()))


@router.post(
    "/anomalies/{id}/act",
    summary="Mark an anomaly as acted on",
    operation_id="act_on_anomaly",
    responses={200: {"model": Anomaly}, **responses(404, 413, 422, 503)},
    openapi_extra=documented(NoteBody),
)
async def act_on_anomaly(request: Request, id: str, _: NothingQuery) -> Response:
    """Note that something was done about a finding; it stays on the list, as `acted`."""
    body = await read_as(NoteBody, request)
    return as_json(await in_thread(partial(kinfold_of(request).anomalies.act, id, body.note)))


@router.post(
    "/anomalies/{id}/dismiss",
    summary="Dismiss an anomaly",
    operation_id="dismiss_anomaly",
    responses={200: {"model": Anomaly}, **responses(404, 413, 422, 503)},
    openapi_extra=documented(NoteBody),
)
async def dismiss_anomaly(request: Request, id: str, _: NothingQuery) -> Response:
    """Take a finding off the list, in later analyses too; `?state=dismissed` still lists it."""
    body = await read_as(NoteBody, request)
    return as_json(await in_thread(partial(kinfold_of(request).anomalies.dismiss, id, body.note)))


@router.post(
    "/anomalies/{id}/reopen",
    summary="Open an anomaly again",
    operation_id="reopen_anomaly",
    responses={200: {"model": Undismissed}, **responses(404, 413, 422, 503)},
    openapi_extra=documented(NoteBody),
)
async def reopen_anomaly(request: Request, id: str, _: NothingQuery) -> Response:
    """Open a finding that was acted on or dismissed; `finding` is null when the last analysis did not find it again."""
    body = await read_as(NoteBody, request)
    return as_json({"finding": await in_thread(partial(kinfold_of(request).anomalies.reopen, id, body.note))})


@router.post(
    "/anomalies/{id}/undismiss",
    summary="Restore a dismissed anomaly",
    operation_id="undismiss_anomaly",
    responses={200: {"model": Undismissed}, **responses(404, 413, 422, 503)},
    openapi_extra=documented(NoteBody),
)
async def undismiss_anomaly(request: Request, id: str, query: NothingQuery) -> Response:
    """Do the same as `reopen`."""
    return await reopen_anomaly(request, id, query)


@router.get(
    "/clusters",
    summary="List clusters",
    operation_id="list_clusters",
    responses={200: {"model": ClusterList}, **responses(422, 503)},
)
async def list_clusters(request: Request, page: PageQuery) -> Response:
    """List groups of contacts that share keys by score: what connects each, which cut would split it, and a verdict."""
    anomalies = kinfold_of(request).anomalies
    items, after, as_of = await in_thread(partial(anomalies.clusters, limit=page.limit, cursor=page.cursor))
    current = await in_thread(anomalies.current)
    return as_json({"items": items, "next": after, "as_of": as_of, "current": current})


@router.get(
    "/clusters/{id}",
    summary="Get a cluster",
    operation_id="get_cluster",
    responses={200: {"model": OneCluster}, **responses(404, 422, 503)},
)
async def get_cluster(request: Request, id: str, _: NothingQuery) -> Response:
    """Return a cluster with up to 1,000 members and 200 articulation points and bridges, of which the list shows 20."""
    return as_json(await in_thread(partial(kinfold_of(request).anomalies.cluster, id)))


@router.get(
    "/clusters/{id}/graph",
    summary="Get the graph of a cluster",
    operation_id="get_cluster_graph",
    responses={200: {"model": ClusterGraph}, **responses(404, 422, 503)},
)
async def get_cluster_graph(request: Request, id: str, _: NothingQuery) -> Response:
    """Return up to 150 nodes and their edges, starting from the key that connects the cluster."""
    return as_json(await in_thread(partial(kinfold_of(request).anomalies.cluster_graph, id)))


@router.post(
    "/analyses",
    summary="Analyse the graph",
    operation_id="analyse",
    status_code=201,
    responses={201: {"model": AnalysisMade}, **responses(413, 422, 503)},
    openapi_extra=documented(EmptyBody),
)
async def analyse(request: Request, _: NothingQuery) -> Response:
    """Analyse the graph and answer when done; a large graph takes minutes, and `kinfold analyse` shows its progress."""
    await read_as(EmptyBody, request)
    anomalies = kinfold_of(request).anomalies
    await in_thread(anomalies.refresh)
    return as_json(await in_thread(anomalies.last), 201)
