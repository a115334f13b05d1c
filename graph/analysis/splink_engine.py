"""What Splink says of suggested pairs: its match weights, as another column beside our probability.

Splink (https://moj-analytical-services.github.io/splink/) is the library with which people link records by the model of
Fellegi and Sunter, trained without labels on the records themselves. It is given the candidates that we found, compares
what contacts show (addresses, name, postcode, phone, the devices on which they named themselves) and is told nothing of
our features or weights: where the two disagree, somebody should look.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from graph import extras
from graph.analysis.suggestions import (
    PHONE_PROPERTIES,
    POSTCODE_PROPERTIES,
    Pair,
    Somebody,
    read_activity,
    read_people,
)
from graph.errors import KinfoldError
from graph.store.database import Database

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NEEDED = ("splink", "duckdb", "pyarrow")
TEXTS = ("email", "local", "name", "postcode", "phone")
SEED = 1
MOST_PAIRS = 2_000_000
"""How many random pairs are drawn to learn how often people agree by chance."""
MOST_TRAINED_ON = 1_000_000
"""How many pairs that agree in one thing are drawn to learn how often one person agrees in the others."""
SURE = (("local",), ("phone",), ("name", "postcode"))
"""In what two agree who are one person beyond doubt: an address but for its domain, a phone, or name and postcode."""
RECALL = 0.5
"""Which share of those who are one person is supposed to agree in one of them."""


class SplinkError(KinfoldError):
    """Splink cannot be had; the message says what to do."""


def check_installed() -> None:
    """Make sure that what the engine needs is installed.

    Raises
    ------
    SplinkError
        When it is not, with what to install.
    """
    extras.check_installed("Splink", NEEDED, SplinkError)


def weigh(
    database: Database, pairs: Sequence[Sequence[str]], *, spark: "SparkSession | None" = None
) -> dict[frozenset[str], float]:
    """Return Splink's match weight of pairs of contacts, which are named by their ids; see `match_weights`.

    Raises
    ------
    SplinkError
        When Splink is not installed.
    """
    check_installed()
    people = read_people(database)
    numbers = {who.id: number for number, who in enumerate(people)}
    there = [(numbers[one], numbers[other]) for one, other in pairs if one in numbers and other in numbers]
    found = match_weights(people, read_activity(database), [(min(pair), max(pair)) for pair in there], spark=spark)
    return {frozenset(people[number].id for number in pair): weight for pair, weight in found.items()}


def with_jar(options: Mapping[str, str]) -> dict[str, str]:
    """Return settings of Spark with the jar that brings the functions with which Splink compares texts."""
    from splink.internals.spark.jar_location import similarity_jar_location

    jars = [similarity_jar_location(), options.get("spark.jars", "")]
    return {**options, "spark.jars": ",".join(filter(None, jars))}


def match_weights(
    people: Sequence[Somebody],
    activity: Iterable[Sequence[Any]],
    pairs: Iterable[Pair],
    *,
    spark: "SparkSession | None" = None,
) -> dict[Pair, float]:
    """Return Splink's match weight of each pair: the log2 of how much more probable it is than not that both are one.

    Parameters
    ----------
    people, activity
        As ``read_people`` and ``read_activity`` have them; pairs are numbers of people.
    spark
        A session of Spark that was opened `with_jar`; without one it works on DuckDB.

    Raises
    ------
    SplinkError
        When Splink is not installed.

    Notes
    -----
    A parameter that the records say nothing about keeps Splink's default. The draws have a seed; threads of DuckDB may
    still add up in another order, so a weight can differ in its last digits from one run to the next.
    """
    check_installed()
    asked = sorted(set(pairs))
    if not asked:
        return {}
    from splink import Linker

    with _quiet(), _backend(spark) as (api, table):
        records = _records(people, activity)
        of_records = {"unique_id": int, **dict.fromkeys(TEXTS, str), "devices": list}
        linker = Linker(api.register(table(records, of_records)), _settings(len(records)), log_level=None)
        _train(linker, records)
        keys = [{"match_key": "0", "join_key_l": one, "join_key_r": other} for one, other in asked]
        blocked = table(keys, {"match_key": str, "join_key_l": int, "join_key_r": int})
        linker.table_management.register_blocked_pairs_for_predict(api.register(blocked))
        scored = linker.inference.predict(warning_mode="never").as_record_list()
    return {(row["unique_id_l"], row["unique_id_r"]): round(float(row["match_weight"]), 3) for row in scored}


def _records(people: Sequence[Somebody], activity: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    owner: dict[tuple[str, str], int] = {}
    for number, who in enumerate(people):
        for name in ("email", "user_id"):
            owner.update({(name, value): number for value in who.keys.get(name, ())})
    devices: dict[int, set[str]] = defaultdict(set)
    for _, tracker, email, user_id, _, _, answered in activity:
        for name, value in (("email", email), ("user_id", user_id)):
            if (named := owner.get((name, value))) is not None:
                devices[named] |= {tracker, answered} - {None}
    return [
        {
            "unique_id": number,
            "email": (address := next(iter(sorted(who.keys.get("email", ()))), None)),
            "local": None if address is None else address.rpartition("@")[0],
            "name": who.name,
            "postcode": who.first_of(POSTCODE_PROPERTIES),
            "phone": next(iter(sorted(who.keys.get("phone", ()))), None) or who.first_of(PHONE_PROPERTIES),
            "devices": sorted(devices[number]) or None,
        }
        for number, who in enumerate(people)
    ]


Table = Callable[[Sequence[Mapping[str, Any]], Mapping[str, type]], Any]
"""Makes a table of rows whose columns are texts, whole numbers or lists of texts."""


@contextmanager
def _backend(spark: "SparkSession | None") -> Iterator[tuple[Any, Table]]:
    """Open what Splink works on, with what makes tables for it."""
    if spark is not None:
        from pyspark.sql import types
        from splink import SparkAPI

        kinds = {int: types.LongType(), str: types.StringType(), list: types.ArrayType(types.StringType())}

        def on_spark(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, type]) -> Any:
            schema = types.StructType([types.StructField(name, kinds[kind]) for name, kind in columns.items()])
            return spark.createDataFrame([tuple(row[name] for name in columns) for row in rows], schema)

        api: Any = SparkAPI
        yield api(spark_session=spark, break_lineage_method="persist"), on_spark
        return
    import duckdb
    import pyarrow as pa
    from splink import DuckDBAPI

    arrow = {int: pa.int64(), str: pa.string(), list: pa.list_(pa.string())}
    with duckdb.connect(":memory:") as connection:

        def on_duckdb(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, type]) -> Any:
            schema = pa.schema({name: arrow[kind] for name, kind in columns.items()})
            return pa.Table.from_pylist(list(rows), schema=schema)

        yield DuckDBAPI(connection), on_duckdb


def _settings(contacts: int) -> Any:
    from splink import SettingsCreator, block_on
    from splink import comparison_library as compare

    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        comparisons=[
            compare.EmailComparison("email"),
            compare.NameComparison("name"),
            compare.ExactMatch("postcode"),
            compare.ExactMatch("phone"),
            compare.ArrayIntersectAtSizes("devices", [2, 1]),
        ],
        blocking_rules_to_generate_predictions=[block_on("name")],
        probability_two_random_records_match=1.0 / (contacts + 1),
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )


def _train(linker: Any, records: Sequence[dict[str, Any]]) -> None:
    """Let Splink learn what it can: a step without a pair to learn from would leave its model in pieces."""
    from splink import block_on

    training = linker.training
    if any(_somebody_agrees(records, columns) for columns in SURE):
        rules = [block_on(*columns) for columns in SURE]
        training.estimate_probability_two_random_records_match(rules, recall=RECALL)
    training.estimate_u_using_random_sampling(max_pairs=MOST_PAIRS, seed=SEED)
    for column in ("name", "postcode", "phone"):
        if _somebody_agrees(records, (column,)):
            training.estimate_parameters_using_expectation_maximisation(block_on(column), max_pairs=MOST_TRAINED_ON)


def _somebody_agrees(records: Sequence[dict[str, Any]], columns: Sequence[str]) -> bool:
    values = [tuple(record[column] for column in columns) for record in records]
    there = [value for value in values if None not in value]
    return len(set(there)) < len(there)


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
