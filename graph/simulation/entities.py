"""What there is in a simulated world: people, browsers, events, the truth about them, and what is planted."""

from collections.abc import Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from graph.clock import Micros
from graph.model import KeyName

MANY = 6
"""From how many people on something is evidently shared by strangers, whatever is known of them."""


class Situation(StrEnum):
    """What is special about an event; the last that fits."""

    OWN_DEVICE = "own_device"
    REFUSED = "refused_consent"
    FAMILY = "family_browser"
    KIOSK = "kiosk"
    CAFE = "cafe"
    HANDED_ON = "handed_on"
    CALL_CENTRE = "call_centre"
    RESELLER = "reseller"
    FARM = "account_farm"
    RELEASE = "release_token"
    OTHERS_LOGIN = "others_login"
    JOINT = "joint_account"
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
        Whether the event carries a key that is this very person's own (not a role address, a joint account, somebody
        else's name or a bogus id).
    situation
        What is special about it.
    stores
        Whether the browser stores the answered tracker.
    subscription
        The push subscription that the browser has by then, whether or not the event carries it.
    device_situation
        What is special about the device, whatever is about the event.
    account
        Whose name it carries: a person's, or the address of a household's joint account or of a function; None when it
        carries none, or a bogus id.
    """

    message_id: str
    person: str
    device: str
    cookie: str | None
    named: bool
    situation: Situation
    stores: bool = True
    subscription: str | None = None
    device_situation: Situation = Situation.OWN_DEVICE
    account: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        return {
            "message_id": self.message_id,
            "person": self.person,
            "device": self.device,
            "cookie": self.cookie,
            "named": self.named,
            "situation": self.situation.value,
            "stores": self.stores,
            "subscription": self.subscription,
            "device_situation": self.device_situation.value,
            "account": self.account,
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
    household
        Whether all of them live together: shared, and nothing that anybody should be told of.
    evident
        Whether the log says so: six people, or people of two households whose addresses the shop has. Of fewer, whom
        nothing tells apart, nobody can say whether they are a couple.
    """

    kind: str
    key: KeyName
    value: str
    situation: Situation
    people: int
    household: bool = False
    evident: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON shows it: the subject as the analysis writes it."""
        return {
            "kind": self.kind,
            "subject": {"type": "tracker" if self.key == "tracker_id" else self.key, "value": self.value},
            "situation": self.situation.value,
            "household": self.household,
            "evident": self.evident,
            "people": self.people,
        }


@dataclass(slots=True, eq=False)
class Browser:
    """A browser, or an app, on one device; ``kind`` is what the device says that it is."""

    device: str
    situation: Situation
    safari: bool
    kind: str = "desktop"
    broken: bool = False
    stores: bool = True
    tells_kind: bool = False
    refuses: bool | None = None
    cookie: str | None = None
    last: Micros = 0
    user: "Person | None" = None
    role: "Role | None" = None
    subscription: str | None = None
    install: str | None = None
    """The id of the app's installation, where it sends one."""
    replaced: str | None = None
    """The subscription that this one came in the place of, until its service worker has said so."""
    asked: bool = False
    busy: bool = False

    @property
    def shared(self) -> bool:
        """Whether it stands where more than one person uses it by turns."""
        return self.situation in (Situation.FAMILY, Situation.KIOSK, Situation.CAFE)


@dataclass(slots=True, eq=False)
class Role:
    """A role address, who logged in with it and on which cookies."""

    email: str
    people: dict[str, None] = field(default_factory=dict)
    first: dict[str, None] = field(default_factory=dict)
    """Of those, who gave it on a cookie on which nobody had given a name before."""
    cookies: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Household:
    """Who lives together: one surname, as a rule, and one postcode."""

    number: int
    surname: str
    postcode: str
    joint: str | None = None
    """The address of an account that all of them use."""


@dataclass(slots=True, eq=False)
class Person:
    """Somebody with devices, and perhaps an account."""

    number: int
    household: Household
    surname: str
    tells_address: bool
    devices: list[Browser]
    family: Browser | None
    account_from: Micros | None
    user_id: str | None
    apart: bool
    """Whether its id and its address never come in one event."""
    plus: bool
    """Whether it also logs in with a sub-address."""
    pace: float
    phone: str | None = None
    """Its number, where it gives one at a log-in."""
    hashed: bool = False
    """Whether an ad platform brings it now and then, with a hash of its address."""
    public: Browser | None = None
    """The kiosk that it uses."""
    role: Role | None = None

    @property
    def name(self) -> str:
        """How the truth calls it."""
        return f"person-{self.number}"

    @property
    def account(self) -> str:
        """Under which account it acts: its own, or the household's."""
        return self.household.joint or self.name

    @property
    def email(self) -> str:
        """Its address, as it types it when it types it right."""
        return self.household.joint or f"person{self.number}@example.com"


@dataclass(slots=True)
class Draft:
    """An event before it has a time and a message id."""

    person: str
    browser: Browser
    situation: Situation
    event: str
    cookie: str | None = None
    email: str | None = None
    user_id: str | None = None
    subscription: str | None = None
    properties: dict[str, Any] | None = None
    named: bool = False
    account: tuple[str, int] | None = None
    """Under which account it is, and the number of that account's household."""
    logout: bool = False
    replaces: str | None = None
    """The subscription that the event's own came in the place of."""
    keys: dict[str, str] = field(default_factory=dict)
    """Keys of the namespaces that `Parameters.namespaces` declares."""


@dataclass(slots=True)
class Used:
    """Under which accounts a cookie or a subscription was named, and where it was."""

    browser: Browser
    accounts: dict[str, int] = field(default_factory=dict)
    """By account, the number of its household."""
    names: dict[str, set[str]] = field(default_factory=dict)
    """By account, the email addresses and ids that were given."""

    def note(self, account: str, household: int, names: set[str]) -> None:
        """Note under which account and which names it was used."""
        self.accounts[account] = household
        self.names.setdefault(account, set()).update(names)

    def planted(self, kind: str, key: KeyName, value: str, told: Set[str]) -> Planted | None:
        """Describe what is planted when several accounts were named: of one household, or of several.

        ``told`` are the names with which a postal address came.
        """
        if len(self.accounts) < 2:
            return None
        together = len(set(self.accounts.values())) == 1
        situation = Situation.FAMILY if together else self.browser.situation
        homes = {self.accounts[account] for account, names in self.names.items() if names & told}
        evident = len(homes) > 1 or len(self.accounts) >= MANY
        return Planted(kind, key, value, situation, len(self.accounts), together, evident)
