"""Commits of which no answer comes: how many events are written twice, or answered and lost, after so many rounds.

Run with ``python -m bench.doubt``. Two servers' worth of resolvers reach one database, each through a proxy that cuts
connections at a commit: before the database hears of it, after it was done, or while it is held back for up to two
seconds. A round is a batch of one to twelve events, some with a ``message_id`` and some without, on persons that other
rounds resolve at the same time. Callers are impatient: what carries message ids is sent to the other server too while
the first one is at work, and again when it was answered with `Unavailable`. In the end every event is looked for.
"""

import argparse
import json
import random
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from bench.harness import OUT, throw_away, where
from graph.embedded import lease
from graph.errors import Unavailable
from graph.identity.events import Event, read_event
from graph.identity.resolver import Resolver
from graph.kinfold import Kinfold
from graph.model import Answer
from graph.store.database import Database
from tests.graph.store.proxy import Loss, proxied

CALLERS = 6
PERSONS = 40
LONGEST = 2.0
"""Seconds that a commit is held back at most."""

FOUND = """
MATCH (a:Activity)-[:ON]->(:Timeline)<-[:HAS]-(c:Contact)
RETURN a.event AS event, c.id AS contact, count(*) AS times
"""
LEADS_TO = """
MATCH (c:Contact|Redirect {id: $id})-[:TO*0..]->(living:Contact)
RETURN living.id AS id
"""


@dataclass
class Tally:
    """What the rounds came to."""

    rounds: int = 0
    events: int = 0
    sent: int = 0
    """Calls of the resolver, those that sent a round again included."""
    commits: int = 0
    """Commits that passed the proxies, of reads too."""
    cut: dict[str, int] = field(default_factory=dict)
    """Commits whose connection was cut, by how."""
    answered: int = 0
    """Events that were answered."""
    unanswered: int = 0
    """Events without a message id whose round was answered with `Unavailable`: they may be written or not."""
    found: int = 0
    twice: int = 0
    """Events that were written more than once."""
    lost: int = 0
    """Events that were answered and are not there."""
    elsewhere: int = 0
    """Events that are with another contact than was answered."""
    errors: dict[str, int] = field(default_factory=dict)
    """Calls that failed with anything but `Unavailable`."""
    seconds: float = 0.0


class Losses:
    """Decides by chance what becomes of a commit."""

    def __init__(self, seed: int, share: float) -> None:
        self._chance = random.Random(seed)
        self._share = share
        self._lock = threading.Lock()
        self.cut: Counter[str] = Counter()

    def __call__(self, _: int) -> Loss:
        with self._lock:
            if self._chance.random() >= self._share:
                return None
            kind = self._chance.choice(("before", "after", "late"))
            self.cut[kind] += 1
            if kind == "late":
                return self._chance.uniform(0.05, LONGEST)
            return "before" if kind == "before" else "after"


def batch_of(number: int, chance: random.Random) -> list[Event]:
    """Make a round's events; each has a name of its own, by which it is found again."""
    events = []
    with_ids = chance.random() < 0.7
    for place in range(chance.randint(1, 12)):
        event: dict[str, Any] = {"event": f"e{number}-{place}"}
        if chance.random() < 0.8:
            event["email"] = f"p{chance.randrange(PERSONS)}@example.com"
        if chance.random() < 0.8:
            event["tracker_id"] = f"t{chance.randrange(4 * PERSONS)}"
        if chance.random() < 0.3:
            event["properties"] = {"turn": number}
        if with_ids:
            event["message_id"] = event["event"]
        events.append(read_event(event))
    return events


