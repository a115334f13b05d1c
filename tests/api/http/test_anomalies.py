"""Findings and clusters over HTTP: listed by score, dismissed, acted on."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from graph.analysis.anomalies import SMALL_CONTACTS
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import Database
from tests.api.conftest import open_client
from tests.api.pinned import refused
from tests.graph.analysis import worlds


@pytest.fixture
def small(database: Database, server: Settings) -> Iterator[TestClient]:
    """An application whose contacts own at most one tracker."""
    with open_client(Kinfold.on(database, server.model_copy(update={"max_trackers": 1}))) as client:
        yield client


def send(client: TestClient, events: list[dict[str, object]]) -> None:
    for start in range(0, len(events), 100):
        answer = client.post("/v1/resolve/batch", json={"events": events[start : start + 100]})
        assert answer.status_code == 200, answer.text


def test_an_event_that_met_a_limit_is_listed_with_its_contact_and_the_reason(small: TestClient) -> None:
    first = small.post("/v1/resolve", json={"email": "ana@example.com", "tracker_id": "t1"}).json()
    for number in (2, 3):
        event = {"email": "ana@example.com", "tracker_id": f"t{number}", "message_id": f"m{number}"}
        answer = small.post("/v1/resolve", json=event).json()
        assert (answer["outcome"], answer["limited"], answer["tracker_id"]) == ("found", True, "t1")
    (item,) = small.get("/v1/anomalies?kind=limit").json()["items"]
    assert item["subject"] == {"type": "contact", "value": first["contact"]["id"]}
    assert [event["message_id"] for event in item["evidence"]["events"]] == ["m3", "m2"]
    assert (item["score"], item["evidence"]["tracker_id"], item["evidence"]["held_back"]) == (1.0, "t3", 2)
    assert "more than 1 trackers" in item["reason"]


def test_what_a_limit_held_back_is_listed_without_an_analysis_and_can_be_dismissed(
    small: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.analysis.anomalies.SMALL_CONTACTS", 0)
    for number in (1, 2):
        small.post("/v1/resolve", json={"email": "ana@example.com", "tracker_id": f"t{number}"})
    listed = small.get("/v1/anomalies").json()
    assert listed["as_of"] is None
    (item,) = listed["items"]
    assert small.post(f"/v1/anomalies/{item['id']}/dismiss").json()["dismissed"]
    assert small.get("/v1/anomalies").json()["items"] == []
    (hidden,) = small.get("/v1/anomalies?dismissed=true").json()["items"]
    assert hidden["dismissed"]
    assert hidden | NOTHING_SAID == item


def test_a_kind_that_does_not_exist_is_refused(client: TestClient) -> None:
    assert client.get("/v1/anomalies").json() == {"items": [], "next": None, "as_of": None, "current": False}
    assert client.get("/v1/clusters").json() == {"items": [], "next": None, "as_of": None, "current": False}
    refused(client.get("/v1/anomalies?kind=ghosts"), 422, "bad_input")
    refused(client.get("/v1/anomalies?cursor=nonsense"), 422, "bad_input")
    refused(client.get("/v1/clusters?cursor=nonsense"), 422, "bad_input")


def test_a_small_graph_that_changed_is_analysed_when_somebody_looks(client: TestClient) -> None:
    send(client, worlds.bystanders(5))
    before = client.get("/v1/anomalies").json()
    assert client.get("/v1/anomalies").json() == before
    send(client, worlds.kiosk())
    (item,) = client.get("/v1/anomalies?kind=many_emails").json()["items"]
    assert item["subject"] == {"type": "tracker", "value": "kiosk"}
    assert client.get("/v1/anomalies").json()["as_of"] > before["as_of"]


def test_a_large_graph_is_listed_as_of_its_last_analysis(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SMALL_CONTACTS > 0
    monkeypatch.setattr("graph.analysis.anomalies.SMALL_CONTACTS", 0)
    send(client, worlds.kiosk())
    raised = client.get("/v1/anomalies").json()
    assert (raised["as_of"], raised["current"]) == (None, False)
    assert [(item["kind"], item["subject"]["value"]) for item in raised["items"]] == [("shared_device", "kiosk")]
    assert client.get("/v1/anomalies?kind=shared_device").json() == raised
    made = client.post("/v1/analyses")
    assert made.status_code == 201
    assert made.json()["totals"]["contacts"] == 12
    listed = client.get("/v1/anomalies").json()
    assert listed["as_of"] == made.json()["as_of"]
    assert {item["kind"] for item in listed["items"]} == {"many_emails"}
    (cluster,) = client.get("/v1/clusters").json()["items"]
    assert (cluster["verdict"], cluster["cut"]["value"]) == ("shared device", "kiosk")


def test_pages_follow_each_other_by_score_and_leave_nothing_out(client: TestClient) -> None:
    send(client, worlds.bystanders() + worlds.kiosk() + worlds.role_address() + worlds.shared_subscription())
    for path in ("anomalies", "clusters"):
        whole = client.get(f"/v1/{path}").json()["items"]
        assert len(whole) > 2 or path == "clusters"
        pages, cursor = [], None
        while True:
            page = client.get(f"/v1/{path}", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
            pages += page["items"]
            if (cursor := page["next"]) is None:
                break
        assert pages == whole
        assert [item["score"] for item in whole] == sorted((item["score"] for item in whole), reverse=True)


NOTHING_SAID = {"dismissed": False, "state": "open", "note": None, "state_by": None, "state_at": None}


def test_a_finding_is_open_acted_on_or_dismissed_with_a_note(client: TestClient) -> None:
    send(client, worlds.kiosk())
    (item,) = client.get("/v1/anomalies?state=open").json()["items"]
    path = f"/v1/anomalies/{item['id']}"

    def listed(query: str) -> list[str]:
        return [one["id"] for one in client.get(f"/v1/anomalies{query}").json()["items"]]

    for word, state, shown in (
        ("act", "acted", ("", "?state=acted")),
        ("dismiss", "dismissed", ("?state=dismissed", "?dismissed=true")),
        ("act", "acted", ("", "?state=acted")),
    ):
        made = client.post(f"{path}/{word}", json={"note": f"why {word}"}).json()
        assert (made["state"], made["note"], made["state_by"]) == (state, f"why {word}", "local")
        assert client.get(path).json()["state"] == state
        queries = ("", "?state=open", "?state=acted", "?state=dismissed", "?dismissed=true")
        assert [query for query in queries if listed(query)] == [query for query in queries if query in shown]
    assert client.post(f"{path}/reopen", json={"note": "not done"}).json()["finding"] == item
    assert listed("?state=open") == [item["id"]]
    refused(client.post(f"{path}/reopen"), 404, "not_found")
    refused(client.post("/v1/anomalies/nothing/act"), 404, "not_found")
    assert refused(client.get("/v1/anomalies?state=done"), 422, "bad_input")[0]["field"] == "state"
    refused(client.get("/v1/anomalies?state=open&dismissed=true"), 422, "bad_input")
    acts = [one for one in client.get("/v1/audit").json()["items"] if one["what"].startswith("finding_")]
    assert [(one["what"], one["why"]) for one in acts] == [
        ("finding_undismissed", "not done"),
        ("finding_acted", "why act"),
        ("finding_dismissed", "why dismiss"),
        ("finding_acted", "why act"),
    ]


def test_what_was_dismissed_stays_dismissed_until_it_is_put_back(client: TestClient) -> None:
    send(client, worlds.kiosk())
    (item,) = client.get("/v1/anomalies").json()["items"]
    (dismiss,) = [action for action in item["actions"] if action["action"] == "dismiss"]
    dismissed = client.request(dismiss["method"], dismiss["path"]).json()
    said = {name: dismissed[name] for name in ("dismissed", "state", "note", "state_by")}
    assert said == {"dismissed": True, "state": "dismissed", "note": None, "state_by": "local"}
    assert dismissed | NOTHING_SAID == item
    send(client, [{"tracker_id": "kiosk", "email": "late@example.com"}])
    assert client.post("/v1/analyses").status_code == 201
    assert client.get("/v1/anomalies").json()["items"] == []
    (hidden,) = client.get("/v1/anomalies?dismissed=true").json()["items"]
    assert (hidden["id"], hidden["evidence"]["persons"]) == (item["id"], 13)
    assert client.post(f"/v1/anomalies/{item['id']}/undismiss").json()["finding"] == hidden | NOTHING_SAID
    assert [one["id"] for one in client.get("/v1/anomalies").json()["items"]] == [item["id"]]
    refused(client.post(f"/v1/anomalies/{item['id']}/undismiss"), 404, "not_found")
    refused(client.post("/v1/anomalies/nothing/dismiss"), 404, "not_found")


def test_the_actions_of_a_finding_are_calls_that_work(client: TestClient) -> None:
    send(client, worlds.bystanders() + worlds.role_address())
    (item,) = client.get("/v1/anomalies?kind=fusing_value").json()["items"]
    before = client.get("/v1/contacts?email=info@firm.example").json()["items"][0]["merged_from"]
    for action in item["actions"]:
        if action["action"] != "dismiss":
            answer = client.request(action["method"], action["path"])
            assert answer.status_code in (200, 201), answer.text
    after = client.get("/v1/contacts?email=info@firm.example").json()["items"][0]["merged_from"]
    assert (len(before), len(after)) == (14, 0)
    assert client.get("/v1/anomalies?kind=fusing_value").json()["items"] == []
    answer = client.post("/v1/resolve", json={"email": "info@firm.example", "tracker_id": "new"}).json()
    assert answer["ignored"] == [{"key": "email", "reason": "blocked"}]


def test_people_that_a_bogus_id_fused_come_apart_as_the_finding_proposes(client: TestClient) -> None:
    for event in (events := worlds.bogus_id()):
        if event.get("user_id") == "user_id":
            event["email"] = f"{event['tracker_id']}@example.com"
    send(client, events)
    (item,) = client.get("/v1/anomalies?kind=fusing_value").json()["items"]
    split = next(action for action in item["actions"] if action["action"] == "split")
    assert (split["body"], split["done"]) == ({"around": {"user_id": "user_id"}, "block": True}, False)
    entry = client.request(split["method"], split["path"], json=split["body"]).json()
    assert len(entry["parts"]) == len({event["email"] for event in events if event.get("user_id") == "user_id"})
    assert client.post(f"/v1/splits/{entry['id']}/undo").json()["undone_at"] is not None


def test_blocking_counts_as_done_by_a_rule_for_the_keys_that_a_finding_is_about(client: TestClient) -> None:
    send(client, worlds.bystanders() + worlds.role_address())
    path = "/v1/blocked/value/info%40firm.example"

    def done() -> list[bool]:
        (item,) = client.get("/v1/anomalies?kind=fusing_value").json()["items"]
        assert item["subject"]["type"] == "email"
        return [action["done"] for action in item["actions"] if action["action"] == "block"]

    assert client.put(f"{path}?namespace=tracker_id").status_code == 201
    assert done() == [False]
    assert client.put(f"{path}?namespace=email").status_code == 201
    assert done() == [True]


def test_a_finding_is_drawn_around_what_it_is_about(client: TestClient) -> None:
    send(client, worlds.kiosk(25))
    (item,) = client.get("/v1/anomalies").json()["items"]
    drawn = client.get(f"/v1/anomalies/{item['id']}/graph").json()
    assert (drawn["finding"], drawn["root"], drawn["left_out"]) == (item["id"], "tracker_id:kiosk", 0)
    people = [node for node in drawn["nodes"] if node["type"] == "contact"]
    assert len(people) == 25
    assert {edge["type"] for edge in drawn["edges"]} == {"owns", "met"}
    assert client.get("/v1/graph?tracker_id=kiosk").json()["nodes"] == drawn["nodes"]
    refused(client.get("/v1/anomalies/none/graph"), 404, "not_found")
    refused(client.get("/v1/graph"), 422, "bad_input")
    refused(client.get("/v1/graph?tracker=kiosk"), 422, "bad_input")


def test_a_finding_about_a_contact_is_drawn_around_it(small: TestClient) -> None:
    for number in (1, 2):
        small.post("/v1/resolve", json={"email": "ana@example.com", "tracker_id": f"t{number}"})
    (item,) = small.get("/v1/anomalies?kind=limit").json()["items"]
    drawn = small.get(f"/v1/anomalies/{item['id']}/graph").json()
    assert drawn["root"] == item["subject"]["value"]
    assert {node["id"] for node in drawn["nodes"]} == {drawn["root"], "email:ana@example.com", "tracker_id:t1"}
