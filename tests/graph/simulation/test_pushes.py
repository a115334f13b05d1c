"""Whom a shop's pushes reach: who has the device, what the gate lets through, and what the last name says."""

from dataclasses import replace
from typing import Any

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.simulation import Happening, Situation, Truth
from graph.simulation.pushes import Readers, Shop, last_name_wins

OWN = Truth("", "ana", "phone", "t1", named=True, situation=Situation.OWN_DEVICE, subscription="s1")


def at(day: int, truth: Truth, **event: Any) -> Happening:
    message_id = f"m{day:02}-{truth.person}"
    whole = {"occurred_at": f"2026-01-{day:02}T10:00:00Z", "message_id": message_id, **event}
    return Happening(whole, replace(truth, message_id=message_id))


def named(day: int, person: str, truth: Truth = OWN, **event: Any) -> Happening:
    own = replace(truth, person=person)
    return at(day, own, email=f"{person}@example.com", tracker_id=own.cookie, subscription=own.subscription, **event)


def reader(*happenings: Happening) -> str | None:
    readers = Readers()
    for happening in happenings:
        readers.note(happening)
    return readers.reader("s1")


def test_a_push_is_read_by_whoever_used_the_device_last() -> None:
    assert reader(named(1, "ana"), named(2, "bob")) == "bob"
    assert reader(named(1, "ana"), at(2, replace(OWN, person="bob"), tracker_id="t1")) == "bob"


def test_after_a_log_out_nobody_reads_it() -> None:
    assert reader(named(1, "ana"), at(2, OWN, tracker_id="t1", logout=True)) is None


def test_who_uses_a_kiosk_leaves_and_an_agent_stays() -> None:
    assert reader(named(1, "ana", replace(OWN, device_situation=Situation.KIOSK))) is None
    assert reader(named(1, "ana", replace(OWN, device_situation=Situation.RESELLER))) == "phone"


def test_a_token_of_a_release_is_read_by_nobody_in_particular() -> None:
    assert reader(named(1, "ana"), named(2, "bob", replace(OWN, device="another"))) is None


def test_a_subscription_that_no_browser_has_is_refused() -> None:
    readers = Readers()
    readers.note(named(1, "ana"))
    assert not readers.expired("s1")
    readers.note(at(2, replace(OWN, subscription=None), tracker_id="t1"))
    assert readers.expired("s1")


def unsaid(*happenings: Happening) -> bool:
    readers = Readers()
    for happening in happenings:
        readers.note(happening)
    return readers.unsaid("s1")


def test_the_log_says_nothing_of_a_second_person_who_never_gave_a_name() -> None:
    visitor = at(2, replace(OWN, person="bob"), tracker_id="t1")
    assert unsaid(named(1, "ana"), visitor)
    assert not unsaid(named(1, "ana"), named(2, "bob"))
    assert not unsaid(named(1, "ana"), at(2, OWN, tracker_id="t1", logout=True), visitor)
    assert not unsaid(named(1, "ana"), at(2, replace(OWN, device="another"), tracker_id="t2", subscription="s1"))


def test_the_gate_holds_what_the_table_would_send_to_who_is_gone(kinfold: Kinfold) -> None:
    shop = Shop(["2026-01-03T00:00:00Z"])
    story = [named(1, "ana"), named(2, "bob"), named(3, "bob")]
    for happening in story:
        [answer] = kinfold.resolver.resolve([read_event(happening.event)])
        shop.note(happening, answer)
        shop.push(kinfold, happening.event["occurred_at"])
    pushes = shop.owned
    assert (pushes.right, pushes.wrong, pushes.wrong_through, pushes.right_withheld) == (1, 1, 0, 0)
    assert (pushes.prevented, pushes.withheld) == (1.0, 0.0)
    assert pushes.to_dict()["wrong_by_situation"] == {"own_device": 1}


def test_a_list_of_a_senders_own_keeps_who_is_gone_from_the_device(kinfold: Kinfold) -> None:
    last_login = Kinfold.on(kinfold.database, kinfold.settings.model_copy(update={"policy": "last_login"}))
    shop = Shop(["2026-01-03T00:00:00Z"])
    for happening in [named(1, "ana"), named(2, "bob"), named(3, "bob")]:
        [answer] = last_login.resolver.resolve([read_event(happening.event)])
        shop.note(happening, answer)
        shop.push(last_login, happening.event["occurred_at"])
    owned, listed = shop.owned, shop.listed
    assert (owned.right, owned.wrong, owned.wrong_through) == (1, 0, 0)
    assert (listed.right, listed.wrong, listed.wrong_through, listed.right_withheld) == (1, 1, 0, 0)


def test_what_was_refused_is_gone_and_counts_for_nobody(kinfold: Kinfold) -> None:
    shop = Shop(["2026-01-03T00:00:00Z"])
    for happening in [named(1, "ana"), at(3, replace(OWN, subscription=None), tracker_id="t1")]:
        [answer] = kinfold.resolver.resolve([read_event(happening.event)])
        shop.note(happening, answer)
        shop.push(kinfold, happening.event["occurred_at"])
    assert (shop.owned.right, shop.owned.wrong) == (0, 0)
    assert (shop.listed.right, shop.listed.wrong) == (0, 0)
    assert kinfold.contacts.owners("subscription", "s1") == []


def test_the_yardstick_pushes_to_the_last_name_on_the_subscription_or_its_tracker() -> None:
    times = ["2026-01-05T00:00:00Z"]
    without = at(3, replace(OWN, person="bob"), tracker_id="t1", email="bob@example.com")
    for story, right in (
        ([named(1, "ana"), at(6, OWN)], 1),
        ([named(1, "ana"), without, at(6, OWN)], 1),
        ([named(1, "ana"), at(3, replace(OWN, person="bob"), tracker_id="t1"), at(6, OWN)], 0),
        ([at(1, OWN, tracker_id="t1", subscription="s1"), at(6, OWN)], 1),
    ):
        pushes = last_name_wins(story, times)
        assert (pushes.right, pushes.wrong, pushes.wrong_through) == (right, 1 - right, None)
