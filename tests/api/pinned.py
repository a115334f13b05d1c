"""The one shape that every error has."""

import re
from typing import Any

from httpx import Response

PINNED = {"type", "title", "status", "detail", "code", "errors"}

MISTAKEN = re.compile(r"this is (an? (string|list|object|JSON|whole|number or)|true or|one of|to be|not empty)")
"""Check of what was sent that it is what it should have been."""


def check_problem(problem: dict[str, Any], status: int, code: str) -> list[dict[str, str]]:
    assert problem.keys() >= PINNED
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:kinfold:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in problem["detail"]
    errors: list[dict[str, str]] = problem["errors"]
    assert all(error.keys() == {"field", "rule", "message"} for error in errors)
    assert not [error for error in errors if MISTAKEN.match(error["message"])]
    return errors


def refused(response: Response, status: int, code: str) -> list[dict[str, str]]:
    """The errors of a response that is a problem document, all of its shape checked."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return check_problem(response.json(), status, code)
