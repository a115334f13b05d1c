"""Propositions: who is behind a call, which space answers it, and what it is offered, in one transaction.

Who somebody is says the resolver, and nobody else: a call is an event like any other, its activity is the proposition,
and it hangs on a period of ownership. A union moves periods, so it takes propositions along and brings them back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from graph import tracing
from graph.clock import to_text
from graph.errors import BadInput, ClashError, FieldError, NotFound, TryAgain
from graph.identity.decision import Decision
from graph.identity.events import Event
from graph.identity.keys import EventKeys
from graph.identity.living import living_contact
from graph.identity.resolver import Prepared, Resolver, SharedTransaction
from graph.identity.working_set.write import write_working_set
from graph.model import Answer, Kind
from graph.offers.catalogue import Catalogue, Environment, with_drafts
from graph.offers.catalogues import Catalogues
from graph.offers.choice import Choice, Identification, choose
from graph.offers.definitions import MAX_OFFERS, OUTCOMES
from graph.offers.ranking import Ranked, Standing, nobody, rank
from graph.offers.visitors import cookie_of, tracker_in
from graph.paging import cut_page, read_cursor
from graph.store.database import RECEIPT, Database, Transaction

Document = dict[str, Any]

EVENT = "proposition"
"""The name of the activity that a call leaves."""
OF_CONTEXT = "context."
"""What stands before the names of a call's data in the properties of its activity."""
DEFAULT_COUNT = 10
"""How many offers are proposed where neither the call nor the space says."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Whom a call is from.

    Attributes
    ----------
    answer
        What the resolver answered; None when nobody was resolved.
    also
        A contact whose presentations count too although the space may not recognise it.
    cookies
        Where a page asks: the trackers by which its browser comes. What it did on them counts in place of all that is
        known of the contact.
    """

    identification: Identification
    choice: Choice
    answer: Answer | None
    also: tuple[str, ...] = ()
    cookies: tuple[str, ...] | None = None
    plain: bool = False
    """The contact was there, and the visit changes nothing about it but when it was seen."""

    @property
    def contact(self) -> str | None:
        """The contact that the offers are for."""
        return None if self.answer is None or self.answer.contact is None else self.answer.contact.id

    @property
    def holders(self) -> list[str]:
        """The contacts whose presentations count."""
        return [] if self.contact is None else [self.contact, *self.also]


@dataclass(frozen=True, slots=True)
class _Call:
    """A call as it came in."""

    environment: str
    space: str
    limit: int | None
    context: Mapping[str, Any]
    explain: bool
    drafts: bool
    from_page: bool


@dataclass(slots=True)
class _Attempt:
    """What one try to answer a call came to."""

    document: Document
    visit: Visit
    made_up: frozenset[str]
    """Ids of contacts and trackers that this try made."""


