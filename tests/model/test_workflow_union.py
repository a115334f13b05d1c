"""Point 3 of union: both contacts' workflows count, per node and per data field the latest run wins, ties go to B."""

from typing import Any

import pytest

from graph.errors import NotFound
from graph.settings import Settings
from graph.store.database import Database
from tests.model.side_by_side import DAY, YEAR_2020, SideBySide, as_text


def day(number: int) -> int:
    return YEAR_2020 + number * DAY


@pytest.fixture
def world(database: Database, server: Settings) -> SideBySide:
    world = SideBySide(database, server)
    world.define_workflow("basket")
    world.a = world.event(tracker_id="t1")
    world.b = world.event(tracker_id="t2")
    return world


def state(world: SideBySide, contact: str, workflow: str = "basket") -> dict[str, Any] | None:
    """Return what a contact shows, by the two ways in which it can be read."""
    shown = world.product.contacts.get(contact)["workflows"].get(workflow)
    if shown is not None:
        assert world.product.workflows.state(workflow, contact) == shown
    return shown


def node(ran: int, **data: Any) -> dict[str, Any]:
    return {"ran_at": as_text(day(ran)), "data": data}


def test_a_workflow_that_only_the_folded_contact_was_in_becomes_the_survivors(world: SideBySide) -> None:
    world.set_status("basket", world.a, "done")
    world.run("basket", world.a, "mail", day(1), {"opened": True})
    world.merge(world.a, world.b)
    assert state(world, world.b) == {"status": "done", "nodes": {"mail": node(1, opened=True)}}
    world.compare()


def test_per_node_and_field_the_latest_run_wins(world: SideBySide) -> None:
    for contact in (world.a, world.b):
        world.set_status("basket", contact, "active")
    world.run("basket", world.a, "mail", day(1), {"opened": True, "subject": "A early", "clicks": 3})
    world.run("basket", world.b, "mail", day(2), {"opened": False, "subject": "B late"})
    world.run("basket", world.a, "wait", day(9), {"hours": 5})
    world.run("basket", world.b, "wait", day(2), {"hours": 4, "reason": "night"})
    world.run("basket", world.a, "push", day(3), {})
    world.merge(world.a, world.b)
    assert state(world, world.b) == {
        "status": "active",
        "nodes": {
            "mail": node(2, opened=False, subject="B late", clicks=3),
            "push": node(3),
            "wait": node(9, hours=5, reason="night"),
        },
    }
    world.compare()


def test_at_the_same_time_the_survivors_value_wins(world: SideBySide) -> None:
    for contact, value in ((world.a, "A"), (world.b, "B")):
        world.set_status("basket", contact, "active")
        world.run("basket", contact, "mail", day(1), {"subject": value, f"only {value}": 1})
    world.merge(world.a, world.b)
    assert state(world, world.b) == {
        "status": "active",
        "nodes": {"mail": node(1, **{"subject": "B", "only A": 1, "only B": 1})},
    }
    world.compare()


@pytest.mark.parametrize(
    ("first", "second", "after"),
    [
        ("active", "active", "active"),
        ("active", "done", "active"),
        ("done", "active", "active"),
        ("done", "done", "done"),
    ],
)
def test_it_is_active_when_either_was(world: SideBySide, first: str, second: str, after: str) -> None:
    world.set_status("basket", world.a, first)
    world.set_status("basket", world.b, second)
    merge = world.merge(world.a, world.b)
    assert state(world, world.b) == {"status": after, "nodes": {}}
    world.compare()
    world.undo(merge)
    assert state(world, world.a) == {"status": first, "nodes": {}}
    assert state(world, world.b) == {"status": second, "nodes": {}}


def test_a_later_status_of_the_survivor_counts_and_stays_its_own(world: SideBySide) -> None:
    world.set_status("basket", world.a, "active")
    world.set_status("basket", world.b, "active")
    merge = world.merge(world.a, world.b)
    world.set_status("basket", world.b, "done")
    assert state(world, world.b) == {"status": "done", "nodes": {}}
    world.compare()
    world.undo(merge)
    assert state(world, world.a) == {"status": "active", "nodes": {}}
    assert state(world, world.b) == {"status": "done", "nodes": {}}
    world.compare()


