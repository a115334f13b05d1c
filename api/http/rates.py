"""How many calls one caller may make: token buckets in memory, told by the headers of the IETF draft.

A bucket holds ten seconds' worth of calls and fills at the rate that was set, so that a page which sends a few
events at once is not refused. Buckets are this process's own: behind a balancer each server counts for itself.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from graph.settings import Settings

WINDOW_SECONDS = 10.0
MOST_CALLERS = 100_000
"""Callers remembered; the one that was not heard of for longest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one call left of a caller's allowance."""

    policy: str
    """``key`` or ``address``."""
    quota: int
    remaining: int
    wait: float
    """Seconds until the next call is let through; 0 when this one was."""
    window: float
    """Seconds in which an empty bucket fills."""

    @property
    def refused(self) -> bool:
        """Whether this call is one too many."""
        return self.wait > 0


class Buckets:
    """A token bucket for each caller.

    Parameters
    ----------
    policy
        What callers are told apart by, as the headers name it.
    rate
        Calls a second in the long run.
    most
        How many callers are remembered.
    now
        Seconds on a clock that never goes back.
    """

    def __init__(
        self, policy: str, rate: float, *, most: int = MOST_CALLERS, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._policy = policy
        self._rate = rate
        self._size = max(1.0, rate * WINDOW_SECONDS)
        self._most = most
        self._now = now
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def take(self, caller: Hashable) -> Allowance:
        """Count one call."""
        now = self._now()
        tokens, at = self._left.pop(caller, (self._size, now))
        tokens = min(self._size, tokens + (now - at) * self._rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        tokens -= not wait
        self._left[caller] = tokens, now
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return Allowance(self._policy, int(self._size), int(tokens), wait, self._size / self._rate)


class Rates:
    """The limits of a deployment; without any, every call passes and no header is sent."""

    def __init__(self, settings: Settings) -> None:
        self._keys = Buckets("key", settings.rate_per_key) if settings.rate_per_key else None
        self._addresses = Buckets("address", settings.rate_per_address) if settings.rate_per_address else None

    def take_address(self, address: str) -> Allowance | None:
        """Count a call from an address; those of one IPv6 network of 64 bits are one caller."""
        return self._addresses.take(_caller(address)) if self._addresses is not None else None

    def take_key(self, digest: bytes) -> Allowance | None:
        """Count a call with an access key."""
        return self._keys.take(digest) if self._keys is not None else None


def headers_of(allowances: list[Allowance]) -> dict[str, str]:
    """Write what is left as draft-ietf-httpapi-ratelimit-headers has it, and when to come again."""
    if not allowances:
        return {}
    headers = {
        "RateLimit-Policy": ", ".join(f'"{one.policy}";q={one.quota};w={math.ceil(one.window)}' for one in allowances),
        "RateLimit": ", ".join(f'"{one.policy}";r={one.remaining};t={math.ceil(one.wait)}' for one in allowances),
    }
    if wait := max(one.wait for one in allowances):
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def _caller(address: str) -> Hashable:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return parsed.ipv4_mapped or int(parsed) >> 64
    return parsed
