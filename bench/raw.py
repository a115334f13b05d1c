"""The references: plain Cypher over plain Bolt that leaves the same nodes, edges and properties as Kinfold does.

Nothing is looked up, locked, decided or explained here: `Shadow` is told what Kinfold answered and makes the rows
of it before anything is timed. What is written is compared in the end, label by label and type by type (`census`).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from neo4j import WRITE_ACCESS

from graph.clock import to_micros, to_pair
from graph.model import Answer
from graph.store.database import Database

Row = dict[str, Any]

WRITE = """\
CALL () {
  UNWIND $rows.created AS row
  WITH row, datetime.fromEpoch(row.at[0], row.at[1]) AS at,
    datetime.fromEpoch(row.occurred[0], row.occurred[1]) AS occurred
  CREATE (c:Contact)-[o:OWNS]->(t:Key:Tracker {namespace: 'tracker_id', value: row.tracker}),
    (c)-[:HAS]->(p:Timeline {
      id: row.timeline, started_at: at, last_at: at, first_occurred_at: occurred, last_occurred_at: occurred
    })-[:OF]->(t),
    (a:Activity)-[:ON]->(p)
  SET c = row.contact, c.created_at = at, c.last_seen_at = at, o = row.edge, o.since = at,
    a = row.activity, a.received_at = at, a.occurred_at = occurred
}
CALL () {
  UNWIND $rows.found AS row
  WITH row, datetime.fromEpoch(row.at[0], row.at[1]) AS at,
    datetime.fromEpoch(row.occurred[0], row.occurred[1]) AS occurred
  MATCH (t:Key {namespace: 'tracker_id', value: row.tracker})<-[:OF]-(p:Timeline)<-[:HAS]-(c:Contact)
    USING INDEX SEEK t:Key(namespace, value)
  CREATE (a:Activity)-[:ON]->(p)
  SET c.last_seen_at = at, p.last_at = at, p.last_occurred_at = occurred, a = row.activity, a.received_at = at,
    a.occurred_at = occurred
}
CALL () {
  UNWIND $rows.emails AS row
  MATCH (t:Key {namespace: 'tracker_id', value: row.tracker})<-[:OWNS]-(c:Contact)
    USING INDEX SEEK t:Key(namespace, value)
  CREATE (c)-[o:OWNS]->(:Key:Email {namespace: 'email', value: row.value})
  SET o = row.edge, o.since = datetime.fromEpoch(row.at[0], row.at[1]),
    c.kind = 'known', c.emails = 1
}
CALL () {
  UNWIND $rows.subscriptions AS row
  MATCH (t:Key {namespace: 'tracker_id', value: row.tracker})<-[:OWNS]-(c:Contact)
    USING INDEX SEEK t:Key(namespace, value)
  CREATE (c)-[o:OWNS]->(:Key:Subscription {namespace: 'subscription', value: row.value})-[:BROUGHT_BY]->(t)
  SET o = row.edge, o.since = datetime.fromEpoch(row.at[0], row.at[1]),
    c.subscriptions = c.subscriptions + 1
}
CALL () {
  UNWIND $rows.merges AS row
  WITH row, datetime.fromEpoch(row.at[0], row.at[1]) AS at
  MATCH (t:Key {namespace: 'tracker_id', value: row.tracker})<-[had:OWNS]-(source:Contact)-[has:HAS]->(p:Timeline)
    USING INDEX SEEK t:Key(namespace, value)
  WHERE EXISTS { (p)-[:OF]->(t) }
  MATCH (e:Key {namespace: 'email', value: row.email})<-[:OWNS]-(target:Contact)
    USING INDEX SEEK e:Key(namespace, value)
  CREATE (target)-[owns:OWNS]->(t), (target)-[:HAS]->(p), (source)-[:TO {at: at}]->(target),
    (m:Merge)-[:FOLDED]->(source), (m)-[:INTO]->(target), (m)-[:CARRIED]->(p), (m)-[moved:MOVED]->(t)
  SET m = row.merge, m.at = at, moved = properties(had), owns = row.edge, owns.since = at, source:Redirect,
    target.trackers = target.trackers + 1, source.trackers = source.trackers - 1
  REMOVE source:Contact
  DELETE had, has
}
CALL () {
  UNWIND $rows.changes AS row
  CREATE (c:Change)
  SET c = row
}
"""

GROUPS = ("created", "found", "emails", "subscriptions", "merges", "changes")


class Shadow:
    """Turns events and what was answered into the rows that leave the same graph, under another prefix.

    Parameters
    ----------
    old, new
        The prefix of the keys as they came, and as the reference writes them.
    """

    def __init__(self, old: str, new: str) -> None:
        self._old, self._new = old, new
        self._emails: set[str] = set()
        self._subscriptions: set[str] = set()

    def rows(self, event: Row, answer: Answer) -> list[tuple[str, Row]]:
        """Make the rows of one event, each with its group."""
        assert answer.contact is not None
        assert answer.contact.id is not None
        assert answer.tracker_id is not None
        at = to_pair(to_micros(datetime.now(UTC)))
        occurred = to_pair(to_micros(datetime.fromisoformat(event["occurred_at"])))
        message = self._renamed(event["message_id"])
        tracker = self._renamed(answer.tracker_id)
        activity: Row = {
            "message_id": message,
            "event": event["event"],
            "rule": answer.rule,
            "outcome": answer.outcome.value,
            "property_names": list(event["event_properties"]),
            "property_values": [f'"{value}"' for value in event["event_properties"].values()],
        }
        for key in ("tracker_id", "email", "subscription"):
            if key in event:
                activity[key] = self._renamed(event[key])
        trace = [f"{step.step}: {step.detail}" for step in answer.trace or ()]
        if not (answer.rule == "5" and answer.outcome.value == "found"):
            activity["trace"] = trace
        edge = {"position": 0, "message_id": message}
        told = {
            "contact": f"{self._new}{answer.contact.id}",
            "rule": answer.rule,
            "message_id": message,
            "fresh": at[0] * 1_000_000,
            "place": 0,
        }
        made: list[tuple[str, Row]] = []
        if answer.outcome.value == "created":
            timeline = self._renamed(f"{self._old}timeline of {tracker}")
            contact = {
                "id": f"{self._new}contact of {tracker}",
                "kind": "anonymous",
                "split": False,
                "nameless": False,
                "emails": 0,
                "user_ids": 0,
                "trackers": 1,
                "subscriptions": 0,
                "tracker_id": tracker,
                "timeline_id": timeline,
            }
            made.append(
                (
                    "created",
                    {
                        "tracker": tracker,
                        "timeline": timeline,
                        "contact": contact,
                        "edge": edge,
                        "activity": activity,
                        "at": at,
                        "occurred": occurred,
                    },
                )
            )
            made.append(("changes", {"kind": "created", "contact_kind": "anonymous", **told}))
        else:
            made.append(("found", {"tracker": tracker, "activity": activity, "at": at, "occurred": occurred}))
        if answer.outcome.value == "claimed":
            made.append(("changes", {"kind": "claimed", **told}))
        email = activity.get("email")
        if email is not None and email not in self._emails:
            self._emails.add(email)
            made.append(("emails", {"tracker": tracker, "value": email, "edge": edge, "at": at}))
        subscription = activity.get("subscription")
        if subscription is not None and subscription not in self._subscriptions:
            self._subscriptions.add(subscription)
            made.append(("subscriptions", {"tracker": tracker, "value": subscription, "edge": edge, "at": at}))
        for source in answer.merged:
            assert source is not None
            merge = {
                "id": f"{self._new}merge {source}",
                "source": f"{self._new}{source}",
                "target": f"{self._new}{answer.contact.id}",
                "rule": answer.rule,
                "message_id": message,
            }
            other = {"other": f"{self._new}{source}", "merge": merge["id"]}
            made.append(("changes", {"kind": "merged", **told, **other}))
            moved_edge = {"position": 0, "merge": merge["id"], "message_id": message}
            made.append(("merges", {"tracker": tracker, "email": email, "merge": merge, "edge": moved_edge, "at": at}))
        return made

    def _renamed(self, value: str) -> str:
        return self._new + value.removeprefix(self._old)


def grouped(rows: Iterable[tuple[str, Row]]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {name: [] for name in GROUPS}
    for name, row in rows:
        groups[name].append(row)
    return groups


def write(database: Database, rows: Sequence[tuple[str, Row]]) -> None:
    """Write rows in one transaction of one statement."""
    groups = grouped(rows)
    with database._session(WRITE_ACCESS) as session, session.begin_transaction() as bolt:
        bolt.run(WRITE, {"rows": groups})
        bolt.commit()


NODES = """\
MATCH (n) WHERE n.value STARTS WITH $prefix OR n.message_id STARTS WITH $prefix
RETURN labels(n)[0] AS name, count(*) AS many
"""

EDGES = """\
MATCH (n)-[r]-() WHERE n.value STARTS WITH $prefix OR n.message_id STARTS WITH $prefix
RETURN type(r) AS name, count(*) AS many
"""


def census(database: Database, prefix: str) -> dict[str, int]:
    """Count the nodes by label, and the edges by type, of what was written under a prefix."""
    counts: dict[str, int] = {}
    for text in (NODES, EDGES):
        for row in database.read(lambda tx, text=text: tx.run_text(text, prefix=prefix)):
            counts[row["name"]] = row["many"]
    return counts


def chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
