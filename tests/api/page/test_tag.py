"""The tag as a file; what it does in a browser is tests/browser/test_tag.py."""

import gzip
from pathlib import Path

from fastapi.testclient import TestClient

TAG = Path("api/page/browser_tag.js")


def test_the_tag_is_at_most_4_kib_gzipped() -> None:
    assert len(gzip.compress(TAG.read_bytes(), 9)) <= 4096


def test_the_tag_is_served_packed_cacheable_and_for_any_site(client: TestClient) -> None:
    response = client.get("/tag.js", headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 200
    assert response.content == TAG.read_bytes()
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) <= 4096
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
