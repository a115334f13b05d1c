"""Who a visitor is to the tag, in a real Chromium: signals, logins, cookies, several domains."""

from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from tests.browser.tag_site import BEGUN, Site, cookie, opened, queued, site, until, visitor

__all__ = ["opened", "site", "visitor"]

Opened = Callable[..., Page]


def settled(page: Page) -> None:
    """Wait until everything that was told has been answered."""
    until(lambda: queued(page) == 0, page)


def at_localhost(site: Site) -> str:
    """The shop under its other host name."""
    return site.url.replace("127.0.0.1", "localhost")


class Held:
    """What a page asks of an address, held up until a test lets it go on, the last first."""

    def __init__(self, page: Page, pattern: str) -> None:
        self.routes: list[Route] = []
        self._open = False
        page.route(pattern, self._hold)

    def _hold(self, route: Route) -> None:
        if self._open:
            route.continue_()
        else:
            self.routes.append(route)

    def release(self) -> None:
        self._open = True
        for route in reversed(self.routes):
            route.continue_()


def test_tracker_of_the_stub_is_null_before_the_tag_has_come_and_where_it_is_blocked(
    visitor: BrowserContext, site: Site
) -> None:
    page = visitor.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    held = Held(page, "**/tag.js")
    page.goto(f"{site.url}/shop/home", wait_until="commit")
    page.wait_for_function("!!window.kinfold")
    assert page.evaluate("kinfold.tracker()") is None
    page.evaluate("window.kept = kinfold; kept.track('Early')")
    until(lambda: held.routes, page)
    held.release()
    page.wait_for_function("!!kinfold.tracker()")
    page.evaluate("kept.track('By The Stub')")
    settled(page)
    assert site.events(tracker_id=str(cookie(visitor))) == ["page", "Early", "By The Stub"]

    blocked = visitor.new_page()
    blocked.on("pageerror", lambda error: errors.append(str(error)))
    blocked.route("**/tag.js", lambda route: route.abort())
    blocked.goto(f"{site.url}/shop/home")
    blocked.wait_for_load_state("load")
    assert blocked.evaluate("kinfold.tracker()") is None
    assert errors == []


def test_the_stub_of_the_documentation_has_every_function_of_the_tag(visitor: BrowserContext, site: Site) -> None:
    blocked = visitor.new_page()
    blocked.route("**/tag.js", lambda route: route.abort())
    blocked.goto(f"{site.url}/shop/home")
    loaded = visitor.new_page()
    loaded.goto(f"{site.url}/shop/home")
    loaded.wait_for_function(BEGUN)
    functions = "Object.keys(kinfold).filter(name => typeof kinfold[name] === 'function').sort()"
    assert blocked.evaluate(functions) == [name for name in loaded.evaluate(functions) if name != "push"]


def test_registering_logging_in_and_out_tell_who_it_is_and_what_happened(
    opened: Opened, visitor: BrowserContext, site: Site
) -> None:
    page = opened("home")
    page.evaluate("kinfold.registered({email: 'ana@example.com', firstName: 'Ana', lastName: 'Diaz', plan: 'pro'})")
    page.evaluate("kinfold.loggedOut(); kinfold.track('Alone')")
    settled(page)
    ana = site.owner(email="ana@example.com")
    assert ana is not None
    assert ana["properties"] == {"_name": "Ana", "_surname": "Diaz", "plan": "pro"}
    assert [item["event"] for item in ana["activity"]] == ["page", "registered", "logged_out"]
    assert site.events(tracker_id=str(cookie(visitor))) == ["Alone"]
    page.evaluate("kinfold.loggedIn('42', {email: 'ana@example.com'})")
    settled(page)
    ana = site.owner(user_id="42")
    assert ana is not None
    assert ana["email"] == "ana@example.com"
    assert Counter(item["event"] for item in ana["activity"])["logged_in"] == 1


