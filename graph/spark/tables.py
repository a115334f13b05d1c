"""The tables of an exported graph, and where their parts lie.

A folder of a table holds numbered parts; which of them count is said by the manifest beside the folders. Whatever
else lies in a folder was not finished.
"""

from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from graph.errors import KinfoldError
from graph.identity.namespaces import FurtherNamespaces

_FORMATS = "kinfold-graph/"
FORMAT = f"{_FORMATS}5"
MANIFEST = "manifest.json"

_TIME = pa.timestamp("ms", tz="UTC")
_KEY = pa.struct([("key", pa.string()), ("value", pa.string())])
_PLACE = pa.struct([("name", pa.string()), ("value", pa.string())])

TABLES: dict[str, pa.Schema] = {
    "contacts": pa.schema([("number", pa.int64()), ("id", pa.string()), ("known", pa.bool_())]),
    "ownerships": pa.schema(
        [
            ("number", pa.int64()),
            ("contact", pa.string()),
            ("key", pa.string()),
            ("value", pa.string()),
            ("since", _TIME),
            ("shared", pa.bool_()),
        ]
    ),
    "signs": pa.schema([("number", pa.int64()), ("name", pa.string()), ("value", pa.int64())]),
    "unions": pa.schema(
        [
            ("id", pa.string()),
            ("source", pa.string()),
            ("target", pa.string()),
            ("rule", pa.string()),
            ("at", _TIME),
            ("cause", _KEY),
            ("moved", pa.list_(_KEY)),
        ]
    ),
    "redirects": pa.schema([("source", pa.string()), ("target", pa.string())]),
    "conflicts": pa.schema(
        [("key", pa.string()), ("subscription", pa.string()), ("owner", pa.string()), ("at", _TIME)]
    ),
    "activity": pa.schema(
        [
            ("number", pa.int64()),
            ("event", pa.string()),
            ("conflict", pa.bool_()),
            ("answered", pa.string()),
            ("tracker_id", pa.string()),
            ("email", pa.string()),
            ("user_id", pa.string()),
            ("subscription", pa.string()),
            ("at", _TIME),
            ("place", pa.list_(_PLACE)),
            ("device", pa.int8()),
            ("named", _KEY),
            ("device_key", _KEY),
            ("device_keys", pa.list_(_KEY)),
            ("subscriptions", pa.list_(_KEY)),
        ]
    ),
}
"""What each table holds; docs/scaling-spark.md has it in words."""


class ExportError(KinfoldError):
    """A folder does not hold what it should, or may not be written."""


def part_path(folder: Path, table: str, number: int) -> Path:
    """Where a finished part of a table is."""
    return folder / table / f"part-{number:05}.parquet"


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Read what an export has finished; None when there is none.

    Raises
    ------
    ExportError
        When the file is not a manifest of this version.
    """
    try:
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        return None
    except orjson.JSONDecodeError as error:
        raise ExportError(f"{folder / MANIFEST} is no JSON: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ExportError(f"{folder / MANIFEST} is not of the format {FORMAT}.")
    return manifest


def further_of(manifest: dict[str, Any]) -> FurtherNamespaces:
    """Return the namespaces beside the four that are always there, as an export has them."""
    return FurtherNamespaces(**{name: tuple(of) for name, of in manifest["namespaces"].items()})


def is_export(folder: Path) -> bool:
    """Return whether a folder has the manifest of an export, of whatever version: what lies in it may be replaced."""
    try:
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return False
    return isinstance(manifest, dict) and str(manifest.get("format")).startswith(_FORMATS)


def parts(folder: Path, table: str) -> list[Path]:
    """List the parts of a table of a finished export.

    Raises
    ------
    ExportError
        When there is no finished export, or one of its parts is missing.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise ExportError(f"{folder} holds no exported graph: there is no {MANIFEST}.")
    if manifest["finished"] is None:
        raise ExportError(f"The export in {folder} is not finished: run export-graph on it again.")
    found = [
        part_path(folder, table, number)
        for step in manifest["steps"].values()
        for number, rows in enumerate(step["parts"])
        if table in rows
    ]
    missing = next((path for path in found if not path.is_file()), None)
    if missing is not None:
        raise ExportError(f"{missing} is missing from the export.")
    return found
