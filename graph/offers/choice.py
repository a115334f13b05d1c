"""Who is answered by which space, and where an unidentified visitor is kept: a table without a database.

| identified | the space | is answered by |
|---|---|---|
| explicitly | any | the space |
| implicitly | gives implicitly identified people its offers | the space |
| implicitly | does not, falls back | the associated anonymous space; kept in its environment's folder |
| not at all | falls back | the associated anonymous space; kept in its environment's folder |
| not at all | anonymous, does not fall back | the space; kept in its environment's folder |
| not at all, or implicitly where that is not enough | identified, does not fall back | nobody: no offers |

Implicitly identified people are not to get identified offers where the space says so; an anonymous environment has no
identified offers, so its spaces answer them as they answer everybody.
"""

from dataclasses import dataclass
from enum import StrEnum

from graph.offers.catalogue import Catalogue, Environment


class Identification(StrEnum):
    """How a call of propositions was identified."""

    EXPLICIT = "explicit"
    """The call names the person: an email or a user id."""
    IMPLICIT = "implicit"
    """A tracker or a subscription leads to a known contact, and the space allows it."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Choice:
    """The space that answers; None when the call gets no offers."""

    environment: Environment
    space: str | None
    fell_back: bool
    folder: str | None
    """The visitors folder in which the visitor is kept; None when it is no visitor."""


def choose(catalogue: Catalogue, environment: Environment, space: str, identification: Identification) -> Choice:
    """Choose the space that answers a call at a space."""
    asked = environment.spaces[space]
    anonymous = environment.kind == "anonymous"
    enough = identification is Identification.EXPLICIT or (
        identification is Identification.IMPLICIT and (asked.identified_offers_when_implicit or anonymous)
    )
    if enough:
        return Choice(environment, space, False, None)
    if asked.fall_back and asked.anonymous_space is not None:
        answering, name = catalogue.space(asked.anonymous_space)
        return Choice(answering, name, True, answering.visitors_folder)
    if anonymous:
        return Choice(environment, space, False, environment.visitors_folder)
    return Choice(environment, None, False, None)
