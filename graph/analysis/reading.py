"""Reading the identity graph out, page by page along an index, into arrays.

A contact takes its id's bytes and 9 more, a key its value's bytes and 45 more, whatever is owned by whom; the
activity is never held, only what it says about keys that met. The pages are transactions of their own: what is
written meanwhile is in the reading or not, and nothing waits for it.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.analysis.device_kinds import KIND_PROPERTIES, UNKNOWN, read_kind
from graph.analysis.devices import Devices, chains, shared_devices
from graph.analysis.places import PLACE_PROPERTIES, Place, read_place
from graph.analysis.signs import Signs, plain_name, sign_of
from graph.analysis.statistics import Population
from graph.analysis.strings import Strings
from graph.identity.namespaces import NONE_FURTHER, FurtherNamespaces
from graph.model import TRACKER as TRACKER_ID
from graph.model import KeyName
from graph.settings import HOUSEHOLD_PROPERTIES
from graph.store.database import Database, Row

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0 when nobody knows)."""

Ints = npt.NDArray[np.int64]
SmallInts = npt.NDArray[np.int32]

KEY_KINDS: tuple[KeyName, ...] = ("tracker_id", "email", "user_id", "subscription")
"""Keys by the number that stands for their kind in arrays and in what the statements return."""
TRACKER, EMAIL, USER_ID, SUBSCRIPTION = range(4)
FURTHER = 4
"""Where the numbers of the namespaces begin that a deployment declares: persons, devices, then subscriptions."""

Ref = tuple[KeyName, str]
"""A key by namespace and value."""

CONTACTS_A_PAGE = 5_000
ACTIVITIES_A_PAGE = 10_000
UNIONS_A_PAGE = 2_000
SUBSCRIPTIONS_A_PAGE = 500
_COMPACT_EVERY = 500_000
UNION_COLUMNS = (
    "id",
    "source",
    "target",
    "rule",
    "standing",
    "at",
    "tracker_id",
    "email",
    "user_id",
    "subscription",
    "moved",
    "carried",
)
"""What a row of a page of unions has."""
ACTIVITY_COLUMNS = (
    "message_id",
    "event",
    "conflict",
    "answered",
    "tracker_id",
    "email",
    "user_id",
    "subscription",
    "at",
    "place",
    "carried",
)
"""What a row of a page of activity has."""
_HASH_BITS = 0x7FFF_FFFF_FFFF_FFFF


@dataclass(slots=True)
class People:
    """Contacts, the keys, and who owns which.

    Attributes
    ----------
    contacts
        Ids, in the order of the index.
    known
        By contact, whether it is known.
    owner, key, since
        One entry an ownership: contact, key, and when it began (milliseconds since the epoch); by contact.
    keys, key_kinds
        The value and the kind of every key (a place in ``names``); a shared subscription is one key. The last ones
        are subscriptions that nobody owns any more.
    shared
        The numbers of the subscriptions with several owners.
    """

    contacts: Strings
    known: npt.NDArray[np.bool_]
    owner: SmallInts
    key: SmallInts
    since: Ints
    keys: Strings
    key_kinds: npt.NDArray[np.int8]
    shared: dict[Ref, int]
    ended: int = 0
    """How many of the keys are subscriptions that nobody owns any more."""
    further: FurtherNamespaces = NONE_FURTHER
    """The namespaces that the deployment declares beside the four that are always there."""
    names: tuple[KeyName, ...] = field(init=False)
    """The namespaces by the number that stands for each."""
    persons: tuple[KeyName, ...] = field(init=False)
    """The namespaces of persons."""
    devices: tuple[int, ...] = field(init=False)
    """The numbers of the namespaces of devices."""
    subscriptions: tuple[int, ...] = field(init=False)
    """The numbers of the namespaces of subscriptions."""

    def __post_init__(self) -> None:
        self.names = names_of(self.further)
        self.persons = self.further.with_built_in_persons
        self.devices = (TRACKER, *(self.names.index(name) for name in self.further.devices))
        self.subscriptions = (SUBSCRIPTION, *(self.names.index(name) for name in self.further.subscriptions))

    def ref(self, key: int) -> Ref:
        """Name a key by kind and value."""
        return self.names[self.key_kinds[key]], self.keys[key]


