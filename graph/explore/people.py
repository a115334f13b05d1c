"""People as a list: found by parts of a name, a property or a key, filtered, sorted, page by page."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import orjson

from graph.errors import BadInput, FieldError
from graph.explore.contacts import Document, documents
from graph.identity.keys import MAX_KEY
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.paging import make_cursor, read_cursor
from graph.segments.conditions import compile_condition
from graph.store.database import Database, Row, Transaction

SORTS = ("last_seen", "created", "keys", "unions")
"""By what a list of people is sorted, the last or the most first; with ``-`` before it, the other way round."""
KINDS = ("known", "anonymous")
MOST_TERMS = 10
"""Words of a search that count."""

_BEFORE_ALL = 2**62
_WORDS, _COMMON_WORDS = "people_words", "people_common_words"
_COMMON = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this "
    "to was will with"
).split()
"""What the analyzer of the first index leaves out."""
_SPECIAL = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "\u0131": "i",
        "ħ": "h",
        "ŧ": "t",
    }
)
# The index takes every character of a script without spaces for a word of its own.
_WORD = re.compile(r"[\u2e80-\u30a0\u3400-\u9fff\uf900-\ufaff]|[^\W_\u2e80-\u30a0\u3400-\u9fff\uf900-\ufaff]+")


class People:
    """Lists contacts; nothing here writes."""

    def __init__(self, database: Database, namespaces: Namespaces = DEFAULT_NAMESPACES) -> None:
        self._database = database
        self._namespaces = namespaces

    def page(
        self,
        q: str | None = None,
        *,
        kind: str | None = None,
        has: str | None = None,
        segment: str | None = None,
        sort: str = SORTS[0],
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[list[Document], str | None]:
        """Return one page of contacts and the cursor of the next.

        Parameters
        ----------
        q
            Words, each a part of the value of a property or of a key; accents and case do not count. Or a whole id.
        kind
            Known or anonymous ones only.
        has
            Those with a key of this namespace only.
        segment
            Those in this segment only, now.
        sort
            One of `SORTS`.

        Raises
        ------
        BadInput
            When a filter or the cursor is none, by its name.
        """
        self._check(q, kind, has, sort)
        by = sort.removeprefix("-")
        place, after = read_cursor(cursor, (int, str)) if cursor is not None else (_BEFORE_ALL, "")
        parameters: dict[str, Any] = {
            "kind": kind or "",
            "has": has or "",
            "sort": by,
            "sign": -1 if sort.startswith("-") else 1,
            "place": place,
            "after": after,
            "limit": limit + 1,
        }
        terms = [] if q is None else terms_of(q)
        if q is not None:
            parameters |= {"searches": list(_searches(terms)), "terms": len(terms) or -1, "id": q.strip()}

        def work(tx: Transaction) -> tuple[list[Row], list[Document]]:
            if terms:
                tx.run("explore.catch_up")
            statement, more = "explore.people" if q is None else "explore.people_matching", _in_segment(tx, segment)
            if "nodes" in more:
                statement += "_in"
            rows = tx.run(statement, **parameters, **more)
            return rows, documents(tx, [row["id"] for row in rows[:limit]])

        rows, found = self._database.read(work)
        last = rows[limit - 1] if len(rows) > limit else None
        return found, None if last is None else make_cursor(last["place"], last["id"])

    def all(self, q: str | None = None, *, at_once: int = 1_000, **filters: Any) -> Iterator[list[Document]]:
        """Yield every page of a list, one after the other."""
        cursor = None
        while True:
            page, cursor = self.page(q, limit=at_once, cursor=cursor, **filters)
            yield page
            if cursor is None:
                return

    def _check(self, q: str | None, kind: str | None, has: str | None, sort: str) -> None:
        wrong = []
        if q is not None and len(q) > MAX_KEY:
            wrong.append(FieldError("q", "length", f"at most {MAX_KEY} characters are looked for"))
        if kind is not None and kind not in KINDS:
            wrong.append(FieldError("kind", "kind", f"a kind is {' or '.join(KINDS)}"))
        if has is not None and has not in self._namespaces:
            wrong.append(FieldError("has", "namespace", f"a namespace is one of {', '.join(self._namespaces.names)}"))
        if sort.removeprefix("-") not in SORTS:
            wrong.append(FieldError("sort", "sort", f"people are sorted by one of {', '.join(SORTS)}"))
        if wrong:
            raise BadInput(wrong)


def _in_segment(tx: Transaction, name: str | None) -> dict[str, Any]:
    if name is None:
        return {"listed": ""}
    rows = tx.run("segments.definition", name=name)
    if not rows:
        raise BadInput([FieldError("segment", "segment", f"there is no segment {name!r}")])
    if rows[0]["where_text"] is None:
        return {"listed": name}
    program = compile_condition(orjson.loads(rows[0]["where_text"]), activity=True, namespaces=None)
    return {"listed": "", "now": datetime.now(UTC), **program.parameters()}


def folded(text: str) -> str:
    """Write a text as the index of words holds it: small letters, and those with accents without.

    >>> folded("Chloé Łukasz STRAẞE")
    'chloe lukasz strasse'
    """
    small = unicodedata.normalize("NFC", text.lower()).translate(_SPECIAL)
    return "".join(map(_plain, small))


def _plain(character: str) -> str:
    parts = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    return parts.lower() if parts.isascii() and parts else character


def terms_of(text: str) -> list[list[str]]:
    """List the terms of a search, each with the words that one value must hold.

    >>> terms_of("Chloé ana@example.com")
    [['chloe'], ['ana', 'example', 'com']]
    """
    terms = ([*dict.fromkeys(_WORD.findall(folded(term)))] for term in text.split())
    distinct = [term for term, _ in groupby(sorted(filter(None, terms)))]
    return sorted(distinct, key=len)[:MOST_TERMS]


def _searches(terms: list[list[str]]) -> Iterator[dict[str, Any]]:
    for number, words in enumerate(terms):
        query = " AND ".join(f"*{word}*" for word in words[:MOST_TERMS])
        yield {"term": number, "index": _WORDS, "query": query}
        if any(word in common for word in words for common in _COMMON):
            yield {"term": number, "index": _COMMON_WORDS, "query": query}
