"""What was planted through the resolver is what an analysis finds, on the real database."""

from typing import Any

import networkx as nx
import pytest

from graph.analysis import Analysis, analyse
from graph.identity.decision import Limits
from graph.kinfold import Kinfold
from tests.graph.analysis import worlds
from tests.graph.spark.rows import islands


def look(kinfold: Kinfold, *events: list[dict[str, Any]], **options: Any) -> Analysis:
    worlds.send(kinfold, [*worlds.bystanders(), *(event for part in events for event in part)])
    return analyse(kinfold.database, **options)


def owner(kinfold: Kinfold, key: Any, value: str) -> str:
    (contact,) = kinfold.contacts.owners(key, value)
    return str(contact["id"])


@pytest.mark.parametrize(
    ("planted", "kind", "subject"),
    [
        (worlds.shared_subscription(), "shared_subscription", {"type": "subscription", "value": "push-x"}),
        (worlds.kiosk(), "many_emails", {"type": "tracker", "value": "kiosk"}),
        (worlds.role_address(), "many_trackers", {"type": "email", "value": "info@firm.example"}),
        (worlds.role_address(), "fusing_value", {"type": "email", "value": "info@firm.example"}),
        (worlds.role_address(trackers=3), "many_trackers", {"type": "email", "value": "info@firm.example"}),
        (worlds.role_address(trackers=3), "fusing_value", {"type": "email", "value": "info@firm.example"}),
        (worlds.bogus_id(), "many_trackers", {"type": "user_id", "value": "user_id"}),
        (worlds.bogus_id(), "fusing_value", {"type": "user_id", "value": "user_id"}),
        (worlds.handed_on(), "shared_subscription", {"type": "subscription", "value": "push-old"}),
        (worlds.burst(), "merge_burst", ("user_id", "burst-user")),
        (worlds.far_apart(), "far_devices", ("email", "far@example.com")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_was_planted_is_found_and_comes_first_of_its_kind(
    kinfold: Kinfold, planted: list[dict[str, Any]], kind: str, subject: Any
) -> None:
    analysis = look(kinfold, planted)
    of_kind = [item for item in analysis.findings if item.kind == kind]
    if isinstance(subject, tuple):
        subject = {"type": "contact", "value": owner(kinfold, *subject)}
    assert of_kind[0].subject == subject
    assert of_kind[0].score > 0.5
    assert all(item.score < 0.5 for item in of_kind[1:])
    assert {action["action"] for action in of_kind[0].actions} >= {"dismiss"}


@pytest.mark.parametrize("policy", ["strict", "continuity", "last_login"])
def test_a_kiosk_that_stores_answered_trackers_is_one_device_beside_families(kinfold: Kinfold, policy: Any) -> None:
    kinfold = Kinfold.on(kinfold.database, kinfold.settings.model_copy(update={"policy": policy}))
    families = [event for number in range(6) for event in worlds.family(number, people=2 + number % 4)]
    kiosk = [{"device": "kiosk", "email": f"reader{turn * 5 % 8}@example.com"} for turn in range(16)]
    worlds.storing(kinfold, [*families, *kiosk])
    analysis = analyse(kinfold.database)
    of_kind = [item for item in analysis.findings if item.kind == "many_emails"]
    assert of_kind[0].subject == {"type": "tracker", "value": "kiosk"}
    assert of_kind[0].evidence["persons"] == 8
    assert of_kind[0].evidence["handovers"] == 15
    assert of_kind[0].score > 0.5
    assert all(item.score < 0.5 for item in of_kind[1:])
    (cluster,) = [cluster for cluster in analysis.clusters if ("tracker", "kiosk") in cluster.graph]
    assert (cluster.verdict, cluster.known, cluster.keys) == ("shared device", 8, 1)
    assert {other.verdict for other in analysis.clusters if other is not cluster} == {"household"}


def test_a_familys_subscription_is_no_finding_that_counts(kinfold: Kinfold) -> None:
    analysis = look(kinfold, worlds.shared_subscription(owners=4))
    assert all(item.score < 0.5 for item in analysis.findings)


def test_plain_people_are_no_finding_and_no_cluster(kinfold: Kinfold) -> None:
    analysis = look(kinfold)
    assert (analysis.findings, analysis.clusters) == ([], [])
    assert (analysis.totals["contacts"], analysis.totals["known"]) == (30, 30)


def test_an_empty_graph_is_analysed_too(kinfold: Kinfold) -> None:
    analysis = analyse(kinfold.database)
    assert (analysis.findings, analysis.clusters, analysis.totals["as_of"]) == ([], [], None)


def test_a_contact_near_its_limits_is_found(kinfold: Kinfold) -> None:
    logins = [{"email": "ana@example.com", "tracker_id": f"t{number}"} for number in range(9)]
    analysis = look(kinfold, logins, limits=Limits(10, 50))
    (item,) = [item for item in analysis.findings if item.kind == "limit"]
    assert (item.subject["value"], item.score) == (owner(kinfold, "email", "ana@example.com"), 0.9)


def test_a_kiosk_is_a_shared_device_that_one_cut_takes_apart(kinfold: Kinfold) -> None:
    analysis = look(kinfold, worlds.kiosk(people=12))
    (cluster,) = analysis.clusters
    assert (cluster.verdict, cluster.known, cluster.contacts) == ("shared device", 12, 12)
    assert cluster.cut == {"key": "tracker_id", "value": "kiosk", "pieces": 12, "coherent": 12, "largest": 1}
    assert cluster.articulation_points == (("tracker", "kiosk"),)
    assert {action["action"] for action in cluster.actions} == {"block"}


def test_three_people_on_one_browser_are_a_household(kinfold: Kinfold) -> None:
    analysis = look(kinfold, worlds.kiosk(people=3))
    (cluster,) = analysis.clusters
    assert (cluster.verdict, cluster.known) == ("household", 3)
    assert cluster.score < 0.5


def test_a_role_address_is_a_mistake_with_the_unions_to_take_back(kinfold: Kinfold) -> None:
    analysis = look(kinfold, worlds.role_address(trackers=15))
    (cluster,) = analysis.clusters
    assert (cluster.verdict, cluster.folded, len(cluster.unmerges)) == ("mistake", 14, 14)
    for action in cluster.actions:
        kinfold.unions.undo(action["merge"])
    assert analyse(kinfold.database).clusters == []


def test_a_kiosks_own_visitor_that_was_folded_is_suggested_for_un_merge(kinfold: Kinfold) -> None:
    first = [{"tracker_id": "home", "email": "reader0@example.com"}, *worlds.kiosk()]
    analysis = look(kinfold, first)
    (cluster,) = analysis.clusters
    (union,) = cluster.unmerges
    assert cluster.verdict == "mistake"
    assert union["evidence"]["moved"] == ["tracker_id", "kiosk"]
    assert union["evidence"]["persons_met"] == 12
    assert kinfold.unions.get(union["merge"])["target"] == owner(kinfold, "email", "reader0@example.com")


def test_a_conflict_of_a_tracker_and_a_subscription_ties_its_owner_in(kinfold: Kinfold) -> None:
    events = [
        {"tracker_id": "ta", "email": "ana@example.com"},
        {"tracker_id": "tb", "email": "ben@example.com", "subscription": "push-b"},
        {"tracker_id": "ta", "subscription": "push-b"},
    ]
    analysis = look(kinfold, events)
    (cluster,) = analysis.clusters
    ana = ("contact", owner(kinfold, "email", "ana@example.com"))
    assert cluster.graph.edges[ana, ("subscription", "push-b")]["tie"] == "split"
    assert cluster.contacts == 3


def test_the_structure_of_a_cluster_is_what_networkx_says_of_its_graph(kinfold: Kinfold) -> None:
    chain = [{"tracker_id": f"t{turn // 2}", "email": f"p{(turn + 1) // 2}@example.com"} for turn in range(28)]
    analysis = look(kinfold, chain)
    (cluster,) = analysis.clusters
    keys = {node for node in nx.articulation_points(cluster.graph) if node[0] == "tracker"}
    assert set(cluster.articulation_points) == keys
    assert {frozenset(pair) for pair in cluster.bridges} == {frozenset(pair) for pair in nx.bridges(cluster.graph)}
    assert cluster.contacts > 12
    assert cluster.communities is not None
    members = [contact for part in cluster.communities for contact in part]
    assert sorted(members) == sorted(node[1] for node in cluster.graph if node[0] == "contact")


def test_the_same_graph_and_seed_give_the_same_analysis(kinfold: Kinfold) -> None:
    chain = [{"tracker_id": f"t{turn // 2}", "email": f"p{(turn + 1) // 2}@example.com"} for turn in range(28)]
    first = look(kinfold, worlds.kiosk(), worlds.role_address(), worlds.shared_subscription(), chain, seed=7)
    again = analyse(kinfold.database, seed=7)
    assert [item.document() for item in again.findings] == [item.document() for item in first.findings]
    assert [item.document() for item in again.clusters] == [item.document() for item in first.clusters]
    assert again.totals == first.totals


def test_pages_of_any_size_read_the_same_graph(kinfold: Kinfold, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = look(kinfold, worlds.kiosk(), worlds.role_address(), worlds.shared_subscription(), worlds.far_apart())
    steps: list[tuple[str, int, int]] = []
    for name in ("CONTACTS_A_PAGE", "ACTIVITIES_A_PAGE", "UNIONS_A_PAGE", "SUBSCRIPTIONS_A_PAGE"):
        monkeypatch.setattr(f"graph.analysis.reading.{name}", 7)
    monkeypatch.setattr("graph.analysis.reading._COMPACT_EVERY", 20)
    paged = analyse(kinfold.database, on_progress=lambda *step: steps.append(step))
    assert [item.document() for item in paged.findings] == [item.document() for item in whole.findings]
    assert [item.document() for item in paged.clusters] == [item.document() for item in whole.clusters]
    for what in ("contacts", "activity", "unions", "anomalies"):
        told = [step for step in steps if step[0] == what]
        assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
        assert told[-1][1] == told[-1][2]


def test_unions_into_a_contact_that_came_after_the_contacts_were_read_are_no_burst() -> None:
    rows = islands(100, (9, 14, 4, 20, 25))
    before = analyse(rows)  # type: ignore[arg-type]
    for number in range(9):
        union = rows.tables["unions"][0] | {"id": f"n{number}", "source": f"g{number}", "target": "late"}
        rows.tables["unions"].append(union | {"standing": True})
    after = analyse(rows)  # type: ignore[arg-type]
    bursts, same = ([item for item in one.findings if item.kind == "merge_burst"] for one in (before, after))
    assert bursts == same != []
