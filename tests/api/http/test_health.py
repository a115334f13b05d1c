"""A server that works on what nobody should send says meanwhile that it is well."""

from collections.abc import Iterator

import httpx
import pytest

from bench.health import PATIENCE, costly_messages, health_beside, prepare, refused_messages, serving
from graph.settings import Settings
from graph.store.database import Database
from tests.api.http.test_costly import DOORS, VALUES
from tests.conftest import empty

SOME = (
    "combining marks before an at",
    "combining marks in a domain",
    "an address many times over",
    "dashes",
    "brackets",
)
"""What stood a server still once, or is of that kind; `python -m bench.health` takes all values and the time."""

Sides = tuple[httpx.Client, httpx.Client, str]


@pytest.fixture(scope="module")
def sides(shared_database: Database, server: Settings) -> Iterator[Sides]:
    """Who sends and who asks for health, on a server that is a process of its own."""
    assert server.neo4j_uri
    empty(shared_database)
    environment = {
        "NEO4J_URI": server.neo4j_uri,
        "NEO4J_USER": server.neo4j_user,
        "NEO4J_PASSWORD": server.neo4j_password.get_secret_value(),
    }
    with (
        serving(environment) as address,
        httpx.Client(base_url=address, timeout=PATIENCE) as sender,
        httpx.Client(base_url=address, timeout=PATIENCE) as asker,
    ):
        yield sender, asker, prepare(sender)


def test_the_values_have_these_names() -> None:
    assert set(SOME) <= {value["value"] for value in VALUES}


def test_health_is_answered_while_what_is_refused_is_read(sides: Sides) -> None:
    sender, asker, contact = sides
    for message in refused_messages(contact):
        beside = health_beside(sender, asker, message)
        assert set(beside.health) == {200}, message.name
        assert 400 <= beside.status < 500, message.name


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door["door"])
def test_health_is_answered_while_costly_values_are_worked_on(sides: Sides, door: dict[str, str]) -> None:
    sender, asker, contact = sides
    for message in costly_messages(contact, door, [value for value in VALUES if value["value"] in SOME]):
        beside = health_beside(sender, asker, message)
        assert set(beside.health) == {200}, message.name
        assert beside.status < 500, message.name
