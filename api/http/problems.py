"""Every refusal as RFC 9457 problem+json, in one shape: type, title, status, detail, code, errors."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Mount
from starlette.types import Receive, Scope, Send

from api.segment_spec import other_formats
from api.segment_spec.messages import TRACKING_PATHS
from graph.errors import BadInput, FieldError, KinfoldError, did_you_mean
from graph.identity.events import field_names

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "2"

_SPOILT = "The server failed on this request and wrote the reason to its log. Nothing was half done."
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_OF_HTTP = {
    404: (
        "no_route",
        "No such address",
        "There is nothing at {method} {path}; /docs lists every call.",
    ),
    405: ("method_not_allowed", "Method not allowed", "{path} does not take {method}."),
}


class Unauthorised(KinfoldError):
    """A call without an access key, or with one that nobody knows."""

    status = 401
    code = "unauthorized"
    title = "An access key is needed"


class Forbidden(KinfoldError):
    """A call that its caller may not make."""

    status = 403
    code = "forbidden"
    title = "This is not allowed"


class TooMany(KinfoldError):
    """A call beyond what its caller may make; ``Retry-After`` says when to come again."""

    status = 429
    code = "too_many"
    title = "Too many calls"


def as_problem(error: Exception, **extra: Any) -> dict[str, Any]:
    """Return the problem document of an error; ``extra`` members stand beside the pinned ones."""
    if not isinstance(error, KinfoldError):
        error = KinfoldError(_SPOILT)
    errors = error.errors if isinstance(error, BadInput) else []
    problem = {
        "type": f"urn:kinfold:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": _in_a_sentence(errors) or error.detail,
        "code": error.code,
        "errors": errors,
    }
    return problem | {name: value for name, value in (error.extra | extra).items() if name not in problem}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the refusals of a call for the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Answer every error of this app with a problem document."""
    app.add_exception_handler(KinfoldError, _kinfold_error)
    app.add_exception_handler(RequestValidationError, _bad_query)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _gone_away)
    app.add_exception_handler(Exception, _unexpected)


def respond(error: KinfoldError, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a problem document, where no handler of the app can: before the call reaches it."""
    return _respond(as_problem(error), headers)


def _respond(problem: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    status = problem["status"]
    more = dict(headers or {})
    if status == 503:
        more["Retry-After"] = RETRY_AFTER
    if status == 401:
        # Basic works too; offering it would make browsers ask for a password in a window of their own.
        more["WWW-Authenticate"] = 'Bearer realm="kinfold"'
    if status in (408, 413):
        # The rest of the body was not read, so nothing else can come over this connection.
        more["Connection"] = "close"
    return _ProblemResponse(problem, more)


class _ProblemResponse(Response):
    """A problem document; to an SDK of the tracking specification also with the `message` that it reads.

    RudderStack's Python SDK, which finds no `message` beside the `code`, takes a refusal for a broken network and
    sends what can never be taken again and again.
    """

    def __init__(self, problem: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.problem = problem
        super().__init__(orjson.dumps(problem), status_code=problem["status"], headers=headers, media_type=MEDIA_TYPE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") in TRACKING_PATHS and "message" not in self.problem:
            told = {**self.problem, "message": self.problem["detail"]}
            self.body = orjson.dumps(told)
            self.headers["content-length"] = str(len(self.body))
        await super().__call__(scope, receive, send)


async def _kinfold_error(_: Request, error: Exception) -> Response:
    problem = as_problem(error)
    if problem["status"] >= 500:
        log.error("%s: %s", problem["code"], problem["detail"], exc_info=problem["status"] == 500)
    return _respond(problem)


async def _bad_query(request: Request, error: Exception) -> Response:
    found, known = cast("RequestValidationError", error).errors(), _parameters_of(request)
    return _respond(as_problem(BadInput([_parameter_error(item, known) for item in found])))


def _parameters_of(request: Request) -> list[str]:
    """List the query parameters of the call that was asked for."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    models = [parameter.field_info.annotation for parameter in getattr(dependant, "query_params", ())]
    return [
        name
        for model in models
        if isinstance(model, type) and issubclass(model, BaseModel)
        for name in field_names(model)
    ]


async def _http_error(request: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)
    status = error.status_code
    phrase = HTTPStatus(status).phrase
    code, title, detail = _OF_HTTP.get(status, (phrase.lower().replace(" ", "_"), phrase, str(error.detail or phrase)))
    detail = detail.replace("{method}", request.method).replace("{path}", request.url.path)
    more: dict[str, Any] = {}
    if status == 404 and (told := other_formats.explain(request.method, request.url.path)) is not None:
        code, title, detail = "other_format", "Kinfold does not speak this format", told
        more = {"speaks": list(other_formats.SPEAKS), "guide": other_formats.GUIDE}
    problem = as_problem(KinfoldError(detail), **more) | {
        "type": f"urn:kinfold:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
    }
    headers = dict(error.headers or {})
    if status == 405 and (taken := _methods_of(request)):
        headers["Allow"] = ", ".join(taken)
    return _respond(problem, headers)


def _methods_of(request: Request) -> list[str]:
    """Return which methods an address takes: each may have a route of its own, of which the router names the first.

    None for what is in a folder of files, which names its own.
    """
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]

    def is_taken(method: str) -> bool:
        call = {**request.scope, "method": method}
        return any(route.matches(call)[0] is Match.FULL for route in routes)

    return [method for method in _METHODS if is_taken(method)]


async def _unexpected(_: Request, error: Exception) -> Response:
    return _respond(as_problem(error))


async def _gone_away(_: Request, __: Exception) -> Response:
    return Response(status_code=400)


def _parameter_error(item: Mapping[str, Any], known: list[str]) -> FieldError:
    place = ".".join(str(part) for part in item["loc"][1:])
    if item["type"] == "extra_forbidden":
        return FieldError(place, "unknown_parameter", "there is no such query parameter" + did_you_mean(place, known))
    if item["type"] == "string_too_short":
        return FieldError(place, "length", "must not be empty")
    return FieldError(place, item["type"], item["msg"])


def _in_a_sentence(errors: list[FieldError]) -> str:
    return "; ".join(f"{error.field}: {error.message}" if error.field else error.message for error in errors)
