"""A shop that pushes to everybody who is subscribed: whom it reaches with the gate, and without it.

Who reads a push is whoever has the device: the person who used it last, unless that person logged out; on a kiosk or
in a cafe nobody, since they leave; where an agent types other people's names, the agent.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from graph.explore.deliveries import Check, Verdict
from graph.kinfold import Kinfold
from graph.logs.replay import pages
from graph.model import Answer, KeyName
from graph.simulation.entities import Happening, Situation

SUBSCRIPTION: KeyName = "subscription"
PAGE = 1_000
"""How many pairs the gate is asked about at once."""
_AGENTS = (Situation.RESELLER, Situation.CALL_CENTRE)
_LEFT_AT_ONCE = (Situation.KIOSK, Situation.CAFE)


@dataclass(slots=True)
class Pushes:
    """How many pushes reached whom.

    Attributes
    ----------
    right, wrong
        Pushes that reached whom they were for, and that reached somebody else.
    wrong_unsaid
        Of the wrong ones, those to a single device on which at most one person ever gave a name, and nobody told a
        log-out since: the log says nothing of anybody else.
    wrong_through, right_withheld
        Of those, the wrong ones that the gate let through, and the right ones that it did not; None where no gate
        was asked.
    wrong_by_situation, through_by_situation
        The wrong ones, and those that the gate let through, by what is special about the device.
    """

    right: int = 0
    wrong: int = 0
    wrong_unsaid: int = 0
    wrong_through: int | None = None
    right_withheld: int | None = None
    wrong_by_situation: Counter[str] = field(default_factory=Counter)
    through_by_situation: Counter[str] = field(default_factory=Counter)

    @property
    def prevented(self) -> float | None:
        """The share of wrong pushes that the gate prevented."""
        return None if self.wrong_through is None or not self.wrong else 1 - self.wrong_through / self.wrong

    @property
    def withheld(self) -> float | None:
        """The share of right pushes that the gate withheld."""
        return None if self.right_withheld is None or not self.right else self.right_withheld / self.right

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        by = {
            "wrong_by_situation": dict(self.wrong_by_situation),
            "through_by_situation": dict(self.through_by_situation),
        }
        counts = (self.right, self.wrong, self.wrong_unsaid, self.wrong_through, self.right_withheld)
        names = ("right", "wrong", "wrong_unsaid", "wrong_through", "right_withheld")
        return dict(zip(names, counts, strict=True)) | by | {"prevented": self.prevented, "withheld": self.withheld}


@dataclass(slots=True)
class _Device:
    situation: Situation
    subscription: str | None
    reader: str | None
    named: set[str] = field(default_factory=set)
    """Who gave a name there."""
    left: bool = False
    """Whether a log-out was told since."""


@dataclass(slots=True)
class _Persons:
    """Whose events somebody has: under their own names, under another's or none's name, without a name."""

    own: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def note(self, happening: Happening) -> None:
        person = happening.truth.person
        self.seen.add(person)
        if _name(happening) is not None:
            self.named.add(person)
        if happening.truth.named:
            self.own.add(person)

    def take(self, other: "_Persons") -> None:
        self.own |= other.own
        self.named |= other.named
        self.seen |= other.seen

    def whose(self) -> set[str]:
        """Return who it is: a joint account is all who use it, a visitor whoever was seen."""
        return self.own or self.named or self.seen


class Readers:
    """Who would read a push to a subscription, event by event."""

    def __init__(self) -> None:
        self._devices: dict[str, _Device] = {}
        self._of: dict[str, dict[str, None]] = {}
        """By subscription, the devices that it came from."""

    def note(self, happening: Happening) -> None:
        """Note who used which device."""
        truth, event = happening.truth, happening.event
        reader: str | None = truth.person
        if event.get("logout") or truth.device_situation in _LEFT_AT_ONCE:
            reader = None
        elif truth.device_situation in _AGENTS:
            reader = truth.device
        device = self._devices.setdefault(truth.device, _Device(truth.device_situation, None, None))
        device.situation, device.subscription, device.reader = truth.device_situation, truth.subscription, reader
        if (name := _name(happening)) is not None:
            device.named.add(truth.person if truth.named else name)
            device.left = False
        device.left |= bool(event.get("logout"))
        if SUBSCRIPTION in event:
            self._of.setdefault(event[SUBSCRIPTION], {})[truth.device] = None

    def expired(self, subscription: str) -> bool:
        """Return whether the push service refuses a subscription: no device has it any more."""
        return all(self._devices[device].subscription != subscription for device in self._of.get(subscription, ()))

    def situation(self, subscription: str) -> Situation:
        """Return what is special about the device that brought a subscription last."""
        return self._devices[next(reversed(self._of[subscription]))].situation

    def reader(self, subscription: str) -> str | None:
        """Return who reads a push; None for nobody in particular, as when every copy of an app gets it."""
        devices = [self._devices[device] for device in self._of.get(subscription, ())]
        return devices[0].reader if len(devices) == 1 else None

    def unsaid(self, subscription: str) -> bool:
        """Return whether it is one device's, and the log says nothing of a second person there."""
        devices = [self._devices[device] for device in self._of.get(subscription, ())]
        return len(devices) == 1 and len(devices[0].named) < 2 and not devices[0].left

    def counts(self, subscription: str) -> bool:
        """Return whether a push is somebody's: a farm's accounts are nobody."""
        return subscription in self._of and self.situation(subscription) is not Situation.FARM


