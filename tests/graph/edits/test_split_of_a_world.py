"""The contact that a bogus id of a simulated world made of many people comes apart into them, and back."""

from collections import defaultdict

from graph.edits.splits import Wanted
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.simulation import World


def test_whom_a_broken_page_fused_come_apart_in_one_act_and_back(kinfold: Kinfold) -> None:
    world = World(1500, seed=3)
    happenings = list(world.happenings())
    bogus = world.parameters.bogus_id
    fused = {one.truth.person for one in happenings if one.event.get("user_id") == bogus}
    # Without a tracker it would be noted on a browser of somebody else's, whom the page had fused in before.
    happenings = [one for one in happenings if one.truth.person in fused and "tracker_id" in one.event]
    kinfold.resolver.resolve([read_event(one.event) for one in happenings])
    person_of = {one.truth.message_id: one.truth.person for one in happenings}
    (document,) = kinfold.contacts.owners("user_id", bogus)
    assert len(document["trackers"]) > 100
    assert len(document["emails"]) > 1
    before = kinfold.exports.document(document["id"])

    entry = kinfold.splits.split(document["id"], Wanted(around=("user_id", bogus), block=True))
    assert entry["blocked"]
    assert {email for part in entry["parts"] for email in part["keys"]["email"]} == set(document["emails"])
    named = {one.event["email"]: one.truth.person for one in happenings if one.event.get("email")}
    persons = defaultdict(set)
    for part in entry["parts"]:
        found = kinfold.contacts.get(part["contact"])
        activity, _ = kinfold.contacts.activity(part["contact"], limit=1000)
        persons[found["email"]] |= {person_of[item["message_id"]] for item in activity}
        assert len(activity) == part["activities"]
    assert persons == {email: {named[email]} for email in document["emails"]}
    assert kinfold.contacts.owners("user_id", bogus) == []

    kinfold.splits.undo(entry["id"])
    after = kinfold.exports.document(document["id"])
    parts = [part["contact"] for part in entry["parts"]]
    before["contact"]["merged_from"] = sorted([*before["contact"]["merged_from"], *parts])
    for what in ("contact", "keys", "periods", "properties", "activity", "unions"):
        assert after[what] == before[what], what
