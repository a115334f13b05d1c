"""Unions by hand at the same moment: one survivor, nothing lost, and no error but a clear 409."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Thread, current_thread
from typing import Any

import pytest

from graph.edits.splits import Wanted
from graph.errors import ClashError
from graph.identity.events import Event
from graph.identity.working_set import WorkingSet
from graph.kinfold import Kinfold
from tests.graph.identity.test_properties_always import check_invariants

pytestmark = pytest.mark.calendar


def person(kinfold: Kinfold, name: str) -> str:
    contact = kinfold.resolver.resolve([Event(email=f"{name}@example.com", tracker_id=f"browser-{name}")])[0].contact
    assert contact
    assert contact.id
    return contact.id


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make calls at the same moment; a refusal is its result, anything else is raised."""
    barrier = Barrier(len(calls))

    def call(what: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return what()
        except ClashError as refusal:
            return refusal

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


@pytest.mark.parametrize("attempt", range(6))
def test_a_into_b_and_b_into_a_end_in_one_survivor_with_both_emails(kinfold: Kinfold, attempt: int) -> None:
    x, y = person(kinfold, "x"), person(kinfold, "y")
    merge = kinfold.unions.merge
    results = at_once(lambda: merge(x, y), lambda: merge(y, x))
    assert sum(isinstance(result, ClashError) for result in results) == 1
    (survivor,) = {kinfold.contacts.get(one)["id"] for one in (x, y)}
    assert set(kinfold.contacts.get(survivor)["emails"]) == {"x@example.com", "y@example.com"}
    check_invariants(kinfold.database, by_hand=True)


@pytest.mark.parametrize("attempt", range(4))
def test_a_ring_of_unions_ends_in_one_survivor_with_every_email(kinfold: Kinfold, attempt: int) -> None:
    names = ("x", "y", "z")
    ids = [person(kinfold, name) for name in names]
    pairs = [(ids[0], ids[1]), (ids[1], ids[2]), (ids[2], ids[0])]
    results = at_once(*(lambda pair=pair: kinfold.unions.merge(*pair) for pair in pairs))  # type: ignore[misc]
    assert sum(isinstance(result, ClashError) for result in results) == 1
    (survivor,) = {kinfold.contacts.get(one)["id"] for one in ids}
    assert set(kinfold.contacts.get(survivor)["emails"]) == {f"{name}@example.com" for name in names}
    check_invariants(kinfold.database, by_hand=True)


@pytest.mark.parametrize("attempt", range(4))
def test_a_union_by_hand_beside_one_by_an_event_loses_neither(kinfold: Kinfold, attempt: int) -> None:
    (visitor,) = kinfold.resolver.resolve([Event(tracker_id="browser-v")])
    assert visitor.contact
    known = person(kinfold, "y")
    event = Event(email="y@example.com", tracker_id="browser-v")
    at_once(
        lambda: kinfold.unions.merge(known, str(visitor.contact and visitor.contact.id)),
        lambda: kinfold.resolver.resolve([event]),
    )
    (owner,) = kinfold.contacts.owners("email", "y@example.com")
    assert {"browser-v", "browser-y"} <= set(owner["trackers"])
    assert len(kinfold.contacts.activity(owner["id"])[0]) == 3
    check_invariants(kinfold.database, by_hand=True)


@pytest.mark.parametrize("attempt", range(4))
def test_what_is_done_to_a_contact_while_it_is_folded_reaches_the_survivor(kinfold: Kinfold, attempt: int) -> None:
    x, y = person(kinfold, "x"), person(kinfold, "y")
    kinfold.workflows.define("welcome")
    kinfold.segments.define("vip", "static")
    at_once(
        lambda: kinfold.unions.merge(x, y),
        lambda: kinfold.properties.write(x, {"plan": "gold"}),
        lambda: kinfold.keys.give(x, "tracker_id", "tablet"),
        lambda: kinfold.workflows.set_status("welcome", x, "active"),
        lambda: kinfold.segments.put_member("vip", x),
    )
    survivor = kinfold.contacts.get(x)
    assert survivor["id"] == y
    assert survivor["properties"] == {"plan": "gold"}
    assert "tablet" in survivor["trackers"]
    assert survivor["workflows"]["welcome"]["status"] == "active"
    check_invariants(kinfold.database, by_hand=True)


def test_the_same_union_twice_at_once_is_made_once(kinfold: Kinfold) -> None:
    x, y = person(kinfold, "x"), person(kinfold, "y")
    results = at_once(*[lambda: kinfold.unions.merge(x, y)] * 3)
    assert sum(isinstance(result, ClashError) for result in results) == 2
    assert len(kinfold.unions.page()[0]) == 1


@pytest.mark.parametrize("cascade", [False, True], ids=["alone", "beneath another"])
def test_what_an_un_merge_would_change_is_told_while_another_makes_it(
    kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch, cascade: bool
) -> None:
    x, y, z = person(kinfold, "x"), person(kinfold, "y"), person(kinfold, "z")
    asked = [kinfold.unions.merge(x, y)["id"]]
    if cascade:
        asked.append(kinfold.unions.merge(y, z)["id"])
    load, asking, making = WorkingSet.load, current_thread(), Thread(target=kinfold.unions.undo, args=(asked[-1],))

    def load_beside(working_set: WorkingSet, **wanted: Any) -> None:
        if current_thread() is asking and making.ident is None:
            making.start()
            making.join(timeout=3.0)  # it waits for the lock of who asks, or has ended by then
        load(working_set, **wanted)

    monkeypatch.setattr(WorkingSet, "load", load_beside)
    told = kinfold.unions.preview_undo(asked[0], cascade=cascade)
    making.join()
    assert {one["contact"] for one in told} == ({x, y, z} if cascade else {x, y})
    assert kinfold.unions.get(asked[-1])["undone_at"]
    check_invariants(kinfold.database, by_hand=True)


def test_what_an_edit_would_change_can_be_asked_while_events_change_the_contact(kinfold: Kinfold) -> None:
    x = person(kinfold, "x")
    visits = [Event(tracker_id=f"new-{number}") for number in range(6)]
    kinfold.resolver.resolve(visits)
    events = [Event(email="x@example.com", tracker_id=f"new-{number}") for number in range(6)]
    wanted = Wanted(((("email", "x@example.com"),),))
    previews = [
        partial(kinfold.properties.preview, x, {"plan": "gold"}),
        partial(kinfold.keys.preview_take, x, "tracker_id", "browser-x"),
        partial(kinfold.splits.preview, x, wanted),
    ]
    at_once(*(partial(kinfold.resolver.resolve, [event]) for event in events), *previews * 2)
    assert len(kinfold.contacts.get(x)["trackers"]) == 7
    assert "plan" not in kinfold.contacts.get(x)["properties"]
    check_invariants(kinfold.database, by_hand=True)
