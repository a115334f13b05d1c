"""The database goes away: what was answered is there, what was not can be sent again, nothing happens twice."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import neo4j
import pytest
from neo4j.exceptions import (
    ConstraintError,
    IncompleteCommit,
    Neo4jError,
    ResultFailedError,
    ServiceUnavailable,
    SessionExpired,
)

from graph.blocking.blocking import Blocking
from graph.errors import TryAgain, Unavailable
from graph.identity.events import read_event
from graph.identity.resolver import Resolver
from graph.kinfold import Kinfold
from graph.model import Outcome
from graph.settings import Settings
from graph.store.database import REPEATABLE, Database, Transaction
from tests.conftest import empty
from tests.graph.identity.test_properties_always import check_invariants, count_activities


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- the connection breaks during the commit -----------------------------------------------------------------


@contextmanager
def lost_commits(monkeypatch: pytest.MonkeyPatch, *losses: str, error: Exception | None = None) -> Iterator[list[str]]:
    """Break the connection during the next commits.

    Each loss is ``after`` (the server committed, its answer is lost) or ``before`` (it never heard of it);
    ``unreachable`` keeps the next transaction from beginning.
    """
    left = list(losses)
    commit, begin = neo4j.Transaction.commit, neo4j.Session.begin_transaction

    def fail() -> None:
        raise error or ServiceUnavailable("the connection broke")

    def losing(self: neo4j.Transaction) -> Any:
        if not left or left[0] == "unreachable":
            return commit(self)
        if left.pop(0) == "after":
            commit(self)
        else:
            self.rollback()
        return fail()

    def beginning(self: neo4j.Session, *args: Any, **kwargs: Any) -> neo4j.Transaction:
        if left and left[0] == "unreachable":
            left.pop(0)
            fail()
        return begin(self, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(neo4j.Transaction, "commit", losing)
        patched.setattr(neo4j.Session, "begin_transaction", beginning)
        yield left


@pytest.fixture
def impatient(database: Database) -> Resolver:
    """Give up before a minute is over, so that a test that fails does so soon."""
    # A server that has just started plans every statement: that must not use up the patience.
    Resolver(database).resolve(
        [
            read_event({"tracker_id": "t1", "message_id": "m1"}),
            read_event({"email": "ana@example.com"}),
            read_event({"email": "ana@example.com", "tracker_id": "t1"}),
        ]
    )
    empty(database)
    return Resolver(Database(database._driver, retry_seconds=15))


@pytest.mark.parametrize(
    "losses",
    [
        ("after",),
        ("before",),
        ("before", "before"),
        ("before", "after"),
        ("after", "unreachable"),
        ("after", "unreachable", "unreachable"),
        ("before", "unreachable"),
        ("before", "unreachable", "after", "unreachable"),
    ],
    ids=" then ".join,
)
@pytest.mark.parametrize("message_id", ["m1", None], ids=["with message id", "without"])
def test_a_commit_of_which_no_answer_came_is_done_once_and_answered_as_usual(
    losses: tuple[str, ...],
    message_id: str | None,
    impatient: Resolver,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = read_event({"tracker_id": "t1", "email": "ana@example.com", "message_id": message_id})
    with lost_commits(monkeypatch, *losses) as left:
        (answer,) = impatient.resolve([event])
    assert left == []
    assert not answer.duplicate
    assert (answer.rule, answer.outcome, answer.tracker_id) == ("2.1", Outcome.CREATED, "t1")
    assert answer.contact
    (ana,) = Kinfold.on(database, Settings()).contacts.owners("email", "ana@example.com")
    assert ana["id"] == answer.contact.id
    assert count_activities(database) == 1
    check_invariants(database)


@pytest.mark.parametrize(
    "error",
    [
        ServiceUnavailable("gone"),
        SessionExpired("gone"),
        IncompleteCommit("gone"),
        ConnectionResetError("gone"),
        TimeoutError("gone"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("loss", ["after", "before"])
def test_whatever_the_driver_calls_a_lost_connection_nothing_happens_twice(
    loss: str, error: Exception, impatient: Resolver, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lost_commits(monkeypatch, loss, error=error):
        (answer,) = impatient.resolve([read_event({"message_id": "m1"})])
    assert (answer.rule, answer.duplicate) == ("1", False)
    assert count_activities(database) == 1
    check_invariants(database)


@pytest.mark.parametrize("loss", ["after", "before"])
def test_a_batch_of_which_no_answer_came_is_done_once_and_answered_as_usual(
    loss: str, impatient: Resolver, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient.resolve([read_event({"tracker_id": "t0", "message_id": "old"})])
    batch = [
        read_event({"tracker_id": "t1"}),
        read_event({"tracker_id": "undefined"}),
        read_event({"tracker_id": "t1", "email": "ana@example.com", "message_id": "m1"}),
        read_event({"tracker_id": "t0", "email": "ana@example.com"}),
        read_event({"tracker_id": "t0", "message_id": "m1"}),
        read_event({"tracker_id": "t0", "message_id": "old"}),
    ]
    with lost_commits(monkeypatch, loss):
        answers = impatient.resolve(batch)
    assert [answer.outcome for answer in answers] == [
        Outcome.CREATED,
        Outcome.IGNORED,
        Outcome.CLAIMED,
        Outcome.MERGED,
        Outcome.CLAIMED,
        Outcome.CREATED,
    ]
    assert [answer.duplicate for answer in answers] == [False, False, False, False, True, True]
    assert count_activities(database) == 4
    check_invariants(database)


@pytest.mark.parametrize("loss", ["after", "before"])
def test_repeated_messages_alone_are_answered_when_no_answer_to_their_commit_came(
    loss: str, impatient: Resolver, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = read_event({"tracker_id": "t1", "message_id": "m1"})
    impatient.resolve([event])
    with lost_commits(monkeypatch, loss):
        (answer,) = impatient.resolve([event])
    assert answer.duplicate
    assert count_activities(database) == 1


def test_a_message_sent_again_by_the_caller_after_a_lost_commit_finds_what_was_done(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = Resolver(Database(database._driver, retry_seconds=0))
    event = read_event({"tracker_id": "t1", "message_id": "m1"})
    with (
        lost_commits(monkeypatch, "after", "unreachable"),
        pytest.raises(Unavailable, match="sending this again is safe"),
    ):
        hasty.resolve([event])
    (answer,) = hasty.resolve([event])
    assert answer.duplicate
    assert (answer.rule, answer.outcome, answer.tracker_id) == ("5", Outcome.CREATED, "t1")
    assert count_activities(database) == 1


# --- a transaction that the database ended -------------------------------------------------------------------


@pytest.mark.parametrize("call", ["read", "write", "rehearse"])
def test_a_deadlock_that_the_driver_reports_as_a_failed_result_is_tried_again(call: str, database: Database) -> None:
    tries: list[int] = []

    def work(tx: Transaction) -> str:
        tries.append(1)
        (row,) = tx.run_text("RETURN 'done' AS word")
        if len(tries) == 1:
            result = tx._bolt.run("RETURN 1")
            deadlock = Neo4jError._hydrate_neo4j(code="Neo.TransientError.Transaction.DeadlockDetected", message="")
            raise ResultFailedError(result, "The result has failed.") from deadlock
        return str(row["word"])

    more = {"committed": REPEATABLE} if call == "write" else {}
    assert getattr(database, call)(work, **more) == "done"
    assert len(tries) == 2


def test_a_failed_transaction_leaves_alone_the_connection_that_another_thread_has_by_then(server: Settings) -> None:
    # The driver gives a connection back as soon as a statement failed, before the transaction is left.
    assert server.neo4j_uri
    other_is_inside, failed_is_out = threading.Event(), threading.Event()
    password = server.neo4j_password.get_secret_value()
    alone = server.model_copy(update={"pool_size": 1})

    def slowly(tx: Transaction) -> int:
        tx.run_text("CREATE (:Scratch {made: 'by the other'})")
        other_is_inside.set()
        assert failed_is_out.wait(20)
        return int(tx.run_text("MATCH (n:Scratch) RETURN count(n) AS many")[0]["many"])

    with (
        Database.connect(server.neo4j_uri, server.neo4j_user, password, alone) as database,
        ThreadPoolExecutor(1) as threads,
    ):
        others: list[Future[int]] = []

        def failing(tx: Transaction) -> None:
            try:
                tx.run_text("RETURN 1 / 0 AS nothing")
            finally:
                others.append(threads.submit(partial(database.write, committed=REPEATABLE), slowly))
                assert other_is_inside.wait(20)

        with pytest.raises(Neo4jError, match="by zero"):
            database.write(failing, committed=REPEATABLE)
        failed_is_out.set()
        assert others[0].result() == 1
        assert database.read(lambda tx: tx.run_text("MATCH (n:Scratch) RETURN count(n) AS many"))[0]["many"] == 1
        database.write(lambda tx: tx.run_text("MATCH (n:Scratch) DELETE n"), committed=REPEATABLE)


def test_a_failed_result_without_a_passing_reason_is_raised(database: Database) -> None:
    def work(tx: Transaction) -> None:
        raise ResultFailedError(tx._bolt.run("RETURN 1"), "The result has failed.")

    with pytest.raises(ResultFailedError):
        database.write(work, committed=REPEATABLE)


# --- how long, and how often ----------------------------------------------------------------------------------


def test_a_first_try_that_took_all_the_time_is_not_followed_by_another(database: Database) -> None:
    hasty = Database(database._driver, retry_seconds=0.05)
    tries: list[int] = []

    def slow(tx: Transaction) -> None:
        tries.append(1)
        tx.run_text("RETURN 1")
        time.sleep(0.1)
        raise TryAgain

    with pytest.raises(Unavailable, match=r"within 0\.05 s"):
        hasty.write(slow, committed=REPEATABLE)
    assert len(tries) == 1


TWICE = "CREATE (:Contact {id: 'the same'}), (:Contact {id: 'the same'})"


def test_a_violation_that_repeats_is_no_race_and_is_raised(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.store.database.MAX_RACES", 4)
    tries: list[int] = []

    def lasting(tx: Transaction) -> None:
        tries.append(1)
        tx.run_text(TWICE)

    with pytest.raises(ConstraintError):
        database.write(lasting, committed=REPEATABLE)
    assert len(tries) == 5


def defer_contacts(tx: Transaction, *contact_ids: str) -> None:
    for one in contact_ids:
        made = {"id": one, "set": {}, "created": [0, 0], "seen": [0, 0]}
        tx.defer("resolution.write", contacts=[made], changes=[], activities=[], feed=[])


@pytest.mark.parametrize("deferred", [("the same", "the same", "more"), ("more", "the same", "the same")])
def test_a_statement_that_is_refused_on_its_way_with_the_commit_leaves_nothing_behind_and_no_doubt(
    database: Database, monkeypatch: pytest.MonkeyPatch, deferred: tuple[str, ...]
) -> None:
    monkeypatch.setattr("graph.store.database.MAX_RACES", 4)
    tries: list[int] = []

    def lasting(tx: Transaction) -> None:
        tries.append(1)
        tx.run_text("CREATE (:Contact {id: 'another'})")
        defer_contacts(tx, *deferred)

    with pytest.raises(ConstraintError):
        database.write(lasting, committed=lambda *_: pytest.fail("nothing is in doubt"))
    assert len(tries) == 5
    assert database.read(lambda tx: tx.run_text("MATCH (c:Contact) RETURN c.id AS id")) == []


def test_deferred_statements_run_in_their_order_before_what_follows_them(database: Database) -> None:
    def work(tx: Transaction) -> list[dict[str, Any]]:
        defer_contacts(tx, "first", "second")
        seen = tx.run("explore.living", contact_id="second")
        defer_contacts(tx, "third")
        return [*seen, *tx.run_text("MATCH (c:Contact) RETURN c.id AS id ORDER BY id")]

    living, *made = database.write(work, committed=REPEATABLE)
    assert living["id"] == "second"
    assert [row["id"] for row in made] == ["first", "second", "third"]


@pytest.mark.parametrize(
    "following",
    [
        pytest.param(lambda tx: tx.settle(), id="nothing but the wait for it"),
        pytest.param(lambda tx: tx.run("database.ping"), id="another statement"),
        pytest.param(lambda tx: (tx.start("audit.append", rows=[]), tx.wait()), id="a statement that is started"),
    ],
)
def test_what_a_deferred_statement_raises_is_raised_by_what_follows_it(
    database: Database, following: Callable[[Transaction], object]
) -> None:
    def work(tx: Transaction) -> None:
        defer_contacts(tx, "the same", "the same")
        following(tx)
        pytest.fail("nothing was raised")

    with pytest.raises(ConstraintError):
        database.rehearse(work)
    assert database.read(lambda tx: tx.run_text("MATCH (c:Contact) RETURN c.id AS id")) == []


def test_what_returns_something_cannot_be_deferred(database: Database) -> None:
    with pytest.raises(TypeError, match=r"database\.ping returns"):
        database.write(lambda tx: tx.defer("database.ping"), committed=REPEATABLE)


def test_a_race_that_was_lost_as_often_as_may_be_is_still_run_once_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.store.database.MAX_RACES", 4)
    tries: list[int] = []

    def racing(tx: Transaction) -> str:
        tries.append(1)
        if len(tries) <= 4:
            tx.run_text(TWICE)
        return "done"

    assert database.write(racing, committed=REPEATABLE) == "done"


class Switched:
    """A database that can go away and come back, and keeps whoever asks until it is let through."""

    def __init__(self, database: Database, away: Database) -> None:
        self.here, self.away = database, away
        self.gone = False
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()
        self.open.set()

    def read(self, work: Callable[[Transaction], Any], *, retry_seconds: float | None = None) -> Any:
        self.entered.release()
        assert self.open.wait(60)
        return (self.away if self.gone else self.here).read(work, retry_seconds=retry_seconds)


@pytest.fixture
def switched(database: Database) -> Iterator[Switched]:
    with Database.connect(f"bolt://127.0.0.1:{free_port()}", "neo4j", "", Settings(retry_seconds=0.2)) as away:
        yield Switched(database, away)


def test_while_one_caller_looks_for_a_newer_block_list_the_others_go_on_with_the_last_one(
    kinfold: Kinfold, switched: Switched, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocking = Blocking(switched, Settings(), kinfold.suppression)  # type: ignore[arg-type]
    first = blocking.current()
    monkeypatch.setattr("graph.blocking.blocking.FRESH_SECONDS", -1.0)
    kinfold.blocking.add("value", "shared-terminal")
    switched.open.clear()
    with ThreadPoolExecutor(1) as looker:
        newer = looker.submit(blocking.current)
        assert switched.entered.acquire(timeout=60)
        assert switched.entered.acquire(timeout=60), "the second look is under way"
        assert blocking.current() is first
        switched.open.set()
        assert newer.result(60).blocks("tracker_id", "shared-terminal")
    assert not first.blocks("tracker_id", "shared-terminal")


def test_a_look_for_a_newer_block_list_that_fails_leaves_the_last_one(
    kinfold: Kinfold, switched: Switched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.blocking.blocking.FRESH_SECONDS", -1.0)
    monkeypatch.setattr("graph.blocking.blocking.LOOK_SECONDS", 0.2)
    blocking = Blocking(switched, Settings(), kinfold.suppression)  # type: ignore[arg-type]
    first = blocking.current()
    switched.gone = True
    kinfold.blocking.add("value", "shared-terminal")
    assert blocking.current() is first
    switched.gone = False
    assert blocking.current().blocks("tracker_id", "shared-terminal")


def test_without_any_block_list_the_callers_share_one_look_and_what_it_comes_to(
    kinfold: Kinfold, switched: Switched
) -> None:
    blocking = Blocking(switched, Settings(), kinfold.suppression)  # type: ignore[arg-type]
    switched.gone = True
    switched.open.clear()
    with ThreadPoolExecutor(8) as callers:
        waiting = [callers.submit(blocking.current) for _ in range(8)]
        assert switched.entered.acquire(timeout=60)
        switched.open.set()
        assert all(isinstance(call.exception(60), Unavailable) for call in waiting)


def test_after_a_rule_was_changed_here_an_outage_does_not_bring_the_last_block_list_back(
    kinfold: Kinfold, switched: Switched
) -> None:
    blocking = Blocking(switched, Settings(), kinfold.suppression)  # type: ignore[arg-type]
    blocking.current()
    blocking.forget()
    switched.gone = True
    with pytest.raises(Unavailable):
        blocking.current()


# --- nobody is there -----------------------------------------------------------------------------------------


def test_without_a_database_every_call_says_unavailable() -> None:
    settings = Settings(retry_seconds=0.2)
    with Database.connect(f"bolt://127.0.0.1:{free_port()}", "neo4j", "password", settings) as database:
        kinfold = Kinfold.on(database, settings)
        event = read_event({"tracker_id": "t1"})
        for call in (
            lambda: kinfold.resolver.resolve([event]),
            lambda: kinfold.resolver.resolve([event], dry_run=True),
            lambda: kinfold.contacts.get("a"),
            lambda: kinfold.contacts.owners("tracker_id", "t1"),
            lambda: database.ready(0.1),
        ):
            with pytest.raises(Unavailable):
                call()
