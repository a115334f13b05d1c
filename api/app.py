"""The HTTP door: every call of Kinfold as one FastAPI application."""

from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema

from api import problems
from api.headers import SafeHeaders
from api.query import single_valued
from api.routes import contacts, health, resolve
from api.schemas import Problem
from api.version import kinfold_version
from graph.events import Event
from graph.kinfold import Kinfold

STATIC = Path(__file__).parent / "static"

_DESCRIPTION = """
Send an event and get back which contact it belongs to, committed before the answer.
Every error is problem+json in one shape; every list is `{items, next}`.
"""


def create_app(kinfold: Kinfold) -> FastAPI:
    """Make the application that serves this Kinfold.

    Parameters
    ----------
    kinfold
        An open one; who opened it closes it.
    """
    app = FastAPI(
        title="Kinfold",
        summary="Which contact is behind an event.",
        description=_DESCRIPTION.strip(),
        version=kinfold_version(),
        # Their pages load scripts from a CDN; the explorer page and this document serve instead.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.kinfold = kinfold
    problems.install(app)
    app.add_middleware(SafeHeaders)
    for routes in (resolve, contacts):
        app.include_router(routes.router, prefix="/v1", dependencies=[Depends(single_valued)])
    app.include_router(health.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _document(app)
    return app


def _document(app: FastAPI) -> None:
    """Put what FastAPI does not see by itself into the OpenAPI document: bodies read from raw bytes."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
            )
            _, extra = models_json_schema(
                [(Event, "validation"), (Problem, "serialization")],
                ref_template="#/components/schemas/{model}",
            )
            document.setdefault("components", {}).setdefault("schemas", {}).update(extra["$defs"])
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
