"""Several tenants behind one door: whose a call is, and that nothing of one shows to another over any route."""

import asyncio
import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import yaml
from fastapi.testclient import TestClient
from httpx import Response
from pydantic import SecretStr

from api.http.requests import threads
from api.http.tenants import HEADER, THREADS, Tenants
from api.segment_spec.messages import TRACKING_PATHS
from bench.chaos import Served
from graph.access.access_keys import KeyScope
from graph.deployment import deployment
from graph.deployment.deployment import Tenant, open_tenants, tenant_tasks
from graph.deployment.migrated import put_migrated
from graph.embedded import lease
from graph.errors import Unavailable
from graph.kinfold import Kinfold, open_kinfold
from graph.settings import Settings
from graph.store.database import Database
from graph.store.migrations import migrate
from graph.store.tenant_claim import AnotherTenant
from tests.api.http.test_access import SCOPES, bearer
from tests.api.pinned import refused
from tests.command import KINFOLD, ROOT, run
from tests.conftest import empty

STORY = [json.loads(line) for line in (ROOT / "examples" / "story.ndjson").read_text().splitlines()]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ALL = (
    "MATCH (n) OPTIONAL MATCH (n)-[r]->(m) RETURN labels(n) AS l, properties(n) AS p, type(r) AS t, properties(r) AS q"
)
KEYS = "MATCH (k) WHERE k:Email OR k:UserId OR k:Tracker OR k:Subscription RETURN k.value AS value"


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory, server: Settings) -> Iterator[Settings]:
    """Settings that point at another server than the tests' own; an embedded one, whatever that is."""
    home = tmp_path_factory.mktemp("second") / "home"
    settings = server.model_copy(update={"home": home, "neo4j_uri": None, "heap": "512m", "pagecache": "128m"})
    put_migrated(settings)
    with lease(settings) as running:
        yield settings.model_copy(
            update={
                "neo4j_uri": running.uri,
                "neo4j_user": running.user,
                "neo4j_password": SecretStr(running.password),
                "neo4j_database": None,
            }
        )


@pytest.fixture(scope="session")
def second_database(second: Settings) -> Iterator[Database]:
    assert second.neo4j_uri
    password = second.neo4j_password.get_secret_value()
    with Database.connect(second.neo4j_uri, second.neo4j_user, password, second) as database:
        migrate(database)
        yield database


Make = Callable[..., list[Tenant]]


@pytest.fixture
def make(database: Database, second_database: Database, server: Settings, second: Settings) -> Make:
    """Make the tenants north and south, with settings of their own by their names."""
    empty(second_database)

    def make(**own: dict[str, Any]) -> list[Tenant]:
        places = {"north": (database, server), "south": (second_database, second)}
        tenants = []
        for name, (place, settings) in places.items():
            update = {"tenant": name, **own.get(name, {})}
            tenants.append(Tenant(name, Kinfold.on(place, settings.model_copy(update=update))))
            tenants[-1].prepare()
        return tenants

    return make


@contextmanager
def at(tenants: list[Tenant], *, required: bool = False, **server: Any) -> Iterator[TestClient]:
    """A way to a server with these tenants; nothing says whose a call is."""
    app = Tenants(tenants, Settings().model_copy(update=server), required=required)
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        yield client


def key(tenant: Tenant, scope: KeyScope = KeyScope.ADMIN) -> str:
    return tenant.kinfold.access_keys.create(scope)[1]


# --- whose a call is -----------------------------------------------------------------------------------------


def test_one_email_and_one_tracker_are_another_contact_for_every_tenant(make: Make) -> None:
    tenants = make()
    keys = [key(tenant) for tenant in tenants]
    event = {"email": "ana@example.com", "tracker_id": "t1", "message_id": "m1"}
    with at(tenants) as client:
        answers = [client.post("/v1/resolve", json=event, headers=bearer(one)).json() for one in keys]
        assert [answer["rule"] for answer in answers] == ["2.1", "2.1"]
        assert [answer["duplicate"] for answer in answers] == [False, False]
        ids = [answer["contact"]["id"] for answer in answers]
        assert ids[0] != ids[1]
        for one, contact in zip(keys, ids, strict=True):
            owners = client.get("/v1/contacts?tracker_id=t1", headers=bearer(one)).json()["items"]
            assert [owner["id"] for owner in owners] == [contact]
        refused(client.get(f"/v1/contacts/{ids[0]}", headers=bearer(keys[1])), 404, "not_found")


