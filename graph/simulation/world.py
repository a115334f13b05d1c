"""The simulated world: who does what on which device, event by event in the order of time.

Every person, kiosk, call centre and bot is a generator that says what it does next and when; a heap wakes whoever
is next. Only what lives is in memory, never the log, so that the events of 100,000 people stream.
"""

import math
from collections.abc import Iterator
from hashlib import sha256
from heapq import heappop, heappush
from typing import Any

from graph.clock import Micros, to_micros, to_text
from graph.model import KeyName
from graph.simulation.dice import Dice
from graph.simulation.entities import (
    Browser,
    Draft,
    Happening,
    Household,
    Person,
    Planted,
    Role,
    Situation,
    Truth,
    Used,
)
from graph.simulation.parameters import Parameters

_SECOND = 1_000_000
_DAY = 86_400.0

MIXED_ROLE = 2
"""From how many people on a role address is more than one person's."""
TOO_MANY_TRACKERS = 3
"""From how many trackers on the world plants ``many_trackers`` for what is more than one person's."""
SURNAMES = 800
"""How many surnames there are; the first ones are the most common."""
COMES_BY_AD = 0.3
"""How often a visit of somebody whom an ad platform knows comes from there."""
FEWEST_POSTCODES = 20
PEOPLE_A_POSTCODE = 30


