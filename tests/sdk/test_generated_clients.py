"""Clients that generators make of the OpenAPI document compile, and make ten calls each."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sdk.conftest import ADMIN_KEY

CLIENTS = Path(__file__).parent / "clients"

ANSWERS = {
    "rule": "2.1",
    "batch": 2,
    "found": [True],
    "plan": "pro",
    "activity": ["identify", "Order"],
    "segment": "dynamic",
    "members": 1,
    "blocked": ["value", "user_id", "kiosk"],
    "namespaces": ["email", "tracker_id", "subscription", "user_id"],
    "missing": 404,
}


@pytest.fixture
def document(origin: str, tmp_path: Path) -> Path:
    file = tmp_path / "openapi.json"
    file.write_bytes(httpx.get(f"{origin}/openapi.json", timeout=60).content)
    return file


def run(*command: str | Path, folder: Path, timeout: float = 240, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_typescript_client_compiles_strictly_and_calls(origin: str, document: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        if os.environ.get("CI"):
            pytest.fail("CI runs these with Node: .ci/run installs it")
        pytest.skip("Node is not installed")
    done = CLIENTS / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < (CLIENTS / "package-lock.json").stat().st_mtime:
        run(npm, "ci", "--ignore-scripts", folder=CLIENTS)
    binaries = CLIENTS / "node_modules" / ".bin"
    run(binaries / "openapi-typescript", document, "-o", "kinfold.d.ts", folder=CLIENTS)
    run(binaries / "tsc", folder=CLIENTS)
    told: dict[str, Any] = json.loads(run(node, "out/calls.js", origin, ADMIN_KEY, folder=CLIENTS))
    assert told == ANSWERS


def python_environment() -> Path:
    """An environment of its own with what Python clients need."""
    environment, wanted = CLIENTS / ".venv", (CLIENTS / "requirements.txt").read_text()
    installed = environment / "installed.txt"
    if not installed.exists() or installed.read_text() != wanted:
        run(sys.executable, "-m", "venv", environment, folder=CLIENTS)
        run(environment / "bin" / "pip", "install", "--quiet", "-r", "requirements.txt", folder=CLIENTS)
        installed.write_text(wanted)
    return environment


def test_a_python_client_is_made_and_calls(origin: str, document: Path, tmp_path: Path) -> None:
    environment = python_environment()
    generator = environment / "bin" / "openapi-python-client"
    made = tmp_path / "client"
    options = ["--path", document, "--output-path", made, "--meta", "none"]
    run(generator, "generate", *options, folder=tmp_path)
    python, program = environment / "bin" / "python", (CLIENTS / "calls.py").read_text()
    told: dict[str, Any] = json.loads(run(python, "-c", program, origin, ADMIN_KEY, folder=tmp_path))
    assert told == ANSWERS


def test_a_python_client_of_openapi_generator_calls(origin: str, document: Path, tmp_path: Path) -> None:
    java, maven, library = shutil.which("java"), shutil.which("mvn"), CLIENTS / "java" / "lib"
    if java is None or (maven is None and not library.exists()):
        pytest.skip("Java or Maven is not installed")
    if not library.exists():
        assert maven is not None
        copy = ("dependency:copy-dependencies", "-DexcludeTransitive=true", "-DoutputDirectory=lib")
        run(maven, "-q", "-B", *copy, folder=CLIENTS / "java", timeout=300)
    made = tmp_path / "made"
    options = ("-g", "python", "-i", document, "-o", made, "--additional-properties=packageName=kinfold_client")
    main = "org.openapitools.codegen.OpenAPIGenerator"
    run(java, "-cp", f"{library}/*", main, "generate", *options, folder=tmp_path)
    python, program = python_environment() / "bin" / "python", CLIENTS / "calls_of_generator.py"
    told = run(python, program, origin, ADMIN_KEY, folder=tmp_path, PYTHONPATH=str(made))
    assert json.loads(told) == ANSWERS


def test_a_go_client_of_oapi_codegen_compiles_and_calls(origin: str, document: Path, tmp_path: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed")
    folder = tmp_path / "go"
    shutil.copytree(CLIENTS / "go", folder)
    options = ("-package", "main", "-generate", "types,client", "-o", "kinfold.go", document)
    run(go, "tool", "oapi-codegen", *options, folder=folder, timeout=600)
    run(go, "build", "-o", "calls", ".", folder=folder, timeout=600)
    assert json.loads(run(folder / "calls", origin, ADMIN_KEY, folder=folder)) == ANSWERS
