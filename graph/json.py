"""JSON as every door reads it: strict UTF-8, finite numbers, and no object with a name twice."""

import json
from typing import Any, NoReturn

import orjson

from graph.errors import BadInput, FieldError


def parse_json(raw: bytes) -> Any:
    """Parse JSON text.

    Raises
    ------
    BadInput
        When it is no JSON in UTF-8, or an object names a field twice: parsers disagree about which of the two counts.
    """
    try:
        parsed = orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise BadInput([FieldError("", "json", f"this is not JSON in UTF-8: {error}")]) from error
    # Every name is followed by a colon. Where each colon is one of these or in a string, no name was there twice: with
    # the first of the two its colon is gone. One that is written as an escape would make up for it.
    if raw.count(b":") != _colons(parsed) or _ESCAPED_COLON in raw:
        _check_names(raw)
    return parsed


_ESCAPED_COLON = b"\\u003"
"""How it begins, whatever the case of its last digit."""


def _colons(parsed: Any) -> int:
    """Count the colons of a text by what was read of it: one for each name, and those in names and strings."""
    count, left = 0, [parsed]
    while left:
        item = left.pop()
        if isinstance(item, str):
            count += item.count(":")
        elif isinstance(item, dict):
            count += len(item) + "".join(item).count(":")
            left.extend(item.values())
        elif isinstance(item, list):
            left.extend(item)
    return count


def _check_names(raw: bytes) -> None:
    try:
        json.loads(raw.decode(), object_pairs_hook=named_once)
    except RecursionError:
        message = "this is nested too deeply"
        raise BadInput([FieldError("", "json", message)]) from None


def named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its fields; for parsers that hand them over.

    Raises
    ------
    BadInput
        When one is given twice.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        _twice([name for name, _ in pairs])
    return found


def _twice(names: list[str]) -> NoReturn:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadInput([FieldError(name, "duplicate_field", "this is given more than once")])
        seen.add(name)
    raise AssertionError("no name is there twice")
