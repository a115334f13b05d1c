"""Statement files say what they do: headers are held against bodies, and every body against the database."""

import logging
from pathlib import Path

import pytest

from graph.store.database import REPEATABLE, Database
from graph.store.statements import CYPHER, Statement, StatementError, load_statements, parse_statement

READS = """\
// name: folder.text
// purpose: Read one thing.
// parameters: value
// columns: id, kind
// access: read
MATCH (n:Thing {value: $value})
RETURN n.id AS id, n.kind AS kind
"""


def variant(old: str, new: str, text: str = READS) -> str:
    assert old in text
    return text.replace(old, new)


def parsed(text: str) -> Statement:
    return parse_statement("folder.text", text)


def test_a_statement_that_keeps_its_promises_is_read() -> None:
    statement = parsed(READS)
    assert statement.parameters == {"value"}
    assert statement.columns == ("id", "kind")
    assert statement.purpose == "Read one thing."
    assert not statement.writes
    # Parameters travel in one map, so that the size of a list is no reason to plan anew.
    assert statement.text.splitlines()[0] == "MATCH (n:Thing {value: $given.value})"


@pytest.mark.parametrize("field", ["name", "purpose", "parameters", "columns", "access"])
def test_a_header_that_lacks_a_field_is_refused_by_its_name(field: str) -> None:
    text = "".join(line for line in READS.splitlines(keepends=True) if not line.startswith(f"// {field}:"))
    with pytest.raises(StatementError, match=rf"folder\.text: the header lacks {field}$"):
        parsed(text)


@pytest.mark.parametrize("field", ["name", "purpose", "parameters", "columns", "access"])
def test_a_header_field_without_a_value_is_lacking(field: str) -> None:
    text = "".join(
        f"// {field}: \n" if line.startswith(f"// {field}:") else line for line in READS.splitlines(keepends=True)
    )
    with pytest.raises(StatementError, match=f"lacks {field}"):
        parsed(text)


def test_a_name_that_is_not_the_files_is_refused() -> None:
    with pytest.raises(StatementError, match=r"folder\.text: the header says 'folder\.other'"):
        parsed(variant("folder.text", "folder.other"))


def test_a_parameter_that_the_header_does_not_declare_is_refused() -> None:
    with pytest.raises(StatementError, match=r"used and not declared: \['extra'\]"):
        parsed(variant("RETURN", "WHERE n.size > $extra\nRETURN"))


def test_a_parameter_that_the_body_does_not_use_is_refused() -> None:
    with pytest.raises(StatementError, match=r"declared and not used: \['extra'\]"):
        parsed(variant("parameters: value", "parameters: value, extra"))


def test_a_dollar_in_a_comment_or_a_string_is_no_parameter() -> None:
    text = variant(
        "RETURN n.id", "// not $this\n/* nor\n$that */\nWHERE n.price <> '$5' AND n.x <> \"$y\"\nRETURN n.id"
    )
    assert parsed(text).parameters == {"value"}


def test_slashes_in_a_string_begin_no_comment() -> None:
    text = variant("{value: $value}", "{site: 'https://example.com', value: $value}")
    assert parsed(text).parameters == {"value"}


@pytest.mark.parametrize(
    "columns",
    ["id", "kind, id", "id, kind, more", "id, sort", "-"],
    ids=["one too few", "another order", "one too many", "another name", "none"],
)
def test_columns_that_the_body_does_not_return_are_refused(columns: str) -> None:
    with pytest.raises(StatementError, match="the header says columns"):
        parsed(variant("columns: id, kind", f"columns: {columns}"))


@pytest.mark.parametrize(
    "body",
    [
        "RETURN DISTINCT n.id AS id, n.kind AS kind\nORDER BY id SKIP 1 LIMIT 2",
        "RETURN n.id AS id, {a: 1, kinds: [n.kind, 2]} AS kind",
        "RETURN coalesce(n.id, 'x, y') AS id, COLLECT { MATCH (n)--(m) RETURN m.a, m.b } AS kind",
        "CALL (n) {\n  RETURN n.a AS first, n.b AS second\n}\nRETURN first AS id, second AS kind",
        "RETURN n.id AS id, COLLECT { MATCH (n)--(m) RETURN m.a ORDER BY m.b LIMIT 3 } AS kind",
        "RETURN n.id AS id, n.kind AS kind;",
    ],
    ids=["order and limit", "nested map", "subquery as value", "subquery before", "order in a subquery", "semicolon"],
)
def test_the_columns_are_those_of_the_outermost_last_return(body: str) -> None:
    assert parsed(variant("RETURN n.id AS id, n.kind AS kind", body)).columns == ("id", "kind")


def test_a_body_without_return_has_no_columns() -> None:
    text = variant("RETURN n.id AS id, n.kind AS kind", "SET n.seen = true")
    text = variant("access: read", "access: write", variant("columns: id, kind", "columns: -", text))
    statement = parsed(text)
    assert statement.columns == ()
    assert statement.writes


def test_an_access_that_is_neither_read_nor_write_is_refused() -> None:
    with pytest.raises(StatementError, match="access is read or write, not 'both'"):
        parsed(variant("access: read", "access: both"))


