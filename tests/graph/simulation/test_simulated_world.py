"""The simulated world: the same for a seed, and its truth is true."""

import hashlib
import re
from collections import defaultdict
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import BadInput
from graph.identity.declared_namespaces import apply
from graph.identity.events import read_event
from graph.identity.keys import BlockList, read_keys
from graph.kinfold import Kinfold
from graph.simulation import Happening, Parameters, Situation, World
from graph.simulation.dice import Dice
from graph.simulation.parameters import _SHARES, DECLARED

BUSY = Parameters(
    days=40.0,
    visits=25.0,
    has_account=0.9,
    family_browser=0.9,
    kiosks_per_thousand=20.0,
    roles_per_thousand=20.0,
    handed_on_per_thousand=200.0,
    opts_in_to_push=0.8,
    broken_browser=0.1,
)
"""A world in which everything happens, with few people in it."""


HASHED = {
    hashlib.sha256(f"person{number}@example.com".encode()).hexdigest(): f"person-{number}" for number in range(50)
}


def account(event: dict[str, Any]) -> str | None:
    """Name the account that an event is under, as its keys say; None for a role's, a bogus one, and without a name."""
    for value in (event.get("email"), event.get("user_id")):
        number = re.fullmatch(r"([a-z]+)-?(\d+)(\+shop)?(@.*)?", value or "")
        if value is not None and value.startswith("farm"):
            return str(value)
        if number is not None and number[1][0] in "hpu" and value != "user_id":
            return f"{'household' if number[1][0] == 'h' else 'person'}-{number[2]}"
    return HASHED.get(event.get("keys", {}).get("email_sha256"))


def everything(world: World) -> list[Happening]:
    return list(world.happenings())


def as_bytes(world: World) -> bytes:
    return b"\n".join(orjson.dumps([each.event, each.truth.to_dict()]) for each in world.happenings())


