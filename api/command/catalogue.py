"""What ``kinfold catalogue`` does: a whole catalogue in from one file, and out again."""

import sys
from pathlib import Path
from typing import Any

import orjson

from api.command.output import Teller
from api.terminal import Refusal
from graph.errors import BadInput
from graph.kinfold import Kinfold
from graph.offers import files
from graph.offers.catalogue import Environment


def import_file(kinfold: Kinfold, raw: bytes, *, teller: Teller) -> None:
    """Make or change what the file describes, all of it or nothing.

    Raises
    ------
    typer.Exit
        With 1 when the file breaks a rule; every mistake is named with its line.
    """
    try:
        made = load(kinfold, raw)
    except BadInput as error:
        raise teller.refuse(error) from error
    counts = _counted(made)
    teller.tell({"imported": counts}, f"Imported: {_in_words(counts)}.")


def load(kinfold: Kinfold, raw: bytes) -> list[Environment]:
    """Import a file and give the environments that it describes.

    Raises
    ------
    BadInput
        When the file or the catalogue would break a rule, with the lines.
    """
    file, source = files.read_catalogue(raw)
    try:
        kinfold.catalogues.import_file(file)
    except BadInput as error:
        raise source.placed(error) from error
    return [Environment.of(name, body, body) for name, body in file.environments.items()]


def export_file(kinfold: Kinfold, file: str, *, teller: Teller) -> None:
    """Write the whole catalogue: JSON where the file's name ends so, else YAML; ``-`` is standard output."""
    catalogue = kinfold.catalogues.export()
    written = files.write_catalogue(catalogue, as_json=file.lower().endswith(".json"))
    if file == "-":
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
        return
    try:
        Path(file).write_bytes(written)
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}.") from error
    counts = {"environments": len(catalogue["environments"])} | {
        part: sum(len(one.get(part, {})) for one in catalogue["environments"].values()) for part in _PARTS
    }
    teller.tell({"exported": counts, "file": file}, f"Written to {file}: {_in_words(counts)}.")


def write_schema() -> None:
    """Write the JSON Schema of a catalogue's file to standard output."""
    sys.stdout.buffer.write(orjson.dumps(files.schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


_PARTS = ("categories", "spaces", "offers")
_SINGULAR = {"environments": "environment", "categories": "category", "spaces": "space", "offers": "offer"}


def _counted(made: list[Environment]) -> dict[str, int]:
    return {"environments": len(made)} | {part: sum(len(getattr(one, part)) for one in made) for part in _PARTS}


def _in_words(counts: dict[str, Any]) -> str:
    return ", ".join(f"{count} {_SINGULAR[part] if count == 1 else part}" for part, count in counts.items())
