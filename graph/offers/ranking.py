"""Which offers of a shelf a contact gets, in which order, and why it does not get the others: a pure function."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from graph.clock import rfc3339
from graph.offers.catalogue import Environment, Item, Limit, Shelf


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a contact where it is about to be offered something.

    Attributes
    ----------
    truths
        Which leaves of the shelf's conditions it meets, and after them which the data of the call meet.
    presented
        By offer: how often it was presented, accepted or refused, as each of the shelf's windows counts.
    """

    truths: Sequence[bool] = ()
    presented: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An offer that is not proposed, and why."""

    name: str
    reason: str
    words: str


@dataclass(slots=True)
class Ranked:
    """What is proposed, in order; and the others, when it was asked why."""

    chosen: list[Item] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


_ABSENT = {
    "draft": "It is a draft.",
    "not_for_this_space": "It is for other spaces.",
    "category_off": "Its category is switched off.",
}


def rank(
    environment: Environment, shelf: Shelf, standing: Standing, now: datetime, count: int, *, explain: bool = False
) -> Ranked:
    """Choose at most ``count`` offers, the heaviest first.

    Of equally heavy ones those that this contact was presented less often come first, then those whose name does. A
    presentation that this very call makes counts against the limits of the offers after it.

    Parameters
    ----------
    explain
        Go through the whole shelf and say why each other offer is left out.
    """
    ranked = Ranked()
    tally = _Tally(environment, shelf, standing)
    taken: set[str] = set()
    for group in _groups(shelf, standing, now):
        for item in tally.least_presented_first(group):
            if len(ranked.chosen) == count and not explain:
                return ranked
            reason = _why_not(item, standing, now) or tally.why_not(item) or _excluded(environment, item, taken)
            if reason is None and len(ranked.chosen) == count:
                reason = ("no_room", f"{count} offers come before it.")
            if reason is None:
                ranked.chosen.append(item)
                tally.add(item)
                taken.update(item.chain)
            elif explain:
                ranked.left_out.append(LeftOut(item.name, *reason))
    if explain:
        ranked.left_out += [LeftOut(name, reason, _ABSENT[reason]) for name, reason in shelf.absent]
    return ranked


def nobody(environment: Environment, *, addressed: bool = True) -> list[LeftOut]:
    """State for every offer that nobody was identified who could get it; or that who was is not addressed."""
    reason, words = "not_identified", "Its environment is for identified people, and this call is not answered as one."
    if not addressed:
        reason = "not_addressed"
        words = f"Its environment is for members of segment {environment.segment!r}, and the contact is none."
    return [LeftOut(name, reason, words) for name in sorted(environment.offers)]


_Reason = tuple[str, str] | None


def _groups(shelf: Shelf, standing: Standing, now: datetime) -> list[list[Item]]:
    """Return the offers in groups of equal weight, those whose weight varies where it puts them now."""
    if not shelf.varying:
        return shelf.groups
    groups = {group[0].weight: list(group) for group in shelf.groups}
    for item in shelf.varying:
        weight = item.weight_now(standing.truths, now)
        groups.setdefault(weight, []).append(replace(item, weight=weight))
    return [sorted(groups[weight], key=lambda item: item.name) for weight in sorted(groups, reverse=True)]


def _why_not(item: Item, standing: Standing, now: datetime) -> _Reason:
    for period in item.periods:
        what, reason = ("It", "") if period.of is None else (f"Category {period.of!r}", "category_")
        if period.is_ahead(now) and period.starts_at is not None:
            return f"{reason}not_started", f"{what} starts at {rfc3339(period.starts_at)}."
        if period.is_over(now) and period.ends_at is not None:
            return f"{reason}ended", f"{what} ended at {rfc3339(period.ends_at)}."
    for condition in item.conditions:
        if not condition.met(standing.truths):
            return "condition", condition.words
    return None


def _excluded(environment: Environment, item: Item, taken: set[str]) -> _Reason:
    for path in item.chain:
        for other in sorted(environment.exclusions.get(path, ())):
            if other in taken:
                return "excluded", f"Category {path!r} is not proposed together with {other!r}."
    return None


class _Tally:
    """How often what was presented, with what this call adds."""

    def __init__(self, environment: Environment, shelf: Shelf, standing: Standing) -> None:
        # A presentation of this call has no outcome yet.
        self._once = [int(window.counted == "presented") for window in shelf.windows]
        self._offers = {name: list(counts) for name, counts in standing.presented.items()}
        self._categories: dict[str, list[int]] = {}
        for name, counts in self._offers.items():
            self._add_up(environment.chain_of(name), counts)

    def least_presented_first(self, group: list[Item]) -> Iterable[Item]:
        if not self._offers:
            return group
        return sorted(group, key=lambda item: self._offers[item.name][0] if item.name in self._offers else 0)

    def why_not(self, item: Item) -> _Reason:
        for limit in item.limits:
            counts = self._offers.get(item.name) if limit.of is None else self._categories.get(limit.of)
            many = counts[limit.window] if counts else 0
            if many >= limit.count and limit.as_visitor:
                return (
                    "refused_as_visitor",
                    "It was refused as a visitor, in an environment that this one goes on from.",
                )
            if many >= limit.count:
                return ("category_limit" if limit.of else "offer_limit"), _limit_in_words(limit, many)
        return None

    def add(self, item: Item) -> None:
        counts = self._offers.setdefault(item.name, [0] * len(self._once))
        self._offers[item.name] = [many + more for many, more in zip(counts, self._once, strict=True)]
        self._add_up(item.chain, self._once)

    def _add_up(self, chain: Iterable[str], counts: Sequence[int]) -> None:
        for path in chain:
            before = self._categories.get(path, [0] * len(self._once))
            self._categories[path] = [many + more for many, more in zip(before, counts, strict=True)]


def _limit_in_words(limit: Limit, many: int) -> str:
    what = f"Category {limit.of!r}" if limit.of else "It"
    period = f" within {limit.within}" if limit.within else ""
    return f"{what} was {limit.counted} {many} times{period}; at most {limit.count} are allowed."
