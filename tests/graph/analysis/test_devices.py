"""Which device a hand-over came on, when several were answered the same tracker."""

import numpy as np
import pytest

from graph.analysis.devices import Device, chains

KIOSK, TABLET = 1, 2
SISTER, BROTHER, STRANGER = 50, 52, 13
HER_PHONE = 500

KIOSK_USED = [(KIOSK, 100, 10), (100, 110, 11), (110, 120, 12), (120, HER_PHONE, SISTER)]
TABLET_USED = [(TABLET, 520, BROTHER), (520, HER_PHONE, SISTER)]

in_either_order = pytest.mark.parametrize(
    "used", [KIOSK_USED + TABLET_USED, TABLET_USED + KIOSK_USED], ids=["kiosk first", "home first"]
)


def devices(*handovers: tuple[int, int, int]) -> dict[int, Device]:
    trackers, answered, contacts = (np.array(column, dtype=np.int32) for column in zip(*handovers, strict=True))
    return chains(trackers, answered, contacts, np.arange(len(handovers), dtype=np.int64))


@pytest.mark.parametrize(
    "used", [KIOSK_USED + TABLET_USED, TABLET_USED + KIOSK_USED], ids=["kiosk first", "home first"]
)
def test_a_stranger_is_on_the_device_that_most_people_use(used: list[tuple[int, int, int]]) -> None:
    found = devices(*used, (HER_PHONE, 130, STRANGER))
    assert set(found[KIOSK].logins) == {10, 11, 12, SISTER, STRANGER}
    assert set(found[TABLET].logins) == {BROTHER, SISTER}


@pytest.mark.parametrize(
    "used", [KIOSK_USED + TABLET_USED, TABLET_USED + KIOSK_USED], ids=["kiosk first", "home first"]
)
def test_whoever_logs_in_again_is_on_the_device_that_they_logged_in_on(used: list[tuple[int, int, int]]) -> None:
    found = devices(*used, (HER_PHONE, 520, BROTHER), (HER_PHONE, 130, STRANGER))
    assert found[TABLET].logins == {BROTHER: 2, SISTER: 1}
    assert set(found[KIOSK].logins) == {10, 11, 12, SISTER, STRANGER}
