"""With ``neo4j://``: readers are sent apart from writers, see what was written, and a leader that goes harms nobody."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import neo4j
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from neo4j.exceptions import Neo4jError

from graph.errors import BadBookmark, BadInput, Unavailable
from graph.identity.events import read_event
from graph.identity.resolver import Resolver
from graph.kinfold import Kinfold
from graph.model import Outcome
from graph.settings import Settings
from graph.store.bookmarks import MAX_BOOKMARK, Bookmarks
from graph.store.database import REPEATABLE, Database, Transaction, reading_after
from tests.api.conftest import open_client
from tests.api.http.test_access import bearer
from tests.api.pinned import refused
from tests.graph.identity.test_concurrency import at_once
from tests.graph.identity.test_properties_always import check_invariants, count_activities
from tests.graph.store.proxy import Loss, proxied


@contextmanager
def routed(server: Settings, port: int | None = None, **more: Any) -> Iterator[Database]:
    """The tests' server, reached by routing, through another port if one is given."""
    address = urlsplit(server.neo4j_uri or "")
    settings = server.model_copy(update={"retry_seconds": 60, **more})
    password = server.neo4j_password.get_secret_value()
    uri = f"neo4j://{address.hostname}:{port or address.port}"
    with Database.connect(uri, server.neo4j_user, password, settings) as database:
        assert database.routed
        yield database


@pytest.fixture
def port(server: Settings) -> int:
    address = urlsplit(server.neo4j_uri or "")
    if address.hostname not in ("127.0.0.1", "localhost") or address.port is None:
        pytest.skip("the server is on another machine")
    return address.port


# --- a leader that goes --------------------------------------------------------------------------------------


def test_batches_whose_commits_are_cut_off_by_turns_are_done_once(
    database: Database, server: Settings, port: int
) -> None:
    def loses(commit: int) -> Loss:
        return {0: "before", 3: "after"}.get(commit % 6)  # type: ignore[return-value]

    writers, turns, size = 4, 12, 5
    with proxied(port, loses) as proxy, routed(server, proxy.port) as through:
        resolver = Resolver(through)

        def write(writer: int) -> list[bool]:
            duplicates = []
            for turn in range(turns):
                batch = [
                    read_event(
                        {
                            "email": f"p{writer}@example.com",
                            "tracker_id": f"t{writer} {turn}",
                            "subscription": f"shared {number}",
                            "message_id": f"{writer} {turn} {number}",
                        }
                    )
                    for number in range(size)
                ]
                duplicates += [answer.duplicate for answer in resolver.resolve(batch)]
            return duplicates

        answered = at_once(*(lambda writer=writer: write(writer) for writer in range(writers)))
        assert {"before", "after"} == set(proxy.lost)
    assert not any(map(any, answered)), "what was sent once is answered as new, whatever became of its commits"
    rows = database.read(lambda tx: tx.run_text("MATCH (a:Activity) RETURN a.message_id AS message"))
    expected = (
        f"{writer} {turn} {number}" for writer in range(writers) for turn in range(turns) for number in range(size)
    )
    assert Counter(row["message"] for row in rows) == Counter(expected)
    check_invariants(database)


@pytest.mark.parametrize(
    "code",
    [
        "Neo.ClientError.Cluster.NotALeader",
        "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
        "Neo.TransientError.Transaction.LeaderSwitch",
        "Neo.TransientError.Cluster.ReplicationFailure",
        "Neo.TransientError.General.DatabaseUnavailable",
    ],
)
@pytest.mark.parametrize("at", ["at once", "in the middle", "at the commit"])
def test_a_batch_that_the_leader_no_longer_takes_is_done_once_by_the_next_one(
    code: str, at: str, database: Database, server: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [
        read_event({"tracker_id": "t1", "message_id": "m1"}),
        read_event({"email": "ana@example.com", "message_id": "m2"}),
        read_event({"tracker_id": "t1", "email": "ana@example.com", "message_id": "m3"}),
        read_event({"tracker_id": "t2", "email": "bob@example.com", "message_id": "m4"}),
    ]
    # What a union folds that was there before is read in the middle of the batch.
    Resolver(database).resolve([read_event({"tracker_id": "t2"}), read_event({"email": "bob@example.com"})])
    sent: list[str] = []
    run, commit = neo4j.Transaction.run, neo4j.Transaction.commit

    def refuse() -> None:
        sent.append(code)
        raise Neo4jError._hydrate_neo4j(code=code, message="no longer the leader")

    def running(self: neo4j.Transaction, text: Any, *args: Any, **kwargs: Any) -> Any:
        if code not in sent and (at == "at once" or (at == "in the middle" and "run" in sent)):
            refuse()
        sent.append("run")
        return run(self, text, *args, **kwargs)

    def committing(self: neo4j.Transaction) -> None:
        if code not in sent and at == "at the commit":
            self.rollback()
            refuse()
        commit(self)

    with routed(server) as through, monkeypatch.context() as patched:
        patched.setattr(neo4j.Transaction, "run", running)
        patched.setattr(neo4j.Transaction, "commit", committing)
        answers = Resolver(through).resolve(batch)
    assert sent.count(code) == 1
    assert [answer.outcome for answer in answers] == [*[Outcome.CREATED] * 2, *[Outcome.MERGED] * 2]
    assert not any(answer.duplicate for answer in answers)
    assert count_activities(database) == 6
    check_invariants(database)


def test_who_waits_too_long_for_a_connection_is_told_to_come_again(server: Settings) -> None:
    with routed(server, pool_size=1, retry_seconds=0.3) as through:

        def hold(_: Transaction) -> None:
            with pytest.raises(Unavailable, match="sending this again is safe"):
                through.read(lambda tx: tx.run("database.ping"))

        through.write(hold, committed=REPEATABLE)


# --- who reads where -----------------------------------------------------------------------------------------


@contextmanager
def watched(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, frozenset[str]]]]:
    """Of every session that is opened meanwhile: what it is for, and after what it reads."""
    opened: list[tuple[str, frozenset[str]]] = []
    session = database._driver.session

    def opening(**config: Any) -> neo4j.Session:
        given: neo4j.Bookmarks | None = config["bookmarks"]
        seen = database._bookmarks.get_bookmarks()
        opened.append((config["default_access_mode"], frozenset(given.raw_values if given else ()) | frozenset(seen)))
        return session(**config)

    with monkeypatch.context() as patched:
        patched.setattr(database._driver, "session", opening)
        yield opened


