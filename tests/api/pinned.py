"""The one shape that every error has."""

from typing import Any

from httpx import Response

PINNED = {"type", "title", "status", "detail", "code", "errors"}


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
    return errors


def refused(response: Response, status: int, code: str) -> list[dict[str, str]]:
    """The errors of a response that is a problem document, all of its shape checked."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return check_problem(response.json(), status, code)
