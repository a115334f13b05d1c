"""The compose files: valid by the Compose specification's schema, and true to the product."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import AliasChoices

from api.serving import DRAIN_SECONDS
from graph.settings import Settings

ROOT = Path(__file__).parents[2]
FILES = ["docker-compose.yml", "deploy/compose.production.yml"]

each_file = pytest.mark.parametrize("file", FILES)


def services(file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / file).read_text())["services"]
    return found


def kinfolds(file: str) -> list[dict[str, Any]]:
    return [service for service in services(file).values() if "KINFOLD_POLICY" in service.get("environment", {})]


@each_file
def test_it_is_what_the_compose_specification_says(file: str) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(ROOT / file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@each_file
def test_every_service_has_a_healthcheck(file: str) -> None:
    assert all(service["healthcheck"]["test"] for service in services(file).values())


@each_file
def test_kinfold_is_given_time_to_end_and_only_settings_that_there_are(file: str) -> None:
    known = {"KINFOLD_SECRETS_DIR"}
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        known |= set(map(str, alias.choices)) if isinstance(alias, AliasChoices) else {f"KINFOLD_{name.upper()}"}
    assert kinfolds(file)
    for service in kinfolds(file):
        assert service["environment"].keys() <= known
        grace = re.fullmatch(r"(\d+)s", service["stop_grace_period"])
        assert grace
        assert int(grace[1]) >= Settings.model_fields["retry_seconds"].default + DRAIN_SECONDS
        assert {name.upper() for name in service.get("secrets", [])} <= known


def test_production_has_no_password_in_it_and_routes() -> None:
    text = (ROOT / FILES[1]).read_text()
    assert not re.search(r"(PASSWORD|AUTH|_KEY):", text), "secrets are files"
    assert len(kinfolds(FILES[1])) > 1
    for service in kinfolds(FILES[1]):
        assert service["environment"]["NEO4J_URI"].startswith("neo4j://")


def test_secrets_are_read_from_files_and_the_environment_goes_before_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "neo4j_password").write_text("from a file\n")
    (tmp_path / "kinfold_admin_key").write_text("a-1")
    monkeypatch.delenv("NEO4J_PASSWORD", raising=False)
    monkeypatch.setenv("KINFOLD_SECRETS_DIR", str(tmp_path))
    settings = Settings()
    assert settings.neo4j_password.get_secret_value() == "from a file"
    assert settings.admin_key.get_secret_value() == "a-1"
    monkeypatch.setenv("NEO4J_PASSWORD", "from the environment")
    assert Settings().neo4j_password.get_secret_value() == "from the environment"
    monkeypatch.setenv("KINFOLD_SECRETS_DIR", str(tmp_path / "neo4j_password"))
    with pytest.raises(ValueError, match="directory"):
        Settings()
