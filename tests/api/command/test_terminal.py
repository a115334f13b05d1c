"""What stands in logs and graphs is shown on a terminal and does nothing there."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.table import Table
from rich.text import Text

from api.command import loads, logs, replay
from api.command.blocked import list_rules
from api.command.edits import unmerge_key
from api.command.output import Teller
from api.http.server_log import JsonLines, TextLines
from api.terminal import Screen, inert, say, visible
from graph.deployment.scratch import ScratchGraph
from graph.errors import BadInput, FieldError
from graph.kinfold import Kinfold
from graph.loads.customers import Refused
from tests.command import run

MARKUP = "[/x] [bold]:smile:[link=https://evil.example]"
ESCAPE = "\x1b]0;title\x1b\\\x1b[2J\x9b31m\u202e"
WRITTEN = r"\x1b]0;title\x1b\\x1b[2J\x9b31m\u202e"


def harmless(text: str) -> bool:
    shown = (one in "\n\t" or 0x20 <= ord(one) < 0x7F or ord(one) >= 0xA0 for one in text)
    return all(shown) and "\u202e" not in text


def test_a_screen_writes_markup_and_escape_sequences_out(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(width=200)
    table = Table(title=MARKUP + ESCAPE)
    table.add_column(MARKUP + ESCAPE)
    table.add_row(MARKUP + ESCAPE)
    table.add_row(Text(MARKUP + ESCAPE + " " * 9))
    screen.print(table)
    screen.print(MARKUP + ESCAPE, soft_wrap=True)
    shown = capsys.readouterr().out
    assert shown.count(MARKUP + WRITTEN) == 5
    assert harmless(shown)


def test_json_for_a_terminal_holds_no_sequence_and_reads_back_as_the_same() -> None:
    document = {MARKUP + ESCAPE: [ESCAPE, "\x7f\u2066é\u2028"]}
    written = inert(orjson.dumps(document))
    assert harmless(written.decode())
    assert orjson.loads(written) == document


def test_a_bad_field_that_looks_like_markup_is_told_and_the_log_goes_on(environment: dict[str, str]) -> None:
    bad = json.dumps({MARKUP: 1, ESCAPE: 2})
    done = run(environment, "resolve", "-", log=f'{bad}\n{{"tracker_id": "t1"}}\n')
    assert done.returncode == 1, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert MARKUP in done.stderr
    assert harmless(done.stdout + done.stderr)


def test_a_replay_tells_keys_that_look_like_markup(
    kinfold: Kinfold, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    subscription = {"subscription": MARKUP, "message_id": ESCAPE}
    events = [{"email": "ana@example.com", "tracker_id": "t1"}, {**subscription, "tracker_id": "t1"}, {ESCAPE: 1}]
    log.write_bytes(b"\n".join(map(orjson.dumps, events)))
    scratch = ScratchGraph(kinfold.database, kinfold.settings)
    with log.open("rb") as stream:
        done = replay.compare(scratch, stream, ["strict", "continuity"], lambda *_: None)
        replay.show(done, stream, 0)
        shown = capsys.readouterr()
    assert MARKUP in shown.out.replace("\n", "")
    assert harmless(shown.out + shown.err)


def test_refusals_of_a_load_are_told_as_they_stand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = loads.Report(None)
    report.begin(tmp_path / MARKUP.replace("/", ""), 0)
    report.add([Refused(1, f"properties.{MARKUP}", "value", ESCAPE)])
    for line in report.shown:
        say(line)
    shown = capsys.readouterr().err
    assert MARKUP in shown.replace("\n", "")
    assert harmless(shown)


def test_edits_by_hand_tell_keys_and_rules_as_they_stand(
    kinfold: Kinfold, resolve: Callable[..., dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    resolve(email="ana@example.com", tracker_id="t1")
    resolve(email="ana@example.com", tracker_id="t2")
    kinfold.blocking.add("value", MARKUP)
    list_rules(kinfold.blocking.rules(), Teller(as_json=False))
    unmerge_key(
        kinfold, f"user_id={MARKUP}\u202e", cascade=False, dry_run=True, yes=False, teller=Teller(as_json=False)
    )
    shown = capsys.readouterr().out
    assert "[link=" in shown
    assert harmless(shown)


def test_a_refusal_is_told_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    Teller(as_json=False).refuse(BadInput([FieldError(MARKUP, "x", ESCAPE)]))
    shown = capsys.readouterr().err
    assert harmless(shown)


@pytest.mark.parametrize("lines", [JsonLines, TextLines])
def test_a_servers_log_has_one_line_a_record_and_no_sequence(lines: type[JsonLines | TextLines]) -> None:
    record = logging.LogRecord("x", logging.WARNING, "", 1, "%s", (f"{ESCAPE}\nforged line",), None)
    line = lines(personal=False).format(record)
    assert len(line.splitlines()) == 1
    assert harmless(line)


def test_a_tally_counts_bad_lines_in_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    tally = logs.Tally()
    tally.add([{"error": {"line": 1, "detail": MARKUP + ESCAPE}}])
    Screen(width=200).print(tally.table(dry_run=False))
    assert visible(MARKUP + ESCAPE) in capsys.readouterr().out