@dataclass(frozen=True, slots=True)
class Union:
    """A union that stands.

    Attributes
    ----------
    source, target
        Ids; the target may itself have been folded since.
    rule
        None for a union by hand.
    at
        When the event that caused it occurred, or when it was made by hand; milliseconds since the epoch.
    cause
        The key that tied the two, by kind and value; None by hand.
    moved
        The keys that went along.
    """

    id: str
    source: str
    target: str
    rule: str | None
    at: int
    cause: Ref | None
    moved: tuple[Ref, ...]


class Journal:
    """The unions that stand, by the key that caused them and by the keys that went along.

    Attributes
    ----------
    unions
        The newest first.
    redirects
        The contact that each folded one went into.
    """

    def __init__(self, unions: list[Union]) -> None:
        self.unions = sorted(unions, key=lambda one: (one.at, one.id), reverse=True)
        self.redirects = {one.source: one.target for one in self.unions}
        self._caused: dict[Ref, list[str]] = {}
        self._moved: dict[Ref, list[str]] = {}
        for one in self.unions:
            if one.cause is not None:
                self._caused.setdefault(one.cause, []).append(one.id)
            for key in one.moved:
                self._moved.setdefault(key, []).append(one.id)

    def caused_by(self, name: KeyName, value: str) -> list[str]:
        """List the ids of the unions that a key caused, the newest first."""
        return self._caused.get((name, value), [])

    def moved_with(self, name: KeyName, value: str) -> list[str]:
        """List the ids of the unions that a key went along with, the newest first."""
        return self._moved.get((name, value), [])

    def survivor(self, contact: str) -> str:
        """Follow the redirects from a contact to the one that lives."""
        while (after := self.redirects.get(contact)) is not None:
            contact = after
        return contact


@dataclass(slots=True)
class Meetings:
    """Which tracker met which person key: how often, between when, and how often the table called it a conflict."""

    tracker: SmallInts
    person: SmallInts
    count: Ints
    conflicts: Ints
    first: Ints
    last: Ints


@dataclass(slots=True)
class Handovers:
    """Events in which a person gave its name on somebody else's tracker: rules 2.3, and 3 with a known tracker.

    Attributes
    ----------
    tracker, answered
        The tracker that came, and the one that was answered, which the browser stores and sends from then on; -1
        where it is gone.
    contact, at
        Whose name it was, and when.
    """

    tracker: SmallInts
    answered: SmallInts
    contact: SmallInts
    at: Ints


@dataclass(slots=True)
class Uses:
    """Events that carried a subscription with which several contacts gave their names, in the order of message ids:
    which, when, who (a contact, or -1), the event's name, whether the person gave its own, and on which tracker (-1
    without one).
    """

    subscription: SmallInts
    at: Ints
    contact: SmallInts
    event: SmallInts
    signed: npt.NDArray[np.bool_]
    tracker: SmallInts
    events: list[str]


@dataclass(slots=True)
class Named:
    """Which contacts gave their names together with which subscription, whoever owns it now: one entry a pair."""

    subscription: SmallInts
    contact: SmallInts


@dataclass(slots=True)
class Sightings:
    """Events that say where a device was: whose, on which tracker, when, where."""

    contact: SmallInts
    tracker: SmallInts
    at: Ints
    place: SmallInts
    places: list[Place]


