"""A real Chromium on the real server, which works on the tests' database."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from bench.chaos import Served
from bench.chromium import FLAGS, SHELL, WHOLE, first_of
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import Database
from tests.conftest import empty

ROOT = Path(__file__).parents[2]
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
CHROMIUM = first_of(SHELL, *WHOLE)
OF_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules of axe whose findings differ by day and by night; all others look at what the page is made of."""
IMPACTS = ("minor", "moderate", "serious", "critical")
PATIENCE = 30_000
"""Milliseconds that a machine with other work may take."""
MAX_TRACKERS = 2000
"""High enough for a contact with a thousand keys."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # On the project's own machines a missing browser is a failure; on a user's the other tests still say enough.
    if CHROMIUM is None and not os.environ.get("CI"):
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="no Chromium is there (apt install chromium-headless-shell)"))


@contextmanager
def serving(environment: dict[str, str], **more: str) -> Iterator[str]:
    """Run ``kinfold serve`` and give its address."""
    with TemporaryDirectory() as folder:
        server = Served({**environment, **more}, Path(folder) / "server.log")
        try:
            yield server.url
        finally:
            server.end()


@pytest.fixture(scope="package")
def environment_of_server(server: Settings) -> dict[str, str]:
    assert server.neo4j_uri
    return {
        **os.environ,
        "NEO4J_URI": server.neo4j_uri,
        "NEO4J_USER": server.neo4j_user,
        "NEO4J_PASSWORD": server.neo4j_password.get_secret_value(),
        "KINFOLD_MAX_TRACKERS": str(MAX_TRACKERS),
        # The receivers of the tests are on this machine.
        "KINFOLD_WEBHOOKS_ALLOW_INTERNAL": "true",
    }


@pytest.fixture(scope="package")
def origin(environment_of_server: dict[str, str], shared_database: Database) -> Iterator[str]:
    # What another module left may hold an access key; a server that has seen one asks for one until it ends.
    empty(shared_database)
    with serving(environment_of_server) as address:
        yield address


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "the page is tested in a real Chromium; install Debian's package chromium-headless-shell"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        # Two seconds a click make of a walk what it takes a person (docs/explore.md).
        pause = float(os.environ.get("BROWSER_PAUSE_MS", "0"))
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, slow_mo=pause)
        yield chromium
        chromium.close()


@dataclass
class Watch:
    """What a page must never do, and what a test says beforehand that it will."""

    origin: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Let console messages pass that match, such as the browser's own about a 404 that the test provokes."""
        self.expected.append(pattern)

    def on(self, page: Page) -> None:
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("request", lambda request: self._request(request.url))

    def check(self) -> None:
        left = [line for line in self.complaints if not any(re.search(known, line) for known in self.expected)]
        assert not left, left

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")

    def _request(self, url: str) -> None:
        if not url.startswith(f"{self.origin}/"):
            self.complaints.append(f"left the origin: {url}")


class Traffic:
    """What a page asked for and has no answer to yet."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._under_way: set[Request] = set()
        page.on("request", self._asked)
        page.on("requestfinished", self._answered)
        page.on("requestfailed", self._answered)

    def await_answers(self) -> None:
        """Wait until all is answered, that is for 40 ms at least: Playwright's ``networkidle`` takes half a second."""
        self._page.wait_for_timeout(40)
        while self._under_way:
            self._page.wait_for_timeout(20)

    # Playwright takes no methods of Python's own sets.
    def _asked(self, request: Request) -> None:
        self._under_way.add(request)

    def _answered(self, request: Request) -> None:
        self._under_way.discard(request)


@pytest.fixture
def watch(origin: str) -> Watch:
    return Watch(origin)


Open = Callable[..., Page]
Serve = Callable[..., str]


@pytest.fixture
def serve(environment_of_server: dict[str, str]) -> Iterator[Serve]:
    """Run a server of this test's own, with settings more than the others', and return its address."""
    with ExitStack() as servers:
        yield lambda **more: servers.enter_context(serving(environment_of_server, **more))


# Depends on `serve` so that its pages are closed first: one may still ask for something when its server is gone.
@pytest.fixture
def open_page(browser: Browser, origin: str, serve: Serve, watch: Watch, kinfold: Kinfold) -> Iterator[Open]:
    """Open the page at an address of its own; afterwards nothing may have gone wrong unnoticed."""
    contexts: list[BrowserContext] = []

    def open_page(
        hash_: str = "", *, width: int = 1280, height: int = 800, dark: bool = False, at: str | None = None
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        watch.origin = at or origin
        watch.on(page)
        page.goto(f"{watch.origin}/{hash_}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    watch.check()


def findings_of_axe(page: Page, *, least: str = "serious", rules: Sequence[str] = ()) -> list[str]:
    """Run axe-core on the page as it is, with all its rules or with these; list what is as bad as this, or worse."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    # What passed is not written down node by node.
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found = page.evaluate("async (options) => (await axe.run(document, options)).violations", options)
    return [
        f"{item['id']} ({item['impact']}): {item['help']}: {[node['html'][:160] for node in item['nodes'][:3]]}"
        for item in found
        if item["impact"] in IMPACTS[IMPACTS.index(least) :]
    ]


@pytest.fixture
def generous(kinfold: Kinfold, server: Settings) -> Kinfold:
    """Kinfold with the limits of the server under test."""
    return Kinfold.on(kinfold.database, server.model_copy(update={"max_trackers": MAX_TRACKERS}))


@pytest.fixture
def resolve(kinfold: Kinfold) -> Callable[..., dict[str, Any]]:
    def resolve(**event: Any) -> dict[str, Any]:
        answer = kinfold.resolver.resolve([read_event(event)])[0]
        return {"id": answer.contact.id if answer.contact else None, "rule": answer.rule, "merged": answer.merged}

    return resolve


@pytest.fixture
def story(kinfold: Kinfold) -> Callable[[str], str]:
    """Resolve the sample log, line by line; ask it who owns an email."""
    for line in (ROOT / "examples" / "story.ndjson").read_bytes().splitlines():
        kinfold.resolver.resolve([read_event(line)])

    def who(email: str) -> str:
        found: str = kinfold.contacts.owners("email", email)[0]["id"]
        return found

    return who
