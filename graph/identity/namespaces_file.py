"""The file in which a deployment declares its namespaces, YAML 1.2 or JSON: read with the line of every value."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from graph.errors import BadInput, FieldError
from graph.identity.events import field_errors
from graph.identity.namespaces import (
    BUILT_IN,
    DEFAULT_NAMESPACES,
    NAME,
    RESERVED_LABELS,
    RESERVED_NAMES,
    KeyClass,
    Namespace,
    Namespaces,
    Normaliser,
    label_of,
)
from graph.patterns import InvalidPattern, Pattern
from graph.source_file import SourceFile

MAX_NAMESPACES = 100


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[list[StrictStr], BeforeValidator(_several)]


class Declared(BaseModel):
    """What the file says of one namespace."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    key_class: KeyClass | None = Field(
        None, alias="class", description="What its keys name. Must be said, save of those that are always there."
    )
    priority: StrictInt | None = Field(
        None, ge=0, le=1_000_000, description="Which key of a class is asked first: the smaller. 100 unless said."
    )
    at_most: StrictInt | None = Field(
        None, ge=1, description="How many values of it events may give one contact; any number unless said."
    )
    normalise: Normaliser | None = Field(None, description="How its values are compared. 'opaque' unless said.")
    region: StrictStr | None = Field(
        None, description="Of phone numbers without a country code: ISO 3166, two capital letters."
    )
    pattern: StrictStr | None = Field(
        None, description="A regular expression (RE2) that the normal form must match as a whole, else it is invalid."
    )
    hash_of: StrictStr | None = Field(
        None, description="The namespace whose values these are the SHA-256 of, in lower-case hexadecimal."
    )
    block: Texts = Field(default_factory=list, description="Values to block, for this namespace alone.")
    allow: Texts = Field(default_factory=list, description="Values of the built-in list to let through.")
    block_patterns: Texts = Field(default_factory=list, description="Regular expressions (RE2) to block.")
    paths: Texts = Field(
        default_factory=list,
        alias="from",
        description="Where its value stands in a Segment message, dotted: traits.phone.",
    )


class NamespacesFile(BaseModel):
    """A deployment's namespaces. Email, user_id, tracker_id and subscription are always there."""

    model_config = ConfigDict(extra="forbid", title="Kinfold namespaces")

    namespaces: dict[StrictStr, Declared | None] = Field(max_length=MAX_NAMESPACES)


def read_namespaces(raw: bytes) -> Namespaces:
    """Read a file of namespaces.

    The names stand at the top of it, or under ``namespaces``.

    Raises
    ------
    BadInput
        With every field that is wrong, its rule and its line.
    """
    source = SourceFile(raw)
    content: Any = source.content
    if not isinstance(content, dict):
        raise BadInput([FieldError("", "type", "line 1: this must be an object of namespaces by name")])
    wrapped = set(content) == {"namespaces"}
    try:
        try:
            file = NamespacesFile.model_validate(content if wrapped else {"namespaces": content})
        except ValidationError as error:
            raise BadInput(field_errors(error)) from error
        declared = {name: said or Declared.model_validate({}) for name, said in file.namespaces.items()}
        if wrong := list(_wrong(declared)):
            raise BadInput(wrong)
    except BadInput as error:
        here = error if wrapped else BadInput([_bare(one) for one in error.errors])
        raise source.placed(here) from error
    return Namespaces.of(_namespace(name, said) for name, said in declared.items())


