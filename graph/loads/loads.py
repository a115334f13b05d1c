"""Bulk loads of existing customers: batches of rows through the resolver, each with the load's progress.

The progress is committed with the rows that it tells of, so a load that was killed goes on behind the last batch. The
message id of a row is a hash of what it says and of the row before it that had the same first key: a row that says what
the last one of that person said, in whatever file, changes nothing, and one that goes back to an earlier value does.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

from graph.analysis.anomalies import keep_told
from graph.analysis.findings import Finding, several_keys_finding
from graph.clock import Clock, to_pair
from graph.errors import BadInput, ClashError, FieldError
from graph.identity.resolver import Prepared, Resolver
from graph.loads.customers import DEFAULT_LAYOUT, MESSAGE, Refused, fields_in, read_customer, read_rows
from graph.loads.layouts import Layout
from graph.loads.several import FOUND, Several, find_several
from graph.model import Answer, IgnoredReason, KeyRef, Outcome
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
        Rows that say what the last row of the same person said, in this file or another.
    before
        Every row was done before this call.
    conflicts
        Rows loaded without a key that is somebody else's, or that the contact could not take.
    limited
        Rows of which a limit kept a key or a union back.
    shared
        Rows whose subscription is another contact's too.
    several
        Person keys of the file that come with several of another kind; empty where the load was carried on.
    """

    rows: int
    loaded: int
    created: int
    refused: int
    repeated: int
    before: bool = False
    conflicts: int = 0
    limited: int = 0
    shared: int = 0
    several: tuple[Several, ...] = ()

    @classmethod
    def of(cls, state: Row, *, before: bool = False) -> "Loaded":
        """Read it from a load's record."""
        counts = {name: state[name] for name in ("rows", "loaded", "created", "refused", "repeated", *LOSSES)}
        return cls(**counts, before=before)

    @property
    def ignored(self) -> int:
        """Events of a history all of whose keys are blocked: nothing is written of them."""
        return self.rows - self.loaded - self.refused - self.repeated


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would become of a row.

    Attributes
    ----------
    row
        Its place in the file.
    reads
        Its fields as they are read.
    answer
        What its first event would be answered; None for a row that would be refused.
    told
        What is wrong with it, and what it would lose.
    """

    row: int
    reads: dict[str, Any]
    answer: Answer | None
    told: tuple[Refused, ...]


@dataclass(slots=True)
class _Row:
    """A row that can be loaded, as its events."""

    number: int
    events: list[Prepared]

    @property
    def person(self) -> KeyRef:
        """The key by which the row's person is known again: the first one that counts."""
        return self.events[0].keys.every[0]

    @property
    def said(self) -> str:
        """A hash of what the row says."""
        return self.events[0].message_id.removeprefix(MESSAGE)

    def called(self, message: str) -> "_Row":
        """Return the row under another message id."""
        own = self.events[0].message_id
        return _Row(self.number, [_renamed(one, message + one.message_id.removeprefix(own)) for one in self.events])


def _renamed(prepared: Prepared, message: str) -> Prepared:
    event = prepared.event.model_copy(update={"message_id": message})
    return replace(prepared, event=event, message_id=message)


