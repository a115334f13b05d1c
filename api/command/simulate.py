"""The bodies of ``kinfold simulate``: a world as NDJSON, or its score."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import orjson
from rich.box import SIMPLE_HEAD
from rich.table import Table

from api.terminal import Refusal, Screen, fetching, say
from graph.errors import BadInput, FieldError
from graph.settings import PolicyName, Settings
from graph.simulation import Parameters, World

if TYPE_CHECKING:
    from graph.simulation.metrics import Quality
    from graph.simulation.pushes import Pushes
    from graph.simulation.score import Method, Score

WIDTH = 120
_LINE = orjson.OPT_APPEND_NEWLINE
_CHUNK = 2000


def read_parameters(given: list[str]) -> Parameters:
    """Read ``NAME=VALUE`` pairs.

    Raises
    ------
    BadInput
        When one is no pair, no parameter, or out of range.
    """
    pairs: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadInput([FieldError(text, "type", "parameters are given as NAME=VALUE")])
        pairs[name.strip()] = value
    return Parameters().changed(pairs)


def write_world(world: World, out: BinaryIO, truth: Path | None) -> None:
    """Write a world's events, and the truth about each of them to a file of its own.

    The file has one line an event, then one for each anomaly that was planted.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    with _truth_file(truth) as told:
        happenings = world.happenings()
        while chunk := list(islice(happenings, _CHUNK)):
            if told is not None:
                told.write(b"".join(orjson.dumps(happening.truth.to_dict(), option=_LINE) for happening in chunk))
            out.write(b"".join(orjson.dumps(happening.event, option=_LINE) for happening in chunk))
        if told is not None:
            told.writelines(orjson.dumps({"planted": planted.to_dict()}, option=_LINE) for planted in world.planted())
        out.flush()


def score(
    settings: Settings,
    people: int,
    seed: int,
    parameters: Parameters,
    *,
    adopts: bool,
    policies: Sequence[PolicyName],
    out: Path | None,
) -> None:
    """Replay a world under policies and yardsticks in a scratch graph, and show how each did.

    Raises
    ------
    EmbeddedError
        When no scratch graph can be started.
    OSError
        When a file cannot be written.
    """
    from graph.deployment.scratch import scratch_graph
    from graph.simulation.picture import draw
    from graph.simulation.score import score_world

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    with fetching() as report, scratch_graph(settings, on_progress=report) as scratch:
        done = score_world(
            scratch,
            people,
            seed=seed,
            parameters=parameters,
            adopts=adopts,
            policies=policies,
            told=lambda policy, events, total: report(f"Replaying under {policy}", events, total),
        )
    console = Screen(width=WIDTH)
    for table in tables(done, console.width):
        console.print(table)
    if out is not None:
        document = orjson.dumps(done.to_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | _LINE)
        (out / "score.json").write_bytes(document)
        draw(done, out / "score.png")
        say(f"Wrote {out / 'score.json'} and {out / 'score.png'}.")


def tables(score: "Score", width: int = WIDTH) -> Iterator[Table]:
    """Show a score to a person, with nothing cut off at a width of 80 or more."""
    stored = "store the answered tracker" if score.adopts else "keep their own cookie"
    title = (
        f"{score.people:,} people, seed {score.seed}: {score.events:,} events of {score.persons:,} actors, "
        f"{score.known:,} known persons; browsers {stored}"
    )
    agreement = ("contacts", "pair P", "pair R", "pair F1", "B³ P", "B³ R", "B³ F1")
    fused = ("fused", "worst", "right")
    # What does not fit beside the rest is a table of its own.
    parts = [(*agreement, *fused)] if width >= WIDTH else [agreement, fused]
    made = [_titled("" if number else title, headings, width) for number, headings in enumerate(parts)]
    for method in score.methods:
        row = _row_of(method)
        for table, headings in zip(made, parts, strict=True):
            table.add_row(_called(method), *(row[heading] for heading in headings))
    made[-1].caption = (
        "P precision, R recall; fused: known persons wrongly fused; worst: as many in one contact; continuity + 0.95: "
        "with suggestions of 0.95 and more accepted; right: how many of them are one person; split: contacts split "
        "around the values that were found to fuse; *: the lowest probability that fuses no more than names, "
        "then last login"
    )
    made[-1].caption_justify = "left"
    yield from made
    if any(method.detections is not None for method in score.methods):
        yield _detected(score)
    yield from _pushed(score, width)


