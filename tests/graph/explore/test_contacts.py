"""Reading contacts: owners of keys, contacts by any id they ever had, activity, and what properties come to."""

from typing import Any

import pytest

from graph.errors import BadInput, NotFound
from graph.explore.contacts import Contacts
from graph.identity.events import read_event
from graph.identity.keys import BlockList
from graph.identity.resolver import Resolver
from graph.kinfold import Kinfold
from graph.model import Answer, Outcome
from graph.paging import make_cursor
from graph.privacy.export import Exports
from graph.store.database import Database, Transaction

pytestmark = pytest.mark.calendar


def resolve(kinfold: Kinfold, **event: Any) -> Answer:
    (answer,) = kinfold.resolver.resolve([read_event(event)])
    return answer


def identity(answer: Answer) -> str:
    assert answer.contact
    assert answer.contact.id
    return answer.contact.id


def all_activity(contacts: Contacts, contact: str, limit: int) -> tuple[list[str], int]:
    """Read activity page by page; return the message ids in order, and the number of pages."""
    messages: list[str] = []
    cursor, pages = None, 0
    while True:
        items, cursor = contacts.activity(contact, limit=limit, cursor=cursor)
        assert len(items) <= limit
        messages += [item["message_id"] for item in items]
        pages += 1
        if cursor is None:
            return messages, pages


# --- who owns a key ------------------------------------------------------------------------------------------


def test_every_kind_of_key_leads_to_its_owner(kinfold: Kinfold) -> None:
    ana = identity(
        resolve(kinfold, email="ana@example.com", user_id="42", tracker_id="t1", subscription="s1", message_id="m1")
    )
    for key, value in (
        ("email", "ana@example.com"),
        ("user_id", "42"),
        ("tracker_id", "t1"),
        ("subscription", "s1"),
    ):
        assert [one["id"] for one in kinfold.contacts.owners(key, value)] == [ana], key  # type: ignore[arg-type]


def test_a_key_is_looked_up_in_its_normal_form(kinfold: Kinfold) -> None:
    ana = identity(resolve(kinfold, email="Ana@EXAMPLE.com", tracker_id=" t1 "))
    assert [one["id"] for one in kinfold.contacts.owners("email", "  aNa@example.COM ")] == [ana]
    assert [one["id"] for one in kinfold.contacts.owners("tracker_id", "t1  ")] == [ana]


def test_an_unknown_an_invalid_and_a_blocked_value_are_nobodys(kinfold: Kinfold) -> None:
    resolve(kinfold, email="ana@example.com", tracker_id="t1")
    assert kinfold.contacts.owners("email", "bo@example.com") == []
    assert kinfold.contacts.owners("email", "no address") == []
    assert kinfold.contacts.owners("tracker_id", "undefined") == []
    assert kinfold.contacts.owners("tracker_id", "T1") == []


def test_a_key_that_an_operator_blocked_since_is_still_found(kinfold: Kinfold) -> None:
    kiosk = identity(resolve(kinfold, tracker_id="kiosk"))
    blocking = Resolver(kinfold.database, block_list=BlockList.of(added=["kiosk"]))
    (answer,) = blocking.resolve([read_event({"tracker_id": "kiosk"})])
    assert answer.outcome is Outcome.IGNORED
    assert [one["id"] for one in kinfold.contacts.owners("tracker_id", "kiosk")] == [kiosk]


def test_looking_a_key_up_writes_nothing(kinfold: Kinfold) -> None:
    kinfold.contacts.owners("tracker_id", "t1")
    kinfold.contacts.owners("email", "ana@example.com")
    rows = kinfold.database.read(
        lambda tx: tx.run_text("MATCH (n) WHERE NOT n:Migration AND NOT n:Schema RETURN count(n) AS nodes")
    )
    assert rows == [{"nodes": 0}]


