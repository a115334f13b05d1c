"""Where a device was, as far as its events say: coordinates, a country, a time zone.

Read from event properties under the names that trackers commonly give them (`PLACE_PROPERTIES`). A city alone is not
used (the same name stands in many countries), nor is an IP address: without a data set of networks it says nothing
about distance, and a phone changes its network while it lies on the table.
"""

import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import orjson

_NAMES = {
    "lat": "latitude",
    "latitude": "latitude",
    "lon": "longitude",
    "lng": "longitude",
    "longitude": "longitude",
    "country": "country",
    "country_code": "country",
    "timezone": "timezone",
    "time_zone": "timezone",
}
PLACE_PROPERTIES = list(_NAMES)
"""Names of event properties that say where a device is."""

FASTEST = 1_000.0
"""Kilometres an hour that nobody exceeds: airliners cruise at about 900."""
NEAR = 150.0
"""Kilometres below which two places count as one: coordinates guessed from a network are off by as much."""
AT_ONCE = 30 * 60_000
"""Milliseconds within which two countries, or time zones three hours apart, cannot both be visited."""
DEVICES_AT_ONCE = 8
"""Trackers of a contact that a sighting is held against: those that were seen last."""
_EARTH = 6_371.0
_ZONES_APART = 3.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where one event says that it happened; what it does not say is None."""

    latitude: float | None = None
    longitude: float | None = None
    country: str | None = None
    timezone: str | None = None

    def words(self) -> str:
        """Write it for people."""
        parts = [part for part in (self.country, self.timezone) if part]
        if self.latitude is not None and self.longitude is not None:
            parts.append(f"{self.latitude:g}, {self.longitude:g}")
        return ", ".join(parts)


def read_place(properties: Iterable[tuple[str, str]]) -> Place | None:
    """Read a place from names and JSON values; None when they say nothing that can be used."""
    said: dict[str, object] = {}
    for name, text in properties:
        if name in _NAMES:
            said[_NAMES[name]] = orjson.loads(text)
    latitude, longitude = _number(said.get("latitude"), 90.0), _number(said.get("longitude"), 180.0)
    if latitude is None or longitude is None:
        latitude = longitude = None
    country, timezone = said.get("country"), said.get("timezone")
    place = Place(
        latitude,
        longitude,
        country.strip().upper() if isinstance(country, str) and country.strip() else None,
        timezone.strip() if isinstance(timezone, str) and _offset(timezone.strip()) is not None else None,
    )
    return None if place == Place() else place


def impossible(one: Place, other: Place, apart: int) -> tuple[float, str] | None:
    """Return whether one person can be at both places so many milliseconds apart.

    Returns
    -------
    None or (float, str)
        None when that can be, or nobody knows; else how sure it is, from 0 to 1, and the reason in words.

    Notes
    -----
    O(1). Coordinates decide where both have them; countries next; time zones last, since a device may be set to
    any zone.
    """
    minutes = apart / 60_000
    if None not in (one.latitude, other.latitude):
        away = distance(one, other)
        # A minute at least: clocks of devices differ.
        speed = away / (max(minutes, 1.0) / 60)
        if away <= NEAR or speed <= FASTEST:
            return None
        return 1.0 - FASTEST / speed / 2, f"{away:,.0f} km apart within {_spoken(minutes)}"
    if apart > AT_ONCE:
        return None
    if one.country and other.country:
        if one.country == other.country:
            return None
        return 0.7, f"in {one.country} and in {other.country} within {_spoken(minutes)}"
    if one.timezone and other.timezone:
        first, second = _offset(one.timezone), _offset(other.timezone)
        if first is None or second is None or abs(first - second) < _ZONES_APART:
            return None
        return 0.5, f"on {one.timezone} and on {other.timezone} time within {_spoken(minutes)}"
    return None


FarCase = tuple[float, str, int, int]
"""How sure it is that two sightings are not of one person, why, and the numbers of the earlier and the later one."""


def far_cases(sightings: Iterable[tuple[Hashable, int, Place, int]]) -> tuple[list[FarCase], int]:
    """Find pairs of sightings of one contact's devices that one person cannot have made.

    Parameters
    ----------
    sightings
        Of one contact, in order of time: tracker, when in milliseconds, where, and a number that names it.

    Returns
    -------
    list of FarCase, and int
        The second is how many pairs were looked at.

    Notes
    -----
    O(n): each is held against the last one on each of the eight trackers that were seen last.
    """
    cases: list[FarCase] = []
    pairs = 0
    last_on: dict[Hashable, tuple[int, Place, int]] = {}
    for tracker, at, place, number in sightings:
        for other_tracker, (before, where, other) in last_on.items():
            if other_tracker == tracker:
                continue
            pairs += 1
            verdict = impossible(where, place, at - before)
            if verdict is not None:
                cases.append((*verdict, other, number))
        last_on[tracker] = (at, place, number)
        if len(last_on) > DEVICES_AT_ONCE:
            # The one unseen for longest; a person has few devices at once.
            del last_on[min(last_on, key=lambda item: last_on[item][0])]
    return cases, pairs


def far_score(cases: Sequence[FarCase]) -> float:
    """Score how sure it is that a contact is several people, from 0 to 1."""
    # Once may be a wrong clock or a tunnel that ends abroad; again and again is two people.
    return max(case[0] for case in cases) * math.sqrt(1.0 - 0.5 ** len(cases))


def far_contacts(rows: Iterable[Any]) -> Iterator[tuple[int, float]]:
    """Score contacts by their sightings, those that have no case left out.

    Parameters
    ----------
    rows
        ``who, tracker, at, place``, by contact and then in order of time; ``place`` holds ``name, value``.
    """
    for who, own in groupby(rows, key=lambda row: int(row["who"])):
        placed = ((row, read_place([(item["name"], item["value"]) for item in row["place"]])) for row in own)
        cases, _ = far_cases((row["tracker"], row["at"], place, 0) for row, place in placed if place is not None)
        if cases:
            yield who, round(min(1.0, far_score(cases)), 3)


def distance(one: Place, other: Place) -> float:
    """Return the kilometres between two places with coordinates, along the sphere."""
    assert one.latitude is not None
    assert other.latitude is not None
    assert one.longitude is not None
    assert other.longitude is not None
    first, second = math.radians(one.latitude), math.radians(other.latitude)
    across = math.radians(other.longitude - one.longitude)
    half = math.sin((second - first) / 2) ** 2 + math.cos(first) * math.cos(second) * math.sin(across / 2) ** 2
    return 2 * _EARTH * math.asin(min(1.0, math.sqrt(half)))


def _spoken(minutes: float) -> str:
    if minutes < 2:
        return "a minute"
    return f"{minutes:,.0f} minutes" if minutes < 120 else f"{minutes / 60:,.1f} hours"


def _number(value: object, most: float) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
        return None
    return round(float(value), 3)


@lru_cache(maxsize=1024)
def _offset(zone: str) -> float | None:
    """Return a zone's hours from UTC, in January of 2026: which way of the clock it is must not change an answer."""
    try:
        moment = datetime(2026, 1, 15, tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
    except (ValueError, OSError, KeyError):
        return None
    return None if moment is None else moment.total_seconds() / 3600
