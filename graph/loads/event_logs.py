"""The load of a history: a log parted by who can meet, and each part resolved in order beside the others.

What the decision table looks at for an event hangs on the keys that the event carries, so that events which are not
connected through keys may be resolved in any order, and side by side (`graph.loads.ties`). Every event passes the
same resolver as one that comes alone. How far a part is stands in the transaction of each batch, and every event has a
message id: what was done is done once, wherever a load was stopped.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from graph.clock import Clock, to_pair
from graph.durable import write_durably
from graph.embedded.home import FileLock
from graph.errors import ClashError
from graph.identity.resolver import Resolver
from graph.loads.customers import Refused
from graph.loads.loads import BUSY, Loaded, advance
from graph.loads.partitions import Stretch
from graph.loads.ties import Read, Span, refusals_path, survey
from graph.loads.worker import Part, Plan, Worker, failures_path, record_name
from graph.loads.worker_pool import WorkerPool
from graph.logs.files import is_plain, write_plain
from graph.settings import Settings
from graph.store.database import RECEIPT, REPEATABLE, Database, Row, Transaction

PLAN = "plan.json"
PLAIN = "plain.ndjson"
"""The log, where its lines could not be read as they are: packed, an array, in another encoding."""
LEADER, WORKERS = "leader.lock", "workers.lock"
"""Held by the process that leads a load, alone, and by those that work for it, together."""
WIND_UP_SECONDS = 20.0
"""How long those may take to end whose leader was killed."""
TOLD_AT_ONCE = 1_000
"""Lines that are no events, told together: a file that is no log has no other."""

Progress = Callable[[str, int, int], None]
"""Told what is done (read, part or resolve), how much of it, and how much there is."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How a log is cut up.

    Attributes
    ----------
    batch
        Events in a transaction.
    span
        Bytes of the log that one worker reads at a time, at least.
    spans, partitions
        How many there may be.
    partition
        Events of a partition, where the log is not too long for that.
    stretch
        How much of a partition is held at a time.
    """

    batch: int = 1_000
    span: int = 4 << 20
    spans: int = 64
    partition: int = 20_000
    partitions: int = 256
    stretch: Stretch = field(default_factory=Stretch)


class EventLogs:
    """Loads histories: logs of events from before, or from another system."""

    def __init__(
        self, database: Database, resolver: Resolver, settings: Settings, *, clock: Clock | None = None
    ) -> None:
        self._database = database
        self._resolver = resolver
        self._settings = settings
        self._clock = clock or Clock()

    def load(
        self,
        file: Path,
        *,
        workers: int | None = None,
        anew: bool = False,
        work: Path | None = None,
        encoding: str | None = None,
        sizes: Sizes | None = None,
        on_begin: Callable[[], None] = lambda: None,
        on_refused: Callable[[list[Refused]], None] = lambda _: None,
        on_progress: Progress = lambda *_: None,
    ) -> Loaded:
        """Load a log, from where an earlier load of it was stopped.

        Parameters
        ----------
        file
            Events in the order in which they came, written as `kinfold resolve` takes them. It must not change
            meanwhile.
        workers
            Processes that work side by side; 1 is this one alone. As many as there are processors, up to four, when
            it is left out; one for a small log.
        anew
            Go through all events again; those that were resolved are known by their message ids.
        work
            Where the parted log is kept until the load is done; without it a folder in the deployment's home.
        encoding
            What the log is written in, where somebody says it.
        sizes
            How the log is cut up.
        on_begin
            Told before anything else when there is something to do: every line that is wrong is told again.
        on_refused
            Told which lines are no events, in their order, before anything is resolved, and in the end which events
            no transaction could hold.
        on_progress
            Told how far reading, parting and resolving are: bytes, bytes, events.

        Raises
        ------
        BadInput
            When a packed log is damaged, or an array does not end: nothing of it is resolved.
        ClashError
            When another process loads the same file.
        Unavailable
            When the database cannot be reached; what is committed stays.
        OSError
            When the file cannot be read, or the folder cannot be written.

        Notes
        -----
        O(n log n) in the events, most of it O(n). The folder holds the log once more (twice where it is not NDJSON in
        UTF-8), and memory the keys that are tied
        to others, some stretches of events and, for each span, 16 bytes a line.
        """
        sizes = sizes or Sizes(batch=self._settings.batch_size)
        plain = is_plain(file, encoding)
        digest, spans = survey(file, _span(file, sizes))
        if encoding is not None:
            digest = sha256(f"{digest} {encoding}".encode()).hexdigest()
        load = f"log {digest}"
        folder = (work or self._settings.home / "loads") / digest[:32]
        with _held(folder):
            state = self._state(load)
            if state is not None and state["finished"] and not anew:
                loaded = Loaded.of(state, before=True)
            else:
                on_begin()
                if not plain:
                    file = _write_plain(file, folder, encoding)
                    _, spans = survey(file, _span(file, sizes))
                size = file.stat().st_size
                with self._crew(workers, spans, folder) as crew:
                    plan = None if anew or state is None else _read_plan(folder)
                    if plan is None or not self._knows(load, plan):
                        _clear(folder)
                        crew.on_progress = lambda what, done: on_progress(what, done, size)
                        plan = self._part(crew, file, spans, folder, sizes)
                        self._begin(load)
                    for span in plan.spans:
                        for some in _by(TOLD_AT_ONCE, _told(refusals_path(folder, span.number))):
                            on_refused(some)
                    self._resolve(crew, load, plan, folder, sizes, on_progress)
                    on_refused(_failed(folder, plan))
                    loaded = self._finish(load, plan)
        shutil.rmtree(folder, ignore_errors=True)
        return loaded

    def _crew(self, workers: int | None, spans: Sequence[Span], folder: Path) -> WorkerPool:
        if workers is None:
            workers = min(os.cpu_count() or 1, 4) if len(spans) > 1 else 1
        return WorkerPool(Worker(self._database, self._resolver), self._settings, workers, folder / WORKERS)

    def _part(self, crew: WorkerPool, file: Path, spans: list[Span], folder: Path, sizes: Sizes) -> Plan:
        from graph.loads.components import connect  # late: it takes half a second

        anybody = bool(self._database.read(lambda tx: tx.run("loads.anybody")))
        block_list = self._resolver.block_list
        read: list[Read] = crew.run("read", [(file, span, folder, block_list, anybody) for span in spans])
        lines, refused = sum(one.lines for one in read), sum(one.refused for one in read)
        connect(folder, len(spans)).save(folder)
        partitions = max(1, min(sizes.partitions, max(lines // sizes.partition, 4 * crew.workers)))
        counts = crew.run("part", [(file, span, folder, partitions) for span in spans])
        events = [sum(column) for column in zip(*counts, strict=True)]
        plan = Plan(uuid.uuid4().hex, spans, lines, refused, events, sizes.stretch)
        _write_plan(folder, plan)
        return plan

    def _knows(self, load: str, plan: Plan) -> bool:
        """Return whether this graph has records of a parting: it may be made for another graph, or be replaced."""
        numbers = _numbers(plan)
        return not numbers or self._state(record_name(load, plan, numbers[0])) is not None

    def _begin(self, load: str) -> None:
        def work(tx: Transaction) -> None:
            tx.run("loads.forget", beginning=f"{load}/")
            tx.run("loads.begin", id=load, at=to_pair(self._clock.next()), anew=True)

        self._database.write(work, committed=REPEATABLE)

    def _resolve(
        self, crew: WorkerPool, load: str, plan: Plan, folder: Path, sizes: Sizes, on_progress: Progress
    ) -> None:
        numbers = _numbers(plan)

        def states(tx: Transaction) -> list[int]:
            done = []
            for number in numbers:
                name = record_name(load, plan, number)
                rows = tx.run("loads.state", id=name)
                if not rows:
                    tx.run("loads.begin", id=name, at=to_pair(self._clock.next()), anew=False)
                done.append(rows[0]["rows"] if rows else 0)
            return done

        parts = [
            Part(load, plan, number, done, sizes.batch)
            for number, done in zip(numbers, self._database.write(states, committed=REPEATABLE), strict=True)
        ]
        # The longest first: it may be one component, which one worker resolves alone.
        parts.sort(key=lambda part: part.done - plan.partitions[part.number])
        before, events = sum(part.done for part in parts), sum(plan.partitions)
        crew.on_progress = lambda _, done: on_progress("resolve", before + done, events)
        crew.on_progress("resolve", 0)
        crew.run("resolve", [(folder, part) for part in parts])

    def _finish(self, load: str, plan: Plan) -> Loaded:
        names = [record_name(load, plan, number) for number in _numbers(plan)]

        def work(tx: Transaction) -> Row:
            states = [row for name in names for row in tx.run("loads.state", id=name)]
            if sum(state["rows"] for state in states) != sum(plan.partitions):
                raise ClashError(BUSY)
            told = {name: sum(state[name] for state in states) for name in ("loaded", "created", "refused", "repeated")}
            told["refused"] += plan.refused
            advance(tx, load, 0, plan.lines, **told)
            tx.run("loads.finish", id=load, at=to_pair(self._clock.next()))
            tx.run("loads.forget", beginning=f"{load}/")
            (state,) = tx.run("loads.state", id=load)
            return state

        return Loaded.of(self._database.write(work, committed=RECEIPT))

    def _state(self, load: str) -> Row | None:
        rows = self._database.read(lambda tx: tx.run("loads.state", id=load))
        return rows[0] if rows else None


def _numbers(plan: Plan) -> list[int]:
    return [number for number, events in enumerate(plan.partitions) if events]


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock, workers = FileLock(folder / LEADER), FileLock(folder / WORKERS)
    if not lock.acquire():
        raise ClashError(BUSY)
    try:
        if not workers.acquire(timeout=WIND_UP_SECONDS):
            raise ClashError("Processes of an earlier load of this file are still at work.")
        workers.release()
        yield
    finally:
        lock.release()


def _clear(folder: Path) -> None:
    (folder / PLAN).unlink(missing_ok=True)  # first: without it nothing else counts
    for path in folder.iterdir():
        if path.name not in (LEADER, WORKERS, PLAIN):
            path.unlink()


def _span(file: Path, sizes: Sizes) -> int:
    return max(sizes.span, file.stat().st_size // sizes.spans + 1)


def _write_plain(file: Path, folder: Path, encoding: str | None) -> Path:
    plain = folder / PLAIN
    with file.open("rb") as source, plain.open("wb") as target:
        write_plain(source, target, encoding)
    return plain


def _write_plan(folder: Path, plan: Plan) -> None:
    write_durably(folder / PLAN, orjson.dumps(asdict(plan)))


def _read_plan(folder: Path) -> Plan | None:
    try:
        found: dict[str, Any] = orjson.loads((folder / PLAN).read_bytes())
    except FileNotFoundError:
        return None
    plan = Plan(**found)
    return replace(plan, spans=[Span(**span) for span in found["spans"]], stretch=Stretch(**found["stretch"]))


def _failed(folder: Path, plan: Plan) -> list[Refused]:
    found = {line.row: line for number in range(len(plan.partitions)) for line in _told(failures_path(folder, number))}
    return [found[row] for row in sorted(found)]


def _told(path: Path) -> Iterator[Refused]:
    if path.exists():
        with path.open("rb") as lines:
            for line in lines:
                yield Refused(**orjson.loads(line))


def _by(count: int, told: Iterator[Refused]) -> Iterator[list[Refused]]:
    while some := list(islice(told, count)):
        yield some
