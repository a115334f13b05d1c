"""A way to the database that breaks when it is told to: real sockets, cut in the middle of a commit."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""The message by which a driver commits, as it comes over a connection: its chunk, and the end of it."""

SILENCE = 0.5
"""Seconds without another answer after which a commit was the last that was answered."""

Loss = Literal["before", "after"] | float | None
"""Whether a commit is cut off before the server hears of it, or after it was done and before its answer; or at once,
while the server hears of it so many seconds later; or not."""


class Proxy:
    """Hands bytes on between drivers and a server.

    Parameters
    ----------
    port
        Where the server listens on this machine.
    loses
        Asked at every commit, with its number from 1 on.
    """

    def __init__(self, port: int, loses: Callable[[int], Loss]) -> None:
        self._server = port
        self._loses = loses
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._counting = threading.Lock()
        self._open: set[socket.socket] = set()
        self.port: int = self._listening.getsockname()[1]
        self.commits = 0
        self.lost: list[Loss] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._cut(self._listening, *self._open)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                driver, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                self._open |= {driver, server}
                answered = threading.Event()
                answered.set()
                threading.Thread(target=self._there, args=(driver, server, answered), daemon=True).start()
                threading.Thread(target=self._back, args=(driver, server, answered), daemon=True).start()

    def _there(self, driver: socket.socket, server: socket.socket, answers: threading.Event) -> None:
        with suppress(OSError):
            while data := driver.recv(65_536):
                loss = self._loss() if COMMIT in data else None
                if loss == "before":
                    break
                if loss is not None:
                    answers.clear()
                if isinstance(loss, float):
                    self._cut(driver)
                    time.sleep(loss)
                server.sendall(data)
                if loss is not None:
                    # The answer comes once it is done; `_back` swallows it and cuts.
                    return
        self._cut(driver, server)

    def _back(self, driver: socket.socket, server: socket.socket, answers: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                if answers.is_set():
                    driver.sendall(data)
                else:
                    # The statement that came with the commit is answered first.
                    server.settimeout(SILENCE)
        self._cut(driver, server)

    def _loss(self) -> Loss:
        with self._counting:
            self.commits += 1
            loss = self._loses(self.commits)
            if loss is not None:
                self.lost.append(loss)
            return loss

    @staticmethod
    def _cut(*ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def proxied(port: int, loses: Callable[[int], Loss] = lambda _: None) -> Iterator[Proxy]:
    proxy = Proxy(port, loses)
    try:
        yield proxy
    finally:
        proxy.close()
