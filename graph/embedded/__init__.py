"""The embedded Neo4j: a server process of its own on this machine.

A small supervisor (``graph.embedded.supervise``) owns the server. Whoever uses the database
holds a lease, a shared lock that the kernel drops with its holder; without leases the
supervisor stops the server, unless `start` asked it to stay.
"""

from graph.embedded.home import EmbeddedError
from graph.embedded.server import (
    Pause,
    Progress,
    Replacement,
    Server,
    data_path,
    lease,
    opened,
    paused,
    replacing,
    revive,
    shortage,
    start,
    status,
    stop,
)

__all__ = [
    "EmbeddedError",
    "Pause",
    "Progress",
    "Replacement",
    "Server",
    "data_path",
    "lease",
    "opened",
    "paused",
    "replacing",
    "revive",
    "shortage",
    "start",
    "status",
    "stop",
]
