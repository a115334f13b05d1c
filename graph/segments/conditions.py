"""The condition language of segments and offers: read, validated, and compiled to parameters of a fixed statement.

A condition becomes a *program*: its leaves, and the connectives above them in an order in which each comes after
what it connects. One Cypher statement runs any program, so no value, no name and no structure is ever part of a
statement's text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.errors import BadInput, FieldError
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.model import MAX_NAME

MAX_DEPTH = 20
MAX_LEAVES = 200

OPERATORS = ("is", "is_not", "in", "contains", "greater_than", "less_than", "exists")

# At most seven digits each: no sum of such parts leads before the first time that the database can count from.
_DURATION = re.compile(
    r"P(?=\d|T\d)(\d{1,7}Y)?(\d{1,7}M)?(\d{1,7}W)?(\d{1,7}D)?"
    r"(T(?=\d)(\d{1,7}H)?(\d{1,7}M)?(\d{1,7}(\.\d{1,9})?S)?)?",
    re.ASCII,
)
_FORMS = (
    "a condition is {'all': […]}, {'any': […]}, {'not': …}, or a leaf about a 'property', a 'key', the 'kind' "
    "or (in dynamic_plus segments) an 'event'"
)


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled condition, in the form in which the database gets it.

    Attributes
    ----------
    names
        The properties that it speaks of.
    events
        ``{name, within}`` whose activities are counted.
    leaves
        What is tested of a contact, each a map with ``test``.
    nodes
        ``{op, of}`` with places in the list of leaves and the nodes before it; the last is the answer.
    """

    names: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    leaves: list[dict[str, Any]] = field(default_factory=list)
    nodes: list[dict[str, Any]] = field(default_factory=list)

    def parameters(self) -> dict[str, Any]:
        """As the statements of ``cypher/segments/`` take it."""
        return {"names": self.names, "events": self.events, "leaves": self.leaves, "nodes": self.nodes}


def is_duration(value: Any) -> bool:
    """Tell whether this is an ISO 8601 duration that the database can take from a time."""
    return isinstance(value, str) and len(value) < 50 and _DURATION.fullmatch(value) is not None


def compile_condition(
    where: Any, *, activity: bool, place: str = "where", namespaces: Namespaces | None = DEFAULT_NAMESPACES
) -> Program:
    """Validate a condition and compile it.

    Parameters
    ----------
    where
        The condition as parsed JSON.
    activity
        Whether leaves about events are allowed (dynamic-plus segments).
    place
        How errors name the outermost condition.
    namespaces
        Which keys it may speak of; None for a condition that was checked when it was defined.

    Raises
    ------
    BadInput
        With every mistake and its place, such as ``where.all[1].is``.
    """
    reader = _Reader(activity, namespaces)
    tree = reader.read(where, place, 1)
    if reader.errors:
        raise BadInput(reader.errors)
    program = Program(sorted(reader.names), reader.events, reader.leaves, [])
    _flatten(tree, program)
    return program


_Tree = int | tuple[str, list[Any]]


def _flatten(tree: _Tree, program: Program) -> int:
    """Append a tree's connectives after their operands and return the place of its truth."""
    if isinstance(tree, int):
        return tree
    op, operands = tree
    places = [_flatten(operand, program) for operand in operands]
    program.nodes.append({"op": op, "of": places})
    return len(program.leaves) + len(program.nodes) - 1


