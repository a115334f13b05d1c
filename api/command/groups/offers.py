"""``kinfold offers``."""

from pathlib import Path
from typing import Annotated

import typer

from api.command.opening import opened_for_edits
from api.command.parameters import AsJson
from api.terminal import plain_errors

commands = typer.Typer(
    help="Offers: a catalogue tried on people, and what became of what was proposed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Environment = Annotated[str, typer.Argument(help="The environment.", metavar="ENVIRONMENT")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Write a table too.", metavar="FILE")]


@commands.command("simulate")
def simulate_offers(
    environment: Environment,
    segment: Annotated[str | None, typer.Option(help="On its members; everybody if not said.")] = None,
    at: Annotated[str | None, typer.Option(help="As of this time, RFC 3339; now if not said.")] = None,
    space: Annotated[list[str] | None, typer.Option(help="Ask this space; again for another. All if not said.")] = None,
    by_cookie: Annotated[bool, typer.Option("--by-cookie", help="Known people come by their cookies.")] = False,
    limit: Annotated[int | None, typer.Option(help="How many offers a call asks for.")] = None,
    context: Annotated[str | None, typer.Option(help="Data of the call, as a JSON object.")] = None,
    most: Annotated[int | None, typer.Option(help="How many contacts are looked at; 10000 if not said.")] = None,
    drafts: Annotated[bool, typer.Option("--drafts", help="Try drafts as if they were live.")] = False,
    csv: Csv = None,
    as_json: AsJson = False,
) -> None:
    """Show who would get what, and which offers nobody would get and why. Writes nothing to the graph."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import offers
        from api.command.output import Teller
        from graph.errors import KinfoldError

        teller = Teller(as_json=as_json)
        try:
            plan = offers.plan_of(
                segment=segment,
                at=at,
                spaces=space,
                by_cookie=by_cookie,
                limit=limit,
                context=context,
                most=most,
                drafts=drafts,
            )
            offers.simulate(kinfold, environment, plan, csv=csv, teller=teller)
        except KinfoldError as error:
            raise teller.refuse(error) from error


@commands.command("report")
def report_offers(
    environment: Environment,
    by: Annotated[str, typer.Option(help="Count by offer, by space or by day.")] = "offer",
    since: Annotated[str | None, typer.Option("--from", help="From this time of arrival on, RFC 3339.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Before this time of arrival.")] = None,
    csv: Csv = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw it too: SVG where the name ends in .svg, else PNG.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count what was proposed, presented, clicked, accepted and refused."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import offers
        from api.command.output import Teller
        from graph.errors import KinfoldError

        teller = Teller(as_json=as_json)
        try:
            offers.report(
                kinfold, environment, by=by, since=since, until=until, csv=csv, picture=picture, teller=teller
            )
        except KinfoldError as error:
            raise teller.refuse(error) from error
