"""``kinfold keys``."""

from enum import StrEnum
from typing import Annotated

import typer

from api.command.opening import opened_for_edits
from api.command.parameters import AsJson
from api.terminal import plain_errors

commands = typer.Typer(help="Access keys of the API.", no_args_is_help=True, rich_markup_mode=None)


class Scope(StrEnum):
    """What an access key is for."""

    WRITE = "write"
    READ = "read"
    ANALYST = "analyst"
    STEWARD = "steward"
    ADMIN = "admin"


class WriteAnswer(StrEnum):
    """How much the answers to a write key tell."""

    FULL = "full"
    MINIMAL = "minimal"


@commands.command("create")
def create_key(
    scope: Annotated[
        Scope,
        typer.Option(
            help="write sends events, read reads, analyst also dismisses findings, steward also does whatever can be "
            "taken back, admin does everything."
        ),
    ],
    name: Annotated[str, typer.Option(help="Whose it is, for lists.")] = "",
    answer: Annotated[
        WriteAnswer | None,
        typer.Option(help="How much a write key is told; minimal is for keys in a page's source."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an access key and print it, this once: only its digest is kept."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import access as shown
        from api.command.output import Teller
        from graph.access.access_keys import KeyScope

        shown.create_key(
            kinfold,
            KeyScope(scope.value),
            name=name,
            answer=answer.value if answer else None,
            teller=Teller(as_json=as_json),
        )


@commands.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys that were made, also those that were revoked; no key can be read again."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import access as shown
        from api.command.output import Teller

        shown.list_keys(kinfold, Teller(as_json=as_json))


@commands.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="The id that create and list show.", metavar="ID")],
    as_json: AsJson = False,
) -> None:
    """Take a key back; running servers refuse it a few seconds later. Exit 1 when there is no such key."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import access as shown
        from api.command.output import Teller

        shown.revoke_key(kinfold, key, teller=Teller(as_json=as_json))