@st.composite
def worlds(draw: st.DrawFn) -> World:
    shares = {name: draw(st.sampled_from([0.0, 0.3, 0.7, 1.0])) for name in draw(st.sets(st.sampled_from(_SHARES)))}
    counts = draw(st.sampled_from([0.0, 30.0, 200.0]))
    parameters = replace(
        BUSY,
        days=draw(st.sampled_from([0.5, 10.0, 60.0])),
        kiosks_per_thousand=counts,
        roles_per_thousand=counts,
        bots_per_thousand=counts,
        handed_on_per_thousand=counts,
        call_centres_per_thousand=counts,
        **shares,
    )
    return World(draw(st.integers(0, 12)), seed=draw(st.integers(0, 1000)), parameters=parameters)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    first, again, other = (as_bytes(World(40, seed=seed, parameters=BUSY)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_the_first_draws_of_a_seed_are_those_of_every_python() -> None:
    dice = Dice("kinfold world 7")
    assert [dice.below(1000), dice.token(), round(dice.waiting(10), 6)] == [889, "fc1469bc16fc", 1.614449]


@given(worlds())
def test_events_come_in_order_of_time_and_every_one_can_be_read(world: World) -> None:
    happenings = everything(world)
    namespaces = world.parameters.namespaces
    read = [read_event(orjson.dumps(each.event), namespaces=namespaces) for each in happenings]
    times = [event.occurred_at for event in read]
    assert times == sorted(times)  # type: ignore[type-var]
    begin = world.parameters.starts_at
    assert all(begin <= at < begin + timedelta(days=world.parameters.days) for at in times if at)
    assert len({event.message_id for event in read}) == len(read)
    assert not any(read_keys(event, BlockList.of(namespaces=namespaces)).ignored for event in read)


@given(worlds())
def test_the_truth_speaks_of_every_event_and_agrees_with_it(world: World) -> None:
    devices: dict[str, str] = {}
    for each in world.happenings():
        event, truth = each.event, each.truth
        assert truth.message_id == event["message_id"]
        assert truth.cookie == event.get("tracker_id")
        named = account(event)
        farm = truth.person.replace("-", "") + "account"
        own = named == truth.person or (named or "").startswith(farm)
        if not (truth.situation is Situation.BROKEN and "email" not in event):
            assert truth.named == own
        if truth.situation in (Situation.OTHERS_LOGIN, Situation.JOINT):
            assert named is not None
            assert not truth.named
        if truth.situation is Situation.REFUSED:
            assert "tracker_id" not in event
            assert "subscription" not in event
        if "subscription" in event:
            assert truth.subscription == event["subscription"]
        if truth.cookie:
            assert devices.setdefault(truth.cookie, truth.device) == truth.device


@given(worlds())
def test_what_is_planted_came_true_in_the_events(world: World) -> None:
    people: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    trackers: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    named: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for each in world.happenings():
        event, person = each.event, each.truth.person
        for key in ("email", "user_id"):
            if key in event:
                people[key, event[key]].add(person)
                trackers[key, event[key]].add(event.get("tracker_id", ""))
        under = account(event)
        for kind, key in (("many_emails", "tracker_id"), ("shared_subscription", "subscription")):
            if key in event and under is not None and event.get("user_id") != world.parameters.bogus_id:
                named[kind, event[key]].add(under)
    planted = {(one.kind, one.key, one.value): one.people for one in world.planted()}
    for (kind, key, value), count in planted.items():
        if kind == "fusing_value":
            assert 1 < count <= len(people[key, value])
    for kind in ("many_emails", "shared_subscription"):
        told = {value: count for (one, _, value), count in planted.items() if one == kind}
        several = {value: len(who) for (one, value), who in named.items() if one == kind and len(who) > 1}
        assert several.keys() <= told.keys()
        assert all(count <= told[value] for value, count in several.items())
    for kind, key, value in planted:
        if kind == "many_trackers":
            assert len(trackers[key, value] - {""}) >= 3


def test_a_busy_world_has_every_situation_and_plants_every_kind() -> None:
    world = World(150, seed=3, parameters=BUSY)
    assert {each.truth.situation for each in world.happenings()} == set(Situation)
    kinds = {planted.kind for planted in world.planted()}
    assert kinds == {"many_emails", "many_trackers", "shared_subscription", "fusing_value"}


def test_a_subscription_outlives_its_user_on_a_device() -> None:
    world = World(150, seed=3, parameters=BUSY)
    carried: defaultdict[str, list[str]] = defaultdict(list)
    for each in world.happenings():
        if "subscription" in each.event:
            carried[each.event["subscription"]].append(each.truth.person)
    handed = [
        one.value for one in world.planted() if one.situation is Situation.HANDED_ON and one.key == "subscription"
    ]
    assert handed
    for subscription in handed:
        before = carried[subscription][0]
        assert before != carried[subscription][-1]


def test_log_outs_and_replaced_subscriptions_are_in_the_events() -> None:
    world = World(60, seed=3, parameters=replace(BUSY, push_rotates=0.5, says_replaced=1.0))
    events = everything(world)
    logged_out = [each for each in events if each.event.get("logout")]
    assert logged_out
    assert all(each.event["event"] == "logged_out" and "email" not in each.event for each in logged_out)
    carried = {each.event["subscription"] for each in events if "subscription" in each.event}
    replaced = [each.event for each in events if "replaces" in each.event]
    olds = [event["replaces"]["subscription"] for event in replaced]
    assert carried.intersection(olds)
    assert len(set(olds)) == len(olds)
    assert all(event["subscription"] not in olds[: place + 1] for place, event in enumerate(replaced))
    silent = World(60, seed=3, parameters=replace(BUSY, push_rotates=0.5, says_replaced=0.0, says_logged_out=0.0))
    assert not any(each.event.keys() & {"logout", "replaces"} for each in silent.happenings())


def test_who_refused_sends_names_from_the_server_and_no_cookie() -> None:
    world = World(60, seed=1, parameters=replace(BUSY, refuses_consent=1.0, kiosks_per_thousand=0.0))
    private = [each for each in world.happenings() if each.truth.device.startswith(("phone", "laptop", "tablet"))]
    assert any(each.truth.named for each in private)
    assert all("tracker_id" not in each.event for each in private)


def test_a_world_passes_once() -> None:
    world = World(3)
    everything(world)
    with pytest.raises(RuntimeError):
        world.happenings()


def test_an_empty_world_has_no_events() -> None:
    world = World(0)
    assert (everything(world), world.planted()) == ([], [])


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"safari": "1.5"}, "safari"),
        ({"days": "0"}, "days"),
        ({"days": "nan"}, "days"),
        ({"pushes_every": "0"}, "pushes_every"),
        ({"visits": "-1"}, "visits"),
        ({"visits": "many"}, "visits"),
        ({"bogus_id": "1"}, "bogus_id"),
        ({"nonsense": "1"}, "nonsense"),
    ],
)
def test_a_wrong_parameter_is_named(changed: dict[str, str], name: str) -> None:
    with pytest.raises(BadInput) as caught:
        Parameters().changed(changed)
    assert [error.field for error in caught.value.errors] == [name]


