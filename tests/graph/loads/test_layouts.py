"""Files are read as the world writes them: whatever their encoding, delimiter, headers, types and times."""

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.errors import BadInput
from graph.identity.decision.facts import Limits
from graph.identity.namespaces import KeyClass, Namespace, Namespaces
from graph.kinfold import Kinfold
from graph.loads.customers import Refused, columns_of, read_customer, read_rows
from graph.loads.layouts import FileError, Layout, read_mapping, read_types
from graph.loads.values import ColumnType
from graph.store.database import Database


def rows(file: Path, **said: Any) -> list[dict[str, Any]]:
    return [row for batch in read_rows(file, layout=Layout(**said)) for _, row in batch]


def write(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    file = folder / "rows.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return file


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1252", "latin-1"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found_out(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = [["user_id", "email", "properties.nom"], ["00042", "zoe@example.com", "Zoë, née"], ["7", "", "a;b"]]
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert rows(write(tmp_path, text, encoding)) == [
        {"user_id": "00042", "email": "zoe@example.com", "properties.nom": "Zoë, née"},
        {"user_id": "7", "properties.nom": "a;b"},
    ]


def test_what_is_said_of_a_file_goes_before_what_is_found_out(tmp_path: Path) -> None:
    text = "user_id~properties.nom\n1~Łódź\n"
    assert rows(write(tmp_path, text, "iso8859-2"), delimiter="~", encoding="iso8859-2") == [
        {"user_id": "1", "properties.nom": "Łódź"}
    ]
    with pytest.raises(FileError, match="no such encoding"):
        rows(tmp_path / "rows.csv", encoding="utf-9")
    with pytest.raises(FileError, match="one character"):
        rows(tmp_path / "rows.csv", delimiter="~~")


def test_a_line_by_which_excel_names_its_delimiter_is_no_header(tmp_path: Path) -> None:
    assert rows(write(tmp_path, "sep=;\nuser_id;email\n1;a@example.com\n")) == [
        {"user_id": "1", "email": "a@example.com"}
    ]


@pytest.mark.parametrize("header", ["User_ID,E Mail", "user id, email", "USERID,Email", "user-id,EMAIL"])
def test_headers_are_matched_without_case_blanks_and_underscores(tmp_path: Path, header: str) -> None:
    assert rows(write(tmp_path, f"{header}\n1,a@example.com\n")) == [{"user_id": "1", "email": "a@example.com"}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Total Spent,Phone,Tags\n"
            "'6789,Ana,Díaz,ana@example.com,yes,120.50,'+34600000000,\"vip, es\"\n",
            {
                "user_id": "'6789",
                "properties._name": "Ana",
                "properties._surname": "Díaz",
                "email": "ana@example.com",
                "properties.accepts_email_marketing": "yes",
                "properties.total_spent": 120.5,
                "properties.phone": "+34600000000",
                "properties.tags": "vip, es",
            },
        ),
        (
            "Record ID - Contact,First Name,Last Name,Email,Create Date (EDT)\n"
            "151,Ben,Ode,ben@example.com,2024-03-01 10:00\n",
            {
                "properties.record_id_contact": 151,
                "properties._name": "Ben",
                "properties._surname": "Ode",
                "email": "ben@example.com",
                "properties.create_date_edt": "2024-03-01T10:00:00Z",
            },
        ),
        (
            "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,LAST_CHANGED\n"
            "eva@example.com,Eva,Ek,2,2024-03-01 10:00:00,2024-04-01 10:00:00\n",
            {
                "email": "eva@example.com",
                "properties._name": "Eva",
                "properties._surname": "Ek",
                "properties.member_rating": 2,
                "properties.optin_time": "2024-03-01T10:00:00Z",
                "created_at": "2024-04-01 10:00:00",
            },
        ),
    ],
    ids=["shopify", "hubspot", "mailchimp"],
)
def test_exports_of_known_products_need_no_mapping(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    assert rows(write(tmp_path, text)) == [expected]


def test_a_misspelt_column_is_still_refused_and_a_mapping_is_offered(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"no column 'emial'.*--map"):
        rows(write(tmp_path, "user_id,emial\n1,a@example.com\n"))


def test_a_mapping_says_which_field_a_column_is(tmp_path: Path) -> None:
    file = write(tmp_path, "Kundennummer;Mail;Notiz;PLZ;Umsatz\n7;a@example.com;geheim;01067;1.5\n")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("kundennummer: user_id\nMail: email\nNotiz: null\nPLZ: properties.zip\n'*': properties\n")
    assert rows(file, mapping=read_mapping(mapping)) == [
        {"user_id": "7", "email": "a@example.com", "properties.zip": "01067", "properties.umsatz": 1.5}
    ]


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("Mail: adress", "no field 'adress'"),
        ("Mail: email\nNummer: user_id", "'Nummer' that is not there"),
        ("- Mail", "a line for each column"),
        ("Mail: [email]", "are texts"),
        ("Mail: {", "line 2|line 1"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(tmp_path: Path, mapping: str, words: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(mapping)
    with pytest.raises(FileError, match=words):
        rows(write(tmp_path, "Mail\na@example.com\n"), mapping=read_mapping(path))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["8", "18", "-100"], [8, 18, -100]),
        (["120.50", "7", "0"], [120.5, 7, 0]),
        (["00042", "7"], ["00042", "7"]),
        (["1234567890123456789"], ["1234567890123456789"]),
        (["1e5", "3"], ["1e5", "3"]),
        (["12", "n/a", "-"], [12, None, None]),
        (["12", "twelve"], ["12", "twelve"]),
        (["12", "NULL", "NaN"], [12, None, None]),
        (["NULL", "x"], ["NULL", "x"]),
        (["TRUE", "False"], [True, False]),
        (["true", "maybe"], ["true", "maybe"]),
        (["2024-03-01", "2024-12-31"], ["2024-03-01", "2024-12-31"]),
        (
            ["2024-03-01 10:00:00", "2024-03-01 10:00:00.5 +0100"],
            ["2024-03-01T10:00:00Z", "2024-03-01T09:00:00.500000Z"],
        ),
        (["2024-02-30"], ["2024-02-30"]),
        (["01/02/2024", "13/02/2024"], ["2024-02-01", "2024-02-13"]),
        (["01/02/2024", "02/13/2024"], ["2024-01-02", "2024-02-13"]),
        (["01/02/2024", "02/01/2024"], ["01/02/2024", "02/01/2024"]),
        (["13/02/2024", "02/13/2024"], ["13/02/2024", "02/13/2024"]),
        (["'=1+1", "'tis"], ["=1+1", "'tis"]),
    ],
)
def test_the_type_of_a_column_is_the_one_that_all_its_cells_have(
    tmp_path: Path, cells: list[str], expected: list[Any]
) -> None:
    lines = "".join(f'{number},"{cell}"\n' for number, cell in enumerate(cells))
    read = rows(write(tmp_path, f"user_id,properties.a\n{lines}"))
    assert [row.get("properties.a") for row in read] == expected
    assert [type(row.get("properties.a")) for row in read] == [type(value) for value in expected]


