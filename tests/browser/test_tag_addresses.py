"""What the tag tells of a page's address, in a real Chromium."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.tag_site import BEGUN, Site, cookie, opened, queued, site, until, visitor

__all__ = ["opened", "site", "visitor"]

Opened = Callable[..., Page]
CASES = list(csv.DictReader(Path("tests/cases/addresses.csv").read_text(encoding="utf-8").splitlines()))


def settled(page: Page) -> None:
    """Wait until everything that was told has been answered."""
    until(lambda: queued(page) == 0, page)


def pages(site: Site) -> list[tuple[str, str]]:
    """The addresses and referrers of the page views that came in, each once, without the server's own address."""
    once = {event["message_id"]: event["event_properties"] for event in site.sent if event["event"] == "page"}
    return [(item["url"].removeprefix(site.url), item["referrer"].removeprefix(site.url)) for item in once.values()]


def test_secrets_in_addresses_are_left_out(opened: Opened, site: Site) -> None:
    page = opened("home", page="manual", secrets="invite, Coupon")
    for case in CASES:
        page.evaluate("url => kinfold.track('Seen', {url, seen: [url]})", case["address"])
        page.evaluate("url => kinfold.page('Seen', {url, referrer: url})", case["address"])
    until(lambda: len({event["message_id"] for event in site.sent}) == 2 * len(CASES), page)
    settled(page)
    by_id = {event["message_id"]: event["event_properties"] for event in site.sent}
    told = list(by_id.values())
    for case, track, view in zip(CASES, told[::2], told[1::2], strict=True):
        assert track == {"url": case["kept"], "seen": [case["kept"]]}, case
        assert (view["url"], view["referrer"]) == (case["kept"], case["kept"]), case
    assert "s3cret" not in str(told)


def test_the_pages_own_address_and_referrer_are_told_without_secrets(visitor: BrowserContext, site: Site) -> None:
    page = visitor.new_page()
    page.goto(f"{site.url}/shop/from?token=s3cret&email=ana@example.com")
    page.wait_for_function(BEGUN)
    page.evaluate("location.href = '/shop/to?password=s3cret&colour=red#access_token=s3cret'")
    page.wait_for_url("**/shop/to*")
    page.wait_for_function(BEGUN)
    until(lambda: len(pages(site)) >= 2, page)
    settled(page)
    assert pages(site) == [("/shop/from", ""), ("/shop/to?colour=red", "/shop/from")]
    assert site.sent[-1]["event_properties"]["search"] == "?colour=red"
    assert site.sent[0]["event_properties"]["search"] == ""
    assert "s3cret" not in str(site.sent)
    assert "ana" not in str(site.sent)


def test_each_route_of_a_single_page_app_is_a_page_view_with_the_one_before_as_its_referrer(
    opened: Opened, visitor: BrowserContext, site: Site
) -> None:
    page = opened("home", page="history")
    page.evaluate("history.pushState({}, '', '/shop/hats'); document.title = 'Hats'")
    until(lambda: len(pages(site)) == 2, page)
    page.evaluate("history.replaceState({}, '', '/shop/hats?colour=red')")
    until(lambda: len(pages(site)) == 3, page)
    page.evaluate("history.pushState({}, '', location.href)")
    page.evaluate("history.replaceState({scroll: 5}, '')")
    page.evaluate("location.hash = 'reviews'")
    page.evaluate("location.hash = '/route'")
    until(lambda: len(pages(site)) == 4, page)
    page.evaluate("history.go(-3)")
    until(lambda: len(pages(site)) == 5, page)
    settled(page)
    assert [address for address, _ in pages(site)] == [
        "/shop/home?page=history",
        "/shop/hats",
        "/shop/hats?colour=red",
        "/shop/hats?colour=red#/route",
        "/shop/hats?colour=red",
    ]
    assert [referrer for _, referrer in pages(site)][1:] == [address for address, _ in pages(site)][:-1]
    assert site.sent[1]["event_properties"]["title"] == "Hats"
    assert site.events(tracker_id=str(cookie(visitor))) == ["page"] * 5


def test_addresses_that_an_app_passes_through_at_once_are_one_page_view(opened: Opened, site: Site) -> None:
    page = opened("home", page="history")
    page.evaluate("history.pushState({}, '', '/shop/a'); history.replaceState({}, '', '/shop/b')")
    until(lambda: len(pages(site)) == 2, page)
    page.evaluate("kinfold.track('End')")
    settled(page)
    assert [address for address, _ in pages(site)] == ["/shop/home?page=history", "/shop/b"]


@pytest.mark.parametrize("attributes", [{}, {"page": "manual"}])
def test_without_the_attribute_routes_are_not_followed(opened: Opened, site: Site, attributes: dict[str, str]) -> None:
    page = opened("home", **attributes)
    page.evaluate("history.pushState({}, '', '/shop/hats')")
    page.evaluate("new Promise(done => setTimeout(done, 50))")
    page.evaluate("kinfold.track('End')")
    settled(page)
    assert len(pages(site)) == (0 if attributes else 1)


def test_a_page_view_that_waits_for_consent_is_of_the_page_that_was_seen(opened: Opened, site: Site) -> None:
    page = opened("home", page="history", consent="required")
    page.evaluate("history.pushState({}, '', '/shop/hats')")
    page.evaluate("new Promise(done => setTimeout(done, 50))")
    before = page.evaluate("new Date().toISOString()")
    page.evaluate("kinfold.consent(true)")
    until(lambda: len(pages(site)) == 2, page)
    settled(page)
    assert [address for address, _ in pages(site)] == ["/shop/home?page=history&consent=required", "/shop/hats"]
    assert all(event["occurred_at"] <= before for event in site.sent)
