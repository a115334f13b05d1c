"""Plain ways to put events together, to hold the resolver against.

They see the keys as the resolver sees them: normalised, and without what the block list names.
"""

from collections.abc import Hashable, Iterable, Sequence

from graph.identity.keys import EventKeys


class DisjointSets:
    """Numbers that are joined into sets (union by size, paths halved)."""

    def __init__(self) -> None:
        self._parent: list[int] = []
        self._size: list[int] = []

    def add(self) -> int:
        """Add a set of one and give its number."""
        self._parent.append(len(self._parent))
        self._size.append(1)
        return self._parent[-1]

    def find(self, number: int) -> int:
        """Return the number that stands for the set of ``number``."""
        parent = self._parent
        while parent[number] != number:
            parent[number] = number = parent[parent[number]]
        return number

    def join(self, one: int, other: int) -> None:
        """Make one set of two."""
        one, other = self.find(one), self.find(other)
        if one == other:
            return
        if self._size[one] < self._size[other]:
            one, other = other, one
        self._parent[other] = one
        self._size[one] += self._size[other]


def connected_components(events: Iterable[EventKeys]) -> list[int]:
    """Put events together that any chain of shared keys ties.

    Parameters
    ----------
    events
        The keys of each event; read once.

    Returns
    -------
    list of int
        For each event, the number of its group; an event without a key is alone.

    Notes
    -----
    Nearly linear in the keys; memory grows with the distinct keys, and one number an event.
    """
    return _joined(keys.every for keys in events)


def last_login_wins(events: Iterable[EventKeys]) -> list[int]:
    """Give everything that happened on a browser to whoever logged in on it last.

    This is the stitching that warehouses do: one user for each tracker, the last one seen on it, and a tracker
    without a user stands for itself (``segment_web_user_stitching`` of https://github.com/dbt-labs/segment). An
    event without a tracker belongs to the person it names, else to the subscription's last tracker, else it is
    alone. A user id means the address that last came with it, so that both name one person.

    Parameters
    ----------
    events
        The keys of each event, in order; read once.

    Returns
    -------
    list of int
        For each event, the number of its group.
    """
    return _last_login(events, names_first=False)


def names_then_last_login(events: Iterable[EventKeys]) -> list[int]:
    """Do as `last_login_wins` does, save that an event which carries a name belongs to that name.

    The fairer of the two: what came with somebody's name is not given to whoever logged in there afterwards.

    Parameters
    ----------
    events
        The keys of each event, in order; read once.

    Returns
    -------
    list of int
        For each event, the number of its group.
    """
    return _last_login(events, names_first=True)


def ceiling_of_the_log(events: Iterable[EventKeys], truth: Sequence[int]) -> list[int]:
    """Put together what is one person's and tied by a chain of keys in that person's own events.

    Nobody who only joins events by their keys can do better, whatever they know besides: what is left is visitors who
    never said who they are after their cookie was lost.

    Parameters
    ----------
    events
        The keys of each event; read once.
    truth
        For each event, who did it.

    Returns
    -------
    list of int
        For each event, the number of its group.
    """
    pairs = zip(events, truth, strict=True)
    return _joined([(person, key) for key in keys.every] for keys, person in pairs)


def _joined(ties: Iterable[Iterable[Hashable]]) -> list[int]:
    """Return the number of each one's group; any chain of shared ties makes a group, and who has no tie is alone."""
    sets = DisjointSets()
    numbers: dict[Hashable, int] = {}
    first: list[int] = []
    for of_one in ties:
        own: int | None = None
        for tie in of_one:
            number = numbers.get(tie)
            if number is None:
                number = numbers[tie] = sets.add()
            if own is None:
                own = number
            else:
                sets.join(own, number)
        first.append(sets.add() if own is None else own)
    return [sets.find(number) for number in first]


def _last_login(events: Iterable[EventKeys], *, names_first: bool) -> list[int]:
    numbers: dict[tuple[str, str], int] = {}

    def number(kind: str, value: str) -> int:
        return numbers.setdefault((kind, value), len(numbers))

    user_of: dict[int, int] = {}
    """The last person seen on a tracker."""
    email_of: dict[int, int] = {}
    tracker_of: dict[int, int] = {}
    """The last tracker that a subscription came with."""
    placed: list[int] = []
    for place, keys in enumerate(events):
        person: int | None = None
        if (user_id := keys.first("user_id")) is not None:
            person = number("user_id", user_id)
        if (address := keys.first("email")) is not None:
            email = number("email", address)
            if person is not None:
                email_of[person] = email
            person = email
        tracker = None if keys.tracker_id is None else number("tracker", keys.tracker_id)
        reached = keys.first("subscription")
        subscription = None if reached is None else number("subscription", reached)
        if tracker is not None and person is not None:
            user_of[tracker] = person
        if tracker is not None and subscription is not None:
            tracker_of[subscription] = tracker
        order = (person, tracker, subscription) if names_first else (tracker, person, subscription)
        chosen = next((one for one in order if one is not None), None)
        placed.append(number("event", str(place)) if chosen is None else chosen)

    def end(one: int) -> int:
        one = tracker_of.get(one, one)
        one = user_of.get(one, one)
        return email_of.get(one, one)

    return [end(one) for one in placed]
