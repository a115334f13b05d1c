"""Contacts as they were at a time of arrival, worked out from what is never overwritten.

The journal says which unions stood then; each contact's own entries of properties, ownerships and periods say what came
to it by itself. What it showed then follows from these as what it shows now does. What was erased is in none of them.
A key that an event took to somebody else (policy ``last_login``) leaves no trace with its former owner, save a tracker.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from graph.clock import Micros, to_micros, to_text
from graph.errors import NotFound
from graph.explore.contacts import Document, in_order, owned_subscription, redirected
from graph.explore.names import name_of
from graph.identity.living import living_contact
from graph.identity.namespaces import DEFAULT_NAMESPACES, KeyClass, Namespaces
from graph.identity.union_rules import Rules
from graph.identity.working_set.entities import Entry, Ownership, person_key_order, shown_entry, tracker_order
from graph.model import TRACKER, KeyName, Kind, PropertyValue
from graph.paging import make_cursor, read_cursor
from graph.segments.conditions import compile_condition
from graph.store.database import Database, Row, Transaction
from graph.workflows.workflows import workflows_at

_AT_ONCE = 200
"""People who are worked out at once."""
_CHANGES_AT_ONCE = 10_000
Ref = tuple[KeyName, str]


@dataclass(frozen=True, slots=True)
class Union:
    """One union of the journal."""

    id: str
    source: str
    target: str
    rule: str | None
    message_id: str | None
    at: Micros
    occurred: Micros | None
    undone: Micros | None
    brought: tuple[Ref, ...]

    def stood(self, at: Micros) -> bool:
        """Return whether the union had been made by a time, and not been taken back."""
        return self.at <= at and (self.undone is None or self.undone > at)


@dataclass(frozen=True, slots=True)
class LedBack:
    """A part of a split, undone at a time, whose id leads to the whole since."""

    id: str
    whole: str
    split: str
    kind: str
    created: Micros
    at: Micros


class Journal:
    """The unions of some contacts, and the parts that lead back to them, read as far as they are asked for."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._read: set[str] = set()
        self.by_source: defaultdict[str, list[Union]] = defaultdict(list)
        self.by_target: defaultdict[str, list[Union]] = defaultdict(list)
        self._seen: set[str] = set()
        self._parts: dict[str, LedBack] = {}

    def read(self, ids: Collection[str]) -> None:
        """Read the unions and parts of contacts that were not read yet."""
        missing = sorted(set(ids) - self._read)
        self._read.update(missing)
        for row in self._tx.run("explore.past_parts", ids=missing) if missing else ():
            self._parts[row["id"]] = LedBack(**row)
        for row in self._tx.run("explore.past_unions", ids=missing) if missing else ():
            if row["id"] not in self._seen:
                self._seen.add(row["id"])
                union = Union(**{**row, "brought": tuple((name, value) for name, value in row["brought"])})
                self.by_source[union.source].append(union)
                self.by_target[union.target].append(union)

    def survivors(self, ids: Iterable[str], at: Micros) -> dict[str, str]:
        """Return which contact each of some ids stood for at a time."""
        found = {one: one for one in ids}
        while True:
            self.read(found.values())
            further = {one: self._into(now, at) for one, now in found.items()}
            if further == found:
                return found
            found = further

    def led_back(self, wholes: Collection[str], at: Micros) -> list[LedBack]:
        """Return the parts whose ids led to some contacts by a time, through any number of splits."""
        found: dict[str, LedBack] = {}
        last = set(wholes)
        while last:
            self.read(last)
            new = {one.id: one for one in self._parts.values() if one.whole in last and one.at <= at}
            last = set(new) - set(found)
            found |= new
        return sorted(found.values(), key=lambda one: (one.at, one.id))

    def _into(self, contact: str, at: Micros) -> str:
        # A split that was undone is as if it had never been.
        part = self._parts.get(contact)
        if part is not None and part.created <= at:
            return part.whole
        return next((union.target for union in self.by_source[contact] if union.stood(at)), contact)

    def folded(self, roots: Iterable[str], at: Micros) -> dict[str, Union]:
        """Return what had been folded into contacts by a time, through any number of unions: each with its union."""
        found: dict[str, Union] = {}
        last = set(roots)
        while last:
            self.read(last)
            new = {union.source: union for one in last for union in self.by_target[one] if union.stood(at)}
            last = set(new) - set(found)
            found |= new
        return found


