"""Whether this server is up, and the page."""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, PlainTextResponse

from api.http.metrics import CONTENT_TYPE, Metrics
from api.http.problems import responses
from api.http.requests import as_json, in_spare_thread, kinfold_of
from api.http.schemas.health import Status
from api.version import kinfold_version

router = APIRouter(tags=["server"])

_SCRAPED = 'kinfold_answers_total{duplicate="false",outcome="claimed",rule="2.2"} 41.0\nkinfold_database_up 1.0\n'

_PAGE = Path(__file__).parents[2] / "page" / "explorer" / "index.html"
_DOCS = _PAGE.with_name("docs.html")


@router.head("/health", include_in_schema=False)
@router.get(
    "/health",
    summary="Check that the process is alive",
    operation_id="health",
    responses={200: {"model": Status}},
)
async def health() -> Response:
    """Answer as long as the process runs, whatever the database does; see /ready."""
    return as_json({"status": "alive", "version": kinfold_version()})


@router.head("/ready", include_in_schema=False)
@router.get(
    "/ready",
    summary="Check that the database answers",
    operation_id="ready",
    responses={200: {"model": Status}, **responses(503)},
)
async def ready(request: Request) -> Response:
    """Answer 503 while the database cannot be reached."""
    await in_spare_thread(kinfold_of(request).ready)
    return as_json({"status": "ready", "version": kinfold_version()})


@router.head("/metrics", include_in_schema=False)
@router.get(
    "/metrics",
    summary="Get metrics",
    operation_id="metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": _SCRAPED}}, "description": "Prometheus text."}},
)
async def metrics(request: Request) -> Response:
    """Return Prometheus text, also while the database is away; no label identifies a person."""
    found: Metrics = request.app.state.metrics
    return Response(await in_spare_thread(found.text), media_type=CONTENT_TYPE)


@router.head("/", include_in_schema=False)
@router.get("/", include_in_schema=False)
async def page() -> Response:
    """Show the explorer."""
    return FileResponse(_PAGE, media_type="text/html")


@router.head("/docs", include_in_schema=False)
@router.get("/docs", include_in_schema=False)
async def docs() -> Response:
    """Show the API to try out."""
    return FileResponse(_DOCS, media_type="text/html")
