"""Workflows: who is in them, which nodes ran with what data, and what a union makes of two histories of one.

A folded contact keeps its enrolments; what its survivor shows is a function of both (point 3 of union), so that
un-merge has nothing to restore.
"""

import builtins
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from graph.clock import Clock, IdSource, Micros, RandomIds, to_datetime, to_micros, to_text
from graph.errors import BadInput, FieldError, NotFound, TryAgain
from graph.identity.living import living_contact
from graph.model import MAX_NAME, Properties
from graph.paging import cut_page, read_cursor
from graph.store.changes import acting, append, change_row, note_act
from graph.store.database import RECEIPT, Database, Row, Transaction

STATUSES = ("active", "done")


@dataclass(slots=True)
class Run:
    """One run of one node with its data."""

    node: str
    ran: Micros
    arrived: Micros
    data: dict[str, Any]


@dataclass(slots=True)
class Enrolment:
    """What one contact, living or folded, was told of one workflow: statuses in order, and runs."""

    statuses: list[tuple[Micros, str]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)


@dataclass(slots=True)
class Folded:
    """A contact with those that were folded into it: ``(when, contact)``."""

    own: Enrolment | None = None
    folded: "list[tuple[Micros, Folded]]" = field(default_factory=list)


@dataclass(slots=True)
class State:
    """What a contact shows of one workflow."""

    status: str | None = None
    nodes: dict[str, Micros] = field(default_factory=dict)
    """By node: when it last ran."""
    data: dict[tuple[str, str], tuple[Micros, Any]] = field(default_factory=dict)
    """By node and field: the run whose value counts, and the value."""


def shown_state(contact: Folded) -> State:
    """Work out what a contact shows of a workflow from its own enrolment and those folded into it.

    Per node and field the latest run wins; at the same time the contact's own before what came by a union, and
    of unions the earlier. It is active when either was, until somebody says otherwise afterwards.
    """
    state = State()
    own = contact.own or Enrolment()
    unions = sorted(contact.folded, key=lambda item: item[0])
    moments: list[tuple[Micros, str | State | None]] = [*own.statuses]
    if own.runs:
        moments.append((min(run.arrived for run in own.runs), None))
    # Nothing is written to a contact once it is folded, so all it has is from before.
    moments += [(at, shown_state(folded)) for at, folded in unions]
    for _, moment in sorted(moments, key=lambda item: item[0]):
        if isinstance(moment, str):
            state.status = moment
        elif moment is None:
            # Where no status was said, a union that was undone since had enrolled it; its own runs stay.
            state.status = state.status or "active"
        elif moment.status is not None:
            state.status = "active" if "active" in (state.status, moment.status) else "done"
    for run in sorted(own.runs, key=lambda run: (run.ran, run.arrived)):
        state.nodes[run.node] = run.ran
        state.data |= {(run.node, name): (run.ran, value) for name, value in run.data.items()}
    for _, moment in moments:
        if isinstance(moment, State):
            for node, ran in moment.nodes.items():
                state.nodes[node] = max(ran, state.nodes.get(node, ran))
            for place, (ran, value) in moment.data.items():
                if place not in state.data or ran > state.data[place][0]:
                    state.data[place] = (ran, value)
    return state


