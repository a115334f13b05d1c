"""What the command does for privacy: export, erase, sweep, and what is suppressed."""

import sys
from datetime import datetime

from api.command.edits import check_key, read_key
from api.command.output import Teller, new_table
from api.terminal import Refusal, inert
from graph.errors import KinfoldError
from graph.kinfold import Kinfold
from graph.model import KeyName
from graph.privacy.export import the_one_owner


def check_one(contact: str | None, key: str | None) -> None:
    """Hold a command to one person, by id or by key.

    Raises
    ------
    Refusal
        When neither is given, or both, or the key is not written as one.
    """
    if (contact is None) == (key is None):
        raise Refusal("Give the id of a contact, or --key NAME=VALUE: one of the two.")
    if key is not None:
        check_key(key)


def export(kinfold: Kinfold, contact: str | None, key: str | None) -> None:
    """Write everything held on a person to stdout."""
    try:
        person = kinfold.contacts.get(_person(kinfold, contact, key))["id"]
        kinfold.audit.exported(person)
        for piece in kinfold.exports.of(person):
            sys.stdout.buffer.write(inert(piece))
    except KinfoldError as error:
        # Nothing but the document goes to stdout.
        raise Teller(as_json=False).refuse(error) from None
    sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def erase(kinfold: Kinfold, contact: str | None, key: str | None, *, allow_return: bool, teller: Teller) -> None:
    """Erase a person and show the receipt."""
    try:
        receipt = kinfold.erasures.erase(_person(kinfold, contact, key), allow_return=allow_return)
    except KinfoldError as error:
        raise teller.refuse(error) from None
    removed = new_table("removed", "")
    for name, number in receipt["removed"].items():
        if number:
            removed.add_row(name.replace("_", " "), str(number))
    comes_back = f"Keys of persons that do not come back: {receipt['suppressed']}; kinfold suppress allow lets one."
    teller.tell(
        receipt,
        f"Contact {receipt['contact']} is erased. The receipt is {receipt['receipt']}.",
        removed,
        *([comes_back] if receipt["suppressed"] else []),
    )


def audit(
    kinfold: Kinfold,
    *,
    by: str | None,
    what: str | None,
    contact: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    teller: Teller,
) -> None:
    """Show who did what, newest first."""
    items, following = kinfold.audit.page(by=by, what=what, contact=contact, since=since, until=until, limit=limit)
    document = {"items": items, "next": following}
    if not items:
        teller.tell(document, "The audit has no such entry.")
        return
    shown = new_table("at", "by", "what", "contact", "why", "details")
    for item in items:
        details = ", ".join(f"{name} {value}" for name, value in item["details"].items())
        cells = (item["by"], item["what"], item["contact"], item["why"], details)
        shown.add_row(item["at"], *(cell or "" for cell in cells))
    more = [f"There are more: --limit, or --to {items[-1]['at']}."] if following else []
    teller.tell(document, shown, *more)


def sweep(kinfold: Kinfold, *, teller: Teller) -> None:
    """Drop what is too old, and finish what was interrupted."""
    swept = kinfold.sweep()
    days = kinfold.settings.retention_days
    kept = "KINFOLD_RETENTION_DAYS is not set: activity is kept for good" if days is None else f"kept: {days} days"
    teller.tell(
        swept, f"Dropped {swept['activities']} activities ({kept}); finished {swept['erasures']} interrupted erasures."
    )


def list_suppressed(kinfold: Kinfold, *, teller: Teller) -> None:
    """Show what is suppressed."""
    items, cursor = kinfold.suppression.page(limit=1000)
    while cursor is not None:
        more, cursor = kinfold.suppression.page(limit=1000, cursor=cursor)
        items += more
    document = {"items": items, "next": None}
    if not items:
        teller.tell(document, "Nothing is suppressed.")
        return
    shown = new_table("kind", "digest", "since")
    for item in items:
        shown.add_row(item["kind"], item["digest"], item["at"])
    teller.tell(document, shown)


def allow(kinfold: Kinfold, key: KeyName, value: str, *, teller: Teller) -> None:
    """Let a key come back."""
    try:
        kinfold.suppression.allow(key, value)
    except KinfoldError as error:
        raise teller.refuse(error) from None
    teller.tell({"key": key, "value": value}, f"The {key} {value} may come back, on every server within two seconds.")


def _person(kinfold: Kinfold, contact: str | None, key: str | None) -> str:
    if contact is not None:
        return contact
    name, value = read_key(key or "", kinfold.namespaces)
    return the_one_owner(kinfold.contacts.owners(name, value), name, value)
