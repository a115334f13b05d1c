"""How the command speaks: on stderr, in plain sentences, with progress where somebody watches."""

import errno
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.text import Text

from graph.errors import KinfoldError

NOTHING_RAN = 2
INTERRUPTED = 130
PIPE_CLOSED = 141

Report = Callable[[str, int, int], None]

_ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal acts on instead of showing it, or cannot be written; line feeds and tabs are left alone."""
_ACTIVE_BYTES = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]")
"""The same in UTF-8, save what JSON escapes anyway."""


def visible(text: str) -> str:
    """Write out the characters of a text that a terminal would act on, such as escape sequences."""
    return _ACTIVE.sub(lambda found: _escape(found[0]), text)


def inert(json: bytes) -> bytes:
    """Escape in JSON what a terminal would act on; it reads back as the same."""
    return _ACTIVE_BYTES.sub(lambda found: f"\\u{ord(found[0].decode()):04x}".encode(), json)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class Screen(Console):
    """A console on which a text is only ever a text: without markup, and with its escape sequences written out.

    What people are called, and what a log holds, is shown as it is stored; whoever stored it draws nothing.
    """

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        stream = sys.stderr if stderr else sys.stdout
        super().__init__(
            stderr=stderr, width=None if stream.isatty() else width, markup=False, emoji=False, highlight=False
        )

    def render_str(self, text: str, **how: Any) -> Text:
        """Make a text of a string, measured as it is written out."""
        return super().render_str(visible(text), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render something, every text in it written out."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


stderr = Screen(stderr=True, width=160)


class Refusal(Exception):
    """What keeps a command from going on, in the words of its user."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn whatever goes wrong into one or two sentences on stderr and an exit code."""
    try:
        yield
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        _drop_stdout()
        raise typer.Exit(PIPE_CLOSED) from None
    except Exception as error:
        if _interrupted(error):
            raise typer.Exit(INTERRUPTED) from None
        if os.environ.get("KINFOLD_DEBUG"):
            logging.getLogger(__name__).exception("the command failed")
        say(f"kinfold: {_in_words(error)}")
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO):
            _drop_stdout()
        raise typer.Exit(NOTHING_RAN) from None


def _interrupted(error: BaseException | None) -> bool:
    """Return whether an error came while Ctrl-C was unwinding what was open, so that it says nothing by itself."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def say(text: str) -> None:
    """Write a line to stderr as it is."""
    stderr.print(visible(text), soft_wrap=True)


def log_plainly() -> None:
    """Log warnings to stderr, each with the last line of its trace at most."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Plain("kinfold: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("neo4j").setLevel(logging.CRITICAL)


_STEPS = {
    "fetch": "Fetching Neo4j, this once",
    "start": "Starting Neo4j",
    "check": "Checking the backup",
    "copy": "Neo4j is stopped; writing its stores anew",
    "dump": "Neo4j is stopped; writing the backup",
    "load": "Loading the backup",
}


def progress_bar(*columns: ProgressColumn) -> Progress:
    """Return a bar on stderr for whoever watches, gone when it is done; a log sees none."""
    return Progress(SpinnerColumn(), *columns, console=stderr, transient=True, disable=not stderr.is_terminal)


DESCRIPTION = TextColumn("{task.description}", markup=False)


@contextmanager
def fetching(home: Path | None = None) -> Iterator[Report]:
    """Show how far the embedded database is; a terminal sees a bar, a log one line for each step.

    Parameters
    ----------
    home
        Where the database keeps its data: named when one is started, since a command run without the KINFOLD_HOME
        of a server starts another database than the server's.
    """
    progress = progress_bar(DESCRIPTION, BarColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}

    def report(what: str, done: int, total: int) -> None:
        if what not in tasks:
            step = _STEPS.get(what, what)
            if what == "start" and home is not None:
                step = f"{step} in {home}"
            tasks[what] = progress.add_task(step, total=total or None)
            if not stderr.is_terminal:
                say(f"{step} ...")
        progress.update(tasks[what], completed=done, total=total or None)

    with progress:
        yield report


@contextmanager
def analysing() -> Iterator[Report]:
    """Show how far an analysis is, where somebody watches."""
    counts = TextColumn("{task.completed:,} of {task.total:,}")
    progress = progress_bar(DESCRIPTION, BarColumn(), counts, TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}

    def report(what: str, done: int, total: int) -> None:
        if not tasks:
            progress.start()
        if what not in tasks:
            tasks[what] = progress.add_task(what, total=total)
        progress.update(tasks[what], completed=done, total=total)

    try:
        yield report
    finally:
        progress.stop()


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] and not os.environ.get("KINFOLD_DEBUG"):
            return visible(f"kinfold: {text}: {_in_words(record.exc_info[1])}")
        return visible(super().format(record))


def _in_words(error: BaseException) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        return "; ".join(_setting_in_words(item["loc"], item["msg"]) for item in error.errors())
    if isinstance(error, KinfoldError):
        return error.detail
    if isinstance(error, Refusal):
        return str(error)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror or error}"
    if type(error).__module__.startswith("graph."):
        return str(error)
    return f"something unexpected happened: {type(error).__name__}: {error} (KINFOLD_DEBUG=1 shows where)"


def _setting_in_words(place: tuple[int | str, ...], message: str) -> str:
    name = str(place[0]) if place else "settings"
    return f"{name if name.isupper() else 'KINFOLD_' + name.upper()}: {message[:1].lower()}{message[1:]}"


def _drop_stdout() -> None:
    # Python flushes stdout once more at exit and would complain about the closed pipe.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
