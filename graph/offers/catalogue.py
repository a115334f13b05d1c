"""A catalogue as a whole: the rules that bind its parts, and each space's shelf. Nothing here reads or writes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson

from graph.errors import BadInput, FieldError
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.offers.definitions import (
    DIMENSION_OF,
    AtMost,
    CategoryBody,
    Counted,
    EnvironmentBody,
    EnvironmentFile,
    EnvironmentKind,
    OfferBody,
    RuleBody,
    SpaceBody,
    TargetingDimension,
)
from graph.segments.conditions import OffersScope, Program, compile_condition

Segments = Mapping[str, tuple[str, Any]]

Place = tuple[str | int, ...]
"""Where something stands in a catalogue: the names on the way from its root."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A rule that a catalogue breaks, and where."""

    place: Place
    rule: str
    message: str


def dotted(place: Place) -> str:
    """Write a place as errors show it: ``spaces.home.content[0]``."""
    shown = ""
    for part in place:
        shown += f"[{part}]" if isinstance(part, int) else (f".{part}" if shown else part)
    return shown


def refuse(mistakes: Sequence[Mistake], within: Place = ()) -> None:
    """Refuse what breaks rules; places inside ``within`` are named from there on.

    Raises
    ------
    BadInput
        When there are mistakes, with all of them.
    """
    if mistakes:
        raise BadInput(
            [
                FieldError(
                    dotted(one.place[len(within) :] if one.place[: len(within)] == within else one.place),
                    one.rule,
                    one.message,
                )
                for one in mistakes
            ]
        )


@dataclass(frozen=True, slots=True)
class Limit:
    """A typology rule as it is checked: of what, how many, counted in which window."""

    of: str | None
    """The category; None for the offer itself."""
    count: int
    window: int
    """The place of its period among the shelf's windows."""
    within: str | None
    counted: Counted = "presented"
    as_visitor: bool = False
    """Whether it is no rule of the catalogue's own, but what the environments say from which this one goes on."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a limit counts: presentations of a period, or what the contact said of them in that period."""

    within: str | None = None
    counted: Counted = "presented"
    elsewhere: bool = False
    """Whether only what other environments proposed counts."""

    @property
    def asked(self) -> list[str | bool | None]:
        """The period, the outcome (None for every presentation) and where from, as the database is asked."""
        return [self.within, None if self.counted == "presented" else self.counted, self.elsewhere]


