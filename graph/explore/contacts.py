"""Reading contacts: who owns a key, one contact with all that ties it together, its activity."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from graph.clock import Micros, to_text
from graph.explore.names import name_of
from graph.identity.decision import retell
from graph.identity.keys import InvalidKey, normalise
from graph.identity.living import living_contact
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.identity.working_set.entities import Ownership, person_key_order, tracker_order
from graph.model import TRACKER, KeyName
from graph.paging import cut_page, read_cursor
from graph.segments.segments import segments_of
from graph.store.database import Database, Transaction
from graph.workflows.workflows import workflows_of

Document = dict[str, Any]
EPOCH = date(1970, 1, 1)


class Contacts:
    """What people read of contacts; nothing here writes."""

    def __init__(self, database: Database, namespaces: Namespaces = DEFAULT_NAMESPACES) -> None:
        self._database = database
        self._namespaces = namespaces

    def owners(self, key: KeyName, value: str) -> list[Document]:
        """List the contacts that own a key, in the order in which a subscription's owners are considered.

        A value that is invalid is nobody's; one that was blocked only later is still found.
        """
        try:
            normal = normalise(key, value, self._namespaces)
        except InvalidKey:
            return []

        def work(tx: Transaction) -> list[Document]:
            ids = [row["id"] for row in tx.run("explore.owners", namespace=key, value=normal)]
            return documents(tx, ids, self._namespaces)

        return self._database.read(work)

    def names(self, contact_ids: list[str]) -> dict[str, Document]:
        """Return what contacts are called, and their kind, by id; whoever was folded or erased has no entry."""
        found = self._database.read(lambda tx: documents(tx, contact_ids, self._namespaces))
        return {one["id"]: {"name": one["name"], "kind": one["kind"]} for one in found}

    def get(self, contact_id: str) -> Document:
        """Return one contact; the id of a folded one gives its survivor and ``redirected_from``.

        Raises
        ------
        NotFound
            When no contact ever had this id.
        """

        def work(tx: Transaction) -> Document:
            living = living_contact(tx, contact_id)
            found = documents(tx, [living], self._namespaces)
            while not found:  # folded between the two looks
                living = living_contact(tx, contact_id)
                found = documents(tx, [living], self._namespaces)
            return redirected(found[0], contact_id)

        return self._database.read(work)

    def activity(
        self,
        contact_id: str,
        *,
        tracker_id: str | None = None,
        event: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[list[Document], str | None]:
        """Return one page of a contact's activity, newest first, and the cursor of the next page.

        What occurred at one moment is in the order of its arrival, the last first.

        Parameters
        ----------
        tracker_id, event
            On this tracker only; of this event only.
        since, until
            What occurred from this time on; what occurred before this time.

        Raises
        ------
        NotFound
            When no contact ever had this id.
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        occurred, received, message_id = (
            read_cursor(cursor, (int, int, str)) if cursor is not None else (None, None, None)
        )

        def work(tx: Transaction) -> list[dict[str, Any]]:
            return tx.run(
                "explore.activity",
                contact_id=living_contact(tx, contact_id),
                tracker_id=tracker_id,
                event=event,
                since=None if since is None else since.astimezone(UTC),
                until=None if until is None else until.astimezone(UTC),
                occurred=occurred,
                received=received,
                message_id=message_id,
                limit=limit + 1,
            )

        rows = self._database.read(work)
        page, following = cut_page(rows, limit, "occurred", "received", "message_id")
        return [activity_document(row) for row in page], following

    def activity_days(self, contact_id: str, *, tracker_id: str | None = None, event: str | None = None) -> Document:
        """Count a contact's activity by day (UTC) and by event.

        Parameters
        ----------
        tracker_id
            On this tracker only.
        event
            The days count this event only; the events are all that there are.

        Returns
        -------
        dict
            ``{activities, days: [{day, activities}], events: [{event, activities}]}``: days on which there was some,
            in their order, and events by how often they came.

        Raises
        ------
        NotFound
            When no contact ever had this id.
        """

        def work(tx: Transaction) -> list[dict[str, Any]]:
            return tx.run("explore.activity_days", contact_id=living_contact(tx, contact_id), tracker_id=tracker_id)

        days: dict[int, int] = {}
        events: dict[str, int] = {}
        for row in self._database.read(work):
            events[row["event"]] = events.get(row["event"], 0) + row["activities"]
            if event in (None, row["event"]):
                days[row["day"]] = days.get(row["day"], 0) + row["activities"]
        often = sorted(events.items(), key=lambda item: (-item[1], item[0]))
        return {
            "activities": sum(days.values()),
            "days": [{"day": (EPOCH + timedelta(days=day)).isoformat(), "activities": n} for day, n in days.items()],
            "events": [{"event": name, "activities": n} for name, n in often],
        }


