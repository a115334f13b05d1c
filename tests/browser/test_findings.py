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
from tests.browser.conftest import Open, findings_of_axe
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


def test_a_finding_is_drawn_with_everybody_whom_it_is_about(open_page: Open, kinfold: Kinfold) -> None:
    worlds.send(kinfold, worlds.kiosk(14))
    page = open_page("#/anomalies")
    page.locator(".finding").get_by_role("link", name="Open the graph").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("many emails")
    expect(page.get_by_role("region", name="Details")).to_contain_text("kiosk")
    expect(page.locator(".around .whose")).to_have_count(12)
    assert not findings_of_axe(page)
    page.get_by_role("button", name="Draw 2 more contacts of 2").click()
    expect(page.locator(".around .whose")).to_have_count(14)
    expect(page.get_by_role("button", name="Draw")).to_be_hidden()
    page.locator(".around button.tracker_id", has_text="kiosk").first.click()
    expect(page.get_by_role("region", name="Details")).to_contain_text("Seen there too")


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
    expect(page.locator(".around .whose")).to_have_count(26)
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
