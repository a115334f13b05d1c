"""What one caller can hold of a server: heads, connections and bodies are bounded, and health is answered meanwhile."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from api.http.connections import MAX_HEAD_BYTES, BoundedBodies, BoundedHttp, Stalled
from api.http.requests import read_body
from api.http.serving import listen
from graph.errors import Unavailable

Address = tuple[str, int]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body."""
    if scope["type"] == "http":
        body = await Request(scope, receive).body()
        await JSONResponse({"bytes": len(body)})(scope, receive, send)


@contextmanager
def served(app: Any, **bounds: Any) -> Iterator[Address]:
    taken = listen("127.0.0.1", 0)
    bounds = {"most": 100, **bounds}
    http: Any = partial(BoundedHttp, **bounds)
    lifespan: Any = "off" if app is echo else "on"
    server = uvicorn.Server(uvicorn.Config(app, http=http, ws="none", lifespan=lifespan, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
    thread.start()
    try:
        yield taken.getsockname()[:2]
    finally:
        server.should_exit = True
        thread.join()


def connect(address: Address) -> socket.socket:
    return socket.create_connection(address, timeout=30)


def answer(connection: socket.socket) -> bytes:
    """What the server says until it closes or has nothing more to say."""
    said = b""
    try:
        while b"\r\n\r\n" not in said and (part := connection.recv(65536)):
            said += part
    except ConnectionError:
        pass
    return said


GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


def test_a_head_of_the_longest_length_is_taken_and_a_longer_one_is_a_431() -> None:
    with served(echo) as address:
        for size, status in ((MAX_HEAD_BYTES - 200, b"200"), (MAX_HEAD_BYTES + 1, b"431")):
            with connect(address) as connection:
                connection.sendall(GET + b"A: " + b"a" * size + b"\r\n\r\n")
                assert answer(connection).split()[1] == status


def test_a_head_without_end_is_ended_after_so_many_bytes() -> None:
    with served(echo) as address, connect(address) as connection:
        connection.sendall(GET + b"A: ")
        sent = 0
        try:
            while sent < 100 * 1024 * 1024:
                sent += connection.send(b"a" * 4096)
        except ConnectionError:
            pass
        assert sent < 16 * 1024 * 1024, "no more than what the system keeps on the way"


def test_many_short_headers_are_a_head_too() -> None:
    with served(echo) as address, connect(address) as connection:
        connection.sendall(GET + b"a: b\r\n" * 6000 + b"\r\n")
        assert answer(connection).split()[1] == b"431"


def test_trailers_are_bounded_as_heads_are() -> None:
    with served(echo) as address, connect(address) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
        with pytest.raises(ConnectionError):
            for _ in range(5000):
                connection.sendall(b"A: " + b"a" * 4096 + b"\r\n")


@pytest.mark.parametrize("size", [1, 16, 4096])
def test_a_body_in_chunks_is_no_head(size: int) -> None:
    body = b"a" * 40_000
    with served(echo) as (host, port):
        chunks = (body[start : start + size] for start in range(0, len(body), size))
        assert httpx.post(f"http://{host}:{port}/", content=chunks, timeout=60).json() == {"bytes": len(body)}


def test_pipelined_calls_are_each_answered() -> None:
    with served(echo) as address, connect(address) as connection:
        connection.sendall((GET + b"A: " + b"a" * 900 + b"\r\n\r\n") * 100)
        said = b""
        while said.count(b"HTTP/1.1 200") < 100:
            part = connection.recv(65536)
            assert part, said[-300:]
            said += part


@pytest.mark.parametrize("sent", [b"", b"GET / HT", GET + b"A: b\r\n", b"\r\n\r\n"])
def test_a_head_that_does_not_come_is_given_up(sent: bytes) -> None:
    with served(echo, head_seconds=0.2) as address, connect(address) as connection:
        connection.sendall(sent)
        assert answer(connection) == b""


def test_a_slow_call_is_not_taken_for_a_slow_head() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(0.6)
            await echo(scope, receive, send)

    with served(slow, head_seconds=0.2) as (host, port):
        assert httpx.get(f"http://{host}:{port}/", timeout=30).json() == {"bytes": 0}


def test_of_too_many_connections_the_one_that_was_silent_for_longest_goes() -> None:
    with served(echo, most=3) as address:
        silent = [connect(address) for _ in range(3)]
        for connection in silent[1:]:
            connection.sendall(GET + b"\r\n")
            assert answer(connection).split()[1] == b"200"
        with connect(address) as another:
            another.sendall(GET + b"\r\n")
            assert answer(another).split()[1] == b"200"
        assert answer(silent[0]) == b""
        silent[1].sendall(GET + b"\r\n")
        assert answer(silent[1]).split()[1] == b"200"
        for connection in silent:
            connection.close()


def test_a_connection_with_a_call_under_way_stays_and_who_is_too_many_is_told_so() -> None:
    release = threading.Event()

    async def held(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.to_thread(release.wait)
            await echo(scope, receive, send)

    with served(held, most=1) as address, connect(address) as first:
        first.sendall(GET + b"\r\n")
        time.sleep(0.2)
        with connect(address) as second:
            assert answer(second).split()[1] == b"503"
        release.set()
        assert answer(first).split()[1] == b"200"


class Sender:
    """A body that comes in parts, the next one when the test says so."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = list(parts)

    async def __call__(self) -> Message:
        if not self.parts:
            await asyncio.sleep(3600)
        body = self.parts.pop(0)
        return {"type": "http.request", "body": body, "more_body": True}


HTTP: Scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}


async def _nothing(_: Message) -> None:
    return None


def test_bytes_of_bodies_in_memory_are_bounded_and_small_bodies_still_come_through() -> None:
    async def read(scope: Scope, receive: Receive, _: Send) -> None:
        await read_body(Request(scope, receive), 10**9, "a body")

    async def run() -> None:
        bounded = BoundedBodies(read, 100_000)
        first = asyncio.create_task(bounded(HTTP, Sender(b"a" * 150_000), _nothing))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert bounded.held == 150_000 - 64 * 1024
        with pytest.raises(Unavailable, match="Too many large bodies"):
            await bounded(HTTP, Sender(b"a" * 50_000, b"a" * 60_000), _nothing)
        small = asyncio.create_task(bounded(HTTP, Sender(b"a" * 60_000), _nothing))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not small.done()
        for task in (first, small):
            task.cancel()
        await asyncio.gather(first, small, return_exceptions=True)
        assert bounded.held == 0

    asyncio.run(run())


def test_a_body_that_stalls_is_given_up() -> None:
    async def run() -> None:
        bounded = BoundedBodies(echo, 100_000, stalled_seconds=0.05)
        with pytest.raises(Stalled):
            await bounded(HTTP, Sender(b"a" * 90_000), _nothing)
        assert bounded.held == 0

    asyncio.run(run())
