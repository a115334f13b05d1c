"""The tag in a real Chromium, on a shop's pages, against a real Kinfold."""

from collections import Counter
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route

from tests.browser.tag_site import (
    ADMIN_KEY,
    BEGUN,
    Site,
    cookie,
    example_shop,
    opened,
    queued,
    site,
    until,
    visitor,
)

__all__ = ["example_shop", "opened", "site", "visitor"]

Opened = Callable[..., Page]


def tracker_of(page: Page) -> str:
    tracker: str = page.evaluate("kinfold.tracker()")
    return tracker


def settled(page: Page) -> None:
    """Wait until everything that was told has been answered."""
    until(lambda: queued(page) == 0, page)


def test_a_first_visit_makes_a_visitor_with_a_page_view(opened: Opened, visitor: BrowserContext, site: Site) -> None:
    page = opened("home")
    settled(page)
    tracker = cookie(visitor)
    assert tracker == tracker_of(page)
    owner = site.owner(tracker_id=str(tracker))
    assert owner is not None
    assert owner["kind"] == "anonymous"
    assert [item["event"] for item in owner["activity"]] == ["page"]
    assert owner["activity"][0]["event_properties"]["path"] == "/shop/home"
    assert owner["activity"][0]["event_properties"]["title"] == "home"


def test_the_next_page_is_the_same_visitor(opened: Opened, visitor: BrowserContext, site: Site) -> None:
    page = opened("home")
    first = cookie(visitor)
    page.goto(f"{site.url}/shop/hats")
    settled(page)
    assert cookie(visitor) == first
    assert site.events(tracker_id=str(first)) == ["page", "page"]


def test_calls_made_before_the_tag_came_are_made_then(visitor: BrowserContext, site: Site) -> None:
    page = visitor.new_page()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/tag.js", hold)
    page.goto(f"{site.url}/shop/home?page=manual", wait_until="commit")
    page.wait_for_function("!!window.kinfold && !!window.kinfold.track")
    page.evaluate("kinfold.track('Early', {n: 1}); kinfold.identify('42', {plan: 'pro'})")
    until(lambda: held, page)
    held[0].continue_()
    page.wait_for_function("!!window.kinfold.tracker()")  # early calls are told by then
    settled(page)
    assert site.events(user_id="42") == ["Early", "identify"]


def test_a_login_claims_the_visitor_and_a_later_visit_is_known(
    opened: Opened, visitor: BrowserContext, site: Site
) -> None:
    page = opened("home")
    page.evaluate("kinfold.identify('ana@example.com', {name: 'Ana', address: {city: 'Lyon'}, tags: ['a', 'b']})")
    page.evaluate("kinfold.track('Order Completed', {revenue: 39.9, products: [{sku: 'a'}]})")
    settled(page)
    page.goto(f"{site.url}/shop/hats")
    settled(page)
    ana = site.owner(email="ana@example.com")
    assert ana is not None
    assert ana["trackers"] == [cookie(visitor)]
    assert ana["properties"] == {"name": "Ana", "address.city": "Lyon", "tags": ["a", "b"]}
    assert [item["event"] for item in ana["activity"]] == ["page", "identify", "Order Completed", "page"]
    assert ana["activity"][2]["event_properties"] == {"revenue": 39.9, "products": ['{"sku":"a"}']}


@pytest.mark.parametrize(
    ("call", "key"),
    [
        ("kinfold.identify('42', {email: 'ana@example.com'})", {"user_id": "42"}),
        ("kinfold.identify('42', {email: 'ana@example.com'})", {"email": "ana@example.com"}),
        ("kinfold.identify(42)", {"user_id": "42"}),
        ("kinfold.identify({email: 'ana@example.com'})", {"email": "ana@example.com"}),
        ("kinfold.identify(null, {email: 'ana@example.com'})", {"email": "ana@example.com"}),
    ],
)
def test_identify_takes_what_other_tags_take(opened: Opened, site: Site, call: str, key: dict[str, str]) -> None:
    page = opened("home")
    page.evaluate(call)
    settled(page)
    owner = site.owner(**key)
    assert owner is not None
    assert owner["trackers"] == [tracker_of(page)]
    assert owner["properties"] == {}


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("kinfold.page()", {}),
        ("kinfold.page('Basket')", {"name": "Basket"}),
        ("kinfold.page('Shop', 'Basket', {items: 2})", {"category": "Shop", "name": "Basket", "items": 2}),
        ("kinfold.page('Basket', {items: 2})", {"name": "Basket", "items": 2}),
        ("kinfold.page({items: 2})", {"items": 2}),
    ],
)
def test_page_takes_what_other_tags_take(opened: Opened, site: Site, call: str, told: dict[str, object]) -> None:
    page = opened("home", page="manual")
    page.evaluate(call)
    settled(page)
    [event] = site.sent
    assert {name: event["event_properties"].get(name) for name in ("name", "category", "items")} == {
        "name": None,
        "category": None,
        "items": None,
    } | told


