"""The write key in a message's body: browser SDKs send no header that would need a preflight."""

from api.segment_spec.messages import parse, unpack
from graph.errors import KinfoldError


def find_write_key(body: bytes, encoding: str) -> str | None:
    """Return the `writeKey` of a body; None where there is none, or no body that could be read."""
    try:
        key = parse(unpack(body, encoding)).get("writeKey")
    except KinfoldError:
        return None
    return key if isinstance(key, str) and key else None
