"""How many persons, and how many households, some contacts are: what tells strangers from a family.

One person may be several contacts: a slip in an address, a sub-address, an id and an address that never came
together. Several persons may be one household: one surname, one postcode, one address.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from graph.analysis.addresses import Sets, join_alike
from graph.analysis.reading import Reading
from graph.analysis.signs import NAMESAKE

LARGEST_HOUSEHOLD = 6
"""Persons that one postcode and the like make a household; more of them are neighbours, or a kiosk's regulars."""
LARGEST_FAMILY = 12
"""Persons that one surname makes a household."""
MOST_NAMES = 20
"""Addresses of a contact that are compared."""


def is_surname(name: str) -> bool:
    """Return whether a property, by its plain name, is a name of persons rather than of a place."""
    return name.endswith("name")


@dataclass(frozen=True, slots=True)
class Company:
    """Who shares something.

    Attributes
    ----------
    persons
        The contacts of each person, in order of their first contact.
    uncounted
        How many of them may be one person's twice: those with only an id beside those with only an address.
    households
        The persons of each household that its properties tell, as places in ``persons``.
    alike
        Names of the properties that are the same within a household.
    by_address
        Whether it is an address in which two households differ, and not only a surname.
    only_address, only_id
        The persons of whom only an address is known, and only an id, as places in ``persons``.
    """

    persons: list[list[int]]
    uncounted: int
    households: list[list[int]]
    alike: list[str]
    by_address: bool
    only_address: frozenset[int] = frozenset()
    only_id: frozenset[int] = frozenset()

    @property
    def count(self) -> int:
        """How many persons there are."""
        return len(self.persons) - self.uncounted

    @property
    def strangers(self) -> int:
        """How many there are when each household counts as one."""
        together = sum(len(household) - 1 for household in self.households)
        return max(1, self.count - together)

    def told_apart(self, days: Iterable[tuple[int, int]]) -> "Company":
        """Return the company when the days are known on which each of the persons came.

        One person's address and id come on one day sooner or later, on one device; where they never did, they are
        two persons'.
        """
        if not self.uncounted:
            return self
        on: dict[int, set[int]] = {}
        for person, day in days:
            on.setdefault(day, set()).add(person)
        together = [met for met in on.values() if met & self.only_address and met & self.only_id]
        of_both = (set().union(*(met & only for met in together)) for only in (self.only_address, self.only_id))
        return replace(self, uncounted=min(map(len, of_both)))

    def person_of(self) -> dict[int, int]:
        """Return the person that each contact is, as a place in ``persons``."""
        return {contact: place for place, contacts in enumerate(self.persons) for contact in contacts}


def company_of(reading: Reading, contacts: Iterable[int]) -> Company:
    """Put contacts together to persons, and persons to households.

    Notes
    -----
    O(n l) in the contacts and the length of their addresses: candidates for a slip are those with a deletion in
    common.
    """
    everybody = sorted(set(contacts))
    emails, ids = _names(reading, everybody)
    same = Sets(len(everybody))
    join_alike(same, [(place, address) for place, addresses in enumerate(emails) for address in addresses])
    persons = same.groups()
    only_address = [all(emails[one] and not ids[one] for one in person) for person in persons]
    only_id = [all(ids[one] and not emails[one] for one in person) for person in persons]
    households, alike, by_address = _households(reading, everybody, persons)
    return Company(
        [[everybody[one] for one in person] for person in persons],
        min(sum(only_address), sum(only_id)),
        households,
        alike,
        by_address,
        frozenset(place for place, only in enumerate(only_address) if only),
        frozenset(place for place, only in enumerate(only_id) if only),
    )


def _names(reading: Reading, contacts: Sequence[int]) -> tuple[list[list[str]], list[bool]]:
    people = reading.people
    emails: list[list[str]] = []
    ids: list[bool] = []
    for contact in contacts:
        start, end = np.searchsorted(people.owner, [contact, contact + 1])
        keys = [people.ref(key) for key in people.key[start:end].tolist()]
        emails.append([value for kind, value in keys if kind == "email"][:MOST_NAMES])
        ids.append(any(kind != "email" and kind in people.persons for kind, _ in keys))
    return emails, ids


def _households(
    reading: Reading, contacts: Sequence[int], persons: Sequence[Sequence[int]]
) -> tuple[list[list[int]], list[str], bool]:
    said = [_said(reading, [contacts[one] for one in person]) for person in persons]
    told = [place for place, signs in enumerate(said) if signs]
    same = Sets(len(persons))
    first: dict[tuple[str, int], int] = {}
    for place in told:
        for sign in said[place]:
            same.join(first.setdefault(sign, place), place)
    households: list[list[int]] = []
    alike: set[str] = set()
    for group in same.groups():
        if len(group) == 1 and all(name == NAMESAKE for name, _ in said[group[0]]):
            continue
        common = Counter(sign for place in group for sign in said[place])
        everybodys = [name for (name, _), count in common.items() if count == len(group)]
        largest = LARGEST_FAMILY if any(is_surname(name) for name in everybodys) else LARGEST_HOUSEHOLD
        if len(group) > largest:
            households += [[place] for place in group]
            continue
        households.append(group)
        if len(group) > 1:
            alike |= {name for (name, _), count in common.items() if count > 1}
    places = [{name for place in group for name, _ in said[place] if not is_surname(name)} for group in households]
    spread = Counter(name for names in places for name in names)
    return households, sorted(alike), any(count > 1 for count in spread.values())


def _said(reading: Reading, contacts: Iterable[int]) -> set[tuple[str, int]]:
    return {item for contact in contacts for item in reading.signs.of(contact).items()}
