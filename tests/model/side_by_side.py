"""The product and its model, side by side: every operation is done to both, and everything readable is compared."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from graph.clock import Clock, IdSource, to_datetime, to_micros
from graph.edits.keys import KeyEdits
from graph.edits.splits import Splits, Wanted
from graph.edits.subscriptions import SubscriptionEdits
from graph.edits.unions import Unions
from graph.errors import ClashError, NotFound
from graph.explore.contacts import documents
from graph.identity.decision import Limits
from graph.identity.events import read_event
from graph.identity.living import living_contact
from graph.identity.namespaces import DEFAULT_NAMESPACES
from graph.identity.resolver import Resolver
from graph.identity.write_context import WriteContext
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import Database, Transaction
from tests.conftest import empty
from tests.model.conftest import RUN
from tests.model.reference import MINTED, NOW, PLURAL, Clash, Missing, Person, Reference, Split, Union

ANSWER = ("rule", "outcome", "duplicate")
EVERYBODY = (Path(__file__).parent / "everybody.cypher").read_text()
WHOLE_ANSWER = (*ANSWER, "kind", "tracker_id", "merged", "shared_with", "moved", "conflicts", "limited")


class SideBySide:
    """Does to both; every difference is an AssertionError."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        policy: str = "strict",
        max_trackers: int = 500,
        max_subscriptions: int = 50,
        union_rules: dict[str, str] | None = None,
        id_source: IdSource | None = None,
    ) -> None:
        empty(database)
        self.database = database
        product = Kinfold.on(
            database,
            settings.model_copy(
                update={
                    "policy": policy,
                    "max_trackers": max_trackers,
                    "max_subscriptions": max_subscriptions,
                    "union_rules": union_rules or {},
                }
            ),
        )
        if id_source is not None:
            clock, limits = Clock(), Limits(max_trackers, max_subscriptions)
            context = WriteContext(database, limits=limits, id_source=id_source, clock=clock)
            product = replace(
                product,
                resolver=Resolver(database, policy=policy, limits=limits, id_source=id_source, clock=clock),
                keys=KeyEdits(context),
                unions=Unions(context),
                splits=Splits(context),
                subscriptions=SubscriptionEdits(context),
            )
        self.product = product
        self.model = Reference(policy, max_trackers, max_subscriptions, union_rules)
        self.messages = 0
        self.received: dict[str, str] = {}
        self.minted: set[str] = set()
        self.conflicts = 0
        self.conflicted = ""
        self.leads: dict[str, str] = {}
        self.agreed: dict[str, tuple[list[Any], list[Any], str | None]] = {}
        """By contact, when product and model agreed: its activity in the graph and the model, and when it was seen."""

    # --- operations ------------------------------------------------------------------------------------------

    def events(self, events: Sequence[dict[str, Any]], *, rehearse: bool = False) -> list[dict[str, Any]]:
        """Resolve events in one batch; times in them are microseconds since 1970."""
        sent = []
        for event in events:
            self.messages += "message_id" not in event
            sent.append({"message_id": f"m{self.messages}", **event})
        read = [read_event(self.as_sent(event)) for event in sent]
        rehearsed = [answer.to_dict() for answer in self.product.resolver.resolve(read, dry_run=True)] * rehearse
        answers = [answer.to_dict() for answer in self.product.resolver.resolve(read)]
        for event, answer in zip(sent, answers, strict=True):
            self.compare_answer(event, answer)
        for early, late in zip(rehearsed, answers, strict=False):
            same = ("rule", "outcome", "ignored", "duplicate", "limited")
            assert {key: early[key] for key in same} == {key: late[key] for key in same}, "a dry run answers the same"
        return answers

    def event(self, **event: Any) -> str:
        """Resolve one event and give the id of the current contact."""
        (answer,) = self.events([event])
        return answer["contact"].id

    def born(self) -> str:
        """Have two known contacts and one subscription meet: under `strict` row 4.3.3 makes a contact."""
        self.conflicts += 1
        tracker, self.conflicted = f"conflict-t{self.conflicts}", f"conflict-s{self.conflicts}"
        self.event(email=f"first{self.conflicts}@example.com", tracker_id=tracker)
        self.event(email=f"second{self.conflicts}@example.com", subscription=self.conflicted)
        return self.event(tracker_id=tracker, subscription=self.conflicted)

    @staticmethod
    def as_sent(event: dict[str, Any]) -> dict[str, Any]:
        sent = dict(event)
        if "occurred_at" in event:
            sent["occurred_at"] = to_datetime(event["occurred_at"]).isoformat()
        return sent

    def compare_answer(self, event: dict[str, Any], answer: dict[str, Any]) -> None:
        contact = answer["contact"]
        expected = self.model.resolve(event, lambda: contact.id)
        shown = {
            **answer,
            "contact": contact and contact.id,
            "kind": contact and contact.kind.value,
            "outcome": answer["outcome"].value,
            "conflicts": [{"key": item["key"], "owner": item["owner"]} for item in answer["conflicts"]],
            "ignored": [{"key": item.key, "reason": item.reason.value} for item in answer["ignored"]],
        }
        if (expected.get("tracker_id") or "").startswith(MINTED):
            self.name(expected["tracker_id"], shown["tracker_id"])
            expected["tracker_id"] = shown["tracker_id"]
        self.compare_kept_apart(expected.pop("kept_apart", []), shown["kept_apart"], event)
        assert {key: shown[key] for key in expected} == expected, event

    def compare_kept_apart(self, expected: list[set[str]], shown: list[Any], event: dict[str, Any]) -> None:
        names = {one if isinstance(one, str) else one["key"] for one in shown}
        assert len(names) == len(shown), "nothing is said twice"
        assert all(options & names for options in expected), (event, expected, shown)
        assert names <= set().union(*expected), (event, expected, shown)

    def name(self, placeholder: str, value: str) -> None:
        assert value.startswith("kf-"), f"{value} is not minted"
        assert value not in self.minted
        self.minted.add(value)
        self.model.name_minted(placeholder, value)

    def both(self, product: Any, model: Any) -> Any:
        """Do one thing to both, product first; both succeed or both refuse for the same reason.

        Gives both results; what was refused gives None.
        """
        refused: Exception | None = None
        given = expected = None
        try:
            given = product()
        except (NotFound, ClashError) as error:
            refused = error
        try:
            expected = model(given)
        except Missing:
            assert isinstance(refused, NotFound), f"404 expected, not {refused or given!r}"
            return None
        except Clash as clash:
            assert isinstance(refused, ClashError), f"409 expected, not {refused or given!r}"
            if "owner" in clash.extra:
                assert refused.extra["owner"] == clash.extra["owner"]
            if "covering" in clash.extra:
                assert set(refused.extra["covering"]) == {union.id for union in clash.extra["covering"]}
            return None
        assert refused is None, f"refused: {refused}"
        return given, expected

    def merge(self, source: str, target: str) -> str | None:
        def model(entry: Any) -> Union:
            union = self.model.merge(source, target)
            union.id = entry and entry["id"]
            return union

        done = self.both(lambda: self.product.unions.merge(source, target), model)
        return done and done[1].id

    def undo(self, merge_id: str, *, cascade: bool = False) -> list[str] | None:
        union = next(union for union in self.model.unions if union.id == merge_id)
        done = self.both(
            lambda: self.product.unions.undo(merge_id, cascade=cascade),
            lambda _: self.model.undo(union, cascade=cascade),
        )
        if done is None:
            return None
        undone = [entry["id"] for entry in done[0]]
        assert undone == [each.id for each in done[1]]
        return undone

    def split(self, contact: str, parts: list[list[tuple[str, str]]]) -> str | None:
        def model(entry: Any) -> Split:
            split = self.model.split(contact, parts, lambda number: entry["parts"][number]["contact"])
            split.id = entry["id"]
            return split

        wanted = Wanted(tuple(tuple(part) for part in parts))
        done = self.both(lambda: self.product.splits.split(contact, wanted), model)
        return done and done[1].id

    def split_around(self, contact: str, around: tuple[str, str]) -> str | None:
        def model(entry: Any) -> Split:
            keys = [
                [(name, value) for name, values in part["keys"].items() for value in values]
                for part in (entry["parts"] if entry else [])
            ]
            split = self.model.split_around(contact, around, keys, lambda number: entry["parts"][number]["contact"])
            split.id = entry["id"]
            return split

        done = self.both(lambda: self.product.splits.split(contact, Wanted(around=around)), model)
        return done and done[1].id

    def undo_split(self, split_id: str) -> bool:
        split = next(one for one in self.model.splits if one.id == split_id)
        return self.both(lambda: self.product.splits.undo(split_id), lambda _: self.model.undo_split(split)) is not None

    def judge(self, contact: str, other: str | tuple[str, str]) -> None:
        def product() -> str:
            judgements = self.product.judgements
            judged, _ = (
                judgements.apart(contact, other)
                if isinstance(other, str)
                else judgements.apart_from_key(contact, *other)
            )
            found: str = judged["id"]
            return found

        def model(found: Any) -> str | None:
            judged = self.model.judge(contact, other)
            judged.id = judged.id or found
            return judged.id

        if (done := self.both(product, model)) is not None:
            assert done[0] == done[1], "a judgement is made once"

    def take_judgement_back(self, which: int) -> None:
        judged = self.model.judgements.pop(which % len(self.model.judgements))
        assert judged.id
        self.product.judgements.take_back(judged.id)

    def give(self, contact: str, key: Any, value: str) -> None:
        self.both(lambda: self.product.keys.give(contact, key, value), lambda _: self.model.give(contact, key, value))

    def take(self, contact: str, key: Any, value: str) -> None:
        self.both(lambda: self.product.keys.take(contact, key, value), lambda _: self.model.take(contact, key, value))

    def gone(self, *subscriptions: str) -> None:
        there = self.product.subscriptions.gone([("subscription", one) for one in subscriptions])
        assert there == sum(self.model.end(one) for one in dict.fromkeys(subscriptions)), subscriptions

    def patch(self, contact: str, values: dict[str, Any]) -> None:
        self.both(lambda: self.product.properties.write(contact, values), lambda _: self.model.patch(contact, values))

    def define_segment(self, name: str, kind: str, where: Any = None, on_union: str | None = None) -> None:
        self.product.segments.define(name, kind, where, on_union=on_union)
        self.model.define_segment(name, kind, where, on_union)

    def remove_segment(self, name: str) -> None:
        self.both(lambda: self.product.segments.remove(name), lambda _: self.model.remove_segment(name))

    def list_member(self, name: str, contact: str, *, put: bool = True) -> None:
        edit = self.product.segments.put_member if put else self.product.segments.drop_member
        self.both(lambda: edit(name, contact), lambda _: self.model.list_member(name, contact, put=put))

    def define_workflow(self, name: str) -> None:
        self.product.workflows.define(name)
        self.model.workflows.add(name)

    def set_status(self, workflow: str, contact: str, status: str) -> None:
        self.both(
            lambda: self.product.workflows.set_status(workflow, contact, status),
            lambda _: self.model.set_status(workflow, contact, status),
        )

    def run(self, workflow: str, contact: str, node: str, ran: int, data: dict[str, Any]) -> None:
        ran_at: datetime = to_datetime(ran)
        self.both(
            lambda: self.product.workflows.run(workflow, contact, node, ran_at, data),
            lambda _: self.model.run(workflow, contact, node, ran, data),
        )

    # --- comparison ------------------------------------------------------------------------------------------

    def compare(self, *, whole: bool = False) -> None:
        """Compare everything readable.

        The graph tells in one statement who leads to whom and who has which activity. Of the contacts for which this,
        or what the model says, is not as it was when product and model last agreed, the product is asked one by one;
        ``whole``: of every contact.
        """
        RUN["comparisons"] += 1
        self.compare_journal()
        with self.model.still():
            self._compare_everybody(whole=whole)

    def _compare_everybody(self, *, whole: bool) -> None:
        alive = {person.id: person for person in self.model.alive()}
        expected = {person.id: self.model.living(person).id for person in self.model.people.values()}
        asked = [contact for contact, living in expected.items() if whole or self.leads.get(contact) != living]

        def look(tx: Transaction) -> tuple[list[dict[str, Any]], dict[str, str], list[dict[str, Any]]]:
            shown = documents(tx, list(alive), DEFAULT_NAMESPACES)
            return shown, {contact: living_contact(tx, contact) for contact in asked}, tx.run_text(EVERYBODY)

        shown, leads, everybody = self.database.read(look)
        assert leads == {contact: expected[contact] for contact in asked}
        assert {row["id"]: row["living"] for row in everybody} == {one: [living] for one, living in expected.items()}
        self.leads = expected
        assert [document["id"] for document in shown] == list(alive)
        for document in shown:
            self.name_minted_of(alive[document["id"]], document)
        stored = {row["id"]: row["activity"] for row in everybody}
        for document in shown:
            contact = document["id"]
            self.compare_document(alive[contact], document, stored[contact], whole=whole)

    def name_minted_of(self, person: Person, document: dict[str, Any]) -> None:
        expected = self.model.keys(person, "tracker_id")
        for place, value in enumerate(expected):
            if value.startswith(MINTED):
                assert len(expected) == len(document["trackers"]), (expected, document["trackers"])
                self.name(value, document["trackers"][place])

    def compare_document(self, person: Person, document: dict[str, Any], stored: list[Any], *, whole: bool) -> None:
        expected = self.model.document(person)
        seen = self.compare_activity(person, stored, whole=whole)
        for name, state in expected["workflows"].items():
            assert name in document["workflows"], name
            for node in state["nodes"].values():
                node["ran_at"] = as_text(node["ran_at"])
        typed = {name: (type(value), value) for name, value in document["properties"].items()}
        assert typed == {name: (type(value), value) for name, value in expected["properties"].items()}, person.id
        for shown in (document, expected):  # nobody promises an order of subscriptions
            shown["subscriptions"] = sorted(shown["subscriptions"], key=lambda item: item["id"])
        assert {key: document[key] for key in expected} == expected
        if seen is not None:
            assert document["last_seen_at"] == seen, "last_seen_at"

    def compare_activity(self, person: Person, stored: list[Any], *, whole: bool) -> str | None:
        """Compare a contact's activity, given as the graph has it; return when it was last seen."""
        expected = [
            (found.message_id, found.event, found.event_properties, found.on.value, found.rule, found.outcome)
            for found in self.model.activity(person)
        ]
        if not whole and person.id in self.agreed:
            *agreed, seen = self.agreed[person.id]
            if agreed == [stored, expected]:
                return seen
        activities = self.activity_as_expected(person)
        assert len(stored) == len(activities)
        seen = max((activity["received_at"] for activity in activities), default=None)
        self.agreed[person.id] = (stored, expected, seen)
        return seen

    def activity_as_expected(self, person: Person) -> list[dict[str, Any]]:
        activities, following = self.product.contacts.activity(person.id, limit=1000)
        assert following is None
        times = [(as_micros(item["occurred_at"]), as_micros(item["received_at"])) for item in activities]
        assert times == sorted(times, reverse=True), "newest first"
        for item in activities:
            assert self.received.setdefault(item["message_id"], item["received_at"]) == item["received_at"]
        shown = {
            item["message_id"]: (
                item["event"],
                item["event_properties"],
                item["tracker_id"],
                item["rule"],
                item["outcome"].value if hasattr(item["outcome"], "value") else item["outcome"],
                item["received_at"] if item["occurred_at"] == item["received_at"] else item["occurred_at"],
            )
            for item in activities
        }
        assert len(shown) == len(activities)
        assert shown == {
            found.message_id: (
                found.event,
                found.event_properties,
                found.on.value,
                found.rule,
                found.outcome,
                self.received.get(found.message_id) if found.occurred > NOW else as_text(found.occurred),
            )
            for found in self.model.activity(person)
        }, f"activity of {person.id}"
        return activities

    def compare_journal(self) -> None:
        entries, following = self.product.unions.page(limit=1000)
        assert following is None
        assert [entry["at"] for entry in entries] == sorted((entry["at"] for entry in entries), key=as_micros)[::-1]
        known = {union.id for union in self.model.unions}
        fresh = [entry for entry in entries if entry["id"] not in known]
        for union in self.model.unions:
            if union.id is None:
                entry = next(
                    (
                        entry
                        for entry in fresh
                        if (entry["source"], entry["target"], entry["rule"])
                        == (union.source.id, self.model.home(union.target).id, union.rule)
                    ),
                    None,
                )
                assert entry, f"no journal entry for {union.source.id} into {union.target.id} by {union.rule}"
                union.id = entry["id"]
        assert {
            entry["id"]: (entry["source"], entry["target"], entry["rule"], entry["undone_at"] is not None)
            for entry in entries
        } == {
            union.id: (union.source.id, self.model.home(union.target).id, union.rule, union.undone)
            for union in self.model.unions
        }, "journal"

    def compare_owners(self) -> None:
        """Ask for the owner of every key that ever was."""
        keys = dict.fromkeys((period.key, period.value) for period in self.model.periods)

        def ask(tx: Transaction) -> dict[tuple[str, str], list[str]]:
            return {
                (key, value): [row["id"] for row in tx.run("explore.owners", namespace=key, value=value)]
                for key, value in keys
            }

        for key, owners in self.database.read(ask).items():
            assert owners == [person.id for person in self.model.owners(*key)], key

    def compare_segments(self) -> None:
        for name, segment in self.model.segments.items():
            definition = self.product.segments.get(name)
            assert definition["kind"] == segment["kind"]
            assert definition.get("where") == segment["where"]
            assert [str(item) for item in self.member_ids(name)] == self.model.members(name), name

    def member_ids(self, name: str) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            page = self.product.segments.members(name, limit=2, cursor=cursor)
            found += [item["id"] if isinstance(item, dict) else item for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                return found

    def export(self, contact: str) -> dict[str, Any]:
        """Return all that a contact shows, as the product shows it."""
        activities, _ = self.product.contacts.activity(contact, limit=1000)
        return {**self.product.contacts.get(contact), "activity": activities}


def as_micros(text: str) -> int:
    return to_micros(datetime.fromisoformat(text))


def as_text(micros: int) -> str:
    return to_datetime(micros).isoformat().replace("+00:00", "Z")


DAY = timedelta(days=1) // timedelta(microseconds=1)
YEAR_2020 = 1_577_836_800_000_000

__all__ = ["DAY", "PLURAL", "YEAR_2020", "SideBySide", "as_micros", "as_text"]
