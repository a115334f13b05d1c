"""Anomalies and clusters: listed with their reasons, opened at their subject, acted on."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.browser.conftest import Open, findings_of_axe

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
    people = [owner["id"] for owner in kinfold.contacts.owners("subscription", "push-martin-living-room")] or [
        story("paul.martin@example.com")
    ]
    union = kinfold.unions.page(limit=1)[0][0]["id"]
    cluster = {
        "id": "c1", "score": 0.4, "verdict": "household", "reason": "Three people share one browser.",
        "contacts": 3, "known": 3, "folded": 4, "keys": 1, "members": people, "density": 1.0,
        "articulation_points": [{"type": "subscription", "value": "push-martin-living-room"}],
        "bridges": [[{"type": "contact", "value": people[0]}, {"type": "tracker", "value": "martin-tablet"}]],
        "communities": [people], "cut": {"key": "subscription", "value": "push-martin-living-room", "pieces": 3},
        "unmerges": [], "trend": {"ties": 3, "recent": 3, "fast": True},
        "actions": [{"action": "unmerge", "method": "POST", "path": f"/v1/merges/{union}/undo", "merge": union}],
    }  # fmt: skip
    page = open_page()
    offered(page, "/v1/clusters", {"items": [cluster], "next": None}, **{"/v1/clusters": "get"})
    page.reload()
    page.get_by_role("link", name="Clusters").click()
    card = page.locator(".finding")
    for text in ("household", "Three people share one browser", "it grew fast", "push-martin-living-room"):
        expect(card).to_contain_text(text)
    card.get_by_role("button", name="Un-merge").click()
    expect(card.get_by_role("group", name="Preview")).to_contain_text("would come back")
    assert not findings_of_axe(page)
    card.get_by_role("link", name="Open the graph").click()
    expect(page.get_by_role("region", name="Details")).to_contain_text(people[0])


def test_what_the_server_does_not_have_is_not_offered(open_page: Open, crowded: str) -> None:
    page = open_page("#/anomalies")
    expect(page.locator(".finding").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    has = page.evaluate("fetch('/openapi.json').then(answer => answer.json()).then(({paths}) => Object.keys(paths))")
    assert page.get_by_role("link", name="Clusters").is_visible() is ("/v1/clusters" in has)
    dismiss = page.locator(".finding").first.get_by_role("button", name="Dismiss")
    assert dismiss.count() == ("/v1/anomalies/{id}/dismiss" in has)
