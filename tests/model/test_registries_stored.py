"""Random registries and events on a real database: of every namespace is stored what the specification reads."""

import os
from itertools import pairwise

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from graph.explore.contacts import documents
from graph.identity.decision import Limits
from graph.identity.events import read_event
from graph.identity.keys import BlockList
from graph.identity.resolver import Resolver
from graph.model import KeyRef
from graph.store.database import Database
from tests.conftest import empty
from tests.model.registries import Declared, Reading
from tests.model.test_registries import Ids, namespaces_of, worlds

EXAMPLES = int(os.environ.get("KINFOLD_REGISTRIES", "12"))


@settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=worlds(), cuts=st.sets(st.integers(1, 24)))
def test_batches_of_a_random_registry_leave_what_the_specification_reads(
    shared_database: Database, world: tuple[tuple[Declared, ...], str, list[list[KeyRef]]], cuts: set[int]
) -> None:
    registry, policy, events = world
    empty(shared_database)
    namespaces = namespaces_of(registry)
    reading = Reading(registry, policy)
    resolver = Resolver(
        shared_database,
        policy=policy,
        limits=Limits(at_most=namespaces.at_most),
        block_list=BlockList.of(namespaces=namespaces),
        namespaces=namespaces,
        id_source=Ids(),
    )
    places = [0, *sorted(cut for cut in cuts if cut < len(events)), len(events)]
    for start, end in pairwise(places):
        said = [_event(keys) for keys in events[start:end]]
        answers = resolver.resolve([read_event(one, namespaces=namespaces) for one in said])
        for keys, answer in zip(events[start:end], answers, strict=True):
            told = reading.resolve([tuple(key) for key in keys])  # type: ignore[misc]
            assert answer.contact is not None
            assert (answer.contact.id, answer.rule, answer.outcome) == (told.contact, told.rule, told.outcome), keys
            assert answer.merged == told.merged, keys
            assert [(one.key, one.owner) for one in answer.conflicts] == told.conflicts, keys
            assert answer.shared_with == told.shared_with, keys
    stored = shared_database.read(lambda tx: documents(tx, [one.id for one in reading.everybody], namespaces))
    assert {one["id"]: (one["kind"], _keys(one["keys"])) for one in stored} == {
        one.id: ("known" if reading.known(one) else "anonymous", set(one.keys)) for one in reading.everybody
    }


def _event(keys: list[KeyRef]) -> dict[str, dict[str, list[str]]]:
    said: dict[str, list[str]] = {}
    for key in keys:
        said.setdefault(key.namespace, []).append(key.value)
    return {"keys": said}


def _keys(shown: dict[str, list[str]]) -> set[tuple[str, str]]:
    return {(name, value) for name, values in shown.items() for value in values}
