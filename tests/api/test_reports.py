"""Public reports of other systems as cases: each is played against the application and comes out as it should."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.command.program import app as command
from graph.kinfold import Kinfold
from graph.settings import Settings
from tests.api.conftest import open_client

CASES = json.loads(Path("tests/cases/reports.json").read_text(encoding="utf-8"))

AS_ASKED = {
    "first-touch": ("input", {"properties": "properties_once"}, {"initial": "google"}),
    "offer-outcome-has-no-effect": ("look", {"outcome": "of"}, {"rule": 200}),
}
"""Cases that ask for something in words, or in a form that is ours to choose: the part whose bodies name a field
otherwise here, that field, and what is right then. The rule is one of an offer that is there already: 200."""

DECIDED = {
    # An event with a suppressed key writes nothing at all: there is no contact that could have properties.
    "erased-traits-return": {"properties": None},
    # A message id is the deployment's: the second message is the first one sent again.
    "same-message-id-of-another-person": {"second": 0},
}
"""Cases of which the specification says otherwise, see docs/decisions/0027: what is right."""

NOT_YET: set[str] = set()
"""Cases that do not come out right yet. One that does fails here until it is taken off the list."""

_NOW = re.compile(r"\{now([+-]\d+)?\}")
_ID = re.compile(r"\{id:(\w+)=([^}]+)\}")


class Play:
    """Plays one case: its steps in order, then its looks.

    `call` is a method and a path with a `body`; `load` (or `file`) is the text of a CSV that `kinfold load` gets,
    with the name of its `report`. In what is sent, `{now-60}` is a time, `{id:user_id=42}` the contact behind a key
    and `{kept}` what an earlier step was told to `keep` of its answer.
    """

    def __init__(self, client: TestClient, environment: dict[str, str], folder: Path) -> None:
        self.client = client
        self.environment = environment
        self.folder = folder
        self.now = datetime.now(UTC)
        self.kept = ""
        self.exit: int | None = None
        self.loads = 0

    def step(self, step: dict[str, Any]) -> Any:
        """Carry out one step and return the answer's JSON, with its `status`."""
        if "load" in step or "file" in step:
            self._load(step.get("load", step.get("file")), step.get("report"))
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
        if "report" in look:
            report = self._report(look["report"])
            return len(report.read_text().splitlines()) if report.exists() else 0
        return _picked(self.step(look), look["pick"].split("."))

    def _load(self, text: str, report: str | None) -> None:
        self.loads += 1
        file = self.folder / f"{self.loads}.csv"
        file.write_bytes(text.encode())
        options = ["--report", str(self._report(report))] if report else []
        self.exit = CliRunner().invoke(command, ["load", *options, str(file)], env=self.environment).exit_code

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


def as_asked(case: dict[str, Any]) -> dict[str, Any]:
    """Return a case in our words, and with what the specification makes of it."""
    part, names, expect = AS_ASKED.get(case["id"], ("input", {}, DECIDED.get(case["id"], {})))
    return case | {part: [_named(step, names) for step in case[part]], "expect": case["expect"] | expect}


def _named(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(name, name): _named(inner, names) for name, inner in value.items()}
    return value


def is_right(case: dict[str, Any], seen: dict[str, Any]) -> bool:
    """Return whether what was seen is what the case expects: all of it, or one of the groups that it names."""
    groups = case.get("one_of", [list(case["expect"])])
    return any(all(seen[name] == case["expect"][name] for name in group) for group in groups)


@pytest.fixture
def play(
    case: dict[str, Any], kinfold: Kinfold, server: Settings, environment: dict[str, str], tmp_path: Path
) -> Iterator[Play]:
    asked = {name.removeprefix("KINFOLD_").lower(): value for name, value in case.get("server", {}).items()}
    given = Settings(**asked)
    settings = server.model_copy(update={name: getattr(given, name) for name in asked})
    more = {**environment, "KINFOLD_HOME": str(tmp_path / "home")}
    with open_client(Kinfold.on(kinfold.database, settings)) as client:
        yield Play(client, more, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_reported_case_comes_out_as_it_should(case: dict[str, Any], play: Play) -> None:
    case = as_asked(case)
    for step in case["input"]:
        play.step(step)
    seen = {look["name"]: play.look(look) for look in case["look"]}
    if case["id"] in NOT_YET:
        assert not is_right(case, seen), f"{case['id']} is right: take it off the list"
    else:
        assert is_right(case, seen), seen


def test_the_list_names_cases_of_the_file() -> None:
    assert {case["id"] for case in CASES} >= NOT_YET
    assert len({case["id"] for case in CASES}) == len(CASES)
