"""The ``kinfold`` command as a process: a fork of one that has loaded the product.

A command spends most of its processor time on loading what it needs, and the tests run hundreds of them. So one
process loads it once, and each command is a fork of it with arguments, an environment and streams of its own. Tests
that write to a command while it runs, and the blocks of the documentation, start theirs from nothing.
"""

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
KINFOLD = [sys.executable, "-c", "from api.command.program import main; main()"]

_LOADED = "from tests.command import await_order; await_order(); from api.command.program import main; main()"
_READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ")
"""Variables that an interpreter reads when it starts."""


def run(
    environment: Mapping[str, str], *arguments: str | Path, log: str = "", timeout: float = 300
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, as `subprocess.run` does."""
    if _started_with(environment) != _started_with(os.environ):
        return run_anew(environment, *arguments, log=log, timeout=timeout)
    (stdin, log_end), (out_end, stdout), (err_end, stderr) = (os.pipe() for _ in range(3))
    started = Started(arguments, environment, stdin, stdout, stderr)
    for given in (stdin, stdout, stderr):
        os.close(given)
    with ThreadPoolExecutor(3) as streams:
        streams.submit(_write, log_end, log)
        out, err = streams.submit(_read, out_end), streams.submit(_read, err_end)
        try:
            code = started.wait(timeout)
        except subprocess.TimeoutExpired:
            started.kill()
            raise
    return subprocess.CompletedProcess([*KINFOLD, *map(str, arguments)], code, out.result(), err.result())


class Started:
    """A command that runs beside the test, as `subprocess.Popen` has it; its streams are descriptors."""

    def __init__(
        self, arguments: Sequence[str | Path], environment: Mapping[str, str], stdin: int, stdout: int, stderr: int
    ) -> None:
        assert _started_with(environment) == _started_with(os.environ), "an interpreter reads these when it starts"
        self.args = [*KINFOLD, *map(str, arguments)]
        self._reply = os.fdopen(_ordered(environment, arguments, stdin, stdout, stderr), "rb", buffering=0)
        self.pid = int(self._reply.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the exit code."""
        if self.returncode is None:
            if not select.select([self._reply], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self._reply.readline())
            self._reply.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(arguments: Sequence[str], environment: Mapping[str, str], log: int) -> Started:
    """Start a command that reads nothing and writes all to one file."""
    with Path(os.devnull).open("rb") as nothing:
        return Started(arguments, environment, nothing.fileno(), log, log)


def run_anew(
    environment: Mapping[str, str], *arguments: str | Path, log: str = "", timeout: float = 300
) -> "subprocess.CompletedProcess[str]":
    """Run a command in an interpreter of its own, with hashes of its own."""
    return subprocess.run(
        [*KINFOLD, *map(str, arguments)],
        input=log,
        env=dict(environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def _ordered(
    environment: Mapping[str, str], arguments: Sequence[str | Path], stdin: int, stdout: int, stderr: int
) -> int:
    """Order a command, and return where its number is said, and then its exit code."""
    order = json.dumps({"arguments": [*map(str, arguments)], "environment": dict(environment)}).encode()
    reply_end, reply = os.pipe()
    door, lock, _ = _loaded()
    with lock:
        socket.send_fds(door, [len(order).to_bytes(4, "big")], [stdin, stdout, stderr, reply])
        door.sendall(order)
    os.close(reply)
    return reply_end


def _started_with(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}


def _write(descriptor: int, text: str) -> None:
    with suppress(BrokenPipeError), os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def _read(descriptor: int) -> str:
    with os.fdopen(descriptor, encoding="utf-8") as stream:
        return stream.read()


@cache
def _loaded() -> "tuple[socket.socket, threading.Lock, subprocess.Popen[bytes]]":
    """Start the process that is forked; it ends with this one."""
    door, inner = socket.socketpair()
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", _LOADED, str(inner.fileno())],
        cwd=ROOT,
        stdin=pipe,
        stdout=pipe,
        pass_fds=[inner.fileno()],
    )
    inner.close()
    return door, threading.Lock(), process


def await_order() -> None:
    """Load what commands need, then return once for each that is asked for, in a process that is the command."""
    for package in ("api.command", "api.command.groups"):
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
            importlib.import_module(module.name)
    for module in ("graph.kinfold", "api.http.serving"):
        importlib.import_module(module)
    door = socket.socket(fileno=int(sys.argv.pop()))
    gc.freeze()
    while True:
        length, given, _, _ = socket.recv_fds(door, 4, 4)
        if not length:
            os._exit(0)
        order = json.loads(_exactly(door, int.from_bytes(length, "big")))
        if not os.fork():
            break
        for descriptor in given:
            os.close(descriptor)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    door.close()
    *streams, reply = given
    command = os.fork()
    if command:
        for descriptor in streams:
            os.close(descriptor)
        os.write(reply, b"%d\n" % command)
        os.write(reply, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(command, 0)[1]))
        os._exit(0)
    os.close(reply)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    tempfile.tempdir = None
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv[1:] = order["arguments"]


def _exactly(door: socket.socket, length: int) -> bytes:
    content = b""
    while len(content) < length:
        content += door.recv(length - len(content))
    return content
