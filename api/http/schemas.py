"""What the calls answer, as the OpenAPI document shows it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from graph.identity.namespaces import KeyClass, Normaliser
from graph.model import ConflictReason, IgnoredReason, KeyName, Kind, Outcome
from graph.segments.condition_schema import DocumentedCondition
from graph.store.changes import ChangeKind

_CONTACT = "01936f2e-7c1a-7d10-9a3c-5b1f0c2d4e6f"
_FOLDED = "01936f2e-7b02-7aa1-8e7d-2f6a9c0b1d3e"

_ANSWER: dict[str, Any] = {
    "contact": {"id": _CONTACT, "kind": "known"},
    "tracker_id": "t1",
    "rule": "2.2",
    "outcome": "claimed",
    "merged": [],
    "shared_with": [],
    "moved": [],
    "conflicts": [],
    "ignored": [],
    "duplicate": False,
    "limited": False,
}
_PROBLEM: dict[str, Any] = {
    "type": "urn:kinfold:problem:bad_input",
    "title": "The request breaks a rule",
    "status": 422,
    "detail": "e_mail: there is no such field",
    "code": "bad_input",
    "errors": [{"field": "e_mail", "rule": "unknown_field", "message": "there is no such field"}],
}
_DOCUMENT: dict[str, Any] = {
    "id": _CONTACT,
    "kind": "known",
    "email": "ana@example.com",
    "emails": ["ana@example.com"],
    "user_ids": ["42"],
    "trackers": ["t1"],
    "subscriptions": [{"id": "s1", "shared_with": []}],
    "keys": {"email": ["ana@example.com"], "subscription": ["s1"], "tracker_id": ["t1"], "user_id": ["42"]},
    "properties": {"_name": "Ana"},
    "segments": ["newsletter"],
    "workflows": {"welcome": {"status": "active", "nodes": {"mail": {"ran_at": "2026-11-22T10:00:00Z", "data": {}}}}},
    "merged_from": [_FOLDED],
    "first_occurred_at": "2026-11-20T08:00:00Z",
    "last_occurred_at": "2026-11-22T10:05:00Z",
    "created_at": "2026-11-22T10:00:00Z",
    "last_seen_at": "2026-11-22T10:05:00Z",
}
_ENROLMENT: dict[str, Any] = {
    "status": "active",
    "nodes": {"welcome": {"ran_at": "2026-11-22T10:00:00Z", "data": {"opened": True}}},
}
_MERGE: dict[str, Any] = {
    "id": "01936f31-1d2e-7c40-b6a1-0f9e8d7c6b5a",
    "source": _FOLDED,
    "target": _CONTACT,
    "rule": None,
    "message_id": None,
    "at": "2026-11-22T10:05:00Z",
    "occurred_at": "2026-11-22T10:05:00Z",
    "undone_at": None,
}
_TAKEN_BACK = _MERGE | {"undone_at": "2026-11-23T09:00:00Z"}
_UNDONE: dict[str, Any] = _TAKEN_BACK | {"undone": [_TAKEN_BACK]}
_REHEARSAL: dict[str, Any] = {
    "dry_run": True,
    "changes": [
        {
            "contact": _CONTACT,
            "exists_before": True,
            "exists_after": True,
            "changes": [{"field": "kind", "before": "anonymous", "after": "known"}],
        }
    ],
}
_HISTORY: dict[str, Any] = {
    "at": "2026-11-22T10:00:00Z",
    "occurred_at": "2026-11-20T08:00:00Z",
    "what": "claimed",
    "words": "This contact became known by rule 2.2: event 'identify' came with email ana@example.com, tracker_id t1.",
    "contact": None,
    "rule": "2.2",
    "message_id": "m2",
    "merge": None,
}
_SEGMENT: dict[str, Any] = {
    "name": "french",
    "kind": "dynamic",
    "where": {"property": "country", "is": "FR"},
    "watch": False,
    "changed_at": "2026-11-22T10:00:00Z",
}


def _shown(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class FieldProblem(BaseModel):
    """One thing that is wrong: where, which rule, in words."""

    field: str = Field(description="The place, dotted; empty when it is the whole request.")
    rule: str
    message: str


class Problem(BaseModel):
    """Every error, as RFC 9457 problem+json. Some carry further members, such as `line` or `owner`."""

    model_config = _shown(_PROBLEM)

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable, for programs; title and detail are for people.")
    errors: list[FieldProblem]


class ContactRef(BaseModel):
    """The contact an answer names."""

    id: str | None = Field(description="Null where a dry run would create one.")
    kind: Kind


class MovedKey(BaseModel):
    """A key that changed hands."""

    key: KeyName
    value: str
    from_: str | None = Field(alias="from")


class Conflict(BaseModel):
    """A key of the event that is somebody else's and stays there, or that the contact has no room for."""

    key: KeyName
    owner: str | None = Field(description="Null where it is nobody's, and for one that exists only in a dry run.")
    reason: ConflictReason | None = Field(
        None, description="`full`: the contact has as many of this namespace as events may give it."
    )


