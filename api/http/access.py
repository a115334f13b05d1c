"""Who may call what: access keys with a scope each, and what a server without keys does instead."""

import base64
import binascii
import hmac
import ipaddress
import logging
import re
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlsplit

from fastapi import Request
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import Forbidden, TooMany, Unauthorised, respond
from api.http.rates import Allowance, Rates, headers_of
from api.http.requests import in_spare_thread, in_thread, read_body
from api.segment_spec.messages import MAX_REQUEST_BYTES, METRICS_PATH, TRACKING_PATHS, with_and_without_slash
from api.segment_spec.write_keys import find_write_key
from graph.access.access_keys import KeyScope, KnownKey, digest_of, openers, separate
from graph.errors import KinfoldError, Unavailable
from graph.identity.events import Event
from graph.settings import Settings
from graph.store.audit import acting_because
from graph.store.changes import acting_as

log = logging.getLogger("kinfold.access")

E = TypeVar("E", bound=Event)

FRESH_SECONDS = 2.0
"""How old the list of keys may be that a server uses: a key that was made or revoked counts everywhere after that."""

_OPEN = frozenset({"/", "/health", "/ready", "/openapi.json", "/docs", "/tag.js"})
_TAKES_NOTHING = frozenset(with_and_without_slash(METRICS_PATH))
_OF_ADMINS = frozenset({"/v1/audit", "/v1/access-keys"})
"""The audit shows who reads whom: it is not for those who only read; nor are the keys of others."""
REASON_HEADER = "kinfold-reason"
_OPEN_FOLDER = "/static/"
_WRITES = frozenset({"/v1/resolve", "/v1/resolve/batch", "/v1/cookie", "/v1/subscriptions/gone", *TRACKING_PATHS})
_PROPOSES = re.compile(r"/v1/environments/[^/]+/(spaces/[^/]+/)?(propositions|offers)|/v1/propositions/[^/]+/outcome")
_REHEARSES = {
    "POST": re.compile(
        r"/v1/(resolve(/batch)?|merges|merges/[^/]+/undo|contacts/[^/]+/keys(/remove)?|contacts/[^/]+/split"
        r"|subscriptions/(sleep|wake)"
        r"|environments/[^/]+/(spaces/[^/]+/)?propositions)"
    ),
    "PATCH": re.compile(r"/v1/contacts/[^/]+"),
    "PUT": re.compile(r"/v1/environments/[^/]+(/(categories|offers|spaces|rules)/.+)?", re.DOTALL),
}
"""Calls that write nothing with dry_run=true: they read, so a read key may make them."""
_READS = re.compile(r"/v1/(deliveries/check|simulations|contacts/names|environments/[^/]+/simulation)")
"""Calls that write nothing, though they send a body."""
_NOTED = re.compile(r"/v1/anomalies/[^/]+/(act|dismiss|undismiss|reopen)|/v1/suggestions/[^/]+/later")
"""Calls of an analyst: what was found is put aside or back."""
_TAKEN_BACK = {
    "POST": re.compile(
        r"/v1/(merges|merges/[^/]+/undo|contacts/[^/]+/(keys|keys/remove|split)|splits/[^/]+/undo|judgements|analyses"
        r"|anomalies/[^/]+/act|suggestions/[^/]+/(accept|refuse)|subscriptions/(sleep|wake))"
    ),
    "PUT": re.compile(r"/v1/(blocked/[^/]+/.+|segments/[^/]+/members/[^/]+)", re.DOTALL),
    "DELETE": re.compile(r"/v1/(blocked/[^/]+/.+|segments/[^/]+/members/[^/]+|judgements(/[^/]+)?)", re.DOTALL),
}
"""Calls of a steward: what they do can be taken back by another."""
SAFE_METHODS = ("GET", "HEAD")
_PROBES = frozenset({"/health", "/ready"})
_HELD = "kinfold.access"
_OF_ENVIRONMENT = "environment"
_LOCAL = "local"
_CROSS_SITE = "cross-site"
KEY_PARAMETERS = ("write_key", "writeKey")
"""Where a write key may stand in the query of a call that takes one: by our name, and by that of SDKs."""
_IN_BODY = "kinfold.key_in_body"


@dataclass(frozen=True, slots=True)
class Held:
    """What the key of a call is for."""

    scopes: frozenset[KeyScope]
    minimal: bool
    """Whether the answers tell nothing about anybody."""
    digest: bytes
    name: str
    """Which key it is, for the change feed: its id, or that it is of the environment."""

    @property
    def message_space(self) -> str | None:
        """The prefix of the message ids that come with it; None where they are the deployment's own."""
        if not self.minimal:
            return None
        return self.digest.hex()[:12] if self.name == _OF_ENVIRONMENT else self.name

    def may(self, scope: KeyScope) -> bool:
        """Return whether the key opens the calls of a scope."""
        return any(scope in own.opens for own in self.scopes)

    @property
    def only_writes(self) -> bool:
        """Whether nothing but answers may be read with it."""
        return self.scopes <= {KeyScope.WRITE}


