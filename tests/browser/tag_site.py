"""A shop with the tag on its pages, on the same server as Kinfold, and what visits it."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.app import create_app
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.looked_up import with_activity

WRITE_KEY = "w-1"
ADMIN_KEY = "a-1"

STUB = re.search(r"<script>\n!function.*?</script>", Path("docs/tag.md").read_text(encoding="utf-8"), re.DOTALL)
assert STUB is not None, "docs/tag.md shows what a page puts before the tag"
EARLY = STUB[0]
BEGUN = "!!window.kinfold && !Array.isArray(window.kinfold)"
"""The tag is there; before it there is a list of calls."""


async def _page(request: Request) -> Response:
    """A page whose tag has the attributes of the query string."""
    attributes = " ".join(f'data-{name}="{value}"' for name, value in request.query_params.items() if name != "src")
    source = request.query_params.get("src", "/tag.js")
    tag = f'<script async src="{source}" data-key="{WRITE_KEY}" {attributes}></script>'
    return HTMLResponse(f"<!doctype html><title>{request.path_params['name']}</title>{EARLY}{tag}<p>Shop")


async def _worker(_: Request) -> Response:
    return Response("", media_type="text/javascript")


@dataclass
class Site:
    """The shop and Kinfold at one address; `down` makes Kinfold answer 503."""

    kinfold: ASGIApp
    down: bool = False
    sent: list[dict[str, Any]] = field(default_factory=list)
    """Every event that came in, in order, repeated ones too."""
    url: str = ""
    shop: ASGIApp = field(
        default_factory=lambda: Starlette(routes=[Route("/shop/sw.js", _worker), Route("/shop/{name}", _page)])
    )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/shop/"):
            await self.shop(scope, receive, send)
            return
        if scope["type"] == "http" and scope["path"].startswith("/v1/resolve"):
            request = Request(scope, receive)
            body = await request.body()
            if self.down:
                await JSONResponse({"status": 503}, 503)(scope, receive, send)
                return
            self.sent += orjson.loads(body).get("events", [])

            async def again() -> Any:
                return {"type": "http.request", "body": body, "more_body": False}

            await self.kinfold(scope, again, send)
            return
        await self.kinfold(scope, receive, send)

    def get(self, path: str, **query: str) -> Any:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        response = httpx.get(self.url + path, params=query, headers=headers, timeout=60)
        assert response.status_code == 200, response.text
        return response.json()

    def owner(self, **key: str) -> dict[str, Any] | None:
        items = self.get("/v1/contacts", **key)["items"]
        if not items:
            return None
        contact = with_activity(self.get, items[0]["id"])
        # What was told within a millisecond is in order by its arrival only.
        contact["activity"].sort(key=lambda item: item["received_at"])
        return contact

    def events(self, **key: str) -> list[str]:
        """The names of what is known of a key's owner, oldest first."""
        owner = self.owner(**key)
        return [item["event"] for item in owner["activity"]] if owner else []


def _served(app: ASGIApp) -> Iterator[str]:
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


@pytest.fixture
def site(kinfold: Kinfold, server: Settings) -> Iterator[Site]:
    keys = Settings(write_key=WRITE_KEY, admin_key=ADMIN_KEY)  # type: ignore[arg-type]
    update = {name: getattr(keys, name) for name in ("write_key", "admin_key")}
    site = Site(create_app(Kinfold.on(kinfold.database, server.model_copy(update=update))))
    for address in _served(CORSMiddleware(site, allow_origin_regex=r"http://(localhost|127\.0\.0\.1):\d+")):
        site.url = f"http://{address}"
        yield site


@pytest.fixture
def example_shop() -> Iterator[str]:
    """The shop of examples/ at an address of its own, another one than Kinfold's."""
    for address in _served(StaticFiles(directory="examples/shop", html=True)):
        yield f"http://{address}"


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """One browser of one person, with nothing stored."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def opened(visitor: BrowserContext, site: Site) -> Callable[..., Page]:
    """Open a page of the shop; its name, and the tag's attributes."""

    def opened(name: str = "home", **attributes: str) -> Page:
        page = visitor.new_page()
        query = httpx.QueryParams(attributes)
        page.goto(f"{site.url}/shop/{name}?{query}")
        page.wait_for_function(BEGUN if "consent" in attributes else "!!kinfold.tracker()")
        return page

    return opened


def cookie(visitor: BrowserContext, name: str = "kinfold") -> str | None:
    return next((item["value"] for item in visitor.cookies() if item["name"] == name), None)  # type: ignore[typeddict-item]


def until(holds: Callable[[], object], page: Page | None = None, seconds: float = 90) -> None:
    """Wait for what will be; the page's own clock goes on meanwhile."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        if page is None:
            time.sleep(0.05)
        else:
            page.wait_for_timeout(50)


def queued(page: Page) -> int:
    count: int = page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('kinfold.e.')).length")
    return count
