"""Visitors that stand for a browser, where a space may not recognise whom its cookies lead to.

Such a visitor is a contact of its own, told by a tracker that is derived from the cookie and the folder. Nothing in the
graph ties it to the known contact; whoever has the cookie finds it, which is how all that is held on a person is found.
"""

import hashlib
from dataclasses import dataclass

from graph.identity.keys import EventKeys
from graph.identity.namespaces import Namespaces
from graph.model import TRACKER, KeyName, KeyRef
from graph.store.database import Transaction

_WORDS: dict[KeyName, str] = {TRACKER: "tracker"}
"""What stands in the hash for a namespace, where that is not its name."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """A visitor that stands for a browser of somebody."""

    contact: str
    folder: str
    key: KeyName
    value: str
    """The cookie, or another key of the device."""


def cookie_of(keys: EventKeys) -> KeyRef:
    """Return the key by which a device is known: its tracker, else its first key of a device, else a subscription."""
    if keys.tracker_id is not None:
        return KeyRef(TRACKER, keys.tracker_id)
    return (*keys.devices, *keys.subscriptions)[0]


def tracker_in(folder: str, cookie: KeyRef) -> str:
    """Name the tracker that stands for a browser in a folder: the same for the same, and for no other folder."""
    name, value = cookie
    digest = hashlib.sha256("\0".join([folder, _WORDS.get(name, name), value]).encode()).hexdigest()
    return f"kf-visitor-{digest[:40]}"


def stand_ins(tx: Transaction, contact_id: str, namespaces: Namespaces) -> list[StandIn]:
    """Find the visitors that stand for a contact's browsers, those of the past included.

    A cookie that somebody else owns now is that one's. A visitor that was folded into others by hand, or was given
    other keys, stands for nobody's browser any more.
    """
    [row] = tx.run("offers.cookies", contact_id=contact_id, names=[*namespaces.devices, *namespaces.subscriptions])
    cookies = [KeyRef(name, value) for name, value in row["cookies"]]
    derived = {tracker_in(folder, cookie): (folder, cookie) for folder in row["folders"] for cookie in cookies}
    if not derived:
        return []
    found = tx.run("offers.stand_ins", trackers=sorted(derived))
    return [StandIn(one["contact"], *_flat(*derived[one["tracker"]])) for one in found]


def _flat(folder: str, cookie: KeyRef) -> tuple[str, KeyName, str]:
    return folder, *cookie
