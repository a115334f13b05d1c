"""What ``kinfold load`` shows, and its report of rows and lines that broke a rule."""

import csv
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from api.command.output import Teller
from api.terminal import Refusal, analysing, progress_bar, say
from graph.kinfold import Kinfold
from graph.loads.customers import Refused, describe
from graph.loads.layouts import Layout, encoding_name, read_mapping, read_types
from graph.loads.loads import Foreseen, Loaded
from graph.loads.several import Several, find_several

SHOWN = 5
"""Rows that are shown where no report is written."""


class Report:
    """What is wrong with rows, one line each, appended as batches are loaded.

    A load that goes on behind a killed one takes the lines of rows back that were never committed.
    """

    def __init__(self, path: Path | None, noun: str = "row") -> None:
        self._path = path
        self._noun = noun
        self._columns = ("file", noun, "field", "rule", "message", "refused")
        self._file: BinaryIO | None = None
        self._named = ""
        self.shown: list[str] = []
        self._before: tuple[int, int] | None = None

    def check(self) -> None:
        """Refuse a file that holds something else than such a report: it would be lost.

        Raises
        ------
        Refusal
            With what the file is.
        """
        if self._path is None:
            return
        if self._path.is_dir():
            raise Refusal(f"{self._path} is a folder, not a file.")
        for _ in self._lines():
            pass

    def begin(self, file: Path, done: int) -> None:
        """Open the report of a file of which so many rows are done."""
        self.close()
        self._named = str(file)
        if self._path is None:
            return
        if self._path.exists() and not self._path.is_file():  # a terminal, a pipe
            self._file = self._path.open("wb")
            self._write_columns()
            return
        path = self._path.resolve()
        # Lines that stay are never away: a load may be killed here too, and would not tell them again.
        rewritten = path.with_name(f".{path.name}.new")
        with rewritten.open("wb") as self._file:
            self._write_columns()
            for line in self._lines():
                if line["file"] != self._named or int(str(line[self._noun])) <= done:
                    self._write(line)
        os.replace(rewritten, path)
        self._file = path.open("ab")

    def add(self, refused: list[Refused]) -> None:
        """Write what is wrong with the rows of one batch; a second time in place of the first, until it is kept."""
        self._take_back()
        for item in refused:
            if len(self.shown) < SHOWN:
                place = f"{item.field}: " if item.field else ""
                self.shown.append(f"{self._named}, {self._noun} {item.row}: {place}{item.message} ({item.rule})")
            if self._file is not None:
                document = item.document()
                self._write({"file": self._named, self._noun: document.pop("row"), **document})
        if self._file is not None:
            self._file.flush()

    def add_for_good(self, refused: list[Refused]) -> None:
        """Write what is wrong with lines that no transaction will tell again."""
        self.keep()
        self.add(refused)
        self.keep()

    def keep(self) -> None:
        """Keep what was written last: its batch is committed."""
        self._before = None

    def _take_back(self) -> None:
        there = self._file.tell() if self._file is not None and self._file.seekable() else 0
        if self._before is None:
            self._before = len(self.shown), there
            return
        shown, there = self._before
        del self.shown[shown:]
        if self._file is not None and self._file.seekable():
            self._file.seek(there)
            self._file.truncate()

    def close(self) -> None:
        """Close the file."""
        self._before = None
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def _is_csv(self) -> bool:
        return self._path is not None and self._path.suffix.lower() == ".csv"

    def _lines(self) -> Iterator[dict[str, object]]:
        """Read the lines that are whole; the last one is not where a load was killed while it was written."""
        if self._path is None or not self._path.is_file():
            return
        with self._path.open("rb") as stream:
            whole = (line.decode() for line in stream if line.endswith(b"\n"))
            lines: Iterator[dict[str, object]] = (
                self._csv_lines(whole) if self._is_csv else (orjson.loads(line) for line in whole)
            )
            try:
                for line in lines:
                    if not isinstance(line, dict) or tuple(line) != self._columns:
                        raise self._something_else()
                    yield line
            except (UnicodeDecodeError, orjson.JSONDecodeError, csv.Error):
                raise self._something_else() from None

    def _csv_lines(self, lines: Iterator[str]) -> Iterator[dict[str, object]]:
        reader = csv.reader(lines)
        columns = next(reader, None)
        if columns is not None and tuple(columns) != self._columns:
            raise self._something_else()
        for values in reader:
            if len(values) != len(self._columns):
                raise self._something_else()
            yield dict(zip(self._columns, values, strict=True))

    def _something_else(self) -> Refusal:
        return Refusal(f"{self._path} is there and is no report of {self._noun}s: name another file, or remove it.")

    def _write_columns(self) -> None:
        if self._is_csv:
            assert self._file is not None
            self._file.write(_csv_line(self._columns))

    def _write(self, line: dict[str, object]) -> None:
        assert self._file is not None
        if self._is_csv:
            self._file.write(_csv_line([line[name] for name in self._columns]))
        else:
            self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def read_layout(mapping: Path | None, types: list[str], delimiter: str | None, encoding: str | None) -> Layout:
    """Return what the options say of the files."""
    encoding = encoding_name(encoding) if encoding else None
    return Layout(delimiter, encoding, read_mapping(mapping) if mapping else {}, read_types(types))


