"""A catalogue tried on a segment at a time: who would get what, and what nobody would get and why. Writes nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from graph.clock import rfc3339
from graph.errors import BadInput, FieldError, NotFound
from graph.model import Kind
from graph.offers.catalogue import Catalogue, Environment, Item, with_drafts
from graph.offers.catalogues import Catalogues
from graph.offers.choice import Choice, Identification, choose
from graph.offers.propositions import DEFAULT_COUNT
from graph.offers.ranking import Ranked, Standing, nobody, rank
from graph.segments.conditions import compile_condition
from graph.segments.segments import Segments
from graph.store.database import Database, Row, Transaction

Document = dict[str, Any]
IdentifiedBy = Literal["explicit", "implicit"]

AT_ONCE = 500
"""How many contacts are read in one transaction."""
MOST_PEOPLE = 100_000
"""The most contacts that one simulation looks at."""
DEFAULT_PEOPLE = 10_000
MOST_LISTED = 1_000
DEFAULT_LISTED = 100

COLUMNS = ("contact", "kind", "space", "answered_by", "position", "offer", "weight")
"""Of a table of what each contact would get."""

_EVERYBODY = {"any": [{"kind": "known"}, {"kind": "anonymous"}]}
_WORDS = {
    "offer_limit": "It was presented, accepted or refused as often as its limit allows.",
    "category_limit": "Its category was presented, accepted or refused as often as its limit allows.",
    "no_room": "Others come before it.",
}
"""What is said of many people where the words for one would have a number."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried.

    Attributes
    ----------
    segment
        On whom; everybody when None.
    at
        As of when; now when None.
    spaces
        Which spaces are asked; all of the environment when None.
    identified_by
        How a known contact comes: it logged in, or its cookie leads to it. An anonymous one is a visitor.
    limit
        How many offers a call asks for; what the space shows when None.
    context
        Data of the call.
    most
        How many contacts are looked at, in the order of their ids.
    drafts
        Whether drafts are tried as if they were live.
    """

    segment: str | None = None
    at: datetime | None = None
    spaces: tuple[str, ...] | None = None
    identified_by: IdentifiedBy = "explicit"
    limit: int | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    most: int = DEFAULT_PEOPLE
    drafts: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one contact would get at one space."""

    contact: str
    kind: str
    space: str
    choice: Choice
    chosen: tuple[Item, ...]

    def document(self) -> Document:
        """Return it as it is shown."""
        return {
            "contact": self.contact,
            "kind": self.kind,
            "space": self.space,
            "answered_by": None if self.choice.space is None else f"{self.choice.environment.name}/{self.choice.space}",
            "offers": [{"name": item.name, "weight": item.weight} for item in self.chosen],
        }

    def rows(self) -> Iterator[Document]:
        """Yield a row for each offer; one without an offer where there is none."""
        shown = self.document()
        head = {name: shown[name] for name in ("contact", "kind", "space", "answered_by")}
        if not self.chosen:
            yield head | {"position": None, "offer": None, "weight": None}
        for place, item in enumerate(self.chosen, 1):
            yield head | {"position": place, "offer": item.name, "weight": item.weight}


@dataclass(slots=True)
class _Counts:
    """What became of one offer at the spaces that were asked."""

    people: set[str] = field(default_factory=set)
    first: int = 0
    spaces: Counter[str] = field(default_factory=Counter)
    left_out: Counter[tuple[str, str, str]] = field(default_factory=Counter)


