"""The catalogue in the page: a wizard for environments, and editing with what is wrong beside the field."""

from typing import Any

from playwright.sync_api import Page, expect

from graph.kinfold import Kinfold
from tests.browser.conftest import Open, Watch, findings_of_axe
from tests.graph.offers.shop import ask, names, put


def parts(kinfold: Kinfold, environment: str, part: str) -> dict[str, dict[str, Any]]:
    return {one.get("path", one.get("name")): one for one in kinfold.catalogues.listed(environment, part)}


def saved(page: Page, words: str = "Saved") -> None:
    expect(page.locator("#live")).to_contain_text(words)


def test_the_wizard_shows_what_follows_from_a_mapping_and_then_makes_it(
    open_page: Open, kinfold: Kinfold, watch: Watch
) -> None:
    watch.expect("status of (409|422)")
    put(kinfold, taken={"kind": "anonymous", "visitors_folder": "mine"})
    page = open_page("#/catalogue")
    page.locator("[name=brand]").fill("taken")
    page.locator("[name=brand]").blur()
    expect(page.locator("label", has_text="Brand").get_by_role("alert")).to_contain_text("already")
    page.locator("[name=brand]").fill("north")
    page.locator("[name=brand]").blur()
    draft = page.get_by_role("group", name="What will be made")
    expect(draft).to_contain_text("visitors of north")
    expect(draft.get_by_label("For inbound anonymous interactions")).to_be_checked()
    assert [one["name"] for one in kinfold.catalogues.environments()] == ["taken"]
    page.get_by_label("Visitors folder (named after the brand if empty)").fill("mine")
    page.get_by_label("Visitors folder (named after the brand if empty)").blur()
    expect(page.locator("label", has_text="Visitors folder").get_by_role("alert")).to_contain_text("'taken'")
    page.get_by_label("Visitors folder (named after the brand if empty)").fill("")
    page.get_by_role("button", name="Make the environment").click()
    expect(page.get_by_role("heading", name="north")).to_be_visible()
    assert kinfold.catalogues.environment("north")["visitors_folder"] == "visitors of north"
    assert not findings_of_axe(page)


def test_an_offer_and_a_space_are_made_edited_and_deleted(open_page: Open, kinfold: Kinfold, watch: Watch) -> None:
    watch.expect("status of (409|422)")
    put(kinfold, north={"kind": "anonymous", "spaces": {"banner": {}}}, crm={"kind": "identified"})
    page = open_page("#/catalogue/crm")
    page.get_by_label("New space").fill("home")
    page.get_by_role("region", name="Spaces").get_by_role("button", name="Add").click()
    page.get_by_label("Fall back to an anonymous space if nobody was identified").check()
    beside = page.locator("label", has_text="Associated anonymous space").get_by_role("alert")
    expect(beside).to_contain_text("names the anonymous space")
    page.get_by_label("Associated anonymous space").select_option("north/banner")
    expect(beside).to_have_count(0)
    page.get_by_label("Identify implicitly from browsing history").check()
    page.get_by_role("button", name="Make the space").click()
    expect(page.get_by_role("button", name="Delete space home")).to_be_visible()
    home = parts(kinfold, "crm", "spaces")["home"]
    assert (home["identify_implicitly"], home["fall_back"], home["anonymous_space"]) == (True, True, "north/banner")

    page.goto(page.url.partition("#")[0] + "#/catalogue/crm/offers/boots")
    page.get_by_label("Condition (JSON)").fill('{"property": "size", "above": 3}')
    page.get_by_label("Condition (JSON)").blur()
    expect(page.locator("label", has_text="Condition").get_by_role("alert").first).to_be_visible()
    page.get_by_label("Condition (JSON)").fill('{"property": "size", "greater_than": 3}')
    page.get_by_label("Weight", exact=True).fill("9")
    page.get_by_role("button", name="Make the offer").click()
    expect(page.get_by_role("button", name="Delete offer boots")).to_be_visible()
    boots = parts(kinfold, "crm", "offers")["boots"]
    assert (boots["weight"], boots["where"]) == (9, {"property": "size", "greater_than": 3})
    assert not findings_of_axe(page)
    page.get_by_label("State").select_option("draft")
    page.get_by_role("button", name="Save").click()
    saved(page)
    assert parts(kinfold, "crm", "offers")["boots"] == boots | {"state": "draft"}
    page.get_by_role("button", name="Delete offer boots").click()
    expect(page.get_by_role("heading", name="crm")).to_be_visible()
    assert parts(kinfold, "crm", "offers") == {}


def test_what_hangs_on_a_part_is_named_and_it_stays(open_page: Open, kinfold: Kinfold, watch: Watch) -> None:
    watch.expect("status of (409|422)")
    put(
        kinfold,
        crm={
            "kind": "identified",
            "spaces": {"home": {}},
            "categories": {"shoes": {}},
            "offers": {"boots": {"category": "shoes"}},
        },
    )
    page = open_page("#/catalogue/crm/categories/shoes")
    page.get_by_role("button", name="Delete category shoes").click()
    expect(page.get_by_role("alert")).to_contain_text("offers boots")
    page.get_by_label("Switched on").uncheck()
    page.get_by_role("button", name="Save").click()
    saved(page)
    assert names(ask(kinfold, "crm/home", email="ana@example.com")) == []