@pytest.mark.parametrize(
    "clause",
    ["SET n.x = 1", "CREATE (:Thing)", "MERGE (:Thing {id: 1})", "DETACH DELETE n", "REMOVE n.x", "set n.x = 1"],
)
def test_a_reading_statement_that_writes_is_refused(clause: str) -> None:
    with pytest.raises(StatementError, match="declared as read"):
        parsed(variant("RETURN", f"{clause}\nRETURN"))


def test_a_writing_statement_that_only_reads_is_refused() -> None:
    with pytest.raises(StatementError, match="declared as write"):
        parsed(variant("access: read", "access: write"))


def test_a_folder_is_read_with_dotted_names_and_without_migrations(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "text.cypher").write_text(READS)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "V0001__first.cypher").write_text("CREATE CONSTRAINT")
    assert list(load_statements(tmp_path)) == ["folder.text"]


def test_one_bad_file_stops_the_loading_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "text.cypher").write_text(READS)
    (tmp_path / "folder" / "wrong.cypher").write_text(READS)
    with pytest.raises(StatementError, match=r"^folder\.wrong: "):
        load_statements(tmp_path)


FRAGMENT = """\
// name: folder.piece
// purpose: Tell whether n is of value.
// needs: n
n.value = $value
"""
INSERTS = variant("RETURN n.id", "WHERE\n  // insert: folder.piece\nRETURN n.id", variant(" {value: $value}", ""))


def loaded(folder: Path, files: dict[str, str]) -> dict[str, Statement]:
    (folder / "folder").mkdir()
    for name, text in files.items():
        (folder / "folder" / f"{name}.cypher").write_text(text)
    return dict(load_statements(folder))


def test_a_fragment_is_put_in_where_a_statement_says_and_is_no_statement(tmp_path: Path) -> None:
    found = loaded(tmp_path, {"text": INSERTS, "piece": FRAGMENT})
    assert list(found) == ["folder.text"]
    assert found["folder.text"].text.splitlines() == [
        "MATCH (n:Thing)",
        "WHERE",
        "n.value = $given.value",
        "RETURN n.id AS id, n.kind AS kind",
    ]


def test_a_fragment_may_insert_another(tmp_path: Path) -> None:
    outer = FRAGMENT.replace("piece", "outer").replace("n.value = $value", "n.on AND\n// insert: folder.piece")
    found = loaded(tmp_path, {"text": INSERTS.replace("piece", "outer"), "outer": outer, "piece": FRAGMENT})
    assert "n.on AND\nn.value = $given.value" in found["folder.text"].text


@pytest.mark.parametrize(
    ("piece", "text", "wrong"),
    [
        (FRAGMENT, INSERTS.replace("insert: folder.piece", "insert: folder.other"), "no fragment 'folder.other'"),
        (FRAGMENT.replace("n.value", "// insert: folder.piece\nn.value"), INSERTS, "no fragment 'folder.piece'"),
        (FRAGMENT.replace("needs: n", "needs: n, other"), INSERTS, "needed and not used: \\['other'\\]"),
        (FRAGMENT.replace("folder.piece", "folder.other"), INSERTS, "the header says 'folder.other'"),
        (FRAGMENT.replace("Tell whether n is of value.", ""), INSERTS, "the header lacks purpose"),
        (FRAGMENT.replace("$value", "$other"), INSERTS, "used and not declared: \\['other'\\]"),
        (FRAGMENT, READS, "folder.piece: no statement inserts"),
    ],
    ids=["unknown", "itself", "unused variable", "name", "purpose", "parameter", "unused"],
)
def test_a_fragment_that_does_not_fit_is_refused(tmp_path: Path, piece: str, text: str, wrong: str) -> None:
    with pytest.raises(StatementError, match=wrong):
        loaded(tmp_path, {"text": text, "piece": piece})


def test_every_statement_file_of_the_product_is_loaded() -> None:
    files = {
        ".".join(path.relative_to(CYPHER).with_suffix("").parts)
        for path in CYPHER.rglob("*.cypher")
        if "migrations" not in path.parts and "\n// needs: " not in path.read_text()
    }
    assert load_statements().keys() == files


def test_a_statement_runs_only_with_the_parameters_it_declares(shared_database: Database) -> None:
    with pytest.raises(TypeError, match=r"explore\.living takes \['contact_id'\], was given \['contact'\]"):
        shared_database.read(lambda tx: tx.run("explore.living", contact="a"))


def test_what_a_statement_is_given_stands_in_no_log_of_the_driver(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    made = {"id": "ana@example.com", "set": {}, "created": [0, 0], "seen": [0, 0]}
    written = {"contacts": [made], "changes": [], "activities": [], "feed": []}
    with caplog.at_level(logging.DEBUG, logger="neo4j"):
        database.write(lambda tx: tx.defer("resolution.write", **written), committed=REPEATABLE)
        database.read(lambda tx: tx.run("explore.owners", namespace="email", value="ana@example.com"))
    assert "COMMIT" in caplog.text
    assert "ana@example.com" not in caplog.text


def test_a_statement_that_is_not_there_cannot_be_run(shared_database: Database) -> None:
    with pytest.raises(KeyError):
        shared_database.read(lambda tx: tx.run("explore.nothing"))
