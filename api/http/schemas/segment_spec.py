"""What the Segment endpoints answer."""

from pydantic import BaseModel, ConfigDict, Field

from api.http.schemas.problems import Problem


class Rejected(BaseModel):
    """A message of a batch that could not be read."""

    index: int
    error: Problem


class Taken(BaseModel):
    """What an SDK is told: it need not send this again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"success": True}]})

    success: bool = Field(description="Always true.")
    rejected: list[Rejected] = Field([], description="Left out when every message could be read.")