def test_owners_of_a_subscription_are_known_first_then_the_one_seen_last(kinfold: Kinfold) -> None:
    first = identity(resolve(kinfold, email="ana@example.com", subscription="s1"))
    second = identity(resolve(kinfold, email="bo@example.com", subscription="s1"))
    third = identity(resolve(kinfold, email="cy@example.com", subscription="s1"))
    assert [one["id"] for one in kinfold.contacts.owners("subscription", "s1")] == [third, second, first]
    resolve(kinfold, email="ana@example.com")
    assert [one["id"] for one in kinfold.contacts.owners("subscription", "s1")] == [first, third, second]


# --- one contact ---------------------------------------------------------------------------------------------


def test_a_contact_shows_everything_that_ties_it_together(kinfold: Kinfold) -> None:
    answer = resolve(
        kinfold,
        email="ana@example.com",
        user_id="42",
        tracker_id="t1",
        subscription="s1",
        properties={"b": 1, "a": "x"},
    )
    other = identity(resolve(kinfold, email="bo@example.com", subscription="s1"))
    document = kinfold.contacts.get(identity(answer))
    created = document.pop("created_at")
    assert created.endswith("Z")
    assert document.pop("last_seen_at") == created
    assert document.pop("first_occurred_at") == document.pop("last_occurred_at") == created
    assert document == {
        "id": identity(answer),
        "name": "ana@example.com",
        "kind": "known",
        "email": "ana@example.com",
        "emails": ["ana@example.com"],
        "user_ids": ["42"],
        "trackers": ["t1"],
        "subscriptions": [{"id": "s1", "shared_with": [other], "state": "asleep"}],
        "keys": {"email": ["ana@example.com"], "subscription": ["s1"], "tracker_id": ["t1"], "user_id": ["42"]},
        "properties": {"a": "x", "b": 1},
        "segments": [],
        "workflows": {},
        "merged_from": [],
    }


@pytest.mark.parametrize("tracker_first", [True, False], ids=["tracker first", "subscription first"])
def test_a_tracker_and_a_subscription_of_one_value_are_told_apart(tracker_first: bool, kinfold: Kinfold) -> None:
    keys = [{"tracker_id": "same"}, {"subscription": "same"}]
    for key in keys if tracker_first else keys[::-1]:
        answer = resolve(kinfold, email="ana@example.com", **key)
    bo = identity(resolve(kinfold, email="bo@example.com", subscription="same"))
    document = kinfold.contacts.get(identity(answer))
    assert "same" in document["trackers"]
    assert document["subscriptions"] == [{"id": "same", "shared_with": [bo], "state": "asleep"}]


def test_the_email_is_the_newest_of_its_own_and_an_earlier_one_still_leads_to_it(kinfold: Kinfold) -> None:
    ana = identity(resolve(kinfold, user_id="42", email="ana@old.example"))
    resolve(kinfold, user_id="42", email="ana@new.example")
    document = kinfold.contacts.get(ana)
    assert document["email"] == "ana@new.example"
    assert document["emails"] == ["ana@new.example", "ana@old.example"]
    assert identity(resolve(kinfold, email="ana@old.example")) == ana


def test_an_id_that_never_was_is_not_found(kinfold: Kinfold) -> None:
    resolve(kinfold, tracker_id="t1")
    with pytest.raises(NotFound, match="'nobody'"):
        kinfold.contacts.get("nobody")
    with pytest.raises(NotFound, match="'nobody'"):
        kinfold.contacts.activity("nobody")


def test_a_folded_id_leads_to_its_survivor_through_a_chain_of_unions(kinfold: Kinfold) -> None:
    # strict: a subscription that nobody owns makes a contact beside an anonymous tracker's (4.2), and that
    # contact takes the tracker's in when the two come together again: first into s1's, then into s2's.
    first = identity(resolve(kinfold, tracker_id="t1"))
    answer = resolve(kinfold, subscription="s1")
    second = identity(answer)
    assert resolve(kinfold, tracker_id="t1", subscription="s1").merged == [first]
    third = identity(resolve(kinfold, subscription="s2"))
    assert resolve(kinfold, tracker_id="t1", subscription="s2").merged == [second]
    last = identity(resolve(kinfold, email="ana@example.com"))
    assert resolve(kinfold, email="ana@example.com", tracker_id="t1").merged == [third]

    survivor = kinfold.contacts.get(last)
    assert "redirected_from" not in survivor
    assert survivor["merged_from"] == sorted([first, second, third])
    for folded in (first, second, third):
        assert kinfold.contacts.get(folded) == survivor | {"redirected_from": folded}
        assert kinfold.contacts.activity(folded) == kinfold.contacts.activity(last)
    assert {*survivor["trackers"]} >= {"t1"}
    assert len(survivor["trackers"]) == 4
    assert [one["id"] for one in kinfold.contacts.owners("tracker_id", "t1")] == [last]


