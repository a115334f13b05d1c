"""What becomes of subscriptions, step by step: the cases of subscriptions.csv, event by event and in one batch."""

import csv
from pathlib import Path
from typing import Any

import pytest

from graph.clock import Clock
from graph.edits.subscriptions import SubscriptionEdits
from graph.edits.unions import Unions
from graph.errors import BadInput
from graph.explore.contact_history import History
from graph.explore.contacts import documents
from graph.feed.feed import Feed
from graph.identity.events import Event, read_event
from graph.identity.namespaces import DEFAULT_NAMESPACES
from graph.identity.resolver import Resolver
from graph.identity.write_context import WriteContext
from graph.kinfold import Kinfold
from graph.model import Answer
from graph.store.database import Database

CASES = Path(__file__).parents[2] / "cases"
NAMES = {"email": "email", "tracker": "tracker_id", "subscription": "subscription"}
ASIDE = ("created", "claimed")


def _cases() -> list[dict[str, str]]:
    with (CASES / "subscriptions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


class Letters:
    """Ids of contacts that are letters; other ids that can be told apart."""

    def __init__(self) -> None:
        self.contacts: list[str] = []
        self.count = 0

    def contact(self) -> str:
        self.contacts.append("ABCDEFGH"[len(self.contacts)])
        return self.contacts[-1]

    def tracker(self) -> str:
        return f"minted {self.time_ordered()}"

    def time_ordered(self) -> str:
        self.count += 1
        return f"id {self.count:04}"


class Story:
    """Does the steps of a case."""

    def __init__(self, database: Database, policy: str) -> None:
        self.ids, clock = Letters(), Clock()
        self.database = database
        self.resolver = Resolver(database, policy=policy, id_source=self.ids, clock=clock)
        context = WriteContext(database, id_source=self.ids, clock=clock)
        self.unions = Unions(context)
        self.subscriptions = SubscriptionEdits(context)
        self.answers: list[Answer] = []
        self.merges: list[str] = []

    def event(self, step: str) -> Event:
        event: dict[str, Any] = {}
        for part in step.split():
            name, _, value = part.partition("=")
            if value.startswith("@"):
                value = self.answers[int(value[1:]) - 1].tracker_id or ""
            if name == "logout":
                event["logout"] = True
            elif name == "replaces":
                event["replaces"] = {"subscription": value}
            elif name == "day":
                event["occurred_at"] = f"2026-01-{int(value):02}T10:00:00Z"
            else:
                event[NAMES[name]] = value
        return read_event(event)

    def do(self, step: str) -> None:
        word, *rest = step.split()
        if word == "merge":
            self.merges.append(self.unions.merge(*rest)["id"])
        elif word == "undo":
            self.unions.undo(self.merges.pop())
        elif word == "gone":
            assert self.subscriptions.gone([("subscription", one) for one in rest]) == len(rest)
        else:
            self.answers += self.resolver.resolve([self.event(step)])

    def after(self) -> str:
        shown = {
            one["id"]: one
            for one in self.database.read(lambda tx: documents(tx, self.ids.contacts, DEFAULT_NAMESPACES))
        }
        return "; ".join(
            " ".join([f"{letter}:", *(f"{one['id']} {one['state']}" for one in _by_id(shown[letter]))])
            if letter in shown
            else f"{letter} folded"
            for letter in self.ids.contacts
        )

    def feed(self) -> str:
        changes, _ = Feed(self.database).page(limit=1000)
        return "; ".join(f"{change['kind']} {change['contact']}" for change in changes if change["kind"] not in ASIDE)

    def turns(self) -> list[tuple[str, str]]:
        """The life of subscriptions as histories of contacts tell it."""
        history = History(self.database)
        living = [contact for contact in self.ids.contacts if f"{contact}:" in self.after()]
        items = [item for contact in living for item in history.page(contact, limit=1000)[0]]
        return sorted(
            (item["what"], item["contact"]) for item in items if item["what"] in ("slept", "woke", "replaced", "gone")
        )


def _by_id(document: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(document["subscriptions"], key=lambda one: one["id"])


def _said(answer: Answer) -> dict[str, str]:
    shown = answer.to_dict()
    return {
        "rule": str(shown["rule"]),
        "outcome": shown["outcome"].value,
        "contact": answer.contact.id or "" if answer.contact else "",
        "moved": "|".join(f"{one['value']}<-{one['from']}" for one in shown["moved"]),
        "ignored": "|".join(f"{one.key}:{one.reason.value}" for one in shown["ignored"]),
    }


each_case = pytest.mark.parametrize("row", _cases(), ids=lambda row: row["case"])


@each_case
def test_a_subscription_lives_as_the_case_says(database: Database, row: dict[str, str]):
    story = Story(database, row["policy"])
    for step in row["events"].split("; "):
        story.do(step)

    expected = dict(part.split("=", 1) for part in row["answer"].split())
    said = _said(story.answers[-1])
    assert {name: said[name] for name in expected} == expected
    assert story.after() == row["after"]
    assert story.feed() == row["feed"]
    told = [
        tuple(change.split()) for change in row["feed"].split("; ") if change.startswith(("slept", "woke", "re", "go"))
    ]
    assert sorted(told) == story.turns()


@each_case
def test_a_batch_does_the_same(database: Database, row: dict[str, str]):
    steps = row["events"].split("; ")
    if any(step.split()[0] in ("merge", "undo", "gone") or "@" in step for step in steps):
        pytest.skip("not of events alone")
    story = Story(database, row["policy"])
    story.answers = story.resolver.resolve([story.event(step) for step in steps])

    expected = dict(part.split("=", 1) for part in row["answer"].split())
    said = _said(story.answers[-1])
    assert {name: said[name] for name in expected} == expected
    assert story.after() == row["after"]
    assert story.feed() == row["feed"]


@each_case
def test_a_dry_run_answers_the_same_and_writes_nothing(database: Database, row: dict[str, str]):
    story = Story(database, row["policy"])
    *before, last = row["events"].split("; ")
    for step in before:
        story.do(step)
    if last.split()[0] in ("merge", "undo", "gone"):
        pytest.skip("not an event")
    was, there = (story.after(), story.feed(), story.turns()), list(story.ids.contacts)
    (rehearsed,) = story.resolver.resolve([story.event(last)], dry_run=True, explain=True)
    story.ids.contacts = there
    assert (story.after(), story.feed(), story.turns()) == was
    expected = dict(part.split("=", 1) for part in row["answer"].split())
    if "created" not in expected.values():
        said = _said(rehearsed)
        assert said["rule"] == expected.get("rule", said["rule"])
        assert said["moved"] == expected.get("moved", said["moved"])


def test_case_names_are_unique_and_columns_documented():
    rows = _cases()
    assert len({row["case"] for row in rows}) == len(rows)
    readme = (CASES / "README.md").read_text(encoding="utf-8")
    for column in rows[0]:
        assert f"| `{column}` |" in readme.partition("## subscriptions.csv")[2], column


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"logout": "yes"}, "logout"),
        ({"replaces": {"subscription": "s0"}}, "replaces.subscription"),
        ({"subscription": "s1", "replaces": {"tracker_id": "t0"}}, "replaces.tracker_id"),
        ({"subscription": "s1", "replaces": {"nowhere": "t0"}}, "replaces.nowhere"),
        ({"subscription": "s1", "replaces": "s0"}, "replaces"),
    ],
)
def test_what_is_wrong_with_an_event_is_named(event: dict[str, Any], field: str):
    with pytest.raises(BadInput) as refused:
        read_event(event)
    assert [error.field for error in refused.value.errors] == [field]


def test_gone_counts_what_somebody_owned(kinfold: Kinfold):
    kinfold.resolver.resolve([read_event({"email": "ana@example.com", "subscription": "s1"})])
    assert kinfold.subscriptions.gone([("subscription", one) for one in ("s1", "s1", " s1 ", "s2", "")]) == 1
    assert kinfold.subscriptions.gone([("subscription", "s1")]) == 0


def test_the_json_of_a_subscription_is_its_endpoint_when_it_is_replaced(kinfold: Kinfold):
    old, new = (f'{{"endpoint":"https://push.example/{one}","expirationTime":null}}' for one in ("old", "new"))
    kinfold.resolver.resolve([read_event({"email": "ana@example.com", "subscription": old})])
    (answer,) = kinfold.resolver.resolve(
        [read_event({"subscription": new, "replaces": {"subscription": old}})], explain=True
    )
    assert [one["replaced_by"] for one in answer.to_dict()["moved"]] == ["https://push.example/new"]
    assert any("is replaced by" in step.detail for step in answer.trace or ())
