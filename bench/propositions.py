"""A proposition with 1,000 live offers, beside a plain resolve of the same visitors, turn by turn.

Run with ``python -m bench.propositions [--calls 1000]``. Every offer has a condition; a good part of them has a limit
of its own, all have one by their category. Both sides meet the same number of visitors, known ones by their cookie and
unknown ones, who come back again and again, so that there is history to count.
"""

import argparse
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.harness import Figure, save, show, throw_away, timed
from graph.identity.events import Event, read_event
from graph.kinfold import Kinfold
from graph.offers.definitions import CatalogueFile

OFFERS = 1000
VISITORS = 200
COUNTRIES = 40


def catalogue(offers: int) -> CatalogueFile:
    """Make an identified and an anonymous environment with so many live offers each."""
    made: dict[str, Any] = {}
    for number in range(offers):
        leaves: list[dict[str, Any]] = [
            {"property": "country", "in": [f"C{number % COUNTRIES}", f"C{(number + 7) % COUNTRIES}"]},
            {"property": "age", "greater_than": number % 60},
            {"not": {"property": "newsletter", "is": False}},
        ]
        made[f"offer {number}"] = {
            "category": f"c{number % 20}/d{number % 100}",
            "weight": number % 97,
            "where": {"any": [{"all": leaves}, {"key": "subscription", "exists": number % 2 == 0}]},
            "content": {"title": f"Offer {number}"},
            **({"at_most": {"count": 2, "within": "P7D"}} if number % 3 == 0 else {}),
        }
    categories = {f"c{number}": {"at_most": {"count": 1000, "within": "P30D"}} for number in range(20)}
    categories |= {f"c{number % 20}/d{number}": {} for number in range(100)}
    parts = {"categories": categories, "offers": made}
    flags = {"identify_implicitly": True, "fall_back": True, "anonymous_space": "north/home"}
    return CatalogueFile.model_validate(
        {
            "environments": {
                "crm": {"kind": "identified", "spaces": {"home": {**flags, "content": ["title"]}}, **parts},
                "north": {"kind": "anonymous", "spaces": {"home": {"content": ["title"]}}, **parts},
            }
        }
    )


def measure(kinfold: Kinfold, calls: int, warm_up: int) -> list[Figure]:
    kinfold.catalogues.import_file(catalogue(OFFERS))
    known = [
        read_event(
            {
                "email": f"p{number}@example.com",
                "tracker_id": f"known {number}",
                "properties": {"country": f"C{number % COUNTRIES}", "age": number % 80, "newsletter": True},
            }
        )
        for number in range(VISITORS)
    ]
    new = [read_event({"tracker_id": f"visitor {number}"}) for number in range(VISITORS)]
    kinfold.resolver.resolve(known)
    kinfold.resolver.resolve(new)

    def plain(tracker: str) -> object:
        return kinfold.resolver.resolve([read_event({"tracker_id": tracker, "event": "page_view"})])

    def propose(tracker: str) -> object:
        answer = kinfold.propositions.propose("crm", "home", Event.model_validate({"tracker_id": tracker}), limit=3)
        assert len(answer["offers"]) == 3
        return answer

    figures = []
    for name, prefix in (("a known contact, met by its cookie", "known"), ("a visitor, falling back", "visitor")):
        take_turns(prefix, warm_up, plain, propose)
        samples = take_turns(prefix, calls, plain, propose)
        for percent in (50, 95):
            ours, reference = (1000 * statistics.quantiles(times, n=100)[percent - 1] for times in samples)
            figures.append(
                Figure(
                    f"proposition to {name}, {OFFERS:,} live offers, p{percent}",
                    "ms",
                    ours,
                    reference,
                    "plain resolve",
                    2.0 if percent == 50 else None,
                    at_most=True,
                )
            )
    return figures


def take_turns(
    prefix: str, calls: int, plain: Callable[[str], object], propose: Callable[[str], object]
) -> tuple[list[float], list[float]]:
    """Run both sides so often, each first in every other round; return times of propositions, then of the others."""
    ours: list[float] = []
    others: list[float] = []
    for turn in range(calls):
        tracker = f"{prefix} {turn % VISITORS}"
        for side in (0, 1) if turn % 2 else (1, 0):
            work, times = ((propose, ours), (plain, others))[side]
            times.append(timed(partial(work, tracker))[1])
    return ours, others


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.propositions", description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1000, help="rounds of each kind of visitor (default 1000)")
    parser.add_argument("--warm-up", type=int, default=300, help="rounds before anything is measured (default 300)")
    arguments = parser.parse_args()
    with throw_away() as kinfold:
        figures = measure(kinfold, arguments.calls, arguments.warm_up)
    show(figures, f"Propositions, {OFFERS:,} live offers")
    save("propositions", figures, offers=OFFERS, calls=arguments.calls)


if __name__ == "__main__":
    main()
