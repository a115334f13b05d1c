"""Writing a world down: net changes, grouped by statement, in an order that holds whatever happened in between."""

from collections.abc import Callable
from typing import Any

from graph.clock import to_datetime, to_pair
from graph.identity.namespaces import counter_of
from graph.identity.working_set.entities import (
    AWAKE,
    Contact,
    Entry,
    Key,
    Merge,
    NameLoss,
    Ownership,
    Sleep,
    Timeline,
    Undone,
    scalars_of,
)
from graph.identity.working_set.working_set import WorkingSet
from graph.model import TRACKER
from graph.store.audit import rows_of_changes

Row = dict[str, Any]

_UNKNOWN = object()


def write_working_set(working_set: WorkingSet, write: Callable[..., None]) -> None:
    """Write everything that was changed, with as few statements as the changes need.

    The rows are net effects: what one event of the batch did and a later one undid is not written at all.

    Parameters
    ----------
    write
        Takes the name and the parameters of each statement, of which nothing is returned, in the order in which they
        run: a transaction's `defer`.
    """
    _Writer(working_set, write).write_changes()


def write_activities(working_set: WorkingSet, start: Callable[..., None]) -> None:
    """Write ahead the activities on periods that are in the graph: no other change bears on them.

    Parameters
    ----------
    start
        Runs a named statement beside us, so that the database writes while the next events are decided.
    """
    activities = _activities(working_set)
    for timeline in working_set.timelines.values():
        if timeline.stored and timeline.activities:
            timeline.activities = []  # the rows have the list
    if activities:
        start("resolution.write_activities", activities=activities)


def _activities(working_set: WorkingSet) -> list[Row]:
    """Return one row for each period in the graph that saw activity: its times are written once, however much."""
    return [
        {"period": timeline.id, "activities": timeline.activities}
        if len(timeline.activities) == 1
        else {"period": timeline.id, **_activities_of(timeline)}
        for timeline in working_set.timelines.values()
        if timeline.stored and timeline.activities
    ]


def _activities_of(timeline: Timeline) -> Row:
    activities = timeline.activities
    if len(activities) == 1:
        first = latest = activities[0]["occurred"]
    else:
        occurred = [activity["occurred"] for activity in activities]
        first, latest = min(occurred, default=None), max(occurred, default=None)
    return {"first": first, "latest": latest, "activities": activities}


