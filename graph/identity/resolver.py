"""The resolver: events in, answers out, one committed transaction for one event or for a thousand.

Keys are read, facts are loaded under locks, decisions are made in order of arrival against a world that already
holds the effects of the events before, and what changed is written in a few grouped statements.
"""

import logging
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import orjson

from graph import tracing
from graph.callbacks import notify
from graph.clock import Clock, IdSource, Micros, RandomIds, to_datetime, to_micros, to_pair
from graph.errors import KinfoldError, Unavailable
from graph.identity import subscriptions
from graph.identity.alerts import note_crowds
from graph.identity.aliases import Alias, read_alias
from graph.identity.decision import POLICIES, Decision, Limits, Policy, decide, explain
from graph.identity.decision.effects import ConflictContact, Fold, Own, Take
from graph.identity.events import Event, TrackedEvent
from graph.identity.folding import fold
from graph.identity.keys import DEFAULT_BLOCK_LIST, BlockList, EventKeys, read_keys, read_replaced
from graph.identity.namespaces import BUILT_IN, DEFAULT_NAMESPACES, Namespaces
from graph.identity.union_rules import Rules
from graph.identity.working_set import Contact, Key, WorkingSet, keys_that_gained
from graph.identity.working_set.working_set import Read
from graph.identity.working_set.write import write_activities, write_working_set
from graph.model import (
    TRACKER,
    Answer,
    Conflict,
    ContactRef,
    KeptApart,
    KeyRef,
    Kind,
    MovedKey,
    Outcome,
    TraceStep,
)
from graph.store.changes import ChangeKind
from graph.store.database import RECEIPT, Database, Transaction

log = logging.getLogger("kinfold.resolver")

Resolve = Callable[[Sequence[Event]], list[Answer]]
T = TypeVar("T")

DEFAULT_EVENT = "identify"

STANDING = frozenset(one.name for one in BUILT_IN)
"""Namespaces of which a key that an activity carried stands on it; other keys it is tied to in the graph."""

AHEAD = 500
"""After how many events of a large batch the database begins to write, while the next ones are decided."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event with its keys read; made once, whatever the number of tries.

    ``message_id`` is the event's own, or one minted for it: with it a commit whose answer was lost is recognised.
    """

    event: Event
    keys: EventKeys
    message_id: str
    alias: Alias | None = None
    replaces: tuple[tuple[KeyRef, KeyRef], ...] = ()
    """Old subscriptions with the new ones that take their place."""

    @property
    def every_keys(self) -> tuple[EventKeys, ...]:
        """The keys that may decide, with those of the readings of an alias."""
        return (self.keys,) if self.alias is None else (self.keys, self.alias.person, self.alias.without)


@dataclass(frozen=True, slots=True)
class Marker:
    """An activity by which a commit is recognised whose answer was lost."""

    message_id: str
    commit: int
    """What the activity keeps of its transaction: the message may have reached another server meanwhile, and been
    written by that one."""

    def committed(self, tx: Transaction) -> bool:
        """Return whether the transaction that wrote it was committed."""
        return bool(tx.run("resolution.committed", message_id=self.message_id, commit=self.commit)[0]["committed"])


@dataclass(slots=True)
class SharedTransaction:
    """One event in a transaction in which somebody else reads and writes too."""

    resolver: "Resolver"
    tx: Transaction
    item: Prepared
    working_set: WorkingSet
    answer: Answer | None = None
    """The answer to what was carried out; None before `settle`, and where nothing was."""
    marker: Marker | None = None

    def settle(self, choose: Callable[[Decision], Prepared | None]) -> Decision:
        """Decide the event, and carry out what the caller chooses; nothing is written before the working set is.

        Parameters
        ----------
        choose
            Sees the decision, and returns the event to carry out: this one, another in its place, or none.
        """
        turn = self._turn(self.item)
        decision = turn.decision()
        chosen = choose(decision)
        if chosen is not None:
            if chosen is not self.item:
                turn = self._turn(chosen)
            self.answer, self.marker = turn.answer(), turn.marker
        return decision

    def _turn(self, item: Prepared) -> "EventResolution":
        _load(self.working_set, [item])
        at = self.resolver.clock.next(after=self.working_set.last_seen)
        return EventResolution(self.resolver, self.working_set, item, at, explain=False)


