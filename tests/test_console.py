"""Every console block of the README and of the tag's page, run as a reader would, its output compared."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from graph.kinfold import Kinfold

ROOT = Path(__file__).parents[1]

NOT_RUN = {"make test": "this is one of its tests"}
"""Commands that are not run, and why; every other one is."""

_VARIES = (
    (r"…", r".*?"),
    (r"\b[0-9a-f]{8}-([0-9a-f]{4}-)?", r"[0-9a-f-]+"),
    (r"\b[0-9a-f]{12}\b", r"[0-9a-f]{12}"),
    (r"kinfold_write_[\w-]+", r"kinfold_write_[\w-]+"),
    (r"(?<=^Kinfold )[0-9.]+", r"[^ ]+"),
)
"""What is another with each run, and what stands for it."""


@dataclass(frozen=True)
class Command:
    """A command of a page, with the output that the page shows."""

    line: str
    shown: str


def commands_of(page: Path) -> list[Command]:
    """Return the commands of a page's console blocks, in order."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        assert block.startswith("$ "), f"a console block of {page.name} begins with no command"
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            line, _, shown = part.partition("\n")
            found.append(Command(line, shown.strip()))
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Reader:
    """Somebody with a fresh clone, who types what the page shows; ports are free ones of this machine."""

    def __init__(self, clone: Path, environment: dict[str, str]) -> None:
        self.clone = clone
        self.ports = {"8000": str(free_port()), "8080": str(free_port())}
        self.background: list[subprocess.Popen[str]] = []
        self.environment = {name: value for name, value in environment.items() if not name.startswith("KINFOLD_")}
        self.setup = ""

    def local(self, text: str) -> str:
        """Write the ports of a text as the free ones."""
        for port, free in self.ports.items():
            text = re.sub(rf"(?<=[: ]){port}\b", free, text)
        return text

    def run(self, command: Command) -> str:
        """Run a command, and return what it printed, to be compared with what is shown."""
        line = self.local(command.line.partition("  #")[0].strip())
        if line.endswith("make run"):
            given = f"PORT={self.ports['8000']} SHOP_PORT=0 BIN={Path(sys.executable).parent}"
            return self.start(f"{line} {given} -o .venv/.run")
        if line.endswith("&"):
            return self.start(line.removesuffix("&"))
        assigned = re.match(r"([A-Z_]+)=\$\(", line)
        keep = f'; printf %s "${assigned[1]}" > value' if assigned else ""
        done = subprocess.run(
            ["bash", "-c", f"set -e; {self.setup}{line}{keep}"],
            cwd=self.clone,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, (line, done.stderr)
        # What the reader's shell keeps for the next commands: variables, and the folder of commands.
        if assigned:
            self.setup += f"{assigned[1]}={shlex.quote((self.clone / 'value').read_text())}; "
        elif re.match(r"\. |export ", line):
            self.setup += f"{line}; "
        return done.stdout + done.stderr

    def start(self, line: str) -> str:
        """Start what stays in the foreground of a terminal, and return what it printed until it was ready."""
        log = self.clone / f"terminal-{len(self.background)}.log"
        with log.open("w") as out:
            self.background.append(
                subprocess.Popen(
                    ["bash", "-c", f"{self.setup}{line}"],
                    cwd=self.clone,
                    env={**self.environment, "PYTHONUNBUFFERED": "1"},
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    text=True,
                    start_new_session=True,
                )
            )
        for _ in range(1200):
            said = log.read_text()
            if re.search(r"Ctrl-C stops it|Serving HTTP on", said):
                return said
            assert self.background[-1].poll() is None, said
            time.sleep(0.1)
        raise AssertionError(log.read_text())

    def leave(self) -> None:
        """End what was started."""
        for process in self.background:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)


@contextmanager
def reader_of(clone: Path, environment: dict[str, str]) -> Iterator[Reader]:
    for name in ("Makefile", "examples"):
        (clone / name).symlink_to(ROOT / name)
    activate = clone / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.write_text(f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH\n")
    shutil.copy(ROOT / "examples" / "story.ndjson", clone / "events.ndjson")
    reader = Reader(clone, environment)
    try:
        yield reader
    finally:
        reader.leave()


def assert_shown(command: Command, printed: str, reader: Reader) -> None:
    """Hold the output of a command against what the page shows of it: white space, ids and what … leaves out aside."""
    wanted = reader.local(command.shown)
    for place, (varying, _) in enumerate(_VARIES):
        wanted = re.sub(varying, chr(0xE000 + place), wanted, flags=re.M)
    wanted = re.escape(re.sub(r"\s", "", wanted))
    for place, (_, pattern) in enumerate(_VARIES):
        wanted = wanted.replace(chr(0xE000 + place), pattern)
    assert re.search(wanted, re.sub(r"\s", "", reader.local(printed))), (command.line, command.shown, printed)


def test_every_command_of_the_readme_does_what_it_shows(
    kinfold: Kinfold, environment: dict[str, str], tmp_path: Path
) -> None:
    commands = commands_of(ROOT / "README.md")
    assert len(commands) >= len(NOT_RUN) + 4
    with reader_of(tmp_path, environment) as reader:
        for command in commands:
            if command.line not in NOT_RUN:
                assert_shown(command, reader.run(command), reader)
        assert len((tmp_path / "answers.ndjson").read_text().splitlines()) > 10


def test_every_command_of_the_tags_page_leads_to_a_resolved_visitor(
    kinfold: Kinfold, environment: dict[str, str], tmp_path: Path
) -> None:
    commands = commands_of(ROOT / "docs" / "tag.md")
    with reader_of(tmp_path, environment) as reader:
        for command in commands:
            if "/v1/contacts" in command.line:
                visit(reader)
            assert_shown(command, reader.run(command), reader)


def visit(reader: Reader) -> None:
    """Send what the tag sends when somebody buys a hat and then logs in as Ana."""
    found = re.search(r"data-key=\"([\w-]+)\"", (reader.clone / "shop" / "index.html").read_text())
    assert found
    for event in (
        {"tracker_id": "0d9e80e2d9c1a", "event": "Order Completed"},
        {"tracker_id": "0d9e80e2d9c1a", "event": "logged_in", "email": "ana@example.com"},
    ):
        address = f"http://127.0.0.1:{reader.ports['8000']}/v1/resolve"
        answer = httpx.post(address, json=event, headers={"Authorization": f"Bearer {found[1]}"}, timeout=60)
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("page", ["README.md", "docs/tag.md"])
def test_a_page_has_console_blocks_only_where_a_command_stands(page: str) -> None:
    assert all(command.line for command in commands_of(ROOT / page))
