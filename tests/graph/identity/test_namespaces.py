"""Namespaces: their file, their normal forms, and what a graph remembers of them."""

import csv
from pathlib import Path

import pytest

from graph.clock import RandomIds
from graph.errors import BadInput, ClashError
from graph.identity.declared_namespaces import OtherNamespaces, agree, apply, counted, namespaces_of
from graph.identity.events import read_event
from graph.identity.keys import BlockList, InvalidKey, read_keys
from graph.identity.namespaces import BUILT_IN, DEFAULT_NAMESPACES, KeyClass, Namespace, Namespaces, Normaliser
from graph.identity.namespaces_file import load_namespaces, read_namespaces, schema
from graph.identity.normal_forms import normal_form
from graph.identity.resolver import Resolver
from graph.settings import Settings
from graph.store.database import REPEATABLE, Database
from tests.graph.identity.test_decision_table import readable

CASES = Path(__file__).parents[2] / "cases"


def rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def namespace_of(row: dict[str, str]) -> Namespace:
    if row["normalise"] == "hash":
        return Namespace("h", KeyClass.PERSON, hash_of="email")
    if row["normalise"] == "pattern":
        return Namespace("card", KeyClass.PERSON, pattern="[A-Z]-[0-9]+")
    return Namespace("one", KeyClass.PERSON, normalise=Normaliser(row["normalise"]), region=row["region"] or None)


@pytest.mark.parametrize("row", rows("normal_forms.csv"), ids=lambda row: f"{row['normalise']} {row['raw']}")
def test_a_value_comes_into_its_normal_form_or_is_invalid(row: dict[str, str]) -> None:
    namespace = namespace_of(row)
    if row["normalised"]:
        assert normal_form(namespace, readable(row["raw"])) == readable(row["normalised"])
        assert normal_form(namespace, readable(row["normalised"])) == readable(row["normalised"])
    else:
        with pytest.raises(InvalidKey):
            normal_form(namespace, readable(row["raw"]))


@pytest.mark.parametrize("row", rows("namespace_files.csv"), ids=lambda row: row["case"])
def test_a_file_that_breaks_a_rule_is_refused_with_line_field_and_rule(row: dict[str, str]) -> None:
    with pytest.raises(BadInput) as refused:
        read_namespaces(row["file"].replace("\\n", "\n").encode())
    [error] = refused.value.errors
    assert (error.field, error.rule) == (row["field"], row["rule"])
    assert error.message.startswith(f"line {row['line']}: ")


def test_the_names_stand_at_the_top_or_under_namespaces() -> None:
    bare = read_namespaces(b"phone: {class: person, normalise: phone, region: DE}")
    assert bare == read_namespaces(
        b'{"namespaces": {"phone": {"class": "person", "normalise": "phone", "region": "DE"}}}'
    )
    assert bare["phone"].settings() == {"class": "person", "priority": 100, "normalise": "phone", "region": "DE"}
    assert bare.names == (*(one.name for one in BUILT_IN), "phone")


def test_what_is_always_there_keeps_its_class_and_may_get_other_settings() -> None:
    namespaces = read_namespaces(b"email: {priority: 5, at_most: 3}")
    assert namespaces["email"].key_class is KeyClass.PERSON
    assert namespaces.persons == ("email", "user_id")
    assert namespaces.at_most == {"email": 3, "user_id": 1}
    assert DEFAULT_NAMESPACES.persons == ("user_id", "email")


@pytest.mark.parametrize("setting", ["normalise: uuid", "normalise: lower", "normalise: digits", "pattern: 'v[0-9]+'"])
def test_a_minted_tracker_counts_whatever_form_trackers_have(setting: str) -> None:
    namespaces = read_namespaces(f"tracker_id: {{{setting}}}".encode())
    minted = RandomIds().tracker()
    keys = read_keys(read_event({"tracker_id": minted}, namespaces=namespaces), BlockList.of(namespaces=namespaces))
    assert [key.value for key in keys.devices] == [minted]
    other = read_event({"tracker_id": "KF-no"}, namespaces=namespaces)
    assert [key.value for key in read_keys(other, BlockList.of(namespaces=namespaces)).devices] != ["KF-no"]


def test_keys_of_one_priority_are_asked_in_the_order_of_declaration() -> None:
    namespaces = read_namespaces(
        b"card: {class: person}\nphone: {class: person}\nid: {class: person}".replace(b"id", b"ssn")
    )
    assert namespaces.persons == ("user_id", "email", "card", "phone", "ssn")


def test_the_schema_takes_what_the_reader_takes() -> None:
    from check_jsonschema.cachedownloader import CacheDownloader  # noqa: F401 the test extra has the validator
    from jsonschema import Draft202012Validator
    from ruamel.yaml import YAML

    validator = Draft202012Validator(schema())
    good = YAML(typ="safe").load((CASES / "namespaces.yaml").read_text())
    assert not list(validator.iter_errors(good))
    assert list(validator.iter_errors({"namespaces": {"phone": {"class": "human"}}}))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"missing\.yaml cannot be read"):
        load_namespaces(tmp_path / "missing.yaml")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("phone: {class: human}")
    with pytest.raises(BadInput, match=r"wrong\.yaml, line 1"):
        load_namespaces(wrong)


