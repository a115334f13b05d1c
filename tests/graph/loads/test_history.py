"""A history that is loaded leaves what resolving it event by event leaves, whatever happens in between."""

import csv
import gzip
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import BadInput, ClashError
from graph.identity.decision import Limits
from graph.identity.events import Event, read_event
from graph.identity.resolver import Prepared, Resolver
from graph.kinfold import Kinfold
from graph.loads.components import Components, connect
from graph.loads.customers import Refused
from graph.loads.event_logs import EventLogs, Sizes
from graph.loads.partitions import Stretch
from graph.loads.ties import read_span, survey
from graph.model import Answer
from graph.store.database import Database
from tests.command import run
from tests.conftest import empty
from tests.graph.identity.test_properties_always import check_invariants, nodes_and_edges

SMALL = Sizes(batch=4, span=700, partition=9, stretch=Stretch(7))
"""So that a short log has many spans, partitions and stretches, and components that go through all of them."""

Line = dict[str, Any]


# --- two graphs, compared up to what is minted ---------------------------------------------------------------


def whole_graph(database: Database) -> tuple[Counter[str], Counter[str]]:
    """Return every node and edge; ids of our making, and times of arrival, are named by their event."""

    # How far the load is stands beside what it has left.
    nodes, edges = nodes_and_edges(database)
    nodes = [node for node in nodes if "Load" not in node["labels"]]
    arrivals = {
        node["properties"]["received_at"]: node["properties"]["message_id"]
        for node in nodes
        if "Activity" in node["labels"]
    }
    names: dict[str, str] = {}

    def text(value: str) -> str:
        return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|kf-[\w-]{24}", lambda it: names.get(it[0], it[0]), value)

    def shown(properties: dict[str, Any]) -> str:
        told = {}
        for name, value in properties.items():
            if isinstance(value, str):
                told[name] = text(value)
            elif isinstance(value, list):
                told[name] = str([text(item) if isinstance(item, str) else item for item in value])
            elif hasattr(value, "to_native"):
                told[name] = f"arrival of {arrivals[value]}" if value in arrivals else str(value)
            else:
                told[name] = repr(value)
        return str(sorted(told.items()))

    for node in nodes:
        properties = node["properties"]
        if {"Contact", "Redirect"} & set(node["labels"]):
            names[properties["id"]] = f"contact of {arrivals[properties['created_at']]}"
        if "KeyChange" in node["labels"]:
            # Minted, and said by what it tells: who it befell, when, and of which key.
            names[properties["id"]] = "of our making"
        if "Change" in node["labels"]:
            for numbering in ("fresh", "seq", "at"):
                properties.pop(numbering, None)
    by_element = {node["element"]: node for node in nodes}
    periods = sorted(
        (by_element[edge["start"]]["properties"]["started_at"], by_element[edge["end"]]["properties"]["value"], edge)
        for edge in edges
        if edge["type"] in ("OF", "WAS_OF")
    )
    for started, tracker, edge in periods:
        names.setdefault(tracker, f"minted by {arrivals[started]}" if tracker.startswith("kf-") else tracker)
        period = by_element[edge["start"]]["properties"]["id"]
        names[period] = f"period of {names[tracker]} since {arrivals[started]}"
    for node in nodes:
        if "Merge" in node["labels"]:
            properties = node["properties"]
            names[properties["id"]] = f"union of {names[properties['source']]} at {arrivals[properties['at']]}"
    described = {
        element: f"{sorted(node['labels'])} {shown(node['properties'])}" for element, node in by_element.items()
    }
    return Counter(described.values()), Counter(
        f"{described[edge['start']]} -{edge['type']} {shown(edge['properties'])}-> {described[edge['end']]}"
        for edge in edges
    )


def assert_same(found: tuple[Counter[str], Counter[str]], wanted: tuple[Counter[str], Counter[str]]) -> None:
    only_here = [item for one, other in zip(found, wanted, strict=True) for item in one - other]
    only_there = [item for one, other in zip(found, wanted, strict=True) for item in other - one]
    lines = [*(f"only here: {item}" for item in only_here), *(f"only there: {item}" for item in only_there)]
    assert not lines, "\n".join(lines)


