"""One Spark session for all tests that need it: starting one costs more than most of them."""

import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from graph.analysis.splink_engine import with_jar
from graph.spark.session import open_spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SMALL = {
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "2",
    "spark.driver.memory": "1g",
    # Hundreds of tiny jobs: compiling each would take longer than running it.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    # A broadcast is a job of its own.
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    # With its first compiler alone Java takes less room for compiled code than hundreds of jobs fill.
    "spark.driver.defaultJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m",
}
"""Settings of Spark for graphs of a few hundred nodes."""


@pytest.fixture(scope="session")
def spark() -> "Iterator[SparkSession]":
    options = SMALL if importlib.util.find_spec("splink") is None else with_jar(SMALL)
    with open_spark("local[2]", options=options) as session:
        yield session
