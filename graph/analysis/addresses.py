"""Addresses that are one person's, and those that are nobody's own."""

from collections import defaultdict
from collections.abc import Iterable

ROLES = frozenset(
    "abuse accounts admin administrator billing careers contact enquiries hello help hostmaster hr info inquiries "
    "jobs kontakt mail marketing news newsletter office orders post postmaster press privacy reception root sales "
    "security service shop support team webmaster".split()
)
"""Local parts that name a function and not a person: those of RFC 2142 and their everyday kin."""
MOST_COMPARED = 20
"""Addresses with something in common that one is compared with, the last ones."""
SHORTEST_WITH_A_SLIP = 5
"""Characters of a local part from which one slip is looked for."""
TELLING = 8
"""Characters of a local part from which the same one at another domain is the same person's."""


def is_role(address: str) -> bool:
    """Return whether an address names a function, such as info@, sub-addresses and numbers aside."""
    local = address.partition("@")[0].partition("+")[0].rstrip("0123456789").rstrip("-_.")
    return local in ROLES


def distinct_addresses(addresses: Iterable[str]) -> int:
    """Count the persons that some addresses are: sub-addresses and slips are the same person's.

    Examples
    --------
    >>> distinct_addresses(["ana.silva@example.com", "ana.silva+shop@example.com", "ana.slva@example.com"])
    1
    >>> distinct_addresses(["person17@example.com", "person18@example.com"])
    2
    """
    every = list(addresses)
    same = Sets(len(every))
    join_alike(same, [*enumerate(every)])
    return len(same.groups())


def join_alike(same: "Sets", addresses: list[tuple[int, str]]) -> None:
    """Join the numbers whose addresses are one person's.

    Notes
    -----
    O(n l) in the addresses and their length: candidates for a slip are those with a deletion in common.
    """
    parts = []
    for place, address in addresses:
        local, _, domain = address.rpartition("@")
        parts.append((place, local.partition("+")[0], domain))
    by_address: dict[tuple[str, str], int] = {}
    by_local: dict[str, list[tuple[str, int]]] = defaultdict(list)
    by_deletion: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for place, local, domain in parts:
        first = by_address.setdefault((local, domain), place)
        if first != place:
            same.join(first, place)
            continue
        for other, at in by_local[local][-MOST_COMPARED:]:
            if one_slip(domain, other) or (len(local) >= TELLING and not is_role(f"{local}@")):
                same.join(at, place)
        by_local[local].append((domain, place))
        if len(local) < SHORTEST_WITH_A_SLIP:
            continue
        for short in {local, *(local[:cut] + local[cut + 1 :] for cut in range(1, len(local)))}:
            for other, at in by_deletion[short, domain][-MOST_COMPARED:]:
                if _digits(local) == _digits(other) and one_slip(local, other):
                    same.join(at, place)
            by_deletion[short, domain].append((local, place))


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def one_slip(one: str, other: str) -> bool:
    """Return whether one letter was left out, put in, mistaken or swapped with the next."""
    if one == other:
        return True
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if start is None:
        return True
    rest, others = one[start:], other[start:]
    swapped = len(rest) > 1 and len(others) > 1 and rest[:2] == others[1::-1] and rest[2:] == others[2:]
    return swapped or rest[1:] == others[1:] or rest[1:] == others or rest == others[1:]


class Sets:
    """Numbers that are joined into sets; the smallest of each stands for it."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def _find(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = number = self._parent[self._parent[number]]
        return number

    def join(self, one: int, other: int) -> None:
        """Make one set of two."""
        one, other = sorted((self._find(one), self._find(other)))
        self._parent[other] = one

    def groups(self) -> list[list[int]]:
        """Return the sets, each in order, in the order of their smallest number."""
        found: dict[int, list[int]] = {}
        for number in range(len(self._parent)):
            found.setdefault(self._find(number), []).append(number)
        return [*found.values()]
