"""Sentences of the specification about what comes in at the doors, as cases that are played."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.api.play import Play

CASES: list[dict[str, Any]] = yaml.safe_load(Path("tests/cases/doors.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_sentence_of_the_specification_holds_at_the_doors(case: dict[str, Any], play: Play) -> None:
    for step in case["input"]:
        play.step(step)
    seen = [play.look(look) for look in case["look"]]
    wrong = {place: got for place, (got, look) in enumerate(zip(seen, case["look"], strict=True)) if got != look["is"]}
    assert not wrong, play.told


def test_every_case_of_the_doors_has_its_name_and_a_reason() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert all(case["why"] and case["look"] for case in CASES)
