"""Bulk loads of existing customers: batches of rows through the resolver, each with the load's progress.

The progress is committed with the rows that it tells of, so a load that was killed goes on behind the last batch. The
message id of a row is a hash of what it says: the same row again, in whatever file, changes nothing.
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from graph.clock import Clock, to_pair
from graph.errors import BadInput, ClashError, FieldError
from graph.identity.resolver import Prepared, Resolver
from graph.loads.customers import Refused, read_customer, read_rows
from graph.model import Answer, Outcome
from graph.store.database import REPEATABLE, Database, Row, Transaction

ROWS_AT_ONCE = 1_000

BUSY = "Another process loads the same file."

Progress = Callable[[int], None]
"""Told how many rows are done."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a file, over all the calls that it took.

    Attributes
    ----------
    rows
        How many it has.
    loaded
        Rows that were resolved for the first time.
    created
        Contacts that were made for them; the others belong to contacts that were there.
    refused
        Rows that break a rule.
    repeated
        Rows that had been loaded before, by this file or another.
    before
        Every row was done before this call.
    """

    rows: int
    loaded: int
    created: int
    refused: int
    repeated: int
    before: bool = False

    @classmethod
    def of(cls, state: Row, *, before: bool = False) -> "Loaded":
        """Tell it from a load's record."""
        counts = {name: state[name] for name in ("rows", "loaded", "created", "refused", "repeated")}
        return cls(**counts, before=before)

    @property
    def ignored(self) -> int:
        """Events of a history all of whose keys are blocked: nothing is written of them."""
        return self.rows - self.loaded - self.refused - self.repeated


@dataclass(slots=True)
class _Batch:
    start: int
    end: int
    customers: list[list[Prepared]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    @property
    def broken(self) -> int:
        return len({item.row for item in self.refused if item.refused})


class Loads:
    """Loads files of existing customers."""

    def __init__(self, database: Database, resolver: Resolver, *, clock: Clock | None = None) -> None:
        self._database = database
        self._resolver = resolver
        self._clock = clock or Clock()

    def load(
        self,
        file: Path,
        *,
        anew: bool = False,
        on_begin: Callable[[int], None] = lambda _: None,
        on_refused: Callable[[list[Refused]], None] = lambda _: None,
        on_progress: Progress = lambda _: None,
    ) -> Loaded:
        """Load a file of customers, from where an earlier load of it was stopped.

        Parameters
        ----------
        file
            Parquet or CSV; docs/bulk-load.md has its columns.
        anew
            Go through all rows again; those that are loaded stay as they are.
        on_begin
            Told how many rows an earlier call has done.
        on_refused
            Told what is wrong with rows, in their order, before the batch that they are in is committed.
        on_progress
            Told how many rows are done, after each commit.

        Raises
        ------
        FileError
            When the file cannot be read; the rows before the place that cannot are loaded.
        ClashError
            When another process loads the same file.
        Unavailable
            When the database cannot be reached; what is committed stays.

        Notes
        -----
        O(rows); the file is read twice, once for its digest. Memory holds three batches.
        """
        name = digest(file)
        state = self._state(name)
        if state is not None and state["finished"] and not anew:
            return Loaded.of(state, before=True)
        if state is None or anew:

            def begin(tx: Transaction) -> None:
                tx.run("loads.begin", id=name, at=to_pair(self._clock.next()), anew=anew)

            self._database.write(begin, committed=REPEATABLE)
            state = self._state(name)
        assert state is not None
        done: int = state["rows"]
        on_begin(done)
        for batch in self._ahead(file, done):
            on_refused(batch.refused)
            self._load(name, batch)
            on_progress(batch.end)
        self._database.write(
            lambda tx: tx.run("loads.finish", id=name, at=to_pair(self._clock.next())), committed=REPEATABLE
        )
        state = self._state(name)
        assert state is not None
        return Loaded.of(state)

    def _state(self, name: str) -> Row | None:
        rows = self._database.read(lambda tx: tx.run("loads.state", id=name))
        return rows[0] if rows else None

    def _ahead(self, file: Path, done: int) -> Iterator[_Batch]:
        """Read and check the next batch while the one before is resolved."""
        batches = self._batches(file, done)
        with ThreadPoolExecutor(1, thread_name_prefix="kinfold-load") as reader:
            coming = reader.submit(next, batches, None)
            while (batch := coming.result()) is not None:
                coming = reader.submit(next, batches, None)
                yield batch

    def _batches(self, file: Path, done: int) -> Iterator[_Batch]:
        for rows in read_rows(file, after=done, at_once=ROWS_AT_ONCE, namespaces=self._resolver.namespaces):
            batch = _Batch(rows[0][0] - 1, rows[-1][0])
            for number, row in rows:
                try:
                    if "" in row:
                        raise BadInput([FieldError("", "columns", row[""])])
                    prepared = self._resolver.prepare(read_customer(number, row, self._resolver.namespaces).events)
                    aside = [item for one in prepared for item in one.keys.ignored]
                    if not prepared[0].keys.every:
                        raise BadInput([FieldError(item.key, item.reason, _WHY[item.reason]) for item in aside])
                except BadInput as error:
                    batch.refused += [Refused(number, item.field, item.rule, item.message) for item in error.errors]
                    continue
                batch.refused += [
                    Refused(number, item.key, item.reason, f"{_WHY[item.reason]}; the row was loaded without it", False)
                    for item in aside
                ]
                batch.customers.append(prepared)
            yield batch

    def _load(self, name: str, batch: _Batch) -> None:
        prepared = [one for customer in batch.customers for one in customer]
        firsts = list(accumulate((len(customer) for customer in batch.customers[:-1]), initial=0))
        if not batch.customers:
            firsts = []

        def note(tx: Transaction, answers: list[Answer]) -> None:
            rows = [answers[place] for place in firsts]
            repeated = sum(answer.duplicate for answer in rows)
            created = sum(answer.outcome is Outcome.CREATED and not answer.duplicate for answer in rows)
            advance(
                tx,
                name,
                batch.start,
                batch.end,
                loaded=len(rows) - repeated,
                created=created,
                refused=batch.broken,
                repeated=repeated,
            )

        self._resolver.resolve_and(prepared, note)


_WHY = {
    "invalid": "this cannot be a key",
    "blocked": "this value names nobody: it is blocked",
    "suppressed": "its owner was erased",
}


def advance(
    tx: Transaction, record: str, start: int, end: int, *, loaded: int, created: int, refused: int, repeated: int
) -> None:
    """Note how far a load is, in the transaction of what it has done.

    Raises
    ------
    ClashError
        When it is not where it was: another process has gone on with it.
    """
    counts = {"loaded": loaded, "created": created, "refused": refused, "repeated": repeated}
    if not tx.run("loads.advance", id=record, **{"from": start, "to": end}, **counts):
        raise ClashError(BUSY)


def digest(file: Path) -> str:
    """Name a file by what is in it."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
