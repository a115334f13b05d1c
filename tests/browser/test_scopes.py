"""What the page offers to who may not do everything: no button is refused, and what is missing is explained."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from graph.access.access_keys import KeyScope
from graph.analysis.run import analyse
from graph.kinfold import Kinfold
from tests.browser.conftest import Open, Serve, Traffic, findings_of_axe
from tests.browser.test_everywhere import addresses

Story = Callable[[str], str]

FILLED = """() => {
  const VALUES = {
    number: "1", url: "https://example.com", date: "2026-03-01", "datetime-local": "2026-03-01T00:00",
  };
  for (const one of document.querySelectorAll("main input")) {
    if (one.type === "checkbox") one.checked = true;
    else if (!one.value && one.type !== "file") one.value = VALUES[one.type] ?? "x";
  }
}"""
PRESSED = """() => {
  // Not in a drawing: no button there writes, and who presses all at once presses for nodes that are gone.
  for (const one of document.querySelectorAll("main button:not(:disabled)")) {
    if (one.isConnected && !one.closest(".drawing")) one.click();
  }
}"""


def _opened(open_page: Open, kinfold: Kinfold, serve: Serve, scope: KeyScope, hash_: str = "") -> Page:
    _, key = kinfold.access_keys.create(scope)
    page = open_page(hash_, at=serve())
    page.get_by_label("This server asks for an access key").fill(key)
    page.get_by_role("button", name="Use it").click()
    return page


@pytest.mark.parametrize("scope", [KeyScope.READ, KeyScope.ANALYST, KeyScope.STEWARD])
def test_no_button_of_any_view_is_refused_for_the_key_that_it_is_shown_to(
    open_page: Open, story: Story, kinfold: Kinfold, serve: Serve, watch: Any, scope: KeyScope
) -> None:
    # What is typed here makes no sense, and what a steward does here makes later addresses answer that it is gone.
    watch.expect(r"status of 4(00|01|04|09|10|22)")
    david = story("david@example.com")
    watch.expect("401")
    open_to_all = serve()
    paths = addresses(kinfold, open_page(at=open_to_all), f"{open_to_all}/", david)
    if scope is KeyScope.ANALYST:
        # Everywhere else an analyst may do what a reader may.
        paths = [path for path in paths if re.search("anomalies|finding|cluster|suggestions|same|judgements", path)]
    page = _opened(open_page, kinfold, serve, scope)
    refused: list[str] = []
    pressed = 0
    address = ""
    traffic = Traffic(page)
    page.on(
        "response",
        lambda answer: (
            refused.append(f"{address}: {answer.request.method} {answer.url} {answer.status}")
            if answer.status == 403
            else None
        ),
    )
    for address in paths:
        page.goto(f"{watch.origin}/{address}")
        traffic.await_answers()
        expect(page.locator("main[aria-busy], .loading")).to_have_count(0)
        # The second time the buttons of previews, which the first one opened.
        for _ in range(2):
            pressed += page.locator("main button:not(:disabled)").count()
            page.evaluate(FILLED)
            page.evaluate(PRESSED)
            traffic.await_answers()
    assert pressed > 40, "the page was walked without its buttons"
    assert refused == []


def test_a_late_answer_from_before_a_key_was_given_takes_no_button_away(
    open_page: Open, kinfold: Kinfold, serve: Serve, watch: Any
) -> None:
    watch.expect("401")
    _, key = kinfold.access_keys.create(KeyScope.STEWARD)
    page = open_page("#/blocked", at=serve())
    held: list[Route] = []
    page.route(
        "**/v1/access",
        lambda route: route.continue_() if "authorization" in route.request.headers else held.append(route),
    )
    page.reload()
    expect(page.locator("main[aria-busy]")).to_have_count(1)
    page.get_by_label("This server asks for an access key").fill(key)
    page.get_by_role("button", name="Use it").click()
    add = page.get_by_role("button", name="Add")
    expect(add).to_be_visible()
    with page.expect_response("**/v1/access"):
        held[0].continue_()
    page.goto(f"{watch.origin}/#/webhooks")
    expect(page.locator("main")).to_contain_text("Adding a webhook takes an admin key.")
    page.goto(f"{watch.origin}/#/blocked")
    expect(add).to_be_visible()


def test_an_analyst_puts_findings_aside_and_is_told_which_key_does_more(
    open_page: Open, story: Story, kinfold: Kinfold, serve: Serve, watch: Any
) -> None:
    watch.expect("401")
    david = story("david@example.com")
    analyse(kinfold.database)
    finding = kinfold.anomalies.page(kind="shared_subscription")[0][0]["id"]
    page = _opened(open_page, kinfold, serve, KeyScope.ANALYST, f"#/finding/{finding}")
    expect(page.get_by_role("button", name="Dismiss")).to_be_visible()
    page.get_by_role("button", name="Block the value …").click()
    preview = page.get_by_role("group", name="Preview")
    expect(preview).to_contain_text("Blocking a value takes a steward key.")
    expect(preview.get_by_role("button")).to_have_text(["Leave it as it is"])
    assert not findings_of_axe(page)
    page.goto(f"{watch.origin}/#/contact/{david}/change")
    split = page.get_by_role("form", name="Split")
    split.get_by_role("checkbox", name="Move the").first.check()
    split.get_by_role("button", name="Preview").click()
    expect(split.get_by_role("group", name="Preview")).to_contain_text("Splitting a contact takes a steward key.")
    page.goto(f"{watch.origin}/#/blocked")
    expect(page.locator("main")).to_contain_text("Changing this list takes a steward key.")
    expect(page.get_by_role("button", name="Add")).to_have_count(0)
    page.goto(f"{watch.origin}/#/suggestions")
    expect(page.locator("main")).to_contain_text("Uniting two, or keeping them apart, takes a steward key.")
    page.goto(f"{watch.origin}/#/audit")
    expect(page.locator("main")).to_contain_text("It takes an admin key")


def test_a_steward_blocks_splits_and_judges_but_makes_no_webhook(
    open_page: Open, story: Story, kinfold: Kinfold, serve: Serve, watch: Any
) -> None:
    watch.expect("401")
    david = story("david@example.com")
    page = _opened(open_page, kinfold, serve, KeyScope.STEWARD, "#/blocked")
    page.get_by_label("Value", exact=True).fill("kiosk-1")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("tbody")).to_contain_text("kiosk-1")
    page.goto(f"{watch.origin}/#/contact/{david}/change")
    split = page.get_by_role("form", name="Split")
    split.get_by_role("checkbox", name="Move the").first.check()
    split.get_by_role("button", name="Preview").click()
    split.get_by_role("button", name="Split it").click()
    expect(page.get_by_role("button", name="Undo this split")).to_be_visible()
    page.goto(f"{watch.origin}/#/webhooks")
    expect(page.locator("main")).to_contain_text("Adding a webhook takes an admin key.")
    expect(page.get_by_role("button", name="Add")).to_have_count(0)
    assert not findings_of_axe(page)