class Propositions:
    """Answers calls for offers, and keeps what became of them."""

    def __init__(self, database: Database, resolver: Resolver, catalogues: Catalogues) -> None:
        self._database = database
        self._resolver = resolver
        self._catalogues = catalogues

    def propose(
        self,
        environment: str,
        space: str,
        event: Event,
        *,
        limit: int | None = None,
        explain: bool = False,
        dry_run: bool = False,
        drafts: bool = False,
        from_page: bool = False,
        context: Mapping[str, Any] | None = None,
    ) -> Document:
        """Answer a call at a space: who was identified, which space answers, and its offers; recorded before.

        Parameters
        ----------
        event
            The keys that the call carries; nothing else of it is looked at.
        limit
            How many offers at most; the space may show fewer.
        explain
            Say of each other offer why it is left out.
        dry_run
            Answer the same and write nothing.
        drafts
            Treat drafts as if they were live: for a dry run only.
        from_page
            A page in a browser asks, whose key everybody can read: nothing but what is known of this browser's own
            visitor has a say in the answer.
        context
            Data of the call, such as its page, language and basket: conditions may ask them, and they are kept with
            the proposition. What is null is not said.

        Raises
        ------
        NotFound
            When there is no such environment or space.
        ClashError
            When a page asks a space that may recognise somebody.
        BadInput
            When the limit is out of range.
        """
        if limit is not None and not 1 <= limit <= MAX_OFFERS:
            raise BadInput([FieldError("limit", "range", f"a limit is a whole number from 1 to {MAX_OFFERS}")])
        said = {name: value for name, value in (context or {}).items() if value is not None}
        properties = {"environment": environment, "space": space}
        properties |= {f"{OF_CONTEXT}{name}": value for name, value in said.items()}
        called = event.model_copy(
            update={"event": EVENT, "event_properties": properties, "properties": {}, "message_id": None}
        )
        call = _Call(environment, space, limit, said, explain=explain, drafts=drafts and dry_run, from_page=from_page)
        # Before the transaction: within it this would wait for a second connection, which may be held by somebody who
        # waits for one too.
        self._catalogues.known()
        with tracing.span("propose"):
            done = self._resolver.resolve_beside(called, partial(self._answer, call), dry_run=dry_run)
        return _hidden(done) if dry_run else done.document

    def propose_for_spaces(
        self, environment: str, spaces: Sequence[str], event: Event, *, from_page: bool = False, **how: Any
    ) -> list[Document]:
        """Answer one call for several spaces of an environment, each as `propose` does, in their order.

        Somebody new is the same visitor in all of them.

        Raises
        ------
        NotFound
            When there is no such environment, or one of the spaces is not there; nothing is proposed then.
        ClashError
            When a page asks and one of the spaces may recognise somebody; nothing is proposed then.
        """
        catalogue = self._catalogues.known()
        if not catalogue.has(environment, *spaces):
            catalogue = self._catalogues.current()
        for space in spaces:
            asked = _find(catalogue, environment, space)
            if from_page and recognises(asked, space):
                raise _not_for_pages(space)
        answers: list[Document] = []
        for space in spaces:
            answers.append(self.propose(environment, space, event, from_page=from_page, **how))
            if not event.carried(self._resolver.namespaces) and answers[0]["tracker_id"] is not None:
                event = event.model_copy(update={"tracker_id": answers[0]["tracker_id"]})
        return answers

    def _answer(self, call: "_Call", shared: SharedTransaction) -> _Attempt:
        tx, working_set, id = shared.tx, shared.working_set, shared.item.message_id
        catalogue = self._catalogues.known()
        if not catalogue.has(call.environment, call.space):
            catalogue = self._catalogues.load(tx)
        if call.drafts:
            catalogue = with_drafts(catalogue)
        asked = _find(catalogue, call.environment, call.space)
        if call.from_page and recognises(asked, call.space):
            # Of a catalogue that was changed meanwhile the answer would be about the one before.
            self._catalogues.confirm(tx, catalogue)
            raise _not_for_pages(call.space)
        visit = _visit(shared, catalogue, asked, call)
        if not visit.plain:
            # What the visit makes of the contact, a union for one, is what the offers are held against.
            write_working_set(working_set, tx.defer)
        ranked, addressed = self._ranked(tx, catalogue, visit, call, id)
        if not addressed:
            # Who is not of those whom the environment addresses is nobody that it identifies.
            other = choose(catalogue, asked, call.space, Identification.NONE)
            visit = replace(visit, choice=other)
            if other.space is not None:
                ranked, _ = self._ranked(tx, catalogue, visit, call, id)
        if visit.contact is not None:
            record = _record(visit, ranked, id, call)
            if visit.plain:
                write_working_set(working_set, tx.defer)
            tx.defer("offers.record", **record)
        document = _document(visit, ranked, id, call)
        made_up = {one.id for one in working_set.contacts.values() if not one.stored} | working_set.minted
        return _Attempt(document, visit, frozenset(made_up))

    def _ranked(
        self, tx: Transaction, catalogue: Catalogue, visit: Visit, call: "_Call", id: str
    ) -> tuple[Ranked, bool]:
        """Choose the offers; and return whether the contact is of those whom the environment addresses."""
        explain, limit = call.explain, call.limit
        choice, now = visit.choice, datetime.now(UTC)
        if visit.contact is None or choice.space is None:
            # Nothing else says whether the catalogue is still that of the graph.
            self._catalogues.confirm(tx, catalogue)
            return Ranked(left_out=nobody(choice.environment) if explain else []), True
        shelf = choice.environment.shelves[choice.space]
        asked = {
            "id": id,
            "environments": choice.environment.counted_in,
            "now": now,
            "windows": [window.asked for window in shelf.windows],
            "events": shelf.events,
            "leaves": shelf.leaves,
            "context": [{"name": name, "value": value} for name, value in call.context.items()],
            "asked_of_call": shelf.asked_of_call,
        }
        if visit.cookies is None:
            contact: dict[str, Any] = {"contact_id": visit.contact, "holders": visit.holders, "names": shelf.names}
            [row] = tx.run("offers.standing", **contact, **asked)
        else:
            stated = _stated(tx, visit.cookies, shelf.names)
            [row] = tx.run("offers.standing_of_page", cookies=list(visit.cookies), properties=stated, **asked)
        if row["version"] != catalogue.version:
            self._catalogues.load(tx)
            raise TryAgain  # the catalogue was changed; nothing of this try stays
        counts = [count for count in (limit, choice.environment.spaces[choice.space].offers) if count is not None]
        standing = Standing([*row["truths"], *row["of_call"]], dict(row["presented"]))
        if not shelf.addresses(standing.truths):
            return Ranked(left_out=nobody(choice.environment, addressed=False) if explain else []), False
        count = min(counts, default=DEFAULT_COUNT)
        return rank(choice.environment, shelf, standing, now, count, explain=explain), True

    # --- what became of them --------------------------------------------------------------------------------

    def note_outcome(self, proposition: str, outcome: Any, offer: str | None = None) -> Document:
        """Note what became of a proposition: of all its offers, or of the one that is named.

        The last word counts, of what was decided (accepted, refused, ignored); that an offer was presented or clicked
        is noted beside it, and is its outcome until something is decided.

        Raises
        ------
        BadInput
            When the outcome is none, or the offer was not part of the proposition.
        NotFound
            When there is no such proposition.
        """
        if outcome not in OUTCOMES:
            listed = f"{', '.join(OUTCOMES[:-1])} or {OUTCOMES[-1]}"
            raise BadInput([FieldError("outcome", "outcome", f"an outcome is {listed}")])
        at = datetime.now(UTC)

        def work(tx: Transaction) -> list[str]:
            if not tx.run("offers.proposition", id=proposition):
                raise NotFound(f"There is no proposition {proposition!r}.")
            rows = tx.run("offers.outcome", id=proposition, offer=offer, outcome=outcome, at=at)
            if not rows and offer is not None:
                raise BadInput([FieldError("offer", "not_proposed", f"offer {offer!r} was not part of it")])
            return [row["name"] for row in rows]

        names = self._database.write(work, committed=RECEIPT)
        return {"proposition_id": proposition, "outcome": outcome, "offers": names, "at": at}

    def of_contact(
        self, contact_id: str, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Document], str | None]:
        """Return one page of what was proposed to a contact, newest first, and the cursor of the next.

        Raises
        ------
        NotFound
            When no contact ever had this id.
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        after = read_cursor(cursor, (int, str)) if cursor is not None else None
        rows = self._database.read(
            lambda tx: tx.run(
                "offers.propositions_of",
                contact_id=living_contact(tx, contact_id),
                at=after[0] if after else None,
                id=after[1] if after else None,
                limit=limit + 1,
            )
        )
        page, following = cut_page(rows, limit, "at", "id")
        return [shown(row) for row in page], following

    def visitors(
        self, environment: str, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Document], str | None]:
        """Return one page of those in an environment's visitors folder, by id, and the cursor of the next.

        Who became known since is shown as who it is now; an identified environment has no visitors.

        Raises
        ------
        NotFound
            When there is no such environment.
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        (after,) = read_cursor(cursor, (str,)) if cursor else ("",)
        self._catalogues.environment(environment)
        rows = self._database.read(
            lambda tx: tx.run("offers.visitors", environment=environment, after=after, limit=limit + 1)
        )
        page, following = cut_page(rows, limit, "id")
        shown = [
            {"id": row["id"], "kind": row["kind"], "since": to_text(row["since"]), "last_at": to_text(row["last"])}
            for row in page
        ]
        return shown, following


