"""What holds on every part of the page: on a phone, by day and by night, under axe; and what ships with it."""

import hashlib
import re
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from graph.kinfold import Kinfold
from tests.browser.conftest import OF_COLOURS, ROOT, Open, Traffic, Watch, findings_of_axe

Story = Callable[[str], str]

EXPLORER = ROOT / "api" / "page" / "explorer"
VIEWS = {
    "": ["#/"],
    "search": ["#/search/push-martin-living-room", "#/search/da", "#/search/Martin", "#/search/nobody at all"],
    "people": ["#/people", "#/people/q=martin&sort=keys", "#/people/q=nobody-is-called-so"],
    "contact": ["#/contact/{david}"],
    "anomalies": ["#/anomalies", "#/anomalies/all/acted", "#/anomalies/all/dismissed"],
    "clusters": ["#/clusters"],
    "suggestions": ["#/suggestions"],
    "unions": ["#/unions", "#/unions/tracker_id/david-phone", "#/unions/id/{union}"],
    "finding": ["#/finding/{finding}"],
    "cluster": ["#/cluster/{cluster}"],
    "why": ["#/why", "#/why/email:david@example.com/tracker_id:david-laptop"],
    "try": ["#/try", "#/try/{simulation}"],
    "offers": ["#/offers"],
    "catalogue": ["#/catalogue", "#/catalogue/shop"],
    "settings": ["#/settings"],
    "blocked": ["#/blocked"],
    "namespaces": ["#/namespaces"],
    "segments": ["#/segments", "#/segments/french", "#/segments/vips"],
    "workflows": ["#/workflows", "#/workflows/welcome"],
    "webhooks": ["#/webhooks"],
    "judgements": ["#/judgements"],
    "access-keys": ["#/access-keys"],
    "audit": ["#/audit"],
    "subscription": ["#/subscription/push-martin-living-room"],
}
"""Every view of the page with the addresses at which it is looked at; the last is that of a key."""
SIMULATION = '{"events": [{"tracker_id": "a"}, {"tracker_id": "a", "email": "a@example.com"}], "policies": ["strict"]}'


def _named(file: str, constant: str) -> list[str]:
    """List the names of an object of the page's scripts."""
    body = (EXPLORER / file).read_text(encoding="utf-8").partition(f"const {constant} = {{")[2].partition("\n};")[0]
    return re.findall(r'^  "?([\w-]*)"?: [\[(]', body, re.M)


FOLDERS = [ROOT / "api" / "page" / "explorer" / "vendor", Path(__file__).parent / "vendor"]


def test_every_view_that_the_page_has_is_looked_at() -> None:
    assert sorted(_named("app.js", "VIEWS")) == sorted(VIEWS.keys() - {"subscription"})
    assert len(_named("contact.js", "PARTS")) > 5


def addresses(kinfold: Kinfold, page: Page, origin: str, david: str) -> list[str]:
    """The address of every view, on a graph that has something for each."""
    kinfold.segments.define("french", "dynamic", {"property": "country", "is": "FR"})
    kinfold.segments.define("vips", "static")
    kinfold.segments.put_member("vips", david)
    kinfold.workflows.define("welcome")
    kinfold.workflows.set_status("welcome", david, "active")
    page.request.put(f"{origin}v1/environments/shop", data={"kind": "identified"})
    page.request.post(f"{origin}v1/analyses", data={})
    lists = {"union": "merges", "finding": "anomalies", "cluster": "clusters"}
    firsts = {one: page.request.get(f"{origin}v1/{path}").json()["items"][0]["id"] for one, path in lists.items()}
    names = {"david": david, "simulation": quote(SIMULATION, safe=""), **firsts}
    parts = [f"#/contact/{{david}}/{part}" for part in _named("contact.js", "PARTS")]
    return [address.format(**names) for address in [*chain(*VIEWS.values()), *parts]]


def test_every_view_is_without_findings_by_day_and_by_night_and_never_wider_than_its_screen(
    open_page: Open, kinfold: Kinfold, story: Story
) -> None:
    david = story("david@example.com")
    # Side by side: what one of them waits for comes in while the other is looked at.
    pages = {width: open_page(width=width) for width in (1280, 390)}
    traffic = {width: Traffic(page) for width, page in pages.items()}
    origin = pages[1280].url.partition("#")[0]
    for address in addresses(kinfold, pages[1280], origin, david):
        for page in pages.values():
            # Nothing first: what was shown before does not stand for what is to come.
            page.goto(f"{origin}#/nowhere")
            expect(page.get_by_text("There is no such page")).to_be_visible()
            page.goto(f"{origin}{address}")
        for width, page in pages.items():
            expect(page.get_by_text("There is no such page")).to_have_count(0)
            expect(page.get_by_role("heading", level=1)).to_be_attached()
            expect(page.locator("main[aria-busy], .loading")).to_have_count(0)
            traffic[width].await_answers()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
            assert page.get_by_role("main").count() == 1, (address, width)
            assert page.locator(".bad").count() == 0, (address, width)
            # Whatever a time is called, the exact one is there on hover.
            bare = page.evaluate(
                "[...document.querySelectorAll('time:not([datetime][title])')].map((one) => one.outerHTML)"
            )
            assert bare == [], (address, width)
            page.emulate_media(color_scheme="light")
            assert not findings_of_axe(page, least="minor"), (address, width, "light")
            page.emulate_media(color_scheme="dark")
            assert not findings_of_axe(page, least="minor", rules=OF_COLOURS), (address, width, "dark")