@dataclass(slots=True)
class _Batch:
    """What one try to resolve a batch came to."""

    answers: list[Answer]
    marker: Marker | None = None
    """An activity that is in the graph when, and only when, this try was committed; None when it writes none."""


class Resolver:
    """Find which contact is behind an event.

    Parameters
    ----------
    database
        Where the graph is.
    policy, limits, block_list
        What the deployment chose.
    namespaces
        Those of the deployment; the block list has the same.
    union_rules
        What unions make of some properties.
    id_source, clock
        Where new ids and arrival times come from.
    alert_persons
        How many persons who named themselves with one subscription or device raise a finding; 0 for never.
    """

    def __init__(
        self,
        database: Database,
        *,
        policy: Policy | str = "strict",
        limits: Limits | None = None,
        block_list: BlockList | Callable[[], BlockList] = DEFAULT_BLOCK_LIST,
        id_source: IdSource | None = None,
        clock: Clock | None = None,
        namespaces: Namespaces = DEFAULT_NAMESPACES,
        alert_persons: int = 0,
        union_rules: Rules | None = None,
    ) -> None:
        self.database = database
        self.union_rules = union_rules or {}
        self.namespaces = namespaces
        self.alert_persons = alert_persons
        self.policy = POLICIES[policy] if isinstance(policy, str) else policy
        self.limits = limits or Limits()
        self._block_list = block_list
        self.id_source = id_source or RandomIds()
        self.clock = clock or Clock()
        self.answered: Callable[[Sequence[Answer]], None] = lambda _: None
        """Told the answers of every transaction that was committed; for metrics."""

    def working_set(self, run: Read, *, lock: bool = True) -> WorkingSet:
        """Return an empty working set as this deployment's settings want it."""
        return WorkingSet(
            run,
            self.id_source,
            lock=lock,
            namespaces=self.namespaces,
            alert_persons=self.alert_persons,
            union_rules=self.union_rules,
        )

    @property
    def block_list(self) -> BlockList:
        """The values that are as good as absent, as of now."""
        return self._block_list() if callable(self._block_list) else self._block_list

    def resolve(self, events: Sequence[Event], *, dry_run: bool = False, explain: bool = False) -> list[Answer]:
        """Resolve events in order of arrival in one transaction; answer after its commit.

        Parameters
        ----------
        events
            In order of arrival; each sees the effects of those before it.
        dry_run
            Answer the same and write nothing.
        explain
            Put the steps of each decision in its answer.

        Raises
        ------
        Unavailable
            When the database could not take the transaction; nothing of it was written, or, where the
            connection broke during the commit, sending the same ``message_id`` again finds what was.
        """
        if dry_run:
            with self.rehearsal(explain=explain) as rehearse:
                return rehearse(events)
        prepared = self.prepare(events)
        with tracing.span("resolve", {"events": len(prepared)}):
            batch = self.database.write(lambda tx: self._attempt(tx, prepared, explain=explain), committed=_committed)
        notify(self.answered, batch.answers)
        return batch.answers

    def resolve_and(
        self,
        prepared: Sequence[Prepared],
        beside: Callable[[Transaction, list[Answer]], None],
    ) -> list[Answer]:
        """Resolve events in order, and do something else in the same transaction, which knows the answers.

        Parameters
        ----------
        prepared
            Events as `prepare` gives them.
        beside
            What else to do; what it raises takes everything back.

        Raises
        ------
        Unavailable
            When the database could not take the transaction.
        """

        def attempt(tx: Transaction) -> list[Answer]:
            answers = self._attempt(tx, prepared, explain=False).answers if prepared else []
            beside(tx, answers)
            return answers

        answers = self.database.write(attempt, committed=RECEIPT)
        notify(self.answered, answers)
        return answers

    def under(self, policy: str) -> "Resolver":
        """Return the same resolver under another policy; for dry runs, since a deployment has one."""
        other = copy(self)
        other.policy = POLICIES[policy]
        return other

    @contextmanager
    def rehearsal(
        self,
        *,
        explain: bool = False,
        numbered: bool = False,
        seen: Callable[[WorkingSet, list[KeyRef], dict[str, str]], None] | None = None,
    ) -> Iterator[Callable[[Sequence[Event]], list[Answer]]]:
        """Return a function that resolves batch after batch and writes nothing.

        Every batch sees what those before it would have done: the world is kept from one to the next instead of
        being written, so that memory grows with the keys that a rehearsal meets, and no writer waits for it.

        Parameters
        ----------
        explain
            Put the steps of each decision in its answer.
        numbered
            Call contacts that exist only in it `new-1`, `new-2` and so on, in the order in which batches show them,
            instead of leaving their ids out.
        seen
            Told, after each batch, the world as it would be, the keys of the batch, and what contacts are called that
            exist only in it.
        """
        numbers: dict[str, str] = {}
        working_set = self.working_set(_nothing_to_run, lock=False)

        def rehearse(events: Sequence[Event]) -> list[Answer]:
            prepared = self.prepare(events)
            decided: list[bool] = []

            def load(tx: Transaction) -> None:
                working_set.run = tx.run
                _load(working_set, prepared)

            def decide_all(tx: Transaction) -> list[Answer]:
                if decided:  # a second try would meet the effects of the first
                    raise Unavailable("The database was lost in the middle of a dry run. Start it again.")
                decided.append(True)
                working_set.run = tx.run
                return self._turns(working_set, prepared, explain=explain).answers

            self.database.rehearse(load)
            answers = self.database.rehearse(decide_all)
            for timeline in working_set.timelines.values():
                timeline.activities.clear()
            working_set.carried.clear()
            working_set.turns.clear()
            working_set.hints.clear()
            working_set.feed.clear()
            _hide_made_up(answers, working_set, numbers if numbered else None)
            if seen is not None:
                for contact in working_set.contacts.values():
                    if not contact.stored:
                        numbers.setdefault(contact.id, f"new-{len(numbers) + 1}")
                seen(working_set, [ref for item in prepared for ref in item.keys.every], numbers)
            return answers

        yield rehearse

    def prepare(self, events: Sequence[Event]) -> list[Prepared]:
        """Read the keys of events, by the block list of now."""
        block_list = self.block_list
        prepared = []
        for event in events:
            keys, alias = read_alias(event, read_keys(event, block_list), block_list)
            replaces = read_replaced(event, keys, block_list) if event.replaces else ()
            message_id = event.message_id or self.id_source.time_ordered()
            prepared.append(Prepared(event, keys, message_id, alias, replaces))
        return prepared

    def resolve_beside(self, event: Event, work: "Callable[[SharedTransaction], T]", *, dry_run: bool = False) -> T:
        """Resolve one event in a transaction that the caller shares, and return what the caller makes of it.

        Parameters
        ----------
        work
            Given the event in its transaction: asks for the decision, settles what is carried out, and reads and writes
            beside it. It runs again when the transaction does; what it raises takes everything back.
        dry_run
            Return the same and write nothing.

        Raises
        ------
        Unavailable
            When the database could not take the transaction.
        """
        [item] = self.prepare([event])

        def attempt(tx: Transaction) -> "tuple[SharedTransaction, T]":
            shared = SharedTransaction(self, tx, item, self.working_set(tx.run))
            return shared, work(shared)

        if dry_run:
            return self.database.rehearse(attempt)[1]
        shared, result = self.database.write(attempt, committed=lambda tx, done: _committed(tx, done[0]))
        if shared.answer is not None:
            notify(self.answered, [shared.answer])
        return result

    def _attempt(self, tx: Transaction, prepared: Sequence[Prepared], *, explain: bool) -> _Batch:
        working_set = self.working_set(tx.run)
        _load(working_set, prepared)
        batch = self._turns(
            working_set, prepared, explain=explain, ahead=lambda: write_activities(working_set, tx.start)
        )
        write_working_set(working_set, tx.defer)
        return batch

    def _turns(
        self,
        working_set: WorkingSet,
        prepared: Sequence[Prepared],
        *,
        explain: bool,
        ahead: Callable[[], None] | None = None,
    ) -> _Batch:
        """Give every event its turn. Only now, under the locks, is it settled who came before whom.

        ``ahead`` is called now and then in a large batch, to write what can be written already.
        """
        arrival = self.clock.next(len(prepared) or 1, after=working_set.last_seen)
        batch = _Batch([])
        for offset, item in enumerate(prepared):
            if ahead is not None and offset and offset % AHEAD == 0:
                ahead()
            turn = EventResolution(self, working_set, item, arrival + offset, explain, marks=batch.marker is None)
            batch.answers.append(turn.answer())
            batch.marker = batch.marker or turn.marker
        return batch


