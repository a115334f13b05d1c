"""When things happened, beside when they arrived: contacts, history, unions, the graph, findings."""

from typing import Any

from graph.explore.neighbourhood import KeyRef
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.store.database import REPEATABLE
from tests.graph.analysis import worlds

MARCH = "2026-03-{:02}T09:00:00Z"


def resolve(kinfold: Kinfold, **event: Any) -> str:
    answer = kinfold.resolver.resolve([read_event(event)])[0]
    assert answer.contact and answer.contact.id
    return answer.contact.id


def imported(kinfold: Kinfold) -> tuple[str, str]:
    """A visitor of March who logs in later that month, all of it sent today."""
    visitor = resolve(kinfold, tracker_id="t2", occurred_at=MARCH.format(2), message_id="m1")
    ana = resolve(kinfold, email="ana@example.com", tracker_id="t1", occurred_at=MARCH.format(5), message_id="m2")
    resolve(kinfold, email="ana@example.com", tracker_id="t2", occurred_at=MARCH.format(9), message_id="m3")
    return visitor, ana


def test_a_contact_says_when_its_first_and_last_event_happened(kinfold: Kinfold) -> None:
    _, ana = imported(kinfold)
    document = kinfold.contacts.get(ana)
    assert (document["first_occurred_at"], document["last_occurred_at"]) == (MARCH.format(2), MARCH.format(9))
    assert document["created_at"] > "2026-03-31" < document["last_seen_at"]
    resolve(kinfold, email="ana@example.com", occurred_at=MARCH.format(1))
    resolve(kinfold, email="ana@example.com", tracker_id="t1", occurred_at=MARCH.format(7))
    document = kinfold.contacts.get(ana)
    assert (document["first_occurred_at"], document["last_occurred_at"]) == (MARCH.format(1), MARCH.format(9))


def test_what_a_contact_did_first_and_last_goes_along_with_its_periods_through_a_union_and_back(
    kinfold: Kinfold,
) -> None:
    visitor, ana = imported(kinfold)
    (union,) = kinfold.unions.page()[0]
    kinfold.unions.undo(union["id"])
    times = [
        [kinfold.contacts.get(one)[name] for name in ("first_occurred_at", "last_occurred_at")]
        for one in (visitor, ana)
    ]
    # The login of the 9th was an event on the visitor's tracker: it goes back with it.
    assert times == [[MARCH.format(2), MARCH.format(9)], [MARCH.format(5), MARCH.format(5)]]


def test_periods_that_an_earlier_version_wrote_are_read_by_their_activity(kinfold: Kinfold) -> None:
    _, ana = imported(kinfold)
    kinfold.database.write(
        lambda tx: tx._bolt.run("MATCH (p:Timeline) REMOVE p.first_occurred_at, p.last_occurred_at").consume(),
        committed=REPEATABLE,
    )
    resolve(kinfold, email="ana@example.com", tracker_id="t1", occurred_at=MARCH.format(11))
    document = kinfold.contacts.get(ana)
    assert (document["first_occurred_at"], document["last_occurred_at"]) == (MARCH.format(2), MARCH.format(11))


def test_a_large_batch_leaves_every_event_once_and_the_times_of_the_periods_it_met(kinfold: Kinfold) -> None:
    """Larger than what is written before all of it is decided."""
    visitors = [resolve(kinfold, tracker_id=f"t{number}", occurred_at=MARCH.format(15)) for number in range(3)]
    # Days of March in another order than they are sent, and none after the 21st.
    events = [
        {"tracker_id": f"t{number % 3}", "occurred_at": MARCH.format(2 + number * 7 % 20), "message_id": f"m{number}"}
        for number in range(650)
    ]
    kinfold.resolver.resolve([read_event(event) for event in events])
    for number, visitor in enumerate(visitors):
        document = kinfold.contacts.get(visitor)
        assert (document["first_occurred_at"], document["last_occurred_at"]) == (MARCH.format(2), MARCH.format(21))
        rows = kinfold.database.read(
            lambda tx, number=number: tx.run_text(
                "MATCH (a:Activity)-[:ON]->(p:Timeline)-[:OF]->(:Tracker {value: $tracker}) "
                "RETURN collect(a.message_id) AS messages, max(a.received_at) = max(p.last_at) AS at_last",
                tracker=f"t{number}",
            )
        )
        sent = {event["message_id"] for event in events if event["tracker_id"] == f"t{number}"}
        assert sent < set(rows[0]["messages"])
        assert (len(rows[0]["messages"]), rows[0]["at_last"]) == (len(sent) + 1, True)


