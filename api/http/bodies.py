"""What may stand in the body of a call: closed objects, checked as events are."""

from typing import Annotated, Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError, WithJsonSchema

from api.http.query import keys_given, the_one_key
from api.http.requests import read_body
from graph.errors import BadInput, FieldError
from graph.explore.deliveries import Check
from graph.identity.events import MAX_EVENT_BYTES, KeyMap, PropertyMap, Time, field_errors
from graph.identity.namespaces import Namespaces
from graph.json import parse_json
from graph.model import MAX_NAME, KeyName
from graph.offers.definitions import MAX_OFFERS, OUTCOMES, CategoryBody, EnvironmentBody, OfferBody, SpaceBody
from graph.segments.condition_schema import DocumentedCondition
from graph.store.changes import CHANGE_KINDS

MAX_CHECKS_BYTES = 4 * 1024 * 1024
"""The longest body that lists subscriptions."""
MAX_CHECKS = 1_000
"""Subscriptions that one call may name."""
MAX_BODY_BYTES = 256 * 1024
"""The longest body that is no event: a condition may list many values."""


def _example(*required: str, **example: Any) -> ConfigDict:
    """Forbid other fields and show an example; ``required`` names fields whose lack is told by who reads them."""
    extra: dict[str, Any] = {"examples": [example]} | ({"required": list(required)} if required else {})
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra=extra)


class EmptyBody(BaseModel):
    """Nothing, or an object without fields."""

    model_config = ConfigDict(extra="forbid")


class PropertiesBody(BaseModel):
    """Properties to write; null removes one, those that are left out stay."""

    model_config = _example(properties={"_name": "Ana", "newsletter": True, "old": None})

    properties: PropertyMap


class KeyBody(BaseModel):
    """One key; exactly one, of any namespace."""

    model_config = ConfigDict(
        extra="allow", frozen=True, json_schema_extra={"examples": [{"email": "ana@example.com"}]}
    )

    email: StrictStr | None = None
    tracker_id: StrictStr | None = None
    subscription: StrictStr | None = None
    user_id: StrictStr | None = None

    def key(self, namespaces: Namespaces) -> tuple[KeyName, str]:
        """Name the one key that was given, and its value.

        Raises
        ------
        BadInput
            When there is none, or more than one, or the body names no namespace.
        """
        return the_one_key(keys_given(self, namespaces, "unknown_field", "there is no such field"), "", namespaces)


class GoneBody(BaseModel):
    """Subscriptions that the push service answered with 404 or 410."""

    model_config = _example(subscriptions=["https://push.example.com/send/f3a9"])

    subscriptions: Annotated[
        list[Any],
        WithJsonSchema(
            {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_CHECKS,
                "items": {
                    "anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]
                },
            }
        ),
    ] = Field(
        min_length=1,
        max_length=MAX_CHECKS,
        description="Values of `subscription`; `{namespace: value}` for another namespace of subscriptions.",
    )

    def keys(self, namespaces: Namespaces) -> list[tuple[KeyName, str]]:
        """Return the subscriptions, each with the name of its namespace.

        Raises
        ------
        BadInput
            With every item that is none.
        """
        found: list[tuple[KeyName, str]] = []
        wrong: list[FieldError] = []
        for number, item in enumerate(self.subscriptions):
            key = subscription_in(item, namespaces)
            if key is None:
                message = "must be a string, or an object of one namespace of subscriptions and a value"
                wrong.append(FieldError(f"subscriptions[{number}]", "type", message))
            else:
                found.append(key)
        if wrong:
            raise BadInput(wrong)
        return found


