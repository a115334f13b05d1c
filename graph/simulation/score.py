"""A world replayed under every policy and under the yardsticks, and held against its truth."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from graph.analysis.findings import Finding, key_of
from graph.blocking.blocking import Blocking
from graph.deployment.scratch import ScratchGraph
from graph.edits.splits import Wanted
from graph.errors import ClashError
from graph.identity.decision import Limits
from graph.identity.events import read_event
from graph.identity.keys import EventKeys, read_keys
from graph.kinfold import Kinfold
from graph.logs.replay import Run, Summary, pages
from graph.model import Answer
from graph.settings import PolicyName
from graph.simulation.detection import THRESHOLD, Detection, detect
from graph.simulation.entities import Happening, Planted
from graph.simulation.metrics import Agreement, Fused, agreement, mixed_contacts, wrongly_fused
from graph.simulation.parameters import Parameters
from graph.simulation.pushes import Pushes, Shop, last_name_wins
from graph.simulation.world import World
from graph.simulation.yardsticks import (
    DisjointSets,
    ceiling_of_the_log,
    connected_components,
    last_login_wins,
    names_then_last_login,
)

POLICIES: tuple[PolicyName, ...] = ("strict", "continuity", "last_login")

WITH_SUGGESTIONS: PolicyName = "continuity"
"""Under which policy suggestions are accepted."""

YARDSTICKS = {
    "connected components": connected_components,
    "last login wins": last_login_wins,
    "names, then last login": names_then_last_login,
}
FAIR = "names, then last login"
"""The yardstick that pushes are held against too."""

CEILING = "ceiling of the log"

ACCEPTED = (0.5, 0.9, 0.95, 0.99)
"""From which probabilities on suggestions are accepted, one after the other."""

Told = Callable[[str, int, int], None]
"""Told what is being replayed, how many of its events are done and how many there are."""


@dataclass(frozen=True, slots=True)
class Method:
    """How one way to put events together did.

    Attributes
    ----------
    name
        A policy or a yardstick.
    contacts
        Into how many contacts it put the events.
    agreement, fused
        Against the truth.
    summary
        What the graph held at the end; None for a yardstick.
    detections
        How well the analysis of that graph found what was planted; None for a yardstick, or without analysis.
    listed
        Whom pushes to everybody who ever came with a subscription reached, with the gate and without it; None for a
        yardstick.
    pushes
        The same for pushes to who owns it in the graph, or has it by the yardstick; None for a yardstick that says
        nothing of them.
    suggested
        Which suggestions were accepted beforehand, and whether fused contacts were split; None without either.
    """

    name: str
    contacts: int
    agreement: Agreement
    fused: Fused
    summary: Summary | None = None
    detections: list[Detection] | None = None
    listed: Pushes | None = None
    pushes: Pushes | None = None
    suggested: "Suggested | None" = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "method": self.name,
            "yardstick": self.summary is None and self.suggested is None,
            "contacts": self.contacts,
            "pairwise": self.agreement.pairwise.to_dict(),
            "bcubed": self.agreement.bcubed.to_dict(),
            "known_persons_wrongly_fused": self.fused.to_dict(),
            "graph": None if self.summary is None else self.summary.to_dict(),
            "anomalies": None if self.detections is None else [one.to_dict() for one in self.detections],
            "pushes_to_all_who_came": None if self.listed is None else self.listed.to_dict(),
            "pushes": None if self.pushes is None else self.pushes.to_dict(),
            "suggestions": None if self.suggested is None else asdict(self.suggested),
        }


@dataclass(frozen=True, slots=True)
class Suggested:
    """What was done to a policy's contacts beforehand: suggestions accepted, fused contacts split.

    Attributes
    ----------
    least
        From which probability on suggestions were accepted; None when none were, or the right ones whatever they are.
    pairs, right
        How many they were, and how many of them are one person (`persons_behind`).
    split
        Around how many values that the analysis had found to fuse contacts were split before.
    lowest
        No lower probability fuses as few known persons as `FAIR` does.
    """

    least: float | None
    pairs: int
    right: int
    split: int = 0
    lowest: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """A world and how each method did in it.

    Attributes
    ----------
    people, seed, parameters
        The world.
    adopts
        Whether browsers stored the answered tracker.
    events, persons, known
        How many events there are, who (bots and agents too) did them, and how many did some under their own name.
    planted
        What is wrong in the world.
    methods
        Policies first, then yardsticks.
    """

    people: int
    seed: int
    parameters: Parameters
    adopts: bool
    events: int
    persons: int
    known: int
    planted: list[Planted]
    methods: list[Method] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        parameters = {name: getattr(self.parameters, name) for name in self.parameters.__dataclass_fields__}
        return {
            "people": self.people,
            "seed": self.seed,
            "parameters": parameters,
            "browsers_store_the_answered_tracker": self.adopts,
            "events": self.events,
            "persons": self.persons,
            "known_persons": self.known,
            "planted": [one.to_dict() for one in self.planted],
            "methods": [method.to_dict() for method in self.methods],
        }


def score_world(
    scratch: ScratchGraph,
    people: int,
    *,
    seed: int = 0,
    parameters: Parameters | None = None,
    adopts: bool = True,
    policies: Sequence[PolicyName] = POLICIES,
    told: Told | None = None,
) -> Score:
    """Replay a world under policies and yardsticks, and hold each against the truth.

    Parameters
    ----------
    scratch
        A graph to be filled and emptied.
    people, seed, parameters
        The world; it is made anew for every replay, never kept.
    adopts
        Browsers store the answered tracker and send it with the next event, as the tag does. Without it they keep
        sending the cookie that they minted themselves.
    policies
        Which to replay.
    told
        Told how far it is.
    """
    parameters = parameters or Parameters()
    world = World(people, seed=seed, parameters=parameters)
    truth = _Truth()
    for happening in world.happenings():
        truth.add(happening)
    score = Score(
        people,
        seed,
        parameters,
        adopts,
        len(truth.persons),
        len(truth.names),
        len({person for person, own in zip(truth.persons, truth.named, strict=True) if own}),
        world.planted(),
    )
    yardsticks = [
        _placed(name, method(_keys(scratch, World(people, seed=seed, parameters=parameters))), truth)
        for name, method in YARDSTICKS.items()
    ]
    fair = next(one.fused.persons for one in yardsticks if one.name == FAIR)
    with_suggestions: list[Method] = []
    for policy in policies:
        kinfold = scratch.emptied(policy, parameters.namespaces)
        again = World(people, seed=seed, parameters=parameters)
        jar, shop = Jar(), Shop(parameters.push_times())
        run = _replay(kinfold, policy, again.happenings(), len(truth.persons), jar if adopts else None, shop, told)
        found = run.contacts()
        findings = _findings(kinfold, seed)
        mixed = mixed_contacts(found, truth.persons)
        score.methods.append(
            replace(
                _placed(policy, found, truth),
                summary=run.summary(kinfold.database),
                detections=None
                if findings is None
                else detect(findings, score.planted, mixed=mixed, cookies=jar.cookies),
                listed=shop.listed,
                pushes=shop.owned,
            )
        )
        if policy == WITH_SUGGESTIONS:  # while the graph is there
            with_suggestions += _with_suggestions(kinfold, policy, found, truth, fair)
            split = _split(kinfold, findings or ())
            whose = {row["message_id"]: row["contact"] for row in pages(kinfold.database, "replay.whose", "message_id")}
            again = World(people, seed=seed, parameters=parameters)
            found = [whose.get(happening.truth.message_id, "") for happening in again.happenings()]
            with_suggestions += _with_suggestions(kinfold, f"{policy}, split", found, truth, fair, split)
    score.methods.extend(with_suggestions)
    again = World(people, seed=seed, parameters=parameters)
    pushes = last_name_wins(again.happenings(), parameters.push_times())
    score.methods.extend(replace(one, pushes=pushes) if one.name == FAIR else one for one in yardsticks)
    ceiling = ceiling_of_the_log(_keys(scratch, World(people, seed=seed, parameters=parameters)), truth.persons)
    score.methods.append(_placed(CEILING, ceiling, truth))
    return score


class _Truth:
    """The truth about each event: who did it, whether under their own name, and whose name it carries."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.persons = array("I")
        self.named = bytearray()
        self._accounts: dict[str | None, str | None] = {}
        self.accounts: list[str | None] = []

    def add(self, happening: Happening) -> None:
        truth = happening.truth
        self.persons.append(self.names.setdefault(truth.person, len(self.names)))
        self.named.append(truth.named)
        self.accounts.append(self._accounts.setdefault(truth.account, truth.account))

    def behind(self, found: Sequence[str]) -> dict[str, str]:
        by_number = list(self.names)
        return persons_behind(found, [by_number[person] for person in self.persons], self.accounts)


