"""`kinfold reidentify`, run as people run it: as a process, with a scratch graph."""

import json
import subprocess
from pathlib import Path

from graph.identity.events import read_event
from graph.kinfold import Kinfold
from tests import command


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return command.run(environment, "reidentify", *arguments)


def test_another_policy_is_shown_made_and_taken_back(
    kinfold: Kinfold, environment: dict[str, str], tmp_path: Path
) -> None:
    for event in (
        {"tracker_id": "t1", "email": "ana@example.com"},
        {"tracker_id": "t1", "subscription": "s1"},
        {"tracker_id": "t9", "email": "bob@example.com"},
    ):
        kinfold.resolver.resolve([read_event(event)])
    (visitor,) = kinfold.contacts.owners("subscription", "s1")
    (ana,) = kinfold.contacts.owners("email", "ana@example.com")
    assert visitor["id"] != ana["id"]

    shown = run(environment, "--policy", "continuity", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "3 contacts would be 2; 1 stay as they are; 0 split, 1 united, 0 moved." in shown.stdout
    assert kinfold.contacts.get(visitor["id"])["id"] == visitor["id"]

    made = run(environment, "--policy", "continuity", "--apply", "--json")
    assert made.returncode == 0, made.stderr
    assert kinfold.contacts.get(visitor["id"])["id"] == ana["id"]
    done = tmp_path / "done.json"
    done.write_text(made.stdout)
    assert len(json.loads(made.stdout)["done"]["unions"]) == 1

    taken_back = run(environment, "--undo", str(done))
    assert taken_back.returncode == 0, taken_back.stderr
    assert kinfold.contacts.get(visitor["id"])["id"] == visitor["id"]
    again = run(environment, "--undo", str(done))
    assert (again.returncode, "was undone before" in again.stderr) == (1, True)


def test_what_is_asked_for_is_one_thing(environment: dict[str, str], tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.json"
    nothing.write_text("{}")
    for wrong in (
        ("--policy", "strict"),
        ("--policy", "strict", "--dry-run", "--apply"),
        ("--dry-run",),
        ("--undo", str(nothing)),
    ):
        assert run(environment, *wrong).returncode == 2, wrong
