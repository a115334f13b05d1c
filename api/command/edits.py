"""What ``kinfold merge`` and ``kinfold unmerge`` do, and how a key is written on the command line."""

import sys
from collections.abc import Iterable
from typing import Any

import orjson
import typer
from rich.table import Table
from rich.text import Text

from api.command.output import REFUSED, Document, Teller, new_table, undone_in_words
from api.http.problems import as_problem
from api.terminal import Refusal, say, stderr, visible
from graph.errors import KinfoldError, Unavailable
from graph.identity.keys import InvalidKey, normalise
from graph.identity.namespaces import DEFAULT_NAMESPACES, NAME, Namespaces
from graph.kinfold import Kinfold
from graph.model import KeyName


def merge(kinfold: Kinfold, source: str, target: str, *, dry_run: bool, teller: Teller) -> None:
    """Fold one contact into another, or show what that would change."""
    try:
        if dry_run:
            changes = kinfold.unions.preview_merge(source, target)
            teller.tell({"dry_run": True, "changes": changes}, *_previews(changes))
            return
        entry = kinfold.unions.merge(source, target)
    except KinfoldError as error:
        raise teller.refuse(error) from None
    told = f"Folded {entry['source']} into {entry['target']}. To take it back: kinfold unmerge {entry['id']}"
    teller.tell(entry, told)


def unmerge(kinfold: Kinfold, merge_id: str, *, cascade: bool, dry_run: bool, teller: Teller) -> None:
    """Take one union back, or show what that would change."""
    try:
        if dry_run:
            changes = kinfold.unions.preview_undo(merge_id, cascade=cascade)
            teller.tell({"dry_run": True, "changes": changes}, *_previews(changes))
            return
        undone = kinfold.unions.undo(merge_id, cascade=cascade)
    except KinfoldError as error:
        raise teller.refuse(error) from None
    teller.tell({**undone[-1], "undone": undone}, *map(undone_in_words, undone))


def unmerge_key(kinfold: Kinfold, key: str, *, cascade: bool, dry_run: bool, yes: bool, teller: Teller) -> None:
    """List what a key has tied together so far and, once confirmed, take these unions back, newest first."""
    name, value = read_key(key, kinfold.namespaces)
    unions = list(kinfold.unions.of_key(name, value))
    if not unions:
        teller.tell({"undone": []}, f"The {name} {value} went along with no union that stands.")
        return
    listed = (f"What the {name} {value} has tied together, newest first:", _unions_table(unions))
    if dry_run:
        previews = _preview_each(kinfold, unions)
        shown = [item for one in previews for item in _preview_of_one(one)]
        teller.tell({"dry_run": True, "unions": previews}, *listed, *shown)
        return
    if not yes:
        stderr.print(*listed, sep="\n")
        _confirm(f"Undo {'this union' if len(unions) == 1 else f'these {len(unions)} unions'}?")
    undone: list[Document] = []
    for union in unions:
        if union["id"] in {one["id"] for one in undone}:
            continue
        try:
            undone += kinfold.unions.undo(union["id"], cascade=cascade)
        except KinfoldError as error:
            raise teller.refuse(error, done=undone) from None
    teller.tell({"undone": undone}, *map(undone_in_words, undone))


def check_key(text: str) -> None:
    """Refuse, before anything is opened, what is not written as ``NAME=VALUE``.

    Raises
    ------
    Refusal
        When it is not.
    """
    name, equals, value = text.partition("=")
    if not NAME.fullmatch(name) or not equals or not value.strip():
        names = ", ".join(DEFAULT_NAMESPACES.names)
        raise Refusal(f"A key is written NAME=VALUE, with one of {names}, or a namespace of yours; not {text!r}.")


def read_key(text: str, namespaces: Namespaces) -> tuple[KeyName, str]:
    """Read ``tracker_id=VALUE``.

    Raises
    ------
    Refusal
        When it is not written so.
    """
    name, equals, value = text.partition("=")
    if name not in namespaces or not equals or not value.strip():
        raise Refusal(f"A key is written NAME=VALUE, with one of {', '.join(namespaces.names)}; not {text!r}.")
    try:
        return name, normalise(name, value, namespaces)
    except InvalidKey:
        return name, value.strip()


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise Refusal(f"{question} Nobody is here to answer: say --yes, or look with --dry-run.")
    if not typer.confirm(question, err=True):
        say("Nothing was undone.")
        raise typer.Exit(REFUSED)


def _preview_each(kinfold: Kinfold, unions: list[Document]) -> list[Document]:
    """Preview each undoing for itself, as if those before it in the list had to be undone for its sake only."""
    previews = []
    for union in unions:
        preview = dict(union)
        try:
            preview["changes"] = kinfold.unions.preview_undo(union["id"], cascade=True)
        except Unavailable:
            raise
        except KinfoldError as error:
            preview["error"] = as_problem(error)
        previews.append(preview)
    return previews


def _preview_of_one(preview: Document) -> list[Table | str]:
    shown: list[Table | str] = [f"Undoing {preview['id']} ({preview['source']} into {preview['target']}):"]
    if "error" in preview:
        return [*shown, preview["error"]["detail"]]
    return [*shown, *_previews(preview["changes"])]


def _previews(changes: list[Document]) -> Iterable[Table | str]:
    if not changes:
        yield "Nothing would change."
    for contact in changes:
        fate = "" if contact["exists_before"] else ", which would come back"
        fate = fate if contact["exists_after"] else ", which would be folded"
        yield f"Contact {contact['contact']}{fate}"
        table = new_table("field", "now", "then")
        for change in contact["changes"]:
            # Of a contact that comes or goes, what it has none of is no news.
            if not any(change[side] not in (None, []) for side in ("before", "after")):
                continue
            table.add_row(change["field"], _value(change["before"]), _value(change["after"]))
        yield table


def _value(value: Any) -> Text:
    if value is None:
        return Text("—", style="dim")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return Text(visible("\n".join(value))) if value else Text("none", style="dim")
    return Text(visible(value if isinstance(value, str) else orjson.dumps(value).decode()))


def _unions_table(unions: list[Document]) -> Table:
    table = new_table("union", "folded", "into", "rule", "at")
    for union in unions:
        table.add_row(union["id"], union["source"], union["target"], union["rule"] or "by hand", union["at"])
    return table
