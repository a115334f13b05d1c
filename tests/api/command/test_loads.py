"""The report of a load keeps what it holds, and takes no other file's place."""

import csv
import json
import os
from pathlib import Path

import pytest

from api.command.loads import Report, check
from api.terminal import Refusal
from graph.kinfold import Kinfold
from graph.loads.customers import Refused
from tests.command import run


def refused(row: int) -> Refused:
    return Refused(row, "email", "invalid", "this cannot be a key")


def rows(path: Path) -> list[tuple[str, int]]:
    if path.suffix == ".csv":
        with path.open(newline="") as text:
            return [(line["file"], int(line["row"])) for line in csv.DictReader(text)]
    return [(line["file"], line["row"]) for line in map(json.loads, path.read_text().splitlines())]


@pytest.mark.parametrize("name", ["report.csv", "report.ndjson"])
def test_a_report_goes_on_behind_what_is_committed_and_keeps_that_of_other_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    first = Report(path)
    first.begin(Path("a.csv"), 0)
    first.add([refused(1), refused(2)])
    first.begin(Path("b.csv"), 0)
    first.add([refused(3), refused(1_004)])
    first.close()
    with path.open("ab") as stream:
        stream.write(path.read_bytes()[-20:-5])  # killed while a line was written
    second = Report(path)
    second.check()
    second.begin(Path("b.csv"), 1_000)
    assert rows(path) == [("a.csv", 1), ("a.csv", 2), ("b.csv", 3)]
    second.add([refused(1_004)])
    second.close()
    assert rows(path) == [("a.csv", 1), ("a.csv", 2), ("b.csv", 3), ("b.csv", 1_004)]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mine.csv", "user_id,email\n1,a@example.com\n"),
        ("mine.csv", "file,line,field,rule,message,refused\nlog,1,,json,no,True\n"),
        ("mine.ndjson", '{"email": "a@example.com"}\n'),
        ("mine.ndjson", "dear diary\n"),
        ("mine.txt", "[1]\n"),
    ],
)
def test_a_file_that_is_no_such_report_is_left_alone(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(Refusal, match=f"{name} is there and is no report of rows"):
        check([], tmp_path / name, history=False)
    assert (tmp_path / name).read_text() == content


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refusal, match="pipe is a stream"):
        check([tmp_path / "pipe"], None, history=True)


def test_the_report_of_a_file_that_is_loaded_already_stays(
    environment: dict[str, str], kinfold: Kinfold, tmp_path: Path
) -> None:
    log, customers = tmp_path / "log.ndjson", tmp_path / "customers.csv"
    log.write_text('{"email": "a@example.com"}\nno json\n')
    customers.write_text("email\nno address\n")
    more = {**environment, "KINFOLD_HOME": str(tmp_path / "home")}
    for file, options in ((log, ["--history"]), (customers, [])):
        report = tmp_path / f"{file.stem}-report.ndjson"
        command = ["load", *options, str(file), "--report", str(report)]
        assert run(more, *command).returncode == 1
        written = report.read_text()
        assert len(written.splitlines()) == 1
        assert "was loaded before" in run(more, *command).stdout
        assert report.read_text() == written
