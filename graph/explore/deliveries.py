"""The gate before a push: whether this subscription leads to this person now, and why.

Nothing is written. What is known of a subscription is read in one statement, however many pairs are asked about, and
judged by `verdict`, a pure function.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise, takewhile
from math import comb
from typing import Any

from graph.analysis.addresses import Sets, join_alike
from graph.clock import Micros, to_text
from graph.identity.keys import valid_key
from graph.identity.namespaces import BUILT_IN, DEFAULT_NAMESPACES, Namespaces, counter_of
from graph.model import KeyName
from graph.store.database import Database, Row

CROWD = 3
"""From how many persons on a subscription is nobody's in particular, whoever was there last."""
SETTLED = 3
"""On how many visits in a row somebody names themselves whose it is, however many there were before."""
NOBODYS = 100
"""On how many trackers somebody is who is nobody: an id that a broken page sends for everybody."""
VISIT: Micros = 30 * 60 * 1_000_000
"""So long without an event ends a visit."""
_STANDING = frozenset(one.name for one in BUILT_IN)
"""Namespaces of which a key stands on the activity that carried it."""
SILENT = 0.05
"""How small the chance must be that all events that give a name come before those that give none, were they in any
order, from which on whoever gave it may have left the device."""
SILENT_VISITS = 2
"""On how many visits each, at least: the pages of one are all of one log-in."""
RETURNS = 2
"""How often a tracker comes back after another that came with the same subscription, from which on several devices
have it: a browser that lost a tracker never sends it again."""


class Verdict(StrEnum):
    """What to do with a push."""

    DELIVER = "deliver"
    HOLD = "hold"
    """It would reach nobody, or somebody else."""
    DOUBT = "doubt"
    """It may reach somebody else."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question: a contact, by its id or by a key, and a subscription."""

    contact: str | None
    key: tuple[KeyName, str] | None
    subscription: tuple[KeyName, str]


Document = dict[str, Any]


class Deliveries:
    """Checks whether pushes may go out."""

    def __init__(self, database: Database, namespaces: Namespaces = DEFAULT_NAMESPACES) -> None:
        self._database = database
        self._namespaces = namespaces

    def check(self, checks: Sequence[Check]) -> list[Document]:
        """Judge each pair: ``{verdict, confidence, reasons: [{code, words}]}``, in order."""
        rows = [row for place, one in enumerate(checks) if (row := self._asked(place, one)) is not None]
        found: dict[int, Row] = {}
        if rows:
            read = self._database.read(
                lambda tx: tx.run(
                    "explore.deliveries",
                    checks=rows,
                    counters=[counter_of(name) for name in self._namespaces.persons],
                    further=[name for name in self._namespaces.persons if name not in _STANDING],
                )
            )
            found = {row["place"]: row for row in read}
        return [verdict(found.get(place)) for place in range(len(checks))]

    def _asked(self, place: int, check: Check) -> Row | None:
        subscription = valid_key(*check.subscription, self._namespaces)
        key = None if check.key is None else valid_key(*check.key, self._namespaces)
        if check.key is not None and key is None:
            return None
        asked = ["", ""] if subscription is None else list(subscription)
        return {"place": place, "contact": check.contact, "key": None if key is None else list(key)} | {
            "subscription": asked
        }


def verdict(row: Row | None) -> Document:
    """Judge one pair from what is known of it.

    Parameters
    ----------
    row
        What the statement ``explore.deliveries`` reads; None when there is no such contact.
    """
    if row is None:
        return _said(Verdict.HOLD, 1.0, ("unknown_contact", "no contact has this id or this key"))
    if row["barred"]:
        return _said(Verdict.HOLD, 1.0, ("kept_apart", "somebody judged that this subscription is not this person's"))
    if row["since"] is None:
        return _not_owned(row)
    if row["asleep_at"] is not None:
        return _asleep(row)
    return _awake(row)


def _not_owned(row: Row) -> Document:
    if row["ended"] is not None and not row["others"]:
        how = {
            "gone": "the push service refused this subscription",
            "replaced": "another subscription replaced this one",
        }
        return _said(Verdict.HOLD, 1.0, (row["ended"], f"{how[row['ended']]} at {to_text(row['ended_at'])}"))
    if row["others"]:
        return _said(Verdict.HOLD, 0.98, ("not_owner", "the subscription is somebody else's"))
    return _said(Verdict.HOLD, 1.0, ("unknown_subscription", "nobody owns this subscription"))


