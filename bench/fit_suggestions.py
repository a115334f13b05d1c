"""Fit the weights of suggestions on simulated worlds, and measure on other seeds how far the probabilities are right.

Run with ``python -m bench.fit_suggestions [--people 300]``. Each world is resolved into a throw-away embedded database
under ``continuity``, as `kinfold simulate` does it; every candidate pair is one person or two by the world's truth. The
logistic weights (ridge, Newton's method) go to `graph/analysis/suggestion_weights.json`; features that no simulated
world has keep what stands there. The calibration error is the mean distance, weighted by the number of pairs, of the
share that is one person from the mean probability, in ten bins of probability; `docs/suggestions-calibration.png` shows
it.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console

from graph.analysis.suggestions import FEATURES, WEIGHTS_FILE, Weights, features_of, read_activity, read_people
from graph.deployment.scratch import scratch_graph
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.logs.replay import Run
from graph.settings import Settings
from graph.simulation import World
from graph.simulation.score import Jar, is_one_person, persons_behind

FIT_SEEDS = (11, 12, 13, 14, 15, 16, 17)
OTHER_SEEDS = (21, 22, 23, 24, 25)
PICTURE = Path(__file__).parents[1] / "docs" / "suggestions-calibration.png"
RIDGE = 0.1
STEPS = 50

Floats = npt.NDArray[np.float64]


def pairs_of(kinfold: Kinfold, people: int, seed: int) -> tuple[list[dict[str, float]], list[bool]]:
    """Let a world happen; return the features of every candidate, and whether it is one person."""
    jar, run = Jar(), Run("continuity")
    truth: list[str] = []
    named: list[bool] = []
    for batch in jar.batches(World(people, seed=seed).happenings(), kinfold.settings.batch_size):
        answers = kinfold.resolver.resolve([read_event(jar.sent(happening)) for happening in batch])
        for happening, answer in zip(batch, answers, strict=True):
            jar.store(happening, answer)
            run.add(answer)
            truth.append(happening.truth.person)
            named.append(happening.truth.named)
    persons = persons_behind(run.contacts(), truth, named)
    somebody = read_people(kinfold.database)
    features, same = [], []
    for (one, other), values in features_of(somebody, read_activity(kinfold.database)).items():
        first, second = persons.get(somebody[one].id), persons.get(somebody[other].id)
        if first is not None and second is not None:
            features.append(values)
            same.append(is_one_person(first, second))
    return features, same


def fit(features: Sequence[dict[str, float]], same: Sequence[bool], before: Weights) -> Weights:
    """Fit the weights of the features that vary; the others keep theirs."""
    codes = [code for code in FEATURES if len({values.get(code, 0.0) for values in features}) > 1]
    x = np.array([[1.0, *(values.get(code, 0.0) for code in codes)] for values in features])
    y = np.array(same, dtype=np.float64)
    weights = np.zeros(x.shape[1])
    ridge = np.eye(x.shape[1]) * RIDGE
    ridge[0, 0] = 1e-6
    for _ in range(STEPS):
        expected = 1.0 / (1.0 + np.exp(-x @ weights))
        slope = x.T @ (y - expected) - ridge @ weights
        curve = (x * (expected * (1.0 - expected))[:, None]).T @ x + ridge
        step = np.linalg.solve(curve, slope)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    fitted = {code: round(float(weight), 3) for code, weight in zip(codes, weights[1:], strict=True)}
    return Weights(round(float(weights[0]), 3), {**before.of, **fitted})


def calibration(probability: Floats, same: Floats) -> tuple[float, list[dict[str, Any]]]:
    """Return the calibration error, and each bin with its mean probability and its share of right pairs."""
    bins, error = [], 0.0
    places = np.minimum((probability * 10).astype(int), 9)
    for place in range(10):
        mine = places == place
        if not mine.any():
            continue
        said, right = float(probability[mine].mean()), float(same[mine].mean())
        error += abs(said - right) * mine.sum() / len(probability)
        bins.append({"pairs": int(mine.sum()), "probability": round(said, 3), "right": round(right, 3)})
    return error, bins


def draw(document: Mapping[str, Any], path: Path) -> None:
    """Draw for each bin of probability which share of its pairs is one person, and how many pairs it has, as PNG."""
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    right, many = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    measured = document["measured_on"]
    said = [one["probability"] for one in measured["bins"]]
    right.plot([0, 1], [0, 1], color="#999999", linewidth=1, label="exactly as said")
    right.plot(said, [one["right"] for one in measured["bins"]], "o-", color="#4c78a8", label="measured")
    right.set_ylabel("share of pairs that are one person")
    right.set_title(
        f"{sum(one['pairs'] for one in measured['bins']):,} pairs of {len(measured['seeds'])} worlds that were not "
        f"fitted on; calibration error {measured['calibration_error']:.3f}",
        fontsize=9,
    )
    right.legend(frameon=False)
    many.bar(said, [one["pairs"] for one in measured["bins"]], 0.06, color="#4c78a8")
    many.set_yscale("log")
    many.set_ylabel("pairs")
    many.set_xlabel("probability")
    for axes in (right, many):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130, format="png", metadata={"Software": None})


def fitted(
    worlds: Mapping[int, tuple[list[dict[str, float]], list[bool]]],
    people: int,
    seeds: Sequence[int],
    other_seeds: Sequence[int],
) -> dict[str, Any]:
    """Fit on some worlds and measure on others; return what the file of weights holds."""
    kept = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    features = [values for seed in seeds for values in worlds[seed][0]]
    same = [one for seed in seeds for one in worlds[seed][1]]
    weights = fit(features, same, Weights(kept["bias"], kept["weights"]))
    others = [values for seed in other_seeds for values in worlds[seed][0]]
    truth = np.array([one for seed in other_seeds for one in worlds[seed][1]], dtype=np.float64)
    probability = np.array([weights.probability(values) for values in others])
    error, bins = calibration(probability, truth)
    precision = {}
    for least in (0.5, 0.9, 0.95, 0.99):
        there = probability >= least
        precision[str(least)] = (
            {"pairs": int(there.sum()), "right": round(float(truth[there].mean()), 4)}
            if (there.any())
            else {"pairs": 0, "right": None}
        )
    varied = sorted({code for values in features for code in values})
    return {
        "bias": weights.bias,
        "weights": dict(weights.of),
        "fitted": varied,
        "people": people,
        "seeds": seeds,
        "measured_on": {"seeds": other_seeds, "calibration_error": round(error, 4), "bins": bins, "from": precision},
    }


def main() -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(FIT_SEEDS))
    parser.add_argument("--others", type=int, nargs="*", default=list(OTHER_SEEDS))
    asked = parser.parse_args()
    console = Console(stderr=True)
    worlds: dict[int, tuple[list[dict[str, float]], list[bool]]] = {}
    with scratch_graph(Settings()) as scratch:
        for seed in (*asked.seeds, *asked.others):
            worlds[seed] = pairs_of(scratch.emptied("continuity"), asked.people, seed)
            console.print(f"seed {seed}: {len(worlds[seed][0])} pairs, {sum(worlds[seed][1])} of one person")
    document = fitted(worlds, asked.people, asked.seeds, asked.others)
    draw(document, PICTURE)
    WEIGHTS_FILE.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    console.print_json(json.dumps(document))


if __name__ == "__main__":
    main()
