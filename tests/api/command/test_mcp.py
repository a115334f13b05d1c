"""``kinfold mcp``: what reads, as tools of the Model Context Protocol."""

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient

from api.command.mcp import PROTOCOLS, Server
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.api.conftest import open_client

Resolve = Callable[..., dict[str, Any]]
HELLO = {"protocolVersion": PROTOCOLS[0], "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


class Asked:
    """A client of the server, message by message."""

    def __init__(self, client: TestClient) -> None:
        self.server = Server(lambda method, url, query, body: client.request(method, url, params=query, json=body))

    def raw(self, message: Any) -> Any:
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        answer = self.server.answer(line)
        return None if answer is None else json.loads(answer)

    def ask(self, method: str, **parameters: Any) -> Any:
        answer = self.raw({"jsonrpc": "2.0", "id": 7, "method": method, "params": parameters})
        assert (answer["jsonrpc"], answer["id"]) == ("2.0", 7)
        return answer["result"]

    def use(self, name: str, **arguments: Any) -> Any:
        return self.ask("tools/call", name=name, arguments=arguments)


@pytest.fixture
def asked(client: TestClient) -> Asked:
    return Asked(client)


def test_a_client_is_greeted_in_its_version_or_the_newest(asked: Asked) -> None:
    for version, answered in ((PROTOCOLS[-1], PROTOCOLS[-1]), ("1999-01-01", PROTOCOLS[0])):
        greeting = asked.ask("initialize", **{**HELLO, "protocolVersion": version})
        assert greeting["protocolVersion"] == answered
        assert greeting["capabilities"] == {"tools": {}}
        assert greeting["serverInfo"]["name"] == "kinfold"
    assert asked.raw({"jsonrpc": "2.0", "method": "notifications/initialized"}) is None
    assert asked.ask("ping") == {}


def test_tools_read_or_rehearse_and_say_what_they_take(asked: Asked) -> None:
    tools = {tool["name"]: tool for tool in asked.ask("tools/list")["tools"]}
    assert {"find_contacts", "get_contact", "get_graph", "get_overview", "resolve", "list_anomalies"} <= set(tools)
    assert not {"erase_contact", "put_segment", "dismiss_anomaly", "list_audit", "metrics"} & set(tools)
    for tool in tools.values():
        jsonschema.Draft202012Validator.check_schema(tool["inputSchema"])
        assert tool["annotations"]["readOnlyHint"] is True
        assert "dry_run" not in tool["inputSchema"]["properties"]
        assert "#/components" not in json.dumps(tool)


def test_a_tool_answers_as_the_call_does(asked: Asked, client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", tracker_id="t/1", properties={"name": "Chloé"})["contact"]["id"]
    found = asked.use("find_contacts", q="chlo", limit=5)
    assert found["isError"] is False
    assert [item["id"] for item in found["structuredContent"]["items"]] == [ana]
    assert json.loads(found["content"][0]["text"]) == found["structuredContent"]
    assert asked.use("find_contacts", tracker_id="t/1")["structuredContent"]["items"][0]["id"] == ana
    assert asked.use("get_contact", id=ana)["structuredContent"] == client.get(f"/v1/contacts/{ana}").json()
    path = asked.use("get_graph", **{"id": ana, "from": "email:ana@example.com", "to": "tracker_id:t/1"})
    assert path["structuredContent"]["path"]


def test_a_rehearsal_writes_nothing(asked: Asked, client: TestClient, resolve: Resolve) -> None:
    a, b = (resolve(tracker_id=tracker)["contact"]["id"] for tracker in ("t1", "t2"))
    would = asked.use("merge", body={"source": a, "target": b})
    assert would["structuredContent"]["dry_run"] is True
    answer = asked.use("resolve", body={"tracker_id": "t1", "email": "ana@example.com"}, explain=True)
    assert (answer["structuredContent"]["rule"], bool(answer["structuredContent"]["trace"])) == ("2.2", True)
    assert client.get("/v1/merges").json()["items"] == []
    assert client.get(f"/v1/contacts/{a}").json()["kind"] == "anonymous"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"{", -32700),
        (b"[]", -32600),
        ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 1}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "resources/list"}, -32601),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "erase_contact"}}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get_contact"}}, -32602),
        (
            {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "tools/call",
                "params": {"name": "list_merges", "arguments": {"dry_run": False}},
            },
            -32602,
        ),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]}, -32602),
    ],
)
def test_what_is_wrong_is_an_error_of_the_protocol(asked: Asked, message: Any, code: int) -> None:
    answer = asked.raw(message)
    assert (answer["jsonrpc"], answer["error"]["code"]) == ("2.0", code)
    assert "result" not in answer


def test_what_a_call_refuses_is_told_as_the_tools_failure(asked: Asked) -> None:
    refused = asked.use("get_contact", id="nobody")
    assert refused["isError"] is True
    assert json.loads(refused["content"][0]["text"])["code"] == "not_found"
    assert "structuredContent" not in refused


@pytest.fixture
def guarded(kinfold: Kinfold, server: Settings) -> Iterator[TestClient]:
    keys = Settings(read_key="r-1", write_key="w-1")  # type: ignore[arg-type]
    update = {"read_key": keys.read_key, "write_key": keys.write_key}
    with open_client(Kinfold.on(kinfold.database, server.model_copy(update=update))) as client:
        yield client


@pytest.mark.parametrize(("key", "failed"), [("r-1", False), ("w-1", True), ("", True)])
def test_a_tool_may_what_its_key_may(guarded: TestClient, key: str, failed: bool) -> None:
    if key:
        guarded.headers["Authorization"] = f"Bearer {key}"
    asked = Asked(guarded)
    assert asked.use("list_merges")["isError"] is failed


def test_the_command_speaks_line_by_line_and_ends_with_its_input(environment: dict[str, str], resolve: Resolve) -> None:
    from tests.command import KINFOLD, ROOT

    ana = resolve(email="ana@example.com")["contact"]["id"]
    call = {"name": "find_contacts", "arguments": {"email": "ana@example.com"}}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": "two", "method": "tools/call", "params": call},
    ]
    sent = "".join(json.dumps(message) + "\n" for message in messages)
    done = subprocess.run(
        [*KINFOLD, "mcp"],
        check=False,
        input=sent,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["id"], second["id"]) == (1, "two")
    assert second["result"]["structuredContent"]["items"][0]["id"] == ana
