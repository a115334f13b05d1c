"""The catalogue in the page: a wizard for environments, and editing with what is wrong beside the field."""

import json
from typing import Any

from playwright.sync_api import Page, expect

from graph.kinfold import Kinfold
from tests.browser.conftest import Open, Watch, findings_of_axe
from tests.graph.offers.shop import ask, names, put

LIMIT = {"at_most": {"count": 1}}


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
    page.get_by_role("button", name="As JSON").click()
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


def test_a_condition_is_made_of_tests_with_what_is_wrong_beside_each(
    open_page: Open, kinfold: Kinfold, watch: Watch
) -> None:
    watch.expect("status of 422")
    kinfold.segments.define("vip", "static")
    put(kinfold, north={"kind": "anonymous"}, crm={"kind": "identified", "spaces": {"home": {}}})
    page = open_page("#/catalogue/crm/offers/boots")
    condition = page.get_by_role("group", name="Condition")
    condition.get_by_role("button", name="Add a test").click()
    first = condition.locator(".test[data-place]").nth(0)
    first.get_by_label("Name").fill("country")
    first.get_by_label("Value").fill("FR")
    condition.get_by_role("button", name="Add a test").click()
    second = condition.locator(".test[data-place]").nth(1)
    second.get_by_label("Name").fill("renews_at")
    second.get_by_label("Test", exact=True).select_option("is_before")
    second.get_by_label("Value").fill("in a month")
    second.get_by_label("Value").blur()
    expect(second.get_by_role("alert")).to_contain_text("ISO 8601 duration")
    expect(first.get_by_role("alert")).to_have_count(0)
    second.get_by_label("Value").fill("P30D")
    second.get_by_label("Value").blur()
    expect(second.get_by_role("alert")).to_have_count(0)
    condition.get_by_role("button", name="Add a group").click()
    inner = condition.locator(".group-of .group-of")
    inner.get_by_label("All or any").select_option("any")
    third = inner.locator(".test[data-place]").first
    third.get_by_label("What is asked").select_option("segment")
    inner.get_by_role("button", name="Add a test").click()
    fourth = inner.locator(".test[data-place]").nth(1)
    fourth.get_by_label("What is asked").select_option("event")
    fourth.get_by_label("Event", exact=True).fill("purchase")
    fourth.get_by_label("At least how often").fill("2")
    fourth.get_by_label("Within").fill("P90D")
    fourth.get_by_label("not", exact=True).check()
    assert not findings_of_axe(page)
    page.get_by_role("button", name="Make the offer").click()
    expect(page.get_by_role("button", name="Delete offer boots")).to_be_visible()
    purchase = {"event": "purchase", "at_least": 2, "within": "P90D"}
    where = {
        "all": [
            {"property": "country", "is": "FR"},
            {"property": "renews_at", "is_before": "P30D"},
            {"any": [{"segment": "vip"}, {"not": purchase}]},
        ]
    }
    assert parts(kinfold, "crm", "offers")["boots"]["where"] == where
    # What was said is shown again as it was, as a form and as JSON, and may be taken away test by test.
    condition = page.get_by_role("group", name="Condition")
    expect(condition.get_by_label("Name").first).to_have_value("country")
    condition.get_by_role("button", name="As JSON").click()
    assert json.loads(page.get_by_label("Condition (JSON)").input_value()) == where
    condition.get_by_role("button", name="As a form").click()
    condition.get_by_role("button", name="Remove this group").click()
    condition.get_by_role("button", name="Remove this test").nth(1).click()
    page.get_by_role("button", name="Save").click()
    saved(page)
    assert parts(kinfold, "crm", "offers")["boots"]["where"] == {"property": "country", "is": "FR"}


