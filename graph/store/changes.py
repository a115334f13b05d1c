"""Changes as transactions write them: one small node each, beside what they tell of and committed with it.

A change names contacts, messages, unions and definitions by their ids; keys and values of persons are not in it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, get_args

from graph.clock import Micros
from graph.store.audit import audit_row, rows_of_changes

if TYPE_CHECKING:
    from graph.store.database import Transaction

ChangeKind = Literal[
    "created",
    "claimed",
    "merged",
    "unmerged",
    "shared",
    "moved",
    "limited",
    "slept",
    "woke",
    "replaced",
    "gone",
    "segment_entered",
    "segment_left",
    "erased",
    "key_given",
    "key_taken",
    "split",
    "split_undone",
    "judged_apart",
    "judgement_taken_back",
    "properties_written",
    "segment_defined",
    "segment_removed",
    "workflow_defined",
    "block_rule_added",
    "block_rule_removed",
    "access_key_created",
    "access_key_revoked",
    "webhook_defined",
    "webhook_removed",
    "webhook_replayed",
    "finding_raised",
    "finding_acted",
    "finding_dismissed",
    "finding_undismissed",
]
"""What a change tells; docs/feed.md has them in a table."""

CHANGE_KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)

ChangeRow = dict[str, Any]
"""The properties of a change's node before it has its number."""

_ACTING: ContextVar[str | None] = ContextVar("kinfold_acting", default=None)


def acting() -> str | None:
    """Return who acts by hand here: an access key's id, a door's name, or None where nobody said."""
    return _ACTING.get()


@contextmanager
def acting_as(who: str | None) -> Iterator[None]:
    """Set who acts by hand within this context; changes name them."""
    token = _ACTING.set(who)
    try:
        yield
    finally:
        _ACTING.reset(token)


def change_row(kind: ChangeKind, at: Micros, contact: str | None = None, *, place: int = 0, **more: Any) -> ChangeRow:
    """Make a change.

    Parameters
    ----------
    kind
        What it tells.
    at
        When it was done; changes are numbered in this order, see `graph.feed.feed`.
    contact
        The contact that it is about; None for definitions and other settings.
    place
        Its place among the changes of the same transaction.
    more
        Further members, by name; ``other`` is a second contact. Those that are None are left out.
    """
    row: ChangeRow = {"kind": kind, "contact": contact, "fresh": at, "place": place}
    row.update(more)
    return {name: value for name, value in row.items() if value is not None}


def append(tx: "Transaction", *rows: ChangeRow) -> None:
    """Write changes in the transaction that does what they tell."""
    if rows:
        tx.run("feed.append", rows=list(rows))
        if entries := rows_of_changes(rows):
            tx.run("audit.append", rows=entries)


def note_act(tx: "Transaction", what: str, at: Micros, contact: str | None = None, **details: Any) -> None:
    """Note in the audit what is done by hand and the feed does not tell, in the transaction that does it."""
    note_acts(tx, what, at, [{"contact": contact, **details}])


def note_acts(tx: "Transaction", what: str, at: Micros, acts: Iterable[dict[str, Any]]) -> None:
    """Note several acts of one kind and time in the audit, as `note_act` does: the details of each."""
    if (by := acting()) is not None:
        tx.run("audit.append", rows=[audit_row(what, at, by, **details) for details in acts])
