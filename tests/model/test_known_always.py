"""Whether a contact is known, after any unions, un-merges and keys by hand around contacts that row 4.3.3 made."""

import os

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from graph.settings import Settings
from graph.store.database import Database
from tests.graph.identity.test_properties_always import check_invariants
from tests.model.conftest import RUN
from tests.model.operations import ANY, BORN, EVENT, PERSON_KEYS, UNIONS, Operation, operation
from tests.model.side_by_side import SideBySide

EXAMPLES = int(os.environ.get("KINFOLD_EXAMPLES", "25"))
GIVE = operation("give", ANY, PERSON_KEYS)
TAKE = operation("take", ANY, st.integers(0, 2))
"""Of a contact's keys the person keys come first."""
AROUND = st.lists(st.one_of(GIVE, TAKE, TAKE, *UNIONS, *UNIONS, BORN, EVENT), min_size=4, max_size=16)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[phase for phase in Phase if phase is not Phase.explain],
    print_blob=True,
)
@given(around=AROUND)
def test_who_is_known_is_the_same_whatever_is_done_around_a_conflict(
    shared_database: Database, server: Settings, around: list[Operation]
) -> None:
    world = SideBySide(shared_database, server)
    world.born()
    world.event(tracker_id="t1")
    world.event(tracker_id="t2")
    for each in around:
        each.do(world)
        world.compare()
    world.compare(whole=True)
    check_invariants(shared_database, by_hand=True)
    RUN["examples around conflicts"] += 1
