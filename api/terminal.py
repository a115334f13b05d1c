"""How the command speaks: on stderr, in plain sentences, with progress where somebody watches."""

import errno
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from graph.errors import KinfoldError

NOTHING_RAN = 2
INTERRUPTED = 130
PIPE_CLOSED = 141

Report = Callable[[str, int, int], None]

stderr = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 160)


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
        if os.environ.get("KINFOLD_DEBUG"):
            logging.getLogger(__name__).exception("the command failed")
        say(f"kinfold: {_in_words(error)}")
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO):
            _drop_stdout()
        raise typer.Exit(NOTHING_RAN) from None


def say(text: str) -> None:
    """Write a line to stderr as it is."""
    stderr.print(text, markup=False, soft_wrap=True)


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
    "dump": "Neo4j is stopped; writing the backup",
    "load": "Loading the backup",
}


@contextmanager
def fetching(home: Path | None = None) -> Iterator[Report]:
    """Show how far the embedded database is; a terminal sees a bar, a log one line for each step.

    Parameters
    ----------
    home
        Where the database keeps its data: named when one is started, since a command run without the KINFOLD_HOME
        of a server starts another database than the server's.
    """
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    )
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
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,}"),
        TimeElapsedColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    )
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
            return f"kinfold: {text}: {_in_words(record.exc_info[1])}"
        return super().format(record)


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
