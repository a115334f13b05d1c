"""The ``kinfold`` command, run as people run it: as a process."""

import gzip
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import IO, Any

import httpx
import pytest

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.store.database import Database, Transaction
from tests.api.pinned import check_problem
from tests.command import KINFOLD, ROOT, run, run_anew

pytestmark = pytest.mark.usefixtures("kinfold")


BLOCKED = "SHOW TRANSACTIONS YIELD status WHERE status STARTS WITH 'Blocked' RETURN count(*) AS blocked"


def until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(ran: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.fixture
def away(environment: dict[str, str]) -> dict[str, str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return {**environment, "NEO4J_URI": f"bolt://127.0.0.1:{port}", "KINFOLD_RETRY_SECONDS": "0.5"}


def test_it_says_its_version(environment: dict[str, str]) -> None:
    ran = run_anew(environment, "--version")
    assert ran.returncode == 0
    assert ran.stdout.startswith("kinfold ")


def test_a_log_is_answered_line_by_line_in_order(environment: dict[str, str], kinfold: Kinfold, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    log.write_text("".join(json.dumps({"tracker_id": f"t{number}"}) + "\n" for number in range(1200)))
    ran = run(environment, "resolve", log)
    assert ran.returncode == 0, ran.stderr
    assert [answer["tracker_id"] for answer in answers(ran)] == [f"t{number}" for number in range(1200)]
    assert "1,200 events" in ran.stderr
    assert "created: 1,200" in ran.stderr
    assert kinfold.contacts.owners("tracker_id", "t1199")


def test_bad_lines_become_errors_and_the_rest_goes_on(environment: dict[str, str]) -> None:
    log = '\ufeff{"tracker_id": "t1"}\r\n\n{"bad\n{"nonsense": 1}\n' + "x" * 200_000 + '\n{"tracker_id": "t2"}'
    ran = run(environment, "resolve", "-", log=log)
    assert ran.returncode == 1
    first, broken, unknown, long, last = answers(ran)
    assert (first["tracker_id"], last["tracker_id"]) == ("t1", "t2")
    assert [bad["error"]["line"] for bad in (broken, unknown, long)] == [3, 4, 5]
    assert check_problem(broken["error"], 422, "bad_input")[0]["rule"] == "json"
    assert check_problem(unknown["error"], 422, "bad_input")[0]["field"] == "nonsense"
    assert check_problem(long["error"], 422, "bad_input")[0]["rule"] == "too_large"
    assert "line 3" in ran.stderr


def test_an_array_and_an_archive_of_segment_messages_are_resolved_as_lines_are(
    environment: dict[str, str], kinfold: Kinfold, tmp_path: Path
) -> None:
    array = run(environment, "resolve", "-", log='[\n{"email": "ana@example.com"}, {"tracker": 1},\n{}\n]')
    assert array.returncode == 1
    assert [answer.get("rule") for answer in answers(array)] == ["2", None, "1"]
    assert answers(array)[1]["error"]["line"] == 2
    messages = [
        {
            "type": "identify",
            "userId": "42",
            "anonymousId": "t1",
            "traits": {"email": "ana@example.com", "plan": "pro"},
        },
        {
            "type": "track",
            "event": "Order",
            "anonymousId": "t1",
            "messageId": "m1",
            "timestamp": "2026-01-01T10:00:00Z",
        },
        {"tracker_id": "t1"},
    ]
    archive = tmp_path / "1.gz"
    archive.write_bytes(gzip.compress("\n".join(map(json.dumps, messages)).encode()))
    for duplicate in (False, True):
        ran = run(environment, "resolve", archive)
        assert ran.returncode == 0, ran.stderr
        assert [answer["rule"] for answer in answers(ran)] == ["2", "5", "5"]
        assert answers(ran)[1]["duplicate"] is duplicate
    [ana] = kinfold.contacts.owners("user_id", "42")
    assert (ana["emails"], ana["trackers"][-1], ana["properties"]) == (["ana@example.com"], "t1", {"plan": "pro"})
    archive.write_bytes(archive.read_bytes()[:-12])
    ran = run(environment, "resolve", archive)
    assert ran.returncode == 2
    assert "damaged, or ends too early" in ran.stderr


def test_a_table_of_events_is_resolved_row_by_row(
    environment: dict[str, str], kinfold: Kinfold, tmp_path: Path
) -> None:
    table = tmp_path / "events.csv"
    table.write_bytes(
        "Email;Tracker ID;event;event_properties.amount;occurred_at;message_id;properties.ville\r\n"
        "ana@example.com;t1;Order;120.50;2026-01-02 10:00:00 +0100;1.0;Besançon\r\n"
        ";t1;Look;;yesterday;2.0;\r\n"
        ";t1;Look;3.00;2026-01-03;3.0;\r\n".encode("cp1252")
    )
    ran = run(environment, "resolve", table)
    assert ran.returncode == 1, ran.stderr
    assert [answer.get("rule") for answer in answers(ran)] == ["2.1", None, "5"]
    assert answers(ran)[1]["error"]["line"] == 2
    assert answers(ran)[1]["error"]["errors"][0]["field"] == "occurred_at"
    [ana] = kinfold.contacts.owners("email", "ana@example.com")
    assert ana["properties"] == {"ville": "Besançon"}
    activity, _ = kinfold.contacts.activity(ana["id"])
    assert [(one["event"], one["event_properties"], one["occurred_at"]) for one in activity] == [
        ("Look", {"amount": 3.0}, "2026-01-03T00:00:00Z"),
        ("Order", {"amount": 120.5}, "2026-01-02T09:00:00Z"),
    ]
    mapping = tmp_path / "map.yaml"
    mapping.write_text("Wer: email\nWas: event\n'*': event_properties\n")
    other = tmp_path / "other.txt"
    other.write_text("Wer\tWas\tPreis\nana@example.com\tKauf\t7\n")
    assert run(environment, "resolve", "--map", mapping, other).returncode == 0
    activity, _ = kinfold.contacts.activity(ana["id"])
    assert [one["event_properties"] for one in activity if one["event"] == "Kauf"] == [{"preis": 7}]
    assert run(environment, "resolve", "--map", mapping, "-").returncode == 2


def test_an_empty_log_is_resolved(environment: dict[str, str]) -> None:
    ran = run(environment, "resolve", "-")
    assert (ran.returncode, ran.stdout) == (0, "")


def test_a_rehearsal_sees_its_own_earlier_batches_and_writes_nothing(
    environment: dict[str, str], kinfold: Kinfold
) -> None:
    log = '{"tracker_id": "t1"}\n{"tracker_id": "t1", "email": "ana@example.com"}\n'
    ran = run({**environment, "KINFOLD_BATCH_SIZE": "1"}, "resolve", "-", "--dry-run", "--explain", log=log)
    assert ran.returncode == 0, ran.stderr
    assert [answer["rule"] for answer in answers(ran)] == ["5", "2.2"]
    assert all(answer["trace"] for answer in answers(ran))
    assert kinfold.contacts.owners("tracker_id", "t1") == []


def test_the_policy_of_a_run_can_be_chosen(environment: dict[str, str]) -> None:
    log = '{"tracker_id": "t1"}\n{"tracker_id": "t1", "subscription": "s1"}\n'
    strict = answers(run(environment, "resolve", "-", "--dry-run", log=log))
    continuity = answers(run(environment, "resolve", "-", "--dry-run", "--policy", "continuity", log=log))
    assert (strict[1]["outcome"], continuity[1]["outcome"]) == ("created", "found")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["resolve", "no-such-file"], "no-such-file: No such file"),
        (["resolve", "."], "is a folder"),
        (["resolve", "-", "--policy", "lenient"], "lenient"),
        (["serve", "--host", "0.0.0.0"], "KINFOLD_ADMIN_KEY"),
        (["serve", "--host", "no.such.host.invalid"], "no host"),
    ],
)
def test_what_cannot_run_says_so_in_a_sentence(environment: dict[str, str], arguments: list[str], words: str) -> None:
    ran = run(environment, *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_bad_setting_is_named(environment: dict[str, str]) -> None:
    ran = run({**environment, "KINFOLD_POLICY": "lenient"}, "resolve", "-")
    assert ran.returncode == 2
    assert "KINFOLD_POLICY" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_without_a_database_nothing_runs(away: dict[str, str]) -> None:
    ran = run(away, "resolve", "-", log="{}\n")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Traceback" not in ran.stderr
    assert ran.stderr.startswith("kinfold: ")


def test_a_reader_that_leaves_ends_it_quietly(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    log.write_text('{"email": "noreply@example.com"}\n' * 20_000)
    with subprocess.Popen(
        [*KINFOLD, "resolve", str(log)], env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


class Running:
    """A command that runs, and what it wrote so far."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [*KINFOLD, *arguments], env=environment, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
        self._followers: list[threading.Thread] = []
        self._queues = {name: self._follow(getattr(self.process, name)) for name in ("stdout", "stderr")}

    def _follow(self, stream: IO[str]) -> "Queue[str]":
        queue: Queue[str] = Queue()

        def follow() -> None:
            for line in stream:
                queue.put(line)

        self._followers.append(threading.Thread(target=follow, daemon=True))
        self._followers[-1].start()
        return queue

    def end(self) -> tuple[int, str]:
        """Wait for its end; the exit code and what it told on stderr that nobody read yet."""
        code = self.process.wait(30)
        for follower in self._followers:
            follower.join(30)
        return code, "".join(self._queues["stderr"].queue)

    def line(self, name: str = "stdout") -> str:
        return self._queues[name].get(timeout=60)

    def send(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(text)
        self.process.stdin.flush()


@pytest.fixture
def running(environment: dict[str, str]) -> Iterator[Any]:
    started: list[Running] = []

    def start(*arguments: str) -> Running:
        started.append(Running(environment, *arguments))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait(30)


def test_a_log_that_comes_slowly_is_answered_at_once(running: Any) -> None:
    command = running("resolve", "-")
    for tracker in ("t1", "t2"):
        command.send(json.dumps({"tracker_id": tracker}) + "\n")
        assert json.loads(command.line())["tracker_id"] == tracker
    command.process.stdin.close()
    assert command.process.wait(30) == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_the_answers_that_were_given(running: Any, number: int, code: int) -> None:
    command = running("resolve", "-")
    command.send('{"tracker_id": "t1"}\n')
    command.line()
    command.process.send_signal(number)
    ended, told = command.end()
    assert ended == code
    assert "Traceback" not in told
    assert "1 event" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_serves_until_it_is_told_to_stop(running: Any, number: int) -> None:
    command = running("serve", "--port", "0")
    url = address_in(command.line("stderr"))
    assert httpx.get(f"{url}/ready").json()["status"] == "ready"
    assert httpx.post(f"{url}/v1/resolve", content=b'{"tracker_id": "t1"}').json()["outcome"] == "created"
    assert "<!doctype html>" in httpx.get(url).text
    command.process.send_signal(number)
    assert command.process.wait(30) == 0


def answer_on(connection: socket.socket) -> bytes:
    """Read one answer to its end."""
    answer = b""
    while not (found := re.search(rb"content-length: (\d+)", answer)) or not (
        b"\r\n\r\n" in answer and len(answer.partition(b"\r\n\r\n")[2]) >= int(found[1])
    ):
        part = connection.recv(65536)
        assert part, answer
        answer += part
    return answer


def test_a_server_told_to_stop_answers_what_is_under_way_and_closes_what_is_idle(
    running: Any, database: Database, kinfold: Kinfold
) -> None:
    known(kinfold, "ana")
    command = running("serve", "--port", "0")
    url = httpx.URL(address_in(command.line("stderr")))
    event = b'{"tracker_id":"t-ana"}'
    head = f"POST /v1/resolve HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(event)}\r\n\r\n"
    with (
        socket.create_connection((url.host, url.port)) as idle,
        socket.create_connection((url.host, url.port)) as busy,
        ThreadPoolExecutor(1) as beside,
    ):
        for connection in (idle, busy):
            connection.settimeout(30)
        idle.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert answer_on(idle).startswith(b"HTTP/1.1 200")
        held, let_go = threading.Event(), threading.Event()

        def hold(tx: Transaction) -> None:
            tx.run_text("MATCH (c:Contact) SET c.kind = c.kind")
            tx.run_text("MATCH (t:Tracker) SET t.value = t.value")
            held.set()
            assert let_go.wait(30)

        holding = beside.submit(database.rehearse, hold)
        assert held.wait(30)
        busy.sendall(head.encode() + event)
        until(lambda: database.read(lambda tx: tx.run_text(BLOCKED)[0]["blocked"]) == 1)
        command.process.send_signal(signal.SIGTERM)
        assert idle.recv(65536) == b"", "a connection on which nobody asks anything is closed"
        with pytest.raises(OSError):
            socket.create_connection((url.host, url.port)).close()
        assert command.process.poll() is None, "it waits for the call that is under way"
        let_go.set()
        answer = answer_on(busy)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"rule":"5"' in answer
        assert busy.recv(65536) == b"", "its connection is closed after the answer"
        holding.result(30)
    assert command.process.wait(30) == 0


def test_a_large_body_is_refused_by_a_real_server_before_it_is_read(running: Any) -> None:
    url = address_in(running("serve", "--port", "0").line("stderr"))
    with socket.create_connection((httpx.URL(url).host, httpx.URL(url).port)) as connection:
        connection.sendall(
            b"POST /v1/resolve/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n{"
        )
        connection.settimeout(30)
        head = connection.recv(65536)
    assert head.startswith(b"HTTP/1.1 413")
    assert b"problem+json" in head


def test_a_port_that_is_taken_is_named(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = run(environment, "serve", "--port", str(taken.getsockname()[1]))
    assert ran.returncode == 2
    assert "--port" in ran.stderr


def address_in(text: str) -> str:
    found = re.search(r"http://[^ ]+", text)
    assert found, text
    return found[0]


def test_the_story_is_told_with_names_and_with_commands_that_work(
    environment: dict[str, str], kinfold: Kinfold
) -> None:
    ran = run(environment, "demo", ROOT / "examples" / "story.ndjson", "--no-serve")
    assert ran.returncode == 0, ran.stderr
    assert "visitor 2 folded in" in re.sub(r"[\s│]+", " ", ran.stdout)
    assert "Who is who" in ran.stdout
    identifier = re.search(r"/v1/contacts/([^/]+)/activity", ran.stdout)
    assert identifier
    assert kinfold.contacts.get(identifier[1])["kind"] == "known"
    by_command = re.search(r"by command +\S*kinfold (.+)", ran.stdout)
    assert by_command
    assert identifier[1] in run(environment, *shlex.split(by_command[1])).stdout
    again = run(environment, "demo", ROOT / "examples" / "story.ndjson", "--no-serve")
    assert again.returncode == 0, again.stderr
    assert "sent before" in again.stdout


def test_the_demo_leaves_the_server_up(running: Any) -> None:
    command = running("demo", str(ROOT / "examples" / "story.ndjson"), "--port", "0")
    url = address_in(command.line("stderr"))
    assert httpx.get(f"{url}/v1/contacts?email=ana@example.com").json()["items"]


def test_the_database_command_says_where_it_is_and_that_it_does_not_run(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {**os.environ, "KINFOLD_HOME": str(home)}
    where = run(environment, "db", "path")
    assert where.returncode == 0
    assert str(home) in where.stdout
    assert run(environment, "db", "status").returncode == 1
    assert run(environment, "db", "stop").returncode == 0


def test_on_any_address_a_server_with_keys_asks_for_them(environment: dict[str, str], running: Any) -> None:
    environment |= {"KINFOLD_ADMIN_KEY": "a-1", "KINFOLD_WRITE_KEY": "w-1,w-2"}
    url = address_in(running("serve", "--host", "0.0.0.0", "--port", "0").line("stderr"))
    assert httpx.get(f"{url}/ready").status_code == 200
    assert httpx.post(f"{url}/v1/resolve", json={}).status_code == 401
    assert httpx.post(f"{url}/v1/resolve", json={}, auth=("w-2", "")).status_code == 200
    assert httpx.get(f"{url}/v1/merges", auth=("w-2", "")).status_code == 403
    assert httpx.get(f"{url}/v1/merges", headers={"Authorization": "Bearer a-1"}).status_code == 200


def test_a_key_is_made_once_listed_without_it_and_revoked(environment: dict[str, str], kinfold: Kinfold) -> None:
    made = run(environment, "keys", "create", "--scope", "admin", "--name", "ops")
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    assert key.startswith("kinfold_admin_")
    found = re.search(r"kinfold keys revoke (\S+)", made.stderr)
    assert found
    assert "An admin key" in made.stderr
    assert key not in made.stderr
    listed = run(environment, "keys", "list", "--json")
    [item] = json.loads(listed.stdout)["items"]
    assert (item["id"], item["scope"], item["name"], item["revoked_at"]) == (found[1], "admin", "ops", None)
    shown = run(environment, "keys", "list").stdout
    assert "ops" in shown
    assert key not in listed.stdout + shown
    assert run(environment, "keys", "revoke", found[1]).returncode == 0
    assert kinfold.access_keys.active() == ()
    nothing = run(environment, "keys", "revoke", "nothing", "--json")
    assert nothing.returncode == 1
    check_problem(json.loads(nothing.stdout)["error"], 404, "not_found")
    for wrong in (["--scope", "everything"], ["--scope", "read", "--answer", "none"], []):
        assert run(environment, "keys", "create", *wrong).returncode == 2
    assert run(environment, "keys", "create", "--scope", "read", "--answer", "minimal").returncode == 1


def test_a_key_that_was_made_lets_a_server_listen_on_any_address_and_revoking_it_opens_nothing(
    environment: dict[str, str], running: Any
) -> None:
    refusal = run(environment, "serve", "--host", "0.0.0.0", "--port", "0")
    assert refusal.returncode == 2
    assert "kinfold keys create" in refusal.stderr
    made = json.loads(run(environment, "keys", "create", "--scope", "read", "--json").stdout)
    url = address_in(running("serve", "--host", "0.0.0.0", "--port", "0").line("stderr"))

    def status() -> int:
        return httpx.get(f"{url}/v1/merges", auth=(made["key"], "")).status_code

    assert (httpx.get(f"{url}/v1/merges").status_code, status()) == (401, 200)
    assert run(environment, "keys", "revoke", made["id"]).returncode == 0
    until = time.monotonic() + 10
    while status() == 200 and time.monotonic() < until:
        time.sleep(0.2)
    assert status() == 401
    assert httpx.get(f"{url}/v1/merges").status_code == 401


def test_where_a_call_comes_from_is_told_by_known_proxies_only(environment: dict[str, str], running: Any) -> None:
    environment |= {"KINFOLD_RATE_PER_ADDRESS": "0.01"}

    def statuses(url: str) -> list[int]:
        return [
            httpx.get(f"{url}/v1/merges", headers={"X-Forwarded-For": f"203.0.113.{turn}"}).status_code
            for turn in (1, 2, 2)
        ]

    assert statuses(address_in(running("serve", "--port", "0").line("stderr"))) == [200, 429, 429]
    environment["KINFOLD_PROXIES"] = "10.0.0.0/8,127.0.0.0/8"
    assert statuses(address_in(running("serve", "--port", "0").line("stderr"))) == [200, 200, 429]


def known(kinfold: Kinfold, name: str) -> str:
    event = read_event({"email": f"{name}@example.com", "tracker_id": f"t-{name}"})
    [answer] = kinfold.resolver.resolve([event])
    assert answer.contact
    assert answer.contact.id
    return answer.contact.id


def test_two_contacts_are_folded_and_unfolded_by_command(environment: dict[str, str], kinfold: Kinfold) -> None:
    ana, ben = known(kinfold, "ana"), known(kinfold, "ben")
    looked = run(environment, "merge", ana, ben, "--dry-run")
    assert looked.returncode == 0, looked.stderr
    assert "ana@example.com" in looked.stdout
    assert "would be folded" in looked.stdout
    assert kinfold.contacts.get(ana)["id"] == ana

    folded = run(environment, "merge", ana, ben)
    assert folded.returncode == 0, folded.stderr
    found = re.search(r"kinfold unmerge (\S+)", folded.stdout)
    assert found
    assert kinfold.contacts.get(ana)["id"] == ben

    looked = run(environment, "unmerge", found[1], "--dry-run", "--json")
    assert {change["contact"] for change in json.loads(looked.stdout)["changes"]} == {ana, ben}
    unfolded = run(environment, "unmerge", found[1], "--json")
    assert unfolded.returncode == 0, unfolded.stderr
    entry = json.loads(unfolded.stdout)
    assert (entry["id"], [one["id"] for one in entry["undone"]]) == (found[1], [found[1]])
    assert kinfold.contacts.get(ana)["id"] == ana

    again = run(environment, "unmerge", found[1])
    assert (again.returncode, again.stdout) == (1, "")
    assert "undone before" in again.stderr


def test_a_refused_union_exits_with_1_and_json_says_why(environment: dict[str, str], kinfold: Kinfold) -> None:
    ana = known(kinfold, "ana")
    ran = run(environment, "merge", ana, "nobody", "--json")
    assert ran.returncode == 1
    check_problem(json.loads(ran.stdout)["error"], 404, "not_found")
    assert run(environment, "merge", ana, ana).returncode == 1


def test_covering_unions_are_undone_first_when_asked_to(environment: dict[str, str], kinfold: Kinfold) -> None:
    ana, ben, cleo = (known(kinfold, name) for name in ("ana", "ben", "cleo"))
    first = kinfold.unions.merge(ana, ben)["id"]
    second = kinfold.unions.merge(ben, cleo)["id"]
    refused = run(environment, "unmerge", first, "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"]["covering"] == [second]
    ran = run(environment, "unmerge", first, "--cascade", "--json")
    assert [one["id"] for one in json.loads(ran.stdout)["undone"]] == [second, first]


def test_what_a_key_has_tied_together_is_listed_and_taken_back(environment: dict[str, str], kinfold: Kinfold) -> None:
    ana, ben, cleo = (known(kinfold, name) for name in ("ana", "ben", "cleo"))
    first = kinfold.unions.merge(ana, ben)["id"]
    second = kinfold.unions.merge(ben, cleo)["id"]
    key = ["unmerge", "--key", "tracker_id=t-ana"]

    looked = run(environment, *key, "--dry-run", "--json")
    assert looked.returncode == 0, looked.stderr
    assert [(one["id"], bool(one["changes"])) for one in json.loads(looked.stdout)["unions"]] == [
        (second, True),
        (first, True),
    ]
    shown = run(environment, *key, "--dry-run")
    assert "What the tracker_id t-ana has tied together" in shown.stdout
    assert ana in re.sub(r"\s|│", "", shown.stdout)

    nobody = run(environment, *key)
    assert nobody.returncode == 2
    assert "--yes" in nobody.stderr
    assert kinfold.contacts.get(ana)["id"] == cleo

    ran = run(environment, *key, "--yes", "--json")
    assert ran.returncode == 0, ran.stderr
    assert [one["id"] for one in json.loads(ran.stdout)["undone"]] == [second, first]
    assert kinfold.contacts.get(ana)["id"] == ana
    assert json.loads(run(environment, *key, "--yes", "--json").stdout) == {"undone": []}


def test_values_are_blocked_and_let_through_by_command(environment: dict[str, str], kinfold: Kinfold) -> None:
    assert run(environment, "block", "add", "Kiosk-7").returncode == 0
    assert run(environment, "block", "add", "bot-.*", "--pattern").returncode == 0
    assert run(environment, "block", "add", "guest", "--allow").returncode == 0
    listed = json.loads(run(environment, "block", "list", "--json").stdout)
    assert {(rule["kind"], rule["value"]) for rule in listed["items"]} == {
        ("value", "kiosk-7"),
        ("pattern", "bot-.*"),
        ("allow", "guest"),
    }
    assert "bot-.*" in run(environment, "block", "list").stdout
    blocks = Kinfold.on(kinfold.database, kinfold.settings).blocking.current().blocks
    assert [blocks("tracker_id", value) for value in ("KIOSK-7", "bot-9", "guest")] == [True, True, False]
    assert run(environment, "block", "add", "kiosk-7", "--namespace", "user_id", "--json").returncode == 0
    assert run(environment, "block", "add", "kiosk-7", "--namespace", "fax").returncode == 1
    assert run(environment, "block", "remove", "kiosk-7").returncode == 0
    blocks = Kinfold.on(kinfold.database, kinfold.settings).blocking.current().blocks
    assert [blocks(name, "kiosk-7") for name in ("tracker_id", "user_id")] == [False, True]
    twice = run(environment, "block", "remove", "kiosk-7")
    assert twice.returncode == 1
    assert "no value rule" in twice.stderr
    assert run(environment, "block", "add", "(", "--pattern").returncode == 1
    assert run(environment, "block", "add", "x", "--pattern", "--allow").returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["unmerge"],
        ["unmerge", "m1", "--key", "email=ana@example.com"],
        ["unmerge", "--key", "cookie=t1"],
        ["unmerge", "--key", "tracker_id"],
        ["merge", "only-one"],
    ],
)
def test_a_command_that_makes_no_sense_runs_nothing(environment: dict[str, str], arguments: list[str]) -> None:
    ran = run(environment, *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Traceback" not in ran.stderr


def test_without_a_database_nothing_is_folded(away: dict[str, str]) -> None:
    ran = run(away, "merge", "a", "b", "--json")
    assert (ran.returncode, ran.stdout) == (2, "")
