"""What goes wrong around the embedded database: a home that cannot be used, damaged files, users that are killed."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from graph import embedded
from graph.embedded import EmbeddedError
from graph.embedded.home import Home
from graph.settings import Settings
from tests.graph.embedded.test_embedded import client, gone, keep, names, said, settings_of


@pytest.fixture
def unwritable(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that cannot be written to: by a mount where this user may make one, else by its mode."""
    folder = tmp_path / "unwritable"
    folder.mkdir()
    mount = shutil.which("mount")
    mounted = (
        mount is not None
        and not subprocess.run(
            [mount, "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)], check=False, capture_output=True
        ).returncode
    )
    folder.chmod(0o500) if not mounted else None
    # A user whom no mode stops, and who may mount nothing, still cannot make a folder in there.
    yield folder if mounted or os.getuid() else Path("/proc/self")
    if mounted:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_home_that_cannot_be_written_is_refused_in_words(unwritable: Path, tmp_path: Path) -> None:
    for folder in (unwritable / "home", unwritable):
        with pytest.raises(EmbeddedError, match="cannot be the home of a database"):
            embedded.start(settings_of(folder))
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="cannot be the home of a database: Not a directory"):
        embedded.start(settings_of(tmp_path / "file" / "home"))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that was stopped, with a node in it."""
    settings = settings_of(tmp_path_factory.mktemp("stopped") / "home")
    keep(embedded.start(settings), "Ana")
    embedded.stop(settings)
    return settings.home


@pytest.fixture
def whole(stopped: Path, tmp_path: Path) -> Iterator[Path]:
    """Return a copy of that home."""
    settings = settings_of(tmp_path / "whole")
    shutil.copytree(stopped, settings.home)
    yield settings.home
    embedded.stop(settings)


def overwrite(path: Path) -> None:
    path.write_bytes(b"\xa5" * path.stat().st_size)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "the store": lambda data: overwrite(data / "databases" / "neo4j" / "neostore"),
    "the log": lambda data: overwrite(next((data / "transactions" / "neo4j").glob("neostore.*"))),
    "the log is gone": lambda data: shutil.rmtree(data / "transactions" / "neo4j"),
    "the users": lambda data: overwrite(data / "databases" / "system" / "neostore"),
}


@pytest.mark.calendar
def test_damaged_files_are_named_as_the_reason_and_left_as_they_are(whole: Path, tmp_path: Path) -> None:
    for name, damage in DAMAGES.items():
        settings = settings_of(tmp_path / name)
        shutil.copytree(whole, settings.home)
        damage(Home(settings.home).data)
        with pytest.raises(EmbeddedError, match=r"does not start: the server (runs, but its database|ended while)"):
            embedded.start(settings)
        assert embedded.status(settings) is None
    for name, words in (("kinfold.json", "kinfold.json is damaged"), ("password", "does not open its database")):
        settings = settings_of(tmp_path / f"damaged {name}")
        shutil.copytree(whole, settings.home)
        (settings.home / name).write_text("{")
        with pytest.raises(EmbeddedError, match=words):
            embedded.start(settings)
    # What only tells of a server that runs is written anew.
    for name in ("state.json", "launch.json"):
        (whole / "run" / name).write_text("{")
    with embedded.lease(settings_of(whole)) as server:
        assert names(server) == ["Ana"]


def test_a_home_is_not_opened_by_the_other_release_and_stays_as_it_was(whole: Path) -> None:
    made_by = settings_of(whole).neo4j_release
    other = "calendar" if made_by == "lts" else "lts"
    with pytest.raises(EmbeddedError, match=f"made by the {made_by} release .* cannot be opened by the {other} one"):
        embedded.start(settings_of(whole, neo4j_release=other))
    with embedded.lease(settings_of(whole)) as server:
        assert names(server) == ["Ana"]


def test_a_database_whose_user_was_killed_waits_for_the_next_and_then_goes_with_it(tmp_path: Path) -> None:
    settings: Settings = settings_of(tmp_path / "home")
    first = client(settings.home)
    running = said(first)
    try:
        first.kill()
        first.wait()
        time.sleep(3)
        with embedded.lease(settings) as server:
            assert (server.pid, server.attached) == (running["pid"], True)
            time.sleep(1)
        assert gone(running["pid"]), "who leaves on purpose is not waited for"
    finally:
        first.kill()
        embedded.stop(settings)


def test_a_second_start_maps_the_classes_that_the_first_one_left(whole: Path) -> None:
    with embedded.lease(settings_of(whole)) as server:
        options = psutil.Process(server.pid).cmdline()
        arguments = (whole / "run" / "java.arguments").read_text()
        assert options[1].startswith("@")
        assert "java.jsa:" in arguments
        assert "server.jsa" in arguments
        assert "[cds" not in (whole / "logs" / "java.log").read_text(), "Java took it"


SKEWED = """
import sys, time
from pathlib import Path
shift = float(sys.argv[2])
real, real_ns = time.time, time.time_ns
time.time = lambda: real() + shift
time.time_ns = lambda: real_ns() + int(shift * 1e9)
from graph import embedded
from graph.settings import Settings
with embedded.lease(Settings(home=Path(sys.argv[1]), heap="512m", pagecache="64m")) as server:
    print(server.pid, server.attached, flush=True)
"""


def test_a_clock_that_jumps_between_two_users_keeps_neither_from_the_database(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home")
    with embedded.lease(settings) as server:
        for shift in (-40e6, 40e6):
            came = subprocess.run(
                [sys.executable, "-c", SKEWED, str(settings.home), str(shift)],
                capture_output=True,
                text=True,
                check=True,
                cwd=Path(__file__).parents[3],
            )
            assert came.stdout.split() == [str(server.pid), "True"]
    assert gone(server.pid)
