"""Callers that come at the same time share a commit, and nothing else."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from graph.errors import KinfoldError, Unavailable
from graph.identity.commit_queue import CommitQueue
from graph.identity.events import Event
from graph.kinfold import Kinfold
from graph.model import Answer, Outcome


class Gate:
    """A resolver that waits to be let through, and keeps what it was given."""

    def __init__(self) -> None:
        self.batches: list[list[str | None]] = []
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()
        self.poison: str | None = None
        self.away = False

    def __call__(self, events: Sequence[Event], *, explain: bool = False) -> list[Answer]:
        self.batches.append([event.tracker_id for event in events])
        self.entered.release()
        assert self.open.wait(10)
        if self.away:
            raise Unavailable("away")
        if any(event.tracker_id == self.poison for event in events):
            raise RuntimeError("poisoned")
        return [Answer(None, event.tracker_id, "5", Outcome.FOUND, trace=[]) for event in events]


def submit(line: CommitQueue, *trackers: str) -> "list[Future[Answer]]":
    return [line.submit(Event(tracker_id=tracker)) for tracker in trackers]


def test_events_that_come_during_a_commit_go_into_the_next_one_together_in_order() -> None:
    gate = Gate()
    with CommitQueue(gate) as line:
        first = submit(line, "t0")
        assert gate.entered.acquire(timeout=10)
        rest = submit(line, "t1", "t2", "t3")
        gate.open.set()
        answers = [future.result(10).tracker_id for future in first + rest]
    assert answers == ["t0", "t1", "t2", "t3"]
    assert gate.batches == [["t0"], ["t1", "t2", "t3"]]


def test_a_poisoned_event_fails_alone() -> None:
    gate = Gate()
    gate.poison = "t2"
    with CommitQueue(gate) as line:
        blocker = submit(line, "t0")
        assert gate.entered.acquire(timeout=10)
        one, two, three = submit(line, "t1", "t2", "t3")
        gate.open.set()
        assert blocker[0].result(10).tracker_id == "t0"
        assert one.result(10).tracker_id == "t1"
        assert three.result(10).tracker_id == "t3"
        with pytest.raises(KinfoldError, match="failed on this event"):
            two.result(10)


def test_a_full_line_refuses_one_more_and_keeps_those_that_wait() -> None:
    gate = Gate()
    with CommitQueue(gate, longest=2) as line:
        first = submit(line, "t0")
        assert gate.entered.acquire(timeout=10)
        waiting = submit(line, "t1", "t2")
        with pytest.raises(Unavailable, match="waiting"):
            submit(line, "t3")
        gate.open.set()
        assert [future.result(10).tracker_id for future in first + waiting] == ["t0", "t1", "t2"]


def test_closing_answers_everybody_who_waits_and_refuses_others() -> None:
    gate = Gate()
    line = CommitQueue(gate)
    first = submit(line, "t0")
    assert gate.entered.acquire(timeout=10)
    waiting = submit(line, "t1")
    closer = threading.Thread(target=line.close)
    closer.start()
    gate.open.set()
    closer.join(10)
    assert [future.result(0).tracker_id for future in first + waiting] == ["t0", "t1"]
    with pytest.raises(Unavailable, match="shutting down"):
        submit(line, "t2")


def test_those_who_came_while_the_database_was_away_do_not_wait_for_it_once_more() -> None:
    gate = Gate()
    gate.away = True
    with CommitQueue(gate) as line:
        first = submit(line, "t0")
        assert gate.entered.acquire(timeout=10)
        waiting = submit(line, "t1", "t2")
        gate.open.set()
        for future in first + waiting:
            with pytest.raises(Unavailable, match="away"):
                future.result(10)
        gate.away = False
        assert submit(line, "t3")[0].result(10).tracker_id == "t3"
    assert gate.batches == [["t0"], ["t3"]]


def test_a_batch_is_never_larger_than_it_may_be() -> None:
    gate = Gate()
    with CommitQueue(gate, largest=2) as line:
        first = submit(line, "t0")
        assert gate.entered.acquire(timeout=10)
        rest = submit(line, "t1", "t2", "t3")
        gate.open.set()
        for future in first + rest:
            future.result(10)
    assert gate.batches == [["t0"], ["t1", "t2"], ["t3"]]


def test_those_who_went_away_before_their_turn_leave_the_line_whatever_their_number() -> None:
    gate = Gate()
    with CommitQueue(gate, largest=1) as line:
        first = submit(line, "t0")
        assert gate.entered.acquire(timeout=10)
        assert all(future.cancel() for future in submit(line, *(f"gone-{number}" for number in range(2_000))))
        last = submit(line, "t1")
        gate.open.set()
        assert [future.result(10).tracker_id for future in first + last] == ["t0", "t1"]
    assert gate.batches == [["t0"], ["t1"]]


def test_a_line_that_nobody_used_has_no_thread_to_end() -> None:
    before = threading.active_count()
    line = CommitQueue(Gate())
    assert threading.active_count() == before
    line.close()
    with pytest.raises(Unavailable, match="shutting down"):
        submit(line, "t0")


def test_sixty_four_callers_get_their_own_answers_from_a_real_database(kinfold: Kinfold) -> None:
    with CommitQueue(kinfold.resolver.resolve) as line, ThreadPoolExecutor(64) as callers:

        def call(number: int) -> tuple[str, Answer]:
            tracker = f"t{number % 40}"
            return tracker, line.submit(Event(tracker_id=tracker)).result(60)

        answers = list(callers.map(call, range(320)))
    assert all(answer.tracker_id == tracker for tracker, answer in answers)
    contacts = {(tracker, answer.contact.id) for tracker, answer in answers if answer.contact}
    assert len(contacts) == 40