@dataclass(slots=True)
class _Batch:
    start: int
    end: int
    customers: list[_Row] = field(default_factory=list)
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
        layout: Layout = DEFAULT_LAYOUT,
        on_begin: Callable[[int], None] = lambda _: None,
        on_refused: Callable[[list[Refused]], None] = lambda _: None,
        on_progress: Progress = lambda _: None,
        on_several: Callable[[list[Several]], None] = lambda _: None,
    ) -> Loaded:
        """Load a file of customers, from where an earlier load of it was stopped.

        Parameters
        ----------
        file
            Parquet or CSV; docs/bulk-load.md has its columns.
        anew
            Go through all rows again; those that say what the person's last row said stay as they are.
        layout
            How the file is written and which field its columns are, where that is not found out.
        on_begin
            Told how many rows an earlier call has done.
        on_refused
            Told what is wrong with the rows of a batch and what they lost, in their order, before the batch is
            committed; told again, all of it, when the database has to try a batch again.
        on_progress
            Told how many rows are done, after each commit.
        on_several
            Told, before the first row is loaded, which person keys come with several of another kind.

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
        O(n log n) in the rows; the file is read for its digest, the types of its columns and the keys that come with
        several others before it is loaded. Memory holds three batches, and 16 bytes for each pair of a row's keys.
        """
        name = digest(file) + (f":{layout.mark}" if layout.mark else "")
        state = self._state(name)
        if state is not None and state["finished"] and not anew:
            if state["last"]:
                return Loaded.of(state, before=True)
            anew = True  # another file has said something else since
        if state is None or anew:

            def begin(tx: Transaction) -> None:
                tx.run("loads.begin", id=name, at=to_pair(self._clock.next()), anew=anew)

            self._database.write(begin, committed=REPEATABLE)
            state = self._state(name)
        assert state is not None
        done: int = state["rows"]
        several = [] if done else find_several(file, self._resolver.block_list, layout, named=FOUND)
        on_several(several)
        findings = _findings(file, several)
        self._keep(findings)
        on_begin(done)
        for batch in self._ahead(file, done, layout):
            self._load(name, batch, on_refused)
            on_progress(batch.end)
        self._database.write(
            lambda tx: tx.run("loads.finish", id=name, at=to_pair(self._clock.next())), committed=REPEATABLE
        )
        self._keep(findings)  # once more: now the keys are there that they are about
        state = self._state(name)
        assert state is not None
        return replace(Loaded.of(state), several=tuple(several))

    def _keep(self, findings: Sequence[Finding]) -> None:
        if findings:
            self._database.write(lambda tx: keep_told(tx, findings), committed=REPEATABLE)

    def foresee(self, file: Path, rows: int, layout: Layout = DEFAULT_LAYOUT) -> list[Foreseen]:
        """Return what would become of the first rows of a file; nothing is written.

        Raises
        ------
        FileError
            When the file cannot be read.
        """
        namespaces, foreseen = self._resolver.namespaces, []
        read = read_rows(file, at_once=rows, namespaces=namespaces, layout=layout)
        first = next(read, []) if rows else []
        with self._resolver.rehearsal() as rehearse:
            for number, row in islice(first, rows):
                batch = self._checked([(number, row)])
                named, _ = self._in_turn(batch.customers)
                answers = [rehearse([one.event for one in row.events]) for row in named]
                lost = [item for row, own in zip(named, answers, strict=True) for item in _lost(row, own)]
                answer = answers[0][0] if answers else None
                foreseen.append(Foreseen(number, _reads(row, named), answer, (*batch.refused, *lost)))
        return foreseen

    def _state(self, name: str) -> Row | None:
        rows = self._database.read(lambda tx: tx.run("loads.state", id=name))
        return rows[0] if rows else None

    def _ahead(self, file: Path, done: int, layout: Layout) -> Iterator[_Batch]:
        """Read and check the next batch while the one before is resolved."""
        batches = self._batches(file, done, layout)
        with ThreadPoolExecutor(1, thread_name_prefix="kinfold-load") as reader:
            coming = reader.submit(next, batches, None)
            while (batch := coming.result()) is not None:
                coming = reader.submit(next, batches, None)
                yield batch

    def _batches(self, file: Path, done: int, layout: Layout) -> Iterator[_Batch]:
        namespaces = self._resolver.namespaces
        for rows in read_rows(file, after=done, at_once=ROWS_AT_ONCE, namespaces=namespaces, layout=layout):
            yield self._checked(rows)

    def _checked(self, rows: list[tuple[int, dict[str, Any]]]) -> _Batch:
        """Sort rows into those that can be loaded and those that are refused."""
        batch = _Batch(rows[0][0] - 1, rows[-1][0])
        for number, row in rows:
            try:
                prepared = self._resolver.prepare(read_customer(number, row, self._resolver.namespaces).events)
                aside = [item for one in prepared for item in one.keys.ignored]
                # Whatever else a row says, it says it of the erased person: nothing of it is written.
                if erased := [item for item in aside if item.reason is IgnoredReason.SUPPRESSED]:
                    raise BadInput([FieldError(item.key, item.reason, _WHY[item.reason]) for item in erased])
                if not prepared[0].keys.every:
                    raise BadInput([FieldError(item.key, item.reason, _WHY[item.reason]) for item in aside])
            except BadInput as error:
                batch.refused += [Refused(number, item.field, item.rule, item.message) for item in error.errors]
                continue
            batch.refused += [
                Refused(number, item.key, item.reason, f"{_WHY[item.reason]}; the row was loaded without it", False)
                for item in aside
            ]
            batch.customers.append(_Row(number, prepared))
        return batch

    def _load(self, name: str, batch: _Batch, on_refused: Callable[[list[Refused]], None]) -> None:
        rows, last = self._in_turn(batch.customers)
        prepared = [one for row in rows for one in row.events]
        ends = list(accumulate(len(row.events) for row in rows))

        def note(tx: Transaction, answers: list[Answer]) -> None:
            own = [answers[end - len(row.events) : end] for row, end in zip(rows, ends, strict=True)]
            repeated = sum(one[0].duplicate for one in own)
            created = sum(one[0].outcome is Outcome.CREATED and not one[0].duplicate for one in own)
            lost = [item for row, one in zip(rows, own, strict=True) for item in _lost(row, one)]
            advance(
                tx,
                name,
                batch.start,
                batch.end,
                loaded=len(own) - repeated,
                created=created,
                refused=batch.broken,
                repeated=repeated,
                **{kind: len({item.row for item in lost if item.rule == rule}) for kind, rule in LOSSES.items()},
            )
            if last:
                tx.run("loads.remember", rows=[[*key, *said] for key, said in last.items()])
            on_refused(sorted([*batch.refused, *lost], key=lambda item: item.row))

        self._resolver.resolve_and(prepared, note)

    def _in_turn(self, rows: list[_Row]) -> tuple[list[_Row], dict[KeyRef, tuple[str, str]]]:
        """Name rows by what they say and what came before, and return what is then each person's last row.

        A row has the message id of the last row of its person when it says the same; else one that no earlier row has.
        """
        keys = [list(row.person) for row in rows]
        found = self._database.read(lambda tx: tx.run("loads.last_rows", keys=keys)) if keys else []
        last: dict[KeyRef, tuple[str, str]] = {
            KeyRef(row["name"], row["value"]): (row["last_row"][0], row["last_row"][1]) for row in found
        }
        changed: dict[KeyRef, tuple[str, str]] = {}
        named = []
        for row in rows:
            said, before = row.said, last.get(row.person)
            if before is None:
                message = MESSAGE + said
            elif before[0] == said:
                message = before[1]
            else:
                message = MESSAGE + hashlib.blake2b(f"{before[1]}\0{said}".encode(), digest_size=16).hexdigest()
            if before is None or before[0] != said:
                last[row.person] = changed[row.person] = (said, message)
            named.append(row.called(message))
        return named, changed


