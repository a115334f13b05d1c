"""One person or two: suggestions side by side, what is said to them, who is kept apart, and splits with a preview."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from graph.kinfold import Kinfold
from tests.browser.conftest import Open, findings_of_axe

Resolve = Callable[..., dict[str, Any]]


@pytest.fixture
def pair(resolve: Resolve) -> tuple[str, str]:
    """Two contacts whose addresses differ by a plus tag, the younger first."""
    ana = resolve(email="ana@example.com", tracker_id="t1", properties={"country": "FR"})
    shop = resolve(email="ana+shop@example.com", tracker_id="t2", properties={"country": "FR", "city": "Paris"})
    return str(shop["id"]), str(ana["id"])


def only_card(page: Page) -> Any:
    expect(page.locator(".suggestion")).to_have_count(1)
    return page.locator(".suggestion")


def test_both_sides_of_a_suggestion_are_compared_and_made_one(
    open_page: Open, pair: tuple[str, str], kinfold: Kinfold
) -> None:
    page = open_page()
    page.get_by_role("link", name="Suggestions", exact=True).click()
    card = only_card(page)
    expect(card).to_contain_text("plus tag")
    card.get_by_text("Side by side").click()
    expect(card.locator(".group")).to_have_count(2)
    expect(card.locator("mark").first).to_have_text("FR")
    expect(card).to_contain_text("gets email ana+shop@example.com")
    expect(card).to_contain_text("city: Paris")
    assert not findings_of_axe(page)
    card.get_by_role("button", name="One person").click()
    expect(page.locator("main")).to_contain_text("They are one now")
    assert kinfold.contacts.get(pair[0])["id"] == pair[1]
    page.get_by_role("link", name="The union").click()
    page.get_by_role("button", name="Un-merge: preview taking this union back").click()
    expect(page.get_by_role("button", name="Un-merge", exact=True)).to_be_visible()


def test_a_refused_pair_is_kept_apart_until_that_is_taken_back(
    open_page: Open, pair: tuple[str, str], kinfold: Kinfold
) -> None:
    page = open_page(f"#/contact/{pair[1]}/same")
    card = only_card(page)
    expect(card).to_contain_text("Probably the same as")
    card.get_by_role("button", name="Two people").click()
    expect(page.locator("main")).to_contain_text("They are kept apart")
    assert kinfold.judgements.page()[0][0]["contacts"] == [pair[0], pair[1]]
    page.reload()
    apart = page.get_by_role("region", name="Kept apart")
    expect(apart.get_by_role("link")).to_have_count(1)
    expect(page.get_by_role("region", name="Probably the same")).to_contain_text("nobody")
    assert not findings_of_axe(page)
    apart.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("region", name="Kept apart")).to_contain_text("nobody and nothing")
    assert kinfold.judgements.page() == ([], None)


def test_a_suggestion_that_is_put_off_leaves_the_list(open_page: Open, pair: tuple[str, str]) -> None:
    page = open_page("#/suggestions")
    only_card(page).get_by_role("button", name="Later").click()
    expect(page.locator("main")).to_contain_text("Put off for 30 days")
    page.reload()
    expect(page.locator(".empty")).to_contain_text("No suggestions")


def test_a_contact_is_split_after_a_preview_and_made_whole_again(
    open_page: Open, resolve: Resolve, kinfold: Kinfold
) -> None:
    for name in ("ana", "bob"):
        whole = str(resolve(user_id="bogus", email=f"{name}@example.com", tracker_id=f"t-{name}")["id"])
    page = open_page(f"#/contact/{whole}/change")
    form = page.get_by_role("form", name="Split")
    form.get_by_label("Take apart around").select_option(label="user id bogus")
    form.get_by_label("and block that key").check()
    form.get_by_role("button", name="Preview").click()
    table = form.get_by_role("table", name="Who gets what")
    expect(table.get_by_role("row")).to_have_count(5)
    expect(table).to_contain_text("email bob@example.com")
    assert not findings_of_axe(page)
    assert kinfold.splits.page() == ([], None)
    form.get_by_role("button", name="Split it").click()
    section = page.get_by_role("region", name="Split it")
    expect(section).to_contain_text("came apart into 2 more")
    (entry,) = kinfold.splits.page()[0]
    assert (entry["blocked"], len(entry["parts"])) == (True, 2)
    section.get_by_role("button", name="Undo this split").click()
    expect(section.locator(".undone")).to_contain_text("undone")
    assert set(kinfold.contacts.get(whole)["emails"]) == {"ana@example.com", "bob@example.com"}


def test_ticked_keys_become_a_contact_of_their_own(open_page: Open, resolve: Resolve, kinfold: Kinfold) -> None:
    for name in ("ana", "bob"):
        whole = str(resolve(user_id="42", email=f"{name}@example.com", tracker_id=f"t-{name}")["id"])
    page = open_page(f"#/contact/{whole}/change")
    form = page.get_by_role("form", name="Split")
    form.get_by_label("Move the email bob@example.com").check()
    form.get_by_label("Move the tracker t-bob").check()
    form.get_by_role("button", name="Preview").click()
    form.get_by_role("button", name="Split it").click()
    expect(page.get_by_role("region", name="Split it")).to_contain_text("came apart into 1 more")
    (bob,) = kinfold.contacts.owners("email", "bob@example.com")
    assert (bob["id"] != whole, bob["trackers"]) == (True, ["t-bob"])
