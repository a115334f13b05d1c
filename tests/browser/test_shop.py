"""The example shop with its own server: a visitor's offers, who is answered in its place, and those of a person."""

import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from api.command.catalogue import load
from graph.access.access_keys import KeyScope
from graph.kinfold import Kinfold
from tests.browser.conftest import findings_of_axe
from tests.browser.tag_site import ADMIN_KEY, WRITE_KEY, Site, site, until, visitor
from tests.graph.offers.shop import put, resolve

__all__ = ["site", "visitor"]

EXAMPLES = Path(__file__).parents[2] / "examples"
TITLES = {
    "north": {"welcome-north": "New here? 10% off at North", "size-guide": "Find your size"},
    "customers": {"for-ana": "For Ana", "last-pairs": "Last pairs, half price"},
}


@pytest.fixture
def shop(kinfold: Kinfold, site: Site) -> Iterator[str]:
    """Run the shop with a minimal key in its page and a full one on its server."""
    load(kinfold, (EXAMPLES / "catalogue.yaml").read_bytes())
    title = {"title": "For Ana"}
    put(kinfold, customers={"kind": "identified", "offers": {"for-ana": {"weight": 99, "content": title}}})
    _, page_key = kinfold.access_keys.create(KeyScope.WRITE, name="shop", answer="minimal")
    spec = importlib.util.spec_from_file_location("shop_server", EXAMPLES / "shop" / "server.py")
    assert spec
    assert spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = module.server(0, site.url, WRITE_KEY, page_key)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def outcomes(site: Site, contact: str) -> dict[str, str | None]:
    """By space that was asked and offer: what became of it."""
    items = site.get(f"/v1/contacts/{contact}/propositions")["items"]
    return {f"{item['asked']} {one['name']}": one["outcome"] for item in reversed(items) for one in item["offers"]}


def test_a_visitor_gets_anonymous_offers_and_the_fallback_and_once_logged_in_identified_ones(
    kinfold: Kinfold, site: Site, shop: str, visitor: BrowserContext
) -> None:
    ana = resolve(kinfold, email="ana@example.com")
    page: Page = visitor.new_page()
    page.goto(shop)
    by_page, by_server = page.locator("#for-visitors"), page.locator("#for-you")
    expect(by_page).to_contain_text(TITLES["north"]["welcome-north"])
    # Welcomed once a day: the space that answers for the customers' has only the other offer left.
    expect(by_server).to_contain_text("nobody was identified: customers/north-home falls back to north/home")
    expect(by_server).to_contain_text(TITLES["north"]["size-guide"])
    expect(by_server).not_to_contain_text(TITLES["north"]["welcome-north"])
    assert not findings_of_axe(page)
    [person] = site.get("/v1/environments/north/visitors")["items"]
    by_page.get_by_role("button", name="See it").first.click()
    by_page.get_by_role("button", name="No, thanks").last.click()
    expect(by_page).to_contain_text("Find your size: refused")
    until(
        lambda: (
            outcomes(site, person["id"])
            == {
                "north/home welcome-north": "clicked",
                "north/home size-guide": "refused",
                "customers/north-home size-guide": "presented",
            }
        ),
        page,
    )

    page.get_by_role("button", name="Log in").click()
    expect(by_server).to_contain_text("you are logged in: customers/north-home answers")
    expect(by_server).to_contain_text("For Ana")
    # The visitor is folded into the person, with what it was proposed.
    until(lambda: site.owner(email="ana@example.com")["merged_from"] == [person["id"]], page)  # type: ignore[index]
    by_server.get_by_role("button", name="Take it").first.click()
    until(lambda: outcomes(site, ana)["customers/north-home for-ana"] == "accepted", page)
    assert outcomes(site, ana)["north/home size-guide"] == "refused"

    page.get_by_role("button", name="Log out").click()
    expect(by_server).to_contain_text("nobody was identified")
    assert page.evaluate("kinfold.tracker()") not in site.owner(email="ana@example.com")["trackers"]  # type: ignore[index]


def test_what_the_shops_page_may_read_with_its_key_is_not_what_its_server_may(
    kinfold: Kinfold, site: Site, shop: str
) -> None:
    found = httpx.get(shop, timeout=60).text
    assert ADMIN_KEY not in found
    assert WRITE_KEY not in found
    assert httpx.get(f"{shop}/server.py", timeout=60).status_code == 404
    stranger = httpx.post(f"{shop}/login", data={"email": "ana@example.com"}, timeout=60)
    assert stranger.status_code == 415, "a form of another site logs nobody in"