class Shop:
    """Pushes when it is time, and asks the gate about each push.

    It pushes twice: to everybody who ever came with a subscription, as a sender does that keeps a list of its own, and
    to everybody who owns it in the graph by then, of whom a policy may have left one.

    Attributes
    ----------
    listed, owned
        Whom pushes to those reached.
    """

    def __init__(self, times: Iterable[str]) -> None:
        self.listed = Pushes(wrong_through=0, right_withheld=0)
        self.owned = Pushes(wrong_through=0, right_withheld=0)
        self._times = sorted(times, reverse=True)
        self._readers = Readers()
        self._persons: dict[str, _Persons] = {}
        self._list: dict[str, dict[str, None]] = {}
        """By contact, the subscriptions that it ever came with or owned."""

    def note(self, happening: Happening, answer: Answer) -> None:
        """Note an event and what was answered."""
        self._readers.note(happening)
        if answer.contact is None or answer.contact.id is None:
            return
        persons = self._persons.setdefault(answer.contact.id, _Persons())
        persons.note(happening)
        values = self._list.setdefault(answer.contact.id, {})
        if (value := happening.event.get(SUBSCRIPTION)) is not None:
            values[value] = None
        for folded in answer.merged:
            if folded is not None and (other := self._persons.pop(folded, None)) is not None:
                persons.take(other)
                values |= self._list.pop(folded, {})

    def push(self, kinfold: Kinfold, now: str) -> None:
        """Push to all when a time has come; what was refused is gone from then on."""
        if not self._times or now < self._times[-1]:
            return
        while self._times and now >= self._times[-1]:
            self._times.pop()
        owned = [(row["value"], row["owners"]) for row in pages(kinfold.database, "replay.subscribers", "value")]
        refused = [value for value, _ in owned if self._readers.expired(value)]
        kinfold.subscriptions.gone([(SUBSCRIPTION, value) for value in refused])
        for value, owners in owned:
            for contact in owners:
                self._list.setdefault(contact, {})[value] = None
        gone, owners_of = set(refused), {value: set(owners) for value, owners in owned}
        for values in self._list.values():
            for value in [value for value in values if value in gone or self._readers.expired(value)]:
                del values[value]
        pairs = [
            (value, contact)
            for contact, values in self._list.items()
            if contact in self._persons
            for value in values
            if self._readers.counts(value)
        ]
        for start in range(0, len(pairs), PAGE):
            page = pairs[start : start + PAGE]
            said = kinfold.deliveries.check([Check(contact, None, (SUBSCRIPTION, value)) for value, contact in page])
            for (value, contact), one in zip(page, said, strict=True):
                delivered = one["verdict"] == Verdict.DELIVER
                self._count(self.listed, value, contact, delivered=delivered)
                if contact in owners_of.get(value, ()):
                    self._count(self.owned, value, contact, delivered=delivered)

    def _count(self, pushes: Pushes, value: str, contact: str, *, delivered: bool) -> None:
        assert pushes.right_withheld is not None
        assert pushes.wrong_through is not None
        if self._readers.reader(value) in self._persons[contact].whose():
            pushes.right += 1
            pushes.right_withheld += not delivered
            return
        situation = self._readers.situation(value).value
        pushes.wrong += 1
        pushes.wrong_unsaid += self._readers.unsaid(value)
        pushes.wrong_by_situation[situation] += 1
        if delivered:
            pushes.wrong_through += 1
            pushes.through_by_situation[situation] += 1


def last_name_wins(happenings: Iterable[Happening], times: Iterable[str]) -> Pushes:
    """Push to the last name that was given with a subscription or on its tracker, as a table of log-ins would.

    A subscription on which nobody gave a name is its visitors'.
    """
    pushes, due = Pushes(), sorted(times, reverse=True)
    readers = Readers()
    persons: dict[str, _Persons] = {}
    last: dict[str, tuple[int, str]] = {}
    cookies: dict[str, str] = {}
    for place, happening in enumerate(happenings):
        event = happening.event
        if due and event["occurred_at"] >= due[-1]:
            while due and event["occurred_at"] >= due[-1]:
                due.pop()
            for value in [value for value in cookies if readers.counts(value) and not readers.expired(value)]:
                names = [last[key] for key in (value, cookies[value]) if key in last]
                whose = persons[max(names)[1] if names else value].whose()
                if readers.reader(value) in whose:
                    pushes.right += 1
                else:
                    pushes.wrong += 1
                    pushes.wrong_unsaid += readers.unsaid(value)
                    pushes.wrong_by_situation[readers.situation(value).value] += 1
        readers.note(happening)
        name, carried, cookie = _name(happening), event.get(SUBSCRIPTION), event.get("tracker_id")
        if carried is not None:
            cookies[carried] = cookie or cookies.get(carried, "")
            persons.setdefault(carried, _Persons()).note(happening)
        if name is not None:
            persons.setdefault(name, _Persons()).note(happening)
            for key in (carried, cookie):
                if key is not None:
                    last[key] = (place, name)
    return pushes


def _name(happening: Happening) -> str | None:
    name: str | None = happening.event.get("email") or happening.event.get("user_id")
    return name
