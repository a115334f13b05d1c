"""Every case of tests/cases/offers.json: what decides which offers there are, in which order, step by step."""

import json
from pathlib import Path
from typing import Any

import pytest

from graph.identity.events import Event
from graph.kinfold import Kinfold
from tests.graph.offers.shop import put, resolve, why

CASES = json.loads((Path(__file__).parents[2] / "cases" / "offers.json").read_text(encoding="utf-8"))


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case["case"] for case in CASES}) == len(CASES) > 15


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_offers_are_those_of_the_case_in_its_order(kinfold: Kinfold, case: dict[str, Any]) -> None:
    for name, body in case.get("segments", {}).items():
        kinfold.segments.define(name, body["kind"], body.get("where"))
    put(kinfold, **case["environments"])
    last = ""
    for step in case["steps"]:
        match step:
            case {"ask": asked, "keys": keys, "offers": offers}:
                environment, _, space = asked.partition("/")
                answer = kinfold.propositions.propose(
                    environment, space, Event(**keys), explain=True, context=step.get("context")
                )
                weighed = any(":" in offer for offer in offers)
                found = [f"{one['name']}:{one['weight']:g}" if weighed else one["name"] for one in answer["offers"]]
                assert found == offers
                assert why(answer) == step.get("left_out", {})
                last = answer["proposition_id"]
            case {"event": event}:
                resolve(kinfold, **event)
            case {"outcome": outcome, "offer": offer}:
                kinfold.propositions.note_outcome(last, outcome, offer)
            case {"list": segment, "keys": keys}:
                kinfold.segments.put_member(segment, resolve(kinfold, **keys))
            case {"segment": name, "is": None}:
                kinfold.segments.remove(name)
            case {"segment": name, "is": body}:
                kinfold.segments.define(name, body["kind"], body.get("where"))
            case _:
                pytest.fail(f"no such step: {step}")
