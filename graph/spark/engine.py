"""The engine of an analysis that exports the graph and lets Spark work on it."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from graph.identity.decision.facts import Limits
from graph.identity.namespaces import NONE_FURTHER, FurtherNamespaces
from graph.settings import HOUSEHOLD_PROPERTIES
from graph.spark.session import LOCAL, check_installed, open_spark

if TYPE_CHECKING:
    from graph.analysis import Analysis
    from graph.analysis.reading import Progress
    from graph.store.database import Database


@dataclass(frozen=True, slots=True)
class SparkEngine:
    """Analyses a graph with Spark; stands in the place of `graph.analysis.analyse`.

    Attributes
    ----------
    master
        Any Spark master.
    options
        Settings of Spark by name.
    graph
        Where the exported graph is, or goes when it is not there; a temporary folder when left out. On a cluster
        this and ``results`` are folders that every worker reaches by the same path.
    results
        Where the tables of results go; they are let go when left out.
    """

    master: str = LOCAL
    options: Mapping[str, str] = field(default_factory=dict)
    graph: Path | None = None
    results: Path | None = None

    def __call__(
        self,
        database: "Database",
        *,
        limits: Limits | None = None,
        seed: int = 0,
        on_progress: "Progress | None" = None,
        household: Sequence[str] = HOUSEHOLD_PROPERTIES,
        further: FurtherNamespaces = NONE_FURTHER,
    ) -> "Analysis":
        """Export the graph unless that was done, and analyse it.

        Raises
        ------
        SparkError
            When Spark is not installed or does not start.
        ExportError
            When the folder of the graph cannot be used.
        Unavailable
            When the database cannot be reached.
        """
        check_installed()
        from graph.spark.export import export_graph
        from graph.spark.spark_analysis import SparkAnalysis
        from graph.spark.tables import read_manifest

        with ExitStack() as stack:

            def folder(given: Path | None) -> Path:
                if given is not None:
                    return given.absolute()
                return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kinfold-graph-")))

            graph, results = folder(self.graph), folder(self.results)
            manifest = read_manifest(graph)
            erasures = database.read(lambda tx: tx.run("privacy.erasures"))[0]
            # Whoever was erased since must not come back out of files.
            stale = manifest is not None and manifest["erasures"] != erasures
            if manifest is None or manifest["finished"] is None or stale:
                export_graph(database, graph, anew=stale, on_progress=on_progress, household=household, further=further)
            results.mkdir(parents=True, exist_ok=True)
            spark = stack.enter_context(open_spark(self.master, options=self.options))
            stack.callback(shutil.rmtree, results / "scratch", ignore_errors=True)
            return SparkAnalysis(spark, graph, results, limits=limits, on_progress=on_progress).run(seed=seed)