def recognises(environment: Environment, space: str) -> bool:
    """Return whether a space may recognise people, so that a page may not ask it."""
    return environment.kind != "anonymous" or environment.spaces[space].identify_implicitly


def _not_for_pages(space: str) -> ClashError:
    return ClashError(
        f"Space {space!r} may recognise people: a page may ask spaces of anonymous environments that do not "
        "identify implicitly. Ask for propositions from the site's server."
    )


def _find(catalogue: Catalogue, environment: str, space: str) -> Environment:
    found = catalogue.environments.get(environment)
    if found is None:
        raise NotFound(f"There is no environment {environment!r}.")
    if space not in found.spaces:
        raise NotFound(f"Environment {environment!r} has no space {space!r}.")
    return found


def _visit(shared: SharedTransaction, catalogue: Catalogue, asked: Environment, call: _Call) -> Visit:
    """Find out whom the call is from, and let the resolver do what it does with any event."""
    item, keys, space = shared.item, shared.item.keys, call.space
    cookies = _cookies(keys, catalogue) if call.from_page else None
    choice = choose(catalogue, asked, space, Identification.NONE)
    if keys.all_blocked:
        return Visit(Identification.NONE, choice, None)
    implicitly = asked.spaces[space].identify_implicitly

    def to_carry_out(decision: Decision) -> Prepared | None:
        recognised = bool(keys.persons) or implicitly or not _leads_to_somebody(decision)
        return item if recognised else _as_visitor(item, choice)

    decision = shared.settle(to_carry_out)
    answer, identification = shared.answer, Identification.NONE
    if keys.persons:
        identification = Identification.EXPLICIT
    elif _leads_to_somebody(decision):
        if not implicitly:
            # What the known contact was presented counts against the limits all the same, save where a page asks:
            # it could read from the answer that there is such a contact, and what that was presented.
            also: tuple[str, ...] = ()
            if answer is not None:
                answer.tracker_id = keys.tracker_id
                if decision.current is not None:
                    also = (decision.current,)
            return Visit(identification, choice, answer, also, cookies)
        identification = Identification.IMPLICIT
    choice = choose(catalogue, asked, space, identification)
    plain = decision.current is not None and not decision.effects and not shared.working_set.carried
    return Visit(identification, choice, answer, cookies=cookies, plain=plain)


