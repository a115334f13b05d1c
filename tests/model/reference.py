"""What the product is to do, written from its specification alone, in plain Python and in memory.

Nothing is ever moved or copied here. Every contact that was ever made is kept with the log of what was done to *it*;
a union is an edge from one contact to another; an un-merge takes the edge away. What is shown is worked out anew
from the logs and the edges that hold, whenever somebody asks: so a contact is, without more ado, as if a union that
was undone had never been, with all it got since.

- A key is held by one *period of ownership* of the contact that got it; who owns it is the living contact that the
  holder leads to. A key that is taken away, or changes hands, ends the period.
- An activity lies on the period of the tracker that the answer names.
- Properties, runs and statuses are in the log of the contact that was the living one when they were written.

Times are whole numbers: an arrival is one tick of the model's clock, all of them later than any ``occurred_at``.
Ids of contacts are the product's own, taken from its answers; trackers that are minted have placeholders (``~1``)
until an answer or a document tells what they are called.
"""

import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast

MINTED = "~"
NOW = 10**18
"""Arrivals begin here: later than every time that the tests write into events, in microseconds since 1970."""

UNTOLD = "active"
"""The status of somebody for whom nodes ran in a workflow into which only a union, undone since, had brought them."""

PLURAL = {"email": "emails", "user_id": "user_ids", "tracker_id": "trackers", "subscription": "subscriptions"}
PERSON = ("email", "user_id")


Method = TypeVar("Method", bound=Callable[..., Any])


def settled(method: Method) -> Method:
    """Keep what a method of the model worked out for as long as nothing happens; nobody changes what it returned."""
    name = method.__name__

    @wraps(method)
    def asked(self: "Reference", *asked_for: Any) -> Any:
        if self.worked_out is None:
            return method(self, *asked_for)
        key = (name, *asked_for)
        if key not in self.worked_out:
            self.worked_out[key] = method(self, *asked_for)
        return self.worked_out[key]

    return cast("Method", asked)


class Missing(Exception):
    """404."""


class Clash(Exception):
    """409; names the unions in the way, or the owner of the key."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(str(extra))
        self.extra = extra


@dataclass(eq=False)
class Period:
    """One period in which one contact holds one key; splits that stand gave it to a part."""

    key: str
    value: str
    holder: "Person"
    since: int
    over: bool = False
    lost: bool = False
    """A split took it from everybody, and was undone when somebody else had the key."""
    asleep: bool = False
    given: list[tuple["Split", "Person | None"]] = field(default_factory=list)
    """By which splits it went to which part, the earliest first; None: to nobody."""
    came_then: dict["Split", tuple[int, int]] = field(default_factory=dict)
    """When it had come to whom the split took it from, and in which place: the part has had it since then."""

    @property
    def held_by(self) -> "Person | None":
        return None if self.lost else next((to for split, to in reversed(self.given) if not split.undone), self.holder)

    @property
    def came(self) -> tuple[int, int]:
        """Return since when who holds it has had it, and in which place of what came then."""
        by = next((split for split, _ in reversed(self.given) if not split.undone), None)
        return (self.since, 0) if by is None else self.came_then[by]


@dataclass(eq=False)
class Person:
    """A contact as it is by itself, folded or not."""

    id: str
    created: int
    own_log: list[tuple[int, tuple[Any, ...]]] = field(default_factory=list)
    lists: list[tuple[int, str, bool]] = field(default_factory=list)
    """When it was put on a list, or taken from it."""
    part_of: "Split | None" = None

    def note(self, at: int, *item: Any) -> None:
        self.own_log.append((at, item))


@dataclass(eq=False)
class Union:
    """One entry of the journal."""

    source: Person
    target: Person
    rule: str | None
    at: int
    id: str | None = None
    undone: bool = False
    undone_at: int = 0
    filled: frozenset[str] = frozenset()
    """Properties of which it brought something."""


@dataclass(eq=False)
class Split:
    """One contact came apart: periods and writes went to parts. Undone, the parts lead to the whole."""

    whole: Person
    parts: list[Person]
    at: int
    writes: list[tuple[tuple[Any, ...], Person | None]] = field(default_factory=list)
    """Which writes of properties went to which part; None: hidden by one that went."""
    gone: set[int] = field(default_factory=set)
    """Every write, by its id, of activity that went."""
    restored: list[tuple[Any, ...]] = field(default_factory=list)
    """Writes that count again for the whole, as those that had replaced them went."""
    moved: dict[int, Person] = field(default_factory=dict)
    minted: list[Period] = field(default_factory=list)
    id: str | None = None
    undone: bool = False
    undone_at: int = 0


@dataclass(eq=False)
class Stored:
    """What the graph keeps of what was written to one property of a contact."""

    live: list[tuple[Any, ...]] = field(default_factory=list)
    """What stands, the contact's own and what unions brought."""
    fills: list[tuple[int, tuple[Any, ...]]] = field(default_factory=list)
    """What unions brought, each with when."""
    filled: list[tuple[int, int, Person]] = field(default_factory=list)
    """When unions that were undone since had brought something, until when, and to whom."""
    past: list[tuple[Any, ...]] = field(default_factory=list)
    """Its own that others replaced, put away."""
    others: list[tuple[Any, ...]] = field(default_factory=list)
    """What the folded contacts keep beside what they showed."""
    lost: list[tuple[Any, ...]] = field(default_factory=list)
    """Its own that is not kept: the same was written again, or it came too late."""
    beneath: dict[int, list[tuple[Any, ...]]] = field(default_factory=dict)
    """What stood behind that which a union brought, by its id."""
    came: dict[int, int] = field(default_factory=dict)
    holder: dict[int, Person] = field(default_factory=dict)
    went: "dict[int, list[Split]]" = field(default_factory=dict)
    """With which splits, undone since, something was gone for a time."""
    ever_past: set[int] = field(default_factory=set)

    @property
    def behind(self) -> list[tuple[Any, ...]]:
        return [*self.past, *self.others]

    @property
    def all(self) -> list[tuple[Any, ...]]:
        return [*self.live, *self.behind]

    def newest(self, write: tuple[Any, ...]) -> tuple[int, int]:
        return (write[3], self.came[id(write)])

    def place(self, write: tuple[Any, ...]) -> int:
        """Count the unions that brought something before."""
        return sum(at <= self.came[id(write)] for at, _ in self.fills)

    def give(self, write: tuple[Any, ...], came: int, holder: Person) -> None:
        self.live.append(write)
        self.came[id(write)], self.holder[id(write)] = came, holder

    def fill(
        self, write: tuple[Any, ...], at: int, who: Person, theirs: "Stored | None", every: list[tuple[Any, ...]]
    ) -> None:
        self.live.append(write)
        self.fills.append((at, write))
        self.holder[id(write)] = who
        self.beneath[id(write)] = [one for one in every if one is not write]
        if theirs:
            self.came |= theirs.came
            self.others += [one for one in theirs.all if one is not write]

    def split(self, split: Split) -> None:
        if split.undone:
            for number in split.gone:
                self.went.setdefault(number, []).append(split)
            return
        for kept in (self.live, self.past, self.others):
            kept[:] = [one for one in kept if id(one) not in split.gone]
        self.fills = [(at, one) for at, one in self.fills if id(one) not in split.gone]
        for write in [one for one in self.past if any(one is back for back in split.restored)]:
            self.past.remove(write)
            self.live.append(write)


