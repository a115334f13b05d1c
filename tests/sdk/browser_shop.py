"""A shop whose pages carry an SDK's own bundle, Kinfold at the shop's address or at another, and a look at both."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from playwright.sync_api import Page, Route
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.routing import Route as Address
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

MODULES = Path(__file__).parent / "node" / "node_modules"
PATIENCE = 60.0
"""Seconds that an SDK may take to send, and to send again."""

_SOURCE = """{source: {id: "s", name: "shop", writeKey: key, enabled: true, updatedAt: "2026-01-01T00:00:00Z",
  workspaceId: "w", connections: [], destinations: [],
  config: {statsCollection: {errors: {enabled: false}, metrics: {enabled: false}}}}}"""

LOAD = {
    "segment": """
        window.sdk = AnalyticsNext.AnalyticsBrowser.load(
          {writeKey: key, cdnSettings: {integrations: {"Segment.io": {apiKey: key}}}},
          {integrations: {"Segment.io": {apiHost: host + "/v1", protocol: "http"}}});
        window.leave = () => sdk.reset();
    """,
    "rudderstack": f"""
        window.sdk = new rudderanalytics.RudderAnalytics();
        sdk.load(key, "http://" + host, {{getSourceConfig: () => ({_SOURCE}), useBeacon: beacon}});
        window.leave = () => sdk.reset(true);
    """,
    "rudder-sdk-js": f"""
        window.sdk = rudderanalytics;
        sdk.load(key, "http://" + host, {{getSourceConfig: () => ({_SOURCE}), useBeacon: beacon}});
        window.leave = () => sdk.reset(true);
    """,
}
"""How each is loaded, as its documentation says: the host is all that is Kinfold's."""

BUNDLES = {
    "segment": "@segment/analytics-next/dist/umd/index.js",
    "rudderstack": "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js",
    "rudder-sdk-js": "rudder-sdk-js/dist/npm/index.js",
}


@dataclass
class Shop:
    """Pages at `url`, which send to `host`."""

    url: str
    host: str
    key: str

    def page(self, sdk: str, *, beacon: bool = False) -> str:
        """Return the address of a page with this SDK on it."""
        return f"{self.url}/shop/{sdk}?host={self.host}&key={self.key}&beacon={'true' if beacon else 'false'}"


async def _page(request: Request) -> Response:
    sdk = request.path_params["sdk"]
    host, key = (json.dumps(request.query_params[name]) for name in ("host", "key"))
    beacon = request.query_params["beacon"]
    return HTMLResponse(
        f"""<!doctype html><title>Shop</title><link rel="icon" href="data:,"><p>Shop
        <script src="/sdk/{BUNDLES[sdk]}"></script>
        <script>(function (host, key, beacon) {{ {LOAD[sdk]} }})({host}, {key}, {beacon});</script>"""
    )


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a free port of this machine, and give host and port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        running = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="auto", ws="none"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [taken]})
        thread.start()
        try:
            while not running.started:
                time.sleep(0.01)
            yield f"127.0.0.1:{taken.getsockname()[1]}"
        finally:
            running.should_exit = True
            thread.join()


def shop_in_front_of(kinfold: ASGIApp) -> ASGIApp:
    """Make the shop's server, which hands what is not its own to Kinfold: first-party collection."""
    shop = Starlette(routes=[Address("/shop/{sdk}", _page), Mount("/sdk", StaticFiles(directory=MODULES))])

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        own = scope["type"] == "http" and scope["path"].startswith(("/shop/", "/sdk/"))
        await (shop if own else kinfold)(scope, receive, send)

    return front


class Mishaps:
    """Does to the next messages of a page what networks do, then lets all through."""

    def __init__(self, page: Page, *plan: str) -> None:
        self.left = list(plan)
        page.route("**/*v1/*", self._meet)

    def _meet(self, route: Route) -> None:
        if route.request.method != "POST" or not self.left:
            route.continue_()
            return
        if self.left.pop(0) == "503":
            headers = {"Access-Control-Allow-Origin": "*", "Retry-After": "1"}
            route.fulfill(status=503, json={"status": 503}, headers=headers)
        else:  # Kinfold takes it, and the answer does not come back
            response = httpx.post(
                route.request.url,
                content=route.request.post_data_buffer or b"",
                headers={name: value for name, value in route.request.headers.items() if name != "content-length"},
                timeout=60,
            )
            assert response.status_code == 200, response.text
            route.abort("connectionreset")


def until(page: Page, found: Callable[[], Any]) -> Any:
    """Wait for something to be found, while the page goes on."""
    end = time.monotonic() + PATIENCE
    while not (result := found()):
        assert time.monotonic() < end, "it did not arrive"
        page.wait_for_timeout(100)
    return result