def check(files: list[Path], report: Path | None, *, history: bool) -> None:
    """Refuse what could not be read or written before anything runs."""
    for file in files:
        if file.exists() and not file.is_file() and not file.is_dir():
            raise Refusal(f"{file} is a stream: a load reads a file more than once, so that it can be carried on.")
        with file.open("rb"):
            pass
    if report is not None and any(file.exists() and report.exists() and file.samefile(report) for file in files):
        raise Refusal(f"{report} is one of the files to load.")
    _report(report, history=history).check()


def _report(path: Path | None, *, history: bool) -> Report:
    return Report(path, "line" if history else "row")


def load(kinfold: Kinfold, files: list[Path], report: Path | None, *, anew: bool, as_json: bool, layout: Layout) -> int:
    """Load files one after the other, show what came of each, and say how many rows were refused."""
    kept = _report(report, history=False)
    with _progress() as progress:

        def tell_several(file: Path, several: list[Several]) -> None:
            for one in several:
                say(f"{file.name}: {one.in_words}")
            if several:
                say(f"{file.name}: kinfold load --dry-run shows more; nothing of it is loaded yet. Loading goes on.")

        def one(file: Path) -> Loaded:
            task = progress.add_task(file.name, total=None)

            def done_with(rows: int) -> None:
                kept.keep()
                progress.update(task, completed=rows)

            return kinfold.loads.load(
                file,
                anew=anew,
                layout=layout,
                on_begin=lambda rows: kept.begin(file, rows),
                on_refused=kept.add,
                on_progress=done_with,
                on_several=lambda several: tell_several(file, several),
            )

        done = _one_by_one(files, one, kept)
    return _tell(done, kept, report, _document, _words, as_json=as_json)


def rehearse(kinfold: Kinfold, files: list[Path], rows: int, *, as_json: bool, layout: Layout) -> int:
    """Show how files will be read and what would become of their first rows, and say how many would be refused."""
    documents: list[dict[str, Any]] = []
    shown: list[str] = []
    for file in files:
        written = describe(file, kinfold.namespaces, layout)
        several = find_several(file, kinfold.blocking.current(), layout)
        foreseen = kinfold.loads.foresee(file, rows, layout)
        documents.append(
            {
                "file": str(file),
                **written,
                "rows": [_foreseen_document(one) for one in foreseen],
                "several": [one.document() for one in several],
            }
        )
        shown += [f"{file} is {_written(written)}:", *map(_column_in_words, written["columns"])]
        shown += ["", f"What would become of the first {len(foreseen)} rows:" if foreseen else "It has no rows."]
        for one in foreseen:
            shown += _foreseen_in_words(one)
        shown += ["", *(one.in_words for one in several)] if several else []
    Teller(as_json=as_json).tell({"files": documents}, *shown, "Nothing was written.")
    return sum(row["answer"] is None for document in documents for row in document["rows"])


def _foreseen_document(one: Foreseen) -> dict[str, Any]:
    answer = None if one.answer is None else one.answer.to_dict()
    return {"row": one.row, "reads": one.reads, "answer": answer, "told": [item.document() for item in one.told]}


def _written(written: dict[str, Any]) -> str:
    if written["format"] == "Parquet":
        return "Parquet"
    encoding = written["encoding"].removesuffix("-sig").upper()
    return f"CSV in {encoding}, parted by {_DELIMITERS.get(written['delimiter'], repr(written['delimiter']))}"


_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def _column_in_words(column: dict[str, Any]) -> str:
    if column["field"] is None:
        return f"  {column['column']}: left out"
    return f"  {column['column']}: {column['field']} ({column['type']})"


