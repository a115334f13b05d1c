"""What a registry of twenty namespaces costs an event, beside the four that are always there.

Run with ``python -m bench.namespaces``. Both sides resolve the same crowd, each with keys of its own, in one graph and
in turns; beside the time that passed stands what both processes worked, which other work on the machine bears on less.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import islice

import psutil

from bench.harness import Figure, median, save, show, throw_away
from bench.traffic import Crowd
from graph.embedded import status
from graph.identity.events import Event, read_event
from graph.identity.namespaces import DEFAULT_NAMESPACES, KeyClass, Namespace, Namespaces
from graph.identity.resolver import Resolver
from graph.kinfold import Kinfold
from graph.opening import rarely_collect

ROWS = 1000

TWENTY = Namespaces.of(
    Namespace(f"{key_class.value}_{number}", key_class)
    for key_class, many in ((KeyClass.PERSON, 8), (KeyClass.DEVICE, 5), (KeyClass.SUBSCRIPTION, 3))
    for number in range(many)
)


class Side:
    """A resolver with its registry, and a crowd that only it sees."""

    def __init__(self, kinfold: Kinfold, namespaces: Namespaces, prefix: str) -> None:
        self._resolver = Resolver(kinfold.database, namespaces=namespaces)
        self._crowd = iter(Crowd(7, prefix=prefix))

    def draw(self, count: int) -> list[Event]:
        return [read_event(event) for event in islice(self._crowd, count)]

    def log(self, events: Sequence[Event]) -> None:
        for start in range(0, len(events), ROWS):
            self._resolver.resolve(events[start : start + ROWS])

    def one_by_one(self, events: Sequence[Event]) -> None:
        for event in events:
            self._resolver.resolve([event])


class Processor:
    """The processor time of this process and of the database's, in seconds."""

    def __init__(self, kinfold: Kinfold) -> None:
        running = status(kinfold.settings)
        assert running is not None
        supervisor = psutil.Process(running.pid)
        self._processes = [psutil.Process(), supervisor, *supervisor.children(recursive=True)]

    def spent(self) -> float:
        return sum(sum(one.cpu_times()[:2]) for one in self._processes)


def take_turns(
    processor: Processor, sides: Sequence[Side], work: Callable[[Side, Sequence[Event]], None], rounds: int, size: int
) -> tuple[list[list[float]], list[list[float]]]:
    """Let both sides work by turns; return the seconds and the processor's microseconds an event of each."""
    seconds: list[list[float]] = [[] for _ in sides]
    spent: list[list[float]] = [[] for _ in sides]
    for turn in range(rounds):
        order = range(len(sides)) if turn % 2 == 0 else range(len(sides) - 1, -1, -1)
        for number in order:
            events = sides[number].draw(size)
            before, began = processor.spent(), time.perf_counter()
            work(sides[number], events)
            seconds[number].append(1e6 * (time.perf_counter() - began) / size)
            spent[number].append(1e6 * (processor.spent() - before) / size)
    return seconds, spent


def measure(rounds: int, size: int) -> list[Figure]:
    with throw_away() as kinfold:
        rarely_collect()  # as the commands do
        sides = [Side(kinfold, DEFAULT_NAMESPACES, "four-"), Side(kinfold, TWENTY, "twenty-")]
        processor = Processor(kinfold)
        figures = []
        for name, work, many in (("a log", Side.log, size), ("one event", Side.one_by_one, size // 8)):
            take_turns(processor, sides, work, 3, many)  # nothing is measured cold
            turns = take_turns(processor, sides, work, rounds, many)
            for what, (four, twenty) in zip(("elapsed", "processor"), turns, strict=True):
                label = f"{name}, 20 namespaces, {what}"
                samples = {"ours": twenty, "reference": four}
                beside = "four namespaces"
                figures.append(Figure(label, "µs/event", median(twenty), median(four), beside, 1.1, True, samples))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.namespaces", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--size", type=int, default=4000, help="events a round (default 4000)")
    arguments = parser.parse_args()
    figures = measure(arguments.rounds, arguments.size)
    show(figures, "a registry of twenty namespaces")
    save("namespaces", figures)


if __name__ == "__main__":
    main()
