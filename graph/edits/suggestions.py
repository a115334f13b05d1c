"""Suggestions as people work through them: listed, accepted (a union by hand), refused (*apart*), put off.

They are computed when somebody looks, from the graph as it is; what was computed is kept in memory while the graph has
not grown, and for a large one up to `FRESH_SECONDS`. What was said to them is in the graph.
"""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graph.clock import Clock, to_datetime
from graph.edits.judgements import Judgements
from graph.edits.unions import Unions
from graph.errors import ClashError, NotFound
from graph.explore.contacts import Document, documents
from graph.identity.living import living_contact
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.paging import make_cursor, read_cursor
from graph.store.changes import acting
from graph.store.database import REPEATABLE, Database, Row, Transaction

if TYPE_CHECKING:
    from graph.analysis.suggestions import Suggestion

SMALL_ACTIVITIES = 20_000
"""Up to so much activity they are computed anew whenever the graph has changed."""
FRESH_SECONDS = 600.0
"""How old they may be of a larger graph."""
LATER_DAYS = 30
"""How long a suggestion that was put off stays away, unless its evidence changes."""
_DAY = 86_400_000_000
LEAST = 0.5
"""Below this probability a pair is listed only when it is asked for."""


class Suggestions:
    """Lists pairs of contacts that are probably one person, and does what is said to them."""

    def __init__(
        self,
        database: Database,
        unions: Unions,
        judgements: Judgements,
        *,
        clock: Clock | None = None,
        namespaces: Namespaces = DEFAULT_NAMESPACES,
        find: "Callable[[Database], list[Suggestion]] | None" = None,
    ) -> None:
        self._database = database
        self._unions = unions
        self._judgements = judgements
        self._clock = clock or Clock()
        self._namespaces = namespaces
        self._find = find or _find
        self._lock = threading.Lock()
        self._found: list[Suggestion] = []
        self._sizes: Row | None = None
        self._looked_at = 0.0

    def page(
        self, *, contact_id: str | None = None, least: float = LEAST, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Document], str | None]:
        """Return one page of the suggestions that are open, the most probable first, and the cursor of the next.

        Parameters
        ----------
        contact_id
            About this contact only, by any id that leads to it.

        Raises
        ------
        BadInput
            When the cursor is not one that an earlier page gave.
        NotFound
            When the id never was a contact's.
        Gone
            When the contact was erased.
        """
        points, after = read_cursor(cursor, (int, str)) if cursor else (_points(2.0), "")
        found = [one for one in self.open() if one.probability >= least]
        if contact_id is not None:
            living = self._database.read(lambda tx: living_contact(tx, contact_id))
            found = [one for one in found if living in one.contacts]
        rest = [one for one in found if (-_points(one.probability), one.id) > (-points, after)]
        page = rest[:limit]
        following = make_cursor(_points(page[-1].probability), page[-1].id) if len(rest) > limit else None
        return self._shown(page), following

    def get(self, suggestion_id: str) -> Document:
        """Return one suggestion that is open.

        Raises
        ------
        NotFound
            When there is none of this id, or not any more.
        """
        return self._shown([self._one(suggestion_id)])[0]

    def open(self) -> "list[Suggestion]":
        """List the suggestions that nobody answered, the most probable first."""
        found = self._up_to_date()
        (states,) = self._database.read(lambda tx: tx.run("suggestions.states"))
        said = {row["id"]: row for row in states["said"]}
        apart = {frozenset(pair) for pair in states["apart"]}
        since = self._clock.next() - LATER_DAYS * _DAY
        shown = []
        for one in found:
            answer = said.get(one.id)
            if (
                answer is not None
                and answer["evidence"] == one.evidence
                and (answer["state"] == "refused" or (answer["state"] == "later" and answer["at"] > since))
            ):
                continue
            refused = answer is not None and answer["state"] == "refused"
            if frozenset(one.contacts) in apart and not refused:
                continue
            shown.append(one)
        return shown

    def accept(self, suggestion_id: str) -> Document:
        """Make the two one, as by hand, and return the union.

        Raises
        ------
        NotFound
            When there is no such suggestion any more.
        ClashError
            When a judgement or a limit forbids the union.
        """
        one = self._one(suggestion_id)
        union = self._unions.merge(*one.contacts)
        self._say(one, "accepted")
        return union

    def refuse(self, suggestion_id: str, *, why: str | None = None) -> Document:
        """Judge that the two are apart, and return the judgement; the pair comes back only with other evidence."""
        one = self._one(suggestion_id)
        judgement, _ = self._judgements.apart(*one.contacts, why=why)
        self._say(one, "refused")
        return judgement

    def later(self, suggestion_id: str) -> Document:
        """Put a suggestion off for `LATER_DAYS` days, or until its evidence is another; return it."""
        one = self._one(suggestion_id)
        document = self._shown([one])[0]
        self._say(one, "later")
        return document

    def accept_from(self, probability: float) -> tuple[list[Document], list[Document]]:
        """Accept every suggestion of at least a probability, the most probable first.

        Returns
        -------
        tuple
            The unions; and those that were refused, each ``{suggestion, contacts, reason}``.
        """
        unions: list[Document] = []
        refused: list[Document] = []
        for one in [one for one in self.open() if one.probability >= probability]:
            try:
                unions.append(self._unions.merge(*one.contacts))
                self._say(one, "accepted")
            except ClashError as error:
                # Both may be one already, by way of a third.
                if "contact" not in error.extra:
                    refused.append({"suggestion": one.id, "contacts": list(one.contacts), "reason": error.detail})
        return unions, refused

    def _one(self, suggestion_id: str) -> "Suggestion":
        for one in self.open():
            if one.id == suggestion_id:
                return one
        raise NotFound(f"There is no open suggestion {suggestion_id!r}.")

    def _say(self, one: "Suggestion", state: str) -> None:
        def work(tx: Transaction) -> None:
            tx.run(
                "suggestions.say",
                id=one.id,
                contacts=list(one.contacts),
                state=state,
                evidence=one.evidence,
                at=to_datetime(self._clock.next()),
                by=acting(),
            )

        self._database.write(work, committed=REPEATABLE)

    def _up_to_date(self) -> "list[Suggestion]":
        with self._lock:
            [sizes] = self._database.read(lambda tx: tx.run("analysis.sizes"))
            small = sizes["activities"] <= SMALL_ACTIVITIES
            fresh = not small and time.monotonic() - self._looked_at < FRESH_SECONDS
            # What is written by hand changes no size: of a small graph it counts at once.
            if small or (sizes != self._sizes and not fresh):
                self._found, self._sizes, self._looked_at = self._find(self._database), sizes, time.monotonic()
            return self._found

    def _shown(self, page: "list[Suggestion]") -> list[Document]:
        ids = list(dict.fromkeys(contact for one in page for contact in one.contacts))
        shown = self._database.read(lambda tx: documents(tx, ids, self._namespaces))
        found = {document["id"]: document for document in shown}
        return [
            {
                "id": one.id,
                "contacts": list(one.contacts),
                "probability": one.probability,
                "reasons": list(one.reasons),
                "preview": _preview(*(found.get(contact) for contact in one.contacts)),
            }
            for one in page
        ]


def _find(database: Database) -> "list[Suggestion]":
    from graph.analysis.suggestions import suggest  # late: it takes half a second to import

    return suggest(database)


def _points(probability: float) -> int:
    return round(probability * 10_000)


def _preview(source: Document | None, target: Document | None) -> dict[str, Any] | None:
    """Return what the union would leave: who is folded, and what the survivor owns and shows then."""
    if source is None or target is None:
        return None
    keys: dict[str, list[str]] = {name: list(values) for name, values in target["keys"].items()}
    for name, values in source["keys"].items():
        keys[name] = list(dict.fromkeys([*keys.get(name, []), *values]))
    return {
        "source": source["id"],
        "target": target["id"],
        "keys": keys,
        "properties": {**source["properties"], **target["properties"]},
    }