@dataclass(slots=True)
class Reading:
    """Everything that an analysis works on; ``as_of`` is the newest moment in it, in milliseconds.

    Attributes
    ----------
    uses
        Those of the subscriptions that are looked into; they are read once it is known which.
    device_kinds
        By key, what kind of device a tracker is on (`graph.analysis.device_kinds`).
    hits
        By key, how many events a tracker came in.
    companions
        Which tracker came in one event with which key of a declared namespace of devices, in ``person``.
    populations
        Of a part of a graph: the populations of the whole one, by what is counted; empty when this is all of it.
    recent_share
        Of a part of a graph: the share of recent ties in the whole one.
    devices_of_all
        Of a part of a graph: what of the whole one's shared devices belongs to it.
    """

    people: People
    journal: Journal
    meetings: Meetings
    handovers: Handovers
    named: Named
    uses: Uses
    sightings: Sightings
    signs: Signs
    device_kinds: npt.NDArray[np.int8]
    hits: SmallInts
    activities: int
    as_of: int
    finder: "KeyFinder" = field(repr=False)
    companions: Meetings = field(default_factory=lambda: _Met().meetings(), repr=False)
    populations: Mapping[str, Population] = field(default_factory=dict)
    recent_share: float | None = None
    devices_of_all: Devices | None = field(default=None, repr=False)

    @property
    def unions(self) -> list[Union]:
        return self.journal.unions

    @property
    def redirects(self) -> dict[str, str]:
        return self.journal.redirects

    @property
    def devices(self) -> Devices:
        """The shared devices: of the whole graph, also when this is a part of it; put together once."""
        if self.devices_of_all is None:
            self.devices_of_all = self._shared_devices()
        return self.devices_of_all

    def population(self, of: str, counts: npt.ArrayLike, **prior: float) -> Population:
        """Return the population of what is counted: of the whole graph, also when this is a part of it.

        Parameters
        ----------
        prior
            What `Population.of` takes besides.
        """
        return self.populations.get(of) or Population.of(counts, **prior)

    def _shared_devices(self) -> Devices:
        over, met, finder, people = self.handovers, self.meetings, self.finder, self.people
        devices = chains(over.tracker, over.answered, over.contact, over.at)
        whose = finder.owner(met.person)
        first = np.isin(met.tracker, list(devices)) & (whose >= 0)
        owners = finder.owner_of
        owned_by = {
            tracker: int(owners[tracker])
            for tracker in devices
            if owners[tracker] >= 0 and people.known[owners[tracker]]
        }
        return shared_devices(devices, met.tracker[first], whose[first], met.first[first], owned_by)


class KeyFinder:
    """Finds the numbers of keys by value, and who owns them.

    Notes
    -----
    A sorted array of 64-bit hashes, O(log n) a look-up; a hit is compared with the value itself, so that two values
    with one hash are told apart.
    """

    def __init__(self, people: People, hashes: "array[int]") -> None:
        unsorted = np.frombuffer(hashes, dtype=np.int64) if len(hashes) else np.zeros(0, np.int64)
        self._order = np.argsort(unsorted, kind="stable").astype(np.int32)
        self._hashes = unsorted[self._order]
        self._people = people
        self.owner_of = np.full(len(people.keys), -1, np.int32)
        # Of a shared subscription this is one of the owners; nobody asks for it.
        self.owner_of[people.key] = people.owner

    def find(self, kind: int, values: Sequence[str | None]) -> SmallInts:
        """Return the number of each value's key, -1 where there is none."""
        found = np.full(len(values), -1, np.int32)
        asked = [(place, value) for place, value in enumerate(values) if value is not None]
        if not asked or not len(self._hashes):
            return found
        hashes = np.array([_hash(kind, value) for _, value in asked], dtype=np.int64)
        starts = np.searchsorted(self._hashes, hashes)
        for (place, value), wanted, start in zip(asked, hashes.tolist(), starts.tolist(), strict=True):
            at = start
            while at < len(self._hashes) and self._hashes[at] == wanted:
                number = int(self._order[at])
                if self._people.keys[number] == value and self._people.key_kinds[number] == kind:
                    found[place] = number
                    break
                at += 1
        return found

    def persons(
        self,
        user_ids: Sequence[str | None],
        emails: Sequence[str | None],
        further: Sequence[Ref | None],
    ) -> SmallInts:
        """Return the number of the key that says who each event is: a user id, else an address, else another's."""
        found = self.find(USER_ID, user_ids)
        found = np.where(found >= 0, found, self.find(EMAIL, emails)).astype(np.int32)
        return np.where(found >= 0, found, self.refs(further)).astype(np.int32)

    def devices(self, trackers: Sequence[str | None], further: Sequence[Ref | None]) -> SmallInts:
        """Return the number of the key that says on which device each event came: a tracker, else another one."""
        found = self.find(TRACKER, trackers)
        return np.where(found >= 0, found, self.refs(further)).astype(np.int32)

    def refs(self, keys: Sequence[Ref | None]) -> SmallInts:
        """Return the number of each key, -1 where there is none."""
        found = np.full(len(keys), -1, np.int32)
        names = self._people.names
        by_kind: dict[int, list[int]] = {}
        for place, key in enumerate(keys):
            if key is not None and key[0] in names:
                by_kind.setdefault(names.index(key[0]), []).append(place)
        for kind, places in by_kind.items():
            found[places] = self.find(kind, [key[1] for place in places if (key := keys[place]) is not None])
        return found

    def owner(self, keys: SmallInts) -> SmallInts:
        """Return the owner of each key, -1 where there is no key or no owner."""
        owners = np.full(len(keys), -1, np.int32)
        there = keys >= 0
        owners[there] = self.owner_of[keys[there]]
        return owners


