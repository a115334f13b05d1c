"""A client of the real application on the real, emptied database."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from graph.identity.declared_namespaces import agree
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.api.play import Play


@pytest.fixture
def client(kinfold: Kinfold) -> Iterator[TestClient]:
    with open_client(kinfold) as client:
        yield client


def open_client(kinfold: Kinfold) -> TestClient:
    """A browser's or a program's way to an application on this machine."""
    return TestClient(create_app(kinfold), base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


@pytest.fixture
def resolve(client: TestClient) -> Callable[..., dict[str, Any]]:
    def resolve(**event: Any) -> dict[str, Any]:
        response = client.post("/v1/resolve", json=event)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    return resolve


@pytest.fixture
def play(
    case: dict[str, Any], kinfold: Kinfold, server: Settings, environment: dict[str, str], tmp_path: Path
) -> Iterator[Play]:
    """A case's own server, with the settings that it needs."""
    more = {**environment, "KINFOLD_HOME": str(tmp_path / "home")}
    asked = {name.removeprefix("KINFOLD_").lower(): value for name, value in case.get("server", {}).items()}
    if "keys" in asked:
        file = tmp_path / "keys.yaml"
        file.write_text(asked["keys"], encoding="utf-8")
        asked["keys"] = more["KINFOLD_KEYS"] = str(file)
    given = Settings(**asked)
    settings = server.model_copy(update={name: getattr(given, name) for name in asked})
    asked_of = Kinfold.on(kinfold.database, settings)
    agree(kinfold.database, asked_of.namespaces)
    with open_client(asked_of) as client:
        yield Play(client, more, tmp_path)