def received(held: Held | None, event: E) -> E:
    """Return an event as it came with a key.

    The message ids of a key that anybody can read are its own: an id that somebody invents with it is not taken for
    an event of a server or of another page, which would then be left out as a repetition.
    """
    space = None if held is None else held.message_space
    if space is None or event.message_id is None:
        return event
    return event.model_copy(update={"message_id": f"{space}:{event.message_id}"})


def needed(method: str, path: str, query: bytes = b"") -> KeyScope | None:
    """Return the narrowest scope that opens a call, or None where no key is needed.

    What is not named here needs an admin key, or a read key when it only reads: a new call is closed
    until somebody opens it.
    """
    if path in _OF_ADMINS:
        return KeyScope.ADMIN
    if method in SAFE_METHODS:
        return None if path in _OPEN or path.startswith(_OPEN_FOLDER) else KeyScope.READ
    if may_rehearse(method, path) and _is_dry_run(query):
        return KeyScope.READ
    if method == "POST" and path in _TAKES_NOTHING:
        return None
    if method == "POST":
        if path in _WRITES or _PROPOSES.fullmatch(path):
            return KeyScope.WRITE
        if _READS.fullmatch(path):
            return KeyScope.READ
        if _NOTED.fullmatch(path):
            return KeyScope.ANALYST
    taken_back = method in _TAKEN_BACK and _TAKEN_BACK[method].fullmatch(path)
    return KeyScope.STEWARD if taken_back else KeyScope.ADMIN


def may_rehearse(method: str, path: str) -> bool:
    """Return whether a call takes dry_run=true."""
    return method in _REHEARSES and _REHEARSES[method].fullmatch(path) is not None


def _is_dry_run(query: bytes) -> bool:
    # Read as the routes read it: whoever says it twice, or anything but true, does not get through as a reader.
    said = [value for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if name == "dry_run"]
    return said == ["true"]


class Stored(Protocol):
    """What `graph.access.access_keys.StoredKeys` gives."""

    def active(self) -> tuple[KnownKey, ...]: ...


class AccessKeys:
    """The keys of a deployment, from its environment and from the graph; only their digests are kept.

    Parameters
    ----------
    settings
        Where the keys of the environment stand, and how much a write key is told.
    stored
        Where the others are.
    required
        Whether a call without a key is refused even while there is none: others can reach the server.
    """

    def __init__(self, settings: Settings, stored: Stored, *, required: bool = False) -> None:
        self._minimal = settings.write_answer == "minimal"
        self._given = tuple(
            KnownKey("", scope, digest_of(key.encode()))
            for scope, listed in (
                (KeyScope.WRITE, settings.write_key),
                (KeyScope.READ, settings.read_key),
                (KeyScope.ANALYST, settings.analyst_key),
                (KeyScope.STEWARD, settings.steward_key),
                (KeyScope.ADMIN, settings.admin_key),
            )
            for key in separate(listed)
        )
        self._stored = stored
        self._listed: tuple[KnownKey, ...] | None = None
        self._looked_at = 0.0
        self._looking = threading.Lock()
        self._required = required or bool(self._given)

    @property
    def required(self) -> bool:
        """Whether calls need a key. Once there was one it stays so: revoking the last key opens nothing."""
        return self._required

    @property
    def given(self) -> tuple[KnownKey, ...]:
        """The keys of the environment."""
        return self._given

    @property
    def exist(self) -> bool:
        """Whether anybody has a key, as of the last look."""
        return bool(self._given or self._listed)

    async def refresh(self) -> None:
        """Look for keys again when the last look is two seconds old.

        Raises
        ------
        Unavailable
            When the database does not answer and no look was ever taken.
        """
        if self._listed is None or time.monotonic() - self._looked_at > FRESH_SECONDS:
            await in_spare_thread(self.look)

    def look(self) -> None:
        """Look for keys in the graph; while the database is away those of the last look count.

        Raises
        ------
        Unavailable
            When the database does not answer and no look was ever taken.
        """
        # One looks; the others go on with what is known, or wait when nothing is.
        if not self._looking.acquire(blocking=self._listed is None):
            return
        try:
            if self._listed is None or time.monotonic() - self._looked_at > FRESH_SECONDS:
                self._listed = self._stored.active()
                self._required = self._required or bool(self._listed)
        except Unavailable:
            if self._listed is None:
                raise
            log.warning("the access keys could not be read again: those known before count")
        finally:
            self._looked_at = time.monotonic()
            self._looking.release()

    def find(self, key: bytes) -> Held | None:
        """Return what a key is for, or None; every known key is compared, in constant time."""
        digest = digest_of(key)
        all_known = self._given + (self._listed or ())
        compared = [(known, hmac.compare_digest(digest, known.digest)) for known in all_known]
        found = [known for known, same in compared if same]
        if not found:
            return None
        minimal = any(self._minimal if known.answer is None else known.answer == "minimal" for known in found)
        scopes = frozenset(known.scope for known in found)
        name = next((known.id for known in found if known.id), _OF_ENVIRONMENT)
        return Held(scopes, minimal and scopes <= {KeyScope.WRITE}, digest, name)


