"""The HTTP door: every call of Kinfold as one FastAPI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import anyio.to_thread
import orjson
from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute

from api.http import problems
from api.http.access import AccessKeys, Guard, may_rehearse, needed
from api.http.bodies import BODIES
from api.http.bookmarks import ReadOwnWrites
from api.http.cors import CrossOrigin
from api.http.headers import SafeHeaders
from api.http.metrics import CallMetrics, MeasuredCalls, Metrics
from api.http.query import single_valued
from api.http.rates import Rates
from api.http.routes import (
    access_keys,
    anomalies,
    blocked,
    catalogue,
    contacts,
    feed,
    health,
    judgements,
    merges,
    namespaces,
    offers,
    overview,
    privacy,
    resolve,
    segment_spec,
    segments,
    splits,
    subscriptions,
    suggestions,
    tag,
    webhooks,
    workflows,
)
from api.http.schemas.problems import Problem
from api.http.sweeping import sweep_now_and_then
from api.http.tracing import TracedCalls
from api.version import kinfold_version
from graph.access.access_keys import KeyScope, openers
from graph.identity.commit_queue import CommitQueue
from graph.identity.events import Event
from graph.kinfold import Kinfold
from graph.store.bookmarks import Bookmarks

STATIC = Path(__file__).parents[1] / "page" / "explorer"

_DESCRIPTION = """
Send an event and get back which contact it belongs to, committed before the answer.
Every error is problem+json in one shape; every list is `{items, next}`.

A server on a loopback address needs no access key, unless there are keys. With keys, each call says which one it takes:
*write* sends events and reads nothing but the answers, *read* reads, *analyst* also dismisses findings, *steward* also
does whatever can be taken back, *admin* does everything. Where a server has several tenants the key says whose call it
is, or without keys the header `X-Kinfold-Tenant`.
"""


def create_app(kinfold: Kinfold, keys: AccessKeys | None = None) -> FastAPI:
    """Make the application that serves this Kinfold.

    Parameters
    ----------
    kinfold
        An open one; who opened it closes it.
    keys
        Who is let in; by default whoever has a key of its settings or its graph.
    """
    commit_queue = CommitQueue(lambda events, *, explain=False: kinfold.resolver.resolve(events, explain=explain))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(sweep_now_and_then(kinfold))
        yield
        sweeping.cancel()
        # Who was let into the queue gets an answer; who comes now is told to come again.
        await anyio.to_thread.run_sync(commit_queue.close)

    app = FastAPI(
        lifespan=lifespan,
        **_about(),
        # Their pages load scripts from a CDN; ours is served from files of our own.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.kinfold = kinfold
    app.state.commit_queue = commit_queue
    app.state.metrics = Metrics(kinfold, commit_queue)
    problems.install(app)
    settings = kinfold.settings
    app.add_middleware(ReadOwnWrites, bookmarks=Bookmarks(kinfold.database))
    surround(
        app,
        keys or AccessKeys(settings, kinfold.access_keys),
        rates=Rates(settings),
        origins=settings.cors_origins,
        metrics=app.state.metrics,
    )
    app.router.routes.insert(0, resolve.unadorned)
    app.router.routes.extend(_routes_of_calls())
    include_open(app)
    app.openapi = document  # type: ignore[method-assign]
    return app


def surround(app: FastAPI, keys: AccessKeys, *, rates: Rates, origins: list[str], metrics: CallMetrics) -> None:
    """Put before an application what every call passes, the outermost last."""
    app.add_middleware(Guard, keys=keys, rates=rates)
    app.add_middleware(CrossOrigin, origins=origins)
    app.add_middleware(SafeHeaders)
    app.add_middleware(MeasuredCalls, metrics=metrics)
    app.add_middleware(TracedCalls)


def include_open(app: FastAPI) -> None:
    """Let an application answer what is about no person: the page, the tag, probes and metrics."""
    app.router.routes.extend(_open_routes())
    app.mount("/static", StaticFiles(directory=STATIC), name="static")


@cache
def _routes_of_calls() -> tuple[BaseRoute, ...]:
    """Return the routes of every application of this process.

    FastAPI makes what it needs to know of a route at the first call that comes by it, once for each inclusion: 65 ms
    for all of them, which the next application, of a tenant or of a test, need not spend again.
    """
    router = APIRouter()
    for routes in (
        resolve,
        contacts,
        overview,
        merges,
        judgements,
        splits,
        suggestions,
        namespaces,
        segments,
        workflows,
        catalogue,
        offers,
        blocked,
        anomalies,
        privacy,
        feed,
        webhooks,
        subscriptions,
        access_keys,
    ):
        router.include_router(routes.router, prefix="/v1", dependencies=[Depends(single_valued)])
    router.include_router(segment_spec.router, dependencies=[Depends(single_valued)])
    router.include_router(tag.cookies, prefix="/v1", dependencies=[Depends(single_valued)])
    return tuple(router.routes)


@cache
def _open_routes() -> tuple[BaseRoute, ...]:
    router = APIRouter()
    router.include_router(health.router)
    router.include_router(tag.router)
    return tuple(router.routes)


def _about() -> dict[str, Any]:
    return {
        "title": "Kinfold",
        "version": kinfold_version(),
        "summary": "Which contact is behind an event.",
        "description": _DESCRIPTION.strip(),
    }


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document of every application of this process, which takes half a second to make.

    With what FastAPI does not see by itself: bodies read from raw bytes, access.
    """
    made = get_openapi(**_about(), routes=[*_routes_of_calls(), *_open_routes()])
    _, extra = models_json_schema(
        [(Event, "validation"), (Problem, "serialization"), *((body, "validation") for body in BODIES)],
        ref_template="#/components/schemas/{model}",
    )
    made.setdefault("components", {}).setdefault("schemas", {}).update(extra["$defs"])
    _without_defaults(made["components"]["schemas"])
    _document_access(made)
    return made


def _without_defaults(schemas: dict[str, Any]) -> None:
    """Put what a field is when it is left out into words.

    Generators of typed clients take a field with a default for one that is always there, and null for no value of a
    field that is a text.
    """
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            default = field.pop("default", None)
            if default is not None:
                said = f"{orjson.dumps(default).decode()} when left out."
                field["description"] = f"{field['description']} {said}" if "description" in field else said.capitalize()


def _document_access(document: dict[str, Any]) -> None:
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "The access key."},
        "basic": {"type": "http", "scheme": "basic", "description": "The access key as user name, no password."},
    }
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            scope = needed(method.upper(), path)
            if scope is None:
                continue
            dry = f"; with dry_run=true, {_keys_for(KeyScope.READ)}" if may_rehearse(method.upper(), path) else ""
            call["description"] = f"{call.get('description', '')}\n\nTakes {_keys_for(scope)}{dry}.".strip()
            call["security"] = [{"bearer": []}, {"basic": []}]
            # Without keys there is no 401, without limits no 429; 403 also answers a host or an origin that is not
            # this machine's.
            more = problems.responses(401, 403, 429, 503)
            call["responses"] |= {str(status): body for status, body in more.items()}


def _keys_for(scope: KeyScope) -> str:
    *others, last = openers(scope)
    return f"a key for {', '.join(others)} or {last}" if others else f"an {last} key"
