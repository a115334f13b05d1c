"""The simulated world: who does what on which device, event by event in the order of time.

Every person, kiosk, call centre and bot is a generator that says what it does next and when; a heap wakes whoever
is next. Only what lives is in memory, never the log, so that the events of 100,000 people stream.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import heappop, heappush
from typing import Any

from graph.clock import Micros, to_micros, to_text
from graph.model import KeyName
from graph.simulation.dice import Dice
from graph.simulation.parameters import Parameters

_SECOND = 1_000_000
_DAY = 86_400.0

MIXED_ROLE = 2
"""From how many people on a role address fuses strangers."""
TOO_MANY_TRACKERS = 3
"""From how many trackers on the world plants ``many_trackers`` for a role address or a bogus id."""


class Situation(StrEnum):
    """What is special about an event; the last that fits."""

    OWN_DEVICE = "own_device"
    REFUSED = "refused_consent"
    FAMILY = "family_browser"
    KIOSK = "kiosk"
    HANDED_ON = "handed_on"
    CALL_CENTRE = "call_centre"
    BROKEN = "broken_browser"
    ROLE = "role_address"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one event.

    Attributes
    ----------
    message_id
        The event's.
    person
        Who did it, or who it was done for by an agent: ``person-17``, ``agent-1``, ``bot-2``.
    device
        On which device.
    cookie
        The cookie that the browser would send had it never stored an answered tracker; None without consent.
    named
        Whether the event carries a key that is this very person's own (not a role address, not a bogus id).
    situation
        What is special about it.
    """

    message_id: str
    person: str
    device: str
    cookie: str | None
    named: bool
    situation: Situation

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "message_id": self.message_id,
            "person": self.person,
            "device": self.device,
            "cookie": self.cookie,
            "named": self.named,
            "situation": self.situation.value,
        }


@dataclass(frozen=True, slots=True)
class Happening:
    """An event in the shape that doors take, and the truth about it."""

    event: dict[str, Any]
    truth: Truth


