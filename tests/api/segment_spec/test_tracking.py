"""The endpoints of the Segment tracking specification, on the real database."""

import base64
import gzip
import logging
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from fastapi.testclient import TestClient

from api.segment_spec.messages import KINDS, MAX_REQUEST_BYTES
from graph.errors import Unavailable
from graph.identity.events import Event
from graph.kinfold import Kinfold
from graph.model import Answer
from graph.settings import Settings
from tests.api.conftest import open_client
from tests.api.pinned import check_problem, refused


def owner(client: TestClient, **key: str) -> dict[str, Any]:
    [item] = client.get("/v1/contacts", params=key).json()["items"]
    contact: dict[str, Any] = client.get(f"/v1/contacts/{item['id']}").json()
    return contact


def activity(client: TestClient, **key: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(f"/v1/contacts/{owner(client, **key)['id']}/activity").json()["items"]
    return items


def post(client: TestClient, path: str, body: Any, **headers: str) -> Any:
    response = client.post(path, content=orjson.dumps(body), headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


def test_identify_claims_the_visitor_of_a_page_call(client: TestClient) -> None:
    assert post(client, "/v1/page", {"anonymousId": "t1", "name": "Home"}) == {"success": True}
    post(
        client,
        "/v1/identify",
        {"anonymousId": "t1", "userId": "42", "traits": {"email": "ana@example.com", "plan": "pro"}},
    )
    ana = owner(client, tracker_id="t1")
    assert (ana["kind"], ana["email"], ana["user_ids"]) == ("known", "ana@example.com", ["42"])
    assert ana["properties"] == {"plan": "pro"}
    assert [item["event"] for item in activity(client, tracker_id="t1")] == ["identify", "page"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_call_has_an_endpoint_whose_path_says_what_it_is(client: TestClient, kind: str) -> None:
    post(client, f"/v1/{kind}", {"anonymousId": "t1", "type": "nonsense", "messageId": "m1"})
    assert [(item["event"], item["message_id"]) for item in activity(client, tracker_id="t1")] == [(kind, "m1")]


def test_alias_ties_what_a_browser_did_to_the_user(client: TestClient) -> None:
    post(client, "/v1/track", {"anonymousId": "t1", "event": "Seen"})
    post(client, "/v1/alias", {"previousId": "t1", "userId": "42"})
    assert owner(client, user_id="42")["trackers"] == ["t1"]


def test_an_alias_of_a_known_person_makes_two_persons_one_as_by_hand(client: TestClient) -> None:
    post(client, "/v1/identify", {"userId": "old", "traits": {"name": "Ana", "plan": "free"}})
    post(client, "/v1/identify", {"userId": "new", "anonymousId": "t1", "traits": {"plan": "pro"}})
    old = owner(client, user_id="old")["id"]
    message = {"previousId": "old", "userId": "new", "anonymousId": "t1", "messageId": "m1"}
    for _ in range(2):  # the answer was lost once
        post(client, "/v1/alias", message)
    ana = owner(client, user_id="old")
    assert ana["user_ids"] == ["new", "old"]
    assert ana["properties"] == {"name": "Ana", "plan": "pro"}
    assert ana["merged_from"] == [old]
    [union] = client.get("/v1/merges").json()["items"]
    assert (union["source"], union["target"], union["rule"]) == (old, ana["id"], None)
    assert client.post(f"/v1/merges/{union['id']}/undo").status_code == 200
    assert owner(client, user_id="old")["id"] == old
    assert owner(client, user_id="new")["properties"] == {"plan": "pro"}


def test_an_alias_of_who_is_logged_in_ties_the_new_id_to_the_same_browser(client: TestClient) -> None:
    post(client, "/v1/identify", {"userId": "42", "anonymousId": "t1", "traits": {"email": "ana@example.com"}})
    post(client, "/v1/alias", {"previousId": "42", "userId": "ana-crm", "anonymousId": "t1"})
    post(client, "/v1/track", {"userId": "ana-crm", "anonymousId": "t1", "event": "Seen"})
    ana = owner(client, tracker_id="t1")
    assert (ana["user_ids"], ana["email"], ana["trackers"][0]) == (["42", "ana-crm"], "ana@example.com", "t1")
    assert {item["event"] for item in activity(client, tracker_id="t1")} == {"identify", "alias", "Seen"}


def test_an_alias_in_a_batch_knows_the_messages_before_it(client: TestClient) -> None:
    batch = [
        {"type": "identify", "userId": "old", "traits": {"email": "ana@example.com"}},
        {"type": "alias", "previousId": "Ana@Example.com", "userId": "new"},
        {"type": "track", "userId": "new", "event": "Seen"},
    ]
    post(client, "/v1/batch", {"batch": batch})
    ana = owner(client, email="ana@example.com")
    assert ana["user_ids"] == ["old", "new"]
    assert {item["event"] for item in activity(client, user_id="new")} == {"identify", "alias", "Seen"}


def test_an_alias_of_a_device_keeps_the_other_one_with_the_activity(client: TestClient) -> None:
    post(client, "/v1/alias", {"previousId": "t1", "userId": "42", "anonymousId": "t2"})
    assert owner(client, user_id="42")["trackers"] == ["t1"]
    [found] = activity(client, user_id="42")
    assert found["event_properties"] == {"previousId": "t1", "anonymousId": "t2"}


def test_an_alias_of_an_address_that_is_nobodys_is_one_of_a_device(client: TestClient) -> None:
    post(client, "/v1/alias", {"previousId": "ana@example.com", "userId": "42", "anonymousId": "t1"})
    ana = owner(client, user_id="42")
    assert (ana["email"], ana["trackers"]) == (None, ["ana@example.com"])


def test_a_key_with_minimal_answers_makes_no_two_persons_one(kinfold: Kinfold, server: Settings) -> None:
    keys = Settings(write_key="w-1", admin_key="a-1", write_answer="minimal")  # type: ignore[arg-type]
    update = {name: getattr(keys, name) for name in ("write_key", "admin_key", "write_answer")}
    with open_client(Kinfold.on(kinfold.database, server.model_copy(update=update))) as page:
        for message in (
            {"type": "identify", "userId": "old"},
            {"type": "alias", "previousId": "old", "userId": "new", "anonymousId": "t1"},
            {"type": "alias", "previousId": "t2", "userId": "other"},
        ):
            assert page.post("/v1/b", json={"batch": [message], "writeKey": "w-1"}).json() == {"success": True}
            assert page.post("/v1/a", json=message | {"writeKey": "w-1"}).json() == {"success": True}
        page.headers["Authorization"] = "Bearer a-1"
        assert owner(page, user_id="old")["user_ids"] == ["old"]
        assert owner(page, user_id="new")["trackers"] == ["t1"]
        assert owner(page, user_id="other")["trackers"] == ["t2"]


def test_a_member_of_several_groups_is_a_member_of_each(client: TestClient) -> None:
    for group in ("acme", "globex", "acme"):
        post(client, "/v1/group", {"userId": "42", "groupId": group, "anonymousId": "t1"})
    ana = owner(client, user_id="42")
    assert ana["properties"]["groupId"] == ["acme", "globex"]
    for name, where, members in (
        ("a", {"property": "groupId", "is": "acme"}, 1),
        ("b", {"property": "groupId", "in": ["globex", "x"]}, 1),
        ("c", {"property": "groupId", "is_not": "globex"}, 0),
    ):
        assert client.put(f"/v1/segments/{name}", json={"kind": "dynamic", "where": where}).status_code == 201
        assert len(client.get(f"/v1/segments/{name}/members").json()["items"]) == members
    client.patch(f"/v1/contacts/{ana['id']}", json={"properties": {"groupId": None}})
    post(client, "/v1/group", {"userId": "42", "groupId": "late", "timestamp": "2020-01-01T00:00:00Z"})
    assert owner(client, user_id="42")["properties"] == {}


def test_cached_traits_bring_back_nothing_that_was_removed(client: TestClient) -> None:
    message = {"userId": "42", "anonymousId": "t1", "context": {"traits": {"plan": "free", "city": "Lyon"}}}
    post(client, "/v1/page", message)
    post(client, "/v1/identify", {"userId": "42", "traits": {"plan": None}})
    post(client, "/v1/page", message)
    assert owner(client, user_id="42")["properties"] == {"city": "Lyon"}


def test_a_device_token_is_a_push_subscription(client: TestClient) -> None:
    post(client, "/v1/screen", {"anonymousId": "t1", "context": {"device": {"token": "s1"}}})
    assert [item["id"] for item in owner(client, subscription="s1")["subscriptions"]] == ["s1"]


def test_a_batch_is_resolved_in_order_and_once(client: TestClient) -> None:
    batch = {
        "batch": [
            {"type": "track", "anonymousId": "t1", "event": "First", "messageId": "m1"},
            {"type": "identify", "anonymousId": "t1", "userId": "ana@example.com", "messageId": "m2"},
            {"type": "track", "anonymousId": "t1", "event": "Last", "messageId": "m3"},
        ]
    }
    for _ in range(3):
        assert post(client, "/v1/batch", batch) == {"success": True}
    found = activity(client, email="ana@example.com")
    assert [item["event"] for item in found] == ["Last", "identify", "First"]
    assert [item["rule"] for item in found] == ["5", "2.2", "5"]


def test_a_batch_goes_in_few_commits(client: TestClient, kinfold: Kinfold) -> None:
    sizes: list[int] = []
    resolve = kinfold.resolver.resolve

    def counted(events: list[Event], **flags: Any) -> list[Answer]:
        sizes.append(len(events))
        return resolve(events, **flags)

    messages = [{"type": "track", "anonymousId": f"t{number % 7}", "event": "Seen"} for number in range(1200)]
    with patch.object(kinfold.resolver, "resolve", counted):
        post(client, "/v1/batch", {"batch": messages})
    assert sizes == [1000, 200]


def test_a_bad_message_does_not_poison_its_batch(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    batch = [{"type": "track", "anonymousId": "t1", "event": "a"}, 7, {"type": "no"}, {"type": "page", "userId": "u"}]
    with caplog.at_level(logging.WARNING):
        answer = post(client, "/v1/batch", {"batch": batch})
    assert answer["success"] is True
    assert [item["index"] for item in answer["rejected"]] == [1, 2]
    for item in answer["rejected"]:
        check_problem(item["error"], 400, "bad_message")
    assert owner(client, tracker_id="t1")
    assert owner(client, user_id="u")
    assert "2 of 4 messages" in caplog.text


def test_an_event_that_fails_alone_does_not_stop_the_others(client: TestClient, kinfold: Kinfold) -> None:
    resolve = kinfold.resolver.resolve

    def spoilt(events: list[Event], **flags: Any) -> list[Answer]:
        if any(event.tracker_id == "bad" for event in events):
            raise RuntimeError("the inside")
        return resolve(events, **flags)

    batch = [{"type": "page", "anonymousId": name} for name in ("t1", "bad", "t2")]
    with patch.object(kinfold.resolver, "resolve", spoilt):
        answer = post(client, "/v1/batch", {"batch": batch})
    assert [item["index"] for item in answer["rejected"]] == [1]
    assert "inside" not in str(answer)
    assert owner(client, tracker_id="t2")


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
def test_a_database_that_is_away_is_a_503_that_sdks_repeat(client: TestClient, kinfold: Kinfold, path: str) -> None:
    body = {"batch": [{"type": "track"}]}
    with patch.object(type(kinfold.resolver), "resolve", side_effect=Unavailable("The database is away.")):
        response = client.post(path, json=body)
    refused(response, 503, "unavailable")
    assert response.headers["retry-after"]
    assert response.json()["message"] == response.json()["detail"]


def test_an_outage_between_two_commits_is_a_503_and_the_repeated_batch_counts_once(
    client: TestClient, kinfold: Kinfold
) -> None:
    resolve, calls = kinfold.resolver.resolve, []

    def broken(events: list[Event], **flags: Any) -> list[Answer]:
        calls.append(len(events))
        if len(calls) == 2:
            raise Unavailable("The database is away.")
        return resolve(events, **flags)

    messages = [{"type": "track", "anonymousId": "t1", "event": "a", "messageId": f"m{n}"} for n in range(1100)]
    with patch.object(kinfold.resolver, "resolve", broken):
        assert client.post("/v1/batch", json={"batch": messages}).status_code == 503
        assert client.post("/v1/batch", json={"batch": messages}).status_code == 200
    contact = owner(client, tracker_id="t1")["id"]
    found, cursor = [], None
    while True:
        query: dict[str, Any] = {"limit": 500} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"/v1/contacts/{contact}/activity", params=query).json()
        found += [item["message_id"] for item in page["items"]]
        if not (cursor := page["next"]):
            break
    assert sorted(found) == sorted(f"m{number}" for number in range(1100))


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", {}, 400),
        (b"[]", {}, 400),
        (b"{", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"{}", {"Content-Encoding": "gzip"}, 400),
        (b"{}", {"Content-Encoding": "br"}, 415),
        (b" " * (MAX_REQUEST_BYTES + 1), {}, 413),
        (gzip.compress(b" " * (MAX_REQUEST_BYTES + 1)), {"Content-Encoding": "gzip"}, 413),
    ],
)
def test_what_is_no_message_is_refused_in_words_that_sdks_read(
    client: TestClient, path: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    response = client.post(path, content=content, headers=headers)
    assert response.status_code == status
    problem = response.json()
    check_problem(problem, status, problem["code"])
    assert problem["message"] == problem["detail"]
    assert int(response.headers["content-length"]) == len(response.content)


def test_other_calls_keep_the_pinned_shape(client: TestClient) -> None:
    assert "message" not in client.post("/v1/resolve", content=b"{").json()


def test_gzip_basic_auth_and_any_content_type_are_taken(client: TestClient) -> None:
    body = {"batch": [{"type": "page", "anonymousId": "t1"}], "writeKey": "in the body"}
    for number, kind in enumerate(("application/json", "text/plain", "")):
        body["batch"][0]["messageId"] = f"m{number}"  # type: ignore[index]
        response = client.post(
            "/v1/batch",
            content=gzip.compress(orjson.dumps(body)),
            headers={
                "Content-Encoding": "gzip",
                "Content-Type": kind,
                "Authorization": f"Basic {base64.b64encode(b'any:').decode()}",
            },
        )
        assert response.json() == {"success": True}
    assert len(activity(client, tracker_id="t1")) == 3
    assert "in the body" not in str(activity(client, tracker_id="t1"))


def test_a_message_beyond_32_kib_is_kept_as_far_as_it_fits(client: TestClient) -> None:
    post(client, "/v1/track", {"anonymousId": "t1", "event": "Big", "properties": {"a": "x" * 100_000, "b": 1}})
    [found] = activity(client, tracker_id="t1")
    assert found["event_properties"]["b"] == 1
    assert found["event_properties"]["kinfold.cut"] == ["a"]
