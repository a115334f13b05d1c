"""Deliveries: the feed sent to webhooks, one change a request, in order, signed, and again until it is taken.

Signatures and headers are those of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over id,
timestamp and body. One process delivers at a time, by a lease in the graph; positions are kept there too, and move
only after a change was taken, so that whatever is cut off in between is sent again.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from types import TracebackType
from uuid import uuid4

import httpx
import orjson

from graph.clock import to_datetime, to_micros, to_text
from graph.feed.addresses import Lookup, Refused, check_url, look_up
from graph.feed.feed import Change, Feed, change_of
from graph.feed.webhooks import Webhook, Webhooks, signing_key
from graph.store.database import RECEIPT, REPEATABLE, Database, Transaction

log = logging.getLogger("kinfold.webhooks")

LEASE = "deliveries"
LEASE_SECONDS = 60
SEND_SECONDS = 10.0
"""How long one delivery may take from the look for its host to the end of the answer's headers."""
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 3_600.0
"""Seconds until a delivery is tried again: doubled from the first, up to the longest."""
GIVE_UP = timedelta(hours=24)
PAGE = 100
"""Changes that one webhook gets before it is the next one's turn."""


class NotTaken(Exception):
    """A delivery that failed; the message says why."""


Send = Callable[[str, bytes, Mapping[str, str]], None]
"""Posts a body with headers to a URL, and raises `NotTaken` unless it was taken."""


class LeaseLost(Exception):
    """Another process delivers now."""


def signed(secret: str, change: Change, at: datetime) -> tuple[bytes, dict[str, str]]:
    """Return the body that a change is sent as and its headers, with the signature over both.

    The id is the change's own, the same at every try: a receiver keeps it to know a repetition.
    """
    body = orjson.dumps({"type": change.kind, "timestamp": to_text(change.at), "data": change.document})
    identifier, timestamp = f"change_{change.seq}", str(int(at.timestamp()))
    content = b".".join((identifier.encode(), timestamp.encode(), body))
    signature = base64.b64encode(hmac.digest(signing_key(secret), content, hashlib.sha256)).decode()
    return body, {
        "webhook-id": identifier,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
        "content-type": "application/json",
        "user-agent": "kinfold",
    }