@dataclass(slots=True)
class Own:
    """A key that came to a contact by itself, until it was taken from it or from whom it had been folded into."""

    ref: Ref
    since: Micros
    position: int
    message_id: str | None
    until: Micros | None = None

    def at(self, at: Micros) -> bool:
        return self.since <= at and (self.until is None or self.until > at)


@dataclass(slots=True)
class State:
    """What came to one contact by itself, up to a time."""

    created: Micros
    split: bool
    entries: dict[str, list[Entry]]
    keys: list[Own]
    periods: list[str] = field(default_factory=list)


Owned = tuple[Ownership, str | None, list[Union]]
"""The ownership of a key, the message that brought it, and the unions that it came by, the first one first."""


@dataclass(slots=True)
class Person:
    """One contact as it was: with all that had been folded into it."""

    id: str
    kind: Kind
    keys: dict[Ref, Owned]
    properties: Mapping[str, PropertyValue]
    folded: dict[str, Union]

    def values(self) -> dict[KeyName, list[str]]:
        """Return its keys by namespace, in the order in which answers show them."""
        owned: defaultdict[KeyName, list[tuple[Ownership, str]]] = defaultdict(list)
        for (namespace, value), (ownership, _, _) in self.keys.items():
            owned[namespace].append((ownership, value))
        return {namespace: in_order(namespace, pairs) for namespace, pairs in owned.items()}


