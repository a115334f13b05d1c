"""Pairs of contacts that are probably one person: candidates by blocking keys, then a logistic score with its reasons.

A pair is a candidate when something ties the two: a device on which both named themselves, an event that carried keys
of both, addresses that are almost the same, a phone number, a name with a postcode. Each tie is a feature; the weights
stand in `suggestion_weights.json`, fitted on simulated worlds by ``python -m bench.fit_suggestions``, save those of
ties that no simulated world has, which are set by hand. docs/judgements.md says what each means.
"""

import json
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import networkx as nx

from graph.analysis.addresses import distinct_addresses, is_role, one_slip
from graph.analysis.findings import identity
from graph.store.database import Database

CONTACTS_A_PAGE = 2_000
ACTIVITIES_A_PAGE = 10_000
MOST_ON_ONE_DEVICE = 6
"""A device on which more people named themselves ties nobody to anybody."""
MOST_ALIKE = 8
"""A phone number, a name or an address that more contacts have in common ties nobody."""

VISIT = 30 * 60_000
"""Within how many milliseconds two events of one device are of one visit, as a rule."""
SHORTEST_LOCAL = 8
"""Characters of a local part from which the same one at a domain with a slip is the same person's."""
MOST_COMMON = 10
"""How many times as common the right domain is as one with a slip in it."""

NAME_PROPERTIES = ("_name", "name", "full_name", "first_name", "firstName", "last_name", "lastName")
SURNAME_PROPERTIES = ("surname", "family_name", "familyName", "last_name", "lastName")
POSTCODE_PROPERTIES = ("postcode", "postal_code", "postalCode", "zip", "zip_code")
PHONE_PROPERTIES = ("phone", "phone_number", "mobile", "telephone")
PROPERTIES = tuple(dict.fromkeys((*NAME_PROPERTIES, *SURNAME_PROPERTIES, *POSTCODE_PROPERTIES, *PHONE_PROPERTIES)))

DOMAIN_SLIPS = {
    "gmial.com": "gmail.com",
    "gamil.com": "gmail.com",
    "gmai.com": "gmail.com",
    "gmail.co": "gmail.com",
    "gmail.con": "gmail.com",
    "hotmial.com": "hotmail.com",
    "hotmail.con": "hotmail.com",
    "hotmal.com": "hotmail.com",
    "yaho.com": "yahoo.com",
    "yahoo.con": "yahoo.com",
    "outlok.com": "outlook.com",
    "outlook.con": "outlook.com",
    "iclod.com": "icloud.com",
    "icloud.con": "icloud.com",
}
"""Slips in the domains that most people have."""

REAL_DOMAINS = frozenset(
    "aol.com email.com gmail.com gmx.com gmx.de gmx.net hotmail.com icloud.com live.com mail.com mail.ru me.com "
    "outlook.com proton.me web.de yahoo.com ymail.com".split()
)
"""Domains that many people have, of which none is another's slip."""

FEATURES: dict[str, str] = {
    "alone_together": "both named themselves on {count} and nobody else did",
    "id_and_address": "one has an id and no address, the other an address and no id",
    "met_elsewhere": "{share} of the devices of the one with fewer were not shared with the other",
    "one_visit": "in {count} both named themselves, one right after the other",
    "visits_apart": "{count} of one came after the other's on one device, never within half an hour",
    "others_there": "on {count} they shared, others named themselves too",
    "conflict": "{count} carried keys of both",
    "push_and_cookie": "{count} carried a cookie of one with a push subscription of the other",
    "next_cookie": "a cookie of one followed a cookie of the other on one device",
    "one_visitor": "one of both is an anonymous visitor",
    "plus_tag": "one address is the other's but for a plus tag or dots",
    "domain_slip": "one address is the other's but for a slip in the domain",
    "one_letter": "one address is the other's but for one letter",
    "same_phone": "both have the same phone number",
    "name_and_postcode": "both have the same full name and postcode",
    "alias": "an event said that both are one person, with a key that may not fold them",
    "two_addresses": "each has an address of its own",
    "two_ids": "each has a user id of its own",
    "same_place": "both have the same surname and postcode",
    "other_place": "their postcodes differ",
    "other_name": "their names differ",
    "several_people": "one has the addresses of several people",
    "role": "one has the address of a function, not of a person",
}
"""Every feature with its words; those that count things grow with the logarithm of the count."""