def _asleep(row: Row) -> Document:
    reasons = [("asleep", f"this person is asleep on it since {to_text(row['asleep_at'])}")]
    last = _last_named(_carried(row))
    if last is not None and last.who != row["contact"]:
        reasons.append(("named_another", f"the last who named themselves with it is another, at {to_text(last.at)}"))
        return _said(Verdict.HOLD, 0.98, *reasons)
    reasons.append(
        ("logged_out", "nobody named themselves with it since: somebody logged out, or let it sleep by hand")
    )
    return _said(Verdict.HOLD, 0.95, *reasons)


def _awake(row: Row) -> Document:
    carried = _carried(row)
    persons = _Persons.of(row, carried)
    me = persons.me
    named = _last_named(carried)
    mine = max((one.at for one in carried if one.who in me), default=0)
    own_name = max((one.at for one in carried if one.who in me and one.named), default=0)
    handed = _handed_over(row, me, mine)
    awake = [one for one in row["others"] if one[2]]
    strangers = [who for who, *_ in row["others"] if who in row["apart"]]
    reasons = [("awake", "this person is awake on it")]
    if named is not None and named.who not in me:
        reasons.append(("named_another", f"the last who named themselves with it is another, at {to_text(named.at)}"))
        return _said(Verdict.HOLD if mine <= named.at else Verdict.DOUBT, 0.9 if mine <= named.at else 0.5, *reasons)
    if handed is not None:
        reasons.append(("handed_over", f"another named themselves on the device that brought it, at {to_text(handed)}"))
        return _said(Verdict.HOLD, 0.85, *reasons)
    if strangers and awake:
        reasons.append(("kept_apart", "somebody who was judged to be another person is awake on it too"))
        return _said(Verdict.HOLD, 0.8, *reasons)
    if awake and carried and carried[0].who not in me:
        reasons.append(("shared", f"{len(awake)} others are awake on it, and one of them brought it last"))
        return _said(Verdict.DOUBT, 0.5, *reasons)
    if (doubt := _doubt(row, carried, persons, own_name)) is not None:
        return _said(Verdict.DOUBT, 0.5, *reasons, doubt)
    turns = _turns(carried)
    if own_name:
        reasons.append(("named_last", f"nobody named themselves with it since this person did, at {to_text(own_name)}"))
    elif row["named"]:
        reasons.append(("never_named", "this person never named themselves in an event that carried it"))
    if turns:
        reasons.append(("turns", f"it changed hands {turns} times in the last {len(carried)} events"))
    if row["others"] and not awake:
        reasons.append(("others_asleep", f"{len(row['others'])} others are asleep on it"))
    confidence = 0.97 if own_name else 0.9
    confidence -= min(0.3, 0.05 * turns) + (0.1 if awake else 0.0)
    return _said(Verdict.DELIVER, confidence, *reasons)


@dataclass(frozen=True, slots=True)
class _Carried:
    """An event that carried the subscription: whose, with a name or without, when it came, and what it carried."""

    who: str
    named: bool
    at: Micros
    tracker: str | None
    occurred: Micros
    address: str | None


def _carried(row: Row) -> list[_Carried]:
    """Return the events that carried the subscription last, the newest first."""
    events = [_Carried(who, *event) for who, period in row["carried"] for event in period]
    return sorted(events, key=lambda one: -one.at)


@dataclass(frozen=True, slots=True)
class _Persons:
    """Who named themselves with a subscription, or on the device that brought it, as far as is known.

    Attributes
    ----------
    me
        The contacts that are the person who is asked about: a slip in an address is no other person, unless somebody
        judged so.
    count
        How many persons they are: an id without an address may be an address without an id.
    """

    me: frozenset[str]
    count: int

    @classmethod
    def of(cls, row: Row, carried: Sequence["_Carried"]) -> "_Persons":
        addresses: dict[str, set[str]] = {row["contact"]: set()} if row["named"] else {}
        other_names: set[str] = set()
        for who, by_other, known in row["persons"]:
            addresses.setdefault(who, set()).update(known)
            if by_other:
                other_names.add(who)
        for one in carried:
            if one.named and one.address is not None:
                addresses.setdefault(one.who, set()).add(one.address)
            elif one.named:
                addresses.setdefault(one.who, set())
                other_names.add(one.who)
        everybody = sorted(addresses)
        same = Sets(len(everybody))
        join_alike(same, [(place, one) for place, who in enumerate(everybody) for one in sorted(addresses[who])])
        groups = [{everybody[place] for place in group} for group in same.groups()]
        only_address = sum(other_names.isdisjoint(group) for group in groups)
        only_other = sum(not any(addresses[who] for who in group) for group in groups)
        me = next((group for group in groups if row["contact"] in group), {row["contact"]})
        return cls(frozenset(me - set(row["apart"])), len(groups) - min(only_address, only_other))