def test_types_can_be_said_and_a_cell_that_does_not_fit_refuses_its_row(kinfold: Kinfold, tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "user_id,properties.zip,properties.news,properties.born,properties.age\n"
        "1,75001,yes,24/12/1990,40\n2,69001,no,12/24/1990,41\n3,13001,1,01/02/1991,x\n",
    )
    said = ["properties.zip=text", "properties.news=boolean", "properties.born=date:%d/%m/%Y", "properties.age=number"]
    refused: list[Refused] = []
    loaded = kinfold.loads.load(file, layout=Layout(types=read_types(said)), on_refused=refused.extend)
    assert [(item.row, item.field, item.rule) for item in refused] == [
        (2, "properties.born", "type"),
        (3, "properties.age", "type"),
    ]
    assert (loaded.loaded, loaded.refused) == (1, 2)
    (one,) = kinfold.contacts.owners("user_id", "1")
    assert kinfold.contacts.get(one["id"])["properties"] == {
        "zip": "75001",
        "news": True,
        "born": "1990-12-24",
        "age": 40,
    }
    for wrong in ("zip", "zip=integer", "zip=text:%d"):
        with pytest.raises(FileError, match="--types"):
            read_types([wrong])


def test_the_columns_of_a_file_can_be_asked_for(tmp_path: Path) -> None:
    file = write(tmp_path, "User ID,properties.age\n1,4\n")
    assert [(column.field, column.type) for column in columns_of(file)] == [
        ("user_id", ColumnType.TEXT),
        ("properties.age", ColumnType.NUMBER),
    ]


