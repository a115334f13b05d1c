"""Keys that were made by command, at the door: let in, refused once revoked, and still asked for after the last."""

import base64
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.http import access
from api.http.access import AccessKeys
from api.http.app import create_app
from graph.access.access_keys import KeyScope, StoredKeys
from graph.errors import Unavailable
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.api.conftest import open_client
from tests.api.http.test_access import bearer
from tests.api.http.test_resolve import ANSWER
from tests.api.pinned import refused


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let so much time pass that the keys are looked up again."""
    ahead = [0.0]
    real = access.time.monotonic
    monkeypatch.setattr(access.time, "monotonic", lambda: real() + ahead[0])

    def wait() -> None:
        ahead[0] += access.FRESH_SECONDS + 0.01

    return wait


def test_a_stored_key_opens_its_scope_as_bearer_and_as_basic(client: TestClient, kinfold: Kinfold) -> None:
    _, write = kinfold.access_keys.create(KeyScope.WRITE)
    _, read = kinfold.access_keys.create(KeyScope.READ)
    basic = {"Authorization": "Basic " + base64.b64encode(f"{write}:".encode()).decode()}
    for headers in (bearer(write), basic):
        assert client.post("/v1/resolve", json={}, headers=headers).status_code == 200
        refused(client.get("/v1/merges", headers=headers), 403, "forbidden")
    assert client.get("/v1/merges", headers=bearer(read)).status_code == 200
    refused(client.post("/v1/resolve", json={}, headers=bearer(read)), 403, "forbidden")
    refused(client.get("/v1/merges"), 401, "unauthorized")


def test_a_key_that_is_made_while_the_server_runs_shuts_it_for_the_others(
    client: TestClient, kinfold: Kinfold, later: Callable[[], None]
) -> None:
    assert client.get("/v1/merges").status_code == 200
    _, admin = kinfold.access_keys.create(KeyScope.ADMIN)
    later()
    refused(client.get("/v1/merges"), 401, "unauthorized")
    assert client.get("/v1/merges", headers=bearer(admin)).status_code == 200


def test_a_revoked_key_is_refused_after_the_next_look(
    client: TestClient, kinfold: Kinfold, later: Callable[[], None]
) -> None:
    gone, revoked = kinfold.access_keys.create(KeyScope.READ)
    _, kept = kinfold.access_keys.create(KeyScope.READ)
    assert client.get("/v1/merges", headers=bearer(revoked)).status_code == 200
    kinfold.access_keys.revoke(gone)
    later()
    refused(client.get("/v1/merges", headers=bearer(revoked)), 401, "unauthorized")
    assert client.get("/v1/merges", headers=bearer(kept)).status_code == 200


def test_revoking_the_last_key_opens_nothing(client: TestClient, kinfold: Kinfold, later: Callable[[], None]) -> None:
    only, key = kinfold.access_keys.create(KeyScope.ADMIN)
    assert client.get("/v1/merges", headers=bearer(key)).status_code == 200
    kinfold.access_keys.revoke(only)
    later()
    refused(client.get("/v1/merges", headers=bearer(key)), 401, "unauthorized")
    refused(client.get("/v1/merges"), 401, "unauthorized")


def test_a_server_that_others_reach_asks_for_keys_also_when_there_is_none_any_more(kinfold: Kinfold) -> None:
    keys = AccessKeys(kinfold.settings, kinfold.access_keys, required=True)
    with TestClient(create_app(kinfold, keys), base_url="http://127.0.0.1:8000") as client:
        refused(client.get("/v1/merges"), 401, "unauthorized")
        assert client.get("/health").status_code == 200


def test_while_the_database_is_away_the_keys_of_the_last_look_count(
    client: TestClient, kinfold: Kinfold, later: Callable[[], None]
) -> None:
    _, key = kinfold.access_keys.create(KeyScope.READ)
    assert client.get("/v1/merges", headers=bearer(key)).status_code == 200
    later()
    with patch.object(StoredKeys, "active", side_effect=Unavailable("The database is away.")) as look:
        assert client.get("/v1/merges", headers=bearer(key)).status_code == 200
        refused(client.get("/v1/merges", headers=bearer("other")), 401, "unauthorized")
    assert look.called


def test_before_the_first_look_nobody_is_let_in_and_probes_answer(client: TestClient) -> None:
    with patch.object(StoredKeys, "active", side_effect=Unavailable("The database is away.")):
        refused(client.get("/v1/merges"), 503, "unavailable")
        assert client.get("/health").status_code == 200


def test_every_known_key_is_compared_whichever_one_was_sent(kinfold: Kinfold) -> None:
    made = [kinfold.access_keys.create(KeyScope.READ)[1] for _ in range(5)]
    keys = AccessKeys(kinfold.settings, kinfold.access_keys)
    keys.look()
    for sent in (made[0], made[-1], "other"):
        with patch.object(access.hmac, "compare_digest", wraps=access.hmac.compare_digest) as compare:
            keys.find(sent.encode())
        assert compare.call_count == 5


# What a write key whose answers are minimal can tell ---------------------------------------------------------------

KEYS = {
    "email": ["ana@example.com", "nobody@example.com", "null"],
    "tracker_id": ["t-ana", "t-visitor", "t-new", "undefined"],
    "subscription": ["s-ana", "s-new"],
    "user_id": ["u-ana", "u-new"],
}
EVENTS = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in KEYS.items()})


def like(event: dict[str, str]) -> dict[str, str]:
    """The same event of somebody nobody knows: keys that count stay keys that count."""
    blocked = ("null", "undefined")
    return {name: value if value in blocked or name == "tracker_id" else ("z" + value) for name, value in event.items()}


@pytest.fixture
def page(kinfold: Kinfold) -> Iterator[TestClient]:
    """A client with a key as it stands in a page's source."""
    _, key = kinfold.access_keys.create(KeyScope.WRITE, answer="minimal")
    with open_client(kinfold) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=EVENTS)
