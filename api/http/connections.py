"""How much of the server one caller can hold: heads, connections, and bytes of bodies in memory, each bounded."""

import asyncio
import time
from functools import partial
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from graph.errors import FieldError, KinfoldError, TooLarge, Unavailable
from graph.settings import Settings

MAX_HEAD_BYTES = 32 * 1024
"""Of a request's first line and headers together."""
HEAD_SECONDS = 10.0
"""In which a head must have come; a connection on which nothing comes is closed too."""
STALLED_SECONDS = 30.0
"""After which a body of which nothing more came is given up."""
UNCOUNTED_BYTES = 64 * 1024
"""Of every body: with these, events come through while others send megabytes."""


class Stalled(TooLarge):
    """A body that stopped coming."""

    status = 408
    code = "stalled"
    title = "The body did not come"


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, with bounded heads and connections.

    Parameters
    ----------
    most
        How many connections may be open.
    head_seconds
        In which a head must have come.
    """

    def __init__(self, *args: Any, most: int, head_seconds: float = HEAD_SECONDS, **more: Any) -> None:
        super().__init__(*args, **more)
        self._most = most
        self._head_seconds = head_seconds
        self._in_head = True
        self._timer: asyncio.TimerHandle | None = None
        self._begun = self._ended = 0
        """Messages, in the bytes that are being parsed."""
        self._body = self._beside = 0
        """Bytes of those that are a body, and bytes of this message that are none."""
        self.heard = time.monotonic()

    @property
    def idle(self) -> bool:
        """Whether no call is under way here."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let a connection in, in place of the one that has been silent for longest where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self._most:
            others = (one for one in self.connections if isinstance(one, BoundedHttp) and one is not self and one.idle)
            silent = min(others, key=lambda one: one.heard, default=None)
            if silent is None:
                self._refuse(503)
                return
            silent.transport.abort()
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless the head is too long by now."""
        self.heard = time.monotonic()
        if self._in_head:
            self._wait_for_head()
        self._begun = self._ended = self._body = 0
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._begun + self._ended <= 1 and not self._ended:
            self._beside = max(0, self._beside + len(data) - 9 * self._body)  # a chunk of one byte takes six more
        else:
            self._beside = 0
        if self._beside > MAX_HEAD_BYTES:
            self._refuse(431)

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._begun += 1
        self._beside = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin a call, unless its head was too long."""
        self._in_head = False
        self._stop_waiting()
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD_BYTES:
            self._refuse(431)
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand on a part of a body."""
        self._body += len(body)
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the next head."""
        self._ended += 1
        self._in_head = True
        if not self.transport.is_closing():
            super().on_message_complete()

    def _wait_for_head(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self._head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if not self.idle:  # the next head is slow, the call before it is still worked on
            self._wait_for_head()
        elif not self.transport.is_closing():
            self.transport.abort()

    def _refuse(self, status: int) -> None:
        lines = [STATUS_LINE[status], b"content-length: 0\r\nconnection: close\r\n"]
        if status == 503:
            lines.append(b"retry-after: 1\r\n")
        self.transport.write(b"".join([*lines, b"\r\n"]))
        self.transport.close()


def bounded_http(settings: Settings) -> Any:
    """Return the protocol of a server with these settings."""
    return partial(BoundedHttp, most=settings.max_connections)


class BoundedBodies:
    """Bounds how many bytes of bodies are in memory, those that are worked on too.

    Parameters
    ----------
    app
        What reads the bodies.
    most
        How many bytes, beside the first 64 KiB of each body.
    stalled_seconds
        After which a body of which nothing more came is given up.
    """

    def __init__(self, app: ASGIApp, most: int, *, stalled_seconds: float = STALLED_SECONDS) -> None:
        self.app = app
        self.held = 0
        self._most = most
        self._stalled_seconds = stalled_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(self, receive, self._stalled_seconds)
        try:
            await self.app(scope, body.receive, send)
        finally:
            self.held -= body.held

    def hold(self, more: int) -> None:
        """Count more bytes.

        Raises
        ------
        KinfoldError
            When that is too many for now.
        """
        if self.held + more > self._most:
            raise Unavailable("Too many large bodies are worked on at this moment.")
        self.held += more


class _Body:
    def __init__(self, bounds: BoundedBodies, receive: Receive, stalled_seconds: float) -> None:
        self.held = 0
        self._bounds = bounds
        self._receive = receive
        self._seconds = stalled_seconds
        self._seen = 0
        self._more = True
        self._error: KinfoldError | None = None

    async def receive(self) -> Message:
        if self._error is not None:
            raise self._error
        if not self._more:
            return await self._receive()
        try:
            async with asyncio.timeout(self._seconds):
                message = await self._receive()
        except TimeoutError:
            words = f"nothing of the body came for {self._seconds:g} seconds"
            self._error = Stalled([FieldError("", "stalled", words)])
            raise self._error from None
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self._more = message.get("more_body", False)
            if (more := self._seen - UNCOUNTED_BYTES - self.held) > 0:
                self._bounds.hold(more)
                self.held += more
        return message