def occurred_text(occurred: Micros | None, arrived: Micros, message_id: str | None) -> str | None:
    """Return when something happened, as answers show it.

    What was done by hand happened when it arrived. None where the event is kept no more: only its arrival is known.
    """
    if occurred is not None:
        return to_text(occurred)
    return to_text(arrived) if message_id is None else None


def redirected(document: Document, asked: str) -> Document:
    """Note in a contact's document that it was asked for by the id of one that was folded into it."""
    if document["id"] != asked:
        document["redirected_from"] = asked
    return document


def documents(tx: Transaction, ids: list[str], namespaces: Namespaces) -> list[Document]:
    """Read contacts as the contract shows them; ids that are no living contact's are left out."""
    found = {row["id"]: _document(row, namespaces) for row in tx.run("explore.contacts", contact_ids=ids)}
    for contact, segments in segments_of(tx, ids).items():
        found[contact]["segments"] = segments
    for contact, workflows in workflows_of(tx, ids).items():
        found[contact]["workflows"] = dict(sorted(workflows.items()))
    return [found[contact_id] for contact_id in ids if contact_id in found]


def owned_subscription(namespace: str, value: str, shared_with: list[str], *, asleep: bool) -> Document:
    """Return a subscription as its owner's document has it: ``namespace`` is there when it is a declared one."""
    declared = {} if namespace == "subscription" else {"namespace": namespace}
    return {"id": value, **declared, "shared_with": shared_with, "state": "asleep" if asleep else "awake"}


def _document(row: dict[str, Any], namespaces: Namespaces) -> Document:
    owned: dict[KeyName, list[tuple[Ownership, str]]] = {}
    shared: dict[tuple[KeyName, str], list[str]] = {}
    asleep: set[tuple[KeyName, str]] = set()
    for namespace, value, since, position, merge, others, sleeps in row["keys"]:
        owned.setdefault(namespace, []).append((Ownership(since, position, merge), value))
        shared[namespace, value] = sorted(others)
        if sleeps:
            asleep.add((namespace, value))
    keys = {namespace: in_order(namespace, pairs) for namespace, pairs in owned.items()}
    emails = keys.get("email", [])
    properties = dict(sorted(row["properties"]))
    return {
        "id": row["id"],
        "name": name_of(row["id"], properties, keys),
        "kind": row["kind"],
        "email": emails[0] if emails else None,
        "emails": emails,
        "user_ids": keys.get("user_id", []),
        "trackers": keys.get(TRACKER, []),
        "subscriptions": [
            owned_subscription(namespace, value, shared[namespace, value], asleep=(namespace, value) in asleep)
            for namespace in namespaces.subscriptions
            for value in keys.get(namespace, [])
        ],
        "keys": dict(sorted(keys.items())),
        "properties": properties,
        "segments": [],
        "workflows": {},
        "merged_from": sorted(row["merged_from"]),
        "first_occurred_at": None if row["first"] is None else to_text(row["first"]),
        "last_occurred_at": None if row["last"] is None else to_text(row["last"]),
        "created_at": to_text(row["created"]),
        "last_seen_at": to_text(row["seen"]),
    }


def in_order(namespace: KeyName, owned: list[tuple[Ownership, str]]) -> list[str]:
    """Return the values of a namespace's keys in the order in which answers show them."""
    # Trackers and subscriptions as they came; what names a person, and is declared, the latest first.
    order = tracker_order if namespace in (TRACKER, "subscription") else person_key_order
    return [value for _, value in sorted(owned, key=lambda item: (order(item[0]), item[1]))]


def activity_document(row: dict[str, Any]) -> Document:
    """Show one activity, as the statement ``explore.activity`` reads it."""
    return {
        "message_id": row["message_id"],
        "event": row["event"],
        "event_properties": {
            name: orjson.loads(value) for name, value in zip(row["names"], row["values"], strict=True)
        },
        "tracker_id": row["tracker_id"],
        "occurred_at": to_text(row["occurred"] if row["said"] is None else row["said"]),
        "received_at": to_text(row["received"]),
        "rule": row["rule"],
        "outcome": row["outcome"],
        "limited": row["limited"],
        "trace": _trace(row),
    }


def _trace(row: dict[str, Any]) -> list[dict[str, str]]:
    if row["trace"] is None:
        return [
            {"step": step.step, "detail": step.detail}
            for step in retell(row["rule"], row["outcome"], row["tracker_id"])
        ]
    return [dict(zip(("step", "detail"), step.split(": ", 1), strict=True)) for step in row["trace"]]
