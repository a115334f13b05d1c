"""Fresh databases that are migrated already: copies of one that was migrated once.

To migrate a database takes longer than its server's start. The one that is copied stands in the user's cache, by what
it was made from.
"""

import hashlib
import shutil
import time
from pathlib import Path

from graph import embedded
from graph.embedded import EmbeddedError, Progress, lease, stop
from graph.embedded.home import FileLock, Home
from graph.settings import Settings
from graph.store import migrations
from graph.store.database import Database
from graph.store.migrations import MIGRATIONS, migrate
from graph.store.statements import CYPHER

_WAIT = 300.0
"""Seconds to wait for another process that migrates the one to be copied."""
_EMBEDDED = Path(embedded.__file__).parent


def put_migrated(settings: Settings, *, on_progress: Progress | None = None) -> None:
    """Put a migrated database without data into the home of the settings.

    Where the cache cannot be written, nothing is put there: the home's database is then migrated as any other.

    Raises
    ------
    EmbeddedError
        When the home has a database, or the one to be copied cannot be fetched, started or copied.
    """
    target = Home(settings.home.absolute())
    if target.has_stores:
        raise EmbeddedError(f"{target.path} has a database")
    try:
        made = _migrated_once(settings, on_progress)
    except OSError:
        return
    target.make()
    target.claim(settings.neo4j_release)
    target.take_password(made)
    try:
        shutil.copytree(made.data, target.data)
    except OSError as error:
        shutil.rmtree(target.data, ignore_errors=True)
        raise EmbeddedError(f"there is no database in {target.path}: copying an empty one failed: {error}") from error


def _migrated_once(settings: Settings, on_progress: Progress | None) -> Home:
    folder = settings.cache.absolute() / "homes"
    folder.mkdir(parents=True, exist_ok=True)
    made = Home(folder / f"{settings.neo4j_release}-{_digest(settings.neo4j_release)}")
    lock = FileLock(made.path.with_suffix(".lock"))
    if not made.path.exists():
        if not lock.acquire(timeout=_WAIT):
            raise EmbeddedError(f"another process has been making {made.path} for too long")
        try:
            if not made.path.exists():
                _make(settings, made, on_progress)
        finally:
            lock.release()
    return made


def _make(settings: Settings, made: Home, on_progress: Progress | None) -> None:
    begun = Home(made.path.with_suffix(".begun"))
    given = settings.model_copy(update={"home": begun.path, "neo4j_uri": None})
    stop(given)  # of one who was killed
    shutil.rmtree(begun.path, ignore_errors=True)
    with (
        lease(given, on_progress=on_progress) as server,
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
