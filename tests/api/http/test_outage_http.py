"""Outages under load, over HTTP, with real servers: nothing acknowledged is lost, nothing happens twice.

`bench.chaos` has the load, the counts and what they mean; ``python -m bench.chaos`` runs longer ones.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import httpx
import pytest

from bench import chaos
from graph import embedded
from graph.deployment.migrated import put_migrated
from graph.settings import Settings

PAUSE = 0.1
"""Seconds that each caller waits between two events: some are under way at every moment without all that the machine
can do."""


def is_exactly_once(tally: chaos.Tally) -> None:
    assert tally.others == {}, "whoever is not answered with 200 is told 503 and when to come again"
    assert (tally.lost, tally.doubled) == (0, 0)
    assert tally.found == tally.acknowledged == tally.events >= 2 * chaos.WARM


def test_while_the_database_is_stopped_callers_get_503_and_in_the_end_everything_is_there_once() -> None:
    tally = chaos.database_stopped(seconds=5, callers=8, servers=2, retry_seconds=1, pause=PAUSE)
    is_exactly_once(tally)
    assert tally.refused > 0
    assert tally.broken == 0, "servers do not go away with their database"


def test_servers_side_by_side_get_over_a_killed_one_a_killed_database_and_a_backup() -> None:
    with chaos.stage(8, 3, pause=PAUSE) as on:

        def kill_database() -> float:
            assert on.crowd.broken() > 0, "callers of a killed server are not answered"
            return chaos.kill_database(on)

        tally = chaos.observe(
            on, "one thing after the other", partial(chaos.kill_server, on), kill_database, partial(chaos.back_up, on)
        )
    is_exactly_once(tally)
    assert len(tally.returns) == 3


def test_a_network_that_falls_silent_and_breaks_costs_time_and_nothing_else() -> None:
    is_exactly_once(chaos.network_cut(callers=8, seconds=4, pause=PAUSE))


@pytest.fixture(scope="module")
def deserted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, chaos.Served]]:
    """Two servers whose database is away: one tries again for three seconds, the other for ten minutes."""
    folder = tmp_path_factory.mktemp("deserted")
    settings = Settings(neo4j_uri=None).model_copy(update={"home": folder / "home"})
    put_migrated(settings)
    database = embedded.start(settings)
    servers: dict[str, chaos.Served] = {}
    try:
        for name, seconds in (("hasty", "3"), ("patient", "600")):
            servers[name] = chaos.Served(
                {"NEO4J_URI": database.uri, "NEO4J_PASSWORD": database.password, "KINFOLD_RETRY_SECONDS": seconds},
                folder / f"{name}.log",
            )
        embedded.stop(settings)
        yield servers
    finally:
        for server in servers.values():
            server.kill()
        embedded.stop(settings)


def test_a_server_told_to_stop_while_its_database_is_away_refuses_what_waits_and_ends_well(
    deserted: dict[str, chaos.Served],
) -> None:
    server = deserted["hasty"]
    answers: list[httpx.Response] = []
    callers = [
        threading.Thread(
            target=lambda turn=turn: answers.append(
                httpx.post(f"{server.url}/v1/resolve", json={"message_id": f"m{turn}"}, timeout=60)
            )
        )
        for turn in range(3)
    ]
    for caller in callers:
        caller.start()
        time.sleep(0.3)
    assert server.end() == 0
    for caller in callers:
        caller.join(60)
    assert [answer.status_code for answer in answers] == [503] * 3
    assert all(answer.headers["retry-after"] for answer in answers)


def test_probes_are_answered_while_every_thread_has_a_caller_who_waits_for_the_database(
    deserted: dict[str, chaos.Served],
) -> None:
    server = deserted["patient"]
    answers: list[httpx.Response] = []
    sent = threading.Semaphore(0)
    with httpx.Client(
        event_hooks={"request": [lambda _: sent.release()]},
        limits=httpx.Limits(max_connections=64),
        timeout=600,
    ) as client:

        def call(turn: int) -> None:
            with suppress(httpx.TransportError):
                answers.append(client.get(f"{server.url}/v1/contacts", params={"email": f"p{turn}@example.com"}))

        callers = [threading.Thread(target=call, args=[turn]) for turn in range(64)]
        for caller in callers:
            caller.start()
        assert all(sent.acquire(timeout=120) for _ in callers)
        time.sleep(1)
        assert httpx.get(f"{server.url}/health", timeout=120).status_code == 200
        assert httpx.get(f"{server.url}/ready", timeout=120).status_code == 503
        assert "kinfold_database_up 0.0" in httpx.get(f"{server.url}/metrics", timeout=120).text
        assert answers == [], "the probes are answered first"
        server.kill()
        for caller in callers:
            caller.join(120)
