"""A real Neo4j for every test: NEO4J_URI, else a Docker engine, else the embedded one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from bench import chaos
from graph.deployment.migrated import put_migrated
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import REPEATABLE, Database
from graph.store.migrations import migrate
from tests import command

# A busy machine is no failure.
settings.register_profile("kinfold", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kinfold")


def _java(*options: str) -> str:
    return "".join(f"server.jvm.additional={option}\n" for option in options)


# One collector of garbage for little of it, instead of several that work beside the tests; and a plan once made is
# kept, though the graph of a test is nothing like that of the test before it.
_FRUGAL = _java("-XX:-UseG1GC", "-XX:+UseSerialGC") + "dbms.cypher.min_replan_interval=2h\n"
OF_SECONDS = _FRUGAL + _java("-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=240m")
"""What a database is told that lives for seconds: to compile well what runs a few times costs more than it saves."""
_INLINING_LITTLE = _java("-XX:MaxInlineLevel=5", "-XX:FreqInlineSize=150", "-XX:InlineSmallCode=1000")
OF_THE_SESSION = _FRUGAL + _INLINING_LITTLE + _java("-XX:+UseTransparentHugePages", "-Dkinfold.tests=all of them")
"""What the database of all tests is told: its second compiler takes two thirds of its time when it inlines less, and
what it makes is a twentieth slower; with large pages the whole takes a twentieth less."""

# Every database of a test has a home of its own and lives for seconds; the one of all tests is told otherwise below.
os.environ["KINFOLD_NEO4J_CONF"] = OF_SECONDS

IMAGES = {"lts": "neo4j:5.26-community", "calendar": "neo4j:2026.08-community"}


MOST_DATABASES = 3
"""A database of all tests takes more than a gigabyte."""


def databases(config: pytest.Config) -> int:
    """Return how many processes get a database of all tests: as many as there are cores, up to `MOST_DATABASES`.

    What the calendar release is tried with is over before a second database has planned and compiled what it needs.
    """
    return 1 if config.option.markexpr == "calendar" else min(os.cpu_count() or 1, MOST_DATABASES)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes ``pytest -n auto`` uses, or 0, which is this one, when the server is given.

    One process more than get a database of all tests: it waits most of the time, for databases that start and stop.
    """
    return 0 if Settings().neo4j_uri else databases(config) + 1


def docker_engine() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], check=False, capture_output=True, timeout=20).returncode == 0


ON_THEIR_OWN = (
    "api/http/test_outage_http.py",
    "api/command/test_backup.py",
    "api/command/test_compaction.py",
    "graph/embedded/test_faults.py",
    "api/command/test_simulate_and_replay.py",
    "graph/embedded/test_embedded.py",
    "graph/store/test_killed.py",
    "api/http/test_full_disk.py",
)
"""Files whose tests start every database that they need, and ask nothing of the one of all tests."""
TOGETHER = (
    "sdk/test_sdks.py",
    "api/http",
    "browser",
    "sdk",
    "graph",
    "model",
    "graph/spark",
    "api",
    "api/command/test_reidentify.py",
    "graph/store/test_plans.py",
    *ON_THEIR_OWN,
)
"""Folders and files whose tests run in one process, one after the other, and in which order they begin.

The tests of a folder ask a database for the same statements: each is planned once there, not once in every process,
and planning takes most of what a database does in a suite. Of several lines that fit, the longest says. First those
that wait for other programs, while a third process has work for the cores; then what takes long, so that in the end no
process waits for another's.
"""


