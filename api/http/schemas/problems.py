"""Errors, as RFC 9457 problem+json."""

from typing import Any

from pydantic import BaseModel, Field

from api.http.schemas.examples import with_example

_PROBLEM: dict[str, Any] = {
    "type": "urn:kinfold:problem:bad_input",
    "title": "The request breaks a rule",
    "status": 422,
    "detail": "e_mail: there is no such field",
    "code": "bad_input",
    "errors": [{"field": "e_mail", "rule": "unknown_field", "message": "there is no such field"}],
}


class FieldProblem(BaseModel):
    """One thing that is wrong: where, which rule, in words."""

    field: str = Field(description="The dotted path of the field; empty for the whole request.")
    rule: str
    message: str


class Problem(BaseModel):
    """Every error, as RFC 9457 problem+json. Some carry further members, such as `line` or `owner`."""

    model_config = with_example(_PROBLEM)

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable, for programs; title and detail are for people.")
    errors: list[FieldProblem]
