"""Both engines of the analysis beside each other on one simulated world.

Run with ``python -m bench.agreement [--people 100000]``. The world is resolved into a throw-away embedded database, as
`kinfold simulate` does it: browsers store the tracker that they are answered. The graph is then analysed by the engine
of one machine and, from its export, by Spark in local mode. Compared are all findings and clusters as documents, in
their order, the totals, and which nodes of the whole graph are one component; networkx' own components are held against
both. A difference is shown, and the exit code is 1.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from api.terminal import fetching
from bench.analysis import same_partition
from bench.harness import OUT, throw_away, timed, where
from graph.analysis import Analysis
from graph.analysis.components import Ties, tie
from graph.analysis.reading import Progress, Reading, read_graph, read_splits
from graph.analysis.run import analyse_reading
from graph.identity.decision import Limits
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.simulation import World
from graph.simulation.score import Jar
from graph.spark.export import export_graph
from graph.spark.session import open_spark
from graph.spark.spark_analysis import SparkAnalysis

SHOWN = 10
"""Differences that are shown; all are counted."""


def resolve(kinfold: Kinfold, people: int, seed: int, tell: Progress) -> int:
    """Let a world happen, and return the number of its events."""
    jar, events = Jar(), 0
    for batch in jar.batches(World(people, seed=seed).happenings(), kinfold.settings.batch_size):
        answers = kinfold.resolver.resolve([read_event(jar.sent(happening)) for happening in batch])
        for happening, answer in zip(batch, answers, strict=True):
            jar.store(happening, answer)
        events += len(batch)
        tell("resolving", events, 0)
    return events


def documents(analysis: Analysis) -> dict[str, Any]:
    return {
        "totals": analysis.totals,
        "findings": [item.document() for item in analysis.findings],
        "clusters": [item.document() for item in analysis.clusters],
    }


def differences(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """Describe where two documents differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            yield from differences(one.get(name), other.get(name), f"{at}.{name}" if at else name)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{at}[{place}]")
    elif one != other:
        yield f"{at}: {str(one)[:200]} | {str(other)[:200]}"


def partitions(reading: Reading, ties: Ties, folder: Path) -> tuple[Any, Any, Any]:
    """Label the nodes that are tied to another: as the engine of one machine, networkx and Spark do."""
    people = reading.people
    names = [("contact", people.contacts[place]) for place in range(ties.contacts)]
    names += [("redirect", name) for name in ties.redirects]
    for key in ties.keys.tolist():
        names.append(people.ref(key))
    number = {name: place for place, name in enumerate(names)}
    graph: nx.Graph[int] = nx.Graph()
    graph.add_edges_from(zip(ties.left.tolist(), ties.right.tolist(), strict=True))
    by_networkx = np.full(len(names), -1, np.int64)
    for label, part in enumerate(nx.connected_components(graph)):
        by_networkx[list(part)] = label
    by_spark = np.full(len(names), -1, np.int64)
    table = pq.read_table(folder / "components")
    rows = zip(table["type"].to_pylist(), table["value"].to_pylist(), strict=True)
    labels = table["label"].to_numpy()
    _, by_spark[[number[name] for name in rows]] = np.unique(labels, return_inverse=True)
    tied = by_networkx >= 0
    if not np.array_equal(tied, by_spark >= 0):
        raise AssertionError("Spark ties other nodes than networkx")
    return ties.label[tied], by_networkx[tied], by_spark[tied]


def measure(kinfold: Kinfold, folder: Path, arguments: argparse.Namespace, tell: Progress) -> dict[str, Any]:
    settings, database = kinfold.settings, kinfold.database
    limits = Limits(settings.max_trackers, settings.max_subscriptions)
    seconds: dict[str, float] = {}
    events, seconds["resolving"] = timed(lambda: resolve(kinfold, arguments.people, arguments.seed, tell))

    def by_one_machine() -> tuple[Reading, list[dict[str, Any]], Analysis]:
        reading = read_graph(database, tell)
        splits = read_splits(database, sorted(reading.people.shared))
        return reading, splits, analyse_reading(reading, splits, limits=limits, on_progress=tell)

    (reading, splits, expected), seconds["networkx engine"] = timed(by_one_machine)
    _, seconds["export"] = timed(lambda: export_graph(database, folder / "graph", on_progress=tell))
    with open_spark("local[*]", scratch=folder, options={"spark.driver.memory": arguments.memory}) as spark:
        analysis = SparkAnalysis(spark, folder / "graph", folder, limits=limits, on_progress=tell)
        found, seconds["Spark engine"] = timed(analysis.run)
    ties = tie(reading, splits)
    own, by_networkx, by_spark = partitions(reading, ties, folder)
    different = list(differences(documents(expected), documents(found)))
    if not same_partition(own, by_networkx):
        different.append("components: networkx puts other nodes together than the engine of one machine")
    if not same_partition(by_networkx, by_spark):
        different.append("components: Spark puts other nodes together than networkx")
    return {
        "people": arguments.people,
        "seed": arguments.seed,
        "events": events,
        "tied_nodes": len(by_networkx),
        "ties": len(ties.left),
        "totals": expected.totals,
        "seconds": {name: round(took, 1) for name, took in seconds.items()},
        "differences": different,
    }


def show(told: dict[str, Any]) -> None:
    console = Console(width=110)
    table = Table(title=f"A world of {told['people']:,} people, {told['events']:,} events", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, count in told["totals"].items():
        table.add_row(name.replace("_", " "), f"{count:,}" if isinstance(count, int) else str(count))
    table.add_row("nodes that are tied to another", f"{told['tied_nodes']:,}")
    table.add_row("ties", f"{told['ties']:,}", end_section=True)
    for name, took in told["seconds"].items():
        table.add_row(f"{name}, s", f"{took:,.1f}")
    console.print(table)
    for line in told["differences"][:SHOWN]:
        console.print(line, markup=False, highlight=False)
    count = len(told["differences"])
    console.print("Both engines say the same." if not count else f"{count:,} differences.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.agreement", description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=100_000, help="who live in the world (default 100000)")
    parser.add_argument("--memory", default="6g", help="the heap of Spark's Java (default 6g)")
    parser.add_argument("--seed", type=int, default=7, help="of the world (default 7)")
    arguments = parser.parse_args()
    with throw_away() as kinfold, fetching() as tell, tempfile.TemporaryDirectory(prefix="kinfold-bench-") as folder:
        told = measure(kinfold, Path(folder), arguments, tell)
    show(told)
    OUT.mkdir(parents=True, exist_ok=True)
    told["differences"] = told["differences"][:SHOWN]
    (OUT / "agreement.json").write_text(json.dumps({"benchmark": "agreement", **where(), **told}, indent=1) + "\n")
    if told["differences"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
