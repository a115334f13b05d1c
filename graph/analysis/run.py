"""One analysis from end to end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graph.analysis import kinds
from graph.analysis.clusters import Cluster, clusters_of
from graph.analysis.components import tie
from graph.analysis.findings import Finding, ranked
from graph.analysis.reading import Progress, Reading, read_graph, read_splits, read_uses
from graph.clock import to_text
from graph.identity.decision.facts import Limits
from graph.identity.namespaces import NONE_FURTHER, FurtherNamespaces
from graph.settings import HOUSEHOLD_PROPERTIES
from graph.store.database import Database

MOST_CLUSTERS = 1_000
"""Clusters that are looked into, those with the most known contacts first; all are counted."""


@dataclass(frozen=True)
class Analysis:
    """What an analysis found.

    Attributes
    ----------
    clusters
        By score, the highest first; at most `MOST_CLUSTERS`.
    findings
        By score, the highest first; at most `graph.analysis.kinds.MOST_OF_A_KIND` of each kind.
    totals
        How much was read and found: ``contacts, known, keys, ownerships, shared_subscriptions, unions, activities,
        meetings, components, clusters, clusters_looked_into, largest_cluster, findings``, and ``as_of``, the
        newest moment in the graph (None when it is empty).
    """

    clusters: list[Cluster]
    findings: list[Finding]
    totals: dict[str, Any]


def analyse(
    database: Database,
    *,
    limits: Limits | None = None,
    seed: int = 0,
    on_progress: Progress | None = None,
    household: Sequence[str] = HOUSEHOLD_PROPERTIES,
    further: FurtherNamespaces = NONE_FURTHER,
) -> Analysis:
    """Read the identity graph out and find what is wrong in it.

    Parameters
    ----------
    database
        Only read from.
    limits
        What a contact may own; the deployment's own, as the resolver has them.
    seed
        For the communities: the same graph and seed give the same analysis.
    on_progress
        Told what is being done, how much of it is done, and how much there is.
    household
        Properties that people of one household have in common.
    further
        The namespaces beside the four that are always there.

    Raises
    ------
    Unavailable
        When the database cannot be reached.

    Notes
    -----
    Reading is O(contacts + keys + activities); the rest is sorting and breadth-first search over arrays,
    O(n log n) in contacts, keys and pairs that met, and networkx on at most `MOST_CLUSTERS` clusters.
    """
    tell = on_progress or (lambda what, done, total: None)
    reading = read_graph(database, tell, household=household, further=further)
    named = [number for number, _ in kinds.named_by_several(reading)]
    reading.uses = read_uses(database, reading.people, reading.finder, named)
    splits = read_splits(database, sorted(reading.people.shared))
    return analyse_reading(reading, splits, limits=limits, seed=seed, on_progress=tell)


def analyse_reading(
    reading: Reading,
    splits: list[dict[str, Any]],
    *,
    limits: Limits | None = None,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Analysis:
    """Analyse what was read, without the database."""
    tell = on_progress or (lambda what, done, total: None)
    people = reading.people
    steps: tuple[Callable[[], list[Finding]], ...] = (
        lambda: kinds.shared_subscriptions(reading),
        lambda: kinds.many_emails(reading),
        lambda: kinds.many_trackers(reading),
        lambda: kinds.fusing_values(reading),
        lambda: kinds.near_limits(reading, limits or Limits()),
        lambda: kinds.merge_bursts(reading),
        lambda: kinds.far_devices(reading),
    )
    found: list[Finding] = []
    for done, step in enumerate(steps):
        tell("anomalies", done, len(steps))
        found += step()
    tell("anomalies", len(steps), len(steps))
    findings = ranked(found)
    ties = tie(reading, splits)
    clusters, counts = clusters_of(reading, ties, findings, seed=seed, most=MOST_CLUSTERS, tell=tell)
    totals = {
        "contacts": len(people.contacts),
        "known": int(people.known.sum()),
        "keys": len(people.keys) - people.ended,
        "ownerships": len(people.key),
        "shared_subscriptions": len(people.shared),
        "unions": len(reading.unions),
        "activities": reading.activities,
        "meetings": len(reading.meetings.count),
        **counts,
        "findings": len(findings),
        "as_of": to_text(reading.as_of * 1000) if reading.as_of else None,
    }
    return Analysis(clusters, findings, totals)
