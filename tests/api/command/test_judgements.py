"""`kinfold apart`, `kinfold split`, `kinfold suggest`."""

import importlib.util
import json
import subprocess
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from tests import command

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    return partial(command.run, environment)


def who(kinfold: Kinfold, **event: Any) -> str:
    (answer,) = kinfold.resolver.resolve([read_event(event)])
    assert answer.contact
    assert answer.contact.id
    return answer.contact.id


def test_two_are_kept_apart_and_that_is_taken_back(kinfold: Kinfold, run: Run) -> None:
    ana, visitor = who(kinfold, email="ana@example.com"), who(kinfold, tracker_id="t1")
    made = run("apart", ana, visitor, "--why", "two people", "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["why"] == "two people"
    assert who(kinfold, email="ana@example.com", tracker_id="t1") == ana
    assert who(kinfold, tracker_id="t1") == visitor
    assert run("apart", ana, visitor, "--take-back").returncode == 0
    gone = run("apart", ana, visitor, "--take-back")
    assert (gone.returncode, "keeps them apart" in gone.stderr) == (1, True)
    key = run("apart", ana, "email=bob@example.com")
    assert (key.returncode, "Kept apart" in key.stdout) == (0, True)


def test_a_contact_is_split_around_a_key_and_made_whole_again(kinfold: Kinfold, run: Run) -> None:
    for name in ("ana", "bob"):
        contact = who(kinfold, user_id="bogus", email=f"{name}@example.com", tracker_id=f"t-{name}")
    shown = run("split", "--around", "user_id=bogus", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert all(text in shown.stdout for text in ("bob@example.com", "t-ana", "would come apart into 2 more"))
    assert kinfold.splits.page() == ([], None)
    made = json.loads(run("split", "--around", "user_id=bogus", "--block", "--json").stdout)
    assert (made["contact"], len(made["parts"]), made["blocked"]) == (contact, 2, True)
    assert run("split", "--undo", made["id"]).returncode == 0
    parted = run("split", contact, "--part", "email=bob@example.com,tracker_id=t-bob", "--json")
    assert json.loads(parted.stdout)["parts"][0]["keys"] == {"email": ["bob@example.com"], "tracker_id": ["t-bob"]}
    for wrong in (
        ("split",),
        ("split", contact),
        ("split", "--part", "email=x@example.com"),
        ("split", "--around", "x"),
    ):
        assert run(*wrong).returncode == 2, wrong


def test_suggestions_are_listed_and_accepted_from_a_probability_on(kinfold: Kinfold, run: Run) -> None:
    who(kinfold, email="ana@example.com")
    who(kinfold, email="ana+shop@example.com")
    listed = run("suggest")
    assert (listed.returncode, "plus tag" in listed.stdout) == (0, True), listed.stderr
    (item,) = json.loads(run("suggest", "--json", "--min", "0.1").stdout)["items"]
    assert item["probability"] > 0.5
    refused = run("suggest", "--accept", "0.5", "--engine", "splink")
    assert (refused.returncode, "goes by the probability" in refused.stderr) == (2, True), refused.stderr
    for wrong in (("--spark-master", "local[1]"), ("--engine", "splink", "--spark-set", "spark.driver.memory=1g")):
        refused = run("suggest", *wrong)
        assert (refused.returncode, " goes with --" in refused.stderr) == (2, True), refused.stderr
    with_splink = run("suggest", "--json", "--engine", "splink")
    if importlib.util.find_spec("splink") is None:
        assert (with_splink.returncode, "kinfold[splink]" in with_splink.stderr) == (2, True), with_splink.stderr
    else:
        (weighed,) = json.loads(with_splink.stdout)["items"]
        assert isinstance(weighed.pop("match_weight"), float)
        assert weighed == item
    accepted = json.loads(run("suggest", "--accept", "0.5", "--json").stdout)
    assert (len(accepted["accepted"]), accepted["refused"]) == (1, [])
    assert "No two contacts" in run("suggest").stdout
