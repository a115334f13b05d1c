"""Clusters worth a look, as networkx graphs: what holds each together, where it would come apart, what it is."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import networkx as nx
import numpy as np

from graph.analysis.components import TIES, Ties
from graph.analysis.findings import NAMED, Finding, blocking, identity, key_of, subject_of, unmerging
from graph.analysis.reading import Reading, Ref, Union
from graph.analysis.statistics import Population
from graph.clock import to_text
from graph.identity.namespaces import FurtherNamespaces
from graph.model import TRACKER

Node = tuple[str, str]
"""``("contact" | "redirect" | "tracker" | "subscription" | …, id or value)``."""
Verdict = Literal["household", "shared device", "mistake", "one person"]

HOUSEHOLD = 5
"""Known people that a household's device is believed to have; beyond that it is a shared device."""
WORTH_FOLDED = 5
"""Unions into one contact from which it is worth a look although nobody else is tied to it."""
LARGE = 12
"""Contacts from which communities are looked for inside a cluster."""
MOST_TIES = 50_000
"""Ties from which communities and cuts are not looked for: they cost more than linear time."""
TRIED_CUTS = 50
MOST_MEMBERS = 1_000
"""Contacts of a cluster that are kept by name; `contacts` counts all."""
MOST_JOINTS = 200
"""Articulation points, and bridges, of a cluster that are kept by name."""
DRAWN = 150
"""Nodes of a cluster's drawing: those nearest to what holds it together."""
RECENT = 7 * 86_400_000
"""Milliseconds that count as recent for the trend."""
FAST = 3.0
"""How many times as large the recent share of ties must be as in the whole graph, for a cluster that grew fast."""