class Guard:
    """Let a call through to the application, or refuse it before anything of it is read."""

    def __init__(self, app: ASGIApp, keys: AccessKeys, rates: Rates) -> None:
        self.app = app
        self.keys = keys
        self.rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        allowances: list[Allowance] = []
        try:
            receive = await self._let_in(scope, receive, allowances)
        except ClientDisconnect:
            return
        except (Unauthorised, Forbidden) as error:
            if not self.keys.required or is_routed(scope):
                await respond(error, headers_of(allowances))(scope, receive, send)
                return
            # No key opens what is not there: the application says so to everybody.
        except KinfoldError as error:
            await respond(error, headers_of(allowances))(scope, receive, send)
            return
        held = held_of(scope)
        scope, why = _reason_of(scope)
        with acting_as(_LOCAL if held is None else held.name), acting_because(why):
            await self.app(scope, receive, _with_headers(send, headers_of(allowances)) if allowances else send)

    async def _let_in(self, scope: Scope, receive: Receive, allowances: list[Allowance]) -> Receive:
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        if path not in _PROBES and scope.get("client"):
            _count(self.rates.take_address(scope["client"][0]), allowances)
        wanted = needed(method, path, scope["query_string"])
        if wanted is not None:
            await self.keys.refresh()
        if not self.keys.required:
            _check_local(headers, method, open_to_all=wanted is None)
        elif wanted is not None:
            receive = await with_key_in_body(scope, receive)
            held = _check_key(self.keys, scope, headers, wanted)
            scope[_HELD] = held
            _count(self.rates.take_key(held.digest), allowances)
        return receive


def _reason_of(scope: Scope) -> tuple[Scope, str | None]:
    """Take the reason out of a call: the header Kinfold-Reason, else ``?why=``, which no route knows."""
    header = Headers(scope=scope).get(REASON_HEADER)
    why = None
    if b"why=" in (query := scope["query_string"]):
        # What is left stays as it was sent.
        parts = query.split(b"&")
        said = [part.removeprefix(b"why=") for part in parts if part.startswith(b"why=")]
        if said:
            why = unquote_plus(said[0].decode("latin-1"))
            scope = {**scope, "query_string": b"&".join(part for part in parts if not part.startswith(b"why="))}
    # Headers come as latin-1; reasons are text in UTF-8.
    return scope, why if header is None else header.encode("latin-1").decode("utf-8", "replace")


def held_of(scope: Scope) -> Held | None:
    """Return what the key of a call is for; None where none is asked for."""
    held: Held | None = scope.get(_HELD)
    return held


def held_by(request: Request) -> Held | None:
    """Return what the key of this call is for; None where none is asked for."""
    return held_of(request.scope)


def check_may_look(request: Request, *, dry_run: bool = False, explain: bool = False) -> None:
    """Refuse to a key that only writes what would tell it more than an event that happened.

    Raises
    ------
    Forbidden
        Since an explanation names other contacts and their keys, and a dry run asks without leaving a trace.
    """
    held = held_by(request)
    if held is not None and held.only_writes and (dry_run or explain):
        flag = "explain" if explain else "dry_run"
        other = "an admin key" if explain else "a read or an admin key"
        raise Forbidden(f"A write key learns nothing but the answer to what happened: {flag}=true needs {other}.")


def check_may_be_told(request: Request) -> None:
    """Refuse to a key that is told nothing about anybody what cannot be answered so.

    Raises
    ------
    Forbidden
        Since which offers are proposed says who is behind the keys.
    """
    held = held_by(request)
    if held is not None and held.minimal:
        raise Forbidden("Offers say something of the person behind the keys: a key with minimal answers gets none.")


def _count(allowance: Allowance | None, allowances: list[Allowance]) -> None:
    if allowance is None:
        return
    allowances.append(allowance)
    if allowance.refused:
        raise TooMany(f"This {allowance.policy} has used up its calls. Nothing was read; send this again later.")


