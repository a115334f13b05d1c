"""Backup and restore of the embedded database, by command, with real servers and real data."""

import json
import os
import re
import stat
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.chaos import Served
from graph import embedded
from graph.deployment.migrated import put_migrated
from graph.embedded.backup import DUMP, MANIFEST
from graph.opening import open_database
from graph.settings import Settings
from graph.store.database import REPEATABLE
from tests.command import ROOT, run

Graph = list[dict[str, Any]]

EVERYTHING = """
MATCH (n)
RETURN labels(n) AS labels, properties(n) AS properties,
  COLLECT { MATCH (n)-[r]->(m) RETURN [type(r), properties(r), labels(m), properties(m)] } AS edges
"""


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[Callable[[str], dict[str, str]]]:
    """Return the environment of a home of that name; what runs there is stopped in the end."""
    made: list[Settings] = []

    def environment(name: str) -> dict[str, str]:
        made.append(settings_of(tmp_path / name))
        return environment_of(tmp_path / name)

    yield environment
    for settings in made:
        embedded.stop(settings)


def environment_of(home: Path) -> dict[str, str]:
    given = settings_of(home)
    bare = {name: value for name, value in os.environ.items() if name != "NEO4J_URI"}
    return bare | {"KINFOLD_HOME": str(home), "KINFOLD_HEAP": given.heap, "KINFOLD_PAGECACHE": given.pagecache}


def settings_of(home: Path) -> Settings:
    return Settings(neo4j_uri=None).model_copy(update={"home": home, "heap": "512m", "pagecache": "64m"})


def everything(home: Path) -> list[str]:
    """Write down every node with its properties and edges, in an order that is the same for equal graphs."""
    with open_database(settings_of(home)) as database:
        rows = database.read(lambda tx: tx.run_text(EVERYTHING))
    for row in rows:
        row["labels"].sort()
        for _, _, labels, _ in row["edges"]:
            labels.sort()
        row["edges"] = sorted(json.dumps(edge, sort_keys=True, default=str) for edge in row["edges"])
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)


def done(ran: "subprocess.CompletedProcess[str]") -> "subprocess.CompletedProcess[str]":
    assert ran.returncode == 0, ran.stderr
    return ran


def refused(ran: "subprocess.CompletedProcess[str]", words: str) -> None:
    assert (ran.returncode, ran.stdout) == (2, "")
    assert re.search(words, ran.stderr), ran.stderr
    assert "Traceback" not in ran.stderr


def resolve(environment: dict[str, str], *emails: str) -> None:
    log = "".join(json.dumps({"email": email, "tracker_id": f"t-{email}"}) + "\n" for email in emails)
    done(run(environment, "resolve", "-", log=log))