class _Reader:
    def __init__(self, activity: bool, namespaces: Namespaces | None) -> None:
        self.activity = activity
        self.namespaces = namespaces
        self.errors: list[FieldError] = []
        self.leaves: list[dict[str, Any]] = []
        self.names: set[str] = set()
        self.events: list[dict[str, Any]] = []

    def wrong(self, place: str, rule: str, message: str) -> _Tree:
        self.errors.append(FieldError(place, rule, message))
        return 0

    def read(self, where: Any, place: str, depth: int) -> _Tree:
        if not isinstance(where, Mapping):
            return self.wrong(place, "type", _FORMS)
        if depth > MAX_DEPTH:
            return self.wrong(place, "depth", f"conditions are nested at most {MAX_DEPTH} deep")
        if len(self.leaves) >= MAX_LEAVES:
            return self.wrong(place, "size", f"a condition has at most {MAX_LEAVES} leaves")
        heads = [name for name in ("all", "any", "not", "property", "key", "kind", "event") if name in where]
        if len(heads) != 1:
            return self.wrong(place, "form", _FORMS)
        head = heads[0]
        allowed = {
            "property": {"property", *OPERATORS},
            "key": {"key", "exists"},
            "event": {"event", "at_least", "within"},
        }.get(head, {head})
        for name in where:
            if name not in allowed:
                self.wrong(f"{place}.{name}", "unknown_field", f"a condition with {head!r} has no such field")
        if head in ("all", "any"):
            return self._connective(head, where[head], place, depth)
        if head == "not":
            return ("not", [self.read(where["not"], f"{place}.not", depth + 1)])
        leaf = getattr(self, f"_{head}")(where, place)
        self.leaves.append(leaf or {})
        # A leaf alone is a program too: every tree ends in a node.
        return len(self.leaves) - 1 if depth > 1 else ("all", [len(self.leaves) - 1])

    def _connective(self, head: str, operands: Any, place: str, depth: int) -> _Tree:
        if not isinstance(operands, list) or not operands:
            return self.wrong(f"{place}.{head}", "type", "this is a list of one or more conditions")
        return (
            head,
            [self.read(operand, f"{place}.{head}[{index}]", depth + 1) for index, operand in enumerate(operands)],
        )

    def _property(self, where: Mapping[str, Any], place: str) -> dict[str, Any] | None:
        name = where["property"]
        if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
            self.wrong(f"{place}.property", "name_length", f"a property's name has 1 to {MAX_NAME} characters")
            return None
        operators = [operator for operator in OPERATORS if operator in where]
        if len(operators) != 1:
            self.wrong(place, "operator", f"a leaf about a property has one of {', '.join(OPERATORS)}")
            return None
        (operator,) = operators
        self.names.add(name)
        self._operand(operator, where[operator], f"{place}.{operator}")
        return {"test": operator, "name": name, "value": where[operator]}

    def _operand(self, operator: str, value: Any, place: str) -> None:
        match operator:
            case "exists":
                if not isinstance(value, bool):
                    self.wrong(place, "type", "this is true or false")
            case "in":
                if not isinstance(value, list) or not value or not all(_scalar(item) for item in value):
                    self.wrong(place, "type", "this is a list of strings, numbers or booleans")
            case "greater_than" | "less_than":
                if not _scalar(value) or isinstance(value, bool):
                    self.wrong(place, "type", "this is a number or a string")
            case "is" | "is_not":
                if not _scalar(value) and not (isinstance(value, list) and all(_scalar(item) for item in value)):
                    self.wrong(place, "type", "this is a string, a number, a boolean, or a list of one of these")
            case _:
                if not _scalar(value):
                    self.wrong(place, "type", "this is a string, a number or a boolean")

    def _key(self, where: Mapping[str, Any], place: str) -> dict[str, Any] | None:
        if self.namespaces is not None and where["key"] not in self.namespaces.names:
            self.wrong(f"{place}.key", "key", f"a key is one of {', '.join(self.namespaces.names)}")
        if not isinstance(where.get("exists"), bool):
            self.wrong(f"{place}.exists", "type", "this is true or false")
        return {"test": "key", "name": where["key"], "value": where.get("exists")}

    def _kind(self, where: Mapping[str, Any], place: str) -> dict[str, Any] | None:
        if where["kind"] not in ("known", "anonymous"):
            self.wrong(f"{place}.kind", "kind", "a kind is known or anonymous")
        return {"test": "kind", "value": where["kind"]}

    def _event(self, where: Mapping[str, Any], place: str) -> dict[str, Any] | None:
        if not self.activity:
            self.wrong(f"{place}.event", "kind", "only dynamic_plus segments speak of events")
        name, at_least, within = where["event"], where.get("at_least", 1), where.get("within")
        if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
            self.wrong(f"{place}.event", "name_length", f"an event's name has 1 to {MAX_NAME} characters")
        if not isinstance(at_least, int) or isinstance(at_least, bool) or not 1 <= at_least < 2**31:
            self.wrong(f"{place}.at_least", "type", "this is a whole number, 1 or more")
        if within is not None and not is_duration(within):
            self.wrong(
                f"{place}.within",
                "duration",
                "this is an ISO 8601 duration, such as P30D or PT12H, of at most seven digits a part",
            )
        self.events.append({"name": name, "within": within})
        return {"test": "event", "index": len(self.events) - 1, "value": at_least}


def _scalar(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return -(2**63) <= value < 2**63
    return isinstance(value, str | float | bool)
