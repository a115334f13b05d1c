"""One event through the library, beside the cheapest transaction that leaves the same nodes and edges.

Run with ``python -m bench.single_event [--events 1000]``. Both sides use one driver and take turns (A B A B), so
that whatever else the machine does falls on both.
"""

import argparse
import secrets
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

from neo4j import WRITE_ACCESS

from bench.harness import Figure, save, show, throw_away
from graph.clock import to_micros
from graph.identity.events import read_event
from graph.kinfold import Kinfold

VISITORS = 501
"""Who comes back; an odd number, so that each of them is met by both sides."""

RAW_NEW = """\
CREATE
  (c:Contact)-[:OWNS {since: $now, position: 0, message_id: $message}]->
    (t:Key:Tracker {namespace: 'tracker_id', value: $tracker}),
  (c)-[:HAS]->(p:Timeline {
    id: $timeline, started_at: $now, last_at: $now, first_occurred_at: $now, last_occurred_at: $now
  })-[:OF]->(t),
  (a:Activity)-[:ON]->(p),
  (f:Change)
SET c = $contact, a = $activity, f = $change
"""

RAW_FOUND = """\
MATCH (t:Key {namespace: 'tracker_id', value: $tracker})<-[:OF]-(p:Timeline)<-[:HAS]-(c:Contact)
  USING INDEX SEEK t:Key(namespace, value)
CREATE (a:Activity)-[:ON]->(p)
SET a = $activity, c.last_seen_at = $now, p.last_at = $now, p.last_occurred_at = $now
"""

LEFT = """\
MATCH (t:Tracker {value: $tracker})<-[:OWNS]-(c:Contact)-[:HAS]->(p:Timeline)-[:OF]->(t)
MATCH (t)<-[o:OWNS]-(c)
OPTIONAL MATCH (a:Activity)-[:ON]->(p)
WITH c, p, t, o, collect(a) AS activities
OPTIONAL MATCH (f:Change {contact: c.id})
RETURN
  size(activities) AS activities,
  keys(last(activities)) AS activity,
  collect(f.kind) AS changes,
  collect(keys(f)) AS of_changes,
  keys(c) AS contact,
  keys(p) AS period,
  labels(t) AS key,
  keys(t) AS of_key,
  keys(o) AS of_edge
"""


class Sides:
    """The two ways to write an event, A and B, with ids that nobody else has."""

    def __init__(self, kinfold: Kinfold) -> None:
        self._resolver = kinfold.resolver
        self._database = kinfold.database
        self._count = 0

    def tracker(self) -> str:
        self._count += 1
        return f"visitor {self._count}"

    def library(self, tracker: str) -> float:
        """Resolve one event that carries a tracker; reading the event is part of it."""
        raw = {"tracker_id": tracker, "event": "page_view", "message_id": f"{tracker} {time.monotonic_ns()}"}
        began = time.perf_counter()
        (answer,) = self._resolver.resolve([read_event(raw)])
        took = time.perf_counter() - began
        assert answer.tracker_id == tracker
        assert not answer.duplicate
        return took

    def raw_new(self, tracker: str) -> float:
        now, message, of_activity = self._activity(tracker, "created")
        contact = {
            "id": f"{tracker} contact",
            "kind": "anonymous",
            "split": False,
            "nameless": False,
            "emails": 0,
            "user_ids": 0,
            "trackers": 1,
            "subscriptions": 0,
            "tracker_id": tracker,
            "timeline_id": f"{tracker} timeline",
            "created_at": now,
            "last_seen_at": now,
        }
        change = {
            "kind": "created",
            "contact": contact["id"],
            "contact_kind": "anonymous",
            "rule": "5",
            "message_id": message,
            "fresh": to_micros(now),
            "place": 0,
        }
        return self._raw(RAW_NEW, tracker=tracker, timeline=contact["timeline_id"], contact=contact, change=change,
                         message=message, **of_activity)  # fmt: skip

    def raw_found(self, tracker: str) -> float:
        _, _, of_activity = self._activity(tracker, "found")
        return self._raw(RAW_FOUND, tracker=tracker, **of_activity)

    def left(self, tracker: str) -> dict[str, Any]:
        """Return what an event left behind, to hold both sides against each other."""
        row = self._database.read(lambda tx: tx.run_text(LEFT, tracker=tracker))[0]
        return {name: _in_order(value) for name, value in row.items()}

    @staticmethod
    def _activity(tracker: str, outcome: str) -> tuple[datetime, str, dict[str, Any]]:
        now, message = datetime.now(UTC), f"{tracker} {time.monotonic_ns()}"
        activity = {
            "message_id": message,
            "event": "page_view",
            "occurred_at": now,
            "received_at": now,
            "rule": "5",
            "outcome": outcome,
            "tracker_id": tracker,
            "commit": secrets.randbits(53),
        }
        if outcome == "created":
            activity["trace"] = [
                f"fact: tracker_id {tracker!r} belongs to nobody",
                "rule: row 5 fits: tracker; tracker unknown (policy strict)",
                "decision: created: the event is a new contact's, anonymous afterwards",
                f"effect: tracker_id {tracker!r} becomes the contact's",
            ]
        return now, message, {"now": now, "activity": activity}

    def _raw(self, text: str, **parameters: Any) -> float:
        began = time.perf_counter()
        with self._database._session(WRITE_ACCESS) as session, session.begin_transaction() as bolt:
            bolt.run(text, parameters)
            bolt.commit()
        return time.perf_counter() - began


