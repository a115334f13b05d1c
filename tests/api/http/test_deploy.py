"""The compose files and the manifests for Kubernetes: valid by their schemas, and true to the product."""

import copy
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from fastapi.testclient import TestClient
from pydantic import AliasChoices

from api.http.serving import DRAIN_SECONDS
from graph.settings import Settings
from tests.api.http.test_access import SCOPES

ROOT = Path(__file__).parents[3]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OLDEST = "1.31"
"""The oldest release of Kubernetes that the manifests are for."""
FILES = ["docker-compose.yml", "deploy/compose.production.yml"]

each_file = pytest.mark.parametrize("file", FILES)


def services(file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / file).read_text())["services"]
    return found


def kinfolds(file: str) -> list[dict[str, Any]]:
    return [service for service in services(file).values() if "KINFOLD_POLICY" in service.get("environment", {})]


def variables() -> set[str]:
    """Every variable that the product reads."""
    known = {"KINFOLD_SECRETS_DIR"}
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        known |= set(map(str, alias.choices)) if isinstance(alias, AliasChoices) else {f"KINFOLD_{name.upper()}"}
    return known


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
    known = variables()
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


# --- Kubernetes ----------------------------------------------------------------------------------------------


def manifests() -> dict[str, dict[str, Any]]:
    """By kind: every manifest, the example of a secret too."""
    files = [*KUBERNETES.glob("*.yaml"), KUBERNETES / "secret.yaml.example"]
    found = [yaml.safe_load(file.read_text()) for file in files]
    assert len({one["kind"] for one in found}) == len(files)
    return {one["kind"]: one for one in found}


def container() -> dict[str, Any]:
    [found] = manifests()["Deployment"]["spec"]["template"]["spec"]["containers"]
    kinfold: dict[str, Any] = found
    return kinfold


@pytest.mark.parametrize("release", [OLDEST, kubernetes_validate.latest_version()])
def test_every_manifest_is_what_kubernetes_says_and_has_no_other_field(release: str) -> None:
    found = manifests()
    assert found.keys() >= {"Deployment", "Service", "Ingress", "PodDisruptionBudget", "HorizontalPodAutoscaler"}
    for manifest in found.values():
        kubernetes_validate.validate(manifest, release, strict=True)
    broken = copy.deepcopy(found["Deployment"])
    broken["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, release, strict=True)


def test_the_manifests_find_each_other() -> None:
    found = manifests()
    names = {(one["kind"], one["metadata"]["name"]) for one in found.values()}
    assert {one["metadata"].get("namespace", "kinfold") for one in found.values()} == {"kinfold"}
    pod = found["Deployment"]["spec"]["template"]
    labels = pod["metadata"]["labels"].items()
    assert found["Service"]["spec"]["selector"].items() <= labels
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"].items() <= labels
    target = found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) in names
    assert [("ConfigMap", one["configMapRef"]["name"]) in names for one in container()["envFrom"]] == [True]
    secrets = next(volume for volume in pod["spec"]["volumes"] if "secret" in volume)
    assert ("Secret", secrets["secret"]["secretName"]) in names
    mounted = {mount["name"]: mount["mountPath"] for mount in container()["volumeMounts"]}
    assert mounted[secrets["name"]] == found["ConfigMap"]["data"]["KINFOLD_SECRETS_DIR"]
    [port] = container()["ports"]
    [served] = found["Service"]["spec"]["ports"]
    assert served["targetPort"] == port["name"]
    assert str(port["containerPort"]) == container()["args"][-1]


def test_the_manifests_set_what_there_is_and_give_time_to_end() -> None:
    found = manifests()
    settings = found["ConfigMap"]["data"]
    assert settings.keys() <= variables()
    assert {name.upper() for name in found["Secret"]["stringData"]} <= variables()
    assert settings["NEO4J_URI"].startswith("neo4j://")
    assert not re.search(r"PASSWORD|_KEY", str(settings)), "secrets are files"
    read = {name.lower().removeprefix("kinfold_"): value for name, value in settings.items()}
    Settings.model_validate({name: value for name, value in read.items() if name in Settings.model_fields})
    pause = container()["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace = found["Deployment"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace >= pause + Settings.model_fields["retry_seconds"].default + DRAIN_SECONDS


def test_the_manifests_ask_and_show_what_is_there(client: TestClient) -> None:
    found = manifests()
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert client.get(container()[probe]["httpGet"]["path"]).status_code == 200
    scaled = [
        one["pods"]["metric"]["name"] for one in found["HorizontalPodAutoscaler"]["spec"]["metrics"] if "pods" in one
    ]
    assert [re.search(rf"^# TYPE {name} gauge$", client.get("/metrics").text, re.M) is None for name in scaled] == [
        False
    ]
    [rule] = found["Ingress"]["spec"]["rules"]
    paths = {(one["path"], one["pathType"]) for one in rule["http"]["paths"]}

    def leads_in(path: str) -> bool:
        return any(path == there or (kind == "Prefix" and path.startswith(f"{there}/")) for there, kind in paths)

    inside = {path for _, path in SCOPES if not leads_in(path)}
    assert inside == {"/metrics", "/ready", "/health"}
    assert leads_in("/static/app.js")
