"""Every call of the OpenAPI document, with what Schemathesis makes of its schemas: nothing undocumented comes back.

No failure of the server, no status that is not documented, no answer that its schema does not allow, without a key
and with an admin's.
"""

from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.http.app import create_app
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import Database
from tests.api.http.test_access import SCOPES

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KEY = "schemathesis"
HOST = {"Host": "127.0.0.1"}

bounded = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def app_on(kinfold: Kinfold, server: Settings) -> FastAPI:
    keys = Settings(admin_key=KEY)  # type: ignore[arg-type]
    return create_app(Kinfold.on(kinfold.database, server.model_copy(update={"admin_key": keys.admin_key})))


@pytest.fixture(scope="module")
def read_once(shared_database: Database, server: Settings) -> Any:
    """The document, which is the same for every app and takes longer to make than to be tried."""
    return schemathesis.openapi.from_asgi("/openapi.json", app_on(Kinfold.on(shared_database, server), server))


@pytest.fixture
def document(read_once: Any, kinfold: Kinfold, server: Settings) -> Any:
    kinfold.resolver.resolve([read_event({"email": "ana@example.com", "tracker_id": "t1", "subscription": "s1"})])
    read_once.app = app_on(kinfold, server)
    return read_once


@pytest.mark.parametrize(
    ("method", "path"), [call for call in SCOPES if call[1] not in ("/", "/docs", "/openapi.json")]
)
def test_without_a_key_every_refusal_is_documented_and_with_an_admin_key_every_answer(
    document: Any, method: str, path: str
) -> None:
    without_key = 401 if SCOPES[method, path] else 200

    @bounded
    @given(case=st.one_of(*(document[path][method].as_strategy(generation_mode=mode) for mode in GenerationMode)))
    def called(case: Case) -> None:
        case.headers.pop("Authorization", None)
        assert case.call_and_validate(headers=HOST, checks=CHECKS).status_code == without_key
        case.call_and_validate(headers={"Authorization": f"Bearer {KEY}", **HOST}, checks=CHECKS)

    called()
