"""What holds on every part of the page: on a phone, by day and by night, under axe; and what ships with it."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import ROOT, Open, findings_of_axe

Story = Callable[[str], str]

PARTS = ["", "#/people",
         "#/contact/{}", "#/contact/{}/keys", "#/contact/{}/activity", "#/contact/{}/history", "#/contact/{}/why",
         "#/contact/{}/same", "#/contact/{}/change", "#/suggestions", "#/contact/{}/privacy", "#/anomalies",
         "#/anomalies/all/acted", "#/anomalies/all/dismissed", "#/clusters",
         "#/unions", "#/why/email:david@example.com/tracker_id:david-laptop",
         "#/try", "#/offers", "#/search/push-martin-living-room", "#/search/da"]  # fmt: skip
FOLDERS = [ROOT / "api" / "page" / "explorer" / "vendor", Path(__file__).parent / "vendor"]


@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
@pytest.mark.parametrize("width", [1280, 360])
def test_every_part_is_without_serious_findings_and_never_wider_than_its_screen(
    open_page: Open, story: Story, width: int, dark: bool
) -> None:
    david = story("david@example.com")
    page = open_page(width=width, dark=dark)
    origin = page.url
    for part in PARTS:
        page.goto(f"{origin}{part.format(david)}")
        expect(page.get_by_role("heading", level=1)).to_be_attached()
        expect(page.locator(".loading")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        assert not findings_of_axe(page), part
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), part
        assert page.get_by_role("main").count() == 1


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
