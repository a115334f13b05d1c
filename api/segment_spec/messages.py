"""Messages of the Segment tracking specification, read as events. Pure: nothing is looked up, nothing is written.

The mapping is the table of docs/segment.md; tests/cases/segment.ndjson has it as cases. Whatever an event has no
place for stays with its activity, under the dotted name of where it stood in the message.
"""

import gzip
import hashlib
import json
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from api.segment_spec.further_keys import further_keys
from graph.errors import BadInput, FieldError, TooLarge
from graph.identity.events import MAX_EVENT_BYTES, MAX_MESSAGE_ID, TrackedEvent, read_event
from graph.identity.keys import DEFAULT_BLOCK_LIST, MAX_KEY, InvalidKey, normalise
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.logs.ndjson import BYTE_ORDER_MARK
from graph.model import MAX_NAME, KeyName

KINDS = ("identify", "track", "page", "screen", "group", "alias")

MESSAGE_PATHS = {f"/v1/{name}": kind for kind in KINDS for name in (kind, kind[0])}
"""Where one message is taken, and of which kind: by its name, and by the letter that browser SDKs use."""
BATCH_PATHS = ("/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch")
"""Where many are: the last is RudderStack's, for what a page sends while it is left."""
METRICS_PATH = "/v1/m"
"""Where Segment's browser SDK tells how it fares itself."""


def with_and_without_slash(path: str) -> tuple[str, str]:
    """Return both spellings of an address: some SDKs end it in a slash."""
    return path, f"{path}/"


TRACKING_PATHS = frozenset(
    spelling for path in (*MESSAGE_PATHS, *BATCH_PATHS) for spelling in with_and_without_slash(path)
)
"""Every address that takes messages with a write key."""

MAX_REQUEST_BYTES = 5 * 1024 * 1024
"""Of a body, before and after unpacking: Segment's SDKs send up to 500 KB at once, RudderStack's up to 4 MiB."""
MAX_MESSAGES = 5_000
CUT = "kinfold.cut"
"""The event property that names what was cut or left out for the event to fit."""

_MAX_SHARED_BYTES = 4 * MAX_REQUEST_BYTES
"""How much the context of a batch may come to when every one of its messages gets a copy."""
_MAX_DEPTH = 12
_MAX_TEXT_DEPTH = 50
_MAX_PREFIX = 4 * MAX_NAME
_MAX_ITEMS = MAX_EVENT_BYTES // 2
"""A list of more items does not fit into any event."""
_MAX_CUT = 200
"""After so many leaves that did not fit, what is left of a message is not looked at."""
_MAX_TIME = 64
_MAX_MEMBERS = 16
_LONG_TEXT = 512
_CUT_BYTES = 2048
_INT64 = 2**63
_AHEAD = timedelta(seconds=2)
_BEHIND = timedelta(minutes=1)
"""How far a clock may seem to be ahead of ours, or behind it, and is taken as right. What seems behind is mostly the
request's way here, which is another one for each batch: correcting by it would let what was captured first and sent
slowly overtake what came after."""
_FIRST_YEAR = datetime(2000, 1, 1, tzinfo=UTC)
"""No SDK sent anything before: an earlier time of sending is a zero of some language."""


class BadMessage(BadInput):
    """What cannot be read as a message at all. SDKs drop what is answered with 400 and send nothing again."""

    status = 400
    code = "bad_message"
    title = "This is no message of the tracking specification"


class UnknownEncoding(BadInput):
    """A body that is packed in a way that is not understood."""

    status = 415
    code = "unknown_encoding"
    title = "The body's encoding is not understood"


