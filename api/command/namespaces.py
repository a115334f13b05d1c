"""What ``kinfold namespaces`` does: which kinds of keys a deployment knows, and whether a file declares them well."""

import sys
from pathlib import Path

import orjson

from api.command.output import Teller, new_table
from api.terminal import Refusal
from graph.errors import BadInput, KinfoldError
from graph.identity.declared_namespaces import apply as declare
from graph.identity.declared_namespaces import counted
from graph.identity.hashed_keys import hash_known_keys
from graph.identity.namespaces import Namespaces
from graph.identity.namespaces_file import load_namespaces, schema
from graph.kinfold import Kinfold
from graph.opening import Progress, open_database
from graph.settings import Settings
from graph.store.migrations import migrate


def show(kinfold: Kinfold, *, teller: Teller) -> None:
    """Show the namespaces of a deployment with their settings and how many keys of each there are."""
    listed = counted(kinfold.database, kinfold.namespaces)
    table = new_table("namespace", "class", "priority", "at most", "form", "keys")
    for one in listed:
        form = f"hash of {one['hash_of']}" if "hash_of" in one else one["normalise"]
        most = str(one.get("at_most", ""))
        table.add_row(one["name"], one["class"], str(one["priority"]), most, form, f"{one['keys']:,}")
    teller.tell({"namespaces": listed}, table)


def check(file: Path, *, teller: Teller) -> None:
    """Check whether a file can be used.

    Raises
    ------
    typer.Exit
        With 1 when the file breaks a rule; every mistake is named with its line.
    """
    declared = _read(file, teller)
    listed = [{"name": name, **declared[name].settings()} for name in declared.names]
    teller.tell({"namespaces": listed}, f"{file} declares {', '.join(declared.names)}.")


def apply(settings: Settings, file: Path | None, *, teller: Teller, on_progress: Progress | None = None) -> None:
    """Declare the namespaces of a file for the graph in place of those that it has.

    Raises
    ------
    typer.Exit
        With 1 when the file breaks a rule, or a namespace would lose its keys.
    """
    declared = _read(file or settings.keys, teller)
    with open_database(settings, on_progress=on_progress) as database:
        migrate(database)
        try:
            changes = declare(database, declared)
        except KinfoldError as error:
            raise teller.refuse(error) from error
        hashed = hash_known_keys(database, declared)
    if hashed:
        changes.append(f"{hashed:,} keys that were there got their hashes.")
    teller.tell({"changes": changes}, *(changes or ["The graph has these namespaces already."]))


def write_schema() -> None:
    """Write the JSON Schema of a file of namespaces to standard output."""
    sys.stdout.buffer.write(orjson.dumps(schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def _read(file: Path | None, teller: Teller) -> Namespaces:
    if file is not None and not file.exists():
        raise Refusal(f"{file} is not there.")
    try:
        return load_namespaces(file)
    except BadInput as error:
        raise teller.refuse(error) from error