def _findings(file: Path, several: Sequence[Several]) -> list[Finding]:
    """Return a finding for each key that a file has several others of; of two namespaces, for the one with the most."""
    found: dict[str, Finding] = {}
    for one in several:
        for value, count in one.most:
            item = several_keys_finding(one.key, value, one.other, count, file.name)
            if item.id not in found or found[item.id].score < item.score:
                found[item.id] = item
    return list(found.values())


def _reads(row: dict[str, Any], named: list[_Row]) -> dict[str, Any]:
    """Return the fields of a row, its keys in the form in which they are compared."""
    read = fields_in(row)
    for one in named:
        for key in one.events[0].keys.said:
            if not isinstance(read.get(key.namespace), list):
                read[key.namespace] = key.value
    return read


LOSSES = {"conflicts": "conflict", "limited": "limit", "shared": "shared"}
"""What rows can lose though they are loaded, by the name of its count, and as the report calls it."""


def _lost(row: _Row, answers: list[Answer]) -> Iterator[Refused]:
    """Return what a row lost, though it was loaded."""
    told: set[tuple[str, str]] = set()
    for prepared, answer in zip(row.events, answers, strict=True):
        if answer.duplicate:
            continue
        for conflict in answer.conflicts:
            if conflict.reason is not None:
                message = "the contact has as many of them as it may have; the row was loaded without this one"
            else:
                whose = f"contact {conflict.owner}'s" if conflict.owner is not None else "that of a row before"
                message = f"this is {whose} and stays there; the row was loaded without it"
            yield Refused(row.number, conflict.key, LOSSES["conflicts"], message, refused=False)
        if answer.limited and ("limited", "") not in told:
            told.add(("limited", ""))
            message = "the contact has as many keys as it may have: a key, or a union, was left out"
            yield Refused(row.number, "", LOSSES["limited"], message, refused=False)
        if answer.shared_with and prepared.event.subscription is not None:
            others = ", ".join(str(other) for other in answer.shared_with)
            message = f"the subscription is shared with contact {others}"
            yield Refused(row.number, "subscription", LOSSES["shared"], message, refused=False)


_WHY = {
    "invalid": "this cannot be a key",
    "blocked": "this value names nobody: it is blocked",
    "suppressed": "its owner was erased",
}


def advance(
    tx: Transaction,
    record: str,
    start: int,
    end: int,
    *,
    loaded: int,
    created: int,
    refused: int,
    repeated: int,
    conflicts: int = 0,
    limited: int = 0,
    shared: int = 0,
) -> None:
    """Note how far a load is, in the transaction of what it has done.

    Raises
    ------
    ClashError
        When it is not where it was: another process has gone on with it.
    """
    counts = {"loaded": loaded, "created": created, "refused": refused, "repeated": repeated}
    counts |= {"conflicts": conflicts, "limited": limited, "shared": shared}
    if not tx.run("loads.advance", id=record, **{"from": start, "to": end}, **counts):
        raise ClashError(BUSY)


def digest(file: Path) -> str:
    """Name a file by what is in it."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