class Then:
    """Some contacts at one time, read in one transaction."""

    def __init__(self, tx: Transaction, at: datetime, namespaces: Namespaces, rules: Rules) -> None:
        self.tx = tx
        self.at = to_micros(at)
        self.time = at
        self._rules = rules
        self._namespaces = namespaces
        self.journal = Journal(tx)
        self.states: dict[str, State] = {}

    def shared(self, namespace: KeyName) -> bool:
        """Return whether several contacts may own a key of a namespace at once."""
        return self._namespaces[namespace].key_class is KeyClass.SUBSCRIPTION

    def periods(self, person: Person) -> list[str]:
        """List the periods of ownership on which the activity of a contact hung."""
        members = (self.states.get(one) for one in (person.id, *person.folded))
        return [period for state in members if state is not None for period in state.periods]

    def people(self, roots: Collection[str]) -> dict[str, Person]:
        """Return contacts that stood for themselves then; who was not made yet is left out."""
        folded = self.journal.folded(roots, self.at)
        self._read({*roots, *folded})
        into: defaultdict[str, list[Union]] = defaultdict(list)
        for union in folded.values():
            into[union.target].append(union)
        there = [root for root in roots if root in self.states and self.states[root].created <= self.at]
        return {root: self._person(root, into) for root in there}

    def _read(self, ids: Collection[str]) -> None:
        missing = sorted(set(ids) - set(self.states))
        rows = self.tx.run("explore.past_states", ids=missing, at=self.time) if missing else []
        for row in rows:
            self.states[row["id"]] = self._state(row)
        self._end(row["id"] for row in rows)

    def _state(self, row: Row) -> State:
        entries: defaultdict[str, list[Entry]] = defaultdict(list)
        for name, value, occurred, arrived, position in row["entries"]:
            entries[name].append(Entry(name, value, occurred, arrived, position=position or 0))
        keys = [
            Own((namespace, value), since, position or 0, message_id)
            for namespace, value, since, position, message_id in row["keys"]
            if namespace != TRACKER
        ]
        periods = []
        first = {(namespace, value): message for namespace, value, _, _, message in row["keys"]}
        for period, tracker, started, ended in row["periods"]:
            ref = (TRACKER, tracker)
            keys.append(Own(ref, started, 0, first.get(ref), ended))
            periods.append(period)
        for action, namespace, value, taken in row["changes"]:
            ref = (namespace, value)
            if action == "taken" and namespace != TRACKER and not any(own.ref == ref for own in keys):
                keys.append(Own(ref, self._came(row, ref, taken), 0, None, taken))
        return State(row["created"], row["split"], dict(entries), keys, periods)

    def _came(self, row: Row, ref: Ref, taken: Micros) -> Micros:
        """Return since when a contact had a key of which nothing is left but that it was taken by hand."""
        given = [at for action, *key, at in row["changes"] if action == "given" and tuple(key) == ref and at <= taken]
        if given:
            return int(max(given))
        since = self.tx.run("explore.past_carried", namespace=ref[0], value=ref[1])[0]["since"]
        return int(row["created"] if since is None else max(since, row["created"]))

    def _end(self, ids: Iterable[str]) -> None:
        """Work out until when keys were owned: until they were taken by hand, or came to somebody else."""
        owned = [(one, own) for one in ids for own in self.states[one].keys if own.until is None]
        owned = [(one, own) for one, own in owned if own.ref[0] != TRACKER and own.since <= self.at]
        if not owned:
            return
        refs = sorted({own.ref for _, own in owned})
        takings = self.tx.run("explore.past_takings", values=sorted({value for _, value in refs}))
        others = self.tx.run("explore.past_owners", keys=[list(ref) for ref in refs])
        for one, own in owned:
            ends = [
                row["at"]
                for row in takings
                if (row["namespace"], row["value"]) == own.ref
                and row["action"] in ("taken", "gone", "replaced")
                and row["at"] >= own.since
                and self.journal.survivors([one], row["at"])[one] == row["contact"]
            ]
            if not self.shared(own.ref[0]):
                ends += [
                    row["since"]
                    for row in others
                    if (row["namespace"], row["value"]) == own.ref and row["since"] > own.since and row["owner"] != one
                ]
            own.until = min(ends, default=None)

    def _person(self, root: str, into: Mapping[str, list[Union]]) -> Person:
        folded: dict[str, Union] = {}
        waiting = [root]
        while waiting:
            for union in into.get(waiting.pop(), ()):
                folded[union.source] = union
                waiting.append(union.source)
        keys = self._owned(root, into)
        states = [self.states[one] for one in (root, *folded) if one in self.states]
        known = any(name in self._namespaces.persons for name, _ in keys) or any(state.split for state in states)
        shown = {name: shown_entry(entries)[0] for name, entries in self._entries(root, self.at).items()}
        properties = {
            name: entry.value for name, entry in sorted(shown.items()) if entry is not None and entry.value is not None
        }
        return Person(root, Kind.KNOWN if known else Kind.ANONYMOUS, keys, properties, folded)

    def _owned(self, one: str, into: Mapping[str, list[Union]]) -> dict[Ref, Owned]:
        """List the keys of a contact, as unions numbered those that they brought."""
        state = self.states.get(one)
        keys: dict[Ref, Owned] = {}
        for own in () if state is None else state.keys:
            if own.at(self.at):
                keys[own.ref] = (Ownership(own.since, own.position), own.message_id, [])
        for union in sorted(into.get(one, ()), key=lambda union: (union.at, union.id)):
            first = 1 + max((edge.position for edge, _, _ in keys.values() if edge.since == union.at), default=-1)
            brought = sorted(self._owned(union.source, into).items(), key=self._place)
            for position, (ref, (_, message_id, way)) in enumerate(brought, first):
                if ref not in keys:
                    keys[ref] = (Ownership(union.at, position, union.id), message_id, [*way, union])
        return keys

    def _place(self, item: tuple[Ref, Owned]) -> tuple[bool, Any, Ref]:
        (namespace, _), (ownership, _, _) = item
        named = namespace in self._namespaces.persons
        return (named, (person_key_order if named else tracker_order)(ownership), item[0])

    def _entries(self, contact: str, at: Micros) -> dict[str, list[Entry]]:
        """List what a contact had been told of each property by a time, and what unions had filled in."""
        state = self.states.get(contact)
        found: defaultdict[str, list[Entry]] = defaultdict(list)
        for name, entries in ({} if state is None else state.entries).items():
            found[name] += [entry for entry in entries if entry.arrived <= at]
        for union in self.journal.by_target[contact]:
            if union.stood(self.at) and union.at <= at:
                for name, entries in self._entries(union.source, union.at).items():
                    filling, when = shown_entry(entries)
                    if filling is not None:
                        fill = Entry(name, filling.value, when, union.at, fill=union.id, position=-1)
                        if (rule := self._rules.get(name)) is not None:
                            fill.rule, fill.said = rule, filling.value
                        found[name].append(fill)
        return found


