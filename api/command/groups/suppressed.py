"""``kinfold suppress``."""

from typing import Annotated

import typer

from api.command.opening import opened_for_edits
from api.command.parameters import AsJson
from api.terminal import plain_errors

commands = typer.Typer(
    help="Person keys that do not come back after their owner was erased.", no_args_is_help=True, rich_markup_mode=None
)


@commands.command("list")
def list_suppressed(as_json: AsJson = False) -> None:
    """List what is suppressed, by digest: which addresses they are is not known."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import privacy
        from api.command.output import Teller

        privacy.list_suppressed(kinfold, teller=Teller(as_json=as_json))


@commands.command("allow")
def allow_suppressed(
    key: Annotated[str, typer.Argument(help="A person key, as email=VALUE.", metavar="NAME=VALUE")],
    as_json: AsJson = False,
) -> None:
    """Let a person key come back."""
    with plain_errors():
        from api.command import edits, privacy
        from api.command.output import Teller

        edits.check_key(key)
        with opened_for_edits() as kinfold:
            name, value = edits.read_key(key, kinfold.namespaces)
            privacy.allow(kinfold, name, value, teller=Teller(as_json=as_json))
