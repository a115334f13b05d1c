"""What a limit left undone is listed."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from graph.database import Database
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.api.conftest import open_client
from tests.api.pinned import refused


@pytest.fixture
def small(database: Database, server: Settings) -> Iterator[TestClient]:
    """An application whose contacts own at most one tracker."""
    with open_client(Kinfold.on(database, server.model_copy(update={"max_trackers": 1}))) as client:
        yield client


def test_an_event_that_met_a_limit_is_listed_with_its_contact_and_the_reason(small: TestClient) -> None:
    first = small.post("/v1/resolve", json={"email": "ana@example.com", "tracker_id": "t1"}).json()
    for number in (2, 3):
        event = {"email": "ana@example.com", "tracker_id": f"t{number}", "message_id": f"m{number}"}
        answer = small.post("/v1/resolve", json=event).json()
        assert (answer["outcome"], answer["limited"], answer["tracker_id"]) == ("found", True, "t1")
    page = small.get("/v1/anomalies?kind=limit&limit=1").json()
    assert [item["evidence"]["message_id"] for item in page["items"]] == ["m3"]
    (rest,) = small.get("/v1/anomalies", params={"cursor": page["next"]}).json()["items"]
    assert (rest["subject"], rest["score"], rest["evidence"]["tracker_id"]) == (first["contact"]["id"], 1.0, "t2")
    assert "more than 1 trackers" in rest["reason"]


def test_a_kind_that_does_not_exist_is_refused(client: TestClient) -> None:
    assert client.get("/v1/anomalies").json() == {"items": [], "next": None}
    refused(client.get("/v1/anomalies?kind=ghosts"), 422, "bad_input")
