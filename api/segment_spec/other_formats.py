"""Sources that speak another format than ours: they are recognised by where they send, and told what to do."""

import re

from api.segment_spec.messages import TRACKING_PATHS

GUIDE = "docs/other-sources.md"
"""The page that says how to send from each of them."""
SPEAKS = (
    "POST /v1/resolve (events of Kinfold)",
    "POST /v1/identify, /track, /page, /screen, /group, /alias and /batch (the tracking specification of Segment and "
    "RudderStack)",
    "GET /tag.js (the browser tag)",
)

_FORMATS: tuple[tuple[str, str], ...] = (
    ("PostHog", r"/(e|capture|decide|flags|s|i/v0/e|engage|batch|array/.+|static/(array|recorder)[\w.-]*\.js)"),
    ("Mixpanel", r"/(track|engage|groups|import|record|decide|batch)"),
    ("Amplitude", r"/(2/httpapi|httpapi|batch|identify|groupidentify)"),
    ("Snowplow", r"/(com\.snowplowanalytics\.(snowplow|iglu)/.+|i|sp\.js)"),
    ("Jitsu", r"/(api/(v1/)?(s/.+|s2s/.+|event|push/.+)|s/lib\.js|p\.js)"),
    ("Google Analytics", r"/([gjr]/)?collect|/mp/collect|/debug/mp/collect"),
    ("Matomo", r"/(matomo|piwik)\.(php|js)"),
    ("Plausible", r"/api/event"),
    ("Umami", r"/api/send"),
)
_PATTERNS = tuple((name, re.compile(f"(?:{pattern})/?")) for name, pattern in _FORMATS)


def named(path: str) -> list[str]:
    """List whose formats are sent to an address; none for any other address."""
    return [name for name, pattern in _PATTERNS if pattern.fullmatch(path)]


def explain(method: str, path: str) -> str | None:
    """Return what a source that sends to this address is told; None for an address that no format has."""
    names = named(path)
    without_version = f"/v1{path}" in TRACKING_PATHS
    if not names and not without_version:
        return None
    told = [f"There is nothing at {method} {path}."]
    if names:
        told.append(f"{' or '.join(names)} would be sent to here, which Kinfold does not speak.")
    if without_version:
        told.append(f"Segment's and RudderStack's SDKs send to /v1{path}: the host that they are given lacks /v1.")
    told.append(f"Kinfold speaks {'; '.join(SPEAKS)}. {GUIDE} says how to send from elsewhere.")
    return " ".join(told)
