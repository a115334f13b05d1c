"""The ``kinfold`` command."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from api.command.groups import (
    access,
    analysis,
    blocked,
    catalogue,
    database,
    edits,
    environments,
    judgements,
    loads,
    logs,
    mcp,
    namespaces,
    offers,
    privacy,
    reidentify,
    server,
    simulate,
    suppressed,
)
from api.command.opening import TENANT_OPTION, choose_tenant


class _Root(TyperGroup):
    """Take ``--tenant`` wherever it stands, so that it can follow the command that it is for."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        mine: list[str] = []
        others: list[str] = []
        given = iter(args[:end])
        for part in given:
            if part == TENANT_OPTION:
                mine += [part, *([value] if (value := next(given, None)) is not None else [])]
            else:
                (mine if part.startswith(f"{TENANT_OPTION}=") else others).append(part)
        rest: list[str] = super().parse_args(ctx, [*mine, *others, *args[end:]])
        return rest


app = typer.Typer(
    name="kinfold",
    cls=_Root,
    help="Tells which contact is behind an event, on a real Neo4j.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        from api.version import kinfold_version

        typer.echo(f"kinfold {kinfold_version()}")
        raise typer.Exit


@app.callback()
def _common(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and stop.")
    ] = False,
    tenant: Annotated[
        str | None,
        typer.Option(TENANT_OPTION, help="Of those in KINFOLD_TENANTS, the one that a command is for.", metavar="ID"),
    ] = None,
) -> None:
    choose_tenant(tenant)


for group in (server, logs, simulate, edits, judgements, reidentify, privacy, analysis, loads, mcp):
    app.add_typer(group.commands)
for name, group in {
    "db": database,
    "block": blocked,
    "keys": access,
    "catalogue": catalogue,
    "environment": environments,
    "offers": offers,
    "suppress": suppressed,
    "namespaces": namespaces,
}.items():
    app.add_typer(group.commands, name=name)
