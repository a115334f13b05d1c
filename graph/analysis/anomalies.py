"""What looks wrong in the graph: the findings of the last analysis, what is known since, what was dismissed.

An analysis is stored and listed from the store. A small graph is analysed again when somebody looks and it has
changed since; a large one when it is asked for (`Anomalies.refresh`), and lists say as of when they are. What limits
kept from being carried out is read as it is now, always, and so is what events raised since the last analysis.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import orjson

from graph.analysis.findings import (
    KINDS,
    NAMED,
    SPLIT_BY,
    WORTH_ACTING,
    Finding,
    alert_finding,
    key_of,
    limit_finding,
    splitting,
)
from graph.clock import END_OF_TIME, Clock, IdSource, Micros, RandomIds, to_pair, to_text
from graph.errors import BadInput, FieldError, NotFound
from graph.identity.decision import Limits
from graph.identity.keys import DEFAULT_BLOCK_LIST, BlockList
from graph.identity.namespaces import BUILT_IN, NONE_FURTHER, FurtherNamespaces
from graph.model import TRACKER
from graph.paging import cut_page, make_cursor, read_cursor
from graph.settings import HOUSEHOLD_PROPERTIES
from graph.store.audit import acting_because, because
from graph.store.changes import ChangeKind, ChangeRow, acting, append, change_row
from graph.store.database import RECEIPT, REPEATABLE, Database, Row, Transaction

if TYPE_CHECKING:
    from graph.analysis import Analysis, Cluster
    from graph.analysis.reading import Progress

    Engine = Callable[..., Analysis]

Document = dict[str, Any]

SMALL_CONTACTS = 2_000
SMALL_ACTIVITIES = 20_000
"""Up to so much, an analysis takes about a second: a look at a graph that has changed is worth a new one."""
EVENTS_LOOKED_AT = 1_000
"""The newest events that a limit held back, which the listing of limits goes by."""
_LAST = "last"
_FILES = "~files"
"""The run of what loads tell of their files: behind every analysis, so that none sweeps it away."""
_BATCH = 200
_TOP = 1_000
"""Points of a score of 1: scores have three digits."""
HIGH_POINTS = 900
"""From which score on a new finding goes to the change feed."""


FindingState = Literal["open", "acted", "dismissed"]
OPEN: Document = {"dismissed": False, "state": "open", "note": None, "state_by": None, "state_at": None}


class Anomalies:
    """Lists findings and clusters, keeps them up to date, and remembers what was dismissed."""

    def __init__(
        self,
        database: Database,
        limits: Limits | None = None,
        *,
        block_list: Callable[[], BlockList] = lambda: DEFAULT_BLOCK_LIST,
        id_source: IdSource | None = None,
        clock: Clock | None = None,
        household: Sequence[str] = HOUSEHOLD_PROPERTIES,
        further: FurtherNamespaces = NONE_FURTHER,
    ) -> None:
        self._household = household
        self._further = further
        self._names = (*(one.name for one in BUILT_IN), *further.names)
        self._database = database
        self._block_list = block_list
        self._limits = limits or Limits()
        self._id_source = id_source or RandomIds()
        self._clock = clock or Clock()
        self._analysing = threading.Lock()

    def page(
        self,
        kind: str | None = None,
        *,
        states: Sequence[FindingState] = ("open", "acted"),
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[list[Document], str | None, str | None]:
        """Return one page of findings, the highest score first, the cursor of the next, and as of when they are.

        Parameters
        ----------
        states
            Those that are in one of these states.

        Raises
        ------
        BadInput
            When there is no such kind, or the cursor is not one that an earlier page gave.
        """
        if kind is not None and kind not in KINDS:
            raise BadInput([FieldError("kind", "kind", f"a kind is one of {', '.join(KINDS)}")])
        points, after = read_cursor(cursor, (int, str)) if cursor else (_TOP + 1, "")
        last = self._up_to_date()
        live = self._live(last, kind)
        of_live = self._states(item.id for item in live)
        ranks = [
            (-_points(item.score), item.id, item.document() | said)
            for item in live
            if (said := of_live.get(item.id, OPEN))["state"] in states
            and (-_points(item.score), item.id) > (-points, after)
        ]
        for run in _runs(last):
            rows = self._database.read(
                lambda tx, run=run: tx.run(  # type: ignore[misc]
                    "anomalies.findings",
                    run=run,
                    points=points,
                    id=after,
                    kind=kind or "",
                    without=[item.id for item in live],
                    states=list(states),
                    limit=limit + 1,
                )
            )
            ranks += [(-row["points"], row["id"], orjson.loads(row["document"]) | _state_of(row)) for row in rows]
        ranks.sort(key=lambda item: item[:2])
        shown = ranks[:limit]
        following = make_cursor(-shown[-1][0], shown[-1][1]) if len(ranks) > limit else None
        items = self._with_done([document for _, _, document in shown])
        return items, following, None if last is None else to_text(last["at"])

    def clusters(self, *, limit: int = 100, cursor: str | None = None) -> tuple[list[Document], str | None, str | None]:
        """Return one page of clusters, the highest score first, the cursor of the next, and as of when they are.

        Raises
        ------
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        points, after = read_cursor(cursor, (int, str)) if cursor else (_TOP + 1, "")
        last = self._up_to_date()
        if last is None:
            return [], None, None
        rows = self._database.read(
            lambda tx: tx.run("anomalies.clusters", run=last["run"], points=points, id=after, limit=limit + 1)
        )
        shown, following = cut_page(rows, limit, "points", "id")
        items = self._with_done([orjson.loads(row["document"]) for row in shown])
        return items, following, to_text(last["at"])

    def get(self, id: str) -> Document:
        """Return one finding, dismissed or not, with what of its actions is done and as of when it is.

        Raises
        ------
        NotFound
            When the last analysis has no such finding.
        """
        document = self._document(id)
        if document is None:
            raise NotFound(f"There is no finding {id!r} now.")
        last = self._last()
        [item] = self._with_done([self._with_state(document)])
        return {**item, "as_of": None if last is None else to_text(last["at"])}

    def cluster(self, id: str) -> Document:
        """Return one cluster with all that is kept of what the list cuts short.

        Raises
        ------
        NotFound
            When the last analysis has no such cluster.
        """
        document, detail, at = self._cluster(id)
        [item] = self._with_done([{**document, **detail}])
        item.pop("drawing", None)
        return {**item, "as_of": at}

    def cluster_graph(self, id: str) -> Document:
        """Return the drawing of a cluster: ``{cluster, root, nodes, edges, left_out, as_of}``.

        Raises
        ------
        NotFound
            When the last analysis has no such cluster.
        """
        _, detail, at = self._cluster(id)
        if "drawing" not in detail:
            raise NotFound("This cluster was found by an earlier version, which kept no drawing: analyse again.")
        return {"cluster": id, **detail["drawing"], "as_of": at}

    def _cluster(self, id: str) -> tuple[Document, Document, str]:
        last = self._last()
        run = "" if last is None else last["run"]
        rows = self._database.read(lambda tx: tx.run("anomalies.cluster", run=run, id=id))
        if last is None or not rows:
            raise NotFound(f"There is no cluster {id!r} now.")
        return orjson.loads(rows[0]["document"]), orjson.loads(rows[0]["detail"] or "{}"), to_text(last["at"])

    def _with_done(self, documents: list[Document]) -> list[Document]:
        """Mark what can be done about findings with whether it is done by now: unions undone, values blocked."""
        actions = [action for document in documents for action in document["actions"]]
        merges = [action["merge"] for action in actions if "merge" in action]
        rows = self._database.read(lambda tx: tx.run("anomalies.undone", merges=merges)) if merges else []
        undone = {row["id"] for row in rows}
        blocked = self._block_list() if any(action["action"] == "block" for action in actions) else DEFAULT_BLOCK_LIST
        for document in documents:
            # A rule may be for the keys of one namespace; a cluster does not say of which its value is.
            key = key_of(document.get("subject", {}).get("type", "cluster"))
            names = self._names if key is None else (key,)
            for action in document["actions"]:
                if action["action"] == "unmerge":
                    action["done"] = action["merge"] in undone
                elif action["action"] == "block":
                    action["done"] = any(blocked.blocks(name, action["value"]) for name in names)
        return self._with_splits(documents)

    def _with_splits(self, documents: list[Document]) -> list[Document]:
        """Add the split around its key to each finding that is about a key by which people were fused."""
        about = {
            (key, document["subject"]["value"]): document
            for document in documents
            if document.get("kind") in SPLIT_BY
            and document["score"] >= WORTH_ACTING
            and (key := key_of(document["subject"]["type"])) is not None
        }
        keys = [list(key) for key in about]
        persons = list(self._further.with_built_in_persons)
        rows = (
            self._database.read(lambda tx: tx.run("anomalies.splittable", keys=keys, persons=persons)) if keys else []
        )
        for row in rows:
            actions = about[row["namespace"], row["value"]]["actions"]
            if not any(action["action"] == "split" for action in actions):
                actions.insert(0, {**splitting(row["contact"], row["namespace"], row["value"]), "done": row["split"]})
        return documents

    def _with_state(self, document: Document) -> Document:
        return document | self._states([document["id"]]).get(document["id"], OPEN)

    def dismiss(self, id: str, note: str | None = None) -> Document:
        """Take a finding off the list; it stays off however often it is found again.

        Raises
        ------
        NotFound
            When the last analysis has no such finding.
        """
        return self._set_state(id, "dismissed", note)

    def act(self, id: str, note: str | None = None) -> Document:
        """Note that something was done about a finding. As `dismiss`, but it stays on the list."""
        return self._set_state(id, "acted", note)

    def _set_state(self, id: str, state: Literal["acted", "dismissed"], note: str | None) -> Document:
        document = self._document(id)
        if document is None:
            raise NotFound(f"There is no finding {id!r} now.")

        def work(tx: Transaction) -> None:
            said = {"state": state, "note": note, "by": acting(), "at": datetime.now(UTC)}
            if tx.run("anomalies.set_state", id=id, **said)[0]["new"]:
                kind: ChangeKind = "finding_acted" if state == "acted" else "finding_dismissed"
                append(tx, change_row(kind, self._clock.next(), finding=id, by=acting()))

        with acting_because(note or because()):
            self._database.write(work, committed=RECEIPT)
        return self._with_done([self._with_state(document)])[0]

    def reopen(self, id: str, note: str | None = None) -> Document | None:
        """Open a finding again that was acted on or dismissed; None when it is not found any more.

        Raises
        ------
        NotFound
            When it was neither.
        """

        def work(tx: Transaction) -> None:
            if not tx.run("anomalies.undismiss", id=id):
                raise NotFound(f"Finding {id!r} was neither dismissed nor acted on.")
            append(tx, change_row("finding_undismissed", self._clock.next(), finding=id, by=acting()))

        with acting_because(note or because()):
            self._database.write(work, committed=RECEIPT)
        document = self._document(id)
        return None if document is None else self._with_done([document | OPEN])[0]

    def open_by_kind(self) -> tuple[dict[str, int], str | None]:
        """Count the open findings by kind, and say as of when they are."""
        last = self._up_to_date()
        live = self._live(last)
        hidden = self._states(item.id for item in live)
        counted: dict[str, int] = dict(Counter(item.kind for item in live if item.id not in hidden))
        ids = [item.id for item in live]
        for run in _runs(last):
            rows = self._database.read(lambda tx, run=run: tx.run("anomalies.kinds", run=run, without=ids))  # type: ignore[misc]
            for row in rows:
                counted[row["kind"]] = counted.get(row["kind"], 0) + row["findings"]
        return counted, None if last is None else to_text(last["at"])

    def refresh(
        self, *, seed: int = 0, on_progress: "Progress | None" = None, engine: "Engine | None" = None
    ) -> "Analysis":
        """Analyse the graph as it is now and list what is found from then on.

        Parameters
        ----------
        engine
            Analyses instead of `graph.analysis.analyse`, and takes the same.

        Raises
        ------
        Unavailable
            When the database cannot be reached.
        """
        with self._analysing:
            return self._analyse(self._sizes(), seed=seed, on_progress=on_progress, engine=engine)

    def small(self) -> bool:
        """Return whether the graph is so small that a look at its findings analyses it anew."""
        return _is_small(self._sizes())

    def last_at(self) -> Micros | None:
        """Return when the last analysis was; None when there is none."""
        row = self._last()
        return None if row is None else int(row["at"])

    def current(self) -> bool:
        """Return whether the graph is, by its counts, still as the last analysis read it."""
        last = self._last()
        return last is not None and bool(last["sizes"] == self._sizes())

    def last(self) -> Document | None:
        """Return when the last analysis was and what it counted: ``{"as_of", "totals"}``; None when there is none."""
        row = self._last()
        return None if row is None else {"as_of": to_text(row["at"]), "totals": orjson.loads(row["totals"])}

    def _up_to_date(self) -> Row | None:
        """Return the last analysis, made anew when the graph is small and has changed since."""
        last, sizes = self._last(), self._sizes()
        if not _worth_a_new_one(last, sizes):
            return last
        with self._analysing:
            # Somebody else may have made it while this caller waited.
            last, sizes = self._last(), self._sizes()
            if _worth_a_new_one(last, sizes):
                self._analyse(sizes)
                last = self._last()
        return last

    def _analyse(
        self,
        sizes: list[int],
        *,
        seed: int = 0,
        on_progress: "Progress | None" = None,
        engine: "Engine | None" = None,
        before: str | None = None,
    ) -> "Analysis":
        from graph.analysis import analyse

        run, at = self._id_source.time_ordered(), datetime.now(UTC)
        erasures = self._database.read(lambda tx: tx.run("privacy.erasures"))
        work = engine or analyse
        analysis = work(
            self._database,
            limits=self._limits,
            seed=seed,
            on_progress=on_progress,
            household=self._household,
            further=self._further,
        )
        for start in range(0, len(analysis.findings), _BATCH):
            rows = [_finding_row(run, item, self._further) for item in analysis.findings[start : start + _BATCH]]
            self._database.write(
                lambda tx, rows=rows: tx.run("anomalies.add_findings", findings=rows),  # type: ignore[misc]
                committed=RECEIPT,
            )
        for start in range(0, len(analysis.clusters), _BATCH):
            rows = [_cluster_row(run, item) for item in analysis.clusters[start : start + _BATCH]]
            self._database.write(
                lambda tx, rows=rows: tx.run("anomalies.add_clusters", clusters=rows),  # type: ignore[misc]
                committed=RECEIPT,
            )
        totals = orjson.dumps(analysis.totals).decode()

        def publish(tx: Transaction) -> tuple[str, str]:
            [row] = tx.run("anomalies.publish", name=_LAST, run=run, at=at, totals=totals, sizes=sizes)
            published: str = row["run"]
            previous = (row["before"] or "") if before is None else before
            # Asked under the lock of the last analysis, for which an erasure waits before it clears the feed.
            if published == run and tx.run("privacy.erasures") == erasures:
                self._raise_new(tx, previous, analysis.findings)
            return published, previous

        published, previous = self._database.write(publish, committed=RECEIPT)
        if self._database.read(lambda tx: tx.run("privacy.erasures")) != erasures:
            # Somebody was erased after this analysis had read of them: it must not keep what it found.
            return self._analyse(sizes, seed=seed, on_progress=on_progress, engine=engine, before=previous)

        def sweep(tx: Transaction) -> int:
            swept: int = tx.run("anomalies.sweep", run=published, limit=1_000)[0]["swept"]
            return swept

        while self._database.write(sweep, committed=REPEATABLE):
            pass
        return analysis

    def _raise_new(self, tx: Transaction, before: str, findings: "Iterable[Finding]") -> None:
        """Put findings with a high score into the feed that the analysis before had not, or not so high."""
        high = [item for item in findings if _points(item.score) >= HIGH_POINTS]
        known = {row["id"] for row in tx.run("anomalies.states", ids=[item.id for item in high])}
        if before:
            known |= {row["id"] for row in tx.run("anomalies.high", run=before, points=HIGH_POINTS)}
        known |= self._alerted(tx, high)
        raised = [self._raised(item) for item in high if item.id not in known]
        if raised:
            tx.run("feed.append_findings", rows=raised)

    def _alerted(self, tx: Transaction, findings: "Iterable[Finding]") -> set[str]:
        """Name the findings that an event raised when it happened (`graph.identity.alerts`)."""
        about = {
            (key, item.subject["value"]): item.id
            for item in findings
            if item.kind.startswith("shared_") and (key := key_of(item.subject["type"])) is not None
        }
        if not about:
            return set()
        rows = tx.run("anomalies.alerted", keys=[list(key) for key in about])
        return {about[row["namespace"], row["value"]] for row in rows}

    def _raised(self, item: Finding) -> ChangeRow:
        evidence = item.evidence
        persons = [one for one in evidence.get("contacts", ()) if isinstance(one, str)]
        total = evidence.get("persons") or evidence.get("owners") or len(persons)
        return change_row(
            "finding_raised",
            self._clock.next(),
            item.subject["value"] if item.subject["type"] == "contact" else None,
            finding=item.id,
            finding_kind=item.kind,
            score=item.score,
            subject_type=item.subject["type"],
            subject_value=item.subject["value"],
            persons=persons[:NAMED],
            persons_total=total,
            reason=item.reason,
        )

    def _last(self) -> Row | None:
        rows = self._database.read(lambda tx: tx.run("anomalies.analysis", name=_LAST))
        return rows[0] if rows else None

    def _sizes(self) -> list[int]:
        row = self._database.read(lambda tx: tx.run("analysis.sizes"))[0]
        return [row[name] for name in ("contacts", "activities", "redirects", "owned", "unions")]

    def _states(self, ids: Iterable[str]) -> dict[str, Document]:
        """Return the states of those of some findings that are not open."""
        asked = list(ids)
        if not asked:
            return {}
        rows = self._database.read(lambda tx: tx.run("anomalies.states", ids=asked))
        return {row["id"]: _state_of(row) for row in rows}

    def _document(self, id: str) -> Document | None:
        last = self._last()
        for item in self._live(last):
            if item.id == id:
                return item.document()
        for run in _runs(last):
            rows = self._database.read(lambda tx, run=run: tx.run("anomalies.finding", run=run, id=id))  # type: ignore[misc]
            if rows:
                document: Document = orjson.loads(rows[0]["document"])
                return document
        return None

    def _live(self, last: Row | None, kind: str | None = None) -> list[Finding]:
        """Describe what is known without an analysis: what limits hold back, and what events raised since the last."""
        live = self._held_back() if kind in (None, "limit") else []
        if kind is None or kind.startswith("shared_"):
            after = 0 if last is None else last["at"]
            rows = self._database.read(lambda tx: tx.run("anomalies.raised", after=after))
            live += [item for item in map(alert_finding, rows) if kind in (None, item.kind)]
        return live

    def _held_back(self) -> list[Finding]:
        """Describe the contacts of which limits held events back, as they are now."""
        rows = self._database.read(
            lambda tx: tx.run("anomalies.limited", before=to_pair(END_OF_TIME), limit=EVENTS_LOOKED_AT)
        )
        by_contact: dict[str, list[Row]] = {}
        for row in rows:
            by_contact.setdefault(row["contact"], []).append(row)
        return [
            limit_finding(
                contact,
                events[0]["trackers"],
                events[0]["subscriptions"],
                self._limits,
                [
                    {
                        "message_id": row["message_id"],
                        "rule": row["rule"],
                        "tracker_id": row["tracker_id"],
                        "subscription": row["subscription"],
                        "at": to_text(row["at"]),
                        "occurred_at": to_text(row["occurred"]),
                    }
                    for row in events
                ],
            )
            for contact, events in by_contact.items()
        ]


