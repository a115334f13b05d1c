"""Exports, erasures and what is suppressed."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.http.schemas.contacts import Activity, Contact
from api.http.schemas.examples import CONTACT, with_example
from api.http.schemas.merges import Merge
from api.http.schemas.offers import PastProposition
from graph.model import KeyName, Kind


class ExportedKey(BaseModel):
    """A key that the contact owns, and where it came from."""

    key: KeyName
    value: str
    since: str
    message_id: str | None = Field(description="The event by which it came to its first owner here; null by hand.")
    merge: str | None = Field(description="The merge that brought it, if any.")
    asleep_since: str | None = Field(description="Since when a subscription is not to be used; null while it is awake.")


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
    """A contact whose id leads here: folded into this one, or into one that was, or a part of a split undone since."""

    id: str
    kind: Kind
    created_at: str
    last_seen_at: str
    into: str
    split: str | None = Field(description="The split that made it, when its undoing led it here; null for a union.")
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
    """A key given or taken by hand, or what befell a subscription."""

    id: str
    contact: str
    action: Literal["given", "taken", "slept", "woke", "replaced", "gone"]
    key: KeyName
    value: str
    message_id: str | None = Field(description="The event that did it; null by hand.")
    replaced_by: str | None = Field(description="The subscription that took the place of this one.")
    at: str


class ExportedSplit(BaseModel):
    """A conflict of row 4.3.3 and the contact that it made."""

    at: str
    between: str
    made: str
    subscription: str


class ExportedJudgement(BaseModel):
    """A judgement that keeps somebody, or a key, apart from the contact."""

    id: str
    contact: str
    other: str | None
    key: list[str] | None = Field(description="The namespace and the value.")
    why: str | None
    at: str


class ExportedPart(BaseModel):
    """One part of a split; its keys only where it is this person."""

    contact: str
    keys: list[str]


class ExportedSeparation(BaseModel):
    """A split by hand of the contact, or one that made it."""

    id: str
    contact: str
    parts: list[ExportedPart]
    at: str
    undone_at: str | None


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
    stated: dict[str, Any] = Field(
        description="Properties of the contact that it said, where it carried no key but a tracker."
    )


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
    judgements: list[ExportedJudgement]
    separations: list[ExportedSeparation]
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
    judgements: int
    separations: int
    lists: int
    enrolments: int
    runs: int
    findings: int
    changes: int = Field(description="Entries of the change feed that named the person, emptied.")
    redacted: int = Field(description="Activities of others from which mentions of the person were removed.")


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

    model_config = with_example(_RECEIPT)

    receipt: str
    erased_at: str
    done: bool = Field(description="False while batches of a long history are still being deleted.")
    suppressed: int = Field(description="How many keys of persons do not come back.")
    removed: Removed


class Receipt(StoredReceipt):
    """That a person was erased."""

    model_config = with_example({"contact": CONTACT, **_RECEIPT})

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
