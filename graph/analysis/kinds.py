"""The catalogue of anomalies: a function a kind, each over the arrays of one reading.

A score says how far something stands out from its own population (`Population.outlier`, by median and median
absolute deviation of logarithms), tempered by what else is known about it. The parts stand in
``evidence["detail"]``; docs/analysis.md has the formulas in words.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.analysis.addresses import distinct_addresses, is_role
from graph.analysis.components import fullness
from graph.analysis.device_kinds import KIND_WORDS, UNKNOWN
from graph.analysis.findings import NAMED, NEAR_LIMIT, WORTH_ACTING, Finding, finding, limit_finding, named, subject_of
from graph.analysis.persons import Company, company_of
from graph.analysis.places import FarCase, far_cases, far_score
from graph.analysis.reading import EMAIL, TRACKER, Ints, Meetings, Reading, Ref, SmallInts, Union
from graph.analysis.statistics import (
    HOUSEHOLD_DEVIATION,
    PAIR,
    Population,
    busiest,
    evenness,
    most_at_once,
    overlap,
    scale,
    succession,
    together,
    turns,
    unlikeness,
)
from graph.clock import rfc3339, to_text
from graph.identity.decision.facts import Limits

LOWEST = 0.2
"""Scores below are not reported."""
LOWEST_OUTLIER_OF_DEVICES = 0.1
"""From which outlier on the devices of a person key are looked at: what else is known of it adds to the score."""
EVENNESS_WEIGHS = 0.15
"""How much of the exponent of a device's outlier its evenness takes off."""
UNLIKE_WEIGHS = 0.1
"""How much of the exponent of a subscription's count taking turns takes off, and being unlike each other."""
TWO_PERSONS = 0.2
"""How sure it is of any two persons on one subscription whom nothing tells to be a household: worth a look."""
STRANGERS = scale(2, 6)
"""Persons on one device or subscription, whatever the others have: six are 0.5."""
APART = 0.55
"""How sure it is of two households on one subscription, one of them there on one day."""
APART_FOR_LONG = 0.25
"""How much surer where both come on many days."""
APART_BY_SURNAME = 0.55
"""How much of it is left where only surnames differ: couples have two."""
DEVICES_OF_A_TOKEN = 6.0, 18.0
"""Trackers at once that a browser may send its subscription with, since answers change them; how many are 0.5."""
DEVICES_OF_A_KIND = 2.0, 5.0
"""Devices of one kind that a person uses at once, and how many are 0.5."""
DEVICES_OF_ANY_KIND = 4.0, 8.0
"""The same where events do not say the kind: a phone, an app, a laptop and a tablet are a person's."""
DEVICES_OF_NOBODY = 40.0, 100.0
"""Trackers in all that whoever keeps losing cookies has, and how many are 0.5 without any other reason."""
OTHERS = 1.0, 3.0
"""Other persons, each with a name of its own on a device of a key, that may be guests; how many are 0.5."""
NAMES = 2.0, 4.0
"""Persons that the addresses of one contact may seem to be, and how many are 0.5."""
MANY_ON_A_DEVICE = 3
"""Other persons on a device from which it says nothing about any one of them."""
UNEXPLAINED = 0.45
"""The most that standing out by number alone scores."""
OTHERS_OF_A_ROLE = 1.0, 2.0
"""The same for a role address: whoever answers for it has a name of its own too."""
GONE_AT_ONCE = 4.0, 12.0
"""Trackers of a key that came once and never again, as a bot's do, and how many are 0.5."""
ROLE = 0.75
"""How sure it is of a role address on very many devices, by its name: on three it is 0.5, on two it may be a person."""
OF_DEVICES = "many_trackers_of_devices"
"""What the population of keys of devices is called, by how many trackers each came with."""
MOST_OF_A_KIND = 1_000
"""Findings of one kind in an analysis, the highest scored ones."""
SHARED_BY = {"usual": PAIR, "smallest": HOUSEHOLD_DEVIATION}
"""How many people share something is measured among all that is shared: households are the usual case."""
HOUR = 3_600_000
DAY = 24 * HOUR


