"""What a server tells whoever operates it: truthful without its database, and nothing about anybody."""

import io
import logging
import socket
from collections.abc import Iterator
from unittest.mock import patch

import orjson
import pytest
from fastapi.testclient import TestClient

from api.http.server_log import JsonLines, TextLines
from api.http.tracing import OpenTelemetry, asked_for
from graph import tracing
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import Database
from tests.api.conftest import open_client

SECRETS = ("ana@example.com", "t-secret", "s-secret", "Anastasia")
EVENT = {
    "email": "ana@example.com",
    "tracker_id": "t-secret",
    "subscription": "s-secret",
    "properties": {"_name": "Anastasia"},
}


def test_answers_calls_and_batches_are_counted_by_what_they_were(client: TestClient) -> None:
    client.post("/v1/resolve", json={**EVENT, "message_id": "m1"})
    client.post("/v1/resolve", json={**EVENT, "message_id": "m1"})
    client.get("/v1/contacts?email=ana@example.com")
    client.get("/v1/contacts/ana@example.com")
    client.get("/ana@example.com")
    scraped = client.get("/metrics")
    assert scraped.headers["content-type"].startswith("text/plain")
    text = scraped.text
    assert 'kinfold_answers_total{duplicate="false",outcome="created",rule="2.1"} 1.0' in text
    assert 'kinfold_answers_total{duplicate="true",outcome="created",rule="2.1"} 1.0' in text
    assert 'duration_seconds_count{method="GET",route="/v1/contacts/{id}",status="404"} 1.0' in text
    assert "kinfold_batch_size_count 2.0" in text
    assert "kinfold_database_up 1.0" in text
    assert not [secret for secret in SECRETS if secret in text]


def test_without_its_database_a_server_is_alive_not_ready_and_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        uri = f"bolt://127.0.0.1:{taken.getsockname()[1]}"
        settings = Settings(neo4j_uri=uri, retry_seconds=0.5)
        with (
            Database.connect(uri, "neo4j", "none", settings) as away,
            open_client(Kinfold.on(away, settings)) as client,
        ):
            assert client.get("/health").status_code == 200
            ready = client.get("/ready")
            assert ready.status_code == 503
            assert ready.headers["retry-after"]
            assert client.post("/v1/resolve", json={}).status_code == 503


@pytest.fixture
def written() -> Iterator[dict[str, io.StringIO]]:
    """All that the house logs at the lowest level, as both formats write it."""
    streams = {"text": io.StringIO(), "json": io.StringIO()}
    handlers = [logging.StreamHandler(streams["text"]), logging.StreamHandler(streams["json"])]
    handlers[0].setFormatter(TextLines(personal=False))
    handlers[1].setFormatter(JsonLines(personal=False))
    root, before = logging.getLogger(), logging.getLogger().level
    loggers = [logging.getLogger(name) for name in ("kinfold", "api", "graph")]
    root.setLevel(logging.WARNING)
    for handler in handlers:
        root.addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield streams
    for handler in handlers:
        root.removeHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.NOTSET)
    root.setLevel(before)


def test_no_log_line_names_anybody_also_when_it_fails(
    client: TestClient, kinfold: Kinfold, written: dict[str, io.StringIO]
) -> None:
    client.post("/v1/resolve", json=EVENT)
    client.get("/v1/contacts?email=ana@example.com")
    client.post("/v1/resolve", json={**EVENT, "nonsense": "Anastasia"})
    failure = RuntimeError("Node(7) has `value` = 'ana@example.com' for t-secret, s-secret, Anastasia")
    with patch.object(type(kinfold.resolver), "resolve", side_effect=failure):
        assert client.post("/v1/resolve", json=EVENT).status_code == 500
        client.post("/v1/resolve/batch", json={"events": [EVENT]})
    for stream in written.values():
        assert "RuntimeError" in stream.getvalue()
        assert not [secret for secret in SECRETS if secret in stream.getvalue()]
    lines = [orjson.loads(line) for line in written["json"].getvalue().splitlines()]
    assert all(line.keys() >= {"at", "level", "logger", "message"} for line in lines)
    assert {"/v1/resolve", "/v1/contacts"} <= {line.get("route") for line in lines}


def test_spans_name_statements_and_routes_and_nobody(client: TestClient) -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(OpenTelemetry(provider))
    try:
        client.post("/v1/resolve", json=EVENT)
        client.get("/v1/contacts?email=ana@example.com")
    finally:
        tracing.use(None)
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert {"POST /v1/resolve", "batch", "resolve", "transaction", "resolution.facts", "GET /v1/contacts"} <= set(spans)
    call, batch, resolve = spans["POST /v1/resolve"], spans["batch"], spans["resolve"]
    assert [link.context.span_id for link in batch.links] == [call.context.span_id]
    assert resolve.parent.span_id == batch.context.span_id
    assert not [secret for secret in SECRETS for span in spans.values() if secret in span.to_json()]


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, False),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_traces_are_made_when_the_standard_variables_ask_for_them(environment: dict[str, str], wanted: bool) -> None:
    assert asked_for(environment) is wanted
