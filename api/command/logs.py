"""A log of events: read ahead by a thread, resolved in batches, answered event by event."""

import os
import stat
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Condition, Thread
from typing import Any, BinaryIO

import orjson
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from api.http.batch import Read, resolve_read
from api.http.problems import as_problem
from api.segment_spec.messages import KINDS, read_message
from api.terminal import inert, progress_bar, stderr
from graph.errors import BadInput, KinfoldError
from graph.identity.events import Event, read_event
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.identity.resolver import Resolve
from graph.kinfold import Kinfold
from graph.loads.customers import read_event_row, read_rows
from graph.loads.layouts import Layout
from graph.logs.files import raw_events, read_line
from graph.logs.ndjson import line_too_long

LINGER = 0.01
"""How long a batch that is not full waits for the next line, in seconds."""

TABLES = frozenset({".csv", ".tsv", ".parquet"})
"""What the names of files end with that hold events as rows."""

LOGS = frozenset({".ndjson", ".jsonl", ".json", ".log", ".gz"})
"""What the names of files end with that hold JSON, in whichever encoding."""

COUNTED_CONTACTS = 50_000
"""Up to how many distinct contacts are counted; beyond it the count says 'more than'."""


@dataclass(slots=True)
class Line:
    """One line of a log, or one item of an array."""

    number: int
    read: Read
    end: int
    """How many bytes of the log are behind after this line."""


def lines(stream: BinaryIO, namespaces: Namespaces = DEFAULT_NAMESPACES, encoding: str | None = None) -> Iterator[Line]:
    """Read a log line by line; blank lines are passed over, long ones are never held as a whole."""
    for number, raw, end in raw_events(stream, encoding):
        yield Line(number, line_too_long() if raw is None else read_logged(raw, namespaces), end)


def read_logged(raw: bytes, namespaces: Namespaces = DEFAULT_NAMESPACES) -> Read:
    """Read an event, or a message of the Segment specification as archives have it: no event has a field `type`.

    A line that cannot be read and is not UTF-8 is tried as Windows-1252.
    """
    try:
        return read_line(raw, lambda line: _read_logged(line, namespaces))
    except KinfoldError as error:
        return error


def _read_logged(raw: bytes, namespaces: Namespaces) -> Event:
    if b'"type"' in raw:
        try:
            message = orjson.loads(raw)
        except orjson.JSONDecodeError:
            message = None
        kind = message.get("type") if isinstance(message, dict) else None
        if isinstance(kind, str) and kind.strip().lower() in KINDS:
            return read_message(kind.strip().lower(), message, datetime.now(UTC), namespaces=namespaces)
    return read_event(raw, namespaces=namespaces)


def is_table(file: Path, layout: Layout) -> bool:
    """Return whether a file holds events as rows: by its name, or because somebody says how its rows are written."""
    suffix = file.suffix.lower()
    return suffix in TABLES or layout.tells_columns or (layout.encoding is not None and suffix not in LOGS)


def table_lines(file: Path, layout: Layout, namespaces: Namespaces = DEFAULT_NAMESPACES) -> Iterator[Line]:
    """Read a table of events row by row.

    Raises
    ------
    FileError
        When it is no table, or has a column of which nobody says what it is.
    """
    for rows in read_rows(file, namespaces=namespaces, layout=replace(layout, events=True)):
        for number, row in rows:
            try:
                read: Read = read_event_row(row, namespaces)
            except BadInput as error:
                read = error
            yield Line(number, read, 0)


class ReadAhead:
    """Lines that a thread reads while the batch before them is resolved; never more than two batches of them.

    A line costs one append: the lock is for the moments when one side has to wait for the other.
    """

    def __init__(self, read: Iterator[Line], size: int) -> None:
        self._size = size
        self._lines: deque[Line] = deque()
        self._changed = Condition()
        self._wanted = 0
        """How many lines the taker waits for; 0 while it does not wait."""
        self._ended = False
        self._error: BaseException | None = None
        Thread(target=self._read, args=(read,), daemon=True).start()

    def take(self) -> list[Line]:
        """Take a full batch, or what is there when the log comes slowly; an empty one is the end."""
        self._wait_for(1, None)
        self._wait_for(self._size, LINGER)
        batch = [self._lines.popleft() for _ in range(min(len(self._lines), self._size))]
        with self._changed:
            self._changed.notify()
        if not batch and self._error is not None:
            raise self._error
        return batch

    def _wait_for(self, count: int, seconds: float | None) -> None:
        with self._changed:
            self._wanted = count
            self._changed.wait_for(lambda: len(self._lines) >= count or self._ended, seconds)
            self._wanted = 0

    def _read(self, read: Iterator[Line]) -> None:
        try:
            for line in read:
                self._lines.append(line)
                ahead = len(self._lines)
                # The taker names what it wants before it looks at the lines, so one of the two sees the other.
                if 0 < self._wanted <= ahead or ahead >= 2 * self._size:
                    with self._changed:
                        self._changed.notify()
                        self._changed.wait_for(lambda: len(self._lines) < 2 * self._size)
        except BaseException as error:
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify()


def batches(read: Iterator[Line], size: int) -> Iterator[list[Line]]:
    """Hand out what a thread reads ahead: full batches, or what is there when the log comes slowly."""
    ahead = ReadAhead(read, size)
    while batch := ahead.take():
        yield batch


