"""Lists and settings: what a deployment keeps beside its people."""

from collections.abc import Callable

from playwright.sync_api import expect

from graph.access.access_keys import KeyScope
from graph.edits.splits import Wanted
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.model import KeyRef
from tests.browser.conftest import Open, Serve, Watch, findings_of_axe

Story = Callable[[str], str]
LISTS = ["segments", "workflows", "blocked", "namespaces", "webhooks", "judgements", "access-keys", "audit"]


def test_every_list_opens(open_page: Open, story: Story) -> None:
    story("david@example.com")
    page = open_page("#/settings", width=390)
    for name in LISTS:
        page.goto(f"{page.url.partition('#')[0]}#/{name}")
        expect(page.locator("table.list").first).to_be_attached()
        expect(page.locator(".loading")).to_have_count(0)


def test_a_value_is_blocked_and_let_go_again(open_page: Open, kinfold: Kinfold) -> None:
    page = open_page("#/blocked")
    page.get_by_role("textbox", name="Value").fill("shared kiosk/7")
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
    page.get_by_label("Address").fill("ftp://example.com/hook")
    page.get_by_label("Secret").fill("whsec_c2VjcmV0")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("label", has_text="Address").locator(".beside")).to_be_visible()


def test_members_of_a_list_are_edited(open_page: Open, story: Story, kinfold: Kinfold) -> None:
    david = story("david@example.com")
    kinfold.segments.define("vips", "static")
    page = open_page("#/segments")
    page.get_by_role("link", name="vips", exact=True).click()
    page.get_by_label("A contact's id").fill(david)
    page.get_by_role("button", name="Put on the list").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert [one["id"] for one in kinfold.segments.members("vips")["items"]] == [david]


def test_two_are_kept_apart_and_let_together_again(open_page: Open, kinfold: Kinfold) -> None:
    first, second = (
        str(answer.contact.id)
        for answer in kinfold.resolver.resolve([read_event({"email": f"{who}@example.com"}) for who in ("ana", "bo")])
        if answer.contact
    )
    page = open_page("#/judgements")
    page.get_by_label("A contact's id").fill(first)
    page.get_by_label("Apart from the contact").fill(second)
    page.get_by_label("Why").fill("mother and daughter")
    page.get_by_role("button", name="Keep apart").click()
    row = page.get_by_role("region", name="Judgements").locator("tbody tr")
    expect(row).to_contain_text("mother and daughter")
    [judgement] = kinfold.judgements.page()[0]
    assert set(judgement["contacts"]) == {first, second}
    assert not findings_of_axe(page)
    row.get_by_role("button", name="Take back the judgement").click()
    expect(row).to_have_count(0)
    assert kinfold.judgements.page()[0] == []
    page.get_by_label("A contact's id").fill(first)
    page.get_by_role("textbox", name="Key", exact=True).fill("t9")
    page.get_by_label("Or from the").select_option("tracker_id")
    page.get_by_role("button", name="Keep apart").click()
    expect(row).to_contain_text("the tracker t9")


def test_splits_stand_beside_the_judgements_and_are_taken_back(open_page: Open, kinfold: Kinfold) -> None:
    kinfold.resolver.resolve([read_event({"email": "ana@example.com", "user_id": "42", "tracker_id": "t1"})])
    whole = kinfold.contacts.owners("email", "ana@example.com")[0]["id"]
    kinfold.splits.split(whole, Wanted(parts=((KeyRef("user_id", "42"),),)))
    page = open_page("#/judgements")
    row = page.get_by_role("region", name="Splits").locator("tbody tr")
    row.get_by_role("button", name="Take back the split").click()
    expect(row).to_contain_text("taken back")
    assert kinfold.contacts.owners("user_id", "42")[0]["id"] == whole


def test_access_keys_are_made_shown_once_and_revoked(
    open_page: Open, kinfold: Kinfold, serve: Serve, watch: Watch
) -> None:
    watch.expect("401")
    page = open_page("#/access-keys", at=serve())
    expect(page.locator(".note")).to_contain_text("begin with an admin key")
    page.get_by_label("Whose it is").fill("ops")
    page.get_by_role("button", name="Make").click()
    shown = page.locator(".made code")
    expect(shown).to_contain_text("kinfold_admin_")
    assert not findings_of_axe(page)
    page.get_by_label("Whose it is").fill("desk")
    page.get_by_label("What it may").select_option("steward")
    page.get_by_role("button", name="Make").click()
    expect(shown).to_contain_text("kinfold_steward_")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    page.reload()
    expect(rows).to_have_count(2)
    expect(shown).to_have_count(0)
    page.get_by_role("button", name="Revoke the key desk").click()
    page.get_by_role("button", name="Revoke the key desk for good").click()
    expect(rows.last).to_contain_text("revoked")
    assert [one["revoked_at"] is None for one in kinfold.access_keys.list()] == [True, False]


def test_a_key_that_is_not_an_admins_sees_none(open_page: Open, kinfold: Kinfold, serve: Serve, watch: Watch) -> None:
    watch.expect("401")
    _, key = kinfold.access_keys.create(KeyScope.STEWARD)
    page = open_page("#/access-keys", at=serve())
    page.get_by_label("This server asks for an access key").fill(key)
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("main")).to_contain_text("It takes an admin key")
