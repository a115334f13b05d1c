"""/v1/environments, their catalogues and propositions, and ``kinfold catalogue``."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient

from graph.kinfold import Kinfold
from graph.offers.picture import draw
from graph.offers.reports import BY
from graph.settings import Settings
from tests.api.conftest import open_client
from tests.api.pinned import refused
from tests.command import run

ROOT = Path(__file__).parents[3]


def put(client: TestClient, path: str, **body: Any) -> dict[str, Any]:
    response = client.put(f"/v1/environments/{path}", json=body)
    assert response.status_code in (200, 201), response.text
    document: dict[str, Any] = response.json()
    return document


@pytest.fixture
def shop(client: TestClient) -> TestClient:
    put(client, "north", kind="anonymous")
    put(client, "north/spaces/banner")
    put(client, "north/offers/hello", weight=1)
    put(client, "crm", kind="identified")
    put(client, "crm/categories/shoes/boots", at_most={"count": 2, "within": "P7D"})
    put(client, "crm/spaces/home", identify_implicitly=True, fall_back=True, anonymous_space="north/banner")
    put(client, "crm/offers/boots", category="shoes/boots", weight=3, at_most={"count": 1, "within": "P1D"})
    put(client, "crm/offers/card", weight=2, where={"property": "country", "is": "FR"})
    return client


def ask(client: TestClient, path: str, query: str = "", **body: Any) -> dict[str, Any]:
    response = client.post(f"/v1/environments/{path}/propositions{query}", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_catalogue_is_built_call_by_call_and_read_back(shop: TestClient) -> None:
    assert shop.put("/v1/environments/crm", json={"kind": "identified"}).status_code == 200
    assert shop.put("/v1/environments/new", json={"kind": "identified"}).status_code == 201
    assert [item["name"] for item in shop.get("/v1/environments").json()["items"]] == ["crm", "new", "north"]
    assert shop.get("/v1/environments/north").json()["visitors_folder"] == "visitors of north"
    for part, names in (("offers", ["boots", "card"]), ("spaces", ["home"])):
        assert [item["name"] for item in shop.get(f"/v1/environments/crm/{part}").json()["items"]] == names
    categories = shop.get("/v1/environments/crm/categories?limit=1").json()
    assert ([item["path"] for item in categories["items"]], categories["next"] is None) == (["shoes"], False)
    boots = shop.get("/v1/environments/crm/categories/shoes/boots").json()
    assert (boots["parent"], boots["at_most"]) == (
        "shoes",
        {"count": 2, "within": "P7D", "of": "presented", "scope": "category"},
    )
    assert shop.get("/v1/environments/crm/offers/boots").json()["state"] == "live"
    assert shop.get("/v1/environments/crm/spaces/home").json()["anonymous_space"] == "north/banner"
    refused(shop.get("/v1/environments/crm/offers/nothing"), 404, "not_found")
    refused(shop.get("/v1/environments/nothing/visitors"), 404, "not_found")


def test_a_category_needs_nothing_but_its_path(shop: TestClient) -> None:
    made = shop.put("/v1/environments/crm/categories/hats/summer")
    assert (made.status_code, made.json()["parent"]) == (201, "hats")
    assert shop.put("/v1/environments/crm/categories/hats/summer", content=b" \n").status_code == 200
    refused(shop.put("/v1/environments/crm/spaces/aside"), 422, "bad_input")


def test_a_known_contact_is_met_by_its_email_or_its_cookie(shop: TestClient, resolve: Any) -> None:
    resolve(email="ana@example.com", tracker_id="t1", properties={"country": "FR"})
    answer = ask(shop, "crm/spaces/home", email="ana@example.com", limit=1)
    assert answer["identification"] == "explicit"
    assert answer["offers"] == [{"name": "boots", "category": "shoes/boots", "weight": 3, "content": {}}]
    implicit = ask(shop, "crm/spaces/home", "?explain=true", tracker_id="t1")
    assert implicit["contact"] == answer["contact"]
    assert [offer["name"] for offer in implicit["offers"]] == ["card"]
    assert [(one["name"], one["reason"]) for one in implicit["left_out"]] == [("boots", "offer_limit")]


def test_a_visitor_falls_back_and_is_in_the_folder(shop: TestClient) -> None:
    answer = ask(shop, "crm/spaces/home", tracker_id="new")
    said = {name: answer[name] for name in ("identification", "environment", "space", "fell_back")}
    assert said == {"identification": "none", "environment": "north", "space": "banner", "fell_back": True}
    [visitor] = shop.get("/v1/environments/north/visitors").json()["items"]
    assert (visitor["id"], visitor["kind"]) == (answer["contact"]["id"], "anonymous")


def test_an_outcome_is_noted_and_read_with_the_contact(shop: TestClient) -> None:
    answer = ask(shop, "crm/spaces/home", email="ana@example.com")
    path = f"/v1/propositions/{answer['proposition_id']}/outcome"
    assert shop.post(path, json={"outcome": "accepted", "offer": "boots"}).json()["offers"] == ["boots"]
    [item] = shop.get(f"/v1/contacts/{answer['contact']['id']}/propositions").json()["items"]
    assert (item["proposition_id"], item["asked"]) == (answer["proposition_id"], "crm/home")
    assert [(one["name"], one["outcome"]) for one in item["offers"]] == [("boots", "accepted")]
    assert refused(shop.post(path, json={"outcome": "bought"}), 422, "bad_input")[0]["field"] == "outcome"
    refused(shop.post("/v1/propositions/nothing/outcome", json={"outcome": "ignored"}), 404, "not_found")


def test_what_hangs_on_a_part_of_the_catalogue_is_named_and_keeps_it(shop: TestClient) -> None:
    for path, hanging in (
        ("crm", {"categories": ["shoes", "shoes/boots"], "offers": ["boots", "card"], "spaces": ["crm/home"]}),
        ("north", {"offers": ["hello"], "spaces": ["crm/home", "north/banner"]}),
        ("crm/categories/shoes", {"categories": ["shoes/boots"]}),
        ("crm/categories/shoes/boots", {"offers": ["boots"]}),
        ("north/spaces/banner", {"spaces": ["crm/home"]}),
    ):
        response = shop.delete(f"/v1/environments/{path}")
        refused(response, 409, "conflict")
        assert response.json()["hanging"] == hanging
    for nothing in ("south", "crm/offers/none", "crm/spaces/none", "crm/categories/none", "south/offers/boots"):
        refused(shop.delete(f"/v1/environments/{nothing}"), 404, "not_found")
    assert len(shop.get("/v1/environments").json()["items"]) == 2


def test_a_catalogue_is_taken_apart_from_the_leaves_and_its_visitors_stay(shop: TestClient) -> None:
    visitor = ask(shop, "crm/spaces/home", tracker_id="new")["contact"]["id"]
    ended = shop.delete("/v1/environments/north/offers/hello")
    assert (ended.status_code, ended.json()["name"]) == (200, "hello")
    again = shop.delete("/v1/environments/north/offers/hello").json()
    assert again["ends_at"] == ended.json()["ends_at"]
    assert ask(shop, "north/spaces/banner", tracker_id="other")["offers"] == []
    for path in ("crm/offers/boots", "crm/offers/card", "crm/spaces/home", "crm/categories/shoes/boots"):
        assert shop.delete(f"/v1/environments/{path}").status_code == 204, path
        refused(shop.get(f"/v1/environments/{path}"), 404, "not_found")
    assert shop.delete("/v1/environments/crm/categories/shoes").status_code == 204
    assert shop.delete("/v1/environments/crm").status_code == 204
    # The space that was asked is remembered with the proposition, and no longer part of any catalogue.
    [item] = shop.get(f"/v1/contacts/{visitor}/propositions").json()["items"]
    assert item["asked"] == "crm/home"
    put(shop, "crm", kind="identified")
    assert shop.get("/v1/environments/crm/spaces").json()["items"] == []
    put(shop, "crm/spaces/home")
    assert [one["name"] for one in shop.get("/v1/environments/crm/spaces").json()["items"]] == ["home"]


def test_a_shown_or_clicked_offer_is_noted_beneath_what_was_decided(shop: TestClient) -> None:
    answer = ask(shop, "crm/spaces/home", email="ana@example.com")
    path = f"/v1/propositions/{answer['proposition_id']}/outcome"

    def offer() -> dict[str, Any]:
        [item] = shop.get(f"/v1/contacts/{answer['contact']['id']}/propositions").json()["items"]
        return next(one for one in item["offers"] if one["name"] == "boots")

    assert (offer()["outcome"], offer()["presented_at"], offer()["clicked_at"]) == (None, None, None)
    for said, counts in (
        ("presented", "presented"),
        ("clicked", "clicked"),
        ("presented", "clicked"),
        ("refused", "refused"),
        ("clicked", "refused"),
        ("accepted", "accepted"),
    ):
        noted = shop.post(path, json={"outcome": said, "offer": "boots"}).json()
        assert (noted["outcome"], noted["offers"]) == (said, ["boots"])
        assert offer()["outcome"] == counts, said
    assert offer()["presented_at"] <= offer()["clicked_at"] <= offer()["outcome_at"]


def test_a_refusal_names_the_field_and_the_rule_and_changes_nothing(shop: TestClient) -> None:
    for path, body, field, rule in (
        ("crm/spaces/till", {"fall_back": True, "anonymous_space": "crm/home"}, "anonymous_space", "identified_space"),
        ("crm/spaces/till", {"environment": "north"}, "environment", "two_environments"),
        ("crm/categories/shoes", {"parent": "shoes/boots"}, "parent", "cycle"),
        ("crm/offers/o", {"category": "nothing"}, "category", "unknown_category"),
        ("crm/offers/o", {"where": {"property": "a"}}, "where", "operator"),
        ("crm/offers/o", {"weight": "1"}, "weight", "value"),
        ("crm/offers/o", {"weight": -1}, "weight", "value"),
        ("crm/offers/o", {"weight": True}, "weight", "value"),
        ("crm/offers/o", {"weight": 2**63}, "weight", "value"),
        ("crm/offers/o", {"colour": 1}, "colour", "unknown_field"),
        ("crm/offers/o", {"content": {"a": {}}}, "content.a", "value"),
        ("a b ", {"kind": "identified"}, "name", "value"),
    ):
        errors = refused(shop.put(f"/v1/environments/{path}", json=body), 422, "bad_input")
        assert (field, rule) in {(error["field"], error["rule"]) for error in errors}
    refused(shop.get("/v1/environments/crm/offers/o"), 404, "not_found")
    limit = shop.post("/v1/environments/crm/spaces/home/propositions", json={"limit": 0})
    assert refused(limit, 422, "bad_input")[0]["field"] == "limit"


def test_a_page_is_answered_where_nobody_is_recognised_by_its_own_visitor_alone(shop: TestClient, resolve: Any) -> None:
    put(shop, "north/offers/hello", weight=1, at_most={"count": 1})
    put(shop, "north/offers/regular", weight=2, where={"property": "country", "is": "FR"})
    put(shop, "north/spaces/open", identify_implicitly=True)

    def page(space: str, **body: Any) -> dict[str, Any]:
        response = shop.post(f"/v1/environments/{space}/offers", json=body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        assert set(answer) == {"tracker_id", "offers", "proposition_id"}
        return answer

    new = page("north/spaces/banner")
    assert [offer["name"] for offer in new["offers"]] == ["hello"]
    assert page("north/spaces/banner", tracker_id=new["tracker_id"])["offers"] == []
    # Whether a browser leads to somebody known, who that is, and what was offered there, makes no difference.
    resolve(email="ana@example.com", tracker_id="t1", properties={"country": "FR"})
    assert [offer["name"] for offer in ask(shop, "north/spaces/open", tracker_id="t1")["offers"]] == [
        "regular",
        "hello",
    ]
    known, unknown = page("north/spaces/banner", tracker_id="t1"), page("north/spaces/banner", tracker_id="t2")
    assert known["offers"] == unknown["offers"] == new["offers"]
    assert (known["tracker_id"], unknown["tracker_id"]) == ("t1", "t2")
    assert page("north/spaces/banner", tracker_id="t1")["offers"] == []
    outcome = shop.post(f"/v1/propositions/{known['proposition_id']}/outcome", json={"outcome": "clicked"})
    assert outcome.json()["offers"] == ["hello"]
    for space in ("crm/spaces/home", "north/spaces/open"):
        refused(shop.post(f"/v1/environments/{space}/offers", json={}), 409, "conflict")
    refused(shop.post("/v1/environments/north/spaces/none/offers", json={}), 404, "not_found")
    refused(
        shop.post("/v1/environments/north/spaces/banner/offers", json={"email": "ana@example.com"}), 422, "bad_input"
    )


def test_a_key_with_minimal_answers_gets_no_offers(kinfold: Kinfold, server: Settings) -> None:
    keys = Settings(write_key="w", admin_key="a", write_answer="minimal")  # type: ignore[arg-type]
    update = {name: getattr(keys, name) for name in ("write_key", "admin_key", "write_answer")}
    with open_client(Kinfold.on(kinfold.database, server.model_copy(update=update))) as client:
        path = "/v1/environments/crm/spaces/home/propositions"
        refused(client.post(path, json={}, headers={"Authorization": "Bearer w"}), 403, "forbidden")
        page = client.post(path.replace("propositions", "offers"), json={}, headers={"Authorization": "Bearer w"})
        refused(page, 404, "not_found")
        refused(client.post(path, json={}, headers={"Authorization": "Bearer a"}), 404, "not_found")


def test_the_command_imports_a_catalogue_and_exports_it_again(
    database: Any, environment: dict[str, str], tmp_path: Path
) -> None:
    ran = run(environment, "catalogue", "import", ROOT / "examples" / "catalogue.yaml")
    assert (ran.returncode, ran.stdout.strip()) == (
        0,
        "Imported: 3 environments, 4 categories, 5 spaces, 8 offers.",
    )
    first, second = tmp_path / "first.json", tmp_path / "second.yaml"
    assert run(environment, "catalogue", "export", first).returncode == 0
    assert run(environment, "catalogue", "import", first).returncode == 0
    assert run(environment, "catalogue", "export", second).returncode == 0
    assert "visitors_folder: visitors of north" in second.read_text()
    bad = tmp_path / "bad.yaml"
    bad.write_text("environments:\n  a:\n    kind: identified\n    offers:\n      o: {category: c}\n")
    ran = run(environment, "catalogue", "import", bad)
    assert ran.returncode == 1
    assert "environments.a.offers.o.category: line 5: there is no category 'c'" in ran.stderr


def test_a_change_of_the_catalogue_can_be_checked_first(shop: TestClient) -> None:
    looked = shop.put("/v1/environments/south?dry_run=true", json={"targeting_dimension": "visitors"})
    assert (looked.status_code, looked.json()) == (
        200,
        {
            "name": "south",
            "kind": "anonymous",
            "targeting_dimension": "visitors",
            "inbound_anonymous": True,
            "segment": None,
            "goes_on_from": [],
            "visitors_folder": "visitors of south",
        },
    )
    refused(shop.get("/v1/environments/south"), 404, "not_found")
    before = [shop.get(f"/v1/environments/crm/{part}").json() for part in ("categories", "offers", "spaces")]
    for path, body in (
        ("categories/hats", {"excludes": ["shoes"]}),
        ("offers/boots", {"weight": 9}),
        ("spaces/till", {"offers": 1}),
    ):
        looked = shop.put(f"/v1/environments/crm/{path}?dry_run=true", json=body)
        assert (looked.status_code, looked.json() | body) == (200, looked.json())
    wrong = shop.put("/v1/environments/crm/spaces/till?dry_run=true", json={"fall_back": True})
    assert [error["field"] for error in refused(wrong, 422, "bad_input")] == ["anonymous_space"]
    assert [shop.get(f"/v1/environments/crm/{part}").json() for part in ("categories", "offers", "spaces")] == before


def test_an_environment_is_made_of_a_mapping_and_shown_before(kinfold: Kinfold, environment: dict[str, str]) -> None:
    made = ("environment", "create", "--mapping", "visitors", "--brand", "north")
    looked = run(environment, *made, "--dry-run")
    assert looked.returncode == 0
    assert [word in looked.stdout for word in ("[x]", "visitors of north", "Nothing was made.")] == [True] * 3
    assert kinfold.catalogues.environments() == []
    done = run(environment, *made)
    assert (done.returncode, "Made: environment north." in done.stdout) == (0, True), done.stderr
    north = kinfold.catalogues.environment("north")
    assert (north["kind"], north["visitors_folder"]) == ("anonymous", "visitors of north")
    again = run(environment, *made, "--json")
    assert (again.returncode, "already" in again.stdout) == (1, True)
    told = run(environment, "environment", "create", "--mapping", "contacts", "--json")
    assert orjson.loads(told.stdout)["environment"]["kind"] == "identified"
    listed = run(environment, "environment", "list", "--json")
    assert [one["name"] for one in orjson.loads(listed.stdout)["items"]] == ["contacts", "north"]
    assert run(environment, "environment", "create", "--mapping", "visitors").returncode == 1


def test_rules_are_shared_by_their_names_and_kept_while_something_names_them(shop: TestClient) -> None:
    rule = put(shop, "crm/rules/calm", at_most={"count": 1, "of": "refused"})
    assert rule == {
        "name": "calm",
        "environment": "crm",
        "where": None,
        "at_most": {"count": 1, "within": None, "of": "refused", "scope": None},
    }
    put(shop, "crm/offers/card", weight=2, rules=["calm"])
    put(shop, "crm/categories/shoes", rules=["calm"])
    assert [one["name"] for one in shop.get("/v1/environments/crm/rules").json()["items"]] == ["calm"]
    hanging = shop.delete("/v1/environments/crm/rules/calm")
    assert (hanging.status_code, hanging.json()["hanging"]) == (409, {"categories": ["shoes"], "offers": ["card"]})
    proposition = ask(shop, "crm/spaces/home", email="ana@example.com", limit=1, context={"page": "/"})
    assert [offer["name"] for offer in proposition["offers"]] == ["boots"]
    shop.post(f"/v1/propositions/{proposition['proposition_id']}/outcome", json={"outcome": "refused"})
    left = ask(shop, "crm/spaces/home", "?explain=true", email="ana@example.com")["left_out"]
    assert {"boots": "offer_limit"}.items() <= {one["name"]: one["reason"] for one in left}.items()
    [_, first] = shop.get(f"/v1/contacts/{proposition['contact']['id']}/propositions").json()["items"]
    assert first["context"] == {"page": "/"}
    put(shop, "crm/offers/card", weight=2)
    put(shop, "crm/categories/shoes")
    assert shop.delete("/v1/environments/crm/rules/calm").status_code == 204
    refused(shop.get("/v1/environments/crm/rules/calm"), 404, "not_found")


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("rules/r", {}, "where", "missing"),
    ("rules/r", {"where": {"context": "page"}}, "where", "operator"),
    ("rules/r", {"where": {"segment": "nobody"}}, "where.segment", "unknown_segment"),
    ("offers/o", {"rules": ["r"]}, "rules[0]", "unknown_rule"),
    ("categories/c", {"rules": ["r"]}, "rules[0]", "unknown_rule"),
    ("categories/c", {"starts_at": "2027-01-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}, "ends_at", "order"),
    ("offers/o", {"weights": [{"weight": 2, "space": "x"}]}, "weights[0].space", "unknown_space"),
    ("offers/o", {"weights": [{"weight": 2, "segment": "x"}]}, "weights[0].segment", "unknown_segment"),
    ("offers/o", {"at_most": {"count": 1, "scope": "category"}}, "at_most.scope", "no_category"),
    ("offers/o", {"where": {"visitor_of": "crm"}}, "where.visitor_of", "unknown_environment"),
]


@pytest.mark.parametrize(("path", "body", "field", "rule"), WRONG)
def test_what_is_wrong_in_the_catalogue_is_named_by_its_field(
    shop: TestClient, path: str, body: dict[str, Any], field: str, rule: str
) -> None:
    errors = refused(shop.put(f"/v1/environments/crm/{path}", json=body), 422, "bad_input")
    assert [(error["field"], error["rule"]) for error in errors] == [(field, rule)]


def test_a_segments_condition_speaks_of_visitors_and_not_of_calls(client: TestClient) -> None:
    where = {"visitor_of": "north"}
    made = client.put("/v1/segments/visitors", json={"kind": "dynamic_plus", "where": where})
    assert made.status_code == 201
    refused(client.put("/v1/segments/plain", json={"kind": "dynamic", "where": where}), 422, "bad_input")
    for other in ({"context": "page", "is": "/"}, {"segment": "visitors"}):
        answer = client.put("/v1/segments/more", json={"kind": "dynamic_plus", "where": other})
        assert [error["rule"] for error in refused(answer, 422, "bad_input")] == ["form"]
    put(client, "north", kind="anonymous")
    put(client, "north/spaces/banner", offers=1)
    visitor = ask(client, "north/spaces/banner", tracker_id="t1")["contact"]["id"]
    members = client.get("/v1/segments/visitors/members").json()["items"]
    assert [one["id"] for one in members] == [visitor]


def test_several_spaces_are_answered_in_one_call(shop: TestClient) -> None:
    put(shop, "crm/spaces/till", offers=1)
    answer = shop.post(
        "/v1/environments/crm/propositions", json={"spaces": ["till", "home"], "email": "ana@example.com"}
    )
    assert answer.status_code == 200, answer.text
    till, home = answer.json()["results"]
    assert ([offer["name"] for offer in till["offers"]], till["space"]) == (["boots"], "till")
    # Boots are at most once a day: what one space was given counts for the next.
    assert ([offer["name"] for offer in home["offers"]], home["space"]) == ([], "home")
    assert till["contact"] == home["contact"]
    assert till["proposition_id"] != home["proposition_id"]
    missing = {"spaces": ["home", "nowhere"], "email": "ana@example.com"}
    refused(shop.post("/v1/environments/crm/propositions", json=missing), 404, "not_found")
    past = shop.get(f"/v1/contacts/{till['contact']['id']}/propositions").json()["items"]
    assert len(past) == 2


def test_a_page_asks_several_spaces_for_its_own_visitor(shop: TestClient) -> None:
    put(shop, "north/spaces/footer", offers=1)
    answer = shop.post("/v1/environments/north/offers", json={"spaces": ["footer", "banner"]})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert [(one["space"], [offer["name"] for offer in one["offers"]]) for one in shown["spaces"]] == [
        ("footer", ["hello"]),
        ("banner", ["hello"]),
    ]
    assert len(shop.get("/v1/environments/north/visitors").json()["items"]) == 1
    assert shown["tracker_id"]
    put(shop, "north/spaces/recognising", identify_implicitly=True)
    both = {"spaces": ["footer", "recognising"], "tracker_id": "t9"}
    refused(shop.post("/v1/environments/north/offers", json=both), 409, "conflict")
    assert shop.get("/v1/contacts?tracker_id=t9").json()["items"] == []


def test_what_became_of_offers_is_counted_by_offer_by_space_and_by_day(shop: TestClient) -> None:
    put(shop, "crm/spaces/till")
    first = ask(shop, "crm/spaces/home", email="ana@example.com", limit=1)
    second = ask(shop, "crm/spaces/till", email="ben@example.com", limit=1)
    for proposition, outcomes in ((first, ("presented", "clicked", "accepted")), (second, ("presented", "refused"))):
        for outcome in outcomes:
            shop.post(f"/v1/propositions/{proposition['proposition_id']}/outcome", json={"outcome": outcome})
    ask(shop, "north/spaces/banner", tracker_id="t1")

    def report(query: str = "") -> list[dict[str, Any]]:
        response = shop.get(f"/v1/environments/crm/report{query}")
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    both = {"proposed": 2, "presented": 2, "clicked": 1, "accepted": 1, "refused": 1}
    assert report() == [{"offer": "boots", **both}]
    assert report("?by=space") == [
        {"space": "crm/home", "proposed": 1, "presented": 1, "clicked": 1, "accepted": 1, "refused": 0},
        {"space": "crm/till", "proposed": 1, "presented": 1, "clicked": 0, "accepted": 0, "refused": 1},
    ]
    [day] = report("?by=day")
    assert {name: day[name] for name in both} == both
    assert report(f"?by=day&from={day['day']}T00:00:00Z") == [day]
    assert report(f"?by=day&to={day['day']}T00:00:00Z") == []
    table = shop.get("/v1/environments/crm/report", headers={"Accept": "text/csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text == "offer,proposed,presented,clicked,accepted,refused\r\nboots,2,2,1,1,1\r\n"
    refused(shop.get("/v1/environments/nothing/report"), 404, "not_found")
    refused(shop.get("/v1/environments/crm/report?by=week"), 422, "bad_input")


def test_a_catalogue_is_tried_on_a_segment_by_call_and_by_command(
    shop: TestClient, environment: dict[str, str], tmp_path: Path
) -> None:
    for name, country in (("ana", "FR"), ("ben", "DE")):
        event = {"email": f"{name}@example.com", "properties": {"country": country}}
        assert shop.post("/v1/resolve", json=event).status_code == 200
    where = {"property": "country", "is": "FR"}
    assert shop.put("/v1/segments/french", json={"kind": "dynamic", "where": where}).status_code in (200, 201)
    path = "/v1/environments/crm/simulation"
    found = shop.post(path, json={"segment": "french"}).json()
    assert found["people"] == 1
    assert [(one["name"], one["people"]) for one in found["offers"]] == [("boots", 1), ("card", 1)]
    everybody = shop.post(path, json={}).json()
    assert [(one["name"], one["people"]) for one in everybody["offers"]] == [("boots", 2), ("card", 1)]
    [left_out] = everybody["offers"][1]["left_out"]
    assert (left_out["reason"], left_out["people"]) == ("condition", 1)
    table = shop.post(path, json={"segment": "french"}, headers={"Accept": "text/csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert [line.split(",")[1:] for line in table.text.splitlines()[1:]] == [
        ["known", "home", "crm/home", "1", "boots", "3"],
        ["known", "home", "crm/home", "2", "card", "2"],
    ]
    for body, field in (
        ({"segment": "none"}, "segment"),
        ({"spaces": ["attic"]}, "spaces[0]"),
        ({"at": "tomorrow"}, "at"),
        ({"most": 0}, "most"),
        ({"identified_by": "guess"}, "identified_by"),
        ({"people": 3}, "people"),
    ):
        assert [error["field"] for error in refused(shop.post(path, json=body), 422, "bad_input")] == [field]
    refused(shop.post("/v1/environments/nothing/simulation", json={}), 404, "not_found")
    assert shop.get("/v1/environments/crm/report").json()["items"] == [], "nothing was proposed"

    csv = tmp_path / "who.csv"
    said = ("offers", "simulate", "crm", "--segment", "french", "--context", "{}", "--csv", csv)
    ran = run(environment, *said, "--json")
    assert ran.returncode == 0, ran.stderr
    by_command = orjson.loads(ran.stdout)
    assert by_command | {"at": 0} == found | {"at": 0}
    assert csv.read_text().splitlines() == table.text.splitlines()
    shown = run(environment, "offers", "simulate", "crm")
    assert "The contact does not meet its condition." in shown.stdout
    assert run(environment, "offers", "simulate", "crm", "--space", "attic").returncode == 1


def test_a_report_is_shown_kept_as_a_table_and_drawn_by_command(
    shop: TestClient, environment: dict[str, str], tmp_path: Path
) -> None:
    answer = ask(shop, "crm/spaces/home", email="ana@example.com")
    outcome = {"outcome": "refused", "offer": "boots"}
    shop.post(f"/v1/propositions/{answer['proposition_id']}/outcome", json=outcome)
    csv, picture, drawing = (tmp_path / name for name in ("offers.csv", "offers.png", "offers.svg"))
    ran = run(environment, "offers", "report", "crm", "--csv", csv, "--picture", picture)
    assert ran.returncode == 0, ran.stderr
    assert csv.read_text().splitlines() == ["offer,proposed,presented,clicked,accepted,refused", "boots,1,0,0,0,1"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    by_day = run(environment, "offers", "report", "crm", "--by", "day", "--picture", drawing, "--json")
    assert [one["refused"] for one in orjson.loads(by_day.stdout)["items"]] == [1]
    assert b"<svg" in drawing.read_bytes()[:400]
    assert run(environment, "offers", "report", "crm", "--by", "week").returncode == 1


def test_a_picture_of_nothing_and_one_of_much_are_drawn_too(tmp_path: Path) -> None:
    counts = {"proposed": 3, "presented": 2, "clicked": 1, "accepted": 1, "refused": 0}
    for by in BY:
        draw([], by, "crm", tmp_path / "none.png")
        draw([{by: f"{by} {number:03}"} | counts for number in range(100)], by, "crm", tmp_path / f"{by}.svg")
        assert "60 of 100" in (tmp_path / f"{by}.svg").read_text()


def test_who_changed_what_of_the_catalogue_is_listed_for_each_thing_by_itself(client: TestClient) -> None:
    why = {"Kinfold-Reason": "the sale begins"}
    client.put("/v1/environments/shop", json={"kind": "identified"})
    client.put("/v1/environments/shop/offers/boots", json={"weight": 9, "content": {"title": "Boots"}})
    client.put("/v1/environments/shop/offers/boots", json={"weight": 9, "content": {"title": "Boots"}})
    client.put(
        "/v1/environments/shop/offers/boots", json={"state": "draft", "content": {"title": "Boots"}}, headers=why
    )
    client.put("/v1/environments/shop/offers/hats?dry_run=true", json={})
    client.put("/v1/environments/shop/categories/boots", json={})
    client.delete("/v1/environments/shop/offers/boots")
    found = client.get("/v1/environments/shop/history?part=offer&name=boots").json()["items"]
    assert [(one["what"], one["by"], one["why"], one["changed"]) for one in found] == [
        (
            "removed",
            "local",
            None,
            {"content": {"before": {"title": "Boots"}, "after": None}, "state": {"before": "draft", "after": None}},
        ),
        (
            "changed",
            "local",
            "the sale begins",
            {"state": {"before": "live", "after": "draft"}, "weight": {"before": 9, "after": 1}},
        ),
        (
            "made",
            "local",
            None,
            {"content": {"before": None, "after": {"title": "Boots"}}, "weight": {"before": None, "after": 9}},
        ),
    ]
    first = client.get("/v1/environments/shop/history?limit=2").json()
    assert [(one["part"], one["name"], one["what"]) for one in first["items"]] == [
        ("offer", "boots", "removed"),
        ("category", "boots", "made"),
    ]
    rest = client.get(f"/v1/environments/shop/history?cursor={first['next']}").json()["items"]
    assert [(one["part"], one["what"]) for one in rest] == [
        ("offer", "changed"),
        ("offer", "made"),
        ("environment", "made"),
    ]
    client.delete("/v1/environments/shop/categories/boots")
    client.delete("/v1/environments/shop")
    assert client.get("/v1/environments/shop/history").json()["items"][0]["what"] == "removed"
    assert client.get("/v1/environments/shop/history?part=rule").json()["items"] == []
    refused(client.get("/v1/environments/nowhere/history"), 404, "not_found")
    refused(client.get("/v1/environments/shop/history?part=offers"), 422, "bad_input")


def test_a_number_in_place_of_a_flag_is_a_change(client: TestClient) -> None:
    client.put("/v1/environments/shop", json={"kind": "identified"})
    for value in (True, 1):
        client.put("/v1/environments/shop/offers/boots", json={"content": {"new": value}})
    assert client.get("/v1/environments/shop/offers/boots").text.count('"new":1') == 1
    [change, _] = client.get("/v1/environments/shop/history?part=offer").json()["items"]
    assert str(change["changed"]) == "{'content': {'before': {'new': True}, 'after': {'new': 1}}}"


def test_an_erasure_takes_keys_out_of_what_was_changed_in_the_catalogue(client: TestClient, resolve: Any) -> None:
    ana = resolve(email="ana@example.com", user_id='u "77"')["contact"]["id"]
    client.put("/v1/environments/shop", json={"kind": "identified"})
    for value in ("Ana@example.com", 'u "77"', "u 770"):
        where = {"property": "invited_by", "is": value}
        assert client.put("/v1/environments/shop/offers/card", json={"where": where}).is_success
    client.put("/v1/environments/shop/offers/card", json={})
    client.delete(f"/v1/contacts/{ana}")
    before = [
        one["changed"]["where"]["before"]["is"]
        for one in client.get("/v1/environments/shop/history?part=offer&name=card").json()["items"]
        if one["what"] == "changed"
    ]
    assert before == ["u 770", "[erased]", "[erased]"]


def test_drafts_are_tried_as_if_they_were_live_in_a_dry_run_and_a_simulation_only(shop: TestClient) -> None:
    put(shop, "crm/offers/secret", state="draft", weight=9)
    shop.post("/v1/resolve", json={"email": "ana@example.com"})
    tried = ask(shop, "crm/spaces/home", "?dry_run=true&drafts=true&explain=true", email="ana@example.com")
    assert [one["name"] for one in tried["offers"]] == ["secret", "boots"]
    plain = ask(shop, "crm/spaces/home", "?dry_run=true&explain=true", email="ana@example.com")
    assert [one["name"] for one in plain["offers"]] == ["boots"]
    asked = "/v1/environments/crm/spaces/home/propositions?drafts=true"
    refused(shop.post(asked, json={"email": "ana@example.com"}), 422, "bad_input")
    for drafts, people in ((True, 1), (False, 0)):
        found = shop.post("/v1/environments/crm/simulation", json={"drafts": drafts}).json()["offers"]
        assert [(one["state"], one["people"]) for one in found if one["name"] == "secret"] == [("draft", people)]
