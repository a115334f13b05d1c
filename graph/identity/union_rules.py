"""What a union makes of one property that both contacts have, where a deployment says so; pure functions.

Without a rule the survivor's value stays, and the folded contact's fills what it lacks.
"""

from collections.abc import Mapping
from typing import Any, Literal, cast

from graph.clock import Micros
from graph.model import PropertyValue
from graph.settings import UnionRule

Rules = Mapping[str, UnionRule]
"""By the property's name."""

Own = Literal["mine", "theirs"]
"""Rules that no deployment sets: the survivor's value, or the folded contact's, whatever they are."""

AnyRules = Mapping[str, UnionRule | Own]
"""What one union makes of some properties."""

MOST_COLLECTED = 100
"""How many items a list grows to by unions."""


def united(rule: str, mine: tuple[PropertyValue, Micros], theirs: tuple[PropertyValue, Micros]) -> PropertyValue:
    """Return what the survivor shows of a property that both were told of; None is a value that was removed.

    Parameters
    ----------
    mine, theirs
        The survivor's value and the folded contact's, each with when it was true.

    Examples
    --------
    >>> united("newest", (True, 1), (None, 2)) is None
    True
    >>> united("sum", (3, 1), (4, 2))
    7
    >>> united("collect", ("a", 1), (["b", "a"], 2))
    ['a', 'b']
    >>> united("false_wins", (True, 1), (False, 0))
    False
    """
    (value, when), (other, then) = mine, theirs
    if rule in ("mine", "theirs"):
        return value if rule == "mine" else other
    if rule == "newest":
        return other if then > when else value
    if rule == "oldest":
        return other if then < when else value
    if rule == "false_wins":
        # Consent: that it was withdrawn is said, whether as false or by removing it.
        return next((one for one in (value, other) if one is False), None if None in (value, other) else value)
    if rule == "true_wins":
        return True if True in _booleans(value, other) else value
    if value is None or other is None:
        return other if value is None else value
    if rule == "collect":
        return cast("PropertyValue", _collected(value, other))
    return cast("PropertyValue", _reckoned(rule, value, other))


def _booleans(*values: PropertyValue) -> list[bool]:
    return [value for value in values if isinstance(value, bool)]


def _reckoned(rule: str, value: Any, other: Any) -> Any:
    """Compare or add two values of one type; the survivor's stays where they cannot be."""
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (value, other))
    texts = all(isinstance(one, str) for one in (value, other))
    if not numbers and not (texts and rule != "sum"):
        return value
    found = value + other if rule == "sum" else min(value, other) if rule == "min" else max(value, other)
    # The graph holds whole numbers of 64 bits.
    return float(found) if isinstance(found, int) and not -(2**63) <= found < 2**63 else found


def _collected(value: Any, other: Any) -> Any:
    found: list[Any] = []
    for one in (value, other):
        for item in one if isinstance(one, list) else [one]:
            if not any(type(item) is type(had) and item == had for had in found):
                found.append(item)
    if len({type(item) for item in found}) > 1:
        # A list in the graph is of one type.
        found = list(dict.fromkeys(str(item).lower() if isinstance(item, bool) else str(item) for item in found))
    if len(found) == 1 and not isinstance(value, list) and not isinstance(other, list):
        return found[0]
    return found[:MOST_COLLECTED]
