"""How well a partition of events into contacts agrees with the people who did them."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any


@dataclass(frozen=True, slots=True)
class Quality:
    """Precision and recall, each from 0 to 1, and their harmonic mean."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 0 when both are 0."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def to_dict(self) -> dict[str, float]:
        """As JSON shows it."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two ways to compare a partition with the truth.

    Attributes
    ----------
    pairwise
        Of all pairs of events put together, how many are one person's; of all pairs that are one person's, how many
        were put together. Large groups weigh with the square of their size.
    bcubed
        For each event, of those it was put together with how many are the same person's, and the other way round;
        the mean over events (Bagga and Baldwin, 1998). Every event weighs the same.
    """

    pairwise: Quality
    bcubed: Quality


def agreement(found: Sequence[Hashable], truth: Sequence[Hashable]) -> Agreement:
    """Compare where events were put with whose they are.

    Parameters
    ----------
    found
        For each event, the contact it was put with.
    truth
        For each event, the person who did it.

    Returns
    -------
    Agreement
        Exact counts, divided once. Where nothing was claimed nothing is wrong: precision is 1 without a pair put
        together, recall is 1 without a pair to be found.

    Raises
    ------
    ValueError
        When the two are not as long as each other.

    Notes
    -----
    O(n) time; memory grows with the distinct pairs of contact and person, not with the pairs of events.

    Examples
    --------
    >>> agreement("aab", "xyy").pairwise
    Quality(precision=0.0, recall=0.0)
    >>> round(agreement("aab", "xyy").bcubed.precision, 3)
    0.667
    """
    cells = Counter(zip(found, truth, strict=True))
    contacts, people = Counter(found), Counter(truth)
    both = sum(_pairs(count) for count in cells.values())
    events = len(found)
    precise, complete = Fraction(0), Fraction(0)
    # Summed by size of group: few distinct denominators keep the fractions small.
    by_contact: Counter[int] = Counter()
    by_person: Counter[int] = Counter()
    for (contact, person), count in cells.items():
        by_contact[contacts[contact]] += count * count
        by_person[people[person]] += count * count
    for size, squares in by_contact.items():
        precise += Fraction(squares, size)
    for size, squares in by_person.items():
        complete += Fraction(squares, size)
    return Agreement(
        Quality(
            _ratio(both, sum(_pairs(count) for count in contacts.values())),
            _ratio(both, sum(_pairs(count) for count in people.values())),
        ),
        Quality(float(precise / events), float(complete / events)) if events else Quality(1.0, 1.0),
    )


@dataclass(frozen=True, slots=True)
class Fused:
    """Known persons who were wrongly taken for one.

    Attributes
    ----------
    persons
        How many known persons are together with another one.
    contacts
        In how many contacts that is so.
    largest
        How many known persons are in the worst of them.
    """

    persons: int
    contacts: int
    largest: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return asdict(self)


def wrongly_fused(found: Iterable[Hashable], truth: Iterable[Hashable], named: Iterable[bool]) -> Fused:
    """Count the known persons who share a contact.

    Only events under a person's own name count: somebody's anonymous page view in another's contact is an error
    of attribution, which precision measures; two people's *names* in one contact is a fusion.

    Parameters
    ----------
    found, truth
        As for `agreement`.
    named
        For each event, whether it carries a key that is its person's own.

    Raises
    ------
    ValueError
        When they are not as long as each other.
    """
    persons: defaultdict[Hashable, set[Hashable]] = defaultdict(set)
    for contact, person, own in zip(found, truth, named, strict=True):
        if own:
            persons[contact].add(person)
    mixed = [people for people in persons.values() if len(people) > 1]
    return Fused(len(set().union(*mixed)), len(mixed), max(map(len, mixed), default=0))


def mixed_contacts(found: Iterable[Hashable], truth: Iterable[Hashable]) -> dict[Hashable, bool]:
    """Return for each contact whether more than one person's events are in it."""
    pairs = sorted({(str(contact), str(person)) for contact, person in zip(found, truth, strict=True)})
    return {contact: len(list(group)) > 1 for contact, group in groupby(pairs, key=lambda pair: pair[0])}


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
