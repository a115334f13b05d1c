"""What may stand in a query string: nothing unknown, nothing twice, flags that are true or false."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from graph.errors import BadInput, FieldError
from graph.model import KEY_NAMES, KeyName

MAX_LIMIT = 1000


def single_valued(request: Request) -> None:
    """Refuse a query parameter that is given twice, since nobody knows which of the two was meant."""
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name in seen:
            raise BadInput([FieldError(name, "duplicate_parameter", "this is given more than once")])
        seen.add(name)


def _flag(value: object) -> object:
    if value in ("true", "false"):
        return value == "true"
    if isinstance(value, bool):
        return value
    raise PydanticCustomError("flag", "a flag is true or false")


def _limit(value: object) -> object:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, int) and 1 <= value <= MAX_LIMIT:
        return value
    raise PydanticCustomError("limit", "a limit is a whole number from 1 to 1000")


Flag = Annotated[bool, BeforeValidator(_flag)]
Limit = Annotated[int, BeforeValidator(_limit), Field(ge=1, le=MAX_LIMIT)]
Text = Annotated[str, Field(min_length=1)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(_Closed):
    """A call without query parameters."""


class Flags(_Closed):
    """How an event is resolved."""

    dry_run: Flag = Field(False, description="Answer the same and write nothing.")
    explain: Flag = Field(False, description="Add a trace: which fact led where.")


class Page(_Closed):
    """Which part of a list."""

    limit: Limit = Field(100, description="How many items at most.")
    cursor: Text | None = Field(None, description="The `next` of the page before.")


class KeyPage(Page):
    """Whose key; exactly one of the four."""

    email: Text | None = Field(None, examples=["ana@example.com"])
    tracker_id: Text | None = None
    subscription: Text | None = None
    user_id: Text | None = None

    def key(self) -> tuple[KeyName, str]:
        """Name the one key that was given, and its value.

        Raises
        ------
        BadInput
            When there is none, or more than one.
        """
        given: list[tuple[KeyName, str]] = [
            (name, value) for name in KEY_NAMES if (value := getattr(self, name)) is not None
        ]
        if len(given) != 1:
            place = " and ".join(name for name, _ in given) or "query"
            raise BadInput([FieldError(place, "exactly_one", f"give exactly one of {', '.join(KEY_NAMES)}")])
        return given[0]


NothingQuery = Annotated[Nothing, Query()]
FlagsQuery = Annotated[Flags, Query()]
PageQuery = Annotated[Page, Query()]
KeyPageQuery = Annotated[KeyPage, Query()]
