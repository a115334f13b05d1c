"""Rows of existing customers: read from Parquet or CSV, checked, and said as events.

A row is one person. What it says is what an event says, and the decision table alone tells what becomes of it; where a
person has several keys of a kind, further events tie them to the person's user id or email.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from graph.errors import BadInput, FieldError
from graph.identity.events import MAX_EVENT_BYTES, Event, read_event
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.loads import sheets, values
from graph.loads.layouts import EVENT_PROPERTY, KEY_COLUMNS, PROPERTY, FileError, Layout, fields_of
from graph.loads.sheets import Sheet
from graph.loads.values import ColumnType

AS_WRITTEN = frozenset({"email", "subscription"})
"""Keys that no table has as numbers."""
TIMES = frozenset({"created_at", "occurred_at"})
"""When the row was true."""
DEFAULT_LAYOUT = Layout()
EVENT = "loaded"
"""The name of the activity that a row leaves."""
MESSAGE = "row:"
"""What the message ids of rows begin with; a hash of the row follows."""


TOO_LONG = "\0bytes"
"""Where a row that is not read has how many bytes it would have; no column is called so."""
_PROPERTIES = (PROPERTY, EVENT_PROPERTY)
_MAX_PART = 64 * 1024 * 1024
_MAX_VALUES = 1_000_000
_VALUES_A_ROW = 64


@dataclass(frozen=True, slots=True)
class Customer:
    """A row that can be loaded.

    Attributes
    ----------
    number
        Its place in the file, from 1 on, the header not counted.
    events
        What it says, in the order in which it is resolved.
    """

    number: int
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that breaks a rule, or a key of it that counts as absent."""

    row: int
    field: str
    rule: str
    message: str
    refused: bool = True
    """False when the row was loaded without this key."""

    def document(self) -> dict[str, Any]:
        """As the report has it."""
        return {
            "row": self.row,
            "field": self.field,
            "rule": self.rule,
            "message": self.message,
            "refused": self.refused,
        }


def read_rows(
    file: Path,
    *,
    after: int = 0,
    at_once: int = 1_000,
    namespaces: Namespaces = DEFAULT_NAMESPACES,
    layout: Layout = DEFAULT_LAYOUT,
) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """Read rows with their numbers, so many at once, those up to ``after`` passed over.

    Raises
    ------
    FileError
        When the file is no Parquet and no CSV, or has a column of which nobody says what it is.
    """
    yield from (_parquet if _is_parquet(file) else _csv)(file, after, at_once, namespaces, layout)


def read_customer(number: int, row: Mapping[str, Any], namespaces: Namespaces = DEFAULT_NAMESPACES) -> Customer:
    """Turn a row into the events that say the same.

    Raises
    ------
    BadInput
        With every field that is wrong, by the rules of events; nothing is known of the graph here.
    """
    row = _readable(row)
    keys = {name: _keys(name, row.get(name)) for name in KEY_COLUMNS}
    further = {
        name: found for name in namespaces.names if name not in KEY_COLUMNS and (found := _keys(name, row.get(name)))
    }
    persons = [name for name in namespaces.further.persons if name in further]
    _check_keys(keys, further, persons)
    properties = _properties(row)
    created_at = values.occurred(row.get("created_at"))
    named = {f"{PROPERTY}{name}": value for name, value in properties.items()}
    _check_values({**keys, **further, **named, "created_at": created_at})
    said = orjson.dumps({**keys, **further, "properties": properties, "at": created_at}, option=orjson.OPT_SORT_KEYS)
    if len(said) > MAX_EVENT_BYTES:
        message = f"a row is at most {MAX_EVENT_BYTES} bytes, this one has {len(said)}"
        raise BadInput([FieldError("", "too_large", message)])
    message = MESSAGE + hashlib.blake2b(said, digest_size=16).hexdigest()
    first: dict[str, Any] = {name: found[0] for name, found in keys.items() if found}
    common: dict[str, Any] = {"event": EVENT, "occurred_at": created_at}
    person: dict[str, Any] = {}
    if "user_id" in first or "email" in first:
        name = "user_id" if "user_id" in first else "email"
        person = {name: first[name]}
    elif persons:
        person = {"keys": {persons[0]: further[persons[0]][:1]}}
    if further:
        first["keys"] = further
    events = [{**first, "properties": properties, **common, "message_id": message}]
    events += [
        {**person, name: value, **common, "message_id": f"{message}:{name}:{place}"}
        for name in ("email", "tracker_id", "subscription")
        for place, value in enumerate(keys[name][1:], start=2)
    ]
    try:
        return Customer(number, tuple(read_event(event, namespaces=namespaces) for event in events))
    except BadInput as error:
        renamed = [
            FieldError("created_at" if item.field == "occurred_at" else item.field, item.rule, item.message)
            for item in error.errors
        ]
        raise BadInput(renamed) from error


