"""Hashes of keys that were there before a namespace of hashes was declared."""

from graph.identity.namespaces import Namespaces
from graph.identity.normal_forms import hash_of
from graph.store.database import REPEATABLE, Database, Transaction

AT_ONCE = 1_000
"""Keys a transaction."""


def hash_known_keys(database: Database, namespaces: Namespaces) -> int:
    """Add the hashes of the keys that are there, in the namespaces that hold them; return how many keys were visited.

    How far it is, is written in the transaction of every page, so that whoever comes after a process that was stopped
    goes on. What comes meanwhile gets its hash as every event's keys do.

    Notes
    -----
    O(keys) when a namespace is new, one short read ever after.
    """
    hashing = {one.name: one.hash_of for one in namespaces if one.hash_of is not None}
    if not hashing:
        return 0
    known = {row["name"]: row for row in database.read(lambda tx: tx.run("namespaces.hashing"))}
    through = 0
    for name, source in hashing.items():
        row = known.get(name)
        goes_on = row is not None and row["source"] == source
        if row is not None and goes_on and row["done"]:
            continue
        after: str | None = row["after"] if row is not None and goes_on else ""
        while after is not None:
            after, keys = _hash_page(database, namespaces, name, source, after)
            through += keys
    return through


def _hash_page(
    database: Database, namespaces: Namespaces, name: str, source: str, after: str
) -> tuple[str | None, int]:
    """Add the hashes of one page of keys; return the last of them, None when there were no more, and how many."""

    def work(tx: Transaction) -> tuple[str | None, int]:
        values = [row["value"] for row in tx.run("namespaces.unhashed", source=source, after=after, limit=AT_ONCE)]
        if values:
            rows = [[value, hash_of(value)] for value in values]
            tx.run("namespaces.hash_keys", source=source, name=name, label=namespaces.labels[name], rows=rows)
        last = values[-1] if len(values) == AT_ONCE else None
        tx.run("namespaces.hashed", name=name, source=source, after=last or after, done=last is None)
        return last, len(values)

    return database.write(work, committed=REPEATABLE)
