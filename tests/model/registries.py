"""The decision table over declared namespaces, read from the specification alone, in plain Python and in memory.

It knows events and nothing else: no undoing, no keys by hand, no properties. A registry is a list of namespaces in
order of declaration, each with its class, its priority, at most how many, and what it is the hash of.
"""

import hashlib
from dataclasses import dataclass, field

Key = tuple[str, str]


@dataclass(frozen=True)
class Declared:
    """One namespace as a registry has it."""

    name: str
    of: str
    priority: int = 100
    at_most: int | None = None
    hash_of: str | None = None


ALWAYS = (
    Declared("email", "person", 20),
    Declared("tracker_id", "device", 10),
    Declared("subscription", "subscription", 10),
    Declared("user_id", "person", 10, at_most=1),
)


@dataclass(eq=False)
class Somebody:
    """A contact: its keys as they came, those that are derived, and whether it was born known."""

    id: str
    seen: int = 0
    born_known: bool = False
    keys: dict[Key, bool] = field(default_factory=dict)
    """By key: whether it is derived."""


@dataclass
class Told:
    """What an event is answered."""

    contact: str
    rule: str
    outcome: str
    merged: list[str] = field(default_factory=list)
    moved: list[tuple[str, str, str]] = field(default_factory=list)
    conflicts: list[tuple[str, str | None]] = field(default_factory=list)
    shared_with: list[str] = field(default_factory=list)
    limited: bool = False


class Reading:
    """Contacts that events made, under one policy and one registry."""

    def __init__(self, registry: tuple[Declared, ...], policy: str) -> None:
        self.registry, self.policy = registry, policy
        self.settings = {one.name: one for one in registry}
        self.everybody: list[Somebody] = []
        self.conflicts: list[tuple[Somebody, Key, Somebody]] = []
        self.into: dict[str, Somebody] = {}
        self.made = self.minted = self.clock = 0

    # --- who has what ---------------------------------------------------------------------------------------

    def is_person(self, key: Key) -> bool:
        return self.settings[key[0]].of == "person"

    def known(self, one: Somebody) -> bool:
        return one.born_known or self.named(one)

    def named(self, one: Somebody) -> bool:
        return any(self.is_person(key) and not derived for key, derived in one.keys.items())

    def owners(self, key: Key) -> list[Somebody]:
        found = [one for one in self.everybody if key in one.keys]
        return sorted(found, key=lambda one: (not self.known(one), -one.seen, one.id))

    def living(self, one: Somebody) -> Somebody:
        while one.id in self.into:
            one = self.into[one.id]
        return one

    def room(self, counted: list[Key], key: Key) -> bool:
        most = self.settings[key[0]].at_most
        return most is None or sum(name == key[0] for name, _ in counted) < most

    def counted(self, one: Somebody | None) -> list[Key]:
        return [] if one is None else [key for key, derived in one.keys.items() if not derived]

    def everybody_keys(self, contact: str) -> list[Key]:
        return [key for one in self.everybody if one.id == contact for key in one.keys]

    # --- one event ------------------------------------------------------------------------------------------

    def asked(self, keys: list[Key], of: str) -> list[Key]:
        order = sorted((one for one in self.registry if one.of == of), key=lambda one: one.priority)
        return [key for one in order for key in keys if key[0] == one.name]

    def resolve(self, keys: list[Key]) -> Told:
        self.clock += 1
        sources: dict[Key, Key] = {}
        for key in keys:
            for one in self.registry:
                if one.hash_of == key[0]:
                    hashed = (one.name, hashlib.sha256(key[1].encode()).hexdigest())
                    if hashed not in keys:
                        sources.setdefault(hashed, key)
        persons = self.asked([*keys, *sources], "person")
        devices, reached = self.asked(keys, "device"), self.asked(keys, "subscription")
        device = next((self.owners(key)[0] for key in devices if self.owners(key)), None)
        main = next((key for key in reached if self.owners(key)), reached[0] if reached else None)
        turn = _Turn(self, persons, sources, devices, reached, device, main)
        return turn.told()


