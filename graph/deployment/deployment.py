"""Every tenant of a server, opened beside each other: one whose database is away keeps no other waiting."""

import logging
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from graph.deployment.tasks import feed_tasks
from graph.errors import Unavailable
from graph.kinfold import Kinfold
from graph.opening import Progress, open_database, prepare
from graph.settings import Settings

log = logging.getLogger("kinfold.tenants")

AGAIN_SECONDS = 5.0
"""Between two tries to prepare a graph whose database was away when the server started."""


class Tenant:
    """One tenant of a server.

    Parameters
    ----------
    name
        Its id.
    kinfold
        The product on its graph, which need not be prepared yet.
    """

    def __init__(self, name: str, kinfold: Kinfold) -> None:
        self.name = name
        self.kinfold = kinfold
        self._prepared = threading.Event()

    @property
    def prepared(self) -> bool:
        """Whether its graph is known to be its own, with a schema that is up to date: before that nobody may use it."""
        return self._prepared.is_set()

    def prepare(self) -> None:
        """Bring its graph up to date.

        Raises
        ------
        MigrationError, AnotherTenant, Unavailable
            As `graph.kinfold.open_kinfold` does.
        """
        prepare(self.kinfold.database, self.kinfold.settings)
        self._prepared.set()

    def check_prepared(self) -> None:
        """Raise `Unavailable` while nobody may use its graph."""
        if not self.prepared:
            raise Unavailable("The database could not be reached since this server started. Send this again later.")

    def ready(self) -> None:
        """Ask its database for a sign of life.

        Raises
        ------
        Unavailable
            When it gives none, or the graph is not prepared.
        """
        self.check_prepared()
        self.kinfold.ready()


@contextmanager
def open_tenants(settings: Mapping[str, Settings], *, on_progress: Progress | None = None) -> Iterator[list[Tenant]]:
    """Open the graph of every tenant; those whose database is away are prepared once it is back (`tenant_tasks`).

    Raises
    ------
    EmbeddedError
        When an embedded database cannot be fetched or started.
    MigrationError, AnotherTenant
        When a graph cannot be used: nobody should find out by one tenant's calls.
    """
    with ExitStack() as stack:
        tenants = []
        for name, own in settings.items():
            database = stack.enter_context(open_database(own, on_progress=on_progress))
            tenants.append(Tenant(name, Kinfold.on(database, own)))
        with ThreadPoolExecutor(min(32, len(tenants))) as pool:
            for tenant, preparing in [(tenant, pool.submit(tenant.prepare)) for tenant in tenants]:
                try:
                    preparing.result()
                except Unavailable:
                    log.warning("tenant %s: its database cannot be reached; its calls wait for it", tenant.name)
        yield tenants


@contextmanager
def tenant_tasks(tenant: Tenant) -> Iterator[None]:
    """Do a tenant's background work in threads while this context lasts, once its graph is prepared."""
    stop = threading.Event()

    def work() -> None:
        while not tenant.prepared and not stop.wait(AGAIN_SECONDS):
            try:
                tenant.prepare()
                log.warning("tenant %s: its database is there now", tenant.name)
            except Unavailable:
                log.info("tenant %s: its database is still away", tenant.name)
            except Exception:
                log.exception("tenant %s cannot be served", tenant.name)
        if tenant.prepared:
            with feed_tasks(tenant.kinfold):
                stop.wait()

    thread = threading.Thread(target=work, name=f"kinfold-tenant-{tenant.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
