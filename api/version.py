"""Which Kinfold this is."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def kinfold_version() -> str:
    """Return the installed version; a bare checkout that was never installed has none."""
    try:
        return version("kinfold")
    except PackageNotFoundError:
        return "0+checkout"
