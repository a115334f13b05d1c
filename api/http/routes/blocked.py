"""The block list: which values name nobody, beside the built-in ones and those of the settings."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.http.bodies import EmptyBody, documented, read_as
from api.http.problems import responses
from api.http.query import PageQuery, RuleQuery, page_of
from api.http.requests import as_json, in_thread, kinfold_of, nothing
from api.http.schemas.blocked import Rule, RuleList
from graph.blocking.blocking import Blocking, RuleKind
from graph.errors import ClashError

router = APIRouter(tags=["block list"])

Kind = Annotated[
    RuleKind, Path(description="A value; a pattern, matched as a whole; or a built-in value to let through.")
]
Value = Annotated[str, Path(description="Percent-encoded; slashes may stand as they are.", examples=["shared-kiosk"])]


@router.get(
    "/blocked",
    summary="List block rules",
    operation_id="list_blocked",
    responses={200: {"model": RuleList}, **responses(422, 503)},
)
async def list_blocked(request: Request, page: PageQuery) -> Response:
    """List the rules that operators added, by kind and value; a rule without a namespace applies to every key."""
    return as_json(page_of(await in_thread(kinfold_of(request).blocking.rules), page, "kind", "value", "namespace"))


@router.put(
    "/blocked/{kind}/{value:rest}",
    summary="Add a block rule",
    operation_id="put_blocked",
    responses={
        200: {"model": Rule, "description": "There was such a rule."},
        201: {"model": Rule, "description": "It is new."},
        **responses(413, 422, 503),
    },
    openapi_extra=documented(EmptyBody),
)
async def put_blocked(request: Request, kind: Kind, value: Value, whose: RuleQuery) -> Response:
    """Block a value, or allow one; it applies to later events, on every server within two seconds.

    `GET /v1/merges` with the key lists what it has connected so far.
    """
    await read_as(EmptyBody, request)
    new, rule = await in_thread(partial(_add, kinfold_of(request).blocking, kind, value, whose.namespace))
    return as_json(rule, 201 if new else 200)


@router.delete(
    "/blocked/{kind}/{value:rest}",
    summary="Remove a block rule",
    operation_id="delete_blocked",
    status_code=204,
    responses=responses(404, 422, 503),
)
async def delete_blocked(request: Request, kind: Kind, value: Value, whose: RuleQuery) -> Response:
    """Remove a rule that was added; a built-in value is allowed by a rule of kind `allow` instead."""
    await in_thread(partial(kinfold_of(request).blocking.remove, kind, value, whose.namespace))
    return nothing()


def _add(blocking: Blocking, kind: RuleKind, value: str, namespace: str | None) -> tuple[bool, dict[str, Any]]:
    before = blocking.rules()
    blocking.add(kind, value, namespace)
    kept = value if kind == "pattern" else value.strip().lower()
    named = (kind, namespace, kept)
    rules = (rule for rule in blocking.rules() if (rule["kind"], rule["namespace"], rule["value"]) == named)
    rule = next(rules, None)
    if rule is None:
        raise ClashError("Somebody took this rule back at the same moment.")
    return rule not in before, rule
