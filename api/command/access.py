"""What ``kinfold keys`` does: access keys made, listed and revoked."""

from api.command.output import Teller, new_table
from api.terminal import say
from graph.access.access_keys import KeyScope
from graph.errors import KinfoldError
from graph.kinfold import Kinfold
from graph.settings import WriteAnswer


def create_key(kinfold: Kinfold, scope: KeyScope, *, name: str, answer: WriteAnswer | None, teller: Teller) -> None:
    """Make an access key and show it, this once."""
    try:
        identifier, key = kinfold.access_keys.create(scope, name=name, answer=answer)
    except KinfoldError as error:
        raise teller.refuse(error) from None
    say(
        f"{'An' if scope[0] in 'aeiou' else 'A'} {scope} key with the id {identifier}. It is shown this once. "
        f"To take it back: kinfold keys revoke {identifier}"
    )
    teller.tell({"id": identifier, "scope": scope, "name": name, "answer": answer, "key": key}, key)


def list_keys(kinfold: Kinfold, teller: Teller) -> None:
    """Show the keys that were made by command."""
    listed = kinfold.access_keys.list()
    document = {"items": listed, "next": None}
    if not listed:
        teller.tell(document, "No keys beside those of KINFOLD_WRITE_KEY and its like.")
        return
    table = new_table("id", "scope", "name", "answer", "made", "revoked")
    for key in listed:
        shown = (key[column] for column in ("id", "scope", "name", "answer", "created_at", "revoked_at"))
        table.add_row(*(text or "" for text in shown))
    teller.tell(document, table)


def revoke_key(kinfold: Kinfold, identifier: str, *, teller: Teller) -> None:
    """Take an access key back."""
    try:
        kinfold.access_keys.revoke(identifier)
    except KinfoldError as error:
        raise teller.refuse(error) from None
    teller.tell({"id": identifier}, f"The key {identifier} is taken back, on every server within a few seconds.")
