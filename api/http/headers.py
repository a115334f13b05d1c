"""Headers that every answer carries: what a browser may do with it, and that nobody keeps it."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
DOCS = "/docs"
_OF_DOCS = f"{CONTENT_SECURITY_POLICY}; img-src 'self' data:"
"""Swagger UI has its icons in its style sheet."""


class SafeHeaders:
    """Add the security headers; keep personal data out of caches."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        policy = _OF_DOCS if scope["path"] == DOCS else CONTENT_SECURITY_POLICY
        cached = "no-cache" if scope["path"] in ("/", DOCS) or scope["path"].startswith("/static/") else "no-store"
        if scope["path"] == "/tag.js":
            cached = "public, max-age=300"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Cache-Control"] = cached
            await send(message)

        await self.app(scope, receive, with_headers)
