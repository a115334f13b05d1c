"""What a log comes to under a policy, and which events differ from one policy to the next.

Contact ids are minted anew for every run, so runs are compared by which events end up together, never by ids.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from graph.model import Answer, Kind
from graph.store.database import Database

PAGE = 10_000
"""Rows a statement reads at once when a graph is counted."""

EXAMPLES = 3
"""How many lines are named that an event is together with under one policy only."""

_NONE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Summary:
    """What a log came to under one policy.

    Attributes
    ----------
    policy
        Which one.
    resolved
        Events that were resolved or ignored; the rest could not be read.
    contacts, known
        Contacts at the end, and how many of them are known.
    unions
        Contacts that were folded into another.
    subscriptions, shared_subscriptions
        Subscriptions at the end, and how many have several owners.
    moved
        Keys that changed hands.
    limited
        Events where a limit kept something from being done.
    outcomes, rules
        How often each was answered; what was sent before is left out.
    """

    policy: str
    resolved: int
    contacts: int
    known: int
    unions: int
    subscriptions: int
    shared_subscriptions: int
    moved: int
    limited: int
    outcomes: dict[str, int]
    rules: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return asdict(self)


class Run:
    """The answers of one run over a log, in little memory: four numbers an event.

    Parameters
    ----------
    policy
        Under which the log was resolved.
    """

    def __init__(self, policy: str) -> None:
        self.policy = policy
        self._words: dict[str, int] = {}
        self._contacts: dict[str, int] = {}
        self._into: dict[int, int] = {}
        self._rules = array("I")
        self._outcomes = array("I")
        self._merged = array("I")
        self._owners = array("I")
        self._decided: Counter[tuple[str, str]] = Counter()
        self._known: dict[int, bool] = {}
        self._unions = self._moved = self._limited = self._resolved = 0

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, answer: Answer) -> None:
        """Note the answer to the next event."""
        self._resolved += 1
        self._unions += len(answer.merged)
        self._moved += len(answer.moved)
        self._limited += answer.limited
        if not answer.duplicate:
            self._decided[answer.rule or "none", answer.outcome.value] += 1
        owner = _NONE
        if answer.contact is not None and answer.contact.id is not None:
            owner = self._contact(answer.contact.id)
            self._known[owner] = answer.contact.kind == Kind.KNOWN
            for folded in answer.merged:
                if folded is not None:
                    self._into[self._contact(folded)] = owner
        self._rules.append(self._word(answer.rule or "none"))
        self._outcomes.append(self._word(answer.outcome.value))
        self._merged.append(len(answer.merged))
        self._owners.append(owner)

    def skip(self) -> None:
        """Note that the next line is no event."""
        for row in (self._rules, self._outcomes, self._owners):
            row.append(_NONE)
        self._merged.append(0)

    def partition(self) -> list[int]:
        """Return for each event the number of the contact that has its activity at the end.

        A union takes the activity of the folded contact along, so this is the answered contact followed through
        the unions that came after. What has no contact (a bad line, an ignored event) is alone, below zero.
        """
        return [-1 - place if owner == _NONE else self._end(owner) for place, owner in enumerate(self._owners)]

    def contacts(self) -> list[str]:
        """Return for each event the id of the contact that has its activity at the end; empty when none has."""
        names = list(self._contacts)
        return ["" if number < 0 else names[number] for number in self.partition()]

    def kinds(self) -> dict[str, bool]:
        """Return for every contact that is left whether it is known."""
        names = list(self._contacts)
        return {names[number]: known for number, known in self._known.items() if number not in self._into}

    def at(self, place: int) -> tuple[str | None, str | None, int]:
        """Return the rule, the outcome and the number of unions answered to one event."""
        words = list(self._words)

        def word(number: int) -> str | None:
            return None if number == _NONE else words[number]

        return word(self._rules[place]), word(self._outcomes[place]), self._merged[place]

    def summary(self, database: Database) -> Summary:
        """Count what the graph holds now that the log is through."""
        contacts: Counter[str] = Counter(row["kind"] for row in pages(database, "replay.contacts", "id"))
        owners = [row["owners"] for row in pages(database, "replay.subscriptions", "value")]
        outcomes: Counter[str] = Counter()
        rules: Counter[str] = Counter()
        for (rule, outcome), count in self._decided.items():
            rules[rule] += count
            outcomes[outcome] += count
        return Summary(
            self.policy,
            self._resolved,
            contacts.total(),
            contacts["known"],
            self._unions,
            sum(count > 0 for count in owners),
            sum(count > 1 for count in owners),
            self._moved,
            self._limited,
            dict(sorted(outcomes.items())),
            dict(sorted(rules.items())),
        )

    def _contact(self, contact_id: str) -> int:
        return self._contacts.setdefault(contact_id, len(self._contacts))

    def _word(self, text: str) -> int:
        return self._words.setdefault(text, len(self._words))

    def _end(self, number: int) -> int:
        path = []
        while (further := self._into.get(number)) is not None:
            path.append(number)
            number = further
        for one in path[:-1]:
            self._into[one] = number
        return number


def pages(database: Database, name: str, column: str, *, limit: int = PAGE) -> Iterator[dict[str, Any]]:
    """Read all rows of a paged statement whose pages go by one column."""
    after = ""
    while True:
        place = after
        rows = database.read(lambda tx, after=place: tx.run(name, after=after, limit=limit))  # type: ignore[misc]
        yield from rows
        if len(rows) < limit:
            return
        after = rows[-1][column]


@dataclass(frozen=True, slots=True)
class UnderPolicy:
    """What became of one event under one policy.

    Attributes
    ----------
    rule, outcome, merged
        As it was answered; ``merged`` is how many contacts it folded.
    together
        How many events its contact has at the end, this one included.
    only_with
        Some lines that it is together with, and not so under every other policy.
    """

    rule: str | None
    outcome: str | None
    merged: int
    together: int
    only_with: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One event that comes to something else under another policy.

    Attributes
    ----------
    place
        Where it stands among the lines that were read, from 0 on.
    differs
        In what: ``rule``, ``outcome``, ``merged``, ``together``.
    policies
        What became of it under each.
    """

    place: int
    differs: tuple[str, ...]
    policies: dict[str, UnderPolicy]


