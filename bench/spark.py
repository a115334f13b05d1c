"""Connected components by Spark in local mode, beside scipy and networkx on the same edges.

Run with ``python -m bench.spark [--edges 100000 --edges 1000000 --edges 10000000] [--memory 6g]``. The edges are
ownerships: every contact owns a tracker and a push subscription; a tenth of the subscriptions is shared by up to four
contacts, and one contact in a hundred thousand has a bogus one that many have. Each engine runs in a process of its
own, reads the same Parquet file of edges and writes down its labels; the time is from the file to the labels, the
memory the highest of that process and its children. All engines must put the same nodes together.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

OUT = Path(__file__).parent / "out" / "spark.json"
PICTURE = Path(__file__).parents[1] / "docs" / "scaling-spark.png"
SIZES = (100_000, 1_000_000, 10_000_000)
ENGINES = ("scipy", "networkx", "spark")
LARGEST_FOR_NETWORKX = 1_000_000
"""Ten million edges as Python objects take more memory than this machine has."""


def edges(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Make so many ownerships; nodes are numbered without a gap, contacts first."""
    random = np.random.default_rng(seed)
    contacts = count // 2
    own = np.arange(contacts)
    shared = random.random(contacts) < 0.1
    own[shared] = own[shared] // 4 * 4
    own[random.random(contacts) < 1e-5] = 0
    _, subscription = np.unique(own, return_inverse=True)
    left = np.concatenate([np.arange(contacts), np.arange(contacts)])
    right = np.concatenate([contacts + np.arange(contacts), 2 * contacts + subscription])
    order = random.permutation(len(left))
    return left[order], right[order]


def by_scipy(file: Path, labels: Path) -> dict[str, float]:
    from graph.analysis.components import components

    began = time.perf_counter()
    table = pq.read_table(file)
    left, right = (table[name].to_numpy().astype(np.int32) for name in ("left", "right"))
    label = components(int(right.max()) + 1, left, right)
    _, first = np.unique(label, return_index=True)
    np.save(labels, first[label])
    return {"seconds": time.perf_counter() - began}


def by_networkx(file: Path, labels: Path) -> dict[str, float]:
    import networkx as nx

    began = time.perf_counter()
    table = pq.read_table(file)
    graph: nx.Graph[int] = nx.Graph()
    graph.add_edges_from(zip(table["left"].to_pylist(), table["right"].to_pylist(), strict=True))
    label = np.zeros(graph.number_of_nodes(), np.int64)
    for part in nx.connected_components(graph):
        label[list(part)] = min(part)
    np.save(labels, label)
    return {"seconds": time.perf_counter() - began}


def by_spark(file: Path, labels: Path, memory: str) -> dict[str, float]:
    from graph.spark.algorithms import SparkGraph
    from graph.spark.session import open_spark

    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(dir=file.parent) as folder,
        open_spark("local[*]", scratch=file.parent, options={"spark.driver.memory": memory}) as spark,
    ):
        opened = time.perf_counter()
        graph = SparkGraph(spark, spark.read.parquet(str(file)), f"{folder}/graph")
        graph.components().write.parquet(f"{folder}/labels")
        ended = time.perf_counter()
        table = pq.read_table(f"{folder}/labels")
        label = np.zeros(len(table), np.int64)
        label[table["node"].to_numpy()] = table["label"].to_numpy()
        np.save(labels, label)
    return {"seconds": ended - opened, "start_seconds": opened - began}


def measured(engine: str, file: Path, labels: Path, memory: str) -> dict[str, Any]:
    """Run an engine in a process of its own, and watch the memory of all that it starts."""
    command = [sys.executable, "-m", "bench.spark", "--one", engine, str(file), str(labels), "--memory", memory]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak, over = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        top = psutil.Process(process.pid)
        while not over.wait(0.5):
            now = 0
            try:
                for each in [top, *top.children(recursive=True)]:
                    # What a process shares with its fork is counted once.
                    now += each.memory_full_info().pss
            except psutil.Error:
                continue
            peak = max(peak, now)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    out, err = process.communicate()
    over.set()
    watcher.join()
    if process.returncode:
        raise RuntimeError(f"{engine} failed: {err[-2_000:]}")
    return {"engine": engine, **json.loads(out.splitlines()[-1]), "peak_mib": round(peak / 2**20)}


def measure(sizes: list[int], memory: str, seed: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="kinfold-bench-") as name:
        folder = Path(name)
        for size in sizes:
            left, right = edges(size, seed)
            file = folder / f"edges-{size}.parquet"
            pq.write_table(pa.table({"left": left, "right": right}), file)
            nodes = int(right.max()) + 1
            found: dict[str, np.ndarray] = {}
            for engine in ENGINES:
                if engine == "networkx" and size > LARGEST_FOR_NETWORKX:
                    continue
                labels = folder / f"{engine}.npy"
                row = {"edges": len(left), "nodes": nodes, **measured(engine, file, labels, memory)}
                found[engine] = np.load(labels)
                row["components"] = len(np.unique(found[engine]))
                rows.append(row)
                print(json.dumps(row), flush=True)
            for engine, label in found.items():
                assert np.array_equal(label, found["scipy"]), f"{engine} puts other nodes together than scipy"
    return rows


def show(rows: list[dict[str, Any]], where: dict[str, Any]) -> None:
    table = Table(title=f"Connected components, {where['cpus']} CPUs, {where['memory']} for Spark's Java")
    for column in ("edges", "engine", "seconds", "edges/s", "peak MiB", "components"):
        table.add_column(column, justify="left" if column == "engine" else "right")
    for row in rows:
        table.add_row(
            f"{row['edges']:,}",
            row["engine"],
            f"{row['seconds']:.1f}",
            f"{row['edges'] / row['seconds']:,.0f}",
            f"{row['peak_mib']:,}",
            f"{row['components']:,}",
        )
    Console(width=110).print(table)


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (times, memory) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for engine in ENGINES:
        own = [row for row in rows if row["engine"] == engine]
        sizes = [row["edges"] for row in own]
        times.loglog(sizes, [row["seconds"] for row in own], marker="o", label=engine)
        memory.loglog(sizes, [row["peak_mib"] for row in own], marker="o", label=engine)
    times.set(xlabel="edges", ylabel="seconds", title="Time to the labels")
    memory.set(xlabel="edges", ylabel="MiB", title="Highest memory")
    for axes in (times, memory):
        axes.grid(visible=True, which="both", alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=120, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.spark", description=__doc__.splitlines()[0])
    parser.add_argument("--edges", type=int, action="append", help="how many; several times for several sizes")
    parser.add_argument("--memory", default="6g", help="the heap of Spark's Java (default 6g)")
    parser.add_argument("--seed", type=int, default=7, help="for who shares what (default 7)")
    parser.add_argument("--one", nargs=3, metavar=("ENGINE", "FILE", "LABELS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        engine, file, labels = arguments.one[0], Path(arguments.one[1]), Path(arguments.one[2])
        engines = {"scipy": by_scipy, "networkx": by_networkx}
        told = by_spark(file, labels, arguments.memory) if engine == "spark" else engines[engine](file, labels)
        print(json.dumps({name: round(value, 2) for name, value in told.items()}))
        return
    rows = measure(arguments.edges or list(SIZES), arguments.memory, arguments.seed)
    from bench import harness  # late: an engine's process is weighed without it

    where = {**harness.where(), "memory": arguments.memory}
    show(rows, where)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"benchmark": "spark", **where, "rows": rows}, indent=1) + "\n")
    draw(rows, PICTURE)


if __name__ == "__main__":
    main()
