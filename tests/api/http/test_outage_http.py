"""Outages under load, over HTTP, with real servers: nothing acknowledged is lost, nothing happens twice.

`bench.chaos` has the load, the counts and what they mean; ``python -m bench.chaos`` runs longer ones.
"""

import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx

from bench import chaos
from graph.deployment.migrated import put_migrated
from graph import embedded
from graph.settings import Settings


def is_exactly_once(tally: chaos.Tally) -> None:
    assert tally.others == {}, "whoever is not answered with 200 is told 503 and when to come again"
    assert (tally.lost, tally.doubled) == (0, 0)
    assert tally.found == tally.acknowledged == tally.events >= 2 * chaos.WARM


def test_while_the_database_is_stopped_callers_get_503_and_in_the_end_everything_is_there_once() -> None:
    tally = chaos.database_stopped(seconds=5, callers=8, servers=2, retry_seconds=1)
    is_exactly_once(tally)
    assert tally.refused > 0
    assert tally.broken == 0, "servers do not go away with their database"


def test_when_one_of_several_servers_is_killed_callers_send_again_and_everything_is_there_once() -> None:
    tally = chaos.server_killed(callers=8, servers=3)
    is_exactly_once(tally)
    assert tally.broken > 0


def test_servers_side_by_side_bring_their_killed_database_back_by_themselves() -> None:
    is_exactly_once(chaos.database_killed(callers=8, servers=2))


def test_a_network_that_falls_silent_and_breaks_costs_time_and_nothing_else() -> None:
    is_exactly_once(chaos.network_cut(callers=8, seconds=4))


def test_a_backup_under_load_is_whole_and_takes_nothing_from_the_callers() -> None:
    is_exactly_once(chaos.backed_up(callers=8))


def test_a_server_told_to_stop_while_its_database_is_away_refuses_what_waits_and_ends_well(tmp_path: Path) -> None:
    settings = Settings(neo4j_uri=None).model_copy(update={"home": tmp_path / "home"})
    put_migrated(settings)
    database = embedded.start(settings)
    try:
        server = chaos.Served(
            {"NEO4J_URI": database.uri, "NEO4J_PASSWORD": database.password, "KINFOLD_RETRY_SECONDS": "3"},
            tmp_path / "server.log",
        )
        embedded.stop(settings)
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
    finally:
        embedded.stop(settings)


def test_probes_are_answered_while_every_thread_has_a_caller_who_waits_for_the_database(tmp_path: Path) -> None:
    settings = Settings(neo4j_uri=None).model_copy(update={"home": tmp_path / "home"})
    put_migrated(settings)
    database = embedded.start(settings)
    server = chaos.Served(
        {"NEO4J_URI": database.uri, "NEO4J_PASSWORD": database.password, "KINFOLD_RETRY_SECONDS": "600"},
        tmp_path / "server.log",
    )
    try:
        embedded.stop(settings)
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
    finally:
        server.kill()
        embedded.stop(settings)
