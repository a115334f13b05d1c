"""``kinfold export``, ``erase``, ``audit`` and ``sweep``."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from api.command.opening import opened_for_edits
from api.command.parameters import AsJson, Person, PersonKey
from api.terminal import plain_errors

commands = typer.Typer()


@commands.command()
def export(contact: Person = None, key: PersonKey = None) -> None:
    """Write everything held on a person to stdout, as one JSON document. Exits as merge does."""
    with plain_errors():
        from api.command import privacy

        privacy.check_one(contact, key)
        with opened_for_edits() as kinfold:
            privacy.export(kinfold, contact, key)


@commands.command()
def erase(
    contact: Person = None,
    key: PersonKey = None,
    allow_return: Annotated[
        bool, typer.Option("--allow-return", help="Let a late event bring the emails and user ids back.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person for good, and show the receipt. Exits as merge does."""
    with plain_errors():
        from api.command import privacy
        from api.command.output import Teller

        privacy.check_one(contact, key)
        with opened_for_edits() as kinfold:
            teller = Teller(as_json=as_json)
            privacy.erase(kinfold, contact, key, allow_return=allow_return, teller=teller)


@commands.command()
def audit(
    by: Annotated[str | None, typer.Option(help="By this access key's id, environment, local or command.")] = None,
    what: Annotated[str | None, typer.Option(help="Of this kind only: read, exported, erased, merged, …")] = None,
    contact: Annotated[str | None, typer.Option(help="About this contact.")] = None,
    since: Annotated[datetime | None, typer.Option("--from", help="From this time on, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="Up to this time, in UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many entries at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show who did what by hand, who read and exported whom, and why; newest first."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import privacy
        from api.command.output import Teller

        privacy.audit(
            kinfold,
            by=by,
            what=what,
            contact=contact,
            since=None if since is None else since.replace(tzinfo=UTC),
            until=None if until is None else until.replace(tzinfo=UTC),
            limit=limit,
            teller=Teller(as_json=as_json),
        )


@commands.command()
def sweep(as_json: AsJson = False) -> None:
    """Drop activity older than KINFOLD_RETENTION_DAYS, and finish erasures that were interrupted."""
    with plain_errors(), opened_for_edits() as kinfold:
        from api.command import privacy
        from api.command.output import Teller

        privacy.sweep(kinfold, teller=Teller(as_json=as_json))
