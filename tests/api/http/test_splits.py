"""A contact that several people were fused into comes apart, over HTTP, and back."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]
NAMES = ("ana", "bob", "eve")


@pytest.fixture
def fused(resolve: Resolve) -> str:
    """One contact that a bogus user id made of three people, each with a browser, a town and a push subscription."""
    contact = ""
    for turn, name in enumerate(NAMES):
        tracker = f"t-{name}"
        first = resolve(user_id="bogus", email=f"{name}@example.com", tracker_id=tracker, properties={name: turn})
        contact = first["contact"]["id"]
        for _ in range(turn):
            resolve(user_id="bogus", email=f"{name}@example.com", tracker_id=tracker, event="view")
        resolve(tracker_id=tracker, properties={"seen": name}, event="view")
    return contact


def whole(client: TestClient, contact: str) -> dict[str, Any]:
    document: dict[str, Any] = client.get(f"/v1/contacts/{contact}").json()
    activity = client.get(f"/v1/contacts/{contact}/activity").json()["items"]
    return {**document, "activity": activity}


def split(client: TestClient, contact: str, status: int = 201, **body: Any) -> dict[str, Any]:
    response = client.post(f"/v1/contacts/{contact}/split", json=body)
    assert response.status_code == status, response.text
    entry: dict[str, Any] = response.json()
    return entry


def test_around_a_key_everybody_gets_their_own_and_undoing_is_exact(
    client: TestClient, resolve: Resolve, fused: str
) -> None:
    before = whole(client, fused)
    entry = split(client, fused, around={"user_id": "bogus"}, block=True)
    assert (entry["contact"], entry["around"], entry["blocked"]) == (fused, {"user_id": "bogus"}, True)
    assert [part["keys"] for part in entry["parts"]] == [
        {"email": [f"{name}@example.com"], "tracker_id": [f"t-{name}"]} for name in NAMES
    ]
    assert [part["activities"] for part in entry["parts"]] == [2, 3, 4]
    for name, part in zip(NAMES, entry["parts"], strict=True):
        found = whole(client, part["contact"])
        assert (found["kind"], found["emails"], found["trackers"]) == ("known", [f"{name}@example.com"], [f"t-{name}"])
        assert found["properties"].get(name) == NAMES.index(name)
        assert len(found["activity"]) == part["activities"]
        assert resolve(email=f"{name}@example.com", tracker_id=f"t-{name}")["contact"]["id"] == found["id"]
    rest = whole(client, fused)
    assert (rest["kind"], rest["emails"], rest["user_ids"], rest["activity"]) == ("anonymous", [], [], [])
    assert client.get("/v1/blocked").json()["items"][0]["value"] == "bogus"
    assert resolve(user_id="bogus")["outcome"] == "ignored"

    undone = client.post(f"/v1/splits/{entry['id']}/undo").json()
    assert undone["undone_at"] is not None
    assert client.get("/v1/blocked").json()["items"] == []
    after = whole(client, fused)
    parts = sorted(part["contact"] for part in entry["parts"])
    since = ("activity", "last_seen_at", "last_occurred_at")
    assert {**after, **dict.fromkeys(since)} == {**before, **dict.fromkeys(since), "merged_from": parts}
    assert len(after["activity"]) == len(before["activity"]) + 3, "what came since is there too"
    part = entry["parts"][0]["contact"]
    assert client.get(f"/v1/contacts/{part}").json()["redirected_from"] == part
    refused(client.post(f"/v1/splits/{entry['id']}/undo"), 409, "conflict")


def test_split_and_undone_at_once_nothing_is_another(client: TestClient, fused: str) -> None:
    before, graph = whole(client, fused), client.get(f"/v1/contacts/{fused}/export").json()
    entry = split(client, fused, around={"user_id": "bogus"})
    client.post(f"/v1/splits/{entry['id']}/undo")
    parts = sorted(part["contact"] for part in entry["parts"])
    assert whole(client, fused) == {**before, "merged_from": parts}
    export = client.get(f"/v1/contacts/{fused}/export").json()
    for part in ("keys", "periods", "properties", "activity"):
        assert export[part] == graph[part], part


def test_a_dry_run_tells_who_would_get_what_and_changes_nothing(client: TestClient, fused: str) -> None:
    before = whole(client, fused)
    told = client.post(f"/v1/contacts/{fused}/split?dry_run=true", json={"around": {"user_id": "bogus"}}).json()
    assert told["dry_run"] is True
    assert [(part["contact"], part["activities"]) for part in told["parts"]] == [(None, 2), (None, 3), (None, 4)]
    assert told["parts"][1]["properties"] == ["bob"]
    assert (told["taken"], told["stays"]["contact"]) == ({"user_id": ["bogus"]}, fused)
    assert any(change["contact"] == fused for change in told["changes"])
    assert whole(client, fused) == before
    assert client.get("/v1/splits").json()["items"] == []


def test_parts_get_the_keys_named_for_them_and_activity_that_carried_their_names(
    client: TestClient, resolve: Resolve
) -> None:
    one = resolve(user_id="42", email="ana@example.com", tracker_id="home", properties={"a": 1})["contact"]["id"]
    resolve(user_id="42", tracker_id="home", event="view")
    client.post(f"/v1/contacts/{one}/keys", json={"email": "bob@example.com"})
    resolve(email="bob@example.com", tracker_id="home", event="bought", properties={"size": "XL"})
    entry = split(client, one, parts=[{"keys": ["email:bob@example.com"]}])
    (part,) = entry["parts"]
    assert (part["keys"], part["activities"], part["properties"]) == ({"email": ["bob@example.com"]}, 1, ["size"])
    bob, ana = whole(client, part["contact"]), whole(client, one)
    assert [(item["event"], item["tracker_id"]) for item in bob["activity"]] == [("bought", "home")]
    assert ([item["event"] for item in ana["activity"]], ana["trackers"]) == (["view", "identify"], ["home"])
    assert (bob["properties"], ana["properties"]) == ({"size": "XL"}, {"a": 1})
    assert client.post(f"/v1/splits/{entry['id']}/undo").status_code == 200
    assert len(whole(client, one)["activity"]) == 3
    assert whole(client, one)["trackers"] == ["home"]


def test_a_union_undone_meanwhile_keeps_what_it_had_brought(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", tracker_id="t-ana", properties={"a": 1})["contact"]["id"]
    bob = resolve(email="bob@example.com", tracker_id="t-bob", properties={"b": 2})["contact"]["id"]
    eve = resolve(email="eve@example.com", tracker_id="t-eve")["contact"]["id"]
    documents = {one: whole(client, one) for one in (ana, bob, eve)}
    union = client.post("/v1/merges", json={"source": bob, "target": ana}).json()["id"]
    entry = split(client, ana, parts=[{"keys": [{"email": "bob@example.com", "tracker_id": "t-bob"}]}])
    (part,) = entry["parts"]
    later = client.post("/v1/merges", json={"source": eve, "target": part["contact"]}).json()["id"]
    assert client.post(f"/v1/merges/{union}/undo").status_code == 200
    assert whole(client, bob)["emails"] == [], "they are the part's"
    assert client.post(f"/v1/splits/{entry['id']}/undo").status_code == 200
    assert whole(client, bob)["emails"] == ["bob@example.com"]
    assert whole(client, ana)["emails"] == ["ana@example.com", "eve@example.com"], "who was folded into the part"
    assert client.get(f"/v1/merges/{later}").json()["target"] == ana
    assert client.post(f"/v1/merges/{later}/undo").status_code == 200
    documents[ana]["merged_from"] = [part["contact"]]
    for one, document in documents.items():
        assert whole(client, one) == document


def test_the_id_of_a_part_leads_to_the_whole_and_is_told_wherever_ids_that_lead_there_are(
    client: TestClient, resolve: Resolve, fused: str
) -> None:
    zoe, yan = (
        resolve(email=f"{name}@example.com", tracker_id=f"t-{name}")["contact"]["id"] for name in ("zoe", "yan")
    )
    entry = split(client, fused, around={"user_id": "bogus"})
    first, *_ = parts = [part["contact"] for part in entry["parts"]]
    into_part = client.post("/v1/merges", json={"source": zoe, "target": first}).json()["id"]
    assert client.post(f"/v1/splits/{entry['id']}/undo").status_code == 200
    into_whole = client.post("/v1/merges", json={"source": yan, "target": fused}).json()["id"]

    def told() -> list[set[str]]:
        document = client.get(f"/v1/contacts/{fused}").json()
        export = client.get(f"/v1/contacts/{first}/export").json()
        graph = client.get(f"/v1/contacts/{fused}/graph").json()
        listed = client.get("/v1/contacts?q=bogus&sort=unions").json()["items"]
        [table] = client.get("/v1/contacts?q=bogus", headers={"Accept": "text/csv"}).text.splitlines()[1:]
        assert f",{len(document['merged_from'])}," in f",{table},"
        assert {one["id"]: one["into"] for one in export["folded"]} == dict.fromkeys(document["merged_from"], fused)
        assert {one["split"] for one in export["folded"] if one["id"] in parts} == {entry["id"]}
        drawn = {edge["source"]: edge for edge in graph["edges"] if edge["type"] == "folded_into"}
        assert {edge["target"] for edge in drawn.values()} == {fused}
        assert {drawn[one]["split"] for one in parts} == {entry["id"]}
        assert len({edge["id"] for edge in graph["edges"]}) == len(graph["edges"])
        return [
            set(document["merged_from"]),
            *(set(one["merged_from"]) for one in listed),
            {node["id"] for node in graph["nodes"] if node["type"] == "folded"},
        ]

    assert told() == [{*parts, zoe, yan}] * 3
    assert client.post(f"/v1/merges/{into_part}/undo").status_code == 200
    assert told() == [{*parts, yan}] * 3
    assert client.post(f"/v1/merges/{into_whole}/undo").status_code == 200
    assert told() == [set(parts)] * 3
    ana = resolve(email="other@example.com", tracker_id="t-other")["contact"]["id"]
    over = client.post("/v1/merges", json={"source": fused, "target": ana}).json()["id"]
    assert client.get(f"/v1/contacts/{first}").json()["id"] == ana
    assert client.get(f"/v1/contacts/{ana}").json()["merged_from"] == sorted([*parts, fused])
    assert client.get(f"/v1/contacts/{ana}/graph").json()["groups"][-1]["total"] == 4
    assert client.post(f"/v1/merges/{over}/undo").status_code == 200
    assert client.get(f"/v1/contacts/{ana}").json()["merged_from"] == []
    assert told() == [set(parts)] * 3
    changes = client.get("/v1/changes").json()["items"]
    assert {one["other"] for one in changes if one["kind"] == "split_undone"} == set(parts)
    history = client.get(f"/v1/contacts/{first}/history").json()["items"]
    assert [one["what"] for one in history if one["split"] == entry["id"]] == ["split_undone", "split"]
    assert client.delete(f"/v1/contacts/{fused}").status_code == 200
    for one in (fused, *parts):
        refused(client.get(f"/v1/contacts/{one}"), 410, "gone")


def test_who_was_never_seen_makes_nobody_seen_later(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", tracker_id="t1")["contact"]["id"]
    bob = resolve(email="bob@example.com", tracker_id="t2")["contact"]["id"]
    client.post(f"/v1/contacts/{ana}/keys", json={"user_id": "42"})
    (part,) = split(client, ana, parts=[{"keys": ["user_id:42"]}])["parts"]
    before = whole(client, bob)["last_seen_at"]
    union = client.post("/v1/merges", json={"source": part["contact"], "target": bob}).json()["id"]
    assert whole(client, bob)["last_seen_at"] == before
    client.post(f"/v1/merges/{union}/undo")
    client.post("/v1/merges", json={"source": bob, "target": part["contact"]})
    assert whole(client, bob)["last_seen_at"] == before


def test_what_covers_a_split_is_named(client: TestClient, resolve: Resolve, fused: str) -> None:
    entry = split(client, fused, around={"user_id": "bogus"})
    part = entry["parts"][0]["contact"]
    other = resolve(email="zoe@example.com")["contact"]["id"]
    union = client.post("/v1/merges", json={"source": part, "target": other}).json()["id"]
    refusal = client.post(f"/v1/splits/{entry['id']}/undo")
    refused(refusal, 409, "conflict")
    assert refusal.json()["covering"] == [union]
    client.post(f"/v1/merges/{union}/undo")
    again = split(client, entry["parts"][1]["contact"], parts=[{"keys": ["tracker_id:t-bob"]}])
    assert client.post(f"/v1/splits/{entry['id']}/undo").json()["covering"] == [again["id"]]
    client.post(f"/v1/splits/{again['id']}/undo")
    assert client.post(f"/v1/splits/{entry['id']}/undo").status_code == 200


def test_a_judgement_holds_for_every_part(client: TestClient, resolve: Resolve, fused: str) -> None:
    visitor = resolve(tracker_id="t9")["contact"]["id"]
    client.post("/v1/judgements", json={"contacts": [fused, visitor]})
    entry = split(client, fused, around={"user_id": "bogus"})
    answer = resolve(email="ana@example.com", tracker_id="t9")
    assert (answer["contact"]["id"], answer["kept_apart"]) == (entry["parts"][0]["contact"], [visitor])
    client.post(f"/v1/splits/{entry['id']}/undo")
    assert resolve(email="ana@example.com", tracker_id="t9")["kept_apart"] == [visitor]


def test_a_split_is_in_history_feed_and_export_and_an_erasure_ends_it(client: TestClient, fused: str) -> None:
    entry = split(client, fused, around={"user_id": "bogus"})
    part = entry["parts"][2]["contact"]
    (item,) = [one for one in client.get(f"/v1/contacts/{fused}/history").json()["items"] if one["what"] == "split"]
    assert item["split"] == entry["id"]
    assert "eve@example.com" in item["words"]
    told = [one for one in client.get("/v1/changes").json()["items"] if one["kind"] == "split"]
    assert [(one["contact"], one["other"], one["split"]) for one in told] == [
        (fused, each["contact"], entry["id"]) for each in entry["parts"]
    ]
    (exported,) = client.get(f"/v1/contacts/{part}/export").json()["separations"]
    assert exported["parts"] == [{"contact": part, "keys": ["email eve@example.com", "tracker_id t-eve"]}]
    assert client.delete(f"/v1/contacts/{part}").json()["removed"]["separations"] == 1
    refused(client.post(f"/v1/splits/{entry['id']}/undo"), 410, "gone")
    assert client.get(f"/v1/contacts/{fused}").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "parts"),
        ({"parts": []}, 422, "parts"),
        ({"parts": [{"keys": []}]}, 422, "parts[0].keys"),
        ({"parts": [{"keys": ["email"]}]}, 422, "parts[0].keys[0]"),
        ({"parts": [{"keys": ["tracker_id:t-ana"]}, {"keys": ["tracker_id:t-ana"]}]}, 422, "parts"),
        ({"parts": [{"keys": ["tracker_id:t-ana"]}], "around": {"user_id": "bogus"}}, 422, "parts"),
        ({"parts": [{"keys": ["tracker_id:t-ana"]}], "block": True}, 422, "block"),
        ({"around": {"nickname": "x"}}, 422, "around.nickname"),
        ({"parts": [{"keys": ["email:zoe@example.com"]}]}, 404, None),
        ({"around": {"user_id": "42"}}, 404, None),
    ],
)
def test_a_split_that_cannot_be_is_refused(
    client: TestClient, fused: str, body: dict[str, Any], status: int, field: str | None
) -> None:
    before = whole(client, fused)
    response = client.post(f"/v1/contacts/{fused}/split", json=body)
    errors = refused(response, status, "bad_input" if status == 422 else "not_found")
    assert field is None or [error["field"] for error in errors] == [field]
    assert whole(client, fused) == before


def test_a_contact_with_one_name_is_not_split_around_it(client: TestClient, resolve: Resolve) -> None:
    ana = resolve(email="ana@example.com", tracker_id="t1")["contact"]["id"]
    refused(client.post(f"/v1/contacts/{ana}/split", json={"around": {"email": "ana@example.com"}}), 409, "conflict")
