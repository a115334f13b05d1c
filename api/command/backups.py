"""``kinfold db backup`` and ``kinfold db restore``: what they do and say."""

from pathlib import Path
from typing import Any

import orjson
import typer

from api.terminal import Refusal, fetching, inert, say
from graph.embedded import Server
from graph.embedded import backup as backups
from graph.settings import Settings
from graph.store.database import Database
from graph.store.migrations import migrate


def backup(settings: Settings, file: Path, *, as_json: bool) -> None:
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
        made = backups.backup(settings, file, on_progress=report)
    if as_json:
        _print({"file": str(made.path), "bytes": made.size, "seconds_away": made.away, **made.manifest.model_dump()})
        return
    away = "" if made.away is None else f" The database was away for {made.away:.1f} s."
    say(f"Written: {made.path}, {made.size / 1e6:,.1f} MB, from Neo4j {made.manifest.neo4j}.{away}")


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
        with Database.connect(server.uri, server.user, server.password, settings) as database:
            migrate(database)
            [sizes] = database.read(lambda tx: tx.run("analysis.sizes"))
            return {"contacts": sizes["contacts"], "activities": sizes["activities"]}

    with fetching() as report:
        counts = backups.restore(settings, file, check, force=force, on_progress=report)
    if as_json:
        _print({"file": str(file.absolute()), "home": str(settings.home.absolute()), **counts})
        return
    say(f"Restored to {settings.home}: {counts['contacts']:,} contacts, {counts['activities']:,} activities.")


def _check_embedded(settings: Settings, command: str) -> None:
    if settings.neo4j_uri:
        raise Refusal(
            "NEO4J_URI is set: this is for the embedded database. A Neo4j of your own is saved and brought back by "
            f"neo4j-admin database {command}."
        )


def _print(content: dict[str, Any]) -> None:
    typer.echo(inert(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)).decode())