def unpack(body: bytes, encoding: str) -> bytes:
    """Undo a body's Content-Encoding, never holding more than the limit.

    Raises
    ------
    UnknownEncoding
        When it is neither gzip nor none.
    TooLarge
        When the body is larger than the limit once unpacked.
    BadMessage
        When it is not what it says.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise UnknownEncoding([FieldError("", "encoding", "a body comes as it is, or with Content-Encoding: gzip")])
    unpacked = b""
    members = 0
    while body:
        members += 1
        if members > _MAX_MEMBERS:
            raise _bad("", "gzip", f"a body is one gzip stream, or up to {_MAX_MEMBERS}")
        stream = zlib.decompressobj(wbits=31)
        try:
            unpacked += stream.decompress(body, MAX_REQUEST_BYTES + 1 - len(unpacked))
        except (zlib.error, gzip.BadGzipFile) as error:
            raise _bad("", "gzip", "this is not gzip, although it says so") from error
        if len(unpacked) > MAX_REQUEST_BYTES:
            message = f"a body is at most {MAX_REQUEST_BYTES} bytes once unpacked"
            raise TooLarge([FieldError("", "too_large", message)])
        if not stream.eof:
            raise _bad("", "gzip", "the gzip stream ends too early")
        body = stream.unused_data
    return unpacked


def parse(body: bytes) -> dict[str, Any]:
    """Read a body as a JSON object.

    What JSON lacks and Python's and other libraries write all the same is read as text: one ``NaN`` is no reason to
    lose the batch that it is in.

    Raises
    ------
    BadMessage
        When it is none.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            parsed = json.loads(body.decode(), parse_constant=str)
        except (ValueError, RecursionError):
            raise _bad("", "json", f"this is not JSON in UTF-8: {error}") from error
    if not isinstance(parsed, dict):
        raise _bad("", "type", "must be a JSON object")
    return parsed


def read_batch(
    body: Mapping[str, Any], received_at: datetime, namespaces: Namespaces = DEFAULT_NAMESPACES
) -> list[TrackedEvent | BadMessage]:
    """Read the messages of a batch; what is wrong with one stands in its place.

    Raises
    ------
    BadMessage
        When there is no list of messages, or one that is too long.
    TooLarge
        When the context that they share is too large to be copied into every one of them.
    """
    messages = body.get("batch")
    if not isinstance(messages, list):
        raise _bad("batch", "type", "must be a list of messages")
    if len(messages) > MAX_MESSAGES:
        raise _bad("batch", "too_many", f"a batch holds at most {MAX_MESSAGES} messages, this one has {len(messages)}")
    if isinstance(context := body.get("context"), dict):
        room = _MAX_SHARED_BYTES // max(1, len(messages))
        if len(messages) > 1 and _is_larger(context, room):
            message = f"the context of {len(messages)} messages is at most {room} bytes"
            raise TooLarge([FieldError("context", "too_large", message)])
    return [_one_of(message, body, received_at, namespaces) for message in messages]


def _is_larger(tree: object, room: int) -> bool:
    """Return whether a tree takes more than so many bytes, looking no further than it takes to know."""
    left = [iter((tree,))]
    while left:
        item = next(left[-1], None)
        if item is None:  # the end; a null weighs nothing
            left.pop()
        elif isinstance(item, dict):
            room -= sum(len(name) + 4 for name in item)
            left.append(iter(item.values()))
        elif isinstance(item, list):
            room -= 2 * len(item)
            left.append(iter(item))
        else:
            room -= len(item) if isinstance(item, str) else 1
        if room < 0:
            return True
    return False


def _one_of(
    message: object, body: Mapping[str, Any], received_at: datetime, namespaces: Namespaces
) -> TrackedEvent | BadMessage:
    if not isinstance(message, dict):
        return _bad("", "type", "a message is an object")
    kind = message.get("type")
    kind = kind.strip().lower() if isinstance(kind, str) else kind
    if kind not in KINDS:
        return _bad("type", "value", f"must be one of {', '.join(KINDS)}")
    shared = {"context": body["context"]} if isinstance(body.get("context"), dict) else {}
    if isinstance(message.get("context"), dict):
        shared["context"] = {**shared.get("context", {}), **message["context"]}
    # The batch's own time of sending is that of this request; a message may carry that of an earlier one.
    return read_message(kind, {**message, **shared}, received_at, sent_at=body.get("sentAt"), namespaces=namespaces)


