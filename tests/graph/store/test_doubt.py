"""A commit of which no answer came is recognised, also when it becomes visible late, and no other is taken for it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import neo4j
import pytest
from neo4j.exceptions import Neo4jError, ServiceUnavailable

from graph.errors import NotFound, Unavailable
from graph.identity.commit_queue import CommitQueue
from graph.identity.events import Event, read_event
from graph.identity.resolver import Resolver
from graph.kinfold import Kinfold
from graph.model import Outcome
from graph.settings import Settings
from graph.store.database import RECEIPT, REPEATABLE, Database, Transaction, _Writing
from tests.graph.identity.test_properties_always import check_invariants, count_activities
from tests.graph.offers.shop import ask, put
from tests.graph.store.proxy import Loss, Proxy, proxied

LATE = 1.5
"""Seconds after its connection broke at which a commit reaches the server."""


@pytest.fixture
def port(server: Settings) -> int:
    address = urlsplit(server.neo4j_uri or "")
    assert address.port
    return address.port


@contextmanager
def through(server: Settings, port: int, loses: Callable[[int], Loss]) -> Iterator[tuple[Database, Proxy]]:
    """Open a database whose commits can be lost on the way."""
    password = server.neo4j_password.get_secret_value()
    patient = server.model_copy(update={"retry_seconds": 120.0})
    with (
        proxied(port, loses) as proxy,
        Database.connect(f"bolt://127.0.0.1:{proxy.port}", server.neo4j_user, password, patient) as database,
    ):
        yield database, proxy


def first(loss: Loss) -> Callable[[int], Loss]:
    """Lose the first commit."""
    return lambda number: loss if number == 1 else None


# --- events --------------------------------------------------------------------------------------------------

KNOWN = {"email": "ana@example.com", "tracker_id": "t0", "message_id": "old"}

BATCHES: dict[str, list[dict[str, Any]]] = {
    "one without a key": [{}],
    "one with new keys": [{"email": "bo@example.com", "tracker_id": "t1", "message_id": "m1"}],
    "one without a message id": [{"email": "bo@example.com", "tracker_id": "t1"}],
    "one of a contact that is there": [{"tracker_id": "t0", "message_id": "m1"}],
    "one of a contact that is there, without a message id": [{"tracker_id": "t0", "properties": {"plan": "gold"}}],
    "a batch": [
        {"tracker_id": "t0", "message_id": "m1"},
        {"tracker_id": "t2"},
        {"email": "ana@example.com", "tracker_id": "t2", "message_id": "m2"},
        {"message_id": "old"},
        {},
    ],
    "nothing but what was there": [{"message_id": "old"}],
}


@pytest.mark.parametrize("loss", ["before", "after", LATE], ids=["before", "after", "late"])
@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES.keys())
def test_whatever_becomes_of_its_commit_a_batch_is_written_once_and_answered_as_ever(
    batch: list[dict[str, Any]], loss: Loss, database: Database, server: Settings, port: int
) -> None:
    events = [read_event(event) for event in batch]
    Resolver(database).resolve([read_event(KNOWN)])
    expected = Resolver(database).resolve(events, dry_run=True)
    before = count_activities(database)
    with through(server, port, first(loss)) as (lossy, proxy):
        answers = Resolver(lossy).resolve(events)
        assert proxy.lost == [loss]
    assert [(answer.rule, answer.outcome, answer.duplicate) for answer in answers] == [
        (answer.rule, answer.outcome, answer.duplicate) for answer in expected
    ]
    assert count_activities(database) - before == sum(not answer.duplicate for answer in answers)
    answered = {answer.contact.id for answer in answers if answer.contact}
    # Some were folded by a later event of the batch, and lead on.
    there = database.read(lambda tx: tx.run_text("MATCH (c) WHERE c.id IN $ids RETURN c.id AS id", ids=list(answered)))
    assert answered == {row["id"] for row in there}
    check_invariants(database)


def test_a_batch_is_not_taken_for_committed_because_another_server_wrote_one_of_its_messages(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [read_event({"tracker_id": f"t{number}", "message_id": f"m{number}"}) for number in range(3)]
    commit = neo4j.Transaction.commit
    resent: list[str] = []

    def losing(self: neo4j.Transaction) -> None:
        if resent:
            commit(self)
            return
        resent.extend(("m0", "m2"))
        self.rollback()
        for event in (batch[0], batch[2]):
            Resolver(database).resolve([event])
        raise ServiceUnavailable("the connection broke")

    with monkeypatch.context() as patched:
        patched.setattr(neo4j.Transaction, "commit", losing)
        answers = Resolver(database).resolve(batch)
    assert [answer.duplicate for answer in answers] == [True, False, True]
    rows = database.read(
        lambda tx: tx.run_text(
            "MATCH (a:Activity)-[:ON]->()<-[:HAS]-(c:Contact) RETURN a.message_id AS message, c.id AS contact"
        )
    )
    answered = [
        (event.message_id, answer.contact.id) for event, answer in zip(batch, answers, strict=True) if answer.contact
    ]
    assert Counter((row["message"], row["contact"]) for row in rows) == Counter(answered)
    check_invariants(database)


def test_a_doubt_is_kept_until_it_is_settled_however_often_the_write_collides_with_itself(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a cluster whose leader changes: what was committed can be seen only a while later."""
    monkeypatch.setattr("graph.store.database.random.uniform", lambda *_: 0.0)
    asked: list[str] = []
    tries: list[int] = []
    commit = neo4j.Transaction.commit

    def work(tx: Transaction) -> str:
        tries.append(len(tries))
        if len(tries) > 1:
            raise Neo4jError._hydrate_neo4j(
                code="Neo.ClientError.Schema.ConstraintValidationFailed", message="it is there already"
            )
        tx.run("database.ping")
        return "done"

    def committed(_: Transaction, result: str) -> bool:
        asked.append(result)
        return len(asked) > 60

    def losing(self: neo4j.Transaction) -> None:
        commit(self)
        if len(tries) == 1 and not asked:
            raise ServiceUnavailable("the connection broke")

    monkeypatch.setattr(neo4j.Transaction, "commit", losing)
    assert database.write(work, committed=committed) == "done"
    assert set(asked) == {"done"}


