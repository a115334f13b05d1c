"""A catalogue as a whole: the rules that bind its parts, and each space's shelf. Nothing here reads or writes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    SpaceBody,
)
from graph.segments.conditions import Program, compile_condition

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


@dataclass(frozen=True, slots=True)
class Window:
    """What a limit counts: presentations of a period, or what the contact said of them in that period."""

    within: str | None = None
    counted: Counted = "presented"

    @property
    def asked(self) -> list[str | None]:
        """The period and the outcome, as the database is asked; None for every presentation."""
        return [self.within, None if self.counted == "presented" else self.counted]


@dataclass(frozen=True, slots=True)
class Item:
    """An offer on the shelf of a space."""

    name: str
    category: str | None
    weight: float
    starts_at: datetime | None
    ends_at: datetime | None
    content: dict[str, Any]
    chain: tuple[str, ...]
    """Its category and those around it, from the inside out."""
    limits: tuple[Limit, ...]
    leaves: tuple[int, ...]
    """Where the leaves of its condition stand among the shelf's leaves."""
    nodes: tuple[dict[str, Any], ...]

    def met(self, truths: Sequence[bool]) -> bool:
        """Return whether its condition is met, from the truths of the leaves: only the connectives are left."""
        if not self.nodes:
            return True
        known = [truths[place] for place in self.leaves]
        for node in self.nodes:
            values = [known[place] for place in node["of"]]
            known.append(all(values) if node["op"] == "all" else any(values) if node["op"] == "any" else not values[0])
        return known[-1]


@dataclass(slots=True)
class Shelf:
    """What a space can offer, the heaviest first, and all that must be asked of a contact to choose from it.

    Attributes
    ----------
    groups
        Live offers with content for this space, in groups of equal weight.
    absent
        The environment's other offers: name and why.
    windows
        What the limits count, each once; the first is every presentation.
    names, events, leaves
        What the conditions of all its offers ask, each leaf once.
    """

    groups: list[list[Item]] = field(default_factory=list)
    absent: list[tuple[str, str]] = field(default_factory=list)
    windows: list[Window] = field(default_factory=lambda: [Window()])
    names: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    leaves: list[dict[str, Any]] = field(default_factory=list)

    def items(self) -> Iterator[Item]:
        """Yield its offers, the heaviest first."""
        for group in self.groups:
            yield from group


@dataclass(frozen=True)
class Environment:
    """One environment with everything in it."""

    name: str
    kind: EnvironmentKind
    visitors_folder: str | None
    categories: Mapping[str, CategoryBody]
    spaces: Mapping[str, SpaceBody]
    offers: Mapping[str, OfferBody]

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
        if parts is None:
            return cls(name, kind, folder, {}, {}, {})
        return cls(name, kind, folder, with_ancestors(parts.categories), parts.spaces, parts.offers)

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
        in_order = _categories(environment, place)
        found += in_order
        found += _spaces(catalogue, environment, place)
        found += _offers(environment, place, namespaces)
    return found


def _mapping(place: Place, body: EnvironmentBody) -> Iterator[Mistake]:
    if body.kind is None and body.targeting_dimension is None:
        yield Mistake((*place, "kind"), "missing", "an environment is identified or anonymous")
    elif body.kind is not None and body.targeting_dimension not in (None, DIMENSION_OF[body.kind]):
        yield Mistake(
            (*place, "targeting_dimension"),
            "kind",
            f"an environment of kind {body.kind} addresses {DIMENSION_OF[body.kind]}",
        )
    elif body.visitors_folder is not None and body.kind != "anonymous" and body.targeting_dimension != "visitors":
        yield Mistake((*place, "visitors_folder"), "identified", "only an anonymous environment keeps visitors")


def _categories(environment: Environment, place: Place) -> list[Mistake]:
    found = []
    for path, body in environment.categories.items():
        at = (*place, "categories", path)
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