def people(database: Database) -> list[dict[str, Any]]:
    """Return who is who without times: keys, kind, properties and activity of every contact."""
    rows = database.read(
        lambda tx: tx.run_text("""
            MATCH (c:Contact)
            RETURN c.kind AS kind,
              COLLECT { MATCH (c)-[:OWNS]->(k) RETURN CASE WHEN k.value STARTS WITH 'kf-' THEN 'minted' ELSE k.value END
                AS value ORDER BY value } AS keys,
              COLLECT { MATCH (c)-[:HAS_PROPERTY]->(p {shown: true}) RETURN p.name + '=' + p.value AS p
                ORDER BY p } AS properties,
              COLLECT { MATCH (c)-[:HAS]->()<-[:ON]-(a) RETURN a.message_id + ' ' + a.rule + ' ' + a.outcome AS a
                ORDER BY a } AS activity
        """)
    )
    return sorted(rows, key=lambda row: (row["keys"], row["activity"]))


# --- logs ----------------------------------------------------------------------------------------------------


def random_log(random: Random, events: int, *, places: int) -> list[Line]:
    """Make up events with few keys, so that they meet in every way; in several places that have no key in common."""
    log = []
    for number in range(events):
        place = random.randrange(places)
        event: Line = {"message_id": f"m{number}"}
        if random.random() < 0.4:
            event["email"] = random.choice([f"p{place}-{random.randrange(3)}@Example.com", "noreply@example.com"])
        if random.random() < 0.3:
            event["user_id"] = random.choice([f"u{place}-{random.randrange(3)}"] * 3 + ["undefined", "u\x07"])
        if random.random() < 0.8:
            event["tracker_id"] = random.choice([f"t{place}-{random.randrange(4)}"] * 9 + ["null", "0000-00"])
        if random.random() < 0.4:
            event["subscription"] = f" s{place}-{random.randrange(3)}"
        if random.random() < 0.4:
            event["properties"] = {random.choice("ab"): random.choice(["x", "y", 1, None])}
        if random.random() < 0.5:
            event["occurred_at"] = f"2020-01-0{random.randrange(1, 9)}T00:00:00Z"
        if random.random() < 0.1:
            event["message_id"] = f"m{random.randrange(number + 1)}"
        elif random.random() < 0.2:
            del event["message_id"]
        log.append(event)
    return log


def write_log(path: Path, log: Sequence[Line]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in log))
    return path


def as_loaded(file: Path, log: Sequence[Line]) -> list[Event]:
    """Give events as a load knows them: those without a message id are named by the log and the line."""
    name = hashlib.sha256(file.read_bytes()).hexdigest()[:32]
    return [read_event({"message_id": f"log:{name}:{line}", **event}) for line, event in enumerate(log, start=1)]


def histories(kinfold: Kinfold, policy: str, limits: Limits) -> tuple[EventLogs, Resolver]:
    resolver = Resolver(kinfold.database, policy=policy, limits=limits)
    return EventLogs(kinfold.database, resolver, kinfold.settings), resolver


def check_equal(
    kinfold: Kinfold, folder: Path, log: list[Line], policy: str, limits: Limits, before: Sequence[Line] = ()
) -> None:
    """Load a log, and resolve it event by event, from the same beginning; compare everything."""
    file = write_log(folder / "log.ndjson", log)
    loading, resolver = histories(kinfold, policy, limits)
    past = [read_event(event) for event in before]
    empty(kinfold.database)
    for event in past:
        resolver.resolve([event])
    loaded = loading.load(file, workers=1, work=folder / "work", sizes=SMALL)
    check_invariants(kinfold.database)
    found = whole_graph(kinfold.database)
    empty(kinfold.database)
    answers: list[Answer] = []
    for event in past:
        resolver.resolve([event])
    for event in as_loaded(file, log):
        answers += resolver.resolve([event])
    assert_same(found, whole_graph(kinfold.database))
    repeated = sum(answer.duplicate for answer in answers)
    ignored = sum(answer.contact is None for answer in answers)
    assert (loaded.rows, loaded.repeated, loaded.ignored) == (len(log), repeated, ignored)
    assert loaded.loaded == len(log) - repeated - ignored


POLICIES = ("strict", "continuity", "last_login")
LIMITS = (Limits(), Limits(max_trackers=2, max_subscriptions=1))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("limits", LIMITS, ids=["roomy", "narrow"])
@pytest.mark.parametrize("policy", POLICIES)
def test_a_history_leaves_what_its_events_one_by_one_leave(
    kinfold: Kinfold, tmp_path: Path, policy: str, limits: Limits, seed: int
) -> None:
    check_equal(kinfold, tmp_path, random_log(Random(seed), 60, places=4), policy, limits)


