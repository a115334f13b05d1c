"""The embedded database: real servers, started, shared, killed and brought back."""

import dataclasses
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from neo4j import Driver, GraphDatabase

from graph import embedded
from graph.embedded import fetch, lock, signatures
from graph.embedded.home import ADDRESS, Home, Process, State
from graph.settings import Settings

ROOT = Path(__file__).parents[3]

CLIENT = """
import json, os, sys, time
from pathlib import Path
from graph import embedded
from graph.settings import Settings

with embedded.lease(Settings(home=Path(sys.argv[1]), heap="512m", pagecache="64m")) as server:
    print(json.dumps({"pid": server.pid, "attached": server.attached, "uri": server.uri}), flush=True)
    time.sleep(600)
"""


def settings_of(folder: Path, **more: Any) -> Settings:
    return Settings(home=folder, **{"heap": "512m", "pagecache": "64m"} | more)


def runs(pid: int) -> bool:
    with suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def soon(happens: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happens():
            return True
        time.sleep(0.05)
    return False


def gone(pid: int) -> bool:
    # A database whose users were killed waits for others first.
    return soon(lambda: not runs(pid), 240)


def connect(server: embedded.Server) -> Driver:
    return GraphDatabase.driver(server.uri, auth=(server.user, server.password))


def names(server: embedded.Server) -> list[str]:
    with connect(server) as driver:
        return [record["name"] for record in driver.execute_query("MATCH (n:Kept) RETURN n.name AS name").records]


def keep(server: embedded.Server, name: str) -> None:
    with connect(server) as driver:
        driver.execute_query("CREATE (:Kept {name: $name})", {"name": name})


def client(folder: Path) -> "subprocess.Popen[str]":
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(folder)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
        text=True,
    )


