"""What an answer tells to whom: everything, or to a key that stands in a page's source nothing about anybody."""

from typing import Any

from api.http.access import Held
from graph.identity.events import Event
from graph.identity.keys import normalise
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces
from graph.model import TRACKER, Answer, IgnoredReason


def told(
    held: Held | None, event: Event, answer: Answer, namespaces: Namespaces = DEFAULT_NAMESPACES
) -> dict[str, Any]:
    """Write an answer as the caller's key may see it."""
    return minimal(event, answer, namespaces) if held is not None and held.minimal else answer.to_dict()


def minimal(event: Event, answer: Answer, namespaces: Namespaces = DEFAULT_NAMESPACES) -> dict[str, Any]:
    """Write an answer that follows from the event alone, whatever is known of the people behind its keys.

    Every field is there. `ignored` depends on the event and the block list only: who was erased is not told. The
    tracker is the event's own; one that was minted is told when the event named no key at all, since then it is a
    visitor's first. Any other tracker is somebody's, and that it is answered would say that the key is known.
    """
    set_aside = any(item.key == TRACKER for item in answer.ignored)
    carried = event.carried(namespaces)
    tracker = next((value for name, value in carried if name == TRACKER), None)
    own = None if tracker is None or set_aside else normalise(TRACKER, tracker, namespaces)
    return {
        "contact": None,
        # Seen before: the tracker could be of a contact that was folded or claimed since.
        "tracker_id": answer.tracker_id if not carried and not answer.duplicate else own,
        "rule": None,
        "outcome": None,
        "merged": [],
        "shared_with": [],
        "moved": [],
        "conflicts": [],
        "ignored": [item for item in answer.ignored if item.reason is not IgnoredReason.SUPPRESSED],
        "kept_apart": [],
        "duplicate": False,
        "limited": False,
    }