ASKS_NOTHING = re.compile(r"#/(why|try|settings|search/?)$")
"""Views that are shown before anything is asked of the server."""


def test_every_view_says_that_the_server_fails_and_tries_again(
    open_page: Open, kinfold: Kinfold, story: Story, watch: Watch
) -> None:
    watch.expect("status of 503")
    page = open_page()
    origin = page.url.partition("#")[0]
    paths = [
        path for path in addresses(kinfold, page, origin, story("david@example.com")) if not ASKS_NOTHING.search(path)
    ]
    away = {"title": "The database is away", "status": 503, "detail": "Try again in a moment.", "errors": []}
    failing = re.compile(r"/v1/(?!access$)")
    page.goto("about:blank")
    for address in paths:
        page.route(failing, lambda route: route.fulfill(status=503, json=away))
        page.goto(f"{origin}{address}")
        expect(page.get_by_role("alert").first, address).to_contain_text("The database is away")
        page.unroute(failing)
        again = page.get_by_role("button", name="Try again")
        expect(again.first, address).to_be_visible()
        for _ in range(again.count()):
            again.first.click()
        expect(page.get_by_role("alert"), address).to_have_count(0)
        expect(page.locator("main[aria-busy], main .loading"), address).to_have_count(0)
        page.goto(f"{origin}#/nowhere")
        expect(page.get_by_text("There is no such page"), address).to_be_visible()
    assert len(paths) > 30


def test_an_empty_graph_is_met_with_words(open_page: Open) -> None:
    page = open_page()
    expect(page.locator("main")).to_contain_text("Nothing looks wrong.")
    expect(page.locator("main")).to_contain_text("No two contacts were folded into one yet.")
    page.get_by_role("link", name="Unions", exact=True).click()
    expect(page.locator(".empty")).to_contain_text("No unions yet")
    page.get_by_role("link", name="Anomalies", exact=True).click()
    expect(page.locator(".empty")).to_contain_text("Nothing looks wrong")
    assert not findings_of_axe(page)


def test_colours_follow_the_day_while_the_page_is_open(open_page: Open, story: Story) -> None:
    page = open_page(f"#/contact/{story('david@example.com')}")
    expect(page.locator(".around button.node").first).to_be_visible()
    paper = "getComputedStyle(document.body).backgroundColor"
    day = page.evaluate(paper)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) != day


def test_the_page_waits_with_words_while_the_server_thinks(open_page: Open, story: Story) -> None:
    page = open_page()
    held: list[Route] = []
    answering: list[bool] = []
    page.route(re.compile(r"/v1/contacts/[^/]+$"), lambda route: route.continue_() if answering else held.append(route))
    page.goto(f"{page.url}#/contact/{story('ana@example.com')}")
    expect(page.locator("main .loading").first).to_be_visible()
    assert page.locator("main").get_attribute("aria-busy") == "true"
    answering.append(True)
    for route in held:
        route.continue_()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ana")


@pytest.mark.parametrize("folder", FOLDERS, ids=["shipped", "of the tests"])
def test_what_others_wrote_is_what_its_list_says_with_its_licence(folder: Path) -> None:
    rows = re.findall(r"^\| `([^`]+)` \|.*`([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.M)
    assert rows
    scripts = {str(path.relative_to(folder)) for kind in ("*.*js", "*.css") for path in folder.rglob(kind)}
    assert scripts == {name for name, _ in rows}
    for name, digest in rows:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
        assert (folder / name).parent.joinpath("LICENSE").exists()


def test_the_api_is_tried_out_from_files_of_our_own(open_page: Open, story: Story) -> None:
    david = story("david@example.com")
    page = open_page()
    page.get_by_role("link", name="API to try out").click()
    page.locator("#operations-contacts-find_contacts button").first.click()
    call = page.locator("#operations-contacts-find_contacts")
    call.get_by_placeholder("q", exact=True).fill("davi")
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table")).to_contain_text(david)
