"""The OpenAPI document as generators of typed clients read it."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings

from graph.errors import BadInput
from graph.kinfold import Kinfold
from graph.offers.files import schema as catalogue_schema
from graph.segments.conditions import OPERATORS, compile_condition
from tests.api.conftest import open_client
from tests.model.test_segments_evaluated import DYNAMIC, DYNAMIC_PLUS

LEAF = {"property": "country", "is": "FR"}


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def parts(value: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield place, value
        for name, inner in value.items():
            yield from parts(inner, f"{place}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from parts(inner, f"{place}/{number}")


def fields(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in document["components"]["schemas"].items():
        for field, inner in schema.get("properties", {}).items():
            yield f"{name}.{field}", inner


def test_no_field_of_a_body_has_a_default_that_makes_generators_require_it(document: dict[str, Any]) -> None:
    assert [place for place, field in fields(document) if "default" in field] == []
    said = document["components"]["schemas"]["SegmentBody"]["properties"]["watch"]["description"]
    assert said.endswith("false when left out.")


def test_what_begins_with_a_vowel_has_its_article(document: dict[str, Any]) -> None:
    said = [call["description"] for calls in document["paths"].values() for call in calls.values()]
    assert any("an admin key" in words for words in said)
    assert [words for words in said if re.search(r"\b[Aa] [aeio]\w+ (key|or)\b", words)] == []


def test_no_boolean_is_a_constant(document: dict[str, Any]) -> None:
    assert [place for place, part in parts(document) if isinstance(part.get("const"), bool)] == []
    assert document["components"]["schemas"]["Taken"]["properties"]["success"]["type"] == "boolean"


@pytest.mark.parametrize(
    ("body", "field"),
    [("SegmentBody", "kind"), ("StatusBody", "status"), ("OutcomeBody", "outcome"), ("WebhookBody", "url")],
)
def test_a_field_without_which_a_call_is_refused_is_required(document: dict[str, Any], body: str, field: str) -> None:
    schema = document["components"]["schemas"][body]
    assert field in schema["required"]
    assert schema["properties"][field]["type"] == "string"


def test_no_object_is_one_that_generators_take_for_empty(document: dict[str, Any]) -> None:
    objects = [(place, part) for place, part in parts(document) if part.get("type") == "object"]
    assert [place for place, part in objects if not {"properties", "additionalProperties"} & part.keys()] == []


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    found = {part["$ref"] for _, part in parts(document) if isinstance(part.get("$ref"), str)}
    assert found - known == set()


@pytest.mark.parametrize("body", ["SegmentBody", "OfferBody", "Segment", "Offer"])
def test_a_condition_is_a_schema_that_contains_itself(document: dict[str, Any], body: str) -> None:
    schemas = document["components"]["schemas"]
    assert {"$ref": "#/components/schemas/Condition"} in schemas[body]["properties"]["where"]["anyOf"]
    assert schemas["AllConditions"]["properties"]["all"]["items"] == {"$ref": "#/components/schemas/Condition"}
    inner = {"$ref": "#/components/schemas/EventPropertiesCondition"}
    assert schemas["EventCondition"]["properties"]["where"].items() >= inner.items()


def test_the_schema_of_a_property_names_every_operator(document: dict[str, Any]) -> None:
    assert set(document["components"]["schemas"]["PropertyCondition"]["properties"]) == {"property", *OPERATORS}


@pytest.fixture(scope="module")
def condition() -> jsonschema.protocols.Validator:
    schema = catalogue_schema()
    return jsonschema.Draft202012Validator({"$defs": schema["$defs"], "$ref": "#/$defs/Condition"})


@settings(max_examples=150)
@given(where=DYNAMIC | DYNAMIC_PLUS)
def test_the_schema_lets_in_what_the_reader_takes(
    condition: jsonschema.protocols.Validator, where: dict[str, Any]
) -> None:
    compile_condition(where, activity=True)
    condition.validate(where)


@pytest.mark.parametrize(
    "where",
    [
        None,
        {},
        {"all": []},
        {"all": LEAF},
        {"not": [LEAF]},
        {"property": "age"},
        {"property": "age", "is": 1, "is_not": 2},
        {"property": "age", "equals": 1},
        {"property": "age", "greater_than": True},
        {"property": "age", "is": None},
        {"property": "age", "in": []},
        {"property": "", "is": 1},
        {"property": "at", "older_than": 30},
        {"key": "email"},
        {"kind": "human"},
        {"event": "purchase", "at_least": 0},
        {"event": "purchase", "where": {"kind": "known"}},
        {"event": "purchase", "where": {"all": [{"event": "purchase"}]}},
    ],
    ids=repr,
)
def test_the_schema_refuses_what_the_reader_refuses(condition: jsonschema.protocols.Validator, where: Any) -> None:
    with pytest.raises(BadInput):
        compile_condition(where, activity=True)
    assert not condition.is_valid(where)


def test_an_example_of_the_contract_is_kept_as_it_was_sent(kinfold: Kinfold) -> None:
    client = open_client(kinfold)
    big = {"property": "amount", "greater_than": 100}
    where = {
        "any": [
            {"event": "purchase", "where": big, "at_least": 2, "within": "P30D"},
            {"property": "renews_at", "is_before": "P30D"},
        ]
    }
    made = client.put("/v1/segments/soon", json={"kind": "dynamic_plus", "where": where})
    assert (made.status_code, made.json()["where"]) == (201, where)
    wrong = client.put("/v1/segments/soon", json={"kind": "dynamic", "where": {"property": "at", "is_before": "soon"}})
    [error] = wrong.json()["errors"]
    assert (wrong.status_code, error["field"], error["rule"]) == (422, "where.is_before", "time")
