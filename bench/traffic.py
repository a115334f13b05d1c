"""The traffic that the benchmarks send: a seeded crowd of visitors, from which any number of events can be drawn.

Run as ``python -m bench.traffic --events 100000 --seed 7 > events.ndjson`` to get a log of it.

Shape: four in five events come from visitors seen before, and how often one comes falls like a power of its rank (a
few all the time, most once or twice). One event in twenty carries an email; one in fifty folds two contacts (a
visitor without a name gives an address that is known from another device); one in fifty carries a push subscription,
half of them on their own.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import orjson

NEW = 0.20
UNION = 0.02
LOGIN = 0.02
LOGIN_WITH_PUSH = 0.01
PUSH = 0.01

SKEW = 3.0
"""How much early visitors are preferred: who returns is number ``n * u ** SKEW`` of n, with u uniform in [0, 1)."""

PAGES = tuple(f"/products/{number}" for number in range(200))
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Crowd:
    """Visitors and who they are; iterating draws event after event without end.

    Parameters
    ----------
    seed
        The same seed gives the same events.
    prefix
        Put before every key and message id, so that two crowds in one graph never meet.
    """

    def __init__(self, seed: int, *, prefix: str = "") -> None:
        self._chance = random.Random(seed)
        self._prefix = prefix
        self._person: list[int | None] = []
        """By visitor: whose address it gave."""
        self._people: list[int] = []
        """The people who gave an address: each is the number of their first visitor."""
        self._pushed: list[int] = []
        self._count = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            yield self._next()

    def _next(self) -> dict[str, Any]:
        draw = self._chance.random()
        keys = self._visit(new=True) if draw < NEW or len(self._person) < 10 else self._return(draw - NEW)
        at = BEGIN + timedelta(milliseconds=40 * self._count)
        event = {
            **keys,
            "event": "page_view",
            "event_properties": {"url": self._chance.choice(PAGES)},
            "occurred_at": at.isoformat().replace("+00:00", "Z"),
            "message_id": f"{self._prefix}m{self._count}",
        }
        self._count += 1
        return event

    def _return(self, draw: float) -> dict[str, str]:
        if draw < UNION:
            return self._union()
        if draw < UNION + LOGIN + LOGIN_WITH_PUSH:
            return self._login(push=draw >= UNION + LOGIN)
        if draw < UNION + LOGIN + LOGIN_WITH_PUSH + PUSH and self._pushed:
            return {"subscription": f"{self._prefix}s{self._chance.choice(self._pushed)}"}
        return self._visit(new=False)

    def _visit(self, *, new: bool) -> dict[str, str]:
        if new:
            self._person.append(None)
        visitor = len(self._person) - 1 if new else self._returning()
        return {"tracker_id": f"{self._prefix}t{visitor}"}

    def _union(self) -> dict[str, str]:
        visitor = self._returning()
        for _ in range(20):
            if self._person[visitor] is None:
                break
            visitor = self._chance.randrange(len(self._person))
        if not self._people or self._person[visitor] is not None:
            return self._login(push=False)
        person = self._chance.choice(self._people)
        self._person[visitor] = person
        return {"tracker_id": f"{self._prefix}t{visitor}", "email": self._email(person)}

    def _login(self, *, push: bool) -> dict[str, str]:
        visitor = self._returning()
        person = self._person[visitor]
        if person is None:
            person = self._person[visitor] = visitor
            self._people.append(visitor)
        keys = {"tracker_id": f"{self._prefix}t{visitor}", "email": self._email(person)}
        if push:
            keys["subscription"] = f"{self._prefix}s{visitor}"
            self._pushed.append(visitor)
        return keys

    def _email(self, person: int) -> str:
        return f"{self._prefix}p{person}@example.com"

    def _returning(self) -> int:
        return int(len(self._person) * self._chance.random() ** SKEW)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.traffic", description="Write a log of the crowd as NDJSON.")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    for event in islice(Crowd(arguments.seed), arguments.events):
        sys.stdout.buffer.write(orjson.dumps(event) + b"\n")


if __name__ == "__main__":
    main()
