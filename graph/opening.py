"""Open a database and put a resolver on it, as settings say; whole products and workers of a load do both."""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from graph.blocking.blocking import Blocking
from graph.blocking.suppression import Suppression
from graph.clock import Clock, IdSource, RandomIds
from graph.identity.decision import Limits
from graph.identity.declared_namespaces import agree, namespaces_of
from graph.identity.hashed_keys import hash_known_keys
from graph.identity.namespaces import Namespaces
from graph.identity.resolver import Resolver
from graph.settings import Settings
from graph.store.database import Database
from graph.store.migrations import migrate
from graph.store.tenant_claim import claim

Progress = Callable[[str, int, int], None]
"""Told what is being fetched, how many bytes are there and how many it will be."""


def rarely_collect() -> None:
    """Look for garbage in cycles less often, for processes that resolve event after event.

    A batch makes tens of thousands of objects that live as long as it does and are freed without the collector;
    looking through all of them after every 700 is time that events wait.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@contextmanager
def open_database(settings: Settings, *, on_progress: Progress | None = None) -> Iterator[Database]:
    """Open the database that the settings name: NEO4J_URI, else the embedded one, started when needed."""
    bring_back: Callable[[], object] | None = None
    shortage: Callable[[], str | None] | None = None
    with ExitStack() as stack:
        if settings.neo4j_uri:
            uri, user = settings.neo4j_uri, settings.neo4j_user
            password = settings.neo4j_password.get_secret_value()
        else:
            from graph import embedded

            server = stack.enter_context(embedded.lease(settings, on_progress=on_progress))
            uri, user, password = server.uri, server.user, server.password
            bring_back = partial(embedded.revive, settings)
            shortage = partial(embedded.shortage, settings)
        yield stack.enter_context(Database.connect(uri, user, password, settings, revive=bring_back, shortage=shortage))


def prepare(database: Database, settings: Settings) -> None:
    """Bring the graph's schema up to date, and make sure that it is the graph of the settings' tenant.

    Raises
    ------
    MigrationError, OtherNamespaces, AnotherTenant, Unavailable, BadInput
        As `open_kinfold` does.
    """
    migrate(database)
    namespaces = namespaces_of(database, settings)
    agree(database, namespaces)
    hash_known_keys(database, namespaces)
    if settings.tenant is not None:
        claim(database, settings.tenant)


def limits_of(settings: Settings, namespaces: Namespaces) -> Limits:
    """Return how many keys and names of properties a contact may have in a deployment."""
    return Limits(settings.max_trackers, settings.max_subscriptions, settings.max_properties, namespaces.at_most)


def resolver_on(
    database: Database,
    settings: Settings,
    blocking: Blocking | None = None,
    *,
    id_source: IdSource | None = None,
    clock: Clock | None = None,
    namespaces: Namespaces | None = None,
) -> Resolver:
    """Return a resolver with the policy, the limits and the block list of a deployment.

    Parameters
    ----------
    blocking
        The deployment's block list, when the caller has it already.
    id_source, clock
        Where new ids and times of arrival come from; random ids and this machine's clock unless said.
    namespaces
        Others than the deployment's, for dry runs.
    """
    clock = clock or Clock()
    namespaces = namespaces or namespaces_of(database, settings)
    blocking = blocking or Blocking(
        database, settings, Suppression(database, settings, namespaces), clock=clock, namespaces=namespaces
    )
    limits = limits_of(settings, namespaces)
    return Resolver(
        database,
        policy=settings.policy,
        limits=limits,
        block_list=blocking.current,
        id_source=id_source or RandomIds(),
        clock=clock,
        namespaces=namespaces,
        alert_persons=settings.alert_persons,
        union_rules=settings.union_rules,
    )
