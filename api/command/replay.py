"""The body of ``kinfold replay``: one log under several policies, and where they differ."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, BinaryIO, get_args

import orjson
from rich.table import Table

from api.command.logs import Line, batches, lines
from api.http.batch import resolve_read
from api.http.problems import as_problem
from api.terminal import Refusal, Screen, inert, say
from graph.deployment.scratch import ScratchGraph
from graph.errors import KinfoldError
from graph.identity.events import Event
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.kinfold import Kinfold
from graph.logs.replay import Difference, Run, Summary, UnderPolicy, differences
from graph.settings import PolicyName

WIDTH = 150
SHOWN_BAD = 10
_LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z

_COUNTS = (
    ("contacts", "contacts"),
    ("known", "of them known"),
    ("unions", "unions"),
    ("subscriptions", "subscriptions"),
    ("shared_subscriptions", "of them shared"),
    ("moved", "keys that changed hands"),
    ("limited", "events that met a limit"),
)


ALL_POLICIES = ",".join(get_args(PolicyName))
"""What `read_policies` takes for all there are."""


def read_policies(text: str) -> list[PolicyName]:
    """Read the policies to replay under, separated by commas.

    Raises
    ------
    Refusal
        When there is none, or one that does not exist.
    """
    known: tuple[PolicyName, ...] = get_args(PolicyName)
    given = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [part for part in given if part not in known]
    if unknown or not given:
        wrong = f"There is no policy {unknown[0]!r}." if unknown else "There is no policy to compare."
        raise Refusal(f"{wrong} Give some of {', '.join(known)}, separated by commas.")
    return [policy for policy in known if policy in given]


@dataclass(slots=True)
class Comparison:
    """A log under several policies.

    Attributes
    ----------
    runs, summaries
        One for each policy.
    lines
        Line numbers of everything that was read, bad lines included.
    bad
        What was wrong with a line, as `kinfold resolve` says it.
    namespaces
        Those of the deployment.
    """

    runs: list[Run] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)
    lines: "array[int]" = field(default_factory=lambda: array("Q"))
    bad: list[dict[str, Any]] = field(default_factory=list)
    namespaces: Namespaces = DEFAULT_NAMESPACES

    @property
    def resolved(self) -> int:
        """How many events there are."""
        return len(self.lines) - len(self.bad)


Told = Callable[[str, int, int], None]


def compare(scratch: ScratchGraph, log: BinaryIO, policies: Sequence[PolicyName], told: Told) -> Comparison:
    """Resolve a log under each policy, each on an empty graph.

    Raises
    ------
    Refusal
        When the log is not the same the second time.
    """
    done = Comparison()
    for policy in policies:
        log.seek(0)
        kinfold = scratch.emptied(policy)
        run = Run(policy)
        numbers = array("Q")
        done.namespaces = kinfold.namespaces
        for batch in batches(lines(log, kinfold.namespaces), kinfold.settings.batch_size):
            bad = _resolve(kinfold, run, batch)
            numbers.extend(line.number for line in batch)
            if not done.runs:
                done.bad += bad
            told(f"Replaying under {policy}", len(numbers), len(done.lines))
        if done.runs and numbers != done.lines:
            raise Refusal("The log changed while it was replayed. Give a copy of it.")
        done.lines = numbers
        done.runs.append(run)
        done.summaries.append(run.summary(kinfold.database))
    return done


def rewindable(stream: BinaryIO) -> BinaryIO:
    """Return a stream that can be read again: itself, or a copy in a file without a name when it is a pipe."""
    if stream.seekable():
        return stream
    copy = TemporaryFile()  # noqa: SIM115 -- lives as long as the command
    copyfileobj(stream, copy)
    return copy


def show(done: Comparison, log: BinaryIO, limit: int) -> None:
    """Show the sums and the first differences to a person."""
    console = Screen(width=WIDTH)
    console.print(_summed_up(done))
    counts, total, shown = Counter[str](), 0, 0
    table = Table(title="Events that differ", title_justify="left")
    table.add_column("line", justify="right", no_wrap=True)
    table.add_column("event", overflow="fold")
    for run in done.runs:
        table.add_column(run.policy, overflow="fold")
    for difference, line in _told_apart(done, log):
        total += 1
        counts.update(difference.differs)
        if limit == 0 or shown < limit:
            shown += 1
            table.add_row(str(line.number), _event(line, done.namespaces), *map(_cell, difference.policies.values()))
    if total:
        table.caption = (
            "of 9 with 34: its contact has 9 events at the end, among them line 34, which another policy puts elsewhere"
        )
        table.caption_justify = "left"
        console.print(table)
    console.print(_counted(done, total, shown, counts), soft_wrap=True)
    for problem in done.bad[:SHOWN_BAD]:
        say(f"line {problem['line']}: {problem['detail']}")
    if len(done.bad) > SHOWN_BAD:
        say(f"… and {len(done.bad) - SHOWN_BAD:,} more bad lines; --json lists them all")


def dump(done: Comparison, log: BinaryIO, out: BinaryIO) -> None:
    """Write the sums, the bad lines and every difference as one JSON document, difference by difference."""
    counts: Counter[str] = Counter()
    out.write(b'{"differences":[')
    for place, (difference, line) in enumerate(_told_apart(done, log)):
        counts.update(difference.differs)
        out.write(b",\n" if place else b"\n")
        out.write(inert(orjson.dumps(_document(difference, line, done.namespaces))))
    out.write(b"\n],")
    rest = {
        "events": done.resolved,
        "differ": {name: counts[name] for name in ("rule", "outcome", "merged", "together")},
        "policies": {summary.policy: summary.to_dict() for summary in done.summaries},
        "bad": done.bad,
    }
    out.write(inert(orjson.dumps(rest, option=_LINE))[1:])
    out.flush()


def _resolve(kinfold: Kinfold, run: Run, batch: list[Line]) -> list[dict[str, Any]]:
    bad: list[dict[str, Any]] = []
    for line, answer in zip(batch, resolve_read(kinfold.resolver.resolve, [one.read for one in batch]), strict=True):
        if isinstance(answer, KinfoldError):
            run.skip()
            bad.append(as_problem(answer, line=line.number))
        else:
            run.add(answer)
    return bad


def _told_apart(done: Comparison, log: BinaryIO) -> Iterator[tuple[Difference, Line]]:
    log.seek(0)
    reading = enumerate(lines(log, done.namespaces))
    for difference in differences(done.runs, done.lines):
        yield difference, next(line for place, line in reading if place == difference.place)


def _summed_up(done: Comparison) -> Table:
    table = Table(title=f"{done.resolved:,} events under each policy", title_justify="left")
    table.add_column("")
    for summary in done.summaries:
        table.add_column(summary.policy, justify="right")
    for name, words in _COUNTS:
        table.add_row(words, *(f"{getattr(summary, name):,}" for summary in done.summaries))
    return table


def _counted(done: Comparison, total: int, shown: int, counts: Counter[str]) -> str:
    if not total:
        return "No event differs." if done.resolved else "There are no events."
    noun = "event differs" if total == 1 else "events differ"
    parts = ", ".join(f"{counts[name]:,} in {words}" for name, words in _IN_WORDS.items() if counts[name])
    more = f"; {total - shown:,} more than shown, --limit 0 shows all" if shown < total else ""
    return f"{total:,} {noun}: {parts}{more}."


_IN_WORDS = {
    "rule": "the rule",
    "outcome": "the outcome",
    "merged": "how many contacts were folded",
    "together": "which events are together",
}


def _event(line: Line, namespaces: Namespaces) -> str:
    assert isinstance(line.read, Event)
    event = line.read
    keys = [value for _, value in event.carried(namespaces)]
    return " ".join([f"{event.message_id}:" if event.message_id else "", *keys]).strip() or "no key"


def _cell(under: UnderPolicy) -> str:
    told = f"{under.rule} {under.outcome}"
    if under.merged:
        told += f", {under.merged} folded"
    told += f", of {under.together}"
    if under.only_with:
        told += f" with {', '.join(map(str, under.only_with))}"
    return told


def _document(difference: Difference, line: Line, namespaces: Namespaces) -> dict[str, Any]:
    assert isinstance(line.read, Event)
    keys: dict[str, Any] = {}
    for name, value in line.read.carried(namespaces):
        before = keys.get(name)
        keys[name] = value if before is None else [*([before] if isinstance(before, str) else before), value]
    return {
        "line": line.number,
        "message_id": line.read.message_id,
        "keys": keys,
        "differs": list(difference.differs),
        "policies": {policy: asdict(under) for policy, under in difference.policies.items()},
    }
