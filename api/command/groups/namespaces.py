"""``kinfold namespaces``."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from api.command.opening import opened_for_edits, settings_of_command, stopped_by_signal
from api.command.parameters import AsJson
from api.terminal import fetching, plain_errors

commands = typer.Typer(
    help="Namespaces: what kinds of keys this deployment knows.", no_args_is_help=True, rich_markup_mode=None
)


@commands.command("list")
def list_namespaces(as_json: AsJson = False) -> None:
    """Show the namespaces of this deployment, and how many keys of each there are."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import namespaces as declared
        from api.command.output import Teller

        declared.show(kinfold, teller=Teller(as_json=as_json))


@commands.command("check")
def check_namespaces(
    file: Annotated[Path, typer.Argument(help="YAML or JSON.")],
    as_json: AsJson = False,
) -> None:
    """Check whether a file of namespaces can be used. Exit 1 when it breaks a rule, each named with its line."""
    with plain_errors():
        from api.command import namespaces as declared
        from api.command.output import Teller

        declared.check(file, teller=Teller(as_json=as_json))


@commands.command("apply")
def apply_namespaces(
    file: Annotated[Path | None, typer.Argument(help="YAML or JSON; the file of KINFOLD_KEYS when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Declare the namespaces of a file for the graph in place of those that it has, while no server uses it.

    One that has keys keeps its class and its form. Exit 1 when it would lose them.
    """
    with plain_errors(), stopped_by_signal(128 + signal.SIGTERM):
        from api.command import namespaces as declared
        from api.command.output import Teller

        settings = settings_of_command()
        with fetching(settings.home) as report:
            declared.apply(settings, file, teller=Teller(as_json=as_json), on_progress=report)


@commands.command("schema")
def namespaces_schema() -> None:
    """Print the JSON Schema of a file of namespaces, for editors."""
    with plain_errors():
        from api.command import namespaces as declared

        declared.write_schema()
