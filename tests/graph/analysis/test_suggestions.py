"""Pairs of contacts that are probably one person: what ties them, what is said to them, and what comes of that."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from graph.analysis.suggestions import FEATURES, WEIGHTS_FILE, Somebody, Weights, features_of, suggestions_of, weights
from graph.errors import NotFound
from graph.identity.events import TrackedEvent, read_event
from graph.kinfold import Kinfold

Resolve = Callable[..., str]


def somebody(name: str, properties: dict[str, str] | None = None, **keys: str) -> Somebody:
    return Somebody(name, True, 0, {key: {value} for key, value in keys.items()}, properties or {})


def codes(one: Somebody, other: Somebody) -> set[str]:
    found = features_of([one, other], [])
    return {code for values in found.values() for code, value in values.items() if value}


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ("ana@example.com", "ana+shop@example.com", "plus_tag"),
        ("ana.martin@gmail.com", "anamartin@gmail.com", "plus_tag"),
        ("ana@gmail.com", "ana@gmial.com", "domain_slip"),
        ("ana.martin@example.com", "ana.martn@example.com", "one_letter"),
        ("ana.martin@example.com", "ana.matrin@example.com", "one_letter"),
        ("ana.martin@example.com", "ana.mertin@example.com", "one_letter"),
    ],
)
def test_an_address_that_is_almost_the_others_ties_two(one: str, other: str, code: str) -> None:
    assert code in codes(somebody("a", email=one), somebody("b", email=other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana.martin@example.com", "ana.martin@example.org"),
        ("ana.martin@example.com", "bob.martin@example.com"),
        ("person17@example.com", "person18@example.com"),
        ("person1@example.com", "person11@example.com"),
        ("ana@example.com", "ane@example.com"),
        ("a.martin@example.com", "amartin@example.org"),
    ],
)
def test_addresses_of_two_people_tie_nobody(one: str, other: str) -> None:
    assert codes(somebody("a", email=one), somebody("b", email=other)) == set()


def test_a_domain_is_a_slip_of_another_that_is_far_more_common_and_not_of_another_provider() -> None:
    others = [somebody(f"o{number}", email=f"other{number}@shop.example") for number in range(10)]
    slip = [somebody("a", email="ana.martin@shop.example"), somebody("b", email="ana.martin@shpo.example")]
    assert [set(values) for values in features_of([*slip, *others], []).values()] == [{"domain_slip", "two_addresses"}]
    assert features_of(slip, []) == {}, "either may be the right one"
    common = [somebody(f"o{number}", email=f"other{number}@gmail.com") for number in range(20)]
    provider = [somebody("a", email="ana.martin@gmail.com"), somebody("b", email="ana.martin@ymail.com")]
    assert features_of([*provider, *common], []) == {}


def test_who_named_themselves_one_right_after_the_other_did_so_in_one_visit() -> None:
    people = [somebody("a", user_id="42"), somebody("b", email="ana@example.com")]

    def events(*minutes: int) -> list[list[Any]]:
        who = [(None, "42"), ("ana@example.com", None)]
        return [[str(turn), "t", *who[turn % 2], None, minute * 60_000, "t"] for turn, minute in enumerate(minutes)]

    (once,) = features_of(people, events(0, 3)).values()
    assert (once["one_visit"], once["alone_together"]) == (1.0, 1.0)
    (apart,) = features_of(people, events(0, 60)).values()
    assert (apart["visits_apart"], "one_visit" in apart) == (1.0, False)


def test_a_browser_that_was_told_another_tracker_is_still_the_same_browser() -> None:
    people = [somebody("a", user_id="42"), somebody("b", email="ana@example.com")]
    activity = [["1", "t1", "ana@example.com", None, None, 0, "kf-1"], ["2", "kf-1", None, "42", None, 60_000, "kf-1"]]
    (met,) = features_of(people, activity).values()
    assert met["alone_together"] == 1.0


def test_what_came_with_a_value_that_many_send_is_no_conflict_of_two() -> None:
    fused = Somebody("a", True, 0, {"user_id": {"undef"}, "email": {"ana@example.com", "bob@example.com"}}, {})
    activity = [["1", "t", "eve@example.com", "undef", None, 0, "t"]]
    (met,) = features_of([fused, somebody("b", email="eve@example.com")], activity).values()
    assert "several_people" in met
    assert "conflict" not in met


def test_a_phone_and_a_name_with_a_postcode_tie_two_and_a_name_alone_does_not() -> None:
    place = {"_name": "Ana Martín", "postcode": "SW1A 1AA"}
    other = {"first_name": "ana", "last_name": "MARTIN", "zip": "sw1a1aa"}
    assert "name_and_postcode" in codes(somebody("a", place, user_id="1"), somebody("b", other, user_id="2"))
    assert codes(somebody("a", {"_name": "Ana Martin"}), somebody("b", {"_name": "Ana Martin"})) == set()
    assert "same_phone" in codes(somebody("a", {"phone": "+33 6 12 34 56 78"}), somebody("b", phone="+33612345678"))


def test_an_id_and_an_address_that_met_on_their_devices_alone_are_more_probable_than_two_of_a_household() -> None:
    ana, address = somebody("a", user_id="42"), somebody("b", email="ana@example.com")
    bob = somebody("c", email="bob@example.com")

    def probability(people: list[Somebody], activity: list[list[Any]]) -> float:
        found = suggestions_of(people, features_of(people, activity), weights())
        return next(one.probability for one in found if set(one.contacts) == {"a", "b"})

    alone = [
        [str(turn), tracker, email, user_id, None, turn, tracker]
        for turn, (tracker, email, user_id) in enumerate(
            [("t1", None, "42"), ("t1", "ana@example.com", None), ("t2", None, "42"), ("t2", "ana@example.com", None)]
        )
    ]
    crowded = [
        *alone,
        *(
            [str(turn), tracker, "bob@example.com", None, None, turn, tracker]
            for turn, tracker in ((8, "t1"), (9, "t2"))
        ),
    ]
    assert probability([ana, address, bob], alone) > probability([ana, address, bob], crowded)
    assert probability([ana, address], alone) > 0.5


def test_almost_the_same_name_alone_is_less_sure_than_on_one_device() -> None:
    by = weights()
    alone = by.probability({"one_letter": 1.0, "two_addresses": 1.0})
    assert 0.5 < alone < 0.95
    assert by.probability({"one_letter": 1.0, "two_addresses": 1.0, "alone_together": 1.0, "one_visit": 1.0}) > 0.95


def test_the_weights_that_ship_were_fitted_and_are_right_on_other_worlds() -> None:
    kept = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    assert set(kept["weights"]) == set(FEATURES)
    assert {"id_and_address", "plus_tag", "domain_slip", "one_visit"} <= set(kept["fitted"])
    measured = kept["measured_on"]
    assert not set(measured["seeds"]) & set(kept["seeds"])
    assert measured["calibration_error"] <= 0.05
    assert measured["from"]["0.95"]["right"] >= 0.95


def test_the_weights_count_as_log_odds() -> None:
    assert Weights(0.0, {}).probability({}) == 0.5
    assert Weights(-2.0, {"alias": 2.0}).probability({"alias": 1.0}) == 0.5
    assert weights().probability({"plus_tag": 1.0, "two_addresses": 1.0}) > 0.5


@pytest.fixture
def resolve(kinfold: Kinfold) -> Resolve:
    def resolve(**event: Any) -> str:
        (answer,) = kinfold.resolver.resolve([read_event(event)])
        assert answer.contact
        assert answer.contact.id
        return answer.contact.id

    return resolve


def test_a_suggestion_is_accepted_as_a_union_by_hand(kinfold: Kinfold, resolve: Resolve) -> None:
    ana, shop = resolve(email="ana@example.com"), resolve(email="ana+shop@example.com")
    resolve(email="bob@example.com")
    (item,), following = kinfold.suggestions.page()
    assert following is None
    assert (set(item["contacts"]), next(reason["code"] for reason in item["reasons"])) == ({ana, shop}, "plus_tag")
    assert item["preview"]["keys"]["email"] == ["ana@example.com", "ana+shop@example.com"]
    assert kinfold.suggestions.get(item["id"]) == item
    union = kinfold.suggestions.accept(item["id"])
    assert (union["rule"], {union["source"], union["target"]}) == (None, {ana, shop})
    assert kinfold.suggestions.page() == ([], None)
    with pytest.raises(NotFound):
        kinfold.suggestions.accept(item["id"])


def test_what_was_refused_comes_back_only_with_other_evidence(kinfold: Kinfold, resolve: Resolve) -> None:
    ana, shop = resolve(email="ana.martin@example.com"), resolve(email="ana.martin+shop@example.com")
    (item,), _ = kinfold.suggestions.page()
    judgement = kinfold.suggestions.refuse(item["id"])
    assert set(judgement["contacts"]) == {ana, shop}
    assert kinfold.suggestions.page() == ([], None)
    kinfold.judgements.take_back(judgement["id"])
    assert kinfold.suggestions.page() == ([], None), "what speaks for it is what was refused"
    for one in (ana, shop):
        kinfold.properties.write(one, {"phone": "+33612345678"})
    (again,), _ = kinfold.suggestions.page()
    assert again["id"] == item["id"]


def test_who_is_judged_apart_is_not_suggested_and_what_is_put_off_waits(kinfold: Kinfold, resolve: Resolve) -> None:
    ana, shop = resolve(email="ana@example.com"), resolve(email="ana+shop@example.com")
    judgement, _ = kinfold.judgements.apart(ana, shop)
    assert kinfold.suggestions.page() == ([], None)
    kinfold.judgements.take_back(judgement["id"])
    (item,), _ = kinfold.suggestions.page()
    kinfold.suggestions.later(item["id"])
    assert kinfold.suggestions.page() == ([], None)


def test_nothing_is_united_but_from_the_probability_that_is_said(kinfold: Kinfold, resolve: Resolve) -> None:
    resolve(email="ana@example.com")
    resolve(email="ana+shop@example.com")
    assert kinfold.suggestions.accept_from(0.9999) == ([], [])
    unions, refused = kinfold.suggestions.accept_from(0.5)
    assert (len(unions), refused) == (1, [])


def test_pages_follow_each_other(kinfold: Kinfold, resolve: Resolve) -> None:
    for name in ("ana", "bob", "eve"):
        resolve(email=f"{name}@example.com")
        resolve(email=f"{name}+shop@example.com")
    found, cursor = [], None
    while True:
        page, cursor = kinfold.suggestions.page(limit=1, cursor=cursor)
        found += [item["id"] for item in page]
        if cursor is None:
            break
    assert len(set(found)) == len(found) == 3


def test_an_alias_that_may_not_fold_is_suggested(kinfold: Kinfold, resolve: Resolve) -> None:
    old, new = resolve(user_id="old"), resolve(user_id="new")
    event = TrackedEvent(user_id="new", previous_id="old", may_unite=False)
    (answer,) = kinfold.resolver.resolve([event])
    assert answer.contact
    assert (answer.contact.id, answer.merged) == (new, [])
    (item,), _ = kinfold.suggestions.page()
    assert (set(item["contacts"]), item["reasons"][0]["code"]) == ({old, new}, "alias")
    kinfold.suggestions.accept(item["id"])
    assert kinfold.contacts.get(old)["id"] == kinfold.contacts.get(new)["id"]
