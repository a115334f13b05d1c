"""Files of events as they come: NDJSON, a JSON array, either of them packed with gzip, in whichever encoding."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from graph.errors import BadInput, FieldError
from graph.identity.events import MAX_EVENT_BYTES
from graph.logs.ndjson import BYTE_ORDER_MARK, SLACK, raw_lines

_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_GZIP = b"\x1f\x8b"
_BLOCK = 64 * 1024
_LOOKED_AT = 4
_UTF8 = ("utf-8", "utf-8-sig")
_TOO_LONG = b"x" * (MAX_EVENT_BYTES + SLACK)
"""In place of an event that is longer than any."""
_IN_ONE_LINE = bytes.maketrans(b"\r\n", b"\t\t")
_BLANK = b" \t\r\n"
_OUTSIDE = re.compile(rb'["{}\[\],]')
"""What parts an array, and what may hold such a mark as text."""
_INSIDE = re.compile(rb'["\\]')

T = TypeVar("T")
Piece = tuple[int, bytes | None, int]
"""Which event of a file this is, counted from 1; its JSON, None where that is longer than any event; and how many bytes
of the file are behind then. Of NDJSON it is the line that is counted."""


def raw_events(stream: BinaryIO, encoding: str | None = None) -> Iterator[Piece]:
    """Read the events of a file one by one, none of them parsed; the file is never held as a whole.

    Parameters
    ----------
    encoding
        What the file is written in, where somebody says it; else UTF-16 is known by its mark, or by its zeros. The
        events come out in UTF-8.

    Raises
    ------
    BadInput
        When it says that it is gzip and is not, or when a JSON array does not end.
    """
    plain = _peekable(stream)
    if plain.peek(2)[:2] != _GZIP:
        yield from _unpacked(_in_utf8(plain, encoding))
        return
    try:
        unpacked = _peekable(cast(BinaryIO, gzip.GzipFile(fileobj=plain, mode="rb")))
        for number, raw, end in _unpacked(_in_utf8(unpacked, encoding)):
            yield number, raw, plain.tell() if plain.seekable() else end
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadInput([FieldError("", "gzip", f"this gzip file is damaged, or ends too early: {error}")]) from error


def _peekable(stream: BinaryIO) -> io.BufferedReader:
    # A reader that is dropped closes what it reads from: nothing is put around what can be looked into as it is.
    if hasattr(stream, "peek"):
        return cast(io.BufferedReader, stream)
    return io.BufferedReader(cast(io.RawIOBase, stream))


def is_plain(file: Path, encoding: str | None = None) -> bool:
    """Return whether a file is NDJSON in UTF-8 that is not packed, so that any of its lines can be read by itself."""
    if encoding is not None and codecs.lookup(encoding).name not in _UTF8:
        return False
    with file.open("rb") as stream:
        beginning = stream.peek(_BLOCK)
        packed = beginning[:2] == _GZIP or _utf16(beginning[:_LOOKED_AT]) is not None
        return not packed and not _is_array(beginning)


def write_plain(source: BinaryIO, target: BinaryIO, encoding: str | None = None) -> None:
    """Write the events of a file as NDJSON in UTF-8, each in the line of its number.

    Raises
    ------
    BadInput
        When the file is damaged, as `raw_events` says.
    """
    written = 0
    for number, raw, _ in raw_events(source, encoding):
        target.write(b"\n" * (number - 1 - written))
        if raw is None:
            target.write(_TOO_LONG)
        else:
            # A tab is white space between the parts of JSON, and wrong within a text, as the end of a line is.
            target.write(raw.translate(_IN_ONE_LINE))
        target.write(b"\n")
        written = number


def read_line(raw: bytes, read: Callable[[bytes], T]) -> T:
    """Read a line; one that cannot be read and is not UTF-8 is tried as Windows-1252.

    Raises
    ------
    BadInput
        When it cannot be read either way, with what is wrong with it as it stands.
    """
    try:
        return read(raw)
    except BadInput:
        if (recoded := in_windows_1252(raw)) is None:
            raise
    return read(recoded)


def in_windows_1252(raw: bytes) -> bytes | None:
    r"""Return a line that was written in Windows-1252 in UTF-8; None for one that is UTF-8, or mostly that and damaged.

    >>> in_windows_1252("é".encode("cp1252")), in_windows_1252("é".encode())
    (b'\xc3\xa9', None)
    """
    try:
        raw.decode()
    except UnicodeDecodeError:
        text = raw.decode(errors="replace")
        damaged = text.count("\ufffd")
        beyond = sum(not character.isascii() for character in text) - damaged
        return None if beyond > damaged else raw.decode("cp1252", "replace").encode()
    return None


def _in_utf8(stream: io.BufferedReader, encoding: str | None) -> io.BufferedReader:
    encoding = encoding or _utf16(stream.peek(_BLOCK)[:_LOOKED_AT])
    if encoding is None or codecs.lookup(encoding).name in _UTF8:
        return stream
    return io.BufferedReader(_Recoded(stream, encoding), _BLOCK)


def _utf16(beginning: bytes) -> str | None:
    if beginning.startswith(_MARKS):
        return "utf-16"
    if b"\0" not in beginning[:2]:  # JSON begins with a sign of ASCII
        return None
    return "utf-16-le" if beginning[1:2] == b"\0" else "utf-16-be"


class _Recoded(io.RawIOBase):
    """A stream in UTF-8 of one in another encoding; what cannot be read is a sign of its own, as in a damaged line."""

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._held = b""

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as one block goes."""
        while not self._held:
            block = self._stream.read1(_BLOCK)
            self._held = self._decoder.decode(block, final=not block).encode("utf-8", "replace")
            if not block:
                break
        taken = self._held[: len(buffer)]
        buffer[: len(taken)] = taken
        self._held = self._held[len(taken) :]
        return len(taken)


def _unpacked(stream: io.BufferedReader) -> Iterator[Piece]:
    yield from _array(stream) if _is_array(stream.peek(_BLOCK)) else raw_lines(stream)


def _is_array(beginning: bytes) -> bool:
    return beginning.removeprefix(BYTE_ORDER_MARK).lstrip(_BLANK).startswith(b"[")


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
