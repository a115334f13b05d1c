"""How many calls a caller may make, and how a caller is told."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from api.http.rates import Buckets, Rates
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.api.conftest import open_client
from tests.api.http.test_access import bearer
from tests.api.pinned import refused


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@given(
    rate=st.floats(0.01, 1000),
    pauses=st.lists(st.floats(0, 5), min_size=1, max_size=50),
)
def test_no_caller_ever_gets_more_than_the_bucket_and_what_flowed_into_it(rate: float, pauses: list[float]) -> None:
    clock = Time()
    buckets = Buckets("key", rate, now=clock)
    began, let_through = clock.now, 0
    for pause in pauses:
        clock.now += pause
        allowance = buckets.take("one")
        let_through += not allowance.refused
        assert 0 <= allowance.remaining <= allowance.quota
        assert let_through <= max(1.0, rate * 10) + (clock.now - began) * rate + 1e-6


@given(rate=st.floats(0.01, 1000))
def test_after_the_wait_that_was_told_the_next_call_passes(rate: float) -> None:
    clock = Time()
    buckets = Buckets("key", rate, now=clock)
    while not (allowance := buckets.take("one")).refused:
        pass
    clock.now += allowance.wait + 1e-9 * clock.now
    assert not buckets.take("one").refused


def test_callers_do_not_use_up_each_others_calls() -> None:
    buckets = Buckets("key", 0.1, now=Time())
    assert [buckets.take(caller).refused for caller in ("one", "two", "one", "two")] == [False, False, True, True]


def test_only_so_many_callers_are_remembered_and_the_last_heard_of_stay() -> None:
    buckets = Buckets("address", 0.1, most=3, now=Time())
    for caller in ("a", "b", "c", "a", "d"):
        buckets.take(caller)
    assert len(buckets) == 3
    assert [buckets.take(caller).refused for caller in ("a", "d")] == [True, True]
    assert not buckets.take("b").refused


@pytest.fixture
def limited(kinfold: Kinfold, server: Settings) -> Iterator[TestClient]:
    keys = Settings(write_key="w-1,w-2", rate_per_key=0.01)  # type: ignore[arg-type]
    update = {"write_key": keys.write_key, "rate_per_key": keys.rate_per_key}
    with open_client(Kinfold.on(kinfold.database, server.model_copy(update=update))) as client:
        yield client


def post(client: TestClient, key: str) -> Any:
    return client.post("/v1/resolve", json={"tracker_id": "t1"}, headers=bearer(key))


def test_a_key_beyond_its_calls_is_told_when_to_come_again(limited: TestClient) -> None:
    first, second = post(limited, "w-1"), post(limited, "w-1")
    assert first.status_code == 200
    assert first.headers["ratelimit-policy"] == '"key";q=1;w=100'
    assert first.headers["ratelimit"] == '"key";r=0;t=0'
    assert "retry-after" not in first.headers
    refused(second, 429, "too_many")
    assert 1 <= int(second.headers["retry-after"]) <= 100
    assert second.headers["ratelimit"] == f'"key";r=0;t={second.headers["retry-after"]}'
    assert post(limited, "w-2").status_code == 200


def test_a_refused_call_changes_nothing(limited: TestClient, kinfold: Kinfold) -> None:
    for tracker in ("t1", "t2"):
        limited.post("/v1/resolve", json={"tracker_id": tracker}, headers=bearer("w-1"))
    owners = [len(kinfold.contacts.owners("tracker_id", tracker)) for tracker in ("t1", "t2")]
    assert owners == [1, 0]


def test_wrong_keys_are_counted_by_address_and_probes_are_not(kinfold: Kinfold, server: Settings) -> None:
    given_key = Settings(write_key="w-1").write_key  # type: ignore[arg-type]
    update = {"write_key": given_key, "rate_per_address": 0.01}
    with open_client(Kinfold.on(kinfold.database, server.model_copy(update=update))) as client:
        refused(post(client, "wrong"), 401, "unauthorized")
        refused(post(client, "w-1"), 429, "too_many")
        assert client.get("/health").status_code == 200
        assert client.get("/ready").status_code == 200


def test_addresses_of_one_ipv6_network_are_one_caller(kinfold: Kinfold, server: Settings) -> None:
    rates = Rates(server.model_copy(update={"rate_per_address": 0.01}))
    sent = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "203.0.113.7", "::ffff:203.0.113.7", "pipe"]
    taken = [rates.take_address(address) for address in sent]
    assert [one.refused for one in taken if one] == [False, True, False, False, True, False]


def test_without_limits_there_is_no_header(client: TestClient) -> None:
    assert not [name for name in client.post("/v1/resolve", json={}).headers if name.startswith("ratelimit")]
