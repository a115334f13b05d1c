"""What may stand in the body of a call: closed objects, checked as events are."""

import re
from typing import Annotated, Any, Literal, TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError, WithJsonSchema

from api.http.query import keys_given, the_one_key
from api.http.requests import read_body
from graph.access.access_keys import MAX_KEY_NAME, KeyScope
from graph.edits.splits import Wanted
from graph.errors import BadInput, FieldError
from graph.explore.deliveries import Check
from graph.identity.events import MAX_EVENT_BYTES, KeyMap, PropertyMap, Time, field_errors
from graph.identity.namespaces import Namespaces
from graph.identity.namespaces_file import read_namespaces
from graph.json import parse_json
from graph.model import MAX_NAME, KeyName
from graph.offers.definitions import (
    MAX_CONTEXT,
    MAX_OFFERS,
    MAX_SPACES,
    OUTCOMES,
    CategoryBody,
    EnvironmentBody,
    OfferBody,
    PlainName,
    RuleBody,
    SpaceBody,
)
from graph.offers.simulation import DEFAULT_LISTED, DEFAULT_PEOPLE, MOST_LISTED, MOST_PEOPLE, Plan
from graph.segments.condition_schema import DocumentedCondition
from graph.settings import PolicyName, WriteAnswer
from graph.store.audit import MAX_WHY
from graph.store.changes import CHANGE_KINDS

MAX_CHECKS_BYTES = 4 * 1024 * 1024
"""The longest body that lists subscriptions."""
MAX_CHECKS = 1_000
"""Subscriptions that one call may name."""
MAX_NAMED = 200
"""Contacts whose names one call may ask for."""
MAX_SIMULATED = 100
"""Events that are played through at once."""
MAX_BODY_BYTES = 256 * 1024
"""The longest body that is no event: a condition may list many values."""


MAX_NAMESPACES_BYTES = 16 * 1024
"""The longest registry that a call may bring."""
_LINE = re.compile(r"^line \d+: ")

MAX_PARTS = 500
MAX_PART_KEYS = 1_000
"""How many parts a contact comes apart into by hand, and how many keys each of them gets."""


def _example(*required: str, **example: Any) -> ConfigDict:
    """Forbid other fields and show an example; ``required`` names fields whose lack is told by who reads them."""
    extra: dict[str, Any] = {"examples": [example]} | ({"required": list(required)} if required else {})
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra=extra)


class EmptyBody(BaseModel):
    """Nothing, or an object without fields."""

    model_config = ConfigDict(extra="forbid")


class NoteBody(BaseModel):
    """What is said of a finding, for the others who work on the list."""

    model_config = _example("note", note="The shop's own tablet: blocked.")

    note: StrictStr | None = Field(None, max_length=500, description="Kept with the finding; name no person.")


class SimulationBody(BaseModel):
    """Events to play through, under one policy or several."""

    model_config = _example(
        "events",
        events=[{"tracker_id": "t1"}, {"tracker_id": "t1", "email": "ana@example.com"}],
        policies=["strict", "continuity"],
    )

    events: list[dict[str, Any]] = Field(
        min_length=1, max_length=MAX_SIMULATED, description="In order of arrival; each sees the effects of the earlier."
    )
    policies: list[PolicyName] = Field(
        default_factory=list, max_length=3, description="The deployment's own when left out."
    )
    namespaces: dict[str, Any] | None = Field(
        None,
        description="Namespaces to read the events by, as a file of KINFOLD_KEYS declares them; the deployment's when "
        "left out. Email, user_id, tracker_id and subscription are always there.",
    )
    drawing: StrictBool = Field(False, description="Answer with what each policy leaves, as a drawing.")

    def declared(self) -> Namespaces | None:
        """Return the namespaces of the body, if it has any.

        Raises
        ------
        BadInput
            With every field of them that is wrong.
        """
        if self.namespaces is None:
            return None
        try:
            raw = orjson.dumps({"namespaces": self.namespaces})
        except TypeError:
            raise BadInput([FieldError("namespaces", "depth", "this is nested too deeply")]) from None
        if len(raw) > MAX_NAMESPACES_BYTES:
            message = f"these are at most {MAX_NAMESPACES_BYTES} bytes of JSON"
            raise BadInput([FieldError("namespaces", "too_large", message)])
        try:
            return read_namespaces(raw)
        except BadInput as error:
            # What is sent has no lines.
            shown = [FieldError(one.field, one.rule, _LINE.sub("", one.message)) for one in error.errors]
            raise BadInput(shown) from error


