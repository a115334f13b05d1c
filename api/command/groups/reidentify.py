"""``kinfold reidentify``."""

from pathlib import Path
from typing import Annotated

import typer

from api.command.opening import opened_for_edits
from api.command.parameters import AsJson, Policy
from api.terminal import Refusal, fetching, plain_errors

commands = typer.Typer()


@commands.command()
def reidentify(
    policy: Annotated[Policy | None, typer.Option(help="What if this were the deployment's policy?")] = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", help="What if these were its namespaces, as in KINFOLD_KEYS?")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference person by person.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Make it, as unions and splits that can be undone.")] = False,
    undo: Annotated[
        Path | None, typer.Option("--undo", help="Instead: undo what --apply --json answered.", metavar="FILE")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many differences are shown; 0 shows all.")] = 40,
    as_json: AsJson = False,
) -> None:
    """Replay the deployment's activity under another policy or other namespaces, and make the difference."""
    with plain_errors():
        from api.command import reidentify as reidentifying
        from api.command.output import Teller

        if (undo is not None) + dry_run + apply != 1:
            raise Refusal("Give --dry-run, --apply or --undo FILE: one of the three.")
        if undo is None and policy is None and keys is None:
            raise Refusal("Give --policy or --keys: what is to be other than it is?")
        teller = Teller(as_json=as_json)
        done = None if undo is None else reidentifying.read_done(undo)
        with opened_for_edits() as kinfold:
            if done is not None:
                reidentifying.undo(kinfold, done, teller=teller)
                return
            changed = {"policy": policy.value} if policy is not None else {}
            settings = kinfold.settings.model_copy(update=changed if keys is None else {**changed, "keys": keys})
            with fetching() as report:
                found, made = reidentifying.reidentify(kinfold, settings, make=apply, told=report)
            refused = reidentifying.show(found, made, limit=limit, teller=teller)
        raise typer.Exit(1 if refused else 0)
