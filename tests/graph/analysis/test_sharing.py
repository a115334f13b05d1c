"""What several persons share: counted by their own names, told apart from one household and from one person."""

from typing import Any

import pytest

from graph.analysis import Finding, analyse
from graph.identity.declared_namespaces import apply
from graph.identity.events import read_event
from graph.identity.namespaces import KeyClass, Namespace, Namespaces
from graph.kinfold import Kinfold
from tests.graph.analysis import worlds


def about(kinfold: Kinfold, kind: str, **options: Any) -> dict[str, Finding]:
    findings = analyse(kinfold.database, **options).findings
    return {item.subject["value"]: item for item in findings if item.kind == kind}


def shared(kinfold: Kinfold, *events: list[dict[str, Any]], **options: Any) -> dict[str, Finding]:
    worlds.send(kinfold, [*worlds.bystanders(5), *(event for part in events for event in part)])
    return about(kinfold, "shared_subscription", **options)


def under(kinfold: Kinfold, policy: str) -> Kinfold:
    return Kinfold.on(kinfold.database, kinfold.settings.model_copy(update={"policy": policy}))


@pytest.mark.parametrize("policy", ["strict", "continuity", "last_login"])
def test_persons_are_counted_by_the_names_that_came_with_it_whoever_owns_it_now(kinfold: Kinfold, policy: str) -> None:
    kinfold = under(kinfold, policy)
    found = shared(kinfold, worlds.named("push-eight", worlds.strangers(8)))
    item = found["push-eight"]
    assert item.evidence["persons"] == 8
    assert item.evidence["owners"] == (1 if policy == "last_login" else 8)
    assert item.score > 0.5
    assert {action["action"] for action in item.actions} >= {"block", "dismiss"}


@pytest.mark.parametrize("ended", ["gone", "replaced"])
def test_a_subscription_that_nobody_has_any_more_is_still_found(kinfold: Kinfold, ended: str) -> None:
    worlds.send(kinfold, [*worlds.bystanders(5), *worlds.named("push-eight", worlds.strangers(8))])
    if ended == "gone":
        kinfold.subscriptions.gone([("subscription", "push-eight")])
    else:
        event = {"subscription": "push-next", "replaces": {"subscription": "push-eight"}, "message_id": "next"}
        kinfold.resolver.resolve([read_event(event)])
    item = about(kinfold, "shared_subscription")["push-eight"]
    assert (item.evidence["persons"], item.evidence["owners"]) == (8, 0)
    assert item.score > 0.5
    assert "nobody has it any more" in item.reason


def test_plenty_does_not_hide_plenty(kinfold: Kinfold) -> None:
    many = [worlds.named(f"push-{number}", worlds.strangers(8, f"p{number}x")) for number in range(12)]
    found = shared(kinfold, *many)
    assert len(found) == 12
    assert all(item.score > 0.5 for item in found.values())
    assert all(item.evidence["detail"]["outlier"] < 0.5 for item in found.values())


def test_who_was_made_by_a_conflict_is_no_person(kinfold: Kinfold) -> None:
    people = worlds.strangers(4)
    conflicts = [{"tracker_id": f"push-four-{place}", "subscription": "push-four"} for place in (1, 2, 3, 0)]
    found = shared(kinfold, worlds.named("push-four", people), conflicts)
    assert len(kinfold.contacts.owners("subscription", "push-four")) >= 4
    assert found["push-four"].evidence["persons"] == 4


HOUSE = {"surname": "Lindqvist", "postcode": "11122"}


def living(people: list[dict[str, Any]], *homes: dict[str, Any]) -> list[dict[str, Any]]:
    return [person | {"properties": homes[place % len(homes)]} for place, person in enumerate(people)]


