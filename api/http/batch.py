"""Many events at once: a bad one fails alone, in its place."""

import json
import re
from collections.abc import Sequence
from itertools import islice
from typing import Any, NoReturn

import orjson

from graph.errors import BadInput, FieldError, KinfoldError
from graph.identity.events import Event, read_event
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.identity.resolver import Resolve, resolve_each
from graph.json import named_once, parse_json
from graph.model import Answer

MAX_BATCH = 1000

Read = Event | KinfoldError

_SOMETHING = re.compile(rb"\S[^\n]*")


class _Ambiguous(dict[str, Any]):
    """An object that names a field twice, which is refused where it stands and nowhere else."""

    def __init__(self, refusal: BadInput) -> None:
        super().__init__()
        self.refusal = refusal


def read_one(raw: bytes | Any, namespaces: Namespaces = DEFAULT_NAMESPACES) -> Read:
    """Read one event of many, or say what is wrong with it; what was found to be wrong before stays so."""
    if isinstance(raw, KinfoldError):
        return raw
    try:
        return read_event(raw, namespaces=namespaces)
    except KinfoldError as error:
        return error


def read_lines(body: bytes) -> list[bytes]:
    """Split NDJSON into the lines that hold something.

    Raises
    ------
    BadInput
        When there are more of them than a batch takes.
    """
    found = islice(_SOMETHING.finditer(body), MAX_BATCH + 1)
    return _bounded([line[0].rstrip() for line in found])


def looks_like_lines(body: bytes) -> bool:
    """Distinguish NDJSON from an envelope where the caller did not say: its first line is a whole event."""
    first = body.lstrip().partition(b"\n")[0]
    try:
        parsed = orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    return isinstance(parsed, dict) and "events" not in parsed and bool(parsed or b"\n" in body.strip())


def read_envelope(body: bytes) -> list[Any]:
    """Take the events out of ``{"events": [...]}``; in place of one that names a field twice, its refusal.

    Raises
    ------
    BadInput
        When it is not that, or holds more events than a batch takes.
    """
    parsed = _parse(body)
    if not isinstance(parsed, dict):
        raise BadInput([FieldError("", "type", 'a batch is an object such as {"events": [...]}')])
    unknown = [FieldError(name, "unknown_field", "there is no such field") for name in parsed if name != "events"]
    if unknown:
        raise BadInput(unknown)
    if not isinstance(parsed.get("events"), list):
        raise BadInput([FieldError("events", "type", "must be a list of events")])
    return _bounded(parsed["events"])


def resolve_read(resolve: Resolve, read: Sequence[Read], *, alone: bool = True) -> list[Answer | KinfoldError]:
    """Resolve what could be read, in one transaction, and keep the order.

    Events that no transaction can hold fail alone, but not in a rehearsal (``alone=False``), which is a single
    transaction and ends with the first failure.

    Raises
    ------
    Unavailable
        When the database is away and nothing was resolved.
    """
    events = [item for item in read if isinstance(item, Event)]
    together = resolve_each if alone else _all_or_none
    answers = iter(together(resolve, events) if events else [])
    return [next(answers) if isinstance(item, Event) else item for item in read]


def _all_or_none(resolve: Resolve, events: Sequence[Event]) -> Sequence[Answer | KinfoldError]:
    return resolve(events)


def _bounded(events: list[Any]) -> list[Any]:
    if len(events) > MAX_BATCH:
        message = f"a batch holds at most {MAX_BATCH} events, this one has {len(events)}"
        raise BadInput([FieldError("events", "too_many", message)])
    return events


def _parse(body: bytes) -> Any:
    try:
        return parse_json(body)
    except BadInput as error:
        refusal = error
    # One lone surrogate spoils the whole text for orjson, and one name given twice spoils it for `parse_json`;
    # only its event is to be refused.
    twice = any(error.rule == "duplicate_field" for error in refusal.errors)
    if not twice and b"\\ud" not in body and b"\\uD" not in body:
        raise refusal
    try:
        parsed = json.loads(body.decode(), parse_constant=_no_constant, object_pairs_hook=_named_once_or_ambiguous)
    except (ValueError, RecursionError):
        raise refusal from None
    if isinstance(parsed, _Ambiguous):
        raise parsed.refusal
    if isinstance(parsed, dict) and isinstance(parsed.get("events"), list):
        parsed["events"] = [_ambiguity(event) or event for event in parsed["events"]]
    return parsed


def _named_once_or_ambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    try:
        return named_once(pairs)
    except BadInput as refusal:
        return _Ambiguous(refusal)


def _ambiguity(event: Any) -> BadInput | None:
    left = [event]
    while left:
        item = left.pop()
        if isinstance(item, _Ambiguous):
            return item.refusal
        if isinstance(item, dict):
            left.extend(item.values())
        elif isinstance(item, list):
            left.extend(item)
    return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
