"""Subscriptions that are gone."""

from pydantic import BaseModel, Field

from api.http.schemas.examples import with_example


class Gone(BaseModel):
    """How many of the subscriptions were there."""

    model_config = with_example({"gone": 1})

    gone: int = Field(description="How many of them somebody owned.")