def read_message(
    kind: str,
    message: Mapping[str, Any],
    received_at: datetime,
    *,
    sent_at: object = None,
    namespaces: Namespaces = DEFAULT_NAMESPACES,
) -> TrackedEvent:
    """Read one message as an event.

    Parameters
    ----------
    kind
        One of ``KINDS``.
    message
        The JSON object; nothing in it is so wrong that there is no event.
    received_at
        When it arrived, by this machine's clock.
    sent_at
        When the request was sent, by the sender's clock; the message's own ``sentAt`` if left out.
    namespaces
        Those of the deployment: what they say of where their keys stand is read too.
    """
    rest = dict(message)
    for name in ("type", "writeKey"):
        rest.pop(name, None)
    traits = _take_traits(kind, rest)
    previous = _take_previous(rest) if kind == "alias" else None
    event: dict[str, Any] = {
        **{str(key): value for key, value in _take_keys(rest, traits, previous).items()},
        "event": _take_name(kind, rest),
        "message_id": _take_message_id(rest),
        "occurred_at": _take_time(rest, sent_at, received_at),
        "previous_id": previous,
    }
    if kind == "group" and (group := _text(rest.get("groupId"))) is not None and len(group) <= _LONG_TEXT:
        event["groups"] = {"groupId": group}
    event = {name: value for name, value in event.items() if value is not None}
    if further := further_keys(message, namespaces, event):
        event["keys"] = further
    own = rest.pop("properties") if isinstance(rest.get("properties"), dict) else {}
    fitting = _Fitting(MAX_EVENT_BYTES - _CUT_BYTES - len(orjson.dumps(event)))
    properties = fitting.fit(_leaves(traits.said, whole_lists=True))
    cached = ((name, value) for name, value in _leaves(traits.cached, whole_lists=True) if value is not None)
    once = fitting.fit((name, value) for name, value in cached if _name(name) not in properties)
    kept = fitting.fit(_leaves(own))
    context = {"context": rest.pop("context")} if "context" in rest else {}
    # An SDK fills empty places with null; nothing is told by that.
    kept = fitting.fit(((name, value) for name, value in _leaves(rest) if value is not None), kept)
    kept = fitting.fit(((name, value) for name, value in _leaves(context) if value is not None), kept)
    if fitting.cut:
        kept[CUT] = _as_many_as_fit(fitting.cut)
    whole = event | {"properties": properties, "properties_once": once, "event_properties": kept}
    return read_event(whole, TrackedEvent, namespaces=namespaces)


@dataclass(slots=True)
class _Traits:
    """What a message says of the person.

    Attributes
    ----------
    said
        Said by this call.
    cached
        Repeated by the SDK from its memory of the last identify on that device, which may be long ago.
    """

    said: dict[str, Any]
    cached: dict[str, Any]

    def take_text(self, name: str) -> str | None:
        """Take a trait that is a text, or nothing at all, out of both."""
        found: str | None = None
        for traits in (self.said, self.cached):
            text = _text(traits.get(name))
            if text is not None or traits.get(name, ...) is None:
                del traits[name]
            found = found or text
        return found


def _take_traits(kind: str, rest: dict[str, Any]) -> _Traits:
    """Take the person's traits out of the message; a group's own stay, and so do ids that are not the message's."""
    cached: dict[str, Any] = {}
    said: dict[str, Any] = {}
    if isinstance(rest.get("context"), dict):
        context = rest["context"] = dict(rest["context"])
        if isinstance(context.get("traits"), dict):
            cached = _without_ids(context.pop("traits"), rest, "context.traits")
    if kind != "group" and isinstance(rest.get("traits"), dict):
        said = _without_ids(rest.pop("traits"), rest, "traits")
    if kind == "identify":  # RudderStack's SDKs put the traits of an identify into the context
        return _Traits(cached | said, {})
    return _Traits(said, {name: value for name, value in cached.items() if name not in said})


def _without_ids(traits: dict[str, Any], rest: dict[str, Any], place: str) -> dict[str, Any]:
    """Leave out the ids that SDKs repeat among the traits: they are keys, and no facts about the person."""
    own = {text for name in ("userId", "anonymousId") if (text := _text(rest.get(name))) is not None}
    kept = dict(traits)
    for name in ("userId", "anonymousId", "id"):
        if name not in kept or (name == "id" and _text(kept["id"]) not in own):
            continue
        value = kept.pop(name)
        if value is not None and _text(value) not in own:
            rest[f"{place}.{name}"] = value
    return kept


def _take_previous(rest: dict[str, Any]) -> str | None:
    """Read who an alias says it was before; whoever that turns out to be, the activity keeps what was said."""
    previous = _take_text(rest, "previousId")
    if previous is None:
        return None
    rest["previousId"] = previous
    return previous.strip()[: MAX_KEY + 1]