def _leads_to_somebody(decision: Decision) -> bool:
    """Return whether the cookies lead to a known contact: one that is there and known by a rule of the table."""
    return decision.current is not None and decision.kind is Kind.KNOWN


def _as_visitor(item: Prepared, choice: Choice) -> Prepared | None:
    """Return the event of a visitor in place of that of a known contact, where a space may not compare cookies.

    The visitor is a contact of its own, with a tracker that stands for this browser in the folder of the space, so that
    the resolver finds it again; None where the space has no folder.
    """
    if choice.folder is None:
        return None
    tracker = tracker_in(choice.folder, cookie_of(item.keys))
    masked = item.event.model_copy(update={"tracker_id": tracker, "subscription": None, "keys": {}})
    return Prepared(masked, EventKeys.of(tracker_id=tracker), item.message_id)


def _cookies(keys: EventKeys, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the trackers by which a page's browser is known: its own, and those that stand for it in each folder.

    All of them count, whoever owns the first: that a log-in with somebody's address was or was not taken up shows in
    who owns it, and must not show in the answer.
    """
    if keys.tracker_id is None:
        return ()
    folders = [one.visitors_folder for one in catalogue.environments.values() if one.visitors_folder is not None]
    return keys.tracker_id, *(tracker_in(folder, cookie_of(keys)) for folder in folders)


def _stated(tx: Transaction, cookies: Sequence[str], names: Sequence[str]) -> list[Document]:
    """Read what a browser itself said of its visitor, as far as conditions ask it."""
    if not names:
        return []
    rows = tx.run("offers.stated", cookies=list(cookies), names=list(names))
    return [{"name": row["name"], "value": orjson.loads(row["value"])} for row in rows]


def _record(visit: Visit, ranked: Ranked, id: str, call: _Call) -> dict[str, Any]:
    choice = visit.choice
    rows = [{"name": item.name, "position": place, "weight": item.weight} for place, item in enumerate(ranked.chosen)]
    return {
        "id": id,
        "environment": choice.environment.name,
        "answering_space": choice.space if choice.fell_back else None,
        "asked_environment": call.environment,
        "asked_space": call.space,
        "identification": visit.identification.value,
        "fell_back": choice.fell_back,
        # In one order everywhere, so that two calls that offer the same wait for each other and not in a circle.
        "offers": sorted(rows, key=lambda row: str(row["name"])),
        "folder": choice.folder,
    }


def _document(visit: Visit, ranked: Ranked, id: str, call: _Call) -> Document:
    choice, answer = visit.choice, visit.answer
    document: Document = {
        "contact": None if answer is None else answer.contact,
        "tracker_id": None if answer is None else answer.tracker_id,
        "identification": visit.identification.value,
        "environment": choice.environment.name,
        "space": call.space if choice.space is None else choice.space,
        "fell_back": choice.fell_back,
        "visitors_folder": choice.folder if visit.contact is not None else None,
        "offers": [
            {"name": item.name, "category": item.category, "weight": item.weight, "content": item.content}
            for item in ranked.chosen
        ],
        "proposition_id": id if visit.contact is not None else None,
    }
    if call.explain:
        document["left_out"] = ranked.left_out
    return document


def _hidden(attempt: _Attempt) -> Document:
    """Take out of a dry run's answer the ids that exist only in it."""
    document, answer = attempt.document, attempt.visit.answer
    document["proposition_id"] = None
    if answer is not None and answer.contact is not None and answer.contact.id in attempt.made_up:
        document["contact"] = {"id": None, "kind": answer.contact.kind}
    if document["tracker_id"] in attempt.made_up:
        document["tracker_id"] = None
    return document


def shown(row: dict[str, Any]) -> Document:
    """Show a proposition as it is kept."""
    offers: Sequence[Any] = sorted(row["offers"], key=lambda offer: (offer[0], offer[1]))
    return {
        "proposition_id": row["id"],
        "at": to_text(row["at"]),
        "environment": row["environment"],
        "space": row["space"],
        "asked": row["asked"],
        "identification": row["identification"],
        "fell_back": row["fell_back"],
        "context": {
            name.removeprefix(OF_CONTEXT): orjson.loads(value)
            for name, value in zip(row["names"], row["values"], strict=True)
            if name.startswith(OF_CONTEXT)
        },
        "offers": [
            {
                "name": name,
                "weight": weight,
                "outcome": outcome,
                "outcome_at": None if outcome_at is None else to_text(outcome_at),
                "presented_at": None if presented_at is None else to_text(presented_at),
                "clicked_at": None if clicked_at is None else to_text(clicked_at),
            }
            for _, name, weight, outcome, outcome_at, presented_at, clicked_at in offers
        ],
    }
