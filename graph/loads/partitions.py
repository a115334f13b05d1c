"""A log parted by who can meet: files in which every component's events are in the log's order.

Events of one component are in one partition. A partition is read back in stretches, and within a stretch component by
component, so that a batch holds what happened to a person together. That is the same order at every reading: how many
events are done says which.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from graph.loads.ties import REFUSED, Span, lines_of

_HEAD = struct.Struct("<QQI")
"""Component, number of the line, length of the line."""
_HELD = 1 << 16
"""Bytes of a partition that are held before they are written."""


@dataclass(frozen=True, slots=True)
class Parted:
    """An event of a partition."""

    component: int
    line: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Stretch:
    """How much of a partition is held at a time, in events and bytes: whichever is reached first."""

    events: int = 20_000
    size: int = 32 << 20


def part_span(file: Path, span: Span, folder: Path, partitions: int) -> list[int]:
    """Write the events of a span into its files of the partitions; return how many each has."""
    from graph.loads.components import Components, keys_of_lines  # late: it takes half a second

    components = Components.load(folder).of(keys_of_lines(folder, span.number))
    counts = [0] * partitions
    held = [bytearray() for _ in range(partitions)]
    for number in range(partitions):
        _path(folder, number, span.number).unlink(missing_ok=True)

    def write(number: int) -> None:
        with _path(folder, number, span.number).open("ab") as stream:
            stream.write(held[number])
        held[number].clear()

    for (line, raw), component in zip(lines_of(file, span), components.tolist(), strict=True):
        if raw is None or component == REFUSED:
            continue
        number = component % partitions
        counts[number] += 1
        held[number] += _HEAD.pack(component, line, len(raw)) + raw
        if len(held[number]) >= _HELD:
            write(number)
    for number in range(partitions):
        if held[number]:
            write(number)
        if counts[number]:
            # The plan that is written afterwards counts on them, also when the power fails.
            with _path(folder, number, span.number).open("rb") as stream:
                os.fsync(stream.fileno())
    return counts


def batches(
    folder: Path, number: int, spans: int, *, size: int, stretch: Stretch, after: int = 0
) -> Iterator[list[Parted]]:
    """Return the events of a partition in batches, those that are done passed over.

    A component's events stand together as far as they came within a stretch, and go into one batch where it has room.
    """
    position = 0
    for events in _stretches(_read(folder, number, spans), stretch):
        if position + len(events) <= after:
            position += len(events)
            continue
        events.sort(key=lambda event: event.component)  # stable: the log's order within a component
        rest = events[max(after - position, 0) :]
        position += len(events)
        start = 0
        while start < len(rest):
            end = _end(rest, start, size)
            yield rest[start:end]
            start = end


def _end(events: list[Parted], start: int, size: int) -> int:
    """Find where a batch ends: before a component that it would cut, unless that fills half of it."""
    end = start + size
    if end >= len(events):
        return len(events)
    cut = end
    while cut > start and events[cut - 1].component == events[end].component:
        cut -= 1
    return cut if cut - start >= size // 2 else end


def _stretches(events: Iterator[Parted], stretch: Stretch) -> Iterator[list[Parted]]:
    held: list[Parted] = []
    size = 0
    for event in events:
        held.append(event)
        size += len(event.raw)
        if len(held) >= stretch.events or size >= stretch.size:
            yield held
            held, size = [], 0
    if held:
        yield held


def _read(folder: Path, number: int, spans: int) -> Iterator[Parted]:
    for span in range(spans):
        path = _path(folder, number, span)
        if not path.exists():
            continue
        with path.open("rb") as stream:
            while head := stream.read(_HEAD.size):
                component, line, length = _HEAD.unpack(head)
                yield Parted(component, line, stream.read(length))


def _path(folder: Path, number: int, span: int) -> Path:
    return folder / f"part-{number}-{span}.bin"