def _titled(title: str, headings: Iterable[str], width: int) -> Table:
    table = Table(title=title or None, title_justify="left")
    if width < WIDTH:
        table.box, table.padding, table.pad_edge = SIMPLE_HEAD, (0, 1, 0, 0), False
    table.add_column("", overflow="fold")
    for heading in headings:
        table.add_column(heading, justify="right", overflow="fold")
    return table


def _called(method: "Method") -> str:
    return f"{method.name} *" if method.suggested and method.suggested.lowest else method.name


def _row_of(method: "Method") -> dict[str, str]:
    shown = {"contacts": f"{method.contacts:,}"}
    for name, quality in (("pair", method.agreement.pairwise), ("B³", method.agreement.bcubed)):
        shown |= {
            f"{name} {what}": f"{value:.3f}" for what, value in zip(("P", "R", "F1"), _three(quality), strict=True)
        }
    accepted = method.suggested
    return {
        **shown,
        "fused": f"{method.fused.persons:,}",
        "worst": f"{method.fused.largest:,}",
        "right": "" if accepted is None else f"{accepted.right:,}/{accepted.pairs:,}",
    }


def _detected(score: "Score") -> Table:
    table = Table(
        title="Anomalies found: precision / recall / average precision against those planted (found)",
        title_justify="left",
    )
    table.add_column("kind", no_wrap=True)
    table.add_column("planted", justify="right", overflow="fold")
    methods = [method for method in score.methods if method.detections is not None]
    for method in methods:
        table.add_column(method.name, justify="right", overflow="fold")
    for rows in zip(*(method.detections or [] for method in methods), strict=False):
        table.add_row(
            rows[0].kind,
            f"{rows[0].planted}" + (f" ({rows[0].evident})" if rows[0].evident < rows[0].planted else ""),
            *(
                f"{_share(row.precision)} / {_share(row.recall)} / {_share(row.average_precision)}  ({row.found})"
                for row in rows
            ),
        )
    wrongly = ", ".join(f"{method.name} {sum(row.households for row in method.detections or [])}" for method in methods)
    table.caption = (
        f"What a household shares is not planted; of the findings, about a household: {wrongly}. In brackets: how many "
        "of those planted the log gives away, where not all of them"
    )
    table.caption_justify = "left"
    return table


def _pushed(score: "Score", width: int) -> Iterator[Table]:
    pushes = f"A push every {score.parameters.pushes_every:g} days"
    listed = f"{pushes} to everybody who ever came with a subscription, as from a list that a sender keeps itself"
    yield _reached(listed, [(method.name, method.listed) for method in score.methods], width)
    owned = _reached(
        f"{pushes} to who owns a subscription then", [(one.name, one.pushes) for one in score.methods], width
    )
    owned.caption = (
        "What the gate (POST /v1/deliveries/check) does not let through: all that is not 'deliver'; unsaid: wrong "
        "ones to a device of which the log says nothing of a second person; names, then last login: to the last name "
        "that was given with it or on its tracker"
    )
    owned.caption_justify = "left"
    yield owned


def _reached(title: str, rows: Iterable[tuple[str, "Pushes | None"]], width: int) -> Table:
    headings = ("right", "wrong", "unsaid", "wrong with the gate", "prevented", "right withheld", "share")
    table = _titled(title, headings, width)
    for name, pushes in rows:
        if pushes is None:
            continue
        with_gate = ("" if count is None else f"{count:,}" for count in (pushes.wrong_through, pushes.right_withheld))
        through, withheld = with_gate
        shares = ("" if pushes.wrong_through is None else _percent(one) for one in (pushes.prevented, pushes.withheld))
        prevented, share = shares
        counts = (f"{count:,}" for count in (pushes.right, pushes.wrong, pushes.wrong_unsaid))
        table.add_row(name, *counts, through, prevented, withheld, share)
    return table


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{100 * value:.1f}\N{NO-BREAK SPACE}%"


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def _three(quality: "Quality") -> tuple[float, float, float]:
    return quality.precision, quality.recall, quality.f1


@contextmanager
def _truth_file(path: Path | None) -> Iterator[BinaryIO | None]:
    if path is None:
        yield None
        return
    if path.is_dir():
        raise Refusal(f"{path} is a folder, not a file for the truth.")
    with path.open("wb") as file:
        yield file
