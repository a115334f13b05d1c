"""Visitors that stand for a browser, where a space may not recognise whom its cookies lead to.

Such a visitor is a contact of its own, told by a tracker that is derived from the cookie and the folder. Nothing in the
graph ties it to the known contact; whoever has the cookie finds it, which is how all that is held on a person is found.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal

from graph.identity.keys import EventKeys
from graph.store.database import Transaction

CookieName = Literal["tracker_id", "subscription"]

_WORDS: dict[CookieName, str] = {"tracker_id": "tracker", "subscription": "subscription"}


@dataclass(frozen=True, slots=True)
class StandIn:
    """A visitor that stands for a browser of somebody."""

    contact: str
    folder: str
    key: CookieName
    value: str
    """The cookie."""


def cookie_of(keys: EventKeys) -> tuple[CookieName, str]:
    """Name the cookie by which a browser is known: its tracker, else its push subscription."""
    if keys.tracker_id is not None:
        return "tracker_id", keys.tracker_id
    subscription = keys.first("subscription")
    assert subscription is not None
    return "subscription", subscription


def tracker_in(folder: str, cookie: tuple[CookieName, str]) -> str:
    """Name the tracker that stands for a browser in a folder: the same for the same, and for no other folder."""
    name, value = cookie
    digest = hashlib.sha256("\0".join([folder, _WORDS[name], value]).encode()).hexdigest()
    return f"kf-visitor-{digest[:40]}"


def stand_ins(tx: Transaction, contact_id: str) -> list[StandIn]:
    """Find the visitors that stand for a contact's browsers, those of the past included.

    A cookie that somebody else owns now is that one's. A visitor that was folded into others by hand, or was given
    other keys, stands for nobody's browser any more.
    """
    [row] = tx.run("offers.cookies", contact_id=contact_id)
    cookies: list[tuple[CookieName, str]] = [("tracker_id", value) for value in row["trackers"]]
    cookies += [("subscription", value) for value in row["subscriptions"]]
    derived = {tracker_in(folder, cookie): (folder, cookie) for folder in row["folders"] for cookie in cookies}
    if not derived:
        return []
    found = tx.run("offers.stand_ins", trackers=sorted(derived))
    return [StandIn(one["contact"], *_flat(*derived[one["tracker"]])) for one in found]


def _flat(folder: str, cookie: tuple[CookieName, str]) -> tuple[str, CookieName, str]:
    return folder, *cookie
