"""Who did what, who read and exported whom, and why: kept, listed, for admin keys only."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.api.conftest import open_client
from tests.api.pinned import refused

ADMIN = {"Authorization": "Bearer a-1"}
READ = {"Authorization": "Bearer r-1"}
Resolve = Callable[..., dict[str, Any]]


@pytest.fixture
def guarded(kinfold: Kinfold, server: Settings) -> Iterator[TestClient]:
    keys = Settings(read_key="r-1", admin_key="a-1")  # type: ignore[arg-type]
    update = {name: getattr(keys, name) for name in ("read_key", "admin_key")}
    with open_client(Kinfold.on(kinfold.database, server.model_copy(update=update))) as client:
        yield client


def audit(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/audit", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_every_read_and_export_of_a_person_leaves_a_trace_with_its_reason(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    assert audit(client) == []
    client.get(f"/v1/contacts/{ana}", headers={"Kinfold-Reason": "Anrufe prüfen".encode()})  # type: ignore[dict-item]
    for call in ("activity", "history", "graph"):
        client.get(f"/v1/contacts/{ana}/{call}?why=ticket 7")
    client.get("/v1/contacts?email=ana@example.com")
    client.get("/v1/search?q=ana@example.com&why=ticket+8")
    client.get(f"/v1/contacts/{ana}/export?why=she asked")
    client.get("/v1/export?email=ana@example.com")
    told = [(item["what"], item["details"].get("call"), item["why"]) for item in reversed(audit(client))]
    assert sorted(told, key=str) == sorted(
        [
            ("read", "contact", "Anrufe prüfen"),
            ("read", "activity", "ticket 7"),
            ("read", "history", "ticket 7"),
            ("read", "graph", "ticket 7"),
            ("read", "contacts", None),
            ("read", "search", "ticket 8"),
            ("exported", None, "she asked"),
            ("exported", None, None),
        ],
        key=str,
    )
    assert {(item["contact"], item["by"]) for item in audit(client)} == {(ana, "local")}


def test_every_act_by_hand_and_every_erasure_says_by_whom_and_why(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    bo = resolve(email="bo@example.com")["contact"]["id"]
    client.post(f"/v1/contacts/{ana}/keys?why=by phone", json={"user_id": "4242"})
    union = client.post("/v1/merges", json={"source": bo, "target": ana}).json()["id"]
    client.post(f"/v1/merges/{union}/undo")
    client.put("/v1/blocked/value/kiosk")
    client.put("/v1/segments/s?why=campaign", json={"kind": "static"})
    client.delete(f"/v1/contacts/{ana}?why=her request")
    told = [(item["what"], item["contact"], item["why"]) for item in reversed(audit(client))]
    assert told == [
        ("key_given", ana, "by phone"),
        ("merged", ana, None),
        ("unmerged", bo, None),
        ("block_rule_added", None, None),
        ("segment_defined", None, "campaign"),
        ("erased", ana, "her request"),
    ]
    assert all(item["by"] == "local" for item in audit(client))
    (erased,) = [change for change in client.get("/v1/changes").json()["items"] if change["kind"] == "erased"]
    assert erased["by"] == "local"
    assert not any(key in str(audit(client)) for key in ("4242", "ana@example.com")), "no key of a person is in it"


def test_a_dry_run_and_a_refusal_are_no_acts(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    client.post(f"/v1/contacts/{ana}/keys?dry_run=true", json={"user_id": "42"})
    client.get("/v1/contacts/nobody")
    client.get("/v1/contacts/nobody/export")
    client.delete("/v1/contacts/nobody")
    assert audit(client) == []


def test_the_audit_is_filtered_and_paged(client: TestClient, resolve: Resolve) -> None:
    ids = [resolve(email=f"p{number}@example.com")["contact"]["id"] for number in range(3)]
    for one in ids:
        client.get(f"/v1/contacts/{one}")
    client.get(f"/v1/contacts/{ids[0]}/export")
    whole = audit(client)
    assert [item["contact"] for item in audit(client, what="exported")] == [ids[0]]
    assert {item["what"] for item in audit(client, contact=ids[0])} == {"read", "exported"}
    assert audit(client, by="command") == []
    middle = whole[2]["at"]
    assert audit(client, **{"from": middle}) == whole[:3]
    assert audit(client, to=middle) == whole[2:]
    pages, cursor = [], None
    while True:
        page = client.get("/v1/audit", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        pages += page["items"]
        if (cursor := page["next"]) is None:
            break
    assert pages == whole
    refused(client.get("/v1/audit?from=yesterday"), 422, "bad_input")
    refused(client.get("/v1/audit?cursor=nonsense"), 422, "bad_input")


def test_who_reads_does_not_read_who_reads(guarded: TestClient) -> None:
    ana = guarded.post("/v1/resolve", json={"email": "ana@example.com"}, headers=ADMIN).json()["contact"]["id"]
    assert guarded.get(f"/v1/contacts/{ana}", headers=READ).status_code == 200
    refused(guarded.get("/v1/audit", headers=READ), 403, "forbidden")
    (entry,) = guarded.get("/v1/audit", headers=ADMIN).json()["items"]
    assert (entry["what"], entry["by"], entry["contact"]) == ("read", "environment", ana)


def test_a_reason_is_cut_and_holds_nothing_that_a_terminal_obeys(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    client.get(f"/v1/contacts/{ana}", params={"why": "\x1b[31m" + "x" * 1_000})
    (entry,) = audit(client)
    assert entry["why"] == "[31m" + "x" * 496