def test_a_minimal_answer_is_the_same_whether_the_person_is_known_or_not(
    page: TestClient, kinfold: Kinfold, event: dict[str, str]
) -> None:
    known = {"email": "ana@example.com", "tracker_id": "t-ana", "subscription": "s-ana", "user_id": "u-ana"}
    kinfold.resolver.resolve([read_event(known), read_event({"tracker_id": "t-visitor"})])
    first = page.post("/v1/resolve", json=event)
    second = page.post("/v1/resolve", json=like(event))
    assert first.status_code == second.status_code == 200
    if event:  # a visitor without any key gets a tracker that was minted, a new one each time
        assert first.json() == second.json()
    [batched] = page.post("/v1/resolve/batch", json={"events": [event]}).json()["results"]
    assert batched.keys() == first.json().keys()
    assert (batched == first.json()) or not event


def test_a_minimal_answer_does_not_tell_who_was_erased(page: TestClient, kinfold: Kinfold) -> None:
    [gone] = kinfold.resolver.resolve([read_event({"email": "gone@example.com"})])
    assert gone.contact and gone.contact.id
    kinfold.erasures.erase(gone.contact.id)
    told = [
        page.post("/v1/resolve", json={"email": email, "tracker_id": "t1", "user_id": "null"}).json()
        for email in ("gone@example.com", "never-seen@example.com")
    ]
    assert told[0] == told[1]
    assert told[0]["ignored"] == [{"key": "user_id", "reason": "blocked"}]


def test_a_minimal_answer_has_every_field_and_the_browsers_own_tracker(page: TestClient, kinfold: Kinfold) -> None:
    kinfold.resolver.resolve([read_event({"email": "ana@example.com", "tracker_id": "t-ana"})])
    answer = page.post("/v1/resolve", json={"email": "ana@example.com", "tracker_id": " t-mine "}).json()
    assert answer.keys() == ANSWER
    assert answer["tracker_id"] == "t-mine"
    assert (answer["contact"], answer["rule"], answer["outcome"]) == (None, None, None)
    assert page.post("/v1/resolve", json={"email": "ana@example.com"}).json()["tracker_id"] is None


def test_a_visitor_without_keys_is_told_the_tracker_that_was_minted(page: TestClient, kinfold: Kinfold) -> None:
    minted = page.post("/v1/resolve", json={"event": "page_view", "message_id": "m1"}).json()["tracker_id"]
    assert kinfold.contacts.owners("tracker_id", minted)
    again = page.post("/v1/resolve", json={"event": "page_view", "message_id": "m1"}).json()
    assert (again["tracker_id"], again["duplicate"]) == (None, False)


