"""Spark and networkx say the same of the same graph, to the last digit of the last score."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import networkx as nx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from graph.analysis import KINDS, Analysis, kinds
from graph.analysis.addresses import is_role
from graph.analysis.findings import RAISED_ONLY, TOLD_BY_FILES
from graph.analysis.run import analyse
from graph.identity.decision import Limits
from graph.spark import spark_analysis
from graph.spark.algorithms import SparkGraph
from graph.spark.export import export_graph
from graph.spark.spark_analysis import SparkAnalysis, lowest_count
from tests.graph.spark.rows import DECLARED, islands

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LIMITS = Limits(3, 3)

# A run takes Spark ten seconds however small the graph: many graphs in each, and none run again to be made smaller.
slowly = settings(
    max_examples=3, phases=[Phase.explicit, Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
sizes = st.lists(st.integers(1, 40), min_size=1, max_size=8)


def documents(analysis: Analysis) -> dict[str, Any]:
    return {
        "totals": analysis.totals,
        "findings": [item.document() for item in analysis.findings],
        "clusters": [item.document() for item in analysis.clusters],
    }


@slowly
@given(seed=st.integers(0, 2**32), sizes=sizes)
def test_both_engines_agree_on_random_graphs(spark: "SparkSession", seed: int, sizes: list[int]) -> None:
    rows = islands(seed, sizes)
    with TemporaryDirectory() as folder:
        export_graph(rows, Path(folder) / "graph", further=DECLARED)
        found = SparkAnalysis(spark, Path(folder) / "graph", Path(folder), limits=LIMITS).run()
    assert documents(found) == documents(analyse(rows, limits=LIMITS, further=DECLARED))  # type: ignore[arg-type]


def test_both_engines_cut_off_at_the_same_place(
    spark: "SparkSession", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "MOST_OF_A_KIND", 3)
    monkeypatch.setattr("graph.analysis.run.MOST_CLUSTERS", 3)
    rows = islands(117, (9, 14, 4, 20, 2, 1, 7, 12, 3, 25))
    # As when unions come and go while the graph is read: into a contact that is not there, out of one that still is.
    there = {row["id"] for row in rows.tables["contacts"]}
    standing = [row for row in rows.tables["unions"] if row["standing"]]
    assert {row["target"] for row in standing} - there - {row["source"] for row in standing}
    assert there & {row["source"] for row in standing}
    export_graph(rows, tmp_path / "graph", further=DECLARED)
    # Keys that come from several partitions at once.
    spark.conf.set("spark.sql.shuffle.partitions", "3")
    found = SparkAnalysis(spark, tmp_path / "graph", tmp_path, limits=LIMITS, most_clusters=3, most_findings=3).run()
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    assert {item.kind for item in found.findings} == {*KINDS} - {TOLD_BY_FILES, RAISED_ONLY}
    assert {*DECLARED.subscriptions} & {item.subject["type"] for item in found.findings}
    assert documents(found) == documents(analyse(rows, limits=LIMITS, further=DECLARED))  # type: ignore[arg-type]
    results = {name: pq.read_table(tmp_path / name).to_pylist() for name in ("degrees", "shares", "components")}
    assert sum(row["keys"] * row["contacts"] for row in results["degrees"]) == found.totals["ownerships"]
    assert len(results["shares"]) == found.totals["shared_subscriptions"]
    written = pq.read_table(tmp_path / "findings.parquet").to_pylist()
    assert [row["id"] for row in written] == [item.id for item in found.findings]
    assert {row["value"] for row in results["components"]} >= {
        member for cluster in found.clusters for member in cluster.members
    }


def test_components_are_those_of_networkx_and_communities_lie_within_them(
    spark: "SparkSession", tmp_path: Path
) -> None:
    random = Random(5)
    graph: nx.Graph = nx.Graph()
    # Many small graphs at once, from trees to cliques, and one long chain.
    for start in range(0, 900, 30):
        size = random.randrange(1, 60)
        graph.add_edges_from((start + random.randrange(30), start + random.randrange(30)) for _ in range(size))
    graph.add_edges_from((node, node + 1) for node in range(2_000, 2_012))
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    graph.remove_nodes_from(list(nx.isolates(graph)))
    edges = spark.createDataFrame(list(graph.edges), "left long, right long")
    made = SparkGraph(spark, edges, str(tmp_path / "graph"))
    label = {row["node"]: row["label"] for row in made.components().collect()}
    assert label == {node: min(part) for part in nx.connected_components(graph) for node in part}
    communities: dict[int, set[int]] = {}
    for row in made.communities().collect():
        communities.setdefault(row["label"], set()).add(row["node"])
    assert set.union(*communities.values()) == set(graph)
    for part in communities.values():
        assert len({label[node] for node in part}) == 1


def test_the_lowest_count_that_stands_out_is_the_first_that_does() -> None:
    from graph.analysis.statistics import Population

    for counts in ([], [1, 1, 2, 3], [5] * 100, list(range(1, 50))):
        population = Population.of(counts)
        for floor in (0.1, 0.2):
            least = lowest_count(population, floor)
            assert population.outlier(least) >= floor
            assert least == 2 or population.outlier(least - 1) < floor


def test_spark_takes_the_same_addresses_for_roles(spark: "SparkSession") -> None:
    locals_ = (
        "info",
        "info+news",
        "sales-2",
        "support_01",
        "x.info",
        "info.",
        "office12a",
        "informer",
        "+info",
        "info7-7",
    )
    addresses = [f"{local}@example.com" for local in locals_] + ["info", "team@", ""]
    rows = spark.createDataFrame(pa.table({"value": addresses})).select(
        "value", spark_analysis.is_role("value").alias("role")
    )
    assert {row["value"]: row["role"] for row in rows.collect()} == {text: is_role(text) for text in addresses}
