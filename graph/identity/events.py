"""Events as they come in: one model, one way to read it, for every door."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar, overload

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    StringConstraints,
    ValidationError,
)

from graph.errors import BadInput, FieldError, did_you_mean
from graph.identity.namespaces import BUILT_IN, DEFAULT_NAMESPACES, Namespaces
from graph.json import parse_json
from graph.model import MAX_NAME, TRACKER

MAX_EVENT_BYTES = 32 * 1024
MAX_MESSAGE_ID = 1024
MAX_KEYS = 20
"""Values of keys that one event may carry."""

_INT64 = 2**63

_LEAP_SECOND = re.compile(
    r"(?P<minute>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:)60(?P<rest>(\.\d+)?([Zz]|[+-]\d\d:\d\d))", re.ASCII
)
"""The second by which RFC 3339 lets the last minute of a day in UTC be longer."""


def _fits(value: int) -> int:
    if not -_INT64 <= value < _INT64:
        raise ValueError("whole numbers must fit 64 bits")
    return value


def _finite(value: float) -> float:
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("numbers must be finite")
    return value


def _written_time(value: object) -> object:
    # A bare number would be read as an epoch in a unit that nobody named.
    if value is not None and not isinstance(value, str | datetime):
        raise ValueError("times are RFC 3339 strings with an offset, such as 2026-11-22T10:00:00Z")
    if isinstance(value, str) and "T" not in value.upper() and " " not in value:
        raise ValueError("times are RFC 3339 strings with an offset, such as 2026-11-22T10:00:00Z")
    if isinstance(value, str) and (leap := _LEAP_SECOND.fullmatch(value)):
        return _after_leap_second(leap) or value
    return value


def _after_leap_second(leap: re.Match[str]) -> datetime | None:
    """Read a leap second as most clocks do, as the first second of the day after; None where there can be none."""
    try:
        before = datetime.fromisoformat(f"{leap['minute']}59{leap['rest']}".upper())
        moment = before.astimezone(UTC) + timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return moment if (moment.hour, moment.minute) == (0, 0) else None


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the time is out of range") from error


_VALUES = "a value is a string, a number, a boolean, null, or a list of one of these"


def _one_kind(value: object) -> object:
    """Check what a value is made of, once: the union of all it may be would name every item for every branch."""
    if isinstance(value, dict):
        raise ValueError(_VALUES)
    if not isinstance(value, list):
        return value
    if not all(isinstance(item, str | int | float) for item in value):
        raise ValueError(_VALUES)
    if any(isinstance(item, int) and not -_INT64 <= item < _INT64 for item in value):
        raise ValueError("whole numbers must fit 64 bits")
    kinds = {float if isinstance(item, int | float) and not isinstance(item, bool) else type(item) for item in value}
    if len(kinds) > 1:
        raise ValueError("a list holds values of one kind: strings, numbers or booleans")
    if kinds == {float} and any(isinstance(item, float) for item in value):
        # The database keeps a list in one type; whole numbers beside fractions become fractions.
        return [float(item) for item in value]
    return value


def _absent(value: object) -> object:
    return {} if value is None else value


def _unsaid(value: object) -> object:
    return False if value is None else value


Int64 = Annotated[StrictInt, AfterValidator(_fits)]
Finite = Annotated[StrictFloat, AfterValidator(_finite)]
Scalar = StrictBool | StrictStr | Int64 | Finite
Value = Annotated[
    Scalar | list[StrictBool] | list[StrictStr] | list[Int64] | list[Finite] | None,
    BeforeValidator(_one_kind),
]
Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=MAX_NAME)]
PropertyMap = Annotated[dict[Name, Value], BeforeValidator(_absent)]
Time = Annotated[AwareDatetime, BeforeValidator(_written_time), AfterValidator(_utc)]


KeyMap = Annotated[dict[StrictStr, StrictStr | list[StrictStr] | None], BeforeValidator(_absent)]
OldKeyMap = Annotated[dict[StrictStr, StrictStr | None], BeforeValidator(_absent)]
Flag = Annotated[StrictBool, BeforeValidator(_unsaid)]

_FIELDS = tuple(one.name for one in BUILT_IN)
_ONE = frozenset({TRACKER, "subscription"})
"""Namespaces of which an event carries one key."""


class Event(BaseModel):
    """What a browser, a server or a log says happened. Every field is optional."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "email": "ana@example.com",
                    "tracker_id": "t1",
                    "subscription": "s1",
                    "user_id": "42",
                    "properties": {"_name": "Ana"},
                    "event": "page_view",
                    "event_properties": {"url": "/"},
                    "occurred_at": "2026-11-22T10:00:00Z",
                    "message_id": "m1",
                }
            ]
        },
    )

    email: StrictStr | None = Field(None, description="Person key; an invalid one counts as absent.")
    tracker_id: StrictStr | None = Field(None, description="The cookie of one browser.")
    subscription: StrictStr | None = Field(None, description="A browser's push subscription on one device.")
    user_id: StrictStr | None = Field(None, description="The id that another system gives the person.")
    keys: KeyMap = Field(
        default_factory=dict,
        description="Keys by the name of their namespace, a value or a list of values each; the four fields above are "
        "the same as their namespace here. At most 20 values an event.",
    )
    properties: PropertyMap = Field(default_factory=dict, description="Written to the contact; null removes.")
    properties_once: PropertyMap = Field(
        default_factory=dict, description="Written only where the contact has none of the name and none was removed."
    )
    event: Name | None = Field(None, description="What happened; 'identify' when left out.")
    event_properties: PropertyMap = Field(default_factory=dict, description="Kept with the activity.")
    occurred_at: Time | None = Field(None, description="When it happened; when it was received if left out.")
    message_id: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=MAX_MESSAGE_ID)] | None = Field(
        None, description="The same id again changes nothing."
    )
    logout: Flag = Field(
        False,
        description="Whether somebody logged out on this device: the subscriptions that it last brought fall asleep.",
    )
    replaces: OldKeyMap = Field(
        default_factory=dict,
        description="The old subscription, by the name of its namespace, whose place the event's new one takes.",
    )

    linked_tracker: StrictStr | None = Field(
        None,
        description="The tracker that the same browser has on another domain of the site: a device key as well, asked "
        "after tracker_id.",
    )

    def carried(self, namespaces: Namespaces = DEFAULT_NAMESPACES) -> list[tuple[str, str]]:
        """List the keys that the event carries as they were sent, each with the name of its namespace."""
        if not self.keys:
            found = [(name, value) for name in _FIELDS if (value := getattr(self, name)) is not None]
            return found if self.linked_tracker is None else [*found, (TRACKER, self.linked_tracker)]
        said: dict[str, str | list[str] | None] = {
            name: value for name, value in self.keys.items() if name in namespaces
        }
        said |= {name: value for name in _FIELDS if (value := getattr(self, name)) is not None}
        if self.linked_tracker is not None:
            said[TRACKER] = [*_listed(said.get(TRACKER)), self.linked_tracker]
        # By the places of those that are said: a deployment may declare many that no event carries.
        return [
            (name, value)
            for name in sorted(said, key=namespaces.places.__getitem__)
            for value in dict.fromkeys(_listed(said[name]))
        ]