def test_an_environment_of_a_segment_is_made_and_goes_on_from_visitors(
    open_page: Open, kinfold: Kinfold, watch: Watch
) -> None:
    watch.expect("status of 422")
    kinfold.segments.define("vip", "static")
    put(kinfold, north={"kind": "anonymous"})
    page = open_page("#/catalogue")
    page.get_by_label("Mapping").select_option("segment")
    page.locator("[name=segment]").select_option("vip")
    # What the server says of the name stands beside the field that gives it.
    for refused, words in (("a/b", "no slash"), ("x" * 300, "255")):
        page.locator("[name=brand]").fill(refused)
        page.locator("[name=brand]").blur()
        expect(page.locator("label", has_text="Brand").get_by_role("alert")).to_contain_text(words)
    page.locator("[name=brand]").fill("club")
    page.locator("[name=brand]").blur()
    draft = page.get_by_role("group", name="What will be made")
    expect(draft).to_contain_text("segment vip")
    expect(draft.get_by_label("For inbound anonymous interactions")).not_to_be_checked()
    page.get_by_role("button", name="Make the environment").click()
    expect(page.get_by_role("heading", name="club")).to_be_visible()
    page.get_by_label("Goes on from").fill("north, nowhere")
    page.get_by_label("Goes on from").blur()
    expect(page.locator("label", has_text="Goes on from").get_by_role("alert")).to_contain_text("'nowhere'")
    page.get_by_label("Goes on from").fill("north")
    page.get_by_role("button", name="Save").click()
    saved(page)
    club = kinfold.catalogues.environment("club")
    assert (club["targeting_dimension"], club["segment"], club["goes_on_from"]) == ("segment", "vip", ["north"])


def test_limits_weights_and_content_are_forms_with_what_is_wrong_beside_each_part(
    open_page: Open, kinfold: Kinfold, watch: Watch
) -> None:
    watch.expect("status of 422")
    kinfold.segments.define("vip", "static")
    spaces = {"home": {"content": ["title"]}, "till": {}}
    put(kinfold, crm={"kind": "identified", "spaces": spaces, "categories": {"shoes": {}}, "rules": {"calm": LIMIT}})
    page = open_page("#/catalogue/crm/offers/boots", width=390)
    page.locator("[name=category]").select_option("shoes")
    page.get_by_label("calm").check()
    # The field that a space asks for is there, and lacks while it is empty.
    content = page.get_by_role("group", name="Content in every space")
    expect(content.get_by_label("Field", exact=True)).to_have_value("title")
    expect(content.get_by_role("alert")).to_contain_text("'home' asks every offer for title")
    content.get_by_label("Value").fill("Boots, 20% off")
    content.get_by_label("Value").blur()
    expect(content.get_by_role("alert")).to_have_count(0)
    for name, kind, value in (("price", "number", "79.5"), ("new", "flag", "true"), ("sizes", "list", "38\n39")):
        content.get_by_role("button", name="Add a field").click()
        content.get_by_label("Field", exact=True).last.fill(name)
        content.get_by_role("combobox").last.select_option(kind)
        value_of = content.get_by_label("Value").last
        value_of.select_option(value) if kind == "flag" else value_of.fill(value)
    limit = page.get_by_role("group", name="How often")
    limit.get_by_label("At most").fill("2")
    limit.get_by_label("times").select_option("refused")
    limit.get_by_label("counted over").select_option("category")
    limit.get_by_label("within").fill("a week")
    limit.get_by_label("within").blur()
    expect(limit.locator("label", has_text="within").get_by_role("alert")).to_contain_text("ISO 8601 duration")
    limit.get_by_label("within").fill("P7D")
    limit.get_by_label("within").blur()
    expect(limit.get_by_role("alert")).to_have_count(0)
    weights = page.get_by_role("group", name="Other weights")
    for number in ("5", "9"):
        weights.get_by_role("button", name="Add a weight").click()
        weights.get_by_label("Weight", exact=True).last.fill(number)
    weights.get_by_label("from").first.fill("2026-12-02T00:00:00Z")
    weights.get_by_label("until").first.fill("2026-12-01T00:00:00Z")
    weights.get_by_label("until").first.blur()
    expect(weights.locator("label", has_text="until").first.get_by_role("alert")).to_contain_text("after it starts")
    weights.get_by_label("until").first.fill("2026-12-24T00:00:00Z")
    weights.get_by_label("in space").first.select_option("till")
    weights.get_by_label("for segment").last.select_option("vip")
    own = page.get_by_role("group", name="Content in one space")
    own.get_by_role("button", name="Add content of one space").click()
    own.get_by_label("In space").select_option("till")
    own.get_by_role("button", name="Add a field").click()
    own.get_by_label("Field", exact=True).fill("title")
    own.get_by_label("Value").fill("Boots, here")
    assert not findings_of_axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Make the offer").click()
    expect(page.get_by_role("button", name="Delete offer boots")).to_be_visible()
    boots = parts(kinfold, "crm", "offers")["boots"]
    assert (boots["category"], boots["rules"], boots["spaces"]) == ("shoes", ["calm"], None)
    assert boots["at_most"] == {"count": 2, "within": "P7D", "of": "refused", "scope": "category"}
    assert boots["content"] == {"title": "Boots, 20% off", "price": 79.5, "new": True, "sizes": ["38", "39"]}
    assert boots["representations"] == {"till": {"title": "Boots, here"}}
    period = {"starts_at": "2026-12-02T00:00:00Z", "ends_at": "2026-12-24T00:00:00Z"}
    assert boots["weights"] == [
        {"weight": 5, **period, "space": "till", "segment": None},
        {"weight": 9, "starts_at": None, "ends_at": None, "space": None, "segment": "vip"},
    ]
    # Shown again, nothing is lost by saving it; what is taken away is gone.
    page.get_by_role("button", name="Remove this weight").first.click()
    limit.get_by_label("At most").fill("")
    limit.get_by_label("within").fill("")
    page.get_by_role("button", name="Save").click()
    saved(page)
    expect(weights.get_by_label("Weight", exact=True)).to_have_count(1)
    now = parts(kinfold, "crm", "offers")["boots"]
    assert now == boots | {"weights": boots["weights"][1:], "at_most": None}


