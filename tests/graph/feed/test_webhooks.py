"""Deliveries: signed, in order, again until they are taken, and never to where they must not go."""

import base64
import csv
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from fastapi.testclient import TestClient
from neo4j import Transaction as BoltTransaction

from graph.deployment.tasks import FeedTasks, feed_tasks
from graph.errors import BadInput, NotFound
from graph.feed.addresses import Refused, check_url, is_internal
from graph.feed.delivery import Deliveries, NotTaken, Post
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.settings import Settings
from graph.store.database import REPEATABLE

SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four b").decode()
KEY = b"a secret of twenty-four b"


class Receiver:
    """A server on this machine that keeps what it gets and answers as it is told."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        """Statuses of the next answers; 200 when there is none left."""
        self.always: int | None = None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"] or 0))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status = receiver.always or (receiver.answers.pop(0) if receiver.answers else 200)
                self.send_response(status)
                if status in (301, 302, 303, 307, 308):
                    self.send_header("Location", receiver.elsewhere or f"http://127.0.0.1:{receiver.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self.do_POST()

        self.elsewhere = ""
        self._server = ThreadingHTTPServer((host, port), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook?from=kinfold"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def kinds(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.got]

    @property
    def contacts(self) -> list[str]:
        return [json.loads(body)["data"]["contact"] for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def kinfold(database: Any, server: Settings) -> Kinfold:
    return Kinfold.on(database, server.model_copy(update={"webhooks_allow_internal": True}))


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **more: float) -> None:
        self.now += timedelta(**more)


@contextmanager
def deliveries(kinfold: Kinfold, now: Callable[[], datetime] | None = None, **more: Any) -> Iterator[Deliveries]:
    clock = now or (lambda: datetime.now(UTC))
    with Deliveries(kinfold.database, kinfold.feed, kinfold.webhooks, allow_internal=True, now=clock, **more) as made:
        yield made
        made.release()


def create(kinfold: Kinfold, *trackers: str) -> list[str]:
    """Make contacts; return their ids."""
    answers = [kinfold.resolver.resolve([read_event({"tracker_id": tracker})])[0] for tracker in trackers]
    return [str(answer.contact.id) for answer in answers if answer.contact is not None]


def define(kinfold: Kinfold, receiver: Receiver, name: str = "shop", **more: Any) -> None:
    kinfold.webhooks.define(name, receiver.url, SECRET, more.pop("kinds", ["created", "claimed"]), **more)


def test_a_delivery_is_signed_over_its_id_its_time_and_its_body(kinfold: Kinfold, receiver: Receiver) -> None:
    define(kinfold, receiver)
    (ana,) = create(kinfold, "t1")
    with deliveries(kinfold) as sending:
        assert sending.round().taken == 1
    ((headers, body),) = receiver.got
    change = json.loads(body)
    assert change["type"] == "created"
    assert change["data"]["contact"] == ana
    assert change["data"] == kinfold.feed.page()[0][-1]
    assert change["timestamp"] == change["data"]["at"]
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert headers["content-type"] == "application/json"


def test_the_receiver_of_the_documentation_takes_what_is_signed_and_nothing_else(
    kinfold: Kinfold, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    define(kinfold, receiver)
    create(kinfold, "t1")
    with deliveries(kinfold) as sending:
        sending.round()
    ((headers, body),) = receiver.got
    monkeypatch.setenv("KINFOLD_WEBHOOK_SECRET", SECRET)
    page = (Path(__file__).parents[3] / "docs" / "feed.md").read_text(encoding="utf-8")
    scope: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], scope)
    client = TestClient(scope["app"])
    assert client.post("/", content=body, headers=headers).status_code == 204
    assert client.post("/", content=body + b" ", headers=headers).status_code == 401
    later = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}
    assert client.post("/", content=body, headers=later).status_code == 401
    with patch("time.time", return_value=time.time() + 3600):
        assert client.post("/", content=body, headers=headers).status_code == 401


def test_what_was_taken_is_not_sent_again_and_order_is_that_of_the_feed(kinfold: Kinfold, receiver: Receiver) -> None:
    create(kinfold, "before")
    define(kinfold, receiver)
    made = create(kinfold, *(f"t{number}" for number in range(5)))
    with deliveries(kinfold) as sending:
        assert sending.round().taken == 5
        assert sending.round().taken == 0
    assert receiver.contacts == made, "from when it was defined on"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 5


def test_a_webhook_gets_the_kinds_that_it_asks_for_and_moves_past_the_others(
    kinfold: Kinfold, receiver: Receiver
) -> None:
    define(kinfold, receiver, kinds=["claimed"])
    create(kinfold, "t1", "t2")
    kinfold.resolver.resolve([read_event({"tracker_id": "t1", "email": "ana@example.com"})])
    create(kinfold, "t3")
    with deliveries(kinfold) as sending:
        came = sending.round()
        assert (came.taken, came.passed) == (1, 4), "its own definition is no claim either"
        came = sending.round()
        assert (came.taken, came.passed) == (0, 0)
    assert receiver.kinds == ["claimed"]
    last = kinfold.feed.page()[0][-1]["id"]
    assert kinfold.webhooks.get("shop")["position"] == last
    assert kinfold.feed.lag().undelivered == 0


def test_what_is_refused_is_tried_again_later_and_later_and_nothing_overtakes_it(
    kinfold: Kinfold, receiver: Receiver
) -> None:
    define(kinfold, receiver)
    made = create(kinfold, "t1", "t2")
    receiver.answers = [500, 503, 404, 307]
    now = Time()
    pauses = []
    with deliveries(kinfold, now) as sending:
        for _ in range(4):
            assert sending.round().failed == 1
            assert sending.round().failed == 0, "not before its time"
            state = kinfold.webhooks.get("shop")
            pause = datetime.fromisoformat(state["next_try_at"]) - now()
            pauses.append(pause.total_seconds())
            now.pass_by(seconds=pauses[-1] + 0.001)
        assert "redirects are not followed" in state["error"]
        assert kinfold.feed.lag().undelivered == 2
        assert sending.round().taken == 2
    assert receiver.contacts == [made[0]] * 5 + [made[1]]
    assert [pause / first for pause, first in zip(pauses, (5, 10, 20, 40), strict=True)] == pytest.approx(
        [1] * 4, abs=0.25
    )
    assert len({headers["webhook-id"] for headers, _ in receiver.got[:5]}) == 1
    state = kinfold.webhooks.get("shop")
    assert (state["error"], state["failing_since"], state["next_try_at"]) == (None, None, None)


def test_after_a_day_what_waits_is_given_up_and_can_be_replayed(kinfold: Kinfold, receiver: Receiver) -> None:
    define(kinfold, receiver)
    made = create(kinfold, "t1", "t2")
    receiver.always = 500
    now = Time()
    with deliveries(kinfold, now) as sending:
        buried, tries = 0, 0
        while not buried:
            buried = sending.round().buried
            tries += 1
            now.pass_by(minutes=75)
            assert tries < 60
        assert buried == 2
        assert now() - datetime.now(UTC) > timedelta(hours=24)
        assert kinfold.feed.lag().dead_letters == 2
        items, after = kinfold.webhooks.dead("shop", limit=1)
        rest, end = kinfold.webhooks.dead("shop", cursor=after)
        assert [item["change"]["contact"] for item in items + rest] == made
        assert end is None
        assert (items[0]["error"], items[0]["replay"]) == ("answered 500", False)

        receiver.got.clear()
        assert kinfold.webhooks.replay("shop") == 2
        assert sending.round().failed == 2
        assert [item["error"] for item in kinfold.webhooks.dead("shop")[0]] == ["answered 500"] * 2
        assert sending.round().failed == 0, "once each"

        receiver.always = None
        receiver.got.clear()
        later = create(kinfold, "t3")
        kinfold.webhooks.replay("shop")
        assert sending.round().taken == 3
        assert receiver.contacts == made + later
        assert kinfold.webhooks.dead("shop") == ([], None)


def test_a_day_without_an_answer_gives_up_only_what_waited_for_a_day(kinfold: Kinfold, receiver: Receiver) -> None:
    define(kinfold, receiver)
    create(kinfold, "t1")
    receiver.always = 500
    start = Time()
    with deliveries(kinfold, start) as sending:
        sending.round()
    # What comes now is younger than the failure by the day that the test's clock runs ahead.
    later = Time()
    later.now = start.now + timedelta(hours=23)
    with deliveries(kinfold, later) as sending:
        assert sending.round().buried == 0
    assert kinfold.webhooks.dead("shop") == ([], None)


@pytest.mark.parametrize("cut", ["before sending", "after sending", "before the commit"])
def test_a_crash_between_commit_and_delivery_loses_nothing(kinfold: Kinfold, receiver: Receiver, cut: str) -> None:
    class Killed(BaseException):
        pass

    define(kinfold, receiver)
    made = create(kinfold, "t1", "t2", "t3")
    post = Post(allow_internal=True)
    sent = 0

    def send(url: str, body: bytes, headers: Any) -> None:
        nonlocal sent
        sent += 1
        if sent == 2 and cut == "before sending":
            raise Killed
        post(url, body, headers)
        if sent == 2 and cut == "after sending":
            raise Killed
        if sent == 2:
            patched.start()

    patched = patch.object(BoltTransaction, "commit", side_effect=Killed)
    killed = Deliveries(kinfold.database, kinfold.feed, kinfold.webhooks, send=send)
    try:
        with pytest.raises(Killed):
            killed.round()
    finally:
        patch.stopall()
    killed.release()
    with deliveries(kinfold) as sending:
        sending.round()
    again = [] if cut == "before sending" else [made[1]]
    assert receiver.contacts == [made[0], *again, *made[1:]]
    post.close()


def test_one_process_delivers_at_a_time_and_another_takes_over(kinfold: Kinfold, receiver: Receiver) -> None:
    define(kinfold, receiver)
    create(kinfold, "t1")
    with deliveries(kinfold) as first, deliveries(kinfold) as second:
        assert first.hold()
        assert not second.hold()
        assert second.round().taken == 0
        assert first.hold()
        first.release()
        assert second.round().taken == 1
        assert not first.hold()
    assert len(receiver.got) == 1


def test_a_lease_that_was_not_held_on_runs_out(kinfold: Kinfold) -> None:
    with patch("graph.feed.delivery.LEASE_SECONDS", 0), deliveries(kinfold) as first, deliveries(kinfold) as second:
        assert first.hold()
        time.sleep(0.01)
        assert second.hold()


def test_a_webhook_that_fails_does_not_keep_another_waiting(kinfold: Kinfold, receiver: Receiver) -> None:
    kinfold.webhooks.define("broken", "http://127.0.0.1:9/closed", SECRET, ["created"])
    define(kinfold, receiver)
    create(kinfold, "t1")
    with deliveries(kinfold) as sending:
        came = sending.round()
    assert (came.taken, came.failed) == (1, 1)
    assert kinfold.webhooks.get("broken")["error"].startswith("no connection")


def test_the_sweep_keeps_what_a_webhook_has_not_had(kinfold: Kinfold, receiver: Receiver) -> None:
    define(kinfold, receiver)
    create(kinfold, "t1")
    kinfold.feed.number()
    settings = kinfold.settings.model_copy(update={"feed_days": 1})
    with deliveries(kinfold, stopped=lambda: True) as sending:
        tasks = FeedTasks(Kinfold.on(kinfold.database, settings), sending)
        with patch("graph.feed.feed.datetime") as later:
            later.now.return_value = datetime.now(UTC) + timedelta(days=2)
            tasks.turn()
    assert "created" in [change["kind"] for change in kinfold.feed.page()[0]]


def test_a_server_delivers_numbers_and_looks_at_watched_segments_by_itself(
    kinfold: Kinfold, receiver: Receiver
) -> None:
    define(kinfold, receiver, kinds=["created", "segment_entered"])
    kinfold.segments.define("all", "dynamic", {"kind": "anonymous"}, watch=True)
    create(kinfold, "t1")
    with feed_tasks(kinfold):
        wait_for(lambda: set(receiver.kinds) == {"created", "segment_entered"})
    assert kinfold.feed.lag().unnumbered_seconds == 0
    with deliveries(kinfold) as next_one:
        assert next_one.hold(), "the lease was given back"


SERVED = """
import sys
from graph.kinfold import Kinfold, open_kinfold
from graph.identity.events import read_event
from graph.deployment.tasks import feed_tasks
from graph.settings import Settings