class AccessKeyBody(BaseModel):
    """An access key to make."""

    model_config = _example(scope="write", name="shop", answer="minimal")

    scope: KeyScope = Field(description="What it is for.")
    name: StrictStr = Field("", max_length=MAX_KEY_NAME, description="Whose it is, for people.")
    answer: WriteAnswer | None = Field(
        None, description="How much the answers to a write key tell; left out: as the deployment says."
    )


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


class TakenKeyBody(KeyBody):
    """One key to take; exactly one, of any namespace."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        json_schema_extra={"examples": [{"email": "ana@example.com", "stay_away": True}]},
    )

    stay_away: StrictBool = Field(False, description="Judge that it is not this contact's: no event gives it back.")


class JudgementBody(BaseModel):
    """Two contacts that are two persons, or a contact and a key that is not its own."""

    model_config = _example(
        "verdict",
        verdict="apart",
        contacts=["01936f2e-7b02-7aa1-8e7d-2f6a9c0b1d3e", "01936f2e-7c1a-7d10-9a3c-5b1f0c2d4e6f"],
        why="mother and daughter on one phone",
    )

    verdict: Literal["apart"] = "apart"
    contacts: list[StrictStr] | None = Field(None, min_length=2, max_length=2, description="Two contacts.")
    contact: StrictStr | None = Field(None, description="Instead of two contacts: one, with a key.")
    key: dict[StrictStr, StrictStr] | StrictStr | None = Field(
        None, description='A key that is not the contact\'s, as {"email": value} or "email:value".'
    )
    why: StrictStr | None = Field(None, max_length=MAX_WHY, description="Kept with the judgement and in the audit.")

    def pair(self) -> tuple[str, str | None, tuple[KeyName, str] | None]:
        """Return the contact, and the other one or the key.

        Raises
        ------
        BadInput
            When it is neither two contacts nor a contact and a key.
        """
        if self.contacts is not None and self.contact is None and self.key is None:
            first, second = self.contacts
            return first, second, None
        if self.contacts is None and self.contact is not None and self.key is not None:
            pairs = _pairs(self.key, "key")
            if len(pairs) > 1:
                raise BadInput([FieldError("key", "too_long", "this is one key")])
            return self.contact, None, pairs[0]
        raise BadInput([FieldError("contacts", "exactly_one", "give contacts, or a contact and a key")])


class SplitPartBody(BaseModel):
    """One part of a contact: a contact of its own with these keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: list[dict[StrictStr, StrictStr] | StrictStr] = Field(
        min_length=1,
        max_length=MAX_PART_KEYS,
        description='Each by its namespace, as {"email": value} or "email:value".',
    )


class SplitBody(BaseModel):
    """How a contact comes apart: its parts by their keys, or around a key that fused people."""

    model_config = _example(around={"user_id": "user_id"}, block=True)

    parts: list[SplitPartBody] | None = Field(None, min_length=1, max_length=MAX_PARTS)
    around: dict[StrictStr, StrictStr] | None = Field(
        None, min_length=1, max_length=1, description="Instead of parts: the key that fused people, by its namespace."
    )
    block: StrictBool = Field(False, description="With around: block its value, too.")

    def wanted(self) -> Wanted:
        """Return what is wanted of the contact.

        Raises
        ------
        BadInput
            When it is neither parts nor a key, or a key of a part is not one.
        """
        if (self.parts is None) == (self.around is None):
            raise BadInput([FieldError("parts", "exactly_one", "give parts, or around")])
        if self.around is not None:
            ((name, value),) = self.around.items()
            return Wanted((), (name, value), self.block)
        if self.block:
            raise BadInput([FieldError("block", "around", "only the key of around can be blocked")])
        return Wanted(
            tuple(
                tuple(
                    pair
                    for place, key in enumerate(part.keys)
                    for pair in _pairs(key, f"parts[{number}].keys[{place}]")
                )
                for number, part in enumerate(self.parts or ())
            )
        )