def test_after_a_union_the_survivors_trackers_come_first(kinfold: Kinfold) -> None:
    resolve(kinfold, tracker_id="t1")
    ana = resolve(kinfold, email="ana@example.com")
    answer = resolve(kinfold, email="ana@example.com", tracker_id="t1")
    assert answer.merged
    assert kinfold.contacts.get(identity(ana))["trackers"] == [ana.tracker_id, "t1"]


# --- activity ------------------------------------------------------------------------------------------------


def test_an_activity_shows_what_the_event_said_and_what_came_of_it(kinfold: Kinfold) -> None:
    said = {"url": "/", "price": 2.0, "count": 2, "new": True, "tags": ["a", "b"], "none": None, "empty": []}
    answer = resolve(
        kinfold,
        tracker_id="t1",
        event="page_view",
        event_properties=said,
        occurred_at="2026-02-03T04:05:06.000007+01:00",
        message_id="m1",
    )
    (item,), cursor = kinfold.contacts.activity(identity(answer))
    assert cursor is None
    assert item.pop("trace", [{}])[-1]
    assert item.pop("received_at") == kinfold.contacts.get(identity(answer))["last_seen_at"]
    assert item == {
        "message_id": "m1",
        "event": "page_view",
        "event_properties": said,
        "tracker_id": "t1",
        "occurred_at": "2026-02-03T03:05:06.000007Z",
        "rule": "5",
        "outcome": "created",
        "limited": False,
    }
    assert {name: type(value) for name, value in item["event_properties"].items()} == {
        name: type(value) for name, value in said.items()
    }


def test_an_event_without_name_and_time_is_an_identify_of_when_it_came(kinfold: Kinfold) -> None:
    (item,), _ = kinfold.contacts.activity(identity(resolve(kinfold, email="ana@example.com")))
    assert item["event"] == "identify"
    assert item["occurred_at"] == item["received_at"]
    assert item["message_id"]


@pytest.mark.parametrize(
    "moment",
    [
        "1969-12-31T23:59:59.500001Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00.000001Z",
        "0001-01-01T00:00:00.000001Z",
        "9999-12-31T23:59:59.999999Z",
    ],
)
def test_any_time_that_can_be_written_is_kept_to_the_microsecond(moment: str, kinfold: Kinfold) -> None:
    answer = resolve(kinfold, tracker_id="t1", properties={"plan": 1}, occurred_at=moment)
    (item,), _ = kinfold.contacts.activity(identity(answer))
    assert item["occurred_at"] == moment
    resolve(kinfold, tracker_id="t1", properties={"plan": 2}, occurred_at=moment)
    assert properties(kinfold, answer) == {"plan": 2}


@pytest.mark.parametrize(
    ("moment", "read"),
    [
        ("1990-12-31T23:59:60Z", "1991-01-01T00:00:00+00:00"),
        ("1990-12-31t15:59:60.25-08:00", "1991-01-01T00:00:00.250000+00:00"),
        ("1990-12-31T23:58:60Z", None),
        ("1990-12-31T23:59:61Z", None),
        ("9999-12-31T23:59:60Z", None),
        ("1990-13-31T23:59:60Z", None),
    ],
)
def test_a_leap_second_is_a_time_at_the_end_of_a_day_only(moment: str, read: str | None) -> None:
    if read is None:
        with pytest.raises(BadInput, match="times are RFC 3339"):
            read_event({"occurred_at": moment})
        return
    occurred = read_event({"occurred_at": moment}).occurred_at
    assert occurred is not None
    assert occurred.isoformat() == read