TIES = frozenset(
    "alone_together others_there conflict push_and_cookie next_cookie plus_tag domain_slip one_letter same_phone "
    "name_and_postcode alias".split()
)
"""Features that make a pair a candidate."""

Pair = tuple[int, int]


@dataclass(slots=True)
class Somebody:
    """A contact as far as likeness goes."""

    id: str
    known: bool
    created: int
    keys: dict[str, set[str]]
    properties: dict[str, str]
    said_to_be: list[str] = field(default_factory=list)

    @property
    def name(self) -> str | None:
        """The full name in its plainest form: letters only, no accents, in any order."""
        given = self.properties
        whole = next((given[one] for one in ("full_name", "_name", "name") if given.get(one)), None)
        if whole is None:
            first = given.get("first_name") or given.get("firstName")
            last = given.get("last_name") or given.get("lastName")
            whole = f"{first} {last}" if first and last else None
        if whole is None:
            return None
        plain = unicodedata.normalize("NFKD", whole).casefold()
        words = re.findall(r"\w+", "".join(letter for letter in plain if not unicodedata.combining(letter)))
        return " ".join(sorted(words)) or None

    def first_of(self, names: Iterable[str]) -> str | None:
        """Return the first property of several that it has, without spaces and in lower case."""
        found = next((self.properties[one] for one in names if self.properties.get(one)), None)
        return None if found is None else re.sub(r"[\s\-().]", "", found).casefold() or None


@dataclass(frozen=True, slots=True)
class Weights:
    """What each feature counts, as log-odds."""

    bias: float
    of: Mapping[str, float]

    def probability(self, features: Mapping[str, float]) -> float:
        """Return how probable it is that two contacts with these features are one person."""
        odds = self.bias + sum(self.of.get(code, 0.0) * value for code, value in features.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, odds))))


WEIGHTS_FILE = Path(__file__).with_name("suggestion_weights.json")