def test_the_answered_tracker_is_stored(opened: Opened, visitor: BrowserContext, site: Site) -> None:
    page = opened("home")
    page.evaluate("kinfold.identify('ana@example.com')")
    settled(page)
    anas = cookie(visitor)
    # Somebody else logs in without anybody having logged out: by rule 2.3 the tracker stays Ana's.
    page.evaluate("kinfold.identify('bob@example.com'); kinfold.track('By Bob')")
    settled(page)
    bob = site.owner(email="bob@example.com")
    assert bob is not None
    assert [item["event"] for item in bob["activity"]] == ["identify", "By Bob"]
    assert cookie(visitor) == bob["trackers"][0] != anas
    page.evaluate("kinfold.track('Later')")
    settled(page)
    assert site.events(email="bob@example.com")[-1] == "Later"
    assert site.events(email="ana@example.com") == ["page", "identify"]


def test_offers_of_an_anonymous_space_are_drawn_and_noted_as_presented_and_clicked(
    opened: Opened, visitor: BrowserContext, site: Site
) -> None:
    with httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}) as admin:
        for path, body in (
            ("north", {"kind": "anonymous"}),
            ("north/spaces/home", {}),
            ("north/offers/hello", {"content": {"title": "Hello"}}),
        ):
            admin.put(f"/v1/environments/{path}", json=body).raise_for_status()
        page = opened("home", consent="required")
        page.evaluate(
            """() => {
                window.drawn = [];
                kinfold.offers("north/home", (offers, tell) => {
                    drawn.push(offers.map(offer => offer.content.title));
                    if (offers.length) window.clicked = () => tell("clicked", offers[0].name);
                });
                kinfold.offers("north/nowhere", offers => drawn.push(offers));
            }"""
        )
        assert page.evaluate("drawn") == []
        page.evaluate("kinfold.consent(true)")
        page.wait_for_function("drawn.length == 2")
        assert sorted(page.evaluate("drawn")) == [[], ["Hello"]]
        [person] = admin.get("/v1/environments/north/visitors").json()["items"]

        def noted() -> list[tuple[str, str]]:
            [item] = admin.get(f"/v1/contacts/{person['id']}/propositions").json()["items"]
            return [(one["name"], one["outcome"]) for one in item["offers"]]

        until(lambda: noted() == [("hello", "presented")], page)
        page.evaluate("clicked()")
        until(lambda: noted() == [("hello", "clicked")], page)
        settled(page)
        [contact] = admin.get(f"/v1/contacts?tracker_id={tracker_of(page)}").json()["items"]
        assert contact["id"] == person["id"]


def test_several_spaces_are_drawn_from_one_call_with_what_the_page_says(
    opened: Opened, visitor: BrowserContext, site: Site
) -> None:
    with httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}) as admin:
        for path, body in (
            ("north", {"kind": "anonymous"}),
            ("north/spaces/home", {}),
            ("north/spaces/footer", {}),
            ("north/offers/bonjour", {"where": {"context": "language", "is": "fr"}}),
            ("north/offers/footing", {"spaces": ["footer"]}),
        ):
            admin.put(f"/v1/environments/{path}", json=body).raise_for_status()
        page = opened("home")
        page.evaluate(
            """() => {
                window.drawn = {};
                kinfold.offers(["north/home", "north/footer"], (offers, tell, space) => {
                    drawn[space] = offers.map(offer => offer.name);
                }, { language: "fr" });
            }"""
        )
        page.wait_for_function("Object.keys(drawn).length == 2")
        # What one space showed is presented less often by the next.
        assert page.evaluate("drawn") == {"north/home": ["bonjour"], "north/footer": ["footing", "bonjour"]}
        settled(page)
        [person] = admin.get("/v1/environments/north/visitors").json()["items"]

        def noted() -> list[str]:
            items = admin.get(f"/v1/contacts/{person['id']}/propositions").json()["items"]
            return sorted(f"{item['context']['language']} {one['outcome']}" for item in items for one in item["offers"])

        until(lambda: noted() == ["fr presented"] * 3, page)