class _Writer:
    def __init__(self, working_set: WorkingSet, write: Callable[..., None]) -> None:
        self.working_set = working_set
        self.write = write
        self.created: set[Key] = set()
        self.written: set[Timeline] = set()

    def write_changes(self) -> None:
        """Write what was changed, with the statements that it needs."""
        working_set = self.working_set
        if working_set.undone:
            self.write("union.restore", undone=[_undone(item) for item in working_set.undone])
        if working_set.disowned:
            # Before new edges: a key that left a contact and came back has one of each.
            self.write(
                "resolution.disown",
                keys=[{"contact": owner, **_key(key)} for key, owner in working_set.disowned],
            )
        rows = [self._contact(contact) for contact in working_set.contacts.values()]
        activities = _activities(working_set)
        new = [row for row in rows if "created" in row]
        changed = [row for row in rows if "created" not in row and len(row) > 3]
        if new or changed or activities or working_set.feed:
            self.write("resolution.write", contacts=new, changes=changed, activities=activities, feed=working_set.feed)
        self._rewire()
        self._subscriptions()
        self._properties()
        if working_set.new_conflicts:
            self.write(
                "resolution.split",
                splits=[
                    {"owner": owner, "subscription": list(subscription), "contact": made, "at": to_pair(at)}
                    for owner, subscription, made, at in working_set.new_conflicts
                ],
            )
        if working_set.merges:
            self.write("union.journal", merges=[_merge(merge) for merge in working_set.merges])
            self.write(
                "union.redirect",
                folds=[
                    {"source": merge.source, "target": merge.target, "at": to_pair(merge.at)}
                    for merge in working_set.merges
                ],
            )
        if working_set.carried:
            self.write(
                "resolution.carry",
                carried=[
                    {"message_id": message_id, **_key(Key(*ref)), "label": working_set.namespaces.labels[ref.namespace]}
                    for message_id, ref in working_set.carried
                ],
            )

        if working_set.crowds:
            counters = [counter_of(name) for name in working_set.namespaces.persons]
            self.write(
                "alerts.raise", crowds=_by_key(working_set.crowds), counters=counters, most=working_set.alert_persons
            )
        if entries := rows_of_changes(working_set.feed):
            self.write("audit.append", rows=entries)
        if hints := working_set.hints:
            self.write("suggestions.hint", pairs=[list(pair) for pair in hints])
        if losses := working_set.losses:
            self.write("union.lose_names", losses=[loss_row(contact, loss) for contact, loss in losses])

    def _contact(self, contact: Contact) -> Row:
        """Describe a contact with the keys and periods that can be created along with it."""
        row: Row = {"id": contact.id, "seen": to_pair(contact.seen), "set": _to_set(contact)}
        if not contact.stored:
            row["created"] = to_pair(contact.created)
        elif row["set"] or contact.seen != contact.stored_seen:
            row["changed"] = True
        for key, ownership in contact.keys.items():
            if ownership.stored or key.stored or key in self.created:
                continue
            if key.name == TRACKER:
                timeline = key.timeline
                if timeline is None or timeline.stored or timeline.holder != contact.id:
                    continue
                self.written.add(timeline)
                row.setdefault("trackers", []).append({"value": key.value, **_edge(ownership), **_period(timeline)})
            else:
                row.setdefault("keys", []).append({**_key(key), "label": self.label(key), **_edge(ownership)})
            self.created.add(key)
            ownership.stored = True
        return row

    def _rewire(self) -> None:
        """Write the edges to keys whose node is there, and periods that moved, ended or began on such keys."""
        working_set = self.working_set
        edges = [
            {"contact": owner, **_key(key), **_edge(ownership)}
            for key in working_set.keys.values()
            for owner, ownership in key.owners.items()
            if not ownership.stored
        ]
        nodes = [
            {**_key(key), "label": self.label(key)}
            for key in working_set.keys.values()
            if not key.stored and key not in self.created and (key.owners or self._has_period(key))
        ]
        if nodes:
            self.write("resolution.create_keys", keys=nodes)
        if edges:
            self.write("resolution.own", keys=edges)
        new: list[Row] = []
        moved: list[Row] = []
        ended: list[Row] = []
        reopened: list[str] = []
        for timeline in working_set.timelines.values():
            if not timeline.stored and timeline not in self.written:
                new.append({"contact": timeline.holder, "tracker": timeline.tracker, **_period(timeline)})
            elif timeline.stored:
                if timeline.holder != timeline.stored_holder:
                    moved.append({"id": timeline.id, "from": timeline.stored_holder, "to": timeline.holder})
                if timeline.stored_open and timeline.ended is not None:
                    ended.append({"id": timeline.id, "ended": to_pair(timeline.ended)})
                elif timeline.ended is None and not timeline.stored_open:
                    reopened.append(timeline.id)
        if new or moved or ended or reopened:
            self.write("resolution.periods", new=new, moved=moved, ended=ended, reopened=reopened)

    def _subscriptions(self) -> None:
        working_set = self.working_set
        if working_set.replaced:
            self.write(
                "subscriptions.replace",
                replaced=[{**_key(old), "old": old.value, "new": new.value} for old, new in working_set.replaced],
            )
        shared = working_set.namespaces.subscriptions
        keys = [key for key in working_set.keys.values() if key.name in shared]
        states = [
            {"contact": owner, **_key(key), "sleep": sleep_row(ownership.sleep)}
            for key in keys
            for owner, ownership in key.owners.items()
            if ownership.stored and ownership.sleep != ownership.stored_sleep and key not in self.created
        ]
        brought = [
            {**_key(key), "devices": [list(device) for device in sorted(key.brought_by)]}
            for key in keys
            if key.brought_by != key.stored_brought_by
        ]
        ended = [{**_key(key), "how": how, "at": to_datetime(at)} for key, how, at in working_set.ended]
        if states or brought or ended or working_set.turns:
            self.write("subscriptions.write", states=states, brought=brought, ended=ended, turns=working_set.turns)

    def _has_period(self, key: Key) -> bool:
        return key.name == TRACKER and any(
            timeline.tracker == key.value and not timeline.stored for timeline in self.working_set.timelines.values()
        )

    def label(self, key: Key) -> str:
        return self.working_set.namespaces.labels[key.name]

    def _properties(self) -> None:
        created: list[Row] = []
        shown: list[Row] = []
        for contact in self.working_set.contacts.values():
            for entries in (contact.entries or {}).values():
                for entry in entries:
                    if entry.element is None:
                        created.append(_entry(contact.id, entry, shown=entry.shown))
                    elif entry.shown != entry.stored_shown or entry.value != entry.stored_value:
                        removed = True if entry.value is None else None
                        value = {"value": entry.value, "removed": removed}
                        shown.append({"element": entry.element, "shown": entry.shown, **value})
        dropped = self.working_set.dropped_entries
        replaced = [{"element": element, "at": to_pair(at)} for element, at in self.working_set.replaced_entries]
        passed = [
            {**_entry(contact_id, entry, shown=False), "at": to_pair(at)}
            for contact_id, entry, at in self.working_set.passed_entries
        ]
        if created or shown or dropped or replaced or passed:
            self.write(
                "properties.write", created=created, shown=shown, dropped=dropped, replaced=replaced, passed=passed
            )