@dataclass(frozen=True, slots=True)
class Planted:
    """Something that is wrong in the world and should be found.

    Attributes
    ----------
    kind
        A kind of anomaly.
    key, value
        The key that it is about.
    situation
        How it came about.
    people
        How many people it ties together.
    """

    kind: str
    key: KeyName
    value: str
    situation: Situation
    people: int

    @property
    def household(self) -> bool:
        """Whether it is a family's: shared, and nothing that anybody should be told of."""
        return self.situation is Situation.FAMILY

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it: the subject as the analysis writes it."""
        return {
            "kind": self.kind,
            "subject": {"type": "tracker" if self.key == "tracker_id" else self.key, "value": self.value},
            "situation": self.situation.value,
            "household": self.household,
            "people": self.people,
        }


@dataclass(slots=True, eq=False)
class _Browser:
    device: str
    situation: Situation
    safari: bool
    broken: bool = False
    refuses: bool | None = None
    cookie: str | None = None
    last: Micros = 0
    user: "_Person | None" = None
    role: "_Role | None" = None
    subscription: str | None = None
    asked: bool = False
    carriers: dict[str, None] = field(default_factory=dict)
    signers: dict[str, None] = field(default_factory=dict)
    """Who gave the own name on it."""
    named: dict[str, dict[str, None]] | None = None
    """For each cookie of a shared browser, the addresses that were given on it."""
    signed: tuple[str, str] | None = None
    """The cookie and the address with which a browser of one person was last signed in."""
    busy: bool = False

    @property
    def shared(self) -> bool:
        return self.situation in (Situation.FAMILY, Situation.KIOSK)


@dataclass(slots=True, eq=False)
class _Role:
    email: str
    people: dict[str, None] = field(default_factory=dict)
    cookies: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class _Person:
    number: int
    devices: list[_Browser]
    family: _Browser | None
    account_from: Micros | None
    user_id: str | None
    pace: float
    kiosk: _Browser | None = None
    role: _Role | None = None
    known: bool = False

    @property
    def name(self) -> str:
        return f"person-{self.number}"

    @property
    def email(self) -> str:
        return f"person{self.number}@example.com"


@dataclass(slots=True)
class _Draft:
    """An event before it has a time and a message id."""

    person: str
    device: str
    situation: Situation
    event: str
    cookie: str | None = None
    email: str | None = None
    user_id: str | None = None
    subscription: str | None = None
    properties: dict[str, Any] | None = None
    named: bool = False


_Steps = Iterator[tuple[_Draft | None, float]]
"""What somebody does, and how many seconds later the next step comes."""


class World:
    """A world of people, devices, shared browsers, kiosks, call centres and bots.

    Parameters
    ----------
    people
        How many people live in it.
    seed
        The same seed, people and parameters give the same events, byte by byte.
    parameters
        What the world is like.
    """

    def __init__(self, people: int, *, seed: int = 0, parameters: Parameters | None = None) -> None:
        if people < 0:
            raise ValueError("a world has 0 people or more")
        self.people = people
        self.seed = seed
        self.parameters = parameters or Parameters()
        self._dice = Dice(f"kinfold world {seed}")
        self._start = to_micros(self.parameters.starts_at)
        self._end = self._start + int(self.parameters.days * _DAY) * _SECOND
        self._now = self._start
        self._agenda: list[tuple[Micros, int, _Steps]] = []
        self._woken = 0
        self._persons: list[_Person] = []
        self._shared: list[_Browser] = []
        """Browsers that more than one person may use."""
        self._roles: list[_Role] = []
        self._bogus_people: dict[str, None] = {}
        self._bogus_cookies: set[str] = set()
        self._happenings: Iterator[Happening] | None = None

    def happenings(self) -> Iterator[Happening]:
        """Let time pass: every event in order, with its truth. A world passes once.

        Raises
        ------
        RuntimeError
            When it has been asked before.
        """
        if self._happenings is not None:
            raise RuntimeError("a world passes once: make another with the same seed")
        self._happenings = self._pass()
        return self._happenings

    def planted(self) -> list[Planted]:
        """List what is wrong in the world as far as it came true by now, ordered by kind and value."""
        found = [
            Planted("many_emails", "tracker_id", cookie, browser.situation, len(people))
            for browser in self._shared
            for cookie, people in (browser.named or {}).items()
            if len(people) > 1
        ]
        for browser in self._shared:
            # Who never logs in on it leaves nothing that anybody could tell from the others' visits.
            carriers = browser.signers.keys() & browser.carriers.keys()
            if browser.subscription and len(carriers) > 1:
                found.append(
                    Planted(
                        "shared_subscription",
                        "subscription",
                        browser.subscription,
                        browser.situation,
                        len(carriers),
                    )
                )
        for role in self._roles:
            people = len(role.people)
            if len(role.cookies) >= TOO_MANY_TRACKERS:
                found.append(Planted("many_trackers", "email", role.email, Situation.ROLE, people))
            if people >= MIXED_ROLE:
                found.append(Planted("fusing_value", "email", role.email, Situation.ROLE, people))
        bogus, strangers = self.parameters.bogus_id, len(self._bogus_people)
        if len(self._bogus_cookies) >= TOO_MANY_TRACKERS:
            found.append(Planted("many_trackers", "user_id", bogus, Situation.BOT, strangers))
        if strangers > 1:
            found.append(Planted("fusing_value", "user_id", bogus, Situation.BOT, strangers))
        return sorted(found, key=lambda planted: (planted.kind, planted.key, planted.value))

    def _pass(self) -> Iterator[Happening]:
        self._populate()
        number = 0
        while self._agenda:
            at, _, steps = heappop(self._agenda)
            if at >= self._end:
                break
            self._now = at
            step = next(steps, None)
            if step is None:
                continue
            draft, delay = step
            self._wake(steps, delay)
            if draft is not None:
                number += 1
                yield self._happen(draft, f"sim-{self.seed}-{number:07d}")

    def _wake(self, steps: _Steps, delay: float) -> None:
        self._woken += 1  # who was told first goes first; generators do not compare
        heappush(self._agenda, (self._now + max(1, int(delay * 1000)) * 1000, self._woken, steps))

    def _happen(self, draft: _Draft, message_id: str) -> Happening:
        event: dict[str, Any] = {}
        if draft.email is not None:
            event["email"] = draft.email
        if draft.cookie is not None:
            event["tracker_id"] = draft.cookie
        if draft.subscription is not None:
            event["subscription"] = draft.subscription
        if draft.user_id is not None:
            event["user_id"] = draft.user_id
        if draft.properties:
            event["properties"] = draft.properties
        event |= {"event": draft.event, "occurred_at": to_text(self._now), "message_id": message_id}
        return Happening(
            event,
            Truth(message_id, draft.person, draft.device, draft.cookie, draft.named, draft.situation),
        )

    def _populate(self) -> None:
        p, dice = self.parameters, self._dice
        while len(self._persons) < self.people:
            size = min(1 + dice.pick(p.households), self.people - len(self._persons))
            family = self._family(size)
            for _ in range(size):
                self._persons.append(self._person(family))
        for kiosk in range(self._rounded_up(p.kiosks_per_thousand)):
            browser = self._watched(_Browser(f"kiosk-{kiosk + 1}", Situation.KIOSK, safari=False, refuses=False))
            for _ in range(int(p.kiosk_users)):
                self._anybody().kiosk = browser
        for role in range(self._rounded_up(p.roles_per_thousand)):
            self._roles.append(_Role(f"info@firm{role + 1}.example.com"))
            for _ in range(int(p.role_people)):
                colleague = self._anybody()
                colleague.role, colleague.account_from = self._roles[-1], self._start
        for person in self._persons:
            self._wake(self._life(person), dice.between(0, min(self._gap(person), p.days * _DAY)))
        centres = self._rounded_up(p.call_centres_per_thousand)
        for centre in range(centres):
            calls = p.calls_a_day * p.call_centres_per_thousand * self.people / 1000 / centres
            self._wake(self._call_centre(centre + 1, calls), 0)
        for bot in range(self._rounded_up(p.bots_per_thousand)):
            self._wake(self._bot(bot + 1), dice.waiting(p.days * _DAY / max(p.bot_hits, 1.0)))
        for handing in range(self._rounded_up(p.handed_on_per_thousand)):
            self._wake(self._hand_on(handing + 1), dice.between(p.days / 3, p.days) * _DAY)

    def _rounded_up(self, per_thousand: float) -> int:
        return math.ceil(per_thousand * self.people / 1000)

    def _anybody(self) -> _Person:
        return self._persons[self._dice.below(len(self._persons))]

    def _watched(self, browser: _Browser) -> _Browser:
        if browser.named is None:
            browser.named = {}
            self._shared.append(browser)
        return browser

    def _family(self, size: int) -> _Browser | None:
        if size < 2 or not self._dice.chance(self.parameters.family_browser):
            return None
        number = len(self._persons) + 1
        return self._watched(
            _Browser(f"family-{number}", Situation.FAMILY, safari=self._dice.chance(self.parameters.safari))
        )

    def _person(self, family: _Browser | None) -> _Person:
        p, dice = self.parameters, self._dice
        number = len(self._persons) + 1
        devices = [self._device(f"phone-{number}")]
        if dice.chance(p.has_laptop):
            devices.append(self._device(f"laptop-{number}"))
        if dice.chance(p.has_tablet):
            devices.append(self._device(f"tablet-{number}"))
        account = dice.chance(p.has_account)
        return _Person(
            number,
            devices,
            family,
            account_from=self._start + int(dice.between(0, p.days * _DAY)) * _SECOND if account else None,
            user_id=f"u-{number}" if dice.chance(p.has_user_id) else None,
            pace=min(max(dice.waiting(1.0), 0.1), 5.0),
        )

    def _device(self, name: str) -> _Browser:
        p, dice = self.parameters, self._dice
        return _Browser(name, Situation.OWN_DEVICE, safari=dice.chance(p.safari), broken=dice.chance(p.broken_browser))

    def _life(self, person: _Person) -> _Steps:
        while True:
            browser = self._where(person)
            if not browser.busy:
                yield from self._visit(person, browser)
            yield None, self._dice.waiting(self._gap(person))

    def _gap(self, person: _Person) -> float:
        p = self.parameters
        return p.days * _DAY / max(p.visits, 0.01) / person.pace

    def _where(self, person: _Person) -> _Browser:
        p, dice = self.parameters, self._dice
        if person.kiosk and dice.chance(p.uses_kiosk):
            return person.kiosk
        if person.family and dice.chance(p.uses_family_browser):
            return person.family
        return person.devices[dice.below(len(person.devices))]

    def _visit(self, person: _Person, browser: _Browser) -> _Steps:
        p, dice = self.parameters, self._dice
        browser.busy = True
        again = browser.last > 0
        self._open(browser)
        pages = dice.count(p.pages)
        may = person.account_from is not None and person.account_from <= self._now
        logs_in = may and browser.user is not person and dice.chance(p.logs_in)
        login = dice.below(pages) if logs_in else pages
        for page in range(pages):
            if page == login:
                yield self._log_in(person, browser), dice.between(5, 90)
            view = self._view(person, browser)
            if view is not None:
                yield view, dice.between(5, 180)
        if not browser.refuses and not browser.asked and (again or browser.user is person):
            browser.asked = True
            if dice.chance(p.opts_in_to_push):
                browser.subscription = f"s-{dice.token()}"
                draft = self._view(person, browser, event="push_subscribed")
                if draft is not None:
                    self._carry(draft, person, browser)
                    yield draft, dice.between(1, 5)
        browser.last = self._now
        if browser.shared:
            # The next one does not act under this one's name: on shared browsers people log out.
            browser.user = browser.role = None
        browser.busy = False

    def _open(self, browser: _Browser) -> None:
        p, dice = self.parameters, self._dice
        if browser.refuses is None:
            browser.refuses = dice.chance(p.refuses_consent)
        if browser.situation is not Situation.KIOSK and dice.chance(p.clears_cookies):
            browser.cookie = browser.user = browser.role = None
        if browser.safari and self._now - browser.last > p.safari_days * _DAY * _SECOND:
            # A cookie that a script has set; the login is in one that the server has set.
            browser.cookie = None
        if browser.cookie is None and not browser.refuses:
            browser.cookie = f"t-{dice.token()}"

    def _log_in(self, person: _Person, browser: _Browser) -> _Draft:
        browser.user, browser.role = person, None
        if person.role and self._dice.chance(self.parameters.logs_in_as_role):
            browser.role = person.role
        draft = self._draft(person, browser, "login")
        self._sign(draft, person, browser, login=True)
        self._maybe_carry(draft, person, browser)
        return draft

    def _view(self, person: _Person, browser: _Browser, event: str = "page_view") -> _Draft | None:
        p, dice = self.parameters, self._dice
        if browser.refuses:
            return self._draft(person, browser, event) if dice.chance(p.tells_without_keys) else None
        draft = self._draft(person, browser, event)
        if browser.user is person and dice.chance(p.sends_name):
            self._sign(draft, person, browser, login=False)
        self._maybe_carry(draft, person, browser)
        if browser.broken:
            self._spoil(draft, person.name, browser)
        return draft

    def _draft(self, person: _Person, browser: _Browser, event: str) -> _Draft:
        cookie = None if browser.refuses else browser.cookie
        situation = Situation.REFUSED if browser.refuses else browser.situation
        return _Draft(person.name, browser.device, situation, event, cookie)

    def _sign(self, draft: _Draft, person: _Person, browser: _Browser, *, login: bool) -> None:
        """Put the name of who is logged in on an event."""
        if browser.role:
            draft.email, draft.situation = browser.role.email, Situation.ROLE
            browser.role.people[person.name] = None
            if draft.cookie is not None:
                browser.role.cookies.add(draft.cookie)
        else:
            draft.named = person.known = True
            browser.signers[person.name] = None
            if login or person.user_id is None:
                draft.email = person.email
            draft.user_id = person.user_id
            if login:
                draft.properties = {"_name": f"Person {person.number}"}
        if draft.email is not None and draft.cookie is not None:
            if browser.named is None:
                browser.signed = (draft.cookie, draft.email)
            else:
                browser.named.setdefault(draft.cookie, {})[draft.email] = None
        if login and browser.broken:
            self._spoil(draft, person.name, browser)

    def _spoil(self, draft: _Draft, name: str, browser: _Browser) -> None:
        if draft.cookie is None:
            return
        if draft.email is None:
            draft.named = False
        draft.user_id, draft.situation = self.parameters.bogus_id, Situation.BROKEN
        self._note_bogus(name, draft.cookie)

    def _note_bogus(self, name: str, cookie: str) -> None:
        self._bogus_people[name] = None
        self._bogus_cookies.add(cookie)

    def _maybe_carry(self, draft: _Draft, person: _Person, browser: _Browser) -> None:
        if browser.subscription and not browser.refuses and self._dice.chance(self.parameters.sends_subscription):
            self._carry(draft, person, browser)

    def _carry(self, draft: _Draft, person: _Person, browser: _Browser) -> None:
        draft.subscription = browser.subscription
        browser.carriers[person.name] = None

    def _hand_on(self, number: int) -> _Steps:
        """Give a subscribed device to somebody else, who gets its subscription with it."""
        p, dice = self.parameters, self._dice
        yield None, 1.0
        for _ in range(50 if self.people > 1 else 0):
            before, after = self._anybody(), self._anybody()
            handed = [browser for browser in before.devices if browser.subscription and not browser.busy]
            if not handed or before is after:
                continue
            browser = self._watched(handed[0])
            if browser.signed is not None and browser.named is not None:
                cookie, email = browser.signed
                browser.named.setdefault(cookie, {})[email] = None
            before.devices.remove(browser)
            before.devices.append(self._device(f"new-phone-{before.number}-{number}"))
            after.devices.append(browser)
            browser.situation = Situation.HANDED_ON
            browser.user = browser.role = None
            if not dice.chance(p.keeps_cookie_when_handed_on):
                browser.cookie = None
            return

    def _call_centre(self, number: int, calls_a_day: float) -> _Steps:
        dice = self._dice
        agent = f"agent-{number}"
        browser = self._watched(_Browser(f"call-centre-{number}", Situation.CALL_CENTRE, safari=False, refuses=False))
        browser.cookie = f"t-{dice.token()}"
        while True:
            yield None, dice.waiting(_DAY / max(calls_a_day, 0.001))
            yield _Draft(agent, browser.device, Situation.CALL_CENTRE, "page_view", browser.cookie), 60.0
            caller = self._anybody()
            caller.known = True
            assert browser.named is not None
            browser.named.setdefault(browser.cookie, {})[caller.email] = None
            yield (
                _Draft(
                    caller.name,
                    browser.device,
                    Situation.CALL_CENTRE,
                    "phone_order",
                    browser.cookie,
                    email=caller.email,
                    named=True,
                ),
                60.0,
            )

    def _bot(self, number: int) -> _Steps:
        p, dice = self.parameters, self._dice
        name = f"bot-{number}"
        gap = p.days * _DAY / max(p.bot_hits, 0.001)
        while True:
            cookie = f"t-{dice.token()}"
            self._note_bogus(name, cookie)
            draft = _Draft(name, name, Situation.BOT, "page_view", cookie, user_id=p.bogus_id)
            yield draft, dice.waiting(gap)
