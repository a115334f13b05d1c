"""POST /v1/simulations: events played through under one policy or several, with nothing written."""

from typing import Any

from fastapi.testclient import TestClient

from graph.kinfold import Kinfold
from tests.api.pinned import refused

CLAIM: list[dict[str, Any]] = [
    {"tracker_id": "t1"},
    {"tracker_id": "t1", "email": "ana@example.com"},
    {"tracker_id": "t1", "email": "bo@example.com"},
    {"tracker_id": "t1"},
]


def simulated(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/simulations", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_each_event_sees_those_before_it_and_nothing_is_written(client: TestClient, kinfold: Kinfold) -> None:
    answer = simulated(client, events=CLAIM)
    assert answer["policy"] == "strict"
    results = answer["results"]["strict"]
    assert [one["outcome"] for one in results[:3]] == ["created", "claimed", "created"]
    assert [one["contact"]["id"] for one in results[:3]] == ["new-1", "new-1", "new-2"]
    assert all(one["trace"] for one in results)
    assert client.get("/v1/contacts").json()["items"] == []
    assert kinfold.overview.figures()["contacts"]["total"] == 0


def test_policies_are_laid_side_by_side(client: TestClient) -> None:
    results = simulated(client, events=CLAIM, policies=["strict", "last_login"])["results"]
    assert list(results) == ["strict", "last_login"]
    last = {policy: answers[-1]["contact"]["id"] for policy, answers in results.items()}
    assert last == {"strict": "new-1", "last_login": "new-2"}


def test_who_is_there_already_keeps_its_id_and_what_is_wrong_stands_in_its_place(client: TestClient) -> None:
    ana = client.post("/v1/resolve", json={"email": "ana@example.com"}).json()["contact"]["id"]
    results = simulated(client, events=[{"email": "ana@example.com"}, {"e_mail": "x"}, {"email": "bo@example.com"}])
    first, wrong, other = results["results"]["strict"]
    assert first["contact"]["id"] == ana
    assert wrong["error"]["errors"][0]["field"] == "e_mail"
    assert other["contact"]["id"] == "new-1"


def test_what_cannot_be_played_through_is_refused_by_field(client: TestClient) -> None:
    for body in ({"events": []}, {"events": [{}] * 101}, {"events": [{}], "policies": ["kind"]}, {}):
        refused(client.post("/v1/simulations", json=body), 422, "bad_input")
