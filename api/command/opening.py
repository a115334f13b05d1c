"""What every command opens first: its settings, the product, a log."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from api.terminal import Refusal, fetching, log_plainly

if TYPE_CHECKING:
    from graph.deployment.deployment import Tenant
    from graph.kinfold import Kinfold
    from graph.settings import Settings


TENANT_OPTION = "--tenant"

_tenant: str | None = None
"""The tenant that the command names."""


def choose_tenant(tenant: str | None) -> None:
    """Set the tenant that the command is for."""
    global _tenant  # noqa: PLW0603 settings are read deep in the commands
    _tenant = tenant


def settings_of_command(**changed: Any) -> "Settings":
    """Return the settings of this deployment, or of the tenant that the command is for."""
    settings, tenants = settings_of_tenants(**changed)
    if tenants is not None:
        raise Refusal(f"There are several tenants; say which: {TENANT_OPTION} {' or '.join(tenants)}.")
    return settings


def settings_of_tenants(**changed: Any) -> "tuple[Settings, dict[str, Settings] | None]":
    """Return the settings, and those of every tenant where there are several and the command names none."""
    from graph.settings import Settings

    settings = Settings(**changed)
    tenant = _tenant or settings.tenant
    if settings.tenants is None:
        if tenant is not None:
            raise Refusal(f"There are no tenants: KINFOLD_TENANTS names no file, so that {tenant} is nobody's name.")
        return settings, None
    from graph.deployment.tenants import read_tenants

    tenants = read_tenants(settings)
    if tenant is None:
        return settings, tenants
    if tenant not in tenants:
        raise Refusal(f"There is no tenant {tenant} in {settings.tenants}; there are {', '.join(tenants)}.")
    return tenants[tenant].model_copy(update=changed), None


@contextmanager
def opened_tenants(tenants: "dict[str, Settings]") -> "Iterator[list[Tenant]]":
    """Open every tenant, and close all of them at the end."""
    from graph.deployment.deployment import open_tenants

    with ExitStack() as stack:
        with fetching() as report:
            found = stack.enter_context(open_tenants(tenants, on_progress=report))
        yield found


@contextmanager
def opened(settings: "Settings") -> Iterator["Kinfold"]:
    """Open the product, and show meanwhile how far its database is."""
    from graph.kinfold import open_kinfold

    with ExitStack() as stack:
        with fetching(settings.home) as report:
            kinfold = stack.enter_context(open_kinfold(settings, on_progress=report))
        yield kinfold


@contextmanager
def opened_for_edits() -> Iterator["Kinfold"]:
    """Open the product for one act of a person, which the audit notes with its reason."""
    log_plainly()
    from graph.store.audit import acting_because
    from graph.store.changes import acting_as

    with (
        stopped_by_signal(128 + signal.SIGTERM),
        opened(settings_of_command()) as kinfold,
        acting_as("command"),
        acting_because(os.environ.get("KINFOLD_REASON")),
    ):
        yield kinfold


@contextmanager
def log_file(file: str) -> Iterator[BinaryIO]:
    """Open a log of events; ``-`` is standard input."""
    # Not sys.stdin: its lock, held by the reading thread, would spoil the end of the process.
    source: int | str = 0 if file == "-" else file
    if file != "-" and Path(file).is_dir():
        raise Refusal(f"{file} is a folder, not a log of events.")
    stream = open(source, "rb", closefd=file != "-")  # noqa: SIM115
    try:
        yield stream
    finally:
        # A thread that still waits for input holds the stream; the end of the process closes it.
        if file != "-":
            stream.close()


@contextmanager
def stopped_by_signal(code: int) -> Iterator[Callable[[], None]]:
    """Let SIGTERM unwind what is open before the process ends; a server that is told to stop ends well.

    Yields
    ------
    callable
        Ends the process if it was told to stop and runs on. Python drops what is raised in a finaliser or in a weak
        reference's callback, and imports are full of both.
    """
    told = False

    def unwind(_: int, __: FrameType | None) -> NoReturn:
        nonlocal told
        told = True
        raise SystemExit(code)

    def stop_if_told() -> None:
        if told:
            raise SystemExit(code)

    before = signal.signal(signal.SIGTERM, unwind)
    try:
        yield stop_if_told
    except KeyboardInterrupt:
        if code:
            raise
    finally:
        signal.signal(signal.SIGTERM, before)
