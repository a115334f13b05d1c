"""The whole graph written anew into an empty database: what was deleted is not read, and so is nowhere in the copy."""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from graph.store.database import Database, Row, Transaction

BATCH = 2_000
"""Nodes or edges a transaction."""
_NOBODY = -1


@dataclass(frozen=True, slots=True)
class Copied:
    """How much was copied."""

    nodes: int
    edges: int


def copy_graph(
    source: Database, target: Database, on_progress: Callable[[str, int, int], None] | None = None
) -> Copied:
    """Write every node and edge of ``source``, its constraints and its indexes into ``target``.

    Parameters
    ----------
    source
        Nobody may write to it meanwhile.
    target
        An empty one.
    on_progress
        Called with ``"copy"``, nodes and edges that are written and that there are.

    Returns
    -------
    Copied
        Once the indexes of the copy answer.

    Raises
    ------
    RuntimeError
        When the copy has not as many nodes and edges.

    Notes
    -----
    Reads by number, since deleted ones leave gaps but no other order is as cheap; the numbers of the copy are its own.
    Holds eight bytes for each node.
    """
    [size] = source.read(lambda tx: tx.run("copy.highest"))
    total, done = size["nodes"] + size["edges"], 0
    numbers = array("q", [_NOBODY]) * (size["node"] + 1)

    def tell(rows: int) -> None:
        nonlocal done
        done += rows
        if on_progress:
            on_progress("copy", done, total)

    for rows in _batches(source, "copy.nodes", size["node"]):
        written = target.write(lambda tx, rows=rows: tx.run("copy.add_nodes", rows=rows), committed=_unknown)  # type: ignore[misc]
        for row, copy in zip(rows, written, strict=True):
            numbers[row["number"]] = copy["number"]
        tell(len(rows))
    for rows in _batches(source, "copy.edges", size["edge"]):
        for row in rows:
            row["tail"], row["head"] = numbers[row["tail"]], numbers[row["head"]]
        target.write(lambda tx, rows=rows: tx.run("copy.add_edges", rows=rows), committed=_unknown)  # type: ignore[misc]
        tell(len(rows))
    for listing in ("copy.constraints", "copy.indexes"):
        for row in source.read(lambda tx, listing=listing: tx.run(listing)):  # type: ignore[misc]
            target.write(lambda tx, text=row["text"]: tx.run_text(text), committed=_unknown, in_line=False)  # type: ignore[misc]
    target.read(lambda tx: tx.run("migration.await_indexes"))
    [copied] = target.read(lambda tx: tx.run("copy.highest"))
    if (copied["nodes"], copied["edges"]) != (size["nodes"], size["edges"]):
        raise RuntimeError(f"the copy is not whole: {copied} of {size}")
    return Copied(copied["nodes"], copied["edges"])


def _unknown(_: Transaction, __: object) -> bool:
    """Abandon the copy: a database of one's own, on this machine, does not break off unless it is gone."""
    raise RuntimeError("the connection to the copy broke while it was written")


def _batches(source: Database, statement: str, highest: int) -> Iterator[list[Row]]:
    for first in range(0, highest + 1, BATCH):
        last = min(first + BATCH - 1, highest)
        if rows := source.read(lambda tx, first=first, last=last: tx.run(statement, first=first, last=last)):  # type: ignore[misc]
            yield rows
