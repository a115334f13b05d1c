"""The catalogue of offers, and propositions."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.http.schemas.examples import CONTACT, with_example
from api.http.schemas.resolve import ContactRef
from graph.model import Kind
from graph.offers.definitions import Outcome
from graph.offers.history import Part
from graph.segments.condition_schema import DocumentedCondition

LeftOutReason = Literal[
    "draft",
    "not_for_this_space",
    "not_identified",
    "not_addressed",
    "not_started",
    "ended",
    "category_off",
    "category_not_started",
    "category_ended",
    "condition",
    "offer_limit",
    "category_limit",
    "refused_as_visitor",
    "excluded",
    "no_room",
]
"""Why an offer is not proposed."""


class Environment(BaseModel):
    """Whom a catalogue of offers is for."""

    model_config = with_example(
        {
            "name": "north",
            "kind": "anonymous",
            "targeting_dimension": "visitors",
            "segment": None,
            "inbound_anonymous": True,
            "visitors_folder": "visitors of north",
            "goes_on_from": [],
        }
    )

    name: str
    kind: Literal["identified", "anonymous"]
    targeting_dimension: Literal["contacts", "visitors", "segment"]
    segment: str | None = Field(description="The segment that it addresses, where that is its targeting dimension.")
    inbound_anonymous: bool = Field(description="Dedicated to inbound anonymous interactions.")
    visitors_folder: str | None = Field(description="The folder of an anonymous environment.")
    goes_on_from: list[str] = Field(
        description="Anonymous environments whose propositions count for the offers of the same names here."
    )


class EnvironmentList(BaseModel):
    """Environments by name, a page of them."""

    items: list[Environment]
    next: str | None


class FieldChange(BaseModel):
    """A field before and after a change; null where nothing was said."""

    before: Any
    after: Any


class CatalogueChange(BaseModel):
    """What somebody changed of an environment, or of what is in it."""

    model_config = with_example(
        {
            "id": "01a2155c-6162-76eb-ab54-31c988d89e8e",
            "at": "2026-11-22T10:00:00Z",
            "by": "8d0c1c53c3f1",
            "why": "the sale begins",
            "part": "offer",
            "name": "boots-20",
            "what": "changed",
            "changed": {"weight": {"before": 10, "after": 20}},
        }
    )

    id: str
    at: str
    by: str = Field(description="An access key's id, `environment`, `local`, or `command`.")
    why: str | None = Field(description="The reason that came with the call.")
    part: Part
    name: str = Field(description="Its name; a category's path.")
    what: Literal["made", "changed", "removed"]
    changed: dict[str, FieldChange] = Field(description="By field; empty where it was not kept yet.")


class CatalogueChangeList(BaseModel):
    """Changes of an environment, newest first, a page of them."""

    items: list[CatalogueChange]
    next: str | None


class AtMost(BaseModel):
    """A typology rule: so many presentations to one contact, or so many that it accepted or refused."""

    count: int
    within: str | None
    of: Literal["presented", "accepted", "refused"]
    scope: Literal["offer", "category"] | None = Field(
        description="Whether each offer is counted alone, or all of the category together; null in a rule that leaves "
        "that to what names it."
    )


class Rule(BaseModel):
    """A typology rule that offers and categories share by its name."""

    name: str
    environment: str
    where: Annotated[Any, DocumentedCondition]
    at_most: AtMost | None


class RuleList(BaseModel):
    """Typology rules by name, a page of them."""

    items: list[Rule]
    next: str | None


class OtherWeight(BaseModel):
    """A weight that counts at times, in a space or for a segment."""

    weight: float
    starts_at: str | None
    ends_at: str | None
    space: str | None
    segment: str | None


class Category(BaseModel):
    """A part of a catalogue."""

    path: str
    environment: str
    parent: str | None
    at_most: AtMost | None
    excludes: list[str]
    rules: list[str]
    starts_at: str | None
    ends_at: str | None
    multiplier: float
    enabled: bool


class CategoryList(BaseModel):
    """Categories by path, a page of them."""

    items: list[Category]
    next: str | None


class Space(BaseModel):
    """A place on a site that asks for offers."""

    name: str
    environment: str
    identify_implicitly: bool
    fall_back: bool
    anonymous_space: str | None
    identified_offers_when_implicit: bool
    offers: int | None
    content: list[str]


class SpaceList(BaseModel):
    """Spaces by name, a page of them."""

    items: list[Space]
    next: str | None


class Offer(BaseModel):
    """What can be proposed."""

    name: str
    environment: str
    category: str | None
    weight: float
    weights: list[OtherWeight]
    rules: list[str]
    state: Literal["draft", "live"]
    starts_at: str | None
    ends_at: str | None
    where: Annotated[Any, DocumentedCondition]
    at_most: AtMost | None
    spaces: list[str] | None
    content: dict[str, Any]
    representations: dict[str, dict[str, Any]]


class OfferCounts(BaseModel):
    """What became of what was proposed, of one offer, at one space or on one day."""

    offer: str | None = Field(None, description="When counted by offer.")
    space: str | None = Field(None, description="When counted by space: environment/space.")
    day: str | None = Field(None, description="When counted by day, in UTC.")
    proposed: int
    presented: int = Field(description="Noted as presented, by the page or the server that showed it.")
    clicked: int
    accepted: int
    refused: int


class OfferReport(BaseModel):
    """Counts by name or day, a page of them."""

    items: list[OfferCounts]
    next: str | None


class SimulatedLeftOut(BaseModel):
    """Why an offer is not proposed to some, at one space."""

    space: str = Field(description="The space that was asked.")
    reason: LeftOutReason
    words: str
    people: int


class SimulatedOffer(BaseModel):
    """Who would get an offer, and why the others would not."""

    name: str
    environment: str = Field(description="Another than the one asked where a space falls back.")
    state: Literal["draft", "live"]
    people: int = Field(description="How many would get it at one space or another.")
    first: int = Field(description="How often it would be the first choice.")
    spaces: dict[str, int] = Field(description="By space that was asked: how many would get it there.")
    left_out: list[SimulatedLeftOut]


class SimulatedSpace(BaseModel):
    """How a space would answer."""

    space: str
    answered: int = Field(description="Contacts with an offer or more.")
    without: int = Field(description="Contacts without any.")
    fell_back: int = Field(description="Contacts whom the associated anonymous space would answer.")


class SimulatedItem(BaseModel):
    """An offer that somebody would get."""

    name: str
    weight: float


class SimulatedAnswer(BaseModel):
    """What one contact would get at one space, the first choice first."""

    contact: str
    kind: Kind
    space: str
    answered_by: str | None = Field(description="As environment/space; null where nobody answers.")
    offers: list[SimulatedItem]


class OfferSimulation(BaseModel):
    """What a catalogue would do; nothing was proposed."""

    environment: str
    segment: str | None
    at: str
    people: int = Field(description="How many contacts were looked at.")
    more_people: bool = Field(description="Whether there are more than were looked at.")
    offers: list[SimulatedOffer] = Field(description="Those of the environment first, by name.")
    never: list[str] = Field(description="Offers that nobody would get, as environment/offer; `left_out` says why.")
    spaces: list[SimulatedSpace]
    answers: list[SimulatedAnswer]


class OfferList(BaseModel):
    """Offers by name, a page of them."""

    items: list[Offer]
    next: str | None


class Visitor(BaseModel):
    """Somebody in a visitors folder."""

    id: str
    kind: Kind = Field(description="The current kind: a visitor may have become known since.")
    since: str
    last_at: str


class VisitorList(BaseModel):
    """Visitors by id, a page of them."""

    items: list[Visitor]
    next: str | None


class ProposedOffer(BaseModel):
    """An offer as it is proposed."""

    name: str
    category: str | None
    weight: float
    content: dict[str, Any]


class LeftOut(BaseModel):
    """An offer that is not proposed, and why."""

    name: str
    reason: LeftOutReason
    words: str


_PROPOSED: dict[str, Any] = {
    "contact": {"id": CONTACT, "kind": "known"},
    "tracker_id": "t1",
    "identification": "implicit",
    "environment": "shop",
    "space": "home",
    "fell_back": False,
    "visitors_folder": None,
    "offers": [{"name": "boots-20", "category": "winter/boots", "weight": 20, "content": {"title": "Boots, 20% off"}}],
    "proposition_id": "01936f31-1d2e-7c40-b6a1-0f9e8d7c6b5b",
}


class Proposition(BaseModel):
    """Who was identified and how, which space answered, and its offers, the first choice first."""

    model_config = with_example(_PROPOSED)

    contact: ContactRef | None = Field(
        description="Whom the offers are for; null when every key is blocked, or when nobody may be recognised and no "
        "folder keeps the visitor."
    )
    tracker_id: str | None = Field(description="The tracker for the browser to store, as in the answer to an event.")
    identification: Literal["explicit", "implicit", "none"]
    environment: str = Field(description="The one that answered, which may differ from the one asked.")
    space: str = Field(description="The one that answered, which may differ from the one asked.")
    fell_back: bool = Field(description="Whether an associated anonymous space answered instead of the one asked.")
    visitors_folder: str | None = Field(description="The folder of the visitor; null for anybody else.")
    offers: list[ProposedOffer]
    proposition_id: str | None = Field(description="The id for recording its outcome; null when nothing was recorded.")
    left_out: list[LeftOut] | None = Field(None, description="With explain=true: every other offer, and why.")


class Propositions(BaseModel):
    """The answers of several spaces, in the order in which they were asked."""

    results: list[Proposition]


class PageOffers(BaseModel):
    """Offers for the visitor of one browser, the first choice first."""

    model_config = with_example({name: _PROPOSED[name] for name in ("tracker_id", "offers", "proposition_id")})

    tracker_id: str | None = Field(description="The tracker that the browser stores, as with an event.")
    offers: list[ProposedOffer]
    proposition_id: str | None = Field(description="For its outcome; null when nothing was recorded.")


class OffersOfSpace(BaseModel):
    """What one of several spaces shows."""

    space: str
    offers: list[ProposedOffer]
    proposition_id: str | None


class PageOffersOfSpaces(BaseModel):
    """Offers of several spaces for the visitor of one browser, in the order in which they were asked."""

    tracker_id: str | None = Field(description="The tracker that the browser stores, as with an event.")
    spaces: list[OffersOfSpace]


class OfferOutcome(BaseModel):
    """An offer of a proposition, and what became of it."""

    name: str
    weight: float
    outcome: Outcome | None = Field(
        description="The last word of what was decided; until then, whether it was presented or clicked."
    )
    outcome_at: str | None
    presented_at: str | None = Field(description="When it was first noted as presented.")
    clicked_at: str | None = Field(description="When it was first noted as clicked.")


class PastProposition(BaseModel):
    """What was proposed to a contact."""

    proposition_id: str
    at: str
    environment: str
    space: str | None
    asked: str = Field(description="The space that was asked, as environment/space.")
    identification: Literal["explicit", "implicit", "none"]
    fell_back: bool
    context: dict[str, Any] = Field(description="The data that the call brought.")
    offers: list[OfferOutcome]


class PropositionList(BaseModel):
    """Propositions, newest first, a page of them."""

    items: list[PastProposition]
    next: str | None


class NotedOutcome(BaseModel):
    """What was noted."""

    proposition_id: str
    outcome: Outcome
    offers: list[str] = Field(description="The offers it was recorded for.")
    at: str
