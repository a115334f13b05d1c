"""Migrations are applied once, in order, never changed, and may be started by several processes at once."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from graph.errors import TryAgain
from graph.store.database import PATIENCE, REPEATABLE, Database, Row, Transaction
from graph.store.migrations import MIGRATIONS, MigrationError, load_migrations, migrate

CHECKED = "V9001__checked.cypher"
INDEXED = "V9002__indexed.cypher"
CHECKED_TEXT = """\
// Only the tests apply this.
CREATE CONSTRAINT tests_checked IF NOT EXISTS FOR (n:TestsChecked) REQUIRE n.id IS UNIQUE;
MERGE (n:TestsChecked {id: 'one'}) SET n.applied = true;
"""
INDEXED_TEXT = "CREATE INDEX tests_indexed IF NOT EXISTS FOR (n:TestsChecked) ON (n.at);\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copy the product's migrations, with two more, into a folder that a test may change."""
    copy = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, copy)
    (copy / CHECKED).write_text(CHECKED_TEXT)
    (copy / INDEXED).write_text(INDEXED_TEXT)
    return copy


@pytest.fixture
def graph(database: Database) -> Iterator[Database]:
    """Take away afterwards what the two additional files leave, so that the product's own files fit again."""
    yield database
    for text in (
        "MATCH (n:Migration) WHERE n.version >= 9000 DELETE n",
        "MATCH (n:TestsChecked) DELETE n",
        "DROP CONSTRAINT tests_checked IF EXISTS",
        "DROP INDEX tests_indexed IF EXISTS",
    ):
        database.write(lambda tx, text=text: tx.run_text(text), committed=REPEATABLE)
    migrate(database)


def recorded(database: Database) -> list[str]:
    return sorted(row["name"] for row in database.read(lambda tx: tx.run("migration.applied")))


def schema(database: Database, kind: str) -> set[str]:
    return {row["name"] for row in database.read(lambda tx: tx.run_text(f"SHOW {kind} YIELD name"))}


@pytest.mark.calendar
def test_new_files_are_applied_in_order_and_recorded(graph: Database, folder: Path) -> None:
    assert migrate(graph, folder) == [CHECKED, INDEXED]
    assert recorded(graph) == sorted(path.name for path in folder.iterdir())
    assert "tests_checked" in schema(graph, "CONSTRAINTS")
    assert "tests_indexed" in schema(graph, "INDEXES")
    assert graph.read(lambda tx: tx.run_text("MATCH (n:TestsChecked) RETURN n.applied AS applied")) == [
        {"applied": True}
    ]


@pytest.mark.calendar
def test_a_second_run_applies_nothing(graph: Database, folder: Path) -> None:
    migrate(graph, folder)
    graph.write(lambda tx: tx.run_text("MATCH (n:TestsChecked) DELETE n"), committed=REPEATABLE)
    assert migrate(graph, folder) == []
    assert graph.read(lambda tx: tx.run_text("MATCH (n:TestsChecked) RETURN n.id")) == []


def test_the_product_on_its_own_graph_has_nothing_left_to_apply(graph: Database) -> None:
    assert migrate(graph) == []
    assert recorded(graph) == sorted(path.name for path in MIGRATIONS.glob("*.cypher"))


def test_a_file_that_was_changed_after_it_was_applied_stops_with_its_name(graph: Database, folder: Path) -> None:
    migrate(graph, folder)
    (folder / CHECKED).write_text(CHECKED_TEXT + "// a word more\n")
    with pytest.raises(MigrationError, match=f"^{CHECKED}: changed since it was applied"):
        migrate(graph, folder)


def test_a_changed_file_stops_before_newer_files_are_applied(graph: Database, folder: Path) -> None:
    (folder / INDEXED).unlink()
    migrate(graph, folder)
    (folder / INDEXED).write_text(INDEXED_TEXT)
    (folder / CHECKED).write_text(CHECKED_TEXT.replace("'one'", "'two'"))
    with pytest.raises(MigrationError, match=CHECKED):
        migrate(graph, folder)
    assert INDEXED not in recorded(graph)
    assert "tests_indexed" not in schema(graph, "INDEXES")


