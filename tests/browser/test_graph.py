"""The graph around a contact: drawn, listed, expanded, and with a thousand keys."""

import re
import time
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import networkx
import pytest
from playwright.sync_api import Page, expect

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from tests.browser.conftest import Open, findings_of_axe
from tests.graph.analysis import worlds

Resolve = Callable[..., dict[str, Any]]
Story = Callable[[str], str]


def node(page: Page, name: str) -> Any:
    return page.locator(".around").get_by_role("button", name=name, exact=True).first


def ink(page: Page) -> int:
    """Count the pixels that are drawn, of all layers of the drawing."""
    return int(
        page.evaluate(
            """() => {
                const copy = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
                let sum = 0;
                for (const layer of document.querySelectorAll('.canvas canvas')) {
                    Object.assign(copy.canvas, {width: layer.width, height: layer.height});
                    copy.drawImage(layer, 0, 0);
                    const {data} = copy.getImageData(0, 0, layer.width, layer.height);
                    for (let place = 3; place < data.length; place += 4) sum += data[place] > 0;
                }
                return sum;
            }"""
        )
    )


def test_the_graph_shows_keys_shared_ones_marked_and_folded_contacts(open_page: Open, story: Story) -> None:
    page = open_page(f"#/contact/{story('paul.martin@example.com')}")
    for key in ("paul.martin@example.com", "martin-living-room", "paul-office"):
        expect(node(page, key)).to_be_visible()
    shared = node(page, "push-martin-living-room")
    expect(shared).to_have_class(re.compile(r"\bshared-key\b"))
    for owner in ("Julie", "Léa"):
        expect(node(page, owner)).to_be_visible()
    expect(page.get_by_role("heading", name="Folded contacts 1")).to_be_visible()
    assert ink(page) > 1000, "the drawing is there too"
    expect(page.get_by_role("img", name="Drawing of")).to_be_visible()
    assert not findings_of_axe(page)


def test_a_click_on_a_node_shows_how_it_came(open_page: Open, story: Story) -> None:
    page = open_page(f"#/contact/{story('david@example.com')}")
    node(page, "david-laptop").click()
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("through a union")
    node(page, "library-kiosk").click()
    expect(details).to_contain_text("with event m50")
    ghost = page.locator(".around button.folded").first
    ghost.click()
    expect(details).to_contain_text("by rule 3, event m51")
    expect(details).to_contain_text("It brought")


def test_a_tap_in_the_drawing_chooses_the_node_there(open_page: Open, resolve: Resolve) -> None:
    contact = resolve(email="ana@example.com")["id"]
    page = open_page(f"#/contact/{contact}")
    expect(node(page, "ana@example.com")).to_be_visible()
    expect(page.get_by_role("region", name="Details")).to_contain_text(contact)
    box = page.locator(".canvas").bounding_box()
    assert box
    # The contact stands left of its keys; walk over the drawing to the right until a key is hit.
    email = page.get_by_role("region", name="Details").get_by_role("heading", name="Email")
    for step in range(8, 24):
        for height in (0.3, 0.42, 0.5, 0.58, 0.7):
            page.mouse.click(box["x"] + box["width"] * step / 24, box["y"] + box["height"] * height)
            if email.count():
                return
    pytest.fail("no place of the drawing is the email's")


def test_another_contact_is_expanded_where_it_stands(open_page: Open, story: Story) -> None:
    page = open_page(f"#/contact/{story('paul.martin@example.com')}")
    node(page, "Julie").click()
    before = ink(page)
    page.get_by_role("button", name="Expand here").click()
    expect(node(page, "julie.martin@example.com")).to_be_visible()
    expect(page.get_by_role("button", name="Expand here")).to_have_count(0)
    assert ink(page) != before
    page.get_by_role("region", name="Details").get_by_role("link", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Julie")


def test_the_graph_is_used_with_the_keyboard_alone(open_page: Open, story: Story) -> None:
    page = open_page(f"#/contact/{story('bruno@example.com')}")
    expect(node(page, "bruno-phone")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "bruno-phone":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Details")).to_contain_text("bruno-phone")
    expect(node(page, "bruno-phone")).to_have_attribute("aria-current", "true")


@pytest.fixture
def hoarder(generous: Kinfold) -> str:
    """A contact with a thousand keys."""
    for start in range(0, 960, 120):
        generous.resolver.resolve(
            [read_event({"email": "hoarder@example.com", "tracker_id": f"t{n:04}"}) for n in range(start, start + 120)]
        )
    generous.resolver.resolve(
        [read_event({"email": "hoarder@example.com", "subscription": f"s{n}"}) for n in range(39)]
    )
    contact: dict[str, Any] = generous.contacts.owners("email", "hoarder@example.com")[0]
    assert len(contact["trackers"]) + len(contact["subscriptions"]) + len(contact["emails"]) == 1000
    return str(contact["id"])


@pytest.mark.parametrize("width", [1280, 360])
def test_a_contact_with_a_thousand_keys_is_shown_in_groups_that_are_opened_on_demand(
    open_page: Open, hoarder: str, width: int
) -> None:
    page = open_page(f"#/contact/{hoarder}", width=width)
    expect(page.get_by_role("heading", name="Trackers 960")).to_be_visible()
    first = page.locator(".around button.tracker_id").count()
    assert first <= 10
    page.get_by_role("button", name=f"Show 25 of {960 - first} more").click()
    expect(page.locator(".around button.tracker_id")).to_have_count(first + 25)
    expect(page.get_by_role("button", name=f"Show 25 of {935 - first} more")).to_be_visible()
    # What was opened is worked with as before, and the rest of the page answers.
    page.locator(".around button.tracker_id").nth(first + 24).click()
    expect(page.get_by_role("region", name="Details")).to_contain_text("with event")
    page.get_by_role("link", name="Keys and properties").click()
    expect(page.get_by_role("button", name="Show 50 of 952 more")).to_be_visible()
    page.get_by_role("button", name="Show 50 of 952 more").click()
    expect(page.get_by_role("button", name="Show 50 of 902 more")).to_be_visible()
    page.get_by_role("link", name="Activity", exact=True).click()
    expect(page.locator(".events > li")).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".events > li")).to_have_count(100)


