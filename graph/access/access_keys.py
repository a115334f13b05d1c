"""Access keys that operators make and revoke by command, kept in the graph as digests.

A key is 256 random bits, so its digest is one plain SHA-256: slow hashes such as Argon2 make up for secrets that
people choose, which can be guessed. Nobody finds 256 random bits by trying, whatever a try costs, and a slow hash
would be paid with every call (OWASP's password storage advice is about passwords; GitHub and Stripe keep tokens so).
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import SecretStr

from graph.clock import Clock, to_text
from graph.errors import BadInput, FieldError, NotFound
from graph.settings import WriteAnswer
from graph.store.changes import acting, append, change_row
from graph.store.database import RECEIPT, Database, Transaction

MAX_KEY_NAME = 255
KEY_BYTES = 32
LOOK_SECONDS = 2.0
"""How long a look for the keys may take: it stands before every call."""


class KeyScope(StrEnum):
    """What an access key is for."""

    WRITE = "write"
    """Sends events; reads nothing but the answers."""
    READ = "read"
    ANALYST = "analyst"
    """Reads, and dismisses what an analysis found."""
    STEWARD = "steward"
    """Does what an analyst does, and everything that can be taken back."""
    ADMIN = "admin"
    """Does everything."""

    @property
    def opens(self) -> frozenset["KeyScope"]:
        """Return the scopes whose calls a key of this one may make."""
        return _OPENS[self]


READING = (KeyScope.READ, KeyScope.ANALYST, KeyScope.STEWARD)
"""The scopes that read; each opens what those before it open."""
_OPENS = {scope: frozenset(READING[: turn + 1]) for turn, scope in enumerate(READING)}
_OPENS |= {KeyScope.WRITE: frozenset({KeyScope.WRITE}), KeyScope.ADMIN: frozenset(KeyScope)}


def openers(scope: KeyScope) -> list[KeyScope]:
    """List the scopes whose keys open the calls of one, the narrowest first."""
    return [key for key in KeyScope if scope in key.opens]


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key as a server knows it: what it is for, and its digest."""

    id: str
    scope: KeyScope
    digest: bytes
    answer: WriteAnswer | None = None
    """How much the answers to a write key tell; None for what the deployment chose."""


def mark_of(tenant: str | None) -> str:
    """Return what stands before the random part of a tenant's keys; a dot is in neither part."""
    return "" if tenant is None else f"{tenant}."


def tenant_of(key: str) -> str | None:
    """Return which tenant a key names, whether or not there is such a key; None when it names none."""
    product, _, rest = key.partition("_")
    tenant, dot, _ = rest.partition("_")[2].partition(".")
    return tenant if dot and product == "kinfold" else None


def separate(listed: SecretStr) -> list[str]:
    """Take apart keys that are separated by commas."""
    return [key.strip() for key in listed.get_secret_value().split(",") if key.strip()]


def digest_of(key: bytes) -> bytes:
    """Return the digest by which a key is known."""
    return hashlib.sha256(key).digest()


class StoredKeys:
    """The access keys in the graph.

    Parameters
    ----------
    database
        Where they are kept.
    tenant
        Whose graph it is, where one server has several: it stands in the keys.
    """

    def __init__(self, database: Database, *, tenant: str | None = None, clock: Clock | None = None) -> None:
        self._database = database
        self._tenant = tenant
        self._clock = clock or Clock()

    def create(self, scope: KeyScope, *, name: str = "", answer: WriteAnswer | None = None) -> tuple[str, str]:
        """Make a key.

        Parameters
        ----------
        scope
            What it is for.
        name
            Whose it is, for people; it is in lists and nowhere else.
        answer
            How much the answers to a write key tell; None leaves it to the deployment.

        Returns
        -------
        tuple of str
            Its id, and the key itself, which nobody can read again.

        Raises
        ------
        BadInput
            When the name is too long, or an answer is chosen for a key that does not write.
        """
        if len(name) > MAX_KEY_NAME or not name.isprintable():
            raise BadInput([FieldError("name", "length", f"a name has at most {MAX_KEY_NAME} printable characters")])
        if answer is not None and scope is not KeyScope.WRITE:
            raise BadInput([FieldError("answer", "scope", "only the answers to a write key can be minimal")])
        # The scope stands in the key, so that a person who finds one in a page's source knows which it is, and the
        # prefix lets scanners of source code find keys that were committed by mistake.
        token = secrets.token_urlsafe(KEY_BYTES)
        identifier, key = secrets.token_hex(6), f"kinfold_{scope}_{mark_of(self._tenant)}{token}"

        def work(tx: Transaction) -> None:
            tx.run(
                "access.create",
                id=identifier,
                digest=digest_of(key.encode()).hex(),
                scope=scope.value,
                name=name,
                answer=answer,
                at=datetime.now(UTC),
            )
            at, by = self._clock.next(), acting()
            append(tx, change_row("access_key_created", at, access_key=identifier, scope=scope.value, by=by))

        self._database.write(work, committed=RECEIPT)
        return identifier, key

    def revoke(self, identifier: str) -> None:
        """Take a key back; it is refused everywhere once every server has looked again.

        Raises
        ------
        NotFound
            When no key has this id.
        """

        def work(tx: Transaction) -> None:
            rows = tx.run("access.revoke", id=identifier, at=datetime.now(UTC))
            if not rows:
                raise NotFound(f"There is no access key with the id {identifier}.")
            if rows[0]["standing"]:
                append(tx, change_row("access_key_revoked", self._clock.next(), access_key=identifier, by=acting()))

        self._database.write(work, committed=RECEIPT)

    def list(self) -> list[dict[str, Any]]:
        """List every key, oldest first: ``{id, scope, name, answer, created_at, revoked_at}``."""
        return [
            {
                "id": row["id"],
                "scope": row["scope"],
                "name": row["name"],
                "answer": row["answer"],
                "created_at": to_text(row["created_at"]),
                "revoked_at": None if row["revoked_at"] is None else to_text(row["revoked_at"]),
            }
            for row in self._database.read(lambda tx: tx.run("access.keys"))
        ]

    def active(self) -> tuple[KnownKey, ...]:
        """Return the keys that are not revoked.

        Raises
        ------
        Unavailable
            When the database does not answer within two seconds.
        """
        rows = self._database.read(lambda tx: tx.run("access.keys"), retry_seconds=LOOK_SECONDS)
        return tuple(
            KnownKey(row["id"], KeyScope(row["scope"]), bytes.fromhex(row["digest"]), row["answer"])
            for row in rows
            if row["revoked_at"] is None
        )