@cache
def weights() -> Weights:
    """Return the weights that ship with the product."""
    kept = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return Weights(kept["bias"], kept["weights"])


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two contacts that are probably one person.

    Attributes
    ----------
    contacts
        The one that would be folded first: an anonymous one, or the younger.
    evidence
        Names what speaks for it: who refused the pair is asked again only when this is another.
    """

    contacts: tuple[str, str]
    probability: float
    reasons: tuple[dict[str, Any], ...]
    evidence: str

    @property
    def id(self) -> str:
        """Name the pair the same whenever it is found."""
        return identity("suggestion", *sorted(self.contacts))


def suggest(database: Database, by: Weights | None = None) -> list[Suggestion]:
    """Find the pairs that something ties, the most probable first.

    Notes
    -----
    O(contacts + activities + candidates) in time, O(contacts + keys + events with a name) in memory.
    """
    people = read_people(database)
    features = features_of(people, read_activity(database))
    return suggestions_of(people, features, by or weights())


def suggestions_of(
    people: Sequence[Somebody], features: Mapping[Pair, Mapping[str, float]], by: Weights
) -> list[Suggestion]:
    """Score candidates, the most probable first."""
    found = []
    for (one, other), values in features.items():
        first, second = sorted((people[one], people[other]), key=lambda who: (who.known, -who.created, who.id))
        reasons = tuple(
            {"code": code, "words": _in_words(code, value), "weight": round(by.of.get(code, 0.0) * value, 3)}
            for code, value in sorted(values.items(), key=lambda item: -abs(by.of.get(item[0], 0.0) * item[1]))
            if value
        )
        evidence = identity(*sorted(code for code, value in values.items() if value and code in TIES))
        found.append(Suggestion((first.id, second.id), round(by.probability(values), 4), reasons, evidence))
    return sorted(found, key=lambda item: (-item.probability, item.id))


def read_people(database: Database) -> list[Somebody]:
    """Read every contact with its keys and the properties by which people are told apart."""
    people: list[Somebody] = []
    for page in _pages(database, "suggestions.contacts", CONTACTS_A_PAGE, names=list(PROPERTIES)):
        for id_, known, created, keys, properties, said in page:
            by_name: dict[str, set[str]] = {}
            for name, value in keys:
                by_name.setdefault(name, set()).add(value)
            texts = {name: str(value) for name, value in properties if isinstance(value, str | int)}
            people.append(Somebody(id_, known, created, by_name, texts, said))
    return people


def read_activity(database: Database) -> Iterator[list[Any]]:
    """Read which keys every event carried.

    Each is ``[message_id, tracker_id, email, user_id, subscription, at, answered]``, the last being the tracker that
    the browser was told to keep.
    """
    for page in _pages(database, "suggestions.activity", ACTIVITIES_A_PAGE):
        yield from page


def _pages(database: Database, statement: str, limit: int, **more: Any) -> Iterator[list[Any]]:
    after = ""
    while True:
        read: Callable[[Any], list[Any]] = lambda tx, after=after: tx.run(  # type: ignore[misc]  # noqa: E731
            statement, after=after, limit=limit, **more
        )[0]["page"]
        page = database.read(read)
        if page:
            yield page
        if len(page) < limit:
            return
        after = page[-1][0]


def features_of(people: Sequence[Somebody], activity: Iterable[Sequence[Any]]) -> dict[Pair, dict[str, float]]:
    """Find the candidates with their features.

    Notes
    -----
    Devices are read off a bipartite graph of contacts and the trackers on which they named themselves.
    """
    owner: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, who in enumerate(people):
        for name, values in who.keys.items():
            for value in values:
                owner[name, value].append(number)
    found: dict[Pair, dict[str, float]] = defaultdict(dict)
    named, turns, conflicts, carried, cookies = _met(activity, owner)
    _devices(named, turns, found)
    for code, pairs in (("conflict", conflicts), ("push_and_cookie", carried)):
        for pair, count in pairs.items():
            found[pair][code] = math.log2(1 + count)
    for pair in cookies:
        found[pair]["next_cookie"] = 1.0
    numbers = {who.id: number for number, who in enumerate(people)}
    for number, who in enumerate(people):
        for other in who.said_to_be:
            if other in numbers and numbers[other] != number:
                found[_pair(number, numbers[other])]["alias"] = 1.0
    for code, pair in _alike(people):
        found[pair][code] = 1.0
    for pair, features in found.items():
        features.update(_between(people[pair[0]], people[pair[1]]))
        if features.keys().isdisjoint(("alone_together", "others_there")):
            features.pop("id_and_address", None)  # it counts where the two named themselves on one device
        if "several_people" in features:
            # What came with keys of both came with a value that many send.
            features.pop("conflict", None)
    return {pair: features for pair, features in found.items() if not TIES.isdisjoint(features)}


def _met(
    activity: Iterable[Sequence[Any]], owner: Mapping[tuple[str, str], list[int]]
) -> tuple["nx.Graph[Any]", Mapping[str, list[tuple[int, int]]], Counter[Pair], Counter[Pair], set[Pair]]:
    """Return who named themselves on which device and when, who came in one event, whose cookies follow each other."""
    named: nx.Graph[Any] = nx.Graph()
    turns: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    conflicts: Counter[Pair] = Counter()
    carried: Counter[Pair] = Counter()
    on_device: dict[str, dict[str, list[int]]] = defaultdict(dict)

    def whose(name: str, value: str | None) -> int | None:
        owners = owner.get((name, value)) if value is not None else None
        return owners[0] if owners and len(owners) == 1 else None

    for _, tracker, email, user_id, subscription, at, answered in activity:
        by_email, by_id, by_push = whose("email", email), whose("user_id", user_id), whose("subscription", subscription)
        for who in {one for one in (by_email, by_id) if one is not None}:
            for device in {tracker, answered} - {None}:
                named.add_edge(("who", who), ("device", device))
                turns[device].append((at, who))
        if by_email is not None and by_id is not None and by_email != by_id:
            conflicts[_pair(by_email, by_id)] += 1
        if tracker is None or subscription is None:
            continue
        by_cookie = whose("tracker_id", tracker)
        if by_cookie is not None and by_push is not None and by_cookie != by_push:
            carried[_pair(by_cookie, by_push)] += 1
        span = on_device[subscription].setdefault(tracker, [at, at])
        span[0], span[1] = min(span[0], at), max(span[1], at)
    cookies: set[Pair] = set()
    for spans in on_device.values():
        if len({whose("tracker_id", tracker) for tracker in spans}) > MOST_ON_ONE_DEVICE:
            continue
        in_turn = sorted((first, last, tracker) for tracker, (first, last) in spans.items())
        for (_, last, before), (first, _, after) in pairwise(in_turn):
            one, other = whose("tracker_id", before), whose("tracker_id", after)
            if last < first and one is not None and other is not None and one != other:
                cookies.add(_pair(one, other))
    return named, turns, conflicts, carried, cookies


def _devices(
    named: "nx.Graph[Any]", turns: Mapping[str, list[tuple[int, int]]], found: dict[Pair, dict[str, float]]
) -> None:
    alone: Counter[Pair] = Counter()
    crowded: Counter[Pair] = Counter()
    together: Counter[Pair] = Counter()
    in_turn: Counter[Pair] = Counter()
    for node in [node for node in named if node[0] == "device" and 1 < named.degree(node) <= MOST_ON_ONE_DEVICE]:
        there = sorted(who for _, who in named[node])
        into = alone if len(there) == 2 else crowded
        into.update(combinations(there, 2))
        for (before, one), (after, other) in pairwise(sorted(turns[node[1]])):
            if one != other:
                (together if after - before <= VISIT else in_turn)[_pair(one, other)] += 1
    for pair, count in alone.items():
        found[pair]["alone_together"] = math.log2(1 + count)
    for pair, count in crowded.items():
        found[pair]["others_there"] = math.log2(1 + count)
    for pair in {*alone, *crowded}:
        fewer = min(named.degree(("who", who)) for who in pair)
        if together[pair]:
            found[pair]["one_visit"] = math.log2(1 + together[pair])
        elif in_turn[pair]:
            found[pair]["visits_apart"] = math.log2(1 + in_turn[pair])
        found[pair]["met_elsewhere"] = 1.0 - min(1.0, (alone[pair] + crowded[pair]) / fewer)


def _alike(people: Sequence[Somebody]) -> Iterator[tuple[str, Pair]]:
    """Find pairs by what they have in common, block by block."""
    blocks: dict[tuple[str, str], set[int]] = defaultdict(set)
    domains: Counter[str] = Counter()
    for number, who in enumerate(people):
        for address in who.keys.get("email", ()):
            blocks["plus_tag", _without_tag(address)].add(number)
            local, _, domain = address.rpartition("@")
            blocks["domain_slip", _without_slip(address)].add(number)
            if len(local.partition("+")[0]) >= SHORTEST_LOCAL:
                blocks["other_domain", local.partition("+")[0]].add(number)
            domains[domain] += 1
            for shorter in _one_letter_less(address):
                blocks["one_letter", shorter].add(number)
        for phone in who.keys.get("phone", set()) | {who.first_of(PHONE_PROPERTIES) or ""}:
            if sum(map(str.isdigit, phone)) >= 7:
                blocks["same_phone", phone].add(number)
        if (name := who.name) is not None and " " in name and (code := who.first_of(POSTCODE_PROPERTIES)):
            blocks["name_and_postcode", f"{name}\x1f{code}"].add(number)
    for (code, _), numbers in blocks.items():
        if not 1 < len(numbers) <= MOST_ALIKE:
            continue
        for one, other in combinations(sorted(numbers), 2):
            if code == "other_domain":
                if _domain_differs_by_one(people[one], people[other], domains):
                    yield "domain_slip", (one, other)
            elif code != "one_letter" or _differ_by_one(people[one], people[other]):
                yield code, (one, other)


def _without_tag(address: str) -> str:
    local, _, domain = address.rpartition("@")
    local = local.partition("+")[0] or local
    return f"{local.replace('.', '') if domain in ('gmail.com', 'googlemail.com') else local}@{domain}"


def _without_slip(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{DOMAIN_SLIPS.get(domain, domain)}"


def _one_letter_less(address: str) -> Iterator[str]:
    """Write an address, if its local part is long enough to be told from others, with each of its letters left out."""
    local, _, domain = address.rpartition("@")
    if len(local) < 6 or len(local) > 40:
        return
    yield address
    for place in range(len(local)):
        yield f"{local[:place]}{local[place + 1 :]}@{domain}"


def _differ_by_one(one: Somebody, other: Somebody) -> bool:
    return any(
        _is_one_letter(first, second) for first in one.keys.get("email", ()) for second in other.keys.get("email", ())
    )


def _domain_differs_by_one(one: Somebody, other: Somebody, domains: Mapping[str, int]) -> bool:
    """Return whether two have one local part at a common domain and at a rare one that is the other but for a slip."""
    for first in one.keys.get("email", ()):
        for second in other.keys.get("email", ()):
            (local, _, here), (same, _, there) = first.rpartition("@"), second.rpartition("@")
            rarer, commoner = sorted((domains[here], domains[there]))
            alike = local.partition("+")[0] == same.partition("+")[0] and here != there and one_slip(here, there)
            if alike and commoner >= MOST_COMMON * rarer and not {here, there} <= REAL_DOMAINS:
                return True
    return False


def _is_one_letter(first: str, second: str) -> bool:
    """Return whether two local parts of one domain differ by one letter that is no digit: numbers tell people apart."""
    (one, _, domain), (other, _, second_domain) = first.rpartition("@"), second.rpartition("@")
    if domain != second_domain or one == other or abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        places = [place for place in range(len(one)) if one[place] != other[place]]
        if len(places) == 2 and places[1] == places[0] + 1:
            swapped = one[places[0]] == other[places[1]] and one[places[1]] == other[places[0]]
            return swapped and not (one[places[0]] + one[places[1]]).isdigit()
        return len(places) == 1 and not (one[places[0]].isdigit() or other[places[0]].isdigit())
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return any(
        longer[:place] + longer[place + 1 :] == shorter and not longer[place].isdigit() for place in range(len(longer))
    )


def _between(one: Somebody, other: Somebody) -> dict[str, float]:
    """Return what speaks about a pair without tying it."""
    values: dict[str, float] = {}
    has = [(bool(who.keys.get("email")), bool(who.keys.get("user_id"))) for who in (one, other)]
    if sorted(has) == [(False, True), (True, False)]:
        values["id_and_address"] = 1.0
    if all(email for email, _ in has):
        values["two_addresses"] = 1.0
    if all(user_id for _, user_id in has):
        values["two_ids"] = 1.0
    if not (one.known and other.known):
        values["one_visitor"] = 1.0
    codes = [who.first_of(POSTCODE_PROPERTIES) for who in (one, other)]
    surnames = [who.first_of(SURNAME_PROPERTIES) for who in (one, other)]
    if all(codes) and codes[0] != codes[1]:
        values["other_place"] = 1.0
    elif all(codes) and all(surnames) and surnames[0] == surnames[1]:
        values["same_place"] = 1.0
    if one.name and other.name and one.name != other.name:
        values["other_name"] = 1.0
    if any(distinct_addresses(who.keys.get("email", ())) > 1 for who in (one, other)):
        values["several_people"] = 1.0
    if any(is_role(address) for who in (one, other) for address in who.keys.get("email", ())):
        values["role"] = 1.0
    return values


def _pair(one: int, other: int) -> Pair:
    return (one, other) if one < other else (other, one)


def _in_words(code: str, value: float) -> str:
    count = round(2**value - 1)
    what = {"conflict": "event", "push_and_cookie": "event", "one_visit": "visit", "visits_apart": "visit"}.get(
        code, "device"
    )
    counted = f"{count} {what}{'s' if count != 1 else ''}"
    return FEATURES[code].format(count=counted, share=f"{value:.0%}")
