"""Spans around what takes time, for whoever watches; nothing at all until a tracer is given.

The product knows no tracing library: `api.http.tracing` hands over OpenTelemetry's when the environment asks for it.
A span names a statement and counts events. It never carries a parameter, which would be somebody's key.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol


class Tracer(Protocol):
    """What a tracing library does for the product."""

    def span(self, name: str, attributes: dict[str, str | int], links: Sequence[Any]) -> AbstractContextManager[Any]:
        """Open a span within the one that is open on this thread; ``links`` are others that it serves."""

    def here(self) -> Any:
        """Return the span that is open on this thread, to be linked to from another."""


_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Send spans to this tracer from now on; None stops it."""
    global _tracer  # noqa: PLW0603 tracing is the process's, as its log is
    _tracer = tracer


def span(
    name: str, attributes: dict[str, str | int] | None = None, *, links: Sequence[Any] = ()
) -> AbstractContextManager[Any]:
    """Open a span around a block."""
    return nullcontext() if _tracer is None else _tracer.span(name, attributes or {}, links)


def here() -> Any:
    """Return the span that is open on this thread, None without a tracer."""
    return None if _tracer is None else _tracer.here()


def current() -> Tracer | None:
    """Return the tracer that spans go to."""
    return _tracer
