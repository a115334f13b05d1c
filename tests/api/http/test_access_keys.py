"""Access keys over HTTP: what one may, made, listed and revoked."""

import pytest
from fastapi.testclient import TestClient

from api.http import access
from graph.kinfold import Kinfold
from tests.api.conftest import open_client
from tests.api.pinned import refused


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_without_keys_whoever_asks_may_everything(client: TestClient) -> None:
    answer = client.get("/v1/access").json()
    assert answer == {
        "name": "local",
        "scopes": ["admin"],
        "may": ["admin", "analyst", "read", "steward", "write"],
    }


def test_a_key_that_was_made_opens_the_calls_of_its_scope_until_it_is_revoked(
    kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "FRESH_SECONDS", 0.0)
    with open_client(kinfold) as client:
        admin = client.post("/v1/access-keys", json={"scope": "admin", "name": "ops"}).json()
        refused(client.get("/v1/access"), 401, "unauthorized")
        client.headers.update(bearer(admin["key"]))
        made = client.post("/v1/access-keys", json={"scope": "steward", "name": "desk"})
        assert made.status_code == 201
        steward = made.json()
        listed = client.get("/v1/access-keys").json()["items"]
        assert [(one["id"], one["scope"], one["name"]) for one in listed] == [
            (admin["id"], "admin", "ops"),
            (steward["id"], "steward", "desk"),
        ]
        assert steward["key"] not in client.get("/v1/access-keys").text
        answer = client.get("/v1/access", headers=bearer(steward["key"])).json()
        assert answer == {"name": steward["id"], "scopes": ["steward"], "may": ["analyst", "read", "steward"]}
        refused(client.get("/v1/access-keys", headers=bearer(steward["key"])), 403, "forbidden")
        asked = client.post("/v1/access-keys", json={"scope": "read"}, headers=bearer(steward["key"]))
        refused(asked, 403, "forbidden")
        assert client.delete(f"/v1/access-keys/{steward['id']}").status_code == 204
        refused(client.get("/v1/access", headers=bearer(steward["key"])), 401, "unauthorized")
        assert client.get("/v1/access-keys").json()["items"][1]["revoked_at"]
        refused(client.delete("/v1/access-keys/none"), 404, "not_found")


def test_what_cannot_be_a_key_is_refused_by_field(client: TestClient) -> None:
    refused(client.post("/v1/access-keys", json={"scope": "boss"}), 422, "bad_input")
    refused(client.post("/v1/access-keys", json={"scope": "read", "answer": "minimal"}), 422, "bad_input")
    refused(client.post("/v1/access-keys", json={"scope": "read", "name": "x" * 256}), 422, "bad_input")
    assert client.get("/v1/access-keys").json() == {"items": [], "next": None}
