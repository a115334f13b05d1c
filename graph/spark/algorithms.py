"""Graph algorithms of Spark itself: GraphX, by way of text files of edges, which is how Python reaches it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ROUNDS = 5
"""Rounds of label propagation: labels settle within a few or swing for ever."""
EDGES_A_PARTITION = 250_000
"""A partition and what is made of it must fit into memory beside those of the other cores; the rest waits on disk."""


class SparkGraph:
    """An undirected graph in Spark.

    Parameters
    ----------
    edges
        ``left, right``: numbers of nodes, as 64-bit integers from 0 on.
    folder
        Where to keep intermediate files; every worker must reach it.
    """

    def __init__(self, spark: "SparkSession", edges: "DataFrame", folder: str) -> None:
        from pyspark.sql import Observation
        from pyspark.sql import functions as f

        self._spark = spark
        self._folder = folder
        context: Any = spark.sparkContext
        context.setCheckpointDir(f"{folder}/checkpoints")
        text = f"{folder}/edges"
        written = Observation()
        pairs = edges.select(f.concat_ws(" ", f.col("left").cast("string"), f.col("right").cast("string")))
        pairs.observe(written, f.count("*").alias("edges")).write.text(text)
        self._jvm = context._jvm
        # Each round makes a graph of its own: as bytes they take a fraction of what they take as objects.
        level = self._jvm.org.apache.spark.storage.StorageLevel.MEMORY_AND_DISK_SER()
        self._graph = self._jvm.org.apache.spark.graphx.GraphLoader.edgeListFile(
            context._jsc.sc(),
            text,
            False,
            max(context.defaultParallelism, -(-written.get["edges"] // EDGES_A_PARTITION)),
            level,
            level,
        )
        self._tag = self._jvm.scala.reflect.ClassTag.Int()

    def components(self) -> "DataFrame":
        """Label connected components: ``node, label``, where the label is the smallest node of the component.

        Notes
        -----
        Rounds grow with the longest shortest path of a component, messages with the edges.
        """
        found = self._jvm.org.apache.spark.graphx.lib.ConnectedComponents.run(self._graph, self._tag, self._tag)
        return self._labels(found, "components")

    def communities(self) -> "DataFrame":
        """Label communities by label propagation, `ROUNDS` rounds: ``node, label``.

        Notes
        -----
        Between labels that are equally frequent among neighbours it may choose otherwise another time.
        """
        found = self._jvm.org.apache.spark.graphx.lib.LabelPropagation.run(self._graph, ROUNDS, self._tag)
        return self._labels(found, "communities")

    def _labels(self, graph: Any, name: str) -> "DataFrame":
        from pyspark.sql import functions as f

        text = f"{self._folder}/{name}"
        graph.vertices().saveAsTextFile(text)
        pair = f.split(f.regexp_replace("value", r"[()]", ""), ",")
        return self._spark.read.text(text).select(
            pair[0].cast("long").alias("node"), pair[1].cast("long").alias("label")
        )
