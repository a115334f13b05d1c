"""People as a list: found by parts of a name, a property or a key, filtered, sorted, page by page."""

import re
import time
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import orjson

from graph.clock import Micros, to_datetime
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
_SAMPLE, _SAMPLED = 0.01, 80
"""One contact in a hundred tells since when the latest 8,000 were seen: most first pages are among those."""
_SAMPLE_SECONDS = 60
_AMONG = 8
"""How many times a page is looked through for words that very many hold, before the index is asked for all of them."""
_FEW_EACH = 4
"""Up to so many activities a contact, whoever did an event is found from the activities on."""
_COMMON_HITS = 20_000
"""From so many values on that hold a word, people are looked through for it in their order."""
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
        self._since: dict[str, tuple[float, Micros | None]] = {}

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
        place, after = read_cursor(cursor, (int, str)) if cursor is not None else (_BEFORE_ALL, "")
        given: dict[str, Any] = {
            "kind": kind or "",
            "has": has or "",
            "sort": sort.removeprefix("-"),
            "sign": -1 if sort.startswith("-") else 1,
            "place": place,
            "after": after,
        }

        def work(tx: Transaction) -> tuple[list[Row], list[Document]]:
            asked = given | _in_segment(tx, segment)
            rows = self._listed(tx, limit + 1, asked) if q is None else self._matching(tx, q, limit + 1, asked)
            return rows, documents(tx, [row["id"] for row in rows[:limit]], self._namespaces)

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

    def _listed(self, tx: Transaction, limit: int, asked: dict[str, Any]) -> list[Row]:
        if asked["listed"]:
            return tx.run("explore.people_listed", since=None, limit=limit, **asked)
        if asked.get("did") is not None:
            counted = tx.run("analysis.sizes")[0]
            # Rarely done, it is soon found among few; of many, most contacts have done what is often done.
            if counted["activities"] <= counted["contacts"] * _FEW_EACH:
                return tx.run("explore.people_who_did", since=None, limit=limit, **asked)
        return self._run(tx, "explore.people", limit, asked)

    def _perhaps_holding(self, tx: Transaction, terms: list[list[str]], limit: int, asked: dict[str, Any]) -> list[Row]:
        """Read the first people who may hold these terms: all who do, and some who do not."""
        if asked["listed"] or "nodes" in asked:
            return self._listed(tx, limit, asked)
        return self._run(tx, "explore.people_holding", limit, asked | {"terms": terms})

    def _matching(self, tx: Transaction, q: str, limit: int, asked: dict[str, Any]) -> list[Row]:
        """Read the first people whom words lead to.

        A word that very many values hold leads to nearly everybody: then people are looked through in their order,
        which soon makes a page, before all whom the index names are sorted.
        """
        terms = terms_of(q)
        searches = list(_searches(terms))
        common: set[int] = set()
        if terms:
            tx.run("explore.catch_up")
            hits = tx.run("explore.words_found", searches=searches, most=_COMMON_HITS)
            common = {row["term"] for row in hits if row["hits"] == _COMMON_HITS}
        if common:
            among = limit * _AMONG
            rest = [search for search in searches if search["term"] not in common]
            sought = [terms[number] for number in sorted(common)]
            if rest:
                fewer = {"searches": rest, "terms": len(terms) - len(common), "id": ""}
                rows = self._run(tx, "explore.people_matching", among, asked | fewer)
            else:
                rows = self._perhaps_holding(tx, sought, among, asked)
            found = _holding(tx, rows, sought, limit)
            if len(found) == limit or len(rows) <= limit:
                return found
        words = {"searches": searches, "terms": len(terms) or -1, "id": q.strip()}
        return self._run(tx, "explore.people_matching", limit, asked | words, windowed=bool(common))

    def _run(
        self, tx: Transaction, statement: str, limit: int, asked: dict[str, Any], *, windowed: bool = True
    ) -> list[Row]:
        """Read so many rows, of the latest people first, and of all where those are too few."""
        statement += "_in" if "nodes" in asked else ""
        since = self._window(tx, asked) if windowed else None
        if since is not None:
            rows = tx.run(statement, since=to_datetime(since), limit=limit, **asked)
            if len(rows) == limit:
                return rows
        return tx.run(statement, since=None, limit=limit, **asked)

    def _window(self, tx: Transaction, asked: dict[str, Any]) -> Micros | None:
        """Return since when there are some thousand people in this order; None where that does not help.

        The answer is the same with any of them, and may be old.
        """
        sort = asked["sort"]
        # Whoever did what a segment asks for may have been seen long ago.
        if sort not in ("last_seen", "created") or asked["sign"] < 0 or asked.get("did") is not None:
            return None
        known, since = self._since.get(sort, (-_SAMPLE_SECONDS, None))
        if time.monotonic() - known > _SAMPLE_SECONDS:
            times = tx.run("explore.latest_times", sort=sort, share=_SAMPLE, first=_SAMPLED)
            since = times[-1]["at"] if len(times) == _SAMPLED else None
            self._since[sort] = time.monotonic(), since
        return None if since is None or asked["place"] <= since else since

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


def _holding(tx: Transaction, rows: list[Row], terms: list[list[str]], limit: int) -> list[Row]:
    """Return the first people of these of whose values one holds all words of each term."""
    found: list[Row] = []
    for start in range(0, len(rows), limit):
        some = rows[start : start + limit]
        texts = {
            row["id"]: [folded(text) for text in map(_text, [*row["keys"], *row["properties"]])]
            for row in tx.run("explore.texts_of_people", contact_ids=[row["id"] for row in some])
        }
        found += [
            row
            for row in some
            if all(any(all(word in text for word in term) for text in texts.get(row["id"], ())) for term in terms)
        ]
        # So few that the others of these would hardly make a page.
        if len(found) >= limit or len(found) * _AMONG < start + limit:
            break
    return found[:limit]


def _text(value: Any) -> str:
    """Return what the index of words holds of a value: texts, and of a list its texts."""
    if isinstance(value, list):
        return " ".join(one for one in value if isinstance(one, str))
    return value if isinstance(value, str) else ""


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