@pytest.mark.parametrize(
    ("people", "score"),
    [
        (living(worlds.strangers(6), HOUSE), (0.0, 0.0)),
        (living(worlds.strangers(2), HOUSE, {"surname": "Ferrara", "postcode": "00184"}), (0.5, 0.9)),
        # A couple has two surnames and one address.
        (living(worlds.strangers(2), HOUSE, {"surname": "Ferrara", "postcode": "11122"}), (0.0, 0.0)),
        (living(worlds.strangers(2), {"last_name": "Lindqvist"}, {"surname": "LINDQVIST "}), (0.0, 0.0)),
        (living(worlds.strangers(2), {"name": "Ana Ferrara"}, {"full_name": "Ben Ferrara"}), (0.0, 0.0)),
        (living(worlds.strangers(2), {"name": "Ana Ferrara"}, {"name": "Ferrara Ben"}), (0.2, 0.49)),
        (living(worlds.strangers(2), {"surname": "Ferrara"}, {"surname": "Lindqvist"}), (0.2, 0.49)),
        (living(worlds.strangers(3), {"surname": "A"}, {"surname": "B"}, {"surname": "C"}), (0.5, 0.9)),
        (worlds.strangers(2), (0.2, 0.49)),
        (worlds.strangers(5), (0.2, 0.49)),
    ],
    ids=[
        "one home",
        "two homes",
        "a couple",
        "two names of a property",
        "full names",
        "full names in another order",
        "two surnames",
        "three surnames",
        "two unknown",
        "five unknown",
    ],
)
def test_a_household_is_told_from_strangers_by_what_its_people_have_in_common(
    kinfold: Kinfold, people: list[dict[str, Any]], score: tuple[float, float]
) -> None:
    item = shared(kinfold, worlds.named("push-home", people)).get("push-home")
    assert score[0] <= (0.0 if item is None else item.score) <= score[1]


def test_a_deployment_names_its_own_properties(kinfold: Kinfold) -> None:
    people = living(worlds.strangers(6), {"Flat No": 12, "surname": "A"}, {"Flat No": 12, "surname": "B"})
    assert "push-flat" in shared(kinfold, worlds.named("push-flat", people))
    assert about(kinfold, "shared_subscription", household=["flat_no"]) == {}


def test_the_setting_reaches_the_analysis(kinfold: Kinfold) -> None:
    settings = kinfold.settings.model_copy(update={"household_properties": ["flat"]})
    kinfold = Kinfold.on(kinfold.database, settings)
    shared(kinfold, worlds.named("push-flat", living(worlds.strangers(6), {"flat": 12})))
    assert [item for item in kinfold.anomalies.refresh().findings if item.kind == "shared_subscription"] == []


@pytest.mark.parametrize(
    "names",
    [
        ["ana.silva@example.com", "ana.silva+shop@example.com", "ana.slva@example.com", "ana.silva@exmaple.com"],
        ["ana.silva@example.com", "ana.silva@work.example.com"],
    ],
)
def test_sub_addresses_and_slips_are_one_person(kinfold: Kinfold, names: list[str]) -> None:
    assert shared(kinfold, worlds.named("push-ana", [{"email": name} for name in names])) == {}


def test_an_id_and_an_address_that_never_come_together_may_be_one_person(kinfold: Kinfold) -> None:
    family = [{"email": f"p{number}@example.com"} for number in range(4)]
    family += [{"user_id": f"id-{number}"} for number in range(4)]
    item = shared(kinfold, worlds.named("push-four", family))["push-four"]
    assert item.evidence["persons"] == 4
    assert item.score < 0.5


@pytest.mark.parametrize(("days", "score"), [((1, 1), 0.0), ((1, 3), 0.2)])
def test_an_id_and_an_address_that_never_came_on_one_day_are_two_persons(
    kinfold: Kinfold, days: tuple[int, int], score: float
) -> None:
    names = ({"email": "ana@example.com"}, {"user_id": "id-1"})
    events = [
        {
            **name,
            "tracker_id": f"t{place}",
            "subscription": "push-two",
            "occurred_at": f"2026-03-{day:02}T1{place}:00:00Z",
        }
        for place, (name, day) in enumerate(zip(names, days, strict=True))
    ]
    item = shared(kinfold, events).get("push-two")
    assert (0.0 if item is None else item.score) == score


def test_a_device_that_went_to_a_stranger_is_found_by_the_order_of_days(kinfold: Kinfold) -> None:
    people = worlds.strangers(2)
    found = shared(kinfold, worlds.named("push-turns", people, days=6))
    assert found["push-turns"].score < 0.5
    found = shared(kinfold, worlds.named("push-handed", worlds.strangers(2, "other"), days=6, by_turns=False))
    assert found["push-handed"].score > 0.5
    assert "somebody else" in found["push-handed"].reason
    # Within a household it is no matter: who lives there gets it read out anyway.
    found = shared(
        kinfold, worlds.named("push-inside", living(worlds.strangers(2, "home"), HOUSE), days=6, by_turns=False)
    )
    assert "push-inside" not in found


def test_a_token_that_a_whole_release_sends_is_found_though_few_gave_their_names(kinfold: Kinfold) -> None:
    copies = [
        {"tracker_id": f"copy-{turn % 30}", "subscription": "release-token", "event": "app_opened"}
        | ({"email": f"reader{turn % 2}@example.com"} if turn % 30 < 2 else {})
        for turn in range(90)
    ]
    item = shared(kinfold, copies)["release-token"]
    assert item.evidence["trackers_at_once"] == 30
    assert item.score > 0.5
    assert "release" in item.reason