def resolve_each(resolve: Resolve, events: Sequence[Event]) -> Sequence[Answer | KinfoldError]:
    """Resolve events in one transaction; when it fails for a lasting reason, one by one.

    Raises
    ------
    Unavailable
        When the database is away and nothing was resolved.
    """
    try:
        return resolve(events)
    except Unavailable:
        raise
    except Exception as error:
        if len(events) == 1:
            return [_as_failure(error)]
        name = type(error).__name__
        log.warning("a batch of %d events failed (%s): one by one, so that only the culprit does", len(events), name)
    return _one_by_one(resolve, events)


def _one_by_one(resolve: Resolve, events: Sequence[Event]) -> list[Answer | KinfoldError]:
    answers: list[Answer | KinfoldError] = []
    away: Unavailable | None = None
    for event in events:
        if away:
            answers.append(away)
            continue
        try:
            answers += resolve([event])
        except Unavailable as error:
            # Each further event would wait as long as this one did.
            away = error
            answers.append(error)
        except Exception as error:
            answers.append(_as_failure(error))
    return answers


def _as_failure(error: Exception) -> KinfoldError:
    if isinstance(error, KinfoldError):
        return error
    log.error("an event failed alone", exc_info=error)
    return KinfoldError("The server failed on this event and wrote the reason to its log.")


