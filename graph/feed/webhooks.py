"""Webhooks: who gets the feed delivered, how far they are, and what they did not take."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graph.clock import Clock, Micros, to_text
from graph.errors import BadInput, FieldError, NotFound
from graph.feed.addresses import UNRESOLVABLE, Refused, check_url
from graph.feed.feed import Feed, change_of, lock
from graph.model import MAX_NAME
from graph.paging import cut_page, read_cursor
from graph.store.changes import CHANGE_KINDS, acting, append, change_row
from graph.store.database import RECEIPT, Database, Row, Transaction

Document = dict[str, Any]

MAX_URL = 2_048
MAX_SECRET = 255
SECRET_PREFIX = "whsec_"  # noqa: S105 the prefix of Standard Webhooks, no secret


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where changes go, and how far they have come.

    Attributes
    ----------
    kinds
        Which changes; empty for all.
    position
        The number up to which everything was delivered or is on the dead-letter list.
    tries
        How often the next change was tried without success.
    failing, next
        Since when nothing was taken, and when it is tried again.
    """

    name: str
    url: str
    secret: str
    kinds: tuple[str, ...]
    position: int
    tries: int
    error: str | None
    created: Micros
    delivered: Micros | None
    failing: Micros | None
    next: Micros | None

    @classmethod
    def of(cls, row: Row) -> "Webhook":
        """Read a row of the statement ``webhooks.all``."""
        node = row["webhook"]
        return cls(
            node["name"],
            node["url"],
            node["secret"],
            tuple(node["kinds"]),
            node["position"],
            node["tries"],
            node["error"],
            row["created"],
            row["delivered"],
            row["failing"],
            row["next"],
        )

    def wants(self, kind: str) -> bool:
        """Return whether changes of a kind go here."""
        return not self.kinds or kind in self.kinds

    def document(self) -> Document:
        """Show it, without its secret."""
        return {
            "name": self.name,
            "url": self.url,
            "kinds": list(self.kinds),
            "position": str(self.position),
            "created_at": to_text(self.created),
            "delivered_at": _text(self.delivered),
            "failing_since": _text(self.failing),
            "next_try_at": _text(self.next),
            "error": self.error,
        }


