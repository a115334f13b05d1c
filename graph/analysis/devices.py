"""Which persons use one device: logins that a policy kept apart, put back together by the trackers they came on.

Whoever logs in on somebody else's tracker gets another tracker answered (rules 2.3 and 3), which the browser stores
and sends from then on. A kiosk therefore wanders from tracker to tracker, and none of them meets more than the person
whom it belongs to and the next one. What came on one device is a chain: the tracker that was answered last is the one
that comes next.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np

from graph.analysis.reading import Reading


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


def shared_devices(reading: Reading) -> list[Device]:
    """Put hand-overs that came on one device together, ordered by the device's tracker.

    A hand-over belongs to the device that got its tracker answered in an earlier one, the latest such; where there is
    none, to the device that the tracker belongs to. Browsers that store no answer keep sending their own tracker.

    Notes
    -----
    O(hand-overs · log hand-overs + meetings). A person whose own tracker was answered to a kiosk and who then shares
    a device at home may have the two taken for one: nothing in an event tells them apart.
    """
    over, people = reading.handovers, reading.people
    devices: dict[int, Device] = {}
    # By tracker, the devices that had it answered last and were not seen with it since, the latest at the end.
    holding: defaultdict[int, list[Device]] = defaultdict(list)
    holds: dict[int, int] = {}
    for row in np.argsort(over.at, kind="stable").tolist():
        tracker, answered, contact = int(over.tracker[row]), int(over.answered[row]), int(over.contact[row])
        device = holding[tracker].pop() if holding.get(tracker) else devices.setdefault(tracker, Device(tracker))
        if (before := holds.pop(device.tracker, None)) is not None and device in holding[before]:
            holding[before].remove(device)
        device.logins[contact] += 1
        device.first.setdefault(contact, int(over.at[row]))
        device.trackers[tracker] = None
        device.times.append(int(over.at[row]))
        if answered >= 0 and answered != device.tracker:
            holding[answered].append(device)
            holds[device.tracker] = answered
    met = reading.meetings
    whose = reading.finder.owner(met.person)
    first = np.isin(met.tracker, list(devices)) & (whose >= 0)
    for tracker, contact, at in zip(
        met.tracker[first].tolist(), whose[first].tolist(), met.first[first].tolist(), strict=True
    ):
        device = devices[tracker]
        device.logins.setdefault(contact, 1)
        device.first[contact] = min(at, device.first.get(contact, at))
    for device in devices.values():
        owner = int(reading.finder.owner_of[device.tracker])
        if owner >= 0 and people.known[owner]:
            device.logins.setdefault(owner, 1)
            device.first.setdefault(owner, device.times[0])
    return [devices[tracker] for tracker in sorted(devices) if len(devices[tracker].logins) > 1]