DOORS = [
    ("/v1/resolve", lambda event: event),
    ("/v1/resolve/batch", lambda event: {"events": [event]}),
    ("/v1/track", lambda event: {"anonymousId": event["tracker_id"], "event": "e", "messageId": event["message_id"]}),
    (
        "/v1/batch",
        lambda event: {
            "batch": [
                {"type": "track", "anonymousId": event["tracker_id"], "event": "e", "messageId": event["message_id"]}
            ]
        },
    ),
]


@pytest.mark.parametrize(("path", "body"), DOORS, ids=[path for path, _ in DOORS])
def test_a_message_id_that_a_page_made_up_keeps_nobody_elses_event_out(
    page: TestClient, kinfold: Kinfold, path: str, body: Callable[[dict[str, str]], dict[str, Any]]
) -> None:
    _, other = kinfold.access_keys.create(KeyScope.WRITE, answer="minimal")
    _, server = kinfold.access_keys.create(KeyScope.WRITE)
    for key, tracker in ((None, "t-squatter"), (other, "t-shop"), (server, "t-server")):
        headers = {} if key is None else bearer(key)
        for _ in range(2):
            response = page.post(path, json=body({"tracker_id": tracker, "message_id": "order-1"}), headers=headers)
            assert response.status_code == 200
    for tracker in ("t-squatter", "t-shop", "t-server"):
        [owner] = kinfold.contacts.owners("tracker_id", tracker)
        assert len(kinfold.contacts.activity(owner["id"])[0]) == 1, "and its own repetition is one"


def test_a_message_id_means_the_same_event_with_every_key_that_is_no_pages(
    client: TestClient, kinfold: Kinfold
) -> None:
    _, first = kinfold.access_keys.create(KeyScope.WRITE)
    _, second = kinfold.access_keys.create(KeyScope.WRITE, answer="full")
    _, admin = kinfold.access_keys.create(KeyScope.ADMIN)
    event = {"tracker_id": "t1", "message_id": "order-1"}
    seen = [client.post("/v1/resolve", json=event, headers=bearer(key)).json() for key in (first, second, admin)]
    assert [answer["duplicate"] for answer in seen] == [False, True, True]
    assert kinfold.resolver.resolve([read_event(event)])[0].duplicate


def test_two_page_keys_of_the_environment_have_message_ids_of_their_own(kinfold: Kinfold, server: Settings) -> None:
    keys = Settings(write_key="w-1,w-2", admin_key="a-1", write_answer="minimal")  # type: ignore[arg-type]
    update = {name: getattr(keys, name) for name in ("write_key", "admin_key", "write_answer")}
    with open_client(Kinfold.on(kinfold.database, server.model_copy(update=update))) as client:
        for key in ("w-1", "w-2", "w-1"):
            client.post("/v1/resolve", json={"tracker_id": key, "message_id": "m1"}, headers=bearer(key))
        for tracker in ("w-1", "w-2"):
            found = client.get("/v1/contacts", params={"tracker_id": tracker}, headers=bearer("a-1")).json()["items"]
            assert len(found) == 1
            told = client.get(f"/v1/contacts/{found[0]['id']}/activity", headers=bearer("a-1")).json()["items"]
            assert len(told) == 1


def test_the_deployment_chooses_for_keys_that_do_not(kinfold: Kinfold, server: Settings) -> None:
    def contact(key: str, settings: Settings) -> Any:
        with open_client(Kinfold.on(kinfold.database, settings)) as client:
            return client.post("/v1/resolve", json={"tracker_id": "t1"}, headers=bearer(key)).json()["contact"]

    _, plain = kinfold.access_keys.create(KeyScope.WRITE)
    _, full = kinfold.access_keys.create(KeyScope.WRITE, answer="full")
    _, admin = kinfold.access_keys.create(KeyScope.ADMIN)
    given_key = Settings(write_key="w-1").write_key  # type: ignore[arg-type]
    minimal = server.model_copy(update={"write_answer": "minimal", "write_key": given_key})
    assert [contact(key, minimal) is None for key in (plain, "w-1", full, admin)] == [True, True, False, False]
    assert contact(plain, server) is not None
