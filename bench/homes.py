"""Homes of databases that are not there to show how a schema comes about: copies of one that was migrated once.

To migrate a fresh database takes more than its server's start. The one that is copied stands in the user's cache, by
what it was made from.
"""

import hashlib
import shutil
import time
from pathlib import Path

from graph import embedded
from graph.embedded import EmbeddedError, lease, stop
from graph.embedded.home import FileLock, Home
from graph.settings import Settings
from graph.store import migrations
from graph.store.database import Database
from graph.store.migrations import MIGRATIONS, migrate
from graph.store.statements import CYPHER

_WAIT = 300.0
"""Seconds to wait for another process that migrates the one to be copied."""
_EMBEDDED = Path(embedded.__file__).parent


def put_migrated(settings: Settings) -> None:
    """Put a migrated database into the home of the settings, which must not have one yet."""
    target = Home(settings.home.absolute())
    if target.has_stores:
        raise EmbeddedError(f"{target.path} has a database")
    made = _migrated_once(settings)
    target.make()
    target.claim(settings.neo4j_release)
    target.take_password(made)
    shutil.copytree(made.data, target.data)


def _migrated_once(settings: Settings) -> Home:
    folder = settings.cache.absolute() / "homes"
    folder.mkdir(parents=True, exist_ok=True)
    made = Home(folder / f"{settings.neo4j_release}-{_digest(settings.neo4j_release)}")
    lock = FileLock(made.path.with_suffix(".lock"))
    if not made.path.exists():
        if not lock.acquire(timeout=_WAIT):
            raise EmbeddedError(f"another process has been making {made.path} for too long")
        try:
            if not made.path.exists():
                _make(settings, made)
        finally:
            lock.release()
    return made


def _make(settings: Settings, made: Home) -> None:
    begun = Home(made.path.with_suffix(".begun"))
    given = settings.model_copy(update={"home": begun.path, "neo4j_uri": None})
    stop(given)  # of one who was killed
    shutil.rmtree(begun.path, ignore_errors=True)
    with (
        lease(given) as server,
        Database.connect(server.uri, server.user, server.password, given) as database,
    ):
        migrate(database)
    stop(given)
    while not begun.supervising.is_free():
        time.sleep(0.05)
    # Under its name only now, that nobody copies what is still written.
    begun.path.rename(made.path)


def _digest(release: str) -> str:
    """Name what decides how a migrated database is: the server, the files, and what applies them."""
    files = [
        _EMBEDDED / f"lock-{release}.json",
        _EMBEDDED / "supervise.py",
        Path(migrations.__file__),
        *sorted((CYPHER / "migration").glob("*.cypher")),
        *sorted(MIGRATIONS.glob("*.cypher")),
    ]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:16]