class IgnoredKey(BaseModel):
    """A key of the event that counts as absent."""

    key: KeyName
    reason: IgnoredReason


class TraceStep(BaseModel):
    """A fact or a rule, and where it led."""

    step: str
    detail: str


class Answer(BaseModel):
    """Who is behind an event, and what the event changed."""

    model_config = _shown(_ANSWER)

    contact: ContactRef | None = Field(description="Null when every key is blocked, and in a minimal answer.")
    tracker_id: str | None = Field(description="A tracker of the contact; a browser stores it.")
    rule: str | None = Field(description="The row of the decision table that decided.")
    outcome: Outcome | None = Field(description="Null in the minimal answer to a write key.")
    merged: list[str | None] = Field(description="Contacts folded into this one by this call.")
    shared_with: list[str | None] = Field(description="The other owners of the subscription.")
    moved: list[MovedKey]
    conflicts: list[Conflict]
    ignored: list[IgnoredKey]
    duplicate: bool = Field(description="The message_id had been seen; nothing was written.")
    limited: bool = Field(description="A limit kept a key, a union or a property from being carried out.")
    trace: list[TraceStep] | None = Field(None, description="With explain=true.")


class Refused(BaseModel):
    """What a batch answers for an event that was not resolved."""

    error: Problem


class Results(BaseModel):
    """The answers of a batch, in the order of its events."""

    results: list[Answer | Refused]


class Rejected(BaseModel):
    """A message of a batch that could not be read."""

    index: int
    error: Problem


class Taken(BaseModel):
    """What an SDK is told: it need not send this again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"success": True}]})

    success: bool = Field(description="Always true.")
    rejected: list[Rejected] = Field([], description="Left out when every message could be read.")


class OwnedSubscription(BaseModel):
    """A push subscription, and who else owns it."""

    id: str
    shared_with: list[str]


class NodeState(BaseModel):
    """What counts of a node's runs."""

    ran_at: str = Field(description="When it last ran.")
    data: dict[str, Any] = Field(description="By field, the value of the latest run that has it.")


class Enrolment(BaseModel):
    """What a contact shows of a workflow."""

    model_config = _shown(_ENROLMENT)

    status: Literal["active", "done"]
    nodes: dict[str, NodeState]


class Contact(BaseModel):
    """One person as we know them."""

    model_config = _shown(_DOCUMENT)

    id: str
    kind: Kind
    email: str | None
    emails: list[str]
    user_ids: list[str]
    trackers: list[str]
    subscriptions: list[OwnedSubscription]
    keys: dict[KeyName, list[str]] = Field(description="Every key, by the name of its namespace.")
    properties: dict[str, Any]
    segments: list[str]
    workflows: dict[str, Enrolment] = Field(description="By name: what the contact shows of it.")
    merged_from: list[str] = Field(description="Every id that leads here.")
    first_occurred_at: str | None = Field(description="When the first of its events happened; null without any.")
    last_occurred_at: str | None = Field(description="When the last of its events happened.")
    created_at: str = Field(description="When it was made here: the arrival of its first event.")
    last_seen_at: str | None = Field(description="When its last event arrived.")
    redirected_from: str | None = Field(None, description="The merged id that was asked for.")


