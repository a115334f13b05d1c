"""A catalogue as one file, YAML 1.2 or JSON: read with the line of every value, written so that it reads back."""

import io
from typing import Any

import orjson
from pydantic import ValidationError
from ruamel.yaml import YAML

from graph.errors import BadInput, FieldError
from graph.identity.events import field_errors
from graph.offers.definitions import CatalogueFile
from graph.source_file import SourceFile


def read_catalogue(raw: bytes) -> tuple[CatalogueFile, SourceFile]:
    """Read a catalogue's file.

    Raises
    ------
    BadInput
        With every field that is wrong, its rule and its line.
    """
    source = SourceFile(raw)
    if not isinstance(source.content, dict):
        raise BadInput([FieldError("", "type", "line 1: a catalogue is an object with environments")])
    try:
        return CatalogueFile.model_validate(source.content), source
    except ValidationError as error:
        raise source.placed(BadInput(field_errors(error))) from error


def write_catalogue(catalogue: dict[str, Any], *, as_json: bool) -> bytes:
    """Write a catalogue as a file."""
    if as_json:
        return orjson.dumps(catalogue, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 120
    written = io.BytesIO()
    yaml.dump(catalogue, written)
    return written.getvalue()


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a catalogue's file, for editors that check while one writes."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **CatalogueFile.model_json_schema()}
