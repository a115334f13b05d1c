"""Namespaces: what kinds of keys a deployment knows, and what is true of each.

The four that are always there are declared here, in the words of a file that declares others.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Any

from graph.model import PLURALS, TRACKER

DEFAULT_PRIORITY = 100

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


class KeyClass(StrEnum):
    """What a key names."""

    PERSON = "person"
    """A person: an address, a phone number, a customer number."""
    DEVICE = "device"
    """A device or a browser: a cookie, an installation of an app."""
    SUBSCRIPTION = "subscription"
    """A way to reach one device, which several persons may have."""


class Normaliser(StrEnum):
    """How a value is brought into the form in which it is compared and shown."""

    OPAQUE = "opaque"
    """Compared exactly."""
    LOWER = "lower"
    """Compared whatever its case."""
    EMAIL = "email"
    """An address: NFC, lower case, the domain in Unicode."""
    PHONE = "phone"
    """A phone number in E.164."""
    UUID = "uuid"
    """A UUID in lower case with hyphens."""
    DIGITS = "digits"
    """Digits; spaces, hyphens, slashes and parentheses between them do not count."""


PERSON, DEVICE, SUBSCRIPTION = KeyClass.PERSON, KeyClass.DEVICE, KeyClass.SUBSCRIPTION
"""For comparisons that every event makes: the member of an enumeration is looked up by a call in Python."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """One kind of key and its settings.

    Attributes
    ----------
    name
        What events, answers and parameters call it.
    key_class
        What its keys name; decides how the table reads them.
    priority
        Which key of a class is asked first: the smaller, then the one declared earlier.
    at_most
        How many values of it events may give one contact; None for any number.
    normalise, region
        How its values are compared; the region is that of phone numbers without a country code.
    pattern
        What the normal form must match as a whole.
    hash_of
        The namespace whose values these are the lower-case hexadecimal SHA-256 of.
    block, allow, block_patterns
        As those of the deployment, for this namespace alone.
    paths
        Where its value stands in a Segment message, dotted.
    """

    name: str
    key_class: KeyClass
    priority: int = DEFAULT_PRIORITY
    at_most: int | None = None
    normalise: Normaliser = Normaliser.OPAQUE
    region: str | None = None
    pattern: str | None = None
    hash_of: str | None = None
    block: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    block_patterns: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def is_person(self) -> bool:
        """Whether its keys name persons."""
        return self.key_class is PERSON

    @property
    def is_device(self) -> bool:
        """Whether its keys name devices."""
        return self.key_class is DEVICE

    @property
    def is_subscription(self) -> bool:
        """Whether its keys are subscriptions, which several contacts may own."""
        return self.key_class is SUBSCRIPTION

    def settings(self) -> dict[str, Any]:
        """Return everything but the name, in the words of a file; for answers and for comparison."""
        said: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name == "name" or value is None or value == ():
                continue
            shown = list(value) if isinstance(value, tuple) else str(value) if isinstance(value, StrEnum) else value
            said[_WORDS.get(one.name, one.name)] = shown
        return said


_WORDS = {"key_class": "class", "paths": "from"}

BUILT_IN: tuple[Namespace, ...] = (
    Namespace("email", KeyClass.PERSON, priority=20, normalise=Normaliser.EMAIL),
    Namespace(TRACKER, KeyClass.DEVICE, priority=10),
    Namespace("subscription", KeyClass.SUBSCRIPTION, priority=10),
    Namespace("user_id", KeyClass.PERSON, priority=10, at_most=1),
)
"""The namespaces that every deployment has, in the order in which answers name their keys."""

_BUILT_IN_LABELS = {"email": "Email", TRACKER: "Tracker", "subscription": "Subscription", "user_id": "UserId"}

RESERVED_LABELS = frozenset(
    "AccessKey Activity Analysis Audit AuditEntry BlockRule Category Catalogue Change Cluster Contact DeadLetter "
    "Deployment Dismissal Enrolment Environment Erasure Feed Finding Folder Hashing Judgement Key KeyChange Lease Load "
    "Merge Namespace Offer Property PropertyEntry Proposition Redirect ReplacedProperty Run Schema Secret Segment "
    "Space Split Suggestion Suppressed Timeline Tombstone WaitingLine Watched Webhook Workflow".split()
)
"""Labels of the graph that are no keys'."""

RESERVED_NAMES = frozenset(
    "id contact contacts key keys kind name at sort segment limit cursor source target has q min max state "
    "properties event event_properties occurred_at received_at message_id logout replaces explain dry_run "
    "namespace namespaces trace around block parts why emails user_ids trackers subscriptions".split()
)
"""Names that fields of events, columns of files and parameters of calls have already."""


