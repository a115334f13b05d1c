"""The change feed: what writes to it, in one transaction with what it tells, and its order under many writers."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from neo4j import Transaction as BoltTransaction

from graph.access.access_keys import KeyScope
from graph.clock import Clock, to_micros
from graph.errors import BadInput, ClashError, Gone
from graph.feed.delivery import LEASE, Deliveries
from graph.identity.events import read_event
from graph.identity.resolver import Resolver
from graph.kinfold import Kinfold
from graph.model import Answer
from graph.settings import Settings
from graph.store.changes import acting_as, append, change_row
from graph.store.database import REPEATABLE, Database, Transaction
from tests.graph.analysis import worlds
from tests.graph.identity.test_concurrency import at_once, in_batches, some_events

Change = dict[str, Any]

pytestmark = pytest.mark.calendar


def resolve(kinfold: Kinfold, *events: dict[str, Any]) -> list[Answer]:
    return [kinfold.resolver.resolve([read_event(event)])[0] for event in events]


def feed(kinfold: Kinfold) -> list[Change]:
    """Read the whole feed, in pages."""
    items: list[Change] = []
    after: str | None = None
    while True:
        page, following = kinfold.feed.page(after=after, limit=100)
        if following is None:
            return items
        items, after = items + page, following


def kinds(kinfold: Kinfold) -> list[str]:
    return [change["kind"] for change in feed(kinfold)]


def ids(answers: list[Answer]) -> list[str]:
    return [str(answer.contact.id) for answer in answers if answer.contact is not None]


ANA = {"email": "ana@example.com", "tracker_id": "t1"}
BO = {"email": "bo@example.com", "tracker_id": "t2", "subscription": "s1"}


def test_a_plain_visit_writes_no_change(kinfold: Kinfold) -> None:
    resolve(kinfold, ANA, ANA, {"tracker_id": "t1", "properties": {"page": 2}}, {"tracker_id": "null"})
    assert kinds(kinfold) == ["created"]


def test_a_contact_is_created_then_claimed(kinfold: Kinfold) -> None:
    first, second = resolve(kinfold, {"tracker_id": "t1"}, {**ANA, "message_id": "m2"})
    created, claimed = feed(kinfold)
    contact = ids([first])[0]
    assert created | {"at": "", "message_id": ""} == {
        "id": "1",
        "kind": "created",
        "at": "",
        "contact": contact,
        "contact_kind": "anonymous",
        "rule": "5",
        "message_id": "",
    }
    assert (claimed["contact"], claimed["rule"], claimed["message_id"]) == (contact, "2.2", "m2")
    assert claimed["id"] == "2"
    assert created["at"] < claimed["at"]
    assert second.rule == "2.2"


def test_a_union_by_rule_and_its_undoing_name_both_contacts(kinfold: Kinfold) -> None:
    ana, other, _ = ids(resolve(kinfold, ANA, {"tracker_id": "t2"}, {**ANA, "tracker_id": "t2"}))
    merged = feed(kinfold)[-1]
    assert (merged["kind"], merged["contact"], merged["other"], merged["rule"]) == ("merged", ana, other, "3")
    with acting_as("key-1"):
        kinfold.unions.undo(merged["merge"])
    unmerged = feed(kinfold)[-1]
    assert (unmerged["kind"], unmerged["contact"], unmerged["other"]) == ("unmerged", other, ana)
    assert (unmerged["merge"], unmerged["by"]) == (merged["merge"], "key-1")
    assert "by" not in merged


def test_a_union_by_hand_says_by_whom(kinfold: Kinfold) -> None:
    ana, bo = ids(resolve(kinfold, ANA, BO))
    with acting_as("key-1"):
        entry = kinfold.unions.merge(bo, ana)
    merged = feed(kinfold)[-1]
    assert (merged["kind"], merged["contact"], merged["other"], merged["by"]) == ("merged", ana, bo, "key-1")
    assert merged["merge"] == entry["id"]
    assert "rule" not in merged


def test_a_shared_subscription_names_another_owner(kinfold: Kinfold) -> None:
    _, bo, made = ids(resolve(kinfold, ANA, BO, {"tracker_id": "t1", "subscription": "s1"}))
    shared = feed(kinfold)[-1]
    assert (shared["kind"], shared["contact"], shared["other"], shared["owners"]) == ("shared", made, bo, 2)
    assert shared["rule"] == "4.3.3"


def test_what_a_limit_holds_back_is_told(database: Database, server: Settings) -> None:
    kinfold = Kinfold.on(database, server.model_copy(update={"max_trackers": 1}))
    (contact, _) = ids(resolve(kinfold, ANA, {**ANA, "tracker_id": "t9"}))
    limited = feed(kinfold)[-1]
    assert (limited["kind"], limited["contact"]) == ("limited", contact)


def test_a_key_that_changes_hands_is_told_with_its_name_and_not_its_value(database: Database, server: Settings) -> None:
    kinfold = Kinfold.on(database, server.model_copy(update={"policy": "last_login"}))
    ana, bo, _ = ids(resolve(kinfold, ANA, BO, {"email": "ana@example.com", "tracker_id": "t2"}))
    moved = feed(kinfold)[-1]
    assert (moved["kind"], moved["contact"], moved["other"], moved["key"]) == ("moved", ana, bo, "tracker_id")


def test_changes_of_one_batch_are_in_the_order_of_its_events(kinfold: Kinfold) -> None:
    events = [{"tracker_id": "t1"}, ANA, {"tracker_id": "t2"}, {**ANA, "tracker_id": "t2"}, {"tracker_id": "t3"}]
    kinfold.resolver.resolve([read_event(event) for event in events])
    assert kinds(kinfold) == ["created", "claimed", "created", "merged", "created"]
    assert [change["id"] for change in feed(kinfold)] == ["1", "2", "3", "4", "5"]


def by_hand(kinfold: Kinfold, ana: str) -> list[tuple[str, Callable[[], object], dict[str, Any]]]:
    """What operators do, what the feed says of it, and what it must hold."""
    segment = {"property": "country", "is": "FR"}
    key = kinfold.access_keys
    return [
        ("key_given", lambda: kinfold.keys.give(ana, "user_id", "42"), {"contact": ana, "key": "user_id"}),
        ("key_taken", lambda: kinfold.keys.take(ana, "user_id", "42"), {"contact": ana, "key": "user_id"}),
        (
            "properties_written",
            lambda: kinfold.properties.write(ana, {"_name": "Anastasia"}),
            {"contact": ana, "properties": ["_name"]},
        ),
        (
            "segment_defined",
            lambda: kinfold.segments.define("french", "dynamic", segment),
            {"segment": "french", "segment_kind": "dynamic"},
        ),
        ("segment_removed", lambda: kinfold.segments.remove("french"), {"segment": "french"}),
        ("segment_defined", lambda: kinfold.segments.define("vip", "static"), {"segment_kind": "static"}),
        ("segment_entered", lambda: kinfold.segments.put_member("vip", ana), {"contact": ana, "segment": "vip"}),
        ("segment_left", lambda: kinfold.segments.drop_member("vip", ana), {"contact": ana, "segment": "vip"}),
        ("workflow_defined", lambda: kinfold.workflows.define("welcome"), {"workflow": "welcome"}),
        (
            "block_rule_added",
            lambda: kinfold.blocking.add("value", "kiosk"),
            {"rule_kind": "value", "value": "kiosk"},
        ),
        (
            "block_rule_removed",
            lambda: kinfold.blocking.remove("value", "kiosk"),
            {"rule_kind": "value", "value": "kiosk"},
        ),
        ("access_key_created", lambda: key.create(KeyScope.READ, name="Ana"), {"scope": "read"}),
        ("access_key_revoked", lambda: key.revoke(key.list()[0]["id"]), {"access_key": None}),
    ]


def test_every_act_of_an_operator_is_told_once_and_names_who(kinfold: Kinfold) -> None:
    (ana,) = ids(resolve(kinfold, ANA))
    for kind, act, holds in by_hand(kinfold, ana):
        before = len(feed(kinfold))
        with acting_as("key-1"):
            act()
        (change,) = feed(kinfold)[before:]
        assert (change["kind"], change["by"]) == (kind, "key-1")
        expected = {name: key_id(kinfold) if value is None else value for name, value in holds.items()}
        assert change.items() >= expected.items()


def key_id(kinfold: Kinfold) -> str:
    return str(kinfold.access_keys.list()[0]["id"])


def test_what_changes_nothing_is_not_told(kinfold: Kinfold) -> None:
    (ana,) = ids(resolve(kinfold, ANA))
    kinfold.segments.define("vip", "static")
    kinfold.segments.put_member("vip", ana)
    kinfold.workflows.define("welcome")
    kinfold.blocking.add("value", "kiosk")
    identifier, _ = kinfold.access_keys.create(KeyScope.READ)
    kinfold.access_keys.revoke(identifier)
    before = kinds(kinfold)
    kinfold.segments.put_member("vip", ana)
    kinfold.workflows.define("welcome")
    kinfold.blocking.add("value", "kiosk")
    kinfold.access_keys.revoke(identifier)
    kinfold.keys.give(ana, "tracker_id", "t1")
    assert kinds(kinfold) == before


def test_no_value_of_a_person_is_in_the_feed(kinfold: Kinfold) -> None:
    (ana,) = ids(resolve(kinfold, {**ANA, "properties": {"_name": "Anastasia"}}))
    for _, act, _ in by_hand(kinfold, ana):
        act()
    resolve(kinfold, BO, {"tracker_id": "t1", "subscription": "s1"}, {"email": "ana@example.com", "tracker_id": "t2"})
    said = str(feed(kinfold))
    assert not [value for value in ("example.com", "Anastasia", "'t1'", "'t2'", "'s1'") if value in said]


def test_a_dry_run_and_a_preview_write_no_change(kinfold: Kinfold) -> None:
    ana, bo = ids(resolve(kinfold, ANA, BO))
    kinfold.resolver.resolve([read_event({"tracker_id": "new"})], dry_run=True)
    kinfold.unions.preview_merge(bo, ana)
    kinfold.keys.preview_give(ana, "user_id", "42")
    assert kinds(kinfold) == ["created", "created"]


def test_a_refused_act_writes_no_change(kinfold: Kinfold) -> None:
    ana, _ = ids(resolve(kinfold, ANA, BO))
    with pytest.raises(ClashError):
        kinfold.keys.give(ana, "email", "bo@example.com")
    assert kinds(kinfold) == ["created", "created"]


def test_what_is_not_committed_is_in_neither_the_graph_nor_the_feed(kinfold: Kinfold) -> None:
    (ana,) = ids(resolve(kinfold, ANA))
    kinfold.segments.define("vip", "static")
    before = kinds(kinfold)
    with patch.object(BoltTransaction, "commit", side_effect=RuntimeError("cut off")):
        for act in (
            lambda: resolve(kinfold, {"tracker_id": "new"}),
            lambda: kinfold.segments.put_member("vip", ana),
            lambda: kinfold.keys.give(ana, "user_id", "42"),
        ):
            with pytest.raises(RuntimeError):
                act()
    assert kinds(kinfold) == before
    assert kinfold.contacts.get(ana)["segments"] == []
    assert kinfold.contacts.get(ana)["user_ids"] == []
    assert list(kinfold.contacts.owners("tracker_id", "new")) == []


def test_a_reader_goes_on_where_it_was(kinfold: Kinfold) -> None:
    resolve(kinfold, *({"tracker_id": f"t{number}"} for number in range(3)))
    first, after = kinfold.feed.page(limit=2)
    assert [change["id"] for change in first] == ["1", "2"]
    second, end = kinfold.feed.page(after=after)
    assert [change["id"] for change in second] == ["3"]
    assert kinfold.feed.page(after=end) == ([], None)
    resolve(kinfold, {"tracker_id": "later"})
    assert [change["id"] for change in kinfold.feed.page(after=end)[0]] == ["4"]
    assert [change["id"] for change in kinfold.feed.page(after="2")[0]] == ["3", "4"], "an id is a place too"


@pytest.mark.parametrize("after", ["nonsense", "-1", "99999999999999999999", "10", "", "1.5"])
def test_what_is_no_place_in_the_feed_is_refused_by_name(kinfold: Kinfold, after: str) -> None:
    resolve(kinfold, ANA)
    with pytest.raises(BadInput) as refused:
        kinfold.feed.page(after=after)
    assert [error.field for error in refused.value.errors] == ["after"]


def test_a_change_that_is_committed_late_comes_late_and_is_not_missed(kinfold: Kinfold) -> None:
    early = to_micros(datetime(2026, 1, 1, tzinfo=UTC))

    def slow(tx: Transaction) -> tuple[list[Change], str | None]:
        append(tx, change_row("created", early, "slow"))
        kinfold.database.write(
            lambda other: append(other, change_row("created", early + 10, "fast")), committed=REPEATABLE
        )
        return kinfold.feed.page()

    seen, after = kinfold.database.write(slow, committed=REPEATABLE)
    assert [change["contact"] for change in seen] == ["fast"]
    assert [change["contact"] for change in kinfold.feed.page(after=after)[0]] == ["slow"]
    assert [change["contact"] for change in feed(kinfold)] == ["fast", "slow"]


def test_one_look_that_misses_what_another_change_follows_from_is_not_trusted(kinfold: Kinfold) -> None:
    """The first look passes the place of a change before it is committed, and meets one that follows from it."""
    early = to_micros(datetime(2026, 1, 1, tzinfo=UTC))
    rows = [change_row("created", early, "c"), change_row("claimed", early + 1, "c")]
    kinfold.database.write(lambda tx: append(tx, *rows), committed=REPEATABLE)
    run, looks = Transaction.run, []

    def half_blind(self: Transaction, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        found = run(self, name, **parameters)
        if name == "feed.fresh":
            looks.append(name)
            return found[1:] if len(looks) == 1 else found
        return found

    with patch.object(Transaction, "run", half_blind):
        page, _ = kinfold.feed.page()
    assert [change["kind"] for change in page] == ["created", "claimed"]


class Behind(Clock):
    """The clock of a machine that is a minute late."""

    def next(self, count: int = 1, *, after: int = 0) -> int:
        late = to_micros(datetime.now(UTC) - timedelta(minutes=1))
        with self._lock:
            first = max(late, self._last + 1, after + 1)
            self._last = first + count - 1
            return first


def test_a_reader_beside_many_writers_sees_every_change_once_and_in_order(kinfold: Kinfold, database: Database) -> None:
    resolvers = [Resolver(database), Resolver(database, clock=Behind()), kinfold.resolver, Resolver(database)]
    writing = threading.Event()
    writing.set()

    def write(seed: int) -> list[Answer]:
        batches = in_batches(seed, some_events(seed, 80))
        return [answer for batch in batches for answer in resolvers[seed % len(resolvers)].resolve(batch)]

    def read() -> list[Change]:
        seen: list[Change] = []
        after: str | None = None
        while True:
            last_look = not writing.is_set()
            page, following = kinfold.feed.page(after=after, limit=7)
            seen, after = seen + page, following or after
            if last_look and not page:
                return seen

    def write_all() -> list[list[Answer]]:
        try:
            return at_once(*(lambda seed=seed: write(seed) for seed in range(8)))  # type: ignore[misc]
        finally:
            writing.clear()

    answers, first, second = at_once(write_all, read, read)  # type: ignore[misc]
    numbers = [int(change["id"]) for change in first]
    assert numbers == list(range(1, len(numbers) + 1))
    assert first == second == feed(kinfold)
    told = [answer for mine in answers for answer in mine if not answer.duplicate]
    assert [change["kind"] for change in first].count("merged") == sum(len(answer.merged) for answer in told)
    for kind in ("created", "claimed"):
        by_answer = {answer.contact.id for answer in told if answer.outcome == kind}
        assert {change["contact"] for change in first if change["kind"] == kind} >= by_answer
    known: set[str] = set()
    folded: set[str] = set()
    for change in first:
        contact, other = change["contact"], change.get("other")
        if change["kind"] == "created":
            assert contact not in known, "created once"
            known.add(contact)
        assert {contact, other} - {None} <= known, "created before anything else is told of it"
        assert contact not in folded, "nothing of its own after it was folded"
        if change["kind"] == "merged":
            folded.add(other)


def test_old_changes_are_swept_and_who_lags_behind_is_told(kinfold: Kinfold) -> None:
    old = to_micros(datetime.now(UTC) - timedelta(days=10))
    kinfold.database.write(
        lambda tx: append(tx, *(change_row("created", old + n, f"c{n}") for n in range(5))), committed=REPEATABLE
    )
    _, after = kinfold.feed.page(limit=2)
    resolve(kinfold, ANA)
    feed(kinfold)
    assert kinfold.feed.sweep(days=0) == 0
    assert kinfold.feed.sweep(days=20) == 0
    assert kinfold.feed.sweep(days=7, until=3) == 3
    assert kinfold.feed.sweep(days=7) == 2
    assert [change["id"] for change in feed(kinfold)] == ["6"]
    with pytest.raises(Gone):
        kinfold.feed.page(after=after)
    assert [change["id"] for change in kinfold.feed.page(after="5")[0]] == ["6"]


def test_who_has_lost_the_lease_sweeps_no_further(kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.feed.feed.BATCH", 2)
    old = to_micros(datetime.now(UTC) - timedelta(days=10))
    kinfold.database.write(
        lambda tx: append(tx, *(change_row("created", old + n, f"c{n}") for n in range(6))), committed=REPEATABLE
    )
    kinfold.feed.number()
    with (
        Deliveries(kinfold.database, kinfold.feed, kinfold.webhooks) as ours,
        Deliveries(kinfold.database, kinfold.feed, kinfold.webhooks) as others,
    ):
        assert ours.hold()
        batches: list[bool] = []

        def held(tx: Transaction) -> bool:
            if batches:  # after the first batch another process takes over
                tx.run("webhooks.lease", name=LEASE, holder=others.holder, seconds=0)
            batches.append(ours.held(tx))
            if len(batches) == 1:
                tx.run("webhooks.lease", name=LEASE, holder=ours.holder, seconds=0)
            return batches[-1]

        assert kinfold.feed.sweep(days=7, held=held) == 2
        assert batches[:2] == [True, False]
        assert kinfold.feed.sweep(days=7, held=ours.held) == 0
        assert others.hold()
        assert kinfold.feed.sweep(days=7, held=others.held) == 4
        others.release()


def test_lag_counts_what_nobody_numbered(kinfold: Kinfold) -> None:
    assert kinfold.feed.lag().last == 0
    resolve(kinfold, ANA)
    assert kinfold.feed.lag().unnumbered_seconds > 0
    kinfold.feed.number()
    lag = kinfold.feed.lag()
    assert (lag.last, lag.unnumbered_seconds, lag.undelivered) == (1, 0.0, 0)


FRENCH = {"property": "country", "is": "FR"}


def test_a_watched_segment_tells_who_comes_and_who_leaves_at_the_next_look(kinfold: Kinfold) -> None:
    ana, bo = ids(resolve(kinfold, {**ANA, "properties": {"country": "FR"}}, BO))
    kinfold.segments.define("french", "dynamic", FRENCH, watch=True)
    assert kinfold.segments.get("french")["watch"] is True
    before = len(feed(kinfold))
    assert kinfold.segments.sweep() == 1
    assert kinfold.segments.sweep() == 0
    kinfold.properties.write(ana, {"country": "DE"})
    kinfold.properties.write(bo, {"country": "FR"})
    assert kinfold.segments.sweep() == 2
    told = [
        (change["kind"], change["contact"], change["segment"])
        for change in feed(kinfold)[before:]
        if change["kind"].startswith("segment")
    ]
    assert told == [
        ("segment_entered", ana, "french"),
        ("segment_entered", bo, "french"),
        ("segment_left", ana, "french"),
    ]


def test_a_folded_contact_leaves_a_watched_segment_and_comes_back_with_the_undoing(kinfold: Kinfold) -> None:
    ana, bo = ids(resolve(kinfold, ANA, {**BO, "properties": {"country": "FR"}}))
    kinfold.segments.define("french", "dynamic", FRENCH, watch=True)
    kinfold.segments.sweep()
    entry = kinfold.unions.merge(bo, ana)
    kinfold.segments.sweep()
    kinfold.unions.undo(entry["id"])
    kinfold.segments.sweep()
    told = [
        (change["kind"], change["contact"]) for change in feed(kinfold) if change.get("segment") and change["contact"]
    ]
    assert told == [
        ("segment_entered", bo),
        ("segment_entered", ana),
        ("segment_left", bo),
        ("segment_entered", bo),
        ("segment_left", ana),
    ]


def test_a_large_watched_segment_is_compared_in_pages(kinfold: Kinfold) -> None:
    with patch("graph.segments.segments._LOOKED_AT", 3):
        people = ids(resolve(kinfold, *({"tracker_id": f"t{n}", "properties": {"country": "FR"}} for n in range(8))))
        kinfold.segments.define("french", "dynamic", FRENCH, watch=True)
        assert kinfold.segments.sweep() == 8
        for gone in (people[0], people[4], people[7]):
            kinfold.properties.write(gone, {"country": None})
        assert kinfold.segments.sweep() == 3
        assert kinfold.segments.sweep() == 0
    left = {change["contact"] for change in feed(kinfold) if change["kind"] == "segment_left"}
    assert left == {people[0], people[4], people[7]}


def test_a_segment_that_is_watched_no_more_is_forgotten(kinfold: Kinfold) -> None:
    resolve(kinfold, {**ANA, "properties": {"country": "FR"}})
    kinfold.segments.define("french", "dynamic", FRENCH, watch=True)
    kinfold.segments.sweep()
    kinfold.segments.define("french", "dynamic", FRENCH)
    assert kinfold.segments.sweep() == 0
    kinfold.segments.define("french", "dynamic", FRENCH, watch=True)
    assert kinfold.segments.sweep() == 1, "it begins anew"
    kinfold.segments.define("french", "dynamic", {"property": "country", "is": "DE"}, watch=True)
    assert kinfold.segments.sweep() == 1, "a new condition tells who left by it"
    kinfold.segments.remove("french")
    left = kinfold.database.read(lambda tx: tx.run("segments.watched", name="french", after="", until=None))
    assert left == []


@pytest.mark.parametrize(("kind", "watch"), [("static", True), ("dynamic", "yes"), ("dynamic", None)])
def test_watching_breaks_a_rule(kinfold: Kinfold, kind: str, watch: Any) -> None:
    with pytest.raises(BadInput) as refused:
        kinfold.segments.define("s", kind, None if kind == "static" else FRENCH, watch=watch)
    assert [error.field for error in refused.value.errors] == ["watch"]


def test_a_new_finding_with_a_high_score_is_told_once(kinfold: Kinfold) -> None:
    kinfold.resolver.resolve(
        [
            read_event(
                {"email": f"p{person}@example.com", "tracker_id": "kiosk", "occurred_at": f"2026-11-{day:02}T10:00:00Z"}
            )
            for day in range(1, 3)
            for person in range(25)
        ]
    )
    kinfold.resolver.resolve([read_event({"email": f"q{n}@example.com", "tracker_id": f"own-{n}"}) for n in range(60)])
    kinfold.anomalies.refresh()
    raised = [change for change in feed(kinfold) if change["kind"] == "finding_raised"]
    # Those that an event raised say which; they have a scale of their own.
    found = [change for change in raised if "message_id" not in change]
    assert found
    assert all(change["score"] >= 0.9 for change in found)
    kinfold.anomalies.refresh()
    assert [change for change in feed(kinfold) if change["kind"] == "finding_raised"] == raised
    kinfold.anomalies.dismiss(found[0]["finding"])
    kinfold.anomalies.dismiss(found[0]["finding"])
    kinfold.anomalies.reopen(found[0]["finding"])
    assert kinds(kinfold)[-2:] == ["finding_dismissed", "finding_undismissed"]
    (told,) = [change for change in raised if change["finding_kind"] == "many_emails"]
    assert told["subject"] == {"type": "tracker", "value": "kiosk"}
    assert (told["persons_total"], len(told["persons"])) == (25, 20)
    assert "25 persons logged in" in told["reason"]


def test_an_alert_on_a_shared_subscription_says_which_whose_and_why_until_they_are_erased(kinfold: Kinfold) -> None:
    worlds.send(kinfold, worlds.bystanders() + worlds.shared_subscription(30))
    kinfold.anomalies.refresh()
    alerts = [change for change in feed(kinfold) if change.get("finding_kind") == "shared_subscription"]
    # By the commit that brings it to five persons and by those that double them; the analysis does not raise it again.
    totals = [alert["persons_total"] for alert in alerts]
    assert totals[0] >= 5
    assert all(2 * before <= after for before, after in pairwise(totals))
    told = alerts[-1]
    owners = {owner["id"] for owner in kinfold.contacts.owners("subscription", "push-x")}
    assert told["subject"] == {"type": "subscription", "value": "push-x"}
    assert set(told["persons"]) <= owners
    assert len(told["persons"]) == min(20, totals[-1])
    assert told["reason"].startswith(f"{totals[-1]} persons named themselves with this subscription")
    kinfold.erasures.erase(told["persons"][0])
    (emptied,) = [change for change in feed(kinfold) if change["id"] == told["id"]]
    assert emptied == {"id": told["id"], "kind": "finding_raised", "at": told["at"], "contact": None, "emptied": True}
