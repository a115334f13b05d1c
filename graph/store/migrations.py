"""Schema migrations: files ``V0001__name.cypher``, applied in order, once, and never changed afterwards.

A statement that answers ``more: true`` is run again, so that one which changes much does so in transactions of a
bounded size; killed in the middle, it goes on where it was.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from graph.store.database import REPEATABLE, Database, Transaction
from graph.store.statements import CYPHER

MIGRATIONS = CYPHER / "migrations"
_NAME = re.compile(r"V(\d{4})__(\w+)\.cypher")


class MigrationError(RuntimeError):
    """The files and the graph's record of them disagree; the message names the file."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, name, checksum (SHA-256 of its text) and statements."""

    version: int
    name: str
    checksum: str
    statements: tuple[str, ...]


def load_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """Read the migration files in the order of their numbers.

    Raises
    ------
    MigrationError
        When a file's name is not ``V0001__name.cypher`` or two files have one number.
    """
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.cypher")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name}: a migration's name is V0001__what_it_does.cypher")
        version = int(match[1])
        if version in found:
            raise MigrationError(f"{path.name}: {found[version].name} has the same number")
        text = path.read_text(encoding="utf-8")
        bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
        statements = tuple(part.strip() for part in bare.split(";\n") if part.strip(" \n;"))
        checksum = hashlib.sha256(text.encode()).hexdigest()
        found[version] = Migration(version, path.name, checksum, statements)
    return [found[version] for version in sorted(found)]


def migrate(database: Database, folder: Path = MIGRATIONS) -> list[str]:
    """Bring the graph's schema up to date; safe when several processes start at once.

    Returns
    -------
    list of str
        The names of the files that were applied now.

    Raises
    ------
    MigrationError
        When a file that was applied has changed or is missing, or the graph is newer than these files.
    """
    migrations = load_migrations(folder)
    database.write(lambda tx: tx.run("migration.prepare"), committed=REPEATABLE, in_line=False)
    applied: list[str] = []
    recorded = _check(database, migrations)
    for migration in migrations:
        # Asked again for each that was missing: another process may be applying them too.
        if migration.version not in recorded and migration.version not in _check(database, migrations):
            # Schema commands cannot share a transaction with data. Each is idempotent, so a crash or a second
            # process between them and the record below only repeats them.
            for statement in migration.statements:
                while database.write(
                    lambda tx, text=statement: _run(tx, text),  # type: ignore[misc]
                    committed=REPEATABLE,
                    in_line=False,
                ):
                    pass
            if _record(database, migration):
                applied.append(migration.name)
    database.read(lambda tx: tx.run("migration.await_indexes"))
    return applied


def _run(tx: Transaction, statement: str) -> bool:
    """Run a statement and return whether it is to be run again: one that changes much does so some at a time."""
    return any(row.get("more") for row in tx.run_text(statement))


def _check(database: Database, migrations: list[Migration]) -> set[int]:
    """Hold the files against the graph's record and return the numbers that are recorded."""
    recorded = {row["version"]: row for row in database.read(lambda tx: tx.run("migration.applied"))}
    known = {item.version: item for item in migrations}
    for version, row in sorted(recorded.items()):
        if version not in known:
            raise MigrationError(f"{row['name']}: applied to this graph, but the file is missing here")
        if known[version].checksum != row["checksum"]:
            raise MigrationError(f"{known[version].name}: changed since it was applied to this graph")
    return set(recorded)


def _record(database: Database, migration: Migration) -> bool:
    commit = secrets.randbits(53)

    def work(tx: Transaction) -> bool:
        rows = tx.run(
            "migration.record",
            version=migration.version,
            name=migration.name,
            checksum=migration.checksum,
            commit=commit,
        )
        return bool(rows[0]["recorded"])

    # No receipt: the constraint that receipts rely on is one of the migrations.
    return database.write(work, committed=REPEATABLE)