def keep_told(tx: Transaction, findings: Sequence[Finding]) -> None:
    """Keep what a load tells of its file, in place of what the same keys had before."""
    tx.run("anomalies.forget", run=_FILES, ids=[item.id for item in findings])
    for start in range(0, len(findings), _BATCH):
        rows = [_finding_row(_FILES, item) for item in findings[start : start + _BATCH]]
        tx.run("anomalies.add_findings", findings=rows)


def _runs(last: Row | None) -> list[str]:
    """Name the runs whose findings are listed: the last analysis, and what loads told."""
    return [_FILES] if last is None else [last["run"], _FILES]


def _worth_a_new_one(last: Row | None, sizes: list[int]) -> bool:
    if not _is_small(sizes):
        return False
    if last is None:
        return sizes[0] > 0
    return bool(last["sizes"] != sizes)


def _is_small(sizes: list[int]) -> bool:
    contacts, activities = sizes[:2]
    return contacts <= SMALL_CONTACTS and activities <= SMALL_ACTIVITIES


def _state_of(row: Row) -> Document:
    """Return the state of a finding with what was said of it."""
    return {
        "dismissed": row["state"] == "dismissed",
        "state": row["state"],
        "note": row["note"],
        "state_by": row["by"],
        "state_at": None if row["at"] is None else to_text(row["at"]),
    }