def differences(runs: Sequence[Run], lines: Sequence[int]) -> Iterator[Difference]:
    """Yield the events that differ between runs over one log, in its order.

    Parameters
    ----------
    runs
        One for each policy, of the same length.
    lines
        The line number of each event, to name those that it is together with.

    Raises
    ------
    ValueError
        When the runs are not over the same number of events.

    Notes
    -----
    O(events times policies): the events that two contacts of different runs have in common are counted, never
    compared one by one.
    """
    if len({len(run) for run in runs} | {len(lines)}) != 1:
        raise ValueError("these runs are not over the same log")
    partitions = [run.partition() for run in runs]
    joint = list(zip(*partitions, strict=True))
    sizes = [Counter(partition) for partition in partitions]
    common = Counter(joint)
    blocks = [_blocks(joint, policy, lines) for policy in range(len(runs))]
    for place, labels in enumerate(joint):
        answers = [run.at(place) for run in runs]
        together = [sizes[policy][label] for policy, label in enumerate(labels)]
        differs = tuple(
            name for part, name in enumerate(("rule", "outcome", "merged")) if len({one[part] for one in answers}) > 1
        )
        # With the same events under all policies, or not: then some contact has more than what is common to all.
        if any(count != common[labels] for count in together):
            differs = (*differs, "together")
        if differs:
            yield Difference(
                place,
                differs,
                {
                    run.policy: UnderPolicy(
                        *answers[policy], together[policy], _others(blocks[policy][labels[policy]], labels)
                    )
                    for policy, run in enumerate(runs)
                },
            )


_Blocks = Mapping[int, Mapping[tuple[int, ...], list[int]]]


def _blocks(joint: Sequence[tuple[int, ...]], policy: int, lines: Sequence[int]) -> _Blocks:
    """For each contact of one run, its events sorted by where all runs have them; the first few of each sort."""
    found: defaultdict[int, dict[tuple[int, ...], list[int]]] = defaultdict(dict)
    for labels, line in zip(joint, lines, strict=True):
        block = found[labels[policy]].setdefault(labels, [])
        if len(block) < EXAMPLES:
            block.append(line)
    return found


def _others(blocks: Mapping[tuple[int, ...], list[int]], labels: tuple[int, ...]) -> tuple[int, ...]:
    lines = (line for other, block in blocks.items() if other != labels for line in block)
    return tuple(sorted(islice(lines, EXAMPLES)))