@dataclass(frozen=True)
class Cluster:
    """Contacts that are tied to each other.

    Attributes
    ----------
    id
        The same in every run as long as the oldest contact of the cluster is the same.
    score
        From 0 to 1: how far the number of known contacts stands out among clusters, or the score of the worst
        finding about it, whichever is higher.
    verdict, reason
        A household, a shared device, a mistake, or one person on several devices; and why, in words.
    contacts, known, folded, keys
        How many living contacts, how many of them known, how many folded ones, how many keys tie them.
    members
        Ids of the contacts, the first `MOST_MEMBERS` of them.
    density
        Ties in proportion to what would be if every contact had every key.
    articulation_points, bridges
        Keys without which it falls apart, the most joining first; ties without which it does, each as two nodes.
    communities
        Ids of contacts in communities inside a large one; None when it is small, or too large to look.
    cut
        The key that, cut, leaves the most coherent persons: ``{"key", "value", "pieces", "coherent", "largest"}``.
    unmerges
        Unions that should be taken back, each with its evidence.
    trend
        When its ties came: ``{"ties", "recent", "times_usual", "fast", "first", "last"}``.
    actions
        What can be done, as for a finding.
    into
        By the id of a folded contact, the id that it was folded into.
    graph
        Nodes `Node` with ``type`` and ``label``; edges with ``tie``, ``at`` and ``events``.
    """

    id: str
    score: float
    verdict: Verdict
    reason: str
    contacts: int
    known: int
    folded: int
    keys: int
    members: tuple[str, ...]
    density: float
    articulation_points: tuple[Node, ...]
    bridges: tuple[tuple[Node, Node], ...]
    communities: tuple[tuple[str, ...], ...] | None
    cut: dict[str, Any] | None
    unmerges: tuple[dict[str, Any], ...]
    trend: dict[str, Any]
    actions: tuple[dict[str, Any], ...]
    into: dict[str, str] = field(repr=False, compare=False)
    graph: "nx.Graph[Node]" = field(repr=False, compare=False)

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it, without the graph."""
        return {
            "id": self.id,
            "score": self.score,
            "verdict": self.verdict,
            "reason": self.reason,
            "contacts": self.contacts,
            "known": self.known,
            "folded": self.folded,
            "keys": self.keys,
            **self._named(NAMED, NAMED, NAMED),
            "density": self.density,
            "cut": self.cut,
            "unmerges": list(self.unmerges),
            "trend": self.trend,
            "actions": [dict(action) for action in self.actions],
        }

    def detail(self) -> dict[str, Any]:
        """Return what the document cuts short, as far as it is kept, and a drawing of the cluster."""
        return {**self._named(MOST_MEMBERS, MOST_JOINTS, MOST_MEMBERS), "drawing": _drawing(self)}

    def _named(self, members: int, joints: int, part: int) -> dict[str, Any]:
        return {
            "members": list(self.members[:members]),
            "articulation_points": [_shown(node) for node in self.articulation_points[:joints]],
            "articulation_points_total": len(self.articulation_points),
            "bridges": [[_shown(one), _shown(other)] for one, other in self.bridges[:joints]],
            "bridges_total": len(self.bridges),
            "communities": None if self.communities is None else [list(one[:part]) for one in self.communities],
            "communities_sizes": None if self.communities is None else [len(one) for one in self.communities],
        }


def clusters_of(
    reading: Reading,
    ties: Ties,
    findings: Sequence[Finding],
    *,
    seed: int,
    most: int,
    tell: Callable[[str, int, int], None],
) -> tuple[list[Cluster], dict[str, int]]:
    """Look into the clusters that are worth it, the largest first, at most ``most``.

    Returns
    -------
    list of Cluster, and totals
        By score, the highest first; how many there were of each kind of component.

    Notes
    -----
    O(nodes + ties) for all components together; for each that is looked into O(t) for articulation points and
    bridges and O(t log t) for communities, where t are its ties, and O(`TRIED_CUTS` · t) for the cut.
    """
    count = ties.contacts
    labels = int(ties.label.max()) + 1 if len(ties.label) else 0
    living = np.bincount(ties.label[:count], minlength=labels)
    folded = np.bincount(ties.label[count : count + len(ties.redirects)], minlength=labels)
    known = np.bincount(ties.label[:count][reading.people.known], minlength=labels)
    worth = np.flatnonzero((living > 1) | (folded >= WORTH_FOLDED))
    order = np.lexsort((worth, -(living[worth] + folded[worth]), -known[worth]))
    chosen = worth[order][:most].tolist()
    totals = {
        "components": int(labels),
        "clusters": len(worth),
        "clusters_looked_into": len(chosen),
        "largest_cluster": int((living + folded)[worth].max()) if len(worth) else 0,
    }
    population = reading.population("cluster", np.maximum(known[worth], 1))
    recent_share = reading.recent_share
    if recent_share is None:
        recent_share = float(np.mean(ties.at > reading.as_of - RECENT)) if len(ties.at) else 0.0
    unions = {union.source: union for union in reading.unions}
    by_subject: dict[tuple[str, str], list[Finding]] = {}
    for item in findings:
        about = {("contact", contact) for contact in item.evidence.get("contacts", ())}
        for subject in about | {(item.subject["type"], item.subject["value"])}:
            by_subject.setdefault(subject, []).append(item)
    met = _persons_met(reading)
    found: list[Cluster] = []
    for place, (label, (nodes, edges)) in enumerate(ties.of_label(chosen).items()):
        graph = _graph(reading, ties, nodes, edges)
        found.append(
            _cluster(graph, population, recent_share, unions, by_subject, met, reading, seed, int(known[label]))
        )
        if place % 50 == 49 or place == len(chosen) - 1:
            tell("clusters", place + 1, len(chosen))
    return sorted(found, key=lambda item: (-item.score, item.id)), totals


def persons_behind(graph: "nx.Graph[Node]", cut: Node) -> list[set[Node]]:
    """Return the pieces that are left when a node is cut out of a connected graph.

    Notes
    -----
    O(n + t).
    """
    rest = graph.subgraph(node for node in graph if node != cut)
    return [set(piece) for piece in nx.connected_components(rest)]


def best_cut(graph: "nx.Graph[Node]", candidates: Iterable[Node]) -> dict[str, Any] | None:
    """Find the key whose cut leaves the most coherent persons: pieces with one known contact at most.

    Returns
    -------
    dict or None
        None when no key's cut leaves two pieces with people in them.

    Notes
    -----
    O(k · (n + t)) for k candidates.
    """
    best: tuple[tuple[int, int, str, str], dict[str, Any]] | None = None
    for key in candidates:
        pieces = [piece for piece in persons_behind(graph, key) if any(node[0] == "contact" for node in piece)]
        if len(pieces) < 2:
            continue
        sizes = [sum(bool(graph.nodes[node].get("known")) for node in piece) for piece in pieces]
        coherent = sum(size <= 1 for size in sizes)
        rank = (coherent, len(pieces), *key)
        entry = {
            "key": key_of(key[0]),
            "value": key[1],
            "pieces": len(pieces),
            "coherent": coherent,
            "largest": max(sizes),
        }
        if best is None or (-rank[0], -rank[1], rank[2:]) < (-best[0][0], -best[0][1], best[0][2:]):
            best = (rank, entry)
    return None if best is None else best[1]


def _graph(reading: Reading, ties: Ties, nodes: Any, edges: Any) -> "nx.Graph[Node]":
    people = reading.people
    graph: nx.Graph[Node] = nx.Graph()
    names: dict[int, Node] = {}
    first_key = ties.contacts + len(ties.redirects)
    for number in nodes.tolist():
        if number < ties.contacts:
            name = ("contact", people.contacts[number])
            known = bool(people.known[number])
            graph.add_node(name, type="contact", known=known, label=_contact_label(reading, number))
        elif number < first_key:
            name = ("redirect", ties.redirects[number - ties.contacts])
            graph.add_node(name, type="redirect", known=False, label=name[1])
        else:
            kind, value = people.ref(int(ties.keys[number - first_key]))
            name = (subject_of(kind), value)
            graph.add_node(name, type=name[0], known=False, label=value)
        names[number] = name
    for edge in edges.tolist():
        one, other = names[int(ties.left[edge])], names[int(ties.right[edge])]
        said, at, weight = TIES[ties.kind[edge]], int(ties.at[edge]), int(ties.weight[edge])
        if graph.has_edge(one, other):
            held = graph.edges[one, other]
            if said not in held["tie"].split("+"):
                held["tie"] = "+".join(sorted([*held["tie"].split("+"), said]))
            held["at"] = min(held["at"], at)
            held["events"] += weight
        else:
            graph.add_edge(one, other, tie=said, at=at, events=weight)
    return graph


def _contact_label(reading: Reading, number: int) -> str:
    """Show a contact by its first person key, else by its id."""
    people = reading.people
    start, end = np.searchsorted(people.owner, [number, number + 1])
    for key in people.key[start:end].tolist():
        kind, value = people.ref(key)
        if kind in people.persons:
            return value
    return people.contacts[number]


def _persons_met(reading: Reading) -> Callable[[Ref], int]:
    """Make a function that tells how many contacts logged in on a device, by its key."""
    owner = reading.finder.owner(reading.meetings.person)
    there = owner >= 0
    pairs = np.unique(reading.meetings.tracker[there].astype(np.int64) << 32 | owner[there].astype(np.int64))
    trackers, counts = np.unique(pairs >> 32, return_counts=True)
    met = dict(zip(trackers.tolist(), counts.tolist(), strict=True))
    for device in reading.devices.shared:
        met[device.tracker] = max(len(device.logins), met.get(device.tracker, 0))

    def of(key: Ref) -> int:
        return int(met.get(int(reading.finder.refs([key])[0]), 0))

    return of


def _cluster(
    graph: "nx.Graph[Node]",
    population: Population,
    recent_share: float,
    unions: dict[str, Union],
    by_subject: dict[tuple[str, str], list[Finding]],
    met: Callable[[Ref], int],
    reading: Reading,
    seed: int,
    known: int,
) -> Cluster:
    contacts = sorted(node[1] for node in graph if node[0] == "contact")
    redirects = [node[1] for node in graph if node[0] == "redirect"]
    keys = [node for node in graph if node[0] not in ("contact", "redirect")]
    owned = sum(1 for _, _, data in graph.edges(data=True) if "folded" not in data["tie"])
    density = owned / (len(contacts) * len(keys)) if contacts and keys else 0.0
    points: list[Node] = sorted(
        (node for node in nx.articulation_points(graph) if node[0] not in ("contact", "redirect")),
        key=lambda node: (-graph.degree(node), node),
    )
    pairs = cast("Iterable[tuple[Node, Node]]", nx.bridges(graph))
    bridges = sorted((min(pair), max(pair)) for pair in pairs)
    small_enough = graph.number_of_edges() <= MOST_TIES
    communities = None
    if len(contacts) >= LARGE and small_enough:
        found = nx.community.louvain_communities(_ordered(graph), seed=seed)
        parts = [tuple(sorted(node[1] for node in part if node[0] == "contact")) for part in found]
        communities = tuple(sorted((part for part in parts if part), key=lambda part: (-len(part), part)))
    cut = best_cut(graph, points[:TRIED_CUTS]) if small_enough else None
    unmerges = _suggested(redirects, unions, by_subject, met, reading.people.further)
    findings = [item for node in graph for item in by_subject.get(node, ())]
    worst = max((item.score for item in findings), default=0.0)
    score = round(max(population.outlier(known), worst), 3)
    verdict, reason = _judge(graph, contacts, known, redirects, keys, cut, unmerges)
    first = contacts[0] if contacts else redirects[0]
    actions = unmerging(item["merge"] for item in unmerges)
    if cut is not None and verdict in ("shared device", "mistake"):
        actions.insert(0, blocking(cut["value"]))
    return Cluster(
        id=identity("cluster", first),
        score=score,
        verdict=verdict,
        reason=reason,
        contacts=len(contacts),
        known=known,
        folded=len(redirects),
        keys=len(keys),
        members=tuple(contacts[:MOST_MEMBERS]),
        density=round(min(1.0, density), 3),
        articulation_points=tuple(points),
        bridges=tuple(bridges),
        communities=communities,
        cut=cut,
        unmerges=tuple(unmerges),
        trend=_trend(graph, recent_share, reading.as_of),
        actions=tuple(actions),
        into={source: unions[source].target for source in redirects if source in unions},
        graph=graph,
    )


def _ordered(graph: "nx.Graph[Node]") -> "nx.Graph[Node]":
    """Copy a graph with nodes and edges in one order: what louvain finds depends on it besides the seed."""
    copy: nx.Graph[Node] = nx.Graph()
    copy.add_nodes_from(sorted(graph))
    edges: list[tuple[Node, Node]] = sorted((min(pair), max(pair)) for pair in graph.edges)
    copy.add_edges_from(edges)
    return copy


def _suggested(
    redirects: Iterable[str],
    unions: dict[str, Union],
    by_subject: dict[tuple[str, str], list[Finding]],
    met: Callable[[Ref], int],
    further: FurtherNamespaces,
) -> list[dict[str, Any]]:
    """Suggest unions to take back, the newest first: each came by a value, or with a key, that strangers share."""
    suggested: list[dict[str, Any]] = []
    for source in redirects:
        union = unions.get(source)
        why = None if union is None else _why_not(union, by_subject, met, further)
        if union is not None and why is not None:
            evidence, words = why
            suggested.append(
                {
                    "merge": union.id,
                    "source": union.source,
                    "target": union.target,
                    "rule": union.rule,
                    "at": to_text(union.at * 1000),
                    "evidence": evidence,
                    "reason": words,
                }
            )
    return sorted(suggested, key=lambda item: (item["at"], item["merge"]), reverse=True)


def _why_not(
    union: Union,
    by_subject: dict[tuple[str, str], list[Finding]],
    met: Callable[[Ref], int],
    further: FurtherNamespaces,
) -> tuple[dict[str, Any], str] | None:
    def flagged(key: Ref, kinds: tuple[str, ...]) -> float:
        found = by_subject.get((subject_of(key[0]), key[1]), ())
        return max((item.score for item in found if item.kind in kinds), default=0.0)

    if union.cause is not None and (score := flagged(union.cause, ("fusing_value", "many_trackers"))) >= 0.5:
        evidence: dict[str, Any] = {"cause": list(union.cause), "score": score}
        words = union.cause[0].replace("_", " ")
        return evidence, f"The {words} {union.cause[1]}, which strangers seem to share, folded contacts together."
    for key in union.moved:
        is_device = key[0] == TRACKER or key[0] in further.devices
        if not is_device and key[0] != "subscription" and key[0] not in further.subscriptions:
            continue
        if (score := flagged(key, ("many_emails",) if is_device else ("shared_subscription",))) < 0.5:
            continue
        evidence = {"moved": list(key), "score": score}
        words = subject_of(key[0]).replace("_", " ")
        if is_device:
            evidence["persons_met"] = met(key)
            return evidence, (
                f"The {words} {key[1]}, on which {evidence['persons_met']} persons logged in, went to one of them."
            )
        return evidence, f"The {words} {key[1]}, which strangers seem to share, went to one of them."
    return None


def _judge(
    graph: "nx.Graph[Node]",
    contacts: list[str],
    known: int,
    redirects: list[str],
    keys: list[Node],
    cut: dict[str, Any] | None,
    unmerges: list[dict[str, Any]],
) -> tuple[Verdict, str]:
    if unmerges:
        first = unmerges[0]
        more = f" and {len(unmerges) - 1} more" if len(unmerges) > 1 else ""
        return "mistake", f"{first['reason']} Suggested: take back the union {first['merge']}{more}."
    if len(contacts) < 2:
        return "one person", (
            f"One contact into which {len(redirects)} others were folded, each by a key of its own; nothing says that "
            "they were strangers."
        )
    holding = Counter(node[0] for node in keys)
    what = " and ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in sorted(holding.items()))
    held = f"{known} known contacts are tied by {what}" if keys else f"{known} known contacts are tied by unions"
    if known <= HOUSEHOLD:
        apart = (
            f" Without the {subject_of(cut['key'])} {cut['value']} they are {cut['pieces']} separate persons."
            if cut is not None
            else ""
        )
        return "household", f"{held}: as few as a household has.{apart}"
    if cut is None:
        return "shared device", f"{held}: more than a household has, and no single key holds them together."
    if cut["coherent"] == cut["pieces"]:
        ending = f"cut, it leaves {cut['pieces']} persons, each by itself"
    else:
        ending = f"cut, it leaves {cut['pieces']} pieces, {cut['coherent']} of them a single person"
    return "shared device", (
        f"{held}: more than a household has. The {subject_of(cut['key'])} {cut['value']} holds them together; {ending}."
    )


def _trend(graph: "nx.Graph[Node]", recent_share: float, as_of: int) -> dict[str, Any]:
    times = [data["at"] for _, _, data in graph.edges(data=True)]
    recent = sum(at > as_of - RECENT for at in times)
    usual = recent / len(times) / recent_share if times and recent_share > 0 else 0.0
    return {
        "ties": len(times),
        "recent": recent,
        "times_usual": round(usual, 2),
        "fast": usual >= FAST and recent >= LARGE // 2,
        "first": to_text(min(times) * 1000) if times else None,
        "last": to_text(max(times) * 1000) if times else None,
    }


def _shown(node: Node) -> dict[str, str]:
    return {"type": node[0], "value": node[1]}


def _drawing(cluster: Cluster) -> dict[str, Any]:
    """Describe the nodes nearest to what holds a cluster together, and their ties, as the API draws graphs.

    Notes
    -----
    O(n log n + t).
    """
    graph = cluster.graph
    root = _root(cluster)
    drawn: dict[Node, None] = {root: None}
    for node in drawn_outwards(graph, root):
        if len(drawn) == DRAWN:
            break
        drawn[node] = None
    edges = []
    for one, other, data in graph.subgraph(drawn).edges(data=True):
        source, target = _directed(cluster, one, other)
        kind = "folded_into" if "folded" in data["tie"] else data["tie"]
        edge = {"source": _id_of(source), "target": _id_of(target), "type": kind}
        edges.append({"id": f"{edge['source']}>{edge['target']}", **edge, "occurred_at": to_text(data["at"] * 1000)})
    return {
        "root": _id_of(root),
        "nodes": [_drawn(graph, node) for node in drawn],
        "edges": sorted(edges, key=lambda edge: edge["id"]),
        "left_out": len(graph) - len(drawn),
    }


def drawn_outwards(graph: "nx.Graph[Node]", root: Node) -> Iterable[Node]:
    """Yield the nodes of a connected graph by their distance from one of them, in one order whatever the input's."""
    for _, node in nx.bfs_edges(graph, root, sort_neighbors=sorted):
        yield node


