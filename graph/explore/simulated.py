"""What events of a dry run would leave, as a drawing: their keys, whose these are, and who was folded into whom."""

from collections import Counter
from collections.abc import Iterable, Mapping

from graph.explore.contacts import Document
from graph.explore.neighbourhood import asleep_where, contact_node, edge_of
from graph.identity.working_set import Contact, Key, WorkingSet
from graph.model import KeyRef

MOST_NODES = 1_000


def drawing(working_set: WorkingSet, keys: Iterable[KeyRef], numbers: Mapping[str, str]) -> Document:
    """Draw what a rehearsal came to.

    Parameters
    ----------
    working_set
        As the rehearsal left it.
    keys
        Those of its events.
    numbers
        By the id of a contact that exists only in the rehearsal, what it is called there.

    Returns
    -------
    dict
        ``{root, nodes, edges, left_out}`` as drawings of keys have it; the root is the contact with most keys. A node
        of a contact or a tracker that exists only there is ``new``.
    """
    carried = [working_set.keys[ref] for ref in dict.fromkeys(keys) if ref in working_set.keys]
    owners = {contact.id: contact for key in carried for contact in working_set.owners(key.ref)}
    ghosts = [one for one in working_set.contacts.values() if one.folded_into is not None]
    for ghost in ghosts:
        into = working_set.contact(ghost.id)
        owners[into.id] = into
    minted = [
        key
        for owner in owners.values()
        for key in owner.keys
        if key.value in working_set.minted and owner.id in key.owners
    ]
    nodes: dict[str, Document] = {}
    edges: list[Document] = []
    for owner in list(owners.values())[:MOST_NODES]:
        nodes[owner.id] = _contact(owner, numbers)
    for key in list(dict.fromkeys([*carried, *minted]))[: MOST_NODES - len(nodes)]:
        holders = [one for one in key.owners if one in nodes]
        if not holders:
            continue
        node = f"{key.name}:{key.value}"
        new = key.value in working_set.minted
        label = "a new tracker" if new else key.value
        nodes[node] = {"id": node, "type": key.name, "label": label, "shared": len(holders) > 1, "new": new}
        for holder in holders:
            asleep = key.owners[holder].sleep.asleep
            edges.append(edge_of(nodes[holder]["id"], node, "owns") | asleep_where(asleep))
    for ghost in ghosts:
        called = numbers.get(ghost.id, ghost.id)
        nodes[ghost.id] = {"id": called, "type": "folded", "label": called, "kind": ghost.kind.value}
        into_id = ghost.folded_into or ""
        edges.append(edge_of(called, numbers.get(into_id, into_id), "folded_into"))
    shown = list(nodes.values())
    there = {node["id"] for node in shown}
    tied = [edge for edge in edges if edge["source"] in there and edge["target"] in there]
    weights = Counter(end for edge in tied for end in {edge["source"], edge["target"]})
    people = [node["id"] for node in shown if node["type"] == "contact"]
    root = max(people, key=lambda one: weights[one], default=None)
    return {"root": root, "nodes": shown, "edges": tied, "left_out": max(0, len(owners) - MOST_NODES)}


def _contact(contact: Contact, numbers: Mapping[str, str]) -> Document:
    called = numbers.get(contact.id, contact.id)
    title = next((key.value for key in contact.keys if _names(key)), None)
    if title is None and not contact.stored:
        title = called.replace("new-", "new contact ")
    return contact_node(called, contact.kind.value, title) | {"new": not contact.stored}


def _names(key: Key) -> bool:
    return key.name in ("email", "user_id")
