"""The page of offers: a space and a visitor in, the offers and the reasons out, and nothing written."""

from pathlib import Path

from playwright.sync_api import expect

from api.command.catalogue import load
from graph.kinfold import Kinfold
from tests.browser.conftest import Open, findings_of_axe
from tests.graph.offers.shop import ask, put, resolve

CATALOGUE = Path(__file__).parents[2] / "examples" / "catalogue.yaml"


def test_without_a_space_the_page_says_what_to_do(open_page: Open, kinfold: Kinfold) -> None:
    page = open_page("#/offers")
    expect(page.locator(".empty")).to_contain_text("kinfold catalogue import")


def test_a_space_and_a_visitor_show_the_offers_and_why_not_the_others(open_page: Open, kinfold: Kinfold) -> None:
    load(kinfold, CATALOGUE.read_bytes())
    resolve(kinfold, email="ana@example.com", tracker_id="t1", properties={"city": "Lyon"})
    page = open_page("#/offers")
    page.get_by_label("Space").select_option(label="customers/north-home")
    page.get_by_label("Tracker", exact=True).fill("t1")
    page.get_by_role("button", name="Show the offers").click()
    answer = page.locator(".answer")
    expect(answer).to_contain_text("identified implicitly, by a cookie")
    expect(answer.get_by_role("table").first).to_contain_text("A fitting at our shop in Lyon")
    expect(answer).to_contain_text("The contact does not meet its condition.")
    # The verdict is one running sentence: its line is a row of boxes, and words of a sentence are none.
    verdict = answer.locator(".verdict")
    assert verdict.evaluate("line => [line.childNodes.length, line.childElementCount]") == [1, 1]
    page.get_by_label("Tracker", exact=True).fill("somebody new")
    page.get_by_role("button", name="Show the offers").click()
    expect(answer).to_contain_text("customers/north-home falls back to north/home")
    expect(answer).to_contain_text("The visitor would be kept in visitors of north.")
    assert not findings_of_axe(page)
    assert kinfold.contacts.owners("tracker_id", "somebody new") == []


def test_on_a_phone_the_columns_of_offers_are_as_wide_as_their_words(open_page: Open, kinfold: Kinfold) -> None:
    load(kinfold, CATALOGUE.read_bytes())
    page = open_page("#/offers", width=390)
    page.get_by_label("Space").select_option(label="customers/north-home")
    page.get_by_label("Tracker", exact=True).fill("t1")
    page.get_by_role("button", name="Show the offers").click()
    head = page.get_by_role("columnheader", name="Category")
    lines = "cell => { const all = document.createRange(); all.selectNodeContents(cell); return all.getClientRects(); }"
    assert head.evaluate(f"cell => ({lines})(cell).length") == 1
    card = page.locator(".answer")
    assert card.evaluate("card => card.scrollWidth <= card.clientWidth"), "it stays in its card, and is scrolled there"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_catalogue_is_tried_on_a_segment_and_what_nobody_gets_is_named(open_page: Open, kinfold: Kinfold) -> None:
    offers = {"french": {"where": {"property": "country", "is": "FR"}}, "draft": {"state": "draft"}}
    put(kinfold, shop={"kind": "identified", "spaces": {"home": {}}, "offers": offers})
    resolve(kinfold, email="ana@example.com", properties={"country": "FR"})
    resolve(kinfold, email="ben@example.com", properties={"country": "DE"})
    kinfold.segments.define("german", "dynamic", {"property": "country", "is": "DE"})
    page = open_page("#/offers/simulation/shop")
    answer = page.locator(".answer")
    page.get_by_role("button", name="Try it").click()
    expect(answer).to_contain_text("2 contacts of everybody")
    expect(answer).to_contain_text("Offered to nobody: shop/draft")
    row = answer.get_by_role("row", name="french").first
    expect(row).to_contain_text("1 time: The contact does not meet its condition.")
    assert not findings_of_axe(page)
    page.get_by_label("Segment").select_option("german")
    page.get_by_role("button", name="Try it").click()
    expect(answer).to_contain_text("1 contact of segment german")
    expect(answer).to_contain_text("Offered to nobody: shop/draft, shop/french")
    with page.expect_download() as kept:
        page.get_by_role("button", name="Save as CSV").click()
    assert Path(kept.value.path()).read_text().startswith("contact,kind,space,answered_by,position,offer,weight")
    page.get_by_label("Data of the call (JSON)").fill("{")
    page.get_by_role("button", name="Try it").click()
    expect(answer).to_contain_text("context: this is not JSON")


def test_a_report_is_a_table_a_drawing_and_a_file(open_page: Open, kinfold: Kinfold) -> None:
    put(kinfold, shop={"kind": "identified", "spaces": {"home": {}}, "offers": {"boots": {}, "hats": {}}})
    proposed = ask(kinfold, "shop/home", email="ana@example.com")
    kinfold.propositions.note_outcome(proposed["proposition_id"], "refused", "boots")
    page = open_page("#/offers/report/shop")
    answer = page.locator(".answer")
    expect(answer.get_by_role("row", name="boots")).to_have_text("boots10001")
    expect(answer.get_by_role("img")).to_contain_text("1 refused")
    assert not findings_of_axe(page)
    page.get_by_label("Counted by").select_option("space")
    expect(answer.get_by_role("row", name="shop/home")).to_have_text("shop/home20001")
    with page.expect_download() as kept:
        page.get_by_role("button", name="Save as CSV").click()
    assert Path(kept.value.path()).read_text().splitlines()[1] == "shop/home,2,0,0,0,1"
