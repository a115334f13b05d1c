"""The body of ``kinfold reidentify``."""

from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from api.command.output import Teller, new_table
from api.terminal import Refusal, visible
from graph.deployment import reidentify as reidentification
from graph.deployment.reidentify import Reidentification, Told
from graph.deployment.scratch import scratch_graph
from graph.errors import KinfoldError
from graph.explore.contacts import Document
from graph.kinfold import Kinfold
from graph.settings import Settings

_ACTS = ("splits", "unions", "given")


def read_done(file: Path) -> Document:
    """Read what ``--apply --json`` answered.

    Raises
    ------
    Refusal
        When it is something else.
    """
    try:
        done = orjson.loads(file.read_bytes())["done"]
        return {name: list(done[name]) for name in _ACTS}
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise Refusal(f"{file} is not what kinfold reidentify --apply --json answered.") from error


def reidentify(
    kinfold: Kinfold, settings: Settings, *, make: bool, told: Told
) -> tuple[Reidentification, Document | None]:
    """Compare, and make the difference when asked to."""
    words = {"replay": "Replaying", "apply": "Splitting and uniting"}

    def report(what: str, done: int, total: int) -> None:
        told(words[what], done, total)

    with scratch_graph(settings, on_progress=told) as scratch:
        found = reidentification.compare(kinfold, scratch, settings, told=report)
    return found, reidentification.apply(kinfold, settings, found, told=report) if make else None


def show(found: Reidentification, made: Document | None, *, limit: int, teller: Teller) -> bool:
    """Show the difference, and what was made of it; return whether some of it was refused."""
    document = found.to_dict()
    said: list[Table | str] = []
    if document["differences"]:
        said.append(_differences(document["differences"][: limit or None]))
    said.append(_summed_up(document, limit))
    if made is not None:
        document["done"] = made
        said.append(
            f"Made in {len(made['splits']):,} splits and {len(made['unions']):,} unions"
            + (f"; {len(made['given']):,} keys were given." if made["given"] else ".")
        )
        said += [f"Not made: {', '.join(one['contacts'])}: {one['reason']}" for one in made["refused"]]
    teller.tell(document, *said)
    return bool(made and made["refused"])


def undo(kinfold: Kinfold, done: Document, *, teller: Teller) -> None:
    """Undo what was made."""
    try:
        reidentification.undo(kinfold, done)
    except KinfoldError as error:
        raise teller.refuse(error) from None
    teller.tell({"undone": done}, f"Undone: {len(done['unions']):,} unions and {len(done['splits']):,} splits.")


def _summed_up(document: Document, limit: int) -> str:
    counts = ", ".join(f"{document[what]:,} {what}" for what in ("split", "united", "moved"))
    said = (
        f"{document['events']:,} events under {document['policy']}: {document['contacts']:,} contacts would be "
        f"{document['contacts_after']:,}; {document['unaffected']:,} stay as they are; {counts}."
    )
    if document["left"]:
        said += f" {document['left']:,} are left as they are, because people decided about them."
    more = len(document["differences"]) - limit
    return said + (f" {more:,} more than shown, --limit 0 shows all." if limit and more > 0 else "")


def _differences(differences: list[Document]) -> Table:
    table = new_table("what", "contacts", "become")
    for one in differences:
        what = f"{one['what']}\nleft: {', '.join(one['left'])}" if one["left"] else one["what"]
        table.add_row(
            what,
            "\n".join(f"{contact['contact']}  {_keys(contact['keys'])}" for contact in one["contacts"]),
            "\n".join(
                f"{person['contact'] or 'new'}  {_keys(person['keys'])}, {person['activities']} activities"
                for person in one["becomes"]
            ),
        )
    return table


def _keys(keys: dict[str, Any]) -> str:
    return visible(" ".join(value for values in keys.values() for value in values))