def answer_lines(resolve: Resolve, batch: list[Line], *, rehearsal: bool = False) -> list[dict[str, Any]]:
    """Resolve a batch; what was wrong with a line is said in its place, with the line's number."""
    results = resolve_read(resolve, [line.read for line in batch], alone=not rehearsal)
    return [
        {"error": as_problem(result, line=line.number)} if isinstance(result, KinfoldError) else result.to_dict()
        for line, result in zip(batch, results, strict=True)
    ]


@dataclass(slots=True)
class Tally:
    """What came of a log so far, in memory that does not grow with it."""

    outcomes: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    resolved: int = 0
    bad: int = 0
    first_bad: str = ""
    duplicates: int = 0
    folded: int = 0
    contacts: set[str] = field(default_factory=set)
    started: float = field(default_factory=time.monotonic)

    def add(self, answers: list[dict[str, Any]]) -> None:
        """Count a batch of answers as they were written."""
        for answer in answers:
            if "error" in answer:
                self._add_bad(answer["error"])
            else:
                self._add_answer(answer)

    def _add_bad(self, problem: dict[str, Any]) -> None:
        self.bad += 1
        self.first_bad = self.first_bad or f"line {problem['line']}: {problem['detail']}"

    def _add_answer(self, answer: dict[str, Any]) -> None:
        self.resolved += 1
        self.duplicates += answer["duplicate"]
        self.folded += len(answer["merged"])
        if not answer["duplicate"]:  # what was sent before is no second decision
            self.outcomes[answer["outcome"]] += 1
            self.rules[answer["rule"] or "none"] += 1
        contact = answer["contact"]
        if contact and contact.id and len(self.contacts) <= COUNTED_CONTACTS:
            self.contacts.add(contact.id)

    def table(self, *, dry_run: bool) -> Table:
        """Show the counts to a person."""
        seconds = time.monotonic() - self.started
        table = Table(show_header=False, box=None, pad_edge=False)
        table.add_column(style="bold")
        table.add_column()
        noun = "event" if self.resolved == 1 else "events"
        pace = f"{self.resolved / seconds:,.0f} events/s" if self.resolved and seconds > 0 else ""
        told = "told, nothing written" if dry_run else "resolved"
        table.add_row(told, f"{self.resolved:,} {noun} in {seconds:,.1f} s  {pace}".rstrip())
        if self.bad:
            table.add_row("bad lines", f"{self.bad:,}; the first is {self.first_bad}", style="red")
        if self.resolved:
            table.add_row("outcomes", _counts(self.outcomes.most_common()))
            table.add_row("rules", _counts(sorted(self.rules.items())))
            table.add_row("contacts", self._touched(dry_run))
        if self.duplicates:
            table.add_row("sent before", f"{self.duplicates:,}")
        return table

    def _touched(self, dry_run: bool) -> str:
        many = len(self.contacts) > COUNTED_CONTACTS
        count = f"more than {COUNTED_CONTACTS:,}" if many else f"{len(self.contacts):,}"
        which = " of those that exist" if dry_run else ""
        return f"{count}{which} touched, {self.folded:,} folded into another"


def _counts(items: list[tuple[str, int]]) -> str:
    return ", ".join(f"{name}: {count:,}" for name, count in items)


def dump(answers: list[dict[str, Any]]) -> bytes:
    """Write answers as NDJSON."""
    option = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    return inert(b"".join(orjson.dumps(answer, option=option) for answer in answers))


def resolve(
    kinfold: Kinfold, stream: BinaryIO, *, table: Path | None, layout: Layout, dry_run: bool, explain: bool
) -> int:
    """Resolve a log, answer line by line on stdout, and return how many lines were bad.

    Parameters
    ----------
    table
        The file, where it holds events as rows.
    """
    namespaces = kinfold.namespaces
    read = lines(stream, namespaces, layout.encoding) if table is None else table_lines(table, layout, namespaces)
    tally = Tally()
    rehearsal = kinfold.resolver.rehearsal(explain=explain) if dry_run else None
    with rehearsal or nullcontext(partial(kinfold.resolver.resolve, explain=explain)) as resolve_events:
        try:
            with _progress(stream) as show:
                for batch in batches(read, kinfold.settings.batch_size):
                    answers = answer_lines(resolve_events, batch, rehearsal=dry_run)
                    # Counted first: a signal may come as soon as the answers are out.
                    tally.add(answers)
                    sys.stdout.buffer.write(dump(answers))
                    sys.stdout.buffer.flush()
                    show(batch[-1].end, tally.resolved + tally.bad)
        except BrokenPipeError:
            raise
        except BaseException:
            if tally.resolved:
                stderr.print(tally.table(dry_run=dry_run))
            raise
    stderr.print(tally.table(dry_run=dry_run))
    return tally.bad


@contextmanager
def _progress(stream: BinaryIO) -> Iterator[Any]:
    """Show how far the log is, where it does not disturb the answers."""
    state = os.fstat(stream.fileno())
    total = state.st_size if stat.S_ISREG(state.st_mode) else None
    progress = progress_bar(TextColumn("{task.fields[events]:,} events"), BarColumn(), TimeRemainingColumn())
    progress.disable |= sys.stdout.isatty()
    task = progress.add_task("", total=total, events=0)

    def show(end: int, events: int) -> None:
        progress.update(task, completed=end, events=events)

    with progress:
        yield show
