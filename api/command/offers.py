"""What ``kinfold offers`` does: simulations and reports, as tables, CSV and a picture."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError
from rich.table import Table

from api.command.output import Teller, new_table
from api.http.bodies import OfferSimulationBody
from api.http.tables import csv_table
from graph.errors import BadInput, FieldError
from graph.identity.events import field_errors
from graph.kinfold import Kinfold
from graph.offers.reports import BY, COUNTS, By
from graph.offers.simulation import COLUMNS, Plan

Document = dict[str, Any]

SHOWN = 20
"""Rows of a table; CSV has all of them."""


def plan_of(
    *,
    segment: str | None,
    at: str | None,
    spaces: Sequence[str] | None,
    by_cookie: bool,
    limit: int | None,
    context: str | None,
    most: int | None,
    drafts: bool = False,
) -> Plan:
    """Read what is to be tried, as a call would say it.

    Raises
    ------
    BadInput
        With the field of each mistake.
    """
    said: Document = {"segment": segment, "at": at, "spaces": spaces or None, "limit": limit, "most": most}
    said["drafts"] = drafts or None
    said = {name: value for name, value in said.items() if value is not None}
    if by_cookie:
        said["identified_by"] = "implicit"
    if context is not None:
        try:
            said["context"] = orjson.loads(context)
        except orjson.JSONDecodeError as error:
            raise BadInput([FieldError("context", "json", "this is not JSON")]) from error
    try:
        return OfferSimulationBody.model_validate(said).plan()
    except ValidationError as error:
        raise BadInput(field_errors(error)) from error


def simulate(kinfold: Kinfold, environment: str, plan: Plan, *, csv: Path | None, teller: Teller) -> None:
    """Show a simulation, and write what each would get as a table when asked."""
    document = kinfold.offer_simulations.run(environment, plan)
    written = []
    if csv is not None:
        csv.write_text(csv_table(COLUMNS, kinfold.offer_simulations.rows(environment, plan)), encoding="utf-8")
        written = [f"Written: {csv}."]
    teller.tell(document, *_simulation(document), *written)


def _simulation(document: Document) -> list[Table | str]:
    more = ", and there are more" if document["more_people"] else ""
    whom = "everybody" if document["segment"] is None else f"segment {document['segment']}"
    offers = new_table("offer", "environment", "people", "first choice", "why not the others")
    for one in document["offers"]:
        offers.add_row(one["name"], one["environment"], str(one["people"]), str(one["first"]), _why(one["left_out"]))
    answers = new_table("contact", "kind", "space", "answered by", "offers")
    for one in document["answers"][:SHOWN]:
        names = ", ".join(offer["name"] for offer in one["offers"])
        answers.add_row(one["contact"], one["kind"], one["space"], one["answered_by"] or "nobody", names or "none")
    never = ", ".join(document["never"]) or "none"
    return [
        f"{document['environment']} on {whom} at {document['at']}: {document['people']} contacts{more}.",
        offers,
        f"Offered to nobody: {never}.",
        answers,
    ]


def _why(left_out: list[Document]) -> str:
    by_words: dict[str, int] = {}
    for one in left_out:
        by_words[one["words"]] = by_words.get(one["words"], 0) + one["people"]
    # Somebody who is asked for at three spaces may go without three times.
    return "\n".join(f"{times} {'time' if times == 1 else 'times'}: {words}" for words, times in by_words.items())


def report(
    kinfold: Kinfold,
    environment: str,
    *,
    by: str,
    since: str | None,
    until: str | None,
    csv: Path | None,
    picture: Path | None,
    teller: Teller,
) -> None:
    """Show what became of propositions, and write it as a table and as a picture when asked.

    Raises
    ------
    BadInput
        When it is counted by nothing that there is, or a time is none.
    """
    counted_by = next((one for one in BY if one == by), None)
    if counted_by is None:
        raise BadInput([FieldError("by", "by", f"a report counts by {', '.join(BY)}")])
    rows = kinfold.reports.of(environment, counted_by, since=_time("from", since), until=_time("to", until))
    written = _written(rows, counted_by, environment, csv, picture)
    table = new_table(counted_by, *COUNTS)
    for row in rows:
        table.add_row(row[counted_by], *(str(row[name]) for name in COUNTS))
    teller.tell({"items": rows, "next": None}, table, *written)


def _time(name: str, said: str | None) -> datetime | None:
    if said is None:
        return None
    try:
        return OfferSimulationBody.model_validate({"at": said}).at
    except ValidationError as error:
        raise BadInput([FieldError(name, one.rule, one.message) for one in field_errors(error)]) from error


def _written(rows: list[Document], by: By, environment: str, csv: Path | None, picture: Path | None) -> list[str]:
    files = []
    if csv is not None:
        csv.write_text(csv_table([by, *COUNTS], rows), encoding="utf-8")
        files.append(csv)
    if picture is not None:
        from graph.offers.picture import draw

        draw(rows, by, environment, picture)
        files.append(picture)
    return [f"Written: {', '.join(map(str, files))}."] if files else []
