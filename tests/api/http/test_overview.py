"""GET /v1/overview: the figures that the home page shows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi.testclient import TestClient

from graph.kinfold import Kinfold
from graph.store.database import REPEATABLE, Database

Resolve = Callable[..., dict[str, Any]]


def figures(client: TestClient) -> dict[str, Any]:
    response = client.get("/v1/overview")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_an_empty_graph_has_figures_too(client: TestClient) -> None:
    found = figures(client)
    assert found["contacts"] == {"total": 0, "known": 0, "anonymous": 0}
    assert found["deduplication"]["keys_a_contact"] is None
    assert (len(found["days"]), found["rules"], found["findings"]["open"]) == (30, [], 0)


def test_what_came_is_counted(client: TestClient, resolve: Resolve) -> None:
    resolve(tracker_id="t1")
    resolve(tracker_id="t1", email="ana@example.com")
    other = resolve(tracker_id="t2")["contact"]["id"]
    resolve(tracker_id="t2", email="ana@example.com")
    resolve(tracker_id="t3", subscription="s1")
    found = figures(client)
    assert found["contacts"] == {"total": 2, "known": 1, "anonymous": 1}
    by_namespace = {"email": 1, "user_id": 0, "tracker_id": 3, "subscription": 1}
    assert found["keys"] == {"total": 5, "by_namespace": by_namespace}
    assert found["deduplication"] == {"keys_a_contact": 2.5, "folded": 1, "contacts_ever": 3, "folded_share": 0.333}
    assert (found["events"], found["unions"]["total"]) == ({"total": 5, "in_days": 5}, 1)
    today = datetime.now(UTC).date()
    days = [(today - timedelta(days=back)).isoformat() for back in range(29, -1, -1)]
    assert [day["day"] for day in found["days"]] in (days, [*days[1:], (today + timedelta(days=1)).isoformat()])
    assert (found["days"][-1]["events"], found["days"][-1]["unions"]) == (5, 1)
    assert {"rule": "3", "events": 1} in found["rules"]
    assert sum(rule["events"] for rule in found["rules"]) == 5
    [union] = client.get("/v1/merges").json()["items"]
    assert union["source"] == other
    client.post(f"/v1/merges/{union['id']}/undo")
    assert figures(client)["unions"] == {"total": 1, "in_days": 1, "undone_in_days": 1}


def test_a_declared_namespace_is_counted_by_its_name(client: TestClient, kinfold: Kinfold) -> None:
    assert figures(client)["keys"]["by_namespace"].keys() == set(kinfold.namespaces.names)


def test_days_that_are_over_keep_their_figures_and_today_is_counted_anew(
    client: TestClient, resolve: Resolve, database: Database
) -> None:
    for message in ("old", "older", "new"):
        resolve(tracker_id="t1", message_id=message)
    move = "MATCH (a:Activity {message_id: $message}) SET a.received_at = datetime() - duration({days: $days})"
    for message, days in (("old", 3), ("older", 40)):
        database.write(
            lambda tx, message=message, days=days: tx.run_text(move, message=message, days=days), committed=REPEATABLE
        )
    assert [day["events"] for day in figures(client)["days"]] == [0] * 26 + [1, 0, 0, 1]
    resolve(tracker_id="t1")
    found = figures(client)
    assert [day["events"] for day in found["days"]] == [0] * 26 + [1, 0, 0, 2]
    assert found["events"] == {"total": 4, "in_days": 3}


def test_open_findings_are_counted_by_kind_until_they_are_dismissed(client: TestClient, resolve: Resolve) -> None:
    for number in range(12):
        resolve(email=f"p{number}@example.com", tracker_id=f"t{number}", subscription="kiosk")
    listed = client.get("/v1/anomalies").json()["items"]
    found = figures(client)["findings"]
    assert found["open"] == len(listed) > 0
    assert sum(found["by_kind"].values()) == found["open"]
    assert found["as_of"] is not None
    client.post(f"/v1/anomalies/{listed[0]['id']}/dismiss", json={})
    assert figures(client)["findings"]["open"] == found["open"] - 1
