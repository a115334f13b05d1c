"""What the decision table does to the graph: the effects of one event."""

from dataclasses import dataclass

from graph.model import KeyRef


@dataclass(frozen=True, slots=True)
class Own:
    """The current contact gets a key; a ``derived`` one is the hash of another and counts towards no limit."""

    key: KeyRef
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """The current contact gets a key that ``owner`` loses."""

    key: KeyRef
    owner: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Contact ``source`` is folded into the current contact."""

    source: str


@dataclass(frozen=True, slots=True)
class ConflictContact:
    """The conflict (tracker's owner, subscription) made the current contact (row 4.3.3)."""

    tracker_owner: str
    subscription: KeyRef


Effect = Own | Take | Fold | ConflictContact
