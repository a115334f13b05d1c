"""Components of a log: which of its keys are connected by what its lines tie.

Loaded late by those who need it: numpy and what finds components take half a second.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.analysis.components import components
from graph.loads.ties import files_of

Hashes = npt.NDArray[np.uint64]

_SORTED_AT_ONCE = 4_000_000
_PAGE = 1 << 17
"""Hashes that are read at once."""


def keys_of_lines(folder: Path, span: int) -> Hashes:
    """Return one key of every line of a span that was read."""
    return np.fromfile(files_of(folder, span)[0], np.uint64)


@dataclass(frozen=True, slots=True)
class Components:
    """Which keys are connected: sorted hashes, and for each the one that stands for its component.

    A key that is tied to no other is not among them and stands for itself.
    """

    hashes: Hashes
    stands_for: Hashes

    def of(self, keys: Hashes) -> Hashes:
        """Return the components of keys."""
        if not len(self.hashes):
            return keys
        place = np.minimum(np.searchsorted(self.hashes, keys), len(self.hashes) - 1)
        return np.where(self.hashes[place] == keys, self.stands_for[place], keys)

    def save(self, folder: Path) -> None:
        """Write them where `load` finds them."""
        np.save(folder / "hashes.npy", self.hashes)
        np.save(folder / "components.npy", self.stands_for)

    @classmethod
    def load(cls, folder: Path) -> "Components":
        """Read what was saved; several processes share the memory."""
        hashes, stands_for = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("hashes", "components"))
        return cls(hashes, stands_for)


def connect(folder: Path, spans: int) -> Components:
    """Find the components of the keys that all spans tie.

    Notes
    -----
    O(n log n). Memory holds some 60 bytes for each key that is tied to another; repeated message ids are found
    bucket by bucket.
    """
    files = [files_of(folder, number) for number in range(spans)]
    pairs = [np.fromfile(ties, np.uint64).reshape(-1, 2) for _, ties, _ in files]
    pairs += _repeated([messages for _, _, messages in files])
    both = np.concatenate(pairs) if pairs else np.zeros((0, 2), np.uint64)
    hashes, number = np.unique(both, return_inverse=True)
    left, right = number.reshape(-1, 2).astype(np.int32).T
    label = components(len(hashes), left, right)
    # Hashes are sorted: the first of a label is its smallest.
    _, first = np.unique(label, return_index=True)
    return Components(hashes, hashes[first[label]])


def _repeated(files: Sequence[Path]) -> Iterator[Hashes]:
    """Tie the events that have one message id: the second is the first once more, whatever it carries."""
    rows = sum(path.stat().st_size for path in files) // 16
    buckets = 1 + rows // _SORTED_AT_ONCE
    for bucket in range(buckets):
        parts = [
            part[part[:, 0] % np.uint64(buckets) == bucket]
            for path in files
            for part in _pages(path)
        ]  # fmt: skip
        both: Any = np.concatenate(parts) if parts else np.zeros((0, 2), np.uint64)
        both = both[np.argsort(both[:, 0], kind="stable")]
        again = (both[1:, 0] == both[:-1, 0]) & (both[1:, 1] != both[:-1, 1])
        yield np.stack((both[:-1, 1][again], both[1:, 1][again]), axis=1)


def _pages(path: Path) -> Iterator[Hashes]:
    with path.open("rb") as stream:
        while len(page := np.fromfile(stream, np.uint64, _PAGE)):
            yield page.reshape(-1, 2)
