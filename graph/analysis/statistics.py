"""Measures that a few odd values cannot move: who stands out in a population, who takes turns, what overlaps.

Every measure is from 0 to 1, so that scores can be put together from them and shown with their parts.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

CUT_OFF = 3.5
"""Modified z-score from which a value counts as an outlier (Iglewicz and Hoaglin, 1993): scored 0.5 here."""
SMALLEST_DEVIATION = 0.35
"""In logarithms: a factor of 1.4 is never more than one deviation, however alike everybody else is."""

UNREMARKABLE = 20
"""Usual counts that every population is believed to have besides: a handful of values has no middle of its own."""
PAIR = 2
"""What is usual where only what several people share is counted: most of it is a couple's or a family's."""
HOUSEHOLD_DEVIATION = 0.3
"""The smallest deviation there: it puts the cut-off between five people and six. Households of six or more are two in
a hundred (Eurostat, EU 2017), and not all of them log in on one device."""
HANDED_ON = 0.05
"""How small the chance of a clean succession must be for a score of 0.5: families by far outnumber second owners."""


def scale(usual: float, half: float) -> "Population":
    """Make a scale that does not depend on what else there is: 0 up to a usual count, 0.5 at another.

    Examples
    --------
    >>> round(scale(2, 6).outlier(6), 3)
    0.5
    """
    return Population(math.log(usual), (math.log(half) - math.log(usual)) / CUT_OFF, 0)


@dataclass(frozen=True, slots=True)
class Population:
    """Where the middle of a population of counts is, and how far values usually are from it, in logarithms."""

    median: float
    deviation: float
    size: int

    @classmethod
    def of(cls, counts: npt.ArrayLike, *, usual: float = 1.0, smallest: float = SMALLEST_DEVIATION) -> "Population":
        """Measure counts of at least 1 by the median and the median absolute deviation of their logarithms.

        Parameters
        ----------
        usual
            The count of which the population has `UNREMARKABLE` besides.
        smallest
            What the deviation is never taken for less than.

        Notes
        -----
        O(n log n). Where more than half are alike the median absolute deviation is 0, and the mean absolute deviation
        stands in for it, as Iglewicz and Hoaglin advise.
        """
        seen = np.unique(np.asarray(counts, dtype=np.float64), return_counts=True)
        return cls.of_histogram(*seen, usual=usual, smallest=smallest)

    @classmethod
    def of_histogram(
        cls, counts: npt.ArrayLike, times: npt.ArrayLike, *, usual: float = 1.0, smallest: float = SMALLEST_DEVIATION
    ) -> "Population":
        """Measure counts of which it is known how many times each is there, as `of` does.

        Notes
        -----
        O(k log k) for k different counts, however many there are of each.
        """
        seen, weights = np.asarray(counts, dtype=np.float64), np.asarray(times, dtype=np.int64)
        values = np.concatenate([[math.log(usual)], np.log(np.maximum(seen, 1.0))])
        weights = np.concatenate([[UNREMARKABLE], weights])
        median = _middle(values, weights)
        away = np.abs(values - median)
        middle = 1.4826 * _middle(away, weights)
        mean = float(np.sum(away * weights)) / int(weights.sum())
        deviation = middle if middle > 0 else min(1.2533 * mean, 1.0)
        return cls(median, max(deviation, smallest), int(weights.sum()) - UNREMARKABLE)

    def z(self, count: float) -> float:
        """Return the modified z-score of a count: how many deviations it is above the middle."""
        return (math.log(max(count, 1.0)) - self.median) / self.deviation

    def outlier(self, count: float) -> float:
        """Score how far a count stands out: 0.5 at `CUT_OFF` deviations above the middle, 0 at or below it."""
        z = self.z(count)
        return 0.0 if z <= 0 else 1.0 / (1.0 + math.exp(CUT_OFF - z))

    def beyond(self, count: float) -> float:
        """Score a count that needs no second reason: 0.5 at twice `CUT_OFF`."""
        return 1.0 / (1.0 + math.exp(min(2 * CUT_OFF - self.z(count), 700.0)))

    def detail(self, count: float) -> dict[str, float | int]:
        """Describe what went into `outlier`, for evidence."""
        return {
            "count": round(float(count), 3),
            "typical": round(math.exp(self.median), 2),
            "deviations_above": round(self.z(count), 2),
            "population": self.size,
            "outlier": round(self.outlier(count), 3),
        }


def _middle(values: npt.NDArray[np.float64], weights: npt.NDArray[np.int64]) -> float:
    """Return the median of values that are there so many times each."""
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(weights[order])
    count = int(upto[-1])
    low, high = np.searchsorted(upto, [(count - 1) // 2, count // 2], side="right")
    return float(values[order[low]] + values[order[high]]) / 2


def evenness(counts: Iterable[int]) -> float:
    """Score how evenly something is spread: 1 for equal shares, 0 when one has everything (Pielou's index).

    Notes
    -----
    O(n).
    """
    values = [count for count in counts if count > 0]
    if len(values) < 2:
        return 0.0
    total = sum(values)
    entropy = -sum(count / total * math.log(count / total) for count in values)
    return min(1.0, max(0.0, entropy / math.log(len(values))))


def turns(sequence: Sequence[int]) -> float:
    """Score how much a sequence of users takes turns: 0 for one hand-over after the other, 1 for a random mix or more.

    The changes of user beyond those that a plain succession has, in proportion to what a random order would have
    (the runs of Wald and Wolfowitz).

    Notes
    -----
    O(n).
    """
    length = len(sequence)
    _, sizes = np.unique(np.asarray(sequence, dtype=np.int64), return_counts=True)
    if sizes.size < 2:
        return 0.0
    changes = sum(first != second for first, second in pairwise(sequence))
    # Of all pairs of neighbours, so many differ on average in a random order.
    expected = length - float(np.sum(sizes.astype(np.float64) ** 2)) / length
    fewest = sizes.size - 1
    if expected <= fewest:
        return 0.0
    return min(1.0, max(0.0, (changes - fewest) / (expected - fewest)))


def succession(sequence: Sequence[int]) -> float:
    """Score how surely one user came after the other for good: 0.5 when chance does it in one of twenty cases.

    Of all orders in which the same uses can come, so many have every user's in one piece; whoever comes back makes
    the score 0.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> succession([1, 1, 2, 2]) < 0.2 < 0.8 < succession([1] * 6 + [2] * 6)
    True
    >>> succession([1, 1, 1, 1, 2, 1])
    0.0
    """
    counts = Counter(sequence)
    if len(counts) < 2 or sum(first != second for first, second in pairwise(sequence)) > len(counts) - 1:
        return 0.0
    orders = sum(math.lgamma(count + 1) for count in counts.values()) - math.lgamma(len(sequence) + 1)
    chance = math.exp(min(0.0, math.lgamma(len(counts) + 1) + orders))
    return HANDED_ON / (HANDED_ON + chance)


def most_at_once(spans: Iterable[tuple[int, int]]) -> int:
    """Return how many spans ``(begin, end)`` have one moment in common at most, both ends included.

    Notes
    -----
    O(n log n).
    """
    ordered = sorted(spans)
    if not ordered:
        return 0
    begins = np.array([begin for begin, _ in ordered], dtype=np.int64)
    ends = np.sort(np.array([end for _, end in ordered], dtype=np.int64))
    over = np.searchsorted(ends, begins, side="left")
    return int(np.max(np.arange(1, len(ordered) + 1) - over))


def together(*scores: float) -> float:
    """Put independent reasons together: any of them is enough (noisy or)."""
    return 1.0 - math.prod(1.0 - score for score in scores)


def overlap(spans: Iterable[tuple[int, int]]) -> float:
    """Return the share of pairs of spans ``(begin, end)`` that have a moment in common, both ends included.

    Notes
    -----
    O(n log n): every span is held against those that have not ended when it begins.
    """
    ordered = sorted(spans)
    if len(ordered) < 2:
        return 0.0
    begins = np.array([begin for begin, _ in ordered], dtype=np.int64)
    ends = np.sort(np.array([end for _, end in ordered], dtype=np.int64))
    # When the i-th begins, i others have begun, and those whose end is before it are over.
    over = np.searchsorted(ends, begins, side="left")
    together = int(np.sum(np.arange(len(ordered)) - over))
    return together / (len(ordered) * (len(ordered) - 1) / 2)


def unlikeness(profiles: Sequence[dict[str, int]]) -> float:
    """Return the mean of 1 less the cosine between every two profiles (counts by name); 0 for fewer than two.

    Notes
    -----
    O(n² m) for n profiles of m names; callers hand in a few dozen at most.
    """
    names = sorted({name for profile in profiles for name in profile})
    if len(profiles) < 2 or not names:
        return 0.0
    table = np.array([[profile.get(name, 0) for name in names] for profile in profiles], dtype=np.float64)
    lengths = np.linalg.norm(table, axis=1)
    table = table[lengths > 0] / lengths[lengths > 0, None]
    if len(table) < 2:
        return 0.0
    likeness = table @ table.T
    pairs = likeness[np.triu_indices(len(table), 1)]
    return min(1.0, max(0.0, 1.0 - float(np.mean(pairs))))


def busiest(times: Sequence[int], window: int) -> tuple[int, int]:
    """Return the largest number of times within a window, and when that window begins; ``(0, 0)`` for none.

    Notes
    -----
    O(n log n).
    """
    if not times:
        return 0, 0
    ordered = np.sort(np.asarray(times, dtype=np.int64))
    inside = np.searchsorted(ordered, ordered + window, side="right") - np.arange(len(ordered))
    place = int(np.argmax(inside))
    return int(inside[place]), int(ordered[place])
