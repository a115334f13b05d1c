"""A contact and what is known of it, as the API shows both while events come in."""

from collections.abc import Callable
from typing import Any


def with_activity(get: Callable[[str], Any], contact: str) -> dict[str, Any]:
    """Look a contact up by two calls, its activity beside it, newest first.

    The activity is read first, so that the contact's own answer is at least as new: of what stands in the one nothing
    is missing in the other.
    """
    activity = get(f"/v1/contacts/{contact}/activity")["items"]
    return {**get(f"/v1/contacts/{contact}"), "activity": activity}
