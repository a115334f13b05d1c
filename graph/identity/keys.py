"""Keys of an event: which are valid, which are blocked, and in which form they are compared."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from graph.errors import BadInput, FieldError
from graph.identity.events import Event
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespace, Namespaces, Normaliser
from graph.identity.normal_forms import MAX_ADDRESS, MAX_KEY, InvalidKey, form_of, hash_of, longest, normal_form, said
from graph.model import TRACKER, IgnoredKey, IgnoredReason, KeyName, KeyRef
from graph.patterns import Pattern

__all__ = [
    "MAX_KEY",
    "BlockList",
    "EventKeys",
    "InvalidKey",
    "SuppressedKeys",
    "normalise",
    "read_keys",
    "read_replaced",
    "suppression_digest",
]

BLOCKED_WORDS = frozenset(
    [
        "null",
        "nil",
        "none",
        "undefined",
        "nan",
        "n/a",
        "na",
        "unknown",
        "anonymous",
        "guest",
        "test",
        "true",
        "false",
        "[object object]",
        "-1",
        "-",
        "(not set)",
        "(none)",
        "(null)",
        "\\n",
        "#n/a",
        "#name?",
        "#ref!",
        "#value!",
    ]
)
"""Values that broken clients and spreadsheets send in place of a key, in lower case; blocked for every key."""

BLOCKED_ADDRESSES = frozenset({"test@test.com"})
BLOCKED_LOCAL_PARTS = frozenset({"noreply", "no-reply", "donotreply", "do-not-reply"})

_ZEROS_AND_DASHES = "0-"
_TEMPLATES = (("{{", "}}"), ("${", "}"), ("<%", "%>"), ("%%", "%%"), ("%", "%"))
"""How a place in a template is written that nobody filled."""
_OPENINGS = frozenset(opening[0] for opening, _ in _TEMPLATES)
_EMAIL = Normaliser.EMAIL


def suppression_digest(secret: bytes, key: KeyName, value: str) -> bytes:
    """Return the keyed hash by which a key of somebody who was erased is known again."""
    return hmac.digest(secret, f"{key}\0{value}".encode(), hashlib.sha256)


@dataclass(frozen=True, slots=True)
class SuppressedKeys:
    """Person keys of persons who were erased, by their keyed hashes."""

    secret: bytes
    digests: frozenset[bytes]

    def hold(self, key: KeyName, value: str) -> bool:
        """Return whether a person key, in its normal form, is suppressed."""
        return bool(self.digests) and suppression_digest(self.secret, key, value) in self.digests


@dataclass(frozen=True, slots=True)
class Blocked:
    """Values that operators block or let through, for every key or for those of one namespace.

    Attributes
    ----------
    added
        Exact values, in lower case.
    removed
        Exact values, in lower case, that are let through although a built-in rule blocks them.
    patterns
        Expressions; one must match the whole value, whatever its case.
    """

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    patterns: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, added: Iterable[str] = (), removed: Iterable[str] = (), patterns: Iterable[str] = ()) -> "Blocked":
        """Build it from plain strings.

        Raises
        ------
        InvalidPattern
            When a pattern cannot be compiled.
        """
        return cls(
            frozenset(value.strip().lower() for value in added),
            frozenset(value.strip().lower() for value in removed),
            tuple(map(Pattern, patterns)),
        )


NOTHING_BLOCKED = Blocked()


@dataclass(frozen=True, slots=True)
class BlockList:
    """Values that are as good as absent, because they name nobody.

    Attributes
    ----------
    every
        What operators block or let through for every key.
    own
        The same for the keys of one namespace, by its name.
    suppressed
        Keys of persons who were erased; None when there are none.
    namespaces
        The namespaces of the deployment.
    """

    every: Blocked = NOTHING_BLOCKED
    own: Mapping[KeyName, Blocked] = field(default_factory=dict)
    suppressed: SuppressedKeys | None = None
    namespaces: Namespaces = DEFAULT_NAMESPACES

    @classmethod
    def of(
        cls,
        added: Iterable[str] = (),
        removed: Iterable[str] = (),
        patterns: Iterable[str] = (),
        suppressed: SuppressedKeys | None = None,
        namespaces: Namespaces = DEFAULT_NAMESPACES,
        own: Mapping[KeyName, tuple[Iterable[str], Iterable[str], Iterable[str]]] | None = None,
    ) -> "BlockList":
        """Build a list from plain strings, and from what the namespaces say for themselves.

        Parameters
        ----------
        own
            By namespace: values to block and to let through, and patterns, beside what its declaration says.

        Raises
        ------
        InvalidPattern
            When a pattern cannot be compiled.
        """
        found: dict[KeyName, Blocked] = {}
        for one in namespaces:
            more = (own or {}).get(one.name, ((), (), ()))
            lists = [
                (*said, *also) for said, also in zip((one.block, one.allow, one.block_patterns), more, strict=True)
            ]
            if any(lists):
                found[one.name] = Blocked.of(*lists)
        return cls(Blocked.of(added, removed, patterns), found, suppressed, namespaces)

    def suppresses(self, key: KeyName, value: str) -> bool:
        """Return whether a key, in its normal form, is of somebody who was erased."""
        return self.suppressed is not None and self.namespaces[key].is_person and self.suppressed.hold(key, value)

    def blocks(self, key: KeyName, value: str) -> bool:
        """Return whether a trimmed value of this key is blocked; case does not matter.

        A value that is too long to be a key is looked at no further than for zeros and dashes.
        """
        namespace = self.namespaces[key]
        own = self.own.get(key, NOTHING_BLOCKED)
        if value and not value.strip(_ZEROS_AND_DASHES):
            return value not in self.every.removed and value not in own.removed
        if len(value) > MAX_ADDRESS and len(value) > longest(namespace):
            return False
        lowered = value.lower()
        if lowered in self.every.removed or lowered in own.removed:
            return False
        if lowered in BLOCKED_WORDS or lowered in self.every.added or lowered in own.added:
            return True
        if value[:1] in _OPENINGS and _unfilled(value):
            return True
        if namespace.normalise is _EMAIL and _nobodys_address(lowered):
            return True
        patterns = self.every.patterns + own.patterns
        return bool(patterns) and any(pattern.matches(value) for pattern in patterns)


DEFAULT_BLOCK_LIST = BlockList()


def _unfilled(value: str) -> bool:
    """Return whether a value is a place in a template that nobody filled."""
    for opening, closing in _TEMPLATES:
        if value.startswith(opening) and value.endswith(closing) and len(value) > len(opening) + len(closing):
            inside = value[len(opening) : -len(closing)]
            return opening not in inside and closing not in inside
    return False


def _nobodys_address(lowered: str) -> bool:
    local, _, domain = lowered.rpartition("@")
    return (
        lowered in BLOCKED_ADDRESSES
        or local in BLOCKED_LOCAL_PARTS
        or (local in BLOCKED_WORDS and domain.partition(".")[0] in BLOCKED_WORDS)
    )


def normalise(key: KeyName, raw: str, namespaces: Namespaces = DEFAULT_NAMESPACES) -> str:
    """Bring a key's value into the form in which it is compared and shown.

    Raises
    ------
    InvalidKey
        When the value cannot be a key of this name.
    """
    return normal_form(namespaces[key], raw)


def valid_key(name: KeyName, value: str, namespaces: Namespaces) -> KeyRef | None:
    """Return a key in its normal form; None when the value is not a key of this namespace."""
    try:
        return KeyRef(name, normalise(name, value, namespaces))
    except InvalidKey:
        return None


def read_key(name: KeyName, value: str, namespaces: Namespaces, field: str) -> KeyRef:
    """Return a key in its normal form.

    Parameters
    ----------
    field
        What errors name.

    Raises
    ------
    BadInput
        When the value is not a key of this namespace.
    """
    try:
        return KeyRef(name, normalise(name, value, namespaces))
    except InvalidKey as error:
        raise BadInput([FieldError(field, "invalid", str(error))]) from error


def read_named_key(name: KeyName, value: str, namespaces: Namespaces, place: str) -> KeyRef:
    """Return a key in its normal form, as `read_key` does; its namespace is a field of ``place`` and may be unknown.

    Raises
    ------
    BadInput
        When there is no such namespace, or the value is not a key of it.
    """
    field = f"{place}.{name}"
    if name not in namespaces:
        raise BadInput([FieldError(field, "unknown_field", "there is no such namespace")])
    return read_key(name, value, namespaces, field)


@dataclass(frozen=True, slots=True)
class EventKeys:
    """The keys of one event that count, and those that were set aside.

    Attributes
    ----------
    persons, devices, subscriptions
        By class, each in the order in which they are asked.
    derived
        Those of ``persons`` that the event does not say itself, hashes, by the key that each is of.
    ignored
        Those that are as good as absent.
    all_blocked
        The event carried keys and every one of them is blocked, or one is suppressed: it is not resolved.
    """

    persons: tuple[KeyRef, ...] = ()
    devices: tuple[KeyRef, ...] = ()
    subscriptions: tuple[KeyRef, ...] = ()
    derived: Mapping[KeyRef, KeyRef] = field(default_factory=dict)
    ignored: tuple[IgnoredKey, ...] = ()
    all_blocked: bool = False

    @classmethod
    def of(cls, namespaces: Namespaces = DEFAULT_NAMESPACES, **values: str | None) -> "EventKeys":
        """Build them from normal forms, one a namespace."""
        return _sorted(
            namespaces, [KeyRef(name, value) for name, value in values.items() if value is not None], (), False
        )

    @property
    def said(self) -> tuple[KeyRef, ...]:
        """The keys that the event itself carries."""
        persons = tuple(key for key in self.persons if key not in self.derived) if self.derived else self.persons
        return persons + self.devices + self.subscriptions

    @property
    def every(self) -> tuple[KeyRef, ...]:
        """The keys to look for, with those derived."""
        return self.persons + self.devices + self.subscriptions

    def first(self, namespace: KeyName) -> str | None:
        """Return the first key of a namespace that the event carries."""
        return next((key.value for key in self.every if key.namespace == namespace), None)

    @property
    def tracker(self) -> KeyRef | None:
        """The tracker, which answers name."""
        for key in self.devices:  # most events carry this one alone
            if key.namespace == TRACKER:
                return key
        return None

    @property
    def tracker_id(self) -> str | None:
        """The value of the tracker."""
        key = self.tracker
        return None if key is None else key.value


def read_keys(event: Event, block_list: BlockList = DEFAULT_BLOCK_LIST) -> EventKeys:
    """Sort the keys of an event into those that count and those that are as good as absent."""
    namespaces = block_list.namespaces
    valid: list[KeyRef] = []
    ignored: list[IgnoredKey] = []
    for name, raw in event.carried(namespaces):
        found = _read(namespaces[name], raw, block_list)
        if isinstance(found, IgnoredReason):
            ignored.append(IgnoredKey(name, found))
        elif (key := KeyRef(name, found)) not in valid:
            valid.append(key)
    # Whatever else an event carries that carries a suppressed key: what it says, it says of the erased person.
    erased = any(item.reason is IgnoredReason.SUPPRESSED for item in ignored)
    all_blocked = bool(ignored) and not valid and all(item.reason is not IgnoredReason.INVALID for item in ignored)
    keys = _sorted(namespaces, valid, tuple(ignored), all_blocked or erased)
    if keys.derived and any(block_list.suppresses(*key) for key in keys.derived):
        hidden = tuple(IgnoredKey(key.namespace, IgnoredReason.SUPPRESSED) for key in keys.derived)
        return replace(keys, ignored=(*keys.ignored, *hidden), all_blocked=True)
    return keys


def read_replaced(event: Event, keys: EventKeys, block_list: BlockList) -> tuple[tuple[KeyRef, KeyRef], ...]:
    """Read which old subscriptions an event says are replaced, each with the new one that takes its place.

    An old value, or a new one, that is as good as absent replaces nothing.
    """
    found: list[tuple[KeyRef, KeyRef]] = []
    for name, raw in event.replaces.items():
        old = None if raw is None else _read(block_list.namespaces[name], raw, block_list)
        new = keys.first(name)
        if old is not None and not isinstance(old, IgnoredReason) and new is not None and old != new:
            found.append((KeyRef(name, old), KeyRef(name, new)))
    return tuple(found)


def _read(namespace: Namespace, raw: str, block_list: BlockList) -> str | IgnoredReason:
    """Return the normal form of a value, or why it is as good as absent."""
    name = namespace.name
    value = said(namespace, raw)
    # Blocked goes before invalid: a value that is both counts as blocked.
    if block_list.blocks(name, value):
        return IgnoredReason.BLOCKED
    try:
        form = form_of(namespace, value)
    except InvalidKey:
        return IgnoredReason.INVALID
    if form != value and block_list.blocks(name, form):  # what only its normal form shows
        return IgnoredReason.BLOCKED
    if block_list.suppresses(name, form):
        return IgnoredReason.SUPPRESSED
    return form


def _sorted(
    namespaces: Namespaces, keys: list[KeyRef], ignored: tuple[IgnoredKey, ...], all_blocked: bool
) -> EventKeys:
    if len(keys) == 1 and not namespaces.hashes and not all_blocked:  # most events carry a tracker and nothing else
        only = (keys[0],)
        namespace = namespaces[keys[0].namespace]
        if namespace.is_device:
            return EventKeys(devices=only, ignored=ignored)
        if namespace.is_person:
            return EventKeys(persons=only, ignored=ignored)
        return EventKeys(subscriptions=only, ignored=ignored)
    derived: dict[KeyRef, KeyRef] = {}
    for key in keys if namespaces.hashes else ():
        for name in namespaces.hashes.get(key.namespace, ()):
            if (hashed := KeyRef(name, hash_of(key.value))) not in keys:
                derived.setdefault(hashed, key)
    return EventKeys(
        _of(namespaces.persons, [*keys, *derived]),
        _of(namespaces.devices, keys),
        _of(namespaces.subscriptions, keys),
        derived,
        ignored,
        all_blocked,
    )


def _of(order: tuple[str, ...], keys: list[KeyRef]) -> tuple[KeyRef, ...]:
    mine = [key for key in keys if key.namespace in order]
    if len(mine) > 1:
        mine.sort(key=lambda key: order.index(key.namespace))
    return tuple(mine)
