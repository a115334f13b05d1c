"""Writing the identity graph out as Parquet: page by page along an index, resumable, in memory that does not grow."""

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from graph.analysis import reading
from graph.analysis.device_kinds import KIND_PROPERTIES, read_kind
from graph.analysis.places import PLACE_PROPERTIES
from graph.analysis.reading import (
    CarriedKeys,
    Progress,
    Ref,
    names_of,
    pages,
    plain_names,
    signs_of,
    union_of,
)
from graph.clock import to_micros, to_text
from graph.durable import finish, write_durably
from graph.identity.namespaces import NONE_FURTHER, FurtherNamespaces
from graph.settings import HOUSEHOLD_PROPERTIES
from graph.spark.tables import FORMAT, MANIFEST, TABLES, ExportError, further_of, is_export, part_path, read_manifest
from graph.store.database import Database, Row

PAGES_A_PART = 20
"""How many pages a part holds: what is read again after a crash."""

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Step:
    """One way along an index: which statement, what each page becomes."""

    what: str
    statement: str
    columns: tuple[str, ...]
    page: int
    tables: tuple[str, ...]
    rows: Callable[[list[Row], int], Rows]
    size: str | None = None
    parameters: tuple[tuple[str, Any], ...] = ()


def export_graph(
    database: Database,
    folder: Path,
    *,
    anew: bool = False,
    on_progress: Progress | None = None,
    household: Sequence[str] = HOUSEHOLD_PROPERTIES,
    further: FurtherNamespaces = NONE_FURTHER,
) -> dict[str, Any]:
    """Write contacts with their keys and signs of a household, unions, redirects, conflicts and activity as Parquet.

    What an earlier call into the same folder finished is kept, and this one goes on behind it; from the beginning when
    somebody was erased in between.

    Parameters
    ----------
    folder
        Made when it is missing; one folder a table in it, and the manifest.
    anew
        Forget the export that is in the folder.
    on_progress
        Told what is read, how much of it, and how much there is (0 when nobody knows).
    household
        Properties that people of one household have in common.
    further
        The namespaces beside the four that are always there.

    Returns
    -------
    dict
        The manifest: ``format, store, erasures, began, finished, steps, rows`` (by table).

    Raises
    ------
    ExportError
        When the folder holds something else, a finished export, or one of another database.
    Unavailable
        When the database cannot be reached; what is finished stays.

    Notes
    -----
    O(graph) in time, one page in memory. Each page is a transaction of its own: what is written meanwhile is in the
    export or not, and nothing waits for it. A contact's number is its place in the order of ids.
    """
    tell = on_progress or (lambda what, done, total: None)
    store = database.read(lambda tx: tx.run("analysis.store"))[0]["store"]
    if not is_export(folder) and folder.exists() and any(folder.iterdir()):
        raise ExportError(f"{folder} is not empty and holds no exported graph.")
    erasures = database.read(lambda tx: tx.run("privacy.erasures"))[0]
    manifest = None if anew else read_manifest(folder)
    if manifest is not None:
        if manifest["store"] != store:
            raise ExportError(f"The export in {folder} is of another database.")
        if manifest["finished"] is not None:
            raise ExportError(f"The export in {folder} was finished at {manifest['finished']}.")
        if manifest["erasures"] != erasures:
            manifest = None  # what is written may hold somebody who was erased since
    if manifest is None:
        folder.mkdir(parents=True, exist_ok=True)
        steps = {step.what: {"after": "", "done": False, "parts": []} for step in _steps(household, further)}
        manifest = {
            "format": FORMAT,
            "store": store,
            "erasures": erasures,
            "began": _now(),
            "finished": None,
            "namespaces": {name: list(of) for name, of in asdict(further).items()},
            "steps": steps,
            "rows": dict.fromkeys(TABLES, 0),
        }
        _save(folder, manifest)
    sizes = database.read(lambda tx: tx.run("analysis.sizes"))[0]
    for step in _steps(household, further_of(manifest)):
        _carry_on(database, folder, manifest, step, sizes.get(step.size, 0) if step.size else 0, tell)
    manifest["finished"] = _now()
    _save(folder, manifest)
    return manifest


def _carry_on(
    database: Database, folder: Path, manifest: dict[str, Any], step: _Step, total: int, tell: Progress
) -> None:
    state = manifest["steps"][step.what]
    for table in step.tables:
        (folder / table).mkdir(exist_ok=True)
        _tidy(folder, table, len(state["parts"]))
    if state["done"]:
        return
    source = pages(database, step.statement, step.page, after=state["after"], **dict(step.parameters))
    while True:
        number = len(state["parts"])
        first = manifest["rows"][step.tables[0]]
        counts, after = _write_part(folder, step, number, islice(source, PAGES_A_PART), first)
        if after is None:
            break
        for table, rows in counts.items():
            manifest["rows"][table] += rows
        state["parts"].append(counts)
        state["after"] = after
        _save(folder, manifest)
        done = manifest["rows"][step.tables[0]]
        tell(step.what, done, max(total, done))
    state["done"] = True
    _save(folder, manifest)