_Steps = Iterator[tuple[Draft | None, float]]
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
        # Of its own, so that a world without declared namespaces stays the same.
        self._keys = Dice(f"kinfold keys {seed}")
        self._start = to_micros(self.parameters.starts_at)
        self._end = self._start + int(self.parameters.days * _DAY) * _SECOND
        self._now = self._start
        self._agenda: list[tuple[Micros, int, _Steps]] = []
        self._woken = 0
        self._persons: list[Person] = []
        self._named: dict[tuple[KeyName, str], Used] = {}
        """Under which accounts each cookie and each subscription was named."""
        self._told: set[str] = set()
        """The names with which a postal address came."""
        self._roles: list[Role] = []
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
        kinds = {"tracker_id": "many_emails", "subscription": "shared_subscription"}
        each = (used.planted(kinds[key], key, value, self._told) for (key, value), used in self._named.items())
        found = [planted for planted in each if planted is not None]
        for role in self._roles:
            people, first = len(role.people), len(role.first)
            if people >= MIXED_ROLE and len(role.cookies) >= TOO_MANY_TRACKERS:
                found.append(Planted("many_trackers", "email", role.email, Situation.ROLE, people))
            if first >= MIXED_ROLE:
                found.append(Planted("fusing_value", "email", role.email, Situation.ROLE, first))
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

    def _happen(self, draft: Draft, message_id: str) -> Happening:
        browser = draft.browser
        event: dict[str, Any] = {}
        if draft.email is not None:
            event["email"] = draft.email
        if draft.cookie is not None:
            event["tracker_id"] = draft.cookie
        if draft.subscription is not None:
            event["subscription"] = draft.subscription
        if draft.user_id is not None:
            event["user_id"] = draft.user_id
        keys = draft.keys | ({"app_install": browser.install} if browser.install and not browser.refuses else {})
        if keys:
            event["keys"] = keys
        if draft.properties:
            event["properties"] = draft.properties
        if draft.logout:
            event["logout"] = True
        if draft.replaces is not None:
            event["replaces"] = {"subscription": draft.replaces}
        if browser.tells_kind:
            event["event_properties"] = {"device_type": browser.kind}
        event |= {"event": draft.event, "occurred_at": to_text(self._now), "message_id": message_id}
        if draft.account is not None:
            account, household = draft.account
            names = {name for name in (draft.email, draft.user_id, *draft.keys.values()) if name is not None}
            if draft.properties:
                self._told |= names
            named: tuple[tuple[KeyName, str | None], ...] = (
                ("tracker_id", draft.cookie),
                ("subscription", draft.subscription),
            )
            for key, value in named:
                if value is not None:
                    self._named.setdefault((key, value), Used(browser)).note(account, household, names)
        truth = Truth(
            message_id,
            draft.person,
            browser.device,
            draft.cookie,
            draft.named,
            draft.situation,
            browser.stores,
            browser.subscription,
            browser.situation,
            draft.account[0] if draft.account else draft.email if draft.situation is Situation.ROLE else None,
        )
        return Happening(event, truth)

    # --- who there is ---------------------------------------------------------------------------------------

    def _populate(self) -> None:
        p, dice = self.parameters, self._dice
        while len(self._persons) < self.people:
            size = min(1 + dice.pick(p.households), self.people - len(self._persons))
            household = self._household(size)
            family = self._family(size)
            for _ in range(size):
                self._persons.append(self._person(household, family))
        for kiosk in range(self._rounded_up(p.kiosks_per_thousand)):
            browser = self._public(f"kiosk-{kiosk + 1}", Situation.KIOSK)
            for _ in range(int(p.kiosk_users)):
                self._anybody().public = browser
        for role in range(self._rounded_up(p.roles_per_thousand)):
            self._roles.append(Role(f"info@firm{role + 1}.example.com"))
            for _ in range(int(p.role_people)):
                colleague = self._anybody()
                colleague.role, colleague.account_from = self._roles[-1], self._start
        if self._persons:
            self._release(self._rounded_up(p.release_users_per_thousand))
        for person in self._persons:
            self._wake(self._life(person), dice.between(0, min(self._gap(person), p.days * _DAY)))
        centres = self._rounded_up(p.call_centres_per_thousand)
        for centre in range(centres):
            browser = self._browser(f"call-centre-{centre + 1}", Situation.CALL_CENTRE)
            browser.cookie = f"t-{dice.token()}"
            calls = p.calls_a_day * p.call_centres_per_thousand * self.people / 1000 / centres
            self._wake(self._agent(f"agent-{centre + 1}", browser, "phone_order", calls), 0)
        for reseller in range(self._rounded_up(p.resellers_per_thousand)):
            browser = self._public(f"reseller-{reseller + 1}", Situation.RESELLER)
            browser.kind = "phone"
            browser.cookie = f"t-{dice.token()}"
            self._wake(self._agent(f"reseller-{reseller + 1}", browser, "order", p.orders_a_day), 0)
        for cafe in range(self._rounded_up(p.cafes_per_thousand)):
            self._wake(self._cafe(self._public(f"cafe-{cafe + 1}", Situation.CAFE)), 0)
        for farm in range(self._rounded_up(p.farms_per_thousand)):
            self._wake(self._farm(farm + 1), dice.between(0, p.days / 3) * _DAY)
        for bot in range(self._rounded_up(p.bots_per_thousand)):
            self._wake(self._bot(bot + 1), dice.waiting(p.days * _DAY / max(p.bot_hits, 1.0)))
        for handing in range(self._rounded_up(p.handed_on_per_thousand)):
            self._wake(self._hand_on(handing + 1), dice.between(p.days * 0.3, p.days * 0.7) * _DAY)

    def _rounded_up(self, per_thousand: float) -> int:
        return math.ceil(per_thousand * self.people / 1000)

    def _anybody(self) -> Person:
        return self._persons[self._dice.below(len(self._persons))]

    def _surname(self) -> str:
        # The square makes some of them common.
        return f"Surname{int(self._dice.share() ** 2 * SURNAMES)}"

    def _household(self, size: int) -> Household:
        p, dice = self.parameters, self._dice
        number = len(self._persons) + 1
        codes = max(FEWEST_POSTCODES, self.people // PEOPLE_A_POSTCODE)
        joint = size > 1 and dice.chance(p.joint_accounts)
        return Household(
            number,
            self._surname(),
            f"{10_000 + dice.below(codes)}",
            f"household{number}@example.com" if joint else None,
        )

    def _family(self, size: int) -> Browser | None:
        if size < 2 or not self._dice.chance(self.parameters.family_browser):
            return None
        return self._browser(f"family-{len(self._persons) + 1}", Situation.FAMILY, kind="tablet")

    def _person(self, household: Household, family: Browser | None) -> Person:
        p, dice = self.parameters, self._dice
        number = len(self._persons) + 1
        devices = [self._device(f"phone-{number}", "phone")]
        for share, kind in ((p.has_laptop, "desktop"), (p.has_tablet, "tablet"), (p.has_app, "app")):
            if dice.chance(share):
                name = "laptop" if kind == "desktop" else kind
                devices.append(self._device(f"{name}-{number}", kind))
        account = dice.chance(p.has_account)
        return Person(
            number,
            household,
            self._surname() if dice.chance(p.other_surname) else household.surname,
            dice.chance(p.tells_address),
            devices,
            family,
            account_from=self._start + int(dice.between(0, p.days * _DAY)) * _SECOND if account else None,
            user_id=f"u-{number}" if household.joint is None and dice.chance(p.has_user_id) else None,
            apart=dice.chance(p.ids_apart),
            plus=dice.chance(p.plus_addresses),
            pace=min(max(dice.waiting(1.0), 0.1), 5.0),
            phone=f"{number:08d}" if self._keys.chance(p.gives_phone) else None,
            hashed=household.joint is None and self._keys.chance(p.comes_by_hash),
        )

    def _browser(self, name: str, situation: Situation, kind: str = "desktop") -> Browser:
        p, dice = self.parameters, self._dice
        private = situation in (Situation.OWN_DEVICE, Situation.FAMILY)
        return Browser(
            name,
            situation,
            safari=private and kind != "app" and dice.chance(p.safari),
            kind=kind,
            stores=dice.chance(p.stores_answer),
            tells_kind=dice.chance(p.tells_device),
            refuses=None if private else False,
            install=self._install() if kind == "app" and self._keys.chance(p.has_install_id) else None,
        )

    def _install(self) -> str:
        """Make the id of an app's installation."""
        text = self._keys.token() + self._keys.token() + self._keys.token()
        return f"{text[:8]}-{text[8:12]}-4{text[12:15]}-8{text[15:18]}-{text[18:30]}"

    def _public(self, name: str, situation: Situation) -> Browser:
        """Make a browser that strangers use, or are entered on, with push when it was accepted there."""
        browser = self._browser(name, situation)
        browser.asked = True
        if self._dice.chance(self.parameters.public_push):
            browser.subscription = f"s-{self._dice.token()}"
        return browser

    def _device(self, name: str, kind: str) -> Browser:
        browser = self._browser(name, Situation.OWN_DEVICE, kind)
        browser.broken = self._dice.chance(self.parameters.broken_browser)
        return browser

    def _release(self, users: int) -> None:
        """Let people use an app that sends the push token of its release instead of its own."""
        token = f"s-{self._dice.token()}"
        for _ in range(users):
            person = self._anybody()
            app = self._browser(f"release-app-{person.number}", Situation.RELEASE, "app")
            app.subscription, app.asked = token, True
            person.devices = [one for one in person.devices if one.kind != "app"] + [app]

    # --- what they do ---------------------------------------------------------------------------------------

    def _life(self, person: Person) -> _Steps:
        while True:
            browser = self._where(person)
            if not browser.busy:
                yield from self._visit(person, browser)
            yield None, self._dice.waiting(self._gap(person))

    def _gap(self, person: Person) -> float:
        p = self.parameters
        return p.days * _DAY / max(p.visits, 0.01) / person.pace

    def _where(self, person: Person) -> Browser:
        p, dice = self.parameters, self._dice
        if person.public and dice.chance(p.uses_kiosk):
            return person.public
        if person.family and dice.chance(p.uses_family_browser):
            return person.family
        return person.devices[dice.below(len(person.devices))]

    def _visit(self, person: Person, browser: Browser) -> _Steps:
        p, dice = self.parameters, self._dice
        browser.busy = True
        again = browser.last > 0
        self._open(browser)
        if browser.replaced is not None:
            yield self._replace(person, browser), dice.between(1, 5)
        pages = dice.count(p.pages)
        may = person.account_from is not None and person.account_from <= self._now
        logs_in = may and browser.user is not person and dice.chance(p.logs_in)
        login = dice.below(pages) if logs_in else pages
        for page in range(pages):
            if page == login:
                yield self._log_in(person, browser), dice.between(5, 90)
            view = self._view(person, browser)
            if view is not None:
                if page == 0:
                    self._bring(view, person, browser)
                yield view, dice.between(5, 180)
        if not browser.refuses and not browser.asked and (again or browser.user is person):
            browser.asked = True
            if dice.chance(p.opts_in_to_push):
                browser.subscription = f"s-{dice.token()}"
                draft = self._view(person, browser, event="push_subscribed")
                if draft is not None:
                    draft.subscription = browser.subscription
                    yield draft, dice.between(1, 5)
        browser.last = self._now
        stays = browser.situation is Situation.FAMILY and dice.chance(p.stays_logged_in)
        if browser.shared and browser.user is not None and not stays:
            if not browser.refuses and dice.chance(p.says_logged_out):
                yield self._log_out(person, browser), dice.between(1, 5)
            browser.user = browser.role = None
        browser.busy = False

    def _bring(self, draft: Draft, person: Person, browser: Browser) -> None:
        """Let an ad platform bring somebody whose address it knows, on a device where nobody is logged in."""
        plain = browser.user is None and not browser.refuses and not browser.broken
        if person.hashed and plain and self._keys.chance(COMES_BY_AD):
            draft.keys["email_sha256"] = sha256(person.email.encode()).hexdigest()
            draft.named = True
            draft.account = person.account, person.household.number

    def _open(self, browser: Browser) -> None:
        p, dice = self.parameters, self._dice
        if browser.refuses is None:
            browser.refuses = dice.chance(p.refuses_consent)
        private = browser.situation not in (Situation.KIOSK, Situation.CAFE)
        if private and browser.kind != "app" and dice.chance(p.clears_cookies):
            browser.cookie = browser.user = browser.role = None
        if browser.safari and self._now - browser.last > p.safari_days * _DAY * _SECOND:
            # A cookie that a script has set; the login is in one that the server has set.
            browser.cookie = None
        if browser.cookie is None and not browser.refuses:
            browser.cookie = f"t-{dice.token()}"
        if browser.subscription and browser.situation is not Situation.RELEASE:
            if dice.chance(p.push_rotates):
                old, browser.subscription = browser.subscription, f"s-{dice.token()}"
                browser.replaced = old if dice.chance(p.says_replaced) else None
            elif dice.chance(p.push_expires):
                browser.subscription, browser.asked = None, not private

    def _replace(self, person: Person, browser: Browser) -> Draft:
        """Draft what a service worker sends when a subscription came in the place of another: it knows no cookie."""
        draft = Draft(person.name, browser, browser.situation, "push_subscription")
        draft.subscription, draft.replaces, browser.replaced = browser.subscription, browser.replaced, None
        return draft

    def _log_in(self, person: Person, browser: Browser) -> Draft:
        browser.user, browser.role = person, None
        if person.role and self._dice.chance(self.parameters.logs_in_as_role):
            browser.role = person.role
        draft = self._draft(person, browser, "login")
        self._sign(draft, person, browser, login=True)
        return self._carried(draft)

    def _log_out(self, person: Person, browser: Browser) -> Draft:
        draft = self._draft(person, browser, "logged_out")
        draft.logout = True
        return draft

    def _view(self, person: Person, browser: Browser, event: str = "page_view") -> Draft | None:
        p, dice = self.parameters, self._dice
        if browser.refuses:
            return self._draft(person, browser, event) if dice.chance(p.tells_without_keys) else None
        draft = self._draft(person, browser, event)
        if browser.user is not None and dice.chance(p.sends_name):
            self._sign(draft, browser.user, browser, login=False)
            if browser.user is not person:
                draft.named = False
                if browser.role is None:
                    draft.situation = Situation.OTHERS_LOGIN
        if browser.broken:
            self._spoil(draft, person.name)
        return self._carried(draft)

    def _draft(self, person: Person, browser: Browser, event: str) -> Draft:
        cookie = None if browser.refuses else browser.cookie
        situation = Situation.REFUSED if browser.refuses else browser.situation
        return Draft(person.name, browser, situation, event, cookie)

    def _sign(self, draft: Draft, person: Person, browser: Browser, *, login: bool) -> None:
        """Put the name of who is logged in on an event."""
        if browser.role:
            draft.email, draft.situation = browser.role.email, Situation.ROLE
            browser.role.people[person.name] = None
            if draft.cookie is not None:
                browser.role.cookies.add(draft.cookie)
                if ("tracker_id", draft.cookie) not in self._named:
                    browser.role.first[person.name] = None
        else:
            draft.named = person.household.joint is None
            if not draft.named:
                draft.situation = Situation.JOINT
            if login or person.user_id is None:
                draft.email = self._typed(person) if login else person.email
            if not (login and person.apart):
                draft.user_id = person.user_id
            if login and person.tells_address:
                draft.properties = {"surname": person.surname, "postcode": person.household.postcode}
            draft.account = person.account, person.household.number
            if login and person.phone is not None:
                # Typed as people of the country do, or with its code.
                draft.keys["phone"] = f"{'06' if self._keys.chance(0.5) else '+336'}{person.phone}"
        if login and browser.broken:
            self._spoil(draft, person.name)

    def _typed(self, person: Person) -> str:
        """Return somebody's address as it is typed at a log-in: as a sub-address now and then, or with a slip."""
        local, _, domain = person.email.partition("@")
        if person.plus and self._dice.chance(0.5):
            local += "+shop"
        if self._dice.chance(self.parameters.mistypes):
            if self._dice.chance(0.5):
                domain = "exmaple.com"
            else:
                place = 1 + self._dice.below(4)
                local = local[:place] + local[place + 1 :]
        return f"{local}@{domain}"

    def _spoil(self, draft: Draft, name: str) -> None:
        if draft.cookie is None:
            return
        if draft.email is None:
            draft.named = False
            draft.account = None
        draft.user_id, draft.situation = self.parameters.bogus_id, Situation.BROKEN
        self._note_bogus(name, draft.cookie)

    def _note_bogus(self, name: str, cookie: str) -> None:
        self._bogus_people[name] = None
        self._bogus_cookies.add(cookie)

    def _carried(self, draft: Draft) -> Draft:
        """Put the browser's subscription on an event, as often as it sends it."""
        browser = draft.browser
        if browser.subscription and not browser.refuses and self._dice.chance(self.parameters.sends_subscription):
            draft.subscription = browser.subscription
        return draft

    def _hand_on(self, number: int) -> _Steps:
        """Give a subscribed device to somebody else, who gets its subscription with it."""
        p, dice = self.parameters, self._dice
        yield None, 1.0
        for _ in range(50 if self.people > 1 else 0):
            before, after = self._anybody(), self._anybody()
            handed = [
                browser
                for browser in before.devices
                if browser.subscription and not browser.busy and browser.situation is not Situation.RELEASE
            ]
            if not handed or before.household is after.household or after.account_from is None:
                continue
            # A phone that its owner never gave a name on leaves nothing that anybody could tell from the next one's.
            browser = next((one for one in handed if ("subscription", one.subscription) in self._named), handed[0])
            after.account_from = min(after.account_from, self._now)
            before.devices.remove(browser)
            before.devices.append(self._device(f"new-phone-{before.number}-{number}", "phone"))
            after.devices[0] = browser
            browser.situation = Situation.HANDED_ON
            browser.user = browser.role = None
            if not dice.chance(p.keeps_cookie_when_handed_on):
                browser.cookie = None
            return

    def _agent(self, name: str, browser: Browser, event: str, times_a_day: float) -> _Steps:
        """Type other people's addresses: a call centre's agent, or a reseller."""
        dice = self._dice
        while True:
            yield None, dice.waiting(_DAY / max(times_a_day, 0.001))
            yield Draft(name, browser, browser.situation, "page_view", browser.cookie), 60.0
            caller = self._anybody()
            draft = Draft(caller.name, browser, browser.situation, event, browser.cookie, email=caller.email)
            draft.named = caller.household.joint is None
            draft.account = caller.account, caller.household.number
            yield self._carried(draft), 60.0

    def _cafe(self, browser: Browser) -> _Steps:
        """Let passers-by log in on a cafe's browser and leave."""
        p, dice = self.parameters, self._dice
        while True:
            yield None, dice.waiting(_DAY / max(p.cafe_guests_a_day, 0.001))
            guest = self._anybody() if self._persons else None
            if guest is None or browser.busy:
                continue
            browser.busy = True
            self._open(browser)
            if browser.replaced is not None:
                yield self._replace(guest, browser), dice.between(1, 5)
            yield self._log_in(guest, browser), dice.between(5, 90)
            for _ in range(dice.count(p.pages) - 1):
                view = self._view(guest, browser)
                if view is not None:
                    yield view, dice.between(5, 180)
            if dice.chance(p.says_logged_out):
                yield self._log_out(guest, browser), dice.between(1, 5)
            browser.user = browser.role = None
            browser.last = self._now
            browser.busy = False

    def _farm(self, number: int) -> _Steps:
        """Keep many accounts on one device, and log in with one after the other."""
        p, dice = self.parameters, self._dice
        browser = self._browser(f"farm-{number}", Situation.FARM, "phone")
        browser.cookie, browser.subscription = f"t-{dice.token()}", f"s-{dice.token()}"
        while True:
            account = dice.below(max(1, int(p.farm_accounts)))
            draft = Draft(f"farm-{number}", browser, Situation.FARM, "login", browser.cookie)
            draft.email, draft.named = f"farm{number}account{account}@example.com", True
            # Accounts of nobody: each is a household of its own.
            draft.account = f"farm-{number}-{account}", -1 - number * 1_000 - account
            yield self._carried(draft), dice.waiting(_DAY)

    def _bot(self, number: int) -> _Steps:
        p, dice = self.parameters, self._dice
        name = f"bot-{number}"
        gap = p.days * _DAY / max(p.bot_hits, 0.001)
        browser = Browser(name, Situation.BOT, safari=False)
        while True:
            cookie = f"t-{dice.token()}"
            self._note_bogus(name, cookie)
            draft = Draft(name, browser, Situation.BOT, "page_view", cookie, user_id=p.bogus_id)
            yield draft, dice.waiting(gap)