def said(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    made = settings_of(tmp_path / "home")
    yield made
    embedded.stop(made)


@pytest.fixture
def jar() -> lock.Jar:
    """The smallest file of the server."""
    return min(lock.load("lts").jars, key=lambda jar: jar.size)


@pytest.mark.calendar
def test_a_lease_starts_the_database_a_second_one_attaches_and_the_last_one_stops_it(settings: Settings) -> None:
    told: list[tuple[str, int, int]] = []
    with embedded.lease(settings, on_progress=lambda *step: told.append(step)) as first:
        assert not first.attached
        assert first.release == settings.neo4j_release
        assert told[-1][0] == "start"
        assert first.password not in repr(first)
        assert stat.S_IMODE((settings.home / "password").stat().st_mode) == 0o600
        listening = [
            at.laddr for at in psutil.Process(first.pid).net_connections("inet") if at.status == psutil.CONN_LISTEN
        ]
        assert {at.ip.removeprefix("::ffff:") for at in listening} == {"127.0.0.1"}
        assert embedded.data_path(settings).is_dir()
        keep(first, "before")

        with embedded.lease(settings) as second:
            assert second.attached
            assert second == dataclasses.replace(first, attached=True)
        time.sleep(1.5)
        assert runs(first.pid), "the end of one lease does not stop what another one uses"
        assert embedded.status(settings) == dataclasses.replace(first, attached=True)
    assert gone(first.pid)
    assert soon(lambda: embedded.status(settings) is None)

    started = embedded.start(settings)
    assert (started.uri, started.password) == (first.uri, first.password)
    assert not started.attached
    time.sleep(1.5)
    assert runs(started.pid), "a database that was started stays without leases"
    with embedded.lease(settings) as again:
        assert again.attached
        assert names(again) == ["before"]
    assert embedded.stop(settings)
    assert not runs(started.pid)
    assert embedded.status(settings) is None
    assert not embedded.stop(settings)


def test_a_line_that_the_server_refuses_is_reported_with_its_words(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", neo4j_conf="db.transaction.timeout=soon")
    with (
        pytest.raises(embedded.EmbeddedError, match=r"(?s)exit code 1.*db\.transaction\.timeout"),
        embedded.lease(settings),
    ):
        pass


def test_a_server_that_was_killed_comes_back_with_its_data_its_password_and_its_port(settings: Settings) -> None:
    with embedded.lease(settings) as first, connect(first) as driver:
        driver.execute_query("CREATE (:Kept {name: 'committed'})")
        psutil.Process(first.pid).kill()
        assert gone(first.pid)
        second = embedded.revive(settings)
        assert second.pid != first.pid
        assert not second.attached
        assert (second.uri, second.password) == (first.uri, first.password)
        records = driver.execute_query("MATCH (n:Kept) RETURN n.name AS name").records
        assert [record["name"] for record in records] == ["committed"], "a driver of before reconnects by itself"
        assert embedded.revive(settings).attached

        state = Home(settings.home).state()
        assert state is not None
        psutil.Process(state.supervisor.pid).kill()
        assert gone(state.supervisor.pid)
        with embedded.lease(settings) as third:
            assert not third.attached
            assert not runs(second.pid), "a server does not outlive its supervisor"
            assert third.pid != second.pid
            assert names(third) == ["committed"]
    assert gone(third.pid)


def test_two_clients_that_start_at_once_share_a_server_and_leave_none_when_they_are_killed(settings: Settings) -> None:
    clients = [client(settings.home), client(settings.home)]
    try:
        answers = [said(process) for process in clients]
        assert answers[0]["pid"] == answers[1]["pid"]
        assert sorted(answer["attached"] for answer in answers) == [False, True]
        clients[0].kill()
        time.sleep(1.5)
        assert runs(answers[0]["pid"]), "the other one still uses it"
        clients[1].kill()
        assert gone(answers[0]["pid"]), "nobody came in its place"
        assert soon(lambda: embedded.status(settings) is None)
    finally:
        for process in clients:
            process.kill()
            process.communicate()


def test_a_first_start_that_was_cut_off_is_taken_up_again(settings: Settings) -> None:
    process = client(settings.home)
    try:
        assert soon((settings.home / "data" / "databases" / "system").is_dir, 60)
        state = Home(settings.home).state()
        assert state is not None
        assert state.phase == "starting"
        assert embedded.status(settings) is None
        psutil.Process(state.supervisor.pid).kill()
        psutil.Process(state.java.pid).kill()
    finally:
        process.kill()
        process.communicate()
    password = (settings.home / "password").read_text().strip()
    with embedded.lease(settings) as server:
        assert server.password == password
        assert names(server) == []


def test_a_server_that_cannot_start_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    with (
        pytest.raises(embedded.EmbeddedError, match=r"(?s)exit code 1.*java\.log.*heap"),
        embedded.lease(settings_of(tmp_path / "home", heap="much")),
    ):
        pass


def test_a_home_of_another_release_is_refused(tmp_path: Path) -> None:
    place = Home(tmp_path)
    place.make()
    place.claim("calendar")
    with (
        pytest.raises(embedded.EmbeddedError, match="made by the calendar release"),
        embedded.lease(settings_of(tmp_path, neo4j_release="lts")),
    ):
        pass


def test_what_a_dead_supervisor_left_behind_is_not_taken_for_a_server(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    place = Home(tmp_path)
    place.make()
    me = Process.of(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        finished = Process.of(process.pid)
        assert finished.find() is not None
        process.kill()
    for java in (finished, dataclasses.replace(me, born=finished.born)):
        place.tell(State("ready", 20000, java, java))
        assert java.find() is None
        assert embedded.status(settings) is None
        assert not embedded.stop(settings)
        assert place.state() is None
    (place.run / "state.json").write_text("{")
    assert embedded.status(settings) is None


def test_a_server_that_outlived_its_supervisor_is_stopped(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    place = Home(tmp_path)
    place.make()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as orphan:
        place.tell(State("ready", 20000, Process(orphan.pid, ""), Process.of(orphan.pid)))
        assert embedded.status(settings) is None
        assert embedded.stop(settings)
        assert not runs(orphan.pid)


def test_nothing_is_made_by_a_look_at_a_home_that_never_was(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home")
    assert embedded.status(settings) is None
    assert not embedded.stop(settings)
    assert embedded.data_path(settings) == tmp_path / "home" / "data"
    assert not settings.home.exists()


def test_a_port_stays_unless_another_program_took_it(tmp_path: Path) -> None:
    place = Home(tmp_path)
    place.make()
    port = place.port()
    assert place.port() == port
    with socket.socket() as other:
        other.bind((ADDRESS, port))
        other.listen()
        assert place.port() != port


def test_a_password_is_made_once(tmp_path: Path) -> None:
    (tmp_path / "password").touch()
    password = Home(tmp_path).password()
    assert len(password) >= 24
    assert Home(tmp_path).password() == password
    assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600


def test_windows_is_told_what_to_do_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(embedded.EmbeddedError, match="NEO4J_URI"), embedded.lease(settings_of(tmp_path)):
        pass


@pytest.mark.parametrize("release", ["lts", "calendar"])
def test_a_lock_names_every_file_once_with_its_checksum_and_no_address(release: str) -> None:
    locked = lock.load(release)
    assert locked.server == locked.jars[0]
    assert locked.server.version == locked.version
    assert len({jar.path for jar in locked.jars}) == len(locked.jars) > 200
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in locked.jars)
    text = lock.lock_file(release).read_text()
    assert "://" not in text
    assert lock.dump(locked) == text


def test_a_file_that_changed_in_the_cache_is_fetched_again(tmp_path: Path, jar: lock.Jar) -> None:
    locked = lock.Lock("lts", jar.version, (jar,))
    told: list[tuple[str, int, int]] = []
    [path] = fetch.fetch(locked, tmp_path, lambda *step: told.append(step))
    assert lock.sha256(path) == jar.sha256
    assert told == [("fetch", 0, jar.size), ("fetch", jar.size, jar.size)]

    told.clear()
    whole = path.read_bytes()
    for broken in (whole[:-1], whole[:-1] + b"?", b""):
        path.write_bytes(broken)
        assert fetch.fetch(locked, tmp_path, lambda *step: told.append(step)) == [path]
        assert path.read_bytes() == whole
        assert told
        told.clear()

    os.utime(path, (1, 1))
    fetch.fetch(locked, tmp_path, lambda *step: told.append(step))
    assert not told, "a file that was only touched is read, not fetched"


@pytest.mark.calendar
def test_a_lock_says_which_jars_are_signed_and_java_gets_copies_without_a_signature() -> None:
    locked = lock.load(Settings().neo4j_release)
    cache = Settings().cache
    paths = fetch.fetch(locked, cache)
    originals = [cache.absolute() / "jars" / jar.path for jar in locked.jars]
    assert [signatures.is_signed(path) for path in originals] == [jar.signed for jar in locked.jars]
    assert any(jar.signed for jar in locked.jars)
    for jar, path, original in zip(locked.jars, paths, originals, strict=True):
        assert (path == original) is not jar.signed
        if jar.signed:
            assert not signatures.is_signed(path)
            with zipfile.ZipFile(path) as copy, zipfile.ZipFile(original) as whole:
                kept = {name: whole.getinfo(name).CRC for name in copy.namelist()}
                assert {name for name in whole.namelist() if name.endswith(".class")} <= kept.keys()
                differing = {entry.filename for entry in copy.infolist() if kept[entry.filename] != entry.CRC}
                assert differing == {"META-INF/MANIFEST.MF"}
                manifest = copy.read("META-INF/MANIFEST.MF")
                assert manifest == whole.read("META-INF/MANIFEST.MF")[: len(manifest)]
                assert b"Digest" not in manifest


def test_a_copy_without_a_signature_that_changed_is_written_again(tmp_path: Path) -> None:
    signed = min((jar for jar in lock.load("lts").jars if jar.signed), key=lambda jar: jar.size)
    locked = lock.Lock("lts", signed.version, (signed,))
    [copy] = fetch.fetch(locked, tmp_path)
    whole = copy.read_bytes()
    for broken in (whole[:-1], whole[:-1] + b"?", b""):
        copy.write_bytes(broken)
        assert fetch.fetch(locked, tmp_path) == [copy]
        assert copy.read_bytes() == whole


def test_in_a_cache_that_cannot_be_written_a_signed_jar_does_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = min((jar for jar in lock.load("lts").jars if jar.signed), key=lambda jar: jar.size)
    locked = lock.Lock("lts", signed.version, (signed,))
    [copy] = fetch.fetch(locked, tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert fetch.fetch(locked, tmp_path) == [copy]
    copy.unlink()
    assert fetch.fetch(locked, tmp_path) == [tmp_path / "jars" / signed.path]
    assert not copy.exists()


def test_finished_files_are_kept_when_a_fetch_is_interrupted(tmp_path: Path) -> None:
    jars = tuple(sorted(lock.load("lts").jars, key=lambda jar: jar.size)[:12])
    locked = lock.Lock("lts", "", jars)

    def interrupt(_what: str, done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch.fetch(locked, tmp_path, interrupt)
    told: list[int] = []
    paths = fetch.fetch(locked, tmp_path, lambda _what, done, _total: told.append(done))
    assert told[0] > 0
    assert [lock.sha256(path) for path in paths] == [jar.sha256 for jar in jars]
    assert not (tmp_path / "jars" / ".partial").exists()


def test_two_who_fetch_at_once_fetch_once(tmp_path: Path, jar: lock.Jar) -> None:
    locked = lock.Lock("lts", jar.version, (jar,))
    told: list[int] = []
    both = [
        threading.Thread(target=fetch.fetch, args=(locked, tmp_path, lambda _what, done, _total: told.append(done)))
        for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(told) == [0, jar.size]


def test_a_file_with_another_checksum_is_named_and_not_kept(tmp_path: Path, jar: lock.Jar) -> None:
    other = dataclasses.replace(jar, sha256="0" * 64)
    with pytest.raises(embedded.EmbeddedError, match=rf"{jar.name}.*not the one in the lock.*{jar.sha256}"):
        fetch.fetch(lock.Lock("lts", jar.version, (other,)), tmp_path, attempts=2, pause=0.1)
    assert not list(tmp_path.rglob("*.jar"))
