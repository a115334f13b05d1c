"""The stores of an embedded database written anew, without what was deleted.

Neo4j marks the records of what is deleted as free and leaves what they hold until something else is written over them;
its transaction log and its indexes keep it too, and a dump takes the stores as they are. Community has no command that
makes a compacted copy, so the graph is read from a database on the old stores and written to one on new ones, and then
those are put in their place.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graph.embedded import EmbeddedError, Pause, Progress, Server, opened, paused
from graph.embedded.home import ROOM, Home

if TYPE_CHECKING:
    from graph.settings import Settings

Copy = Callable[[Server, Server], object]
"""Writes the graph of one database into another one, an empty one."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """What came of it."""

    before: int
    """Bytes of stores and transaction logs."""
    after: int
    away: float | None
    """Seconds for which others found the database stopped; None when it did not run before."""


def compact(settings: "Settings", copy: Copy, *, on_progress: Progress | None = None) -> Compaction:
    """Write the stores of ``settings.home`` anew.

    Parameters
    ----------
    settings
        Which home, cache, release and memory; two databases run meanwhile, each with that much.
    copy
        How one database becomes another.
    on_progress
        Told how far the starts are.

    Returns
    -------
    Compaction
        Once the database is back where it ran before.

    Raises
    ------
    EmbeddedError
        When there is no database, no room for another one, or it cannot be stopped or started; what was there is
        there again.
    """
    if not Home(settings.home.absolute()).has_stores:
        raise EmbeddedError(f"there is no database in {settings.home}")
    with paused(settings, on_progress=on_progress) as pause:
        before = size_of(pause.home.data)
        rewrite(settings, pause, copy, on_progress=on_progress)
        after = size_of(pause.home.data)
    return Compaction(before, after, time.monotonic() - pause.since if pause.interrupts else None)


def rewrite(settings: "Settings", pause: Pause, copy: Copy, *, on_progress: Progress | None = None) -> None:
    """Write the stores of a paused database anew; when that fails the old ones stay."""
    home = pause.home
    if (free := shutil.disk_usage(home.path).free) < (size := size_of(home.data)) + ROOM:
        raise EmbeddedError(
            f"there is no room for a second copy of the database in {home.path}: {free / 1e6:,.0f} MB are free, "
            f"{(size + ROOM) / 1e6:,.0f} MB are needed"
        )
    home.clear_scratch()
    # From here on the next start puts the old stores back, until they are forgotten.
    home.set_aside()
    try:
        old, new = (Home(folder) for folder in home.scratch)
        for part in (old, new):
            part.make()
            part.take_password(home)
        old.data.symlink_to(home.aside, target_is_directory=True)
        with opened(settings, [old, new], on_progress) as servers:
            copy(*servers)
        home.data.rmdir()
        new.data.rename(home.data)
    except BaseException:
        home.take_back()
        raise
    home.forget()
    home.clear_scratch()


def size_of(folder: Path) -> int:
    """Add up the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
