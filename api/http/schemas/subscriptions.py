"""Subscriptions that are gone, and whether pushes may go out."""

from pydantic import BaseModel, Field

from api.http.schemas.examples import with_example
from graph.explore.deliveries import Verdict


class Gone(BaseModel):
    """How many of the subscriptions were there."""

    model_config = with_example({"gone": 1})

    gone: int = Field(description="How many of them somebody owned.")


class Turned(BaseModel):
    """Who fell asleep on a subscription, or is awake on it again."""

    model_config = with_example({"contacts": ["01936f2e-7c1a-7d10-9a3c-5b1f0c2d4e6f"]})

    contacts: list[str] = Field(description="Ids of those who changed; whoever was so before is not among them.")


class DeliveryReason(BaseModel):
    """Why a push may go out, or not."""

    code: str = Field(description="For programs; more may come.")
    words: str


class DeliveryVerdict(BaseModel):
    """What to do with one push."""

    verdict: Verdict
    confidence: float = Field(ge=0, le=1)
    reasons: list[DeliveryReason]


class DeliveryVerdicts(BaseModel):
    """A verdict for each check, in order."""

    model_config = with_example(
        {
            "results": [
                {
                    "verdict": "hold",
                    "confidence": 0.95,
                    "reasons": [{"code": "asleep", "words": "this person is asleep on it since 2026-11-22T10:00:00Z"}],
                }
            ]
        }
    )

    results: list[DeliveryVerdict]
