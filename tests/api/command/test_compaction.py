"""What is left of somebody who was erased in the files of the embedded database and in its backups: nothing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from api.command import backups
from graph import embedded
from graph.deployment.migrated import put_migrated
from graph.embedded import EmbeddedError, compact
from graph.embedded.home import Home
from graph.opening import open_database
from graph.store.migrations import migrate
from tests.api.command.test_backup import done, environment_of, everything, homes, refused, settings_of
from tests.command import ROOT, run

__all__ = ["homes"]

Environments = Callable[[str], dict[str, str]]

LONG = "-of-somebody-who-asked-for-everything-about-them-to-be-erased-from-every-file"
"""Makes a value too long for the packed form in which Neo4j keeps short ones: its bytes are in a file as such."""

SCHEMA = "SHOW INDEXES YIELD state WHERE state = 'ONLINE' RETURN count(*) AS indexes"

KEYS = {
    "email": f"erwina{LONG[:50]}@mail{LONG[:50]}.example.com",
    "user_id": f"customer-4711{LONG}",
    "tracker_id": f"browser-4711{LONG}",
    "subscription": f"https://push.example.com/4711{LONG}",
}
VALUES = {"address": f"Am Fließ 3, Lübbenau{LONG}", "page": f"https://example.com/4711{LONG}"}


def with_number(value: str, number: int) -> str:
    return value.replace("4711", str(number)).replace("erwina", f"erwina{number}")


def events(number: int) -> str:
    """Write what a person did: once without a name, then with one, so that contacts are folded."""
    keys = {name: with_number(value, number) for name, value in KEYS.items()}
    page = {"url": with_number(VALUES["page"], number)}
    lines = [
        {"subscription": keys["subscription"], "tracker_id": f"other-{keys['tracker_id']}"},
        {"tracker_id": keys["tracker_id"], "event": "visit", "event_properties": page},
        {"email": keys["email"], "user_id": keys["user_id"], "properties": {"address": VALUES["address"]}},
        {**keys, "event": "order", "event_properties": page},
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def erase(environment: dict[str, str], number: int) -> None:
    done(run(environment, "erase", "--key", f"email={with_number(KEYS['email'], number)}"))


def traces(folder: Path, number: int) -> list[str]:
    """Search every byte of every file below a folder for what was that person's."""
    wanted = [f"erwina{number}", f"customer-{number}-", f"browser-{number}-", f"com/{number}-", "Am Fließ 3"]
    return [
        f"{text} in {path.relative_to(folder)}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for content in [path.read_bytes()]
        for text in wanted
        if any(text.encode(encoding) in content for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"))
    ]


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Return a stopped home of which one of its people was erased, and what was left in its graph."""
    home = tmp_path_factory.mktemp("erased") / "home"
    environment = environment_of(home)
    put_migrated(settings_of(home))
    done(run(environment, "db", "start"))
    try:
        done(run(environment, "resolve", "-", log=(ROOT / "examples" / "story.ndjson").read_text() + events(1)))
        erase(environment, 1)
        kept = everything(home)
    finally:
        embedded.stop(settings_of(home))
    assert traces(home, 1), "without this no search proves anything"
    return home, kept


@pytest.mark.calendar
def test_a_backup_after_an_erasure_leaves_nothing_of_the_person_in_any_byte_of_file_or_home(
    homes: Environments, erased: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    homes("first")
    second = homes("second")
    home, kept = erased
    shutil.copytree(home, tmp_path / "first")

    backups.backup(settings_of(tmp_path / "first"), tmp_path / "file", as_is=False, as_json=True)
    made = json.loads(capsys.readouterr().out)
    assert (made["compacted"], made["seconds_away"]) == (True, None)
    assert traces(tmp_path / "first", 1) == []
    assert not [path for path in (tmp_path / "first").iterdir() if path.name.startswith(("data.", "compaction"))]

    done(run(second, "db", "restore", str(tmp_path / "file")))
    assert traces(tmp_path / "second", 1) == []
    with open_database(settings_of(tmp_path / "second")) as database:
        assert database.read(lambda tx: tx.run("privacy.uncompacted")) == [{"erasures": 0}]
        assert migrate(database) == []
        found = database.read(lambda tx: tx.run_text(SCHEMA))
        restored = everything(tmp_path / "second")
    assert found[0]["indexes"] > 10
    assert without_note(restored) == without_note(kept)


def without_note(nodes: list[str]) -> list[str]:
    """Leave out when a receipt's last bytes went, at the receipt and where a tombstone names it."""
    rows = [json.loads(node) for node in nodes]
    for row in rows:
        row["properties"].pop("compacted_at", None)
        edges = [json.loads(edge) for edge in row["edges"]]
        for _, _, _, neighbour in edges:
            neighbour.pop("compacted_at", None)
        row["edges"] = sorted(json.dumps(edge, sort_keys=True) for edge in edges)
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def test_a_compaction_under_a_running_database_keeps_everything_but_who_was_erased_also_when_it_fails(
    homes: Environments, erased: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = homes("home")
    refused(run(environment, "db", "compact"), "there is no database")
    refused(run({**environment, "NEO4J_URI": "bolt://127.0.0.1:1"}, "db", "compact"), "NEO4J_URI is set")
    home, before = erased
    shutil.copytree(home, tmp_path / "home")
    done(run(environment, "db", "start"))

    def fail(old: embedded.Server, new: embedded.Server) -> None:
        assert old.pid != new.pid
        raise EmbeddedError("no")

    with pytest.raises(EmbeddedError, match=r"^no$"):
        compact.compact(settings_of(tmp_path / "home"), fail)
    assert everything(tmp_path / "home") == before
    assert not [path for path in (tmp_path / "home").iterdir() if path.name.startswith("data.")]
    assert traces(tmp_path / "home", 1), "without this the search would prove nothing"

    capsys.readouterr()
    backups.compact(settings_of(tmp_path / "home"), as_json=True)
    assert json.loads(capsys.readouterr().out)["seconds_away"] > 0
    done(run(environment, "db", "status"))
    assert without_note(everything(tmp_path / "home")) == without_note(before)
    assert traces(tmp_path / "home", 1) == []
    done(run(environment, "db", "stop"))
    assert traces(tmp_path / "home", 1) == []


def test_a_restore_or_a_compaction_that_was_killed_is_taken_back_by_the_next_start(
    homes: Environments, erased: tuple[Path, list[str]], tmp_path: Path
) -> None:
    homes("home")
    stopped, before = erased
    shutil.copytree(stopped, tmp_path / "home")
    home = Home(tmp_path / "home")
    # As it is when one of them ends in between: other stores begin to be in the place of those that were set aside.
    home.set_aside()
    old, new = (Home(folder) for folder in home.scratch)
    old.make()
    new.make()
    old.data.symlink_to(home.aside, target_is_directory=True)
    (home.data / "half").touch()
    assert everything(tmp_path / "home") == before
    assert not (home.data / "half").exists()
    assert not home.scratch[0].exists()
    assert not [path for path in home.path.iterdir() if path.name.startswith("data.")]