def _listed(value: str | list[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


def _key_errors(event: Event, namespaces: Namespaces) -> Iterator[FieldError]:
    """Find what is wrong with the keys of an event: names and numbers, for a value never makes an event wrong."""
    for name, said in event.keys.items():
        place, values = f"keys.{name}", _listed(said)
        if name not in namespaces:
            yield FieldError(
                place, "unknown_field", "there is no such namespace" + did_you_mean(name, namespaces.names)
            )
            continue
        if name in _ONE and len(values) > 1:
            yield FieldError(place, "one", "an event carries one of these")
        if name in _FIELDS and values and getattr(event, name) not in (None, *values[:1][: len(values) == 1]):
            yield FieldError(place, "different", f"this says something else than {name}")
    carried = event.carried(namespaces)
    for name in event.replaces:
        place = f"replaces.{name}"
        if name not in namespaces or not namespaces[name].is_subscription:
            yield FieldError(place, "unknown_field", "there is no such namespace of subscriptions")
        elif sum(one == name for one, _ in carried) != 1:
            yield FieldError(place, "new", f"the event carries the one new {name} that takes its place")
    if len(carried) > MAX_KEYS:
        yield FieldError("keys", "too_many", f"an event carries at most {MAX_KEYS} values of keys")


class TrackedEvent(Event):
    """An event read from a message of the tracking specification, which says what no event of ours can."""

    previous_id: StrictStr | None = Field(None, description="Of an alias: who it was before.")
    may_unite: bool = Field(True, description="Whether an alias may make two persons one.")
    groups: PropertyMap = Field(
        default_factory=dict, description="Added to what the contact has of the name: one of several groups."
    )


E = TypeVar("E", bound=Event)


@overload
def read_event(raw: bytes | Mapping[str, Any], *, namespaces: Namespaces = DEFAULT_NAMESPACES) -> Event: ...
@overload
def read_event(raw: bytes | Mapping[str, Any], model: type[E], *, namespaces: Namespaces = DEFAULT_NAMESPACES) -> E: ...
def read_event(
    raw: bytes | Mapping[str, Any], model: type[Event] = Event, *, namespaces: Namespaces = DEFAULT_NAMESPACES
) -> Event:
    """Read one event from JSON text or from a parsed object.

    Parameters
    ----------
    namespaces
        What ``keys`` may name.

    Raises
    ------
    BadInput
        With every field that is wrong; an event is at most 32 KiB of JSON.
    """
    try:
        size = len(raw if isinstance(raw, bytes) else orjson.dumps(raw))
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise BadInput([FieldError("", "json", f"this is not JSON in UTF-8: {error}")]) from error
    if size > MAX_EVENT_BYTES:
        raise BadInput(
            [FieldError("", "too_large", f"an event is at most {MAX_EVENT_BYTES} bytes, this one has {size}")]
        )
    parsed = parse_json(raw) if isinstance(raw, bytes) else raw
    if not isinstance(parsed, Mapping):
        raise BadInput([FieldError("", "type", "an event is a JSON object")])
    try:
        event = model.model_validate(parsed)
    except ValidationError as error:
        raise BadInput(field_errors(error, model)) from error
    if (event.keys or event.replaces) and (wrong := list(_key_errors(event, namespaces))):
        raise BadInput(wrong)
    return event


def field_errors(error: ValidationError, model: type[BaseModel] | None = None) -> list[FieldError]:
    """Turn pydantic's findings into ours: one for each field, in the words of the contract.

    Parameters
    ----------
    model
        What was read: for a field that it has not, the one that was probably meant is named.
    """
    found: dict[str, FieldError] = {}
    for item in error.errors(include_url=False, include_input=False):
        place = _place(item["loc"])
        if place not in found:
            rule, message = _in_words(item, place)
            if item["type"] == "extra_forbidden" and model is not None and len(item["loc"]) == 1:
                message += did_you_mean(place, field_names(model))
            found[place] = FieldError(place, rule, message)
    return list(found.values())


def field_names(model: type[BaseModel]) -> list[str]:
    """List the fields of a model as they are sent."""
    return [field.alias or name for name, field in model.model_fields.items()]


_UNION_TAGS = frozenset({"bool", "str", "int", "float", "[key]"})


def _place(location: tuple[int | str, ...]) -> str:
    place = ""
    for index, part in enumerate(location):
        # pydantic names the branches of a union in the location; they are no part of the input.
        if (
            index > 1
            and isinstance(part, str)
            and (part in _UNION_TAGS or part.startswith(("list[", "function-", "constrained-")))
        ):
            break
        place += f"[{part}]" if isinstance(part, int) else (f".{part}" if place else part)
    return place


def _in_words(item: Mapping[str, Any], place: str) -> tuple[str, str]:
    kind = item["type"]
    if kind == "extra_forbidden":
        return "unknown_field", "there is no such field"
    if kind == "missing":
        return "missing", "must be given"
    if place.startswith(("properties.", "event_properties.", "data.")):
        if kind in ("string_too_short", "string_too_long"):
            return "name_length", f"names have 1 to {MAX_NAME} characters"
        if kind == "value_error":
            return "value", str(item["ctx"]["error"])
        return "value", _VALUES
    if kind in ("string_too_short", "string_too_long"):
        limit = MAX_MESSAGE_ID if place == "message_id" else MAX_NAME
        return "length", f"this has 1 to {limit} characters"
    if kind in ("string_type", "dict_type", "bool_type", "int_type", "list_type"):
        return "type", {
            "string_type": "must be a string",
            "dict_type": "must be an object of names and values",
            "bool_type": "must be true or false",
            "int_type": "must be a whole number",
            "list_type": "must be a list",
        }[kind]
    if kind in ("greater_than_equal", "less_than_equal"):
        low = item["ctx"].get("ge")
        return kind, f"must be {low} or more" if low is not None else f"must be {item['ctx']['le']} or less"
    if kind == "value_error":
        return ("time" if place.endswith("_at") else "value"), str(item["ctx"]["error"])
    if kind in ("literal_error", "enum"):
        return "value", f"must be one of {item['ctx']['expected']}"
    if kind.startswith(("datetime", "timezone")):
        return "time", "times are RFC 3339 strings with an offset, such as 2026-11-22T10:00:00Z"
    return kind, item["msg"]
