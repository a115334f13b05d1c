"""`kinfold analyse`: tables for people, JSON for programs, files that open by themselves."""

import json
import re
from pathlib import Path

import networkx as nx
import pytest

from graph.kinfold import Kinfold
from tests.command import run, run_anew
from tests.graph.analysis import worlds

FILES = {"report.html", "anomalies.json", "clusters.json", "graph.graphml", "scores.png", "sizes.png", "cluster-1.png"}


@pytest.fixture
def planted(kinfold: Kinfold) -> Kinfold:
    hostile = [
        {"tracker_id": "<script>alert(1)</script> $x^2$", "email": f"visitor{number}@example.com"}
        for number in range(12)
    ]
    worlds.send(kinfold, [*worlds.bystanders(), *worlds.role_address(), *hostile])
    return kinfold


def test_it_shows_what_looks_wrong_and_lists_it_over_http_from_then_on(
    environment: dict[str, str], planted: Kinfold
) -> None:
    ran = run(environment, "analyse")
    assert ran.returncode == 0, ran.stderr
    shown = re.sub(r"[\s│┃]+", " ", ran.stdout)
    assert "info@firm.example" in shown
    assert "shared device" in shown
    assert "kinfold unmerge --key email=info@firm.example --dry-run" in shown
    last = planted.anomalies.last()
    assert last
    assert last["totals"]["findings"] > 0
    told = json.loads(run(environment, "analyse", "--json").stdout)
    listed, _, _ = planted.anomalies.page()
    assert told["anomalies"] == [worlds.as_found(item) for item in listed]
    assert told["clusters"] == [worlds.as_found(item) for item in planted.anomalies.clusters()[0]]


def test_what_it_writes_opens_and_asks_nobody(environment: dict[str, str], planted: Kinfold, tmp_path: Path) -> None:
    out = tmp_path / "made" / "report"
    ran = run(environment, "analyse", "--out", str(out), "--seed", "3")
    assert ran.returncode == 0, ran.stderr
    assert {path.name for path in out.iterdir()} >= FILES
    page = (out / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "url(" not in page
    graph = nx.read_graphml(out / "graph.graphml")
    assert {data["type"] for _, data in graph.nodes(data=True)} == {"contact", "redirect", "tracker"}
    clusters = json.loads((out / "clusters.json").read_text())
    assert {data["cluster"] for _, data in graph.nodes(data=True)} == {item["id"] for item in clusters["items"]}
    for path in out.glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    run_anew(environment, "analyse", "--out", str(out), "--seed", "3")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_an_empty_graph_has_a_report_too(environment: dict[str, str], kinfold: Kinfold, tmp_path: Path) -> None:
    ran = run(environment, "analyse", "--out", str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert "Nothing stands out." in (tmp_path / "report.html").read_text()
    assert kinfold.anomalies.last()


def test_a_file_in_the_place_of_the_folder_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    ran = run(environment, "analyse", "--out", str(tmp_path / "taken"))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "not a folder" in ran.stderr
