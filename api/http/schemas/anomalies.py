"""Findings and clusters of the analysis."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.http.schemas.examples import with_example
from api.http.schemas.neighbourhood import GraphEdge, GraphNode, Meeting
from graph.analysis.anomalies import FindingState
from graph.analysis.findings import Kind


class Subject(BaseModel):
    """What a finding is about."""

    type: str = Field(
        description="`contact`, `cluster`, or what the key is: `tracker` for tracker_id, else its namespace's name."
    )
    value: str = Field(description="A contact's id, or the key's value.")


class Action(BaseModel):
    """A call that does something about a finding or a cluster."""

    model_config = ConfigDict(extra="allow")

    action: Literal["block", "unmerge", "split", "dismiss", "keep", "sleep"]
    method: str
    path: str
    done: bool | None = Field(
        None,
        description="Whether it was done since: the value blocked, the merge undone. For dismissals see `dismissed`.",
    )


_FINDING: dict[str, Any] = {
    "id": "f5e3296331b6e5cae5ebf6c2",
    "kind": "many_emails",
    "subject": {"type": "tracker", "value": "library-kiosk"},
    "score": 0.948,
    "reason": "12 persons logged in on one device, where 2 is usual for one that is shared; it changed hands 23 times.",
    "evidence": {"persons": 12, "handovers": 23, "detail": {"outlier": 0.939, "even": 0.993}},
    "actions": [{"action": "block", "method": "PUT", "path": "/v1/blocked/value/library-kiosk"}],
    "dismissed": False,
    "state": "open",
    "note": None,
    "state_by": None,
    "state_at": None,
}


class Anomaly(BaseModel):
    """A finding."""

    model_config = with_example(_FINDING)

    id: str = Field(description="Stable across analyses: derived from kind and subject.")
    kind: Kind
    subject: Subject
    score: float = Field(ge=0, le=1)
    reason: str
    evidence: dict[str, Any] = Field(description="Figures and names behind the reason; `detail` has the score's parts.")
    actions: list[Action]
    dismissed: bool
    state: FindingState
    note: str | None = Field(description="What was said when its state was set.")
    state_by: str | None = Field(description="Who set it: an access key's id, `environment`, `local` or `command`.")
    state_at: str | None


class OneAnomaly(Anomaly):
    """A finding, and when it was found."""

    model_config = with_example(_FINDING | {"as_of": "2026-11-22T10:00:00Z"})

    as_of: str | None = Field(description="When the last analysis was made; null before the first.")


class AnomalyList(BaseModel):
    """Findings, the highest score first, a page of them."""

    items: list[Anomaly]
    next: str | None
    as_of: str | None = Field(description="When the last analysis was made; null before the first.")
    current: bool = Field(description="Whether the counts of the graph have not changed since that analysis.")


class TieTrend(BaseModel):
    """When the ties of a cluster came."""

    ties: int
    recent: int = Field(description="Those of the newest seven days.")
    times_usual: float = Field(description="The recent share, divided by that of the whole graph.")
    fast: bool
    first: str | None
    last: str | None


class Cut(BaseModel):
    """The key that, cut, leaves the most coherent persons."""

    key: str
    value: str
    pieces: int
    coherent: int = Field(description="Pieces with at most one known contact.")
    largest: int = Field(description="Known contacts in the largest piece.")


_CLUSTER: dict[str, Any] = {
    "id": "0b7e3b5be4d9f7f1a86dd40c",
    "score": 0.973,
    "verdict": "shared device",
    "reason": "12 known contacts are tied by 1 tracker: more than a household has. …",
    "contacts": 12,
    "known": 12,
    "folded": 0,
    "keys": 1,
    "members": ["01a2038b-7dc1-7334-9c69-4302c95fa58d"],
    "density": 1.0,
    "articulation_points": [{"type": "tracker", "value": "library-kiosk"}],
    "articulation_points_total": 1,
    "bridges": [],
    "bridges_total": 0,
    "communities": None,
    "communities_sizes": None,
    "cut": {"key": "tracker_id", "value": "library-kiosk", "pieces": 12, "coherent": 12, "largest": 1},
    "unmerges": [],
    "trend": {"ties": 12, "recent": 12, "times_usual": 1.0, "fast": False, "first": None, "last": None},
    "actions": [{"action": "block", "method": "PUT", "path": "/v1/blocked/value/library-kiosk"}],
}


class Cluster(BaseModel):
    """Contacts that are tied to each other."""

    model_config = with_example(_CLUSTER)

    id: str
    score: float = Field(ge=0, le=1)
    verdict: Literal["household", "shared device", "mistake", "one person"]
    reason: str
    contacts: int
    known: int
    folded: int
    keys: int
    members: list[str] = Field(
        description="Ids of contacts: the first 20 in a list, 1,000 at /v1/clusters/{id}; `contacts` counts all."
    )
    density: float
    articulation_points: list[dict[str, str]] = Field(description="The first 20 in a list, 200 at /v1/clusters/{id}.")
    articulation_points_total: int
    bridges: list[list[dict[str, str]]] = Field(description="The first 20 in a list, 200 at /v1/clusters/{id}.")
    bridges_total: int
    communities: list[list[str]] | None = Field(
        description="The first 20 members of each in a list, the first 1,000 at /v1/clusters/{id}."
    )
    communities_sizes: list[int] | None = Field(description="How many contacts each community has.")
    cut: Cut | None
    unmerges: list[dict[str, Any]]
    trend: TieTrend
    actions: list[Action]


class ClusterList(BaseModel):
    """Clusters, the highest score first, a page of them."""

    items: list[Cluster]
    next: str | None
    as_of: str | None = Field(description="When the last analysis was made; null before the first.")
    current: bool = Field(description="Whether the counts of the graph have not changed since that analysis.")


class OneCluster(Cluster):
    """A cluster, and when it was found."""

    model_config = with_example(_CLUSTER | {"as_of": "2026-11-22T10:00:00Z"})

    as_of: str


class ClusterGraph(BaseModel):
    """A drawing of a cluster: the nodes nearest to what holds it together, and their ties."""

    cluster: str
    root: str = Field(description="The id of the node at the centre.")
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    left_out: int = Field(description="How many nodes of the cluster are not drawn.")
    as_of: str


class FindingGraph(Meeting):
    """A drawing of a finding, as it is now: what it is about, and everybody around it."""

    finding: str


class AnalysisMade(BaseModel):
    """An analysis that was made."""

    as_of: str
    totals: dict[str, Any]


class Undismissed(BaseModel):
    """A finding that is no longer dismissed; null when it is not found any more."""

    finding: Anomaly | None