def test_after_a_logout_it_is_a_new_visitor(opened: Opened, visitor: BrowserContext, site: Site) -> None:
    page = opened("home")
    page.evaluate("kinfold.identify('ana@example.com'); kinfold.reset(); kinfold.track('Alone')")
    settled(page)
    ana = site.owner(email="ana@example.com")
    assert ana is not None
    assert cookie(visitor) not in ana["trackers"]
    assert [item["event"] for item in ana["activity"]] == ["page", "identify", "reset"], "the server is told first"
    assert site.events(tracker_id=str(cookie(visitor))) == ["Alone"]


def test_cleared_cookies_are_a_new_visitor_and_the_tag_brings_nothing_back(
    opened: Opened, visitor: BrowserContext, site: Site
) -> None:
    page = opened("home")
    settled(page)
    first = cookie(visitor)
    visitor.clear_cookies()
    page.evaluate("kinfold.track('In The Same Page')")
    settled(page)
    second = cookie(visitor)
    assert second
    assert second != first
    page.reload()
    settled(page)
    assert cookie(visitor) == second
    assert site.events(tracker_id=str(first)) == ["page"]
    assert site.events(tracker_id=str(second)) == ["In The Same Page", "page"]


def test_tabs_opened_at_once_are_one_visitor(visitor: BrowserContext, site: Site) -> None:
    tabs = [visitor.new_page() for _ in range(4)]
    for tab in tabs:
        tab.evaluate(f"setTimeout(() => location.href = '{site.url}/shop/home', 50)")
    for tab in tabs:
        tab.wait_for_function(BEGUN)
    until(lambda: len({event["message_id"] for event in site.sent}) == 4, tabs[0])
    settled(tabs[0])
    assert {event["tracker_id"] for event in site.sent} == {cookie(visitor)}
    assert site.events(tracker_id=str(cookie(visitor))) == ["page"] * 4


def test_without_locks_a_new_visitor_waits_for_what_another_tab_writes_at_the_same_moment(
    visitor: BrowserContext, site: Site
) -> None:
    # The other tab is a timer of this page: it comes due before the end of the tag's pause, however slow the machine.
    visitor.add_init_script("""
        Object.defineProperty(Navigator.prototype, 'locks', {value: undefined});
        const other = setInterval(() => {
            if (!document.cookie.includes('kinfold=')) return;
            document.cookie = 'kinfold=of-the-other-tab; path=/';
            clearInterval(other);
        }, 1);
    """)
    tab = visitor.new_page()
    tab.goto(f"{site.url}/shop/home")
    until(lambda: bool(site.sent), tab)
    settled(tab)
    assert cookie(visitor) == "of-the-other-tab"
    assert site.events(tracker_id="of-the-other-tab") == ["page"]
    assert {event["tracker_id"] for event in site.sent} == {"of-the-other-tab"}


def test_two_tabs_at_work_send_everything_once(opened: Opened, visitor: BrowserContext, site: Site) -> None:
    tabs = [opened("home"), opened("hats")]
    for number in range(20):
        for tab, name in zip(tabs, "ab", strict=True):
            tab.evaluate(f"kinfold.track('{name}{number}')")
    for tab in tabs:
        settled(tab)
    assert Counter(site.events(tracker_id=str(cookie(visitor)))) == Counter(
        ["page", "page", *(f"{name}{number}" for name in "ab" for number in range(20))]
    )


def test_what_is_told_offline_arrives_in_order_once_back(opened: Opened, visitor: BrowserContext, site: Site) -> None:
    page = opened("home")
    settled(page)
    visitor.set_offline(True)
    for number in range(5):
        page.evaluate(f"kinfold.track('Offline {number}')")
    page.wait_for_timeout(300)
    assert queued(page) == 5
    visitor.set_offline(False)
    settled(page)
    assert site.events(tracker_id=tracker_of(page)) == ["page", *(f"Offline {number}" for number in range(5))]


def test_what_could_not_be_sent_outlives_the_page(opened: Opened, visitor: BrowserContext, site: Site) -> None:
    site.down = True
    page = opened("home")
    page.evaluate("kinfold.identify('ana@example.com'); kinfold.track('Told')")
    page.wait_for_timeout(200)
    page.close()
    site.down = False
    page = opened("hats")
    settled(page)
    assert site.events(email="ana@example.com") == ["page", "identify", "Told", "page"]


