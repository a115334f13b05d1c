"""Layouts of files: how a table is written, which field each of its columns is, and of which type."""

import codecs
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graph.errors import BadInput, KinfoldError
from graph.identity.namespaces import Namespaces
from graph.identity.normal_forms import trim
from graph.loads.values import COMMA, ColumnType
from graph.source_file import SourceFile

KEY_COLUMNS = ("user_id", "email", "tracker_id", "subscription")
COLUMNS = (*KEY_COLUMNS, "properties", "created_at")
PROPERTY = "properties."
"""What the name of a column begins with that holds one property."""
EVENT_PROPERTY = "event_properties."
"""The same of an event's own."""
EVENT_COLUMNS = (*KEY_COLUMNS, "properties", "event", "event_properties", "occurred_at", "message_id")
"""Columns of a table of events."""
REST = "*"
"""In a mapping: every column that has no line of its own."""
DELIMITERS = {",": ",", ";": ";", "|": "|", "\t": "\t", "tab": "\t", "\\t": "\t"}


class FileError(KinfoldError):
    """A file cannot be loaded at all; the message says why."""


@dataclass(frozen=True, slots=True)
class Export:
    """The table of customers that a product writes.

    Attributes
    ----------
    marks
        Headers of which one must be there, and `beside` of which another: so the product is known.
    fields
        The fields of its headers; every other column is a property.
    """

    marks: frozenset[str]
    beside: frozenset[str]
    fields: Mapping[str, str]

    def wrote(self, headers: Iterable[str]) -> bool:
        """Return whether these headers, in their plain form, are the product's."""
        there = frozenset(headers)
        return bool(self.marks & there) and bool(self.beside & there)


_NAMES = {"firstname": f"{PROPERTY}_name", "lastname": f"{PROPERTY}_surname"}