def test_readers_may_go_to_followers_and_wait_for_what_this_server_wrote(
    database: Database, server: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with routed(server) as through:
        kinfold = Kinfold.on(through, server)
        (answer,) = kinfold.resolver.resolve([read_event({"tracker_id": "t1"})])
        written = through.bookmarks()
        assert written
        with watched(through, monkeypatch) as opened:
            assert kinfold.contacts.owners("tracker_id", "t1")[0]["id"] == answer.contact.id  # type: ignore[union-attr]
            kinfold.resolver.resolve([read_event({"tracker_id": "t1"})])
    assert opened[0] == (neo4j.READ_ACCESS, written)
    assert opened[-1][0] == neo4j.WRITE_ACCESS


def test_a_bookmark_of_one_server_is_waited_for_by_the_readers_of_another(
    database: Database, server: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Settings(admin_key="a-1", write_key="w-1")  # type: ignore[arg-type]
    own = server.model_copy(update={"admin_key": keys.admin_key, "write_key": keys.write_key})
    mute = own.model_copy(update={"write_answer": "minimal"})
    event = {"tracker_id": "t1"}
    with (
        routed(server) as one,
        routed(server) as other,
        open_client(Kinfold.on(one, own)) as first,
        open_client(Kinfold.on(other, own)) as second,
        open_client(Kinfold.on(one, mute)) as third,
    ):
        wrote = first.post("/v1/resolve", json=event, headers=bearer("a-1"))
        bookmark = wrote.headers["kinfold-bookmark"]
        written = one.bookmarks()
        assert re.fullmatch(r"[\w-]+", bookmark)
        assert len(bookmark) < 400
        with watched(other, monkeypatch) as opened:
            read = second.get("/v1/contacts?tracker_id=t1", headers=bearer("a-1") | {"Kinfold-Bookmark": bookmark})
        assert [item["id"] for item in read.json()["items"]] == [wrote.json()["contact"]["id"]]
        assert written <= opened[-1][1]
        assert "kinfold-bookmark" not in read.headers
        assert "kinfold-bookmark" in second.post("/v1/resolve", json=event, headers=bearer("w-1")).headers
        assert "kinfold-bookmark" not in third.post("/v1/resolve", json=event, headers=bearer("w-1")).headers
        assert "kinfold-bookmark" not in first.post("/v1/resolve", json={"x": 1}, headers=bearer("a-1")).headers
        for bad in ("", "nonsense", bookmark[:-2] + "xx", "x" * 5000, "é"):
            sent = bearer("a-1") | {"Kinfold-Bookmark": bad.encode()}
            answer = second.get("/v1/contacts?tracker_id=t1", headers=sent)
            assert [error["field"] for error in refused(answer, 422, "bad_input")] == ["Kinfold-Bookmark"], bad
        twice = [("Authorization", "Bearer a-1"), *[("Kinfold-Bookmark", bookmark)] * 2]
        refused(second.get("/v1/contacts?tracker_id=t1", headers=twice), 422, "bad_input")


def test_without_routing_there_are_no_bookmarks_in_answers(kinfold: Kinfold) -> None:
    with open_client(kinfold) as client:
        answer = client.post("/v1/resolve", json={"tracker_id": "t1"}, headers={"Kinfold-Bookmark": "whatever"})
    assert answer.status_code == 200
    assert "kinfold-bookmark" not in answer.headers


def test_what_the_database_does_not_know_as_a_bookmark_is_bad_input(database: Database) -> None:
    with reading_after(frozenset({"nonsense"})), pytest.raises(BadInput, match="Kinfold-Bookmark"):
        database.read(lambda tx: tx.run("database.ping"))


@bounds(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_text=st.one_of(st.text(max_size=MAX_BOOKMARK + 1), st.from_regex(r"[\w-]{30,90}", fullmatch=True)))
def test_nobody_makes_a_bookmark_up(given_text: str, database: Database) -> None:
    bookmarks = Bookmarks(database)
    bookmarks._secret = b"secret"
    with pytest.raises(BadBookmark):
        bookmarks.read(given_text)
