"""Contacts, keys, ownerships, periods of ownership, property entries and unions as one transaction sees them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.clock import Micros
from graph.identity.namespaces import NO_KEYS, counter_of
from graph.identity.union_rules import united
from graph.model import KeyName, KeyRef, Kind, PropertyValue


@dataclass(frozen=True, slots=True)
class Sleep:
    """Whether a contact is awake or asleep on a subscription that it owns, with what taking unions back needs.

    A contact may own a subscription by itself and by unions too. It is awake when any of these ownerships is; an event
    that wakes it, or lets it fall asleep, does so to all of them.

    Attributes
    ----------
    since
        Since when it is asleep; None while it is awake.
    turned
        When an event last changed that; 0 for never.
    own
        Since when the contact's own ownership is asleep, where that of a union keeps the contact awake.
    """

    since: Micros | None = None
    turned: Micros = 0
    own: Micros | None = None

    @property
    def asleep(self) -> bool:
        """Whether the subscription is not to be used."""
        return self.since is not None

    @property
    def first(self) -> Micros | None:
        """Since when the contact's own ownership is asleep; None while it is awake."""
        return self.own if self.since is None else self.since

    @classmethod
    def of(cls, parts: "Sequence[Sleep]", *, turned: Micros) -> "Sleep":
        """Put together the state of ownerships, the contact's own first."""
        own = parts[0].since
        return cls(own, turned) if all(part.asleep for part in parts) else cls(None, turned, own)

    def with_another(self, other: "Sleep") -> "Sleep":
        """Return the state when a union brings another ownership."""
        return self if other.asleep else Sleep(None, self.turned, self.first)

    def after(self, at: Micros, now: "Sleep") -> "Sleep":
        """Return what became of an ownership in this state that a union at a time brought to a contact, as of now.

        An event that folds a contact and wakes it does so at one time, and in this order.
        """
        if now.turned < at:
            return self
        return Sleep(now.first, now.turned)


AWAKE = Sleep()
_KNOWN, _ANONYMOUS = Kind.KNOWN, Kind.ANONYMOUS


@dataclass(slots=True)
class Ownership:
    """An edge from a contact to a key.

    Attributes
    ----------
    since
        When the key came to this contact.
    position
        Order among keys that came by the same union.
    merge
        The union by which it came; None when it is the contact's own.
    source
        The message by which the key came to its first owner here; None when it was given by hand.
    stored
        Whether the edge is in the database as it stands here.
    derived
        The key is the hash of another one of the contact, owned along with it; it counts towards no limit.
    sleep
        Of a subscription: whether it may be used to reach the contact.
    stored_sleep
        The same as the stored edge has it.
    """

    since: Micros
    position: int = 0
    merge: str | None = None
    source: str | None = None
    stored: bool = False
    derived: bool = False
    sleep: "Sleep" = AWAKE
    stored_sleep: "Sleep" = AWAKE


@dataclass(slots=True, eq=False)
class Key:
    """A key's node and its owners.

    Attributes
    ----------
    timeline
        A tracker's open period of ownership.
    brought_by
        Of a subscription: the device keys of the device that last brought it.
    """

    name: KeyName
    value: str
    stored: bool = False
    brought_by: frozenset[KeyRef] = frozenset()
    stored_brought_by: frozenset[KeyRef] = frozenset()
    owners: "dict[str, Ownership]" = field(default_factory=dict)
    timeline: "Timeline | None" = None

    @property
    def is_there(self) -> bool:
        """Whether the graph has it, or will once this transaction is committed."""
        return self.stored or bool(self.owners)

    @property
    def ref(self) -> KeyRef:
        """The key as events and the decision table name it."""
        return KeyRef(self.name, self.value)


@dataclass(slots=True, eq=False)
class Timeline:
    """A period in which one contact owned one tracker; activity hangs on it."""

    id: str
    tracker: str
    holder: str
    started: Micros
    ended: Micros | None = None
    last: Micros = 0
    """When the last activity on it arrived."""
    stored: bool = False
    stored_holder: str | None = None
    stored_open: bool = True
    activities: list[dict[str, Any]] = field(default_factory=list)


WRITTEN = "written"
"""The rule of a value that counts again, as it was written, since what had replaced it went with a part of a split."""


