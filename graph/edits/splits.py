"""Splits: a contact that several people were fused into comes apart by keys, in one act that can be undone."""

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from graph.clock import END_OF_TIME, MINTED, Micros, to_datetime, to_pair, to_text
from graph.edits.preview import preview
from graph.errors import BadInput, ClashError, FieldError, NotFound
from graph.explore.contacts import Document, documents
from graph.identity.keys import read_named_key
from graph.identity.living import check_not_erased, living_contact
from graph.identity.separating import Part, Separation, Stray, TakenKey, Undoing, rejoin, separate
from graph.identity.working_set import Contact, WorkingSet
from graph.identity.working_set.entities import WRITTEN, Entry, NameLoss, Ownership, Sleep, is_nameless
from graph.identity.working_set.write import loss_row, sleep_row, write_working_set
from graph.identity.write_context import WriteContext
from graph.model import TRACKER, KeyName, KeyRef
from graph.paging import cut_page, read_cursor
from graph.store.audit import because
from graph.store.changes import acting
from graph.store.database import RECEIPT, Row, Transaction

Key = tuple[KeyName, str]

MOST_REPLACED = 10_000
"""How many replaced values of one property a split looks at, the newest first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a contact is to come apart: by the keys of each part, or around a key that is no person's."""

    parts: tuple[tuple[Key, ...], ...] = ()
    around: Key | None = None
    block: bool = False


@dataclass(frozen=True, slots=True)
class Portion:
    """A part of a contact, said to the last activity.

    Attributes
    ----------
    keys, shared
        The keys that it gets; and subscriptions that it gets beside the whole, or beside another part.
    messages
        The activity that it gets.
    nameless
        It is known without a person key.
    """

    keys: tuple[KeyRef, ...]
    shared: tuple[KeyRef, ...] = ()
    messages: frozenset[str] = frozenset()
    nameless: bool = False


