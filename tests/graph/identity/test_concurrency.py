"""Many writers at once: whoever comes first, the graph is one that some order of the events explains."""

import multiprocessing
import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

import pytest

from graph.errors import TryAgain
from graph.identity.events import Event, read_event
from graph.identity.resolver import Resolver
from graph.kinfold import Kinfold
from graph.model import Answer, Outcome
from graph.settings import Settings
from graph.store.database import PATIENCE, REPEATABLE, Database, Transaction
from tests.graph.identity.test_properties_always import check_invariants, count_activities

pytestmark = pytest.mark.calendar

Result = TypeVar("Result")

WRITERS = 16


def at_once(*works: Callable[[], Result]) -> list[Result]:
    """Run every work in a thread of its own, all from the same moment; any error is the test's."""
    together = threading.Barrier(len(works))

    def run(work: Callable[[], Result]) -> Result:
        together.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return [future.result() for future in [threads.submit(run, work) for work in works]]


def some_events(seed: int, count: int) -> list[Event]:
    """Make events of three people on few devices, so that writers meet on nearly every one."""
    chance = random.Random(seed)

    def maybe(share: float, values: Sequence[str]) -> str | None:
        return chance.choice(values) if chance.random() < share else None

    return [
        read_event(
            {
                "email": maybe(0.35, ["ana@example.com", "bo@example.com", "cy@example.com"]),
                "user_id": maybe(0.2, ["u1", "u2", "u3"]),
                "tracker_id": maybe(0.8, [*(f"t{number}" for number in range(6)), f"new {seed} {turn}"]),
                "subscription": maybe(0.3, ["s1", "s2", "s3"]),
                "properties": {chance.choice("ab"): turn} if chance.random() < 0.5 else {},
                "message_id": f"{seed}-{turn}",
            }
        )
        for turn in range(count)
    ]


def in_batches(seed: int, events: Sequence[Event]) -> list[list[Event]]:
    """Cut events into single ones and batches of up to six."""
    chance, batches, start = random.Random(-seed), [], 0
    while start < len(events):
        size = chance.choice([1, 1, 1, 2, 6])
        batches.append(list(events[start : start + size]))
        start += size
    return batches


def write_some(resolver: Resolver, seed: int, count: int) -> list[Answer]:
    return [answer for batch in in_batches(seed, some_events(seed, count)) for answer in resolver.resolve(batch)]


def messages(database: Database) -> Counter[str]:
    rows = database.read(lambda tx: tx.run_text("MATCH (a:Activity) RETURN a.message_id AS message"))
    return Counter(row["message"] for row in rows)


def living(kinfold: Kinfold, answers: Sequence[Answer]) -> set[str]:
    """Return the contacts that the answers' contacts are by now."""
    return {kinfold.contacts.get(answer.contact.id)["id"] for answer in answers if answer.contact and answer.contact.id}


# --- a crowd -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["strict", "continuity", "last_login"])
def test_sixteen_writers_on_the_same_people_lose_nothing_and_break_nothing(
    policy: str, database: Database, kinfold: Kinfold
) -> None:
    resolver = Resolver(database, policy=policy)
    answers = at_once(*(lambda seed=seed: write_some(resolver, seed, 25) for seed in range(WRITERS)))
    check_invariants(database)
    assert messages(database) == Counter(f"{seed}-{turn}" for seed in range(WRITERS) for turn in range(25))
    for given in answers:
        assert not any(answer.duplicate for answer in given)
        living(kinfold, given)


def test_writers_with_clocks_of_their_own_keep_one_order_of_arrival(database: Database) -> None:
    # As on several machines: each resolver stamps arrivals by itself.
    at_once(*(lambda seed=seed: write_some(Resolver(database), seed, 20) for seed in range(8)))
    check_invariants(database)
    rows = database.read(
        lambda tx: tx.run_text(
            "MATCH (c:Contact)-[:HAS]->(:Timeline)<-[:ON]-(a:Activity) "
            "WITH c, max(a.received_at) AS newest WHERE newest > c.last_seen_at RETURN c.id"
        )
    )
    assert rows == []