def read_graph(
    database: Database,
    on_progress: Progress | None = None,
    *,
    household: Sequence[str] = HOUSEHOLD_PROPERTIES,
    further: FurtherNamespaces = NONE_FURTHER,
) -> Reading:
    """Read the identity graph out of the database, without the uses of subscriptions.

    Parameters
    ----------
    household
        Properties that people of one household have in common.
    further
        The namespaces beside the four that are always there.

    Raises
    ------
    Unavailable
        When the database cannot be reached.

    Notes
    -----
    O(contacts + keys + activities) in time. In memory O(contacts + keys + pairs of a tracker and a person that met +
    unions); activity itself is read and let go.
    """
    tell = on_progress or (lambda what, done, total: None)
    sizes = database.read(lambda tx: tx.run("analysis.sizes"))[0]
    contacts = pages(
        database,
        "analysis.contacts",
        CONTACTS_A_PAGE,
        household=plain_names(household),
        further=list(further.names),
        subscriptions=list(further.subscriptions),
    )
    names = sorted(("subscription", *further.subscriptions))
    ended = pages(database, "analysis.ended", CONTACTS_A_PAGE, namespaces=names)
    gone = ((namespace, value) for page in ended for _, namespace, value in page)
    people, finder, signs = people_of(contacts, sizes["contacts"], tell, ended=gone, further=further)
    unions = read_unions(database, sizes["unions"], tell, further)
    meetings, companions, handovers, named, sightings, device_kinds, hits, activities, newest = _read_activity(
        database, people, finder, sizes["activities"], tell
    )
    newest = max([newest, *(union.at for union in unions)], default=0)
    if len(people.since):
        newest = max(newest, int(people.since.max()))
    return Reading(
        people=people,
        journal=Journal(unions),
        meetings=meetings,
        handovers=handovers,
        named=named,
        uses=uses_of(people, finder, ()),
        sightings=sightings,
        signs=signs,
        device_kinds=device_kinds,
        hits=hits,
        activities=activities,
        as_of=newest,
        finder=finder,
        companions=companions,
    )