@dataclass(slots=True, eq=False)
class Entry:
    """One thing that a contact was told of a property: written by an event or by hand, or filled by a union.

    What the contact shows is a function of its entries in order of arrival (`shown_entry`), so that taking a
    union back is taking its entries away.

    Attributes
    ----------
    value
        None means removed.
    occurred, arrived
        When it was true, and when we heard of it; of a fill, when the union was.
    source
        The message that brought it; None when it was written by hand.
    fill
        The union that brought it, or the split that gave it back; None when it was written to this contact.
    rule, said
        Of a fill by a rule for this property (`graph.identity.union_rules`): the rule, and the folded contact's value;
        ``value`` is what the two come to, given the entries before it. `WRITTEN`: a split filled it with what had been
        written to the contact before.
    """

    name: str
    value: PropertyValue
    occurred: Micros
    arrived: Micros
    source: str | None = None
    fill: str | None = None
    position: int = 0
    """Order among entries that arrived with one event: what it folded comes before what it wrote."""
    element: str | None = None
    shown: bool = False
    stored_shown: bool = False
    rule: str | None = None
    said: PropertyValue = None
    stored_value: PropertyValue = None
    first: Micros | None = None
    """When this value arrived first, where the same was written again without another between."""

    def says_as(self, other: "Entry") -> bool:
        """Return whether two entries hold the same value of the same type."""
        return repr(self.value) == repr(other.value)

    @property
    def is_written(self) -> bool:
        """Whether it was written to this contact, and not brought by a union."""
        return self.fill is None or self.rule == WRITTEN

    @property
    def order(self) -> tuple[Micros, int]:
        """Where it stands among the entries of its property."""
        return (self.arrived, self.position)


def shown_entry(entries: Iterable[Entry]) -> tuple[Entry | None, Micros]:
    """Find which of the entries of one property is the contact's value now, and since when that is true.

    Of what was written the newest ``occurred`` wins and at the same time the later arrival. A union only fills
    what is lacking then: never set, or removed; where a rule says so, it combines both values.
    """
    current: Entry | None = None
    when = 0
    for entry in sorted(entries, key=lambda item: item.order):
        if entry.is_written:
            if current is None or entry.occurred >= when:
                current, when = entry, entry.occurred
        elif entry.rule is not None:
            entry.value = entry.said
            if current is not None:
                entry.value = united(entry.rule, (current.value, when), (entry.said, entry.occurred))
            current, when = entry, max(when, entry.occurred)
        elif current is None or (current.value is None and (entry.value is not None or entry.occurred > when)):
            current, when = entry, entry.occurred
    return current, when


@dataclass(slots=True, eq=False)
class MovedOwnership:
    """A key that a union moved, with the ownership that the folded contact had.

    ``kept_since`` is set when the surviving contact owned the subscription already: since when.
    """

    key: Key
    before: Ownership
    kept_since: Micros | None = None


@dataclass(slots=True, eq=False)
class Merge:
    """A journal entry: what one union moved."""

    id: str
    source: str
    target: str
    rule: str | None
    at: Micros
    message_id: str | None
    moved: list[MovedOwnership] = field(default_factory=list)
    timelines: list[Timeline] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Undone:
    """A union that is taken back: its entry, the contact that returns, and what another union inherits.

    ``heirs`` are subscriptions that the surviving contact keeps, because another union would have brought them.
    """

    merge: str
    contact: str
    at: Micros
    heirs: "tuple[tuple[str, Key], ...]"


State = tuple[Kind, bool, bool, int, str, str, bool, dict[KeyName, int]]


