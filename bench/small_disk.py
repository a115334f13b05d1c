"""A disk that can be filled up and emptied again, for a home to be on."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psutil

from graph import embedded
from graph.settings import Settings

SIZE = "600m"
"""Of the file system: some times what an empty home needs."""
_LEFT = 256 << 10
"""Bytes that are left for the load itself to fill."""


class SmallDisk(Protocol):
    """What the load and the test need of such a disk."""

    folder: Path
    tells: bool
    """Whether it says how much room it has; a quota may not."""

    def fill(self, settings: Settings) -> None:
        """Leave hardly any room."""

    def empty(self, settings: Settings) -> None:
        """Make room again."""


class _Mounted:
    """A file system in memory, with a file that takes up its room."""

    tells = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, settings: Settings) -> None:
        with self._ballast.open("wb") as file:
            while (free := shutil.disk_usage(self.folder).free) > _LEFT:
                # The load takes room too: what was free a moment ago may be so no more.
                with suppress(OSError):
                    os.posix_fallocate(file.fileno(), 0, free - _LEFT)
                    return

    def empty(self, settings: Settings) -> None:
        self._ballast.unlink()


class _Quota:
    """A bound on the files of the database's process, by which its log cannot grow any further."""

    tells = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._java: psutil.Process | None = None

    def fill(self, settings: Settings) -> None:
        running = embedded.status(settings)
        assert running is not None
        self._java = psutil.Process(running.pid)
        longest = max(file.stat().st_size for file in (settings.home / "data" / "transactions").rglob("*.db.*"))
        self._java.rlimit(psutil.RLIMIT_FSIZE, (longest + _LEFT, -1))

    def empty(self, settings: Settings) -> None:
        assert self._java is not None
        with suppress(psutil.NoSuchProcess):  # it was started again, without any bound
            self._java.rlimit(psutil.RLIMIT_FSIZE, (-1, -1))


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Make one at a folder: a file system where this user may mount one, else a quota."""
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], check=False, capture_output=True
        ).returncode
    ):
        yield _Quota(folder)
        return
    try:
        yield _Mounted(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
