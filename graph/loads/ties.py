"""Which events of a log can ever meet: told by the keys that they carry, before any of them is resolved.

An event touches the contacts that own one of its keys, and no others. So two events that are not connected through
keys (of events, of contacts that are in the graph already) cannot touch one contact, in whatever order they come.

Keys are known by hashes of 64 bit. Where two have the same one, two components count as one: their events are then
kept in order though they need not be, which changes nothing.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path

import orjson

from graph.errors import BadInput
from graph.identity.events import Event, read_event
from graph.identity.keys import BlockList, EventKeys, read_keys, read_replaced
from graph.identity.namespaces import Namespaces
from graph.logs.files import read_line
from graph.logs.ndjson import line_too_long, raw_lines

REFUSED = 0
"""In place of the key of a line that is no event."""

_BLOCK = 1 << 20
_HELD = 1 << 16
"""Hashes that are held before they are written."""
_REMEMBERED = 200_000
"""Ties that are remembered, so that they are written once."""
_LOOKED_UP_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of whole lines of a log.

    Attributes
    ----------
    number
        Its place among the log's spans.
    start, size
        In bytes.
    line
        The number of its first line.
    """

    number: int
    start: int
    size: int
    line: int


def survey(file: Path, span: int) -> tuple[str, list[Span]]:
    """Return a log's SHA-256, and its lines in spans of about so many bytes."""
    digest, line = sha256(), 1
    spans: list[Span] = []
    with file.open("rb") as stream:
        while True:
            start, size, lines, last = stream.tell(), 0, 0, b""
            while size < span and (block := stream.read(min(_BLOCK, span - size))):
                digest.update(block)
                size, lines, last = size + len(block), lines + block.count(b"\n"), block[-1:]
            while last not in (b"\n", b"") and (rest := stream.readline(_BLOCK)):
                digest.update(rest)
                size, lines, last = size + len(rest), lines + rest.count(b"\n"), rest[-1:]
            if not size:
                return digest.hexdigest(), spans
            spans.append(Span(len(spans), start, size, line))
            line += lines


def lines_of(file: Path, span: Span) -> Iterator[tuple[int, bytes | None]]:
    """Read the lines of a span with their numbers; None for one that is longer than any event."""
    with file.open("rb") as stream:
        stream.seek(span.start)
        for number, raw, _ in raw_lines(stream, first=span.line, size=span.size):
            yield number, raw


Owners = Callable[[Sequence[EventKeys]], Iterable[tuple[str, str, str]]]
"""Return, for the keys of some events, name, value and the id of the contact that owns it now."""


class _File:
    """A file of hashes that is written as they come."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("wb")
        self._held = array("Q")

    def add(self, *hashes: int) -> None:
        self._held.extend(hashes)
        if len(self._held) >= _HELD:
            self._write()

    def close(self) -> None:
        self._write()
        self._stream.close()

    def _write(self) -> None:
        self._held.tofile(self._stream)
        del self._held[:]


@dataclass(frozen=True, slots=True)
class Read:
    """What was found in a span: lines that hold something, and how many of them are no events."""

    lines: int
    refused: int


def read_span(file: Path, span: Span, folder: Path, block_list: BlockList, owners: Owners | None) -> Read:
    """Read the lines of a span, and write down which keys each of them ties.

    Leaves three files of hashes in the folder: for every line one of its keys (`REFUSED` for one that is no event),
    pairs of keys that are tied, and pairs of message id and key; and what is wrong with lines, as NDJSON.

    Parameters
    ----------
    block_list
        What does not count ties nothing.
    owners
        Looks up who owns keys, where the graph holds people: the keys of one contact are tied.
    """
    seen: set[tuple[int, int]] = set()
    waiting: list[EventKeys] = []
    lines = refused = 0
    key_of, ties, messages = (_File(path) for path in files_of(folder, span.number))
    with refusals_path(folder, span.number).open("wb") as refusals:

        def tie(one: int, other: int) -> None:
            if one != other and (one, other) not in seen:
                if len(seen) >= _REMEMBERED:
                    seen.clear()
                seen.add((one, other))
                ties.add(one, other)

        def look_up() -> None:
            if owners is not None:
                for name, value, owner in owners(waiting):
                    tie(_hash(name, value), _hash("contact", owner))
            waiting.clear()

        for number, raw in lines_of(file, span):
            lines += 1
            try:
                event = _read(raw, block_list.namespaces)
            except BadInput as error:
                refused += 1
                key_of.add(REFUSED)
                for item in error.errors:
                    told = {"row": number, "field": item.field, "rule": item.rule, "message": item.message}
                    refusals.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
                continue
            keys = read_keys(event, block_list)
            hashes = [_hash(*key) for key in keys.every]
            if event.replaces:
                hashes += [_hash(*old) for old, _ in read_replaced(event, keys, block_list)]
            first = hashes[0] if hashes else _hash("line", str(number))
            key_of.add(first)
            for other in hashes[1:]:
                tie(first, other)
            if event.message_id is not None:
                messages.add(_hash("message", event.message_id), first)
            if owners is not None and hashes:
                waiting.append(keys)
                if len(waiting) >= _LOOKED_UP_AT_ONCE:
                    look_up()
        look_up()
    for written in (key_of, ties, messages):
        written.close()
    return Read(lines, refused)


def refusals_path(folder: Path, span: int) -> Path:
    """Where it is said what is wrong with the lines of a span."""
    return folder / f"refused-{span}.ndjson"


def files_of(folder: Path, span: int) -> tuple[Path, Path, Path]:
    """Return where the hashes of a span stand: a key of each line, what is tied, message ids."""
    return folder / f"keys-{span}.bin", folder / f"ties-{span}.bin", folder / f"messages-{span}.bin"


def _read(raw: bytes | None, namespaces: Namespaces) -> Event:
    if raw is None:
        raise line_too_long()
    return read_line(raw, lambda line: read_event(line, namespaces=namespaces))


def _hash(name: str, value: str) -> int:
    return int.from_bytes(blake2b(f"{name}\0{value}".encode(), digest_size=8).digest(), "little") or 1