def _doubt(row: Row, carried: Sequence[_Carried], persons: _Persons, own_name: Micros) -> tuple[str, str] | None:
    """Return why somebody else may read what is sent to a person who is awake and whom nobody followed by name."""
    count = persons.count
    if row["trackers"] >= NOBODYS:
        return "many_trackers", f"this contact came on {row['trackers']} trackers: its name may be nobody's own"
    if count >= CROWD and _own_visits(persons.me, carried) < SETTLED:
        return "many_persons", f"{count} persons named themselves with it or on its device: it may be nobody's own"
    if row["named"] and (row["turned_at"] or 0) > own_name:
        return "woken", "somebody logged out or took over, and whoever came then gave no name"
    if _returns(carried) >= RETURNS:
        return "many_devices", "several devices send it by turns, as when every copy of an app has it"
    if (silence := _silence(persons.me, carried)) is not None:
        since, named, before = silence
        return "silent", f"none of its last {since} events gave this person's name, as {named} of {before} before did"
    return None


def _visits(carried: Sequence[_Carried]) -> list[list[_Carried]]:
    """Cut events, the newest first, into visits, the newest first."""
    visits: list[list[_Carried]] = []
    for one in carried:
        if visits and visits[-1][-1].occurred - one.occurred <= VISIT:
            visits[-1].append(one)
        else:
            visits.append([one])
    return visits


def _own_visits(me: frozenset[str], carried: Sequence[_Carried]) -> int:
    """Count the visits on which a person named themselves with it since another did."""
    since = list(takewhile(lambda one: one.who in me or not one.named, carried))
    return sum(any(one.named for one in visit) for visit in _visits(since))


def _silence(me: frozenset[str], carried: Sequence[_Carried]) -> tuple[int, int, int] | None:
    """Return how many events came since the last that gave a name, and how many of how many gave a person's until then.

    None unless that is too many to be chance. Of a site that gives the name at a log-in only, it hardly ever is.
    """
    since = list(takewhile(lambda one: not one.named, carried))
    before = carried[len(since) :]
    visits = sum(any(one.named and one.who in me for one in visit) for visit in _visits(before))
    if min(visits, len(_visits(since))) < SILENT_VISITS:
        return None
    named = sum(one.named and one.who in me for one in before)
    chance = comb(len(before), named) / comb(len(carried), named)
    return (len(since), named, len(before)) if chance < SILENT else None


def _last_named(carried: Sequence[_Carried]) -> _Carried | None:
    return next((one for one in carried if one.named), None)


def _turns(carried: Sequence[_Carried]) -> int:
    """Count how often the person changed among the last named events."""
    names = [one.who for one in carried if one.named]
    return sum(one != other for one, other in pairwise(names))


def _returns(carried: Sequence[_Carried]) -> int:
    """Count how often a tracker came back after another had come with the same subscription."""
    stretches = [tracker for tracker, _ in groupby(one.tracker for one in carried if one.tracker is not None)]
    return len(stretches) - len(set(stretches))


def _handed_over(row: Row, me: frozenset[str], mine: Micros) -> Micros | None:
    """Return when somebody else was last named on the device that brought it, if the person is not back since."""
    found: Micros | None = None
    for holder, has_name, since, last, elsewhere in row["devices"]:
        if holder in me:
            mine = max(mine, last or 0)
        elif holder is not None and has_name and min(since, last or 0) > mine:
            found = max(found or 0, last)
        for who, at in elsewhere:
            if who not in me:
                found = max(found or 0, at)
    return found if found is not None and found > mine else None


def _said(what: Verdict, confidence: float, *reasons: tuple[str, str]) -> Document:
    return {
        "verdict": what.value,
        "confidence": round(confidence, 2),
        "reasons": [{"code": code, "words": words} for code, words in reasons],
    }