@pytest.mark.parametrize("policy", POLICIES)
def test_it_does_so_where_people_are_in_the_graph_who_own_keys_of_the_log(
    kinfold: Kinfold, tmp_path: Path, policy: str
) -> None:
    # One person per place owns keys that the log's events never carry together.
    random = Random(policy)
    before = [
        {"tracker_id": f"t{place}-{number}", "email": f"p{place}-0@example.com", "message_id": f"b{place}-{number}"}
        for place in range(0, 12, 2)
        for number in range(3)
    ]
    log = [
        event
        for event in random_log(random, 110, places=12)
        if len({"email", "user_id", "tracker_id", "subscription"} & event.keys()) == 1 or random.random() < 0.2
    ]
    check_equal(kinfold, tmp_path, log, policy, Limits(), before)


@settings(
    max_examples=int(os.environ.get("KINFOLD_TEST_EXAMPLES", "100")) // 5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32), events=st.integers(1, 16), policy=st.sampled_from(POLICIES), narrow=st.booleans())
def test_it_does_so_for_any_short_history(
    kinfold: Kinfold, tmp_path: Path, seed: int, events: int, policy: str, narrow: bool
) -> None:
    check_equal(kinfold, tmp_path, random_log(Random(seed), events, places=2), policy, LIMITS[narrow])


# --- who can meet --------------------------------------------------------------------------------------------


def components(folder: Path, log: Sequence[Line], span: int = 150) -> list[int]:
    """Return the component of each line."""
    file = write_log(folder / "log.ndjson", log)
    _, spans = survey(file, span)
    for one in spans:
        read_span(file, one, folder, Resolver(None).block_list, None)  # type: ignore[arg-type]
    found: Components = connect(folder, len(spans))
    keys = [np.fromfile(folder / f"keys-{one.number}.bin", np.uint64) for one in spans]
    return [int(value) for value in found.of(np.concatenate(keys))]


def test_events_are_tied_by_keys_through_any_number_of_others(tmp_path: Path) -> None:
    chain = [{"tracker_id": f"t{number}", "user_id": f"u{number // 2}"} for number in range(20)]
    links = [{"user_id": f"u{number}", "subscription": f"s{number // 2}"} for number in range(4)]
    of = components(tmp_path, [*chain, *links])
    assert len({of[0], of[1], of[2], of[3]}) == 1
    assert len({of[4], of[5], of[6], of[7]}) == 1
    assert len(set(of)) == 2 + 6
    assert [of[20], of[22]] == [of[0], of[4]]


def test_what_does_not_count_ties_nothing(tmp_path: Path) -> None:
    of = components(
        tmp_path,
        [
            {"tracker_id": "t1", "email": "noreply@example.com", "user_id": "undefined"},
            {"tracker_id": "t2", "email": "noreply@example.com", "user_id": "undefined"},
            {"tracker_id": "t3", "email": "no address"},
            {"tracker_id": "t4", "email": "no address"},
            {},
            {},
            {"user_id": "null"},
        ],
    )
    assert len(set(of)) == 7


def test_a_key_of_one_kind_is_not_one_of_another_and_forms_of_one_are_the_same(tmp_path: Path) -> None:
    of = components(
        tmp_path,
        [{"tracker_id": "x"}, {"user_id": "x"}, {"email": " Ana@EXAMPLE.com "}, {"email": "ana@example.com"}],
    )
    assert (len(set(of)), of[2]) == (3, of[3])


def test_a_message_id_ties_the_events_that_have_it(tmp_path: Path) -> None:
    of = components(
        tmp_path,
        [
            {"tracker_id": "a", "message_id": "1"},
            {"tracker_id": "b", "message_id": "2"},
            {"tracker_id": "c", "message_id": "1"},
            {"message_id": "2"},
        ],
    )
    assert (of[0], of[1], len(set(of))) == (of[2], of[3], 2)


# --- bad lines -----------------------------------------------------------------------------------------------


def test_bad_lines_are_told_and_change_nothing(kinfold: Kinfold, database: Database, tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    good = [{"tracker_id": f"t{number}", "email": f"p{number}@example.com"} for number in range(20)]
    lines = [json.dumps(event).encode() for event in good]
    lines[3:3] = [b"no json", b"", b'{"tracker_id": 5, "colour": "red"}', b"  ", b'{"event": "' + b"x" * 40_000 + b'"}']
    lines[15:15] = [b'{"tracker_id": "t1", "properties": {"a": {}}}', b"[]", '{"email": "éé'.encode() + b'\xff"}']
    file.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines))
    said: list[Refused] = []
    loaded = kinfold.histories.load(file, work=tmp_path / "work", workers=1, sizes=SMALL, on_refused=said.extend)
    assert [(item.row, item.field, item.rule) for item in said] == [
        (4, "", "json"),
        (6, "tracker_id", "type"),
        (6, "colour", "unknown_field"),
        (8, "", "too_large"),
        (16, "properties.a", "value"),
        (17, "", "type"),
        (18, "", "json"),
    ]
    assert (loaded.rows, loaded.loaded, loaded.created, loaded.refused) == (26, 20, 20, 6)
    assert [one["keys"] for one in people(database)] == sorted([event["email"], event["tracker_id"]] for event in good)
    assert not list((tmp_path / "work").iterdir())


