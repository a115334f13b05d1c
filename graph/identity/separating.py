"""What a split and its undoing change, as operations on a working set; nothing here is written or read by itself.

A split is the opposite of a union: each part becomes a contact of its own with the keys named for it, their periods of
ownership and, with these, their activity. The part's id leads back to the whole when the split is undone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from graph.clock import Micros
from graph.identity.working_set.entities import AWAKE, Contact, Entry, Key, Ownership, Sleep, Timeline
from graph.identity.working_set.working_set import WorkingSet, show
from graph.model import TRACKER, KeyRef
from graph.store.changes import acting


@dataclass(frozen=True, slots=True)
class Stray:
    """Activity on a period that stays, which carried a person key of a part: it goes to that part.

    Attributes
    ----------
    period, tracker
        Where it hangs.
    part
        The number of the part; None for the whole, of activity on a period that goes.
    first, last
        When the first and the last of it arrived.
    left
        When the last activity arrived that is left on that period; 0 for none.
    """

    period: str
    tracker: str
    part: int | None
    count: int
    first: Micros
    last: Micros
    left: Micros


@dataclass(slots=True)
class Part:
    """One part of a contact: the keys that it gets, and what came of it.

    Attributes
    ----------
    shared
        Subscriptions that it gets too, while the whole, or another part, owns them.
    nameless
        It is known without a person key.
    """

    keys: list[KeyRef]
    shared: list[KeyRef] = field(default_factory=list)
    nameless: bool = False
    contact: Contact | None = None
    took: list[tuple[Key, Ownership]] = field(default_factory=list)
    periods: list[str] = field(default_factory=list)
    strayed: list[tuple[str, str]] = field(default_factory=list)
    """Periods that activity left, each with the new one that it went to."""
    entries: list[Entry] = field(default_factory=list)
    """Property entries that went to it, as the whole had them."""
    minted: str | None = None
    activities: int = 0


@dataclass(slots=True)
class Separation:
    """A journal entry: what one split moved."""

    id: str
    whole: Contact
    at: Micros
    seen: Micros
    parts: list[Part]
    taken: list[tuple[Key, Ownership]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    """Periods of trackers that nobody gets, which end with the split."""
    strayed: list[tuple[str, str]] = field(default_factory=list)
    """Periods that went, each with the one that the whole has now for its own activity on it."""
    minted: str | None = None


def separate(
    working_set: WorkingSet,
    whole: Contact,
    parts: Sequence[Part],
    taken: Iterable[KeyRef],
    strays: Sequence[Stray],
    part_of_message: Mapping[str, int],
    at: Micros,
    past: Sequence[tuple[int | None, Entry]] = (),
    arrivals: Mapping[str, Micros] | None = None,
    *,
    stays_known: bool = False,
) -> Separation:
    """Split a contact, whose keys and property entries are loaded, into itself and its parts.

    Parameters
    ----------
    taken
        Keys that nobody gets.
    strays
        Activity that goes to a part although its period stays.
    part_of_message
        To which part the activity goes that brought properties, by its message.
    past
        Values of properties that others had replaced, which are the newest of a part, or of the whole (None) again.
    arrivals
        When messages arrived: what a union brought the whole is a part's own, with the time it came at first.
    stays_known
        Whether a conflict of row 4.3.3 keeps the whole known although it loses its last person key.
    """
    separation = Separation(working_set.id_source.time_ordered(), whole, at, whole.seen, list(parts))
    for ref in taken:
        separation.taken += _leave(working_set, whole, ref)
        if (period := working_set.keys[ref].timeline) is not None:
            period.ended = at
            separation.ended.append(period.id)
            working_set.keys[ref].timeline = None
    owned = [_begin(working_set, whole, part, at) for part in parts]
    for part in parts:
        _share(working_set, part)
    for stray in strays:
        if stray.part is None:
            separation.strayed.append(_stray(working_set, whole, stray, at))
        else:
            part = parts[stray.part]
            assert part.contact
            part.strayed.append(_stray(working_set, part.contact, stray, at))
            part.activities += stray.count
    for part, trackers in zip(parts, owned, strict=True):
        assert part.contact
        _settle(working_set, part.contact, at)
        if not trackers:
            part.minted = part.contact.tracker_id
    _hand_on_properties(whole, parts, part_of_message, arrivals or {})
    _add_past(separation, past)
    before = {key.value for key in whole.keys if key.name == TRACKER}
    if not stays_known:
        working_set.lose_names(whole, _names_of(working_set, separation), at, split=separation.id)
    _settle(working_set, whole, at)
    if whole.tracker_id not in before:
        separation.minted = whole.tracker_id
    for part in parts:
        assert part.contact
        working_set.note("split", at, whole.id, other=part.contact.id, split=separation.id, by=acting())
    return separation


def _names_of(working_set: WorkingSet, separation: Separation) -> list[Ownership]:
    """List the ownerships of person keys that the whole loses."""
    took = [*separation.taken, *(item for part in separation.parts for item in part.took)]
    return [edge for key, edge in took if working_set.is_name(key.name, edge)]


def _begin(working_set: WorkingSet, whole: Contact, part: Part, at: Micros) -> set[str]:
    """Make the contact of a part, with its keys and their periods; return its trackers."""
    contact = part.contact = working_set.create(at, split=part.nameless)
    contact.judged = whole.judged
    for ref in part.keys:
        for key, ownership in _leave(working_set, whole, ref):
            part.took.append((key, ownership))
            sleep = Sleep(ownership.sleep.since, ownership.sleep.turned)
            working_set.link(contact, key, replace(ownership, merge=None, stored=False, sleep=sleep))
    trackers = {ref.value for ref in part.keys if ref.namespace == TRACKER}
    for timeline in [one for one in whole.timelines.values() if one.tracker in trackers]:
        part.periods.append(timeline.id)
        _hand_over(whole, contact, timeline)
    return trackers


def _share(working_set: WorkingSet, part: Part) -> None:
    """Give a part the subscriptions that the whole, or another part, owns too."""
    for ref in part.shared:
        key = working_set.keys[ref]
        before = next(iter(key.owners.values()))
        sleep = Sleep(before.sleep.since, before.sleep.turned)
        assert part.contact
        working_set.link(part.contact, key, Ownership(before.since, source=before.source, sleep=sleep))


def _leave(working_set: WorkingSet, whole: Contact, ref: KeyRef) -> list[tuple[Key, Ownership]]:
    """Take a key, and the hashes of it, from a contact."""
    left = []
    for one in (ref, *working_set.hashes_of(ref)):
        key = working_set.keys.get(one)
        if key is not None and key in whole.keys:
            left.append((key, working_set.unlink(whole, key)))
            if one.namespace == TRACKER and whole.tracker_id == one.value:
                whole.tracker_id = whole.timeline_id = ""
    return left


def _hand_over(whole: Contact, to: Contact, timeline: Timeline) -> None:
    del whole.timelines[timeline.id]
    timeline.holder = to.id
    to.timelines[timeline.id] = timeline


def _stray(working_set: WorkingSet, holder: Contact, stray: Stray, at: Micros) -> tuple[str, str]:
    working_set.timelines[stray.period].last = stray.left
    period = Timeline(
        working_set.id_source.time_ordered(),
        stray.tracker,
        holder.id,
        stray.first,
        ended=at,
        last=stray.last,
    )
    working_set.timelines[period.id] = holder.timelines[period.id] = period
    return stray.period, period.id


def _hand_on_properties(
    whole: Contact, parts: Sequence[Part], part_of_message: Mapping[str, int], arrivals: Mapping[str, Micros]
) -> None:
    assert whole.entries is not None
    for name, entries in whole.entries.items():
        going = [entry for entry in entries if entry.source is not None and entry.source in part_of_message]
        for entry in going:
            entries.remove(entry)
            assert entry.source is not None
            part = parts[part_of_message[entry.source]]
            part.entries.append(entry)
            assert part.contact
            assert part.contact.entries is not None
            arrived = arrivals.get(entry.source, entry.arrived)
            copy = Entry(name, entry.value, entry.occurred, arrived, entry.source, position=entry.position)
            part.contact.entries.setdefault(name, []).append(copy)
        if going:
            show(entries)
    for part in parts:
        assert part.contact
        for entries in (part.contact.entries or {}).values():
            show(entries)


def _add_past(separation: Separation, past: Sequence[tuple[int | None, Entry]]) -> None:
    """Show values again that belong to a part, or to the whole: they go when the split is undone."""
    for number, entry in past:
        holder = separation.whole if number is None else separation.parts[number].contact
        assert holder
        assert holder.entries is not None
        entries = holder.entries.setdefault(entry.name, [])
        if number is None:
            entry.fill, entry.rule, entry.said = separation.id, entry.rule or "newest", entry.value
        entries.append(entry)
        show(entries)


def _settle(working_set: WorkingSet, contact: Contact, at: Micros) -> None:
    """Derive what follows from the keys and periods that a contact has now."""
    contact.seen = max((timeline.last for timeline in contact.timelines.values()), default=0) or contact.created
    working_set.choose_primary(contact, at)


@dataclass(frozen=True, slots=True)
class TakenKey:
    """A key that a split took from the whole, with the ownership that it had and who would own it today."""

    ref: KeyRef
    before: Ownership
    part: int | None
    home: str
    """The whole; or who came back out of it by an un-merge since, which would have taken the key along."""
    states: tuple[tuple[Micros, Sleep], ...] = ()
    """Of a subscription: who was awake on it, the whole first, down to the home; each with when it left there."""
    brought: tuple[tuple[Micros, Sleep], ...] = ()
    """States in which standing unions brought it to the whole, or its part, that owned it already; each with when."""

    def state(self, now: Sleep) -> Sleep:
        """Return the state that the home would be in without the split, given what its part is in now."""
        for at, sleep in self.states:
            now = sleep.after(at, now)
        if len(self.states) > 1:
            return now
        others = [sleep.after(at, now) for at, sleep in self.brought]
        return Sleep.of([Sleep(now.first), *others], turned=now.turned)


@dataclass(frozen=True, slots=True)
class Undoing:
    """What undoing a split needs to know, as the journal has it."""

    id: str
    whole: str
    parts: tuple[str, ...]
    at: Micros
    """When it was split: what arrived before is a copy."""
    keys: tuple[TakenKey, ...]
    periods: Mapping[str, str]
    """Periods that went along, each with whose it would be today."""
    strayed: frozenset[str]
    """Periods that the split made for activity that strayed: the activity goes back, they go."""
    unused: frozenset[str]
    """Trackers that were minted for the sake of the split and never used."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A subscription that a union brought to the owner of before, who has it again as before.

    Attributes
    ----------
    was, since
        Since when the owner has it by the union, and since when as before.
    """

    merge: str
    ref: KeyRef
    was: Micros
    since: Micros


def rejoin(working_set: WorkingSet, undoing: Undoing, at: Micros) -> list[Kept]:
    """Undo a split: all that its parts have is the whole's again, also what came since.

    All contacts that are concerned are loaded with their keys and entries, the whole with the entries that the journal
    kept. Returned are subscriptions that a union has brought to their owner since.
    """
    whole = working_set.contacts[undoing.whole]
    by_ref = {taken.ref: taken for taken in undoing.keys}
    kept: list[Kept] = []
    for contact_id in undoing.parts:
        part = working_set.contacts[contact_id]
        _take_keys_back(working_set, part, whole, by_ref, undoing, kept)
        for timeline in list(part.timelines.values()):
            if timeline.id not in undoing.strayed:
                _hand_over(part, working_set.contacts[undoing.periods.get(timeline.id, whole.id)], timeline)
        part.folded_into = whole.id
        working_set.note("split_undone", at, whole.id, other=part.id, split=undoing.id, by=acting())
    for period in undoing.strayed:
        whole.timelines.pop(period, None)
    for taken in undoing.keys:
        key = working_set.key(taken.ref)
        # A subscription may be somebody else's as well.
        shared = working_set.namespaces[taken.ref.namespace].is_subscription
        if taken.part is None and (taken.home not in key.owners if shared else not key.owners):
            back = replace(taken.before, stored=False, sleep=taken.state(AWAKE))
            home = working_set.contacts[taken.home]
            working_set.link(home, key, back)
            for timeline in home.timelines.values():
                if timeline.id in undoing.periods and KeyRef(TRACKER, timeline.tracker) == key.ref:
                    timeline.ended, key.timeline = None, timeline
    _take_properties_back(working_set, undoing, whole)
    for contact_id in {whole.id, *(taken.home for taken in undoing.keys), *undoing.periods.values()}:
        contact = working_set.contacts[contact_id]
        for ref in [KeyRef(TRACKER, value) for value in undoing.unused]:
            minted = working_set.keys.get(ref)
            if minted is not None and minted in contact.keys:
                working_set.unlink(contact, minted)
                minted.timeline = None
        _settle(working_set, contact, at)
    return kept


def _take_keys_back(
    working_set: WorkingSet,
    part: Contact,
    whole: Contact,
    by_ref: Mapping[KeyRef, TakenKey],
    undoing: Undoing,
    kept: list[Kept],
) -> None:
    for key in list(part.keys):
        own = working_set.unlink(part, key)
        taken = by_ref.get(key.ref)
        if key.name == TRACKER and key.value in undoing.unused:
            key.timeline = None
            continue
        home = whole if taken is None else working_set.contacts[taken.home]
        if (there := home.keys.get(key)) is not None:
            if taken is None:
                # Both came to it since: of one contact the later turn holds.
                last = own.sleep.turned or own.since
                if last > (there.sleep.turned or there.since):
                    there.sleep = Sleep(own.sleep.since, last, own.sleep.own)
                continue
            if there.merge is not None:
                kept.append(Kept(there.merge, key.ref, there.since, taken.before.since))
            working_set.unlink(home, key)
        before = own if taken is None else taken.before
        sleep = own.sleep if taken is None else taken.state(own.sleep)
        if there is not None:
            if there.sleep.turned > sleep.turned:
                sleep = sleep.after(undoing.at, there.sleep)
            sleep = sleep.with_another(there.sleep)
        working_set.link(home, key, replace(before, stored=False, sleep=sleep))


def _take_properties_back(working_set: WorkingSet, undoing: Undoing, whole: Contact) -> None:
    assert whole.entries is not None
    for contact_id in undoing.parts:
        part = working_set.contacts[contact_id]
        for name, entries in (part.entries or {}).items():
            for entry in list(entries):
                working_set.drop_entry(entries, entry)
                if entry.arrived > undoing.at:
                    back = replace(entry, element=None, stored_shown=False)
                    whole.entries.setdefault(name, []).append(back)
    for entries in whole.entries.values():
        for entry in [one for one in entries if one.fill == undoing.id]:
            working_set.drop_entry(entries, entry)
        show(entries)
