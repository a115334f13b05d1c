"""Random identity graphs as the statements of the analysis return them, page by page, without a database."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from graph.analysis.reading import FURTHER
from graph.identity.namespaces import FurtherNamespaces

DECLARED = FurtherNamespaces(persons=("card", "phone"), devices=("app", "tv"), subscriptions=("mail", "app_push"))
"""Namespaces beside the four that are always there."""
_SUBSCRIPTIONS = (3, *(FURTHER + DECLARED.names.index(name) for name in DECLARED.subscriptions))
_NAMES = ("tracker_id", "email", "user_id", "subscription", *DECLARED.names)
MINUTE = 60_000
START = 1_770_000_000_000


class Rows:
    """Stands for a database that is only read from: answers the paged statements from lists."""

    def __init__(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        self.tables = tables
        self.asked: list[str] = []

    def read(self, work: Callable[[Any], Any]) -> Any:
        return work(self)

    def run(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        self.asked.append(statement)
        name = statement.removeprefix("analysis.")
        if name == "store":
            return [{"store": "random"}]
        if name == "privacy.erasures":
            return [{"begun": 0, "pending": 0}]
        if name == "sizes":
            counts = {"contacts": "contacts", "activities": "activity", "unions": "unions"}
            return [{what: len(self.tables[table]) for what, table in counts.items()}]
        if name == "splits":
            return [
                {"namespace": row["namespace"], "subscription": row["value"], "owner": owner, "at": at}
                for row in self.tables["conflicts"]
                if [row["namespace"], row["value"]] in parameters["subscriptions"]
                for owner, at in row["conflicts"]
            ]
        if name == "ended":
            keys = [key for row in self.tables["contacts"] for key in row["keys"] if key[0] in _SUBSCRIPTIONS]
            owned = {(_NAMES[kind], value) for kind, value, *_ in keys}
            carried = {key for row in self.tables["activity"] for key in _subscriptions_of(row)} - owned
            ended = [
                [f"{namespace} {value}", namespace, value]
                for namespace, value in sorted(carried)
                if namespace in parameters["namespaces"] and f"{namespace} {value}" > parameters["after"]
            ]
            return [{"page": ended[: parameters["limit"]]}]
        if name in ("uses", "uses_of_further"):
            fields = ("message_id", "event", "tracker_id", "email", "user_id", "at")
            asked = [("subscription", key) if name == "uses" else tuple(key) for key in parameters["subscriptions"]]
            return [
                {field: row[field] for field in fields}
                | {"namespace": namespace, "subscription": value}
                | {"carried": row["carried"] if parameters["further"] else []}
                for row in self.tables["activity"]
                for namespace, value in _subscriptions_of(row)
                if (namespace, value) in asked
            ]
        tables = self.tables[name]
        if name == "conflicts":
            tables = [row for row in tables if row["namespace"] in parameters["namespaces"]]
        rows = [[*row.values()] for row in tables]
        if not parameters.get("further"):  # the statements know of no others then
            for row in rows:
                if name == "contacts":
                    row[2] = [key for key in row[2] if key[0] < FURTHER]
                elif name in ("activity", "unions"):
                    row[-1] = []
                if name == "unions":
                    row[-2] = [key for key in row[-2] if key[0] < FURTHER]
        return [{"page": [row for row in rows if row[0] > parameters["after"]][: parameters["limit"]]}]


def _subscriptions_of(row: dict[str, Any]) -> list[tuple[str, str]]:
    own = [] if row["subscription"] is None else [("subscription", row["subscription"])]
    return own + [(name, value) for name, value in row["carried"] if name in DECLARED.subscriptions]


def random_rows(seed: int, contacts: int) -> Rows:
    """Make a graph in which everything happens far more often than among people."""
    random = Random(seed)
    living = [f"c{number:04}" for number in range(contacts)]
    known = {name for name in living if random.random() < 0.8}
    keys: dict[str, list[list[Any]]] = {name: [] for name in living}
    trackers: list[str] = []
    persons: list[tuple[str, str]] = []
    devices: list[tuple[str, str]] = []

    def since() -> int:
        return START + random.randrange(60 * 24) * MINUTE

    for name in living:
        for number in range(random.choice((1, 1, 2, 3))):
            trackers.append(f"t-{name}-{number}")
            keys[name].append([0, trackers[-1], since(), False])
        for code, key in enumerate(DECLARED.devices, start=FURTHER + len(DECLARED.persons)):
            if random.random() < 0.4:
                devices.append((key, f"{key}-{name}"))
                keys[name].append([code, devices[-1][1], since(), False])
        if name in known:
            for kind, key in ((1, "email"), (2, "user_id")):
                if kind == 1 or random.random() < 0.3:
                    role = "info" if random.random() < 0.1 else "p"
                    value = f"{role}+{name}@example.com" if kind == 1 else f"u-{name}"
                    persons.append((key, value))
                    keys[name].append([kind, value, since(), False])
            for code, key in enumerate(DECLARED.persons, start=FURTHER):
                if random.random() < 0.3:
                    value = f"{key}-{name}"
                    persons.append((key, value))
                    keys[name].append([code, value, since(), False])

    def said(name: str) -> list[list[Any]]:
        surname = [["surname", f"Name {random.randrange(contacts)}"]] if random.random() < 0.5 else []
        return surname + ([["Post_Code", random.randrange(5)]] if random.random() < 0.3 else [])

    many = range(max(1, contacts // 3))
    subscriptions = [f"s{number}" for number in many]
    # One value in two namespaces is two keys.
    further = [(name, f"s{number}") for name in DECLARED.subscriptions for number in many if random.random() < 0.6]
    for place, (space, value) in enumerate([*(("subscription", value) for value in subscriptions), *further]):
        size = contacts // 2 if place == 0 else random.choice((1, 1, 1, 2, 3))
        owners = random.sample(living, min(size, contacts))
        for name in owners:
            keys[name].append([_NAMES.index(space), value, since(), len(owners) > 1])

    def carried(person: tuple[str, str] | None, devices: Sequence[tuple[str, str]]) -> list[list[str]]:
        found = [[*person]] if person and person[0] in DECLARED.persons else []
        found += [[*random.choice(devices)] for _ in range(2) if devices and random.random() < 0.3]
        found += [[*random.choice([*further, ("mail", "gone")])] for _ in range(2) if random.random() < 0.2]
        random.shuffle(found)
        return [key for place, key in enumerate(found) if key not in found[:place]]

    for held in keys.values():
        random.shuffle(held)
    folded = [f"f{number:04}" for number in range(contacts)]
    unions = []
    # Some were folded after their page was read; those stand in both tables, and their chains do not go in circles.
    torn = [(name, living[: place + 1]) for place, name in enumerate(living[1:]) if random.random() < 0.05]
    for number, source in enumerate([*folded, *(name for name, _ in torn)]):
        # Into somebody who lives, now and then into one that was folded later.
        later = folded[number + 1 :]
        hub = living[: max(1, contacts // 10)]
        target = random.choice(later) if later and random.random() < 0.3 else random.choice(hub + living)
        if number >= contacts:
            target = random.choice(torn[number - contacts][1])
        key, value = random.choice(persons) if persons else ("email", None)
        by_hand = value is None or random.random() < 0.1
        unions.append(
            {
                "id": f"m{number:04}",
                "source": source,
                "target": target,
                "rule": None if by_hand else "3",
                "standing": random.random() < 0.9,
                "at": since(),
                "tracker_id": random.choice(trackers),
                "email": value if key == "email" and not by_hand else None,
                "user_id": value if key == "user_id" and not by_hand else None,
                "subscription": random.choice(subscriptions) if random.random() < 0.2 else None,
                "moved": [[0, random.choice(trackers)]]
                + ([[3, random.choice(subscriptions)]] if number % 5 == 0 else [])
                + [
                    [_NAMES.index(name), moved]
                    for name, moved in (random.choice([*devices, *further, ("tv", "lost")]) for _ in range(number % 3))
                ],
                "carried": carried(None if by_hand else (key, value), devices),
            }
        )
    busy, seen_often = trackers[:2], persons[:2]
    activity = []
    for number in range(contacts * 12):
        tracker = random.choice(busy) if random.random() < 0.2 else random.choice([*trackers, "lost", None])
        person = random.choice(seen_often) if seen_often and random.random() < 0.2 else None
        if person is None and persons and random.random() < 0.6:
            person = random.choice(persons)
        place = []
        if random.random() < 0.3:
            latitude, longitude = random.choice(((48.85, 2.35), (-33.87, 151.2), (48.86, 2.34)))
            place = [["lat", str(latitude)], ["lon", str(longitude)]]
        elif random.random() < 0.1:
            place = [["country", random.choice(('"FR"', '"AU"', "7"))]]
        conflict = random.random() < 0.2
        activity.append(
            {
                "message_id": f"a{number:06}",
                "event": random.choice(("page_view", "purchase")),
                "conflict": conflict,
                "answered": random.choice([*trackers, *busy * 3, "gone", None]) if conflict else None,
                "tracker_id": tracker,
                "email": person[1] if person and person[0] == "email" else None,
                "user_id": person[1] if person and person[0] == "user_id" else None,
                "subscription": random.choice([*subscriptions, "gone", None]) if random.random() < 0.4 else None,
                "at": since(),
                "place": place,
                "carried": carried(person, [*devices, *devices[:1] * len(devices)]),
            }
        )
        if random.random() < 0.2:
            place.append(["device_type", random.choice(('"phone"', '"desktop"', "7"))])
    conflicts = [
        {
            "after": f"{namespace} {value}",
            "namespace": namespace,
            "value": value,
            "conflicts": [[random.choice(living + folded), since()] for _ in range(random.choice((0, 0, 1)))],
        }
        for namespace, value in sorted([*(("subscription", value) for value in subscriptions), *further])
    ]
    return Rows(
        {
            "contacts": [
                {"id": name, "known": name in known, "keys": keys[name], "household": said(name)} for name in living
            ],
            "unions": unions,
            "conflicts": conflicts,
            "activity": activity,
        }
    )


def islands(seed: int, sizes: Sequence[int]) -> Rows:
    """Put random graphs beside each other that have nothing in common."""
    tables: dict[str, list[dict[str, Any]]] = {"contacts": [], "unions": [], "conflicts": [], "activity": []}
    for number, size in enumerate(sizes):
        for name, rows in random_rows(seed + number, size).tables.items():
            tables[name] += [
                {field: _named(field, value, f"-{number}") for field, value in row.items()} for row in rows
            ]
    return Rows({name: sorted(rows, key=lambda row: next(iter(row.values()))) for name, rows in tables.items()})


def _named(field: str, value: Any, suffix: str) -> Any:
    """Give whatever names something in a row a suffix."""
    if field in ("keys", "moved"):
        return [[kind, name + suffix, *rest] for kind, name, *rest in value]
    if field == "carried":
        return [[name, key + suffix] for name, key in value]
    if field == "conflicts":
        return [[name + suffix, at] for name, at in value]
    plain = isinstance(value, str) and field not in ("event", "rule", "namespace")
    return value + suffix if plain else value
