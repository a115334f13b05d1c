"""What a server counts and measures, for Prometheus; labels are routes, rules and codes, never what a caller wrote."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.requests import at_once
from api.http.server_log import fields
from api.http.tracing import route_of
from api.version import kinfold_version
from graph.errors import Unavailable
from graph.identity.commit_queue import CommitQueue
from graph.kinfold import Kinfold
from graph.model import Answer

log = logging.getLogger("kinfold.calls")

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_EVENTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class CallMetrics:
    """The counters of whatever answers calls.

    Parameters
    ----------
    tenant
        Whose calls they are, where one server has several tenants; it goes into the log.
    """

    def __init__(self, tenant: str | None = None) -> None:
        self._tenant = {} if tenant is None else {"tenant": tenant}
        self.registry = CollectorRegistry()
        self._calls = Histogram(
            "kinfold_http_request_duration_seconds",
            "From a call's first byte to its answer's last, by route.",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def note_call(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a call and log it: its method, its route, what came of it and how long that took."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = route_of(scope) or ("/static" if scope["path"].startswith("/static/") else "none")
        self._calls.labels(method, route, str(status)).observe(seconds)
        line = fields(**self._tenant, method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))
        log.info("call", extra=line)

    def note_process(self) -> None:
        """Count also what the process takes, and say which version it is."""
        ProcessCollector(registry=self.registry)
        Gauge("kinfold_build_info", "1; the label says which version.", ["version"], registry=self.registry).labels(
            kinfold_version()
        ).set(1)


class Metrics(CallMetrics):
    """The counters of one server, or of one tenant of it.

    Parameters
    ----------
    kinfold, commit_queue
        What is watched: they tell of answers, batches and retries as they come.
    """

    def __init__(self, kinfold: Kinfold, commit_queue: CommitQueue) -> None:
        super().__init__(kinfold.settings.tenant)
        self._kinfold = kinfold
        registry = self.registry
        if kinfold.settings.tenant is None:
            # Of several tenants none is told what the others make the process do.
            self.note_process()
        self._answers = Counter(
            "kinfold_answers", "Events resolved and committed.", ["rule", "outcome", "duplicate"], registry=registry
        )
        self._merged = Counter("kinfold_contacts_merged", "Contacts folded by events.", registry=registry)
        self._batches = Histogram(
            "kinfold_batch_size", "Single events that shared a commit.", buckets=_EVENTS, registry=registry
        )
        Gauge("kinfold_line_length", "Single events that wait for a commit.", registry=registry).set_function(
            lambda: len(commit_queue)
        )
        self._retries = Counter(
            "kinfold_database_retries",
            "Transactions tried again, by the reason's code.",
            ["reason"],
            registry=registry,
        )
        self._up = Gauge("kinfold_database_up", "1 when the database answered this scrape.", registry=registry)
        self._feed = {
            name: Gauge(f"kinfold_feed_{name}", text, registry=registry)
            for name, text in (
                ("last", "The number of the newest change in the feed."),
                ("unnumbered_seconds", "Age of the oldest change that has no number yet."),
                ("undelivered", "Changes between the webhook that is furthest behind and the end of the feed."),
                ("undelivered_seconds", "Age of the oldest change that waits for a webhook."),
                ("dead_letters", "Changes that webhooks did not take."),
            )
        }
        kinfold.resolver.answered = self._note_answers
        kinfold.database.retried = lambda reason: self._retries.labels(reason).inc()
        commit_queue.sizes = self._batches.observe

    def text(self) -> bytes:
        """Write everything as Prometheus reads it, after asking the database for a sign of life."""
        self.look()
        return generate_latest(self.registry)

    def look(self) -> None:
        """Ask the database for a sign of life, and how far the feed is."""
        try:
            self._kinfold.ready()
            self._up.set(1)
            lag = self._kinfold.feed.lag()
            for name, gauge in self._feed.items():
                gauge.set(getattr(lag, name))
        except Unavailable:
            self._up.set(0)

    def _note_answers(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            duplicate = "true" if answer.duplicate else "false"
            self._answers.labels(answer.rule or "none", answer.outcome.value, duplicate).inc()
            if not answer.duplicate:
                self._merged.inc(len(answer.merged))


class AllMetrics(CallMetrics, Collector):
    """The counters of a server with several tenants: theirs, each with the label ``tenant``, beside its own.

    Parameters
    ----------
    tenants
        Those of each tenant, by its id.
    """

    def __init__(self, tenants: Mapping[str, Metrics]) -> None:
        super().__init__()
        self.note_process()
        self._tenants = tenants

    def text(self) -> bytes:
        """Write everything as Prometheus reads it, after asking every database for a sign of life."""
        at_once([metrics.look for metrics in self._tenants.values()])
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """Return every family of samples once, with those of all tenants."""
        families: dict[str, Metric] = {}
        for labels, registry in (
            ({}, self.registry),
            *(({"tenant": name}, metrics.registry) for name, metrics in self._tenants.items()),
        ):
            for family in registry.collect():
                joined = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                joined.samples += [sample._replace(labels=labels | sample.labels) for sample in family.samples]
        yield from families.values()


class MeasuredCalls:
    """Measure every call, whoever answers it."""

    def __init__(self, app: ASGIApp, metrics: CallMetrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        # A call that ends without an answer failed, whatever its caller saw.
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            self.metrics.note_call(scope, status, time.perf_counter() - began)
