"""/v1/contacts/{id}/export, DELETE /v1/contacts, /v1/erasures, /v1/suppressed, and the command's way to them."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.http.schemas.privacy import Export, Receipt, StoredReceipt
from api.http.sweeping import sweep_now_and_then
from graph.kinfold import Kinfold
from tests import command as commands
from tests.api.pinned import refused
from tests.graph.privacy.test_privacy import a_long_story

Resolve = Callable[..., dict[str, Any]]


def closed(model: type[Any], document: Any) -> None:
    """Hold a document against a model of an answer: nothing beside its fields, at any depth."""
    dumped = model.model_validate(document).model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert dumped == document


def test_an_export_is_one_document_of_the_documented_shape(client: TestClient, kinfold: Kinfold) -> None:
    ana, ids, _ = a_long_story(kinfold)
    response = client.get(f"/v1/contacts/{ana}/export")
    assert response.headers["content-type"] == "application/json"
    closed(Export, response.json())
    folded = client.get(f"/v1/contacts/{(ids - {ana}).pop()}/export").json()
    assert folded["contact"]["redirected_from"] in ids
    by_key = client.get("/v1/export", params={"email": "ANA@example.com"}).json()
    assert {**by_key, "exported_at": ""} == {**response.json(), "exported_at": ""}


def test_a_key_of_nobody_and_of_several_names_no_one_to_export_or_erase(client: TestClient, resolve: Resolve) -> None:
    for name in ("ana", "bob"):
        resolve(email=f"{name}@example.com", tracker_id=name, subscription="family")
    for call, path in ((client.get, "/v1/export"), (client.delete, "/v1/contacts")):
        response = call(path, params={"subscription": "family"})
        refused(response, 409, "conflict")
        assert len(response.json()["owners"]) == 2
        refused(call(path, params={"subscription": "nobody's"}), 404, "not_found")
        [error] = refused(call(path), 422, "bad_input")
        assert error["rule"] == "exactly_one"
        refused(call(path, params={"email": "a@example.com", "user_id": "1"}), 422, "bad_input")
        refused(call(path, params={"id": "x"}), 422, "bad_input")


def test_an_erasure_answers_with_a_receipt_and_every_call_with_410_from_then_on(
    client: TestClient, kinfold: Kinfold
) -> None:
    ana, ids, [bob, *_] = a_long_story(kinfold)
    union = kinfold.exports.document(ana)["unions"][0]["id"]
    response = client.delete(f"/v1/contacts/{ana}")
    assert response.status_code == 200
    receipt = response.json()
    closed(Receipt, receipt)
    stored = client.get(f"/v1/erasures/{receipt['receipt']}").json()
    closed(StoredReceipt, stored)
    assert {**stored, "contact": ana} == receipt
    refused(client.get("/v1/erasures/nothing"), 404, "not_found")
    calls: list[tuple[str, str, Any]] = [
        ("GET", "/v1/contacts/{id}", None),
        ("GET", "/v1/contacts/{id}/activity", None),
        ("GET", "/v1/contacts/{id}/history", None),
        ("GET", "/v1/contacts/{id}/graph", None),
        ("GET", "/v1/contacts/{id}/export", None),
        ("DELETE", "/v1/contacts/{id}", None),
        ("PATCH", "/v1/contacts/{id}", {"properties": {"a": 1}}),
        ("PATCH", "/v1/contacts/{id}?dry_run=true", {"properties": {"a": 1}}),
        ("POST", "/v1/contacts/{id}/keys", {"tracker_id": "t"}),
        ("POST", "/v1/contacts/{id}/keys/remove", {"tracker_id": "t"}),
        ("POST", "/v1/merges", {"source": "{id}", "target": bob}),
        ("POST", "/v1/merges", {"source": bob, "target": "{id}"}),
        ("PUT", "/v1/segments/letter/members/{id}", {}),
        ("DELETE", "/v1/segments/letter/members/{id}", None),
        ("GET", "/v1/workflows/welcome/contacts/{id}", None),
        ("PUT", "/v1/workflows/welcome/contacts/{id}", {"status": "active"}),
        ("POST", "/v1/workflows/welcome/contacts/{id}/runs", {"node": "mail"}),
    ]
    for one in ids:
        for method, path, body in calls:
            content = None if body is None else json.dumps(body).replace("{id}", one)
            response = client.request(method, path.replace("{id}", one), content=content)
            refused(response, 410, "gone")
            assert response.json()["receipt"] == receipt["receipt"]
    refused(client.get(f"/v1/merges/{union}"), 410, "gone")
    refused(client.post(f"/v1/merges/{union}/undo"), 410, "gone")
    refused(client.post(f"/v1/merges/{union}/undo?dry_run=true"), 410, "gone")


def test_a_suppressed_email_is_ignored_until_it_is_allowed(client: TestClient, resolve: Resolve) -> None:
    resolve(email="ana@example.com", user_id="4/2")
    assert client.delete("/v1/contacts", params={"email": "ana@example.com"}).json()["suppressed"] == 2
    answer = resolve(email="ana@example.com", tracker_id="t1", properties={"name": "Ana"})
    assert answer["ignored"] == [{"key": "email", "reason": "suppressed"}]
    assert (answer["contact"], answer["rule"], answer["outcome"]) == (None, None, "ignored")
    assert client.get("/v1/contacts", params={"tracker_id": "t1"}).json()["items"] == []
    answer = resolve(tracker_id="t1")
    first = client.get("/v1/suppressed?limit=1").json()
    second = client.get("/v1/suppressed", params={"limit": 1, "cursor": first["next"]}).json()
    assert sorted(item["kind"] for item in first["items"] + second["items"]) == ["email", "user_id"]
    assert second["next"] is None
    by_hand = client.post(f"/v1/contacts/{answer['contact']['id']}/keys", json={"email": "ana@example.com"})
    assert [error["rule"] for error in refused(by_hand, 422, "bad_input")] == ["suppressed"]
    assert client.delete("/v1/suppressed/email/ana@example.com").status_code == 204
    assert client.delete("/v1/suppressed/user_id/4/2").status_code == 204
    refused(client.delete("/v1/suppressed/email/ana@example.com"), 404, "not_found")
    refused(client.delete("/v1/suppressed/tracker_id/t1"), 422, "bad_input")
    assert resolve(email="ana@example.com", tracker_id="t1")["outcome"] == "claimed"


def test_an_erasure_may_allow_the_return(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com")["contact"]["id"]
    assert client.delete(f"/v1/contacts/{ana}?allow_return=true").json()["suppressed"] == 0
    assert resolve(email="ana@example.com")["outcome"] == "created"


def test_a_server_finishes_what_was_interrupted(kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps: list[bool] = []

    def sweep(_: Kinfold) -> dict[str, int]:
        sweeps.append(True)
        if len(sweeps) == 1:
            raise RuntimeError("this one fails")
        return {"activities": 0, "erasures": 0}

    monkeypatch.setattr(Kinfold, "sweep", sweep)

    async def for_a_while() -> None:
        task = asyncio.create_task(sweep_now_and_then(kinfold, every=0.01))
        while len(sweeps) < 3:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(for_a_while())


def run(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return commands.run(environment, *arguments)


def test_the_command_exports_erases_and_lets_back(kinfold: Kinfold, environment: dict[str, str]) -> None:
    ana, *_ = a_long_story(kinfold)
    export = run("export", ana, environment=environment)
    assert export.returncode == 0, export.stderr
    closed(Export, json.loads(export.stdout))
    by_key = run("export", "--key", "email=ana@example.com", environment=environment)
    assert json.loads(by_key.stdout)["contact"] == json.loads(export.stdout)["contact"]
    erased = run("erase", ana, environment=environment)
    assert erased.returncode == 0, erased.stderr
    assert f"Contact {ana} is erased." in erased.stdout
    again = run("erase", "--json", ana, environment=environment)
    assert again.returncode == 1
    assert json.loads(again.stdout)["error"]["status"] == 410
    for arguments in (("export", ana), ("export", "--key", "email=ana@example.com")):
        gone = run(*arguments, environment=environment)
        assert (gone.returncode, gone.stdout) == (1, "")
        assert gone.stderr.startswith("kinfold: ")
    listed = json.loads(run("suppress", "list", "--json", environment=environment).stdout)
    assert {item["kind"] for item in listed["items"]} == {"email", "user_id"}
    assert run("suppress", "allow", "email=ana@example.com", environment=environment).returncode == 0
    assert run("suppress", "allow", "email=ana@example.com", environment=environment).returncode == 1


def test_the_command_sweeps_what_is_too_old(kinfold: Kinfold, environment: dict[str, str], resolve: Resolve) -> None:
    resolve(tracker_id="t1", occurred_at="2001-01-01T00:00:00Z")
    kept = run("sweep", environment=environment)
    assert (kept.returncode, "kept for good" in kept.stdout) == (0, True)
    swept = run("sweep", "--json", environment={**environment, "KINFOLD_RETENTION_DAYS": "365"})
    assert json.loads(swept.stdout) == {"activities": 1, "erasures": 0}


@pytest.mark.parametrize("arguments", [(), ("id", "--key", "email=a@example.com"), ("--key", "mail=a@example.com")])
@pytest.mark.parametrize("command", ["export", "erase"])
def test_a_command_is_about_one_person(command: str, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    refused_ = run(command, *arguments, environment=environment)
    assert (refused_.returncode, refused_.stdout) == (2, "")
