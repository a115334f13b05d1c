"""Errors that reach a caller, each with the words a person needs to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with a request: where, which rule, in words."""

    field: str
    """The place, dotted: ``properties.age`` or ``where.all[1].is``."""
    rule: str
    """The broken rule's short name: ``unknown_field``, ``too_long``, ``type``."""
    message: str
    """What is wrong and what is allowed, in a sentence."""


class KinfoldError(Exception):
    """A refusal with a stable code; the doors turn it into RFC 9457 problem+json."""

    status = 500
    code = "internal"
    title = "Something went wrong"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra


class BadInput(KinfoldError):
    """A request that breaks a rule; nothing was changed.

    Attributes
    ----------
    errors
        Every field that is wrong, with the rule it breaks.
    """

    status = 422
    code = "bad_input"
    title = "The request breaks a rule"

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(
            "; ".join(f"{error.field}: {error.message}" if error.field else error.message for error in errors)
        )
        self.errors = errors


class BadBookmark(BadInput):
    """A bookmark that this deployment did not give; nothing was read."""

    def __init__(self, message: str) -> None:
        super().__init__([FieldError("Kinfold-Bookmark", "bookmark", message)])


class TooLarge(BadInput):
    """A body above the limit, refused before it was read to its end."""

    status = 413
    code = "too_large"
    title = "The request is too large"


class NotFound(KinfoldError):
    """Nothing has this id."""

    status = 404
    code = "not_found"
    title = "Not found"


class Gone(KinfoldError):
    """What had this id was erased."""

    status = 410
    code = "gone"
    title = "Erased"


class ClashError(KinfoldError):
    """The request cannot be carried out as things stand; ``extra`` names what stands in the way."""

    status = 409
    code = "conflict"
    title = "Refused as things stand"


class TryAgain(Exception):
    """What was just read has changed before it was locked: the database room runs the transaction once more."""


class Unavailable(KinfoldError):
    """The database cannot be reached or did not settle in time; sending again is safe."""

    status = 503
    code = "unavailable"
    title = "The database cannot be reached"


_LONGEST_GUESSED = 64
"""Characters of a name beyond which nobody meant another."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return what to add to a message about a name that is not there: the name that was meant, if one is like it.

    >>> did_you_mean("e_mail", ["email", "tracker_id"]), did_you_mean("colour", ["email"])
    ("; did you mean 'email'?", '')
    """
    if len(name) > _LONGEST_GUESSED:
        return ""
    bare = {one.replace("_", "").lower(): one for one in known}
    like = get_close_matches(name.replace("_", "").replace("-", "").lower(), bare, n=1, cutoff=0.75)
    return f"; did you mean {bare[like[0]]!r}?" if like else ""