def _points(score: float) -> int:
    return round(score * _TOP)


def _finding_row(run: str, item: Finding, further: FurtherNamespaces = NONE_FURTHER) -> Row:
    subject = key_of(item.subject["type"])
    about = [] if subject is None else [(subject, item.subject["value"])]
    # Evidence names values: whichever of these keys exists is tied.
    if item.kind == "many_emails":
        about += [(name, value) for value in item.evidence["keys"] for name in further.with_built_in_persons]
    if item.kind in ("many_emails", "many_trackers", "far_devices"):
        devices = (TRACKER, *further.devices)
        about += [(name, value) for value in item.evidence["named"] for name in devices]
    row: Row = {
        "contacts": list(item.evidence.get("contacts", ()))[:NAMED],
        "keys": [[*key] for key in dict.fromkeys(about)],
    }
    row["node"] = {
        "run": run,
        "id": item.id,
        "kind": item.kind,
        "points": _points(item.score),
        "document": orjson.dumps(item.document()).decode(),
    }
    return row


def _cluster_row(run: str, item: "Cluster") -> Row:
    return {
        "node": {
            "run": run,
            "id": item.id,
            "points": _points(item.score),
            "document": orjson.dumps(item.document()).decode(),
            "detail": orjson.dumps(item.detail()).decode(),
        },
        "contacts": list(item.members),
    }