@dataclass(eq=False)
class Activity:
    """One event that was resolved."""

    message_id: str
    period: Period
    event: str
    event_properties: dict[str, Any]
    occurred: int
    arrived: int
    rule: str
    outcome: str
    carried: dict[str, str] = field(default_factory=dict)
    strayed: list[tuple[Split, Period]] = field(default_factory=list)
    """By which splits it left its tracker for a period of a part."""

    @property
    def on(self) -> Period:
        return next((period for split, period in reversed(self.strayed) if not split.undone), self.period)


@dataclass(eq=False)
class Judged:
    """A judgement: a contact is kept apart from another one, or from a key; and the parts that a split made of it."""

    contacts: list[Person]
    others: list[Person] = field(default_factory=list)
    key: tuple[str, str] | None = None
    id: str | None = None


class Reference:
    """The product in memory."""

    def __init__(
        self,
        policy: str = "strict",
        max_trackers: int = 500,
        max_subscriptions: int = 50,
        rules: Mapping[str, str] | None = None,
    ) -> None:
        self.policy = policy
        self.rules = rules or {}
        self.most = {"tracker_id": max_trackers, "subscription": max_subscriptions}
        self.people: dict[str, Person] = {}
        self.periods: list[Period] = []
        self.unions: list[Union] = []
        self.activities: dict[str, Activity] = {}
        self.conflicts: list[tuple[Person, str, Person]] = []
        self.brought: dict[str, set[str]] = {}
        self.judgements: list[Judged] = []
        self.judged_keys: set[tuple[str, str]] = set()
        """Keys that a judgement ever named: the graph has them, whoever owns them."""
        self.splits: list[Split] = []
        self.segments: dict[str, dict[str, Any]] = {}
        self.workflows: set[str] = set()
        self.clock = NOW
        self.mints = 0
        self.worked_out: dict[tuple[Any, ...], Any] | None = None

    # --- who leads where -------------------------------------------------------------------------------------

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    @settled
    def above(self, person: Person) -> Union | None:
        return next((union for union in self.unions if union.source is person and not union.undone), None)

    @settled
    def home(self, person: Person) -> Person:
        """Return whom the parts of splits lead to that were undone."""
        while person.part_of is not None and person.part_of.undone:
            person = person.part_of.whole
        return person

    @contextmanager
    def still(self) -> Iterator[None]:
        """Within this nothing happens: what `settled` methods work out is worked out once."""
        self.worked_out = {}
        try:
            yield
        finally:
            self.worked_out = None

    @settled
    def living(self, person: Person) -> Person:
        person = self.home(person)
        while union := self.above(person):
            person = self.home(union.target)
        return person

    def holds(self, period: Period, person: Person) -> bool:
        """Return whether it is a living person's, over or not."""
        return period.held_by is not None and self.living(period.held_by) is person

    @settled
    def log(self, person: Person) -> list[tuple[Any, ...]]:
        """Return what was done to a person, and to parts that were its own again, but for workflows."""
        return [item for _, item in sorted(self._dated(person), key=lambda dated: dated[0])]

    def _dated(self, person: Person) -> list[tuple[int, tuple[Any, ...]]]:
        found = list(person.own_log)
        for split in self.splits:
            if split.undone and split.whole is person:
                for part in split.parts:
                    found += [one for one in self._dated(part) if one[1][0] not in ("status", "run")]
        return found

    def find(self, contact_id: str) -> Person:
        if contact_id not in self.people:
            raise Missing(contact_id)
        return self.living(self.people[contact_id])

    @settled
    def alive(self) -> list[Person]:
        return [person for person in self.people.values() if self.living(person) is person]

    @settled
    def leading_to(self, person: Person) -> list[Person]:
        return [other for other in self.people.values() if other is not person and self.living(other) is person]

    # --- keys ------------------------------------------------------------------------------------------------

    @settled
    def held(self, key: str, value: str) -> list[Period]:
        """List the periods of a key that somebody holds."""
        return [
            period
            for period in self.periods
            if (period.key, period.value, period.over) == (key, value, False) and period.held_by is not None
        ]

    @settled
    def keys(self, person: Person, key: str) -> list[str]:
        """List the keys that a contact owns, in order.

        Trackers and subscriptions: as they came, those of a union when it happened and in their order there.
        Emails and user ids: its own before what unions brought, its own latest first.
        """
        own, brought = self.arrivals(person, key)
        latest_first = sorted(own, key=lambda one: (-one[0][0], one[0][1]))
        groups = [*latest_first, *sorted(brought)] if key in PERSON else sorted([*own, *brought])
        return list(dict.fromkeys(value for _, value in groups))

    def arrivals(
        self, person: Person, key: str
    ) -> tuple[list[tuple[tuple[int, int], str]], list[tuple[tuple[int, int], str]]]:
        """List the keys that a contact owns by itself, and by unions, each with when it came and in which place."""
        own = [
            (period.came, period.value)
            for period in self.periods
            if period.key == key and not period.over and period.held_by and self.home(period.held_by) is person
        ]
        brought = [
            ((union.at, place), value)
            for _, union in self.held_unions(person)
            for place, value in enumerate(self.keys(union.source, key))
        ]
        return own, brought

    @settled
    def held_unions(self, person: Person) -> list[tuple[Any, ...]]:
        return [item for item in self.log(person) if item[0] == "union" and not item[1].undone]

    @settled
    def seen(self, person: Person) -> int:
        return max((activity.arrived for activity in self.activity(person)), default=self.made(person))

    def made(self, person: Person) -> int:
        """Return when a contact was made: at the moment of its event's activity, if an event made it."""
        if person.part_of is not None:
            return person.created
        later = [one.arrived for one in self.activities.values() if one.arrived >= person.created]
        return min(later, default=person.created)

    @settled
    def owners(self, key: str, value: str) -> list[Person]:
        """Known before anonymous, then the most recently seen, then the smallest id."""
        found = list(dict.fromkeys(self.living(one.held_by) for one in self.held(key, value) if one.held_by))
        return sorted(found, key=lambda person: (not self.known(person), -self.seen(person), person.id))

    def owner(self, key: str, value: str | None) -> Person | None:
        return next(iter(self.owners(key, value)), None) if value else None

    def owns(self, person: Person, key: str, value: str) -> bool:
        return any(self.holds(period, person) for period in self.held(key, value))

    def attach(self, person: Person, key: str, value: str) -> Period:
        period = Period(key, value, person, self.tick())
        self.periods.append(period)
        if key in PERSON:
            person.note(period.since, "gain", period)
        return period

    def detach(self, person: Person, key: str, value: str) -> None:
        for period in self.held(key, value):
            if self.holds(period, person):
                period.over = True
                if key in PERSON:
                    person.note(self.tick(), "take", period)
        if key == "tracker_id" and not self.keys(person, "tracker_id"):
            self.mint_for(person)

    def mint_for(self, person: Person) -> Period:
        self.mints += 1
        return self.attach(person, "tracker_id", f"{MINTED}{self.mints}")

    def name_minted(self, placeholder: str, value: str) -> None:
        if self.worked_out is not None:
            self.worked_out.clear()
        for period in self.periods:
            if period.value == placeholder:
                period.value = value
        for trackers in self.brought.values():
            if placeholder in trackers:
                trackers.remove(placeholder)
                trackers.add(value)

    def room(self, person: Person, key: str) -> bool:
        return len(self.keys(person, key)) < self.most[key]

    def room_for_all(self, source: Person, target: Person) -> bool:
        return all(len({*self.keys(source, key), *self.keys(target, key)}) <= most for key, most in self.most.items())

    @settled
    def activity(self, person: Person) -> list[Activity]:
        return [found for found in self.activities.values() if self.holds(found.on, person)]

    # --- a subscription's life -------------------------------------------------------------------------------

    def held_by(self, person: Person, subscription: str) -> list[Period]:
        return [period for period in self.held("subscription", subscription) if self.holds(period, person)]

    def asleep(self, person: Person, subscription: str) -> bool:
        """A person is awake when any of the ownerships is that were folded into this one."""
        return all(period.asleep for period in self.held_by(person, subscription))

    def turn(self, person: Person, subscription: str, *, asleep: bool) -> None:
        if self.asleep(person, subscription) != asleep:
            for period in self.held_by(person, subscription):
                period.asleep = asleep

    def replace(self, old: str, new: str) -> list[dict[str, str]]:
        owners = sorted(owner.id for owner in self.owners("subscription", old))
        for period in self.held("subscription", old):
            holder = period.held_by
            if holder is not None:
                self.periods.append(Period("subscription", new, holder, period.since, asleep=period.asleep))
        self.conflicts = [(one, new if value == old else value, made) for one, value, made in self.conflicts]
        if owners and old in self.brought and not self.brought.get(new):
            self.brought[new] = set(self.brought[old])
        self.end(old)
        return [{"key": "subscription", "value": old, "from": owner, "replaced_by": new} for owner in owners]

    def end(self, subscription: str) -> bool:
        held = self.held("subscription", subscription)
        for period in held:
            period.over = True
        if held:
            self.brought.pop(subscription, None)
            self.conflicts = [conflict for conflict in self.conflicts if conflict[1] != subscription]
        return bool(held)

    # --- what a contact shows --------------------------------------------------------------------------------

    @settled
    def recognised_by(self, person: Person) -> tuple[set[Period], bool]:
        """Return the person keys of a contact as its log tells, and whether it is known without any."""
        keys: set[Period] = set()
        without = False
        for item in self.log(person):
            match item:
                case ("born",):
                    without = True
                case ("split", split) if not split.undone:
                    left = {period for period in keys if all(by is not split for by, _ in period.given)}
                    without = without and (left == keys or bool(left))
                    keys = left
                case ("part", split) if not split.undone:
                    keys |= {one for one in self.periods if one.key in PERSON and (split, person) in one.given}
                case ("gain", period):
                    keys.add(period)
                case ("union", union) if not union.undone:
                    theirs, also = self.recognised_by(union.source)
                    keys |= theirs
                    without = without or also
                case ("take", period) if period in keys:
                    keys.remove(period)
                    without = without and bool(keys)
                case ("lost", periods):
                    keys -= periods
        return keys, without

    @settled
    def known(self, person: Person) -> bool:
        keys, without = self.recognised_by(person)
        return any(self.holds(period, person) for period in keys) or without

    @settled
    def properties(self, person: Person) -> dict[str, tuple[Any, int]]:
        """Return per property its value (None when removed) and when that occurred."""
        return {name: (write[2], write[3]) for name, write in self.shown_writes(person, {}).items()}

    def shown_writes(self, person: Person, hidden: dict[int, int]) -> dict[str, tuple[Any, ...]]:
        """Return per property what is shown: ``("write", name, value, occurred, message)``.

        ``hidden`` are writes that went with a part, each with when it was split off.
        """
        own = self.went_from(person)
        hidden = {number: max(hidden.get(number, 0), own.get(number, 0)) for number in hidden.keys() | own.keys()}
        shown: dict[str, tuple[Any, ...]] = {}
        for item in self.log(person):
            match item:
                case ("write", name, _, occurred, _):
                    if id(item) not in hidden and (name not in shown or occurred >= shown[name][3]):
                        shown[name] = item
                case ("part", split) if not split.undone:
                    for write, part in split.writes:
                        name, is_there = write[1], part is person and hidden.get(id(write), 0) <= split.at
                        if is_there and (name not in shown or write[3] >= shown[name][3]):
                            shown[name] = write
                case ("union", union) if not union.undone:
                    # What had gone by then and comes with the union comes again.
                    since = {number: gone for number, gone in hidden.items() if gone > union.at}
                    for name, write in self.shown_writes(union.source, since).items():
                        _, _, value, occurred, _ = write
                        if name in shown and name in self.rules:
                            mine = shown[name]
                            both = united(self.rules[name], mine[2], value, mine[3], occurred)
                            shown[name] = ("write", name, both, max(mine[3], occurred), None)
                            continue
                        # Of two removals the later one counts, so that no late event undoes it.
                        if name not in shown or (
                            shown[name][2] is None and (value is not None or occurred > shown[name][3])
                        ):
                            shown[name] = write
        return shown

    def went_from(self, person: Person) -> dict[int, int]:
        return {
            id(write): split.at
            for split in self.splits
            if not split.undone and self.home(split.whole) is person
            for write, _ in split.writes
        }

    def states(self, person: Person) -> dict[str, dict[str, Any]]:
        """Return per workflow the status, per node its latest run, and per node and field the value with its time.

        A part of a split comes back as by a union, when the split is undone.
        """
        told = [one for one in person.own_log if one[1][0] in ("status", "run")]
        told += [one for one in self._dated(person) if one[1][0] == "union"]
        for part in self.people.values():
            if part.part_of is not None and part is not person and self.home(part) is person:
                told.append((part.part_of.undone_at, ("back", part)))
        return self._states([item for _, item in sorted(told, key=lambda dated: dated[0])])

    def _states(self, told: list[tuple[Any, ...]]) -> dict[str, dict[str, Any]]:
        shown: dict[str, dict[str, Any]] = {}
        for item in told:
            came: dict[str, dict[str, Any]] = {}
            match item:
                case ("status", workflow, status):
                    shown.setdefault(workflow, {"nodes": {}, "data": {}})["status"] = status
                case ("run", workflow, node, ran, data):
                    state = shown.setdefault(workflow, {"status": UNTOLD, "nodes": {}, "data": {}})
                    state["nodes"][node] = max(ran, state["nodes"].get(node, ran))
                    for name, value in data.items():
                        if ran >= state["data"].get((node, name), (ran, None))[0]:
                            state["data"][node, name] = (ran, value)
                case ("union", union) if not union.undone:
                    came = self.states(union.source)
                case ("back", part):
                    came = self._states([item for _, item in part.own_log if item[0] in ("status", "run")])
            for workflow, theirs in came.items():
                if workflow not in shown:
                    shown[workflow] = {
                        "status": theirs["status"],
                        "nodes": dict(theirs["nodes"]),
                        "data": dict(theirs["data"]),
                    }
                    continue
                state = shown[workflow]
                if "active" in (state["status"], theirs["status"]):
                    state["status"] = "active"
                for node, ran in theirs["nodes"].items():
                    state["nodes"][node] = max(ran, state["nodes"].get(node, ran))
                for place, (ran, value) in theirs["data"].items():
                    if place not in state["data"] or ran > state["data"][place][0]:
                        state["data"][place] = (ran, value)
        return shown

    def document(self, person: Person) -> dict[str, Any]:
        emails = self.keys(person, "email")
        document: dict[str, Any] = {
            "id": person.id,
            "kind": "known" if self.known(person) else "anonymous",
            "email": emails[0] if emails else None,
            "emails": emails,
            "user_ids": self.keys(person, "user_id"),
            "trackers": self.keys(person, "tracker_id"),
            "subscriptions": [
                {
                    "id": value,
                    "shared_with": sorted(
                        owner.id for owner in self.owners("subscription", value) if owner is not person
                    ),
                    "state": "asleep" if self.asleep(person, value) else "awake",
                }
                for value in self.keys(person, "subscription")
            ],
            "properties": {
                name: value for name, (value, _) in sorted(self.properties(person).items()) if value is not None
            },
            "workflows": {
                workflow: {
                    "status": state["status"],
                    "nodes": {
                        node: {
                            "ran_at": ran,
                            "data": {
                                name: value for (of, name), (_, value) in sorted(state["data"].items()) if of == node
                            },
                        }
                        for node, ran in state["nodes"].items()
                    },
                }
                for workflow, state in sorted(self.states(person).items())
            },
            "merged_from": sorted(other.id for other in self.leading_to(person)),
        }
        document["segments"] = sorted(
            name for name, segment in self.segments.items() if self.is_in(person, name, segment, document)
        )
        return document

    def is_in(self, person: Person, name: str, segment: dict[str, Any], document: dict[str, Any]) -> bool:
        if segment["kind"] == "static":
            return self.listed(person, name)
        events = [(activity.event, activity.occurred, activity.event_properties) for activity in self.activity(person)]
        return meets(segment["where"], document, events, self.clock)

    def listed(self, person: Person, name: str) -> bool:
        """Return whether a person is on a list: of one that says `either`, also by whom a union brought."""
        moments: list[tuple[int, Any]] = [(at, put) for at, of, put in person.lists if of == name]
        if self.segments[name]["on_union"] == "either":
            moments += [(at, item[1]) for at, item in person.own_log if item[0] == "union"]
        found = False
        for _, moment in sorted(moments, key=lambda dated: dated[0]):
            if isinstance(moment, bool):
                found = moment
            elif not moment.undone:
                found = found or self.listed(moment.source, name)
        return found

    # --- events ----------------------------------------------------------------------------------------------

    def resolve(self, event: dict[str, Any], new_id: Callable[[], str]) -> dict[str, Any]:
        """Resolve one event; ``new_id`` names the contact, when one is made."""
        message_id = event["message_id"]
        if message_id in self.activities:
            first = self.activities[message_id]
            return {
                "contact": self.living(first.on.held_by or first.on.holder).id,
                "rule": first.rule,
                "outcome": first.outcome,
                "duplicate": True,
            }
        carried = [key for key in ("email", "tracker_id", "subscription", "user_id") if event.get(key) is not None]
        ignored = [
            {"key": key, "reason": reason} for key in carried if (reason := set_aside(key, event[key])) is not None
        ]
        if carried and len(carried) == sum(item["reason"] == "blocked" for item in ignored):
            return {
                "contact": None,
                "tracker_id": None,
                "rule": None,
                "outcome": "ignored",
                "ignored": ignored,
                "duplicate": False,
            }
        left = {key: event[key] for key in carried if set_aside(key, event[key]) is None}
        return _Turn(self, left, event, ignored, new_id).answer()

    # --- by hand ---------------------------------------------------------------------------------------------

    def fold(self, source: Person, target: Person, rule: str | None) -> Union:
        union = Union(source, target, rule, self.tick(), filled=frozenset(self.shown_writes(source, {})))
        self.unions.append(union)
        target.note(union.at, "union", union)
        return union

    def judge(self, contact_id: str, other: str | tuple[str, str]) -> Judged:
        contact = self.find(contact_id)
        if isinstance(other, tuple):
            made = [one for one in self.judgements if one.key == other and self.judges(one, contact)]
            judged = Judged([contact], key=other)
        else:
            second = self.find(other)
            if second is contact:
                raise Clash
            made = [one for one in self.judgements if self.parted_by(one, contact, second)]
            judged = Judged([contact], [second])
        if made:
            return made[0]
        self.judgements.append(judged)
        if judged.key is not None:
            self.judged_keys.add(judged.key)
        return judged

    def judges(self, judged: Judged, person: Person) -> bool:
        return any(self.living(one) is person for one in judged.contacts)

    def parted_by(self, judged: Judged, one: Person, other: Person) -> bool:
        sides = [{self.living(each) for each in side} for side in (judged.contacts, judged.others)]
        return any(one in sides[side] and other in sides[1 - side] for side in (0, 1))

    def barred(self, person: Person, key: str, value: str) -> bool:
        return any(one.key == (key, value) and self.judges(one, person) for one in self.judgements)

    def kept_apart(self, source: Person, target: Person) -> set[str]:
        """Return what keeps two contacts from being folded by an event: the judged contact, or the names of keys."""
        if any(self.parted_by(one, source, target) for one in self.judgements):
            return {source.id}
        found = set()
        for one in self.judgements:
            if one.key is not None:
                for whose, other in ((source, target), (target, source)):
                    if self.judges(one, whose) and self.owns(other, *one.key):
                        found.add(one.key[0])
        return found

    def merge(self, source_id: str, target_id: str) -> Union:
        source, target = self.find(source_id), self.find(target_id)
        if any(self.parted_by(one, source, target) for one in self.judgements):
            raise Clash
        if source is target or not self.room_for_all(source, target):
            raise Clash
        return self.fold(source, target, None)

    def covering(self, union: Union) -> list[Union]:
        """List the unions to be undone before this one, in that order."""
        found = []
        person = self.home(union.target)
        while higher := self.above(person):
            found.append(higher)
            person = self.home(higher.target)
        return found[::-1]

    def undo(self, union: Union, *, cascade: bool) -> list[Union]:
        if union.undone:
            raise Clash
        covering = self.covering(union)
        if covering and not cascade:
            raise Clash(covering=covering)
        for each in [*covering, union]:
            each.undone, each.undone_at = True, self.tick()
            gone = {period for period in self.recognised_by(each.source)[0] if period.over}
            if gone:
                each.source.note(self.tick(), "lost", gone)
            for person in (each.source, self.home(each.target)):
                if not self.keys(person, "tracker_id"):
                    self.mint_for(person)
        return [*covering, union]

    def give(self, contact_id: str, key: str, value: str) -> None:
        person = self.find(contact_id)
        owners = self.owners(key, value)
        if person in owners:
            if key == "email":  # given by hand, it becomes the contact's `email`
                self.give_again(person, key, value)
            return
        if owners and key != "subscription":
            raise Clash(owner=owners[0].id)
        if key in self.most and not self.room(person, key):
            raise Clash
        self.attach(person, key, value)

    def give_again(self, person: Person, key: str, value: str) -> None:
        for period in self.held(key, value):
            if not self.holds(period, person):
                continue
            period.over = True
            self.attach(person, key, value)
            person.note(self.tick(), "lost", {period})

    def take(self, contact_id: str, key: str, value: str) -> None:
        person = self.find(contact_id)
        if not self.owns(person, key, value):
            raise Missing(value)
        self.detach(person, key, value)

    def patch(self, contact_id: str, values: dict[str, Any]) -> None:
        person = self.find(contact_id)
        at = self.tick()
        for name, value in values.items():
            person.note(at, "write", name, value, at, None)

    # --- splits ----------------------------------------------------------------------------------------------

    def split_around(
        self,
        contact_id: str,
        around: tuple[str, str],
        found: list[list[tuple[str, str]]],
        new_id: Callable[[int], str],
    ) -> Split:
        """Split around a key; ``found`` are the parts that the product made, which stand if they may be so.

        Nobody says which part gets a key that activity carried with two person keys equally often.
        """
        whole = self.find(contact_id)
        if not self.owns(whole, *around):
            raise Missing(contact_id)
        persons = {(key, value) for key in PERSON for value in self.keys(whole, key)} - {around}
        if len(persons) < (1 if around[0] in PERSON else 2):
            raise Clash
        named = [[key for key in keys if key[0] in PERSON] for keys in found]
        assert sorted(key for keys in named for key in keys) == sorted(persons), "a part for each person key"
        assert all(len(keys) == 1 for keys in named), "one person key for each part"
        part_of = {key: person for keys, (person,) in zip(found, named, strict=True) for key in keys if key != person}
        for key in ("tracker_id", "subscription"):
            for value in self.keys(whole, key):
                if (key, value) == around:
                    assert around not in part_of, "it is nobody's"
                    continue
                times = {person: self.carried_together(whole, (key, value), person) for person in persons}
                if most := max(times.values()):
                    assert times[part_of[key, value]] == most, (key, value, times, found)
                else:
                    assert (key, value) not in part_of, (key, value)
        return self.split(contact_id, found, new_id, taken=around)

    def carried_together(self, whole: Person, key: tuple[str, str], person: tuple[str, str]) -> int:
        """Count the activity of a contact that was on, or carried, one key and carried a person key."""
        return sum(
            activity.carried.get(person[0]) == person[1]
            and key[1] == (activity.on.value if key[0] == "tracker_id" else activity.carried.get(key[0]))
            for activity in self.activity(whole)
        )

    def split(
        self,
        contact_id: str,
        wanted: list[list[tuple[str, str]]],
        new_id: Callable[[int], str],
        *,
        taken: tuple[str, str] | None = None,
    ) -> Split:
        """Split a contact by the keys of each part; nobody has what is ``taken`` from it."""
        whole = self.find(contact_id)
        if not all(self.owns(whole, *key) for keys in wanted for key in keys):
            raise Missing(contact_id)
        split = Split(whole, [], self.tick())
        mine = [activity for activity in self.activities.values() if self.holds(activity.on, whole)]
        stored = self._stored(whole)
        part_of: dict[str, Person] = {}
        going: list[tuple[Period, Person | None, tuple[int, int]]] = []
        for number, keys in enumerate(wanted):
            part = Person(new_id(number), split.at, part_of=split)
            self.people[part.id] = part
            split.parts.append(part)
            for key, value in keys:
                going += self._going(whole, key, value, part)
        if taken is not None:
            going += self._going(whole, *taken, None)
        for period, to, came in going:
            period.given.append((split, to))
            period.came_then[split] = came
        for activity in mine:
            named = [
                part
                for part, keys in zip(split.parts, wanted, strict=True)
                if any(key in PERSON and activity.carried.get(key) == value for key, value in keys)
            ]
            on = activity.on
            if on.held_by is not None and not self.holds(on, whole):
                part_of[activity.message_id] = next(part for by, part in activity.on.given if by is split and part)
            elif named:
                part_of[activity.message_id] = named[0]
                self._stray(activity, split, named[0])
            elif on.held_by is None:
                # As of a key that is taken away by hand, what was done on it goes where a union that is undone puts it.
                before = [to for by, to in on.given if by is not split and not by.undone and to is not None]
                self._stray(activity, split, before[-1] if before else on.holder)
        for kept in stored.values():
            self._hand_on(split, kept, part_of)
        for person in (whole, *split.parts):
            if not self.keys(person, "tracker_id"):
                split.minted.append(self.mint_for(person))
        for judged in self.judgements:
            for side in (judged.contacts, judged.others):
                if any(self.living(one) is whole for one in side):
                    side.extend(split.parts)
        self.splits.append(split)
        whole.note(split.at, "split", split)
        for part in split.parts:
            part.note(split.at, "part", split)
        return split

    def _hand_on(self, split: Split, kept: "Stored", part_of: dict[str, Person]) -> None:
        """Give each part the newest that its activity brought of a property; the whole has the newest of the rest."""
        newest = kept.newest
        going = {id(write): part_of[write[4]] for write in kept.all if write[4] in part_of}
        for part in split.parts:
            given = [write for write in kept.live if going.get(id(write)) is part]
            past = max((one for one in kept.behind if going.get(id(one)) is part), key=newest, default=None)
            if past and all(newest(past) > newest(one) for one in given):
                given.append(past)
            split.writes += [(write, part) for write in sorted(given, key=lambda one: kept.came[id(one)])]
        fills = [id(write) for _, write in kept.fills]
        places = {kept.place(write) for write in kept.live if id(write) in going and id(write) not in fills}
        for place in places:
            left = [one for one in kept.past if kept.place(one) == place and id(one) not in going]
            if left:
                split.restored.append(max(left, key=newest))
        given_ids = {id(write) for write, _ in split.writes}
        hides = [write for write in kept.all if id(write) in going and id(write) not in given_ids]
        if places:
            hides += kept.lost
        for number in going:
            hides += kept.beneath.get(number, [])
        split.writes += [(write, None) for write in hides if id(write) not in given_ids]
        split.gone |= going.keys()

    def _going(
        self, whole: Person, key: str, value: str, to: Person | None
    ) -> list[tuple[Period, Person | None, tuple[int, int]]]:
        """List the periods of a key that leave a contact, with when the key had come to it."""
        own, brought = self.arrivals(whole, key)
        came = min(when for when, one in [*own, *brought] if one == value)
        periods = [
            period
            for period in self.periods
            if (period.key, period.value) == (key, value)
            and ((key == "tracker_id" and to is not None) or not period.over)
            and self.holds(period, whole)
        ]
        return [(period, to, came) for period in periods]

    def _stray(self, activity: Activity, split: Split, to: Person) -> None:
        stray = Period("tracker_id", activity.on.value, to, split.at, over=True)
        self.periods.append(stray)
        activity.strayed.append((split, stray))

    def _stored(self, person: Person) -> "dict[str, Stored]":
        """Return what the graph keeps of each property of a contact."""
        found: dict[str, Stored] = defaultdict(Stored)
        for at, who, item in sorted(self._told(person), key=lambda told: told[0]):
            match item:
                case ("write", name, _, _, _):
                    self._store(found[name], item, at, who)
                case ("part", split) if not split.undone:
                    for write, part in split.writes:
                        if part is person:
                            found[write[1]].give(write, self._arrived(write), person)
                case ("split", split):
                    for kept in found.values():
                        kept.split(split)
                case ("union", union) if union.undone:
                    for name in union.filled:
                        found[name].filled.append((at, union.undone_at, who))
                case ("union", union):
                    theirs = self._stored(union.source)
                    for name, write in self.shown_writes(union.source, {}).items():
                        found[name].fill(write, at, who, theirs.get(name), self._writes(union.source, name))
        return found

    def _told(self, person: Person) -> list[tuple[int, Person, tuple[Any, ...]]]:
        """Return what was done to a person, and to parts that were its own again, each with when and to whom."""
        found = [(at, person, item) for at, item in person.own_log]
        for split in self.splits:
            if split.undone and split.whole is person:
                for part in split.parts:
                    found += self._told(part)
        return found

    def _at(self, person: Person, at: int) -> Person:
        """Return whom a part was at a time: itself, or the whole that it had been split from."""
        while person.part_of is not None and person.part_of.undone and person.part_of.undone_at <= at:
            person = person.part_of.whole
        return person

    def _store(self, kept: "Stored", write: tuple[Any, ...], at: int, who: Person) -> None:
        bounds = [(time, kept.holder[id(one)]) for time, one in kept.fills]
        bounds += [(time, person) for time, until, person in kept.filled if at < until]
        last_fill = max((time for time, person in bounds if self._at(person, at) is who), default=0)
        filled = {id(one) for _, one in kept.fills}
        visible = [
            one
            for one in kept.live
            if id(one) not in filled
            and self._at(kept.holder[id(one)], at) is who
            and kept.came[id(one)] > last_fill
            and not any(split.at < at < split.undone_at for split in kept.went.get(id(one), []))
        ]
        kept.came[id(write)], kept.holder[id(write)] = at, who
        if any(one[3] > write[3] for one in visible):
            kept.lost.append(write)
            return
        for one in visible:
            kept.live.remove(one)
            if repr(one[2]) == repr(write[2]) and id(one) not in kept.ever_past:
                kept.lost.append(one)
            else:
                kept.past.append(one)
                kept.ever_past.add(id(one))
        kept.live.append(write)

    def _arrived(self, write: tuple[Any, ...]) -> int:
        return self.activities[write[4]].arrived

    def _writes(self, person: Person, name: str) -> list[tuple[Any, ...]]:
        found = []
        for item in self.log(person):
            match item:
                case ("write", of, _, _, _) if of == name:
                    found.append(item)
                case ("part", split) if not split.undone:
                    found += [write for write, part in split.writes if part is person and write[1] == name]
                case ("union", union) if not union.undone:
                    found += self._writes(union.source, name)
        return found

    def undo_split(self, split: Split) -> None:
        if split.undone:
            raise Clash
        involved = {self.home(split.whole), *split.parts, *self._homes(split)}
        parted = any(other.whole in split.parts and not other.undone for other in self.splits)
        if parted or any(self.living(person) is not person for person in involved):
            raise Clash
        split.undone, split.undone_at = True, self.tick()
        for period in self.periods:
            if period.key != "subscription" and (split, None) in period.given and period.held_by is not None:
                somebody = [one for one in self.held(period.key, period.value) if one is not period and one.held_by]
                if somebody and period.key == "tracker_id":
                    period.over = True
                elif somebody:
                    period.lost = True
        used = {id(activity.on) for activity in self.activities.values()}
        for person in [self.home(split.whole), *(one for one in involved if one not in split.parts)]:
            for value in self.keys(person, "tracker_id"):
                for period in self.held("tracker_id", value):
                    meanwhile = period.since > split.at and self.home(period.holder) is person
                    minted = meanwhile and value.startswith((MINTED, "kf-"))
                    # Minted by an earlier split that was undone while this one had taken it away.
                    minted |= any(
                        any(period is one for one in other.minted)
                        for other in self.splits
                        if other.undone and any(by is split for by, _ in period.given)
                    )
                    if minted and id(period) not in used and self.holds(period, person):
                        period.over = True
            if not self.keys(person, "tracker_id"):
                self.mint_for(person)

    def _homes(self, split: Split) -> set[Person]:
        """Return whose each key would be now without the split."""
        found = set()
        for period in self.periods:
            before = [by for by, _ in period.given]
            if split in before:
                place = before.index(split)
                earlier = [part for by, part in period.given[:place] if not by.undone and part]
                person = self.home(earlier[-1] if earlier else period.holder)
                while (union := self.above(person)) and union.at < split.at:
                    person = self.home(union.target)
                found.add(person)
        return found

    # --- segments and workflows ------------------------------------------------------------------------------

    def define_segment(self, name: str, kind: str, where: Any = None, on_union: str | None = None) -> None:
        self.segments[name] = {"kind": kind, "where": where, "on_union": on_union}

    def remove_segment(self, name: str) -> None:
        if self.segments.pop(name, None) is None:
            raise Missing(name)
        for person in self.people.values():
            person.lists = [one for one in person.lists if one[1] != name]

    def list_member(self, name: str, contact_id: str, *, put: bool) -> None:
        if name not in self.segments:
            raise Missing(name)
        person = self.find(contact_id)
        if self.segments[name]["kind"] != "static":
            raise Clash
        person.lists.append((self.tick(), name, put))

    def members(self, name: str) -> list[str]:
        segment = self.segments[name]
        return sorted(person.id for person in self.alive() if self.is_in(person, name, segment, self.document(person)))

    def set_status(self, workflow: str, contact_id: str, status: str) -> None:
        if workflow not in self.workflows:
            raise Missing(workflow)
        self.find(contact_id).note(self.tick(), "status", workflow, status)

    def run(self, workflow: str, contact_id: str, node: str, ran: int | None, data: dict[str, Any]) -> None:
        if workflow not in self.workflows:
            raise Missing(workflow)
        person = self.find(contact_id)
        if workflow not in self.states(person):
            raise Missing(contact_id)
        at = self.tick()
        person.note(at, "run", workflow, node, at if ran is None else ran, data)


