"""Who did what, who read and exported whom, and why: kept, listed, for admin keys only."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from graph.access.access_keys import KeyScope
from graph.deployment.tasks import feed_tasks
from graph.errors import Unavailable
from graph.kinfold import Kinfold
from graph.privacy import audit as reads
from graph.settings import Settings
from graph.store.changes import acting_as
from tests.api.conftest import open_client
from tests.api.http.test_privacy import run
from tests.api.pinned import refused
from tests.graph.analysis import worlds

ADMIN = {"Authorization": "Bearer a-1"}
READ = {"Authorization": "Bearer r-1"}
Resolve = Callable[..., dict[str, Any]]


@pytest.fixture
def guarded(kinfold: Kinfold, server: Settings) -> Iterator[TestClient]:
    keys = Settings(read_key="r-1", admin_key="a-1")  # type: ignore[arg-type]
    update = {name: getattr(keys, name) for name in ("read_key", "admin_key")}
    with open_client(Kinfold.on(kinfold.database, server.model_copy(update=update))) as client:
        yield client


def audit(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/audit", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_every_read_and_export_of_a_person_leaves_a_trace_with_its_reason(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    assert audit(client) == []
    client.get(f"/v1/contacts/{ana}", headers={"Kinfold-Reason": "Anrufe prüfen".encode()})  # type: ignore[dict-item]
    for call in ("activity", "history", "graph"):
        client.get(f"/v1/contacts/{ana}/{call}?why=ticket 7")
    client.get("/v1/contacts?email=ana@example.com")
    client.get("/v1/search?q=ana@example.com&why=ticket+8")
    client.get(f"/v1/contacts/{ana}/export?why=she asked")
    client.get("/v1/export?email=ana@example.com")
    told = [(item["what"], item["details"].get("call"), item["why"]) for item in reversed(audit(client))]
    assert sorted(told, key=str) == sorted(
        [
            ("read", "contact", "Anrufe prüfen"),
            ("read", "activity", "ticket 7"),
            ("read", "history", "ticket 7"),
            ("read", "graph", "ticket 7"),
            ("read", "contacts", None),
            ("read", "search", "ticket 8"),
            ("exported", None, "she asked"),
            ("exported", None, None),
        ],
        key=str,
    )
    assert {(item["contact"], item["by"]) for item in audit(client)} == {(ana, "local")}


def test_every_act_by_hand_and_every_erasure_says_by_whom_and_why(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    bo = resolve(email="bo@example.com")["contact"]["id"]
    client.post(f"/v1/contacts/{ana}/keys?why=by phone", json={"user_id": "customer-4242"})
    union = client.post("/v1/merges", json={"source": bo, "target": ana}).json()["id"]
    client.post(f"/v1/merges/{union}/undo")
    client.put("/v1/blocked/value/kiosk")
    client.put("/v1/segments/s?why=campaign", json={"kind": "static"})
    client.delete(f"/v1/contacts/{ana}?why=her request")
    told = [(item["what"], item["contact"], item["why"]) for item in reversed(audit(client))]
    assert told == [
        ("key_given", ana, "by phone"),
        ("merged", ana, None),
        ("unmerged", bo, None),
        ("block_rule_added", None, None),
        ("segment_defined", None, "campaign"),
        ("erased", ana, "her request"),
    ]
    assert all(item["by"] == "local" for item in audit(client))
    (erased,) = [change for change in client.get("/v1/changes").json()["items"] if change["kind"] == "erased"]
    assert erased["by"] == "local"
    assert not any(key in str(audit(client)) for key in ("customer-4242", "ana@example.com")), (
        "no key of a person is in it"
    )


def test_a_dry_run_and_a_refusal_are_no_acts(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    client.post(f"/v1/contacts/{ana}/keys?dry_run=true", json={"user_id": "42"})
    client.get("/v1/contacts/nobody")
    client.get("/v1/contacts/nobody/export")
    client.delete("/v1/contacts/nobody")
    assert audit(client) == []


def test_the_audit_is_filtered_and_paged(client: TestClient, resolve: Resolve) -> None:
    ids = [resolve(email=f"p{number}@example.com")["contact"]["id"] for number in range(3)]
    for one in ids:
        client.get(f"/v1/contacts/{one}")
    client.get(f"/v1/contacts/{ids[0]}/export")
    whole = audit(client)
    assert [item["contact"] for item in audit(client, what="exported")] == [ids[0]]
    assert {item["what"] for item in audit(client, contact=ids[0])} == {"read", "exported"}
    assert audit(client, by="command") == []
    middle = whole[2]["at"]
    assert audit(client, **{"from": middle}) == whole[:3]
    assert audit(client, to=middle) == whole[2:]
    pages, cursor = [], None
    while True:
        page = client.get("/v1/audit", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        pages += page["items"]
        if (cursor := page["next"]) is None:
            break
    assert pages == whole
    refused(client.get("/v1/audit?from=yesterday"), 422, "bad_input")
    refused(client.get("/v1/audit?cursor=nonsense"), 422, "bad_input")


def test_who_reads_does_not_read_who_reads(guarded: TestClient) -> None:
    ana = guarded.post("/v1/resolve", json={"email": "ana@example.com"}, headers=ADMIN).json()["contact"]["id"]
    assert guarded.get(f"/v1/contacts/{ana}", headers=READ).status_code == 200
    refused(guarded.get("/v1/audit", headers=READ), 403, "forbidden")
    (entry,) = guarded.get("/v1/audit", headers=ADMIN).json()["items"]
    assert (entry["what"], entry["by"], entry["contact"]) == ("read", "environment", ana)


def test_a_reason_is_cut_and_holds_nothing_that_a_terminal_obeys(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    client.get(f"/v1/contacts/{ana}", params={"why": "\x1b[31m" + "x" * 1_000})
    (entry,) = audit(client)
    assert entry["why"] == "[31m" + "x" * 496


ACTS: tuple[tuple[str, str, Any, str], ...] = (
    ("PATCH", "/v1/contacts/{ana}", {"properties": {"_name": "Ana"}}, "properties_written"),
    ("POST", "/v1/contacts/{ana}/keys", {"user_id": "4242"}, "key_given"),
    ("POST", "/v1/contacts/{ana}/keys/remove", {"user_id": "4242"}, "key_taken"),
    ("PUT", "/v1/segments/s", {"kind": "static"}, "segment_defined"),
    ("PUT", "/v1/segments/s/members/{ana}", None, "segment_entered"),
    ("DELETE", "/v1/segments/s/members/{ana}", None, "segment_left"),
    ("DELETE", "/v1/segments/s", None, "segment_removed"),
    ("PUT", "/v1/workflows/w", None, "workflow_defined"),
    ("PUT", "/v1/workflows/w/contacts/{ana}", {"status": "active"}, "workflow_status_set"),
    ("POST", "/v1/workflows/w/contacts/{ana}/runs", {"node": "mail"}, "workflow_run_added"),
    ("PUT", "/v1/blocked/value/kiosk", None, "block_rule_added"),
    ("DELETE", "/v1/blocked/value/kiosk", None, "block_rule_removed"),
    ("PUT", "/v1/webhooks/h", {"url": "https://hooks.example.com/k", "secret": "0123456789abcdef"}, "webhook_defined"),
    ("POST", "/v1/webhooks/h/replay", None, "webhook_replayed"),
    ("DELETE", "/v1/webhooks/h", None, "webhook_removed"),
    ("PUT", "/v1/environments/north", {"kind": "anonymous"}, "catalogue_changed"),
    ("PUT", "/v1/environments/north/rules/calm", {"at_most": {"count": 1}}, "catalogue_changed"),
    ("DELETE", "/v1/environments/north/rules/calm", None, "catalogue_removed"),
    ("PUT", "/v1/environments/north/categories/boots", {}, "catalogue_changed"),
    ("PUT", "/v1/environments/north/spaces/home", {}, "catalogue_changed"),
    ("PUT", "/v1/environments/north/offers/o1", {"category": "boots", "weight": 1}, "catalogue_changed"),
    ("DELETE", "/v1/environments/north/offers/o1", None, "catalogue_removed"),
    ("DELETE", "/v1/environments/north/spaces/home", None, "catalogue_removed"),
    ("DELETE", "/v1/environments/north/categories/boots", None, "catalogue_removed"),
    ("DELETE", "/v1/environments/north", None, "catalogue_removed"),
    ("POST", "/v1/contacts/{bo}/keys", {"subscription": "push"}, "key_given"),
    ("POST", "/v1/subscriptions/sleep", {"subscription": "push"}, "slept"),
    ("POST", "/v1/subscriptions/wake", {"subscription": "push"}, "woke"),
    ("POST", "/v1/merges", {"source": "{bo}", "target": "{ana}"}, "merged"),
    ("POST", "/v1/merges/{union}/undo", None, "unmerged"),
    ("POST", "/v1/contacts/{cy}/split", {"parts": [{"keys": ["email:cy@example.com"]}]}, "split"),
    ("POST", "/v1/splits/{split}/undo", None, "split_undone"),
    ("POST", "/v1/judgements", {"contacts": ["{bo}", "{ana}"]}, "judged_apart"),
    ("DELETE", "/v1/judgements", {"contacts": ["{bo}", "{ana}"]}, "judgement_taken_back"),
    ("POST", "/v1/judgements", {"contact": "{ana}", "key": {"email": "cy@example.com"}}, "judged_apart"),
    ("DELETE", "/v1/judgements/{judgement}", None, "judgement_taken_back"),
    ("DELETE", "/v1/contacts/{ana}", None, "erased"),
    ("DELETE", "/v1/suppressed/email/ana@example.com", None, "suppression_lifted"),
    ("DELETE", "/v1/contacts?email=bo@example.com", None, "erased"),
    ("POST", "/v1/access-keys", {"scope": "admin", "name": "ops"}, "access_key_created"),
)
"""Every act by hand over HTTP, in an order in which each changes something, and the entry that it leaves."""

NO_ACTS = {
    # Events, and what pages send.
    *(("POST", f"/v1/{call}") for call in ("resolve", "resolve/batch", "cookie", "identify", "track", "page")),
    *(("POST", f"/v1/{call}") for call in ("screen", "group", "alias", "batch")),
    ("POST", "/v1/environments/{env}/propositions"),
    ("POST", "/v1/environments/{env}/offers"),
    ("POST", "/v1/environments/{env}/spaces/{space}/propositions"),
    ("POST", "/v1/environments/{env}/spaces/{space}/offers"),
    ("POST", "/v1/propositions/{id}/outcome"),
    # Writes nothing.
    ("POST", "/v1/simulations"),
    ("POST", "/v1/environments/{env}/simulation"),
    ("POST", "/v1/contacts/names"),
    # Works on the whole graph and changes nothing of anybody.
    ("POST", "/v1/analyses"),
    # Tested with the suggestions: what is accepted is a union, what is refused a judgement.
    *(("POST", f"/v1/suggestions/{{id}}/{word}") for word in ("accept", "refuse", "later")),
    # What a push service said of subscriptions, and a question about them: tested with the subscriptions.
    ("POST", "/v1/subscriptions/gone"),
    ("POST", "/v1/deliveries/check"),
    # Tested with the access keys, since the first one closes the server.
    ("DELETE", "/v1/access-keys/{id}"),
    # Tested with the findings, which need an analysis.
    *(("POST", f"/v1/anomalies/{{id}}/{word}") for word in ("act", "dismiss", "reopen", "undismiss")),
}


def routes(client: TestClient, *methods: str) -> set[tuple[str, str]]:
    paths = client.get("/openapi.json").json()["paths"]
    return {(method.upper(), path) for path, calls in paths.items() for method in calls if method in methods}


def route_of(shown: set[tuple[str, str]], method: str, address: str) -> tuple[str, str]:
    """Find the route of an address; one without parameters is preferred."""
    path = address.split("?", maxsplit=1)[0]
    fits = [
        route
        for route in shown
        if route[0] == method and re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route[1])), path)
    ]
    return min(fits, key=lambda route: route[1].count("{"))


def test_every_call_that_changes_something_by_hand_leaves_one_entry(
    client: TestClient, resolve: Resolve, kinfold: Kinfold
) -> None:
    names = {who: resolve(email=f"{who}@example.com")["contact"]["id"] for who in ("ana", "bo", "cy")}
    shown, covered = routes(client, "put", "post", "patch", "delete"), set()
    ids = {"merged": "union", "judged_apart": "judgement", "split": "split"}
    for number, (method, address, body, what) in enumerate(ACTS):
        covered.add(route_of(shown, method, re.sub(r"\{(\w+)\}", "x", address)))
        filled = None if body is None else {name: _filled(value, names) for name, value in body.items()}
        answer = client.request(
            method, address.format(**names), json=filled, headers={"Kinfold-Reason": f"act {number}"}
        )
        assert answer.is_success, (address, answer.text)
        if what in ids:
            names[ids[what]] = answer.json()["id"]
        if what == "access_key_created":
            # From the next look on, the server asks for a key.
            client.headers["Authorization"] = f"Bearer {answer.json()['key']}"
        found = [item for item in audit(client, limit=1000) if item["why"] == f"act {number}"]
        assert [(item["what"], item["by"]) for item in found] == [(what, "local")], address
    assert covered | NO_ACTS == shown
    with acting_as("command"):
        identifier, _ = kinfold.access_keys.create(KeyScope.READ)
        kinfold.access_keys.revoke(identifier)
    assert [item["what"] for item in audit(client, by="command")] == ["access_key_revoked", "access_key_created"]


def _filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_filled(item, names) for item in value]
    return value.format(**names) if isinstance(value, str) else value


def test_what_changes_nothing_in_the_catalogue_leaves_no_entry(client: TestClient) -> None:
    for _ in range(2):
        client.put("/v1/environments/north", json={"kind": "anonymous"})
    (entry,) = audit(client)
    changed = {
        "kind": {"before": None, "after": "anonymous"},
        "visitors_folder": {"before": None, "after": "visitors of north"},
    }
    about = {"environment": "north", "name": "north", "part": "environment"}
    assert entry["details"] == {**about, "new": True, "changed": changed}


READS: tuple[tuple[str, str], ...] = (
    ("/v1/contacts?email=ana@example.com", "contacts"),
    ("/v1/search?q=ana@example.com", "search"),
    ("/v1/search?q=ana@", "search"),
    ("/v1/contacts/{ana}", "contact"),
    ("/v1/contacts/{ana}/activity", "activity"),
    ("/v1/contacts/{ana}/activity/days", "activity"),
    ("/v1/contacts/{ana}/history", "history"),
    ("/v1/contacts/{ana}/graph", "graph"),
    ("/v1/graph?email=ana@example.com", "graph"),
    ("/v1/anomalies/{finding}/graph", "finding"),
    ("/v1/contacts/{ana}/propositions", "propositions"),
    ("/v1/workflows/w/contacts/{ana}", "workflow"),
    ("/v1/workflows/w/contacts", "enrolled"),
    ("/v1/judgements", "judgements"),
    ("/v1/judgements/{judgement}", "judgements"),
    ("/v1/splits", "splits"),
    ("/v1/splits/{split}", "splits"),
    ("/v1/segments/s/members", "members"),
    ("/v1/environments/north/visitors", "visitors"),
)
"""Every call that shows persons, with the name by which its reads stand in the audit."""

SHOWS_NOBODY = {
    *((f"/v1/{call}") for call in ("audit", "changes", "blocked", "suppressed", "erasures/{id}", "namespaces")),
    *("/v1/access", "/v1/access-keys"),
    *(
        (f"/v1/{call}")
        for call in ("segments", "segments/{name}", "workflows", "workflows/{name}", "merges", "merges/{id}")
    ),
    *((f"/v1/{call}") for call in ("webhooks", "webhooks/{name}", "webhooks/{name}/dead", "environments")),
    *(
        (f"/v1/environments/{{env}}{call}")
        for call in ("", "/history", "/report", "/rules", "/rules/{name}", "/categories")
    ),
    *((f"/v1/environments/{{env}}{call}") for call in ("/categories/{path}", "/offers")),
    *((f"/v1/environments/{{env}}{call}") for call in ("/offers/{name}", "/spaces", "/spaces/{name}")),
    *("/health", "/ready", "/metrics", "/tag.js"),
    # Each export is an entry of its own, see above.
    *("/v1/export", "/v1/contacts/{id}/export"),
    # Figures of everybody.
    "/v1/overview",
    # Tested with the suggestions.
    *("/v1/suggestions", "/v1/suggestions/{id}"),
    # Figures, and what an analysis computed, of the whole graph.
    *((f"/v1/{call}") for call in ("anomalies", "anomalies/{id}", "clusters", "clusters/{id}", "clusters/{id}/graph")),
}


def test_every_call_that_shows_persons_is_noted(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    client.put("/v1/segments/s", json={"kind": "dynamic", "where": {"kind": "known"}})
    client.put("/v1/workflows/w")
    client.put(f"/v1/workflows/w/contacts/{ana}", json={"status": "active"})
    client.put("/v1/environments/north", json={"kind": "anonymous"})
    names = {"ana": ana}
    away = {"contact": ana, "key": {"email": "bo@example.com"}}
    names["judgement"] = client.post("/v1/judgements", json=away).json()["id"]
    cy = resolve(email="cy@example.com", user_id="42")["contact"]["id"]
    part = {"parts": [{"keys": ["user_id:42"]}]}
    names["split"] = client.post(f"/v1/contacts/{cy}/split", json=part).json()["id"]
    client.post("/v1/resolve/batch", json={"events": worlds.kiosk()})
    names["finding"] = client.get("/v1/anomalies").json()["items"][0]["id"]
    shown, covered = routes(client, "get"), set()
    for number, (address, call) in enumerate(READS):
        covered.add(route_of(shown, "GET", re.sub(r"\{(\w+)\}", "x", address))[1])
        answer = client.get(address.format(**names), headers={"Kinfold-Reason": f"read {number}"})
        assert answer.status_code == 200, answer.text
        found = [item for item in audit(client, what="read") if item["why"] == f"read {number}"]
        assert {item["details"]["call"] for item in found} == {call}, address
        assert len({item["contact"] for item in found}) == len(found), address
    assert covered | SHOWS_NOBODY == {path for _, path in shown}


def test_no_read_waits_for_a_write_and_no_event_writes_to_the_audit(
    client: TestClient, resolve: Resolve, kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    written: list[Any] = []
    write = kinfold.database.write

    def counted(work: Any, **more: Any) -> Any:
        written.append(work)
        return write(work, **more)

    monkeypatch.setattr(kinfold.database, "write", counted)
    monkeypatch.setattr(reads, "KEPT_SECONDS", 0.0)
    for _ in range(3):
        assert client.get(f"/v1/contacts/{ana}").status_code == 200
    assert written == []
    resolve(email="ana@example.com", tracker_id="t1", message_id="m1")
    resolve(tracker_id="t9")
    assert resolve(email="ana@example.com", tracker_id="t9")["merged"], "a union by an event is no act by hand"
    assert {item["what"] for item in audit(client)} == {"read"}


def test_a_server_writes_down_reads_beside_its_calls(
    client: TestClient, resolve: Resolve, kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    with feed_tasks(kinfold):
        client.get(f"/v1/contacts/{ana}")
    monkeypatch.setattr(kinfold.audit, "flush", lambda: None)
    assert [item["contact"] for item in audit(client)] == [ana], "written at the latest when the server stops"


def test_reads_that_cannot_be_noted_are_refused_before_they_fill_the_memory(
    client: TestClient, resolve: Resolve, kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]

    def away(*_: Any, **__: Any) -> None:
        raise Unavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(reads, "MOST_KEPT", 2)
        patched.setattr(kinfold.database, "write", away)
        statuses = [client.get(f"/v1/contacts/{ana}").status_code for _ in range(3)]
        kinfold.audit.flush()
        assert statuses == [200, 200, 503]
    assert len(audit(client)) == 2, "those that were kept are not lost"


def test_a_contact_is_found_by_every_id_that_leads_to_it(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    bo = resolve(email="bo@example.com")["contact"]["id"]
    client.get(f"/v1/contacts/{bo}")
    client.post("/v1/merges", json={"source": bo, "target": ana})
    client.get(f"/v1/contacts/{bo}/activity")
    for one in (ana, bo):
        found = audit(client, contact=one)
        assert [item["details"].get("call", item["what"]) for item in found] == ["activity", "merged", "contact"]
    refused(client.get("/v1/audit?contact="), 422, "bad_input")


def test_erasing_a_person_leaves_no_key_of_theirs_in_the_audit(
    client: TestClient, resolve: Resolve, kinfold: Kinfold
) -> None:
    ana = resolve(email="ana@example.com", user_id="u-77", tracker_id="t-77")["contact"]["id"]
    bo = resolve(email="bo@example.com")["contact"]["id"]
    client.put("/v1/blocked/value/u-77")
    client.get(f"/v1/contacts/{bo}?why=same flat as Ana@Example.com, not u-770")
    client.get(f"/v1/contacts/{ana}?why=t-77 and ticket 12")
    answer = client.delete(f"/v1/contacts/{ana}?why=ana@example.com wrote on Monday")
    assert answer.status_code == 200, answer.text
    whole = str(audit(client)).lower()
    assert not re.search(r"ana@example\.com|u-77\b|t-77", whole), whole
    assert "not u-770" in whole
    assert "ticket 12" in whole
    assert "wrote on monday" in whole
    left = kinfold.database.read(lambda tx: tx.run_text("MATCH (e:AuditEntry) RETURN collect(e{.*}) AS found"))
    assert "ana@" not in str(left).lower()


def test_a_read_that_was_kept_while_its_person_was_erased_loses_its_reason(
    client: TestClient, resolve: Resolve, kinfold: Kinfold
) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    other = Kinfold.on(kinfold.database, kinfold.settings)
    with open_client(other) as elsewhere:
        elsewhere.get(f"/v1/contacts/{ana}?why=ana@example.com called")
        client.delete(f"/v1/contacts/{ana}")
        other.audit.flush()
    (entry,) = audit(client, what="read")
    assert (entry["contact"], entry["why"]) == (ana, None)


def test_why_in_the_address_is_no_field_of_any_call_and_the_header_goes_first(
    client: TestClient, resolve: Resolve
) -> None:
    resolve(email="a+b@example.com")
    answer = client.get(
        "/v1/contacts?email=a%2Bb%40example.com&why=in+the%20address", headers={"Kinfold-Reason": "in the header"}
    )
    assert len(answer.json()["items"]) == 1
    assert client.get("/v1/contacts?why=only+here&email=a%2Bb%40example.com").status_code == 200
    assert [item["why"] for item in audit(client)] == ["only here", "in the header"]
    refused(client.get("/v1/contacts?email=a%2Bb%40example.com&whyever=1"), 422, "bad_input")


def test_the_command_says_who_did_what_and_keeps_the_reason_of_the_environment(
    client: TestClient, resolve: Resolve, environment: dict[str, str]
) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    because = {**environment, "KINFOLD_REASON": "her letter of Monday"}
    assert run("export", ana, environment=because).returncode == 0
    assert run("erase", "--key", "email=ana@example.com", environment=because).returncode == 0
    assert {(item["what"], item["by"], item["why"]) for item in audit(client, contact=ana)} == {
        ("exported", "command", "her letter of Monday"),
        ("erased", "command", "her letter of Monday"),
    }
    listed = run("audit", "--json", "--what", "erased", "--contact", ana, environment=environment)
    assert json.loads(listed.stdout)["items"] == audit(client, what="erased")
    table = run("audit", "--by", "command", "--limit", "1", "--from", "2020-01-01", environment=environment)
    assert table.returncode == 0, table.stderr
    assert "erased" in table.stdout
    assert "There are more" in table.stdout
    assert "no such entry" in run("audit", "--to", "2020-01-01", environment=environment).stdout
