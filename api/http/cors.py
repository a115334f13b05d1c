"""Pages of other sites: which of them may send events from a browser."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.access import needed
from graph.access.access_keys import KeyScope

TAG = "/tag.js"
_MAX_AGE = 600


class CrossOrigin:
    """Let the configured sites call what a write key opens, and load the tag; nothing else is theirs to read.

    A preflight carries no key by its standard and is answered without one. Without configured sites there is
    nothing here: a browser then keeps pages of other sites away.
    """

    def __init__(self, app: ASGIApp, origins: list[str]) -> None:
        self.app = app
        self.shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Content-Encoding"],
            expose_headers=["Retry-After", "RateLimit", "RateLimit-Policy"],
            max_age=_MAX_AGE,
        )
        self.configured = bool(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shared = (
            self.configured
            and scope["type"] == "http"
            and (scope["path"] == TAG or needed("POST", scope["path"]) is KeyScope.WRITE)
        )
        await (self.shared if shared else self.app)(scope, receive, send)