def persons_behind(found: Sequence[str], truth: Sequence[str], accounts: Sequence[str | None]) -> dict[str, str]:
    """Return for each contact who it is: whose name most of its events carry; without any, who did most of it."""
    did: defaultdict[str, Counter[str]] = defaultdict(Counter)
    by_name: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for contact, person, account in zip(found, truth, accounts, strict=True):
        did[contact][person] += 1
        if account is not None:
            by_name[contact][account] += 1
    return {contact: (by_name.get(contact) or counts).most_common(1)[0][0] for contact, counts in did.items()}


def is_one_person(one: str, other: str) -> bool:
    """Return whether two contacts are one person, or one joint account of a household.

    An agent, a reseller, a farm's account and the address of a function are nobody.
    """
    return one == other and one.startswith(("person-", "household"))


def _placed(name: str, placed: Sequence[Any], truth: _Truth, suggested: Suggested | None = None) -> Method:
    fused = wrongly_fused(placed, truth.persons, map(bool, truth.named))
    return Method(name, len(set(placed)), agreement(placed, truth.persons), fused, suggested=suggested)


def _with_suggestions(
    kinfold: Kinfold, name: str, found: Sequence[str], truth: _Truth, fair: int, split: int | None = None
) -> Iterator[Method]:
    """Yield what becomes of contacts when suggestions are accepted, and when only the right ones are.

    Parameters
    ----------
    fair
        How many persons `FAIR` fuses wrongly.
    split
        Around how many values contacts were split before; None when that was not tried.
    """
    from graph.analysis.suggestions import suggest  # late: it takes half a second to import

    behind = truth.behind(found)
    numbers = {contact: number for number, contact in enumerate(dict.fromkeys(found))}
    pairs = [
        (one.probability, numbers[first], numbers[second], is_one_person(behind[first], behind[second]))
        for one in suggest(kinfold.database)
        for first, second in [one.contacts]
        if first in numbers and second in numbers
    ]

    def accepted(name: str, least: float | None, *, lowest: bool = False) -> Method:
        sets = DisjointSets()
        for _ in numbers:
            sets.add()
        taken = [pair for pair in pairs if (pair[3] if least is None else pair[0] >= least)]
        for _, first, second, _ in taken:
            sets.join(first, second)
        placed = [sets.find(numbers[contact]) for contact in found]
        suggested = Suggested(least, len(taken), sum(pair[3] for pair in taken), split or 0, lowest)
        return _placed(name, placed, truth, suggested)

    if split is not None:
        yield _placed(name, found, truth, Suggested(None, 0, 0, split))
    for least in ACCEPTED:
        yield accepted(f"{name} + {least:g}", least)
    low, high = 0, len(levels := sorted({pair[0] for pair in pairs}))
    while low < high:  # the lower the probability, the more are fused
        middle = (low + high) // 2
        if accepted(name, levels[middle]).fused.persons <= fair:
            high = middle
        else:
            low = middle + 1
    if low < len(levels):
        yield accepted(f"{name} + {levels[low]:g}", levels[low], lowest=True)
    yield accepted(f"{name} + the right ones", None)


