"""Propositions: what is offered, how often, and where they go when contacts are folded and come back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.errors import BadInput, NotFound
from graph.identity.declared_namespaces import apply as declare
from graph.identity.events import Event, read_event
from graph.identity.namespaces import KeyClass, Namespace, Namespaces
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import Database, Transaction
from tests.graph.offers.shop import ask, names, put, resolve, visitors, why

ANA = "ana@example.com"


def shop(kinfold: Kinfold, offers: dict[str, Any], **parts: Any) -> None:
    put(kinfold, crm={"kind": "identified", "spaces": {"home": {}}, "offers": offers, **parts})


def brand(kinfold: Kinfold, name: str, offers: dict[str, Any], **space: Any) -> None:
    put(kinfold, **{name: {"kind": "anonymous", "spaces": {"home": space}, "offers": offers}})


def shown(kinfold: Kinfold, contact: str) -> list[list[str]]:
    items, _ = kinfold.propositions.of_contact(contact)
    return [[offer["name"] for offer in item["offers"]] for item in items]


def test_the_heavier_offer_goes_first_and_of_equals_the_one_presented_less_often(kinfold: Kinfold) -> None:
    shop(kinfold, {"a": {"weight": 2}, "b": {"weight": 2}, "light": {"weight": 0.5}})
    assert names(ask(kinfold, "crm/home", email=ANA)) == ["a", "b", "light"]
    assert names(ask(kinfold, "crm/home", email=ANA, limit=1)) == ["a"]
    assert names(ask(kinfold, "crm/home", email=ANA, limit=1)) == ["b"]
    assert names(ask(kinfold, "crm/home", email=ANA, limit=1)) == ["a"]


def test_dates_states_spaces_and_conditions_decide_who_may_get_an_offer(kinfold: Kinfold) -> None:
    now = datetime.now(UTC)
    later, earlier = (now + timedelta(days=1)).isoformat(), (now - timedelta(days=1)).isoformat()
    shop(
        kinfold,
        {
            "running": {"starts_at": earlier, "ends_at": later},
            "not yet": {"starts_at": later},
            "over": {"ends_at": earlier},
            "draft": {"state": "draft"},
            "elsewhere": {"spaces": ["till"]},
            "french": {"where": {"property": "country", "is": "FR"}},
            "german": {"where": {"property": "country", "is": "DE"}},
            "not german": {"where": {"not": {"property": "country", "is": "DE"}}},
            "buyers": {"where": {"event": "purchase", "at_least": 2, "within": "P1D"}},
            "lookers": {"where": {"any": [{"event": "look"}, {"event": "purchase", "at_least": 2, "within": "P1D"}]}},
        },
        spaces={"home": {}, "till": {}},
    )
    resolve(kinfold, email=ANA, properties={"country": "FR"}, event="look")
    answer = ask(kinfold, "crm/home", email=ANA, explain=True)
    assert names(answer) == ["french", "lookers", "not german", "running"]
    assert why(answer) == {
        "not yet": "not_started",
        "over": "ended",
        "draft": "draft",
        "elsewhere": "not_for_this_space",
        "german": "condition",
        "buyers": "condition",
    }
    for _ in range(2):
        resolve(kinfold, email=ANA, event="purchase")
    assert "buyers" in names(ask(kinfold, "crm/home", email=ANA))


def test_conditions_of_offers_ask_times_and_the_properties_of_events(kinfold: Kinfold) -> None:
    big = {"property": "amount", "greater_than": 100}
    shop(
        kinfold,
        {
            "renew": {"where": {"property": "renews_at", "is_before": "P30D"}},
            "later": {"where": {"property": "renews_at", "is_after": "P30D"}},
            "gold": {"where": {"event": "purchase", "where": big, "at_least": 2, "within": "P30D"}},
            "silver": {"where": {"event": "purchase", "where": big}},
            "one": {"where": {"event": "purchase", "where": {"property": "amount", "is": 1}}},
            "true": {"where": {"event": "purchase", "where": {"property": "amount", "is": True}}},
        },
    )
    renews = (datetime.now(UTC) + timedelta(days=10)).isoformat()
    resolve(kinfold, email=ANA, properties={"renews_at": renews}, event="purchase", event_properties={"amount": 150})
    resolve(kinfold, email=ANA, event="purchase", event_properties={"amount": True})
    answer = ask(kinfold, "crm/home", email=ANA, explain=True)
    assert names(answer) == ["renew", "silver", "true"]
    assert why(answer) == {"later": "condition", "gold": "condition", "one": "condition"}
    resolve(kinfold, email=ANA, event="purchase", event_properties={"amount": 100.5})
    assert "gold" in names(ask(kinfold, "crm/home", email=ANA))


def test_a_contact_that_the_call_itself_makes_is_held_against_conditions_as_it_is_then(kinfold: Kinfold) -> None:
    shop(
        kinfold,
        {
            "mail": {"where": {"key": "email", "exists": True}},
            "push": {"where": {"key": "subscription", "exists": True}},
            "known": {"where": {"kind": "known"}},
        },
    )
    assert names(ask(kinfold, "crm/home", email=ANA)) == ["known", "mail"]


def test_limits_of_offers_and_categories_count_what_was_presented_in_their_period(kinfold: Kinfold) -> None:
    shop(
        kinfold,
        {
            "once": {"weight": 9, "at_most": {"count": 1}},
            "boots": {"weight": 5, "category": "shoes/boots"},
            "sandals": {"weight": 4, "category": "shoes/sandals"},
            "sneakers": {"weight": 3, "category": "shoes"},
            "never": {"at_most": {"count": 0}},
        },
        categories={"shoes": {"at_most": {"count": 3, "within": "P7D"}}, "shoes/boots": {}, "shoes/sandals": {}},
    )
    assert names(ask(kinfold, "crm/home", email=ANA, limit=3)) == ["once", "boots", "sandals"]
    answer = ask(kinfold, "crm/home", email=ANA, explain=True)
    assert names(answer) == ["boots"]
    assert why(answer) == {
        "once": "offer_limit",
        "sandals": "category_limit",
        "sneakers": "category_limit",
        "never": "offer_limit",
    }
    assert names(ask(kinfold, "crm/home", email="ben@example.com", limit=1)) == ["once"]


def test_limits_count_what_the_contact_said_of_an_offer_instead(kinfold: Kinfold) -> None:
    shop(
        kinfold,
        {
            "boots": {"weight": 9, "category": "shoes", "at_most": {"count": 1, "of": "refused", "within": "P7D"}},
            "card": {"weight": 8, "at_most": {"count": 2, "of": "accepted"}},
            "hat": {"weight": 7, "category": "hats"},
        },
        categories={"shoes": {}, "hats": {"at_most": {"count": 1, "of": "refused"}}},
    )

    def tell(answer: dict[str, Any], offer: str, outcome: Any) -> None:
        kinfold.propositions.note_outcome(answer["proposition_id"], outcome, offer)

    first = ask(kinfold, "crm/home", email=ANA)
    assert names(first) == ["boots", "card", "hat"]
    for offer, outcome in (("boots", "accepted"), ("card", "accepted"), ("hat", "refused")):
        tell(first, offer, outcome)
    second = ask(kinfold, "crm/home", email=ANA, explain=True)
    assert (names(second), why(second)) == (["boots", "card"], {"hat": "category_limit"})
    tell(second, "card", "accepted")
    # What was said last counts.
    tell(second, "boots", "refused")
    third = ask(kinfold, "crm/home", email=ANA, explain=True)
    assert (names(third), why(third)) == ([], {"boots": "offer_limit", "card": "offer_limit", "hat": "category_limit"})
    assert "refused 1 times within P7D" in next(one.words for one in third["left_out"] if one.name == "boots")
    tell(second, "boots", "ignored")
    assert names(ask(kinfold, "crm/home", email=ANA)) == ["boots"]


def test_conditions_and_calls_speak_of_every_declared_namespace(database: Database, server: Settings) -> None:
    declare(database, Namespaces.of([Namespace("card", KeyClass.PERSON), Namespace("app", KeyClass.DEVICE)]))
    kinfold = Kinfold.on(database, server)
    shop(kinfold, {"members": {"where": {"key": "card", "exists": True}}, "all": {}})

    def propose(**keys: str) -> dict[str, Any]:
        event = read_event({"keys": keys}, namespaces=kinfold.namespaces)
        return kinfold.propositions.propose("crm", "home", event)

    named = propose(card="0042", app="install-1")
    assert (named["identification"], names(named)) == ("explicit", ["all", "members"])
    assert kinfold.contacts.owners("app", "install-1")[0]["id"] == named["contact"].id
    with pytest.raises(BadInput):
        shop(kinfold, {"members": {"where": {"key": "fax", "exists": True}}})
    # Where a space may not compare what a device has, the device is a visitor of its own, found again.
    put(kinfold, north={"kind": "anonymous", "spaces": {"banner": {"identify_implicitly": False}}, "offers": {"a": {}}})

    def visit() -> str:
        event = read_event({"keys": {"app": "install-1"}}, namespaces=kinfold.namespaces)
        contact: str = kinfold.propositions.propose("north", "banner", event)["contact"].id
        return contact

    visitor = visit()
    assert visitor != named["contact"].id
    assert visit() == visitor
    assert [one["contact"] for one in kinfold.exports.document(named["contact"].id)["visitors"]] == [visitor]


def test_categories_that_exclude_each_other_are_never_in_one_proposition(kinfold: Kinfold) -> None:
    shop(
        kinfold,
        {"boots": {"weight": 3, "category": "full/boots"}, "outlet": {"weight": 2, "category": "outlet"}, "card": {}},
        categories={"outlet": {"excludes": ["full"]}, "full/boots": {}, "full": {}},
    )
    answer = ask(kinfold, "crm/home", email=ANA, explain=True)
    assert names(answer) == ["boots", "card"]
    assert why(answer) == {"outlet": "excluded"}


def test_a_space_shows_its_number_of_offers_with_its_own_content(kinfold: Kinfold) -> None:
    shop(
        kinfold,
        {
            "a": {"content": {"title": "A", "image": "a.jpg"}, "representations": {"home": {"title": "A at home"}}},
            "b": {"content": {"title": "B"}},
        },
        spaces={"home": {"offers": 1, "content": ["title"]}},
    )
    answer = ask(kinfold, "crm/home", email=ANA, limit=5, explain=True)
    assert [offer["content"] for offer in answer["offers"]] == [{"title": "A at home", "image": "a.jpg"}]
    assert why(answer) == {"b": "no_room"}


def test_a_change_of_the_catalogue_counts_at_once_in_every_process(kinfold: Kinfold) -> None:
    other = Kinfold.on(kinfold.database, kinfold.settings)
    shop(kinfold, {"old": {}})
    assert names(ask(other, "crm/home", email=ANA)) == ["old"]
    shop(kinfold, {"old": {"state": "draft"}, "new": {}})
    assert names(ask(other, "crm/home", email=ANA)) == ["new"]


@pytest.mark.parametrize("keys", [{"email": ANA}, {"tracker_id": "t1"}], ids=["known", "visitor"])
def test_sixteen_calls_at_once_never_present_an_offer_once_too_often(kinfold: Kinfold, keys: dict[str, str]) -> None:
    put(
        kinfold,
        north={
            "kind": "anonymous",
            "spaces": {"home": {}},
            "categories": {"seven": {"at_most": {"count": 7, "within": "PT1H"}}},
            "offers": {
                "three times": {"weight": 3, "at_most": {"count": 3}},
                "five a week": {"weight": 2, "at_most": {"count": 5, "within": "P7D"}},
                "first": {"weight": 1, "category": "seven"},
                "second": {"weight": 1, "category": "seven"},
            },
        },
    )
    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(lambda _: ask(kinfold, "north/home", limit=2, **keys), range(16)))
    counts: dict[str, int] = {}
    for answer in answers:
        for name in names(answer):
            counts[name] = counts.get(name, 0) + 1
    assert len({answer["contact"].id for answer in answers}) == 1
    assert counts["three times"] == 3
    assert counts["five a week"] == 5
    assert counts["first"] + counts["second"] == 7
    assert len(shown(kinfold, answers[0]["contact"].id)) == 16


def test_calls_at_a_cold_start_need_no_second_connection_while_they_hold_one(
    database: Database, server: Settings
) -> None:
    put(Kinfold.on(database, server), north={"kind": "anonymous", "spaces": {"home": {}}, "offers": {"one": {}}})
    assert server.neo4j_uri
    password = server.neo4j_password.get_secret_value()
    narrow = server.model_copy(update={"pool_size": 2, "retry_seconds": 20.0})
    with (
        Database.connect(server.neo4j_uri, server.neo4j_user, password, narrow) as pool,
        ThreadPoolExecutor(8) as callers,
    ):
        opened: list[int] = []
        inside = threading.local()
        work_in, read = pool.write, pool.read

        def reading(*given: Any, **more: Any) -> Any:
            opened.append(getattr(inside, "transactions", 0))
            return read(*given, **more)

        def writing(work: Any, **more: Any) -> Any:
            def noting(tx: Transaction) -> Any:
                inside.transactions = 1
                try:
                    return work(tx)
                finally:
                    inside.transactions = 0

            return work_in(noting, **more)

        pool.read, pool.write = reading, writing  # type: ignore[method-assign]
        cold = Kinfold.on(pool, narrow)
        answers = list(callers.map(lambda number: ask(cold, "north/home", tracker_id=f"t{number}"), range(20)))
    assert [names(answer) for answer in answers] == [["one"]] * 20
    assert opened
    assert not any(opened)


def test_a_visitor_who_logs_in_keeps_what_it_was_presented(kinfold: Kinfold) -> None:
    brand(kinfold, "north", {"once": {"at_most": {"count": 1}}, "always": {}})
    visitor = ask(kinfold, "north/home", tracker_id="t1")
    assert names(visitor) == ["always", "once"]
    resolve(kinfold, email=ANA, tracker_id="t1")
    for keys in ({"tracker_id": "t1"}, {"email": ANA}):
        assert names(ask(kinfold, "north/home", **keys)) == ["always"]


def test_propositions_go_along_with_a_union_and_come_back_by_unmerge(kinfold: Kinfold) -> None:
    brand(kinfold, "north", {"once": {"at_most": {"count": 1}}, "always": {}})
    ana = resolve(kinfold, email=ANA)
    visitor = ask(kinfold, "north/home", tracker_id="t1")["contact"].id
    assert visitors(kinfold, "north") == [visitor]
    assert resolve(kinfold, email=ANA, tracker_id="t1") == ana
    assert shown(kinfold, ana) == [["always", "once"]]
    assert shown(kinfold, visitor) == [["always", "once"]]  # its id leads to her
    assert visitors(kinfold, "north") == [ana]
    assert names(ask(kinfold, "north/home", email=ANA)) == ["always"]

    [merge], _ = kinfold.unions.page()
    kinfold.unions.undo(merge["id"])

    assert visitors(kinfold, "north") == [visitor]
    assert shown(kinfold, visitor) == [["always", "once"]]
    assert shown(kinfold, ana) == [["always"]]
    assert names(ask(kinfold, "north/home", email=ANA)) == ["once", "always"]
    assert names(ask(kinfold, "north/home", tracker_id="t1")) == ["always"]


def test_visitors_of_one_brand_are_invisible_to_the_other(kinfold: Kinfold) -> None:
    for name in ("north", "south"):
        brand(kinfold, name, {"hello": {}})
    first = ask(kinfold, "north/home", tracker_id="t1")["contact"].id
    second = ask(kinfold, "south/home", tracker_id="t2")["contact"].id
    assert visitors(kinfold, "north") == [first]
    assert visitors(kinfold, "south") == [second]


def test_a_browser_that_may_not_be_recognised_is_the_same_visitor_next_time(kinfold: Kinfold) -> None:
    for name in ("north", "south"):
        brand(kinfold, name, {"twice": {"at_most": {"count": 2}}, "always": {}})
    ana = resolve(kinfold, email=ANA, tracker_id="t1")
    first, second, third = (ask(kinfold, "north/home", tracker_id="t1") for _ in range(3))
    assert {answer["contact"].id for answer in (first, second, third)} == {first["contact"].id} != {ana}
    assert names(third) == ["always"]
    assert third["tracker_id"] == "t1"  # the browser keeps the tracker that is Ana's
    elsewhere = ask(kinfold, "south/home", tracker_id="t1")
    assert elsewhere["contact"].id not in (ana, first["contact"].id)
    assert kinfold.contacts.owners("tracker_id", "t1")[0]["id"] == ana


def test_an_outcome_is_kept_for_all_offers_or_for_one_and_the_last_word_counts(kinfold: Kinfold) -> None:
    shop(kinfold, {"a": {}, "b": {}})
    answer = ask(kinfold, "crm/home", email=ANA)
    proposition = answer["proposition_id"]
    assert kinfold.propositions.note_outcome(proposition, "ignored")["offers"] == ["a", "b"]
    assert kinfold.propositions.note_outcome(proposition, "accepted", "b")["offers"] == ["b"]
    [item], _ = kinfold.propositions.of_contact(answer["contact"].id)
    assert [(offer["name"], offer["outcome"]) for offer in item["offers"]] == [("a", "ignored"), ("b", "accepted")]
    with pytest.raises(BadInput, match="not part of it"):
        kinfold.propositions.note_outcome(proposition, "accepted", "c")
    with pytest.raises(BadInput, match="accepted, refused or ignored"):
        kinfold.propositions.note_outcome(proposition, "bought")
    with pytest.raises(NotFound):
        kinfold.propositions.note_outcome("nothing", "accepted")


def test_a_dry_run_answers_the_same_and_writes_nothing(kinfold: Kinfold) -> None:
    brand(kinfold, "north", {"once": {"at_most": {"count": 1}}})
    for _ in range(2):
        answer = kinfold.propositions.propose("north", "home", Event(tracker_id="t1"), dry_run=True)
        assert names(answer) == ["once"]
        assert (answer["contact"]["id"], answer["proposition_id"], answer["tracker_id"]) == (None, None, "t1")
    assert kinfold.contacts.owners("tracker_id", "t1") == []
    assert visitors(kinfold, "north") == []


def test_a_proposition_is_an_activity_of_the_contact(kinfold: Kinfold) -> None:
    brand(kinfold, "north", {"once": {}})
    answer = ask(kinfold, "north/home", tracker_id="t1")
    [activity], _ = kinfold.contacts.activity(answer["contact"].id)
    assert activity["message_id"] == answer["proposition_id"]
    assert (activity["event"], activity["event_properties"]) == (
        "proposition",
        {"environment": "north", "space": "home"},
    )


def test_what_is_not_there_cannot_be_asked(kinfold: Kinfold) -> None:
    brand(kinfold, "north", {})
    for space in ("south/home", "north/till"):
        with pytest.raises(NotFound):
            ask(kinfold, space, tracker_id="t1")
    with pytest.raises(BadInput):
        ask(kinfold, "north/home", tracker_id="t1", limit=0)
