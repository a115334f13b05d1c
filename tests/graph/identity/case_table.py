"""Reads the notation of tests/cases/resolution.csv and builds the graph that a case starts from."""

import csv
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graph.identity.decision import Limits
from graph.identity.events import Event, read_event
from graph.identity.keys import BlockList
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.identity.namespaces_file import read_namespaces
from graph.identity.normal_forms import hash_of
from graph.identity.working_set import WorkingSet
from graph.model import Answer, KeyName, KeyRef, Kind

CASES = Path(__file__).parents[2] / "cases"

_PARAMETERS = {"email": "email", "tracker": "tracker_id", "subscription": "subscription", "user": "user_id"}
_LOOKS = {
    "#": "address_hash",
    "t": "tracker_id",
    "s": "subscription",
    "u": "user_id",
    "p": "phone",
    "c": "card",
    "b": "beacon",
    "i": "install",
    "a": "app_push",
}

DECLARED = read_namespaces((CASES / "namespaces.yaml").read_bytes())
"""The namespaces of namespaces.csv."""


def key_name(value: str) -> KeyName:
    return "email" if "@" in value and value[0] != "#" else _LOOKS[value[0]]


def as_sent(value: str) -> str:
    """Write out ``#address``, the hash of an address, and ``^``, a value in capitals."""
    if value.startswith("^"):
        return as_sent(value[1:]).upper()
    return hash_of(value[1:]) if value.startswith("#") else value


def key_of(value: str) -> KeyRef:
    return KeyRef(key_name(value), as_sent(value))


@dataclass
class GivenContact:
    letter: str
    kind: Kind
    born: bool
    keys: list[str]


@dataclass
class Case:
    """One row of the table, read."""

    row: dict[str, str]
    contacts: list[GivenContact] = field(default_factory=list)
    conflicts: list[tuple[str, str, str]] = field(default_factory=list)
    apart: list[tuple[str, str]] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    namespaces: Namespaces = DEFAULT_NAMESPACES

    @property
    def event(self) -> Event:
        event: dict[str, Any] = {}
        for name, value in (part.split("=", 1) for part in shlex.split(self.row["event"])):
            if name in _PARAMETERS:
                event[_PARAMETERS[name]] = value
            else:
                event.setdefault("keys", {})[name] = [as_sent(one) for one in value.split(",")]
        return read_event(event, namespaces=self.namespaces)

    @property
    def block_list(self) -> BlockList:
        return BlockList.of(namespaces=self.namespaces)


def read_cases(name: str = "resolution.csv") -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def parse_case(row: dict[str, str], namespaces: Namespaces = DEFAULT_NAMESPACES) -> Case:
    case = Case(row, namespaces=namespaces)
    limits: dict[str, int] = {}
    for part in filter(None, row["given"].split("; ")):
        if match := re.fullmatch(r"conflict (\w+) (\w+) -> (\w+)", part):
            case.conflicts.append((match[1], match[2], match[3]))
        elif match := re.fullmatch(r"apart ([A-Z]) (\S+)", part):
            case.apart.append((match[1], match[2]))
        elif match := re.fullmatch(r"(max_\w+) (\d+)", part):
            limits[match[1]] = int(match[2])
        else:
            match = re.fullmatch(r"(\w+) (known|anonymous)( born-4\.3\.3)?: ?(.*)", part)
            assert match, f"cannot read {part!r}"
            case.contacts.append(GivenContact(match[1], Kind(match[2]), bool(match[3]), match[4].split()))
    case.limits = Limits(**limits, at_most=namespaces.at_most)
    return case


class LetterIds:
    """Gives the letters of a case as contact ids, and ids that can be told apart afterwards."""

    def __init__(self, letters: Sequence[str]) -> None:
        self._letters = list(letters)
        self._count = 0

    def contact(self) -> str:
        return self._letters.pop(0) if self._letters else "new"

    def tracker(self) -> str:
        self._count += 1
        return f"minted-{self._count}"

    def time_ordered(self) -> str:
        self._count += 1
        return f"other-{self._count}"


def build(case: Case, world: WorkingSet) -> None:
    """Put the graph that a case starts from into an empty world whose id source is a LetterIds."""
    for turn, given in enumerate(case.contacts):
        at = 1_000_000 + turn * 1000
        contact = world.create(at, split=given.born)
        assert contact.id == given.letter
        for offset, value in enumerate(given.keys):
            derived = value[0] == "#" and value[1:] in given.keys
            world.own(contact, key_of(value), at + offset, derived=derived)
    for letter, other in case.apart:
        contact = world.contacts[letter]
        world.judged.add(letter)
        if other in world.contacts:
            contact.apart.add(other)
            world.contacts[other].apart.add(letter)
            world.judged.add(other)
        else:
            contact.barred.add(key_of(other))
    for tracker_owner, subscription, made in case.conflicts:
        world.remember_conflict(world.contacts[made], tracker_owner, KeyRef("subscription", subscription), 2_000_000)


def observed(answer: Answer, contacts: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Write an answer and the graph after it in the notation of the table.

    ``contacts`` has each id (letters and 'new') with its kind, folded, and keys: trackers in order.
    """
    new = contacts.get("new")
    new_name = f"new {new['kind']}" if new else ""

    def name(contact_id: str | None) -> str:
        return new_name if contact_id == "new" else str(contact_id)

    def tracker(value: str | None) -> str:
        return "minted" if value and value.startswith("minted-") else value or ""

    addresses = [value for state in contacts.values() for value in state["others"] if "@" in value]
    addresses += ["ana@example.com"]
    hashed = {hash_of(address): f"#{address}" for address in addresses}
    return {
        "rule": answer.rule or "",
        "contact": name(answer.contact.id) if answer.contact else "none",
        "tracker": tracker(answer.tracker_id),
        "outcome": answer.outcome.value,
        "merged": " ".join(name(one) for one in answer.merged),
        "shared_with": " ".join(name(one) for one in answer.shared_with),
        "moved": " ".join(f"{moved.value}<-{moved.from_}" for moved in answer.moved),
        "conflicts": " ".join(f"{conflict.key}:{conflict.reason or conflict.owner}" for conflict in answer.conflicts),
        "ignored": " ".join(f"{ignored.key}:{ignored.reason.value}" for ignored in answer.ignored),
        "kept_apart": " ".join(kept.contact or str(kept.key) for kept in answer.kept_apart),
        "limited": "yes" if answer.limited else "",
        "after": normal_after(
            "; ".join(
                f"{letter} folded"
                if state["folded"]
                else f"{name(letter)}{' ' + state['kind'] if letter != 'new' else ''}: "
                + " ".join(
                    [tracker(value) for value in state["trackers"]]
                    + sorted(hashed.get(value, value) for value in state["others"])
                )
                for letter, state in contacts.items()
            )
        ),
    }


def expected(case: Case) -> dict[str, str]:
    row = case.row
    names = ("rule", "contact", "tracker", "outcome", "merged", "shared_with", "moved", "conflicts", "ignored")
    shown = {**{name: row[name] for name in names}, "kept_apart": row.get("kept_apart", "")}
    return {**shown, "limited": row["limited"], "after": normal_after(row["after"])}


def normal_after(text: str) -> str:
    parts = []
    for part in filter(None, text.split("; ")):
        head, _, keys = part.partition(": ")
        values = keys.split()
        trackers = [value for value in values if value == "minted" or (value[0] == "t" and "@" not in value)]
        others = sorted(value for value in values if value not in trackers)
        parts.append(" ".join([head + ":" if keys else head, *trackers, *others]))
    return "; ".join(sorted(parts))
