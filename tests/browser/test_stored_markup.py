"""Markup that somebody stored: shown as text wherever a person looks, and never run."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from graph.analysis.report import write_report
from graph.analysis.run import analyse
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from tests.browser.conftest import Open, Watch

RUN = "window.ran=1"
MARKUP = [
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"\"'><svg onload={RUN}>",
    f"</td></table></script></style></title></textarea><iframe srcdoc='<script>parent.{RUN}</script>'>",
    f"javascript:{RUN}",
    f"<a href=javascript:{RUN} autofocus onfocus={RUN}>x</a>",
    f"{{{{constructor.constructor('{RUN}')()}}}} ${{{RUN}}} `${{{RUN}}}`",
    f"]]><x:script xmlns:x='http://www.w3.org/1999/xhtml'>{RUN}</x:script>",
]
MADE = "script:not([src]), iframe, [onerror], [onload], [onfocus], [srcdoc], img[src='x'], [href^='javascript:' i]"
"""What would be in a page if any of it had been read as markup."""


def check(page: Page) -> None:
    """Nothing of it ran, and nothing of it is an element of the page."""
    assert page.evaluate("window.ran") is None
    assert page.evaluate("selector => [...document.querySelectorAll(selector)].map(e => e.outerHTML)", MADE) == []


@pytest.fixture
def planted(kinfold: Kinfold, origin: str) -> list[str]:
    """Write markup into everything that takes text; return the ids of the people whom it is about."""
    people: list[str] = []
    for number, text in enumerate(MARKUP):
        for turn in range(6):  # one tracker of many people: findings and a cluster
            kinfold.resolver.resolve(
                [
                    read_event(
                        {
                            "tracker_id": text,
                            "email": f"p{number}-{turn}@example.com",
                            "user_id": f"{text} {turn}",
                            "subscription": f"{text} s",
                            "properties": {text: text, "_name": text, "list": [text, text]},
                            "event": text,
                            "event_properties": {text: text},
                            "message_id": f"{text} {turn}",
                        }
                    )
                ]
            )
        people.append(kinfold.contacts.owners("email", f"p{number}-0@example.com")[0]["id"])
    with httpx.Client(base_url=origin, timeout=60) as client:

        def put(path: str, body: dict[str, Any], *names: str) -> None:
            response = client.put(path.format(*(quote(name, safe="") for name in names)), json=body)
            assert response.is_success, (path, names, response.text)

        for text in (markup.replace("/", "\\") for markup in MARKUP):  # a slash would be another path
            put("/v1/segments/{0}", {"kind": "dynamic", "where": {"property": "_name", "is": text}}, text)
            put("/v1/segments/{0}%20list", {"kind": "static"}, text)
            put("/v1/segments/{0}%20list/members/{1}", {}, text, people[0])
            put("/v1/workflows/{0}", {}, text)
            put("/v1/workflows/{0}/contacts/{1}", {"status": "active"}, text, people[0])
            put("/v1/environments/{0}", {"kind": "identified"}, text)
            put("/v1/environments/{0}/categories/{1}", {}, text, "boots")
            put("/v1/environments/{0}/offers/{0}", {"category": "boots", "weight": 1}, text)
            put("/v1/environments/{0}/spaces/{0}", {}, text)
    return people


@pytest.fixture
def analysed(kinfold: Kinfold, planted: list[str]) -> list[str]:
    kinfold.anomalies.refresh()
    return planted


def wait_for_view(page: Page) -> None:
    expect(page.locator("#main > *").first).to_be_visible()
    expect(page.locator("#main[aria-busy]")).to_have_count(0)
    page.wait_for_load_state("networkidle")


def test_every_view_of_the_page_shows_stored_markup_as_text(open_page: Open, watch: Watch, analysed: list[str]) -> None:
    watch.expect("status of 4")  # the browser's own words about a contact that does not exist
    page = open_page()
    page.on("dialog", lambda dialog: pytest.fail(f"the page says {dialog.message}"))
    hash_to = "parts => { location.hash = '#/' + parts.map(encodeURIComponent).join('/') }"
    views: list[list[str]] = [
        [view] for view in ("", "anomalies", "clusters", "unions", "suggestions", "why", "try", "offers")
    ]
    for person in analysed:
        views += [
            ["contact", person, *part]
            for part in ([], ["keys"], ["activity"], ["history"], ["why"], ["same"], ["change"])
        ]
    for text in MARKUP:
        views += [[key, text] for key in ("tracker_id", "search", "contact", "anomalies", "clusters", text)]
        views += [["user_id", f"{text} 0"], ["subscription", f"{text} s"], ["why", text, text]]
    for view in views:
        page.evaluate(hash_to, view)
        wait_for_view(page)
        check(page)
        # Whatever opens, opened.
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        check(page)


@pytest.mark.parametrize("view", ["#/contact/{0}/activity", "#/contact/{0}/keys", "#/offers", "#/anomalies"])
def test_the_markup_is_there_to_read(open_page: Open, analysed: list[str], view: str) -> None:
    page = open_page(view.format(analysed[0]))
    # A name that stands in a path has no slash.
    shown = MARKUP[0].replace("/", "\\") if view == "#/offers" else MARKUP[0]
    expect(page.locator("#main")).to_contain_text(shown)
    check(page)


@pytest.fixture
def reported(kinfold: Kinfold, planted: list[str], tmp_path: Path) -> Path:
    write_report(analyse(kinfold.database), tmp_path)
    # Chromium shows a file that ends so instead of saving it.
    (tmp_path / "graph.xml").write_bytes((tmp_path / "graph.graphml").read_bytes())
    return tmp_path


@pytest.fixture
def reader(browser: Browser) -> Iterator[Callable[[Path], Page]]:
    """Open a file as somebody does who was sent it: nothing but the file's own rules holds scripts off."""
    context = browser.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))

    def opened(path: Path) -> Page:
        page = context.new_page()
        page.goto(path.as_uri())
        return page

    yield opened
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_the_report_shows_stored_markup_as_text(reported: Path, reader: Callable[[Path], Page]) -> None:
    page = reader(reported / "report.html")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    check(page)
    text = page.locator("main").inner_text()
    # Of equal findings a list shows the first few.
    assert len([one for one in MARKUP if one in text]) >= 2, text


def test_the_report_is_safe_by_what_is_written_and_not_only_by_its_policy(
    reported: Path, reader: Callable[[Path], Page]
) -> None:
    written = (reported / "report.html").read_text(encoding="utf-8")
    bare = reported / "bare.html"
    bare.write_text(written.replace("Content-Security-Policy", "x-none"), encoding="utf-8")
    check(reader(bare))


def test_the_graph_of_the_report_is_well_formed_and_runs_nothing(
    reported: Path, reader: Callable[[Path], Page]
) -> None:
    page = reader(reported / "graph.xml")
    page.wait_for_load_state("load")
    assert page.evaluate("window.ran") is None
    written = (reported / "graph.graphml").read_text(encoding="utf-8")
    read = page.evaluate(
        "text => { const read = new DOMParser().parseFromString(text, 'text/xml');"
        " return { text: read.documentElement.textContent,"
        " names: [...new Set([...read.getElementsByTagName('*')].map(one => one.tagName))] } }",
        written,
    )
    assert set(read["names"]) == {"graphml", "key", "graph", "node", "edge", "data"}
    assert MARKUP[0] in read["text"]
    assert MARKUP[-1] in read["text"]
