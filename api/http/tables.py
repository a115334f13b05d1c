"""People as a table that spreadsheets open, with nothing in it that they would take for a formula."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

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


def csv_rows(contacts: Iterable[Mapping[str, Any]]) -> str:
    """Write contacts as rows of a CSV table, see `COLUMNS`."""
    return _written(
        [
            {**one, "keys": sum(map(len, one["keys"].values())), "unions": len(one["merged_from"])}[name]
            for name in COLUMNS
        ]
        for one in contacts
    )


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


CSV_HEAD = _written([COLUMNS])