def test_a_key_of_one_tenant_is_nothing_in_another(make: Make) -> None:
    tenants = make()
    north, south = (key(tenant) for tenant in tenants)
    assert (north.split(".")[0], south.split(".")[0]) == ("kinfold_admin_north", "kinfold_admin_south")
    with at(tenants) as client:

        def status(key: str, **headers: str) -> int:
            return client.get("/v1/merges", headers=bearer(key) | headers).status_code

        assert status(north) == status(south) == status(north, **{HEADER: "north"}) == 200
        assert status(north, **{HEADER: "south"}) == 401
        assert status(north.replace("north", "south")) == 401
        assert status(north.replace("north", "west")) == 401
        assert status(north.replace("north.", "")) == 401
        assert status(north, **{HEADER: "west"}) == 401
        tenants[0].kinfold.access_keys.create(KeyScope.READ)
        assert status(south, **{HEADER: "north"}) == 401


def test_keys_come_as_basic_and_a_write_key_in_the_address(make: Make) -> None:
    tenants = make()
    write = key(tenants[1], KeyScope.WRITE)
    with at(tenants) as client:
        assert client.post("/v1/track", json={"event": "x", "anonymousId": "t1"}, auth=(write, "")).status_code == 200
        assert client.post(f"/v1/resolve?write_key={write}", json={"tracker_id": "t1"}).status_code == 200
        refused(client.post(f"/v1/resolve?write_key={write}&write_key={write}", json={}), 401, "unauthorized")
        refused(client.post("/v1/resolve?write_key=", json={}), 401, "unauthorized")
        message = {"type": "page", "anonymousId": "t2"}
        assert client.post("/v1/p", json=message | {"writeKey": write}).status_code == 200
        assert client.post(f"/beacon/v1/batch?writeKey={write}", json={"batch": [message]}).status_code == 200
        refused(client.post("/v1/p", json=message | {"writeKey": "x"}), 401, "unauthorized")
        refused(client.post("/beacon/v1/batch", json={"batch": [message]}), 401, "unauthorized")
    assert tenants[1].kinfold.contacts.owners("tracker_id", "t1")
    assert tenants[1].kinfold.contacts.owners("tracker_id", "t2")
    assert not tenants[0].kinfold.contacts.owners("tracker_id", "t1")


def test_keys_of_the_settings_lead_to_their_tenant_and_those_of_the_server_to_none(make: Make) -> None:
    tenants = make(
        north={"admin_key": SecretStr("schlüssel,n-2")}, south={"read_key": SecretStr("s-1"), "policy": "last_login"}
    )
    with at(tenants, admin_key=SecretStr("owner")) as client:
        for sent, status in (("schlüssel", 200), ("n-2", 200), ("s-1", 200), ("owner", 401), ("n-3", 401)):
            assert client.get("/v1/merges", headers=bearer(sent)).status_code == status, sent
        assert client.get("/v1/merges", headers=bearer("owner") | {HEADER: "north"}).status_code == 401
        refused(client.put("/v1/segments/x", json={"kind": "static"}, headers=bearer("s-1")), 403, "forbidden")


def test_without_keys_on_this_machine_the_header_says_whose_a_call_is(make: Make) -> None:
    tenants = make()
    with at(tenants) as client:
        event = {"tracker_id": "t1"}
        assert client.post("/v1/resolve", json=event, headers={HEADER: "north"}).status_code == 200
        assert client.get("/v1/contacts?tracker_id=t1", headers={HEADER: "north"}).json()["items"]
        assert not client.get("/v1/contacts?tracker_id=t1", headers={HEADER: "south"}).json()["items"]
        refused(client.get("/v1/contacts?tracker_id=t1"), 401, "unauthorized")
        refused(client.post("/v1/resolve", json=event), 401, "unauthorized")
        for name in ("west", "", "North", "north,south"):
            refused(client.post("/v1/resolve", json=event, headers={HEADER: name}), 404, "no_tenant")
        both = [(HEADER, "north"), (HEADER, "south")]
        refused(client.post("/v1/resolve", json=event, headers=both), 401, "unauthorized")
        evil = {HEADER: "north", "Host": "evil.example"}
        refused(client.get("/v1/merges", headers=evil), 403, "forbidden")
        refused(client.get("/v1/merges", headers={"Host": "evil.example"}), 403, "forbidden")