def _nothing_to_run(*_: Any, **__: Any) -> list[dict[str, Any]]:
    raise RuntimeError("a rehearsal's world reads only during its turns")


def _load(working_set: WorkingSet, all_prepared: Sequence[Prepared]) -> None:
    prepared = [item for item in all_prepared if not item.keys.all_blocked]
    if not prepared:
        return
    wanted = [key for item in prepared for keys in item.every_keys for key in keys.every]
    wanted += [old for item in prepared for old, _ in item.replaces]
    if leaving := [list(key) for item in prepared if item.event.logout for key in item.keys.devices]:
        rows = working_set.run("subscriptions.brought", devices=leaving)
        wanted += [KeyRef(row["namespace"], row["value"]) for row in rows]
    working_set.load(
        keys=wanted,
        message_ids=[item.message_id for item in prepared if item.event.message_id is not None],
    )
    _foresee(working_set, prepared)


def _foresee(working_set: WorkingSet, prepared: Sequence[Prepared]) -> None:
    """Load for the whole batch at once what its unions and properties will most likely ask for one by one."""
    named_again = {key for key, times in Counter(_person_keys(prepared)).items() if times > 1}
    folding: dict[str, Contact] = {}
    wanted: dict[str, set[str] | None] = {}
    for item in prepared:
        keys = item.keys.every
        writes = bool(item.event.properties or item.event.properties_once)
        if len(keys) == 1 and not writes:
            continue
        owners = {owner: working_set.contacts[owner] for key in keys for owner in list(working_set.key(key).owners)[:2]}
        nameless = any(key in named_again and not working_set.key(key).owners for key in keys)
        if len(owners) + nameless > 1:
            folding |= {owner: contact for owner, contact in owners.items() if contact.kind is Kind.ANONYMOUS}
            wanted |= dict.fromkeys(owners)  # a union asks for every property
        else:
            for owner in owners:
                if (names := wanted.setdefault(owner, set())) is not None:
                    names.update(item.event.properties, item.event.properties_once)
    if folding:
        working_set.need_keys(*folding.values())
    working_set.need_properties({owner: names for owner, names in wanted.items() if names or names is None})


