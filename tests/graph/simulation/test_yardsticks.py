"""The yardsticks, against networkx and against examples by hand."""

from itertools import combinations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from graph.identity.keys import EventKeys
from graph.simulation.yardsticks import (
    ceiling_of_the_log,
    connected_components,
    last_login_wins,
    names_then_last_login,
)

value = st.none() | st.sampled_from("abcde")
events = st.lists(
    st.builds(EventKeys.of, email=value, tracker_id=value, subscription=value, user_id=value), max_size=20
)


def groups(labels: list[int]) -> set[frozenset[int]]:
    found: dict[int, set[int]] = {}
    for place, label in enumerate(labels):
        found.setdefault(label, set()).add(place)
    return {frozenset(group) for group in found.values()}


@given(events)
def test_components_are_those_of_networkx(log: list[EventKeys]) -> None:
    graph: nx.Graph = nx.Graph()
    for place, keys in enumerate(log):
        graph.add_node(place)
        for name in ("email", "tracker_id", "subscription", "user_id"):
            if keys.first(name) is not None:
                graph.add_edge(place, (name, keys.first(name)))
    expected = {
        frozenset(node for node in component if isinstance(node, int)) for component in nx.connected_components(graph)
    }
    assert groups(connected_components(log)) == expected


@given(events)
def test_the_last_login_takes_all_of_a_browser(log: list[EventKeys]) -> None:
    labels = last_login_wins(log)
    for one, other in combinations(range(len(log)), 2):
        if log[one].tracker_id is not None and log[one].tracker_id == log[other].tracker_id:
            assert labels[one] == labels[other]
    for place, keys in enumerate(log):
        later = [after for after in log[place + 1 :] if after.tracker_id == keys.tracker_id]
        settled = not any(after.persons for after in later)
        email = keys.first("email")
        if email is not None and (keys.tracker_id is None or settled):
            by_mail = [n for n, item in enumerate(log) if item.first("email") == email and item.tracker_id is None]
            assert all(labels[n] == labels[place] for n in by_mail)


@given(events, st.data())
def test_the_ceiling_joins_only_what_is_one_persons_and_tied_by_its_keys(
    log: list[EventKeys], data: st.DataObject
) -> None:
    truth = data.draw(st.lists(st.integers(0, 2), min_size=len(log), max_size=len(log)))
    found = groups(ceiling_of_the_log(log, truth))
    expected = set()
    for person in set(truth):
        places = [place for place, who in enumerate(truth) if who == person]
        own = groups(connected_components(log[place] for place in places))
        expected |= {frozenset(places[number] for number in group) for group in own}
    assert found == expected


def test_two_people_on_one_browser_are_both_taken_for_the_last() -> None:
    log = [
        EventKeys.of(tracker_id="t1"),
        EventKeys.of(tracker_id="t1", email="ana@example.com"),
        EventKeys.of(tracker_id="t1", email="bob@example.com"),
        EventKeys.of(tracker_id="t1"),
        EventKeys.of(email="ana@example.com"),
        EventKeys.of(tracker_id="t2"),
    ]
    assert groups(last_login_wins(log)) == {frozenset({0, 1, 2, 3}), frozenset({4}), frozenset({5})}
    assert groups(connected_components(log)) == {frozenset({0, 1, 2, 3, 4}), frozenset({5})}


def test_what_came_with_a_name_is_that_names_by_the_fair_rule() -> None:
    log = [
        EventKeys.of(tracker_id="t1"),
        EventKeys.of(tracker_id="t1", email="ana@example.com"),
        EventKeys.of(tracker_id="t1", email="bob@example.com"),
        EventKeys.of(tracker_id="t1"),
        EventKeys.of(tracker_id="t1", user_id="u1"),
        EventKeys.of(user_id="u1", email="bob@example.com"),
    ]
    assert groups(names_then_last_login(log)) == {frozenset({1}), frozenset({0, 2, 3, 4, 5})}


def test_an_id_and_the_address_that_came_with_it_name_one_person() -> None:
    log = [
        EventKeys.of(tracker_id="t1", user_id="u1"),
        EventKeys.of(user_id="u1", email="ana@example.com"),
        EventKeys.of(tracker_id="t2", email="ana@example.com"),
    ]
    assert len(groups(last_login_wins(log))) == 1


def test_a_subscription_alone_belongs_to_its_last_browser() -> None:
    log = [
        EventKeys.of(tracker_id="t1", subscription="s1"),
        EventKeys.of(tracker_id="t2", subscription="s1", email="ana@example.com"),
        EventKeys.of(subscription="s1"),
        EventKeys(),
        EventKeys(),
    ]
    assert groups(last_login_wins(log)) == {frozenset({0}), frozenset({1, 2}), frozenset({3}), frozenset({4})}
