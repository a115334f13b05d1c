"""A real server on a loopback port, with keys, and a door in front of it that can fail as networks do."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import uvicorn

from api.http.app import create_app
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.looked_up import with_activity

WRITE_KEY = "w-1"
ADMIN_KEY = "a-1"


@pytest.fixture
def origin(kinfold: Kinfold, server: Settings) -> Iterator[str]:
    """The address of Kinfold itself, over real HTTP."""
    keys = Settings(write_key=WRITE_KEY, admin_key=ADMIN_KEY)  # type: ignore[arg-type]
    update = {name: getattr(keys, name) for name in ("write_key", "admin_key")}
    app = create_app(Kinfold.on(kinfold.database, server.model_copy(update=update)))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        running = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on", ws="none"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [taken]})
        thread.start()
        try:
            while not running.started:
                time.sleep(0.01)
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            # A database's first event has every statement planned: on a busy machine that is longer than SDKs wait.
            first = {"anonymousId": "first", "type": "page"}
            httpx.post(f"{url}/v1/page", json=first, auth=(WRITE_KEY, ""), timeout=120).raise_for_status()
            yield url
        finally:
            running.should_exit = True
            thread.join()


@dataclass
class Door:
    """Stands between an SDK and Kinfold; does to the next requests what `plan` says, then lets all through.

    `503`: refused before Kinfold sees it, as by a server that is away. `lost`: Kinfold resolves it and the answer
    does not come back, so the SDK sends the same batch again. A number: that status.
    """

    origin: str
    plan: list[str] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def statuses(self) -> list[str]:
        return [str(request["status"]) for request in self.seen]


def _serve(door: Door) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self._body()
            own = ("host", "connection", "transfer-encoding", "content-length")
            headers = {name: value for name, value in self.headers.items() if name.lower() not in own}
            fate = door.plan.pop(0) if door.plan else "through"
            request = {"path": self.path, "headers": headers, "body": body, "status": fate}
            door.seen.append(request)
            if fate.isdigit():
                self._answer(int(fate), json.dumps({"status": int(fate)}).encode())
                return
            response = httpx.post(door.origin + self.path, content=body, headers=headers, timeout=60)
            if fate == "lost":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            request["status"] = response.status_code
            self._answer(response.status_code, response.content)

        def _body(self) -> bytes:
            if (length := self.headers["Content-Length"]) is not None:
                return self.rfile.read(int(length))
            body = b""  # in chunks, as Java sends what it packs on the way
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def door(origin: str) -> Iterator[Door]:
    door = Door(origin)
    with _serve(door) as http:
        door.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield door
        finally:
            http.shutdown()
            thread.join()


@pytest.fixture
def found(origin: str) -> Callable[..., dict[str, Any]]:
    """Look a key's owner up, with all its activity, oldest first."""

    def look(**key: str) -> dict[str, Any]:
        with httpx.Client(base_url=origin, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=60) as client:
            [item] = client.get("/v1/contacts", params=key).json()["items"]
            contact = with_activity(lambda path: client.get(path).json(), item["id"])
            return {**contact, "activity": contact["activity"][::-1]}

    return look
