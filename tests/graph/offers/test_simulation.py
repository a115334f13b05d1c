"""A catalogue tried on people: who would get what, what nobody would get and why, and nothing written."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.errors import BadInput, NotFound
from graph.kinfold import Kinfold
from graph.offers.simulation import Plan
from tests.graph.offers.shop import ask, names, put, resolve, why

ANA, BEN = "ana@example.com", "ben@example.com"
NOW = datetime.now(UTC)
SOON, LATER = NOW + timedelta(days=30), NOW + timedelta(days=60)


@pytest.fixture
def house(kinfold: Kinfold) -> Kinfold:
    put(
        kinfold,
        north={"kind": "anonymous", "spaces": {"home": {}}, "offers": {"hello": {}}},
        crm={
            "kind": "identified",
            "categories": {"off": {"enabled": False}},
            "spaces": {
                "home": {"offers": 1, "identify_implicitly": True, "fall_back": True, "anonymous_space": "north/home"},
                "till": {},
            },
            "offers": {
                "french": {"weight": 3, "where": {"property": "country", "is": "FR"}},
                "all": {"at_most": {"count": 1, "within": "P7D"}},
                "winter": {"weight": 9, "starts_at": SOON.isoformat(), "ends_at": LATER.isoformat()},
                "page": {"weight": 2, "where": {"context": "page", "is": "/boots"}},
                "draft": {"state": "draft"},
                "switched off": {"category": "off"},
            },
        },
    )
    kinfold.segments.define("french", "dynamic", {"property": "country", "is": "FR"})
    return kinfold


def people(kinfold: Kinfold) -> tuple[str, str, str]:
    ana = resolve(kinfold, email=ANA, tracker_id="ana", properties={"country": "FR"})
    return ana, resolve(kinfold, email=BEN), resolve(kinfold, tracker_id="visitor")


def got(document: dict[str, Any], contact: str, space: str) -> list[str]:
    [one] = [item for item in document["answers"] if (item["contact"], item["space"]) == (contact, space)]
    return [offer["name"] for offer in one["offers"]]


def of(document: dict[str, Any], offer: str) -> dict[str, Any]:
    [one] = [item for item in document["offers"] if item["name"] == offer]
    return dict(one)


def test_everybody_gets_in_a_simulation_what_they_are_then_proposed(house: Kinfold) -> None:
    ana, ben, visitor = people(house)
    found = house.offer_simulations.run("crm", Plan())
    assert found["people"] == 3
    assert not found["more_people"]
    for contact, space, keys in (
        (ana, "home", {"email": ANA}),
        (ana, "till", {"email": ANA}),
        (ben, "home", {"email": BEN}),
        (visitor, "till", {"tracker_id": "visitor"}),
        (visitor, "home", {"tracker_id": "visitor"}),
    ):
        # Run again before each call: what was proposed by the one before counts.
        now = house.offer_simulations.run("crm", Plan(spaces=(space,)))
        assert got(now, contact, space) == names(ask(house, f"crm/{space}", **keys)), (contact, space)


def test_nothing_is_written_by_a_simulation(house: Kinfold) -> None:
    ana, _, _ = people(house)
    for _ in range(3):
        house.offer_simulations.run("crm", Plan())
    assert house.propositions.of_contact(ana)[0] == []
    assert names(ask(house, "crm/till", email=ANA)) == ["french", "all"], "no limit was used up"


def test_what_nobody_would_get_is_named_with_every_reason(house: Kinfold) -> None:
    people(house)
    found = house.offer_simulations.run("crm", Plan())
    assert found["never"] == ["crm/draft", "crm/page", "crm/switched off", "crm/winter"]
    reasons = {name: {one["reason"] for one in of(found, name)["left_out"]} for name in ("draft", "page", "winter")}
    nobody = "not_identified"  # at the till, for the visitor
    assert reasons == {"draft": {"draft", nobody}, "page": {"condition", nobody}, "winter": {"not_started", nobody}}
    assert {one["reason"] for one in of(found, "switched off")["left_out"]} == {"category_off", nobody}
    french = of(found, "french")
    assert (french["people"], french["first"], french["spaces"]) == (1, 2, {"home": 1, "till": 1})


def test_the_reasons_are_those_that_a_call_explains(house: Kinfold) -> None:
    people(house)
    found = house.offer_simulations.run("crm", Plan(spaces=("till",), segment="french"))
    simulated = {one["name"]: item["reason"] for one in found["offers"] for item in one["left_out"]}
    assert simulated == why(ask(house, "crm/till", email=ANA, explain=True))


def test_a_segment_a_time_and_the_data_of_a_call_decide(house: Kinfold) -> None:
    ana, _, _ = people(house)
    found = house.offer_simulations.run("crm", Plan(segment="french", at=SOON, context={"page": "/boots"}))
    assert (found["people"], found["segment"]) == (1, "french")
    assert got(found, ana, "till") == ["winter", "french", "page", "all"]
    assert got(found, ana, "home") == ["winter"]
    assert got(house.offer_simulations.run("crm", Plan(segment="french", at=LATER)), ana, "home") == ["french"]


def test_limits_count_back_from_the_simulated_time(house: Kinfold) -> None:
    ana, _, _ = people(house)
    ask(house, "crm/till", email=ANA)
    today = house.offer_simulations.run("crm", Plan(segment="french", spaces=("till",)))
    assert got(today, ana, "till") == ["french"]
    [left] = of(today, "all")["left_out"]
    assert left["reason"] == "offer_limit"
    next_week = Plan(segment="french", spaces=("till",), at=NOW + timedelta(days=8))
    assert got(house.offer_simulations.run("crm", next_week), ana, "till") == ["french", "all"]


def test_visitors_are_answered_by_the_associated_anonymous_space(house: Kinfold) -> None:
    _, _, visitor = people(house)
    found = house.offer_simulations.run("crm", Plan())
    assert got(found, visitor, "home") == ["hello"]
    assert got(found, visitor, "till") == []
    spaces = {one["space"]: (one["answered"], one["without"], one["fell_back"]) for one in found["spaces"]}
    assert spaces == {"home": (3, 0, 1), "till": (2, 1, 0)}
    assert of(found, "hello")["environment"] == "north"
    assert found["offers"][-1]["name"] == "hello", "those of the environment come first"


def test_known_people_may_come_by_their_cookies_where_a_space_compares_them(house: Kinfold) -> None:
    ana, _, _ = people(house)
    flags = {"identify_implicitly": True, "identified_offers_when_implicit": False}
    falling = {**flags, "fall_back": True, "anonymous_space": "north/home"}
    put(house, crm={"kind": "identified", "spaces": {"discreet": falling}})
    by_cookie = Plan(segment="french", identified_by="implicit", spaces=("home", "discreet"))
    found = house.offer_simulations.run("crm", by_cookie)
    assert (got(found, ana, "home"), got(found, ana, "discreet")) == (["french"], ["hello"])
    with pytest.raises(BadInput) as refused:
        house.offer_simulations.run("crm", Plan(identified_by="implicit", spaces=("till",)))
    assert [(one.field, one.rule) for one in refused.value.errors] == [("identified_by", "not_implicitly")]


def test_as_many_people_are_looked_at_as_are_asked_for(house: Kinfold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.offers.simulation.AT_ONCE", 2)
    for number in range(5):
        resolve(house, email=f"p{number}@example.com")
    some = house.offer_simulations.run("crm", Plan(most=3), listed=1)
    assert (some["people"], some["more_people"], len(some["answers"])) == (3, True, 1)
    all_of_them = house.offer_simulations.run("crm", Plan(most=5))
    assert (all_of_them["people"], all_of_them["more_people"]) == (5, False)
    rows = list(house.offer_simulations.rows("crm", Plan(spaces=("till",))))
    assert [(row["position"], row["offer"]) for row in rows] == [(1, "all")] * 5


def test_a_simulation_of_what_is_not_there_is_refused(house: Kinfold) -> None:
    with pytest.raises(NotFound):
        house.offer_simulations.run("nowhere", Plan())
    for plan, field in ((Plan(segment="nobody"), "segment"), (Plan(spaces=("home", "attic")), "spaces[1]")):
        with pytest.raises(BadInput) as refused:
            house.offer_simulations.run("crm", plan)
        assert [one.field for one in refused.value.errors] == [field]