@pytest.mark.parametrize("call", ["identify", "registered", "loggedIn"])
def test_first_and_last_names_are_the_properties_that_the_product_knows_them_by(
    opened: Opened, site: Site, call: str
) -> None:
    page = opened("home")
    page.evaluate(f"kinfold.{call}('ana@example.com', {{firstName: 'Ana', lastName: 'Diaz', _surname: 'Ruiz'}})")
    settled(page)
    ana = site.owner(email="ana@example.com")
    assert ana is not None
    assert ana["properties"] == {"_name": "Ana", "_surname": "Ruiz"}


def test_with_global_privacy_control_nothing_is_stored_or_sent_before_consent(
    visitor: BrowserContext, site: Site
) -> None:
    visitor.add_init_script("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})")
    page = visitor.new_page()
    page.goto(f"{site.url}/shop/home")
    page.wait_for_function(BEGUN)
    page.evaluate("kinfold.identify('ana@example.com')")
    page.wait_for_timeout(300)
    assert visitor.cookies() == []
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("kinfold.tracker()") is None
    assert site.sent == []

    page.evaluate("kinfold.consent(true)")
    page.wait_for_function("!!kinfold.tracker()")
    settled(page)
    assert site.events(email="ana@example.com") == ["page", "identify"]


def test_without_the_signal_a_visitor_is_told_as_ever(visitor: BrowserContext, site: Site) -> None:
    visitor.add_init_script("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => false})")
    page = visitor.new_page()
    page.goto(f"{site.url}/shop/home")
    page.wait_for_function("!!window.kinfold && !!kinfold.tracker()")
    settled(page)
    assert site.events(tracker_id=str(cookie(visitor))) == ["page"]


def set_by_server(page: Page) -> list[str]:
    """Watch what the server sets from now on."""
    found: list[str] = []
    page.on(
        "response",
        lambda response: (
            found.append(str(response.header_value("set-cookie")))
            if response.url.split("?")[0].endswith("/v1/cookie")
            else None
        ),
    )
    return found


def test_the_sites_own_server_sets_the_cookie_where_the_attribute_says_so(visitor: BrowserContext, site: Site) -> None:
    page = visitor.new_page()
    found = set_by_server(page)
    page.goto(f"{site.url}/shop/home?cookie-by=server")
    page.wait_for_function("!!window.kinfold && !!kinfold.tracker()")
    until(lambda: found, page)
    tracker = cookie(visitor)
    assert found == [f"kinfold={tracker}; Path=/; Max-Age=34560000; SameSite=Lax"]
    page.reload()
    page.wait_for_function("!!window.kinfold && !!kinfold.tracker()")
    settled(page)
    assert len(found) == 1, "once a day, and when the tracker changes"
    page.evaluate("kinfold.reset()")
    until(lambda: len(found) == 2, page)
    settled(page)
    assert found[1].startswith(f"kinfold={cookie(visitor)};")
    assert cookie(visitor) != tracker


def test_an_answer_that_sets_the_cookie_late_brings_no_former_visitor_back(visitor: BrowserContext, site: Site) -> None:
    page = visitor.new_page()
    held = Held(page, "**/v1/cookie*")
    page.goto(f"{site.url}/shop/home?cookie-by=server")
    page.wait_for_function("!!window.kinfold && !!kinfold.tracker()")
    until(lambda: held.routes, page)
    first = cookie(visitor)
    page.evaluate("kinfold.reset()")
    second = cookie(visitor)
    assert second != first
    found = set_by_server(page)
    held.release()
    until(lambda: any(str(first) in line for line in found), page)
    until(lambda: cookie(visitor) == second, page)
    page.evaluate("kinfold.consent(false)")
    assert visitor.cookies() == []


