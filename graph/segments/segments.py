"""Segments by name: definitions, membership, and lists that people edit.

Membership of dynamic segments is evaluated when it is read: it cannot be stale, no reader sees a contact in a
segment that its data contradict, and a period that ends needs no sweep (docs/decisions/).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from graph.clock import Clock, rfc3339, to_datetime, to_text
from graph.errors import BadInput, ClashError, FieldError, NotFound, TryAgain
from graph.identity.living import living_contact
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.model import MAX_NAME
from graph.paging import cut_page, read_cursor
from graph.segments.conditions import compile_condition
from graph.store.changes import ChangeKind, acting, append, change_row
from graph.store.database import RECEIPT, REPEATABLE, Database, Row, Transaction

SegmentKind = Literal["static", "dynamic", "dynamic_plus"]
KINDS: tuple[SegmentKind, ...] = ("static", "dynamic", "dynamic_plus")

ON_UNION = ("survivor", "either")
"""When the survivor of a union is on a static list: when it was before, or when either of both was."""

_LOOKED_AT = 1_000
"""Members of a watched segment that are compared at once."""


class Segments:
    """Defines segments and tells who is in them."""

    def __init__(
        self, database: Database, *, clock: Clock | None = None, namespaces: Namespaces = DEFAULT_NAMESPACES
    ) -> None:
        self._database = database
        self._namespaces = namespaces
        self._clock = clock or Clock()

    def define(
        self, name: str, kind: Any, where: Any = None, *, watch: Any = False, on_union: Any = None
    ) -> dict[str, Any]:
        """Make a segment, or change it; membership is right at once.

        Parameters
        ----------
        watch
            Whether the change feed tells who comes into a dynamic segment and who leaves, as often as a server looks
            (`sweep`); of a static one it tells every edit.
        on_union
            Of a static one: whether the survivor of a union is on the list when it was before (``survivor``, also
            when nothing is said), or when either of both was (``either``).

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
            compile_condition(where, activity=kind == "dynamic_plus", namespaces=self._namespaces)
        if not isinstance(watch, bool):
            raise BadInput([FieldError("watch", "type", "must be true or false")])
        if watch and kind == "static":
            raise BadInput(
                [FieldError("watch", "static", "every edit of a static segment is in the change feed anyway")]
            )
        if on_union is not None and on_union not in ON_UNION:
            raise BadInput([FieldError("on_union", "value", f"this is one of {', '.join(ON_UNION)}")])
        if on_union is not None and kind != "static":
            raise BadInput([FieldError("on_union", "static", f"who is in a {kind} segment follows from its condition")])
        on_union = (on_union or ON_UNION[0]) if kind == "static" else None
        text = None if where is None else orjson.dumps(where).decode()

        def work(tx: Transaction) -> bool:
            before = tx.run("segments.definition", name=name)
            tx.run(
                "segments.define",
                name=name,
                kind=kind,
                where_text=text,
                watch=watch,
                on_union=on_union,
                at=datetime.now(UTC),
            )
            at, by = self._clock.next(), acting()
            append(tx, change_row("segment_defined", at, segment=name, segment_kind=kind, by=by))
            return bool(before) and before[0]["watch"]

        if not (self._database.write(work, committed=RECEIPT) and watch):
            self._forget_watched(name)
        return self.get(name)

    def get(self, name: str) -> dict[str, Any]:
        """Return a segment's definition.

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

        def work(tx: Transaction) -> None:
            if not tx.run("segments.remove", name=name):
                raise NotFound(f"There is no segment {name!r}.")
            append(tx, change_row("segment_removed", self._clock.next(), segment=name, by=acting()))

        self._database.write(work, committed=RECEIPT)
        self._forget_watched(name)

    def members(self, name: str, *, limit: int = 100, cursor: str | None = None) -> dict[str, Any]:
        """Return one page of the contacts in a segment, by id, with the time as of which they are.

        Raises
        ------
        NotFound
            When there is no such segment.
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        (after,) = read_cursor(cursor, (str,)) if cursor else ("",)
        now = datetime.now(UTC)
        rows = [*self.after(name, after, limit + 1, now=now)]
        page, following = cut_page(rows, limit, "id")
        return {
            "items": [{"id": row["id"], "kind": row["kind"]} for row in page],
            "next": following,
            "as_of": rfc3339(now),
        }

    def after(self, name: str, after: str, limit: int, *, now: datetime) -> Sequence[Row]:
        """Return the next contacts in a segment by id, as of a time: their ids and kinds.

        Raises
        ------
        NotFound
            When there is no such segment.
        """

        def work(tx: Transaction) -> list[Row]:
            segment = _row(tx, name)
            if segment["kind"] == "static":
                return tx.run("segments.listed", name=name, after=after, limit=limit)
            program = compile_condition(orjson.loads(segment["where_text"]), activity=True, namespaces=None)
            return tx.run("segments.members", after=after, limit=limit, now=now, **program.parameters())

        return self._database.read(work)

    def put_member(self, name: str, contact_id: str) -> None:
        """Put a contact on a static segment's list; a folded one's survivor is meant.

        Raises
        ------
        NotFound
            When there is no such segment or contact.
        ClashError
            When the segment is not static.
        """
        self._edit("segments.list_contact", "segment_entered", name, contact_id)

    def drop_member(self, name: str, contact_id: str) -> None:
        """Take a contact off a static segment's list; that it is not on it is no error.

        Raises
        ------
        NotFound
            When there is no such segment or contact.
        ClashError
            When the segment is not static.
        """
        self._edit("segments.unlist_contact", "segment_left", name, contact_id)

    def sweep(
        self,
        *,
        stopped: Callable[[], bool] = lambda: False,
        held: Callable[[Transaction], bool] = lambda _: True,
    ) -> int:
        """Compare who is in the watched segments with who was at the last look, and tell the feed; count the changes.

        Whoever comes and leaves between two looks is not noticed. The first look tells everybody who is in it.

        Parameters
        ----------
        stopped
            Asked between two looks whether to stop.
        held
            Asked in every transaction that writes whether to go on: who lost the lease leaves the rest to its new
            holder.
        """
        definitions = self._database.read(lambda tx: tx.run("segments.definitions"))
        return sum(self._sweep(row, stopped, held) for row in definitions if row["watch"])

    def _sweep(self, segment: Row, stopped: Callable[[], bool], held: Callable[[Transaction], bool]) -> int:
        name, after, noted = segment["name"], "", 0
        program = compile_condition(orjson.loads(segment["where_text"]), activity=True, namespaces=None).parameters()

        def look(tx: Transaction) -> tuple[list[str], list[str]]:
            now = datetime.now(UTC)
            rows = tx.run("segments.members", after=after, limit=_LOOKED_AT, now=now, **program)
            members = [row["id"] for row in rows]
            until = members[-1] if len(members) == _LOOKED_AT else None
            return members, [row["contact"] for row in tx.run("segments.watched", name=name, after=after, until=until)]

        while not stopped():
            members, were = self._database.read(look)
            entered, left = sorted(set(members) - set(were)), sorted(set(were) - set(members))
            if (entered or left) and not self._note_members(segment, entered, left, held):
                break  # it was changed or removed meanwhile, or is another process's now: the next look goes by that
            noted += len(entered) + len(left)
            if len(members) < _LOOKED_AT:
                break
            after = members[-1]
        return noted

    def _note_members(
        self, segment: Row, entered: Sequence[str], left: Sequence[str], held: Callable[[Transaction], bool]
    ) -> bool:
        name = segment["name"]

        def work(tx: Transaction) -> bool:
            if not held(tx):
                return False
            noted = [("segment_entered", one) for one in entered] + [("segment_left", one) for one in left]
            at = self._clock.next(len(noted))
            rows = [change_row(kind, at + turn, one, segment=name) for turn, (kind, one) in enumerate(noted)]  # type: ignore[arg-type]
            return bool(
                tx.run(
                    "segments.note_members",
                    name=name,
                    changed_at=to_datetime(segment["changed"]),
                    entered=list(entered),
                    left=list(left),
                    rows=rows,
                )
            )

        return self._database.write(work, committed=RECEIPT)

    def _forget_watched(self, name: str) -> None:
        def forget(tx: Transaction) -> int:
            forgotten: int = tx.run("segments.unwatch", name=name, limit=10_000)[0]["forgotten"]
            return forgotten

        while self._database.write(forget, committed=REPEATABLE):
            pass

    def _edit(self, statement: str, kind: ChangeKind, name: str, contact_id: str) -> None:
        def work(tx: Transaction) -> None:
            segment = _row(tx, name)
            if segment["kind"] != "static":
                raise ClashError(
                    f"Segment {name!r} is {segment['kind']}: its members follow from its condition and are never "
                    "edited by hand."
                )
            rows = tx.run(statement, name=name, contact_id=living_contact(tx, contact_id))
            if not rows:
                raise TryAgain  # folded before it was locked
            if rows[0]["changed"]:
                append(tx, change_row(kind, self._clock.next(), rows[0]["contact"], segment=name, by=acting()))

        self._database.write(work, committed=RECEIPT)


def segments_of(tx: Transaction, contact_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return which segments some contacts are in now, by contact; names in order."""
    found: dict[str, list[str]] = defaultdict(list)
    definitions = tx.run("segments.definitions")
    if not definitions:
        return found
    for row in tx.run("segments.lists_of", contact_ids=list(contact_ids)):
        found[row["contact"]].append(row["segment"])
    programs = [
        {
            "segment": row["name"],
            **compile_condition(orjson.loads(row["where_text"]), activity=True, namespaces=None).parameters(),
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
        "watch": row["watch"],
        "on_union": (row["on_union"] or ON_UNION[0]) if row["kind"] == "static" else None,
        "changed_at": to_text(row["changed"]),
    }