REFUSED_ELSEWHERE = Window(None, "refused", elsewhere=True)


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition of a shelf."""

    leaves: tuple[int, ...]
    """Where its leaves stand among the truths of the shelf: those of the contact, then those of the call."""
    nodes: tuple[dict[str, Any], ...]
    words: str = "The contact does not meet its condition."
    """What is said of an offer whose condition is not met."""

    def met(self, truths: Sequence[bool]) -> bool:
        """Return whether it is met, from the truths of the leaves: only the connectives are left."""
        known = [truths[place] for place in self.leaves]
        for node in self.nodes:
            values = [known[place] for place in node["of"]]
            known.append(all(values) if node["op"] == "all" else any(values) if node["op"] == "any" else not values[0])
        return known[-1]


@dataclass(frozen=True, slots=True)
class Period:
    """From when until when something counts."""

    starts_at: datetime | None
    ends_at: datetime | None
    of: str | None = None
    """The category; None for the offer itself."""

    def holds(self, now: datetime) -> bool:
        """Return whether a time lies in it."""
        return not self.is_ahead(now) and not self.is_over(now)

    def is_ahead(self, now: datetime) -> bool:
        """Return whether it has not begun."""
        return self.starts_at is not None and now < self.starts_at

    def is_over(self, now: datetime) -> bool:
        """Return whether it has ended."""
        return self.ends_at is not None and now >= self.ends_at


@dataclass(frozen=True, slots=True)
class OtherWeight:
    """A weight that counts at times, or for some."""

    weight: float
    period: Period
    condition: Condition | None


@dataclass(frozen=True, slots=True)
class Item:
    """An offer on the shelf of a space."""

    name: str
    category: str | None
    weight: float
    periods: tuple[Period, ...]
    """Its own, and those of the categories around it."""
    content: dict[str, Any]
    chain: tuple[str, ...]
    """Its category and those around it, from the inside out."""
    limits: tuple[Limit, ...]
    conditions: tuple[Condition, ...]
    """Its own, and those of the rules that bind it: all of them must be met."""
    others: tuple[OtherWeight, ...] = ()

    def weight_now(self, truths: Sequence[bool], now: datetime) -> float:
        """Return the best of the weights that count now."""
        best = self.weight
        for other in self.others:
            if (
                other.weight > best
                and other.period.holds(now)
                and (other.condition is None or other.condition.met(truths))
            ):
                best = other.weight
        return best


@dataclass(slots=True)
class Shelf:
    """What a space can offer, the heaviest first, and all that must be asked of a contact to choose from it.

    Attributes
    ----------
    groups
        Live offers with content for this space whose weight is always the same, in groups of equal weight.
    varying
        Those whose weight depends on the time or on the contact, by name.
    absent
        The environment's other offers: name and why.
    windows
        What the limits count, each once; the first is every presentation.
    names, events, leaves
        What the conditions of all its offers ask of a contact, each leaf once.
    asked_of_call
        What they ask of the data of a call.
    addressed
        Whom the environment addresses; None where it addresses all contacts, or visitors.
    """

    groups: list[list[Item]] = field(default_factory=list)
    varying: list[Item] = field(default_factory=list)
    absent: list[tuple[str, str]] = field(default_factory=list)
    windows: list[Window] = field(default_factory=lambda: [Window()])
    names: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    leaves: list[dict[str, Any]] = field(default_factory=list)
    asked_of_call: list[dict[str, Any]] = field(default_factory=list)
    addressed: Condition | None = None

    def addresses(self, truths: Sequence[bool]) -> bool:
        """Return whether a contact is of those whom the environment addresses, by the truths of the leaves."""
        return self.addressed is None or self.addressed.met(truths)

    def items(self) -> Iterator[Item]:
        """Yield its offers, the heaviest first as far as their weight is always the same."""
        for group in self.groups:
            yield from group
        yield from self.varying


@dataclass(frozen=True)
class Environment:
    """One environment with everything in it."""

    name: str
    kind: EnvironmentKind
    visitors_folder: str | None
    categories: Mapping[str, CategoryBody]
    spaces: Mapping[str, SpaceBody]
    offers: Mapping[str, OfferBody]
    rules: Mapping[str, RuleBody] = field(default_factory=dict)
    goes_on_from: tuple[str, ...] = ()
    """The anonymous environments whose propositions count here too."""
    segment: str | None = None
    """The segment that is its targeting dimension; None where it addresses all contacts, or visitors."""
    segments: Segments = field(default_factory=dict, compare=False, repr=False)
    """By name: the kind and the condition of each segment of the graph."""

    @classmethod
    def of(cls, name: str, body: EnvironmentBody, parts: EnvironmentFile | None = None) -> "Environment":
        """Make an environment of what was said of it; categories that paths name are there.

        Parameters
        ----------
        parts
            Its categories, spaces and offers; none when left out.
        """
        kind: EnvironmentKind = body.kind or ("anonymous" if body.targeting_dimension == "visitors" else "identified")
        folder = (body.visitors_folder or f"visitors of {name}") if kind == "anonymous" else None
        made = cls(name, kind, folder, {}, {}, {}, goes_on_from=body.goes_on_from, segment=body.segment)
        if parts is None:
            return made
        categories = with_ancestors(parts.categories)
        return replace(made, categories=categories, spaces=parts.spaces, offers=parts.offers, rules=parts.rules)

    @property
    def targeting_dimension(self) -> TargetingDimension:
        """Whom it addresses."""
        return DIMENSION_OF[self.kind] if self.segment is None else "segment"

    @property
    def counted_in(self) -> list[str]:
        """The environments whose propositions count here, its own first."""
        return [self.name, *self.goes_on_from]

    @cached_property
    def chains(self) -> dict[str, tuple[str, ...]]:
        """By category: itself and those around it, from the inside out."""
        return {path: tuple(self._up(path)) for path in self.categories}

    @cached_property
    def exclusions(self) -> dict[str, frozenset[str]]:
        """By category: those that it excludes or that exclude it."""
        found: dict[str, set[str]] = {path: set(body.excludes) for path, body in self.categories.items()}
        for path, body in self.categories.items():
            for other in body.excludes:
                found[other].add(path)
        return {path: frozenset(others) for path, others in found.items() if others}

    @cached_property
    def shelves(self) -> dict[str, Shelf]:
        """By space: what it can offer."""
        return {space: _shelf(self, space) for space in self.spaces}

    def parent(self, path: str) -> str | None:
        """Return the category in which a category lies."""
        return self.categories[path].parent or path.rpartition("/")[0] or None

    def _up(self, path: str) -> Iterator[str]:
        at: str | None = path
        while at is not None:
            yield at
            at = self.parent(at)

    def chain_of(self, offer: str) -> tuple[str, ...]:
        """Return the categories that an offer lies in; none for an offer that is gone."""
        body = self.offers.get(offer)
        return () if body is None or body.category is None else self.chains[body.category]

    def content_of(self, offer: str, space: str) -> dict[str, Any]:
        """Return the content of an offer in a space: its own fields there before those for every space."""
        body = self.offers[offer]
        merged = {**body.content, **body.representations.get(space, {})}
        return {name: value for name, value in merged.items() if value is not None}


def with_ancestors(categories: Mapping[str, CategoryBody]) -> dict[str, CategoryBody]:
    """Add the categories that paths name and nobody described."""
    found = dict(categories)
    for path, body in categories.items():
        above = body.parent or path.rpartition("/")[0]
        while above and above not in found and body.parent is None:
            found[above] = CategoryBody.model_validate({})
            above = above.rpartition("/")[0]
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every environment, as of one version."""

    version: str
    environments: Mapping[str, Environment]
    segments: Segments = field(default_factory=dict)

    def has(self, environment: str, *spaces: str) -> bool:
        """Return whether there is an environment with all of these spaces."""
        found = self.environments.get(environment)
        return found is not None and all(space in found.spaces for space in spaces)

    def space(self, reference: str) -> tuple[Environment, str]:
        """Find a space by its environment and name, ``environment/space``.

        Raises
        ------
        KeyError
            When there is none.
        """
        environment, _, space = reference.partition("/")
        found = self.environments[environment]
        found.spaces[space]
        return found, space


