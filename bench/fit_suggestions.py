"""Fit the weights of suggestions on simulated worlds, and measure on other seeds how far the probabilities are right.

Run with ``python -m bench.fit_suggestions [--people 1000]``. Each world is resolved into a throw-away embedded database
under ``continuity``, as `kinfold simulate` does it; every candidate pair is one person or two by the world's truth. The
logistic weights (Newton's method; a ridge that draws them to `BY_HAND`) go to
`graph/analysis/suggestion_weights.json`; features that no simulated world has, or not as the real one has them
(`HELD`), stay as they are by hand. The calibration error is the mean distance, weighted by the number of pairs, of the
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

from graph.analysis.suggestions import FEATURES, TIES, WEIGHTS_FILE, Weights, features_of, read_activity, read_people
from graph.deployment.scratch import scratch_graph
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.logs.replay import Run
from graph.settings import Settings
from graph.simulation import World
from graph.simulation.score import Jar, is_one_person, persons_behind

FIT_SEEDS = (11, 12, 13, 14, 15, 16, 17, 18, 19, 20)
OTHER_SEEDS = (21, 22, 23, 24, 25, 26)
PICTURE = Path(__file__).parents[1] / "docs" / "suggestions-calibration.png"
RIDGE = 0.1
STEPS = 50
NEVER_AGAINST = TIES - {"others_there"}
NEVER_FOR = frozenset(
    "met_elsewhere visits_apart others_there two_addresses two_ids other_place other_name several_people role".split()
)
HELD = {"one_letter"}
"""Not fitted: no two people of a simulated world have almost the same name, as Anna and Anne have."""
BIAS = -3.0
BY_HAND = {
    "alone_together": 1.0,
    "id_and_address": 2.0,
    "met_elsewhere": -1.5,
    "one_visit": 1.0,
    "visits_apart": -0.5,
    "others_there": -1.2,
    "conflict": 1.0,
    "push_and_cookie": 1.0,
    "next_cookie": 0.5,
    "one_visitor": 0.0,
    "plus_tag": 5.5,
    "domain_slip": 5.0,
    "one_letter": 5.0,
    "same_phone": 5.0,
    "name_and_postcode": 5.5,
    "alias": 8.0,
    "two_addresses": -1.0,
    "two_ids": -2.5,
    "same_place": 0.5,
    "other_place": -1.5,
    "other_name": -3.0,
    "several_people": -2.0,
    "role": -3.0,
}
"""What each feature counts before any world was seen: a weight moves away from it as far as the worlds say so."""

Floats = npt.NDArray[np.float64]


def pairs_of(kinfold: Kinfold, people: int, seed: int) -> tuple[list[dict[str, float]], list[bool]]:
    """Let a world happen; return the features of every candidate, and whether it is one person."""
    jar, run = Jar(), Run("continuity")
    truth: list[str] = []
    accounts: list[str | None] = []
    for batch in jar.batches(World(people, seed=seed).happenings(), kinfold.settings.batch_size):
        answers = kinfold.resolver.resolve([read_event(jar.sent(happening)) for happening in batch])
        for happening, answer in zip(batch, answers, strict=True):
            jar.store(happening, answer)
            run.add(answer)
            truth.append(happening.truth.person)
            accounts.append(happening.truth.account)
    persons = persons_behind(run.contacts(), truth, accounts)
    somebody = read_people(kinfold.database)
    features, same = [], []
    for (one, other), values in features_of(somebody, read_activity(kinfold.database)).items():
        first, second = persons.get(somebody[one].id), persons.get(somebody[other].id)
        if first is not None and second is not None:
            features.append(values)
            same.append(is_one_person(first, second))
    return features, same


def fit(features: Sequence[dict[str, float]], same: Sequence[bool]) -> Weights:
    """Fit the weights of the features that vary; the others keep those set by hand.

    What ties two does not speak against them, nor what tells them apart for them: where that would fit better, it
    counts nothing.
    """
    codes = [code for code in FEATURES if code not in HELD and len({one.get(code, 0.0) for one in features}) > 1]
    nothing: dict[str, float] = {}
    while True:
        bias, fitted = _logistic([code for code in codes if code not in nothing], features, same)
        wrong = [code for code in fitted if code in (NEVER_AGAINST if fitted[code] < 0.0 else NEVER_FOR)]
        if not wrong:
            return Weights(bias, {**BY_HAND, **fitted, **nothing})
        nothing |= dict.fromkeys(wrong, 0.0)


def _logistic(
    codes: Sequence[str], features: Sequence[dict[str, float]], same: Sequence[bool]
) -> tuple[float, dict[str, float]]:
    x = np.array([[1.0, *(values.get(code, 0.0) for code in codes)] for values in features])
    held = np.array([sum(BY_HAND[code] * values.get(code, 0.0) for code in HELD) for values in features])
    y = np.array(same, dtype=np.float64)
    by_hand = np.array([BIAS, *(BY_HAND[code] for code in codes)])
    weights = by_hand.copy()
    ridge = np.eye(x.shape[1]) * RIDGE
    ridge[0, 0] = 1e-6
    for _ in range(STEPS):
        expected = 1.0 / (1.0 + np.exp(-x @ weights - held))
        slope = x.T @ (y - expected) - ridge @ (weights - by_hand)
        curve = (x * (expected * (1.0 - expected))[:, None]).T @ x + ridge
        step = np.linalg.solve(curve, slope)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    bias, *fitted = (round(float(weight), 3) for weight in weights)
    return bias, dict(zip(codes, fitted, strict=True))


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
    features = [values for seed in seeds for values in worlds[seed][0]]
    same = [one for seed in seeds for one in worlds[seed][1]]
    weights = fit(features, same)
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
    varied = sorted({code for values in features for code in values} - HELD)
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
    parser.add_argument("--people", type=int, default=1000)
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
