"""What ``kinfold analyse`` shows: findings and clusters as tables, or as one JSON document."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from api.command.output import Teller
from api.terminal import Refusal
from graph.analysis.findings import KEY_OF
from graph.kinfold import Kinfold

if TYPE_CHECKING:
    from graph.analysis import Analysis
    from graph.analysis.anomalies import Engine
    from graph.analysis.reading import Progress

SHOWN = 20
"""Rows of a table; --out writes all of them down."""


def analyse(
    kinfold: Kinfold,
    *,
    seed: int,
    out: Path | None,
    teller: Teller,
    on_progress: "Progress | None" = None,
    engine: "Engine | None" = None,
) -> None:
    """Analyse the graph, keep what is found for the lists of the API, show it and write it down."""
    analysis = kinfold.anomalies.refresh(seed=seed, on_progress=on_progress, engine=engine)
    files: list[Path] = []
    if out is not None:
        from graph.analysis.report import write_report

        files = write_report(analysis, out, seed=seed)
    document = {
        "totals": analysis.totals,
        "anomalies": [item.document() for item in analysis.findings],
        "clusters": [item.document() for item in analysis.clusters],
        "files": [str(path) for path in files],
    }
    written = [f"Written to {out}: {', '.join(path.name for path in files)}"] if files else []
    teller.tell(document, _summary(analysis), *_tables(analysis), *written)


def spark_engine(master: str, options: list[str], graph: Path | None, out: Path | None) -> "Engine":
    """Make the engine that lets Spark work; its tables go into the folder ``spark`` of what is written down.

    Raises
    ------
    Refusal
        When an option is not NAME=VALUE.
    SparkError
        When Spark is not installed.
    """
    from graph.spark.engine import SparkEngine
    from graph.spark.session import check_installed

    check_installed()
    return SparkEngine(master, spark_settings(options), graph, None if out is None else out / "spark")


def spark_settings(options: list[str]) -> dict[str, str]:
    """Read settings of Spark as the command is given them.

    Raises
    ------
    Refusal
        When an option is not NAME=VALUE.
    """
    pairs = [option.partition("=") for option in options]
    wrong = next((option for option, pair in zip(options, pairs, strict=True) if not pair[0] or not pair[1]), None)
    if wrong is not None:
        raise Refusal(f"--spark-set {wrong}: this is NAME=VALUE, such as spark.driver.memory=4g.")
    return {name.strip(): value.strip() for name, _, value in pairs}


def export_graph(kinfold: Kinfold, folder: Path, *, anew: bool, teller: Teller, on_progress: "Progress") -> None:
    """Write the graph as Parquet, from where an earlier run was stopped."""
    try:
        from graph.spark.export import export_graph as export
    except ModuleNotFoundError as error:
        raise Refusal("Parquet needs pyarrow: install the extra with pip install 'kinfold[parquet]'.") from error
    household = kinfold.settings.household_properties
    further = kinfold.namespaces.further
    manifest = export(
        kinfold.database, folder, anew=anew, on_progress=on_progress, household=household, further=further
    )
    rows = ", ".join(f"{count:,} {table}" for table, count in manifest["rows"].items())
    teller.tell({"folder": str(folder), "rows": manifest["rows"]}, f"Written to {folder}: {rows}.")


def _summary(analysis: "Analysis") -> str:
    totals = analysis.totals
    return (
        f"{totals['contacts']:,} contacts, {totals['ownerships']:,} keys, {totals['unions']:,} unions, "
        f"{totals['activities']:,} activities: {totals['findings']:,} findings, {totals['clusters']:,} clusters."
    )


def _tables(analysis: "Analysis") -> list[Table | str]:
    shown: list[Table | str] = []
    if analysis.findings:
        table = _table("score", "what", "about", "why")
        for item in analysis.findings[:SHOWN]:
            about = f"{item.subject['type']} {item.subject['value']}"
            table.add_row(f"{item.score:.3f}", item.kind, about, item.reason)
        shown += ["What looks wrong", table]
        if len(analysis.findings) > SHOWN:
            shown.append(f"… and {len(analysis.findings) - SHOWN} more.")
    if analysis.clusters:
        table = _table("score", "verdict", "known", "folded", "why")
        for cluster in analysis.clusters[:SHOWN]:
            table.add_row(
                f"{cluster.score:.3f}", cluster.verdict, str(cluster.known), str(cluster.folded), cluster.reason
            )
        shown += ["Clusters", table]
        if len(analysis.clusters) > SHOWN:
            shown.append(f"… and {len(analysis.clusters) - SHOWN} more.")
    value = next((item for item in analysis.findings if item.kind == "fusing_value"), None)
    if value is not None:
        key = KEY_OF.get(value.subject["type"], value.subject["type"])
        named = shlex.quote(f"{key}={value.subject['value']}")
        shown.append(f"What a value tied together: kinfold unmerge --key {named} --dry-run")
    return shown


def _table(*columns: str) -> Table:
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("score", "known", "folded"))
    return table
