"""The graph around a contact, and why two of its keys are the same person's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.clock import to_micros, to_text
from graph.errors import BadInput, FieldError, NotFound
from graph.explore.contacts import Document, occurred_text
from graph.explore.past import Past
from graph.identity.keys import InvalidKey, normalise
from graph.identity.living import living_contact
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.model import KeyName
from graph.paging import make_cursor, read_cursor
from graph.store.database import Database, Row, Transaction

GROUPS = ("email", "user_id", "tracker_id", "subscription")
"""What is around a contact, in the order in which people look for it: these, further namespaces, then `FOLDED`."""
FOLDED = "folded"


@dataclass(frozen=True, slots=True)
class KeyRef:
    """A key as a caller names it: ``email:ana@example.com``."""

    name: KeyName
    value: str

    @classmethod
    def parse(cls, text: str, field: str, namespaces: Namespaces = DEFAULT_NAMESPACES) -> "KeyRef":
        """Read ``name:value``.

        Raises
        ------
        BadInput
            When the name is no key's, or the value cannot be such a key.
        """
        name, colon, value = text.partition(":")
        if not colon or name not in namespaces:
            raise BadInput(
                [FieldError(field, "key", f"a key is written name:value, with one of {', '.join(namespaces.names)}")]
            )
        try:
            return cls(name, normalise(name, value, namespaces))
        except InvalidKey as error:
            raise BadInput([FieldError(field, "invalid", str(error))]) from error

    @property
    def node(self) -> str:
        return f"{self.name}:{self.value}"


class Neighbourhood:
    """Reads the graph around one contact."""

    def __init__(self, database: Database, past: Past | None = None) -> None:
        self._database = database
        self._past = past or Past(database)

    def of(
        self,
        contact_id: str,
        *,
        path: tuple[KeyRef, KeyRef] | None = None,
        limit: int | None = None,
        group: str | None = None,
        cursor: str | None = None,
        at: datetime | None = None,
    ) -> Document:
        """Return the nodes and edges around a contact.

        Parameters
        ----------
        path
            Two keys of the contact: the nodes and edges that tie them are marked ``on_path``, and ``path``
            says step by step, by which event and rule, why they are one person's.
        limit
            How many nodes of each group at most, None for all; what the path needs comes on top. Shared keys
            come first, then those that came first; folded contacts by their distance, the latest first.
        group
            Only this group, one page of it.
        cursor
            With a group: where its last page ended, the ``next`` in ``groups``.
        at
            As it was at this time of arrival; now when it is None.

        Returns
        -------
        dict
            ``{contact, nodes, edges, groups: [{group, total, shown, next}], path}``.

        Raises
        ------
        NotFound
            When no contact ever had this id, or it does not own a key of the path.
        BadInput
            When the cursor leads nowhere, or comes without a group.
        """
        if cursor is not None and group is None:
            raise BadInput([FieldError("cursor", "both_or_none", "a cursor is of one group: give group too")])

        def work(tx: Transaction) -> tuple[str, Row]:
            if at is not None:
                return self._past.neighbourhood(tx, contact_id, at)
            living = living_contact(tx, contact_id)
            return living, tx.run("explore.neighbourhood", contact_id=living)[0]

        living, row = self._database.read(work)
        keys = {f"{key['namespace']}:{key['value']}": key for key in row["keys"]}
        ghosts = {ghost["id"]: ghost for ghost in row["ghosts"]}
        for ref in path or ():
            if ref.node not in keys:
                raise NotFound(f"Contact {living} does not own the {ref.name} {ref.value!r}.")
        steps, marked, needed = _path(living, keys, ghosts, path) if path else (None, set[str](), set[str]())
        groups: list[Document] = []
        shown: dict[str, None] = {}  # in the order of the groups
        for name, members in _groups(keys, ghosts).items():
            if group in (None, name):
                ids, following = _page(members, limit, cursor)
                groups.append({"group": name, "total": len(members), "shown": len(ids), "next": following})
                shown |= dict.fromkeys(ids)
        shown |= dict.fromkeys(sorted(needed))
        document = _drawing(
            living,
            row,
            {node: keys[node] for node in shown if node in keys},
            {ghost: ghosts[ghost] for ghost in shown if ghost in ghosts},
        )
        document |= {"groups": groups, "path": steps}
        if at is not None:
            document["at"] = to_text(to_micros(at))
        if path is not None:
            for item in (*document["nodes"], *document["edges"]):
                item["on_path"] = item["id"] in marked
        return document


def _groups(keys: dict[str, Any], ghosts: dict[str, Any]) -> dict[str, list[tuple[list[int | str], str]]]:
    """Sort what is around a contact into groups, each member with its place in the group's order."""
    groups: dict[str, list[tuple[list[int | str], str]]] = {name: [] for name in GROUPS}
    further = sorted({key["namespace"] for key in keys.values()}.difference(GROUPS))
    groups |= {name: [] for name in (*further, FOLDED)}
    for node, key in keys.items():
        groups[key["namespace"]].append(([0 if key["others"] else 1, key["since"], key["value"]], node))
    for ghost in ghosts.values():
        groups[FOLDED].append(([ghost["depth"], -ghost["at"], ghost["id"]], ghost["id"]))
    return {name: sorted(members) for name, members in groups.items()}


