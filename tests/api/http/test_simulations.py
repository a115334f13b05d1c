"""POST /v1/simulations: events played through under one policy or several, with nothing written."""

from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from graph.identity.declared_namespaces import agree
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.api.conftest import open_client
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


def test_what_comes_of_the_events_is_drawn_for_each_policy(client: TestClient) -> None:
    known = client.post("/v1/resolve", json={"email": "ana@example.com", "tracker_id": "pc"}).json()["contact"]["id"]
    events = [{"tracker_id": "phone"}, {"tracker_id": "phone", "email": "ana@example.com"}, {"email": "bo@example.com"}]
    drawn = simulated(client, events=events, policies=["strict", "last_login"], drawing=True)["drawings"]
    assert list(drawn) == ["strict", "last_login"]
    drawing = drawn["strict"]
    nodes = {node["id"]: node for node in drawing["nodes"]}
    assert drawing["root"] == known
    assert not nodes[known]["new"]
    assert (nodes["new-1"]["type"], nodes["new-2"]["type"]) == ("folded", "contact")
    assert nodes["new-2"]["new"] and nodes["new-2"]["title"] == "bo@example.com"
    ties = {(edge["source"], edge["type"], edge["target"]) for edge in drawing["edges"]}
    assert ties >= {
        ("new-1", "folded_into", known),
        (known, "owns", "tracker_id:phone"),
        (known, "owns", "email:ana@example.com"),
        ("new-2", "owns", "email:bo@example.com"),
    }
    assert [node["label"] for node in drawing["nodes"] if node["type"] == "tracker_id" and node["new"]] == [
        "a new tracker"
    ]
    assert simulated(client, events=[{"email": "ana@example.com"}]).get("drawings") is None


def test_a_shared_subscription_is_drawn_with_who_is_asleep_on_it(client: TestClient) -> None:
    events = [{"tracker_id": who, "email": f"{who}@example.com", "subscription": "s"} for who in ("ana", "bo")]
    drawing = simulated(client, events=events, drawing=True)["drawings"]["strict"]
    assert next(node for node in drawing["nodes"] if node["id"] == "subscription:s")["shared"]
    assert {edge["source"]: edge.get("asleep") for edge in drawing["edges"] if edge["target"] == "subscription:s"} == {
        "new-1": True,
        "new-2": None,
    }


def test_events_are_read_by_namespaces_of_the_call(client: TestClient, kinfold: Kinfold) -> None:
    card = {"loyalty": {"class": "person", "pattern": "[0-9]{4}"}}
    events = [{"tracker_id": "t", "keys": {"loyalty": "1234"}}, {"keys": {"loyalty": "1234"}}]
    refused_ = simulated(client, events=events)["results"]["strict"]
    assert all("error" in one for one in refused_)
    answer = simulated(client, events=events, namespaces=card, drawing=True)
    assert [one["rule"] for one in answer["results"]["strict"]] == ["2.1", "2"]
    assert "loyalty:1234" in {node["id"] for node in answer["drawings"]["strict"]["nodes"]}
    assert "loyalty" not in kinfold.namespaces
    assert client.get("/v1/contacts").json()["items"] == []
    only = simulated(client, events=[{"keys": {"email": "ana@example.com"}}], namespaces={})
    assert only["results"]["strict"][0]["outcome"] == "created"


def test_contacts_may_have_keys_that_the_namespaces_of_the_call_leave_out(
    kinfold: Kinfold, server: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "keys.yaml"
    file.write_text("loyalty: {class: person}\n")
    declaring = Kinfold.on(kinfold.database, server.model_copy(update={"keys": file}))
    agree(kinfold.database, declaring.namespaces)
    with open_client(declaring) as client:
        client.post("/v1/resolve", json={"keys": {"loyalty": "1234"}, "email": "ana@example.com"})
        answer = simulated(
            client, events=[{"email": "ana@example.com", "tracker_id": "t"}], namespaces={}, drawing=True
        )
        assert answer["results"]["strict"][0]["rule"] == "2"
        (refused_,) = simulated(client, events=[{"keys": {"loyalty": "1"}}], namespaces={})["results"]["strict"]
        assert "error" in refused_


def test_namespaces_of_the_call_that_are_wrong_are_refused_by_field(client: TestClient) -> None:
    for namespaces, field in (
        ({"loyalty": {}}, "namespaces.loyalty.class"),
        ({"loyalty": {"class": "person", "normalize": "lower"}}, "namespaces.loyalty.normalize"),
        ({"email": {"class": "device"}}, "namespaces.email.class"),
        ({"a" * 20: {"class": "person", "block": ["x" * 20_000]}}, "namespaces"),
    ):
        answer = client.post("/v1/simulations", json={"events": [{}], "namespaces": namespaces})
        refused(answer, 422, "bad_input")
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert not answer.json()["errors"][0]["message"].startswith("line")