def _write_part(folder: Path, step: _Step, number: int, source: Any, first: int) -> tuple[dict[str, int], str | None]:
    """Write the parts of one step's tables; they have their names once all of them are whole."""
    temporary = {table: part_path(folder, table, number).with_suffix(".unfinished") for table in step.tables}
    counts = dict.fromkeys(step.tables, 0)
    after: str | None = None
    writers: dict[str, pq.ParquetWriter] = {}
    try:
        for page in source:
            if not writers:
                writers = {table: pq.ParquetWriter(path, TABLES[table]) for table, path in temporary.items()}
            after = page[-1][0]
            named = [dict(zip(step.columns, row, strict=True)) for row in page]
            for table, rows in step.rows(named, first + counts[step.tables[0]]).items():
                if rows:
                    writers[table].write_table(pa.Table.from_pylist(rows, TABLES[table]))
                counts[table] += len(rows)
    finally:
        for writer in writers.values():
            writer.close()
    if after is not None:
        for table, path in temporary.items():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            finish(path, part_path(folder, table, number))
    return counts, after


def _now() -> str:
    return to_text(to_micros(datetime.now(UTC)))


def _tidy(folder: Path, table: str, finished: int) -> None:
    """Remove what a run that was killed left without a line in the manifest."""
    kept = {part_path(folder, table, number) for number in range(finished)}
    for path in (folder / table).glob("part-*"):
        if path not in kept:
            path.unlink()


def _save(folder: Path, manifest: dict[str, Any]) -> None:
    write_durably(folder / MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))


def _contacts(names: Sequence[str], page: list[Row], first: int) -> Rows:
    contacts: list[dict[str, Any]] = []
    ownerships: list[dict[str, Any]] = []
    signs: list[dict[str, Any]] = []
    for number, row in enumerate(page, start=first):
        contacts.append({"number": number, "id": row["id"], "known": row["known"]})
        ownerships += [
            {
                "number": number,
                "contact": row["id"],
                "key": names[kind],
                "value": value,
                "since": since,
                "shared": shared,
            }
            for kind, value, since, shared in sorted(row["keys"])
        ]
        said = signs_of(row["household"])
        signs += [{"number": number, "name": name, "value": said[name]} for name in sorted(said)]
    return {"contacts": contacts, "ownerships": ownerships, "signs": signs}


def _unions(further: FurtherNamespaces, page: list[Row], _: int) -> Rows:
    standing = [union_of(row, further) for row in page if row["standing"]]
    return {
        "unions": [
            {
                "id": one.id,
                "source": one.source,
                "target": one.target,
                "rule": one.rule,
                "at": one.at,
                "cause": _struct(one.cause),
                "moved": [_struct(key) for key in one.moved],
            }
            for one in standing
        ],
        "redirects": [{"source": one.source, "target": one.target} for one in standing],
    }


def _conflicts(page: list[Row], _: int) -> Rows:
    return {
        "conflicts": [
            {"key": row["namespace"], "subscription": row["value"], "owner": owner, "at": at}
            for row in page
            for owner, at in row["conflicts"]
        ]
    }


def _activity(sorting: CarriedKeys, page: list[Row], first: int) -> Rows:
    names = TABLES["activity"].names[1:]
    rows = []
    for number, row in enumerate(page, start=first):
        carried = sorting.of(row["carried"])
        own = () if row["subscription"] is None else (("subscription", row["subscription"]),)
        rows.append(
            {name: row.get(name) for name in names}
            | {
                "number": number,
                "named": _struct(carried.person),
                "device_key": _struct(carried.device),
                "device_keys": [_struct(key) for key in carried.devices],
                "subscriptions": [_struct(key) for key in (*own, *carried.subscriptions)],
                "place": [{"name": name, "value": value} for name, value in row["place"] if name in PLACE_PROPERTIES],
                "device": read_kind(row["place"]),
            }
        )
    return {"activity": rows}


def _struct(key: Ref | None) -> dict[str, str] | None:
    return None if key is None else {"key": key[0], "value": key[1]}


def _steps(household: Sequence[str], further: FurtherNamespaces) -> tuple[_Step, ...]:
    names = ("further", list(further.names))
    return (
        _Step(
            "contacts",
            "analysis.contacts",
            ("id", "known", "keys", "household"),
            reading.CONTACTS_A_PAGE,
            ("contacts", "ownerships", "signs"),
            partial(_contacts, names_of(further)),
            size="contacts",
            parameters=(
                ("household", plain_names(household)),
                ("subscriptions", list(further.subscriptions)),
                names,
            ),
        ),
        _Step(
            "unions",
            "analysis.unions",
            reading.UNION_COLUMNS,
            reading.UNIONS_A_PAGE,
            ("unions", "redirects"),
            partial(_unions, further),
            size="unions",
            parameters=(names,),
        ),
        _Step(
            "conflicts",
            "analysis.conflicts",
            ("after", "namespace", "value", "conflicts"),
            reading.CONTACTS_A_PAGE,
            ("conflicts",),
            _conflicts,
            parameters=(("namespaces", sorted(("subscription", *further.subscriptions))),),
        ),
        _Step(
            "activity",
            "analysis.activity",
            reading.ACTIVITY_COLUMNS,
            reading.ACTIVITIES_A_PAGE,
            ("activity",),
            partial(_activity, CarriedKeys(further)),
            size="activities",
            parameters=(("places", [*PLACE_PROPERTIES, *KIND_PROPERTIES]), names),
        ),
    )
