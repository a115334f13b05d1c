"""The score of a world as a picture."""

from pathlib import Path

from graph.simulation.score import Score

_LEFT = (("precision", "#4c78a8"), ("recall", "#f58518"), ("f1", "#54a24b"))


def draw(score: Score, path: Path) -> None:
    """Draw B-cubed precision, recall and F1 of each method beside the known persons it wrongly fused, as PNG.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = [one for one in score.methods if one.suggested is None or one.suggested.lowest]
    names = [method.name.replace(" ", "\n", 1).replace("_", " ") for method in shown]
    places = range(len(names))
    figure = Figure(figsize=(16, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(
        f"{score.people:,} people, seed {score.seed}: {score.events:,} events, {score.known:,} known persons"
    )
    quality, fused = figure.subplots(1, 2, width_ratios=(3, 2))
    for offset, (measure, colour) in enumerate(_LEFT):
        values = [getattr(method.agreement.bcubed, measure) for method in shown]
        bars = quality.bar([place + (offset - 1) * 0.27 for place in places], values, 0.25, label=measure, color=colour)
        quality.bar_label(bars, fmt="%.2f", fontsize=7)
    quality.set_title("B-cubed agreement with the truth")
    quality.set_ylim(0, 1.15)
    quality.legend(ncols=3, loc="upper center", frameon=False, fontsize=8)
    counts = [method.fused.persons for method in shown]
    bars = fused.bar(list(places), counts, 0.6, color="#e45756")
    fused.bar_label(bars, fontsize=8)
    fused.set_title("known persons wrongly fused")
    fused.set_ylim(0, max([*counts, 1]) * 1.15)
    for axes in (quality, fused):
        axes.set_xticks(list(places), names, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130, format="png", metadata={"Software": None})
