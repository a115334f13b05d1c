"""The condition language as a schema, for the OpenAPI document and for editors of catalogues.

Nothing is validated by these models: a condition is read by `conditions.compile_condition`, which names the place of
every mistake.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, RootModel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from graph.model import MAX_NAME, KeyName

Scalar = str | int | float | bool
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


def _no_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _optional(name: str, description: str) -> Any:
    return Field(None, alias=name, description=description, json_schema_extra=_no_default)


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PropertyCondition(_Form):
    """What one property is asked: exactly one of the tests. Who has no such property meets `exists: false` only."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 2, "maxProperties": 2})

    name: Name = Field(alias="property")
    is_: Scalar | list[Scalar] = _optional("is", "It is this; a list is also what one of its values is.")
    is_not: Scalar | list[Scalar] = _optional("is_not", "It exists and is something else.")
    in_: Annotated[list[Scalar], Field(min_length=1)] = _optional("in", "It is one of these.")
    contains: Scalar = _optional("contains", "The text contains this, or the list has it.")
    greater_than: str | int | float = _optional(
        "greater_than", "Numbers compare as numbers, RFC 3339 times as times, other texts as texts."
    )
    less_than: str | int | float = _optional("less_than", "As greater_than.")
    is_before: str = _optional(
        "is_before",
        "A time before now plus this duration (`P30D`; `-P30D` is 30 days ago), or before this time or date.",
    )
    is_after: str = _optional("is_after", "A time after now plus this duration, or after this time or date.")
    older_than: str = _optional("older_than", "A time before now minus this duration.")
    exists: bool = _optional("exists", "Whether there is a value.")


class KeyCondition(_Form):
    """Whether the contact has a key of a namespace."""

    key: KeyName
    exists: bool


class KindCondition(_Form):
    """Whether the contact is known."""

    kind: Literal["known", "anonymous"]


class EventCondition(_Form):
    """Whether the contact did something, so often, within a period: dynamic_plus segments and offers."""

    event: Name
    where: "EventPropertiesCondition" = _optional("where", "Only events count whose own properties meet this.")
    at_least: int = Field(1, ge=1, lt=2**31, description="How often; once if left out.", json_schema_extra=_no_default)
    within: str | None = _optional(
        "within", "Only events of the last so long count: an ISO 8601 duration, such as `P30D`."
    )


class ContextCondition(PropertyCondition):
    """What the data of the call are asked (offers only): its page, its language, its basket."""

    name: Name = Field(alias="context")


class SegmentCondition(_Form):
    """Whether the contact is in a segment, static or dynamic (offers only)."""

    segment: Name


class VisitorCondition(_Form):
    """Whether the contact is in the visitors folder of an anonymous environment: dynamic_plus segments and offers."""

    visitor_of: Name


class AllProperties(_Form):
    """Met by whoever meets every one of these."""

    all_: list["EventPropertiesCondition"] = Field(alias="all", min_length=1)


class AnyProperties(_Form):
    """Met by whoever meets one of these, or more."""

    any_: list["EventPropertiesCondition"] = Field(alias="any", min_length=1)


class NotProperties(_Form):
    """Met by whoever does not meet this."""

    not_: "EventPropertiesCondition" = Field(alias="not")


class EventPropertiesCondition(RootModel[PropertyCondition | AllProperties | AnyProperties | NotProperties]):
    """What the properties of an event are asked."""


class AllConditions(_Form):
    """Met by whoever meets every one of these."""

    all_: list["Condition"] = Field(alias="all", min_length=1)


class AnyCondition(_Form):
    """Met by whoever meets one of these, or more."""

    any_: list["Condition"] = Field(alias="any", min_length=1)


class NotCondition(_Form):
    """Met by whoever does not meet this."""

    not_: "Condition" = Field(alias="not")


class Condition(
    RootModel[
        PropertyCondition
        | KeyCondition
        | KindCondition
        | EventCondition
        | ContextCondition
        | SegmentCondition
        | VisitorCondition
        | AllConditions
        | AnyCondition
        | NotCondition
    ]
):
    """Whom a segment or an offer is for."""


class DocumentedCondition:
    """An annotation: the value is anything to pydantic and a condition, or null, in its schema."""

    @staticmethod
    def __get_pydantic_json_schema__(_: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(Condition.__pydantic_core_schema__), {"type": "null"}]}
