"""The Model Context Protocol over stdio: the calls that read, and those that write with their dry run only, as tools.

One JSON-RPC 2.0 message a line, in UTF-8; standard output carries nothing else. What a tool is called, takes and
answers follows from the OpenAPI document, and what it may do from the access key: this door decides nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx
import orjson

from api.http.access import may_rehearse, needed
from api.version import kinfold_version
from graph.access.access_keys import KeyScope

log = logging.getLogger("kinfold.mcp")

PROTOCOLS = ("2025-06-18", "2025-03-26", "2024-11-05")
"""Versions of the protocol that are spoken, the newest first."""
LONGEST_LINE = 4 * 1024 * 1024
_LEFT_OUT = frozenset({"metrics", "ready", "health", "tag"})
"""Calls that say nothing about people."""
_INSTRUCTIONS = (
    "Kinfold tells which contact is behind an event. These tools read contacts and try changes out; none of them "
    "changes anything. Find people with find_contacts or search, then read one with get_contact, get_graph (with "
    "`from` and `to`: why two keys are one person's), get_history or get_activity."
)
_PARSE, _INVALID, _NO_METHOD, _BAD_PARAMETERS = -32700, -32600, -32601, -32602

Json = dict[str, Any]


class Refused(Exception):
    """An answer of the protocol that is an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Tool:
    """One call of the API as a tool."""

    def __init__(self, method: str, path: str, operation: Json, schemas: Json) -> None:
        self.name: str = operation["operationId"]
        self.method = method
        self.path = path
        self.rehearsed = method not in ("GET", "HEAD") and may_rehearse(method, path)
        listed = [one for one in operation.get("parameters", ()) if one["in"] in ("path", "query")]
        self.in_path = [one["name"] for one in listed if one["in"] == "path"]
        self.in_query = [one["name"] for one in listed if one["in"] == "query" and one["name"] != "dry_run"]
        # A deployment declares further namespaces of keys, which the document cannot name.
        self.open = {"email", "tracker_id", "subscription", "user_id"} <= set(self.in_query)
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        self.has_body = body is not None
        properties = {
            one["name"]: {**one["schema"], **({"description": one["description"]} if "description" in one else {})}
            for one in listed
            if one["name"] != "dry_run"
        }
        if body is not None:
            properties["body"] = body
        required = [one["name"] for one in listed if one.get("required")]
        self.schema: Json = {
            "type": "object",
            "properties": properties,
            "required": required + (["body"] if body is not None and operation["requestBody"].get("required") else []),
            "additionalProperties": {"type": "string"} if self.open else False,
        }
        if definitions := _definitions(properties, schemas):
            self.schema["$defs"] = definitions
        self.schema = _with_own_definitions(self.schema)
        self.summary = str(operation.get("summary", self.name))
        dry = " Nothing is written: it says what would change." if self.rehearsed else ""
        said = str(operation.get("description", "")).partition("\n\nTakes")[0]
        self.description = f"{self.summary}. {said}{dry}"

    def shown(self) -> Json:
        """Describe the tool as the protocol lists it."""
        return {
            "name": self.name,
            "title": self.summary,
            "description": self.description.strip(),
            "inputSchema": self.schema,
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        }

    def request(self, arguments: Json) -> tuple[str, str, dict[str, str], Any]:
        """Return method, address, query and body of the call.

        Raises
        ------
        Refused
            When an argument is missing, or none that the tool takes.
        """
        if missing := [name for name in self.schema["required"] if name not in arguments]:
            raise Refused(_BAD_PARAMETERS, f"{self.name} needs {', '.join(missing)}")
        query: dict[str, str] = {}
        address = self.path
        for name, value in arguments.items():
            if name in self.in_path:
                address = address.replace(f"{{{name}}}", quote(str(value), safe=""))
            elif name in self.in_query or (self.open and isinstance(value, str)):
                if value is not None:
                    query[name] = _in_query(value)
            elif name != "body" or not self.has_body:
                raise Refused(_BAD_PARAMETERS, f"{self.name} takes no {name!r}")
        if self.rehearsed:
            query["dry_run"] = "true"
        return self.method, address, query, arguments.get("body") if self.has_body else None


def tools_of(document: Json) -> dict[str, Tool]:
    """List the calls of an OpenAPI document that change nothing, as tools by name."""
    schemas = document["components"]["schemas"]
    found: dict[str, Tool] = {}
    for path, calls in document["paths"].items():
        for method, operation in calls.items():
            verb = method.upper()
            reads = needed(verb, path) is KeyScope.READ
            if (reads or may_rehearse(verb, path)) and operation["operationId"] not in _LEFT_OUT:
                tool = Tool(verb, path, operation, schemas)
                found[tool.name] = tool
    return dict(sorted(found.items()))


