"""Catalogues to test with."""

from typing import Any

from graph.identity.events import Event, read_event
from graph.kinfold import Kinfold
from graph.offers.definitions import CatalogueFile


def put(kinfold: Kinfold, **environments: dict[str, Any]) -> None:
    """Import a catalogue whose environments are given by name."""
    kinfold.catalogues.import_file(CatalogueFile.model_validate({"environments": environments}))


def resolve(kinfold: Kinfold, **event: Any) -> str:
    """Resolve an event and give its contact's id."""
    [answer] = kinfold.resolver.resolve([read_event(event)])
    assert answer.contact
    assert answer.contact.id
    return answer.contact.id


def ask(
    kinfold: Kinfold, space: str, *, limit: int | None = None, explain: bool = False, **keys: str
) -> dict[str, Any]:
    """Ask a space, named with its environment, for offers."""
    environment, _, name = space.partition("/")
    return kinfold.propositions.propose(environment, name, Event(**keys), limit=limit, explain=explain)


def names(answer: dict[str, Any]) -> list[str]:
    return [offer["name"] for offer in answer["offers"]]


def why(answer: dict[str, Any]) -> dict[str, str]:
    """By name of the offers that are left out: the reason."""
    return {one.name: one.reason for one in answer["left_out"]}


def visitors(kinfold: Kinfold, environment: str) -> list[str]:
    items, following = kinfold.propositions.visitors(environment)
    assert following is None
    return [item["id"] for item in items]
