"""Cases played against the application: calls and files in order, then looks at what they left."""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.command.program import app as command

_NOW = re.compile(r"\{now([+-]\d+)?\}")
_ID = re.compile(r"\{id:(\w+)=([^}]+)\}")
_SHA256 = re.compile(r"\{sha256:([^}]+)\}")


class Play:
    """Plays one case: its steps in order, then its looks.

    `call` is a method and a path with a `body`; `load` (or `file`) is the text of a CSV that `kinfold load` gets, with
    the name of its `report`, and `resolve` that of a log or table that `kinfold resolve` gets. In what is sent,
    `{now-60}` is a time, `{id:user_id=42}` the contact behind a key, `{sha256:…}` a hash and `{kept}` what an earlier
    step was told to `keep` of its answer.
    """

    def __init__(self, client: TestClient, environment: dict[str, str], folder: Path) -> None:
        self.client = client
        self.environment = environment
        self.folder = folder
        self.now = datetime.now(UTC)
        self.kept = ""
        self.exit: int | None = None
        self.told = ""
        self.lines: list[Any] = []
        self.files = 0

    def step(self, step: dict[str, Any]) -> Any:
        """Carry out one step and return the answer's JSON, with its `status`."""
        if "load" in step or "file" in step:
            self._load(step, self._written(step.get("load", step.get("file")), step, "csv"))
            return {}
        if "parquet" in step:
            self._load(step, self._parquet(step["parquet"]))
            return {}
        if "resolve" in step:
            self._run("resolve", step, self._written(step["resolve"], step, "ndjson"), [])
            self.lines = [orjson.loads(line) for line in self._stdout.splitlines()]
            return {}
        method, path = ("GET", step["get"]) if "get" in step else step["call"].split(" ", 1)
        body = self._filled(step["body"]) if "body" in step else None
        response = self.client.request(method, self._filled(path), json=body, headers=step.get("headers"))
        answer = response.json() if response.content else {}
        if "keep" in step:
            self.kept = answer[step["keep"]]
        elif "pick" not in step and not response.is_success:
            pytest.fail(f"{step['call']}: {response.text}")
        return {"status": response.status_code} | (answer if isinstance(answer, dict) else {})

    def look(self, look: dict[str, Any]) -> Any:
        """Return what a look picks."""
        if "exit" in look:
            return self.exit
        if "told" in look:
            return look["told"] in self.told
        if "line" in look:
            return _picked(self.lines[look["line"]], look["pick"].split("."))
        if "report" in look:
            report = self._report(look["report"])
            return len(report.read_text().splitlines()) if report.exists() else 0
        return _picked(self.step(look), look["pick"].split("."))

    def _load(self, step: dict[str, Any], file: Path) -> None:
        options = ["--report", str(self._report(step["report"]))] if "report" in step else []
        self._run("load", step, file, options)

    def _run(self, name: str, step: dict[str, Any], file: Path, options: list[str]) -> None:
        if "map" in step:
            mapping = self.folder / f"{self.files}.map.yaml"
            mapping.write_text(step["map"], encoding="utf-8")
            options = [*options, "--map", str(mapping)]
        result = CliRunner().invoke(
            command, [name, *options, *step.get("options", ()), str(file)], env=self.environment
        )
        self.exit, self.told, self._stdout = result.exit_code, result.output, result.stdout

    def _written(self, text: str, step: dict[str, Any], suffix: str) -> Path:
        self.files += 1
        file = self.folder / step.get("name", f"{self.files}.{suffix}")
        file.write_bytes(self._filled(text).encode(step.get("encoding", "utf-8")))
        return file

    def _parquet(self, columns: dict[str, Any]) -> Path:
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet as pq

        arrays = {}
        for name, (kind, values) in columns.items():
            if decimal := re.fullmatch(r"decimal128\((\d+), (\d+)\)", kind):
                exact = [None if value is None else Decimal(value) for value in values]
                arrays[name] = pa.array(exact, pa.decimal128(int(decimal[1]), int(decimal[2])))
            else:
                arrays[name] = pa.array(values, getattr(pa, kind)(), from_pandas=False)
        self.files += 1
        file = self.folder / f"{self.files}.parquet"
        pq.write_table(pa.table(arrays), file)
        return file

    def _report(self, name: str) -> Path:
        return self.folder / f"{name}.ndjson"

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner) for inner in value]
        if not isinstance(value, str):
            return value
        value = _NOW.sub(lambda match: self._time(int(match[1] or 0)), value)
        value = _ID.sub(lambda match: self._contact(match[1], match[2]), value)
        value = _SHA256.sub(lambda match: hashlib.sha256(match[1].encode()).hexdigest(), value)
        return value.replace("{kept}", self.kept)

    def _time(self, seconds: int) -> str:
        return (self.now + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")

    def _contact(self, key: str, value: str) -> str:
        [item] = self.client.get("/v1/contacts", params={key: value}).json()["items"]
        return str(item["id"])


def _picked(value: Any, path: list[str]) -> Any:
    for part in path:
        if part == "#":
            value = len(value)
        elif isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value
