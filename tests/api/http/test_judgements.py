"""What people judged to be apart, over HTTP: made, obeyed, followed through unions, taken back."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]


def who(resolve: Resolve, **event: Any) -> str:
    contact: str = resolve(**event)["contact"]["id"]
    return contact


def judge(client: TestClient, status: int = 201, **body: Any) -> dict[str, Any]:
    response = client.post("/v1/judgements", json={"verdict": "apart", **body})
    assert response.status_code == status, response.text
    judgement: dict[str, Any] = response.json()
    return judgement


@pytest.fixture
def pair(resolve: Resolve) -> tuple[str, str]:
    """A known contact, and a visitor whose cookie is t1."""
    return who(resolve, email="ana@example.com", tracker_id="t0"), who(resolve, tracker_id="t1")


def test_no_event_folds_two_who_are_judged_apart(client: TestClient, resolve: Resolve, pair: tuple[str, str]) -> None:
    ana, visitor = pair
    judgement = judge(client, contacts=[ana, visitor], why="mother and daughter")
    assert (judgement["contacts"], judgement["key"], judgement["why"]) == ([ana, visitor], None, "mother and daughter")
    answer = resolve(email="ana@example.com", tracker_id="t1")
    assert (answer["contact"]["id"], answer["rule"], answer["outcome"]) == (ana, "3", "found")
    assert (answer["kept_apart"], answer["merged"], answer["tracker_id"]) == ([visitor], [], "t0")
    told = client.post("/v1/resolve?explain=true", json={"email": "ana@example.com", "tracker_id": "t1"}).json()
    assert any("judgement" in step["detail"] for step in told["trace"])
    refusal = client.post("/v1/merges", json={"source": visitor, "target": ana})
    refused(refusal, 409, "conflict")
    assert refusal.json()["judgement"] == judgement["id"]
    assert judge(client, 200, contacts=[visitor, ana])["id"] == judgement["id"], "a judgement is made once"
    assert client.delete(f"/v1/judgements/{judgement['id']}").status_code == 204
    refused(client.get(f"/v1/judgements/{judgement['id']}"), 404, "not_found")
    assert resolve(email="ana@example.com", tracker_id="t1")["outcome"] == "merged"


def test_a_judgement_follows_both_through_unions_and_back(client: TestClient, resolve: Resolve) -> None:
    ana, visitor = who(resolve, email="ana@example.com"), who(resolve, tracker_id="t1")
    bob, other = who(resolve, email="bob@example.com"), who(resolve, tracker_id="t2")
    judge(client, contacts=[ana, visitor])
    into = client.post("/v1/merges", json={"source": ana, "target": bob}).json()["id"]
    client.post("/v1/merges", json={"source": visitor, "target": other})
    (item,) = client.get("/v1/judgements").json()["items"]
    assert item["contacts"] == [bob, other]
    assert resolve(email="bob@example.com", tracker_id="t2")["kept_apart"] == [other]
    refused(client.post("/v1/merges", json={"source": other, "target": bob}), 409, "conflict")
    client.post(f"/v1/merges/{into}/undo")
    assert resolve(email="ana@example.com", tracker_id="t1")["kept_apart"] == [other]
    assert resolve(email="bob@example.com", tracker_id="t1")["merged"] == [other], "it was ana who is kept apart"


def test_in_one_batch_a_union_brings_the_judgement_along(client: TestClient, resolve: Resolve) -> None:
    ana, visitor = who(resolve, email="ana@example.com"), who(resolve, tracker_id="t1")
    other = who(resolve, tracker_id="t2", subscription="s2")
    judge(client, contacts=[visitor, other])
    events = [{"email": "ana@example.com", "tracker_id": "t1"}, {"email": "ana@example.com", "subscription": "s2"}]
    first, second = client.post("/v1/resolve/batch", json={"events": events}).json()["results"]
    assert first["merged"] == [visitor]
    assert (second["contact"]["id"], second["merged"], second["kept_apart"]) == (ana, [], [other])


def test_a_union_is_taken_back_for_good(client: TestClient, resolve: Resolve, pair: tuple[str, str]) -> None:
    ana, visitor = pair
    assert resolve(email="ana@example.com", tracker_id="t1")["merged"] == [visitor]
    (union,) = client.get("/v1/merges").json()["items"]
    assert client.post(f"/v1/merges/{union['id']}/undo?keep_apart=true&why=two people").status_code == 200
    (judgement,) = client.get("/v1/judgements", params={"contact": visitor}).json()["items"]
    assert (set(judgement["contacts"]), judgement["why"]) == ({ana, visitor}, "two people")
    assert resolve(email="ana@example.com", tracker_id="t1")["kept_apart"] == [visitor]


def test_a_key_that_is_to_stay_away_does_not_come_back(client: TestClient, resolve: Resolve) -> None:
    wrong = who(resolve, tracker_id="t1")
    assert resolve(email="ana@example.com", tracker_id="t1")["outcome"] == "claimed"
    body = {"email": "Ana@example.com", "stay_away": True}
    assert client.post(f"/v1/contacts/{wrong}/keys/remove", json=body).json()["kind"] == "anonymous"
    answer = resolve(email="ana@example.com", tracker_id="t1")
    assert (answer["rule"], answer["outcome"], answer["kept_apart"]) == ("2.3", "created", [{"key": "email"}])
    ana = answer["contact"]["id"]
    assert ana != wrong
    again = resolve(email="ana@example.com", tracker_id="t1")
    assert (again["contact"]["id"], again["outcome"]) == (ana, "found"), "nor by folding"
    assert again["kept_apart"] == [{"key": "email"}]
    (judgement,) = client.get("/v1/judgements").json()["items"]
    assert (judgement["contacts"], judgement["key"]) == ([wrong], {"email": "ana@example.com"})
    pair = {"contact": wrong, "key": {"email": "ana@example.com"}}
    assert client.request("DELETE", "/v1/judgements", json=pair).status_code == 204
    assert resolve(email="ana@example.com", tracker_id="t1")["merged"] == [wrong]


def test_by_hand_a_key_is_given_all_the_same(client: TestClient, resolve: Resolve) -> None:
    ana = who(resolve, user_id="42")
    judge(client, contact=ana, key="email:ana@example.com")
    assert resolve(user_id="42", email="ana@example.com")["kept_apart"] == [{"key": "email"}]
    given = client.post(f"/v1/contacts/{ana}/keys", json={"email": "ana@example.com"})
    assert given.json()["emails"] == ["ana@example.com"]
    assert resolve(email="ana@example.com")["contact"]["id"] == ana


def test_a_judgement_is_in_history_export_feed_and_goes_with_an_erasure(
    client: TestClient, resolve: Resolve, pair: tuple[str, str]
) -> None:
    ana, visitor = pair
    judgement = judge(client, contacts=[ana, visitor], why="two people")
    judge(client, contact=ana, key={"email": "secret@example.com"})
    words = [item["words"] for item in client.get(f"/v1/contacts/{visitor}/history").json()["items"]]
    assert any(ana in one and "two people" in one for one in words)
    export = client.get(f"/v1/contacts/{ana}/export")
    assert export.status_code == 200, export.text
    exported = export.json()["judgements"]
    assert [(one["other"], one["key"]) for one in exported] == [
        (visitor, None),
        (None, ["email", "secret@example.com"]),
    ]
    told = [item for item in client.get("/v1/changes").json()["items"] if item["kind"] == "judged_apart"]
    assert [(item["contact"], item.get("other"), item.get("key")) for item in told] == [
        (ana, visitor, None),
        (ana, None, "email"),
    ]
    assert told[0]["judgement"] == judgement["id"]
    receipt = client.delete(f"/v1/contacts/{ana}").json()
    assert receipt["removed"]["judgements"] == 2
    assert client.get("/v1/judgements").json()["items"] == []
    assert "secret@example.com" not in client.get("/v1/changes").text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"verdict": "one", "contacts": ["a", "b"]}, "verdict"),
        ({"contacts": ["a"]}, "contacts"),
        ({"contacts": ["a", "b"], "contact": "a"}, "contacts"),
        ({"contact": "a"}, "contacts"),
        ({"contact": "a", "key": {"nickname": "x"}}, "key.nickname"),
        ({"contact": "a", "key": {}}, "key"),
        ({"contact": "a", "key": "email"}, "key"),
        ({"contact": "a", "key": {"email": "x@example.com", "user_id": "1"}}, "key"),
    ],
)
def test_a_body_that_names_no_pair_is_refused(client: TestClient, body: dict[str, Any], field: str) -> None:
    errors = refused(client.post("/v1/judgements", json=body), 422, "bad_input")
    assert [error["field"] for error in errors] == [field]


def test_who_is_not_there_cannot_be_judged(client: TestClient, resolve: Resolve) -> None:
    ana = who(resolve, email="ana@example.com")
    refused(client.post("/v1/judgements", json={"contacts": [ana, "nobody"]}), 404, "not_found")
    refused(client.post("/v1/judgements", json={"contacts": [ana, ana]}), 409, "conflict")
    refused(client.request("DELETE", "/v1/judgements", json={"contacts": [ana, ana]}), 404, "not_found")