def _take_keys(rest: dict[str, Any], traits: _Traits, previous: str | None) -> dict[KeyName, str]:
    keys: dict[KeyName, str] = {}
    aside: dict[str, str] = {}

    def take(key: KeyName, value: str, name: str) -> None:
        try:
            normalise(key, value)
        except InvalidKey:
            # It is handed on, since the answer names what was set aside; a long one no longer than shows it to be so.
            aside[name] = value
            value = value.strip()[: MAX_KEY + 1]
        keys[key] = value

    address = traits.take_text("email")
    if (user := _take_text(rest, "userId")) is not None:
        take("user_id", user, "userId")
        if _is_email(user) and (address is None or not _names_a_mailbox(address)):
            keys["email"] = user
            if address is not None:
                aside["traits.email"] = address
    if address is not None and "email" not in keys:
        take("email", address, "traits.email")
    if (tracker := _take_text(rest, "anonymousId")) is not None:
        take("tracker_id", tracker, "anonymousId")
        if previous is not None and tracker != previous:
            aside["anonymousId"] = tracker  # the previousId may turn out to be the tracker
    device = rest["context"].get("device") if isinstance(rest.get("context"), dict) else None
    if isinstance(device, dict):
        rest["context"]["device"] = device = dict(device)
        if (token := _take_text(device, "token")) is not None:
            take("subscription", token, "context.device.token")
    rest |= aside
    return keys


def _take_name(kind: str, rest: dict[str, Any]) -> str:
    if kind != "track":
        return kind
    name = _text(rest.get("event"))
    if name is None:
        return kind
    if len(name) > MAX_NAME:
        return name[:MAX_NAME]  # the whole of it stays among the event's properties
    del rest["event"]
    return name


def _take_message_id(rest: dict[str, Any]) -> str | None:
    message_id = _take_text(rest, "messageId")
    if message_id is None or len(message_id) <= MAX_MESSAGE_ID:
        return message_id
    return f"sha256:{hashlib.sha256(message_id.encode()).hexdigest()}"


def _take_time(rest: dict[str, Any], sent_at: object, received_at: datetime) -> datetime | None:
    """Return when it happened by this machine's clock, given when it happened and was sent by the sender's."""
    sent = _time_of_sending(sent_at) or _time_of_sending(rest.get("sentAt"))
    # A message of an archive says when it was received then; the time of its replay has nothing to do with its clock.
    received = _time(rest.get("receivedAt")) if _time_of_sending(rest.get("sentAt")) else None
    if received is not None:
        sent = _time_of_sending(rest.get("sentAt"))
    rest.pop("sentAt", None)
    name = "timestamp" if _time(rest.get("timestamp")) else "originalTimestamp"
    said = _time(rest.get(name))
    if said is None:
        return None
    skew = (received or received_at) - sent if sent else timedelta()
    is_right = -_AHEAD < skew < _BEHIND
    try:
        # Nothing happens after it was heard of, whatever a clock says.
        occurred = min(received_at, said if is_right else said + skew)
    except OverflowError:
        occurred = received_at
    if abs(occurred - said) < _AHEAD:
        rest.pop(name)
    else:
        rest["originalTimestamp"] = rest.pop(name)
    return occurred


def _time_of_sending(value: object) -> datetime | None:
    sent = _time(value)
    return None if sent is None or sent < _FIRST_YEAR else sent


def _time(value: object) -> datetime | None:
    if not isinstance(value, str) or len(text := value.strip()) > _MAX_TIME:
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_email(text: str) -> bool:
    try:
        normalise("email", text)
    except InvalidKey:
        return False
    return True


def _names_a_mailbox(address: str) -> bool:
    return _is_email(address) and not DEFAULT_BLOCK_LIST.blocks("email", address.strip())