class ContactList(BaseModel):
    """Contacts, a page of them."""

    items: list[Contact]
    next: str | None


class Namespace(BaseModel):
    """One kind of key, its settings, and how many keys of it there are; settings that are not set are left out."""

    name: str
    key_class: KeyClass = Field(alias="class")
    priority: int
    at_most: int | None = None
    normalise: Normaliser
    region: str | None = None
    pattern: str | None = None
    hash_of: str | None = None
    block: list[str] | None = None
    allow: list[str] | None = None
    block_patterns: list[str] | None = None
    paths: list[str] | None = Field(None, alias="from")
    keys: int


class NamespaceList(BaseModel):
    """The namespaces of a deployment."""

    items: list[Namespace]
    next: str | None = Field(description="Always null: there is one page.")


class FoundContact(BaseModel):
    """A contact, and what of it the text is."""

    found_by: list[str] = Field(description="`id`, or the namespace of a key.")
    contact: Contact


class SimilarKey(BaseModel):
    """A key that begins with the text."""

    key: KeyName
    value: str
    contacts: int = Field(description="How many own it.")


class Found(BaseModel):
    """Who was found, a page of them."""

    items: list[FoundContact]
    next: str | None
    similar: list[SimilarKey] = Field(description="When nobody was found: keys that begin so, of each kind some.")


class Activity(BaseModel):
    """One thing that a contact did, and how its event was resolved."""

    message_id: str | None
    event: str
    event_properties: dict[str, Any]
    tracker_id: str | None
    occurred_at: str
    received_at: str
    rule: str | None
    outcome: Outcome
    limited: bool = Field(description="A limit kept part of it from being carried out.")
    trace: list[TraceStep] = Field(description="How it was decided, as kept then.")


class ActivityList(BaseModel):
    """Activity, newest first, a page of it."""

    items: list[Activity]
    next: str | None


class HistoryItem(BaseModel):
    """One thing that happened to a contact, or to one that was folded into it."""

    model_config = _shown(_HISTORY)

    at: str = Field(description="When it arrived here.")
    occurred_at: str | None = Field(description="When it happened; null where the event is not kept any more.")
    what: str = Field(
        description="created, claimed, merged, shared, limited, folded, unmerged, given or taken; more may come."
    )
    words: str
    contact: str | None = Field(description="The other contact that it is about, if any.")
    rule: str | None
    message_id: str | None = Field(description="The event; null by hand.")
    merge: str | None = Field(description="The union, for /v1/merges/{id}/undo.")


class HistoryList(BaseModel):
    """History, newest first, a page of it."""

    items: list[HistoryItem]
    next: str | None


