"""People as a table that spreadsheets open, with nothing in it that they would take for a formula."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

COLUMNS = (
    "id",
    "name",
    "kind",
    "email",
    "keys",
    "unions",
    "created_at",
    "last_seen_at",
    "first_occurred_at",
    "last_occurred_at",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_head(namespaces: Iterable[str]) -> str:
    """Write the line of columns: `COLUMNS`, and the keys of each namespace in one of their own."""
    return _written([[*COLUMNS, *(f"keys.{name}" for name in namespaces)]])


def csv_rows(contacts: Iterable[Mapping[str, Any]], namespaces: Iterable[str]) -> str:
    """Write contacts as rows of a CSV table, see `csv_head`."""
    names = list(namespaces)
    return _written(
        [
            *(
                {**one, "keys": sum(map(len, one["keys"].values())), "unions": len(one["merged_from"])}[name]
                for name in COLUMNS
            ),
            *(_listed(one["keys"].get(name, [])) for name in names),
        ]
        for one in contacts
    )


def _listed(values: list[str]) -> str:
    """Return the keys of a namespace in one cell, as bulk loads take them: one as it is, several as a list of JSON."""
    if len(values) == 1 and not values[0].startswith("["):
        return values[0]
    return orjson.dumps(values).decode() if values else ""


def csv_table(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Write rows as a CSV table with a head."""
    named = list(columns)
    return _written([named, *([row[name] for name in named] for row in rows)])


def _written(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([safe_cell(value) for value in row] for row in rows)
    return text.getvalue()


def safe_cell(value: Any) -> Any:
    """Put an apostrophe before a text that a spreadsheet would calculate; bulk loads take it off again.

    >>> safe_cell("=1+1"), safe_cell("Ana"), safe_cell(-1)
    ("'=1+1", 'Ana', -1)
    """
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value
