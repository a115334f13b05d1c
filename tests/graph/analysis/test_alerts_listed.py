"""What an event raised stands in the list of findings, whether or not an analysis ran."""

from typing import Any

import pytest

from graph.errors import NotFound
from graph.identity.declared_namespaces import apply
from graph.identity.events import read_event
from graph.identity.namespaces import KeyClass, Namespace, Namespaces
from graph.kinfold import Kinfold


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every graph is one that is not analysed by a look at it."""
    monkeypatch.setattr("graph.analysis.anomalies.SMALL_CONTACTS", 0)


def name(kinfold: Kinfold, people: range, **keys: Any) -> None:
    for person in people:
        event = {"email": f"p{person}@example.com", **keys}
        kinfold.resolver.resolve([read_event(event, namespaces=kinfold.namespaces)])


def listed(kinfold: Kinfold, **options: Any) -> list[dict[str, Any]]:
    return kinfold.anomalies.page(**options)[0]


def test_what_an_event_raised_is_listed_before_any_analysis_and_has_its_page(kinfold: Kinfold) -> None:
    name(kinfold, range(5), subscription="s1")
    items, following, as_of = kinfold.anomalies.page()
    [item] = items
    assert (following, as_of) == (None, None)
    assert (item["kind"], item["subject"]) == ("shared_subscription", {"type": "subscription", "value": "s1"})
    assert item["evidence"]["persons"] == 5
    assert len(item["evidence"]["contacts"]) == 5
    assert item["reason"].startswith("5 persons named themselves")
    assert [action["action"] for action in item["actions"]] == ["keep", "sleep", "block", "dismiss"]
    assert [action["done"] for action in item["actions"] if action["action"] == "block"] == [False]
    assert kinfold.anomalies.get(item["id"])["reason"] == item["reason"]
    assert kinfold.anomalies.open_by_kind() == ({"shared_subscription": 1}, None)
    assert listed(kinfold, kind="shared_device") == []
    assert listed(kinfold, kind="limit") == []


def test_it_is_listed_once_as_it_was_raised_last(kinfold: Kinfold) -> None:
    name(kinfold, range(10), subscription="s1")
    assert [item["evidence"]["persons"] for item in listed(kinfold)] == [10]


def test_a_shared_device_is_a_kind_of_its_own(kinfold: Kinfold) -> None:
    name(kinfold, range(5), tracker_id="t1")
    assert [item["subject"] for item in listed(kinfold, kind="shared_device")] == [{"type": "tracker", "value": "t1"}]


def test_an_analysis_since_has_the_word_and_what_is_raised_after_it_is_added(kinfold: Kinfold) -> None:
    name(kinfold, range(5), subscription="s1")
    kinfold.anomalies.refresh()
    before = {item["subject"]["value"]: item for item in listed(kinfold)}
    assert "detail" in before["s1"]["evidence"]
    name(kinfold, range(10, 15), subscription="s2")
    name(kinfold, range(5, 10), subscription="s1")
    after = {item["subject"]["value"]: item for item in listed(kinfold)}
    assert after.keys() == {"s1", "s2"}
    assert after["s1"]["id"] == before["s1"]["id"]
    assert after["s1"]["evidence"]["persons"] == 10


def test_it_can_be_dismissed_and_reopened(kinfold: Kinfold) -> None:
    name(kinfold, range(5), subscription="s1")
    [item] = listed(kinfold)
    kinfold.anomalies.dismiss(item["id"], "a test phone")
    assert listed(kinfold) == []
    assert [one["note"] for one in listed(kinfold, states=("dismissed",))] == ["a test phone"]
    kinfold.anomalies.reopen(item["id"])
    assert [one["id"] for one in listed(kinfold)] == [item["id"]]


def test_an_erased_person_takes_it_along(kinfold: Kinfold) -> None:
    name(kinfold, range(5), subscription="s1")
    [item] = listed(kinfold)
    kinfold.erasures.erase(item["evidence"]["contacts"][0])
    assert listed(kinfold) == []
    with pytest.raises(NotFound):
        kinfold.anomalies.get(item["id"])


def test_persons_and_keys_of_declared_namespaces_count(kinfold: Kinfold) -> None:
    declared = [Namespace("card", KeyClass.PERSON), Namespace("push", KeyClass.SUBSCRIPTION)]
    apply(kinfold.database, Namespaces.of(declared))
    kinfold = Kinfold.on(kinfold.database, kinfold.settings)
    for person in range(5):
        event = {"keys": {"card": f"c{person}", "push": "p1"}}
        kinfold.resolver.resolve([read_event(event, namespaces=kinfold.namespaces)])
    [item] = listed(kinfold)
    assert (item["kind"], item["subject"]) == ("shared_subscription", {"type": "push", "value": "p1"})
    assert item["actions"][0]["body"] == {"push": "p1"}
