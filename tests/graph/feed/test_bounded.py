"""What a process holds does not grow with what passed through it: events, and deliveries that fail."""

import gc
import socket
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from graph.feed.delivery import Deliveries
from graph.identity.commit_queue import CommitQueue
from graph.identity.events import read_event
from graph.kinfold import Kinfold
from graph.settings import Settings


def held(work: Callable[[int], None], turns: int) -> list[int]:
    """Bytes that are held after so many turns, and after as many again; caches are warm before the first look."""
    for turn in range(turns):
        work(turn)
    tracemalloc.start()
    try:
        sizes = []
        for period in (1, 2, 3):
            for turn in range(turns):
                work(period * turns + turn)
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    return sizes


def test_a_resolver_and_its_queue_hold_nothing_of_events_that_were_answered(kinfold: Kinfold) -> None:
    with_queue = CommitQueue(kinfold.resolver.resolve)

    def batch(turn: int) -> None:
        events = [
            read_event(
                {
                    "tracker_id": f"t{turn}-{number}",
                    "email": f"p{turn}-{number}@example.com",
                    "properties": {f"name{turn}": "x" * 100},
                    "message_id": f"m{turn}-{number}",
                }
            )
            for number in range(50)
        ]
        kinfold.resolver.resolve(events)
        with_queue.submit(read_event({"tracker_id": f"single{turn}", "message_id": f"single{turn}"})).result()

    sizes = held(batch, 12)
    with_queue.close()
    # 600 events a period; of one event a few thousand bytes would have stayed.
    assert sizes[2] - sizes[1] < 200_000, sizes


def test_deliveries_that_fail_again_and_again_leave_nothing_behind(kinfold: Kinfold, server: Settings) -> None:
    internal = Kinfold.on(kinfold.database, server.model_copy(update={"webhooks_allow_internal": True}))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    internal.webhooks.define("shop", f"http://127.0.0.1:{closed}/", "secret", ["created"])
    internal.resolver.resolve([read_event({"tracker_id": f"t{number}"}) for number in range(20)])
    now = [datetime.now(UTC)]
    failed = [0]
    sending = Deliveries(internal.database, internal.feed, internal.webhooks, allow_internal=True, now=lambda: now[0])
    with sending, patch("graph.feed.delivery.GIVE_UP", timedelta(days=10_000)):

        def round_(_: int) -> None:
            failed[0] += sending.round().failed
            now[0] += timedelta(hours=2)  # past the longest pause

        sizes = held(round_, 25)
        sending.release()
    assert failed[0] == 4 * 25
    assert sizes[2] - sizes[1] < 100_000, sizes
