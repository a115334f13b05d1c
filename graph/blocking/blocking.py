"""The block list of a deployment: the built-in words, what the settings add, and what operators add by command."""

import logging
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal

from graph.blocking.suppression import Suppression
from graph.clock import Clock, to_text
from graph.errors import BadInput, FieldError, NotFound, Unavailable
from graph.identity.keys import BlockList, SuppressedKeys
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.model import KeyName
from graph.patterns import InvalidPattern, Pattern
from graph.settings import Settings
from graph.store.changes import ChangeKind, ChangeRow, acting, append, change_row
from graph.store.database import RECEIPT, Database, Row, Transaction

log = logging.getLogger("kinfold.blocking")

RuleKind = Literal["value", "pattern", "allow"]

FRESH_SECONDS = 2.0
"""How old the list that a process uses may be: a new rule holds everywhere after that."""
LOOK_SECONDS = 2.0
"""How long a look for a newer list may take where there is one to go on with: it stands before every event."""


class Blocking:
    """Keeps the rules in the graph and gives the list that holds now, with the keys that are suppressed."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        suppression: Suppression | None = None,
        *,
        clock: Clock | None = None,
        namespaces: Namespaces = DEFAULT_NAMESPACES,
    ) -> None:
        self._database = database
        self._namespaces = namespaces
        self._clock = clock or Clock()
        self._settings = settings
        self._suppression = suppression or Suppression(database, settings)
        self._lock = threading.Lock()
        self._list: BlockList | None = None
        self._looked_at = 0.0
        self._look: Future[BlockList] | None = None

    def current(self) -> BlockList:
        """Return the block list, read again from the graph when the last look is two seconds old.

        One caller looks; meanwhile, and when the database cannot be reached, the others go on with the last list.
        Those who have none wait for that look, and share what it comes to.

        Raises
        ------
        Unavailable
            When the database cannot be reached and no list is known that may still be right.
        """
        with self._lock:
            known, look = self._list, self._look
            if known is not None and (look is not None or time.monotonic() - self._looked_at <= FRESH_SECONDS):
                return known
            mine = look is None
            if look is None:
                look = self._look = Future()
        if mine:
            self._take(look, known)
        return look.result()

    def _take(self, look: "Future[BlockList]", known: BlockList | None) -> None:
        found: BlockList | None = None
        failed: BaseException | None = None
        try:
            found = self._read(None if known is None else LOOK_SECONDS)
        except Unavailable as error:
            found, failed = known, error
            if known is not None:
                log.warning("the block list could not be read again: the last one counts")
        except BaseException as error:
            failed = error
        with self._lock:
            # Not when the list was forgotten meanwhile: this look may have missed why.
            if self._look is look:
                self._look = None
                self._list, self._looked_at = found, time.monotonic()
        if found is not None:
            look.set_result(found)
        else:
            assert failed is not None
            look.set_exception(failed)

    def rules(self) -> list[dict[str, Any]]:
        """List the rules that operators added: ``{kind, namespace, value, at}``, no namespace where it is for all."""
        rows = self._database.read(lambda tx: tx.run("blocking.rules"))
        return [
            {
                "kind": row["kind"],
                "namespace": row["namespace"] or None,
                "value": row["value"],
                "at": to_text(row["at"]),
            }
            for row in rows
        ]

    def add(self, kind: RuleKind, value: str, namespace: KeyName | None = None) -> None:
        """Block a value or a pattern, or let a value of the built-in list through (``allow``).

        Parameters
        ----------
        namespace
            For its keys alone; for every key if left out.

        Raises
        ------
        BadInput
            When the value is empty, the pattern is not a regular expression, or there is no such namespace.
        """
        kept, of = _rule_value(kind, value), self._named(namespace)

        def work(tx: Transaction) -> None:
            if tx.run("blocking.add", kind=kind, namespace=of, value=kept, at=datetime.now(UTC))[0]["new"]:
                append(tx, self._change("block_rule_added", kind, kept, namespace))

        self._database.write(work, committed=RECEIPT)
        self.forget()

    def remove(self, kind: RuleKind, value: str, namespace: KeyName | None = None) -> None:
        """Take a rule back, of a namespace or of every key.

        Raises
        ------
        NotFound
            When there is no such rule.
        """
        kept, of = _rule_value(kind, value), self._named(namespace)

        def work(tx: Transaction) -> None:
            if not tx.run("blocking.remove", kind=kind, namespace=of, value=kept):
                whose = f" of {namespace}" if namespace else " for every key"
                raise NotFound(f"There is no {kind} rule {value!r}{whose}.")
            append(tx, self._change("block_rule_removed", kind, kept, namespace))

        self._database.write(work, committed=RECEIPT)
        self.forget()

    def block_value(self, namespace: KeyName, value: str) -> bool:
        """Block a value for the keys of a namespace, for the sake of another act; return whether no rule did before."""
        wanted = {"kind": "value", "namespace": namespace, "value": _rule_value("value", value)}
        if any(wanted.items() <= rule.items() for rule in self.rules()):
            return False
        self.add("value", value, namespace)
        return True

    def unblock_value(self, namespace: KeyName, value: str) -> None:
        """Take back that a value is blocked for a namespace; no error where somebody did before."""
        with suppress(NotFound):
            self.remove("value", value, namespace)

    def _change(self, what: ChangeKind, kind: RuleKind, value: str, namespace: KeyName | None) -> ChangeRow:
        return change_row(what, self._clock.next(), rule_kind=kind, rule_namespace=namespace, value=value, by=acting())

    def _named(self, namespace: KeyName | None) -> str:
        if namespace is not None and namespace not in self._namespaces:
            names = ", ".join(self._namespaces.names)
            raise BadInput([FieldError("namespace", "namespace", f"must be one of {names}")])
        return namespace or ""

    def forget(self) -> None:
        """Look again before the next event: a rule, or what is suppressed, has changed."""
        with self._lock:
            self._list = self._look = None

    def _read(self, retry_seconds: float | None) -> BlockList:
        def look(tx: Transaction) -> tuple[list[Row], SuppressedKeys | None]:
            return tx.run("blocking.rules"), self._suppression.current(tx)

        rules, suppressed = self._database.read(look, retry_seconds=retry_seconds)
        every = _Rules(rules, "")
        return BlockList.of(
            added=[*self._settings.block, *every.value],
            removed=[*self._settings.allow, *every.allow],
            patterns=[*self._settings.block_patterns, *every.pattern],
            suppressed=suppressed,
            namespaces=self._namespaces,
            own={
                name: (rules_of.value, rules_of.allow, rules_of.pattern)
                for name in {row["namespace"] for row in rules if row["namespace"] in self._namespaces}
                for rules_of in (_Rules(rules, name),)
            },
        )


class _Rules:
    """The stored rules of one namespace, or with the empty name those for every key."""

    def __init__(self, rows: list[Row], namespace: str) -> None:
        def of(kind: RuleKind) -> list[str]:
            return [row["value"] for row in rows if row["kind"] == kind and row["namespace"] == namespace]

        self.value, self.allow, self.pattern = of("value"), of("allow"), list(filter(_runs, of("pattern")))


def _runs(pattern: str) -> bool:
    """Return whether a stored pattern can be run; one of another engine may have been stored by an earlier release."""
    try:
        Pattern(pattern)
    except InvalidPattern as error:
        log.warning("the pattern %r is passed over: %s", pattern, error)
        return False
    return True


def _rule_value(kind: RuleKind, value: str) -> str:
    if not value.strip() or len(value) > 1024:
        raise BadInput([FieldError("value", "length", "a rule's value has 1 to 1,024 characters")])
    if kind != "pattern":
        return value.strip().lower()
    try:
        Pattern(value)
    except InvalidPattern as error:
        raise BadInput([FieldError("value", "pattern", f"this is not a regular expression: {error}")]) from error
    return value