@dataclass(slots=True, eq=False)
class Contact:
    """One person as this transaction sees them.

    Attributes
    ----------
    split
        It was made by a conflict of row 4.3.3: born known, without a person key.
    nameless
        It is known even without a person key: it was born so, or took in one that is, and has not lost its last
        person key since. See `is_nameless`.
    counts
        How many keys of each namespace it owns, without derived ones and those of class subscription.
    person_keys
        How many of them name a person.
    subscriptions
        Those of class subscription.
    tracker_id, timeline_id
        The primary tracker and its open period.
    judged, apart, barred
        Whether a judgement may speak of it, or of one that was folded into it; then the contacts that it is kept
        apart from, by the ids that they had when it was loaded, and the keys.
    folded_into
        The contact it was folded into, in this transaction.
    keys
        Its ownerships; all of them only when ``complete``.
    entries
        Its property entries by name, once loaded; with ``partly`` only those of the names that were asked for.
    names
        How many names its properties have, where they are loaded partly.
    """

    id: str
    created: Micros
    seen: Micros
    split: bool = False
    nameless: bool = False
    counts: dict[KeyName, int] = field(default_factory=dict)
    person_keys: int = 0
    subscriptions: set[KeyRef] = field(default_factory=set)
    tracker_id: str = ""
    timeline_id: str = ""
    judged: bool = False
    apart: set[str] = field(default_factory=set)
    barred: set[KeyRef] = field(default_factory=set)
    stored: bool = False
    complete: bool = False
    folded_into: str | None = None
    keys: dict[Key, Ownership] = field(default_factory=dict)
    timelines: dict[str, Timeline] = field(default_factory=dict)
    entries: dict[str, list[Entry]] | None = None
    partly: bool = False
    names: int = 0
    before: State | None = None
    """The state that is stored."""
    stored_seen: Micros = 0

    def count_names(self) -> int:
        """Return how many names its properties have, removed ones too; some of its entries are loaded."""
        return self.names if self.partly else sum(map(bool, (self.entries or {}).values()))

    @property
    def kind(self) -> Kind:
        """Whether we know who it is: by a person key, or without any."""
        return _KNOWN if self.person_keys or self.nameless else _ANONYMOUS

    def state(self) -> State:
        """Return what its node keeps beside its id and times, to be compared with what it was; see `scalars_of`."""
        return (
            self.kind,
            self.split,
            self.nameless,
            len(self.subscriptions),
            self.tracker_id,
            self.timeline_id,
            self.judged,
            self.counts.copy(),
        )


def scalars_of(state: State) -> dict[str, Any]:
    """Return a contact's state as the database gets it."""
    kind, split, nameless, subscriptions, tracker_id, timeline_id, judged, counts = state
    return {
        "kind": kind.value,
        "split": split,
        "nameless": nameless,
        "subscriptions": subscriptions,
        "tracker_id": tracker_id,
        "timeline_id": timeline_id,
        **({"judged": True} if judged else {}),
        **NO_KEYS,
        **{counter_of(name): count for name, count in counts.items()},
    }


@dataclass(frozen=True, slots=True)
class NameLoss:
    """The loss of a person key after which the contact had none of its own.

    Whether it was the last one depends on the unions that brought keys: any of them may be undone later.

    Attributes
    ----------
    came_by
        The union that had brought the lost key; None when the key was the contact's own.
    left_by
        The unions that had brought the person keys that were left.
    outlived
        The unions that had brought a nameless contact before.
    at
        When it was lost; 0 where that was not kept.
    split
        The split that took it along; its undoing takes the loss back.
    """

    came_by: str | None
    left_by: frozenset[str]
    outlived: frozenset[str]
    at: Micros = 0
    split: str | None = None


def is_nameless(*, split: bool, unions: Mapping[str, bool], losses: Iterable[NameLoss]) -> bool:
    """Return whether a contact is known without a person key.

    Parameters
    ----------
    split
        It was made by a conflict of row 4.3.3.
    unions
        The unions into it that stand, each with whether it brought a nameless contact.
    losses
        Its losses of person keys. One made the contact anonymous if its key would have been there, and no other,
        with the unions that stand; what made the contact known before it counts no more then.
    """
    last = [
        loss for loss in losses if (loss.came_by is None or loss.came_by in unions) and loss.left_by.isdisjoint(unions)
    ]
    if split and not last:
        return True
    return any(nameless and not any(union in loss.outlived for loss in last) for union, nameless in unions.items())


def tracker_order(ownership: Ownership) -> tuple[Micros, int]:
    """Sort trackers by when they came to the contact: the first is its primary."""
    return (ownership.since, ownership.position)


def person_key_order(ownership: Ownership) -> tuple[bool, int, int]:
    """Sort emails and user ids: the contact's own before those of unions.

    Of its own the latest is first (a new address replaces an old one), of the others the earliest union's.
    """
    if ownership.merge is None:
        return (False, -ownership.since, ownership.position)
    return (True, ownership.since, ownership.position)


def add_entry(entries: list[Entry], new: Entry) -> None:
    """Put an entry last among those that arrived at the same moment."""
    new.position = 1 + max((entry.position for entry in entries if entry.arrived == new.arrived), default=-1)
    entries.append(new)
