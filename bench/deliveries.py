"""The gate before a push, beside an indexed read of who owns the subscription.

Run with ``python -m bench.deliveries [--calls 3000]``. Both sides use one driver and take turns (A B A B).
"""

import argparse
import statistics
from functools import partial

from bench.harness import Figure, save, show, throw_away, timed
from graph.explore.deliveries import Check
from graph.identity.events import read_event
from graph.kinfold import Kinfold

PEOPLE = 500
SHARED = 5
"""Every so-manieth subscription has had a second person."""
VISITS = 10
AT_ONCE = 1_000


def populate(kinfold: Kinfold) -> list[Check]:
    """Give people subscriptions, visits that carried them, log-outs and a second person here and there."""
    for visit in range(VISITS):
        events = []
        for number in range(PEOPLE):
            keys = {"tracker_id": f"t{number}", "subscription": f"s{number}"}
            named = visit == 0 or (visit == VISITS // 2 and number % SHARED == 0)
            email = f"p{number + (PEOPLE if visit else 0)}@example.com"
            events.append(read_event({**keys, **({"email": email} if named else {}), "event": "page"}))
            if visit == VISITS - 1 and number % 10 == 1:
                events.append(read_event({"tracker_id": f"t{number}", "logout": True}))
        kinfold.resolver.resolve(events)
    return [
        Check(None, ("email", f"p{number}@example.com"), ("subscription", f"s{number}")) for number in range(PEOPLE)
    ]


def measure(kinfold: Kinfold, calls: int, warm_up: int) -> list[Figure]:
    checks = populate(kinfold)

    def gate(turn: int) -> object:
        return kinfold.deliveries.check([checks[turn % PEOPLE]])

    def owners(turn: int) -> object:
        value = f"s{turn % PEOPLE}"
        return kinfold.database.read(lambda tx: tx.run("explore.owners", namespace="subscription", value=value))

    ours: list[float] = []
    reads: list[float] = []
    for turn in range(warm_up + calls):
        for side in (0, 1) if turn % 2 else (1, 0):
            work, times = ((gate, ours), (owners, reads))[side]
            took = timed(partial(work, turn))[1]
            if turn >= warm_up:
                times.append(took)
    figures = []
    for percent in (50, 95):
        mine, reference = (1000 * statistics.quantiles(times, n=100)[percent - 1] for times in (ours, reads))
        aim = 1.5 if percent == 50 else None
        figures.append(Figure(f"one check, p{percent}", "ms", mine, reference, "indexed read", aim, at_most=True))
    many = [timed(partial(kinfold.deliveries.check, (checks * 2)[:AT_ONCE]))[1] for _ in range(5)]
    figures.append(Figure(f"{AT_ONCE:,} checks in one call", "ms", 1000 * min(many)))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.deliveries", description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=3000, help="rounds (default 3000)")
    parser.add_argument(
        "--warm-up", type=int, default=15_000, help="rounds before anything is measured (default 15,000)"
    )
    arguments = parser.parse_args()
    with throw_away() as kinfold:
        figures = measure(kinfold, arguments.calls, arguments.warm_up)
    show(figures, "The gate before a push")
    save("deliveries", figures, people=PEOPLE, calls=arguments.calls)


if __name__ == "__main__":
    main()
