"""Cursors: the place after which the next page of a list begins, opaque to whoever carries it."""

import base64
import binascii
from typing import Any

import orjson

from graph.errors import BadInput, FieldError


def make_cursor(*parts: int | str) -> str:
    """Pack the place after which a page begins."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def read_cursor(cursor: str, kinds: tuple[type, ...]) -> list[Any]:
    """Unpack a cursor whose parts have these types.

    Raises
    ------
    BadInput
        When it is not one that an earlier page gave.
    """
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(parts, list) and [type(part) for part in parts] == list(kinds):
            return parts
    except (binascii.Error, ValueError):
        pass
    raise BadInput([FieldError("cursor", "cursor", "this is not a cursor that an earlier page gave as 'next'")])
