"""Public reports of other systems as cases: each is played against the application and comes out as it should."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.play import Play

CASES = json.loads(Path("tests/cases/reports.json").read_text(encoding="utf-8"))

AS_ASKED = {
    "first-touch": ("input", {"properties": "properties_once"}, {"initial": "google"}),
    "offer-outcome-has-no-effect": ("look", {"outcome": "of"}, {"rule": 200}),
}
"""Cases that ask for something in words, or in a form that is ours to choose: the part whose bodies name a field
otherwise here, that field, and what is right then. The rule is one of an offer that is there already: 200."""

SAID_TO_BE_SO: dict[str, dict[str, Any]] = {
    # A removed value counts as lacking, unless the deployment says of a property that the newest wins.
    "withdrawn-consent-returns-by-union": {"server": {"KINFOLD_UNION_RULES": "consent=newest"}},
    # Who was folded leaves its static segments, unless the list says that either is enough.
    "suppression-list-lost-by-union": {"body": {"kind": "static", "on_union": "either"}},
}
"""Cases that come out as expected where somebody says so: the settings of the server, or of the list that is made."""

DECIDED = {
    # An event with a suppressed key writes nothing at all: there is no contact that could have properties.
    "erased-traits-return": {"properties": None},
    # A message id is the deployment's: the second message is the first one sent again.
    "same-message-id-of-another-person": {"second": 0},
}
"""Cases of which the specification says otherwise, see docs/decisions/0027: what is right."""

NOT_YET: set[str] = set()
"""Cases that do not come out right yet. One that does fails here until it is taken off the list."""


def as_asked(case: dict[str, Any]) -> dict[str, Any]:
    """Return a case in our words, and with what the specification makes of it."""
    part, names, expect = AS_ASKED.get(case["id"], ("input", {}, DECIDED.get(case["id"], {})))
    asked = case | {part: [_named(step, names) for step in case[part]], "expect": case["expect"] | expect}
    said = SAID_TO_BE_SO.get(case["id"], {})
    if (body := said.get("body")) is None:
        return asked | said
    steps = [step | {"body": body} if step.get("body", {}).keys() == {"kind"} else step for step in asked["input"]]
    return asked | {"input": steps}


def _named(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(name, name): _named(inner, names) for name, inner in value.items()}
    return value


def is_right(case: dict[str, Any], seen: dict[str, Any]) -> bool:
    """Return whether what was seen is what the case expects: all of it, or one of the groups that it names."""
    groups = case.get("one_of", [list(case["expect"])])
    return any(all(seen[name] == case["expect"][name] for name in group) for group in groups)


@pytest.mark.parametrize("case", [*map(as_asked, CASES)], ids=[case["id"] for case in CASES])
def test_a_reported_case_comes_out_as_it_should(case: dict[str, Any], play: Play) -> None:
    for step in case["input"]:
        play.step(step)
    seen = {look["name"]: play.look(look) for look in case["look"]}
    if case["id"] in NOT_YET:
        assert not is_right(case, seen), f"{case['id']} is right: take it off the list"
    else:
        assert is_right(case, seen), seen


def test_the_list_names_cases_of_the_file() -> None:
    assert {case["id"] for case in CASES} >= NOT_YET
    assert len({case["id"] for case in CASES}) == len(CASES)