class ChecksBody(BaseModel):
    """Pairs of a person and a subscription; the person by id, or by a key of any namespace."""

    model_config = _example(
        checks=[
            {"contact": "01936f2e-7c1a-7d10-9a3c-5b1f0c2d4e6f", "subscription": "https://push.example.com/send/f3a9"},
            {"email": "ana@example.com", "subscription": "https://push.example.com/send/f3a9"},
        ]
    )

    checks: Annotated[
        list[Any],
        WithJsonSchema(
            {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_CHECKS,
                "items": {
                    "type": "object",
                    "required": ["subscription"],
                    "properties": {
                        "contact": {"description": "An id, or `{namespace: value}`.", "type": ["string", "object"]},
                        "subscription": {
                            "description": "A value, or `{namespace: value}` of another namespace of subscriptions.",
                            "type": ["string", "object"],
                        },
                    },
                    "additionalProperties": {"type": "string"},
                },
            }
        ),
    ] = Field(min_length=1, max_length=MAX_CHECKS, description="Up to 1,000, answered in order.")

    def read(self, namespaces: Namespaces) -> list[Check]:
        """Return the checks.

        Raises
        ------
        BadInput
            With every one that names not one person, or not one subscription.
        """
        found: list[Check] = []
        wrong: list[FieldError] = []
        for number, item in enumerate(self.checks):
            check = _check_in(item, namespaces)
            if isinstance(check, Check):
                found.append(check)
            else:
                wrong.append(FieldError(f"checks[{number}]{check}", "type", _CHECK))
        if wrong:
            raise BadInput(wrong)
        return found


_CHECK = "a check has a `contact` (an id, or a namespace and a value) or a key, and a `subscription`"


def _check_in(item: Any, namespaces: Namespaces) -> Check | str:
    """Read one check; the place of what is wrong with it otherwise."""
    if not isinstance(item, dict):
        return ""
    rest = dict(item)
    subscription = subscription_in(rest.pop("subscription", None), namespaces)
    if subscription is None:
        return ".subscription"
    whom = rest.pop("contact", None)
    if isinstance(whom, str) and not rest:
        return Check(whom, None, subscription)
    if whom is not None:
        if not isinstance(whom, dict) or rest:
            return ".contact"
        rest = whom
    if len(rest) != 1:
        return ""
    [(name, value)] = rest.items()
    if name not in namespaces or not isinstance(value, str):
        return f".{name}"
    return Check(None, (name, value), subscription)


def subscription_in(item: Any, namespaces: Namespaces) -> tuple[KeyName, str] | None:
    """Read a subscription: a value, or an object of one namespace of subscriptions and a value; None for others."""
    if isinstance(item, str):
        return ("subscription", item)
    if not isinstance(item, dict) or len(item) != 1:
        return None
    [(name, value)] = item.items()
    if name not in namespaces or not namespaces[name].is_subscription or not isinstance(value, str):
        return None
    return (name, value)


class MergeBody(BaseModel):
    """Which contact is folded into which."""

    model_config = _example(
        source="01936f2e-7b02-7aa1-8e7d-2f6a9c0b1d3e", target="01936f2e-7c1a-7d10-9a3c-5b1f0c2d4e6f"
    )

    source: StrictStr = Field(description="The contact that is folded; its id leads to the other from then on.")
    target: StrictStr = Field(description="The contact that stays.")


class SegmentBody(BaseModel):
    """What a segment is; the condition language is checked by its own reader."""

    model_config = _example(
        "kind", kind="dynamic", where={"all": [{"property": "country", "is": "FR"}, {"kind": "known"}]}
    )

    kind: Any = Field(None, json_schema_extra={"type": "string", "enum": ["static", "dynamic", "dynamic_plus"]})
    where: Annotated[Any, DocumentedCondition] = Field(None, description="The condition; a static segment has none.")
    watch: Any = Field(
        False,
        description="Whether the change feed tells who comes into a dynamic segment and who leaves.",
        json_schema_extra={"type": "boolean"},
    )


class WebhookBody(BaseModel):
    """Where changes are delivered."""

    model_config = _example(
        "url",
        url="https://shop.example.com/kinfold",
        secret="whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        kinds=["merged"],
    )

    url: Any = Field(None, description="http or https.", json_schema_extra={"type": "string"})
    secret: Any = Field(
        None,
        description="What deliveries are signed with: whsec_ and Base64, or any text. Left out, it stays as it is.",
        json_schema_extra={"type": ["string", "null"], "maxLength": 255},
    )
    kinds: Any = Field(
        None,
        description="Which changes; none or left out for all.",
        json_schema_extra={"type": ["array", "null"], "items": {"type": "string", "enum": list(CHANGE_KINDS)}},
    )