def test_what_is_no_route_is_a_404_whoever_asks(make: Make) -> None:
    tenants = make()
    north = key(tenants[0])
    with at(tenants) as client:
        for headers in ({}, {HEADER: "north"}, {HEADER: "west"}, bearer(north), bearer("wrong")):
            refused(client.get("/v1/nothing", headers=headers), 404, "no_route")
            refused(client.post("/capture/", headers=headers), 404, "other_format")
            refused(client.put("/v1/track", headers=headers), 405, "method_not_allowed")


def test_where_others_reach_the_server_nobody_learns_which_tenants_there_are(make: Make) -> None:
    with at(make(), required=True) as client:
        answers = [client.get("/v1/merges", headers={HEADER: name}) for name in ("north", "west")]
        guessed = [client.get("/v1/merges", headers=bearer(f"kinfold_read_{name}.x")) for name in ("north", "west")]
        for pair in (answers, guessed):
            assert [answer.status_code for answer in pair] == [401, 401]
            assert pair[0].content == pair[1].content
            assert pair[0].headers == pair[1].headers


def test_a_tenants_keys_close_nothing_but_its_own_and_what_is_of_all(make: Make) -> None:
    tenants = make()
    north = key(tenants[0])
    with at(tenants) as client:
        refused(client.get("/v1/merges", headers={HEADER: "north"}), 401, "unauthorized")
        assert client.get("/v1/merges", headers={HEADER: "south"}).status_code == 200
        assert client.get("/v1/merges", headers=bearer(north)).status_code == 200
        refused(client.get("/metrics"), 401, "unauthorized")


def test_what_is_about_nobody_needs_no_tenant(make: Make) -> None:
    with at(make(), required=True) as client:
        for path in ("/", "/static/app.js", "/tag.js", "/health", "/ready", "/openapi.json"):
            response = client.get(path)
            assert response.status_code == 200, path
            assert response.headers["x-content-type-options"] == "nosniff"
        document = client.get("/openapi.json").json()
        assert {path for _, path in SCOPES} - {"/", "/docs", "/openapi.json"} == set(document["paths"])


# --- settings ------------------------------------------------------------------------------------------------


def test_each_tenant_has_its_policy_its_block_list_and_its_answers(make: Make) -> None:
    tenants = make(
        north={"policy": "strict", "write_answer": "minimal"}, south={"policy": "continuity", "block": ["nobody"]}
    )
    keys = [key(tenant) for tenant in tenants]
    write = [key(tenant, KeyScope.WRITE) for tenant in tenants]

    with at(tenants) as client:

        def both(event: dict[str, str], keys: list[str] = keys) -> list[dict[str, Any]]:
            return [client.post("/v1/resolve", json=event, headers=bearer(one)).json() for one in keys]

        both({"tracker_id": "t1"})
        # Row 4.2, nobody owns the subscription: a new contact, or the tracker's.
        assert [answer["outcome"] for answer in both({"tracker_id": "t1", "subscription": "s1"})] == [
            "created",
            "found",
        ]
        assert [answer["ignored"] for answer in both({"user_id": "nobody"})] == [
            [],
            [{"key": "user_id", "reason": "blocked"}],
        ]
        client.put("/v1/blocked/value/somebody", headers=bearer(keys[0]))
        assert [bool(answer["ignored"]) for answer in both({"user_id": "somebody"})] == [True, False]
        told = [answer["contact"] for answer in both({"email": "ana@example.com"}, write)]
        assert [one is None or one.get("id") is None for one in told] == [True, False]


def test_each_tenant_has_its_limits_of_calls(make: Make) -> None:
    tenants = make(north={"rate_per_key": 0.1})
    keys = [key(tenant) for tenant in tenants]
    with at(tenants) as client:
        assert [client.get("/v1/merges", headers=bearer(keys[0])).status_code for _ in range(2)] == [200, 429]
        assert [client.get("/v1/merges", headers=bearer(keys[1])).status_code for _ in range(3)] == [200] * 3


