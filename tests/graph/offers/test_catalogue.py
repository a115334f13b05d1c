"""Catalogues: what is refused, by call and by file alike, and that files go out as they came in."""

import csv
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from graph.errors import BadInput, ClashError, NotFound
from graph.kinfold import Kinfold
from graph.offers import files
from graph.offers.catalogue import Catalogue, Environment, mistakes_of, refuse
from graph.offers.definitions import CatalogueFile, CategoryBody, EnvironmentBody, OfferBody, SpaceBody
from tests.graph.offers.shop import put

EXAMPLES = Path(__file__).parents[3] / "examples"

with (Path(__file__).parents[2] / "cases" / "catalogues.csv").open(encoding="utf-8", newline="") as table:
    REFUSED = [(row["case"], row["environments"], row["field"], row["rule"]) for row in csv.DictReader(table)]

each_refused = pytest.mark.parametrize(
    ("text", "field", "rule"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)


def environments(text: str) -> bytes:
    return f"# a comment\nenvironments:\n  {text}\n".encode()


def import_text(kinfold: Kinfold, raw: bytes) -> None:
    file, source = files.read_catalogue(raw)
    try:
        kinfold.catalogues.import_file(file)
    except BadInput as error:
        raise source.placed(error) from error


def test_every_rule_that_the_documentation_names_has_a_case() -> None:
    text = (EXAMPLES.parent / "docs" / "offers.md").read_text(encoding="utf-8")
    table = text.partition("| rule | what breaks it |")[2].partition("\n\n")[0]
    named = {rule for line in table.splitlines() for rule in re.findall(r"`(\w+)`", line.split("|")[1] if line else "")}
    assert len(named) > 10
    assert named <= {rule for *_, rule in REFUSED}


@each_refused
def test_a_file_that_breaks_a_rule_is_refused_with_its_field_rule_and_line(text: str, field: str, rule: str) -> None:
    with pytest.raises(BadInput) as refused:
        file, source = files.read_catalogue(environments(text))
        made = {name: Environment.of(name, body, body) for name, body in file.environments.items()}
        try:
            refuse(mistakes_of(Catalogue("", made), file.environments))
        except BadInput as error:
            raise source.placed(error) from error
    found = {error.field: error for error in refused.value.errors}
    assert field in found
    assert rule in ("", found[field].rule)
    assert found[field].message.startswith("line 3: ")


def test_the_same_rules_hold_for_a_call(kinfold: Kinfold) -> None:
    catalogues = kinfold.catalogues
    catalogues.put_environment("crm", EnvironmentBody.model_validate({"kind": "identified"}))
    catalogues.put_environment("crm2", EnvironmentBody.model_validate({"kind": "identified"}))
    catalogues.put_part("crm2", "spaces", "till", SpaceBody.model_validate({}))
    catalogues.put_part("crm", "categories", "a/b", CategoryBody.model_validate({}))
    before = catalogues.export()

    def refused(work: Any) -> list[tuple[str, str]]:
        with pytest.raises(BadInput) as error:
            work()
        return [(one.field, one.rule) for one in error.value.errors]

    category = CategoryBody.model_validate({"parent": "a/b"})
    assert ("parent", "cycle") in refused(lambda: catalogues.put_part("crm", "categories", "a", category))
    space = SpaceBody.model_validate({"fall_back": True, "anonymous_space": "crm2/till"})
    assert refused(lambda: catalogues.put_part("crm", "spaces", "home", space)) == [
        ("anonymous_space", "identified_space")
    ]
    space = SpaceBody.model_validate({"environment": "crm2"})
    assert refused(lambda: catalogues.put_part("crm", "spaces", "home", space)) == [("environment", "two_environments")]
    catalogues.put_part("crm", "spaces", "home", SpaceBody.model_validate({"content": ["title"]}))
    offer = OfferBody.model_validate({"content": {"image": "i"}})
    assert refused(lambda: catalogues.put_part("crm", "offers", "o", offer)) == [("content", "missing_content")]
    before["environments"]["crm"]["spaces"] = {"home": {"content": ["title"]}}
    assert catalogues.export() == before
    with pytest.raises(NotFound):
        catalogues.put_part("nothing", "offers", "o", offer)


def test_a_space_that_asks_for_more_names_the_offer_that_lacks_it(kinfold: Kinfold) -> None:
    kinfold.catalogues.put_environment("crm", EnvironmentBody.model_validate({"kind": "identified"}))
    kinfold.catalogues.put_part("crm", "spaces", "home", SpaceBody.model_validate({}))
    kinfold.catalogues.put_part("crm", "offers", "o", OfferBody.model_validate({}))
    with pytest.raises(BadInput) as refused:
        kinfold.catalogues.put_part("crm", "spaces", "home", SpaceBody.model_validate({"content": ["title"]}))
    assert [error.field for error in refused.value.errors] == ["environments.crm.offers.o.content"]


def test_an_environment_is_made_from_a_mapping(kinfold: Kinfold) -> None:
    new, north = kinfold.catalogues.put_environment(
        "north", EnvironmentBody.model_validate({"targeting_dimension": "visitors"})
    )
    assert new
    assert north == {
        "name": "north",
        "kind": "anonymous",
        "targeting_dimension": "visitors",
        "segment": None,
        "goes_on_from": [],
        "inbound_anonymous": True,
        "visitors_folder": "visitors of north",
    }
    _, crm = kinfold.catalogues.put_environment("crm", EnvironmentBody.model_validate({"kind": "identified"}))
    assert (crm["targeting_dimension"], crm["inbound_anonymous"], crm["visitors_folder"]) == ("contacts", False, None)


@pytest.mark.parametrize("as_json", [False, True], ids=["yaml", "json"])
def test_what_is_exported_imports_as_the_same(kinfold: Kinfold, as_json: bool) -> None:
    raw = (EXAMPLES / "catalogue.yaml").read_bytes()
    import_text(kinfold, raw)
    exported = kinfold.catalogues.export()
    written = files.write_catalogue(exported, as_json=as_json)
    assert files.read_catalogue(written)[0] == files.read_catalogue(raw)[0]
    import_text(kinfold, written)
    assert kinfold.catalogues.export() == exported


def test_an_import_is_all_or_nothing(kinfold: Kinfold) -> None:
    raw = b"environments:\n  a: {kind: identified}\n  b:\n    kind: anonymous\n    offers:\n      o: {category: c}\n"
    with pytest.raises(BadInput, match="line 6: there is no category 'c'"):
        import_text(kinfold, raw)
    assert kinfold.catalogues.environments() == []


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"environments:\n  a: [", "line 2"),
        (b'{\n\t"environments": {\n\t\t"a": {"kind": "identfied"}}}', "environments.a.kind: line 3"),
        (b"environments:\n  a: {kind: identified}\n  a: {kind: anonymous}\n", "line 3: this is given more than once"),
        (b"- 1\n", "line 1"),
        (b"", "line 1"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_the_line(raw: bytes, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        files.read_catalogue(raw)
    assert said in str(refused.value)


def test_aliases_that_stand_for_too_much_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(BadInput, match="too many values"):
        files.read_catalogue("\n".join(lines).encode())


def test_yaml_reads_names_and_values_as_they_are_written() -> None:
    offer = "{starts_at: 2026-01-01T00:00:00Z, content: {off: no, n: 1_0}}"
    raw = f"environments: {{no: {{kind: identified, offers: {{2026: {offer}}}}}}}".encode()
    [body] = files.read_catalogue(raw)[0].environments.values()
    assert body.offers["2026"].content == {"off": "no", "n": 10}


def test_the_schema_that_is_shipped_is_the_one_that_is_read() -> None:
    shipped = orjson.loads((EXAMPLES / "catalogue.schema.json").read_bytes())
    assert shipped == orjson.loads(orjson.dumps(files.schema()))
    assert CatalogueFile.model_validate(
        files.read_catalogue((EXAMPLES / "catalogue.yaml").read_bytes())[0].model_dump()
    )


@pytest.mark.parametrize(
    "raw", [b"&a [*a]", b"a: &a {b: *a}", b"[" * 400 + b"]" * 400, b"[" * 100_000, b"a: &a {<<: *a}"]
)
def test_a_file_that_is_nested_without_end_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput, match="nested at most"):
        files.read_catalogue(raw)


def test_whom_it_goes_on_from_and_its_segment_are_kept_exported_and_hang_together(kinfold: Kinfold) -> None:
    kinfold.segments.define("vip", "static")
    club = {"targeting_dimension": "segment", "segment": "vip", "goes_on_from": ["north"]}
    put(kinfold, club=club, north={"kind": "anonymous"})
    assert kinfold.catalogues.environment("club") == {
        "name": "club",
        "kind": "identified",
        "targeting_dimension": "segment",
        "segment": "vip",
        "inbound_anonymous": False,
        "visitors_folder": None,
        "goes_on_from": ["north"],
    }
    exported = kinfold.catalogues.export()
    assert exported["environments"]["club"] == {"kind": "identified", **club}
    put(kinfold, **exported["environments"])
    assert kinfold.catalogues.export() == exported
    with pytest.raises(ClashError) as refused_:
        kinfold.catalogues.remove_environment("north")
    assert refused_.value.extra["hanging"] == {"environments": ["club"]}
    kinfold.catalogues.put_environment("club", EnvironmentBody.model_validate({"kind": "identified"}))
    kinfold.catalogues.remove_environment("north")
