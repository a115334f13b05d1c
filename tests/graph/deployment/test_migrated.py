"""Databases that begin as copies of a migrated one."""

import errno
import os
from pathlib import Path

import pytest

from graph.deployment.migrated import put_migrated
from graph.deployment.scratch import scratch_graph
from graph.embedded import EmbeddedError
from graph.embedded.home import Home
from graph.settings import Settings
from graph.store.migrations import migrate


def test_a_scratch_graph_begins_migrated_and_without_anybody(tmp_path: Path) -> None:
    settings = Settings(neo4j_uri=None, home=tmp_path / "home", heap="512m", pagecache="64m")
    with scratch_graph(settings) as scratch:
        assert migrate(scratch.database) == []
        [labels] = scratch.database.read(lambda tx: tx.run_text("MATCH (n) RETURN collect(DISTINCT labels(n)) AS all"))
        assert ["Contact"] not in labels["all"]
    assert not settings.home.exists(), "the deployment's home is not touched"


def test_where_the_cache_cannot_be_written_nothing_is_put_into_a_home(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    put_migrated(Settings(neo4j_uri=None, home=tmp_path / "home", cache=tmp_path / "cache"))
    assert not Home(tmp_path / "home").has_stores


def test_a_database_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    settings = Settings(neo4j_uri=None, home=tmp_path / "home")
    put_migrated(settings)
    with pytest.raises(EmbeddedError, match="has a database"):
        put_migrated(settings)


def test_a_copy_that_fails_is_told_and_leaves_no_half_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_source: Path, target: Path) -> None:
        target.mkdir(exist_ok=True)
        (target / "half").touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("graph.deployment.migrated.shutil.copytree", full)
    settings = Settings(neo4j_uri=None, home=tmp_path / "home")
    with pytest.raises(EmbeddedError, match="No space left"):
        put_migrated(settings)
    assert not Home(tmp_path / "home").has_stores
    assert not (tmp_path / "home" / "data" / "half").exists()
