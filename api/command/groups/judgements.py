"""``kinfold apart``, ``kinfold split`` and ``kinfold suggest``."""

from enum import StrEnum
from typing import Annotated

import typer

from api.command.opening import opened_for_edits
from api.command.parameters import AsJson, DryRun
from api.terminal import Refusal, plain_errors

commands = typer.Typer()


class Engine(StrEnum):
    """What weighs pairs."""

    NETWORKX = "networkx"
    SPLINK = "splink"


@commands.command()
def apart(
    contact: Annotated[str, typer.Argument(help="The id of a contact.", metavar="A")],
    other: Annotated[str, typer.Argument(help="The id of another contact, or a key as NAME=VALUE.", metavar="B")],
    why: Annotated[str | None, typer.Option("--why", help="Kept with the judgement and in the audit.")] = None,
    take_back: Annotated[bool, typer.Option("--take-back", help="Take that judgement back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep two contacts, or a contact and a key, apart, whatever events say. Exits as merge does."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import judgements
        from api.command.output import Teller

        judgements.apart(kinfold, contact, other, why=why, take_back=take_back, teller=Teller(as_json=as_json))


@commands.command()
def split(
    contact: Annotated[str | None, typer.Argument(help="The contact's id; the owner of --around if left out.")] = None,
    around: Annotated[
        str | None, typer.Option("--around", help="The key that fused people.", metavar="NAME=VALUE")
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option("--part", help="The keys of one part, with commas; one option a part.", metavar="NAME=VALUE,…"),
    ] = None,
    block: Annotated[bool, typer.Option("--block", help="With --around: block that value, too.")] = False,
    undo: Annotated[str | None, typer.Option("--undo", help="Instead: undo this split.", metavar="SPLIT")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Split a contact into several people by their keys, or undo that. Exits as merge does."""
    with plain_errors():
        from api.command import edits, judgements
        from api.command.output import Teller

        if sum((around is not None, bool(part), undo is not None)) != 1:
            raise Refusal("Give --around NAME=VALUE, one or more --part, or --undo SPLIT: one of the three.")
        if around is None and undo is None and contact is None:
            raise Refusal("Whose parts are they? Give the contact's id.")
        for key in [
            *([around] if around is not None else []),
            *(one for text in part or () for one in text.split(",")),
        ]:
            edits.check_key(key)
        teller = Teller(as_json=as_json)
        with opened_for_edits() as kinfold:
            if undo is not None:
                judgements.undo_split(kinfold, undo, teller=teller)
            else:
                judgements.split(kinfold, contact, around, part or [], block=block, dry_run=dry_run, teller=teller)


@commands.command()
def suggest(
    least: Annotated[float, typer.Option("--min", min=0, max=1, help="List those of at least this probability.")] = 0.5,
    accept: Annotated[
        float | None,
        typer.Option("--accept", min=0, max=1, help="Make those of at least this probability one, as by hand."),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="splink adds the match weights of the library of that name, as another column.")
    ] = Engine.NETWORKX,
    spark_master: Annotated[
        str | None,
        typer.Option(
            help="With --engine splink: let Splink work on this Spark, such as spark://host:7077, for large graphs; "
            "it works on DuckDB otherwise.",
            metavar="URL",
        ),
    ] = None,
    spark_set: Annotated[
        list[str] | None,
        typer.Option(help="With --spark-master: a setting, such as spark.driver.memory=8g.", metavar="NAME=VALUE"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List pairs of contacts that are probably one person, with the reasons. Nothing is united without --accept."""
    with_splink = engine is Engine.SPLINK
    spark = None
    with plain_errors():
        if spark_master is not None and not with_splink:
            raise Refusal("--spark-master goes with --engine splink.")
        if spark_set and spark_master is None:
            raise Refusal("--spark-set goes with --spark-master.")
        if spark_master is not None:
            from graph.spark.session import check_installed as check_spark

            check_spark()
            from api.command.analysis import spark_settings

            spark = (spark_master, spark_settings(spark_set or []))
        if with_splink:
            if accept is not None:
                raise Refusal("--accept goes by the probability, and --engine splink only adds a column to the list.")
            from graph.analysis.splink_engine import check_installed

            check_installed()
        with opened_for_edits() as kinfold:
            from api.command import judgements
            from api.command.output import Teller

            teller = Teller(as_json=as_json)
            judgements.suggest(kinfold, least, accept, with_splink=with_splink, spark=spark, teller=teller)