class Splits:
    """Splits contacts, lists what was split, and undoes any split.

    Parameters
    ----------
    block, unblock
        Block a value for the keys of a namespace, and take that back; called once the split, or its undoing, is
        committed.
    """

    def __init__(
        self,
        context: WriteContext,
        *,
        block: Callable[[KeyName, str], bool] = lambda _, __: False,
        unblock: Callable[[KeyName, str], None] = lambda _, __: None,
    ) -> None:
        self._context, self._database = context, context.database
        self._block, self._unblock = block, unblock

    def split(self, contact_id: str, wanted: Wanted) -> Document:
        """Split a contact and return the journal entry, with what stays.

        Raises
        ------
        BadInput
            When a value is not a key, or one is named twice.
        NotFound
            When no contact ever had this id, or the contact does not own one of the keys.
        ClashError
            When there is nobody to split off.
        """
        wanted = self._normal(wanted)

        def work(tx: Transaction) -> Document:
            return self._shown(tx, self._split(tx, contact_id, wanted))

        entry = self._database.write(work, committed=RECEIPT)
        if wanted.block and wanted.around is not None and self._block(*wanted.around):
            self._database.write(lambda tx: tx.run("splits.note_block", id=entry["id"]), committed=RECEIPT)
            entry["blocked"] = True
        return entry

    def split_by_activity(
        self, contact_id: str, portions: Sequence[Portion], *, taken: Sequence[KeyRef] = ()
    ) -> Document:
        """Split a contact into parts that are said to the last activity, because other rules hold now.

        Values of properties that others replaced are shown again where they are a part's newest. Otherwise it is a
        split as any other: one journal entry, which is undone exactly.

        Parameters
        ----------
        taken
            Keys that nobody gets.

        Raises
        ------
        NotFound
            When no contact ever had this id, or the contact does not own one of the keys.
        """
        return self._database.write(
            lambda tx: self._shown(tx, self._split_by_activity(tx, contact_id, portions, taken)), committed=RECEIPT
        )

    def preview(self, contact_id: str, wanted: Wanted) -> Document:
        """Return who would get which keys, how much activity and which properties; nothing is written."""
        wanted = self._normal(wanted)
        entry: Document = {}

        def operation(tx: Transaction) -> Iterable[str]:
            nonlocal entry
            entry = self._shown(tx, self._split(tx, contact_id, wanted))
            return [part["contact"] for part in entry["parts"]]

        living = self._database.read(lambda tx: living_contact(tx, contact_id))
        changes = preview(self._context, (living,), operation)
        made = {part["contact"] for part in entry["parts"]}
        for change in changes:
            change["contact"] = None if change["contact"] in made else change["contact"]
            change["changes"] = [one for one in change["changes"] if one["field"] != "id"]
        parts = [{**part, "contact": None} for part in entry["parts"]]
        told = {name: entry[name] for name in ("contact", "around", "taken", "stays")}
        return {"dry_run": True, "changes": changes, **told, "parts": parts}

    def undo(self, split_id: str) -> Document:
        """Undo a split exactly, and return the journal entry: what its parts have is the contact's again.

        Raises
        ------
        NotFound
            When there is no such split.
        Gone
            When one of its contacts was erased.
        ClashError
            When it was undone before, or one of its contacts was folded or split since: ``covering`` names by what.
        """
        blocked: list[KeyRef] = []

        def work(tx: Transaction) -> None:
            blocked[:] = self._undo(tx, split_id)

        self._database.write(work, committed=RECEIPT)
        for key in blocked:
            self._unblock(*key)
        return self.get(split_id)

    def get(self, split_id: str) -> Document:
        """Return one journal entry.

        Raises
        ------
        NotFound
            When there is none of this id.
        Gone
            When one of its contacts was erased.
        """
        return self._database.read(lambda tx: self._one(tx, split_id))

    def page(
        self, *, contact_id: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Document], str | None]:
        """Return one page of the splits, newest first, and the cursor of the next.

        Raises
        ------
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        before, before_id = read_cursor(cursor, (int, str)) if cursor else (END_OF_TIME, "")

        def work(tx: Transaction) -> tuple[list[Document], str | None]:
            living = None if contact_id is None else living_contact(tx, contact_id)
            place = {"before": to_datetime(before), "before_id": before_id}
            rows = tx.run("splits.page", contact_id=living, **place, limit=limit + 1)
            page, following = cut_page(rows, limit, "at", "id")
            return [self._one(tx, row["id"]) for row in page], following

        return self._database.read(work)

    # --- the act ---------------------------------------------------------------------------------------------

    def _normal(self, wanted: Wanted) -> Wanted:
        parts = tuple(
            tuple(
                read_named_key(*key, self._context.namespaces, f"parts[{number}].keys[{place}]")
                for place, key in enumerate(part)
            )
            for number, part in enumerate(wanted.parts)
        )
        named = Counter(key for part in parts for key in part)
        if twice := [key for key, times in named.items() if times > 1]:
            raise BadInput([FieldError("parts", "duplicate", f"the {twice[0][0]} {twice[0][1]!r} is named twice")])
        around = None if wanted.around is None else read_named_key(*wanted.around, self._context.namespaces, "around")
        return Wanted(parts, around, wanted.block)

    def _split(self, tx: Transaction, contact_id: str, wanted: Wanted) -> str:
        living = living_contact(tx, contact_id)
        working_set = self._context.working_set(tx)
        working_set.load(contacts=[living])
        whole = working_set.contacts[living]
        working_set.need_keys(whole)
        working_set.need_entries(whole)
        taken: list[KeyRef] = []
        if wanted.around is not None:
            taken = [KeyRef(*wanted.around)]
            _check_owned(working_set, whole, taken)
            parts = self._around(tx, working_set, whole, taken[0])
        else:
            parts = [Part([KeyRef(*key) for key in keys]) for keys in wanted.parts]
            _check_owned(working_set, whole, [key for part in parts for key in part.keys])
        leaving = {key.value for part in parts for key in part.keys if key.namespace == TRACKER}
        staying = sorted(one.id for one in whole.timelines.values() if one.tracker not in leaving)
        by_keys = [self._persons(number, part) for number, part in enumerate(parts)]
        strays = [
            Stray(
                row["period"],
                row["tracker"],
                moved["part"],
                moved["count"],
                moved["first"],
                moved["last"],
                row["rest"] or 0,
            )
            for row in tx.run("splits.strays", periods=staying, parts=by_keys)
            for moved in row["moved"]
        ]
        replaced = tx.run("splits.replaced", contact_id=living, most=MOST_REPLACED)
        part_of_message, arrivals = self._parts_of_messages(tx, whole, parts, by_keys, replaced)
        past = _past(whole, replaced, part_of_message, arrivals)
        at = self._context.clock.next(after=whole.seen)
        going = [one for one in whole.timelines.values() if one.tracker in leaving]
        counts = {
            row["period"]: row["activities"] for row in tx.run("splits.counts", periods=[one.id for one in going])
        }
        separation = separate(working_set, whole, parts, taken, strays, part_of_message, at, past, arrivals)
        for part in parts:
            part.activities += sum(counts.get(period, 0) for period in part.periods)
        write_working_set(working_set, tx.defer)
        tx.run("splits.rehang", rows=_rehung(parts), parts=by_keys)
        tx.run("splits.journal", **self._journal(separation, wanted))
        return separation.id

    def _split_by_activity(
        self, tx: Transaction, contact_id: str, portions: Sequence[Portion], taken: Sequence[KeyRef]
    ) -> str:
        living = living_contact(tx, contact_id)
        working_set = self._context.working_set(tx)
        working_set.load(contacts=[living])
        whole = working_set.contacts[living]
        working_set.need_keys(whole)
        working_set.need_entries(whole)
        parts = [Part(list(one.keys), list(one.shared), one.nameless) for one in portions]
        _check_owned(working_set, whole, [*taken, *(key for one in portions for key in (*one.keys, *one.shared))])
        part_of = {message: number for number, one in enumerate(portions) for message in one.messages}
        rows = tx.run("splits.activity", contact_id=living)
        strays, moved = _strays(whole, parts, rows, part_of)
        past = self._newest(tx, whole, {row["message_id"] for row in rows}, part_of)
        separation = separate(
            working_set,
            whole,
            parts,
            taken,
            strays,
            part_of,
            self._context.clock.next(after=whole.seen),
            past,
            stays_known=True,
        )
        for part, one in zip(parts, portions, strict=True):
            part.activities = len(one.messages)
        write_working_set(working_set, tx.defer)
        rehung = [
            {"was": was, "period": period, "messages": moved[was, number]}
            for number, was, period in _strayed(separation)
        ]
        tx.run("splits.rehang_messages", rows=rehung)
        journal = self._journal(separation, Wanted())
        journal["node"]["reidentified"] = True
        tx.run("splits.journal", **journal)
        return separation.id

    def _newest(
        self, tx: Transaction, whole: Contact, messages: set[str], part_of: Mapping[str, int]
    ) -> list[tuple[int | None, Entry]]:
        """Find the replaced values that are the newest of a part, or of the whole, once the others have gone."""
        newest: dict[tuple[int | None, str], Entry] = {}
        for row in tx.run("splits.replaced", contact_id=whole.id, most=MOST_REPLACED):
            if row["message_id"] in messages:
                entry = _entry_of(row)
                place = (part_of.get(row["message_id"]), row["name"])
                before = newest.get(place)
                if before is None or (before.occurred, before.arrived) < (entry.occurred, entry.arrived):
                    newest[place] = entry
        here = {(entry.source, name) for name, entries in (whole.entries or {}).items() for entry in entries}
        return [(part, entry) for (part, name), entry in newest.items() if (entry.source, name) not in here]

    def _persons(self, number: int, part: Part) -> dict[str, Any]:
        """Write the person keys of a part as statements compare them with those that activity carried."""
        named = [key for key in part.keys if self._context.namespaces[key.namespace].is_person]
        return {
            "number": number,
            "emails": [key.value for key in named if key.namespace == "email"],
            "user_ids": [key.value for key in named if key.namespace == "user_id"],
            "others": [list(key) for key in named],
        }

    def _parts_of_messages(
        self,
        tx: Transaction,
        whole: Contact,
        parts: Sequence[Part],
        by_keys: Sequence[dict[str, Any]],
        replaced: Iterable[Row],
    ) -> tuple[dict[str, int], dict[str, Micros]]:
        """Return, by the message that brought a property, to which part it goes, and when it arrived at the whole."""
        entries = [entry for named in (whole.entries or {}).values() for entry in named]
        brought = {entry.source for entry in entries} | {row["message_id"] for row in replaced}
        messages = sorted(message for message in brought if message is not None)
        with_tracker = {
            key.value: number for number, part in enumerate(parts) for key in part.keys if key.namespace == TRACKER
        }
        found: dict[str, int] = {}
        arrivals: dict[str, Micros] = {}
        for row in tx.run("splits.sources", message_ids=messages, parts=list(by_keys)):
            period = whole.timelines.get(row["period"])
            if period is None:
                continue
            arrivals[row["message_id"]] = row["received"]
            part = with_tracker.get(period.tracker, row["part"])
            if part is not None:
                found[row["message_id"]] = part
        return found, arrivals

    def _around(self, tx: Transaction, working_set: WorkingSet, whole: Contact, around: KeyRef) -> list[Part]:
        """Work the parts out: one for each other person key, each device with the one that it mostly carried."""
        owned = sorted(whole.keys.items(), key=lambda item: (item[1].since, item[1].position, item[0].ref))
        persons = [
            key.ref
            for key, edge in owned
            if self._context.namespaces[key.name].is_person and not edge.derived and key.ref != around
        ]
        if len(persons) < (1 if self._context.namespaces[around.namespace].is_person else 2):
            raise ClashError(
                f"Contact {whole.id} has no other person key to split it by: take the {around.namespace} away instead."
            )
        weights: dict[KeyRef, Counter[KeyRef]] = defaultdict(Counter)
        for row in tx.run("splits.carried", contact_id=whole.id):
            carried = [KeyRef(*one) for one in row["others"]]
            carried += [
                KeyRef(name, row[name]) for name in ("email", "user_id", "subscription") if row[name] is not None
            ]
            names = [key for key in persons if key in carried]
            for key in (KeyRef(TRACKER, row["tracker"]), *carried):
                if not self._context.namespaces[key.namespace].is_person:
                    weights[key].update(dict.fromkeys(names, row["activities"]))
        parts = {person: Part([person]) for person in persons}
        for ref in [key.ref for key, _ in owned]:
            found = weights.get(ref)
            if ref == around or self._context.namespaces[ref.namespace].is_person or not found:
                continue
            parts[max(persons, key=found.__getitem__)].keys.append(ref)
        return list(parts.values())

    def _journal(self, separation: Separation, wanted: Wanted) -> dict[str, Any]:
        numbered = list(enumerate(separation.parts))
        took = [(number, item) for number, part in numbered for item in part.took]
        return {
            "node": {
                "id": separation.id,
                "at": to_datetime(separation.at),
                "seen": separation.seen,
                "by": acting(),
                "why": because(),
                "around": None if wanted.around is None else list(wanted.around),
                "minted": separation.minted,
            },
            "whole": separation.whole.id,
            "parts": [
                {
                    "part": number,
                    "contact": part.contact.id if part.contact else None,
                    "minted": part.minted,
                    "activities": part.activities,
                    "properties": sorted({entry.name for entry in part.entries}),
                }
                for number, part in numbered
            ],
            "keys": [
                {
                    "namespace": key.name,
                    "value": key.value,
                    "part": number,
                    "since": to_pair(before.since),
                    "edge": {
                        "position": before.position,
                        "merge": before.merge,
                        "message_id": before.source,
                        "derived": before.derived or None,
                        **sleep_row(before.sleep),
                    },
                }
                for number, (key, before) in [*took, *((None, item) for item in separation.taken)]
            ],
            "periods": [
                *({"part": number, "period": period} for number, part in numbered for period in part.periods),
                *({"part": None, "period": period} for period in separation.ended),
            ],
            "strayed": [{"part": number, "was": was, "period": period} for number, was, period in _strayed(separation)],
            "properties": [
                {"part": number, "element": entry.element}
                for number, part in numbered
                for entry in part.entries
                if entry.element is not None
            ],
        }

    # --- and back --------------------------------------------------------------------------------------------

    def _undo(self, tx: Transaction, split_id: str) -> list[KeyRef]:
        entry = self._entry(tx, split_id)
        parts = [contact for contact, _ in entry["parts"]]
        since = {KeyRef(name, value): began for name, value, began, *_ in entry["keys"]}
        states = {KeyRef(name, value): [(entry["at"], Sleep(*rest[-2]))] for name, value, *rest in entry["keys"]}
        homes, periods = self._homes(tx, entry, states), _period_homes(entry)
        minted = {entry["minted"], *(tracker for _, tracker in entry["parts"])} - {None}
        taken = [
            {"contact": home, "value": key.value}
            for key, home in homes.items()
            if key.namespace == TRACKER and key.value.startswith(MINTED)
        ]
        minted |= {row["value"] for row in tx.run("splits.outlived", minted=taken)}
        kept_by = tx.run("splits.kept", id=split_id)
        brought: dict[KeyRef, list[tuple[Micros, Sleep]]] = defaultdict(list)
        for row in [*(row for row in kept_by if not row["undone"]), *tx.run("splits.brought", id=split_id)]:
            brought[KeyRef(row["namespace"], row["value"])].append((row["at"], Sleep(*row["sleep"])))
        sources = {row["source"] for row in kept_by if row["undone"]}
        involved = sorted({entry["whole"], *parts, *homes.values(), *periods.values(), *sources})
        covering = tx.run("splits.covering", id=split_id, contacts=involved)
        if covering:
            ids = [row["id"] for row in covering]
            words = ", ".join(f"{row['what']} {row['id']}" for row in covering)
            raise ClashError(
                f"One of the contacts of split {split_id} was folded or split since. Undo first: {words}.",
                covering=ids,
            )
        # Who came back and went into another contact by the undoing of a split is found there.
        living = {one: living_contact(tx, one) for one in {*homes.values(), *periods.values(), *sources}}
        homes = {key: living[home] for key, home in homes.items()}
        periods = {period: living[home] for period, home in periods.items()}
        involved = sorted(
            {entry["whole"], *parts, *homes.values(), *periods.values(), *(living[one] for one in sources)}
        )
        working_set = self._context.working_set(tx)
        working_set.load(keys=homes, contacts=involved)
        contacts = [working_set.contacts[one] for one in involved]
        working_set.need_keys(*contacts)
        tx.run("splits.put_back", id=split_id)
        working_set.need_entries(*(working_set.contacts[one] for one in (entry["whole"], *parts)))
        seen = max(max((one.seen for one in contacts), default=0), entry["seen"])
        at = self._context.clock.next(after=seen)
        minted |= _minted_meanwhile(working_set, entry, {entry["whole"], *parts, *homes.values()})
        unused = self._unused(tx, working_set, contacts, minted)
        undoing = Undoing(
            split_id,
            entry["whole"],
            tuple(parts),
            entry["at"],
            tuple(
                TakenKey(ref, _ownership(rest), part, homes[ref], tuple(states[ref]), tuple(brought[ref]))
                for ref, rest, part in ((KeyRef(name, value), rest, part) for name, value, *rest, part in entry["keys"])
            ),
            periods,
            frozenset(period for period, _ in entry["strayed"]),
            frozenset(unused),
        )
        now = _states_now(working_set, undoing)
        losses = self._name_losses(tx, working_set, undoing)
        kept = rejoin(working_set, undoing, at)
        heirs = _give_to_others(working_set, entry["whole"], homes, since, kept_by, living, now)
        self._drop_empty(working_set, unused)
        write_working_set(working_set, tx.defer)
        if losses:
            tx.run("union.lose_names", losses=[loss_row(entry["whole"], loss) for loss in losses])
        tx.run(
            "splits.close",
            id=split_id,
            at=to_datetime(at),
            kept=[
                {
                    "merge": one.merge,
                    "namespace": one.ref.namespace,
                    "value": one.ref.value,
                    "was": to_pair(one.was),
                    "since": to_pair(one.since),
                }
                for one in kept
            ],
            heirs=heirs,
            unused=sorted(unused),
        )
        return [KeyRef(*entry["around"])] if entry["blocked"] and entry["around"] else []

    def _entry(self, tx: Transaction, split_id: str) -> Row:
        rows = tx.run("splits.entry", id=split_id)
        if not rows:
            check_not_erased(tx, split_id)
            raise NotFound(f"No split has the id {split_id!r}.")
        if rows[0]["undone"]:
            raise ClashError(f"Split {split_id} was undone before.", split=split_id)
        return rows[0]

    def _homes(
        self, tx: Transaction, entry: Row, states: Mapping[KeyRef, list[tuple[Micros, Sleep]]]
    ) -> dict[KeyRef, str]:
        """Return whose each key would be now without the split: unions undone since would have taken it along.

        The ownerships in the entry become those that the key would have there, and each union adds to the states.
        """
        homes: dict[KeyRef, str] = {}
        known: dict[str, Row] = {}
        for place, (name, value, *rest, part) in enumerate(entry["keys"]):
            home = entry["whole"]
            since, position, merge, source, derived, sleep = rest
            while merge is not None:
                if merge not in known:
                    known |= {row["id"]: row for row in tx.run("splits.unions_of", merges=[merge])}
                union = known.get(merge)
                if union is None or not union["undone"]:
                    break
                moved = next((item for item in union["keys"] if item[:2] == [name, value]), None)
                if moved is None:
                    break
                home = union["source"]
                _, _, since, position, merge, source, derived, sleep = moved
                states[KeyRef(name, value)].append((union["at"], Sleep(*sleep)))
            homes[KeyRef(name, value)] = home
            entry["keys"][place] = [name, value, since, position, merge, source, derived, sleep, part]
        return homes

    def _name_losses(self, tx: Transaction, working_set: WorkingSet, undoing: Undoing) -> list[NameLoss]:
        """Return the losses of person keys that the whole has with its parts, and set whether it is known without one.

        What was lost since the split counts as the last one only if all that the whole and its parts had then is gone
        too.
        """
        ids = [undoing.whole, *undoing.parts]
        (row,) = tx.run("splits.names", contacts=ids)
        whole = working_set.contacts[undoing.whole]
        found: list[NameLoss] = []
        for contact, came_by, left_by, outlived, at, split in row["losses"]:
            loss = NameLoss(came_by, frozenset(left_by), frozenset(outlived), at, split)
            if at < undoing.at:
                found.append(loss)
                continue
            others = _names_beside(working_set, undoing, contact)
            if split == undoing.id or None in others:
                continue
            left = {one for one in others if one is not None}
            before = {union for union, nameless, when in row["unions"] if nameless and when < at}
            loss = replace(loss, left_by=loss.left_by | left, outlived=loss.outlived | before)
            found += [replace(loss, came_by=came) for came in _came_by(working_set, undoing, contact, loss)]
        if row["losses"]:
            tx.run("splits.forget_losses", contacts=ids)
        unions = {union: nameless for union, nameless, _ in row["unions"]}
        whole.nameless = is_nameless(split=whole.split, unions=unions, losses=found)
        return found

    def _unused(
        self, tx: Transaction, working_set: WorkingSet, contacts: Iterable[Contact], minted: Iterable[str]
    ) -> set[str]:
        """Return which of the trackers minted by a split nobody ever used."""
        periods = {
            period.id: period.tracker
            for contact in contacts
            for period in contact.timelines.values()
            if period.tracker in minted
        }
        rows = tx.run("splits.counts", periods=sorted(periods))
        used = {periods[row["period"]] for row in rows if row["activities"]}
        owned = {key.value for contact in contacts for key in contact.keys if key.name == TRACKER}
        return {tracker for tracker in minted if tracker in owned and tracker not in used}

    def _drop_empty(self, working_set: WorkingSet, unused: Iterable[str]) -> None:
        """Take the periods of trackers that go out of what is written."""
        gone = set(unused)
        for contact in working_set.contacts.values():
            for period in [one for one in contact.timelines.values() if one.tracker in gone]:
                del contact.timelines[period.id]
                working_set.timelines.pop(period.id, None)

    # --- what is shown ---------------------------------------------------------------------------------------

    def _shown(self, tx: Transaction, split_id: str) -> Document:
        entry = self._one(tx, split_id)
        (whole,) = documents(tx, [entry["contact"]], self._context.namespaces)
        entry["stays"] = {"contact": whole["id"], "keys": whole["keys"], "properties": sorted(whole["properties"])}
        return entry

    def _one(self, tx: Transaction, split_id: str) -> Document:
        rows = tx.run("splits.one", id=split_id)
        if not rows:
            check_not_erased(tx, split_id)
            raise NotFound(f"No split has the id {split_id!r}.")
        row = rows[0]
        return {
            "id": row["id"],
            "contact": row["contact"],
            "around": None if row["around"] is None else {row["around"][0]: row["around"][1]},
            "blocked": row["blocked"],
            "taken": _by_namespace(row["taken"]),
            "parts": [{**part, "keys": _by_namespace(part["keys"])} for part in row["parts"]],
            "by": row["by"],
            "why": row["why"],
            "at": to_text(row["at"]),
            "undone_at": None if row["undone_at"] is None else to_text(row["undone_at"]),
        }


def _past(
    whole: Contact, replaced: Iterable[Row], part_of: Mapping[str, int], arrivals: Mapping[str, Micros]
) -> list[tuple[int | None, Entry]]:
    """Find the replaced values that count again: of each part the newest of all that its activity brought.

    Of the whole those that were written just before one that goes; what a union brought it is no more than that union
    would bring.
    """
    found: list[tuple[int | None, Entry]] = []
    rows: dict[str, list[Row]] = defaultdict(list)
    live = {(entry.source, name) for name, entries in (whole.entries or {}).items() for entry in entries}
    for row in replaced:
        message = row["message_id"]
        known = row["own"] if message is None else message in arrivals and (message, row["name"]) not in live
        if known:
            rows[row["name"]].append({**row, "order": (row["occurred"], arrivals.get(message, row["arrived"]))})
    for name, of_name in rows.items():
        entries = (whole.entries or {}).get(name, [])
        newest: dict[int, tuple[Micros, Micros]] = defaultdict(lambda: (0, 0))
        for entry in entries:
            if entry.source is not None and entry.source in part_of:
                goes = part_of[entry.source]
                newest[goes] = max(newest[goes], (entry.occurred, arrivals[entry.source]))
        fills = sorted(entry.order for entry in entries if not entry.is_written)
        left = {bisect(fills, entry.order) for entry in entries if entry.is_written and entry.source in part_of}
        back: dict[tuple[int | None, int], Row] = {}
        for row in sorted(of_name, key=itemgetter("order")):
            number = part_of.get(row["message_id"])
            if number is None:
                # Between two unions only the last value is kept.
                place = bisect(fills, (row["arrived"], row["position"]))
                if row["own"] and place in left:
                    back[None, place] = row
            elif row["order"] > newest[number]:
                back[number, 0] = row
        for (number, _), row in back.items():
            entry = _entry_of(row)
            entry.rule = WRITTEN if number is None else None
            found.append((number, entry))
    return found


def _entry_of(row: Row) -> Entry:
    """Read a row of the statement ``splits.replaced``."""
    value = (row["name"], row["value"], row["occurred"], row["arrived"], row["message_id"])
    return Entry(*value, position=row["position"])


def _strayed(separation: Separation) -> list[tuple[int | None, str, str]]:
    """List the periods that activity left, each with its part and the period that it went to."""
    found: list[tuple[int | None, str, str]] = [(None, *pair) for pair in separation.strayed]
    for number, part in enumerate(separation.parts):
        found += [(number, *pair) for pair in part.strayed]
    return found


def _strays(
    whole: Contact, parts: Sequence[Part], rows: Iterable[Row], part_of: Mapping[str, int]
) -> tuple[list[Stray], dict[tuple[str, int | None], list[str]]]:
    """Find the activity that does not go where its tracker goes, and its messages by period and part."""
    with_tracker = {
        key.value: number for number, part in enumerate(parts) for key in part.keys if key.namespace == TRACKER
    }
    goes = {period.id: with_tracker.get(period.tracker) for period in whole.timelines.values()}
    at: dict[tuple[str, int | None], list[Micros]] = defaultdict(list)
    moved: dict[tuple[str, int | None], list[str]] = defaultdict(list)
    for row in rows:
        place = (row["period"], part_of.get(row["message_id"]))
        at[place].append(row["received"])
        moved[place].append(row["message_id"])
    strays = [
        Stray(
            period,
            whole.timelines[period].tracker,
            part,
            len(times),
            min(times),
            max(times),
            max(at.get((period, goes[period]), [0])),
        )
        for (period, part), times in at.items()
        if part != goes[period]
    ]
    return strays, moved


def _states_now(working_set: WorkingSet, undoing: Undoing) -> dict[KeyRef, Sleep]:
    """Return the state of the whole's ownership of each key that a split took, by what its part did with it since."""
    found: dict[KeyRef, Sleep] = {}
    for taken in undoing.keys:
        at, before = taken.states[0]
        owners = working_set.key(taken.ref).owners
        part = None if taken.part is None else owners.get(undoing.parts[taken.part])
        found[taken.ref] = before if part is None else before.after(at, part.sleep)
    return found