def _person_keys(prepared: Sequence[Prepared]) -> Iterator[KeyRef]:
    for item in prepared:
        yield from item.keys.persons


@dataclass(slots=True)
class EventResolution:
    """One event's turn: decide, apply, answer."""

    resolver: Resolver
    working_set: WorkingSet
    item: Prepared
    at: Micros
    explain: bool
    marks: bool = True
    """Whether the activity is to stand for the transaction."""
    marker: Marker | None = None
    """The activity that was written for this event, if it is to stand for the transaction."""
    before: Contact | None = None
    """The person that an alias speaks of."""
    said_to_be: Contact | None = None
    """The person that an alias speaks of, where its key may not fold anybody: it becomes a suggestion."""
    is_new: bool = False
    """Whether what an alias calls that person now was nobody's."""
    replaced: list[MovedKey] = field(default_factory=list)
    """The ownerships of old subscriptions that became some of the event's."""
    _decision: Decision | None = None

    def decision(self) -> Decision:
        """Return what the table says of this event; decided once."""
        if self._decision is None:
            keys, at = self.item.keys, self.at
            for old, new in self.item.replaces:
                self.replaced += subscriptions.replace(self.working_set, old, new, at, self.item.message_id)
            facts = self.working_set.facts(keys)
            self._decision = decide(keys, facts, self.resolver.policy, self.resolver.limits)
        return self._decision

    def answer(self) -> Answer:
        """Carry the decision out in the world, and return the answer."""
        if self.item.keys.all_blocked:
            return self._ignored()
        if self.item.message_id in self.working_set.messages:
            return self._duplicate()
        if self.item.alias is not None:
            self._read_alias(self.item, self.item.alias)
        return self._carry_out(self.decision())

    def _read_alias(self, item: Prepared, alias: Alias) -> None:
        """Settle, under the locks, whether an alias speaks of a person or of a device."""
        person = self.working_set.facts(alias.person)
        before = next((owner for key in alias.person.persons if (owner := person.owner(key)) is not None), None)
        if before is None:
            return
        item = self.item = replace(item, keys=alias.without)
        if not isinstance(item.event, TrackedEvent):
            return
        if not item.event.may_unite:
            self.said_to_be = self.working_set.contacts[before.id]
            return
        self.before = self.working_set.contacts[before.id]
        now = self.working_set.facts(item.keys)
        self.is_new = all(now.owner(key) is None for key in item.keys.persons)
        if self.is_new and (address := item.keys.first("email")) is not None:
            # A changed address: it becomes the person's `email`, as one that is given by hand.
            if KeyRef("email", address) in self.before.barred:
                return
            self.working_set.own(self.before, KeyRef("email", address), self.at, item.message_id)
            self.working_set.note("key_given", self.at, self.before.id, key="email", message_id=item.message_id)

    def _unite(self, contact: Contact, before: Contact, answer: Answer) -> Contact:
        """Make the person of an alias and the current contact one, as by hand; return who that is.

        Who was there before stays: the person of the alias when the new id was nobody's, else the owner of that id.
        """
        if (before := self.working_set.contact(before.id)) is contact:
            return contact
        source, target = (contact, before) if self.is_new else (before, contact)
        if self.working_set.judged and source.id in (apart := self.working_set.apart(target)) and not apart[source.id]:
            answer.kept_apart.append(KeptApart(contact=before.id))
            return contact
        trackers = source.counts.get(TRACKER, 0) + target.counts.get(TRACKER, 0)
        if not self.resolver.limits.hold(trackers, len(source.subscriptions | target.subscriptions)):
            answer.limited = True
            return contact
        fold(self.working_set, source, target, self.at, rule=None, message_id=None)
        answer.contact = ContactRef(target.id, target.kind)
        answer.merged.append(source.id)
        answer.conflicts = [one for one in answer.conflicts if one.owner != before.id]
        return target

    def _carry_out(self, decision: Decision) -> Answer:
        working_set, item = self.working_set, self.item
        evident = decision.evident and not item.keys.ignored
        first_turn = len(working_set.turns) - len(self.replaced)
        contact = self._current(decision)
        answer = Answer(
            ContactRef(contact.id, decision.kind),
            None,
            decision.rule,
            decision.outcome,
            moved=self.replaced,
            conflicts=list(decision.conflicts),
            ignored=list(item.keys.ignored),
            kept_apart=list(decision.kept_apart),
            limited=decision.limited,
        )
        if self.explain or not evident:
            answer.trace = [*self._set_aside(), *explain(decision)]
        if decision.outcome is Outcome.CLAIMED:
            self._note("claimed", contact, decision)
        for effect in decision.effects:
            match effect:
                case Own(key, derived):
                    # Only a subscription can be somebody else's and become this contact's all the same.
                    if others := working_set.owners(key):
                        self._note("shared", contact, decision, other=others[0].id, owners=len(others) + 1)
                    working_set.own(contact, key, self.at, item.message_id, derived=derived)
                case Take(key, owner):
                    loser = working_set.contacts[owner]
                    working_set.disown(loser, key, self.at)
                    if contact.id not in working_set.key(key).owners:
                        working_set.own(contact, key, self.at, item.message_id)
                    answer.moved.append(MovedKey(key.namespace, key.value, owner))
                    self._note("moved", contact, decision, other=owner, key=key.namespace)
                case Fold(source):
                    fold(
                        working_set,
                        working_set.contacts[source],
                        contact,
                        self.at,
                        rule=decision.rule,
                        message_id=item.message_id,
                    )
                    answer.merged.append(source)
                case ConflictContact(tracker_owner, subscription):
                    working_set.remember_conflict(contact, tracker_owner, subscription, self.at)
        if decision.limited:
            self._note("limited", contact, decision)
        if self.before is not None:
            contact = self._unite(contact, self.before, answer)
        if contact.person_keys and (gained := keys_that_gained(working_set, contact, decision)):
            note_crowds(working_set, gained, self.at, item.message_id)
        if self.said_to_be is not None and (other := working_set.contact(self.said_to_be.id)) is not contact:
            working_set.hints.append((other.id, contact.id))
        contact.seen = max(contact.seen, self.at)
        if item.event.properties or item.event.properties_once or isinstance(item.event, TrackedEvent):
            self._write_properties(contact, decision, answer)
        tracker = self._answered_tracker(contact)
        answer.tracker_id = tracker.value
        if item.keys.subscriptions:
            answer.shared_with = self._shared_with(contact)
        if item.keys.subscriptions or item.event.logout:
            self._live_on(contact, decision, tracker.value)
        if answer.trace is not None:
            answer.trace += [
                TraceStep("effect", subscriptions.in_words(turn)) for turn in working_set.turns[first_turn:]
            ]
        self._note_activity(contact, tracker, answer, evident=evident)
        if not self.explain:
            answer.trace = None
        return answer

    def _live_on(self, contact: Contact, decision: Decision, tracker_id: str) -> None:
        """Settle who is awake on the subscriptions of the event, or of the device on which somebody logged out."""
        working_set, keys, logout = self.working_set, self.item.keys, self.item.event.logout
        how = (self.at, self.item.message_id)
        # A client keeps the tracker that it is answered; one that sends none keeps it when it was made for it.
        told = (KeyRef(TRACKER, tracker_id),) if keys.devices or decision.current is None else ()
        for ref in keys.subscriptions:
            if keys.devices or told:
                subscriptions.bring(working_set, ref, keys.devices, told)
            if logout or contact not in working_set.owners(ref):
                continue
            subscriptions.wake(working_set, contact, ref, *how)
            for other in working_set.owners(ref) if keys.persons else ():
                if other is not contact:
                    subscriptions.fall_asleep(working_set, other, ref, *how)
        if logout:
            brought = subscriptions.brought_by(working_set, keys.devices)
            subscriptions.log_out(working_set, [*keys.subscriptions, *brought], *how)

    def _write_properties(self, contact: Contact, decision: Decision, answer: Answer) -> None:
        event, working_set, most = self.item.event, self.working_set, self.resolver.limits.max_properties
        how = (self._occurred(), self.at, self.item.message_id)
        whole = working_set.write_properties(contact, event.properties, *how, most=most) if event.properties else True
        if event.properties_once:
            whole &= working_set.write_properties_once(contact, event.properties_once, *how, most=most)
        if isinstance(event, TrackedEvent):
            for name, value in event.groups.items():
                whole &= working_set.add_to_property(contact, name, value, *how, most=most)
        if whole:
            return
        if answer.trace is not None:
            answer.trace.append(TraceStep("limit", "the contact has as many properties as it may"))
        if not answer.limited:
            self._note("limited", contact, decision)
        answer.limited = True

    def _current(self, decision: Decision) -> Contact:
        if decision.current is not None:
            return self.working_set.contacts[decision.current]
        split = any(isinstance(effect, ConflictContact) for effect in decision.effects)
        contact = self.working_set.create(self.at, split=split)
        if not any(isinstance(effect, Own | Take) and effect.key.namespace == TRACKER for effect in decision.effects):
            self.working_set.mint_tracker(contact, self.at, self.item.message_id)
        self._note("created", contact, decision, contact_kind=decision.kind.value)
        return contact

    def _note(self, kind: ChangeKind, contact: Contact, decision: Decision, **more: Any) -> None:
        self.working_set.note(kind, self.at, contact.id, rule=decision.rule, message_id=self.item.message_id, **more)

    def _answered_tracker(self, contact: Contact) -> Key:
        """Return the event's tracker where it is the contact's, else the contact's primary one."""
        ref = self.item.keys.tracker
        if ref is not None and contact.id in (own := self.working_set.key(ref)).owners:
            return own
        return self.working_set.key(KeyRef(TRACKER, contact.tracker_id))

    def _shared_with(self, contact: Contact) -> list[str | None]:
        owners = (owner for key in self.item.keys.subscriptions for owner in self.working_set.owners(key))
        return list(dict.fromkeys(owner.id for owner in owners if owner is not contact))

    def _note_activity(self, contact: Contact, tracker: Key, answer: Answer, *, evident: bool) -> None:
        working_set, item = self.working_set, self.item
        event, keys = item.event, item.keys
        period = tracker.timeline or working_set.primary_period(contact)
        occurred, received = self._occurred(), to_pair(self.at)
        node: dict[str, Any] = {
            "message_id": item.message_id,
            "event": event.event or DEFAULT_EVENT,
            "rule": answer.rule,
            "outcome": answer.outcome.value,
        }
        for key in keys.said:
            if key.namespace in STANDING and key.namespace not in node:
                node[key.namespace] = key.value
            else:
                working_set.carried.append((item.message_id, key))
        if (own := keys.tracker_id) is not None and own != period.tracker:
            node["elsewhere"] = own  # by which erasing finds it; the others stand on its period
        if event.event_properties:
            # Names and values side by side: to be found by either, without a property key in the store for
            # every name that a page may invent.
            node["property_names"] = list(event.event_properties)
            node["property_values"] = [orjson.dumps(value).decode() for value in event.event_properties.values()]
        if event.properties and all(key.namespace == TRACKER for key in keys.said):
            # What a browser says of its visitor stays its own, whatever becomes of the visitor: offers.stated.
            node["stated_names"] = list(event.properties)
            node["stated_values"] = [orjson.dumps(value).decode() for value in event.properties.values()]
        if event.occurred_at is not None and occurred == self.at < (said := to_micros(event.occurred_at)):
            node["said_at"] = to_datetime(said)
        if answer.limited:
            node["limited"] = True
        if not evident:
            # Why is asked long after; what was true of the keys then cannot be read from the graph of today.
            node["trace"] = [f"{step.step}: {step.detail}" for step in answer.trace or ()]
        at_once = occurred == self.at
        period.activities.append(
            {"node": node, "occurred": received if at_once else to_pair(occurred), "received": received}
        )
        period.last = self.at
        assert answer.rule is not None
        working_set.noted(item.message_id, contact, period, answer.rule, answer.outcome)
        if self.marks:
            # 53 bits fit into one block of the activity's record.
            self.marker = Marker(item.message_id, secrets.randbits(53))
            node["commit"] = self.marker.commit

    def _occurred(self) -> Micros:
        # Nothing occurs after it was received: a clock that is ahead must not win over everything said since.
        occurred = self.item.event.occurred_at
        return self.at if occurred is None else min(to_micros(occurred), self.at)

    def _duplicate(self) -> Answer:
        seen = self.working_set.messages[self.item.message_id]
        contact = self.working_set.contact(seen.contact)
        tracker = self.working_set.keys.get(KeyRef(TRACKER, seen.tracker_id))
        # A key that is not in the world has not changed hands in this transaction.
        owned = seen.owned if tracker is None else contact.id in tracker.owners
        return Answer(
            ContactRef(contact.id, contact.kind),
            seen.tracker_id if owned else contact.tracker_id,
            seen.rule,
            Outcome(seen.outcome),
            shared_with=self._shared_with(contact),
            ignored=list(self.item.keys.ignored),
            duplicate=True,
            trace=[TraceStep("duplicate", f"message_id {self.item.message_id!r} was resolved before")]
            if self.explain
            else None,
        )

    def _ignored(self) -> Answer:
        return Answer(
            None,
            None,
            None,
            Outcome.IGNORED,
            ignored=list(self.item.keys.ignored),
            trace=[
                *self._set_aside(),
                TraceStep("decision", "every key is blocked, or one is suppressed: nothing is written"),
            ]
            if self.explain
            else None,
        )

    def _set_aside(self) -> list[TraceStep]:
        return [
            TraceStep("key", f"{item.key} is {item.reason} and counts as absent") for item in self.item.keys.ignored
        ]


