"""Who is tied to whom: the identity multigraph over arrays, and its connected components.

Nodes are contacts, the folded contacts (redirects) and the keys that touch more than one contact. A key with one
owner that nobody else was met on ties nothing, so it takes no part: a million people who share nothing cost an array
entry each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graph.analysis.reading import TRACKER, Ints, Reading, SmallInts
from graph.identity.decision.facts import Limits

OWNS, MET, SPLIT, FOLDED = range(4)
"""Kinds of ties: owns a shared key; was met on somebody else's tracker; a conflict of row 4.3.3; a union."""
TIES = ("owns", "met", "split", "folded")


@dataclass(slots=True)
class Ties:
    """The identity multigraph.

    Attributes
    ----------
    contacts
        How many living contacts there are: nodes 0 to ``contacts - 1``.
    redirects
        Ids of folded contacts: the nodes after those.
    keys
        Numbers of the keys that are nodes, which come last.
    left, right, kind, at, weight
        One entry a tie: its two nodes, its kind, when it came (milliseconds), how many events it stands for.
    label
        By node, the number of its component.
    """

    contacts: int
    redirects: list[str]
    keys: SmallInts
    left: SmallInts
    right: SmallInts
    kind: npt.NDArray[np.int8]
    at: Ints
    weight: Ints
    label: SmallInts

    @property
    def nodes(self) -> int:
        return self.contacts + len(self.redirects) + len(self.keys)

    def of_label(self, labels: Iterable[int]) -> dict[int, tuple[Ints, Ints]]:
        """Return the nodes and the ties of some components.

        Notes
        -----
        O(n log n) once for all of them.
        """
        by_node = _grouped(self.label)
        by_tie = _grouped(self.label[self.left])
        return {label: (by_node(label), by_tie(label)) for label in labels}


def tie(reading: Reading, splits: Sequence[dict[str, Any]] = ()) -> Ties:
    """Put the identity multigraph together and label its components.

    Notes
    -----
    O(contacts + keys + ties): scipy's breadth-first search over a compressed sparse matrix.
    """
    people, meetings, finder = reading.people, reading.meetings, reading.finder
    count = len(people.contacts)
    owners = np.bincount(people.key, minlength=len(people.keys))
    # A person met on a tracker that somebody else, who is known too, owns.
    owner = finder.owner(meetings.tracker)
    person = finder.owner(meetings.person)
    apart = (owner >= 0) & (person >= 0) & (owner != person)
    apart[apart] &= people.known[owner[apart]] & people.known[person[apart]]
    # A device that went from tracker to tracker is one key: the tracker that it was first seen with.
    apart &= ~np.isin(meetings.tracker, list(reading.devices.trackers))
    on_device = np.array(
        [
            (contact, device.tracker, device.first[contact], count)
            for device in reading.devices.shared
            for contact, count in device.logins.items()
            if people.known[contact] and contact != finder.owner_of[device.tracker]
        ],
        dtype=np.int64,
    ).reshape(-1, 4)
    contested = np.unique(np.concatenate((meetings.tracker[apart], on_device[:, 1])))
    is_node = owners > 1
    is_node[contested] = True
    keys = np.flatnonzero(is_node).astype(np.int32)
    redirects = sorted(reading.redirects)
    first_key = count + len(redirects)
    node_of_key = np.full(len(people.keys), -1, np.int32)
    node_of_key[keys] = np.arange(first_key, first_key + len(keys), dtype=np.int32)

    owned = is_node[people.key]
    parts = [
        (
            people.owner[owned],
            node_of_key[people.key[owned]],
            OWNS,
            people.since[owned],
            np.ones(owned.sum(), np.int64),
        ),
        (person[apart], node_of_key[meetings.tracker[apart]], MET, meetings.first[apart], meetings.count[apart]),
        (on_device[:, 0], node_of_key[on_device[:, 1]], MET, on_device[:, 2], on_device[:, 3]),
    ]
    number_of = _numbers(reading, redirects, count)
    rows = [
        (node, other, kind, at)
        for node, other, kind, at in (*_folded(reading, number_of), *_split(reading, splits, number_of, node_of_key))
        if node is not None and other is not None
    ]
    if rows:
        left, right, kinds, at = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    else:
        left = right = kinds = at = np.zeros(0, np.int64)
    all_left = np.concatenate([part[0] for part in parts] + [left]).astype(np.int32)
    all_right = np.concatenate([part[1] for part in parts] + [right]).astype(np.int32)
    all_kinds = np.concatenate([np.full(len(part[0]), part[2], np.int8) for part in parts] + [kinds.astype(np.int8)])
    nodes = first_key + len(keys)
    return Ties(
        contacts=count,
        redirects=redirects,
        keys=keys,
        left=all_left,
        right=all_right,
        kind=all_kinds,
        at=np.concatenate([part[3] for part in parts] + [at]),
        weight=np.concatenate([part[4] for part in parts] + [np.ones(len(left), np.int64)]),
        label=components(nodes, all_left, all_right),
    )


def components(nodes: int, left: SmallInts, right: SmallInts) -> SmallInts:
    """Label the connected components of a graph that is given by its edges."""
    if not nodes:
        return np.zeros(0, np.int32)
    matrix = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(nodes, nodes)).tocsr()
    label: SmallInts = connected_components(matrix, directed=False)[1].astype(np.int32)
    return label


def fullness(reading: Reading, limits: Limits) -> npt.NDArray[np.float64]:
    """Return, by contact, how much of its limits it uses: 1 when one of them is reached."""
    people = reading.people
    kinds = people.key_kinds[people.key]
    count = len(people.contacts)
    trackers = np.bincount(people.owner[kinds == TRACKER], minlength=count)
    subscriptions = np.bincount(people.owner[np.isin(kinds, people.subscriptions)], minlength=count)
    return np.maximum(trackers / limits.max_trackers, subscriptions / limits.max_subscriptions)


def _numbers(reading: Reading, redirects: list[str], count: int) -> dict[str, int]:
    """Return the numbers of the nodes of the contacts that unions or splits name."""
    numbers = {name: count + place for place, name in enumerate(redirects)}
    living = {union.target for union in reading.unions} - numbers.keys()
    if living or redirects:
        for place in range(count):
            name = reading.people.contacts[place]
            if name in living:
                numbers[name] = place
    return numbers


def _folded(reading: Reading, numbers: dict[str, int]) -> Iterable[tuple[int | None, int | None, int, int]]:
    for union in reading.unions:
        yield numbers.get(union.source), numbers.get(union.target), FOLDED, union.at


def _split(
    reading: Reading, splits: Sequence[dict[str, Any]], numbers: dict[str, int], node_of_key: SmallInts
) -> Iterable[tuple[int | None, int | None, int, int]]:
    people = reading.people
    wanted = {row["owner"] for row in splits} - numbers.keys()
    places = {}
    if wanted:
        for place in range(len(people.contacts)):
            if (name := people.contacts[place]) in wanted:
                places[name] = place
    for row in splits:
        key = people.shared.get((row["namespace"], row["subscription"]))
        node = numbers.get(row["owner"], places.get(row["owner"]))
        yield node, None if key is None else int(node_of_key[key]), SPLIT, row["at"]


def _grouped(label: SmallInts) -> Any:
    order = np.argsort(label, kind="stable")
    ordered = label[order]

    def of(wanted: int) -> Ints:
        start, end = np.searchsorted(ordered, [wanted, wanted + 1])
        members: Ints = order[start:end]
        return members

    return of
