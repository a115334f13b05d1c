"""Chance that is the same for a seed on every machine and in every version of Python."""

import math
import random


class Dice:
    """Draws that all come from ``random.Random.random``.

    Only that method's sequence is promised to stay the same from one version of Python to the next
    (https://docs.python.org/3/library/random.html#notes-on-reproducibility), so nothing else of it is used.

    Parameters
    ----------
    seed
        Any text; the same text gives the same draws.
    """

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random  # noqa: S311

    def share(self) -> float:
        """Draw from 0 to 1, 1 excluded."""
        return self._random()

    def chance(self, probability: float) -> bool:
        """Return whether something of this probability happens."""
        return self._random() < probability

    def below(self, count: int) -> int:
        """Draw one of 0, 1, … ``count`` - 1, each as likely."""
        return min(int(self._random() * count), count - 1)

    def between(self, low: float, high: float) -> float:
        """Draw from ``low`` to ``high``, evenly."""
        return low + (high - low) * self._random()

    def waiting(self, mean: float) -> float:
        """Draw how long something takes that comes at any time alike (exponential)."""
        return -mean * math.log(1.0 - self._random())

    def count(self, mean: float) -> int:
        """Draw a whole number from 1 on with this mean (geometric)."""
        if mean <= 1.0:
            return 1
        return 1 + int(math.log(1.0 - self._random()) / math.log(1.0 - 1.0 / mean))

    def pick(self, weights: tuple[float, ...]) -> int:
        """Draw the place of a weight, each as likely as it is heavy."""
        point = self._random() * sum(weights)
        for place, weight in enumerate(weights):
            point -= weight
            if point < 0:
                return place
        return len(weights) - 1

    def token(self) -> str:
        """Draw twelve hexadecimal digits."""
        return f"{int(self._random() * 2**48):012x}"
