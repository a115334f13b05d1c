"""Anomalies and clusters: listed with their reasons, opened at their subject, acted on."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.browser.conftest import Open, Watch, findings_of_axe
from tests.graph.analysis import worlds

Resolve = Callable[..., dict[str, Any]]
Story = Callable[[str], str]


@pytest.fixture
def crowded(kinfold: Kinfold, server: Settings) -> str:
    """A contact that met the limit on its trackers."""
    small = Kinfold.on(kinfold.database, server.model_copy(update={"max_trackers": 2}))
    for turn in range(4):
        small.resolver.resolve([read_event({"email": "ana@example.com", "tracker_id": f"t{turn}"})])
    found: str = kinfold.contacts.owners("email", "ana@example.com")[0]["id"]
    return found


def test_an_anomaly_is_listed_with_its_reason_and_opens_the_graph_at_its_subject(open_page: Open, crowded: str) -> None:
    page = open_page("#/anomalies")
    finding = page.locator(".finding").first
    expect(finding).to_contain_text("limit")
    expect(finding.get_by_role("meter")).to_be_visible()
    finding.get_by_text("Evidence").click()
    expect(finding.locator(".evidence")).to_contain_text("rule")
    assert not findings_of_axe(page)
    finding.get_by_role("link", name="Open the graph").click()
    expect(page.get_by_role("region", name="Details")).to_contain_text(crowded)


def offered(page: Page, path: str, answer: Any, **calls: str) -> list[str]:
    """Answer for a server with this path; gives the writes that the page then sends there."""
    sent: list[str] = []

    def document(route: Route) -> None:
        known = route.fetch().json()
        for address, method in calls.items():
            known["paths"].setdefault(address, {})[method] = {}
        route.fulfill(json=known)

    def reply(route: Route) -> None:
        if route.request.method != "GET":
            sent.append(f"{route.request.method} {route.request.url.partition('/v1')[2]}")
            route.fulfill(status=200, content_type="application/json", body="{}")
        else:
            route.fulfill(status=200, content_type="application/json", body=json.dumps(answer))

    page.route("**/openapi.json", document)
    page.route(f"**{path}**", reply)
    return sent


def test_a_finding_about_a_key_is_opened_blocked_and_dismissed(
    open_page: Open, story: Story, kinfold: Kinfold, origin: str
) -> None:
    item = {
        "id": "f1",
        "kind": "many_emails",
        "subject": {"type": "tracker", "value": "library-kiosk"},
        "score": 0.81,
        "reason": "Three people logged in there.",
        "evidence": {"contacts": 3, "emails": ["david@example.com", "ana@example.com"]},
        "actions": [
            {"action": "block", "method": "PUT", "path": "/v1/blocked/value/library-kiosk", "value": "library-kiosk"},
            {"action": "dismiss", "method": "POST", "path": "/v1/anomalies/f1/dismiss"},
        ],
    }
    page = open_page()
    sent = offered(page, "/v1/anomalies", {"items": [item], "next": None}, **{"/v1/anomalies/{id}/dismiss": "post"})
    page.goto(f"{origin}/#/anomalies/many_emails")
    page.reload()
    finding = page.locator(".finding")
    expect(finding).to_contain_text("0.81")
    finding.get_by_role("button", name="Block the value").click()
    expect(finding.get_by_role("group", name="Preview")).to_contain_text("would count as absent")
    assert kinfold.blocking.rules() == []
    finding.get_by_role("button", name="Block it").click()
    expect(finding).to_contain_text("Blocked: from now on it counts as absent")
    assert [rule["value"] for rule in kinfold.blocking.rules()] == ["library-kiosk"]
    finding.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".finding")).to_have_count(0)
    assert sent == ["POST /anomalies/f1/dismiss"]
    page.go_back()
    page.goto(f"{origin}/#/tracker_id/library-kiosk")
    expect(page.get_by_role("region", name="Details")).to_contain_text("library-kiosk")


def test_a_cluster_shows_who_is_in_it_what_holds_it_and_what_to_take_back(
    open_page: Open, story: Story, kinfold: Kinfold, origin: str
) -> None:
    people = [owner["id"] for owner in kinfold.contacts.owners("subscription", "push-martin-living-room")]
    union = kinfold.unions.page(limit=1)[0][0]["id"]
    cluster = {
        "id": "c1", "score": 0.4, "verdict": "shared device", "reason": "Three people share one browser.",
        "contacts": 34, "known": 3, "folded": 4, "keys": 1, "members": people, "density": 1.0,
        "articulation_points": [{"type": "subscription", "value": "push-martin-living-room"}],
        "bridges": [[{"type": "contact", "value": people[0]}, {"type": "redirect", "value": "old-id"}]],
        "communities": [people], "cut": {"key": "subscription", "value": "push-martin-living-room", "pieces": 3},
        "unmerges": [], "trend": {"ties": 3, "recent": 3, "fast": True},
        "actions": [{"action": "unmerge", "method": "POST", "path": f"/v1/merges/{union}/undo", "merge": union}],
    }  # fmt: skip
    page = open_page()
    offered(page, "/v1/clusters", {"items": [cluster], "next": None}, **{"/v1/clusters": "get"})
    page.reload()
    page.get_by_role("link", name="Clusters").click()
    card = page.locator(".finding")
    card.get_by_text("Evidence").click()
    for text in ("shared device", "Three people share one browser", "it grew fast", "push-martin-living-room"):
        expect(card).to_contain_text(text)
    expect(card.get_by_role("link", name="old-id")).to_be_visible()
    expect(card).not_to_contain_text("type redirect")
    expect(card).to_contain_text("and 31 more: open the cluster")
    expect(card.get_by_text("shared device", exact=True)).to_have_class("badge")
    card.get_by_role("button", name="Un-merge").click()
    expect(card.get_by_role("group", name="Preview")).to_contain_text("would come back")
    assert not findings_of_axe(page)
    card.get_by_role("group", name="Preview").get_by_role("button", name="Un-merge").click()
    expect(card).to_contain_text("Taken back")
    expect(page).to_have_url(re.compile("#/clusters"))
    assert kinfold.unions.get(union)["undone_at"]
    card.get_by_role("button", name="Fold again").click()
    card.get_by_role("button", name="Fold them again").click()
    expect(card).to_contain_text("Folded again, by hand")
    assert kinfold.unions.page(limit=1)[0][0]["rule"] is None


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
def test_a_finding_is_drawn_with_everybody_around_it_the_first_at_once(
    open_page: Open, kinfold: Kinfold, width: int, dark: bool
) -> None:
    worlds.send(kinfold, worlds.kiosk(84))
    page = open_page("#/anomalies", width=width, dark=dark)
    page.locator(".finding").get_by_role("link", name="Open the graph").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("many emails")
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("kiosk")
    people = page.locator(".around .people button.contact")
    first = 12 if width > 1000 else 6
    expect(people).to_have_count(first)
    expect(page.locator(".around .people .count")).to_have_text("84 people")
    expect(page.locator(".around .people .seen")).to_have_count(first - 1)
    expect(page.locator(".legend .line")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not findings_of_axe(page)
    page.get_by_role("button", name=f"Show 25 of {84 - first} more").click()
    expect(people).to_have_count(first + 25)
    expect(people.nth(first)).to_be_focused()
    people.nth(first).click()
    expect(details).to_contain_text("Was seen with it, and does not own it.")
    details.get_by_role("button", name="Expand here").click()
    expect(page.locator(".around .whose")).to_have_count(1)
    expect(details.get_by_role("button", name="Expand here")).to_have_count(0)
    assert not findings_of_axe(page)


def test_the_group_in_the_drawing_is_opened_by_a_tap_wherever_the_drawing_has_gone(
    open_page: Open, kinfold: Kinfold
) -> None:
    worlds.send(kinfold, worlds.kiosk(30))
    # High enough for nothing to be scrolled.
    page = open_page("#/tracker_id/kiosk", height=2_600)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto(page.url.partition("#")[0] + "#/anomalies")
    page.locator(".finding").get_by_role("link", name="Open the graph").click()
    people = page.locator(".around .people button.contact")
    expect(people).to_have_count(12)
    # Names come after the ids, and may take another line.
    page.wait_for_load_state("networkidle")
    page.locator(".canvas").hover()
    page.locator(".finding").get_by_text("Evidence").click()
    x, y = page.evaluate(
        """() => {
            const canvas = document.querySelector('.canvas');
            const {x, y} = canvas.drawing.cy.nodes('.group').renderedPosition();
            const {left, top} = canvas.getBoundingClientRect();
            return [left + x, top + y];
        }"""
    )
    page.mouse.click(x, y)
    expect(people).to_have_count(30)


def test_somebody_is_kept_from_a_shared_key_in_its_drawing_and_given_it_back(open_page: Open, kinfold: Kinfold) -> None:
    worlds.send(kinfold, worlds.shared_subscription(4))
    page = open_page("#/subscription/push-x")
    details = page.get_by_role("region", name="Details")
    page.locator(".around .people").get_by_role("button", name="share1@example.com").click()
    expect(details).to_contain_text("Owns what stands in the middle.")
    details.get_by_text("Keep apart …").click()
    details.get_by_label("Why").fill("sold the phone")
    assert not findings_of_axe(page)
    details.get_by_role("button", name="Keep apart", exact=True).click()
    expect(details).to_contain_text("Kept apart: no event brings them together.")
    expect(details.locator(".judged")).to_contain_text("push-x: sold the phone")
    owners = [one["email"] for one in kinfold.contacts.owners("subscription", "push-x")]
    assert sorted(owners) == ["share0@example.com", "share2@example.com", "share3@example.com"]
    details.locator(".judged").get_by_role("button", name="Take back").click()
    expect(details).to_contain_text("Taken back")
    expect(details.locator(".judged li")).to_have_count(0)
    assert len(kinfold.contacts.owners("subscription", "push-x")) == 4
    details.get_by_label("From").select_option(label="share2@example.com")
    details.get_by_role("button", name="Keep apart", exact=True).click()
    expect(details.locator(".judged")).to_contain_text("share2@example.com")
    [judgement] = kinfold.judgements.page()[0]
    assert len(judgement["contacts"]) == 2
    assert not findings_of_axe(page)


def test_the_owners_of_a_shared_subscription_fall_asleep_from_the_finding_and_are_woken(
    open_page: Open, kinfold: Kinfold
) -> None:
    def states() -> dict[str, str]:
        owners = kinfold.contacts.owners("subscription", "push-x")
        return {one["email"]: one["subscriptions"][0]["state"] for one in owners}

    worlds.send(kinfold, worlds.shared_subscription(4))
    for number in range(4):
        [owner] = kinfold.contacts.owners("email", f"share{number}@example.com")
        kinfold.subscriptions.wake("subscription", "push-x", contacts=[owner["id"]])
    before = states()
    assert set(before.values()) == {"awake"}
    page = open_page("#/anomalies")
    page.locator(".finding").filter(has_text="push-x").first.get_by_role("link", name="Open the graph").click()
    card = page.locator(".finding")
    card.locator("select[name=but]").select_option(label="everybody but share2@example.com")
    card.get_by_role("button", name="Let it sleep …").click()
    preview = card.get_by_role("group", name="Preview")
    expect(preview.locator("table")).to_have_count(3)
    expect(preview).to_contain_text("push-x, asleep")
    assert not findings_of_axe(page)
    assert states() == before
    preview.get_by_role("button", name="Let it sleep").click()
    expect(card).to_contain_text("Asleep on it, not to be reached by it")
    assert states() == {one: "awake" if one.startswith("share2") else "asleep" for one in before}
    expect(page.locator(".around .people .seen")).to_have_count(3)
    card.get_by_role("button", name="Wake them again").click()
    expect(card).to_contain_text("Taken back")
    expect(page.locator(".around .people .seen")).to_have_count(0)
    assert states() == before
    details = page.get_by_role("region", name="Details")
    page.locator(".around .people").get_by_role("button", name="share1@example.com").click()
    details.get_by_role("button", name="Let it sleep for this person").click()
    details.get_by_role("group", name="Preview").get_by_role("button", name="Let it sleep").click()
    expect(details).to_contain_text("not to be reached by it")
    assert states()["share1@example.com"] == "asleep"
    details.get_by_role("button", name="Wake this person on it").click()
    details.get_by_role("group", name="Preview").get_by_role("button", name="Wake").click()
    expect(details).to_contain_text("Awake again")
    assert not findings_of_axe(page)
    assert states() == before


def test_a_finding_that_fused_people_is_split_and_put_together_again(open_page: Open, kinfold: Kinfold) -> None:
    worlds.send(
        kinfold,
        [{"user_id": "user_id", "email": f"fused{n}@example.com", "tracker_id": f"fused-{n}"} for n in range(40)],
    )
    page = open_page("#/anomalies/fusing_value")
    page.locator(".finding").first.get_by_role("link", name="Open the graph").click()
    expect(page.locator(".around .whose")).to_have_count(1)
    card = page.locator(".finding")
    card.get_by_role("button", name="Split …").click()
    preview = card.get_by_role("group", name="Preview")
    expect(preview).to_contain_text("fused7@example.com")
    expect(preview).to_contain_text("stays as it is")
    assert not findings_of_axe(page)
    assert len(kinfold.contacts.owners("email", "fused1@example.com")[0]["emails"]) == 40
    preview.get_by_role("button", name="Split into").click()
    expect(card).to_contain_text("came out of")
    assert len(kinfold.contacts.owners("email", "fused1@example.com")[0]["emails"]) == 1
    page.reload()
    card.get_by_role("button", name="Take the split back").click()
    expect(card).to_contain_text("Taken back: it is one contact again.")
    assert len(kinfold.contacts.owners("email", "fused1@example.com")[0]["emails"]) == 40


def test_a_drawing_that_did_not_come_is_asked_for_again(open_page: Open, kinfold: Kinfold, watch: Watch) -> None:
    watch.expect("Failed to load resource")
    worlds.send(kinfold, worlds.kiosk())
    page = open_page("#/anomalies")
    drawing = re.compile(r"/v1/anomalies/[^/]+/graph$")
    page.route(drawing, lambda route: route.abort())
    page.locator(".finding").get_by_role("link", name="Open the graph").click()
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    assert not findings_of_axe(page)
    page.unroute(drawing)
    again.click()
    expect(page.locator(".around .people button.contact").first).to_be_visible()
    expect(again).to_have_count(0)


def test_a_finding_is_marked_as_done_with_a_note_and_opened_again(open_page: Open, kinfold: Kinfold) -> None:
    worlds.send(kinfold, worlds.kiosk())
    page = open_page("#/anomalies")
    page.locator(".finding").get_by_role("link", name="Open the graph").click()
    card = page.locator(".finding")
    card.get_by_label("A note for others").fill("The library's own browser.")
    card.get_by_role("button", name="Mark as done").click()
    expect(card.locator(".state")).to_contain_text("acted on by local")
    expect(card.locator(".state")).to_contain_text("The library's own browser.")
    assert not findings_of_axe(page)
    assert kinfold.anomalies.page(states=("acted",))[0][0]["note"] == "The library's own browser."
    page.get_by_role("link", name="All anomalies").click()
    expect(page.locator(".empty")).to_contain_text("Nothing looks wrong")
    page.get_by_role("link", name="acted", exact=True).click()
    expect(page.locator(".finding")).to_contain_text("The library's own browser.")
    page.locator(".finding").get_by_role("link", name="Open the graph").click()
    card.get_by_role("button", name="Open again").click()
    expect(card.get_by_role("button", name="Mark as done")).to_be_focused()
    assert kinfold.anomalies.page(states=("open",))[0]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_cluster_is_drawn_whole_and_what_its_card_cuts_is_opened(
    open_page: Open, kinfold: Kinfold, width: int
) -> None:
    worlds.send(kinfold, worlds.kiosk(26))
    page = open_page("#/clusters", width=width)
    card = page.locator(".finding").first
    expect(card).to_contain_text("and 6 more: open the cluster")
    card.get_by_role("link", name="Open the graph").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A cluster of 26 contacts")
    expect(page.get_by_role("region", name="Details")).to_contain_text("kiosk")
    first = 12 if width > 1000 else 6
    expect(page.locator(".around .people button.contact")).to_have_count(first)
    page.get_by_role("button", name=f"Show {26 - first} more" if first > 6 else "Show 20 more").click()
    expect(page.locator(".around .people button.contact")).to_have_count(26)
    expect(page.locator(".finding")).not_to_contain_text("open the cluster")
    page.locator(".finding").get_by_role("button", name="Show 16 more").first.click()
    expect(page.locator(".finding .chips").first.locator("li")).to_have_count(26)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not findings_of_axe(page)


def test_findings_say_as_of_when_they_are_and_are_analysed_anew_from_the_page(
    open_page: Open, kinfold: Kinfold, origin: str
) -> None:
    page = open_page()
    stale = {"items": [], "next": None, "as_of": "2026-03-02T09:00:00Z", "current": False}
    page.route("**/v1/anomalies?**", lambda route: route.fulfill(json=stale))
    page.goto(f"{origin}/#/anomalies")
    expect(page.locator(".analysis")).to_contain_text("As of 2 Mar 2026, 09:00. The graph has changed since then.")
    expect(page.locator(".empty")).to_contain_text("Nothing looked wrong then")
    page.unroute("**/v1/anomalies?**")
    worlds.send(kinfold, worlds.kiosk())
    assert kinfold.anomalies.last() is None
    page.get_by_role("button", name="Analyse now").click()
    expect(page.locator(".finding")).to_have_count(1)
    expect(page.locator(".analysis")).not_to_contain_text("changed since")
    last = kinfold.anomalies.last()
    assert last and last["totals"]["findings"] == 1


def test_what_was_blocked_or_dismissed_is_taken_back_in_the_page(open_page: Open, kinfold: Kinfold) -> None:
    worlds.send(kinfold, worlds.kiosk())
    page = open_page("#/anomalies")
    finding = page.locator(".finding")
    finding.get_by_role("button", name="Block the value").click()
    finding.get_by_role("button", name="Block it").click()
    expect(finding).to_contain_text("Blocked: from now on it counts as absent")
    page.reload()
    expect(finding).to_contain_text("Blocked: from now on it counts as absent")
    expect(finding.get_by_role("button", name="Block the value")).to_have_count(0)
    finding.get_by_role("button", name="Let it count again").click()
    expect(finding.get_by_role("button", name="Block the value")).to_be_visible()
    assert kinfold.blocking.rules() == []
    finding.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".done-row")).to_contain_text("Dismissed")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    assert kinfold.anomalies.page()[0] == []
    page.get_by_role("button", name="Undo").click()
    expect(finding).to_have_count(1)
    assert len(kinfold.anomalies.page()[0]) == 1
    finding.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".done-row")).to_be_visible()
    page.get_by_role("link", name="dismissed", exact=True).click()
    finding.get_by_role("button", name="Put it back").click()
    expect(page.locator(".done-row")).to_contain_text("Back on the list")
    assert not findings_of_axe(page)
    assert len(kinfold.anomalies.page()[0]) == 1


def test_what_the_server_does_not_have_is_not_offered(open_page: Open, crowded: str) -> None:
    page = open_page("#/anomalies")
    expect(page.locator(".finding").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    has = page.evaluate("fetch('/openapi.json').then(answer => answer.json()).then(({paths}) => Object.keys(paths))")
    assert page.get_by_role("link", name="Clusters").is_visible() is ("/v1/clusters" in has)
    dismiss = page.locator(".finding").first.get_by_role("button", name="Dismiss")
    assert dismiss.count() == ("/v1/anomalies/{id}/dismiss" in has)
