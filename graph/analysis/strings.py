"""Strings by the million: one blob and one array of places instead of an object each."""

from array import array


class Strings:
    """An append-only list of strings that takes their UTF-8 bytes and 8 bytes each.

    Notes
    -----
    Appending and reading one take time in its length.
    """

    __slots__ = ("_blob", "_ends")

    def __init__(self) -> None:
        self._blob = bytearray()
        self._ends = array("q", [0])

    def append(self, text: str) -> int:
        """Add a string and return its number."""
        self._blob += text.encode()
        self._ends.append(len(self._blob))
        return len(self._ends) - 2

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self):
            raise IndexError(number)
        return self._blob[self._ends[number] : self._ends[number + 1]].decode()
