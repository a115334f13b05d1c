"""Bookmarks in the hands of callers: what one server wrote, another one's readers see.

On a cluster readers are followers, each a moment behind the leader. The server that wrote hands its own readers the
bookmark of what it wrote; behind a balancer the next call may meet another server, which knows nothing of it unless
its caller brings the bookmark along. They are signed with a secret in the graph: a made-up one could let readers wait
for a transaction that never comes.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

from graph.errors import BadBookmark
from graph.store.database import REPEATABLE, Database

SECRET = "bookmarks"  # noqa: S105 the name of it
MAX_BOOKMARK = 4096
"""The longest one that is read, and that is given: callers send it in a header."""

_MAC_BYTES = 16
_SEPARATOR = "\n"


class Bookmarks:
    """Writes and reads the bookmarks of one graph.

    Parameters
    ----------
    database
        Whose they are; the secret is in it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._secret: bytes | None = None

    @property
    def matter(self) -> bool:
        """Whether a reader could be behind: with one server it never is."""
        return self._database.routed

    @property
    def prepared(self) -> bool:
        """Whether bookmarks can be given and read without asking the database."""
        return self._secret is not None

    def prepare(self) -> None:
        """Read the secret, made when there is none.

        Raises
        ------
        Unavailable
            When the database cannot be reached.
        """
        made = secrets.token_hex(32)
        rows = self._database.write(lambda tx: tx.run("privacy.secret", name=SECRET, value=made), committed=REPEATABLE)
        self._secret = bytes.fromhex(rows[0]["value"])

    def give(self) -> str | None:
        """Return what stands for all that was written through this server so far; None when nothing was."""
        seen = self._database.bookmarks()
        if not seen:
            return None
        content = _SEPARATOR.join(sorted(seen)).encode()
        given = base64.urlsafe_b64encode(self._sign(content) + content).rstrip(b"=").decode()
        return given if len(given) <= MAX_BOOKMARK else None

    def read(self, given: str) -> frozenset[str]:
        """Read what `give` gave, here or on another server of this graph.

        Raises
        ------
        BadBookmark
            When it is none.
        """
        refusal = BadBookmark("send the last Kinfold-Bookmark of an answer as it is, or none")
        if not 0 < len(given) <= MAX_BOOKMARK:
            raise refusal
        try:
            signed = base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise refusal from error
        mac, content = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._sign(content)):
            raise refusal
        return frozenset(content.decode().split(_SEPARATOR))

    def _sign(self, content: bytes) -> bytes:
        assert self._secret is not None, "bookmarks are prepared before they are given or read"
        return hmac.digest(self._secret, content, hashlib.sha256)[:_MAC_BYTES]
