"""Which pages of other sites may call what."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.api.conftest import open_client
from tests.api.http.test_access import SCOPES, bearer

SHOP = "https://shop.example"


@pytest.fixture
def shared(kinfold: Kinfold, server: Settings) -> Iterator[TestClient]:
    keys = Settings(write_key="w-1", admin_key="a-1", cors_origins=f"{SHOP}, https://blog.example")  # type: ignore[arg-type]
    update = {name: getattr(keys, name) for name in ("write_key", "admin_key", "cors_origins")}
    with open_client(Kinfold.on(kinfold.database, server.model_copy(update=update))) as client:
        yield client


def preflight(client: TestClient, path: str, origin: str, method: str = "POST", headers: str = "authorization") -> int:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    answer = client.options(path, headers=asked)
    allowed = answer.headers.get("access-control-allow-origin")
    assert (allowed == origin) or answer.status_code != 200
    return answer.status_code


def test_a_preflight_of_a_configured_site_is_answered_without_a_key(shared: TestClient) -> None:
    assert preflight(shared, "/v1/resolve", SHOP, headers="authorization, content-type") == 200
    assert preflight(shared, "/v1/resolve/batch", "https://blog.example") == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://shop.example", "https://shop.example.evil", "null"])
def test_another_site_is_not_let_in(shared: TestClient, origin: str) -> None:
    assert preflight(shared, "/v1/resolve", origin) == 400
    answer = shared.post("/v1/resolve", json={}, headers={"Origin": origin, **bearer("w-1")})
    assert "access-control-allow-origin" not in answer.headers


def test_only_what_a_write_key_opens_is_shared(shared: TestClient) -> None:
    for (method, path), scope in SCOPES.items():
        if scope != "write" and path != "/tag.js" and ("POST", path) not in SCOPES:
            headers = {"Origin": SHOP, "Access-Control-Request-Method": method}
            answer = shared.options(path, headers=headers)
            assert "access-control-allow-origin" not in answer.headers, path
            got = shared.get(path, headers={"Origin": SHOP, **bearer("a-1")})
            assert "access-control-allow-origin" not in got.headers, path


def test_a_page_reads_its_answer_and_its_refusals(shared: TestClient) -> None:
    answer = shared.post("/v1/resolve", json={}, headers={"Origin": SHOP, **bearer("w-1")})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    refusal = shared.post("/v1/resolve", json={}, headers={"Origin": SHOP})
    assert (refusal.status_code, refusal.headers["access-control-allow-origin"]) == (401, SHOP)


def test_without_configured_sites_no_page_is_let_in(client: TestClient) -> None:
    answer = client.options("/v1/resolve", headers={"Origin": SHOP, "Access-Control-Request-Method": "POST"})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