def united(rule: str, mine: Any, theirs: Any, mine_at: int, theirs_at: int) -> Any:
    """Return what a union makes of a property that both were told of; None is a value that was removed."""
    both = [mine, theirs]
    if rule in ("newest", "oldest"):
        earlier, later = (theirs, mine) if theirs_at < mine_at else (mine, theirs)
        return mine if mine_at == theirs_at else later if rule == "newest" else earlier
    if rule == "false_wins":
        return False if any(one is False for one in both) else None if None in both else mine
    if rule == "true_wins":
        return True if any(one is True for one in both) else mine
    if None in both:
        return theirs if mine is None else mine
    if rule == "collect":
        items = [item for one in both for item in (one if isinstance(one, list) else [one])]
        kinds = {type(item) for item in items}
        if len(kinds) > 1:
            items = [str(item).lower() if isinstance(item, bool) else str(item) for item in items]
        once = list(dict.fromkeys(items))
        return once[0] if len(once) == 1 and list not in {type(one) for one in both} else once[:100]
    kinds = {type(one) for one in both}
    if kinds == {str} and rule != "sum":
        return min(both) if rule == "min" else max(both)
    if not kinds <= {int, float}:
        return mine
    found = sum(both) if rule == "sum" else min(both) if rule == "min" else max(both)
    return found if isinstance(found, float) or abs(found) < 2**63 else float(found)


