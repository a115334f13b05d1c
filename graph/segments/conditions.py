"""The condition language of segments and offers: read, validated, and compiled to parameters of a fixed statement.

A condition becomes a *program*: its leaves, and the connectives above them in an order in which each comes after
what it connects. One Cypher statement runs any program, so no value, no name and no structure is ever part of a
statement's text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from graph.errors import BadInput, FieldError
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.model import MAX_NAME

MAX_DEPTH = 20
MAX_LEAVES = 200

OPERATORS = (
    "is",
    "is_not",
    "in",
    "contains",
    "greater_than",
    "less_than",
    "is_before",
    "is_after",
    "older_than",
    "exists",
)

# At most seven digits each: no sum of such parts leads before the first time that the database can count from.
_DURATION = re.compile(
    r"P(?=\d|T\d)(\d{1,7}Y)?(\d{1,7}M)?(\d{1,7}W)?(\d{1,7}D)?"
    r"(T(?=\d)(\d{1,7}H)?(\d{1,7}M)?(\d{1,7}(\.\d{1,9})?S)?)?",
    re.ASCII,
)
_TIME = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d))?", re.ASCII)
_FARTHEST_OFFSET = timedelta(hours=18)
"""The database knows no clock that is farther from UTC."""

_ESCAPES = [[orjson.dumps(chr(code))[1:-1].decode(), chr(code)] for code in range(32)]
"""How the JSON text of an event's property writes control characters. Statements must not hold these escapes: Cypher
replaces them anywhere in its text."""

_A_DURATION = "must be an ISO 8601 duration, such as P30D or PT12H, of at most seven digits a part"
_FORMS = (
    "a condition is {'all': […]}, {'any': […]}, {'not': …}, or a leaf about a 'property', a 'key', the 'kind' "
    "or (in dynamic_plus segments) an 'event'"
)
_FORMS_OF_OFFERS = f"{_FORMS}, the call's 'context', a 'segment', or whose visitor: 'visitor_of'"
_HEADS: tuple[str, ...] = ("all", "any", "not", "property", "key", "kind", "event", "visitor_of")
_HEADS_OF_OFFERS: tuple[str, ...] = (*_HEADS, "context", "segment")
_FORMS_OF_EVENTS = (
    "what an event's properties are asked is {'all': […]}, {'any': […]}, {'not': …}, or a leaf about a 'property'"
)


@dataclass(frozen=True, slots=True)
class OffersScope:
    """What only the conditions of offers may speak of, beside what those of segments do.

    Attributes
    ----------
    segments
        By name: the kind of a segment, and its condition.
    environments
        Whose visitors somebody may be; None where that was checked before.
    """

    segments: Mapping[str, tuple[str, Any]]
    environments: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled condition, in the form in which the database gets it.

    Attributes
    ----------
    names
        The properties that it speaks of.
    events
        Whose activities are counted: ``{name, within, where}``, where ``where`` is None or the program
        ``{names, leaves, nodes}`` that their properties run, with the ``escapes`` by which their text is read.
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
        return {
            "names": self.names,
            "events": self.events,
            "leaves": self.leaves,
            "nodes": self.nodes,
            "did": self.did(),
        }

    def did(self) -> list[str] | None:
        """Return events of which whoever meets the condition did one; None where others may meet it.

        >>> buyers = {"event": "purchase"}
        >>> compile_condition({"all": [{"kind": "known"}, buyers]}, activity=True).did()
        ['purchase']
        >>> compile_condition({"any": [{"kind": "known"}, buyers]}, activity=True).did()
        >>> compile_condition({"not": buyers}, activity=True).did()
        """
        # Of each leaf and node: whether it may be true, and whether it may be false, of somebody who did none of them.
        may = [(leaf["test"] != "event", True) for leaf in self.leaves]
        for node in self.nodes:
            true, false = zip(*(may[place] for place in node["of"]), strict=True)
            match node["op"]:
                case "all":
                    may.append((all(true), any(false)))
                case "any":
                    may.append((any(true), all(false)))
                case _:
                    may.append((any(false), any(true)))
        return None if may[-1][0] else sorted({event["name"] for event in self.events})


def is_duration(value: Any) -> bool:
    """Return whether this is an ISO 8601 duration that the database can take from a time."""
    return isinstance(value, str) and len(value) < 50 and _DURATION.fullmatch(value) is not None


def time_of(value: Any) -> str | None:
    """Return an RFC 3339 time, or the midnight in UTC of a date, as the database reads it; None for anything else."""
    if not isinstance(value, str) or len(value) > 40 or not _TIME.fullmatch(value):
        return None
    written = value.upper().replace(" ", "T")
    written = written if "T" in written else f"{written}T00:00:00Z"
    try:
        offset = datetime.fromisoformat(written).utcoffset()
    except ValueError:
        return None
    return written if offset is not None and abs(offset) <= _FARTHEST_OFFSET else None


def compile_condition(
    where: Any,
    *,
    activity: bool,
    place: str = "where",
    namespaces: Namespaces | None = DEFAULT_NAMESPACES,
    offers: OffersScope | None = None,
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
    offers
        For an offer's condition: what it may speak of beside. What of the call its leaves ask has the mark ``context``.

    Raises
    ------
    BadInput
        With every mistake and its place, such as ``where.all[1].is``.
    """
    reader = _Reader(activity, namespaces, offers)
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
    def __init__(self, activity: bool, namespaces: Namespaces | None, offers: OffersScope | None = None) -> None:
        self.activity = activity
        self.namespaces = namespaces
        self.offers = offers
        self.errors: list[FieldError] = []
        self.leaves: list[dict[str, Any]] = []
        self.names: set[str] = set()
        self.events: list[dict[str, Any]] = []
        self.others = 0  # leaves that belong to the same condition and not to this program
        self.heads, self.forms = (_HEADS, _FORMS) if offers is None else (_HEADS_OF_OFFERS, _FORMS_OF_OFFERS)

    def of_event(self) -> "_Reader":
        """Return a reader of what an event's properties are asked, a part of the same condition."""
        reader = _Reader(False, None)
        reader.errors, reader.others = self.errors, self.others + len(self.leaves) + 1
        reader.heads, reader.forms = ("all", "any", "not", "property"), _FORMS_OF_EVENTS
        return reader

    def wrong(self, place: str, rule: str, message: str) -> _Tree:
        self.errors.append(FieldError(place, rule, message))
        return 0

    def read(self, where: Any, place: str, depth: int) -> _Tree:
        if not isinstance(where, Mapping):
            return self.wrong(place, "type", self.forms)
        if depth > MAX_DEPTH:
            return self.wrong(place, "depth", f"conditions are nested at most {MAX_DEPTH} deep")
        if self.others + len(self.leaves) >= MAX_LEAVES:
            return self.wrong(place, "size", f"a condition has at most {MAX_LEAVES} leaves")
        heads = [name for name in _HEADS_OF_OFFERS if name in where]
        if len(heads) != 1 or heads[0] not in self.heads:
            return self.wrong(place, "form", self.forms)
        head = heads[0]
        allowed = {
            "property": {"property", *OPERATORS},
            "context": {"context", *OPERATORS},
            "key": {"key", "exists"},
            "event": {"event", "where", "at_least", "within"},
        }.get(head, {head})
        for name in where:
            if name not in allowed:
                self.wrong(f"{place}.{name}", "unknown_field", f"a condition with {head!r} has no such field")
        if head in ("all", "any"):
            return self._connective(head, where[head], place, depth)
        if head == "not":
            return ("not", [self.read(where["not"], f"{place}.not", depth + 1)])
        if head == "segment":
            return self._segment(where["segment"], f"{place}.segment")
        leaf = self._event(where, place, depth) if head == "event" else getattr(self, f"_{head}")(where, place)
        self.leaves.append(leaf or {})
        # A leaf alone is a program too: every tree ends in a node.
        return len(self.leaves) - 1 if depth > 1 else ("all", [len(self.leaves) - 1])

    def _connective(self, head: str, operands: Any, place: str, depth: int) -> _Tree:
        if not isinstance(operands, list) or not operands:
            return self.wrong(f"{place}.{head}", "type", "must be a list of one or more conditions")
        return (
            head,
            [self.read(operand, f"{place}.{head}[{index}]", depth + 1) for index, operand in enumerate(operands)],
        )

    def _segment(self, name: Any, place: str) -> _Tree:
        """Return the leaf of a list, or put a dynamic segment's own condition in its place."""
        assert self.offers is not None
        if not isinstance(name, str) or name not in self.offers.segments:
            if self.offers.environments is not None:
                return self.wrong(place, "unknown_segment", f"there is no segment {name!r}")
            # It was there when this was said: nobody is in a segment that is gone.
            self.leaves.append({"test": "kind", "value": None})
            return ("all", [len(self.leaves) - 1])
        kind, where = self.offers.segments[name]
        if kind == "static":
            self.leaves.append({"test": "listed", "name": name})
            return ("all", [len(self.leaves) - 1])
        reader = _Reader(True, None)
        # Checked when the segment was defined, as large as a condition may be by itself.
        reader.leaves, reader.names, reader.events = self.leaves, self.names, self.events
        reader.others = -len(self.leaves)
        return ("all", [reader.read(where, place, 1)])

    def _context(self, where: Mapping[str, Any], place: str) -> dict[str, Any] | None:
        leaf = self._tested(where, "context", place)
        return None if leaf is None else leaf | {"context": True}

    def _visitor_of(self, where: Mapping[str, Any], place: str) -> dict[str, Any]:
        name = where["visitor_of"]
        if not self.activity:
            self.wrong(f"{place}.visitor_of", "kind", "only dynamic_plus segments speak of visits")
        if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
            self.wrong(f"{place}.visitor_of", "name_length", "this is the name of an anonymous environment")
        elif self.offers is not None and self.offers.environments is not None and name not in self.offers.environments:
            self.wrong(f"{place}.visitor_of", "unknown_environment", f"there is no anonymous environment {name!r}")
        return {"test": "visitor_of", "name": name}

    def _property(self, where: Mapping[str, Any], place: str) -> dict[str, Any] | None:
        leaf = self._tested(where, "property", place)
        if leaf is not None:
            self.names.add(leaf["name"])
        return leaf

    def _tested(self, where: Mapping[str, Any], head: str, place: str) -> dict[str, Any] | None:
        name = where[head]
        if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
            self.wrong(f"{place}.{head}", "name_length", f"a property's name has 1 to {MAX_NAME} characters")
            return None
        operators = [operator for operator in OPERATORS if operator in where]
        if len(operators) != 1:
            self.wrong(place, "operator", f"a leaf about a property has one of {', '.join(OPERATORS)}")
            return None
        (operator,) = operators
        self._operand(operator, where[operator], f"{place}.{operator}")
        return {"name": name, **_test(operator, where[operator])}

    def _operand(self, operator: str, value: Any, place: str) -> None:
        match operator:
            case "exists":
                if not isinstance(value, bool):
                    self.wrong(place, "type", "must be true or false")
            case "in":
                if not isinstance(value, list) or not value or not all(_scalar(item) for item in value):
                    self.wrong(place, "type", "must be a list of strings, numbers or booleans")
            case "greater_than" | "less_than":
                if not _scalar(value) or isinstance(value, bool):
                    self.wrong(place, "type", "must be a number or a string")
            case "is_before" | "is_after":
                if time_of(value) is None and not (isinstance(value, str) and is_duration(value.removeprefix("-"))):
                    self.wrong(
                        place,
                        "time",
                        "must be an ISO 8601 duration from now, such as P30D, or -P30D for the past, or an RFC 3339 "
                        "time or date",
                    )
            case "older_than":
                if not is_duration(value):
                    self.wrong(place, "duration", _A_DURATION)
            case "is" | "is_not":
                if not _scalar(value) and not (isinstance(value, list) and all(_scalar(item) for item in value)):
                    self.wrong(place, "type", "must be a string, a number, a boolean, or a list of one of these")
            case _:
                if not _scalar(value):
                    self.wrong(place, "type", "must be a string, a number or a boolean")

    def _key(self, where: Mapping[str, Any], place: str) -> dict[str, Any] | None:
        if self.namespaces is not None and where["key"] not in self.namespaces.names:
            self.wrong(f"{place}.key", "key", f"a key is one of {', '.join(self.namespaces.names)}")
        if not isinstance(where.get("exists"), bool):
            self.wrong(f"{place}.exists", "type", "must be true or false")
        return {"test": "key", "name": where["key"], "value": where.get("exists")}

    def _kind(self, where: Mapping[str, Any], place: str) -> dict[str, Any] | None:
        if where["kind"] not in ("known", "anonymous"):
            self.wrong(f"{place}.kind", "kind", "a kind is known or anonymous")
        return {"test": "kind", "value": where["kind"]}

    def _event(self, where: Mapping[str, Any], place: str, depth: int) -> dict[str, Any] | None:
        if not self.activity:
            self.wrong(f"{place}.event", "kind", "only dynamic_plus segments speak of events")
        name, at_least, within = where["event"], where.get("at_least", 1), where.get("within")
        if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
            self.wrong(f"{place}.event", "name_length", f"an event's name has 1 to {MAX_NAME} characters")
        if not isinstance(at_least, int) or isinstance(at_least, bool) or not 1 <= at_least < 2**31:
            self.wrong(f"{place}.at_least", "type", "must be a whole number, 1 or more")
        if within is not None and not is_duration(within):
            self.wrong(f"{place}.within", "duration", _A_DURATION)
        asked = self._of_event(where["where"], f"{place}.where", depth) if "where" in where else None
        self.events.append({"name": name, "within": within, "where": asked})
        return {"test": "event", "index": len(self.events) - 1, "value": at_least}

    def _of_event(self, where: Any, place: str, depth: int) -> dict[str, Any]:
        reader = self.of_event()
        # As deep as the leaf that it belongs to, but read as a whole: it ends in a node of its own.
        tree = reader.read(where, place, depth + 1)
        self.others += len(reader.leaves)
        program = Program(sorted(reader.names), [], reader.leaves, [])
        _flatten(tree if isinstance(tree, tuple) else ("all", [tree]), program)
        return {"names": program.names, "leaves": program.leaves, "nodes": program.nodes, "escapes": _ESCAPES}


def _test(operator: str, value: Any) -> dict[str, Any]:
    """Compile what a leaf asks of a property; times are counted from now when it is evaluated."""
    match operator:
        case "greater_than" | "less_than":
            return {"test": operator, "value": value, "time": time_of(value)}
        case "is_before" | "is_after" if isinstance(value, str):
            if (at := time_of(value)) is not None:
                return {"test": operator, "time": at}
            return {"test": operator, "past" if value.startswith("-") else "ahead": value.removeprefix("-")}
        case "older_than":
            return {"test": "is_before", "past": value}
        case _:
            return {"test": operator, "value": value}


def _scalar(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return -(2**63) <= value < 2**63
    return isinstance(value, str | float | bool)