def _in_order(value: Any) -> Any:
    return sorted(map(_in_order, value)) if isinstance(value, list) else value


def take_turns(count: int, ours: Callable[[], float], raw: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Run both sides ``count`` times, each first in every other round."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(count):
        order = (0, 1) if turn % 2 == 0 else (1, 0)
        for side in order:
            times[side].append((ours, raw)[side]())
    return times


def measure(kinfold: Kinfold, events: int, warm_up: int) -> list[Figure]:
    sides = Sides(kinfold)
    pair = sides.tracker(), sides.tracker()
    sides.library(pair[0])
    sides.raw_new(pair[1])
    assert sides.left(pair[0]) == sides.left(pair[1]), "the reference leaves something else of a new visitor"
    sides.library(pair[0])
    sides.raw_found(pair[1])
    assert sides.left(pair[0]) == sides.left(pair[1]), "the reference leaves something else of a visitor found"
    known = cycle([sides.tracker() for _ in range(VISITORS)])
    for _ in range(VISITORS):
        sides.library(next(known))
    cases: dict[str, tuple[Callable[[], float], Callable[[], float]]] = {
        "a new visitor": (lambda: sides.library(sides.tracker()), lambda: sides.raw_new(sides.tracker())),
        "a visitor found": (lambda: sides.library(next(known)), lambda: sides.raw_found(next(known))),
    }
    for ours, raw in cases.values():
        take_turns(warm_up, ours, raw)
    figures = []
    for name, (ours, raw) in cases.items():
        samples = take_turns(events, ours, raw)
        for percent in (50, 95):
            mine, reference = (1000 * statistics.quantiles(times, n=100)[percent - 1] for times in samples)
            target = 1.5 if percent == 50 else None
            figures.append(Figure(f"one event, {name}, p{percent}", "ms", mine, reference, "raw Bolt", target, True))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.single_event", description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1000, help="rounds of each kind of event (default 1000)")
    parser.add_argument("--warm-up", type=int, default=300, help="rounds before anything is measured (default 300)")
    arguments = parser.parse_args()
    with throw_away() as kinfold:
        figures = measure(kinfold, arguments.events, arguments.warm_up)
    show(figures, "one event, one caller")
    save("single_event", figures, events=arguments.events)


if __name__ == "__main__":
    main()
