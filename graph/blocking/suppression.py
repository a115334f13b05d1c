"""Emails and user ids that do not come back after their owner was erased, kept as keyed hashes.

A plain hash of an address is personal data: whoever has a list of addresses hashes them all and looks which are here.
With a secret of the deployment in the hash that takes the secret too.
"""

import secrets
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from graph.clock import Clock, to_text
from graph.errors import BadInput, FieldError, NotFound
from graph.identity.keys import SuppressedKeys, read_key, suppression_digest
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.model import KeyName
from graph.paging import cut_page, read_cursor
from graph.settings import Settings
from graph.store.changes import note_act
from graph.store.database import RECEIPT, Database, Transaction

SECRET = "suppression"  # noqa: S105 the name of it
_PAGE = 10_000


class Suppression:
    """Keeps the digests in the graph and gives those that hold now.

    The secret is made once and kept in the graph; ``KINFOLD_SUPPRESSION_SECRET``, where it is set, is hashed along
    with it, so that a copy of the database alone does not tell who was erased.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        namespaces: Namespaces = DEFAULT_NAMESPACES,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._database = database
        self._clock = clock or Clock()
        self._namespaces = namespaces
        self._settings = settings
        self._lock = threading.Lock()
        self._known: tuple[int, SuppressedKeys] | None = None

    def current(self, tx: Transaction) -> SuppressedKeys | None:
        """Return what is suppressed, read again only when it has changed; None when nothing ever was."""
        rows = tx.run("privacy.suppression", name=SECRET)
        if not rows:
            return None
        version: int = rows[0]["version"]
        with self._lock:
            known = self._known
        secret = self._keyed(rows[0]["value"])
        if known is not None and known[0] == version and known[1].secret == secret:
            return known[1]
        digests: set[bytes] = set()
        after = ""
        while page := tx.run("privacy.suppressed", after=after, limit=_PAGE):
            digests.update(bytes.fromhex(row["digest"]) for row in page)
            after = page[-1]["digest"]
        found = SuppressedKeys(secret, frozenset(digests))
        with self._lock:
            self._known = (version, found)
        return found

    def add(self, tx: Transaction, keys: Iterable[tuple[KeyName, str]]) -> int:
        """Suppress the person keys among some keys, within a transaction; return how many they are."""
        named = [(name, value) for name, value in keys if self._namespaces[name].is_person]
        if not named:
            return 0
        [row] = tx.run("privacy.secret", name=SECRET, value=secrets.token_hex(32))
        secret = self._keyed(row["value"])
        rows = [{"kind": name, "digest": suppression_digest(secret, name, value).hex()} for name, value in named]
        tx.run("privacy.suppress", name=SECRET, rows=rows, at=datetime.now(UTC))
        return len(rows)

    def page(self, *, limit: int = 100, cursor: str | None = None) -> tuple[list[dict[str, Any]], str | None]:
        """List what is suppressed, as digests, and the cursor of the next page: ``{kind, digest, at}``.

        Raises
        ------
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        (after,) = read_cursor(cursor, (str,)) if cursor else ("",)
        rows = self._database.read(lambda tx: tx.run("privacy.suppressed", after=after, limit=limit + 1))
        page, following = cut_page(rows, limit, "digest")
        return [{"kind": row["kind"], "digest": row["digest"], "at": to_text(row["at"])} for row in page], following

    def allow(self, kind: str, value: str) -> None:
        """Let a key come back.

        Raises
        ------
        BadInput
            When it is no person key, or its value is none.
        NotFound
            When it is not suppressed.
        """
        if kind not in self._namespaces.persons:
            persons = ", ".join(name for name in self._namespaces.names if name in self._namespaces.persons)
            raise BadInput([FieldError("kind", "kind", f"what is suppressed is one of {persons}")])
        key, normal = read_key(kind, value, self._namespaces, "value")

        def work(tx: Transaction) -> bool:
            rows = tx.run("privacy.suppression", name=SECRET)
            if not rows:
                return False
            digest = suppression_digest(self._keyed(rows[0]["value"]), key, normal).hex()
            allowed = bool(tx.run("privacy.allow", name=SECRET, digest=digest))
            if allowed:
                note_act(tx, "suppression_lifted", self._clock.next(), key=key)
            return allowed

        if not self._database.write(work, committed=RECEIPT):
            raise NotFound(f"This {kind} is not suppressed.")

    def _keyed(self, stored: str) -> bytes:
        return f"{stored}\0{self._settings.suppression_secret.get_secret_value()}".encode()
