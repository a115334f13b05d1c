"""Where devices are, and where nobody can be twice."""

import orjson
import pytest

from graph.analysis.places import Place, distance, impossible, read_place

PARIS, SYDNEY = Place(48.857, 2.352), Place(-33.869, 151.209)
MINUTE = 60_000


@pytest.mark.parametrize(
    ("properties", "place"),
    [
        ({"lat": 48.857, "lon": "2.352"}, PARIS),
        ({"latitude": 48.857, "lng": 2.352}, PARIS),
        ({"lat": 48.857}, None),
        ({"lat": 95, "lon": 2}, None),
        ({"lat": "north", "lon": 2}, None),
        ({"lat": True, "lon": False}, None),
        ({"country": " fr "}, Place(country="FR")),
        ({"country_code": 33}, None),
        ({"timezone": "Europe/Paris"}, Place(timezone="Europe/Paris")),
        ({"timezone": "Europe/Atlantis"}, None),
        ({"timezone": "../../secret"}, None),
    ],
)
def test_a_place_is_read_from_what_events_say(properties: dict[str, object], place: Place | None) -> None:
    assert read_place((name, orjson.dumps(value).decode()) for name, value in properties.items()) == place


@pytest.mark.parametrize(
    ("one", "other", "minutes", "cannot"),
    [
        (PARIS, SYDNEY, 10, True),
        (PARIS, SYDNEY, 24 * 60, False),
        (PARIS, Place(48.9, 2.4), 0, False),
        (PARIS, Place(51.5, -0.12), 60, False),
        (PARIS, Place(51.5, -0.12), 10, True),
        (Place(country="FR"), Place(country="AU"), 10, True),
        (Place(country="FR"), Place(country="AU"), 40, False),
        (Place(country="FR"), Place(country="FR"), 1, False),
        (Place(timezone="Europe/Paris"), Place(timezone="Asia/Tokyo"), 5, True),
        (Place(timezone="Europe/Paris"), Place(timezone="Europe/London"), 5, False),
        (PARIS, Place(country="AU"), 1, False),
    ],
)
def test_nobody_is_at_two_far_places_at_once(one: Place, other: Place, minutes: int, cannot: bool) -> None:
    there, back = impossible(one, other, minutes * MINUTE), impossible(other, one, minutes * MINUTE)
    assert (there is not None) is cannot
    assert (there and there[0]) == (back and back[0])


def test_distance_is_along_the_sphere() -> None:
    assert distance(PARIS, SYDNEY) == pytest.approx(16_960, rel=0.01)
    assert distance(Place(0.0, 0.0), Place(0.0, 180.0)) == pytest.approx(20_015, rel=0.001)
