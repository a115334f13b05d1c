"""Every case of tests/cases/mappings.csv: what a mapping makes of an environment, and that a look makes nothing."""

import csv
from pathlib import Path

import pytest

from graph.errors import BadInput, ClashError
from graph.kinfold import Kinfold
from graph.offers.definitions import EnvironmentBody
from graph.offers.mappings import environment_of
from graph.store.database import REPEATABLE, Database
from graph.store.migrations import migrate
from tests.graph.offers.shop import ask, names, put

CASES = list(csv.DictReader((Path(__file__).parents[2] / "cases" / "mappings.csv").open(encoding="utf-8")))


@pytest.mark.parametrize("row", CASES, ids=[row["case"] for row in CASES])
def test_a_mapping_fills_in_what_follows_from_it(kinfold: Kinfold, row: dict[str, str]) -> None:
    put(kinfold, taken={"kind": "anonymous"})
    kinfold.segments.define("vip", "static")
    said = {name: row[name] or None for name in ("brand", "name", "folder", "segment")}
    if row["refused"]:
        with pytest.raises(BadInput) as refused:
            kinfold.catalogues.put_environment(*environment_of(row["mapping"], **said))
        assert [error.field for error in refused.value.errors] == [row["refused"]]
        assert [one["name"] for one in kinfold.catalogues.environments()] == ["taken"]
        return
    name, body = environment_of(row["mapping"], **said)
    expected = {
        "name": row["environment"],
        "kind": row["kind"],
        "targeting_dimension": row["mapping"],
        "segment": row["segment"] or None,
        "inbound_anonymous": row["box"] == "yes",
        "visitors_folder": row["visitors_folder"] or None,
        "goes_on_from": [],
    }
    assert kinfold.catalogues.put_environment(name, body, dry_run=True) == (True, expected)
    assert [one["name"] for one in kinfold.catalogues.environments()] == ["taken"]
    assert kinfold.catalogues.put_environment(name, body) == (True, expected)
    assert kinfold.catalogues.environment(name) == expected


def test_only_a_new_one_is_made_where_one_may_not_be_changed(kinfold: Kinfold) -> None:
    put(kinfold, north={"kind": "anonymous", "visitors_folder": "mine"})
    body = EnvironmentBody.model_validate({"kind": "anonymous"})
    with pytest.raises(ClashError, match="north"):
        kinfold.catalogues.put_environment("north", body, only_new=True)
    assert kinfold.catalogues.environment("north")["visitors_folder"] == "mine"


FRESH = "V0020__environment_of_contacts.cypher"


def as_if_before(database: Database) -> None:
    text = "MATCH (n:Migration {name: $name}) DELETE n"
    database.write(lambda tx: tx.run_text(text, name=FRESH), committed=REPEATABLE)


def test_a_fresh_graph_has_an_identified_environment_for_contacts(kinfold: Kinfold) -> None:
    as_if_before(kinfold.database)
    assert migrate(kinfold.database) == [FRESH]
    assert kinfold.catalogues.environments() == [
        {
            "name": "contacts",
            "kind": "identified",
            "targeting_dimension": "contacts",
            "segment": None,
            "goes_on_from": [],
            "inbound_anonymous": False,
            "visitors_folder": None,
        }
    ]
    # It is one like any other: to be changed, filled, and taken away for good.
    put(kinfold, contacts={"kind": "identified", "spaces": {"home": {}}, "offers": {"card": {}}})
    assert names(ask(kinfold, "contacts/home", email="ana@example.com")) == ["card"]
    assert kinfold.catalogues.export()["environments"]["contacts"]["kind"] == "identified"


def test_a_graph_with_environments_of_its_own_gets_none(kinfold: Kinfold) -> None:
    put(kinfold, north={"kind": "anonymous"})
    as_if_before(kinfold.database)
    migrate(kinfold.database)
    assert [one["name"] for one in kinfold.catalogues.environments()] == ["north"]
