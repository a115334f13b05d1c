"""The command with Spark's engine, on the tests' database."""

import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from api.command.program import app
from graph.analysis import KINDS
from graph.analysis.findings import RAISED_ONLY, TOLD_BY_FILES
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.simulation import World
from graph.simulation.score import Jar
from graph.spark.engine import SparkEngine
from graph.spark.session import SparkError
from graph.spark.tables import parts, read_manifest
from tests.graph.analysis import worlds

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture
def simulated(kinfold: Kinfold) -> Iterator[Kinfold]:
    jar = Jar()
    for batch in jar.batches(World(250, seed=4).happenings(), kinfold.settings.batch_size):
        answers = kinfold.resolver.resolve([read_event(jar.sent(happening)) for happening in batch])
        for happening, answer in zip(batch, answers, strict=True):
            jar.store(happening, answer)
    worlds.send(
        kinfold,
        [
            *worlds.bystanders(),
            *worlds.shared_subscription(),
            *worlds.kiosk(),
            *worlds.role_address(),
            *worlds.handed_on(),
            *worlds.burst(),
            *worlds.far_apart(),
        ],
    )
    # A kiosk that wanders from tracker to tracker: nothing but its hand-overs says that it is one device.
    shared = [{"device": "lobby", "email": f"guest{turn % 9}@example.com"} for turn in range(18)]
    worlds.storing(kinfold, [*worlds.family(1, 3), *shared])
    return kinfold


def test_the_command_lists_the_same_with_either_engine(
    environment: dict[str, str],
    simulated: Kinfold,
    spark: "SparkSession",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[tuple[str, dict[str, str]]] = []

    @contextmanager
    def already_open(master: str, *, options: dict[str, str]) -> Iterator["SparkSession"]:
        opened.append((master, options))
        yield spark

    # Starting another Spark would take longer than all that it is asked for.
    monkeypatch.setattr("graph.spark.engine.open_spark", already_open)
    options = ("--engine", "spark", "--spark-master", "local[2]", "--spark-set", "spark.driver.memory=2g")
    told = CliRunner().invoke(
        app, ["analyse", "--json", "--out", str(tmp_path / "out"), *options], env=environment, catch_exceptions=False
    )
    assert told.exit_code == 0, told.stderr
    assert opened == [("local[2]", {"spark.driver.memory": "2g"})]
    by_spark = json.loads(told.stdout)
    assert {item["kind"] for item in by_spark["anomalies"]} == {*KINDS} - {"limit", TOLD_BY_FILES, RAISED_ONLY}
    lobby = next(item for item in by_spark["anomalies"] if item["subject"]["value"] == "lobby")
    assert (lobby["kind"], lobby["evidence"]["persons"]) == ("many_emails", 9)
    listed, clusters = simulated.anomalies.page(limit=1_000)[0], simulated.anomalies.clusters(limit=1_000)[0]
    by_networkx = simulated.anomalies.refresh()
    assert by_spark["totals"] == by_networkx.totals
    assert by_spark["anomalies"] == [item.document() for item in by_networkx.findings]
    assert by_spark["clusters"] == [item.document() for item in by_networkx.clusters]
    assert by_spark["clusters"] == [worlds.as_found(item) for item in clusters]
    assert [item["id"] for item in listed] == [item["id"] for item in by_spark["anomalies"]]
    kept = {path.name for path in (tmp_path / "out" / "spark").iterdir()}
    assert kept == {"components", "communities", "degrees", "shares", "findings.parquet", "clusters.parquet"}


def test_files_from_before_an_erasure_are_written_anew(
    kinfold: Kinfold, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Reached(Exception):
        pass

    def reached(*_: Any, **__: Any) -> Any:
        raise Reached

    monkeypatch.setattr("graph.spark.engine.open_spark", reached)
    worlds.send(kinfold, worlds.kiosk(3))
    engine, folder = SparkEngine(graph=tmp_path / "graph"), tmp_path / "graph"

    def emails() -> set[str]:
        with pytest.raises(Reached):
            engine(kinfold.database)
        rows = [row for path in parts(folder, "ownerships") for row in pq.read_table(path).to_pylist()]
        return {row["value"] for row in rows if row["key"] == "email"}

    assert len(emails()) == 3
    manifest = read_manifest(folder)
    assert len(emails()) == 3
    assert read_manifest(folder) == manifest
    (reader,) = kinfold.contacts.owners("email", "reader1@example.com")
    kinfold.erasures.erase(reader["id"])
    assert emails() == {"reader0@example.com", "reader2@example.com"}


def test_without_spark_the_error_says_what_to_install(kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SparkError, match=r"pip install 'kinfold\[spark\]'"):
        kinfold.anomalies.refresh(engine=SparkEngine())
