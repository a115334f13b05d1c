"""What a union and its undoing change, as operations on a world; nothing here is written or read by itself.

The contact that is folded stays in the graph as what its id leads through: its own properties, workflows and
segments stay frozen on that node, so that a union moves edges of keys and periods, and undoing it moves them back.
"""

from dataclasses import dataclass, replace
from typing import Any

from graph.clock import Micros
from graph.identity.union_rules import AnyRules
from graph.identity.working_set.entities import (
    Contact,
    Entry,
    Key,
    Merge,
    MovedOwnership,
    NameLoss,
    Ownership,
    Sleep,
    Undone,
    add_entry,
    is_nameless,
    person_key_order,
    shown_entry,
    tracker_order,
)
from graph.identity.working_set.working_set import WorkingSet, show
from graph.model import KeyRef
from graph.store.changes import acting


def fold(
    working_set: WorkingSet, source: Contact, target: Contact, at: Micros, *, rule: str | None, message_id: str | None
) -> Merge:
    """Fold ``source`` into ``target``: keys, activity, properties and redirect (points 1, 2 and 6 of union).

    Everything that is moved goes to the journal, so that it can be taken back exactly.

    Parameters
    ----------
    rule, message_id
        The row of the table that decided and the event; None for a union by hand.
    """
    by_hand = message_id is None
    working_set.need_keys(source, *([target] if by_hand else []))
    # Whom an event folds into is seen by it.
    seen = max(_seen(source), _seen(target) if by_hand else target.seen)
    working_set.need_entries(source, target)
    merge = Merge(working_set.id_source.time_ordered(), source.id, target.id, rule, at, message_id)
    working_set.merges.append(merge)
    _fold_keys(working_set, source, target, merge)
    for timeline in list(source.timelines.values()):
        timeline.holder = target.id
        target.timelines[timeline.id] = timeline
        merge.timelines.append(timeline)
    source.timelines.clear()
    _fill_properties(source, target, merge, working_set.union_rules)
    target.nameless = target.nameless or source.nameless
    if source.judged:
        _inherit_judgements(working_set, source, target)
    target.seen = seen or target.seen
    source.folded_into = target.id
    by = acting() if by_hand else None
    working_set.note("merged", at, target.id, other=source.id, merge=merge.id, rule=rule, message_id=message_id, by=by)
    return merge


def _inherit_judgements(working_set: WorkingSet, source: Contact, target: Contact) -> None:
    """Keep the survivor apart from whom and what the folded contact is kept apart from."""
    target.judged = True
    target.apart |= source.apart
    target.barred |= source.barred
    working_set.judged.add(target.id)


def _fold_keys(working_set: WorkingSet, source: Contact, target: Contact, merge: Merge) -> None:
    named = working_set.namespaces.persons
    devices = [item for item in source.keys.items() if item[0].name not in named]
    persons = [item for item in source.keys.items() if item[0].name in named]
    # Keys that came with one event are told apart by name and value, in whichever order they were loaded.
    devices.sort(key=lambda item: (tracker_order(item[1]), item[0].name, item[0].value))
    persons.sort(key=lambda item: (person_key_order(item[1]), item[0].name, item[0].value))
    # An event may fold several contacts at once: their keys come one contact after the other.
    first = 1 + max((edge.position for edge in target.keys.values() if edge.since == merge.at), default=-1)
    for position, (key, _) in enumerate([*devices, *persons], first):
        before = working_set.unlink(source, key)
        if key.ref in target.subscriptions:
            working_set.need_keys(target)
            kept = target.keys[key]
            merge.moved.append(MovedOwnership(key, before, kept_since=kept.since))
            kept.sleep = kept.sleep.with_another(before.sleep)
            continue
        merge.moved.append(MovedOwnership(key, before))
        ownership = Ownership(merge.at, position, merge.id, before.source, derived=before.derived)
        ownership.sleep = Sleep(before.sleep.since)
        working_set.link(target, key, ownership)


def _fill_properties(source: Contact, target: Contact, merge: Merge, rules: AnyRules) -> None:
    assert source.entries is not None
    assert target.entries is not None
    for name, entries in source.entries.items():
        filling, when = shown_entry(entries)
        if filling is None:
            continue
        into = target.entries.setdefault(name, [])
        fill = Entry(name, filling.value, when, merge.at, filling.source, fill=merge.id)
        if (rule := rules.get(name)) is not None:
            fill.rule, fill.said = rule, filling.value
        add_entry(into, fill)
        show(into)