def label_of(name: str) -> str:
    """Return the label by which people query for the keys of a namespace."""
    return _BUILT_IN_LABELS.get(name) or "".join(part[:1].upper() + part[1:] for part in name.split("_"))


_BUILT_IN_COUNTERS = {name: plural for name, plural in PLURALS.items() if name != "subscription"}

NO_KEYS = dict.fromkeys(_BUILT_IN_COUNTERS.values(), 0)
"""The counters that every contact's node has."""


def counter_of(name: str) -> str:
    """Return the property in which a contact's node keeps how many keys of a namespace it owns.

    Keys of class subscription are counted together, in ``subscriptions``.
    """
    return _BUILT_IN_COUNTERS.get(name) or f"{name}_keys"


@dataclass(frozen=True, slots=True)
class FurtherNamespaces:
    """The namespaces beside the four that are always there, by class, each in the order in which its keys are asked."""

    persons: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.persons, *self.devices, *self.subscriptions)

    @property
    def with_built_in_persons(self) -> tuple[str, ...]:
        """Every namespace of persons: the two that are always there, and these."""
        return ("email", "user_id", *self.persons)


NONE_FURTHER = FurtherNamespaces()
"""Those of a deployment that declares none."""


@dataclass(frozen=True)
class Namespaces:
    """The namespaces of a deployment, in order of declaration.

    The walks of the decision table read `persons`, `devices` and `subscriptions`: each in the order in which its
    keys are asked.
    """

    declared: tuple[Namespace, ...] = BUILT_IN
    _by_name: dict[str, Namespace] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {one.name: one for one in self.declared})

    @classmethod
    def of(cls, declared: Iterable[Namespace]) -> "Namespaces":
        """Put declared namespaces beside those of `BUILT_IN` that are not among them."""
        given = tuple(declared)
        named = {one.name for one in given}
        return cls((*(one for one in BUILT_IN if one.name not in named), *given))

    def __iter__(self) -> Iterator[Namespace]:
        return iter(self.declared)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Namespace:
        return self._by_name[name]

    def get(self, name: str) -> Namespace | None:
        """Return a namespace, or None when none has this name."""
        return self._by_name.get(name)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names: those that are always there first, then the others as they were declared."""
        always = tuple(one.name for one in BUILT_IN)
        return (*always, *(one.name for one in self.declared if one.name not in always))

    @cached_property
    def persons(self) -> tuple[str, ...]:
        """Namespaces of class person in the order in which they are asked."""
        return self._asked(KeyClass.PERSON)

    @cached_property
    def further(self) -> FurtherNamespaces:
        """Those that the deployment declares beside the four that are always there."""
        always = {one.name for one in BUILT_IN}
        by_class = (self.persons, self.devices, self.subscriptions)
        return FurtherNamespaces(*(tuple(name for name in names if name not in always) for names in by_class))

    @cached_property
    def places_of_persons(self) -> Mapping[str, int]:
        """The place of each namespace of class person among those that are asked."""
        return {name: place for place, name in enumerate(self.persons)}

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The place of each namespace in `names`."""
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def devices(self) -> tuple[str, ...]:
        """Namespaces of class device in the order in which they are asked."""
        return self._asked(KeyClass.DEVICE)

    @cached_property
    def subscriptions(self) -> tuple[str, ...]:
        """Namespaces of class subscription in the order in which they are asked."""
        return self._asked(KeyClass.SUBSCRIPTION)

    def _asked(self, key_class: KeyClass) -> tuple[str, ...]:
        mine = [one for one in self.declared if one.key_class is key_class]
        return tuple(one.name for one in sorted(mine, key=lambda one: one.priority))

    @cached_property
    def at_most(self) -> Mapping[str, int]:
        """How many values events may give one contact, for the namespaces that say so."""
        return {one.name: one.at_most for one in self.declared if one.at_most is not None}

    @cached_property
    def hashes(self) -> Mapping[str, tuple[str, ...]]:
        """The namespaces that hold hashes of another one's values, by that other one."""
        found: dict[str, tuple[str, ...]] = {}
        for one in self.declared:
            if one.hash_of is not None:
                found[one.hash_of] = (*found.get(one.hash_of, ()), one.name)
        return found

    @cached_property
    def counters(self) -> Mapping[str, str]:
        """By the property in which a contact's node counts keys: their namespace, one of any class but subscription."""
        return {counter_of(name): name for name in self.names if not self[name].is_subscription}

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The label of each namespace's keys in the graph, by its name."""
        return {name: label_of(name) for name in self.names}


DEFAULT_NAMESPACES = Namespaces()
"""The namespaces of a deployment that declares none."""
