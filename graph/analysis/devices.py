"""Which persons use one device: logins that a policy kept apart, put back together by the trackers they came on.

Whoever logs in on somebody else's tracker gets another tracker answered (rules 2.3 and 3), which the browser stores
and sends from then on. A kiosk therefore wanders from tracker to tracker, and none of them meets more than the person
whom it belongs to and the next one. What came on one device is a chain: the tracker that was answered last is the one
that comes next.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(slots=True)
class Device:
    """A device on which more than one person logged in.

    Attributes
    ----------
    tracker
        The tracker that it was first seen with when it changed hands: a number of `People.keys`.
    logins
        By contact, how often it took the device over from somebody else; the first one's own beginning counts as one.
    first
        By contact, when it was first seen to log in there, in milliseconds.
    trackers
        All that it was seen with, in order.
    times
        When it changed hands, in milliseconds.
    """

    tracker: int
    logins: Counter[int] = field(default_factory=Counter)
    first: dict[int, int] = field(default_factory=dict)
    trackers: dict[int, None] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Devices:
    """Shared devices, ordered by their first tracker, and every tracker that one of them was seen with."""

    shared: list[Device]
    trackers: frozenset[int]


def chains(
    trackers: npt.NDArray[np.integer],
    answered: npt.NDArray[np.integer],
    contacts: npt.NDArray[np.integer],
    at: npt.NDArray[np.integer],
) -> dict[int, Device]:
    """Put hand-overs that came on one device together, by the device's first tracker.

    A hand-over belongs to a device that got its tracker answered in an earlier one; where there is none, to the device
    that the tracker belongs to. Of several it is the one on which this person logged in before, else the one that most
    people use, the latest such. Browsers that store no answer keep sending their own tracker.

    Parameters
    ----------
    trackers, answered, contacts, at
        One entry a hand-over, as in `graph.analysis.reading.Handovers`; those of one moment in their order.

    Notes
    -----
    O(hand-overs · log hand-overs), and as many devices as hold one tracker at a time. Whoever first logs in at home on
    a tracker that a kiosk holds too is taken for the kiosk's: nothing in an event tells the two apart.
    """
    devices: dict[int, Device] = {}
    # By tracker, the devices that had it answered last and were not seen with it since, the latest at the end.
    holding: defaultdict[int, list[Device]] = defaultdict(list)
    holds: dict[int, int] = {}
    for row in np.argsort(at, kind="stable").tolist():
        tracker, answer, contact, moment = int(trackers[row]), int(answered[row]), int(contacts[row]), int(at[row])
        device = _device_of(tracker, contact, holding.get(tracker, []), devices)
        if (before := holds.pop(device.tracker, None)) is not None and device in holding[before]:
            holding[before].remove(device)
        device.logins[contact] += 1
        device.first.setdefault(contact, moment)
        device.trackers[tracker] = None
        device.times.append(moment)
        if answer >= 0 and answer != device.tracker:
            holding[answer].append(device)
            holds[device.tracker] = answer
    return devices


def _device_of(tracker: int, contact: int, holding: list[Device], devices: dict[int, Device]) -> Device:
    """Find the device that a tracker came on when a person logged in there."""
    own = devices.get(tracker)
    known = [device for device in ([own] if own is not None else []) + holding if contact in device.logins]
    if known:
        return known[-1]
    if not holding:
        return devices.setdefault(tracker, Device(tracker))
    most = max(len(device.logins) for device in holding)
    return [device for device in holding if len(device.logins) == most][-1]


def shared_devices(
    devices: dict[int, Device],
    trackers: npt.NDArray[np.integer],
    contacts: npt.NDArray[np.integer],
    first: npt.NDArray[np.integer],
    owners: Mapping[int, int],
) -> Devices:
    """Add who else logged in on each device's first tracker, and keep those of more than one person.

    Parameters
    ----------
    devices
        As `chains` gives them; they are completed.
    trackers, contacts, first
        One entry a meeting of such a tracker and a person: the tracker, whose the person key is, when they first met.
    owners
        By such a tracker, its owner, where that is known.

    Notes
    -----
    O(devices + meetings).
    """
    for tracker, contact, at in zip(trackers.tolist(), contacts.tolist(), first.tolist(), strict=True):
        device = devices[tracker]
        device.logins.setdefault(contact, 1)
        device.first[contact] = min(at, device.first.get(contact, at))
    for tracker, owner in owners.items():
        device = devices[tracker]
        device.logins.setdefault(owner, 1)
        device.first.setdefault(owner, device.times[0])
    shared = [devices[tracker] for tracker in sorted(devices) if len(devices[tracker].logins) > 1]
    return Devices(shared, frozenset(tracker for device in shared for tracker in device.trackers))