def _page(
    members: list[tuple[list[int | str], str]], limit: int | None, cursor: str | None
) -> tuple[list[str], str | None]:
    after = read_cursor(cursor, (int, int, str)) if cursor is not None else None
    rest = [member for member in members if after is None or member[0] > after]
    page = rest if limit is None else rest[:limit]
    return [node for _, node in page], make_cursor(*page[-1][0]) if len(page) < len(rest) else None


def _drawing(living: str, row: Row, keys: dict[str, Any], ghosts: dict[str, Any]) -> Document:
    nodes: dict[str, Document] = {living: contact_node(living, row["kind"], row["title"]) | {"current": True}}
    edges: list[Document] = []
    for node, key in keys.items():
        name = key["namespace"]
        nodes[node] = {"id": node, "type": name, "label": key["value"], "shared": bool(key["others"])}
        edges.append(
            {
                "id": f"{living}>{node}",
                "type": "owns",
                "source": living,
                "target": node,
                "since": to_text(key["since"]),
                "occurred_at": occurred_text(key["occurred"], key["since"], key["message_id"]),
                "merge": key["merge"],
                "message_id": key["message_id"],
                **asleep_where(key["asleep"]),
            }
        )
        for other, kind, title in key["others"]:
            nodes.setdefault(other, contact_node(other, kind, title) | {"current": False})
            edges.append(edge_of(other, node, "owns") | asleep_where(other in key["asleep_others"]))
    for ghost in ghosts.values():
        nodes[ghost["id"]] = {
            "id": ghost["id"],
            "type": "folded",
            "label": ghost["id"],
            "kind": ghost["kind"],
            "brought_total": ghost["brought"],
            "brought": [f"{namespace}:{value}" for namespace, value in ghost["keys"]],
        }
        edges.append(
            {
                "id": ghost["merge"] or f"{ghost['id']}>{ghost['into']}",
                "type": "folded_into",
                "source": ghost["id"],
                "target": ghost["into"],
                "at": to_text(ghost["at"]),
                "occurred_at": occurred_text(ghost["occurred"], ghost["at"], ghost["message_id"]),
                "rule": ghost["rule"],
                "message_id": ghost["message_id"],
                "merge": ghost["merge"],
                "split": ghost["split"],
            }
        )
    return {"contact": living, "nodes": list(nodes.values()), "edges": edges}


def edge_of(source: str, target: str, type_: str) -> Document:
    """Return an edge of a drawing."""
    return {"id": f"{source}>{target}", "type": type_, "source": source, "target": target}


def asleep_where(asleep: bool) -> Document:
    """Return what an edge says of an owner who is asleep on a subscription; nothing of others."""
    return {"asleep": True} if asleep else {}


def contact_node(id: str, kind: str, title: Any) -> Document:
    """Return a contact as drawings have it."""
    return {"id": id, "type": "contact", "label": id, "kind": kind, "title": title_of(title)}


def title_of(value: Any) -> str | None:
    """Return the name of a contact as text; None when it has none."""
    return None if value is None else str(value)


def _path(
    living: str, keys: dict[str, Any], ghosts: dict[str, Any], path: tuple[KeyRef, KeyRef]
) -> tuple[list[Document], set[str], set[str]]:
    """Walk from one key down to the contact it first came to, along the unions, and up to the other key.

    Returns the steps, the nodes and edges that tie the two, and the nodes that a drawing of them needs: these
    and what leads from them to the living contact.
    """
    by_merge = {ghost["merge"]: ghost for ghost in ghosts.values() if ghost["merge"] is not None}
    ways = [_way(keys[ref.node], living, by_merge) for ref in path]
    # Unions that both keys went through tie nothing: the two meet where the first way joins the second.
    met = next(one for one in ways[0] if one in ways[1])
    steps: list[Document] = []
    marked = {path[0].node, path[1].node, met, f"{living}>{path[0].node}", f"{living}>{path[1].node}"}
    for ref, way, backwards in ((path[0], ways[0], False), (path[1], ways[1], True)):
        part = way[: way.index(met)]
        own = [_came(keys[ref.node], ref, way[0])]
        for contact in part:
            marked |= {contact, ghosts[contact]["merge"]}
            own.append(_folded(ghosts[contact]))
        steps += reversed(own) if backwards else own
    needed = {ref.node for ref in path}.union(*ways) - {living}
    return steps, marked, needed


def _way(key: Row, living: str, by_merge: dict[str, Any]) -> list[str]:
    """List the contacts that owned a key, the first owner first, the living contact last."""
    before = dict(key["moves"])
    way, merge = [living], key["merge"]
    while merge is not None and merge in by_merge:
        way.append(by_merge[merge]["id"])
        merge = before.get(merge)
    return way[::-1]


def _came(key: Row, ref: KeyRef, first: str) -> Document:
    how = f"with event {key['message_id']}" if key["message_id"] else "by hand"
    return {
        "words": f"The {ref.name} {ref.value} came to contact {first} {how}.",
        "key": ref.node,
        "contact": first,
        "message_id": key["message_id"],
        "merge": None,
    }


def _folded(ghost: Row) -> Document:
    why = f"by rule {ghost['rule']}, event {ghost['message_id']}" if ghost["rule"] else "by hand"
    return {
        "words": f"Contact {ghost['id']} was folded into contact {ghost['into']} {why}.",
        "key": None,
        "contact": ghost["id"],
        "message_id": ghost["message_id"],
        "merge": ghost["merge"],
    }
