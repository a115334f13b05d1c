"""The three walks of docs/explore.md, from one end to the other, as a person clicks through the page."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import expect

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from tests.browser.conftest import PATIENCE, Open
from tests.graph.analysis import worlds


@pytest.fixture
def alerts() -> Iterator[tuple[str, "Queue[dict[str, Any]]"]]:
    """A receiver of webhooks on this machine: its address, and the changes that come."""
    came: Queue[dict[str, Any]] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/alerts", came
        server.shutdown()


def test_from_a_webhook_alert_to_a_mended_shared_subscription(
    open_page: Open, kinfold: Kinfold, alerts: tuple[str, "Queue[dict[str, Any]]"]
) -> None:
    address, came = alerts
    page = open_page()
    page.get_by_role("link", name="Webhooks").click()
    page.get_by_label("Name").fill("alerts")
    page.get_by_label("Address").fill(address)
    page.get_by_label("Secret").fill("whsec_c2VjcmV0c2VjcmV0c2VjcmV0")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("tbody tr")).to_contain_text("alerts")
    # Six customers log in on the shop's tablet.
    worlds.send(kinfold, worlds.shared_subscription(6))
    while (alert := came.get(timeout=PATIENCE / 1000))["type"] != "finding_raised":
        pass
    told = alert["data"]
    assert told["subject"]["value"] == "push-x"

    page.goto(f"{page.url.partition('#')[0]}#/finding/{told['finding']}")
    card = page.locator(".finding")
    expect(card).to_contain_text("push-x")
    expect(page.locator(".around .people .count")).to_have_text("6 people")
    # Whoever named themselves before is asleep already: one is left, whom the tablet's pushes still reach.
    expect(page.locator(".around .people .seen")).to_have_count(5)
    card.get_by_role("button", name="Let it sleep …").click()
    card.get_by_role("group", name="Preview").get_by_role("button", name="Let it sleep").click()
    expect(card).to_contain_text("Asleep on it")
    expect(card.get_by_role("button", name="Wake them again")).to_be_visible()
    card.get_by_label("A note for others").fill("The shop's tablet: pushes to it reach nobody.")
    card.get_by_role("button", name="Mark as done").click()
    expect(card).to_contain_text("acted on")
    owners = kinfold.contacts.owners("subscription", "push-x")
    assert {one["subscriptions"][0]["state"] for one in owners} == {"asleep"}
    page.get_by_role("link", name="Audit").click()
    expect(page.locator("tbody")).to_contain_text("slept")


def test_who_is_chloe_and_why_are_these_her_devices(open_page: Open, kinfold: Kinfold) -> None:
    for event in (
        {"tracker_id": "chloe-laptop"},
        {"tracker_id": "chloe-phone", "email": "c.durand@example.com", "properties": {"_name": "Chloé Durand"}},
        {"tracker_id": "chloe-laptop", "email": "c.durand@example.com"},
    ):
        kinfold.resolver.resolve([read_event(event)])
    page = open_page()
    page.keyboard.press("/")
    page.keyboard.type("Chloé")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Chloé Durand").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Chloé Durand")
    around = page.locator(".around")
    for device in ("chloe-phone", "chloe-laptop"):
        expect(around.get_by_role("button", name=device, exact=True)).to_be_visible()
    around.get_by_role("button", name="chloe-laptop", exact=True).click()
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("through a union")
    details.get_by_role("link", name="Why one person?").click()
    page.get_by_label("and this one").fill("email:c.durand@example.com")
    page.get_by_role("button", name="Tell why").click()
    steps = page.locator(".steps")
    expect(steps).to_contain_text("The tracker_id chloe-laptop came to contact")
    expect(steps).to_contain_text("by rule 3")
    page.get_by_role("link", name="Activity", exact=True).click()
    expect(page.locator(".lanes")).to_contain_text("chloe-laptop")


def test_a_person_is_exported_and_erased_with_a_reason_that_the_audit_has(open_page: Open, kinfold: Kinfold) -> None:
    event = {"tracker_id": "t1", "email": "david@example.com", "properties": {"_name": "David"}}
    kinfold.resolver.resolve([read_event(event)])
    page = open_page()
    page.get_by_label("Look up a person").fill("david@example.com")
    page.get_by_role("button", name="Look up").click()
    page.get_by_role("link", name="Export and erase").click()
    export = page.locator(".card", has=page.get_by_role("heading", name="Export"))
    export.get_by_label("Reason").fill("asked for by the person, ticket 4711")
    with page.expect_download() as saved:
        export.get_by_role("button", name="Save as a file").click()
    assert json.loads(saved.value.path().read_text())["contact"]["email"] == "david@example.com"
    erase = page.locator(".card", has=page.get_by_role("heading", name="Erase"))
    erase.get_by_label("Reason").fill("request of the person, ticket 4712")
    erase.get_by_role("button", name="Erase …").click()
    erase.get_by_label("I know").check()
    erase.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This person was erased")
    page.get_by_role("link", name="See it in the audit").click()
    for words in ("erased", "ticket 4712", "exported", "ticket 4711"):
        expect(page.locator("table.list")).to_contain_text(words)
    assert kinfold.contacts.owners("email", "david@example.com") == []