class _Drawn(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: str
    on_path: bool | None = Field(None, description="With from and to: whether it is part of what ties them.")


class GraphNode(_Drawn):
    """A contact, one that was folded, or a key."""

    type: str = Field(description="contact, folded, or a key's name.")
    label: str


class GraphEdge(_Drawn):
    """Who owns what, and who was folded into whom."""

    type: str = Field(
        description="owns or folded_into; in a cluster's drawing also met (logged in on somebody else's tracker) and "
        "split (a conflict of row 4.3.3), joined with + where a tie is both."
    )
    source: str
    target: str
    occurred_at: str | None = Field(
        None, description="When the event happened by which it came; `since` or `at` is when that arrived."
    )


class PathStep(BaseModel):
    """One step of the way from a key to another."""

    words: str
    key: str | None
    contact: str
    message_id: str | None
    merge: str | None


class GraphGroup(BaseModel):
    """How much of one kind there is around a contact."""

    group: str = Field(description="A namespace of keys, or `folded`.")
    total: int
    shown: int = Field(description="On this page; what the path needs comes on top.")
    next: str | None


class Graph(BaseModel):
    """What is around a contact."""

    contact: str
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    groups: list[GraphGroup]
    path: list[PathStep] | None = Field(description="With from and to: why both are one person's.")


class Change(BaseModel):
    """A field of a contact that would change."""

    field: str
    before: Any
    after: Any


class ContactChanges(BaseModel):
    """What would change of one contact."""

    contact: str
    exists_before: bool
    exists_after: bool
    changes: list[Change]


class Rehearsal(BaseModel):
    """What a dry run answers; contacts that would stay as they are are left out."""

    model_config = _shown(_REHEARSAL)

    dry_run: bool = Field(description="Always true.")
    changes: list[ContactChanges]


class Merge(BaseModel):
    """One union in the journal."""

    model_config = _shown(_MERGE)

    id: str
    source: str = Field(description="The contact that was folded.")
    target: str = Field(description="The contact that it was folded into.")
    rule: str | None = Field(description="The row of the decision table; null by hand.")
    message_id: str | None = Field(description="The event; null by hand.")
    at: str = Field(description="When it was made here.")
    occurred_at: str | None = Field(description="When its event happened; null where that is not kept any more.")
    undone_at: str | None


class MergeList(BaseModel):
    """Unions, newest first, a page of them."""

    items: list[Merge]
    next: str | None


class Undone(Merge):
    """A union that was taken back, with all that were for its sake."""

    model_config = _shown(_UNDONE)

    undone: list[Merge] = Field(description="In the order in which they were undone; this one last.")


class Segment(BaseModel):
    """A static list, or a condition."""

    model_config = _shown(_SEGMENT)

    name: str
    kind: Literal["static", "dynamic", "dynamic_plus"]
    where: Annotated[Any, DocumentedCondition]
    watch: bool = Field(description="Whether the change feed tells who comes and who leaves.")
    changed_at: str


class SegmentList(BaseModel):
    """Segments by name, a page of them."""

    items: list[Segment]
    next: str | None


class Member(BaseModel):
    """A contact in a segment."""

    id: str
    kind: Kind


class MemberList(BaseModel):
    """Who is in a segment, by id, a page of them."""

    items: list[Member]
    next: str | None
    as_of: str


class Workflow(BaseModel):
    """A workflow that contacts can be in."""

    model_config = _shown({"name": "welcome", "created_at": "2026-11-22T10:00:00Z"})

    name: str
    created_at: str


class Environment(BaseModel):
    """Whom a catalogue of offers is for."""

    model_config = _shown(
        {
            "name": "north",
            "kind": "anonymous",
            "targeting_dimension": "visitors",
            "inbound_anonymous": True,
            "visitors_folder": "visitors of north",
        }
    )

    name: str
    kind: Literal["identified", "anonymous"]
    targeting_dimension: Literal["contacts", "visitors"]
    inbound_anonymous: bool = Field(description="Dedicated to inbound anonymous interactions.")
    visitors_folder: str | None = Field(description="Of an anonymous environment, its own.")


class EnvironmentList(BaseModel):
    """Environments by name, a page of them."""

    items: list[Environment]
    next: str | None


class AtMost(BaseModel):
    """A typology rule: so many presentations to one contact."""

    count: int
    within: str | None


class Category(BaseModel):
    """A part of a catalogue."""

    path: str
    environment: str
    parent: str | None
    at_most: AtMost | None
    excludes: list[str]


class CategoryList(BaseModel):
    """Categories by path, a page of them."""

    items: list[Category]
    next: str | None


class Space(BaseModel):
    """A place on a site that asks for offers."""

    name: str
    environment: str
    identify_implicitly: bool
    fall_back: bool
    anonymous_space: str | None
    identified_offers_when_implicit: bool
    offers: int | None
    content: list[str]


class SpaceList(BaseModel):
    """Spaces by name, a page of them."""

    items: list[Space]
    next: str | None


class Offer(BaseModel):
    """What can be proposed."""

    name: str
    environment: str
    category: str | None
    weight: float
    state: Literal["draft", "live"]
    starts_at: str | None
    ends_at: str | None
    where: Annotated[Any, DocumentedCondition]
    at_most: AtMost | None
    spaces: list[str] | None
    content: dict[str, Any]
    representations: dict[str, dict[str, Any]]


class OfferList(BaseModel):
    """Offers by name, a page of them."""

    items: list[Offer]
    next: str | None


class Visitor(BaseModel):
    """Somebody in a visitors folder."""

    id: str
    kind: Kind = Field(description="As of now: who was a visitor may be known since.")
    since: str
    last_at: str


class VisitorList(BaseModel):
    """Visitors by id, a page of them."""

    items: list[Visitor]
    next: str | None


class ProposedOffer(BaseModel):
    """An offer as it is proposed."""

    name: str
    category: str | None
    weight: float
    content: dict[str, Any]


class LeftOut(BaseModel):
    """An offer that is not proposed, and why."""

    name: str
    reason: Literal[
        "draft",
        "not_for_this_space",
        "not_identified",
        "not_started",
        "ended",
        "condition",
        "offer_limit",
        "category_limit",
        "excluded",
        "no_room",
    ]
    words: str


_PROPOSED: dict[str, Any] = {
    "contact": {"id": _CONTACT, "kind": "known"},
    "tracker_id": "t1",
    "identification": "implicit",
    "environment": "shop",
    "space": "home",
    "fell_back": False,
    "visitors_folder": None,
    "offers": [{"name": "boots-20", "category": "winter/boots", "weight": 20, "content": {"title": "Boots, 20% off"}}],
    "proposition_id": "01936f31-1d2e-7c40-b6a1-0f9e8d7c6b5b",
}


class Proposition(BaseModel):
    """Who was identified and how, which space answered, and its offers, the first choice first."""

    model_config = _shown(_PROPOSED)

    contact: ContactRef | None = Field(
        description="Whom the offers are for; null when every key is blocked, or when nobody may be recognised and no "
        "folder keeps the visitor."
    )
    tracker_id: str | None = Field(description="The tracker that the browser stores, as with an event.")
    identification: Literal["explicit", "implicit", "none"]
    environment: str = Field(description="The one that answered.")
    space: str = Field(description="The one that answered.")
    fell_back: bool = Field(description="An associated anonymous space answered for the one that was asked.")
    visitors_folder: str | None = Field(description="Where the visitor is kept; null when it is no visitor.")
    offers: list[ProposedOffer]
    proposition_id: str | None = Field(description="For its outcome; null when nothing was recorded.")
    left_out: list[LeftOut] | None = Field(None, description="With explain=true: every other offer, and why.")


class OfferOutcome(BaseModel):
    """An offer of a proposition, and what became of it."""

    name: str
    weight: float
    outcome: Literal["accepted", "refused", "ignored"] | None
    outcome_at: str | None


class PastProposition(BaseModel):
    """What was proposed to a contact."""

    proposition_id: str
    at: str
    environment: str
    space: str | None
    asked: str = Field(description="The space that was asked, as environment/space.")
    identification: Literal["explicit", "implicit", "none"]
    fell_back: bool
    offers: list[OfferOutcome]


class PropositionList(BaseModel):
    """Propositions, newest first, a page of them."""

    items: list[PastProposition]
    next: str | None


class NotedOutcome(BaseModel):
    """What was noted."""

    proposition_id: str
    outcome: Literal["accepted", "refused", "ignored"]
    offers: list[str] = Field(description="The offers that it was noted of.")
    at: str


class Rule(BaseModel):
    """What is blocked or let through."""

    model_config = _shown({"kind": "value", "value": "shared-kiosk", "at": "2026-11-22T10:00:00Z"})

    kind: Literal["value", "pattern", "allow"]
    value: str
    at: str


class RuleList(BaseModel):
    """Rules by kind and value, a page of them."""

    items: list[Rule]
    next: str | None


class Subject(BaseModel):
    """What a finding is about."""

    type: Literal["contact", "tracker", "subscription", "email", "user_id", "cluster"]
    value: str = Field(description="A contact's id, or the key's value.")


class Action(BaseModel):
    """A call that does something about a finding or a cluster."""

    model_config = ConfigDict(extra="allow")

    action: Literal["block", "unmerge", "dismiss"]
    method: str
    path: str
    done: bool | None = Field(
        None, description="Whether it is done by now: the value blocked, the union undone. A finding says `dismissed`."
    )


class Anomaly(BaseModel):
    """A finding."""

    model_config = _shown(
        {
            "id": "f5e3296331b6e5cae5ebf6c2",
            "kind": "many_emails",
            "subject": {"type": "tracker", "value": "library-kiosk"},
            "score": 0.948,
            "reason": "12 persons logged in on one device, where 2 is usual for one that is shared; it changed hands "
            "23 times.",
            "evidence": {"persons": 12, "handovers": 23, "detail": {"outlier": 0.939, "even": 0.993}},
            "actions": [{"action": "block", "method": "PUT", "path": "/v1/blocked/value/library-kiosk"}],
            "dismissed": False,
        }
    )

    id: str = Field(description="The same in every analysis: of its kind and subject.")
    kind: Literal[
        "shared_subscription",
        "many_emails",
        "many_trackers",
        "fusing_value",
        "limit",
        "merge_burst",
        "far_devices",
    ]
    subject: Subject
    score: float = Field(ge=0, le=1)
    reason: str
    evidence: dict[str, Any] = Field(description="Figures and names behind the reason; `detail` has the score's parts.")
    actions: list[Action]
    dismissed: bool


class OneAnomaly(Anomaly):
    """A finding, and when it was found."""

    as_of: str | None = Field(description="When the last analysis was; null when nothing was analysed yet.")


class AnomalyList(BaseModel):
    """Findings, the highest score first, a page of them."""

    items: list[Anomaly]
    next: str | None
    as_of: str | None = Field(description="When they were found; null when nothing was analysed yet.")
    current: bool = Field(description="Whether the graph is, by its counts, still as that analysis read it.")


class TieTrend(BaseModel):
    """When the ties of a cluster came."""

    ties: int
    recent: int = Field(description="Those of the newest seven days.")
    times_usual: float = Field(description="The recent share, beside that of the whole graph.")
    fast: bool
    first: str | None
    last: str | None


class Cut(BaseModel):
    """The key that, cut, leaves the most coherent persons."""

    key: str
    value: str
    pieces: int
    coherent: int = Field(description="Pieces with one known contact at most.")
    largest: int = Field(description="Known contacts in the largest piece.")


class Cluster(BaseModel):
    """Contacts that are tied to each other."""

    model_config = _shown(
        {
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
    )

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
        description="Of each the first 20 in a list, the first 1,000 at /v1/clusters/{id}."
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
    as_of: str | None = Field(description="When they were found; null when nothing was analysed yet.")
    current: bool = Field(description="Whether the graph is, by its counts, still as that analysis read it.")


class OneCluster(Cluster):
    """A cluster, and when it was found."""

    as_of: str


class ClusterGraph(BaseModel):
    """A drawing of a cluster: the nodes nearest to what holds it together, and their ties."""

    cluster: str
    root: str = Field(description="The id of the node that it is drawn around.")
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    left_out: int = Field(description="How many nodes of the cluster are not drawn.")
    as_of: str


class AnalysisMade(BaseModel):
    """An analysis that was made."""

    as_of: str
    totals: dict[str, Any]


class Undismissed(BaseModel):
    """A finding that is no longer dismissed; null when it is not found any more."""

    finding: Anomaly | None


class ExportedKey(BaseModel):
    """A key that the contact owns, and where it came from."""

    key: KeyName
    value: str
    since: str
    message_id: str | None = Field(description="The event by which it came to its first owner here; null by hand.")
    merge: str | None = Field(description="The union by which it came, if any.")


class ExportedPeriod(BaseModel):
    """A time in which the contact, or one folded into it, owned a tracker; activity hangs on it."""

    id: str
    tracker_id: str
    started_at: str
    ended_at: str | None = Field(description="Null while it lasts.")
    last_at: str | None = Field(description="When the last activity on it was received.")


class ExportedProperty(BaseModel):
    """One entry of a property: what was written, or what a union filled in."""

    contact: str = Field(description="The contact, or the one folded into it that keeps this entry.")
    name: str
    value: Any = Field(description="Null when it was removed.")
    occurred_at: str
    arrived_at: str
    message_id: str | None
    merge: str | None = Field(description="The union that filled it in, if any.")
    shown: bool = Field(description="Whether it is what the contact shows now.")


class ExportedFold(BaseModel):
    """A contact that was folded into this one, or into one that was."""

    id: str
    kind: Kind
    created_at: str
    last_seen_at: str
    into: str
    at: str


class ExportedMove(BaseModel):
    """A key that a union moved, with the ownership before it."""

    key: KeyName
    value: str
    since: str
    message_id: str | None
    kept_since: str | None = Field(description="Set when the survivor owned the subscription too: since when.")


class ExportedUnion(Merge):
    """A union in the journal, with what it moved."""

    model_config = ConfigDict(json_schema_extra={})

    moved: list[ExportedMove]
    periods: list[str] = Field(description="Ids of the periods that went along.")


class ExportedKeyChange(BaseModel):
    """A key given or taken by hand."""

    id: str
    contact: str
    action: Literal["given", "taken"]
    key: KeyName
    value: str
    at: str


class ExportedSplit(BaseModel):
    """A conflict of row 4.3.3 and the contact that it made."""

    at: str
    between: str
    made: str
    subscription: str


class ExportedListing(BaseModel):
    """A place on a static segment's list."""

    contact: str
    segment: str


class ExportedStatus(BaseModel):
    """A status of an enrolment."""

    status: Literal["active", "done"]
    at: str


class ExportedRun(BaseModel):
    """A run of a node."""

    node: str
    ran_at: str
    arrived_at: str
    data: dict[str, Any]


class ExportedEnrolment(BaseModel):
    """A workflow that the contact, or one folded into it, was put in."""

    contact: str
    workflow: str
    statuses: list[ExportedStatus]
    runs: list[ExportedRun]


class ExportedFinding(BaseModel):
    """A finding or cluster of the last analysis that names the contact or a key of it."""

    what: Literal["finding", "cluster"]
    id: str
    kind: str = Field(description="The finding's kind, or the cluster's verdict. Its evidence names others.")
    score: float
    dismissed: bool


class ExportedProposition(PastProposition):
    """What was proposed to the person, or to a visitor that stands for a browser of theirs."""

    contact: str


class ExportedCookie(BaseModel):
    """The tracker or push subscription by which a browser is known."""

    key: Literal["tracker_id", "subscription"]
    value: str


class ExportedVisitor(BaseModel):
    """A visitor that stands for a browser of the person where a space of offers may not recognise them."""

    contact: str = Field(description="The visitor's own id.")
    folder: str = Field(description="The folder of visitors in which it is kept.")
    cookie: ExportedCookie
    periods: list[ExportedPeriod]


class ExportedActivity(Activity):
    """One thing that the contact did, with the keys that its event carried."""

    carried: dict[KeyName, str | list[str]]
    period: str


class Export(BaseModel):
    """Everything that is held on a person."""

    format: Literal["kinfold-export/1"]
    exported_at: str
    contact: Contact
    keys: list[ExportedKey]
    periods: list[ExportedPeriod]
    properties: list[ExportedProperty]
    folded: list[ExportedFold]
    unions: list[ExportedUnion]
    key_changes: list[ExportedKeyChange]
    splits: list[ExportedSplit]
    lists: list[ExportedListing]
    enrolments: list[ExportedEnrolment]
    findings: list[ExportedFinding]
    propositions: list[ExportedProposition] = Field(description="Oldest first.")
    visitors: list[ExportedVisitor]
    activity: list[ExportedActivity] = Field(
        description="The person's own, newest first, then that of each of `visitors`."
    )


class Removed(BaseModel):
    """How many of each kind an erasure removed."""

    contacts: int = Field(description="The contact, those folded into it, and visitors that stand for its browsers.")
    emails: int
    user_ids: int
    trackers: int
    subscriptions: int
    other_keys: int = Field(description="Keys of further namespaces.")
    properties: int
    activities: int
    periods: int
    unions: int
    splits: int
    key_changes: int
    lists: int
    enrolments: int
    runs: int
    findings: int
    changes: int = Field(description="Entries of the change feed that named the person, emptied.")
    redacted: int = Field(description="Activity of others that had named the person, and does no more.")


_REMOVED = dict.fromkeys(Removed.model_fields, 0) | {"contacts": 2, "emails": 1, "trackers": 2, "activities": 7}
_RECEIPT: dict[str, Any] = {
    "receipt": "01936f35-0a1b-7c2d-8e3f-405162738495",
    "erased_at": "2026-11-22T12:00:00Z",
    "done": True,
    "suppressed": 1,
    "removed": _REMOVED,
}


class StoredReceipt(BaseModel):
    """What is kept of an erasure: it names nobody."""

    model_config = _shown(_RECEIPT)

    receipt: str
    erased_at: str
    done: bool = Field(description="False while batches of a long history are still being deleted.")
    suppressed: int = Field(description="How many emails and user ids do not come back.")
    removed: Removed


class Receipt(StoredReceipt):
    """That a person was erased."""

    model_config = _shown({"contact": _CONTACT, **_RECEIPT})

    contact: str
    redirected_from: str | None = Field(None, description="The merged id that was asked for.")


class Suppressed(BaseModel):
    """A key that does not come back."""

    kind: KeyName
    digest: str
    at: str


class SuppressedList(BaseModel):
    """What is suppressed, by digest, a page of it."""

    items: list[Suppressed]
    next: str | None


class AuditEntry(BaseModel):
    """Who did what, to whom, and why."""

    model_config = _shown(
        {
            "id": "01a2155c-6162-76eb-ab54-31c988d89e8e",
            "at": "2026-11-22T10:00:00Z",
            "by": "8d0c1c53c3f1",
            "what": "exported",
            "contact": _CONTACT,
            "other": None,
            "why": "request of 20 November",
            "details": {},
        }
    )

    id: str
    at: str
    by: str | None = Field(description="An access key's id, `environment`, `local`, or `command`.")
    what: str = Field(description="What was done: a word of the table in docs/privacy.md.")
    contact: str | None
    other: str | None = Field(description="The second contact, of a union by hand.")
    why: str | None = Field(description="The reason that came with the call.")
    details: dict[str, Any]


class AuditList(BaseModel):
    """The audit, newest first, a page of it."""

    items: list[AuditEntry]
    next: str | None


class FeedChange(BaseModel):
    """One thing that was done; which further members there are depends on its kind."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "id": "42",
                    "kind": "merged",
                    "at": "2026-11-22T10:00:00Z",
                    "contact": _CONTACT,
                    "other": _FOLDED,
                    "merge": "01936f31-1d2e-7c40-b6a1-0f9e8d7c6b5a",
                    "rule": "3",
                    "message_id": "m1",
                }
            ]
        },
    )

    id: str = Field(description="Its number in the feed; `after` takes it too.")
    kind: ChangeKind
    at: str
    contact: str | None = Field(description="The contact that it is about; null for settings and definitions.")


class FeedChangeList(BaseModel):
    """Changes, oldest first, a page of them."""

    items: list[FeedChange]
    next: str | None = Field(description="Where to go on, also when there is nothing more yet; null on an empty page.")


class Webhook(BaseModel):
    """Where changes are delivered, without the secret."""

    name: str
    url: str
    kinds: list[ChangeKind] = Field(description="Empty for all.")
    position: str = Field(description="The id of the last change that it had, or that was given up.")
    created_at: str
    delivered_at: str | None
    failing_since: str | None
    next_try_at: str | None
    error: str | None


class WebhookList(BaseModel):
    """Webhooks by name, a page of them."""

    items: list[Webhook]
    next: str | None


class DeadLetter(BaseModel):
    """A change that a webhook did not take."""

    change: FeedChange
    error: str | None
    died_at: str
    replay: bool = Field(description="Whether it is about to be sent again.")


class DeadLetterList(BaseModel):
    """Dead letters, the oldest change first, a page of them."""

    items: list[DeadLetter]
    next: str | None


class Replayed(BaseModel):
    """How many dead letters are sent again."""

    replayed: int


class Status(BaseModel):
    """The state of this server."""

    status: str
    version: str
