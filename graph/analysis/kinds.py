"""The catalogue of anomalies: a function a kind, each over the arrays of one reading.

A score says how far something stands out from its own population (`Population.outlier`, by median and median
absolute deviation of logarithms), tempered by what else is known about it. The parts stand in
``evidence["detail"]``; docs/analysis.md has the formulas in words.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby

import numpy as np
import numpy.typing as npt

from graph.analysis.components import fullness
from graph.analysis.findings import NAMED, NEAR_LIMIT, SUBJECT_OF, Finding, finding, limit_finding, named
from graph.analysis.places import FarCase, far_cases, far_score
from graph.analysis.reading import EMAIL, KEY_KINDS, SUBSCRIPTION, TRACKER, Ints, Reading, SmallInts, Union
from graph.analysis.statistics import (
    HOUSEHOLD_DEVIATION,
    PAIR,
    Population,
    busiest,
    evenness,
    overlap,
    succession,
    together,
    turns,
    unlikeness,
)
from graph.clock import to_text
from graph.identity.decision.facts import Limits
from graph.model import KeyName

LOWEST = 0.2
"""Scores below are not reported."""
LOWEST_OUTLIER_OF_DEVICES = 0.1
"""From which outlier on the devices of a person key are looked at: what else is known of it adds to the score."""
EVENNESS_WEIGHS = 0.15
"""How much of the exponent of a device's outlier its evenness takes off."""
ROLE = 0.75
"""How sure it is of a role address on very many devices, whatever is usual, that they are more than one person's; on
three it is 0.5."""
ROLE_FUSES = 0.5
"""How sure it is of a role address that tied more than one tracker that they are more than one person's."""
MOST_OF_A_KIND = 1_000
"""Findings of one kind in an analysis, the highest scored ones."""
SHARED_BY = {"usual": PAIR, "smallest": HOUSEHOLD_DEVIATION}
"""How many people share something is measured among all that is shared: households are the usual case."""
HOUR = 3_600_000
DAY = 24 * HOUR
ROLES = frozenset(
    "abuse accounts admin administrator billing careers contact enquiries hello help hostmaster hr info inquiries "
    "jobs kontakt mail marketing news newsletter office orders post postmaster press privacy reception root sales "
    "security service shop support team webmaster".split()
)
"""Local parts that name a function and not a person: those of RFC 2142 and their everyday kin."""


def shared_subscriptions(reading: Reading) -> list[Finding]:
    """Find subscriptions that many known contacts own.

    Notes
    -----
    O(ownerships + uses · log uses).
    """
    people, uses = reading.people, reading.uses
    of_subscription = people.key_kinds[people.key] == SUBSCRIPTION
    key, owner, since = people.key[of_subscription], people.owner[of_subscription], people.since[of_subscription]
    if not len(key):
        return []
    known = people.known[owner]
    numbers, counts = np.unique(key[known], return_counts=True)
    numbers, counts = numbers[counts > 1], counts[counts > 1]
    population = reading.population("shared_subscription", counts, **SHARED_BY)
    by_use = _places_by(uses.subscription)
    by_key = _places_by(key)
    found: list[Finding] = []
    for number, count in _most(numbers, counts):
        rows = by_key(number)
        mine = rows[known[rows]]
        owners = [people.contacts[int(place)] for place in owner[mine]]
        used = by_use(number)
        used = used[uses.contact[used] >= 0]
        used = used[np.argsort(uses.at[used], kind="stable")]
        sequence = uses.contact[used].tolist()
        interleaved = turns(sequence)
        profiles: dict[int, Counter[str]] = defaultdict(Counter)
        for place in used.tolist():
            who = profiles[int(uses.contact[place])]
            who[f"hour {uses.at[place] // HOUR % 24 // 3}"] += 1
            who[f"event {uses.events[uses.event[place]]}"] += 1
        unlike = unlikeness([profiles[who] for who in sorted(profiles)[:50]])
        handed_on = succession(_by_day(uses.contact[used][uses.signed[used]], uses.at[used][uses.signed[used]]))
        score = together(population.outlier(count) ** (1.0 - 0.15 * interleaved - 0.15 * unlike), handed_on)
        if score < LOWEST:
            continue
        value = people.keys[number]
        began = to_text(int(np.sort(since[mine])[1]) * 1000)
        how = "by turns" if interleaved > 0.5 else "one after the other" if len(set(sequence)) > 1 else "by one of them"
        said = f", used {how}" if sequence else ""
        if handed_on >= 0.5:
            said += (
                ": the device seems to have gone to somebody else, and what is sent to the first of them arrives there"
            )
        found.append(
            finding(
                "shared_subscription",
                ("subscription", value),
                score,
                f"{count} known contacts own this subscription, which belongs to one browser; shared since "
                f"{began[:10]}{said}.",
                {
                    "owners": count,
                    "contacts": named(owners),
                    "since": began,
                    "uses": len(sequence),
                    "detail": {
                        **population.detail(count),
                        "interleaved": round(interleaved, 3),
                        "unlike": round(unlike, 3),
                        "handed_on": round(handed_on, 3),
                    },
                },
                block=True,
                unmerge=reading.journal.caused_by("subscription", value),
            )
        )
    return found


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
    for place, count in _most(np.arange(len(counts)), counts):
        device = devices.shared[place]
        even = evenness(device.logins.values())
        score = population.outlier(count) ** (1.0 - EVENNESS_WEIGHS * even)
        if score < LOWEST:
            break
        value = people.keys[device.tracker]
        others = len(device.trackers) - 1
        found.append(
            finding(
                "many_emails",
                ("tracker", value),
                score,
                f"{count} persons logged in on one device, where {population_words(population)} is usual for one that "
                f"is shared; it changed hands {_times(len(device.times))}"
                + (f" and was given {others} other trackers meanwhile." if others else "."),
                {
                    "persons": count,
                    "keys": named(_person_key(reading, who) for who in device.logins),
                    "contacts": named(people.contacts[who] for who in device.logins),
                    "handovers": len(device.times),
                    "trackers": len(device.trackers),
                    "named": [people.keys[tracker] for tracker in [*device.trackers][:NAMED]],
                    "first": to_text(min(device.times) * 1000),
                    "last": to_text(max(device.times) * 1000),
                    "detail": {**population.detail(count), "even": round(even, 3)},
                },
                # A browser that was given another tracker does not send this one any more.
                block=not others,
                unmerge=reading.journal.moved_with("tracker_id", value),
            )
        )
    return found


