"""The classes of a server as an archive that Java maps into memory instead of parsing them at each start.

Parsing and checking some 20,000 classes is half of a start. An archive belongs to one build of Java and one class path,
stands in the cache and is shared by every home and every environment. It has two layers: the classes of Java itself,
written within a second when they are missing, and those of the server, written by the first server that stops cleanly.
Without them, or when they do not fit, Java starts as it does without: slower.
"""

import hashlib
import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_BOUND = 60.0
"""Seconds that the classes of Java may take; a second is usual."""


@dataclass(frozen=True)
class Archive:
    """The two layers of one Java and one class path.

    Parameters
    ----------
    folder
        In the cache; belongs to this Java and this class path alone.
    """

    folder: Path

    @classmethod
    def of(cls, java: Path, jars: Sequence[Path], cache: Path) -> "Archive":
        """Return the archive that belongs to a Java and to jars; it need not be there yet.

        Java refuses an archive whose jars have changed, by their sizes and times of change, and that of another build
        of Java, wherever this one stands: what it would refuse for good must not stay in the way of another. So a new
        environment, with a copy of the same Java, starts as fast as the one before it.
        """
        library = java.resolve().parents[1] / "lib"
        digest = hashlib.sha256((library.parent / "release").read_bytes())
        for path in (library / "modules", *sorted(library.glob("server/libjvm.*"))):
            digest.update(f"{path.name} {path.stat().st_size}\n".encode())
        for path in jars:
            stat = path.stat()
            digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
        return cls(cache.absolute() / "classes" / digest.hexdigest()[:16])

    @property
    def _of_java(self) -> Path:
        return self.folder / "java.jsa"

    @property
    def _of_server(self) -> Path:
        return self.folder / "server.jsa"

    @property
    def _unfinished(self) -> Path:
        return self.folder / f"server.{os.getpid()}.new"

    def prepare(self, java: Path) -> None:
        """Write the classes of Java unless they are there; nothing is raised when that cannot be done."""
        if self._of_java.exists():
            return
        with suppress(OSError, subprocess.SubprocessError):
            self.folder.mkdir(parents=True, exist_ok=True)
            unfinished = self._of_java.with_name(f"java.{os.getpid()}.new")
            try:
                subprocess.run(  # noqa: S603
                    [str(java), "-XX:+UseG1GC", "-Xshare:dump", f"-XX:SharedArchiveFile={unfinished}"],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=_BOUND,
                    check=True,
                )
                # The layer above holds the checksum of this one: it is never replaced once it is there.
                with suppress(FileExistsError):
                    os.link(unfinished, self._of_java)
            finally:
                unfinished.unlink(missing_ok=True)

    def options(self) -> list[str]:
        """Return what Java is told: to use the archive, or to write what is missing of it when it ends."""
        if not self._of_java.exists():
            return []
        return self.reading() or [
            f"-XX:SharedArchiveFile={self._of_java}",
            f"-XX:ArchiveClassesAtExit={self._unfinished}",
        ]

    def reading(self) -> list[str]:
        """Return what Java is told that runs another program of these classes: to use the archive where it is whole."""
        if not (self._of_java.exists() and self._of_server.exists()):
            return []
        return [f"-XX:SharedArchiveFile={self._of_java}:{self._of_server}"]

    def take_over(self, *, whole: bool) -> None:
        """Put what the server of this process wrote in its place, or remove it unless it is ``whole``."""
        with suppress(OSError):
            if whole:
                self._unfinished.replace(self._of_server)
            else:
                self._unfinished.unlink()
