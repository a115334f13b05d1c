"""The HTTP door of several tenants: each has an application of its own, and a key says whose call it is.

Nothing of a tenant is read to find out whose a call is: its id stands in the keys that were made for it, those of its
settings are known by their digests, and without a key the header `HEADER` says it. A call of nobody's, and what is
about no person (the page, the tag, probes), goes to one more application that has no graph at all.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import cast

import anyio
from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http import problems
from api.http.access import (
    AccessKeys,
    keys_in_the_open,
    needed,
    presented,
    route_match,
    with_key_in_body,
)
from api.http.app import create_app, document, include_open, surround
from api.http.metrics import AllMetrics, Metrics
from api.http.problems import Unauthorised, respond
from api.http.rates import Rates
from api.http.requests import at_once, threads
from api.segment_spec.messages import TRACKING_PATHS
from api.version import kinfold_version
from graph.access.access_keys import KnownKey, digest_of, tenant_of
from graph.deployment.deployment import Tenant
from graph.errors import KinfoldError, Unavailable
from graph.settings import Settings

HEADER = "X-Kinfold-Tenant"
"""Whose a call is, where no key says so."""
THREADS = 40
"""Graph calls of one tenant that run at once: those that wait for one tenant's database hold up nobody else's."""


class NoTenant(KinfoldError):
    """A call for a tenant that there is not."""

    status = 404
    code = "no_tenant"
    title = "No such tenant"


class NoStoredKeys:
    """The server itself has no graph to keep keys in."""

    def active(self) -> tuple[KnownKey, ...]:
        """Return none."""
        return ()


class OwnersKeys(AccessKeys):
    """The keys of who runs the server: they open what is of no tenant, such as the metrics of all.

    Parameters
    ----------
    settings
        The server's own, with these keys.
    tenants
        Those of the tenants: where one of them asks for keys, so does the server.
    required
        Whether a call without a key is refused anyway.
    """

    def __init__(self, settings: Settings, tenants: Sequence[AccessKeys], *, required: bool) -> None:
        super().__init__(settings, NoStoredKeys(), required=required)
        self._tenants = tenants

    @property
    def required(self) -> bool:
        """Whether calls need a key."""
        return super().required or any(keys.required for keys in self._tenants)


class Everybody:
    """What the probes of a server with several tenants ask."""

    def __init__(self, tenants: Sequence[Tenant]) -> None:
        self._tenants = tenants

    def ready(self) -> None:
        """Ask every database for a sign of life.

        Raises
        ------
        Unavailable
            When one of them gives none; how many, but not whose, since nobody's key is asked for here.
        """

        def away(tenant: Tenant) -> bool:
            try:
                tenant.ready()
            except Unavailable:
                return True
            return False

        missing = sum(at_once([lambda tenant=tenant: away(tenant) for tenant in self._tenants]))  # type: ignore[misc]
        if missing:
            raise Unavailable(f"The databases of {missing} of {len(self._tenants)} tenants cannot be reached.")


class Tenants:
    """Give every call to the application of its tenant.

    Parameters
    ----------
    tenants
        Open ones; who opened them closes them.
    settings
        The server's own.
    required
        Whether calls without a key are refused even where a tenant has none: others can reach the server.
    """

    def __init__(self, tenants: Sequence[Tenant], settings: Settings, *, required: bool = False) -> None:
        self.keys = {
            tenant.name: AccessKeys(tenant.kinfold.settings, tenant.kinfold.access_keys, required=required)
            for tenant in tenants
        }
        self._tenants = {tenant.name: tenant for tenant in tenants}
        self._apps = {tenant.name: create_app(tenant.kinfold, self.keys[tenant.name]) for tenant in tenants}
        self._given = {key.digest: name for name, keys in self.keys.items() for key in keys.given}
        self._threads: dict[str, anyio.CapacityLimiter] = {}
        self._nobodys = self._make_nobodys(settings, OwnersKeys(settings, [*self.keys.values()], required=required))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._nobodys(scope, receive, send)
            return
        try:
            receive = await with_key_in_body(scope, receive) if scope["type"] == "http" else receive
        except ClientDisconnect:
            return
        except KinfoldError as error:
            await respond(error)(scope, receive, send)
            return
        name = self._whose(scope) if scope["type"] == "http" else None
        if name is None:
            await self._nobodys(scope, receive, send)
            return
        try:
            self._tenants[name].check_prepared()
        except Unavailable as error:
            await respond(error)(scope, receive, send)
            return
        limiter = self._threads.get(name)
        if limiter is None:
            limiter = self._threads[name] = anyio.CapacityLimiter(THREADS)
        # A task answers one call after the other on a connection, which need not be one tenant's.
        token = threads.set(limiter)
        try:
            await cast("ASGIApp", self._apps[name])(scope, receive, send)
        finally:
            threads.reset(token)

    def _whose(self, scope: Scope) -> str | None:
        """Return whose a call is: None for nobody's, which includes two tenants' at once."""
        if needed(scope["method"], scope["path"]) is None:
            return None
        headers = Headers(scope=scope)
        by_key, named = self._of_key(headers, scope), headers.getlist(HEADER)
        if not named:
            return by_key
        if len(named) > 1 or (by_key is not None and by_key != named[0]):
            return None
        return named[0] if named[0] in self._tenants else None

    def _of_key(self, headers: Headers, scope: Scope) -> str | None:
        if "authorization" in headers:
            try:
                key = presented(headers)
            except Unauthorised:
                return None
        else:
            sent = keys_in_the_open(scope)
            if len(sent) != 1:
                return None
            [key] = sent
        # By digest, so that how long the look takes tells nothing that helps to guess a key.
        name = self._given.get(digest_of(key)) or tenant_of(key.decode("utf-8", "replace"))
        return name if name in self._tenants else None

    def _make_nobodys(self, settings: Settings, keys: AccessKeys) -> FastAPI:
        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            async with AsyncExitStack() as stack:
                for app in self._apps.values():
                    await stack.enter_async_context(app.router.lifespan_context(app))
                yield

        app = FastAPI(
            lifespan=lifespan,
            title="Kinfold",
            version=kinfold_version(),
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
        )
        app.state.kinfold = Everybody([*self._tenants.values()])
        found: dict[str, Metrics] = {name: one.state.metrics for name, one in self._apps.items()}
        app.state.metrics = AllMetrics(found)
        problems.install(app)
        origins = sorted({site for one in self._tenants.values() for site in one.kinfold.settings.cors_origins})
        surround(app, keys, rates=Rates(settings), origins=origins, metrics=app.state.metrics)
        app.state.routes_of = next(iter(self._apps.values()))
        for path in ("/v1/{path:rest}", *sorted(one for one in TRACKING_PATHS if not one.startswith("/v1/"))):
            app.add_api_route(path, _nobodys_call, methods=_METHODS, include_in_schema=False)
        include_open(app)
        app.openapi = document  # type: ignore[method-assign]
        return app


_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


async def _nobodys_call(request: Request) -> None:
    match = route_match(request.scope)
    if match is not Match.FULL:
        raise HTTPException(404 if match is Match.NONE else 405)
    named = request.headers.getlist(HEADER)
    if len(named) == 1 and "authorization" not in request.headers:
        raise NoTenant(f"This server has no tenant of the name that {HEADER} gives.")
    raise Unauthorised(
        "This server has several tenants, and nothing says whose of them this call is, or two things say different "
        f"ones: send an access key of one, or without a key the header {HEADER}."
    )