class Post:
    """Posts over HTTP: to the address that was checked, without following redirects, within a bounded time."""

    def __init__(self, *, allow_internal: bool = False, lookup: Lookup = look_up) -> None:
        self._allow_internal = allow_internal
        self._lookup = lookup
        self._runner = asyncio.Runner()
        self._client: httpx.AsyncClient | None = None

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send one body.

        Raises
        ------
        NotTaken
            When the address is refused, cannot be reached, or does not answer with a 2xx in time.
        """
        self._runner.run(self._post(url, body, headers))

    def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            self._runner.run(self._client.aclose())
        self._runner.close()

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        if self._client is None:
            # No connection is kept: it would belong to an address, which hosts of several names may share.
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                trust_env=False,
                timeout=SEND_SECONDS,
                limits=httpx.Limits(max_keepalive_connections=0),
            )
        try:
            async with asyncio.timeout(SEND_SECONDS):
                target = await asyncio.to_thread(
                    check_url, url, allow_internal=self._allow_internal, lookup=self._lookup
                )
                # TLS is held against the name, the connection goes to the address that was checked.
                extensions = {"sni_hostname": target.name} if target.secure else {}
                async with self._client.stream(
                    "POST",
                    target.url,
                    content=body,
                    headers={**headers, "host": target.host},
                    extensions=extensions,
                ) as answer:
                    status = answer.status_code
        except TimeoutError:
            raise NotTaken(f"no answer within {SEND_SECONDS:g} s") from None
        except Refused as error:
            raise NotTaken(str(error)) from None
        except (httpx.HTTPError, OSError) as error:
            # The words of such errors may hold addresses of the network inside.
            raise NotTaken(f"no connection: {type(error).__name__}") from None
        if not 200 <= status < 300:
            raise NotTaken(f"answered {status}" + (": redirects are not followed" if 300 <= status < 400 else ""))


@dataclass(slots=True)
class Delivered:
    """What one round came to."""

    taken: int = 0
    passed: int = 0
    """Changes of kinds that the webhook does not want."""
    failed: int = 0
    buried: int = 0


class Deliveries:
    """Sends what is due. One object belongs to one thread.

    Parameters
    ----------
    send
        Posts one body; by default over HTTP.
    now
        What time it is, for back-off and giving up.
    stopped
        Asked between two deliveries whether to stop.
    """

    def __init__(
        self,
        database: Database,
        feed: Feed,
        webhooks: Webhooks,
        *,
        send: Send | None = None,
        allow_internal: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._database = database
        self._feed = feed
        self._webhooks = webhooks
        self._post = Post(allow_internal=allow_internal) if send is None else None
        self._send: Send = send or self._post  # type: ignore[assignment]
        self._now = now
        self._stopped = stopped
        self.holder = str(uuid4())
        self._held_until = 0.0

    def __enter__(self) -> "Deliveries":
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._post is not None:
            self._post.close()

    def hold(self) -> bool:
        """Take the lease, or hold it on; tell whether it is ours."""
        if self._held_until > time.monotonic():
            return True
        asked = time.monotonic()
        rows = self._database.write(
            lambda tx: tx.run("webhooks.lease", name=LEASE, holder=self.holder, seconds=LEASE_SECONDS),
            committed=REPEATABLE,
        )
        held = bool(rows[0]["holder"] == self.holder)
        # Long before it runs out it is held on; what moves a position asks the graph anyway.
        self._held_until = asked + LEASE_SECONDS / 4 if held else 0.0
        return held

    def release(self) -> None:
        """Let another process go on at once."""
        self._held_until = 0.0
        self._database.write(
            lambda tx: tx.run("webhooks.release", name=LEASE, holder=self.holder), committed=REPEATABLE
        )

    def held(self, tx: Transaction) -> bool:
        """Return whether the lease is still ours, under its lock for the rest of a transaction."""
        return bool(tx.run("webhooks.held", name=LEASE, holder=self.holder))

    def round(self) -> Delivered:
        """Give every webhook a turn: what is due is sent, up to a page of changes each."""
        came = Delivered()
        self._feed.number()
        last = self._feed.last()
        for webhook in self._webhooks.all():
            if self._stopped():
                break
            if webhook.next is not None and to_datetime(webhook.next) > self._now():
                continue
            try:
                self._replayed(webhook, came)
                if webhook.position < last:
                    self._turn(webhook, came)
            except LeaseLost:
                self._held_until = 0.0
                break
        return came

    def _turn(self, webhook: Webhook, came: Delivered) -> None:
        skipped: int | None = None
        for change in self._feed.after(webhook.position, limit=PAGE):
            if self._stopped():
                break
            if not webhook.wants(change.kind):
                skipped = change.seq
                came.passed += 1
                continue
            try:
                self._deliver(webhook, change)
            except NotTaken as error:
                if skipped is not None:
                    self._move(webhook, skipped, None)
                self._fail(webhook, change, str(error), came)
                return
            self._move(webhook, change.seq, self._now())
            skipped = None
            came.taken += 1
        if skipped is not None:
            self._move(webhook, skipped, None)

    def _replayed(self, webhook: Webhook, came: Delivered) -> None:
        rows = self._database.read(
            lambda tx: tx.run("webhooks.dead", name=webhook.name, after=0, only_replayed=True, limit=PAGE)
        )
        for row in rows:
            if self._stopped():
                break
            error: str | None = None
            try:
                self._deliver(webhook, change_of(row))
                came.taken += 1
            except NotTaken as failure:
                error = str(failure)
                came.failed += 1
            # One that is gone from the list by now was removed with its webhook.
            self._as_holder("webhooks.settle", webhook, seq=row["seq"], error=error, at=self._now())

    def _deliver(self, webhook: Webhook, change: Change) -> None:
        if not self.hold():
            raise LeaseLost
        body, headers = signed(webhook.secret, change, self._now())
        self._send(webhook.url, body, headers)

    def _move(self, webhook: Webhook, position: int, at: datetime | None) -> None:
        self._as_holder("webhooks.delivered", webhook, position=position, at=at)

    def _fail(self, webhook: Webhook, change: Change, error: str, came: Delivered) -> None:
        now = self._now()
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(webhook.tries, 20)) * random.uniform(0.8, 1.2)  # noqa: S311
        log.warning("webhook %s did not take change %s: %s", webhook.name, change.seq, error)
        self._as_holder("webhooks.failed", webhook, error=error, at=now, next_at=now + timedelta(seconds=pause))
        came.failed += 1
        given_up = to_micros(now - GIVE_UP)
        if webhook.failing is not None and webhook.failing <= given_up and change.at <= given_up:
            came.buried += self._bury(webhook, change.seq - 1, given_up, error)

    def _bury(self, webhook: Webhook, position: int, given_up: int, error: str) -> int:
        """Put all that waited for a day while nothing was taken on the dead-letter list."""
        buried = 0
        while page := list(takewhile(lambda one: one.at <= given_up, self._feed.after(position, limit=PAGE))):
            seqs = [change.seq for change in page if webhook.wants(change.kind)]
            position = page[-1].seq
            self._as_holder("webhooks.bury", webhook, seqs=seqs, position=position, error=error, at=self._now())
            buried += len(seqs)
        return buried

    def _as_holder(self, statement: str, webhook: Webhook, **parameters: object) -> None:
        rows = self._database.write(
            lambda tx: tx.run(statement, lease=LEASE, holder=self.holder, name=webhook.name, **parameters),
            # A position that moves to where it is already stays there; tries and letters are counted.
            committed=REPEATABLE if statement == "webhooks.delivered" else RECEIPT,
        )
        if not rows:
            # Another process has taken over, or the webhook was removed.
            raise LeaseLost
