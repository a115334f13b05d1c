"""Measures behind the scores, held against brute force."""

from itertools import combinations, pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.analysis.statistics import (
    HANDED_ON,
    UNREMARKABLE,
    Population,
    busiest,
    evenness,
    overlap,
    succession,
    together,
    turns,
    unlikeness,
)

spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 10)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=12
)


@given(spans)
def test_overlap_is_the_share_of_pairs_that_have_a_moment_in_common(spans: list[tuple[int, int]]) -> None:
    pairs = list(combinations(spans, 2))
    together = sum(one[0] <= other[1] and other[0] <= one[1] for one, other in pairs)
    assert overlap(spans) == (together / len(pairs) if pairs else 0.0)


@given(st.lists(st.integers(0, 200), max_size=30), st.integers(1, 50))
def test_the_busiest_window_is_the_fullest_of_all(times: list[int], window: int) -> None:
    fullest = max((sum(begin <= at <= begin + window for at in times) for begin in times), default=0)
    count, begin = busiest(times, window)
    assert count == fullest
    assert count == sum(begin <= at <= begin + window for at in times)


@given(st.lists(st.integers(0, 3), max_size=40))
def test_turns_grow_with_the_changes_and_stay_within_bounds(sequence: list[int]) -> None:
    assert 0.0 <= turns(sequence) <= 1.0
    assert turns(sorted(sequence)) == 0.0
    assert turns(sequence) == turns(sequence[::-1])
    if turns(sequence) > 0:
        assert sum(one != other for one, other in pairwise(sequence)) >= len(set(sequence))


@given(st.lists(st.integers(0, 2), max_size=7))
def test_a_succession_is_as_sure_as_chance_makes_one_seldom(sequence: list[int]) -> None:
    def changes(order: tuple[int, ...]) -> int:
        return sum(one != other for one, other in pairwise(order))

    users = len(set(sequence))
    if users < 2 or changes(tuple(sequence)) > users - 1:
        assert succession(sequence) == 0.0
    else:
        orders = set(permutations(sequence))
        chance = sum(changes(order) == users - 1 for order in orders) / len(orders)
        assert succession(sequence) == pytest.approx(HANDED_ON / (HANDED_ON + chance))


@given(st.lists(st.floats(0, 1), max_size=6))
def test_reasons_together_are_as_strong_as_the_strongest_at_least(scores: list[float]) -> None:
    assert max(scores, default=0.0) - 1e-9 <= together(*scores) <= 1.0


@given(st.lists(st.integers(1, 1000), max_size=60), st.integers(1, 1000), st.integers(1, 1000))
def test_more_stands_out_more_and_the_middle_not_at_all(counts: list[int], one: int, other: int) -> None:
    population = Population.of(counts)
    low, high = sorted((one, other))
    assert 0.0 <= population.outlier(low) <= population.outlier(high) <= 1.0
    middle = sorted([*counts, *[1] * UNREMARKABLE])[(len(counts) + UNREMARKABLE - 1) // 2]
    assert population.outlier(middle) == 0.0


def test_one_value_that_is_far_off_does_not_hide_behind_itself() -> None:
    usual = [1, 1, 1, 2, 1, 1, 2, 1, 3, 1] * 10
    assert Population.of(usual).outlier(40) == pytest.approx(Population.of([*usual, 5000]).outlier(40), abs=0.05)
    assert Population.of([40]).outlier(40) > 0.9
    assert Population.of([8, 9, 10, 11, 12] * 100).outlier(12) < 0.2


def test_shares_and_profiles() -> None:
    assert evenness([5, 5, 5]) == pytest.approx(1.0)
    assert evenness([100, 1]) < 0.1
    assert evenness([7]) == evenness([]) == 0.0
    assert unlikeness([{"a": 3}, {"b": 2}]) == 1.0
    assert unlikeness([{"a": 3, "b": 6}, {"a": 1, "b": 2}]) == pytest.approx(0.0, abs=1e-12)
    assert unlikeness([{"a": 1}]) == unlikeness([{}, {}]) == 0.0
