"""Who may call what: access keys with a scope each, and what a server without keys does instead."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit

from fastapi import Request
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import Forbidden, Unauthorised, respond
from api.tracking import TRACKING_PATHS
from graph.errors import KinfoldError
from graph.settings import Settings

_OPEN = frozenset({"/", "/health", "/ready", "/openapi.json", "/tag.js"})
_OPEN_FOLDER = "/static/"
_WRITES = frozenset({"/v1/resolve", "/v1/resolve/batch", *TRACKING_PATHS})
_SAFE_METHODS = ("GET", "HEAD")
_SCOPES_HELD = "kinfold.scopes"
KEY_PARAMETER = "write_key"
"""Where a write key may stand in the query of a call that takes one."""


class KeyScope(StrEnum):
    """What an access key is for."""

    WRITE = "write"
    """Sends events; reads nothing but the answers."""
    READ = "read"
    ADMIN = "admin"
    """Does everything."""


def needed(method: str, path: str) -> KeyScope | None:
    """Tell which scope a call needs besides admin, or None where no key is needed.

    What is not named here needs an admin key, or a read key when it only reads: a new call is closed
    until somebody opens it.
    """
    if method in _SAFE_METHODS:
        return None if path in _OPEN or path.startswith(_OPEN_FOLDER) else KeyScope.READ
    return KeyScope.WRITE if method == "POST" and path in _WRITES else KeyScope.ADMIN


class AccessKeys:
    """The keys of a deployment; only their digests are kept."""

    def __init__(self, settings: Settings) -> None:
        self._digests = [
            (scope, _digest(key))
            for scope, listed in (
                (KeyScope.WRITE, settings.write_key),
                (KeyScope.READ, settings.read_key),
                (KeyScope.ADMIN, settings.admin_key),
            )
            for key in _separate(listed)
        ]

    @property
    def exist(self) -> bool:
        """Whether there is any key: if so, they are asked for on every address."""
        return bool(self._digests)

    def scopes(self, key: bytes) -> frozenset[KeyScope]:
        """Give what a key is for; every key is compared, in constant time."""
        digest = hashlib.sha256(key).digest()
        found = [(scope, hmac.compare_digest(digest, known)) for scope, known in self._digests]
        return frozenset(scope for scope, same in found if same)


class Guard:
    """Let a call through to the application, or refuse it before anything of it is read."""

    def __init__(self, app: ASGIApp, keys: AccessKeys) -> None:
        self.app = app
        self.keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            if self.keys.exist:
                scope[_SCOPES_HELD] = _check_key(self.keys, scope, headers, needed(scope["method"], scope["path"]))
            else:
                _check_local(headers, scope["method"])
        except KinfoldError as error:
            await respond(error)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def check_may_explain(request: Request) -> None:
    """Refuse an explanation to a key that only writes.

    Raises
    ------
    Forbidden
        Since an explanation names other contacts and their keys.
    """
    held = request.scope.get(_SCOPES_HELD)
    if held is not None and held <= {KeyScope.WRITE}:
        raise Forbidden("A write key learns nothing but the answer: explain=true needs an admin key.")


def _check_key(keys: AccessKeys, call: Scope, headers: Headers, scope: KeyScope | None) -> frozenset[KeyScope]:
    if scope is None:
        return frozenset()
    if scope is KeyScope.WRITE and "authorization" not in headers:
        held = _of_address(keys, call["query_string"])
    else:
        held = keys.scopes(_presented(headers))
    if not held:
        raise Unauthorised("Nobody was given this access key, or it was taken back.")
    if not held & {scope, KeyScope.ADMIN}:
        also = "" if scope is KeyScope.ADMIN else f"{scope} or "
        names = " and ".join(sorted(held))
        raise Forbidden(f"This call needs an access key for {also}admin; the one sent is for {names}.")
    return held


def _of_address(keys: AccessKeys, query: bytes) -> frozenset[KeyScope]:
    """Read the key of a page that is being left: what it sends then can carry no header of its own.

    A write key is no secret, since every visitor can read it in the page; any other has no business in an address,
    which ends up in logs.
    """
    sent = parse_qs(query.decode("latin-1")).get(KEY_PARAMETER, [])
    if len(sent) != 1:
        raise Unauthorised("Send one access key, as Authorization: Bearer KEY.")
    held = keys.scopes(sent[0].encode())
    if held - {KeyScope.WRITE}:
        raise Unauthorised(f"Only a write key may come as ?{KEY_PARAMETER}=; send this one in a header.")
    return held


def _presented(headers: Headers) -> bytes:
    sent = headers.getlist("authorization")
    if len(sent) != 1:
        raise Unauthorised("Send one access key, as Authorization: Bearer KEY.")
    kind, _, credentials = sent[0].strip().partition(" ")
    credentials = credentials.strip()
    # Headers come as latin-1; keys are text in UTF-8.
    if kind.lower() == "bearer" and credentials:
        return credentials.encode("latin-1")
    if kind.lower() == "basic":
        try:
            user, colon, password = base64.b64decode(credentials, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            user, colon, password = b"", b"", b""
        if user and colon and not password:
            return user
    raise Unauthorised("An access key comes as Authorization: Bearer KEY, or Basic with an empty password.")


def _check_local(headers: Headers, method: str) -> None:
    """Hold off what a browser sends for somebody else: a server without keys is for this machine only."""
    hosts = headers.getlist("host")
    if not hosts or not all(_is_loopback(f"//{host}") for host in hosts):
        # A page elsewhere may have pointed its own name at this machine.
        raise Forbidden(
            "A server without access keys answers only to its loopback address, such as 127.0.0.1 or localhost. "
            "Set KINFOLD_ADMIN_KEY to serve under other names."
        )
    if method not in _SAFE_METHODS and not all(map(_is_loopback, headers.getlist("origin"))):
        raise Forbidden(
            "A page of another site may not write to a server without access keys. Set KINFOLD_WRITE_KEY, and send it."
        )


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname
        return host is not None and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def _separate(listed: SecretStr) -> list[str]:
    return [key.strip() for key in listed.get_secret_value().split(",") if key.strip()]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
