"""The server process: where it listens, and until when."""

import ipaddress
import math
import socket
from collections.abc import Sequence
from contextlib import ExitStack

import uvicorn
from starlette.types import ASGIApp

from api.http.access import AccessKeys
from api.http.app import create_app
from api.http.connections import BoundedBodies, bounded_http
from api.http.tenants import Tenants
from api.http.tracing import traced
from api.terminal import Refusal, say
from api.version import kinfold_version
from graph.deployment.deployment import Tenant, tenant_tasks
from graph.deployment.tasks import feed_tasks
from graph.errors import Unavailable
from graph.kinfold import Kinfold
from graph.opening import rarely_collect
from graph.settings import Settings

DRAIN_SECONDS = 5
"""Seconds that calls under way have to end, beyond those that a transaction is tried again."""


def listen(host: str, port: int) -> socket.socket:
    """Take the address before anything slow is started.

    Raises
    ------
    Refusal
        When there is no such address, or it is taken.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise Refusal(f"There is no host called {host}.") from error
    taken = socket.socket(family, kind)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.listen(1024)
    except OSError as error:
        taken.close()
        raise Refusal(f"Port {port} on {host} cannot be used: {error.strerror}. Choose another with --port.") from error
    return taken


def url_of(taken: socket.socket) -> str:
    """Write the address that was taken as a URL."""
    host, port = taken.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 where it listens on every address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def keys_of(kinfold: Kinfold, taken: socket.socket) -> AccessKeys:
    """Return the access keys of a server on this address, looked up before anybody is answered.

    Raises
    ------
    Refusal
        When others could reach it and nobody has a key.
    """
    alone = _is_alone(taken)
    keys = AccessKeys(kinfold.settings, kinfold.access_keys, required=not alone)
    keys.look()
    if not alone and not keys.exist:
        raise _open_to_all(taken)
    return keys


def serve(kinfold: Kinfold, taken: socket.socket, keys: AccessKeys) -> None:
    """Serve until Ctrl-C or SIGTERM; calls under way are answered, new ones are not taken."""
    with traced(), feed_tasks(kinfold):
        _run(create_app(kinfold, keys), kinfold.settings, kinfold.settings.retry_seconds, taken)


def serve_tenants(tenants: Sequence[Tenant], settings: Settings, taken: socket.socket) -> None:
    """Serve several tenants as `serve` does one.

    Raises
    ------
    Refusal
        When others could reach it and no tenant has a key.
    """
    alone = _is_alone(taken)
    app = Tenants(tenants, settings, required=not alone)
    if not alone:
        closed = [tenant.name for tenant in tenants if _has_no_key(tenant, app.keys[tenant.name])]
        for name in closed:
            say(f"Tenant {name} has no access key: kinfold keys create --tenant {name} makes one.")
        if len(closed) == len(tenants):
            raise _open_to_all(taken)
    with traced(), ExitStack() as stack:
        for tenant in tenants:
            stack.enter_context(tenant_tasks(tenant))
        patience = max(tenant.kinfold.settings.retry_seconds for tenant in tenants)
        _run(app, settings, patience, taken, f" Its tenants are {', '.join(tenant.name for tenant in tenants)}.")


def _has_no_key(tenant: Tenant, keys: AccessKeys) -> bool:
    """Return whether nobody can call for a tenant; false while its database is away, which is then looked at again."""
    try:
        tenant.check_prepared()
        keys.look()
    except Unavailable:
        return False
    return not keys.exist


def _run(app: ASGIApp, settings: Settings, retry_seconds: float, taken: socket.socket, more: str = "") -> None:
    config = uvicorn.Config(
        BoundedBodies(app, settings.max_body_memory * 1024 * 1024),
        http=bounded_http(settings),
        log_config=None,
        access_log=False,  # query strings carry emails
        # Anybody can send X-Forwarded-For; only a proxy that is known tells the truth.
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies,
        server_header=False,
        lifespan="on",
        ws="none",
        # Also a call that waits for a database that is away gets its 503: cut off, it would be told 500.
        timeout_graceful_shutdown=math.ceil(retry_seconds) + DRAIN_SECONDS,
    )
    url = url_of(taken)
    say(f"Kinfold {kinfold_version()} is at {url} (the page; its API is {url}/openapi.json).{more} Ctrl-C stops it.")
    rarely_collect()
    uvicorn.Server(config).run(sockets=[taken])


def _is_alone(taken: socket.socket) -> bool:
    return ipaddress.ip_address(str(taken.getsockname()[0]).partition("%")[0]).is_loopback


def _open_to_all(taken: socket.socket) -> Refusal:
    return Refusal(
        f"{taken.getsockname()[0]} is not a loopback address: anybody who reaches it could read and change contacts, "
        "and there are no access keys. Make one with kinfold keys create --scope admin (or set KINFOLD_ADMIN_KEY) "
        "and start it again, or use --host 127.0.0.1."
    )