def many_trackers(reading: Reading) -> list[Finding]:
    """Find emails and user ids that came on too many trackers: bots, role addresses.

    Notes
    -----
    O(meetings · log meetings).
    """
    meetings, people = reading.meetings, reading.people
    numbers, counts = np.unique(meetings.person, return_counts=True)
    population = reading.population("many_trackers", counts)
    rows_of = _places_by(meetings.person)
    found: list[Finding] = []
    candidates = dict(_highest(numbers, counts, population, floor=LOWEST_OUTLIER_OF_DEVICES))
    candidates.update((number, len(rows_of(number))) for number in _roles(reading))
    for number, count in candidates.items():
        kind, value = people.ref(number)
        role = kind == "email" and is_role(value)
        rows = rows_of(number)
        at_once = _at_once(reading, rows)
        by_name = ROLE * (1.0 - 1.0 / count) if role else 0.0
        score = together(_too_many(population, count, at_once), by_name)
        if score < LOWEST:
            continue
        trackers = [people.keys[int(tracker)] for tracker in meetings.tracker[rows]]
        why = (
            "; such an address is a function's rather than a person's"
            if role
            else f"; {at_once:.0%} of all pairs of them were in use within a day of each other"
            if at_once
            else ""
        )
        found.append(
            finding(
                "many_trackers",
                (SUBJECT_OF[kind], value),
                score,
                f"It came on {count} trackers, where {population_words(population)} is usual{why}.",
                {
                    "trackers": count,
                    "named": named(trackers),
                    "contacts": [people.contacts[int(reading.finder.owner_of[number])]],
                    "role_address": role,
                    "detail": {
                        **population.detail(count),
                        "beyond": round(population.beyond(count), 3),
                        "at_once": round(at_once, 3),
                        "role": round(by_name, 3),
                    },
                },
                block=True,
                unmerge=reading.journal.caused_by(kind, value),
            )
        )
    return sorted(found, key=lambda item: (-item.score, item.id))[:MOST_OF_A_KIND]