def test_activity_is_newest_first_by_when_it_happened(kinfold: Kinfold) -> None:
    for message, month in (("m1", 3), ("m2", 1), ("m3", 4), ("m4", 2)):
        answer = resolve(kinfold, tracker_id="t1", message_id=message, occurred_at=f"2026-0{month}-01T00:00:00Z")
    assert all_activity(kinfold.contacts, identity(answer), 10) == (["m3", "m1", "m4", "m2"], 1)


def test_what_happened_at_one_moment_is_in_the_order_of_its_arrival(kinfold: Kinfold) -> None:
    moment = "2026-11-01T10:00:00.123Z"
    ids = ["m", "z", "a", "q", "b"]
    for arrival in (ids[:3], ids[3:]):
        kinfold.resolver.resolve(
            [read_event({"tracker_id": "t1", "message_id": one, "occurred_at": moment}) for one in arrival]
        )
    (contact,) = kinfold.contacts.owners("tracker_id", "t1")
    paged: list[str] = []
    cursor = None
    while len(paged) < len(ids):
        [item], cursor = kinfold.contacts.activity(contact["id"], limit=1, cursor=cursor)
        paged.append(item["message_id"])
    assert cursor is None
    assert paged == ids[::-1]
    exported = Exports(kinfold.database, page=2).document(contact["id"])["activity"]
    assert [item["message_id"] for item in exported] == ids[::-1]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 8])
