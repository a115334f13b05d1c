"""One log under several policies: a log whose differences the table tells, and the rest against brute force."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.deployment.scratch import ScratchGraph
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.logs.replay import EXAMPLES, Run, differences, pages
from graph.model import Answer, ContactRef, Kind, Outcome
from graph.simulation import Parameters, World
from graph.simulation.score import Jar, score_world
from graph.store.database import REPEATABLE

ANA, BOB, CY = "ana@example.com", "bob@example.com", "cy@example.com"

LOG: list[dict[str, Any]] = [
    {"tracker_id": "a"},  # 5: a visitor
    {"tracker_id": "a", "subscription": "s1"},  # 4.2, nobody owns it
    {"tracker_id": "b", "email": ANA},  # 2.1
    {"tracker_id": "b", "subscription": "s2"},  # 4.3.1
    {"tracker_id": "c", "email": BOB},  # 2.1
    {"tracker_id": "c", "email": BOB, "subscription": "s3"},  # 2
    {"tracker_id": "b", "subscription": "s3"},  # 4.3.3
    {"tracker_id": "b", "email": CY},  # 2.3, T known
    {"tracker_id": "b", "email": BOB},  # 3, T known
    {"tracker_id": "b"},  # 5
]

TOGETHER = {
    "strict": [{1}, {2}, {3, 10}, {4}, {5, 6, 9}, {7}, {8}],
    "continuity": [{1, 2}, {3, 4, 7, 10}, {5, 6, 9}, {8}],
    "last_login": [{1, 2}, {3, 4, 7}, {5, 6, 9, 10}, {8}],
}


def run_of(kinfold: Kinfold, log: Sequence[dict[str, Any]]) -> Run:
    run = Run(kinfold.settings.policy)
    events = [read_event({"message_id": f"m{line}", **event}) for line, event in enumerate(log, start=1)]
    for answer in kinfold.resolver.resolve(events):
        run.add(answer)
    return run


def groups(partition: Sequence[Any]) -> list[set[int]]:
    found: dict[Any, set[int]] = {}
    for line, label in enumerate(partition, start=1):
        found.setdefault(label, set()).add(line)
    return sorted(found.values(), key=min)


@pytest.fixture
def scratch(kinfold: Kinfold) -> ScratchGraph:
    return ScratchGraph(kinfold.database, kinfold.settings)


def test_a_log_differs_as_the_table_says(scratch: ScratchGraph) -> None:
    runs, sums = [], {}
    for policy, together in TOGETHER.items():
        kinfold = scratch.emptied(policy)  # type: ignore[arg-type]
        runs.append(run_of(kinfold, LOG))
        assert groups(runs[-1].partition()) == together
        summary = runs[-1].summary(kinfold.database)
        sums[policy] = (summary.contacts, summary.known, summary.unions, summary.shared_subscriptions, summary.moved)
    assert sums == {"strict": (7, 4, 0, 1, 0), "continuity": (4, 3, 0, 1, 0), "last_login": (4, 3, 0, 0, 3)}
    found = {one.place + 1: one for one in differences(runs, range(1, 11))}
    assert {line: one.differs for line, one in found.items()} == {
        1: ("together",),
        2: ("outcome", "together"),
        3: ("together",),
        4: ("outcome", "together"),
        5: ("together",),
        6: ("together",),
        7: ("outcome", "together"),
        9: ("together",),
        10: ("together",),
    }
    assert {policy: (under.rule, under.outcome) for policy, under in found[7].policies.items()} == {
        "strict": ("4.3.3", "shared"),
        "continuity": ("4.3.3", "shared"),
        "last_login": ("4.3.3", "found"),
    }
    assert {policy: under.only_with for policy, under in found[10].policies.items()} == {
        "strict": (3,),
        "continuity": (3, 4, 7),
        "last_login": (5, 6, 9),
    }


def test_what_was_sent_twice_is_with_the_first_and_counted_once(scratch: ScratchGraph) -> None:
    kinfold = scratch.emptied("strict")
    run = run_of(kinfold, [{"tracker_id": "a", "message_id": "one"}, {"tracker_id": "a", "message_id": "one"}])
    assert groups(run.partition()) == [{1, 2}]
    assert run.summary(kinfold.database).outcomes == {"created": 1}


def test_an_event_that_was_ignored_is_alone(scratch: ScratchGraph) -> None:
    run = run_of(scratch.emptied("strict"), [{"user_id": "null"}, {"user_id": "null"}])
    assert groups(run.partition()) == [{1}, {2}]
    assert run.contacts() == ["", ""]


@pytest.mark.parametrize("adopts", [True, False])
@pytest.mark.parametrize("policy", ["strict", "continuity", "last_login"])
def test_where_activity_ends_up_is_what_the_graph_says(policy: Any, adopts: bool, scratch: ScratchGraph) -> None:
    kinfold = scratch.emptied(policy)
    parameters = Parameters(visits=12.0, has_account=0.9, family_browser=0.8, opts_in_to_push=0.6)
    run, jar, sent = Run(policy), Jar(), []
    for batch in jar.batches(World(40, seed=5, parameters=parameters).happenings(), 200):
        events = [read_event(jar.sent(happening)) for happening in batch]
        sent += events
        for happening, answer in zip(batch, kinfold.resolver.resolve(events), strict=True):
            run.add(answer)
            if adopts:
                jar.store(happening, answer)
    assert any(run.at(place)[2] for place in range(len(run))), "without a union nothing is proven"
    # An event that is sent again is answered with the contact that owns its activity now.
    again: list[Answer] = []
    for start in range(0, len(sent), 500):
        again += kinfold.resolver.resolve(sent[start : start + 500])
    assert all(answer.duplicate for answer in again)
    assert [answer.contact.id for answer in again if answer.contact] == run.contacts()
    stored = {row["id"]: row["kind"] == "known" for row in pages(kinfold.database, "replay.contacts", "id", limit=7)}
    assert stored == run.kinds()


def test_a_browser_sends_the_tracker_that_it_was_answered(scratch: ScratchGraph) -> None:
    kinfold, jar = scratch.emptied("strict"), Jar()
    stored: dict[str, str] = {}
    moved = 0
    for batch in jar.batches(World(30, seed=2, parameters=Parameters(opts_in_to_push=0.9)).happenings(), 100):
        events = [jar.sent(happening) for happening in batch]
        for happening, event in zip(batch, events, strict=True):
            if happening.truth.cookie:
                assert event["tracker_id"] == stored.get(happening.truth.cookie, happening.truth.cookie)
                moved += event["tracker_id"] != happening.truth.cookie
        answers = kinfold.resolver.resolve([read_event(event) for event in events])
        for happening, answer in zip(batch, answers, strict=True):
            jar.store(happening, answer)
            if happening.truth.stores and happening.truth.cookie and answer.tracker_id:
                stored[happening.truth.cookie] = answer.tracker_id
    assert moved


def test_a_score_holds_policies_and_yardsticks_against_the_truth(scratch: ScratchGraph) -> None:
    parameters = Parameters(visits=20.0, has_account=1.0, family_browser=1.0, uses_family_browser=0.7)
    score = score_world(scratch, 60, seed=4, parameters=parameters)
    by_name = {method.name: method for method in score.methods}
    yardsticks = ["connected components", "last login wins", "names, then last login"]
    ways = ("continuity", "continuity, split")
    suggested = [f"{way} + {least}" for way in ways for least in (0.5, 0.9, 0.95, 0.99)]
    found = [name for name in by_name if not (suggestions := by_name[name].suggested) or not suggestions.lowest]
    ends = {f"{way} + the right ones" for way in ways}
    assert [name for name in found if name not in {*ends, "continuity, split"}] == [
        *("strict", "continuity", "last_login"),
        *suggested,
        *yardsticks,
        "ceiling of the log",
    ]
    for way in ways:
        right = by_name[f"{way} + the right ones"]
        assert right.suggested
        assert right.suggested.right == right.suggested.pairs
        assert right.fused.persons == by_name[way].fused.persons
        lowest = [one for one in score.methods if one.suggested and one.suggested.lowest and one.name.startswith(way)]
        assert all(one.fused.persons <= by_name["names, then last login"].fused.persons for one in lowest)
    strict = by_name["strict"]
    assert strict.summary
    assert strict.summary.resolved == score.events
    assert strict.contacts == strict.summary.contacts
    for yardstick in yardsticks[:2]:
        assert strict.fused.persons < by_name[yardstick].fused.persons
    assert score_world(scratch, 60, seed=4, parameters=parameters, policies=["strict"]).methods[0].agreement == (
        strict.agreement
    )
    assert score.to_dict()["methods"][0]["method"] == "strict"


def test_a_graph_that_is_not_marked_is_never_emptied(kinfold: Kinfold) -> None:
    kinfold.resolver.resolve([read_event({"tracker_id": "t1"})])
    kinfold.database.write(lambda tx: tx.run("scratch.empty", token="guessed"), committed=REPEATABLE)
    assert kinfold.contacts.owners("tracker_id", "t1")


def test_an_emptied_graph_is_empty(scratch: ScratchGraph) -> None:
    run_of(scratch.emptied("strict"), LOG)
    kinfold = scratch.emptied("continuity")
    assert kinfold.settings.policy == "continuity"
    assert list(pages(kinfold.database, "replay.contacts", "id")) == []
    assert list(pages(kinfold.database, "replay.subscriptions", "value")) == []


def answered(contact: int, merged: Sequence[int] = ()) -> Answer:
    found = Answer(ContactRef(str(contact), Kind.ANONYMOUS), None, "5", Outcome.FOUND)
    return replace(found, merged=[str(one) for one in merged])


@given(st.data())
def test_unions_are_followed_to_their_end(data: st.DataObject) -> None:
    living, run = list(range(8)), Run("strict")
    members: dict[int, set[int]] = {contact: set() for contact in living}
    for place in range(data.draw(st.integers(1, 20))):
        contact = data.draw(st.sampled_from(living))
        folded = data.draw(st.sets(st.sampled_from(living), max_size=2)) - {contact}
        run.add(answered(contact, sorted(folded)))
        members[contact] |= {place}.union(*(members.pop(one) for one in sorted(folded)))
        living = [one for one in living if one not in folded]
    assert {frozenset(line - 1 for line in group) for group in groups(run.partition())} == {
        frozenset(group) for group in members.values() if group
    }


partitions = st.integers(1, 14).flatmap(
    lambda size: st.lists(st.lists(st.integers(0, 4) | st.none(), min_size=size, max_size=size), min_size=2, max_size=3)
)


@given(partitions)
def test_differences_in_who_is_together_are_those_found_one_by_one(labels: list[list[int | None]]) -> None:
    runs = []
    for policy, row in enumerate(labels):
        runs.append(Run(str(policy)))
        for label in row:
            if label is None:
                runs[-1].skip()
            else:
                runs[-1].add(answered(label))
    parts = [run.partition() for run in runs]
    size = len(labels[0])
    found = {one.place: one for one in differences(runs, range(size))}
    for place in range(size):
        sets = [{other for other in range(size) if part[other] == part[place]} for part in parts]
        common = set.intersection(*sets)
        assert any(each != common for each in sets) == (place in found and "together" in found[place].differs)
        if place in found:
            for each, under in zip(sets, found[place].policies.values(), strict=True):
                assert under.together == len(each)
                assert set(under.only_with) <= each - common
                assert len(under.only_with) == min(EXAMPLES, len(each - common))


def test_runs_over_different_logs_are_not_compared() -> None:
    one, other = Run("strict"), Run("continuity")
    one.skip()
    with pytest.raises(ValueError):
        list(differences([one, other], [1]))
