"""Files of events as they come: NDJSON, a JSON array, either of them packed with gzip."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

from graph.errors import BadInput, FieldError
from graph.identity.events import MAX_EVENT_BYTES
from graph.logs.ndjson import BYTE_ORDER_MARK, SLACK, raw_lines

_GZIP = b"\x1f\x8b"
_BLOCK = 64 * 1024
_BLANK = b" \t\r\n"
_OUTSIDE = re.compile(rb'["{}\[\],]')
"""What parts an array, and what may hold such a mark as text."""
_INSIDE = re.compile(rb'["\\]')

Piece = tuple[int, bytes | None, int]
"""Which event of a file this is, counted from 1; its JSON, None where that is longer than any event; and how many bytes
of the file are behind then. Of NDJSON it is the line that is counted."""


def raw_events(stream: BinaryIO) -> Iterator[Piece]:
    """Read the events of a file one by one, none of them parsed; the file is never held as a whole.

    Raises
    ------
    BadInput
        When it says that it is gzip and is not, or when a JSON array does not end.
    """
    plain = _peekable(stream)
    if plain.peek(2)[:2] != _GZIP:
        yield from _unpacked(plain)
        return
    try:
        for number, raw, end in _unpacked(_peekable(cast(BinaryIO, gzip.GzipFile(fileobj=plain, mode="rb")))):
            yield number, raw, plain.tell() if plain.seekable() else end
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadInput([FieldError("", "gzip", f"this gzip file is damaged, or ends too early: {error}")]) from error


def _peekable(stream: BinaryIO) -> io.BufferedReader:
    # A reader that is dropped closes what it reads from: nothing is put around what can be looked into as it is.
    if hasattr(stream, "peek"):
        return cast(io.BufferedReader, stream)
    return io.BufferedReader(cast(io.RawIOBase, stream))


def _unpacked(stream: io.BufferedReader) -> Iterator[Piece]:
    beginning = stream.peek(_BLOCK).removeprefix(BYTE_ORDER_MARK).lstrip(_BLANK)
    yield from _array(stream) if beginning.startswith(b"[") else raw_lines(stream)


def _array(stream: io.BufferedReader) -> Iterator[Piece]:
    """Part a JSON array into its items, by its brackets, its commas and its texts alone.

    What stands behind the array is one more item, which is no event.

    Raises
    ------
    BadInput
        When the array does not end, after its last item.
    """
    behind = stream.peek(_BLOCK).index(b"[") + 1
    stream.read(behind)
    item = _Item()
    number, depth, in_text, escaped, over = 0, 0, False, False, False
    while block := stream.read1(_BLOCK):
        start = place = 0
        while not over:
            if escaped and place < len(block):
                escaped, place = False, place + 1
            found = (_INSIDE if in_text else _OUTSIDE).search(block, place)
            if found is None:
                break
            mark, place = found[0], found.end()
            if mark == b'"':
                in_text = not in_text
            elif mark == b"\\":
                escaped = True
            elif mark in (b"{", b"["):
                depth += 1
            elif depth and mark in (b"}", b"]"):
                depth -= 1
            elif depth == 0 and mark in (b",", b"]"):
                over = mark == b"]"
                item.add(block[start : found.start()])
                start = place
                if number or not over or not item.is_blank:  # of an empty array nothing
                    number += 1
                    yield number, item.take(), behind + place
        item.add(block[start:])
        behind += len(block)
    if not item.is_blank:
        yield number + 1, item.take(), behind
    if not over:
        raise BadInput([FieldError("", "json", "the array does not end: this file is cut off")])


class _Item:
    """One item of an array as it is read; of one that is too long no more is held than shows it to be so."""

    def __init__(self) -> None:
        self._held = bytearray()

    def add(self, part: bytes) -> None:
        """Take one more part of it."""
        if not self._held:
            part = part.lstrip(_BLANK)
        self._held += part[: MAX_EVENT_BYTES + SLACK + 1 - len(self._held)]

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands here."""
        return not self._held

    def take(self) -> bytes | None:
        """Return the item, None when it is too long, and begin the next."""
        raw = bytes(self._held).rstrip(_BLANK)
        self._held.clear()
        return raw if len(raw) <= MAX_EVENT_BYTES + SLACK else None
