"""The namespaces that a graph has: declared with it, so that every server of the graph reads its keys alike."""

from collections.abc import Iterator, Sequence
from typing import Any

from graph.errors import ClashError, Unavailable
from graph.identity.namespaces import BUILT_IN, DEFAULT_NAMESPACES, KeyClass, Namespace, Namespaces, Normaliser
from graph.identity.namespaces_file import load_namespaces
from graph.settings import Settings
from graph.store.database import REPEATABLE, Database, Row, Transaction

LOOK_SECONDS = 2.0
"""How long a process without a file waits for the graph to say which namespaces it has."""

OF_THE_KEYS = ("class", "normalise", "hash_of")
"""Settings that say what the keys of a namespace are: they change only while there are none."""


class OtherNamespaces(RuntimeError):
    """A file of namespaces that disagrees with what was declared for the graph."""


def agree(database: Database, namespaces: Namespaces) -> None:
    """Find that the graph's namespaces are those of this process, and declare those that are new.

    Raises
    ------
    OtherNamespaces
        When the graph has another one, or one with other settings; the message names the first difference.
    """

    def work(tx: Transaction) -> None:
        stored = {row["name"]: _settings(row["settings"]) for row in tx.run("namespaces.stored")}
        declared = {one.name: one.settings() for one in namespaces}
        if not stored:
            _refuse_changes(tx, {one.name: one.settings() for one in BUILT_IN}, declared)
        for difference in _differences(stored, declared):
            raise OtherNamespaces(
                f"{difference} Every server of a graph has the same namespaces: give this one the file of the others "
                "(KINFOLD_KEYS), or change the graph's with `kinfold namespaces apply`."
            )
        if stored.keys() != declared.keys():
            tx.run("namespaces.declare", namespaces=_rows(namespaces))

    database.write(work, committed=REPEATABLE)


def namespaces_of(database: Database, settings: Settings) -> Namespaces:
    """Return the namespaces of a deployment: those of its file; without a file, those that its graph has.

    Raises
    ------
    BadInput
        When the file breaks a rule.
    """
    if settings.keys is not None:
        return load_namespaces(settings.keys)
    try:
        rows = database.read(lambda tx: tx.run("namespaces.declared"), retry_seconds=LOOK_SECONDS)
    except Unavailable:
        return DEFAULT_NAMESPACES
    return Namespaces.of(_namespace(row["settings"]) for row in rows)


def apply(database: Database, namespaces: Namespaces) -> list[str]:
    """Declare namespaces for a graph in place of those that it has; say in words what that changes.

    Raises
    ------
    ClashError
        When one would be removed, or become something else, while keys of it are there.
    """

    def work(tx: Transaction) -> list[str]:
        stored = {row["name"]: _settings(row["settings"]) for row in tx.run("namespaces.stored")}
        stored = stored or {one.name: one.settings() for one in BUILT_IN}
        declared = {one.name: one.settings() for one in namespaces}
        _refuse_changes(tx, stored, declared)
        tx.run("namespaces.declare", namespaces=_rows(namespaces))
        new = [f"{name} is new." for name in declared if name not in stored]
        return [*_differences(stored, declared), *new]

    return database.write(work, committed=lambda tx, _: _is_declared(tx, namespaces))


def counted(database: Database, namespaces: Namespaces) -> list[dict[str, Any]]:
    """List namespaces with their settings and how many keys of each there are."""
    rows = database.read(lambda tx: tx.run("namespaces.keys", names=list(namespaces.names)))
    keys = {row["name"]: row["keys"] for row in rows}
    return [{"name": name, **namespaces[name].settings(), "keys": keys[name]} for name in namespaces.names]


def _is_declared(tx: Transaction, namespaces: Namespaces) -> bool:
    stored = {row["name"]: _settings(row["settings"]) for row in tx.run("namespaces.declared")}
    return stored == {one.name: one.settings() for one in namespaces}


def _refuse_changes(tx: Transaction, before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> None:
    touched = [
        name
        for name, settings in before.items()
        if name not in after or any(settings.get(one) != after[name].get(one) for one in OF_THE_KEYS)
    ]
    for row in tx.run("namespaces.keys", names=touched) if touched else ():
        if row["keys"]:
            what = "removed" if row["name"] not in after else "given another class, normaliser or source of hashes"
            raise ClashError(
                f"There are {row['keys']:,} keys of {row['name']}: it cannot be {what} while there are any.",
                namespace=row["name"],
                keys=row["keys"],
            )


def _differences(stored: dict[str, dict[str, Any]], declared: dict[str, dict[str, Any]]) -> Iterator[str]:
    for name, settings in stored.items():
        if name not in declared:
            yield f"The graph has a namespace {name}, which is not declared here."
            continue
        here = declared[name]
        for one in sorted(settings.keys() | here.keys()):
            if settings.get(one) != here.get(one):
                yield f"{one} of {name} is {_word(settings.get(one))} in the graph and {_word(here.get(one))} here."


def _word(value: object) -> str:
    return "not set" if value is None else repr(value)


def _settings(stored: Row) -> dict[str, Any]:
    return {name: value for name, value in stored.items() if name not in ("name", "position")}


def _namespace(stored: Row) -> Namespace:
    lists = ("block", "allow", "block_patterns", "from")
    return Namespace(
        stored["name"],
        KeyClass(stored["class"]),
        stored["priority"],
        stored.get("at_most"),
        Normaliser(stored["normalise"]),
        stored.get("region"),
        stored.get("pattern"),
        stored.get("hash_of"),
        *(tuple(stored.get(name, ())) for name in lists),
    )


def _rows(namespaces: Sequence[Namespace] | Namespaces) -> list[Row]:
    return [{"name": one.name, "position": place, **one.settings()} for place, one in enumerate(namespaces)]