def _committed(tx: Transaction, done: _Batch | SharedTransaction) -> bool:
    return done.marker is None or done.marker.committed(tx)


def _hide_made_up(answers: Sequence[Answer], working_set: WorkingSet, numbers: dict[str, str] | None) -> None:
    """Take out of a dry run's answers the ids that exist only in it, or put a number in their place."""
    made_up = {contact.id for contact in working_set.contacts.values() if not contact.stored}

    def known(contact_id: str | None) -> str | None:
        if contact_id is None or contact_id not in made_up:
            return contact_id
        return None if numbers is None else numbers.setdefault(contact_id, f"new-{len(numbers) + 1}")

    for answer in answers:
        if answer.contact is not None:
            answer.contact = ContactRef(known(answer.contact.id), Kind(answer.contact.kind))
        if answer.tracker_id in working_set.minted:
            answer.tracker_id = None
        answer.merged = [known(one) for one in answer.merged]
        answer.shared_with = [known(one) for one in answer.shared_with]
        answer.moved = [replace(item, from_=known(item.from_)) for item in answer.moved]
        answer.conflicts = [Conflict(item.key, known(item.owner), item.reason) for item in answer.conflicts]
        answer.kept_apart = [KeptApart(known(item.contact), item.key) for item in answer.kept_apart]