def _give_to_others(
    working_set: WorkingSet,
    whole: str,
    homes: Mapping[KeyRef, str],
    since: Mapping[KeyRef, Micros],
    kept_by: Sequence[Row],
    living: Mapping[str, str],
    now: Mapping[KeyRef, Sleep],
) -> list[dict[str, Any]]:
    """Give a subscription back to others who had owned it, too, when they were folded into the whole.

    Who came back since owns it again. Where that was whoever had brought it, the whole keeps it by the next union that
    would have brought it: those are returned.
    """
    heirs: list[dict[str, Any]] = []
    states = [Sleep(*row["sleep"]).after(row["at"], now[KeyRef(row["namespace"], row["value"])]) for row in kept_by]
    for place, (row, state) in enumerate(zip(kept_by, states, strict=True)):
        key = working_set.key(KeyRef(row["namespace"], row["value"]))
        contact = working_set.contacts[living[row["source"]] if row["undone"] else whole]
        if key in contact.keys:
            continue
        if row["undone"]:
            edge = Ownership(row["since"], row["position"], row["before"], row["message_id"], sleep=state)
        elif homes[key.ref] == whole:
            continue
        else:
            left = [
                one
                for other, one in zip(kept_by[place:], states[place:], strict=True)
                if not other["undone"] and (other["namespace"], other["value"]) == key.ref
            ]
            sleep = Sleep.of(left, turned=now[key.ref].turned)
            edge = Ownership(since[key.ref], row["position"], row["merge"], row["message_id"], sleep=sleep)
            heirs.append({"merge": row["merge"], "namespace": key.name, "value": key.value})
        working_set.link(contact, key, edge)
    return heirs


