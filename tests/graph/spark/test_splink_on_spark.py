"""Splink on Spark says of a pair what it says on DuckDB."""

from typing import TYPE_CHECKING

import pytest

from graph.analysis.splink_engine import match_weights
from graph.analysis.suggestions import features_of
from tests.graph.analysis.test_splink import people

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_match_weights_on_spark_are_those_of_duckdb_but_for_their_draws(spark: "SparkSession") -> None:
    pytest.importorskip("splink")
    # Of few people as of many: what it takes on Spark is the number of its jobs.
    known, activity = (part[:24] for part in people())
    candidates = sorted(features_of(known, activity))
    on_spark = match_weights(known, activity, candidates, spark=spark)
    on_duckdb = match_weights(known, activity, candidates)
    assert on_spark.keys() == on_duckdb.keys()
    # Each draws its random pairs in its own way.
    assert on_spark == {pair: pytest.approx(weight, abs=1.5) for pair, weight in on_duckdb.items()}