def _with_headers(send: Send, more: dict[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(more)
        await send(message)

    return sending


def _check_key(keys: AccessKeys, call: Scope, headers: Headers, scope: KeyScope) -> Held:
    if scope is KeyScope.WRITE and "authorization" not in headers:
        held = _in_the_open(keys, call)
    else:
        held = keys.find(presented(headers))
    if held is None:
        raise Unauthorised("Nobody was given this access key, or it was taken back.")
    if not held.may(scope):
        *others, last = openers(scope)
        also = f"{', '.join(others)} or " if others else ""
        names = " and ".join(sorted(held.scopes))
        dry = " Its dry run (?dry_run=true) takes a read key." if may_rehearse(call["method"], call["path"]) else ""
        raise Forbidden(f"This call needs an access key for {also}{last}; the one sent is for {names}.{dry}")
    return held


def _in_the_open(keys: AccessKeys, call: Scope) -> Held | None:
    """Find the key of a page: what it sends while it is left can carry no header, nor what needs no preflight.

    A write key is no secret, since every visitor can read it in the page; any other has no business in an address,
    which ends up in logs, or beside the messages of a page.
    """
    sent = keys_in_the_open(call)
    if len(sent) != 1:
        also = ", or as writeKey in the body or the query" if call["path"] in TRACKING_PATHS else ""
        raise Unauthorised(f"Send one access key, as Authorization: Bearer KEY{also}.")
    held = keys.find(sent[0])
    if held is not None and not held.only_writes:
        raise Unauthorised("Only a write key may come in the query or the body; send this one in a header.")
    return held


def keys_in_the_open(call: Scope) -> list[bytes]:
    """List the keys in the query of a call, or that of its body, which `with_key_in_body` has found."""
    query = parse_qs(call["query_string"].decode("latin-1"))
    sent = [key.encode() for name in KEY_PARAMETERS for key in query.get(name, [])]
    in_body: bytes | None = call.get(_IN_BODY)
    return sent or ([] if in_body is None else [in_body])


async def with_key_in_body(scope: Scope, receive: Receive) -> Receive:
    """Look for the key of a call of an SDK in its body, where neither a header nor the query has one.

    Returns
    -------
    Receive
        Where the application reads the call from: the same body once more.

    Raises
    ------
    TooLarge
        When the body is larger than any that is taken.
    """
    if scope["path"] not in TRACKING_PATHS or scope["method"] != "POST" or _IN_BODY in scope:
        return receive
    if "authorization" in Headers(scope=scope) or keys_in_the_open(scope):
        return receive
    request = Request(scope, receive)
    body = await read_body(request, MAX_REQUEST_BYTES, "a body")
    encoding = ",".join(request.headers.getlist("content-encoding"))
    key = await in_thread(partial(find_write_key, body, encoding))
    scope[_IN_BODY] = None if key is None else key.encode()
    return _again(body, receive)


def _again(body: bytes, receive: Receive) -> Receive:
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return parts.pop() if parts else await receive()

    return receiving


def is_routed(scope: Scope) -> bool:
    """Return whether the application that a call came to takes its method at its address."""
    return route_match(scope) is Match.FULL


def route_match(scope: Scope) -> Match:
    """Return how well the routes fit a call: wholly, but for its method, or not at all."""
    app: Starlette = scope["app"]
    application: Starlette = getattr(app.state, "routes_of", app)
    return max(
        (route.matches(scope)[0] for route in application.routes), key=lambda match: match.value, default=Match.NONE
    )


def presented(headers: Headers) -> bytes:
    """Return the access key that a call sends.

    Raises
    ------
    Unauthorised
        When it sends none, or several, or something else.
    """
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


def _check_local(headers: Headers, method: str, *, open_to_all: bool) -> None:
    """Hold off what a browser sends for somebody else: a server without keys is for this machine only.

    A page of another site cannot read an answer, but whether it came, how soon and how large it was tells the page
    whether somebody was found. A browser sends ``Origin`` with a write only; ``Sec-Fetch-Site`` comes with whatever
    it asks of a loopback address: prefetches, images, frames and navigations too.
    """
    hosts = headers.getlist("host")
    if not hosts or not all(_is_loopback(f"//{host}") for host in hosts):
        # A page elsewhere may have pointed its own name at this machine.
        raise Forbidden(
            "A server without access keys answers only to its loopback address, such as 127.0.0.1 or localhost. "
            "Make keys to serve under other names: kinfold keys create --scope admin."
        )
    if method not in SAFE_METHODS and not all(map(_is_loopback, headers.getlist("origin"))):
        raise Forbidden(
            "A page of another site may not write to a server without access keys. "
            "Make one with kinfold keys create --scope write, and send it."
        )
    origins = headers.getlist("origin")
    elsewhere = _CROSS_SITE in headers.getlist("sec-fetch-site")
    if not open_to_all and elsewhere and not (origins and all(map(_is_loopback, origins))):
        raise Forbidden(
            "A page of another site may not ask a server without access keys. "
            "Make keys with kinfold keys create, and send one; or open this address by hand."
        )


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname
        return host is not None and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False
