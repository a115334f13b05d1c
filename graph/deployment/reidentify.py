"""What another policy or registry would make of the deployment's own activity, as a difference and as acts.

The activity that is kept is replayed, in the order of its arrival, in a scratch graph under the other rules. Both
graphs then say of every message and every key whose it is. Contacts and persons (the contacts of the scratch graph)
that have a message or a key in common hang together; where one contact hangs on one person nothing changes. Everywhere
else each contact is split into what it has in common with each person, and the pieces of a person are made one.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import networkx as nx

from graph.blocking.blocking import Blocking
from graph.blocking.suppression import Suppression
from graph.clock import MINTED, Micros, to_datetime
from graph.deployment.scratch import ScratchGraph
from graph.edits.splits import Portion
from graph.errors import KinfoldError
from graph.explore.contacts import Document
from graph.identity import declared_namespaces
from graph.identity.events import Event
from graph.identity.hashed_keys import hash_known_keys
from graph.identity.namespaces import Namespaces
from graph.identity.union_rules import AnyRules, Own
from graph.kinfold import Kinfold
from graph.logs.replay import Run
from graph.model import TRACKER, KeyRef, Kind, PropertyValue
from graph.opening import resolver_on
from graph.settings import Settings
from graph.store.database import Database

ACTIVITIES_A_PAGE = 5_000
CONTACTS_A_PAGE = 1_000

What = Literal["split", "united", "moved"]
Told = Callable[[str, int, int], None]
"""Told what is done (replay, apply), how much of it, and how much there is."""

_STANDING = ("tracker_id", "email", "user_id", "subscription")


@dataclass(slots=True)
class Side:
    """One of the two graphs: whose each key is, what contacts show, and about whom people decided."""

    kinds: dict[str, str] = field(default_factory=dict)
    owners: dict[KeyRef, list[str]] = field(default_factory=lambda: defaultdict(list))
    keys: dict[str, list[KeyRef]] = field(default_factory=dict)
    shown: dict[str, dict[str, PropertyValue]] = field(default_factory=dict)
    decided: dict[str, list[str]] = field(default_factory=dict)
    told: dict[str, dict[str, PropertyValue]] = field(default_factory=lambda: defaultdict(dict))
    """By message, the properties that it brought."""


@dataclass(slots=True)
class Replayed:
    """Whose each message is, before and after.

    Attributes
    ----------
    before, after
        By message, the contact of this graph, and that of the scratch graph; without one where it would be ignored.
    answered
        Trackers that were minted for an event, each with the tracker that the event is answered now.
    on
        By minted tracker, the messages that are on it.
    carried
        All keys that activity carried.
    """

    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    answered: dict[str, str] = field(default_factory=dict)
    on: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    carried: set[KeyRef] = field(default_factory=set)


@dataclass(slots=True)
class Piece:
    """What a contact has in common with a person, and nobody else gets."""

    contact: str
    person: str
    keys: list[KeyRef] = field(default_factory=list)
    shared: list[KeyRef] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    @property
    def weight(self) -> tuple[int, int]:
        """How much it is: by its activity, then by its keys."""
        return len(self.messages), len(self.keys) + len(self.shared)


@dataclass(slots=True)
class Difference:
    """Contacts that hang together, and the persons that they become.

    Attributes
    ----------
    contacts, persons
        By their ids here, and by those of the scratch graph.
    pieces
        What goes from where to where.
    stays
        By contact, the person of whom it keeps the piece that is not split off.
    heirs
        By person, the contact that the pieces are folded into and whose id the person has; None for a new one.
    taken, given
        Keys that contacts lose to nobody, and keys of nobody that persons get.
    left
        Why nothing is done: what people decided about these contacts.
    """

    contacts: list[str]
    persons: list[str]
    pieces: list[Piece]
    stays: dict[str, str]
    heirs: dict[str, str | None]
    taken: dict[str, list[KeyRef]]
    given: dict[str, list[KeyRef]]
    left: list[str]

    @property
    def what(self) -> What:
        """Whether one person comes apart, several become one, or something passes from one to another."""
        pairs = {(piece.contact, piece.person) for piece in self.pieces}
        if len(pairs) == len(self.contacts) > len(self.persons):
            return "united"
        if len(pairs) == len(self.persons) > len(self.contacts):
            return "split"
        return "moved"


@dataclass(slots=True)
class Reidentification:
    """All that another policy or registry would change.

    Attributes
    ----------
    unaffected
        How many contacts stay as they are.
    """

    policy: str
    events: int
    contacts: int
    persons: int
    unaffected: int
    differences: list[Difference]
    here: Side
    there: Side

    def to_dict(self) -> Document:
        """As JSON shows it."""
        changes = [one for one in self.differences if not one.left]
        return {
            "policy": self.policy,
            "events": self.events,
            "contacts": self.contacts,
            "contacts_after": self.persons,
            "unaffected": self.unaffected,
            **{what: sum(one.what == what for one in changes) for what in ("split", "united", "moved")},
            "left": sum(bool(one.left) for one in self.differences),
            "differences": [self._shown(one) for one in self.differences],
        }

    def _shown(self, one: Difference) -> Document:
        activities: Counter[str] = Counter()
        for piece in one.pieces:
            activities[piece.person] += len(piece.messages)
        return {
            "what": one.what,
            "contacts": [
                {"contact": contact, "kind": self.here.kinds[contact], "keys": _named(self.here.keys[contact])}
                for contact in one.contacts
            ],
            "becomes": [
                {
                    "contact": one.heirs[person],
                    "kind": self.there.kinds[person],
                    "keys": _named(self._keys_of(one, person)),
                    "activities": activities[person],
                }
                for person in one.persons
            ],
            "taken": _named([key for keys in one.taken.values() for key in keys]),
            "left": one.left,
        }

    def _keys_of(self, one: Difference, person: str) -> list[KeyRef]:
        found = {key for piece in one.pieces if piece.person == person for key in (*piece.keys, *piece.shared)}
        return sorted(found.union(one.given.get(person, ())))


def compare(
    kinfold: Kinfold, scratch: ScratchGraph, settings: Settings, *, told: Told = lambda *_: None
) -> Reidentification:
    """Replay the deployment's activity under other settings, and say what would differ.

    Parameters
    ----------
    kinfold
        The deployment; nothing is written to it.
    scratch
        Where the activity is replayed.
    settings
        The deployment's, with another policy or another file of namespaces.
    told
        Told how far it is.

    Raises
    ------
    BadInput
        When the file of namespaces breaks a rule.

    Notes
    -----
    O(activity + keys) in time and memory, besides the replay itself.
    """
    here = _side(kinfold.database)
    namespaces = declared_namespaces.namespaces_of(kinfold.database, settings)
    replayed = _replay(kinfold, scratch, settings, namespaces, here, told)
    there = _side(scratch.database)
    return _compared(settings.policy, here, there, replayed, namespaces, _ended(kinfold.database, here, there))


def apply(kinfold: Kinfold, settings: Settings, found: Reidentification, *, told: Told = lambda *_: None) -> Document:
    """Make it so: splits, then unions, each a journal entry of its own; what people decided about stays.

    Returns
    -------
    dict
        ``{splits, unions, given, refused}`` in the order in which they were made; `undo` takes them back.

    Raises
    ------
    ClashError
        When the graph has keys that the new namespaces do not allow.
    """
    if settings.keys is not None:
        namespaces = declared_namespaces.namespaces_of(kinfold.database, settings)
        declared_namespaces.apply(kinfold.database, namespaces)
        hash_known_keys(kinfold.database, namespaces)
        kinfold = Kinfold.on(kinfold.database, settings)
    done: Document = {"splits": [], "unions": [], "given": [], "refused": []}
    todo = [one for one in found.differences if not one.left]
    for number, one in enumerate(todo, start=1):
        try:
            _make(kinfold, one, found.there, done)
        except KinfoldError as error:
            done["refused"].append({"contacts": one.contacts, "reason": error.detail})
        told("apply", number, len(todo))
    return done


def undo(kinfold: Kinfold, done: Mapping[str, Any]) -> None:
    """Take back what `apply` returned, the last first.

    Raises
    ------
    NotFound, ClashError
        When something has been done to these contacts since, which must be undone first.
    """
    for given in reversed(done["given"]):
        kinfold.keys.take(given["contact"], given["key"], given["value"])
    for union in reversed(done["unions"]):
        kinfold.unions.undo(union)
    for split in reversed(done["splits"]):
        kinfold.splits.undo(split)


# --- reading -------------------------------------------------------------------------------------------------


def _side(database: Database) -> Side:
    side = Side()
    after = ""
    while True:
        place = after
        page = database.read(
            lambda tx, after=place: tx.run("reidentify.contacts", after=after, limit=CONTACTS_A_PAGE)[0]["page"]  # type: ignore[misc]
        )
        for contact, kind, keys, told, shown, decided in page:
            side.kinds[contact] = kind
            side.keys[contact] = [KeyRef(*key) for key in keys]
            for key in side.keys[contact]:
                side.owners[key].append(contact)
            side.shown[contact] = dict(shown)
            for message, name, value in told:
                side.told[message][name] = value
            if decided:
                side.decided[contact] = sorted(decided)
        if len(page) < CONTACTS_A_PAGE:
            return side
        after = page[-1][0]


def _activity(database: Database) -> Iterator[list[Any]]:
    at, message = datetime.min.replace(tzinfo=UTC), ""
    while True:
        place = {"after": at, "after_id": message}
        page = database.read(
            lambda tx, place=place: tx.run("reidentify.activity", **place, limit=ACTIVITIES_A_PAGE)[0]["page"]  # type: ignore[misc]
        )
        yield from page
        if len(page) < ACTIVITIES_A_PAGE:
            return
        message, received = page[-1][:2]
        at = to_datetime(received)


def _ended(database: Database, here: Side, there: Side) -> set[KeyRef]:
    """Find the keys of persons that nobody owns here because they are no more."""
    asked = [list(key) for key in there.owners if key not in here.owners]
    rows = database.read(lambda tx: tx.run("reidentify.ended", keys=asked))
    return {KeyRef(row["namespace"], row["value"]) for row in rows}


# --- the replay ----------------------------------------------------------------------------------------------


def _replay(
    kinfold: Kinfold, scratch: ScratchGraph, settings: Settings, namespaces: Namespaces, here: Side, told: Told
) -> Replayed:
    scratch.emptied(settings.policy)
    declared_namespaces.agree(scratch.database, namespaces)
    suppression = Suppression(kinfold.database, settings, namespaces)
    # What operators block stands in the deployment's graph.
    blocking = Blocking(kinfold.database, settings, suppression, namespaces=namespaces)
    resolver = resolver_on(scratch.database, settings.model_copy(update={"alert_persons": 0}), blocking)
    done, run, messages = Replayed(), Run(settings.policy), list[str]()
    waiting: dict[str, int] = {}
    batch: list[Event] = []
    total = kinfold.database.read(lambda tx: tx.run("reidentify.total")[0]["activities"])

    def send() -> None:
        answers = resolver.resolve(batch) if batch else []
        for answer in answers:
            run.add(answer)
        for minted, place in waiting.items():
            answer = answers[place]
            if answer.tracker_id is not None:
                done.answered[minted] = answer.tracker_id
        batch.clear()
        waiting.clear()
        told("replay", len(messages), total)

    seen: set[str] = set()
    for message, _, occurred, contact, on, tracker, email, user_id, subscription, others in _activity(kinfold.database):
        if len(batch) == settings.batch_size or tracker in waiting:
            send()
        if on.startswith(MINTED):
            done.on[on].append(message)
            if tracker != on and on not in seen:
                # A browser sends the tracker that it was answered. Under other rules it would be answered another.
                seen.add(on)
                waiting[on] = len(batch)
        carried = [*zip(_STANDING, (tracker, email, user_id, subscription), strict=True), *others]
        done.before[message] = contact
        done.carried |= {KeyRef(name, value) for name, value in carried if value is not None}
        if tracker is not None:
            carried[0] = (TRACKER, done.answered.get(tracker, tracker))
        messages.append(message)
        batch.append(_event(message, occurred, carried, here.told.get(message, {}), namespaces))
    send()
    done.after = {message: person for message, person in zip(messages, run.contacts(), strict=True) if person}
    return done


def _event(
    message: str,
    occurred: Micros,
    carried: Sequence[Sequence[str | None]],
    properties: Mapping[str, PropertyValue],
    namespaces: Namespaces,
) -> Event:
    keys: dict[str, list[str]] = {}
    for name, value in carried:
        if name is not None and value is not None and name in namespaces:
            keys.setdefault(name, []).append(value)
    return Event.model_validate(
        {
            "keys": {name: values if len(values) > 1 else values[0] for name, values in keys.items()},
            "properties": dict(properties),
            "occurred_at": to_datetime(occurred),
            "message_id": message,
        }
    )


# --- the difference ------------------------------------------------------------------------------------------


def _compared(
    policy: str, here: Side, there: Side, replayed: Replayed, namespaces: Namespaces, ended: set[KeyRef]
) -> Reidentification:
    pieces: dict[tuple[str, str], Piece] = {}

    def piece(contact: str, person: str) -> Piece:
        return pieces.setdefault((contact, person), Piece(contact, person))

    for message, person in replayed.after.items():
        piece(replayed.before[message], person).messages.append(message)
    taken: dict[str, list[KeyRef]] = defaultdict(list)
    for key, owners in sorted(here.owners.items()):
        _hand_out(key, owners, _heirs_of(key, there, replayed), pieces, piece, taken, replayed)
    given: dict[str, list[KeyRef]] = defaultdict(list)
    for key, persons in there.owners.items():
        if key not in here.owners and key not in ended and key in replayed.carried:
            for person in persons:
                given[person].append(key)
    hangs: nx.Graph[tuple[str, str]] = nx.Graph()
    hangs.add_nodes_from(("here", contact) for contact in here.kinds)
    hangs.add_nodes_from(("there", person) for person in there.kinds)
    hangs.add_edges_from((("here", contact), ("there", person)) for contact, person in pieces)
    by_contact: dict[str, list[Piece]] = defaultdict(list)
    for one in pieces.values():
        by_contact[one.contact].append(one)
    differences, unaffected = [], 0
    for part in nx.connected_components(hangs):
        contacts = sorted(one for where, one in part if where == "here")
        persons = sorted(one for where, one in part if where == "there")
        losing = {contact: taken[contact] for contact in contacts if contact in taken}
        getting = {person: given[person] for person in persons if person in given}
        if len(contacts) <= 1 >= len(persons) and not losing and not getting:
            unaffected += len(contacts)
            continue
        mine = [one for contact in contacts for one in by_contact[contact]]
        left = sorted({reason for contact in contacts for reason in here.decided.get(contact, ())})
        known = {contact for contact in contacts if here.kinds[contact] == Kind.KNOWN}
        differences.append(_difference(contacts, persons, _ranked(mine, known), losing, getting, left))
    return Reidentification(
        policy, len(replayed.before), len(here.kinds), len(there.kinds), unaffected, differences, here, there
    )


def _heirs_of(key: KeyRef, there: Side, replayed: Replayed) -> list[str]:
    """Return the persons that own a key; of a tracker of our making those that own what is answered in its place."""
    if key.namespace == TRACKER and key.value in replayed.answered:
        return there.owners.get(KeyRef(TRACKER, replayed.answered[key.value]), [])
    return there.owners.get(key, [])


def _hand_out(
    key: KeyRef,
    owners: Sequence[str],
    heirs: Sequence[str],
    pieces: Mapping[tuple[str, str], Piece],
    piece: Callable[[str, str], Piece],
    taken: dict[str, list[KeyRef]],
    replayed: Replayed,
) -> None:
    """Put a key, of each contact that owns it, into the pieces that get it."""
    if not heirs:
        if key.namespace == TRACKER and key.value.startswith(MINTED):
            for contact in owners:
                there = Counter(
                    replayed.after[message]
                    for message in replayed.on.get(key.value, ())
                    if message in replayed.after and replayed.before[message] == contact
                )
                if there:
                    piece(contact, max(sorted(there), key=there.__getitem__)).keys.append(key)
        elif key in replayed.carried:
            for contact in owners:
                taken[contact].append(key)
        return
    goes: dict[str, list[str]] = {
        contact: [person for person in heirs if (contact, person) in pieces] for contact in owners
    }
    served = {person for persons in goes.values() for person in persons}
    for person in heirs:
        if person not in served:
            goes[owners[0]].append(person)
    for contact, persons in goes.items():
        if not persons:
            taken[contact].append(key)
            continue
        first, *others = sorted(persons, key=lambda person: piece(contact, person).weight, reverse=True)
        piece(contact, first).keys.append(key)
        for person in others:
            piece(contact, person).shared.append(key)


def _ranked(pieces: Sequence[Piece], known: set[str]) -> list[Piece]:
    """Sort pieces by how much they are; of two alike a known contact's comes first, then the older one's."""
    return sorted(
        pieces,
        key=lambda one: (*(-number for number in one.weight), one.contact not in known, one.contact, one.person),
    )


def _difference(
    contacts: list[str],
    persons: list[str],
    pieces: list[Piece],
    taken: dict[str, list[KeyRef]],
    given: dict[str, list[KeyRef]],
    left: list[str],
) -> Difference:
    stays: dict[str, str] = {}
    heirs: dict[str, str | None] = dict.fromkeys(persons)
    for one in pieces:
        if one.contact not in stays and heirs[one.person] is None:
            stays[one.contact], heirs[one.person] = one.person, one.contact
    for one in pieces:
        stays.setdefault(one.contact, one.person)
    return Difference(contacts, persons, pieces, stays, heirs, taken, given, left)


# --- the acts ------------------------------------------------------------------------------------------------


def _make(kinfold: Kinfold, one: Difference, there: Side, done: Document) -> None:
    persons_names = kinfold.namespaces.persons
    held: dict[str, list[str]] = defaultdict(list)
    for contact in one.contacts:
        leaving = [piece for piece in one.pieces if piece.contact == contact and piece.person != one.stays[contact]]
        keeps = {
            key
            for piece in one.pieces
            if (piece.contact, piece.person) == (contact, one.stays.get(contact))
            for key in (*piece.keys, *piece.shared)
        }
        if contact in one.stays:
            held[one.stays[contact]].append(contact)
        if not leaving and contact not in one.taken:
            continue
        portions = [
            Portion(
                tuple(key for key in piece.keys if key not in keeps),
                (*piece.shared, *(key for key in piece.keys if key in keeps)),
                frozenset(piece.messages),
                nameless=there.kinds[piece.person] == Kind.KNOWN
                and not any(key.namespace in persons_names for key in there.keys[piece.person]),
            )
            for piece in leaving
        ]
        entry = kinfold.splits.split_by_activity(contact, portions, taken=one.taken.get(contact, ()))
        done["splits"].append(entry["id"])
        for piece, part in zip(leaving, entry["parts"], strict=True):
            held[piece.person].append(part["contact"])
    for person, contacts in held.items():
        heir = one.heirs[person] or contacts[0]
        for contact in contacts:
            if contact != heir:
                union = kinfold.unions.merge_again(contact, heir, _rules(kinfold, contact, heir, there.shown[person]))
                done["unions"].append(union["id"])
        for key in one.given.get(person, ()):
            kinfold.keys.give_again(heir, key)
            done["given"].append({"contact": heir, "key": key.namespace, "value": key.value})


def _rules(kinfold: Kinfold, source: str, target: str, wanted: Mapping[str, PropertyValue]) -> AnyRules:
    """Return for each property which of the two has it as it is to be."""
    theirs, mine = (kinfold.contacts.get(one)["properties"] for one in (source, target))
    rules: dict[str, Own] = {}
    for name in {*theirs, *mine, *wanted}:
        if mine.get(name) == wanted.get(name):
            rules[name] = "mine"
        elif theirs.get(name) == wanted.get(name):
            rules[name] = "theirs"
    return rules


def _named(keys: Sequence[KeyRef]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key in sorted(keys):
        found.setdefault(key.namespace, []).append(key.value)
    return found
