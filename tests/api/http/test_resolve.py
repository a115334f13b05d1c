"""POST /v1/resolve and POST /v1/resolve/batch."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from fastapi.testclient import TestClient

from graph.errors import Unavailable
from graph.kinfold import Kinfold
from tests.api.pinned import check_problem, refused

Resolve = Callable[..., dict[str, Any]]

ANSWER = {
    "contact",
    "tracker_id",
    "rule",
    "outcome",
    "merged",
    "shared_with",
    "moved",
    "conflicts",
    "ignored",
    "kept_apart",
    "duplicate",
    "limited",
}


def owners(client: TestClient, **key: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/v1/contacts", params=key).json()["items"]
    return items


def test_an_answer_has_every_field_of_the_contract_and_is_committed(client: TestClient, resolve: Resolve) -> None:
    answer = resolve(tracker_id="t1", email="ana@example.com", properties={"_name": "Ana"})
    assert answer.keys() == ANSWER
    assert (answer["contact"]["kind"], answer["rule"], answer["outcome"]) == ("known", "2.1", "created")
    assert owners(client, tracker_id="t1")[0]["id"] == answer["contact"]["id"]


def test_a_dry_run_answers_and_writes_nothing(client: TestClient) -> None:
    response = client.post("/v1/resolve?dry_run=true", json={"tracker_id": "t1"})
    assert response.status_code == 200
    assert response.json()["contact"] == {"id": None, "kind": "anonymous"}
    assert owners(client, tracker_id="t1") == []


def test_a_trace_comes_when_it_is_asked_for_and_only_then(client: TestClient, resolve: Resolve) -> None:
    assert "trace" not in resolve(tracker_id="t1")
    trace = client.post("/v1/resolve?explain=true", json={"tracker_id": "t1"}).json()["trace"]
    assert trace
    assert all(step.keys() == {"step", "detail"} for step in trace)


@pytest.mark.parametrize("value", ["1", "True", "yes", "", "TRUE"])
def test_a_flag_is_true_or_false_and_nothing_else(client: TestClient, value: str) -> None:
    errors = refused(client.post(f"/v1/resolve?dry_run={value}", json={}), 422, "bad_input")
    assert errors == [{"field": "dry_run", "rule": "flag", "message": "a flag is true or false"}]


def test_an_unknown_query_parameter_is_refused_by_name(client: TestClient) -> None:
    errors = refused(client.post("/v1/resolve?dryrun=true", json={}), 422, "bad_input")
    assert [(error["field"], error["rule"]) for error in errors] == [("dryrun", "unknown_parameter")]


def test_a_query_parameter_given_twice_is_refused(client: TestClient) -> None:
    errors = refused(client.post("/v1/resolve?dry_run=true&dry_run=false", json={}), 422, "bad_input")
    assert [(error["field"], error["rule"]) for error in errors] == [("dry_run", "duplicate_parameter")]


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        (b"", "", "json"),
        (b"{", "", "json"),
        (b"[]", "", "type"),
        (b"\xff\xfe", "", "json"),
        (b'{"email": "\\ud800"}', "", "json"),
        (b'{"e_mail": "ana@example.com"}', "e_mail", "unknown_field"),
        (b'{"email": 7}', "email", "type"),
        (b'{"properties": {"age": {"years": 7}}}', "properties.age", "value"),
    ],
)
def test_a_bad_event_is_refused_with_its_field_and_its_rule(
    client: TestClient, body: bytes, field: str, rule: str
) -> None:
    errors = refused(client.post("/v1/resolve", content=body), 422, "bad_input")
    assert [(error["field"], error["rule"]) for error in errors] == [(field, rule)]


def test_a_bad_event_changes_nothing(client: TestClient) -> None:
    client.post("/v1/resolve", json={"tracker_id": "t1", "nonsense": 1})
    assert owners(client, tracker_id="t1") == []


def test_an_event_above_the_limit_is_refused(client: TestClient) -> None:
    errors = refused(client.post("/v1/resolve", json={"tracker_id": "t" * 40_000}), 413, "too_large")
    assert errors[0]["rule"] == "too_large"


def test_a_body_without_a_length_is_refused_once_it_is_too_long(client: TestClient) -> None:
    endless = (b" " * 1024 for _ in range(64))
    refused(client.post("/v1/resolve", content=endless), 413, "too_large")


def test_a_database_that_is_away_is_a_503_with_retry_after(client: TestClient, kinfold: Kinfold) -> None:
    with patch.object(type(kinfold.resolver), "resolve", side_effect=Unavailable("The database is away.")):
        response = client.post("/v1/resolve", json={})
    refused(response, 503, "unavailable")
    assert response.headers["retry-after"]


def test_an_unexpected_failure_is_a_500_that_tells_nothing_of_the_inside(client: TestClient, kinfold: Kinfold) -> None:
    with patch.object(type(kinfold.resolver), "resolve", side_effect=RuntimeError("the inside")):
        response = client.post("/v1/resolve", json={})
    refused(response, 500, "internal")
    assert "inside" not in response.text


def test_a_batch_answers_in_order_and_a_bad_event_fails_alone(client: TestClient) -> None:
    events = [{"tracker_id": "t1"}, {"nonsense": 1}, 7, {"tracker_id": "t2"}, {"tracker_id": "t" * 40_000}]
    results = client.post("/v1/resolve/batch", json={"events": events}).json()["results"]
    assert [result.get("tracker_id") for result in results] == ["t1", None, None, "t2", None]
    assert check_problem(results[1]["error"], 422, "bad_input")[0]["field"] == "nonsense"
    assert check_problem(results[2]["error"], 422, "bad_input")[0]["rule"] == "type"
    assert check_problem(results[4]["error"], 422, "bad_input")[0]["rule"] == "too_large"


def test_later_events_of_a_batch_see_what_earlier_ones_did(client: TestClient) -> None:
    events = [{"tracker_id": "t1"}, {"tracker_id": "t1", "email": "ana@example.com"}]
    first, second = client.post("/v1/resolve/batch", json={"events": events}).json()["results"]
    assert first["contact"]["id"] == second["contact"]["id"]


def test_an_empty_batch_has_no_results(client: TestClient) -> None:
    assert client.post("/v1/resolve/batch", json={"events": []}).json() == {"results": []}


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "application/ndjson; charset=utf-8"])
def test_a_batch_may_be_ndjson_with_blank_lines_and_bad_ones(client: TestClient, media_type: str) -> None:
    body = b'{"tracker_id": "t1"}\r\n\n{"bad\n{"tracker_id": "t2"}'
    response = client.post("/v1/resolve/batch", content=body, headers={"content-type": media_type})
    results = response.json()["results"]
    assert [result.get("tracker_id") for result in results] == ["t1", None, "t2"]
    check_problem(results[1]["error"], 422, "bad_input")


def test_a_lone_surrogate_spoils_its_own_event_and_no_other(client: TestClient) -> None:
    body = b'{"events": [{"tracker_id": "t1"}, {"tracker_id": "\\ud800"}]}'
    results = client.post("/v1/resolve/batch", content=body).json()["results"]
    assert results[0]["tracker_id"] == "t1"
    check_problem(results[1]["error"], 422, "bad_input")


@pytest.mark.parametrize(
    ("spoilt", "field"),
    [
        (b'{"tracker_id": "t2", "tracker_id": "t3"}', "tracker_id"),
        (b'{"tracker_id": "t2", "properties": {"a": [{"b": 1, "b": 2}]}}', "b"),
        (b'{"tracker_id": "\\ud800", "event": "a", "event": "b"}', "event"),
    ],
)
def test_a_field_given_twice_spoils_its_own_event_and_no_other(client: TestClient, spoilt: bytes, field: str) -> None:
    body = b'{"events": [{"tracker_id": "t1"}, %s, {"tracker_id": "t1"}]}' % spoilt
    results = client.post("/v1/resolve/batch", content=body).json()["results"]
    assert [result.get("outcome") for result in results] == ["created", None, "found"]
    check_problem(results[1]["error"], 422, "bad_input")
    [error] = results[1]["error"]["errors"]
    assert (error["field"], error["rule"]) == (field, "duplicate_field")
    assert owners(client, tracker_id="t2") == owners(client, tracker_id="t3") == []


def test_a_batch_holds_at_most_a_thousand_events(client: TestClient) -> None:
    many = [{"tracker_id": "t1", "message_id": f"m{number}"} for number in range(1001)]
    errors = refused(client.post("/v1/resolve/batch", json={"events": many}), 422, "bad_input")
    assert [(error["field"], error["rule"]) for error in errors] == [("events", "too_many")]
    assert owners(client, tracker_id="t1") == []
    as_lines = b"\n".join(map(orjson.dumps, many))
    headers = {"content-type": "application/x-ndjson"}
    refused(client.post("/v1/resolve/batch", content=as_lines, headers=headers), 422, "bad_input")


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        (b"[]", "", "type"),
        (b"{}", "events", "type"),
        (b'{"events": {}}', "events", "type"),
        (b'{"events": [], "more": 1}', "more", "unknown_field"),
        (b"{", "", "json"),
        (b'{"events": [NaN, "\\ud800"]}', "", "json"),
    ],
)
def test_a_batch_that_is_not_one_is_refused(client: TestClient, body: bytes, field: str, rule: str) -> None:
    errors = refused(client.post("/v1/resolve/batch", content=body), 422, "bad_input")
    assert [(error["field"], error["rule"]) for error in errors] == [(field, rule)]


def test_a_batch_that_announces_too_many_bytes_is_refused_unread(client: TestClient) -> None:
    response = client.post("/v1/resolve/batch", content=b"{}", headers={"content-length": str(10**9)})
    refused(response, 413, "too_large")


def test_a_poisoned_event_fails_alone(client: TestClient, kinfold: Kinfold) -> None:
    kind = type(kinfold.resolver)
    whole = kind.resolve

    def poisoned(self: Any, events: Any, **options: Any) -> Any:
        if any(event.event == "poison" for event in events):
            raise RuntimeError("the inside")
        return whole(self, events, **options)

    events = [{"tracker_id": "t1"}, {"event": "poison"}, {"tracker_id": "t2"}]
    with patch.object(kind, "resolve", poisoned):
        response = client.post("/v1/resolve/batch", json={"events": events})
    results = response.json()["results"]
    assert [result.get("tracker_id") for result in results] == ["t1", None, "t2"]
    check_problem(results[1]["error"], 500, "internal")
    assert "inside" not in response.text


def test_a_batch_without_a_database_is_refused_as_a_whole(client: TestClient, kinfold: Kinfold) -> None:
    with patch.object(type(kinfold.resolver), "resolve", side_effect=Unavailable("The database is away.")):
        refused(client.post("/v1/resolve/batch", json={"events": [{}, {}]}), 503, "unavailable")


def test_a_dry_run_of_a_batch_writes_nothing(client: TestClient) -> None:
    response = client.post("/v1/resolve/batch?dry_run=true", json={"events": [{"tracker_id": "t1"}]})
    assert response.json()["results"][0]["contact"]["id"] is None
    assert owners(client, tracker_id="t1") == []


def test_lines_are_told_from_an_envelope_where_the_caller_did_not_say(client: TestClient) -> None:
    lines = b'{"tracker_id": "t1"}\n{"tracker_id": "t1", "email": "ana@example.com"}\n'
    form = {"content-type": "application/x-www-form-urlencoded"}  # what curl sends with --data-binary
    results = client.post("/v1/resolve/batch", content=lines, headers=form).json()["results"]
    assert [result["rule"] for result in results] == ["5", "2.2"]
    envelope = b'{"events": [{"tracker_id": "t1"}]}'
    assert client.post("/v1/resolve/batch", content=envelope, headers=form).json()["results"][0]["rule"] == "5"


def test_a_clock_that_is_ahead_does_not_win_over_what_is_said_later(client: TestClient, resolve: Resolve) -> None:
    contact = resolve(user_id="42", properties={"plan": "free"}, occurred_at="2199-01-01T00:00:00Z")["contact"]["id"]
    resolve(user_id="42", properties={"plan": "pro"})
    assert client.get(f"/v1/contacts/{contact}").json()["properties"] == {"plan": "pro"}
    assert client.patch(f"/v1/contacts/{contact}", json={"properties": {"plan": None}}).json()["properties"] == {}
    # The activity keeps what was said, and stands where it counts.
    newest, ahead = client.get(f"/v1/contacts/{contact}/activity").json()["items"]
    assert ahead["occurred_at"] == "2199-01-01T00:00:00Z"
    assert newest["occurred_at"] == newest["received_at"] > ahead["received_at"]
