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
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from graph.errors import BadInput
from graph.identity.events import Event, read_event
from graph.identity.keys import BlockList, EventKeys, read_keys, read_replaced
from graph.identity.namespaces import Namespaces
from graph.logs.files import read_line
from graph.logs.ndjson import line_too_long, raw_lines

Hashes = npt.NDArray[np.uint64]

REFUSED = 0
"""In place of the key of a line that is no event."""

_BLOCK = 1 << 20
_HELD = 1 << 16
"""Hashes that are held before they are written."""
_REMEMBERED = 200_000
"""Ties that are remembered, so that they are written once."""
_SORTED_AT_ONCE = 4_000_000
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
    key_of, ties, messages = (_File(path) for path in _files(folder, span.number))
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


def keys_of_lines(folder: Path, span: int) -> Hashes:
    """Return one key of every line of a span that was read."""
    return np.fromfile(_files(folder, span)[0], np.uint64)


def refusals_path(folder: Path, span: int) -> Path:
    """Where it is said what is wrong with the lines of a span."""
    return folder / f"refused-{span}.ndjson"


@dataclass(frozen=True, slots=True)
class Components:
    """Which keys are connected: sorted hashes, and for each the one that stands for its component.

    A key that is tied to no other is not among them and stands for itself.
    """

    hashes: Hashes
    stands_for: Hashes

    def of(self, keys: Hashes) -> Hashes:
        """Return the components of keys."""
        if not len(self.hashes):
            return keys
        place = np.minimum(np.searchsorted(self.hashes, keys), len(self.hashes) - 1)
        return np.where(self.hashes[place] == keys, self.stands_for[place], keys)

    def save(self, folder: Path) -> None:
        """Write them where `load` finds them."""
        np.save(folder / "hashes.npy", self.hashes)
        np.save(folder / "components.npy", self.stands_for)

    @classmethod
    def load(cls, folder: Path) -> "Components":
        """Read what was saved; several processes share the memory."""
        hashes, stands_for = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("hashes", "components"))
        return cls(hashes, stands_for)


def connect(folder: Path, spans: int) -> Components:
    """Find the components of the keys that all spans tie.

    Notes
    -----
    O(n log n). Memory holds some 60 bytes for each key that is tied to another; repeated message ids are found
    bucket by bucket.
    """
    from graph.analysis.components import components  # late: it takes half a second

    files = [_files(folder, number) for number in range(spans)]
    pairs = [np.fromfile(ties, np.uint64).reshape(-1, 2) for _, ties, _ in files]
    pairs += _repeated([messages for _, _, messages in files])
    both = np.concatenate(pairs) if pairs else np.zeros((0, 2), np.uint64)
    hashes, number = np.unique(both, return_inverse=True)
    left, right = number.reshape(-1, 2).astype(np.int32).T
    label = components(len(hashes), left, right)
    # Hashes are sorted: the first of a label is its smallest.
    _, first = np.unique(label, return_index=True)
    return Components(hashes, hashes[first[label]])


def _repeated(files: Sequence[Path]) -> Iterator[Hashes]:
    """Tie the events that have one message id: the second is the first once more, whatever it carries."""
    rows = sum(path.stat().st_size for path in files) // 16
    buckets = 1 + rows // _SORTED_AT_ONCE
    for bucket in range(buckets):
        parts = [
            part[part[:, 0] % np.uint64(buckets) == bucket]
            for path in files
            for part in _pages(path)
        ]  # fmt: skip
        both: Any = np.concatenate(parts) if parts else np.zeros((0, 2), np.uint64)
        both = both[np.argsort(both[:, 0], kind="stable")]
        again = (both[1:, 0] == both[:-1, 0]) & (both[1:, 1] != both[:-1, 1])
        yield np.stack((both[:-1, 1][again], both[1:, 1][again]), axis=1)


def _pages(path: Path) -> Iterator[Hashes]:
    with path.open("rb") as stream:
        while len(page := np.fromfile(stream, np.uint64, 2 * _HELD)):
            yield page.reshape(-1, 2)


def _files(folder: Path, span: int) -> tuple[Path, Path, Path]:
    return folder / f"keys-{span}.bin", folder / f"ties-{span}.bin", folder / f"messages-{span}.bin"


def _read(raw: bytes | None, namespaces: Namespaces) -> Event:
    if raw is None:
        raise line_too_long()
    return read_line(raw, lambda line: read_event(line, namespaces=namespaces))


def _hash(name: str, value: str) -> int:
    return int.from_bytes(blake2b(f"{name}\0{value}".encode(), digest_size=8).digest(), "little") or 1