TIMES = [
    ("2024-03-01 10:00:00 UTC", "2024-03-01T10:00:00Z"),
    ("2024-03-01 10:00:00 +0100", "2024-03-01T09:00:00Z"),
    ("2024-03-01 10:00:00+00", "2024-03-01T10:00:00Z"),
    ("2024-03-01 10:00:00.123456789 UTC", "2024-03-01T10:00:00.123456Z"),
    ("2024-03-01T10:00:00+01:00", "2024-03-01T09:00:00Z"),
    ("2024-03-01 10:00:00", "2024-03-01T10:00:00Z"),
    ("2024-03-01 10:00", "2024-03-01T10:00:00Z"),
    ("2024/03/01 10:00:00", "2024-03-01T10:00:00Z"),
    ("2024-03-01", "2024-03-01T00:00:00Z"),
    ("20240301", "2024-03-01T00:00:00Z"),
    ("1709287200", "2024-03-01T10:00:00Z"),
    ("1709287200000", "2024-03-01T10:00:00Z"),
    ("1709287200000000", "2024-03-01T10:00:00Z"),
    (1709287200000000, "2024-03-01T10:00:00Z"),
]


@pytest.mark.parametrize(("written", "expected"), TIMES)
def test_times_of_warehouses_and_spreadsheets_are_read(written: Any, expected: str) -> None:
    (event,) = read_customer(1, {"user_id": "1", "created_at": written}).events
    assert event.occurred_at is not None
    assert event.occurred_at.isoformat().replace("+00:00", "Z") == expected


def test_parquet_says_numbers_ids_and_nothing_as_tables_have_them(tmp_path: Path) -> None:
    table = pa.table(
        {
            "user_id": pa.array([42.0, 43.0], pa.float64()),
            "tracker_id": pa.array([7, 8], pa.int64()),
            "properties.price": pa.array([Decimal("1.50"), Decimal("2.00")], pa.decimal128(10, 2)),
            "properties.score": pa.array([math.nan, 0.5], pa.float64()),
        }
    )
    file = tmp_path / "rows.parquet"
    pq.write_table(table, file)
    events = [read_customer(number, row).events[0] for batch in read_rows(file) for number, row in batch]
    assert [(event.user_id, event.tracker_id, event.properties) for event in events] == [
        ("42", "7", {"price": 1.5}),
        ("43", "8", {"price": 2, "score": 0.5}),
    ]


def test_ids_that_a_table_wrote_as_floats_are_their_digits(tmp_path: Path) -> None:
    assert [row["user_id"] for row in rows(write(tmp_path, "user_id\n42.0\n43.0\n"))] == ["42", "43"]
    assert [row["user_id"] for row in rows(write(tmp_path, "user_id\n42.0\n43.5\n"))] == ["42.0", "43.5"]