def _root(cluster: Cluster) -> Node:
    if cluster.cut is not None:
        return subject_of(cluster.cut["key"]), cluster.cut["value"]
    if cluster.articulation_points:
        return cluster.articulation_points[0]
    graph = cluster.graph
    living = [node for node in graph if node[0] != "redirect"]
    return max(living or list(graph), key=lambda node: (graph.degree(node), node))


def _directed(cluster: Cluster, one: Node, other: Node) -> tuple[Node, Node]:
    """Order the two ends of a tie: who owns before the key, who was folded before the survivor."""
    if one[0] == "redirect" and cluster.into.get(one[1]) == other[1]:
        return one, other
    if other[0] == "redirect" and cluster.into.get(other[1]) == one[1]:
        return other, one
    return (one, other) if one[0] in ("contact", "redirect") else (other, one)


def _id_of(node: Node) -> str:
    return node[1] if node[0] in ("contact", "redirect") else f"{key_of(node[0])}:{node[1]}"


def _drawn(graph: "nx.Graph[Node]", node: Node) -> dict[str, Any]:
    type_, value = node
    if type_ == "redirect":
        return {"id": value, "type": "folded", "label": value}
    if type_ == "contact":
        known = bool(graph.nodes[node]["known"])
        label = graph.nodes[node]["label"]
        title = None if label == value else label
        return {
            "id": value,
            "type": "contact",
            "label": value,
            "kind": "known" if known else "anonymous",
            "title": title,
        }
    owners = sum("owns" in data["tie"] for _, _, data in graph.edges(node, data=True))
    return {"id": _id_of(node), "type": key_of(type_), "label": value, "shared": owners > 1}
