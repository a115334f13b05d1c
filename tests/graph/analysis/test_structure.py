"""Components, cuts and tables of keys, held against networkx and against brute force on random graphs."""

from array import array

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graph.analysis.clusters import best_cut, persons_behind
from graph.analysis.components import components
from graph.analysis.reading import KeyFinder, People, _hash, _Met
from graph.analysis.strings import Strings

edges = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40)


@given(st.integers(20, 24), edges)
def test_components_are_those_of_networkx(nodes: int, edges: list[tuple[int, int]]) -> None:
    left, right = (np.array([edge[side] for edge in edges], dtype=np.int32) for side in (0, 1))
    label = components(nodes, left, right)
    graph = nx.Graph(edges)
    graph.add_nodes_from(range(nodes))
    found = {frozenset(np.flatnonzero(label == number).tolist()) for number in set(label.tolist())}
    assert found == {frozenset(part) for part in nx.connected_components(graph)}


@st.composite
def clusters(draw: st.DrawFn) -> nx.Graph:
    """A connected graph of contacts and trackers, some contacts known."""
    contacts, keys = draw(st.integers(2, 7)), draw(st.integers(1, 5))
    graph: nx.Graph = nx.Graph()
    for number in range(contacts):
        graph.add_node(("contact", f"c{number}"), known=draw(st.booleans()))
    for number in range(keys):
        graph.add_node(("tracker", f"t{number}"), known=False)
        for contact in draw(st.sets(st.integers(0, contacts - 1), min_size=1)):
            graph.add_edge(("tracker", f"t{number}"), ("contact", f"c{contact}"))
    return graph.subgraph(max(nx.connected_components(graph), key=lambda part: (len(part), sorted(part)))).copy()


@given(clusters())
def test_the_best_cut_leaves_more_coherent_persons_than_any_other(graph: nx.Graph) -> None:
    def outcome(key: tuple[str, str]) -> tuple[int, int] | None:
        rest = graph.copy()
        rest.remove_node(key)
        pieces = [part for part in nx.connected_components(rest) if any(node[0] == "contact" for node in part)]
        if len(pieces) < 2:
            return None
        known = [sum(graph.nodes[node]["known"] for node in piece) for piece in pieces]
        return sum(count <= 1 for count in known), len(pieces)

    keys = [node for node in graph if node[0] == "tracker"]
    outcomes = {key[1]: found for key in keys if (found := outcome(key)) is not None}
    cut = best_cut(graph, keys)
    assert (cut is None) is (not outcomes)
    if cut is not None:
        best = max(outcomes.values())
        assert (cut["coherent"], cut["pieces"]) == best
        assert cut["value"] == min(value for value, found in outcomes.items() if found == best)
        points = {node[1] for node in nx.articulation_points(graph)}
        assert outcomes.keys() <= points


@given(clusters())
def test_the_pieces_of_a_cut_are_what_networkx_leaves(graph: nx.Graph) -> None:
    for node in graph:
        rest = graph.copy()
        rest.remove_node(node)
        assert {frozenset(part) for part in persons_behind(graph, node)} == {
            frozenset(part) for part in nx.connected_components(rest)
        }


@given(st.lists(st.text(max_size=20)))
def test_strings_come_back_as_they_went_in(texts: list[str]) -> None:
    kept = Strings()
    assert [kept.append(text) for text in texts] == list(range(len(texts)))
    assert [kept[number] for number in range(len(kept))] == texts


@given(st.lists(st.tuples(st.integers(0, 3), st.text(max_size=3)), unique=True, max_size=30))
def test_keys_are_found_by_kind_and_value(keys: list[tuple[int, str]]) -> None:
    values = Strings()
    for _, value in keys:
        values.append(value)
    count = len(keys)
    people = People(
        contacts=Strings(),
        known=np.zeros(0, np.bool_),
        owner=np.arange(count, dtype=np.int32),
        key=np.arange(count, dtype=np.int32),
        since=np.zeros(count, np.int64),
        keys=values,
        key_kinds=np.array([kind for kind, _ in keys], dtype=np.int8),
        shared={},
    )
    finder = KeyFinder(people, array("q", [_hash(kind, value) for kind, value in keys]))
    for kind in range(4):
        asked = [*(value for _, value in keys), "nobody has this", None]
        found = finder.find(kind, asked).tolist()
        wanted = [keys.index((kind, value)) if (kind, value) in keys else -1 for value in asked]
        assert found == wanted


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans(), st.integers(0, 50)), max_size=6),
        max_size=6,
    )
)
def test_meetings_add_up_however_they_come(pages: list[list[tuple[int, int, bool, int]]]) -> None:
    met = _Met()
    for page in pages:
        columns = list(zip(*page, strict=True)) or [(), (), (), ()]
        met.add(
            np.array(columns[0], np.int32),
            np.array(columns[1], np.int32),
            np.array(columns[2], np.bool_),
            np.array(columns[3], np.int64),
        )
        met._parts = [met._summed()]
    found = met.meetings()
    rows = [row for page in pages for row in page]
    wanted = {
        pair: (
            len(those := [row for row in rows if row[:2] == pair]),
            sum(row[2] for row in those),
            min(row[3] for row in those),
            max(row[3] for row in those),
        )
        for pair in {row[:2] for row in rows}
    }
    got = zip(found.count.tolist(), found.conflicts.tolist(), found.first.tolist(), found.last.tolist(), strict=True)
    assert dict(zip(zip(found.tracker.tolist(), found.person.tolist(), strict=True), got, strict=True)) == wanted
