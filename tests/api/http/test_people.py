"""GET /v1/contacts as a list of people: words, filters, order, pages and CSV."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from graph.explore import people as lists
from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]

CAST: dict[str, dict[str, Any]] = {
    "chloe": {
        "email": "c.durand@example.com",
        "tracker_id": "phone-77",
        "properties": {"firstName": "Chloé", "lastName": "Durand", "city": "Köln"},
    },
    "chlorine": {"tracker_id": "t2", "properties": {"hobby": "Chlorine pools"}},
    "will": {"user_id": "U-42", "tracker_id": "t3", "properties": {"name": "Will Łukasz", "tags": ["vip", "beta"]}},
    "nobody": {"tracker_id": "t4"},
    "tokyo": {"email": "ren@example.jp", "tracker_id": "t5", "properties": {"_name": "東京太郎"}},
}


@pytest.fixture
def cast(resolve: Resolve) -> dict[str, str]:
    return {name: resolve(**event)["contact"]["id"] for name, event in CAST.items()}


def people(client: TestClient, cast: dict[str, str], **query: Any) -> list[str]:
    response = client.get("/v1/contacts", params=query)
    assert response.status_code == 200, response.text
    names = {contact: name for name, contact in cast.items()}
    return [names[item["id"]] for item in response.json()["items"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Chlo", ["chlorine", "chloe"]),
        ("Chloé", ["chloe"]),
        ("CHLOE", ["chloe"]),
        ("hloé", ["chloe"]),
        ("chlo durand", ["chloe"]),
        ("durand chlo", ["chloe"]),
        ("chlo nobody", []),
        ("koln", ["chloe"]),
        ("köln", ["chloe"]),
        ("c.durand@example.com", ["chloe"]),
        ("C.Dur", ["chloe"]),
        ("example", ["tokyo", "chloe"]),
        ("phone-7", ["chloe"]),
        ("hone", ["chloe"]),
        ("will", ["will"]),
        ("Wil", ["will"]),
        ("lukasz", ["will"]),
        ("u-42", ["will"]),
        ("vip", ["will"]),
        ("東京", ["tokyo"]),
        ("太", ["tokyo"]),
        ("firstName", []),
        ("@", []),
        ("* OR *", ["chlorine"]),
        ("chlo AND NOT durand", []),
        ('"', []),
        ("value:chloe", []),
    ],
)
def test_people_are_found_by_parts_of_words(
    client: TestClient, cast: dict[str, str], words: str, found: list[str]
) -> None:
    assert people(client, cast, q=words) == found


def test_what_was_replaced_or_removed_finds_nobody(client: TestClient, resolve: Resolve, cast: dict[str, str]) -> None:
    client.patch(f"/v1/contacts/{cast['chloe']}", json={"properties": {"firstName": "Zoë", "city": None}})
    client.post(f"/v1/contacts/{cast['chloe']}/keys/remove", json={"tracker_id": "phone-77"})
    assert [people(client, cast, q=words) for words in ("chloe", "koln", "phone-77")] == [[], [], []]
    assert people(client, cast, q="zoe") == ["chloe"]


def test_an_id_leads_to_its_contact_and_a_folded_one_to_its_survivor(client: TestClient, cast: dict[str, str]) -> None:
    client.post("/v1/merges", json={"source": cast["nobody"], "target": cast["will"]})
    assert [people(client, cast, q=cast[name]) for name in ("chloe", "nobody")] == [["chloe"], ["will"]]
    assert people(client, cast, q="t4") == ["will"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["tokyo", "nobody", "will", "chlorine", "chloe"]),
        ({"q": " "}, ["tokyo", "nobody", "will", "chlorine", "chloe"]),
        ({"sort": "-created"}, ["chloe", "chlorine", "will", "nobody", "tokyo"]),
        ({"kind": "known"}, ["tokyo", "will", "chloe"]),
        ({"kind": "anonymous"}, ["nobody", "chlorine"]),
        ({"has": "user_id"}, ["will"]),
        ({"has": "email", "q": "example"}, ["tokyo", "chloe"]),
        ({"segment": "list"}, ["nobody", "chloe"]),
        ({"segment": "poolside"}, ["chlorine"]),
        ({"segment": "people", "q": "example", "sort": "-last_seen"}, ["chloe", "tokyo"]),
        ({"segment": "people", "kind": "anonymous"}, []),
    ],
    ids=str,
)
def test_a_list_is_filtered_and_sorted(
    client: TestClient, cast: dict[str, str], query: dict[str, str], found: list[str]
) -> None:
    client.put("/v1/segments/list", json={"kind": "static"})
    client.put("/v1/segments/poolside", json={"kind": "dynamic", "where": {"property": "hobby", "contains": "pool"}})
    client.put("/v1/segments/people", json={"kind": "dynamic", "where": {"kind": "known"}})
    for name in ("chloe", "nobody"):
        client.put(f"/v1/segments/list/members/{cast[name]}")
    assert people(client, cast, **query) == found


def test_who_is_seen_again_comes_first_and_who_has_the_most(
    client: TestClient, resolve: Resolve, cast: dict[str, str]
) -> None:
    resolve(tracker_id="t2")
    for name in ("nobody", "chlorine"):
        client.post("/v1/merges", json={"source": cast[name], "target": cast["chloe"]})
    left = {name: cast[name] for name in ("chloe", "will", "tokyo")}
    assert people(client, left, sort="unions", limit=1) == ["chloe"]
    assert people(client, left, sort="keys", limit=1) == ["chloe"]
    assert people(client, left, sort="created") == ["tokyo", "will", "chloe"]
    assert people(client, left) == ["chloe", "tokyo", "will"]


@pytest.mark.parametrize("query", [{"sort": "keys"}, {"q": "example"}, {"segment": "all", "sort": "-created"}], ids=str)
def test_pages_make_up_the_whole_list(client: TestClient, resolve: Resolve, query: dict[str, str]) -> None:
    client.put("/v1/segments/all", json={"kind": "dynamic", "where": {"key": "tracker_id", "exists": True}})
    for number in range(5):
        resolve(tracker_id=f"t{number}", email=f"p{number}@example.com")
    whole = client.get("/v1/contacts", params=query).json()
    assert (len(whole["items"]), whole["next"]) == (5, None)
    pages: list[Any] = []
    cursor: dict[str, str] = {}
    while not pages or cursor["cursor"]:
        page = client.get("/v1/contacts", params={**query, "limit": 2, **cursor}).json()
        pages.append(page["items"])
        cursor = {"cursor": page["next"]}
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [item for page in pages for item in page] == whole["items"]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"sort": "created"},
        {"has": "subscription"},
        {"kind": "anonymous"},
        {"q": "e"},
        {"q": "e chlo"},
        {"q": "example.com will"},
        {"q": "köln"},
        {"q": "koln 1"},
        {"q": "example", "segment": "buyers"},
        {"segment": "buyers", "sort": "created"},
        {"segment": "list"},
    ],
    ids=str,
)
def test_a_list_of_very_many_is_the_same_as_of_a_few(
    client: TestClient, resolve: Resolve, cast: dict[str, str], query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = {"all": [{"event": "purchase", "at_least": 2}, {"key": "email", "exists": True}]}
    client.put("/v1/segments/buyers", json={"kind": "dynamic_plus", "where": where})
    client.put("/v1/segments/list", json={"kind": "static"})
    for name in ("chloe", "tokyo"):
        client.put(f"/v1/segments/list/members/{cast[name]}")
        resolve(tracker_id=CAST[name]["tracker_id"], event="purchase")
    resolve(tracker_id="t5", event="purchase", subscription="s5")
    for number in range(6):
        resolve(email=f"köln{number}@example.com", tracker_id=f"v{number}", properties={"name": f"Will {number}"})

    def ids(**more: Any) -> tuple[list[str], str | None]:
        answer = client.get("/v1/contacts", params={**query, **more}).json()
        return [item["id"] for item in answer["items"]], answer["next"]

    whole, _ = ids()
    few = {"_SAMPLE": 1.1, "_SAMPLED": 3, "_SAMPLE_SECONDS": -1, "_COMMON_HITS": 1, "_AMONG": 2, "_FEW_EACH": 0}
    for name, value in few.items():
        monkeypatch.setattr(lists, name, value)
    assert ids()[0] == whole
    paged: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page, cursor = ids(limit=2, **({"cursor": cursor} if cursor else {}))
        paged += page
    assert paged == whole


@pytest.mark.parametrize(
    ("query", "field", "rule"),
    [
        ("kind=dog", "kind", "literal_error"),
        ("has=shoe", "has", "namespace"),
        ("segment=none", "segment", "segment"),
        ("sort=size", "sort", "literal_error"),
        ("cursor=nowhere", "cursor", "cursor"),
        ("q=a&email=a@example.com", "email", "exactly_one"),
        ("sort=keys&email=a@example.com", "email", "exactly_one"),
    ],
)
def test_a_bad_filter_is_refused_by_its_name(client: TestClient, query: str, field: str, rule: str) -> None:
    errors = refused(client.get(f"/v1/contacts?{query}"), 422, "bad_input")
    assert [(error["field"], error["rule"]) for error in errors] == [(field, rule)]


def test_a_contact_has_the_name_that_people_know(client: TestClient, cast: dict[str, str]) -> None:
    names = {item["id"]: item["name"] for item in client.get("/v1/contacts").json()["items"]}
    assert {name: names[contact] for name, contact in cast.items()} == {
        "chloe": "Chloé Durand",
        "chlorine": "t2",
        "will": "Will Łukasz",
        "nobody": "t4",
        "tokyo": "東京太郎",
    }
    assert client.get(f"/v1/contacts/{cast['chloe']}").json()["name"] == "Chloé Durand"


def test_a_table_has_everybody_and_no_formula(client: TestClient, resolve: Resolve, cast: dict[str, str]) -> None:
    resolve(email="eve@example.com", tracker_id="t9", properties={"name": "=HYPERLINK(1)"})
    response = client.get("/v1/contacts?kind=known", headers={"Accept": "text/csv"})
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["name"] for row in rows] == ["'=HYPERLINK(1)", "東京太郎", "Will Łukasz", "Chloé Durand"]
    assert (rows[3]["id"], rows[3]["email"], rows[3]["keys"], rows[3]["unions"]) == (
        cast["chloe"],
        "c.durand@example.com",
        "2",
        "0",
    )
    resolve(tracker_id="t9", user_id="+42", keys={"email": ["eve@example.com", "e@example.com"]})
    response = client.get("/v1/contacts?q=HYPERLINK", headers={"Accept": "text/csv"})
    [eve] = csv.DictReader(io.StringIO(response.text))
    assert sorted(json.loads(eve.pop("keys.email"))) == ["e@example.com", "eve@example.com"]
    assert {name: value for name, value in eve.items() if name.startswith("keys.")} == {
        "keys.tracker_id": "t9",
        "keys.subscription": "",
        "keys.user_id": "'+42",
    }
    page = client.get("/v1/contacts?limit=2", headers={"Accept": "text/csv"})
    assert len(list(csv.DictReader(io.StringIO(page.text)))) == 2
    after = client.get("/v1/contacts", params={"limit": 2, "cursor": page.headers["kinfold-next"]}).json()
    assert [item["id"] for item in after["items"]] == [cast["nobody"], cast["will"]]
    refused(client.get("/v1/contacts?segment=none", headers={"Accept": "text/csv"}), 422, "bad_input")


def test_who_was_shown_stands_in_the_audit(client: TestClient, cast: dict[str, str]) -> None:
    client.get("/v1/contacts?q=chlo")
    shown = client.get("/v1/audit?what=read").json()["items"]
    assert {entry["contact"] for entry in shown} == {cast["chloe"], cast["chlorine"]}