def with_drafts(catalogue: Catalogue) -> Catalogue:
    """Return a catalogue whose drafts are as if they were live: what one looks at before it goes live."""
    environments = {
        name: replace(
            one, offers={offer: body.model_copy(update={"state": "live"}) for offer, body in one.offers.items()}
        )
        for name, one in catalogue.environments.items()
    }
    return replace(catalogue, environments=environments)


def mistakes_of(
    catalogue: Catalogue,
    bodies: Mapping[str, EnvironmentBody] | None = None,
    namespaces: Namespaces = DEFAULT_NAMESPACES,
) -> list[Mistake]:
    """Hold a whole catalogue against every rule that binds its parts.

    Parameters
    ----------
    bodies
        What was said of environments by name, where it is still known: for rules about how they were made.
    namespaces
        Of which keys conditions may speak.
    """
    found: list[Mistake] = []
    for name, body in (bodies or {}).items():
        found += _mapping(("environments", name), body)
    folders: dict[str, str] = {}
    for environment in catalogue.environments.values():
        place: Place = ("environments", environment.name)
        if environment.visitors_folder is not None:
            first = folders.setdefault(environment.visitors_folder, environment.name)
            if first != environment.name:
                found.append(
                    Mistake(
                        (*place, "visitors_folder"),
                        "shared_folder",
                        f"the folder {environment.visitors_folder!r} is environment {first!r}'s: visitors of one "
                        "environment are invisible to another",
                    )
                )
        found += _addressed(catalogue, environment, place)
        found += _goes_on(catalogue, environment, place)
        in_order = _categories(environment, place)
        found += in_order
        anonymous = frozenset(one.name for one in catalogue.environments.values() if one.kind == "anonymous")
        checks = _Checks(environment, namespaces, OffersScope(catalogue.segments, anonymous))
        found += _rules(checks, place)
        found += _spaces(catalogue, environment, place)
        found += _offers(checks, place)
    return found


def _addressed(catalogue: Catalogue, environment: Environment, place: Place) -> Iterator[Mistake]:
    if environment.segment not in (None, *catalogue.segments) and environment.kind == "identified":
        message = f"there is no segment {environment.segment!r}"
        yield Mistake((*place, "segment"), "unknown_segment", message)