@dataclass
class _Turn:
    """The decision table, read for one event."""

    world: Reference
    keys: dict[str, str]
    event: dict[str, Any]
    ignored: list[dict[str, str]]
    new_id: Callable[[], str]
    merged: list[str] = field(default_factory=list)
    moved: list[dict[str, str]] = field(default_factory=list)
    conflicts: list[dict[str, str]] = field(default_factory=list)
    limited: bool = False
    kept: list[set[str]] = field(default_factory=list)
    """What judgements kept apart, each by the names that the answer may give it."""

    def answer(self) -> dict[str, Any]:
        world = self.world
        old, new = self.event.get("replaces", {}).get("subscription"), self.keys.get("subscription")
        if old and new and old != new and world.owners("subscription", old):
            self.moved += world.replace(old, new)
        made_before = set(world.people)
        person_keys = self.person_keys()
        if person_keys:
            current, rule, outcome = self.by_person(*person_keys)
        elif "subscription" in self.keys:
            current, rule, outcome = self.by_subscription()
        elif "tracker_id" in self.keys:
            current, rule, outcome = self.by_tracker()
        else:
            current, rule, outcome = self.create(), "1", "created"
        if not world.keys(current, "tracker_id"):
            world.mint_for(current)
        if person_keys and "subscription" in self.keys:
            self.bring_subscription(current, rule)

        arrived = world.tick()
        occurred = min(self.event.get("occurred_at", arrived), arrived)
        for name, value in self.event.get("properties", {}).items():
            current.note(arrived, "write", name, value, occurred, self.event["message_id"])
        tracker = self.keys.get("tracker_id")
        if tracker is None or not world.owns(current, "tracker_id", tracker):
            tracker = world.keys(current, "tracker_id")[0]
        (period,) = world.held("tracker_id", tracker)
        world.activities[self.event["message_id"]] = Activity(
            self.event["message_id"],
            period,
            self.event.get("event") or "identify",
            self.event.get("event_properties", {}),
            occurred,
            arrived,
            rule,
            outcome,
            dict(self.keys),
        )
        self.live_on(current, tracker, new=current.id not in made_before)
        subscription = self.keys.get("subscription")
        return {
            "contact": current.id,
            "kind": "known" if world.known(current) else "anonymous",
            "tracker_id": tracker,
            "rule": rule,
            "outcome": outcome,
            "merged": self.merged,
            "shared_with": [owner.id for owner in world.owners("subscription", subscription) if owner is not current]
            if subscription
            else [],
            "moved": self.moved,
            "conflicts": self.conflicts,
            "ignored": self.ignored,
            "kept_apart": self.kept,
            "duplicate": False,
            "limited": self.limited,
        }

    def live_on(self, current: Person, answered: str, *, new: bool) -> None:
        """Settle who is awake on the event's subscription, and who is asleep after a log-out."""
        world, subscription, sent = self.world, self.keys.get("subscription"), self.keys.get("tracker_id")
        logout = self.event.get("logout", False)
        if subscription:
            # What was never anybody's, since a limit or a judgement kept it away, is not remembered, neither the
            # subscription nor the device, unless a judgement names it.
            there = {(one.key, one.value) for one in world.periods} | world.judged_keys
            if (sent or new) and ("subscription", subscription) in there:
                devices = {answered, *([sent] if sent else [])}
                world.brought[subscription] = {one for one in devices if ("tracker_id", one) in there}
            owners = world.owners("subscription", subscription)
            if current in owners and not logout:
                world.turn(current, subscription, asleep=False)
                if "email" in self.keys or "user_id" in self.keys:
                    for other in owners:
                        if other is not current:
                            world.turn(other, subscription, asleep=True)
        if logout:
            leaving = {value for value, trackers in world.brought.items() if sent in trackers}
            for value in leaving | ({subscription} if subscription else set()):
                for owner in world.owners("subscription", value):
                    world.turn(owner, value, asleep=True)

    def person_keys(self) -> tuple[Person | None, dict[str, str]] | None:
        """Return whom the event's person keys name, and which of them are to become that contact's."""
        world, email, user_id = self.world, self.keys.get("email"), self.keys.get("user_id")
        by_email = world.owner("email", email)
        if user_id is None:
            return (by_email, {} if by_email else {"email": email}) if email else None
        by_id = world.owner("user_id", user_id)
        if by_id:
            if by_email is None:
                gained = {"email": email} if email and not self.keeps(by_id, "email", email) else {}
                return by_id, gained
            if by_email is not by_id:
                self.conflicts.append({"key": "email", "owner": by_email.id})
            return by_id, {}
        if by_email is None:
            return None, {"email": email, "user_id": user_id} if email else {"user_id": user_id}
        if self.keeps(by_email, "user_id", user_id) or world.keys(by_email, "user_id"):
            self.conflicts.append({"key": "email", "owner": by_email.id})
            return None, {"user_id": user_id}
        return by_email, {"user_id": user_id}

    def by_person(self, found: Person | None, gained: dict[str, str]) -> tuple[Person, str, str]:
        world, tracker = self.world, self.keys.get("tracker_id")
        has_tracker = world.owner("tracker_id", tracker)
        last_login = world.policy == "last_login"
        if found:
            for key, value in gained.items():
                world.attach(found, key, value)
            if tracker is None or has_tracker is found:
                return found, "2", "found"
            if has_tracker is None:
                self.attach(found, "tracker_id", tracker)
                return found, "2", "found"
            if not world.known(has_tracker):
                return found, "3", "merged" if self.fold(has_tracker, found, "3") else "found"
            if last_login:
                self.move(found, "tracker_id", tracker, [has_tracker])
            return found, "3", "found"
        claims = bool(tracker) and has_tracker is not None and not self.recognised(has_tracker)
        kept = [self.keeps(has_tracker, *item) for item in gained.items()] if claims else []
        if claims and not any(kept):
            current, rule, outcome = has_tracker, "2.2", "claimed"
        else:
            current, outcome = self.create(), "created"
            rule = "2" if tracker is None else "2.3" if has_tracker else "2.1"
        for key, value in gained.items():
            world.attach(current, key, value)
        if rule == "2.1":
            self.attach(current, "tracker_id", tracker)
        elif rule == "2.3" and last_login:
            self.move(current, "tracker_id", tracker, [has_tracker])
        return current, rule, outcome

    def recognised(self, person: Person) -> bool:
        return any(self.world.keys(person, key) for key in PERSON)

    def bring_subscription(self, current: Person, rule: str) -> None:
        world, value = self.world, self.keys["subscription"]
        others = [owner for owner in world.owners("subscription", value) if owner is not current]
        anonymous = [owner for owner in others if not world.known(owner)]
        known = [owner for owner in others if world.known(owner)]
        for owner in anonymous:
            self.fold(owner, current, rule)
        if known and world.policy == "last_login":
            self.move(current, "subscription", value, known)
        elif (known or not others) and not world.owns(current, "subscription", value):
            self.attach(current, "subscription", value)

    def by_subscription(self) -> tuple[Person, str, str]:
        world, value, tracker = self.world, self.keys["subscription"], self.keys.get("tracker_id")
        owners = world.owners("subscription", value)
        has_tracker = world.owner("tracker_id", tracker)
        strict = world.policy == "strict"
        if has_tracker is None:
            if owners:
                current, outcome = owners[0], "found"
                if tracker:
                    self.attach(current, "tracker_id", tracker)
            else:
                current, outcome = self.create(tracker), "created"
                self.attach(current, "subscription", value)
            return current, "4.1", outcome
        if has_tracker in owners:
            return has_tracker, "4.3" if world.known(has_tracker) else "4.2", "found"
        if not world.known(has_tracker):
            if owners:
                return owners[0], "4.2", "merged" if self.fold(has_tracker, owners[0], "4.2") else "found"
            rule = "4.2"
        else:
            rule = "4.3.1"
        if not owners:
            current = self.create() if strict else has_tracker
            self.attach(current, "subscription", value)
            return current, rule, "created" if strict else "found"
        if not any(world.known(owner) for owner in owners):
            happened = [self.fold(owner, has_tracker, "4.3.2") for owner in owners]
            return has_tracker, "4.3.2", "merged" if any(happened) else "found"
        for first, subscription, made in world.conflicts:
            if world.living(first) is has_tracker and subscription == value and world.living(made) in owners:
                return world.living(made), "4.3.3", "found"
        if strict:
            current = self.create()
            current.note(world.tick(), "born")
            self.attach(current, "subscription", value)
            world.conflicts.append((has_tracker, value, current))
            return current, "4.3.3", "shared"
        if world.policy == "continuity":
            return has_tracker, "4.3.3", "shared" if self.attach(has_tracker, "subscription", value) else "found"
        self.move(has_tracker, "subscription", value, owners)
        return has_tracker, "4.3.3", "found"

    def by_tracker(self) -> tuple[Person, str, str]:
        tracker = self.keys["tracker_id"]
        owner = self.world.owner("tracker_id", tracker)
        return (owner, "5", "found") if owner else (self.create(tracker), "5", "created")

    # --- effects ---------------------------------------------------------------------------------------------

    def create(self, tracker: str | None = None) -> Person:
        contact_id = self.new_id()
        if contact_id in self.world.people:
            raise AssertionError(f"a contact is to be made, but the product answers {contact_id}, which is there")
        person = Person(contact_id, self.world.tick())
        self.world.people[contact_id] = person
        if tracker:
            self.world.attach(person, "tracker_id", tracker)
        elif "email" not in self.keys and "user_id" not in self.keys:
            self.world.mint_for(person)
        return person

    def keeps(self, person: Person, key: str, value: str) -> bool:
        """Return, and note, whether a judgement keeps a key from a contact."""
        if not self.world.barred(person, key, value):
            return False
        self.kept.append({key})
        return True

    def attach(self, person: Person, key: str, value: str) -> bool:
        if self.keeps(person, key, value):
            return False
        if self.world.room(person, key):
            self.world.attach(person, key, value)
            return True
        self.limited = True
        return False

    def move(self, person: Person, key: str, value: str, losers: list[Person]) -> None:
        world = self.world
        owned = world.owns(person, key, value)
        if not owned and self.keeps(person, key, value):
            return
        if not owned and not world.room(person, key):
            self.limited = True
            return
        for loser in losers:
            world.detach(loser, key, value)
            self.moved.append({"key": key, "value": value, "from": loser.id})
        if not owned:
            world.attach(person, key, value)

    def fold(self, source: Person, target: Person, rule: str) -> bool:
        if kept := self.world.kept_apart(source, target):
            self.kept.append(kept)
            return False
        if not self.world.room_for_all(source, target):
            self.limited = True
            return False
        self.world.fold(source, target, rule)
        self.merged.append(source.id)
        return True


