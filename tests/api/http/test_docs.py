"""GET /docs, the API to try out; and the names that a refusal guesses."""

import re

import pytest
from fastapi.testclient import TestClient

from tests.api.pinned import refused


def test_the_api_to_try_out_loads_nothing_but_files_of_this_server(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    files = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(files) > 5
    assert all(file.startswith("/") and client.get(file).status_code == 200 for file in files)
    assert "<script>" not in page.text
    assert client.get("/").headers["content-security-policy"] != policy


@pytest.mark.parametrize(
    ("method", "url", "body", "meant"),
    [
        ("POST", "/v1/resolve", {"e_mail": "ana@example.com"}, "email"),
        ("POST", "/v1/resolve", {"trackerId": "t1"}, "tracker_id"),
        ("POST", "/v1/resolve", {"keys": {"trackerid": "t1"}}, "tracker_id"),
        ("POST", "/v1/resolve", {"colour": "red"}, None),
        ("POST", "/v1/resolve", {"e" * 5000: 1}, None),
        ("POST", "/v1/resolve?dryrun=true", {}, "dry_run"),
        ("POST", "/v1/merges", {"source": "a", "targt": "b"}, "target"),
        ("GET", "/v1/contacts?mail=ana@example.com", None, "email"),
        ("GET", "/v1/contacts?sorted=keys", None, "sort"),
        ("GET", "/v1/merges?limits=1", None, "limit"),
        ("GET", "/v1/audit?form=2026-11-22T10:00:00Z", None, "from"),
    ],
)
def test_a_name_that_is_not_there_is_met_with_the_one_that_was_meant(
    client: TestClient, method: str, url: str, body: dict[str, object] | None, meant: str | None
) -> None:
    errors = refused(client.request(method, url, json=body), 422, "bad_input")
    [error] = [error for error in errors if error["rule"].startswith("unknown")]
    assert ("did you mean" in error["message"]) is (meant is not None)
    assert meant is None or error["message"].endswith(f"did you mean {meant!r}?")
