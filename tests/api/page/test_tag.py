"""The tag as a file; what it does in a browser is tests/browser/test_tag.py."""

import gzip
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.api.pinned import refused

TAG = Path("api/page/browser_tag.js")


def test_the_tag_is_at_most_7_kib_gzipped() -> None:
    assert len(gzip.compress(TAG.read_bytes(), 9)) <= 7 * 1024


def test_the_tag_is_served_packed_cacheable_and_for_any_site(client: TestClient) -> None:
    response = client.get("/tag.js", headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 200
    assert response.content == TAG.read_bytes()
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) <= 7 * 1024
    assert response.headers["content-type"].startswith("text/javascript")
    assert "max-age" in response.headers["cache-control"]
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    plain = client.get("/tag.js", headers={"Accept-Encoding": "identity"})
    assert plain.content == TAG.read_bytes()
    assert "content-encoding" not in plain.headers
    assert client.head("/tag.js").status_code == 200


def test_who_refuses_gzip_gets_the_tag_plain(client: TestClient) -> None:
    for accepted, packed in (
        ("gzip;q=0", False),
        ("br, gzip; q=0.000", False),
        ("*", False),
        ("br;q=0, GZIP;q=0.1", True),
        ("x-gzip", True),
    ):
        headers = client.get("/tag.js", headers={"Accept-Encoding": accepted}).headers
        assert ("content-encoding" in headers) is packed, accepted


def test_a_browser_that_has_the_tag_is_not_sent_it_again(client: TestClient) -> None:
    etag = client.get("/tag.js").headers["etag"]
    again = client.get("/tag.js", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


OWN = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}


def test_the_server_sets_the_tags_cookie_for_400_days(client: TestClient) -> None:
    body = {"name": "kinfold", "tracker_id": "t 1;é", "domain": None}
    response = client.post("/v1/cookie", json=body, headers=OWN)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["set-cookie"] == "kinfold=t%201%3B%C3%A9; Path=/; Max-Age=34560000; SameSite=Lax"


def test_over_https_and_for_several_subdomains_the_cookie_says_so(client: TestClient) -> None:
    headers = {"Origin": "https://localhost", "Sec-Fetch-Site": "same-origin"}
    body = {"name": "k", "tracker_id": "t1", "domain": "shop.example"}
    said = client.post("/v1/cookie", json=body, headers=headers).headers["set-cookie"]
    assert said == "k=t1; Path=/; Max-Age=34560000; SameSite=Lax; Domain=shop.example; Secure"


def test_a_browser_that_does_not_say_the_site_is_known_by_its_origin(client: TestClient) -> None:
    body = {"name": "k", "tracker_id": "t1"}
    assert client.post("/v1/cookie", json=body, headers={"Origin": "http://127.0.0.1:8000"}).status_code == 204
    refused(client.post("/v1/cookie", json=body, headers={"Origin": "http://127.0.0.1:9"}), 403, "forbidden")


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin"}, {**OWN, "Sec-Fetch-Site": "same-site"}, {**OWN, "Sec-Fetch-Site": "none"}],
)
def test_no_other_origin_has_a_cookie_set(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post("/v1/cookie", json={"name": "k", "tracker_id": "t1"}, headers=headers)
    refused(response, 403, "forbidden")
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tracker_id": "t1"}, "name"),
        ({"name": "a b", "tracker_id": "t1"}, "name"),
        ({"name": "k=v", "tracker_id": "t1"}, "name"),
        ({"name": "k", "tracker_id": ""}, "tracker_id"),
        ({"name": "k", "tracker_id": "t" * 1025}, "tracker_id"),
        ({"name": "k", "tracker_id": "t1", "domain": "a; Path=/x"}, "domain"),
        ({"name": "k", "tracker_id": "t1", "domain": "a\r\nX: y"}, "domain"),
        ({"name": "k", "tracker_id": "t1", "path": "/"}, "path"),
    ],
)
def test_a_cookie_that_cannot_be_is_refused(client: TestClient, body: dict[str, str], field: str) -> None:
    response = client.post("/v1/cookie", json=body, headers=OWN)
    refused(response, 422, "bad_input")
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_the_recipes_for_proxies_pass_on_what_the_tag_asks_for_and_nothing_else() -> None:
    page = Path("docs/tag.md").read_text(encoding="utf-8")
    asked = {"/tag.js", *re.findall(r'\bat\("([^"]+)"\)', TAG.read_text(encoding="utf-8"))}
    nginx, caddy = (re.findall(rf"```{name}\n(.*?)```", page, re.DOTALL)[0] for name in ("nginx", "caddy"))
    assert set(re.findall(r"location = (\S+)", nginx)) == asked
    assert set(re.findall(r"@kinfold path (.*)", caddy)[0].split()) == asked
