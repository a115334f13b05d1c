"""To be forgotten: nothing is left of the erased, all is left of everybody else, and their keys do not come back."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import BadInput, ClashError, Gone, KinfoldError, NotFound
from graph.identity.events import read_event
from graph.identity.write_context import WriteContext
from graph.kinfold import Kinfold
from graph.model import Answer, IgnoredReason, KeyName, Outcome
from graph.privacy.erasure import Erasures
from graph.privacy.export import Exports
from graph.settings import Settings
from graph.store.database import Database, Transaction
from tests.conftest import empty
from tests.graph.identity.test_concurrency import at_once
from tests.graph.identity.test_properties_always import check_invariants

Document = dict[str, Any]

ANA = r"(?i)\bana\b"
"""What every value of hers has in it."""


def come(kinfold: Kinfold, **event: Any) -> Answer:
    [answer] = kinfold.resolver.resolve([read_event(event)])
    return answer


def who(answer: Answer) -> str:
    assert answer.contact
    assert answer.contact.id
    return answer.contact.id


def everything(database: Database) -> list[str]:
    """All that the graph holds, a line for each node and edge, labels first."""
    nodes = "MATCH (n) RETURN labels(n) AS what, properties(n) AS held"
    edges = "MATCH ()-[r]->() RETURN [type(r)] AS what, properties(r) AS held"
    rows = database.read(lambda tx: tx.run_text(nodes) + tx.run_text(edges))
    return [f"{'/'.join(row['what'])} {row['held']!r}" for row in rows]


def naming(database: Database, *marks: str) -> list[str]:
    """What the graph holds of these values, tombstones and the news of the erasure aside."""
    return [
        line
        for line in everything(database)
        if not line.startswith(("Tombstone ", "Migration "))
        and not (line.startswith("Change ") and "'kind': 'erased'" in line)
        and any(re.search(mark, line) for mark in marks)
    ]


def tombstones(database: Database) -> set[str]:
    return {row["id"] for row in database.read(lambda tx: tx.run_text("MATCH (t:Tombstone) RETURN t.id AS id"))}


def a_long_story(kinfold: Kinfold) -> tuple[str, set[str], list[str]]:
    """Ana's life here, in which every value of hers has her name; give her id, all her ids, and other people's ids."""
    kinfold.segments.define("letter", "static")
    kinfold.workflows.define("welcome")
    phone = who(come(kinfold, tracker_id="ana-phone", event="ana-look", event_properties={"q": "ana's search"}))
    ana = who(come(kinfold, tracker_id="ana-phone", email="ana@example.com", properties={"_name": "Ana (ana)"}))
    assert phone == ana
    laptop = who(come(kinfold, tracker_id="ana-laptop", subscription="push-7", properties={"ana-only": ["ana"]}))
    kinfold.segments.put_member("letter", laptop)
    kinfold.workflows.set_status("welcome", laptop, "active")
    kinfold.workflows.run("welcome", laptop, "mail", data={"subject": "dear ana"})
    assert come(kinfold, tracker_id="ana-laptop", email="ana@example.com").outcome is Outcome.MERGED
    # Bob: met Ana's browser, shares a subscription with her, was folded into her by mistake and came back.
    bob = who(come(kinfold, tracker_id="bob-phone", email="bob@example.com", subscription="family"))
    assert who(come(kinfold, tracker_id="ana-phone", email="bob@example.com")) == bob
    come(kinfold, tracker_id="ana-phone", email="ana@example.com", subscription="family")
    wrong = kinfold.unions.merge(ana, bob)
    come(kinfold, tracker_id="bob-phone", email="ana@example.com", user_id="ana-42")
    kinfold.unions.undo(wrong["id"])
    kinfold.keys.take(bob, "user_id", "ana-42")
    kinfold.keys.give(ana, "user_id", "ana-42")
    kinfold.keys.give(ana, "email", "ana@work.example")
    kinfold.keys.take(ana, "email", "ana@work.example")
    # Row 4.3.3: Carl's browser with a subscription of Ana's makes a contact of its own.
    carl = who(come(kinfold, tracker_id="carl-phone", email="carl@example.com"))
    made = who(come(kinfold, tracker_id="carl-phone", subscription="push-7"))
    assert made not in (ana, carl)
    kinfold.keys.take(made, "subscription", "push-7")
    kinfold.segments.put_member("letter", ana)
    kinfold.workflows.set_status("welcome", ana, "done")
    kinfold.anomalies.refresh()
    for finding in kinfold.anomalies.page()[0]:
        kinfold.anomalies.dismiss(finding["id"])
    ids = {ana, *kinfold.contacts.get(ana)["merged_from"]}
    assert ids == {ana, laptop}
    return ana, ids, [bob, carl, made]


def the_rest(kinfold: Kinfold, contact_id: str) -> Document:
    """What is held on somebody, without what is about others and what changes by the day."""
    document = kinfold.exports.document(contact_id)
    for name in ("exported_at", "findings", "unions", "key_changes", "splits"):
        del document[name]
    for subscription in document["contact"]["subscriptions"]:
        del subscription["shared_with"]
    for activity in document["activity"]:
        del activity["trace"], activity["carried"]
    return document


@pytest.mark.calendar
@pytest.mark.parametrize("at_once", [2_000, 3], ids=["at once", "in batches"])
def test_after_an_erasure_the_whole_graph_names_the_person_nowhere(
    at_once: int, kinfold: Kinfold, database: Database
) -> None:
    ana, ids, others = a_long_story(kinfold)
    before = [the_rest(kinfold, other) for other in others]
    assert naming(database, ANA, *ids)
    receipt = Erasures(WriteContext(database), kinfold.suppression, at_once=at_once).erase(ana)
    assert naming(database, ANA, *ids) == []
    assert ids <= tombstones(database)
    assert receipt["done"]
    assert receipt["contact"] == ana
    removed = receipt["removed"]
    assert {name: removed[name] for name in ("contacts", "user_ids", "lists", "enrolments", "runs")} == {
        "contacts": 2,
        "user_ids": 1,
        "lists": 2,
        "enrolments": 2,
        "runs": 1,
    }
    assert removed["unions"] == 2
    assert removed["redacted"] >= 3
    assert "ana" not in str({name: value for name, value in receipt.items() if name != "contact"})
    assert [the_rest(kinfold, other) for other in others] == before
    check_invariants(database, by_hand=True)


def test_others_keep_what_is_theirs_too(kinfold: Kinfold) -> None:
    ana, _, [bob, *_] = a_long_story(kinfold)
    kinfold.erasures.erase(ana)
    shown = kinfold.contacts.get(bob)
    assert [one["id"] for one in shown["subscriptions"]] == ["family"]
    assert shown["subscriptions"][0]["shared_with"] == []
    assert {one["message_id"] for one in kinfold.contacts.activity(bob)[0]}
    assert come(kinfold, subscription="family").outcome is Outcome.FOUND


# --- small histories of any kind -----------------------------------------------------------------------------

EMAILS = ["ana@example.com", "bob@example.com", "eve@example.com"]
TRACKERS = ["tracker-1", "tracker-2", "tracker-3"]
VALUES: dict[KeyName, list[str]] = {
    "email": EMAILS,
    "user_id": ["user-1", "user-2"],
    "tracker_id": TRACKERS,
    "subscription": ["push-1", "push-2"],
}
EVENTS = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in VALUES.items()})
ANY = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("event"), EVENTS),
    st.tuples(st.just("event"), EVENTS),
    st.tuples(st.just("merge"), ANY, ANY),
    st.tuples(st.just("undo"), ANY),
    st.tuples(st.just("give"), ANY, st.sampled_from([(key, one) for key in VALUES for one in VALUES[key]])),
    st.tuples(st.just("take"), ANY, ANY),
)


def living(database: Database) -> list[str]:
    rows = database.read(lambda tx: tx.run_text("MATCH (c:Contact) RETURN c.id AS id ORDER BY id"))
    return [row["id"] for row in rows]


def do(kinfold: Kinfold, step: tuple[Any, ...], number: int) -> None:
    contacts = living(kinfold.database)
    if step[0] == "event":
        come(kinfold, **step[1], properties={"turn": f"property-{number}"}, message_id=f"m-{number}")
    elif not contacts:
        return
    elif step[0] == "merge":
        kinfold.unions.merge(contacts[step[1] % len(contacts)], contacts[step[2] % len(contacts)])
    elif step[0] == "undo":
        unions = kinfold.unions.page()[0]
        if unions:
            kinfold.unions.undo(unions[step[1] % len(unions)]["id"], cascade=True)
    elif step[0] == "give":
        kinfold.keys.give(contacts[step[1] % len(contacts)], *step[2])
    else:
        contact = contacts[step[1] % len(contacts)]
        owned = kinfold.exports.document(contact)["keys"]
        key = owned[step[2] % len(owned)]
        kinfold.keys.take(contact, key["key"], key["value"])


@pytest.mark.parametrize("policy", ["strict", "last_login"])
def test_whatever_happened_before_nothing_is_left_and_nobody_else_loses_anything(
    policy: str, shared_database: Database, server: Settings
) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(steps=st.lists(STEPS, min_size=3, max_size=14), chosen=ANY, batch=st.sampled_from([2, 2_000]))
    def holds(steps: list[tuple[Any, ...]], chosen: int, batch: int) -> None:
        empty(shared_database)
        kinfold = Kinfold.on(shared_database, server.model_copy(update={"policy": policy}))
        for number, step in enumerate(steps):
            try:
                do(kinfold, step, number)
            except (ClashError, NotFound):
                continue
        contacts = living(shared_database)
        if not contacts:
            return
        person = contacts[chosen % len(contacts)]
        others = [one for one in contacts if one != person]
        export = kinfold.exports.document(person)
        before = {other: the_rest(kinfold, other) for other in others}
        owned = {(key["key"], key["value"]) for key in export["keys"]}
        ids = {person, *export["contact"]["merged_from"]}
        # What others own or had too stays for them.
        kept = {
            value
            for other in others
            for document in [kinfold.exports.document(other)]
            for value in [
                *(key["value"] for key in document["keys"]),
                *(period["tracker_id"] for period in document["periods"]),
                *(moved["value"] for union in document["unions"] for moved in union["moved"]),
                *(split["subscription"] for split in document["splits"]),
            ]
        }
        Erasures(WriteContext(shared_database), kinfold.suppression, at_once=batch).erase(person)
        persons = {value for key, value in owned if key in ("email", "user_id")}
        devices = {value for key, value in owned if key in ("tracker_id", "subscription")} - kept
        assert naming(shared_database, *ids) == []
        assert naming(shared_database, *(f"'{value}'" for value in persons | devices)) == []
        assert {other: the_rest(kinfold, other) for other in others} == before
        assert not shared_database.read(lambda tx: tx.run_text("MATCH (n) WHERE n:Erased OR n.pending RETURN n"))

    holds()


# --- the ids of the erased -----------------------------------------------------------------------------------


def test_every_id_of_the_erased_is_gone_at_every_door(kinfold: Kinfold) -> None:
    ana, ids, [bob, *_] = a_long_story(kinfold)
    unions = [union["id"] for union in kinfold.exports.document(ana)["unions"]]
    assert len(unions) == 2
    kinfold.erasures.erase(ana)
    calls: list[Callable[[str], Any]] = [
        kinfold.contacts.get,
        kinfold.contacts.activity,
        kinfold.history.page,
        kinfold.neighbourhood.of,
        kinfold.exports.of,
        kinfold.erasures.erase,
        lambda one: kinfold.properties.write(one, {"a": 1}),
        lambda one: kinfold.properties.preview(one, {"a": 1}),
        lambda one: kinfold.keys.give(one, "tracker_id", "t"),
        lambda one: kinfold.keys.take(one, "tracker_id", "t"),
        lambda one: kinfold.keys.preview_give(one, "tracker_id", "t"),
        lambda one: kinfold.unions.merge(one, bob),
        lambda one: kinfold.unions.merge(bob, one),
        lambda one: kinfold.unions.preview_merge(one, bob),
        lambda one: kinfold.segments.put_member("letter", one),
        lambda one: kinfold.segments.drop_member("letter", one),
        lambda one: kinfold.workflows.state("welcome", one),
        lambda one: kinfold.workflows.set_status("welcome", one, "active"),
        lambda one: kinfold.workflows.run("welcome", one, "mail"),
    ]
    for call in calls:
        for one in ids:
            with pytest.raises(Gone) as refused:
                call(one)
            assert refused.value.extra["receipt"]
    for union in unions:
        for undo in (kinfold.unions.get, kinfold.unions.undo, kinfold.unions.preview_undo):
            with pytest.raises(Gone, match="cannot be undone"):
                undo(union)


def test_unions_of_others_are_undone_as_before(kinfold: Kinfold) -> None:
    ana = who(come(kinfold, email="ana@example.com", tracker_id="a"))
    eve, bob = (who(come(kinfold, email=f"{name}@example.com", tracker_id=name)) for name in ("eve", "bob"))
    wrong = kinfold.unions.merge(ana, eve)
    kinfold.unions.undo(wrong["id"])
    merge = kinfold.unions.merge(eve, bob)
    kinfold.erasures.erase(ana)
    kinfold.unions.undo(merge["id"])
    assert kinfold.contacts.get(eve)["emails"] == ["eve@example.com"]
    assert [union["id"] for union in kinfold.unions.page()[0]] == [merge["id"]]


def test_the_id_of_a_folded_contact_erases_its_survivor(kinfold: Kinfold, database: Database) -> None:
    ana = who(come(kinfold, email="ana@example.com"))
    eve = who(come(kinfold, email="eve@example.com"))
    kinfold.unions.merge(eve, ana)
    receipt = kinfold.erasures.erase(eve)
    assert (receipt["contact"], receipt["redirected_from"]) == (ana, eve)
    assert {ana, eve} < tombstones(database)
    assert kinfold.contacts.owners("email", "ana@example.com") == []


def test_an_id_that_never_was_is_not_found(kinfold: Kinfold) -> None:
    with pytest.raises(NotFound):
        kinfold.erasures.erase("nobody")
    with pytest.raises(NotFound):
        kinfold.erasures.receipt("nothing")


# --- interruptions and crowds --------------------------------------------------------------------------------


class Crash(Exception):
    pass


def test_an_erasure_that_was_interrupted_is_out_of_reach_and_finished_by_a_sweep(
    kinfold: Kinfold, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ids, _ = a_long_story(kinfold)
    erasures = Erasures(WriteContext(database), kinfold.suppression, at_once=2)

    def crash(*_: Any) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(Erasures, "finish", crash)
        with pytest.raises(Crash):
            erasures.erase(ana)
    assert naming(database, ANA)
    for one in ids:
        with pytest.raises(Gone):
            kinfold.contacts.get(one)
    for key, value in (("email", "ana@example.com"), ("tracker_id", "ana-phone"), ("subscription", "push-7")):
        assert kinfold.contacts.owners(key, value) == []  # type: ignore[arg-type]
    # The browser comes again while the rest is still there: somebody new, who keeps the tracker.
    new = who(come(kinfold, tracker_id="ana-phone"))
    assert new not in ids
    assert kinfold.sweep()["erasures"] == 1
    left = naming(database, ANA, *ids)
    assert all("ana-phone" in line for line in left)
    assert kinfold.contacts.get(new)["trackers"] == ["ana-phone"]
    assert kinfold.sweep()["erasures"] == 0


def test_events_that_arrive_meanwhile_make_somebody_new_or_were_before(kinfold: Kinfold, database: Database) -> None:
    for turn in range(6):
        tracker, email = f"tracker {turn}", f"p{turn}@example.com"
        person = who(come(kinfold, tracker_id=tracker, email=email, subscription="shared"))

        def write(seed: int, tracker: str = tracker, email: str = email) -> list[Answer]:
            events: list[Document] = [{"tracker_id": tracker}, {"email": email, "tracker_id": tracker}]
            return [come(kinfold, **events[number % 2], event=f"{seed}-{number}") for number in range(6)]

        def erase(person: str = person) -> list[Answer]:
            kinfold.erasures.erase(person, allow_return=True)
            return []

        answers = at_once(erase, *(lambda seed=seed: write(seed) for seed in range(3)))
        assert naming(database, person) == []
        for answer in (one for some in answers for one in some):
            if who(answer) != person:
                kinfold.contacts.get(who(answer))
        check_invariants(database)
        late = who(come(kinfold, tracker_id=tracker))
        assert late != person
        assert len(kinfold.contacts.owners("tracker_id", tracker)) == 1


def test_two_who_erase_at_once_and_a_union_meanwhile_leave_nothing(kinfold: Kinfold, database: Database) -> None:
    for turn in range(6):
        ana = who(come(kinfold, tracker_id=f"a{turn}", email=f"ana{turn}@example.com"))
        bob = who(come(kinfold, tracker_id=f"b{turn}", email=f"bob{turn}@example.com"))

        def tried(work: Callable[[], Any]) -> str:
            try:
                work()
            except KinfoldError as error:
                return error.code
            return "done"

        outcomes = at_once(
            *(lambda ana=ana: tried(lambda: kinfold.erasures.erase(ana)) for _ in range(2)),
            lambda ana=ana, bob=bob: tried(lambda: kinfold.unions.merge(ana, bob)),
        )
        assert sorted(outcomes[:2]) == ["done", "gone"]
        assert outcomes[2] in ("done", "gone")
        assert naming(database, ana) == []
        if outcomes[2] == "done":  # folded first: the survivor was erased
            assert naming(database, bob) == []
        else:
            assert kinfold.contacts.get(bob)["emails"] == [f"bob{turn}@example.com"]
        check_invariants(database)


def test_an_analysis_that_had_read_of_the_erased_does_not_keep_it(
    kinfold: Kinfold, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    import graph.analysis

    for turn in range(12):
        come(kinfold, tracker_id="kiosk", email=f"p{turn}@example.com")
    person = kinfold.contacts.owners("email", "p3@example.com")[0]["id"]
    analyse = graph.analysis.analyse

    def analyse_and_then_somebody_is_erased(*args: Any, **more: Any) -> Any:
        found = analyse(*args, **more)
        monkeypatch.undo()
        kinfold.erasures.erase(person)
        return found

    monkeypatch.setattr(graph.analysis, "analyse", analyse_and_then_somebody_is_erased)
    kinfold.anomalies.refresh()
    assert kinfold.anomalies.page()[0]
    assert naming(database, person, "p3@example.com") == []


# --- keys that do not come back ------------------------------------------------------------------------------


def test_an_erased_email_does_not_come_back_by_a_late_event_or_by_hand(kinfold: Kinfold, database: Database) -> None:
    ana = who(come(kinfold, email="Ana@Example.com", user_id="42", tracker_id="phone"))
    kinfold.erasures.erase(ana)
    late = come(kinfold, email="ana@example.COM", tracker_id="phone")
    # What it says, it says of the erased person, whatever else it carries.
    assert (late.contact, late.outcome) == (None, Outcome.IGNORED)
    assert [(one.key, one.reason) for one in late.ignored] == [("email", IgnoredReason.SUPPRESSED)]
    late = come(kinfold, tracker_id="phone")
    assert come(kinfold, user_id="42", email="ana@example.com").outcome is Outcome.IGNORED
    for key, value in (("email", "ana@example.com"), ("user_id", "42")):
        with pytest.raises(BadInput) as refused:
            kinfold.keys.give(who(late), key, value)  # type: ignore[arg-type]
        assert refused.value.errors[0].rule == "suppressed"
    assert naming(database, "ana@", "Ana@") == []
    items, _ = kinfold.suppression.page()
    assert sorted(item["kind"] for item in items) == ["email", "user_id"]
    # Another process, which has not been told.
    other = Kinfold.on(database, Settings())
    assert come(other, user_id="42").outcome is Outcome.IGNORED


def test_a_suppressed_key_is_let_back_when_it_is_allowed(kinfold: Kinfold) -> None:
    with pytest.raises(NotFound):
        kinfold.suppression.allow("email", "ana@example.com")
    kinfold.erasures.erase(who(come(kinfold, email="ana@example.com", user_id="42")))
    kinfold.suppression.allow("email", " ANA@example.com")
    kinfold.blocking.forget()
    assert come(kinfold, email="ana@example.com").outcome is Outcome.CREATED
    assert come(kinfold, user_id="42").outcome is Outcome.IGNORED
    with pytest.raises(NotFound):
        kinfold.suppression.allow("email", "ana@example.com")
    for kind, value in (("tracker_id", "t"), ("email", "no address")):
        with pytest.raises(BadInput):
            kinfold.suppression.allow(kind, value)


def test_an_erasure_may_allow_the_return(kinfold: Kinfold) -> None:
    ana = who(come(kinfold, email="ana@example.com"))
    assert kinfold.erasures.erase(ana, allow_return=True)["suppressed"] == 0
    assert who(come(kinfold, email="ana@example.com")) != ana


def test_what_is_suppressed_is_told_only_to_whoever_has_the_secret(database: Database, server: Settings) -> None:
    secret = Settings(suppression_secret="pepper").suppression_secret  # type: ignore[arg-type]
    peppered = Kinfold.on(database, server.model_copy(update={"suppression_secret": secret}))
    peppered.erasures.erase(who(come(peppered, email="ana@example.com")))
    assert come(peppered, email="ana@example.com").outcome is Outcome.IGNORED
    assert come(Kinfold.on(database, server), email="ana@example.com").outcome is Outcome.CREATED


def test_a_dry_run_knows_what_is_suppressed(kinfold: Kinfold) -> None:
    kinfold.erasures.erase(who(come(kinfold, email="ana@example.com")))
    [answer] = kinfold.resolver.resolve([read_event({"email": "ana@example.com"})], dry_run=True)
    assert answer.outcome is Outcome.IGNORED


# --- everything held -----------------------------------------------------------------------------------------


def test_an_export_holds_all_that_the_graph_holds_on_a_person(kinfold: Kinfold, database: Database) -> None:
    ana, ids, _ = a_long_story(kinfold)
    export = kinfold.exports.document(ana)
    assert export["contact"] == kinfold.contacts.get(ana)
    around = database.read(
        lambda tx: tx.run_text(
            "MATCH (c:Contact {id: $id})<-[:TO*0..]-(h) "
            "RETURN COLLECT { MATCH (h)-[:HAS_PROPERTY]->(p) RETURN p.value } AS values, "
            "COLLECT { MATCH (h)-[:HAS]->()<-[:ON]-(a:Activity) RETURN a.message_id } AS messages, "
            "COLLECT { MATCH (h)<-[:BY_HAND_ON]-(k) RETURN k.id } AS changes, "
            "COLLECT { MATCH (h)<-[:FOLDED|INTO]-(m) RETURN m.id } AS unions, "
            "COLLECT { MATCH (h)-[:HAS]->(t:Timeline) RETURN t.id } AS periods, "
            "COLLECT { MATCH (h)<-[:BETWEEN|MADE]-(s:Split) RETURN s.at } AS splits, "
            "COLLECT { MATCH (h)-[:OWNS]->(k) RETURN k.value } AS keys",
            id=ana,
        )
    )

    def held(name: str) -> list[Any]:
        return sorted((value for row in around for value in row[name]), key=repr)

    def exported(name: str, field: str) -> list[Any]:
        return sorted((item[field] for item in export[name]), key=repr)

    assert exported("properties", "value") == held("values")
    assert exported("activity", "message_id") == held("messages")
    assert exported("key_changes", "id") == held("changes")
    assert exported("unions", "id") == sorted(set(held("unions")))
    assert exported("periods", "id") == held("periods")
    assert exported("keys", "value") == held("keys")
    assert len(export["splits"]) == len(held("splits"))
    assert {one["id"] for one in export["folded"]} | {ana} == ids
    assert {(one["contact"], one["segment"]) for one in export["lists"]} == {(one, "letter") for one in ids}
    assert [run["data"] for one in export["enrolments"] for run in one["runs"]] == [{"subject": "dear ana"}]
    assert export["findings"]
    look = next(one for one in export["activity"] if one["event"] == "ana-look")
    assert look["event_properties"] == {"q": "ana's search"}
    assert look["carried"] == {"tracker_id": "ana-phone"}
    assert any(one["carried"].get("email") == "ana@example.com" and one["trace"] for one in export["activity"])


def test_an_export_in_many_pages_is_the_same(kinfold: Kinfold, database: Database) -> None:
    ana, *_ = a_long_story(kinfold)
    kinfold.resolver.resolve([read_event({"tracker_id": "ana-phone", "event": f"e{turn}"}) for turn in range(25)])
    whole = kinfold.exports.document(ana)
    paged = Exports(database, page=4).document(ana)
    assert len(whole["activity"]) > 25
    assert {**paged, "exported_at": ""} == {**whole, "exported_at": ""}


def test_an_export_of_somebody_erased_meanwhile_breaks_off(kinfold: Kinfold, database: Database) -> None:
    ana, *_ = a_long_story(kinfold)
    pieces = Exports(database, page=2).of(ana)
    next(pieces)
    kinfold.erasures.erase(ana)
    with pytest.raises(Gone):
        list(pieces)


# --- what is not kept for long -------------------------------------------------------------------------------


def test_activity_older_than_the_retention_is_dropped_and_nothing_else(database: Database, server: Settings) -> None:
    kinfold = Kinfold.on(database, server.model_copy(update={"retention_days": 30}))
    now = datetime.now(UTC)
    for days in (400, 31, 29, 0):
        for tracker in ("a", "b"):
            come(
                kinfold,
                tracker_id=tracker,
                email=f"{tracker}@example.com",
                event="buy",
                occurred_at=(now - timedelta(days=days)).isoformat(),
                properties={"last": days},
            )
    kinfold.segments.define("two", "dynamic_plus", {"event": "buy", "at_least": 2})
    kinfold.segments.define("three", "dynamic_plus", {"event": "buy", "at_least": 3})
    a = kinfold.contacts.owners("tracker_id", "a")[0]
    assert a["segments"] == ["three", "two"]
    assert kinfold.sweep() == {"activities": 4, "erasures": 0}
    after = kinfold.contacts.get(a["id"])
    assert after == {**a, "segments": ["two"]}
    assert len(kinfold.contacts.activity(a["id"])[0]) == 2
    check_invariants(database)
    assert kinfold.sweep()["activities"] == 0
    assert kinfold.retention.sweep(now + timedelta(days=31)) == 4


def test_without_a_retention_activity_is_kept_for_good(kinfold: Kinfold) -> None:
    ana = who(come(kinfold, tracker_id="a", occurred_at="1999-01-01T00:00:00Z"))
    assert kinfold.sweep()["activities"] == 0
    assert kinfold.contacts.activity(ana)[0]


def test_a_transaction_reads_a_tombstone_by_its_id(kinfold: Kinfold, database: Database) -> None:
    ana = who(come(kinfold, tracker_id="a"))
    receipt = kinfold.erasures.erase(ana)

    def read(tx: Transaction) -> list[Document]:
        return tx.run("privacy.tombstone", id=ana)

    [row] = database.read(read)
    assert (row["what"], row["receipt"]) == ("contact", receipt["receipt"])
    assert kinfold.erasures.receipt(receipt["receipt"]) == {
        name: value for name, value in receipt.items() if name != "contact"
    }