class StatusBody(BaseModel):
    """Whether a contact is in a workflow, or done with it."""

    model_config = _example("status", status="active")

    status: Any = Field(None, json_schema_extra={"type": "string", "enum": ["active", "done"]})


class RunBody(BaseModel):
    """One run of one node."""

    model_config = _example(node="welcome", ran_at="2026-11-22T10:00:00Z", data={"opened": True})

    node: StrictStr = Field(min_length=1, max_length=MAX_NAME)
    ran_at: Time | None = Field(None, description="When it ran; when it was received if left out.")
    data: PropertyMap = Field(default_factory=dict)


class PropositionBody(BaseModel):
    """Who asks for offers: any of the keys."""

    model_config = _example(tracker_id="ana-phone", limit=2)

    tracker_id: StrictStr | None = Field(None, description="The cookie of one browser.")
    email: StrictStr | None = Field(None, description="Identifies explicitly; an invalid one counts as absent.")
    subscription: StrictStr | None = Field(None, description="A browser's push subscription on one device.")
    user_id: StrictStr | None = Field(None, description="Identifies explicitly.")
    keys: KeyMap = Field(
        default_factory=dict,
        description="Keys by the name of their namespace, as an event has them; a person key identifies explicitly.",
    )
    limit: StrictInt | None = Field(None, ge=1, le=MAX_OFFERS, description="How many offers at most.")


class OutcomeBody(BaseModel):
    """What became of a proposition."""

    model_config = _example("outcome", outcome="accepted", offer="boots-20")

    outcome: Any = Field(None, json_schema_extra={"type": "string", "enum": list(OUTCOMES)})
    offer: StrictStr | None = Field(None, description="Of which offer; of all of them when left out.")


class CookieBody(BaseModel):
    """The tag's cookie, as the site's own server is to set it."""

    model_config = _example(name="kinfold", tracker_id="0d9e80e2d9c14f0f8f6f2f0c3d1a7b55")

    name: StrictStr = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The cookie's name.")
    tracker_id: StrictStr = Field(min_length=1, max_length=1024, description="The cookie's value.")
    domain: StrictStr | None = Field(
        None, pattern=r"^\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$", max_length=253, description="For several subdomains."
    )


BODIES: tuple[type[BaseModel], ...] = (
    EmptyBody,
    PropertiesBody,
    KeyBody,
    GoneBody,
    ChecksBody,
    MergeBody,
    SegmentBody,
    WebhookBody,
    StatusBody,
    RunBody,
    EnvironmentBody,
    CategoryBody,
    SpaceBody,
    OfferBody,
    PropositionBody,
    OutcomeBody,
    CookieBody,
)

MAY_BE_EMPTY: tuple[type[BaseModel], ...] = (EmptyBody, CategoryBody)
"""Bodies that may be left out: the address says all that must be said."""

B = TypeVar("B", bound=BaseModel)


async def read_as(model: type[B], request: Request, limit: int = MAX_EVENT_BYTES) -> B:
    """Read a body as one of the models above.

    Raises
    ------
    BadInput
        With every field that is wrong.
    """
    raw = await read_body(request, limit, "this body")
    if not raw.strip() and model in MAY_BE_EMPTY:
        raw = b"{}"
    parsed = parse_json(raw)
    if not isinstance(parsed, dict):
        raise BadInput([FieldError("", "type", "must be a JSON object")])
    try:
        return model.model_validate(parsed)
    except ValidationError as error:
        raise BadInput(field_errors(error)) from error


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """Describe a body that a route reads by itself, for the OpenAPI document."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": model not in MAY_BE_EMPTY, "content": {"application/json": {"schema": schema}}}}
