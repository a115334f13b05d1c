"""Where SDKs send, where they put the write key, and what a source that speaks another format is told."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient

from api.segment_spec.messages import BATCH_PATHS, MAX_REQUEST_BYTES, MESSAGE_PATHS, TRACKING_PATHS
from api.segment_spec.other_formats import GUIDE
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.api.conftest import open_client
from tests.api.pinned import refused
from tests.api.segment_spec.test_tracking import activity, post

SHOP = "https://shop.example"


@pytest.fixture
def keyed(kinfold: Kinfold, server: Settings) -> Iterator[TestClient]:
    """A client of a server with keys that a shop's pages may call; it sends no key by itself."""
    keys = Settings(write_key="w-1,w-2", read_key="r-1", admin_key="a-1", cors_origins=SHOP)  # type: ignore[arg-type]
    update = {name: getattr(keys, name) for name in ("write_key", "read_key", "admin_key", "cors_origins")}
    with open_client(Kinfold.on(kinfold.database, server.model_copy(update=update))) as client:
        yield client


def body_of(path: str) -> dict[str, Any]:
    message = {"type": "track", "anonymousId": "t1", "event": "Seen"}
    return {"batch": [message]} if path.rstrip("/") in BATCH_PATHS else message


def test_a_message_is_taken_at_the_long_and_the_short_address_of_its_kind(client: TestClient) -> None:
    sent = [(path + slash, kind) for path, kind in MESSAGE_PATHS.items() for slash in ("", "/")]
    for path, _ in sent:
        assert post(client, path, {"anonymousId": "t1", "messageId": path}) == {"success": True}
    found = {item["message_id"]: item["event"] for item in activity(client, tracker_id="t1")}
    assert found == dict(sent)


def test_a_batch_is_taken_at_each_address_of_batches(client: TestClient) -> None:
    for path in BATCH_PATHS:
        for slash in ("", "/"):
            assert post(client, path + slash, body_of(path)) == {"success": True}
    assert len(activity(client, tracker_id="t1")) == 2 * len(BATCH_PATHS)


def test_what_an_sdk_tells_of_itself_is_taken_without_a_key_and_not_kept(keyed: TestClient) -> None:
    body = {"series": [{"type": "Counter", "metric": "analytics_js.invoke", "value": 1}]}
    for path in ("/v1/m", "/v1/m/"):
        assert post(keyed, path, body) == {"success": True}
    assert keyed.get("/v1/contacts?tracker_id=t1", headers={"Authorization": "Bearer r-1"}).json()["items"] == []


def test_a_write_key_comes_in_the_body_or_in_the_query_and_no_other_key_does(keyed: TestClient) -> None:
    for path in sorted(TRACKING_PATHS):

        def status(query: str = "", path: str = path, **more: Any) -> int:
            return keyed.post(path + query, content=orjson.dumps(body_of(path) | more)).status_code

        assert status(writeKey="w-1") == status("?writeKey=w-1") == status("?write_key=w-2") == 200
        for wrong in ("a-1", "r-1", "x", "", None, 7, ["w-1"]):
            assert status(writeKey=wrong) == 401
            assert status(f"?writeKey={wrong}") == 401
        assert status() == status("?writeKey=w-1&write_key=w-2") == 401


def test_a_key_in_the_body_counts_where_it_came_packed_or_as_text(keyed: TestClient) -> None:
    body = orjson.dumps(body_of("/v1/batch") | {"writeKey": "w-1"})
    packed = keyed.post("/v1/batch", content=gzip.compress(body), headers={"Content-Encoding": "gzip"})
    as_text = keyed.post("/v1/batch", content=body, headers={"Content-Type": "text/plain;charset=UTF-8"})
    assert packed.json() == as_text.json() == {"success": True}


def test_a_header_goes_before_the_body_and_the_query_before_it(keyed: TestClient) -> None:
    body = body_of("/v1/track") | {"writeKey": "w-1"}
    assert keyed.post("/v1/track", json=body, headers={"Authorization": "Bearer x"}).status_code == 401
    assert keyed.post("/v1/track?writeKey=x", json=body).status_code == 401