def test_a_key_beyond_the_first_page_is_drawn_with_its_way(open_page: Open, hoarder: str) -> None:
    page = open_page("#/why/hoarder@example.com/t0900")
    expect(page.locator(".steps li")).to_have_count(2)
    expect(node(page, "t0900")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_graph_is_drawn_as_it_was_and_steps_from_change_to_change(
    open_page: Open, resolve: Resolve, width: int, dark: bool
) -> None:
    contact = resolve(email="ana@example.com", tracker_id="t1")["id"]
    time.sleep(0.05)
    resolve(email="ana@example.com", subscription="s1")
    time.sleep(0.05)
    resolve(email="ana@example.com", user_id="42")
    page = open_page(f"#/contact/{contact}", width=width, dark=dark)
    expect(node(page, "s1")).to_be_visible()
    group = page.get_by_role("group", name="As it was")
    slider = group.get_by_role("slider", name="As it was")
    slider.focus()
    page.keyboard.press("Home")
    expect(node(page, "s1")).to_have_count(0)
    expect(node(page, "t1")).to_be_visible()
    node(page, "t1").click()
    expect(page.get_by_role("region", name="Details")).to_contain_text("with event")
    expect(page.get_by_role("button", name="Take away")).to_have_count(0)
    assert not findings_of_axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    group.get_by_role("button", name="As it was after the next change").click()
    expect(node(page, "s1")).to_be_visible()
    expect(node(page, "42")).to_have_count(0)
    group.get_by_role("button", name="As it is now").click()
    expect(node(page, "42")).to_be_visible()
    expect(group.get_by_role("button", name="As it is now")).to_be_disabled()


def test_kinds_and_nodes_are_hidden_and_shown_again_and_a_node_is_pinned(open_page: Open, story: Story) -> None:
    page = open_page(f"#/contact/{story('david@example.com')}")
    expect(node(page, "david-laptop")).to_be_visible()
    before = ink(page)
    page.get_by_text("Filter and save").click()
    page.get_by_role("checkbox", name="tracker").uncheck()
    expect(page.locator(".around button.tracker_id")).to_have_count(0)
    assert ink(page) < before
    page.get_by_role("checkbox", name="tracker").check()
    node(page, "david-laptop").click()
    details = page.get_by_role("region", name="Details")
    details.get_by_role("button", name="Hide").click()
    expect(node(page, "david-laptop")).to_have_count(0)
    assert not findings_of_axe(page)
    page.get_by_role("button", name="Show 1 hidden node again").click()
    node(page, "david-laptop").click()
    details.get_by_role("button", name="Pin", exact=True).click()
    expect(details.get_by_role("button", name="Unpin")).to_be_visible()
    page.get_by_role("button", name="Unpin all").click()
    expect(page.get_by_role("button", name="Unpin all")).to_be_hidden()


def test_the_drawing_is_saved_as_png_svg_and_graphml(open_page: Open, story: Story) -> None:
    page = open_page(f"#/contact/{story('david@example.com')}")
    expect(node(page, "david-laptop")).to_be_visible()
    page.get_by_text("Filter and save").click()
    saved: dict[str, bytes] = {}
    for kind in ("PNG", "SVG", "GraphML"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        assert download.value.suggested_filename.endswith(f".{kind.lower()}")
        saved[kind] = download.value.path().read_bytes()
    assert saved["PNG"].startswith(b"\x89PNG")
    svg = ElementTree.fromstring(saved["SVG"])
    words = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert "david-laptop" in words
    assert len(list(svg.iter("{http://www.w3.org/2000/svg}path"))) >= len(words) - 1
    drawn = networkx.parse_graphml(saved["GraphML"].decode())
    labels = {data.get("label") for _, data in drawn.nodes(data=True)}
    assert {"david@example.com", "david-laptop"} <= labels
    assert {data["type"] for _, _, data in drawn.edges(data=True)} >= {"owns", "folded_into"}


def test_a_thousand_people_are_drawn_at_once_in_rings_and_in_columns(open_page: Open, kinfold: Kinfold) -> None:
    kinfold.resolver.resolve([read_event({"tracker_id": "kiosk"})])
    for start in range(0, 990, 330):
        events = [{"tracker_id": "kiosk", "email": f"reader{n}@example.com"} for n in range(start, start + 330)]
        kinfold.resolver.resolve([read_event(event) for event in events])
    page = open_page("#/anomalies")
    page.locator(".finding").filter(has_text="kiosk").first.get_by_role("link", name="Open the graph").click()
    expect(page.locator(".around .people button.contact")).to_have_count(12)
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".around .people button.contact")).to_have_count(990)
    # So many stand on rings by themselves.
    page.get_by_role("button", name="Draw in columns").click()
    expect(page.get_by_role("button", name="Draw in rings")).to_be_visible()
    page.get_by_role("button", name="Draw in rings").click()
    expect(page.get_by_role("button", name="Draw in columns")).to_be_visible()
    apart = page.evaluate(
        """() => {
            const nodes = document.querySelector('.canvas').drawing.cy.nodes().map((node) => node.position());
            let least = Infinity;
            for (let one = 0; one < nodes.length; one++)
                for (let other = 0; other < one; other++)
                    least = Math.min(least, Math.hypot(nodes[one].x - nodes[other].x, nodes[one].y - nodes[other].y));
            return least;
        }"""
    )
    assert apart > 30, "no node stands on another"
    seen = page.evaluate(
        """() => {
            const {under, colours} = document.querySelector('.canvas').drawing;
            const {data} = under.getContext('2d').getImageData(0, 0, under.width, under.height);
            return data.some((value) => value > 0) && colours.warn;
        }"""
    )
    assert seen, "the lines are painted, although Cytoscape has none of them"
    page.get_by_text("Filter and save").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG", exact=True).click()
    assert saved.value.path().read_text().count("<path") >= 990


