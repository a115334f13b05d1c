"""Agreement with the truth, against brute force and against examples worked out by hand."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.simulation.metrics import Fused, agreement, mixed_contacts, wrongly_fused

labelled = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=25)


@given(labelled)
def test_pairs_are_counted_as_one_by_one(rows: list[tuple[int, int]]) -> None:
    together = {pair for pair in combinations(range(len(rows)), 2) if rows[pair[0]][0] == rows[pair[1]][0]}
    true = {pair for pair in combinations(range(len(rows)), 2) if rows[pair[0]][1] == rows[pair[1]][1]}
    both = len(together & true)
    quality = agreement(*zip(*rows, strict=True)).pairwise
    assert quality.precision == (both / len(together) if together else 1.0)
    assert quality.recall == (both / len(true) if true else 1.0)


@given(labelled)
def test_bcubed_is_the_mean_over_events(rows: list[tuple[int, int]]) -> None:
    def of(event: tuple[int, int], side: int) -> float:
        group = [other for other in rows if other[side] == event[side]]
        return sum(other == event for other in group) / len(group)

    quality = agreement(*zip(*rows, strict=True)).bcubed
    assert quality.precision == pytest.approx(sum(of(row, 0) for row in rows) / len(rows))
    assert quality.recall == pytest.approx(sum(of(row, 1) for row in rows) / len(rows))


@given(labelled)
def test_truth_and_answer_swapped_swap_precision_and_recall(rows: list[tuple[int, int]]) -> None:
    found, truth = zip(*rows, strict=True)
    one, other = agreement(found, truth), agreement(truth, found)
    assert (one.pairwise.precision, one.bcubed.precision) == (other.pairwise.recall, other.bcubed.recall)


def test_an_example_by_hand() -> None:
    # Contact 1 has two events of x and one of y; contact 2 has one of y.
    result = agreement([1, 1, 1, 2], "xxyy")
    assert (result.pairwise.precision, result.pairwise.recall) == (1 / 3, 1 / 2)
    assert result.pairwise.f1 == pytest.approx(0.4)
    assert result.bcubed.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert result.bcubed.recall == pytest.approx((1 + 1 + 1 / 2 + 1 / 2) / 4)


def test_what_is_all_right_scores_one_and_what_is_all_apart_finds_nothing() -> None:
    perfect = agreement([4, 4, 9], "xxy")
    assert (perfect.pairwise.f1, perfect.bcubed.f1) == (1.0, 1.0)
    apart = agreement([1, 2, 3], "xxx")
    assert (apart.pairwise.precision, apart.pairwise.recall, apart.pairwise.f1) == (1.0, 0.0, 0.0)
    assert apart.bcubed.recall == pytest.approx(1 / 3)


def test_no_events_are_no_errors() -> None:
    assert agreement([], []).bcubed.f1 == 1.0


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError):
        agreement([1, 2], "x")


def test_only_two_names_in_one_contact_are_a_fusion() -> None:
    #        contact 1: ana and bob named; contact 2: cy named, dan only browsed; contact 3: eve twice
    found = [1, 1, 2, 2, 3, 3]
    truth = ["ana", "bob", "cy", "dan", "eve", "eve"]
    named = [True, True, True, False, True, True]
    assert wrongly_fused(found, truth, named) == Fused(persons=2, contacts=1, largest=2)


def test_a_person_who_is_fused_twice_counts_once() -> None:
    assert wrongly_fused([1, 1, 2, 2], ["ana", "bob", "ana", "cy"], [True] * 4) == Fused(3, 2, 2)


def test_a_contact_is_mixed_when_any_two_people_are_in_it() -> None:
    assert mixed_contacts(["a", "a", "b", "b"], [1, 2, 3, 3]) == {"a": True, "b": False}
