"""What may stand in a query string: nothing unknown, nothing twice, flags that are true or false."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from graph.analysis.anomalies import FindingState
from graph.errors import BadInput, FieldError, did_you_mean
from graph.explore.neighbourhood import FOLDED, KeyRef
from graph.identity.events import field_names
from graph.identity.namespaces import Namespaces
from graph.model import KeyName
from graph.offers.history import Part
from graph.paging import make_cursor, read_cursor

MAX_LIMIT = 1000


async def single_valued(request: Request) -> None:
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


def _moment(value: object) -> object:
    # A bare number would be read as an epoch in a unit that nobody named.
    if isinstance(value, str) and "T" in value.upper():
        return value
    raise PydanticCustomError("time", "times are RFC 3339 strings with an offset, such as 2026-11-22T10:00:00Z")


Flag = Annotated[bool, BeforeValidator(_flag)]
Limit = Annotated[int, BeforeValidator(_limit), Field(ge=1, le=MAX_LIMIT)]
Text = Annotated[str, Field(min_length=1)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_AT = Field(
    None,
    description="As it was at this time of arrival; what was erased since stays erased.",
    examples=["2026-11-22T10:00:00Z"],
)


class Then(_Closed):
    """When somebody is looked at."""

    at: Moment | None = _AT


class Nothing(_Closed):
    """A call without query parameters."""


class Rule(_Closed):
    """Whose keys a rule is for."""

    namespace: Text | None = Field(None, description="For the keys of this namespace alone; for every key if left out.")


class FromPage(_Closed):
    """A call that a page makes."""

    write_key: Text | None = Field(
        None, description="A write key, for a page that cannot send a header; the browser tag does."
    )


class Flags(FromPage):
    """How an event is resolved."""

    dry_run: Flag = Field(False, description="Answer the same and write nothing.")
    explain: Flag = Field(False, description="Add a trace: which fact led where.")


class ProposeFlags(Flags):
    """How a call for offers is answered."""

    explain: Flag = Field(False, description="Add every other offer and why it is left out.")
    drafts: Flag = Field(False, description="Treat drafts as if they were live; only with dry_run=true.")

    @model_validator(mode="after")
    def _only_tried(self) -> "ProposeFlags":
        if self.drafts and not self.dry_run:
            raise PydanticCustomError("drafts", "a draft is proposed to nobody: send dry_run=true too")
        return self


class DryRun(_Closed):
    """A change that can be looked at first."""

    dry_run: Flag = Field(False, description="Describe field by field what would change, and write nothing.")


class Check(_Closed):
    """A change that can be checked first."""

    dry_run: Flag = Field(False, description="Check it, answer what it would be, and write nothing.")


class Undo(DryRun):
    """How a union is taken back."""

    cascade: Flag = Field(False, description="First undo the merges that merged its survivor since.")
    keep_apart: Flag = Field(False, description="Judge that both are two persons: no event folds them again.")


class Page(_Closed):
    """Which part of a list."""

    limit: Limit = Field(100, description="How many items at most.")
    cursor: Text | None = Field(None, description="The `next` of the previous page.")


class MemberPage(Page):
    """Which members of a segment."""

    at: Moment | None = _AT


class PageOfContact(Page):
    """A page of judgements or splits, of all contacts or of one."""

    contact: Text | None = Field(None, description="About this contact, by any id that leads to it.")


def _probability(value: object) -> object:
    if isinstance(value, str):
        with suppress(ValueError):
            value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise PydanticCustomError("probability", "a probability is a number from 0 to 1")


Probability = Annotated[float, BeforeValidator(_probability), Field(ge=0, le=1)]


class SuggestionPage(Page):
    """Which suggestions."""

    min: Probability = Field(0.5, description="Of at least this probability.")
    contact: Text | None = Field(None, description="About this contact, by any id that leads to it.")


class AnomalyPage(Page):
    """Which findings."""

    kind: Text | None = Field(None, description="Of this kind only.", examples=["many_emails"])
    state: FindingState | None = Field(None, description="In this state only; without it, all that were not dismissed.")
    dismissed: Flag = Field(False, description="The same as `state=dismissed`.")

    @model_validator(mode="after")
    def _one_state(self) -> "AnomalyPage":
        if self.dismissed and self.state not in (None, "dismissed"):
            raise ValueError("dismissed=true is state=dismissed: say one of them")
        return self

    @property
    def states(self) -> tuple[FindingState, ...]:
        """The states that are asked for."""
        if self.dismissed:
            return ("dismissed",)
        return ("open", "acted") if self.state is None else (self.state,)


class AuditPage(Page):
    """Which part of the audit."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    by: Text | None = Field(None, description="By this access key's id, `environment`, `local` or `command`.")
    what: Text | None = Field(None, description="Of this kind only.", examples=["exported"])
    contact: Text | None = Field(None, description="About this contact, by any id that leads to it.")
    from_: Moment | None = Field(None, alias="from", description="From this time of arrival on.")
    to: Moment | None = Field(None, description="Up to this time of arrival.")


