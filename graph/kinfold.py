"""The product without doors, put together from settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from graph.access.access_keys import StoredKeys
from graph.analysis.anomalies import Anomalies
from graph.blocking.blocking import Blocking
from graph.blocking.suppression import Suppression
from graph.clock import Clock, RandomIds
from graph.edits.judgements import Judgements
from graph.edits.keys import KeyEdits
from graph.edits.properties import PropertyEdits
from graph.edits.splits import Splits
from graph.edits.subscriptions import SubscriptionEdits
from graph.edits.suggestions import Suggestions
from graph.edits.unions import Unions
from graph.explore.contact_history import History
from graph.explore.contacts import Contacts
from graph.explore.deliveries import Deliveries
from graph.explore.meeting import Meetings
from graph.explore.neighbourhood import Neighbourhood
from graph.explore.overview import Overview
from graph.explore.past import Past
from graph.explore.people import People
from graph.explore.search import Search
from graph.feed.feed import Feed
from graph.feed.webhooks import Webhooks
from graph.identity.declared_namespaces import namespaces_of
from graph.identity.namespaces import Namespaces
from graph.identity.resolver import Resolver
from graph.identity.write_context import WriteContext
from graph.loads.event_logs import EventLogs
from graph.loads.loads import Loads
from graph.offers.catalogues import Catalogues
from graph.offers.history import CatalogueHistory
from graph.offers.propositions import Propositions
from graph.offers.reports import Reports
from graph.offers.simulation import Simulations
from graph.opening import Progress, limits_of, open_database, prepare, resolver_on
from graph.privacy.audit import Audit
from graph.privacy.erasure import Erasures
from graph.privacy.export import Exports
from graph.privacy.retention import Retention
from graph.segments.segments import Segments
from graph.settings import Settings
from graph.store.database import Database
from graph.workflows.workflows import Workflows


@dataclass(frozen=True, slots=True)
class Kinfold:
    """Everything that a door needs."""

    settings: Settings
    namespaces: Namespaces
    database: Database
    resolver: Resolver
    contacts: Contacts
    properties: PropertyEdits
    keys: KeyEdits
    unions: Unions
    judgements: Judgements
    splits: Splits
    suggestions: Suggestions
    history: History
    neighbourhood: Neighbourhood
    meetings: Meetings
    search: Search
    people: People
    overview: Overview
    past: Past
    segments: Segments
    workflows: Workflows
    blocking: Blocking
    anomalies: Anomalies
    access_keys: StoredKeys
    audit: Audit
    exports: Exports
    erasures: Erasures
    suppression: Suppression
    retention: Retention
    feed: Feed
    webhooks: Webhooks
    catalogues: Catalogues
    catalogue_history: CatalogueHistory
    propositions: Propositions
    reports: Reports
    offer_simulations: Simulations
    loads: Loads
    histories: EventLogs
    subscriptions: SubscriptionEdits
    deliveries: Deliveries

    @classmethod
    def on(cls, database: Database, settings: Settings) -> "Kinfold":
        """Put the product on a database whose schema is up to date."""
        namespaces = namespaces_of(database, settings)
        limits = limits_of(settings, namespaces)
        clock, id_source = Clock(), RandomIds()
        context = WriteContext(database, namespaces, limits, settings.union_rules, id_source, clock)
        suppression = Suppression(database, settings, namespaces, clock=clock)
        blocking = Blocking(database, settings, suppression, clock=clock, namespaces=namespaces)
        feed = Feed(database)
        resolver = resolver_on(database, settings, blocking, id_source=id_source, clock=clock, namespaces=namespaces)
        catalogues = Catalogues(context)
        audit = Audit(database, clock)
        past = Past(database, namespaces, settings.union_rules)
        unions = Unions(context)
        judgements = Judgements(context)
        segments = Segments(database, clock=clock, namespaces=namespaces)
        return cls(
            settings,
            namespaces,
            database,
            resolver,
            Contacts(database, namespaces),
            PropertyEdits(context),
            KeyEdits(context, block_list=blocking.current),
            unions,
            judgements,
            Splits(context, block=blocking.block_value, unblock=blocking.unblock_value),
            Suggestions(database, unions, judgements, clock=clock, namespaces=namespaces),
            History(database),
            Neighbourhood(database, past),
            Meetings(database, namespaces),
            Search(database, namespaces),
            People(database, namespaces),
            Overview(database, namespaces),
            past,
            segments,
            Workflows(database, id_source=id_source, clock=clock),
            blocking,
            Anomalies(
                database,
                limits,
                block_list=blocking.current,
                id_source=id_source,
                clock=clock,
                household=settings.household_properties,
                further=namespaces.further,
            ),
            StoredKeys(database, tenant=settings.tenant, clock=clock),
            audit,
            Exports(database, namespaces),
            Erasures(context, suppression, suppressed=blocking.forget, before=audit.flush),
            suppression,
            Retention(database, settings.retention_days),
            feed,
            Webhooks(database, feed, clock=clock, allow_internal=settings.webhooks_allow_internal),
            catalogues,
            CatalogueHistory(database),
            Propositions(database, resolver, catalogues),
            Reports(database, catalogues),
            Simulations(database, catalogues, segments),
            Loads(database, resolver, clock=clock),
            EventLogs(database, resolver, settings, clock=clock),
            SubscriptionEdits(context),
            Deliveries(database, namespaces),
        )

    def sweep(self) -> dict[str, int]:
        """Drop activity that is too old to be kept, and finish erasures that were interrupted.

        Returns
        -------
        dict
            ``{activities, erasures}``: how many of each.
        """
        return {"activities": self.retention.sweep(), "erasures": self.erasures.sweep()}

    def ready(self) -> None:
        """Ask the database for a sign of life.

        Raises
        ------
        Unavailable
            When it gives none.
        """
        self.database.ready()


@contextmanager
def open_kinfold(settings: Settings, *, on_progress: Progress | None = None) -> Iterator[Kinfold]:
    """Open the product: database, migrations, everything.

    Raises
    ------
    EmbeddedError
        When the embedded database cannot be fetched or started.
    MigrationError
        When the graph's schema and the files of this version disagree.
    OtherNamespaces
        When the graph has other namespaces than the settings'.
    BadInput
        When the file of namespaces breaks a rule.
    AnotherTenant
        When the graph is another tenant's than the settings'.
    Unavailable
        When the database cannot be reached.
    """
    with open_database(settings, on_progress=on_progress) as database:
        prepare(database, settings)
        yield Kinfold.on(database, settings)
