"""The database is killed: what was answered is there, what was not can be sent again, one starter brings it back."""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from graph.deployment.migrated import put_migrated
from graph.embedded import Server, lease, revive
from graph.errors import Unavailable
from graph.identity.events import Event, read_event
from graph.identity.resolver import Resolver
from graph.kinfold import Kinfold
from graph.model import Answer
from graph.store.database import Database
from graph.store.migrations import migrate
from tests.graph.embedded.test_embedded import settings_of
from tests.graph.identity.test_properties_always import check_invariants, count_activities


def visit(writer: int, turn: int) -> Event:
    """Make an event that leaves more than one trace: a person of the writer's, a device of its own, a property."""
    return read_event(
        {
            "email": f"p{writer}@example.com",
            "tracker_id": f"t{writer} {turn}",
            "subscription": f"s{writer} {turn % 3}",
            "properties": {"turn": turn},
            "message_id": f"m{writer} {turn}",
        }
    )


class Writer(threading.Thread):
    """Sends its events one after the other, and keeps what was answered and what was not."""

    def __init__(self, number: int, resolver: Resolver, enough: Callable[[], bool]) -> None:
        super().__init__()
        self.number = number
        self.answered: dict[str, Answer] = {}
        self.failed: list[Event] = []
        self.error: BaseException | None = None
        self._resolver = resolver
        self._enough = enough

    def run(self) -> None:
        turn = 0
        try:
            while not self._enough():
                event = visit(self.number, turn)
                turn += 1
                try:
                    (self.answered[event.message_id or ""],) = self._resolver.resolve([event])
                except Unavailable:
                    self.failed.append(event)
                    if len(self.failed) >= 3:
                        return
        except BaseException as error:
            self.error = error


def test_after_a_kill_every_answered_event_is_there_and_the_others_can_be_sent_again(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", retry_seconds=60)
    put_migrated(settings)
    hasty = settings.model_copy(update={"retry_seconds": 2})
    with lease(settings) as running:
        with Database.connect(running.uri, running.user, running.password, settings) as database:
            migrate(database)
            Resolver(database).resolve([visit(0, 0)], dry_run=True)
        with Database.connect(running.uri, running.user, running.password, hasty) as database:
            resolver = Resolver(database)
            writers: list[Writer] = []
            warm = threading.Event()

            def enough() -> bool:
                if sum(len(writer.answered) for writer in writers) >= 100:
                    warm.set()
                return False

            writers += [Writer(number, resolver, enough) for number in range(4)]
            for writer in writers:
                writer.start()
            assert warm.wait(120), [writer.error for writer in writers]
            os.kill(running.pid, signal.SIGKILL)
            for writer in writers:
                writer.join(120)
        assert [writer.error for writer in writers] == [None] * 4, "an outage has one name: Unavailable"
        assert all(writer.failed for writer in writers)

        again = revive(settings)
        assert again.pid != running.pid
        with Database.connect(again.uri, again.user, again.password, settings) as database:
            assert migrate(database) == []
            kept = {
                row["message"]: row["contact"]
                for row in database.read(
                    lambda tx: tx.run_text(
                        "MATCH (a:Activity)-[:ON]->()<-[:HAS]-(c:Contact) "
                        "RETURN a.message_id AS message, c.id AS contact"
                    )
                )
            }
            check_invariants(database)
            for writer in writers:
                for message, answer in writer.answered.items():
                    assert answer.contact
                    assert kept[message] == answer.contact.id
            resolver = Resolver(database)
            for writer in writers:
                for event in writer.failed:
                    (answer,) = resolver.resolve([event])
                    assert answer.duplicate == (event.message_id in kept)
            check_invariants(database)
            assert count_activities(database) == sum(len(writer.answered) + len(writer.failed) for writer in writers)
            contacts = Kinfold.on(database, settings).contacts
            for writer in writers:
                (person,) = contacts.owners("email", f"p{writer.number}@example.com")
                turns = len(writer.answered) + len(writer.failed)
                assert set(person["trackers"]) == {f"t{writer.number} {turn}" for turn in range(turns)}


def test_a_killed_database_is_brought_back_by_one_starter_while_callers_are_told_in_time(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", retry_seconds=120)
    put_migrated(settings)
    may_start = threading.Event()
    starts: list[str] = []

    def bring_back() -> None:
        starts.append(threading.current_thread().name)
        assert may_start.wait(120)
        revive(settings)

    def connect(running: Server, retry_seconds: float, revive: Callable[[], object] | None) -> Database:
        changed = settings.model_copy(update={"retry_seconds": retry_seconds})
        return Database.connect(running.uri, running.user, running.password, changed, revive=revive)

    with lease(settings) as running, connect(running, 120, None) as patient:
        migrate(patient)
        os.kill(running.pid, signal.SIGKILL)
        with connect(running, 0.5, bring_back) as database, ThreadPoolExecutor(8) as callers:
            waiting = [callers.submit(database.read, lambda tx: tx.run("database.ping")) for _ in range(8)]
            # Nothing has been started yet, and nobody waits for that.
            assert all(isinstance(call.exception(60), Unavailable) for call in waiting)
            assert starts == ["kinfold-revive"]
            may_start.set()
            assert Resolver(patient).resolve([visit(0, 0)])[0].contact