def test_undo_gives_both_back_and_the_survivor_keeps_what_ran_since(world: SideBySide) -> None:
    for contact, value, when in ((world.a, "A", 5), (world.b, "B", 1)):
        world.set_status("basket", contact, "active")
        world.run("basket", contact, "mail", day(when), {"subject": value})
    merge = world.merge(world.a, world.b)
    world.run("basket", world.b, "mail", day(3), {"subject": "since", "clicks": 1})
    world.run("basket", world.a, "push", day(4), {"by": "the old id"})
    assert state(world, world.b) == {
        "status": "active",
        "nodes": {"mail": node(5, subject="A", clicks=1), "push": node(4, by="the old id")},
    }
    world.compare()
    world.undo(merge)
    assert state(world, world.a) == {"status": "active", "nodes": {"mail": node(5, subject="A")}}
    assert state(world, world.b) == {
        "status": "active",
        "nodes": {"mail": node(3, subject="since", clicks=1), "push": node(4, by="the old id")},
    }
    world.compare()


def test_undo_takes_away_a_workflow_that_only_the_union_brought(world: SideBySide) -> None:
    world.set_status("basket", world.a, "active")
    world.run("basket", world.a, "mail", day(1), {"subject": "A"})
    merge = world.merge(world.a, world.b)
    world.undo(merge)
    assert state(world, world.b) is None
    with pytest.raises(NotFound):
        world.product.workflows.state("basket", world.b)
    assert state(world, world.a) == {"status": "active", "nodes": {"mail": node(1, subject="A")}}
    world.compare()


def test_what_another_union_brought_shows_when_the_first_is_undone(world: SideBySide) -> None:
    c = world.event(tracker_id="t3")
    for contact, value, when in ((world.a, "A", 5), (c, "C", 4), (world.b, "B", 1)):
        world.set_status("basket", contact, "done" if contact == world.b else "active")
        world.run("basket", contact, "mail", day(when), {"subject": value})
    first, second = world.merge(world.a, world.b), world.merge(c, world.b)
    assert state(world, world.b) == {"status": "active", "nodes": {"mail": node(5, subject="A")}}
    world.compare()
    world.undo(first)
    assert state(world, world.b) == {"status": "active", "nodes": {"mail": node(4, subject="C")}}
    world.compare()
    world.undo(second)
    assert state(world, world.b) == {"status": "done", "nodes": {"mail": node(1, subject="B")}}
    world.compare()


def test_a_chain_of_unions_carries_everything_along(world: SideBySide) -> None:
    c = world.event(tracker_id="t3")
    world.set_status("basket", world.a, "active")
    world.run("basket", world.a, "mail", day(1), {"subject": "A"})
    first = world.merge(world.a, world.b)
    world.merge(world.b, c)
    assert state(world, c) == {"status": "active", "nodes": {"mail": node(1, subject="A")}}
    world.compare()
    world.undo(first, cascade=True)
    assert state(world, c) is None
    assert state(world, world.b) is None
    assert state(world, world.a) == {"status": "active", "nodes": {"mail": node(1, subject="A")}}
    world.compare()


def test_a_union_by_an_event_carries_workflows_too(world: SideBySide) -> None:
    world.set_status("basket", world.a, "active")
    known = world.event(email="ana@example.com")
    assert world.event(email="ana@example.com", tracker_id="t1") == known
    assert state(world, known) == {"status": "active", "nodes": {}}
    world.compare()


def test_a_run_of_the_survivor_stays_its_own_when_only_the_union_had_enrolled_it(world: SideBySide) -> None:
    world.set_status("basket", world.a, "active")
    merge = world.merge(world.a, world.b)
    world.run("basket", world.b, "mail", day(3), {"subject": "since"})
    world.undo(merge)
    # Everything written to B since, by whichever key, stays B's (point 7).
    assert state(world, world.b) == {"status": "active", "nodes": {"mail": node(3, subject="since")}}
    world.compare()


def test_who_is_in_a_workflow_by_runs_alone_was_active_when_the_next_union_came(world: SideBySide) -> None:
    other = world.event(tracker_id="t3")
    for contact in (world.a, other):
        world.set_status("basket", contact, "done")
    merge = world.merge(world.a, world.b)
    assert merge
    world.run("basket", world.b, "mail", day(1), {})
    world.undo(merge)
    assert state(world, world.b) == {"status": "active", "nodes": {"mail": node(1)}}
    world.merge(other, world.b)
    assert state(world, world.b) == {"status": "active", "nodes": {"mail": node(1)}}
    world.compare()