def test_a_page_may_send_to_the_tenant_that_names_its_site(make: Make) -> None:
    site = "https://north.example"
    tenants = make(north={"cors_origins": [site]})
    keys = [key(tenant, KeyScope.WRITE) for tenant in tenants]
    allowed = "access-control-allow-origin"
    with at(tenants) as client:
        asked = {"Origin": site, "Access-Control-Request-Method": "POST"}
        preflight = client.options("/v1/resolve", headers=asked | {"Access-Control-Request-Headers": "authorization"})
        assert (preflight.status_code, preflight.headers[allowed]) == (200, site)
        assert allowed not in client.options("/v1/resolve", headers=asked | {"Origin": "https://evil.example"}).headers
        sent = [client.post("/v1/resolve", json={}, headers={"Origin": site, **bearer(one)}) for one in keys]
        assert [answer.headers.get(allowed) for answer in sent] == [site, None]


# --- operations ----------------------------------------------------------------------------------------------


def test_metrics_of_all_are_told_apart_by_tenant_and_a_tenant_sees_its_own(make: Make) -> None:
    tenants = make(north={"admin_key": SecretStr("n-1")}, south={"admin_key": SecretStr("s-1")})
    with at(tenants, read_key=SecretStr("owner")) as client:
        for _ in range(2):
            client.post("/v1/resolve", json={"email": "ana@example.com"}, headers=bearer("n-1"))
        client.get("/v1/merges", headers=bearer("nobody's"))
        everything = client.get("/metrics", headers=bearer("owner")).text
        assert 'kinfold_answers_total{duplicate="false",outcome="found",rule="2",tenant="north"} 1.0' in everything
        for name in ("north", "south"):
            assert f'kinfold_line_length{{tenant="{name}"}} 0.0' in everything
            assert f'kinfold_database_up{{tenant="{name}"}} 1.0' in everything
        families = re.findall(r"^# TYPE (\S+)", everything, re.M)
        assert len(families) == len(set(families))
        assert len(re.findall(r"^process_resident_memory_bytes", everything, re.M)) == 1
        own = client.get("/metrics", headers=bearer("s-1")).text
        assert "kinfold_database_up 1.0" in own
        assert not re.search(r"north|tenant=|kinfold_answers_total\{|process_", own)


def test_a_tenant_whose_database_is_away_is_told_so_and_nobody_else(make: Make, server: Settings) -> None:
    _, south = make()
    gone = server.model_copy(update={"tenant": "gone", "retry_seconds": 0.2})
    with Database.connect("bolt://127.0.0.1:1", "neo4j", "none", gone) as away:
        tenants = [south, Tenant("gone", Kinfold.on(away, gone))]
        with at(tenants) as client:
            refused(client.get("/v1/merges", headers={HEADER: "gone"}), 503, "unavailable")
            assert client.get("/v1/merges", headers={HEADER: "south"}).status_code == 200
            assert client.get("/health").status_code == 200
            [] = refused(client.get("/ready"), 503, "unavailable")
            assert "1 of 2" in client.get("/ready").json()["detail"]
            text = client.get("/metrics").text
            assert 'kinfold_database_up{tenant="gone"} 0.0' in text
            assert 'kinfold_database_up{tenant="south"} 1.0' in text