class Simulations:
    """Tries catalogues on segments."""

    def __init__(self, database: Database, catalogues: Catalogues, segments: Segments) -> None:
        self._database = database
        self._catalogues = catalogues
        self._segments = segments

    def run(self, environment: str, plan: Plan, *, listed: int = DEFAULT_LISTED) -> Document:
        """Try an environment's catalogue: count by offer who would get it, and why others would not.

        Each contact is looked at as it is today, with what it was presented until today, and is asked for at each space
        by itself: what one space gives counts for no other.

        Parameters
        ----------
        listed
            How many answers are listed one by one.

        Raises
        ------
        NotFound
            When there is no such environment.
        BadInput
            When there is no such segment or space, or known contacts are to come by their cookies at a space that
            does not compare them.
        """
        tried = self._begin(environment, plan)
        outcomes: list[Document] = []
        spaces = {space: Counter[str]() for space in tried.spaces}
        people = 0
        for answers in tried.answers():
            people += 1
            for outcome in answers:
                counted = spaces[outcome.space]
                counted["answered" if outcome.chosen else "without"] += 1
                counted["fell_back"] += outcome.choice.fell_back
                if len(outcomes) < listed:
                    outcomes.append(outcome.document())
        offers = tried.offers()
        return {
            "environment": environment,
            "segment": plan.segment,
            "at": rfc3339(tried.at),
            "people": people,
            "more_people": tried.more,
            "offers": offers,
            "never": [f"{one['environment']}/{one['name']}" for one in offers if not one["people"]],
            "spaces": [
                {"space": space, **{name: counted[name] for name in ("answered", "without", "fell_back")}}
                for space, counted in spaces.items()
            ],
            "answers": outcomes,
        }

    def rows(self, environment: str, plan: Plan) -> Iterator[Document]:
        """Return the rows of a table of what each contact would get, see `COLUMNS`; who gets nothing has one too.

        Raises as `run` does.
        """
        tried = self._begin(environment, plan)
        return (row for answers in tried.answers() for outcome in answers for row in outcome.rows())

    def _begin(self, environment: str, plan: Plan) -> "_Trial":
        said = self._catalogues.current()
        catalogue = with_drafts(said) if plan.drafts else said
        found = catalogue.environments.get(environment)
        if found is None:
            raise NotFound(f"There is no environment {environment!r}.")
        if plan.segment is not None and plan.segment not in catalogue.segments:
            raise BadInput([FieldError("segment", "unknown_segment", f"there is no segment {plan.segment!r}")])
        spaces = tuple(sorted(found.spaces)) if plan.spaces is None else plan.spaces
        wrong = [
            FieldError(f"spaces[{index}]", "unknown_space", f"environment {environment!r} has no space {space!r}")
            for index, space in enumerate(spaces)
            if space not in found.spaces
        ]
        if not wrong and plan.identified_by == "implicit":
            wrong = [
                FieldError("identified_by", "not_implicitly", f"space {space!r} does not identify by cookies")
                for space in spaces
                if not found.spaces[space].identify_implicitly
            ]
        if wrong:
            raise BadInput(wrong)
        return _Trial(self._database, self._segments, catalogue, found, plan, spaces, said)


