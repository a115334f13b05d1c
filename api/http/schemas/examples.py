"""What the examples of the OpenAPI document share."""

from typing import Any

from pydantic import ConfigDict

CONTACT = "01936f2e-7c1a-7d10-9a3c-5b1f0c2d4e6f"
FOLDED = "01936f2e-7b02-7aa1-8e7d-2f6a9c0b1d3e"


def with_example(example: dict[str, Any]) -> ConfigDict:
    """Return the configuration of a schema that shows an example."""
    return ConfigDict(json_schema_extra={"examples": [example]})
