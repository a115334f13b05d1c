"""A person is exported and erased in the page, with a reason that the audit keeps."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from graph.access.access_keys import KeyScope
from graph.kinfold import Kinfold
from tests.browser.conftest import Open, Serve, findings_of_axe

Resolve = Callable[..., dict[str, Any]]
Story = Callable[[str], str]


def test_a_person_is_exported_and_erased_with_a_reason_and_both_stand_in_the_audit(
    open_page: Open, story: Story, kinfold: Kinfold, watch: Any
) -> None:
    david = story("david@example.com")
    page = open_page(f"#/contact/{david}")
    page.get_by_role("link", name="Export and erase").click()
    export = page.locator(".card", has=page.get_by_role("heading", name="Export"))
    export.get_by_label("Reason").fill("asked for by the person, ticket 4711")
    assert not findings_of_axe(page)
    with page.expect_download() as saved:
        export.get_by_role("button", name="Save as a file").click()
    assert saved.value.suggested_filename == f"contact-{david}.json"
    assert json.loads(saved.value.path().read_text())["contact"]["email"] == "david@example.com"
    expect(export).to_contain_text("Saved")
    erase = page.locator(".card", has=page.get_by_role("heading", name="Erase"))
    erase.get_by_role("button", name="Erase …").click()
    assert kinfold.contacts.owners("email", "david@example.com"), "a reason is asked for first"
    erase.get_by_label("Reason").fill("request of the person, ticket 4712")
    erase.get_by_role("button", name="Erase …").click()
    preview = erase.get_by_role("group", name="Preview")
    expect(preview).to_contain_text("would be erased")
    expect(preview.get_by_role("button", name="Erase for good")).to_be_disabled()
    preview.get_by_label("I know").check()
    assert not findings_of_axe(page)
    preview.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This person was erased")
    expect(page.locator(".receipt")).to_be_focused()
    assert not findings_of_axe(page)
    assert kinfold.contacts.owners("email", "david@example.com") == []
    page.get_by_role("link", name="See it in the audit").click()
    table = page.locator("table.list")
    expect(table).to_contain_text("ticket 4712")
    expect(table).to_contain_text("ticket 4711")
    watch.expect("410")
    page.goto(f"{page.url.partition('#')[0]}#/contact/{david}")
    expect(page.get_by_role("alert")).to_contain_text("erased")


@pytest.mark.parametrize("scope", [KeyScope.READ, KeyScope.STEWARD])
def test_a_key_that_may_not_erase_is_told_which_may(
    open_page: Open, resolve: Resolve, kinfold: Kinfold, serve: Serve, watch: Any, scope: KeyScope
) -> None:
    watch.expect("401")
    ana = resolve(email="ana@example.com")["id"]
    _, key = kinfold.access_keys.create(scope)
    page = open_page(f"#/contact/{ana}/privacy", at=serve())
    page.get_by_label("This server asks for an access key").fill(key)
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("main")).to_contain_text("It takes an admin key.")
    expect(page.get_by_role("button", name="Erase …")).to_have_count(0)
    expect(page.get_by_role("button", name="Save as a file")).to_be_visible()
    assert not findings_of_axe(page)