def test_writers_in_several_processes_lose_nothing_and_break_nothing(
    database: Database, kinfold: Kinfold, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NEO4J_URI", "NEO4J_USER", "NEO4J_PASSWORD"):
        monkeypatch.setenv(name, environment[name])
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager:
        together = manager.Barrier(4)
        with spawn.Pool(4) as processes:
            seeds = [range(number * 4, number * 4 + 4) for number in range(4)]
            duplicates = processes.starmap(write_in_a_process, [(together, list(some), 20) for some in seeds])
    assert duplicates == [0, 0, 0, 0]
    check_invariants(database)
    assert messages(database) == Counter(f"{seed}-{turn}" for seed in range(16) for turn in range(20))


def write_in_a_process(together: Any, seeds: list[int], count: int) -> int:
    """Write with one thread a seed; return how many answers said duplicate."""
    settings = Settings()
    assert settings.neo4j_uri
    password = settings.neo4j_password.get_secret_value()
    with Database.connect(settings.neo4j_uri, settings.neo4j_user, password, settings) as database:
        database.ready()
        resolver = Resolver(database)
        together.wait()
        answers = at_once(*(lambda seed=seed: write_some(resolver, seed, count) for seed in seeds))
    return sum(answer.duplicate for given in answers for answer in given)


def test_dry_runs_beside_writers_answer_and_write_nothing(database: Database) -> None:
    resolver = Resolver(database)

    def rehearse(seed: int) -> int:
        answers = [
            answer
            for batch in in_batches(seed, some_events(seed, 25))
            for answer in resolver.resolve(batch, dry_run=True)
        ]
        return len(answers)

    works = [lambda seed=seed: len(write_some(resolver, seed, 25)) for seed in range(8)]
    works += [lambda seed=seed: rehearse(seed) for seed in range(100, 108)]
    assert at_once(*works) == [25] * 16
    check_invariants(database)
    assert messages(database) == Counter(f"{seed}-{turn}" for seed in range(8) for turn in range(25))


# --- two who meet --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        {"email": "ana@example.com"},
        {"user_id": "42"},
        {"tracker_id": "t1"},
        {"subscription": "s1"},
        {"email": "ana@example.com", "user_id": "42", "tracker_id": "t1", "subscription": "s1"},
    ],
    ids=["email", "user id", "tracker", "subscription", "every key"],
)
def test_writers_that_bring_the_same_new_key_at_once_end_with_one_contact(
    event: dict[str, str], kinfold: Kinfold
) -> None:
    for _ in range(3):
        event = {key: value.replace("ana", "ana.x") if "@" in value else value + "x" for key, value in event.items()}
        one = read_event(event)
        answers = [answers[0] for answers in at_once(*[lambda one=one: kinfold.resolver.resolve([one])] * WRITERS)]
        assert len({answer.contact.id for answer in answers if answer.contact}) == 1
        assert sorted(answer.outcome for answer in answers) == [Outcome.CREATED] + [Outcome.FOUND] * (WRITERS - 1)
    check_invariants(kinfold.database)
    assert count_activities(kinfold.database) == 3 * WRITERS


def test_two_writers_that_bring_one_new_email_from_two_devices_end_with_one_contact(kinfold: Kinfold) -> None:
    for number in range(10):
        events = [
            read_event({"email": f"p{number}@example.com", "tracker_id": f"{side} {number}"}) for side in ("a", "b")
        ]
        answers = [given[0] for given in at_once(*(lambda one=one: kinfold.resolver.resolve([one]) for one in events))]
        (contact,) = living(kinfold, answers)
        assert set(kinfold.contacts.get(contact)["trackers"]) == {f"a {number}", f"b {number}"}
    check_invariants(kinfold.database)


def test_writers_that_claim_one_visitor_with_two_emails_at_once_make_two_people(kinfold: Kinfold) -> None:
    for number in range(10):
        kinfold.resolver.resolve([read_event({"tracker_id": f"t{number}"})])
        events = [
            read_event({"email": f"{side}{number}@example.com", "tracker_id": f"t{number}"}) for side in ("a", "b")
        ]
        answers = [given[0] for given in at_once(*(lambda one=one: kinfold.resolver.resolve([one]) for one in events))]
        assert sorted(answer.rule or "" for answer in answers) == ["2.2", "2.3"]
        assert len(living(kinfold, answers)) == 2
    check_invariants(kinfold.database)


