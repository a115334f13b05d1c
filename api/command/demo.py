"""A short log told as a story: what came in, who it is, why, and who is who in the end."""

import shlex
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from shutil import which
from typing import Any, BinaryIO
from urllib.parse import quote

import orjson
from rich.table import Table

from api.command.catalogue import load
from api.command.logs import lines
from api.http.batch import resolve_read
from api.http.problems import as_problem
from api.terminal import Screen, say
from graph.errors import KinfoldError
from graph.explore.contacts import Contacts
from graph.identity.events import Event
from graph.identity.namespaces import Namespaces
from graph.kinfold import Kinfold
from graph.model import Answer, KeyName, Outcome
from graph.settings import Settings
from graph.store.changes import acting_as

WIDTH = 120
MOST_PEOPLE = 40

_NAME_PROPERTIES = ("_name", "name", "_first_name", "first_name", "firstName")
_KEY_WORDS: dict[KeyName, str] = {
    "email": "",
    "tracker_id": "browser ",
    "subscription": "push ",
    "user_id": "user ",
}
_OUTCOME_WORDS = {
    Outcome.FOUND: "recognised",
    Outcome.CLAIMED: "this visitor now has a name",
    Outcome.MERGED: "two were one person",
    Outcome.SHARED: "one push subscription, two known people: kept apart",
    Outcome.IGNORED: "set aside: such keys name nobody",
}


@dataclass(frozen=True, slots=True)
class ShopBeside:
    """The server of an example shop, which runs beside Kinfold's."""

    file: Path
    port: int

    @property
    def url(self) -> str:
        """Where browsers find it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def origins(self) -> list[str]:
        """The sites whose pages are to call Kinfold."""
        return [self.url, f"http://localhost:{self.port}"]

    @contextmanager
    def running(self, kinfold: str) -> Iterator[None]:
        """Run it until the end of the block; ``kinfold`` is where Kinfold is."""
        command = [sys.executable, str(self.file), "--port", str(self.port), "--kinfold", kinfold]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def shop_beside(file: Path, port: int) -> ShopBeside | None:
    """Return a shop to run at a port; None, and a line that says why, when something else is there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            say(f"Port {port} cannot be used ({error.strerror}): no shop is there. See --shop-port.")
            return None
        return ShopBeside(file, probe.getsockname()[1])


def tell(
    kinfold: Kinfold,
    stream: BinaryIO,
    url: str | None,
    catalogue: Path | None = None,
    keys: Path | None = None,
    shop: str | None = None,
) -> None:
    """Resolve the log event by event and print it as two tables and what to try next.

    Parameters
    ----------
    catalogue
        A catalogue of offers; with one a third table shows what its spaces offer to whom.
    keys
        A log with keys of declared namespaces; with one a last table shows who is found by them.
    url
        Where the server is going to be; None when there is none.
    shop
        Where the shop is going to be.
    """
    told = Screen(width=WIDTH)
    names = Names(kinfold.contacts)
    story = _story_table("What came in, and who it is")
    events = _resolve(kinfold, stream, names, story)
    told.print(story)
    people = _people(kinfold, names)
    seen = {event.tracker_id for event in events if event.tracker_id}
    told.print(_people_table(names, people, seen))
    if catalogue is not None:
        with acting_as("command"):
            load(kinfold, catalogue.read_bytes())
        told.print(_offers_table(kinfold, names, people, seen))
    if keys is not None:
        others = _story_table("By phone, loyalty card, hashed address and app (examples/keys.yaml)")
        with keys.open("rb") as log:
            _resolve(kinfold, log, names, others)
        told.print(others)
    next_things = _next_things(events, people, url, _in_shell(kinfold.settings), shop)
    told.print(next_things, soft_wrap=True)


def _resolve(kinfold: Kinfold, stream: BinaryIO, names: "Names", story: Table) -> list[Event]:
    """Resolve a log event by event, each a row of the story; return the events."""
    events: list[Event] = []
    for line in lines(stream, kinfold.namespaces):
        [result] = resolve_read(kinfold.resolver.resolve, [line.read])
        if isinstance(line.read, Event) and isinstance(result, Answer):
            events.append(line.read)
            story.add_row(*_row(kinfold, names, line.read, result))
        elif isinstance(result, KinfoldError):
            story.add_row("", f"line {line.number}", "", "", f"refused: {as_problem(result)['detail']}", style="red")
    return events