class Webhooks:
    """Defines webhooks and lists what they did not take."""

    def __init__(
        self,
        database: Database,
        feed: Feed,
        *,
        clock: Clock | None = None,
        allow_internal: bool = False,
        check: Callable[..., object] = check_url,
    ) -> None:
        self._database = database
        self._feed = feed
        self._clock = clock or Clock()
        self._allow_internal = allow_internal
        self._check = check

    def define(self, name: str, url: Any, secret: Any = None, kinds: Any = None) -> tuple[bool, Document]:
        """Make a webhook, which begins with the next change, or change it; tell whether it is new.

        Parameters
        ----------
        url
            Where changes are sent, http or https; no internal address unless the deployment allows it.
        secret
            What deliveries are signed with: ``whsec_`` and Base64, or any text. A webhook that is there keeps its own
            when this is None.
        kinds
            Which changes; None or empty for all.

        Raises
        ------
        BadInput
            With every field that breaks a rule.
        """
        self._examine(name, url, secret, kinds)

        def work(tx: Transaction) -> bool:
            end = self._feed.end(tx)
            # Only now, under the feed's lock, which whoever removes one takes too.
            new = all(webhook.name != name for webhook in _all(tx))
            if new and secret is None:
                raise BadInput([FieldError("secret", "missing", "a new webhook has a secret to sign with")])
            tx.run(
                "webhooks.define",
                name=name,
                url=url,
                secret=secret,
                kinds=list(dict.fromkeys(kinds or ())),
                position=end,
                at=datetime.now(UTC),
            )
            append(tx, change_row("webhook_defined", self._clock.next(), webhook=name, by=acting()))
            return new

        self._feed.number()
        new = self._database.write(work, committed=RECEIPT)
        return new, self.get(name)

    def get(self, name: str) -> Document:
        """Return one webhook, without its secret.

        Raises
        ------
        NotFound
            When there is none of this name.
        """
        return next((item for item in self.listed() if item["name"] == name), None) or _missing(name)

    def listed(self) -> list[Document]:
        """List every webhook by name, without secrets."""
        return [webhook.document() for webhook in self.all()]

    def all(self) -> list[Webhook]:
        """Give every webhook by name, with its secret."""
        return self._database.read(_all)

    def remove(self, name: str) -> None:
        """Remove a webhook with its dead letters.

        Raises
        ------
        NotFound
            When there is none of this name.
        """

        def work(tx: Transaction) -> None:
            lock(tx)
            if not tx.run("webhooks.remove", name=name):
                _missing(name)
            append(tx, change_row("webhook_removed", self._clock.next(), webhook=name, by=acting()))

        self._database.write(work, committed=RECEIPT)

    def dead(self, name: str, *, limit: int = 100, cursor: str | None = None) -> tuple[list[Document], str | None]:
        """Return one page of what a webhook did not take within a day, oldest change first.

        Raises
        ------
        NotFound
            When there is no such webhook.
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        (after,) = read_cursor(cursor, (int,)) if cursor else (0,)
        self.get(name)
        rows = self._database.read(
            lambda tx: tx.run("webhooks.dead", name=name, after=after, only_replayed=False, limit=limit + 1)
        )
        page, following = cut_page(rows, limit, "seq")
        items = [
            {
                "change": change_of(row).document,
                "error": row["error"],
                "died_at": to_text(row["died"]),
                "replay": row["replay"],
            }
            for row in page
        ]
        return items, following

    def replay(self, name: str) -> int:
        """Have everything on the dead-letter list delivered again, once each; tell how many.

        Raises
        ------
        NotFound
            When there is no such webhook.
        """

        def work(tx: Transaction) -> int:
            rows = tx.run("webhooks.replay", name=name)
            if not rows:
                _missing(name)
            append(tx, change_row("webhook_replayed", self._clock.next(), webhook=name, by=acting()))
            replayed: int = rows[0]["replayed"]
            return replayed

        return self._database.write(work, committed=RECEIPT)

    def _examine(self, name: str, url: Any, secret: Any, kinds: Any) -> None:
        errors: list[FieldError] = []
        if not 1 <= len(name) <= MAX_NAME:
            errors.append(FieldError("name", "name_length", f"a name has 1 to {MAX_NAME} characters"))
        if not isinstance(url, str) or not 1 <= len(url) <= MAX_URL:
            errors.append(
                FieldError("url", "url", f"must be the address that changes are sent to, {MAX_URL} characters at most")
            )
        else:
            try:
                self._check(url, allow_internal=self._allow_internal)
            except Refused as error:
                # A name that nobody knows yet, or now, is looked up again at every delivery.
                if error.rule != UNRESOLVABLE:
                    errors.append(FieldError("url", error.rule, str(error)))
        if secret is not None:
            try:
                signing_key(secret)
            except ValueError as error:
                errors.append(FieldError("secret", "secret", str(error)))
        if kinds is not None and not (isinstance(kinds, list) and all(kind in CHANGE_KINDS for kind in kinds)):
            errors.append(FieldError("kinds", "kind", f"this lists kinds of changes: {', '.join(CHANGE_KINDS)}"))
        if errors:
            raise BadInput(errors)


def signing_key(secret: Any) -> bytes:
    """Return the bytes that a secret stands for.

    Raises
    ------
    ValueError
        When it is no text of 1 to 255 characters, or begins with ``whsec_`` and is no Base64 after that.
    """
    if not isinstance(secret, str) or not 1 <= len(secret) <= MAX_SECRET:
        raise ValueError(f"a secret has 1 to {MAX_SECRET} characters")
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise ValueError("a secret that begins with whsec_ goes on in Base64")
    return key


def _all(tx: Transaction) -> list[Webhook]:
    return [Webhook.of(row) for row in tx.run("webhooks.all")]


def _missing(name: str) -> Document:
    raise NotFound(f"There is no webhook {name!r}.")


def _text(at: Micros | None) -> str | None:
    return None if at is None else to_text(at)
