"""Neo4j's driver, without what it loads besides where that is installed: half of its own time, for every command.

The driver takes arrays and tables of numpy, pandas and pyarrow for parameters. Kinfold sends none, and a process that
analyses loads these libraries itself.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from threading import get_ident
from types import ModuleType

_UNUSED = ("numpy", "pandas", "pyarrow")


class _Missing(MetaPathFinder):
    """Finder to which some modules are not installed, for the thread that made it and no other."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._thread = get_ident()

    def find_spec(self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> None:
        if fullname in self._names and get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is not loaded for the driver", name=fullname)


@contextmanager
def _without(*names: str) -> Iterator[None]:
    missing = _Missing(names)
    sys.meta_path.insert(0, missing)
    try:
        yield
    finally:
        sys.meta_path.remove(missing)


with _without(*_UNUSED):
    from neo4j import (
        READ_ACCESS,
        WRITE_ACCESS,
        Bookmarks,
        Driver,
        GraphDatabase,
        NotificationMinimumSeverity,
        Session,
        Transaction,
    )
    from neo4j.exceptions import (
        AuthError,
        ConnectionAcquisitionTimeoutError,
        DatabaseError,
        DriverError,
        Neo4jError,
        ResultFailedError,
        ServiceUnavailable,
        SessionExpired,
    )

__all__ = [
    "READ_ACCESS",
    "WRITE_ACCESS",
    "AuthError",
    "Bookmarks",
    "ConnectionAcquisitionTimeoutError",
    "DatabaseError",
    "Driver",
    "DriverError",
    "GraphDatabase",
    "Neo4jError",
    "NotificationMinimumSeverity",
    "ResultFailedError",
    "ServiceUnavailable",
    "Session",
    "SessionExpired",
    "Transaction",
]
