"""Limits of every scope hold whatever number of callers ask at once, by whichever key and at whichever door."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

import pytest

from graph.identity.events import Event
from graph.kinfold import Kinfold
from tests.graph.offers.shop import ask, names, put, resolve

CALLERS = 64
ANA = "ana@example.com"

OFFERS = {
    "own": {"weight": 9, "at_most": {"count": 3}},
    "own in a period": {"weight": 8, "at_most": {"count": 5, "within": "P7D"}},
    "by a rule": {"weight": 7, "rules": ["four each"]},
    "by another rule": {"weight": 7, "rules": ["four each"]},
    "of a category": {"weight": 6, "category": "six"},
    "of a category within": {"weight": 6, "category": "six/inner"},
    "over its category": {"weight": 5, "category": "shared", "at_most": {"count": 2, "scope": "category"}},
    "beside it": {"weight": 5, "category": "shared"},
    "each of a category": {"weight": 4, "category": "each"},
    "the other of a category": {"weight": 4, "category": "each"},
    "by a category's rule": {"weight": 3, "category": "ruled"},
    "also by it": {"weight": 3, "category": "ruled"},
}
PARTS: dict[str, Any] = {
    "rules": {"four each": {"at_most": {"count": 4}}, "seven together": {"at_most": {"count": 7, "within": "PT1H"}}},
    "categories": {
        "six": {"at_most": {"count": 6}},
        "six/inner": {"at_most": {"count": 5, "within": "P1D"}},
        "shared": {},
        "each": {"at_most": {"count": 2, "scope": "offer"}},
        "ruled": {"rules": ["seven together"]},
    },
    "offers": OFFERS,
}


def counted(answers: list[list[str]]) -> Counter[str]:
    return Counter(name for answer in answers for name in answer)


def at_once(kinfold: Kinfold, calls: Iterator[Any]) -> Counter[str]:
    with ThreadPoolExecutor(CALLERS) as callers:
        return counted(list(callers.map(lambda call: call(), [next(calls) for _ in range(CALLERS)])))


def assert_held(found: Counter[str]) -> None:
    """Hold what 64 callers were given against every limit: none is passed, and each is used up."""
    assert (found["own"], found["own in a period"]) == (3, 5)
    assert (found["by a rule"], found["by another rule"]) == (4, 4)
    assert found["of a category"] + found["of a category within"] == 6
    assert found["of a category within"] <= 5
    assert found["over its category"] <= 2
    assert found["beside it"] >= CALLERS - 30, "a limit of one is none of the other"
    assert (found["each of a category"], found["the other of a category"]) == (2, 2)
    assert found["by a category's rule"] + found["also by it"] == 7


def test_a_known_contacts_limits_hold_for_64_callers_by_all_of_its_keys(kinfold: Kinfold) -> None:
    put(kinfold, crm={"kind": "identified", "spaces": {"home": {"identify_implicitly": True}, "till": {}}, **PARTS})
    resolve(kinfold, email=ANA, user_id="42", tracker_id="t1", subscription="s1")
    keys = (
        {"email": ANA},
        {"user_id": "42"},
        {"tracker_id": "t1"},
        {"subscription": "s1"},
        {"email": ANA, "tracker_id": "t1"},
    )
    found = at_once(kinfold, (lambda one=one: names(ask(kinfold, "crm/home", **one)) for one in cycle(keys)))
    assert_held(found)


@pytest.mark.parametrize("known", [False, True], ids=["a visitor's browser", "a browser of somebody known"])
def test_a_browsers_limits_hold_for_64_pages_at_several_spaces(kinfold: Kinfold, known: bool) -> None:
    put(kinfold, north={"kind": "anonymous", "spaces": {"home": {}, "footer": {}}, **PARTS})
    if known:
        resolve(kinfold, email=ANA, tracker_id="t1")

    def page(space: str) -> list[str]:
        event = Event(tracker_id="t1")
        return names(kinfold.propositions.propose("north", space, event, from_page=True))

    found = at_once(kinfold, (lambda space=space: page(space) for space in cycle(("home", "footer"))))
    assert_held(found)


def test_what_was_refused_or_accepted_is_offered_to_none_of_64_callers(kinfold: Kinfold) -> None:
    once = {"count": 1, "of": "refused"}
    put(
        kinfold,
        crm={
            "kind": "identified",
            "spaces": {"home": {}},
            "categories": {"a": {"at_most": once}, "b": {}},
            "offers": {
                "itself": {"at_most": once},
                "in a": {"category": "a"},
                "beside, in a": {"category": "a"},
                "over b": {"category": "b", "at_most": {**once, "scope": "category"}},
                "in b": {"category": "b"},
                "taken": {"at_most": {"count": 1, "of": "accepted"}},
            },
        },
    )
    first = ask(kinfold, "crm/home", email=ANA)["proposition_id"]
    refused = ("itself", "in a", "in b")
    outcomes = [*((name, "refused") for name in refused), ("taken", "accepted")]

    def note(number: int) -> None:
        name, outcome = outcomes[number % len(outcomes)]
        kinfold.propositions.note_outcome(first, outcome, name)

    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(note, range(CALLERS)))
    found = at_once(kinfold, (lambda: names(ask(kinfold, "crm/home", email=ANA)) for _ in cycle([0])))
    assert found == {"in b": CALLERS}
