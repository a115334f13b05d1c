"""Lists and settings: what a deployment keeps beside its people."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from graph.kinfold import Kinfold
from tests.browser.conftest import Open, findings_of_axe

Story = Callable[[str], str]
LISTS = ["segments", "workflows", "blocked", "namespaces", "webhooks", "audit"]


@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
def test_every_list_opens_and_is_without_serious_findings(open_page: Open, story: Story, dark: bool) -> None:
    story("david@example.com")
    page = open_page("#/settings", dark=dark, width=390)
    for name in LISTS:
        page.goto(f"{page.url.partition('#')[0]}#/{name}")
        expect(page.locator("table.list")).to_be_attached()
        expect(page.locator(".loading")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert not findings_of_axe(page), name


def test_a_value_is_blocked_and_let_go_again(open_page: Open, kinfold: Kinfold) -> None:
    page = open_page("#/blocked")
    page.get_by_label("Value").fill("shared kiosk/7")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("tbody tr")).to_contain_text("shared kiosk/7")
    assert [rule["value"] for rule in kinfold.blocking.rules()] == ["shared kiosk/7"]
    page.get_by_role("button", name="Take back the rule").click()
    expect(page.locator(".empty")).to_contain_text("No rules")
    assert kinfold.blocking.rules() == []


def test_what_is_wrong_stands_beside_its_field(open_page: Open, watch: object) -> None:
    watch.expect("422")  # type: ignore[attr-defined]
    page = open_page("#/webhooks")
    page.get_by_label("Name").fill("hook")
    page.get_by_label("Address").fill("https://example.com/hook")
    page.get_by_label("Secret").fill("short")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("label", has_text="Secret").locator(".beside")).to_be_visible()


def test_members_of_a_list_are_edited(open_page: Open, story: Story, kinfold: Kinfold) -> None:
    david = story("david@example.com")
    kinfold.segments.define("vips", "static")
    page = open_page("#/segments")
    page.get_by_role("link", name="vips", exact=True).click()
    page.get_by_label("A contact's id").fill(david)
    page.get_by_role("button", name="Put on the list").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert [one["id"] for one in kinfold.segments.members("vips")["items"]] == [david]