@pytest.mark.parametrize("leave", ["close", "navigate"])
def test_what_is_told_while_the_page_is_left_is_sent(opened: Opened, site: Site, leave: str) -> None:
    page = opened("home")
    settled(page)
    tracker = tracker_of(page)
    page.evaluate("addEventListener('pagehide', () => kinfold.track('Last Words'), {capture: true})")
    if leave == "close":
        page.close(run_before_unload=True)
    else:
        page.goto("about:blank")
    # No page of the shop is open any more that could send it later.
    until(lambda: site.events(tracker_id=tracker) == ["page", "Last Words"])


def test_an_event_sent_while_leaving_and_again_later_counts_once(
    opened: Opened, visitor: BrowserContext, site: Site
) -> None:
    page = opened("home")
    settled(page)
    page.evaluate("kinfold.track('Left')")
    page.goto(f"{site.url}/shop/hats")
    settled(page)
    assert site.events(tracker_id=str(cookie(visitor))) == ["page", "Left", "page"]


def test_nothing_is_stored_or_sent_before_consent(opened: Opened, visitor: BrowserContext, site: Site) -> None:
    page = opened("home", consent="required")
    page.evaluate("kinfold.track('Before')")
    page.wait_for_timeout(300)
    assert visitor.cookies() == []
    assert page.evaluate("localStorage.length") == 0
    assert site.sent == []
    assert page.evaluate("kinfold.tracker()") is None

    page.evaluate("kinfold.consent(true)")
    page.wait_for_function("!!kinfold.tracker()")
    settled(page)
    assert site.events(tracker_id=str(cookie(visitor))) == ["page", "Before"]
    page.goto(f"{site.url}/shop/hats?consent=required")
    settled(page)
    assert site.events(tracker_id=str(cookie(visitor))) == ["page", "Before", "page"]


def test_consent_given_in_one_tab_counts_in_the_others(opened: Opened, visitor: BrowserContext, site: Site) -> None:
    first, second = opened("home", consent="required"), opened("hats", consent="required")
    first.evaluate("kinfold.consent(true)")
    until(lambda: len({event["message_id"] for event in site.sent}) == 2, second)
    settled(second)
    assert site.events(tracker_id=str(cookie(visitor))) == ["page", "page"]


@pytest.mark.parametrize("attributes", [{}, {"consent": "required"}])
def test_consent_taken_back_leaves_nothing_and_lasts(
    opened: Opened, visitor: BrowserContext, site: Site, attributes: dict[str, str]
) -> None:
    page = opened("home", **attributes)
    page.evaluate("kinfold.consent(true)")
    page.wait_for_function("!!kinfold.tracker()")
    settled(page)
    count = len(site.sent)
    page.evaluate("kinfold.consent(false); kinfold.track('No')")
    page.reload()
    page.wait_for_function(BEGUN)
    page.evaluate("kinfold.track('No')")
    page.wait_for_timeout(300)
    assert visitor.cookies() == []
    assert page.evaluate("JSON.stringify(localStorage)") == '{"kinfold.consent":"no"}'
    assert len(site.sent) == count


def test_a_push_subscription_is_picked_up_once(opened: Opened, visitor: BrowserContext, site: Site) -> None:
    # A push service is out of reach here: what the browser would say of a subscription is said in its place.
    visitor.add_init_script(
        "PushManager.prototype.getSubscription = async () => ({endpoint: 'https://push.example/abc'})"
    )
    page = opened("home", page="manual")
    page.evaluate("navigator.serviceWorker.register('/shop/sw.js').then(() => navigator.serviceWorker.ready)")
    page.evaluate("kinfold.identify('ana@example.com')")
    until(lambda: any("subscription" in event for event in site.sent), page)
    settled(page)
    page.reload()
    page.wait_for_function(BEGUN)
    page.evaluate("kinfold.track('Later')")
    settled(page)
    ana = site.owner(subscription="https://push.example/abc")
    assert ana is not None
    assert ana["email"] == "ana@example.com"
    assert Counter(item["event"] for item in ana["activity"]) == {"identify": 1, "push_subscription": 1, "Later": 1}