def people_of(
    contacts_by_page: Iterable[list[Any]],
    total: int = 0,
    tell: Progress = lambda what, done, total: None,
    *,
    ended: Iterable[Ref] = (),
    further: FurtherNamespaces = NONE_FURTHER,
) -> tuple[People, KeyFinder, Signs]:
    """Put contacts and what they own into arrays, page by page as ``analysis.contacts`` returns them, by id.

    Keys are numbered by their first owner, kind and value, whatever the order in which the graph holds them; behind
    them come the subscriptions that nobody owns any more, by namespace and value.
    """
    names = names_of(further)
    contacts, keys = Strings(), Strings()
    known, kinds = array("b"), array("b")
    owner, key, since, hashes = array("i"), array("i"), array("q"), array("q")
    shared: dict[Ref, int] = {}
    signs = SignArrays()
    for page in contacts_by_page:
        for id_, is_known, owned, said in page:
            number = contacts.append(id_)
            known.append(is_known)
            signs.add(number, signs_of(said))
            for kind, value, began, is_shared in sorted(owned):
                place = shared.get((names[kind], value)) if is_shared else None
                if place is None:
                    place = keys.append(value)
                    kinds.append(kind)
                    hashes.append(_hash(kind, value))
                    if is_shared:
                        shared[names[kind], value] = place
                owner.append(number)
                key.append(place)
                since.append(began)
        tell("contacts", len(contacts), max(total, len(contacts)))
    owned_keys = len(keys)
    gone = set(ended)
    if gone:  # save what came to somebody while the graph was read
        theirs = {SUBSCRIPTION, *(names.index(name) for name in further.subscriptions)}
        gone -= {(names[kind], keys[place]) for place, kind in enumerate(kinds) if kind in theirs}
    for kind, value in sorted((names.index(namespace), value) for namespace, value in gone):
        keys.append(value)
        kinds.append(kind)
        hashes.append(_hash(kind, value))
    people = People(
        contacts=contacts,
        known=_frozen(known, np.int8).astype(np.bool_),
        owner=_frozen(owner, np.int32),
        key=_frozen(key, np.int32),
        since=_frozen(since, np.int64),
        keys=keys,
        key_kinds=_frozen(kinds, np.int8),
        shared=shared,
        ended=len(keys) - owned_keys,
        further=further,
    )
    return people, KeyFinder(people, hashes), signs.signs()


def names_of(further: FurtherNamespaces) -> tuple[KeyName, ...]:
    """Return the namespaces by the number that stands for each."""
    return (*KEY_KINDS, *further.names)


@dataclass(frozen=True, slots=True)
class Carried:
    """The keys of declared namespaces that an event carried: who, on which device, and its subscriptions."""

    person: Ref | None = None
    device: Ref | None = None
    devices: tuple[Ref, ...] = ()
    subscriptions: tuple[Ref, ...] = ()


_NOTHING_CARRIED = Carried()


class CarriedKeys:
    """Sorts out the keys of declared namespaces, of each class in the order in which they are asked, then by value."""

    def __init__(self, further: FurtherNamespaces) -> None:
        self._place = {name: place for place, name in enumerate(further.names)}
        self._persons, self._devices = frozenset(further.persons), frozenset(further.devices)

    def of(self, keys: Sequence[Sequence[str]]) -> Carried:
        """Sort out the keys of one event, as the statements return them."""
        if not keys:
            return _NOTHING_CARRIED
        place = self._place
        ordered = sorted(((name, value) for name, value in keys if name in place), key=lambda key: (place[key[0]], key))
        devices = tuple(key for key in ordered if key[0] in self._devices)
        return Carried(
            next((key for key in ordered if key[0] in self._persons), None),
            devices[0] if devices else None,
            devices,
            tuple(key for key in ordered if key[0] not in self._persons and key[0] not in self._devices),
        )


def read_unions(
    database: Database, total: int, tell: Progress, further: FurtherNamespaces = NONE_FURTHER
) -> list[Union]:
    """Read the unions that stand, with the key that caused each."""
    unions: list[Union] = []
    seen = 0
    for page in pages(database, "analysis.unions", UNIONS_A_PAGE, further=list(further.names)):
        seen += len(page)
        rows = (dict(zip(UNION_COLUMNS, row, strict=True)) for row in page)
        unions += [union_of(row, further) for row in rows if row["standing"]]
        tell("unions", seen, max(total, seen))
    return unions


def plain_names(names: Iterable[str]) -> list[str]:
    """Return the names of properties as the statements compare them."""
    return sorted({plain_name(name) for name in names})


def signs_of(said: Iterable[Sequence[Any]]) -> dict[str, int]:
    """Return the digests of properties by plain name, of several with one plain name the first's."""
    found: dict[str, int] = {}
    for name, value in sorted(said, key=lambda item: str(item[0])):
        sign = sign_of(name, value)
        if sign is not None:
            found.setdefault(*sign)
    return found


