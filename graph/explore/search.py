"""Looking up whatever was typed: an id, or any key, or the beginning of one."""

from graph.errors import BadInput, FieldError
from graph.explore.contacts import Document, documents, redirected
from graph.identity.keys import MAX_KEY, InvalidKey, normalise
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespace, Namespaces, Normaliser
from graph.identity.normal_forms import said
from graph.model import KeyName
from graph.paging import make_cursor, read_cursor
from graph.store.database import Database, Transaction

SHORTEST_BEGINNING = 2
"""Characters from which on keys that begin so are looked for."""


class Search:
    """Finds contacts when nobody says by what."""

    def __init__(self, database: Database, namespaces: Namespaces = DEFAULT_NAMESPACES) -> None:
        self._database = database
        self._namespaces = namespaces

    def find(
        self, text: str, *, limit: int = 25, cursor: str | None = None
    ) -> tuple[list[Document], str | None, list[Document]]:
        """Find the contacts that an id or a key leads to, whichever of them the text is.

        Parameters
        ----------
        text
            A contact's id (a folded one's too), or a key of any namespace.
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
            found = _found(tx, text, self._namespaces)
            ids = list(found)
            if after is not None and after not in found:
                raise BadInput(
                    [FieldError("cursor", "cursor", "what this cursor points at is gone; start without one")]
                )
            start = ids.index(after) + 1 if after is not None else 0
            shown = documents(tx, ids[start : start + limit], self._namespaces)
            similar = (
                _beginning(tx, text, limit, self._namespaces) if not found and len(text) >= SHORTEST_BEGINNING else []
            )
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


def _found(tx: Transaction, text: str, namespaces: Namespaces) -> dict[str, list[str]]:
    """Return the contacts in the order of what names a person best, with all that led to each."""
    found: dict[str, list[str]] = {}
    for row in tx.run("explore.living", contact_id=text):
        found.setdefault(row["id"], []).append("id")
    for key in namespaces.names:
        for row in tx.run("explore.owners", namespace=key, value=_normal(key, text, namespaces)):
            found.setdefault(row["id"], []).append(key)
    return found


def _normal(key: KeyName, text: str, namespaces: Namespaces) -> str:
    try:
        return normalise(key, text, namespaces)
    except InvalidKey:
        return text


def _beginning(tx: Transaction, text: str, limit: int, namespaces: Namespaces) -> list[Document]:
    beginnings = [[one.name, _begin(one, text)] for one in map(namespaces.__getitem__, namespaces.names)]
    rows = tx.run("explore.keys_beginning", beginnings=beginnings, limit=limit)
    return [{"key": row["namespace"], "value": row["value"], "contacts": row["contacts"]} for row in rows]


def _begin(namespace: Namespace, text: str) -> str:
    """Return what a key of a namespace begins with that begins with a text."""
    if namespace.hash_of is not None or namespace.normalise in (Normaliser.EMAIL, Normaliser.LOWER, Normaliser.UUID):
        return text.lower()
    return said(namespace, text)