def test_a_phone_draws_as_much_as_it_can_show_and_names_the_rest_in_the_list(open_page: Open, kinfold: Kinfold) -> None:
    worlds.send(kinfold, worlds.kiosk(130))
    page = open_page("#/anomalies", width=390)
    page.locator(".finding").filter(has_text="kiosk").first.get_by_role("link", name="Open the graph").click()
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".around .people button.contact")).to_have_count(130)
    expect(page.locator(".left-out")).to_have_text("31 more nodes of this drawing stand only in the list after it.")
    assert page.locator(".canvas").evaluate("(canvas) => canvas.clientHeight") < 4_096


def test_the_graph_fills_the_screen_and_comes_back(open_page: Open, story: Story) -> None:
    page = open_page(f"#/contact/{story('david@example.com')}")
    expect(node(page, "david-laptop")).to_be_visible()
    page.get_by_role("button", name="Full screen").click()
    leave = page.get_by_role("button", name="Leave full screen")
    expect(leave).to_be_visible()
    assert page.evaluate("document.fullscreenElement.className") == "graph"
    leave.click()
    expect(leave).to_have_count(0)
    assert page.evaluate("document.fullscreenElement") is None


def test_what_came_at_another_time_is_not_drawn(open_page: Open, resolve: Resolve) -> None:
    contact = resolve(email="ana@example.com", occurred_at="2026-03-01T10:00:00Z")["id"]
    resolve(email="ana@example.com", tracker_id="old-phone", occurred_at="2026-03-02T10:00:00Z")
    resolve(email="ana@example.com", tracker_id="new-phone", occurred_at="2026-05-02T10:00:00Z")
    page = open_page(f"#/contact/{contact}")
    expect(node(page, "new-phone")).to_be_visible()
    page.get_by_text("Filter and save").click()
    page.get_by_label("Came from").fill("2026-05-01")
    page.get_by_label("Came from").blur()
    expect(node(page, "old-phone")).to_have_count(0)
    expect(node(page, "new-phone")).to_be_visible()
    assert not findings_of_axe(page)
    page.get_by_role("button", name="Any time").click()
    expect(node(page, "old-phone")).to_be_visible()