class SignArrays:
    """Puts what contacts say of their households into arrays."""

    def __init__(self) -> None:
        self._contact, self._name, self._value = array("i"), array("h"), array("q")
        self._names: dict[str, int] = {}

    def add(self, contact: int, found: Mapping[str, int]) -> None:
        """Add a contact's digests, by plain name."""
        for name in sorted(found):
            self._contact.append(contact)
            self._name.append(self._names.setdefault(name, len(self._names)))
            self._value.append(found[name])

    def signs(self) -> Signs:
        """Return the arrays."""
        return Signs(
            _frozen(self._contact, np.int32),
            _frozen(self._name, np.int16),
            _frozen(self._value, np.int64),
            list(self._names),
        )


def read_uses(database: Database, people: People, finder: "KeyFinder", subscriptions: Sequence[int]) -> Uses:
    """Read the activity that carried some subscriptions, by the number of each."""
    rows: list[Row] = []
    further = list(people.further.names)
    for start in range(0, len(subscriptions), SUBSCRIPTIONS_A_PAGE):
        page = [people.ref(number) for number in subscriptions[start : start + SUBSCRIPTIONS_A_PAGE]]
        asked = {
            "analysis.uses": [value for namespace, value in page if namespace == "subscription"],
            "analysis.uses_of_further": [[*key] for key in page if key[0] != "subscription"],
        }
        for statement, keys in asked.items():
            if keys:
                rows += database.read(partial(_run, statement, subscriptions=keys, further=further))
    return uses_of(people, finder, sorted(rows, key=lambda row: row["message_id"]))


def _run(statement: str, tx: Any, **parameters: Any) -> list[Row]:
    rows: list[Row] = tx.run(statement, **parameters)
    return rows


def uses_of(people: People, finder: "KeyFinder", rows: Sequence[Row]) -> Uses:
    """Put uses into arrays, as ``analysis.uses`` returns them, in the order of message ids."""
    sorting = CarriedKeys(people.further)
    carried = [sorting.of(row["carried"]) for row in rows]
    trackers = finder.devices([row["tracker_id"] for row in rows], [one.device for one in carried])
    user_ids, emails = ([row[name] for row in rows] for name in ("user_id", "email"))
    signed = finder.owner(finder.persons(user_ids, emails, [one.person for one in carried]))
    names = sorted({row["event"] for row in rows})
    place = {name: number for number, name in enumerate(names)}
    return Uses(
        finder.refs([(row["namespace"], row["subscription"]) for row in rows]),
        np.array([row["at"] for row in rows], dtype=np.int64),
        np.where(signed >= 0, signed, finder.owner(trackers)).astype(np.int32),
        np.array([place[row["event"]] for row in rows], dtype=np.int32),
        signed >= 0,
        trackers,
        names,
    )


def read_splits(database: Database, subscriptions: Sequence[Ref]) -> list[Row]:
    """Read the conflicts of row 4.3.3 on these subscriptions: whose tracker it was, and when."""
    rows: list[Row] = []
    for start in range(0, len(subscriptions), SUBSCRIPTIONS_A_PAGE):
        page = [[*key] for key in subscriptions[start : start + SUBSCRIPTIONS_A_PAGE]]
        rows += database.read(partial(_run, "analysis.splits", subscriptions=page))
    return rows