def _split(kinfold: Kinfold, findings: Sequence[Finding]) -> int:
    """Split contacts around the values that fuse, as the findings propose it; return around how many values."""
    split = 0
    for finding in findings:
        name, value = key_of(finding.subject["type"]), finding.subject["value"]
        if finding.kind != "fusing_value" or finding.score < THRESHOLD or name is None:
            continue
        for owner in kinfold.contacts.owners(name, value):
            with suppress(ClashError):  # no other person is in it
                kinfold.splits.split(owner["id"], Wanted(around=(name, value)))
                split += 1
    return split


def _keys(scratch: ScratchGraph, world: World) -> Iterator[EventKeys]:
    namespaces = world.parameters.namespaces
    block_list = Blocking(scratch.database, scratch.settings, namespaces=namespaces).current()
    return (
        read_keys(read_event(happening.event, namespaces=namespaces), block_list) for happening in world.happenings()
    )


def _replay(
    kinfold: Kinfold,
    policy: str,
    happenings: Iterator[Happening],
    events: int,
    jar: "Jar | None",
    shop: Shop,
    told: Told | None,
) -> Run:
    run = Run(policy)
    for batch in _plain(happenings, kinfold) if jar is None else jar.batches(happenings, kinfold.settings.batch_size):
        sent = [happening.event if jar is None else jar.sent(happening) for happening in batch]
        answers = kinfold.resolver.resolve([read_event(event, namespaces=kinfold.namespaces) for event in sent])
        for happening, answer in zip(batch, answers, strict=True):
            run.add(answer)
            shop.note(happening, answer)
            if jar is not None:
                jar.store(happening, answer)
        shop.push(kinfold, batch[-1].event["occurred_at"])
        if told:
            told(policy, len(run), events)
    return run