class Rounds:
    """Sends rounds to two servers, and keeps what was answered."""

    def __init__(self, servers: list[Resolver]) -> None:
        self._servers = servers
        self._lock = threading.Lock()
        self.tally = Tally()
        self.answers: dict[str, list[Answer]] = {}
        self.unknown: set[str] = set()

    def run(self, number: int) -> None:
        chance = random.Random(number)
        events = batch_of(number, chance)
        safe = events[0].message_id is not None
        with self._lock:
            self.tally.rounds += 1
            self.tally.events += len(events)
        first = number % 2
        if safe and chance.random() < 0.3:
            # A caller that did not wait: the other server gets some of it meanwhile, or all.
            some = events if chance.random() < 0.5 else chance.sample(events, max(1, len(events) // 2))
            with ThreadPoolExecutor(1) as other:
                beside: Future[None] = other.submit(self._deliver, 1 - first, some, safe=True)
                self._deliver(first, events, safe=True)
                beside.result()
        else:
            self._deliver(first, events, safe=safe)

    def _deliver(self, server: int, events: list[Event], *, safe: bool) -> None:
        while True:
            with self._lock:
                self.tally.sent += 1
            try:
                answers = self._servers[server].resolve(events)
            except Unavailable:
                server = 1 - server
                if safe:
                    continue
                with self._lock:
                    self.unknown |= {event.event or "" for event in events}
                return
            except Exception as error:
                with self._lock:
                    name = type(error).__name__
                    self.tally.errors[name] = self.tally.errors.get(name, 0) + 1
                return
            with self._lock:
                for event, answer in zip(events, answers, strict=True):
                    self.answers.setdefault(event.event or "", []).append(answer)
            return


def count(database: Database, rounds: Rounds) -> Tally:
    """Look for every event in the graph."""
    tally = rounds.tally
    rows = database.read(lambda tx: tx.run_text(FOUND))
    times = Counter({row["event"]: row["times"] for row in rows})
    owner = {row["event"]: row["contact"] for row in rows}
    tally.found = sum(times.values())
    tally.twice = sum(many - 1 for many in times.values())
    tally.answered = len(rounds.answers)
    tally.unanswered = len(rounds.unknown)
    tally.lost = sum(times[event] == 0 for event in rounds.answers)
    leads: dict[str, set[str]] = {}
    for event, answers in rounds.answers.items():
        for answer in answers:
            contact = answer.contact.id if answer.contact else None
            if contact is None:
                continue
            if contact not in leads:
                found = database.read(lambda tx, id=contact: tx.run_text(LEADS_TO, id=id))  # type: ignore[misc]
                leads[contact] = {row["id"] for row in found}
            tally.elsewhere += owner.get(event) not in leads[contact]
    return tally


def measure(many: int, share: float, seed: int) -> Tally:
    """Send so many rounds, of whose commits so large a share is cut off."""
    with throw_away(retry_seconds=30.0) as kinfold, ExitStack() as stack:
        server = stack.enter_context(lease(kinfold.settings))
        port = urlsplit(server.uri).port
        assert port
        losses = Losses(seed, share)
        proxies = [stack.enter_context(proxied(port, losses)) for _ in range(2)]
        servers = [
            Kinfold.on(
                stack.enter_context(
                    Database.connect(f"bolt://127.0.0.1:{proxy.port}", server.user, server.password, kinfold.settings)
                ),
                kinfold.settings,
            ).resolver
            for proxy in proxies
        ]
        rounds = Rounds(servers)
        began = time.perf_counter()
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(rounds.run, range(many)))
        # What is still held back arrives.
        time.sleep(2 * LONGEST)
        tally = count(kinfold.database, rounds)
        tally.seconds = time.perf_counter() - began
        tally.commits = sum(proxy.commits for proxy in proxies)
        tally.cut = dict(losses.cut)
        return tally


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.doubt", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--share", type=float, default=0.15, help="share of commits that are cut off")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    tally = measure(arguments.rounds, arguments.share, arguments.seed)
    table = Table("what", "count")
    for name, value in asdict(tally).items():
        table.add_row(name, str(value))
    Console().print(table)
    OUT.mkdir(exist_ok=True)
    (OUT / "doubt.json").write_text(json.dumps({**asdict(tally), "where": where()}, indent=2) + "\n")
    if tally.twice or tally.lost or tally.elsewhere or tally.errors:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
