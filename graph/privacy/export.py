"""Everything that is held on a person, as one JSON document, written page by page."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from graph.clock import Micros, rfc3339, to_text
from graph.errors import ClashError, Gone, NotFound, TryAgain
from graph.explore.contacts import Document, activity_document, documents, redirected
from graph.identity.living import living_contact
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.model import KeyName
from graph.offers.propositions import shown as shown_proposition
from graph.offers.visitors import StandIn, stand_ins
from graph.store.database import Database, Row, Transaction

FORMAT = "kinfold-export/1"
PAGE = 200
"""How much activity is read, and held in memory, at once: a reader that stops reading holds no more than that, 6 MiB
at most."""


class Exports:
    """Exports contacts; `docs/privacy.md` describes the document."""

    def __init__(self, database: Database, namespaces: Namespaces = DEFAULT_NAMESPACES, *, page: int = PAGE) -> None:
        self._database = database
        self._namespaces = namespaces
        self._page = page

    def of(self, contact_id: str) -> Iterator[bytes]:
        """Return the document in pieces; the id of a folded contact exports its survivor.

        What is not activity is read when this is called, activity while the pieces are taken.

        Raises
        ------
        NotFound
            When no contact ever had this id.
        Gone
            When it was erased; while the pieces are taken, when it was erased or folded meanwhile. The document is
            broken off then, and no JSON.
        """
        head = self._database.read(lambda tx: _head(tx, contact_id, self._namespaces))
        return self._pieces(head)

    def document(self, contact_id: str) -> Document:
        """Return the document as a whole, for a contact without a long history."""
        document: Document = orjson.loads(b"".join(self.of(contact_id)))
        return document

    def _pieces(self, head: Document) -> Iterator[bytes]:
        living = head["contact"]["id"]
        yield orjson.dumps(head)[:-1] + b',"activity":['
        separator = b""
        for holder in (living, *dict.fromkeys(visitor["contact"] for visitor in head["visitors"])):
            for row in self._all_activity(holder):
                yield separator + orjson.dumps(_activity(row))
                separator = b","
        yield b"]}"

    def _all_activity(self, living: str) -> Iterator[Row]:
        after = None
        while True:
            rows = self._activity(living, after)
            yield from rows
            if len(rows) < self._page:
                return
            after = rows[-1]

    def _activity(self, living: str, after: Row | None) -> list[Row]:
        def work(tx: Transaction) -> list[Row]:
            rows = tx.run(
                "privacy.export_activity",
                contact_id=living,
                occurred=after["occurred"] if after else None,
                received=after["received"] if after else None,
                message_id=after["message_id"] if after else None,
                limit=self._page,
            )
            # Asked after the page: if it is there now, it was there when the page was read.
            if living_contact(tx, living) != living:
                raise Gone("The contact was folded into another one while it was exported. Export it again.")
            return rows

        return self._database.read(work)


def the_one_owner(owners: list[Document], key: KeyName, value: str) -> str:
    """Name the contact that owns a key, for what is asked by key.

    Raises
    ------
    NotFound
        When nobody owns it.
    ClashError
        When several do: ``owners`` names them.
    """
    if not owners:
        raise NotFound(f"Nobody owns the {key} {value!r}.")
    if len(owners) > 1:
        ids = [owner["id"] for owner in owners]
        raise ClashError(f"{len(ids)} contacts own this {key}: {', '.join(ids)}. Ask for one of them.", owners=ids)
    found: str = owners[0]["id"]
    return found


def _head(tx: Transaction, contact_id: str, namespaces: Namespaces) -> Document:
    living = living_contact(tx, contact_id)
    shown = documents(tx, [living], namespaces)
    if not shown:
        raise TryAgain  # folded between the two looks
    [record] = tx.run("privacy.export_record", contact_id=living)
    visitors = stand_ins(tx, living, namespaces)
    holders = list(dict.fromkeys([living, *(visitor.contact for visitor in visitors)]))
    return {
        "format": FORMAT,
        "exported_at": rfc3339(datetime.now(UTC)),
        "contact": redirected(shown[0], contact_id),
        "keys": [
            {
                "key": key["namespace"],
                "value": key["value"],
                "since": to_text(key["since"]),
                "message_id": key["message_id"],
                "merge": key["merge"],
                "asleep_since": None if key["asleep"] is None else to_text(key["asleep"]),
            }
            for key in sorted(record["keys"], key=lambda key: (key["since"], key["position"], key["value"]))
        ],
        "periods": [_period(period) for period in record["periods"]],
        "properties": [
            {
                "contact": row["contact"],
                "name": row["name"],
                "value": row["value"],
                "occurred_at": to_text(row["occurred"]),
                "arrived_at": to_text(row["arrived"]),
                "message_id": row["message_id"],
                "merge": row["merge"],
                "shown": row["shown"] and row["contact"] == living,
            }
            for row in tx.run("privacy.export_properties", contact_id=living)
        ],
        "folded": [
            {
                "id": one["id"],
                "kind": one["kind"],
                "created_at": to_text(one["created"]),
                "last_seen_at": to_text(one["seen"]),
                "into": one["into"],
                "split": one["split"],
                "at": to_text(one["at"]),
            }
            for one in record["folded"]
        ],
        "unions": [_union(row) for row in tx.run("privacy.export_unions", contact_id=living)],
        "key_changes": [
            {
                **{name: row[name] for name in ("id", "contact", "action", "key", "value", "message_id")},
                "replaced_by": row["replaced_by"],
                "at": to_text(row["at"]),
            }
            for row in sorted(tx.run("explore.key_changes", contact_id=living), key=lambda row: (row["at"], row["id"]))
        ],
        "splits": [{**split, "at": to_text(split["at"])} for split in record["splits"]],
        "judgements": [
            {name: row[name] for name in ("id", "contact", "other", "key", "why")} | {"at": to_text(row["at"])}
            for row in sorted(tx.run("explore.judgements", contact_id=living), key=lambda row: (row["at"], row["id"]))
        ],
        "separations": [
            {
                "id": row["id"],
                "contact": row["contact"],
                "parts": [{"contact": part, "keys": keys} for part, keys in row["parts"] if part == living]
                or [{"contact": part, "keys": []} for part, _ in row["parts"]],
                "at": to_text(row["at"]),
                "undone_at": _time(row["undone"]),
            }
            for row in sorted(tx.run("explore.splits", contact_id=living), key=lambda row: (row["at"], row["id"]))
        ],
        "lists": record["lists"],
        "enrolments": [_enrolment(row) for row in tx.run("workflows.enrolments", contact_ids=[living])],
        "findings": [_finding(row) for row in tx.run("privacy.export_findings", contact_id=living)],
        "propositions": [
            {"contact": row["contact"], **shown_proposition(row)}
            for row in tx.run("privacy.export_propositions", contact_ids=holders)
        ],
        "visitors": [_visitor(tx, visitor) for visitor in visitors],
    }


def _visitor(tx: Transaction, visitor: StandIn) -> Document:
    [record] = tx.run("privacy.export_record", contact_id=visitor.contact)
    return {
        "contact": visitor.contact,
        "folder": visitor.folder,
        "cookie": {"key": visitor.key, "value": visitor.value},
        "periods": [_period(period) for period in record["periods"]],
    }


def _period(period: Row) -> Document:
    return {
        "id": period["id"],
        "tracker_id": period["tracker_id"],
        "started_at": to_text(period["started"]),
        "ended_at": _time(period["ended"]),
        "last_at": _time(period["last"]),
    }


def _time(at: Micros | None) -> str | None:
    return None if at is None else to_text(at)


def _union(row: Row) -> Document:
    return {
        **{name: row[name] for name in ("id", "source", "target", "rule", "message_id")},
        "at": to_text(row["at"]),
        "occurred_at": _time(row["occurred"]),
        "undone_at": _time(row["undone_at"]),
        "moved": [
            {
                "key": moved["namespace"],
                "value": moved["value"],
                "since": to_text(moved["since"]),
                "message_id": moved["message_id"],
                "kept_since": _time(moved["kept_since"]),
            }
            for moved in row["moved"]
        ],
        "periods": row["periods"],
    }


def _enrolment(row: Row) -> Document:
    return {
        "contact": row["holder"],
        "workflow": row["workflow"],
        "statuses": [
            {"status": status, "at": to_text(at)} for status, at in zip(row["statuses"], row["status_at"], strict=True)
        ],
        "runs": [
            {
                "node": node,
                "ran_at": to_text(ran),
                "arrived_at": to_text(arrived),
                "data": {name: orjson.loads(value) for name, value in zip(fields, values, strict=True)},
            }
            for node, ran, arrived, fields, values in row["runs"]
        ],
    }


def _finding(row: Row) -> Document:
    """Return what of a finding is about this person: its evidence names others."""
    document: dict[str, Any] = orjson.loads(row["document"])
    kind = document["kind"] if row["what"] == "Finding" else document["verdict"]
    return {
        "what": row["what"].lower(),
        "id": row["id"],
        "kind": kind,
        "score": document["score"],
        "dismissed": row["dismissed"],
    }


def _activity(row: Row) -> Document:
    carried: dict[str, Any] = {name: value for name, value in row["carried"].items() if value is not None}
    for name, value in row["further"]:
        before = carried.get(name)
        carried[name] = value if before is None else [*([before] if isinstance(before, str) else before), value]
    stated = {name: orjson.loads(value) for name, value in zip(row["stated_names"], row["stated_values"], strict=True)}
    return {**activity_document(row), "carried": carried, "period": row["period"], "stated": stated}
