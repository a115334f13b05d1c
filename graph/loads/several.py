"""Person keys of a file that come with several of another kind: an id with many addresses, an address with many ids.

Each may be a person who changed an address, or a value that many people share; rows of the latter become one person, or
lose their keys to the first of them. So it is told before anything is written.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from graph.identity.keys import BlockList
from graph.identity.namespaces import Namespace, Normaliser
from graph.identity.normal_forms import InvalidKey, form_of, said
from graph.loads.customers import DEFAULT_LAYOUT, keys_in, read_rows
from graph.loads.layouts import Layout

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NAMED = 5
"""So many values are named to people, those with the most first."""
FOUND = 100
"""So many values become findings, of each two namespaces."""
_MOST_PAIRS = 20_000_000
"""Pairs of keys that are compared, 16 bytes each; of a longer file its beginning."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Several:
    """Values of one namespace that come with several of another.

    Attributes
    ----------
    key, other
        The two namespaces.
    values
        How many values of the one.
    most
        Those with the most of the other, each with how many.
    """

    key: str
    other: str
    values: int
    most: tuple[tuple[str, int], ...]

    @property
    def in_words(self) -> str:
        """What a person is told."""
        value, count = self.most[0]
        one = "1 value" if self.values == 1 else f"{self.values:,} values"
        come = "comes" if self.values == 1 else "come"
        return f"{one} of {self.key} {come} with several of {self.other}; the most has {value!r}, with {count:,}."

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        most = [{"value": value, "count": count} for value, count in self.most[:NAMED]]
        return {"key": self.key, "other": self.other, "values": self.values, "most": most}


def find_several(
    file: Path, block_list: BlockList, layout: Layout = DEFAULT_LAYOUT, *, named: int = NAMED
) -> list[Several]:
    """Find the person keys of a file that come with several of another kind.

    Values are compared as they are said, addresses without regard to case; what is blocked, spoilt, or of
    somebody who was erased is left out.

    Parameters
    ----------
    named
        How many values are named at most.

    Raises
    ------
    FileError
        When the file cannot be read.

    Notes
    -----
    O(n log n) in the rows; 16 bytes for each pair of keys of a row. Where there are any, the file is read once more,
    for their names.
    """
    pairs: dict[Pair, array[int]] = {}
    for carried in _carried(file, block_list, layout):
        for one, other in permutations(carried, 2):
            held = pairs.setdefault((one, other), array("Q"))
            if len(held) < 2 * _MOST_PAIRS:
                for value in carried[one]:
                    for beside in carried[other]:
                        held.extend((_hash(value), _hash(beside)))
    counted = {pair: _count(held) for pair, held in pairs.items()}
    counted = {pair: counts for pair, counts in counted.items() if len(counts[0])}
    names = _names(file, block_list, layout, counted, named) if counted else {}
    found: list[Several] = []
    for (key, other), (hashes, counts) in counted.items():
        most = [(names[key, int(one)], int(count)) for one, count in zip(hashes[:named], counts[:named], strict=True)]
        told = [(value, count) for value, count in most if not _of_erased(block_list, key, value)]
        if told:
            found.append(Several(key, other, len(hashes) - len(most) + len(told), tuple(told)))
    return found


def _of_erased(block_list: BlockList, name: str, value: str) -> bool:
    """Return whether a value is of somebody who was erased: nothing is kept of it."""
    try:
        return block_list.suppresses(name, form_of(block_list.namespaces[name], value))
    except InvalidKey:
        return False


_Counts: TypeAlias = "tuple[npt.NDArray[np.uint64], npt.NDArray[np.intp]]"


def _count(held: "array[int]") -> _Counts:
    """Return the first of each pair that comes with several others, and with how many, the most first.

    ``held`` has the pairs one behind the other.
    """
    import numpy as np  # takes long to load, and only a file needs it

    pairs = np.frombuffer(held, np.uint64).reshape(-1, 2)
    hashes, counts = np.unique(np.unique(pairs, axis=0)[:, 0], return_counts=True)
    several = counts > 1
    order = np.argsort(-counts[several], kind="stable")
    return hashes[several][order], counts[several][order]


def _names(
    file: Path, block_list: BlockList, layout: Layout, counted: Mapping[Pair, _Counts], named: int
) -> dict[tuple[str, int], str]:
    wanted = {(key, int(one)) for (key, _), (hashes, _) in counted.items() for one in hashes[:named]}
    found: dict[tuple[str, int], str] = {}
    for carried in _carried(file, block_list, layout):
        for name, values in carried.items():
            for value in values:
                if (name, _hash(value)) in wanted:
                    found.setdefault((name, _hash(value)), value)
        if len(found) == len(wanted):
            break
    return found


def _carried(file: Path, block_list: BlockList, layout: Layout) -> Iterator[dict[str, list[str]]]:
    """Read the person keys of rows that have several kinds of them."""
    namespaces = block_list.namespaces
    persons = [namespaces[name] for name in namespaces.persons if namespaces[name].hash_of is None]
    for batch in read_rows(file, namespaces=namespaces, layout=layout):
        for _, row in batch:
            carried = {one.name: found for one in persons if (found := list(_values(one, row, block_list)))}
            if len(carried) > 1:
                yield carried


def _values(namespace: Namespace, row: Mapping[str, Any], block_list: BlockList) -> Iterable[str]:
    for value in keys_in(namespace.name, row):
        text = said(namespace, str(value))
        if namespace.normalise in (Normaliser.EMAIL, Normaliser.LOWER):
            text = text.lower()
        if text and not block_list.blocks(namespace.name, text) and _is_key(namespace, text):
            yield text


def _is_key(namespace: Namespace, text: str) -> bool:
    """Return whether a value counts, as far as that is known at once: an address is not looked into."""
    if namespace.normalise is not Normaliser.OPAQUE:
        return True
    try:
        form_of(namespace, text)
    except InvalidKey:
        return False
    return True


def _hash(value: str) -> int:
    return int.from_bytes(blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