def test_one_message_from_eight_writers_at_once_is_one_activity(kinfold: Kinfold) -> None:
    for number in range(5):
        event = read_event({"tracker_id": f"t{number}", "message_id": f"m{number}"})
        answers = [given[0] for given in at_once(*[lambda event=event: kinfold.resolver.resolve([event])] * 8)]
        assert [answer.duplicate for answer in answers].count(False) == 1
        assert len({(answer.contact.id, answer.tracker_id) for answer in answers if answer.contact}) == 1
        assert {(answer.rule, answer.outcome) for answer in answers} == {("5", Outcome.CREATED)}
    assert messages(kinfold.database) == Counter(f"m{number}" for number in range(5))
    check_invariants(kinfold.database)


def test_one_message_without_keys_in_common_from_eight_writers_at_once_is_one_activity(kinfold: Kinfold) -> None:
    # Nothing but the message is the same: no key's lock keeps the writers apart.
    for number in range(5):
        events = [read_event({"tracker_id": f"t{number} {side}", "message_id": f"m{number}"}) for side in range(8)]
        answers = [given[0] for given in at_once(*(lambda one=one: kinfold.resolver.resolve([one]) for one in events))]
        assert [answer.duplicate for answer in answers].count(False) == 1
        assert len({answer.contact.id for answer in answers if answer.contact}) == 1
    assert messages(kinfold.database) == Counter(f"m{number}" for number in range(5))
    check_invariants(kinfold.database)


def test_a_repeated_message_names_who_owns_it_while_its_contact_is_folded(kinfold: Kinfold) -> None:
    for number in range(15):
        visitor, email = f"t{number}", f"p{number}@example.com"
        kinfold.resolver.resolve(
            [read_event({"tracker_id": visitor, "message_id": f"m{number}"}), read_event({"email": email})]
        )
        again = read_event({"message_id": f"m{number}"})
        login = read_event({"email": email, "tracker_id": visitor})
        works = [lambda one=one: kinfold.resolver.resolve([one])[0] for one in [again] * 4 + [login] + [again] * 3]
        answers = at_once(*works)
        (contact,) = living(kinfold, answers)
        assert all(answer.duplicate for place, answer in enumerate(answers) if place != 4)
        after = kinfold.resolver.resolve([again])[0]
        assert after.contact
        assert after.contact.id == contact
    check_invariants(kinfold.database)


# --- unions that cross ---------------------------------------------------------------------------------------


def test_unions_that_cross_leave_one_contact_with_everything(kinfold: Kinfold) -> None:
    # Every login folds a visitor into Ana; half of them come in a batch in the opposite order of keys.
    for turn in range(4):
        email = f"ana{turn}@example.com"
        trackers = [f"t{turn} {number}" for number in range(WRITERS)]
        visits = [read_event({"tracker_id": tracker, "message_id": tracker}) for tracker in trackers]
        kinfold.resolver.resolve(visits)
        logins = [read_event({"email": email, "tracker_id": tracker}) for tracker in trackers]
        at_once(
            *(lambda one=one: kinfold.resolver.resolve([one]) for one in logins[:12]),
            lambda logins=logins: kinfold.resolver.resolve(logins[8:]),
            lambda logins=logins: kinfold.resolver.resolve(logins[::-1]),
        )
        (ana,) = kinfold.contacts.owners("email", email)
        assert set(ana["trackers"]) == set(trackers)
        history, _ = kinfold.contacts.activity(ana["id"], limit=100)
        assert {item["message_id"] for item in history} >= set(trackers)
        for tracker in trackers:
            assert [owner["id"] for owner in kinfold.contacts.owners("tracker_id", tracker)] == [ana["id"]]
    check_invariants(kinfold.database)