# --- keys ----------------------------------------------------------------------------------------------------

BLOCKED = {"null", "unknown", "0"}
"""Of the blocked values those that the tests send."""


def set_aside(key: str, value: str) -> str | None:
    if value.casefold() in BLOCKED:
        return "blocked"
    if key == "email" and "@" not in value:
        return "invalid"
    return None


# --- conditions ----------------------------------------------------------------------------------------------


Happened = tuple[str, int, dict[str, Any]]
"""An event's name, when it occurred, and its properties."""


def meets(where: dict[str, Any], document: dict[str, Any], events: list[Happened], now: int) -> bool:
    """Return whether a contact meets a condition."""
    match where:
        case {"all": parts}:
            return all(meets(part, document, events, now) for part in parts)
        case {"any": parts}:
            return any(meets(part, document, events, now) for part in parts)
        case {"not": part}:
            return not meets(part, document, events, now)
        case {"kind": kind}:
            return document["kind"] == kind
        case {"key": key, "exists": exists}:
            return bool(document[PLURAL[key]]) == exists
        case {"event": name, "at_least": count, **more}:
            since = now - micros(more["within"]) if "within" in more else 0
            asked = more.get("where", {"not": {"property": "", "exists": True}})
            return (
                sum(
                    event == name and occurred >= since and meets(asked, {"properties": properties}, [], now)
                    for event, occurred, properties in events
                )
                >= count
            )
        case {"property": name, **test}:
            ((test_name, wanted),) = test.items()
            value = document["properties"].get(name)
            if test_name == "exists":
                return (value is not None) == wanted
            if test_name in ("is_before", "is_after", "older_than"):
                at, limit = moment(value), _limit(test_name, wanted, now)
                return at is not None and (at > limit if test_name == "is_after" else at < limit)
            return value is not None and _OPERATORS[test_name](value, wanted)
    raise AssertionError(where)