def test_what_is_refused_after_a_doubtful_commit_is_answered_as_done_once_it_shows(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    commit = neo4j.Transaction.commit
    losses = [1]
    taken: list[int] = []

    def work(tx: Transaction) -> str:
        tx.run("database.ping")
        if taken:
            raise NotFound("it was taken already")
        taken.append(1)
        return "taken"

    def committed(_: Transaction, result: str) -> bool:
        asked.append(result)
        return len(asked) > 1

    def losing(self: neo4j.Transaction) -> None:
        commit(self)
        if losses:
            losses.pop()
            raise ServiceUnavailable("the connection broke")

    monkeypatch.setattr(neo4j.Transaction, "commit", losing)
    assert database.write(work, committed=committed) == "taken"
    taken.clear()
    losses.append(1)
    with pytest.raises(Unavailable, match="not known"):
        # Where it never shows, nobody knows: that is no refusal, and no reason to split a batch and send it again.
        database.write(work, committed=lambda *_: False)


# --- writes by hand ------------------------------------------------------------------------------------------


@contextmanager
def first_answers_lost(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Lose the answer to the first commit of every write; return what was lost."""
    lost: list[str] = []
    doubtful = threading.local()
    attempt, commit = _Writing.attempt, neo4j.Transaction.commit

    def attempting(self: Any, session: neo4j.Session, collided: bool) -> Any:
        doubtful.first = self._attempts == 0
        try:
            return attempt(self, session, collided)
        finally:
            doubtful.first = False

    def losing(self: neo4j.Transaction) -> None:
        commit(self)
        if getattr(doubtful, "first", False):
            lost.append("after")
            raise ServiceUnavailable("the connection broke")

    with monkeypatch.context() as patched:
        patched.setattr(_Writing, "attempt", attempting)
        patched.setattr(neo4j.Transaction, "commit", losing)
        yield lost


def resolved(kinfold: Kinfold, **event: Any) -> str:
    [answer] = kinfold.resolver.resolve([read_event(event)])
    assert answer.contact
    assert answer.contact.id
    return answer.contact.id


ana = "ana@example.com"


def _finding(kinfold: Kinfold) -> str:
    """Make a finding: three devices where two are allowed."""
    for number in (1, 2, 3):
        resolved(kinfold, email=ana, tracker_id=f"t{number}")
    [item], _, _ = kinfold.anomalies.page("limit")
    return str(item["id"])


def _proposition(kinfold: Kinfold) -> str:
    put(kinfold, north={"kind": "anonymous", "spaces": {"home": {}}, "offers": {"one": {}}})
    return str(ask(kinfold, "north/home", email=ana)["proposition_id"])


def _key(kinfold: Kinfold) -> str:
    from graph.access.access_keys import KeyScope

    return kinfold.access_keys.create(KeyScope.WRITE)[0]


def _created_key(kinfold: Kinfold) -> None:
    from graph.access.access_keys import KeyScope

    identifier, _ = kinfold.access_keys.create(KeyScope.WRITE)
    assert [key["id"] for key in kinfold.access_keys.list()] == [identifier]


def _merged(kinfold: Kinfold) -> str:
    bo, one = resolved(kinfold, email="bo@example.com"), resolved(kinfold, email=ana)
    return str(kinfold.unions.merge(bo, one)["id"])


def _enrolled(kinfold: Kinfold) -> str:
    contact = resolved(kinfold, email=ana)
    kinfold.workflows.define("welcome")
    kinfold.workflows.set_status("welcome", contact, "active")
    return contact


def _listed(kinfold: Kinfold) -> str:
    contact = resolved(kinfold, email=ana)
    kinfold.segments.define("vip", "static")
    kinfold.segments.put_member("vip", contact)
    return contact


def _watched(kinfold: Kinfold) -> None:
    resolved(kinfold, email=ana)
    kinfold.segments.define("all", "dynamic", {"kind": "known"}, watch=True)


HOOK = "https://hooks.example.com/"


def _hook(kinfold: Kinfold) -> str:
    kinfold.webhooks._check = lambda *_, **__: None
    kinfold.webhooks.define("hook", HOOK, "secret")
    return "hook"


def _erased(kinfold: Kinfold) -> None:
    kinfold.erasures.erase(resolved(kinfold, email=ana))


BY_HAND: dict[str, tuple[Callable[[Kinfold], Any], Callable[[Kinfold, Any], Any]]] = {
    "giving a key": (lambda k: resolved(k, email=ana), lambda k, one: k.keys.give(one, "user_id", "u1")),
    "taking a key": (lambda k: resolved(k, email=ana), lambda k, one: k.keys.take(one, "email", ana)),
    "writing properties": (lambda k: resolved(k, email=ana), lambda k, one: k.properties.write(one, {"plan": "gold"})),
    "folding": (
        lambda k: (resolved(k, email="bo@example.com"), resolved(k, email=ana)),
        lambda k, two: k.unions.merge(*two),
    ),
    "undoing a union": (_merged, lambda k, merge: k.unions.undo(merge)),
    "defining a workflow": (lambda _: None, lambda k, _: k.workflows.define("welcome")),
    "enrolling": (
        lambda k: k.workflows.define("welcome") and resolved(k, email=ana),
        lambda k, one: k.workflows.set_status("welcome", one, "active"),
    ),
    "running a node": (_enrolled, lambda k, one: k.workflows.run("welcome", one, "mail", data={"opened": True})),
    "making an access key": (lambda _: None, lambda k, _: _created_key(k)),
    "revoking an access key": (_key, lambda k, key: k.access_keys.revoke(key)),
    "defining a segment": (lambda _: None, lambda k, _: k.segments.define("vip", "static")),
    "removing a segment": (_listed, lambda k, _: k.segments.remove("vip")),
    "putting on a list": (
        lambda k: k.segments.define("vip", "static") and resolved(k, email=ana),
        lambda k, one: k.segments.put_member("vip", one),
    ),
    "taking off a list": (_listed, lambda k, one: k.segments.drop_member("vip", one)),
    "looking at a watched segment": (_watched, lambda k, _: k.segments.sweep()),
    "blocking": (lambda _: None, lambda k, _: k.blocking.add("value", "kiosk")),
    "unblocking": (lambda k: k.blocking.add("value", "kiosk"), lambda k, _: k.blocking.remove("value", "kiosk")),
    "defining a webhook": (lambda _: None, lambda k, _: _hook(k)),
    "removing a webhook": (_hook, lambda k, name: k.webhooks.remove(name)),
    "replaying a webhook": (_hook, lambda k, name: k.webhooks.replay(name)),
    "changing a catalogue": (lambda _: None, lambda k, _: put(k, north={"kind": "anonymous", "spaces": {"home": {}}})),
    "proposing": (_proposition, lambda k, _: ask(k, "north/home", tracker_id="t1")),
    "noting an outcome": (_proposition, lambda k, one: k.propositions.note_outcome(one, "accepted")),
    "dismissing a finding": (_finding, lambda k, one: k.anomalies.dismiss(one)),
    "putting a finding back": (
        lambda k: k.anomalies.dismiss(_finding(k))["id"],
        lambda k, one: k.anomalies.reopen(one),
    ),
    "analysing": (_finding, lambda k, _: k.anomalies.refresh() and None),
    "erasing": (lambda k: resolved(k, email=ana, tracker_id="t1"), lambda k, one: k.erasures.erase(one)),
    "letting a key come back": (_erased, lambda k, _: k.suppression.allow("email", ana)),
    "sweeping": (
        lambda k: resolved(k, email=ana, occurred_at="2020-01-01T00:00:00Z"),
        lambda k, _: k.retention.sweep(datetime(2020, 2, 10, tzinfo=UTC)),
    ),
    "numbering the feed": (lambda k: resolved(k, email=ana), lambda k, _: len(k.feed.page()[0])),
}
"""What people and servers write beside events: what must be there, and the write."""


def shape(kinfold: Kinfold) -> dict[str, int]:
    """Count nodes by label, edges by type and changes by kind, but no receipts."""
    rows = kinfold.database.read(
        lambda tx: tx.run_text(
            "MATCH (n) WHERE NOT n:Receipt AND NOT n:Migration AND NOT n:Schema "
            "RETURN coalesce(n.kind, '') + reduce(all = '', one IN labels(n) | all + ':' + one) AS what, "
            "count(*) AS many UNION ALL MATCH ()-[r]->() RETURN type(r) AS what, count(*) AS many"
        )
    )
    return {row["what"]: row["many"] for row in rows}


def members(result: Any) -> Any:
    """Describe a result by what it holds, without ids and times."""
    if isinstance(result, dict):
        return {name: members(value) for name, value in result.items() if not name.endswith(("at", "as_of"))}
    return [members(item) for item in result] if isinstance(result, list | tuple) else type(result)


@pytest.mark.parametrize("name", BY_HAND)
def test_a_write_by_hand_whose_answer_was_lost_is_done_once_and_answered_as_ever(
    name: str, database: Database, server: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.conftest import empty

    begin, write = BY_HAND[name]
    settings = server.model_copy(update={"max_trackers": 2, "retention_days": 30})
    kinfold = Kinfold.on(database, settings)
    expected = members(write(kinfold, begin(kinfold)))
    expected_shape = shape(kinfold)
    empty(database)
    kinfold = Kinfold.on(database, settings)
    given = begin(kinfold)
    with first_answers_lost(monkeypatch) as lost:
        result = write(kinfold, given)
    assert lost
    assert members(result) == expected
    assert shape(kinfold) == expected_shape


def test_a_write_that_reaches_the_server_late_is_waited_for_and_recognised(
    database: Database, server: Settings, port: int
) -> None:
    ana_id = resolved(Kinfold.on(database, server), email=ana)
    armed = 0
    with through(server, port, lambda number: LATE if number == armed else None) as (lossy, proxy):
        kinfold = Kinfold.on(lossy, server)
        kinfold.blocking.current()
        armed = proxy.commits + 1
        assert kinfold.keys.take(ana_id, "email", ana)["emails"] == []
        assert proxy.lost == [LATE]
        armed = 0
        changes, _ = kinfold.feed.page()
    assert [change["kind"] for change in changes].count("key_taken") == 1


def test_receipts_of_answered_writes_go_with_the_next_and_old_ones_with_any(database: Database) -> None:
    def receipts() -> int:
        rows = database.read(lambda tx: tx.run_text("MATCH (r:Receipt) RETURN count(r) AS many"))
        return int(rows[0]["many"])

    database.write(
        lambda tx: tx.run_text(
            "UNWIND range(1, 15) AS n CREATE (:Receipt {id: 'old ' + n, attempt: 1, at: datetime() - duration('P2D')})"
        ),
        committed=REPEATABLE,
    )
    for _ in range(3):
        database.write(lambda tx: tx.run("database.ping"), committed=RECEIPT)
    assert receipts() == 1


# --- callbacks -----------------------------------------------------------------------------------------------


def test_a_callback_that_raises_ends_no_thread_and_writes_nothing_twice(database: Database, kinfold: Kinfold) -> None:
    def failing(*_: object) -> None:
        raise RuntimeError("a metric that is none")

    kinfold.resolver.answered = failing
    kinfold.database.retried = failing
    with CommitQueue(kinfold.resolver.resolve) as line:
        line.sizes = failing
        answers = [line.submit(Event(tracker_id="t1")).result(30) for _ in range(3)]
    assert [answer.outcome for answer in answers] == [Outcome.CREATED, Outcome.FOUND, Outcome.FOUND]
    assert count_activities(database) == 3
    kinfold.database.retried = lambda _: None


def test_a_batch_that_fails_outside_the_resolver_fails_alone() -> None:
    def lost(*_: object, **__: object) -> list[Any]:
        return []

    with CommitQueue(lost) as line:
        for _ in range(2):
            with pytest.raises(ValueError, match="shorter"):
                line.submit(Event(tracker_id="t1")).result(10)


# --- two at once ---------------------------------------------------------------------------------------------

AT_ONCE: dict[str, tuple[Callable[[Kinfold, str], Any], Callable[[Kinfold, str], Any], str]] = {
    "define a workflow": (lambda *_: None, lambda k, name: k.workflows.define(name), "workflow_defined"),
    "block": (lambda *_: None, lambda k, name: k.blocking.add("value", name), "block_rule_added"),
    "unblock": (
        lambda k, name: k.blocking.add("value", name),
        lambda k, name: k.blocking.remove("value", name),
        "block_rule_removed",
    ),
    "remove a segment": (
        lambda k, name: k.segments.define(name, "static"),
        lambda k, name: k.segments.remove(name),
        "segment_removed",
    ),
    "remove a webhook": (
        lambda k, name: k.webhooks.define(name, HOOK, "secret"),
        lambda k, name: k.webhooks.remove(name),
        "webhook_removed",
    ),
    "revoke a key": (
        lambda k, name: NAMED.update({name: _key(k)}),
        lambda k, name: k.access_keys.revoke(NAMED[name]),
        "access_key_revoked",
    ),
    "dismiss": (lambda *_: None, lambda k, name: k.anomalies.dismiss(name), "finding_dismissed"),
    "put back": (
        lambda k, name: k.anomalies.dismiss(name),
        lambda k, name: k.anomalies.reopen(name),
        "finding_undismissed",
    ),
}
NAMED: dict[str, str] = {}


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_several_do_at_once_stands_once_in_the_feed(
    name: str, kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, write, kind = AT_ONCE[name]
    monkeypatch.setattr(kinfold.anomalies, "_document", lambda id: {"id": id, "actions": []})
    monkeypatch.setattr(kinfold.webhooks, "_check", lambda *_, **__: None)
    turns, callers = 6, 4
    barrier = threading.Barrier(callers)

    def call(_: int) -> None:
        for turn in range(turns):
            barrier.wait(60)
            try:
                write(kinfold, f"n{turn}")
            except NotFound:
                continue

    for turn in range(turns):
        begin(kinfold, f"n{turn}")
    with ThreadPoolExecutor(callers) as threads:
        list(threads.map(call, range(callers)))
    changes, _ = kinfold.feed.page(limit=1_000)
    assert Counter(change["kind"] for change in changes)[kind] == turns