class _Trial:
    """One simulation, contact by contact."""

    def __init__(
        self,
        database: Database,
        segments: Segments,
        catalogue: Catalogue,
        environment: Environment,
        plan: Plan,
        spaces: Sequence[str],
        said: Catalogue,
    ) -> None:
        self._database, self._segments = database, segments
        self._catalogue, self._environment, self._plan = catalogue, environment, plan
        self.spaces = spaces
        self._said = said
        self.at = plan.at or datetime.now(UTC)
        self.more = False
        self._unaddressed: set[str] = set()
        self._counts: dict[tuple[str, str], _Counts] = {
            (environment.name, name): _Counts() for name in sorted(environment.offers)
        }

    def answers(self) -> Iterator[list[Outcome]]:
        """Yield, contact by contact, what it would get at each space."""
        for page in self._pages():
            asked = {row["id"]: self._choices(row["kind"]) for row in page}
            standings = self._standings(asked)
            others = self._otherwise(asked, standings)
            asked |= others
            standings |= self._standings(others)
            for row in page:
                contact, kind = row["id"], row["kind"]
                at_spaces = zip(self.spaces, asked[contact], strict=True)
                yield [self._answer(contact, kind, space, choice, standings) for space, choice in at_spaces]

    def offers(self) -> list[Document]:
        """Return what was counted, by offer."""
        return [self._counted(*of, counts) for of, counts in sorted(self._counts.items(), key=self._own_first)]

    def _own_first(self, item: tuple[tuple[str, str], _Counts]) -> tuple[bool, tuple[str, str]]:
        return item[0][0] != self._environment.name, item[0]

    def _counted(self, environment: str, name: str, counts: _Counts) -> Document:
        body = self._said.environments[environment].offers[name]
        return {
            "name": name,
            "environment": environment,
            "state": body.state,
            "people": len(counts.people),
            "first": counts.first,
            "spaces": dict(sorted(counts.spaces.items())),
            "left_out": [
                {"space": space, "reason": reason, "words": words, "people": people}
                for (space, reason, words), people in sorted(counts.left_out.items(), key=lambda one: (-one[1], one[0]))
            ],
        }

    def _pages(self) -> Iterator[Sequence[Row]]:
        """Yield the contacts, some at once, as far as they are to be looked at."""
        left, after = self._plan.most, ""
        while left > 0:
            many = min(AT_ONCE, left)
            rows = self._read(after, many + 1)
            self.more = len(rows) > many
            page = rows[:many]
            if page:
                yield page
            if not self.more:
                return
            left, after = left - many, page[-1]["id"]

    def _read(self, after: str, many: int) -> Sequence[Row]:
        if self._plan.segment is not None:
            return self._segments.after(self._plan.segment, after, many, now=self.at)
        program = compile_condition(_EVERYBODY, activity=False)
        given = {"after": after, "limit": many, "now": self.at, **program.parameters()}
        return self._database.read(lambda tx: tx.run("segments.members", **given))

    def _choices(self, kind: str) -> list[Choice]:
        how = Identification(self._plan.identified_by) if kind == Kind.KNOWN.value else Identification.NONE
        return [choose(self._catalogue, self._environment, space, how) for space in self.spaces]

    def _otherwise(
        self, asked: Mapping[str, list[Choice]], standings: Mapping[tuple[str, str, str], Standing]
    ) -> dict[str, list[Choice]]:
        """Choose again for whom the environment does not address: it identifies nobody there."""
        shelves = self._environment.shelves
        others: dict[str, list[Choice]] = {}
        if self._environment.segment is None:
            return others
        for contact, choices in asked.items():
            for place, choice in enumerate(choices):
                standing = standings.get((choice.environment.name, choice.space or "", contact))
                own = choice.environment is self._environment and choice.space is not None
                if own and standing is not None and not shelves[choice.space or ""].addresses(standing.truths):
                    chosen = others.setdefault(contact, list(choices))
                    chosen[place] = choose(self._catalogue, self._environment, self.spaces[place], Identification.NONE)
                    self._unaddressed.add(contact)
        return others

    def _standings(self, asked: Mapping[str, Sequence[Choice]]) -> dict[tuple[str, str, str], Standing]:
        """Read how the contacts stand, at each space that answers for them."""
        by_space: dict[tuple[str, str], list[str]] = {}
        for contact, choices in asked.items():
            for choice in choices:
                if choice.space is not None:
                    by_space.setdefault((choice.environment.name, choice.space), []).append(contact)

        def work(tx: Transaction) -> dict[tuple[str, str, str], Standing]:
            return {
                (*of, row["contact"]): Standing([*row["truths"], *row["of_call"]], dict(row["presented"]))
                for of, contacts in by_space.items()
                for row in self._standing(tx, *of, sorted(set(contacts)))
            }

        return self._database.read(work)

    def _standing(self, tx: Transaction, environment: str, space: str, contacts: list[str]) -> list[Row]:
        shelf = self._catalogue.environments[environment].shelves[space]
        return tx.run(
            "offers.standings",
            contact_ids=contacts,
            environments=self._catalogue.environments[environment].counted_in,
            now=self.at,
            windows=[window.asked for window in shelf.windows],
            names=shelf.names,
            events=shelf.events,
            leaves=shelf.leaves,
            context=[{"name": name, "value": value} for name, value in self._plan.context.items()],
            asked_of_call=shelf.asked_of_call,
        )

    def _answer(
        self,
        contact: str,
        kind: str,
        space: str,
        choice: Choice,
        standings: Mapping[tuple[str, str, str], Standing],
    ) -> Outcome:
        environment = choice.environment
        if choice.space is None:
            ranked = Ranked(left_out=nobody(environment, addressed=contact not in self._unaddressed))
        else:
            standing = standings.get((environment.name, choice.space, contact))
            if standing is None:
                # It was folded into another, or erased, since it was listed.
                return Outcome(contact, kind, space, choice, ())
            counts = [many for many in (self._plan.limit, environment.spaces[choice.space].offers) if many is not None]
            count = min(counts, default=DEFAULT_COUNT)
            ranked = rank(environment, environment.shelves[choice.space], standing, self.at, count, explain=True)
        left_out = [(environment.name, out) for out in ranked.left_out]
        if environment is not self._environment:
            own = nobody(self._environment, addressed=contact not in self._unaddressed)
            left_out += [(self._environment.name, out) for out in own]
        for place, item in enumerate(ranked.chosen):
            counts_of = self._counts.setdefault((environment.name, item.name), _Counts())
            counts_of.people.add(contact)
            counts_of.first += place == 0
            counts_of.spaces[space] += 1
        for of, out in left_out:
            counts_of = self._counts.setdefault((of, out.name), _Counts())
            counts_of.left_out[space, out.reason, _WORDS.get(out.reason, out.words)] += 1
        return Outcome(contact, kind, space, choice, tuple(ranked.chosen))