class CatalogueHistoryPage(Page):
    """Whose history."""

    part: Part | None = Field(None, description="Only of the environment itself, or of its offers, say.")
    name: Text | None = Field(None, description="Only of what has this name, or this path.", examples=["boots-20"])


class ReportPage(Page):
    """What is counted, and by what."""

    by: Literal["offer", "space", "day"] = Field("offer", description="By the space that was asked; by the day in UTC.")
    from_: Moment | None = Field(None, alias="from", description="From this time of arrival on.")
    to: Moment | None = Field(None, description="Before this time of arrival.")


class ActivityPage(Page):
    """Which activity."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    tracker_id: Text | None = Field(None, description="On this tracker only.")
    event: Text | None = Field(None, description="Of this event only.", examples=["page_view"])
    from_: Moment | None = Field(None, alias="from", description="What occurred from this time on.")
    to: Moment | None = Field(None, description="What occurred before this time.")


class ActivityDays(_Closed):
    """Which activity is counted."""

    tracker_id: Text | None = Field(None, description="On this tracker only.")
    event: Text | None = Field(None, description="Count the days of this event only.", examples=["page_view"])


class SearchPage(Page):
    """What to look for."""

    q: Text = Field(description="An email, a tracker, a subscription, a user id, or a contact's id.")


class FeedPage(_Closed):
    """Which part of the feed."""

    limit: Limit = Field(100, description="How many changes at most.")
    after: Text | None = Field(None, description="The `next` of an earlier page, or the id of a change.")
    cursor: Text | None = Field(None, description="The same, by the name used in other lists.")

    def place(self) -> str | None:
        """Return the one cursor that was given, if any.

        Raises
        ------
        BadInput
            When both names were used.
        """
        if self.after is not None and self.cursor is not None:
            raise BadInput([FieldError("cursor", "exactly_one", "give after or cursor: they mean the same")])
        return self.after if self.after is not None else self.cursor


class _Keys(_Closed):
    # A deployment declares further namespaces; which names there are is checked when the keys are asked for.
    model_config = ConfigDict(extra="allow")

    email: Text | None = Field(None, examples=["ana@example.com"])
    tracker_id: Text | None = None
    subscription: Text | None = None
    user_id: Text | None = None

    def given(self, namespaces: Namespaces) -> list[tuple[KeyName, str]]:
        """List the keys that were given, with their values.

        Raises
        ------
        BadInput
            When a parameter is neither one of this call nor a namespace.
        """
        return keys_given(self, namespaces, "unknown_parameter", "there is no such query parameter")


class KeyFilter(Page, _Keys):
    """By a key of any namespace, or by none."""


class OneKey(_Keys):
    """Whose key; exactly one, of any namespace."""

    def key(self, namespaces: Namespaces) -> tuple[KeyName, str]:
        """Name the one key that was given, and its value.

        Raises
        ------
        BadInput
            When there is none, or more than one.
        """
        return the_one_key(self.given(namespaces), "query", namespaces)


class PeoplePage(Page, _Keys):
    """Which contacts: the owners of exactly one key of any namespace, or people by words and filters."""

    q: str | None = Field(
        None,
        description="Words, each a part of a name, of another property or of a key, whatever the accents and case.",
        examples=["Chlo"],
    )
    kind: Literal["known", "anonymous"] | None = Field(None, description="Of this kind only.")
    has: Text | None = Field(None, description="With a key of this namespace only.", examples=["email"])
    segment: Text | None = Field(None, description="In this segment only, now.")
    sort: Literal["last_seen", "created", "keys", "unions", "-last_seen", "-created", "-keys", "-unions"] = Field(
        "last_seen",
        description="The order: last seen, last created, most keys or most merges first; `-` reverses it.",
    )

    def filters(self) -> dict[str, Any]:
        """Return what is asked of people, without which part of the list."""
        words = self.q if self.q and self.q.strip() else None
        return {"q": words, "kind": self.kind, "has": self.has, "segment": self.segment, "sort": self.sort}

    def owned(self, namespaces: Namespaces) -> tuple[KeyName, str] | None:
        """Name the one key whose owners are asked for, and its value; None where people are listed.

        Raises
        ------
        BadInput
            When there are several keys, or a filter beside one.
        """
        given = self.given(namespaces)
        if not given:
            return None
        # A client that a generator made sends what is left out anyway.
        fields = type(self).model_fields
        beside = {
            name for name in ("q", "kind", "has", "segment", "sort") if getattr(self, name) != fields[name].default
        }
        if beside:
            message = f"whose key this is, is asked without {' and '.join(sorted(beside))}"
            raise BadInput([FieldError(given[0][0], "exactly_one", message)])
        return the_one_key(given, "query", namespaces)


class Erase(_Closed):
    """How a person is erased."""

    allow_return: Flag = Field(False, description="Let a late event bring the person keys back.")


class EraseByKey(Erase, OneKey):
    """Who is erased: the owner of exactly one key."""


class Ends(_Closed):
    """How much of the graph; and two keys, or none: what ties them."""

    from_: Text | None = Field(
        None, alias="from", description="A key as name:value.", examples=["email:ana@example.com"]
    )
    to: Text | None = Field(None, description="Another key of the same contact.", examples=["tracker_id:t1"])
    limit: Limit | None = Field(None, description="How many nodes of each group at most; all when omitted.")
    group: Text | None = Field(
        None,
        description="Return one page of this group only: a namespace of keys, or 'folded'.",
        examples=["email"],
    )
    cursor: Text | None = Field(None, description="With a group: the `next` of its previous page.")
    at: Moment | None = _AT

    def path(self, namespaces: Namespaces) -> tuple[KeyRef, KeyRef] | None:
        """Read both keys.

        Raises
        ------
        BadInput
            When only one was given, or one of them is none.
        """
        if self.group is not None and self.group != FOLDED and self.group not in namespaces:
            groups = ", ".join((*namespaces.names, FOLDED))
            raise BadInput([FieldError("group", "value", f"a group is one of {groups}")])
        if self.from_ is None and self.to is None:
            return None
        if self.from_ is None or self.to is None:
            place = "from" if self.from_ is None else "to"
            raise BadInput([FieldError(place, "both_or_none", "give both from and to, or none of them")])
        return KeyRef.parse(self.from_, "from", namespaces), KeyRef.parse(self.to, "to", namespaces)


def keys_given(model: BaseModel, namespaces: Namespaces, rule: str, message: str) -> list[tuple[KeyName, str]]:
    """List the keys that a query or a body gives, by the names of their namespaces.

    Raises
    ------
    BadInput
        When it has a name that is neither a field nor a namespace, or a value that is not a string.
    """
    more = model.model_extra or {}
    known = (*namespaces.names, *field_names(type(model)))
    wrong = [FieldError(name, rule, message + did_you_mean(name, known)) for name in more if name not in namespaces]
    wrong += [
        FieldError(name, "type", "must be a string")
        for name, value in more.items()
        if name in namespaces and not isinstance(value, str | None)
    ]
    if wrong:
        raise BadInput(wrong)
    found = ((name, getattr(model, name, None)) for name in namespaces.names)
    return [(name, value) for name, value in found if value is not None]


def the_one_key(given: list[tuple[KeyName, str]], whole: str, namespaces: Namespaces) -> tuple[KeyName, str]:
    """Take the only key of those that were given; ``whole`` is where an error is placed when there is none.

    Raises
    ------
    BadInput
        When there is none, or more than one.
    """
    if len(given) != 1:
        place = " and ".join(name for name, _ in given) or whole
        raise BadInput([FieldError(place, "exactly_one", f"give exactly one of {', '.join(namespaces.names)}")])
    return given[0]


def page_of(items: Sequence[dict[str, Any]], page: Page, *names: str) -> dict[str, Any]:
    """Cut one page out of a list that was read as a whole; the named fields tell its items apart.

    Raises
    ------
    BadInput
        When the cursor leads to no item of the list.
    """
    start = 0
    if page.cursor is not None:
        after = read_cursor(page.cursor, (str,) * len(names))
        places = [[item[name] or "" for name in names] for item in items]
        if after not in places:
            raise BadInput([FieldError("cursor", "cursor", "what this cursor points at is gone; start without one")])
        start = places.index(after) + 1
    shown = items[start : start + page.limit]
    more = start + page.limit < len(items)
    return {"items": shown, "next": make_cursor(*(shown[-1][name] or "" for name in names)) if more else None}


ThenQuery = Annotated[Then, Query()]
DryRunQuery = Annotated[DryRun, Query()]
CheckQuery = Annotated[Check, Query()]
EndsQuery = Annotated[Ends, Query()]
NothingQuery = Annotated[Nothing, Query()]
RuleQuery = Annotated[Rule, Query()]
FlagsQuery = Annotated[Flags, Query()]
ProposeFlagsQuery = Annotated[ProposeFlags, Query()]
FromPageQuery = Annotated[FromPage, Query()]
PageQuery = Annotated[Page, Query()]
AuditPageQuery = Annotated[AuditPage, Query()]
CatalogueHistoryQuery = Annotated[CatalogueHistoryPage, Query()]
ReportQuery = Annotated[ReportPage, Query()]
ActivityQuery = Annotated[ActivityPage, Query()]
ActivityDaysQuery = Annotated[ActivityDays, Query()]
SearchQuery = Annotated[SearchPage, Query()]
FeedPageQuery = Annotated[FeedPage, Query()]
MemberPageQuery = Annotated[MemberPage, Query()]
AnomalyPageQuery = Annotated[AnomalyPage, Query()]
KeyFilterQuery = Annotated[KeyFilter, Query()]
PeopleQuery = Annotated[PeoplePage, Query()]
OneKeyQuery = Annotated[OneKey, Query()]
EraseQuery = Annotated[Erase, Query()]
EraseByKeyQuery = Annotated[EraseByKey, Query()]
PageOfContactQuery = Annotated[PageOfContact, Query()]
SuggestionPageQuery = Annotated[SuggestionPage, Query()]
UndoQuery = Annotated[Undo, Query()]
