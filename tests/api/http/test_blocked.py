"""/v1/blocked: the rules beside the built-in block list."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from tests.api.pinned import refused

Resolve = Callable[..., dict[str, Any]]


def test_a_value_is_blocked_with_201_again_with_200_and_let_go_with_204(client: TestClient, resolve: Resolve) -> None:
    made = client.put("/v1/blocked/value/Kiosk-7")
    assert made.status_code == 201
    assert made.json().keys() == {"kind", "namespace", "value", "at"}
    assert (made.json()["value"], made.json()["namespace"]) == ("kiosk-7", None)
    again = client.put("/v1/blocked/value/kiosk-7")
    assert (again.status_code, again.json()) == (200, made.json())
    assert client.get("/v1/blocked").json() == {"items": [made.json()], "next": None}
    assert resolve(tracker_id="KIOSK-7")["outcome"] == "ignored"
    gone = client.delete("/v1/blocked/value/kiosk-7")
    assert (gone.status_code, gone.content) == (204, b"")
    assert resolve(tracker_id="KIOSK-7")["outcome"] == "created"


def test_a_rule_may_be_for_the_keys_of_one_namespace(client: TestClient, resolve: Resolve) -> None:
    made = client.put("/v1/blocked/value/kiosk-7?namespace=user_id")
    assert (made.status_code, made.json()["namespace"]) == (201, "user_id")
    assert client.put("/v1/blocked/pattern/bot.*?namespace=tracker_id").status_code == 201
    assert resolve(user_id="Kiosk-7")["outcome"] == "ignored"
    assert resolve(tracker_id="kiosk-7")["outcome"] == "created"
    assert resolve(tracker_id="bot-1")["outcome"] == "ignored"
    assert resolve(user_id="bot-1")["outcome"] == "created"
    assert client.put("/v1/blocked/value/kiosk-7").status_code == 201
    listed = client.get("/v1/blocked?limit=2").json()
    listed["items"] += client.get("/v1/blocked", params={"cursor": listed["next"]}).json()["items"]
    assert [(one["value"], one["namespace"]) for one in listed["items"]] == [
        ("bot.*", "tracker_id"),
        ("kiosk-7", None),
        ("kiosk-7", "user_id"),
    ]
    assert client.delete("/v1/blocked/value/kiosk-7").status_code == 204
    assert resolve(user_id="kiosk-7")["outcome"] == "ignored"
    assert client.delete("/v1/blocked/value/kiosk-7?namespace=user_id").status_code == 204
    assert resolve(user_id="kiosk-7")["outcome"] == "created"
    refused(client.delete("/v1/blocked/value/bot.*"), 404, "not_found")
    errors = refused(client.put("/v1/blocked/value/x?namespace=fax"), 422, "bad_input")
    assert [error["field"] for error in errors] == ["namespace"]


def test_a_value_is_let_through_for_one_namespace(client: TestClient, resolve: Resolve) -> None:
    assert client.put("/v1/blocked/allow/guest?namespace=user_id").status_code == 201
    assert resolve(user_id="guest")["outcome"] == "created"
    assert resolve(tracker_id="guest")["outcome"] == "ignored"


def test_a_pattern_may_hold_any_character(client: TestClient, resolve: Resolve) -> None:
    pattern = r"https?://bot\d+/.*#?"
    made = client.put(f"/v1/blocked/pattern/{quote(pattern, safe='')}")
    assert (made.status_code, made.json()["value"]) == (201, pattern)
    assert resolve(tracker_id="https://bot7/x/y")["outcome"] == "ignored"
    assert client.delete(f"/v1/blocked/pattern/{quote(pattern)}").status_code == 204


def test_a_built_in_value_is_let_through(client: TestClient, resolve: Resolve) -> None:
    assert resolve(user_id="guest")["outcome"] == "ignored"
    assert client.put("/v1/blocked/allow/guest").status_code == 201
    assert resolve(user_id="guest")["outcome"] == "created"


def test_rules_come_in_pages(client: TestClient) -> None:
    for kind, value in (("value", "b"), ("value", "a"), ("allow", "a")):
        client.put(f"/v1/blocked/{kind}/{value}")
    first = client.get("/v1/blocked?limit=2").json()
    second = client.get("/v1/blocked", params={"limit": 2, "cursor": first["next"]}).json()
    items = first["items"] + second["items"]
    assert [(item["kind"], item["value"]) for item in items] == [("allow", "a"), ("value", "a"), ("value", "b")]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("word/x", "kind"),
        ("pattern/%28", "value"),
        ("value/%20", "value"),
        (f"value/{'x' * 1025}", "value"),
    ],
)
def test_a_bad_rule_is_refused(client: TestClient, path: str, field: str) -> None:
    errors = refused(client.put(f"/v1/blocked/{path}"), 422, "bad_input")
    assert [error["field"] for error in errors] == [field]


def test_a_rule_that_is_none_cannot_be_taken_back(client: TestClient) -> None:
    refused(client.delete("/v1/blocked/value/nothing"), 404, "not_found")
    refused(client.delete("/v1/blocked/value/null"), 404, "not_found")