def _offers(environment: Environment, place: Place, namespaces: Namespaces) -> Iterator[Mistake]:
    for name, body in environment.offers.items():
        at = (*place, "offers", name)
        if body.category is not None and body.category not in environment.categories:
            yield Mistake((*at, "category"), "unknown_category", f"there is no category {body.category!r}")
        if body.starts_at is not None and body.ends_at is not None and body.ends_at <= body.starts_at:
            yield Mistake((*at, "ends_at"), "order", "an offer ends after it starts")
        if body.where is not None:
            try:
                compile_condition(body.where, activity=True, namespaces=namespaces)
            except BadInput as error:
                for wrong in error.errors:
                    yield Mistake((*at, *_parts(wrong.field)), wrong.rule, wrong.message)
        named: list[tuple[Place, str]] = [(("spaces", index), space) for index, space in enumerate(body.spaces or ())]
        named += [(("representations", space), space) for space in body.representations]
        for inside, space in named:
            if space not in environment.spaces:
                message = f"environment {environment.name!r} has no space {space!r}"
                yield Mistake((*at, *inside), "unknown_space", message)
        if body.state == "live":
            yield from _representations(environment, name, at)


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
    leaves: dict[bytes, int] = {}
    names: set[str] = set()
    groups: dict[float, list[Item]] = {}
    for name, body in sorted(environment.offers.items()):
        if body.state != "live" or not is_for(body, space):
            shelf.absent.append((name, "draft" if body.state != "live" else "not_for_this_space"))
            continue
        program = Program() if body.where is None else compile_condition(body.where, activity=True, namespaces=None)
        names |= set(program.names)
        chain = environment.chain_of(name)
        limits = [_limit(shelf, None, body.at_most)]
        limits += [_limit(shelf, path, environment.categories[path].at_most) for path in chain]
        item = Item(
            name,
            body.category,
            body.weight,
            body.starts_at,
            body.ends_at,
            environment.content_of(name, space),
            chain,
            tuple(limit for limit in limits if limit is not None),
            tuple(_place_of(shelf, leaves, program, leaf) for leaf in program.leaves),
            tuple(program.nodes),
        )
        groups.setdefault(item.weight, []).append(item)
    shelf.names = sorted(names)
    shelf.groups = [groups[weight] for weight in sorted(groups, reverse=True)]
    return shelf


def _limit(shelf: Shelf, of: str | None, at_most: AtMost | None) -> Limit | None:
    if at_most is None:
        return None
    window = Window(at_most.within, at_most.of)
    if window not in shelf.windows:
        shelf.windows.append(window)
    return Limit(of, at_most.count, shelf.windows.index(window), at_most.within, at_most.of)


def _index_of(events: list[dict[str, Any]], event: dict[str, Any]) -> int:
    # Compared as text: to Python 1, 1.0 and true are equal, to a condition they are not.
    wanted = orjson.dumps(event)
    for index, one in enumerate(events):
        if orjson.dumps(one) == wanted:
            return index
    events.append(event)
    return len(events) - 1


def _place_of(shelf: Shelf, leaves: dict[bytes, int], program: Program, leaf: dict[str, Any]) -> int:
    """Find a leaf among those of the shelf, or add it; what many offers ask is asked once."""
    if leaf["test"] == "event":
        event = program.events[leaf["index"]]
        leaf = {**leaf, "index": _index_of(shelf.events, event)}
    key = orjson.dumps(leaf, option=orjson.OPT_SORT_KEYS)
    if key not in leaves:
        leaves[key] = len(shelf.leaves)
        shelf.leaves.append(leaf)
    return leaves[key]


def hanging_on(catalogue: Catalogue, environment: Environment, part: str | None, name: str) -> dict[str, list[str]]:
    """Return what would be left without something that it needs, by kind, if a part of a catalogue were removed.

    Parameters
    ----------
    part
        ``categories``, ``spaces`` or ``offers``; None for the environment itself.
    name
        The part's name or path.
    """
    if part is None:
        found = {
            "spaces": [f"{one.name}/{space}" for one, space in _falling_back_to(catalogue, environment.name)],
            "categories": list(environment.categories),
            "offers": list(environment.offers),
        }
        found["spaces"] += [f"{environment.name}/{space}" for space in environment.spaces]
    elif part == "categories":
        excluding = [path for path, body in environment.categories.items() if name in body.excludes]
        within = [path for path in environment.categories if environment.parent(path) == name]
        found = {
            "categories": [*within, *excluding],
            "offers": [offer for offer, body in environment.offers.items() if body.category == name],
        }
    elif part == "spaces":
        found = {
            "spaces": [f"{one.name}/{space}" for one, space in _falling_back_to(catalogue, environment.name, name)],
            "offers": [
                offer
                for offer, body in environment.offers.items()
                if name in (body.spaces or ()) or name in body.representations
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
