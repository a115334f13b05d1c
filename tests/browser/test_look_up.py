"""Looking somebody up: one box, addresses that can be sent to others, nobody, several, access keys."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open, Serve, Watch, findings_of_axe

Resolve = Callable[..., dict[str, Any]]
Story = Callable[[str], str]

ANA = {"email": "ana@example.com", "tracker_id": "t1", "subscription": "s1", "user_id": "42"}


@pytest.fixture
def ana(resolve: Resolve) -> str:
    answer = resolve(**ANA, properties={"_name": "Ana"})
    return str(answer["id"])


@pytest.mark.parametrize(("kind", "typed"), [*((kind, value) for kind, value in ANA.items()), ("contact", "")])
def test_one_box_takes_any_key_and_an_id_and_says_which_it_was(
    open_page: Open, ana: str, kind: str, typed: str
) -> None:
    page = open_page()
    page.keyboard.press("/")
    page.keyboard.type(typed or ana)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Ana"))
    words = {"tracker_id": "tracker", "user_id": "user id", "contact": "contact id"}.get(kind, kind)
    expect(page.locator(".note")).to_contain_text(f"Found by {words}")


def test_an_address_shows_the_same_to_whoever_gets_it(open_page: Open, ana: str) -> None:
    page = open_page(f"#/contact/{ana}/history")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ana")
    expect(page.get_by_role("link", name="History")).to_have_attribute("aria-current", "true")
    expect(page.locator(".history")).to_contain_text("A contact was made")
    page.get_by_role("link", name="Keys and properties").click()
    expect(page).to_have_url(re.compile(f"#/contact/{ana}/keys$"))
    page.go_back()
    expect(page.locator(".history")).to_contain_text("A contact was made")
    assert "Ana" in page.title()


def test_the_owners_of_a_shared_subscription_are_listed(open_page: Open, story: Story) -> None:
    page = open_page("#/search/push-martin-living-room")
    expect(page.get_by_role("heading", level=1)).to_contain_text("3 contacts")
    for name in ("Paul", "Julie", "Léa"):
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    page = open_page("#/subscription/push-martin-living-room")
    expect(page.get_by_role("heading", level=1)).to_contain_text("3 contacts own the subscription")
    expect(page.locator(".details")).to_contain_text("shared")
    assert not findings_of_axe(page)


def test_a_folded_contact_leads_to_its_survivor(open_page: Open, resolve: Resolve) -> None:
    folded = resolve(tracker_id="t2")["id"]
    resolve(email="bo@example.com")
    assert resolve(email="bo@example.com", tracker_id="t2")["merged"] == [folded]
    for address in (f"#/contact/{folded}", f"#/search/{folded}"):
        page = open_page(address)
        expect(page.locator(".note")).to_contain_text("was folded into this contact")


def test_what_nobody_owns_is_said_and_what_begins_so_is_offered(open_page: Open, ana: str) -> None:
    page = open_page("#/search/an")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Beginning with")
    page.get_by_role("link", name="ana@example.com").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ana")
    page.goto(page.url.partition("#")[0] + "#/search/nobody")
    expect(page.locator(".empty")).to_contain_text("No contact owns nobody")
    page.goto(page.url.partition("#")[0] + "#/tracker_id/nobody")
    expect(page.locator(".empty")).to_contain_text("No contact owns the tracker nobody")


def test_an_id_that_is_nobodys_is_a_problem_in_words(open_page: Open, watch: Watch) -> None:
    watch.expect("404")
    page = open_page("#/contact/nobody")
    expect(page.get_by_role("alert")).to_contain_text("No contact has the id 'nobody'")
    assert not findings_of_axe(page)


def test_an_address_that_leads_nowhere_says_so(open_page: Open) -> None:
    expect(open_page("#/nowhere/at/all").locator(".empty")).to_contain_text("There is no such page")


def test_text_from_the_graph_never_becomes_markup(open_page: Open, resolve: Resolve) -> None:
    bad = "<img src=x onerror=alert(1)>"
    contact = resolve(tracker_id=bad, user_id=bad, properties={"_name": bad, bad: bad}, event=bad)["id"]
    for part in ("graph", "keys", "activity", "history", "why"):
        page = open_page(f"#/contact/{contact}/{part}")
        expect(page.get_by_role("heading", level=1)).to_contain_text(bad)
        page.wait_for_load_state("networkidle")
        assert page.locator("main img[src=x]").count() == 0


def test_with_access_keys_the_page_asks_for_one_and_keeps_it_for_the_tab_only(
    open_page: Open, watch: Watch, ana: str, serve: Serve
) -> None:
    watch.expect("401")
    address = serve(KINFOLD_READ_KEY="r-schlüssel", KINFOLD_ADMIN_KEY="a-1")
    page = open_page(f"#/contact/{ana}", at=address)
    box = page.get_by_label("This server asks for an access key")
    expect(box).to_be_focused()
    assert not findings_of_axe(page)
    box.fill("r-schlüssel")
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ana")
    expect(box).to_be_hidden()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ana")
    assert page.evaluate("[localStorage.length, document.cookie, Object.values(sessionStorage)]") == [
        0,
        "",
        ["r-schlüssel"],
    ]
    # A read key previews and may not write: it is told which key may.
    page.get_by_role("link", name="Keys and properties").click()
    page.get_by_role("button", name="Take away the tracker t1").click()
    preview = page.get_by_role("group", name="Preview")
    expect(preview).to_contain_text("Doing this takes a steward key.")
    expect(preview.get_by_role("button", name="Take it away")).to_have_count(0)
    expect(box).to_be_hidden()
    expect(box).not_to_be_focused()
    page.get_by_role("link", name="What if").click()
    page.get_by_label("Email", exact=True).fill("ana@example.com")
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_role("region", name="The answer")).to_contain_text("Rule 2")
    page.get_by_role("button", name="Use another access key").click()
    expect(box).to_be_focused()
    page.get_by_role("button", name="Close").click()
    expect(box).to_be_hidden()


def test_while_the_server_is_away_the_page_says_so(open_page: Open, watch: Watch, ana: str) -> None:
    watch.expect("ERR_FAILED|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION")
    page = open_page(f"#/contact/{ana}/keys")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ana")
    page.route("**/v1/**", lambda route: route.abort())
    page.get_by_role("link", name="Unions").click()
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
    page.unroute("**/v1/**")
    page.get_by_role("link", name="Anomalies").click()
    expect(page.locator(".empty")).to_contain_text("Nothing looks wrong")


def test_of_several_tenants_on_this_machine_the_address_says_whose_contacts_are_shown(
    open_page: Open, ana: str, serve: Serve, tmp_path: Path
) -> None:
    file = tmp_path / "tenants.yaml"
    file.write_text("tenants:\n  north:\n")
    address = serve(KINFOLD_TENANTS=str(file))
    page = open_page(f"?tenant=north#/contact/{ana}", at=address)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ana")
