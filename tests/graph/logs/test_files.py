"""Files of events as they come: NDJSON or a JSON array, packed or not."""

import gzip
import io
import json
from typing import Any

import pytest

from graph.errors import BadInput
from graph.logs.files import raw_events

EVENTS: list[dict[str, Any]] = [
    {"email": "ana@example.com", "properties": {"said": 'a "quoted" ], [ and \\ and {'}},
    {"event_properties": {"list": ["a", "b"], "n": 1.5}},
    {"user_id": "ü" * 3000},
    {},
]


def pieces(raw: bytes) -> list[tuple[int, bytes | None]]:
    return [(number, piece) for number, piece, _ in raw_events(io.BytesIO(raw))]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "raw",
    [
        b"\n".join(json.dumps(event).encode() for event in EVENTS),
        json.dumps(EVENTS).encode(),
        json.dumps(EVENTS, ensure_ascii=False, indent=2).encode(),
        b"\xef\xbb\xbf \r\n" + json.dumps(EVENTS, separators=(",", ":")).encode() + b"\r\n",
    ],
    ids=["lines", "array", "indented", "mark"],
)
def test_lines_and_arrays_hold_the_same_events(raw: bytes, packed: bool) -> None:
    found = pieces(gzip.compress(raw) if packed else raw)
    assert [number for number, _ in found] == [1, 2, 3, 4]
    assert [json.loads(piece or b"") for _, piece in found] == EVENTS


def test_an_array_is_parted_wherever_its_blocks_end() -> None:
    raw = json.dumps(EVENTS).encode()

    class Slow(io.BytesIO):
        def readinto(self, into: Any) -> int:
            return super().readinto(memoryview(into)[:1])

    found = [json.loads(piece or b"") for _, piece, _ in raw_events(Slow(raw))]
    assert found == EVENTS


def test_an_empty_array_holds_nothing_and_a_stray_comma_is_an_item() -> None:
    assert pieces(b" [ ] ") == []
    assert pieces(b'[{"a":1},,]') == [(1, b'{"a":1}'), (2, b""), (3, b"")]


def test_what_stands_behind_an_array_is_an_item_that_is_no_event() -> None:
    assert pieces(b'[{"a":1}]\n{"b":[1]}') == [(1, b'{"a":1}'), (2, b'{"b":[1]}')]


def test_an_item_that_is_longer_than_any_event_is_not_held_and_the_rest_goes_on() -> None:
    assert pieces(b'[{"a":"' + b"x" * 1_000_000 + b'"}, {"b":1}]') == [(1, None), (2, b'{"b":1}')]


@pytest.mark.parametrize(
    "raw",
    [b'[{"a":1},', b'[{"a":1', b"[", gzip.compress(b'{"a":1}\n' * 9)[:-12], b"\x1f\x8bnothing"],
    ids=["after a comma", "in an item", "at once", "gzip that ends", "no gzip"],
)
def test_a_file_that_is_cut_off_says_so(raw: bytes) -> None:
    with pytest.raises(BadInput, match=r"cut off|damaged"):
        pieces(raw)
