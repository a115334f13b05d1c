"""A report of offers as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graph.offers.reports import By

_DRAWN = (("presented", "#4c78a8"), ("clicked", "#f58518"), ("accepted", "#54a24b"), ("refused", "#e45756"))
MOST_ROWS = 60
"""The most bars of a kind that one picture shows: those that were proposed most; of days the last."""


def draw(rows: Sequence[Mapping[str, Any]], by: By, environment: str, path: Path) -> None:
    """Draw what was presented, clicked, accepted and refused: bars by offer or space, lines by day.

    SVG where the name of the file ends in ``.svg``, else PNG.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    shown = _shown(rows, by)
    names, places = [str(row[by]) for row in shown], range(len(shown))
    height = 4.8 if by == "day" else max(2.5, 1 + 0.55 * len(shown))
    figure = Figure(figsize=(10, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    left = "" if len(shown) == len(rows) else f", {len(shown)} of {len(rows)}"
    axes.set_title(f"{environment}: what became of propositions, by {by}{left}")
    for number, (name, colour) in enumerate(_DRAWN):
        values = [row[name] for row in shown]
        if by == "day":
            axes.plot(list(places), values, marker="o", markersize=4, color=colour, label=name)
        else:
            bars = axes.barh([place + (number - 1.5) * 0.2 for place in places], values, 0.19, color=colour, label=name)
            axes.bar_label(bars, fontsize=7, padding=2)
    if by == "day":
        step = max(1, len(names) // 12)
        axes.set_xticks(list(places)[::step], names[::step], fontsize=8, rotation=30, ha="right")
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        axes.set_yticks(list(places), names, fontsize=8)
        axes.invert_yaxis()
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(x=0.08)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(ncols=len(_DRAWN), loc="upper left", bbox_to_anchor=(0, -0.08), frameon=False, fontsize=8)
    kind = "svg" if path.suffix.lower() == ".svg" else "png"
    stamp = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    figure.savefig(path, dpi=130, format=kind, metadata=stamp)


def _shown(rows: Sequence[Mapping[str, Any]], by: By) -> list[Mapping[str, Any]]:
    if len(rows) <= MOST_ROWS:
        return list(rows)
    if by == "day":
        return list(rows[-MOST_ROWS:])
    return sorted(rows, key=lambda row: (-row["proposed"], row[by]))[:MOST_ROWS]