EVENTS = [{"user_id": str(number), "properties": {"city": "Köln"}} for number in range(1, 41)]
IN_LINES = "".join(json.dumps(event, ensure_ascii=False) + "\r\n" for event in EVENTS)
AS_ARRAY = json.dumps(EVENTS, ensure_ascii=False, indent=2)


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        pytest.param(IN_LINES.encode("utf-8-sig"), None, id="UTF-8"),
        pytest.param(IN_LINES.encode("cp1252"), None, id="Windows-1252"),
        pytest.param(IN_LINES.encode("utf-16"), None, id="UTF-16"),
        pytest.param(IN_LINES.encode("utf-16-be"), None, id="UTF-16 without a mark"),
        pytest.param(IN_LINES.encode("cp437"), "cp437", id="said"),
        pytest.param(gzip.compress(IN_LINES.encode()), None, id="packed"),
        pytest.param(AS_ARRAY.encode(), None, id="array"),
        pytest.param(gzip.compress(AS_ARRAY.encode("utf-16")), None, id="packed array in UTF-16"),
    ],
)
def test_a_history_is_read_however_resolve_reads_it(
    kinfold: Kinfold, database: Database, tmp_path: Path, raw: bytes, encoding: str | None
) -> None:
    file = tmp_path / "log"
    file.write_bytes(raw)
    load = partial(kinfold.histories.load, file, work=tmp_path / "work", workers=1, encoding=encoding, sizes=SMALL)
    assert load().loaded == len(EVENTS)
    assert [one["keys"] for one in people(database)] == sorted([event["user_id"], "minted"] for event in EVENTS)
    [found] = kinfold.contacts.owners("user_id", "7")
    assert kinfold.contacts.get(found["id"])["properties"] == {"city": "Köln"}
    assert load().before
    assert not list((tmp_path / "work").iterdir())


def test_lines_of_a_history_in_utf_16_keep_their_numbers(kinfold: Kinfold, tmp_path: Path) -> None:
    file = tmp_path / "log"
    long = '{"event": "' + "x" * 40_000 + '"}'
    file.write_bytes("\n".join(["", '{"user_id": "1"}', "", long, "no json", '{"user_id": "2"}']).encode("utf-16"))
    said: list[Refused] = []
    loaded = kinfold.histories.load(file, work=tmp_path / "work", workers=1, on_refused=said.extend)
    assert [(item.row, item.rule) for item in said] == [(4, "too_large"), (5, "json")]
    assert (loaded.rows, loaded.loaded) == (4, 2)


def test_a_history_that_is_cut_off_is_not_begun(kinfold: Kinfold, database: Database, tmp_path: Path) -> None:
    for name, raw in (("array", AS_ARRAY[:-200].encode()), ("packed", gzip.compress(IN_LINES.encode())[:-20])):
        file = tmp_path / name
        file.write_bytes(raw)
        with pytest.raises(BadInput, match=r"does not end|ends too early"):
            kinfold.histories.load(file, work=tmp_path / "work", workers=1)
    assert people(database) == []