def _minted_meanwhile(working_set: WorkingSet, entry: Row, contacts: set[str]) -> set[str]:
    """Find trackers minted since for who had lost the others by the split, or by it and the undoing of a union."""
    return {
        key.value
        for contact in contacts
        for key, edge in working_set.contacts[contact].keys.items()
        if key.name == TRACKER
        and (edge.merge, edge.source) == (None, None)
        and edge.since > entry["at"]
        and key.value.startswith(MINTED)
    }


def _names_beside(working_set: WorkingSet, undoing: Undoing, contact: str) -> set[str | None]:
    """Return by which unions the person keys came that the whole and its other parts have beside one of them."""
    moved = {taken.ref: taken for taken in _names_taken(working_set, undoing)}
    found = {
        taken.before.merge
        for taken in moved.values()
        if taken.part is None and taken.home == undoing.whole and not working_set.key(taken.ref).owners
    }
    for other in {undoing.whole, *undoing.parts} - {contact}:
        for key, edge in working_set.contacts[other].keys.items():
            if not working_set.is_name(key.name, edge):
                continue
            of_split = None if other == undoing.whole else moved.get(key.ref)
            if of_split is None:
                found.add(edge.merge)
            elif of_split.home == undoing.whole:
                found.add(of_split.before.merge)
    return found


