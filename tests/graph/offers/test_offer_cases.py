"""Every case of tests/cases/offers.json: what decides which offers there are, in which order, step by step."""

import json
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest

from api.http.schemas.offers import LeftOutReason
from graph.errors import ClashError
from graph.identity.events import Event
from graph.kinfold import Kinfold
from tests.graph.offers.shop import put, resolve, why

CASES = json.loads((Path(__file__).parents[2] / "cases" / "offers.json").read_text(encoding="utf-8"))


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case["case"] for case in CASES}) == len(CASES) > 15


def test_every_reason_to_leave_an_offer_out_has_a_case() -> None:
    given = {why for case in CASES for step in case["steps"] for why in step.get("left_out", {}).values()}
    assert given == set(get_args(LeftOutReason))


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_offers_are_those_of_the_case_in_its_order(kinfold: Kinfold, case: dict[str, Any]) -> None:
    for name, body in case.get("segments", {}).items():
        kinfold.segments.define(name, body["kind"], body.get("where"))
    put(kinfold, **case["environments"])
    last = ""
    for step in case["steps"]:
        match step:
            case {"ask": asked} | {"page": asked}:
                last = propose(kinfold, asked, step)
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
            case {"delete": place, "hanging": hanging}:
                assert removed(kinfold, place) == (hanging, None)
            case {"delete": place, "ends": True}:
                ended = removed(kinfold, place)[1]
                assert ended is not None
                assert ended["ends_at"] is not None
            case _:
                pytest.fail(f"no such step: {step}")


def propose(kinfold: Kinfold, asked: str, step: dict[str, Any]) -> str:
    """Ask a space as a server does, or as a page; return the id of the proposition."""
    environment, _, space = asked.partition("/")
    from_page, offers = "page" in step, step["offers"]
    asking = partial(
        kinfold.propositions.propose,
        environment,
        space,
        Event(**step["keys"]),
        limit=step.get("limit"),
        explain=not from_page,
        from_page=from_page,
        context=step.get("context"),
    )
    if offers is None:
        with pytest.raises(ClashError):
            asking()
        return ""
    answer = asking()
    weighed = any(":" in offer for offer in offers)
    found = [f"{one['name']}:{one['weight']:g}" if weighed else one["name"] for one in answer["offers"]]
    assert found == offers
    if not from_page:
        assert why(answer) == step.get("left_out", {})
    if "content" in step:
        assert {one["name"]: one["content"] for one in answer["offers"]} == step["content"]
    return str(answer["proposition_id"])


def removed(kinfold: Kinfold, place: str) -> tuple[dict[str, list[str]], Any]:
    """Remove an environment or something in it: return what hangs on it, and the offer that ends in place of going."""
    environment, _, rest = place.partition("/")
    part, _, name = rest.partition("/")
    try:
        if not part:
            kinfold.catalogues.remove_environment(environment)
            return {}, None
        return {}, kinfold.catalogues.remove_part(environment, part, name)
    except ClashError as error:
        return dict(error.extra["hanging"]), None