def rewritten(file: Path, target: Path, **changes: Any) -> Path:
    """Write a backup again with another manifest."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w") as new:
        new.writestr(DUMP, old.read(DUMP))
        new.writestr(MANIFEST, json.dumps(json.loads(old.read(MANIFEST)) | changes))
    return target


@pytest.mark.calendar
def test_what_was_backed_up_comes_back_whole_and_only_where_it_may(
    homes: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    first, second = homes("first"), homes("second")
    file = tmp_path / "kinfold.backup"
    put_migrated(settings_of(tmp_path / "first"))
    done(run(first, "db", "start"))
    done(run(first, "resolve", str(ROOT / "examples" / "story.ndjson")))
    before = everything(tmp_path / "first")
    assert len(before) > 100

    made = json.loads(done(run(first, "db", "backup", str(file), "--json")).stdout)
    done(run(first, "db", "status"))
    done(run(first, "db", "stop"))
    assert made["seconds_away"] > 0
    assert made["bytes"] == file.stat().st_size > 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600, "there are people in it"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "kinfold.backup"], "nothing is left beside it"
    assert zipfile.ZipFile(file).testzip() is None

    # Onto a home that has none.
    told = done(run(second, "db", "restore", str(file))).stderr
    assert "11 contacts" in told
    done(run(second, "db", "start"))
    assert everything(tmp_path / "second") == before
    resolve(second, "later@example.com")

    # Over one that has one: only when told to, and then nothing of it stays.
    refused(run(second, "db", "restore", str(file)), "--force")
    restored = json.loads(done(run(second, "db", "restore", str(file), "--force", "--json")).stdout)
    assert restored["contacts"] == 11
    done(run(second, "db", "status"))
    assert everything(tmp_path / "second") == before
    assert not [path for path in (tmp_path / "second").iterdir() if path.name.startswith("data.")]


def test_a_backup_that_cannot_be_used_leaves_what_was_there(
    homes: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    environment = homes("home")
    put_migrated(settings_of(tmp_path / "home"))
    done(run(environment, "db", "start"))
    resolve(environment, "ana@example.com")
    # As a later version of Kinfold leaves it, whose schema this one does not know.
    with open_database(settings_of(tmp_path / "home")) as database:
        database.write(
            lambda tx: tx.run("migration.record", version=9999, name="V9999__later.cypher", checksum="-", commit=1),
            committed=REPEATABLE,
        )
        later = tmp_path / "later"
        made = json.loads(done(run(environment, "db", "backup", str(later), "--json")).stdout)
        database.write(lambda tx: tx.run_text("MATCH (m:Migration {version: 9999}) DELETE m"), committed=REPEATABLE)
    before = everything(tmp_path / "home")
    # What is not a whole backup of this release is refused before anything is touched.
    whole = later.read_bytes()
    half = len(whole) // 2
    for name, content in {
        "cut": whole[:half],
        "flipped": whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :],
        "text": b"no zip at all",
        "empty": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
        refused(run(environment, "db", "restore", str(tmp_path / name), "--force"), "damaged")
    other = "lts" if made["release"] == "calendar" else "calendar"
    for words, changes in {
        rf"KINFOLD_NEO4J_RELEASE={other}": {"release": other},
        r"written by Neo4j 9999\.1": {"neo4j": "9999.1"},
        r"cannot read": {"format": 2},
        r"damaged": {"sha256": "0" * 64},
    }.items():
        changed = rewritten(later, tmp_path / "other", **changes)
        refused(run(environment, "db", "restore", str(changed), "--force"), words)
    refused(run(environment, "db", "restore", str(tmp_path / "nothing"), "--force"), "No such file")
    assert everything(tmp_path / "home") == before
    # Whole by its checksums, and yet nothing that Neo4j can load.
    nonsense = tmp_path / "nonsense"
    with zipfile.ZipFile(later) as old, zipfile.ZipFile(nonsense, "w") as new:
        manifest = json.loads(old.read(MANIFEST)) | {"size": 8, "sha256": sha256(b"nonsense").hexdigest()}
        new.writestr(DUMP, b"nonsense")
        new.writestr(MANIFEST, json.dumps(manifest))
    refused(run(environment, "db", "restore", str(nonsense), "--force"), r"Neo4j's load ended with exit code")
    assert everything(tmp_path / "home") == before
    refused(run(environment, "db", "restore", str(later), "--force"), r"V9999__later\.cypher")
    assert everything(tmp_path / "home") == before


def test_a_backup_under_a_server_pauses_it_and_a_restore_under_one_is_refused(
    homes: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    environment = homes("home")
    put_migrated(settings_of(tmp_path / "home"))
    file = tmp_path / "kinfold.backup"
    server = Served(environment, tmp_path / "server.log")
    try:
        event = {"email": "ana@example.com", "tracker_id": "t1", "message_id": "m1"}
        first = httpx.post(f"{server.url}/v1/resolve", json=event, timeout=60)
        assert first.status_code == 200
        made = json.loads(done(run(environment, "db", "backup", str(file), "--json")).stdout)
        assert made["seconds_away"] > 0
        again = httpx.post(f"{server.url}/v1/resolve", json=event, timeout=60)
        assert again.status_code == 200, "the server goes on by itself"
        assert again.json()["duplicate"] is True
        refused(run(environment, "db", "restore", str(file), "--force"), "in use")
        assert httpx.post(f"{server.url}/v1/resolve", json={"tracker_id": "t2"}, timeout=60).status_code == 200
    finally:
        server.end()


def test_a_backup_never_replaces_a_file_and_is_of_the_embedded_database_only(
    homes: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    environment = homes("home")
    file = tmp_path / "kinfold.backup"
    refused(run(environment, "db", "backup", str(file)), "there is no database")
    assert not (tmp_path / "home").exists()
    file.write_text("mine")
    refused(run(environment, "db", "backup", str(file)), "exists")
    assert file.read_text() == "mine"
    refused(run(environment, "db", "backup", str(tmp_path / "no" / "folder")), "no folder")
    for command in ("backup", "restore"):
        refused(run({**environment, "NEO4J_URI": "bolt://127.0.0.1:7687"}, "db", command, str(file)), "neo4j-admin")