def _came_by(working_set: WorkingSet, undoing: Undoing, contact: str, loss: NameLoss) -> list[str | None]:
    """Return by which unions the person keys had come to the whole that it, or one of its parts, lost.

    A part has its keys as its own; by what they had come, the journal of the split says. Nothing, where what a part
    lost would be somebody else's without the split.
    """
    if contact == undoing.whole or loss.came_by is not None:
        return [loss.came_by]
    part = undoing.parts.index(contact)
    own = working_set.contacts[contact].keys
    lost = [
        taken
        for taken in _names_taken(working_set, undoing)
        if taken.part == part and working_set.key(taken.ref) not in own
    ]
    if not lost:
        return [None]
    return list(dict.fromkeys(taken.before.merge for taken in lost if taken.home == undoing.whole))


def _names_taken(working_set: WorkingSet, undoing: Undoing) -> list[TakenKey]:
    return [taken for taken in undoing.keys if working_set.is_name(taken.ref.namespace, taken.before)]


def _check_owned(working_set: WorkingSet, contact: Contact, keys: Iterable[KeyRef]) -> None:
    for ref in keys:
        key = working_set.keys.get(ref)
        if key is None or key not in contact.keys:
            raise NotFound(f"Contact {contact.id} does not own the {ref.namespace} {ref.value!r}.", key=ref.namespace)


def _rehung(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [
        {"part": number, "was": was, "period": period}
        for number, part in enumerate(parts)
        for was, period in part.strayed
    ]


def _ownership(rest: Sequence[Any]) -> Ownership:
    since, position, merge, source, derived, sleep = rest
    return Ownership(since, position, merge, source, derived=derived, sleep=Sleep(*sleep))


def _period_homes(entry: Row) -> Mapping[str, str]:
    homes = {}
    for period, unions in entry["periods"]:
        home = entry["whole"]
        for source, target, undone in unions:
            if target == home:
                if not undone:
                    break
                home = source
        homes[period] = home
    return homes


def _by_namespace(keys: Iterable[Sequence[str]]) -> dict[KeyName, list[str]]:
    found: dict[KeyName, list[str]] = {}
    for name, value in keys:
        found.setdefault(name, []).append(value)
    return found