def test_history_unions_and_the_graph_say_when_the_event_happened(kinfold: Kinfold) -> None:
    _, ana = imported(kinfold)
    (union,) = kinfold.unions.page()[0]
    assert (union["occurred_at"], union["at"] > "2026-03-31") == (MARCH.format(9), True)
    assert kinfold.unions.get(union["id"]) == union
    assert list(kinfold.unions.of_key("tracker_id", "t2")) == [union]
    history, _ = kinfold.history.page(ana)
    assert [(item["what"], item["occurred_at"]) for item in history] == [
        ("folded", MARCH.format(9)),
        ("created", MARCH.format(5)),
        ("created", MARCH.format(2)),
    ]
    drawn = kinfold.neighbourhood.of(ana, path=(KeyRef("email", "ana@example.com"), KeyRef("tracker_id", "t2")))
    times = {edge["id"]: edge["occurred_at"] for edge in drawn["edges"]}
    assert times[f"{ana}>email:ana@example.com"] == MARCH.format(5)
    assert times[f"{ana}>tracker_id:t2"] == MARCH.format(2)
    assert times[union["id"]] == MARCH.format(9)


def test_what_is_done_by_hand_happened_when_it_was_done(kinfold: Kinfold) -> None:
    visitor, ana = imported(kinfold)
    (union,) = kinfold.unions.page()[0]
    kinfold.unions.undo(union["id"])
    by_hand = kinfold.unions.merge(visitor, ana)
    assert by_hand["occurred_at"] == by_hand["at"]
    kinfold.keys.give(ana, "user_id", "42")
    history, _ = kinfold.history.page(ana)
    assert [item["what"] for item in history[:3]] == ["given", "folded", "unmerged"]
    assert all(item["occurred_at"] == item["at"] for item in history[:3])


def test_history_goes_by_what_happened_first_page_by_page(kinfold: Kinfold) -> None:
    resolve(kinfold, tracker_id="t1", occurred_at=MARCH.format(20))
    ana = resolve(kinfold, email="ana@example.com", tracker_id="t1", occurred_at=MARCH.format(21))
    # A log of earlier days comes in afterwards.
    resolve(kinfold, tracker_id="t2", occurred_at=MARCH.format(3))
    resolve(kinfold, tracker_id="t2", email="ana@example.com", occurred_at=MARCH.format(4))
    whole, _ = kinfold.history.page(ana)
    assert [item["occurred_at"] for item in whole] == [MARCH.format(day) for day in (21, 20, 4, 3)]
    pages, cursor = [], None
    while True:
        page, cursor = kinfold.history.page(ana, limit=1, cursor=cursor)
        pages += page
        if cursor is None:
            break
    assert pages == whole


def test_an_event_that_is_kept_no_more_leaves_only_its_arrival(kinfold: Kinfold) -> None:
    _, ana = imported(kinfold)
    kinfold.database.write(
        lambda tx: tx._bolt.run("MATCH (a:Activity) DETACH DELETE a").consume(), committed=REPEATABLE
    )
    (union,) = kinfold.unions.page()[0]
    assert union["occurred_at"] is None
    assert kinfold.contacts.get(ana)["first_occurred_at"] == MARCH.format(2)


def test_a_shared_subscription_is_shared_since_the_events_and_not_since_the_import(kinfold: Kinfold) -> None:
    worlds.send(kinfold, worlds.bystanders() + worlds.shared_subscription())
    (found,) = [
        item for item in kinfold.anomalies.page("shared_subscription")[0] if item["subject"]["value"] == "push-x"
    ]
    assert found["evidence"]["since"].startswith("2026-03")
    (cluster,) = [item for item in kinfold.anomalies.clusters()[0] if item["known"] == 8]
    assert cluster["trend"]["last"].startswith("2026-03")