def test_an_applied_file_that_is_missing_stops_with_its_name(graph: Database, folder: Path) -> None:
    migrate(graph, folder)
    (folder / CHECKED).unlink()
    with pytest.raises(MigrationError, match=f"^{CHECKED}: applied to this graph, but the file is missing"):
        migrate(graph, folder)


def test_a_graph_that_is_newer_than_the_files_stops_with_the_newest_files_name(graph: Database, folder: Path) -> None:
    migrate(graph, folder)
    (folder / INDEXED).unlink()
    with pytest.raises(MigrationError, match=f"^{INDEXED}: applied to this graph, but the file is missing"):
        migrate(graph, folder)


def test_a_folder_without_any_of_the_applied_files_stops(graph: Database, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    with pytest.raises(MigrationError, match="the file is missing"):
        migrate(graph, bare)


@pytest.mark.calendar
def test_threads_that_start_at_once_all_succeed_and_record_once(graph: Database, folder: Path) -> None:
    # As on a fresh graph: nothing recorded, and the node that makes the locks' name known is not there.
    graph.write(lambda tx: tx.run_text("MATCH (n) WHERE n:Migration OR n:Schema DELETE n"), committed=REPEATABLE)
    together = Barrier(8)

    def start(_: int) -> list[str]:
        together.wait()
        return migrate(graph, folder)

    with ThreadPoolExecutor(8) as threads:
        applied = [name for names in threads.map(start, range(8)) for name in names]
    assert sorted(applied) == sorted(path.name for path in folder.iterdir()), "each file is applied by one of them"
    assert recorded(graph) == sorted(applied)


def test_a_schema_change_that_collided_often_is_tried_again_and_never_after_data(
    graph: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_text, collisions = Transaction.run_text, []

    def colliding(tx: Transaction, text: str, **parameters: object) -> list[Row]:
        if "tests_" in text and len(collisions) < 2 * PATIENCE:
            collisions.append(text)
            raise TryAgain
        return run_text(tx, text, **parameters)

    monkeypatch.setattr(Transaction, "run_text", colliding)
    assert migrate(graph, folder) == [CHECKED, INDEXED]
    assert len(collisions) == 2 * PATIENCE
    assert "tests_indexed" in schema(graph, "INDEXES")


@pytest.mark.calendar
def test_threads_that_start_at_once_leave_one_node_that_makes_the_locks_name_known(graph: Database) -> None:
    for _ in range(5):
        # That node is in the first file, where they meet; the others are there and would only be applied again.
        graph.write(
            lambda tx: tx.run_text("MATCH (n) WHERE n:Schema OR n:Migration AND n.version = 1 DELETE n"),
            committed=REPEATABLE,
        )
        together = Barrier(8)

        def start(_: int, together: Barrier = together) -> list[str]:
            together.wait()
            return migrate(graph)

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(start, range(8)))
        assert graph.read(lambda tx: tx.run_text("MATCH (n:Schema) RETURN n.name AS name")) == [{"name": "locks"}]


def test_processes_that_start_at_once_all_succeed_and_record_once(
    graph: Database, folder: Path, environment: dict[str, str]
) -> None:
    graph.write(lambda tx: tx.run_text("MATCH (n) WHERE n:Migration OR n:Schema DELETE n"), committed=REPEATABLE)
    program = """
import sys
from pathlib import Path
from graph.store.database import PATIENCE, Database, Row, Transaction
from graph.errors import TryAgain
from graph.store.migrations import migrate
from graph.settings import Settings
settings = Settings()
password = settings.neo4j_password.get_secret_value()
with Database.connect(settings.neo4j_uri, settings.neo4j_user, password, settings) as database:
    database.ready()
    print("ready", flush=True)
    sys.stdin.readline()
    print(*migrate(database, Path(sys.argv[1])))
"""
    root = str(MIGRATIONS.parents[1])
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(folder)],
            env=environment | {"PYTHONPATH": os.pathsep.join([root, environment.get("PYTHONPATH", "")])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    applied = " ".join(outputs).split()
    assert sorted(applied) == sorted(path.name for path in folder.iterdir())
    assert recorded(graph) == sorted(applied)


@pytest.mark.parametrize(
    "name",
    ["V1__short.cypher", "V00010__long.cypher", "0003__no_letter.cypher", "V0003_one_line.cypher", "V0003__.cypher"],
)
def test_a_file_with_a_wrong_name_is_refused_by_its_name(name: str, folder: Path) -> None:
    (folder / name).write_text("RETURN 1")
    with pytest.raises(MigrationError, match=f"^{name}: "):
        load_migrations(folder)


def test_two_files_with_one_number_are_refused(folder: Path) -> None:
    (folder / "V9001__another.cypher").write_text("RETURN 1")
    with pytest.raises(MigrationError, match=rf"{CHECKED}: V9001__another\.cypher has the same number"):
        load_migrations(folder)


def test_a_file_that_was_refused_changes_nothing_in_the_graph(graph: Database, folder: Path) -> None:
    (folder / "wrong.cypher").write_text("RETURN 1")
    before = recorded(graph)
    with pytest.raises(MigrationError, match=r"wrong\.cypher"):
        migrate(graph, folder)
    assert recorded(graph) == before


def test_files_are_read_in_the_order_of_their_numbers_without_comments(folder: Path) -> None:
    migrations = load_migrations(folder)
    assert [migration.version for migration in migrations][-2:] == [9001, 9002]
    assert [migration.version for migration in migrations] == sorted(migration.version for migration in migrations)
    checked = migrations[-2]
    assert [text.split()[0] for text in checked.statements] == ["CREATE", "MERGE"]
    assert len({migration.checksum for migration in migrations}) == len(migrations)


def test_the_last_statement_of_a_file_needs_no_end_of_line(graph: Database, folder: Path) -> None:
    (folder / INDEXED).write_text(INDEXED_TEXT.rstrip("\n"))
    assert migrate(graph, folder) == [CHECKED, INDEXED]
    assert "tests_indexed" in schema(graph, "INDEXES")


def test_keys_of_a_graph_of_before_become_keys_also_when_the_migration_was_killed_in_the_middle(
    database: Database,
) -> None:
    [keys] = [migration for migration in load_migrations() if migration.version == 12]
    emails = next(statement for statement in keys.statements if ":Email" in statement)

    def run(text: str, **parameters: Any) -> list[Any]:
        return database.write(lambda tx: tx.run_text(text, **parameters), committed=REPEATABLE)

    run("UNWIND range(1, 25000) AS n CREATE (:Email {value: 'n' + n + '@example.com'})")
    run("CREATE (c:Contact {id: 'c'})-[:OWNS]->(:Tracker {value: 't'}), (c)-[:OWNS]->(:Subscription {value: 's'})")
    run("MATCH (m:Migration {version: 12}) DELETE m")
    assert run(emails) == [{"more": True}]  # and then the process was killed
    left = "MATCH (k:Email|UserId|Tracker|Subscription) WHERE NOT k:Key OR k.namespace IS NULL RETURN count(k) AS left"
    assert run(left) == [{"left": 5_002}]
    assert migrate(database) == ["V0012__keys.cypher"]
    assert run(left) == [{"left": 0}]
    found = run("MATCH (k:Key {namespace: 'email', value: 'n24999@example.com'}) RETURN labels(k) AS labels")
    assert [sorted(row["labels"]) for row in found] == [["Email", "Key"]]
    assert migrate(database) == []
