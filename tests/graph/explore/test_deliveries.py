"""The gate before a push: the cases of deliveries.csv, on a database."""

import csv
from pathlib import Path
from typing import Any

import pytest

from graph.explore.deliveries import Check, Deliveries
from graph.identity.declared_namespaces import apply
from graph.identity.events import read_event
from graph.identity.namespaces import KeyClass, Namespace, Namespaces
from graph.kinfold import Kinfold
from graph.store.database import Database
from tests.graph.identity.test_subscription_life import Story

CASES = Path(__file__).parents[2] / "cases"


def _cases() -> list[dict[str, str]]:
    with (CASES / "deliveries.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def _check(words: str) -> Check:
    whom, subscription = words.split()
    name, _, value = whom.rpartition("=")
    return Check(None if name else value, (name, value) if name else None, ("subscription", subscription))


@pytest.mark.parametrize("row", _cases(), ids=lambda row: row["case"])
def test_the_gate_judges_as_the_case_says(database: Database, row: dict[str, str]):
    story = Story(database, row["policy"])
    for step in row["events"].split("; "):
        story.do(step)
    (found,) = Deliveries(database).check([_check(row["check"])])
    assert (found["verdict"], [reason["code"] for reason in found["reasons"]]) == (
        row["verdict"],
        row["reasons"].split(),
    )
    assert 0 < found["confidence"] <= 1
    assert all(reason["words"] for reason in found["reasons"])


def test_a_thousand_checks_are_one_statement_and_answered_in_order(kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch):
    story = Story(kinfold.database, "strict")
    story.do("email=ana@example.com tracker=t1 subscription=s1")
    checks = [_check("A s1"), _check("nobody s1"), Check(None, ("email", "not an address"), ("subscription", "s1"))]
    ran: list[str] = []
    read = kinfold.database.read

    def counted(work: Any, **more: Any) -> Any:
        ran.append("read")
        return read(work, **more)

    monkeypatch.setattr(kinfold.database, "read", counted)
    found = kinfold.deliveries.check(checks * 333)
    assert ran == ["read"]
    assert [one["verdict"] for one in found] == ["deliver", "hold", "hold"] * 333


def test_columns_are_documented():
    readme = (CASES / "README.md").read_text(encoding="utf-8").partition("## deliveries.csv")[2]
    for column in _cases()[0]:
        assert f"| `{column}` |" in readme, column


def test_names_of_every_person_namespace_and_subscriptions_of_every_namespace_count(kinfold: Kinfold):
    declared = [Namespace("card", KeyClass.PERSON), Namespace("push", KeyClass.SUBSCRIPTION)]
    apply(kinfold.database, Namespaces.of(declared))
    kinfold = Kinfold.on(kinfold.database, kinfold.settings)
    contacts = []
    for event in (
        {"tracker_id": "t1", "keys": {"card": "ana", "push": "p1"}},
        {"tracker_id": "t2", "keys": {"card": "bob"}},
        {"tracker_id": "t1", "keys": {"card": "bob"}},
    ):
        [answer] = kinfold.resolver.resolve([read_event(event, namespaces=kinfold.namespaces)])
        assert answer.contact
        contacts.append(answer.contact.id)
    [first] = kinfold.deliveries.check([Check(contacts[0], None, ("push", "p1"))])
    assert (first["verdict"], [reason["code"] for reason in first["reasons"]]) == ("hold", ["awake", "handed_over"])
    event = {"tracker_id": "t2", "keys": {"card": "bob", "push": "p1"}}
    kinfold.resolver.resolve([read_event(event, namespaces=kinfold.namespaces)])
    before, after = kinfold.deliveries.check([Check(one, None, ("push", "p1")) for one in contacts[:2]])
    assert [reason["code"] for reason in before["reasons"]] == ["asleep", "named_another"]
    assert [reason["code"] for reason in after["reasons"]] == ["awake", "named_last", "turns", "others_asleep"]


def test_alike_addresses_are_two_persons_when_somebody_judged_so(kinfold: Kinfold):
    contacts = []
    for event in (
        {"email": "ana.silva@example.com", "tracker_id": "t1", "subscription": "s1"},
        {"email": "ana.slva@example.com", "tracker_id": "t1"},
    ):
        [answer] = kinfold.resolver.resolve([read_event(event)])
        assert answer.contact
        contacts.append(answer.contact.id or "")
    check = Check(contacts[0], None, ("subscription", "s1"))
    assert kinfold.deliveries.check([check])[0]["verdict"] == "deliver"
    kinfold.judgements.apart(*contacts, why="twins")
    [judged] = kinfold.deliveries.check([check])
    assert (judged["verdict"], judged["reasons"][-1]["code"]) == ("hold", "handed_over")
