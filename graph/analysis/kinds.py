"""The catalogue of anomalies: a function a kind, each over the arrays of one reading.

A score says how far something stands out from its own population (`Population.outlier`, by median and median
absolute deviation of logarithms), tempered by what else is known about it. The parts stand in
``evidence["detail"]``; docs/analysis.md has the formulas in words.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from graph.analysis.components import fullness
from graph.analysis.findings import NAMED, NEAR_LIMIT, SUBJECT_OF, Finding, finding, limit_finding, named
from graph.analysis.places import impossible
from graph.analysis.reading import KEY_KINDS, SUBSCRIPTION, TRACKER, Ints, Reading, SmallInts, Union
from graph.analysis.statistics import Population, busiest, evenness, overlap, turns, unlikeness
from graph.clock import to_text
from graph.decision.facts import Limits
from graph.model import KeyName

LOWEST = 0.2
"""Scores below are not reported."""
MOST_OF_A_KIND = 1_000
"""Findings of one kind in an analysis, the highest scored ones."""
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
    population = Population.of(counts)
    by_use = _places_by(uses.subscription)
    by_key = _places_by(key)
    found: list[Finding] = []
    for number, count in _highest(numbers, counts, population):
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
        score = population.outlier(count) * (0.6 + 0.2 * interleaved + 0.2 * unlike)
        if score < LOWEST:
            continue
        value = people.keys[number]
        began = to_text(int(np.sort(since[mine])[1]) * 1000)
        how = "by turns" if interleaved > 0.5 else "one after the other" if len(set(sequence)) > 1 else "by one of them"
        said = f", used {how}" if sequence else ""
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
                    },
                },
                block=True,
                unmerge=reading.journal.caused_by("subscription", value),
            )
        )
    return found


def many_emails(reading: Reading) -> list[Finding]:
    """Find trackers that met many persons: kiosks, shared browsers.

    Notes
    -----
    O(meetings · log meetings).
    """
    meetings, people = reading.meetings, reading.people
    owner = reading.finder.owner(meetings.person)
    there = owner >= 0
    # Two addresses of one contact are one person.
    tracker, person, place = meetings.tracker[there], owner[there], np.flatnonzero(there)
    pairs = np.unique(tracker.astype(np.int64) << 32 | person.astype(np.int64))
    numbers, counts = np.unique(pairs >> 32, return_counts=True)
    population = Population.of(counts)
    rows_of = _places_by(tracker)
    found: list[Finding] = []
    for number, count in _highest(numbers, counts, population):
        rows = place[rows_of(number)]
        by_contact: dict[int, list[int]] = {}
        for row in rows.tolist():
            who = int(owner[row])
            events, first, last = by_contact.get(who, (0, meetings.first[row], meetings.last[row]))
            by_contact[who] = [
                events + int(meetings.count[row]),
                min(int(first), int(meetings.first[row])),
                max(int(last), int(meetings.last[row])),
            ]
        even = evenness(item[0] for item in by_contact.values())
        together = overlap((item[1], item[2]) for item in by_contact.values())
        score = population.outlier(count) * (0.7 + 0.3 * even)
        if score < LOWEST:
            continue
        value = people.keys[number]
        keys = [people.ref(int(meetings.person[row]))[1] for row in rows]
        found.append(
            finding(
                "many_emails",
                ("tracker", value),
                score,
                f"{count} persons logged in on this tracker; "
                + (
                    "none of them much more than the others, as at a kiosk."
                    if even > 0.8
                    else "some far more than others, as on a shared browser."
                ),
                {
                    "persons": count,
                    "keys": named(keys),
                    "contacts": named(people.contacts[who] for who in by_contact),
                    "events": int(meetings.count[rows].sum()),
                    "conflicts": int(meetings.conflicts[rows].sum()),
                    "first": to_text(int(meetings.first[rows].min()) * 1000),
                    "last": to_text(int(meetings.last[rows].max()) * 1000),
                    "detail": {**population.detail(count), "even": round(even, 3), "at_once": round(together, 3)},
                },
                block=True,
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
    population = Population.of(counts)
    rows_of = _places_by(meetings.person)
    found: list[Finding] = []
    for number, count in _highest(numbers, counts, population, floor=0.1):
        kind, value = people.ref(number)
        role = kind == "email" and is_role(value)
        outlier = population.outlier(count)
        rows = rows_of(number)
        together = _at_once(reading, rows)
        score = 1.0 - (1.0 - outlier * (0.6 + 0.4 * together)) * (0.7 if role else 1.0)
        if score < LOWEST:
            continue
        trackers = [people.keys[int(tracker)] for tracker in meetings.tracker[rows]]
        who = "an address of a function rather than of a person" if role else "more than one person has"
        found.append(
            finding(
                "many_trackers",
                (SUBJECT_OF[kind], value),
                score,
                f"It came on {count} trackers, where {population_words(population)} is usual: {who}.",
                {
                    "trackers": count,
                    "named": named(trackers),
                    "contacts": [people.contacts[int(reading.finder.owner_of[number])]],
                    "role_address": role,
                    "detail": {**population.detail(count), "at_once": round(together, 3), "role": 0.3 if role else 0.0},
                },
                block=True,
                unmerge=reading.journal.caused_by(kind, value),
            )
        )
    return found


def fusing_values(reading: Reading) -> list[Finding]:
    """Find values that folded contacts together which were active at the same time: candidates for the block list.

    Notes
    -----
    O(unions · log unions).
    """
    by_cause: dict[tuple[KeyName, str], list[Union]] = defaultdict(list)
    for union in reading.unions:
        if union.cause is not None:
            by_cause[union.cause].append(union)
    population = Population.of([len(unions) for unions in by_cause.values()])
    rows_of = _places_by(reading.meetings.person)
    found: list[Finding] = []
    for (kind, value), unions in sorted(by_cause.items(), key=lambda item: (-len(item[1]), item[0])):
        count = len(unions)
        if count < 2 or population.outlier(count) < LOWEST:
            break
        key = int(reading.finder.find(KEY_KINDS.index(kind), [value])[0])
        together = _at_once(reading, rows_of(key)) if key >= 0 else 0.0
        role = kind == "email" and is_role(value)
        score = population.outlier(count) * (0.5 + 0.5 * max(together, 0.6 if role else 0.0))
        if score < LOWEST:
            continue
        newest = sorted(unions, key=lambda one: (one.at, one.id), reverse=True)
        found.append(
            finding(
                "fusing_value",
                (SUBJECT_OF[kind], value),
                score,
                f"It folded {count} contacts into one, where {population_words(population)} is usual"
                + (
                    f"; on {together:.0%} of all pairs of its trackers it was used at the same time."
                    if together
                    else "."
                ),
                {
                    "unions": count,
                    "merges": [one.id for one in newest[:NAMED]],
                    "folded": [one.source for one in newest[:NAMED]],
                    "contacts": named({reading.journal.survivor(one.target) for one in unions}),
                    "first": to_text(newest[-1].at * 1000),
                    "last": to_text(newest[0].at * 1000),
                    "role_address": role,
                    "command": f"kinfold unmerge --key {kind}={value} --dry-run",
                    "detail": {**population.detail(count), "at_once": round(together, 3)},
                },
                block=True,
                unmerge=(one.id for one in newest),
            )
        )
        if len(found) == MOST_OF_A_KIND:
            break
    return found


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
    O(unions · log unions). A union counts when the event that caused it occurred, so that a log that is read later
    is judged as if it had come in its time.
    """
    into: dict[str, list[Union]] = defaultdict(list)
    for union in reading.unions:
        into[reading.journal.survivor(union.target)].append(union)
    peaks = {contact: busiest([one.at for one in unions], HOUR) for contact, unions in into.items()}
    population = Population.of([count for count, _ in peaks.values()])
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
    cases: dict[int, list[tuple[float, str, int, int]]] = defaultdict(list)
    pairs: Counter[int] = Counter()
    last_on: dict[int, int] = {}
    whose = -1
    for row in order.tolist():
        contact = int(seen.contact[row])
        if contact != whose:
            whose, last_on = contact, {}
        tracker = int(seen.tracker[row])
        for other_tracker, other in last_on.items():
            if other_tracker == tracker:
                continue
            pairs[contact] += 1
            apart = int(seen.at[row] - seen.at[other])
            verdict = impossible(seen.places[seen.place[other]], seen.places[seen.place[row]], apart)
            if verdict is not None:
                cases[contact].append((*verdict, other, row))
        last_on[tracker] = row
        if len(last_on) > 8:
            # The one unseen for longest; a person has few devices at once.
            del last_on[min(last_on, key=lambda item: int(seen.at[last_on[item]]))]
    found: list[Finding] = []
    for contact, times in cases.items():
        sure = max(item[0] for item in times)
        # Once may be a wrong clock or a tunnel that ends abroad; again and again is two people.
        score = sure * (1.0 - 0.5 ** len(times)) ** 0.5
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
