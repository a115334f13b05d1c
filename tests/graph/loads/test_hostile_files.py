"""Files that are small and stand for much: refused by row or by file, and never held in memory as a whole."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.errors import BadInput
from graph.loads.customers import read_customer, read_rows
from graph.loads.layouts import FileError

BIG = "x" * 1_000_000


def bomb(path: Path) -> None:
    """A file of a few kilobytes whose thousand rows stand for three gigabytes."""
    texts = pa.array([BIG] * 100)
    listed = pa.array([[BIG]] * 100)
    mapped = pa.array([[("k", BIG)]] * 100, pa.map_(pa.string(), pa.string()))
    users = pa.array([f"u{number}" for number in range(1_000)])
    table = pa.table(
        {
            "user_id": users,
            "email": pa.chunked_array([texts] * 10),
            "tracker_id": pa.chunked_array([listed] * 10),
            "properties": pa.chunked_array([mapped] * 10),
        }
    )
    pq.write_table(table, path, compression="zstd", dictionary_pagesize_limit=1 << 30)


def test_rows_of_a_parquet_bomb_are_refused_one_by_one(tmp_path: Path) -> None:
    bomb(tmp_path / "bomb.parquet")
    assert (tmp_path / "bomb.parquet").stat().st_size < 100_000
    [rows] = read_rows(tmp_path / "bomb.parquet")
    assert [number for number, _ in rows] == list(range(1, 1_001))
    for number, row in rows:
        with pytest.raises(BadInput, match="at most 32768 bytes"):
            read_customer(number, row)


def test_a_list_without_end_is_a_file_that_is_refused(tmp_path: Path) -> None:
    table = pa.table({"email": ["a@example.com"], "tracker_id": pa.array([[None] * 2_000_000], pa.list_(pa.string()))})
    pq.write_table(table, tmp_path / "list.parquet", compression="zstd")
    with pytest.raises(FileError, match="stands for"):
        list(read_rows(tmp_path / "list.parquet"))


def test_texts_lists_and_maps_are_read_as_before(tmp_path: Path) -> None:
    table = pa.table(
        {
            "email": ["ana@example.com", None],
            "tracker_id": [["t1", "t2"], None],
            "user_id": pa.array(["1", "1"]).dictionary_encode(),
            "properties": pa.array([[("city", "Lyon")], None], pa.map_(pa.string(), pa.string())),
            "properties.age": [40, 41],
        }
    )
    pq.write_table(table, tmp_path / "fine.parquet")
    assert list(read_rows(tmp_path / "fine.parquet")) == [
        [
            (
                1,
                {
                    "email": "ana@example.com",
                    "tracker_id": ["t1", "t2"],
                    "user_id": "1",
                    "properties": [("city", "Lyon")],
                    "properties.age": 40,
                },
            ),
            (2, {"email": None, "tracker_id": None, "user_id": "1", "properties": None, "properties.age": 41}),
        ]
    ]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_line_of_csv_that_is_longer_than_any_row_names_its_place(tmp_path: Path, quote: str) -> None:
    path = tmp_path / "long.csv"
    path.write_text(f"email,properties.a\nana@example.com,1\nben@example.com,{quote}{BIG}{quote}\n")
    with pytest.raises(FileError, match="line 3: this line is longer"):
        next(read_rows(path, at_once=1))


def test_a_quote_that_is_never_closed_ends_the_file(tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    path.write_text('email\n"' + "a\n" * 500_000)
    with pytest.raises(FileError, match="field larger"):
        list(read_rows(path))


def test_a_byte_that_is_no_text_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "damaged.csv"
    path.write_bytes(b"email\n" + "zoë@example.com\n".encode() * 40_000 + b"b\xe9n@example.com\n")
    with pytest.raises(FileError, match="line 40002: this is not UTF-8"):
        list(read_rows(path))


READ = """
import resource, sys
from pathlib import Path
from graph.loads.customers import read_rows
from graph.loads.layouts import FileError
from graph.logs.ndjson import raw_lines
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
path = Path(sys.argv[1])
if path.suffix == ".ndjson":
    with path.open("rb") as stream:
        print([(number, raw) for number, raw, _ in raw_lines(stream)])
else:
    try:
        print(len(list(read_rows(path))))
    except FileError as error:
        print("line" in str(error))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("name", ["long.csv", "long.ndjson"])
def test_a_line_of_200_megabytes_is_never_held(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as stream:
        stream.write(b"email\n" if name.endswith("csv") else b'{"email": "')
        for _ in range(200):
            stream.write(b"x" * 1024 * 1024)
        stream.write(b'"}\n{"tracker_id": "t1"}\n')
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    found, kilobytes = done.stdout.split("\n")[:2]
    assert int(kilobytes) < 50_000
    assert found == ("True" if name.endswith("csv") else """[(1, None), (2, b'{"tracker_id": "t1"}')]""")