def test_an_empty_log_is_loaded(kinfold: Kinfold, tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    file.write_bytes(b"\n")
    loaded = kinfold.histories.load(file, work=tmp_path)
    assert (loaded.rows, loaded.loaded, loaded.refused) == (0, 0, 0)


def test_an_event_that_no_transaction_can_hold_is_told_and_the_others_are_resolved(
    kinfold: Kinfold, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_and = Resolver.resolve_and

    def poisoned(self: Resolver, prepared: Sequence[Prepared], *rest: Any, **more: Any) -> list[Answer]:
        if any(item.message_id == "m7" for item in prepared):
            raise RuntimeError("poisoned")
        return resolve_and(self, prepared, *rest, **more)

    monkeypatch.setattr(Resolver, "resolve_and", poisoned)
    log = [{"tracker_id": f"t{number % 5}", "message_id": f"m{number}"} for number in range(20)]
    said: list[Refused] = []
    file = write_log(tmp_path / "log.ndjson", log)
    loaded = kinfold.histories.load(file, work=tmp_path, workers=1, sizes=SMALL, on_refused=said.extend)
    assert [(item.row, item.rule) for item in said] == [(8, "failed")]
    assert (loaded.rows, loaded.loaded, loaded.refused) == (20, 19, 1)
    assert sum(len(one["activity"]) for one in people(database)) == 19


def test_a_fault_that_every_event_meets_ends_the_load(
    kinfold: Kinfold, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_log(tmp_path / "log.ndjson", [{"tracker_id": f"t{number}"} for number in range(8)])
    with monkeypatch.context() as broken:
        broken.setattr("graph.identity.resolver.write_working_set", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            kinfold.histories.load(file, work=tmp_path, workers=1, sizes=SMALL)
    assert people(database) == []


# --- stopped, and again --------------------------------------------------------------------------------------


def test_a_load_that_fails_goes_on_behind_its_last_batches(
    kinfold: Kinfold, database: Database, tmp_path: Path
) -> None:
    log = random_log(Random(5), 80, places=6)
    file = write_log(tmp_path / "log.ndjson", log)
    loading = kinfold.histories
    for stop_at in (("read", 1), ("part", 1), ("resolve", 1), ("resolve", 20), ("resolve", 50)):

        def stop(what: str, done: int, _: int, stop_at: tuple[str, int] = stop_at) -> None:
            if what == stop_at[0] and done >= stop_at[1]:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            loading.load(file, work=tmp_path / "work", workers=1, sizes=SMALL, on_progress=stop)
    assert 30 <= done(database) < 60
    loaded = loading.load(file, work=tmp_path / "work", workers=1, sizes=SMALL)
    found = whole_graph(database)
    empty(database)
    answers = [answer for event in as_loaded(file, log) for answer in kinfold.resolver.resolve([event])]
    assert_same(found, whole_graph(database))
    assert (loaded.rows, loaded.repeated) == (80, sum(answer.duplicate for answer in answers))


def test_a_parted_log_that_was_lost_is_parted_again_and_nothing_is_done_twice(
    kinfold: Kinfold, database: Database, tmp_path: Path
) -> None:
    log = random_log(Random(6), 80, places=6)
    file = write_log(tmp_path / "log.ndjson", log)

    def stop(what: str, done: int, _: int) -> None:
        if what == "resolve" and done >= 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kinfold.histories.load(file, work=tmp_path / "here", workers=1, sizes=SMALL, on_progress=stop)
    with pytest.raises(KeyboardInterrupt):
        kinfold.histories.load(file, work=tmp_path / "there", workers=1, sizes=SMALL, on_progress=stop)
    # The one that is found here was replaced since, and says nothing about the graph as it is.
    loaded = kinfold.histories.load(file, work=tmp_path / "here", workers=1, sizes=replace(SMALL, partition=30))
    found = whole_graph(database)
    empty(database)
    for event in as_loaded(file, log):
        kinfold.resolver.resolve([event])
    assert_same(found, whole_graph(database))
    assert loaded.repeated >= 30
    again = kinfold.histories.load(file, work=tmp_path / "here", workers=1, anew=True)
    assert (again.loaded, again.repeated) == (0, 80 - again.ignored)
    assert kinfold.histories.load(file, work=tmp_path / "here").before


def test_a_log_that_two_load_is_loaded_by_one(kinfold: Kinfold, database: Database, tmp_path: Path) -> None:
    log = [{"tracker_id": f"t{number}"} for number in range(1, 41)]
    file = write_log(tmp_path / "log.ndjson", log)

    def intrude(what: str, done: int, _: int) -> None:
        if what == "resolve" and done >= 10:
            with pytest.raises(ClashError, match="Another process"):
                kinfold.histories.load(file, work=tmp_path / "here", workers=1, sizes=SMALL)
            kinfold.histories.load(file, work=tmp_path / "on another machine", workers=1, sizes=SMALL)

    with pytest.raises(ClashError, match="Another process"):
        kinfold.histories.load(file, work=tmp_path / "here", workers=1, sizes=SMALL, on_progress=intrude)
    assert len(people(database)) == 40


def test_a_log_that_is_loaded_anew_is_not_taken_away_by_who_finds_it_loaded(
    kinfold: Kinfold, database: Database, tmp_path: Path
) -> None:
    file = write_log(tmp_path / "log.ndjson", [{"tracker_id": f"t{number}"} for number in range(1, 41)])
    kinfold.histories.load(file, work=tmp_path / "here", workers=1, sizes=SMALL)
    intruded = []

    def intrude(what: str, done: int, _: int) -> None:
        if what == "part":  # the record still says that it is loaded
            with pytest.raises(ClashError, match="Another process"):
                kinfold.histories.load(file, work=tmp_path / "here", workers=1, sizes=SMALL)
            intruded.append(done)

    anew = kinfold.histories.load(file, anew=True, work=tmp_path / "here", workers=1, sizes=SMALL, on_progress=intrude)
    assert (anew.repeated, bool(intruded)) == (40, True)


def done(database: Database) -> int:
    """Return how many activities are there."""
    rows = database.read(lambda tx: tx.run_text("MATCH (a:Activity) RETURN count(a) AS times"))
    return int(rows[0]["times"])


def test_a_load_that_is_killed_loses_nothing_and_does_nothing_twice(
    kinfold: Kinfold, database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    log = random_log(Random(7), 4_000, places=500)
    file = write_log(tmp_path / "log.ndjson", log)
    with file.open("ab") as stream:
        stream.write(b"no event\n" * 3)
    report = tmp_path / "refused.ndjson"
    arguments = ("load", "--history", file, "--workers", 2, "--work", tmp_path / "work", "--report", report)
    command = [sys.executable, "-c", "from api.command.program import main; main()", *map(str, arguments)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not done(database):
        time.sleep(0.01)
    assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 0 < done(database) < 3_000
    ran = run(environment, *map(str, arguments), "--json")
    assert ran.returncode == 1, ran.stderr
    (told,) = json.loads(ran.stdout)["files"]
    assert (told["rows"], told["refused"]) == (4_003, 3)
    assert told["loaded"] == done(database)
    assert [json.loads(line)["line"] for line in report.read_text().splitlines()] == [4_001, 4_002, 4_003]
    check_invariants(database)
    found = people(database)
    empty(database)
    events = as_loaded(file, log)
    for start in range(0, len(events), 1_000):
        kinfold.resolver.resolve(events[start : start + 1_000])
    assert found == people(database)


def test_the_command_says_what_came_of_a_log(environment: dict[str, str], kinfold: Kinfold, tmp_path: Path) -> None:
    log = [{"tracker_id": "t1", "email": f"p{number}@example.com"} for number in range(3)]
    file = write_log(tmp_path / "log.ndjson", [*log, {"user_id": "null"}])
    with file.open("a") as stream:
        stream.write('{"colour": 1}\n')
    report = tmp_path / "refused.csv"
    more = {**environment, "KINFOLD_HOME": str(tmp_path / "home")}
    ran = run(more, "load", "--history", file, "--report", report, "--policy", "last_login")
    assert ran.returncode == 1, ran.stderr
    assert "5 lines; 3 resolved, of which 3 made a contact; 0 were there; 1 with blocked keys alone; 1 refused" in (
        ran.stdout
    )
    with report.open(newline="") as text:
        assert [(line["line"], line["field"], line["rule"]) for line in csv.DictReader(text)] == [
            ("5", "colour", "unknown_field")
        ]
    (last,) = kinfold.contacts.owners("tracker_id", "t1")
    assert kinfold.contacts.get(last["id"])["email"] == "p2@example.com"
    again = run(more, "load", "--history", file)
    assert "was loaded before; nothing changed" in again.stdout
    assert run(more, "load", "--workers", "2", file).returncode == 2
    assert run(more, "load", "--history", tmp_path / "nothing").returncode == 2