def test_a_refusal_for_want_of_a_key_says_where_it_may_come(keyed: TestClient) -> None:
    for content in (b"{}", b"{", b"\xff", b""):
        response = keyed.post("/v1/t", content=content)
        refused(response, 401, "unauthorized")
        assert "writeKey" in response.json()["message"]


def test_a_body_that_is_too_large_is_refused_before_its_key_is_known(keyed: TestClient) -> None:
    refused(keyed.post("/v1/batch", content=b" " * (MAX_REQUEST_BYTES + 1)), 413, "too_large")


def test_a_key_in_the_body_opens_no_call_but_those_of_sdks(keyed: TestClient) -> None:
    refused(keyed.post("/v1/resolve", json={"writeKey": "w-1"}), 401, "unauthorized")


def test_a_page_may_send_the_headers_of_its_sdk(keyed: TestClient) -> None:
    for path in ("/v1/t", "/v1/batch", "/v1/b/", "/beacon/v1/batch", "/v1/m"):
        for headers in HEADERS:
            asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": headers}
            answer = keyed.options(path, headers=asked)
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == SHOP
            allowed = answer.headers["access-control-allow-headers"].lower().replace(" ", "").split(",")
            assert set(headers.split(",")) <= set(allowed)
            other = keyed.options(path, headers=asked | {"Origin": "https://evil.example"})
            assert "access-control-allow-origin" not in other.headers


HEADERS = (
    "authorization,content-type,anonymousid",
    "anonymousid,sentat,rsa-batch-id,rsa-retry-attempt,rsa-retry-reason,rsa-since-last-attempt",
    "content-type,x-retry-count,x-client-user-agent,user-agent",
)
OTHERS = {
    "PostHog": ["/e/", "/e", "/capture/", "/batch/", "/decide/", "/flags/", "/i/v0/e/", "/s/", "/static/array.js"],
    "Mixpanel": ["/track", "/track/", "/engage", "/groups", "/import"],
    "Amplitude": ["/2/httpapi", "/batch", "/identify", "/groupidentify"],
    "Snowplow": ["/com.snowplowanalytics.snowplow/tp2", "/i", "/com.snowplowanalytics.iglu/v1"],
    "Jitsu": ["/api/s/track", "/api/s/s2s/track", "/api/v1/event", "/s/lib.js", "/p.js"],
}


@pytest.mark.parametrize("source", OTHERS)
def test_a_source_of_another_format_is_told_what_is_spoken_and_where_to_read_on(keyed: TestClient, source: str) -> None:
    sent = [{}, {"Authorization": "Bearer w-1"}, {"Origin": SHOP}]
    for path, headers in ((path, headers) for path in OTHERS[source] for headers in sent):
        method = "GET" if path.endswith(".js") else "POST"
        response = keyed.request(method, path, headers=headers)
        refused(response, 404, "other_format")
        problem = response.json()
        assert source in problem["detail"]
        assert "/v1/resolve" in problem["detail"]
        assert problem["guide"] == GUIDE
    assert response.headers["access-control-allow-origin"] == SHOP
    assert source in Path(GUIDE).read_text()


def test_a_host_that_lacks_the_version_is_told_so(keyed: TestClient) -> None:
    for path in ("/t", "/page", "/b", "/alias/"):
        response = keyed.post(path)
        refused(response, 404, "other_format")
        assert f"/v1{path}" in response.json()["detail"]


def _guided(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", Path(GUIDE).read_text(), re.DOTALL)


def test_what_the_guide_says_to_send_is_taken(client: TestClient) -> None:
    events = _guided("json")
    assert len(events) == len(OTHERS)
    for event in events:
        response = client.post("/v1/resolve", content=event.encode())
        assert response.status_code == 200, response.text
        assert response.json()["ignored"] == []
