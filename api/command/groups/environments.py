"""``kinfold environment``."""

from typing import Annotated

import typer

from api.command.opening import opened_for_edits
from api.command.parameters import AsJson
from api.terminal import plain_errors

commands = typer.Typer(
    help="Environments: whom a catalogue of offers is for.", no_args_is_help=True, rich_markup_mode=None
)


@commands.command("create")
def create_environment(
    mapping: Annotated[
        str, typer.Option(help="Whom it addresses: contacts, visitors nobody has identified, or a segment.")
    ],
    brand: Annotated[str | None, typer.Option(help="Whose visitors they are: names it and its folder.")] = None,
    name: Annotated[str | None, typer.Option(help="Its name, where it is not the brand's.")] = None,
    visitors_folder: Annotated[str | None, typer.Option(help="Its folder, where it is not named after it.")] = None,
    segment: Annotated[str | None, typer.Option(help="The segment, where that is the mapping.")] = None,
    goes_on_from: Annotated[
        list[str] | None, typer.Option(help="An anonymous environment whose propositions count too; again for another.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be made, and make nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Make it without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make an environment of a mapping; everything that follows from it is shown before it is made.

    Somebody at a terminal is asked; a script is not. Exit 1 when it is there already or breaks a rule.
    """
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import environments
        from api.command.output import Teller
        from graph.errors import KinfoldError

        teller = Teller(as_json=as_json)
        try:
            drafted = environments.draft(
                kinfold,
                mapping,
                brand=brand,
                name=name,
                folder=visitors_folder,
                segment=segment,
                goes_on_from=goes_on_from or (),
            )
            environments.create(kinfold, drafted, teller=teller, dry_run=dry_run, ask=not yes and not as_json)
        except KinfoldError as error:
            raise teller.refuse(error) from error


@commands.command("list")
def list_environments(as_json: AsJson = False) -> None:
    """Show the environments with their boxes, dimensions and visitors folders."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import environments
        from api.command.output import Teller

        environments.show(kinfold, teller=Teller(as_json=as_json))
