"""The golden cases are well formed and cover what must be covered."""

import csv
import re
from pathlib import Path

import pytest

CASES = Path(__file__).parents[2] / "cases"
README = (CASES / "README.md").read_text(encoding="utf-8")

POLICIES = {"strict", "continuity", "last_login"}
OUTCOMES = {"created", "found", "claimed", "merged", "shared", "ignored"}
KEYS = {"email", "tracker_id", "subscription", "user_id"}
ROWS = {
    "1": {"created"},
    "2": {"found", "created"},
    "2.1": {"created"},
    "2.2": {"claimed"},
    "2.3": {"created"},
    "3": {"merged", "found"},
    "4.1": {"found", "created"},
    "4.2": {"found", "merged", "created"},
    "4.3": {"found"},
    "4.3.1": {"created"},
    "4.3.2": {"merged"},
    "4.3.3": {"shared", "found"},
    "5": {"found", "created"},
    "": {"ignored"},
}
"""Every rule of the table with the outcomes that ``strict`` gives it."""
POLICY_LINES = {
    "continuity": {
        ("4.2", "found"),
        ("4.3.1", "found"),
        ("4.3.3", "shared"),
        ("3", "found"),
        ("2.3", "created"),
    },
    "last_login": {
        ("4.2", "found"),
        ("4.3.1", "found"),
        ("4.3.3", "found"),
        ("3", "found"),
        ("2.3", "created"),
    },
}

CONTACT = re.compile(r"([A-Z]) (anonymous|known)( born-4\.3\.3)?: (\S+(?: \S+)*)")
OTHER = re.compile(r"conflict [A-Z] s\d+ -> [A-Z]|max_(?:trackers|subscriptions) \d+")
AFTER = re.compile(r"([A-Z]|new) (?:(anonymous|known): (\S+(?: \S+)*)|folded)")


def _read(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def _elements(cell: str) -> list[str]:
    return cell.split("; ") if cell else []


RESOLUTION = _read("resolution.csv")
RAW_KEYS = _read("keys.csv")
each_case = pytest.mark.parametrize("row", RESOLUTION, ids=lambda row: row["case"])


def test_case_names_are_unique():
    names = [row["case"] for row in RESOLUTION]
    assert len(set(names)) == len(names)


def test_no_situation_is_described_twice():
    situations = [(row["policy"], row["given"], row["event"]) for row in RESOLUTION]
    assert len(set(situations)) == len(situations)


def test_every_row_of_the_table_has_a_case_under_strict():
    for rule, outcomes in ROWS.items():
        shown = {row["outcome"] for row in RESOLUTION if row["rule"] == rule and row["policy"] == "strict"}
        assert outcomes <= shown, rule


def test_every_line_of_the_policies_has_a_case():
    assert {row["policy"] for row in RESOLUTION} == POLICIES
    for policy, lines in POLICY_LINES.items():
        shown = {(row["rule"], row["outcome"]) for row in RESOLUTION if row["policy"] == policy}
        assert lines <= shown, policy


def test_every_field_of_an_answer_is_filled_in_somewhere():
    for column in ("merged", "shared_with", "moved", "conflicts", "ignored", "limited"):
        assert any(row[column] for row in RESOLUTION), column


def test_every_column_is_documented():
    for row in (RESOLUTION[0], RAW_KEYS[0]):
        for column in row:
            assert f"| `{column}` |" in README, column


@each_case
def test_a_case_uses_known_words(row: dict[str, str]):
    assert None not in row, "a cell too many"
    assert None not in row.values(), "a cell too few"
    assert row["case"]
    assert row["why"]
    assert row["policy"] in POLICIES
    assert row["outcome"] in OUTCOMES
    assert row["rule"] in ROWS
    assert row["limited"] in ("", "yes")
    for item in row["ignored"].split():
        key, reason = item.split(":")
        assert key in KEYS
        assert reason in ("invalid", "blocked")


@each_case
def test_a_case_describes_a_graph_that_can_be(row: dict[str, str]):
    seen: list[str] = []
    for element in _elements(row["given"]):
        if OTHER.fullmatch(element):
            continue
        contact = CONTACT.fullmatch(element)
        assert contact, element
        letter, kind, born, keys = contact.groups()
        seen.append(letter)
        assert any(re.fullmatch(r"t\d+", key) for key in keys.split()), "every contact owns a tracker"
        named = any("@" in key or key.startswith("u") for key in keys.split())
        assert (kind == "known") == bool(named or born), "known by a person key or by its birth"
    assert len(set(seen)) == len(seen)


@each_case
def test_a_case_accounts_for_every_contact_afterwards(row: dict[str, str]):
    before = [match[1] for match in map(CONTACT.fullmatch, _elements(row["given"])) if match]
    after = [AFTER.fullmatch(element) for element in _elements(row["after"])]
    assert all(after), row["after"]
    new = ["new"] if row["contact"].startswith("new ") else []
    assert [match[1] for match in after] == before + new
    assert {match[1] for match in after if match[2] is None} == set(row["merged"].split())
    owned = {match[1]: (match[2], match[3].split()) for match in after if match[2]}
    shareable = re.compile(r"s\d+|minted")
    single = [key for _, keys in owned.values() for key in keys if not shareable.fullmatch(key)]
    assert len(set(single)) == len(single), "only a subscription has several owners"
    if row["outcome"] == "ignored":
        assert (row["contact"], row["tracker"], row["rule"]) == ("none", "", "")
        return
    current = row["contact"].split()[0]
    assert row["tracker"] in owned[current][1], "the answered tracker is the current contact's"
    if new:
        assert row["contact"] == f"new {owned['new'][0]}"
    for letter in row["shared_with"].split():
        assert letter != current
        assert letter in owned


def test_a_raw_value_is_either_a_key_or_set_aside_for_a_reason():
    for row in RAW_KEYS:
        assert row["key"] in KEYS
        assert row["why"]
        assert row["reason"] in ("", "invalid", "blocked")
        assert bool(row["normalised"]) != bool(row["reason"]), row


def test_raw_values_are_unique_and_every_key_is_kept_invalid_and_blocked_somewhere():
    raw = [(row["key"], row["raw"]) for row in RAW_KEYS]
    assert len(set(raw)) == len(raw)
    assert {(row["key"], row["reason"]) for row in RAW_KEYS} == {
        (key, reason) for key in KEYS for reason in ("", "invalid", "blocked")
    }
