"""Cursors: the place after which the next page of a list begins, opaque to whoever carries it."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import orjson

from graph.errors import BadInput, FieldError

R = TypeVar("R", bound=Mapping[str, Any])

_LAST = 253_402_300_799_999_999
"""The last microsecond of the year 9999: no time in a cursor is later."""


def make_cursor(*parts: int | str) -> str:
    """Pack the place after which a page begins."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def cut_page(rows: Sequence[R], limit: int, *after: str) -> tuple[list[R], str | None]:
    """Return a page of rows, of which one more than the limit was read, and the cursor of the next page.

    Parameters
    ----------
    after
        Columns whose values in the last row say where the next page begins.
    """
    page = list(rows[:limit])
    return page, make_cursor(*(page[-1][column] for column in after)) if len(rows) > limit else None


def read_cursor(cursor: str, kinds: tuple[type, ...]) -> list[Any]:
    """Unpack a cursor whose parts have these types.

    Raises
    ------
    BadInput
        When it is not one that an earlier page gave.
    """
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if (
            isinstance(parts, list)
            and [type(part) for part in parts] == list(kinds)
            and all(abs(part) <= _LAST for part in parts if isinstance(part, int))
        ):
            return parts
    except (binascii.Error, ValueError):
        pass
    raise BadInput([FieldError("cursor", "cursor", "this is not a cursor that an earlier page gave as 'next'")])
