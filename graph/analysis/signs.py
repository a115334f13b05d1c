"""What contacts say of their households: which properties, and digests of their values."""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from graph.identity.keys import DEFAULT_BLOCK_LIST


def plain_name(name: str) -> str:
    """Return a property's name as it is compared: its last part, without case, spaces, dashes and underscores.

    Examples
    --------
    >>> plain_name("address.Postal_Code")
    'postalcode'
    """
    return "".join(char for char in name.rpartition(".")[2].lower() if char not in "_- ")


FULL_NAMES = frozenset({"name", "fullname"})
"""Plain names of properties whose last word is a surname."""
SURNAME = "surname"
NAMESAKE = "name"
"""What the last word of a full name means: where two are the same it is a surname; where they differ it may be any."""
_SAME = {
    "lastname": SURNAME,
    "familyname": SURNAME,
    "postalcode": "postcode",
    "zip": "postcode",
    "zipcode": "postcode",
    "street": "address",
    "addressline1": "address",
    "householdid": "household",
}
"""Plain names that mean the same."""


def sign_of(name: str, value: object) -> tuple[str, int] | None:
    """Return what a property means and a digest of its value; None when the value says nothing.

    Of a full name it is the last word.

    Only whether two values are equal is asked of them, so that nothing else leaves the graph.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    words = str(value)[:1_024].casefold().split()
    plain = plain_name(name)
    if plain in FULL_NAMES:
        last = words[-1:] if len(words) > 1 and not words[-1].isdigit() else []
        plain, words = NAMESAKE, last
    plain = _SAME.get(plain, plain)
    said = " ".join(words)
    if not said or DEFAULT_BLOCK_LIST.blocks("user_id", said):
        return None
    return plain, int.from_bytes(blake2b(said.encode(), digest_size=8).digest(), "big", signed=True)


@dataclass(slots=True)
class Signs:
    """What contacts say of their households: one entry a contact and property, by contact."""

    contact: npt.NDArray[np.int32]
    name: npt.NDArray[np.int16]
    value: npt.NDArray[np.int64]
    names: list[str]

    def of(self, contact: int) -> dict[str, int]:
        """Return a contact's properties, by plain name."""
        start, end = np.searchsorted(self.contact, [contact, contact + 1])
        return {self.names[self.name[row]]: int(self.value[row]) for row in range(start, end)}