def test_a_namespace_blocks_and_allows_for_itself_alone() -> None:
    namespaces = read_namespaces(b"card: {class: person, block: [Staff], allow: ['0'], block_patterns: ['x-.*']}")
    blocks = BlockList.of(namespaces=namespaces)
    assert blocks.blocks("card", "STAFF")
    assert blocks.blocks("card", "X-7")
    assert not blocks.blocks("card", "0")
    assert not blocks.blocks("user_id", "staff")
    assert blocks.blocks("user_id", "0")


EVENTS = [
    ({"keys": {"ssn": "1"}}, "keys.ssn", "unknown_field"),
    ({"keys": {"tracker_id": ["t1", "t2"]}}, "keys.tracker_id", "one"),
    ({"keys": {"subscription": ["s1", "s2"]}}, "keys.subscription", "one"),
    ({"email": "a@b.example", "keys": {"email": "c@b.example"}}, "keys.email", "different"),
    ({"email": "a@b.example", "keys": {"email": ["a@b.example", "c@b.example"]}}, "keys.email", "different"),
    ({"tracker_id": "t", "keys": {"user_id": [str(number) for number in range(20)]}}, "keys", "too_many"),
    ({"keys": {"user_id": 7}}, "keys.user_id", "type"),
    ({"keys": "u1"}, "keys", "type"),
]


@pytest.mark.parametrize(("event", "field", "rule"), EVENTS, ids=[f"{field} {rule}" for _, field, rule in EVENTS])
def test_keys_of_an_event_that_break_a_rule_are_refused(event: dict[str, object], field: str, rule: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_event(event)
    assert [(error.field, error.rule) for error in refused.value.errors] == [(field, rule)]


def test_both_places_may_say_the_same_and_a_value_twice_is_one() -> None:
    event = read_event({"email": "a@b.example", "keys": {"email": ["a@b.example"], "user_id": ["7", "7"]}})
    assert [key.value for key in read_keys(event).every] == ["7", "a@b.example"]


def test_a_graph_takes_new_namespaces_and_refuses_other_settings(database: Database) -> None:
    first = read_namespaces(b"phone: {class: person}")
    agree(database, first)
    agree(database, first)
    more = read_namespaces(b"phone: {class: person}\ncard: {class: person, at_most: 2}")
    agree(database, more)
    with pytest.raises(OtherNamespaces, match="a namespace card, which is not declared here"):
        agree(database, first)
    changed = read_namespaces(b"phone: {class: person}\ncard: {class: person, at_most: 3}")
    with pytest.raises(OtherNamespaces, match="at_most of card is 2 in the graph and 3 here"):
        agree(database, changed)


def test_a_process_without_a_file_uses_the_namespaces_that_the_graph_has(database: Database) -> None:
    declared = read_namespaces((CASES / "namespaces.yaml").read_bytes())
    assert namespaces_of(database, Settings()) == DEFAULT_NAMESPACES
    agree(database, declared)
    assert namespaces_of(database, Settings()) == declared
    agree(database, namespaces_of(database, Settings()))


def test_a_namespace_goes_or_becomes_another_only_while_it_has_no_keys(database: Database) -> None:
    namespaces = read_namespaces(b"card: {class: person}")
    agree(database, namespaces)
    resolver = Resolver(database, block_list=BlockList.of(namespaces=namespaces), namespaces=namespaces)
    resolver.resolve([read_event({"keys": {"card": ["c1", "c2"]}}, namespaces=namespaces)])
    for other in (b"card: {class: device}", b"card: {class: person, normalise: lower}", b"{}"):
        with pytest.raises(ClashError, match="2 keys of card") as refused:
            apply(database, read_namespaces(other))
        assert refused.value.extra == {"namespace": "card", "keys": 2}
    assert apply(database, read_namespaces(b"card: {class: person, at_most: 1}")) == [
        "at_most of card is not set in the graph and 1 here."
    ]
    database.write(lambda tx: tx.run_text("MATCH (k:Card) DETACH DELETE k"), committed=REPEATABLE)
    apply(database, DEFAULT_NAMESPACES)
    agree(database, DEFAULT_NAMESPACES)


def test_what_is_declared_is_listed_with_how_many_keys_there_are(database: Database) -> None:
    namespaces = Namespaces.of([Namespace("card", KeyClass.PERSON, paths=("traits.card",))])
    resolver = Resolver(database, block_list=BlockList.of(namespaces=namespaces), namespaces=namespaces)
    resolver.resolve([read_event({"tracker_id": "t1", "keys": {"card": ["c1", "c2"]}}, namespaces=namespaces)])
    listed = {one["name"]: one for one in counted(database, namespaces)}
    assert {name: one["keys"] for name, one in listed.items()} == {
        "email": 0,
        "tracker_id": 1,
        "subscription": 0,
        "user_id": 0,
        "card": 2,
    }
    assert listed["card"]["from"] == ["traits.card"]
