"""CSV as it comes: whatever its encoding, its delimiter and its quotes, read as records of texts."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from graph.identity.events import MAX_EVENT_BYTES
from graph.loads.layouts import DELIMITERS, FileError, Layout, encoding_name

MAX_LINE = 8 * MAX_EVENT_BYTES
_BLOCK = 1024 * 1024
_LOOKED_AT = 20
"""Records by which a delimiter is chosen."""
_CHOICE = (",", ";", "\t", "|")
_NO_TEXT = {
    b"PK\x03\x04": "a spreadsheet or a zip archive: save the sheet as CSV, or take the table out of the archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet of Excel: save the sheet as CSV",
    b"\x1f\x8b": "packed with gzip: unpack it first, since a load reads a file more than once",
}
_NULS = 0.3
"""So much of a text is NUL at every other place when it is UTF-16: the better part of any table is ASCII."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """How a file is written.

    Attributes
    ----------
    first
        The line that holds the columns.
    blanks
        A blank follows each delimiter.
    """

    file: Path
    encoding: str
    delimiter: str
    first: int
    blanks: bool

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Read the records with the numbers of their lines, the columns first; those that say nothing are passed over.

        Empty cells beyond the columns, which spreadsheets leave behind, are left out.

        Raises
        ------
        FileError
            When this is not CSV, with the line.
        """
        csv.field_size_limit(MAX_LINE)
        with self.file.open(encoding=self.encoding, newline="") as text:
            for _ in range(self.first - 1):
                text.readline(MAX_LINE)
            lines = _bounded(self.file, text, self.first)
            reader = csv.reader(lines, strict=True, delimiter=self.delimiter, skipinitialspace=self.blanks)
            line = self.first
            try:
                width = None
                for record in reader:
                    line = self.first - 1 + reader.line_num
                    if not any(map(str.strip, record)):
                        continue
                    width = width or len(record)
                    yield line, record if any(record[width:]) else record[:width]
            except csv.Error as error:
                line = self.first - 1 + reader.line_num
                raise FileError(f"{self.file}, line {line}: this is no CSV: {error}") from error
            except UnicodeError as error:
                place = f"{self.file}, after line {line}"
                raise FileError(f"{place}: this is not {self.encoding}: {error}") from error


def sniff(file: Path, layout: Layout) -> Sheet:
    """Find out how a file is written, where nobody says it.

    Raises
    ------
    FileError
        When its encoding cannot be known, or what was said of it is unknown.
    """
    encoding = encoding_name(layout.encoding) if layout.encoding else _encoding(file)
    try:
        with file.open(encoding=encoding, newline="") as text:
            beginning = text.readline(MAX_LINE)
    except UnicodeError as error:
        raise FileError(f"{file}, line 1: this is not {encoding}: {error}") from error
    first, told = 1, None
    if beginning.lower().startswith("sep=") and len(beginning.rstrip("\r\n")) == len(
        "sep=,"
    ):  # as Excel reads and writes it
        first, told = 2, beginning[len("sep=")]
    if layout.delimiter is not None:
        told = DELIMITERS.get(layout.delimiter, layout.delimiter)
        if len(told) != 1:
            raise FileError(f"--delimiter {layout.delimiter}: must be one character, or 'tab'.")
    delimiter = told or max(_CHOICE, key=lambda one: _fits(Sheet(file, encoding, one, first, blanks=True)))
    header = _beginning(Sheet(file, encoding, delimiter, first, blanks=False))[:1]
    blanks = bool(header) and len(header[0]) > 1 and all(name.startswith(" ") for name in header[0][1:])
    return Sheet(file, encoding, delimiter, first, blanks)


def _fits(sheet: Sheet) -> tuple[int, int]:
    """Return how well a delimiter fits: into how many columns it parts the first line, and how many lines likewise."""
    records = _beginning(sheet)
    if not records:
        return 1, 0
    width = len(records[0])
    alike = sum(len(record) == width for record in records)
    return (width if 2 * alike > len(records) or len(records) == 1 else 1), alike


def _beginning(sheet: Sheet) -> list[list[str]]:
    found: list[list[str]] = []
    try:
        for _, record in sheet.records():
            found.append(record)
            if len(found) == _LOOKED_AT:
                break
    except FileError:  # told when the file is read
        pass
    return found


def _encoding(file: Path) -> str:
    """Return the encoding of a file.

    A byte order mark says it; text that is UTF-8 throughout is that; any other is Windows-1252, which spreadsheets of
    the West write, unless most of it was UTF-8: then it is a damaged file, and guessing would spoil names.
    """
    with file.open("rb") as stream:
        beginning = stream.read(4096)
        if what := next((what for mark, what in _NO_TEXT.items() if beginning.startswith(mark)), None):
            raise FileError(f"{file}: this is {what}.")
        if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        even, odd = beginning[::2].count(0), beginning[1::2].count(0)
        if max(even, odd) > _NULS * len(beginning) / 2:
            return "utf-16-le" if odd > even else "utf-16-be"
    line = _first_not_utf8(file)
    if line is None:
        return "utf-8-sig"
    if _is_mostly_utf8(file):
        raise FileError(f"{file}, line {line}: this is not UTF-8, as the rest is; --encoding says what it is.")
    return "windows-1252"


def _first_not_utf8(file: Path) -> int | None:
    number, decoder = 1, codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as stream:
        while True:
            block = stream.read(_BLOCK)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return number + error.object[: error.start].count(b"\n")
            if not block:
                return None
            number += block.count(b"\n")


def _is_mostly_utf8(file: Path) -> bool:
    wrong = right = 0
    with file.open(encoding="utf-8", errors="replace", newline="") as text:
        while block := text.read(_BLOCK):
            beyond = len(block) - len(block.encode("ascii", "ignore"))
            damaged = block.count("\ufffd")
            wrong, right = wrong + damaged, right + beyond - damaged
    return right > wrong


def _bounded(file: Path, text: TextIO, first: int) -> Iterator[str]:
    """Read lines, none of which is held when it is longer than any row."""
    number = first - 1
    while line := text.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE and not line.endswith("\n"):
            raise FileError(
                f"{file}, line {number}: this line is longer than any row, which has {MAX_EVENT_BYTES} bytes."
            )
        yield line