def test_pages_follow_each_other_without_gap_or_repetition(limit: int, kinfold: Kinfold) -> None:
    # Three of seven happened at the same moment: pages must break within it.
    days = [1, 2, 2, 2, 3, 4, 5]
    for number, day in enumerate(days):
        answer = resolve(
            kinfold, tracker_id=f"t{number % 2}", email="ana@example.com", message_id=f"m{number}",
            occurred_at=f"2026-01-0{day}T00:00:00Z",
        )  # fmt: skip
    messages, pages = all_activity(kinfold.contacts, identity(answer), limit)
    assert messages == ["m6", "m5", "m4", "m3", "m2", "m1", "m0"]
    assert pages == -(-len(days) // limit)


def test_a_page_is_not_shifted_by_what_came_since(kinfold: Kinfold) -> None:
    for day in (1, 2, 3):
        answer = resolve(kinfold, tracker_id="t1", message_id=f"m{day}", occurred_at=f"2026-01-0{day}T00:00:00Z")
    items, cursor = kinfold.contacts.activity(identity(answer), limit=2)
    assert [item["message_id"] for item in items] == ["m3", "m2"]
    resolve(kinfold, tracker_id="t1", message_id="m4", occurred_at="2026-01-04T00:00:00Z")
    items, cursor = kinfold.contacts.activity(identity(answer), limit=2, cursor=cursor)
    assert [item["message_id"] for item in items] == ["m1"]
    assert cursor is None


@pytest.mark.parametrize(
    "cursor",
    ["", "!", "é", "abc", make_cursor(1), make_cursor("1", "m1"), make_cursor(1, "m1", 2), make_cursor(2**63, "m1")],
    ids=["empty", "no alphabet", "not ascii", "no JSON", "too short", "text for time", "too long", "beyond 64 bits"],
)
def test_a_cursor_that_no_page_gave_is_refused(cursor: str, kinfold: Kinfold) -> None:
    contact = identity(resolve(kinfold, tracker_id="t1"))
    with pytest.raises(BadInput) as refusal:
        kinfold.contacts.activity(contact, cursor=cursor)
    assert [(error.field, error.rule) for error in refusal.value.errors] == [("cursor", "cursor")]


def test_history_stays_with_the_person_when_a_tracker_changes_hands(database: Database, kinfold: Kinfold) -> None:
    resolver = Resolver(database, policy="last_login")

    def login(message: str, **event: Any) -> Answer:
        (answer,) = resolver.resolve([read_event({"message_id": message, **event})])
        return answer

    ana = login("ana 1", email="ana@example.com", tracker_id="shared")
    login("ana 2", tracker_id="shared")
    bo = login("bo 1", email="bo@example.com", tracker_id="shared")
    assert [(moved.key, moved.value, moved.from_) for moved in bo.moved] == [("tracker_id", "shared", identity(ana))]
    login("bo 2", tracker_id="shared")
    again = login("ana 3", email="ana@example.com", tracker_id="shared")
    assert identity(again) == identity(ana)
    assert all_activity(kinfold.contacts, identity(ana), 10)[0] == ["ana 3", "ana 2", "ana 1"]
    assert all_activity(kinfold.contacts, identity(bo), 10)[0] == ["bo 2", "bo 1"]
    items, _ = kinfold.contacts.activity(identity(bo))
    assert {item["tracker_id"] for item in items} == {"shared"}
    assert "shared" not in kinfold.contacts.get(identity(bo))["trackers"]
    assert "shared" in kinfold.contacts.get(identity(ana))["trackers"]


def test_who_loses_the_only_tracker_gets_one_that_is_answered_from_then_on(
    database: Database, kinfold: Kinfold
) -> None:
    resolver = Resolver(database, policy="last_login")
    (ana,) = resolver.resolve([read_event({"email": "ana@example.com", "tracker_id": "shared"})])
    resolver.resolve([read_event({"email": "bo@example.com", "tracker_id": "shared"})])
    (again,) = resolver.resolve([read_event({"email": "ana@example.com"})])
    assert again.tracker_id not in (None, "shared")
    assert kinfold.contacts.get(identity(ana))["trackers"] == [again.tracker_id]


def test_a_repeated_message_answers_the_same_alone_and_beside_an_event_of_its_tracker(database: Database) -> None:
    resolver = Resolver(database, policy="last_login")

    def events(*said: dict[str, Any]) -> list[Answer]:
        return resolver.resolve([read_event(one) for one in said])

    # The tracker leaves Ana and comes back: the message hangs on a period of hers that is over.
    events({"email": "ana@example.com", "tracker_id": "own"})
    events({"email": "ana@example.com", "tracker_id": "shared", "message_id": "m1"})
    events({"email": "bo@example.com", "tracker_id": "shared"})
    events({"email": "ana@example.com", "tracker_id": "shared"})
    (alone,) = events({"message_id": "m1"})
    beside, _ = events({"message_id": "m1"}, {"tracker_id": "shared"})
    assert alone.duplicate
    assert alone.tracker_id in {"own", "shared"}
    assert alone.tracker_id == beside.tracker_id


# --- properties ----------------------------------------------------------------------------------------------


def properties(kinfold: Kinfold, answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = kinfold.contacts.get(identity(answer))["properties"]
    return found


def at(month: int) -> str:
    return f"2026-0{month}-01T00:00:00Z"


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1), (3, 1, 2)])
def test_the_newest_value_wins_whatever_the_order_of_arrival(order: tuple[int, ...], kinfold: Kinfold) -> None:
    for month in order:
        answer = resolve(kinfold, tracker_id="t1", properties={"plan": f"of {month}"}, occurred_at=at(month))
    assert properties(kinfold, answer) == {"plan": "of 3"}


def test_of_two_values_of_one_time_the_later_arrival_wins(kinfold: Kinfold) -> None:
    for value in ("first", "second"):
        answer = resolve(kinfold, tracker_id="t1", properties={"plan": value}, occurred_at=at(1))
    assert properties(kinfold, answer) == {"plan": "second"}


def test_properties_of_an_event_without_a_time_are_of_when_it_came(kinfold: Kinfold) -> None:
    resolve(kinfold, tracker_id="t1", properties={"plan": "now"})
    answer = resolve(kinfold, tracker_id="t1", properties={"plan": "then"}, occurred_at=at(1))
    assert properties(kinfold, answer) == {"plan": "now"}


