"""Whoever just wrote reads it, also through another server: a bookmark in the answer, sent along with the next call."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.access import SAFE_METHODS, held_of
from api.http.problems import respond
from api.http.requests import in_thread
from graph.errors import BadBookmark, KinfoldError
from graph.store.bookmarks import Bookmarks
from graph.store.database import reading_after

HEADER = "Kinfold-Bookmark"


class ReadOwnWrites:
    """Put a bookmark on what wrote, and let what reads wait for the one that it brings.

    Only where readers may be followers; who is told nothing about anybody gets none. A caller need not care: without
    it calls through the server that wrote see what was written, those through another one a moment later.
    """

    def __init__(self, app: ASGIApp, bookmarks: Bookmarks) -> None:
        self.app = app
        self.bookmarks = bookmarks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.bookmarks.matter or not scope["path"].startswith("/v1/"):
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).getlist(HEADER)
        held = held_of(scope)
        tells = scope["method"] not in SAFE_METHODS and not (held is not None and held.minimal)
        try:
            if (given or tells) and not self.bookmarks.prepared:
                await in_thread(self.bookmarks.prepare)
            after = self._read(given)
        except KinfoldError as error:
            await respond(error)(scope, receive, send)
            return
        with reading_after(after):
            await self.app(scope, receive, self._with_bookmark(send) if tells else send)

    def _read(self, given: list[str]) -> frozenset[str]:
        if len(given) > 1:
            raise BadBookmark("send one, the last that was given")
        return self.bookmarks.read(given[0]) if given else frozenset()

    def _with_bookmark(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                given = self.bookmarks.give()
                if given is not None:
                    MutableHeaders(scope=message)[HEADER] = given
            await send(message)

        return sending