def _pairs(key: dict[str, str] | str, place: str) -> list[tuple[KeyName, str]]:
    if isinstance(key, dict):
        if not key:
            raise BadInput([FieldError(place, "too_short", "name a key by its namespace")])
        return list(key.items())
    name, colon, value = key.partition(":")
    if not colon:
        raise BadInput([FieldError(place, "key", "a key is written namespace:value")])
    return [(name, value)]


_TEXT_OR_KEY = [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]
"""A value, or a namespace with a value; not a list of types, which some generators of clients do not read."""


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
                "items": {"anyOf": _TEXT_OR_KEY},
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


class NamesBody(BaseModel):
    """Contacts by their ids."""

    model_config = _example("contacts", contacts=["01936f2e-7c1a-7d10-9a3c-5b1f0c2d4e6f"])

    contacts: list[Annotated[StrictStr, Field(max_length=MAX_NAME)]] = Field(
        min_length=1, max_length=MAX_NAMED, description="Their ids."
    )


class WakeBody(BaseModel):
    """A subscription and those of its owners who are meant."""

    model_config = _example(subscription="https://push.example.com/send/f3a9")

    subscription: Annotated[Any, WithJsonSchema({"anyOf": _TEXT_OR_KEY})] = Field(
        description="A value of `subscription`; `{namespace: value}` for another namespace of subscriptions."
    )
    contacts: list[StrictStr] | None = Field(
        None, min_length=1, max_length=MAX_CHECKS, description="Ids of owners; all of them when it is left out."
    )

    def key(self, namespaces: Namespaces) -> tuple[KeyName, str]:
        """Return the subscription with the name of its namespace.

        Raises
        ------
        BadInput
            When it is none.
        """
        key = subscription_in(self.subscription, namespaces)
        if key is None:
            message = "must be a string, or an object of one namespace of subscriptions and a value"
            raise BadInput([FieldError("subscription", "type", message)])
        return key


