"""What kind of device a tracker is on, as far as its events say.

A phone, a computer and a tablet in use at once are one person's; five phones are not. Read from event properties
under the names that trackers and SDKs commonly give them (`KIND_PROPERTIES`), else from a user agent.
"""

import re
from collections.abc import Iterable

import orjson

UNKNOWN, PHONE, TABLET, COMPUTER, APP, OTHER = range(6)
"""Numbers that stand for kinds in arrays."""
KIND_WORDS = ("unknown", "phone", "tablet", "computer", "app", "other")

_PLAIN = ("device_type", "deviceType", "device_kind", "device_category", "deviceCategory", "device", "device.type")
_SYSTEMS = ("platform", "os", "os_name", "os.name", "channel", "context.device.type", "context.os.name")
_AGENTS = ("user_agent", "userAgent", "context.userAgent", "context.user_agent")
KIND_PROPERTIES = [*_PLAIN, *_SYSTEMS, *_AGENTS]
"""Names of event properties that say what kind of device it is; the first that says something counts."""

_WORDS = {
    APP: ("app", "mobile app", "native", "react native", "flutter"),
    TABLET: ("tablet", "ipad", "ipados"),
    PHONE: ("phone", "mobile", "smartphone", "iphone", "android", "ios", "handset", "mobile phone"),
    COMPUTER: ("desktop", "laptop", "computer", "pc", "windows", "mac", "macos", "mac os x", "mac os", "linux", "web"),
    OTHER: ("tv", "smart tv", "console", "watch", "wearable", "kiosk", "bot"),
}
_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in words}
_AGENT = (
    (TABLET, re.compile(r"iPad|Tablet|Android(?!.*Mobile)")),
    (PHONE, re.compile(r"iPhone|Android|Mobile")),
    (COMPUTER, re.compile(r"Windows|Macintosh|X11|Linux|CrOS")),
)
_ORDER = {name: place for place, name in enumerate(KIND_PROPERTIES)}
LONGEST = 400
"""Characters of a value that are looked at."""


def read_kind(properties: Iterable[tuple[str, str]]) -> int:
    """Read the kind of a device from names and JSON values; `UNKNOWN` when they say nothing that can be used.

    Examples
    --------
    >>> read_kind([("device_type", '"Phone"')]) == PHONE
    True
    """
    said = sorted((_ORDER[name], name, text) for name, text in properties if name in _ORDER)
    for _, name, text in said:
        value = orjson.loads(text)
        if not isinstance(value, str):
            continue
        kind = _of_agent(value[:LONGEST]) if name in _AGENTS else _KIND_OF.get(value[:LONGEST].strip().lower())
        if kind is not None:
            return kind
    return UNKNOWN


def _of_agent(agent: str) -> int | None:
    return next((kind for kind, pattern in _AGENT if pattern.search(agent)), None)
