"""Whether this server is up, and the page."""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from api import schemas
from api.http import as_json, in_thread, kinfold_of
from api.problems import responses
from api.version import kinfold_version

router = APIRouter(tags=["server"])

_PAGE = Path(__file__).parent.parent / "static" / "index.html"


@router.head("/health", include_in_schema=False)
@router.get(
    "/health",
    summary="The process is alive",
    operation_id="health",
    responses={200: {"model": schemas.Status}},
)
async def health() -> Response:
    """Says nothing of the database; see /ready."""
    return as_json({"status": "alive", "version": kinfold_version()})


@router.head("/ready", include_in_schema=False)
@router.get(
    "/ready",
    summary="The database answers too",
    operation_id="ready",
    responses={200: {"model": schemas.Status}, **responses(503)},
)
async def ready(request: Request) -> Response:
    """503 while the database cannot be reached."""
    await in_thread(kinfold_of(request).ready)
    return as_json({"status": "ready", "version": kinfold_version()})


@router.head("/", include_in_schema=False)
@router.get("/", include_in_schema=False)
async def page() -> Response:
    """Show the explorer."""
    return FileResponse(_PAGE, media_type="text/html")
