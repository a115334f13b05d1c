"""The working set of one transaction: what is loaded, and the operations that decisions and people ask for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graph.clock import IdSource, Micros
from graph.errors import TryAgain
from graph.identity.decision import ContactFacts, Facts
from graph.identity.keys import EventKeys
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.identity.normal_forms import hash_of
from graph.identity.union_rules import AnyRules
from graph.identity.working_set.entities import (
    Contact,
    Entry,
    Key,
    Merge,
    NameLoss,
    Ownership,
    Sleep,
    Timeline,
    Undone,
    add_entry,
    shown_entry,
    tracker_order,
)
from graph.model import TRACKER, KeyName, KeyRef, Kind, Properties, PropertyValue
from graph.store.changes import ChangeKind, ChangeRow, change_row

Read = Callable[..., list[dict[str, Any]]]
"""Runs a named statement: ``Transaction.run``."""

MOST_IN_LIST = 100
"""How many values a property holds that is added to; the one that was added first leaves."""


class SeenMessage(NamedTuple):
    """An activity that an earlier event left: what a repeated ``message_id`` answers."""

    contact: str
    tracker_id: str
    owned: bool
    """Whether the contact owned that tracker when the transaction began."""
    rule: str
    outcome: str


@dataclass(slots=True)
class WorkingSet:
    """Contacts and keys of one transaction, with everything that was changed on them.

    It starts empty; `load` and the ``need_…`` methods bring in, under locks, what is asked for. Nothing is
    written before `graph.identity.working_set.write.write_world`.

    Parameters
    ----------
    run
        Runs a named statement in the transaction.
    id_source
        Where new ids come from.
    lock
        Whether what is read is locked; a dry run locks nothing.
    namespaces
        Those of the deployment.
    alert_persons
        How many persons on one key raise a finding; 0 for never.
    union_rules
        What unions make of some properties.
    """

    run: Read
    id_source: IdSource
    lock: bool = True
    namespaces: Namespaces = DEFAULT_NAMESPACES
    alert_persons: int = 0
    union_rules: AnyRules = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    keys: dict[KeyRef, Key] = field(default_factory=dict)
    timelines: dict[str, Timeline] = field(default_factory=dict)
    messages: dict[str, SeenMessage] = field(default_factory=dict)
    judged: set[str] = field(default_factory=set)
    """Contacts of which a judgement says who or what they are kept apart from."""
    conflicts: dict[KeyRef, list[tuple[str, str]]] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    undone: list[Undone] = field(default_factory=list)
    disowned: list[tuple[Key, str]] = field(default_factory=list)
    losses: list[tuple[str, NameLoss]] = field(default_factory=list)
    """Person keys that contacts lost in this transaction."""
    new_conflicts: list[tuple[str, KeyRef, str, Micros]] = field(default_factory=list)
    dropped_entries: list[str] = field(default_factory=list)
    replaced_entries: list[tuple[str, Micros]] = field(default_factory=list)
    """Entries that can never be shown again, kept to tell what was shown before, each with when it was replaced."""
    passed_entries: list[tuple[str, Entry, Micros]] = field(default_factory=list)
    """Such entries that came with this batch, each with its contact."""
    carried: list[tuple[str, KeyRef]] = field(default_factory=list)
    """Messages with keys that their activity carried beside those that stand on it."""
    hints: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of contacts that an event said to be one person, where it might not fold them."""
    minted: set[str] = field(default_factory=set)
    replaced: list[tuple[Key, Key]] = field(default_factory=list)
    """Subscriptions with those that took their place, in order."""
    ended: list[tuple[Key, str, Micros]] = field(default_factory=list)
    """Subscriptions that are no more, each with how it ended and when."""
    crowds: list[dict[str, Any]] = field(default_factory=list)
    """Keys that may have gained a person, for `graph.identity.alerts`."""
    turns: list[dict[str, Any]] = field(default_factory=list)
    """What befell subscriptions of contacts, for their histories."""
    feed: list[ChangeRow] = field(default_factory=list)
    """What the change feed will say of it."""

    @property
    def locks(self) -> list[int]:
        return [1] if self.lock else []

    # --- loading --------------------------------------------------------------------------------------------

    def load(
        self,
        *,
        keys: Iterable[KeyRef] = (),
        message_ids: Iterable[str] = (),
        contacts: Sequence[str] = (),
    ) -> None:
        """Read keys with their owners, and contacts by id, in one statement and under locks.

        One call takes its locks in order (keys by name and value, then contacts by id), so that two transactions
        rarely wait for each other in a circle. What is locked later, by a union for instance, comes on top of it in
        whatever order the graph has; when two do wait so, the database ends one of them and it is tried again. What
        is here already stays as it is.

        Raises
        ------
        TryAgain
            When a contact was folded between the look at it and its lock.
        """
        asked = sorted(key for key in set(keys) if key not in self.keys)
        shared = self.namespaces.subscriptions
        (row,) = self.run(
            "resolution.facts",
            keys=[list(key) for key in asked],
            subscriptions=[list(key) for key in asked if key.namespace in shared],
            shared=list(shared),
            counters=list(self.namespaces.counters),
            message_ids=sorted(set(message_ids) - self.messages.keys()),
            contact_ids=sorted(set(contacts) - self.contacts.keys()),
            locks=self.locks,
        )
        for ref in asked:
            self.keys[ref] = Key(*ref)
        for found in row["contacts"]:
            if found["id"] not in self.contacts:
                self._contact_loaded(found)
        here = self.contacts.keys()
        named = {owner for _, _, owner, _ in row["keys"] if owner is not None}
        named |= {contact for _, contact, *_ in row["messages"]}
        if not here >= named.union(contacts):
            raise TryAgain
        for name, value, owner, timeline in row["keys"]:
            key = self.keys[KeyRef(name, value)]
            key.stored = True
            if owner is not None:
                ownership = Ownership(0, stored=True)
                key.owners[owner] = self.contacts[owner].keys[key] = ownership
            if timeline is not None:
                key.timeline = self._timeline_loaded(timeline, value, owner)
        for message_id, contact, tracker, owned, rule, outcome in row["messages"]:
            self.messages[message_id] = SeenMessage(contact, tracker, owned, rule, outcome)
        for name, value, states, devices in row["states"]:
            key = self.keys[KeyRef(name, value)]
            key.brought_by = key.stored_brought_by = frozenset(KeyRef(*device) for device in devices)
            for owner, since, turned, own in states:
                if (known := key.owners.get(owner)) is not None:
                    known.sleep = known.stored_sleep = Sleep(since, turned, own)
        for name, value, tracker_owner, made in row["splits"]:
            self.conflicts.setdefault(KeyRef(name, value), []).append((tracker_owner, made))
        if judged := [one["id"] for one in row["contacts"] if one["judged"] and one["id"] not in self.judged]:
            self._load_judgements(judged)

    def _load_judgements(self, judged: list[str]) -> None:
        """Read what judgements keep apart from some contacts, and who owns those keys; few contacts are judged."""
        self.judged.update(judged)
        for row in self.run("judgements.of_contacts", contact_ids=judged):
            contact = self.contacts[row["contact"]]
            contact.apart |= set(row["apart"])
            for name, value in row["barred"]:
                if name in self.namespaces:
                    contact.barred |= {KeyRef(name, value), *self.hashes_of(KeyRef(name, value))}
        # Their owners count: a union must not bring what no event may give.
        self.load(keys={key for one in judged for key in self.contacts[one].barred})

    def _contact_loaded(self, row: Mapping[str, Any]) -> None:
        counters, persons = self.namespaces.counters, self.namespaces.places_of_persons
        counts = {counters[counter]: count for counter, count in row["counts"]}
        contact = Contact(
            id=row["id"],
            created=row["created"],
            seen=row["seen"],
            split=row["split"],
            nameless=row["nameless"],
            counts=counts,
            person_keys=sum([count for name, count in counts.items() if name in persons]),
            subscriptions={KeyRef(name, value) for name, value in row["subscriptions"]}
            if row["subscriptions"]
            else set(),
            tracker_id=row["tracker_id"],
            timeline_id=row["timeline_id"],
            judged=row["judged"],
            stored=True,
        )
        contact.before, contact.stored_seen = contact.state(), contact.seen
        self.contacts[contact.id] = contact

    def _timeline_loaded(
        self, timeline_id: str, tracker: str, holder: str, is_open: bool = True, last: Micros = 0
    ) -> Timeline:
        timeline = self.timelines.get(timeline_id)
        if timeline is None:
            timeline = Timeline(
                timeline_id,
                tracker,
                holder,
                0,
                ended=None if is_open else 0,
                stored=True,
                stored_holder=holder,
                stored_open=is_open,
            )
            self.timelines[timeline_id] = timeline
            self.contacts[holder].timelines[timeline_id] = timeline
        timeline.last = max(timeline.last, last)
        return timeline

    def need_keys(self, *contacts: Contact) -> None:
        """Load every ownership and period of ownership of some contacts, under locks."""
        missing = sorted(contact.id for contact in contacts if contact.stored and not contact.complete)
        if not missing:
            return
        for row in self.run("union.dossier", contact_ids=missing, locks=self.locks):
            contact = self.contacts[row["contact"]]
            # What this transaction already took from the contact must not come back with the load.
            gone = {key for key, loser in self.disowned if loser == contact.id}
            for name, value, since, position, merge, source, derived, sleep in row["keys"]:
                key = self.keys.setdefault(KeyRef(name, value), Key(name, value, stored=True))
                if key in gone and key not in contact.keys:
                    continue
                ownership = contact.keys.get(key)
                if ownership is None:
                    ownership = Ownership(since, position, merge, source, stored=True, derived=derived)
                    if sleep is not None:
                        ownership.sleep = ownership.stored_sleep = Sleep(*sleep)
                    contact.keys[key] = key.owners[contact.id] = ownership
                elif ownership.stored:
                    ownership.since, ownership.position = since, position
                    ownership.merge, ownership.source, ownership.derived = merge, source, derived
            for timeline_id, tracker, is_open, last in row["timelines"]:
                timeline = self._timeline_loaded(timeline_id, tracker, contact.id, is_open, last)
                key = self.keys.setdefault(KeyRef(TRACKER, tracker), Key(TRACKER, tracker, stored=True))
                if is_open and timeline.ended is None and key.timeline is None:
                    key.timeline = timeline
            contact.complete = True

    def need_entries(self, *contacts: Contact) -> None:
        """Load every property entry of some contacts."""
        self.need_properties({contact.id: None for contact in contacts})

    def need_properties(self, wanted: Mapping[str, Iterable[str] | None]) -> None:
        """Load the property entries of some contacts, by their ids: of the names given for each, of all for None."""
        rows: list[dict[str, Any]] = []
        for contact_id, asked in sorted(wanted.items()):
            contact = self.contacts[contact_id]
            if contact.entries is None and not contact.stored:
                contact.entries = {}
            if contact.entries is not None and not contact.partly:
                continue
            names = None if asked is None else sorted(set(asked) - (contact.entries or {}).keys())
            if names or names is None or contact.entries is None:
                rows.append({"contact": contact_id, "names": names})
        if not rows:
            return
        asked_of = {row["contact"]: row["names"] for row in rows}
        for row in self.run("properties.entries", wanted=rows):
            contact, names = self.contacts[row["contact"]], asked_of[row["contact"]]
            if contact.entries is None:
                contact.entries, contact.partly, contact.names = {}, True, row["names"]
            here = set(contact.entries)
            for name, value, occurred, arrived, source, fill, position, element, shown, first, rule, said in row[
                "entries"
            ]:
                if name not in here:  # what is here may have been written to in this transaction
                    entry = Entry(name, value, occurred, arrived, source, fill, position, element, shown, shown)
                    entry.rule, entry.said, entry.stored_value, entry.first = rule, said, value, first
                    contact.entries.setdefault(name, []).append(entry)
            if names is None:
                contact.partly = False
            for name in names or ():
                contact.entries.setdefault(name, [])
        for contact_id in asked_of:
            # A dry run holds no locks: whom it saw may be folded by now, and nothing is read of it.
            if self.contacts[contact_id].entries is None:
                self.contacts[contact_id].entries = {}

    # --- reading --------------------------------------------------------------------------------------------

    @property
    def last_seen(self) -> Micros:
        """When one of the contacts that are loaded was last seen; 0 where there is none."""
        return max((contact.seen for contact in self.contacts.values()), default=0)

    def contact(self, contact_id: str) -> Contact:
        """Return a contact, or the one it was folded into in this transaction."""
        contact = self.contacts[contact_id]
        while contact.folded_into is not None:
            contact = self.contacts[contact.folded_into]
        return contact

    def key(self, ref: KeyRef) -> Key:
        """Return a key; one that is not in the graph comes without owners."""
        key = self.keys.get(ref)
        if key is None:
            key = self.keys[ref] = Key(*ref)
        return key

    def owners(self, ref: KeyRef) -> list[Contact]:
        """List the owners of a key: known first, then most recently seen, then smallest id."""
        key = self.keys.get(ref)
        if key is None:
            return []
        found = [self.contacts[owner] for owner in key.owners]
        if len(found) > 1:
            found.sort(key=lambda contact: (contact.kind is not Kind.KNOWN, -contact.seen, contact.id))
        return found

    def facts(self, keys: EventKeys) -> Facts:
        """Put together what the decision table wants to know of one event."""
        owners: dict[KeyRef, tuple[ContactFacts, ...]] = {}
        seen: dict[str, ContactFacts] = {}
        for ref in keys.every:
            for one in (found := self.owners(ref)):
                if one.id not in seen:
                    seen[one.id] = self._facts(one)
            if found:
                owners[ref] = tuple([seen[one.id] for one in found])
        split: dict[KeyRef, ContactFacts] = {}
        tracker_owner = next((owners[ref][0] for ref in keys.devices if ref in owners), None)
        if tracker_owner is not None:
            for ref in keys.subscriptions:
                made = self._made_by_conflict(self.contacts[tracker_owner.id], ref)
                for owner in owners.get(ref, ()):
                    if owner.id in made:
                        split.setdefault(ref, owner)
        return Facts(owners, split)

    def _facts(self, contact: Contact) -> ContactFacts:
        subscriptions = frozenset(contact.subscriptions)
        named = contact.person_keys > 0
        if not self.judged:
            return ContactFacts(contact.id, contact.kind, named, contact.counts, subscriptions)
        return ContactFacts(
            contact.id,
            contact.kind,
            named,
            contact.counts,
            subscriptions,
            self.apart(contact),
            frozenset(contact.barred),
        )

    def apart(self, contact: Contact) -> dict[str, KeyRef | None]:
        """Return with whom no event folds a contact: by a judgement, or for the sake of a key that one may not have."""
        found: dict[str, KeyRef | None] = {}
        for key in contact.barred:
            found |= dict.fromkeys(self.key(key).owners, key)
        for one in self.judged:
            other = self.contact(one)
            for key in other.barred:
                if contact.id in self.key(key).owners:
                    found[other.id] = key
        for one in contact.apart:
            found[self.contact(one).id if one in self.contacts else one] = None
        found.pop(contact.id, None)
        return found

    def _made_by_conflict(self, tracker_owner: Contact, subscription: KeyRef) -> set[str]:
        """Find the contacts (or their survivors) that the conflict of these two made."""
        return {
            self.contact(made).id
            for owner, made in self.conflicts.get(subscription, ())
            if owner in self.contacts and made in self.contacts and self.contact(owner) is tracker_owner
        }

    # --- operations -----------------------------------------------------------------------------------------

    def create(self, at: Micros, *, split: bool = False) -> Contact:
        """Make a contact; it has no key yet. One made by a conflict of row 4.3.3 (``split``) is known at once."""
        contact = Contact(self.id_source.contact(), at, at, split=split, nameless=split, complete=True, entries={})
        self.contacts[contact.id] = contact
        return contact

    def own(
        self, contact: Contact, ref: KeyRef, at: Micros, source: str | None = None, *, derived: bool = False
    ) -> None:
        """Give a contact a key that it does not own; a tracker opens a period of ownership."""
        key = self.key(ref)
        self.link(contact, key, Ownership(at, source=source, derived=derived))
        if ref.namespace == TRACKER:
            key.timeline = self._open_timeline(contact, ref.value, at)
            if not contact.tracker_id:
                contact.tracker_id, contact.timeline_id = ref.value, key.timeline.id

    def mint_tracker(self, contact: Contact, at: Micros, source: str | None = None) -> None:
        """Give a contact a tracker of our making."""
        tracker = self.id_source.tracker()
        self.minted.add(tracker)
        self.own(contact, KeyRef(TRACKER, tracker), at, source)

    def primary_period(self, contact: Contact) -> Timeline:
        """Return the open period of a contact's primary tracker, which the contact's node names."""
        key = self.key(KeyRef(TRACKER, contact.tracker_id))
        if key.timeline is None:
            # The tracker is the contact's, so it and its ownership are in the graph.
            key.stored = True
            key.timeline = self._timeline_loaded(contact.timeline_id, key.value, contact.id)
            if key not in contact.keys:
                contact.keys[key] = key.owners[contact.id] = Ownership(0, stored=True)
        return key.timeline

    def noted(self, message_id: str, contact: Contact, timeline: Timeline, rule: str, outcome: str) -> None:
        """Remember an event of this transaction, for a repetition within it."""
        self.messages[message_id] = SeenMessage(contact.id, timeline.tracker, True, rule, outcome)

    def note(self, kind: ChangeKind, at: Micros, contact: str, **more: Any) -> None:
        """Note in the change feed what was done; see `graph.store.changes.change_row`."""
        # Its place among the changes of its event, so that it is the same in a batch of any size.
        before = self.feed[-1] if self.feed else None
        place = before["place"] + 1 if before is not None and before["fresh"] == at else 0
        self.feed.append(change_row(kind, at, contact, place=place, **more))

    def _open_timeline(self, contact: Contact, tracker: str, at: Micros) -> Timeline:
        timeline = Timeline(self.id_source.time_ordered(), tracker, contact.id, at)
        self.timelines[timeline.id] = contact.timelines[timeline.id] = timeline
        return timeline

    def disown(self, contact: Contact, ref: KeyRef, at: Micros) -> None:
        """Take a key, and the hashes of it, from a contact; activity stays, a lost primary tracker is replaced."""
        key, names = self.keys[ref], self.namespaces[ref.namespace].is_person
        if names or (ref.namespace == TRACKER and contact.tracker_id == ref.value):
            self.need_keys(contact)
        ownership = self.unlink(contact, key)
        if names:
            for hashed in self.hashes_of(ref):
                if (known := self.keys.get(hashed)) is not None and known in contact.keys:
                    self.unlink(contact, known)
            self.lose_names(contact, [ownership], at)
        if ref.namespace != TRACKER:
            return
        if key.timeline is not None:
            key.timeline.ended = at
            key.timeline = None
        if contact.tracker_id == ref.value:
            self.choose_primary(contact, at)

    def hashes_of(self, ref: KeyRef) -> list[KeyRef]:
        """List the keys that are hashes of a key."""
        return [KeyRef(name, hash_of(ref.value)) for name in self.namespaces.hashes.get(ref.namespace, ())]

    def is_name(self, namespace: KeyName, edge: Ownership) -> bool:
        """Return whether a contact is known by a key that it owns so: a person key, and not the hash of another."""
        return self.namespaces[namespace].is_person and not edge.derived

    def lose_names(self, contact: Contact, lost: Sequence[Ownership], at: Micros, *, split: str | None = None) -> None:
        """Note the loss of person keys; with the last one a contact is anonymous, whatever made it known before."""
        left = [edge.merge for key, edge in contact.keys.items() if self.is_name(key.name, edge)]
        if None in left or not lost:
            return
        outlived = {row["merge"] for row in self.run("union.brought_nameless", contact_id=contact.id)}
        outlived |= {
            merge.id for merge in self.merges if merge.target == contact.id and self.contacts[merge.source].nameless
        }
        left_by = frozenset(merge for merge in left if merge is not None)
        for came_by in dict.fromkeys(edge.merge for edge in lost):
            self.losses.append((contact.id, NameLoss(came_by, left_by, frozenset(outlived), at, split)))
        contact.nameless = contact.nameless and bool(left)

    def choose_primary(self, contact: Contact, at: Micros) -> None:
        """Make the tracker that came to the contact first its primary one; without any, mint one."""
        trackers = [(ownership, key) for key, ownership in contact.keys.items() if key.name == TRACKER]
        contact.tracker_id = contact.timeline_id = ""
        if not trackers:
            self.mint_tracker(contact, at)
            return
        _, first = min(trackers, key=lambda item: tracker_order(item[0]))
        assert first.timeline is not None
        contact.tracker_id, contact.timeline_id = first.value, first.timeline.id

    def remember_conflict(self, contact: Contact, tracker_owner: str, subscription: KeyRef, at: Micros) -> None:
        """Remember that a conflict made this contact (row 4.3.3)."""
        self.conflicts.setdefault(subscription, []).append((tracker_owner, contact.id))
        self.new_conflicts.append((tracker_owner, subscription, contact.id, at))

    def link(self, contact: Contact, key: Key, ownership: Ownership) -> None:
        """Draw an ownership edge, nothing else."""
        key.owners[contact.id] = contact.keys[key] = ownership
        if self.namespaces[key.name].is_subscription:
            contact.subscriptions.add(key.ref)
        elif not ownership.derived:
            contact.counts[key.name] = contact.counts.get(key.name, 0) + 1
            contact.person_keys += self.namespaces[key.name].is_person

    def unlink(self, contact: Contact, key: Key) -> Ownership:
        """Remove an ownership edge, nothing else, and give it back."""
        ownership = key.owners.pop(contact.id)
        del contact.keys[key]
        if ownership.stored:
            self.disowned.append((key, contact.id))
        if self.namespaces[key.name].is_subscription:
            contact.subscriptions.discard(key.ref)
        elif not ownership.derived:
            contact.counts[key.name] -= 1
            contact.person_keys -= self.namespaces[key.name].is_person
        return ownership

    def write_properties(
        self,
        contact: Contact,
        values: Properties,
        occurred: Micros,
        arrived: Micros,
        source: str | None,
        *,
        most: int,
    ) -> bool:
        """Write properties to a contact (None removes one) and return whether all of them could be.

        A contact that has ``most`` names gets no more of them; a name that was removed counts.
        """
        self.need_properties({contact.id: values})
        assert contact.entries is not None
        whole = True
        room: int | None = None
        for name, value in values.items():
            entries = contact.entries.setdefault(name, [])
            if not entries:
                room = most - contact.count_names() if room is None else room
                if room <= 0:
                    whole = whole and value is None
                    continue
                room -= 1
                contact.names += 1
            self._add_entry(contact, entries, Entry(name, value, occurred, arrived, source))
        return whole

    def write_properties_once(
        self,
        contact: Contact,
        values: Properties,
        occurred: Micros,
        arrived: Micros,
        source: str | None,
        *,
        most: int,
    ) -> bool:
        """Write those properties to a contact that it never had: none that it has, and none that was removed."""
        self.need_properties({contact.id: values})
        assert contact.entries is not None
        lacking = {name: value for name, value in values.items() if not contact.entries.get(name)}
        return self.write_properties(contact, lacking, occurred, arrived, source, most=most)

    def add_to_property(
        self,
        contact: Contact,
        name: str,
        value: PropertyValue,
        occurred: Micros,
        arrived: Micros,
        source: str | None,
        *,
        most: int,
    ) -> bool:
        """Add a text to what a contact has of a property: one stays a text, several are a list, the newest last."""
        self.need_properties({contact.id: [name]})
        assert contact.entries is not None
        current, when = shown_entry(contact.entries.get(name, ()))
        if current is not None and current.value is None and when > occurred:
            return True
        had = [] if current is None or current.value is None else current.value
        listed = [str(item) for item in (had if isinstance(had, list) else [had])]
        if value in listed:
            return True
        listed = [*listed, str(value)][-MOST_IN_LIST:]
        # It is added to what is there, whichever of the two was said first.
        said = occurred if current is None else max(occurred, when)
        values: Properties = {name: listed if len(listed) > 1 else listed[0]}
        return self.write_properties(contact, values, said, arrived, source, most=most)

    def _add_entry(self, contact: Contact, entries: list[Entry], new: Entry) -> None:
        # Of what was written between two unions only the newest can ever be shown.
        last_fill = max((entry.order for entry in entries if not entry.is_written), default=(0, 0))
        written = [one for one in entries if one.is_written and one.order > last_fill]
        if any(entry.occurred > new.occurred for entry in written):
            return
        for entry in written:
            if entry.says_as(new):
                # Of what a split gives back, the value that was written then says itself when it arrived.
                if entry.fill is None:
                    new.first = entry.arrived if entry.first is None else entry.first
                self.drop_entry(entries, entry)
            else:
                self._replace_entry(contact, entries, entry, new.arrived)
        add_entry(entries, new)
        show(entries)

    def _replace_entry(self, contact: Contact, entries: list[Entry], entry: Entry, at: Micros) -> None:
        entries.remove(entry)
        if entry.element is not None:
            self.replaced_entries.append((entry.element, at))
        else:
            self.passed_entries.append((contact.id, entry, at))

    def drop_entry(self, entries: list[Entry], entry: Entry) -> None:
        """Take an entry away; whoever calls this marks what is shown then."""
        entries.remove(entry)
        if entry.element is not None:
            self.dropped_entries.append(entry.element)


def show(entries: Iterable[Entry]) -> None:
    """Mark which entry of a property the contact shows."""
    current, _ = shown_entry(entries)
    for entry in entries:
        entry.shown = entry is current