def test_a_row_changes_nothing_only_while_it_says_what_the_last_one_said(
    kinfold: Kinfold, database: Database, tmp_path: Path
) -> None:
    def load(plan: str, other: str) -> tuple[int, int]:
        loaded = kinfold.loads.load(write(tmp_path, f"user_id,properties.plan,properties.n\n1,{plan},{other}\n2,a,0\n"))
        return loaded.loaded, loaded.repeated

    assert [load("free", "1"), load("pro", "1"), load("free", "1"), load("free", "2"), load("pro", "1")] == [
        (2, 0),
        (1, 1),
        (1, 1),
        (1, 1),
        (1, 1),
    ]
    (one,) = kinfold.contacts.owners("user_id", "1")
    assert kinfold.contacts.get(one["id"])["properties"] == {"plan": "pro", "n": 1}


def test_a_value_that_goes_back_is_loaded_and_the_same_once_more_is_not(kinfold: Kinfold, tmp_path: Path) -> None:
    found = []
    for number, plan in enumerate(("free", "pro", "free", "free")):
        file = write(tmp_path, f"user_id,properties.plan\n1,{plan}\nx{number},\n")
        loaded = kinfold.loads.load(file)
        found.append((loaded.loaded, loaded.repeated))
    assert found == [(2, 0), (2, 0), (2, 0), (1, 1)]
    (one,) = kinfold.contacts.owners("user_id", "1")
    assert kinfold.contacts.get(one["id"])["properties"] == {"plan": "free"}
    activity, _ = kinfold.contacts.activity(one["id"], limit=10)
    assert len(activity) == 3


def test_erasure_takes_what_the_last_row_said(kinfold: Kinfold, database: Database, tmp_path: Path) -> None:
    kinfold.loads.load(write(tmp_path, "user_id,properties.plan\n1,free\n"))
    question = "MATCH (n) WHERE n.last_row IS NOT NULL RETURN count(n) AS count"
    assert database.read(lambda tx: tx.run_text(question))[0]["count"] == 1
    (one,) = kinfold.contacts.owners("user_id", "1")
    kinfold.erasures.erase(one["id"])
    assert database.read(lambda tx: tx.run_text(question))[0]["count"] == 0


def test_what_a_row_lost_is_counted_and_told(kinfold: Kinfold, tmp_path: Path) -> None:
    kinfold.resolver.limits = Limits(max_trackers=2)
    file = write(
        tmp_path,
        "user_id,email,tracker_id,subscription\n"
        "1,family@example.com,,s1\n"
        "2,family@example.com,,\n"
        '3,c@example.com,"[""t1"", ""t2"", ""t3""]",\n'
        "4,d@example.com,,s1\n"
        "5,noreply@example.com,,\n",
    )
    said: list[Refused] = []
    loaded = kinfold.loads.load(file, on_refused=said.extend)
    assert [(item.row, item.field, item.rule, item.refused) for item in said] == [
        (2, "email", "conflict", False),
        (3, "", "limit", False),
        (4, "subscription", "shared", False),
        (5, "email", "blocked", False),
    ]
    assert (loaded.conflicts, loaded.limited, loaded.shared, loaded.refused) == (1, 1, 1, 0)
    assert json.dumps([item.document() for item in said]).count('"refused": false') == 4


def test_several_trackers_of_a_row_are_tied_by_a_key_of_any_namespace_of_persons() -> None:
    declared = Namespaces.of([Namespace("card", KeyClass.PERSON), Namespace("phone", KeyClass.PERSON, priority=5)])
    row = {"card": "c1", "phone": "p1", "tracker_id": '["t1", "t2"]', "subscription": '["s1", "s2"]'}
    first, *others = read_customer(1, row, declared).events
    assert first.keys == {"card": ["c1"], "phone": ["p1"]}
    assert [(event.tracker_id, event.subscription, event.keys) for event in others] == [
        ("t2", None, {"phone": ["p1"]}),
        (None, "s2", {"phone": ["p1"]}),
    ]
    with pytest.raises(BadInput, match="key of a person"):
        read_customer(1, {**row, "card": None, "phone": None}, declared)