def test_a_tenant_is_served_once_its_database_is_back(
    server: Settings, second: Settings, second_database: Database, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    empty(second_database)
    monkeypatch.setattr(deployment, "AGAIN_SECONDS", 0.05)
    real, back = deployment.prepare, threading.Event()

    def prepare(there: Database, settings: Settings) -> None:
        if settings.tenant == "south" and not back.is_set():
            raise Unavailable("The database is away.")
        real(there, settings)

    monkeypatch.setattr(deployment, "prepare", prepare)
    settings = {name: one.model_copy(update={"tenant": name}) for name, one in (("north", server), ("south", second))}
    with open_tenants(settings) as tenants, at(tenants) as client, tenant_tasks(tenants[0]), tenant_tasks(tenants[1]):
        calls = [client.get("/v1/merges", headers={HEADER: name}).status_code for name in settings]
        assert calls == [200, 503]
        back.set()
        for _ in range(200):
            if tenants[1].prepared:
                break
            threading.Event().wait(0.05)
        assert client.get("/v1/merges", headers={HEADER: "south"}).status_code == 200


def test_calls_that_wait_for_one_tenant_hold_up_no_other(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    tenants = make()
    app = Tenants(tenants, Settings())
    released, waiting = threading.Event(), threading.Semaphore(0)

    def wait(*_: object) -> list[dict[str, Any]]:
        waiting.release()
        released.wait(60)
        return []

    async def calls() -> int:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

            def ask(name: str) -> asyncio.Task[Response]:
                return asyncio.create_task(client.get("/v1/contacts?email=a@example.com", headers={HEADER: name}))

            held = [ask("north") for _ in range(2 * THREADS)]
            for _ in range(THREADS):
                while not waiting.acquire(blocking=False):
                    await asyncio.sleep(0.01)
            answered = await asyncio.wait_for(ask("south"), 30)
            released.set()
            assert {one.status_code for one in await asyncio.gather(*held)} == {200}
            return answered.status_code

    with monkeypatch.context() as patched:
        real = type(tenants[0].kinfold.contacts).owners
        patched.setattr(
            type(tenants[0].kinfold.contacts),
            "owners",
            lambda self, *args: wait() if self is tenants[0].kinfold.contacts else real(self, *args),
        )
        assert asyncio.run(calls()) == 200
    assert threads.get() is None


def test_a_graph_belongs_to_the_tenant_that_had_it_first(make: Make, second: Settings) -> None:
    make()
    for tenant in ("north", "west"):
        with (
            pytest.raises(AnotherTenant, match=f"tenant {tenant} belongs to tenant south"),
            open_kinfold(second.model_copy(update={"tenant": tenant})),
        ):
            pass
    with open_kinfold(second.model_copy(update={"tenant": "south"})) as kinfold:
        assert kinfold.settings.tenant == "south"


# --- every route ---------------------------------------------------------------------------------------------


def fill(client: TestClient, events: list[dict[str, Any]], mark: str) -> dict[str, str]:
    """Give a tenant something of every kind, all of it named with a mark; return the ids that were made."""

    def call(method: str, path: str, body: Any = None) -> Any:
        response = client.request(method, path, json=body)
        assert response.is_success, (method, path, response.text)
        return response.json() if response.content else None

    call("POST", "/v1/resolve/batch", {"events": events})

    def contact(name: str) -> str:
        event = {"email": f"{mark}-{name}@example.com", "tracker_id": f"{mark}-{name}-phone"}
        event |= {"properties": {"_name": f"{mark} {name}", "town": f"{mark}ville"}, "event": "purchase"}
        found: str = call("POST", "/v1/resolve", event)["contact"]["id"]
        return found

    ana, bob, gone = contact("ana"), contact("bob"), contact("gone")
    merge = call("POST", "/v1/merges", {"source": bob, "target": ana})["id"]
    receipt = call("DELETE", f"/v1/contacts/{gone}")["receipt"]
    away = {"contact": ana, "key": {"email": f"{mark}-away@example.com"}, "why": mark}
    judgement = call("POST", "/v1/judgements", away)["id"]
    part = {"parts": [{"keys": [{"tracker_id": f"{mark}-bob-phone"}]}]}
    split = call("POST", f"/v1/contacts/{ana}/split", part)["id"]
    call("PUT", f"/v1/segments/{mark}-list", {"kind": "static"})
    call("PUT", f"/v1/segments/{mark}-list/members/{ana}")
    where = {"property": "town", "is": f"{mark}ville"}
    call("PUT", f"/v1/segments/{mark}-town", {"kind": "dynamic", "where": where})
    call("PUT", f"/v1/workflows/{mark}-welcome")
    call("PUT", f"/v1/workflows/{mark}-welcome/contacts/{ana}", {"status": "active"})
    call("POST", f"/v1/workflows/{mark}-welcome/contacts/{ana}/runs", {"node": f"{mark}-mail", "data": {"a": mark}})
    env = f"/v1/environments/{mark}-env"
    call("PUT", env, {"kind": "anonymous"})
    call("PUT", f"{env}/rules/{mark}-calm", {"at_most": {"count": 9, "of": "refused"}})
    call("PUT", f"{env}/categories/{mark}-shoes", {})
    call("PUT", f"{env}/offers/{mark}-boots", {"category": f"{mark}-shoes", "content": {"title": f"{mark} boots"}})
    call("PUT", f"{env}/spaces/{mark}-home", {"identify_implicitly": True})
    asked = call("POST", f"{env}/spaces/{mark}-home/propositions", {"tracker_id": f"{mark}-visitor"})
    call("PUT", f"/v1/webhooks/{mark}-hook", {"url": f"http://127.0.0.1:9/{mark}", "secret": "whsec_c2VjcmV0"})
    call("PUT", f"/v1/blocked/value/{mark}-nobody")
    call("POST", "/v1/analyses")
    finding = next(iter(call("GET", "/v1/anomalies")["items"]), {"id": "none"})["id"]
    return {
        "contact": ana,
        "folded": bob,
        "merge": merge,
        "judgement": judgement,
        "split": split,
        "receipt": receipt,
        "proposition": asked["proposition_id"],
        "finding": finding,
    }


def address(path: str, ids: dict[str, str], mark: str) -> str:
    """Fill a route with what there is of this mark."""
    first = path.split("/")[2] if path.count("/") > 1 else ""
    of_route = {
        "contacts": ids["contact"],
        "merges": ids["merge"],
        "judgements": ids["judgement"],
        "splits": ids["split"],
        "propositions": ids["proposition"],
        "anomalies": ids["finding"],
        "erasures": ids["receipt"],
        "workflows": ids["contact"],
    }
    names = {"segments": f"{mark}-list", "workflows": f"{mark}-welcome", "webhooks": f"{mark}-hook"}
    of_environment = {"offers": f"{mark}-boots", "rules": f"{mark}-calm", "spaces": f"{mark}-home"}
    name = names.get(first) or next((value for part, value in of_environment.items() if f"/{part}/" in path), "")
    filled = {
        "id": of_route.get(first, ""),
        "name": name,
        "contact": ids["contact"],
        "env": f"{mark}-env",
        "space": f"{mark}-home",
        "path": f"{mark}-shoes",
        "kind": "email" if first == "suppressed" else "value",
        "value": f"{mark}-gone@example.com" if first == "suppressed" else f"{mark}-nobody",
    }
    return re.sub(r"\{(\w+)\}", lambda found: filled[found[1]] or "none", path)


def bodies(path: str, ids: dict[str, str], mark: str) -> Any:
    """What a call of this route sends, so that it reaches what there is of this mark."""
    return {
        "/v1/merges": {"source": ids["folded"], "target": ids["contact"]},
        "/v1/contacts/{id}/split": {"parts": [{"keys": [{"email": f"{mark}-bob@example.com"}]}]},
        "/v1/judgements": {"contact": ids["contact"], "key": {"email": f"{mark}-away@example.com"}},
        "/v1/contacts/{id}": {"properties": {"town": "elsewhere"}},
        "/v1/contacts/{id}/keys": {"email": f"{mark}-bob@example.com"},
        "/v1/contacts/{id}/keys/remove": {"email": f"{mark}-ana@example.com"},
        "/v1/segments/{name}": {"kind": "static"},
        "/v1/workflows/{name}/contacts/{id}": {"status": "done"},
        "/v1/workflows/{name}/contacts/{id}/runs": {"node": "n"},
        "/v1/environments/{env}": {"kind": "anonymous"},
        "/v1/environments/{env}/rules/{name}": {"at_most": {"count": 9}},
        "/v1/environments/{env}/propositions": {"spaces": [f"{mark}-home"], "tracker_id": f"{mark}-visitor"},
        "/v1/environments/{env}/offers": {"spaces": [f"{mark}-home"], "tracker_id": f"{mark}-visitor"},
        "/v1/environments/{env}/spaces/{space}/propositions": {"tracker_id": f"{mark}-visitor"},
        "/v1/environments/{env}/spaces/{space}/offers": {"tracker_id": f"{mark}-visitor"},
        "/v1/propositions/{id}/outcome": {"outcome": "accepted", "offer": f"{mark}-boots"},
        "/v1/webhooks/{name}": {"url": "http://127.0.0.1:9/other", "secret": "whsec_c2VjcmV0"},
        "/v1/webhooks/{name}/replay": {},
        "/v1/resolve": {"tracker_id": f"{mark}-ana-phone", "email": f"{mark}-ana@example.com"},
        "/v1/subscriptions/gone": {"subscriptions": [f"{mark}-push"]},
        "/v1/subscriptions/sleep": {"subscription": f"{mark}-push"},
        "/v1/subscriptions/wake": {"subscription": f"{mark}-push"},
        "/v1/deliveries/check": {"checks": [{"email": f"{mark}-ana@example.com", "subscription": f"{mark}-push"}]},
        "/v1/resolve/batch": {"events": [{"email": f"{mark}-bob@example.com"}]},
        "/v1/batch": {"batch": [{"type": "track", "event": "e", "anonymousId": f"{mark}-bob-phone"}]},
        "/v1/alias": {"previousId": f"{mark}-ana-phone", "userId": f"{mark}-ana@example.com"},
        "/v1/group": {"groupId": mark, "anonymousId": f"{mark}-ana-phone"},
    }.get(path, {"anonymousId": f"{mark}-ana-phone", "event": "e"} if path in TRACKING_PATHS else {})


QUERIES = {
    ("GET", "/v1/contacts"): "email={mark}-ana@example.com",
    ("GET", "/v1/graph"): "email={mark}-ana@example.com",
    ("GET", "/v1/search"): "q={mark}-ana@example.com",
    ("GET", "/v1/export"): "email={mark}-ana@example.com",
    ("DELETE", "/v1/contacts"): "email={mark}-ana@example.com",
}
LISTS = {"items": [], "next": None}
ALWAYS_THERE = dict.fromkeys(("email", "user_id", "tracker_id", "subscription"), 0)
OF_NOBODY = {"/", "/health", "/ready", "/openapi.json", "/docs", "/tag.js"}


def sent_to(method: str, path: str, ids: dict[str, str], mark: str) -> tuple[str, Any]:
    query = QUERIES.get((method, path), "").format(mark=mark)
    url = address(path, ids, mark) + (f"?{query}" if query else "")
    return url, None if method in ("GET", "DELETE") else bodies(path, ids, mark)


def everything(database: Database) -> list[bytes]:
    rows = database.read(lambda tx: tx.run_text(ALL))
    return sorted(orjson.dumps(row, default=str, option=orjson.OPT_SORT_KEYS) for row in rows)


def test_over_every_route_nothing_of_one_tenant_shows_to_another_nor_changes(make: Make) -> None:
    keys = {"north": "n-1", "south": "s-1"}
    own = {name: {"admin_key": SecretStr(one), "webhooks_allow_internal": True} for name, one in keys.items()}
    tenants = make(**own)
    mark = "zebra"
    with at(tenants) as client:
        # Asked over every route is the one in the database of all tests, which has planned most of what they run.
        client.headers.update(bearer("s-1"))
        of_nobody = {path: client.get(path).content for path in OF_NOBODY}
        ids = fill(client, STORY, mark)
        before = everything(tenants[1].kinfold.database)
        values = {row["value"] for row in tenants[1].kinfold.database.read(lambda tx: tx.run_text(KEYS))}
        secret = {*UUID.findall("".join(map(bytes.decode, before))), *values, mark, *ids.values()}
        assert len(secret) > 100

        client.headers.update(bearer("n-1"))

        def shown(method: str, url: str, body: Any, known: str = "") -> Response:
            response = client.request(method, url, json=body)
            sent = f"{method} {url} {json.dumps(body)} {known}"
            text = f"{response.text} {response.headers}"
            assert not [one for one in secret if one in text and one not in sent], (method, url, response.text)
            assert response.status_code != 500
            return response

        # North has nothing: what is read by an id or a name is not there, every list is empty.
        reads = [path for method, path in SCOPES if method == "GET" and path not in OF_NOBODY]
        for path in reads:
            url, _ = sent_to("GET", path, ids, mark)
            response = shown("GET", url, None)
            if path == "/metrics":
                continue
            if "{" in path or path == "/v1/export":
                refused(response, 404, "not_found")
            elif path == "/v1/namespaces":
                # Four are always there, with or without a key of theirs.
                assert {one["name"]: one["keys"] for one in response.json()["items"]} == ALWAYS_THERE
            elif path == "/v1/overview":
                assert response.json()["contacts"] == {"total": 0, "known": 0, "anonymous": 0}
            elif path == "/v1/graph":
                # The key that was asked for, and nobody.
                assert [node["type"] for node in response.json()["nodes"]] == ["email"]
            elif path == "/v1/access":
                assert response.json()["scopes"] == ["admin"]
            else:
                assert LISTS.items() <= response.json().items(), path
        # Nothing can be done to what is not there.
        by_id = [(method, path) for method, path in SCOPES if method != "GET" and re.search(r"\{(id|contact)\}", path)]
        for method, path in by_id:
            url, body = sent_to(method, path, ids, mark)
            assert shown(method, url, body).status_code == 404, (method, path)

        # North has things of the same names and keys; its own may be shown to it, and nothing of south's.
        mine = fill(client, [{"email": f"{mark}-ana@example.com"}], mark)
        shared = [row["value"] for row in tenants[0].kinfold.database.read(lambda tx: tx.run_text(KEYS))]
        named = json.dumps([*mine.values(), mark, *shared])
        routes = [(method, path) for method, path in SCOPES if path not in OF_NOBODY]
        for what in (ids, mine):
            for method, path in routes:
                url, body = sent_to(method, path, what, mark)
                shown(method, url, body, named)
        assert {path: client.get(path).content for path in OF_NOBODY} == of_nobody
        assert everything(tenants[1].kinfold.database) == before


# --- commands ------------------------------------------------------------------------------------------------


@pytest.fixture
def deployed(
    environment: dict[str, str], second: Settings, make: Make, tmp_path: Path
) -> Callable[..., dict[str, str]]:
    make()

    def deployed(**more: Any) -> dict[str, str]:
        file = tmp_path / "tenants.yaml"
        south = {"neo4j_uri": second.neo4j_uri, "neo4j_password": {"env": "SOUTH_PASSWORD"}}
        file.write_text(yaml.safe_dump({"tenants": {"north": {}, "south": {**south, **more}}}))
        password = second.neo4j_password.get_secret_value()
        return {**environment, "KINFOLD_TENANTS": str(file), "SOUTH_PASSWORD": password}

    return deployed


def test_a_command_is_for_the_tenant_that_it_names(deployed: Callable[..., dict[str, str]]) -> None:
    there = deployed(policy="continuity")
    log = '{"tracker_id": "t1"}\n{"tracker_id": "t1", "subscription": "s1"}\n'
    unnamed = run(there, "resolve", "-", log=log)
    assert (unnamed.returncode, unnamed.stdout) == (2, "")
    assert "--tenant north or south" in unnamed.stderr
    north = run(there, "resolve", "-", "--tenant", "north", log=log)
    south = run(there | {"KINFOLD_TENANT": "south"}, "resolve", "-", log=log)
    outcomes = [[json.loads(line)["outcome"] for line in ran.stdout.splitlines()] for ran in (north, south)]
    assert outcomes == [["created", "created"], ["created", "found"]]
    made = run(there, "--tenant=south", "keys", "create", "--scope", "read", "--json")
    assert json.loads(made.stdout)["key"].startswith("kinfold_read_south.")
    assert json.loads(run(there, "keys", "--tenant", "north", "list", "--json").stdout)["items"] == []
    nobody = run(there, "keys", "list", "--tenant", "west")
    assert (nobody.returncode, "no tenant west" in nobody.stderr) == (2, True)
    there.pop("KINFOLD_TENANTS")
    alone = run(there, "keys", "list", "--tenant", "north")
    assert (alone.returncode, "There are no tenants" in alone.stderr) == (2, True)


def test_a_file_that_is_wrong_stops_the_server_with_the_field(deployed: Callable[..., dict[str, str]]) -> None:
    ran = run(deployed(polizy="strict"), "serve", "--port", "0")
    assert ran.returncode == 2
    assert "tenants.south.polizy: line" in ran.stderr


def test_a_server_has_all_tenants_and_ends_well(deployed: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    there = deployed()
    made = run(there, "keys", "create", "--scope", "admin", "--tenant", "south", "--json")
    served = Served(there, tmp_path / "server.log")
    try:
        sent = httpx.post(f"{served.url}/v1/resolve", json={"email": "ana@example.com"}, headers={HEADER: "north"})
        assert sent.json()["outcome"] == "created"
        south = bearer(json.loads(made.stdout)["key"])
        assert httpx.get(f"{served.url}/v1/contacts?email=ana@example.com", headers=south).json()["items"] == []
        refused(httpx.get(f"{served.url}/v1/contacts?email=ana@example.com"), 401, "unauthorized")
    finally:
        assert served.end() == 0
    assert "Its tenants are north, south." in (tmp_path / "server.log").read_text()


def test_a_server_that_others_reach_wants_a_key_of_some_tenant(deployed: Callable[..., dict[str, str]]) -> None:
    ran = subprocess.run(
        [*KINFOLD, "serve", "--host", "0.0.0.0", "--port", "0"],
        env=deployed(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 2
    assert "there are no access keys" in ran.stderr
    assert "--tenant north makes one" in ran.stderr
