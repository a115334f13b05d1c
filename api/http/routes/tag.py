"""The browser tag, as every shop's pages load it."""

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

router = APIRouter(tags=["tracking"])

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
    summary="The browser tag",
    operation_id="tag",
    response_class=Response,
    responses={
        200: {"description": "JavaScript", "content": {"text/javascript": {"schema": {"type": "string"}}}},
        304: {"description": "The copy that the browser holds is still the one."},
    },
)
async def tag(request: Request) -> Response:
    """Keeps the tracker in a first-party cookie, sends events, stores the answered tracker; see docs/tag.md."""
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
