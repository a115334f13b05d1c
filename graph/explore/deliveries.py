"""The gate before a push: whether this subscription leads to this person now, and why.

Nothing is written. What is known of a subscription is read in one statement, however many pairs are asked about, and
judged by `verdict`, a pure function.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby, pairwise
from typing import Any

from graph.clock import Micros, to_text
from graph.identity.keys import valid_key
from graph.identity.namespaces import DEFAULT_NAMESPACES, Namespaces, counter_of
from graph.model import KeyName
from graph.store.database import Database, Row

CROWD = 5
"""From how many persons on a subscription on it is nobody's in particular, whoever was there last."""
CROWD_OF_LATE = 3
"""The same among the newest events that carried it: a kiosk has other guests every week."""
RETURNS = 3
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
                    persons=list(self._namespaces.persons),
                    now=datetime.now(UTC),
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
    if (last := _last_named(row)) is not None and last[0] != row["contact"]:
        reasons.append(("named_another", f"the last who named themselves with it is another, at {to_text(last[1])}"))
        return _said(Verdict.HOLD, 0.98, *reasons)
    reasons.append(("logged_out", "nobody named themselves with it since: somebody logged out"))
    return _said(Verdict.HOLD, 0.95, *reasons)


def _awake(row: Row) -> Document:
    me = row["contact"]
    named = _last_named(row)
    mine = max((at for who, _, at, _ in row["carried"] if who == me), default=0)
    own_name = max((at for who, by_name, at, _ in row["carried"] if who == me and by_name), default=0)
    handed = _handed_over(row, mine)
    awake = [one for one in row["others"] if one[2]]
    persons = {who for who, by_name, *_ in row["carried"] if by_name} | {
        who for who, has_name, _ in row["others"] if has_name
    }
    strangers = [who for who, *_ in row["others"] if who in row["apart"]]
    reasons = [("awake", "this person is awake on it")]
    if named is not None and named[0] != me:
        reasons.append(("named_another", f"the last who named themselves with it is another, at {to_text(named[1])}"))
        return _said(Verdict.HOLD if mine <= named[1] else Verdict.DOUBT, 0.9 if mine <= named[1] else 0.5, *reasons)
    if handed is not None:
        reasons.append(("handed_over", f"another named themselves on the device that brought it, at {to_text(handed)}"))
        return _said(Verdict.HOLD, 0.85, *reasons)
    if strangers and awake:
        reasons.append(("kept_apart", "somebody who was judged to be another person is awake on it too"))
        return _said(Verdict.HOLD, 0.8, *reasons)
    last = row["carried"][0] if row["carried"] else None
    if awake and last is not None and last[0] != me:
        reasons.append(("shared", f"{len(awake)} others are awake on it, and one of them brought it last"))
        return _said(Verdict.DOUBT, 0.5, *reasons)
    turns = _turns(row)
    crowd = len(persons | {me})
    of_late = {who for who, by_name, *_ in row["carried"] if by_name}
    if crowd >= CROWD or len(of_late) >= CROWD_OF_LATE:
        reasons.append(("many_persons", f"{crowd} persons named themselves with it: it may be nobody's own"))
        return _said(Verdict.DOUBT, 0.5, *reasons)
    if _returns(row) >= RETURNS:
        reasons.append(("many_devices", "several devices send it by turns, as when every copy of an app has it"))
        return _said(Verdict.DOUBT, 0.5, *reasons)
    if own_name:
        reasons.append(("named_last", f"nobody named themselves with it since this person did, at {to_text(own_name)}"))
    elif row["named"]:
        reasons.append(("never_named", "this person never named themselves in an event that carried it"))
    if turns:
        reasons.append(("turns", f"it changed hands {turns} times in the last {len(row['carried'])} events"))
    if row["others"] and not awake:
        reasons.append(("others_asleep", f"{len(row['others'])} others are asleep on it"))
    confidence = 0.97 if own_name else 0.9
    confidence -= min(0.3, 0.05 * turns) + (0.1 if awake else 0.0)
    return _said(Verdict.DELIVER, confidence, *reasons)


def _last_named(row: Row) -> tuple[str, Micros] | None:
    return next(((who, at) for who, by_name, at, _ in row["carried"] if by_name), None)


def _turns(row: Row) -> int:
    """Count how often the person changed among the last named events."""
    names = [who for who, by_name, *_ in row["carried"] if by_name]
    return sum(one != other for one, other in pairwise(names))


def _returns(row: Row) -> int:
    """Count how often a tracker came back after another had come with the same subscription."""
    trackers = [tracker for *_, tracker in row["carried"] if tracker is not None]
    stretches = [tracker for tracker, _ in groupby(trackers)]
    return len(stretches) - len(set(stretches))


def _handed_over(row: Row, mine: Micros) -> Micros | None:
    """Return when somebody else was last named on the device that brought it, if the person is not back since."""
    me = row["contact"]
    found: Micros | None = None
    for holder, has_name, last, elsewhere in row["devices"]:
        if holder == me:
            mine = max(mine, last or 0)
        elif holder is not None and has_name and (last or 0) > mine:
            found = max(found or 0, last)
        for who, at in elsewhere:
            if who != me:
                found = max(found or 0, at)
    return found if found is not None and found > mine else None


def _said(what: Verdict, confidence: float, *reasons: tuple[str, str]) -> Document:
    return {
        "verdict": what.value,
        "confidence": round(confidence, 2),
        "reasons": [{"code": code, "words": words} for code, words in reasons],
    }
