"""The exports that examples/imports has load as people expect them, with their mapping, and three of them without."""

from pathlib import Path
from typing import Any

import pytest

from graph.kinfold import Kinfold
from graph.loads.layouts import Layout, read_mapping
from graph.loads.values import ColumnType

IMPORTS = Path("examples/imports")
ANA = {"_name": "Ana", "_surname": "Ferro"}

MAPPED: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "shopify": [
        (
            "user_id",
            "6789012345601",
            {**ANA, "newsletter": "yes", "country": "FR", "total_spent": 120.5, "orders": 3},
        ),
        ("email", "ben.okoro@example.com", {"_name": "Ben", "_surname": "Okoro", "newsletter": "no", "country": "GB"}),
        ("user_id", "6789012345603", {"_name": "Chloé", "total_spent": 89.9}),
    ],
    "hubspot": [
        ("email", "ana.ferro@example.com", {**ANA, "hubspot_id": 101, "last_activity": "2024-02-28T16:40:00Z"}),
    ],
    "mailchimp": [("email", "ana.ferro@example.com", {**ANA, "rating": 5, "opted_in": "2022-03-08T17:22:10Z"})],
    "klaviyo": [
        ("email", "ana.ferro@example.com", {**ANA, "phone": "+33612345601", "zip_code": "69003"}),
        ("user_id", "01HABC0000000000000000FAY1", {"_name": "Fay", "consent": "NEVER_SUBSCRIBED"}),
    ],
    "ga4": [
        ("user_id", "6789012345601", {"country": "France", "language": "fr-fr"}),
        ("tracker_id", "987654321.1709287400", {"country": "United Kingdom", "language": "en-gb"}),
    ],
    "segment": [("tracker_id", "8f1c6a52-0000-4000-8000-000000000001", {**ANA, "plan": "pro"})],
}
"""By export: keys of people, and properties that they have then."""

TYPES: dict[str, dict[str, tuple[ColumnType, str | None]]] = {"klaviyo": {"Zip Code": (ColumnType.TEXT, None)}}
"""By export: what its columns are where their cells say otherwise."""

PLAIN: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "shopify": [
        ("user_id", "6789012345601", {**ANA, "total_spent": 120.5, "total_orders": 3, "phone": "+33612345601"}),
    ],
    "hubspot": [("email", "ana.ferro@example.com", {**ANA, "record_id_contact": 101, "lifecycle_stage": "Customer"})],
    "mailchimp": [("email", "ana.ferro@example.com", {**ANA, "member_rating": 5, "cc": "fr"})],
}


def check(kinfold: Kinfold, name: str, layout: Layout, people: list[tuple[str, str, dict[str, Any]]]) -> None:
    loaded = kinfold.loads.load(IMPORTS / f"{name}.csv", layout=layout)
    assert (loaded.loaded, loaded.refused) == (loaded.rows, 0)
    for key, value, properties in people:
        [found] = kinfold.contacts.owners(key, value)
        assert found["properties"].items() >= properties.items()


@pytest.mark.parametrize("name", MAPPED)
def test_an_export_loads_with_its_mapping(kinfold: Kinfold, name: str) -> None:
    layout = Layout(mapping=read_mapping(IMPORTS / f"{name}.map.yaml"), types=TYPES.get(name, {}))
    check(kinfold, name, layout, MAPPED[name])


@pytest.mark.parametrize("name", PLAIN)
def test_an_export_of_these_three_loads_without_a_mapping(kinfold: Kinfold, name: str) -> None:
    check(kinfold, name, Layout(), PLAIN[name])


def test_one_person_of_several_exports_is_one_contact(kinfold: Kinfold) -> None:
    for name in MAPPED:
        kinfold.loads.load(IMPORTS / f"{name}.csv", layout=Layout(mapping=read_mapping(IMPORTS / f"{name}.map.yaml")))
    [ana] = kinfold.contacts.owners("email", "ana.ferro@example.com")
    assert {"1234567890.1709287200", "8f1c6a52-0000-4000-8000-000000000001"} <= set(ana["trackers"])
    assert ana["user_ids"] == ["6789012345601"]


def test_every_file_of_the_folder_is_tried() -> None:
    assert {path.stem.partition(".")[0] for path in IMPORTS.glob("*.*")} - {"README"} == set(MAPPED)
