"""The part of the graph that one transaction works on, in memory: loaded, changed by decisions, written once."""

from graph.world.entities import Contact, Entry, Key, Merge, Ownership, Timeline
from graph.world.world import World

__all__ = ["Contact", "Entry", "Key", "Merge", "Ownership", "Timeline", "World"]
