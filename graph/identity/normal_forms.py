"""Normal forms: how the value of a key is trimmed, and brought into the form in which it is compared and shown.

No value is looked at by anything that takes more than linear time before its length is known to be small.
"""

import hashlib
import re
import unicodedata
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson
import phonenumbers
from email_validator import EmailNotValidError, validate_email

from graph.clock import is_minted
from graph.identity.namespaces import Namespace, Normaliser
from graph.model import TRACKER
from graph.patterns import Pattern

MAX_KEY = 1024
"""The longest key, in characters after trimming."""
MAX_ADDRESS = 512
"""The longest text that is looked at as an address; mail takes 254 characters, in which accents may be composed."""
MAX_NUMBER = 64
"""The longest text that is looked at as a phone number, in which spaces and brackets stand."""


_OPAQUE, _EMAIL = Normaliser.OPAQUE, Normaliser.EMAIL


class InvalidKey(ValueError):
    """A value that cannot be a key; the message says why."""


_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?[Ee]\+\d{2,3}", re.ASCII)
_WRITTEN_BY_SPREADSHEETS = re.compile(r"'(?=[0-9+=@-])", re.ASCII)
_MARKS = frozenset({"{", "'"})
"""How a value begins that `said` reads further."""
_BETWEEN_DIGITS = re.compile(r"[\s/()\-\u2010-\u2015+]+")
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


def trim(raw: str) -> str:
    """Take away white space, and what cannot be seen (Unicode Cf and Zs), at both ends."""
    value = raw.strip()
    if value.isprintable():
        return value
    first, last = 0, len(value)
    while first < last and _unseen(value[first]):
        first += 1
        if first > MAX_KEY:  # too long to be a key, whatever follows
            return value
    end = last
    while last > first and _unseen(value[last - 1]):
        last -= 1
        if end - last > MAX_KEY:
            return value
    return value[first:last]


def _unseen(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cf", "Zs")


def said(namespace: Namespace, raw: str) -> str:
    """Return what a raw value says: trimmed, the endpoint of a push subscription, without a spreadsheet's apostrophe.

    A spreadsheet writes an apostrophe before a number that it is to leave alone.
    """
    value = trim(raw)
    if value[:1] not in _MARKS:
        return value
    if namespace.is_subscription and value.startswith("{"):
        endpoint = _endpoint(value)
        return value if endpoint is None else endpoint
    if namespace.normalise is not _EMAIL and _WRITTEN_BY_SPREADSHEETS.match(value):
        return trim(value[1:])
    return value


def _endpoint(value: str) -> str | None:
    try:
        subscription: Any = orjson.loads(value)
    except ValueError:
        return None
    endpoint = subscription.get("endpoint") if isinstance(subscription, dict) else None
    return trim(endpoint) if isinstance(endpoint, str) else None


def normal_form(namespace: Namespace, raw: str) -> str:
    """Bring a raw value into the form in which it is compared and shown.

    Raises
    ------
    InvalidKey
        When it cannot be a key of this namespace.
    """
    return form_of(namespace, said(namespace, raw))


def longest(namespace: Namespace) -> int:
    """Return how many characters a value of this namespace has at most, after trimming."""
    return MAX_ADDRESS if namespace.normalise is _EMAIL else MAX_KEY


def form_of(namespace: Namespace, value: str) -> str:
    """Bring a value as `said` returns it into its normal form.

    Raises
    ------
    InvalidKey
        When it cannot be a key of this namespace.
    """
    if not 1 <= len(value) <= MAX_KEY:
        raise InvalidKey(f"a key has 1 to {MAX_KEY} characters after trimming, this one has {len(value)}")
    if not value.isprintable() and any(unicodedata.category(character) == "Cc" for character in value):
        raise InvalidKey("a key has no control characters")
    if namespace.normalise is _OPAQUE and namespace.pattern is None and namespace.hash_of is None:
        return _opaque(value, namespace)
    if namespace.name == TRACKER and is_minted(value):
        return value  # browsers send back what they were answered
    value = _digest(value) if namespace.hash_of is not None else _FORMS[namespace.normalise](value, namespace)
    if namespace.pattern is not None and not _pattern(namespace.pattern).matches(value):
        raise InvalidKey(f"a key of {namespace.name} matches {namespace.pattern!r} as a whole")
    return value


def hash_of(value: str) -> str:
    """Return the hash by which other systems name a key: SHA-256 of its normal form, in lower-case hexadecimal."""
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()


@lru_cache(maxsize=256)
def _pattern(text: str) -> Pattern:
    return Pattern(text, any_case=False)


def _opaque(value: str, namespace: Namespace) -> str:
    if _SCIENTIFIC.fullmatch(value) and not namespace.is_subscription:
        raise InvalidKey("this is a number in a spreadsheet's scientific notation: its digits are lost")
    return value


def _lower(value: str, namespace: Namespace) -> str:
    return unicodedata.normalize("NFC", _opaque(value, namespace)).lower()


@lru_cache(maxsize=8_192)
def _address(value: str) -> str:
    try:
        address = validate_email(value, check_deliverability=False)
    except EmailNotValidError as error:
        raise InvalidKey(str(error)) from error
    return unicodedata.normalize("NFC", address.normalized.lower())


def _email(value: str, _: Namespace) -> str:
    if len(value) > MAX_ADDRESS:  # the validator and NFC take a time that grows with the square of the length
        raise InvalidKey(f"an address has at most {MAX_ADDRESS} characters, this one has {len(value)}")
    return _address(value)


@lru_cache(maxsize=8_192)
def _e164(value: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidKey(f"this is not a phone number: {error}") from error
    if number.extension:
        raise InvalidKey("a number with an extension is a company's: E.164 would give it to all who share it")
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise InvalidKey("there are no phone numbers of this length, or it lacks its area code")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _phone(value: str, namespace: Namespace) -> str:
    if len(value) > MAX_NUMBER:
        raise InvalidKey(f"a phone number has at most {MAX_NUMBER} characters, this one has {len(value)}")
    return _e164(value, namespace.region)


def _uuid(value: str, _: Namespace) -> str:
    try:
        return str(uuid.UUID(value))
    except ValueError as error:
        raise InvalidKey("this is not a UUID") from error


def _digits(value: str, _: Namespace) -> str:
    bare = _BETWEEN_DIGITS.sub("", value)
    try:
        digits = "".join(str(unicodedata.decimal(character)) for character in bare)
    except ValueError as error:
        raise InvalidKey("this has more than digits, and what stands between them") from error
    if not digits:
        raise InvalidKey("there are no digits")
    return digits


def _digest(value: str) -> str:
    lowered = value.lower()
    if not _HEX_DIGEST.fullmatch(lowered):
        raise InvalidKey("a hash is SHA-256 in hexadecimal: 64 characters of 0 to 9 and a to f")
    return lowered


_FORMS: dict[Normaliser, Callable[[str, Namespace], str]] = {
    Normaliser.OPAQUE: _opaque,
    Normaliser.LOWER: _lower,
    Normaliser.EMAIL: _email,
    Normaliser.PHONE: _phone,
    Normaliser.UUID: _uuid,
    Normaliser.DIGITS: _digits,
}
