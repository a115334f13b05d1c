"""The plan of one event: the current contact and the effects that a row notes, within the limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from graph.identity.decision.case import Case
from graph.identity.decision.effects import ConflictContact, Effect, Fold, Own, Take
from graph.identity.decision.facts import NOT_APART, ContactFacts
from graph.model import TRACKER, Conflict, ConflictReason, KeptApart, KeyName, KeyRef, Kind, Outcome

NO_COUNTS: Mapping[str, int] = MappingProxyType({})


@dataclass(slots=True)
class Plan:
    """What a row does, noted down: the current contact and the effects, within the limits."""

    case: Case
    outcome: Outcome = Outcome.FOUND
    current: ContactFacts | None = None
    kind: Kind = Kind.ANONYMOUS
    effects: list[Effect] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    limited: bool = False
    counts: Mapping[str, int] = field(default_factory=lambda: NO_COUNTS)
    subscriptions: frozenset[KeyRef] = frozenset()
    folded: set[str] = field(default_factory=set)
    apart: Mapping[str, KeyRef | None] = field(default_factory=lambda: NOT_APART)
    barred: frozenset[KeyRef] = frozenset()
    kept_apart: list[KeptApart] = field(default_factory=list)

    def found(self, contact: ContactFacts, outcome: Outcome = Outcome.FOUND) -> None:
        self.current, self.kind, self.outcome = contact, contact.kind, outcome
        self.counts, self.subscriptions = contact.counts, contact.subscriptions
        self.apart, self.barred = contact.apart, contact.barred

    def created(self, kind: Kind, outcome: Outcome = Outcome.CREATED) -> None:
        self.current, self.kind, self.outcome = None, kind, outcome

    def has(self, contact: ContactFacts) -> bool:
        """Return whether a contact is the current one, or is folded into it."""
        return contact.id in self.folded or (self.current is not None and contact.id == self.current.id)

    def keep_apart(self, kept: KeptApart) -> None:
        """Note that a judgement kept a contact or a key from the current contact."""
        if kept not in self.kept_apart:
            self.kept_apart.append(kept)

    def _keeps_from(self, key: KeyRef) -> bool:
        """Return, and note, whether a judgement keeps a key from the current contact."""
        if key in self.barred:
            self.keep_apart(KeptApart(key=key.namespace))
            return True
        return False

    def _keeps_from_folding(self, source: ContactFacts) -> bool:
        """Return, and note, whether a judgement keeps a contact from the current one."""
        if source.id in self.apart:
            key = self.apart[source.id]
            self.keep_apart(KeptApart(contact=source.id) if key is None else KeptApart(key=key.namespace))
            return True
        for effect in self.effects if source.barred else ():
            if not isinstance(effect, Fold | ConflictContact) and effect.key in source.barred:
                self.keep_apart(KeptApart(key=effect.key.namespace))
                return True
        return False

    def own_person_keys(self) -> None:
        """Every person key of the event that is nobody's becomes the current contact's, as far as it has room."""
        keys, mine = self.case.keys, set[KeyRef]()
        for key in keys.persons:
            if key in keys.derived:
                continue
            owner = self.case.facts.owner(key)
            if owner is not None and not self.has(owner):
                self.conflicts.append(Conflict(key.namespace, owner.id))
                continue
            if owner is None and self._keeps_from(key):
                continue
            if owner is None and not self._takes(key):
                self.conflicts.append(Conflict(key.namespace, None, ConflictReason.FULL))
                continue
            mine.add(key)
            if owner is None:
                self.effects.append(Own(key))
                self.kind = Kind.KNOWN
        # A hash is owned along with what it is of: one of a key that stays elsewhere is left alone.
        for key in keys.persons if keys.derived else ():
            if keys.derived.get(key) not in mine:
                continue
            owner = self.case.facts.owner(key)
            if owner is None:
                self.effects.append(Own(key, derived=True))
            elif not self.has(owner):
                self.conflicts.append(Conflict(key.namespace, owner.id))

    def own_device_keys(self) -> None:
        """Make the event's device keys the current contact's: those that are nobody's, and T's."""
        for key in self.case.keys.devices:
            owner = self.case.facts.owner(key)
            if owner is None or owner is self.case.tracker:
                self.own_device_key(key, owner)

    def own_device_key(self, key: KeyRef, owner: ContactFacts | None) -> None:
        """Move a device key to the current contact, from whoever has it."""
        if self._keeps_from(key):
            return
        if self._takes(key):
            self.effects.append(Own(key) if owner is None else Take(key, owner.id))
        else:
            self.limited = True

    def own_subscription(self, key: KeyRef, *leaving: ContactFacts) -> bool:
        """Make a subscription the current contact's; those that are ``leaving`` lose it."""
        if key not in self.subscriptions:
            if self._keeps_from(key):
                return False
            same = sum(one.namespace == key.namespace for one in self.subscriptions)
            limits = self.case.limits
            if len(self.subscriptions) >= limits.max_subscriptions or not limits.room(key.namespace, same):
                self.limited = True
                return False
            self.subscriptions |= {key}
            if not leaving:
                self.effects.append(Own(key))
        self.effects += [Take(key, owner.id) for owner in leaving]
        return True

    def _takes(self, key: KeyRef) -> bool:
        """Count one more key of a namespace, when the contact has room for it."""
        count = self.counts.get(key.namespace, 0)
        if not self.case.limits.room(key.namespace, count):
            return False
        self.count(key.namespace, count + 1)
        return True

    def count(self, namespace: KeyName, count: int) -> None:
        """Note how many keys of a namespace the current contact has by now."""
        self.counts = {**self.counts, namespace: count}

    def fold(self, source: ContactFacts) -> bool:
        """Fold ``source`` into the current contact, unless a judgement or the limits on its keys forbid it."""
        if self._keeps_from_folding(source):
            return False
        trackers = self.counts.get(TRACKER, 0) + source.counts.get(TRACKER, 0)
        subscriptions = self.subscriptions | source.subscriptions
        if not self.case.limits.hold(trackers, len(subscriptions)):
            self.limited = True
            return False
        for namespace, count in source.counts.items():
            self.count(namespace, self.counts.get(namespace, 0) + count)
        self.subscriptions = subscriptions
        self.effects.append(Fold(source.id))
        self.folded.add(source.id)
        if source.apart:
            self.apart = {**self.apart, **source.apart}
        if source.barred:
            self.barred |= source.barred
        return True

    def merge_from(self, *sources: ContactFacts) -> None:
        """Fold each source and answer ``merged``, or ``found`` when judgements or limits let none through."""
        folded = [self.fold(source) for source in sources]
        self.outcome = Outcome.MERGED if any(folded) else Outcome.FOUND
