"""``kinfold simulate`` and ``kinfold replay``, run as people run them: as processes, with scratch graphs."""

import io
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from rich.console import Console

from api.command.simulate import tables
from graph.simulation import Parameters, World
from graph.simulation.detection import Detection
from graph.simulation.metrics import Agreement, Fused, Quality
from graph.simulation.pushes import Pushes
from graph.simulation.score import Method, Score, Suggested
from tests.api.command.test_command import answers
from tests.command import KINFOLD, ROOT, run, run_anew

LOG = """\
{"tracker_id": "b", "email": "ana@example.com", "message_id": "m1"}
{"nonsense": 1}
{"tracker_id": "b", "subscription": "s2", "message_id": "m2"}
"""


@pytest.fixture
def environment() -> dict[str, str]:
    """An environment in which nobody answers where the deployment's database should be: no command here needs it."""
    return {**os.environ, "NEO4J_URI": "bolt://127.0.0.1:1", "NEO4J_USER": "neo4j", "NEO4J_PASSWORD": "none"}


@pytest.fixture
def scratch_folder(environment: dict[str, str], tmp_path: Path) -> Path:
    """Where the commands of a test keep what is to vanish; short, for the database's sockets."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    environment["TMPDIR"] = str(folder)
    return folder


def test_a_world_is_events_on_stdout_and_the_truth_in_a_file(environment: dict[str, str], tmp_path: Path) -> None:
    truth = tmp_path / "truth.ndjson"
    ran = run(environment, "simulate", "--people", "30", "--seed", "5", "--truth", truth)
    assert ran.returncode == 0, ran.stderr
    world = World(30, seed=5)
    happenings = list(world.happenings())
    assert answers(ran) == [each.event for each in happenings]
    told = [json.loads(line) for line in truth.read_text().splitlines()]
    assert told[: len(happenings)] == [each.truth.to_dict() for each in happenings]
    assert told[len(happenings) :] == [{"planted": one.to_dict()} for one in world.planted()]
    assert told[-1]["planted"]["subject"].keys() == {"type", "value"}
    again = run_anew(environment, "simulate", "--people", "30", "--seed", "5")
    assert again.stdout == ran.stdout


def test_a_parameter_can_be_changed(environment: dict[str, str]) -> None:
    ran = run(environment, "simulate", "--people", "20", "--set", "visits=2", "--set", "bots_per_thousand=0")
    parameters = Parameters(visits=2.0, bots_per_thousand=0.0)
    assert answers(ran) == [each.event for each in World(20, parameters=parameters).happenings()]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["simulate", "--people", "5", "--set", "safari=2"], "safari: must be a share"),
        (["simulate", "--people", "5", "--set", "safari"], "NAME=VALUE"),
        (["simulate", "--people", "5", "--own-trackers"], "--score"),
        (["simulate", "--people", "5", "--policies", "strict"], "--score"),
        (["simulate", "--people", "5", "--score", "--policies", "lenient"], "lenient"),
        (["simulate", "--people", "5", "--truth", "."], "is a folder"),
        (["simulate", "--people", "-1"], "people"),
        (["replay", "no-such-file"], "no-such-file: No such file"),
        (["replay", "-", "--compare", "strict,lenient"], "lenient"),
        (["replay", "-", "--compare", ","], "no policy"),
    ],
)
def test_what_cannot_run_says_so_in_a_sentence(environment: dict[str, str], arguments: list[str], words: str) -> None:
    ran = run(environment, *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_replay_names_what_differs_and_the_bad_lines_and_leaves_nothing(
    environment: dict[str, str], scratch_folder: Path
) -> None:
    ran = run(environment, "replay", "-", "--json", "--compare", "strict,continuity", log=LOG)
    assert ran.returncode == 1, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["events"], [bad["line"] for bad in told["bad"]]) == (2, [2])
    assert [(one["line"], one["message_id"], one["differs"]) for one in told["differences"]] == [
        (1, "m1", ["together"]),
        (3, "m2", ["outcome", "together"]),
    ]
    assert told["differences"][1]["policies"]["strict"]["outcome"] == "created"
    assert told["differences"][1]["policies"]["continuity"]["only_with"] == [1]
    assert told["differ"] == {"rule": 0, "outcome": 1, "merged": 0, "together": 2}
    assert {name: told["policies"][name]["contacts"] for name in told["policies"]} == {"strict": 2, "continuity": 1}
    assert list(scratch_folder.iterdir()) == []


def test_a_replay_is_shown_as_tables(environment: dict[str, str], scratch_folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    log.write_text(LOG.replace('{"nonsense": 1}\n', ""))
    ran = run(environment, "replay", log, "--limit", "1")
    assert ran.returncode == 0, ran.stderr
    assert "2 events under each policy" in ran.stdout
    assert "2 events differ: 1 in the outcome, 2 in which events are together; 1 more than shown" in ran.stdout
    assert list(scratch_folder.iterdir()) == []


def test_an_interrupted_replay_leaves_nothing(environment: dict[str, str], scratch_folder: Path) -> None:
    with subprocess.Popen(
        [*KINFOLD, "replay", str(ROOT / "examples" / "story.ndjson")],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        while "Replaying" not in process.stderr.readline():
            assert process.poll() is None
        assert list(scratch_folder.iterdir())
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 130
    deadline = time.monotonic() + 30
    while list(scratch_folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(scratch_folder.iterdir()) == []


def test_a_score_is_a_table_a_document_and_a_picture(
    environment: dict[str, str], scratch_folder: Path, tmp_path: Path
) -> None:
    ran = run(environment, "simulate", "--people", "15", "--score", "--own-trackers", "--out", tmp_path / "out")
    assert ran.returncode == 0, ran.stderr
    assert "connected components" in ran.stdout
    score = json.loads((tmp_path / "out" / "score.json").read_text())
    assert [method["method"] for method in score["methods"]][:3] == ["strict", "continuity", "last_login"]
    accepted = {method["method"]: method["suggestions"] for method in score["methods"] if method["suggestions"]}
    assert {"continuity, split", "continuity, split + 0.95", "continuity + the right ones"} <= accepted.keys()
    pairs = [accepted[f"continuity + {least}"]["pairs"] for least in ("0.5", "0.9", "0.95", "0.99")]
    assert pairs == sorted(pairs, reverse=True)
    ceiling = score["methods"][-1]
    assert (ceiling["method"], ceiling["bcubed"]["precision"]) == ("ceiling of the log", 1.0)
    assert score["browsers_store_the_answered_tracker"] is False
    strict = score["methods"][0]["bcubed"]
    assert strict["f1"] == Quality(strict["precision"], strict["recall"]).f1
    assert (tmp_path / "out" / "score.png").read_bytes().startswith(b"\x89PNG")
    assert list(scratch_folder.iterdir()) == []


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_nothing_of_a_score_is_cut_off(width: int) -> None:
    agreement = Agreement(Quality(0.987, 0.654), Quality(0.999, 0.765))
    suggested = Suggested(0.95, 123_456, 123_455, lowest=True)
    pushes = Pushes(1_234_567, 123_456, 12_345, 12_344, 23_456)
    found = [Detection("shared_device", 12_345, 12_344, 11_234, 1_233, 1_232, 7, 5, 0.98, 0.87, 0.76)]
    fused = Fused(23_456, 3_456, 4_567)
    names = ("strict", "last_login", "continuity + split + 0.9512", "names, then last login")
    methods = [Method(name, 34_567, agreement, fused, None, found, pushes, pushes, suggested) for name in names]
    score = Score(100_000, 3, Parameters(), True, 9_876_543, 120_000, 65_432, [], methods)
    drawn = io.StringIO()
    console = Console(file=drawn, width=width)
    for table in tables(score, width):
        console.print(table)
    shown = drawn.getvalue()
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width
    for number in (
        "34,567",
        "0.987",
        "0.765",
        "23,456",
        "4,567",
        "123,455/123,456",
        "1,234,567",
        "90.0\N{NO-BREAK SPACE}%",
    ):
        assert shown.count(number) >= len(names), number