def read_event_row(row: Mapping[str, Any], namespaces: Namespaces = DEFAULT_NAMESPACES) -> Event:
    """Turn a row of a table of events into the event that it is.

    Raises
    ------
    BadInput
        With every field that is wrong, by the rules of events.
    """
    row = _readable(row)
    said: dict[str, Any] = {
        "keys": {name: found for name in namespaces.names if (found := _keys(name, row.get(name)))},
        "properties": _properties(row),
        "event_properties": _properties(row, EVENT_PROPERTY),
        "occurred_at": values.occurred(row.get("occurred_at")),
        "event": values.key_text(row.get("event")),
        "message_id": values.key_text(row.get("message_id")),
    }
    said = {name: value for name, value in said.items() if value not in (None, {})}
    _check_values(said)
    return read_event(said, namespaces=namespaces)


def _readable(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row says, as JSON has it.

    Raises
    ------
    BadInput
        When it cannot be read.
    """
    if TOO_LONG in row:
        message = f"a row is at most {MAX_EVENT_BYTES} bytes, this one has {row[TOO_LONG]}"
        raise BadInput([FieldError("", "too_large", message)])
    if isinstance(wrong := row.get(""), FieldError):
        raise BadInput([wrong])
    return {name: plain for name, value in row.items() if (plain := values.plain(value)) is not None}


def _check_keys(keys: Mapping[str, list[Any]], further: Mapping[str, list[Any]], persons: Sequence[str]) -> None:
    errors: list[FieldError] = []
    if not any(keys.values()) and not further:
        errors.append(FieldError("", "no_key", f"a row has one of {', '.join((*KEY_COLUMNS, *further))}"))
    if len(keys["user_id"]) > 1:
        errors.append(FieldError("user_id", "one", "a person has one user_id"))
    if len(keys["email"]) > 1 and not keys["user_id"]:
        errors.append(FieldError("email", "tied", "several emails are one person's when a user_id ties them"))
    for name in ("tracker_id", "subscription"):
        if len(keys[name]) > 1 and not keys["user_id"] and not keys["email"] and not persons:
            errors.append(FieldError(name, "tied", "several are one person's when a key of a person ties them"))
    if errors:
        raise BadInput(errors)


def _check_values(given: Mapping[str, Any]) -> None:
    """Refuse what Parquet holds and JSON does not, such as bytes."""
    errors: list[FieldError] = []
    for field, value in given.items():
        try:
            orjson.dumps(value)
        except (orjson.JSONEncodeError, RecursionError) as error:
            errors.append(FieldError(field, "value", f"this cannot be written as JSON: {error}"))
    if errors:
        raise BadInput(errors)


def fields_in(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a row as they are read; of one that cannot be read, none."""
    if TOO_LONG in row or isinstance(row.get(""), FieldError):
        return {}
    read = {name: plain for name, value in row.items() if (plain := values.plain(value)) is not None}
    return {
        name: values.occurred(value)
        if name == "created_at"
        else value.isoformat()
        if isinstance(value, date)
        else value
        for name, value in read.items()
    }


def keys_in(name: str, row: Mapping[str, Any]) -> list[Any]:
    """Return the keys of one namespace that a row carries."""
    return _keys(name, values.plain(row.get(name)))


def _keys(name: str, value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, str) and value.startswith("["):
        try:
            listed = orjson.loads(value)
        except orjson.JSONDecodeError:
            listed = None
        value = listed if isinstance(listed, list) else value
    # Tables of customers number them more often than not.
    return [
        item if name in AS_WRITTEN else values.key_text(item)
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]


def _properties(row: Mapping[str, Any], prefix: str = PROPERTY) -> dict[str, Any]:
    column = prefix.removesuffix(".")
    given = row.get(column)
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError as error:
            raise BadInput([FieldError(column, "json", f"this is no JSON: {error}")]) from error
    if isinstance(given, list):  # a map, as Parquet has it
        given = dict(given)
    if given is not None and not isinstance(given, Mapping):
        raise BadInput([FieldError(column, "type", "must be an object of names and values")])
    if not all(isinstance(name, str) for name in given or ()):
        raise BadInput([FieldError(column, "type", "a name is a string")])
    properties = dict(given or {})
    for name, value in row.items():
        if name.startswith(prefix) and value is not None:
            properties[name.removeprefix(prefix)] = value
    return {
        name: value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else value
        for name, value in properties.items()
    }


def _csv(
    file: Path, after: int, at_once: int, namespaces: Namespaces, layout: Layout
) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    sheet = sheets.sniff(file, layout)
    columns = _columns(sheet, namespaces, layout)
    batch: list[tuple[int, dict[str, Any]]] = []
    for number, (_, cells) in enumerate(_rows_of(sheet), start=1):
        if number <= after:
            continue
        batch.append((number, _row(columns, cells)))
        if len(batch) == at_once:
            yield batch
            batch = []
    if batch:
        yield batch


def columns_of(
    file: Path, namespaces: Namespaces = DEFAULT_NAMESPACES, layout: Layout = DEFAULT_LAYOUT
) -> list["Column"]:
    """Return the columns of a CSV that are read, as which field and of which type.

    Raises
    ------
    FileError
        When the file cannot be read.
    """
    return [column for column in _columns(sheets.sniff(file, layout), namespaces, layout) if column.field is not None]


def describe(
    file: Path, namespaces: Namespaces = DEFAULT_NAMESPACES, layout: Layout = DEFAULT_LAYOUT
) -> dict[str, Any]:
    """Return how a file is written, and for each column its field, null for one that is left out, and its type.

    Raises
    ------
    FileError
        When the file cannot be read.
    """
    if _is_parquet(file):
        try:
            with _parquet_of(file) as opened:
                names = opened.schema_arrow.names
                kinds = [str(opened.schema_arrow.field(name).type) for name in names]
        except _parquet_errors() as error:
            raise FileError(f"{file}: this cannot be read as Parquet: {error}") from error
        found = list(zip(names, fields_of(file, names, layout, namespaces), kinds, strict=True))
        written: dict[str, Any] = {"format": "Parquet"}
    else:
        sheet = sheets.sniff(file, layout)
        found = [(one.header, one.field, one.type.value) for one in _columns(sheet, namespaces, layout)]
        written = {"format": "CSV", "encoding": sheet.encoding, "delimiter": sheet.delimiter}
    columns = [
        {"column": header, "field": field, "type": "key" if field in namespaces else None if field is None else kind}
        for header, field, kind in found
    ]
    return written | {"columns": columns}


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as opened:
        beginning = opened.read(4)
    if not beginning:
        raise FileError(f"{file}: this file is empty; CSV begins with a line of columns.")
    return beginning == b"PAR1"


def _parquet_of(file: Path, **how: Any) -> Any:
    try:
        import pyarrow.parquet as pq
    except ImportError as error:
        raise FileError("Parquet needs pyarrow: install the extra with pip install 'kinfold[parquet]'.") from error
    return pq.ParquetFile(file, **how)


def _parquet_errors() -> tuple[type[Exception], ...]:
    import pyarrow as pa

    return (pa.ArrowException, OSError)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a CSV.

    Attributes
    ----------
    header
        What the file calls it.
    field
        Which field it is; None when it is left out.
    type, form
        How its cells are read, and how its times or numbers are written where that was said or found out.
    said
        Its type was said: a cell that does not fit is a mistake.
    digits
        Its ids were written as floats.
    """

    header: str
    field: str | None
    type: ColumnType = ColumnType.TEXT
    form: str | None = None
    said: bool = False
    digits: bool = False

    def read(self, cell: str) -> Any:
        """Return what a cell says; a mistake where it does not fit."""
        assert self.field is not None
        cell = values.without_formula(cell)
        if self.said:
            read = values.declared(self.type, self.form, cell)
            if read is None:
                return FieldError(self.field, "type", f"{cell[:40]!r} is not a {self.type}")
            return read
        if self.field.startswith(_PROPERTIES):
            return values.inferred(self.type, self.form, cell)
        if self.form is not None:
            return values.in_order(self.form, cell)
        return cell.partition(".")[0] if self.digits else cell


def _columns(sheet: Sheet, namespaces: Namespaces, layout: Layout) -> list[Column]:
    """Read the columns, and every cell of them once: a type is one that all cells have."""
    headers = next((cells for _, cells in sheet.records()), [])
    names = fields_of(sheet.file, headers, layout, namespaces)
    columns = [Column(header, name) for header, name in zip(headers, names, strict=True)]
    types: dict[int, values.Inference] = {}
    floats: dict[int, values.WholeFloats] = {}
    orders: dict[int, values.OrderOfDays] = {}
    for place, column in enumerate(columns):
        said = layout.typed(column.header.strip(), column.field) if column.field else None
        if said is not None:
            columns[place] = Column(column.header, column.field, *said, said=True)
        elif column.field and column.field.startswith(_PROPERTIES):
            types[place] = values.Inference(decimal_comma=sheet.delimiter == ";")
        elif column.field in namespaces and column.field not in AS_WRITTEN:
            floats[place] = values.WholeFloats()
        elif column.field in TIMES:
            orders[place] = values.OrderOfDays()
    watched: dict[int, values.Inference | values.WholeFloats | values.OrderOfDays] = {**types, **floats, **orders}
    for _, cells in _rows_of(sheet):
        if len(cells) == len(columns):
            for place, seen in watched.items():
                if cells[place]:
                    seen.see(values.without_formula(cells[place]))
    for place, inference in types.items():
        kind, form = inference.result
        columns[place] = replace(columns[place], type=kind, form=form)
    for place, order in orders.items():
        columns[place] = replace(columns[place], form=order.result)
    for place, whole in floats.items():
        columns[place] = replace(columns[place], digits=whole.result)
    return columns


def _rows_of(sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    return islice(sheet.records(), 1, None)


def _row(columns: list[Column], cells: list[str]) -> dict[str, Any]:
    if len(cells) != len(columns):
        message = f"{len(cells)} values in a file of {len(columns)} columns"
        return {"": FieldError("", "columns", message)}
    row: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=True):
        if column.field is None or cell == "":
            continue
        read = column.read(cell)
        if isinstance(read, FieldError):
            return {"": read}
        if read is not None:
            row[column.field] = read
    return row


def _parquet(
    file: Path, after: int, at_once: int, namespaces: Namespaces, layout: Layout
) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    try:
        with _parquet_of(file) as looked_at:
            leaves = _texts(file, looked_at.metadata)
        # Read as what they are in the file, a dictionary and places in it: a kilobyte can stand for gigabytes.
        with _parquet_of(file, read_dictionary=leaves) as opened:
            names = opened.schema_arrow.names
            fields = dict(zip(names, fields_of(file, names, layout, namespaces), strict=True))
            number = 0
            groups: list[int] = []
            for group in range(opened.num_row_groups):
                rows = opened.metadata.row_group(group).num_rows
                if number + rows <= after and not groups:
                    number += rows
                else:
                    groups.append(group)
            for part in opened.iter_batches(batch_size=at_once, row_groups=groups):
                batch = []
                for row in _rows(part):
                    number += 1
                    if number > after:
                        batch.append((number, _named(row, fields)))
                if batch:
                    yield batch
    except _parquet_errors() as error:
        raise FileError(f"{file}: this cannot be read as Parquet: {error}") from error


def _named(row: Mapping[str, Any], fields: Mapping[str, str | None]) -> dict[str, Any]:
    if TOO_LONG in row:
        return dict(row)
    return {field: _aware(value) for name, value in row.items() if (field := fields[name]) is not None}


def _texts(file: Path, metadata: Any) -> list[str]:
    """Return the columns that hold texts, once it is clear that no row group stands for more than rows could hold."""
    for place in range(metadata.num_row_groups):
        group = metadata.row_group(place)
        columns = [group.column(column) for column in range(group.num_columns)]
        most = max((column.num_values for column in columns), default=0)
        if most > _MAX_VALUES + _VALUES_A_ROW * group.num_rows:
            raise FileError(f"{file}: row group {place} stands for {most:,} values in {group.num_rows:,} rows.")
    leaves = [metadata.schema.column(column) for column in range(metadata.num_columns)]
    return [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]


def _rows(part: Any) -> Iterator[dict[str, Any]]:
    """Take a batch apart into rows; one that would be far longer than any row may be is not even put together."""
    if sum(map(_weight, part.columns)) <= _MAX_PART:
        yield from part.to_pylist()
        return
    for place in range(part.num_rows):
        row = part.slice(place, 1)
        weight = sum(map(_weight, row.columns))
        if weight > sheets.MAX_LINE:
            yield {TOO_LONG: weight}
        else:
            yield from row.to_pylist()


def _weight(array: Any) -> int:
    """Return how many bytes the texts of an array have when each stands for itself."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_dictionary(kind):
        return int(pc.sum(pc.binary_length(array.dictionary).take(array.indices)).as_py() or 0)
    if pa.types.is_struct(kind):
        return sum(map(_weight, array.flatten()))
    if pa.types.is_map(kind):
        start, end = array.offsets[0].as_py(), array.offsets[-1].as_py()
        return sum(_weight(side.slice(start, end - start)) for side in (array.keys, array.items))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _weight(array.flatten())
    return int(array.nbytes)


def _aware(value: Any) -> Any:
    """Take a time of a table, which has no zone, for UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