def _limit(test: str, wanted: str, now: int) -> int:
    at = moment(wanted)
    if at is not None:
        return at
    if test == "older_than" or wanted.startswith("-"):
        return now - micros(wanted.removeprefix("-"))
    return now + micros(wanted)


def moment(value: Any) -> int | None:
    """Read an RFC 3339 time, or a date as its midnight in UTC, as microseconds since 1970; None for anything else."""
    if not isinstance(value, str) or not re.fullmatch(
        r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d))?", value, re.ASCII
    ):
        return None
    try:
        at = datetime.fromisoformat(value.upper())
    except ValueError:
        return None
    return (at.replace(tzinfo=at.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def micros(within: str) -> int:
    """Read a period of so many days (``P30D``) or hours (``PT6H``)."""
    hours = int(within[2:-1]) if within.startswith("PT") else 24 * int(within[1:-1])
    return hours * 3_600_000_000


def same(value: Any, wanted: Any) -> bool:
    """Return whether two values are equal: a boolean is no number, a list equals item by item."""
    if isinstance(value, list) or isinstance(wanted, list):
        return (
            isinstance(value, list)
            and isinstance(wanted, list)
            and len(value) == len(wanted)
            and all(same(one, other) for one, other in zip(value, wanted, strict=True))
        )
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted


def _comparable(value: Any, wanted: Any) -> bool:
    kinds = [
        "text" if isinstance(item, str) else "number" if isinstance(item, int | float) else None
        for item in (value, wanted)
        if not isinstance(item, bool)
    ]
    return len(kinds) == 2 and kinds[0] == kinds[1] and kinds[0] is not None


def _as_times(value: Any, wanted: Any) -> tuple[Any, Any]:
    times = moment(value), moment(wanted)
    return (value, wanted) if None in times else times


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, list):
        return any(same(item, wanted) for item in value)
    return isinstance(value, str) and isinstance(wanted, str) and wanted in value


def _is(value: Any, wanted: Any) -> bool:
    return same(value, wanted) or (isinstance(value, list) and any(same(item, wanted) for item in value))


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "is": _is,
    "is_not": lambda value, wanted: not _is(value, wanted),
    "in": lambda value, wanted: any(_is(value, item) for item in wanted),
    "contains": _contains,
    "greater_than": lambda value, wanted: _comparable(value, wanted) and operator.gt(*_as_times(value, wanted)),
    "less_than": lambda value, wanted: _comparable(value, wanted) and operator.lt(*_as_times(value, wanted)),
}
