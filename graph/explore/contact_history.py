"""What happened to a contact, in words: by which event, by which rule, when, and what can be taken back."""

from typing import Any

from graph.clock import Micros, to_text
from graph.explore.contacts import Document, occurred_text
from graph.identity.living import living_contact
from graph.paging import make_cursor, read_cursor
from graph.store.database import Database, Row, Transaction

_CAME = {
    "created": "A contact was made",
    "claimed": "An anonymous contact became known",
    "merged": "Two contacts proved to be one person",
    "shared": "A contact was made for a subscription that another known contact owns",
    "found": "An event met a limit",
}


_PARTS_TOLD = 20
"""Of how many parts of a split the history tells the keys."""


class History:
    """Reads the journal of one contact and of those that were folded into it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, contact_id: str, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Document], str | None]:
        """Return one page of a contact's history, newest first, and the cursor of the next.

        Newest by when it happened; what happened at one time, by its arrival.
        Each item has ``{at, occurred_at, what, words, contact, rule, message_id, merge, split}``; ``merge`` and
        ``split`` can be undone.

        Raises
        ------
        NotFound
            When no contact ever had this id.
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        before, arrived, place = read_cursor(cursor, (int, int, str)) if cursor else (0, 0, "")

        def work(tx: Transaction) -> tuple[str, list[Row], list[Row], list[Row], list[Row], list[Row]]:
            living = living_contact(tx, contact_id)
            return (
                living,
                tx.run("explore.turning_points", contact_id=living),
                tx.run("explore.unions_around", contact_id=living),
                tx.run("explore.key_changes", contact_id=living),
                tx.run("explore.judgements", contact_id=living),
                tx.run("explore.splits", contact_id=living),
            )

        living, events, unions, changes, judgements, splits = self._database.read(work)
        unions_of_events = {row["message_id"] for row in unions}
        items = [
            # What folded contacts is told once, with who was folded.
            *(
                _event_item(row)
                for row in events
                if row["outcome"] != "merged" or row["message_id"] not in unions_of_events
            ),
            *(item for row in unions for item in _union_items(row, living)),
            *(_change_item(row, living) for row in changes),
            *(_judgement_item(row, living) for row in judgements),
            *(item for row in splits for item in _split_items(row, living)),
        ]
        items.sort(key=lambda item: item["order"], reverse=True)
        rest = [item for item in items if item["order"] < (before, arrived, place)] if cursor else items
        page = rest[:limit]
        following = make_cursor(*page[-1]["order"]) if len(rest) > limit else None
        return [{name: value for name, value in item.items() if name != "order"} for item in page], following


def _item(
    at: Micros, occurred: Micros | None, key: str, what: str, words: str, contact: str | None, **more: Any
) -> dict[str, Any]:
    item = {"at": to_text(at), "occurred_at": None, "what": what, "words": words, "contact": contact}
    item |= {"rule": None, "message_id": None, "merge": None, "split": None, **more}
    item["occurred_at"] = occurred_text(occurred, at, item["message_id"])
    return {**item, "order": (at if occurred is None else occurred, at, key)}


def _event_item(row: Row) -> dict[str, Any]:
    standing = [(name, row[name]) for name in ("user_id", "email", "tracker_id", "subscription") if row[name]]
    brought = ", ".join(f"{name} {value}" for name, value in (*standing, *row["carried"]))
    words = f"{_CAME[row['outcome']]} by rule {row['rule']}: event {row['event']!r} came with {brought or 'no key'}."
    if row["limited"]:
        words += " A limit kept part of it from being carried out."
    if row["outcome"] == "claimed":
        words += " If the claim was wrong, take the key away."
    what = "limited" if row["outcome"] == "found" else row["outcome"]
    return _item(
        row["received"],
        row["occurred"],
        f"e{row['message_id']}",
        what,
        words,
        None,
        rule=row["rule"],
        message_id=row["message_id"],
    )


def _union_items(row: Row, living: str) -> list[dict[str, Any]]:
    target = "this contact" if row["target"] == living else f"contact {row['target']}"
    source = "This contact" if row["source"] == living else f"Contact {row['source']}"
    why = f"by rule {row['rule']}, event {row['message_id']}" if row["rule"] else "by hand"
    carried = ", ".join(row["keys"]) or "no key"
    words = f"{source} was folded into {target} {why}, and brought {carried}."
    more = {"rule": row["rule"], "message_id": row["message_id"], "merge": row["id"]}
    items = [_item(row["at"], row["occurred"], f"m{row['id']}", "folded", words, row["source"], **more)]
    if row["undone"] is not None:
        words = f"That union was undone: {source[0].lower()}{source[1:]} came back out of {target}."
        # It is undone by hand, whatever had made the union: that happened when it was done.
        items.append(_item(row["undone"], row["undone"], f"u{row['id']}", "unmerged", words, row["source"], **more))
    return items


_BEFELL = {
    "slept": "fell asleep for {whom}: it is not to be used to reach this person.",
    "woke": "is awake again for {whom}.",
    "replaced": "of {whom} was replaced by {replaced_by}.",
    "gone": "of {whom} is gone: the push service refused it.",
}


def _change_item(row: Row, living: str) -> dict[str, Any]:
    whom = "this contact" if row["contact"] == living else f"contact {row['contact']}, now folded into this one"
    if (befell := _BEFELL.get(row["action"])) is not None:
        words = f"The {row['key']} {row['value']} " + befell.format(whom=whom, replaced_by=row["replaced_by"])
        more = {"message_id": row["message_id"]}
        occurred = row["occurred"] if row["message_id"] else row["at"]
        return _item(row["at"], occurred, f"k{row['id']}", row["action"], words, row["contact"], **more)
    given = row["action"] == "given"
    words = f"The {row['key']} {row['value']} was {'given to' if given else 'taken from'} {whom} by hand."
    return _item(row["at"], row["at"], f"k{row['id']}", row["action"], words, row["contact"])


def _judgement_item(row: Row, living: str) -> dict[str, Any]:
    whom = "this contact" if row["contact"] == living else f"contact {row['contact']}, now folded into this one,"
    from_what = f"contact {row['other']}" if row["key"] is None else f"the {row['key'][0]} {row['key'][1]}"
    why = f" ({row['why']})" if row["why"] else ""
    words = f"It was judged that {whom} and {from_what} are to be kept apart{why}."
    return _item(row["at"], row["at"], f"j{row['id']}", "judged_apart", words, row["contact"])


def _split_items(row: Row, living: str) -> list[dict[str, Any]]:
    whole = "this contact" if row["contact"] == living else f"contact {row['contact']}"
    parts = [one for one, _ in row["parts"]]
    told = "; ".join(f"{one} got {', '.join(keys) or 'no key'}" for one, keys in row["parts"][:_PARTS_TOLD])
    more = f"; and {len(parts) - _PARTS_TOLD} more" if len(parts) > _PARTS_TOLD else ""
    words = f"{whole[0].upper()}{whole[1:]} was split by hand into itself and {len(parts)} more: {told}{more}."
    items = [_item(row["at"], row["at"], f"s{row['id']}", "split", words, row["contact"], split=row["id"])]
    if row["undone"] is not None:
        words = f"That split was undone: {whole} is whole again."
        undone = row["undone"]
        items.append(_item(undone, undone, f"w{row['id']}", "split_undone", words, row["contact"], split=row["id"]))
    return items