def _to_set(contact: Contact) -> Row:
    """Return what is to be written of a contact's state: what it differs in from what is stored."""
    now = contact.state()
    if contact.before is None:
        return scalars_of(now)
    if now == contact.before:
        return {}
    before = scalars_of(contact.before)
    return {name: value for name, value in scalars_of(now).items() if value != before.get(name, _UNKNOWN)}


def _entry(contact_id: str, entry: Entry, *, shown: bool) -> Row:
    node = {
        "name": entry.name,
        "value": entry.value,
        "removed": True if entry.value is None else None,
        "message_id": entry.source,
        "merge": entry.fill,
        "position": entry.position,
        "shown": shown,
    }
    if entry.rule is not None:
        node |= {"rule": entry.rule, "said": entry.said}
    return {
        "contact": contact_id,
        "occurred": to_pair(entry.occurred),
        "arrived": to_pair(entry.arrived),
        "first": None if entry.first is None else to_pair(entry.first),
        "node": node,
    }


def _by_key(crowds: list[Row]) -> list[Row]:
    """Return one row for each key, the latest, with everybody who was noted of it."""
    found: dict[tuple[str, str], Row] = {}
    for row in crowds:
        before = found.get((row["namespace"], row["value"]), {"named": []})
        found[row["namespace"], row["value"]] = {**row, "named": [*before["named"], *row["named"]]}
    return list(found.values())


def _key(key: Key) -> Row:
    return {"namespace": key.name, "value": key.value}


def _edge(ownership: Ownership) -> Row:
    edge: Row = {"position": ownership.position}
    if ownership.merge is not None:
        edge["merge"] = ownership.merge
    if ownership.source is not None:
        edge["message_id"] = ownership.source
    if ownership.derived:
        edge["derived"] = True
    if ownership.sleep != AWAKE:
        edge.update((name, value) for name, value in sleep_row(ownership.sleep).items() if value is not None)
    return {"since": to_pair(ownership.since), "edge": edge}


def sleep_row(sleep: Sleep) -> Row:
    """Return the state of an ownership as its edge, and the edges of the journals, keep it."""
    return {
        "asleep_at": None if sleep.since is None else to_datetime(sleep.since),
        "turned_at": to_datetime(sleep.turned) if sleep.turned else None,
        "itself_asleep_at": None if sleep.own is None else to_datetime(sleep.own),
    }


def _period(timeline: Timeline) -> Row:
    return {
        "period": timeline.id,
        "started": to_pair(timeline.started),
        "last": to_pair(timeline.last) if timeline.last else None,
        "ended": None if timeline.ended is None else to_pair(timeline.ended),
        "open": timeline.ended is None,
        **_activities_of(timeline),
    }


def loss_row(contact: str, loss: NameLoss) -> Row:
    """Describe the loss of a person key as the graph keeps it."""
    return {
        "contact": contact,
        "node": {
            "came_by": loss.came_by,
            "left_by": sorted(loss.left_by),
            "outlived": sorted(loss.outlived),
            "at": to_datetime(loss.at) if loss.at else None,
            "split": loss.split,
        },
    }


def _undone(undone: Undone) -> Row:
    return {
        "merge": undone.merge,
        "contact": undone.contact,
        "at": to_pair(undone.at),
        "heirs": [{"merge": merge, **_key(key)} for merge, key in undone.heirs],
    }


def _merge(merge: Merge) -> Row:
    moved = [
        {
            **_key(item.key),
            "kept_since": None if item.kept_since is None else to_pair(item.kept_since),
            **_edge(item.before),
        }
        for item in merge.moved
    ]
    return {
        "node": {
            "id": merge.id,
            "source": merge.source,
            "target": merge.target,
            "rule": merge.rule,
            "message_id": merge.message_id,
        },
        "at": to_pair(merge.at),
        "source": merge.source,
        "target": merge.target,
        "timelines": [timeline.id for timeline in merge.timelines],
        "keys": moved,
    }
