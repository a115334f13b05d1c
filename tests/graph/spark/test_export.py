"""An exported graph is whole, whatever stops the export in between."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from graph.kinfold import Kinfold
from graph.spark.export import export_graph
from graph.spark.tables import TABLES, ExportError, parts, read_manifest
from tests.graph.analysis import worlds
from tests.graph.spark.rows import Rows, random_rows


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONTACTS_A_PAGE", "ACTIVITIES_A_PAGE", "UNIONS_A_PAGE"):
        monkeypatch.setattr(f"graph.analysis.reading.{name}", 7)
    monkeypatch.setattr("graph.spark.export.PAGES_A_PART", 2)


def tables(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {name: [row for path in parts(folder, name) for row in pq.read_table(path).to_pylist()] for name in TABLES}


class Stopped(Exception):
    pass


class Stopping(Rows):
    """Stops at the n-th statement, as a process that is killed does."""

    def __init__(self, rows: Rows, after: int) -> None:
        super().__init__(rows.tables)
        self.after = after

    def run(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        self.after -= 1
        if self.after < 0:
            raise Stopped
        return super().run(statement, **parameters)


def test_an_export_that_is_stopped_anywhere_is_carried_on(tmp_path: Path) -> None:
    rows = random_rows(3, contacts=40)
    export_graph(rows, tmp_path / "whole")
    whole = tables(tmp_path / "whole")
    assert all(whole.values())
    for after in range(6, 90, 12):
        folder = tmp_path / f"stopped-{after}"
        stops = 0
        while True:
            try:
                export_graph(Stopping(rows, after), folder)
                break
            except Stopped:
                stops += 1
                assert stops < 200
                # A part that was being written when the machine went away.
                if (folder / "contacts").is_dir():
                    (folder / "contacts" / "part-00099.parquet").write_bytes(b"half of it")
        assert tables(folder) == whole
        assert not (folder / "contacts" / "part-00099.parquet").exists()


def test_what_was_finished_is_not_read_again(tmp_path: Path) -> None:
    rows = random_rows(3, contacts=40)
    with pytest.raises(Stopped):
        export_graph(Stopping(rows, 8), tmp_path / "graph")
    manifest = read_manifest(tmp_path / "graph")
    assert manifest
    done = manifest["rows"]["contacts"]
    assert 0 < done < 40
    again = Stopping(rows, 1_000)
    export_graph(again, tmp_path / "graph")
    assert again.asked.count("analysis.contacts") <= (40 - done) // 7 + 1


def test_a_folder_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    rows = random_rows(3, contacts=5)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ExportError, match="not empty"):
        export_graph(rows, tmp_path / "mine")
    with pytest.raises(ExportError, match="not empty"):
        export_graph(rows, tmp_path / "mine", anew=True)
    (tmp_path / "mine" / "manifest.json").write_text('{"name": "a page"}')
    with pytest.raises(ExportError, match="not empty"):
        export_graph(rows, tmp_path / "mine", anew=True)
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["letter.txt", "manifest.json"]
    export_graph(rows, tmp_path / "done")
    (tmp_path / "done" / "contacts" / "notes.txt").write_text("looked at on Monday")
    with pytest.raises(ExportError, match="was finished"):
        export_graph(rows, tmp_path / "done")
    export_graph(rows, tmp_path / "done", anew=True)
    assert (tmp_path / "done" / "contacts" / "notes.txt").exists()
    with pytest.raises(ExportError, match="no exported graph"):
        parts(tmp_path / "nothing", "contacts")
    with pytest.raises(Stopped):
        export_graph(Stopping(rows, 5), tmp_path / "half")
    with pytest.raises(ExportError, match="not finished"):
        parts(tmp_path / "half", "contacts")


def test_an_export_of_another_database_is_not_carried_on(tmp_path: Path, kinfold: Kinfold) -> None:
    rows = random_rows(3, contacts=40)
    with pytest.raises(Stopped):
        export_graph(Stopping(rows, 8), tmp_path / "graph")
    with pytest.raises(ExportError, match="another database"):
        export_graph(kinfold.database, tmp_path / "graph")


class Erased(Rows):
    """The same graph without one contact, which was erased."""

    def __init__(self, rows: Rows, contact: str) -> None:
        super().__init__(rows.tables | {"contacts": [row for row in rows.tables["contacts"] if row["id"] != contact]})

    def run(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        found = super().run(statement, **parameters)
        return [{"begun": 1, "pending": 0}] if statement == "privacy.erasures" else found


def test_an_export_that_is_carried_on_begins_anew_when_somebody_was_erased_since(tmp_path: Path) -> None:
    rows, folder = random_rows(3, contacts=40), tmp_path / "graph"
    with pytest.raises(Stopped):
        export_graph(Stopping(rows, 8), folder)
    written = {row["id"] for path in (folder / "contacts").glob("*.parquet") for row in pq.read_table(path).to_pylist()}
    assert "c0000" in written
    export_graph(Erased(rows, "c0000"), folder)
    found = tables(folder)
    assert {row["id"] for row in found["contacts"]} == {f"c{number:04}" for number in range(1, 40)}
    assert "c0000" not in {row["contact"] for row in found["ownerships"]}


def test_everything_that_is_in_the_graph_is_in_the_export(kinfold: Kinfold, tmp_path: Path) -> None:
    events = [
        {"tracker_id": "ta", "email": "ana@example.com"},
        {"tracker_id": "tb", "email": "ben@example.com", "subscription": "push-b"},
        {"tracker_id": "ta", "subscription": "push-b"},
        *worlds.role_address(5),
        *worlds.far_apart(),
    ]
    worlds.send(kinfold, events)
    manifest = export_graph(kinfold.database, tmp_path / "graph")
    sizes = kinfold.database.read(lambda tx: tx.run("analysis.sizes"))[0]
    rows = manifest["rows"]
    assert (rows["contacts"], rows["ownerships"], rows["unions"], rows["activity"]) == (
        sizes["contacts"],
        sizes["owned"],
        sizes["unions"],
        sizes["activities"],
    )
    found = tables(tmp_path / "graph")
    assert len(found["redirects"]) == sizes["redirects"]
    (conflict,) = found["conflicts"]
    (ana,) = kinfold.contacts.owners("email", "ana@example.com")
    assert (conflict["subscription"], conflict["owner"]) == ("push-b", ana["id"])
    assert {row["value"] for row in found["ownerships"] if row["shared"]} == {"push-b"}
    assert {union["cause"]["value"] for union in found["unions"]} == {"info@firm.example"}
