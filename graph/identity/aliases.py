"""An alias: who somebody was before. It is a known person, or else a device."""

from dataclasses import dataclass, replace

from graph.identity.events import Event, TrackedEvent
from graph.identity.keys import BlockList, EventKeys, read_keys
from graph.model import IgnoredReason


@dataclass(frozen=True, slots=True)
class Alias:
    """What the `previous_id` of an event may turn out to be.

    Attributes
    ----------
    person
        A person's user id and, where it is an address, email.
    without
        The keys of the event without it, which count when it is a person.
    """

    person: EventKeys
    without: EventKeys


def read_alias(event: Event, keys: EventKeys, block_list: BlockList) -> tuple[EventKeys, Alias | None]:
    """Read who an event was before.

    Returns
    -------
    tuple
        The keys of the event where its `previous_id` is nobody's and so a tracker, and what else it may be. Where it is
        the key of somebody who was erased, so is the event: it is not resolved.
    """
    previous = event.previous_id if isinstance(event, TrackedEvent) else None
    if previous is None:
        return keys, None
    person = read_keys(Event.model_validate({"email": previous, "user_id": previous}), block_list)
    if erased := tuple(item for item in person.ignored if item.reason is IgnoredReason.SUPPRESSED):
        return replace(keys, ignored=(*keys.ignored, *erased), all_blocked=True), None
    if not person.persons:
        return keys, None
    device = event.model_copy(update={"tracker_id": previous})
    return read_keys(device, block_list), Alias(replace(person, ignored=()), keys)
