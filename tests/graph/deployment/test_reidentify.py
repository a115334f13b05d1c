"""Another policy or registry, made of the deployment's own activity: the graph of a fresh load, ids aside, and back."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.clock import MINTED
from graph.deployment import reidentify
from graph.deployment.reidentify import Reidentification
from graph.deployment.scratch import ScratchGraph, scratch_graph
from graph.identity.events import Event, read_event
from graph.kinfold import Kinfold
from graph.settings import PolicyName, Settings
from graph.simulation import World
from graph.store.database import Database
from tests.conftest import empty

Picture = Counter[tuple[Any, ...]]


@pytest.fixture(scope="module")
def scratch(server: Settings) -> Iterator[ScratchGraph]:
    with scratch_graph(server) as found:
        yield found


def under(kinfold: Kinfold, policy: PolicyName, **more: Any) -> Kinfold:
    return Kinfold.on(kinfold.database, kinfold.settings.model_copy(update={"policy": policy, **more}))


Exports = dict[str, dict[str, Any]]


def exports(kinfold: Kinfold) -> Exports:
    rows = kinfold.database.read(lambda tx: tx.run("replay.contacts", after="", limit=100_000))
    return {row["id"]: kinfold.exports.document(row["id"]) for row in rows}


def exact(documents: Exports) -> dict[str, Any]:
    """All that undoing has to leave as it was."""
    what = ("contact", "keys", "periods", "properties", "activity")
    return {one: {name: document[name] for name in what} for one, document in documents.items()}


def picture(documents: Exports) -> Picture:
    """Every contact as it is, ids and trackers of our making aside."""
    found: Picture = Counter()
    for document in documents.values():
        contact = document["contact"]
        keys = {
            (name, value)
            for name, values in contact["keys"].items()
            for value in values
            if not value.startswith(MINTED)
        }
        messages = frozenset(item["message_id"] for item in document["activity"])
        shown = frozenset((name, str(value)) for name, value in contact["properties"].items())
        found[contact["kind"], frozenset(keys), messages, shown] += 1
    return found


def changed(kinfold: Kinfold, scratch: ScratchGraph, **update: Any) -> tuple[Reidentification, dict[str, Any]]:
    settings = kinfold.settings.model_copy(update=update)
    found = reidentify.compare(kinfold, scratch, settings)
    return found, reidentify.apply(kinfold, settings, found)


def resolve(kinfold: Kinfold, events: list[Event]) -> None:
    for start in range(0, len(events), 500):
        kinfold.resolver.resolve(events[start : start + 500])


PAIRS: list[tuple[PolicyName, PolicyName]] = [
    ("strict", "continuity"),
    ("continuity", "strict"),
    ("strict", "last_login"),
    ("last_login", "strict"),
    ("continuity", "last_login"),
    ("last_login", "continuity"),
]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_the_graph_is_that_of_a_fresh_load_and_undone_that_of_before(
    database: Database, server: Settings, scratch: ScratchGraph, before: PolicyName, after: PolicyName
) -> None:
    events = [read_event(one.event) for one in World(14, seed=5).happenings()]
    kinfold = Kinfold.on(database, server.model_copy(update={"policy": before}))
    resolve(kinfold, events)
    before_it = exports(kinfold)
    found, done = changed(kinfold, scratch, policy=after)
    assert done["refused"] == []
    assert done["splits"] or done["unions"]
    after_it = exports(kinfold)
    affected = {contact for difference in found.differences for contact in difference.contacts}
    for one in before_it.keys() - affected:
        for what in ("periods", "properties", "activity"):
            assert after_it[one][what] == before_it[one][what]
    again = reidentify.compare(kinfold, scratch, kinfold.settings.model_copy(update={"policy": after}))
    assert again.differences == []

    reidentify.undo(kinfold, done)
    parts = {part["contact"] for split in done["splits"] for part in kinfold.splits.get(split)["parts"]}
    undone = exact(exports(kinfold))
    lead_back = set()
    for one, document in exact(before_it).items():
        now = undone.pop(one)
        lead_back |= set(now["contact"]["merged_from"]) - set(document["contact"]["merged_from"])
        now["contact"]["merged_from"] = [id for id in now["contact"]["merged_from"] if id not in parts]
        assert now == document
    assert undone == {}
    assert lead_back == parts, "the ids of parts whose split was undone lead to the whole, and nothing else is new"

    empty(database)
    fresh = Kinfold.on(database, server.model_copy(update={"policy": after}))
    resolve(fresh, events)
    assert picture(after_it) == picture(exports(fresh))


def test_browsers_that_store_the_answered_tracker_are_replayed_with_what_they_would_be_answered(
    kinfold: Kinfold, scratch: ScratchGraph
) -> None:
    strict = under(kinfold, "strict")
    (first,) = strict.resolver.resolve([read_event({"tracker_id": "t1", "subscription": "s1", "message_id": "m1"})])
    strict.resolver.resolve([read_event({"tracker_id": "t2", "email": "ana@example.com", "message_id": "m2"})])
    (minted,) = strict.resolver.resolve([read_event({"tracker_id": "t2", "subscription": "s2", "message_id": "m3"})])
    assert minted.tracker_id
    assert minted.tracker_id.startswith(MINTED)
    strict.resolver.resolve([read_event({"tracker_id": minted.tracker_id, "message_id": "m4"})])
    found, done = changed(strict, scratch, policy="continuity")
    # Under continuity the browser keeps t2, so that everything on it is Ana's.
    assert [one.what for one in found.differences] == ["united"]
    (ana,) = kinfold.contacts.owners("email", "ana@example.com")
    assert {item["message_id"] for item in kinfold.contacts.activity(ana["id"])[0]} == {"m2", "m3", "m4"}
    assert {one["id"] for one in ana["subscriptions"]} == {"s2"}
    assert first.contact
    assert kinfold.contacts.get(str(first.contact.id))["trackers"] == ["t1"]
    assert (len(done["splits"]), len(done["unions"])) == (0, 1)


def test_what_people_decided_about_stays(kinfold: Kinfold, scratch: ScratchGraph) -> None:
    strict = under(kinfold, "strict")
    resolve(strict, [read_event({"tracker_id": "t1", "email": "ana@example.com"})])
    (answer,) = strict.resolver.resolve([read_event({"tracker_id": "t1", "subscription": "s1"})])
    assert answer.contact
    resolve(strict, [read_event({"email": "bob@example.com"})])
    (bob,) = kinfold.contacts.owners("email", "bob@example.com")
    strict.unions.merge(str(answer.contact.id), bob["id"])
    found, done = changed(strict, scratch, policy="continuity")
    assert [one.left for one in found.differences] == [["a union by hand"]]
    assert done == {"splits": [], "unions": [], "given": [], "refused": []}
    assert found.to_dict()["left"] == 1
    assert kinfold.contacts.owners("subscription", "s1")[0]["id"] == bob["id"]


def test_another_registry_gives_and_takes_what_its_limits_say(
    kinfold: Kinfold, scratch: ScratchGraph, tmp_path: Path
) -> None:
    both = {"user_id": "42", "email": "ana@example.com"}
    resolve(kinfold, [read_event(both), read_event({**both, "email": "ana@example.org"})])
    (ana,) = kinfold.contacts.owners("user_id", "42")
    assert set(ana["emails"]) == {"ana@example.com", "ana@example.org"}
    keys = tmp_path / "keys.yaml"
    keys.write_text("namespaces:\n  email: {at_most: 1}\n")
    found, done = changed(kinfold, scratch, keys=keys)
    assert found.to_dict()["differences"][0]["taken"] == {"email": ["ana@example.org"]}
    assert kinfold.contacts.get(ana["id"])["emails"] == ["ana@example.com"]
    assert kinfold.contacts.owners("email", "ana@example.org") == []
    back, given = changed(kinfold, scratch, keys=widened(tmp_path))
    assert back.to_dict()["differences"][0]["becomes"][0]["contact"] == ana["id"]
    assert given["given"] == [{"contact": ana["id"], "key": "email", "value": "ana@example.org"}]
    reidentify.undo(kinfold, given)
    reidentify.undo(kinfold, done)
    assert set(kinfold.contacts.get(ana["id"])["emails"]) == {"ana@example.com", "ana@example.org"}


def widened(folder: Path) -> Path:
    keys = folder / "wide.yaml"
    keys.write_text("namespaces:\n  email: {at_most: 5}\n")
    return keys
