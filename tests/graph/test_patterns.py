"""Expressions of operators: what they match, and what they may not be."""

from datetime import UTC, datetime

import pytest

from graph.blocking.blocking import Blocking
from graph.errors import BadInput
from graph.identity.keys import BlockList, InvalidKey, normalise
from graph.identity.namespaces import DEFAULT_NAMESPACES
from graph.identity.normal_forms import MAX_ADDRESS, MAX_KEY
from graph.model import KeyName
from graph.patterns import InvalidPattern, Pattern
from graph.settings import Settings
from graph.store.database import REPEATABLE, Database


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        (r".*bot.*@.*\.example", "my-bot@crawl.example", True),
        (r".*bot.*@.*\.example", "my-bot@crawl.example.com", False),
        ("kiosk-[0-9]+", "KIOSK-12", True),
        ("kiosk-[0-9]+", "kiosk-12b", False),
        ("müller", "MÜLLER", True),
        ("a|b", "ab", False),
        ("", "", True),
    ],
)
def test_a_pattern_matches_the_whole_value_whatever_its_case(pattern: str, value: str, matches: bool) -> None:
    assert Pattern(pattern).matches(value) is matches


@pytest.mark.parametrize(
    "pattern", ["(", "(?=a)b", r"(a)\1", r"(?:\pL{1000}){1000}", r"\pN{1000}", "a" * 1025, "\ud800"]
)
def test_what_the_engine_cannot_run_is_refused_in_words(pattern: str) -> None:
    with pytest.raises(InvalidPattern, match=r"\w+"):
        Pattern(pattern)


def test_half_a_character_matches_nothing() -> None:
    assert not Pattern(".*").matches("\ud800")


def test_a_pattern_of_the_settings_that_cannot_run_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="perl operator"):
        Settings(block_patterns=["(?=a)b"])


def test_a_pattern_given_by_hand_that_cannot_run_is_refused(database: Database) -> None:
    with pytest.raises(BadInput, match="not a regular expression"):
        Blocking(database, Settings()).add("pattern", "(?=a)b")


def test_a_stored_pattern_that_cannot_run_is_passed_over_and_the_others_hold(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    blocking = Blocking(database, Settings())
    blocking.add("pattern", "kiosk.*")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rule = {"kind": "pattern", "namespace": "", "value": "(?=a)b", "at": at}
    database.write(lambda tx: tx.run("blocking.add", **rule), committed=REPEATABLE)
    blocking.forget()
    assert blocking.current().blocks("tracker_id", "kiosk-1")
    assert "passed over" in caplog.text


@pytest.mark.parametrize("key", [one.name for one in DEFAULT_NAMESPACES])
def test_no_value_over_its_limit_meets_a_pattern_or_counts_as_a_key(key: KeyName) -> None:
    longest = MAX_ADDRESS if key == "email" else MAX_KEY
    block_list = BlockList.of(patterns=["a.*"])
    assert block_list.blocks(key, "a" * longest)
    assert not block_list.blocks(key, "a" * (longest + 1))
    with pytest.raises(InvalidKey, match=r"at most|1 to"):
        normalise(key, "a" * (longest + 1))
    assert block_list.blocks(key, "0" * 5000), "zeros are blocked, however many"
