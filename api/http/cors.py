"""Pages of other sites: which of them may send events from a browser."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.access import needed
from api.segment_spec.messages import METRICS_PATH, with_and_without_slash
from api.segment_spec.other_formats import named
from graph.access.access_keys import KeyScope

_SHARED = frozenset({"/tag.js", *with_and_without_slash(METRICS_PATH)})
_MAX_AGE = 600


class CrossOrigin:
    """Let the configured sites call what a write key opens, and load the tag; nothing else is theirs to read.

    So is the refusal of a page that speaks another format: its developer is to read what is wrong.

    A preflight carries no key by its standard and is answered without one. Without configured sites there is
    nothing here: a browser then keeps pages of other sites away.
    """

    def __init__(self, app: ASGIApp, origins: list[str]) -> None:
        self.app = app
        self.shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            # SDKs send headers of their own, each release others (AnonymousId, SentAt, X-Retry-Count). None of them
            # opens anything: what a call may do is said by its access key, and no cookie is taken.
            allow_headers=["*"],
            expose_headers=["Retry-After", "RateLimit", "RateLimit-Policy"],
            max_age=_MAX_AGE,
        )
        self.configured = bool(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shared = (
            self.configured
            and scope["type"] == "http"
            and (scope["path"] in _SHARED or needed("POST", scope["path"]) is KeyScope.WRITE or named(scope["path"]))
        )
        await (self.shared if shared else self.app)(scope, receive, send)