def union_of(row: Row, further: FurtherNamespaces = NONE_FURTHER) -> Union:
    """Read a union as ``analysis.unions`` returns it, and tell which key caused it."""
    names = names_of(further)
    moved = tuple((names[kind], value) for kind, value in row["moved"])
    carried = CarriedKeys(further).of(row["carried"])
    cause: Ref | None = None
    person = carried.person
    for name in ("email", "user_id"):
        if row[name] is not None:
            person = (name, row[name])
    devices = carried.devices
    if row["tracker_id"] is not None:
        devices = ((TRACKER_ID, row["tracker_id"]), *devices)
    subscriptions = carried.subscriptions
    if row["subscription"] is not None:
        subscriptions = (("subscription", row["subscription"]), *subscriptions)
    if row["rule"] is not None:
        # Rule 3 folds the device's owner for the sake of the person key; a subscription's owners go for its sake.
        brought = next((key for key in subscriptions if key in moved), None)
        if person is not None:
            by_device = row["rule"] == "3" and any(key in moved for key in devices)
            cause = person if brought is None or by_device else brought
        elif subscriptions and (brought is not None or row["rule"] == "4.2"):
            cause = brought or subscriptions[0]
        else:
            # The owner of another key of one device goes along with it.
            tied = next((key for key in devices if key in moved and key[0] != TRACKER_ID), None)
            cause = tied or next(iter(subscriptions), None)
    return Union(
        id=row["id"],
        source=row["source"],
        target=row["target"],
        rule=row["rule"],
        at=row["at"],
        cause=cause,
        moved=moved,
    )


def _read_activity(
    database: Database, people: People, finder: KeyFinder, total: int, tell: Progress
) -> tuple[Meetings, Meetings, Handovers, Named, Sightings, npt.NDArray[np.int8], SmallInts, int, int]:
    met, with_names, beside = _Met(), _Met(), _Met()
    changed: tuple[array[int], ...] = (array("i"), array("i"), array("i"), array("q"))
    seen: tuple[array[int], ...] = (array("i"), array("i"), array("q"), array("i"))
    places: dict[Place, int] = {}
    device_kinds = np.full(len(people.keys), UNKNOWN, np.int8)
    hits = np.zeros(len(people.keys), np.int32)
    activities, newest = 0, 0
    asked = [*PLACE_PROPERTIES, *KIND_PROPERTIES]
    sorting = CarriedKeys(people.further)
    for page in pages(
        database, "analysis.activity", ACTIVITIES_A_PAGE, places=asked, further=list(people.further.names)
    ):
        activities += len(page)
        _, _, in_conflict, answers, sent, addresses, user_ids, pushes, times, said, others = zip(*page, strict=True)
        carried = [sorting.of(keys) for keys in others]
        at = np.array(times, dtype=np.int64)
        newest = max(newest, int(at.max()))
        trackers = finder.devices(sent, [one.device for one in carried])
        np.add.at(hits, trackers[trackers >= 0], 1)
        persons = finder.persons(user_ids, addresses, [one.person for one in carried])
        signed = finder.owner(persons)
        who = np.where(signed >= 0, signed, finder.owner(trackers))
        conflict = np.array(in_conflict, dtype=np.bool_)
        both = (trackers >= 0) & (persons >= 0)
        met.add(trackers[both], persons[both], conflict[both], at[both])
        if keys_beside := [(place, key) for place, one in enumerate(carried) if sent[place] for key in one.devices]:
            events = np.array([place for place, _ in keys_beside], dtype=np.int64)
            keys = finder.refs([key for _, key in keys_beside])
            there = (keys >= 0) & (trackers[events] >= 0)
            there[there] = people.key_kinds[trackers[events[there]]] == TRACKER
            beside.add(trackers[events[there]], keys[there], conflict[events[there]], at[events[there]])
        over = np.flatnonzero(conflict & both & (signed >= 0))
        # Only a browser stores the tracker that it is answered.
        by_tracker = people.key_kinds[trackers[over]] == TRACKER
        answered = np.where(by_tracker, finder.find(TRACKER, [answers[place] for place in over.tolist()]), -1)
        answered = answered.astype(np.int32)
        rows: tuple[npt.NDArray[np.int32 | np.int64], ...] = (trackers[over], answered, signed[over], at[over])
        for column, values in zip(changed, rows, strict=True):
            column.frombytes(values.tobytes())
        subscriptions = finder.find(SUBSCRIPTION, pushes)
        named = (subscriptions >= 0) & (signed >= 0)
        with_names.add(subscriptions[named], signed[named], conflict[named], at[named])
        rest = [(place, key) for place, one in enumerate(carried) for key in one.subscriptions if signed[place] >= 0]
        if rest:
            events = np.array([place for place, _ in rest], dtype=np.int64)
            subscriptions = finder.refs([key for _, key in rest])
            events, subscriptions = events[subscriptions >= 0], subscriptions[subscriptions >= 0]
            with_names.add(subscriptions, signed[events], conflict[events], at[events])
        for place, properties in enumerate(said):
            if not properties or trackers[place] < 0:
                continue
            kind = read_kind(properties)
            device_kinds[trackers[place]] = max(device_kinds[trackers[place]], kind)
            where = read_place(properties) if who[place] >= 0 else None
            if where is not None:
                number = places.setdefault(where, len(places))
                for column, value in zip(
                    seen, (int(who[place]), int(trackers[place]), times[place], number), strict=True
                ):
                    column.append(value)
        tell("activity", activities, max(total, activities))
    pairs = with_names.meetings()
    return (
        met.meetings(),
        beside.meetings(),
        Handovers(
            _frozen(changed[0], np.int32),
            _frozen(changed[1], np.int32),
            _frozen(changed[2], np.int32),
            _frozen(changed[3], np.int64),
        ),
        Named(pairs.tracker, pairs.person),
        Sightings(
            _frozen(seen[0], np.int32),
            _frozen(seen[1], np.int32),
            _frozen(seen[2], np.int64),
            _frozen(seen[3], np.int32),
            list(places),
        ),
        device_kinds,
        hits,
        activities,
        newest,
    )


