"""``kinfold catalogue``."""

from typing import Annotated

import typer

from api.command.opening import log_file, opened_for_edits
from api.command.parameters import AsJson
from api.terminal import plain_errors

commands = typer.Typer(help="The catalogue of offers, as one file.", no_args_is_help=True, rich_markup_mode=None)


@commands.command("import")
def import_catalogue(
    file: Annotated[str, typer.Argument(help="YAML or JSON; - reads standard input.", metavar="FILE|-")],
    as_json: AsJson = False,
) -> None:
    """Make or change what the file describes, all of it or nothing. Exit 1 when it breaks a rule."""
    with plain_errors(), log_file(file) as stream, opened_for_edits() as kinfold:
        from api.command import catalogue as catalogues
        from api.command.output import Teller

        catalogues.import_file(kinfold, stream.read(), teller=Teller(as_json=as_json))


@commands.command("export")
def export_catalogue(
    file: Annotated[str, typer.Argument(help="JSON when it ends in .json, else YAML; - writes standard output.")],
    as_json: AsJson = False,
) -> None:
    """Write the whole catalogue: importing it again changes nothing."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import catalogue as catalogues
        from api.command.output import Teller

        catalogues.export_file(kinfold, file, teller=Teller(as_json=as_json))


@commands.command("schema")
def catalogue_schema() -> None:
    """Print the JSON Schema of a catalogue's file."""
    with plain_errors():
        from api.command import catalogue as catalogues

        catalogues.write_schema()
