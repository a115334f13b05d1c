"""The disk of the embedded database fills up under load and is emptied again."""

import os
import time
from pathlib import Path

import httpx
import pytest

from bench import chaos
from graph import embedded
from graph.embedded import EmbeddedError, home
from graph.errors import Unavailable
from graph.settings import Settings
from graph.store.database import Database
from tests.api.http.test_outage_http import PAUSE
from tests.command import run


def test_a_full_disk_is_told_and_got_over_with_everything_there_once() -> None:
    with chaos.stage(6, 1, on_small_disk=True, pause=PAUSE) as on:
        disk = on.disk
        assert disk is not None

        def strike() -> float:
            refused = on.crowd.refused()
            disk.fill(on.settings)
            chaos.until(lambda: on.crowd.refused() > refused + 6)
            if disk.tells:
                chaos.until(lambda: embedded.status(on.settings) is None)
                ready = httpx.get(f"{on.servers[0].url}/ready", timeout=30)
                assert ready.status_code == 503
                assert ready.headers["retry-after"]
                assert "disk of the database is full" in ready.json()["detail"]
                answer = httpx.post(f"{on.servers[0].url}/v1/resolve", json={"tracker_id": "t"}, timeout=30)
                assert answer.status_code == 503
                assert "disk of the database is full" in answer.json()["detail"]
                told = run({**os.environ, **on.environment}, "db", "status")
                assert told.returncode == 1
                assert "disk of the database is full" in told.stderr
            disk.empty(on.settings)
            return time.monotonic()

        process = on.servers[0].process.pid
        tally = chaos.observe(on, "disk full", strike)
        assert on.servers[0].process.pid == process, "nobody started it again"
    assert len(tally.returns) == 1, "it answers again by itself"
    assert tally.others == {}, "whoever is not answered with 200 is told 503 and when to come again"
    assert (tally.lost, tally.doubled) == (0, 0)
    assert tally.found == tally.events
    assert tally.refused


def test_without_room_nothing_is_started_and_the_words_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(neo4j_uri=None).model_copy(update={"home": tmp_path / "home"})
    monkeypatch.setattr(home, "ROOM", 1 << 60)
    with pytest.raises(EmbeddedError, match=r"is not started\. The disk of the database is full: \d+ MB are free"):
        embedded.start(settings)
    assert embedded.status(settings) is None


def test_without_room_a_caller_is_told_at_once_and_not_after_the_time_of_retries() -> None:
    def shortage() -> str:
        return "There is no room."

    settings = Settings(retry_seconds=3600)
    with (
        Database.connect(f"bolt://127.0.0.1:{chaos.free_port()}", "neo4j", "", settings, shortage=shortage) as database,
        pytest.raises(Unavailable, match=r"There is no room\. Nothing that was answered is lost"),
    ):
        database.read(lambda tx: tx.run("database.ping"))