class Names:
    """What a reader calls the contacts: by name, by address, or as the visitor with a number."""

    def __init__(self, contacts: Contacts) -> None:
        self._contacts = contacts
        self._given: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def learn(self, contact: dict[str, Any]) -> str:
        """Name a contact as it is now."""
        known = contact["properties"]
        proper = next((str(known[name]) for name in _NAME_PROPERTIES if known.get(name)), None)
        name = proper or contact["email"] or next(iter(contact["user_ids"]), None)
        if name is None:
            number = self._numbers.setdefault(contact["id"], len(self._numbers) + 1)
            name = f"visitor {number}" if contact["kind"] == "anonymous" else f"somebody {number}"
        self._given[contact["id"]] = name
        return name

    def of(self, contact_id: str | None) -> str:
        """Return the last name of a contact that may be folded since."""
        if contact_id is None:
            return "somebody"
        if contact_id not in self._given:
            self.learn(self._contacts.get(contact_id))
        return self._given.get(contact_id, contact_id[:8])

    def ids(self) -> list[str]:
        """Every contact that was named."""
        return list(self._given)


def _story_table(title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("when", style="dim", no_wrap=True)
    table.add_column("came in", overflow="fold")
    table.add_column("who", style="bold cyan")
    table.add_column("rule", justify="right")
    table.add_column("that is")
    return table


def _row(kinfold: Kinfold, names: Names, event: Event, answer: Answer) -> tuple[str, ...]:
    folded = [names.of(contact) for contact in answer.merged]
    contact = kinfold.contacts.get(answer.contact.id) if answer.contact and answer.contact.id else None
    when = f"{event.occurred_at:%d %b %H:%M}" if event.occurred_at else "now"
    who = names.learn(contact) if contact else "nobody"
    return when, _came_in(event, kinfold.namespaces), who, answer.rule or "", _in_words(answer, folded, names)


def _came_in(event: Event, namespaces: Namespaces) -> str:
    place = {name: number for number, name in enumerate(_KEY_WORDS)}
    given = sorted(event.carried(namespaces), key=lambda key: place.get(key[0], len(place)))
    return ", ".join(_key(key, value) for key, value in given) or "no key at all"


def _key(key: KeyName, value: str) -> str:
    word = _KEY_WORDS.get(key, f"{key.replace('_', ' ')} ")
    return _short(value) if value.startswith(word.strip()) else f"{word}{_short(value)}"


def _short(value: str) -> str:
    return value if len(value) <= 26 else f"{value[:12]}…{value[-6:]}"


def _in_words(answer: Answer, folded: list[str], names: Names) -> str:
    said = [_outcome_in_words(answer)]
    if folded:
        said.append(f"{' and '.join(folded)} folded in")
    if answer.shared_with and answer.outcome is not Outcome.SHARED:
        said.append("push shared with " + " and ".join(names.of(owner) for owner in answer.shared_with))
    said += [f"{_key(moved.key, moved.value)} left {names.of(moved.from_)}" for moved in answer.moved]
    said += [f"its {conflict.key} stays with {names.of(conflict.owner)}" for conflict in answer.conflicts]
    said += [f"{ignored.key} set aside ({ignored.reason})" for ignored in answer.ignored if answer.contact]
    if answer.limited:
        said.append("held back by a limit")
    return "; ".join(said)


def _outcome_in_words(answer: Answer) -> str:
    if answer.duplicate:
        return f"sent before; then: {answer.outcome}"
    if answer.outcome is Outcome.CREATED:
        return "a new person" if answer.contact and answer.contact.kind == "known" else "a new visitor"
    return _OUTCOME_WORDS[answer.outcome]


def _people(kinfold: Kinfold, names: Names) -> list[dict[str, Any]]:
    people: dict[str, dict[str, Any]] = {}
    for contact_id in names.ids():
        contact = kinfold.contacts.get(contact_id)
        people.setdefault(contact["id"], contact)
    return sorted(people.values(), key=lambda contact: contact["kind"] == "anonymous")


def _people_table(names: Names, people: list[dict[str, Any]], seen: set[str]) -> Table:
    shown = people[:MOST_PEOPLE]
    title = "Who is who" if len(shown) == len(people) else f"Who is who: {len(shown)} of {len(people)}"
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        caption="* shared with another contact; minted: given by Kinfold to a contact that came without a browser",
        caption_justify="left",
    )
    table.add_column("contact", style="bold cyan")
    table.add_column("kind")
    table.add_column("emails and user ids", overflow="fold")
    table.add_column("browsers", overflow="fold")
    table.add_column("push subscriptions", overflow="fold")
    table.add_column("folded in", justify="right")
    for contact in shown:
        table.add_row(*_person_row(names, contact, seen))
    return table


def _person_row(names: Names, contact: dict[str, Any], seen: set[str]) -> tuple[str, ...]:
    subscriptions = (_short(item["id"]) + ("*" if item["shared_with"] else "") for item in contact["subscriptions"])
    return (
        names.learn(contact),
        contact["kind"],
        _stacked([*contact["emails"], *contact["user_ids"]]),
        _stacked(_trackers(contact["trackers"], seen)),
        _stacked(subscriptions),
        str(len(contact["merged_from"]) or ""),
    )


