"""Small planted worlds, resolved event by event on the real database."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.identity.events import read_event
from graph.kinfold import Kinfold

DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def send(kinfold: Kinfold, events: Iterable[dict[str, Any]]) -> list[Any]:
    """Resolve events in their order; one that has no time of its own occurs an hour after the one before."""
    timed = [
        {"occurred_at": (DAY + timedelta(hours=hour)).isoformat(), "message_id": f"m{hour:05}", **event}
        for hour, event in enumerate(events)
    ]
    answers = []
    for start in range(0, len(timed), 100):
        answers += kinfold.resolver.resolve([read_event(event) for event in timed[start : start + 100]])
    return answers


ADDED = {"dismissed", "state", "note", "state_at", "state_by"}


def as_found(item: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a list adds: what a person did about it, and which of its actions are done."""
    actions = [{name: action[name] for name in action if name != "done"} for action in item["actions"]]
    return {name: item[name] for name in item if name not in ADDED} | {"actions": actions}


def bystanders(count: int = 30) -> list[dict[str, Any]]:
    """Plain people: a visit, a log-in and a subscription on one tracker each."""
    events: list[dict[str, Any]] = []
    for number in range(count):
        tracker = f"plain-{number}"
        events += [
            {"tracker_id": tracker},
            {"tracker_id": tracker, "email": f"plain{number}@example.com"},
            {"tracker_id": tracker, "email": f"plain{number}@example.com", "subscription": f"push-plain-{number}"},
        ]
    return events


def shared_subscription(owners: int = 8) -> list[dict[str, Any]]:
    """One subscription that many people log in with, by turns."""
    return [
        {"tracker_id": f"share-{turn % owners}", "email": f"share{turn % owners}@example.com", "subscription": "push-x"}
        for turn in range(owners * 3)
    ]


def named(
    subscription: str, people: list[dict[str, Any]], *, days: int = 3, by_turns: bool = True
) -> list[dict[str, Any]]:
    """People who give their names with one subscription, on devices of their own: by turns, or one after the other."""
    order = [(day, place) for day in range(days) for place in range(len(people))]
    order = order if by_turns else sorted(order, key=lambda item: item[1])
    return [
        {
            "tracker_id": f"{subscription}-{place}",
            "subscription": subscription,
            "occurred_at": (DAY + timedelta(days=number)).isoformat(),
            "message_id": f"{subscription}-{number:03}",
            **people[place],
        }
        for number, (_, place) in enumerate(order)
    ]


def strangers(count: int, name: str = "stranger") -> list[dict[str, Any]]:
    """Addresses of people of whom nothing else is known."""
    return [{"email": f"{name}{number}@example.com"} for number in range(count)]


def kiosk(people: int = 12) -> list[dict[str, Any]]:
    """One browser on which many people log in, anonymous at first."""
    return [{"tracker_id": "kiosk"}] + [
        {"tracker_id": "kiosk", "email": f"reader{turn % people}@example.com"} for turn in range(people * 2)
    ]


def storing(kinfold: Kinfold, events: Iterable[dict[str, Any]]) -> list[Any]:
    """Resolve events one by one on browsers that store the answered tracker, as the tag does; ``device`` names one."""
    stored: dict[str, str] = {}
    answers = []
    for hour, event in enumerate(events):
        sent = {"occurred_at": (DAY + timedelta(hours=hour)).isoformat(), "message_id": f"s{hour:05}", **event}
        device = sent.pop("device")
        sent["tracker_id"] = stored.setdefault(device, device)
        (answer,) = kinfold.resolver.resolve([read_event(sent)])
        stored[device] = answer.tracker_id or stored[device]
        answers.append(answer)
    return answers


def family(number: int, people: int, rounds: int = 4) -> list[dict[str, Any]]:
    """A household's browser on which everybody logs in by turns, each with a phone of its own besides."""
    name = f"family-{number}"
    return [
        {"device": device, "email": f"{name}-{member}@example.com"}
        for _ in range(rounds)
        for member in range(people)
        for device in (name, f"{name}-phone-{member}")
    ]


def bogus_id(hits: int = 60) -> list[dict[str, Any]]:
    """A bot that sends the same user id with a new cookie at every hit."""
    return [{"tracker_id": f"hit-{number}", "user_id": "user_id"} for number in range(hits)]


def handed_on(days: int = 6) -> list[dict[str, Any]]:
    """A subscribed phone that Ana uses day after day, and then Ben, under the subscription that she left on it."""
    owners = ["ana@example.com"] * days + ["ben@example.com"] * days
    return [
        {
            "tracker_id": f"phone-of-{email}",
            "email": email,
            "subscription": "push-old",
            "occurred_at": (DAY + timedelta(days=day)).isoformat(),
        }
        for day, email in enumerate(owners)
    ]


def role_address(trackers: int = 15) -> list[dict[str, Any]]:
    """info@ typed by a different visitor each time, each of whom comes back."""
    first = [{"tracker_id": f"role-{number}"} for number in range(trackers)]
    login = [{"tracker_id": f"role-{number}", "email": "info@firm.example"} for number in range(trackers)]
    return first + login + first


def burst(devices: int = 9) -> list[dict[str, Any]]:
    """Many visitors that turn out to be one user id within minutes."""
    start = DAY + timedelta(days=40)
    visits = [
        {"tracker_id": f"burst-{number}", "occurred_at": (start + timedelta(minutes=number)).isoformat()}
        for number in range(devices)
    ]
    logins = [
        {
            "tracker_id": f"burst-{number}",
            "user_id": "burst-user",
            "occurred_at": (start + timedelta(minutes=20 + number)).isoformat(),
        }
        for number in range(devices)
    ]
    return visits + logins


def far_apart() -> list[dict[str, Any]]:
    """A phone in Paris and a laptop in Sydney, by turns, ten minutes apart."""
    places = {"far-phone": {"lat": 48.85, "lon": 2.35}, "far-laptop": {"lat": -33.87, "lon": 151.2}}
    events: list[dict[str, Any]] = []
    for turn in range(6):
        device = list(places)[turn % 2]
        at = DAY + timedelta(days=50, minutes=10 * turn)
        events.append(
            {
                "tracker_id": device,
                "email": "far@example.com",
                "event": "page_view",
                "event_properties": places[device],
                "occurred_at": at.isoformat(),
            }
        )
    return events
