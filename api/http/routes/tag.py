"""The browser tag, as every shop's pages load it."""

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request, Response

from api.http.bodies import CookieBody, documented, read_as
from api.http.problems import Forbidden, responses

router = APIRouter(tags=["tracking"])

COOKIE_SECONDS = 400 * 86_400
"""The longest that browsers keep a cookie."""
_AS_IT_IS = "!'()*-._~"
"""What `encodeURIComponent` leaves as it is."""

_TAG = Path(__file__).parents[2] / "page" / "browser_tag.js"


@lru_cache(maxsize=1)
def _tag() -> tuple[bytes, bytes, str]:
    plain = _TAG.read_bytes()
    return plain, gzip.compress(plain, 9, mtime=0), hashlib.sha256(plain).hexdigest()[:24]


def _takes_gzip(accepted: str) -> bool:
    for item in accepted.lower().split(","):
        coding, *parameters = (part.replace(" ", "") for part in item.split(";"))
        if coding in ("gzip", "x-gzip"):
            return not any(re.fullmatch(r"q=0(\.0*)?", one) for one in parameters)
    return False


@router.head("/tag.js", include_in_schema=False)
@router.get(
    "/tag.js",
    summary="Get the browser tag",
    operation_id="tag",
    response_class=Response,
    responses={
        200: {"description": "JavaScript", "content": {"text/javascript": {"schema": {"type": "string"}}}},
        304: {"description": "The copy that the browser holds is still the one."},
    },
)
async def tag(request: Request) -> Response:
    """Return the script that keeps the tracker in a first-party cookie and sends events; see docs/tag.md."""
    plain, packed, digest = _tag()
    as_packed = _takes_gzip(request.headers.get("accept-encoding", ""))
    headers = {
        "ETag": f'W/"{digest}"',
        "Vary": "Accept-Encoding",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if as_packed:
        headers["Content-Encoding"] = "gzip"
    return Response(packed if as_packed else plain, headers=headers, media_type="text/javascript")


cookies = APIRouter(tags=["tracking"])


@cookies.post(
    "/cookie",
    summary="Set the tag's cookie from the site's own server",
    operation_id="set_cookie",
    status_code=204,
    responses={
        204: {
            "description": "The cookie is in the header Set-Cookie.",
            "headers": {"Set-Cookie": {"description": "Lasts 400 days.", "schema": {"type": "string"}}},
        },
        **responses(403, 413, 422),
    },
    openapi_extra=documented(CookieBody),
)
async def set_cookie(request: Request) -> Response:
    """For a Kinfold that a reverse proxy serves under the site's own origin; docs/tag.md has the recipes.

    Only a page of the same origin may ask. Nothing is stored and nobody is resolved.
    """
    body = await read_as(CookieBody, request)
    origin = _own_origin(request)
    parts = [
        f"{body.name}={quote(body.tracker_id, safe=_AS_IT_IS)}",
        "Path=/",
        f"Max-Age={COOKIE_SECONDS}",
        "SameSite=Lax",
        *([f"Domain={body.domain}"] if body.domain else []),
        *(["Secure"] if origin.startswith("https:") else []),
    ]
    return Response(status_code=204, headers={"Set-Cookie": "; ".join(parts)})


def _own_origin(request: Request) -> str:
    """Return the origin of the page that asks.

    Raises
    ------
    Forbidden
        When it is not the origin that the page's browser knows this server by, or not said: another site could give
        a visitor a tracker of its choice.
    """
    origin = request.headers.get("origin", "")
    site = request.headers.get("sec-fetch-site")
    same = site == "same-origin" if site else urlsplit(origin).netloc == request.headers.get("host")
    if not origin or origin == "null" or not same:
        raise Forbidden("Only a page of this server's own origin may have its cookie set; see docs/tag.md.")
    return origin
