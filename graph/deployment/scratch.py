"""A graph that is made to be thrown away: a database process of its own, in a folder that vanishes with it."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from graph.deployment.migrated import put_migrated
from graph.embedded import stop
from graph.identity.declared_namespaces import apply
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.kinfold import Kinfold
from graph.opening import Progress, open_database
from graph.settings import PolicyName, Settings
from graph.store.database import REPEATABLE, Database, Transaction
from graph.store.migrations import migrate


class ScratchGraph:
    """A graph in which logs are tried out.

    Parameters
    ----------
    database
        A database that nobody else uses.
    settings
        Those of the deployment, save where the database is.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        # The statement that empties a graph asks for this mark, so that it cannot empty another one.
        self._token = secrets.token_hex(16)
        database.write(lambda tx: tx.run("scratch.mark", token=self._token), committed=REPEATABLE)

    def emptied(self, policy: PolicyName, namespaces: Namespaces = DEFAULT_NAMESPACES) -> Kinfold:
        """Forget everything, and return the product on the empty graph, with this policy and these namespaces."""

        def some(tx: Transaction) -> int:
            deleted: int = tx.run("scratch.empty", token=self._token)[0]["deleted"]
            return deleted

        while self.database.write(some, committed=REPEATABLE):
            pass
        if namespaces is not DEFAULT_NAMESPACES:
            apply(self.database, namespaces)
        return Kinfold.on(self.database, self.settings.model_copy(update={"policy": policy}))


@contextmanager
def scratch_graph(settings: Settings, *, on_progress: Progress | None = None) -> Iterator[ScratchGraph]:
    """Start an embedded database in a temporary folder; when the context ends, both are gone.

    The deployment's own graph is neither read nor written, wherever it is.

    Parameters
    ----------
    settings
        Policy, limits, block list, memory and cache are taken from them; ``NEO4J_URI`` and the home are not.
    on_progress
        Told how far the fetch and the start are.

    Raises
    ------
    EmbeddedError
        When the database cannot be fetched or started.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="kinfold-scratch-", ignore_cleanup_errors=True))
        own = settings.model_copy(
            update={"neo4j_uri": None, "neo4j_database": None, "home": Path(folder).resolve() / "home"}
        )
        # Before its folder goes, the database must be down, not only without a lease.
        stack.callback(stop, own)
        put_migrated(own, on_progress=on_progress)
        database = stack.enter_context(open_database(own, on_progress=on_progress))
        migrate(database)
        yield ScratchGraph(database, own)
