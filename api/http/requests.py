"""What the routes share: the Kinfold they serve, bounded bodies, JSON, and a thread for graph calls."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar, cast

import anyio
import anyio.to_thread
import orjson
from fastapi import Request, Response

from graph.errors import FieldError, TooLarge
from graph.identity.commit_queue import CommitQueue
from graph.kinfold import Kinfold

T = TypeVar("T")


def kinfold_of(request: Request) -> Kinfold:
    """Return the Kinfold that this application serves."""
    return cast("Kinfold", request.app.state.kinfold)


def commit_queue_of(request: Request) -> CommitQueue:
    """Return the queue in which single events wait for a commit."""
    return cast("CommitQueue", request.app.state.commit_queue)


SPARE_THREADS = 8
"""Threads that callers cannot take up: for what probes, metrics and the look for access keys ask of the graph."""

threads: ContextVar[anyio.CapacityLimiter | None] = ContextVar("kinfold_threads", default=None)
"""How many graph calls run at once for the tenant that is served here; None where there is one for all."""


async def in_thread(work: Callable[[], T]) -> T:
    """Run a blocking graph call beside the event loop."""
    return await anyio.to_thread.run_sync(work, limiter=threads.get())


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Run blocking works beside each other, and return what each of them gives."""
    with ThreadPoolExecutor(max(1, min(32, len(works)))) as pool:
        return list(pool.map(lambda work: work(), works))


async def in_spare_thread(work: Callable[[], T]) -> T:
    """Run a short look at the graph that must not wait behind callers, all of whom may wait for a database."""
    return await anyio.to_thread.run_sync(work, limiter=_spare_threads())


@cache
def _spare_threads() -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(SPARE_THREADS)


def as_json(content: Any, status: int = 200, *, location: str | None = None) -> Response:
    """Answer with JSON; times end in Z."""
    return Response(
        orjson.dumps(content, option=orjson.OPT_UTC_Z),
        status_code=status,
        headers=None if location is None else {"Location": location},
        media_type="application/json",
    )


def rehearsed(changes: list[dict[str, Any]]) -> Response:
    """Answer a dry run: what would change, contact by contact and field by field."""
    return as_json({"dry_run": True, "changes": changes})


def nothing() -> Response:
    """Answer a call that leaves nothing to show."""
    return Response(status_code=204)


async def read_body(request: Request, limit: int, what: str) -> bytes:
    """Read a body, and stop reading where it grows beyond the limit.

    Raises
    ------
    TooLarge
        Once more bytes were announced or sent than the limit.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit, what)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit, what)
    return bytes(body)


def _too_large(limit: int, what: str) -> TooLarge:
    return TooLarge([FieldError("", "too_large", f"{what} is at most {limit} bytes")])