def test_a_chain_of_unions_through_common_contacts_at_once_loses_nobody(kinfold: Kinfold) -> None:
    # Visitor n owns subscription n; the events tie visitor n to subscription n + 1 (4.2: folded into its owner),
    # so that every union's target is the next one's source.
    for turn in range(4):
        length = 10
        names = [f"{turn} {number}" for number in range(length)]
        kinfold.resolver.resolve(
            [
                read_event({"subscription": f"s{name}", "tracker_id": f"t{name}", "message_id": f"born {name}"})
                for name in names
            ]
        )
        ties = [
            read_event({"tracker_id": f"t{one}", "subscription": f"s{other}", "message_id": f"tie {one}"})
            for one, other in pairwise(names)
        ]
        # And back, so that two transactions want the same two contacts in opposite directions.
        ties += [
            read_event({"tracker_id": f"t{other}", "subscription": f"s{one}", "message_id": f"tie back {other}"})
            for one, other in pairwise(names)
        ]
        random.Random(turn).shuffle(ties)
        answers = at_once(*(lambda tie=tie: kinfold.resolver.resolve([tie])[0] for tie in ties))
        (contact,) = living(kinfold, answers)
        document = kinfold.contacts.get(contact)
        assert set(document["trackers"]) == {f"t{name}" for name in names}
        assert {item["id"] for item in document["subscriptions"]} == {f"s{name}" for name in names}
        assert len(document["merged_from"]) == length - 1
        history, _ = kinfold.contacts.activity(contact, limit=100)
        assert len(history) == length + len(ties)
        folded = [one for answer in answers for one in answer.merged]
        assert len(folded) == len(set(folded)) == length - 1, "each is folded once, and one answer says so"
    check_invariants(kinfold.database)


def test_a_ring_of_unions_at_once_is_one_contact_that_redirects_nowhere(kinfold: Kinfold) -> None:
    for turn in range(6):
        names = [f"{turn} {number}" for number in range(3)]
        kinfold.resolver.resolve([read_event({"subscription": f"s{name}", "tracker_id": f"t{name}"}) for name in names])
        ring = [
            read_event({"tracker_id": f"t{one}", "subscription": f"s{other}"})
            for one, other in zip(names, names[1:] + names[:1], strict=True)
        ]
        answers = at_once(*(lambda event=event: kinfold.resolver.resolve([event])[0] for event in ring * 2))
        (contact,) = living(kinfold, answers)
        assert len(kinfold.contacts.get(contact)["merged_from"]) == 2
    check_invariants(kinfold.database)


def test_one_conflict_from_several_writers_at_once_makes_one_contact(kinfold: Kinfold) -> None:
    # Row 4.3.3: Bo's device comes with Ana's subscription; the second to come finds the contact it made.
    for turn in range(5):
        kinfold.resolver.resolve(
            [
                read_event({"email": f"ana{turn}@example.com", "subscription": f"s{turn}"}),
                read_event({"email": f"bo{turn}@example.com", "tracker_id": f"t{turn}"}),
            ]
        )
        event = read_event({"tracker_id": f"t{turn}", "subscription": f"s{turn}"})
        answers = [given[0] for given in at_once(*[lambda event=event: kinfold.resolver.resolve([event])] * 8)]
        assert {answer.rule for answer in answers} == {"4.3.3"}
        assert len({answer.contact.id for answer in answers if answer.contact}) == 1
        assert [answer.outcome for answer in answers].count(Outcome.SHARED) == 1
    check_invariants(kinfold.database)


@pytest.mark.parametrize("call", ["write", "rehearse"])
def test_a_writer_that_collided_too_often_stands_in_line_behind_the_others_that_did(
    call: str, kinfold: Kinfold
) -> None:
    first_in_line, first_may_go, came_to_its_turn = threading.Event(), threading.Event(), threading.Event()
    collisions: list[bool] = []

    def first(tx: Transaction) -> None:
        tx.run("database.stand_in_line")
        first_in_line.set()
        assert first_may_go.wait(20)

    def unlucky(tx: Transaction) -> int:
        if len(collisions) < PATIENCE:
            collisions.append(first_may_go.is_set())
            raise TryAgain
        came_to_its_turn.set()
        assert first_may_go.is_set()
        return tx.run("database.ping")[0]["alive"]

    with ThreadPoolExecutor(2) as threads:
        ahead = threads.submit(partial(kinfold.database.write, committed=REPEATABLE), first)
        assert first_in_line.wait(20)
        run = getattr(kinfold.database, call)
        behind = threads.submit(partial(run, committed=REPEATABLE) if call == "write" else run, unlucky)
        assert not came_to_its_turn.wait(1.0)
        first_may_go.set()
        ahead.result()
        assert behind.result() is True
    assert collisions == [False] * PATIENCE, "before that nobody waits for anybody"