@dataclass(frozen=True, slots=True)
class Heir:
    """A subscription that the survivor of a union owned already when another union brought it too.

    Attributes
    ----------
    since
        Since when it was the survivor's then.
    merge, at
        That union, and when it was.
    sleep
        The state of the ownership that it brought.
    """

    key: KeyRef
    since: Micros
    merge: str
    at: Micros
    sleep: Sleep

    def state(self, now: Sleep) -> Sleep:
        """Return the state of that ownership now."""
        return self.sleep.after(self.at, now)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What the journal says of one union, as read under locks for undoing it.

    Attributes
    ----------
    moved
        Keys with the ownership that the folded contact had.
    timelines
        The periods of ownership that went along.
    heirs
        Subscriptions that the survivor owned already when another union would have brought them; the earliest first.
    others
        The other unions into the survivor that stand, each with whether it brought a nameless contact.
    losses
        The survivor's losses of person keys.
    """

    id: str
    at: Micros
    source: Contact
    target: str
    moved: tuple[tuple[KeyRef, Ownership, Micros | None], ...]
    timelines: tuple[str, ...]
    heirs: "tuple[Heir, ...]"
    others: dict[str, bool]
    losses: tuple[NameLoss, ...]

    @classmethod
    def of(cls, row: dict[str, Any]) -> "JournalEntry":
        """Read the row of the statement ``union.entry``."""
        frozen = row["frozen"]
        source = Contact(
            row["source"],
            frozen["created"],
            frozen["seen"],
            split=frozen["split"],
            nameless=frozen["nameless"],
            stored=True,
            complete=True,
            entries={},
        )
        return cls(
            row["id"],
            row["at"],
            source,
            row["target"],
            tuple(
                (
                    KeyRef(name, value),
                    Ownership(since, position, merge, source, derived=derived, sleep=Sleep(*sleep)),
                    kept,
                )
                for name, value, since, position, merge, source, derived, kept, sleep in row["moved"]
            ),
            tuple(row["timelines"]),
            tuple(
                Heir(KeyRef(name, value), since, merge, at, Sleep(*sleep))
                for name, value, since, merge, at, sleep in row["heirs"]
            ),
            dict(row["others"]),
            tuple(
                NameLoss(came_by, frozenset(left_by), frozenset(outlived))
                for came_by, left_by, outlived in row["losses"]
            ),
        )

    def heirs_of(self, key: Key, since: Micros) -> "list[Heir]":
        """List the unions by which the survivor would own a key if this one had never been, the earliest first."""
        return [heir for heir in self.heirs if (heir.key, heir.since) == (key.ref, since)]


def unfold(working_set: WorkingSet, entry: JournalEntry, at: Micros) -> Contact:
    """Take a union back (point 7): the folded contact returns, the survivor is as if it had never been.

    What was written to the survivor since stays its own; a key that left it since stays where it is.
    """
    back, survivor = entry.source, working_set.contacts[entry.target]
    working_set.need_keys(survivor)
    working_set.need_entries(survivor)
    working_set.contacts[back.id] = back
    heirs: list[tuple[str, Key]] = []
    for ref, before, kept_since in entry.moved:
        key = working_set.key(ref)
        now = survivor.keys.get(key)
        if now is None:
            continue
        left = [heir.state(now.sleep) for heir in entry.heirs_of(key, now.since)]
        returned = replace(before, sleep=before.sleep.after(entry.at, now.sleep))
        if kept_since is not None:
            if now.since == kept_since:  # both owned it, and the survivor's is still that same ownership
                now.sleep = Sleep.of([Sleep(now.sleep.first), *left], turned=now.sleep.turned)
                working_set.link(back, key, returned)
            continue
        if now.merge != entry.id:
            continue
        working_set.unlink(survivor, key)
        working_set.link(back, key, returned)
        if left:
            heir = entry.heirs_of(key, now.since)[0].merge
            sleep = Sleep.of(left, turned=now.sleep.turned)
            working_set.link(survivor, key, Ownership(now.since, now.position, heir, now.source, sleep=sleep))
            heirs.append((heir, key))
    # A tracker that left the survivor and came back since is not the union's any more, nor is its period.
    staying = {key.timeline.id for key in survivor.keys if key.timeline is not None}
    for timeline_id in entry.timelines:
        if timeline_id not in staying and (timeline := survivor.timelines.pop(timeline_id, None)):
            timeline.holder = back.id
            back.timelines[timeline_id] = timeline
    assert survivor.entries is not None
    for entries in survivor.entries.values():
        for filled in [item for item in entries if item.fill == entry.id]:
            working_set.drop_entry(entries, filled)
        show(entries)
    survivor.nameless = is_nameless(split=survivor.split, unions=entry.others, losses=entry.losses)
    _settle(working_set, back, at)
    _settle(working_set, survivor, at)
    working_set.undone.append(Undone(entry.id, back.id, at, tuple(heirs)))
    working_set.note("unmerged", at, back.id, other=survivor.id, merge=entry.id, by=acting())
    return back


def _settle(working_set: WorkingSet, contact: Contact, at: Micros) -> None:
    """Derive what follows from the keys and periods that a contact is left with."""
    contact.seen = max((timeline.last for timeline in contact.timelines.values()), default=0) or contact.created
    working_set.choose_primary(contact, at)


def _seen(contact: Contact) -> Micros:
    """Return when a contact was seen last; 0 for a part of a split that never was."""
    never = contact.seen == contact.created and not any(timeline.last for timeline in contact.timelines.values())
    return 0 if never else contact.seen