def test_parameters_are_changed_by_name() -> None:
    assert Parameters().changed({"visits": "3", "safari": "0.5"}) == Parameters(visits=3.0, safari=0.5)


def test_every_parameter_is_documented() -> None:
    assert Parameters.__doc__
    described = " ".join(line for line in Parameters.__doc__.splitlines() if line[:4].isspace() and line[4:5] != " ")
    assert [field.name for field in fields(Parameters) if field.name not in described] == []


DECLARING = replace(BUSY, days=20.0, gives_phone=0.7, has_app=0.8, has_install_id=1.0, comes_by_hash=0.7)


def test_people_have_phones_installations_and_hashed_addresses_where_that_is_asked_for() -> None:
    without = replace(DECLARING, gives_phone=0.0, has_install_id=0.0, comes_by_hash=0.0)
    plain, declaring = (list(World(40, seed=3, parameters=one).happenings()) for one in (without, DECLARING))
    assert not any("keys" in happening.event for happening in plain)
    phones: defaultdict[str, set[str]] = defaultdict(set)
    installs: defaultdict[str, set[str]] = defaultdict(set)
    carried = set()
    for happening in declaring:
        keys = read_keys(read_event(happening.event, namespaces=DECLARED), BlockList.of(namespaces=DECLARED))
        assert not keys.ignored or happening.truth.situation in (Situation.BROKEN, Situation.BOT)
        given = happening.event.get("keys", {})
        carried |= given.keys()
        if "phone" in given:
            [phone] = [key.value for key in keys.persons if key.namespace == "phone"]
            phones[phone].add(happening.truth.person)
        if "app_install" in given:
            installs[given["app_install"]].add(happening.truth.device)
        if "email_sha256" in given:
            assert given["email_sha256"] in HASHED
    assert carried == {"phone", "app_install", "email_sha256"}
    assert all(len(people) == 1 for people in phones.values())
    assert all(len(devices) == 1 for devices in installs.values())
    # The world is the same but for these keys.
    assert [happening.event for happening in plain] == [
        {name: value for name, value in happening.event.items() if name != "keys"} for happening in declaring
    ]


def test_a_world_with_declared_namespaces_is_resolved_by_them(kinfold: Kinfold) -> None:
    apply(kinfold.database, DECLARED)
    kinfold = Kinfold.on(kinfold.database, kinfold.settings)
    happenings = list(World(15, seed=3, parameters=DECLARING).happenings())
    events = [read_event(happening.event, namespaces=kinfold.namespaces) for happening in happenings]
    answers = kinfold.resolver.resolve(events)
    assert len(answers) == len(happenings)
    for happening in happenings:
        for name, value in happening.event.get("keys", {}).items():
            assert kinfold.contacts.owners(name, value), (name, value)