def test_each_property_has_a_time_of_its_own(kinfold: Kinfold) -> None:
    resolve(kinfold, tracker_id="t1", properties={"a": "new"}, occurred_at=at(3))
    resolve(kinfold, tracker_id="t1", properties={"b": "old"}, occurred_at=at(1))
    answer = resolve(kinfold, tracker_id="t1", properties={"a": "late", "b": "newer"}, occurred_at=at(2))
    assert properties(kinfold, answer) == {"a": "new", "b": "newer"}


def test_null_removes_and_the_removal_has_its_time(kinfold: Kinfold) -> None:
    answer = resolve(kinfold, tracker_id="t1", properties={"plan": "gold"}, occurred_at=at(2))
    resolve(kinfold, tracker_id="t1", properties={"plan": None}, occurred_at=at(1))
    assert properties(kinfold, answer) == {"plan": "gold"}
    resolve(kinfold, tracker_id="t1", properties={"plan": None}, occurred_at=at(4))
    assert properties(kinfold, answer) == {}
    resolve(kinfold, tracker_id="t1", properties={"plan": "silver"}, occurred_at=at(3))
    assert properties(kinfold, answer) == {}
    resolve(kinfold, tracker_id="t1", properties={"plan": "silver"}, occurred_at=at(5))
    assert properties(kinfold, answer) == {"plan": "silver"}


def union(kinfold: Kinfold, **event: Any) -> Answer:
    """Fold t1's anonymous contact into Ana."""
    answer = resolve(kinfold, email="ana@example.com", tracker_id="t1", **event)
    assert len(answer.merged) == 1
    return answer


def test_at_a_union_the_survivors_values_stay_and_the_others_fill_what_it_lacks(kinfold: Kinfold) -> None:
    resolve(
        kinfold,
        tracker_id="t1",
        properties={"both": "of t1", "lacking": "of t1", "removed": "of t1"},
        occurred_at=at(5),
    )
    resolve(kinfold, email="ana@example.com", properties={"both": "of Ana", "own": 1}, occurred_at=at(1))
    resolve(kinfold, email="ana@example.com", properties={"removed": None}, occurred_at=at(2))
    assert properties(kinfold, union(kinfold)) == {
        "both": "of Ana",
        "own": 1,
        "lacking": "of t1",
        "removed": "of t1",
    }


def test_a_value_keeps_its_time_through_a_union(kinfold: Kinfold) -> None:
    resolve(kinfold, tracker_id="t1", properties={"plan": "of t1"}, occurred_at=at(3))
    resolve(kinfold, email="ana@example.com")
    answer = union(kinfold)
    resolve(kinfold, email="ana@example.com", properties={"plan": "late"}, occurred_at=at(2))
    assert properties(kinfold, answer) == {"plan": "of t1"}
    resolve(kinfold, email="ana@example.com", properties={"plan": "newer"}, occurred_at=at(4))
    assert properties(kinfold, answer) == {"plan": "newer"}


def test_a_removal_keeps_its_time_through_a_union(kinfold: Kinfold) -> None:
    resolve(kinfold, tracker_id="t1", properties={"plan": None}, occurred_at=at(3))
    resolve(kinfold, email="ana@example.com")
    answer = union(kinfold)
    resolve(kinfold, email="ana@example.com", properties={"plan": "late"}, occurred_at=at(2))
    assert properties(kinfold, answer) == {}


