"""What may be said of a catalogue and its parts: closed models, the same for a call and a file."""

from math import inf, isfinite
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
)

from graph.identity.events import Name, Time
from graph.segments.condition_schema import DocumentedCondition
from graph.segments.conditions import is_duration

EnvironmentKind = Literal["identified", "anonymous"]
TargetingDimension = Literal["contacts", "visitors", "segment"]
OfferState = Literal["draft", "live"]
Outcome = Literal["presented", "clicked", "accepted", "refused", "ignored"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
Counted = Literal["presented", "accepted", "refused"]
CountedOver = Literal["offer", "category"]

MAX_SPACES = 20
"""How many spaces one call may ask."""
MAX_CONTEXT = 50
"""How many data a call may bring."""
MAX_WEIGHTS = 50
"""How many weights an offer has beside its own."""
MAX_OFFERS = 100
"""The most offers that one call is answered with."""

DIMENSION_OF: dict[EnvironmentKind, TargetingDimension] = {"identified": "contacts", "anonymous": "visitors"}


def _plain(value: str) -> str:
    if "/" in value or value != value.strip() or not value.isprintable():
        raise ValueError("a name has no slash, no control characters, and no blanks around it")
    return value


def _path(value: str) -> str:
    for part in value.split("/"):
        if not part:
            raise ValueError("a category's path is names separated by single slashes, such as winter/boots")
        _plain(part)
    return value


def _reference(value: str) -> str:
    environment, slash, space = value.partition("/")
    if not slash or not environment or not space or "/" in space:
        raise ValueError("a space is named with its environment: environment/space")
    return value


def _duration(value: str) -> str:
    if not is_duration(value):
        raise ValueError("must be an ISO 8601 duration, such as P30D or PT12H, of at most seven digits a part")
    return value


def _content(value: object) -> object:
    plain = isinstance(value, str | bool | None) or (isinstance(value, int) and -(2**63) <= value < 2**63)
    if plain or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise ValueError("the content of a field is a string, a number, a boolean, null, or a list of strings")


def _weight(value: object) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        beyond = inf if isinstance(value, float) else 2**63
        if 0 <= value < beyond:
            return value
    raise ValueError("a weight is a number, 0 or more")


def _absent(value: object) -> object:
    return {} if value is None else value


PlainName = Annotated[Name, AfterValidator(_plain)]
Path = Annotated[Name, AfterValidator(_path)]
Duration = Annotated[str, AfterValidator(_duration)]
Weight = Annotated[int | float, PlainValidator(_weight, json_schema_input_type=float)]
Content = Annotated[dict[Name, Annotated[Any, BeforeValidator(_content)]], BeforeValidator(_absent)]
Representations = Annotated[dict[PlainName, Content], BeforeValidator(_absent)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _example(**example: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [example]})


class AtMost(_Closed):
    """A typology rule: how often something is presented to one contact, or after how many answers no more."""

    count: StrictInt = Field(ge=0, lt=2**31, description="So many at most.")
    within: Duration | None = Field(None, description="In how long, as an ISO 8601 duration; ever when left out.")
    of: Counted = Field("presented", description="What is counted: presentations, or those accepted or refused.")
    scope: CountedOver | None = Field(
        None,
        description="Over what it is counted: each offer alone, or all of the category together; by default what it "
        "is said of.",
    )


class RuleBody(_Closed):
    """A typology rule that offers and categories share by its name: who may be offered them, or how often, or both."""

    model_config = _example(at_most={"count": 1, "of": "refused"})

    where: Annotated[Any, DocumentedCondition] = Field(None, description="A condition, as an offer's.")
    at_most: AtMost | None = Field(None, description="How often, of each offer or category that names the rule.")


class WeightBody(_Closed):
    """A weight that counts at times, in a space or for a segment: for whatever it says, all of it."""

    weight: Weight = Field(json_schema_extra={"type": "number", "minimum": 0})
    starts_at: Time | None = None
    ends_at: Time | None = Field(None, description="From then on it counts no more.")
    space: PlainName | None = Field(None, description="A space of its environment.")
    segment: Name | None = Field(None, description="A segment, static or dynamic, that the contact is in.")


class EnvironmentBody(_Closed):
    """Whom a catalogue of offers is for."""

    model_config = _example(kind="anonymous", visitors_folder="visitors of north")

    kind: EnvironmentKind | None = Field(None, description="Left out, it follows from the targeting dimension.")
    targeting_dimension: TargetingDimension | None = Field(
        None, description="Whom the mapping addresses; left out, it follows from the kind."
    )
    visitors_folder: PlainName | None = Field(
        None, description="Where an anonymous environment keeps its visitors; its own, named after it if left out."
    )
    segment: Name | None = Field(
        None, description="Whom a targeting dimension of segment addresses: the members of this one, and nobody else."
    )
    goes_on_from: tuple[PlainName, ...] = Field(
        (),
        max_length=MAX_SPACES,
        description="Anonymous environments from whose propositions an identified one goes on: what somebody was "
        "presented there as a visitor counts for the offer of the same name, and what was refused there is not "
        "offered again.",
    )


class CategoryBody(_Closed):
    """A part of a catalogue; a category lies in the one that its path names, unless it says another."""

    model_config = _example(at_most={"count": 3, "within": "P7D"}, excludes=["outlet"])

    parent: Path | None = Field(None, description="The category it lies in; by default its path without the last name.")
    at_most: AtMost | None = Field(None, description="For the offers of this category and those within, together.")
    excludes: tuple[Path, ...] = Field(
        (), description="Categories whose offers are never in one proposition with offers of this one."
    )
    rules: tuple[PlainName, ...] = Field((), description="Typology rules of the environment that bind its offers.")
    starts_at: Time | None = Field(None, description="Until then none of its offers is proposed.")
    ends_at: Time | None = Field(None, description="From then on none of its offers is proposed.")
    multiplier: Weight = Field(
        1,
        description="Multiplies the weights of its offers, and of those in the categories within.",
        json_schema_extra={"type": "number", "minimum": 0},
    )
    enabled: StrictBool = Field(True, description="False switches off all its offers.")


class OfferBody(_Closed):
    """What can be proposed, to whom, when, and how often."""

    model_config = _example(
        category="winter/boots",
        weight=20,
        starts_at="2026-11-01T00:00:00Z",
        ends_at="2026-12-24T00:00:00Z",
        where={"property": "country", "is": "FR"},
        at_most={"count": 2, "within": "P7D"},
        content={"title": "Boots, 20% off"},
    )

    category: Path | None = None
    weight: Weight = Field(1, description="The heavier goes first.", json_schema_extra={"type": "number", "minimum": 0})
    weights: tuple[WeightBody, ...] = Field(
        (), max_length=MAX_WEIGHTS, description="Other weights; of those that count, and `weight`, the best does."
    )
    rules: tuple[PlainName, ...] = Field((), description="Typology rules of its environment that bind it.")
    state: OfferState = Field("live", description="A draft is proposed to nobody and may lack content.")
    starts_at: Time | None = None
    ends_at: Time | None = Field(None, description="From then on it is over.")
    where: Annotated[Any, DocumentedCondition] = Field(
        None, description="A condition, as dynamic_plus segments have it; everybody meets none."
    )
    at_most: AtMost | None = Field(None, description="How often it is presented to one contact.")
    spaces: tuple[PlainName, ...] | None = Field(
        None, description="The spaces of its environment that it is for; all of them when left out."
    )
    content: Content = Field(default_factory=dict, description="Content fields for every space.")
    representations: Representations = Field(default_factory=dict, description="By space: fields of its own there.")


class SpaceBody(_Closed):
    """A place on a site that asks for offers."""

    model_config = _example(
        identify_implicitly=True, fall_back=True, anonymous_space="north/home", offers=2, content=["title"]
    )

    environment: PlainName | None = Field(None, description="The one it stands in; another is refused.")
    identify_implicitly: StrictBool = Field(False, description="Cookies that lead to a known contact identify it.")
    fall_back: StrictBool = Field(False, description="Let the anonymous space answer when nobody was identified.")
    anonymous_space: Annotated[Name, AfterValidator(_reference)] | None = Field(
        None, description="The space that answers then, as environment/space."
    )
    identified_offers_when_implicit: StrictBool = Field(
        True, description="Whether people who are only identified implicitly get this environment's offers."
    )
    offers: StrictInt | None = Field(None, ge=1, le=MAX_OFFERS, description="How many offers it shows.")
    content: tuple[Name, ...] = Field((), description="The content fields that every offer here must have.")


class EnvironmentFile(EnvironmentBody):
    """One environment with everything in it."""

    rules: dict[PlainName, RuleBody] = Field(default_factory=dict)
    categories: dict[Path, CategoryBody] = Field(default_factory=dict)
    spaces: dict[PlainName, SpaceBody] = Field(default_factory=dict)
    offers: dict[PlainName, OfferBody] = Field(default_factory=dict)


class CatalogueFile(_Closed):
    """A catalogue: environments with their categories, spaces and offers, by name."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Kinfold catalogue")

    environments: dict[PlainName, EnvironmentFile]


Definition = EnvironmentBody | RuleBody | CategoryBody | OfferBody | SpaceBody
