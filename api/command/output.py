"""How the commands print: tables for people, one JSON document for programs."""

import sys
from typing import Any

import orjson
import typer
from rich.table import Table

from api.http.problems import as_problem
from api.terminal import Screen, inert, say
from graph.errors import KinfoldError, Unavailable

Document = dict[str, Any]

WIDTH = 120
REFUSED = 1


class Teller:
    """Print what was done: to people as tables on stdout, to programs as one JSON document."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._console = Screen(width=WIDTH)

    def tell(self, document: Any, *shown: Table | str) -> None:
        """Write the document, or what is shown of it."""
        if self._as_json:
            option = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
            sys.stdout.buffer.write(inert(orjson.dumps(document, option=option)))
            sys.stdout.buffer.flush()
            return
        for item in shown:
            self._console.print(item, soft_wrap=isinstance(item, str))

    def refuse(self, error: KinfoldError, *, done: list[Document] | None = None) -> typer.Exit:
        """Explain why it is not done; the exit code is the one of a log with bad lines.

        Parameters
        ----------
        done
            What was done before, where a command does more than one thing.
        """
        if isinstance(error, Unavailable) or error.status >= 500:
            raise error
        problem = {"error": as_problem(error)}
        self.tell(problem if done is None else {"undone": done, **problem}, *map(undone_in_words, done or ()))
        say(f"kinfold: {error.detail}")
        return typer.Exit(REFUSED)


def new_table(*columns: str) -> Table:
    """Make a table whose long cells are folded."""
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def undone_in_words(entry: Document) -> str:
    """Return a line that says which contact an undone union gave back."""
    return f"Undone: {entry['source']} came back out of {entry['target']}."