def together(test: str) -> str:
    """Return the line of TOGETHER that fits a test's id; the tests of a file that none fits are on their own."""
    path = test.partition("::")[0].removeprefix("tests/")
    fitting = [line for line in TOGETHER if path == line or path.startswith(f"{line}/")]
    return max(fitting, key=len, default=path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    turns = {line: turn for turn, line in enumerate(TOGETHER)}
    items.sort(key=lambda item: turns.get(together(item.nodeid), len(turns)))


class Scheduling(LoadScopeScheduling):
    """Hands out to a process what is to run together.

    The process that has no database of all tests gets `ON_THEIR_OWN` and nothing else: one would have to plan
    and compile there what the others have planned and compiled already. Where one process has a database, everything
    else runs there.
    """

    def _split_scope(self, nodeid: str) -> str:
        line = together(nodeid)
        return line if databases(self.config) > 1 or line in ON_THEIR_OWN else "tests"

    def _reschedule(self, node: WorkerController) -> None:
        if self._is_spare(node) and self._next(node) is None:
            if not node.shutting_down:
                node.shutdown()
        else:
            super()._reschedule(node)

    def _assign_work_unit(self, node: WorkerController) -> None:
        scope = self._next(node)
        if scope is not None:
            self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)

    def _is_spare(self, node: WorkerController) -> bool:
        return self.numnodes > databases(self.config) and node.gateway.id == f"gw{self.numnodes - 1}"

    def _next(self, node: WorkerController) -> str | None:
        """Return what a process runs next; the others come to `ON_THEIR_OWN` when there is nothing else."""
        if self._is_spare(node):
            return next((scope for scope in self.workqueue if scope in ON_THEIR_OWN), None)
        return min(self.workqueue, key=lambda scope: scope in ON_THEIR_OWN, default=None)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def servers_are_forked() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chaos, "launch", command.start)
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings that point at a running server; the release is chosen by KINFOLD_NEO4J_RELEASE."""
    settings = Settings().model_copy(update={"neo4j_conf": ""})
    if settings.neo4j_uri:
        yield settings
    elif docker_engine():
        from testcontainers.neo4j import Neo4jContainer

        with Neo4jContainer(IMAGES[settings.neo4j_release]) as container:
            yield settings.model_copy(
                update={
                    "neo4j_uri": container.get_connection_url(),
                    "neo4j_user": container.username,
                    "neo4j_password": Settings(neo4j_password=container.password).neo4j_password,
                }
            )
    else:
        from graph.embedded import lease

        home: Path = tmp_path_factory.mktemp("kinfold") / "home"
        settings = settings.model_copy(update={"home": home, "neo4j_conf": OF_THE_SESSION})
        put_migrated(settings)
        with lease(settings) as running:
            yield settings.model_copy(
                update={
                    "neo4j_uri": running.uri,
                    "neo4j_user": running.user,
                    "neo4j_password": Settings(neo4j_password=running.password).neo4j_password,
                    # For those that a test starts beside it.
                    "neo4j_conf": OF_SECONDS,
                }
            )


@pytest.fixture(scope="session")
def shared_database(server: Settings) -> Iterator[Database]:
    assert server.neo4j_uri
    password = server.neo4j_password.get_secret_value()
    with Database.connect(server.neo4j_uri, server.neo4j_user, password, server) as database:
        migrate(database)
        yield database


EMPTY = (Path(__file__).parent / "empty.cypher").read_text()
AT_ONCE = 20_000


def empty(database: Database) -> None:
    """Delete everything but the schema."""
    while database.write(lambda tx: tx.run_text(EMPTY, most=AT_ONCE)[0]["deleted"] == AT_ONCE, committed=REPEATABLE):
        pass


@pytest.fixture
def database(shared_database: Database) -> Database:
    empty(shared_database)
    return shared_database


@pytest.fixture
def kinfold(database: Database, server: Settings) -> Kinfold:
    return Kinfold.on(database, server)


@pytest.fixture
def environment(server: Settings) -> dict[str, str]:
    """The environment in which a command run as a process uses the tests' server."""
    assert server.neo4j_uri
    return {
        **os.environ,
        "NEO4J_URI": server.neo4j_uri,
        "NEO4J_USER": server.neo4j_user,
        "NEO4J_PASSWORD": server.neo4j_password.get_secret_value(),
    }