def test_consent_taken_back_while_the_server_sets_the_cookie_leaves_none(visitor: BrowserContext, site: Site) -> None:
    page = visitor.new_page()
    held = Held(page, "**/v1/cookie*")
    page.goto(f"{site.url}/shop/home?cookie-by=server")
    page.wait_for_function("!!window.kinfold && !!kinfold.tracker()")
    until(lambda: held.routes, page)
    page.evaluate("kinfold.consent(false)")
    found = set_by_server(page)
    held.release()
    until(lambda: found, page)
    until(lambda: visitor.cookies() == [], page)


def follow_link(page: Page, to: str) -> None:
    page.evaluate(
        "to => { const a = document.createElement('a'); a.id = 'out'; a.href = to; a.textContent = 'Out';"
        " document.body.append(a) }",
        to,
    )
    page.click("#out")
    page.wait_for_function("!!window.kinfold && !Array.isArray(kinfold) && !!kinfold.tracker()")


LINK = {"link": "localhost, 127.0.0.1"}


def test_a_link_to_another_domain_of_the_site_carries_the_visitor_there(
    opened: Opened, visitor: BrowserContext, site: Site
) -> None:
    page = opened("home", **LINK)
    settled(page)
    tracker = page.evaluate("kinfold.tracker()")
    follow_link(page, f"{at_localhost(site)}/shop/other?link=localhost,127.0.0.1&a=%20b#part")
    assert page.evaluate("location.hostname") == "localhost"
    assert page.evaluate("kinfold.tracker()") == tracker
    assert page.evaluate("location.search + location.hash") == "?link=localhost,127.0.0.1&a=%20b#part"
    settled(page)
    assert site.events(tracker_id=tracker) == ["page", "page"]
    assert "_kf" not in str(site.sent)
    assert {item["domain"] for item in visitor.cookies()} == {"127.0.0.1", "localhost"}  # type: ignore[typeddict-item]


def test_a_visitor_of_the_other_domain_stays_who_it_was_there(opened: Opened, site: Site) -> None:
    page = opened("home", **LINK)
    first = page.evaluate("kinfold.tracker()")
    page.goto(f"{at_localhost(site)}/shop/other?link=localhost,127.0.0.1")
    page.wait_for_function("!!window.kinfold && !!kinfold.tracker()")
    second = page.evaluate("kinfold.tracker()")
    page.goto(f"{site.url}/shop/home?link=localhost,127.0.0.1")
    page.wait_for_function("!!window.kinfold && !!kinfold.tracker()")
    follow_link(page, f"{at_localhost(site)}/shop/other?link=localhost,127.0.0.1")
    assert page.evaluate("kinfold.tracker()") == second
    assert first != second
    settled(page)
    here, there = site.owner(tracker_id=second), site.owner(tracker_id=first)
    assert here is not None and there is not None
    assert here["id"] == there["id"], "both trackers came in one event"


@pytest.mark.parametrize(
    ("age", "referrer"),
    [(121_000, True), (-60_000, True), (1_000, False)],
    ids=["older than two minutes", "from the future", "from a page that is not one of the site's"],
)
def test_a_tracker_in_an_address_is_taken_for_two_minutes_and_from_the_sites_own_domains_only(
    visitor: BrowserContext, site: Site, age: int, referrer: bool
) -> None:
    page = visitor.new_page()
    page.goto(f"{site.url}/shop/sw.js")
    decorated = page.evaluate("age => (Date.now() - age).toString(36) + '.somebody-elses'", age)
    to = f"{at_localhost(site)}/shop/other?link=localhost,127.0.0.1&_kf={decorated}"
    page.goto(to, referer=f"{site.url}/" if referrer else "https://evil.example/")
    page.wait_for_function("!!window.kinfold && !!kinfold.tracker()")
    assert page.evaluate("kinfold.tracker()") != "somebody-elses"
    assert "_kf" not in page.url


def test_a_link_elsewhere_carries_nothing(opened: Opened, visitor: BrowserContext, site: Site) -> None:
    page = opened("home", link="shop.example")
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    follow_link(page, f"{at_localhost(site)}/shop/other?link=shop.example")
    assert not any("_kf" in url for url in asked)
