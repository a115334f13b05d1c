"""Segments by name: definitions, membership, and lists that people edit.

Membership of dynamic segments is evaluated when it is read: it cannot be stale, no reader sees a contact in a
segment that its data contradict, and a period that ends needs no sweep (docs/decisions/).
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from graph.clock import to_text
from graph.database import Database, Row, Transaction
from graph.errors import BadInput, ClashError, FieldError, NotFound, TryAgain
from graph.events import MAX_NAME
from graph.paging import make_cursor, read_cursor
from graph.segments.conditions import compile_condition

SegmentKind = Literal["static", "dynamic", "dynamic_plus"]
KINDS: tuple[SegmentKind, ...] = ("static", "dynamic", "dynamic_plus")


class Segments:
    """Defines segments and tells who is in them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def define(self, name: str, kind: Any, where: Any = None) -> dict[str, Any]:
        """Make a segment, or change it; membership is right at once.

        Raises
        ------
        BadInput
            When the name, the kind or the condition breaks a rule; conditions with every mistake's place.
        """
        if not 1 <= len(name) <= MAX_NAME:
            raise BadInput([FieldError("name", "name_length", f"a name has 1 to {MAX_NAME} characters")])
        if kind not in KINDS:
            raise BadInput([FieldError("kind", "kind", f"a segment's kind is one of {', '.join(KINDS)}")])
        if kind == "static":
            if where is not None:
                raise BadInput([FieldError("where", "static", "a static segment is a list: it has no condition")])
        elif where is None:
            raise BadInput([FieldError("where", "missing", f"a {kind} segment has a condition")])
        else:
            compile_condition(where, activity=kind == "dynamic_plus")
        text = None if where is None else orjson.dumps(where).decode()
        self._database.write(
            lambda tx: tx.run("segments.define", name=name, kind=kind, where_text=text, at=datetime.now(UTC))
        )
        return self.get(name)

    def get(self, name: str) -> dict[str, Any]:
        """Give a segment's definition.

        Raises
        ------
        NotFound
            When there is no such segment.
        """
        return _definition(self._database.read(lambda tx: _row(tx, name)))

    def list(self) -> list[dict[str, Any]]:
        """List every definition, by name."""
        return [_definition(row) for row in self._database.read(lambda tx: tx.run("segments.definitions"))]

    def remove(self, name: str) -> None:
        """Remove a segment.

        Raises
        ------
        NotFound
            When there is no such segment.
        """
        if not self._database.write(lambda tx: tx.run("segments.remove", name=name)):
            raise NotFound(f"There is no segment {name!r}.")

    def members(self, name: str, *, limit: int = 100, cursor: str | None = None) -> dict[str, Any]:
        """Give one page of the contacts in a segment, by id, with the time as of which they are.

        Raises
        ------
        NotFound
            When there is no such segment.
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        (after,) = read_cursor(cursor, (str,)) if cursor else ("",)
        now = datetime.now(UTC)

        def work(tx: Transaction) -> list[Row]:
            segment = _row(tx, name)
            if segment["kind"] == "static":
                return tx.run("segments.listed", name=name, after=after, limit=limit + 1)
            program = compile_condition(orjson.loads(segment["where_text"]), activity=True)
            return tx.run("segments.members", after=after, limit=limit + 1, now=now, **program.parameters())

        rows = self._database.read(work)
        page = rows[:limit]
        return {
            "items": [{"id": row["id"], "kind": row["kind"]} for row in page],
            "next": make_cursor(page[-1]["id"]) if len(rows) > limit else None,
            "as_of": now.isoformat().replace("+00:00", "Z"),
        }

    def put_member(self, name: str, contact_id: str) -> None:
        """Put a contact on a static segment's list; a folded one's survivor is meant.

        Raises
        ------
        NotFound
            When there is no such segment or contact.
        ClashError
            When the segment is not static.
        """
        self._edit("segments.list_contact", name, contact_id)

    def drop_member(self, name: str, contact_id: str) -> None:
        """Take a contact off a static segment's list; that it is not on it is no error.

        Raises
        ------
        NotFound
            When there is no such segment or contact.
        ClashError
            When the segment is not static.
        """
        self._edit("segments.unlist_contact", name, contact_id)

    def _edit(self, statement: str, name: str, contact_id: str) -> None:
        from graph.contacts import living_contact

        def work(tx: Transaction) -> None:
            segment = _row(tx, name)
            if segment["kind"] != "static":
                raise ClashError(
                    f"Segment {name!r} is {segment['kind']}: its members follow from its condition and are never "
                    "edited by hand."
                )
            if not tx.run(statement, name=name, contact_id=living_contact(tx, contact_id)):
                raise TryAgain  # folded before it was locked

        self._database.write(work)


def segments_of(tx: Transaction, contact_ids: Sequence[str]) -> dict[str, list[str]]:
    """Tell which segments some contacts are in now, by contact; names in order."""
    found: dict[str, list[str]] = defaultdict(list)
    definitions = tx.run("segments.definitions")
    if not definitions:
        return found
    for row in tx.run("segments.lists_of", contact_ids=list(contact_ids)):
        found[row["contact"]].append(row["segment"])
    programs = [
        {
            "segment": row["name"],
            **compile_condition(orjson.loads(row["where_text"]), activity=True).parameters(),
        }
        for row in definitions
        if row["where_text"] is not None
    ]
    if programs:
        now = datetime.now(UTC)
        for row in tx.run("segments.check", contact_ids=list(contact_ids), now=now, programs=programs):
            found[row["contact"]].append(row["segment"])
    return {contact: sorted(names) for contact, names in found.items()}


def _row(tx: Transaction, name: str) -> Row:
    rows = tx.run("segments.definition", name=name)
    if not rows:
        raise NotFound(f"There is no segment {name!r}.")
    return rows[0]


def _definition(row: Row) -> dict[str, Any]:
    return {
        "name": row["name"],
        "kind": row["kind"],
        "where": None if row["where_text"] is None else orjson.loads(row["where_text"]),
        "changed_at": to_text(row["changed"]),
    }
