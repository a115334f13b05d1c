"""A client of the real application on the real, emptied database."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from graph.kinfold import Kinfold


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