@pytest.fixture(params=["as stored", "reversed"])
def any_order(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Return property entries in one order and in the opposite one: the statement that reads them promises none.

    Neo4j walks a contact's edges in the order of the records in the store, and a record that was freed is used
    again, so that what was written later may be read earlier.
    """
    run = Transaction.run

    def reversing(self: Transaction, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        rows = run(self, name, **parameters)
        if name == "properties.entries" and request.param == "reversed":
            return [{**row, "entries": row["entries"][::-1]} for row in rows]
        return rows

    monkeypatch.setattr(Transaction, "run", reversing)


@pytest.mark.usefixtures("any_order")
def test_a_late_event_does_not_undo_a_newer_value_that_the_same_event_filled_in(kinfold: Kinfold) -> None:
    # The union fills in a value of May, and the very event that made it carries one of March.
    resolve(kinfold, tracker_id="t1", properties={"plan": "of May"}, occurred_at=at(5))
    resolve(kinfold, email="ana@example.com")
    answer = union(kinfold, properties={"plan": "of March"}, occurred_at=at(3))
    assert properties(kinfold, answer) == {"plan": "of May"}
    resolve(kinfold, email="ana@example.com", properties={"plan": "of January"}, occurred_at=at(1))
    assert properties(kinfold, answer) == {"plan": "of May"}
    resolve(kinfold, email="ana@example.com", properties={"plan": "of June"}, occurred_at=at(6))
    assert properties(kinfold, answer) == {"plan": "of June"}


@pytest.mark.usefixtures("any_order")
def test_of_two_contacts_folded_by_one_event_the_first_fills_also_after_later_events(kinfold: Kinfold) -> None:
    # Ana's event folds t1's contact (row 3) and then the subscription's anonymous owner.
    resolve(kinfold, tracker_id="t1", properties={"plan": "of t1"}, occurred_at=at(2))
    resolve(kinfold, subscription="s1", properties={"plan": "of s1"}, occurred_at=at(3))
    resolve(kinfold, email="ana@example.com")
    answer = resolve(kinfold, email="ana@example.com", tracker_id="t1", subscription="s1")
    assert len(answer.merged) == 2
    before = properties(kinfold, answer)
    assert before == {"plan": "of t1"}
    resolve(kinfold, email="ana@example.com", properties={"plan": "of January"}, occurred_at=at(1))
    assert properties(kinfold, answer) == before


def test_types_survive(kinfold: Kinfold) -> None:
    said = {
        "text": "1",
        "empty text": "",
        "whole": 1,
        "fraction": 1.0,
        "large": 2**63 - 1,
        "small": -(2**63),
        "tiny": 5e-324,
        "yes": True,
        "no": False,
        "texts": ["a", "", "a"],
        "wholes": [1, 2],
        "fractions": [1.0, 2.5],
        "flags": [True, False],
        "nothing": [],
        "": None,
    }
    said.pop("")
    answer = resolve(kinfold, tracker_id="t1", properties=said)
    found = properties(kinfold, answer)
    assert found == said
    for name, value in said.items():
        assert type(found[name]) is type(value), name
        if isinstance(value, list):
            assert [type(item) for item in found[name]] == [type(item) for item in value], name


def test_types_survive_a_union(kinfold: Kinfold) -> None:
    said = {"whole": 1, "fraction": 1.0, "yes": True, "wholes": [1], "fractions": [1.0], "flags": [True], "none": []}
    resolve(kinfold, tracker_id="t1", properties=said)
    resolve(kinfold, email="ana@example.com")
    found = properties(kinfold, union(kinfold))
    assert {name: repr(value) for name, value in found.items()} == {name: repr(value) for name, value in said.items()}


def test_a_list_of_whole_and_fractional_numbers_becomes_fractions(kinfold: Kinfold) -> None:
    answer = resolve(kinfold, tracker_id="t1", properties={"sizes": [1, 2.5]})
    assert repr(properties(kinfold, answer)["sizes"]) == "[1.0, 2.5]"


def test_a_property_may_be_named_as_the_graph_names_its_own(kinfold: Kinfold) -> None:
    said = {"id": "x", "kind": "y", "shown": False, "_lock": 1, "a.b": 2, "`": 3, "é": 4, "\u0000": 5, "n" * 255: 6}
    answer = resolve(kinfold, tracker_id="t1", properties=said)
    assert properties(kinfold, answer) == said
    assert kinfold.contacts.get(identity(answer))["kind"] == "anonymous"


def test_properties_are_sorted_by_name(kinfold: Kinfold) -> None:
    answer = resolve(kinfold, tracker_id="t1", properties={"b": 1, "c": 2, "a": 3})
    assert list(properties(kinfold, answer)) == ["a", "b", "c"]