def load_namespaces(path: Path | None) -> Namespaces:
    """Return the namespaces that a file declares; without one, those that are always there.

    Raises
    ------
    BadInput
        When it breaks a rule, or cannot be read; the messages name the file.
    """
    if path is None:
        return DEFAULT_NAMESPACES
    try:
        return read_namespaces(path.read_bytes())
    except OSError as error:
        raise BadInput([FieldError("", "file", f"{path} cannot be read: {error.strerror}")]) from error
    except BadInput as error:
        raise BadInput([FieldError(one.field, one.rule, f"{path}, {one.message}") for one in error.errors]) from error


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors that check while one writes."""
    found = NamespacesFile.model_json_schema()
    found["properties"]["namespaces"]["propertyNames"] = {"pattern": f"^{NAME.pattern}$"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def _bare(error: FieldError) -> FieldError:
    return FieldError(error.field.removeprefix("namespaces").removeprefix("."), error.rule, error.message)


def _namespace(name: str, said: Declared) -> Namespace:
    always = next((one for one in BUILT_IN if one.name == name), None)
    given = {field: getattr(said, field) for field in said.model_fields_set if getattr(said, field) is not None}
    given = {field: tuple(value) if isinstance(value, list) else value for field, value in given.items()}
    if always is not None:
        return replace(always, **given)
    return Namespace(name=name, **given)


_ALWAYS = {one.name: one for one in BUILT_IN}


def _wrong(declared: dict[str, Declared]) -> Iterator[FieldError]:
    """Find what no single field can show."""
    labels = {label_of(one.name): one.name for one in BUILT_IN}
    for name, said in declared.items():
        place = f"namespaces.{name}"
        if name in _ALWAYS:
            if said.key_class not in (None, _ALWAYS[name].key_class):
                yield FieldError(f"{place}.class", "built_in", f"the class of {name} is {_ALWAYS[name].key_class}")
            if said.hash_of is not None:
                yield FieldError(f"{place}.hash_of", "built_in", f"{name} is the hash of nothing")
        else:
            yield from _wrong_name(name, place, labels)
            if said.key_class is None:
                yield FieldError(f"{place}.class", "missing", f"one of {', '.join(KeyClass)} is to be said")
        yield from _wrong_settings(said, place, declared)


def _wrong_name(name: str, place: str, labels: dict[str, str]) -> Iterator[FieldError]:
    if not NAME.fullmatch(name):
        yield FieldError(place, "name", "a name is a to z, then up to 39 of a to z, 0 to 9 and _")
        return
    label = label_of(name)
    if name in RESERVED_NAMES or label in RESERVED_LABELS:
        yield FieldError(place, "reserved", f"{name} means something else already")
    elif labels.setdefault(label, name) != name:
        yield FieldError(place, "label", f"in the graph its keys would be told by {label}, as those of {labels[label]}")


def _wrong_settings(said: Declared, place: str, declared: dict[str, Declared]) -> Iterator[FieldError]:
    if said.region is not None and said.region not in phonenumbers.SUPPORTED_REGIONS:
        yield FieldError(
            f"{place}.region", "region", f"there is no region {said.region!r}; one is two capital letters, such as DE"
        )
    if said.region is not None and said.normalise is not Normaliser.PHONE:
        yield FieldError(f"{place}.region", "region", "a region is for normalise: phone")
    patterns = [("pattern", said.pattern)] if said.pattern is not None else []
    patterns += [(f"block_patterns[{index}]", text) for index, text in enumerate(said.block_patterns)]
    for field, text in patterns:
        try:
            Pattern(text)
        except InvalidPattern as error:
            yield FieldError(f"{place}.{field}", "pattern", f"this is not a regular expression: {error}")
    for index, path in enumerate(said.paths):
        if not path or not all(path.split(".")):
            yield FieldError(f"{place}.from[{index}]", "path", "a path is names with a dot between them")
    if said.hash_of is not None and place.removeprefix("namespaces.") not in _ALWAYS:
        yield from _wrong_hash(said, f"{place}.hash_of", declared)


def _wrong_hash(said: Declared, place: str, declared: dict[str, Declared]) -> Iterator[FieldError]:
    assert said.hash_of is not None
    of = declared.get(said.hash_of)
    known = said.hash_of in _ALWAYS or of is not None
    of_class = _ALWAYS[said.hash_of].key_class if said.hash_of in _ALWAYS else of.key_class if of else None
    if not known:
        yield FieldError(place, "namespace", f"there is no namespace {said.hash_of!r}")
    elif of_class is not KeyClass.PERSON or said.key_class is not KeyClass.PERSON:
        yield FieldError(place, "class", "a hash and what it is of are of class person")
    elif of is not None and of.hash_of is not None:
        yield FieldError(place, "namespace", f"{said.hash_of} is a hash itself")
    if said.normalise is not None:
        yield FieldError(place, "normalise", "hashes have a form of their own: leave normalise out")
