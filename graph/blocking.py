"""The block list of a deployment: the built-in words, what the settings add, and what operators add by command."""

import re
import threading
import time
from datetime import UTC, datetime
from typing import Any, Literal

from graph.clock import Clock, to_text
from graph.database import Database, Row, Transaction
from graph.errors import BadInput, FieldError, NotFound
from graph.feed.changes import ChangeKind, ChangeRow, acting, append, change_row
from graph.keys import BlockList, SuppressedKeys
from graph.privacy.suppression import Suppression
from graph.settings import Settings

RuleKind = Literal["value", "pattern", "allow"]
RULE_KINDS: tuple[RuleKind, ...] = ("value", "pattern", "allow")

FRESH_SECONDS = 2.0
"""How old the list that a process uses may be: a new rule holds everywhere after that."""


class Blocking:
    """Keeps the rules in the graph and gives the list that holds now, with the keys that are suppressed."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        suppression: Suppression | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._database = database
        self._clock = clock or Clock()
        self._settings = settings
        self._suppression = suppression or Suppression(database, settings)
        self._lock = threading.Lock()
        self._list: BlockList | None = None
        self._read_at = 0.0

    def current(self) -> BlockList:
        """Give the block list, read again from the graph when the last look is two seconds old."""
        with self._lock:
            if self._list is None or time.monotonic() - self._read_at > FRESH_SECONDS:
                self._list = self._read()
                self._read_at = time.monotonic()
            return self._list

    def rules(self) -> list[dict[str, Any]]:
        """List the rules that operators added: ``{kind, value, at}``."""
        rows = self._database.read(lambda tx: tx.run("blocking.rules"))
        return [{"kind": row["kind"], "value": row["value"], "at": to_text(row["at"])} for row in rows]

    def add(self, kind: RuleKind, value: str) -> None:
        """Block a value or a pattern, or let a value of the built-in list through (``allow``).

        Raises
        ------
        BadInput
            When the value is empty or the pattern is no regular expression.
        """
        kept = _rule_value(kind, value)

        def work(tx: Transaction) -> None:
            if tx.run("blocking.add", kind=kind, value=kept, at=datetime.now(UTC))[0]["new"]:
                append(tx, self._change("block_rule_added", kind, kept))

        self._database.write(work)
        self.forget()

    def remove(self, kind: RuleKind, value: str) -> None:
        """Take a rule back.

        Raises
        ------
        NotFound
            When there is no such rule.
        """
        kept = _rule_value(kind, value)

        def work(tx: Transaction) -> None:
            if not tx.run("blocking.remove", kind=kind, value=kept):
                raise NotFound(f"There is no {kind} rule {value!r}.")
            append(tx, self._change("block_rule_removed", kind, kept))

        self._database.write(work)
        self.forget()

    def _change(self, what: ChangeKind, kind: RuleKind, value: str) -> ChangeRow:
        return change_row(what, self._clock.next(), rule_kind=kind, value=value, by=acting())

    def forget(self) -> None:
        """Look again before the next event: a rule, or what is suppressed, has changed."""
        with self._lock:
            self._list = None

    def _read(self) -> BlockList:
        def look(tx: Transaction) -> tuple[list[Row], SuppressedKeys | None]:
            return tx.run("blocking.rules"), self._suppression.current(tx)

        rules, suppressed = self._database.read(look)
        by_kind: dict[str, list[str]] = {kind: [] for kind in RULE_KINDS}
        for row in rules:
            by_kind[row["kind"]].append(row["value"])
        return BlockList.of(
            added=[*self._settings.block, *by_kind["value"]],
            removed=[*self._settings.allow, *by_kind["allow"]],
            patterns=[*self._settings.block_patterns, *by_kind["pattern"]],
            suppressed=suppressed,
        )


def _rule_value(kind: RuleKind, value: str) -> str:
    if not value.strip() or len(value) > 1024:
        raise BadInput([FieldError("value", "length", "a rule's value has 1 to 1,024 characters")])
    if kind != "pattern":
        return value.strip().lower()
    try:
        re.compile(value)
    except re.error as error:
        raise BadInput([FieldError("value", "pattern", f"this is no regular expression: {error}")]) from error
    return value
