"""Offline analysis of the identity graph: clusters of people who are tied, and what looks wrong.

The names are fetched when they are first asked for: numpy, scipy and networkx take longer to load than a command
that resolves one event should.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graph.analysis.clusters import Cluster
    from graph.analysis.findings import KINDS, Finding
    from graph.analysis.run import Analysis, analyse

__all__ = ["KINDS", "Analysis", "Cluster", "Finding", "analyse"]

_PLACES = {
    "Cluster": "clusters",
    "KINDS": "findings",
    "Finding": "findings",
    "Analysis": "run",
    "analyse": "run",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
