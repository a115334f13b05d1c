"""Who changed what of the catalogue, when and why: read from the audit, where each change by hand is an entry."""

from collections.abc import Mapping
from typing import Any, Literal

import orjson
from pydantic import BaseModel

from graph.clock import END_OF_TIME, to_text
from graph.errors import NotFound
from graph.paging import cut_page, read_cursor
from graph.store.database import Database

Document = dict[str, Any]
Part = Literal["environment", "rule", "category", "space", "offer"]

CHANGED = "catalogue_changed"
REMOVED = "catalogue_removed"


def difference(before: BaseModel | None, after: BaseModel | None) -> str:
    """Write down, as JSON, each field that a change made different, with its values before and after.

    What is made or removed lists what is said of it; a field that is left out says nothing.
    """
    was, now = _fields(before, beside=after), _fields(after, beside=before)
    changed = {
        name: {"before": was.get(name), "after": now.get(name)}
        for name in sorted({*was, *now})
        if orjson.dumps(was.get(name)) != orjson.dumps(now.get(name))  # to Python 1 and true are the same
    }
    return orjson.dumps(changed).decode()


def _fields(body: BaseModel | None, *, beside: BaseModel | None) -> Mapping[str, Any]:
    if body is None:
        return {}
    # Beside another one, what is left out stands for its default, which is what the reader compares with.
    return body.model_dump(mode="json", exclude_defaults=beside is None)


class CatalogueHistory:
    """Lists the changes of environments and of what is in them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(
        self,
        environment: str,
        *,
        part: Part | None = None,
        name: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[list[Document], str | None]:
        """Return one page of the changes of an environment, newest first, and the cursor of the next.

        What is gone keeps its history, under the name that it had.

        Parameters
        ----------
        part, name
            Only of the offers, say, or of the one of this name; of all that is in the environment when left out.

        Raises
        ------
        NotFound
            When there neither is nor was such an environment.
        BadInput
            When the cursor is not one that an earlier page gave.
        """
        before, before_id = read_cursor(cursor, (int, str)) if cursor else (END_OF_TIME, "")
        given = {"environment": environment, "part": part or "", "named": name or "", "limit": limit + 1}
        rows = self._database.read(lambda tx: tx.run("offers.history", **given, before=before, before_id=before_id))
        if not rows and cursor is None and not self._was_there(environment):
            raise NotFound(f"There is no environment {environment!r}.")
        entries, following = cut_page([row["entry"] for row in rows], limit, "at", "id")
        return [_shown(entry) for entry in entries], following

    def _was_there(self, environment: str) -> bool:
        first = {"part": "", "named": "", "before": END_OF_TIME, "before_id": "", "limit": 1}
        return self._database.read(
            lambda tx: (
                bool(tx.run("offers.history", environment=environment, **first))
                or any(name == environment for name, _ in tx.run("offers.catalogue")[0]["environments"])
            )
        )


def _shown(entry: dict[str, Any]) -> Document:
    return {
        "id": entry["id"],
        "at": to_text(entry["at"]),
        "by": entry["by"],
        "why": entry.get("why"),
        "part": entry["part"],
        "name": entry["name"],
        "what": "removed" if entry["what"] == REMOVED else "made" if entry.get("new") else "changed",
        "changed": orjson.loads(entry.get("changed", "{}")),
    }
