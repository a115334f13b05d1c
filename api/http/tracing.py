"""OpenTelemetry by its own environment variables, when ``kinfold[otel]`` is installed.

The ready-made instrumentation of ASGI is not used: it puts whole addresses into spans, and the query of
``GET /v1/contacts?email=…`` is personal data.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.version import kinfold_version
from graph import tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

log = logging.getLogger("kinfold.tracing")

VERSIONED = "/v1"
_ASKED_BY = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def asked_for(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the environment wants traces: it names an exporter or where to send them."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if environment.get("OTEL_TRACES_EXPORTER", "").lower() == "none":
        return False
    return any(environment.get(name) for name in _ASKED_BY)


@contextmanager
def traced(environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Trace while this lasts, if the environment asks for it; what is left is sent at its end."""
    stop = _start(environment) if asked_for(environment) else None
    try:
        yield
    finally:
        if stop is not None:
            tracing.use(None)
            stop()


def _start(environment: Mapping[str, str]) -> Callable[[], None] | None:
    try:
        from opentelemetry.sdk.resources import SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("OTEL_* asks for traces, but OpenTelemetry is not installed: pip install 'kinfold[otel]'")
        return None
    exporter = _exporter(environment.get("OTEL_TRACES_EXPORTER") or "otlp")
    if exporter is None:
        return None
    named = {} if environment.get("OTEL_SERVICE_NAME") else {"service.name": "kinfold"}
    # What the variables say (OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_BSP_*) is read by the SDK itself.
    provider = TracerProvider(resource=Resource.create({SERVICE_VERSION: kinfold_version(), **named}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracing.use(OpenTelemetry(provider))
    return provider.shutdown


def _exporter(name: str) -> "SpanExporter | None":
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    if name == "otlp":
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError:
            log.warning("OTEL_* asks for traces, but their exporter is not installed: pip install 'kinfold[otel]'")
            return None
        return OTLPSpanExporter()
    log.warning("OTEL_TRACES_EXPORTER=%s is not known here: otlp, console or none", name)
    return None


class OpenTelemetry:
    """Hands the product's spans to a tracer provider of OpenTelemetry."""

    def __init__(self, provider: Any) -> None:
        self._tracer = provider.get_tracer("kinfold", kinfold_version())

    @contextmanager
    def span(self, name: str, attributes: dict[str, str | int], links: Sequence[Any]) -> Iterator[Any]:
        """Open a span within the current one.

        An error marks it by its type: the words of an error may name a key.
        """
        from opentelemetry.trace import Link, Status, StatusCode

        found = [Link(link.get_span_context()) for link in links if link is not None]
        with self._tracer.start_as_current_span(
            name, attributes=attributes, links=found, record_exception=False, set_status_on_exception=False
        ) as open_span:
            try:
                yield open_span
            except BaseException as error:
                open_span.set_attribute("error.type", getattr(error, "code", None) or type(error).__qualname__)
                open_span.set_status(Status(StatusCode.ERROR))
                raise

    def here(self) -> Any:
        """Return the current span."""
        from opentelemetry.trace import get_current_span

        return get_current_span()

    @contextmanager
    def call(self, scope: Scope) -> Iterator[Any]:
        """Open a span for a call of the API, as part of the caller's trace when it sends one (traceparent)."""
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        sent = Headers(scope=scope)
        carrier = {name: sent[name] for name in ("traceparent", "tracestate") if name in sent}
        with self._tracer.start_as_current_span(
            scope["method"],
            context=extract(carrier),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": scope["method"], "url.scheme": scope["scheme"]},
            record_exception=False,
        ) as open_span:
            yield open_span


class TracedCalls:
    """Open a span for every call, named by its route; addresses, queries and bodies stay out of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tracer = tracing.current()
        if scope["type"] != "http" or not isinstance(tracer, OpenTelemetry):
            await self.app(scope, receive, send)
            return
        with tracer.call(scope) as span:

            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        from opentelemetry.trace import Status, StatusCode

                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            try:
                await self.app(scope, receive, noting)
            finally:
                if (route := route_of(scope)) is not None:
                    span.set_attribute("http.route", route)
                    span.update_name(f"{scope['method']} {route}")


def route_of(scope: Scope) -> str | None:
    """Return the template of the route that took a call, such as ``/v1/contacts/{id}``; never what a caller wrote."""
    path = getattr(scope.get("route"), "path", None)
    if not isinstance(path, str):
        return None
    # Routes that an application includes know their own part of the path, not always the prefix.
    versioned = scope["path"].startswith(f"{VERSIONED}/") and not path.startswith(f"{VERSIONED}/")
    return VERSIONED + path if versioned else path
