"""What a page is answered does not depend on anybody else: the same browser in two worlds that differ in other people.

A browser that asks with the key in a page, whatever it tries: it brings its own cookie, logs in with addresses of
others, notes outcomes. In one world nobody else is there; in the other there are people who own these addresses, were
presented and refused what the offers are, were erased, are kept apart or are full. Every answer must be the same.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.identity.events import Event, read_event
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import Database
from tests.api.conftest import open_client
from tests.conftest import empty
from tests.graph.offers.shop import ask, put, resolve

ADDRESSES = ("ana@example.com", "ben@example.com", "cleo@example.com")
LONG_AGO = "2020-01-01T00:00:00Z"
BROWSER, OTHERS = "my cookie", ("their phone", "their laptop")
SPACES = ("home", "footer")

CATALOGUE: dict[str, Any] = {
    "north": {
        "kind": "anonymous",
        "categories": {"shoes": {"at_most": {"count": 3}}, "hats": {"excludes": ["shoes"]}},
        "spaces": {"home": {"offers": 2}, "footer": {"offers": 1}},
        "offers": {
            "once": {"weight": 9, "at_most": {"count": 1}},
            "twice": {"weight": 8, "at_most": {"count": 2, "within": "P7D"}},
            "unless refused": {"weight": 7, "at_most": {"count": 1, "of": "refused"}},
            "until accepted": {"weight": 6, "category": "shoes", "at_most": {"count": 1, "of": "accepted"}},
            "a": {"category": "shoes"},
            "b": {"category": "shoes"},
            "french": {"weight": 3, "where": {"context": "language", "is": "fr"}},
            "hat": {"category": "hats", "weight": 2},
        },
    },
    # Here every offer asks something of the visitor.
    "south": {
        "kind": "anonymous",
        "spaces": {"window": {}},
        "offers": {
            "has seen": {"where": {"event": "seen", "at_least": 1}},
            "has logged in": {"where": {"event": "logged_in", "at_least": 1}},
            "was asked": {"where": {"event": "proposition", "at_least": 2}},
            "red": {"where": {"property": "colour", "is": "red"}},
            "not red": {"where": {"property": "colour", "is_not": "red"}},
            "no colour": {"where": {"property": "colour", "exists": False}},
            "from France": {"where": {"property": "country", "is": "FR"}},
            "likes red": {"where": {"segment": "reds"}},
            "on a list": {"where": {"segment": "list"}},
            "known": {"where": {"kind": "known"}},
            "has an email": {"where": {"key": "email", "exists": True}},
            "was in the north": {"where": {"visitor_of": "north"}},
            "was here": {"where": {"visitor_of": "south"}},
        },
    },
    # What is proposed there is other people's, or this browser's own once somebody has logged in on it.
    "crm": {
        "kind": "identified",
        "spaces": {"home": {"fall_back": True, "anonymous_space": "north/home", "identify_implicitly": True}},
        "offers": {"once": {}, "card": {}},
    },
}

language = st.sampled_from([None, "fr", "de"])
browser_steps = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(SPACES), language),
    st.tuples(st.just("ask all"), language),
    st.tuples(st.just("log in"), st.sampled_from(ADDRESSES)),
    st.tuples(st.just("log out"), st.booleans()),
    st.tuples(st.just("ask there")),
    st.tuples(st.just("track"), st.sampled_from(["seen", "bought"])),
    st.tuples(st.just("say"), st.sampled_from(["red", "blue", None]), st.booleans()),
    st.tuples(st.just("outcome"), st.sampled_from(["presented", "clicked", "accepted", "refused"])),
)
other_steps = st.one_of(
    st.tuples(st.just("is there"), st.sampled_from(ADDRESSES), st.sampled_from(OTHERS)),
    st.tuples(st.just("has"), st.sampled_from(ADDRESSES), st.sampled_from(["FR", "DE"])),
    st.tuples(st.just("is offered"), st.sampled_from(ADDRESSES), st.sampled_from(["accepted", "refused", None])),
    st.tuples(st.just("visits"), st.sampled_from(OTHERS), st.sampled_from(["refused", None])),
    st.tuples(st.just("is erased"), st.sampled_from(ADDRESSES)),
    st.tuples(st.just("is full"), st.sampled_from(ADDRESSES)),
)
history = st.lists(st.tuples(st.lists(other_steps, max_size=2), browser_steps), min_size=2, max_size=7)


PAGE_KEY = "in the page"


@pytest.fixture(scope="module")
def world(shared_database: Database, server: Settings) -> Iterator[Callable[..., tuple[Kinfold, TestClient]]]:
    """Make a world with nobody in it, and give who can do everything there and who has a page's key."""
    keys = Settings(write_key=PAGE_KEY, write_answer="minimal")  # type: ignore[arg-type]
    update = {"write_key": keys.write_key, "write_answer": keys.write_answer, "max_trackers": 3}
    with ExitStack() as opened:

        def world(policy: str = "strict") -> tuple[Kinfold, TestClient]:
            # A world of its own knows nothing of whom another had erased.
            opened.close()
            empty(shared_database)
            kinfold = Kinfold.on(shared_database, server.model_copy(update=update | {"policy": policy}))
            kinfold.segments.define("reds", "dynamic", {"property": "colour", "is": "red"})
            kinfold.segments.define("list", "static")
            put(kinfold, **CATALOGUE)
            client = opened.enter_context(open_client(kinfold))
            client.headers["Authorization"] = f"Bearer {PAGE_KEY}"
            return kinfold, client

        yield world