def fusing_values(reading: Reading) -> list[Finding]:
    """Find values that tied together what was active at the same time: candidates for the block list.

    A person key ties the trackers that are its contact's and on which it came, by a union or because nobody had them;
    a subscription ties what it folded.

    Notes
    -----
    O(meetings · log meetings + unions · log unions).
    """
    meetings, people, journal = reading.meetings, reading.people, reading.journal
    by_cause: dict[tuple[KeyName, str], list[Union]] = defaultdict(list)
    for union in journal.unions:
        if union.cause is not None:
            by_cause[union.cause].append(union)
    whose = reading.finder.owner(meetings.person)
    tied = (whose >= 0) & (whose == reading.finder.owner(meetings.tracker))
    ties = np.bincount(meetings.person[tied], minlength=len(people.keys))
    for cause, unions in by_cause.items():
        key = int(reading.finder.find(KEY_KINDS.index(cause[0]), [cause[1]])[0])
        if key >= 0:
            ties[key] = max(ties[key], len(unions) + 1)
    numbers = np.flatnonzero(ties)
    counts = ties[numbers]
    population = reading.population("fusing_value", counts)
    rows_of = _places_by(meetings.person)
    candidates = dict(_highest(numbers, counts, population, floor=LOWEST_OUTLIER_OF_DEVICES))
    candidates.update((number, int(ties[number])) for number in _roles(reading) if ties[number] > 1)
    found: list[Finding] = []
    for number, count in candidates.items():
        kind, value = people.ref(number)
        rows = rows_of(number)
        at_once = _at_once(reading, rows)
        role = kind == "email" and is_role(value)
        score = together(_too_many(population, count, at_once), ROLE_FUSES if role else 0.0)
        if score < LOWEST:
            continue
        unions = by_cause.get((kind, value), [])
        times = [*(one.at for one in unions), *meetings.first[rows].tolist()]
        what = "devices" if kind != "subscription" else "contacts"
        found.append(
            finding(
                "fusing_value",
                (SUBJECT_OF[kind], value),
                score,
                f"It tied {count} {what} into one contact"
                + (f", where {population_words(population)} is usual" if population.outlier(count) > 0 else "")
                + (f"; {at_once:.0%} of all pairs of them were in use within a day of each other" if at_once else "")
                + ("; such an address is a function's rather than a person's." if role else "."),
                {
                    "tied": count,
                    "unions": len(unions),
                    "merges": [one.id for one in unions[:NAMED]],
                    "folded": [one.source for one in unions[:NAMED]],
                    "contacts": [people.contacts[int(reading.finder.owner_of[number])]],
                    "first": to_text(min(times) * 1000),
                    "last": to_text(max(times) * 1000),
                    "role_address": role,
                    "command": f"kinfold unmerge --key {kind}={value} --dry-run",
                    "detail": {
                        **population.detail(count),
                        "beyond": round(population.beyond(count), 3),
                        "at_once": round(at_once, 3),
                        "role": ROLE_FUSES if role else 0.0,
                    },
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
        trackers, subscriptions = int(np.sum(kinds == TRACKER)), int(np.sum(kinds == SUBSCRIPTION))
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
        trackers = {people.keys[int(seen.tracker[row])] for item in times for row in item[2:]}
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
                    "named": named(trackers),
                    "contacts": [people.contacts[contact]],
                    "detail": {"sure": round(sure, 3), "times": len(times), "pairs": pairs[contact]},
                },
                unmerge=_moved_to(reading, people.contacts[contact], trackers),
            )
        )
    return sorted(found, key=lambda item: (-item.score, item.id))[:MOST_OF_A_KIND]


def is_role(address: str) -> bool:
    """Tell whether an address names a function, such as info@, sub-addresses and numbers aside."""
    local = address.partition("@")[0].partition("+")[0].rstrip("0123456789").rstrip("-_.")
    return local in ROLES


def population_words(population: Population) -> str:
    """Say what is usual in a population of counts."""
    usual = float(np.exp(population.median))
    return f"{usual:.0f}" if abs(usual - round(usual)) < 0.05 else f"{usual:.1f}"


def _too_many(population: Population, count: int, at_once: float) -> float:
    """Score a count of devices: cookies that get lost explain many, unless they were in use at once, or very many."""
    return together(population.outlier(count) * (0.3 + 0.7 * at_once), population.beyond(count))


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
    return next((value for kind, value in keys if kind in ("email", "user_id")), people.contacts[contact])


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat().replace("+00:00", "Z")


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


def _at_once(reading: Reading, rows: Ints) -> float:
    """Give the share of pairs of trackers on which a person key was used within a day of each other."""
    first, last = reading.meetings.first[rows], reading.meetings.last[rows]
    return overlap(zip(first.tolist(), (last + DAY).tolist(), strict=True))


def _moved_to(reading: Reading, contact: str, trackers: set[str]) -> list[str]:
    moved = {merge for value in sorted(trackers) for merge in reading.journal.moved_with("tracker_id", value)}
    return [one.id for one in reading.unions if one.id in moved and reading.journal.survivor(one.target) == contact]