def _foreseen_in_words(one: Foreseen) -> list[str]:
    reads = ", ".join(f"{name} {orjson.dumps(value, default=str).decode()}" for name, value in one.reads.items())
    if one.answer is None:
        became = "refused"
    elif one.answer.duplicate:
        became = "there already, nothing changes"
    else:
        contact = one.answer.contact
        whose = "" if contact is None or contact.id is None else f", contact {contact.id}"
        became = f"{one.answer.outcome.value} by rule {one.answer.rule}{whose}"
    told = [f"    {f'{item.field}: ' if item.field else ''}{item.message} ({item.rule})" for item in one.told]
    return [f"  {one.row}. {reads or 'cannot be read'}", f"    {became}", *told]


def load_histories(
    kinfold: Kinfold,
    files: list[Path],
    report: Path | None,
    *,
    anew: bool,
    workers: int | None,
    work: Path | None,
    encoding: str | None,
    as_json: bool,
) -> int:
    """Load logs one after the other, show what came of each, and say how many lines were refused."""
    kept = _report(report, history=True)
    with analysing() as progress:

        def one(file: Path) -> Loaded:
            return kinfold.histories.load(
                file,
                workers=workers,
                anew=anew,
                work=work,
                encoding=encoding,
                on_begin=lambda: kept.begin(file, 0),
                on_refused=kept.add_for_good,
                on_progress=lambda what, done, total: progress(f"{file.name}: {_STEPS[what]}", done, total),
            )

        done = _one_by_one(files, one, kept)
    return _tell(done, kept, report, _history_document, _history_in_words, as_json=as_json)


def _one_by_one(files: list[Path], one: Callable[[Path], Loaded], kept: Report) -> list[tuple[Path, Loaded]]:
    try:
        return [(file, one(file)) for file in files]
    finally:
        kept.close()


def _tell(
    done: list[tuple[Path, Loaded]],
    kept: Report,
    report: Path | None,
    document: Callable[[Path, Loaded], dict[str, object]],
    words: Callable[[Path, Loaded], str],
    *,
    as_json: bool,
) -> int:
    for line in kept.shown if report is None else ():
        say(line)
    documents = [document(file, loaded) for file, loaded in done]
    Teller(as_json=as_json).tell({"files": documents}, *(words(file, loaded) for file, loaded in done))
    return sum(loaded.refused for _, loaded in done)


_STEPS = {"read": "reading, in bytes", "part": "parting, in bytes", "resolve": "resolving, in events"}


def _document(file: Path, loaded: Loaded) -> dict[str, object]:
    counts = {name: getattr(loaded, name) for name in Loaded.__dataclass_fields__}
    return counts | {"several": [one.document() for one in loaded.several], "file": str(file)}


def _history_document(file: Path, loaded: Loaded) -> dict[str, object]:
    return _document(file, loaded) | {"ignored": loaded.ignored}


def _history_in_words(file: Path, loaded: Loaded) -> str:
    begun = "was loaded before; nothing changed" if loaded.before else "is loaded"
    ignored = f"{loaded.ignored:,} with blocked keys alone; " if loaded.ignored else ""
    return (
        f"{file} {begun}: {loaded.rows:,} lines; {loaded.loaded:,} resolved, of which {loaded.created:,} made a "
        f"contact; {loaded.repeated:,} were there; {ignored}{loaded.refused:,} refused."
    )


def _words(file: Path, loaded: Loaded) -> str:
    begun = "was loaded before; nothing changed" if loaded.before else "is loaded"
    return (
        f"{file} {begun}: {loaded.rows:,} rows; {loaded.loaded:,} new, of which {loaded.created:,} made a contact; "
        f"{loaded.repeated:,} were there; {loaded.refused:,} refused.{_losses(loaded)}"
    )


def _losses(loaded: Loaded) -> str:
    """Print what rows lost, though they were loaded."""
    parts = (
        (loaded.conflicts, "without a key that is somebody else's"),
        (loaded.limited, "cut short by a limit"),
        (loaded.shared, "with a subscription that others have too"),
    )
    said = "; ".join(f"{count:,} {words}" for count, words in parts if count)
    several = "".join(f" {one.in_words}" for one in loaded.several)
    return (f" Of those loaded: {said}." if said else "") + several


def _progress() -> Progress:
    return progress_bar(
        TextColumn("{task.description}: {task.completed:,} rows", markup=False), BarColumn(), TimeElapsedColumn()
    )


def _csv_line(values: "list[object] | tuple[str, ...]") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()
