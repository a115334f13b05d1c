"""Segment's and RudderStack's browser SDKs, their own bundles in a real Chromium, at the shop's address or another."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from api.http.app import create_app
from bench.chromium import FLAGS
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.browser.conftest import CHROMIUM
from tests.looked_up import with_activity
from tests.sdk.browser_shop import BUNDLES, Mishaps, Shop, served, shop_in_front_of, until
from tests.sdk.conftest import ADMIN_KEY, WRITE_KEY
from tests.sdk.test_sdks import installed_node

if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("there is no Chromium on this machine (apt install chromium)", allow_module_level=True)

SDKS = pytest.mark.parametrize("sdk", BUNDLES)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(params=["first-party", "third-party"])
def shop(request: pytest.FixtureRequest, kinfold: Kinfold, server: Settings) -> Iterator[Shop]:
    """A shop whose pages send to its own address, or across origins and sites to Kinfold's."""
    installed_node()
    keys = Settings(write_key=WRITE_KEY, admin_key=ADMIN_KEY)  # type: ignore[arg-type]
    update: dict[str, Any] = {name: getattr(keys, name) for name in ("write_key", "admin_key")}
    if request.param == "first-party":
        with served(shop_in_front_of(create_app(Kinfold.on(kinfold.database, server.model_copy(update=update))))) as at:
            yield Shop(f"http://{at}", at, WRITE_KEY)
        return
    with served(shop_in_front_of(_nothing)) as pages:
        url = f"http://localhost:{pages.partition(':')[2]}"
        update["cors_origins"] = Settings(cors_origins=url).cors_origins  # type: ignore[arg-type]
        with served(create_app(Kinfold.on(kinfold.database, server.model_copy(update=update)))) as at:
            yield Shop(url, at, WRITE_KEY)


async def _nothing(*_: Any) -> None:
    raise RuntimeError("a page sent to its own address")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


class Look:
    """What Kinfold knows."""

    def __init__(self, shop: Shop) -> None:
        self.client = httpx.Client(
            base_url=f"http://{shop.host}", headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=60
        )

    def owner(self, **key: str) -> dict[str, Any] | None:
        items = self.client.get("/v1/contacts", params=key).json()["items"]
        if not items:
            return None
        contact = with_activity(lambda path: self.client.get(path).json(), items[0]["id"])
        contact["events"] = sorted(item["event"] for item in contact["activity"])
        return contact

    def arrived(self, *events: str, **key: str) -> Callable[[], dict[str, Any] | None]:
        """Look for a key's owner once these have happened to it."""

        def look() -> dict[str, Any] | None:
            owner = self.owner(**key)
            return owner if owner is not None and set(owner["events"]) >= set(events) else None

        return look


def tell(page: Page, *calls: str) -> None:
    """Call the SDK one time after the other, as a site's own code does."""
    page.evaluate("async () => { " + " ".join(f"await {call};" for call in calls) + " }")


@SDKS
def test_who_is_who_after_a_visit_two_log_ins_and_a_reset(sdk: str, shop: Shop, page: Page) -> None:
    look = Look(shop)
    story = ["Order Completed", "Seen", "alias", "group", "identify", "page"]
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(shop.page(sdk))
    tell(page, 'sdk.page("Home")', 'sdk.track("Seen", {sku: "a"})')
    tell(page, 'sdk.alias("42")', 'sdk.identify("42", {email: "ana@example.com", plan: "pro"})')
    tell(page, 'sdk.group("acme", {employees: 7})', 'sdk.track("Order Completed", {revenue: 39.9})')
    ana = until(page, look.arrived(*story, user_id="42"))
    assert (ana["kind"], ana["email"], len(ana["trackers"])) == ("known", "ana@example.com", 1)
    assert ana["properties"] == {"plan": "pro", "groupId": "acme"}
    assert ana["events"] == story

    tell(page, 'sdk.identify("43", {email: "bob@example.com"})', 'sdk.track("Bob Bought")')
    bob = until(page, look.arrived("identify", "Bob Bought", user_id="43"))
    assert (bob["email"], bob["user_ids"]) == ("bob@example.com", ["43"])
    assert "pro" not in str(bob["properties"])
    again = look.owner(user_id="42")
    assert again is not None
    assert (again["id"], again["emails"], again["events"]) == (ana["id"], ["ana@example.com"], ana["events"])

    tell(page, "leave()", 'sdk.track("Somebody")')
    somebody = until(page, lambda: _visitor(look))
    assert somebody["events"] == ["Somebody"]
    # RudderStack's older SDK tells on every page that it is.
    assert [line for line in complaints if "is deprecated" not in line] == []


def _visitor(look: Look) -> dict[str, Any] | None:
    """Find the one contact that is neither Ana nor Bob."""
    known = {owner["id"] for key in ("42", "43") if (owner := look.owner(user_id=key))}
    kinds = look.client.get("/v1/changes", params={"limit": 1000}).json()["items"]
    made = [item["contact"] for item in kinds if item["kind"] == "created"]
    for contact in made:
        shown = look.client.get(f"/v1/contacts/{contact}").json()
        if shown["id"] not in known and shown["kind"] == "anonymous":
            activity = look.client.get(f"/v1/contacts/{shown['id']}/activity").json()["items"]
            return {**shown, "events": [item["event"] for item in activity]}
    return None


@SDKS
@pytest.mark.parametrize("mishap", ["503", "lost"])
def test_a_503_and_a_lost_answer_are_got_over_and_count_once(sdk: str, mishap: str, shop: Shop, page: Page) -> None:
    look = Look(shop)
    page.goto(shop.page(sdk))
    mishaps = Mishaps(page, mishap)
    tell(page, 'sdk.identify("42", {plan: "pro"})', 'sdk.track("Seen")')
    ana = until(page, look.arrived("identify", "Seen", user_id="42"))
    assert mishaps.left == []
    page.wait_for_timeout(1500)
    assert (look.owner(user_id="42") or ana)["events"] == ["Seen", "identify"]


@pytest.mark.parametrize(
    ("sdk", "beacon"),
    # Segment's has no such option: it sends with keepalive.
    [("segment", False), *((sdk, beacon) for sdk in ("rudderstack", "rudder-sdk-js") for beacon in (False, True))],
)
def test_what_is_told_while_a_page_is_left_arrives(sdk: str, beacon: bool, shop: Shop, page: Page) -> None:
    look = Look(shop)
    page.goto(shop.page(sdk, beacon=beacon))
    tell(page, 'sdk.identify("42", {plan: "pro"})')
    page.evaluate("url => { sdk.track('Leaving'); location.href = url }", shop.page(sdk, beacon=beacon) + "&next=1")
    page.wait_for_url("**&next=1")
    until(page, look.arrived("identify", "Leaving", user_id="42"))
