"""The part of the graph that one transaction works on, in memory: loaded, changed by decisions, written once."""

from graph.identity.working_set.entities import Contact, Entry, Key, Merge, Ownership, Timeline
from graph.identity.working_set.gains import keys_that_gained
from graph.identity.working_set.working_set import WorkingSet

__all__ = ["Contact", "Entry", "Key", "Merge", "Ownership", "Timeline", "WorkingSet", "keys_that_gained"]