EXPORTS = {
    "Shopify": Export(
        frozenset({"customerid", "acceptsmarketing", "acceptsemailmarketing"}),
        frozenset({"firstname", "lastname", "totalspent", "totalorders", "acceptsemailmarketing", "taxexempt"}),
        {"customerid": "user_id", "email": "email", **_NAMES},
    ),
    "HubSpot": Export(
        frozenset({"recordid", "recordidcontact"}),
        frozenset({"email"}),
        {"email": "email", **_NAMES},
    ),
    "Mailchimp": Export(
        frozenset({"emailaddress"}),
        frozenset({"memberrating", "optintime", "confirmtime", "lastchanged", "leid", "euid"}),
        {"emailaddress": "email", "lastchanged": "created_at", **_NAMES},
    ),
}
"""Tables that are read without a mapping, by the product that writes them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a caller says of a file; what is left out is found out.

    Attributes
    ----------
    delimiter, encoding
        How a CSV is written.
    mapping
        The field of a column, by the file's name of it; None leaves the column out, `REST` speaks for all others.
    types
        The type of a CSV's column and the form of its times, by the file's name of it or by the field.
    events
        The rows are events, not people.
    """

    delimiter: str | None = None
    encoding: str | None = None
    mapping: Mapping[str, str | None] = field(default_factory=dict)
    types: Mapping[str, tuple[ColumnType, str | None]] = field(default_factory=dict)
    events: bool = False

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the names of columns begin with that hold one property each."""
        return (PROPERTY, EVENT_PROPERTY) if self.events else (PROPERTY,)

    @property
    def tells_columns(self) -> bool:
        """Whether something is said that only a table has."""
        return bool(self.delimiter or self.mapping or self.types)

    @property
    def mark(self) -> str:
        """A name of what is said here, empty when nothing is: the same file read otherwise is another load."""
        said = (self.delimiter, self.encoding, sorted(self.mapping.items(), key=str), sorted(self.types.items()))
        return hashlib.sha256(repr(said).encode()).hexdigest() if any(said) else ""

    def typed(self, column: str, name: str) -> tuple[ColumnType, str | None] | None:
        """Return the type that was said for a column."""
        said = self.types.get(column, self.types.get(name))
        if said is None:
            plain = plain_header(column)
            said = next((kind for header, kind in self.types.items() if plain_header(header) == plain), None)
        return said or self.types.get(REST)


def read_mapping(file: Path) -> dict[str, str | None]:
    """Read which field each column of a file is, from YAML.

    Raises
    ------
    FileError
        When this is not a list of columns with a field each.
    """
    try:
        given: Any = SourceFile(file.read_bytes()).content
    except BadInput as error:
        raise FileError(f"{file}: {error.errors[0].message}.") from error
    if not isinstance(given, dict) or not given:
        raise FileError(f"{file}: a mapping has a line for each column: COLUMN: FIELD.")
    for column, name in given.items():
        if not isinstance(column, str) or not (name is None or isinstance(name, str)):
            raise FileError(f"{file}: {column!r}: the name of a column and that of its field are texts.")
    return {column.strip(): name for column, name in given.items()}


def read_types(said: Iterable[str]) -> dict[str, tuple[ColumnType, str | None]]:
    """Read ``COLUMN=TYPE`` and ``COLUMN=date:FORM``.

    Raises
    ------
    FileError
        When one is not written so.
    """
    types = {}
    for item in said:
        column, equals, written = item.rpartition("=")
        kind, _, form = written.partition(":")
        if not equals or not column or kind not in list(ColumnType) or not _has_form(kind, form):
            kinds = ", ".join(ColumnType)
            raise FileError(f"--types {item}: must be COLUMN=TYPE; the types are {kinds}, number:, and date:%d/%m/%Y.")
        types[column] = (ColumnType(kind), form or None)
    return types


def _has_form(kind: str, form: str) -> bool:
    return not form or kind == ColumnType.DATE or (kind == ColumnType.NUMBER and form == COMMA)


def encoding_name(said: str) -> str:
    """Return the name by which an encoding is known here; a byte order mark of UTF-8 is no text.

    Raises
    ------
    FileError
        When there is no such encoding of text.
    """
    try:
        name = codecs.lookup(said).name
        "".encode(name)
    except (LookupError, UnicodeError) as error:
        raise FileError(f"--encoding {said}: there is no such encoding; utf-8, utf-16, windows-1252 are.") from error
    return "utf-8-sig" if name == "utf-8" else name


def plain_header(header: str) -> str:
    """Return a header as headers are compared: without case, blanks, underscores and dashes."""
    return re.sub(r"[\s_\-]+", "", "".join(filter(_can_be_seen, header))).lower()


def _can_be_seen(character: str) -> bool:
    return character.isascii() or unicodedata.category(character) != "Cf"


def fields_of(file: Path, headers: list[str], layout: Layout, namespaces: Namespaces) -> list[str | None]:
    """Return the field of each column, None for one that is left out.

    Raises
    ------
    FileError
        When a column is none that is known, two are the same field, or none is a key.
    """
    columns = EVENT_COLUMNS if layout.events else COLUMNS
    known = {name: name for name in (*columns, *namespaces.names)}
    reading = _Reading(file, known, layout, {plain_header(name): name for name in reversed(known)})
    plain = [plain_header(header) for header in headers]
    export = next((one for one in EXPORTS.values() if one.wrote(plain)), None)
    found = [reading.field(trim(header), export) for header in headers]
    if missing := [column for column in layout.mapping if column != REST and column not in reading.used]:
        raise FileError(f"{file}: the mapping names a column {missing[0]!r} that is not there.")
    if reading.unknown:
        raise FileError(
            f"{file}: there is no column {', '.join(map(repr, reading.unknown))}; the columns are {', '.join(known)}, "
            f"and {PROPERTY}NAME for a property. --map says which field a column is."
        )
    names = [name for name in found if name is not None]
    spoken_of = {*plain, *map(plain_header, names), REST}
    if missing := [column for column in layout.types if plain_header(column) not in spoken_of]:
        raise FileError(f"{file}: --types names a column {missing[0]!r} that is not there.")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise FileError(f"{file}: the column {twice[0]!r} is there twice.")
    if not any(name in namespaces for name in names):
        raise FileError(f"{file}: none of its columns is a key: {', '.join(namespaces.names)}.")
    return found


@dataclass(slots=True)
class _Reading:
    file: Path
    known: Mapping[str, str]
    layout: Layout
    plain: Mapping[str, str]
    used: set[str] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)

    def field(self, header: str, export: Export | None) -> str | None:
        mapping, plain = self.layout.mapping, plain_header(header)
        if not header and header not in mapping:  # what spreadsheets leave behind, or the numbers of a data frame
            return None
        said = header if header in mapping else next((name for name in mapping if plain_header(name) == plain), None)
        if said is not None and said != REST:
            self.used.add(said)
            return self._mapped(said, header)
        for prefix in self.layout.prefixes:
            if header.lower().startswith(prefix) and len(header) > len(prefix):
                return prefix + header[len(prefix) :]
        if export is not None and plain in export.fields:
            return export.fields[plain]
        if plain in self.plain:
            return self.known.get(header, self.plain[plain])
        if REST in mapping:
            return self._mapped(REST, header)
        if export is not None:
            return PROPERTY + property_name(header)
        self.unknown.append(header)
        return None

    def _mapped(self, said: str, header: str) -> str | None:
        name = self.layout.mapping[said]
        if name is None:
            return None
        prefixes = self.layout.prefixes
        if said == REST and (prefix := f"{name.removesuffix('*').rstrip('.')}.") in prefixes:
            return prefix + property_name(header)
        if name not in self.known and not any(name.startswith(one) and name != one for one in prefixes):
            fields = ", ".join(self.known)
            raise FileError(f"{self.file}: the mapping has no field {name!r} for {said!r}; the fields are {fields}.")
        return name


def property_name(header: str) -> str:
    """Return the name of the property that a column with this header is.

    >>> property_name("Total Spent"), property_name("MEMBER_RATING"), property_name("Record ID - Contact")
    ('total_spent', 'member_rating', 'record_id_contact')
    """
    return re.sub(r"[\W_]+", "_", header.lower()).strip("_") or header
