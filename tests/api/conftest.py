"""A client of the real application on the real, emptied database."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from graph.kinfold import Kinfold


@pytest.fixture
def client(kinfold: Kinfold) -> Iterator[TestClient]:
    with TestClient(create_app(kinfold), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def resolve(client: TestClient) -> Callable[..., dict[str, Any]]:
    def resolve(**event: Any) -> dict[str, Any]:
        response = client.post("/v1/resolve", json=event)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    return resolve
