"""Every case of tests/cases/propositions.csv, on a real database."""

import csv
from pathlib import Path

import pytest

from graph.kinfold import Kinfold
from tests.graph.offers.shop import ask, names, put, resolve, visitors

TABLE = Path(__file__).parents[2] / "cases" / "propositions.csv"
CASES = list(csv.DictReader(TABLE.open(encoding="utf-8")))
BRANDS = ("north", "south")
WHO = {
    "explicit": {"email": "Ana@Example.com"},
    "user_id": {"user_id": "42"},
    "implicit": {"tracker_id": "t1"},
    "subscription": {"subscription": "s1"},
    "nobody": {"tracker_id": "new"},
    "no key": {},
    "invalid email": {"email": "not an address"},
    "blocked": {"tracker_id": "undefined"},
}


def test_the_table_holds_every_combination_once() -> None:
    keys = [(row["asked"], *list(row.values())[2:6]) for row in CASES]
    assert len(set(keys)) == len(keys)
    assert len({row["case"] for row in CASES}) == len(CASES)
    for identified in ("explicit", "implicit", "nobody"):
        flags = {(row["identify_implicitly"], row["fall_back"] != "no") for row in CASES if row["who"] == identified}
        assert flags >= {("no", False), ("no", True)} | (set() if identified == "explicit" else {("yes", False)})


@pytest.mark.parametrize("row", CASES, ids=[row["case"] for row in CASES])
def test_the_right_space_answers_and_the_visitor_is_kept_where_it_belongs(
    kinfold: Kinfold, row: dict[str, str]
) -> None:
    environment = row["asked"].partition("/")[0]
    asked = {
        "identify_implicitly": row["identify_implicitly"] == "yes",
        "identified_offers_when_implicit": row["identified_offers_when_implicit"] == "yes",
    }
    if row["fall_back"] != "no":
        asked |= {"fall_back": True, "anonymous_space": f"{row['fall_back']}/home"}
    put(
        kinfold,
        crm={"kind": "identified", "spaces": {"home": {}}, "offers": {"crm-offer": {}}},
        **{
            brand: {
                "kind": "anonymous",
                "visitors_folder": f"{brand} visitors",
                "spaces": {"home": {}},
                "offers": {f"{brand}-offer": {}},
            }
            for brand in BRANDS
        },
    )
    kinds = {"crm": "identified", "north": "anonymous", "south": "anonymous"}
    folder = {} if environment == "crm" else {"visitors_folder": f"{environment} visitors"}
    put(kinfold, **{environment: {"kind": kinds[environment], "spaces": {"home": asked}, **folder}})
    ana = resolve(kinfold, email="ana@example.com", user_id="42", tracker_id="t1", subscription="s1")

    answer = ask(kinfold, row["asked"], **WHO[row["who"]])

    assert answer["identification"] == row["identification"]
    assert (answer["environment"], answer["space"]) == (row["environment"], row["space"])
    assert answer["fell_back"] is (row["fell_back"] == "yes")
    assert names(answer) == row["offers"].split()
    contact = answer["contact"]
    assert (contact is not None and contact.id == ana) == (row["contact"] == "known")
    assert (contact.kind.value if contact else "none") == row["contact"]
    for brand in BRANDS:
        expected = [contact.id] if row["folder"] == f"{brand} visitors" else []
        assert visitors(kinfold, brand) == expected
    assert visitors(kinfold, "crm") == []
    assert answer["visitors_folder"] == (row["folder"] or None)
