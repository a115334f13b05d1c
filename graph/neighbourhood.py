"""The graph around a contact, and why two of its keys are the same person's."""

from dataclasses import dataclass
from typing import Any

from graph.clock import to_text
from graph.contacts import Document, living_contact
from graph.database import Database, Row, Transaction
from graph.errors import BadInput, FieldError, NotFound
from graph.keys import InvalidKey, normalise
from graph.model import KEY_NAMES, KeyName

_LABELS: dict[str, KeyName] = {
    "Email": "email",
    "UserId": "user_id",
    "Tracker": "tracker_id",
    "Subscription": "subscription",
}


@dataclass(frozen=True, slots=True)
class KeyRef:
    """A key as a caller names it: ``email:ana@example.com``."""

    name: KeyName
    value: str

    @classmethod
    def parse(cls, text: str, field: str) -> "KeyRef":
        """Read ``name:value``.

        Raises
        ------
        BadInput
            When the name is no key's, or the value cannot be such a key.
        """
        name, colon, value = text.partition(":")
        if not colon or name not in KEY_NAMES:
            raise BadInput(
                [FieldError(field, "key", f"a key is written name:value, with one of {', '.join(KEY_NAMES)}")]
            )
        try:
            return cls(name, normalise(name, value))
        except InvalidKey as error:
            raise BadInput([FieldError(field, "invalid", str(error))]) from error

    @property
    def node(self) -> str:
        return f"{self.name}:{self.value}"


class Neighbourhood:
    """Reads the graph around one contact."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, contact_id: str, *, path: tuple[KeyRef, KeyRef] | None = None) -> Document:
        """Give the nodes and edges around a contact.

        Parameters
        ----------
        path
            Two keys of the contact: the nodes and edges that tie them are marked ``on_path``, and ``path``
            says step by step, by which event and rule, why they are one person's.

        Raises
        ------
        NotFound
            When no contact ever had this id, or it does not own a key of the path.
        """

        def work(tx: Transaction) -> tuple[str, Row]:
            living = living_contact(tx, contact_id)
            return living, tx.run("explore.neighbourhood", contact_id=living)[0]

        living, row = self._database.read(work)
        keys = {f"{_LABELS[key['label']]}:{key['value']}": key for key in row["keys"]}
        ghosts = {ghost["id"]: ghost for ghost in row["ghosts"]}
        document = _drawing(living, keys, ghosts)
        document["path"] = None
        if path is not None:
            for ref in path:
                if ref.node not in keys:
                    raise NotFound(f"Contact {living} does not own the {ref.name} {ref.value!r}.")
            steps, marked = _path(living, keys, ghosts, path)
            document["path"] = steps
            for item in (*document["nodes"], *document["edges"]):
                item["on_path"] = item["id"] in marked
        return document


def _drawing(living: str, keys: dict[str, Any], ghosts: dict[str, Any]) -> Document:
    nodes: dict[str, Document] = {living: {"id": living, "type": "contact", "label": living, "current": True}}
    edges: list[Document] = []
    for node, key in keys.items():
        name = _LABELS[key["label"]]
        nodes[node] = {"id": node, "type": name, "label": key["value"], "shared": bool(key["others"])}
        edges.append(
            {
                "id": f"{living}>{node}",
                "type": "owns",
                "source": living,
                "target": node,
                "since": to_text(key["since"]),
                "merge": key["merge"],
                "message_id": key["message_id"],
            }
        )
        for other, kind in key["others"]:
            nodes.setdefault(other, {"id": other, "type": "contact", "label": other, "kind": kind, "current": False})
            edges.append({"id": f"{other}>{node}", "type": "owns", "source": other, "target": node})
    for ghost in ghosts.values():
        nodes[ghost["id"]] = {"id": ghost["id"], "type": "folded", "label": ghost["id"], "kind": ghost["kind"]}
        edges.append(
            {
                "id": ghost["merge"],
                "type": "folded_into",
                "source": ghost["id"],
                "target": ghost["into"],
                "at": to_text(ghost["at"]),
                "rule": ghost["rule"],
                "message_id": ghost["message_id"],
                "merge": ghost["merge"],
            }
        )
    return {"contact": living, "nodes": list(nodes.values()), "edges": edges}


def _path(
    living: str, keys: dict[str, Any], ghosts: dict[str, Any], path: tuple[KeyRef, KeyRef]
) -> tuple[list[Document], set[str]]:
    """Walk from one key down to the contact it first came to, along the unions, and up to the other key."""
    by_merge = {ghost["merge"]: ghost for ghost in ghosts.values()}
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
    return steps, marked


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