def _trackers(trackers: list[str], seen: set[str]) -> list[str]:
    shown = [_short(tracker) for tracker in trackers if tracker in seen]
    minted = len(trackers) - len(shown)
    return [*shown, f"({minted} minted)"] if minted else shown


def _stacked(values: Iterable[str]) -> str:
    return "\n".join(values)


def _offers_table(kinfold: Kinfold, names: Names, people: list[dict[str, Any]], seen: set[str]) -> Table:
    """Ask every space for somebody new, and those for known people for somebody met by a cookie and by an email."""
    table = Table(title="Who is offered what", title_justify="left", title_style="bold")
    table.add_column("asked", no_wrap=True)
    for heading in ("came in", "identified", "who"):
        table.add_column(heading, overflow="fold")
    table.add_column("answered by", no_wrap=True)
    table.add_column("offers", style="bold cyan", overflow="fold")
    table.add_column("kept in")
    newcomers = count(1)
    for environment in kinfold.catalogues.environments():
        for space in kinfold.catalogues.listed(environment["name"], "spaces"):
            calls: list[Event] = [_call(tracker_id=f"new-{next(newcomers)}")]
            if environment["kind"] == "identified":
                calls += _calls_of_known(people, seen)
            for call in calls:
                table.add_row(*_offers_row(kinfold, names, environment["name"], space["name"], call))
    return table


def _calls_of_known(people: list[dict[str, Any]], seen: set[str]) -> list[Event]:
    for person in people:
        trackers = [tracker for tracker in person["trackers"] if tracker in seen]
        if person["kind"] == "known" and person["email"] and trackers:
            return [_call(tracker_id=trackers[0]), _call(email=person["email"])]
    return []


def _call(**keys: str) -> Event:
    return Event.model_validate(keys)


def _offers_row(kinfold: Kinfold, names: Names, environment: str, space: str, call: Event) -> tuple[str, ...]:
    answer = kinfold.propositions.propose(environment, space, call)
    contact = kinfold.contacts.get(answer["contact"].id) if answer["contact"] else None
    return (
        f"{environment}/{space}",
        _came_in(call, kinfold.namespaces),
        {"none": "not at all"}.get(answer["identification"], f"{answer['identification']}ly"),
        names.learn(contact) if contact else "nobody",
        f"{answer['environment']}/{answer['space']}" if answer["fell_back"] else "itself",
        _stacked(offer["name"] for offer in answer["offers"]) or "none",
        answer["visitors_folder"] or "",
    )


def _in_shell(settings: Settings) -> str:
    """Write the `kinfold` command so that it finds this database from any terminal."""
    words = ["kinfold" if which("kinfold") else shlex.quote(str(Path(sys.executable).with_name("kinfold")))]
    default = Settings.model_fields["home"].get_default(call_default_factory=True, validated_data={})
    if settings.neo4j_uri is None and settings.home != default:
        words.insert(0, f"KINFOLD_HOME={shlex.quote(str(settings.home))}")
    return " ".join(words)


def _next_things(
    events: list[Event], people: list[dict[str, Any]], url: str | None, command: str, shop: str | None
) -> str:
    at = url or "http://127.0.0.1:8000"
    first = "Try next:" if url else "Try next, after `kinfold serve`:"
    richest = max(people, key=lambda contact: len(contact["merged_from"]), default=None)
    if richest is None:
        return f"{first} open {at}"
    key, value = _best_key(richest)
    known = next((event for event in events if event.tracker_id in richest["trackers"]), None)
    tracker = known.tracker_id if known and known.tracker_id else "a-new-browser"
    event = shlex.quote(orjson.dumps({"tracker_id": tracker, "email": "somebody.else@example.com"}).decode())
    return "\n".join(
        [
            first,
            f"  the page    {at}/#/{key}/{quote(value, safe='')}",
            f"  who is it   curl '{at}/v1/contacts?{key}={quote(value, safe='')}'",
            f"  what it did curl '{at}/v1/contacts/{quote(richest['id'], safe='')}/activity?limit=5'",
            f"  what if     curl '{at}/v1/resolve?dry_run=true&explain=true' -d {event}",
            f"  by command  {command} export --key {key}={shlex.quote(value)}",
            *([f"  a shop      {shop}  (offers for visitors, and for Ana once you log in)"] if shop else []),
        ]
    )


def _best_key(contact: dict[str, Any]) -> tuple[KeyName, str]:
    values: dict[KeyName, list[str]] = {
        "email": contact["emails"],
        "user_id": contact["user_ids"],
        "tracker_id": contact["trackers"],
        "subscription": [item["id"] for item in contact["subscriptions"] if "namespace" not in item],
    }
    return next((key, values[key][0]) for key in ("email", "user_id", "tracker_id", "subscription") if values[key])
