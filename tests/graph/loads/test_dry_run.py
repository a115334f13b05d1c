"""What a file would become is told before anything is written."""

import json
from pathlib import Path
from typing import Any

import pytest

from graph.kinfold import Kinfold
from graph.loads.several import Several, find_several
from graph.store.database import Database
from tests.command import run

TABLE = """\
user_id,email,tracker_id,properties.spent,properties.since
'7,ANA@example.com,t1,120.50,2024-03-01
7,ana2@example.com,,1.00,
8,ana@example.com,,3.00,
,nobody,,2.00,
9,ben@example.com,,0.50,2024-03-02 10:00
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "people.csv"
    file.write_text(TABLE)
    return file


def everything(database: Database) -> Any:
    return database.read(lambda tx: tx.run_text("MATCH (n:Contact|Key|Activity|Load) RETURN count(n) AS nodes"))


def test_a_dry_run_shows_how_rows_are_read_and_what_would_become_of_them(
    kinfold: Kinfold, database: Database, environment: dict[str, str], table: Path
) -> None:
    before = everything(database)
    ran = run(environment, "load", "--dry-run", "--rows", "4", "--json", table)
    assert ran.returncode == 1, ran.stderr
    [document] = json.loads(ran.stdout)["files"]
    assert (document["format"], document["encoding"], document["delimiter"]) == ("CSV", "utf-8-sig", ",")
    assert [(one["column"], one["field"], one["type"]) for one in document["columns"]] == [
        ("user_id", "user_id", "key"),
        ("email", "email", "key"),
        ("tracker_id", "tracker_id", "key"),
        ("properties.spent", "properties.spent", "number"),
        ("properties.since", "properties.since", "date"),
    ]
    first, second, third, fourth = document["rows"]
    assert first["reads"] == {
        "user_id": "7",
        "email": "ana@example.com",
        "tracker_id": "t1",
        "properties.spent": 120.5,
        "properties.since": "2024-03-01",
    }
    assert [(row["answer"] or {}).get("outcome") for row in document["rows"]] == ["created", "found", "created", None]
    assert [item["rule"] for item in third["told"]] == ["conflict"]
    assert "a row before" in third["told"][0]["message"]
    assert [(item["rule"], item["refused"]) for item in fourth["told"]] == [("invalid", True)]
    assert second["told"] == []
    assert everything(database) == before


def test_a_dry_run_is_read_by_people_too(kinfold: Kinfold, environment: dict[str, str], table: Path) -> None:
    ran = run(environment, "load", "--dry-run", "--rows", "1", table)
    assert ran.returncode == 0
    assert "properties.spent: properties.spent (number)" in ran.stdout
    assert 'user_id "7"' in ran.stdout
    assert "created by rule 2.1" in ran.stdout
    assert "1 value of user_id comes with several of email; the most has '7', with 2." in ran.stdout
    assert ran.stdout.endswith("Nothing was written.\n")
    assert run(environment, "load", "--rows", "1", table).returncode == 2
    assert run(environment, "load", "--dry-run", "--history", table).returncode == 2


def test_rows_that_are_there_already_are_told_as_such(kinfold: Kinfold, table: Path) -> None:
    kinfold.loads.load(table)
    foreseen = kinfold.loads.foresee(table, 5)
    # The first row of the person 7 would go back to what its second one changed; Ben's says what it said.
    assert [one.answer is not None and one.answer.duplicate for one in foreseen] == [False, True, True, False, True]


def test_ids_with_several_addresses_and_addresses_with_several_ids_are_told_before_anything_is_loaded(
    kinfold: Kinfold, database: Database, table: Path
) -> None:
    told: list[Several] = []

    def note(several: list[Several]) -> None:
        assert not kinfold.contacts.owners("email", "ben@example.com")
        told.extend(several)

    loaded = kinfold.loads.load(table, on_several=note)
    assert {(one.key, one.other): one.most for one in told} == {
        ("user_id", "email"): (("7", 2),),
        ("email", "user_id"): (("ana@example.com", 2),),
    }
    assert loaded.several == tuple(told)


def test_the_values_with_the_most_are_named_and_blocked_ones_are_not_counted(kinfold: Kinfold, tmp_path: Path) -> None:
    file = tmp_path / "many.csv"
    rows = [f"u{person},p{person}-{mail}@example.com" for person in range(9) for mail in range(person + 1)]
    file.write_text("user_id,email\n" + "\n".join([*rows, *(f"null,n{n}@example.com" for n in range(50))]))
    [one] = find_several(file, kinfold.blocking.current())
    assert (one.key, one.other, one.values) == ("user_id", "email", 8)
    assert one.most == (("u8", 9), ("u7", 8), ("u6", 7), ("u5", 6), ("u4", 5))


def test_nothing_is_told_of_a_key_whose_owner_was_erased(kinfold: Kinfold, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("user_id,email\n7,ana@example.com\n7,ana@example.org\n8,bob@example.com\n8,bob@example.org\n")
    assert [one.most for one in kinfold.loads.load(file).several] == [(("7", 2), ("8", 2))]
    kinfold.erasures.erase(kinfold.contacts.owners("user_id", "7")[0]["id"])
    again = kinfold.loads.load(file, anew=True).several
    assert [(one.values, one.most) for one in again] == [(1, (("8", 2),))]
    assert [item["subject"]["value"] for item in kinfold.anomalies.page("several_keys")[0]] == ["8"]
