"""Keys of a Segment message beside those that the specification names: external ids, and the paths of namespaces."""

from collections.abc import Iterator, Mapping
from typing import Any

from graph.identity.events import MAX_KEYS
from graph.identity.namespaces import BUILT_IN, Namespaces

_EXTERNAL_IDS = ("externalIds", "externalId")
"""Where the list stands: Segment's SDKs call it the one, RudderStack's the other."""
_FIELDS = tuple(one.name for one in BUILT_IN)


def further_keys(message: Mapping[str, Any], namespaces: Namespaces, taken: Mapping[str, Any]) -> dict[str, list[str]]:
    """Find what a message says of declared namespaces; it stays in the message too.

    A key that the specification names itself, such as the userId, goes before what stands elsewhere.

    Parameters
    ----------
    taken
        The fields of the event that the message has filled already.
    """
    found: dict[str, list[str]] = {}
    left = MAX_KEYS - sum(taken.get(name) is not None for name in _FIELDS)
    for name, value in (*_external_ids(message), *_at_paths(message, namespaces)):
        if name not in namespaces or taken.get(name) is not None or value in found.get(name, ()):
            continue
        if name in _FIELDS and name in found:
            continue
        if left > 0:
            left -= 1
            found.setdefault(name, []).append(value)
    return found


def _external_ids(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    context = message.get("context")
    if not isinstance(context, Mapping):
        return
    for name in _EXTERNAL_IDS:
        listed = context.get(name)
        for entry in listed if isinstance(listed, list) else ():
            if isinstance(entry, Mapping) and isinstance(entry.get("type"), str) and (value := _text(entry.get("id"))):
                yield entry["type"], value


def _at_paths(message: Mapping[str, Any], namespaces: Namespaces) -> Iterator[tuple[str, str]]:
    for namespace in namespaces:
        for path in namespace.paths:
            value = _at(message, path.split("."))
            for one in value if isinstance(value, list) else [value]:
                if (text := _text(one)) is not None:
                    yield namespace.name, text


def _at(message: Any, path: list[str]) -> Any:
    for name in path:
        if not isinstance(message, Mapping):
            return None
        message = message.get(name)
    return message


def _text(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None