def test_after_a_logout_a_push_subscription_waits_for_the_next_login(
    opened: Opened, visitor: BrowserContext, site: Site
) -> None:
    visitor.add_init_script(
        "PushManager.prototype.getSubscription = async () => ({endpoint: 'https://push.example/abc'})"
    )
    page = opened("home", page="manual")
    page.evaluate("navigator.serviceWorker.register('/shop/sw.js').then(() => navigator.serviceWorker.ready)")
    page.evaluate("kinfold.identify('ana@example.com')")
    until(lambda: any("subscription" in event for event in site.sent), page)
    settled(page)
    page.evaluate("kinfold.reset(); kinfold.page()")
    page.wait_for_timeout(300)
    settled(page)
    assert site.events(tracker_id=str(cookie(visitor))) == ["page"]
    page.evaluate("kinfold.identify('bob@example.com')")
    until(lambda: sum("subscription" in event for event in site.sent) == 2, page)
    settled(page)
    [subscription] = (site.owner(email="bob@example.com") or {})["subscriptions"]
    assert subscription["shared_with"]


def test_the_cookie_is_lax_lasts_400_days_and_is_secure_over_https(visitor: BrowserContext, site: Site) -> None:
    def answer(route: Route, request: Request) -> None:
        path = request.url.removeprefix("https://shop.example")
        got = httpx.request(request.method, site.url + path, content=request.post_data_buffer, timeout=60)
        route.fulfill(status=got.status_code, body=got.content, content_type=got.headers["content-type"])

    visitor.route("https://shop.example/**", answer)
    page = visitor.new_page()
    page.goto("https://shop.example/shop/home")
    page.wait_for_function(BEGUN)
    settled(page)
    [kept] = visitor.cookies()
    assert (kept["name"], kept["domain"], kept["path"]) == ("kinfold", "shop.example", "/")  # type: ignore[typeddict-item]
    assert (kept["secure"], kept["sameSite"]) == (True, "Lax")  # type: ignore[typeddict-item]
    now = page.evaluate("Date.now() / 1000")
    assert 399 * 86400 < kept["expires"] - now <= 400 * 86400  # type: ignore[typeddict-item]


def test_without_storage_and_cookies_a_page_still_sends_as_one_visitor(visitor: BrowserContext, site: Site) -> None:
    visitor.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }});"
        "Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set() {}})"
    )
    page = visitor.new_page()
    page.goto(f"{site.url}/shop/home")
    page.wait_for_function(BEGUN)
    page.evaluate("kinfold.track('Told')")
    until(lambda: len({event["message_id"] for event in site.sent}) == 2, page)
    assert len({event["tracker_id"] for event in site.sent}) == 1


def test_a_bad_event_is_told_to_the_developer_and_holds_nothing_up(opened: Opened, site: Site) -> None:
    page = opened("home", page="manual")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.evaluate("kinfold.track('Large', {text: 'x'.repeat(40000)}); kinfold.track('Small')")
    settled(page)
    assert site.events(tracker_id=tracker_of(page)) == ["Small"]
    assert any("refused" in text and "32768" in text for text in said)


def test_a_shop_of_another_origin_works_without_a_preflight(visitor: BrowserContext, site: Site) -> None:
    methods: list[str] = []
    visitor.on("request", lambda request: methods.append(request.method) if "/v1/" in request.url else None)
    page = visitor.new_page()
    page.goto(site.url.replace("127.0.0.1", "localhost") + f"/shop/home?src={site.url}/tag.js")
    page.wait_for_function(BEGUN)
    page.evaluate("kinfold.identify('ana@example.com')")
    settled(page)
    assert site.events(email="ana@example.com") == ["page", "identify"]
    assert set(methods) == {"POST"}


def test_the_example_shop_is_resolved(visitor: BrowserContext, site: Site, example_shop: str) -> None:
    def to_kinfold(route: Route, request: Request) -> None:
        got = httpx.get(f"{site.url}/tag.js", timeout=60)
        route.fulfill(status=200, body=got.text.replace("set.key", "'w-1'"), content_type="text/javascript")

    page = visitor.new_page()
    # The page names the address of a Kinfold started by `make run`; here it is another port.
    page.route("http://127.0.0.1:8000/tag.js", to_kinfold)
    page.route(
        "http://127.0.0.1:8000/v1/**",
        lambda route: route.continue_(url=route.request.url.replace("http://127.0.0.1:8000", site.url)),
    )
    page.goto(example_shop)
    page.click("#buy")
    page.click("#login button")
    page.wait_for_function(BEGUN)
    settled(page)
    ana = site.owner(email="ana@example.com")
    assert ana is not None
    assert Counter(item["event"] for item in ana["activity"]) == {"page": 1, "Order Completed": 1, "logged_in": 1}
    page.click("#logout")
    assert tracker_of(page) not in ana["trackers"]
