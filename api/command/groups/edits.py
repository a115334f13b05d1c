"""``kinfold merge`` and ``kinfold unmerge``."""

from typing import Annotated

import typer

from api.command.opening import opened_for_edits
from api.command.parameters import AsJson, DryRun
from api.terminal import Refusal, plain_errors

commands = typer.Typer()


@commands.command()
def merge(
    source: Annotated[str, typer.Argument(help="The id of the contact that is folded.", metavar="A")],
    target: Annotated[str, typer.Argument(help="The id of the contact that stays.", metavar="B")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Fold contact A into contact B. Exit 0 when it is done, 1 when it is refused, 2 when nothing could run."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import edits
        from api.command.output import Teller

        edits.merge(kinfold, source, target, dry_run=dry_run, teller=Teller(as_json=as_json))


@commands.command()
def unmerge(
    merge: Annotated[str | None, typer.Argument(help="The id of a union; see a contact's history.")] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", help="Instead: every union that this key went along with.", metavar="NAME=VALUE"),
    ] = None,
    cascade: Annotated[
        bool, typer.Option("--cascade", help="Undo first the unions by which a survivor was folded since.")
    ] = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --key: do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a union back exactly, or those that a key has tied together. Exits as merge does."""
    with plain_errors():
        if (merge is None) == (key is None):
            raise Refusal("Give the id of a union, or --key NAME=VALUE: one of the two.")
        from api.command import edits
        from api.command.output import Teller

        if key is not None:
            edits.check_key(key)
        teller = Teller(as_json=as_json)
        with opened_for_edits() as kinfold:
            if key is not None:
                edits.unmerge_key(kinfold, key, cascade=cascade, dry_run=dry_run, yes=yes, teller=teller)
            elif merge is not None:
                edits.unmerge(kinfold, merge, cascade=cascade, dry_run=dry_run, teller=teller)
