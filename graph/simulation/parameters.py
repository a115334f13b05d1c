"""What a simulated world is like, each default with its source, or said to be a guess."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime

from graph.clock import to_micros, to_text
from graph.errors import BadInput, FieldError
from graph.identity.namespaces import DEFAULT_NAMESPACES, KeyClass, Namespace, Namespaces, Normaliser

_SHARES = (
    "safari",
    "clears_cookies",
    "refuses_consent",
    "tells_without_keys",
    "opts_in_to_push",
    "sends_subscription",
    "has_account",
    "logs_in",
    "has_user_id",
    "sends_name",
    "has_laptop",
    "has_tablet",
    "family_browser",
    "uses_family_browser",
    "uses_kiosk",
    "logs_in_as_role",
    "keeps_cookie_when_handed_on",
    "broken_browser",
    "has_app",
    "stores_answer",
    "tells_device",
    "tells_address",
    "other_surname",
    "joint_accounts",
    "stays_logged_in",
    "ids_apart",
    "plus_addresses",
    "mistypes",
    "public_push",
    "push_rotates",
    "push_expires",
    "says_logged_out",
    "says_replaced",
    "gives_phone",
    "has_install_id",
    "comes_by_hash",
)


DECLARED = Namespaces.of(
    [
        Namespace("phone", KeyClass.PERSON, normalise=Normaliser.PHONE, region="FR"),
        Namespace("email_sha256", KeyClass.PERSON, hash_of="email"),
        Namespace("app_install", KeyClass.DEVICE, priority=20, normalise=Normaliser.UUID),
    ]
)
"""What a deployment declares, as examples/keys.yaml does, for a world in which people have keys of these kinds."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """A world's parameters. Shares are from 0 to 1, counts "per thousand" are for each thousand people.

    A count per thousand is rounded up, so that a small world has one of each kind unless its rate is 0.

    Attributes
    ----------
    starts_at, days
        When the world begins and how long it is watched. *Guess*: a quarter.
    visits
        Visits of a person in all, on average; some come often, some once. *Guess*.
    pages
        Pages of a visit, on average. *Guess*.
    households
        Of households with 1, 2, 3, 4 and 5 people, how many there are. *Eurostat, households by size, EU 2017
        (Household composition statistics): 33.6, 30.8, 15.6, 13.1 and the rest.*
    has_laptop, has_tablet
        People with a laptop or a tablet of their own beside their phone. *Guess.*
    safari
        Browsers that are Safari. *StatCounter, all platforms, February 2023: 18.86 %.*
    safari_days
        After how many days without a visit Safari forgets a cookie that a script has set. *WebKit, Intelligent
        Tracking Prevention 2.1: 7 days.*
    clears_cookies
        Visits that begin with cleared cookies (private windows, cleaning). *Guess.*
    refuses_consent
        Browsers whose first visitor refuses cookies. *Consent platforms' averages for 2025: 42 % refuse where it
        takes one click; 45 to 55 % in the EU, 25 to 35 % in the US.*
    tells_without_keys
        Page views of a browser that refused which are told all the same, without any key. *Guess.*
    opts_in_to_push
        Browsers that accept the push prompt, once their visitor has logged in there or comes again. *Chrome UX
        Report over 30,000 websites, as OneSignal reports it: 17 %.*
    sends_subscription
        Events of a subscribed browser that carry the subscription. *Guess.*
    has_account
        People who ever log in; each does from a time on that is drawn evenly (logins that come late). *Guess.*
    logs_in
        Visits, of somebody with an account who is not logged in there, with a login. *Guess.*
    has_user_id
        People whom the shop knows by an id beside their address. *Guess.*
    sends_name
        Later events of a visit that carry the name of who is logged in. *Guess.*
    family_browser
        Households of two or more with a browser that they share. *Guess: about half have a tablet, and GlobalWebIndex
        (first quarter of 2017) found that 60 % of tablet users share theirs.*
    uses_family_browser
        Visits of those people on it. *Guess.*
    kiosks_per_thousand, kiosk_users, uses_kiosk
        Library kiosks, people who use each, and how many of those people's visits are there. *Guess.*
    call_centres_per_thousand, calls_a_day
        Browsers in which an agent types callers' addresses, and calls a day at each; a world too small for a whole
        call centre gets one with so many fewer calls. *Guess.*
    roles_per_thousand, role_people, logs_in_as_role
        Role addresses such as info@, how many people log in with each, and how often they do so instead of with
        their own. *Guess.*
    bots_per_thousand, bot_hits
        Bots that send the bogus id with a new cookie at every hit, and hits of each. *Guess, and low: Imperva's 2025
        report has bad bots at 37 % of all traffic, most of which is filtered before it is tracked.*
    broken_browser
        Browsers of people where a broken page sends the bogus id for everybody. *Guess.*
    bogus_id
        What they send: a template that nobody filled in.
    handed_on_per_thousand, keeps_cookie_when_handed_on
        Subscribed devices that go to somebody else, for whom it takes the place of another, and how many with the
        cookie still there. *Guess.*
    has_app
        People with the shop's app on their phone, which has a tracker of its own. *Guess.*
    stores_answer
        Browsers that store the answered tracker, when the score feeds answers back; the others are clients that
        cannot. *Guess.*
    tells_device
        Browsers whose events say what kind of device they are on. *Guess.*
    tells_address
        People with an account whose surname and postcode the shop has. *Guess: whoever was ever sent a parcel.*
    other_surname
        People with another surname than the one of their household. *Guess.*
    joint_accounts
        Households of two or more that have one account together. *Guess.*
    stays_logged_in
        Visits to a family's browser after which nobody logs out: whoever comes next acts under that name. *Guess.*
    ids_apart
        People with a user id whose id and address never come in one event. *Guess.*
    plus_addresses, mistypes
        People who also log in with a sub-address; log-ins whose address has a slip in it. *Guess.*
    public_push
        Kiosks, cafes' browsers and resellers that accepted push. *Guess.*
    cafes_per_thousand, cafe_guests_a_day
        Browsers in cafes, and how many passers-by log in on each a day. *Guess.*
    resellers_per_thousand, orders_a_day
        People who order for their customers under the customers' addresses on a phone of their own, and how often.
        *Guess.*
    farms_per_thousand, farm_accounts
        Devices with one subscription on which somebody keeps many accounts, and how many each. *Guess.*
    release_users_per_thousand
        People whose app is of a release that sends the same push token from every copy. *Guess.*
    push_rotates, push_expires
        Visits before which the push service gave the browser another subscription, or none. *Guess.*
    says_logged_out
        Log-outs that the shop tells. *Guess.*
    says_replaced
        Subscriptions in the place of another of which the service worker says so; of the others the push service
        refuses the old one at the next push. *Guess.*
    pushes_every
        After how many days the shop pushes to everybody who is subscribed, when a score asks whom that reaches.
        *Guess.*
    gives_phone, has_install_id, comes_by_hash
        People who give a phone number at a log-in, apps that send the id of their installation, and people whom an ad
        platform brings with a hash of their address. None unless asked for: such events are for a deployment that
        declares these namespaces (`namespaces`).
    """

    starts_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    days: float = 90.0
    visits: float = 8.0
    pages: float = 2.5
    households: tuple[float, ...] = (33.6, 30.8, 15.6, 13.1, 6.9)
    has_laptop: float = 0.6
    has_tablet: float = 0.2
    safari: float = 0.19
    safari_days: float = 7.0
    clears_cookies: float = 0.03
    refuses_consent: float = 0.42
    tells_without_keys: float = 0.1
    opts_in_to_push: float = 0.17
    sends_subscription: float = 0.5
    has_account: float = 0.6
    logs_in: float = 0.5
    has_user_id: float = 0.5
    sends_name: float = 0.3
    family_browser: float = 0.3
    uses_family_browser: float = 0.4
    kiosks_per_thousand: float = 1.0
    kiosk_users: float = 20.0
    uses_kiosk: float = 0.5
    call_centres_per_thousand: float = 0.5
    calls_a_day: float = 1.0
    roles_per_thousand: float = 3.0
    role_people: float = 5.0
    logs_in_as_role: float = 0.5
    bots_per_thousand: float = 2.0
    bot_hits: float = 30.0
    broken_browser: float = 0.01
    bogus_id: str = "user_id"
    handed_on_per_thousand: float = 10.0
    keeps_cookie_when_handed_on: float = 0.5
    has_app: float = 0.25
    stores_answer: float = 0.85
    tells_device: float = 0.7
    tells_address: float = 0.85
    other_surname: float = 0.15
    joint_accounts: float = 0.1
    stays_logged_in: float = 0.3
    ids_apart: float = 0.1
    plus_addresses: float = 0.05
    mistypes: float = 0.02
    public_push: float = 0.7
    cafes_per_thousand: float = 1.0
    cafe_guests_a_day: float = 0.5
    resellers_per_thousand: float = 2.0
    orders_a_day: float = 0.3
    farms_per_thousand: float = 2.0
    farm_accounts: float = 12.0
    release_users_per_thousand: float = 8.0
    push_rotates: float = 0.02
    push_expires: float = 0.01
    says_logged_out: float = 0.5
    says_replaced: float = 0.7
    pushes_every: float = 7.0
    gives_phone: float = 0.0
    has_install_id: float = 0.0
    comes_by_hash: float = 0.0

    @property
    def namespaces(self) -> Namespaces:
        """The namespaces that a deployment declares for this world: those that always are there, unless it has more."""
        return DECLARED if self.gives_phone or self.has_install_id or self.comes_by_hash else DEFAULT_NAMESPACES

    def __post_init__(self) -> None:
        wrong = [
            FieldError(name, "range", "must be a share from 0 to 1")
            for name in _SHARES
            if not 0.0 <= getattr(self, name) <= 1.0
        ]
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in (*_SHARES, "days") and isinstance(value, float) and not 0.0 <= value < float("inf"):
                wrong.append(FieldError(field.name, "range", "this is 0 or more"))
        if self.pushes_every < 0.1:
            wrong.append(FieldError("pushes_every", "range", "this is 0.1 or more"))
        if not 0.0 < self.days <= 3650.0:
            wrong.append(FieldError("days", "range", "this is more than 0 and at most 3650"))
        if sum(self.households) <= 0 or min(self.households) < 0:
            wrong.append(FieldError("households", "range", "these are 0 or more, and not all of them 0"))
        if wrong:
            raise BadInput(wrong)

    def push_times(self) -> list[str]:
        """Return when the shop pushes, as events write times."""
        begins, step = to_micros(self.starts_at), self.pushes_every * 86_400_000_000
        return [to_text(begins + round(count * step)) for count in range(1, int(self.days / self.pushes_every) + 1)]

    def changed(self, values: Mapping[str, str]) -> "Parameters":
        """Return these parameters with some of the numbers changed, as a user writes them.

        Raises
        ------
        BadInput
            When there is no such number, or it is out of range.
        """
        numbers = {field.name for field in fields(self) if isinstance(getattr(self, field.name), float)}
        read: dict[str, float] = {}
        wrong: list[FieldError] = []
        for name, text in values.items():
            if name not in numbers:
                wrong.append(FieldError(name, "unknown_field", f"there are {', '.join(sorted(numbers))}"))
                continue
            try:
                read[name] = float(text)
            except ValueError:
                wrong.append(FieldError(name, "type", "must be a number"))
        if wrong:
            raise BadInput(wrong)
        return replace(self, **read)  # type: ignore[arg-type]
