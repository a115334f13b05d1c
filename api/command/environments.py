"""What ``kinfold environment`` does: a mapping becomes an environment, shown before it is made."""

import sys
from dataclasses import dataclass
from typing import Any

import typer
from rich.table import Table

from api.command.output import REFUSED, Teller, new_table
from api.terminal import say
from graph.kinfold import Kinfold
from graph.offers.definitions import EnvironmentBody
from graph.offers.mappings import environment_of

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """An environment that passed every check and is not made yet."""

    name: str
    body: EnvironmentBody
    document: Document


def draft(kinfold: Kinfold, mapping: str, **said: Any) -> Draft:
    """Fill in what a mapping says of an environment, and check it against the catalogue.

    Parameters
    ----------
    said
        What `environment_of` takes.

    Raises
    ------
    BadInput
        When it would break a rule.
    ClashError
        When there is an environment of this name already.
    """
    called, body = environment_of(mapping, **said)
    _, document = kinfold.catalogues.put_environment(called, body, only_new=True, dry_run=True)
    return Draft(called, body, document)


def create(kinfold: Kinfold, drafted: Draft, *, teller: Teller, dry_run: bool, ask: bool) -> None:
    """Show a draft, and make it unless it is only looked at or somebody says no.

    Raises
    ------
    typer.Exit
        With 1 when somebody at the terminal says no.
    """
    shown: list[Table | str] = [_form(drafted.document)]
    if dry_run:
        teller.tell({"dry_run": True, "environment": drafted.document}, *shown, "Nothing was made.")
        return
    if ask and sys.stdin.isatty():
        teller.tell(None, *shown)
        if not typer.confirm("Make this environment?", default=True, err=True):
            say("Nothing was made.")
            raise typer.Exit(REFUSED)
        shown = []
    _, made = kinfold.catalogues.put_environment(drafted.name, drafted.body, only_new=True)
    teller.tell({"dry_run": False, "environment": made}, *shown, f"Made: environment {made['name']}.")


def show(kinfold: Kinfold, *, teller: Teller) -> None:
    """List the environments."""
    items = kinfold.catalogues.environments()
    table = new_table(
        "environment", "kind", "targeting dimension", "for inbound anonymous interactions", "visitors folder"
    )
    for item in items:
        table.add_row(
            item["name"],
            item["kind"],
            _dimension(item),
            _box(item["inbound_anonymous"]),
            item["visitors_folder"] or "",
        )
    teller.tell({"items": items, "next": None}, table)


def _form(document: Document) -> Table:
    form = Table(title=f"Environment {document['name']}", title_justify="left", show_header=False)
    form.add_row("Targeting dimension", _dimension(document))
    form.add_row("For inbound anonymous interactions", _box(document["inbound_anonymous"]))
    if document["visitors_folder"] is not None:
        form.add_row("Visitors folder", document["visitors_folder"])
    if document["goes_on_from"]:
        form.add_row("Goes on from", ", ".join(document["goes_on_from"]))
    return form


def _dimension(document: Document) -> str:
    segment = document["segment"]
    return str(document["targeting_dimension"]) if segment is None else f"segment {segment}"


def _box(ticked: bool) -> str:
    return "[x]" if ticked else "[ ]"
