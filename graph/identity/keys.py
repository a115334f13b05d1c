"""Keys of an event: which are valid, which are blocked, and in which form they are compared."""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from graph.identity.events import Event
from graph.model import KEY_NAMES, PERSON_KEYS, IgnoredKey, IgnoredReason, KeyName
from graph.patterns import Pattern

MAX_KEY = 1024
"""The longest key, in characters after trimming."""
MAX_ADDRESS = 512
"""The longest text that is looked at as an address; mail takes 254 characters, in which accents may be composed."""

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
        "-1",
        "-",
    ]
) | {"[object object]"}
"""Values that broken clients send in place of a key, in lower case; blocked for every key."""

BLOCKED_ADDRESSES = frozenset({"test@test.com"})
BLOCKED_LOCAL_PARTS = frozenset({"noreply", "no-reply", "donotreply", "do-not-reply"})

_ZEROS_AND_DASHES = "0-"


class InvalidKey(ValueError):
    """A value that cannot be a key; the message says why."""


def suppression_digest(secret: bytes, key: KeyName, value: str) -> bytes:
    """Give the keyed hash by which a key of somebody who was erased is known again."""
    return hmac.digest(secret, f"{key}\0{value}".encode(), hashlib.sha256)


@dataclass(frozen=True, slots=True)
class SuppressedKeys:
    """Emails and user ids of persons who were erased, by their keyed hashes."""

    secret: bytes
    digests: frozenset[bytes]

    def hold(self, key: KeyName, value: str) -> bool:
        """Tell whether a key, in its normal form, is suppressed."""
        if not self.digests or key not in PERSON_KEYS:
            return False
        return suppression_digest(self.secret, key, value) in self.digests


@dataclass(frozen=True, slots=True)
class BlockList:
    """Values that are as good as absent, because they name nobody.

    Attributes
    ----------
    added
        Exact values that an operator added, in lower case.
    removed
        Exact values, in lower case, that an operator lets through although a built-in rule blocks them.
    patterns
        Expressions that an operator added; one must match the whole value, whatever its case.
    suppressed
        Keys of persons who were erased; None when there are none.
    """

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    patterns: tuple[Pattern, ...] = ()
    suppressed: SuppressedKeys | None = None

    @classmethod
    def of(
        cls,
        added: Iterable[str] = (),
        removed: Iterable[str] = (),
        patterns: Iterable[str] = (),
        suppressed: SuppressedKeys | None = None,
    ) -> "BlockList":
        """Build a list from plain strings.

        Raises
        ------
        InvalidPattern
            When a pattern cannot be compiled.
        """
        return cls(
            frozenset(value.strip().lower() for value in added),
            frozenset(value.strip().lower() for value in removed),
            tuple(map(Pattern, patterns)),
            suppressed,
        )

    def suppresses(self, key: KeyName, value: str) -> bool:
        """Tell whether a key, in its normal form, is of somebody who was erased."""
        return self.suppressed is not None and self.suppressed.hold(key, value)

    def blocks(self, key: KeyName, value: str) -> bool:
        """Return whether a trimmed value of this key is blocked; case does not matter.

        A value that is too long to be a key is looked at no further than for zeros and dashes.
        """
        if value and not value.strip(_ZEROS_AND_DASHES):
            return value not in self.removed
        if len(value) > longest(key):
            return False
        lowered = value.lower()
        if lowered in self.removed:
            return False
        if lowered in BLOCKED_WORDS or lowered in self.added:
            return True
        if key == "email" and (lowered in BLOCKED_ADDRESSES or lowered.rpartition("@")[0] in BLOCKED_LOCAL_PARTS):
            return True
        return bool(self.patterns) and any(pattern.matches(value) for pattern in self.patterns)


DEFAULT_BLOCK_LIST = BlockList()


def longest(key: KeyName) -> int:
    """Return how many characters a value of this key has at most, after trimming."""
    return MAX_ADDRESS if key == "email" else MAX_KEY


def normalise_email(raw: str) -> str:
    """Bring an address into the form that is the key: NFC, lower case, the domain in Unicode.

    Raises
    ------
    InvalidKey
        When it is no address by syntax; whether it can be delivered to is not asked.
    """
    address = raw.strip()
    if len(address) > MAX_ADDRESS:  # the validator and NFC take a time that grows with the square of the length
        raise InvalidKey(f"an address has at most {MAX_ADDRESS} characters, this one has {len(address)}")
    return _normalise_address(address)


@lru_cache(maxsize=8_192)
def _normalise_address(trimmed: str) -> str:
    try:
        address = validate_email(trimmed, check_deliverability=False)
    except EmailNotValidError as error:
        raise InvalidKey(str(error)) from error
    return unicodedata.normalize("NFC", address.normalized.lower())


def normalise_opaque(raw: str) -> str:
    """Trim an opaque key; nothing else is changed, it is compared exactly.

    Raises
    ------
    InvalidKey
        When it has no or more than 1,024 characters, or a control character.
    """
    value = raw.strip()
    if not 1 <= len(value) <= MAX_KEY:
        raise InvalidKey(f"a key has 1 to {MAX_KEY} characters after trimming, this one has {len(value)}")
    if not value.isprintable() and any(unicodedata.category(character) == "Cc" for character in value):
        raise InvalidKey("a key has no control characters")
    return value


def normalise(key: KeyName, raw: str) -> str:
    """Bring a key's value into the form in which it is compared and shown.

    Raises
    ------
    InvalidKey
        When the value cannot be a key of this name.
    """
    return normalise_email(raw) if key == "email" else normalise_opaque(raw)


@dataclass(frozen=True, slots=True)
class EventKeys:
    """The keys of one event that count, and those that were set aside."""

    email: str | None = None
    tracker_id: str | None = None
    subscription: str | None = None
    user_id: str | None = None
    ignored: tuple[IgnoredKey, ...] = ()
    all_blocked: bool = False
    """The event carried keys and every one of them is blocked or suppressed: it is not resolved."""


def read_keys(event: Event, block_list: BlockList = DEFAULT_BLOCK_LIST) -> EventKeys:
    """Sort the keys of an event into those that count and those that are as good as absent."""
    valid: dict[KeyName, str] = {}
    ignored: list[IgnoredKey] = []
    for key in KEY_NAMES:
        raw: str | None = getattr(event, key)
        if raw is None:
            continue
        # Blocked goes before invalid: a value that is both counts as blocked.
        trimmed = raw.strip()
        if block_list.blocks(key, trimmed):
            ignored.append(IgnoredKey(key, IgnoredReason.BLOCKED))
            continue
        try:
            value = normalise(key, raw)
        except InvalidKey:
            ignored.append(IgnoredKey(key, IgnoredReason.INVALID))
            continue
        if value != trimmed and block_list.blocks(key, value):  # what only its normal form shows
            ignored.append(IgnoredKey(key, IgnoredReason.BLOCKED))
            continue
        if block_list.suppresses(key, value):
            ignored.append(IgnoredKey(key, IgnoredReason.SUPPRESSED))
            continue
        valid[key] = value
    all_blocked = bool(ignored) and not valid and all(item.reason is not IgnoredReason.INVALID for item in ignored)
    return EventKeys(**valid, ignored=tuple(ignored), all_blocked=all_blocked)