class SleepBody(WakeBody):
    """A subscription and those of its owners who are not to be reached by it."""

    model_config = _example(
        subscription="https://push.example.com/send/f3a9", but="01936f2e-7c1a-7d10-9a3c-5b1f0c2d4e6f"
    )

    but: StrictStr | None = Field(None, description="The id of an owner who is left as it is.")


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
                        "contact": {"description": "An id, or `{namespace: value}`.", "anyOf": _TEXT_OR_KEY},
                        "subscription": {
                            "description": "A value, or `{namespace: value}` of another namespace of subscriptions.",
                            "anyOf": _TEXT_OR_KEY,
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

    source: StrictStr = Field(description="The contact to merge; its id leads to the target afterwards.")
    target: StrictStr = Field(description="The contact that survives.")


class SegmentBody(BaseModel):
    """What a segment is; the condition language is checked by its own reader."""

    model_config = _example(
        "kind", kind="dynamic", where={"all": [{"property": "country", "is": "FR"}, {"kind": "known"}]}
    )

    kind: Any = Field(None, json_schema_extra={"type": "string", "enum": ["static", "dynamic", "dynamic_plus"]})
    where: Annotated[Any, DocumentedCondition] = Field(None, description="The condition; a static segment has none.")
    watch: Any = Field(
        False,
        description="Whether the change feed reports who joins and leaves a dynamic segment.",
        json_schema_extra={"type": "boolean"},
    )
    on_union: Any = Field(
        None,
        description="Of a static segment: `either` puts a survivor on the list when either of both was on it.",
        json_schema_extra={"type": ["string", "null"], "enum": ["survivor", "either", None]},
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
        description="The secret for signatures: `whsec_` and Base64, or any text; unchanged when omitted.",
        json_schema_extra={"type": ["string", "null"], "maxLength": 255},
    )
    kinds: Any = Field(
        None,
        description="The kinds of changes to deliver; all when empty or omitted.",
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
    ran_at: Time | None = Field(None, description="When it ran; the time of receipt when omitted.")
    data: PropertyMap = Field(default_factory=dict)


_CONTEXT = "Data of the call, such as its page, language and basket: conditions may ask them, and they are kept."
ContextMap = Annotated[PropertyMap, Field(max_length=MAX_CONTEXT)]
Spaces = Annotated[list[PlainName], Field(min_length=1, max_length=MAX_SPACES)]


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
    context: ContextMap = Field(default_factory=dict, description=_CONTEXT)


class PropositionsBody(PropositionBody):
    """Who asks several spaces for offers."""

    model_config = _example("spaces", spaces=["home", "footer"], tracker_id="ana-phone")

    spaces: Spaces = Field(description="Spaces of the environment, in the order in which they are given offers.")


class PageOffersBody(BaseModel):
    """Which browser asks for offers: a page says no more."""

    model_config = _example(tracker_id="new-1", limit=2)

    tracker_id: StrictStr | None = Field(None, description="The cookie of this browser; a new visitor without.")
    limit: StrictInt | None = Field(None, ge=1, le=MAX_OFFERS, description="How many offers at most.")
    context: ContextMap = Field(default_factory=dict, description=_CONTEXT)


class PageOffersOfSpacesBody(PageOffersBody):
    """Which browser asks several spaces for offers."""

    model_config = _example("spaces", spaces=["banner", "footer"], tracker_id="new-1")

    spaces: Spaces = Field(description="Spaces of the environment, in the order in which they are given offers.")


class OfferSimulationBody(BaseModel):
    """On whom a catalogue is tried, and as of when."""

    model_config = _example(segment="vip", at="2026-12-24T10:00:00Z", spaces=["home"], context={"language": "fr"})

    segment: StrictStr | None = Field(None, description="On its members; on every contact when left out.")
    at: Time | None = Field(None, description="As of this time, such as a campaign's first day; now if not said.")
    spaces: Spaces | None = Field(None, description="The spaces that are asked; all of the environment when left out.")
    identified_by: Literal["explicit", "implicit"] = Field(
        "explicit",
        description="How known contacts come: logged in, or by their cookies, which the spaces must then compare.",
    )
    limit: StrictInt | None = Field(None, ge=1, le=MAX_OFFERS, description="How many offers a call asks for.")
    context: ContextMap = Field(default_factory=dict, description="Data of the call, which conditions may ask.")
    most: StrictInt = Field(
        DEFAULT_PEOPLE, ge=1, le=MOST_PEOPLE, description="How many contacts are looked at, in the order of their ids."
    )
    drafts: StrictBool = Field(False, description="Try drafts as if they were live.")
    listed: StrictInt = Field(DEFAULT_LISTED, ge=0, le=MOST_LISTED, description="How many answers are listed singly.")

    def plan(self) -> Plan:
        """Return what is to be tried."""
        kept = ("segment", "at", "identified_by", "limit", "context", "most", "drafts")
        spaces = None if self.spaces is None else tuple(self.spaces)
        return Plan(**{name: getattr(self, name) for name in kept}, spaces=spaces)


class OutcomeBody(BaseModel):
    """What became of a proposition."""

    model_config = _example("outcome", outcome="accepted", offer="boots-20")

    outcome: Any = Field(None, json_schema_extra={"type": "string", "enum": list(OUTCOMES)})
    offer: StrictStr | None = Field(None, description="The offer; all offers of the proposition when omitted.")


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
    TakenKeyBody,
    JudgementBody,
    SplitBody,
    NamesBody,
    GoneBody,
    WakeBody,
    SleepBody,
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
    OfferSimulationBody,
    NoteBody,
    AccessKeyBody,
    SimulationBody,
    OutcomeBody,
    PageOffersBody,
    PageOffersOfSpacesBody,
    PropositionsBody,
    RuleBody,
    CookieBody,
)

MAY_BE_EMPTY: tuple[type[BaseModel], ...] = (EmptyBody, NoteBody, CategoryBody)
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
        raise BadInput(field_errors(error, model)) from error


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """Describe a body that a route reads by itself, for the OpenAPI document."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": model not in MAY_BE_EMPTY, "content": {"application/json": {"schema": schema}}}}