def _plain(happenings: Iterator[Happening], kinfold: Kinfold) -> Iterator[list[Happening]]:
    batch: list[Happening] = []
    for happening in happenings:
        batch.append(happening)
        if len(batch) == kinfold.settings.batch_size:
            yield batch
            batch = []
    if batch:
        yield batch


class Jar:
    """The cookies of all browsers, by the cookie that each would have had without any answer."""

    def __init__(self) -> None:
        self._stored: dict[str, str] = {}
        self.cookies: defaultdict[str, set[str]] = defaultdict(set)
        """By answered tracker, the own cookies of the browsers that stored it."""

    def sent(self, happening: Happening) -> dict[str, Any]:
        """Return the event with the tracker that the browser has stored by now."""
        stored = self._stored.get(happening.truth.cookie or "") if happening.truth.stores else None
        return happening.event if stored is None else happening.event | {"tracker_id": stored}

    def store(self, happening: Happening, answer: Answer) -> None:
        """Store the answered tracker, where the browser takes cookies and can."""
        cookie = happening.truth.cookie
        if happening.truth.stores and cookie is not None and answer.tracker_id is not None:
            if answer.tracker_id == cookie:
                self._stored.pop(cookie, None)
            else:
                self._stored[cookie] = answer.tracker_id
                self.cookies[answer.tracker_id].add(cookie)

    def batches(self, happenings: Iterator[Happening], size: int) -> Iterator[list[Happening]]:
        """Cut events into batches in which no event waits for the answer of one before it.

        An event that carries nothing but a tracker is always answered with that tracker (row 5), so only a browser
        that stores answers and sent something else has to know its answer before it sends the next.
        """
        batch: list[Happening] = []
        waiting: set[str] = set()
        for happening in happenings:
            cookie, event = happening.truth.cookie, happening.event
            if batch and (cookie in waiting or len(batch) == size):
                yield batch
                batch, waiting = [], set()
            batch.append(happening)
            says_more = not event.keys().isdisjoint(("email", "user_id", "subscription", "keys"))
            if cookie is not None and happening.truth.stores and says_more:
                waiting.add(cookie)
        if batch:
            yield batch


def _findings(kinfold: Kinfold, seed: int) -> Sequence[Finding] | None:
    if find_spec("graph.analysis") is None:
        return None
    settings = kinfold.settings
    analysis = import_module("graph.analysis").analyse(
        kinfold.database,
        limits=Limits(settings.max_trackers, settings.max_subscriptions),
        seed=seed,
        household=settings.household_properties,
        further=kinfold.namespaces.further,
    )
    findings: Sequence[Finding] = analysis.findings
    return findings
