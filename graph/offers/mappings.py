"""Environments made of a mapping: from whom the offers are for follows the kind, the box and the visitors folder."""

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import ValidationError

from graph.errors import BadInput, FieldError
from graph.identity.events import field_errors
from graph.offers.definitions import EnvironmentBody, TargetingDimension

MAPPINGS: tuple[TargetingDimension, ...] = get_args(TargetingDimension)

DEFAULT_ENVIRONMENT = "contacts"
"""The identified environment that a fresh graph has."""


def environment_of(
    mapping: str,
    *,
    brand: str | None = None,
    name: str | None = None,
    folder: str | None = None,
    segment: str | None = None,
    goes_on_from: Sequence[str] = (),
) -> tuple[str, EnvironmentBody]:
    """Return the name and the definition of the environment that a mapping makes.

    Parameters
    ----------
    mapping
        ``contacts`` for an identified environment, ``visitors`` for an anonymous one, ``segment`` for an identified one
        of the members of a segment.
    brand
        Whose visitors these are: an anonymous environment and its folder are named after it.
    name
        The environment's name, where it is not the brand's.
    folder
        The visitors folder, where it is not named after the environment.
    segment
        Whose members it addresses; the environment is named after it unless something else is said.
    goes_on_from
        Anonymous environments whose propositions count in an identified one.

    Raises
    ------
    BadInput
        When there is no such mapping, or nothing names the environment.
    """
    if mapping not in MAPPINGS:
        raise BadInput([FieldError("mapping", "mapping", f"a mapping is one of {', '.join(MAPPINGS)}")])
    named = {"contacts": DEFAULT_ENVIRONMENT, "segment": segment}.get(mapping)
    called = name or brand or named
    if mapping == "segment" and segment is None:
        raise BadInput([FieldError("segment", "missing", "an environment that addresses a segment says which")])
    if called is None:
        raise BadInput([FieldError("brand", "missing", "an environment of visitors is one brand's: say which")])
    given = {"visitors_folder": folder, "segment": segment, "goes_on_from": tuple(goes_on_from) or None}
    said: dict[str, Any] = {"targeting_dimension": mapping} | {
        field: value for field, value in given.items() if value is not None
    }
    try:
        return called, EnvironmentBody.model_validate(said)
    except ValidationError as error:
        raise BadInput(field_errors(error)) from error
