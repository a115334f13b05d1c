"""``kinfold analyse`` and ``kinfold export-graph``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.command.opening import opened_for_edits
from api.command.parameters import AsJson
from api.terminal import Refusal, analysing, plain_errors

commands = typer.Typer()


class Engine(StrEnum):
    """What an analysis works with."""

    NETWORKX = "networkx"
    SPARK = "spark"


@commands.command()
def analyse(
    out: Annotated[
        Path | None,
        typer.Option(help="A folder for report.html, JSON, GraphML and pictures; nothing is written without it."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="For communities and pictures.")] = 0,
    engine: Annotated[Engine, typer.Option(help="spark is for graphs that one machine does not hold.")] = (
        Engine.NETWORKX
    ),
    spark_master: Annotated[
        str, typer.Option(help="With --engine spark: any Spark master, such as spark://host:7077.", metavar="URL")
    ] = "local[*]",
    spark_set: Annotated[
        list[str] | None,
        typer.Option(help="With --engine spark: a setting, such as spark.driver.memory=8g.", metavar="NAME=VALUE"),
    ] = None,
    graph: Annotated[
        Path | None,
        typer.Option(help="With --engine spark: a folder of export-graph, made when it is not there.", metavar="DIR"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find what looks wrong in the graph, and who is tied to whom; the API lists it from then on."""
    with plain_errors(), analysing() as report:
        if out is not None and out.exists() and not out.is_dir():
            raise Refusal(f"{out} is a file, not a folder.")
        from api.command import analysis
        from api.command.output import Teller

        if engine is Engine.NETWORKX and (graph is not None or spark_set or spark_master != "local[*]"):
            raise Refusal("--graph, --spark-master and --spark-set go with --engine spark.")
        spark = analysis.spark_engine(spark_master, spark_set or [], graph, out) if engine is Engine.SPARK else None
        with opened_for_edits() as kinfold:
            teller = Teller(as_json=as_json)
            analysis.analyse(kinfold, seed=seed, out=out, teller=teller, on_progress=report, engine=spark)


@commands.command("export-graph")
def export_graph(
    folder: Annotated[Path, typer.Argument(help="A folder; made when it is missing.", metavar="DIR")],
    anew: Annotated[bool, typer.Option("--anew", help="Forget what an earlier run wrote there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the identity graph as Parquet; a run that was stopped is carried on by the next."""
    with plain_errors(), analysing() as report, opened_for_edits() as kinfold:
        from api.command import analysis
        from api.command.output import Teller

        teller = Teller(as_json=as_json)
        analysis.export_graph(kinfold, folder, anew=anew, teller=teller, on_progress=report)
