"""Bulk loads leave what resolving the same events leaves, once, whatever happens in between."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.errors import BadInput, ClashError
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.loads.customers import Refused, read_customer, read_rows
from graph.loads.layouts import FileError
from graph.store.database import Database
from tests.command import run
from tests.conftest import empty
from tests.graph.loads.test_history import people as who_is_who

CENSUS = """\
CALL () { MATCH (n) WHERE NOT n:Migration AND NOT n:Schema AND NOT n:Load AND NOT n:Receipt
  RETURN labels(n)[0] AS what, count(*) AS times
  UNION ALL MATCH ()-[r]->() RETURN type(r) AS what, count(*) AS times }
RETURN what, times ORDER BY what
"""


def census(database: Database) -> dict[str, int]:
    rows = database.read(lambda tx: tx.run_text(CENSUS))
    return {row["what"]: row["times"] for row in rows}


def write_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="") as text:
        writer = csv.DictWriter(text, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def customers(count: int, prefix: str = "") -> list[dict[str, Any]]:
    return [
        {
            "user_id": f"{prefix}u{number}",
            "email": f"{prefix}p{number}@example.com",
            "tracker_id": f"{prefix}t{number}",
            "properties.country": "FR" if number % 2 else "DE",
            "created_at": "2020-01-02T03:04:05Z",
        }
        for number in range(count)
    ]


def people(kinfold: Kinfold, values: list[str]) -> list[dict[str, Any]]:
    found = []
    for value in values:
        for owner in kinfold.contacts.owners("email", value):
            whole = kinfold.contacts.get(owner["id"])
            found.append({name: whole[name] for name in ("kind", "emails", "user_ids", "trackers", "properties")})
    return found


def test_a_customer_is_found_by_each_of_its_keys(kinfold: Kinfold, tmp_path: Path) -> None:
    row = {
        "user_id": 42,
        "email": ["Ana@Example.com", "ana@work.example"],
        "tracker_id": ["phone", "laptop"],
        "subscription": ["push-1", "push-2"],
        "properties": json.dumps({"_name": "Ana", "age": 40, "likes": ["tea", "cats"]}),
        "created_at": datetime(2020, 1, 2, tzinfo=UTC),
    }
    file = tmp_path / "customers.parquet"
    pq.write_table(pa.Table.from_pylist([row]), file)
    loaded = kinfold.loads.load(file)
    assert (loaded.rows, loaded.loaded, loaded.created, loaded.refused) == (1, 1, 1, 0)
    (ana,) = kinfold.contacts.owners("user_id", "42")
    for key, value in (
        ("email", "ana@example.com"),
        ("email", "ana@work.example"),
        ("tracker_id", "phone"),
        ("tracker_id", "laptop"),
        ("subscription", "push-1"),
        ("subscription", "push-2"),
    ):
        assert [owner["id"] for owner in kinfold.contacts.owners(key, value)] == [ana["id"]]
    assert kinfold.contacts.get(ana["id"])["properties"] == {"_name": "Ana", "age": 40, "likes": ["tea", "cats"]}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_load_leaves_what_resolving_its_events_leaves(
    kinfold: Kinfold, database: Database, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Few keys, so that rows meet each other and what was there before in every way.
    random = Random(seed)
    monkeypatch.setattr("graph.loads.loads.ROWS_AT_ONCE", 7)
    rows: list[dict[str, Any]] = []
    for _ in range(120):
        row = {
            "user_id": f"u{random.randrange(30)}" if random.random() < 0.5 else "",
            "email": f"p{random.randrange(40)}@example.com" if random.random() < 0.6 else "",
            "tracker_id": f"t{random.randrange(60)}" if random.random() < 0.7 else "",
            "subscription": f"s{random.randrange(20)}" if random.random() < 0.3 else "",
            "properties.turn": random.randrange(5),
            "created_at": f"2020-01-0{random.randrange(1, 9)}T00:00:00Z",
        }
        rows.append(row)
    before = [read_event({"tracker_id": f"t{number}", "message_id": f"b{number}"}) for number in range(0, 60, 7)] + [
        read_event({"email": f"p{number}@example.com", "message_id": f"e{number}"}) for number in range(0, 40, 9)
    ]
    kinfold.resolver.resolve(before)
    loaded = kinfold.loads.load(write_csv(tmp_path / "rows.csv", rows))
    # Of a file it is told which ids came with several addresses; one event after the other tells nobody.
    ours = {what: times for what, times in census(database).items() if what not in ("Finding", "ABOUT")}
    who = people(kinfold, [f"p{number}@example.com" for number in range(40)])
    empty(database)
    kinfold.resolver.resolve(before)
    refused = 0
    for number, row in enumerate(rows, start=1):
        try:
            customer = read_customer(number, {name: value for name, value in row.items() if value != ""})
        except BadInput:
            refused += 1
            continue
        for event in customer.events:
            kinfold.resolver.resolve([event])
    assert ours == census(database)
    assert [{**one, "trackers": len(one["trackers"])} for one in who] == [
        {**one, "trackers": len(one["trackers"])}
        for one in people(kinfold, [f"p{number}@example.com" for number in range(40)])
    ]
    assert loaded.refused == refused > 0


def test_loading_twice_changes_nothing(kinfold: Kinfold, database: Database, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "customers.csv", customers(50))
    first = kinfold.loads.load(file)
    after = census(database)
    again = kinfold.loads.load(file)
    assert (first.before, again.before) == (False, True)
    assert (again.loaded, again.created) == (first.loaded, first.created) == (50, 50)
    # The same rows in another file, in another order, and the same file gone through anew.
    other = kinfold.loads.load(write_csv(tmp_path / "other.csv", customers(50)[::-1]))
    anew = kinfold.loads.load(file, anew=True)
    assert (other.loaded, other.repeated, anew.loaded, anew.repeated) == (0, 50, 0, 50)
    assert census(database) == after


def test_what_breaks_a_rule_is_reported_with_row_field_and_rule(kinfold: Kinfold, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"email": "ana@example.com"},
        {"properties.age": "3"},
        {"email": "no address", "user_id": "7"},
        {"email": "noreply@example.com"},
        {"email": "ben@example.com", "created_at": "yesterday"},
        {"email": '["a@example.com", "b@example.com"]'},
        {"tracker_id": '["x", "y"]'},
        {"email": "eva@example.com", "properties": '{"a": {"b": 1}}'},
        {"email": "eva@example.com", "properties": "{"},
        {"email": '["a@example.com", 5]', "user_id": "8"},
    ]
    said: list[Refused] = []
    loaded = kinfold.loads.load(write_csv(tmp_path / "rows.csv", rows), on_refused=said.extend)
    assert [(item.row, item.field, item.rule, item.refused) for item in said] == [
        (2, "", "no_key", True),
        (3, "email", "invalid", False),
        (4, "email", "blocked", True),
        (5, "created_at", "time", True),
        (6, "email", "tied", True),
        (7, "tracker_id", "tied", True),
        (8, "properties.a", "value", True),
        (9, "properties", "json", True),
        (10, "email", "type", True),
    ]
    assert (loaded.rows, loaded.loaded, loaded.refused) == (10, 2, 8)
    assert kinfold.contacts.owners("email", "eva@example.com") == []


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("email,colour", "no column 'colour'"),
        ("email,email", "'email' is there twice"),
        ("properties.age", "none of its columns is a key"),
        ("", "no column 'a@example.com'"),
        (",", "no column 'a@example.com'"),
        ("email;colour", "no column 'email;colour'"),
    ],
)
def test_a_file_with_other_columns_is_refused_whole(kinfold: Kinfold, tmp_path: Path, header: str, words: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"{header}\na@example.com,1\n")
    with pytest.raises(FileError, match=words):
        kinfold.loads.load(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 and no more", "save the sheet as CSV"),
        (b"\x1f\x8b and no more", "packed with gzip"),
        (b"PAR1 and no more", "cannot be read as Parquet"),
        (b'email\n"a@example.com', "line 2: this is no CSV"),
        (("email\n" + "ä@example.com\n" * 40_000).encode() + b"b\xff@example.com\n", "line 40002: this is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_place(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(content)
    with pytest.raises(FileError, match=f"{file}.*{words}"):
        list(read_rows(file))


def test_parquet_that_is_damaged_inside_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"user_id": [f"u{number}" for number in range(30_000)]}), file)
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(whole[:middle] + Random(1).randbytes(400) + whole[middle + 400 :])
    with pytest.raises(FileError, match=f"{file}: this cannot be read as Parquet"):
        list(read_rows(file))


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"properties": {"photo": b"x"}}, "properties.photo"),
        ({"properties": [(1, "x")]}, "properties"),
        ({"created_at": b"x"}, "created_at"),
        ({"email": 2**70}, "email"),
    ],
)
def test_a_value_of_parquet_that_json_has_not_is_refused_by_the_name_of_its_column(
    row: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        read_customer(1, {"user_id": "7", **row})
    assert [error.field for error in refused.value.errors] == [field]


def test_created_contacts_are_in_the_feed(kinfold: Kinfold, tmp_path: Path) -> None:
    kinfold.loads.load(write_csv(tmp_path / "customers.csv", customers(3)))
    changes, _ = kinfold.feed.page(limit=100)
    assert [change["kind"] for change in changes] == ["created"] * 3


def test_a_load_that_fails_goes_on_behind_its_last_batch(
    kinfold: Kinfold, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.loads.loads.ROWS_AT_ONCE", 10)
    rows = [*customers(25), {"email": "noreply@example.com"}, *customers(9, "z")]
    file = write_csv(tmp_path / "customers.csv", rows)
    kinfold.loads.load(file)
    whole = census(database)
    empty(database)
    begun: list[int] = []
    for stop_at in (10, 20, 30):

        def stop(done: int, stop_at: int = stop_at) -> None:
            if done == stop_at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            kinfold.loads.load(file, on_begin=begun.append, on_progress=stop)
    loaded = kinfold.loads.load(file, on_begin=begun.append)
    assert begun == [0, 10, 20, 30]
    assert (loaded.rows, loaded.loaded, loaded.created, loaded.refused, loaded.repeated) == (35, 34, 34, 1, 0)
    assert census(database) == whole


def test_a_file_that_two_processes_load_is_loaded_by_one(kinfold: Kinfold, database: Database, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "customers.csv", customers(5))

    def intrude(_: int) -> None:
        Kinfold.on(database, kinfold.settings).loads.load(file)

    with pytest.raises(ClashError, match="Another process"):
        kinfold.loads.load(file, on_begin=intrude)
    assert census(database)["Contact"] == 5


def test_a_load_that_is_killed_loses_nothing_and_does_nothing_twice(
    kinfold: Kinfold, database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = customers(6_000)
    for number in range(0, 6_000, 500):
        rows[number] = {"email": f"noreply@host{number}.example"}
    file = write_csv(tmp_path / "customers.csv", rows)
    report = tmp_path / "refused.ndjson"
    command = [
        sys.executable,
        "-c",
        "from api.command.program import main; main()",
        "load",
        str(file),
        "--report",
        str(report),
    ]
    kills = 0
    while kills < 3:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = done(database)
        while process.poll() is None and done(database) <= before:
            time.sleep(0.01)
        if process.poll() is not None:
            break
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
    assert kills
    assert 0 < done(database) < 6_000
    ran = run(environment, "load", str(file), "--report", str(report), "--json")
    assert ran.returncode == 1, ran.stderr
    (told,) = json.loads(ran.stdout)["files"]
    assert (told["rows"], told["loaded"], told["created"], told["refused"]) == (6_000, 5_988, 5_988, 12)
    after = census(database)
    assert (after["Contact"], after["Email"], after["Activity"], after["Change"]) == (5_988,) * 4
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [line["row"] for line in lines] == [number + 1 for number in range(0, 6_000, 500)]
    found = who_is_who(database)
    empty(database)
    for start in range(0, 6_000, 500):
        events = [
            event
            for number, row in enumerate(rows[start + 1 : start + 500], start=start + 2)
            for event in read_customer(number, row).events
        ]
        kinfold.resolver.resolve(events)
    assert found == who_is_who(database)


def done(database: Database) -> int:
    rows = database.read(lambda tx: tx.run_text("MATCH (l:Load) RETURN l.rows AS rows"))
    return rows[0]["rows"] if rows else 0


def test_the_command_says_what_came_of_a_file(environment: dict[str, str], kinfold: Kinfold, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "customers.csv", [*customers(3), {"email": "noreply@example.com"}])
    report = tmp_path / "refused.csv"
    ran = run(environment, "load", str(file), "--report", str(report))
    assert (ran.returncode, "4 rows; 3 new, of which 3 made a contact" in ran.stdout) == (1, True), ran.stderr
    with report.open(newline="") as text:
        assert [(line["row"], line["field"], line["rule"]) for line in csv.DictReader(text)] == [
            ("4", "email", "blocked")
        ]
    again = run(environment, "load", str(file))
    assert "was loaded before; nothing changed" in again.stdout
    missing = run(environment, "load", str(tmp_path / "nothing.csv"))
    assert (missing.returncode, missing.stdout) == (2, "")
