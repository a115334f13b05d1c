"""Check which room imports which, and count import circles and layers.

``python -m checks.rooms`` fails on an import that docs/architecture.md does not allow, on a circle of modules or of
rooms, and on more than `MAX_LAYERS` layers of rooms; ``--layers`` prints the rooms of every layer.

Imports under ``TYPE_CHECKING`` and imports inside functions count like any other: what is imported late for the sake
of start-up time is still a dependency.
"""

import argparse
import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).parents[1]
PACKAGES = ("graph", "api")
MAX_LAYERS = 12

_GROUND = "model errors clock json paging patterns settings source_file tracing durable callbacks extras driver"
GROUND = frozenset(f"graph.{name}" for name in _GROUND.split())
"""Modules that every room may use."""

ALLOWED: dict[str, tuple[str, ...]] = {
    "graph.store": (),
    "graph.identity": ("store",),
    "graph.embedded": ("store",),
    "graph.feed": ("store",),
    "graph.access": ("store",),
    "graph.workflows": ("store", "identity"),
    "graph.segments": ("store", "identity"),
    "graph.explore": ("store", "identity", "segments", "workflows", "analysis"),
    "graph.edits": ("store", "identity", "explore", "analysis"),
    "graph.analysis": ("store", "identity"),
    "graph.offers": ("store", "identity", "segments"),
    "graph.privacy": ("store", "identity", "explore", "analysis", "offers", "blocking"),
    "graph.blocking": ("store", "identity"),
    "graph.logs": ("store", "identity"),
    "graph.spark": ("store", "identity", "analysis"),
    "graph.opening": ("store", "identity", "embedded", "blocking"),
    "graph.loads": ("store", "identity", "embedded", "analysis", "logs", "opening"),
}
"""What each room below graph/kinfold.py may import besides itself, the ground and libraries.

The rooms above it (deployment, simulation) and api/ may import all of graph/.
"""


def modules() -> dict[str, Path]:
    """Return every module of the product by its dotted name; a package is named by its folder."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield the modules of the product that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in known:
                    yield whole
                elif node.module in known:
                    yield node.module


def import_graph() -> "nx.DiGraph[str]":
    """Return the modules of the product with an edge from each to every module that it imports."""
    known = modules()
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(known)
    for name, path in known.items():
        graph.add_edges_from((name, other) for other in imports(path, known) if other != name)
    return graph


def room_of(module: str) -> str:
    """Return the room of a module, such as ``graph.identity``; a module that lies in none is its own room."""
    return ".".join(module.split(".")[:2])


def room_graph(graph: "nx.DiGraph[str]") -> "nx.DiGraph[str]":
    """Return the rooms with an edge from each to every room that it imports."""
    found: nx.DiGraph[str] = nx.DiGraph()
    found.add_nodes_from(room_of(module) for module in graph if "." in module)
    for module, other in graph.edges:
        if "." in module and "." in other and room_of(module) != room_of(other):
            found.add_edge(room_of(module), room_of(other))
    return found


def forbidden(graph: "nx.DiGraph[str]") -> Iterator[str]:
    """Yield, in words, every import that the table of rooms does not allow."""
    for module, other in sorted(graph.edges):
        here, there = room_of(module), room_of(other)
        if module.startswith("graph") and other.startswith("api"):
            yield f"{module} imports {other}: graph/ knows no doors"
        elif here in GROUND and there not in GROUND:
            yield f"{module} imports {other}: the ground imports nothing above it"
        elif here in ALLOWED and there not in {here, *GROUND, *(f"graph.{room}" for room in ALLOWED[here])}:
            yield f"{module} imports {other}: {here} may import {', '.join(ALLOWED[here]) or 'the ground only'}"


def circles(graph: "nx.DiGraph[str]") -> list[list[str]]:
    """Return every set of nodes that reach each other."""
    return [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1]


def layers(graph: "nx.DiGraph[str]") -> list[list[str]]:
    """Return the nodes from the lowest layer up; each imports from lower layers only, a circle counts as one node."""
    condensed = nx.condensation(graph)
    return [
        sorted(name for number in generation for name in condensed.nodes[number]["members"])
        for generation in nx.topological_generations(condensed.reverse())
    ]


def main() -> int:
    """Print what is wrong and the counts; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m checks.rooms", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--layers", action="store_true", help="print the rooms of every layer")
    chosen = parser.parse_args()
    graph = import_graph()
    house = room_graph(graph)
    found = layers(house)
    round_trips = circles(graph) + circles(house)
    mistakes = [*forbidden(graph), *(f"a circle of imports: {', '.join(circle)}" for circle in round_trips)]
    if len(found) > MAX_LAYERS:
        mistakes.append(f"{len(found)} layers, where {MAX_LAYERS} are allowed")
    if chosen.layers:
        for number, names in enumerate(found, 1):
            sys.stdout.write(f"{number:2} {' '.join(names)}\n")
    for mistake in mistakes:
        sys.stdout.write(f"{mistake}\n")
    counts = f"{len(graph)} modules, {graph.number_of_edges()} imports, {len(house)} rooms"
    sys.stdout.write(f"{counts}, {len(round_trips)} circles, {len(found)} layers\n")
    return 1 if mistakes else 0


if __name__ == "__main__":
    raise SystemExit(main())
