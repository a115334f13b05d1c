"""A subscription's life: who is awake on it and who asleep, what takes its place, and when it is gone.

Who owns a subscription says the decision table. Whether it may be used to reach that owner is kept beside, on the edge
of ownership, and told in the feed and in the contact's history.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from graph.clock import Micros, to_datetime
from graph.identity.working_set import Contact, Key, WorkingSet
from graph.identity.working_set.entities import Ownership, Sleep
from graph.model import KeyRef, MovedKey
from graph.store.changes import ChangeKind, acting


def wake(working_set: WorkingSet, contact: Contact, ref: KeyRef, at: Micros, message_id: str | None) -> None:
    """Make a contact awake on a subscription that it owns."""
    ownership = working_set.key(ref).owners[contact.id]
    if ownership.sleep.asleep:
        ownership.sleep = Sleep(None, at)
        _note(working_set, "woke", contact, ref, at, message_id)


def fall_asleep(working_set: WorkingSet, contact: Contact, ref: KeyRef, at: Micros, message_id: str | None) -> None:
    """Let a contact fall asleep on a subscription that it owns."""
    ownership = working_set.key(ref).owners[contact.id]
    if not ownership.sleep.asleep:
        ownership.sleep = Sleep(at, at)
        _note(working_set, "slept", contact, ref, at, message_id)


def bring(working_set: WorkingSet, ref: KeyRef, devices: Iterable[KeyRef], answered: Iterable[KeyRef]) -> None:
    """Note the device that brought a subscription, by its keys and by the tracker that it was answered.

    What never was anybody's is not remembered.
    """
    if working_set.key(ref).is_there:
        there = [one for one in devices if working_set.key(one).is_there]
        working_set.key(ref).brought_by = frozenset((*there, *answered))


def brought_by(working_set: WorkingSet, devices: Iterable[KeyRef]) -> list[KeyRef]:
    """List the subscriptions that a device last brought, by its keys."""
    of_device = frozenset(devices)
    return sorted(key.ref for key in working_set.keys.values() if not key.brought_by.isdisjoint(of_device))


def log_out(working_set: WorkingSet, subscriptions: Iterable[KeyRef], at: Micros, message_id: str | None) -> None:
    """Let every owner who is awake on one of these subscriptions fall asleep."""
    for ref in sorted(set(subscriptions)):
        for owner in sorted(working_set.owners(ref), key=lambda contact: contact.id):
            fall_asleep(working_set, owner, ref, at, message_id)


def replace(working_set: WorkingSet, old: KeyRef, new: KeyRef, at: Micros, message_id: str | None) -> list[MovedKey]:
    """Put a new subscription in the place of an old one with every owner, awake or asleep as each was.

    The old one is nobody's afterwards, and what journals say of it they say of the new one.
    """
    owners = sorted(working_set.owners(old), key=lambda contact: contact.id)
    if not owners:
        return []
    working_set.need_keys(*owners)
    leaving, coming = working_set.key(old), working_set.key(new)
    moved = []
    for owner in owners:
        before = working_set.unlink(owner, leaving)
        if (kept := owner.keys.get(coming)) is not None:
            kept.sleep = kept.sleep.with_another(before.sleep)
        else:
            again = Ownership(before.since, before.position, before.merge, before.source, sleep=before.sleep)
            working_set.link(owner, coming, again)
        moved.append(MovedKey(old.namespace, old.value, owner.id, new.value))
        _note(working_set, "replaced", owner, old, at, message_id, replaced_by=new.value)
    working_set.replaced.append((leaving, coming))
    # The browser is the same, and whoever logs out there leaves the new one too.
    coming.brought_by = coming.brought_by or leaving.brought_by
    for merge in working_set.merges:
        for item in merge.moved:
            if item.key is leaving:
                item.key = coming
    working_set.conflicts.setdefault(new, []).extend(working_set.conflicts.pop(old, []))
    working_set.new_conflicts = [
        (owner, new if subscription == old else subscription, made, when)
        for owner, subscription, made, when in working_set.new_conflicts
    ]
    _end(working_set, leaving, "replaced", at)
    return moved


def end(working_set: WorkingSet, ref: KeyRef, at: Micros) -> bool:
    """Make a subscription nobody's, since the push service knows it no more; return whether somebody owned it."""
    owners = sorted(working_set.owners(ref), key=lambda contact: contact.id)
    key = working_set.key(ref)
    for owner in owners:
        working_set.unlink(owner, key)
        _note(working_set, "gone", owner, ref, at, None)
    if owners:
        _end(working_set, key, "gone", at)
    return bool(owners)


def in_words(turn: Mapping[str, Any]) -> str:
    """Describe what befell a subscription of a contact."""
    node = turn["node"]
    what = {
        "woke": "is awake again",
        "slept": "falls asleep",
        "replaced": f"is replaced by {node.get('replaced_by')!r}",
        "gone": "is gone",
    }
    return f"{node['key']} {node['value']!r} of contact {turn['contact']} {what[node['action']]}"


def _end(working_set: WorkingSet, key: Key, how: str, at: Micros) -> None:
    working_set.conflicts.pop(key.ref, None)
    key.brought_by = key.stored_brought_by = frozenset()
    working_set.ended.append((key, how, at))


def _note(
    working_set: WorkingSet,
    kind: ChangeKind,
    contact: Contact,
    ref: KeyRef,
    at: Micros,
    message_id: str | None,
    **more: str,
) -> None:
    by = acting() if message_id is None else None
    working_set.note(kind, at, contact.id, key=ref.namespace, message_id=message_id, by=by)
    node = {
        "id": working_set.id_source.time_ordered(),
        "action": kind,
        "key": ref.namespace,
        "value": ref.value,
        "at": to_datetime(at),
        **more,
    }
    if message_id is not None:
        node["message_id"] = message_id
    working_set.turns.append({"contact": contact.id, "node": node})