class Workflows:
    """Enrols contacts in workflows and keeps what their nodes did."""

    def __init__(self, database: Database, *, id_source: IdSource | None = None, clock: Clock | None = None) -> None:
        self._database = database
        self._id_source = id_source or RandomIds()
        self._clock = clock or Clock()

    def define(self, name: str) -> dict[str, Any]:
        """Make a workflow; making it again changes nothing.

        Raises
        ------
        BadInput
            When the name is empty or too long.
        """
        _check_name("name", name)

        def work(tx: Transaction) -> None:
            if tx.run("workflows.define", name=name, at=datetime.now(UTC))[0]["new"]:
                append(tx, change_row("workflow_defined", self._clock.next(), workflow=name, by=acting()))

        self._database.write(work, committed=RECEIPT)
        return self.get(name)

    def get(self, name: str) -> dict[str, Any]:
        """Return a workflow.

        Raises
        ------
        NotFound
            When there is none of this name.
        """
        rows = self._database.read(lambda tx: tx.run("workflows.definition", name=name))
        if not rows:
            raise NotFound(f"There is no workflow {name!r}.")
        return {"name": rows[0]["name"], "created_at": to_text(rows[0]["created"])}

    def list(self) -> list[dict[str, Any]]:
        """List every workflow by name, with how many contacts were enrolled in it."""
        return [
            {"name": row["name"], "created_at": to_text(row["created"]), "enrolments": row["enrolments"]}
            for row in self._database.read(lambda tx: tx.run("workflows.definitions"))
        ]

    def members(
        self, name: str, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[builtins.list[dict[str, Any]], str | None]:
        """Return one page of the contacts in a workflow, by id, with what each shows of it, and the next cursor.

        Raises
        ------
        NotFound
            When there is no such workflow.
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        (after,) = read_cursor(cursor, (str,)) if cursor else ("",)

        def work(tx: Transaction) -> tuple[builtins.list[dict[str, Any]], str | None]:
            if not tx.run("workflows.definition", name=name):
                raise NotFound(f"There is no workflow {name!r}.")
            rows = tx.run("workflows.members", name=name, after=after, limit=limit + 1)
            page, following = cut_page(rows, limit, "id")
            shown = workflows_of(tx, [row["id"] for row in page])
            return [{"id": row["id"], "kind": row["kind"], **shown[row["id"]][name]} for row in page], following

        return self._database.read(work)

    def set_status(self, name: str, contact_id: str, status: Any) -> dict[str, Any]:
        """Enrol a contact, or say that it is done.

        Raises
        ------
        BadInput
            When the status is neither active nor done.
        NotFound
            When there is no such workflow or contact.
        """
        if status not in STATUSES:
            raise BadInput([FieldError("status", "status", "a status is active or done")])

        def work(tx: Transaction) -> dict[str, Any]:
            contact = self._own_enrolment(tx, name, contact_id)
            at = self._clock.next()
            tx.run("workflows.set_status", contact_id=contact, name=name, status=status, at=to_datetime(at))
            note_act(tx, "workflow_status_set", at, contact, workflow=name, status=status)
            return self._state(tx, name, contact)

        return self._database.write(work, committed=RECEIPT)

    def run(
        self, name: str, contact_id: str, node: str, ran_at: datetime | None = None, data: Properties | None = None
    ) -> dict[str, Any]:
        """Note that a node ran for an enrolled contact, and with which data.

        Raises
        ------
        BadInput
            When the node's name is empty or too long.
        NotFound
            When there is no such workflow or contact, or the contact is not in the workflow.
        """
        _check_name("node", node)

        def work(tx: Transaction) -> dict[str, Any]:
            living = living_contact(tx, contact_id)
            self._state(tx, name, living)
            contact = self._own_enrolment(tx, name, living)
            at = self._clock.next()
            given = {field: value for field, value in (data or {}).items() if value is not None}
            tx.run(
                "workflows.add_run",
                contact_id=contact,
                name=name,
                run={
                    "node": node,
                    "ran_at": to_datetime(at if ran_at is None else min(to_micros(ran_at), at)),
                    "arrived_at": to_datetime(at),
                    "fields": list(given),
                    "values": [orjson.dumps(value).decode() for value in given.values()],
                },
            )
            note_act(tx, "workflow_run_added", at, contact, workflow=name, node=node)
            return self._state(tx, name, contact)

        return self._database.write(work, committed=RECEIPT)

    def state(self, name: str, contact_id: str) -> dict[str, Any]:
        """Return what a contact shows of a workflow: ``{status, nodes: {node: {ran_at, data}}}``.

        Raises
        ------
        NotFound
            When there is no such workflow or contact, or the contact is not in the workflow.
        """
        return self._database.read(lambda tx: self._state(tx, name, living_contact(tx, contact_id)))

    def _own_enrolment(self, tx: Transaction, name: str, contact_id: str) -> str:
        living = living_contact(tx, contact_id)
        if not tx.run("workflows.definition", name=name):
            raise NotFound(f"There is no workflow {name!r}.")
        if not tx.run("workflows.enrol", contact_id=living, name=name, id=self._id_source.time_ordered()):
            raise TryAgain  # folded before it was locked
        return living

    def _state(self, tx: Transaction, name: str, contact_id: str) -> dict[str, Any]:
        state = workflows_of(tx, [contact_id]).get(contact_id, {}).get(name)
        if state is None:
            raise NotFound(f"Contact {contact_id} is not in a workflow {name!r}.")
        return state


def workflows_of(tx: Transaction, contact_ids: Sequence[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what contacts show of the workflows that they are in: by contact, by workflow."""
    trees: dict[tuple[str, str], dict[str, Folded]] = defaultdict(lambda: defaultdict(Folded))
    for row in tx.run("workflows.enrolments", contact_ids=list(contact_ids)):
        tree = trees[row["contact"], row["workflow"]]
        tree[row["holder"]].own = _enrolment(row)
        # The way from the holder up to the living contact: each step a union.
        for child, parent, at in row["way"]:
            if not any(folded is tree[child] for _, folded in tree[parent].folded):
                tree[parent].folded.append((at, tree[child]))
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for (contact, workflow), tree in trees.items():
        state = shown_state(tree[contact])
        if state.status is not None:
            found[contact][workflow] = _shown(state)
    return found


def workflows_at(
    tx: Transaction,
    living_ids: Sequence[str],
    contact_id: str,
    unions: Sequence[tuple[str, str, Micros]],
    at: Micros,
) -> dict[str, dict[str, Any]]:
    """Return what a contact showed of its workflows at a time of arrival.

    Parameters
    ----------
    living_ids
        The contacts to which it and what had been folded into it lead now.
    unions
        What had been folded into it then: who, into whom, when.
    """
    trees: dict[str, dict[str, Folded]] = defaultdict(lambda: defaultdict(Folded))
    members = {contact_id, *(source for source, _, _ in unions)}
    for row in tx.run("workflows.enrolments", contact_ids=list(living_ids)):
        if row["holder"] in members:
            told = _enrolment(row)
            statuses = [(moment, status) for moment, status in told.statuses if moment <= at]
            runs = [run for run in told.runs if run.arrived <= at]
            trees[row["workflow"]][row["holder"]].own = Enrolment(statuses, runs)
    shown: dict[str, dict[str, Any]] = {}
    for workflow, tree in sorted(trees.items()):
        for source, target, moment in unions:
            tree[target].folded.append((moment, tree[source]))
        state = shown_state(tree[contact_id])
        if state.status is not None:
            shown[workflow] = _shown(state)
    return shown


def _enrolment(row: Row) -> Enrolment:
    return Enrolment(
        list(zip(row["status_at"], row["statuses"], strict=True)),
        [
            Run(node, ran, arrived, {name: orjson.loads(value) for name, value in zip(fields, values, strict=True)})
            for node, ran, arrived, fields, values in row["runs"]
        ],
    )


def _shown(state: State) -> dict[str, Any]:
    nodes: dict[str, Any] = {}
    for node, ran in sorted(state.nodes.items()):
        data = {name: value for (of, name), (_, value) in sorted(state.data.items()) if of == node}
        nodes[node] = {"ran_at": to_text(ran), "data": data}
    return {"status": state.status, "nodes": nodes}


def _check_name(place: str, name: Any) -> None:
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
        raise BadInput([FieldError(place, "name_length", f"a name has 1 to {MAX_NAME} characters")])
