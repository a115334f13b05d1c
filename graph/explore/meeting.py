"""The graph around a key: who owns it, who was seen with it, and who was folded along with it."""

from collections.abc import Iterable

from graph.clock import to_text
from graph.explore.contacts import Document
from graph.explore.neighbourhood import asleep_where, contact_node, edge_of
from graph.identity.keys import read_key
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.model import KeyName
from graph.store.database import Database, Row

MOST_PEOPLE = 1_000
"""How many contacts are drawn around one key."""
MOST_ACTIVITIES = 20_000
"""How much activity of one key is looked at for who was seen with it."""


_TIMES = {"occurred_at": "met_at", "since": "since"}
"""When the person was last seen with it, and since when it is the person's."""


class Meetings:
    """Reads the graph around a key, whoever owns it."""

    def __init__(self, database: Database, namespaces: Namespaces = DEFAULT_NAMESPACES) -> None:
        self._database = database
        self._namespaces = namespaces

    def of(self, name: KeyName, value: str, *, devices: Iterable[str] = (), contacts: Iterable[str] = ()) -> Document:
        """Return the key with everybody around it.

        Parameters
        ----------
        name, value
            The key, as a caller names it.
        devices
            Further trackers that are the same device: who was seen with one of them was seen with the key.
        contacts
            Ids of others who were found to belong there.

        Returns
        -------
        dict
            ``{root, nodes, edges, left_out}``: an edge is `owns` (to a key that one has), `met` (seen with it, as one
            who logs in on somebody else's device is) or `folded_into`. Owners come first, then known contacts, the
            last seen first.

        Raises
        ------
        BadInput
            When the value cannot be a key of the namespace.
        """
        ref = read_key(name, value, self._namespaces, name)
        [row] = self._database.read(
            lambda tx: tx.run(
                "explore.meeting",
                namespace=ref.namespace,
                values=list(dict.fromkeys([ref.value, *devices])),
                contacts=list(dict.fromkeys(contacts)),
                activities=MOST_ACTIVITIES,
                limit=MOST_PEOPLE,
            )
        )
        root = f"{ref.namespace}:{ref.value}"
        people = row["people"]
        owners = sum(ref.value in one["owns"] for one in people)
        nodes: dict[str, Document] = {
            root: {"id": root, "type": ref.namespace, "label": ref.value, "shared": owners > 1},
        }
        edges: list[Document] = []
        for one in people:
            nodes[one["id"]] = contact_node(one["id"], one["kind"], one["title"])
            edges.append(_tie(one, ref.value, root))
        for one in people:
            for ghost, kind, into, merge in one["ghosts"]:
                if into not in nodes:
                    continue
                nodes[ghost] = {"id": ghost, "type": "folded", "label": ghost, "kind": kind}
                edges.append(edge_of(ghost, into, "folded_into") | {"merge": merge})
        return {
            "root": root,
            "nodes": list(nodes.values()),
            "edges": edges,
            "left_out": row["total"] - len(people),
        }


def _tie(row: Row, value: str, root: str) -> Document:
    """Tie a contact to the key: as an owner of it, or as one who was seen there."""
    edge = edge_of(row["id"], root, "owns" if value in row["owns"] else "met")
    edge |= {name: to_text(row[column]) for name, column in _TIMES.items() if row[column] is not None}
    return edge | asleep_where(value in row["asleep"])
