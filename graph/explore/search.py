"""Looking up whatever was typed: an id, or any key, or the beginning of one."""

from graph.errors import BadInput, FieldError
from graph.explore.contacts import OWNERS_OF, Document, documents, redirected
from graph.explore.neighbourhood import KEY_OF_LABEL
from graph.identity.keys import MAX_KEY, InvalidKey, normalise
from graph.model import KEY_NAMES, KeyName
from graph.paging import make_cursor, read_cursor
from graph.store.database import Database, Transaction

SHORTEST_BEGINNING = 2
"""Characters from which on keys that begin so are looked for."""


class Search:
    """Finds contacts when nobody says by what."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(
        self, text: str, *, limit: int = 25, cursor: str | None = None
    ) -> tuple[list[Document], str | None, list[Document]]:
        """Find the contacts that an id or a key leads to, whichever of them the text is.

        Parameters
        ----------
        text
            A contact's id (a folded one's too), an email, a user id, a tracker or a subscription.
        limit
            How many contacts at most, and how many keys of each kind that begin so.

        Returns
        -------
        tuple
            The contacts of this page, each as ``{found_by: [...], contact}``; the cursor of the next page;
            and, when nobody was found, ``{key, value, contacts}`` of keys that begin with the text.

        Raises
        ------
        BadInput
            When the text is empty or longer than any key, or the cursor leads nowhere.
        """
        text = text.strip()
        if not 1 <= len(text) <= MAX_KEY:
            raise BadInput([FieldError("q", "length", f"1 to {MAX_KEY} characters are looked up")])
        after = read_cursor(cursor, (str,))[0] if cursor else None

        def work(tx: Transaction) -> tuple[dict[str, list[str]], list[Document], list[Document], bool]:
            found = _found(tx, text)
            ids = list(found)
            if after is not None and after not in found:
                raise BadInput(
                    [FieldError("cursor", "cursor", "what this cursor points at is gone; start without one")]
                )
            start = ids.index(after) + 1 if after is not None else 0
            shown = documents(tx, ids[start : start + limit])
            similar = _beginning(tx, text, limit) if not found and len(text) >= SHORTEST_BEGINNING else []
            return found, shown, similar, start + limit < len(ids)

        found, shown, similar, more = self._database.read(work)
        items = [
            {
                "found_by": found[contact["id"]],
                "contact": redirected(contact, text) if "id" in found[contact["id"]] else contact,
            }
            for contact in shown
        ]
        return items, make_cursor(shown[-1]["id"]) if more and shown else None, similar


def _found(tx: Transaction, text: str) -> dict[str, list[str]]:
    """Give the contacts in the order of what names a person best, with all that led to each."""
    found: dict[str, list[str]] = {}
    for row in tx.run("explore.living", contact_id=text):
        found.setdefault(row["id"], []).append("id")
    for key in KEY_NAMES:
        for row in tx.run(OWNERS_OF[key], value=_normal(key, text)):
            found.setdefault(row["id"], []).append(key)
    return found


def _normal(key: KeyName, text: str) -> str:
    try:
        return normalise(key, text)
    except InvalidKey:
        return text


def _beginning(tx: Transaction, text: str, limit: int) -> list[Document]:
    rows = tx.run("explore.keys_beginning", email=text.lower(), beginning=text, limit=limit)
    return [{"key": KEY_OF_LABEL[row["label"]], "value": row["value"], "contacts": row["contacts"]} for row in rows]