def _goes_on(catalogue: Catalogue, environment: Environment, place: Place) -> Iterator[Mistake]:
    for index, name in enumerate(environment.goes_on_from):
        at = (*place, "goes_on_from", index)
        other = catalogue.environments.get(name)
        if environment.kind != "identified":
            yield Mistake(at, "anonymous", "only an identified environment goes on from what visitors were proposed")
        elif other is None:
            yield Mistake(at, "unknown_environment", f"there is no environment {name!r}")
        elif other.kind != "anonymous":
            yield Mistake(at, "identified", f"environment {name!r} is not for visitors: go on from an anonymous one")


def _mapping(place: Place, body: EnvironmentBody) -> Iterator[Mistake]:
    if body.kind is None and body.targeting_dimension is None:
        yield Mistake((*place, "kind"), "missing", "an environment is identified or anonymous")
    elif body.targeting_dimension == "segment" and body.segment is None:
        yield Mistake((*place, "segment"), "missing", "an environment that addresses a segment says which")
    elif body.segment is not None and (body.targeting_dimension not in (None, "segment") or body.kind == "anonymous"):
        yield Mistake((*place, "segment"), "kind", "the members of a segment are identified people: say nothing else")
    elif (
        body.kind is not None
        and body.segment is None
        and body.targeting_dimension not in (None, DIMENSION_OF[body.kind])
    ):
        yield Mistake(
            (*place, "targeting_dimension"),
            "kind",
            f"an environment of kind {body.kind} addresses {DIMENSION_OF[body.kind]}",
        )
    elif body.visitors_folder is not None and body.kind != "anonymous" and body.targeting_dimension != "visitors":
        yield Mistake((*place, "visitors_folder"), "identified", "only an anonymous environment keeps visitors")


@dataclass(frozen=True, slots=True)
class _Checks:
    """What the conditions of an environment's offers and rules are held against."""

    environment: Environment
    namespaces: Namespaces
    scope: OffersScope

    def condition(self, where: Any, at: Place) -> Iterator[Mistake]:
        """Yield what is wrong in a condition; none is none."""
        if where is None:
            return
        try:
            compile_condition(where, activity=True, namespaces=self.namespaces, offers=self.scope)
        except BadInput as error:
            for wrong in error.errors:
                yield Mistake((*at, *_parts(wrong.field)), wrong.rule, wrong.message)


def _rules(checks: _Checks, place: Place) -> Iterator[Mistake]:
    for name, body in checks.environment.rules.items():
        at = (*place, "rules", name)
        if body.where is None and body.at_most is None:
            yield Mistake((*at, "where"), "missing", "a rule says who may be offered something, how often, or both")
        yield from checks.condition(body.where, at)


def _named_rules(environment: Environment, rules: Sequence[str], at: Place) -> Iterator[Mistake]:
    for index, name in enumerate(rules):
        if name not in environment.rules:
            message = f"environment {environment.name!r} has no rule {name!r}"
            yield Mistake((*at, "rules", index), "unknown_rule", message)


def _order(starts_at: datetime | None, ends_at: datetime | None, at: Place, what: str) -> Iterator[Mistake]:
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        yield Mistake((*at, "ends_at"), "order", f"{what} ends after it starts")


def _categories(environment: Environment, place: Place) -> list[Mistake]:
    found: list[Mistake] = []
    for path, body in environment.categories.items():
        at = (*place, "categories", path)
        found += _named_rules(environment, body.rules, at)
        found += _order(body.starts_at, body.ends_at, at, "a category")
        if body.parent is not None and body.parent not in environment.categories:
            found.append(Mistake((*at, "parent"), "unknown_category", f"there is no category {body.parent!r}"))
        for index, other in enumerate(body.excludes):
            if other not in environment.categories:
                found.append(Mistake((*at, "excludes", index), "unknown_category", f"there is no category {other!r}"))
    if found:
        return found
    for path in environment.categories:
        way = [path]
        while (above := environment.parent(way[-1])) is not None and above not in way:
            way.append(above)
        if above == path:
            around = " in ".join([*way, path])
            found.append(Mistake((*place, "categories", path, "parent"), "cycle", f"this goes in a circle: {around}"))
    if found:
        return found
    for path, body in environment.categories.items():
        for index, other in enumerate(body.excludes):
            if other in environment.chains[path] or path in environment.chains[other]:
                at = (*place, "categories", path, "excludes", index)
                message = "one of the two lies in the other, or they are the same: none of its offers could be shown"
                found.append(Mistake(at, "excludes_itself", message))
    return found


