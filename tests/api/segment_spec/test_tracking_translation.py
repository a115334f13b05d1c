"""Messages of the Segment specification read as events: the table of cases, and what holds for any message."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.segment_spec.messages import (
    CUT,
    KINDS,
    MAX_MESSAGES,
    MAX_REQUEST_BYTES,
    BadMessage,
    UnknownEncoding,
    parse,
    read_batch,
    read_message,
    unpack,
)
from graph.errors import TooLarge
from graph.identity.events import MAX_EVENT_BYTES, Event, TrackedEvent, read_event

RECEIVED = datetime(2026, 11, 22, 10, tzinfo=UTC)
CASES = [json.loads(line) for line in (Path("tests/cases/segment.ndjson")).read_text().splitlines()]


def sent(event: Event) -> dict[str, Any]:
    return event.model_dump(exclude_defaults=True)


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_message_becomes_the_event_of_its_case(case: dict[str, Any]) -> None:
    assert case.keys() <= {"case", "message", "sent_at", "event"}
    event = read_message(case["message"]["type"], case["message"], RECEIVED, sent_at=case.get("sent_at"))
    assert sent(event) == sent(read_event(case["event"], TrackedEvent))


def test_every_case_has_a_name_of_its_own_and_every_kind_has_one() -> None:
    assert len({case["case"] for case in CASES}) == len(CASES)
    assert {case["message"]["type"] for case in CASES} == set(KINDS)


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(width=64)
    | st.text(max_size=2000)
    | st.characters(categories=["Cs"])
)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=300), inner, max_size=5),
    max_leaves=30,
)
FIELDS = (
    "userId anonymousId previousId groupId messageId timestamp originalTimestamp sentAt type event name category "
    "traits properties context integrations writeKey"
).split()
messages = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=10), trees, max_size=12)


@given(kind=st.sampled_from(KINDS), message=messages, sent_at=trees)
def test_whatever_a_message_holds_there_is_an_event_that_fits(kind: str, message: dict[str, Any], sent_at: Any) -> None:
    event = read_message(kind, message, RECEIVED, sent_at=sent_at)
    assert event.occurred_at is None or event.occurred_at <= RECEIVED
    assert len(orjson.dumps(event.model_dump(exclude_none=True))) <= MAX_EVENT_BYTES + 512


shapes = st.recursive(
    st.just("leaf"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)


@given(
    kind=st.sampled_from(KINDS),
    fields=st.dictionaries(st.sampled_from(["properties", "traits", "context", "x", "x.y"]), shapes),
)
def test_no_leaf_of_a_message_is_lost(kind: str, fields: dict[str, Any]) -> None:
    marks: list[str] = []

    def marked(shape: Any) -> Any:
        if isinstance(shape, dict):
            return {name: marked(value) for name, value in shape.items()}
        if isinstance(shape, list):
            return [marked(value) for value in shape]
        marks.append(f"leaf-{len(marks)}-")
        return marks[-1]

    event = read_message(kind, marked(fields), RECEIVED)
    kept = orjson.dumps(event.model_dump(mode="json")).decode()
    assert [mark for mark in marks if mark not in kept] == []


def test_a_message_that_is_too_large_is_cut_and_says_so() -> None:
    message = {
        "anonymousId": "t1",
        "event": "Seen",
        "properties": {"short": 1, "long": "x" * 40_000, "last": "kept"},
        "context": {f"c{number}": "y" * 300 for number in range(200)},
    }
    event = read_message("track", message, RECEIVED)
    assert event.tracker_id == "t1"
    assert event.event_properties["short"] == 1
    assert event.event_properties["last"] == "kept"
    assert event.event_properties["long"] == "x" * 512
    cut = event.event_properties[CUT]
    assert isinstance(cut, list)
    assert cut[0] == "long"
    assert "context.c199" in cut or cut[-1] == "…"


def test_ids_beyond_the_limits_neither_stop_the_event_nor_get_lost() -> None:
    event = read_message(
        "track", {"anonymousId": "t" * 5000, "userId": "u\x07", "messageId": "m" * 5000, "event": "e" * 300}, RECEIVED
    )
    assert event.tracker_id == "t" * 1025
    assert event.event_properties["anonymousId"] == "t" * 5000
    assert event.event_properties["userId"] == "u\x07"
    assert event.event == "e" * 255
    assert event.event_properties["event"] == "e" * 300
    assert event.message_id == read_message("track", {"messageId": "m" * 5000}, RECEIVED).message_id
    assert event.message_id != read_message("track", {"messageId": "m" * 5001}, RECEIVED).message_id


def test_deep_nesting_ends_in_a_text() -> None:
    tree: Any = 1
    for _ in range(200):
        tree = {"a": tree}
    [(name, value)] = read_message("track", {"properties": tree}, RECEIVED).event_properties.items()
    assert name == ".".join("a" * 12)
    assert str(value).startswith('{"a"')


def test_one_bad_message_of_a_batch_stands_in_its_place() -> None:
    body = {"batch": [{"type": "track", "event": "a"}, 7, {"type": "delete"}, {}, {"type": "Page"}]}
    read = read_batch(body, RECEIVED)
    assert [isinstance(item, Event) for item in read] == [True, False, False, False, True]


def test_the_context_of_a_batch_is_shared_and_a_messages_own_goes_before_it() -> None:
    body = {
        "batch": [
            {"type": "track", "event": "a", "context": {"locale": "fr"}},
            {"type": "track", "event": "b"},
        ],
        "context": {"locale": "en", "app": {"name": "shop"}},
    }
    first, second = read_batch(body, RECEIVED)
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert first.event_properties == {"context.locale": "fr", "context.app.name": "shop"}
    assert second.event_properties == {"context.locale": "en", "context.app.name": "shop"}


@pytest.mark.parametrize("body", [{}, {"batch": None}, {"batch": {}}, {"batch": [{}] * (MAX_MESSAGES + 1)}])
def test_what_is_no_batch_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(BadMessage):
        read_batch(body, RECEIVED)


@pytest.mark.parametrize("body", [b"", b"[]", b'"a"', b"{", b"\xff", b'{"a": "\xff"}', b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadMessage):
        parse(body)


def test_what_python_writes_and_json_lacks_is_read_as_text() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    body = parse(json.dumps({"a": math.nan, "b": math.inf, "c": "é"}).encode())
    assert body == {"a": "NaN", "b": "Infinity", "c": "é"}


def test_gzip_is_unpacked_and_never_beyond_the_limit() -> None:
    import gzip

    assert unpack(gzip.compress(b"{}"), "gzip") == b"{}"
    assert unpack(gzip.compress(b"{") + gzip.compress(b"}"), " GZIP ") == b"{}"
    assert unpack(b"{}", "") == unpack(b"{}", "identity") == b"{}"
    assert len(unpack(gzip.compress(b" " * MAX_REQUEST_BYTES), "gzip")) == MAX_REQUEST_BYTES
    with pytest.raises(TooLarge):
        unpack(gzip.compress(b" " * (MAX_REQUEST_BYTES + 1)), "gzip")
    with pytest.raises(TooLarge):
        unpack(gzip.compress(b" " * MAX_REQUEST_BYTES) + gzip.compress(b" "), "gzip")
    for spoilt in (gzip.compress(b"") * 17, b"{}", gzip.compress(b"{}")[:-1], gzip.compress(b"{}") + b"more"):
        with pytest.raises(BadMessage):
            unpack(spoilt, "gzip")
    for encoding in ("br", "deflate", "gzip,gzip"):
        with pytest.raises(UnknownEncoding):
            unpack(b"{}", encoding)
