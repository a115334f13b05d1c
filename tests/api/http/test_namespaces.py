"""Declared namespaces at every door: no route forgets one."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from graph.identity.declared_namespaces import agree
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import Database
from tests.api.conftest import open_client
from tests.api.http.test_access import SCOPES
from tests.api.http.test_tenants import fill, sent_to

DECLARED = """
phone: {class: person, normalise: phone, region: FR, from: traits.phone}
card: {class: person, at_most: 1}
email_sha256: {class: person, hash_of: email}
install: {class: device}
app_push: {class: subscription}
"""
HASH = hashlib.sha256(b"ana@example.com").hexdigest()
EVENT: dict[str, Any] = {
    "email": "Ana@Example.com",
    "tracker_id": "t1",
    "message_id": "m1",
    "keys": {"phone": ["06 12 34 56 78", "07 12 34 56 78"], "card": "c1", "install": "i1", "app_push": "a1"},
}
KEYS = {
    "app_push": ["a1"],
    "card": ["c1"],
    "email": ["ana@example.com"],
    "email_sha256": [HASH],
    "install": ["i1"],
    "phone": ["+33612345678", "+33712345678"],
    "tracker_id": ["t1"],
}


@pytest.fixture
def shop(database: Database, server: Settings, tmp_path: Path) -> Iterator[TestClient]:
    file = tmp_path / "keys.yaml"
    file.write_text(DECLARED)
    update = {"keys": file, "webhooks_allow_internal": True}
    kinfold = Kinfold.on(database, server.model_copy(update=update))
    agree(database, kinfold.namespaces)
    with open_client(kinfold) as client:
        yield client


def resolve(shop: TestClient, event: dict[str, Any]) -> dict[str, Any]:
    response = shop.post("/v1/resolve", json=event)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def found(shop: TestClient, **query: str) -> list[str]:
    response = shop.get("/v1/contacts", params=query)
    assert response.status_code == 200, response.text
    return [contact["id"] for contact in response.json()["items"]]


def test_a_contact_shows_every_key_and_is_found_by_each(shop: TestClient) -> None:
    answer = resolve(shop, EVENT)
    assert (answer["rule"], answer["outcome"]) == ("2.1", "created")
    contact = answer["contact"]["id"]
    document = shop.get(f"/v1/contacts/{contact}").json()
    assert {name: sorted(values) for name, values in document["keys"].items()} == KEYS
    for name, values in KEYS.items():
        for value in values:
            assert found(shop, **{name: value}) == [contact], name
            sought = shop.get("/v1/search", params={"q": value}).json()["items"]
            assert [item["contact"]["id"] for item in sought] == [contact], name
    assert found(shop, phone="+33 6 12 34 56 78") == [contact]
    assert found(shop, email_sha256=HASH.upper()) == [contact]
    assert resolve(shop, {"keys": {"email_sha256": HASH}})["contact"]["id"] == contact


def test_a_contacts_subscriptions_are_those_of_every_namespace_with_their_state(shop: TestClient) -> None:
    def shown(contact: str, **query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = shop.get(f"/v1/contacts/{contact}", params=query).json()["subscriptions"]
        return found

    ana = resolve(shop, {**EVENT, "subscription": "s1"})["contact"]["id"]
    both = [
        {"id": "s1", "shared_with": [], "state": "awake"},
        {"id": "a1", "namespace": "app_push", "shared_with": [], "state": "awake"},
    ]
    assert shown(ana) == both
    asleep = [both[0], {**both[1], "state": "asleep"}]
    tried = shop.post("/v1/subscriptions/sleep?dry_run=true", json={"subscription": {"app_push": "a1"}}).json()
    assert [one["contact"] for one in tried["changes"]] == [ana]
    assert tried["changes"][0]["changes"] == [{"field": "subscriptions", "before": both, "after": asleep}]
    bob = resolve(shop, {"email": "bob@example.com", "keys": {"app_push": "a1"}})["contact"]["id"]
    assert shown(ana) == [both[0], {**asleep[1], "shared_with": [bob]}]
    assert shown(bob) == [{**both[1], "shared_with": [ana]}]
    slept = shop.get("/v1/changes").json()["items"][-1]
    assert (slept["kind"], slept["contact"], slept["key"]) == ("slept", ana, "app_push")
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    assert shown(ana, at=now) == shown(ana)
    assert shop.get(f"/v1/contacts/{ana}/export").json()["contact"]["subscriptions"] == shown(ana)
    assert shop.post("/v1/subscriptions/gone", json={"subscriptions": [{"app_push": "a1"}]}).json() == {"gone": 1}
    assert (shown(ana), shown(bob)) == ([both[0]], [])


def test_namespaces_are_listed_with_their_keys(shop: TestClient) -> None:
    resolve(shop, EVENT)
    listed = {one["name"]: one for one in shop.get("/v1/namespaces").json()["items"]}
    assert {name: one["keys"] for name, one in listed.items()} == {
        **{name: len(values) for name, values in KEYS.items()},
        "subscription": 0,
        "user_id": 0,
    }
    assert listed["phone"] == {
        "name": "phone",
        "class": "person",
        "priority": 100,
        "normalise": "phone",
        "region": "FR",
        "from": ["traits.phone"],
        "keys": 2,
    }


def test_a_key_that_is_full_says_so(shop: TestClient) -> None:
    resolve(shop, EVENT)
    answer = resolve(shop, {"email": "ana@example.com", "keys": {"card": "c2"}})
    assert answer["conflicts"] == [{"key": "card", "owner": None, "reason": "full"}]
    assert found(shop, card="c2") == []


def test_what_is_no_namespace_is_refused_by_name(shop: TestClient) -> None:
    for response in (
        shop.post("/v1/resolve", json={"keys": {"ssn": "1"}}),
        shop.get("/v1/contacts", params={"ssn": "1"}),
        shop.get("/v1/export", params={"ssn": "1"}),
        shop.request("DELETE", "/v1/contacts", params={"ssn": "1"}),
        shop.get("/v1/merges", params={"ssn": "1"}),
    ):
        assert response.status_code == 422
        [error] = response.json()["errors"]
        assert error["field"].endswith("ssn")
        assert error["rule"] in ("unknown_field", "unknown_parameter")


def test_keys_are_given_and_taken_by_hand_with_their_hashes(shop: TestClient) -> None:
    contact = resolve(shop, {"tracker_id": "t1"})["contact"]["id"]
    given = shop.post(f"/v1/contacts/{contact}/keys", json={"email": "ana@example.com"}).json()
    assert given["keys"]["email_sha256"] == [HASH]
    assert shop.post(f"/v1/contacts/{contact}/keys", json={"phone": "0612345678"}).json()["keys"]["phone"] == [
        "+33612345678"
    ]
    taken = shop.post(f"/v1/contacts/{contact}/keys/remove", json={"email": "ana@example.com"}).json()
    assert taken["keys"] == {"phone": ["+33612345678"], "tracker_id": ["t1"]}
    assert taken["kind"] == "known"
    taken = shop.post(f"/v1/contacts/{contact}/keys/remove", json={"phone": "+33612345678"}).json()
    assert (taken["kind"], taken["keys"]) == ("anonymous", {"tracker_id": ["t1"]})
    assert found(shop, email_sha256=HASH) == []


def test_a_union_moves_every_key_and_its_undoing_brings_each_back(shop: TestClient) -> None:
    ana = resolve(shop, EVENT)["contact"]["id"]
    bob = resolve(shop, {"email": "bob@example.com", "keys": {"card": "c9", "app_push": "a1"}})["contact"]["id"]
    before = {one: shop.get(f"/v1/contacts/{one}").json() for one in (ana, bob)}
    merge = shop.post("/v1/merges", json={"source": ana, "target": bob}).json()
    both = shop.get(f"/v1/contacts/{bob}").json()["keys"]
    assert set(both["card"]) == {"c1", "c9"}
    assert len(both["email_sha256"]) == 2
    assert [one["id"] for one in shop.get("/v1/merges", params={"phone": "0612345678"}).json()["items"]] == [
        merge["id"]
    ]
    assert shop.post(f"/v1/merges/{merge['id']}/undo").status_code == 200
    for one, document in before.items():
        after = shop.get(f"/v1/contacts/{one}").json()
        assert {name: sorted(values) for name, values in after["keys"].items()} == {
            name: sorted(values) for name, values in document["keys"].items()
        }
        assert after["kind"] == document["kind"]


def test_what_a_key_tied_together_is_listed_though_the_key_stayed_where_it_was(shop: TestClient) -> None:
    def tied(**key: str) -> list[str]:
        return [one["id"] for one in shop.get("/v1/merges", params=key).json()["items"]]

    resolve(shop, {**EVENT, "subscription": "s1", "user_id": "42"})
    for number in range(3):
        resolve(shop, {"tracker_id": f"v{number}"})
    resolve(shop, {"tracker_id": "v0", "keys": {"phone": "06 12 34 56 78"}})
    [by_phone] = tied(phone="+33612345678")
    resolve(shop, {"tracker_id": "v1", "user_id": "42"})
    [by_id] = tied(user_id="42")
    resolve(shop, {"tracker_id": "v2", "keys": {"app_push": "a1"}})
    [by_push] = tied(app_push="a1")
    assert len({by_phone, by_id, by_push}) == 3
    assert (tied(tracker_id="v0"), tied(email="ana@example.com"), tied(install="i1")) == ([by_phone], [], [])
    # Also after the survivor was folded itself, and no more once it is taken back.
    bob = resolve(shop, {"email": "bob@example.com"})["contact"]["id"]
    by_hand = shop.post("/v1/merges", json={"source": found(shop, card="c1")[0], "target": bob}).json()["id"]
    assert tied(phone="0612345678") == [by_hand, by_phone]
    assert shop.post(f"/v1/merges/{by_phone}/undo?cascade=true").status_code == 200
    assert tied(phone="0612345678") == []


def test_the_graph_around_a_contact_and_its_history_name_every_key(shop: TestClient) -> None:
    contact = resolve(shop, EVENT)["contact"]["id"]
    graph = shop.get(f"/v1/contacts/{contact}/graph").json()
    nodes = {node["id"] for node in graph["nodes"]}
    assert nodes >= {f"{name}:{value}" for name, values in KEYS.items() for value in values}
    assert {group["group"]: group["total"] for group in graph["groups"]}["phone"] == 2
    path = shop.get(f"/v1/contacts/{contact}/graph", params={"from": "phone:0612345678", "to": "install:i1"}).json()
    assert path["path"]
    history = shop.get(f"/v1/contacts/{contact}/history").json()["items"]
    assert "card c1" in history[0]["words"]


def test_a_segment_may_ask_for_a_declared_key(shop: TestClient) -> None:
    contact = resolve(shop, EVENT)["contact"]["id"]
    resolve(shop, {"tracker_id": "t2"})
    made = shop.put("/v1/segments/callable", json={"kind": "dynamic", "where": {"key": "phone", "exists": True}})
    assert made.status_code in (200, 201), made.text
    assert [one["id"] for one in shop.get("/v1/segments/callable/members").json()["items"]] == [contact]
    assert shop.get(f"/v1/contacts/{contact}").json()["segments"] == ["callable"]
    wrong = shop.put("/v1/segments/other", json={"kind": "dynamic", "where": {"key": "ssn", "exists": True}})
    assert wrong.status_code == 422


def test_an_export_has_every_key_and_what_each_activity_carried(shop: TestClient) -> None:
    resolve(shop, EVENT)
    export = shop.get("/v1/export", params={"card": "c1"}).json()
    assert {(item["key"], item["value"]) for item in export["keys"]} == {
        (name, value) for name, values in KEYS.items() for value in values
    }
    [activity] = export["activity"]
    assert activity["carried"] == {
        "email": "ana@example.com",
        "tracker_id": "t1",
        "phone": KEYS["phone"],
        "card": "c1",
        "install": "i1",
        "app_push": "a1",
    }


def test_an_erased_person_comes_back_by_no_key_and_no_hash(shop: TestClient, database: Database) -> None:
    resolve(shop, EVENT)
    resolve(shop, {"tracker_id": "t9", "keys": {"install": "i1"}, "message_id": "m2"})
    receipt = shop.request("DELETE", "/v1/contacts", params={"phone": "0612345678"})
    assert receipt.status_code == 200, receipt.text
    assert receipt.json()["suppressed"] == 5
    assert receipt.json()["removed"]["other_keys"] == 6
    left = database.read(lambda tx: tx._bolt.run("MATCH (k:Key) RETURN k.namespace + ' ' + k.value AS key").value())
    assert left == []
    for keys in ({"phone": "+33712345678"}, {"card": "c1"}, {"email_sha256": HASH}, {"email": "ana@example.com"}):
        answer = resolve(shop, {"tracker_id": "t5", "properties": {"_name": "Ana"}, "keys": keys})
        assert (answer["outcome"], answer["contact"]) == ("ignored", None), keys
    assert found(shop, tracker_id="t5") == []
    assert shop.delete("/v1/suppressed/phone/+33712345678").status_code == 204
    assert resolve(shop, {"keys": {"phone": "+33712345678"}})["outcome"] == "created"


def test_segment_messages_bring_external_ids_and_what_stands_at_the_paths(shop: TestClient) -> None:
    message = {
        "userId": "42",
        "traits": {"phone": "06 12 34 56 78", "plan": "pro"},
        "context": {"externalIds": [{"id": "c1", "type": "card", "collection": "users", "encoding": "none"}]},
    }
    assert shop.post("/v1/identify", json=message).status_code == 200
    [contact] = found(shop, phone="+33612345678")
    document = shop.get(f"/v1/contacts/{contact}").json()
    assert document["user_ids"] == ["42"]
    assert document["keys"]["card"] == ["c1"]
    assert document["properties"]["plan"] == "pro"


def test_a_dry_run_answers_the_same_and_writes_nothing(shop: TestClient) -> None:
    rehearsed = shop.post("/v1/resolve?dry_run=true&explain=true", json=EVENT).json()
    assert (rehearsed["rule"], rehearsed["outcome"], rehearsed["contact"]["id"]) == ("2.1", "created", None)
    assert any("a hash of another key" in step["detail"] for step in rehearsed["trace"])
    assert found(shop, card="c1") == []


# --- every route ---------------------------------------------------------------------------------------------

ALL_KEYS = {
    "keys": {
        "phone": "06 12 34 56 78",
        "card": "walk-card",
        "install": "walk-install",
        "app_push": "walk-push",
        "user_id": "walk-42",
        "subscription": "walk-browser",
    }
}
ALWAYS_THERE = ["walk-ana@example.com", "walk-42", "walk-ana-phone", "walk-browser"]
DECLARED_ONES = ["+33612345678", "walk-card", "walk-install", "walk-push"]


def test_over_every_route_no_answer_that_names_a_contacts_keys_forgets_a_namespace(shop: TestClient) -> None:
    ids = fill(shop, [{"email": "walk-ana@example.com", "tracker_id": "walk-ana-phone", **ALL_KEYS}], "walk")
    whole: set[str] = set()
    for method, path in SCOPES:
        if method != "GET":
            continue
        url, _ = sent_to(method, path, ids, "walk")
        answer = shop.get(url).text
        if all(f'"{value}"' in answer for value in ALWAYS_THERE):
            whole.add(path)
            assert not [value for value in DECLARED_ONES if f'"{value}"' not in answer], path
    assert whole >= {
        "/v1/contacts",
        "/v1/contacts/{id}",
        "/v1/contacts/{id}/graph",
        "/v1/contacts/{id}/export",
        "/v1/export",
    }
    table = shop.get("/v1/contacts", headers={"Accept": "text/csv"}).text
    assert not [value for value in (*ALWAYS_THERE, *DECLARED_ONES) if value not in table], "the table of people"
    # What would change is said of every key too, and what was erased is counted with them.
    taken = shop.post(f"/v1/contacts/{ids['contact']}/keys/remove?dry_run=true", json={"card": "walk-card"})
    assert "walk-card" in taken.text
    erased = shop.delete(f"/v1/contacts/{ids['contact']}").json()["receipt"]
    counts = shop.get(f"/v1/erasures/{erased}").json()
    for name, value in zip(("phone", "card", "install", "app_push"), DECLARED_ONES, strict=True):
        assert found(shop, **{name: value}) == []
    assert counts["suppressed"] >= 4


REHEARSED = re.compile(r"merges|undo|split|keys|sleep|wake|resolve|contacts/\{id\}$")
"""Calls that take dry_run=true."""


def test_over_every_route_that_writes_no_answer_that_names_a_contacts_keys_forgets_a_namespace(
    shop: TestClient,
) -> None:
    ids = fill(shop, [{"email": "walk-ana@example.com", "tracker_id": "walk-ana-phone", **ALL_KEYS}], "walk")
    # Who is undone, split and folded is the same one: before and after stand in the answers of the rehearsals.
    sent = {
        "/v1/merges": {
            "source": ids["contact"],
            "target": resolve(shop, {"email": "walk-eve@example.com"})["contact"]["id"],
        },
        "/v1/contacts/{id}/split": {"parts": [{"keys": [{name: value} for name, value in ALL_KEYS["keys"].items()]}]},
    }
    whole: set[str] = set()
    asked = [(method, path) for method, path in SCOPES if method in ("POST", "PATCH", "PUT")]
    # Rehearsals first: after them everything is there as before.
    asked.sort(key=lambda call: not REHEARSED.search(call[1]))
    for method, path in asked:
        url, body = sent_to(method, path, ids, "walk")
        query = "?dry_run=true&explain=true" if "resolve" in path else "?dry_run=true" if REHEARSED.search(path) else ""
        answer = shop.request(method, url + query, json=sent.get(path, body)).text
        declared = [value for value in DECLARED_ONES if f'"{value}"' in answer]
        if sum(f'"{value}"' in answer for value in ALWAYS_THERE) >= 2 or len(declared) >= 2:
            whole.add(path)
            assert declared == DECLARED_ONES, path
    assert whole >= {"/v1/merges", "/v1/contacts/{id}/split"}


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("phone", "06 12 34 56 78", "+33612345678"),
        ("card", "c1", "c1"),
        ("install", "i1", "i1"),
        ("app_push", "a1", "a1"),
    ],
)
def test_every_call_that_takes_a_key_takes_one_of_a_declared_namespace(
    shop: TestClient, name: str, value: str, shown: str
) -> None:
    contact = resolve(shop, EVENT)["contact"]["id"]
    other = resolve(shop, {"email": "bob@example.com"})["contact"]["id"]

    def call(method: str, path: str, **sent: Any) -> Any:
        response = shop.request(method, path, **sent)
        assert response.is_success, (path, response.text)
        return response.json()

    [check] = call(
        "POST", "/v1/deliveries/check", json={"checks": [{name: value, "subscription": {"app_push": "a1"}}]}
    )["results"]
    assert check["verdict"] == "deliver"
    call("PUT", "/v1/environments/shop", json={"kind": "identified"})
    call("PUT", "/v1/environments/shop/spaces/home", json={"identify_implicitly": True})
    proposed = call("POST", "/v1/environments/shop/spaces/home/propositions", json={"keys": {name: value}})
    assert proposed["contact"]["id"] == contact
    judged = call(
        "POST", "/v1/judgements", json={"verdict": "apart", "contact": other, "key": {name: value}, "why": "not hers"}
    )
    assert judged["key"] == {name: shown}
    assert call("GET", f"/v1/judgements/{judged['id']}")["key"] == {name: shown}
    parts = {"parts": [{"keys": [{name: value}]}]}
    [_, part] = call("POST", f"/v1/contacts/{contact}/split?dry_run=true", json=parts)["changes"]
    assert {"field": f"keys.{name}", "before": None, "after": [shown]} in part["changes"]
    split = call("POST", f"/v1/contacts/{contact}/split", json=parts)
    assert call("GET", f"/v1/splits/{split['id']}")["parts"][0]["keys"] == {name: [shown]}
    call("POST", f"/v1/splits/{split['id']}/undo")
    assert call("GET", "/v1/graph", params={name: value})["root"] == f"{name}:{shown}"
    call("PUT", f"/v1/blocked/value/{shown}", params={"namespace": name})
    assert resolve(shop, {"keys": {name: value}})["ignored"] == [{"key": name, "reason": "blocked"}]


def test_a_finding_about_a_declared_namespace_is_drawn_and_handled_like_any(shop: TestClient) -> None:
    for number in range(27):
        resolve(shop, {"message_id": f"m{number}", "keys": {"install": "kiosk", "phone": f"06123456{number % 9:02}"}})
    [item] = shop.get("/v1/anomalies?kind=many_emails").json()["items"]
    assert item["subject"] == {"type": "install", "value": "kiosk"}
    drawn = shop.get(f"/v1/anomalies/{item['id']}/graph").json()
    assert drawn["root"] == "install:kiosk"
    assert len([node for node in drawn["nodes"] if node["type"] == "contact"]) == 9
    [cluster] = shop.get("/v1/clusters").json()["items"]
    drawn = shop.get(f"/v1/clusters/{cluster['id']}/graph").json()
    assert "install:kiosk" in {node["id"] for node in drawn["nodes"]}
    block = next(action for action in item["actions"] if action["action"] == "block")
    assert shop.request(block["method"], block["path"]).status_code in (200, 201)
    [again] = shop.get("/v1/anomalies?kind=many_emails").json()["items"]
    assert next(action for action in again["actions"] if action["action"] == "block")["done"]