with open_kinfold(Settings(webhooks_allow_internal=True)) as kinfold:
    kinfold.resolver.resolve([read_event({"tracker_id": f"killed-{n}"}) for n in range(20)])
    with feed_tasks(kinfold):
        print("committed", flush=True)
        sys.stdin.read()
"""


def test_what_a_killed_process_committed_is_delivered_by_the_next(
    kinfold: Kinfold, receiver: Receiver, environment: dict[str, str]
) -> None:
    define(kinfold, receiver, kinds=["created"])
    receiver.always = 503
    process = subprocess.Popen(
        [sys.executable, "-c", SERVED], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "committed\n"
        wait_for(lambda: bool(receiver.got))
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
    receiver.got.clear()
    receiver.always = None
    end_lease(kinfold)
    kinfold.webhooks.define("shop", receiver.url, kinds=["created"])  # tried at once
    with feed_tasks(kinfold):
        wait_for(lambda: len(set(receiver.contacts)) == 20)
    created = [change["contact"] for change in kinfold.feed.page()[0] if change["kind"] == "created"]
    assert list(dict.fromkeys(receiver.contacts)) == created


def end_lease(kinfold: Kinfold) -> None:
    """Let the lease of a killed process run out now instead of within a minute."""
    kinfold.database.write(
        lambda tx: tx.run_text("MATCH (l:Lease) SET l.until = datetime() - duration('PT1S')"), committed=REPEATABLE
    )


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


INTERNAL = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", INTERNAL)
def test_an_internal_address_is_refused_by_number_and_by_name(address: str) -> None:
    literal = f"[{address}]" if ":" in address else address
    for url, found in ((f"http://{literal}/hook", address), ("https://shop.example.com/hook", address)):
        with pytest.raises(Refused) as refused:
            check_url(url, lookup=lambda *_, found=found: [found])
        assert refused.value.rule == "internal_address"
        assert check_url(url, lookup=lambda *_, found=found: [found], allow_internal=True)


SPECIAL = list(csv.DictReader(Path("tests/cases/special_networks.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("row", SPECIAL, ids=[row["network"] for row in SPECIAL])
def test_no_address_of_a_special_network_passes_for_public(row: dict[str, str]) -> None:
    network = ip_network(row["network"])
    ends = [network[0], network[network.num_addresses // 2], network[-1]]
    wrapped = [IPv6Address(f"{prefix}{one}") for one in ends if one.version == 4 for prefix in ("::ffff:", "64:ff9b::")]
    assert [str(one) for one in (*ends, *wrapped) if not is_internal(one)] == []


def test_addresses_beside_the_special_networks_are_public() -> None:
    beside = (
        "1.1.1.1 192.88.98.255 192.88.100.0 192.0.1.0 192.31.195.255 "
        "2001:200:: 2003:: 2400:: 2620:4f:7fff:ffff:: 2620:4f:8001:: 3ffe:: 64:ff9b::101:101"
    ).split()
    assert [address for address in beside if is_internal(ip_address(address))] == []


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"])
def test_a_public_address_is_let_through(address: str) -> None:
    assert not is_internal(ip_address(address))
    target = check_url("https://shop.example.com:8443/a?b=c", lookup=lambda *_: [address])
    assert target.host == "shop.example.com:8443"
    assert target.name == "shop.example.com"
    assert target.url.endswith(":8443/a?b=c")
    assert "shop" not in target.url


def test_one_internal_address_among_those_of_a_name_is_enough_to_refuse_it() -> None:
    with pytest.raises(Refused):
        check_url("https://shop.example.com", lookup=lambda *_: ["93.184.215.14", "10.0.0.1"])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example.com/",
        "file:///etc/passwd",
        "//shop.example.com/",
        "shop.example.com",
        "http://",
        "http:///hook",
        "https://user:pass@shop.example.com/",
        "https://shop.example.com/#part",
        "https://shop.example.com:0/",
        "https://shop.example.com:99999/",
        "https://[::1/",
        "https://shöp.example.com/",
        "https://shop.example.com/a b",
        "",
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        check_url(url, lookup=lambda *_: ["93.184.215.14"])
    assert refused.value.rule == "url"


def test_a_name_that_nobody_knows_is_refused() -> None:
    def unknown(*_: Any) -> list[str]:
        raise socket.gaierror

    with pytest.raises(Refused) as refused:
        check_url("https://nowhere.invalid/", lookup=unknown, allow_internal=True)
    assert refused.value.rule == "unresolvable"


def test_a_name_that_changes_to_an_internal_address_after_it_was_defined_gets_nothing(receiver: Receiver) -> None:
    found = iter([["93.184.215.14"], ["127.0.0.1"]])
    url = f"http://rebound.example.com:{receiver.port}/hook"
    check_url(url, lookup=lambda *_: next(found))
    post = Post(lookup=lambda *_: next(found))
    with pytest.raises(NotTaken, match="inside this network"):
        post(url, b"{}", {})
    post.close()
    assert receiver.got == []


def test_the_connection_goes_to_the_address_that_was_checked_under_the_hosts_own_name(receiver: Receiver) -> None:
    looks: list[str] = []

    def lookup(host: str, _: int) -> list[str]:
        looks.append(host)
        return ["127.0.0.1"]

    post = Post(allow_internal=True, lookup=lookup)
    post(f"http://only-our-lookup-knows.invalid:{receiver.port}/hook", b"{}", {})
    post.close()
    assert looks == ["only-our-lookup-knows.invalid"]
    assert receiver.got[0][0]["host"] == f"only-our-lookup-knows.invalid:{receiver.port}"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answers = [302]
    post = Post(allow_internal=True)
    with pytest.raises(NotTaken, match="answered 302"):
        post(receiver.url, b"{}", {})
    post.close()
    assert len(receiver.got) == 1


@pytest.fixture
def outside_and_inside() -> Iterator[tuple[Receiver, Receiver]]:
    """Two receivers on one port: at 127.0.0.2, which counts as public here, and at 127.0.0.1, which is internal."""
    outside = Receiver("127.0.0.2")
    inside = Receiver("127.0.0.1", outside.port)
    with patch("graph.feed.addresses.is_internal", lambda address: str(address) != "127.0.0.2"):
        yield outside, inside
    outside.close()
    inside.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["http://127.0.0.1:{port}/", "//127.0.0.1:{port}/", "http://localhost:{port}/"])
def test_a_public_receiver_leads_nobody_inside_by_a_redirect(
    outside_and_inside: tuple[Receiver, Receiver], status: int, to: str
) -> None:
    outside, inside = outside_and_inside
    outside.answers = [status]
    outside.elsewhere = to.format(port=outside.port)
    post = Post()
    with pytest.raises(NotTaken, match=f"answered {status}: redirects are not followed"):
        post(f"http://127.0.0.2:{outside.port}/hook", b"{}", {})
    post.close()
    assert (len(outside.got), inside.got) == (1, [])


def test_a_name_that_is_another_address_at_each_look_leads_nobody_inside(
    outside_and_inside: tuple[Receiver, Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, inside = outside_and_inside
    looks: list[str] = []
    real = socket.getaddrinfo

    def rebound(host: Any, *rest: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name != "rebound.example.com":
            return real(host, *rest, **more)
        looks.append("127.0.0.2" if len(looks) % 2 == 0 else "127.0.0.1")
        return real(looks[-1], *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    post = Post()
    url = f"http://rebound.example.com:{outside.port}/hook"
    post(url, b"{}", {})
    with pytest.raises(NotTaken, match="inside this network"):
        post(url, b"{}", {})
    post(url, b"{}", {})
    post.close()
    assert (len(outside.got), inside.got) == (2, [])
    assert len(looks) == 3, "one look a delivery: the connection makes none of its own"


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "0", "[::ffff:7f00:1]", "[::1]", "[::]"]
)
def test_however_this_machine_is_spelled_the_systems_own_lookup_finds_it_out(receiver: Receiver, host: str) -> None:
    post = Post()
    with pytest.raises(NotTaken, match="inside this network"):
        post(f"http://{host}:{receiver.port}/hook", b"{}", {})
    post.close()
    assert receiver.got == []


def test_a_receiver_that_never_answers_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, patch("graph.feed.delivery.SEND_SECONDS", 0.2):
        post = Post(allow_internal=True)
        with pytest.raises(NotTaken, match=r"no answer within|ReadTimeout"):
            post(f"http://127.0.0.1:{silent.getsockname()[1]}/", b"{}", {})
        post.close()


def test_an_internal_address_is_refused_when_a_webhook_is_defined(database: Any, server: Settings) -> None:
    webhooks = Kinfold.on(database, server).webhooks
    for url, rule in (
        ("http://127.0.0.1:9/", "internal_address"),
        ("http://localhost:9/", "internal_address"),
        ("ftp://example.com", "url"),
    ):
        with pytest.raises(BadInput) as refused:
            webhooks.define("shop", url, SECRET)
        assert [(error.field, error.rule) for error in refused.value.errors] == [("url", rule)]
    assert webhooks.listed() == []


def test_a_webhook_may_be_defined_before_its_name_is_known(database: Any, server: Settings) -> None:
    webhooks = Kinfold.on(database, server).webhooks
    created, document = webhooks.define("shop", "https://nowhere.invalid/hook", SECRET)
    assert created
    assert document["url"] == "https://nowhere.invalid/hook"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"url": None}, ["url"]),
        ({"url": 5}, ["url"]),
        ({"url": "http://127.0.0.1/" + "a" * 2048}, ["url"]),
        ({"secret": None}, ["secret"]),
        ({"secret": ""}, ["secret"]),
        ({"secret": "a" * 256}, ["secret"]),
        ({"secret": 5}, ["secret"]),
        ({"secret": "whsec_not base64"}, ["secret"]),
        ({"secret": "whsec_"}, ["secret"]),
        ({"kinds": ["born"]}, ["kinds"]),
        ({"kinds": "created"}, ["kinds"]),
        ({"kinds": [5]}, ["kinds"]),
        ({"kinds": [["created"]]}, ["kinds"]),
        ({"name": ""}, ["name"]),
        ({"url": "x", "secret": "", "kinds": [1]}, ["url", "secret", "kinds"]),
    ],
)
def test_a_webhook_that_breaks_rules_is_refused_by_every_field(
    kinfold: Kinfold, fields: dict[str, Any], wrong: list[str]
) -> None:
    given = {"name": "shop", "url": "http://127.0.0.1:9/", "secret": SECRET, "kinds": None} | fields
    with pytest.raises(BadInput) as refused:
        kinfold.webhooks.define(**given)
    assert [error.field for error in refused.value.errors] == wrong
    assert kinfold.webhooks.listed() == []


def test_a_webhook_is_shown_without_its_secret_which_stays_when_it_is_left_out(
    kinfold: Kinfold, receiver: Receiver
) -> None:
    new, shown = kinfold.webhooks.define("shop", receiver.url, "plain text")
    assert new
    assert shown["kinds"] == []
    again, _ = kinfold.webhooks.define("shop", receiver.url, kinds=["created"])
    assert not again
    assert "plain text" not in str(kinfold.webhooks.listed()) + str(kinfold.feed.page())
    assert kinfold.webhooks.all()[0].secret == "plain text"
    kinfold.webhooks.remove("shop")
    for call in (kinfold.webhooks.get, kinfold.webhooks.remove, kinfold.webhooks.dead, kinfold.webhooks.replay):
        with pytest.raises(NotFound):
            call("shop")
    told = [(change["kind"], change["webhook"]) for change in kinfold.feed.page()[0]]
    assert told == [("webhook_defined", "shop"), ("webhook_defined", "shop"), ("webhook_removed", "shop")]
