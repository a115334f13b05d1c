"""Find the living contact that an id leads to, and refuse ids whose person was erased."""

from graph.clock import to_text
from graph.errors import Gone, NotFound
from graph.store.database import Transaction


def living_contact(tx: Transaction, contact_id: str) -> str:
    """Find the contact that an id leads to.

    Raises
    ------
    NotFound
        When no contact ever had this id.
    Gone
        When the contact was erased, or what it was folded into.
    """
    rows = tx.run("explore.living", contact_id=contact_id)
    if not rows:
        check_not_erased(tx, contact_id)
        raise NotFound(f"No contact has the id {contact_id!r}.")
    living: str = rows[0]["id"]
    return living


def check_not_erased(tx: Transaction, id: str) -> None:
    """Refuse an id, of a contact or a union, whose person was erased.

    Raises
    ------
    Gone
        When there is a tombstone of this id.
    """
    for row in tx.run("privacy.tombstone", id=id):
        if row["what"] == "union":
            detail = "One of the contacts of this union was erased, and the union with it: it cannot be undone."
        elif row["what"] == "split":
            detail = "One of the contacts of this split was erased, and the split with it: it cannot be undone."
        else:
            detail = "The contact of this id was erased."
        raise Gone(detail, erased_at=to_text(row["at"]), receipt=row["receipt"])
