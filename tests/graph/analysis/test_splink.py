"""Splink's match weights beside our probability: another column, not the truth."""

import importlib.util
from typing import Any

import pytest

from graph.analysis.splink_engine import SplinkError, match_weights
from graph.analysis.suggestions import Pair, Somebody, features_of

FIRST = ("ana", "bob", "eve", "zoe", "lea", "tom", "ida", "max", "kim", "ben")
LAST = ("martin", "smith", "jones", "garcia", "weber", "rossi", "novak", "dubois")


def people() -> tuple[list[Somebody], list[list[Any]]]:
    """Eighty people with an address and a browser; each tenth has a second address there, the next an id."""
    found: list[Somebody] = []
    activity: list[list[Any]] = []

    def came(who: Somebody, tracker: str, email: str | None, user_id: str | None) -> None:
        found.append(who)
        activity.append([f"m{len(activity)}", tracker, email, user_id, None, len(activity) * 60_000, tracker])

    for number in range(80):
        first, last = FIRST[number % 10], LAST[number // 10]
        shown = {"_name": f"{first} {last}", "postcode": f"{number % 7:05d}"}
        address, tracker = f"{first}.{last}@example.com", f"t{number}"
        came(Somebody(f"c{number}", True, number, {"email": {address}}, shown), tracker, address, None)
        if number % 10 == 0:
            other = address.replace("@", "+shop@")
            came(Somebody(f"d{number}", True, number, {"email": {other}}, shown), tracker, other, None)
        if number % 10 == 1:
            came(Somebody(f"u{number}", True, number, {"user_id": {str(number)}}, {}), tracker, None, str(number))
    return found, activity


def test_who_agrees_in_more_has_the_greater_match_weight() -> None:
    pytest.importorskip("splink")
    known, activity = people()
    numbers = {who.id: number for number, who in enumerate(known)}
    candidates = features_of(known, activity)
    strangers: Pair = (numbers["c3"], numbers["c44"])
    weights = match_weights(known, activity, [*candidates, strangers])
    assert set(weights) == {*candidates, strangers}
    second_address = weights[numbers["c0"], numbers["d0"]]
    assert second_address > weights[numbers["c1"], numbers["u1"]] > weights[strangers]
    assert second_address > 0 > weights[strangers]


def test_of_nobody_and_of_people_who_agree_in_nothing_it_says_what_it_can() -> None:
    pytest.importorskip("splink")
    assert match_weights([], [], []) == {}
    two = [Somebody("a", True, 0, {"user_id": {"1"}}, {}), Somebody("b", True, 0, {"user_id": {"2"}}, {})]
    assert match_weights(two, [], [(0, 1)])[0, 1] < 0


def test_without_splink_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SplinkError, match=r"pip install 'kinfold\[splink\]'"):
        match_weights([], [], [])
