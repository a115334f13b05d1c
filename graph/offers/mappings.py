"""Environments made of a mapping: from whom the offers are for follows the kind, the box and the visitors folder."""

from typing import get_args

from pydantic import ValidationError

from graph.errors import BadInput, FieldError
from graph.identity.events import field_errors
from graph.offers.definitions import EnvironmentBody, TargetingDimension

MAPPINGS: tuple[TargetingDimension, ...] = get_args(TargetingDimension)

DEFAULT_ENVIRONMENT = "contacts"
"""The identified environment that a fresh graph has."""


def environment_of(
    mapping: str, *, brand: str | None = None, name: str | None = None, folder: str | None = None
) -> tuple[str, EnvironmentBody]:
    """Return the name and the definition of the environment that a mapping makes.

    Parameters
    ----------
    mapping
        ``contacts`` for an identified environment, ``visitors`` for an anonymous one.
    brand
        Whose visitors these are: an anonymous environment and its folder are named after it.
    name
        The environment's name, where it is not the brand's.
    folder
        The visitors folder, where it is not named after the environment.

    Raises
    ------
    BadInput
        When there is no such mapping, or nothing names the environment.
    """
    if mapping not in MAPPINGS:
        raise BadInput([FieldError("mapping", "mapping", f"a mapping is one of {', '.join(MAPPINGS)}")])
    called = name or brand or (DEFAULT_ENVIRONMENT if mapping == "contacts" else None)
    if called is None:
        raise BadInput([FieldError("brand", "missing", "an environment of visitors is one brand's: say which")])
    said = {"targeting_dimension": mapping} | ({} if folder is None else {"visitors_folder": folder})
    try:
        return called, EnvironmentBody.model_validate(said)
    except ValidationError as error:
        raise BadInput(field_errors(error)) from error
