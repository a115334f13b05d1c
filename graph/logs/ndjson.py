"""Logs of events line by line, whatever stands in them."""

from collections.abc import Iterator
from typing import BinaryIO

from graph.errors import BadInput, FieldError
from graph.identity.events import MAX_EVENT_BYTES

SLACK = 1024
_SKIP = 64 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def raw_lines(stream: BinaryIO, *, first: int = 1, size: int | None = None) -> Iterator[tuple[int, bytes | None, int]]:
    """Read lines that hold something; long ones are never held as a whole.

    Parameters
    ----------
    first
        The number of the line that the stream stands at.
    size
        Stop before the line that begins behind so many bytes.

    Yields
    ------
    tuple
        A line's number, what it holds (None when that is longer than any event), and how many bytes are behind then.
    """
    number, end = first - 1, 0
    while (size is None or end < size) and (raw := stream.readline(MAX_EVENT_BYTES + SLACK)):
        number += 1
        end += len(raw)
        too_long = not raw.endswith(b"\n") and len(raw) == MAX_EVENT_BYTES + SLACK
        if too_long:
            end += skip_line(stream)
        if number == 1:
            raw = raw.removeprefix(BYTE_ORDER_MARK)
        raw = raw.strip()
        if too_long:
            yield number, None, end
        elif raw:
            yield number, raw, end


def skip_line(stream: BinaryIO) -> int:
    """Go to the next line's beginning; return how many bytes that took."""
    skipped = 0
    while rest := stream.readline(_SKIP):
        skipped += len(rest)
        if rest.endswith(b"\n"):
            break
    return skipped


def line_too_long() -> BadInput:
    """Return what is wrong with a line that is longer than any event."""
    return BadInput([FieldError("", "too_large", f"an event is at most {MAX_EVENT_BYTES} bytes")])