def _spaces(catalogue: Catalogue, environment: Environment, place: Place) -> Iterator[Mistake]:
    for name, body in environment.spaces.items():
        at = (*place, "spaces", name)
        if body.environment not in (None, environment.name):
            yield Mistake(
                (*at, "environment"),
                "two_environments",
                f"space {name!r} stands in environment {environment.name!r} and cannot belong to {body.environment!r} "
                "too: a space belongs to one environment",
            )
        if body.anonymous_space is None:
            if body.fall_back:
                message = "a space that falls back names the anonymous space that answers then, as environment/space"
                yield Mistake((*at, "anonymous_space"), "missing", message)
            continue
        try:
            answering, space = catalogue.space(body.anonymous_space)
        except KeyError:
            message = f"there is no space {body.anonymous_space!r}"
            yield Mistake((*at, "anonymous_space"), "unknown_space", message)
            continue
        if answering.kind != "anonymous":
            yield Mistake(
                (*at, "anonymous_space"),
                "identified_space",
                f"{body.anonymous_space!r} is a space of an identified environment: fall back to an anonymous one",
            )
        elif (answering.name, space) == (environment.name, name):
            yield Mistake((*at, "anonymous_space"), "itself", "a space does not fall back to itself")


def _offers(checks: _Checks, place: Place) -> Iterator[Mistake]:
    environment = checks.environment
    for name, body in environment.offers.items():
        at = (*place, "offers", name)
        if body.category is not None and body.category not in environment.categories:
            yield Mistake((*at, "category"), "unknown_category", f"there is no category {body.category!r}")
        yield from _order(body.starts_at, body.ends_at, at, "an offer")
        yield from checks.condition(body.where, at)
        yield from _named_rules(environment, body.rules, at)
        yield from _weights(checks, body, at)
        if body.at_most is not None and body.at_most.scope == "category" and body.category is None:
            message = "an offer that lies in no category has none to count over"
            yield Mistake((*at, "at_most", "scope"), "no_category", message)
        named: list[tuple[Place, str]] = [(("spaces", index), space) for index, space in enumerate(body.spaces or ())]
        named += [(("representations", space), space) for space in body.representations]
        for inside, space in named:
            if space not in environment.spaces:
                message = f"environment {environment.name!r} has no space {space!r}"
                yield Mistake((*at, *inside), "unknown_space", message)
        if body.state == "live":
            yield from _representations(environment, name, at)


def _weights(checks: _Checks, body: OfferBody, at: Place) -> Iterator[Mistake]:
    for index, one in enumerate(body.weights):
        inside = (*at, "weights", index)
        yield from _order(one.starts_at, one.ends_at, inside, "a weight")
        if one.space is not None and one.space not in checks.environment.spaces:
            message = f"environment {checks.environment.name!r} has no space {one.space!r}"
            yield Mistake((*inside, "space"), "unknown_space", message)
        if one.segment is not None and one.segment not in checks.scope.segments:
            yield Mistake((*inside, "segment"), "unknown_segment", f"there is no segment {one.segment!r}")


def _representations(environment: Environment, name: str, at: Place) -> Iterator[Mistake]:
    for space, body in environment.spaces.items():
        if not is_for(environment.offers[name], space):
            continue
        content = environment.content_of(name, space)
        missing = [asked for asked in body.content if asked not in content]
        if missing:
            yield Mistake(
                (*at, "content"),
                "missing_content",
                f"space {space!r} asks every offer for {', '.join(missing)}, which offer {name!r} lacks: give it in "
                f"content or representations, name its other spaces in spaces, or keep it a draft",
            )


def _parts(place: str) -> Place:
    parts: list[str | int] = []
    for part in place.replace("[", ".[").split("."):
        parts.append(int(part[1:-1]) if part.startswith("[") else part)
    return tuple(parts)


def is_for(offer: OfferBody, space: str) -> bool:
    """Return whether an offer is for a space of its environment."""
    return offer.spaces is None or space in offer.spaces