def named_by_several(reading: Reading) -> list[tuple[int, int]]:
    """List the subscriptions with which several contacts gave their names, and how many did, the most first."""
    numbers, counts = np.unique(reading.named.subscription, return_counts=True)
    return [*_most(numbers[counts > 1], counts[counts > 1])]


def shared_subscriptions(reading: Reading) -> list[Finding]:
    """Find subscriptions with which strangers gave their names, whoever owns them now.

    Notes
    -----
    O(named + uses · log uses), and what `company_of` takes for each that several contacts were named with.
    """
    people, uses = reading.people, reading.uses
    counts = np.unique(reading.named.subscription, return_counts=True)[1]
    population = reading.population("shared_subscription", counts[counts > 1], **SHARED_BY)
    by_use, by_name = _places_by(uses.subscription), _places_by(reading.named.subscription)
    of_subscription = _places_by(people.key)
    found: list[Finding] = []
    for number, _ in named_by_several(reading):
        company = company_of(reading, reading.named.contact[by_name(number)].tolist())
        person_of = company.person_of()
        used = by_use(number)
        used = used[np.argsort(uses.at[used], kind="stable")]
        signed = [place for place in used.tolist() if uses.signed[place] and int(uses.contact[place]) in person_of]
        days = _by_day(
            np.array([person_of[int(uses.contact[place])] for place in signed], dtype=np.int32), uses.at[signed]
        )
        if company.strangers == 1:
            company = company.told_apart(
                (person_of[int(uses.contact[place])], int(uses.at[place]) // DAY) for place in signed
            )
        interleaved = turns(days)
        profiles: dict[int, Counter[str]] = defaultdict(Counter)
        for place in signed:
            who = profiles[person_of[int(uses.contact[place])]]
            who[f"hour {uses.at[place] // HOUR % 24 // 3}"] += 1
            who[f"event {uses.events[uses.event[place]]}"] += 1
        unlike = unlikeness([profiles[who] for who in sorted(profiles)[:50]])
        at_once = most_at_once(_spans(uses.tracker[used], uses.at[used]))
        together_with = _judged(company, population, days)
        by_count = max(together_with.scores["outlier"], together_with.scores["strangers_scale"])
        by_devices = scale(*DEVICES_OF_A_TOKEN).outlier(at_once)
        score = together(
            by_count ** (1.0 - UNLIKE_WEIGHS * (interleaved + unlike)),
            together_with.scores["apart"],
            together_with.scores["handed_on"],
            by_devices,
        )
        score = max(score, TWO_PERSONS if company.strangers > 1 else 0.0)
        if score < LOWEST:
            continue
        ref = people.ref(number)
        owners = [int(people.owner[place]) for place in of_subscription(number)]
        began = _second(np.array([person_of[int(uses.contact[place])] for place in signed]), uses.at[signed])
        named_by = [contact for contacts in company.persons for contact in contacts]
        found.append(
            finding(
                "shared_subscription",
                (subject_of(ref[0]), ref[1]),
                score,
                f"{_persons(company)} gave their names with this subscription, which belongs to one browser"
                + (f"; shared since {_moment(began)[:10]}" if began else "")
                + _how(days)
                + together_with.words
                + (
                    f"; it came on {at_once} trackers at once, as one does that a release sends"
                    if by_devices >= 0.5
                    else ""
                )
                + _handed_words(together_with.scores["handed_on"])
                + (
                    ""
                    if owners
                    else "; nobody has it any more, since the push service refused it or another replaced it"
                )
                + ".",
                {
                    "persons": company.count,
                    "households": company.strangers,
                    "owners": int(sum(people.known[owner] for owner in owners)),
                    "contacts": named(people.contacts[contact] for contact in named_by),
                    "since": to_text(began * 1000) if began else None,
                    "uses": len(used),
                    "trackers_at_once": at_once,
                    "detail": {
                        **population.detail(company.strangers),
                        **together_with.rounded(),
                        "interleaved": round(interleaved, 3),
                        "unlike": round(unlike, 3),
                        "devices": round(by_devices, 3),
                    },
                },
                block=True,
                unmerge=reading.journal.caused_by(*ref),
            )
        )
    return sorted(found, key=lambda item: (-item.score, item.id))


def many_emails(reading: Reading) -> list[Finding]:
    """Find devices on which many persons logged in: kiosks, call centres, shared browsers.

    Notes
    -----
    O(hand-overs · log hand-overs + meetings).
    """
    people = reading.people
    devices = reading.devices
    counts = np.array([len(device.logins) for device in devices.shared], dtype=np.int64)
    population = reading.population("many_emails", counts, **SHARED_BY)
    found: list[Finding] = []
    for place, _ in _most(np.arange(len(counts)), counts):
        device = devices.shared[place]
        company = company_of(reading, device.logins)
        even = evenness(device.logins.values())
        judged = _judged(company, population, [])
        by_count = max(judged.scores["outlier"], judged.scores["strangers_scale"])
        score = together(by_count ** (1.0 - EVENNESS_WEIGHS * even), judged.scores["apart"])
        if score < LOWEST:
            continue
        ref = people.ref(device.tracker)
        others = len(device.trackers) - 1
        found.append(
            finding(
                "many_emails",
                (subject_of(ref[0]), ref[1]),
                score,
                f"{_persons(company)} logged in on one device, where {population_words(population)} is usual for one "
                f"that is shared; it changed hands {_times(len(device.times))}"
                + (f" and was given {others} other trackers meanwhile" if others else "")
                + judged.words
                + ".",
                {
                    "persons": company.count,
                    "households": company.strangers,
                    "keys": named(_person_key(reading, who) for who in device.logins),
                    "contacts": named(people.contacts[who] for who in device.logins),
                    "handovers": len(device.times),
                    "trackers": len(device.trackers),
                    "named": [people.keys[tracker] for tracker in [*device.trackers][:NAMED]],
                    "first": to_text(min(device.times) * 1000),
                    "last": to_text(max(device.times) * 1000),
                    "detail": {
                        **population.detail(company.strangers),
                        **judged.rounded(),
                        "even": round(even, 3),
                    },
                },
                # A browser that was given another tracker does not send this one any more.
                block=not others,
                unmerge=reading.journal.moved_with(*ref),
            )
        )
    return sorted(found, key=lambda item: (-item.score, item.id))


@dataclass(frozen=True, slots=True)
class _Judged:
    """What is said of a company by its number, its households and the order of its days."""

    scores: dict[str, float]
    words: str

    def rounded(self) -> dict[str, float]:
        return {name: round(score, 3) for name, score in self.scores.items() if name != "outlier"}


def _judged(company: Company, population: Population, days: Sequence[int]) -> _Judged:
    """Score a company; ``days`` are its persons, day by day, each once a day."""
    strangers = company.strangers
    spent = Counter(days)
    place_of = {person: place for place, household in enumerate(company.households) for person in household}
    household_days: Counter[int] = Counter()
    for person, count in spent.items():
        if person in place_of:
            household_days[place_of[person]] += count
    apart = 0.0
    told = len(company.households)
    if told > 1:
        second = sorted((household_days[place] for place in range(told)), reverse=True)[1]
        one = APART + APART_FOR_LONG * (1.0 - 0.5 ** max(second - 1, 0))
        if not company.by_address:
            one *= APART_BY_SURNAME
        apart = 1.0 - (1.0 - one) ** (told - 1)
    in_one = told == 1 and len(company.households[0]) > 1
    handed_on = 0.0 if in_one else succession(days)
    words = ""
    if apart:
        words = f"; their properties are of {told} households"
    elif in_one:
        alike = " and ".join(company.alike)
        words = f"; {len(company.households[0])} of them have the same {alike}, as a household has"
    scores = {
        "outlier": population.outlier(strangers),
        "strangers_scale": STRANGERS.outlier(strangers),
        "apart": apart,
        "handed_on": handed_on,
    }
    return _Judged(scores, words)


def _persons(company: Company) -> str:
    return f"{company.count} persons" if company.count != 1 else "One person under several names"


def _how(days: Sequence[int]) -> str:
    if len(set(days)) < 2:
        return ""
    return ", used by turns" if turns(days) > 0.5 else ", used one after the other"


def _handed_words(score: float) -> str:
    if score < WORTH_ACTING:
        return ""
    return ": the device seems to have gone to somebody else, and what is sent to the first of them arrives there"


def _second(who: SmallInts, at: Ints) -> int:
    """Return when the second of some persons first came, in milliseconds; 0 when there is only one."""
    if len(set(who.tolist())) < 2:
        return 0
    return int(at[np.flatnonzero(who != who[0])[0]])


def _spans(trackers: SmallInts, at: Ints) -> list[tuple[int, int]]:
    """Return from when to when each tracker came that came more than once."""
    spans: dict[int, list[int]] = {}
    for tracker, moment in zip(trackers.tolist(), at.tolist(), strict=True):
        if tracker >= 0:
            spans.setdefault(tracker, []).append(moment)
    return [(min(times), max(times)) for times in spans.values() if len(times) > 1]


def many_trackers(reading: Reading) -> list[Finding]:
    """Find person keys that came on too many devices, and keys of one device that came with too many trackers.

    The first are bots and role addresses. The second are values that every copy of a release sends: a tracker that
    nobody had becomes that of whoever owns the key. What came on a shared device is left out there.

    Notes
    -----
    O(meetings · log meetings).
    """
    roles = _roles(reading)
    found = _on_many(reading, "many_trackers", _DevicesOf(reading, reading.meetings), roles)
    found += _on_many(reading, OF_DEVICES, _DevicesOf(reading, _apart_from_shared_devices(reading)))
    return sorted(found, key=lambda item: (-item.score, item.id))[:MOST_OF_A_KIND]


def _apart_from_shared_devices(reading: Reading) -> Meetings:
    """Return the companions without the trackers that one device went through."""
    companions = reading.companions
    kept = ~np.isin(companions.tracker, list(reading.devices.trackers))
    columns = (getattr(companions, column.name)[kept] for column in fields(companions))
    return Meetings(*columns)


def _on_many(reading: Reading, of: str, devices: "_DevicesOf", roles: Sequence[int] = ()) -> list[Finding]:
    meetings, people = devices.meetings, reading.people
    numbers, counts = np.unique(meetings.person, return_counts=True)
    population = reading.population(of, counts)
    found: list[Finding] = []
    candidates = dict(_highest(numbers, counts, population, floor=LOWEST_OUTLIER_OF_DEVICES))
    candidates.update((number, len(devices.rows(number))) for number in roles)
    for number, count in candidates.items():
        kind, value = people.ref(number)
        seen = devices.of(number)
        score = _too_many(population, count, seen, seen.by_role(count))
        if score < LOWEST:
            continue
        on = meetings.tracker[devices.rows(number)]
        trackers = [people.keys[int(tracker)] for tracker in on]
        what = "trackers" if np.all(people.key_kinds[on] == TRACKER) else "devices"
        found.append(
            finding(
                "many_trackers",
                (subject_of(kind), value),
                score,
                f"It came on {count} {what}, where {population_words(population)} is usual{seen.words()}.",
                {
                    "trackers": count,
                    "named": named(trackers),
                    "contacts": [people.contacts[int(reading.finder.owner_of[number])]],
                    "role_address": seen.role,
                    **seen.evidence(),
                    "detail": {**population.detail(count), **seen.detail(count)},
                },
                block=True,
                unmerge=reading.journal.caused_by(kind, value),
            )
        )
    return found


def fusing_values(reading: Reading) -> list[Finding]:
    """Find values that tied strangers together: candidates for the block list.

    A person key ties the devices that are its contact's and on which it came, by a union or because nobody had them;
    a subscription, and a device's key beside its tracker, tie what they folded.

    Notes
    -----
    O(meetings · log meetings + unions · log unions).
    """
    meetings, people, journal = reading.meetings, reading.people, reading.journal
    by_cause: dict[Ref, list[Union]] = defaultdict(list)
    for union in journal.unions:
        if union.cause is not None:
            by_cause[union.cause].append(union)
    whose = reading.finder.owner(meetings.person)
    tied = (whose >= 0) & (whose == reading.finder.owner(meetings.tracker))
    ties = np.bincount(meetings.person[tied], minlength=len(people.keys))
    for cause, unions in by_cause.items():
        if cause[0] not in people.names:
            continue
        key = int(reading.finder.find(people.names.index(cause[0]), [cause[1]])[0])
        if key >= 0 and reading.finder.owner_of[key] >= 0:
            ties[key] = max(ties[key], len(unions) + 1)
    numbers = np.flatnonzero(ties)
    counts = ties[numbers]
    population = reading.population("fusing_value", counts)
    devices = _DevicesOf(reading, meetings)
    candidates = dict(_highest(numbers, counts, population, floor=LOWEST_OUTLIER_OF_DEVICES))
    candidates.update((number, int(ties[number])) for number in _roles(reading) if ties[number] > 1)
    found: list[Finding] = []
    for number, count in candidates.items():
        kind, value = people.ref(number)
        rows = devices.rows(number)
        seen = devices.of(number)
        # Two that are in use at once are more likely two people's than two of which one was lost.
        by_role = seen.by_role(max(count, len(rows)) + seen.at_once)
        score = _too_many(population, count, seen, by_role)
        if score < LOWEST:
            continue
        unions = by_cause.get((kind, value), [])
        times = [*(one.at for one in unions), *meetings.first[rows].tolist()]
        what = "devices" if kind in people.persons else "contacts"
        found.append(
            finding(
                "fusing_value",
                (subject_of(kind), value),
                score,
                f"It tied {count} {what} into one contact"
                + (f", where {population_words(population)} is usual" if population.outlier(count) > 0 else "")
                + f"{seen.words()}.",
                {
                    "tied": count,
                    "unions": len(unions),
                    "merges": [one.id for one in unions[:NAMED]],
                    "folded": [one.source for one in unions[:NAMED]],
                    "contacts": [people.contacts[int(reading.finder.owner_of[number])]],
                    "first": to_text(min(times) * 1000),
                    "last": to_text(max(times) * 1000),
                    "role_address": seen.role,
                    "command": f"kinfold unmerge --key {kind}={value} --dry-run",
                    **seen.evidence(),
                    "detail": {**population.detail(count), **seen.detail(count)},
                },
                block=True,
                unmerge=(one.id for one in unions),
            )
        )
    return sorted(found, key=lambda item: (-item.score, item.id))[:MOST_OF_A_KIND]


def near_limits(reading: Reading, limits: Limits) -> list[Finding]:
    """Find contacts that own nearly as much as they may.

    Notes
    -----
    O(ownerships).
    """
    people = reading.people
    full = fullness(reading, limits)
    order = np.lexsort((np.arange(len(full)), -full))
    found: list[Finding] = []
    for place in order[:MOST_OF_A_KIND].tolist():
        if full[place] < NEAR_LIMIT:
            break
        start, end = np.searchsorted(people.owner, [place, place + 1])
        kinds = people.key_kinds[people.key[start:end]]
        trackers, subscriptions = int(np.sum(kinds == TRACKER)), int(np.sum(np.isin(kinds, people.subscriptions)))
        found.append(limit_finding(people.contacts[place], trackers, subscriptions, limits, []))
    return found


def merge_bursts(reading: Reading) -> list[Finding]:
    """Find contacts into which many others were folded within an hour.

    Notes
    -----
    O(contacts + unions · log unions). A union counts when the event that caused it occurred, so that a log that is
    read later is judged as if it had come in its time. Into a contact that came after the contacts were read, nothing
    was folded yet, as in `graph.analysis.components.tie`.
    """
    into: dict[str, list[Union]] = defaultdict(list)
    for union in reading.unions:
        into[reading.journal.survivor(union.target)].append(union)
    contacts = reading.people.contacts
    there = {name for place in range(len(contacts)) if into and (name := contacts[place]) in into}
    peaks = {contact: busiest([one.at for one in unions], HOUR) for contact, unions in into.items() if contact in there}
    population = reading.population("merge_burst", [count for count, _ in peaks.values()])
    found: list[Finding] = []
    for contact, (count, began) in sorted(peaks.items(), key=lambda item: (-item[1][0], item[0])):
        score = population.outlier(count)
        if count < 3 or score < LOWEST or len(found) == MOST_OF_A_KIND:
            break
        burst = sorted(
            (one for one in into[contact] if began <= one.at <= began + HOUR),
            key=lambda one: (one.at, one.id),
            reverse=True,
        )
        causes = Counter(one.cause for one in burst if one.cause is not None).most_common(1)
        found.append(
            finding(
                "merge_burst",
                ("contact", contact),
                score,
                f"{count} contacts were folded into it within an hour on {to_text(began * 1000)[:10]}, where "
                f"{population_words(population)} is usual.",
                {
                    "unions": count,
                    "merges": [one.id for one in burst[:NAMED]],
                    "from": to_text(burst[-1].at * 1000),
                    "to": to_text(burst[0].at * 1000),
                    "cause": list(causes[0][0]) if causes else None,
                    "contacts": [contact],
                    "detail": population.detail(count),
                },
                unmerge=(one.id for one in burst),
            )
        )
    return found


def far_devices(reading: Reading) -> list[Finding]:
    """Find contacts whose devices were active at far places at once.

    Notes
    -----
    O(sightings · log sightings): each is held against the next one of the same contact on another tracker.
    """
    seen, people = reading.sightings, reading.people
    order = np.lexsort((seen.tracker, seen.at, seen.contact))
    cases: dict[int, list[FarCase]] = {}
    pairs: dict[int, int] = {}
    for contact, rows in groupby(order.tolist(), key=lambda row: int(seen.contact[row])):
        found_here, pairs[contact] = far_cases(
            (int(seen.tracker[row]), int(seen.at[row]), seen.places[seen.place[row]], row) for row in rows
        )
        if found_here:
            cases[contact] = found_here
    found: list[Finding] = []
    for contact, times in cases.items():
        sure = max(item[0] for item in times)
        score = far_score(times)
        worst = sorted(times, key=lambda item: (-item[0], int(seen.at[item[3]]), item[2]))
        trackers = {people.ref(int(seen.tracker[row])) for item in times for row in item[2:]}
        found.append(
            finding(
                "far_devices",
                ("contact", people.contacts[contact]),
                score,
                f"Two of its devices were active {worst[0][1]}"
                + (f", and {len(times) - 1} more times like this." if len(times) > 1 else "."),
                {
                    "times": len(times),
                    "cases": [
                        {
                            "trackers": [people.keys[int(seen.tracker[row])] for row in item[2:]],
                            "places": [seen.places[seen.place[row]].words() for row in item[2:]],
                            "at": [_moment(int(seen.at[row])) for row in item[2:]],
                            "what": item[1],
                        }
                        for item in worst[:NAMED]
                    ],
                    "named": named(value for _, value in trackers),
                    "contacts": [people.contacts[contact]],
                    "detail": {"sure": round(sure, 3), "times": len(times), "pairs": pairs[contact]},
                },
                unmerge=_moved_to(reading, people.contacts[contact], trackers),
            )
        )
    return sorted(found, key=lambda item: (-item.score, item.id))[:MOST_OF_A_KIND]


def population_words(population: Population) -> str:
    """Return what is usual in a population of counts."""
    usual = float(np.exp(population.median))
    return f"{usual:.0f}" if abs(usual - round(usual)) < 0.05 else f"{usual:.1f}"


RELEASE_WORDS = ", as one does that every copy of a release sends"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the devices of a key say of whether it is one person's.

    Attributes
    ----------
    one_kind, kind
        How many devices of one kind were in use at once at most, and which kind.
    others
        How many other persons gave their own names on devices of it that few use.
    names
        How many persons the addresses of its contact are.
    gone
        How many of its trackers came in one event and never again.
    at_once
        The share of pairs of its trackers on which it was used within a day of each other.
    """

    one_kind: int
    kind: int
    others: int
    names: int
    gone: int
    at_once: float
    role: bool

    @property
    def crowd(self) -> float:
        return scale(*(DEVICES_OF_A_KIND if self.kind != UNKNOWN else DEVICES_OF_ANY_KIND)).outlier(self.one_kind)

    @property
    def second(self) -> float:
        others = OTHERS_OF_A_ROLE if self.role else OTHERS
        return together(scale(*others).outlier(self.others), scale(*NAMES).outlier(self.names))

    @property
    def fleeting(self) -> float:
        return scale(*GONE_AT_ONCE).outlier(self.gone)

    def by_role(self, count: float) -> float:
        return ROLE * (1.0 - 1.0 / count) if self.role else 0.0

    def words(self) -> str:
        what = "devices" if self.kind == UNKNOWN else f"devices of one kind ({KIND_WORDS[self.kind]})"
        said = f"; {self.one_kind} {what} were in use at once" if self.crowd >= LOWEST else ""
        if self.gone >= GONE_AT_ONCE[1]:
            said += f"; {self.gone} of them came once and never again"
        if self.others > 1:
            said += f"; {self.others} other persons gave their names on them"
        if self.names > NAMES[0]:
            said += f"; its contact has the addresses of {self.names} persons"
        if self.role:
            said += "; such an address is a function's rather than a person's"
        return said

    def evidence(self) -> dict[str, Any]:
        return {
            "in_use_at_once": self.one_kind,
            "device_kind": KIND_WORDS[self.kind],
            "other_persons": self.others,
            "names": self.names,
            "never_again": self.gone,
        }

    def detail(self, count: int) -> dict[str, float]:
        return {
            "at_once": round(self.at_once, 3),
            "crowd": round(self.crowd, 3),
            "second_person": round(self.second, 3),
            "fleeting": round(self.fleeting, 3),
            "beyond": round(scale(*DEVICES_OF_NOBODY).outlier(count), 3),
            "role": round(self.by_role(count), 3),
        }


class _DevicesOf:
    """Looks at the devices on which keys came, as meetings of the two say."""

    def __init__(self, reading: Reading, meetings: Meetings) -> None:
        self._reading = reading
        self.meetings = meetings
        self.rows = _places_by(meetings.person)
        self._on = _places_by(reading.meetings.tracker)
        self._owner = reading.finder.owner(reading.meetings.person)
        self._crowded = {
            tracker
            for device in reading.devices.shared
            if len(device.logins) > MANY_ON_A_DEVICE
            for tracker in device.trackers
        }

    def of(self, number: int) -> _Seen:
        """Look at one key's devices."""
        reading, meetings = self._reading, self.meetings
        rows = self.rows(number)
        kind_of, value = reading.people.ref(number)
        owner = int(reading.finder.owner_of[number])
        spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
        others: set[int] = set()
        for row in rows.tolist():
            tracker = int(meetings.tracker[row])
            on = self._on(tracker)
            there = {int(who) for who in self._owner[on].tolist() if who >= 0} - {owner}
            if len(there) >= MANY_ON_A_DEVICE or tracker in self._crowded:
                continue  # a kiosk's, where this is one of many
            spans[int(reading.device_kinds[tracker])].append((int(meetings.first[row]), int(meetings.last[row]) + DAY))
            if there:
                others.add(min(there))
        of_kind = {kind: most_at_once(spans[kind]) for kind in spans}
        scaled = {
            kind: scale(*(DEVICES_OF_A_KIND if kind != UNKNOWN else DEVICES_OF_ANY_KIND)).outlier(count)
            for kind, count in of_kind.items()
        }
        kind = max(sorted(scaled), key=lambda one: (scaled[one], of_kind[one]), default=UNKNOWN)
        strangers = company_of(reading, {*others, owner}).strangers - 1 if owner >= 0 else len(others)
        return _Seen(
            of_kind.get(kind, 0),
            kind,
            strangers,
            distinct_addresses(self._addresses(owner)),
            int(np.sum(reading.hits[meetings.tracker[rows]] == 1)),
            _at_once(meetings, rows),
            kind_of == "email" and is_role(value),
        )

    def _addresses(self, owner: int) -> list[str]:
        people = self._reading.people
        start, end = np.searchsorted(people.owner, [owner, owner + 1])
        keys = (people.ref(key) for key in people.key[start:end].tolist())
        return [value for kind, value in keys if kind == "email"][:MOST_OF_A_KIND]


def _too_many(population: Population, count: int, seen: _Seen, by_role: float) -> float:
    """Score a count of devices: lost cookies and a person's own devices explain many.

    Without devices of one kind in use at once, a second person's sign, the name of a function or a number that nobody
    has, it stays below 0.5.
    """
    return together(
        population.outlier(count) * UNEXPLAINED,
        seen.crowd,
        seen.second,
        seen.fleeting,
        by_role,
        scale(*DEVICES_OF_NOBODY).outlier(count),
    )


def _roles(reading: Reading) -> list[int]:
    """List the role addresses that came on more than one tracker, at most `MOST_OF_A_KIND`."""
    people = reading.people
    numbers, counts = np.unique(reading.meetings.person, return_counts=True)
    emails = numbers[(counts > 1) & (people.key_kinds[numbers] == EMAIL)]
    return [number for number in emails.tolist() if is_role(people.keys[number])][:MOST_OF_A_KIND]


def _by_day(who: SmallInts, at: Ints) -> list[int]:
    """Keep one use a day of each user, in order: the pages of a visit say no more than the first of them."""
    return [contact for _, contact in dict.fromkeys(zip((at // DAY).tolist(), who.tolist(), strict=True))]


def _person_key(reading: Reading, contact: int) -> str:
    """Name a contact by its first person key, else by its id."""
    people = reading.people
    start, end = np.searchsorted(people.owner, [contact, contact + 1])
    keys = (people.ref(key) for key in people.key[start:end].tolist())
    return next((value for kind, value in keys if kind in people.persons), people.contacts[contact])


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def _moment(at: int) -> str:
    return rfc3339(datetime.fromtimestamp(at / 1000, UTC))


def _highest(
    numbers: npt.NDArray[np.integer], counts: npt.NDArray[np.integer], population: Population, floor: float = LOWEST
) -> Iterator[tuple[int, int]]:
    """Yield what is counted twice at least and stands out, the highest first, at most `MOST_OF_A_KIND`."""
    order = np.lexsort((numbers, -counts))[:MOST_OF_A_KIND]
    for place in order.tolist():
        count = int(counts[place])
        if count < 2 or population.outlier(count) < floor:
            return
        yield int(numbers[place]), count


def _most(numbers: npt.NDArray[np.integer], counts: npt.NDArray[np.integer]) -> Iterator[tuple[int, int]]:
    """Yield the highest counts, at most `MOST_OF_A_KIND`."""
    for place in np.lexsort((numbers, -counts))[:MOST_OF_A_KIND].tolist():
        yield int(numbers[place]), int(counts[place])


class _places_by:  # noqa: N801 - used like a function
    """The places at which a number stands in an array; O(n log n) once, O(log n) a number."""

    def __init__(self, values: SmallInts) -> None:
        self._order = np.argsort(values, kind="stable")
        self._sorted = values[self._order]

    def __call__(self, number: int) -> Ints:
        start, end = np.searchsorted(self._sorted, [number, number + 1])
        places: Ints = self._order[start:end]
        return places


def _at_once(meetings: Meetings, rows: Ints) -> float:
    """Return the share of pairs of trackers on which a key was used within a day of each other."""
    first, last = meetings.first[rows], meetings.last[rows]
    return overlap(zip(first.tolist(), (last + DAY).tolist(), strict=True))


def _moved_to(reading: Reading, contact: str, devices: set[Ref]) -> list[str]:
    moved = {merge for key in sorted(devices) for merge in reading.journal.moved_with(*key)}
    return [one.id for one in reading.unions if one.id in moved and reading.journal.survivor(one.target) == contact]
