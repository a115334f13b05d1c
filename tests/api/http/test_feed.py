"""The change feed and webhooks over HTTP."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from graph.access.access_keys import KeyScope
from graph.feed.delivery import Deliveries
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.changes import append, change_row
from graph.store.database import REPEATABLE, Database
from tests.api.conftest import open_client
from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]

HOOK = {"url": "http://127.0.0.1:9/hook", "secret": "whsec_c2VjcmV0"}


@pytest.fixture
def inside(database: Database, server: Settings) -> Iterator[TestClient]:
    """An application whose webhooks may go to this machine."""
    settings = server.model_copy(update={"webhooks_allow_internal": True})
    with open_client(Kinfold.on(database, settings)) as client:
        yield client


def test_the_feed_is_read_in_pages_and_polled_with_the_last_cursor(client: TestClient, resolve: Resolve) -> None:
    made = [resolve(tracker_id=f"t{number}")["contact"]["id"] for number in range(3)]
    first = client.get("/v1/changes?limit=2").json()
    second = client.get("/v1/changes", params={"limit": 2, "after": first["next"]}).json()
    assert [item["contact"] for item in first["items"] + second["items"]] == made
    end = client.get("/v1/changes", params={"after": second["next"]}).json()
    assert end == {"items": [], "next": None}
    resolve(tracker_id="t1", email="ana@example.com")
    (claimed,) = client.get("/v1/changes", params={"cursor": second["next"]}).json()["items"]
    assert (claimed["kind"], claimed["contact"], claimed["rule"]) == ("claimed", made[1], "2.2")
    assert client.get("/v1/changes", params={"after": second["items"][-1]["id"]}).json()["items"] == [claimed]


def test_an_empty_feed_has_no_items(client: TestClient) -> None:
    assert client.get("/v1/changes").json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=nonsense", "after"),
        ("after=12345", "after"),
        ("after=1&cursor=1", "cursor"),
        ("limit=0", "limit"),
        ("since=1", "since"),
    ],
)
def test_a_bad_query_is_refused_by_name(client: TestClient, query: str, field: str) -> None:
    assert [error["field"] for error in refused(client.get(f"/v1/changes?{query}"), 422, "bad_input")] == [field]


def test_a_cursor_whose_changes_were_swept_away_is_gone(client: TestClient, kinfold: Kinfold) -> None:
    kinfold.database.write(
        lambda tx: append(tx, *(change_row("created", 5 + n, f"c{n}") for n in range(3))), committed=REPEATABLE
    )
    after = client.get("/v1/changes?limit=1").json()["next"]
    kinfold.feed.sweep(days=1)
    refused(client.get("/v1/changes", params={"after": after}), 410, "gone")
    assert client.get("/v1/changes").json()["items"] == []


def test_changes_by_hand_name_the_access_key(kinfold: Kinfold, server: Settings) -> None:
    with open_client(kinfold) as local:
        local.put("/v1/workflows/before")
    identifier, key = kinfold.access_keys.create(KeyScope.ADMIN)
    environment = server.model_copy(update={"admin_key": Settings(admin_key="a-1").admin_key})  # type: ignore[arg-type]
    with open_client(Kinfold.on(kinfold.database, environment)) as client:
        for sent, name in ((key, "stored"), ("a-1", "environment")):
            client.put(f"/v1/workflows/{name}", headers={"Authorization": f"Bearer {sent}"})
    told = {item["workflow"]: item["by"] for item in kinfold.feed.page()[0] if item["kind"] == "workflow_defined"}
    assert told == {"before": "local", "stored": identifier, "environment": "environment"}


def test_a_webhook_is_made_changed_shown_and_removed(inside: TestClient) -> None:
    made = inside.put("/v1/webhooks/shop", json=HOOK)
    assert made.status_code == 201
    assert (made.json()["url"], made.json()["kinds"]) == (HOOK["url"], [])
    changed = inside.put("/v1/webhooks/shop", json={"url": HOOK["url"], "kinds": ["merged"]})
    assert (changed.status_code, changed.json()["kinds"]) == (200, ["merged"])
    listed = inside.get("/v1/webhooks")
    assert listed.json() == {"items": [changed.json()], "next": None}
    assert inside.get("/v1/webhooks/shop").json() == changed.json()
    assert "c2VjcmV0" not in made.text + listed.text + inside.get("/v1/changes").text
    assert inside.get("/v1/webhooks/shop/dead").json() == {"items": [], "next": None}
    assert inside.post("/v1/webhooks/shop/replay").json() == {"replayed": 0}
    assert inside.delete("/v1/webhooks/shop").status_code == 204
    refused(inside.get("/v1/webhooks/shop"), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/dead"),
        ("POST", "/replay"),
    ],
)
def test_a_webhook_that_is_not_there_is_a_404(client: TestClient, method: str, path: str) -> None:
    refused(client.request(method, f"/v1/webhooks/none{path}"), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        ({}, "url", "url"),
        ({**HOOK, "events": []}, "events", "unknown_field"),
        (HOOK, "url", "internal_address"),
        ({**HOOK, "url": "http://localhost/"}, "url", "internal_address"),
        ({**HOOK, "url": "http://[::1]/"}, "url", "internal_address"),
        ({**HOOK, "url": "http://169.254.169.254/latest/meta-data"}, "url", "internal_address"),
        ({**HOOK, "url": "http://2130706433/"}, "url", "internal_address"),
        ({**HOOK, "url": "gopher://example.com/"}, "url", "url"),
    ],
)
def test_a_bad_webhook_is_refused_by_field_and_rule(client: TestClient, body: Any, field: str, rule: str) -> None:
    errors = refused(client.put("/v1/webhooks/shop", json=body), 422, "bad_input")
    assert (errors[0]["field"], errors[0]["rule"]) == (field, rule)
    assert client.get("/v1/webhooks").json()["items"] == []


def test_watching_is_part_of_a_segments_definition(client: TestClient) -> None:
    body = {"kind": "dynamic", "where": {"kind": "known"}}
    assert client.put("/v1/segments/known", json=body).json()["watch"] is False
    assert client.put("/v1/segments/known", json={**body, "watch": True}).json()["watch"] is True
    errors = refused(client.put("/v1/segments/known", json={**body, "watch": "true"}), 422, "bad_input")
    assert errors[0]["field"] == "watch"


def test_metrics_tell_how_far_behind_the_feed_is(inside: TestClient, kinfold: Kinfold) -> None:
    inside.put("/v1/webhooks/shop", json=HOOK)
    inside.post("/v1/resolve", json={"tracker_id": "t1"})
    text = inside.get("/metrics").text
    assert "kinfold_feed_last 0.0" in text or "kinfold_feed_last 1.0" in text
    assert "kinfold_feed_dead_letters 0.0" in text
    inside.get("/v1/changes")
    text = inside.get("/metrics").text
    assert "kinfold_feed_last 2.0" in text
    assert "kinfold_feed_undelivered 2.0" in text
    assert "kinfold_feed_unnumbered_seconds 0.0" in text
    with Deliveries(kinfold.database, kinfold.feed, kinfold.webhooks, send=lambda *_: None) as sending:
        sending.round()
        sending.release()
    assert "kinfold_feed_undelivered 0.0" in inside.get("/metrics").text
