"""Callers that ask for much and stop reading: what they hold, and whether others are still answered."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
import uvicorn

from api.http.app import create_app
from graph.identity.events import read_event
from graph.kinfold import Kinfold

READERS = 60
ACTIVITIES = 400
TEXT = "x" * 24_000
"""About 10 MB in all: more than the buffers of a connection on both of its ends."""


@pytest.fixture
def person(kinfold: Kinfold) -> str:
    events = [
        read_event({"email": "ana@example.com", "tracker_id": "t1", "event_properties": {"text": TEXT}})
        for _ in range(ACTIVITIES)
    ]
    for start in range(0, ACTIVITIES, 100):
        answers = kinfold.resolver.resolve(events[start : start + 100])
    assert answers[-1].contact is not None
    assert answers[-1].contact.id is not None
    return answers[-1].contact.id


@pytest.fixture
def address(kinfold: Kinfold) -> Iterator[tuple[str, int]]:
    """A served application, with threads and buffers as `kinfold serve` has them."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as taken:
        running = uvicorn.Server(uvicorn.Config(create_app(kinfold), log_level="warning", ws="none"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [taken]})
        thread.start()
        try:
            while not running.started:
                time.sleep(0.01)
            yield taken.getsockname()[:2]
        finally:
            running.should_exit = True
            running.force_exit = True
            thread.join()


def stalled(address: tuple[str, int], path: str) -> socket.socket:
    """Ask for something, take the first bytes of the answer and no more."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.settimeout(120)
    reader.connect(address)
    reader.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert reader.recv(15) == b"HTTP/1.1 200 OK"
    return reader


def test_sixty_readers_that_stop_reading_an_export_keep_nobody_from_an_answer(
    person: str, address: tuple[str, int]
) -> None:
    with ExitStack() as stack:
        readers = [stack.enter_context(stalled(address, f"/v1/contacts/{person}/export")) for _ in range(READERS)]
        with httpx.Client(base_url=f"http://{address[0]}:{address[1]}", timeout=30) as client:
            for turn in range(5):
                assert client.get("/health").status_code == 200
                assert client.get("/ready").status_code == 200
                assert client.get("/v1/contacts?email=ana@example.com").status_code == 200
                resolved = client.post("/v1/resolve", json={"tracker_id": f"other-{turn}"})
                assert resolved.status_code == 200
                assert client.get(f"/v1/contacts/{person}/history").status_code == 200
                one_more = client.get(f"/v1/contacts/{person}/export")
                assert len(one_more.json()["activity"]) == ACTIVITIES
        # Who goes on reading gets the whole document.
        body = bytearray()
        while chunk := readers[0].recv(1 << 20):
            body += chunk
        document = json.loads(unchunked(bytes(body).partition(b"\r\n\r\n")[2]))
        assert len(document["activity"]) == ACTIVITIES


def unchunked(body: bytes) -> bytes:
    """Take the pieces of a chunked body together."""
    whole = bytearray()
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        whole += body[:length]
        body = body[length + 2 :]
    return bytes(whole)