def _shelf(environment: Environment, space: str) -> Shelf:
    shelf = Shelf()
    compiler = _Compiler(shelf, environment)
    if environment.segment is not None:
        shelf.addressed = compiler.in_segment(environment.segment)
    made: list[Item] = []
    for name, body in sorted(environment.offers.items()):
        chain = environment.chain_of(name)
        if body.state != "live" or not is_for(body, space):
            shelf.absent.append((name, "draft" if body.state != "live" else "not_for_this_space"))
        elif not all(environment.categories[path].enabled for path in chain):
            shelf.absent.append((name, "category_off"))
        else:
            made.append(compiler.item(name, body, space, chain))
    groups: dict[float, list[Item]] = {}
    for item in compiler.placed(made):
        if item.others:
            shelf.varying.append(item)
        else:
            groups.setdefault(item.weight, []).append(item)
    shelf.groups = [groups[weight] for weight in sorted(groups, reverse=True)]
    return shelf


class _Compiler:
    """Compile the offers of a shelf; what many of them ask is asked once."""

    def __init__(self, shelf: Shelf, environment: Environment) -> None:
        self._shelf = shelf
        self._environment = environment
        self._scope = OffersScope(environment.segments)
        self._places: dict[bytes, int] = {}
        self._names: set[str] = set()

    def item(self, name: str, body: OfferBody, space: str, chain: tuple[str, ...]) -> Item:
        """Compile one offer; what its conditions ask of the call has a place below zero until `placed`."""
        categories = [(path, self._environment.categories[path]) for path in chain]
        rules = [(None, one) for one in body.rules]
        rules += [(path, one) for path, category in categories for one in category.rules]  # type: ignore[misc]
        limits = [self._limit(None, body.at_most, body.category)]
        limits += [self._limit(path, category.at_most, path) for path, category in categories]
        limits += [
            self._limit(path, self._environment.rules[one].at_most, path or body.category) for path, one in rules
        ]
        if self._environment.goes_on_from:
            limits.append(Limit(None, 1, self._window(REFUSED_ELSEWHERE), None, "refused", as_visitor=True))
        conditions = [] if body.where is None else [self._condition(body.where)]
        for _, one in dict.fromkeys(rules):
            if (where := self._environment.rules[one].where) is not None:
                conditions.append(self._condition(where, f"The contact does not meet the rule {one!r}."))
        factor = 1.0
        for _, category in categories:
            factor *= category.multiplier
        weight, others = self._weights(body, space, factor)
        periods = [Period(body.starts_at, body.ends_at)]
        periods += [Period(category.starts_at, category.ends_at, path) for path, category in categories]
        return Item(
            name,
            body.category,
            weight,
            tuple(one for one in periods if one.starts_at is not None or one.ends_at is not None),
            self._environment.content_of(name, space),
            chain,
            tuple(dict.fromkeys(limit for limit in limits if limit is not None)),
            tuple(conditions),
            others,
        )

    def in_segment(self, name: str) -> Condition:
        """Compile the condition of being in a segment."""
        return self._condition({"segment": name})

    def placed(self, items: list[Item]) -> list[Item]:
        """Let the conditions find the truths of the call after those of the contact, now that all are known."""
        self._shelf.names = sorted(self._names)
        if not self._shelf.asked_of_call:
            return items
        return [
            replace(
                item,
                conditions=tuple(self._placed(one) for one in item.conditions),
                others=tuple(
                    one if one.condition is None else replace(one, condition=self._placed(one.condition))
                    for one in item.others
                ),
            )
            for item in items
        ]

    def _placed(self, condition: Condition) -> Condition:
        after = len(self._shelf.leaves) - 1
        return replace(condition, leaves=tuple(place if place >= 0 else after - place for place in condition.leaves))

    def _weights(self, body: OfferBody, space: str, factor: float) -> tuple[float, tuple[OtherWeight, ...]]:
        always, others = body.weight, []
        for one in body.weights:
            if one.space not in (None, space):
                continue
            if one.starts_at is None and one.ends_at is None and one.segment is None:
                always = max(always, one.weight)
                continue
            condition = None if one.segment is None else self.in_segment(one.segment)
            others.append(OtherWeight(_times(one.weight, factor), Period(one.starts_at, one.ends_at), condition))
        return _times(always, factor), tuple(one for one in others if one.weight > _times(always, factor))

    def _condition(self, where: Any, words: str | None = None) -> Condition:
        program = compile_condition(where, activity=True, namespaces=None, offers=self._scope)
        self._names |= set(program.names)
        leaves = tuple(self._place_of(program, leaf) for leaf in program.leaves)
        return Condition(leaves, tuple(program.nodes), *([] if words is None else [words]))

    def _limit(self, said_of: str | None, at_most: AtMost | None, category: str | None) -> Limit | None:
        """Return a limit as it is checked; ``category`` is what it counts over when it counts over one."""
        if at_most is None:
            return None
        window = self._window(Window(at_most.within, at_most.of))
        over = {"offer": None, "category": category, None: said_of}[at_most.scope]
        return Limit(over, at_most.count, window, at_most.within, at_most.of)

    def _window(self, window: Window) -> int:
        """Return the place of a window among the shelf's."""
        if window not in self._shelf.windows:
            self._shelf.windows.append(window)
        return self._shelf.windows.index(window)

    def _place_of(self, program: Program, leaf: dict[str, Any]) -> int:
        if leaf["test"] == "event":
            leaf = {**leaf, "index": _index_of(self._shelf.events, program.events[leaf["index"]])}
        key = orjson.dumps(leaf, option=orjson.OPT_SORT_KEYS)
        if key not in self._places:
            if leaf.get("context"):
                self._shelf.asked_of_call.append(leaf)
                self._places[key] = -len(self._shelf.asked_of_call)
            else:
                self._places[key] = len(self._shelf.leaves)
                self._shelf.leaves.append(leaf)
        return self._places[key]