def test_a_draft_is_previewed_for_a_visitor_goes_live_and_says_who_changed_what(
    open_page: Open, kinfold: Kinfold, watch: Watch
) -> None:
    watch.expect("status of 422")
    offers = {"boots": {"state": "draft", "weight": 2, "content": {"title": "Warm boots"}}, "hat": {}}
    put(kinfold, crm={"kind": "identified", "spaces": {"home": {}}, "offers": offers})
    page = open_page("#/catalogue/crm/offers/boots")
    preview = page.get_by_role("region", name="Preview")
    history = page.get_by_role("region", name="Who changed what")
    expect(history).to_contain_text("No change is noted.")
    preview.get_by_label("Email").fill("ana@example.com")
    preview.get_by_role("button", name="Preview").click()
    expect(preview.get_by_role("status")).to_have_text("boots would be number 1 of 2.")
    expect(preview).to_contain_text("Warm boots")
    preview.get_by_label("Drafts as if they were live").uncheck()
    preview.get_by_role("button", name="Preview").click()
    expect(preview.get_by_role("status")).to_have_text("boots is left out. It is a draft.")
    assert kinfold.contacts.owners("email", "ana@example.com") == []
    page.get_by_label("State").select_option("live")
    page.get_by_label("Weight", exact=True).fill("9")
    page.get_by_role("button", name="Save").click()
    saved(page)
    change = history.get_by_role("listitem").first
    expect(change).to_contain_text("somebody at this server changed it")
    expect(change.get_by_role("row", name="state")).to_contain_text("draft")
    expect(change.get_by_role("row", name="weight")).to_contain_text("9")
    assert names(ask(kinfold, "crm/home", email="ana@example.com")) == ["boots", "hat"]
    assert not findings_of_axe(page)
    # It was proposed: it ends, and is shown as it is now.
    page.get_by_role("button", name="Delete offer boots").click()
    expect(page.get_by_role("heading", name="Offer boots")).to_contain_text("ended")
    expect(history.get_by_role("listitem").first).to_contain_text("ends at")
    assert names(ask(kinfold, "crm/home", email="ana@example.com")) == ["hat"]
    page.goto(page.url.partition("#")[0] + "#/catalogue/crm")
    expect(page.get_by_role("region", name="Who changed what")).to_contain_text("changed offer boots")
