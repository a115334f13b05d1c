"""Named Cypher statements: every one is a file under ``cypher/`` whose header is checked against its body.

A file starts with comment lines::

    // name: resolution.facts
    // purpose: Read, under locks, who owns the keys of a batch.
    // parameters: emails, trackers
    // columns: keys, contacts
    // access: write

``name`` is the file's path with dots. ``parameters`` and ``columns`` may be ``-`` for none. ``plan: kept`` may follow:
every seek of the statement is fixed by a hint, so that its first plan is as good as any later one, and planning it
again whenever the graph has grown would only keep an event waiting.

A file with ``needs: …`` in place of parameters is a fragment: a piece of Cypher that several statements share. Where
the body of one has the line ``// insert: segments.truths``, that piece is put in before anything is checked; ``needs``
names the variables that it uses.

A statement's parameters are sent as one map, `PARAMETERS`: Neo4j keeps a plan for every combination of the types
of parameters *and of the sizes of lists*, by powers of ten, so that batches of changing shapes would be planned
over and over (docs/performance.md).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PARAMETERS = "given"
"""The one parameter that the server gets: a map with all those that the statement declares."""

KEEP_PLAN = "CYPHER replan=skip"
"""Put before a statement whose header says ``plan: kept``."""

CYPHER = Path(__file__).resolve().parents[2] / "cypher"

_HEADER = re.compile(r"^// (\w+): (.*)$")
_IS_FRAGMENT = re.compile(r"^// needs: ", re.MULTILINE)
_INSERT = re.compile(r"^[ ]*// insert: (\S+)$", re.MULTILINE)
_NOT_CODE = re.compile(
    r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|//[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
"""Strings and comments, whichever begins first."""
_PARAMETER = re.compile(r"\$(\w+)")
_WRITES = re.compile(
    r"""(?<![.:\w])(
        (CREATE|MERGE)\s*(\w+\s*=\s*)?\( | CREATE\s+(\w+\s+)?(CONSTRAINT|INDEX)\b |
        SET\s+\w+\s*[.:=+\[] | DELETE\s+\w | REMOVE\s+\w+\s*[.:\[]
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""Writing clauses, told from names such as ``merge`` by what follows."""
_FIELDS = ("name", "purpose", "parameters", "columns", "access")


class StatementError(RuntimeError):
    """A statement file that does not say what it does; the message names the file."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its text as the server gets it, and what its header promises."""

    name: str
    purpose: str
    parameters: frozenset[str]
    columns: tuple[str, ...]
    writes: bool
    text: str


def parse_statement(name: str, text: str) -> Statement:
    """Read one statement and hold its header against its body.

    Raises
    ------
    StatementError
        When a header field is missing, a parameter is missing or unused, the columns are not those that the
        last RETURN gives, or a reading statement writes.
    """
    header: dict[str, str] = {}
    for line in text.splitlines():
        match = _HEADER.match(line)
        if match is None:
            break
        header[match[1]] = match[2].strip()
    missing = [field for field in _FIELDS if not header.get(field)]
    if missing:
        raise StatementError(f"{name}: the header lacks {', '.join(missing)}")
    if header["name"] != name:
        raise StatementError(f"{name}: the header says {header['name']!r}")
    bare = _NOT_CODE.sub(lambda match: "''" if match[0][0] in "'\"" else "", text)
    declared, used = set(_names(header["parameters"])), set(_PARAMETER.findall(bare))
    if declared != used:
        raise StatementError(
            f"{name}: parameters declared and not used: {sorted(declared - used)}, "
            f"used and not declared: {sorted(used - declared)}"
        )
    columns = tuple(_names(header["columns"]))
    returned = tuple(_returned(bare))
    if columns != returned:
        raise StatementError(f"{name}: the header says columns {columns}, the body returns {returned}")
    if header["access"] not in ("read", "write"):
        raise StatementError(f"{name}: access is read or write, not {header['access']!r}")
    writes = _WRITES.search(bare) is not None
    if writes != (header["access"] == "write"):
        raise StatementError(f"{name}: declared as {header['access']}, which its body contradicts")
    plan = header.get("plan")
    if plan not in (None, "kept"):
        raise StatementError(f"{name}: plan is kept or left out, not {plan!r}")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("//"))
    return Statement(name, header["purpose"], frozenset(declared), columns, writes, _as_sent(body, plan))


def parse_fragment(name: str, text: str) -> str:
    """Read a piece of Cypher that statements share, without its header.

    Raises
    ------
    StatementError
        When a header field is missing, or its code does not use a variable that the header names.
    """
    header = {match[1]: match[2].strip() for line in text.splitlines() if (match := _HEADER.match(line))}
    if header.get("name") != name:
        raise StatementError(f"{name}: the header says {header.get('name')!r}")
    if not header.get("purpose"):
        raise StatementError(f"{name}: the header lacks purpose")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("//") or _INSERT.match(line))
    words = set(re.findall(r"\w+", _NOT_CODE.sub("''", _INSERT.sub("", body))))
    if unused := [variable for variable in _names(header["needs"]) if variable not in words]:
        raise StatementError(f"{name}: variables needed and not used: {unused}")
    return body


def insert_fragments(name: str, text: str, fragments: Mapping[str, str], used: set[str]) -> str:
    """Put the fragments that a text names into it, and the names of all of them into ``used``.

    Raises
    ------
    StatementError
        When it names a fragment that does not exist, or one that contains itself.
    """

    def inserted(match: re.Match[str]) -> str:
        if match[1] not in fragments:
            raise StatementError(f"{name}: there is no fragment {match[1]!r} to insert")
        used.add(match[1])
        rest = {other: body for other, body in fragments.items() if other != match[1]}
        return insert_fragments(name, fragments[match[1]], rest, used)

    return _INSERT.sub(inserted, text)


def _as_sent(body: str, plan: str | None) -> str:
    sent = _PARAMETER.sub(rf"${PARAMETERS}.\1", body)
    return f"{KEEP_PLAN}\n{sent}" if plan else sent


def _names(listed: str) -> list[str]:
    return [] if listed == "-" else [part.strip() for part in listed.split(",")]


def _returned(body: str) -> Iterator[str]:
    """Yield the names that the outermost last RETURN gives."""
    depth, last = 0, None
    for match in re.finditer(r"[{(\[]|[})\]]|\bRETURN\b", body):
        if match[0] in "{([":
            depth += 1
        elif match[0] in "})]":
            depth -= 1
        elif depth == 0:
            last = match.end()
    if last is None:
        return
    tail = body[last:].rstrip().rstrip(";")
    for match in re.finditer(r"[{(\[]|[})\]]|\b(?:ORDER BY|LIMIT|SKIP|UNION)\b", tail):
        depth += (match[0] in "{([") - (match[0] in "})]")
        if depth == 0 and match[0].isupper():
            tail = tail[: match.start()]
            break
    depth, part = 0, ""
    for character in [*tail, ","]:
        depth += (character in "{([") - (character in "})]")
        if character == "," and depth == 0:
            words = re.sub(r"^\s*DISTINCT\b", "", part).split()
            yield words[-1].rpartition(".")[2]
            part = ""
        else:
            part += character


@cache
def load_statements(folder: Path = CYPHER) -> Mapping[str, Statement]:
    """Load and check every statement under a folder, migrations aside.

    Raises
    ------
    StatementError
        For the first file whose header and body disagree.
    """
    found: dict[str, Statement] = {}
    statements: dict[str, str] = {}
    fragments: dict[str, str] = {}
    for path in sorted(folder.rglob("*.cypher")):
        relative = path.relative_to(folder)
        if relative.parts[0] == "migrations":
            continue
        name = ".".join(relative.with_suffix("").parts)
        text = path.read_text(encoding="utf-8")
        if _IS_FRAGMENT.search(text):
            fragments[name] = parse_fragment(name, text)
        else:
            statements[name] = text
    used: set[str] = set()
    for name, text in statements.items():
        found[name] = parse_statement(name, insert_fragments(name, text, fragments, used))
    if unused := sorted(set(fragments) - used):
        raise StatementError(f"{unused[0]}: no statement inserts this fragment")
    return found