def _times(weight: float, factor: float) -> float:
    """Multiply a weight; one that nothing multiplies stays the whole number that it may be."""
    return weight if factor == 1 else weight * factor


def _index_of(events: list[dict[str, Any]], event: dict[str, Any]) -> int:
    # Compared as text: to Python 1, 1.0 and true are equal, to a condition they are not.
    wanted = orjson.dumps(event)
    for index, one in enumerate(events):
        if orjson.dumps(one) == wanted:
            return index
    events.append(event)
    return len(events) - 1


def hanging_on(catalogue: Catalogue, environment: Environment, part: str | None, name: str) -> dict[str, list[str]]:
    """Return what would be left without something that it needs, by kind, if a part of a catalogue were removed.

    Parameters
    ----------
    part
        ``rules``, ``categories``, ``spaces`` or ``offers``; None for the environment itself.
    name
        The part's name or path.
    """
    if part is None:
        found = {
            "spaces": [f"{one.name}/{space}" for one, space in _falling_back_to(catalogue, environment.name)],
            "rules": list(environment.rules),
            "categories": list(environment.categories),
            "offers": list(environment.offers),
            "environments": [one.name for one in catalogue.environments.values() if name in one.goes_on_from],
        }
        found["spaces"] += [f"{environment.name}/{space}" for space in environment.spaces]
    elif part == "categories":
        excluding = [path for path, body in environment.categories.items() if name in body.excludes]
        within = [path for path in environment.categories if environment.parent(path) == name]
        found = {
            "categories": [*within, *excluding],
            "offers": [offer for offer, body in environment.offers.items() if body.category == name],
        }
    elif part == "rules":
        found = {
            "categories": [path for path, category in environment.categories.items() if name in category.rules],
            "offers": [offer for offer, body in environment.offers.items() if name in body.rules],
        }
    elif part == "spaces":
        found = {
            "spaces": [f"{one.name}/{space}" for one, space in _falling_back_to(catalogue, environment.name, name)],
            "offers": [
                offer
                for offer, body in environment.offers.items()
                if name in (body.spaces or ())
                or name in body.representations
                or name in {one.space for one in body.weights}
            ],
        }
    else:
        found = {}
    return {kind: sorted(set(names)) for kind, names in found.items() if names}


def _falling_back_to(
    catalogue: Catalogue, environment: str, space: str | None = None
) -> Iterator[tuple[Environment, str]]:
    """Yield the spaces elsewhere that fall back to a space, or to any space of an environment."""
    for one in catalogue.environments.values():
        for name, body in one.spaces.items():
            answering, _, other = (body.anonymous_space or "").partition("/")
            if answering != environment or (space is None and one.name == environment):
                continue
            if space is None or other == space:
                yield one, name