def devices(kinds: list[str | None], email: str = "ana@example.com", days: int = 6) -> list[dict[str, Any]]:
    return [
        {"tracker_id": f"{email}-device-{place}", "email": email, "event": "page_view"}
        | ({"event_properties": {"device_type": kind}} if kind else {})
        for _ in range(days)
        for place, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "accused"),
    [
        (["phone", "tablet", "desktop", "app"], False),
        ([None, None, None, None, None], False),
        (["phone", "phone", "desktop", "desktop", "tablet", "app"], False),
        (["phone"] * 7, True),
        ([None] * 12, True),
    ],
)
def test_a_persons_own_devices_are_no_accusation_and_many_of_one_kind_at_once_are(
    kinfold: Kinfold, kinds: list[str | None], accused: bool
) -> None:
    worlds.send(kinfold, [*worlds.bystanders(), *devices(kinds)])
    for kind in ("many_trackers", "fusing_value"):
        item = about(kinfold, kind).get("ana@example.com")
        assert (item is not None and item.score >= 0.5) is accused


def test_cookies_that_keep_getting_lost_are_one_persons(kinfold: Kinfold) -> None:
    visits = [
        {
            "tracker_id": f"window-{visit}",
            "email": "ana@example.com",
            "occurred_at": (worlds.DAY + worlds.timedelta(days=visit, minutes=page)).isoformat(),
        }
        for visit in range(40)
        for page in range(2)
    ]
    worlds.send(kinfold, [*worlds.bystanders(), *visits])
    for kind in ("many_trackers", "fusing_value"):
        assert about(kinfold, kind)["ana@example.com"].score < 0.5


def test_a_value_under_which_several_people_come_is_found_by_their_names(kinfold: Kinfold) -> None:
    events = [
        {"tracker_id": f"broken-{number}", "user_id": "userid", "email": f"person{number}@example.com"}
        for number in range(8)
        for _ in range(2)
    ]
    worlds.send(kinfold, [*worlds.bystanders(), *events])
    item = about(kinfold, "fusing_value")["userid"]
    assert item.score > 0.5
    assert item.evidence["names"] == 8


def test_an_event_that_says_nothing_of_its_device_is_read_as_before(kinfold: Kinfold) -> None:
    event = {"tracker_id": "t", "email": "ana@example.com", "event_properties": {"device_type": 7, "os": "toaster"}}
    (answer,) = kinfold.resolver.resolve([read_event(event)])
    assert answer.outcome == "created"
    assert analyse(kinfold.database).findings == []


@pytest.mark.parametrize("policy", ["strict", "last_login"])
def test_names_of_declared_namespaces_count(kinfold: Kinfold, policy: str) -> None:
    apply(kinfold.database, Namespaces.of([Namespace("card", KeyClass.PERSON), Namespace("phone", KeyClass.PERSON)]))
    kinfold = under(kinfold, policy)
    events = [
        {"message_id": f"m{number}", "tracker_id": f"t{number % 8}", "subscription": "push-eight"}
        | {
            "keys": {("card", "phone")[number % 2]: f"p{number % 8}"},
            "occurred_at": f"2026-03-{1 + number:02}T09:00:00Z",
        }
        for number in range(24)
    ]
    kinfold.resolver.resolve([read_event(event, namespaces=kinfold.namespaces) for event in events])
    kinfold.anomalies.refresh()
    [item] = kinfold.anomalies.page("shared_subscription")[0]
    assert item["evidence"]["persons"] == 8
    assert item["score"] > 0.5


def test_a_card_on_many_devices_in_use_at_once_is_found_and_can_be_split(kinfold: Kinfold) -> None:
    apply(kinfold.database, Namespaces.of([Namespace("card", KeyClass.PERSON)]))
    kinfold = Kinfold.on(kinfold.database, kinfold.settings)
    events = [
        {"tracker_id": f"t{number % 30}", "keys": {"card": "c-1"}, "event_properties": {"device_type": "phone"}}
        | {"message_id": f"m{number}", "occurred_at": f"2026-03-01T{number // 30:02}:{number % 30:02}:00Z"}
        for number in range(90)
    ]
    kinfold.resolver.resolve([read_event(event, namespaces=kinfold.namespaces) for event in events])
    kinfold.anomalies.refresh()
    found = {item["kind"]: item for item in kinfold.anomalies.page()[0]}
    assert found["fusing_value"]["subject"] == found["many_trackers"]["subject"] == {"type": "card", "value": "c-1"}
    assert found["fusing_value"]["score"] > 0.5
