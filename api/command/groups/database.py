"""``kinfold db``."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.command.opening import settings_of_command, stopped_by_signal
from api.command.parameters import AsJson
from api.terminal import fetching, plain_errors, say

if TYPE_CHECKING:
    from graph.embedded import Server


commands = typer.Typer(
    help="The embedded database: a Neo4j on this machine.", no_args_is_help=True, rich_markup_mode=None
)


@commands.command()
def start() -> None:
    """Start the embedded database, and leave it running."""
    with plain_errors():
        from graph import embedded

        settings = settings_of_command()
        with fetching(settings.home) as report:
            server = embedded.start(settings, on_progress=report)
        _show_server(server)


@commands.command()
def stop() -> None:
    """Stop the embedded database."""
    with plain_errors():
        from graph import embedded

        say("The database is stopped." if embedded.stop(settings_of_command()) else "The database was not running.")


@commands.command()
def status() -> None:
    """Print whether the embedded database runs: exit 0 when it does, 1 when not."""
    with plain_errors():
        from graph import embedded

        settings = settings_of_command()
        server = embedded.status(settings)
        if words := embedded.shortage(settings):
            say(words)
        if server is None:
            say("The database is not running.")
            raise typer.Exit(1)
        _show_server(server)


@commands.command()
def path() -> None:
    """Print where the embedded database keeps its data."""
    with plain_errors():
        from graph import embedded

        typer.echo(str(embedded.data_path(settings_of_command())))


@commands.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Must not exist.", metavar="FILE")],
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Do not compact before, also when somebody was erased since.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the embedded database into a file. It is stopped meanwhile: servers that use it answer 503, then go on.

    When somebody was erased since it was last compacted, it is compacted before: nothing of them is in the file.
    """
    with plain_errors(), stopped_by_signal(128 + signal.SIGTERM):
        from api.command import backups

        backups.backup(settings_of_command(), file, as_is=as_is, as_json=as_json)


@commands.command()
def compact(as_json: AsJson = False) -> None:
    """Write the stores of the embedded database anew, without what was deleted. It is stopped meanwhile."""
    with plain_errors(), stopped_by_signal(128 + signal.SIGTERM):
        from api.command import backups

        backups.compact(settings_of_command(), as_json=as_json)


@commands.command()
def restore(
    file: Annotated[Path, typer.Argument(help="Written by kinfold db backup.", metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Replace the database that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of the embedded database, which nobody may be using; checked before and after."""
    with plain_errors(), stopped_by_signal(128 + signal.SIGTERM):
        from api.command import backups

        backups.restore(settings_of_command(), file, force=force, as_json=as_json)


def _show_server(server: "Server") -> None:
    typer.echo(f"uri      {server.uri}")
    typer.echo(f"user     {server.user}")
    typer.echo(f"release  {server.release}")
    typer.echo(f"home     {server.home}")
    typer.echo(f"process  {server.pid}")