def _in_query(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(name := value.get("$ref"), str):
            yield name.rpartition("/")[2]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _definitions(value: Any, schemas: Json) -> Json:
    """Return the schemas that a value refers to, through any number of others."""
    found: Json = {}
    waiting = list(_references(value))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = schemas[name]
            waiting += _references(schemas[name])
    return found


def _with_own_definitions(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: inner.replace("#/components/schemas/", "#/$defs/")
            if name == "$ref" and isinstance(inner, str)
            else _with_own_definitions(inner)
            for name, inner in value.items()
        }
    return [_with_own_definitions(inner) for inner in value] if isinstance(value, list) else value


class Server:
    """Answers the messages of one client.

    Parameters
    ----------
    call
        Makes a call of the API: method, address, query, body.
    """

    def __init__(self, call: Callable[[str, str, dict[str, str], Any], httpx.Response]) -> None:
        self._call = call
        self._tools: dict[str, Tool] | None = None

    def answer(self, line: bytes) -> bytes | None:
        """Return the answer to one line; None where there is none to give."""
        try:
            message = orjson.loads(line)
        except orjson.JSONDecodeError:
            return _error(None, _PARSE, "This is not JSON in UTF-8.")
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return _error(None, _INVALID, "This is not a message of JSON-RPC 2.0.")
        number, method = message.get("id"), message.get("method")
        if not isinstance(method, str):
            # An answer to something that was never asked, or nothing at all.
            is_answer = "result" in message or "error" in message
            return None if is_answer else _error(number, _INVALID, "No method is named.")
        if "id" not in message:
            return None
        parameters = message.get("params") or {}
        try:
            if not isinstance(parameters, dict):
                raise Refused(_BAD_PARAMETERS, "Parameters are an object.")
            return orjson.dumps({"jsonrpc": "2.0", "id": number, "result": self._result(method, parameters)})
        except Refused as error:
            return _error(number, error.code, str(error))

    def _result(self, method: str, parameters: Json) -> Json:
        if method == "initialize":
            asked = parameters.get("protocolVersion")
            return {
                "protocolVersion": asked if asked in PROTOCOLS else PROTOCOLS[0],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "kinfold", "title": "Kinfold", "version": kinfold_version()},
                "instructions": _INSTRUCTIONS,
            }
        if method == "ping":
            return {}
        if method == "tools/list":
            return {"tools": [tool.shown() for tool in self.tools().values()]}
        if method == "tools/call":
            return self._use(parameters)
        raise Refused(_NO_METHOD, f"There is no method {method!r} here.")

    def tools(self) -> dict[str, Tool]:
        """List the tools by name."""
        if self._tools is None:
            self._tools = tools_of(self._call("GET", "/openapi.json", {}, None).raise_for_status().json())
        return self._tools

    def _use(self, parameters: Json) -> Json:
        name, arguments = parameters.get("name"), parameters.get("arguments") or {}
        tool = self.tools().get(name) if isinstance(name, str) else None
        if tool is None:
            raise Refused(_BAD_PARAMETERS, f"There is no tool {name!r}.")
        if not isinstance(arguments, dict):
            raise Refused(_BAD_PARAMETERS, "Arguments are an object.")
        request = tool.request(arguments)
        try:
            response = self._call(*request)
        except httpx.HTTPError as error:
            return _told(f"The server did not answer: {error}", failed=True)
        result = _told(response.text, failed=response.status_code >= 400)
        if response.status_code < 400 and response.headers.get("content-type", "").startswith("application/json"):
            document = response.json()
            if isinstance(document, dict):
                result["structuredContent"] = document
        return result


def _told(text: str, *, failed: bool) -> Json:
    return {"content": [{"type": "text", "text": text}], "isError": failed}


def _error(number: Any, code: int, message: str) -> bytes:
    return orjson.dumps({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}})


def talk(
    source: BinaryIO, sink: BinaryIO, transport: httpx.AsyncBaseTransport | None, url: str, key: str | None
) -> None:
    """Answer what comes on one stream on another, until it ends.

    Parameters
    ----------
    transport
        An application in this process; None for a server elsewhere.
    url
        Where the API is.
    key
        The access key of the calls.
    """
    headers = httpx.Headers({} if key is None else {"Authorization": f"Bearer {key}"}, encoding="utf-8")
    with asyncio.Runner() as runner:
        client = httpx.AsyncClient(transport=transport, base_url=url, headers=headers, timeout=60.0)

        def call(method: str, address: str, query: dict[str, str], body: Any) -> httpx.Response:
            return runner.run(client.request(method, address, params=query, json=body))

        server = Server(call)
        while line := source.readline(LONGEST_LINE):
            if line.strip() and (answer := server.answer(line)) is not None:
                sink.write(answer + b"\n")
                sink.flush()
        runner.run(client.aclose())
