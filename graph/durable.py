"""Files that are there whole, or as they were before, whenever the machine stops."""

import os
from pathlib import Path


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole, or as it was before, whenever the machine stops."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    finish(temporary, path)


def finish(temporary: Path, path: Path) -> None:
    """Give a file that was written whole its name, durably."""
    os.replace(temporary, path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