class Browser:
    """A browser with the key of a page: what it does, and everything that it is answered, times and ids aside."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.told: list[Any] = []
        self.last: list[str] = []

    def do(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("ask", space, said):
                self.asked(f"spaces/{space}/offers", {"context": {"language": said}})
            case ("ask all", said):
                self.asked("offers", {"spaces": list(SPACES), "context": {"language": said}})
            case ("ask there",):
                self.asked("spaces/window/offers", {}, environment="south")
            case ("say", colour, long_ago):
                said = {"properties": {"colour": colour}, **({"occurred_at": LONG_AGO} if long_ago else {})}
                self.resolved(said)
            case ("log in", address):
                self.resolved({"email": address, "event": "logged_in"})
            case ("log out", for_good):
                self.resolved({"event": "logged_out", "logout": for_good})
            case ("track", name):
                self.resolved({"event": name})
            case ("outcome", outcome):
                for proposition in self.last:
                    answer = self.client.post(f"/v1/propositions/{proposition}/outcome", json={"outcome": outcome})
                    said = answer.json()
                    self.told.append((answer.status_code, said["outcome"], said["offers"]))

    def asked(self, path: str, body: dict[str, Any], environment: str = "north") -> None:
        answer = self.client.post(f"/v1/environments/{environment}/{path}", json={"tracker_id": BROWSER, **body})
        said = answer.json()
        spaces = said.pop("spaces", [said])
        self.last = [one.pop("proposition_id") for one in spaces]
        self.told.append((answer.status_code, said, spaces, [one is not None for one in self.last]))

    def resolved(self, event: dict[str, Any]) -> None:
        answer = self.client.post("/v1/resolve", json={"tracker_id": BROWSER, **event})
        self.told.append((answer.status_code, answer.json()))


def happen(kinfold: Kinfold, step: tuple[Any, ...]) -> None:
    match step:
        case ("is there", address, tracker):
            kinfold.resolver.resolve([event(email=address, tracker_id=tracker)])
        case ("has", address, country):
            kinfold.resolver.resolve([event(email=address, properties={"country": country, "colour": "red"})])
            kinfold.segments.put_member("list", kinfold.contacts.owners("email", address)[0]["id"])
        case ("is offered", address, outcome):
            for space in ("north/home", "crm/home"):
                answer = ask(kinfold, space, email=address)
                if outcome and answer["proposition_id"]:
                    kinfold.propositions.note_outcome(answer["proposition_id"], outcome)
        case ("visits", tracker, outcome):
            answer = ask(kinfold, "north/home", tracker_id=tracker)
            if outcome:
                kinfold.propositions.note_outcome(answer["proposition_id"], outcome)
        case ("is erased", address):
            # Only who was there before this browser logged in as them: afterwards it is the browser's own life too.
            owners = kinfold.contacts.owners("email", address)
            if owners and BROWSER not in kinfold.contacts.get(owners[0]["id"])["trackers"]:
                kinfold.erasures.erase(owners[0]["id"])
        case ("is full", address):
            for number in range(3):
                kinfold.resolver.resolve([event(email=address, tracker_id=f"{address} {number}")])


def event(**said: Any) -> Event:
    return read_event(said)


def assert_told_the_same(world: Any, history: Any, policy: str = "strict") -> None:
    told = []
    for peopled in (False, True):
        kinfold, client = world(policy)
        browser = Browser(client)
        for others, step in history:
            for other in others if peopled else ():
                happen(kinfold, other)
            browser.do(step)
        told.append(browser.told)
    assert told[0] == told[1]


@settings(max_examples=5)
@given(history=history)
def test_the_same_browser_is_answered_the_same_whoever_else_is_in_the_graph(world: Any, history: Any) -> None:
    assert_told_the_same(world, history)


WITH_SOMEBODY = [
    ("is there", ADDRESSES[0], OTHERS[0]),
    ("is offered", ADDRESSES[0], "refused"),
    ("is full", ADDRESSES[0]),
]
FOUND: dict[str, list[tuple[list[Any], Any]]] = {
    "somebody who was refused the same, and is full": [
        (WITH_SOMEBODY, ("log in", ADDRESSES[0])),
        ([], ("ask all", None)),
    ],
    "somebody who was erased": [
        ([], ("ask", "home", None)),
        ([("is there", ADDRESSES[0], OTHERS[0]), ("is erased", ADDRESSES[0])], ("log in", ADDRESSES[0])),
        ([], ("ask", "home", None)),
        ([], ("ask", "footer", "fr")),
    ],
    "somebody who was erased, with an offer for what the browser did": [
        ([], ("track", "seen")),
        ([], ("say", "red", False)),
        ([], ("ask", "home", None)),
        ([], ("ask there",)),
        ([("is there", ADDRESSES[0], OTHERS[0]), ("is erased", ADDRESSES[0])], ("log in", ADDRESSES[0])),
        ([], ("ask there",)),
    ],
    "somebody who said other things": [
        ([], ("say", "blue", False)),
        ([("has", ADDRESSES[0], "FR")], ("log in", ADDRESSES[0])),
        ([], ("say", "red", True)),
        ([("has", ADDRESSES[0], "DE")], ("ask there",)),
        ([], ("say", None, False)),
        ([], ("ask there",)),
    ],
    "somebody who is full, with an offer for what the browser said": [
        ([], ("say", "red", False)),
        ([("is full", ADDRESSES[0])], ("log in", ADDRESSES[0])),
        ([], ("track", "seen")),
        ([], ("ask there",)),
        ([], ("ask there",)),
    ],
    "somebody who is full": [
        ([], ("ask", "home", None)),
        ([("is full", ADDRESSES[0])], ("log in", ADDRESSES[0])),
        ([], ("ask", "home", None)),
    ],
    "somebody who comes later": [
        ([], ("ask", "home", None)),
        ([], ("outcome", "refused")),
        ([("is there", ADDRESSES[1], OTHERS[0])], ("log in", ADDRESSES[1])),
        ([("is offered", ADDRESSES[1], "accepted")], ("ask all", "de")),
        ([("is offered", ADDRESSES[1], "refused")], ("ask", "home", None)),
    ],
}


@pytest.mark.parametrize("history", FOUND.values(), ids=FOUND.keys())
def test_a_browser_that_tries_an_address_cannot_tell_whose_it_is(world: Any, history: Any) -> None:
    assert_told_the_same(world, history)


def test_a_browser_that_changes_hands_cannot_tell_whose_it_became(world: Any) -> None:
    history = [
        ([], ("say", "red", False)),
        ([], ("ask", "home", None)),
        ([], ("log in", ADDRESSES[0])),
        ([("is there", ADDRESSES[1], OTHERS[0]), ("is erased", ADDRESSES[1])], ("log in", ADDRESSES[1])),
        ([], ("ask", "home", None)),
        ([], ("ask there",)),
    ]
    assert_told_the_same(world, history, policy="last_login")


def test_conditions_ask_what_this_browser_did_and_said_before_and_after_a_log_in(world: Any) -> None:
    _, client = world()
    browser = Browser(client)
    steps: tuple[tuple[Any, ...], ...] = (
        ("ask there",),
        ("track", "seen"),
        ("say", "red", False),
        ("ask", "home", None),
        ("ask there",),
        ("log in", ADDRESSES[0]),
        ("say", "blue", True),
        ("ask there",),
        ("say", None, False),
        ("ask there",),
    )
    for step in steps:
        browser.do(step)
    names = [{offer["name"] for offer in told[2][0]["offers"]} for told in browser.told if len(told) == 4]
    # A value that was said of long ago undoes none that was said since.
    did = {"has seen", "was asked", "was in the north", "was here"}
    assert names == [
        {"no colour"},
        {"once", "twice"},
        did | {"red", "likes red"},
        did | {"red", "likes red"},
        did | {"no colour"},
    ]


def test_what_a_visitor_was_presented_counts_for_its_browser_before_and_after_a_log_in(world: Any) -> None:
    kinfold, client = world()
    browser = Browser(client)
    for step in (("ask", "home", None), ("log in", ADDRESSES[0]), ("ask", "home", None), ("ask", "home", None)):
        browser.do(step)
    names = [[offer["name"] for offer in told[2][0]["offers"]] for told in browser.told if len(told) == 4]
    assert names == [["once", "twice"], ["twice", "unless refused"], ["unless refused", "until accepted"]]
    assert resolve(kinfold, tracker_id=BROWSER) == resolve(kinfold, email=ADDRESSES[0])