@dataclass
class _Turn:
    reading: Reading
    persons: list[Key]
    sources: dict[Key, Key]
    devices: list[Key]
    reached: list[Key]
    device: Somebody | None
    main: Key | None
    current: Somebody = field(init=False)
    answer: Told = field(init=False)
    mine: set[str] = field(default_factory=set)
    born: list[Key] = field(default_factory=list)

    def told(self) -> Told:
        reading = self.reading
        before = {key: reading.owners(key) for key in (*self.persons, *self.devices, *self.reached)}
        self.before = before
        if self.persons:
            self.by_person()
        elif self.main is not None:
            self.by_subscription(self.main)
        elif self.devices:
            self.by_device()
        else:
            self.create("1")
        if not any(name == "tracker_id" for name, _ in self.current.keys):
            reading.minted += 1
            self.current.keys["tracker_id", f"minted-{reading.minted}"] = False
        if self.device is not None and self.has(self.device):
            self.settle_devices(self.device)
        for key in ([self.main] if self.main and self.persons else []) + [
            one for one in self.reached if one != self.main
        ]:
            self.settle(key)
        self.current.seen = reading.clock
        others = [one.id for key in self.reached for one in reading.owners(key) if one is not self.current]
        self.answer.shared_with = list(dict.fromkeys(others))
        return self.answer

    def has(self, one: Somebody) -> bool:
        return one is self.current or self.reading.living(one) is self.current

    # --- effects --------------------------------------------------------------------------------------------

    def found(self, one: Somebody, rule: str, outcome: str = "found") -> None:
        self.current, self.answer = one, Told(one.id, rule, outcome)

    def create(self, rule: str, outcome: str = "created", *, born_known: bool = False) -> None:
        self.reading.made += 1
        one = Somebody(f"c{self.reading.made:04}", born_known=born_known)
        self.reading.everybody.append(one)
        self.found(one, rule, outcome)

    def gain(self, key: Key) -> bool:
        if not self.reading.room(self.reading.counted(self.current), key):
            self.answer.limited = True
            return False
        self.current.keys[key] = False
        return True

    def take(self, key: Key, *losers: Somebody) -> None:
        if key not in self.current.keys and not self.gain(key):
            return
        for loser in losers:
            del loser.keys[key]
            self.answer.moved.append((*key, loser.id))
            if key[0] == "tracker_id" and not any(name == "tracker_id" for name, _ in loser.keys):
                self.reading.minted += 1
                loser.keys["tracker_id", f"minted-{self.reading.minted}"] = False

    def fold(self, one: Somebody) -> None:
        for key, derived in one.keys.items():
            self.current.keys.setdefault(key, derived)
        self.current.born_known = self.current.born_known or one.born_known
        self.current.seen = max(self.current.seen, one.seen)
        self.reading.everybody.remove(one)
        self.reading.into[one.id] = self.current
        self.answer.merged.append(one.id)

    def give_devices(self) -> None:
        for key in self.devices:
            if not self.before[key]:
                self.gain(key)
            elif self.before[key][0] is self.device:
                self.take(key, self.device)

    # --- person keys ----------------------------------------------------------------------------------------

    def by_person(self) -> None:
        reading, device = self.reading, self.device
        person = self.person()
        moves = reading.policy == "last_login"
        if person is not None:
            if not self.devices or device is None or device is person:
                self.found(person, "2")
                self.own_persons()
                if self.devices and device is None:
                    self.give_devices()
                return
            self.found(person, "3")
            self.own_persons()
            if not reading.known(device):
                self.fold(device)
                self.answer.outcome = "merged"
            elif moves:
                self.give_devices()
            return
        if device is not None and not reading.named(device):
            self.found(device, "2.2", "claimed")
            self.own_persons()
            return
        self.create("2" if not self.devices else "2.1" if device is None else "2.3")
        self.own_persons()
        if device is None or moves:
            self.give_devices()

    def person(self) -> Somebody | None:
        asked: list[Key] = []
        for key in self.persons:
            if self.before[key]:
                [owner] = self.before[key]
                counted = self.reading.counted(owner)
                for earlier in asked:
                    if not self.reading.room(counted, earlier):
                        return None
                    counted.append(earlier)
                return owner
            if key not in self.sources:
                asked.append(key)
        return None

    def own_persons(self) -> None:
        stays: set[Key] = set()
        for key in (one for one in self.persons if one not in self.sources):
            owners = self.before[key]
            if owners and owners[0] is not self.current:
                self.answer.conflicts.append((key[0], owners[0].id))
                stays.add(key)
            elif not owners and not self.reading.room(self.reading.counted(self.current), key):
                self.answer.conflicts.append((key[0], None))
                stays.add(key)
            else:
                self.current.keys.setdefault(key, False)
        for key in (one for one in self.persons if one in self.sources):
            if self.sources[key] in stays:
                continue
            if not self.before[key]:
                self.current.keys[key] = True
            elif self.before[key][0] is not self.current:
                self.answer.conflicts.append((key[0], self.before[key][0].id))

    # --- devices and subscriptions --------------------------------------------------------------------------

    def by_device(self) -> None:
        if self.device is not None:
            self.found(self.device, "5")
        else:
            self.create("5")
            self.give_devices()

    def settle_devices(self, _: Somebody) -> None:
        for key in self.devices:
            owner = self.before[key][0] if self.before[key] else None
            if owner is None:
                if key not in self.current.keys:
                    self.gain(key)
            elif self.has(owner):
                continue
            elif not self.reading.known(owner):
                self.fold(owner)
            elif self.reading.policy == "last_login":
                self.take(key, owner)

    def by_subscription(self, key: Key) -> None:
        reading, device, owners = self.reading, self.device, self.before[key]
        strict = reading.policy == "strict"
        others = [one for one in owners if one is not device]
        if device is None:
            if owners:
                self.found(owners[0], "4.1")
                self.give_devices()
            else:
                self.create("4.1")
                self.give_devices()
                self.gain(key)
        elif device in owners:
            self.found(device, "4.3" if reading.known(device) else "4.2")
        elif not reading.known(device) and owners:
            self.found(owners[0], "4.2", "merged")
            self.fold(device)
        elif not owners:
            rule = "4.3.1" if reading.known(device) else "4.2"
            if strict:
                self.create(rule)
            else:
                self.found(device, rule)
            self.gain(key)
        elif any(reading.known(one) for one in owners):
            self.dispute(key, device, owners, others)
        else:
            self.found(device, "4.3.2", "merged")
            for one in others:
                self.fold(one)

    def dispute(self, key: Key, device: Somebody, owners: list[Somebody], others: list[Somebody]) -> None:
        made = {
            self.reading.living(made)
            for first, about, made in self.reading.conflicts
            if self.reading.living(first) is device and about == key
        }
        for owner in owners:
            if owner in made:
                self.found(owner, "4.3.3")
                return
        if self.reading.policy == "strict":
            self.create("4.3.3", "shared", born_known=True)
            self.gain(key)
            self.reading.conflicts.append((device, key, self.current))
        elif self.reading.policy == "continuity":
            self.found(device, "4.3.3")
            if self.gain(key):
                self.answer.outcome = "shared"
        else:
            self.found(device, "4.3.3")
            self.take(key, *others)

    def settle(self, key: Key) -> None:
        owners = self.before[key]
        others = [one for one in owners if not self.has(one)]
        if not others:
            if not owners:
                self.gain(key)
            return
        known = [one for one in others if self.reading.known(one)]
        for one in others:
            if one not in known:
                self.fold(one)
        if known and self.reading.policy == "last_login":
            self.take(key, *known)
        elif known and key not in self.current.keys:
            self.gain(key)
