"""``kinfold db backup``, ``restore`` and ``compact``: what they do and say."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import typer

from api.terminal import Refusal, fetching, inert, say
from graph.embedded import Server
from graph.embedded import backup as backups
from graph.embedded import compact as compacting
from graph.settings import Settings
from graph.store.database import REPEATABLE, Database
from graph.store.graph_copy import copy_graph
from graph.store.migrations import migrate


def backup(settings: Settings, file: Path, *, as_is: bool, as_json: bool) -> None:
    """Write a backup and say what came of it.

    Raises
    ------
    Refusal
        When the settings name a database that is not the embedded one.
    EmbeddedError
        When there is no backup; the words say why.
    """
    _check_embedded(settings, "dump")
    with fetching() as report:
        made = backups.backup(
            settings,
            file,
            is_due=lambda server: not as_is and _has_erasures(settings, server),
            copy=lambda old, new: _copy(settings, old, new, report),
            on_progress=report,
        )
    if as_json:
        head = {"file": str(made.path), "bytes": made.size, "seconds_away": made.away, "compacted": made.compacted}
        _print({**head, **made.manifest.model_dump()})
        return
    more = (" Nothing of those who were erased is in it." if made.compacted else "") + _away(made.away)
    say(f"Written: {made.path}, {made.size / 1e6:,.1f} MB, from Neo4j {made.manifest.neo4j}.{more}")


def compact(settings: Settings, *, as_json: bool) -> None:
    """Write the stores anew and say what came of it.

    Raises
    ------
    Refusal
        When the settings name a database that is not the embedded one.
    EmbeddedError
        When they stayed as they were; the words say why.
    """
    _check_embedded(settings, "copy")
    with fetching() as report:
        done = compacting.compact(settings, lambda old, new: _copy(settings, old, new, report), on_progress=report)
    if as_json:
        _print({"bytes_before": done.before, "bytes_after": done.after, "seconds_away": done.away})
        return
    say(f"Compacted: {done.before / 1e6:,.1f} MB before, {done.after / 1e6:,.1f} MB now.{_away(done.away)}")


def restore(settings: Settings, file: Path, *, force: bool, as_json: bool) -> None:
    """Restore a backup and say what is there now.

    Raises
    ------
    Refusal
        When the settings name a database that is not the embedded one.
    EmbeddedError
        When it was not restored, and what was there before is there again; the words say why.
    MigrationError
        The same, when the backup is of a later version of Kinfold than this one.
    """
    _check_embedded(settings, "load")

    def check(server: Server) -> dict[str, int]:
        with _opened(settings, server) as database:
            migrate(database)
            [sizes] = database.read(lambda tx: tx.run("analysis.sizes"))
            return {"contacts": sizes["contacts"], "activities": sizes["activities"]}

    with fetching() as report:
        counts = backups.restore(settings, file, check, force=force, on_progress=report)
    if as_json:
        _print({"file": str(file.absolute()), "home": str(settings.home.absolute()), **counts})
        return
    say(f"Restored to {settings.home}: {counts['contacts']:,} contacts, {counts['activities']:,} activities.")


def _has_erasures(settings: Settings, server: Server) -> bool:
    with _opened(settings, server) as database:
        [counted] = database.read(lambda tx: tx.run("privacy.uncompacted"))
    return bool(counted["erasures"])


def _copy(settings: Settings, old: Server, new: Server, report: Callable[[str, int, int], None]) -> None:
    with _opened(settings, old) as source, _opened(settings, new) as target:
        copy_graph(source, target, report)
        target.write(lambda tx: tx.run("privacy.compacted", at=datetime.now(UTC)), committed=REPEATABLE)


def _opened(settings: Settings, server: Server) -> Database:
    return Database.connect(server.uri, server.user, server.password, settings)


def _away(seconds: float | None) -> str:
    return "" if seconds is None else f" The database was away for {seconds:.1f} s."


def _check_embedded(settings: Settings, command: str) -> None:
    if settings.neo4j_uri:
        raise Refusal(
            "NEO4J_URI is set: this is for the embedded database. A Neo4j of your own is saved and brought back by "
            f"neo4j-admin database {command}."
        )


def _print(content: dict[str, Any]) -> None:
    typer.echo(inert(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)).decode())
