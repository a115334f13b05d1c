"""Which keys of an event more persons than before named themselves with, or may have."""

from graph.identity.decision import Decision
from graph.identity.decision.effects import Own, Take
from graph.identity.working_set.entities import Contact
from graph.identity.working_set.working_set import WorkingSet
from graph.model import KeyRef


def keys_that_gained(working_set: WorkingSet, contact: Contact, decision: Decision) -> dict[KeyRef, list[str]]:
    """Return the keys that gained a person by an event, each with the contacts whose part in it is not on its edges."""
    gained: dict[KeyRef, list[str]] = {}
    if not contact.person_keys:
        return gained
    for effect in decision.effects:
        match effect:
            case Own(key) if len(working_set.owners(key)) > 1:
                gained.setdefault(key, [])
            case Take(key, owner):
                loser = working_set.contact(owner)
                gained.setdefault(key, []).extend([loser.id] if loser.person_keys else [])
            case _:
                pass
    if decision.case.names_person:
        for key in decision.case.keys.devices:
            owners = working_set.owners(key)
            if owners and contact not in owners and owners[0].person_keys:
                gained.setdefault(key, []).append(contact.id)
    return gained