def _text(value: object) -> str | None:
    """Read an id as text: numbers too, which is what many databases number people with."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float):
        return str(value)
    return _well_formed(value) if isinstance(value, str) and value.strip() else None


def _take_text(rest: dict[str, Any], name: str) -> str | None:
    text = _text(rest.get(name))
    if text is not None or rest.get(name) is None or rest[name] == "":
        rest.pop(name, None)
    return text


def _leaves(tree: Mapping[str, Any], *, whole_lists: bool = False) -> Iterator[tuple[str, Any]]:
    """Walk a tree of JSON and give its leaves by their dotted names.

    Parameters
    ----------
    tree
        Any JSON object.
    whole_lists
        Keep a list that holds objects in one piece, as a list of JSON texts: a person's property is replaced as a
        whole, and of a longer list from before nothing may stay. Otherwise its places become part of the names.
    """
    around: list[tuple[str, Iterator[tuple[object, Any]]]] = [("", iter(tree.items()))]
    while around:
        outer, items = around[-1]
        item = next(items, None)
        if item is None:
            around.pop()
            continue
        depth, value = len(around), item[1]
        name = str(item[0]) if depth == 1 else f"{outer}.{item[0]}"
        if isinstance(value, dict) and depth < _MAX_DEPTH:
            around.append((_prefix(name), iter(value.items())))
        elif isinstance(value, list):
            value = value[: _MAX_ITEMS + 1]
            if not any(isinstance(item, dict | list) for item in value):
                yield name, _plain_list(value)
            elif whole_lists or depth >= _MAX_DEPTH:
                yield name, [_as_text(item) for item in value]
            else:
                around.append((_prefix(name), iter(enumerate(value))))
        else:
            yield name, _as_text(value) if isinstance(value, dict) else _scalar(value)


def _prefix(name: str) -> str:
    """Shorten a name that all names inside begin with: each of them is written out."""
    return name if len(name) <= _MAX_PREFIX else _name(name)


def _scalar(value: object) -> object:
    if isinstance(value, str):
        return _well_formed(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return str(value)
    return value


def _plain_list(value: Sequence[object]) -> list[object]:
    plain = [_scalar(item) for item in value]
    kinds = {float if isinstance(item, int | float) and not isinstance(item, bool) else type(item) for item in plain}
    if len(kinds) <= 1 and type(None) not in kinds:
        return plain
    return [_as_text(item) for item in plain]


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return _well_formed(value)
    try:
        text = json.dumps(value, ensure_ascii=False)
    except RecursionError:
        text = json.dumps(_shallow(value, _MAX_TEXT_DEPTH), ensure_ascii=False)
    return _well_formed(text)


def _shallow(value: object, depth: int) -> object:
    """Return a tree without what lies deeper than so many levels."""
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, dict):
        return {name: _shallow(item, depth - 1) for name, item in value.items()}
    return [_shallow(item, depth - 1) for item in value]


def _well_formed(text: str) -> str:
    """Replace lone surrogates, which JSON can spell and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class _Fitting:
    """Takes leaves as long as there is room; of a long text that does not fit, the beginning."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.cut: list[str] = []
        self._full = False
        self._numbers: dict[str, int] = {}

    def fit(self, leaves: Iterator[tuple[str, Any]], into: dict[str, Any] | None = None) -> dict[str, Any]:
        fitted = {} if into is None else into
        for path, value in () if self._full else leaves:
            name = _name(path)
            if name in fitted:
                if fitted[name] == value:
                    continue
                name = self._free_name(name, fitted)
            if self._takes(name, value):
                fitted[name] = value
                continue
            self.cut.append(name)
            if isinstance(value, str) and self._takes(name, value[:_LONG_TEXT]):
                fitted[name] = value[:_LONG_TEXT]
            if len(self.cut) >= _MAX_CUT:
                self.cut.append("…")
                self._full = True
                break
        return fitted

    def _free_name(self, name: str, taken: Mapping[str, Any]) -> str:
        # Counted on from the last one: many that clash must not be tried from the start each time.
        while True:
            number = self._numbers[name] = self._numbers.get(name, 1) + 1
            free = f"{name[: MAX_NAME - 9]}~{number}"
            if free not in taken:
                return free

    def _takes(self, name: str, value: object) -> bool:
        size = len(orjson.dumps([name, value]))
        if size > self.room:
            return False
        self.room -= size
        return True


def _name(path: str) -> str:
    path = _well_formed(path) or "(empty)"
    if len(path) <= MAX_NAME:
        return path
    return f"{path[: MAX_NAME - 9]}~{hashlib.sha256(path.encode()).hexdigest()[:8]}"


def _as_many_as_fit(names: Sequence[str]) -> list[str]:
    room = _CUT_BYTES - 256
    shown: list[str] = []
    for name in names:
        room -= len(orjson.dumps(name)) + 1
        if room < 0:
            shown.append("…")
            break
        shown.append(name)
    return shown


def _bad(field: str, rule: str, message: str) -> BadMessage:
    return BadMessage([FieldError(field, rule, message)])
