"""When a large graph is analysed by itself, and by which of several servers."""

from datetime import UTC, datetime, timedelta

import pytest

from graph.analysis.schedule import LEASE, AnalysisSchedule
from graph.kinfold import Kinfold
from graph.store.database import REPEATABLE
from tests.graph.analysis import worlds


@pytest.fixture
def large(kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch) -> Kinfold:
    """A graph that counts as large."""
    monkeypatch.setattr("graph.analysis.anomalies.SMALL_CONTACTS", 0)
    worlds.send(kinfold, worlds.kiosk())
    return kinfold


def schedule(kinfold: Kinfold, *, hours: float = 24, later: float = 0) -> AnalysisSchedule:
    moment = datetime.now(UTC) + timedelta(hours=later)
    return AnalysisSchedule(kinfold.database, kinfold.anomalies, hours, now=lambda: moment)


def test_a_large_graph_is_analysed_once_a_day_when_it_has_changed(large: Kinfold) -> None:
    assert schedule(large).turn()
    first = large.anomalies.last()
    assert first and first["totals"]["contacts"] == 12
    assert not schedule(large, later=25).turn(), "nothing has changed"
    worlds.send(large, [{"tracker_id": "one more", "message_id": "later"}])
    assert not large.anomalies.current()
    assert not schedule(large, later=23).turn()
    assert schedule(large, later=25).turn()
    assert large.anomalies.current()
    assert large.anomalies.last() != first


def test_zero_hours_are_never(large: Kinfold) -> None:
    assert not schedule(large, hours=0, later=1_000).turn()
    assert large.anomalies.last() is None


def test_a_small_graph_is_left_to_those_who_look(kinfold: Kinfold) -> None:
    worlds.send(kinfold, worlds.kiosk())
    assert not schedule(kinfold).turn()
    assert kinfold.anomalies.last() is None


def test_of_several_servers_one_analyses_and_the_next_may_when_it_is_done(large: Kinfold) -> None:
    lease = {"name": LEASE, "holder": "another", "seconds": 60}
    large.database.write(lambda tx: tx.run("webhooks.lease", **lease), committed=REPEATABLE)
    assert not schedule(large).turn()
    large.database.write(lambda tx: tx.run("webhooks.release", name=LEASE, holder="another"), committed=REPEATABLE)
    assert schedule(large).turn()
    rows = large.database.write(lambda tx: tx.run("webhooks.lease", **lease), committed=REPEATABLE)
    assert rows[0]["holder"] == "another"
