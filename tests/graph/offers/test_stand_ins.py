"""Visitors that stand for the browsers of somebody known are that person's: exported and erased with them."""

import pytest

from graph.errors import Gone
from graph.kinfold import Kinfold
from graph.store.database import Database
from tests.graph.identity.test_properties_always import check_invariants
from tests.graph.offers.shop import ask, put, resolve, visitors
from tests.graph.privacy.test_privacy import naming

ANA, BOB = "ana@example.com", "bob@example.com"
BRANDS = ("north", "south")


@pytest.fixture(autouse=True)
def brands(kinfold: Kinfold) -> None:
    """Two brands whose homes must not compare cookies."""
    home = {"home": {"identify_implicitly": False}}
    for name in BRANDS:
        put(kinfold, **{name: {"kind": "anonymous", "spaces": home, "offers": {"hello": {}}}})


def stand_in(kinfold: Kinfold, brand: str = "north", **cookie: str) -> str:
    """Ask a brand's home with a cookie of somebody known; return the visitor that answers."""
    contact: str = ask(kinfold, f"{brand}/home", **cookie)["contact"].id
    return contact


def test_an_erasure_reaches_the_visitors_that_stand_for_every_browser_of_the_person(
    kinfold: Kinfold, database: Database
) -> None:
    resolve(kinfold, tracker_id="laptop")
    ana = resolve(kinfold, email=ANA, tracker_id="phone")
    assert resolve(kinfold, email=ANA, tracker_id="laptop", subscription="push") == ana
    resolve(kinfold, email=ANA, tracker_id="lost")
    kinfold.keys.take(ana, "tracker_id", "lost")
    kinfold.keys.give(ana, "tracker_id", "lost")
    cookies = ({"tracker_id": "phone"}, {"tracker_id": "laptop"}, {"tracker_id": "lost"}, {"subscription": "push"})
    made = {stand_in(kinfold, brand, **cookie) for brand in BRANDS for cookie in cookies}
    assert len(made) == 8
    assert ana not in made
    kinfold.keys.take(ana, "tracker_id", "lost")
    receipt = kinfold.erasures.erase(ana)
    assert naming(database, "kf-visitor", "phone", "laptop", "lost", "push", ana, *made) == []
    assert [visitors(kinfold, brand) for brand in BRANDS] == [[], []]
    for visitor in made:
        with pytest.raises(Gone):
            kinfold.contacts.get(visitor)
    assert receipt["contact"] == ana
    assert receipt["removed"]["contacts"] == 1 + 1 + 8
    check_invariants(database)


def test_a_browser_that_is_somebody_elses_now_keeps_its_visitor(kinfold: Kinfold) -> None:
    ana = resolve(kinfold, email=ANA, tracker_id="tablet")
    visitor = stand_in(kinfold, tracker_id="tablet")
    bob = resolve(kinfold, email=BOB)
    kinfold.keys.take(ana, "tracker_id", "tablet")
    kinfold.keys.give(bob, "tracker_id", "tablet")
    kinfold.erasures.erase(ana)
    assert visitors(kinfold, "north") == [visitor]
    kinfold.erasures.erase(bob)
    assert visitors(kinfold, "north") == []


def test_the_visitor_of_a_shared_subscription_goes_with_the_last_who_owns_it(kinfold: Kinfold) -> None:
    ana, bob = (resolve(kinfold, email=email, subscription="family") for email in (ANA, BOB))
    visitor = stand_in(kinfold, subscription="family")
    kinfold.erasures.erase(ana)
    assert visitors(kinfold, "north") == [visitor]
    kinfold.erasures.erase(bob)
    assert visitors(kinfold, "north") == []


def test_a_visitor_that_was_made_somebody_else_by_hand_is_theirs(kinfold: Kinfold) -> None:
    ana = resolve(kinfold, email=ANA, tracker_id="phone")
    visitor = stand_in(kinfold, tracker_id="phone")
    bob = resolve(kinfold, email=BOB)
    kinfold.unions.merge(visitor, bob)
    kinfold.erasures.erase(ana)
    assert kinfold.contacts.get(visitor)["id"] == bob


def test_a_visitor_that_is_erased_takes_nobody_along(kinfold: Kinfold) -> None:
    ana = resolve(kinfold, email=ANA, tracker_id="phone")
    kinfold.erasures.erase(stand_in(kinfold, tracker_id="phone"))
    assert kinfold.contacts.get(ana)["trackers"] == ["phone"]


def test_an_export_holds_what_was_proposed_to_the_person_and_to_the_visitors_that_stand_for_them(
    kinfold: Kinfold,
) -> None:
    ana = resolve(kinfold, email=ANA, tracker_id="phone", event="look")
    stand_in(kinfold, tracker_id="another browser")
    answers = [ask(kinfold, f"{brand}/home", tracker_id="phone") for brand in BRANDS]
    answers.append(ask(kinfold, "north/home", email=ANA))
    kinfold.propositions.note_outcome(answers[0]["proposition_id"], "accepted")
    export = kinfold.exports.document(ana)
    north, south = (answer["contact"].id for answer in answers[:2])
    shown = [(one["contact"], one["environment"], one["proposition_id"]) for one in export["propositions"]]
    assert shown == [
        (holder, brand, answer["proposition_id"])
        for holder, brand, answer in zip((north, south, ana), (*BRANDS, "north"), answers, strict=True)
    ]
    assert [offer["outcome"] for one in export["propositions"] for offer in one["offers"]] == ["accepted", None, None]
    cookie = {"key": "tracker_id", "value": "phone"}
    assert {(one["contact"], one["folder"]) for one in export["visitors"]} == {
        (north, "visitors of north"),
        (south, "visitors of south"),
    }
    assert all(one["cookie"] == cookie for one in export["visitors"])
    periods = {period["id"] for one in export["visitors"] for period in one["periods"]}
    own = {period["id"] for period in export["periods"]}
    assert [one["event"] for one in export["activity"] if one["period"] in own] == ["proposition", "look"]
    assert [one["event"] for one in export["activity"] if one["period"] in periods] == ["proposition"] * 2
