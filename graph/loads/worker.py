"""Read, part and resolve pieces of a log: the work of each process of a load."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from graph.errors import ClashError, Unavailable
from graph.identity.events import Event, read_event
from graph.identity.keys import BlockList, EventKeys
from graph.identity.namespaces import Namespaces
from graph.identity.resolver import Resolver
from graph.loads.loads import advance
from graph.loads.partitions import Parted, Stretch, batches, part_span
from graph.loads.ties import Read, Span, read_span
from graph.logs.files import read_line
from graph.model import Answer, Outcome
from graph.store.database import Database, Transaction

MESSAGE = "log:"
"""What the message ids begin with of events that came without one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A log that was parted: a name for this parting, its spans, and how many events each partition has."""

    name: str
    spans: list[Span]
    lines: int
    refused: int
    partitions: list[int]
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class Part:
    """A partition to be resolved, from where it stands."""

    load: str
    plan: Plan
    number: int
    done: int
    batch: int

    @property
    def record(self) -> str:
        """The name of the record of how far it is."""
        return record_name(self.load, self.plan, self.number)


class Worker:
    """What each worker of a load does, in this process or in one of its own."""

    def __init__(self, database: Database, resolver: Resolver) -> None:
        self._database = database
        self._resolver = resolver
        self.told: Callable[[int], None] = lambda _: None
        """Told how much was done since it was told last."""
        self.stopped: Callable[[], bool] = lambda: False
        """Whether to stop before the next batch."""

    def read(self, file: Path, span: Span, folder: Path, block_list: BlockList, anybody: bool) -> Read:
        """Read a span of the log; where the graph holds anybody, look up who owns its keys."""
        read = read_span(file, span, folder, block_list, self._owners if anybody else None)
        self.told(span.size)
        return read

    def part(self, file: Path, span: Span, folder: Path, partitions: int) -> list[int]:
        """Write the events of a span into the partitions."""
        counts = part_span(file, span, folder, partitions)
        self.told(span.size)
        return counts

    def resolve(self, folder: Path, part: Part) -> None:
        """Resolve the events of a partition that are not done.

        Raises
        ------
        ClashError
            When another process loads the same log.
        Unavailable
            When the database cannot be reached; what is committed stays.
        """
        plan, done = part.plan, part.done
        for batch in batches(
            folder, part.number, len(plan.spans), size=part.batch, stretch=plan.stretch, after=part.done
        ):
            if self.stopped():
                return
            events = [_event(part.load, item, self._resolver.namespaces) for item in batch]
            try:
                self._resolve(part, events, done)
            except (ClashError, Unavailable):
                raise
            except Exception as error:
                if not self._one_by_one(folder, part, batch, events, done):
                    raise error
            done += len(batch)
            self.told(len(batch))

    def _resolve(self, part: Part, events: Sequence[Event], done: int, refused: int = 0) -> None:
        end = done + len(events) + refused

        def note(tx: Transaction, answers: list[Answer]) -> None:
            counts = Counter(
                "repeated" if answer.duplicate else "ignored" if answer.contact is None else "loaded"
                for answer in answers
            )
            created = sum(answer.outcome is Outcome.CREATED and not answer.duplicate for answer in answers)
            advance(
                tx,
                part.record,
                done,
                end,
                loaded=counts["loaded"],
                created=created,
                refused=refused,
                repeated=counts["repeated"],
            )

        self._resolver.resolve_and(self._resolver.prepare(events), note)

    def _one_by_one(
        self, folder: Path, part: Part, batch: Sequence[Parted], events: Sequence[Event], done: int
    ) -> bool:
        """Resolve a batch that no transaction could hold event by event, and note which of them none can.

        Gives whether there were others: a fault that every event meets is no event's.
        """
        failed = 0
        for place, (item, event) in enumerate(zip(batch, events, strict=True)):
            try:
                self._resolve(part, [event], done + place)
            except (ClashError, Unavailable):
                raise
            except Exception as error:
                failed += 1
                if failed > len(batch) // 2:
                    return False
                told = {"row": item.line, "field": "", "rule": "failed", "message": _in_words(error)}
                # Before the commit that passes it over: a line may be told twice, and is never forgotten.
                with failures_path(folder, part.number).open("ab") as stream:
                    stream.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
                self._resolve(part, [], done + place, refused=1)
        return True

    def _owners(self, all_keys: Sequence[EventKeys]) -> Iterable[tuple[str, str, str]]:
        wanted = sorted({key for keys in all_keys for key in keys.every})
        rows = self._database.read(lambda tx: tx.run("loads.owners", keys=[list(key) for key in wanted]))
        return [(row["name"], row["value"], row["owner"]) for row in rows]


def _event(load: str, item: Parted, namespaces: Namespaces) -> Event:
    event = read_line(item.raw, lambda line: read_event(line, namespaces=namespaces))
    if event.message_id is not None:
        return event
    return event.model_copy(update={"message_id": f"{MESSAGE}{load.removeprefix('log ')[:32]}:{item.line}"})


def record_name(load: str, plan: Plan, number: int) -> str:
    """Return the name of the record that says how far a partition is."""
    return f"{load}/{plan.name}/{number}"


def failures_path(folder: Path, number: int) -> Path:
    """Return the file that names the events of a partition which no transaction could hold."""
    return folder / f"failed-{number}.ndjson"


def _in_words(error: Exception) -> str:
    return f"no transaction could hold this event ({type(error).__name__})"