class Past:
    """Reads contacts as they were."""

    def __init__(
        self, database: Database, namespaces: Namespaces = DEFAULT_NAMESPACES, union_rules: Rules | None = None
    ) -> None:
        self._database = database
        self._namespaces = namespaces
        self._rules = union_rules or {}

    def contact(self, contact_id: str, at: datetime) -> Document:
        """Return one contact as it was at a time of arrival; one that had been folded then gives its survivor.

        Raises
        ------
        NotFound
            When no contact ever had this id, or it was not there yet.
        Gone
            When it was erased since.
        """

        def work(tx: Transaction) -> Document:
            then, person = self.person(tx, contact_id, at)
            return redirected(self._document(tx, then, person), contact_id)

        return self._database.read(work)

    def person(self, tx: Transaction, contact_id: str, at: datetime) -> tuple[Then, Person]:
        """Return who an id stood for at a time.

        Raises
        ------
        NotFound
            When no contact ever had this id, or it was not there yet.
        Gone
            When it was erased since.
        """
        living_contact(tx, contact_id)
        then = Then(tx, at, self._namespaces, self._rules)
        root = then.journal.survivors([contact_id], then.at)[contact_id]
        people = then.people({root})
        if root not in people:
            raise NotFound(f"Contact {contact_id} was not there at {to_text(then.at)}: it came later.")
        return then, people[root]

    def neighbourhood(self, tx: Transaction, contact_id: str, at: datetime) -> tuple[str, Row]:
        """Return what ``explore.neighbourhood`` reads, as it was at a time.

        Raises
        ------
        NotFound
            When no contact ever had this id, or it was not there yet.
        Gone
            When it was erased since.
        """
        then, person = self.person(tx, contact_id, at)
        owners = _owners(tx, then, person)
        others = then.people({other for listed in owners.values() for other in listed})
        ghosts: list[dict[str, Any]] = []
        for source, union in person.folded.items():
            depth, into = 1, union.target
            while into != person.id:
                depth, into = depth + 1, person.folded[into].target
            named = {namespace for (namespace, _), (_, _, way) in person.keys.items() if union in way}
            known = any(self._namespaces[name].key_class is KeyClass.PERSON for name in named)
            ghosts.append(
                {
                    "id": source,
                    "kind": Kind.KNOWN if known or then.states[source].split else Kind.ANONYMOUS,
                    "depth": depth,
                    "into": union.target,
                    "merge": union.id,
                    "split": None,
                    "rule": union.rule,
                    "message_id": union.message_id,
                    "at": union.at,
                    "occurred": union.occurred,
                    "brought": len(union.brought),
                    "keys": [list(ref) for ref in union.brought[:5]],
                }
            )
        for part in then.journal.led_back((person.id, *person.folded), then.at):
            ghosts.append(
                {
                    "id": part.id,
                    "kind": part.kind,
                    "depth": 1 + next((ghost["depth"] for ghost in ghosts if ghost["id"] == part.whole), 0),
                    "into": part.whole,
                    "merge": None,
                    "split": part.split,
                    "rule": None,
                    "message_id": None,
                    "at": part.at,
                    "occurred": None,
                    "brought": 0,
                    "keys": [],
                }
            )
        asleep = _asleep(then, [person, *others.values()], [ref for ref in person.keys if then.shared(ref[0])])
        keys = []
        for ref, (ownership, message_id, way) in person.keys.items():
            namespace, value = ref
            before = [None, *(union.id for union in way)]
            shared = [others[other] for other in sorted(owners.get(ref, ())) if other in others]
            keys.append(
                {
                    "namespace": namespace,
                    "value": value,
                    "since": ownership.since,
                    "merge": ownership.merge,
                    "message_id": message_id,
                    "occurred": None,
                    "moves": [[union.id, earlier] for union, earlier in zip(way, before, strict=False)],
                    "others": [[other.id, other.kind, _title(other)] for other in shared],
                    "asleep": (person.id, ref) in asleep,
                    "asleep_others": [other.id for other in shared if (other.id, ref) in asleep],
                }
            )
        return person.id, {"kind": person.kind, "title": _title(person), "keys": keys, "ghosts": ghosts}

    def members(self, segment: str, at: datetime, *, limit: int = 100, cursor: str | None = None) -> dict[str, Any]:
        """Return one page of who was in a segment at a time of arrival, by id, by the condition that it has now.

        Raises
        ------
        NotFound
            When there is no such segment.
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        (after,) = read_cursor(cursor, (str,)) if cursor else ("",)

        def work(tx: Transaction) -> list[Person]:
            rows = tx.run("segments.definition", name=segment)
            if not rows:
                raise NotFound(f"There is no segment {segment!r}.")
            then = Then(tx, at, self._namespaces, self._rules)
            listed = sorted(_listed(tx, [segment], then.at)[segment]) if rows[0]["where_text"] is None else None
            found: list[Person] = []
            place = after
            while len(found) <= limit:
                if listed is None:
                    ids = [row["id"] for row in tx.run("explore.past_ids", after=place, at=at, limit=_AT_ONCE)]
                else:
                    ids = [one for one in listed if one > place][:_AT_ONCE]
                if not ids:
                    break
                place = ids[-1]
                themselves = then.journal.survivors(ids, then.at)
                people = then.people([one for one in ids if themselves[one] == one])
                found += _meeting(then, people.values(), rows[0]["where_text"]) if listed is None else people.values()
            return found

        found = self._database.read(work)
        return {
            "items": [{"id": one.id, "kind": one.kind} for one in found[:limit]],
            "next": make_cursor(found[limit - 1].id) if len(found) > limit else None,
            "as_of": to_text(to_micros(at)),
        }

    def _segments(self, then: Then, person: Person) -> list[str]:
        definitions = then.tx.run("segments.definitions")
        lists = [row["name"] for row in definitions if row["where_text"] is None]
        listed = _listed(then.tx, lists, then.at) if lists else {}
        found = [name for name in lists if person.id in listed[name]]
        for row in definitions:
            if row["where_text"] is not None and list(_meeting(then, [person], row["where_text"])):
                found.append(row["name"])
        return sorted(found)

    def _document(self, tx: Transaction, then: Then, person: Person) -> Document:
        keys = person.values()
        owners = _owners(tx, then, person)
        there = then.people({other for listed in owners.values() for other in listed})
        [times] = tx.run("explore.past_activity", periods=then.periods(person), at=then.time)
        created = then.states[person.id].created
        subscriptions = [(name, value) for name in self._namespaces.subscriptions for value in keys.get(name, [])]
        asleep = _asleep(then, [person], subscriptions)
        emails = keys.get("email", [])
        return {
            "id": person.id,
            "name": name_of(person.id, person.properties, keys),
            "kind": person.kind,
            "email": emails[0] if emails else None,
            "emails": emails,
            "user_ids": keys.get("user_id", []),
            "trackers": keys.get(TRACKER, []),
            "subscriptions": [
                owned_subscription(
                    namespace,
                    value,
                    sorted(set(owners.get((namespace, value), ())) & set(there)),
                    asleep=(person.id, (namespace, value)) in asleep,
                )
                for namespace, value in subscriptions
            ],
            "keys": dict(sorted(keys.items())),
            "properties": dict(person.properties),
            "segments": self._segments(then, person),
            "workflows": workflows_at(
                tx,
                sorted(set(then.journal.survivors((person.id, *person.folded), 2**62).values())),
                person.id,
                [(union.source, union.target, union.at) for union in person.folded.values()],
                then.at,
            ),
            "merged_from": sorted(
                {*person.folded, *(part.id for part in then.journal.led_back((person.id, *person.folded), then.at))}
            ),
            "first_occurred_at": None if times["first"] is None else to_text(times["first"]),
            "last_occurred_at": None if times["last"] is None else to_text(times["last"]),
            "created_at": to_text(created),
            "last_seen_at": to_text(max(created, times["seen"] or 0)),
            "at": to_text(then.at),
        }


def _title(person: Person) -> str | None:
    name = name_of("", person.properties, {name: values for name, values in person.values().items() if name != TRACKER})
    return name or None


def _asleep(then: Then, people: Iterable[Person], subscriptions: Collection[Ref]) -> set[tuple[str, Ref]]:
    """Return who was asleep on which of some subscriptions: those whose last turn before was that they slept."""
    values = sorted({value for _, value in subscriptions})
    rows = then.tx.run("explore.past_takings", values=values) if values else []
    whose = {member: person.id for person in people for member in (person.id, *person.folded)}
    last: dict[tuple[str, Ref], tuple[Micros, str]] = {}
    for row in rows:
        ref = (row["namespace"], row["value"])
        turned = row["action"] in ("slept", "woke") and ref in subscriptions
        if turned and row["contact"] in whose and row["at"] <= then.at:
            turn = (whose[row["contact"]], ref)
            last[turn] = max(last.get(turn, (0, "")), (row["at"], row["action"]))
    return {turn for turn, (_, action) in last.items() if action == "slept"}


def _owners(tx: Transaction, then: Then, person: Person) -> dict[Ref, list[str]]:
    """Return who else owned the keys of a contact that several may own."""
    refs = [ref for ref in person.keys if then.shared(ref[0])]
    if not refs:
        return {}
    rows = tx.run("explore.past_owners", keys=[list(ref) for ref in sorted(refs)])
    first = {row["owner"] for row in rows if row["since"] <= then.at}
    survivors = then.journal.survivors(first, then.at)
    then.people(first)
    found: defaultdict[Ref, set[str]] = defaultdict(set)
    for row in rows:
        ref = (row["namespace"], row["value"])
        state = then.states.get(row["owner"])
        owned = state is not None and any(own.ref == ref and own.at(then.at) for own in state.keys)
        if owned and survivors[row["owner"]] != person.id:
            found[ref].add(survivors[row["owner"]])
    return {ref: sorted(others) for ref, others in found.items()}


def _meeting(then: Then, people: Iterable[Person], where_text: str) -> Iterator[Person]:
    """Yield those who met a condition then."""
    asked = {person.id: person for person in people}
    program = compile_condition(orjson.loads(where_text), activity=True, namespaces=None)
    given = [
        {
            "id": person.id,
            "kind": person.kind,
            "namespaces": sorted({name for name, _ in person.keys}),
            "properties": [
                {"name": name, "value": value} for name, value in person.properties.items() if name in program.names
            ],
            "periods": then.periods(person) if program.events else [],
        }
        for person in asked.values()
    ]
    parameters = {"events": program.events, "leaves": program.leaves, "nodes": program.nodes}
    rows = then.tx.run("explore.past_members", people=given, now=then.time, **parameters)
    met = {row["id"] for row in rows}
    return (person for person in asked.values() if person.id in met)


def _listed(tx: Transaction, names: list[str], at: Micros) -> dict[str, set[str]]:
    """Return who was on the lists of static segments at a time: who is on them now, but for what changed since."""
    listed: dict[str, set[str]] = {name: set() for name in names}
    for row in tx.run("explore.past_listed", names=names):
        listed[row["segment"]].add(row["contact"])
    for segment, contact, kind, _ in sorted(_turns(tx, at), key=lambda turn: turn[3], reverse=True):
        if segment in listed:
            (listed[segment].discard if kind == "segment_entered" else listed[segment].add)(contact)
    return listed


def _turns(tx: Transaction, since: Micros) -> Iterator[tuple[str, str, str, Micros]]:
    """Yield who came onto a list or left one since a time, as the feed tells."""
    for row in tx.run("explore.past_fresh_turns", since=since):
        yield row["segment"], row["contact"], row["kind"], row["at"]
    before = 2**62
    while True:
        [page] = tx.run("explore.past_turns", before=before, limit=_CHANGES_AT_ONCE)
        yield from ((*turn,) for turn in page["turns"] if turn[3] > since)
        if page["lowest"] is None or page["earliest"] <= since:
            return
        before = page["lowest"]