class _Met:
    """Adds up who met whom, in memory that grows with the pairs and not with the events."""

    def __init__(self) -> None:
        self._parts: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []
        self._loose = 0

    def add(self, trackers: SmallInts, persons: SmallInts, conflicts: npt.NDArray[np.bool_], at: Ints) -> None:
        if not len(trackers):
            return
        pair = trackers.astype(np.int64) << 32 | persons.astype(np.int64)
        self._parts.append((pair, np.ones(len(pair), np.int64), conflicts.astype(np.int64), at, at))
        self._loose += len(pair)
        if self._loose > _COMPACT_EVERY:
            self._parts = [self._summed()]
            self._loose = 0

    def meetings(self) -> Meetings:
        pair, count, conflicts, first, last = self._summed()
        tracker, person = (pair >> 32).astype(np.int32), (pair & 0xFFFF_FFFF).astype(np.int32)
        return Meetings(tracker, person, count, conflicts, first, last)

    def _summed(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        if not any(len(part[0]) for part in self._parts):
            empty = np.zeros(0, np.int64)
            return empty, empty, empty, empty, empty
        pair, count, conflicts, first, last = (np.concatenate(columns) for columns in zip(*self._parts, strict=True))
        order = np.argsort(pair, kind="stable")
        pair = pair[order]
        starts = np.flatnonzero(np.concatenate(([True], pair[1:] != pair[:-1])))
        return (
            pair[starts],
            np.add.reduceat(count[order], starts),
            np.add.reduceat(conflicts[order], starts),
            np.minimum.reduceat(first[order], starts),
            np.maximum.reduceat(last[order], starts),
        )


def pages(database: Database, statement: str, size: int, *, after: str = "", **parameters: Any) -> Iterator[list[Any]]:
    """Yield pages of rows, each of which begins with what pages go by; the next one is read meanwhile.

    Parameters
    ----------
    after
        Where to begin: behind the row that begins with this.
    """

    def page(after: str) -> list[Any]:
        rows: list[Any] = database.read(lambda tx: tx.run(statement, after=after, limit=size, **parameters))[0]["page"]
        return rows

    with ThreadPoolExecutor(1, thread_name_prefix="kinfold-page") as ahead:
        coming = ahead.submit(page, after)
        while rows := coming.result():
            last = len(rows) < size
            if not last:
                coming = ahead.submit(page, rows[-1][0])
            yield rows
            if last:
                return


def _hash(kind: int, value: str) -> int:
    return hash((kind, value)) & _HASH_BITS


def _frozen(values: "array[int]", kind: Any) -> Any:
    return np.frombuffer(values, dtype=kind) if len(values) else np.zeros(0, kind)
