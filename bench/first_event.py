"""What the first event of each kind takes on a server that has just started, beside the same kind a little later.

Run with ``python -m bench.first_event [--starts 3]``. The database plans a statement when it first runs; each start is
one of a fresh graph, and figures are medians of them.
"""

import argparse
from collections.abc import Callable
from functools import partial

from bench.harness import Figure, median, save, show, throw_away, timed
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.model import Outcome

Send = Callable[[int], Outcome]

LATER = 30
"""How many of each kind come before the one that it is held beside."""


def kinds(kinfold: Kinfold) -> dict[str, Send]:
    """Return what sends the event with a number, for each kind, in the order in which they can be sent."""

    def send(**raw: str) -> Outcome:
        return kinfold.resolver.resolve([read_event(raw)])[0].outcome

    def unite(number: int) -> Outcome:
        send(tracker_id=f"united {number}", user_id=f"u{number}")
        return send(tracker_id=f"united {number}", email=f"{number}@example.com")

    return {
        "a visit": lambda number: send(tracker_id=f"t{number}"),
        "a log-in": lambda number: send(tracker_id=f"t{number}", email=f"{number}@example.com"),
        "a union": unite,
    }


def measure() -> dict[str, tuple[float, float]]:
    """Return milliseconds of the first event of each kind, and of the one that comes after LATER of them."""
    took = {}
    with throw_away() as kinfold:
        for name, send in kinds(kinfold).items():
            outcome, first = timed(partial(send, 0))
            for number in range(1, LATER):
                assert send(number) is outcome
            took[name] = 1000 * first, 1000 * timed(partial(send, LATER))[1]
    return took


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.first_event", description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=3)
    arguments = parser.parse_args()
    runs = [measure() for _ in range(arguments.starts)]
    figures = []
    for name in runs[0]:
        first, later = (median([run[name][side] for run in runs]) for side in (0, 1))
        figures.append(Figure(f"{name}, the first", "ms", first, later, "a later one"))
    show(figures, "after a start")
    save("first_event", figures, starts=arguments.starts)


if __name__ == "__main__":
    main()
